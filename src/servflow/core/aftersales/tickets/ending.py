"""The end of a ticket (验收、回访、结案): accepted, surveyed, closed; rejected, cancelled, merged; reopened.

1. Nobody signs for a service that is not done, and nothing is closed with a complaint open.
2. What is done again, or reopened, has to be signed and shown again.
3. A ticket is reopened only for as long as the rulebook says; after that the same fault is a new ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.complaints.model import RaisedBy
from servflow.core.aftersales.desk_rules import Deemed, Reopening, Series, Survey
from servflow.core.aftersales.policy import Checklist, Named, ServiceRules
from servflow.core.aftersales.showing import needed
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import messages
from servflow.core.aftersales.tickets.billing import all_billed, lacks_invoice, open_money, prices
from servflow.core.aftersales.tickets.clockwork import known_answers
from servflow.core.aftersales.tickets.ground import (
    NOT_TO_BE_HAD,
    Case,
    answers_of,
    entailed,
    local,
    outcome,
    rules_of,
    why,
)
from servflow.core.aftersales.tickets.intake import own_repair
from servflow.core.aftersales.tickets.model import Call, EarlierEnd, Paper, SurveyAnswer, Ticket
from servflow.core.aftersales.tickets.reading import survey_complaint
from servflow.core.aftersales.tickets.states import Channel, PaperState, Stage, TicketRole, VisitState
from servflow.core.aftersales.tickets.states import Outcome as Ending
from servflow.core.aftersales.tickets.visiting import freed, not_held
from servflow.core.aftersales.units.commands import NoteRepair
from servflow.core.aftersales.units.model import Unit, unit_key
from servflow.core.attention import attend
from servflow.core.changes import Command, Key
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.dates import EndOfMonth, existing, lies_after, start_of_day
from servflow.core.desk_rules import today
from servflow.core.errors import MissingValue
from servflow.core.lifecycle import Outcome, chooser

__all__ = [
    "accept",
    "accepted_first",
    "cancel",
    "close",
    "last_attempt",
    "log_call",
    "may_be_reopened",
    "merge",
    "merges_into_open",
    "no_complaint_open",
    "not_merged",
    "not_surveyed",
    "note_complaint",
    "nothing_done",
    "record_survey",
    "reject",
    "reject_work",
    "reopen",
    "scores_fit",
    "service_done",
    "silent_long_enough",
    "silent_until",
    "survey_not_asked",
    "work_was_done",
]

_SIGNED_AFTERWARDS: Final = Clause("AS-FLOW-3", "(九)")
_TOLD_THE_OUTCOME: Final = Clause("AS-COMP-3", "客户投诉处理规定")
_KEPT_CONFIDENTIAL: Final = Clause("AS-QA-21", "技术部售后规章制度 15")
_DAY: Final = timedelta(days=1)
_SURVEYED: Final = Clause("AS-QA-4", "三7")
_NO_WORK_DONE: Final = frozenset({Ending.REFUNDED, Ending.REPLACED, Ending.RETURNED_UNREPAIRED})
"""With what nobody has done work that could be done again."""
_OVER: Final = frozenset({Stage.CLOSED, Stage.REJECTED, Stage.CANCELLED})
_OF_THE_END: Final = ("service-finished", "billing", "collection", "acceptance", "survey", "closing")
"""Steps whose facts are shown anew for what is reopened."""
_OF_THE_WORK: Final = ("service-finished", "acceptance")
"""Steps whose facts are shown anew for what is done again."""
_REGISTER: Final = frozenset({Series.CALL_REGISTER, Series.VOUCHER})


# --- acceptance -----------------------------------------------------------------------------------


def service_done(s: Case) -> Iterator[Reason]:
    """Nobody signs before the service is done (AS-FLOW-3)."""
    yield Reason("aftersales.signed-before-done", _SIGNED_AFTERWARDS, (("stage", s.it.state.value),))


def silent_until(it: Ticket, rules: ServiceRules) -> datetime | None:
    """The instant from which a silent customer is taken to have accepted.

    He is silent since it is done, or since the last complaint about it was settled or the last hold ended.
    ``None``: it is not done yet, stands still, or is complained of. What he was given back later than that he
    accepts with the day after.

    Raises:
        MissingValue: the rulebook has no rule for it, or an answer or a length that decides it is missing.
        InvalidValue: an answer that there is not.
        ConflictingRules: two rules say different things.
    """
    if it.finished_at is None or it.holds or any(it.complaints.values()):
        return None
    deemed = rules.the_one(Deemed, {**known_answers(it, rules), **it.answers})
    ended = (it.finished_at, it.heard_until, *(pause.end for pause in it.pauses))
    since = max(existing("since", at) for at in ended if at is not None)
    due = deemed.rule.within.filled(it.given).allowed(since, rules.calendar).due
    back = [item.given_back_on for item in it.items.values() if item.given_back_on is not None]
    return max([due, *(start_of_day(day + _DAY, rules.calendar.zone) for day in back)])


def silent_long_enough(s: Case) -> Iterator[Reason]:
    """The customer has said nothing for as long as the rulebook gives him, and nothing is waited for."""
    if any(s.it.complaints.values()):
        yield Reason("aftersales.customer-not-silent", PRACTICE)
    yield from not_held(s)
    try:
        until = silent_until(s.it, rules_of(s))
    except NOT_TO_BE_HAD as found:
        yield why(found, PRACTICE)
        return
    if until is not None and lies_after(until, s.command.happened_at):
        yield Reason("aftersales.not-silent-long-enough", PRACTICE, (("until", local(s, until)),))


def accept(s: Case) -> Outcome:
    """The service is accepted: register entry struck off, voucher filed, the repair noted (AS-FLOW-3)."""
    signed = () if isinstance(s.command, c.DeemAccepted) else (s.it.customer,)
    it, commands = freed(s, s.it, VisitState.DONE)
    it = _filed(s, it, lambda paper: paper.series in _REGISTER, signed)
    it = replace(it, accepted_at=s.command.happened_at)
    return outcome(s, it, commands=(*commands, *_noted(s, it)))


def _filed(
    s: Case, it: Ticket, which: Callable[[Paper], bool] = lambda _: True, signed_by: tuple[str, ...] = ()
) -> Ticket:
    """``it`` with its open papers filed, those of a register struck off."""
    ended = {
        ref: replace(
            paper,
            state=PaperState.FILED,
            ended_on=today(s),
            signed_by=tuple(dict.fromkeys((*paper.signed_by, *signed_by))),
        )
        for ref, paper in it.papers.items()
        if paper.state is PaperState.OPEN and which(paper)
    }
    return replace(it, papers={**it.papers, **ended}) if ended else it


def _noted(s: Case, it: Ticket) -> Iterator[Command]:
    """The repair goes on the unit's record, if it has one: the warranty of the repair begins there."""
    unit, repair = it.unit, own_repair(it, s.policy)
    if unit is not None and repair is not None and isinstance(s.others.get(unit_key(unit)), Unit):
        yield entailed(s, NoteRepair, unit, "repair", repair=repair, ticket=it.id)


