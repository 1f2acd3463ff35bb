"""The report of a fault, its triage, and who pays for the service (受理、初步判断、保修判定).

1. What somebody says is asked of the rules of the day of the report, at every step again, and all that they
   do not know is named.
2. The verdict is binding when it is decided. Until then the promises are picked by what it would be, as far
   as that is known; a kind of promise that hangs on it is picked when it is decided.
3. The record of the unit is read where there is one. What was said to the ticket goes before it, and what
   happened to the unit after the report has not happened yet.

The file is long because the claim that a verdict is asked on is put together here, from all who know a part
of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, Final

from servflow.core.aftersales.circumstances import COVERAGE, TERM, Distance
from servflow.core.aftersales.claims import Claim, PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.desk_rules import Listing, Series
from servflow.core.aftersales.policy import Ladder, Promise, ServicePolicy, ServiceRules
from servflow.core.aftersales.promises import FaultReport, possible
from servflow.core.aftersales.showing import ANSWERED_OTHERWISE
from servflow.core.aftersales.tickets import clockwork, papers
from servflow.core.aftersales.tickets.commands import CorrectReport, Triage
from servflow.core.aftersales.tickets.ground import (
    NOT_TO_BE_HAD,
    Case,
    answers_asked,
    known_answers,
    outcome,
    rules_of,
    why,
)
from servflow.core.aftersales.tickets.messages import COVERED, REPORTED, tell
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.tickets.states import Outcome as Ending
from servflow.core.aftersales.tickets.states import Stage, TicketRole
from servflow.core.aftersales.units.model import Unit, unit_key
from servflow.core.aftersales.warranty import Ruling, Verdict, verdict
from servflow.core.aftersales.words import Bearer, ChargeClass, Coverage, Event, Lasting
from servflow.core.attention import attend
from servflow.core.changes import Key
from servflow.core.citations import PRACTICE, Clause, Plain, Reason
from servflow.core.errors import InvalidValue
from servflow.core.lifecycle import Outcome, chooser

__all__ = [
    "ANOTHERS_UNIT",
    "CORRECTED",
    "REPEAT",
    "UNIDENTIFIED",
    "UNKNOWN_REPEAT",
    "answers_known",
    "channel_listed",
    "claim_of",
    "corrected",
    "decide_coverage",
    "goodwill_by_supervisor",
    "not_decided_yet",
    "own_repair",
    "promises_known",
    "revise_coverage",
    "speaks_for_himself",
    "take_down",
    "triage",
    "undecided",
    "unit_named_once",
    "verdict_known",
    "with_promises",
]

UNIDENTIFIED: Final = "aftersales.attention.unidentified"
"""On the list of what staff see to: it is not known which unit it is."""
ANOTHERS_UNIT: Final = "aftersales.attention.anothers-unit"
"""On the list of what staff see to: by its record the unit belongs to another customer."""
UNKNOWN_REPEAT: Final = "aftersales.attention.unknown-repeat"
"""On the list of what staff see to: the earlier service that was named is none of this customer or unit."""

REPEAT: Final = "aftersales.attention.repeat"
"""On the list of what staff see to: the same fault of this unit was repaired before (AS-QA-5)."""
CORRECTED: Final = "aftersales.attention.corrected"
"""On the list of what staff see to: what the verdict goes by was corrected after it was given."""

_CLASSES: Final = Clause("AS-FLOW-1", "售后服务管理办法 (六)")
_IS_ASKED: Final = Clause("AS-WARR-5", "售后服务管理规定 (微电机) 四1")
_LOOKED_UP: Final = Clause("AS-FLOW-8", "工程项目售后服务工作细则")
_BY_THE_VERDICT: Final = frozenset({COVERAGE, TERM, "class"})
_EVENTS: Final = tuple(event.value for event in Event)


# --- what is on record ------------------------------------------------------------------------------


def _unit_of(s: Case, unit: str | None) -> Unit | None:
    """The unit's record at this firm, if it was read and there is one."""
    record = None if unit is None else s.others.get(unit_key(unit))
    return record if isinstance(record, Unit) and record.firm == s.policy.firm else None


