"""Other systems' fee cases in terms of the algebra: one function for each kind of case.

1. A translator takes the inputs of a case and gives all that the case may expect, by name. It knows
   the kind, never the case: what a peer's software does with every value of a field stands here.
2. Arithmetic is done by rules. ``charged`` works each one out in every form it has: evaluated,
   replayed, compiled, written as text and read back; they must all agree.
3. What becomes of a charge is done by postings, in ``Books``; after each one they must balance.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from servflow.core.dates import EndOfMonth, Period
from servflow.core.errors import InvalidValue
from servflow.core.fees import (
    Bracket,
    Cap,
    Charge,
    Count,
    Counting,
    DayCount,
    DayCountConvention,
    Days,
    Facts,
    Fixed,
    Flat,
    Floor,
    Given,
    Ladder,
    Less,
    MaxOf,
    Measure,
    MinOf,
    Minutes,
    OpenDays,
    OpenMinutes,
    Percent,
    PerUnit,
    Quantity,
    Reach,
    Rounded,
    Rule,
    Sum,
    Tiered,
    Tiering,
    When,
    Zero,
    evaluate,
    facts_read,
    missing,
    replay,
)
from servflow.core.fees.assessment import (
    Obligation,
    allocate,
    apply_payment,
    assess,
    open_items,
    posted_for,
    refund,
    refundable,
    room,
    settle,
)
from servflow.core.fees.compiled import compiled
from servflow.core.fees.text import parse, text_of
from servflow.core.ledger import Account, AccountKind, Posting, Settlement, settlement
from servflow.core.money import Money, Rounding, minor_digits, rounded, total
from servflow.core.worktime import Calendar, Hours

__all__ = ["TRANSLATORS", "differences"]

Inputs = Mapping[str, Any]
Outcome = dict[str, Any]

_CURRENCY: Final = "USD"  # the peers' tests state none; all of theirs have two digits
_NOTHING: Final = Money.of_minor(0, _CURRENCY)
_ONE: Final = Money.of_minor(1, _CURRENCY)
_TODAY: Final = date(2026, 6, 15)
_NOW: Final = datetime(2026, 6, 15, 12, tzinfo=UTC)


# --- what is expected, and what was found --------------------------------------------------------------


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What of ``expected`` is not so in ``found``; amounts and numbers are compared exactly."""
    tolerance = Fraction(expected.get("tolerance", 0))
    wrong = []
    for name, wanted in expected.items():
        if name == "tolerance":
            continue
        if name not in found:
            wrong.append(f"{name}: nothing is said of it")
        elif not _same(wanted, found[name], tolerance):
            wrong.append(f"{name}: expected {wanted!r}, found {found[name]!r}")
    return wrong


def _same(wanted: Any, found: Any, tolerance: Fraction) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and not differences(wanted, found)
    if isinstance(wanted, list):
        pairs = zip(wanted, found, strict=False)
        return len(wanted) == len(found) and all(_same(one, other, tolerance) for one, other in pairs)
    if isinstance(found, Money):
        found = Fraction(found.minor, 10 ** minor_digits(found.currency))
    if found is None or wanted is None or isinstance(found, (str, bool)) or isinstance(wanted, bool):
        return type(wanted) is type(found) and bool(wanted == found)
    return abs(Fraction(str(wanted)) - Fraction(found)) <= tolerance


# --- amounts and rules ---------------------------------------------------------------------------------


def _money(amount: str | None) -> Money:
    """An amount that is written as text; none at all is nothing."""
    return Money(amount or "0", _CURRENCY)


def _given(amount: Any) -> bool:
    """Whether there is an amount above nothing."""
    return amount is not None and Fraction(str(amount)) > 0


def _at(quantity: Measure, price: str) -> PerUnit:
    """``price`` for each unit, however many decimals it has."""
    exact = Fraction(price)
    return PerUnit(quantity, _money(str(exact.numerator)), per=exact.denominator)


def _bracket(after: Any, upto: Any, price: str) -> Bracket:
    exact = Fraction(price)
    end = None if upto is None else Fraction(upto)
    return Bracket(Fraction(after), end, _money(str(exact.numerator)), per=exact.denominator)


def charged(rule: Rule, facts: Facts, *calendars: Calendar) -> Charge:
    """What ``rule`` comes to, worked out in every form that it has."""
    if not rule.is_whole:
        rule = Rounded(rule, Rounding.HALF_UP)
    assert not missing(rule, facts), "the translator gives all that is read"
    made = evaluate(rule, facts)
    assert replay(made.derivation) == made.derivation.exact
    assert rule.bound is None or made.money <= rule.bound
    again = parse(text_of(rule), calendars={calendar.name: calendar for calendar in calendars})
    assert again == rule, text_of(rule)
    assert evaluate(again, facts) == made
    read = {name: facts.get(kind, name) for name, kind in facts_read(rule).items() if facts.has(kind, name)}
    assert compiled(rule)(**read) == made.money
    return made


def _amount(rule: Rule, facts: Facts, *calendars: Calendar) -> Fraction:
    """What ``rule`` comes to in the major unit, before it is rounded at the end."""
    unit: int = 10 ** minor_digits(rule.currency)
    return charged(rule, facts, *calendars).exact / unit


def _counted(quantity: Measure, facts: Facts, *calendars: Calendar) -> Fraction:
    """What ``quantity`` comes to."""
    return charged(PerUnit(quantity, _ONE), facts, *calendars).exact


# --- books ---------------------------------------------------------------------------------------------

