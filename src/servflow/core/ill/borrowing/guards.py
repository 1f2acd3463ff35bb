"""Named conditions of the borrowing desk: choosers, guards, and the rules a request is checked by.

A guard yields a reason for everything it refuses; none means that it passes. Every reason has a
stable code and, where a rule is behind it, the clause that the rulebook cites for that rule.
The file is long because every condition of the table has its name here; each stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, Final

from servflow.core.changes import Key
from servflow.core.citations import Clause, Reason
from servflow.core.dates import lies_after, start_of_day
from servflow.core.desk_rules import today
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.model import Attempt, BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import (
    AttemptState,
    BlockKind,
    BorrowingRole,
    CancelState,
    CaseState,
    DelayKind,
)
from servflow.core.ill.terms import (
    CancelIntent,
    OfferState,
    Service,
    Status,
    WhereLost,
    cost_of,
)
from servflow.core.lifecycle import Situation, chooser
from servflow.core.money import Money, total

__all__ = [
    "LATE_IN",
    "ON_CREDIT",
    "YES",
    "Case",
    "account_bears",
    "account_bears_change",
    "account_bears_offer",
    "account_here",
    "after_asking",
    "after_check_out",
    "after_filing",
    "after_loss",
    "after_receipt",
    "after_shipping",
    "answer_overdue",
    "answered_yes",
    "answers_yes",
    "asked_too",
    "attempt_named",
    "blocks",
    "cancel_ends",
    "cancel_overdue",
    "cancel_pending",
    "charged_by_now",
    "claim_over",
    "comes_as_copy",
    "conditions_acknowledged",
    "copyright_cleared",
    "copyright_known",
    "deadline",
    "declared",
    "end_of",
    "ends_the_case",
    "for_the_patron",
    "from_its_supplier",
    "given_up_by_rule",
    "had_by_patron",
    "has_attention",
    "has_offer",
    "is_beside",
    "is_cited",
    "is_delayed",
    "is_ours",
    "last_to_come",
    "last_to_go",
    "loses_all",
    "more_on_the_way",
    "need_passed",
    "newer_offer",
    "next_notice",
    "next_open",
    "next_partner",
    "next_serves",
    "next_takes",
    "next_there",
    "nobody_ahead",
    "not_before_retry",
    "not_cancelling",
    "not_cancelling_so",
    "not_held",
    "not_lapsed",
    "not_ourselves",
    "not_past_due",
    "not_recalled",
    "of_now",
    "offer_named",
    "offer_open",
    "opened_by_policy",
    "other_case",
    "ours",
    "over_agreed",
    "overridable",
    "overtaken",
    "own_case",
    "own_currency",
    "patron_ends",
    "piece_of_case",
    "pieces_here",
    "pieces_lost",
    "pieces_on_the_way",
    "pieces_out",
    "referrals",
    "renewable",
    "rest_has_come",
    "retry_lapsed",
    "retry_of",
    "retry_open",
    "retry_there",
    "returns_of",
    "said_unannounced",
    "sent_online",
    "service_kept",
    "shows_what_came",
    "something_here",
    "still_needed",
    "stray",
    "successor_free",
    "takes_itself",
    "unconfirmed_long",
    "undoable",
    "vouchable",
    "was_received",
    "will_come",
    "wishes_the_end",
    "with_somebody",
    "within_cap",
    "within_limits",
]

Case = Situation[BorrowingCase, Any, BorrowingPolicy, BorrowingFacts]

YES: Final = frozenset({Status.CANCELLED})
_NO: Final = frozenset(
    {
        Status.EXPECT_TO_SUPPLY,
        Status.WILL_SUPPLY,
        Status.LOANED,
        Status.OVERDUE,
        Status.RECALLED,
        Status.COPY_COMPLETED,
    }
)


# --- who is heard, and about what -----------------------------------------------------------------


def attempt_named(s: Case) -> Attempt | None:
    """The attempt that a supplier speaks of, if there is one of that number."""
    return s.it.numbered(s.command.attempt)


def from_its_supplier(s: Case) -> bool:
    """Whether the attempt's own supplier speaks, or staff for it, and it had been asked."""
    attempt = attempt_named(s)
    if attempt is None or not attempt.request_id:
        return False
    return s.role is BorrowingRole.STAFF or attempt.supplier == s.command.by.serves


def is_ours(s: Case) -> bool:
    """Whether the supplier that has the request, or has filled it, speaks of its own attempt."""
    attempt = attempt_named(s)
    return (
        attempt is not None
        and attempt.number == s.it.current
        and not attempt.state.ended
        and from_its_supplier(s)
    )


def returns_of(it: BorrowingCase, attempt: int) -> str:
    """The id of the case that sends back what came of an attempt after it had ended."""
    return f"{it.id}/return-{attempt}"


@chooser
def ours(s: Case) -> bool:
    """The supplier that has the request speaks of it."""
    return is_ours(s)


def is_beside(s: Case) -> bool:
    """Whether a supplier that has the request beside the one in front speaks of its own attempt."""
    attempt = attempt_named(s)
    return attempt is not None and attempt.beside is not None and from_its_supplier(s)


