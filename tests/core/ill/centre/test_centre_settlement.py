"""Settling: the sheet of a term, netting without a centre, and the settlement's own table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.changes import Actor, Aggregate, Change, Key, Office
from servflow.core.dates import Term
from servflow.core.errors import CurrencyMismatch, InvalidValue, Refused
from servflow.core.ill import ILL
from servflow.core.ill.centre.settled import (
    SETTLED_TERMS,
    BookSettledTerm,
    SettledTerms,
    SettledTermsRole,
    SettledTermsState,
)
from servflow.core.ill.centre.settlement import (
    SETTLED,
    Claim,
    Due,
    Payment,
    SettlementFacts,
    levelled,
    net,
    reckoned,
    settle,
)
from servflow.core.ill.centre.settling import (
    DRAWN_UP,
    OVERDUE,
    PAID,
    SETTLEMENT,
    ClearSettlementAttention,
    DisputeSettlement,
    DrawUpSettlement,
    RemindMembers,
    SettleMember,
    Settlement,
    SettlementRole,
    SettlementState,
    brought_forward,
)
from servflow.core.ledger import Account, AccountKind, Posting, balance, trial_balance
from servflow.core.lifecycle import OPENING, check, decide
from servflow.core.money import Money, total
from servflow.rulebooks import load, network_policy

S = SettlementState
CENTRE: Final = "CN-CALIS"
POLICY: Final = network_policy(load("calis/thesis-centre"), library=CENTRE)
TERM: Final = Term(date(2026, 11, 1), date(2026, 12, 1))
CLERK: Final = Actor("clerk", CENTRE, Office.STAFF)
NOTHING: Final = Money(0, "CNY")


def cny(amount: object) -> Money:
    return Money(str(amount), "CNY")


def account(text: str) -> Account:
    return Account.parse(text)


def posted(
    key: str, debit: str, credit: str, amount: object, on: date = date(2026, 11, 5), **more: Any
) -> Posting:
    about = {"subject": "T1", "kind": "loan-fee"} | more
    return Posting(
        key=key, debit=account(debit), credit=account(credit), amount=cny(amount), value_date=on, **about
    )


BOOKS: Final = (
    posted("1", "receivable/A", "income/loan-fee", 30),
    posted("2", "receivable/B", "income/loan-fee", "12.50"),
    posted("3", "cash/CN-CALIS", "receivable/A", 10),
    posted("4", "expense/loan-fee", "payable/B", 40),
    posted("5", "expense/loan-fee", "payable/C", 5),
    posted("6", "receivable/A", "payable/C", 1),
    posted("7", "receivable/A", "income/loan-fee", 99, date(2026, 12, 1)),
    posted("8", "cash/CN-CALIS", "receivable/A", 7, kind=SETTLED, subject="settlement/2026-10"),
    posted("9", "receivable/Z", "income/loan-fee", 3),
)


def sheet(postings: Any = BOOKS, members: tuple[str, ...] = ("A", "B", "C", "D")) -> Any:
    return settle(postings, members, TERM, centre=CENTRE, currency="CNY")


def test_a_sheet_says_what_each_member_owes_and_is_owed_in_the_term() -> None:
    """Charged less paid, and owed less paid out; other terms' payments and other days do not count."""
    assert sheet().dues == (
        Due(member="A", owes=cny(21), owed=NOTHING),
        Due(member="B", owes=cny("12.50"), owed=cny(40)),
        Due(member="C", owes=NOTHING, owed=cny(6)),
    )


def test_a_sheet_says_who_pays_whom() -> None:
    """One payment for each member; nobody pays and is paid."""
    assert sheet().payments == (
        Payment("A", CENTRE, cny(21)),
        Payment(CENTRE, "B", cny("27.50")),
        Payment(CENTRE, "C", cny(6)),
    )


def test_a_sheet_sums_to_nothing_with_the_centres_own_result() -> None:
    """What the members owe in all is what the centre gains, counted from the other side of the books."""
    it = sheet()

    assert it.result == cny("-12.50")
    assert it.balanced
    assert sum((amount.minor for amount in it.positions.values()), 0) == 0


