"""Problems that keep coming back (重复问题预警): by month, quarter and year.

Each is split by its cause: technical problems go to those who develop the product, those of service to
service itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from enum import Enum
from types import MappingProxyType
from typing import Final

from servflow.core.aftersales.desk_rules import Recurring
from servflow.core.aftersales.policy import ServiceRules
from servflow.core.aftersales.reports.periods import period
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.citations import Clause
from servflow.core.dates import Term, day_of
from servflow.core.errors import InvalidValue, MissingValue

__all__ = ["FaultCause", "FaultSeen", "Warned", "faults", "recurring"]

_NO_PRODUCTS: Final[Mapping[str, str]] = MappingProxyType({})
_NO_CAUSES: Final[Mapping[str, FaultCause]] = MappingProxyType({})
_NOTHING_GIVEN: Final[Mapping[str, int]] = MappingProxyType({})
_TWICE: Final = 2


class FaultCause(Enum):
    """What lies behind a problem, and so who has to solve it."""

    TECHNICAL = "technical"  # 技术上的问题
    SERVICE = "service"  # 服务问题
    UNKNOWN = "unknown"  # nobody has found out yet


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSeen:
    """One fault that was reported: on what product, by which code, and of which cause."""

    case: str
    on: date
    product: str
    code: str
    cause: FaultCause = FaultCause.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A problem that came back ``times`` times within the period of a rule, and by how many of each cause."""

    rule: str
    clause: Clause
    period: Term
    product: str
    code: str
    times: int
    technical: int
    service: int
    unknown: int
    cases: tuple[str, ...]


def faults(
    tickets: Iterable[Ticket],
    zone: tzinfo,
    *,
    question: str = "product",
    products: Mapping[str, str] = _NO_PRODUCTS,
    causes: Mapping[str, FaultCause] = _NO_CAUSES,
) -> Iterator[FaultSeen]:
    """The faults of tickets, each on the day of its report; those without a fault code are not among them.

    The product is that of the unit in ``products``, else the answer to ``question``, else not known.
    ``causes`` are those that were found, by ticket. What was rejected, cancelled or merged is left out.
    """
    for it in tickets:
        code = it.fault_code or it.fault_group
        if not code or it.merged_into is not None or it.state in {Stage.REJECTED, Stage.CANCELLED}:
            continue
        yield FaultSeen(
            case=it.id,
            on=day_of(it.reported_at, zone),
            product=products.get(it.unit or "") or it.answers.get(question, ""),
            code=code,
            cause=causes.get(it.id, FaultCause.UNKNOWN),
        )


def recurring(
    seen: Iterable[FaultSeen], rules: ServiceRules, on: date, given: Mapping[str, int] = _NOTHING_GIVEN
) -> tuple[Warned, ...]:
    """The problems that came back often enough in the period of each rule in which ``on`` lies (AS-QA-6).

    A problem is a fault code of a product. By rules in their order, the most frequent one first, then by
    product and code.

    Raises:
        MissingValue: a rule leaves the number to the firm, and it is not ``given``.
        InvalidValue: it is no whole number, 2 or more.
    """
    kept = tuple(seen)
    found: list[Warned] = []
    for named in rules.of(Recurring):
        term, least = period(named.rule.every, on), _least(named.rule, given)
        groups: dict[tuple[str, str], list[FaultSeen]] = {}
        for each in kept:
            if each.on in term:
                groups.setdefault((each.product, each.code), []).append(each)
        warned = [
            Warned(
                rule=named.name,
                clause=named.clause,
                period=term,
                product=product,
                code=code,
                times=len(group),
                technical=sum(each.cause is FaultCause.TECHNICAL for each in group),
                service=sum(each.cause is FaultCause.SERVICE for each in group),
                unknown=sum(each.cause is FaultCause.UNKNOWN for each in group),
                cases=tuple(each.case for each in group),
            )
            for (product, code), group in groups.items()
            if len(group) >= least
        ]
        found += sorted(warned, key=lambda each: (-each.times, each.product, each.code))
    return tuple(found)


def _least(rule: Recurring, given: Mapping[str, int]) -> int:
    if rule.times is not None:
        return rule.times
    if rule.given not in given:
        raise MissingValue(rule.given, "for a problem that comes back so often")
    least = given[rule.given]
    if type(least) is not int or least < _TWICE:
        raise InvalidValue(rule.given, least, "a whole number, 2 or more")
    return least
