"""What the clock says to a deposit account: each thing once, at the beginning of its day, however late it comes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from deposit_desk import (
    ACCOUNT,
    BANK,
    CLOCK,
    DEVELOPER,
    OURS,
    ZONE,
    DepositDesk,
    account,
    approved,
    cny,
    fees,
    policy,
)

from servflow.core.changes import Command
from servflow.core.dates import Period
from servflow.core.deposits import PartShare
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages as m
from servflow.core.deposits.accounts.deadlines import (
    kept_through,
    publication,
    release_by,
    year_to_publish,
)
from servflow.core.deposits.accounts.model import Part
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.accounts.table import DEPOSIT_ACCOUNT
from servflow.core.deposits.words import AtTheLimit, ReleaseSince
from servflow.core.errors import Refused

S = AccountState
TWO = (PartShare(part="decoration", weight=1), PartShare(part="cooling", weight=1))


def held(**given: Any) -> DepositDesk:
    """Two parts under warranty, and no interest: decoration until 3 March 2028, cooling until 1 October 2027."""
    desk = DepositDesk(policy(shares=TWO, interest_days=(), **given))
    desk.hold()
    return desk


def day_of(command: Command) -> date:
    """The day that begins with what is said."""
    at = command.happened_at.astimezone(ZONE)
    assert (at.hour, at.minute) == (0, 0)
    return at.date()


def spoken(commands: list[Command]) -> list[tuple[str, str, date]]:
    """What was said, of what, for which day."""
    return [
        (
            type(each).__name__,
            str(getattr(each, "part", "") or getattr(each, "year", "") or getattr(each, "by_day", "")),
            day_of(each),
        )
        for each in commands
    ]


EVERYTHING = [
    ("PublishStatement", "2026", date(2027, 3, 31)),
    ("NoteWarrantyEnd", "cooling", date(2027, 10, 1)),
    ("RemindRelease", "cooling", date(2027, 10, 30)),
    ("NoteWarrantyEnd", "decoration", date(2028, 3, 3)),
    ("PublishStatement", "2027", date(2028, 3, 31)),
    ("RemindRelease", "decoration", date(2028, 4, 1)),
    ("PublishStatement", "2028", date(2029, 3, 31)),
    ("PublishStatement", "2029", date(2030, 3, 31)),
    ("NoteLimit", "", date(2031, 3, 3)),
    ("PublishStatement", "2030", date(2031, 3, 31)),
]


@pytest.mark.clause("SD-18", "SD-19", "SD-20")
def test_the_clock_says_each_thing_in_its_order() -> None:
    """Years late, all of it is said, the earliest first, each at the instant for which it was due."""
    desk = held()
    assert spoken(desk.clock("2031-12-31")) == EVERYTHING


def test_a_clock_that_looks_every_week_says_the_same() -> None:
    """And nothing twice."""
    desk = held()
    said: list[Command] = []
    day = date(2026, 3, 3)
    while day <= date(2031, 12, 31):
        said += desk.clock(day)
        day += timedelta(days=7)
    assert spoken(said) == EVERYTHING
    assert len({each.id for each in said}) == len(said)


def test_nothing_is_said_before_its_instant() -> None:
    """A second before midnight there is nothing to say; at midnight there is."""
    desk = held()
    desk.clock("2027-09-01")
    midnight = datetime(2027, 10, 1, tzinfo=ZONE)
    assert desk.clock(midnight - timedelta(seconds=1)) == []
    (command,) = desk.clock(midnight)
    assert command.id == f"clock/deposits.account/{ACCOUNT}/warranty-end/cooling"
    assert DEPOSIT_ACCOUNT.next_wake(desk.account(), desk.rules) == datetime(2027, 10, 30, tzinfo=ZONE)


@pytest.mark.clause("SD-20")
def test_the_end_of_a_warranty_is_told_with_the_last_day_for_its_release() -> None:
    """Developer and authority hear both; on the last day the authority is reminded."""
    desk = held()
    desk.clock("2027-10-01")
    told = [(each.to, dict(each.facts)) for each in desk.changes[-1].messages]
    assert [to for to, _ in told] == ["developer", OURS]
    assert told[0][1]["part"] == "cooling"
    assert told[0][1]["share"] == cny(3_000_000)
    assert told[0][1]["last"] == date(2027, 10, 30)
    desk.clock("2027-10-30")
    (reminder,) = desk.changes[-1].messages
    assert (reminder.to, reminder.kind) == (OURS, m.RELEASE_DUE)


def test_of_a_part_that_was_released_nothing_more_is_said() -> None:
    """Released before the clock came, neither its end nor its last day is told."""
    desk = held()
    desk.clock("2027-09-30")
    desk.do(c.ReleasePart, "2027-10-05", part="cooling")
    assert spoken(desk.clock("2028-03-03")) == [("NoteWarrantyEnd", "decoration", date(2028, 3, 3))]


def test_where_days_count_from_a_request_there_is_no_last_day_before_it() -> None:
    """Told without a last day; with the request there is one, thirty days later."""
    desk = held(release_since=ReleaseSince.REQUESTED)
    desk.clock("2027-12-31")
    told = [each for each in desk.messages if each.kind == m.WARRANTY_ENDED]
    assert "last" not in dict(told[0].facts)
    desk.do(c.RequestRelease, "2028-01-10", by=DEVELOPER, part="cooling")
    assert spoken(desk.clock("2028-02-28")) == [("RemindRelease", "cooling", date(2028, 2, 9))]


@pytest.mark.clause("SD-18", "SD-35")
@pytest.mark.parametrize(("what", "released"), [(AtTheLimit.RELEASED, True), (AtTheLimit.CARRIED, False)])
def test_the_limit_is_told_with_what_it_means(what: AtTheLimit, released: bool) -> None:
    """Authority and developer hear that the keeping is over, and whether all goes back."""
    desk = held(at_the_limit=what)
    desk.clock("2031-03-03")
    told = [each for each in desk.messages if each.kind == m.LIMIT_REACHED]
    assert [each.to for each in told] == [OURS, "developer"]
    facts = dict(told[0].facts)
    assert (facts["last"], facts["held"], facts["released"]) == (
        date(2031, 3, 2),
        cny(6_000_000),
        released,
    )
    assert desk.account().limit_told
    listed = [(each.code, dict(each.facts)) for each in desk.account().attention]
    assert listed == ([("deposits.limit-reached", {"last": date(2031, 3, 2)})] if released else [])


@pytest.mark.clause("SD-35")
def test_staff_look_at_the_limit_until_all_is_released() -> None:
    """One share that goes back leaves it on the list; with the last it is off, and so where it was seen to."""
    desk = held()
    desk.clock("2031-03-03")
    codes = ["deposits.limit-reached"]
    desk.do(c.ReleasePart, "2031-03-04", part="cooling")
    assert [each.code for each in desk.account().attention] == codes
    seen = held()
    seen.clock("2031-03-03")
    seen.do(c.SeeToDeposit, "2031-03-04", code=codes[0])
    assert seen.account().attention == ()
    desk.do(c.ReleaseRest, "2031-03-05")
    assert desk.account().attention == ()


def test_without_a_limit_none_is_told() -> None:
    """No longest keeping, no wake for it."""
    desk = held(kept_at_most=None)
    assert "NoteLimit" not in [name for name, _, _ in spoken(desk.clock("2040-12-31"))]


def test_the_clock_is_refused_what_is_not_due() -> None:
    """Said too early, twice, or of a part that is none: nothing is told."""
    desk = held()
    ends, reminders = [("deposits.no-end-to-tell", None)], [("deposits.no-release-to-remind", None)]

    def refused(kind: type[Command], on: str, **given: Any) -> list[tuple[str, str | None]]:
        return desk.refused(kind, on, by=CLOCK, **given)

    assert refused(c.NoteWarrantyEnd, "2027-09-30", part="cooling") == ends
    assert refused(c.RemindRelease, "2027-10-29", part="cooling") == reminders
    unknown = [("deposits.part-unknown", None)]
    assert refused(c.NoteWarrantyEnd, "2027-10-01", part="lifts") == unknown
    assert refused(c.RemindRelease, "2027-10-01", part="lifts") == unknown
    assert refused(c.NoteLimit, "2031-03-02") == [("deposits.no-limit-to-tell", None)]
    desk.clock("2031-03-03")
    assert refused(c.NoteWarrantyEnd, "2027-10-02", part="cooling") == ends
    assert refused(c.RemindRelease, "2027-10-31", part="cooling") == reminders
    assert refused(c.NoteLimit, "2031-03-04") == [("deposits.no-limit-to-tell", None)]
    desk.do(c.ReleasePart, "2031-03-05", part="cooling")
    assert refused(c.NoteWarrantyEnd, "2031-03-06", part="cooling") == ends
    assert refused(c.RemindRelease, "2031-03-06", part="cooling") == reminders
    desk.rules = policy(shares=TWO, interest_days=(), kept_at_most=None)
    assert refused(c.NoteLimit, "2031-03-06") == [("deposits.no-limit-to-tell", None)]


@pytest.mark.clause("SD-19")
def test_the_last_year_is_published_after_all_was_released() -> None:
    """And none after it, however long the account is not closed."""
    desk = held()
    desk.clock("2031-03-31")
    desk.do(c.ReleaseRest, "2031-05-01")
    assert spoken(desk.clock("2040-01-01")) == [("PublishStatement", "2031", date(2032, 3, 31))]


@pytest.mark.clause("SD-19")
def test_what_was_refunded_for_an_exemption_is_published_too() -> None:
    """The year of the payment is, and none after it."""
    desk = DepositDesk()
    desk.pay()
    insured = approved("insurance", shown=("insured",))
    desk.do(c.ReassessDeposit, "2026-02-12", grounds=(insured,), reason="insured")
    assert spoken(desk.clock("2040-01-01")) == [("PublishStatement", "2026", date(2027, 3, 31))]


def test_without_a_movement_there_is_nothing_to_say() -> None:
    """An account that is only due waits for no instant."""
    desk = DepositDesk()
    desk.notify()
    assert DEPOSIT_ACCOUNT.next_wake(desk.account(), desk.rules) is None
    assert desk.clock("2040-01-01") == []


@pytest.mark.clause("SD-18")
def test_a_statement_waits_for_a_rate_that_is_missing() -> None:
    """The clock's command is refused until the rulebook has the rate; then what was due is said in its order."""
    desk = DepositDesk(policy(shares=TWO, fees=fees(interest=None)))
    desk.hold()
    with pytest.raises(Refused, match="rate-missing"):
        desk.clock("2027-12-31")
    desk.rules = policy(shares=TWO)
    assert spoken(desk.clock("2027-12-31")) == EVERYTHING[:3]


