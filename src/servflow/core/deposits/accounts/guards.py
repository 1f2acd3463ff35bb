"""Named conditions of deposit accounts: each yields a reason for everything it refuses.

A guard that a rule is behind cites the clause of the rulebook's value. All guards of a row are asked, so
each makes do where another one refuses. Choosers, and guards that work something out, take a rule that is
missing for an answer: ``assessable``, ``rates_known`` and ``rates_known_since`` then say so.

It is long because the table names some sixty of them, each with a docstring of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from servflow.core.citations import Clause, Reason
from servflow.core.dates import Term
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.deadlines import (
    kept_through,
    release_by,
    released_at_limit,
    review_through,
)
from servflow.core.deposits.accounts.model import Assessment, Building, DepositAccount, Movement, Part
from servflow.core.deposits.accounts.states import AccountRole, AccountState, MovementKind
from servflow.core.deposits.assessing import assessed, condition, defaulted, order_in_force, surcharge
from servflow.core.deposits.holdings import held_by_part, set_aside, unpaid
from servflow.core.deposits.interest import caught_up, recredited, with_movement
from servflow.core.deposits.policy import DEPOSIT, DepositPolicy, PartShare
from servflow.core.deposits.statements import surcharge_paid
from servflow.core.deposits.warranties import WarrantyLength, warranty_term
from servflow.core.deposits.words import AtTheLimit, Origin, ReleaseSince
from servflow.core.desk_rules import today
from servflow.core.errors import CurrencyMismatch, InvalidValue, MissingValue
from servflow.core.fees import FactKind, facts_read
from servflow.core.lifecycle import Situation, chooser
from servflow.core.money import Money, total

__all__ = [
    "Opening",
    "Said",
    "after_assessment",
    "approved_by_all",
    "arrived",
    "assessable",
    "assessment",
    "before_exemption",
    "budgets_stay_covered",
    "claim_booked",
    "claims_taken",
    "covered",
    "covers",
    "credited",
    "day_ahead",
    "default_there",
    "defect_new",
    "defect_there",
    "end_to_tell",
    "exempt",
    "exempt_in_time",
    "found_in_warranty",
    "grounds_known",
    "handed_over",
    "held_back",
    "holds",
    "in_currency",
    "in_one_sum",
    "in_scope",
    "last_part",
    "limit_reached",
    "limit_releases",
    "limit_to_tell",
    "lowest_since",
    "no_claim_open",
    "no_open_claim",
    "no_review_open",
    "no_serious_defect",
    "no_surcharge_overpaid",
    "no_surcharge_owed",
    "not_before_the_letter",
    "not_confirmed",
    "not_handed_over",
    "not_passed",
    "not_published",
    "not_reviewed",
    "not_too_much",
    "nothing_held",
    "nothing_later",
    "notified_first",
    "of_this_authority",
    "on_the_list",
    "order_there",
    "origin_taken",
    "paid_for_handover",
    "paid_for_registration",
    "part_not_released",
    "part_there",
    "performed_or_decided",
    "rates_known",
    "rates_known_since",
    "receipt_given",
    "release_to_remind",
    "repaired_later",
    "requested",
    "reversible",
    "review_in_time",
    "review_open",
    "review_to_remind",
    "shares",
    "shares_known",
    "something_unpaid",
    "surcharge_outstanding",
    "surcharge_overpaid",
    "surcharge_owed",
    "surcharge_too_much",
    "term_of",
    "terms_enough",
    "terms_known",
    "to_release",
    "warranty_over",
    "within_balance",
    "would_be_covered",
    "year_over",
]

Said = Situation[DepositAccount, Any, DepositPolicy, Any]
Opening = Situation[None, c.AssessDeposit, DepositPolicy, Any]
_Assessing = Situation[Any, Any, DepositPolicy, Any]

_DAY: Final = timedelta(days=1)
_NO_ANSWER: Final = (MissingValue, InvalidValue, CurrencyMismatch)
"""What an assessment or a term raises where something that it needs is missing or makes no sense."""


# --- assessment -------------------------------------------------------------------------------------


def assessment(s: _Assessing) -> Assessment:
    """What the command's facts come to by the rules of its day.

    Raises:
        MissingValue: the rule needs what was not given, or has nothing for that building type or day.
        InvalidValue: a fact is beyond all measure.
        CurrencyMismatch: an amount is of another currency than the rule.
    """
    said = s.command
    return assessed(
        s.policy,
        today(s),
        _building_type(s),
        cost=said.cost,
        average_cost=said.average_cost,
        floor_area=said.floor_area,
        grounds=said.grounds,
    )


def _building_type(s: _Assessing) -> str:
    building: Building = s.command.building if s.it is None else s.it.building
    return building.building_type


def shares(s: Opening) -> tuple[PartShare, ...]:
    """The weights of the building's parts: those said, else the rulebook's."""
    return s.command.shares or s.policy.shares.on(today(s)).value


@chooser
def exempt(s: _Assessing) -> bool:
    """No deposit is asked for: nothing comes out (SD-2)."""
    try:
        return not assessment(s).charge.money
    except _NO_ANSWER:
        return False


@chooser
def would_be_covered(s: Said) -> bool:
    """By the new assessment everything is paid."""
    try:
        return not unpaid(replace(s.it, assessments=(*s.it.assessments, assessment(s))))
    except _NO_ANSWER:
        return False


def exempt_in_time(s: Said) -> Iterator[Reason]:
    """After the handover no building becomes exempt: what is held stands for warranties that run (SD-2).

    The clause is the one by which nothing comes out.
    """
    try:
        charge = assessment(s).charge
    except _NO_ANSWER:  # assessable says so
        return
    if not charge.money:
        clauses = [step.clause for _, step in charge.lines() if step.clause is not None]
        yield Reason("deposits.exempt-too-late", clauses[-1] if clauses else None)


def of_this_authority(s: Opening) -> Iterator[Reason]:
    """Who assesses is of the authority whose rules these are."""
    if s.command.by.serves != s.policy.authority:
        yield Reason("deposits.another-authority", None, (("authority", s.policy.authority),))


def in_scope(s: Opening) -> Iterator[Reason]:
    """The building is all that a deposit is asked of (SD-22), and the rules are in force that day (SD-36)."""
    if not _in_force(s):
        yield Reason("deposits.out-of-scope", s.policy.scope.gap_on(today(s)), (("needed", "in-force"),))
        return
    scope = s.policy.scope.on(today(s))
    for kind in scope.value:
        if kind not in s.command.building.kinds:
            yield Reason("deposits.out-of-scope", scope.clause, (("needed", kind),))


def _in_force(s: _Assessing) -> bool:
    """Whether the rules say anything on that day: no other of them begins later than the scope."""
    try:
        s.policy.scope.on(today(s))
    except MissingValue:
        return False
    return True


def shares_known(s: Opening) -> Iterator[Reason]:
    """There are parts, one of them with a weight; one that the rulebook has not goes by the contract."""
    if _in_force(s) and not any(each.weight for each in shares(s)):
        yield Reason("deposits.shares-missing", s.policy.shares.on(today(s)).clause)


def grounds_known(s: _Assessing) -> Iterator[Reason]:
    """On each of the grounds a deposit may be reduced, and the rule for it asks for all that was shown."""
    if not (s.command.grounds and _in_force(s)):
        return
    grounds = s.policy.reduction_grounds.on(today(s))
    rule = s.policy.fees.get(DEPOSIT)
    asked = {} if rule is None else facts_read(rule)
    for ground in s.command.grounds:
        if ground.name not in grounds.value:
            yield Reason("deposits.ground-unknown", grounds.clause, (("ground", ground.name),))
            continue
        for word in ground.shown:
            if rule is not None and asked.get(condition(ground.name, word)) is not FactKind.FLAG:
                facts = (("ground", ground.name), ("condition", word))
                yield Reason("deposits.condition-unknown", grounds.clause, facts)


def approved_by_all(s: _Assessing) -> Iterator[Reason]:
    """Everybody who has to approve of a reduction or exemption did, of each ground (SD-27)."""
    if not (s.command.grounds and _in_force(s)):
        return
    approvals = s.policy.approvals.on(today(s))
    for ground in s.command.grounds:
        given = {each.by for each in ground.approvals}
        for by in approvals.value:
            if by not in given:
                facts = (("ground", ground.name), ("by", by))
                yield Reason("deposits.approval-missing", approvals.clause, facts)


def assessable(s: _Assessing) -> Iterator[Reason]:
    """The rule for the deposit has all that it needs, and an answer."""
    try:
        assessment(s)
    except MissingValue as missing:
        if DEPOSIT in s.policy.fees and missing.name in facts_read(s.policy.fees[DEPOSIT]):
            yield Reason("deposits.not-assessable", None, (("missing", missing.name),))
            return
        grades = ", ".join(each.grade for each in s.command.grounds if each.grade)
        facts = (("lacking", missing.name), ("building_type", _building_type(s)), ("grades", grades))
        yield Reason("deposits.not-assessable", None, facts)
    except InvalidValue as wrong:
        yield Reason("deposits.not-assessable", None, (("wrong", wrong.field),))
    except CurrencyMismatch:
        yield Reason("deposits.wrong-currency", None, (("currency", s.policy.currency),))


def nothing_later(s: Said) -> Iterator[Reason]:
    """What pays out what is held comes after all that moved it, and after the last assessment."""
    last = max((s.it.assessment.on, *(movement.on for movement in s.it.movements)))
    if today(s) < last:
        yield Reason("deposits.later-movement", None, (("last", last),))


# --- the letter, and its review ---------------------------------------------------------------------


def not_before_the_letter(s: Said) -> Iterator[Reason]:
    """The letter was received on the day on which it was sent, or later."""
    sent = s.it.notified_on
    if sent is not None and today(s) < sent:
        yield Reason("deposits.before-the-letter", None, (("sent", sent),))


def not_confirmed(s: Said) -> Iterator[Reason]:
    """A letter is received once: the days for a review begin once."""
    if s.it.letter_received_on is not None:
        yield Reason("deposits.letter-confirmed", None, (("received", s.it.letter_received_on),))


def review_in_time(s: Said) -> Iterator[Reason]:
    """The days after the letter was received are not over (SD-5); before that is known, none has passed."""
    received = s.it.letter_received_on
    if received is None:
        return
    days = s.policy.review_days.on(received)
    last = received + timedelta(days=days.value)
    if today(s) > last:
        yield Reason("deposits.review-late", days.clause, (("last", last),))


def review_to_remind(s: Said) -> Iterator[Reason]:
    """The last day for a review has come, none was asked for, and that was not told yet (SD-5)."""
    last = review_through(s.it, s.policy)
    if last is None or today(s) < last or s.it.review_told:
        yield Reason("deposits.no-review-to-remind")


def no_review_open(s: Said) -> Iterator[Reason]:
    """No review is being made (SD-5)."""
    if s.it.under_review:
        yield Reason("deposits.review-open", s.policy.review_days.on(today(s)).clause)


def not_reviewed(s: Said) -> Iterator[Reason]:
    """An assessment is reviewed once; a new one may be reviewed anew (SD-5)."""
    if s.it.review_of == len(s.it.assessments) and not s.it.under_review:
        yield Reason("deposits.reviewed-before", s.policy.review_days.on(today(s)).clause)


def review_open(s: Said) -> Iterator[Reason]:
    """A review was asked for, and not answered yet (SD-5)."""
    if not s.it.under_review:
        yield Reason("deposits.no-review-open", s.policy.review_days.on(today(s)).clause)


def notified_first(s: Said) -> Iterator[Reason]:
    """The letter that says how much is to be paid was sent (SD-5)."""
    if s.it.notified_on is None:
        yield Reason("deposits.not-notified", s.policy.review_days.on(today(s)).clause)


# --- payment ----------------------------------------------------------------------------------------


@chooser
def covered(s: Said) -> bool:
    """Nothing is unpaid."""
    return not unpaid(s.it)


@chooser
def covers(s: Said) -> bool:
    """This pays all that is unpaid."""
    amount: Money = s.command.amount
    return amount.currency == s.it.target.currency and amount >= unpaid(s.it)


@chooser
def handed_over(s: Said) -> bool:
    """The building was handed over."""
    return s.it.handed_over_on is not None


def _same_currency(s: Said, amount: Money | None) -> bool:
    return amount is None or amount.currency == s.it.target.currency


def in_currency(s: Said) -> Iterator[Reason]:
    """The amount, or the budget, is in the account's currency."""
    said = s.command
    amount = said.budget if isinstance(said, c.BookDepositClaim) else said.amount
    if not _same_currency(s, amount):
        yield Reason("deposits.wrong-currency", None, (("currency", s.it.target.currency),))