@chooser
def stray(s: Case) -> bool:
    """Something was shipped by a supplier whose attempt had ended, and nothing sends that back yet."""
    attempt = attempt_named(s)
    ended = attempt is not None and attempt.state.ended and attempt.returns is None
    return (
        ended and from_its_supplier(s) and Key(s.it.kind, returns_of(s.it, s.command.attempt)) not in s.others
    )


@chooser
def overtaken(s: Case) -> bool:
    """Something that the supplier said later has been heard before this."""
    attempt = attempt_named(s)
    known = attempt.heard_as_of if attempt is not None else None
    return known is not None and s.command.as_of is not None and s.command.as_of < known


@chooser
def cancel_pending(s: Case) -> bool:
    """A cancellation of ours waits for its answer."""
    return s.it.cancelling


def wishes_the_end(it: BorrowingCase) -> bool:
    """Whether the supplier was asked to cancel because the case is to end.

    The wish outlives a "no": a supplier that refuses may still supply, but when it does not, nobody else is
    asked for somebody who has given the request up. What ends the wish is an offer that is accepted after
    it, a shipment, or a later cancellation with another intent: who says that answers for it.
    """
    cancel = it.cancel
    if cancel is None or cancel.intent is not CancelIntent.END_CASE:
        return False
    return cancel.state is not CancelState.MOOT


def ends_the_case(it: BorrowingCase) -> bool:
    """Whether the case is over when the supplier is out of it: we asked for that, and nobody else has it."""
    return wishes_the_end(it) and not it.beside


@chooser
def cancel_ends(s: Case) -> bool:
    """A cancellation of ours was to end the case, refused or not, and no other supplier has the request."""
    return ends_the_case(s.it)


def answers_yes(command: c.HearCancelAnswer) -> bool | None:
    """What the answer comes to; None where it contradicts itself.

    The answer outranks the status. A missing one is derived from it. "Yes" with a status of going on
    is a contradiction; "no" with Cancelled is a "no" (the Circill dialect).
    """
    if command.yes is None:
        return True if command.status in YES else False if command.status in _NO else None
    if command.yes and command.status in _NO:
        return None
    return command.yes


@chooser
def answered_yes(s: Case) -> bool:
    """The supplier has cancelled as we asked."""
    return answers_yes(s.command) is True


def has_offer(attempt: Attempt | None) -> bool:
    """Whether an offer of that attempt waits for our decision."""
    return attempt is not None and attempt.offer is not None and attempt.offer.state is OfferState.OPEN


@chooser
def offer_open(s: Case) -> bool:
    """An offer waits for our decision."""
    return has_offer(s.it.attempt)


@chooser
def newer_offer(s: Case) -> bool:
    """The offer is none that we have heard before."""
    attempt = attempt_named(s)
    known = attempt.offer.revision if attempt is not None and attempt.offer is not None else 0
    said: c.HearOffer = s.command
    return said.revision == 0 or said.revision > known


@chooser
def sent_online(s: Case) -> bool:
    """What was sent is there at once: a copy by a link, as a file, by e-mail."""
    delivery = s.command.delivery
    return s.command.service is Service.COPY and delivery is not None and delivery.via.online


# --- the rules a request is checked by: a block is a decision, not a refusal -------------------------


def blocks(s: Case) -> Iterator[Reason]:
    """Everything that does not let this request be ordered for this patron now."""
    day, facts, policy = today(s), s.facts, s.policy
    served, services = policy.served.on(day), policy.services.on(day)
    if facts.expired:
        yield _block(BlockKind.PATRON_EXPIRED)
    if facts.debarred:
        yield _block(BlockKind.PATRON_DEBARRED)
    if served.value and facts.category not in served.value:
        yield _block(BlockKind.NOT_ELIGIBLE, served.clause, ("category", facts.category))
    if s.it.service not in services.value and not _resolvable(s.it.service, services.value):
        yield _block(BlockKind.SERVICE_NOT_OFFERED, services.clause, ("service", s.it.service.value))
    active, this_year, loans_overdue = _counted(s, day)
    yield from _within(BlockKind.TOO_MANY_ACTIVE, policy.most_active.on(day), active)
    yield from _within(BlockKind.TOO_MANY_THIS_YEAR, policy.most_per_year.on(day), this_year)
    debt, overdue = policy.refused_for_debt.on(day), policy.refused_while_overdue.on(day)
    if debt.value and facts.debt:
        yield _block(BlockKind.DEBT, debt.clause, ("amount", facts.debt))
    if overdue.value and loans_overdue:
        yield _block(BlockKind.OVERDUE, overdue.clause, ("overdue", loans_overdue))
    yield from _on_credit(s, day)
    if s.it.is_copy and facts.copy_limit is not None and facts.copies_this_year >= facts.copy_limit:
        yield _block(BlockKind.COPYRIGHT_QUOTA, None, ("allowed", facts.copy_limit))
    if not facts.requestable:
        yield _block(BlockKind.NOT_REQUESTABLE)


def account_here(s: Situation[Any, Any, BorrowingPolicy, Any], it: BorrowingCase) -> IllAccount | None:
    """The patron's account at this desk, where he has one, and the case runs on it.

    Whose request the case only fills has its relation with this desk.
    """
    if it.fills is not None:
        return None
    account = s.others.get(Key(IllAccount.kind, it.patron))
    return account if isinstance(account, IllAccount) and account.keeper == it.library else None