def test_members_are_named_once_and_without_the_centre() -> None:
    """Bad input is refused."""
    for members in (("A", "A"), ("A", CENTRE)):
        with pytest.raises(InvalidValue, match="each member once"):
            sheet(members=members)


SIDES: Final = (
    *(f"{kind}/{name}" for kind in ("receivable", "payable") for name in "ABC"),
    "income/x",
    "expense/x",
    "cash/CN-CALIS",
)
POSTINGS: Final = st.lists(
    st.builds(
        lambda key, sides, minor, day, kind: Posting(
            key=str(key),
            debit=account(sides[0]),
            credit=account(sides[1]),
            amount=Money.of_minor(minor, "CNY"),
            value_date=date(2026, 11, 1) + timedelta(days=day),
            subject="T",
            kind=kind,
        ),
        st.integers(),
        st.lists(st.sampled_from(SIDES), min_size=2, max_size=2, unique=True),
        st.integers(1, 10**6),
        st.integers(-3, 33),
        st.sampled_from(("fee", SETTLED)),
    )
)


@given(POSTINGS)
def test_every_sheet_is_balanced_and_its_payments_level_the_term(postings: list[Posting]) -> None:
    """Whatever was posted: no cent is lost, and after the payments nobody owes anything of the term."""
    it = sheet(postings, ("A", "B", "C"))

    assert it.balanced
    assert total((-amount for amount in it.positions.values()), "CNY") == NOTHING
    after = [each for each in postings if each.value_date < TERM.until and each.kind != SETTLED]
    for due in it.dues:
        after += levelled(due, centre=CENTRE, subject="settlement/s", on=date(2026, 12, 2))
    for name in "ABC":
        for kind in (AccountKind.RECEIVABLE, AccountKind.PAYABLE):
            assert balance(after, Account(kind, name), "CNY") == NOTHING
    debits, credits_ = trial_balance(after).get("CNY", (NOTHING, NOTHING))
    assert debits == credits_


def test_what_was_posted_late_comes_into_the_next_sheet() -> None:
    """A posting with a day of a term that was drawn up before is counted once, and said to be late."""
    books = (
        *BOOKS,
        posted("10", "expense/loan-fee", "payable/B", 7, date(2026, 10, 30)),
        posted("11", "receivable/D", "income/loan-fee", 2, date(2026, 10, 1)),
    )
    before = {
        "A": Due(member="A", owes=cny(21), owed=NOTHING),
        "D": Due(member="D", owes=cny(2), owed=NOTHING),
    }
    it = settle(books, ("A", "B", "C", "D"), TERM, centre=CENTRE, currency="CNY", drawn_up=before)

    assert it.dues == (
        Due(
            member="B",
            owes=cny("12.50"),
            owed=cny(47),
            late_owed=cny(7),
        ),
        Due(member="C", owes=NOTHING, owed=cny(6)),
    )
    assert it.dues[0].late == cny(-7)
    assert it.balanced


def test_an_account_of_nobody_known_is_named_and_a_readers_is_not() -> None:
    """Whoever left the network is not left out; readers pay at the desk, and are owed nothing by nature."""
    books = (
        *BOOKS,
        posted("10", "receivable/p-1", "income/loan-fee", 8),
        posted("11", "expense/loan-fee", "payable/p-2", 9),
        posted("12", "receivable/B", "income/loan-fee", 8, kind=SETTLED),
    )
    found = reckoned(books, ("A", "B", "C"), TERM, centre=CENTRE, currency="CNY", readers=("p-1", "p-2", "A"))

    assert [due.member for due in found.dues] == ["A", "B", "C"]
    assert found.dues == sheet().dues
    assert found.strangers == (
        Due(member="Z", owes=cny(3), owed=NOTHING),
        Due(member="p-2", owes=NOTHING, owed=cny(9)),
    )
    assert found.other_money == ()


