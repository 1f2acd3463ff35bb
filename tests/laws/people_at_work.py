"""A firm's people without a storage: their records and the findings on them, decided at once and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from itertools import count
from typing import Any, Final

from desk_at_work import FIRM, HOURS, MONDAY, ZONE, staff

from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.desk_rules import (
    Ahead,
    Barred,
    Chain,
    Every,
    Limit,
    Listing,
    Numbering,
    Series,
)
from servflow.core.aftersales.findings.table import FINDING
from servflow.core.aftersales.policy import Checklist, ServicePolicy, ServiceRule, ServiceRules
from servflow.core.aftersales.technicians.table import TECHNICIAN
from servflow.core.changes import Actor, Aggregate, Change, Command, Key, Office
from servflow.core.citations import Clause, Dated, Reason
from servflow.core.clocks import parse_allowance
from servflow.core.lifecycle import Lifecycles, check, decide

LI: Final = "li"
"""The technician, and whom findings concern."""
HIMSELF: Final = staff(LI, "engineer")
HEAD: Final = staff("head", "supervisor")
OTHER_HEAD: Final = staff("another head", "supervisor")
MANAGER: Final = staff("manager", "manager")
QUALITY: Final = staff("inspector", "quality")
FINANCE: Final = staff("cashier", "finance")
SYSTEM: Final = Actor("policy", FIRM, Office.SYSTEM)

LENGTH: Final = Question("leave-days", ("1 to 2", "3 or more"))
SHORT: Final = When((("leave-days", ("1 to 2",)),))
LONG: Final = When((("leave-days", ("3 or more",)),))
NOT_URGENT: Final = When((("urgent", ("no",)),))

RULES: Final[Mapping[str, ServiceRule]] = {
    "length": LENGTH,
    "urgent": Question("urgent", ("yes", "no")),
    "family": Question("grave-family-matter", ("yes", "no"), default="yes"),
    "late": Limit(of="late", most=15, unit="minutes", then="late"),
    "early": Limit(of="left-early", most=15, unit="minutes", then="left-early"),
    "absences": Listing(of="absences", entries=("overstayed-leave", "unexplained", "stood-in", "went-out")),
    "most-absences": Limit(of="absences", most=3, unit="times", then="written-statement", per=Every.MONTH),
    "lateness": Limit(of="lateness", most=180, unit="minutes", then="written-statement", per=Every.MONTH),
    "long-leave": Limit(of="leave", most=3, unit="days", then="award-lapses"),
    "short-notice": Ahead(of="leave", by=parse_allowance("1 day"), when=SHORT),
    "long-notice": Ahead(of="leave", by=parse_allowance("2 days"), when=LONG),
    "change": Ahead(of="staff-change", by=parse_allowance("1 month")),
    "change-paper": Ahead(of="staff-change-paper", by=parse_allowance("12 working days")),
    "substitute": Checklist(step="leave", items=("substitute", "reachable", "leave-form"), when=NOT_URGENT),
    "extension": Checklist(step="leave-extension", items=("approval of the client",)),
    "papers": Checklist(step="leave-papers", items=("leave-form",)),
    "paper": Checklist(step="staff-change-paper", items=("staff-change-paper",)),
    "grave": Barred(
        step="leave", posts=("himself", "supervisor"), when=When((("grave-family-matter", ("no",)),))
    ),
    "told": Chain(of="leave", through=("it-office", "client")),
    "told-of-change": Chain(of="staff-change", through=("it-office", "personnel")),
    "orders": Numbering(series=Series.REPAIR_ORDER, bound=True, book=4, voided_to="finance"),
}
"""What the firm says of its people: each rule under a clause that is named after it."""


def policy(**changed: ServiceRule | None) -> ServicePolicy:
    """The firm's rules, with others under the names that are given; ``None`` takes one out."""
    rules: dict[str, ServiceRule | None] = dict(RULES)
    rules |= {name.replace("_", "-"): rule for name, rule in changed.items()}
    dated = {
        name: Dated.always(name, rule, Clause(f"X-{name}"))
        for name, rule in rules.items()
        if rule is not None
    }
    return ServicePolicy(rulebook="rulebook", calendar=HOURS, currency="CNY", firm=FIRM, rules=dated)


def rules(**changed: ServiceRule | None) -> ServiceRules:
    """The same, as they hold."""
    return policy(**changed).on(MONDAY.date())


_numbers: Final = count(1)
_TABLES: Final = Lifecycles(TECHNICIAN, FINDING, BOOK)


def at(day: str, clock: str = "09:00") -> datetime:
    """A time of a day of May 2026, in the firm's zone: ``at("04")``, or of the whole date that is given."""
    on = date.fromisoformat(day if len(day) > 2 else f"2026-05-{day}")
    return datetime.combine(on, time.fromisoformat(clock), tzinfo=ZONE)


class People:
    """The people of a firm: what is said of them is decided and remembered.

    A command is said on a day of May 2026, at nine, to Li's record, by the head of service.
    """

    def __init__(self, rules: ServicePolicy | None = None) -> None:
        self.policy = policy() if rules is None else rules
        self.aggregates: Mapping[Key, Aggregate] = {}

    def command(self, kind: type[Command], on: str, /, **said: Any) -> Any:
        """The command as it is usually said."""
        usual: dict[str, Any] = {"id": f"command-{next(_numbers)}", "case": LI, "by": HEAD}
        return kind(**(usual | {"happened_at": at(on), "recorded_at": at(on)} | said))

    def do(self, kind: type[Command], on: str = "04", /, **said: Any) -> Change:
        """Decide, and remember what became of it."""
        change = decide(_TABLES, self.command(kind, on, **said), self.aggregates, policy=self.policy)
        self.aggregates = {**self.aggregates, **{it.key: it for it in change.becomes}}
        return change

    def refusals(self, kind: type[Command], on: str = "04", /, **said: Any) -> tuple[Reason, ...]:
        """Why it would be refused; empty where it would not."""
        return check(_TABLES, self.command(kind, on, **said), self.aggregates, policy=self.policy)

    def codes(self, kind: type[Command], on: str = "04", /, **said: Any) -> list[str]:
        """The codes of the reasons for which it would be refused."""
        return [reason.code for reason in self.refusals(kind, on, **said)]


def by_code(reasons: tuple[Reason, ...]) -> list[tuple[str, str]]:
    """Each reason's code, and the clause that it names."""
    return [(reason.code, "" if reason.clause is None else reason.clause.id) for reason in reasons]
