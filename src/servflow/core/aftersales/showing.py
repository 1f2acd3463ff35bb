"""What has to be on record before a step (必备事项): fields, papers, signatures, photographs.

1. A rulebook's checklist names a step and its items; what is on record, and what comes with the command
   itself, is held against them. All that is lacking is named, each item with the clause of its list.
2. An item is a name, or a number and a name: ``signature of the customer``, ``3 photographs``. The number is
   how many different ones there have to be.
3. What something is known by is a reference. Nobody's name, address or picture belongs here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from servflow.core.aftersales.circumstances import COVERAGE, DISTANCE, TERM, Question
from servflow.core.aftersales.policy import Checklist, Named, ServiceRules
from servflow.core.changes import Command
from servflow.core.checks import each_once
from servflow.core.citations import PRACTICE, Clause, Plain, Reason

__all__ = [
    "ANSWERED_OTHERWISE",
    "ASKED",
    "LACKING",
    "Needed",
    "ShowingCommand",
    "Shown",
    "different",
    "lacking",
    "listed",
    "needed",
    "not_ruled_out",
    "shown_with",
    "unknown_answers",
]

Shown = Mapping[str, tuple[str, ...]]
"""What is on record, by name, each with what it is known by."""

LACKING: Final = "aftersales.lacking"
"""The code of the reason that an item is not on record."""
ASKED: Final = "aftersales.asked"
"""The code of the reason that something has to be said first."""
ANSWERED_OTHERWISE: Final = frozenset({COVERAGE, TERM, DISTANCE})
"""What nobody answers: the verdict does, or a distance."""

_BY_THE_VERDICT: Final = ANSWERED_OTHERWISE | {"class"}

_COUNTED: Final = re.compile(r"([1-9][0-9]{0,3}) (.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowingCommand(Command):
    """What every command of a service desk may bring: facts, papers, signatures, photographs, answers.

    Never given itself.

    ``step`` is the word by which a rulebook's checklists name it. ``shown`` names each with what it is known
    by: ``{"photographs": ("p-1", "p-2", "p-3")}``. It goes on record with the command. ``answers`` to the
    questions of the rulebook are added to those on record.

    Raises:
        InvalidValue: something is shown by nothing, or twice by the same.
    """

    step: ClassVar[str] = ""

    shown: Shown = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        for name, evidence in self.shown.items():
            each_once("shown", (name,))
            each_once(f"shown.{name}", evidence, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """One item of a checklist: its name, how many different ones, and the clause that asks for it."""

    name: str
    count: int
    rule: str
    clause: Clause


def needed(rules: ServiceRules, step: str, answers: Mapping[str, str]) -> tuple[Needed, ...]:
    """What has to be on record before ``step``, in the order of the rulebook.

    Of a list whose condition hangs on an answer that is not known yet nothing is: see ``lacking``.

    Raises:
        InvalidValue: a question or an answer that the rules do not know.
    """
    lists = (named for named, left in not_ruled_out(rules, step, answers) if not left)
    return tuple(_needed(item, named.name, named.clause) for named in lists for item in named.rule.items)


def not_ruled_out(
    rules: ServiceRules, step: str, answers: Mapping[str, str]
) -> Iterator[tuple[Named[Checklist], tuple[str, ...]]]:
    """The checklists of ``step`` that no answer rules out, each with the questions that it still hangs on.

    One that hangs on none holds.

    Raises:
        InvalidValue: a question or an answer that the rules do not know.
    """
    known = rules.answered(answers)
    for named in rules.of(Checklist):
        left = named.rule.when.open(known) if named.rule.step == step else None
        if left is not None:
            yield named, left


def listed(rules: ServiceRules, step: str) -> frozenset[str]:
    """The names of all that the rulebook's checklists of ``step`` ask for, whatever was answered."""
    lists = [named for named in rules.of(Checklist) if named.rule.step == step]
    items = (_needed(item, named.name, named.clause) for named in lists for item in named.rule.items)
    return frozenset(each.name for each in items)


def _needed(item: str, rule: str, clause: Clause) -> Needed:
    found = _COUNTED.fullmatch(item)
    count, name = (1, item) if found is None else (int(found[1]), found[2])
    return Needed(name=name, count=count, rule=rule, clause=clause)


def lacking(
    rules: ServiceRules,
    step: str,
    answers: Mapping[str, str],
    shown: Shown,
    later: frozenset[str] = frozenset(),
) -> Iterator[Reason]:
    """A reason for every item of ``step`` that is not on record, or of which there are too few.

    And one for every question that nobody answered and on which a list of the step hangs, if nothing else
    rules that list out. A list that hangs on the verdict, or on one of ``later``, which is answered by
    itself, asks for nothing before.

    Raises:
        InvalidValue: a question or an answer that the rules do not know.
    """
    for named, left in not_ruled_out(rules, step, answers):
        if left:
            asked = left if (_BY_THE_VERDICT | later).isdisjoint(left) else ()
            for question in asked:
                yield Reason(
                    ASKED, named.clause, (("asked", question), ("where", step), ("rule", named.name))
                )
            continue
        for each in (_needed(item, named.name, named.clause) for item in named.rule.items):
            there = different(shown.get(each.name, ()))
            if there < each.count:
                facts = (("item", each.name), ("needed", each.count), ("found", there), ("step", step))
                yield Reason(LACKING, each.clause, facts)


def different(references: tuple[str, ...]) -> int:
    """How many different ones there are; blanks around a reference make no other one of it."""
    return len({each.strip() for each in references})


def unknown_answers(rules: ServiceRules, answers: Mapping[str, str]) -> Iterator[Reason]:
    """A reason for every answer that is none to a question of the rules.

    Who pays, and how far it is, is no answer: the verdict and a distance say so.
    """
    asked = {named.rule.name: named.clause for named in rules.of(Question)} if answers else {}
    for name, answer in answers.items():
        facts: tuple[tuple[str, Plain], ...] = (("question", name), ("answer", answer))
        if name not in rules.questions or name in ANSWERED_OTHERWISE:
            known = ", ".join(sorted(rules.questions.keys() - ANSWERED_OTHERWISE))
            yield Reason("aftersales.unknown-question", PRACTICE, (*facts, ("known", known)))
        elif answer not in rules.questions[name].answers:
            known = ", ".join(rules.questions[name].answers)
            yield Reason("aftersales.unknown-answer", asked.get(name, PRACTICE), (*facts, ("known", known)))


def shown_with(before: Shown, more: Shown) -> dict[str, tuple[str, ...]]:
    """What is on record once ``more`` is, each thing once."""
    after = dict(before)
    for name, evidence in more.items():
        after[name] = tuple(dict.fromkeys((*after.get(name, ()), *evidence)))
    return after
