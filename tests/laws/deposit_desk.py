"""An authority's desk of warranty deposits without a storage: rules as in Shandong, builders, who speaks.

``policy`` and ``account`` make values for tests of what only works something out; a ``DepositDesk`` decides commands
one after the other and remembers what became of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime, time
from functools import cache
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Message, Office
from servflow.core.citations import PRACTICE, Clause, Dated, Reason
from servflow.core.dates import MonthDay, Period
from servflow.core.deposits import Claimants, DepositPolicy, PartShare, PartWarranty, Season, parse_length
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import (
    Approval,
    Building,
    DepositAccount,
    Ground,
    Part,
    account_key,
)
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.assessing import assessed
from servflow.core.deposits.interest import with_movement
from servflow.core.deposits.policy import DEPOSIT, INTEREST, SURCHARGE
from servflow.core.deposits.words import (
    AtTheLimit,
    KeptSince,
    NoticeSince,
    Origin,
    PartKind,
    Payee,
    ReleaseSince,
)
from servflow.core.errors import Refused
from servflow.core.fees import Rule
from servflow.core.fees.text import parse
from servflow.core.ledger import Account, AccountKind, Posting, balance
from servflow.core.lifecycle import Lifecycles, check, decide
from servflow.core.money import Money
from servflow.core.worktime import Calendar

__all__ = [
    "ACCOUNT",
    "APPROVERS",
    "ASSESSED_ON",
    "AUTHORITY",
    "BANK",
    "CLOCK",
    "COMMITTEE",
    "COST",
    "DEPARTMENT",
    "DEVELOPER",
    "MANAGER",
    "OURS",
    "PARTS",
    "PROGRAM",
    "SUPERVISOR",
    "ZONE",
    "DepositDesk",
    "account",
    "approved",
    "building",
    "cny",
    "fees",
    "policy",
    "said",
]

ZONE: Final = ZoneInfo("Asia/Shanghai")
OURS: Final = "authority"
"""The reference of the authority that keeps the deposits."""
ACCOUNT: Final = "building-1"
"""The id of the account that tests speak to, where they do not say otherwise."""
ASSESSED_ON: Final = date(2026, 1, 5)

AUTHORITY: Final = Actor("clerk", OURS, Office.STAFF)
PROGRAM: Final = Actor("policy", OURS, Office.SYSTEM)
CLOCK: Final = Actor("clock", OURS, Office.CLOCK)
DEVELOPER: Final = Actor("developer-clerk", "developer", Office.STAFF)
SUPERVISOR: Final = Actor("supervisor-clerk", "supervisor", Office.STAFF)
BANK: Final = Actor("teller", "bank", Office.STAFF)
MANAGER: Final = Actor("manager-clerk", "property-manager", Office.STAFF)
COMMITTEE: Final = Actor("committee-secretary", "committee", Office.STAFF)
DEPARTMENT: Final = Actor("registrar", "land-office", Office.STAFF, ("department",))

PARTS: Final = (
    "foundation-and-structure",
    "roof-waterproofing",
    "leakage",
    "outer-wall-insulation",
    "heating",
    "cooling",
    "installations",
    "decoration",
)
"""The parts of a building; each has one weight."""
APPROVERS: Final = ("property-authority", "development-authority")


def cny(amount: int | str) -> Money:
    """An amount of yuan."""
    return Money(amount, "CNY")


COST: Final = cny(120_000_000)
"""What the building of the tests cost: its deposit is 6,000,000 as a high-rise."""


# --- the rules --------------------------------------------------------------------------------------

_BASE: Final = (
    "when(average_cost_fixed, scale(given(average_cost, CNY), quantity(floor_area, square-metre)),"
    " given(cost, CNY))"
)


def _approved(ground: str, inner: str) -> str:
    flags = [f"{ground}_approved_by_{each.replace('-', '_')}" for each in APPROVERS]
    return f"when({flags[0]}, when({flags[1]}, {inner}, zero(CNY)), zero(CNY))"


def _graded(clause: str, word: str, percents: Mapping[str, int]) -> str:
    cases = (f'"{grade}": percent(rule(base), {points}%)' for grade, points in percents.items())
    return f'under("{clause}", choose({word}, [{", ".join(cases)}]))'


@cache
def _fees() -> Mapping[str, Rule]:
    named: dict[str, Rule] = {}

    def rule(name: str, text: str) -> Rule:
        named[name] = parse(text, named=named)
        return named[name]

    rule("base", _BASE)
    types = {"low_rise": 3, "multi_storey": 3, "small_high_rise": 4, "high_rise": 5}
    rule("standard", _graded("SD-1 8", "building_type", types))
    performance = _graded("SD-28 9(2)", "performance", {"1A": 1, "2A": 2, "3A": 3})
    award = _graded("SD-28 9(3)", "award", {"city": 1, "provincial": 2, "national": 3})
    points = "cap(scale(percent(rule(base), 1%), quantity(systems_points, point)), percent(rule(base), 1%))"
    rule(
        "reductions",
        'under("SD-27 9", sum('
        + ", ".join(
            (
                _approved("performance", f"when(performance_finally_reviewed, {performance}, zero(CNY))"),
                _approved("award", f"when(award_won, {award}, zero(CNY))"),
                _approved("systems", f'under("SD-3 9(4)", when(systems_sound, {points}, zero(CNY)))'),
            )
        )
        + "))",
    )
    rule("least", 'under("SD-4 9", percent(rule(base), 1%))')
    rule("reduced", "floor(less(rule(standard), rule(reductions)), rule(least))")
    insured = (
        "when(insurance_approved_by_property_authority, when(insurance_approved_by_development_authority,"
        ' when(insurance_insured, under("SD-2 9(1)", zero(CNY)), rule(reduced)), rule(reduced)), rule(reduced))'
    )
    deposit = rule(DEPOSIT, f"rounded({insured}, half_up)")
    surcharge = rule(
        SURCHARGE,
        'rounded(cap(over_balance(unpaid, under("SD-8 16", scale(percent(given(unpaid, CNY), 0.3%),'
        " days(ordered_by, end))), ordered_by, end), given(most_unpaid, CNY)), half_up)",
    )
    rates = {"2010-09-15": "0.36%", "2011-02-09": "0.40%", "2012-07-06": "0.35%"}
    versions = ", ".join(
        f"{day}: scale(percent(given(balance, CNY), {rate}), years(act_360, after, through))"
        for day, rate in rates.items()
    )
    interest = rule(
        INTEREST,
        f"rounded(over_balance(balance, segmented(after, through, [{versions}]), after, through), half_up)",
    )
    return {DEPOSIT: deposit, SURCHARGE: surcharge, INTEREST: interest}


def fees(**changes: Rule | str | None) -> dict[str, Rule]:
    """The fee rules by name, some changed: another rule, its text, or ``None`` for none."""
    found: dict[str, Rule | None] = {**_fees()}
    for name, change in changes.items():
        found[name] = parse(change) if isinstance(change, str) else change
    return {name: rule for name, rule in found.items() if rule is not None}


def _values() -> dict[str, tuple[Any, str]]:
    month_days = tuple(map(MonthDay.parse, ("03-20", "06-20", "09-20", "12-20")))
    lengths = (
        "design life",
        "5 years",
        "5 years",
        "5 years",
        "2 heating seasons",
        "2 cooling seasons",
        "2 years",
        "2 years",
    )
    warranties = tuple(
        PartWarranty(part=part, least=parse_length(length))
        for part, length in zip(PARTS, lengths, strict=True)
    )
    claimants = (
        Claimants(parts=PartKind.PRIVATE, by=("owner",)),
        Claimants(parts=PartKind.COMMON, by=("property-manager", "owners-committee"), committee=True),
        Claimants(
            parts=PartKind.COMMON,
            by=("property-manager", "owners-representative"),
            jointly=True,
            committee=False,
        ),
    )
    return {
        "scope": (("new", "for-sale"), "SD-22"),
        "reduction_grounds": (("insurance", "performance", "award", "systems"), "SD-3"),
        "approvals": (APPROVERS, "SD-27"),
        "review_days": (7, "SD-5"),
        "origins": ((Origin.DEVELOPER, Origin.PRESALE_FUNDS), "SD-6"),
        "retained_money_turned_over": (True, "SD-26"),
        "presale_in_one_sum": (True, "SD-30"),
        "receipt_numbered": (True, "SD-7"),
        "paid_before_handover": (True, "SD-7"),
        "paid_before_registration": (True, "SD-31"),
        "default_reported": (True, "SD-32"),
        "surcharge_on_day_of_payment": (True, "SD-8"),
        "warranties": (warranties, "SD-10"),
        "least_terms_bind": (True, "SD-33"),
        "first_day_counts": (False, "SD-10"),
        "seasons": (
            (
                Season(name="heating", begins=MonthDay(11, 15), ends=MonthDay(3, 15)),
                Season(name="cooling", begins=MonthDay(6, 1), ends=MonthDay(9, 30)),
            ),
            PRACTICE.id,
        ),
        "season_under_way_counts": (False, "SD-10"),
        "shares": (tuple(PartShare(part=part, weight=1) for part in PARTS), PRACTICE.id),
        "claimants": (claimants, "SD-12"),
        "common_parts": (
            ("foundation-and-structure", "roof-waterproofing", "outer-wall-insulation"),
            "SD-12",
        ),
        "grounds_of_use": (("not-performed", "unable"), "SD-9"),
        "developer_heard": (True, "SD-13"),
        "disputes_tested": (True, "SD-15"),
        "exclusions": (
            (
                "misuse",
                "unauthorised-alteration",
                "improper-decoration",
                "not-built-by-developer",
                "force-majeure",
            ),
            "SD-11",
        ),
        "emergencies": (("structural-safety", "use-impaired"), "SD-16"),
        "emergency_claimants": (("owner", "property-manager"), "SD-16"),
        "repairers": (("property-manager", "contractor"), "SD-34"),
        "qualified_repairers": (("contractor",), "SD-34"),
        "cost_list_signed": (True, "SD-13"),
        "payees": (tuple(Payee), "SD-14"),
        "pay_out_days": (20, "SD-14"),
        "use_notice_days": (30, "SD-17"),
        "use_notice_since": (NoticeSince.PAID_OUT, "SD-17"),
        "kept_at_most": (Period(months=60), "SD-18"),
        "kept_since": (KeptSince.HANDED_OVER, "SD-35"),
        "at_the_limit": (AtTheLimit.RELEASED, "SD-35"),
        "interest_days": (month_days, "SD-18"),
        "interest_at_release": (True, "SD-20"),
        "published_on": (MonthDay(3, 31), "SD-19"),
        "release_days": (30, "SD-20"),
        "release_since": (ReleaseSince.WARRANTY_ENDED, "SD-20"),
        "released_if_performed": (True, "SD-20"),
        "serious_defect_holds": (True, "SD-21"),
        "open_claim_holds": (True, PRACTICE.id),
    }


@cache
def _policy() -> DepositPolicy:
    dated: dict[str, Any] = {
        name: Dated.always(name, value, PRACTICE if clause == PRACTICE.id else Clause(clause))
        for name, (value, clause) in _values().items()
    }
    weekly = dict.fromkeys(range(5), ((time(9), time(17)),))
    return DepositPolicy(
        rulebook="rulebook-of-tests",
        calendar=Calendar("authority", ZONE, weekly=weekly),
        currency="CNY",
        authority=OURS,
        fees=_fees(),
        **dated,
    )


def policy(**changes: Any) -> DepositPolicy:
    """The rules of the tests, some changed.

    A rule's new value holds on every day under the clause it had; a ``Dated`` is taken as it is.
    """
    usual = _policy()
    names = {each.name for each in fields(DepositPolicy)}
    found: dict[str, Any] = {}
    for name, value in changes.items():
        assert name in names, name
        before = getattr(usual, name)
        if isinstance(before, Dated) and not isinstance(value, Dated):
            clause = before.on(ASSESSED_ON).clause
            value = Dated.always(name, value, clause)  # noqa: PLW2901 -- the same value, with its clause
        found[name] = value
    return replace(usual, **found)


# --- values -----------------------------------------------------------------------------------------


def building(**changes: Any) -> Building:
    """The high-rise of the tests, new and for sale, with everybody named."""
    usual: dict[str, Any] = {
        "project": "project-1",
        "building": "1",
        "building_type": "high_rise",
        "kinds": ("new", "for-sale"),
        "developer": "developer",
        "bank": "bank",
        "development_authority": "development-authority",
        "supervisor": "supervisor",
        "property_manager": "property-manager",
        "committee": "committee",
        "representative": "representative",
    }
    return Building(**(usual | changes))


def approved(name: str, by: Iterable[str] = APPROVERS, **fields: Any) -> Ground:
    """A ground for less of a deposit that these approved of; usually all who have to.

    >>> approved("award", grade="provincial", shown=("won",)).name
    'award'
    """
    approvals = tuple(Approval(by=each, on=ASSESSED_ON, reference=f"{name}-{each}") for each in by)
    return Ground(name=name, approvals=approvals, **fields)


def account(
    *,
    cost: Money = COST,
    weights: Mapping[str, int] | None = None,
    paid: Iterable[tuple[date, Money]] = (),
    rules: DepositPolicy | None = None,
    grounds: tuple[Ground, ...] = (),
    **changes: Any,
) -> DepositAccount:
    """The account of a building that was assessed on ``ASSESSED_ON``, with what was paid in on which day.

    ``weights`` are those of its parts, usually 1 each; nothing is handed over, and the state is DUE, unless
    ``changes`` say so.
    """
    usual: dict[str, Any] = {
        "id": ACCOUNT,
        "state": AccountState.DUE,
        "version": 1,
        "authority": OURS,
        "building": building(),
        "parts": {part: Part(weight=weight) for part, weight in (weights or dict.fromkeys(PARTS, 1)).items()},
    }
    known = usual | changes
    assessment = assessed(
        rules or policy(),
        ASSESSED_ON,
        known["building"].building_type,
        cost=cost,
        average_cost=None,
        floor_area=None,
        grounds=grounds,
    )
    it = DepositAccount(**({"assessments": (assessment,)} | known))
    for day, amount in paid:
        it = with_movement(it, MovementKind.PAID_IN, day, amount, origin=Origin.DEVELOPER)
    return it


# --- what is said -----------------------------------------------------------------------------------

_NUMBERS: Final = count(1)


def _at(on: str | date | datetime) -> datetime:
    if isinstance(on, datetime):
        return on
    day = date.fromisoformat(on) if isinstance(on, str) else on
    return datetime.combine(day, time(12), tzinfo=ZONE)


def said(kind: type[Command], on: str | date | datetime, /, **given: Any) -> Any:
    """The command as it is usually said: at noon of ``on``, by the authority's staff, to ``ACCOUNT``.

    An order of ``AssessDeposit`` or ``ReassessDeposit`` that names no base has ``COST``.
    """
    usual: dict[str, Any] = {
        "id": f"command-{next(_NUMBERS)}",
        "case": ACCOUNT,
        "by": AUTHORITY,
        "happened_at": _at(on),
        "recorded_at": _at(on),
    }
    if kind is c.AssessDeposit:
        usual |= {"building": building()}
    if kind in {c.AssessDeposit, c.ReassessDeposit} and not given.keys() & {"average_cost", "floor_area"}:
        usual |= {"cost": COST}
    if kind is c.ReassessDeposit:
        usual |= {"reason": "award won"}
    if kind is c.LodgeDeposit:
        usual |= {"receipt": f"receipt-{usual['id']}"}
    if kind is c.HandOverBuilding:
        usual |= {"design_life": Period(months=50 * 12)}
    return kind(**(usual | given))


class DepositDesk:
    """The desk at work: commands are decided one after the other, and what became of them is remembered.

    ``lifecycles`` are those of accounts and claims unless a test has only one of them; ``rules`` may be
    exchanged at any time. What is recorded late is said with ``recorded_at``.
    """

    def __init__(self, rules: DepositPolicy | None = None, *, lifecycles: Lifecycles | None = None) -> None:
        if lifecycles is None:
            from servflow.core.deposits import DEPOSITS

            lifecycles = DEPOSITS
        self.lifecycles = lifecycles
        self.rules = rules or policy()
        self.aggregates: dict[Key, Aggregate] = {}
        self.postings: tuple[Posting, ...] = ()
        self.messages: tuple[Message, ...] = ()
        self.changes: list[Change] = []

    def do(self, kind: type[Command], on: str | date | datetime, /, **given: Any) -> Change:
        """Decide what is usually said, and remember what became of it."""
        return self.take(said(kind, on, **given))

    def take(self, command: Command) -> Change:
        """Decide this command, and remember what became of it."""
        change = decide(self.lifecycles, command, self.aggregates, policy=self.rules)
        self.aggregates |= {it.key: it for it in change.becomes}
        self.postings += change.postings
        self.messages += change.messages
        self.changes.append(change)
        return change

    def reasons(self, kind: type[Command], on: str | date | datetime, /, **given: Any) -> tuple[Reason, ...]:
        """Every reason for which it would be refused; nothing is remembered."""
        return check(self.lifecycles, said(kind, on, **given), self.aggregates, policy=self.rules)

    def codes(
        self, kind: type[Command], on: str | date | datetime, /, **given: Any
    ) -> list[tuple[str, str | None]]:
        """The code and the clause of each of them."""
        found = self.reasons(kind, on, **given)
        return [(reason.code, reason.clause.id if reason.clause else None) for reason in found]

    def refused(
        self, kind: type[Command], on: str | date | datetime, /, **given: Any
    ) -> list[tuple[str, str | None]]:
        """What is said is refused, and nothing is changed by it: the code and the clause of each reason."""
        command = said(kind, on, **given)
        before = dict(self.aggregates), self.postings, self.messages
        try:
            self.take(command)
        except Refused as refusal:
            assert (self.aggregates, self.postings, self.messages) == before
            return [(reason.code, reason.clause.id if reason.clause else None) for reason in refusal.reasons]
        raise AssertionError(f"{command} was taken")

    def account(self, case: str = ACCOUNT) -> DepositAccount:
        """The account as it is."""
        it = self.aggregates[account_key(case)]
        assert isinstance(it, DepositAccount)
        return it

    def ledger(self, kind: AccountKind = AccountKind.DEPOSIT, owner: str = ACCOUNT) -> Money:
        """What an account of the ledger holds by all that was posted."""
        return balance(self.postings, Account(kind, owner), "CNY")

    def clock(self, until: str | date | datetime) -> list[Command]:
        """Let the clock say all that is due by then, to every aggregate; what it said, in order."""
        spoken: list[Command] = []
        fresh = True
        while fresh:
            fresh = False
            for lifecycle in self.lifecycles:
                for key in [key for key in self.aggregates if key.kind == lifecycle.name]:
                    command = lifecycle.wake(self.aggregates[key], self.rules, _at(until))
                    if command is not None:
                        self.take(command)
                        spoken.append(command)
                        fresh = True
        return spoken

    # --- what usually happens before a test begins ---

    def assess(self, on: str = "2026-01-05", **given: Any) -> None:
        """The deposit is assessed."""
        self.do(c.AssessDeposit, on, **given)

    def notify(self, on: str = "2026-01-06", **given: Any) -> None:
        """It is assessed and notified: DUE."""
        self.assess(**given)
        self.do(c.NotifyAssessment, on, case=given.get("case", ACCOUNT))

    def pay(self, on: str = "2026-02-02", amount: Money | None = None, **given: Any) -> None:
        """Assessed, notified and paid, usually in full: PAID."""
        self.notify(**given)
        case = given.get("case", ACCOUNT)
        target = self.account(case).target
        self.do(c.LodgeDeposit, on, case=case, by=BANK, amount=target if amount is None else amount)

    def hold(self, on: str = "2026-03-02", **given: Any) -> None:
        """Paid in full, and handed over: HELD."""
        self.pay(**given)
        self.do(c.HandOverBuilding, on, case=given.get("case", ACCOUNT), by=DEVELOPER)
