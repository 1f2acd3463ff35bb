"""Due dates and who may name them, renewals, recalls, returns in part, and claims after the return."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from servflow.core.changes import Command
from servflow.core.citations import PRACTICE, Dated
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.model import RenewalWish
from servflow.core.ill.lending.states import DueInClosure, SupplyState
from servflow.core.ill.terms import WhereLost
from servflow.core.worktime import Calendar

S = SupplyState


def codes(desk: Any, kind: type[Command], on: str, **said: Any) -> list[str]:
    """The codes of the reasons for which it would be refused."""
    return [reason.code for reason in desk.reasons(kind, on, **said)]


def facts(change: Any, number: int = -1) -> dict[str, Any]:
    """The facts of one thing that was told."""
    return dict(change.messages[number].facts)


@pytest.fixture
def closing_desk(lending_desk: Any) -> Any:
    """Closed on Sundays and from 1 to 8 March 2026; a due date moves to the next open day."""
    always = ((time(), time()),)
    calendar = Calendar(
        "closing",
        lending_desk.policy.zone,
        weekly=dict.fromkeys(range(6), always),
        exceptions={date(2026, 3, day): () for day in range(1, 9)},
    )
    rule = Dated.always("due-in-closure", DueInClosure.NEXT_OPEN_DAY, PRACTICE)
    lending_desk.policy = replace(lending_desk.policy, calendar=calendar, due_in_closure=rule)
    return lending_desk


# --- due dates ------------------------------------------------------------------------------------


def test_a_due_day_that_is_closed_moves_where_the_rules_say_so(closing_desk: Any) -> None:
    """Shipped on 5 February: not due on 5 March, when the desk is closed, but on the 9th; renewed alike."""
    closing_desk.reach(S.SHIPPED)
    assert closing_desk.loan().due == date(2026, 3, 9)
    closing_desk.renew("2026-02-20")
    assert closing_desk.loan().due == date(2026, 3, 24)  # a Tuesday

    closing_desk.ask(case="next")
    closing_desk.do(c.Ship, "2026-02-14", items=("c",), case="next")
    assert closing_desk.loan("next").due == date(2026, 3, 14)  # a Saturday: open
    closing_desk.do(c.RequestRenewal, "2026-02-20", case="next", reason="课程未结束")
    closing_desk.do(c.GrantRenewal, "2026-02-20", case="next")
    assert closing_desk.loan("next").due == date(2026, 3, 30)  # the 29th is a Sunday


def test_a_due_day_that_is_closed_stays_where_the_rules_say_so(closing_desk: Any) -> None:
    """Calendar days are counted: 5 March it is, and a day that is named may be closed too."""
    closing_desk.rule(due_in_closure=DueInClosure.KEEP)
    closing_desk.reach(S.SHIPPED)
    assert closing_desk.loan().due == date(2026, 3, 5)

    closing_desk.ask(case="next")
    ship = {"items": ("c",), "due": date(2026, 3, 8), "case": "next"}
    assert codes(closing_desk, c.Ship, "2026-02-06", **ship) == []


def test_a_due_day_that_is_named_is_an_open_day(closing_desk: Any) -> None:
    """Shipping, renewal and recall: refused on a closed day, with the next one that is open."""
    closing_desk.reach(S.NEW)
    closed, clause = date(2026, 3, 7), "PRACTICE"

    def refused(kind: type[Command], on: str, **said: Any) -> list[tuple[str, str, dict[str, Any]]]:
        found = closing_desk.reasons(kind, on, **said)
        return [(each.code, each.clause.id, dict(each.facts)) for each in found]

    expected = [
        ("ill.due-on-closed-day", clause, {"due": closed, "next_open": date(2026, 3, 9)}),
    ]
    assert refused(c.Ship, "2026-02-06", items=("a",), due=closed) == expected
    closing_desk.do(c.Ship, "2026-02-06", items=("a",), due=date(2026, 3, 9))
    assert closing_desk.loan().due == date(2026, 3, 9)
    assert refused(c.Recall, "2026-02-10", due=closed, reason="馆内急需") == expected
    closing_desk.do(c.RequestRenewal, "2026-02-10", reason="课程未结束")
    sunday = [("ill.due-on-closed-day", clause, {"due": date(2026, 3, 15), "next_open": date(2026, 3, 16)})]
    assert refused(c.GrantRenewal, "2026-02-10", due=date(2026, 3, 15)) == sunday
    assert refused(c.GrantRenewal, "2026-02-10", due=date(2026, 3, 16)) == []


@pytest.mark.parametrize(("due", "refused"), [(date(2026, 2, 6), True), (date(2026, 2, 7), False)])
def test_another_due_day_may_be_promised(lending_desk: Any, due: date, refused: bool) -> None:
    """From tomorrow on; the requester and the account hear it, and reminders go by it."""
    lending_desk.reach(S.NEW)
    found = lending_desk.reasons(c.Ship, "2026-02-06", items=("a",), due=due)
    assert [(each.code, dict(each.facts)) for each in found] == (
        [("ill.due-too-early", {"due": due, "after": date(2026, 2, 6)})] if refused else []
    )

    change = lending_desk.do(c.Ship, "2026-02-06", items=("a",), due=date(2026, 2, 20))
    assert facts(change)["due"] == lending_desk.loan().due == date(2026, 2, 20)
    assert lending_desk.relation().out[lending_desk.loan().id].due == date(2026, 2, 20)
    assert lending_desk.owed("2026-02-21")["overdue"].minor == 500


# --- renewals and recalls -------------------------------------------------------------------------


def test_a_renewal_says_why_and_until_when(lending_desk: Any) -> None:
    """Both are on record until it is answered."""
    lending_desk.reach(S.SHIPPED)
    wish = {"reason": "课程未结束", "desired": date(2026, 4, 1), "id": "wish-1"}
    change = lending_desk.do(c.RequestRenewal, "2026-02-20", **wish)
    assert lending_desk.loan().renewal_wish == RenewalWish(
        said_in="wish-1", reason="课程未结束", desired=date(2026, 4, 1)
    )
    assert [message.kind for message in change.messages] == [messages.RENEWAL_ASKED]

    granted = lending_desk.do(c.GrantRenewal, "2026-02-20", due=date(2026, 4, 1))
    assert lending_desk.loan().renewal_wish is None
    assert lending_desk.loan().due == date(2026, 4, 1)
    assert (facts(granted)["yes"], facts(granted)["due"], facts(granted)["status"]) == (
        True,
        date(2026, 4, 1),
        "Loaned",
    )


@pytest.mark.parametrize("due", [date(2026, 3, 5), date(2026, 3, 1)])
def test_a_renewal_gives_more_time(lending_desk: Any, due: date) -> None:
    """The old due day again, or an earlier one, is none; the day after it is."""
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")
    (reason,) = lending_desk.reasons(c.GrantRenewal, "2026-02-20", due=due)

    assert (reason.code, dict(reason.facts)) == (
        "ill.renewal-not-longer",
        {"due": date(2026, 3, 5), "asked": due},
    )
    assert codes(lending_desk, c.GrantRenewal, "2026-02-20", due=date(2026, 3, 6)) == []


def test_a_renewal_is_declined_by_rules_too(lending_desk: Any) -> None:
    """Staff may name the rules beside the reason: the requester hears both, and the status as it is."""
    lending_desk.reach(S.SHIPPED)
    rules = lending_desk.not_renewed("2026-03-06")
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")
    change = lending_desk.do(c.DeclineRenewal, "2026-02-20", reason="展览", reasons=rules)

    assert lending_desk.told(change).reasons == rules != ()
    said = facts(change)
    assert (said["yes"], said["due"], said["reason"], said["status"]) == (
        False,
        date(2026, 3, 5),
        "展览",
        "Loaned",
    )


def test_a_recall_answers_the_renewal_with_no_first(lending_desk: Any) -> None:
    """Two messages in this order: no, and the old due day; then the recall, and its own."""
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.RequestRenewal, "2026-02-20", reason="课程未结束")
    change = lending_desk.do(c.Recall, "2026-02-21", due=date(2026, 2, 28), reason="馆内急需")

    assert [(message.kind, dict(message.facts)["due"]) for message in change.messages] == [
        (messages.RENEWAL_DECLINED, date(2026, 3, 5)),
        (messages.RECALLED, date(2026, 2, 28)),
    ]
    assert [reason.code for reason in change.messages[0].reasons] == ["ill.recalled"]
    assert len({message.key for message in change.messages}) == 2


def test_a_return_is_held_and_released(lending_desk: Any) -> None:
    """The requester hears each once; what it was told already is refused."""
    lending_desk.reach(S.AT_REQUESTER)
    assert codes(lending_desk, c.HoldReturn, "2026-02-06", held=False) == ["ill.hold-as-it-is"]
    change = lending_desk.do(c.HoldReturn, "2026-02-06", held=True)
    assert (lending_desk.told(change).kind, facts(change)["held"]) == (messages.HELD, True)
    assert lending_desk.loan().held_return is True
    (reason,) = lending_desk.reasons(c.HoldReturn, "2026-02-07", held=True)
    assert (reason.code, dict(reason.facts)) == ("ill.hold-as-it-is", {"held": True})

    released = lending_desk.do(c.HoldReturn, "2026-02-08", held=False)
    assert facts(released)["held"] is False
    assert lending_desk.loan().held_return is None


def test_what_is_over_is_held_no_more(lending_desk: Any) -> None:
    """It came back all the same; a return is never refused."""
    lending_desk.reach(S.AT_REQUESTER)
    lending_desk.do(c.HoldReturn, "2026-02-06", held=True)
    lending_desk.do(c.CheckIn, "2026-02-07")

    assert lending_desk.loan().held_return is None


# --- returns and losses in part, and where --------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "partly"), [((), False), (("a", "b"), False), (("b", "a"), False), (("b",), True)]
)
@pytest.mark.parametrize(
    ("kind", "state", "code"),
    [
        (c.ReportReturn, S.RETURN_IN_TRANSIT, "ill.attention.partly-on-its-way"),
        (c.ReportLost, S.LOST, "ill.attention.partly-lost"),
    ],
)
def test_staff_look_at_what_concerns_some_pieces_only(
    lending_desk: Any, kind: type[Command], state: SupplyState, code: str, items: Any, partly: bool
) -> None:
    """The state follows the last piece; which pieces were named is there to be read."""
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(kind, "2026-02-06", items=items)

    assert lending_desk.loan().state is (S.SHIPPED if partly else state)
    found = [(reason.code, dict(reason.facts)) for reason in lending_desk.loan().attention]
    assert found == ([(code, {"items": "b"})] if partly else [])


@pytest.mark.clause("NLC-13")
@pytest.mark.parametrize(
    ("where", "code"),
    [
        (WhereLost.TRANSIT_BACK, "ill.damaged-in-return-post"),
        (WhereLost.PATRON, "ill.loss-compensated"),
        (None, "ill.loss-compensated"),
    ],
)
def test_where_it_was_lost_says_who_answers_for_it(
    lending_desk: Any, where: WhereLost | None, code: str
) -> None:
    """On the way back it is the sender's risk, also where the return had not been reported."""
    lending_desk.reach(S.AT_REQUESTER)
    change = lending_desk.do(c.ReportLost, "2026-02-06", where=where)

    assert [reason.code for reason in lending_desk.told(change).reasons] == [code]
    assert lending_desk.loan().lost_where is where


