"""A desk of warranty deposits over a storage as its tests use it, and what must hold of all that it stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from claims_at_work import CLAIM, ClaimDesk, lines
from deposit_desk import ACCOUNT, BANK, DEVELOPER, ZONE, cny, policy
from deposit_desk import said as said_to_accounts
from postgres import Server

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import BabelWording
from servflow.codec import Codec, folded
from servflow.core.changes import Actor, Aggregate, Command, Message, Office
from servflow.core.deposits import DEPOSITS
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import DepositAccount, account_key
from servflow.core.deposits.claims import commands as k
from servflow.core.deposits.claims.model import DepositClaim, claim_key
from servflow.core.deposits.holdings import held_by_part
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.ledger import balance, trial_balance
from servflow.core.money import Money, total
from servflow.core.ports import Letter, Party, Receipt, Storage
from servflow.desk import Desk, redecide
from servflow.testing.deposit_checks import unsound_storage

__all__ = ["STORAGES", "THE_OWNER", "StoredDeposits", "deposit_codec", "moment", "storage_of"]

STORAGES: Final = ("memory", "sqlite", "postgresql")
THE_OWNER: Final = Actor("W-2093", "authority", Office.PERSON)
"""An owner; the reference looks like nothing else, so that it can be erased."""

_FAR: Final = datetime(2100, 1, 1, tzinfo=ZONE)
_IN_CHINESE: Final = frozenset({THE_OWNER.party, f"owners/{ACCOUNT}", "property-manager", "contractor-1"})


@cache
def deposit_codec() -> Codec:
    """The codec of the records of deposits; it works out every class that it meets, once."""
    return Codec(DEPOSITS)


@contextmanager
def storage_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """The storage that the parameter names, with nothing in it; writers wait for each other."""
    codec = deposit_codec()
    if request.param == "memory":
        yield MemoryStorage(codec, busy_seconds=20)
    elif request.param == "sqlite":
        with closing(SqliteStorage(tmp_path / "desk.db", codec, busy_seconds=20)) as sqlite:
            yield sqlite
    else:
        from servflow.adapters.storage_sqlalchemy import PostgresStorage

        server: Server = request.getfixturevalue("postgres_server")
        with server.database() as url, closing(PostgresStorage(url, codec)) as postgres:
            yield postgres


def moment(on: str | date, hour: int = 12) -> datetime:
    """That hour of the day, where the authority is."""
    day = date.fromisoformat(on) if isinstance(on, str) else on
    return datetime.combine(day, time(hour), tzinfo=ZONE)


class Host:
    """What the host knows of the people about a building. It sends mail, and keeps it."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def ask(self, _command: Command, _it: Aggregate | None) -> None:
        """Deposits are decided without facts of the host."""

    def party(self, ref: str) -> Party:
        language = "zh_CN" if ref in _IN_CHINESE else "en"
        return Party(ref=ref, name=ref, email="somebody@example.org", language=language)

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)