_PATRON: Final = Account(AccountKind.RECEIVABLE, "patron")
_INCOME: Final = Account(AccountKind.INCOME, "library")
_CASH: Final = Account(AccountKind.CASH, "patron")
_BURSAR: Final = Account(AccountKind.PREPAYMENT, "bursar")
_FORGIVEN: Final = Account(AccountKind.WAIVED, "library")


@dataclass
class Books:
    """The postings of one patron."""

    postings: list[Posting] = field(default_factory=list)

    def of(self, *kinds: str) -> Settlement:
        """What became of what was charged for ``kinds``, or for all."""
        about = [posting for posting in self.postings if not kinds or posting.kind in kinds]
        found = settlement(about, _PATRON, _CURRENCY)
        assert found.conserved
        return found

    def balance(self, *kinds: str) -> Money:
        """What is owed; negative if we owe."""
        found = self.of(*kinds)
        return found.outstanding - found.credited

    def charge(self, kind: str, target: Money) -> Posting | None:
        """Brings what was charged for ``kind`` to ``target``; a second time, there is nothing to do."""
        obligation = self._obligation(kind)
        posting, posted = assess(obligation, target, posted_for(obligation, self.postings), _TODAY)
        if posting:
            self._post(posting)
        assert posted_for(obligation, self.postings) == (posted if posted.postings else None)
        assert assess(obligation, target, posted_for(obligation, self.postings), _TODAY)[0] is None
        return posting

    def pay(self, payment: Money, *kinds: str, source: Account = _CASH) -> Money:
        """Pays, the first of ``kinds`` first, and gives what was applied."""
        items = open_items(self.postings, _PATRON, _CURRENCY)
        applied = apply_payment({kind: rank for rank, kind in enumerate(kinds)}, items, payment)
        for item, part in applied.paid:
            self._settle(item.kind, source, part)
        paid = total((part for _, part in applied.paid), _CURRENCY)
        assert paid + applied.rest == payment
        return paid

    def waive(self, kind: str, amount: Money | None = None) -> Money:
        """Lets go of ``amount``, or of all that is outstanding, and gives what it was."""
        waived = self.of(kind).outstanding if amount is None else amount
        if waived:
            self._settle(kind, _FORGIVEN, waived)
        return waived

    def restore(self, kind: str) -> Money:
        """Takes back all that was let go of, and gives what it was."""
        waived = self.of(kind).waived
        if waived:
            self._post(
                Posting(
                    key=self._key(),
                    debit=_PATRON,
                    credit=_FORGIVEN,
                    amount=waived,
                    value_date=_TODAY,
                    subject="loan",
                    kind=kind,
                )
            )
        return waived

    def refund(self, kind: str, amount: Money | None = None) -> tuple[tuple[str, Money], ...]:
        """Gives back ``amount``, or all that was paid, cash first; by whom it goes to."""
        obligation = self._obligation(kind)
        paid = refundable(self.postings, obligation)
        amount = total(paid.values(), _CURRENCY) if amount is None else amount
        if not amount:
            return ()
        order = (AccountKind.CASH, AccountKind.PREPAYMENT)
        postings = refund(obligation, paid, amount, order, _TODAY, key=self._key())
        for posting in postings:
            self._post(posting)
        return tuple((posting.credit.owner, posting.amount) for posting in postings)

    def paid_from(self, source: Account, kind: str) -> Money:
        """What came from ``source`` for ``kind``, less what went back."""
        return refundable(self.postings, self._obligation(kind)).get(source, _NOTHING)

    def _settle(self, kind: str, source: Account, amount: Money) -> None:
        outstanding = self.of(kind).outstanding
        self._post(settle(self._obligation(kind), source, amount, outstanding, _TODAY, key=self._key()))

    def _obligation(self, kind: str) -> Obligation:
        return Obligation(subject="loan", kind=kind, debit=_PATRON, credit=_INCOME)

    def _key(self) -> str:
        return f"moved/{len(self.postings) + 1}"

    def _post(self, posting: Posting) -> None:
        assert posting.key not in {known.key for known in self.postings}
        self.postings.append(posting)
        self.of()


# --- Koha: overdue fines, suspensions, rentals ------------------------------------------------------------


def _accrual(case: Inputs) -> Outcome:
    """``CalcFine``: the grace is forgiveness (its default), no period or rate is no fine, a cap of 0 none."""
    unit = case.get("unit") or "day"
    overdue: Measure = Count("units_overdue", unit)
    days: dict[str, date] = {}
    counts: dict[str, int] = {}
    span = _span(case)
    if unit == "day" and span and case.get("units_overdue", span[2]) == span[2]:
        overdue, days = Days(), {"due": span[0], "end": span[1]}
    else:
        counts = {"units_overdue": case["units_overdue"]}
    grace = Fixed(case.get("grace") or 0, unit)
    rule: Rule = Zero(_CURRENCY)
    if _given(case.get("period")) and _given(case.get("rate")):
        counting = Counting.START if case.get("charge_at") == "start" else Counting.END
        rule = _at(overdue.cliff(grace).periods(case["period"], counting), case["rate"])
    if _given(case.get("cap")):
        rule = Cap(rule, Flat(_money(case["cap"])))
    if case.get("cap_to_item_price") and _given(case.get("item_price")):
        rule = Cap(rule, Given("item_price", _CURRENCY))
    if _given(case.get("account_cap")):
        left = room(_money(case["account_cap"]), _money(case.get("account_outstanding")))
        rule = Cap(rule, Flat(left))
    rule = When("exempt", Zero(_CURRENCY), otherwise=rule)
    facts = Facts(
        days=days,
        counts=counts,
        amounts={"item_price": _money(case.get("item_price"))},
        flags={"exempt": bool(case.get("exempt"))},
    )
    return {
        "amount": _amount(rule, facts),
        "units_minus_grace": _counted(overdue.deduct(grace), facts),
        "chargeable_units": _counted(overdue, facts),
    }


