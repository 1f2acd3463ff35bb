"""Statements of deposits: they add up, chain, say where every movement belongs, and how each part stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from deposit_desk import ASSESSED_ON, PARTS, account, building, cny, policy
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.dates import Term
from servflow.core.deposits.accounts.model import (
    ClaimBooked,
    Defect,
    DepositAccount,
    Order,
)
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.export import row, rows
from servflow.core.deposits.interest import caught_up, with_movement
from servflow.core.deposits.statements import (
    Grouping,
    PartStanding,
    Statement,
    Sums,
    balance_points,
    calendar_year,
    statement,
    totals,
)
from servflow.core.deposits.words import Origin, ReleaseSince
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees.text import parse
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money, total

POLICY = policy()
NO_INTEREST = policy(interest_days=())
Y2026 = calendar_year(2026)
PAID = date(2026, 2, 2)
FULL = cny(6_000_000)
ROOF = "roof-waterproofing"
WIRES = "installations"


def paid(**changes: Any) -> DepositAccount:
    """The account of the building on which all was paid in on 2 February 2026."""
    return account(paid=[(PAID, FULL)], **changes)


def with_part(it: DepositAccount, name: str, **changes: Any) -> DepositAccount:
    """The account with another of its parts."""
    return replace(it, parts={**it.parts, name: replace(it.parts[name], **changes)})


def part(it: DepositAccount, name: str, day: date, rules: Any = NO_INTEREST) -> Any:
    """The line of a part, by a statement whose last day is ``day``."""
    found = statement(it, rules, Term(ASSESSED_ON, day + timedelta(days=1)))
    return next(each for each in found.parts if each.part == name)


# --- the sums ---------------------------------------------------------------------------------------


@pytest.mark.clause("SD-19")
def test_a_year_with_everything_adds_up():
    """What was paid in, used, refunded, released and taken back each has its sum, less what goes against it."""
    it = account()
    for kind, day, amount, said in (
        (MovementKind.PAID_IN, 2, 700, {"origin": Origin.DEVELOPER, "receipt": "7"}),
        (MovementKind.PAID_IN, 3, 400, {"origin": Origin.PRESALE_FUNDS}),
        (MovementKind.REVERSED, 4, 50, {"reverses": 2}),
        (MovementKind.INTEREST, 5, 9, {}),
        (MovementKind.INTEREST_TAKEN_BACK, 6, 2, {}),
        (MovementKind.USED, 7, 120, {"claim": "C", "payee": "repairer", "part": ROOF}),
        (MovementKind.REFUNDED, 8, 200, {}),
        (MovementKind.RELEASED, 9, 80, {"part": WIRES}),
    ):
        it = with_movement(it, kind, date(2026, 5, day), cny(amount), **said)

    found = statement(it, NO_INTEREST, Y2026)

    assert found.sums == Sums(
        opening=cny(0),
        paid_in=cny(1_050),
        interest=cny(7),
        used=cny(120),
        refunded=cny(200),
        released=cny(80),
        closing=cny(657),
    )
    assert found.sums.adds_up
    assert not replace(found.sums, closing=cny(656)).adds_up
    assert [each.added for each in found.lines] == [
        cny(each) for each in (700, 400, -50, 9, -2, -120, -200, -80)
    ]
    assert found.lines[-1].balance == found.sums.closing == it.balance


@pytest.mark.clause("SD-19")
def test_interest_that_is_due_is_in_the_statement_and_the_account_stays_as_it_is():
    """Of 6,000,000 from 2 February at 0.35 % by 360: 47 days, then 92, 92 and 91, each on what was held then."""
    it = paid()

    found = statement(it, POLICY, Y2026)

    credited = [(each.on, each.added, each.number) for each in found.lines if each.number is None]
    assert credited == [
        (date(2026, 3, 21), cny("2741.67"), None),
        (date(2026, 6, 21), cny("5369.12"), None),
        (date(2026, 9, 21), cny("5373.92"), None),
        (date(2026, 12, 21), cny("5320.26"), None),
    ]
    assert found.sums.interest == cny("18804.97")
    assert found.sums.closing == cny("6018804.97")
    assert it == paid()


def test_a_credit_counts_on_the_day_after_its_days_and_not_before():
    """A statement through 20 March has no interest, one through 21 March that of the quarter."""
    through = {
        day: statement(paid(), POLICY, Term(date(2026, 1, 1), date(2026, 3, day + 1))) for day in (20, 21)
    }

    assert through[20].sums.interest == cny(0)
    assert through[21].sums.interest == cny("2741.67")


def test_what_was_credited_already_is_not_credited_again():
    """The statement is the same whether the interest was credited before or is only due, but for the numbers."""
    it = paid()
    late = statement(it, POLICY, Y2026)
    early = statement(caught_up(it, POLICY, date(2026, 12, 31)), POLICY, Y2026)

    assert early.sums == late.sums
    assert [each.number for each in early.lines] == [1, 2, 3, 4, 5]
    assert [each.number for each in late.lines] == [1, None, None, None, None]


def test_without_a_rate_there_is_no_statement():
    """A day for which the rulebook has no rate is never a day without interest."""
    gap = parse(
        "rounded(over_balance(balance, segmented(after, through, [2027-01-01: "
        "scale(percent(given(balance, CNY), 1%), years(act_360, after, through))]), after, through), half_up)"
    )
    rules = replace(POLICY, fees={**POLICY.fees, "interest": gap})

    with pytest.raises(MissingValue):
        statement(paid(), rules, Y2026)


def test_movements_of_one_day_stand_by_number_and_a_late_one_by_its_day():
    """What was entered last, for an earlier day, stands where it counts; the balance runs in that order."""
    it = account()
    for day, amount in ((5, 10), (5, 20), (3, 40)):
        it = with_movement(it, MovementKind.PAID_IN, date(2026, 5, day), cny(amount))

    lines = statement(it, NO_INTEREST, Y2026).lines

    assert [(each.on.day, each.number, each.balance) for each in lines] == [
        (3, 3, cny(40)),
        (5, 1, cny(50)),
        (5, 2, cny(70)),
    ]


def test_a_term_has_its_first_day_and_not_the_one_after_its_last():
    """A payment on the first day of a term is in it; one on the first day of the next is in the next."""
    it = account(paid=[(date(2026, 12, 31), cny(1)), (date(2027, 1, 1), cny(2))])

    old, new = (statement(it, NO_INTEREST, calendar_year(year)).sums for year in (2026, 2027))

    assert (old.paid_in, old.closing) == (cny(1), cny(1))
    assert (new.opening, new.paid_in, new.closing) == (cny(1), cny(2), cny(3))


@pytest.mark.clause("SD-23")
def test_every_movement_says_whose_it_is():
    """Owner, project, building, account and bank stand in each line, with the words of the movement."""
    it = with_movement(
        paid(), MovementKind.USED, date(2026, 5, 4), cny(9), claim="C-1", payee="repairer", part=ROOF
    )

    found = [row(each) for each in statement(it, NO_INTEREST, Y2026).lines]

    assert found[1] == {
        "authority": "authority",
        "developer": "developer",
        "project": "project-1",
        "building": "1",
        "account": "building-1",
        "bank": "bank",
        "on": "2026-05-04",
        "number": 2,
        "kind": "used",
        "added": "CNY -9.00",
        "balance": "CNY 5999991.00",
        "origin": None,
        "receipt": "",
        "reverses": None,
        "claim": "C-1",
        "payee": "repairer",
        "part": ROOF,
    }
    assert found[0]["origin"] == "developer"


# --- whatever happens -------------------------------------------------------------------------------

TAKES = (MovementKind.USED, MovementKind.REFUNDED, MovementKind.REVERSED, MovementKind.INTEREST_TAKEN_BACK)


@st.composite
def histories(draw: st.DrawFn, id: str = "building-1") -> DepositAccount:
    """An account on which money came and went in 2026 and 2027, never below nothing; some of it entered late."""
    it = account(id=id)
    for _ in range(draw(st.integers(0, 8))):
        day = date(2026, 1, 10) + timedelta(days=draw(st.integers(0, 700)))
        kind = draw(st.sampled_from((MovementKind.PAID_IN, MovementKind.INTEREST, *TAKES)))
        least = min(each.balance for each in _on_days(it, day))
        most = 10_000_000_00 if kind.adds else least.minor
        if most:
            said = {"part": draw(st.sampled_from(PARTS)), "claim": "C"} if kind is MovementKind.USED else {}
            amount = Money.of_minor(draw(st.integers(1, most)), "CNY")
            it = with_movement(it, kind, day, amount, **said)
    return it


def _on_days(it: DepositAccount, since: date) -> list[DepositAccount]:
    """The account as of every day on which something moved, from ``since`` on."""
    days = {since, *(each.on for each in it.movements if each.on > since)}
    return [
        replace(it, movements=tuple(each for each in it.movements if each.on <= day)) for day in sorted(days)
    ]


@pytest.mark.clause("SD-19")
@given(histories(), st.lists(st.integers(1, 400), min_size=2, max_size=5))
def test_every_term_adds_up_and_is_the_opening_of_the_next(it: DepositAccount, lengths: list[int]):
    """Of any history cut into any terms: identities, chain, the lines' running balance, the parts' holdings."""
    day = date(2025, 12, 1)
    held = cny(0)
    for length in lengths:
        term = Term(day, day + timedelta(days=length))
        found = statement(it, POLICY, term)
        assert found.sums.adds_up
        assert found.sums.opening == held
        for line in found.lines:
            held += line.added
            assert (line.balance, line.on in term) == (held, True)
        assert held == found.sums.closing
        assert total((each.held for each in found.parts), "CNY") == found.sums.closing
        points = dict(balance_points(it, POLICY, term))
        assert list(points) == sorted(points)
        assert points[max(points)] == found.sums.closing
        day = term.until


@given(st.lists(histories(), min_size=1, max_size=4))
def test_a_total_is_its_buildings_added_up_by_hand(accounts: list[DepositAccount]):
    """A loop over the exported lines of all buildings comes to the authority's figures."""
    several = [replace(it, id=f"b-{number}") for number, it in enumerate(accounts)]
    found = [statement(it, POLICY, Y2026) for it in several]

    (whole,) = totals(found, Grouping.AUTHORITY)

    lines = [each for it in found for each in it.lines]
    signs = {"paid-in": 1, "reversed": -1}
    paid_in = total((each.added for each in lines if each.kind.value in signs), "CNY")
    assert whole.sums.paid_in == paid_in
    assert whole.sums.closing == total((each.added for each in lines), "CNY")
    assert whole.sums.adds_up
    assert whole.buildings == len(several)


