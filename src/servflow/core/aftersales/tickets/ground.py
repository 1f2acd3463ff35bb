"""What every step of a ticket stands on: who speaks, by which rules, what is on record, and how a step ends.

Every effect ends in ``outcome``: what was shown goes on record, and the clocks hear what was said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from servflow.core.aftersales.desk_rules import Barred
from servflow.core.aftersales.duties import kind_named
from servflow.core.aftersales.policy import ServicePolicy, ServiceRules
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.aftersales.showing import ShowingCommand, Shown, lacking, shown_with, unknown_answers
from servflow.core.aftersales.technicians.model import Technician, technician_key
from servflow.core.aftersales.tickets import clockwork
from servflow.core.aftersales.tickets.clockwork import fitting, known_answers
from servflow.core.aftersales.tickets.commands import (
    CALL_BACK,
    AcceptWork,
    AdviseRemotely,
    BeginInShop,
    BillService,
    CloseTicket,
    ConfirmDelivery,
    CustomersWord,
    DeemAccepted,
    Dispatch,
    Dispose,
    Finish,
    LogCall,
    NoteComplaint,
    RecordDuty,
    RecordSurvey,
    RejectWork,
    ReopenTicket,
    ReportFault,
    ReturnUnit,
    SendToVendor,
    TakeBackFromVendor,
    TakeIn,
)
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.aftersales.tickets.states import PaperState, Route, Stage, TicketRole, VisitState
from servflow.core.attention import seen_to
from servflow.core.changes import Actor, Command, Message, Office, Withdrawal
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.dates import lies_after, start_of_day
from servflow.core.errors import ConflictingRules, InvalidValue, MissingValue
from servflow.core.ledger import Posting
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "NOT_TO_BE_HAD",
    "Case",
    "answers_asked",
    "answers_of",
    "barred",
    "clear_attention",
    "complete",
    "customers_word",
    "entailed",
    "for_this_firm",
    "in_order",
    "is_qualified",
    "known_answers",
    "local",
    "not_barred",
    "on_attention_list",
    "on_record",
    "outcome",
    "roles_of",
    "rules_of",
    "served",
    "why",
]

Case = Situation[Ticket, Any, ServicePolicy, TicketFacts | None]

_STRONGEST_FIRST: Final = (
    TicketRole.SUPERVISOR,
    TicketRole.QUALITY,
    TicketRole.FINANCE,
    TicketRole.COORDINATOR,
    TicketRole.STORES,
    TicketRole.ENGINEER,
    TicketRole.DESK,
)
_ENDED: Final = frozenset({Stage.REJECTED, Stage.CANCELLED})
_SIGNED: Final = Clause("AS-FLOW-3", "(九)")
_SIGNING: Final = frozenset({AcceptWork, DeemAccepted, RejectWork})
_AFTER_THE_WORK: Final = _SIGNING | {BillService}
_AFTERWARDS: Final = frozenset({RecordSurvey, CloseTicket, ReopenTicket})
_OF_ITEMS: Final = frozenset({TakeIn, ReturnUnit, ConfirmDelivery, Dispose, SendToVendor, TakeBackFromVendor})


def roles_of(it: Ticket | None, actor: Actor) -> tuple[TicketRole, ...]:
    """The customer himself; the firm's staff in the posts that the host names; its programs and the clock.

    The staff of a service outlet speak as engineers while the job is their outlet's (AS-FLOW-29): until it is
    called off, or the service is accepted.
    """
    if actor.office is Office.PERSON:
        return (TicketRole.CUSTOMER,) if it is None or actor.party == it.customer else ()
    if it is not None and actor.serves != it.firm:
        theirs = actor.office is Office.STAFF and _is_theirs(it, actor.serves)
        return (TicketRole.ENGINEER,) if theirs else ()
    return roles_in_firm(it, actor, _STRONGEST_FIRST, system=TicketRole.SYSTEM, clock=TicketRole.CLOCK)


def _is_theirs(it: Ticket, outlet: str) -> bool:
    """Whether the outlet has the job: it is under way, or done and not accepted or begun anew since."""
    job = it.visit
    if job is None or not job.outlet or job.engineer != outlet or job.state is VisitState.OFF:
        return False
    if job.state is not VisitState.DONE:
        return True
    ended = it.accepted_at is not None or it.closed_at is not None or it.state in _ENDED
    since, sent = it.reopened_at, job.dispatched_at
    return not ended and (since is None or sent is None or not lies_after(since, sent))


def local(s: Case, at: datetime) -> str:
    """The instant as the clocks of the firm show it, in whatever zone it was said or stored."""
    return at.astimezone(s.policy.zone).isoformat()


def rules_of(s: Case) -> ServiceRules:
    """The rules of the ticket: those of the day of its report."""
    reported_at = s.command.happened_at if s.it is None else s.it.reported_at
    return s.policy.on(s.policy.day(reported_at))


def answers_of(s: Case, **more: str) -> Mapping[str, str]:
    """The answers on record, with those that the ticket itself knows, where its rules ask them.

    What was answered by somebody is never overruled; ``more`` comes last. What the rules do not know is left
    out: where somebody says it, ``intake.answers_known`` refuses it.
    """
    rules, it = rules_of(s), s.it
    said = {**getattr(s.command, "answers", {}), **more}
    if it is None:
        return fitting(rules, {"kind": s.command.service.value, **said})
    known = known_answers(_standing(it, s.command), rules)
    return fitting(rules, {**known, **_of_command(s.command, rules), **it.answers, **said})


def _standing(it: Ticket, command: Command) -> Ticket:
    """The ticket as the command makes it: what is finished with it is finished by then, in time or late."""
    return replace(it, finished_at=command.happened_at) if isinstance(command, Finish) else it


def _of_command(command: Command, rules: ServiceRules) -> dict[str, str]:
    """What the command itself answers.

    By what ``route``, whether somebody goes along (``crew``), or is let in (``session``); whether it is
    carried over to another repair order, which is a delay (AS-FORM-1, AS-FORM-2); of which kind a ``duty``
    is that is recorded.
    """
    match command:
        case AdviseRemotely():
            return {"route": Route.REMOTE.value, "session": _yes(command.session)}
        case Dispatch():
            return {"route": Route.ON_SITE.value, "crew": _yes(bool(command.crew))}
        case BeginInShop():
            return {"route": Route.SHOP.value}
        case Finish() if command.carried_over_from is not None:
            return {"carried-over": "yes", "delayed": "yes"}
        case RecordDuty():
            return {"duty": kind_named(rules, command.done.key)}
    return {}


def _yes(said: bool) -> str:  # noqa: FBT001 -- the answer to a question
    return "yes" if said else "no"


def on_record(s: Case) -> Shown:
    """What is on record, with what the command brings and what the ticket itself proves.

    The ticket proves ``service-report`` (a paper or a fact shown by that name does, too), ``tests``,
    ``remote-help``, ``quote``, ``repair-agreement`` (an accepted quote), ``satisfaction-survey`` (an answer,
    or as many attempts as the rulebook asks for), ``call-back`` (one that was taken), ``verdict``,
    ``symptom``, ``unit``, ``receipt``, ``repair-tag`` and so on for every paper that it has and that is not
    void, by the name of its series. The command proves
    ``customer-authorisation`` where it says by what, and ``qualified-engineer`` where it names one who is.
    """
    it, command = s.it, s.command
    before: Shown = {} if it is None else it.shown
    shown = shown_with(before, command.shown if isinstance(command, ShowingCommand) else {})
    if it is None:
        return shown_with(shown, _said(command)) if isinstance(command, ReportFault) else shown
    return shown_with(shown, {**_proved(it), **_brought(s)})


def _brought(s: Case) -> Shown:
    """What the command itself proves: the customer's authorisation (AS-FLOW-22), a qualified engineer."""
    brought: dict[str, tuple[str, ...]] = {}
    if authorised := getattr(s.command, "authorised", ""):
        brought["customer-authorisation"] = (authorised,)
    engineer = getattr(s.command, "engineer", None)
    if engineer is not None and is_qualified(s, engineer):
        brought["qualified-engineer"] = (engineer,)
    return brought