def origin_taken(s: Said) -> Iterator[Reason]:
    """Money may come from there; a supervisor of pre-sale funds pays from these alone (SD-6, SD-26)."""
    origins, origin = s.policy.origins.on(today(s)), s.command.origin
    turned_over = s.policy.retained_money_turned_over.on(today(s))
    supervised = s.role is not AccountRole.SUPERVISOR or origin is Origin.PRESALE_FUNDS
    if origin is Origin.RETAINED_MONEY and not turned_over.value:
        yield Reason("deposits.origin-not-taken", turned_over.clause, (("origin", origin.value),))
    elif not supervised or origin not in (Origin.RETAINED_MONEY, *origins.value):
        yield Reason("deposits.origin-not-taken", origins.clause, (("origin", origin.value),))


def receipt_given(s: Said) -> Iterator[Reason]:
    """What is paid in has a receipt with a number, and no other payment has the same (SD-7)."""
    rule, receipt = s.policy.receipt_numbered.on(today(s)), s.command.receipt
    if rule.value and not receipt:
        yield Reason("deposits.receipt-missing", rule.clause)
    if receipt and receipt in {each.receipt for each in arrived(s.it)}:
        yield Reason("deposits.receipt-used", rule.clause, (("receipt", receipt),))


def arrived(it: DepositAccount) -> list[Movement]:
    """The payments that were not reversed."""
    reversed_ = {each.reverses for each in it.movements}
    return [
        each for each in it.movements if each.kind is MovementKind.PAID_IN and each.number not in reversed_
    ]


