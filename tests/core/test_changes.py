"""Commands, aggregates, and the alterations that a journal is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from change_laws import fields_of
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.changes import (
    Actor,
    Aggregate,
    Alteration,
    Append,
    Change,
    Command,
    Drop,
    Entry,
    Key,
    Message,
    Office,
    Put,
    Set,
    Withdrawal,
    altered,
    fold,
)
from servflow.core.errors import AlreadyExists, InvalidValue, StaleVersion
from servflow.core.money import Money

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ANN = Actor("ann", "library", Office.STAFF)


class Mood(Enum):
    """Two states."""

    CALM = "calm"
    CROSS = "cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Aggregate):
    """One field of every sort."""

    kind: ClassVar[str] = "toy.case"

    state: Mood
    title: str = ""
    note: str | None = None
    count: int = 0
    done: bool = False
    fee: Money | None = None
    log: tuple[str, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)
    where: Key | None = None


CASE = Case(id="1", state=Mood.CALM)


def command(**more: Any) -> Command:
    """A command; ``more`` overrides."""
    given_ = {"id": "c-1", "case": "1", "by": ANN, "happened_at": NOON, "recorded_at": NOON, **more}
    return Command(**given_)


# --- commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["id", "case"])
@pytest.mark.parametrize("text", ["", "  ", None, 7])
def test_a_command_has_an_id_and_a_case(name: str, text: object) -> None:
    """Neither may be empty, or no text at all."""
    with pytest.raises(InvalidValue) as refused:
        command(**{name: text})

    assert (refused.value.field, refused.value.found) == (name, text)


@pytest.mark.parametrize("name", ["happened_at", "recorded_at"])
def test_a_naive_time_is_refused(name: str) -> None:
    """A time without its offset is no instant."""
    with pytest.raises(InvalidValue, match=name):
        command(**{name: NOON.replace(tzinfo=None)})


def test_what_happened_lies_not_after_its_record() -> None:
    """It may lie back, or be the same instant in another zone; not a microsecond later."""
    command(happened_at=NOON - timedelta(days=2))
    command(happened_at=NOON.astimezone(timezone(timedelta(hours=8))))
    with pytest.raises(InvalidValue) as refused:
        command(happened_at=NOON + timedelta(microseconds=1))

    assert refused.value.expected == "an instant not after recorded_at (2026-01-31T12:00:00+00:00)"


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """In autumn a command may be recorded by a wall clock that shows less than it did when it happened."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 45, tzinfo=berlin)
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin)
    command(happened_at=first, recorded_at=second)
    with pytest.raises(InvalidValue, match="not after recorded_at"):
        command(happened_at=second, recorded_at=first)


def test_a_command_cannot_be_changed() -> None:
    """It is a value; so are actors and aggregates."""
    for value, name in ((command(), "id"), (ANN, "party"), (CASE, "title")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "other")


@pytest.mark.parametrize("kind", [Command, Aggregate, Message])
def test_fields_are_given_by_name(kind: type) -> None:
    """Nobody remembers the order of so many."""
    with pytest.raises(TypeError, match="positional"):
        kind("c-1")