# --- claims after the return ----------------------------------------------------------------------


@pytest.mark.parametrize(("on", "refused"), [("2026-02-20", False), ("2026-02-21", True)])
def test_a_damage_is_claimed_within_its_days(lending_desk: Any, on: str, refused: bool) -> None:
    """Ten days after the last piece came back; without a limit at any time."""
    lending_desk.rule(claim_days=10)
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.CheckIn, "2026-02-06", items=("a",))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("b",))
    found = lending_desk.reasons(c.RecordDamage, on, item="a", note="水渍")

    assert [(each.code, each.clause.id, dict(each.facts)) for each in found] == (
        [("ill.claim-too-late", "PRACTICE", {"back_on": date(2026, 2, 10), "days": 10})] if refused else []
    )
    lending_desk.rule(claim_days=None)
    assert codes(lending_desk, c.RecordDamage, "2036-02-20", item="a", note="水渍") == []


def test_only_what_came_back_has_a_last_day_for_claims(lending_desk: Any) -> None:
    """What is still out, or lost, may be found damaged at any time."""
    lending_desk.rule(claim_days=0)
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.CheckIn, "2026-02-06", items=("a",))

    assert codes(lending_desk, c.RecordDamage, "2026-02-20", item="a", note="水渍") == []


def test_a_damage_says_whether_it_happened_in_the_post(lending_desk: Any) -> None:
    """The requester hears item, note, and that."""
    lending_desk.reach(S.CLOSED)
    change = lending_desk.do(c.RecordDamage, "2026-02-06", item="a", note="水渍", in_post=True)

    assert (facts(change)["item"], facts(change)["note"], facts(change)["in_post"]) == ("a", "水渍", True)
