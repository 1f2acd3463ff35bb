"""The toys do what the contracts need of them, and the contracts say what they need themselves."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from servflow.core.changes import Aggregate, Command, Key
from servflow.core.errors import NotFound, Refused
from servflow.core.lifecycle import check, decide
from servflow.testing.toys import (
    NOBODY,
    POLICY,
    TOYS,
    Close,
    CloseHolder,
    Counter,
    EndSeries,
    Holder,
    HolderState,
    Open,
    OpenHolder,
    OpenSeries,
    Series,
    SeriesState,
)

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
HOLDER = Key(Holder.kind, "h")


def said(kind: type[Command], case: str, **fields: Any) -> Command:
    return kind(id=f"{kind.__name__} {case}", case=case, by=NOBODY, happened_at=AT, recorded_at=AT, **fields)


def after(*commands: Command) -> dict[Key, Aggregate]:
    aggregates: dict[Key, Aggregate] = {}
    for command in commands:
        change = decide(TOYS, command, aggregates, policy=POLICY)
        aggregates |= {it.key: it for it in change.becomes}
    return aggregates


def test_a_holder_holds_only_so_many():
    """A counter beyond the holder's limit is refused, and one that was closed makes room."""
    opened = (said(OpenHolder, "h", limit=1), said(Open, "a", holder="h"))
    with pytest.raises(Refused, match=r"toy\.limit"):
        after(*opened, said(Open, "b", holder="h"))
    aggregates = after(*opened, said(Close, "a"), said(Open, "b", holder="h"))
    holder = aggregates[HOLDER]
    assert isinstance(holder, Holder)
    assert holder.held == ("b",)


def test_a_holder_goes_when_it_holds_nothing():
    """A holder of something may not go; one that holds nothing may, for good."""
    opened = (said(OpenHolder, "h", limit=1), said(Open, "a", holder="h"))
    reasons = check(TOYS, said(CloseHolder, "h"), after(*opened), policy=POLICY)
    assert [reason.code for reason in reasons] == ["toy.still-held"]
    gone = after(*opened, said(Close, "a"), said(CloseHolder, "h"))[HOLDER]
    assert gone.state is HolderState.GONE


def test_a_counter_needs_no_holder():
    """A counter without a holder is opened and closed alone."""
    assert list(after(said(Open, "a"), said(Close, "a"))) == [Key(Counter.kind, "a")]


def test_a_series_gives_each_counter_the_next_number():
    """Counters that name a series have its numbers from 1 on; others have none, and an ended one gives none."""
    opened = (
        said(OpenSeries, "s"),
        said(Open, "a", series="s"),
        said(Open, "b"),
        said(Open, "c", series="s"),
    )
    aggregates = after(*opened)
    counters = [it for it in aggregates.values() if isinstance(it, Counter)]
    assert [(it.id, it.number) for it in counters] == [("a", 1), ("b", None), ("c", 2)]
    ended = after(*opened, said(EndSeries, "s"))[Key(Series.kind, "s")]
    assert isinstance(ended, Series)
    assert (ended.state, ended.drawn) == (SeriesState.ENDED, 2)
    with pytest.raises(Refused):
        after(*opened, said(EndSeries, "s"), said(Open, "d", series="s"))


def test_a_counter_draws_from_no_series_that_is_not_there():
    """Whoever names a series that does not exist is told so."""
    with pytest.raises(NotFound, match=r"toy\.series"):
        after(said(Open, "a", series="s"))


def test_without_pytest_the_contracts_name_the_extra():
    """The contracts need pytest; where it is missing the error says which extra brings it."""
    program = (
        "import sys; sys.modules['pytest'] = None\n"
        "from servflow.core.errors import MissingExtra\n"
        "import servflow.testing.toys\n"
        "try:\n    import servflow.testing.contracts\n"
        "except MissingExtra as error:\n    print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "pytest is not installed; install servflow[testing]"
