"""Terms that are offered, accepted, declined and run out; and the other answers to a request."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from servflow.core.changes import Actor, Command, Office
from servflow.core.errors import InvalidValue
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.states import Closing, Place, SupplyState
from servflow.core.ill.lending.table import LENDING
from servflow.core.ill.terms import Condition, Offer, OfferState, Retry, Service, Unfilled
from servflow.core.money import Money

S = SupplyState
UNSUPPLIED = (S.NEW, S.CHECKING, S.PROMISED, S.OFFERED)
TERMS = (Condition.LIBRARY_USE_ONLY, Condition.NO_REPRODUCTION)
LIBRARIAN = Actor("a librarian", "CN-NLC", Office.STAFF)


def yuan(amount: int) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def facts(change: Any, number: int = -1) -> dict[str, Any]:
    """The facts of one thing that was told, without those that every message has."""
    common = ("request", "title", "mark", "as_of")
    return {name: fact for name, fact in change.messages[number].facts if name not in common}


def codes(desk: Any, kind: type[Command], on: str, **said: Any) -> list[str]:
    """The codes of the reasons for which it would be refused."""
    return [reason.code for reason in desk.reasons(kind, on, **said)]


# --- what is offered ------------------------------------------------------------------------------


@pytest.mark.parametrize("state", UNSUPPLIED)
def test_terms_are_offered_until_something_is_supplied(lending_desk: Any, state: SupplyState) -> None:
    """Conditions, the whole cost, the last day and a note: the requester hears all of it."""
    before = lending_desk.reach(state)
    change = lending_desk.do(
        c.MakeOffer, "2026-02-06", conditions=TERMS, cost=yuan(60), reply_by=date(2026, 2, 20), note="孤本"
    )

    revision = 2 if state is S.OFFERED else 1
    assert lending_desk.loan().state is S.OFFERED
    assert lending_desk.loan().offer == Offer(
        revision=revision,
        conditions=TERMS,
        cost=yuan(60),
        reply_by=date(2026, 2, 20),
        note="孤本",
        made_at=lending_desk.at("2026-02-06"),
    )
    assert facts(change) == {
        "status": "WillSupply",
        "revision": revision,
        "conditions": "LibraryUseOnly,NoReproduction",
        "cost": yuan(60),
        "reply_by": date(2026, 2, 20),
        "note": "孤本",
    }
    assert set(lending_desk.told(change).supersedes) == {
        messages.RECEIVED,
        messages.EXPECTED,
        messages.PROMISED,
        messages.OFFERED,
    }
    assert before.agreed is lending_desk.loan().agreed is None


def test_an_offer_without_a_last_day_has_the_one_of_the_rules(lending_desk: Any) -> None:
    """Two weeks later, or as many days as the rules say; where the calendar ends, its last day."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(60))
    assert lending_desk.loan().offer.reply_by == date(2026, 2, 19)
    assert lending_desk.loan().offer.conditions == ()

    lending_desk.rule(offer_days=3)
    change = lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(50))
    assert lending_desk.loan().offer.reply_by == date(2026, 2, 8)
    assert facts(change)["conditions"] == ""

    lending_desk.rule(offer_days=10**9)
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(50))
    assert lending_desk.loan().offer.reply_by == date.max
    assert LENDING.next_wake(lending_desk.loan(), lending_desk.policy) is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "offer"),
        ({"conditions": (Condition.OTHER, Condition.OTHER)}, "conditions"),
        ({"cost": Money(-1, "CNY")}, "cost"),
        ({"cost": 5}, "cost"),
    ],
)
def test_an_offer_says_something_and_says_it_once(
    lending_desk: Any, said: dict[str, Any], field: str
) -> None:
    """Neither a condition nor a cost, a condition twice, less than nothing, no money: refused at once."""
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(c.MakeOffer, "2026-02-05", **said)

    assert refused.value.field == field
    assert lending_desk.command(c.MakeOffer, "2026-02-05", cost=yuan(0)).cost == yuan(0)