def in_one_sum(s: Said) -> Iterator[Reason]:
    """Pre-sale funds are those that a supervisor of this building keeps (SD-6).

    Where the rulebook says so, they come all at once (SD-30).
    """
    if s.command.origin is not Origin.PRESALE_FUNDS:
        return
    if not s.it.building.supervisor:
        yield Reason("deposits.not-supervised", s.policy.origins.on(today(s)).clause)
    rule, left = s.policy.presale_in_one_sum.on(today(s)), _asked_for(s)
    if rule.value and s.command.amount != left:
        yield Reason("deposits.not-in-one-sum", rule.clause, (("unpaid", left),))


def not_too_much(s: Said) -> Iterator[Reason]:
    """No more is deposited than is unpaid."""
    amount, left = s.command.amount, _asked_for(s)
    if _same_currency(s, amount) and amount > left:
        yield Reason("deposits.above-unpaid", None, (("amount", amount), ("unpaid", left)))


def _asked_for(s: Said) -> Money:
    """What is unpaid; of an exempt building, what was on the day of the payment."""
    return unpaid(s.it, on=today(s) if s.it.state is AccountState.EXEMPT else None)


def before_exemption(s: Said) -> Iterator[Reason]:
    """What is paid for a building that is exempt now arrived before it was, and is entered late."""
    if today(s) >= s.it.assessment.on:
        yield Reason("deposits.paid-after-exemption", None, (("since", s.it.assessment.on),))


