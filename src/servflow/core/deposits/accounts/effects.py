"""What follows when a command to a deposit account is taken. An effect changes no state; the table does.

1. Every movement of the balance has exactly one posting: between the special account at the bank and the
   account of this deposit alone (SD-23).
2. What pays out or publishes first credits the interest that is due. What is entered late has the interest
   that was credited since worked out again.
3. The surcharge is no deposit money: it is posted as a receivable, and paid into an account of its own.

It is long because every command that changes an account has its effect here, beside what several share.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Any, Final

from servflow.core.attention import attend, seen_to
from servflow.core.changes import Message
from servflow.core.citations import Clause, Dated, Plain
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts import messages
from servflow.core.deposits.accounts.deadlines import (
    kept_through,
    release_by,
    released_at_limit,
    review_through,
)
from servflow.core.deposits.accounts.guards import (
    Opening,
    Said,
    arrived,
    assessment,
    credited,
    held_back,
    holds,
    shares,
    surcharge_outstanding,
    surcharge_too_much,
    term_of,
    to_release,
)
from servflow.core.deposits.accounts.model import (
    ClaimBooked,
    Default,
    Defect,
    DepositAccount,
    Order,
    Part,
)
from servflow.core.deposits.accounts.states import AccountState, Gate, MovementKind
from servflow.core.deposits.assessing import SURCHARGED, defaulted, order_in_force, surcharge
from servflow.core.deposits.holdings import held_by_part, reserved, to_refund, unpaid
from servflow.core.deposits.interest import recredited, with_movement
from servflow.core.deposits.policy import SURCHARGE
from servflow.core.deposits.statements import calendar_year, statement
from servflow.core.desk_rules import today
from servflow.core.fees.assessment import (
    Obligation,
    assess,
    posted_for,
    refund,
    refundable,
    settle,
)
from servflow.core.ledger import Account, AccountKind, Books, Posting
from servflow.core.lifecycle import Outcome
from servflow.core.money import Money

__all__ = [
    "answer_review",
    "ask_review",
    "book_claim",
    "close",
    "confirm_letter",
    "credit",
    "draw",
    "hand_over",
    "name_parties",
    "note_default",
    "note_limit",
    "note_warranty_end",
    "notify",
    "open_account",
    "order",
    "pass_gate",
    "pay",
    "pay_surcharge",
    "publish",
    "reassess",
    "record_defect",
    "refund_surcharge",
    "release",
    "remind_release",
    "remind_review",
    "repair_defect",
    "request_release",
    "reverse",
    "see_to",
    "withdraw_order",
]

_NOTIFIED: Final = frozenset(AccountState) - {AccountState.ASSESSED, AccountState.EXEMPT}
"""The states in which the developer knows the amount."""
_LIMIT_REACHED: Final = "deposits.limit-reached"
"""The longest keeping is over, and what is left is not released yet: staff have to release it."""


# --- what several have in common --------------------------------------------------------------------


def _outcome(
    s: Said, it: DepositAccount, *told: tuple[Message, ...], extra: tuple[Posting, ...] = ()
) -> Outcome:
    """With one posting for each movement that is new, and ``extra``.

    Staff look at what these and what is paid of the surcharge put in doubt: a year that was published, and
    surcharge beyond what is owed.
    """
    for year in sorted({movement.on.year for movement in it.movements[len(s.it.movements) :]}):
        if year in s.it.published:
            it = attend(it, "deposits.published-changed", ("year", year))
    too_much = surcharge_too_much(s, it)
    if too_much != surcharge_too_much(s, s.it):
        it = _listed(it, "deposits.surcharge-overpaid", too_much)
    return Outcome(it, tuple(chain(*told)), postings=(*_posted(s, it), *extra))


def _listed(it: DepositAccount, code: str, amount: Money) -> DepositAccount:
    """Staff look at that amount under that code, and at no other; at none where it is nothing."""
    left = seen_to(it, code)
    return attend(left, code, ("amount", amount)) if amount else left


def _posted(s: Said, it: DepositAccount) -> tuple[Posting, ...]:
    books = Books(s.policy.closed_through)
    made = []
    for movement in it.movements[len(s.it.movements) :]:
        kind = movement.kind
        debit, credit_ = (it.at_the_bank, it.deposit) if kind.adds else (it.deposit, it.at_the_bank)
        posting = Posting(
            key=f"{it.id}/{kind.value}/{movement.number}",
            debit=debit,
            credit=credit_,
            amount=movement.amount,
            value_date=movement.on,
            subject=movement.claim or it.id,
            kind=kind.value,
            charge=it.assessment.charge if kind is MovementKind.REFUNDED else None,
        )
        made.append(books.admit(posting))
    return tuple(made)


def _late(s: Said, it: DepositAccount, since: date) -> DepositAccount:
    """Interest that was credited for days from ``since`` on is worked out again on the day of the entry."""
    return recredited(it, s.policy, since, s.policy.day(s.command.recorded_at))


def _fully_paid(it: DepositAccount, day: date) -> DepositAccount:
    """Since when everything is paid: ``day``, or the last payment, where it is so now and was not before."""
    if not it.target or unpaid(it):
        return replace(it, paid_in_full_on=None)
    last = max((payment.on for payment in arrived(it)), default=day)
    return replace(it, paid_in_full_on=it.paid_in_full_on or max(day, last))


def _reported(s: Said) -> str:
    """The development authority, where the state of payment is reported to it (SD-32); else nobody."""
    return s.it.building.development_authority if s.policy.default_reported.on(today(s)).value else ""


def _by(s: Said, *rules: Dated[Any]) -> tuple[Clause, ...]:
    """The clauses of these rules as they are on the day of the command."""
    return messages.in_force(today(s), *rules)


def _derived(it: DepositAccount) -> tuple[Clause, ...]:
    """The clauses by which the amount of the deposit came about."""
    steps = (step for _, step in it.assessment.charge.lines())
    return tuple(step.clause for step in steps if step.clause is not None)


def _surcharge_by(s: Said) -> tuple[Clause, ...]:
    """The clause by which late payment bears a surcharge, where the rules have one (SD-8)."""
    return (s.policy.surcharge_on_day_of_payment.on(today(s)).clause,) if SURCHARGE in s.policy.fees else ()


def _late_by(s: Said) -> tuple[Clause, ...]:
    """The clauses by which late payment has consequences: surcharge and credit file (SD-8, SD-32)."""
    return (*_surcharge_by(s), *_by(s, s.policy.default_reported))


def _follows(s: Said) -> tuple[tuple[str, Plain], ...]:
    """The fact of what late payment brings, as far as the rules say something."""
    words = {
        "surcharge": SURCHARGE in s.policy.fees,
        "credit-file": s.policy.default_reported.on(today(s)).value,
    }
    brings = ", ".join(word for word, there in words.items() if there)
    return (("follows", brings),) if brings else ()


def _in_full(s: Said, it: DepositAccount) -> tuple[Message, ...]:
    """The development authority hears that all is paid; developer and owners have proof at handover."""
    told: tuple[Message, ...] = ()
    full = it.paid_in_full_on
    if full is None:
        return told
    if s.it.paid_in_full_on is None:
        facts: tuple[tuple[str, Plain], ...] = (("amount", it.target), ("on", full))
        cited = _by(s, s.policy.default_reported)
        told += messages.tell(it, messages.PAID_IN_FULL, (_reported(s),), *facts, cited=cited)
    proven = s.it.paid_in_full_on is not None and s.it.handed_over_on is not None
    if it.handed_over_on is not None and not proven:
        facts = (("amount", it.target), ("paid_on", full), ("handed_over", it.handed_over_on))
        whom = (it.building.developer, messages.owners(it))
        cited = _by(s, s.policy.paid_before_handover)
        told += messages.tell(it, messages.PROOF, whom, *facts, cited=cited)
    return told


def _to_be_paid(
    it: DepositAccount, amount: Money, to: str, why: MovementKind, cited: tuple[Clause, ...]
) -> tuple[Message, ...]:
    """The bank hears what it is to pay out, to whom."""
    facts = (("amount", amount), ("to", to), ("why", why.value))
    return messages.tell(it, messages.PAY_OUT, (it.building.bank,), *facts, cited=cited)


def _budgets_checked(it: DepositAccount) -> DepositAccount:
    """Staff look at it where less is held than was approved for claims that are open."""
    budgets = reserved(it)
    if it.balance >= budgets:
        return it
    return attend(it, "deposits.budgets-uncovered", ("left", it.balance), ("budgets", budgets))


# --- assessment and review --------------------------------------------------------------------------


def open_account(s: Opening) -> Outcome:
    """The account as it begins, with the parts of the building; an exemption is told at once."""
    said = s.command
    assessed = assessment(s)
    it = DepositAccount(
        id=said.case,
        state=AccountState.ASSESSED if assessed.charge.money else AccountState.EXEMPT,
        authority=s.policy.authority,
        building=said.building,
        assessments=(assessed,),
        parts={each.part: Part(weight=each.weight) for each in shares(s)},
    )
    if it.target:
        return Outcome(it)
    cited = _derived(it)
    return Outcome(it, messages.tell(it, messages.EXEMPTED, (it.building.developer,), cited=cited))


def reassess(s: Said) -> Outcome:
    """The new assessment holds; what is deposited above it is refunded in one posting (SD-3, SD-28).

    Never so much that less is left than is asked for now, nor what is set aside for open claims and serious
    defects: of what is held back for these, staff hear; the next such command pays it. Where nothing is asked
    for any more, all that is held goes back, with interest to the day, and no order bears on anything more.
    The developer has a new letter, and new days for a review.
    """
    day = today(s)
    assessed = assessment(s)
    it = replace(
        credited(s), assessments=(*s.it.assessments, assessed), letter_received_on=None, notified_on=None
    )
    due = to_refund(it) if it.target else it.balance
    back = max(min(due, it.balance - held_back(s, it)), it.nothing)
    if back:
        it = with_movement(it, MovementKind.REFUNDED, day, back)
    it = seen_to(_listed(it, "deposits.refund-held-back", due - back), "deposits.refund-due")
    if not it.target:
        it = replace(it, orders=tuple(replace(each, noted=True) for each in it.orders))
    elif _is_notified(it):
        it = replace(it, notified_on=day)
    it = _fully_paid(it, day)
    return _outcome(s, it, _new_letter(s, it, back), _in_full(s, it), _refunded(it, back))


def _is_notified(it: DepositAccount) -> bool:
    """Whether the developer knows an amount; of what was handed over he is told it at once."""
    return it.state in _NOTIFIED or it.handed_over_on is not None


def _new_letter(s: Said, it: DepositAccount, back: Money) -> tuple[Message, ...]:
    building = it.building
    facts = (("reason", s.command.reason), ("before", s.it.target), ("refund", back))
    whom, cited = (building.developer, building.supervisor), _derived(it)
    if not it.target:
        return messages.tell(it, messages.EXEMPTED, whom, *facts, cited=cited)
    if not _is_notified(it):
        return ()
    letter = (("amount", it.target), ("unpaid", unpaid(it)), *facts)
    cited += _by(s, s.policy.review_days)
    return messages.tell(it, messages.REASSESSED, whom, *letter, cited=cited)


def _refunded(it: DepositAccount, back: Money) -> tuple[Message, ...]:
    if not back:
        return ()
    developer, cited = it.building.developer, _derived(it)
    facts = (("amount", back), ("target", it.target))
    told = messages.tell(it, messages.REFUNDED, (developer,), *facts, cited=cited)
    return told + _to_be_paid(it, back, developer, MovementKind.REFUNDED, cited)


def notify(s: Said) -> Outcome:
    """The letter goes to the developer and to the supervisor of pre-sale funds (SD-29)."""
    it = replace(s.it, notified_on=today(s), letter_received_on=None)
    facts = (
        ("amount", it.target),
        ("unpaid", unpaid(it)),
        ("building_type", it.building.building_type),
        ("review_days", s.policy.review_days.on(today(s)).value),
    )
    whom = (it.building.developer, it.building.supervisor)
    cited = (*_derived(it), *_by(s, s.policy.review_days))
    return _outcome(s, it, messages.tell(it, messages.NOTIFIED, whom, *facts, cited=cited))


def confirm_letter(s: Said) -> Outcome:
    """From now on the days for a review count."""
    return _outcome(s, replace(s.it, letter_received_on=today(s), review_told=False))


def ask_review(s: Said) -> Outcome:
    """The authority hears what the developer objects to."""
    it = replace(s.it, review_asked=s.command.objection, review_of=len(s.it.assessments), review_answer="")
    objection, cited = ("objection", s.command.objection), _by(s, s.policy.review_days)
    told = messages.tell(it, messages.REVIEW_ASKED, (it.authority,), objection, cited=cited)
    return _outcome(s, it, told)


def remind_review(s: Said) -> Outcome:
    """The developer hears that today is the last day (SD-5)."""
    last = review_through(s.it, s.policy)
    assert last is not None, "a guard asks for it"
    facts, cited = (("amount", s.it.target), ("last", last)), _by(s, s.policy.review_days)
    it = replace(s.it, review_told=True)
    told = messages.tell(it, messages.REVIEW_ENDS, (it.building.developer,), *facts, cited=cited)
    return _outcome(s, it, told)


def answer_review(s: Said) -> Outcome:
    """The developer hears the answer, and what is to be paid now."""
    it = replace(s.it, review_answer=s.command.answer)
    facts = (("answer", s.command.answer), ("amount", it.target), ("unpaid", unpaid(it)))
    whom, cited = (it.building.developer,), _by(s, s.policy.review_days)
    return _outcome(s, it, messages.tell(it, messages.REVIEW_ANSWERED, whom, *facts, cited=cited))


# --- payment ----------------------------------------------------------------------------------------


def pay(s: Said) -> Outcome:
    """It is deposited from that day on; the developer has a receipt, also of a transfer (SD-7, SD-30).

    A default that it shows to be none is taken back. What was paid before the building was exempt, and is
    entered after that, is for staff to give back.
    """
    said, day = s.command, today(s)
    it = with_movement(s.it, MovementKind.PAID_IN, day, said.amount, origin=said.origin, receipt=said.receipt)
    it = _fully_paid(_late(s, it, day), day)
    it, corrected = _defaults_corrected(s, _refund_due(it))
    facts = (
        ("amount", said.amount),
        ("origin", said.origin.value),
        ("receipt", said.receipt),
        ("unpaid", unpaid(it)),
    )
    whom, cited = (it.building.developer,), _by(s, s.policy.receipt_numbered)
    received = messages.tell(it, messages.RECEIVED, whom, *facts, cited=cited)
    return _outcome(s, it, received, corrected, _in_full(s, it))


def _refund_due(it: DepositAccount) -> DepositAccount:
    """What an exempt building holds goes back, by an assessment anew; staff look at it."""
    if it.state is not AccountState.EXEMPT:
        return it
    return _listed(it, "deposits.refund-due", it.balance)


def _defaults_corrected(s: Said, it: DepositAccount) -> tuple[DepositAccount, tuple[Message, ...]]:
    """Without the defaults whose orders were heeded or withdrawn, by what is known now."""
    kept = tuple(each for each in it.defaults if defaulted(it, each.ordered_by))
    if kept == it.defaults:
        return it, ()
    whom = (_reported(s), it.building.developer)
    corrected = messages.tell(it, messages.DEFAULT_CORRECTED, whom, cited=_late_by(s))
    return replace(it, defaults=kept), corrected


def reverse(s: Said) -> Outcome:
    """It never arrived: it counts on no day, and bore no interest.

    Where now less is held than was approved for open claims, staff look at it.
    """
    payment = s.it.movements[s.command.number - 1]
    it = with_movement(s.it, MovementKind.REVERSED, payment.on, payment.amount, reverses=payment.number)
    it = _refund_due(_budgets_checked(_fully_paid(_late(s, it, payment.on), payment.on)))
    whom = (it.building.developer, _reported(s) if s.it.paid_in_full_on is not None else "")
    facts = (("amount", payment.amount), ("reason", s.command.reason), ("unpaid", unpaid(it)))
    return _outcome(s, it, messages.tell(it, messages.REVERSED, whom, *facts))


def order(s: Said) -> Outcome:
    """Payment is ordered by a day; what an order before it brought stays, unless that is withdrawn."""
    it = replace(s.it, orders=(*s.it.orders, Order(by_day=s.command.by_day, on=today(s))))
    facts = (("by_day", s.command.by_day), ("unpaid", unpaid(it)), *_follows(s))
    told = messages.tell(it, messages.ORDERED, (it.building.developer,), *facts, cited=_late_by(s))
    return _outcome(s, it, told)


def withdraw_order(s: Said) -> Outcome:
    """There is no surcharge by it, and no default; what was posted is brought to what is owed without it."""
    ordered = order_in_force(s.it)
    assert ordered is not None, "a guard asks for it"
    orders = tuple(replace(each, withdrawn=True) if each is ordered else each for each in s.it.orders)
    it, corrected = _defaults_corrected(s, replace(s.it, orders=orders))
    it, postings = _surcharged(s, it)
    facts = (("by_day", ordered.by_day), ("reason", s.command.reason))
    whom = (it.building.developer,)
    told = messages.tell(it, messages.ORDER_WITHDRAWN, whom, *facts, cited=_late_by(s))
    return _outcome(s, it, told, corrected, extra=postings)


def note_default(s: Said) -> Outcome:
    """It goes into the credit file: the development authority hears of it (SD-8, SD-32)."""
    by_day = s.command.by_day
    left = defaulted(s.it, by_day)
    orders = tuple(
        replace(each, noted=True) if each.by_day == by_day and not each.withdrawn else each
        for each in s.it.orders
    )
    defaults = (*s.it.defaults, Default(ordered_by=by_day, unpaid=left))
    it = replace(s.it, orders=orders, defaults=defaults)
    whom = (it.building.developer, _reported(s), it.authority)
    facts = (("by_day", by_day), ("unpaid", left), *_follows(s))
    return _outcome(s, it, messages.tell(it, messages.DEFAULTED, whom, *facts, cited=_late_by(s)))


def pay_surcharge(s: Said) -> Outcome:
    """What is owed up to this day is posted, and so much of it is paid, into an account of its own."""
    amount, day = s.command.amount, today(s)
    owed = surcharge_outstanding(s.it, s.policy, day)
    it, postings = _surcharged(s, s.it)
    posting = settle(
        _obligation(it),
        Account(AccountKind.CASH, f"{it.authority}/{SURCHARGED}"),
        amount,
        owed,
        day,
        key=f"{it.id}/{SURCHARGED}/paid/{len(it.surcharged) + 1}",
    )
    posting = Books(s.policy.closed_through).admit(posting)
    it = replace(it, surcharged=(*it.surcharged, posting))
    facts = (("amount", amount), ("left", owed - amount))
    whom = (it.building.developer,)
    told = messages.tell(it, messages.SURCHARGE_PAID, whom, *facts, cited=_surcharge_by(s))
    return _outcome(s, it, told, extra=(*postings, posting))


def refund_surcharge(s: Said) -> Outcome:
    """What was posted is brought to what is owed, and so much of what was paid beyond it goes back."""
    said, day = s.command, today(s)
    it, postings = _surcharged(s, s.it)
    owed = _obligation(it)
    key = f"{it.id}/{SURCHARGED}/refunded/{len(it.surcharged) + 1}"
    paid = refundable(it.surcharged, owed)
    given_back = refund(owed, paid, said.amount, (AccountKind.CASH,), day, key=key)
    books = Books(s.policy.closed_through)
    given_back = tuple(books.admit(posting) for posting in given_back)
    it = replace(it, surcharged=(*it.surcharged, *given_back))
    developer = it.building.developer
    facts = (("amount", said.amount), ("left", surcharge_too_much(s, it)))
    told = messages.tell(it, messages.SURCHARGE_REFUNDED, (developer,), *facts, cited=_surcharge_by(s))
    return _outcome(s, it, told, extra=(*postings, *given_back))


def _obligation(it: DepositAccount) -> Obligation:
    return Obligation(
        subject=it.id,
        kind=SURCHARGED,
        debit=Account(AccountKind.RECEIVABLE, it.building.developer),
        credit=Account(AccountKind.INCOME, it.authority),
    )


def _surcharged(s: Said, it: DepositAccount) -> tuple[DepositAccount, tuple[Posting, ...]]:
    """What was posted of the surcharge is brought to what is owed today (SD-8)."""
    day, owed = today(s), _obligation(it)
    charge = surcharge(it, s.policy, day)
    target = it.nothing if charge is None else charge.money
    posting, _ = assess(owed, target, posted_for(owed, it.surcharged), day, charge=charge)
    if posting is None:
        return it, ()
    posting = Books(s.policy.closed_through).admit(posting)
    return replace(it, surcharged=(*it.surcharged, posting)), (posting,)


# --- handover, filing, registration -----------------------------------------------------------------


def hand_over(s: Said) -> Outcome:
    """The warranties of all parts begin (SD-10); developer and owners have proof of the deposit (SD-7)."""
    said, day = s.command, today(s)
    agreed = {each.part: each.length for each in said.agreed}
    parts = {
        name: replace(part, length=agreed.get(name), until=term_of(s, name).until)
        for name, part in s.it.parts.items()
    }
    passed = {**s.it.passed, Gate.HANDOVER.value: day}
    it = replace(s.it, parts=parts, passed=passed, handed_over_on=day, design_life=said.design_life)
    return _outcome(s, it, _in_full(s, it))


def pass_gate(s: Said) -> Outcome:
    """It was filed, or registered, on that day."""
    return _outcome(s, replace(s.it, passed={**s.it.passed, s.command.gate.value: today(s)}))


def name_parties(s: Said) -> Outcome:
    """From now on these speak and are told."""
    named = {
        name: value
        for name in ("property_manager", "committee", "representative")
        if (value := getattr(s.command, name)) is not None
    }
    return _outcome(s, replace(s.it, building=replace(s.it.building, **named)))


# --- defects and claims -----------------------------------------------------------------------------


def record_defect(s: Said) -> Outcome:
    """It holds the release of its part until it is repaired; the developer hears of it (SD-21)."""
    said = s.command
    defect = Defect(part=said.part, what=said.what, found_on=today(s))
    it = replace(s.it, defects={**s.it.defects, said.name: defect})
    facts = (("defect", said.name), ("part", said.part), ("what", said.what))
    whom, cited = (it.building.developer,), _by(s, s.policy.serious_defect_holds)
    return _outcome(s, it, messages.tell(it, messages.DEFECT, whom, *facts, cited=cited))


def repair_defect(s: Said) -> Outcome:
    """It holds nothing any more; if nothing else does either, authority and developer hear so."""
    name = s.command.name
    repaired = replace(s.it.defects[name], repaired_on=today(s))
    it = replace(s.it, defects={**s.it.defects, name: repaired})
    return _outcome(s, it, _freed(s, it, repaired.part))


def _freed(s: Said, it: DepositAccount, name: str) -> tuple[Message, ...]:
    """Told of a part whose warranty end was told while something held its release that holds it no more."""
    part = it.parts[name]
    if not part.told or part.released_on is not None or not holds(s, s.it, name) or holds(s, it, name):
        return ()
    whom = (it.authority, it.building.developer)
    facts = (("part", name), ("share", held_by_part(it)[name].held))
    return messages.tell(it, messages.RELEASE_FREE, whom, *facts, cited=_by(s, s.policy.release_days))


def book_claim(s: Said) -> Outcome:
    """The claim as it is now; if with it nothing holds its part any more, authority and developer hear so."""
    said: c.BookDepositClaim = s.command
    booked = ClaimBooked(part=said.part, open=said.open, budget=said.budget)
    it = replace(s.it, claims={**s.it.claims, said.claim: booked})
    return _outcome(s, it, _freed(s, it, said.part))


def draw(s: Said) -> Outcome:
    """So much of the deposit is used, and the claim is settled; the bank hears whom to pay (SD-14).

    Interest that was due before is credited first, by what each part held then.
    """
    said: c.DrawDeposit = s.command
    day = today(s)
    settled = replace(s.it.claims[said.claim], open=False)
    it = with_movement(
        credited(s),
        MovementKind.USED,
        day,
        said.amount,
        claim=said.claim,
        payee=said.to,
        part=said.part,
    )
    it = replace(it, claims={**it.claims, said.claim: settled})
    it = _budgets_checked(_late(s, it, day))
    cited = _by(s, s.policy.payees)
    paid = _to_be_paid(it, said.amount, said.to, MovementKind.USED, cited)
    return _outcome(s, it, paid, _freed(s, it, said.part))


# --- interest and statements ------------------------------------------------------------------------


def credit(s: Said) -> Outcome:
    """All interest that is to be credited by now is (SD-18)."""
    return _outcome(s, credited(s))


def publish(s: Said) -> Outcome:
    """Developer, owners and their manager have the statement of the year (SD-19)."""
    year = s.command.year
    it = replace(credited(s), published=(*s.it.published, year))
    sums = statement(it, s.policy, calendar_year(year)).sums
    facts = (
        ("year", year),
        ("opening", sums.opening),
        ("paid_in", sums.paid_in),
        ("interest", sums.interest),
        ("used", sums.used),
        ("refunded", sums.refunded),
        ("released", sums.released),
        ("closing", sums.closing),
    )
    whom = (it.building.developer, messages.owners(it), it.building.property_manager)
    cited = _by(s, s.policy.published_on)
    return _outcome(s, it, messages.tell(it, messages.STATEMENT, whom, *facts, cited=cited))


# --- release ----------------------------------------------------------------------------------------


def _with_part(it: DepositAccount, name: str, **changes: Any) -> DepositAccount:
    return replace(it, parts={**it.parts, name: replace(it.parts[name], **changes)})


def _last_day(s: Said, part: Part) -> tuple[tuple[str, date], ...]:
    last = release_by(part, s.policy)
    return () if last is None else (("last", last),)


def note_warranty_end(s: Said) -> Outcome:
    """Developer and authority hear that the part's warranty is over, and by when its share goes back."""
    name = s.command.part
    it = _with_part(s.it, name, told=True)
    whom = (it.building.developer, it.authority)
    facts = (("part", name), ("share", held_by_part(it)[name].held), *_last_day(s, it.parts[name]))
    cited = _by(s, s.policy.warranties, s.policy.release_days)
    return _outcome(s, it, messages.tell(it, messages.WARRANTY_ENDED, whom, *facts, cited=cited))


