"""The engine: tables that say which command takes which state where, and who may give it.

1. Whether a command may be given, and where it leads, is decided by the rows and nothing else.
2. ``when`` chooses between rows and is silent; ``needs`` are guards that name every reason they
   refuse for. The choosers of one cell (state, command, role) are disjoint and complete.
3. The order of rows means nothing. A table that contradicts itself does not load.
4. Deciding is pure: the same aggregates, command, policy and facts give the same ``Change``.
   A refusal raises ``Refused`` and leaves no trace.
5. This module does not know what is lent or mended, where it is stored, or what time it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Final, NamedTuple

from servflow.core.changes import (
    Actor,
    Aggregate,
    Alteration,
    Change,
    Command,
    Entry,
    Key,
    Message,
    Set,
    Withdrawal,
    altered,
)
from servflow.core.citations import Reason
from servflow.core.errors import (
    AlreadyExists,
    InvalidCommand,
    InvalidTable,
    InvalidValue,
    MissingValue,
    NotFound,
    Problem,
    Refused,
)
from servflow.core.fees.charges import Charge
from servflow.core.ledger import Posting
from servflow.core.rows import (
    ALWAYS,
    OPENING,
    SAME,
    Chooser,
    Effect,
    Guard,
    Outcome,
    Policy,
    Row,
    Situation,
    Test,
    chooser,
    table_problems,
)

__all__ = [
    "ALWAYS",
    "NOT_IN_STATE",
    "NOT_YOURS",
    "OPENING",
    "SAME",
    "Chooser",
    "Effect",
    "Guard",
    "Lifecycle",
    "Lifecycles",
    "Outcome",
    "Policies",
    "Policy",
    "Row",
    "Situation",
    "Test",
    "check",
    "chooser",
    "decide",
    "policy_for",
]

NOT_IN_STATE: Final = "lifecycle.not-in-state"
NOT_YOURS: Final = "lifecycle.not-yours"
_MOST_COMMANDS: Final = 10_000  # a change of more has commands that entail or follow each other in a circle


Policies = Policy | dict[str, Policy]
"""One policy for all that a desk decides, or one for each lifecycle by its name."""


def policy_for(lifecycle: Lifecycle, policies: Policies) -> Policy:
    """The policy that ``lifecycle`` goes by.

    Raises:
        MissingValue: there is one for each, and none for this.
    """
    if not isinstance(policies, dict):
        return policies
    try:
        return policies[lifecycle.name]
    except KeyError:
        raise MissingValue("the policy", f"of {lifecycle.name}") from None


class _Part(NamedTuple):
    """The rows of a cell for one role."""

    role: Enum
    name: str
    rows: tuple[Row, ...]


def _never(_it: Any, _policy: Any) -> datetime | None:
    return None


def _no_wake(_it: Any, _policy: Any, _recorded_at: datetime) -> Command | None:
    return None


def _reads_nothing(_it: Any, _command: Command) -> tuple[Key, ...]:
    return ()


def _owes_nothing(_it: Any, _policy: Any, _on: date) -> Iterable[tuple[str, Charge]]:
    return ()


def _nothing_follows(_situation: Situation[Any, Any, Any, Any]) -> Command | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lifecycle:
    """A table, checked when it is built.

    ``model`` is the aggregate's class and gives the lifecycle its name (``model.kind``). ``final`` are
    the states that nothing leaves; without any, the lifecycle has no end, and no state is a trap.
    ``roles_of`` says which roles an actor has towards an aggregate (None: one yet to be opened),
    the strongest first: a command is heard in the first that passes, and refused for the reasons
    of the first that has a row. ``reads`` names the other aggregates that a command's decision looks
    at, those included to which it entails a command. ``follow`` is what policy makes follow at once:
    it is asked after every command, with the aggregate as it became. ``next_wake`` says when the
    aggregate is to be looked at again, ``wake`` what the clock then says to it; a wake's command
    happens at the scheduled instant, and None means that it is too early. ``owed`` gives what is
    owed for it on a day, by kind of charge, computed anew each time.

    Raises:
        InvalidTable: states that cannot be reached or left, final states that are left, cells
            whose rows overlap or leave a gap, rows that can never apply, roles that can never act,
            unknown states or roles, two commands of one name, a model without slots.
    """

    model: type[Aggregate]
    states: type[Enum]
    roles: type[Enum]
    final: tuple[Enum, ...]
    roles_of: Callable[[Any, Actor], tuple[Enum, ...]]
    rows: tuple[Row, ...]
    reads: Callable[[Any, Command], tuple[Key, ...]] = _reads_nothing
    follow: Callable[[Situation[Any, Any, Any, Any]], Command | None] = _nothing_follows
    next_wake: Callable[[Any, Any], datetime | None] = _never
    wake: Callable[[Any, Any, datetime], Command | None] = _no_wake
    owed: Callable[[Any, Any, date], Iterable[tuple[str, Charge]]] = _owes_nothing
    _cells: dict[tuple[int, type[Command]], tuple[_Part, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        problems = tuple(table_problems(self))
        if problems:
            raise InvalidTable(f"lifecycle {self.model.kind}", problems)
        cells: dict[tuple[int, type[Command]], dict[Enum, tuple[Row, ...]]] = {}
        for row in self.rows:
            for state in row.sources():
                cell = cells.setdefault((id(state), row.command), {})
                for role in row.roles():
                    cell[role] = (*cell.get(role, ()), row)
        made = {
            place: tuple(_Part(role, role.value, rows) for role, rows in cell.items())
            for place, cell in cells.items()
        }
        object.__setattr__(self, "_cells", made)

    @property
    def name(self) -> str:
        """The kind of its aggregates."""
        return self.model.kind

    @property
    def commands(self) -> tuple[type[Command], ...]:
        """Every command of the table, in alphabetical order."""
        return tuple(sorted({row.command for row in self.rows}, key=lambda command: command.__name__))

    def cell(self, state: Enum, command: type[Command]) -> Mapping[Enum, tuple[Row, ...]]:
        """The rows of a state and a command by role; empty where the command has no place."""
        return {part.role: part.rows for part in self._parts(state, command)}

    def _parts(self, state: Enum, command: type[Command]) -> tuple[_Part, ...]:
        # states are singletons; hashing one by its id saves a call of Enum.__hash__ at every decision
        return self._cells.get((id(state), command), ())

    def allowed(self, it: Aggregate | None, roles: Iterable[Enum]) -> tuple[type[Command], ...]:
        """The commands that the table lets these roles give now; guards may still refuse.

        None asks which commands open a new aggregate. In alphabetical order.
        """
        state = it.state if it is not None else OPENING
        wanted = frozenset(roles)
        return tuple(command for command in self.commands if not wanted.isdisjoint(self.cell(state, command)))


class Lifecycles:
    """The lifecycles that one desk runs together; every command belongs to exactly one of them.

    Raises:
        InvalidTable: two lifecycles share a name or a command.
    """

    __slots__ = ("_by_command", "_by_name")

    def __init__(self, *lifecycles: Lifecycle) -> None:
        self._by_name = {lifecycle.name: lifecycle for lifecycle in lifecycles}
        self._by_command: dict[type[Command], Lifecycle] = {}
        problems = []
        if len(self._by_name) < len(lifecycles):
            problems.append(Problem("lifecycles", "two of one name", "a name each"))
        names: dict[str, str] = {}
        for lifecycle in lifecycles:
            for command in lifecycle.commands:
                owner = names.setdefault(command.__name__, lifecycle.name)
                if owner != lifecycle.name:
                    found = f"a command of {owner} and of {lifecycle.name}"
                    problems.append(Problem(f"command {command.__name__}", found, "one lifecycle each"))
                self._by_command[command] = lifecycle
        if problems:
            raise InvalidTable("lifecycles", problems)

    def __iter__(self) -> Iterator[Lifecycle]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Lifecycle:
        """The lifecycle of that name.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise NotFound("lifecycle", name) from None

    def of(self, command: type[Command]) -> Lifecycle:
        """The lifecycle that the command belongs to.

        Raises:
            InvalidCommand: it belongs to none of these.
        """
        try:
            return self._by_command[command]
        except KeyError:
            known = ", ".join(sorted(each.__name__ for each in self._by_command))
            raise InvalidCommand("command", [Problem("command", command.__name__, known)]) from None