def lowest_since(it: DepositAccount, day: date) -> Money:
    """The least that the account holds at the end of ``day`` or of any later one, by what is on record."""
    moved: dict[date, Money] = {day: it.nothing}
    for movement in it.movements:
        counts = max(movement.on, day)
        moved[counts] = moved.get(counts, it.nothing) + movement.signed
    held = lowest = moved.pop(day)
    for later in sorted(moved):
        held += moved[later]
        lowest = min(lowest, held)
    return lowest


def reversible(s: Said) -> Iterator[Reason]:
    """It is a payment that was not reversed yet, and the account is not overdrawn without it on any day."""
    number = s.command.number
    payment = next((each for each in arrived(s.it) if each.number == number), None)
    if payment is None:
        yield Reason("deposits.no-such-payment", None, (("number", number),))
        return
    held = lowest_since(s.it, payment.on)
    if payment.amount > held:
        facts = (("amount", payment.amount), ("held", held))
        yield Reason("deposits.payment-spent", None, facts)


def something_unpaid(s: Said) -> Iterator[Reason]:
    """There is something to be paid."""
    if not unpaid(s.it):
        yield Reason("deposits.nothing-unpaid")


def day_ahead(s: Said) -> Iterator[Reason]:
    """The day that is ordered has not passed, nor lies before the assessment; a day comes after it."""
    if not max(today(s), s.it.assessments[0].on) <= s.command.by_day < date.max:
        yield Reason("deposits.ordered-day-past", None, (("by_day", s.command.by_day),))


def order_there(s: Said) -> Iterator[Reason]:
    """An order is in force."""
    if order_in_force(s.it) is None:
        yield Reason("deposits.no-order")


def default_there(s: Said) -> Iterator[Reason]:
    """An order by that day holds, the day has passed with something unpaid, and that was not noted (SD-8)."""
    by_day = s.command.by_day
    there = any(each.by_day == by_day for each in s.it.orders if not (each.noted or each.withdrawn))
    if not there or today(s) <= by_day or not defaulted(s.it, by_day):
        yield Reason("deposits.no-default", None, (("by_day", by_day),))


def surcharge_outstanding(it: DepositAccount, policy: DepositPolicy, day: date) -> Money:
    """What is owed for late payment up to ``day``, that day included, less all that was paid of it.

    Below nothing, where more was paid than is owed.
    """
    charge = surcharge(it, policy, day)
    return (it.nothing if charge is None else charge.money) - surcharge_paid(it, date.max)


def surcharge_owed(s: Said) -> Iterator[Reason]:
    """Surcharge is owed today, and no less than is paid of it (SD-8)."""
    owed = max(surcharge_outstanding(s.it, s.policy, today(s)), s.it.nothing)
    if _same_currency(s, s.command.amount) and s.command.amount > owed:
        facts = (("amount", s.command.amount), ("owed", owed))
        yield Reason("deposits.above-surcharge", _surcharge_clause(s), facts)