def test_what_an_account_holds_in_other_money_is_named_until_it_is_paid() -> None:
    """By account and currency, whatever the day; what came to nothing is not."""
    usd = [
        replace(each, amount=Money(each.amount.minor // 100, "USD"))
        for each in (
            posted("1", "expense/loan-fee", "payable/B", 20),
            posted("2", "receivable/A", "income/loan-fee", 5),
            posted("3", "cash/CN-CALIS", "receivable/A", 5, date(2026, 12, 9)),
        )
    ]
    found = reckoned([*BOOKS, *usd], ("A", "B", "C"), TERM, centre=CENTRE, currency="CNY")

    assert found.other_money == (Due(member="B", owes=Money(0, "USD"), owed=Money(20, "USD")),)
    assert found.dues == sheet().dues


@given(POSTINGS, st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_every_posting_is_in_exactly_one_sheet(postings: list[Posting], late: list[int]) -> None:
    """Over terms that follow each other, each drawn up with what is posted by then; then all is paid.

    Posted by then is some of it only: the rest comes late. Every sheet sums to nothing, the sheets come to
    what was posted, and after all payments the accounts hold nothing of it.
    """
    members = ("A", "B", "C")
    drawn_up: dict[str, Due] = {}
    paid: list[Posting] = []
    firsts = (TERM.start, date(2026, 11, 9), date(2026, 11, 20), TERM.until, date(2026, 12, 9))
    for number, (first, until) in enumerate(pairwise(firsts)):
        last = until == firsts[-1]
        known = [each for n, each in enumerate(postings) if last or n % 10 <= max(late[: number + 1])]
        it = settle(known, members, Term(first, until), centre=CENTRE, currency="CNY", drawn_up=drawn_up)

        assert it.balanced
        assert total(it.positions.values(), "CNY") == NOTHING
        for due in it.dues:
            drawn_up[due.member] = due.plus(drawn_up.get(due.member))
            paid += levelled(due, centre=CENTRE, subject=f"settlement/{number}", on=until)
    counted = [each for each in postings if each.kind != SETTLED]
    for name in members:
        line = drawn_up.get(name, Due(member=name, owes=NOTHING, owed=NOTHING))
        assert line.owes == balance(counted, account(f"receivable/{name}"), "CNY")
        assert line.owed == balance(counted, account(f"payable/{name}"), "CNY")
        for kind in ("receivable", "payable"):
            assert balance([*counted, *paid], account(f"{kind}/{name}"), "CNY") == NOTHING


# --- without a centre -----------------------------------------------------------------------------------


def test_claims_are_set_off_among_all() -> None:
    """A circle of claims needs no payment at all."""
    found = net((Claim("A", "B", cny(10)), Claim("B", "C", cny(10)), Claim("C", "A", cny(10))), "CNY")

    assert found.positions == {"A": NOTHING, "B": NOTHING, "C": NOTHING}
    assert found.payments == ()


def test_whoever_owes_most_pays_whoever_gets_most() -> None:
    """Few payments, and each in full cents."""
    claims = (Claim("A", "B", cny("10.01")), Claim("A", "C", cny(4)), Claim("D", "C", cny(1)))

    assert net(claims, "CNY").payments == (
        Payment("A", "B", cny("10.01")),
        Payment("A", "C", cny(4)),
        Payment("D", "C", cny(1)),
    )


CLAIMS: Final = st.lists(
    st.tuples(
        st.lists(st.sampled_from("ABCDE"), min_size=2, max_size=2, unique=True), st.integers(0, 10**6)
    ).map(lambda drawn: Claim(drawn[0][0], drawn[0][1], Money.of_minor(drawn[1], "CNY")))
)


@given(CLAIMS)
def test_netting_loses_no_cent_and_needs_few_payments(claims: list[Claim]) -> None:
    """Positions sum to nothing; the payments make them level; fewer than there are libraries."""
    found = net(claims, "CNY")
    left = {name: amount.minor for name, amount in found.positions.items()}

    assert sum(left.values()) == 0
    for payer, payee, amount in found.payments:
        assert amount.minor > 0
        left[payer] += amount.minor
        left[payee] -= amount.minor
    assert not any(left.values())
    assert len(found.payments) <= max(0, len(left) - 1)


@pytest.mark.parametrize(
    ("claim", "error"),
    [
        (Claim("A", "B", cny(-1)), InvalidValue),
        (Claim("A", "A", cny(1)), InvalidValue),
        (Claim("A", "B", Money(1, "USD")), CurrencyMismatch),
    ],
)
def test_a_claim_that_cannot_be_is_refused(claim: Claim, error: type[Exception]) -> None:
    """Below nothing, on oneself, in another currency."""
    with pytest.raises(error):
        net((claim,), "CNY")


# --- the table ------------------------------------------------------------------------------------------


class Term2:
    """A settlement of November at a centre, decided and remembered."""

    def __init__(self, *dues: Due, **facts: Any) -> None:
        self.facts = SettlementFacts(dues=dues, **facts)
        self.aggregates: dict[Key, Aggregate] = {}
        self.postings: tuple[Posting, ...] = ()
        self.said = 0

    def command(self, kind: type, day: str = "2026-12-01", /, by: Actor = CLERK, **said: Any) -> Any:
        self.said += 1
        at = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=POLICY.zone)
        case = said.pop("case", "2026-11")
        about = {"id": f"c-{self.said}", "case": case, "happened_at": at, "recorded_at": at}
        if kind is DrawUpSettlement:
            said = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)} | said
        return kind(**about, by=by, **said)

    def do(self, kind: type, day: str = "2026-12-01", /, **said: Any) -> Change:
        return self.take(self.command(kind, day, **said))

    def take(self, command: Any) -> Change:
        change = decide(ILL, command, self.aggregates, policy=POLICY, facts=self.facts)
        self.aggregates |= {it.key: it for it in change.becomes}
        self.postings += change.postings
        return change

    def reasons(self, kind: type, day: str = "2026-12-01", /, **said: Any) -> list[str]:
        command = self.command(kind, day, **said)
        found = check(ILL, command, self.aggregates, policy=POLICY, facts=self.facts)
        return [each.code for each in found]

    @property
    def it(self) -> Settlement:
        return self.named("2026-11")

    def named(self, case: str) -> Settlement:
        it = self.aggregates[Key(Settlement.kind, case)]
        assert isinstance(it, Settlement)
        return it

    @property
    def terms(self) -> SettledTerms:
        it = self.aggregates[Key(SettledTerms.kind, CENTRE)]
        assert isinstance(it, SettledTerms)
        return it