def _told_of(rules: ServiceRules, unit: Unit | None) -> dict[str, str]:
    """The answers that the unit's record gives to what these rules ask."""
    if unit is None:
        return {}
    told = {**({"product": unit.product} if unit.product else {}), **unit.answers}
    answers = clockwork.fitting(rules, told)
    return {name: answer for name, answer in answers.items() if name not in ANSWERED_OTHERWISE}


def _of_the_unit(unit: Unit | None, by: date) -> dict[str, date]:
    """The dates of the unit's record up to and including ``by``."""
    return {} if unit is None else {name: day for name, day in unit.dates.items() if day <= by}


def _with_said(it: Ticket, command: Any, rules: ServiceRules) -> Ticket:
    """``it`` with what the command adds to its facts; what ``rules`` do not know is refused elsewhere."""
    dates = {name: day for name, day in getattr(command, "dates", {}).items() if name in _EVENTS}
    return replace(
        it,
        answers={**it.answers, **clockwork.fitting(rules, command.answers)},
        dates={**it.dates, **dates},
        terms={**it.terms, **getattr(command, "terms", {})},
        given={**it.given, **getattr(command, "given", {})},
        distance=getattr(command, "distance", None) or it.distance,
        fault_group=getattr(command, "fault_group", "") or it.fault_group,
        part=getattr(command, "part", "") or it.part,
    )


def claim_of(
    it: Ticket,
    unit: Unit | None,
    facts: TicketFacts | None,
    policy: ServicePolicy,
    more_answers: Mapping[str, str],
    more_dates: Mapping[str, date],
    earlier: Ticket | None = None,
) -> Claim:
    """What is claimed under the warranty, from the ticket, the record of its unit and what the host knows.

    It is judged as of the report, or, of a ticket that was reopened, as of that: what it repaired before is
    a past repair by then, and so is what ``earlier`` repaired, the ticket that this one repeats, if it is of
    this unit. ``more_answers`` and ``more_dates`` are added last. What the record says goes behind what was
    said to the ticket; a day of the record after the report counts as "not yet", a repair, a replacement or
    a change of hands after it does not count. Of two contracts or repairs of one name that of the record
    counts.

    Raises:
        InvalidValue: as ``Claim``; or a date is that of no event.
    """
    rules = policy.on(policy.day(it.reported_at))
    reported_on = _judged_on(it, policy)
    facts = facts or TicketFacts()
    answers = {**_told_of(rules, unit), **known_answers(it, rules), **it.answers, **more_answers}
    recorded: dict[str, date | None] = {}
    if unit is not None:
        recorded = {name: day if day <= reported_on else None for name, day in unit.dates.items()}
    contracts = (*(unit.contracts if unit else ()), *facts.contracts)
    repairs = _repairs(it, unit, facts, policy, earlier)
    transferred_on = None if unit is None else unit.transferred_on
    return Claim(
        reported_on=reported_on,
        answers={name: answer for name, answer in answers.items() if name not in _BY_THE_VERDICT},
        distance=it.distance,
        dates={_event(name): day for name, day in {**recorded, **it.dates, **more_dates}.items()},
        given=it.terms,
        fault_group=_group(it, repairs),
        part=it.part,
        contracts=tuple(_first_of_a_name(contracts)),
        repairs=tuple(_before(repairs, reported_on)),
        replacement=_replaced(unit, facts, reported_on),
        transferred=transferred_on is not None and transferred_on <= reported_on,
    )


def _repairs(
    it: Ticket, unit: Unit | None, facts: TicketFacts, policy: ServicePolicy, earlier: Ticket | None
) -> tuple[PastRepair, ...]:
    """The repairs of the unit that are known, each as often as somebody knows of it."""
    recorded = (*(unit.repairs if unit else ()), *facts.repairs)
    return (*recorded, *it.repairs, *_repaired_by(earlier, it, policy))