def surcharge_too_much(s: Said, it: DepositAccount) -> Money:
    """What was paid of the surcharge beyond what is owed on the day of the entry; 0: nothing."""
    if not surcharge_paid(it, date.max):
        return it.nothing
    return max(-surcharge_outstanding(it, s.policy, s.policy.day(s.command.recorded_at)), it.nothing)


def surcharge_overpaid(s: Said) -> Iterator[Reason]:
    """No more of the surcharge goes back than was paid beyond what is owed (SD-8)."""
    most = surcharge_too_much(s, s.it)
    if _same_currency(s, s.command.amount) and s.command.amount > most:
        facts = (("amount", s.command.amount), ("overpaid", most))
        yield Reason("deposits.above-overpaid", _surcharge_clause(s), facts)


def _surcharge_clause(s: Said) -> Clause:
    return s.policy.surcharge_on_day_of_payment.on(today(s)).clause


# --- handover, filing, registration -----------------------------------------------------------------


def not_handed_over(s: Said) -> Iterator[Reason]:
    """A building is handed over once."""
    if s.it.handed_over_on is not None:
        yield Reason("deposits.handed-over", None, (("on", s.it.handed_over_on),))


def after_assessment(s: Said) -> Iterator[Reason]:
    """It happened on the day of the first assessment, or later: before it nothing was asked for."""
    first = s.it.assessments[0].on
    if today(s) < first:
        yield Reason("deposits.before-assessment", None, (("assessed", first),))


def paid_for_handover(s: Said) -> Iterator[Reason]:
    """Where the rulebook says so, nothing is handed over before the deposit is paid in full (SD-7).

    What counts is what was unpaid at the end of the day of handover.
    """
    rule, left = s.policy.paid_before_handover.on(today(s)), unpaid(s.it, on=today(s))
    if rule.value and left:
        yield Reason("deposits.handover-unpaid", rule.clause, (("unpaid", left),))


def term_of(s: Said, name: str) -> Term:
    """The warranty of a part of the building that is handed over by this command.

    What the contract says holds alone where the least does not bind it (SD-33).

    Raises:
        MissingValue: the design life, a season or what the contract says was not given.
        InvalidValue: it ends beyond the calendar.
    """
    agreed = next((each.length for each in s.command.agreed if each.part == name), None)
    if agreed is not None and not s.policy.least_terms_bind.on(today(s)).value:
        return _term(s, agreed)
    return _term(s, _least(s, name), agreed)


def _least(s: Said, name: str) -> WarrantyLength:
    least = s.policy.least(name, today(s))
    return WarrantyLength(contract=True) if least is None else least.value.least


def _term(s: Said, length: WarrantyLength, agreed: WarrantyLength | None = None) -> Term:
    day = today(s)
    return warranty_term(
        length,
        day,
        seasons=s.policy.seasons.on(day).value,
        under_way_counts=s.policy.season_under_way_counts.on(day).value,
        first_day_counts=s.policy.first_day_counts.on(day).value,
        design_life=s.command.design_life,
        agreed=agreed,
    )


def terms_known(s: Said) -> Iterator[Reason]:
    """For every part it is known how long its warranty lasts, by design life and contract, too (SD-10)."""
    clause = s.policy.warranties.on(today(s)).clause
    for each in s.command.agreed:
        if each.part not in s.it.parts:
            yield Reason("deposits.part-unknown", clause, (("part", each.part),))
    for name in s.it.parts:
        try:
            term_of(s, name)
        except MissingValue as missing:
            yield Reason("deposits.term-unknown", clause, (("part", name), ("missing", missing.name)))
        except InvalidValue:
            yield Reason("deposits.term-beyond-calendar", clause, (("part", name),))


def terms_enough(s: Said) -> Iterator[Reason]:
    """Where the least binds it, a contract gives no less: what it says ends no earlier (SD-33)."""
    rule = s.policy.least_terms_bind.on(today(s))
    if not rule.value:
        return
    for each in s.command.agreed:
        least = _least(s, each.part)
        if least.contract:
            continue
        try:
            agreed, lawful = _term(s, each.length), _term(s, least)
        except _NO_ANSWER:  # terms_known says so
            continue
        if agreed.until < lawful.until:
            facts = (("part", each.part), ("agreed", agreed.last_day), ("least", lawful.last_day))
            yield Reason("deposits.term-below-least", rule.clause, facts)


def not_passed(s: Said) -> Iterator[Reason]:
    """It was not filed, or registered, before."""
    gate = s.command.gate.value
    if gate in s.it.passed:
        yield Reason("deposits.gate-passed", None, (("gate", gate), ("on", s.it.passed[gate])))