class _Followed(NamedTuple):
    """What is asked of ``follow`` once all that a command entails is decided."""

    lifecycle: Lifecycle
    key: Key
    situation: Situation[Any, Any, Any, Any]

    def command(self, now: Mapping[Key, Aggregate]) -> Command | None:
        """What follows, by the aggregate as it has become."""
        return self.lifecycle.follow(self.situation._replace(it=now[self.key]))


def _check_read(
    lifecycles: Lifecycles,
    first: Command,
    entailed: Command,
    aggregates: Mapping[Key, Aggregate],
    now: Mapping[Key, Aggregate],
) -> None:
    """Whoever reads for the first command must be told of all that is looked at because of it.

    What has no place where its aggregate stands is refused, whatever it would look at.
    """
    root, lifecycle = lifecycles.of(type(first)), lifecycles.of(type(entailed))
    it = now.get(Key(lifecycle.name, entailed.case))
    if not lifecycle._parts(OPENING if it is None else it.state, type(entailed)):  # noqa: SLF001
        return
    key = Key(root.name, first.case)
    named = {key, *root.reads(aggregates.get(key), first)}
    for other in lifecycle.reads(it, entailed):
        if other not in named and other not in now:
            found = f"nothing of {other}, at which {type(entailed).__name__} looks"
            problem = Problem("reads", found, "every aggregate that what is entailed or follows looks at")
            raise InvalidTable(f"lifecycle {root.name}", [problem])