def test_an_offer_can_still_be_accepted_when_it_is_made(lending_desk: Any) -> None:
    """Its last day may be today, not yesterday; its cost is in yuan; it is not made before the request."""
    lending_desk.reach(S.NEW)
    offer = {"conditions": TERMS, "reply_by": date(2026, 2, 5)}

    assert codes(lending_desk, c.MakeOffer, "2026-02-05", **offer) == []
    assert codes(lending_desk, c.MakeOffer, "2026-02-06", **offer) == ["ill.reply-day-passed"]
    euros = {"cost": Money(5, "EUR")}
    assert codes(lending_desk, c.MakeOffer, "2026-02-06", **euros) == ["ill.wrong-currency"]
    assert codes(lending_desk, c.MakeOffer, "2026-01-30", **offer) == ["ill.before-request"]


# --- what the requester says to it ----------------------------------------------------------------


def test_who_accepts_the_latest_offer_in_time_is_promised_the_book(lending_desk: Any) -> None:
    """On its last day still; the cost is agreed, the requester hears that it will be supplied."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(60), reply_by=date(2026, 2, 10))
    change = lending_desk.do(c.AgreeToOffer, "2026-02-10", revision=1)

    loan = lending_desk.loan()
    assert (loan.state, loan.offer.state, loan.agreed) == (S.PROMISED, OfferState.ACCEPTED, yuan(60))
    assert facts(change) == {"status": "WillSupply"}
    assert messages.OFFERED in lending_desk.told(change).supersedes


@pytest.mark.parametrize(("revision", "on"), [(1, "2026-02-06"), (3, "2026-02-06"), (2, "2026-02-11")])
def test_an_acceptance_of_something_else_or_too_late_is_for_staff(
    lending_desk: Any, revision: int, on: str
) -> None:
    """Of an earlier offer, of one that was not made, a day too late: taken down, and nothing is agreed."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(60))
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(50), reply_by=date(2026, 2, 10))
    change = lending_desk.do(c.AgreeToOffer, on, revision=revision)

    loan = lending_desk.loan()
    assert (loan.state, loan.offer.state, loan.agreed) == (S.OFFERED, OfferState.OPEN, None)
    assert [reason.code for reason in loan.attention] == ["ill.attention.out-of-order"]
    assert change.messages == ()


def test_staff_enter_an_acceptance_with_its_evidence(lending_desk: Any) -> None:
    """A librarian says how he knows of it; the requester itself need not."""
    lending_desk.reach(S.OFFERED)
    said = {"revision": 1, "by": LIBRARIAN}

    assert codes(lending_desk, c.AgreeToOffer, "2026-02-06", **said) == ["ill.evidence-missing"]
    assert codes(lending_desk, c.AgreeToOffer, "2026-02-06", **said, note=" ") == ["ill.evidence-missing"]
    lending_desk.do(c.AgreeToOffer, "2026-02-06", **said, note="电话, 王老师")
    assert lending_desk.loan().state is S.PROMISED

    again = lending_desk.do(c.AgreeToOffer, "2026-02-07", revision=1)  # and then its letter comes
    assert lending_desk.loan().attention == again.messages == ()


def test_a_new_offer_voids_what_was_accepted_before(lending_desk: Any) -> None:
    """Until it is shipped; accepted anew, the new cost is agreed."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(60))
    lending_desk.do(c.AgreeToOffer, "2026-02-06", revision=1)
    lending_desk.do(c.MakeOffer, "2026-02-07", cost=yuan(80))

    assert (lending_desk.loan().state, lending_desk.loan().agreed) == (S.OFFERED, None)
    lending_desk.do(c.AgreeToOffer, "2026-02-08", revision=2)
    assert lending_desk.loan().agreed == yuan(80)


def test_who_declines_the_latest_offer_ends_it(lending_desk: Any) -> None:
    """Answered unfilled; declined twice it is still once, an earlier offer declined is for staff."""
    lending_desk.reach(S.OFFERED)
    lending_desk.do(c.MakeOffer, "2026-02-06", cost=yuan(60))
    lending_desk.do(c.DeclineOffer, "2026-02-07", revision=1)
    assert lending_desk.loan().state is S.OFFERED
    assert [reason.code for reason in lending_desk.loan().attention] == ["ill.attention.out-of-order"]

    change = lending_desk.do(c.DeclineOffer, "2026-02-07", revision=2)
    loan = lending_desk.loan()
    assert (loan.state, loan.closing, loan.why_unfilled) == (S.CLOSED, Closing.UNFILLED, Unfilled.OTHER)
    assert loan.offer.state is OfferState.REJECTED
    assert facts(change) == {"status": "Unfilled", "why": "Other"}
    (reason,) = lending_desk.told(change).reasons
    assert (reason.code, dict(reason.facts)) == ("ill.offer-declined", {"revision": 2})

    again = lending_desk.do(c.DeclineOffer, "2026-02-08", revision=2)
    assert (again.messages, len(lending_desk.loan().attention)) == ((), 1)
    lending_desk.do(c.AgreeToOffer, "2026-02-08", revision=2)  # after all? that is for staff
    assert len(lending_desk.loan().attention) == 2


def test_an_offer_that_nobody_accepts_runs_out(lending_desk: Any) -> None:
    """After its last day the clock ends it, and so may staff; not on that day."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(60), reply_by=date(2026, 2, 10))
    (reason,) = lending_desk.reasons(c.LapseOffer, "2026-02-10", by=LIBRARIAN)
    assert (reason.code, dict(reason.facts)) == ("ill.offer-still-open", {"reply_by": date(2026, 2, 10)})

    change = lending_desk.do(c.LapseOffer, "2026-02-11")
    loan = lending_desk.loan()
    assert (loan.state, loan.closing, loan.offer.state) == (S.CLOSED, Closing.UNFILLED, OfferState.LAPSED)
    assert [each.code for each in lending_desk.told(change).reasons] == ["ill.offer-lapsed"]


