"""Named conditions of findings: each yields a reason for everything it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from servflow.core.aftersales import people
from servflow.core.aftersales.desk_rules import Limit, Listing
from servflow.core.aftersales.findings import commands as c
from servflow.core.aftersales.findings.model import Finding, Penalty
from servflow.core.aftersales.findings.states import FindingState, Source
from servflow.core.aftersales.policy import Named, ServicePolicy, ServiceRules
from servflow.core.aftersales.showing import Shown, lacking, shown_with
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Situation

__all__ = [
    "Opening",
    "Said",
    "answers_known",
    "answers_of",
    "appeal_open",
    "appeal_over",
    "by_a_clause",
    "complete",
    "imposes",
    "in_currency",
    "judged_by_another",
    "lighter",
    "not_judged",
    "nothing_to_post",
    "of_this_firm",
    "on_record",
    "put_right_first",
    "rules_of",
    "sanction_listed",
    "somebody_pays",
    "something_to_post",
    "something_wrong",
    "step_of",
    "window",
]

Said = Situation[Finding, Any, ServicePolicy, Any]
Opening = Situation[None, c.RecordFinding, ServicePolicy, Any]

_PUT_RIGHT: Final = Clause("AS-QA-23", "一4")
_ONE_DAY: Final = timedelta(days=1)


def rules_of(s: Situation[Any, Any, ServicePolicy, Any]) -> ServiceRules:
    """The rules in force on the day on which it was found."""
    return s.policy.on(today(s) if s.it is None else s.it.found_on)


def answers_of(s: Situation[Any, Any, ServicePolicy, Any]) -> Mapping[str, str]:
    """The answers on record that the rules ask for, with ``source``."""
    it = s.command if s.it is None else s.it
    source: Source = it.source
    return people.fitting(rules_of(s), {"source": source.value, **it.answers})


def on_record(s: Situation[Any, Any, ServicePolicy, Any]) -> Shown:
    """What is on record, with what the command brings and what its own fields prove.

    What was done proves ``what-was-done``, an appeal ``grounds``, a judgement ``reason``.
    """
    said, names = s.command, {"done": "what-was-done", "grounds": "grounds", "reason": "reason"}
    proved = {name: (getattr(said, each),) for each, name in names.items() if hasattr(said, each)}
    before: Shown = {} if s.it is None else s.it.shown
    return shown_with(shown_with(before, said.shown), proved)


# --- guards of every step ---------------------------------------------------------------------------


def of_this_firm(s: Opening) -> Iterator[Reason]:
    """It is found at the firm whose rules these are, by one of its own."""
    firm = s.command.firm
    if firm != s.policy.firm or s.command.by.serves != firm:
        yield Reason("aftersales.another-firm", None, (("firm", firm), ("ours", s.policy.firm)))


def answers_known(s: Opening) -> Iterator[Reason]:
    """Every answer is to one of the rulebook's questions, and one of its answers."""
    yield from people.unknown(rules_of(s), s.command.answers)


def complete(s: Situation[Any, Any, ServicePolicy, Any]) -> Iterator[Reason]:
    """What the rulebook's checklists ask for before this step is on record (AS-QA-25)."""
    yield from lacking(rules_of(s), s.command.step, answers_of(s), on_record(s))


# --- the penalty ------------------------------------------------------------------------------------


def something_wrong(s: Said) -> Iterator[Reason]:
    """The check found something wrong: else there is nothing to put right or to confirm."""
    if not s.it.faults:
        yield Reason("aftersales.finding.nothing-wrong", PRACTICE)


def imposes(said: c.ConfirmFinding | c.ReducePenalty) -> bool:
    """Whether it imposes a penalty."""
    return bool(said.sanction) or said.charge is not None


def by_a_clause(s: Said) -> Iterator[Reason]:
    """A penalty rests on a clause: nobody is punished by what is written nowhere."""
    if imposes(s.command) and s.command.clause is None:
        yield Reason("aftersales.finding.no-clause", PRACTICE, (("sanction", s.command.sanction),))


def sanction_listed(s: Said) -> Iterator[Reason]:
    """Where the rulebook has ladders of sanctions, it is on one of them, at its place there (AS-PEN-8)."""
    said = s.command
    rules = rules_of(s)
    ladders = _ladders(rules)
    if not ladders:
        return
    place = step_of(rules, said.sanction)
    if said.sanction and place is None:
        entries = ", ".join(entry for named in ladders for entry in named.rule.entries)
        facts = (("sanction", said.sanction), ("listed", entries))
        yield Reason("aftersales.finding.sanction-unknown", ladders[0].clause, facts)
    elif said.ladder_step is not None and said.ladder_step != place:
        facts = (("sanction", said.sanction), ("step", str(said.ladder_step)))
        yield Reason("aftersales.finding.step-wrong", ladders[0].clause, facts)


def _ladders(rules: ServiceRules) -> tuple[Named[Listing], ...]:
    return tuple(named for named in rules.of(Listing) if named.rule.of == "sanctions")


def step_of(rules: ServiceRules, sanction: str) -> int | None:
    """The number of a sanction on its ladder, the lightest being 1; ``None`` where it is on none."""
    for named in _ladders(rules):
        if sanction in named.rule.entries:
            return named.rule.entries.index(sanction) + 1
    return None


