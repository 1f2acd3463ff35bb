"""What follows when a command to a complaint is taken: asked only after every guard has passed.

An effect changes no state; the table does. The ticket of the service hears of it within the same change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from servflow.core.aftersales import commitments as promises
from servflow.core.aftersales.books.commands import TakeNumbers
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.commitments import Commitments, told
from servflow.core.aftersales.complaints import messages
from servflow.core.aftersales.complaints.commands import FileComplaint
from servflow.core.aftersales.complaints.ground import (
    Case,
    answers_of,
    grade_of,
    outcome,
    promised_now,
    rules_of,
    with_damages,
)
from servflow.core.aftersales.complaints.guards import category_of, extension_of, latest
from servflow.core.aftersales.complaints.model import Attribution, Complaint, ComplaintState, RaisedBy
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.tickets.commands import NoteComplaint
from servflow.core.aftersales.tickets.ground import NOT_TO_BE_HAD, entailed
from servflow.core.aftersales.tickets.messages import post
from servflow.core.aftersales.tickets.model import Commitment, Passed
from servflow.core.aftersales.words import TargetKind
from servflow.core.changes import Command, Message
from servflow.core.clocks import Run
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome

__all__ = [
    "answer",
    "attribute",
    "extend",
    "file",
    "fire",
    "grade",
    "investigate",
    "mark_breach",
    "pass_on",
    "refuse",
    "settle",
    "show",
    "withdraw",
]

_TOLD_OF_CAUSE: Final = {
    Attribution.MAKER: "maker",  # notified, and negotiated with
    Attribution.SELLER: "seller",  # acts on it at once
}
"""Who is told whose fault it was, by its post; the user is told himself (AS-COMP-8)."""

_ANSWER: Final = TargetKind.COMPLAINT_ANSWER.value


# --- filing -----------------------------------------------------------------------------------------


def file(s: Case) -> Outcome:
    """The complaint as it begins: in the ledger, its promises told, customer and ticket know of it."""
    said: FileComplaint = s.command
    number, taken = _numbered(s)
    it = Complaint(
        id=said.case,
        state=ComplaintState.FILED,
        firm=said.firm,
        customer=said.customer,
        filed_at=said.happened_at,
        channel=said.channel,
        what=said.what,
        ticket=said.ticket,
        unit=said.unit,
        about=said.about,
        category=category_of(s),
        code=said.code,
        number=number,
        answers=dict(said.answers),
        given=dict(said.given),
        damages=with_damages((), said.damages),
        commitments=_promised_if_known(s),
        raised_by=said.raised_by,
    )
    heard = messages.tell(it, messages.FILED, (("number", "" if number is None else str(number)),))
    if it.raised_by is not RaisedBy.OTHER:
        heard += messages.tell(it, messages.DISSATISFIED, to=post(it.firm, "supervisor"))
    return outcome(s, it, messages=heard, commands=(*taken, *_noted(s, it, is_open=True)))


def _numbered(s: Case) -> tuple[int | None, tuple[Command, ...]]:
    """The next number of the complaint ledger (投诉台账, AS-COMP-3), if the firm keeps one."""
    rules, said = rules_of(s), s.command
    known = rules.answered(answers_of(s))
    if not any(
        each.rule.series is Series.COMPLAINT and each.rule.when.open(known) == ()
        for each in rules.of(Numbering)
    ):
        return None, ()
    key = book_key(said.firm, Series.COMPLAINT)
    book = s.others.get(key)
    number = book.next if isinstance(book, Book) else 1
    taken = entailed(
        s,
        TakeNumbers,
        key.id,
        "number",
        firm=said.firm,
        series=Series.COMPLAINT,
        first=number,
        about=said.case,
    )
    return number, (taken,)


def _promised_if_known(s: Case) -> Commitments:
    """What is promised; nothing yet where a survey leaves open what decides it: grading asks for that.

    Of every other complaint a guard has asked for it.
    """
    try:
        return promised_now(s)
    except NOT_TO_BE_HAD:
        return {}


def _noted(s: Case, it: Complaint, *, is_open: bool) -> tuple[Command, ...]:
    """The ticket of the service is told that the complaint is open, or is not any more."""
    if it.ticket is None:
        return ()
    return (entailed(s, NoteComplaint, it.ticket, "ticket", complaint=it.id, open=is_open),)


# --- its handling -----------------------------------------------------------------------------------


def grade(s: Case) -> Outcome:
    """How grave it is is on record, and who sees to it, who hears of it; what is promised by now is told."""
    it, said, found = s.it, s.command, grade_of(s)[0]
    it = replace(
        it,
        handler=said.handler,
        grade="" if found is None else found.rule.name,
        rank=None if found is None else found.rule.rank,
        answers={**it.answers, **said.answers},
        given={**it.given, **said.given},
        commitments=promised_now(s),
    )
    return outcome(
        s, it, messages=messages.tell(it, messages.ASSIGNED, (("grade", it.grade),), to=it.handler)
    )


def show(s: Case) -> Outcome:
    """What was shown is on record, the photographs with their damage."""
    return outcome(s, replace(s.it, damages=with_damages(s.it.damages, s.command.damages)))


def investigate(s: Case) -> Outcome:
    """What was found and planned is on record; an earlier plan stays where none is said."""
    it, said = s.it, s.command
    it = replace(it, found=said.found, plan=said.plan or it.plan)
    if said.attribution is None:
        return outcome(s, it)
    it = replace(it, attribution=said.attribution)
    return outcome(s, it, messages=_cause(it))


def attribute(s: Case) -> Outcome:
    """Whose fault it was is on record: the maker is notified, the seller acts, the user is told why."""
    it = replace(s.it, attribution=s.command.attribution)
    return outcome(s, it, messages=_cause(it))


def _cause(it: Complaint) -> tuple[Message, ...]:
    assert it.attribution is not None
    facts = (("attributed", it.attribution.value),)
    if it.attribution is Attribution.USER:
        return messages.tell(it, messages.CAUSE, facts)
    named = _TOLD_OF_CAUSE.get(it.attribution, "supervisor")
    return messages.tell(it, messages.CAUSE, facts, to=post(it.firm, named))


def answer(s: Case) -> Outcome:
    """The customer is told the outcome, with the explanation (AS-COMP-3)."""
    it = replace(s.it, answer=s.command.answer)
    return outcome(s, it, messages=messages.tell(it, messages.ANSWERED, (("answer", it.answer),)))


def refuse(s: Case) -> Outcome:
    """The handler hears why the answer does not do; another answer is promised, as the first one was."""
    it, said = s.it, s.command
    it = replace(it, reopened=it.reopened + 1, commitments=_answer_again(s))
    facts = (("reason", said.reason),)
    return outcome(s, it, messages=messages.tell(it, messages.REFUSED, facts, to=it.handler))


def _answer_again(s: Case) -> dict[str, Commitment]:
    """A new cycle of the answer, from the refusal on; how the first one ended stays on record."""
    it, first = s.it, s.it.commitments.get(_ANSWER)
    if first is None:
        return dict(it.commitments)
    again = replace(first, run=Run(anchored_at=s.command.happened_at), due=None, fired=())
    return {**it.commitments, f"{_ANSWER}/{it.reopened + 2}": told(again, s.policy.calendar)}


def settle(s: Case) -> Outcome:
    """The result is on record; customer and ticket hear that it is settled."""
    it = replace(s.it, result=s.command.result, settled_on=today(s))
    heard = messages.tell(it, messages.SETTLED, (("result", it.result),))
    return outcome(s, it, messages=heard, commands=_noted(s, it, is_open=False))


def withdraw(s: Case) -> Outcome:
    """The customer has taken it back: nothing is promised any more; handler and ticket hear of it."""
    it = s.it
    heard = messages.tell(it, messages.WITHDRAWN, to=it.handler) if it.handler else ()
    return outcome(s, it, messages=heard, commands=_noted(s, it, is_open=False))


def pass_on(s: Case) -> Outcome:
    """It is the next one's now, who hears of it."""
    it, said = s.it, s.command
    passed = Passed(at=said.happened_at, of=said.of, to=said.to, by=said.by.party, note=said.note)
    it = replace(it, passed=(*it.passed, passed))
    facts = (("chain", said.of), ("note", said.note))
    return outcome(s, it, messages=messages.tell(it, messages.PASSED_ON, facts, to=post(it.firm, said.to)))


