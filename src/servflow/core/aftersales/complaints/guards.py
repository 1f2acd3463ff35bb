"""Named conditions of complaints: each yields a reason for everything it refuses.

Where a rule of the firm says it, the clause is the rule's; where the source gives a procedure and no value,
that of the procedure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from servflow.core.aftersales.circumstances import Question
from servflow.core.aftersales.commitments import Coming, coming
from servflow.core.aftersales.complaints.commands import ExtendComplaint
from servflow.core.aftersales.complaints.ground import (
    GRADE,
    Case,
    answers_of,
    grade_of,
    involved,
    on_record,
    promised_now,
    rules_of,
    ticket_of,
    with_damages,
)
from servflow.core.aftersales.complaints.model import Complaint, ComplaintRole, RaisedBy
from servflow.core.aftersales.desk_rules import Chain, Grade, Listing
from servflow.core.aftersales.policy import Named, ServicePolicy
from servflow.core.aftersales.showing import LACKING, different, lacking, needed
from servflow.core.aftersales.tickets.ground import NOT_TO_BE_HAD, barred, why
from servflow.core.aftersales.words import TargetKind
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.clocks import Extension
from servflow.core.errors import InvalidValue, MissingValue

__all__ = [
    "PHOTOGRAPHS",
    "TRANSIT",
    "TRANSIT_CLAIM",
    "about_a_service_of_ours",
    "answered_first",
    "answers_known",
    "attributed",
    "category_of",
    "code_listed",
    "complete",
    "confirmed_by_the_head",
    "customers_word",
    "damages_photographed",
    "entered_by_another",
    "extendable",
    "extension_of",
    "gradable",
    "graded_first",
    "handler_apart",
    "his_case",
    "late_now",
    "latest",
    "next_in_chain",
    "no_part_in_it",
    "not_barred",
    "promise_known",
    "rung_reached",
    "speaks_for_himself",
]

TRANSIT: Final = "transit"
"""The category of damage in transit (物流过程中产生的损耗, AS-COMP-1)."""
TRANSIT_CLAIM: Final = "transit-claim"
"""The step of the checklist that a claim for damage in transit is held against (AS-COMP-2)."""
PHOTOGRAPHS: Final = "photographs"
"""The item of that checklist of which each damage needs its own."""

_ANSWERED_LATER: Final = frozenset({GRADE, "attributed"})  # by the grading, and by whose fault it was
_LEDGER: Final = "complaints"  # of what a firm's lists of categories and codes are
_GRADED: Final = Clause("AS-COMP-3", "客户投诉处理规定 十八")
_EXPLAINED: Final = Clause("AS-COMP-3", "客户投诉处理规定 十九")
_APART: Final = Clause("AS-COMP-7", "单位售后服务方案1 4")
_ATTRIBUTED: Final = Clause("AS-COMP-8", "3.11")
_CONFIRMED: Final = Clause("AS-QA-11", "回访制度 一3")
_KEPT_CONFIDENTIAL: Final = Clause("AS-QA-21", "技术部售后规章制度 15")


# --- filing -----------------------------------------------------------------------------------------


def speaks_for_himself(s: Case) -> Iterator[Reason]:
    """A person complains for himself; staff enter anybody's complaint."""
    said = s.command
    if s.role is ComplaintRole.CUSTOMER and said.by.party != said.customer:
        yield Reason("aftersales.complaint.not-his-own", PRACTICE, (("customer", said.customer),))


def about_a_service_of_ours(s: Case) -> Iterator[Reason]:
    """The ticket that it names is there, the firm's, and the customer's own where he complains himself.

    Nobody hears of another customer's service (AS-QA-21).
    """
    said = s.command
    if said.ticket is None:
        return
    ticket = ticket_of(s)
    if ticket is None or ticket.firm != said.firm:
        yield Reason("aftersales.complaint.no-such-ticket", PRACTICE, (("ticket", said.ticket),))
    elif s.role is ComplaintRole.CUSTOMER and ticket.customer != said.customer:
        yield Reason("aftersales.complaint.another-customer", _KEPT_CONFIDENTIAL, (("ticket", said.ticket),))


def category_of(s: Case) -> str:
    """The category of a complaint that is filed: as it is said, or by its code where one list has it."""
    said = s.command
    if said.category or not said.code:
        return str(said.category)
    groups = [each.rule.group for each in _lists(s) if said.code in each.rule.entries]
    return groups[0] if len(groups) == 1 else ""


def _lists(s: Case) -> list[Named[Listing]]:
    return [each for each in rules_of(s).of(Listing) if each.rule.of == _LEDGER]