def own_repair(it: Ticket, policy: ServicePolicy) -> PastRepair | None:
    """The repair that the ticket ended with, by which later claims go; ``None``: it repaired nothing.

    That of a ticket that was reopened is another one: the second repair of ``T-1`` is ``T-1/2``.
    """
    group = it.fault_group or it.fault_code
    if it.outcome is not Ending.REPAIRED or it.finished_at is None or not group:
        return None
    return PastRepair(
        ref=it.id if not it.reopened else f"{it.id}/{it.reopened + 1}",
        finished_on=policy.day(it.finished_at),
        fault_group=group,
        parts=(it.part,) if it.part else (),
        coverage=None if it.verdict is None else it.verdict.coverage,
    )


def _repaired_by(earlier: Ticket | None, it: Ticket, policy: ServicePolicy) -> Iterator[PastRepair]:
    """What the earlier service repaired of this unit, as far as it was accepted."""
    if earlier is None or (it.unit or it.order_line) is None:
        return
    if (earlier.firm, earlier.unit, earlier.order_line) != (it.firm, it.unit, it.order_line):
        return
    yield from earlier.repairs
    last = None if earlier.accepted_at is None else own_repair(earlier, policy)
    if last is not None:
        yield last


def _group(it: Ticket, repairs: tuple[PastRepair, ...]) -> str:
    """The fault group; the fault code where a past repair is known by that."""
    by_code = any(repair.fault_group == it.fault_code for repair in repairs)
    return it.fault_group or (it.fault_code if by_code else "")


def _judged_on(it: Ticket, policy: ServicePolicy) -> date:
    """The day as of which a claim is judged: that of the report, or of the last reopening."""
    return policy.day(it.reopened_at or it.reported_at)


def _event(name: str) -> Event:
    try:
        return Event(name)
    except ValueError:
        raise InvalidValue("dates", name, f"one of {', '.join(_EVENTS)}") from None


def _first_of_a_name(contracts: tuple[ServiceContract, ...]) -> Iterator[ServiceContract]:
    named: dict[str, ServiceContract] = {}
    for contract in contracts:
        named.setdefault(contract.name, contract)
    yield from named.values()


def _before(repairs: tuple[PastRepair, ...], reported_on: date) -> Iterator[PastRepair]:
    named: dict[str, PastRepair] = {}
    for repair in repairs:
        if repair.finished_on <= reported_on:
            named.setdefault(repair.ref, repair)
    yield from named.values()


def _replaced(unit: Unit | None, facts: TicketFacts, reported_on: date) -> Replacement | None:
    found = (unit.replacement if unit else None) or facts.replacement
    return found if found is not None and found.on <= reported_on else None


# --- promises before and after the verdict --------------------------------------------------------------


def with_promises(s: Case, it: Ticket, rules: ServiceRules | None = None) -> Ticket:
    """``it`` with the promises that its facts give it, by ``rules``, or else by those that it goes by.

    Without a verdict they are picked by the one that would be given now. Where that is not known, a kind of
    promise that hangs on it is left out until it is; for work of the firm's own what hangs on its term is.

    Raises:
        MissingValue: an answer, the distance or something left blank, on which a promise hangs, is missing.
        ConflictingRules: two promises of one kind hold and say different things.
        InvalidValue: what is known does not fit the rules.
    """
    rules = rules or clockwork.rules_for(it, s.policy)
    draft = it
    if it.verdict is None:
        try:
            draft = replace(it, verdict=_judged(s, it))
        except NOT_TO_BE_HAD:
            rules = _apart_from_the_verdict(rules, it)
    if it.internal:  # no warranty is asked, and nobody can ever say how it stands
        rules = _apart_from_the_verdict(rules, draft)
    picked = clockwork.picked(draft, rules, s.policy, s.command.happened_at)
    return replace(it, commitments=picked.commitments)


def _apart_from_the_verdict(rules: ServiceRules, it: Ticket) -> ServiceRules:
    """``rules`` without the kinds of promises, and the ladders, that hang on the verdict."""
    answers = {**known_answers(it, rules), **it.answers}
    report = FaultReport(at=it.reported_at, answers=answers, distance=it.distance, given=it.given)
    known = rules.answered(answers)
    hanging = {
        each.rule.rule.kind for each in possible(rules, report) if not _BY_THE_VERDICT.isdisjoint(each.open)
    }
    return replace(
        rules,
        rules=tuple(
            named
            for named in rules.rules
            if not (isinstance(named.rule, Promise) and named.rule.kind in hanging)
            and not (
                isinstance(named.rule, Ladder)
                and not _BY_THE_VERDICT.isdisjoint(named.rule.when.open(known) or ())
            )
        ),
    )