def _counted(s: Case, day: date) -> tuple[int, int, int]:
    """The patron's other open cases, those filed this year, and his loans overdue.

    The host's figures, or those of the account where these are more: it counts the cases that were filed
    since the host was asked, this one left out.
    """
    account, facts = account_here(s, s.it), s.facts
    if account is None:
        return facts.active, facts.this_year, facts.overdue
    its_own = s.it.id in account.cases
    filed_now = its_own and s.it.submitted_on is not None and s.it.submitted_on.year == day.year
    return (
        max(facts.active, len(account.cases) - its_own),
        max(facts.this_year, account.filed.get(str(day.year), 0) - filed_now),
        max(facts.overdue, len(account.overdue_on(day))),
    )


ON_CREDIT: Final = tuple(f"ill.block.{kind.value}" for kind in (BlockKind.NO_ACCOUNT, BlockKind.OVERDRAWN))
"""The blocks that are about the patron's account."""


def charged_by_now(it: BorrowingCase, currency: str) -> Money:
    """What has been charged to the patron for this case."""
    return total((posted.amount for posted in it.charged.values()), currency)


def account_bears(s: Case) -> Iterator[Reason]:
    """The patron's account can be used, and bears what is reserved for this; or staff answer for it."""
    yield from _borne(s, None)


def account_bears_offer(s: Case) -> Iterator[Reason]:
    """It would bear what the offer that stands costs, or the terms on which a supplier is asked again."""
    again = isinstance(s.command, c.AcceptRetry)
    attempt = retry_of(s) if again else s.it.attempt
    cost = attempt.offer.cost if attempt is not None and attempt.offer is not None else None
    yield from _borne(s, s.command.max_cost if again and cost is None else cost)


def account_bears_change(s: Case) -> Iterator[Reason]:
    """It would bear what the request may cost from now on, where that is more than before."""
    if _more(s, s.command.max_cost).minor > 0:
        yield from _borne(s, s.command.max_cost)


def _borne(s: Case, cost: Money | None) -> Iterator[Reason]:
    if not s.it.vouched:
        yield from _on_credit(s, today(s), _more(s, cost))


def _more(s: Case, cost: Money | None) -> Money:
    """How much more the account would keep free, if the case cost so much in all; None: as it stands."""
    none, account = Money.of_minor(0, s.policy.currency), account_here(s, s.it)
    if cost is None or cost.currency != s.policy.currency or account is None:
        return none
    held = account.cases.get(s.it.id)
    reserved = held.reserved if held is not None else None
    wanted = max(cost - charged_by_now(s.it, s.policy.currency), none)
    return wanted if reserved is None else wanted - reserved


def vouchable(s: Case) -> Iterator[Reason]:
    """Staff may let pass what the account does not bear: no rule says that they may not."""
    rule = s.policy.not_overridable.on(today(s))
    for kind in rule.value:
        if f"ill.block.{kind.value}" in ON_CREDIT:
            yield Reason("ill.block-not-overridable", rule.clause, (("block", kind.value),))


def _on_credit(s: Case, day: date, more: Money | None = None) -> Iterator[Reason]:
    """Where the rules ask for one, the patron has an account, and it bears what is reserved for this.

    ``more`` is what would be reserved beyond that.
    """
    rule, account = s.policy.accounts.on(day), account_here(s, s.it)
    if not rule.value or s.it.fills is not None:
        return
    if account is None or not account.usable_on(day):
        yield _block(BlockKind.NO_ACCOUNT, rule.clause)
        return
    available = account.available_on(day, s.policy.currency)
    if more is not None:
        available = available - more
    if available.minor < 0:
        yield _block(BlockKind.OVERDRAWN, rule.clause, ("amount", -available))


def _resolvable(service: Service, offered: tuple[Service, ...]) -> bool:
    return service is Service.COPY_OR_LOAN and (Service.LOAN in offered or Service.COPY in offered)


def _within(kind: BlockKind, most: Any, there_are: int) -> Iterator[Reason]:
    if most.value is not None and there_are >= most.value:
        yield _block(kind, most.clause, ("allowed", most.value), ("there_are", there_are))


def _block(kind: BlockKind, clause: Clause | None = None, *facts: Any) -> Reason:
    return Reason(f"ill.block.{kind.value}", clause, facts)


def referrals(s: Case) -> Iterator[Reason]:
    """Everything for which staff are to look at this request before it is ordered."""
    day, policy = today(s), s.policy
    mediated, local = policy.mediated.on(day), policy.held_locally_first.on(day)
    basis = policy.copyright_basis.on(day)
    if mediated.value:
        yield Reason("ill.refer.mediated", mediated.clause)
    if not s.it.requested.title.strip():
        yield Reason("ill.refer.citation-incomplete")
    if local.value and s.facts.held_locally:
        yield Reason("ill.refer.held-locally", local.clause)
    if s.facts.duplicate_of is not None and s.it.preceded_by is None:
        yield Reason("ill.refer.possible-duplicate", None, (("other", s.facts.duplicate_of),))
    if basis.value and s.it.may_be_copy and s.it.copyright_basis is None:
        yield Reason("ill.refer.copyright", basis.clause)
    desks = policy.desks.on(day)
    if desks.value and s.it.desk is None:
        yield Reason("ill.refer.registration", desks.clause)


