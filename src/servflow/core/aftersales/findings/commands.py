"""What can be said to a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from servflow.core.aftersales.findings.states import Source
from servflow.core.aftersales.showing import ShowingCommand
from servflow.core.checks import each_once
from servflow.core.citations import Clause
from servflow.core.errors import InvalidValue
from servflow.core.fees.charges import Charge

__all__ = [
    "AppealFinding",
    "CloseFinding",
    "ConfirmFinding",
    "PostPenalty",
    "PutRight",
    "RecordFinding",
    "ReducePenalty",
    "UpholdFinding",
    "WithdrawFinding",
]


def _checked_step(step: int | None) -> None:
    if step is not None and (type(step) is not int or step < 1):
        raise InvalidValue("ladder_step", step, "a whole number, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFinding(ShowingCommand):
    """A check was made, or something happened; opens the record (AS-QA-23, AS-QA-25).

    Every check is recorded, also one that found nothing wrong (no ``faults``). ``concerns`` is the party who
    is responsible, if a person is.

    Raises:
        InvalidValue: a fault is empty or comes twice.
    """

    step = "check"

    firm: str
    source: Source
    concerns: str = ""
    department: str = ""
    about: str = ""
    faults: tuple[str, ...] = ()
    note: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        each_once("faults", self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRight(ShowingCommand):
    """What was found wrong is put right (整改): what was done (AS-QA-23).

    Raises:
        InvalidValue: it does not say what.
    """

    step = "put-right"
    must_say = ("done",)

    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmFinding(ShowingCommand):
    """It is confirmed (查实), with what it costs whom it is about, by ``clause``; or without a penalty.

    ``sanction`` is one of the firm's ladder, ``ladder_step`` its number there (the lightest is 1), which is
    worked out where it is not said; ``charge`` the amount that a fee rule came to.

    Raises:
        InvalidValue: the step is no whole number, 1 or more.
    """

    step = "confirmation"

    sanction: str = ""
    ladder_step: int | None = None
    charge: Charge | None = None
    clause: Clause | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _checked_step(self.ladder_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealFinding(ShowingCommand):
    """Whom it is about appeals to the record (申诉).

    Raises:
        InvalidValue: there are no grounds.
    """

    step = "appeal"
    must_say = ("grounds",)

    grounds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpholdFinding(ShowingCommand):
    """The appeal is dismissed: it stays as it was (维持).

    Raises:
        InvalidValue: there is no reason.
    """

    step = "judgement"
    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducePenalty(ShowingCommand):
    """The appeal succeeds in part: a lighter penalty (减轻), as a whole.

    Raises:
        InvalidValue: there is no reason, or the step is no whole number, 1 or more.
    """

    step = "judgement"
    must_say = ("reason",)

    reason: str
    sanction: str = ""
    ladder_step: int | None = None
    charge: Charge | None = None
    clause: Clause | None = None

    def __post_init__(self) -> None:
        ShowingCommand.__post_init__(self)
        _checked_step(self.ladder_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawFinding(ShowingCommand):
    """It was wrong, or the appeal succeeds: it is withdrawn (撤销), and what was posted reversed.

    Raises:
        InvalidValue: there is no reason.
    """

    step = "judgement"
    must_say = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPenalty(ShowingCommand):
    """Finance posts what is owed by the penalty that holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFinding(ShowingCommand):
    """Nothing is left to be done."""