def _span(case: Inputs) -> tuple[date, date, int] | None:
    """When it was due and returned, and the days between, if the case says so."""
    if "due_days_ago" in case:
        due, returned = (_TODAY - timedelta(days=case[key]) for key in ("due_days_ago", "returned_days_ago"))
    elif case.get("due") and case.get("returned"):
        due, returned = (datetime.fromisoformat(case[key]).date() for key in ("due", "returned"))
    else:
        return None
    return due, returned, max((returned - due).days, 0)


def _suspension_days(case: Inputs) -> Outcome:
    """A suspension (借阅限制) is so many days for each period, parts of a period in proportion."""
    overdue: Measure = Count("days_overdue", "day")
    for allowance in ("closed_days", "grace"):
        overdue = overdue.deduct(Fixed(case.get(allowance) or 0, "day"))
    counts = {"days_overdue": case["days_overdue"]}
    if not case["days_per_period"]:
        return {"days": 0}
    ratio = Fraction(case["days_per_period"], case.get("period") or 1)
    suspended = overdue.converted(ratio, "suspension-day").rounded(Rounding.DOWN)
    if case.get("cap_days") is not None:
        suspended = suspended.at_most(Fixed(case["cap_days"], "suspension-day"))
    return {"days": _counted(suspended, Facts(counts=counts))}


def _per_unit(case: Inputs) -> Outcome:
    """A rental: so much for each unit; closed ones are free where the calendar counts."""
    unit = case["unit"]
    units: Measure = Count("units", unit)
    if case.get("calendar") not in {"ignoreCalendar", "itemtype calendar off"}:
        units = units.deduct(Count("closed_units", unit))
    counts = {"units": case["units"], "closed_units": case.get("closed_units") or 0}
    return {"amount": _amount(_at(units, case["rate"]), Facts(counts=counts))}


_ALL_DAY: Final[Hours] = ((time(), time()),)
_LONG_AGO: Final = MappingProxyType({date(1900, 1, 1): _ALL_DAY})
"""Peers have calendars without any opening; ours has at least one, so it lies where no case looks."""


def _open_days_between(case: Inputs) -> Outcome:
    """Days without the closed ones: weekdays, days of every year, single dates; some open all the same."""
    after, through = (datetime.fromisoformat(case[end]).date() for end in ("start", "end"))
    closed = {date.fromisoformat(day) for day in case.get("closed_dates") or ()}
    for year in range(after.year, through.year + 1):
        for day in case.get("closed_month_days") or ():
            month, number = map(int, day.split("-"))
            if (month, number) != (2, 29) or date(year, 3, 1) - date(year, 2, 28) > timedelta(days=1):
                closed.add(date(year, month, number))
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    open_on = [number for number, day in enumerate(weekdays) if day not in case.get("closed_weekdays", ())]
    exceptions: dict[date, Hours] = dict.fromkeys(closed, ())
    exceptions |= {date.fromisoformat(day): _ALL_DAY for day in case.get("open_exceptions") or ()}
    desk = Calendar(
        "desk", UTC, weekly=dict.fromkeys(open_on, _ALL_DAY), exceptions={**_LONG_AGO, **exceptions}
    )
    return {"days": _counted(OpenDays(desk), Facts(days={"due": after, "end": through}), desk)}


# --- Koha: what is posted on return -----------------------------------------------------------------------

_REFUNDING: Final = frozenset({"refund", "restore", "charge"})
_FINES: Final = ("overdue", "overdue-after-return")


def _return_sequence(case: Inputs) -> Outcome:
    """Overdue, perhaps paid, perhaps lost, then returned, perhaps on an earlier day than today."""
    books, out = Books(), Outcome()
    rule = _at(Days(), case["rate"]) if _given(case.get("rate")) else Zero(_CURRENCY)
    due = _TODAY - timedelta(days=case.get("due_days_ago") or 0)

    def fine(days_ago: int) -> Money:
        ends = _TODAY - timedelta(days=days_ago)
        return charged(rule, Facts(days={"due": due, "end": ends})).money

    before = case.get("fine_before", case.get("overdue_before"))
    books.charge("overdue", fine(0) if before is None else _money(before))
    out["overdue_fine"] = books.of("overdue").charged
    lost = case.get("lost_charge")
    if lost is not None:
        books.charge("lost", _money(lost))
        if case.get("overdue_forgiven_when_lost"):
            books.waive("overdue")
    out["balance_after_lost"] = books.balance()
    for payment in case.get("payments") or ():
        books.pay(_money(payment), "overdue", "lost")

    _take_back(books, case.get("policy"), fine(case.get("returned_days_ago") or 0), lost=lost is not None)
    if case.get("exempt"):
        for kind in _FINES:
            books.waive(kind)

    fines = books.of(*_FINES)
    lines = [books.of(kind) for kind in _FINES]
    return out | {
        "balance": books.balance(),
        "balance_after_return": books.balance(),
        "fine_lines": sum(bool(line.charged or line.paid or line.waived) for line in lines),
        "fine_amount": fines.charged,
        "fine_outstanding": fines.outstanding,
        "refund": -fines.credited if fines.credited else None,
        "overdue_outstanding": fines.outstanding,
        "lost_outstanding": books.of("lost").outstanding,
        "lost_amount": books.of("lost").charged,
    }