def is_qualified(s: Case, who: str) -> bool:
    """Whether by his record ``who`` was found qualified for this service, or this product (AS-STAFF-12)."""
    record = s.others.get(technician_key(who))
    asked = {s.it.service.value, answers_of(s).get("product")}
    return isinstance(record, Technician) and not asked.isdisjoint(record.qualified)


def _said(command: ReportFault) -> Shown:
    unit = command.unit or command.order_line
    return {"symptom": (command.symptom,), **({"unit": (unit,)} if unit else {})}


def _proved(it: Ticket) -> Shown:
    proved: dict[str, tuple[str, ...]] = {"symptom": (it.symptom,)}
    unit = it.unit or it.order_line
    if unit:
        proved["unit"] = (unit,)
    if it.tests:
        proved["tests"] = it.tests
    if it.helps:
        proved["remote-help"] = tuple(each.at.isoformat() for each in it.helps)
    if it.verdict is not None:
        proved["verdict"] = (it.verdict.version or "verdict",)
    if it.quote is not None:
        proved["quote"] = (it.quote.ref,)
    if it.agreed is not None:
        proved["repair-agreement"] = (it.agreed.ref,)
    proved |= _asked(it)
    for ref, paper in it.papers.items():
        if paper.state is PaperState.VOID:
            continue
        proved[paper.series.value] = (*proved.get(paper.series.value, ()), ref)
    return proved


