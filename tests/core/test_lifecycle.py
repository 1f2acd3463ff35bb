"""Tables that contradict themselves, and how a command is admitted, carried out, and refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar

import pytest

from servflow.core import lifecycle as engine
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office, Set, Withdrawal
from servflow.core.citations import Reason
from servflow.core.errors import (
    AlreadyExists,
    InvalidCommand,
    InvalidTable,
    InvalidValue,
    MissingValue,
    NotFound,
    Refused,
)
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import (
    ALWAYS,
    NOT_IN_STATE,
    NOT_YOURS,
    OPENING,
    SAME,
    Lifecycle,
    Lifecycles,
    Outcome,
    Policies,
    Row,
    Situation,
    check,
    chooser,
    decide,
    policy_for,
)
from servflow.core.money import Money

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
Any4 = Situation[Any, Any, Any, Any]


class S(Enum):
    """States."""

    NEW = "new"
    OPEN = "open"
    SHUT = "shut"


class Elsewhere(Enum):
    """States and roles of some other table."""

    LOST = "lost"


class R(Enum):
    """Roles."""

    PATRON = "patron"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door(Aggregate):
    """Something with a state and a note."""

    kind: ClassVar[str] = "toy.door"

    state: S
    note: str = ""
    opened_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell(Aggregate):
    """Something else, that rings."""

    kind: ClassVar[str] = "toy.bell"

    state: S
    rung: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Make(Command):
    """Opens a door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Command):
    """A command."""

    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut(Command):
    """A command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang(Command):
    """Opens a bell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Command):
    """A command to a bell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A policy."""

    rulebook: str = "rules-1"
    calendar_digest: str = "calendar-1"


RULES = Rules()
PATRON, STAFF = R.PATRON, R.STAFF


def make(s: Any4) -> Outcome:
    """The door as it begins."""
    return Outcome(Door(id=s.command.case, state=S.SHUT))


def keep(s: Any4) -> Outcome:
    """Nothing becomes different."""
    return Outcome(s.it)


@chooser
def heavy(s: Any4) -> bool:
    """A test."""
    return "heavy" in s.command.note


@chooser
def wet(s: Any4) -> bool:
    """A test."""
    return "wet" in s.command.note


def no_wind(s: Any4) -> Iterator[Reason]:
    """A guard."""
    if "windy" in s.command.note:
        yield Reason("door.wind")


def no_dark(s: Any4) -> Iterator[Reason]:
    """A guard."""
    if "dark" in s.command.note:
        yield Reason("door.dark", None, (("lamps", 0),))


def roles_of(_it: Aggregate | None, actor: Actor) -> tuple[R, ...]:
    """The roles stand in the actor's reference, the strongest first."""
    return tuple(R(role) for role in actor.party.split("+")) if actor.party else ()


ROWS = (
    Row(OPENING, Make, S.NEW, STAFF, ALWAYS, (), make),
    Row(S.NEW, Open, S.OPEN, PATRON),
    Row((S.NEW, S.OPEN), Shut, S.SHUT, (STAFF, PATRON)),
)


def lifecycle(*rows: Row, **more: Any) -> Lifecycle:
    """A table of these rows; ``more`` overrides."""
    made = {
        "model": Door, "states": S, "roles": R, "final": (S.SHUT,), "roles_of": roles_of, "rows": rows, **more,
    }  # fmt: skip
    return Lifecycle(**made)


def say(kind: type[Command], by: str = "staff", *, case: str = "1", **more: Any) -> Command:
    """A command by somebody in these roles."""
    actor = Actor(by, "library", Office.STAFF)
    return kind(id=f"c-{kind.__name__}", case=case, by=actor, happened_at=NOON, recorded_at=NOON, **more)


def door(state: S = S.NEW, version: int = 4, **more: Any) -> dict[Key, Aggregate]:
    """What was read: one door."""
    it = Door(id="1", state=state, version=version, **more)
    return {it.key: it}


# --- tables that do not load ----------------------------------------------------------------------


def problems(*rows: Row, **more: Any) -> list[str]:
    """Every problem of a table, as text."""
    with pytest.raises(InvalidTable) as refused:
        lifecycle(*rows, **more)
    assert refused.value.subject == f"lifecycle {more.get('model', Door).kind}"
    return [str(problem) for problem in refused.value.problems]


def test_a_sound_table_loads() -> None:
    """The rows that the other tests spoil are right."""
    lifecycle(*ROWS)


def test_a_state_without_a_way_in_is_reported() -> None:
    """Unreachable."""
    rows = (Row(OPENING, Make, S.OPEN, STAFF, does=make), Row(S.NEW, Open, S.OPEN, PATRON), ROWS[2])
    assert problems(*rows) == [
        "toy.door, state NEW: found no way into it, expected a path from an opening row"
    ]


def test_a_table_that_nothing_opens_reaches_nothing() -> None:
    """Without an opening row no state has a way in."""
    found = problems(*ROWS[1:])
    assert [problem.split(":")[0] for problem in found] == [
        "toy.door, state NEW", "toy.door, state OPEN", "toy.door, state SHUT",
    ]  # fmt: skip