@pytest.mark.parametrize(
    "value",
    [
        ANN,
        command(),
        CASE,
        Set("x", 1),
        Append("x", (1,)),
        Put("x", "y", 1),
        Drop("x", "y"),
        Message(key="m", to="ann", kind="hello", about=CASE.key),
        Withdrawal(CASE.key, ("hello",)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_have_slots_and_can_be_hashed(value: object) -> None:
    """They hold their fields and nothing else; equal ones count once in a set, where fields allow it."""
    assert not hasattr(value, "__dict__")
    if not isinstance(value, Case):
        assert hash(value) == hash(replace(value))  # type: ignore[type-var]


# --- keys and aggregates --------------------------------------------------------------------------


def test_a_key_is_a_kind_and_an_id() -> None:
    """It is written so. Before its first entry a case is at version 0."""
    assert CASE.key == Key("toy.case", "1")
    assert CASE.version == 0
    assert str(CASE.key) == "toy.case 1"


def test_a_change_holds_nothing_that_was_not_given() -> None:
    """Messages, withdrawals, postings and wakes are empty unless they are there."""
    entry = Entry(CASE.key, 1, command(), "staff", None, "r", "c", ())
    change = Change(command(), (CASE,), ((CASE.key, 0),), (entry,))

    assert change[4:] == ((), (), (), ())


@pytest.mark.parametrize("seqs", [(1,), (1, 2)])
def test_opening_what_is_there_already_clashes_with_it(seqs: tuple[int, ...]) -> None:
    """Whoever opens a case, in one step or more, and finds it there is told that it exists."""
    entries = tuple(Entry(CASE.key, seq, command(), "staff", None, "r", "c", ()) for seq in seqs)
    clash = Change(command(), (CASE,), ((CASE.key, 0),), entries).clash(CASE.key, 0, 3)

    assert isinstance(clash, AlreadyExists)
    assert (clash.kind, clash.id) == ("toy.case", "1")


def test_a_change_of_what_somebody_else_changed_first_is_stale() -> None:
    """It names both versions; also for a case that was only read, in a change that opens another one."""
    read, opened = Key("toy.case", "2"), Entry(CASE.key, 1, command(), "staff", None, "r", "c", ())
    later = opened._replace(key=read, seq=3)
    for entries in ((later,), (opened,), (opened, later)):
        clash = Change(command(), (CASE,), ((read, 2),), entries).clash(read, 2, 5)

        assert isinstance(clash, StaleVersion)
        assert (clash.kind, clash.id, clash.expected, clash.found) == ("toy.case", "2", 2, 5)


def test_a_message_may_leave_at_once() -> None:
    """Unless it is told not to, and it supersedes nothing unless it says so."""
    message = Message(key="m-1", to="ann", kind="hello", about=CASE.key)

    assert (message.not_before, message.supersedes, message.facts, message.reasons) == (None, (), (), ())


# --- alterations ----------------------------------------------------------------------------------


def test_what_was_opened_is_set_field_by_field() -> None:
    """What is None or empty is left out; nothing, no and the empty text are values."""
    opened = replace(CASE, fee=Money(0, "CNY"), log=("a",), marks={"x": 1})

    assert altered(None, opened) == (
        Set("state", Mood.CALM),
        Set("title", ""),
        Set("count", 0),
        Set("done", False),
        Set("fee", Money(0, "CNY")),
        Set("log", ("a",)),
        Set("marks", {"x": 1}),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"title": "x", "count": 2}, (Set("title", "x"), Set("count", 2))),
        ({}, {"state": Mood.CROSS}, (Set("state", Mood.CROSS),)),
        ({"note": "x"}, {"note": None}, (Set("note", None),)),
        ({"log": ()}, {"log": ("a",)}, (Set("log", ("a",)),)),
        ({"log": ("a",)}, {"log": ("a", "b", "c")}, (Append("log", ("b", "c")),)),
        ({"log": ("a", "b")}, {"log": ("a",)}, (Set("log", ("a",)),)),
        ({"log": ("a", "b")}, {"log": ("b", "a")}, (Set("log", ("b", "a")),)),
        ({"log": ("a",)}, {"log": ()}, (Set("log", ()),)),
        ({"marks": {}}, {"marks": {"x": 1}}, (Set("marks", {"x": 1}),)),
        ({"marks": {"x": 1}}, {"marks": {}}, (Set("marks", {}),)),
        ({"marks": {"x": 1}}, {"marks": {"x": 1, "y": 2}}, (Put("marks", "y", 2),)),
        ({"marks": {"x": 1, "y": 2}}, {"marks": {"x": 3, "y": 2}}, (Put("marks", "x", 3),)),
        ({"marks": {"x": 1, "y": 2}}, {"marks": {"y": 2}}, (Drop("marks", "x"),)),
        ({"marks": {"x": 1}}, {"marks": {"y": 2}}, (Put("marks", "y", 2), Drop("marks", "x"))),
        ({"where": Key("a", "1")}, {"where": Key("a", "2")}, (Set("where", Key("a", "2")),)),
        ({"marks": {"x": 1}}, {"marks": {"x": 1}}, ()),
        ({"title": "x", "log": ("a",)}, {"title": "x", "log": ("a",)}, ()),
    ],
)
def test_an_entry_holds_what_became_different(
    before: dict[str, Any], after: dict[str, Any], expected: tuple[Alteration, ...]
) -> None:
    """What grew is appended or put, so that an entry is as small as what happened."""
    one = replace(CASE, **before)
    other = replace(one, **after)

    assert altered(one, other) == expected
    assert fold(fields_of(one), expected) == fields_of(other)


def test_a_mapping_that_is_no_dict_is_set_whole() -> None:
    """Only dicts are compared name by name."""
    before = replace(CASE, marks=MappingProxyType({"x": 1}))
    after = replace(CASE, marks=MappingProxyType({"x": 1, "y": 2}))

    assert altered(before, after) == (Set("marks", MappingProxyType({"x": 1, "y": 2})),)


def test_id_and_version_are_the_entrys_own() -> None:
    """No alteration speaks of them."""
    assert altered(CASE, replace(CASE, version=9)) == ()


# --- folding --------------------------------------------------------------------------------------