class StoredDeposits:
    """The desk of the authority under its rules; what is said happens at noon, and has an id of its own."""

    def __init__(self, storage: Storage, rules: DepositPolicy | None = None) -> None:
        self.storage = storage
        self.policy = rules or policy()
        self.host = Host()
        wording = BabelWording("The authority", parties=self.host.party)
        self.desk = Desk(
            DEPOSITS, storage=storage, facts=self.host, policy=self.policy, mail=self.host, wording=wording
        )
        self._words = ClaimDesk()
        self._said = 0

    def moved_to(self, storage: Storage) -> StoredDeposits:
        """The desk over another storage, which goes on where this one is."""
        other = StoredDeposits(storage, self.policy)
        other._said = self._said
        return other

    # --- what is said -----------------------------------------------------------------------------

    def command(self, kind: type[Command], on: str | date, /, **given: Any) -> Command:
        """The command as it is usually said on that day."""
        self._said += 1
        usual: dict[str, Any] = {"id": f"desk-{self._said}"}
        if kind is c.LodgeDeposit:
            usual |= {"by": BANK, "receipt": f"receipt-{self._said}"}
        made: Command
        if DEPOSITS.of(kind).name == DepositClaim.kind:
            made = self._words.said(kind, moment(on), **(usual | given))
        else:
            made = said_to_accounts(kind, moment(on), **(usual | given))
        return made

    def say(self, kind: type[Command], on: str | date, /, **given: Any) -> Receipt:
        """It is said, and committed."""
        return self.desk.do(self.command(kind, on, **given))

    def wake(self, on: str | date) -> int:
        """The clock speaks at noon of that day, and is refused nothing; how often it spoke."""
        run = self.desk.wake(moment(on))
        assert run.refused == ()
        return run.done

    def hold(self, case: str = ACCOUNT, /) -> None:
        """6,000,000 are assessed, notified and paid, and the building is handed over on 2 March 2026."""
        self.say(c.AssessDeposit, "2026-01-05", case=case)
        self.say(c.NotifyAssessment, "2026-01-06", case=case)
        self.say(c.LodgeDeposit, "2026-02-02", case=case, amount=cny(6_000_000))
        self.say(c.HandOverBuilding, "2026-03-02", case=case, by=DEVELOPER)

    def list_costs(self, on: str, amount: Money, case: str = CLAIM, /, **asked: Any) -> None:
        """An ordinary claim that comes on that day as far as its signed cost list, of that amount."""
        steps: tuple[tuple[type[Command], dict[str, Any]], ...] = (
            (k.FileClaim, asked),
            (k.CheckWithDeveloper, {}),
            (k.ApproveClaim, {}),
            (k.AssignRepairer, {}),
            (k.HandInBudget, {"amount": amount}),
            (k.ApproveBudget, {}),
            (k.FinishRepair, {}),
            (k.HandInCostList, {"lines": lines(amount)}),
            (k.SignCostList, {}),
        )
        for kind, given in steps:
            self.say(kind, on, case=case, **given)

    # --- what is seen -----------------------------------------------------------------------------

    def account(self, case: str = ACCOUNT) -> DepositAccount:
        it = self.storage.load(account_key(case))
        assert isinstance(it, DepositAccount)
        return it

    def claim(self, case: str = CLAIM) -> DepositClaim:
        it = self.storage.load(claim_key(case))
        assert isinstance(it, DepositClaim)
        return it

    def all(self) -> tuple[Aggregate, ...]:
        """All accounts and claims."""
        return tuple(it for each in DEPOSITS for it in self.storage.aggregates(each.model.kind, limit=1000))

    def messages(self) -> list[Message]:
        return [each.message for each in self.storage.outbox()]

    def contents(self) -> list[str]:
        """All that is stored, to be compared."""
        return [*map(str, self.storage.records()), str(self.storage.due(_FAR))]

    # --- what holds -------------------------------------------------------------------------------

    def prove(self) -> None:
        """Journals fold, wakes are as the policy says, the audit finds nothing, and the books agree."""
        for it in self.all():
            assert folded(self.storage.journal(it.key)) == deposit_codec().encode_aggregate(it)
            wake = DEPOSITS.named(it.key.kind).next_wake(it, self.policy)
            assert dict(self.storage.due(_FAR)).get(it.key) == wake
            if isinstance(it, DepositAccount):
                self._prove_balance(it)
        postings = list(self.storage.postings())
        assert all(debit == credit for debit, credit in trial_balance(postings).values())
        assert list(unsound_storage(self.storage, self.policy)) == []

    def _prove_balance(self, it: DepositAccount) -> None:
        """The ledger, the account and its parts hold the same, which is never below nothing."""
        in_ledger = balance(self.storage.postings(account=it.deposit), it.deposit, "CNY")
        parts = total((each.held for each in held_by_part(it).values()), "CNY")
        assert in_ledger == it.balance == parts >= cny(0)

    def prove_whole(self) -> None:
        """All that holds; and nothing would be decided otherwise now."""
        self.prove()
        policies = {(self.policy.rulebook, self.policy.calendar_digest): self.policy}
        assert list(redecide(DEPOSITS, self.storage.records(), policies)) == []
