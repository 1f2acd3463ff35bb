"""What an authority's rulebook says of warranty deposits: every value dated and cited.

What the source leaves open is a value here, too, with a note in the rulebook: how the surcharge treats the
day of payment, who of several may ask for the common parts, what the five years of keeping count from and
what then happens to longer warranties, what part of the deposit stands for which part of the building.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from servflow.core.checks import check_said, each_once
from servflow.core.citations import Cited, Dated
from servflow.core.dates import MonthDay, Period
from servflow.core.deposits.warranties import PartWarranty, Season
from servflow.core.deposits.words import (
    AtTheLimit,
    KeptSince,
    NoticeSince,
    Origin,
    PartKind,
    Payee,
    ReleaseSince,
)
from servflow.core.desk_rules import DeskRules
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.fees import Rule

__all__ = ["DEPOSIT", "INTEREST", "SURCHARGE", "Claimants", "DepositPolicy", "PartShare"]

DEPOSIT = "deposit"
"""The fee rule by which the deposit is assessed."""
SURCHARGE = "surcharge"
"""The fee rule of what is added for late payment (滞纳金), over the history ``unpaid``."""
INTEREST = "interest"
"""The fee rule of the interest on the history ``balance``, on the days after ``after`` up to ``through``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartShare:
    """What weight a part of the building has in the deposit; 0: it has no share of its own.

    Raises:
        InvalidValue: the part has no name, or the weight is no whole number, 0 or more.
    """

    part: str
    weight: int

    def __post_init__(self) -> None:
        check_said("part", self.part)
        if type(self.weight) is not int or self.weight < 0:
            raise InvalidValue("weight", self.weight, "a whole number, 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimants:
    """Who may ask for the use of a deposit (申请人) on parts of that kind.

    ``by`` are roles by their words; ``jointly``: all of them together, else any of them. ``committee`` says
    whether this holds where an owners' committee exists, or where none does yet; ``None``: in both cases.

    Raises:
        InvalidValue: nobody is named, or somebody twice.
    """

    parts: PartKind
    by: tuple[str, ...]
    jointly: bool = False
    committee: bool | None = None

    def __post_init__(self) -> None:
        each_once("by", self.by, least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositPolicy(DeskRules):
    """The rules by which an authority keeps deposits (物业主管部门), or an employer retains money (发包人).

    ``authority`` is its reference; ``fees`` are the fee rules of the rulebook of charges that goes with it,
    by name: ``deposit``, and as far as there is any, ``surcharge`` and ``interest``.
    """

    authority: str
    fees: Mapping[str, Rule] = field(hash=False, repr=False)

    # whether, and how much
    scope: Dated[tuple[str, ...]]
    """What a building has to be for a deposit to be asked of it (适用范围); all of these."""
    reduction_grounds: Dated[tuple[str, ...]]
    """On what grounds a deposit is reduced, or not asked for (减免依据)."""
    approvals: Dated[tuple[str, ...]]
    """Who has to approve a reduction or exemption (核准), all of them; empty: nobody."""
    review_days: Dated[int]
    """Within how many calendar days after the letter was received a review may be asked for (复核)."""

    # payment
    origins: Dated[tuple[Origin, ...]]
    """Where the money may come from, beside what a construction contract retained."""
    retained_money_turned_over: Dated[bool]
    """Money that a construction contract retained is turned into the deposit (转作)."""
    presale_in_one_sum: Dated[bool]
    """Pre-sale funds pay all that is unpaid at once (一次性划转); else they may pay a part of it."""
    receipt_numbered: Dated[bool]
    """Whatever is paid in gets a receipt with a number (专用票据)."""
    paid_before_handover: Dated[bool]
    """Without the deposit no handover (交付), and proof of it at handover."""
    paid_before_registration: Dated[bool]
    """Without the deposit no acceptance filing (综合验收备案) and no title registration (确权登记)."""
    default_reported: Dated[bool]
    """The state of payment is reported to the development authority, for filing and credit (信用档案)."""
    surcharge_on_day_of_payment: Dated[bool]
    """The day of a payment still counts on what was unpaid before it."""

    # warranty
    warranties: Dated[tuple[PartWarranty, ...]]
    """The least warranty of each part; parts that are not named go by the contract."""
    least_terms_bind: Dated[bool]
    """A contract gives no less than the least warranty; else what it says holds, and the least where it is
    silent."""
    first_day_counts: Dated[bool]
    """The day of handover is the first day of a period, which then ends a day earlier."""
    seasons: Dated[tuple[Season, ...]]
    """When heating and cooling periods are."""
    season_under_way_counts: Dated[bool]
    """The season in which a building is handed over counts as one."""
    shares: Dated[tuple[PartShare, ...]]
    """What part of the deposit stands for which part of the building, unless the assessment says it."""

    # use
    claimants: Dated[tuple[Claimants, ...]]
    """Who may ask for the use of the deposit."""
    common_parts: Dated[tuple[str, ...]]
    """Parts of a building that are common ones (共用部位), whoever asks."""
    grounds_of_use: Dated[tuple[str, ...]]
    """When the deposit may be used: the developer does not perform its warranty duty, or cannot."""
    developer_heard: Dated[bool]
    """Before the deposit is used, it is checked with the developer (核实), or he disputes that he is liable;
    else a test that was ordered is enough."""
    disputes_tested: Dated[bool]
    """What the test of an inspection body finds, binds the authority (检测); else it is for it to weigh."""
    exclusions: Dated[tuple[str, ...]]
    """Causes that no warranty covers (不属于保修范围)."""
    emergencies: Dated[tuple[str, ...]]
    """What is an emergency, that may be repaired first (紧急抢修)."""
    emergency_claimants: Dated[tuple[str, ...]]
    """Who may pay for an emergency repair first and ask to be reimbursed (先行垫资)."""
    repairers: Dated[tuple[str, ...]]
    """Who may be assigned to repair (维修单位), by word."""
    qualified_repairers: Dated[tuple[str, ...]]
    """Those of them who need a qualification (施工资格)."""
    cost_list_signed: Dated[bool]
    """All who asked sign the cost list before it is paid (签章确认); else one of them signs for all."""
    payees: Dated[tuple[Payee, ...]]
    """To whom a repair may be paid."""
    pay_out_days: Dated[int]
    """Within how many calendar days after the cost list was received it is paid; the last is included."""
    use_notice_days: Dated[int]
    """Within how many calendar days the developer is sent the detail of use."""
    use_notice_since: Dated[NoticeSince]
    """From when these days count."""

    # keeping, and giving back
    kept_at_most: Dated[Period | None]
    """How long a deposit is kept at most (最长存储年限)."""
    kept_since: Dated[KeptSince]
    """From when that counts."""
    at_the_limit: Dated[AtTheLimit]
    """What then happens to warranties that last longer."""
    interest_days: Dated[tuple[MonthDay, ...]]
    """The days through which the bank counts interest each time (结息日); credited on the day after. None:
    the deposit bears no interest."""
    interest_at_release: Dated[bool]
    """What is released has its interest up to the day before, credited with it."""
    published_on: Dated[MonthDay]
    """On which day of a year the statement of the year before is published (公示)."""
    release_days: Dated[int]
    """Within how many calendar days a share is released; the last is included."""
    release_since: Dated[ReleaseSince]
    """From when these days count."""
    released_if_performed: Dated[bool]
    """A developer for whose part of the building the deposit was used gets the rest only by decision."""
    serious_defect_holds: Dated[bool]
    """A serious defect that is not repaired holds the release of its part (质量遗留问题)."""
    open_claim_holds: Dated[bool]
    """A claim that is not settled holds the release of its part."""

    def fee(self, name: str) -> Rule:
        """The fee rule of that name.

        Raises:
            MissingValue: the rulebook of charges has none.
        """
        try:
            return self.fees[name]
        except KeyError:
            raise MissingValue("the fee rule", name) from None

    def least(self, part: str, day: date) -> Cited[PartWarranty] | None:
        """The least warranty of ``part`` by the rules of ``day``; ``None``: only a contract says it."""
        cited = self.warranties.on(day)
        found = next((each for each in cited.value if each.part == part), None)
        return None if found is None else Cited(found, cited.clause)