# --- guards -----------------------------------------------------------------------------------------------


def speaks_for_himself(s: Case) -> Iterator[Reason]:
    """A customer reports for himself, and no work of the firm's own; staff report for anybody."""
    said = s.command
    if s.role is not TicketRole.CUSTOMER:
        return
    if said.by.party != said.customer:
        yield Reason("aftersales.not-for-himself", PRACTICE, (("customer", said.customer),))
    if said.internal:
        yield Reason("aftersales.internal-by-staff", _CLASSES)


def channel_listed(s: Case) -> Iterator[Reason]:
    """The report came in by one of the firm's channels, where its rulebook lists them all (AS-FLOW-28)."""
    lists = [named for named in rules_of(s).of(Listing) if named.rule.of == "channels"]
    channel = s.command.channel.value
    if any(named.rule.open for named in lists):
        return
    if lists and not any(channel in named.rule.entries for named in lists):
        known = ", ".join(entry for named in lists for entry in named.rule.entries)
        facts = (("channel", channel), ("known", known))
        yield Reason("aftersales.channel-not-listed", lists[0].clause, facts)


def answers_known(s: Case) -> Iterator[Reason]:
    """Every answer is one of the rules' questions and answers, and every date and term fits the others.

    All that do not are named. Who pays, and how far it is, is no answer: the verdict and a distance say so.
    """
    yield from answers_asked(s)
    for name in getattr(s.command, "dates", ()):
        if name not in _EVENTS:
            facts = (("event", name), ("known", ", ".join(_EVENTS)))
            yield Reason("aftersales.unknown-event", PRACTICE, facts)
    yield from _going_together(s, rules_of(s))


def _going_together(s: Case, rules: ServiceRules) -> Iterator[Reason]:
    """Whether the dates and terms of the command fit the ticket's, and the distance the rulebook's bands."""
    it, said = s.it, s.command
    reported_on = s.policy.day(said.happened_at) if it is None else _judged_on(it, s.policy)
    dates: dict[str, date] = {**(it.dates if it else {}), **getattr(said, "dates", {})}
    terms: dict[str, Lasting] = {**(it.terms if it else {}), **getattr(said, "terms", {})}
    known = {Event(name): day for name, day in dates.items() if name in _EVENTS}
    try:
        Claim(reported_on=reported_on, dates=known, given=terms)
    except InvalidValue as found:
        yield why(found, _IS_ASKED)
    distance: Distance | None = getattr(said, "distance", None)
    if distance is not None and rules.distances is not None:
        try:
            rules.distances.band(distance)
        except InvalidValue as found:
            yield why(found, PRACTICE)


def unit_named_once(s: Case) -> Iterator[Reason]:
    """Which unit it is, is said once: another one is another service."""
    it, named = s.it, s.command.unit
    if named is not None and it.unit is not None and named != it.unit:
        yield Reason("aftersales.another-unit", PRACTICE, (("unit", it.unit), ("named", named)))


def promises_known(s: Case) -> Iterator[Reason]:
    """All is there on which the promises to the customer hang, and no two of them disagree.

    Where a report is corrected before its triage, which asks for it, something may be missing.
    """
    corrects = isinstance(s.command, CorrectReport)
    if not (corrects and s.it.state is Stage.REPORTED):
        yield from _lacks(s, _drafted(s), PRACTICE)


def verdict_known(s: Case) -> Iterator[Reason]:
    """All is there on which the verdict hangs (AS-WARR-5, AS-FLOW-8), and on which promises do by then."""
    it = _with_said(s.it, s.command, rules_of(s))
    try:
        decided = _decided(s, it)
    except NOT_TO_BE_HAD as found:
        yield why(found, _IS_ASKED)
    else:
        yield from _lacks(s, replace(it, verdict=decided), _LOOKED_UP)


