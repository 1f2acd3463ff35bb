"""Named conditions of the lending desk: choosers, guards, and the rules a request is answered by.

A guard yields a reason for everything it refuses; none means that it passes. Every reason has a
stable code and, where a rule is behind it, the clause that the rulebook cites for that rule.
The file is long because every condition of the two tables has its name here; each stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from servflow.core.changes import Key
from servflow.core.citations import Plain, Reason
from servflow.core.dates import lies_after
from servflow.core.desk_rules import today
from servflow.core.fees.assessment import OpenItem
from servflow.core.ill.lending import charges
from servflow.core.ill.lending.commands import (
    AgreeToOffer,
    AnswerCancel,
    Apply,
    Approve,
    AskRetry,
    CheckIn,
    ClearSupplyAttention,
    DeclineOffer,
    GrantRenewal,
    HoldReturn,
    MakeOffer,
    NoticeDue,
    Recall,
    ReceiveRequest,
    RecordDamage,
    RefundSecurity,
    ReportLost,
    ReportReturn,
    RequestRenewal,
    SettleLoss,
    Ship,
    Sign,
    SupplyCopy,
    Waive,
)
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    Place,
    RelationRole,
    RelationState,
    Role,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.terms import OfferState, SentVia, Service, Settlement, cost_of
from servflow.core.lifecycle import Situation, chooser
from servflow.core.money import Money

__all__ = [
    "Supply",
    "accepted_in_time",
    "addressed_to_us",
    "after_asking",
    "after_request",
    "after_shipping",
    "agreements_signed",
    "all_on_its_way",
    "answers_yes",
    "applies_itself",
    "asked_before_due",
    "back_already",
    "before_shipping",
    "cancel_pending",
    "card_is_theirs",
    "claim_open",
    "compensation_paid",
    "copy_supplied",
    "copyright_cleared",
    "cost_agreed",
    "cost_in_currency",
    "costs_in_currency",
    "due_on_open_day",
    "due_to_come",
    "evidence_given",
    "for_this_lender",
    "forwarding_permitted",
    "free_of_charge",
    "hold_changes",
    "in_good_standing",
    "item_of_loan",
    "kind_served",
    "last_piece",
    "lendable",
    "loss_or_damage",
    "loss_settled",
    "lost_long_enough",
    "needed_no_more",
    "next_notice",
    "no_cancel_pending",
    "nobody_waits",
    "not_held_locally",
    "not_recalled",
    "notice_on",
    "of_latest_offer",
    "offer_run_out",
    "offer_stands_so",
    "on_attention_list",
    "own_currency",
    "partly_lost",
    "pieces_out",
    "reason_given",
    "recall_allowed",
    "reference_valid",
    "related",
    "relation_of",
    "renewal_longer",
    "renewal_pending",
    "renewal_waits",
    "renewals_left",
    "renewed_until",
    "reply_day_ahead",
    "rest_lost",
    "rest_on_its_way",
    "return_overdue",
    "room_for_volumes",
    "security_held",
    "security_taken",
    "service_is_copy",
    "service_is_loan",
    "shipped_when_checking",
    "shipped_when_promised",
    "slip_filed",
    "speaks_for_requester",
    "standing",
    "still_needed",
    "taken_for_lost_on",
    "tariff_fits",
    "unanswered_by_due",
    "undoable",
    "waivable",
    "was_shipped",
    "within_claim",
]

Supply = Situation[SupplyTransaction, Any, LendingPolicy, LendingFacts]


def relation_of(s: Situation[Any, Any, LendingPolicy, Any], institution: str) -> Relation | None:
    """The institution's relation with the lender, if there is one."""
    found = s.others.get(Key(Relation.kind, institution))
    return found if isinstance(found, Relation) else None


# --- choosers -------------------------------------------------------------------------------------


def _left(s: Supply) -> set[str]:
    """What is still out but for the pieces that are spoken of."""
    return set(s.it.still_out) - set(s.command.items or s.it.awaited)


