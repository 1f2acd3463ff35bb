"""What follows when a command to a filing is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servflow.core.attention import seen_to
from servflow.core.changes import Actor, Command, Message, Office
from servflow.core.citations import Plain, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing.commands import DraftRequest, Submit
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing import messages
from servflow.core.ill.filing.guards import Filed, account_for, case_of, member
from servflow.core.ill.filing.model import Filing, FilingFacts, Onward
from servflow.core.ill.filing.states import Entry, FilingRole, FilingState
from servflow.core.ill.network.modes import MODES, Filer, Intake, Requester, Route, Router
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.ill.terms import attend
from servflow.core.lifecycle import Outcome, Situation

__all__ = [
    "answer",
    "answer_otherwise",
    "by_mail",
    "clear",
    "hand_on",
    "heard",
    "heard_by_hand",
    "here",
    "in_time",
    "not_expected",
    "note_onward",
    "onward_to_home",
    "status",
    "unanswered",
]

_Opening = Situation[None, c.FileRequest, NetworkPolicy, FilingFacts]


def _opened(s: _Opening, state: FilingState) -> Filing:
    said, known = s.command, member(s)
    assert known.mode is not None  # a guard has seen it
    note = "\n".join(filter(None, (said.note, _source(s))))
    return Filing(
        id=said.case,
        state=state,
        gateway=s.policy.library,
        patron=said.patron,
        library=said.home,
        filer=said.by.party,
        filed_by=Filer.PATRON if s.role is FilingRole.PATRON else Filer.LIBRARIAN,
        route=said.route,
        entry=said.entry,
        mode=known.mode,
        intake=MODES[known.mode].taken_in_by.value,
        account=account_for(s),
        service=said.service,
        requested=said.requested,
        level=said.level,
        filed_at=said.happened_at,
        answer_by=s.policy.answer_by(said.happened_at),
        proposed=said.proposed,
        need_before=said.need_before,
        max_cost=said.max_cost,
        delivery=said.delivery,
        declared=said.declared or None,
        note=note or None,
        details=said.details,
        librarian=known.librarian,
    )


def _source(s: _Opening) -> str:
    """The note that says where it was found, by which such a request is known (CALIS-13)."""
    return s.policy.source_note.on(today(s)).value if s.command.entry is Entry.SEARCH else ""


def by_mail(s: _Opening) -> Outcome:
    """The chosen library's librarian gets it by mail (CALIS-5, CALIS-17)."""
    it = _opened(s, FilingState.WITH_LIBRARY)
    assert it.librarian is not None  # a guard has seen it
    return Outcome(
        it=it, messages=messages.tell(it, it.librarian, messages.BY_MAIL, messages.request_facts(it))
    )


def onward_to_home(s: _Opening) -> Outcome:
    """It enters the home library's gateway, whose librarian handles it first (CALIS-19).

    Where the centre says whom that library asks, it is told so: the centre is this gateway.
    """
    it = _opened(s, FilingState.WITH_LIBRARY)
    routed = (("routed_by", it.gateway),) if _routed_here(it) else ()
    facts = messages.request_facts(it) + routed
    return Outcome(it=it, messages=messages.tell(it, it.library, messages.REQUEST, facts))


def _routed_here(it: Filing) -> bool:
    """Whether the home library asks the suppliers itself, and a centre says which."""
    assert it.mode is not None  # a guard has seen it
    mode = MODES[it.mode]
    return mode.routed_by.value is Router.CENTRE and mode.requester.value is Requester.HOME_LIBRARY


def here(s: _Opening) -> Outcome:
    """It is taken in at this desk: a case is opened and submitted under the account it runs under."""
    it = _opened(s, FilingState.TAKEN_IN)
    return Outcome(it=it, commands=(_draft(s, it), _submit(s, it)))


def _draft(
    s: Situation[Any, Any, NetworkPolicy, Any],
    it: Filing,
    routed_by: str | None = None,
    *,
    declared: bool = False,
) -> Command:
    """The account's holder asks this desk; ``routed_by`` says whom the desk asks."""
    return DraftRequest(
        **_entailed(s, it, "draft"),
        patron=it.account,
        library=s.policy.library,
        service=it.service,
        requested=it.requested,
        level=it.level,
        need_before=it.need_before,
        max_cost=it.max_cost,
        delivery=it.delivery,
        note=it.note or "",
        routed_by=routed_by,
        declared=declared,
    )


def _submit(s: Situation[Any, Any, NetworkPolicy, Any], it: Filing) -> Command:
    return Submit(**_entailed(s, it, "submit"), declared=bool(it.declared))


def _entailed(s: Situation[Any, Any, NetworkPolicy, Any], it: Filing, suffix: str) -> dict[str, Any]:
    said: Command = s.command
    return said.entailed(suffix, case=it.id, by=Actor(it.account, s.policy.library, Office.PERSON))


_Heard = Situation[None, c.HearFiling, NetworkPolicy, Any]