A_PAYS: Final = Due(member="A", owes=cny(30), owed=cny(4))
B_GETS: Final = Due(member="B", owes=cny(5), owed=cny(40))
C_LEVEL: Final = Due(member="C", owes=cny(8), owed=cny(8))


def standing(term: Term2) -> SettlementState:
    return term.it.state


def drawn() -> Term2:
    term = Term2(A_PAYS, B_GETS, C_LEVEL)
    term.do(DrawUpSettlement)
    term.do(SettleMember, member="C")
    return term


def test_every_member_hears_its_own_line() -> None:
    """What it owes and is owed, what it pays or gets, and until when; nothing of anybody else's."""
    change = Term2(A_PAYS, B_GETS, C_LEVEL).do(DrawUpSettlement)

    told = {message.to: dict(message.facts) for message in change.messages}
    assert {message.kind for message in change.messages} == {DRAWN_UP}
    assert (told["A"]["pays"], told["B"]["gets"], told["C"]["gets"]) == (cny(26), cny(35), NOTHING)
    assert set(told) == {"A", "B", "C"}
    assert told["A"]["pay_by"] == date(2026, 12, 1) + timedelta(
        days=POLICY.settlement_days.on(date.max).value
    )


def test_whose_two_sides_set_each_other_off_is_levelled_by_the_clock() -> None:
    """Nothing is paid and nothing is told; both accounts are brought to nothing, from the term's end on."""
    term = Term2(A_PAYS, B_GETS, C_LEVEL)
    term.do(DrawUpSettlement)
    at = SETTLEMENT.next_wake(term.it, POLICY)
    assert at is not None
    assert SETTLEMENT.wake(term.it, POLICY, at - timedelta(seconds=1)) is None
    change = term.take(SETTLEMENT.wake(term.it, POLICY, at))

    assert (term.it.paid, change.messages) == ({"C": date(2026, 12, 1)}, ())
    (posting,) = term.postings
    assert (str(posting.debit), str(posting.credit), posting.amount) == ("payable/C", "receivable/C", cny(8))
    clock = Actor("clock", CENTRE, Office.CLOCK)
    assert term.reasons(SettleMember, by=clock, member="A") == ["ill.settlement.to-be-paid"]
    assert term.reasons(SettleMember, by=clock, member="Z") == ["ill.settlement.no-line"]