def own_case(s: Situation[None, c.DraftRequest, BorrowingPolicy, BorrowingFacts]) -> Iterator[Reason]:
    """The request is this library's, and a patron writes one for himself only."""
    if s.command.library != s.policy.library or s.command.by.serves != s.policy.library:
        yield Reason("ill.not-our-request", None, (("library", s.command.library),))
    if s.role is BorrowingRole.PATRON and s.command.patron != s.command.by.party:
        yield Reason("ill.not-the-patron", None, (("patron", s.command.patron),))
    if s.command.fills is not None and s.role is not BorrowingRole.SYSTEM:
        yield Reason("ill.not-passed-on", None, (("transaction", s.command.fills),))


def opened_by_policy(s: Situation[None, c.OpenReturn, BorrowingPolicy, Any]) -> Iterator[Reason]:
    """Only this library's own rules open a case that sends something back."""
    if s.command.library != s.policy.library or s.command.by.serves != s.policy.library:
        yield Reason("ill.not-our-request", None, (("library", s.command.library),))


def own_currency(s: Situation[Any, Any, BorrowingPolicy, Any]) -> Iterator[Reason]:
    """What it may cost is in the policy's currency."""
    most: Money | None = s.command.max_cost
    if most is not None and most.currency != s.policy.currency:
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def is_cited(s: Case) -> Iterator[Reason]:
    """It can be looked for: it has a title or a record id."""
    if not s.it.requested.is_cited:
        yield Reason("ill.not-cited")


def declared(s: Case) -> Iterator[Reason]:
    """The patron has accepted the terms, where the service needs that."""
    rule = s.policy.declaration.on(today(s))
    asked = {s.it.service, *((Service.COPY,) if s.it.may_be_copy else ())}
    if not asked.isdisjoint(rule.value) and not s.command.declared:
        yield Reason("ill.not-declared", rule.clause, (("service", s.it.service.value),))


def still_needed(s: Case) -> Iterator[Reason]:
    """The last day on which it is of use has not passed."""
    if s.it.need_before is not None and today(s) > s.it.need_before:
        yield Reason("ill.need-before-passed", None, (("need_before", s.it.need_before),))


def need_passed(s: Case) -> Iterator[Reason]:
    """The last day on which it is of use has passed."""
    if s.it.need_before is None or today(s) <= s.it.need_before:
        yield Reason("ill.still-needed")


def within_limits(s: Case) -> Iterator[Reason]:
    """Nothing blocks it, and nothing is for staff to look at first: for what programs approve."""
    yield from blocks(s)
    if s.role is BorrowingRole.SYSTEM:
        yield from referrals(s)


def copyright_known(s: Case) -> Iterator[Reason]:
    """A copy is ordered on a recorded ground, where the rules ask for one."""
    rule = s.policy.copyright_basis.on(today(s))
    if rule.value and s.it.may_be_copy and not s.command.copyright_basis.strip():
        yield Reason("ill.copyright-basis-missing", rule.clause)


def copyright_cleared(s: Case) -> Iterator[Reason]:
    """Nothing that may be a copy goes to a supplier without its ground, where the rules ask for one."""
    rule = s.policy.copyright_basis.on(today(s))
    if rule.value and s.it.may_be_copy and s.it.copyright_basis is None:
        yield Reason("ill.copyright-basis-missing", rule.clause)


def service_kept(s: Case) -> Iterator[Reason]:
    """What was approved is not turned into something else afterwards."""
    if s.command.service not in {None, s.it.service}:
        yield Reason("ill.service-approved", None, (("service", s.it.service.value),))


def overridable(s: Case) -> Iterator[Reason]:
    """Every block is of a kind that staff may let pass."""
    rule = s.policy.not_overridable.on(today(s))
    fixed = {f"ill.block.{kind.value}" for kind in rule.value}
    for reason in s.it.reasons:
        if reason.code in fixed:
            block = reason.code.removeprefix("ill.block.")
            yield Reason("ill.block-not-overridable", rule.clause, (("block", block),))


def other_case(s: Case) -> Iterator[Reason]:
    """A duplicate is of another case of the same patron, which goes on."""
    other = s.others.get(Key(s.it.kind, s.command.other))
    if s.command.other == s.it.id:
        yield Reason("ill.duplicate-of-itself")
    elif not isinstance(other, BorrowingCase) or other.patron != s.it.patron:
        yield Reason("ill.no-such-case", None, (("case", s.command.other),))
    elif other.state is CaseState.CLOSED:
        yield Reason("ill.other-case-closed", None, (("case", s.command.other),))


# --- suppliers ------------------------------------------------------------------------------------


def not_ourselves(s: Case) -> Iterator[Reason]:
    """No library asks itself."""
    if s.policy.library in s.command.suppliers:
        yield Reason("ill.supplier-is-ourselves")


def with_somebody(s: Case) -> Iterator[Reason]:
    """Somebody is left to be asked."""
    if not s.command.suppliers:
        yield Reason("ill.nobody-to-ask")


def next_there(s: Case) -> Iterator[Reason]:
    """A supplier is next in the rota."""
    if not s.it.ahead:
        yield Reason("ill.nobody-to-ask")


def nobody_ahead(s: Case) -> Iterator[Reason]:
    """No supplier is left in the rota."""
    if s.it.ahead:
        yield Reason("ill.suppliers-left", None, (("supplier", s.it.ahead[0].supplier),))


