"""What an account allows holds when requests are filed in the same instant: real threads, real storages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from account_desk import CENTRE, FIELDS, HOME, PROGRAM, READER, STAFF, AccountDesk, cny

from servflow.codec import Codec
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import Refused
from servflow.core.ill import ILL
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import Identity, IllAccount
from servflow.core.ill.accounts.states import HolderKind, IdentityKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.terms import Requested, Service
from servflow.core.ports import Party, Storage
from servflow.desk import Desk

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


class NothingKnown:
    """A host that knows nothing of the reader: whatever is counted, the account counts."""

    def ask(self, _command: Command, _it: object) -> object:
        """The facts of a borrowing case; the others need none."""
        return BorrowingFacts()

    def party(self, ref: str) -> Party:
        """Nobody is written to here."""
        raise NotImplementedError(ref)


@pytest.fixture
def storage(storage_for: Callable[[Codec], Storage]) -> Storage:
    """Each storage that several threads may use at once."""
    return storage_for(Codec(ILL))


def made_desk(storage: Storage, **rules: Any) -> Desk:
    """A centre's desk over it, under these rules to borrow by."""
    rulebooks = AccountDesk()
    rulebooks.rule_of_cases(**rules)
    return Desk(ILL, storage=storage, facts=NothingKnown(), policy=rulebooks.policies)


def say(desk: Desk, kind: type[Command], case: str = READER, /, **said: Any) -> None:
    """One command, said by the desk's staff."""
    envelope: dict[str, Any] = {
        "id": f"{kind.__name__}/{case}",
        "by": STAFF,
        "happened_at": NOON,
        "recorded_at": NOON,
    }
    desk.do(kind(**(envelope | {"case": case} | said)))


def with_account(desk: Desk, case: str = READER) -> None:
    """A reader's account that is active, with an overdraft of 40 yuan."""
    say(desk, c.RegisterAccount, case, holder=HolderKind.PATRON, home=HOME, given=FIELDS)
    say(desk, c.BindIdentity, case, kind=IdentityKind.CAMPUS_CARD, token=f"t-{case}")
    say(desk, c.ConfirmAccount, case, overdraft=cny(40))


def drafted(desk: Desk, *cases: str) -> None:
    """Cases that nobody has filed yet, each of at most 30 yuan."""
    for case in cases:
        said = {"patron": READER, "library": CENTRE, "service": Service.LOAN, "suppliers": ("CN-NLC",)}
        say(desk, b.DraftRequest, case, by=PROGRAM, requested=Requested(title=case), max_cost=cny(30), **said)


def at_once(*acts: Callable[[], None]) -> list[BaseException]:
    """All of them in the same instant, each in its own thread; what went wrong."""
    barrier, wrong = Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], None]) -> None:
        barrier.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 -- it is looked at below
            wrong.append(error)

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def cases_of(storage: Storage, *ids: str) -> list[BorrowingCase]:
    """The cases as they are stored."""
    found = [storage.load(Key(BorrowingCase.kind, id)) for id in ids]
    return [it for it in found if isinstance(it, BorrowingCase)]


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"most_active": 1, "accounts": False}, "ill.block.too-many-active"),
        ({"most_per_year": 1, "accounts": False}, "ill.block.too-many-this-year"),
        ({"accounts": True}, "ill.block.overdrawn"),
    ],
)
def test_of_two_requests_filed_at_once_exactly_one_is_blocked(
    storage: Storage, rules: dict[str, Any], code: str
) -> None:
    """By number, by year and by credit, although the host counts none of them; the account counts both."""
    desk = made_desk(storage, **rules)
    for turn in range(8):
        reader = f"{READER}-{turn}"
        with_account(desk, reader)
        ids = (f"{turn}-a", f"{turn}-b")
        for case in ids:
            said = {"patron": reader, "library": CENTRE, "service": Service.LOAN, "suppliers": ("CN-NLC",)}
            say(
                desk,
                b.DraftRequest,
                case,
                by=PROGRAM,
                requested=Requested(title=case),
                max_cost=cny(30),
                **said,
            )

        assert at_once(*(partial(say, desk, b.Submit, case) for case in ids)) == []
        stands = sorted(case.state.value for case in cases_of(storage, *ids))
        assert stands == [CaseState.BLOCKED.value, CaseState.ROUTABLE.value]
        (blocked,) = [case for case in cases_of(storage, *ids) if case.state is CaseState.BLOCKED]
        assert [reason.code for reason in blocked.reasons] == [code]
        account = storage.load(Key(IllAccount.kind, reader))
        assert isinstance(account, IllAccount)
        assert (set(account.cases), account.filed) == (set(ids) - {blocked.id}, {"2026": 2})


def test_a_filing_and_a_suspension_at_once_come_one_after_the_other(storage: Storage) -> None:
    """Whichever comes first, the request is blocked just when the account was suspended before it."""
    desk = made_desk(storage)
    for turn in range(8):
        reader, case = f"{READER}-{turn}", f"{turn}-a"
        with_account(desk, reader)
        said = {"patron": reader, "library": CENTRE, "service": Service.LOAN, "suppliers": ("CN-NLC",)}
        say(desk, b.DraftRequest, case, by=PROGRAM, requested=Requested(title=case), max_cost=cny(1), **said)
        wrong = at_once(
            partial(say, desk, b.Submit, case),
            partial(say, desk, c.SuspendAccount, reader, reason="a book is lost"),
        )

        assert wrong == []
        journal = [
            entry.document["command"]["command"] for entry in storage.journal(Key(IllAccount.kind, reader))
        ]
        filed_first = journal.index("BookCase") < journal.index("SuspendAccount")
        (stands,) = cases_of(storage, case)
        assert stands.state is (CaseState.ROUTABLE if filed_first else CaseState.BLOCKED)


@pytest.mark.clause("ZJU-1")
def test_of_two_who_bind_one_identity_at_once_one_has_it(storage: Storage) -> None:
    """The other one is refused, and his account is as it was."""
    desk = made_desk(storage)
    for turn in range(8):
        readers = (f"{turn}-a", f"{turn}-b")
        for reader in readers:
            say(desk, c.RegisterAccount, reader, holder=HolderKind.PATRON, home=HOME, given=FIELDS)
        bind = partial(say, desk, c.BindIdentity, kind=IdentityKind.EMAIL, token=f"t-{turn}")
        wrong = at_once(*(partial(bind, reader) for reader in readers))

        (refused,) = wrong
        assert isinstance(refused, Refused)
        assert [reason.code for reason in refused.reasons] == ["ill.account.identity-taken"]
        identity = storage.load(Identity.key_of(IdentityKind.EMAIL, f"t-{turn}"))
        accounts = [storage.load(Key(IllAccount.kind, reader)) for reader in readers]
        has_it = [it.id for it in accounts if isinstance(it, IllAccount) and it.identities]
        assert isinstance(identity, Identity)
        assert has_it == [identity.account]


def test_a_filing_writes_the_count_itself(storage: Storage) -> None:
    """In the change of the request: what is committed is both, or none."""
    desk = made_desk(storage)
    with_account(desk)
    drafted(desk, "one")
    say(desk, b.Submit, "one", by=Actor(READER, CENTRE, Office.PERSON))

    journal = list(storage.journal(Key(IllAccount.kind, READER)))
    assert journal[-1].document["command"]["command"] == "BookCase"
    assert journal[-1].document["command"]["id"] == "Submit/one/account"