def test_a_trap_is_reported() -> None:
    """A state from which no final state can be reached, though it is left."""
    rows = (*ROWS[:2], Row(S.NEW, Shut, S.SHUT, STAFF), Row(S.OPEN, Shut, SAME, STAFF))
    assert problems(*rows) == [
        "toy.door, state OPEN: found no way from it to a final state, expected a path to one"
    ]


def test_a_table_without_an_end_has_no_final_state() -> None:
    """It may go round for ever; a state that is left for itself alone is still a trap."""
    lifecycle(*ROWS, Row(S.SHUT, Open, S.OPEN, STAFF), final=())

    assert problems(*ROWS, Row(S.SHUT, Open, SAME, STAFF), final=()) == [
        "toy.door, state SHUT: found no way out of it, expected one to another state, in a table without an end"
    ]


def test_two_states_that_only_lead_to_each_other_are_a_trap() -> None:
    """Each can be left, neither comes to an end."""
    rows = (*ROWS[:2], Row(S.OPEN, Shut, S.NEW, STAFF))
    found = problems(*rows)
    assert "toy.door, state NEW: found no way from it to a final state, expected a path to one" in found
    assert "toy.door, state OPEN: found no way from it to a final state, expected a path to one" in found


def test_a_way_out_of_a_final_state_is_reported() -> None:
    """Final is final; what leaves the state as it is may be said."""
    assert problems(*ROWS, Row(S.SHUT, Open, S.OPEN, PATRON)) == [
        "toy.door, row SHUT Open: found a way out of the final state SHUT, expected none"
    ]
    lifecycle(*ROWS, Row(S.SHUT, Open, SAME, PATRON))


def test_a_final_state_of_another_table_is_reported() -> None:
    """It would end nothing."""
    assert problems(*ROWS, final=(S.SHUT, Elsewhere.LOST)) == [
        "toy.door, final: found the state Elsewhere.LOST, expected one of S"
    ]


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (Row(Elsewhere.LOST, Open, S.OPEN, PATRON), "LOST Open"),
        (Row(S.NEW, Open, Elsewhere.LOST, STAFF), "NEW Open"),
        (Row((S.OPEN, Elsewhere.LOST), Open, S.OPEN, STAFF), "OPEN/LOST Open"),
    ],
)
def test_a_state_of_another_table_is_reported(row: Row, place: str) -> None:
    """On either side of a row."""
    assert f"toy.door, row {place}: found the state Elsewhere.LOST, expected one of S" in problems(*ROWS, row)


@pytest.mark.parametrize("to", [OPENING, SAME])
def test_nothing_leads_back_before_the_opening(to: Enum) -> None:
    """An opening leads to a state, and no row leads to the opening."""
    spoilt = Row(OPENING, Make, to, STAFF, does=make)
    assert problems(*ROWS, spoilt)


def test_an_opening_has_a_state_and_an_effect() -> None:
    """Something must say what the aggregate is when it begins."""
    expected = "toy.door, row OPENING Make: found an opening without a state or an effect, expected both"
    assert problems(Row(OPENING, Make, S.NEW, STAFF), *ROWS[1:]) == [expected]
    assert expected in problems(Row(OPENING, Make, SAME, STAFF, does=make), *ROWS[1:])


def test_a_role_of_another_table_is_reported() -> None:
    """Nobody would ever have it."""
    row = Row(S.OPEN, Open, SAME, (STAFF, Elsewhere.LOST))
    assert problems(*ROWS, row) == [
        "toy.door, row OPEN Open: found the role Elsewhere.LOST, expected one of R"
    ]


def test_a_role_that_never_acts_is_reported() -> None:
    """Every role has a row."""
    rows = (ROWS[0], Row(S.NEW, Open, S.OPEN, STAFF), Row(S.OPEN, Shut, S.SHUT, STAFF))
    assert problems(*rows) == [
        "toy.door, role PATRON: found no row, expected at least one command it may give"
    ]


@pytest.mark.parametrize(
    ("states", "roles", "place"), [((), (STAFF,), ""), ((S.OPEN,), (), "OPEN")], ids=["state", "role"]
)
def test_a_row_for_nobody_or_nothing_is_reported(
    states: tuple[S, ...], roles: tuple[R, ...], place: str
) -> None:
    """It could never apply."""
    assert problems(*ROWS, Row(states, Open, S.OPEN, roles)) == [
        f"toy.door, row {place} Open: found no state or no role, expected at least one of each"
    ]


def test_a_guard_named_twice_is_reported() -> None:
    """Its reasons would be named twice."""
    row = Row(S.OPEN, Open, SAME, STAFF, ALWAYS, (no_wind, no_dark, no_wind))
    assert problems(*ROWS, row) == ["toy.door, row OPEN Open: found a guard twice, expected each guard once"]


@pytest.mark.parametrize(
    "row", [Row(S.NEW, Open, SAME, PATRON), Row(S.NEW, Open, S.SHUT, (STAFF, PATRON)), ROWS[1]]
)
def test_two_rows_for_one_cell_are_reported(row: Row) -> None:
    """Without choosers both would apply; the order of rows means nothing."""
    expected = "toy.door, cell NEW Open PATRON: found 2 rows when always, expected exactly one row"
    assert problems(*ROWS, row) == [expected]
    assert problems(row, *ROWS) == [expected]