def next_takes(s: Case) -> Iterator[Reason]:
    """The next supplier is not the library itself, and takes requests now, unless that is overridden."""
    yield from _of_the_next(s, _another)
    if not (isinstance(s.command, c.Send) and s.command.override):
        yield from _of_the_next(s, _takes)


def next_serves(s: Case) -> Iterator[Reason]:
    """The next supplier gives this service."""
    yield from _of_the_next(s, _serves)


def next_partner(s: Case) -> Iterator[Reason]:
    """The next supplier is a partner on the day on which it is asked."""
    yield from _of_the_next(s, _is_partner)


def not_before_retry(s: Case) -> Iterator[Reason]:
    """A supplier that said from when it may be asked again is not asked sooner."""
    yield from _of_the_next(s, _not_too_early)


def asked_too(s: Case, attempt: Attempt) -> bool:
    """Whether a supplier is asked together with the next one: all that holds for the next holds for it."""
    guards = (_another, _takes, _serves, _is_partner, _not_too_early)
    return not any(True for guard in guards for _ in guard(s, attempt))


def _of_the_next(s: Case, guard: Callable[[Case, Attempt], Iterator[Reason]]) -> Iterator[Reason]:
    if s.it.ahead:
        yield from guard(s, s.it.ahead[0])


def _another(s: Case, attempt: Attempt) -> Iterator[Reason]:
    if attempt.supplier == s.policy.library:
        yield Reason("ill.supplier-is-ourselves")


def _takes(s: Case, attempt: Attempt) -> Iterator[Reason]:
    if attempt.supplier in s.facts.not_taking and attempt.supplier != s.policy.library:
        yield Reason("ill.supplier-not-taking", None, (("supplier", attempt.supplier),))


def _serves(s: Case, attempt: Attempt) -> Iterator[Reason]:
    if attempt.supplier in s.facts.not_serving:
        facts = (("supplier", attempt.supplier), ("service", s.it.service.value))
        yield Reason("ill.supplier-not-serving", None, facts)


def _is_partner(s: Case, attempt: Attempt) -> Iterator[Reason]:
    partners = s.policy.partners.on(today(s))
    if partners.value and attempt.supplier not in partners.value:
        yield Reason("ill.no-partner", partners.clause, (("supplier", attempt.supplier),))


def _not_too_early(s: Case, attempt: Attempt) -> Iterator[Reason]:
    if attempt.after is not None and today(s) < attempt.after:
        yield Reason("ill.retry-too-early", None, (("after", attempt.after),))


def given_up_by_rule(s: Case) -> Iterator[Reason]:
    """A program gives a case up only where the rules say that it does."""
    rule = s.policy.gives_up_itself.on(today(s))
    if s.role is BorrowingRole.SYSTEM and not rule.value:
        yield Reason("ill.staff-give-up", rule.clause)


def successor_free(s: Case) -> Iterator[Reason]:
    """The new case has an id of its own."""
    if s.command.successor == s.it.id or Key(s.it.kind, s.command.successor) in s.others:
        yield Reason("ill.case-exists", None, (("case", s.command.successor),))


def answer_overdue(s: Case) -> Iterator[Reason]:
    """The supplier's time to answer is over."""
    attempt, since = s.it.attempt, s.it.since
    assert attempt is not None
    assert since is not None  # it is with a supplier
    yield from _not_before(s, s.policy.answer_by(since, s.it.level))


def deadline(it: BorrowingCase, policy: BorrowingPolicy, kind: DelayKind) -> datetime | None:
    """The instant from which something is late; None where nothing is waited for."""
    assert it.since is not None  # it has been sent
    if kind is DelayKind.SHIP_BY:
        return end_of(policy.last_day_of(policy.ship_days, it.since), policy)
    if kind is DelayKind.TRANSIT:
        return end_of(policy.last_day_of(policy.transit_days, it.since), policy)
    if kind is DelayKind.REPLACEMENT:
        late = end_of(policy.last_day_of(policy.copy_claim_days, it.since), policy)
        return late if it.defective else None
    offer = it.attempt.offer if it.attempt is not None else None
    if offer is None or offer.state is not OfferState.OPEN or offer.reply_by is None:
        return None
    return end_of(offer.reply_by, policy)


def end_of(day: date, policy: BorrowingPolicy) -> datetime:
    """The instant at which ``day`` is over; of the last day of the calendar, that at which it begins."""
    return start_of_day(date.fromordinal(min(day.toordinal() + 1, date.max.toordinal())), policy.zone)


LATE_IN: Final = {
    CaseState.PROMISED: DelayKind.SHIP_BY,
    CaseState.OFFERED: DelayKind.REPLY_BY,
    CaseState.SHIPPED: DelayKind.TRANSIT,
    CaseState.DELIVERED: DelayKind.REPLACEMENT,
}
"""What is waited for in a state."""


def is_delayed(s: Case) -> Iterator[Reason]:
    """What is waited for in this state is late, and that has not been noted yet."""
    kind: DelayKind = s.command.kind
    at = deadline(s.it, s.policy, kind) if LATE_IN[s.it.state] is kind else None
    if at is None or kind in s.it.delayed:
        yield Reason("ill.nothing-late", None, (("kind", kind.value),))
    else:
        yield from _not_before(s, at)