def _asked(it: Ticket) -> Shown:
    """What was asked of the customer afterwards: an answer to the survey, or the calls that were tried."""
    calls = [call for call in it.calls if call.about == CALL_BACK]
    asked: dict[str, tuple[str, ...]] = {}
    if taken := [call.at.isoformat() for call in calls if call.taken]:
        asked["call-back"] = tuple(dict.fromkeys(taken))
    if it.survey is not None:
        asked["satisfaction-survey"] = (it.survey.on.isoformat(),)
    elif it.state is Stage.FOLLOWED_UP:  # nobody took the calls, as often as the rulebook asks
        asked["satisfaction-survey"] = tuple(dict.fromkeys(call.at.isoformat() for call in calls))
    return asked


# --- guards ---------------------------------------------------------------------------------------


def for_this_firm(s: Case) -> Iterator[Reason]:
    """The ticket is opened at the firm whose rules these are, by its own staff or a customer."""
    firm, by = s.command.firm, s.command.by
    if firm != s.policy.firm or (by.office is not Office.PERSON and by.serves != firm):
        yield Reason("aftersales.another-firm", None, (("firm", firm), ("ours", s.policy.firm)))


def complete(s: Case) -> Iterator[Reason]:
    """What the rulebook's checklists ask for before this step is on record."""
    yield from lacking(rules_of(s), s.command.step, answers_of(s), on_record(s))


def in_order(s: Case) -> Iterator[Reason]:
    """It happened after what it follows on: nothing before the report, no signature before the work is done.

    What is entered late keeps the order, too. A complaint is noted whenever it was made, and the clock speaks
    of the day of what is due.
    """
    it, said = s.it, s.command
    if isinstance(said, NoteComplaint) or said.by.office is Office.CLOCK:
        return
    known = [each for each in (it.reported_at, *_follows_on(it, said)) if each is not None]
    days = [start_of_day(day, s.policy.zone) for day in _days_before(it, said)]
    last = max((*known, *days), key=lambda each: each.astimezone(UTC))
    if lies_after(last, said.happened_at):
        facts = (("at", local(s, said.happened_at)), ("after", local(s, last)))
        yield Reason("aftersales.before-its-turn", _SIGNED if type(said) in _SIGNING else PRACTICE, facts)


def _follows_on(it: Ticket, said: Command) -> tuple[datetime | None, ...]:
    """The instants that the command does not lie before, those that are known."""
    if isinstance(said, Finish):
        visit = it.visit
        return () if visit is None else (visit.dispatched_at, visit.departed_at, visit.arrived_at)
    if type(said) in _AFTER_THE_WORK:
        return (it.finished_at,)
    if type(said) in _AFTERWARDS or (isinstance(said, LogCall) and said.about == CALL_BACK):
        return (it.accepted_at, it.closed_at)
    return ()


def _days_before(it: Ticket, said: Command) -> Iterator[date]:
    """The days that the command does not lie before: on which the items that it moves came in, or went."""
    if type(said) in _OF_ITEMS:
        named: tuple[str, ...] = getattr(said, "items", ()) or (getattr(said, "item", ""),)
        for serial in named:
            item = it.items.get(serial)
            for day in () if item is None else (item.taken_in_on, item.given_back_on):
                if day is not None:
                    yield day