def request_release(s: Said) -> Outcome:
    """The authority hears of it; the day of the first request counts."""
    name = s.command.part
    it = _with_part(s.it, name, requested_on=s.it.parts[name].requested_on or today(s))
    facts = (("part", name), *_last_day(s, it.parts[name]))
    cited = _by(s, s.policy.release_days)
    return _outcome(
        s, it, messages.tell(it, messages.RELEASE_REQUESTED, (it.authority,), *facts, cited=cited)
    )


def remind_release(s: Said) -> Outcome:
    """The authority hears that today is the last day (SD-20)."""
    name = s.command.part
    it = _with_part(s.it, name, reminded=True)
    facts = (("part", name), *_last_day(s, it.parts[name]))
    cited = _by(s, s.policy.release_days)
    return _outcome(s, it, messages.tell(it, messages.RELEASE_DUE, (it.authority,), *facts, cited=cited))


def release(s: Said) -> Outcome:
    """The share of the part, or of all that are left, goes back with interest: one posting each (SD-20)."""
    day, it = today(s), credited(s)
    names = to_release(s)
    amount = it.nothing
    for name in names:
        entered, share = len(it.movements), held_by_part(it)[name].held
        if share:
            it = with_movement(it, MovementKind.RELEASED, day, share, part=name)
            amount += share
        it = _with_part(it, name, released_on=day, released_after=entered)
    if all(part.released_on is not None for part in it.parts.values()):
        it = seen_to(it, _LIMIT_REACHED)
    developer = it.building.developer
    facts = (("parts", ", ".join(names)), ("amount", amount))
    cited = _by(s, s.policy.release_days)
    told = messages.tell(it, messages.RELEASED, (developer,), *facts, cited=cited)
    paid = _to_be_paid(it, amount, developer, MovementKind.RELEASED, cited) if amount else ()
    return _outcome(s, it, told, paid)