def _lacks(s: Case, it: Ticket, clause: Clause) -> Iterator[Reason]:
    try:
        with_promises(s, it)
    except NOT_TO_BE_HAD as found:
        yield why(found, clause)


@chooser
def undecided(s: Case) -> bool:
    """It is not decided yet who pays: the cause is being looked for (AS-FLOW-12)."""
    return s.it.verdict is None


def not_decided_yet(s: Case) -> Iterator[Reason]:
    """Who pays is decided once; after that the decision is revised, and the earlier one is kept."""
    if s.it.verdict is not None:
        yield Reason("aftersales.coverage-decided", PRACTICE, (("coverage", s.it.verdict.coverage.value),))


def goodwill_by_supervisor(s: Case) -> Iterator[Reason]:
    """Only the supervisor lets charges go."""
    if s.command.goodwill and s.role is not TicketRole.SUPERVISOR:
        charges = ", ".join(sorted(s.command.goodwill))
        yield Reason("aftersales.goodwill-by-supervisor", PRACTICE, (("charges", charges),))


# --- the report and the triage -----------------------------------------------------------------------------


def take_down(s: Case) -> Outcome:
    """The ticket is opened and entered in the call register; a voucher goes to the supervisor (AS-FLOW-2).

    Promises are picked already, where nothing is missing for it. A unit that nobody named, or that belongs to
    somebody else by its record, is on the list of what staff see to, and so is an earlier service that is
    none of this customer or unit. The customer is told the number in the register.
    """
    said, rules, reported_on = s.command, rules_of(s), s.policy.day(s.command.happened_at)
    unit = _unit_of(s, said.unit)
    it = Ticket(
        id=said.case,
        state=Stage.REPORTED,
        firm=said.firm,
        customer=said.customer,
        reported_at=said.happened_at,
        channel=said.channel,
        service=said.service,
        symptom=said.symptom,
        unit=said.unit,
        order_line=said.order_line,
        purchase=said.purchase,
        answers={**_told_of(rules, unit), **said.answers},
        distance=said.distance,
        given=dict(said.given),
        terms=dict(said.terms),
        dates={**_of_the_unit(unit, reported_on), **said.dates},
        internal=said.internal or None,
    )
    it = _owned(_identified(it), unit)
    it = _linked(s, it)
    it, register, commands = papers.issued(s, it, Series.CALL_REGISTER)
    it, voucher, more = papers.issued(s, it, Series.VOUCHER)
    with suppress(*NOT_TO_BE_HAD):  # the triage asks for what is missing
        it = with_promises(s, it)
    facts: tuple[tuple[str, Plain], ...] = (
        *(() if register is None else (("register", register),)),
        *(() if voucher is None else (("voucher", voucher),)),
    )
    return outcome(s, it, messages=tell(it, REPORTED, facts), commands=(*commands, *more))


def _identified(it: Ticket) -> Ticket:
    return it if it.unit or it.order_line else attend(it, UNIDENTIFIED)


def _owned(it: Ticket, unit: Unit | None) -> Ticket:
    if unit is None or unit.customer == it.customer:
        return it
    return attend(it, ANOTHERS_UNIT, ("unit", unit.id))


def _linked(s: Case, it: Ticket) -> Ticket:
    """``it`` with the earlier service that the customer names, if it is his own or one of this unit."""
    named = s.command.repeats
    if named is None:
        return it
    earlier = s.others.get(Key(Ticket.kind, named))
    if isinstance(earlier, Ticket) and earlier.firm == it.firm:
        same_unit = it.unit is not None and earlier.unit == it.unit
        if same_unit or earlier.customer == it.customer:
            return replace(it, repeats=named)
    return attend(it, UNKNOWN_REPEAT, ("repeats", named))


def triage(s: Case) -> Outcome:
    """It is known what is the matter, how grave, and where it is to be done; the promises are picked.

    A fault of the unit that was repaired before is recognised (AS-QA-5).
    """
    return outcome(s, with_promises(s, _repeating(s, _drafted(s))))