def test_a_term_that_never_ends_is_not_set_off_by_the_clock() -> None:
    """No day comes after the calendar's last one."""
    term = Term2(C_LEVEL)
    term.do(DrawUpSettlement)

    assert SETTLEMENT.next_wake(replace(term.it, last=date.max, pay_by=date.max), POLICY) is None
    assert term.it.version == 1


def test_a_payment_levels_the_members_accounts() -> None:
    """What both owe is set off, the rest is paid; the member hears it, and the last one settles it."""
    term = drawn()
    change = term.do(SettleMember, member="A")

    moved = [(str(each.debit), str(each.credit), each.amount) for each in change.postings]
    assert moved == [("payable/A", "receivable/A", cny(4)), ("cash/CN-CALIS", "receivable/A", cny(26))]
    assert [(message.to, message.kind) for message in change.messages] == [("A", PAID)]
    assert standing(term) is S.DRAWN_UP

    term.do(SettleMember, member="B")

    assert standing(term) is S.SETTLED
    assert balance(term.postings, account("payable/B"), "CNY") == cny(-40)
    assert balance(term.postings, account("cash/CN-CALIS"), "CNY") == cny(26 - 35)


def test_credits_are_levelled_the_other_way_round() -> None:
    """What was reversed after it was paid may leave a side below nothing."""
    over = Due(member="A", owes=cny(-5), owed=cny(-2))
    moved = [
        (each.debit.kind.value, each.credit.kind.value, each.amount)
        for each in levelled(over, centre=CENTRE, subject="s", on=date(2026, 12, 1))
    ]

    assert moved == [("receivable", "payable", cny(2)), ("receivable", "cash", cny(3))]


def test_where_nobody_pays_anything_it_is_settled_at_once() -> None:
    """Nothing is waited for."""
    term = Term2()
    term.do(DrawUpSettlement)

    assert standing(term) is S.SETTLED
    assert SETTLEMENT.next_wake(term.it, POLICY) is None


def test_what_cannot_be_drawn_up_is_refused_for_every_reason() -> None:
    """A term that is not over, that overlaps another, of somebody else's, in other money, of strangers."""
    term = Term2()
    term.do(DrawUpSettlement, "2026-12-09", case="odd", last=date(2026, 12, 8))
    usd = Due(member="A", owes=Money(3, "USD"), owed=Money(0, "USD"))
    term.facts = SettlementFacts(
        dues=(usd, A_PAYS),
        strangers=(B_GETS, C_LEVEL),
        other_money=(usd, replace(usd, member="R")),
    )
    stranger = Actor("clerk", "CN-X", Office.STAFF)
    rest = [
        "ill.settlement.term-not-over",
        "ill.settlement.overlaps",
        "ill.settlement.wrong-currency",
        "ill.settlement.not-a-member",
        "ill.settlement.not-a-member",
        "ill.settlement.other-currency",
        "ill.settlement.other-currency",
    ]

    assert term.reasons(DrawUpSettlement, "2026-11-30") == rest
    rest.remove("ill.settlement.overlaps")  # a stranger's terms are others
    assert term.reasons(DrawUpSettlement, "2026-11-30", by=stranger) == ["ill.settlement.not-ours", *rest]