def decide(
    lifecycles: Lifecycles,
    command: Command,
    aggregates: Mapping[Key, Aggregate],
    *,
    policy: Policies,
    facts: Any = None,
) -> Change:
    """What ``command`` makes of ``aggregates``: a ``Change`` that nobody has carried out yet.

    ``aggregates`` are those read, by key: the one the command is said to and every other that is
    looked at, also by what it entails or what follows. One that is missing does not exist.

    The order: a command's effect, then what it entails, command by command with all that comes of
    each, then what follows it, by the aggregate as it has become by then.

    Raises:
        Refused: the command may not be given; all reasons are named and nothing has changed.
        NotFound: the command's aggregate, or that of a command it entails, is not among them.
        AlreadyExists: the command, or one it entails, opens an aggregate that is there already.
        InvalidCommand: the command belongs to none of the lifecycles.
        InvalidTable: what follows has no end, or an entailed command looks at an aggregate that
            ``reads`` of the first command does not name.
        InvalidValue: an effect gave back another aggregate than the command was said to.
        MissingValue: a guard or an effect needs a rule or a fact that has no value, or a lifecycle
            has no policy.
    """
    now: dict[Key, Aggregate] = dict(aggregates)
    touched: dict[Key, Lifecycle] = {}
    absent: dict[Key, int] = {}  # looked for and not there: version 0
    entries: list[Entry] = []
    messages: list[Message] = []
    withdrawals: list[Withdrawal] = []
    postings: list[Posting] = []
    for_all = None if isinstance(policy, dict) else policy
    waiting: list[Command | _Followed] = [command]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, _Followed):
            follower = each.command(now)
            waiting[:0] = () if follower is None else (follower,)
            continue
        lifecycle = lifecycles.of(type(each))
        key = Key(lifecycle.model.kind, each.case)
        before = now.get(key)
        if before is None:
            absent[key] = 0
        if lifecycle.reads is not _reads_nothing:
            absent.update((other, 0) for other in lifecycle.reads(before, each) if other not in aggregates)
            if each is not command:
                _check_read(lifecycles, command, each, aggregates, now)
        rules = policy_for(lifecycle, policy) if for_all is None else for_all
        row, role, situation = _admit(lifecycle, before, key, each, rules, facts, now)
        drafted = before
        if lifecycle.follow is not _nothing_follows:
            waiting.insert(0, _Followed(lifecycle, key, situation))
        if row.does is not None:
            drafted, told, withdrawn, posted, entailed = row.does(situation)
            if drafted.id != each.case or drafted.kind != key.kind:
                raise InvalidValue("outcome", str(drafted.key), f"{key}, to which the command was said")
            messages += told
            withdrawals += withdrawn
            postings += posted
            waiting[:0] = entailed
        after, alterations = _advanced(before, drafted, row.to)
        now[key] = after
        touched[key] = lifecycle
        digests = rules.rulebook, rules.calendar_digest
        entries.append(Entry(key, after.version, each, role, facts, *digests, alterations))
        if len(entries) > _MOST_COMMANDS:
            found = f"more than {_MOST_COMMANDS} commands after {type(command).__name__}"
            raise InvalidTable(f"lifecycle {lifecycle.name}", [Problem("follow", found, "an end")])
    becomes, expects, wakes = _stood(now, touched, aggregates, absent, policy)
    return Change(
        command,
        becomes,
        expects,
        tuple(entries),
        tuple(messages),
        tuple(withdrawals),
        tuple(postings),
        wakes,
    )


