"""Which policy a rulebook fills, what its rules are called, and of what type their values are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from hashlib import sha256
from types import MappingProxyType, NoneType
from typing import Any, Final, NewType, get_args, get_origin, get_type_hints

from servflow.codec import canonical
from servflow.codec.toml import Count, key
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.citations import Dated
from servflow.core.dates import Period
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.errors import InvalidRulebook, InvalidValue
from servflow.core.fees import Rule as FeeRule
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.rulebooks._deposits import DEPOSITS, charges_problems
from servflow.rulebooks._fees import FEES
from servflow.rulebooks._rulebook import Rulebook
from servflow.rulebooks._service import SERVICE

__all__ = [
    "POLICIES",
    "Given",
    "Limit",
    "Span",
    "borrowing_policy",
    "deposit_policy",
    "lending_policy",
    "network_policy",
    "rule_types",
    "service_policy",
]

POLICIES: Final[Mapping[str, type]] = MappingProxyType(
    {
        "ill.lending": LendingPolicy,
        "ill.borrowing": BorrowingPolicy,
        "ill.network": NetworkPolicy,
        DEPOSITS: DepositPolicy,
        FEES: FeeRule,
        SERVICE: ServicePolicy,
    }
)
"""What a rulebook can fill, by the name under which it says so: a policy, whose fields say which rules
there are; or fee rules or the rules of a service firm, which it names itself."""

Limit = NewType("Limit", int)  # 0 or more, or none at all
Span = NewType("Span", Period)  # a period, or none at all
Given = NewType("Given", object)  # not in the rulebook

_READ_AS: Final[Mapping[Any, Any]] = {
    int: Count,
    int | None: Limit,
    Period | None: Span,
    NoneType: Given,
}


@cache
def rule_types(policy: type) -> Mapping[str, Any]:
    """The type of the values of each rule that ``policy`` needs, by the rule's name.

    A field of the type ``Dated[T]`` is a rule; its name is the field's, with hyphens.
    """
    hints = get_type_hints(policy)
    rules = {
        field.name: hints[field.name] for field in fields(policy) if get_origin(hints[field.name]) is Dated
    }
    types = {key(name): get_args(hint)[0] for name, hint in rules.items()}
    return MappingProxyType({name: _READ_AS.get(kind, kind) for name, kind in types.items()})


def lending_policy(rulebook: Rulebook, *, library: str, closed_through: date | None = None) -> LendingPolicy:
    """The policy of the lending library ``library`` (借出馆) under ``rulebook``.

    ``library`` is its reference in requests; ``closed_through`` the last day of the books' closed periods.

    Raises:
        InvalidValue: the rulebook is for another policy.
    """
    return LendingPolicy(
        library=library,
        rulebook=rulebook.digest,
        calendar=rulebook.calendar,
        currency=rulebook.currency,
        closed_through=closed_through,
        **_rules(rulebook, "ill.lending"),
    )


def borrowing_policy(
    rulebook: Rulebook,
    *,
    library: str,
    lenders: Mapping[str, LendingPolicy] = MappingProxyType({}),
    closed_through: date | None = None,
) -> BorrowingPolicy:
    """The policy of the borrowing library ``library`` (借入馆) under ``rulebook``.

    ``lenders`` are the rules of the libraries it borrows from, by their references, as far as it has
    them; ``closed_through`` is the last day of the books' closed periods.

    Raises:
        InvalidValue: the rulebook is for another policy.
    """
    return BorrowingPolicy(
        library=library,
        rulebook=rulebook.digest,
        calendar=rulebook.calendar,
        currency=rulebook.currency,
        closed_through=closed_through,
        lenders=lenders,
        **_rules(rulebook, "ill.borrowing"),
    )


def network_policy(rulebook: Rulebook, *, library: str, closed_through: date | None = None) -> NetworkPolicy:
    """The policy of a loan network (馆际互借网络) under ``rulebook``, as the desk ``library`` runs it.

    ``library`` is the reference of the centre, or of the library whose own gateway it is; ``closed_through``
    the last day of the books' closed periods.

    Raises:
        InvalidValue: the rulebook is for another policy.
    """
    return NetworkPolicy(
        library=library,
        rulebook=rulebook.digest,
        calendar=rulebook.calendar,
        currency=rulebook.currency,
        closed_through=closed_through,
        **_rules(rulebook, "ill.network"),
    )


def deposit_policy(
    rulebook: Rulebook, charges: Rulebook | None, *, authority: str, closed_through: date | None = None
) -> DepositPolicy:
    """The policy of the authority ``authority`` that keeps deposits (物业主管部门) under ``rulebook``.

    ``charges`` is the rulebook of fees that goes with it; ``None``: it has none, and nothing can be assessed
    by it. ``authority`` is its reference, ``closed_through`` the last day of the books' closed periods. The
    policy's digest is over both: the SHA-256 over the canonical list of the two digests; without charges,
    that of ``rulebook``.

    Raises:
        InvalidValue: the rulebook is for another policy.
        InvalidRulebook: the charges do not go with it; all that is wrong is named.
    """
    rules = _rules(rulebook, DEPOSITS)
    if charges is not None and (wrong := tuple(charges_problems(rulebook, charges))):
        raise InvalidRulebook(charges.where, wrong)
    both = None if charges is None else canonical([rulebook.digest, charges.digest])
    return DepositPolicy(
        authority=authority,
        fees=MappingProxyType({}) if charges is None else charges.fees,
        rulebook=rulebook.digest if both is None else sha256(both.encode()).hexdigest(),
        calendar=rulebook.calendar,
        currency=rulebook.currency,
        closed_through=closed_through,
        **rules,
    )


def service_policy(rulebook: Rulebook) -> ServicePolicy:
    """The policy of a service firm (售后服务部门) under ``rulebook``, its rules under the names of the file.

    Raises:
        InvalidValue: the rulebook is for another policy.
    """
    if rulebook.policy != SERVICE:
        raise InvalidValue("policy", rulebook.policy, f"a rulebook for {SERVICE}")
    return ServicePolicy(
        firm=rulebook.authority,
        rulebook=rulebook.digest,
        calendar=rulebook.calendar,
        currency=rulebook.currency,
        rules={name: rule.dated for name, rule in rulebook.rules.items()},
    )


def _rules(rulebook: Rulebook, policy: str) -> dict[str, Any]:
    if rulebook.policy != policy:
        raise InvalidValue("policy", rulebook.policy, f"a rulebook for {policy}")
    return {name.replace("-", "_"): rule.dated for name, rule in rulebook.rules.items()}