def paid_for_registration(s: Said) -> Iterator[Reason]:
    """Where the rulebook says so, nothing is filed or registered before all is paid (SD-31).

    What counts is what was unpaid at the end of that day.
    """
    rule, left = s.policy.paid_before_registration.on(today(s)), unpaid(s.it, on=today(s))
    if rule.value and left:
        facts = (("gate", s.command.gate.value), ("unpaid", left))
        yield Reason("deposits.registration-unpaid", rule.clause, facts)


# --- parts, defects and claims ----------------------------------------------------------------------


def _part(s: Said) -> Part | None:
    return s.it.parts.get(s.command.part)


def part_there(s: Said) -> Iterator[Reason]:
    """It is one of the building's parts."""
    if _part(s) is None:
        yield Reason("deposits.part-unknown", None, (("part", s.command.part),))


def part_not_released(s: Said) -> Iterator[Reason]:
    """Its share was not released yet."""
    part = _part(s)
    if part is not None and part.released_on is not None:
        facts = (("part", s.command.part), ("on", part.released_on))
        yield Reason("deposits.part-released", None, facts)


def defect_new(s: Said) -> Iterator[Reason]:
    """No other defect has that reference."""
    if s.command.name in s.it.defects:
        yield Reason("deposits.defect-known", None, (("defect", s.command.name),))


def found_in_warranty(s: Said) -> Iterator[Reason]:
    """It was found before the part's warranty was over (SD-21)."""
    part = _part(s)
    if part is not None and part.until is not None and today(s) >= part.until:
        clause = s.policy.serious_defect_holds.on(today(s)).clause
        facts = (("part", s.command.part), ("last", part.until - _DAY))
        yield Reason("deposits.found-after-warranty", clause, facts)


def defect_there(s: Said) -> Iterator[Reason]:
    """It was recorded, and not repaired yet."""
    defect = s.it.defects.get(s.command.name)
    if defect is None or defect.repaired_on is not None:
        yield Reason("deposits.no-such-defect", None, (("defect", s.command.name),))


def repaired_later(s: Said) -> Iterator[Reason]:
    """It was repaired on the day on which it was found, or later."""
    defect = s.it.defects.get(s.command.name)
    if defect is not None and today(s) < defect.found_on:
        facts = (("defect", s.command.name), ("found", defect.found_on))
        yield Reason("deposits.repaired-before-found", None, facts)


def holds(s: Said, it: DepositAccount, name: str) -> bool:
    """Whether a serious defect or an open claim holds the release of that part, by the rules of the day."""
    defects = {each.part for each in it.defects.values() if each.repaired_on is None}
    claims = {each.part for each in it.claims.values() if each.open}
    by_defect = s.policy.serious_defect_holds.on(today(s)).value and name in defects
    return by_defect or (s.policy.open_claim_holds.on(today(s)).value and name in claims)


def held_back(s: Said, it: DepositAccount, *, released: tuple[str, ...] = ()) -> Money:
    """What a refund, or the release of those parts, leaves behind by the rules of the day."""
    return set_aside(
        it,
        defects=s.policy.serious_defect_holds.on(today(s)).value,
        claims=s.policy.open_claim_holds.on(today(s)).value,
        released=released,
    )


def claims_taken(s: Said) -> Iterator[Reason]:
    """Once everything was released, a claim can only be settled."""
    if s.it.state is AccountState.RELEASED and s.command.open:
        yield Reason("deposits.nothing-left", None, (("claim", s.command.claim),))


def claim_booked(s: Said) -> Iterator[Reason]:
    """The claim is open, on that part."""
    claim = s.it.claims.get(s.command.claim)
    if claim is None or not claim.open or claim.part != s.command.part:
        yield Reason("deposits.claim-not-booked", None, (("claim", s.command.claim),))


def within_balance(s: Said) -> Iterator[Reason]:
    """The account holds as much, on that day and on all since (SD-14)."""
    amount, held = s.command.amount, lowest_since(s.it, today(s))
    if _same_currency(s, amount) and amount > held:
        clause = s.policy.payees.on(today(s)).clause
        yield Reason("deposits.above-balance", clause, (("amount", amount), ("held", held)))


# --- interest and statements ------------------------------------------------------------------------


def credited(s: Said) -> DepositAccount:
    """The account with the interest that is to be credited before this command pays out or publishes.

    It is credited to the day where all that is held leaves, and where the rulebook says so with each release.

    Raises:
        MissingValue: the rulebook has no rate for some of the days.
    """
    return caught_up(s.it, s.policy, today(s), to_the_day=_to_the_day(s))


def _to_the_day(s: Said) -> bool:
    match s.command:
        case c.ReleaseRest():
            return True
        case c.ReleasePart():
            return s.policy.interest_at_release.on(today(s)).value or last_part(s)
        case c.ReassessDeposit():
            return exempt(s)
        case _:
            return False


