"""How every effect of the borrowing desk ends, and the steps that several of them share.

An effect is asked only after every guard has passed. It changes no state (the table does), and it
reads the clock nowhere: everything comes from the situation.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from servflow.core.changes import Actor, Command, Message, Withdrawal
from servflow.core.dates import lies_after
from servflow.core.desk_rules import today
from servflow.core.fees.assessment import Obligation, Posted, assess
from servflow.core.ill.accounts.commands import BookCase
from servflow.core.ill.accounts.model import CaseOnAccount
from servflow.core.ill.borrowing import charges, messages
from servflow.core.ill.borrowing.commands import Hear
from servflow.core.ill.borrowing.guards import (
    Case,
    account_here,
    charged_by_now,
    ends_the_case,
    from_its_supplier,
)
from servflow.core.ill.borrowing.model import (
    Attempt,
    BorrowingCase,
    Step,
)
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import (
    AttemptState,
    BorrowingRole,
    CaseOutcome,
    CaseState,
    DelayKind,
)
from servflow.core.ill.terms import (
    CostKind,
    CostLine,
    OfferState,
    Service,
    WhereLost,
    attend,
)
from servflow.core.ledger import Account, AccountKind, Books, Posting
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money

__all__ = [
    "asked_at",
    "assessed",
    "booked",
    "closed",
    "costed",
    "done",
    "ended",
    "in_vain",
    "left",
    "present",
    "staged",
    "supplied",
    "told_due",
    "undoable",
    "with_attempt",
]

S = CaseState
_LAST: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def done(
    s: Case,
    it: BorrowingCase,
    *,
    told: tuple[Message, ...] = (),
    withdrawn: tuple[Withdrawal, ...] = (),
    commands: tuple[Command, ...] = (),
    charge: bool = False,
    step: Step | None = None,
    stands: CaseState | None = None,
) -> Outcome:
    """The outcome of an effect: what was said before can no longer be undone, staff hear what is new.

    What a supplier says that it has charged is on record and owed, whatever else it says. ``stands`` is the
    state that it leads to, where the patron's account counts the case by it; otherwise that it comes from.
    """
    it = it if it.last is step else replace(it, last=step)
    if isinstance(s.command, Hear) and from_its_supplier(s):
        it = _on_record(s, it, s.command)
        charge = charge or bool(s.command.costs)
    if step is not None:
        it = replace(it, quiet_until=step.until)
    it = _at_our_cost(s.it, it)
    postings: tuple[Posting, ...] = ()
    if charge:
        it, postings = assessed(s, it)
    if _billed(s.it, it) and all(message.kind != messages.LOST_BILL for message in told):
        told += messages.tell_patron(it, messages.LOST_BILL)
    raised = it.attention[len(s.it.attention) :] if len(it.attention) > len(s.it.attention) else ()
    if raised:
        told += messages.tell_staff(it, messages.ATTENTION, raised)
    told = tuple(_priced(it, _in_order(s, message)) for message in told)
    filed = s.it.submitted_on is None and it.submitted_on is not None
    it, on_account = booked(s, it, blocked=(stands or s.it.state) is S.BLOCKED, filed=filed)
    commands = (*on_account, *commands)
    return Outcome(it=it, messages=told, withdrawals=withdrawn, postings=postings, commands=commands)


def booked(
    s: Situation[Any, Any, BorrowingPolicy, Any],
    it: BorrowingCase,
    *,
    blocked: bool = False,
    filed: bool = False,
) -> tuple[BorrowingCase, tuple[Command, ...]]:
    """What the patron's account hears of the case, if he has one here and it does not hold it so.

    Charges grow from what the account has been told of them, not from what was posted: an account that is
    opened later takes over all that is owed, and nothing is reversed on it that it never held.
    """
    account = account_here(s, it)
    if account is None:
        return it, ()
    grown = (
        (kind, posted.amount - it.booked[kind] if kind in it.booked else posted.amount)
        for kind, posted in it.charged.items()
    )
    charged = tuple((kind, amount) for kind, amount in grown if amount)
    held, wanted = account.cases.get(it.id), None if blocked else _on_account(it, s.policy.currency)
    known = None if held is None else replace(held, reserved=None)
    if not charged and known == wanted:
        return it, ()
    said = s.command.entailed("account", case=it.patron, by=Actor.policy(it.library))
    told = BookCase(**said, request=it.id, on_account=wanted, charged=charged, filed=filed)
    if charged:
        it = replace(it, booked={kind: posted.amount for kind, posted in it.charged.items()})
    return it, (told,)


def _on_account(it: BorrowingCase, currency: str) -> CaseOnAccount | None:
    """The case as the account holds it: from the filing to the end, with what is with the patron.

    A blocked one it does not hold: it keeps nothing free, and stands in no other one's way.
    """
    if it.submitted_on is None or it.outcome is not None or it.origin is not None:
        return None
    out = it.checked_out_on is not None and it.taken_back_on is None
    return CaseOnAccount(
        volumes=len(it.here) if out else 0,
        due=it.patron_due if out else None,
        charged=charged_by_now(it, currency) or None,
        max_cost=_may_cost(it, currency),
        settled=_fee_known(it) or None,
    )


def _may_cost(it: BorrowingCase, currency: str) -> Money | None:
    """What was agreed with who has it, or is asked again next; otherwise the most that the request allows."""
    attempt, ahead = it.attempt, it.ahead
    live = attempt if attempt is not None and not attempt.state.ended else ahead[0] if ahead else None
    agreed = live.agreed if live is not None else None
    return agreed if agreed is not None and agreed.currency == currency else it.max_cost


def _fee_known(it: BorrowingCase) -> bool:
    """Whether it was supplied, and who supplied it has said what the loan or the copy costs."""
    attempt = it.attempt
    fees = attempt.costs if attempt is not None and it.supplied is not None else ()
    return any(line.kind in {CostKind.LOAN, CostKind.COPY} for line in fees)


def _on_record(s: Case, it: BorrowingCase, said: Hear) -> BorrowingCase:
    """What a supplier says with whatever it says: as of when, its number, its charges; and on an odd day."""
    if said.costs:
        it = costed(it, said, s.policy.currency)
    attempt = it.numbered(said.attempt)
    assert attempt is not None  # its supplier speaks
    if said.as_of is not None and said.as_of > (attempt.heard_as_of or 0):
        attempt = replace(attempt, heard_as_of=said.as_of)
    if said.their_id:
        attempt = replace(attempt, their_id=said.their_id)
    it = with_attempt(it, attempt)
    sent_on = s.policy.day(attempt.sent_at) if attempt.sent_at is not None else None
    if sent_on is not None and today(s) < sent_on:
        it = attend(it, "before-it-was-asked", ("said", type(said).__name__), ("sent_on", sent_on))
    return _disputed(s.it, it)


def _at_our_cost(before: BorrowingCase, it: BorrowingCase) -> BorrowingCase:
    """What is charged by somebody who was asked and supplies nothing is the library's, and staff see it."""
    for attempt in it.attempts:
        was = before.numbered(attempt.number)
        known = was.costs if was is not None and was.state.ended else ()
        ours = attempt.state.ended and not charges.for_the_patron(attempt)
        if ours and attempt.costs != known and any(line.amount for line in attempt.costs):
            it = attend(it, "costs-without-supply", ("supplier", attempt.supplier))
    return it