def _take_back(books: Books, policy: str | None, fine: Money, *, lost: bool) -> None:
    """What a return does: the fine is brought to what is due; for a lost item, only what the policy says."""
    if not lost:
        books.charge("overdue", fine)
        return
    _unlose(books, policy)
    if policy == "restore":
        books.restore("overdue")
    if policy == "charge":  # the old fine stays as it is, forgiven or not
        books.charge("overdue-after-return", fine)


def _unlose(books: Books, policy: str | None) -> None:
    """What was charged for a lost item is taken back, but not what was written off."""
    lost = books.of("lost")
    if policy in _REFUNDING:
        books.charge("lost", lost.waived)
    elif policy == "refund_unpaid":
        books.charge("lost", lost.waived + lost.paid)


def _forgive(case: Inputs) -> Outcome:
    """What is outstanding is let go of; where nothing is, nothing is posted."""
    books = Books()
    books.charge("overdue", _money(case["outstanding"]))
    waived = books.waive("overdue") if case.get("exempt") else _NOTHING
    return {"outstanding": books.of("overdue").outstanding, "credit": -waived if waived else None}


def _lost_found(case: Inputs) -> Outcome:
    """A lost item is found: its price is given back, but for what was written off; the handling is not."""
    books = Books()
    books.charge("lost", _money(case["lost_fee"]))
    books.charge("processing", _money(case.get("processing_fee")))
    books.charge("overdue", _money(case.get("overdue")))
    books.pay(_money(case.get("paid_lost")), "lost")
    books.pay(_money(case.get("paid_processing")), "processing")
    books.waive("lost", _money(case.get("written_off_lost")))
    rest = _money(case.get("written_off"))
    for kind in ("lost", "processing", "overdue"):
        rest -= books.waive(kind, min(rest, books.of(kind).outstanding))
    books.waive("overdue", _money(case.get("overdue_forgiven")))

    before = books.of("lost").charged
    found = not case.get("patron_deleted")  # nobody is there whose account could be looked at
    policy = case.get("policy") or "refund"
    if found:
        _unlose(books, policy)
    restored = books.restore("overdue") if found and policy == "restore" else _NOTHING
    given_back = before - books.of("lost").charged
    return {
        "refund": -given_back if given_back else None,
        "refund_unspent": -books.of("lost").credited,
        "refund_created": bool(given_back),
        "lost_outstanding": books.of("lost").outstanding,
        "overdue_outstanding": books.of("overdue").outstanding,
        "forgiveness_status": "VOID" if restored else None,
        "balance": books.balance(),
    }


def _lost_charge(case: Inputs) -> Outcome:
    """The item's own price, else the default one where that is allowed; nothing is no charge at all."""
    default = When("use_default", Given("default", _CURRENCY), otherwise=Zero(_CURRENCY))
    price = When("priced", Given("replacement_cost", _CURRENCY), otherwise=default)
    facts = Facts(
        amounts={
            "replacement_cost": _money(case.get("replacement_cost")),
            "default": _money(case.get("default_replacement_cost")),
            "processing": _money(case.get("processing_fee")),
        },
        flags={
            "priced": _given(case.get("replacement_cost")),
            "use_default": bool(case.get("use_default")),
        },
    )
    return {
        "lost": _amount(price, facts) or None,
        "processing": _amount(Given("processing", _CURRENCY), facts) or None,
    }


# --- FOLIO: by the minute ----------------------------------------------------------------------------------

_MINUTES: Final = MappingProxyType(
    {"minute": 1, "hour": 60, "day": 1440, "week": 10080, "month": 44640, "year": 525600}
)
"""Minutes of an interval; a month has 31 days there."""


def _unit(word: str) -> str:
    return word.lower().removesuffix("s")


def _begun(quantity: Measure, case: Inputs) -> Rule:
    """So much for each interval begun, at most the maximum; a maximum of 0 is none, none at all no fine."""
    if any(case.get(name) is None for name in ("rate", "interval", "max")):
        return Zero(_CURRENCY)
    length = case.get("interval_minutes") or _MINUTES[_unit(case["interval"])]
    rule: Rule = _at(quantity.periods(length, Counting.START), case["rate"])
    return Cap(rule, Flat(_money(case["max"]))) if _given(case["max"]) else rule


def _accrual_minutes(case: Inputs) -> Outcome:
    facts = Facts(counts={"overdue": case["overdue_minutes"]})
    return {"amount": _amount(_begun(Count("overdue", "minute"), case), facts)}


def _grace_minutes(case: Inputs) -> Outcome:
    """Grace is forgiveness; where the policy says so, a recalled item has none."""
    overdue: Measure = Count("overdue", "minute")
    facts = Facts(
        counts={"overdue": case["overdue_minutes"]},
        flags={"without_grace": bool(case.get("recalled") and case.get("ignore_grace_for_recall"))},
    )
    after_grace = overdue
    if case.get("grace") is not None and case.get("grace_unit") is not None:
        unit = _unit(case["grace_unit"])
        grace: Measure = Fixed(case["grace"], unit)
        if unit in _MINUTES and unit != "minute":
            grace = grace.converted(_MINUTES[unit], "minute")
        after_grace = overdue.cliff(grace)  # which refuses another unit than minutes
    rule = When("without_grace", PerUnit(overdue, _ONE), otherwise=PerUnit(after_grace, _ONE))
    return {"minutes": charged(rule, facts).exact}


def _clock(written: str) -> time:
    return time() if written.startswith("24:") else time.fromisoformat(written)