def test_an_order_whose_day_passed_during_a_review_is_a_default() -> None:
    """The review holds nothing up; two orders are noted each on its day."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.OrderPayment, "2026-02-10", by_day=date(2026, 2, 20))
    desk.do(c.OrderPayment, "2026-02-11", by_day=date(2026, 3, 1))
    desk.do(c.AskReview, "2026-02-11", by=DEVELOPER, objection="too much")
    assert spoken(desk.clock("2026-03-05")) == [
        ("NoteDefault", "2026-02-20", date(2026, 2, 21)),
        ("NoteDefault", "2026-03-01", date(2026, 3, 2)),
    ]
    assert [each.noted for each in desk.account().orders] == [True, True]


def test_days_at_the_end_of_the_calendar_are_no_trouble() -> None:
    """A warranty that ends with the calendar has its last day for release there, and a keeping has none after it."""
    rules = policy(kept_at_most=Period(months=12 * 7973, days=299))
    last = release_by(Part(weight=1, until=date(9999, 12, 20)), rules)
    assert last == date.max
    assert release_by(Part(weight=1), rules) is None
    desk = DepositDesk(rules)
    desk.hold()
    assert kept_through(desk.account(), rules) is not None
    through = policy(kept_at_most=Period(days=(date.max - date(2026, 3, 2)).days))
    assert kept_through(desk.account(), through) == date.max
    assert DEPOSIT_ACCOUNT.next_wake(desk.account(), through) == datetime(2027, 3, 31, tzinfo=ZONE)


def test_the_year_to_publish_follows_from_what_moved() -> None:
    """The first that moved and is not published; none in the last year of the calendar."""
    it = account(paid=((date(2026, 2, 2), cny(1)),))
    assert year_to_publish(it) == 2026
    assert year_to_publish(account(paid=((date(2026, 2, 2), cny(1)),), published=(2026, 2027))) == 2028
    assert year_to_publish(account(paid=((date(9998, 2, 2), cny(1)),))) == 9998
    assert year_to_publish(account(paid=((date(9999, 2, 2), cny(1)),))) is None
    assert publication(2026, policy()) == date(2027, 3, 31)


def test_what_is_paid_before_the_clock_looks_changes_no_wake_that_is_due() -> None:
    """The wakes follow from the account as it is."""
    desk = held()
    before = DEPOSIT_ACCOUNT.next_wake(desk.account(), desk.rules)
    desk.do(c.ReversePayment, "2026-03-03", by=BANK, number=1, reason="bounced")
    desk.do(c.LodgeDeposit, "2026-03-04", by=BANK, amount=cny(6_000_000))
    assert DEPOSIT_ACCOUNT.next_wake(desk.account(), desk.rules) == before


@pytest.mark.clause("SD-5")
@pytest.mark.parametrize("until", ["2026-01-14", "2026-03-01"])
def test_the_last_day_for_a_review_is_told_once(until: str) -> None:
    """At the beginning of the seventh day after the letter was received, whenever the clock is looked at."""
    desk = DepositDesk()
    desk.notify()
    desk.do(c.ConfirmLetter, "2026-01-07", by=DEVELOPER)
    assert desk.clock("2026-01-13") == []
    assert spoken(desk.clock(until)) == [("RemindReview", "", date(2026, 1, 14))]
    (letter,) = desk.changes[-1].messages
    assert (letter.to, letter.kind) == ("developer", m.REVIEW_ENDS)
    assert dict(letter.facts)["last"] == date(2026, 1, 14)
    assert desk.clock("2026-03-01") == []
    assert desk.refused(c.RemindReview, "2026-03-01", by=CLOCK) == [("deposits.no-review-to-remind", None)]


@pytest.mark.clause("SD-5")
def test_where_a_review_was_asked_for_no_last_day_is_told() -> None:
    """Nor before the letter was received, or its last day has come; a new letter has a last day of its own."""
    none = [("deposits.no-review-to-remind", None)]
    desk = DepositDesk()
    desk.notify()
    assert desk.refused(c.RemindReview, "2026-01-30", by=CLOCK) == none
    desk.do(c.ConfirmLetter, "2026-01-07", by=DEVELOPER)
    assert desk.refused(c.RemindReview, "2026-01-13", by=CLOCK) == none
    desk.do(c.AskReview, "2026-01-08", by=DEVELOPER, objection="the cost is another")
    assert desk.clock("2026-01-30") == []
    desk.do(c.AnswerReview, "2026-02-01", answer="it stays")
    assert desk.clock("2026-02-20") == []
    desk.do(c.ReassessDeposit, "2026-02-21", cost=cny(1_000_000), reason="a mistake in the cost")
    desk.do(c.ConfirmLetter, "2026-02-22", by=DEVELOPER)
    assert spoken(desk.clock("2026-03-31")) == [("RemindReview", "", date(2026, 3, 1))]