def _stood(
    now: Mapping[Key, Aggregate],
    touched: Mapping[Key, Lifecycle],
    aggregates: Mapping[Key, Aggregate],
    absent: Mapping[Key, int],
    policy: Policies,
) -> tuple[Any, Any, Any]:
    """What each aggregate has become, the versions that were read, and when to look again."""
    becomes: list[Aggregate] = []
    wakes: list[tuple[Key, datetime | None]] = []
    for key, lifecycle in touched.items():
        after = now[key]
        becomes.append(after)
        wakes.append((key, lifecycle.next_wake(after, policy_for(lifecycle, policy))))
    expects = [(key, it.version) for key, it in aggregates.items()]
    return tuple(becomes), (*expects, *absent.items()), tuple(wakes)


def check(
    lifecycles: Lifecycles,
    command: Command,
    aggregates: Mapping[Key, Aggregate],
    *,
    policy: Policies,
    facts: Any = None,
) -> tuple[Reason, ...]:
    """Every reason for which ``command`` would be refused; empty if it may be given.

    Raises:
        NotFound, AlreadyExists, InvalidCommand, MissingValue: as ``decide``.
    """
    try:
        decide(lifecycles, command, aggregates, policy=policy, facts=facts)
    except Refused as refused:
        return refused.reasons
    return ()


def _admit(
    lifecycle: Lifecycle,
    it: Aggregate | None,
    key: Key,
    command: Command,
    policy: Policy,
    facts: Any,
    others: Mapping[Key, Aggregate],
) -> tuple[Row, str, Situation[Any, Any, Any, Any]]:
    """The row that takes the command, the role it was heard in, and the situation; or ``Refused``."""
    kind = type(command)
    parts = lifecycle._parts(OPENING if it is None else it.state, kind)  # noqa: SLF001
    reasons: list[Reason] = []
    for role in lifecycle.roles_of(it, command.by):
        for part in parts:
            if part.role is not role:
                continue
            situation = Situation(it, command, policy, facts, role, others)
            rows = part.rows
            row = rows[0] if len(rows) == 1 else next(row for row in rows if row.when(situation))
            found: list[Reason] = []
            for guard in row.needs:
                found += guard(situation)
            if not found:
                return row, part.name, situation
            reasons = reasons or found
    if not reasons:
        reasons.append(_out_of_place(lifecycle, it, key, kind, parts))
    raise Refused(str(key), kind.__name__, tuple(reasons))


def _out_of_place(
    lifecycle: Lifecycle, it: Aggregate | None, key: Key, command: type[Command], parts: tuple[_Part, ...]
) -> Reason:
    """Why no row takes the command: it is not for this actor, or not for this state."""
    if parts:
        return Reason(NOT_YOURS, None, (("roles", ", ".join(sorted(part.name for part in parts))),))
    if it is None:
        raise NotFound(key.kind, key.id)
    if lifecycle.cell(OPENING, command):
        raise AlreadyExists(key.kind, key.id)
    return Reason(NOT_IN_STATE, None, (("kind", key.kind), ("state", it.state.value)))


def _advanced(
    before: Aggregate | None, drafted: Aggregate | None, to: Enum
) -> tuple[Aggregate, tuple[Alteration, ...]]:
    """What was drafted, in the row's state and the next version; and what became different by it."""
    assert drafted is not None
    copy = _copier(type(drafted))  # type: ignore[arg-type]  # mypy asks its instances for a hash
    if before is None:
        after = copy(drafted, to, 1)
        return after, altered(None, after)
    state = before.state if to is SAME else to
    after = copy(drafted, state, before.version + 1)
    if drafted is not before:
        return after, altered(before, after)
    return after, () if state is before.state else (Set("state", state),)  # no effect drafted anything


@cache
def _copier(model: type[Aggregate]) -> Callable[[Aggregate, Enum, int], Aggregate]:
    """A function that copies a value of ``model`` with another state and version.

    Compiled once a model, as ``dataclasses`` compiles ``__init__``: it gives what
    ``dataclasses.replace`` gives, also what the model's own ``__post_init__`` refuses.
    """
    names = [field.name for field in fields(model)]
    given = {"state": "state", "version": "version"}
    puts = [f"    put_{name}(copy, {given.get(name, f'value.{name}')})" for name in names]
    checks = ["    copy.__post_init__()"] if hasattr(model, "__post_init__") else []
    lines = [
        "def advanced(value, state, version):",
        "    copy = new(model)",
        *puts,
        *checks,
        "    return copy",
    ]
    scope: dict[str, Any] = {"new": object.__new__, "model": model}
    scope |= {f"put_{name}": getattr(model, name).__set__ for name in names}
    exec("\n".join(lines), scope)  # noqa: S102 -- the names of a dataclass's fields, nothing from outside
    advanced: Callable[[Aggregate, Enum, int], Aggregate] = scope["advanced"]
    return advanced