# --- promises ---------------------------------------------------------------------------------------


def extend(s: Case) -> Outcome:
    """There is more time; what is late by then stays so."""
    it, what, calendar = s.it, latest(s.it, s.command.what), s.policy.calendar
    assert what is not None
    each = it.commitments[what]
    run = each.run.extended(each.target(calendar), extension_of(s.command))
    longer = told(replace(each, run=run), calendar)
    return outcome(s, replace(it, commitments={**it.commitments, what: longer}))


def fire(s: Case) -> Outcome:
    """The rung is behind; the post that it names hears of it."""
    it, said = s.it, s.command
    it = replace(
        it,
        commitments=promises.fired(it.commitments, said.what, said.rung),
        escalation=max(it.escalation, said.level),
    )
    facts = (("promise", said.what), ("level", said.level))
    return outcome(
        s, it, messages=messages.tell(it, messages.ESCALATED, facts, to=post(it.firm, said.action))
    )


def mark_breach(s: Case) -> Outcome:
    """That the promise was not kept in time stays on record; the supervisor hears of it."""
    it, said = s.it, s.command
    after = promises.breached(it.commitments, said.what, said.happened_at, s.policy.calendar)
    it = replace(it, commitments=after)
    facts = (("promise", said.what),)
    return outcome(
        s, it, messages=messages.tell(it, messages.BREACHED, facts, to=post(it.firm, "supervisor"))
    )