def _disputed(before: BorrowingCase, it: BorrowingCase) -> BorrowingCase:
    """A compensation for what others than the patron have to answer for is for staff to divide or refuse."""
    kind = CostKind.COMPENSATION
    amounts = [
        sum(line.amount.minor for each in case.attempts for line in each.costs if line.kind is kind)
        for case in (before, it)
    ]
    others = any(where is not WhereLost.PATRON for where in it.lost.values())
    others = others or any(not damage.by_patron for damage in it.damages)
    return attend(it, "compensation-not-his") if others and amounts[1] > amounts[0] else it


def _billed(before: BorrowingCase, it: BorrowingCase) -> bool:
    """Whether a compensation has been charged to the patron, or more than before."""
    kind = CostKind.COMPENSATION.value
    if kind not in it.charged:
        return False
    posted = before.charged.get(kind)
    return posted is None or it.charged[kind].amount > posted.amount


def _priced(it: BorrowingCase, message: Message) -> Message:
    """The patron hears with what he gets, or keeps, what it has cost him by now."""
    if message.kind not in messages.PRICED:
        return message
    costs = ((f"cost.{kind}", posted.amount) for kind, posted in it.charged.items())
    return replace(message, facts=(*message.facts, *costs))


def _in_order(s: Case, message: Message) -> Message:
    """What is told to a supplier while something before it still waits, waits as long."""
    until, at = s.it.quiet_until, message.not_before or s.command.recorded_at
    if until is None or message.kind not in messages.SUPPLIER_MESSAGES or not lies_after(until, at):
        return message
    return replace(message, not_before=until)