# --- sums of buildings ------------------------------------------------------------------------------


def buildings() -> list[Statement]:
    """Four buildings, of which the amounts tell which are in a sum; two projects have the same reference."""
    whose = (("d1", "p1", 1), ("d1", "p1", 10), ("d1", "p2", 100), ("d2", "p1", 1000))
    return [
        statement(
            account(
                id=f"b{number}",
                building=building(developer=developer, project=project, building=str(number)),
                paid=[(PAID, cny(amount))],
            ),
            NO_INTEREST,
            Y2026,
        )
        for number, (developer, project, amount) in enumerate(whose)
    ]


@pytest.mark.clause("SD-23")
def test_buildings_are_added_up_by_project_developer_and_authority():
    """Each sum has its own buildings and no others; what is not alike for all of them is left empty."""
    found = {
        of: [
            (each.authority, each.developer, each.project, each.buildings, each.sums.closing)
            for each in totals(buildings(), of)
        ]
        for of in Grouping
    }

    assert found == {
        Grouping.PROJECT: [
            ("authority", "d1", "p1", 2, cny(11)),
            ("authority", "d1", "p2", 1, cny(100)),
            ("authority", "d2", "p1", 1, cny(1000)),
        ],
        Grouping.DEVELOPER: [("authority", "d1", "", 3, cny(111)), ("authority", "d2", "", 1, cny(1000))],
        Grouping.AUTHORITY: [("authority", "", "", 4, cny(1111))],
    }


