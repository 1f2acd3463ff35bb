"""What can be said to a complaint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from servflow.core.aftersales.complaints.model import Attribution, DamageShown, RaisedBy
from servflow.core.aftersales.showing import ShowingCommand
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.aftersales.words import TargetKind
from servflow.core.dates import existing
from servflow.core.errors import InvalidValue

__all__ = [
    "AnswerComplaint",
    "AttributeCause",
    "ExtendComplaint",
    "FileComplaint",
    "FireComplaintRung",
    "GradeComplaint",
    "InvestigateComplaint",
    "MarkComplaintBreach",
    "PassComplaintOn",
    "RefuseAnswer",
    "SettleComplaint",
    "ShowComplaintFacts",
    "WithdrawComplaint",
]


def _each_damage_once(damages: tuple[DamageShown, ...]) -> None:
    named = [each.what for each in damages]
    if len(set(named)) < len(named):
        raise InvalidValue("damages", named, "each damage once, with all its photographs")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileComplaint(ShowingCommand):
    """Somebody complains (投诉登记); opens the complaint.

    By whatever channel: his own message, a follow-up call or visit, another department (AS-FLOW-8).
    ``ticket`` is the service that it is about, ``about`` the party whose conduct it is about. ``category``
    and ``code`` are of the rulebook's lists; the code alone says its category. ``damages`` are those in
    transit, each with its photographs (AS-COMP-2). ``given`` is what the rulebook leaves blank, ``evidence``
    says by what staff know of it. ``raised_by`` is what brought it up.

    Raises:
        InvalidValue: it says nothing of what is complained of, or a damage comes twice.
    """

    step = "complaint"
    must_say = ("what",)

    firm: str
    customer: str
    channel: Channel
    what: str
    ticket: str | None = None
    unit: str | None = None
    about: str = ""
    category: str = ""
    code: str = ""
    given: Mapping[str, int | datetime] = field(default_factory=dict)
    damages: tuple[DamageShown, ...] = ()
    evidence: str = ""
    raised_by: RaisedBy = RaisedBy.OTHER

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _each_damage_once(self.damages)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeComplaint(ShowingCommand):
    """How grave it is, by the rulebook and these answers, and who sees to it (投诉分级, AS-COMP-3)."""

    step = "grading"
    must_say = ("handler",)

    handler: str
    given: Mapping[str, int | datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowComplaintFacts(ShowingCommand):
    """Facts, papers or photographs go on record; those of a damage that is known are added to it.

    Raises:
        InvalidValue: a damage comes twice.
    """

    damages: tuple[DamageShown, ...] = ()

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _each_damage_once(self.damages)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigateComplaint(ShowingCommand):
    """What was found on the spot, and what is planned together with the customer (AS-QA-9).

    ``found`` is the problem record: kind, place, cause, solution (AS-FLOW-23). ``plan`` is empty where the
    matter is simple and put right directly.
    """

    step = "investigation"
    must_say = ("found",)

    found: str
    plan: str = ""
    attribution: Attribution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeCause(ShowingCommand):
    """Whose fault it was is recorded (AS-COMP-8)."""

    attribution: Attribution
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassComplaintOn(ShowingCommand):
    """The complaint goes to the next one of a chain of the rulebook."""

    must_say = ("of", "to")

    of: str
    to: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendComplaint(ShowingCommand):
    """More time is granted for a promise (延期, AS-SLA-1), by the one whom the promise names.

    Raises:
        InvalidValue: a text is empty, or ``until`` is naive or does not exist in its zone.
    """

    must_say = ("approved_by", "reason")

    what: TargetKind
    until: datetime
    approved_by: str
    reason: str

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        existing("until", self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerComplaint(ShowingCommand):
    """The customer is told the outcome, with an explanation (AS-COMP-3)."""

    step = "answer"
    must_say = ("answer",)

    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseAnswer(ShowingCommand):
    """The customer is not content with the answer: it is looked into again."""

    must_say = ("reason",)

    reason: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleComplaint(ShowingCommand):
    """The result is confirmed, and the complaint settled (结案)."""

    step = "settlement"
    must_say = ("result",)

    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawComplaint(ShowingCommand):
    """The customer takes it back."""

    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FireComplaintRung(ShowingCommand):
    """A rung of an escalation ladder is reached."""

    what: str
    rung: str
    level: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkComplaintBreach(ShowingCommand):
    """A promise about the complaint was not kept in time."""

    what: str