def test_folding_changes_nothing_it_was_given() -> None:
    """What was there before is there still, sequences and mappings included."""
    start = {"log": ["a"], "marks": {"x": 1}}
    result = fold(start, (Append("log", ("b",)), Put("marks", "y", 2), Drop("marks", "x"), Set("n", 1)))

    assert result == {"log": ["a", "b"], "marks": {"y": 2}, "n": 1}
    assert start == {"log": ["a"], "marks": {"x": 1}}


@pytest.mark.parametrize("empty", [None, (), [], {}])
def test_absent_none_and_empty_are_one(empty: object) -> None:
    """A field that became None or empty is gone from what is folded."""
    assert fold({"x": "there"}, (Set("x", empty),)) == {}


def test_a_mapping_from_which_all_is_dropped_is_gone() -> None:
    """The last name takes the field with it."""
    assert fold({"marks": {"x": 1}}, (Drop("marks", "x"),)) == {}


@pytest.mark.parametrize("value", [0, False, "", Money(0, "CNY")])
def test_nothing_at_all_is_a_value(value: object) -> None:
    """Zero, no and the empty text stay."""
    assert fold({}, (Set("x", value),)) == {"x": value}


def test_stored_sequences_stay_lists() -> None:
    """A tuple stays a tuple, a list a list, whatever is appended."""
    assert fold({"log": ["a"]}, (Append("log", ("b",)),)) == {"log": ["a", "b"]}
    assert fold({"log": ("a",)}, (Append("log", ("b",)),)) == {"log": ("a", "b")}


@pytest.mark.parametrize(
    ("start", "alteration"),
    [
        ({}, Append("log", ("a",))),
        ({"log": "text"}, Append("log", ("a",))),
        ({}, Put("log", "x", 1)),
        ({"log": ("a",)}, Put("log", "x", 1)),
        ({}, Drop("log", "x")),
        ({"log": {"y": 1}}, Drop("log", "x")),
        ({"log": ("x",)}, Drop("log", "x")),
    ],
)
def test_a_damaged_journal_is_not_folded(start: dict[str, Any], alteration: Alteration) -> None:
    """An alteration that does not fit what is there is refused, with its field."""
    with pytest.raises(InvalidValue) as refused:
        fold(start, (alteration,))

    assert refused.value.field == "journal, field log"
    assert refused.value.found == alteration


small = st.text("ab", max_size=2)
cases = st.builds(
    Case,
    id=st.just("1"),
    state=st.sampled_from(Mood),
    title=small,
    note=st.none() | small,
    count=st.integers(0, 2),
    done=st.booleans(),
    fee=st.none() | st.integers(0, 1).map(lambda minor: Money.of_minor(minor, "CNY")),
    log=st.lists(small, max_size=3).map(tuple),
    marks=st.dictionaries(small, st.integers(0, 2), max_size=3),
    where=st.none() | st.builds(Key, small, small),
)


@given(st.lists(cases, min_size=1, max_size=5))
def test_a_journal_folds_to_what_it_tells_of(versions: list[Case]) -> None:
    """Whatever became of a case, the alterations put together give its fields."""
    journal: list[Alteration] = []
    before: Case | None = None
    for version in versions:
        journal += altered(before, version)
        before = version

        assert fold({}, journal) == fields_of(version)


@given(cases, cases)
def test_the_same_is_never_altered_twice(one: Case, other: Case) -> None:
    """A field is named only if it differs."""
    different = {
        name
        for name in ("state", "title", "note", "count", "done", "fee", "log", "marks", "where")
        if getattr(one, name) != getattr(other, name)
    }

    assert {alteration.field for alteration in altered(one, other)} == different


def test_an_institution_acts_by_its_rules_and_by_the_clock() -> None:
    """Both are named in journals: the names are stored data."""
    assert Actor.policy("library") == Actor("policy", "library", Office.SYSTEM)
    assert Actor.clock("library") == Actor("clock", "library", Office.CLOCK)


def test_what_a_command_brings_with_it_is_named_after_it() -> None:
    """It happens at the same time, and is said by whoever says it."""
    said = Command(id="c", case="C-1", by=ANN, happened_at=NOON, recorded_at=NOON + timedelta(1))
    by = Actor.policy("library")
    assert Command(**said.entailed("book", case="ann", by=by)) == replace(
        said, id="c/book", case="ann", by=by
    )


def test_a_message_is_named_by_the_step_that_tells_it() -> None:
    """With a word where one step tells several parties the same."""
    it = Case(id="C-1", state=Mood.CALM, version=4)
    told = Message.of(it, "toy.told", "ann", (("title", "t"),), supersedes=("toy.before",))
    assert told == Message(
        key="toy.case/C-1/5/toy.told",
        to="ann",
        kind="toy.told",
        about=it.key,
        facts=(("title", "t"),),
        supersedes=("toy.before",),
    )
    assert Message.of(it, "toy.told", "ann", word="toy.told/ann").key == "toy.case/C-1/5/toy.told/ann"
