"""Where the tables of after-sales service ask for what the firm lists for a step."""

from __future__ import annotations

from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.complaints.model import ComplaintRole
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.tickets.commands import CloseTicket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.rows import Row

ROWS = [row for table in AFTERSALES for row in table.rows if row.does is not None]


def asks_for_its_list(row: Row) -> bool:
    """Whether it needs the guard that each room has for that."""
    return "complete" in {getattr(guard, "__name__", "") for guard in row.needs}


def test_what_is_a_step_to_a_rulebook_asks_for_its_list_in_every_row() -> None:
    """But for a ticket whose quote was declined, and a complaint that a program files; other rows ask for none."""
    named = [row for row in ROWS if getattr(row.command, "step", "")]
    without = [(row.command, row.states, row.by) for row in named if not asks_for_its_list(row)]

    assert [each[:2] for each in without if each[0] is CloseTicket] == [(CloseTicket, Stage.DECLINED)]
    assert [each[::2] for each in without if each[0] is not CloseTicket] == [
        (FileComplaint, ComplaintRole.SYSTEM)
    ]
    assert not any(asks_for_its_list(row) for row in ROWS if row not in named)