def test_nothing_is_shipped_while_terms_wait_for_an_answer(lending_desk: Any) -> None:
    """Not in this state; only once they are accepted."""
    lending_desk.reach(S.OFFERED)
    assert codes(lending_desk, c.Ship, "2026-02-06", items=("a",)) == ["lifecycle.not-in-state"]

    lending_desk.do(c.AgreeToOffer, "2026-02-06", revision=1)
    assert codes(lending_desk, c.Ship, "2026-02-06", items=("a",)) == []


# --- other answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", UNSUPPLIED)
def test_the_requester_is_asked_to_try_again(lending_desk: Any, state: SupplyState) -> None:
    """From when, until when, at what cost; it is over here, and an offer that was open has lapsed."""
    lending_desk.reach(state)
    days = {"after": date(2026, 3, 1), "before": date(2026, 4, 1)}
    change = lending_desk.do(
        c.AskRetry, "2026-02-06", why=Retry.ON_LOAN, **days, cost=yuan(40), note="请再试"
    )

    loan = lending_desk.loan()
    assert (loan.state, loan.closing, loan.why_retry) == (S.CLOSED, Closing.RETRY_ANSWERED, Retry.ON_LOAN)
    assert facts(change) == {
        "status": "RetryPossible",
        "why": "OnLoan",
        **days,
        "cost": yuan(40),
        "note": "请再试",
    }
    assert state is not S.OFFERED or loan.offer.state is OfferState.LAPSED


def test_what_is_not_said_of_a_retry_is_not_told(lending_desk: Any) -> None:
    """Only why; a cost in another currency is refused."""
    lending_desk.reach(S.NEW)
    said = {"why": Retry.COST_EXCEEDS_MAX_COST, "cost": Money(5, "EUR")}

    assert codes(lending_desk, c.AskRetry, "2026-02-06", **said) == ["ill.wrong-currency"]
    change = lending_desk.do(c.AskRetry, "2026-02-06", why=Retry.AT_BINDERY)
    assert facts(change) == {"status": "RetryPossible", "why": "AtBindery"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"why": Retry.ON_LOAN, "after": date(2026, 3, 2), "before": date(2026, 3, 1)}, "after"),
        ({"why": Retry.COST_EXCEEDS_MAX_COST}, "cost"),
        ({"why": Retry.ON_LOAN, "cost": Money(-1, "CNY")}, "cost"),
    ],
)
def test_a_retry_that_cannot_be_is_refused(lending_desk: Any, said: dict[str, Any], field: str) -> None:
    """Later than its last day, dearer by an amount that is not named, or less than nothing."""
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(c.AskRetry, "2026-02-05", **said)
    assert refused.value.field == field

    same = {"after": date(2026, 3, 1), "before": date(2026, 3, 1)}
    assert lending_desk.command(c.AskRetry, "2026-02-05", why=Retry.ON_LOAN, **same).after == same["before"]