def code_listed(s: Case) -> Iterator[Reason]:
    """Category and code are of the firm's lists, if it has any (AS-COMP-1, AS-COMP-5)."""
    said, lists = s.command, _lists(s)
    if not lists:
        return
    clause, groups = lists[0].clause, {each.rule.group for each in lists}
    if said.category and said.category not in groups:
        yield Reason("aftersales.complaint.unknown-category", clause, (("category", said.category),))
    elif said.code:
        ours = [each for each in lists if not said.category or each.rule.group == said.category]
        if not any(each.rule.open or said.code in each.rule.entries for each in ours):
            facts = (("category", said.category), ("code", said.code))
            yield Reason("aftersales.complaint.unknown-code", ours[0].clause, facts)


def damages_photographed(s: Case) -> Iterator[Reason]:
    """Each damage in transit has as many different photographs as the firm asks for (AS-COMP-2).

    A claim for damage in transit names each damage. What else the checklist has is asked for once.
    """
    it, said = s.it, s.command
    before, category = ((), category_of(s)) if it is None else (it.damages, it.category)
    damages = with_damages(before, said.damages)
    if not damages and category != TRANSIT:
        return
    shown = on_record(s)
    for each in needed(rules_of(s), TRANSIT_CLAIM, answers_of(s)):
        if each.name != PHOTOGRAPHS:
            there = different(shown.get(each.name, ()))
            if there < each.count:
                item = (
                    ("item", each.name),
                    ("needed", each.count),
                    ("found", there),
                    ("step", TRANSIT_CLAIM),
                )
                yield Reason(LACKING, each.clause, item)
        elif not damages:
            yield Reason("aftersales.complaint.no-damage-named", each.clause)
        for damage in damages if each.name == PHOTOGRAPHS else ():
            found = different(damage.photographs)
            if found < each.count:
                facts = (("damage", damage.what), ("needed", each.count), ("found", found))
                yield Reason("aftersales.complaint.too-few-photographs", each.clause, facts)


def answers_known(s: Case) -> Iterator[Reason]:
    """Every answer is one to a question of the firm's; all that are not are named."""
    rules = rules_of(s)
    asked = {named.rule.name: named.clause for named in rules.of(Question)}
    for name, answer in s.command.answers.items():
        facts = (("question", name), ("answer", answer))
        if name not in rules.questions:
            questions = ", ".join(sorted(rules.questions))
            yield Reason("aftersales.unknown-question", PRACTICE, (*facts, ("known", questions)))
        elif answer not in rules.questions[name].answers:
            answers = ", ".join(rules.questions[name].answers)
            clause = asked.get(name, PRACTICE)
            yield Reason("aftersales.unknown-answer", clause, (*facts, ("known", answers)))


def promise_known(s: Case) -> Iterator[Reason]:
    """What decides about the promised answer is there and fits, and no two rules contradict each other."""
    try:
        promised_now(s)
    except NOT_TO_BE_HAD as found:
        yield why(found, PRACTICE)


# --- who handles it ---------------------------------------------------------------------------------


def not_barred(s: Case) -> Iterator[Reason]:
    """The rulebook does not bar him from this step (AS-COMP-7): all his posts count, and his part in it.

    Who takes complaints belongs to another department than service. What was settled by its handler would be
    supervised by nobody: at that step he counts as having a part in it.
    """
    settling = s.command.step == "settlement"
    part = involved(s) | (frozenset({s.it.handler}) if settling else frozenset())
    yield from barred(rules_of(s), s.command, answers_of(s), s.role.value, part)


def no_part_in_it(s: Case) -> Iterator[Reason]:
    """Whom it is about, or who served, never handles it (AS-COMP-7: 无任何利益关系)."""
    if s.command.by.party in involved(s):
        yield Reason("aftersales.complaint.has-a-part-in-it", _APART, (("party", s.command.by.party),))


def entered_by_another(s: Case) -> Iterator[Reason]:
    """The customer says it himself, or one of the staff enters it whom it is not about (AS-COMP-7)."""
    if s.role is not ComplaintRole.CUSTOMER:
        yield from no_part_in_it(s)


def handler_apart(s: Case) -> Iterator[Reason]:
    """It is not given to somebody whom it is about, or who served (AS-COMP-7)."""
    if s.command.handler in involved(s):
        yield Reason("aftersales.complaint.has-a-part-in-it", _APART, (("party", s.command.handler),))


def his_case(s: Case) -> Iterator[Reason]:
    """An engineer looks into a complaint that was given to him, and into no other."""
    if s.role is ComplaintRole.ENGINEER and s.command.by.party != s.it.handler:
        yield Reason("aftersales.complaint.another-handler", PRACTICE)


def customers_word(s: Case) -> Iterator[Reason]:
    """The customer says it himself, or staff say by what it is known."""
    if s.role is not ComplaintRole.CUSTOMER and not s.command.evidence.strip():
        yield Reason("aftersales.no-evidence", PRACTICE)


# --- its handling -----------------------------------------------------------------------------------


def gradable(s: Case) -> Iterator[Reason]:
    """A grade of the firm's holds by the answers (AS-COMP-3); a firm without grades grades nothing.

    What may make it graver than the gravest that holds is asked for.
    """
    grades = rules_of(s).of(Grade)
    found, asked = grade_of(s)
    if asked:
        yield why(MissingValue(asked, "which a grade asks about"), grades[0].clause)
    elif grades and found is None:
        yield Reason("aftersales.complaint.no-grade", grades[0].clause)