def answers_asked(s: Case) -> Iterator[Reason]:
    """Every answer that comes with the command is one to a question of the rules."""
    if s.command.answers:
        yield from unknown_answers(rules_of(s), s.command.answers)


def customers_word(s: Case) -> Iterator[Reason]:
    """The customer says it himself, or staff say by what it is known."""
    command: CustomersWord = s.command
    if s.role is not TicketRole.CUSTOMER and not command.evidence.strip():
        yield Reason("aftersales.no-evidence", Clause("AS-FLOW-3", "(九)"))


def not_barred(s: Case) -> Iterator[Reason]:
    """The rulebook does not bar him from this step (AS-FLOW-2, AS-FLOW-31)."""
    part = frozenset() if s.it is None else served(s.it)
    yield from barred(rules_of(s), s.command, answers_of(s), s.role.value, part)


def barred(
    rules: ServiceRules,
    command: ShowingCommand,
    answers: Mapping[str, str],
    role: str,
    had_part: Collection[str],
) -> Iterator[Reason]:
    """A reason for every rule that bars one of the staff from the step: any of his posts counts.

    ``role`` is in which he speaks, ``had_part`` who had to do with the case himself: they are barred where
    the rule says so, whatever their posts.
    """
    step, by = command.step, command.by
    rulings = [named for named in rules.of(Barred) if named.rule.step == step]
    if by.office is not Office.STAFF or not rulings:
        return
    known = rules.answered(answers)
    for named in rulings:
        rule = named.rule
        if rule.when.open(known) != ():
            continue
        posts = [post for post in (*by.posts, role) if post in rule.posts]
        if posts or (rule.involved and by.party in had_part):
            facts = (("step", step), ("post", posts[0] if posts else role))
            yield Reason("aftersales.barred", named.clause, facts)


def served(it: Ticket) -> frozenset[str]:
    """Who had to do with the service himself."""
    went = (who for visit in it.visits.values() for who in (visit.engineer, *visit.crew))
    return frozenset((*went, *(each.by for each in it.work), *(each.by for each in it.helps)))


def on_attention_list(s: Case) -> Iterator[Reason]:
    """It is on the list of what staff have to see to."""
    code = s.command.code
    if all(reason.code != code for reason in s.it.attention):
        yield Reason("aftersales.not-on-list", PRACTICE, (("code", code),))


NOT_TO_BE_HAD: Final = (MissingValue, ConflictingRules, InvalidValue)
"""What a rule raises that cannot be applied to what is on record."""


def why(found: MissingValue | ConflictingRules | InvalidValue, clause: Clause) -> Reason:
    """Why a rule cannot be applied: what is asked for, what disagrees, or what does not fit."""
    if isinstance(found, MissingValue):
        return Reason("aftersales.asked", clause, (("asked", found.name), ("where", found.where)))
    if isinstance(found, ConflictingRules):
        return Reason("aftersales.rules-disagree", clause, (("rules", ", ".join(found.names)),))
    facts = (("what", found.field), ("found", str(found.found)), ("expected", found.expected))
    return Reason("aftersales.unfit", clause, facts)


# --- effects --------------------------------------------------------------------------------------


def clear_attention(s: Case) -> Outcome:
    """Staff have seen to it."""
    return outcome(s, seen_to(s.it, s.command.code))


def entailed(
    s: Situation[Any, Any, ServicePolicy, Any], kind: type[Command], case: str, word: str, **said: Any
) -> Command:
    """A command of the firm's own programs to another aggregate, in the same change; ``word`` names it."""
    command: Command = s.command
    return kind(**command.entailed(word, case=case, by=Actor.policy(s.policy.firm)), **said)


def outcome(
    s: Case,
    it: Ticket,
    *,
    messages: tuple[Message, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
    postings: tuple[Posting, ...] = (),
    commands: tuple[Command, ...] = (),
) -> Outcome:
    """How every effect ends: what was shown and answered is on record, the clocks have heard what is said."""
    shown, answers = getattr(s.command, "shown", {}), getattr(s.command, "answers", {})
    if shown:
        it = replace(it, shown=shown_with(it.shown, shown))
    if answers:
        it = replace(it, answers={**it.answers, **answers})
    if postings:
        it = replace(it, posted=(*it.posted, *postings))
    it = clockwork.heard(it, s.command, s.policy)
    return Outcome(it=it, messages=messages, withdrawals=withdrawals, postings=postings, commands=commands)
