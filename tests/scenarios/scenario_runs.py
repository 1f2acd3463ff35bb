"""A scenario played from its situation to its end, and what is not as it expects.

Where two libraries deal with each other, what one tells the other is carried there after each step by
``servflow.core.ill.exchange``. A step that ``crosses`` is followed by the next one before anything is
carried. What a desk does not take of what it hears is found as ``bounced``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final, NoReturn

from scenario_desks import APART, FIRST_HOUR, STEP_KEYS, End, Said, reach, seen, told
from scenario_format import COMMANDS, SIDES, Scenario, known_codes, known_kinds
from scenario_wire import message_of, request_of

from servflow.adapters.partner_iso18626 import read_request
from servflow.core.changes import Message
from servflow.core.errors import InvalidFacts, InvalidMessage, Problem
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState
from servflow.core.ill.exchange import for_a_desk, heard
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ports import Status

__all__ = ["differences"]

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "state": tuple(dict.fromkeys(each.value for each in (*CaseState, *SupplyState))),
    "outcome": ("none", *dict.fromkeys(each.value for each in (*CaseOutcome, *Closing))),
}
_OF_STEPS: Final = ("refused", "unsayable", "unreadable", "repeated")
_OF_ENDS: Final = ("attention", "told", "untold", "withdrawn", "others")
_STEPS: Final = ("say", "clock", "again", "know", "rule", "request", "message")


def differences(scenario: Scenario) -> list[str]:
    """What came otherwise than expected, each as "what: expected ..., found ..."; empty if nothing did.

    What is called to attention is compared whole: where a scenario expects none, there is none. So is
    what was refused, and what bounced between two libraries.

    Raises:
        InvalidFacts: the scenario names something that is not known.
    """
    _check_words(scenario)
    sides = _sides(scenario)
    play = _begun(scenario, sides)
    before = {side: _Before.of(end) for side, end in play.ends.items()}
    found: list[str] = []
    for number, step in enumerate(scenario.steps, start=1):
        play.step(step)
        wanted = {**(scenario.expect if number == len(scenario.steps) else {}), **step}
        found += _of_step(f"step {number}", wanted, play.last)
    for side, end in play.ends.items():
        expected = scenario.expect.get(side, {}) if len(sides) > 1 else scenario.expect
        of = f"{side} " if len(sides) > 1 else ""
        found += _of_end(scenario.where, of, expected, end, play.now, before[side])
    if len(sides) > 1:
        _known(f"{scenario.where}, expect", scenario.expect, (*sides, "bounced", *_OF_STEPS))
        found += _compared("bounced", list(scenario.expect.get("bounced", ())), play.bounced)
    return found


def _begun(scenario: Scenario, sides: Sequence[str]) -> _Play:
    """The play at its situation, the way there behind it."""
    where, given = scenario.where, scenario.given
    both = len(sides) > 1
    ends = {side: _end(where, side, given.get(side, {}) if both else given) for side in sides}
    play = _Play(ends, where)
    beside = ("side", "before", *(sides if both else ("rules", "facts")))
    way = {name: value for name, value in given.items() if name not in beside}
    reach("both" if both else sides[0], way, where, play.on_the_way)
    if not both:
        play.stands(sides[0], given.get("state", "nothing"))
    for step in given.get("before", ()):
        play.on_the_way(step)
    return play


def _sides(scenario: Scenario) -> tuple[str, ...]:
    if scenario.side == "both":
        return ("borrowing", "supplying")
    side = scenario.given.get("side") if scenario.side == "wire" else scenario.side
    if side not in ("borrowing", "supplying"):
        _wrong(f"{scenario.where}, given", f"the side {side!r}", "borrowing or supplying")
    return (str(side),)


def _end(where: str, side: str, given: Mapping[str, Any]) -> End:
    return End(side, where=where, rules=given.get("rules", {}), facts=given.get("facts", {}))


def _wrong(where: str, found: str, expected: str) -> NoReturn:
    raise InvalidFacts(where, [Problem(where, found, expected)])


def _known(where: str, names: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            _wrong(where, f"the key {name!r}", ", ".join(known))


# --- playing --------------------------------------------------------------------------------------


@dataclass
class _Play:
    """A play in progress: the desks, the time, what the last step came to, and what bounced."""

    ends: Mapping[str, End]
    where: str
    now: datetime = FIRST_HOUR
    last: Said = field(default_factory=Said)
    bounced: list[str] = field(default_factory=list)

    def on_the_way(self, step: Mapping[str, Any]) -> None:
        """A step that leads to the situation; nothing of it may be refused."""
        self.step(step)
        assert self.last == Said(), f"{self.where}: on the way, {dict(step)} came to {self.last}"
        assert not self.bounced, f"{self.where}: on the way, {self.bounced} bounced"

    def stands(self, side: str, state: str) -> None:
        """The case stands where the path to the situation should have led it."""
        end = self.ends[side]
        it = end.it()
        found = "nothing" if it is None else it.state.value
        if found == "closed":
            found += f" {seen(end, self.now)['outcome']}"
        wanted = {"routable again": "routable", "unrelated": "nothing"}.get(state, state)
        assert found == wanted, f"{self.where}: given {state}, the way led to {found}"

    def step(self, step: Mapping[str, Any]) -> None:
        """One step at its time, and what is told in it carried, unless it crosses what comes next."""
        kinds = [kind for kind in _STEPS if kind in step]
        if len(kinds) != 1:
            _wrong(
                self.where, f"a step with {', '.join(kinds) or 'none of them'}", f"one of {', '.join(_STEPS)}"
            )
        if kinds[0] != "say":
            for key in step:
                if key not in (*STEP_KEYS, kinds[0]):
                    _wrong(f"{self.where}, {kinds[0]}", f"the key {key!r}", ", ".join(sorted(STEP_KEYS)))
        self._pass_time(step)
        self.last = Said()
        getattr(self, f"_{kinds[0]}")(step)
        if not step.get("crosses", False):
            self._carry()

    def _pass_time(self, step: Mapping[str, Any]) -> None:
        if "on" in step:
            self.now = datetime.combine(step["on"], time(10), FIRST_HOUR.tzinfo)
        else:
            self.now += timedelta(minutes=step["minutes"]) if "minutes" in step else APART

    def _at(self, step: Mapping[str, Any]) -> End:
        """The desk that a step is for."""
        if len(self.ends) == 1:
            return next(iter(self.ends.values()))
        if "at" in step:
            return self.ends[step["at"]]
        kind = COMMANDS.get(step.get("say", ""))
        if kind is None:
            _wrong(self.where, f"the command {step.get('say')!r}", "a command, or at = a side")
        return self.ends["borrowing" if ILL.of(kind).name == BorrowingCase.kind else "supplying"]

    def _say(self, step: Mapping[str, Any]) -> None:
        self.last = self._at(step).say(step, self.now)

    def _again(self, step: Mapping[str, Any]) -> None:
        """The last thing said to that desk comes once more, as it was."""
        end = self._at(step)
        assert end.last is not None, f"{self.where}: nothing was said before"
        self.last = end.take(end.last)

    def _clock(self, step: Mapping[str, Any]) -> None:
        """The clock runs up to ten in the morning of that day, at every desk."""
        self.now = datetime.combine(step["clock"], time(10), FIRST_HOUR.tzinfo)
        for end in self.ends.values():
            end.clock(self.now)

    def _know(self, step: Mapping[str, Any]) -> None:
        self._at(step).know(step["know"])

    def _rule(self, step: Mapping[str, Any]) -> None:
        self._at(step).rule(step["rule"])

    def _request(self, step: Mapping[str, Any]) -> None:
        """A request comes over the wire, in ISO 18626."""
        data = request_of(step["request"], self.where)
        try:
            command = read_request(data, received_at=self.now)
        except InvalidMessage as error:
            self.last = Said(unreadable=tuple(problem.where for problem in error.problems))
        else:
            self.last = self._at(step).take(command)

    def _message(self, step: Mapping[str, Any]) -> None:
        """What another library's desk tells comes as it is written."""
        end = self._at(step)
        message = message_of(step["message"], end.library, self.where)
        sender = step["message"].get("sender", end.partner)
        try:
            command = heard(message, sender=sender, at=end.library, received_at=self.now)
        except InvalidMessage as error:
            self.last = Said(unreadable=tuple(problem.where for problem in error.problems))
        else:
            assert command is not None, f"{self.where}: {message.kind} is for people"
            self.last = end.take(command)

    def _carry(self) -> None:
        """What each library has told the other is heard there, until nothing is on the way."""
        if len(self.ends) == 1:
            return
        borrowing, supplying = self.ends["borrowing"], self.ends["supplying"]
        on_the_way = True
        while on_the_way:
            told = self._carried(supplying, borrowing)
            on_the_way = self._carried(borrowing, supplying) or told

    def _carried(self, end: End, other: End) -> bool:
        claimed = end.storage.claim(self.now, until=self.now + APART, limit=100)
        for outgoing in claimed:
            end.storage.settle(outgoing.message.key, at=self.now, status=Status.SENT)
            if for_a_desk(outgoing.message) and outgoing.message.to == other.library:
                self._hear(outgoing.message, end, other)
        return bool(claimed)

    def _hear(self, message: Message, sender: End, at: End) -> None:
        try:
            command = heard(message, sender=sender.library, at=at.library, received_at=self.now)
        except InvalidMessage as error:
            self.bounced.append(f"{message.kind}: {error}")
            return
        assert command is not None  # it is for a desk
        last, said = at.last, at.take(command)
        at.last = last
        if said.refused:
            self.bounced.append(f"{message.kind}: {', '.join(said.refused)}")