def graded_first(_s: Case) -> Iterator[Reason]:
    """Always refuses: a complaint is graded before it is looked into or answered, major ones first."""
    yield Reason("aftersales.complaint.not-graded", _GRADED)


def answered_first(_s: Case) -> Iterator[Reason]:
    """Always refuses: the customer is told the outcome, with an explanation, before it is settled."""
    yield Reason("aftersales.complaint.not-answered", _EXPLAINED)


def complete(s: Case) -> Iterator[Reason]:
    """What the rulebook's checklists ask for before this step is on record."""
    yield from lacking(rules_of(s), s.command.step, answers_of(s), on_record(s), _ANSWERED_LATER)


def attributed(s: Case) -> Iterator[Reason]:
    """Whose fault it was is on record (AS-COMP-8)."""
    if s.it.attribution is None:
        yield Reason("aftersales.complaint.not-attributed", _ATTRIBUTED)


def confirmed_by_the_head(s: Case) -> Iterator[Reason]:
    """The result of a dissatisfied answer, to a survey or a call-back, is confirmed by the person in charge.

    That is AS-QA-11.
    """
    if s.it.raised_by is not RaisedBy.OTHER and s.role is not ComplaintRole.SUPERVISOR:
        yield Reason("aftersales.complaint.not-confirmed", _CONFIRMED)


def next_in_chain(s: Case) -> Iterator[Reason]:
    """It goes to the next one of a chain of the firm's, from whoever had it last."""
    it, said, rules = s.it, s.command, rules_of(s)
    known = rules.answered(answers_of(s))
    chains = [
        each for each in rules.of(Chain) if each.rule.of == said.of and each.rule.when.open(known) == ()
    ]
    if not chains:
        yield Reason("aftersales.no-chain", PRACTICE, (("of", said.of),))
        return
    last = next((each.to for each in reversed(it.passed) if each.of == said.of), None)
    turn = chains[0].rule.after(last)
    if said.to != turn:
        facts = (("of", said.of), ("to", said.to), ("turn", turn or "nobody"))
        yield Reason("aftersales.not-their-turn", chains[0].clause, facts)


# --- promises ---------------------------------------------------------------------------------------


def extension_of(said: ExtendComplaint) -> Extension:
    """The extension that is granted.

    Raises:
        InvalidValue: it ends before it is granted.
    """
    return Extension(at=said.happened_at, until=said.until, approved_by=said.approved_by, reason=said.reason)


def latest(it: Complaint, kind: TargetKind) -> str | None:
    """Under what name the promise of that kind stands that was made last; ``None``: there is none."""
    names = (what for what, each in it.commitments.items() if each.kind is kind)
    return max(names, key=lambda what: int(what.partition("/")[2] or 1), default=None)


def extendable(s: Case) -> Iterator[Reason]:
    """The promise runs and may be extended, by him who approves it (AS-SLA-1).

    Where that is a post of the desk, somebody in it says so himself, or the supervisor for him.
    """
    it, said = s.it, s.command
    what = latest(it, said.what)
    if what is None:
        yield Reason("aftersales.not-promised", PRACTICE, (("what", said.what.value),))
        return
    each = it.commitments[what]
    facts = (("what", what), ("extended_by", each.extended_by or "nobody"))
    others = {role.value for role in ComplaintRole} - {s.role.value}
    if s.role is not ComplaintRole.SUPERVISOR and each.extended_by in others:
        yield Reason("aftersales.extension-not-theirs", each.clause, (*facts, ("role", s.role.value)))
    try:
        each.run.extended(each.target(s.policy.calendar), extension_of(said))
    except InvalidValue as invalid:
        shown = (("found", str(invalid.found)), ("expected", invalid.expected))
        yield Reason("aftersales.not-extendable", each.clause, (*facts, *shown))


def _come(it: Complaint, policy: ServicePolicy) -> Mapping[tuple[str, str], Coming]:
    return {(each.what, each.name): each for each in coming(it.commitments, policy.calendar)}


def rung_reached(s: Case) -> Iterator[Reason]:
    """The rung was reached by then, and has not fired."""
    said = s.command
    found = _come(s.it, s.policy).get((said.what, said.rung))
    if found is None or not said.rung or found.at > said.happened_at:
        facts = (("what", said.what), ("rung", said.rung))
        yield Reason("aftersales.rung-not-reached", PRACTICE, facts)


def late_now(s: Case) -> Iterator[Reason]:
    """The promise was broken by then, and that is not on record yet."""
    found = _come(s.it, s.policy).get((s.command.what, ""))
    if found is None or found.at > s.command.happened_at:
        yield Reason("aftersales.not-late", PRACTICE, (("what", s.command.what),))