def _desks(openings: Sequence[Inputs]) -> list[Calendar]:
    """A calendar for each zone; an hour without a begin or an end is none."""
    desks = []
    zones = sorted({each.get("tz") or "UTC" for each in openings}) or ["UTC"]
    for zone in zones:
        exceptions: dict[date, Hours] = dict(_LONG_AGO)
        for each in openings:
            if (each.get("tz") or "UTC") == zone and each.get("open", True):
                hours = tuple(
                    (_clock(begins), _clock(ends))
                    for begins, ends in each.get("hours") or ()
                    if begins and ends
                )
                day = date.fromisoformat(each["date"])
                exceptions[day] = tuple(sorted((*exceptions.get(day, ()), *hours)))
        desks.append(Calendar(f"openings {zone}", ZoneInfo(zone), weekly={}, exceptions=exceptions))
    return desks


def _open_for(case: Inputs) -> tuple[Measure, Facts, list[Calendar]]:
    """The minutes within the openings, and what they are counted from."""
    desks = _desks(case.get("openings") or ())
    instants = {
        name: datetime.fromisoformat(case[key]) for name, key in (("due_at", "due"), ("end_at", "returned"))
    }
    first, *others = (OpenMinutes(desk) for desk in desks)
    minutes: Measure = first
    for other in others:
        minutes += other
    return minutes, Facts(instants=instants), desks


def _open_minutes(case: Inputs) -> Outcome:
    minutes, facts, desks = _open_for(case)
    return {"minutes": _counted(minutes.rounded(Rounding.DOWN), facts, *desks)}


def _open_fine(case: Inputs) -> Outcome:
    """The same fine by minutes, over opening hours only or over all of them."""
    minutes, facts, desks = _open_for(case)
    quantity = Minutes() if case.get("count_closed") else minutes
    return {"amount": _amount(_begun(quantity, case), facts, *desks)}


# --- FOLIO: refunds, payments, splits ------------------------------------------------------------------------


def _moved(at: datetime, sign: int, number: int, unit: str) -> datetime:
    """``at``, so many units earlier or later; months are calendar months."""
    unit = _unit(unit)
    months = {"month": 1, "year": 12}.get(unit)
    if months is None or not number:
        return at + sign * number * timedelta(**{f"{unit}s": 1})
    period = Period(months=number * months)
    move = period.after if sign > 0 else period.before
    return datetime.combine(move(at.date(), EndOfMonth.CLAMP), at.timetz())


def _is_kept(until_at: datetime | None) -> bool:
    """Whether a fee is kept if the item comes back now: it is, once the window has passed."""
    fee = Flat(Money(1, _CURRENCY))
    if until_at is None:  # a window without end
        return bool(charged(Zero(_CURRENCY), Facts()).money)
    over = Minutes(after="until_at", through="returned_at")
    kept = Ladder(over, ((0, fee.money),), Reach.ABOVE)
    instants = {"until_at": until_at, "returned_at": _NOW}
    return bool(charged(kept, Facts(instants=instants)).money)


def _refund_window(case: Inputs) -> Outcome:
    """Lost fees are given back up to the end of the window, that instant included."""
    lost_at = _NOW
    for sign, number, unit in re.findall(r"([+-]?) ?(\d+) (\w+)", case["lost_age"]):
        lost_at = _moved(lost_at, 1 if sign == "-" else -1, int(number), unit)
    window = case.get("window")
    until_at = None if window is None else _moved(lost_at, 1, window, case["unit"])
    return {"refund": not _is_kept(until_at)}


def _lost_resolution(case: Inputs) -> Outcome:
    """A lost item comes back: what was paid is given back and the fees cancelled, within the window."""
    books, out = Books(), Outcome()
    lost_at = _moved(_NOW, -1, case.get("returned_after_minutes") or 0, "minute")
    window = case.get("refund_window_minutes")
    kept = _is_kept(None if window is None else _moved(lost_at, 1, window, "minute"))
    for kind in ("item", "processing"):
        if not _given(case.get(f"{kind}_fee")):
            continue
        fee = _money(case[f"{kind}_fee"])
        books.charge(kind, fee)
        books.pay(_money(case.get(f"transferred_{kind}")), kind, source=_BURSAR)
        books.pay(_money(case.get(f"paid_{kind}")), kind)
        if not kept and (kind == "item" or case.get("refund_processing", True)):
            books.refund(kind)
            books.charge(kind, _NOTHING)
        remaining = books.of(kind).outstanding
        out[kind] = {
            "amount": fee,
            "remaining": remaining,
            "status": "Open" if remaining else "Closed",
            "how": _how(books, kind),
        }
    return out


def _how(books: Books, kind: str) -> str:
    found = books.of(kind)
    if not found.charged:
        return "cancelled"
    word = "transferred" if books.paid_from(_BURSAR, kind) else "paid"
    if not found.paid:
        return "outstanding"
    return f"{word} {'partially' if found.outstanding else 'fully'}"


def _aged_to_lost_charge(case: Inputs) -> Outcome:
    """However often the job runs, each fee is charged once."""
    books, out = Books(), Outcome()
    for _ in range(case.get("runs", 1)):
        books.charge("item", _money(case.get("set_cost")))
        books.charge("processing", _money(case.get("processing_fee")))
    for kind in ("item", "processing"):
        out[kind] = books.of(kind).charged or None
        out[f"{kind}_fee_lines"] = sum(posting.kind == kind for posting in books.postings)
    return out


def _pay_rounded(case: Inputs) -> Outcome:
    """Amounts with too many decimals become money first, and are paid then."""
    books = Books()
    balance, payment = (
        rounded(Fraction(case[name]) * 100, _CURRENCY, Rounding.HALF_EVEN) for name in ("balance", "payment")
    )
    books.charge("fee", balance)
    return {"applied": books.pay(payment, "fee"), "remaining": books.of("fee").outstanding}