def assessed(s: Case, it: BorrowingCase) -> tuple[BorrowingCase, tuple[Posting, ...]]:
    """The patron charged, and the lender owed, what is due by now; postings for the differences."""
    day = today(s)
    up_to = max(day, it.assessed_on or day)
    books = Books(s.policy.closed_through)
    charged, payable = dict(it.charged), dict(it.payable)
    postings: list[Posting] = []

    def post(obligation: Obligation, amount: Any, posted: dict[str, Posted], charge: Any = None) -> None:
        line, after = assess(obligation, amount, posted.get(obligation.kind), day, charge=charge)
        if line is not None:
            postings.append(books.admit(line))
            posted[obligation.kind] = after

    for kind, charge in charges.owed(it, s.policy, up_to):
        his = Account(AccountKind.RECEIVABLE, it.patron)
        of = Obligation(subject=it.id, kind=kind, debit=his, credit=Account(AccountKind.INCOME, kind))
        post(of, charge.money, charged, charge)
    for attempt in it.attempts:
        for cost, amount in charges.payable(attempt.costs):
            of = Obligation(
                subject=it.id,
                kind=f"{charges.PAYABLE}{cost.value}-{attempt.number}",
                debit=Account(AccountKind.EXPENSE, cost.value),
                credit=Account(AccountKind.PAYABLE, attempt.supplier),
            )
            post(of, amount, payable)
    return replace(it, charged=charged, payable=payable, assessed_on=up_to), tuple(postings)


def with_attempt(it: BorrowingCase, attempt: Attempt) -> BorrowingCase:
    """The case with that attempt in the place of what it was."""
    attempts = (attempt if each.number == attempt.number else each for each in it.attempts)
    return replace(it, attempts=tuple(attempts))


def present(it: BorrowingCase) -> Attempt:
    """The attempt that is with a supplier, or was last."""
    attempt = it.attempt
    assert attempt is not None  # it has been sent
    return attempt


def ended(it: BorrowingCase, how: AttemptState, **said: Any) -> BorrowingCase:
    """Without the supplier: its attempt is over, an open offer lapses, a cancellation is settled."""
    attempt = present(it)
    offer = attempt.offer
    if offer is not None and offer.state is OfferState.OPEN:
        offer = replace(offer, state=OfferState.LAPSED)
    it = with_attempt(it, replace(attempt, **{"state": how, "offer": offer, **said}))
    it = staged(it, None) if it.beside else replace(it, since=None, delayed=())
    return replace(it, cancel=None)


def staged(it: BorrowingCase, since: datetime | None) -> BorrowingCase:
    """In a new stage since then: what was late in the one before is not late any more."""
    kept = tuple(kind for kind in it.delayed if kind is DelayKind.NEED_BEFORE)
    return replace(it, since=since, delayed=kept)


def closed(s: Case, it: BorrowingCase, outcome: CaseOutcome) -> BorrowingCase:
    """The case at its end: nothing of it waits for anything any more."""
    return replace(
        it,
        outcome=outcome,
        ended_on=today(s),
        cancel=None,
        since=None,
        delayed=(),
        renewal_asked_on=None,
        recalled_on=None,
        held=None,
    )


def undoable(
    s: Case, items: tuple[str, ...] = (), taken_back_on: date | None = None
) -> tuple[Step, datetime | None]:
    """The step as it can be undone, and until when its messages wait for that."""
    minutes = s.policy.undo_minutes.on(today(s)).value
    until = min(s.command.recorded_at, _LAST - timedelta(minutes=minutes)) + timedelta(minutes=minutes)
    name = type(s.command).__name__
    step = Step(command=name, state=s.it.state, until=until, items=items, taken_back_on=taken_back_on)
    return step, until if minutes else None


