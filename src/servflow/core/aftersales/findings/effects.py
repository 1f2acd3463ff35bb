"""What follows when a command to a finding is taken. An effect changes no state.

What is posted is the difference between the penalty that holds and what was posted before: an appeal that
succeeds after the posting is reversed by as much at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from servflow.core.aftersales.findings import commands as c
from servflow.core.aftersales.findings import messages
from servflow.core.aftersales.findings.guards import Opening, Said, imposes, rules_of, step_of
from servflow.core.aftersales.findings.model import Appeal, Finding, Penalty
from servflow.core.aftersales.findings.states import FindingState
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.showing import shown_with
from servflow.core.changes import Message
from servflow.core.citations import Clause, Plain
from servflow.core.desk_rules import today
from servflow.core.fees.assessment import Obligation, assess, posted_for
from servflow.core.fees.charges import Charge
from servflow.core.ledger import Account, AccountKind, Books
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money

__all__ = [
    "INCOME",
    "PENALTY",
    "appeal",
    "close",
    "confirm",
    "obligation",
    "post",
    "put_right",
    "record",
    "reduce",
    "uphold",
    "withdraw",
]

PENALTY: Final = "staff-penalty"
"""The kind of what is owed by a penalty (罚款)."""
INCOME: Final = Account(AccountKind.INCOME, "staff-penalties")
"""The income that it is owed to."""


def obligation(it: Finding) -> Obligation:
    """What whom it is about owes by his penalty.

    Raises:
        InvalidValue: it is about nobody.
    """
    debit = Account(AccountKind.RECEIVABLE, it.concerns)
    return Obligation(subject=it.id, kind=PENALTY, debit=debit, credit=INCOME)


def _outcome(s: Said, it: Finding, told: tuple[Message, ...] = ()) -> Outcome:
    """How every effect ends: what was shown is on record."""
    shown = s.command.shown
    return Outcome(it=replace(it, shown=shown_with(it.shown, shown)) if shown else it, messages=told)


def record(s: Opening) -> Outcome:
    """The record as it begins; also of a check that found nothing wrong (AS-QA-25)."""
    said = s.command
    it = Finding(
        id=said.case,
        state=FindingState.RECORDED,
        firm=said.firm,
        source=said.source,
        found_on=today(s),
        found_by=said.by.party,
        concerns=said.concerns,
        department=said.department,
        about=said.about,
        faults=said.faults,
        note=said.note,
        answers=said.answers,
        shown=said.shown,
    )
    return Outcome(it=it)


def put_right(s: Situation[Finding, c.PutRight, ServicePolicy, Any]) -> Outcome:
    """What was done is on record (AS-QA-23)."""
    return _outcome(s, replace(s.it, put_right_on=today(s), put_right=s.command.done))


# --- the penalty ------------------------------------------------------------------------------------


def confirm(s: Situation[Finding, c.ConfirmFinding, ServicePolicy, Any]) -> Outcome:
    """It stands; whom it is about hears it, and it goes to appraisal (AS-QA-7)."""
    it = replace(s.it, confirmed_on=today(s), confirmed_by=s.command.by.party)
    it = replace(it, imposed=_penalties(s))
    return _outcome(s, it, (*messages.tell(it, messages.CONFIRMED, _facts(it)), *_appraised(it, "confirmed")))


def _penalties(s: Said) -> tuple[Penalty, ...]:
    """All penalties so far, with the one that the command imposes, if it does."""
    said: c.ConfirmFinding | c.ReducePenalty = s.command
    if said.clause is None or not imposes(said):
        return s.it.imposed
    step = said.ladder_step or step_of(rules_of(s), said.sanction)
    penalty = Penalty(clause=said.clause, sanction=said.sanction, step=step, charge=said.charge)
    return (*s.it.imposed, penalty)


def _facts(it: Finding) -> tuple[tuple[str, Plain], ...]:
    """The penalty that holds, by name."""
    penalty = it.imposed[-1] if it.imposed else None
    if penalty is None:
        return ()
    said: tuple[tuple[str, Plain], ...] = (("sanction", penalty.sanction), ("clause", penalty.clause.id))
    return said if penalty.charge is None else (*said, ("amount", penalty.charge.money))


def _appraised(it: Finding, outcome: str) -> tuple[Message, ...]:
    """The finding on the responsible goes to appraisal; of nobody in particular, nothing does."""
    if not it.concerns and not it.department:
        return ()
    who: tuple[tuple[str, Plain], ...] = (("concerns", it.concerns), ("department", it.department))
    facts = (*who, ("source", it.source.value), ("outcome", outcome), *_facts(it))
    return messages.tell(it, messages.APPRAISAL, facts, to_post="appraisal")


# --- the appeal -------------------------------------------------------------------------------------


def appeal(s: Situation[Finding, c.AppealFinding, ServicePolicy, Any]) -> Outcome:
    """It waits for a judgement; the post that hears appeals is told."""
    it = replace(s.it, appeal=Appeal(on=today(s), grounds=s.command.grounds))
    return _outcome(s, it, messages.tell(it, messages.APPEALED, _facts(it), to_post="manager"))


def _judged(s: Said) -> Finding:
    """The appeal with how it was judged; as it is, where there was none."""
    before = s.it.appeal
    if before is None:
        return s.it
    said = s.command
    judged = replace(before, judged_on=today(s), judged_by=said.by.party, reason=said.reason)
    return replace(s.it, appeal=judged)


def uphold(s: Situation[Finding, c.UpholdFinding, ServicePolicy, Any]) -> Outcome:
    """It stays as it was; he is told why."""
    it = _judged(s)
    facts = (("outcome", "upheld"), ("reason", s.command.reason), *_facts(it))
    return _outcome(s, it, messages.tell(it, messages.JUDGED, facts))


def reduce(s: Situation[Finding, c.ReducePenalty, ServicePolicy, Any]) -> Outcome:
    """The lighter penalty holds; what was posted above it is reversed."""
    it = replace(_judged(s), imposed=_penalties(s))
    facts = (("outcome", "reduced"), ("reason", s.command.reason), *_facts(it))
    told = (*messages.tell(it, messages.JUDGED, facts), *_appraised(it, "reduced"))
    return _corrected(s, it, told)


def withdraw(s: Situation[Finding, c.WithdrawFinding, ServicePolicy, Any]) -> Outcome:
    """It counts no more; all that was posted is reversed, and appraisal is told where it had heard of it."""
    it = replace(_judged(s), withdrawn=s.command.reason)
    told = messages.tell(it, messages.WITHDRAWN, (("reason", s.command.reason),))
    if it.confirmed_on is not None:
        told += _appraised(it, "withdrawn")
    return _corrected(s, it, told, withdrawn=True)


def _corrected(s: Said, it: Finding, told: tuple[Message, ...], *, withdrawn: bool = False) -> Outcome:
    """What was posted before is brought to the penalty that holds; nothing, where nothing was posted."""
    outcome = _outcome(s, it, told)
    if not it.posted:
        return outcome
    nothing = it.posted[0].amount * 0
    if withdrawn:
        return _posted(s, outcome, nothing, None, None)
    penalty = it.imposed[-1]
    charge = penalty.charge
    return _posted(s, outcome, nothing if charge is None else charge.money, charge, penalty.clause)


# --- posting, and the end ---------------------------------------------------------------------------


def post(s: Situation[Finding, c.PostPenalty, ServicePolicy, Any]) -> Outcome:
    """He owes what the penalty that holds comes to; where that is posted, nothing more is."""
    penalty = s.it.imposed[-1]
    assert penalty.charge is not None
    return _posted(s, _outcome(s, s.it), penalty.charge.money, penalty.charge, penalty.clause)


def _posted(
    s: Said, outcome: Outcome, target: Money, charge: Charge | None, clause: Clause | None
) -> Outcome:
    it = outcome.it
    assert isinstance(it, Finding)
    owed = obligation(it)
    before = posted_for(owed, it.posted)
    posting, _ = assess(owed, target, before, today(s), charge=charge, clause=clause)
    if posting is None:
        return outcome
    posting = Books(s.policy.closed_through).admit(posting)
    return outcome._replace(it=replace(it, posted=(*it.posted, posting)), postings=(posting,))


def close(s: Situation[Finding, c.CloseFinding, ServicePolicy, Any]) -> Outcome:
    """It is over."""
    return _outcome(s, replace(s.it, closed_on=today(s)))