@pytest.mark.parametrize(
    "row", [Row((S.NEW, S.NEW), Open, SAME, STAFF), Row(S.NEW, Open, SAME, (STAFF, STAFF))]
)
def test_a_row_that_stands_twice_for_one_cell_is_reported(row: Row) -> None:
    """A state or a role that it names twice."""
    assert problems(*ROWS, row) == [
        "toy.door, cell NEW Open STAFF: found 2 rows when always, expected exactly one row"
    ]


def test_choosers_that_overlap_are_reported() -> None:
    """With the case in which they do."""
    rows = (Row(S.NEW, Open, S.OPEN, STAFF, heavy), Row(S.NEW, Open, SAME, STAFF))
    assert problems(*ROWS, *rows) == [
        "toy.door, cell NEW Open STAFF: found 2 rows when heavy, expected exactly one row"
    ]


def test_choosers_that_leave_a_gap_are_reported() -> None:
    """With the case that no row takes."""
    assert problems(*ROWS, Row(S.NEW, Open, S.OPEN, STAFF, heavy)) == [
        "toy.door, cell NEW Open STAFF: found 0 rows when ~heavy, expected exactly one row"
    ]


def test_two_choosers_overlap_and_leave_a_gap() -> None:
    """Independent tests need to be written out."""
    rows = (Row(S.NEW, Open, S.OPEN, STAFF, heavy), Row(S.NEW, Open, SAME, STAFF, wet))
    assert problems(*ROWS, *rows) == [
        "toy.door, cell NEW Open STAFF: found 2 rows when heavy, wet, expected exactly one row",
        "toy.door, cell NEW Open STAFF: found 0 rows when ~heavy, ~wet, expected exactly one row",
    ]


def test_three_ways_are_written_out() -> None:
    """Heavy; not heavy but wet; neither."""
    three = (
        Row(S.NEW, Open, S.OPEN, STAFF, heavy),
        Row(S.NEW, Open, SAME, STAFF, ~heavy & wet),
        Row(S.NEW, Open, S.SHUT, STAFF, ~heavy & ~wet),
    )
    lifecycle(*ROWS, *three)

    assert problems(*ROWS, *three[:2]) == [
        "toy.door, cell NEW Open STAFF: found 0 rows when ~heavy, ~wet, expected exactly one row"
    ]


def test_a_row_that_can_never_apply_is_reported() -> None:
    """It asks for a test and its complement, and hides behind another row."""
    hidden = Row(S.NEW, Open, S.SHUT, STAFF, heavy & ~heavy)
    assert problems(*ROWS, Row(S.NEW, Open, SAME, STAFF), hidden) == [
        "toy.door, cell NEW Open STAFF: found a row when heavy & ~heavy, expected one that can apply"
    ]


def test_two_commands_of_one_name_are_reported() -> None:
    """A journal could not tell them apart."""
    other = type("Open", (Command,), {})
    assert problems(*ROWS, Row(S.OPEN, other, SAME, STAFF)) == [
        "toy.door, command Open: found two classes of this name, expected one"
    ]


def test_a_model_without_slots_is_reported() -> None:
    """The next version of an aggregate is made slot by slot."""

    @dataclass(frozen=True, kw_only=True)
    class Loose(Aggregate):
        kind: ClassVar[str] = "toy.loose"

        note: str
        size: int = 0

    assert problems(*ROWS, model=Loose) == [
        "toy.loose, model Loose: found the field note without a slot, expected a dataclass with slots",
        "toy.loose, model Loose: found the field size without a slot, expected a dataclass with slots",
    ]


def test_every_problem_is_reported_at_once() -> None:
    """One error names all of them, each with its place."""
    with pytest.raises(InvalidTable) as refused:
        lifecycle(
            Row(OPENING, Make, S.NEW, STAFF),
            Row(S.NEW, Open, Elsewhere.LOST, STAFF, heavy, (no_wind, no_wind)),
            Row(S.SHUT, Open, S.OPEN, STAFF),
        )

    assert [problem.where for problem in refused.value.problems] == [
        "toy.door, row OPENING Make",
        "toy.door, row NEW Open",
        "toy.door, row NEW Open",
        "toy.door, row SHUT Open",
        "toy.door, cell NEW Open STAFF",
        "toy.door, role PATRON",
        "toy.door, state NEW",
        "toy.door, state OPEN",
        "toy.door, state SHUT",
    ]
    assert str(refused.value).startswith(
        "lifecycle toy.door: 9 problems\n  toy.door, row OPENING Make: found "
    )


# --- choosers -------------------------------------------------------------------------------------


def test_only_a_single_test_has_a_complement() -> None:
    """Of two tests together, and of none, the other rows are written out."""
    for several in (heavy & wet, ALWAYS):
        with pytest.raises(TypeError, match="only a single test has a complement"):
            _ = ~several


