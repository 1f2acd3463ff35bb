"""Ten years of an authority's deposits are whole to the cent and the same again; what is wrong is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.citations import Dated
from servflow.core.deposits import DEPOSITS
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.statements import Grouping, Statement, calendar_year, statement, totals
from servflow.core.errors import Refused
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money
from servflow.core.ports import Storage
from servflow.rulebooks import deposit_policy, load
from servflow.testing.deposit_checks import Books, chained, unsound, unsound_storage
from servflow.testing.deposit_portfolio import Portfolio, deposit_portfolio

POLICY = deposit_policy(
    load("shandong/warranty-deposits"), load("shandong/warranty-deposit-fees"), authority="authority"
)
BUILDINGS = 60
CODEC = Codec(DEPOSITS)
Seen = list[tuple[DepositAccount, list[DepositClaim]]]


@pytest.fixture(scope="module")
def run() -> tuple[Portfolio, Seen]:
    """A portfolio of sixty buildings, and what each was in the end."""
    seen: Seen = []
    found = deposit_portfolio(
        1, policy=POLICY, buildings=BUILDINGS, fold_every=3, seen=lambda it, claims: seen.append((it, claims))
    )
    return found, seen


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """Six of its buildings, stored through a desk."""
    storage = SqliteStorage(tmp_path_factory.mktemp("portfolio") / "deposits.db", CODEC)
    deposit_portfolio(1, policy=POLICY, buildings=6, storage=storage)
    yield storage
    storage.close()


# --- the portfolio ----------------------------------------------------------------------------------


@pytest.mark.clause("SD-19", "SD-23")
def test_ten_years_of_deposits_are_whole_to_the_cent(run):
    """Accounts, claims, ledger, parts, statements and journals of every building: nothing is wrong."""
    found, seen = run

    assert found.wrong == []
    assert len(seen) == found.buildings == BUILDINGS
    assert found.folded >= BUILDINGS // 3
    assert found.books.of(*AccountKind) == 0


def test_what_can_happen_to_a_deposit_happens(run):
    """Every kind of movement but a correction downwards, most states, and refusals by many rules."""
    found, _ = run

    assert {kind.value for kind in MovementKind} - found.moved.keys() <= {"interest-taken-back"}
    assert found.states.keys() >= {"closed", "exempt", "released", "partly-released"}
    assert found.claims.keys() >= {"notified", "performed", "refused", "withdrawn"}
    assert found.refused.keys() >= {
        "deposits.handover-unpaid",
        "deposits.registration-unpaid",
        "deposits.approval-missing",
        "deposits.serious-defect",
        "deposits.test-open",
        "deposits.above-budget",
    }
    assert {"NoteDefault", "PaySurcharge", "FileEmergencyClaim", "PublishStatement"} <= found.said.keys()


@pytest.mark.clause("SD-19")
def test_the_years_chain_and_end_with_what_the_accounts_hold(run):
    """From nothing on, each year opens as the last one closed; the last closes with the balance and what is due."""
    found, _ = run
    years = sorted(found.by_year)
    first, last = found.by_year[years[0]], found.by_year[years[-1]]

    assert years == list(range(2011, 2021))
    assert first.opening == Money(0, "CNY")
    assert last.closing.minor == found.balance.minor + sum(found.due.values())


def test_projects_and_developers_add_up_to_the_authority(run):
    """Of a year, the sums of all projects, and of all developers, are those of the authority; by its buildings."""
    found, seen = run
    statements = [statement(it, POLICY, calendar_year(2015)) for it, _ in seen]

    by = {of: totals(statements, of) for of in Grouping}

    (whole,) = by[Grouping.AUTHORITY]
    assert whole.sums == found.by_year[2015]
    for of in (Grouping.PROJECT, Grouping.DEVELOPER):
        assert len(by[of]) > 1
        assert sum(each.buildings for each in by[of]) == BUILDINGS
        summed = by[of][0].sums
        for each in by[of][1:]:
            summed += each.sums
        assert summed == whole.sums


def test_the_same_seed_is_the_same_portfolio_on_every_storage(tmp_path):
    """In memory, stored in memory and on SQLite; another seed is another one. Only messages are not counted there."""
    plain = deposit_portfolio(8, policy=POLICY, buildings=5).plain()
    sqlite = SqliteStorage(tmp_path / "deposits.db", CODEC)
    for storage in (None, MemoryStorage(CODEC), sqlite):
        again = deposit_portfolio(8, policy=POLICY, buildings=5, storage=storage).plain()
        assert again | {"messages": 0, "folded": 0} == plain | {"messages": 0, "folded": 0}
        assert again["wrong"] == []
        if storage is not None:
            assert list(unsound_storage(storage, POLICY)) == []
    sqlite.close()

    assert deposit_portfolio(9, policy=POLICY, buildings=5).plain() != plain


def test_somebody_hears_how_far_it_is():
    """Every building that has come to its end, and how much was done by then; the figures are JSON."""
    heard: list[tuple[int, int]] = []

    found = deposit_portfolio(
        3, policy=POLICY, buildings=3, years=4, progress=lambda number, done: heard.append((number, done))
    )

    assert [number for number, _ in heard] == [1, 2, 3]
    assert heard[-1][1] == found.commands + found.wakes
    assert found.last_day == date(2014, 12, 31)
    assert json.loads(json.dumps(found.plain())) == found.plain()


def other(**changes: Any) -> DepositPolicy:
    """The rules of Shandong with another value, under the clause that it had."""
    day = date(2011, 1, 1)
    made: dict[str, Any] = {
        name: Dated.always(name, value, getattr(POLICY, name).on(day).clause)
        for name, value in changes.items()
    }
    return replace(POLICY, **made)


def test_a_refusal_that_nobody_expects_ends_it():
    """Under rules by which no property manager repairs anything."""
    with pytest.raises(Refused, match="AssignRepairer"):
        deposit_portfolio(1, policy=other(repairers=("contractor",)), buildings=BUILDINGS)


def test_what_is_taken_and_should_have_been_refused_ends_it():
    """Under rules by which a building is handed over before anything is paid."""
    with pytest.raises(AssertionError, match="HandOverBuilding was taken: paid_before_handover"):
        deposit_portfolio(1, policy=other(paid_before_handover=False), buildings=BUILDINGS)


# --- what is wrong is found -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def used(stored) -> tuple[DepositAccount, list[DepositClaim], list[Posting]]:
    """A building whose deposit was used, with its claims and its lines of the ledger."""
    accounts = stored.aggregates(DepositAccount.kind, limit=200)
    it = next(each for each in accounts if any(one.kind is MovementKind.USED for one in each.movements))
    claims = [each for each in stored.aggregates(DepositClaim.kind, limit=200) if each.account == it.id]
    subjects = (it.id, *(claim.id for claim in claims))
    return it, claims, [line for subject in subjects for line in stored.postings(subject=subject)]


def changed(it: DepositAccount, kind: MovementKind, **changes: Any) -> DepositAccount:
    """The account, whose first movement of that kind is told otherwise."""
    movement = next(each for each in it.movements if each.kind is kind)
    at = it.movements.index(movement)
    told = (*it.movements[:at], replace(movement, **changes), *it.movements[at + 1 :])
    return replace(it, movements=told)


def test_nothing_is_wrong_with_what_was_stored(used, stored):
    """The building as it is has nothing wrong, nor has the storage."""
    assert list(unsound(*used)) == []
    assert list(unsound_storage(stored, POLICY)) == []


def test_a_line_that_the_ledger_lacks_or_has_alone_is_found(used):
    """A movement without a line, a line without a movement, a line twice, a line of another amount."""
    it, claims, lines = used
    on_deposit = [each for each in lines if it.deposit in {each.debit, each.credit}]
    first = on_deposit[0]

    lost = list(unsound(it, claims, [each for each in lines if each is not first]))
    alone = list(unsound(it, claims, [*lines, replace(first, key="x")]))
    twice = list(unsound(it, claims, [*lines, first]))
    more = replace(first, amount=first.amount + Money("0.01", "CNY"))
    another = list(unsound(it, claims, [more if each is first else each for each in lines]))

    assert lost == [f"{first.key} is not in the ledger"]
    assert alone == ["x is only in the ledger"]
    assert twice == [f"{it.id}: a line of the ledger comes twice"]
    assert another == [f"{first.key} is another one in the ledger"]


def test_a_use_that_no_claim_knows_is_found(used):
    """Another claim, another amount; a claim that was paid and is not in the account; more than its list."""
    it, claims, lines = used
    paid = next(each for each in claims if each.paid is not None)
    movement = next(each for each in it.movements if each.claim == paid.id)
    others = [each for each in claims if each is not paid]

    strange = list(unsound(changed(it, MovementKind.USED, claim="x"), claims, lines))
    short = list(
        unsound(it, [*others, replace(paid, costs=replace(paid.costs, total=Money(0, "CNY")))], lines)
    )
    less = replace(paid, paid=replace(paid.paid, amount=paid.paid.amount - Money("0.01", "CNY")))

    assert any("is not what x was paid" in each for each in strange)
    assert any("was paid, and the account does not know" in each for each in strange)
    assert short == [f"{paid.id} was paid more than its cost list"]
    assert list(unsound(it, [*others, less], lines)) == [
        f"{it.id}: movement {movement.number} is not what {paid.id} was paid"
    ]


def test_a_balance_below_nothing_is_found(used):
    """A release of more than was there."""
    it, claims, lines = used
    below = changed(it, MovementKind.PAID_IN, amount=Money("0.01", "CNY"))

    assert any("below nothing after movement" in each for each in unsound(below, claims, lines))


def surcharge_lines(it: DepositAccount) -> tuple[Posting, Posting]:
    """A surcharge of 5, and a payment of 7 for it."""
    owes = Account(AccountKind.RECEIVABLE, it.building.developer)
    income, till = Account(AccountKind.INCOME, "authority"), Account(AccountKind.CASH, "till")
    usual: dict[str, Any] = {"value_date": date(2012, 1, 1), "subject": it.id, "kind": "surcharge"}
    return (
        Posting(key="1", debit=owes, credit=income, amount=Money(5, "CNY"), **usual),
        Posting(key="2", debit=till, credit=owes, amount=Money(7, "CNY"), **usual),
    )


def test_a_surcharge_that_the_ledger_does_not_have_so_is_found(used):
    """Lines that only the account has, and more paid than was charged."""
    it, claims, lines = used
    charged = surcharge_lines(it)
    alone = list(unsound(replace(it, surcharged=charged), claims, lines))
    both = list(unsound(replace(it, surcharged=(*it.surcharged, *charged)), claims, [*lines, *charged]))

    assert f"{it.id}: the ledger has other lines of its surcharge" in alone
    assert both == [f"{it.id}: CNY 7.00 of the surcharge is more than was charged"]


def statements_of(it: DepositAccount) -> list[Statement]:
    """Of every year in which something moved."""
    years = sorted({movement.on.year for movement in it.movements})
    return [statement(it, POLICY, calendar_year(year)) for year in range(years[0], years[-1] + 1)]


def test_a_statement_that_does_not_add_up_or_chain_is_found(used):
    """Sums, lines, parts and the next opening: each of them is a cent out."""
    found = statements_of(used[0])
    cent = Money("0.01", "CNY")
    first, *others = found
    sums = replace(first.sums, closing=first.sums.closing + cent, interest=first.sums.interest + cent)

    out = replace(first, sums=sums)
    broken = replace(first, sums=replace(first.sums, interest=sums.interest))
    it, closing = first.account, sums.closing

    assert list(chained(found)) == []
    assert list(chained([out])) == [
        f"{it}: the lines of {first.term} come to another closing",
        f"{it}: the parts hold something else than {closing} after {first.term}",
    ]
    assert list(chained([broken])) == [f"{it}: {first.term} does not add up"]
    assert list(chained([out, *others]))[-1] == (
        f"{it}: {closing} after {first.term}, {first.sums.closing} before the next"
    )


def test_books_that_do_not_balance_are_found():
    """An account that is overdrawn; and a posting that was taken on one side only."""
    deposit, bank = Account(AccountKind.DEPOSIT, "B"), Account(AccountKind.CASH, "bank")
    books = Books()
    out = Posting(
        key="1",
        debit=deposit,
        credit=bank,
        amount=Money(1, "CNY"),
        value_date=date(2012, 1, 1),
        subject="B",
        kind="released",
    )
    books.take([out])

    assert sorted(books.wrong()) == ["cash/bank is overdrawn: -100", "deposit/B is overdrawn: 100"]
    books.held[bank, "CNY"] += 1
    assert "the trial balance is out by 1" in set(books.wrong())


class Disturbed:
    """A storage, some of whose aggregates are told otherwise or left out."""

    def __init__(self, storage: Storage, *, without: str = "", lines: bool = True) -> None:
        """As the other, without the account of that id; without any line, unless ``lines``."""
        self._storage, self._without, self._lines = storage, without, lines

    def records(self) -> Any:
        """Without the first."""
        return list(self._storage.records())[1:]

    def aggregates(self, kind: str, **asked: Any) -> Any:
        """Without the account that is left out."""
        return tuple(it for it in self._storage.aggregates(kind, **asked) if it.id != self._without)

    def postings(self) -> Any:
        """The ledger, or nothing."""
        return self._storage.postings() if self._lines else iter(())


def test_what_is_wrong_with_a_storage_is_found(used, stored):
    """What the audit says, claims and lines without an account, an account without its lines."""
    it, _, _ = used
    without_account: Any = Disturbed(stored, without=it.id)
    without_lines: Any = Disturbed(stored, lines=False)
    lost = list(unsound_storage(without_account, POLICY))
    empty = list(unsound_storage(without_lines, POLICY))

    assert any(each.startswith("audit: ") for each in lost)
    assert f"{it.id}: claims, and no account" in lost
    assert f"{it.id}: lines of the ledger, and no building" in lost
    assert any(each.endswith("is not in the ledger") for each in empty)
