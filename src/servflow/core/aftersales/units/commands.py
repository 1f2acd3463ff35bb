"""What can be said to a unit's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from servflow.core.aftersales.claims import PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.showing import ShowingCommand
from servflow.core.aftersales.tickets.model import DutyDone

__all__ = [
    "AcceptFinally",
    "AcceptInstallation",
    "AddContract",
    "CheckDelivery",
    "HandUnitOver",
    "NoteRepair",
    "NoteReplacement",
    "NoteSeason",
    "RecordUnitDuty",
    "RegisterUnit",
    "RemindUnitDuty",
    "RetireUnit",
    "ShowUnitFacts",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUnit(ShowingCommand):
    """A unit was sold or delivered (建档); opens its record.

    ``to_be_installed``: it is not in service yet.
    """

    step = "registration"

    firm: str
    customer: str
    product: str = ""
    dates: Mapping[str, date] = field(default_factory=dict)
    to_be_installed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDelivery(ShowingCommand):
    """What was delivered was counted and checked by the customer, with both sides watching (AS-FLOW-25)."""

    step = "delivery-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInstallation(ShowingCommand):
    """It is installed and adjusted, and accepted for the first time: the trial run begins (初验.

    AS-FLOW-21).
    """

    step = "first-acceptance"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptFinally(ShowingCommand):
    """The trial run has ended well, and it is accepted (终验).

    Its after-sales project begins (AS-FLOW-11, AS-FLOW-21).

    ``responsible`` names who is responsible for what.
    """

    step = "final-acceptance"

    responsible: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowUnitFacts(ShowingCommand):
    """Facts, papers or dates of the unit go on record."""

    dates: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddContract(ShowingCommand):
    """A service contract was made over it (服务合同)."""

    contract: ServiceContract


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSeason(ShowingCommand):
    """A season that duties go by has a day this year (作业季节)."""

    event: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRepair(ShowingCommand):
    """It was repaired; said by the ticket, once the service is accepted."""

    repair: PastRepair
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReplacement(ShowingCommand):
    """It takes the place of another unit (换机); said by the ticket."""

    replacement: Replacement


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindUnitDuty(ShowingCommand):
    """Something is due to it by itself: somebody is reminded of it."""

    key: str
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnitDuty(ShowingCommand):
    """What was done about something that was due to it."""

    step = "duty-record"

    done: DutyDone


@dataclass(frozen=True, slots=True, kw_only=True)
class HandUnitOver(ShowingCommand):
    """It belongs to somebody else from now on (转让)."""

    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireUnit(ShowingCommand):
    """It is used no more (报废)."""

    reason: str = ""