def work_was_done(s: Case) -> Iterator[Reason]:
    """There is work that can be done again: nothing was refunded, replaced or given back as it was."""
    if s.it.outcome in _NO_WORK_DONE:
        yield Reason("aftersales.nothing-to-do-again", PRACTICE, (("outcome", s.it.outcome.value),))


def reject_work(s: Case) -> Outcome:
    """The service is done again, at the firm's cost (返修); it has to be signed for again."""
    it = replace(s.it, rework=True, reworks=s.it.reworks + 1, outcome=None, finished_at=None)
    return outcome(s, _shown_anew(s, it, _OF_THE_WORK))


def _shown_anew(s: Case, it: Ticket, steps: tuple[str, ...]) -> Ticket:
    """``it`` without the facts that the rulebook asks for at these steps, and at no other."""
    rules, answers = rules_of(s), answers_of(s)
    lists: dict[str, set[str]] = {
        step: {each.name for each in needed(rules, step, answers)}
        for step in {named.rule.step for named in rules.of(Checklist)}
    }
    asked = {name for step in steps for name in lists.get(step, ())}
    kept = {name for step, names in lists.items() if step not in steps for name in names}
    return replace(it, shown={name: by for name, by in it.shown.items() if name not in asked - kept})


# --- afterwards: survey and call-backs -------------------------------------------------------------