def _shares(whole: str, limits: Sequence[str]) -> list[Money]:
    """In equal parts, none above its limit; in the order of the limits."""
    limited = {f"{place:06}": _money(limit) for place, limit in enumerate(limits)}
    shares = allocate(_money(whole), dict.fromkeys(limited, 1), limits=limited)
    assert total(shares.values(), _CURRENCY) == _money(whole)
    return [shares[key] for key in limited]


def _split_evenly(case: Inputs) -> Outcome:
    parts = _shares(case["total"], case["limits"])
    return {"parts": parts, "parts_multiset": sorted(parts)}


def _refund_split(case: Inputs) -> Outcome:
    return {"parts": _shares(case["total"], case["refundable"])}


def _refund(case: Inputs) -> Outcome:
    """What was paid goes back before what was transferred; what was waived never does."""
    books = Books()
    books.charge("fee", _money(case["initial"]))
    books.pay(_money(case.get("paid")), "fee")
    books.waive("fee", _money(case.get("waived")))
    books.pay(_money(case.get("transferred")), "fee", source=_BURSAR)
    refunds = books.refund("fee", _money(case["refund"]))
    return {"refunds": [list(each) for each in refunds], "remaining": books.of("fee").outstanding}


# --- Evergreen -----------------------------------------------------------------------------------------------


def _bill_count(case: Inputs) -> Outcome:
    """A bill for each day overdue that is begun and not closed."""
    checkout = _TODAY - timedelta(days=case["moved_back_days"])
    due = checkout + timedelta(days=case["loan_days"])
    bills = Days().deduct(Fixed(case.get("closed_days") or 0, "day")).periods(1, Counting.START)
    facts = Facts(days={"due": due, "end": _TODAY})
    return {"bills": _counted(bills, facts), "days_overdue": _counted(Days(), facts)}


def _negative_balance(case: Inputs) -> Outcome:
    """Bills are taken back; where a negative balance is prohibited, no further than what was paid."""
    charges, event = case["charges"], case["event"]
    voided = "overdue" if event.startswith("amnesty") else "lost"
    left: Rule = Given("overdue" if voided == "lost" else "lost", _CURRENCY)
    if "restored" in event:
        restored = case.get("max_fine") or charges.get("overdue_voided_when_lost")
        left = MaxOf((left, Flat(_money(restored))))
    target = When("prohibited", Floor(left, Given("paid", _CURRENCY)), otherwise=left)

    books = Books()
    books.charge("bill", _money(charges.get("lost")) + _money(charges.get("overdue")))
    amounts = {
        "lost": _money(charges.get("lost")),
        "overdue": _money(charges.get("overdue")),
        "paid": books.pay(_money(case.get("paid")), "bill"),
    }
    prohibited = bool({voided, "default"} & set(case.get("prohibit_negative") or ()))
    facts = Facts(amounts=amounts, flags={"prohibited": prohibited})
    books.charge("bill", charged(target, facts).money)
    return {"balance": books.balance()}


def _item_value(case: Inputs) -> Outcome:
    """The first field, else the second if there is one, else the default; 0 is a value unless it is said not."""

    def counts(value: str | None) -> bool:
        return value is not None and (_given(value) or not case.get("charge_on_zero"))

    primary = case.get(case.get("primary") or "price")
    secondary = case.get(case["secondary"]) if case.get("secondary") else None
    default = Given("default", _CURRENCY)
    value = When("secondary_counts", Given("secondary", _CURRENCY), otherwise=default)
    value = When("primary_counts", Given("primary", _CURRENCY), otherwise=value)
    facts = Facts(
        amounts={
            "primary": _money(primary),
            "secondary": _money(secondary),
            "default": _money(case.get("default_price")),
        },
        flags={"primary_counts": counts(primary), "secondary_counts": counts(secondary)},
    )
    return {"value": _amount(value, facts)}


# --- RERO, OpenFisca, unitysvc: brackets ----------------------------------------------------------------------


def _tiers(tiers: Sequence[Sequence[str | None]]) -> tuple[Bracket, ...]:
    """Days from and to, both included; what lies in no tier is free, which the algebra wants said."""
    brackets: list[Bracket] = []
    place: int | None = 0
    for first, last, fee in sorted(tiers, key=lambda tier: int(tier[0] or 1)):
        begins = int(first or 1) - 1
        if place is not None and begins > place:
            brackets.append(_bracket(place, begins, "0"))
        brackets.append(_bracket(begins, last, fee or "0"))
        place = None if last is None else int(last)
    if place is not None:
        brackets.append(_bracket(place, None, "0"))
    return tuple(brackets)


def _tiered_days(case: Inputs) -> Outcome:
    overdue = Count("open_days_overdue", "open-day")
    rule: Rule = Tiered(overdue, _tiers(case["tiers"]), Tiering.GRADUATED)
    if case.get("max_total") is not None:
        rule = Cap(rule, Flat(_money(case["max_total"])))
    return {"amount": _amount(rule, Facts(counts={"open_days_overdue": case["open_days_overdue"]}))}


def _tier_table_valid(case: Inputs) -> Outcome:
    """Tiers that overlap, or two without an end, are refused."""
    try:
        Tiered(Count("open_days_overdue", "open-day"), _tiers(case["tiers"]), Tiering.GRADUATED)
    except InvalidValue:
        return {"valid": False}
    return {"valid": True}