def test_a_total_has_what_is_unpaid_and_owed_and_the_next_end_of_a_warranty():
    """Unpaid and surcharge are added up, of the ends the first is told; none where there is none."""
    first, second, *others = buildings()
    ends = [replace(first, next_warranty_end=date(2028, 1, 1), surcharge_owed=cny(5)), second, *others]

    (found,) = totals(ends, Grouping.AUTHORITY)
    (none,) = totals(buildings(), Grouping.AUTHORITY)

    assert found.unpaid == cny(4 * 6_000_000 - 1111)
    assert found.surcharge_owed == cny(5)
    assert found.next_warranty_end == date(2028, 1, 1)
    assert none.next_warranty_end is None


def test_what_does_not_belong_together_is_not_added_up():
    """Statements of two terms are refused, two currencies as well; no statement gives no total."""
    first, second, *_ = buildings()
    later = replace(second, term=calendar_year(2027))
    dollars = replace(second, sums=_in_dollars(second.sums))

    with pytest.raises(InvalidValue, match="statements of one term"):
        totals([first, later], Grouping.AUTHORITY)
    with pytest.raises(CurrencyMismatch):
        totals([first, dollars], Grouping.AUTHORITY)
    assert totals([], Grouping.AUTHORITY) == ()


def _in_dollars(sums: Sums) -> Sums:
    names = ("opening", "paid_in", "interest", "used", "refunded", "released", "closing")
    return Sums(**{name: Money.of_minor(getattr(sums, name).minor, "USD") for name in names})