def test_terms_follow_each_other() -> None:
    """No day is settled twice, and none before what was drawn up; days in between go into the next sheet."""
    term = drawn()
    october = {"case": "2026-10", "first": date(2026, 10, 1), "last": date(2026, 10, 31)}
    wide = {"case": "2026", "first": date(2026, 10, 1), "last": date(2026, 12, 31)}
    after = {"case": "2026-13", "first": date(2026, 12, 5), "last": date(2026, 12, 6)}

    assert term.reasons(DrawUpSettlement, **october) == ["ill.settlement.closed"]
    assert term.reasons(DrawUpSettlement, "2027-01-01", **wide) == ["ill.settlement.overlaps"]
    assert term.reasons(DrawUpSettlement, case="November") == ["ill.settlement.overlaps"]
    assert term.reasons(DrawUpSettlement, "2027-01-01", **after) == []


def test_a_line_is_what_no_sheet_has_yet() -> None:
    """What was drawn up before is taken off what the books say; a member who left and is level stands in no way."""
    term = drawn()
    more = Due(member="A", owes=cny(37), owed=cny(4), late_owes=cny(35), late_owed=cny(4))
    term.facts = SettlementFacts(dues=(more, C_LEVEL), strangers=(B_GETS,))
    december = {"case": "2026-12", "first": date(2026, 12, 1), "last": date(2026, 12, 31)}
    change = term.do(DrawUpSettlement, "2027-01-01", **december)

    line = Due(member="A", owes=cny(7), owed=NOTHING, late_owes=cny(5))
    assert term.named("2026-12").dues == (line,)
    assert [dict(each.facts)["late"] for each in change.messages] == [cny(5)]
    assert term.terms.latest.id == "2026-12"
    assert term.terms.dues == {
        "A": Due(member="A", owes=cny(37), owed=cny(4)),
        "B": B_GETS,
        "C": C_LEVEL,
    }


def test_what_was_not_paid_is_brought_forward_beside_the_lines() -> None:
    """What was open when a sheet was drawn up, of those before it; it is paid there."""
    term = drawn()
    term.do(SettleMember, "2027-01-03", member="B")
    december = {"case": "2026-12", "first": date(2026, 12, 1), "last": date(2026, 12, 31)}
    term.facts = SettlementFacts(dues=(Due(member="A", owes=cny(37), owed=cny(4)),))
    term.do(DrawUpSettlement, "2027-01-02", **december)
    both = (term.it, term.named("2026-12"))

    assert brought_forward(both[1], both) == {"A": cny(26), "B": cny(-35)}
    assert brought_forward(both[0], both) == {}
    assert brought_forward(replace(both[1], drawn_up=None), both) == {"A": cny(26)}


def test_nothing_is_paid_before_it_was_drawn_up() -> None:
    """Neither by staff nor by the clock, which sets off on that day; of old ones the day is not known."""
    term = Term2(A_PAYS, C_LEVEL)
    term.do(DrawUpSettlement, "2026-12-05")

    assert term.reasons(SettleMember, "2026-12-04", member="A") == ["ill.settlement.not-drawn-up-yet"]
    assert term.reasons(SettleMember, "2026-12-05", member="A") == []
    wakes = [SETTLEMENT.next_wake(replace(term.it, drawn_up=on), POLICY) for on in (date(2026, 12, 5), None)]
    assert [str(POLICY.day(at)) for at in wakes if at] == ["2026-12-05", "2026-12-01"]
    term.aggregates[term.it.key] = replace(term.it, drawn_up=None)
    assert term.reasons(SettleMember, "2026-12-04", member="A") == []


def test_a_term_ends_after_it_begins() -> None:
    """The last day does not lie before the first."""
    with pytest.raises(InvalidValue, match="last"):
        Term2().command(DrawUpSettlement, last=date(2026, 10, 1))


def test_nothing_is_paid_twice_and_nobody_pays_without_a_line() -> None:
    """Every reason is named, and nothing changes."""
    term = drawn()
    term.do(SettleMember, member="A")

    assert term.reasons(SettleMember, member="A") == ["ill.settlement.paid-already"]
    assert term.reasons(SettleMember, member="Z") == ["ill.settlement.no-line"]