def _not_before(s: Case, at: datetime) -> Iterator[Reason]:
    if lies_after(at, s.command.happened_at):
        yield Reason("ill.too-early", None, (("from", at.astimezone(s.policy.zone).isoformat()),))


def offer_named(s: Case) -> Iterator[Reason]:
    """The decision is about the offer in front, and says so where others have made one as well.

    Each supplier counts its own offers: with a number alone, who takes the one at 30 might get the one at
    90 that came in front of it meanwhile.
    """
    named = s.command.attempt
    if named is None:
        if sum(each.offer is not None for each in s.it.attempts) > 1:
            yield Reason("ill.offer-not-said")
    elif named != s.it.current:
        facts = (("attempt", named), ("in_front", s.it.current or 0))
        yield Reason("ill.offer-not-in-front", None, facts)


def of_now(s: Case) -> Iterator[Reason]:
    """The decision is about the offer as it stands."""
    attempt = s.it.attempt
    assert attempt is not None
    assert attempt.offer is not None  # it is offered
    if attempt.offer.revision != s.command.revision:
        facts = (("revision", attempt.offer.revision),)
        yield Reason("ill.offer-revised", None, facts)
    elif attempt.offer.state is not OfferState.OPEN:
        yield Reason("ill.offer-not-open", None, (("state", attempt.offer.state.value),))


def not_lapsed(s: Case) -> Iterator[Reason]:
    """The offer may still be accepted."""
    offer = s.it.attempt.offer if s.it.attempt is not None else None
    if offer is not None and offer.reply_by is not None and today(s) > offer.reply_by:
        yield Reason("ill.offer-lapsed", None, (("reply_by", offer.reply_by),))


def within_cap(s: Case) -> Iterator[Reason]:
    """What programs accept by themselves: a cost within every limit, and conditions approved before."""
    day = today(s)
    attempt = retry_of(s) if isinstance(s.command, c.AcceptRetry) else s.it.attempt
    offer = attempt.offer if attempt is not None else None
    if offer is None:  # "try again", at no cost that was named
        return
    cap, conditions = s.policy.cap.on(day), s.policy.preapproved.on(day)
    limits = [(cap.value, cap.clause), *([(s.it.max_cost, None)] if s.it.max_cost is not None else [])]
    for limit, clause in limits:
        if offer.cost is not None and (offer.cost.currency != limit.currency or offer.cost > limit):
            yield Reason("ill.cost-above-cap", clause, (("cost", offer.cost), ("cap", limit)))
    for condition in offer.conditions:
        if condition not in conditions.value:
            facts = (("condition", condition.value),)
            yield Reason("ill.condition-not-preapproved", conditions.clause, facts)


def takes_itself(s: Case) -> bool:
    """Whether the rules take the offer that stands without asking anybody.

    Not where one that is to be cancelled makes it, nor where it is dated before the supplier was asked: that
    is heard all the same, and somebody decides.
    """
    if not has_offer(s.it.attempt) or s.it.cancelling or wishes_the_end(s.it):
        return False
    needs = (within_cap, not_lapsed, after_asking, account_bears_offer)
    return not any(True for guard in needs for _ in guard(s))


def not_cancelling(s: Case) -> Iterator[Reason]:
    """No cancellation waits for its answer."""
    if s.it.cancelling:
        yield Reason("ill.cancel-pending")


def not_cancelling_so(s: Case) -> Iterator[Reason]:
    """No cancellation waits; but one that only leaves this supplier gives way to one that ends the case."""
    cancel = s.it.cancel
    leaves = cancel is not None and cancel.intent is CancelIntent.LEAVE_SUPPLIER
    if not (leaves and s.command.intent is CancelIntent.END_CASE):
        yield from not_cancelling(s)


def patron_ends(s: Case) -> Iterator[Reason]:
    """A patron gives the request up; whom to ask instead is the library's."""
    if s.role is BorrowingRole.PATRON and s.command.intent is not CancelIntent.END_CASE:
        yield Reason("ill.routing-is-the-librarys")


def cancel_overdue(s: Case) -> Iterator[Reason]:
    """A cancellation of ours was not answered within its time."""
    cancel = s.it.cancel
    if cancel is None or not s.it.cancelling:
        yield Reason("ill.no-cancel-pending")
    else:
        last = s.policy.last_day_of(s.policy.cancel_answer_days, cancel.asked_at)
        yield from _not_before(s, end_of(last, s.policy))


def retry_of(s: Case) -> Attempt | None:
    """The attempt to be made again: the one that staff name, or else the last."""
    return s.it.attempt if s.command.attempt is None else s.it.numbered(s.command.attempt)


def retry_there(s: Case) -> Iterator[Reason]:
    """That supplier has said "try again", and has not been asked again since."""
    attempt = retry_of(s)
    if attempt is None or attempt.state is not AttemptState.RETRY:
        yield Reason("ill.no-retry-of-it", None, (("attempt", s.command.attempt or s.it.current or 0),))
    elif any(each.retry_of == attempt.number for each in s.it.attempts):
        yield Reason("ill.retried-already", None, (("attempt", attempt.number),))


def retry_open(s: Case) -> Iterator[Reason]:
    """The supplier may still be asked again."""
    attempt = retry_of(s)
    if attempt is not None and attempt.before is not None and today(s) > attempt.before:
        yield Reason("ill.retry-lapsed", None, (("before", attempt.before),))