# --- comparing ------------------------------------------------------------------------------------


def _compared(what: str, expected: Any, found: Any) -> Iterator[str]:
    if expected != found or type(expected) is not type(found):
        yield f"{what}: expected {expected!r}, found {found!r}"


def _check_words(scenario: Scenario) -> None:
    """Every code and every kind of message that a scenario names is one that a desk gives."""
    codes, kinds = known_codes(), known_kinds()
    expectations = [scenario.expect, *(scenario.expect.get(side, {}) for side in SIDES)]
    for expected in [*expectations, *scenario.steps]:
        for code in (*expected.get("refused", ()), *expected.get("attention", ())):
            if code not in codes:
                _wrong(scenario.where, f"the code {code!r}", "a code that a desk gives")
        for kind in (*expected.get("told", ()), *expected.get("untold", ()), *expected.get("withdrawn", ())):
            if kind not in kinds:
                _wrong(scenario.where, f"the message {kind!r}", "a kind that a desk tells")


def _of_step(what: str, wanted: Mapping[str, Any], said: Said) -> Iterator[str]:
    yield from _compared(f"{what} refused", sorted(wanted.get("refused", ())), sorted(said.refused))
    yield from _compared(f"{what} unsayable", wanted.get("unsayable", ""), said.unsayable)
    yield from _compared(f"{what} unreadable", sorted(wanted.get("unreadable", ())), sorted(said.unreadable))
    yield from _compared(f"{what} repeated", wanted.get("repeated", "again" in wanted), said.repeated)


