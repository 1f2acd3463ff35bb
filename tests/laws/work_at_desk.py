"""Lines of work, verdicts and quotes, made by hand, for the tests of what a ticket costs and ends with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from desk_at_work import MONDAY, case, command, policy

from servflow.core.aftersales.costs import Billing, WorkLine
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.tickets import billing
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import Ticket, Work
from servflow.core.aftersales.warranty import Ruling, TermState, Verdict
from servflow.core.aftersales.words import Bearer, ChargeClass, Coverage
from servflow.core.changes import Message
from servflow.core.citations import Clause, Plain, Reason
from servflow.core.fees import Charge, Facts, Flat, evaluate
from servflow.core.money import Money

TODAY: Final = date(2026, 5, 4)
LIST: Final = Clause("AS-WARR-2", "二2")
DEALER: Final = Clause("AS-WARR-4", "4.1.2")


def cny(amount: str | int) -> Money:
    return Money(amount, "CNY")


def listed(amount: str | int, currency: str = "CNY") -> Charge:
    """A list price."""
    return evaluate(Flat(Money(amount, currency)).under(LIST), Facts())


def work(
    amount: str | int = 100,
    charge: ChargeClass = ChargeClass.LABOUR,
    billing: Billing = Billing.AS_RULED,
    *,
    item: str = "gear",
    currency: str = "CNY",
    cost: Money | None = None,
    approved_by: str = "",
    **said: Any,
) -> Work:
    """One line of work: labour by the verdict, at 100 yuan by the list."""
    line = WorkLine(
        item=item,
        charge=charge,
        billing=billing,
        listed=listed(amount, currency),
        cost=cost,
        approved_by=approved_by,
    )
    usual: dict[str, Any] = {"line": line, "by": "engineer", "on": TODAY}
    return Work(**(usual | said))


def extra(amount: str | int = 30, *, agreed: str = "", item: str = "hose") -> Work:
    """One line that was asked for besides."""
    return work(amount, billing=Billing.EXTRA, item=item, approved_by=agreed)


def verdict(
    coverage: Coverage = Coverage.PAID,
    bearer: Bearer = Bearer.CUSTOMER,
    *,
    discount: bool = False,
    labour: Coverage | None = None,
    clauses: tuple[Clause, ...] = (LIST,),
) -> Verdict:
    """The same for every class, but for labour where it is named."""
    parts, labours, travel = (
        Ruling(charge=charge, coverage=said, bearer=bearer, basis=("x",), clauses=clauses)
        for charge, said in (
            (ChargeClass.PARTS, coverage),
            (ChargeClass.LABOUR, labour or coverage),
            (ChargeClass.TRAVEL, coverage),
        )
    )
    return Verdict(
        reported_on=TODAY,
        term=TermState.IN,
        parts=parts,
        labour=labours,
        travel=travel,
        covers=(),
        discount=discount,
    )


def quote(it: Ticket, *lines: Work, at: datetime = MONDAY, rules: ServicePolicy | None = None) -> Ticket:
    """The ticket with a quote for these lines, given at ``at``."""
    said = command(c.GiveQuote, lines=lines, happened_at=at)
    return billing.give_quote(case(it, said, rules=rules or policy())).it  # type: ignore[return-value]


def accepted(it: Ticket, *lines: Work) -> Ticket:
    """The ticket with a quote for these lines that the customer has taken."""
    return billing.accept_quote(case(quote(it, *lines), command(c.AcceptQuote))).it  # type: ignore[return-value]


def codes(reasons: Any) -> list[str]:
    """The codes of what a guard yields."""
    return [reason.code for reason in reasons]


def cited(reasons: Any) -> list[tuple[str, str]]:
    """The codes of what a guard yields, each with the clause that it cites."""
    found: list[Reason] = list(reasons)
    return [(reason.code, reason.clause.id if reason.clause else "") for reason in found]


def lines(*found: tuple[str, int]) -> dict[str, Plain]:
    """The lines of a quote or a bill, as a message names them."""
    said: dict[str, Plain] = {}
    for number, (item, amount) in enumerate(found, 1):
        said |= {f"line.{number}": item, f"line.{number}.amount": cny(amount)}
    return said


def facts(message: Message) -> dict[str, Plain]:
    """What a message says, beside which ticket it is about."""
    return {name: said for name, said in message.facts if name not in {"ticket", "symptom"}}