def somebody_pays(s: Said) -> Iterator[Reason]:
    """A penalty has somebody whom it is about."""
    if imposes(s.command) and not s.it.concerns:
        yield Reason("aftersales.finding.nobody-concerned", PRACTICE)


def in_currency(s: Said) -> Iterator[Reason]:
    """The amount is in the firm's currency."""
    charge = s.command.charge
    if charge is not None and charge.money.currency != s.policy.currency:
        facts = (("found", charge.money.currency), ("currency", s.policy.currency))
        yield Reason("aftersales.wrong-currency", None, facts)


def lighter(s: Situation[Finding, c.ReducePenalty, ServicePolicy, Any]) -> Iterator[Reason]:
    """In something it is lighter than the penalty that holds, and in nothing heavier.

    Whoever lets go of all of it withdraws the finding.
    """
    said, before = s.command, s.it.penalty
    if not imposes(said):
        yield Reason("aftersales.finding.nothing-left", PRACTICE)
        return
    weights = _weights(said.sanction, said.ladder_step or step_of(rules_of(s), said.sanction), said)
    held = None if before is None else _weights(before.sanction, before.step, before)
    fits = (
        held is not None
        and weights != held
        and all(now <= then for now, then in zip(weights, held, strict=True))
    )
    if not fits:
        yield Reason("aftersales.finding.not-lighter", PRACTICE)


def _weights(sanction: str, step: int | None, of: c.ReducePenalty | Penalty) -> tuple[int, int]:
    """How heavy a penalty is: its step, and its amount; a sanction that is on no ladder counts one."""
    return step or int(bool(sanction)), 0 if of.charge is None else of.charge.money.minor


# --- the appeal -------------------------------------------------------------------------------------


def window(rules: ServiceRules, confirmed_on: date, answers: Mapping[str, str]) -> tuple[date, Clause] | None:
    """The last day, included, of an appeal against what was confirmed on ``confirmed_on``, and its clause.

    ``None`` where the rulebook has no limit of ``appeal`` in days: then it is open until it is posted.
    """
    known = rules.answered(answers)
    limits = (named for named in rules.of(Limit) if named.rule.of == "appeal" and named.rule.unit == "days")
    ends = [
        (confirmed_on + _ONE_DAY * named.rule.most, named.clause)
        for named in limits
        if named.rule.when.open(known) == ()
    ]
    return max(ends, key=lambda end: end[0], default=None)


def _window(s: Said) -> tuple[date, Clause] | None:
    confirmed_on = s.it.confirmed_on
    assert confirmed_on is not None
    return window(rules_of(s), confirmed_on, answers_of(s))


def appeal_open(s: Situation[Finding, c.AppealFinding, ServicePolicy, Any]) -> Iterator[Reason]:
    """The window for an appeal is open; without one in the rulebook, it is until the penalty is posted."""
    end = _window(s)
    if end is None:
        if s.it.state is FindingState.POSTED:
            yield Reason("aftersales.finding.posted", PRACTICE)
    elif today(s) > end[0]:
        yield Reason("aftersales.finding.appeal-late", end[1], (("last", end[0]),))


def appeal_over(s: Situation[Finding, c.CloseFinding, ServicePolicy, Any]) -> Iterator[Reason]:
    """Nobody can appeal any more: the rulebook's window has passed, or an appeal was judged."""
    end = None if s.it.appeal is not None or not s.it.imposed else _window(s)
    if end is not None and today(s) <= end[0]:
        yield Reason("aftersales.finding.appeal-possible", end[1], (("last", end[0]),))


def not_judged(s: Said) -> Iterator[Reason]:
    """An appeal is judged once."""
    if s.it.appeal is not None:
        facts = (("judged", s.it.appeal.judged_on or s.it.appeal.on),)
        yield Reason("aftersales.finding.judged-before", PRACTICE, facts)


def judged_by_another(s: Said) -> Iterator[Reason]:
    """Whoever judges an appeal neither found it nor imposed the penalty."""
    if s.command.by.party in {s.it.found_by, s.it.confirmed_by}:
        yield Reason("aftersales.finding.own-judge", PRACTICE, (("judge", s.command.by.party),))


# --- posting, and the end ---------------------------------------------------------------------------


def something_to_post(s: Said) -> Iterator[Reason]:
    """The penalty that holds has an amount."""
    penalty = s.it.penalty
    if penalty is None or penalty.charge is None or not penalty.charge.money:
        yield Reason("aftersales.finding.nothing-to-post", PRACTICE)


def nothing_to_post(s: Said) -> Iterator[Reason]:
    """No amount is waiting to be posted: it has none, or all of it was, before it was appealed against."""
    penalty = s.it.penalty
    if penalty is not None and penalty.charge is not None and not s.it.posted and penalty.charge.money:
        facts = (("amount", penalty.charge.money),)
        yield Reason("aftersales.finding.not-posted", penalty.clause, facts)


def put_right_first(s: Said) -> Iterator[Reason]:
    """What was found wrong was put right, and that is on record (AS-QA-23)."""
    if s.it.faults and s.it.put_right_on is None:
        yield Reason("aftersales.finding.not-put-right", _PUT_RIGHT, (("faults", len(s.it.faults)),))