def retry_lapsed(s: Case) -> Iterator[Reason]:
    """The last day on which the supplier may be asked again has passed."""
    attempt = s.it.attempt
    if attempt is None or attempt.before is None or today(s) <= attempt.before:
        yield Reason("ill.retry-still-open")


# --- one thing after the other ----------------------------------------------------------------------


def _not_before_day(s: Case, *days: date | None) -> Iterator[Reason]:
    """Nothing happens on a day before what had to come first."""
    first = max((day for day in days if day is not None), default=None)
    if first is not None and today(s) < first:
        yield Reason("ill.before-its-start", None, (("after", first),))


def after_filing(s: Case) -> Iterator[Reason]:
    """It happened on the day of the request or later."""
    yield from _not_before_day(s, s.it.submitted_on)


def after_asking(s: Case) -> Iterator[Reason]:
    """It happened on the day on which the supplier was asked, or later."""
    attempt = s.it.attempt
    sent_at = attempt.sent_at if attempt is not None else None
    yield from _not_before_day(s, s.policy.day(sent_at) if sent_at is not None else None)


def after_shipping(s: Case) -> Iterator[Reason]:
    """It happened on the day of the shipping or later; what the patron lost, after he took it."""
    his = isinstance(s.command, c.RecordLoss) and s.command.where is WhereLost.PATRON
    yield from _not_before_day(s, s.it.shipped_on, s.it.checked_out_on if his else None)


def after_receipt(s: Case) -> Iterator[Reason]:
    """It happened after it had come, and after the patron had brought it back, if he had it."""
    it = s.it
    yield from _not_before_day(s, it.shipped_on, *it.received.values(), it.taken_back_on)


def after_loss(s: Case) -> Iterator[Reason]:
    """It happened on the day of the loss or later."""
    yield from _not_before_day(s, max(s.it.lost_days.values(), default=s.it.lost_on))


# --- what is here ---------------------------------------------------------------------------------


@chooser
def will_come(s: Case) -> bool:
    """What was asked for, or what staff say has come, is a copy."""
    return (s.command.service or s.it.service) is Service.COPY


@chooser
def next_open(s: Case) -> bool:
    """The next supplier can be asked: it takes requests now, gives this service, and is a partner."""
    return not any(next_takes(s)) and not any(next_serves(s)) and not any(next_partner(s))


@chooser
def comes_as_copy(s: Case) -> bool:
    """What was sent is a copy."""
    return s.it.is_copy


def _named(s: Case, pieces: tuple[str, ...]) -> set[str]:
    return set(s.command.items) or set(pieces)


@chooser
def last_to_come(s: Case) -> bool:
    """With this, everything has come that was sent."""
    return set(s.it.on_the_way) <= _named(s, s.it.on_the_way)


@chooser
def last_to_go(s: Case) -> bool:
    """With this, everything is on its way back."""
    return set(s.it.here) <= _named(s, s.it.here)


@chooser
def loses_all(s: Case) -> bool:
    """With this, nothing is left that could come back."""
    back = set(s.it.sent_back) if s.it.state is not CaseState.RETURNED else set()
    left = set(s.it.out) - back
    return left <= _named(s, tuple(left))


@chooser
def rest_has_come(s: Case) -> bool:
    """What is not lost by this is here."""
    return set(s.it.on_the_way) <= _named(s, s.it.on_the_way)


def said_unannounced(s: Case) -> Iterator[Reason]:
    """Staff say expressly that it has come without the supplier's message."""
    if not s.command.unannounced:
        yield Reason("ill.not-shipped-yet")


def shows_what_came(s: Case) -> Iterator[Reason]:
    """Where a copy or a loan was asked for, staff say which has come."""
    if (s.command.service or s.it.service) is Service.COPY_OR_LOAN:
        yield Reason("ill.service-not-said")


def pieces_on_the_way(s: Case) -> Iterator[Reason]:
    """What comes had been sent, and has not come already."""
    yield from _pieces(s, s.it.on_the_way)


def more_on_the_way(s: Case) -> Iterator[Reason]:
    """Something that was sent has not come yet, besides what is here."""
    if not s.it.on_the_way:
        yield Reason("ill.nothing-on-the-way")


def something_here(s: Case) -> Iterator[Reason]:
    """Something of it is here, to be lent or sent back."""
    if not s.it.here:
        yield Reason("ill.nothing-here")


def pieces_here(s: Case) -> Iterator[Reason]:
    """What is sent back is here."""
    yield from _pieces(s, s.it.here)


def pieces_lost(s: Case) -> Iterator[Reason]:
    """What is found had been lost."""
    if not s.it.lost:
        yield Reason("ill.nothing-lost")
    for item in s.command.items:
        if item not in s.it.lost:
            yield Reason("ill.item-not-lost", None, (("item", item),))


def piece_of_case(s: Case) -> Iterator[Reason]:
    """The damaged item belongs to the case."""
    if s.command.item and s.command.item not in s.it.items:
        yield Reason("ill.item-not-of-loan", None, (("item", s.command.item),))


def pieces_out(s: Case) -> Iterator[Reason]:
    """What is lost had been sent to us, and is not lost already."""
    yield from _pieces(s, s.it.out)


def had_by_patron(s: Case) -> Iterator[Reason]:
    """What is lost with the patron had been lent to him."""
    if s.command.where is WhereLost.PATRON and s.it.checked_out_on is None:
        yield Reason("ill.never-with-patron")


