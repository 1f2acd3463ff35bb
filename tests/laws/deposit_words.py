"""Every code that a desk of deposits can ask a catalogue for: its lifecycles, its words, its shipped rulebooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import Enum
from typing import Final

from servflow.core.deposits import DEPOSITS, DepositPolicy
from servflow.core.deposits.accounts.messages import DEPOSIT_ACCOUNT_MESSAGES
from servflow.core.deposits.accounts.states import Gate, MovementKind
from servflow.core.deposits.assessing import SURCHARGED
from servflow.core.deposits.claims.effects import ABOVE_DEPOSIT
from servflow.core.deposits.claims.messages import DEPOSIT_CLAIM_MESSAGES
from servflow.core.deposits.claims.states import ClaimDeadline, DeveloperSays
from servflow.core.deposits.interest import INTEREST_OVERPAID
from servflow.core.deposits.statements import PartStanding
from servflow.core.deposits.words import Origin, PartKind, Payee
from servflow.rulebooks import deposit_policy, load, shipped

__all__ = ["ATTENTION", "DEPOSIT_MESSAGES", "deposit_words"]

DEPOSIT_MESSAGES: Final = DEPOSIT_ACCOUNT_MESSAGES + DEPOSIT_CLAIM_MESSAGES
"""Every kind of message of a desk of deposits."""

ATTENTION: Final = (
    "deposits.budgets-uncovered",
    INTEREST_OVERPAID,
    "deposits.refund-held-back",
    "deposits.published-changed",
    "deposits.refund-due",
    "deposits.surcharge-overpaid",
    "deposits.limit-reached",
    ABOVE_DEPOSIT,
)
"""What staff may have to see to."""

_ENUMS: Final[dict[str, type[Enum]]] = {
    "origin": Origin,
    "part-kind": PartKind,
    "payee": Payee,
    "gate": Gate,
    "developer-says": DeveloperSays,
    "claim-deadline": ClaimDeadline,
    "standing": PartStanding,
    "charge": MovementKind,
}

_SAID: Final = (
    f"charge.{SURCHARGED}",
    *("at-limit.true", "at-limit.false"),
    *("liability.true", "liability.false"),
    *(f"term-missing.{name}" for name in ("length", "season", "design_life")),
    *("lacking.rule", "lacking.the fee rule", "lacking.amount"),
    *("order-follows.surcharge", "order-follows.credit-file"),
    "scope.in-force",
)
"""What a fact of a message or a reason may be, where no enum says it."""


def deposit_words() -> set[str]:
    """Everything that the lifecycles, their letters and reasons, and the words of shipped rulebooks need."""
    return {
        *(f"state.{lifecycle.name}.{state.value}" for lifecycle in DEPOSITS for state in lifecycle.states),
        *(f"aggregate.{lifecycle.name}" for lifecycle in DEPOSITS),
        *(f"role.{role.value}" for lifecycle in DEPOSITS for role in lifecycle.roles),
        *(f"command.{command.__name__}" for lifecycle in DEPOSITS for command in lifecycle.commands),
        *(f"{space}.{each.value}" for space, enum in _ENUMS.items() for each in enum),
        *(f"attention.{code}" for code in ATTENTION),
        *(f"message.{kind}.{part}" for kind in DEPOSIT_MESSAGES for part in ("subject", "body")),
        *(word for name in shipped() if load(name).policy == "deposits" for word in _words_of(name)),
        *_SAID,
    }


def _words_of(rulebook: str) -> Iterator[str]:
    """What a person reads of its rules in reasons and letters."""
    rules: DepositPolicy = deposit_policy(load(rulebook), None, authority="authority")
    day = date(2026, 1, 1)
    yield from (f"scope.{each}" for each in rules.scope.on(day).value)
    yield from (f"ground.{each}" for each in rules.reduction_grounds.on(day).value)
    yield from (f"approver.{each}" for each in rules.approvals.on(day).value)
    yield from (f"building-part.{each.part}" for each in rules.warranties.on(day).value)
    yield from (f"role.{role}" for each in rules.claimants.on(day).value for role in each.by)
    yield from (f"use-ground.{each}" for each in rules.grounds_of_use.on(day).value)
    yield from (f"exclusion.{each}" for each in rules.exclusions.on(day).value)
    yield from (f"emergency.{each}" for each in rules.emergencies.on(day).value)
    yield from (f"repairer.{each}" for each in rules.repairers.on(day).value)