# --- how things stand on the last day ---------------------------------------------------------------


def test_unpaid_and_surcharge_are_those_of_the_last_day():
    """1,200,000 unpaid until 22 March bear 3,600 a day, from the day after the ordered one on."""
    it = account(
        paid=[(PAID, cny(4_800_000)), (date(2026, 3, 22), cny(1_200_000))],
        orders=(Order(by_day=date(2026, 3, 1), on=date(2026, 2, 10)),),
    )

    days = {day: statement(it, NO_INTEREST, Term(ASSESSED_ON, date(2026, 3, day + 1))) for day in (1, 2, 21)}

    assert {found.unpaid for found in days.values()} == {cny(1_200_000)}
    assert [found.surcharge_owed for found in days.values()] == [cny(0), cny(3_600), cny(72_000)]


def surcharged(key: str, debit: Account, credit: Account, day: int, amount: int, **said: Any) -> Posting:
    """A posting of the surcharge in March 2026."""
    return Posting(
        key=key,
        debit=debit,
        credit=credit,
        amount=cny(amount),
        value_date=date(2026, 3, day),
        subject="building-1",
        kind="surcharge",
        **said,
    )


OWES = Account(AccountKind.RECEIVABLE, "developer")
INCOME = Account(AccountKind.INCOME, "authority")
TILL = Account(AccountKind.CASH, "authority")


def test_what_was_paid_of_the_surcharge_is_no_longer_owed():
    """Payments by the last day count, what was given back does not, nor does what was only posted."""
    posted = (
        surcharged("1", OWES, INCOME, 21, 72_000),
        surcharged("2", TILL, OWES, 22, 50_000),
        surcharged("3", OWES, TILL, 24, 1_000),
        surcharged("4", TILL, OWES, 28, 500, happened_on=date(2026, 3, 25)),
    )
    it = account(
        paid=[(PAID, cny(4_800_000)), (date(2026, 3, 22), cny(1_200_000))],
        orders=(Order(by_day=date(2026, 3, 1), on=date(2026, 2, 10)),),
        surcharged=posted,
    )

    owed = [
        statement(it, NO_INTEREST, Term(ASSESSED_ON, date(2026, 3, day + 1))).surcharge_owed
        for day in (21, 22, 24, 25)
    ]

    assert owed == [cny(72_000), cny(25_600), cny(26_600), cny(26_100)]


