"""When the clock looks at something, and what it says then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import ClassVar

from servflow.core.changes import Actor, Aggregate, Command, Office
from servflow.core.waking import Wake, at_of, next_of, said_by

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


class _State(Enum):
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case(Aggregate):
    kind: ClassVar[str] = "toy.case"

    state: _State = _State.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remind(Command):
    step: int = 0


CASE = _Case(id="C-1")


def test_the_earliest_comes_first_and_of_two_the_one_that_was_named_first() -> None:
    """None comes of none."""
    late, first, second = Wake(LATER, _Remind, "a"), Wake(NOON, _Remind, "b"), Wake(NOON, _Remind, "c")
    assert next_of([late, first, second]) is first
    assert (next_of([]), at_of(first), at_of(None)) == (None, NOON, None)


def test_the_clock_says_it_at_its_instant_whenever_it_speaks() -> None:
    """It happened when it was due; the id does not depend on when the clock spoke."""
    wake = Wake(NOON, _Remind, "term-1/2", {"step": 2})
    said = said_by(wake, CASE, "library", LATER)
    assert said == _Remind(
        id="clock/C-1/term-1/2",
        case="C-1",
        by=Actor("clock", "library", Office.CLOCK),
        happened_at=NOON,
        recorded_at=LATER,
        step=2,
    )
    assert said_by(wake, CASE, "library", NOON) is not None


def test_the_clock_does_not_speak_too_early() -> None:
    """Nor where there is nothing to say."""
    assert said_by(Wake(LATER, _Remind, "a"), CASE, "library", NOON) is None
    assert said_by(None, CASE, "library", NOON) is None


def test_a_kind_that_shares_ids_with_another_says_so_in_the_id() -> None:
    """Commands to a unit and a ticket of one id are two."""
    said = said_by(Wake(NOON, _Remind, "a"), CASE, "library", NOON, named="toy.case/C-1")
    assert said is not None
    assert said.id == "clock/toy.case/C-1/a"
