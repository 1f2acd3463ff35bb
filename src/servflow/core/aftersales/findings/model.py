"""A finding: what a check or an incident showed, who is responsible, what was done, and the penalty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from servflow.core.aftersales.findings.states import FindingState, Source
from servflow.core.changes import Aggregate, Key
from servflow.core.citations import Clause
from servflow.core.fees.charges import Charge
from servflow.core.ledger import Posting

__all__ = ["Appeal", "Finding", "Penalty", "finding_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What a finding costs whom it is about (处罚): a sanction of the firm's ladder, an amount, or both.

    ``step`` is the sanction's number on the ladder, the lightest being 1; ``charge`` the amount, by a fee
    rule, with its derivation. ``clause`` is what it rests on.
    """

    clause: Clause
    sanction: str = ""
    step: int | None = None
    charge: Charge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal against a finding (申诉), as it was made and judged. ``judged_by`` is a reference."""

    on: date
    grounds: str
    judged_on: date | None = None
    judged_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Aggregate):
    """A check, or an incident, and what came of it (检查记录).

    ``faults`` are what was found wrong: none, where the check found everything in order. ``concerns`` is the
    party who is responsible, ``department`` the department; ``about`` what it is about: a ticket, a
    complaint. ``found_by`` and ``confirmed_by`` are references. ``imposed`` are all penalties in their order,
    the last one holds; ``posted`` what was posted of them.
    """

    kind: ClassVar[str] = "aftersales.finding"

    state: FindingState
    firm: str
    source: Source
    found_on: date
    found_by: str
    concerns: str = ""
    department: str = ""
    about: str = ""
    faults: tuple[str, ...] = ()
    note: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    put_right_on: date | None = None
    put_right: str = ""
    confirmed_on: date | None = None
    confirmed_by: str = ""
    imposed: tuple[Penalty, ...] = ()
    appeal: Appeal | None = None
    withdrawn: str = ""
    posted: tuple[Posting, ...] = ()
    closed_on: date | None = None

    @property
    def penalty(self) -> Penalty | None:
        """The penalty that holds; ``None`` where there is none, or it was withdrawn."""
        return self.imposed[-1] if self.imposed and self.state is not FindingState.WITHDRAWN else None


def finding_key(finding: str) -> Key:
    """The key of a finding."""
    return Key(Finding.kind, finding)