def test_a_chooser_is_written_as_its_tests() -> None:
    """As in the table."""
    assert [str(each) for each in (heavy, ~heavy, heavy & ~wet, ~~wet, ALWAYS)] == [
        "heavy", "~heavy", "heavy & ~wet", "wet", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("", [False, True, False, True]),
        ("heavy", [True, False, True, True]),
        ("heavy wet", [True, False, False, True]),
    ],
)
def test_a_chooser_asks_its_tests(note: str, expected: list[bool]) -> None:
    """All of them must come out as said."""
    situation = Situation(None, say(Open, note=note), RULES, None, STAFF, {})

    assert [each(situation) for each in (heavy, ~heavy, heavy & ~wet, ALWAYS)] == expected


def test_a_chooser_takes_what_counts_as_true() -> None:
    """A test that gives back something instead of yes still has exactly one complement."""
    loose: Callable[[Any4], Any] = lambda s: s.command.note  # noqa: E731
    noted = chooser(loose)
    situation = Situation(None, say(Open, note="x"), RULES, None, STAFF, {})

    assert (noted(situation), (~noted)(situation)) == (True, False)


# --- several lifecycles ---------------------------------------------------------------------------

BELL_ROWS = (
    Row(OPENING, Hang, S.NEW, STAFF, ALWAYS, (), lambda s: Outcome(Bell(id=s.command.case, state=S.NEW))),
    Row(
        S.NEW, Ring, S.OPEN, (STAFF, PATRON), ALWAYS, (), lambda s: Outcome(replace(s.it, rung=s.it.rung + 1))
    ),
    Row(S.OPEN, Ring, S.SHUT, STAFF),
)
DOORS, BELLS = lifecycle(*ROWS), lifecycle(*BELL_ROWS, model=Bell)
BOTH = Lifecycles(DOORS, BELLS)


def test_lifecycles_are_found_by_name_and_by_command() -> None:
    """Every command belongs to one of them."""
    assert tuple(BOTH) == (DOORS, BELLS)
    assert BOTH.named("toy.bell") is BOTH.of(Ring) is BELLS
    assert (BELLS.name, BELLS.commands) == ("toy.bell", (Hang, Ring))


def test_an_unknown_name_or_command_is_told() -> None:
    """With what is known."""
    with pytest.raises(NotFound, match=r"toy\.gong"):
        BOTH.named("toy.gong")
    with pytest.raises(InvalidCommand) as refused:
        BOTH.of(Command)
    assert str(refused.value.problems[0]) == "command: found Command, expected Hang, Make, Open, Ring, Shut"


def test_a_command_in_two_lifecycles_is_reported() -> None:
    """The same class, and another class of the same name; all at once, and the shared name, too."""
    shared = lifecycle(*BELL_ROWS, Row(S.OPEN, Open, SAME, STAFF), model=Bell)
    other = type("Shut", (Command,), {})
    named_alike = lifecycle(*BELL_ROWS, Row(S.OPEN, other, SAME, STAFF), model=Bell)
    with pytest.raises(InvalidTable) as refused:
        Lifecycles(DOORS, shared, named_alike)

    assert [str(problem) for problem in refused.value.problems] == [
        "lifecycles: found two of one name, expected a name each",
        "command Open: found a command of toy.door and of toy.bell, expected one lifecycle each",
        "command Shut: found a command of toy.door and of toy.bell, expected one lifecycle each",
    ]


# --- what may be given ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "roles", "expected"),
    [
        (None, (STAFF,), (Make,)),
        (None, (PATRON,), ()),
        (S.NEW, (PATRON,), (Open, Shut)),
        (S.NEW, (STAFF,), (Shut,)),
        (S.NEW, (), ()),
        (S.OPEN, (PATRON, STAFF), (Shut,)),
        (S.SHUT, (PATRON, STAFF), ()),
    ],
)
def test_the_table_says_what_may_be_given(
    state: S | None, roles: tuple[R, ...], expected: tuple[type[Command], ...]
) -> None:
    """By state and roles; guards are asked elsewhere."""
    it = Door(id="1", state=state) if state else None
    assert DOORS.allowed(it, roles) == expected


def test_a_cell_has_its_rows_by_role() -> None:
    """A blank cell has none."""
    assert DOORS.cell(S.NEW, Shut) == {PATRON: (ROWS[2],), STAFF: (ROWS[2],)}
    assert DOORS.cell(S.SHUT, Shut) == {}


def test_a_lifecycle_does_nothing_that_it_does_not_say() -> None:
    """Without more it reads nothing else, nothing follows, it never wakes, nothing is owed."""
    it = Door(id="1", state=S.NEW)

    assert DOORS.next_wake(it, RULES) is None
    assert DOORS.wake(it, RULES, NOON) is None
    assert DOORS.reads(it, say(Open)) == ()
    assert DOORS.follow(Situation(it, say(Open), RULES, None, STAFF, {})) is None
    assert tuple(DOORS.owed(it, RULES, date(2026, 1, 31))) == ()