def left(
    s: Case,
    how: AttemptState,
    *,
    it: BorrowingCase | None = None,
    told: tuple[Message, ...] = (),
    attention: str = "",
    **said: Any,
) -> Outcome:
    """The attempt is over. If a cancellation was to end the case, it ends; else it goes on without it.

    ``it`` is the case where others are out of it by the same command (None: nobody else is).
    """
    it = it or s.it
    cancel, ends = it.cancel, ends_the_case(it)
    if cancel is not None and cancel.of_offer and how in {AttemptState.UNFILLED, AttemptState.CANCELLED}:
        how = AttemptState.OFFER_REJECTED
    it = ended(it, how, **said)
    withdrawn = messages.no_more(it.key, messages.DECISION)
    quiet = s.it.quiet_until is not None and lies_after(s.it.quiet_until, s.command.recorded_at)
    if quiet and not s.it.beside:
        told = ()  # the request has not left yet, and never will
        withdrawn = messages.no_more(it.key, messages.DECISION, *messages.SUPPLIER_MESSAGES)
    if attention:
        it = attend(it, attention, ("supplier", present(it).supplier))
    if not ends:
        return done(s, it, told=told, withdrawn=withdrawn)
    if DelayKind.NEED_BEFORE in s.it.delayed:
        it, kind = closed(s, it, CaseOutcome.EXPIRED), messages.EXPIRED
    else:
        it, kind = closed(s, it, CaseOutcome.CANCELLED), messages.CANCELLED
    return done(s, it, told=told + messages.tell_patron(it, kind), withdrawn=withdrawn)


def in_vain(
    it: BorrowingCase, before: BorrowingCase, *, not_before: datetime | None = None
) -> tuple[Message, ...]:
    """A patron who has never had it hears that he will not, once, as long as he was to have it."""
    if it.checked_out_on is not None or before.state not in {S.SHIPPED, S.RECEIVED}:
        return ()
    return messages.tell_patron(it, messages.NOT_COMING, not_before=not_before)


def asked_at(s: Case) -> datetime:
    """From when somebody else's time to answer runs: a clock that is late asks now, not then."""
    said: Command = s.command
    return said.recorded_at if s.role is BorrowingRole.CLOCK else said.happened_at


def costed(it: BorrowingCase, said: Hear, currency: str) -> BorrowingCase:
    """With what the supplier of that attempt has charged by now, of each kind what it said last.

    Totals that were overtaken on their way are not taken. Several lines of one kind are added up. One
    in another currency than that kind had before is not taken; what is not in ``currency``, the library's
    own, is: staff see either. Of what goes back by a case of its own, that case keeps the costs.
    """
    attempt = it.numbered(said.attempt)
    if attempt is None or attempt.returns is not None:
        return it
    known_as_of = attempt.costs_as_of
    if said.as_of is not None and known_as_of is not None and said.as_of < known_as_of:
        return it
    before, by_now = {line.kind: line for line in attempt.costs}, dict[CostKind, CostLine]()
    for line in said.costs:
        known = by_now.get(line.kind) or before.get(line.kind)
        if known is not None and known.amount.currency != line.amount.currency:
            it = attend(it, "costs-contradict", ("kind", line.kind.value), ("amount", line.amount))
            continue
        if line.kind in by_now:
            line = replace(line, amount=by_now[line.kind].amount + line.amount)  # noqa: PLW2901
        by_now[line.kind] = line
        if line.amount.currency != currency:
            it = attend(it, "foreign-costs", ("currency", line.amount.currency))
    as_of = known_as_of if said.as_of is None or not said.costs else said.as_of
    return with_attempt(it, replace(attempt, costs=tuple({**before, **by_now}.values()), costs_as_of=as_of))


def supplied(it: BorrowingCase, service: Service, items: tuple[str, ...], day: date) -> BorrowingCase:
    """The case with what the supplier sent: its attempt has come to its aim."""
    attempt = present(it)
    it = with_attempt(it, replace(attempt, state=AttemptState.SUPPLIED))
    items = items or (attempt.request_id,)  # one piece that the supplier did not name
    return replace(it, supplied=service, items=items, shipped_on=day)


def told_due(s: Case, it: BorrowingCase, due: date, *, latest: date | None = None) -> BorrowingCase:
    """With another term: what the patron is told follows from it and from the desk's own hours.

    ``latest`` is a day after which it is not.
    """
    patron_due = s.policy.patron_due(due, today(s))
    if latest is not None:
        patron_due = min(patron_due, latest)
    behind = sum(day <= today(s) for day in s.policy.reminders(patron_due))
    return replace(it, due=due, patron_due=patron_due, terms=(it.terms or 0) + 1, noticed=behind)