def _survey(s: Case) -> Named[Survey]:
    """The rule for the survey of this ticket.

    Raises:
        MissingValue: there is none, or an answer that decides it is missing.
        InvalidValue: an answer that there is not.
        ConflictingRules: two rules say different things.
    """
    return rules_of(s).the_one(Survey, answers_of(s))


def scores_fit(s: Case) -> Iterator[Reason]:
    """Every question of the survey has a score on its scale, and nothing else has one."""
    try:
        named = _survey(s)
    except NOT_TO_BE_HAD as found:
        yield why(found, _SURVEYED)
        return
    survey, scores = named.rule, s.command.scores
    for question in survey.questions:
        if question not in scores:
            yield Reason("aftersales.survey-unanswered", named.clause, (("question", question),))
    for question, score in scores.items():
        if question not in survey.questions:
            yield Reason("aftersales.survey-not-asked", named.clause, (("question", question),))
        elif not survey.lowest <= score <= survey.highest:
            facts = (
                ("question", question),
                ("score", score),
                ("lowest", survey.lowest),
                ("highest", survey.highest),
            )
            yield Reason("aftersales.survey-score-outside", named.clause, facts)


def not_surveyed(s: Case) -> Iterator[Reason]:
    """The customer has not answered since he accepted the service."""
    it = s.it
    if it.survey is None or it.accepted_at is None:
        return
    if it.survey.on >= s.policy.day(it.accepted_at):
        yield Reason("aftersales.surveyed-already", PRACTICE, (("on", it.survey.on),))


def survey_not_asked(s: Case) -> Iterator[Reason]:
    """The firm asks for no survey of this service: else it is closed only afterwards (AS-QA-4)."""
    rules = rules_of(s)
    known = rules.answered(answers_of(s))
    for named in rules.of(Survey):
        if named.rule.when.open(known) is not None:
            yield Reason("aftersales.survey-first", named.clause)


def record_survey(s: Case) -> Outcome:
    """The customer's answer goes on record; a dissatisfied one is a complaint (AS-QA-11)."""
    it, said = s.it, s.command
    survey, scores = _survey(s).rule, dict(said.scores)
    answer = SurveyAnswer(
        on=today(s),
        by=said.by.party,
        scores=scores,
        satisfied=all(score >= survey.satisfied_from for score in scores.values()),
        dissatisfied=any(score <= survey.dissatisfied_to for score in scores.values()),
        opinion=said.opinion,
    )
    commands: tuple[Command, ...] = ()
    if answer.dissatisfied:
        low = ", ".join(name for name, score in scores.items() if score <= survey.dissatisfied_to)
        filed = entailed(
            s,
            FileComplaint,
            survey_complaint(it.id, it.version + 1),
            "complaint",
            firm=it.firm,
            customer=it.customer,
            channel=Channel.FOLLOW_UP,
            what=said.opinion.strip() or low,
            ticket=it.id,
            unit=it.unit,
            evidence=said.evidence,
            raised_by=RaisedBy.SURVEY,
        )
        commands = (filed,)
    earlier = it.earlier_surveys if it.survey is None else (*it.earlier_surveys, it.survey)
    return outcome(s, replace(it, survey=answer, earlier_surveys=earlier), commands=commands)


@chooser
def last_attempt(s: Case) -> bool:
    """Nobody took the call-back, and it was the last one that the rulebook asks for."""
    said = s.command
    if said.about != c.CALL_BACK or said.taken:
        return False
    try:
        attempts = _survey(s).rule.attempts
    except NOT_TO_BE_HAD:
        return False
    since = s.it.accepted_at
    before = sum(
        call.about == c.CALL_BACK and not call.taken and (since is None or not lies_after(since, call.at))
        for call in s.it.calls
    )
    return attempts is not None and before + 1 >= attempts