def test_a_request_is_passed_on_if_the_requester_permits_it(lending_desk: Any) -> None:
    """The requester hears unfilled, with the note and the library that has it now; otherwise refused."""
    lending_desk.reach(S.NEW, forwardable=True)
    change = lending_desk.do(c.Forward, "2026-02-06", to="CN-310000", note="上海有藏")

    loan = lending_desk.loan()
    assert (loan.closing, loan.forwarded_to) == (Closing.FORWARDED, "CN-310000")
    assert facts(change) == {
        "status": "Unfilled",
        "why": "Other",
        "forwarded_to": "CN-310000",
        "note": "上海有藏",
    }
    (reason,) = loan.reasons
    assert (reason.code, dict(reason.facts)) == ("ill.forwarded", {"to": "CN-310000"})

    lending_desk.ask(case="other")
    other = {"to": "CN-310000", "case": "other"}
    assert codes(lending_desk, c.Forward, "2026-02-06", **other) == ["ill.forwarding-not-permitted"]
    with pytest.raises(InvalidValue, match="to"):
        lending_desk.command(c.Forward, "2026-02-06", to=" ")


def test_what_cannot_be_supplied_may_be_explained(lending_desk: Any) -> None:
    """The note comes with the code; a promise may be taken back so, and an offer."""
    lending_desk.reach(S.OFFERED)
    change = lending_desk.do(c.CannotSupply, "2026-02-06", why=Unfilled.NOT_ON_SHELF, note="找不到")

    assert facts(change) == {"status": "Unfilled", "why": "NotOnShelf", "note": "找不到"}
    assert lending_desk.loan().offer.state is OfferState.LAPSED


@pytest.mark.parametrize("state", UNSUPPLIED)
def test_what_nobody_needs_any_more_expires(lending_desk: Any, state: SupplyState) -> None:
    """Only by the clock, and not before the day has passed: closed, and told as unfilled."""
    lending_desk.reach(state, need_before=date(2026, 2, 10))
    assert codes(lending_desk, c.ExpireRequest, "2026-02-10") == ["ill.still-needed"]
    change = lending_desk.do(c.ExpireRequest, "2026-02-11")

    assert (lending_desk.loan().state, lending_desk.loan().closing) == (S.CLOSED, Closing.EXPIRED)
    assert facts(change) == {"status": "Unfilled", "why": "Other"}
    assert [reason.code for reason in lending_desk.told(change).reasons] == ["ill.need-before-passed"]


def test_what_has_no_last_day_does_not_expire(lending_desk: Any) -> None:
    """However long it waits."""
    lending_desk.reach(S.NEW)

    assert codes(lending_desk, c.ExpireRequest, "2036-02-10") == ["ill.still-needed"]


# --- promised by itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "said", "promised"),
    [
        ({}, {}, True),
        ({"material": None}, {}, False),
        ({}, {"max_cost": Money(20, "CNY")}, True),
        ({}, {"max_cost": Money("19.99", "CNY")}, False),
        ({}, {"max_cost": Money(20, "EUR")}, False),
        ({}, {"max_cost": Money(90, "CNY"), "service": "CopyOrLoan"}, False),
        ({}, {"service": "Copy"}, True),
        ({}, {"need_before": date(2026, 1, 30)}, False),
        ({"place": "abroad", "international_slip": "1"}, {}, True),
        ({"place": "abroad"}, {}, False),
        ({"place": "abroad", "international_slip": "1"}, {"max_cost": Money(900, "CNY")}, False),
    ],
)
def test_what_every_rule_allows_may_be_promised_at_once(
    lending_desk: Any, known: dict[str, Any], said: dict[str, Any], promised: bool
) -> None:
    """Where the rules say so: of known material, in time, and for no more than is paid unasked."""
    lending_desk.rule(promises_by_itself=True)
    lending_desk.know(**known | ({"place": Place(known["place"])} if "place" in known else {}))
    lending_desk.relate()
    change = lending_desk.ask(**said | ({"service": Service(said["service"])} if "service" in said else {}))

    assert lending_desk.loan().state is (S.PROMISED if promised else S.NEW)
    told = [message.kind for message in change.messages]
    assert told == [messages.RECEIVED, *([messages.PROMISED] if promised else [])]


def test_who_is_not_in_good_standing_is_promised_nothing(lending_desk: Any) -> None:
    """Without a security the request waits for staff; without a relation it is answered no as ever."""
    lending_desk.rule(promises_by_itself=True)
    lending_desk.relate(secured=False)
    lending_desk.ask()
    lending_desk.ask(case="other", requester="CN-530100")

    assert lending_desk.loan().state is S.NEW
    assert lending_desk.loan("other").closing is Closing.UNFILLED
