"""What a command itself answers and proves to a rulebook's checklists at its step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk_at_work import MONDAY, case, command, policy, ticket
from work_at_desk import quote, verdict, work

from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.policy import Checklist
from servflow.core.aftersales.showing import LACKING
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.commands import CALL_BACK
from servflow.core.aftersales.tickets.ground import answers_of, complete, on_record
from servflow.core.aftersales.tickets.model import Call, Paper, SurveyAnswer
from servflow.core.aftersales.tickets.states import PaperState, Route, Stage


@pytest.mark.parametrize(
    ("kind", "said", "answers"),
    [
        (c.Dispatch, {}, {"route": "on-site"}),
        (c.BeginInShop, {}, {"route": "shop"}),
        (c.AdviseRemotely, {"session": True, "authorised": "call-7"}, {"route": "remote", "session": "yes"}),
        (c.AdviseRemotely, {}, {"route": "remote", "session": "no"}),
        (c.Depart, {}, {"route": "shop"}),
    ],
)
def test_a_command_answers_by_what_route_the_service_goes(kind, said, answers):
    """It goes before what the ticket was planned with; every other command leaves that."""
    known = answers_of(case(ticket(Stage.APPROVED, route=Route.SHOP), command(kind, **said)))

    assert {name: known[name] for name in ("route", "session") if name in known} == answers


def test_what_somebody_answered_goes_before_what_the_command_answers():
    """A question that was answered is not answered again."""
    it = ticket(Stage.APPROVED, answers={"route": "shop"})

    assert answers_of(case(it, command(c.Dispatch)))["route"] == "shop"


def test_a_list_of_visits_binds_the_dispatch_and_not_the_shop():
    """Though both are arranged, and neither was planned before."""
    visits = Checklist(step="arrange", items=("phone",), when=When((("route", ("on-site",)),)))
    rules = policy(visits=visits)

    def lacks(kind):
        return [reason.code for reason in complete(case(ticket(Stage.APPROVED), command(kind), rules=rules))]

    assert lacks(c.Dispatch) == [LACKING]
    assert lacks(c.BeginInShop) == []


def test_a_quote_that_was_given_is_on_record():
    """By its number; a list that asks for a quote is content with it."""
    before = ticket(Stage.COVERED, verdict=verdict())
    after = quote(before, work())

    def shown(it):
        return on_record(case(it, command(c.CloseTicket))).get("quote")

    assert after.quote is not None
    assert (shown(before), shown(after)) == (None, (after.quote.ref,))


def test_papers_of_one_series_are_all_on_record():
    """Two vouchers are two for a list that asks for two; a void one is none."""
    papers = {
        f"voucher/{number}": Paper(series=Series.VOUCHER, number=number, issued_on=MONDAY.date(), state=state)
        for number, state in ((1, PaperState.OPEN), (2, PaperState.FILED), (3, PaperState.VOID))
    }
    it = ticket(Stage.ACCEPTED, papers=papers)

    assert on_record(case(it, command(c.CloseTicket)))["voucher"] == ("voucher/1", "voucher/2")


def called(minutes: int, *, taken: bool, about: str = CALL_BACK) -> Call:
    """A call so long after nine."""
    return Call(at=MONDAY + timedelta(minutes=minutes), by="clerk", about=about, taken=taken)


def test_a_call_back_that_was_taken_is_proved():
    """One that nobody took is not, nor one about something else."""
    calls = (called(1, taken=False), called(2, taken=True, about="appointment"), called(3, taken=True))

    def proved(calls):
        return on_record(case(ticket(Stage.ACCEPTED, calls=calls), command(c.CloseTicket))).get("call-back")

    assert proved(calls) == (calls[2].at.isoformat(),)
    assert proved(calls[:2]) is None


def test_a_survey_is_proved_by_its_answer_or_by_the_calls_that_nobody_took():
    """The calls do only once as many were tried as the rulebook asks for."""
    calls = (called(1, taken=False), called(2, taken=False, about="appointment"))
    answer = SurveyAnswer(
        on=MONDAY.date(), by="clerk", scores={"attitude": 5}, satisfied=True, dissatisfied=False
    )

    def proved(state, **said):
        return on_record(case(ticket(state, **said), command(c.CloseTicket))).get("satisfaction-survey")

    assert proved(Stage.ACCEPTED, calls=calls) is None
    assert proved(Stage.FOLLOWED_UP, calls=calls) == (calls[0].at.isoformat(),)
    assert proved(Stage.FOLLOWED_UP, calls=calls, survey=answer) == (MONDAY.date().isoformat(),)