def log_call(s: Case) -> Outcome:
    """The call is on record; where nobody took it, a text message has to follow (AS-FLOW-17)."""
    said = s.command
    call = Call(
        at=said.happened_at,
        by=said.by.party,
        about=said.about,
        taken=said.taken,
        messaged=said.messaged,
    )
    it = replace(s.it, calls=(*s.it.calls, call))
    if not said.taken and not said.messaged:
        it = attend(it, "aftersales.attention.no-text-message", ("about", said.about))
    return outcome(s, it)


# --- closing and reopening ------------------------------------------------------------------------


def no_complaint_open(s: Case) -> Iterator[Reason]:
    """No complaint about the service is open: the customer hears its outcome first (AS-COMP-3)."""
    for complaint, is_open in s.it.complaints.items():
        if is_open:
            yield Reason("aftersales.complaint-open", _TOLD_THE_OUTCOME, (("complaint", complaint),))


def accepted_first(s: Case) -> Iterator[Reason]:
    """The service is accepted before its ticket is closed (AS-FLOW-3)."""
    yield Reason("aftersales.not-accepted", _SIGNED_AFTERWARDS, (("stage", s.it.state.value),))


def close(s: Case) -> Outcome:
    """The ticket is closed, and the papers that are still open are filed (结案)."""
    it = replace(_filed(s, s.it), closed_at=s.command.happened_at)
    return outcome(s, it, messages=messages.tell(it, messages.CLOSED))


def not_merged(s: Case) -> Iterator[Reason]:
    """It goes on by itself: one that was merged goes on in the other."""
    if s.it.merged_into is not None:
        yield Reason("aftersales.merged", PRACTICE, (("into", s.it.merged_into),))


def may_be_reopened(s: Case) -> Iterator[Reason]:
    """The rulebook's time for it is not over, its last day included, and what was done is billed.

    After that the same fault is a new ticket, which names this one.
    """
    it, rules = s.it, rules_of(s)
    ended = it.closed_at or it.accepted_at
    assert ended is not None  # it is closed, or accepted
    try:
        named = rules.the_one(Reopening, answers_of(s))
    except MissingValue:
        yield Reason("aftersales.not-reopened", PRACTICE, (("new", "repeats"),))
    except NOT_TO_BE_HAD as found:
        yield why(found, PRACTICE)
    else:
        last = named.rule.within.after(s.policy.day(ended), EndOfMonth.CLAMP)
        entered = s.role is not TicketRole.CUSTOMER  # then it counts when it is written down
        if (s.policy.day(s.command.recorded_at) if entered else today(s)) > last:
            yield Reason("aftersales.reopening-over", named.clause, (("last_day", last),))
    yield from all_billed(s)


def reopen(s: Case) -> Outcome:
    """The same fault is there again: it goes on after the triage, and who pays is decided anew (重新受理).

    What was done keeps its prices and its invoice, and stays a service that was done; what was repaired has
    its warranty; the visits stay, and what was signed for it has to be signed again.
    """
    it, repair = s.it, own_repair(s.it, s.policy)
    uninvoiced = lacks_invoice(it, s.policy.currency)
    quoted = it.earlier_quotes if it.quote is None else (*it.earlier_quotes, it.quote)
    judged = it.earlier_verdicts if it.verdict is None else (*it.earlier_verdicts, it.verdict)
    it = _shown_anew(s, _filed(s, it, lambda paper: paper.series is Series.INVOICE), _OF_THE_END)
    it = replace(
        it,
        settled=prices(it, s.policy.currency).lines,
        settled_postings=len(it.posted),
        uninvoiced=uninvoiced,
        earlier_ends=(*it.earlier_ends, *_end(it, s.command.happened_at)),
        repairs=it.repairs if repair is None else (*it.repairs, repair),
        verdict=None,
        earlier_verdicts=judged,
        goodwill={},
        quote=None,
        quoted=(),
        agreed_before=None,
        earlier_quotes=quoted,
        invoiced_on=None,
        unrepairable="",
        outcome=None,
        finished_at=None,
        accepted_at=None,
        closed_at=None,
        rework=None,
        reopened=it.reopened + 1,
        reopened_at=s.command.happened_at,
    )
    facts = (("reason", s.command.reason),)
    told = messages.tell(it, messages.REOPENED, facts)
    return outcome(s, it, messages=told)