def corrected(s: Case) -> Ticket:
    """The ticket as a correction of its report makes it, with its promises, as far as they are known.

    A verdict that was given goes by what was taken to be so: staff see to it that it is revised.
    """
    it = _repeating(s, _drafted(s))
    with suppress(*NOT_TO_BE_HAD):  # before the triage something may be missing
        it = with_promises(s, it)
    return it if it.verdict is None else attend(it, CORRECTED, ("reason", s.command.reason))


def _drafted(s: Case) -> Ticket:
    """The ticket as a triage, another severity or a correction makes it, without its promises."""
    said = s.command
    it = _with_said(s.it, said, rules_of(s))
    if isinstance(said, CorrectReport):
        return replace(_of_another_unit(s, it), symptom=said.symptom.strip() or it.symptom)
    it = replace(it, severity=said.severity)
    if not isinstance(said, Triage):
        return it
    unit = said.unit or it.unit
    if unit != it.unit:
        record = _unit_of(s, unit)
        on = _judged_on(it, s.policy)
        it = replace(
            it,
            unit=unit,
            answers={**_told_of(rules_of(s), record), **it.answers},
            dates={**_of_the_unit(record, on), **it.dates},
            attention=tuple(reason for reason in it.attention if reason.code != UNIDENTIFIED),
        )
        it = _owned(it, record)
    return replace(
        it,
        fault_code=said.fault_code,
        route=said.route or it.route,
    )


def _of_another_unit(s: Case, it: Ticket) -> Ticket:
    """``it`` about the unit that a correction names: what the record of the other one said goes."""
    unit, wrong = s.command.unit, _unit_of(s, it.unit)
    if unit is None or unit == it.unit:
        return it
    rules, record, on = rules_of(s), _unit_of(s, unit), _judged_on(it, s.policy)
    told, dates = _told_of(rules, wrong), _of_the_unit(wrong, on)
    answers = {name: answer for name, answer in it.answers.items() if told.get(name) != answer}
    said = clockwork.fitting(rules, s.command.answers)
    kept = {name: day for name, day in it.dates.items() if dates.get(name) != day}
    it = replace(
        it,
        unit=unit,
        order_line=None,
        answers={**_told_of(rules, record), **answers, **said},
        dates={**_of_the_unit(record, on), **kept},
    )
    gone = {UNIDENTIFIED, ANOTHERS_UNIT}
    attention = tuple(reason for reason in it.attention if reason.code not in gone)
    return _owned(replace(it, attention=attention), record)


def _repeating(s: Case, it: Ticket) -> Ticket:
    """``it`` linked to the service that repaired the same fault of the unit last, whatever its warranty.

    Staff see to it; who pays is another question (AS-QA-5). One that a customer named stays linked.
    """
    facts, unit = s.facts or TicketFacts(), _unit_of(s, it.unit)
    earlier = None if it.repeats is None else s.others.get(Key(Ticket.kind, it.repeats))
    known = _repairs(it, unit, facts, s.policy, earlier if isinstance(earlier, Ticket) else None)
    group, reported_on = _group(it, known), _judged_on(it, s.policy)
    same = [each for each in _before(known, reported_on) if group and each.fault_group == group]
    last = max(same, key=lambda each: each.finished_on, default=None)
    if last is None:
        return it
    of = _service_of(s, it, last)
    before = (s.it.unit, s.it.fault_group, s.it.fault_code)
    seen = it.repeats is not None and before == (it.unit, it.fault_group, it.fault_code)
    if of == it.id or seen:
        return it
    it = it if it.repeats is not None else replace(it, repeats=of)
    return attend(it, REPEAT, ("repeats", of), ("fault", group))


# --- who pays -------------------------------------------------------------------------------------------


