"""One account or claim, as ``servflow deposits show`` tells it: a table for each facet.

Where interest or surcharge cannot be worked out for want of a rate, the rest is told nevertheless.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import attrs
import click

from servflow.cli._deposits_desk import found
from servflow.cli._deposits_lists import deadlines, in_short
from servflow.cli._host import DEPOSITS, Host, host_options, instant, now, pass_host
from servflow.cli._sheet import in_full, in_words, said, sheet
from servflow.cli._show import as_json, say
from servflow.cli._stored import Beside, Words, plain
from servflow.core.citations import PRACTICE, Dated
from servflow.core.dates import Term
from servflow.core.deposits.accounts.deadlines import released_at_limit
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.assessing import order_in_force, surcharge
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.export import row
from servflow.core.deposits.interest import accrued, caught_up
from servflow.core.deposits.policy import SURCHARGE, DepositPolicy
from servflow.core.deposits.statements import PartLine, PartStanding, Statement, statement
from servflow.core.errors import MissingValue
from servflow.core.money import Money

__all__ = ["no_rate_from", "no_surcharge_from", "parts_sheet", "receipt_of", "show"]

_DAY: Final = timedelta(days=1)

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


@click.command()
@click.argument("id")
@click.option("--at", type=instant, help="How it stands at this instant (now).")
@host_options
@pass_host
def show(host: Host, id: str, at: datetime | None) -> None:
    """One account or claim: how it stands, and all that belongs to it.

    Of an account: what is asked and why, what is unpaid, the parts with what is held for them, days ahead,
    movements, claims, defects, journal, postings, mail.
    """
    storage = host.storage_of(DEPOSITS)
    it = found(storage, id)
    when = at or now()
    beside = Beside.of(storage, it)
    if isinstance(it, DepositAccount):
        standing = _Standing.of(it, host.deposits, host.deposits.day(when))
        if host.json:
            as_json({**plain(host, it), **_plain(host, it, standing), **beside.plain(host)})
            return
        _show_account(host, it, standing, when)
    else:
        assert isinstance(it, DepositClaim)
        if host.json:
            as_json({**plain(host, it), "days": _plain_days(host, it, when), **beside.plain(host)})
            return
        _show_claim(host, it, when)
    beside.show(host, it.kind, _words(host))


def _words(host: Host) -> Words:
    """The words of what stands beside it; among postings, what one is for has a heading of its own."""
    words = in_words(host)

    def in_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        words.table(title, ["posted for" if each == "for" else each for each in columns], rows)

    return attrs.evolve(words, table=in_table)


# --- what is known of an account on a day ----------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Standing:
    """How an account stands on a day: what is known, and from which day on a rate is lacking for the rest."""

    on: date
    statement: Statement
    """That of the day; where interest is unknown, with what was to be credited before it was."""
    accrued: Money | None
    """The interest that is not credited yet; None: unknown."""
    no_rate_from: date | None
    no_surcharge_from: date | None

    @classmethod
    def of(cls, it: DepositAccount, policy: DepositPolicy, on: date) -> _Standing:
        no_rate, no_surcharge = no_rate_from(it, policy, on), no_surcharge_from(it, policy, on)
        rest, known = it, policy
        if no_rate is not None:
            rest = caught_up(it, policy, no_rate)
            known = replace(known, interest_days=Dated.always("interest days", (), PRACTICE))
        if no_surcharge is not None:
            fees = {name: rule for name, rule in known.fees.items() if name != SURCHARGE}
            known = replace(known, fees=fees)
        return cls(
            on=on,
            statement=statement(rest, known, Term(on, on + _DAY)),
            accrued=accrued(it, policy, on) if no_rate is None else None,
            no_rate_from=no_rate,
            no_surcharge_from=no_surcharge,
        )

    @property
    def surcharge_owed(self) -> Money | None:
        """What is owed for late payment; None: unknown."""
        return self.statement.surcharge_owed if self.no_surcharge_from is None else None


def no_rate_from(it: DepositAccount, policy: DepositPolicy, day: date) -> date | None:
    """The first day before ``day`` that has no interest rate and needs one; None: there is none."""
    moved = min((each.on for each in it.movements), default=day)
    first = it.credits[-1].through + _DAY if it.credits else moved
    return _first_unknown(lambda each: accrued(it, policy, each + _DAY), first, day - _DAY)


def no_surcharge_from(it: DepositAccount, policy: DepositPolicy, day: date) -> date | None:
    """The first day through ``day`` for which the surcharge is unknown; None: there is none."""
    first = min((each.by_day for each in it.orders if not each.withdrawn), default=day)
    return _first_unknown(lambda each: surcharge(it, policy, each), first, day)


def _first_unknown(worked_out: Callable[[date], object], first: date, last: date) -> date | None:
    """The first of these days through which it cannot be worked out, as then through all later ones."""

    def is_unknown(day: int) -> bool:
        try:
            worked_out(date.fromordinal(day))
        except MissingValue:
            return True
        return False

    days = range(first.toordinal(), last.toordinal() + 1)
    if not days or not is_unknown(days[-1]):
        return None
    return date.fromordinal(days[bisect_left(days, True, key=is_unknown)])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _plain(host: Host, it: DepositAccount, standing: _Standing) -> dict[str, Any]:
    encode, on = host.codec.encode, standing.on
    return {
        "on": on.isoformat(),
        "target": encode(it.target),
        "balance": encode(it.balance),
        "unpaid": encode(standing.statement.unpaid),
        "surcharge_owed": encode(standing.surcharge_owed),
        "no_surcharge_from": _iso(standing.no_surcharge_from),
        "interest_accrued": encode(standing.accrued),
        "no_interest_rate_from": _iso(standing.no_rate_from),
        "standing": [dict(row(each)) for each in standing.statement.parts],
        "explanation": host.texts.charge_lines(it.assessment.charge),
        "days": [
            {"day": each.day.isoformat(), "what": each.what, "of": each.of}
            for each in deadlines(it, host.deposits, on)
        ],
    }


def _plain_days(host: Host, it: DepositClaim, at: datetime) -> list[dict[str, Any]]:
    found_days = deadlines(it, host.deposits, host.deposits.day(at))
    return [{"day": each.day.isoformat(), "what": each.what, "of": each.of} for each in found_days]


def _sheets(host: Host, tables: Sequence[Table]) -> None:
    for title, columns, rows in tables:
        if rows:
            sheet(host, said(host, title), columns, rows)


def _days(host: Host, it: DepositAccount | DepositClaim, at: datetime) -> Table:
    texts, on = host.texts, host.deposits.day(at)
    rows = [
        (
            texts.day(each.day),
            in_short(host, each),
            "!" if each.is_late(on) else "",
            "" if each.clause is None else each.clause.id,
        )
        for each in deadlines(it, host.deposits, on)
    ]
    return "days ahead", ("last day", "what", "late", "clause"), rows


# --- an account -----------------------------------------------------------------------------------------


def _show_account(host: Host, it: DepositAccount, standing: _Standing, at: datetime) -> None:
    texts = host.texts
    facets = [(texts.name("column", name), value) for name, value in _facets(host, it, standing) if value]
    sheet(host, f"{texts.name('aggregate', it.kind)} {it.id} ({in_full(host, at)})", ("", "says"), facets)
    why = (f"  {line}" for line in texts.charge_tree_lines(it.assessment.charge))
    say("\n".join((said(host, "why so much", on=it.assessment.on), *why, "")))
    over = released_at_limit(it, host.deposits, standing.on)
    parts_sheet(host, standing.statement.parts, releasable=over)
    _sheets(host, (_days(host, it, at), *_record(host, it)))


def _facets(host: Host, it: DepositAccount, standing: _Standing) -> Iterator[tuple[str, str]]:
    texts, building, made = host.texts, it.building, standing.statement

    def on_day(known: date | None) -> str:
        return "" if known is None else texts.day(known)

    yield "state", texts.state(it.kind, it.state)
    yield (
        "building",
        f"{building.project} {building.building}, {texts.name('word.building_type', building.building_type)}",
    )
    yield "developer", building.developer
    yield "bank", building.bank
    yield "supervisor of pre-sale funds", building.supervisor
    yield "property manager", building.property_manager
    yield "owners' committee", building.committee
    yield "owners' representative", building.representative
    yield "deposit", texts.money(it.target)
    yield "notified on", on_day(it.notified_on)
    yield "letter received on", on_day(it.letter_received_on)
    yield "review asked", it.review_asked
    yield "review answered", it.review_answer
    yield "balance", texts.money(it.balance)
    yield "unpaid", texts.money(made.unpaid)
    yield "paid in full on", on_day(it.paid_in_full_on)
    order = order_in_force(it)
    yield "ordered by", "" if order is None else texts.day(order.by_day)
    owed, since = standing.surcharge_owed, standing.no_surcharge_from
    unknown = "" if since is None else said(host, "no surcharge", since=since)
    yield "surcharge owed", texts.money(owed) if owed else unknown
    earned, since = standing.accrued, standing.no_rate_from
    unknown = "" if since is None else said(host, "no interest rate", since=since)
    yield "interest not credited yet", texts.money(earned) if earned else unknown
    yield "handed over on", on_day(it.handed_over_on)
    yield (
        "gates passed",
        "; ".join(f"{texts.name('gate', name)} {texts.day(day)}" for name, day in it.passed.items()),
    )
    yield "next warranty end", on_day(made.next_warranty_end and made.next_warranty_end - _DAY)
    yield "kept through", on_day(made.kept_through)
    yield "published for", ", ".join(map(str, it.published))
    yield "closed on", on_day(it.closed_on)
    yield "why", it.why


def parts_sheet(host: Host, parts: Sequence[PartLine], *, releasable: bool) -> None:
    """The parts of a building: how each stands, what is held for it, until when, and what holds it back.

    ``releasable``: the longest keeping is over, and every share that is left goes back.
    """
    texts = host.texts

    def stands(each: PartLine) -> str:
        standing = texts.name("standing", each.standing.value)
        due = releasable and each.standing is not PartStanding.RELEASED
        return said(host, "releasable", standing=standing) if due else standing

    rows = [
        (
            texts.name("building-part", each.part),
            str(each.weight),
            stands(each),
            "" if each.until is None else texts.day(each.until - _DAY),
            texts.money(each.principal),
            texts.money(each.held),
            "" if each.release_by is None else texts.day(each.release_by),
            ", ".join((*each.defects, *each.claims)),
            "" if each.released_on is None else texts.day(each.released_on),
        )
        for each in parts
    ]
    columns = (
        "part of the building",
        "weight",
        "warranty",
        "warranty through",
        "paid in for it",
        "held",
        "release by",
        "held back by",
        "released on",
    )
    sheet(host, said(host, "building parts"), columns, rows)


def receipt_of(it: DepositAccount, receipt: str, reverses: int | None) -> str:
    """The receipt of a movement; of a reversal, that of the payment that it reverses."""
    return receipt if reverses is None else it.movements[reverses - 1].receipt


def _record(host: Host, it: DepositAccount) -> tuple[Table, ...]:
    texts = host.texts
    balance, held = it.nothing, []
    for each in it.movements:
        balance += each.signed
        held.append(balance)
    movements = [
        (
            str(each.number),
            texts.day(each.on),
            texts.charge_kind(each.kind.value),
            texts.money(each.signed),
            texts.money(after),
            texts.name("building-part", each.part) if each.part else "",
            each.claim,
            receipt_of(it, each.receipt, each.reverses),
        )
        for each, after in zip(it.movements, held, strict=True)
    ]
    assessments = [
        (texts.day(each.on), texts.money(each.charge.money), _grounds(host, each.grounds))
        for each in it.assessments
    ]
    orders = [
        (
            texts.day(each.on),
            texts.day(each.by_day),
            said(host, "withdrawn") if each.withdrawn else said(host, "default noted") if each.noted else "",
        )
        for each in it.orders
    ]
    defaults = [(texts.day(each.ordered_by), texts.money(each.unpaid)) for each in it.defaults]
    defects = [
        (
            name,
            texts.name("building-part", each.part),
            each.what,
            texts.day(each.found_on),
            "" if each.repaired_on is None else texts.day(each.repaired_on),
        )
        for name, each in it.defects.items()
    ]
    claims = [
        (
            name,
            texts.name("building-part", each.part),
            said(host, "open claim") if each.open else said(host, "settled claim"),
            "" if each.budget is None else texts.money(each.budget),
        )
        for name, each in it.claims.items()
    ]
    attention = [(texts.reason(each), each.code) for each in it.attention]
    return (
        ("assessments", ("day", "deposit", "reduced for"), assessments),
        (
            "movements",
            ("no.", "day", "movement", "amount", "balance", "part of the building", "claim", "receipt"),
            movements,
        ),
        ("orders to pay", ("day", "ordered by", "state"), orders),
        ("defaults", ("ordered by", "unpaid"), defaults),
        ("serious defects", ("defect", "part of the building", "what", "found on", "repaired on"), defects),
        ("claims on it", ("claim", "part of the building", "state", "budget"), claims),
        ("to be seen to", ("what", "code"), attention),
    )


def _grounds(host: Host, grounds: Sequence[Any]) -> str:
    texts = host.texts
    return "; ".join(
        " ".join(filter(None, (texts.name("ground", each.name), each.grade, str(each.points or ""))))
        for each in grounds
    )


# --- a claim --------------------------------------------------------------------------------------------


def _show_claim(host: Host, it: DepositClaim, at: datetime) -> None:
    texts = host.texts
    facets = [(texts.name("column", name), value) for name, value in _claim_facets(host, it) if value]
    sheet(host, f"{texts.name('aggregate', it.kind)} {it.id}", ("", "says"), facets)
    applicants = [(texts.name("role", each.role), each.party, each.signed) for each in it.applicants]
    tests = [
        (
            each.body,
            texts.day(each.ordered_on),
            "" if each.liable is None else texts.name("flag", "true" if each.liable else "false"),
            texts.name("exclusion", each.cause) if each.cause else "",
            each.report,
        )
        for each in it.tests
    ]
    costs = [] if it.costs is None else [(each.what, texts.money(each.amount)) for each in it.costs.lines]
    attention = [(texts.reason(each), each.code) for each in it.attention]
    _sheets(
        host,
        (
            _days(host, it, at),
            ("applicants", ("role", "party", "signed by"), applicants),
            ("tests", ("inspection body", "ordered on", "liable", "cause", "report"), tests),
            ("costs", ("what", "amount"), costs),
            ("to be seen to", ("what", "code"), attention),
        ),
    )


def _claim_facets(host: Host, it: DepositClaim) -> Iterator[tuple[str, str]]:
    texts = host.texts
    part = texts.name("building-part", it.part)
    yield "state", texts.state(it.kind, it.state)
    yield "account", it.account
    yield "developer", it.developer
    yield (
        "part of the building",
        f"{part}, {texts.name('part-kind', it.parts.value)}" + (f" {it.unit}" if it.unit else ""),
    )
    yield "what", it.what
    yield "ground of use", texts.name("use-ground", it.ground)
    yield "cause", texts.name("exclusion", it.cause) if it.cause else ""
    yield "reported on", texts.day(it.reported_on)
    yield "filed on", texts.day(it.filed_on)
    yield "emergency", texts.name("emergency", it.emergency) if it.emergency else ""
    yield "evidence", ", ".join(it.evidence)
    says = it.developer_says
    yield "developer says", "" if says is None else texts.name("developer-says", says.value)
    yield "disputed", it.disputed
    kind = texts.name("repairer", it.repairer_kind) if it.repairer_kind else ""
    yield "repairer", " ".join(filter(None, (it.repairer, f"({kind})" if kind else "", it.qualification)))
    if it.budget is not None:
        approved = it.budget.approved_on
        when = said(host, "approved on", on=approved) if approved else said(host, "not approved")
        yield "budget", f"{texts.money(it.budget.amount)} ({it.budget.plan}), {when}"
    yield "repaired on", "" if it.repaired_on is None else texts.day(it.repaired_on)
    if it.costs is not None:
        yield "cost list", texts.money(it.costs.total)
        yield "signed on", "" if it.costs.signed_on is None else texts.day(it.costs.signed_on)
    yield "list returned", it.returned
    if it.paid is not None:
        to = texts.name("payee", it.paid.payee.value)
        yield "paid out", f"{texts.money(it.paid.amount)}, {texts.day(it.paid.on)}, {to} {it.paid.to}"
    yield "developer told on", "" if it.notified_on is None else texts.day(it.notified_on)
    yield "why", it.why