@dataclass(frozen=True, slots=True)
class _Before:
    """What was to be looked at, and what had been told, before the steps."""

    attention: tuple[Any, ...]
    told: Mapping[str, Status]

    @staticmethod
    def of(end: End) -> _Before:
        it = end.it()
        attention = () if it is None else tuple(it.attention)
        return _Before(attention, {each.message.key: each.status for each in told(end)})


def _of_end(
    where: str, of: str, expected: Mapping[str, Any], end: End, now: datetime, before: _Before
) -> Iterator[str]:
    things = {
        name: value for name, value in expected.items() if name not in (*_OF_STEPS, *_OF_ENDS, "bounced")
    }
    it = end.it()
    if it is None:
        yield from _compared(f"{of}state", things.get("state", "none"), "none")
    else:
        yield from _of_case(where, of, things, seen(end, now))
        attention = sorted({reason.code for reason in it.attention if reason not in before.attention})
        yield from _compared(f"{of}attention", sorted(expected.get("attention", ())), attention)
    for case, wanted in expected.get("others", {}).items():
        yield from _of_case(where, f"{of}{case} ", wanted, seen(end, now, case))
    yield from _of_messages(of, expected, end, before)


def _of_case(where: str, of: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    _known(f"{where}, expect", wanted, (*found, *_OF_STEPS, *_OF_ENDS))
    for name, value in wanted.items():
        if name in _WORDS and value not in _WORDS[name]:
            _wrong(f"{where}, expect", f"the {name} {value!r}", ", ".join(_WORDS[name]))
        yield from _compared(f"{of}{name}", value, found[name])


def _of_messages(of: str, expected: Mapping[str, Any], end: End, before: _Before) -> Iterator[str]:
    """What was told in the steps, and what was taken back before it had left."""
    outbox = told(end)
    new = {each.message.kind for each in outbox if each.message.key not in before.told}
    gone = {
        each.message.kind
        for each in outbox
        if each.status in (Status.WITHDRAWN, Status.SUPERSEDED)
        and before.told.get(each.message.key, Status.PENDING) is Status.PENDING
    }
    for kind in expected.get("told", ()):
        if kind not in new:
            yield f"{of}told: expected {kind!r}, found {sorted(new)}"
    for kind in expected.get("untold", ()):
        if kind in new:
            yield f"{of}told: expected no {kind!r}, found {sorted(new)}"
    for kind in expected.get("withdrawn", ()):
        if kind not in gone:
            yield f"{of}withdrawn: expected {kind!r}, found {sorted(gone)}"