def rates_known(s: Said) -> Iterator[Reason]:
    """The rulebook has a rate for every day for which interest is to be credited now (SD-18)."""
    try:
        credited(s)
    except MissingValue:
        clause = s.policy.interest_days.on(today(s)).clause
        yield Reason("deposits.rate-missing", clause, (("from", _first_unknown(s.it, s.policy, today(s))),))


def rates_known_since(s: Said) -> Iterator[Reason]:
    """The rulebook has a rate for every day whose interest is worked out again for a late entry (SD-18)."""
    since = _counts_from(s)
    it = with_movement(s.it, MovementKind.PAID_IN, since, Money.of_minor(1, s.it.target.currency))
    try:
        recredited(it, s.policy, since, s.policy.day(s.command.recorded_at))
    except MissingValue:
        clause = s.policy.interest_days.on(today(s)).clause
        kept = tuple(credit for credit in it.credits if credit.through < since)
        first = _first_unknown(replace(it, credits=kept), s.policy, it.credits[-1].through + _DAY)
        yield Reason("deposits.rate-missing", clause, (("from", first),))


def _counts_from(s: Said) -> date:
    """The day from which on an entry counts; a reversal, as the payment that it reverses."""
    if isinstance(s.command, c.ReversePayment):
        return next((each.on for each in arrived(s.it) if each.number == s.command.number), today(s))
    return today(s)


def _first_unknown(it: DepositAccount, policy: DepositPolicy, day: date) -> date:
    """The first day before ``day`` without a rate: all interest up to the day before it can be worked out."""
    first = min(movement.on for movement in it.movements)
    begins = it.credits[-1].through + _DAY if it.credits else first
    days = range(begins.toordinal(), day.toordinal())
    return date.fromordinal(days[bisect_left(days, True, key=lambda each: _is_unknown(it, policy, each))])


def _is_unknown(it: DepositAccount, policy: DepositPolicy, day: int) -> bool:
    try:
        caught_up(it, policy, date.fromordinal(day) + _DAY, to_the_day=True)
    except MissingValue:
        return True
    return False


def year_over(s: Said) -> Iterator[Reason]:
    """The year is over, and something had moved by its end (SD-19)."""
    year, clause = s.command.year, s.policy.published_on.on(today(s)).clause
    if year >= today(s).year:
        yield Reason("deposits.year-not-over", clause, (("year", year),))
    if not any(movement.on.year <= year for movement in s.it.movements):
        yield Reason("deposits.nothing-to-publish", clause, (("year", year),))


def not_published(s: Said) -> Iterator[Reason]:
    """The statement of that year was not published before."""
    if s.command.year in s.it.published:
        yield Reason("deposits.year-published", None, (("year", s.command.year),))


# --- release ----------------------------------------------------------------------------------------


@chooser
def last_part(s: Said) -> bool:
    """No other part that has a share is left."""
    others = (part for name, part in s.it.parts.items() if name != s.command.part)
    return all(part.released_on is not None or not part.weight for part in others)


def to_release(s: Said) -> tuple[str, ...]:
    """The parts whose shares the command releases; with the last that has one, those that have none, too."""
    left = tuple(sorted(name for name, part in s.it.parts.items() if part.released_on is None))
    if isinstance(s.command, c.ReleasePart) and not last_part(s):
        return tuple(name for name in left if name == s.command.part)
    return left


def end_to_tell(s: Said) -> Iterator[Reason]:
    """The part's warranty is over, and that was not told yet (SD-20)."""
    part = _part(s)
    if part is None:
        return
    over = part.until is not None and today(s) >= part.until
    if not over or part.told or part.released_on is not None:
        yield Reason("deposits.no-end-to-tell", None, (("part", s.command.part),))


def warranty_over(s: Said) -> Iterator[Reason]:
    """The part's warranty is over (SD-20), or the longest keeping is, and ends it here (SD-35)."""
    part, day = _part(s), today(s)
    if part is None or part.until is None or day >= part.until or released_at_limit(s.it, s.policy, day):
        return
    clause = s.policy.release_days.on(day).clause
    facts = (("part", s.command.part), ("last", part.until - _DAY))
    yield Reason("deposits.warranty-running", clause, facts)


def requested(s: Said) -> Iterator[Reason]:
    """Where the days for a release count from a request, the developer made it."""
    rule, part = s.policy.release_since.on(today(s)), _part(s)
    if rule.value is ReleaseSince.REQUESTED and part is not None and part.requested_on is None:
        yield Reason("deposits.release-not-requested", rule.clause, (("part", s.command.part),))


def release_to_remind(s: Said) -> Iterator[Reason]:
    """The last day for the release has come, and nobody was reminded of it yet."""
    part = _part(s)
    if part is None:
        return
    last = release_by(part, s.policy)
    if last is None or today(s) < last or part.reminded or part.released_on is not None:
        yield Reason("deposits.no-release-to-remind", None, (("part", s.command.part),))