def decide_coverage(s: Case) -> Outcome:
    """Who pays is decided: the customer is told, class by class, with the clauses.

    A class of charges that is let go is free at the firm's cost, and the verdict says who approved it. A
    verdict that repeats an earlier repair is linked to it; where the firm does its own work again it is
    rework (返修). Promises that hang on the verdict are picked.
    """
    it = _repeating(s, _with_said(s.it, s.command, rules_of(s)))
    decided = _decided(s, it)
    before = s.it.verdict
    earlier = None if decided.repeat is None else _service_of(s, it, decided.repeat)
    was_rework = before is not None and before.rework and not it.reworks
    it = replace(
        it,
        verdict=decided,
        earlier_verdicts=it.earlier_verdicts if before is None else (*it.earlier_verdicts, before),
        goodwill=dict(s.command.goodwill),
        repeats=it.repeats if earlier in {None, it.id} else earlier,
        rework=True if decided.rework else None if was_rework else it.rework,
    )
    it = with_promises(s, it)
    return outcome(s, it, messages=tell(it, COVERED, _told(it, decided), decided.reasons))


def _service_of(s: Case, it: Ticket, repair: PastRepair) -> str:
    """The ticket of a past repair, as far as the unit's record tells; else what the repair is known by.

    A ticket that was reopened repaired more than once: the second repair of ``T-1`` is ``T-1/2``.
    """
    unit = _unit_of(s, it.unit)
    tickets = (*(each for each in (it.id, it.repeats) if each), *(unit.tickets if unit else ()))
    his = [each for each in tickets if repair.ref == each or repair.ref.startswith(f"{each}/")]
    return max(his, key=len, default=repair.ref)


def revise_coverage(s: Case) -> Outcome:
    """The verdict is decided anew and the earlier one kept; it lets go what it names, and nothing else."""
    return decide_coverage(s)


def _told(it: Ticket, decided: Verdict) -> tuple[tuple[str, Plain], ...]:
    assert it.service_class is not None  # it has a verdict
    classes = ((ruling.charge.value, ruling.coverage.value) for ruling in decided.rulings)
    return (("class", it.service_class.name), *classes)


def _decided(s: Case, it: Ticket) -> Verdict:
    """The verdict as it is given now, with what is let go."""
    return _let_go(_judged(s, it), s.command.goodwill)


def _judged(s: Case, it: Ticket) -> Verdict:
    """The verdict of the rules of the report on what is on record; the firm pays for work of its own."""
    rules = rules_of(s)
    repeated = None if it.repeats is None else s.others.get(Key(Ticket.kind, it.repeats))
    earlier = repeated if isinstance(repeated, Ticket) else None
    claim = claim_of(it, _unit_of(s, it.unit), s.facts, s.policy, {}, {}, earlier)
    return _own_work(rules, claim.reported_on) if it.internal else verdict(rules, claim)


def _own_work(rules: ServiceRules, reported_on: date) -> Verdict:
    """The verdict on work of the firm's own (class D): no warranty is asked, and the firm bears all of it."""
    parts, labour, travel = (
        Ruling(charge=charge, coverage=Coverage.FREE, bearer=Bearer.FIRM, basis=(), clauses=(_CLASSES,))
        for charge in ChargeClass
    )
    return Verdict(
        reported_on=reported_on,
        term=None,
        parts=parts,
        labour=labour,
        travel=travel,
        covers=(),
        reasons=(Reason("aftersales.own-work", _CLASSES),),
        version=rules.version,
    )


def _let_go(decided: Verdict, goodwill: Mapping[str, str]) -> Verdict:
    """``decided`` with these classes of charges free at the firm's cost."""
    gone = [
        ruling.charge
        for ruling in decided.rulings
        if ruling.charge.value in goodwill and ruling.coverage is not Coverage.FREE
    ]
    parts, labour, travel = (_free(ruling) if ruling.charge in gone else ruling for ruling in decided.rulings)
    reasons = (
        Reason(
            "aftersales.goodwill",
            PRACTICE,
            (("charge", charge.value), ("approved_by", goodwill[charge.value])),
        )
        for charge in gone
    )
    said = (*decided.reasons, *reasons)
    return replace(decided, parts=parts, labour=labour, travel=travel, reasons=said)


def _free(ruling: Ruling) -> Ruling:
    return replace(
        ruling,
        coverage=Coverage.FREE,
        bearer=Bearer.FIRM,
        basis=("goodwill",),
        clauses=(PRACTICE,),
        borne_by=(),
    )