def _pieces(s: Case, there: tuple[str, ...]) -> Iterator[Reason]:
    for item in s.command.items:
        if item not in there:
            yield Reason("ill.item-not-out", None, (("item", item),))


def not_recalled(s: Case) -> Iterator[Reason]:
    """The lender has not asked for it back."""
    if s.it.recalled_on is not None:
        yield Reason("ill.recalled", None, (("recalled_on", s.it.recalled_on),))


def not_past_due(s: Case) -> Iterator[Reason]:
    """The lender's term has not ended."""
    if s.it.due is not None and today(s) > s.it.due:
        yield Reason("ill.due-passed", None, (("due", s.it.due),))


def for_the_patron(s: Case) -> Iterator[Reason]:
    """What only goes back is for nobody's use."""
    if s.it.origin is not None:
        yield Reason("ill.only-to-be-returned", None, (("origin", s.it.origin),))


def after_check_out(s: Case) -> Iterator[Reason]:
    """What the patron brings back he had taken before, or on that day."""
    out = s.it.checked_out_on
    if out is not None and today(s) < out:
        yield Reason("ill.before-check-out", None, (("checked_out_on", out),))


def conditions_acknowledged(s: Case) -> Iterator[Reason]:
    """The patron has been told of every condition that the lender makes."""
    attempt = s.it.attempt
    for condition in attempt.conditions if attempt is not None else ():
        if condition not in s.command.acknowledged:
            yield Reason("ill.condition-not-acknowledged", None, (("condition", condition.value),))


def not_held(s: Case) -> Iterator[Reason]:
    """The lender has not asked us to keep it for now; staff may send it back although it has."""
    if s.it.held and not s.command.although_held:
        yield Reason("ill.return-held")


def renewable(s: Case) -> Iterator[Reason]:
    """A longer term may be asked for now: everything that stands in the way.

    What the lender did not answer by the due date was not renewed, and can be asked for again.
    """
    day = today(s)
    rule = s.policy.renewals.on(day)
    if s.it.renewable is False:
        yield Reason("ill.not-renewable")
    if (s.it.renewals or 0) >= rule.value:
        yield Reason("ill.renewals-used-up", rule.clause, (("allowed", rule.value),))
    if s.it.renewal_asked_on is not None and (s.it.due is None or day <= s.it.due):
        yield Reason("ill.renewal-pending", None, (("asked_on", s.it.renewal_asked_on),))
    if s.it.due is None:
        yield Reason("ill.no-term")
    elif s.command.desired is not None and s.command.desired <= s.it.due:
        yield Reason("ill.renewal-not-later", None, (("due", s.it.due), ("desired", s.command.desired)))


def next_notice(s: Case) -> Iterator[Reason]:
    """The notice is the next one of the schedule, for the due date as it is, and its day has come."""
    due = s.it.patron_due
    days = s.policy.reminders(due) if due is not None else ()
    done = s.it.noticed or 0
    if s.command.due != due or s.command.step != done + 1 or s.command.step > len(days):
        yield Reason("ill.notice-out-of-order", None, (("step", s.command.step), ("done", done)))
    elif today(s) < days[done]:
        yield Reason("ill.notice-too-early", None, (("step", s.command.step),))


def claim_over(s: Case) -> Iterator[Reason]:
    """The clock takes a copy for handed over when the time to complain is over, and nobody has."""
    if s.role is not BorrowingRole.CLOCK:
        return
    assert s.it.since is not None  # it has been delivered
    if s.it.defective:
        yield Reason("ill.defect-open")
    yield from _not_before(s, end_of(s.policy.last_day_of(s.policy.copy_claim_days, s.it.since), s.policy))


def unconfirmed_long(s: Case) -> Iterator[Reason]:
    """The lender has had its time to say that it is back."""
    assert s.it.since is not None  # it has been sent back
    yield from _not_before(s, end_of(s.policy.last_day_of(s.policy.unconfirmed_days, s.it.since), s.policy))


def has_attention(s: Case) -> Iterator[Reason]:
    """There is something of that code to be looked at."""
    if not any(reason.code == s.command.code for reason in s.it.attention):
        yield Reason("ill.nothing-to-look-at", None, (("code", s.command.code),))


@chooser
def was_received(s: Case) -> bool:
    """The case was at "received" before the last step."""
    return s.it.last is not None and s.it.last.state is CaseState.RECEIVED


def undoable(s: Case) -> Iterator[Reason]:
    """The last thing done was done here, and its message has not left yet."""
    last = s.it.last
    if last is None:
        yield Reason("ill.nothing-to-undo")
    elif not lies_after(last.until, s.command.recorded_at):
        yield Reason("ill.undo-too-late", None, (("command", last.command),))


def over_agreed(it: BorrowingCase) -> bool:
    """Whether what was charged lies above what was agreed or, where nothing was, what it may cost."""
    attempt = it.attempt
    assert attempt is not None  # it has been sent
    limit = it.max_cost if attempt.agreed is None else attempt.agreed
    if limit is None:
        return False
    if any(line.amount and line.amount.currency != limit.currency for line in attempt.costs):
        return True
    return cost_of(tuple(line for line in attempt.costs if line.amount), limit.currency) > limit