def test_a_part_is_not_begun_then_in_warranty_then_expired_then_released():
    """The day of ``until`` is the first without warranty, the day of the release the first without a share."""
    it = paid()
    begun = with_part(it, WIRES, until=date(2028, 3, 3))
    over = with_part(begun, WIRES, released_on=date(2028, 3, 20), released_after=2)

    assert part(it, WIRES, date(2028, 3, 2)).standing is PartStanding.NOT_BEGUN
    standings = [
        (found.standing, found.released_on)
        for found in (part(over, WIRES, date(2028, 3, day)) for day in (2, 3, 19, 20))
    ]
    assert standings == [
        (PartStanding.IN_WARRANTY, None),
        (PartStanding.EXPIRED, None),
        (PartStanding.EXPIRED, None),
        (PartStanding.RELEASED, date(2028, 3, 20)),
    ]


def test_a_part_says_what_is_held_for_it():
    """An eighth of the deposit each; what was released holds nothing."""
    it = with_movement(paid(), MovementKind.RELEASED, date(2028, 3, 20), cny(750_000), part=WIRES)
    it = with_part(it, WIRES, until=date(2028, 3, 3), released_on=date(2028, 3, 20), released_after=2)

    assert part(it, ROOF, date(2028, 3, 19)).held == cny(750_000)
    assert part(it, WIRES, date(2028, 3, 19)).held == cny(750_000)
    assert part(it, WIRES, date(2028, 3, 20)).held == cny(0)


@pytest.mark.clause("SD-20")
def test_an_expired_part_is_to_be_released_within_thirty_days():
    """Warranty through 2 March 2028: through 1 April. Where requests count, 30 days after the request."""
    it = with_part(paid(), WIRES, until=date(2028, 3, 3))
    by_request = policy(interest_days=(), release_since=ReleaseSince.REQUESTED)
    requested = with_part(it, WIRES, requested_on=date(2028, 5, 10))

    assert part(it, WIRES, date(2028, 3, 2)).release_by is None
    assert part(it, WIRES, date(2028, 3, 3)).release_by == date(2028, 4, 1)
    assert part(it, WIRES, date(2028, 6, 1), by_request).release_by is None
    assert part(requested, WIRES, date(2028, 5, 9), by_request).release_by is None
    assert part(requested, WIRES, date(2028, 5, 10), by_request).release_by == date(2028, 6, 9)


@pytest.mark.clause("SD-21")
def test_what_holds_a_share_back_is_named():
    """A serious defect from the day on which it was found until it is repaired; an open claim; of that part."""
    it = replace(
        with_part(paid(), WIRES, until=date(2028, 3, 3)),
        defects={
            "D1": Defect(part=WIRES, what="w", found_on=date(2027, 5, 1), repaired_on=date(2028, 6, 1)),
            "D2": Defect(part=ROOF, what="w", found_on=date(2027, 5, 1)),
        },
        claims={
            "C1": ClaimBooked(part=WIRES, open=True),
            "C2": ClaimBooked(part=WIRES, open=False),
            "C3": ClaimBooked(part=ROOF, open=True),
        },
    )
    lenient = policy(interest_days=(), serious_defect_holds=False, open_claim_holds=False)
    gone = with_part(it, WIRES, released_on=date(2028, 5, 1), released_after=1)

    held = [part(it, WIRES, day).defects for day in (date(2027, 4, 30), date(2027, 5, 1), date(2028, 6, 1))]
    assert held == [(), ("D1",), ()]
    assert part(it, WIRES, date(2028, 6, 1)).claims == ("C1",)
    assert (part(it, ROOF, date(2028, 6, 1)).defects, part(it, ROOF, date(2028, 6, 1)).claims) == (
        ("D2",),
        ("C3",),
    )
    free = part(it, WIRES, date(2027, 6, 1), lenient)
    assert (free.defects, free.claims) == ((), ())
    done = part(gone, WIRES, date(2028, 5, 2))
    assert (done.defects, done.claims) == ((), ())