def test_a_row_cannot_be_changed() -> None:
    """Nor can a lifecycle, which is equal to itself alone."""
    assert lifecycle(*ROWS) not in {DOORS: 1}
    for value, name in ((ROWS[0], "to"), (DOORS, "rows")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


# --- deciding -------------------------------------------------------------------------------------


def test_an_opening_gives_the_first_version() -> None:
    """The table's state and version 1, whatever the effect drafted; it must not have been there."""
    change = decide(BOTH, say(Make), {}, policy=RULES, facts=("fact",))

    assert change.becomes == (Door(id="1", state=S.NEW, version=1),)
    assert change.expects == ((Key("toy.door", "1"), 0),)
    (entry,) = change.entries
    assert (entry.key, entry.seq, entry.role, entry.facts) == (Key("toy.door", "1"), 1, "staff", ("fact",))
    assert (entry.rulebook, entry.calendar) == ("rules-1", "calendar-1")
    assert entry.alterations == (Set("state", S.NEW), Set("note", ""))
    assert change.wakes == ((Key("toy.door", "1"), None),)


def test_a_row_without_an_effect_changes_the_state_alone() -> None:
    """The next version in the row's state."""
    read = door(S.NEW, 4, note="n")
    change = decide(BOTH, say(Open, "patron"), read, policy=RULES)

    assert change.becomes == (Door(id="1", state=S.OPEN, version=5, note="n"),)
    assert change.expects == ((Key("toy.door", "1"), 4),)
    assert change.entries[0].alterations == (Set("state", S.OPEN),)
    assert read == door(S.NEW, 4, note="n")


@pytest.mark.parametrize("does", [None, keep])
def test_nothing_may_become_different(does: Any) -> None:
    """It was said all the same: an entry without alterations, and the next version."""
    table = Lifecycles(lifecycle(*ROWS, Row(S.OPEN, Open, SAME, STAFF, does=does)))
    change = decide(table, say(Open), door(S.OPEN), policy=RULES)

    assert change.becomes[0].version == change.entries[0].seq == 5
    assert change.becomes[0].state is S.OPEN
    assert change.entries[0].alterations == ()


def test_the_state_is_the_tables_business() -> None:
    """What an effect says of state and version is overwritten."""

    def lie(s: Any4) -> Outcome:
        return Outcome(replace(s.it, state=S.SHUT, version=99, note="x"))

    table = Lifecycles(lifecycle(*ROWS, Row(S.OPEN, Open, SAME, STAFF, does=lie)))
    change = decide(table, say(Open), door(S.OPEN), policy=RULES)

    assert change.becomes == (Door(id="1", state=S.OPEN, version=5, note="x"),)
    assert change.entries[0].alterations == (Set("note", "x"),)


@pytest.mark.parametrize("other", [Door(id="2", state=S.OPEN), Bell(id="1", state=S.OPEN)])
def test_an_effect_gives_back_what_it_was_given(other: Aggregate) -> None:
    """Another aggregate is a mistake of the table's author."""
    table = Lifecycles(lifecycle(*ROWS, Row(S.OPEN, Open, SAME, STAFF, does=lambda _s: Outcome(other))))
    with pytest.raises(InvalidValue) as refused:
        decide(table, say(Open), door(S.OPEN), policy=RULES)

    assert refused.value.found == str(other.key)
    assert refused.value.expected == "toy.door 1, to which the command was said"


@pytest.mark.parametrize("turned", [False, True])
def test_a_chooser_leads_to_its_row(turned: bool) -> None:
    """Two ways out of one cell; the order of the rows means nothing."""
    two = (Row(S.NEW, Open, S.OPEN, STAFF, heavy), Row(S.NEW, Open, S.SHUT, STAFF, ~heavy))
    table = Lifecycles(lifecycle(*ROWS, *(reversed(two) if turned else two)))
    found = [
        decide(table, say(Open, note=note), door(), policy=RULES).becomes[0].state for note in ("heavy", "")
    ]

    assert found == [S.OPEN, S.SHUT]


def test_choosers_lead_to_their_rows() -> None:
    """Three ways out of one cell."""
    table = Lifecycles(
        lifecycle(
            *ROWS,
            Row(S.NEW, Open, S.OPEN, STAFF, heavy),
            Row(S.NEW, Open, SAME, STAFF, ~heavy & wet),
            Row(S.NEW, Open, S.SHUT, STAFF, ~heavy & ~wet),
        )
    )
    found = [
        decide(table, say(Open, note=note), door(), policy=RULES).becomes[0].state
        for note in ("heavy", "heavy wet", "wet", "")
    ]

    assert found == [S.OPEN, S.OPEN, S.NEW, S.SHUT]


def test_what_an_effect_wants_done_is_in_the_change() -> None:
    """Messages, withdrawals and postings, in the order of the commands."""
    message = Message(key="m", to="ann", kind="hello", about=Key("toy.door", "1"))
    withdrawal = Withdrawal(Key("toy.door", "1"), ("hello",))
    posting = Posting(
        key="p",
        debit=Account(AccountKind.CASH, "us"),
        credit=Account(AccountKind.INCOME, "us"),
        amount=Money(1, "CNY"),
        value_date=date(2026, 1, 31),
        subject="1",
        kind="fee",
    )

    def tell(s: Any4) -> Outcome:
        return Outcome(s.it, messages=(message,), withdrawals=(withdrawal,), postings=(posting,))

    table = Lifecycles(lifecycle(*ROWS, Row(S.OPEN, Open, SAME, STAFF, does=tell)))
    change = decide(table, say(Open), door(S.OPEN), policy=RULES)

    assert (change.messages, change.withdrawals, change.postings) == ((message,), (withdrawal,), (posting,))


# --- refusals -------------------------------------------------------------------------------------


def refused(table: Lifecycles, command: Command, read: dict[Key, Aggregate]) -> Refused:
    """The refusal; ``check`` names the same reasons, and nothing has changed."""
    before = dict(read)
    with pytest.raises(Refused) as error:
        decide(table, command, read, policy=RULES)
    assert check(table, command, read, policy=RULES) == error.value.reasons
    assert read == before
    return error.value


def test_every_reason_is_named_at_once() -> None:
    """Each guard of the row, in the order of the row."""
    table = Lifecycles(lifecycle(*ROWS, Row(S.OPEN, Open, SAME, STAFF, ALWAYS, (no_wind, no_dark))))
    error = refused(table, say(Open, note="dark windy"), door(S.OPEN))

    assert error.reasons == (Reason("door.wind"), Reason("door.dark", None, (("lamps", 0),)))
    assert (error.subject, error.command) == ("toy.door 1", "Open")
    assert [reason.code for reason in refused(table, say(Open, note="dark"), door(S.OPEN)).reasons] == [
        "door.dark"
    ]
    assert check(table, say(Open), door(S.OPEN), policy=RULES) == ()


def test_a_blank_cell_refuses_with_the_state() -> None:
    """Nobody may say it there."""
    assert refused(BOTH, say(Open, "patron"), door(S.SHUT)).reasons == (
        Reason(NOT_IN_STATE, None, (("kind", "toy.door"), ("state", "shut"))),
    )


@pytest.mark.parametrize("by", ["staff", ""])
def test_somebody_elses_command_is_refused_with_who_may(by: str) -> None:
    """The roles that may give it, in alphabetical order."""
    assert refused(BOTH, say(Open, by), door()).reasons == (Reason(NOT_YOURS, None, (("roles", "patron"),)),)
    assert refused(BOTH, say(Shut, ""), door()).reasons == (
        Reason(NOT_YOURS, None, (("roles", "patron, staff"),)),
    )


def test_an_opening_is_refused_to_whom_it_is_not_given() -> None:
    """The table authorises before anything exists."""
    assert refused(BOTH, say(Make, "patron"), {}).reasons == (Reason(NOT_YOURS, None, (("roles", "staff"),)),)


def test_what_is_not_there_is_not_found() -> None:
    """A command that does not open needs its aggregate; ``check`` says the same."""
    for ask in (decide, check):
        with pytest.raises(NotFound) as missing:
            ask(BOTH, say(Open, "patron"), {}, policy=RULES)
        assert (missing.value.kind, missing.value.id) == ("toy.door", "1")


def test_what_is_there_is_not_opened_again() -> None:
    """Whatever its state."""
    for ask in (decide, check):
        with pytest.raises(AlreadyExists) as there:
            ask(BOTH, say(Make), door(S.SHUT), policy=RULES)
        assert (there.value.kind, there.value.id) == ("toy.door", "1")


def test_a_command_of_no_lifecycle_is_an_error() -> None:
    """It is unknown to this desk."""
    with pytest.raises(InvalidCommand):
        decide(Lifecycles(BELLS), say(Open), {}, policy=RULES)


def test_each_lifecycle_may_go_by_a_policy_of_its_own() -> None:
    """Guards, effects and wakes of one are asked with the policy under its name; one for all is for all."""
    bells = Rules(rulebook="rules-2")
    assert policy_for(DOORS, {"toy.door": RULES, "toy.bell": bells}) is RULES
    assert policy_for(BELLS, {"toy.door": RULES, "toy.bell": bells}) is bells
    assert policy_for(BELLS, RULES) is RULES

    later = NOON + timedelta(days=1)
    seen: list[str] = []

    def look(_it: Aggregate, policy: Any) -> datetime:
        seen.append(policy.rulebook)
        return later

    def noted(s: Any4) -> Outcome:
        seen.append(s.policy.rulebook)
        return Outcome(s.it, commands=(say(Hang, case="b"),))

    doors = lifecycle(*ROWS, Row(S.OPEN, Open, SAME, STAFF, ALWAYS, (), noted), next_wake=look)
    table = Lifecycles(doors, lifecycle(*BELL_ROWS, model=Bell, next_wake=look))
    policies: Policies = {"toy.door": RULES, "toy.bell": bells}
    change = decide(table, say(Open), door(S.OPEN), policy=policies)
    assert seen == ["rules-1", "rules-1", "rules-2"]
    assert dict(change.wakes) == {Key("toy.door", "1"): later, Key("toy.bell", "b"): later}


def test_a_lifecycle_without_a_policy_decides_nothing() -> None:
    """Where each has its own and this has none, that is said."""
    bells: Policies = {"toy.bell": RULES}
    for ask in (decide, check):
        with pytest.raises(MissingValue, match=r"the policy.*toy\.door"):
            ask(BOTH, say(Shut), door(S.NEW), policy=bells)
    with pytest.raises(MissingValue, match=r"the policy.*toy\.door"):
        policy_for(DOORS, {})


def test_one_of_several_roles_is_enough() -> None:
    """The strongest that passes is heard; if none does, the reasons are those of the strongest with a row."""
    table = Lifecycles(
        lifecycle(
            *ROWS,
            Row(S.OPEN, Open, S.SHUT, STAFF, ALWAYS, (no_wind,)),
            Row(S.OPEN, Open, SAME, PATRON, ALWAYS, (no_dark,)),
        )
    )

    def heard(by: str, note: str) -> str:
        return decide(table, say(Open, by, note=note), door(S.OPEN), policy=RULES).entries[0].role

    assert heard("staff+patron", "") == "staff"
    assert heard("patron+staff", "") == "patron"
    assert heard("staff+patron", "windy") == "patron"
    assert heard("patron+staff", "dark") == "staff"
    for by, first in (("staff+patron", "door.wind"), ("patron+staff", "door.dark")):
        assert [
            reason.code for reason in refused(table, say(Open, by, note="windy dark"), door(S.OPEN)).reasons
        ] == [first]


# --- several aggregates in one change -------------------------------------------------------------


def entailing(*commands: Command) -> Lifecycles:
    """Doors that, when opened, say these to others."""
    opens = Row(S.OPEN, Open, SAME, STAFF, does=lambda s: Outcome(replace(s.it, note="x"), commands=commands))
    return Lifecycles(lifecycle(*ROWS, opens), BELLS)


def test_what_is_entailed_is_part_of_the_change() -> None:
    """Another aggregate is opened and altered twice; its seqs continue; it must not have been there."""
    hang, ring = say(Hang, case="b"), say(Ring, case="b")
    change = decide(entailing(hang, ring), say(Open), door(S.OPEN), policy=RULES)

    bell = Key("toy.bell", "b")
    assert [(entry.key, entry.seq) for entry in change.entries] == [
        (Key("toy.door", "1"), 5),
        (bell, 1),
        (bell, 2),
    ]
    assert change.becomes[1] == Bell(id="b", state=S.OPEN, version=2, rung=1)
    assert change.expects == ((Key("toy.door", "1"), 4), (bell, 0))
    assert [key for key, _ in change.wakes] == [Key("toy.door", "1"), bell]


def test_if_what_is_entailed_is_refused_all_of_it_is() -> None:
    """There is no half of a change."""
    read = door(S.OPEN) | {Key("toy.bell", "b"): Bell(id="b", state=S.SHUT, version=1)}
    error = refused(entailing(say(Ring, case="b")), say(Open), read)

    assert (error.subject, error.command) == ("toy.bell b", "Ring")
    with pytest.raises(NotFound, match=r"toy\.bell"):
        decide(entailing(say(Ring, case="b")), say(Open), door(S.OPEN), policy=RULES)


def test_later_commands_see_what_earlier_ones_made() -> None:
    """``others`` holds every aggregate as it has become so far."""
    seen: list[Aggregate | None] = []

    def spy(s: Any4) -> Iterator[Reason]:
        seen.append(s.others.get(Key("toy.door", "1")))
        return iter(())

    rings = Row(S.NEW, Ring, S.OPEN, (STAFF, PATRON), ALWAYS, (spy,))
    bells = lifecycle(BELL_ROWS[0], rings, BELL_ROWS[2], model=Bell)
    opens = Row(S.OPEN, Open, S.SHUT, STAFF, does=lambda s: Outcome(s.it, commands=(say(Ring, case="b"),)))
    read = door(S.OPEN) | {Key("toy.bell", "b"): Bell(id="b", state=S.NEW, version=1)}
    decide(Lifecycles(lifecycle(*ROWS, opens), bells), say(Open), read, policy=RULES)

    assert seen == [Door(id="1", state=S.SHUT, version=5)]


def test_what_follows_comes_after_what_is_entailed() -> None:
    """Effects speak first, in their order and each to its end; policy is asked about every command."""
    said: list[str] = []

    def follow(s: Any4) -> Command | None:
        said.append(type(s.command).__name__)
        assert s.it.version == len(said) + 4
        return say(Shut) if isinstance(s.command, Open) else None

    rows = (
        *ROWS,
        Row(S.OPEN, Open, SAME, STAFF, does=lambda s: Outcome(s.it, commands=(say(Ring, case="b"),))),
    )
    table = Lifecycles(lifecycle(*rows, follow=follow), BELLS)
    read = door(S.OPEN) | {Key("toy.bell", "b"): Bell(id="b", state=S.NEW, version=1)}
    change = decide(table, say(Open), read, policy=RULES)

    assert [type(entry.command).__name__ for entry in change.entries] == ["Open", "Ring", "Shut"]
    assert said == ["Open", "Shut"]
    assert change.becomes[0] == Door(id="1", state=S.SHUT, version=6)
    assert change.expects == ((Key("toy.door", "1"), 4), (Key("toy.bell", "b"), 1))


def test_what_follows_itself_in_a_circle_is_an_error() -> None:
    """So many commands are enough for one change; there is not one more."""
    rows = (*ROWS, Row(S.OPEN, Open, SAME, STAFF))
    most = engine._MOST_COMMANDS
    turns = {"left": most - 1}

    def follow(s: Any4) -> Command | None:
        turns["left"] -= 1
        return say(Open) if turns["left"] >= 0 else None

    table = Lifecycles(lifecycle(*rows, follow=follow))
    assert len(decide(table, say(Open), door(S.OPEN), policy=RULES).entries) == most

    turns["left"] = most
    with pytest.raises(InvalidTable) as endless:
        decide(table, say(Open), door(S.OPEN), policy=RULES)
    assert (
        str(endless.value.problems[0])
        == f"follow: found more than {most} commands after Open, expected an end"
    )


def test_what_is_entailed_looks_only_at_what_was_read() -> None:
    """The first command's ``reads`` names what its entailed ones look at, or the table is at fault."""
    gong = Key("toy.bell", "g")
    bells = lifecycle(BELL_ROWS[0], *BELL_ROWS[1:], model=Bell, reads=lambda _it, _command: (gong,))
    opens = Row(S.OPEN, Open, SAME, STAFF, does=lambda s: Outcome(s.it, commands=(say(Ring, case="b"),)))
    read = door(S.OPEN) | {Key("toy.bell", "b"): Bell(id="b", state=S.NEW, version=1)}
    with pytest.raises(InvalidTable) as unread:
        decide(Lifecycles(lifecycle(*ROWS, opens), bells), say(Open), read, policy=RULES)
    assert str(unread.value.problems[0]).startswith("reads: found nothing of toy.bell g, at which Ring looks")

    told = lifecycle(*ROWS, opens, reads=lambda _it, _command: (gong,))
    change = decide(Lifecycles(told, bells), say(Open), read, policy=RULES)
    assert (gong, 0) in change.expects


def test_what_is_entailed_opens_nothing_that_is_there_already() -> None:
    """It is refused as that, whatever it would have looked at; nothing was said of the table."""
    gong = Key("toy.bell", "g")
    bells = lifecycle(BELL_ROWS[0], *BELL_ROWS[1:], model=Bell, reads=lambda _it, _command: (gong,))
    opens = Row(S.OPEN, Open, SAME, STAFF, does=lambda s: Outcome(s.it, commands=(say(Hang, case="b"),)))
    read = door(S.OPEN) | {Key("toy.bell", "b"): Bell(id="b", state=S.OPEN, version=1)}
    with pytest.raises(AlreadyExists) as there:
        decide(Lifecycles(lifecycle(*ROWS, opens), bells), say(Open), read, policy=RULES)
    assert there.value.id == "b"


def test_a_model_refuses_what_it_does_not_take() -> None:
    """What a model's own check refuses in the next state is refused before anything is committed."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Strict(Door):
        kind: ClassVar[str] = "toy.strict"

        def __post_init__(self) -> None:
            if self.state is S.SHUT:
                raise InvalidValue("state", "shut", "another")

    table = Lifecycles(lifecycle(*ROWS, model=Strict))
    with pytest.raises(InvalidValue, match="shut"):
        decide(table, say(Shut), {Key("toy.strict", "1"): Strict(id="1", state=S.NEW)}, policy=RULES)


def test_everything_read_is_expected() -> None:
    """What was there with its version, what was looked for in vain with none."""
    bell, gong = Key("toy.bell", "b"), Key("toy.bell", "g")
    table = Lifecycles(lifecycle(*ROWS, reads=lambda _it, _command: (bell, gong)), BELLS)
    read = door(S.NEW) | {bell: Bell(id="b", state=S.NEW, version=7)}
    change = decide(table, say(Shut), read, policy=RULES)

    assert change.expects == ((Key("toy.door", "1"), 4), (bell, 7), (gong, 0))
    assert [it.key for it in change.becomes] == [Key("toy.door", "1")]


def test_what_is_read_for_its_own_command_is_expected_once() -> None:
    """An aggregate that is looked for and then opened."""
    bell = Key("toy.bell", "b")
    rows = (
        *ROWS,
        Row(S.OPEN, Open, SAME, STAFF, does=lambda s: Outcome(s.it, commands=(say(Hang, case="b"),))),
    )
    table = Lifecycles(lifecycle(*rows, reads=lambda _it, _command: (bell,)), BELLS)
    change = decide(table, say(Open), door(S.OPEN), policy=RULES)

    assert change.expects == ((Key("toy.door", "1"), 4), (bell, 0))


def test_when_to_look_again_is_asked_of_what_became() -> None:
    """For every aggregate of the change."""
    later = NOON + timedelta(days=1)
    table = Lifecycles(lifecycle(*ROWS, next_wake=lambda it, _policy: later if it.state is S.OPEN else None))
    opened = decide(table, say(Open, "patron"), door(S.NEW), policy=RULES)
    shut = decide(table, say(Shut), door(S.NEW), policy=RULES)

    assert (opened.wakes, shut.wakes) == (((Key("toy.door", "1"), later),), ((Key("toy.door", "1"), None),))