def _base(case: Inputs) -> tuple[Measure, Facts]:
    return Quantity("base", "unit"), Facts(quantities={"base": Fraction(case["base"])})


def _thresholds(case: Inputs) -> Iterator[tuple[Fraction, Fraction | None, str]]:
    """From, up to, and the value, in order."""
    brackets = sorted(((Fraction(begins), value) for begins, value in case["brackets"]), key=lambda b: b[0])
    ends: list[Fraction | None] = [begins for begins, _ in brackets[1:]]
    for (begins, value), end in zip(brackets, [*ends, None], strict=True):
        yield begins, end, value


def _marginal_rate(case: Inputs) -> Outcome:
    """Each part at its rate; with decimals, each part and each product is rounded on its own."""
    base, facts = _base(case)
    decimals = case.get("round_decimals")
    if decimals is None:
        brackets = [_bracket(*each) for each in _thresholds(case)]
        if brackets[0].begins:
            brackets.insert(0, _bracket(0, brackets[0].begins, "0"))
        amount = _amount(Tiered(base, tuple(brackets), Tiering.GRADUATED), facts)
        if all(
            (Fraction(n) * 10**4).denominator == 1 for n in (case["base"], *(b for b, _ in case["brackets"]))
        ):
            assert amount == _amount(*_marginal_rate_of_money(case))
        return {"amount": amount}
    parts = []
    for begins, ends, rate in _thresholds(case):
        part = base.deduct(Fixed(begins, "unit"))
        if ends is not None:
            part = part.at_most(Fixed(ends - begins, "unit"))
        part = part.rounded(Rounding.HALF_EVEN, Fraction(1, 10**decimals))
        exact = Fraction(rate)
        # in a currency with four digits, so that up to four decimals are a step of whole minor units
        product = PerUnit(part, Money(exact.numerator, "CLF"), per=exact.denominator)
        parts.append(Rounded(product, Rounding.HALF_EVEN, step=10 ** (4 - decimals)))
    return {"amount": _amount(Sum(tuple(parts)), facts)}


def _marginal_rate_of_money(case: Inputs) -> tuple[Rule, Facts]:
    """The same as parts of an amount of money, in a currency with four digits."""
    currency = "CLF"

    def money(exact: Fraction) -> Money:
        return rounded(exact * 10 ** minor_digits(currency), currency, Rounding.HALF_EVEN)

    brackets = [
        Bracket(money(begins), None if ends is None else money(ends), Fraction(rate))
        for begins, ends, rate in _thresholds(case)
    ]
    if brackets[0].begins:
        brackets.insert(0, Bracket(Money(0, currency), brackets[0].after, 0))
    rule = Tiered(Given("base", currency), tuple(brackets), Tiering.GRADUATED)
    return rule, Facts(amounts={"base": Money(case["base"], currency)})


def _marginal_amount(case: Inputs) -> Outcome:
    """The amounts of all brackets that the base reaches above, added up."""
    base, facts = _base(case)
    steps = [Ladder(base, ((begins, _money(value)),), Reach.ABOVE) for begins, _, value in _thresholds(case)]
    return {"amount": _amount(Sum(tuple(steps)), facts)}


def _single_amount(case: Inputs) -> Outcome:
    """The amount of the highest bracket reached, from its threshold on unless the right end belongs to it."""
    base, facts = _base(case)
    steps = tuple((begins, _money(value)) for begins, _, value in _thresholds(case))
    reach = Reach.ABOVE if case.get("right") else Reach.FROM
    return {"amount": _amount(Ladder(base, steps, reach), facts)}


def _upto(case: Inputs) -> Iterator[tuple[Fraction, Fraction | None, str]]:
    """Tiers that say where they end, as from, up to, and the price."""
    begins = Fraction()
    for end, price in sorted(case["tiers"], key=lambda tier: (tier[0] is None, Fraction(tier[0] or 0))):
        upto = None if end is None else Fraction(end)
        yield begins, upto, price
        begins = upto or begins


def _units(case: Inputs) -> tuple[Measure, Facts]:
    return Quantity("units", "unit"), Facts(quantities={"units": Fraction(str(case["units"]))})


def _graduated(case: Inputs) -> Outcome:
    units, facts = _units(case)
    brackets = tuple(_bracket(*each) for each in _upto(case))
    return {"amount": _amount(Tiered(units, brackets, Tiering.GRADUATED), facts)}


def _tier_price(case: Inputs) -> tuple[Rule, Facts]:
    """One price for all, that of the tier; up to its end included, and the first one from 0 on."""
    units, facts = _units(case)
    # a ladder that is reached above its threshold does not reach 0: it counts one unit more
    steps = tuple((begins + 1 if begins else begins, _money(price)) for begins, _, price in _upto(case))
    return Ladder(units + Fixed(1, "unit"), steps, Reach.ABOVE), facts


def _volume_tier_flat(case: Inputs) -> Outcome:
    return {"amount": _amount(*_tier_price(case))}


def _sum_of_volume_and_flat(case: Inputs) -> Outcome:
    price, facts = _tier_price(case)
    return {"amount": _amount(Sum((price, Flat(_money(case["flat"])))), facts)}


def _scaled_volume(case: Inputs) -> Outcome:
    price, facts = _tier_price(case)
    return {"amount": _amount(Percent(price, Fraction(case["factor"])), facts)}


# --- Catala and QuantLib: money, months, years ------------------------------------------------------------------