def _end(it: Ticket, at: datetime) -> Iterator[EarlierEnd]:
    """The service that was done, if it was, as it counts from now on."""
    if it.finished_at is not None:
        again = it.done_again or bool(it.reworks or it.reopened)
        yield EarlierEnd(finished_at=it.finished_at, reopened_at=at, again=again)


# --- another end ----------------------------------------------------------------------------------


def reject(s: Case) -> Outcome:
    """It is not ours: the customer hears why, and the register entry is struck off (不予受理)."""
    reason = Reason("aftersales.rejected", None, (("reason", s.command.reason),))
    it = _filed(s, replace(s.it, reasons=(*s.it.reasons, reason), closed_at=s.command.happened_at))
    told = messages.tell(it, messages.REJECTED, (("reason", s.command.reason),))
    return outcome(s, it, messages=told)


def cancel(s: Case) -> Outcome:
    """The customer wants it no more: whoever was to come is free, and the papers are filed (取消)."""
    it, commands = freed(s, _filed(s, s.it), VisitState.OFF)
    it = replace(it, closed_at=s.command.happened_at)
    told = messages.tell(it, messages.CANCELLED, (("reason", s.command.reason),))
    return outcome(s, it, messages=told, commands=commands)


def nothing_done(s: Case) -> Iterator[Reason]:
    """No work was done, now or before it was opened again, nothing is unbilled, and nobody owes anything.

    Such a service is brought to its end: the work, and the money, stay with its ticket.
    """
    it, currency = s.it, s.policy.currency
    if it.work or it.reworks or it.reopened:
        yield Reason("aftersales.work-done-on-it", PRACTICE, (("lines", len(it.work)),))
    yield from all_billed(s)
    for party, owed in open_money(it, currency):
        yield Reason("aftersales.money-open", PRACTICE, (("payer", party), ("owed", owed)))


def merges_into_open(s: Case) -> Iterator[Reason]:
    """The other ticket is another one, of this firm, customer and unit, and open: no circle comes of it."""
    it, into = s.it, s.command.into
    other = s.others.get(Key(Ticket.kind, into))
    if into == it.id:
        yield Reason("aftersales.merge-into-itself", PRACTICE, (("into", into),))
    elif not isinstance(other, Ticket) or other.firm != it.firm:
        yield Reason("aftersales.merge-into-none", PRACTICE, (("into", into),))
    else:
        if other.state in _OVER:
            facts = (("into", into), ("stage", other.state.value))
            yield Reason("aftersales.merge-into-closed", PRACTICE, facts)
        if other.customer != it.customer:
            yield Reason("aftersales.merge-another-customer", _KEPT_CONFIDENTIAL, (("into", into),))
        if it.unit is not None and other.unit is not None and it.unit != other.unit:
            units = (("unit", it.unit), ("other", other.unit))
            yield Reason("aftersales.merge-another-unit", PRACTICE, units)


def merge(s: Case) -> Outcome:
    """The other ticket goes on alone (并单)."""
    into = s.command.into
    it, commands = freed(s, _filed(s, s.it), VisitState.OFF)
    it = replace(it, merged_into=into, closed_at=s.command.happened_at)
    told = messages.tell(it, messages.MERGED, (("into", into),))
    return outcome(s, it, messages=told, commands=commands)


def note_complaint(s: Case) -> Outcome:
    """A complaint about the service is open, or is settled."""
    said = s.command
    complaints = {**s.it.complaints, said.complaint: said.open}
    it = replace(s.it, complaints=complaints, reasons=(*s.it.reasons, *said.reasons))
    if not said.open:
        it = replace(it, heard_until=said.happened_at)
    return outcome(s, it)
