"""What a command to a ticket is made of, and what no command can be made of; what stands on every step."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from desk_at_work import ENGINEER, MONDAY, Desk, case, command, ticket

import servflow.core.aftersales as face
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import ground
from servflow.core.aftersales.tickets.model import Help
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import Route, Stage
from servflow.core.aftersales.words import PauseReason, TargetKind
from servflow.core.errors import InvalidValue, Refused

LATER = MONDAY + timedelta(hours=2)


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (c.ReportFault, {"unit": "U-1", "order_line": "O-1/1"}, "order_line"),
        (c.Triage, {"severity": 0}, "severity"),
        (c.Triage, {"severity": 5}, "severity"),
        (c.Triage, {"severity": True}, "severity"),
        (c.DecideCoverage, {"goodwill": {"food": "boss"}}, "goodwill"),
        (c.Dispatch, {"engineer": ENGINEER, "window_from": MONDAY}, "window_until"),
        (c.Dispatch, {"engineer": ENGINEER, "window_from": LATER, "window_until": MONDAY}, "window_until"),
        (c.TakeIn, {"items": ("U-1",), "condition": {"U-2": "broken"}}, "condition"),
        (c.ShowFacts, {"shown": {}}, "shown"),
        (c.MergeTicket, {"into": " "}, "into"),
        (c.PutOnHold, {"reason": PauseReason.WAITING_PART, "until": None, "remind_on": None}, "until"),
        (
            c.ExcuseDelay,
            {"what": TargetKind.RESOLVE, "reason": "storm", "start": LATER, "end": MONDAY},
            "end",
        ),
    ],
)
def test_what_contradicts_itself_is_no_command(kind: Any, said: dict[str, Any], field: str) -> None:
    """A command that cannot be meant so is not even said: the field that is wrong is named."""
    with pytest.raises(InvalidValue) as refused:
        command(kind, **said)
    assert refused.value.field == field


def test_a_window_of_one_instant_and_a_hold_with_a_day_are_commands() -> None:
    """The ends of what is allowed are allowed."""
    at_two = command(c.Dispatch, engineer=ENGINEER, window_from=MONDAY, window_until=MONDAY)
    held = command(c.PutOnHold, reason=PauseReason.WAITING_PART, until=None, remind_on=date(2026, 5, 6))
    assert (at_two.window_from, held.until) == (at_two.window_until, None)


def test_a_ticket_that_is_not_there_reads_nothing() -> None:
    """Only what opens a ticket looks at anything before there is one."""
    assert reads(None, command(c.Triage)) == ()
    assert reads(None, command(c.ReportFault)) != ()


def test_what_was_tested_is_on_record() -> None:
    """A checklist that asks for tests is met by those that were written down."""
    it = ticket(Stage.IN_SHOP, tests=("runs for an hour",))
    assert ground.on_record(case(it, command(c.Finish)))["tests"] == ("runs for an hour",)


def test_help_from_afar_is_on_record() -> None:
    """A checklist that asks for help by telephone first is met by each of its times."""
    given = Help(at=MONDAY, by="desk", route=Route.REMOTE, solved=False)
    it = ticket(Stage.APPROVED, helps=(given,))
    assert ground.on_record(case(it, command(c.Dispatch)))["remote-help"] == (MONDAY.isoformat(),)


def test_only_what_is_on_the_list_is_taken_off_it() -> None:
    """A code that nobody has to see to is refused."""
    said = command(c.ClearTicketAttention, code="aftersales.attention.unidentified")
    assert [reason.code for reason in ground.on_attention_list(case(ticket(), said))] == [
        "aftersales.not-on-list"
    ]


def test_staff_say_by_what_the_customers_word_is_known() -> None:
    """Without any evidence an acceptance that staff enter is refused, and nothing changes."""
    desk = Desk()
    desk.come_to(Stage.REPAIRED)
    before = desk.ticket()
    with pytest.raises(Refused) as refused:
        desk.do(c.AcceptWork, by=command(c.Triage).by, evidence=" ")
    assert "aftersales.no-evidence" in {reason.code for reason in refused.value.reasons}
    assert desk.ticket() == before


def test_the_face_of_the_domain_names_its_lifecycles_and_nothing_that_is_not_there() -> None:
    """``AFTERSALES`` is loaded when it is asked for; another name is an error as of any module."""
    assert {lifecycle.name for lifecycle in face.AFTERSALES} >= {"aftersales.ticket", "aftersales.book"}
    with pytest.raises(AttributeError, match="has no attribute 'BEFORESALES'"):
        face.BEFORESALES  # noqa: B018 -- asked for, not used