def test_a_dispute_is_before_staff_in_every_state() -> None:
    """A member is heard whatever it says; staff take it off their list."""
    term = drawn()
    by = Actor("ils", "A", Office.SYSTEM)
    term.do(DisputeSettlement, by=by, member="A", note="we paid in cash")
    term.do(SettleMember, member="A")
    term.do(SettleMember, member="B")
    term.do(DisputeSettlement, by=by, member="B", note="not ours")

    assert [each.code for each in term.it.attention] == ["ill.attention.settlement-disputed"] * 2
    assert term.reasons(DisputeSettlement, by=by, member="Z", note="whose?") == []
    assert term.reasons(DisputeSettlement, member="Z", note="whose?") == ["ill.settlement.no-line"]

    term.do(ClearSettlementAttention, code="ill.attention.settlement-disputed")

    assert term.it.attention == ()


def test_a_dispute_says_why() -> None:
    """Without a word nobody can look at it."""
    with pytest.raises(InvalidValue, match="note"):
        Term2().command(DisputeSettlement, member="A", note=" ")


def test_the_clock_reminds_who_has_not_paid_once() -> None:
    """A member is told; what the centre itself has not paid is before its staff."""
    term = drawn()
    at = SETTLEMENT.next_wake(term.it, POLICY)
    assert at is not None
    assert SETTLEMENT.wake(term.it, POLICY, at - timedelta(seconds=1)) is None
    command = SETTLEMENT.wake(term.it, POLICY, at)
    assert isinstance(command, RemindMembers)
    change = term.take(command)

    assert [(message.to, message.kind) for message in change.messages] == [("A", OVERDUE)]
    assert [each.code for each in term.it.attention] == ["ill.attention.settlement-unpaid"]
    assert SETTLEMENT.next_wake(term.it, POLICY) is None
    clock = Actor("clock", CENTRE, Office.CLOCK)
    assert term.reasons(RemindMembers, "2027-06-01", by=clock) == ["ill.settlement.still-in-time"]


def test_only_the_centre_says_that_somebody_has_paid() -> None:
    """A member may say that it does not agree, and nothing else."""
    term = drawn()
    with pytest.raises(Refused, match="not-yours"):
        term.do(SettleMember, by=Actor("ils", "A", Office.STAFF), member="A")


GRID: Final = {
    (OPENING, DrawUpSettlement): ("staff", "drawn_up settled"),
    (S.DRAWN_UP, SettleMember): ("staff clock", "same settled"),
    (S.DRAWN_UP, DisputeSettlement): ("member staff", "same"),
    (S.SETTLED, DisputeSettlement): ("member staff", "same"),
    (S.DRAWN_UP, ClearSettlementAttention): ("staff", "same"),
    (S.SETTLED, ClearSettlementAttention): ("staff", "same"),
    (S.DRAWN_UP, RemindMembers): ("clock", "same"),
}


@pytest.mark.parametrize("state", [OPENING, *S])
@pytest.mark.parametrize("command", SETTLEMENT.commands)
@pytest.mark.parametrize("role", SettlementRole)
def test_every_cell_of_the_table_is_as_it_is_written_here(
    state: Any, command: type, role: SettlementRole
) -> None:
    """Staff draw up and settle, members dispute, the clock reminds."""
    roles, to = GRID.get((state, command), ("", ""))
    rows = SETTLEMENT.cell(state, command).get(role, ())

    assert [row.to.value for row in rows] == (to.split() if role.value in roles.split() else [])


@pytest.mark.parametrize("state", [OPENING, *SettledTermsState])
def test_only_the_rules_book_a_term(state: Any) -> None:
    """The first opens what is kept; there is nothing else to say to it."""
    assert SETTLED_TERMS.commands == (BookSettledTerm,)
    rows = SETTLED_TERMS.cell(state, BookSettledTerm)

    assert set(rows) == {SettledTermsRole.SYSTEM}
    assert [row.to.value for row in rows[SettledTermsRole.SYSTEM]] == ["kept" if state is OPENING else "same"]
    term = drawn()
    said = {"case": CENTRE, "drawn_up": term.terms.latest}
    assert term.reasons(BookSettledTerm, **said) == ["lifecycle.not-yours"]