def heard(s: _Heard) -> Outcome:
    """What was filed at another gateway becomes a case here; that gateway hears so, and the staff do.

    It is submitted at once if the desk's own rules find nothing lacking; otherwise it stands as a draft,
    and the librarian does it (CALIS-19). A most cost in a foreign currency stays on the filing and is not
    the case's, which then is a draft, too. No library routes its own case as its centre: where the gateway
    says so, staff look.
    """
    said, (it, told) = s.command, _taken_in(s, FilingState.TAKEN_IN, Intake.HOME_LIBRARY)
    foreign = it.max_cost is not None and it.max_cost.currency != s.policy.currency
    asked = replace(it, max_cost=None) if foreign else it
    routed_by = said.routed_by if said.routed_by != s.policy.library else None
    draft = _draft(s, asked, routed_by, declared=said.declared and not foreign)
    if routed_by != said.routed_by:
        it = attend(it, "routed-by-itself", ("sender", said.by.serves))
    return Outcome(it=it, messages=told, commands=(draft,))


def heard_by_hand(s: _Heard) -> Outcome:
    """A case of that id is here already: the librarian takes it in by hand, and answers it as if by mail."""
    it, told = _taken_in(s, FilingState.WITH_LIBRARY, Intake.LIBRARIAN)
    return Outcome(it=attend(it, "case-id-taken", ("sender", s.command.by.serves)), messages=told)


def _taken_in(s: _Heard, state: FilingState, intake: Intake) -> tuple[Filing, tuple[Message, ...]]:
    said = s.command
    it = Filing(
        id=said.case,
        state=state,
        gateway=s.policy.library,
        patron=said.patron,
        library=s.policy.library,
        filer=said.patron,
        filed_by=Filer.PATRON,
        route=Route.LOGIN,
        entry=Entry.GATEWAY,
        mode=None,
        intake=intake,
        account=said.patron,
        service=said.service,
        requested=said.requested,
        level=said.level,
        filed_at=said.happened_at,
        answer_by=s.policy.answer_by(said.happened_at),
        need_before=said.need_before,
        max_cost=said.max_cost,
        delivery=said.delivery,
        declared=said.declared or None,
        note=said.note or None,
        came_from=said.by.serves,
    )
    told = messages.tell(it, said.by.serves, messages.TAKEN_IN, known_as=said.filing)
    return it, told + messages.tell(it, s.policy.library, messages.ARRIVED, messages.request_facts(it))


def note_onward(s: Filed) -> Outcome:
    """Where it went is on record."""
    said: c.NoteOnward = s.command
    step = Onward(on=today(s), channel=said.channel, to=said.to, reference=said.reference)
    return Outcome(it=replace(s.it, onward=(*s.it.onward, step)))


def answer(s: Filed) -> Outcome:
    """Who filed it hears what came of it."""
    said: c.RecordAnswer = s.command
    it = replace(s.it, filled=said.filled, answer=said.note or None, answered_on=today(s))
    facts: tuple[tuple[str, Plain], ...] = (("filled", said.filled), ("note", said.note))
    return Outcome(it=it, messages=messages.tell(it, it.filer, messages.ANSWERED, facts))


def answer_otherwise(s: Filed) -> Outcome:
    """The library's own answer stands; who filed it hears it, and staff see that there was another."""
    outcome = answer(s)
    it: Filing = outcome.it  # type: ignore[assignment]  # effects of this desk give filings
    facts = (("sender", s.command.by.serves), ("filled", s.it.filled is True))
    return outcome._replace(it=attend(it, "answered-otherwise", *facts))


def status(s: Filed) -> Outcome:
    """Who asks hears how it stands and, as far as it is known, whether it was filled (CALIS-12)."""
    it, case = s.it, case_of(s)
    stands = case.state.value if case is not None else it.state.value
    filled = it.filled
    if case is not None and (case.supplied is not None or case.outcome is not None):
        filled = case.supplied is not None
    facts: tuple[tuple[str, Plain], ...] = (("status", stands),)
    if filled is not None:
        facts += (("filled", filled),)
    if it.onward:
        facts += (("onward", it.onward[-1].to),)
    return Outcome(it=it, messages=messages.tell(it, s.command.by.party, messages.STATUS, facts))


def not_expected(s: Filed) -> Outcome:
    """Somebody says it whose it is not to say, or once more: staff see it, and nothing else changes."""
    facts = (("sender", s.command.by.serves), ("said", type(s.command).__name__))
    return Outcome(it=attend(s.it, "not-expected", *facts))


def clear(s: Filed) -> Outcome:
    """Staff have seen to it."""
    return Outcome(it=seen_to(s.it, s.command.code))


def hand_on(s: Filed) -> Outcome:
    """The reader has it."""
    return Outcome(it=replace(s.it, handed_on_on=today(s)))


def unanswered(s: Filed) -> Outcome:
    """Who filed it hears once that it takes longer, and the gateway's staff are shown it (CALIS-3)."""
    it = replace(s.it, late=True)
    clause = s.policy.answer_days.on(s.policy.day(it.filed_at)).clause
    facts: tuple[tuple[str, Plain], ...] = (("by", it.answer_by), ("library", it.library))
    reason = Reason("ill.gateway.answer-late", clause, (("by", it.answer_by),))
    told = messages.tell(it, it.filer, messages.LATE, facts)
    return Outcome(
        it=it, messages=told + messages.tell(it, it.gateway, messages.UNANSWERED, facts, (reason,))
    )


def in_time(s: Filed) -> Outcome:
    """The case has come far enough: there is nothing to be said."""
    return Outcome(it=replace(s.it, late=False))