@chooser
def last_piece(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> bool:
    """With this, everything is back."""
    return not _left(s)


@chooser
def rest_lost(
    s: Situation[SupplyTransaction, CheckIn | ReportLost, LendingPolicy, LendingFacts],
) -> bool:
    """All that is left besides is lost already."""
    return _left(s) <= s.it.lost.keys()


@chooser
def rest_on_its_way(
    s: Situation[SupplyTransaction, CheckIn | ReportLost, LendingPolicy, LendingFacts],
) -> bool:
    """All that is left besides is said to be on its way back, or all of it that is not lost."""
    left, reported = _left(s), s.it.reported.keys()
    expected = left - s.it.lost.keys()
    return left <= reported or (bool(expected) and expected <= reported)


@chooser
def all_on_its_way(s: Situation[SupplyTransaction, ReportReturn, LendingPolicy, LendingFacts]) -> bool:
    """With this, all that is awaited is said to be on its way back."""
    return set(s.it.awaited) <= {*s.it.reported, *(s.command.items or s.it.awaited)}


@chooser
def partly_lost(s: Supply) -> bool:
    """Some pieces are recorded as lost."""
    return bool(s.it.lost)


@chooser
def loss_settled(s: Supply) -> bool:
    """It was closed because its loss was settled."""
    return s.it.closing is Closing.LOST_SETTLED


@chooser
def back_already(s: Situation[SupplyTransaction, ReportReturn, LendingPolicy, LendingFacts]) -> bool:
    """It was closed because all is back; nothing else is named than what was."""
    return s.it.closing is Closing.COMPLETED and set(s.command.items) <= set(s.it.items)


@chooser
def answers_yes(s: Situation[SupplyTransaction, AnswerCancel, LendingPolicy, LendingFacts]) -> bool:
    """The cancellation is accepted."""
    return s.command.yes


@chooser
def accepted_in_time(s: Situation[SupplyTransaction, AgreeToOffer, LendingPolicy, LendingFacts]) -> bool:
    """It is the latest offer that is accepted, by its last day."""
    offer = s.it.offer
    assert offer is not None  # it waits for an answer
    by = offer.reply_by
    return s.command.revision == offer.revision and (by is None or today(s) <= by)


@chooser
def of_latest_offer(s: Situation[SupplyTransaction, DeclineOffer, LendingPolicy, LendingFacts]) -> bool:
    """It is the latest offer that is declined."""
    return s.it.offer is not None and s.command.revision == s.it.offer.revision


@chooser
def offer_stands_so(
    s: Situation[SupplyTransaction, AgreeToOffer | DeclineOffer, LendingPolicy, LendingFacts],
) -> bool:
    """What is said of the latest offer is what became of it already: staff had entered it before."""
    offer = s.it.offer
    if offer is None or offer.revision != s.command.revision:
        return False
    accepts = isinstance(s.command, AgreeToOffer)
    return (offer.state is OfferState.ACCEPTED) if accepts else offer.state in _NOT_ACCEPTED


_NOT_ACCEPTED: Final = (OfferState.REJECTED, OfferState.LAPSED)


@chooser
def renewal_waits(s: Supply) -> bool:
    """A renewal waits for its answer already."""
    return s.it.renewal_asked_on is not None


@chooser
def was_shipped(s: Supply) -> bool:
    """Something was shipped, or a copy supplied."""
    return s.it.shipped_on is not None


@chooser
def before_shipping(s: Supply) -> bool:
    """It is dated before the day on which it was shipped: a wrong clock, or another shipment is meant."""
    return s.it.shipped_on is not None and today(s) < s.it.shipped_on


@chooser
def copy_supplied(s: Supply) -> bool:
    """It was closed because a copy was supplied."""
    return s.it.closing is Closing.COPY_SUPPLIED


@chooser
def shipped_when_promised(s: Supply) -> bool:
    """It had been promised when it was shipped."""
    return s.it.last_step is not None and s.it.last_step.before is SupplyState.PROMISED


@chooser
def shipped_when_checking(s: Supply) -> bool:
    """It was being looked for when it was shipped."""
    return s.it.last_step is not None and s.it.last_step.before is SupplyState.CHECKING


# --- a request coming in --------------------------------------------------------------------------


def addressed_to_us(s: Situation[None, ReceiveRequest, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """The request names this library as its supplier."""
    if s.command.supplier != s.policy.library:
        yield Reason("ill.not-addressed-to-us", None, (("supplier", s.command.supplier),))


def speaks_for_requester(s: Situation[None, ReceiveRequest, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """A requester files for itself; the lender's staff may enter what came by mail or telephone."""
    serves = s.command.requester if s.role is Role.REQUESTER else s.policy.library
    if s.command.by.serves != serves:
        yield Reason("ill.not-the-requester", None, (("requester", s.command.requester),))


def card_is_theirs(s: Situation[None, ReceiveRequest, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """An institution that was given a card number files its own requests by it."""
    rule = s.policy.own_requests_by_card.on(today(s))
    relation = relation_of(s, s.command.requester)
    if (
        rule.value
        and s.role is Role.REQUESTER
        and relation is not None
        and relation.card is not None
        and s.command.card != relation.card
    ):
        yield Reason("ill.card-not-theirs", rule.clause)


# --- the rules a request is answered by: a "no" is a decision, not a refusal ------------------------


def related(s: Supply) -> Iterator[Reason]:
    """Who asks must have a relation in force; those of other places are told to ask through one."""
    day = today(s)
    relation = relation_of(s, s.it.requester)
    if relation is not None and relation.state in (RelationState.SIGNED, RelationState.SUSPENDED):
        return
    advice = s.policy.asks_through_related.on(day)
    if advice.value and s.facts.kind is InstitutionKind.INDIVIDUAL:
        yield Reason("ill.individual", advice.clause)
    elif advice.value and s.it.place is Place.ELSEWHERE:
        yield Reason("ill.no-relation-elsewhere", advice.clause)
    else:
        yield Reason("ill.no-relation", s.policy.agreements.on(day).clause)


def lendable(s: Supply) -> Iterator[Reason]:
    """What is asked for is of a kind that is lent; otherwise document delivery is offered.

    Where a copy would do, that matters only once the original is shipped.
    """
    day = today(s)
    material = s.facts.material
    if material is None or (s.it.may_be_copied and not isinstance(s.command, Ship)):
        return
    not_lent, lent = s.policy.not_lent.on(day), s.policy.lent.on(day)
    base = s.policy.base_collection_only.on(day)
    if material in not_lent.value or material not in lent.value:
        yield Reason("ill.material-not-lent", not_lent.clause, (("material", material.value),))
    elif material in base.value and not s.facts.base_collection:
        yield Reason("ill.not-base-collection", base.clause)
    elif material in s.policy.lent_once_catalogued.on(day).value:
        yield from _catalogued_long_enough(s, day)


def _catalogued_long_enough(s: Supply, day: date) -> Iterator[Reason]:
    rule = s.policy.catalogued_before.on(day)
    latest = rule.value.before(day, s.policy.end_of_month.on(day).value)
    catalogued = s.facts.catalogued_on
    if catalogued is None:
        yield Reason("ill.catalogued-unknown", rule.clause)
    elif catalogued > latest:
        facts = (("catalogued_on", catalogued), ("latest", latest))
        yield Reason("ill.catalogued-lately", rule.clause, facts)


def not_held_locally(s: Supply) -> Iterator[Reason]:
    """Interlibrary loan is for what the borrower's own place cannot supply."""
    rule = s.policy.local_supply_first.on(today(s))
    if rule.value and s.facts.held_locally:
        yield Reason("ill.held-locally", rule.clause)


# --- lending --------------------------------------------------------------------------------------


def in_good_standing(s: Supply) -> Iterator[Reason]:
    """The borrower's relation is in force, secured, and nothing stands in the way."""
    relation = relation_of(s, s.it.requester)
    day = today(s)
    if relation is None:
        yield Reason("ill.no-relation", s.policy.agreements.on(day).clause)
    else:
        yield from standing(relation, s.policy, day)


def standing(relation: Relation, policy: LendingPolicy, day: date) -> Iterator[Reason]:
    """Every reason for which nothing is lent to this institution on ``day``."""
    if relation.state is not RelationState.SIGNED:
        facts = (("state", relation.state.value),)
        yield Reason("ill.relation-not-in-force", policy.agreements.on(day).clause, facts)
    security = policy.security.on(day)
    if security.value and not any(relation.secured(kind) for kind in security.value):
        yield Reason("ill.security-unpaid", security.clause)
    overdue = policy.suspended_while_overdue.on(day)
    if overdue.value:
        for loan in relation.overdue_on(day):
            due = relation.out[loan].due
            yield Reason("ill.overdue-loan", overdue.clause, (("loan", loan), ("due", due)))
    owing = policy.suspended_while_owing.on(day)
    if charges.COMPENSATION in owing.value:
        for loan in relation.unsettled:
            yield Reason("ill.compensation-unset", owing.clause, (("loan", loan),))
    for item in relation.open.values():
        if item.kind in owing.value:
            yield Reason("ill.charge-unpaid", owing.clause, _open(item))


def _open(item: OpenItem) -> tuple[tuple[str, Plain], ...]:
    return (("loan", item.subject), ("kind", item.kind), ("amount", item.outstanding))


def room_for_volumes(s: Situation[SupplyTransaction, Ship, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """With these, the borrower has no more volumes out at one time than it may."""
    rule = s.policy.most_volumes.on(today(s))
    relation = relation_of(s, s.it.requester)
    if rule.value is None or relation is None:
        return
    out, asked = relation.volumes_out, len(s.command.items)
    if out + asked > rule.value:
        facts = (("allowed", rule.value), ("out", out), ("asked", asked))
        yield Reason("ill.too-many-volumes", rule.clause, facts)


def still_needed(s: Supply) -> Iterator[Reason]:
    """The day by which the requester needs it has not passed."""
    if s.it.need_before is not None and today(s) > s.it.need_before:
        yield Reason("ill.need-before-passed", None, (("need_before", s.it.need_before),))


def slip_filed(s: Supply) -> Iterator[Reason]:
    """A request from abroad is made on its own form."""
    rule = s.policy.international_slip.on(today(s))
    if s.it.place is Place.ABROAD and not s.facts.international_slip:
        yield Reason("ill.international-slip-missing", rule.clause, (("form", rule.value),))


def tariff_fits(s: Situation[SupplyTransaction, Ship, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """A loan abroad is charged by a given tariff, in the policy's currency; no other loan is."""
    clause = s.policy.fee_abroad.on(today(s)).clause
    if s.it.place is Place.ABROAD and s.command.tariff is None:
        yield Reason("ill.tariff-missing", clause)
    elif s.it.place is not Place.ABROAD and s.command.tariff is not None:
        yield Reason("ill.tariff-not-due", clause)
    elif s.command.tariff is not None and s.command.tariff.currency != s.policy.currency:
        yield Reason("ill.wrong-currency", clause, (("currency", s.policy.currency),))


def service_is_loan(s: Supply) -> Iterator[Reason]:
    """A loan was asked for, or would do."""
    if not s.it.may_be_lent:
        yield _other_service(s.it)


def service_is_copy(s: Supply) -> Iterator[Reason]:
    """A copy was asked for, or would do."""
    if not s.it.may_be_copied:
        yield _other_service(s.it)


def _other_service(it: SupplyTransaction) -> Reason:
    asked = it.service or Service.LOAN
    return Reason("ill.service-not-asked-for", None, (("asked", asked.value),))


def costs_in_currency(
    s: Situation[SupplyTransaction, Ship | SupplyCopy, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """What is charged beside the loan fee is in the policy's currency."""
    if any(line.amount.currency != s.policy.currency for line in s.command.costs):
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def cost_agreed(
    s: Situation[SupplyTransaction, Ship | SupplyCopy, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """It costs no more than was agreed; where nothing was, no more than the requester pays unasked.

    What costs more is offered first.
    """
    agreed = s.it.agreed
    most = s.it.max_cost if agreed is None else agreed
    cost = _cost(s) if most is not None else None
    if most is None or cost is None:
        return
    if most.currency != cost.currency:
        yield Reason("ill.cost-not-comparable", None, (("cost", cost), ("most", most)))
    elif cost > most:
        code = "ill.cost-above-most" if agreed is None else "ill.cost-above-agreed"
        yield Reason(code, None, (("cost", cost), ("most", most)))


def _cost(s: Situation[SupplyTransaction, Ship | SupplyCopy, LendingPolicy, LendingFacts]) -> Money | None:
    """What it costs in all; None where another guard says why that cannot be told."""
    c, policy = s.command, s.policy
    if any(costs_in_currency(s)):
        return None
    beside = cost_of(c.costs, policy.currency)
    if not isinstance(c, Ship):
        return beside
    if any(tariff_fits(s)):  # type: ignore[arg-type]  # it is a shipping
        return None
    fee = charges.loan_fee(policy, today(s), s.it.place, volumes=len(c.items), tariff=c.tariff)
    return fee.money + beside


def due_to_come(s: Situation[SupplyTransaction, Ship, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """The due date that is promised lies ahead: tomorrow, or later."""
    day = today(s)
    if s.command.due is not None and s.command.due <= day:
        yield Reason("ill.due-too-early", None, (("due", s.command.due), ("after", day)))


def due_on_open_day(
    s: Situation[SupplyTransaction, Ship | GrantRenewal | Recall, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """A due date that is named is a day on which the desk is open, where the rules ask for that."""
    day, due = today(s), s.command.due
    instead = None if due is None else s.policy.instead_of(due, day)
    if due is not None and instead is not None:
        clause = s.policy.due_in_closure.on(day).clause
        yield Reason("ill.due-on-closed-day", clause, (("due", due), ("next_open", instead)))


def undoable(s: Supply) -> Iterator[Reason]:
    """The shipping is the last thing that was said, and its messages have not left yet."""
    step, rule = s.it.last_step, s.policy.undo_minutes.on(today(s))
    if step is None:
        yield Reason("ill.nothing-to-undo", rule.clause)
    elif step.version != s.it.version:
        yield Reason("ill.undo-overtaken")
    elif not lies_after(step.until, s.command.recorded_at):
        yield Reason("ill.undo-too-late", rule.clause)


# --- copies ---------------------------------------------------------------------------------------


def copyright_cleared(
    s: Situation[SupplyTransaction, SupplyCopy, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """Somebody has checked that the copy may be made, where the rules ask for that."""
    rule = s.policy.copyright_check.on(today(s))
    if rule.value and not s.command.copyright_checked:
        yield Reason("ill.copyright-unchecked", rule.clause)


_LINK: Final = re.compile(r"https?://[^\s/]+\S*")
_NAME: Final = re.compile(r"\S+")


def reference_valid(
    s: Situation[SupplyTransaction, SupplyCopy, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """What is there at once can be found: by a link, or by a name without spaces. A parcel needs nothing."""
    sent = s.command.delivery
    form = _LINK if sent.via is SentVia.URL else _NAME
    if sent.via.online and not form.fullmatch(sent.reference):
        yield Reason("ill.reference-invalid", None, (("via", sent.via.value), ("reference", sent.reference)))


def claim_open(s: Supply) -> Iterator[Reason]:
    """Somebody has claimed that the copy is defective."""
    if not s.it.defects:
        yield Reason("ill.no-open-claim")


def free_of_charge(
    s: Situation[SupplyTransaction, SupplyCopy, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """A copy in place of a defective one costs nothing more."""
    if s.command.costs:
        yield Reason("ill.replacement-costs-nothing")


# --- offers, cancellations, and other answers -----------------------------------------------------


def no_cancel_pending(s: Supply) -> Iterator[Reason]:
    """No cancellation waits for its answer; a shipping may answer it with no itself."""
    answers = isinstance(s.command, Ship) and s.command.refuse_cancel
    if s.it.cancel_asked_on is not None and not answers:
        yield Reason("ill.cancel-pending", None, (("asked_on", s.it.cancel_asked_on),))


def cancel_pending(s: Supply) -> Iterator[Reason]:
    """A cancellation waits for its answer, and was asked for by the day of the answer."""
    asked_on = s.it.cancel_asked_on
    if asked_on is None:
        yield Reason("ill.no-cancel-pending")
    elif today(s) < asked_on:
        yield Reason("ill.before-asking", None, (("asked_on", asked_on),))


def cost_in_currency(
    s: Situation[SupplyTransaction, MakeOffer | AskRetry, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """The cost that is named is in the policy's currency."""
    if s.command.cost is not None and s.command.cost.currency != s.policy.currency:
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def reply_day_ahead(
    s: Situation[SupplyTransaction, MakeOffer, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """The offer may still be accepted: today, or longer."""
    if s.command.reply_by is not None and s.command.reply_by < today(s):
        yield Reason("ill.reply-day-passed", None, (("reply_by", s.command.reply_by),))


def offer_run_out(s: Supply) -> Iterator[Reason]:
    """The last day on which the offer might be accepted has passed."""
    offer = s.it.offer
    if offer is None or offer.reply_by is None or today(s) <= offer.reply_by:
        facts = (("reply_by", offer.reply_by),) if offer is not None and offer.reply_by is not None else ()
        yield Reason("ill.offer-still-open", None, facts)


def evidence_given(
    s: Situation[SupplyTransaction, AgreeToOffer, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """Who enters an acceptance for the requester says how he knows of it."""
    if s.role is Role.STAFF and not s.command.note.strip():
        yield Reason("ill.evidence-missing")


def forwarding_permitted(s: Supply) -> Iterator[Reason]:
    """The requester permits that its request is passed on."""
    if not s.it.forwardable:
        yield Reason("ill.forwarding-not-permitted")


def needed_no_more(s: Supply) -> Iterator[Reason]:
    """The day by which the requester needs it has passed."""
    if not any(still_needed(s)):
        yield Reason("ill.still-needed")


def on_attention_list(
    s: Situation[SupplyTransaction, ClearSupplyAttention, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """There is a reason of this code for which staff have to look at it."""
    if not any(reason.code == s.command.code for reason in s.it.attention):
        yield Reason("ill.no-such-attention", None, (("code", s.command.code),))


# --- renewal and recall ---------------------------------------------------------------------------


def renewals_left(s: Supply) -> Iterator[Reason]:
    """The loan has not been renewed as often as it may be."""
    rule = s.policy.renewals.on(today(s))
    if s.it.renewals >= rule.value:
        yield Reason("ill.renewals-used-up", rule.clause, (("allowed", rule.value),))


def asked_before_due(s: Supply) -> Iterator[Reason]:
    """The renewal is asked for before the term ends."""
    day = today(s)
    rule = s.policy.renewal_asked_before.on(day)
    assert s.it.due is not None  # it is out
    latest = s.it.due - timedelta(days=rule.value)
    if day > latest:
        yield Reason("ill.asked-after-expiry", rule.clause, (("latest", latest),))


def nobody_waits(s: Supply) -> Iterator[Reason]:
    """No reader of the lender holds a reservation."""
    rule = s.policy.renewal_only_if_unreserved.on(today(s))
    if rule.value and s.facts.reserved:
        yield Reason("ill.reserved", rule.clause, (("reserved", s.facts.reserved),))


def reason_given(
    s: Situation[SupplyTransaction, RequestRenewal, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """The requester says why it wants a longer term."""
    rule = s.policy.renewal_needs_reason.on(today(s))
    if rule.value and not s.command.reason.strip():
        yield Reason("ill.renewal-without-reason", rule.clause)


def not_recalled(s: Supply) -> Iterator[Reason]:
    """The lender has not asked for it back."""
    if s.it.recalled_on is not None:
        clause = s.policy.recall_any_time.on(today(s)).clause
        yield Reason("ill.recalled", clause, (("recalled_on", s.it.recalled_on),))


def renewal_pending(s: Supply) -> Iterator[Reason]:
    """A renewal waits for its answer."""
    if s.it.renewal_asked_on is None:
        yield Reason("ill.no-renewal-pending")


def renewed_until(s: Situation[SupplyTransaction, GrantRenewal, LendingPolicy, LendingFacts]) -> date:
    """The new due date: the one that is named, or the one that follows from the old one."""
    assert s.it.due is not None  # it is out
    return s.command.due or s.policy.due_renewed(s.it.due, today(s))


def renewal_longer(
    s: Situation[SupplyTransaction, GrantRenewal, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """The new due date is later than the old one; an earlier one would be a recall."""
    assert s.it.due is not None  # it is out
    due = renewed_until(s)
    if due <= s.it.due:
        yield Reason("ill.renewal-not-longer", None, (("due", s.it.due), ("asked", due)))


def unanswered_by_due(s: Supply) -> Iterator[Reason]:
    """The clock declines only a renewal that nobody has answered by the due date."""
    assert s.it.due is not None  # it is out
    if s.role is Role.CLOCK and today(s) <= s.it.due:
        yield Reason("ill.renewal-still-open", None, (("due", s.it.due),))


def recall_allowed(s: Situation[SupplyTransaction, Recall, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """The lender may recall, to a day that is not past and does not lengthen the term."""
    day = today(s)
    rule = s.policy.recall_any_time.on(day)
    assert s.it.due is not None  # it is out
    if not rule.value and day <= s.it.due:
        yield Reason("ill.recall-before-due", rule.clause, (("due", s.it.due),))
    if s.command.due < day or (s.it.due >= day and s.command.due > s.it.due):
        facts = (("asked", s.command.due), ("from", day), ("through", max(s.it.due, day)))
        yield Reason("ill.recall-day", rule.clause, facts)


# --- notices, return, loss, damage ----------------------------------------------------------------


def next_notice(s: Situation[SupplyTransaction, NoticeDue, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """The notice is the next one of the schedule, for the due date as it is, and its day has come."""
    assert s.it.due is not None  # it is out
    days = s.policy.reminders(s.it.due)
    if s.it.held_return:
        yield Reason("ill.to-be-kept")
    if s.command.due != s.it.due or s.command.step != s.it.noticed + 1 or s.command.step > len(days):
        yield Reason("ill.notice-out-of-order", None, (("step", s.command.step), ("done", s.it.noticed)))
    elif not s.it.held_return and today(s) < (notice_on(s.it, s.policy) or date.max):
        yield Reason("ill.notice-too-early", None, (("step", s.command.step),))


def notice_on(it: SupplyTransaction, policy: LendingPolicy) -> date | None:
    """The day of the next reminder; not before the day after the one until which it was to be kept.

    None while it is to be kept, and after the last step of the schedule.
    """
    days = () if it.due is None or it.held_return else policy.reminders(it.due)
    if it.noticed >= len(days):
        return None
    kept_until = it.kept_until
    if kept_until is None or kept_until < days[it.noticed]:
        return days[it.noticed]
    return None if kept_until == date.max else kept_until + timedelta(days=1)


def pieces_out(s: Situation[SupplyTransaction, CheckIn, LendingPolicy, LendingFacts]) -> Iterator[Reason]:
    """What comes back had gone out, and is not back already."""
    for item in s.command.items:
        if item not in s.it.still_out:
            yield Reason("ill.item-not-out", None, (("item", item),))


def after_request(s: Supply) -> Iterator[Reason]:
    """It happened on the day of the request or later."""
    if s.it.received_on is not None and today(s) < s.it.received_on:
        yield Reason("ill.before-request", None, (("received_on", s.it.received_on),))


def after_shipping(s: Supply) -> Iterator[Reason]:
    """It happened on the day of shipping or later."""
    if s.it.shipped_on is not None and today(s) < s.it.shipped_on:
        yield Reason("ill.before-shipping", None, (("shipped_on", s.it.shipped_on),))


def after_asking(s: Supply) -> Iterator[Reason]:
    """It happened on the day on which the renewal was asked for or later."""
    if s.it.renewal_asked_on is not None and today(s) < s.it.renewal_asked_on:
        yield Reason("ill.before-asking", None, (("asked_on", s.it.renewal_asked_on),))


def item_of_loan(
    s: Situation[SupplyTransaction, RecordDamage, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """The damaged item belongs to the loan; what was only copied was never with the requester."""
    if s.command.item not in s.it.items or s.it.due is None:
        yield Reason("ill.item-not-of-loan", None, (("item", s.command.item),))


def within_claim(s: Supply) -> Iterator[Reason]:
    """What is back is looked over in time: its damage is claimed within so many days."""
    if s.it.closing is not Closing.COMPLETED:
        return
    back_on = max(s.it.returned.values())
    rule = s.policy.claim_days.on(back_on)
    if rule.value is not None and (today(s) - back_on).days > rule.value:
        yield Reason("ill.claim-too-late", rule.clause, (("back_on", back_on), ("days", rule.value)))


def lost_long_enough(s: Supply) -> Iterator[Reason]:
    """The clock takes for lost only what has been overdue for as long as the rules say."""
    assert s.it.due is not None  # it is out
    lost_on = taken_for_lost_on(s.it, s.policy)
    if s.role is Role.CLOCK and (lost_on is None or today(s) < lost_on):
        yield Reason("ill.not-taken-for-lost", s.policy.lost_after.on(s.it.due).clause, (("due", s.it.due),))


def taken_for_lost_on(it: SupplyTransaction, policy: LendingPolicy) -> date | None:
    """The day on which the clock takes it for lost; counted anew once it was found, or was to be kept.

    None while it is to be kept, and where that never happens by itself.
    """
    if it.due is None or it.held_return:
        return None
    anew_on = max((day for day in (it.found_on, it.kept_until) if day is not None), default=None)
    return policy.taken_for_lost_on(it.due, anew_on)


def return_overdue(s: Supply) -> Iterator[Reason]:
    """What was sent back should have come by now, and staff were not told so before."""
    reported_on = s.it.return_reported_on
    late_from = None if reported_on is None else s.policy.return_late_from(reported_on)
    if s.it.return_delay_noted or late_from is None or today(s) < late_from:
        yield Reason("ill.return-not-late")


def hold_changes(
    s: Situation[SupplyTransaction, HoldReturn, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """The requester is not told what it was told already."""
    if s.command.held is bool(s.it.held_return):
        yield Reason("ill.hold-as-it-is", None, (("held", s.command.held),))


def loss_or_damage(s: Supply) -> Iterator[Reason]:
    """There is a loss or a damage to be compensated."""
    if s.it.lost_on is None and not s.it.damages:
        yield Reason("ill.nothing-to-compensate", s.policy.compensation.on(today(s)).clause)


def own_currency(s: Situation[Any, Any, LendingPolicy, Any]) -> Iterator[Reason]:
    """The amount is in the policy's currency."""
    if s.command.amount.currency != s.policy.currency:
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def compensation_paid(
    s: Situation[SupplyTransaction, SettleLoss, LendingPolicy, LendingFacts],
) -> Iterator[Reason]:
    """A loss settled by payment has its compensation set, and paid."""
    if s.command.how is not Settlement.PAID:
        return
    clause = s.policy.compensation.on(today(s)).clause
    relation = relation_of(s, s.it.requester)
    item = relation.open.get(f"{s.it.id}/{charges.COMPENSATION}") if relation else None
    if s.it.compensation is None:
        yield Reason("ill.compensation-not-set", clause)
    elif item is not None:
        yield Reason("ill.charge-unpaid", clause, _open(item))


# --- relations ------------------------------------------------------------------------------------


def for_this_lender(s: Situation[None, Any, LendingPolicy, Any]) -> Iterator[Reason]:
    """The application is made to this library."""
    if s.command.lender != s.policy.library:
        yield Reason("ill.not-addressed-to-us", None, (("supplier", s.command.lender),))


def applies_itself(s: Situation[None, Apply, LendingPolicy, Any]) -> Iterator[Reason]:
    """An institution applies for itself; the lender's staff may enter what came by letter."""
    serves = s.command.case if s.role is RelationRole.INSTITUTION else s.policy.library
    if s.command.by.serves != serves:
        yield Reason("ill.not-the-requester", None, (("requester", s.command.case),))


def kind_served(s: Situation[Relation, Approve, LendingPolicy, Any]) -> Iterator[Reason]:
    """Institutions of the kinds listed are served; others if approved of; some through another."""
    day = today(s)
    kind = s.it.institution
    served, approved = s.policy.served.on(day), s.policy.served_on_approval.on(day)
    county = s.policy.served_through_county_library.on(day)
    facts = (("kind", kind.value),)
    if kind in county.value:
        yield Reason("ill.through-county-library", county.clause, facts)
    elif kind in approved.value:
        if not s.command.special:
            yield Reason("ill.kind-needs-approval", approved.clause, facts)
    elif kind not in served.value:
        yield Reason("ill.kind-not-served", served.clause, facts)


def agreements_signed(s: Situation[Relation, Sign, LendingPolicy, Any]) -> Iterator[Reason]:
    """Every agreement that the lender asks for is signed."""
    rule = s.policy.agreements.on(today(s))
    for agreement in rule.value:
        if agreement not in s.command.agreements:
            yield Reason("ill.agreement-missing", rule.clause, (("agreement", agreement),))


def security_taken(s: Situation[Relation, Any, LendingPolicy, Any]) -> Iterator[Reason]:
    """The security is of a kind that the lender takes."""
    rule = s.policy.security.on(today(s))
    kind: SecurityKind = s.command.kind
    if kind not in rule.value:
        yield Reason("ill.security-not-taken", rule.clause, (("kind", kind.value),))


def security_held(s: Situation[Relation, RefundSecurity, LendingPolicy, Any]) -> Iterator[Reason]:
    """No more is given back than is held, and only once nothing is out, unsettled or owed (NLC-3)."""
    said, clause = s.command, s.policy.security.on(today(s)).clause
    held = s.it.secured(said.kind) or Money.of_minor(0, s.policy.currency)
    if said.amount.currency == s.policy.currency and said.amount > held:
        yield Reason("ill.security-not-held", clause, (("kind", said.kind.value), ("held", held)))
    for loan in sorted(s.it.out):
        yield Reason("ill.still-out", clause, (("loan", loan),))
    for loan in s.it.unsettled:
        yield Reason("ill.compensation-unset", clause, (("loan", loan),))
    for _, item in sorted(s.it.open.items()):
        yield Reason("ill.charge-unpaid", clause, _open(item))


def waivable(s: Situation[Relation, Waive, LendingPolicy, Any]) -> Iterator[Reason]:
    """The charge is open, and the waiver is not above it."""
    item = s.it.open.get(f"{s.command.loan}/{s.command.kind}")
    if item is None:
        facts = (("loan", s.command.loan), ("kind", s.command.kind))
        yield Reason("ill.no-such-charge", None, facts)
    elif s.command.amount.currency == s.policy.currency and s.command.amount > item.outstanding:
        yield Reason("ill.waiver-above-charge", None, _open(item))