def no_serious_defect(s: Said) -> Iterator[Reason]:
    """No serious defect of what is released is unrepaired, where by the rulebook this holds it (SD-21)."""
    rule, parts = s.policy.serious_defect_holds.on(today(s)), to_release(s)
    for name, defect in sorted(s.it.defects.items()):
        if rule.value and defect.part in parts and defect.repaired_on is None:
            facts = (("defect", name), ("part", defect.part), ("what", defect.what))
            yield Reason("deposits.serious-defect", rule.clause, facts)


def no_open_claim(s: Said) -> Iterator[Reason]:
    """No claim on what is released is open, where the rulebook says that this holds it."""
    rule, parts = s.policy.open_claim_holds.on(today(s)), to_release(s)
    for name, claim in sorted(s.it.claims.items()):
        if rule.value and claim.part in parts and claim.open:
            yield Reason("deposits.claim-open", rule.clause, (("claim", name), ("part", claim.part)))


def performed_or_decided(s: Said) -> Iterator[Reason]:
    """The developer performed its duty; where the deposit was used instead, somebody decided so (SD-20)."""
    rule, parts = s.policy.released_if_performed.on(today(s)), to_release(s)
    if not rule.value or s.command.decision:
        return
    for name in parts:
        used = total((each.amount for each in _used(s.it) if each.part == name), s.it.target.currency)
        if used:
            facts = (("part", name), ("used", used))
            yield Reason("deposits.duty-not-performed", rule.clause, facts)


def _used(it: DepositAccount) -> list[Movement]:
    return [each for each in it.movements if each.kind is MovementKind.USED]


def budgets_stay_covered(s: Said) -> Iterator[Reason]:
    """After it the account still holds what is set aside for open claims and defects (SD-9, SD-21)."""
    try:
        it = credited(s)
    except MissingValue:  # rates_known says so
        return
    names, held = to_release(s), held_by_part(it)
    budgets = held_back(s, it, released=names)
    left = it.balance - total((held[name].held for name in names), it.target.currency)
    if left < budgets:
        yield Reason("deposits.budgets-uncovered", None, (("left", left), ("budgets", budgets)))


def limit_to_tell(s: Said) -> Iterator[Reason]:
    """The longest keeping is over, and that was not told yet (SD-18)."""
    last = kept_through(s.it, s.policy)
    if last is None or today(s) <= last or s.it.limit_told:
        yield Reason("deposits.no-limit-to-tell")


def limit_releases(s: Said) -> Iterator[Reason]:
    """By the rulebook all that is left goes back at the end of the longest keeping (SD-35)."""
    rule = s.policy.at_the_limit.on(today(s))
    if rule.value is not AtTheLimit.RELEASED:
        yield Reason("deposits.shares-stay", rule.clause)


def limit_reached(s: Said) -> Iterator[Reason]:
    """The longest keeping is over (SD-18)."""
    last, clause = kept_through(s.it, s.policy), s.policy.kept_at_most.on(today(s)).clause
    if last is None:
        yield Reason("deposits.no-limit", clause)
    elif today(s) <= last:
        yield Reason("deposits.limit-not-reached", clause, (("last", last),))


# --- the end ----------------------------------------------------------------------------------------


def on_the_list(s: Said) -> Iterator[Reason]:
    """It is on the list of what staff have to see to."""
    if s.command.code not in {reason.code for reason in s.it.attention}:
        yield Reason("deposits.not-on-the-list", None, (("code", s.command.code),))


def nothing_held(s: Said) -> Iterator[Reason]:
    """The account is empty."""
    if s.it.balance:
        yield Reason("deposits.still-held", None, (("held", s.it.balance),))


def no_claim_open(s: Said) -> Iterator[Reason]:
    """Every claim is settled."""
    for name, claim in sorted(s.it.claims.items()):
        if claim.open:
            yield Reason("deposits.claim-open", None, (("claim", name), ("part", claim.part)))


def no_surcharge_owed(s: Said) -> Iterator[Reason]:
    """All surcharge is paid; whoever lets go of it withdraws the order (SD-8)."""
    owed = surcharge_outstanding(s.it, s.policy, today(s))
    if owed > s.it.nothing:
        yield Reason("deposits.surcharge-owed", _surcharge_clause(s), (("owed", owed),))


def no_surcharge_overpaid(s: Said) -> Iterator[Reason]:
    """What was paid of the surcharge beyond what is owed went back (SD-8)."""
    too_much = surcharge_too_much(s, s.it)
    if too_much:
        yield Reason("deposits.surcharge-overpaid", _surcharge_clause(s), (("amount", too_much),))