def note_limit(s: Said) -> Outcome:
    """Authority and developer hear that the longest keeping is over, and whether all goes back now.

    Where it does, staff look at it until it has (SD-35).
    """
    it = replace(s.it, limit_told=True)
    last = kept_through(it, s.policy)
    assert last is not None
    released = released_at_limit(it, s.policy, today(s))
    if released:
        it = attend(it, _LIMIT_REACHED, ("last", last))
    facts = (("last", last), ("held", it.balance), ("released", released))
    whom = (it.authority, it.building.developer)
    cited = _by(s, s.policy.kept_at_most, s.policy.at_the_limit)
    return _outcome(s, it, messages.tell(it, messages.LIMIT_REACHED, whom, *facts, cited=cited))


# --- the end ----------------------------------------------------------------------------------------


def see_to(s: Said) -> Outcome:
    """It is off the list."""
    return _outcome(s, seen_to(s.it, s.command.code))


def close(s: Said) -> Outcome:
    """The account is over; what was posted of the surcharge is what was owed."""
    it, postings = _surcharged(s, replace(s.it, closed_on=today(s), why=s.command.reason))
    told = messages.tell(it, messages.CLOSED, (it.building.developer,), ("reason", s.command.reason))
    return _outcome(s, it, told, extra=postings)