def test_the_next_end_of_a_warranty_lies_after_the_last_day_and_is_of_what_is_not_released():
    """The first of those to come; what is over, or released early, is none."""
    it = with_part(paid(), WIRES, until=date(2028, 3, 3))
    it = with_part(it, ROOF, until=date(2031, 3, 3))
    it = with_part(it, "leakage", until=date(2029, 3, 3), released_on=date(2027, 1, 1), released_after=1)

    def end(day: date) -> date | None:
        return statement(it, NO_INTEREST, Term(ASSESSED_ON, day + timedelta(days=1))).next_warranty_end

    assert end(date(2028, 3, 2)) == date(2028, 3, 3)
    assert end(date(2028, 3, 3)) == date(2031, 3, 3)
    assert end(date(2031, 3, 3)) is None


def test_the_last_day_of_the_longest_keeping_is_told():
    """Five years after the handover, that day included; none before it."""
    handed = paid(handed_over_on=date(2026, 3, 2))

    assert statement(handed, NO_INTEREST, Y2026).kept_through == date(2031, 3, 2)
    assert statement(paid(), NO_INTEREST, Y2026).kept_through is None


# --- over time, and as rows -------------------------------------------------------------------------


def test_the_balance_over_time_begins_with_the_term_and_has_a_point_a_day():
    """What was held before stands on the first day; of several movements of a day the last counts."""
    it = account(
        paid=[(date(2025, 12, 31), cny(5)), (PAID, cny(10)), (PAID, cny(20)), (date(2027, 1, 1), cny(1))]
    )

    assert balance_points(it, NO_INTEREST, Y2026) == ((date(2026, 1, 1), cny(5)), (PAID, cny(35)))
    assert balance_points(account(), NO_INTEREST, Y2026) == ((date(2026, 1, 1), cny(0)),)
    assert balance_points(paid(), POLICY, Y2026)[2] == (date(2026, 3, 21), cny("6002741.67"))


def test_a_statement_a_part_and_a_total_are_flat_rows_of_json():
    """Sums are columns, lists one text; lines and parts have rows of their own."""
    it = replace(
        paid(),
        defects={name: Defect(part=WIRES, what="w", found_on=date(2026, 5, 1)) for name in ("D1", "D2")},
    )
    found = statement(it, NO_INTEREST, Y2026)

    whole = row(found)
    assert whole["term"] == "2026-01-01/2026-12-31"
    assert (whole["paid_in"], whole["closing"]) == ("CNY 6000000.00", "CNY 6000000.00")
    assert whole.keys().isdisjoint({"lines", "parts", "sums"})
    wires = next(each for each in rows(found.parts) if each["part"] == WIRES)
    assert (wires["standing"], wires["defects"], wires["until"]) == ("not-begun", "D1; D2", None)
    (sums,) = rows(totals([found], Grouping.PROJECT))
    assert (sums["of"], sums["opening"], sums["buildings"]) == ("project", "CNY 0.00", 1)
    assert json.loads(json.dumps([whole, wires, sums])) == [whole, wires, sums]


def test_what_is_no_column_is_refused():
    """A value with fields of its own is a row, not a cell."""
    with pytest.raises(TypeError, match="Building is no column"):
        row(replace(paid(), parts={}))


def test_a_year_has_its_days_and_the_calendar_an_end():
    """From 1 January through 31 December; the year 9999 has no day after it."""
    assert (Y2026.start, Y2026.last_day) == (date(2026, 1, 1), date(2026, 12, 31))
    for year in (0, 9999):
        with pytest.raises(InvalidValue, match="a year between 1 and 9998"):
            calendar_year(year)