_MODES: Final = MappingProxyType(
    {
        "half_even": Rounding.HALF_EVEN,
        "half_up": Rounding.HALF_UP,
        "half_away_from_zero": Rounding.HALF_UP,
        "up": Rounding.UP,
        "down": Rounding.DOWN,
    }
)
_WITH_DIGITS: Final = MappingProxyType({0: "JPY", 2: "USD", 3: "KWD", 4: "CLF"})


def _round(case: Inputs) -> Outcome:
    """An amount with too many decimals becomes money; what is charged is never negative, money may be."""
    mode, currency = _MODES[case["mode"]], _WITH_DIGITS[case["digits"]]
    value = Fraction(case["value"])
    money = rounded(value * 10 ** case["digits"], currency, mode)
    rule = Rounded(PerUnit(Quantity("value", "unit"), Money(1, currency)), mode)
    assert abs(money) == charged(rule, Facts(quantities={"value": abs(value)})).money
    return {"value": str(money.amount)}


def _money_op(case: Inputs) -> Outcome:
    amount, bound = Given("amount", _CURRENCY), Given("bound", _CURRENCY)
    rules: dict[str, Rule] = {
        "cap": Cap(amount, bound),
        "floor": Floor(amount, bound),
        "in_excess": Less(amount, bound),
        "in_default": Less(bound, amount),
        "min": MinOf((amount, bound)),
        "max": MaxOf((amount, bound)),
    }
    facts = Facts(amounts={name: _money(case[name]) for name in ("amount", "bound")})
    return {"amount": _amount(rules[case["op"]], facts)}


def _ratio_percent(case: Inputs) -> Outcome:
    """A part of a percentage of an amount, exact until the end."""
    part = Percent(Given("base", _CURRENCY), Fraction(case["numerator"]) / Fraction(case["denominator"]))
    rule = Rounded(Percent(part, Fraction(case["percent"]) / 100), Rounding.HALF_UP)
    return {"amount": charged(rule, Facts(amounts={"base": _money(case["base"])})).money}


def _date_add_ambiguous(case: Inputs) -> Outcome:
    """Months from a day that the target month lacks: forward, back, or refused where neither is said."""
    day = date.fromisoformat(case["date"])
    months = case.get("years", 0) * 12 + case.get("months", 0)
    days = case.get("days", 0)

    def moved(**how: EndOfMonth) -> str:
        period = Period(months=abs(months), days=abs(days))
        backwards = months < 0 or days < 0
        return (period.before if backwards else period.after)(day, **how).isoformat()

    try:
        without = moved()
    except TypeError:
        without = "error"
    return {
        "round_up": moved(end_of_month=EndOfMonth.NEXT),
        "round_down": moved(end_of_month=EndOfMonth.CLAMP),
        "no_mode": without,
    }


_CONVENTIONS: Final = MappingProxyType(
    {
        "ACT/ACT ISDA": DayCountConvention.ACT_ACT_ISDA,
        "ACT/365F": DayCountConvention.ACT_365F,
        "ACT/360": DayCountConvention.ACT_360,
        "30E/360 Eurobond": DayCountConvention.E30_360,
        "30/360 Bond Basis": DayCountConvention.B30_360,
        "30/360 US": DayCountConvention.U30_360,
        "30/365": DayCountConvention.E30_365,
    }
)


def _year(case: Inputs) -> tuple[DayCountConvention, Facts]:
    days = {"due": date.fromisoformat(case["start"]), "end": date.fromisoformat(case["end"])}
    return _CONVENTIONS[case["convention"]], Facts(days=days)


def _year_fraction(case: Inputs) -> Outcome:
    convention, facts = _year(case)
    return {"fraction": _counted(DayCount(convention), facts)}


def _day_count(case: Inputs) -> Outcome:
    """Days are parts of the convention's year, so many of which it has; ACT/ACT counts calendar days."""
    convention, facts = _year(case)
    if convention is DayCountConvention.ACT_ACT_ISDA:
        return {"days": _counted(Days(), facts)}
    return {"days": _counted(DayCount(convention).converted(convention.year, "day"), facts)}


TRANSLATORS: Final[Mapping[str, Callable[[Inputs], Outcome]]] = MappingProxyType(
    {
        "accrual": _accrual,
        "return_sequence": _return_sequence,
        "forgive": _forgive,
        "lost_found": _lost_found,
        "lost_charge": _lost_charge,
        "per_unit": _per_unit,
        "open_days_between": _open_days_between,
        "suspension_days": _suspension_days,
        "accrual_minutes": _accrual_minutes,
        "open_minutes": _open_minutes,
        "grace_minutes": _grace_minutes,
        "open_fine": _open_fine,
        "refund_window": _refund_window,
        "lost_resolution": _lost_resolution,
        "aged_to_lost_charge": _aged_to_lost_charge,
        "round": _round,
        "pay_rounded": _pay_rounded,
        "split_evenly": _split_evenly,
        "refund": _refund,
        "refund_split": _refund_split,
        "bill_count": _bill_count,
        "negative_balance": _negative_balance,
        "item_value": _item_value,
        "tiered_days": _tiered_days,
        "tier_table_valid": _tier_table_valid,
        "marginal_rate": _marginal_rate,
        "marginal_amount": _marginal_amount,
        "single_amount": _single_amount,
        "graduated": _graduated,
        "volume_tier_flat": _volume_tier_flat,
        "sum_of_volume_and_flat": _sum_of_volume_and_flat,
        "scaled_volume": _scaled_volume,
        "money_op": _money_op,
        "ratio_percent": _ratio_percent,
        "date_add_ambiguous": _date_add_ambiguous,
        "year_fraction": _year_fraction,
        "day_count": _day_count,
    }
)
"""By kind: what gives the outcome of a case of that kind."""
