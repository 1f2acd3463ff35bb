"""What each step means to the clocks of a ticket, kind by kind: written by hand, not taken from the module."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.clockwork import ANCHORS, NEEDLESS, STOPS
from servflow.core.aftersales.words import Event, TargetKind

BEFORE = "notice quote plan design arrange on-site at-post parts purchase-order"
WORK = "resolve repair carry-out"


def words(meant: Sequence[Event | TargetKind]) -> str:
    """In their order."""
    return " ".join(each.value for each in meant)


@pytest.mark.parametrize(
    ("command", "begins"),
    [
        (c.ReportFault, "reported received occurred"),
        (c.AcceptQuote, "ordered"),
        (c.ApproveFree, "ordered"),
        (c.TakeIn, "arrived"),
        (c.Arrive, "reached"),
        (c.Finish, "finished"),
        (c.AdviseRemotely, "finished"),
        (c.ReplaceUnit, "finished"),
        (c.RefundCustomer, "finished"),
        (c.ReturnUnrepaired, "finished"),
        (c.AcceptWork, "accepted"),
        (c.DeemAccepted, "accepted"),
        (c.Fulfil, "planned"),
    ],
)
def test_the_events_that_a_step_is(command: type, begins: str) -> None:
    """Clocks begin with them."""
    assert words(ANCHORS[command]) == begins


@pytest.mark.parametrize(
    ("command", "done"),
    [
        (c.Triage, "acknowledge"),
        (c.AnswerCustomer, "acknowledge answer notice"),
        (c.LogCall, "acknowledge answer"),
        (c.GiveQuote, "acknowledge answer quote"),
        (c.Dispatch, "arrange"),
        (c.BeginInShop, "arrange"),
        (c.Arrive, "acknowledge answer on-site at-post"),
        (c.AdviseRemotely, f"acknowledge answer {WORK}"),
        (c.Finish, WORK),
        (c.ReplaceUnit, WORK),
        (c.RefundCustomer, WORK),
        (c.ReturnUnrepaired, WORK),
        (c.RecordSurvey, "call-back"),
    ],
)
def test_what_is_promised_and_done_by_a_step(command: type, done: str) -> None:
    """Its clocks stop."""
    assert words(STOPS[command]) == done


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        (c.ApproveFree, "quote"),
        (c.TakeIn, "on-site at-post"),
        (c.Finish, f"{BEFORE} {WORK}"),
        (c.AdviseRemotely, f"{BEFORE} {WORK}"),
        (c.ReplaceUnit, f"{BEFORE} {WORK}"),
        (c.RefundCustomer, f"{BEFORE} {WORK}"),
        (c.ReturnUnrepaired, f"{BEFORE} {WORK}"),
    ],
)
def test_what_nobody_needs_any_more_after_a_step(command: type, needless: str) -> None:
    """Free work needs no quote, what was brought in no visit, and what is done nothing that leads to it."""
    assert words(NEEDLESS[command]) == needless
