"""What a deposit or a surcharge comes to, without a desk: by a rulebook alone, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar

import attrs
import click

from servflow.cli._deposits_desk import readers
from servflow.cli._fields import typed
from servflow.cli._host import DEPOSITS, Host, day, host_options, now, pass_host
from servflow.cli._service_case import assigned
from servflow.cli._sheet import said
from servflow.cli._show import as_json, say
from servflow.core.changes import Actor, Office
from servflow.core.deposits import DepositPolicy
from servflow.core.deposits.accounts.commands import AssessDeposit
from servflow.core.deposits.accounts.model import Approval, Assessment, Building, DepositAccount, Ground
from servflow.core.deposits.assessing import assessed, condition, late_charge
from servflow.core.deposits.policy import DEPOSIT
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.fees import Charge, Choose
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.rulebooks import deposit_policy, load

__all__ = ["ASSESSING_COMMANDS"]

F = TypeVar("F", bound=Callable[..., Any])

_RULES: Final = "shandong/warranty-deposits"
_CHARGES: Final = "shandong/warranty-deposit-fees"
_DAY: Final = timedelta(days=1)
_NOON: Final = time(12)


def _by_rules(command: F) -> F:
    """The options that say by which rules."""
    for option in (
        click.option("--charges", metavar="NAME|FILE", help="The fee rules (the host's, else Shandong's)."),
        click.option("--rules", metavar="NAME|FILE", help="The rules (the host's, else Shandong's)."),
    ):
        command = option(command)
    return command


@attrs.frozen
class _Book:
    """The rules that are asked, and what they are called."""

    rules: str
    charges: str | None
    policy: DepositPolicy

    @classmethod
    def of(cls, host: Host, rules: str | None, charges: str | None) -> _Book:
        """Those named; what is not named is that of an authority's facts, or of Shandong."""
        known = host.deposits_file if host.facts is not None and host.domain is DEPOSITS else None
        by = rules or (known.rulebook if known else _RULES)
        fees = charges or (known.charges if known else _CHARGES)
        authority = known.authority.ref if known else "authority"
        book = None if fees is None else load(fees)
        return cls(by, fees, deposit_policy(load(by), book, authority=authority))

    def plain(self) -> dict[str, Any]:
        """Which they are, for machines."""
        return {"rulebook": self.rules, "charges": self.charges, "digest": self.policy.rulebook}


@click.command(
    epilog="For instance: servflow deposits assess --type high_rise --cost 120000000"
    " --ground 'name=performance; grade=2A; shown=finally-reviewed' --approved"
)
@click.option("--type", "building_type", required=True, help="What building it is, by the charges' words.")
@click.option("--cost", metavar="AMOUNT", help="Its building and installation cost.")
@click.option("--average-cost", metavar="AMOUNT", help="The authority's average cost of a square metre.")
@click.option("--floor-area", metavar="M2", help="How many square metres it has, with --average-cost.")
@click.option(
    "--ground",
    "grounds",
    multiple=True,
    metavar="NAME=VALUE;...",
    help="A ground for less of it, as a field of AssessDeposit is typed; repeatable.",
)
@click.option("--approved", is_flag=True, help="Taken that all who have to approved of every ground.")
@click.option("--on", type=day, help="By the rules of this day (today).")
@_by_rules
@host_options
@pass_host
def assess(
    host: Host,
    *,
    building_type: str,
    cost: str | None,
    average_cost: str | None,
    floor_area: str | None,
    grounds: tuple[str, ...],
    approved: bool,
    on: date | None,
    rules: str | None,
    charges: str | None,
) -> None:
    """What the deposit of a building is, and every step of how it comes about, with its clause.

    What an assessment at the desk would be refused for is refused here, too. Of a ground that takes nothing
    off it is said what was not shown of it.
    """
    book = _Book.of(host, rules, charges)
    policy = book.policy
    when = on or policy.day(now())
    texts = {"cost": cost, "average_cost": average_cost, "floor_area": floor_area}
    typed_fields = [f"{name}={text}" for name, text in texts.items() if text is not None]
    typed_fields += [f"grounds={' | '.join(grounds)}"] if grounds else []
    at = datetime.combine(when, _NOON, tzinfo=policy.zone).astimezone(UTC).isoformat()
    building = Building(
        project="assessed",
        building="assessed",
        building_type=building_type,
        kinds=_kinds(policy, when),
        developer="assessed",
        bank="assessed",
    )
    reading = readers(host.codec, policy.currency)
    command = host.codec.decode_command(
        {
            "command": AssessDeposit.__name__,
            "id": "what-if",
            "case": "what-if",
            "by": host.codec.encode(Actor("assessed", policy.authority, Office.STAFF)),
            "happened_at": at,
            "recorded_at": at,
            "building": host.codec.encode(building),
            **typed(AssessDeposit, typed_fields, policy.currency, data={}, readers=reading),
        }
    )
    assert isinstance(command, AssessDeposit)
    _check_words(policy, command)
    if approved:
        command = _approved(command, policy, when)
    (it,) = decide(DEPOSITS.lifecycles, command, {}, policy=policy).becomes
    assert isinstance(it, DepositAccount)
    charge = it.assessment.charge
    lacking = _without_effect(policy, building_type, it.assessment)
    if host.json:
        told = {"on": when.isoformat(), "state": it.state.value, "without_effect": lacking}
        as_json({**book.plain(), **told, **_plain(host, charge)})
        return
    state = host.texts.state(it.kind, it.state)
    say(said(host, "deposit assessed", on=when, amount=charge.money, state=state))
    say("\n".join(host.texts.charge_tree_lines(charge)))
    for name, facts in lacking.items():
        say(said(host, "ground without effect", ground=name, lacking=", ".join(facts)))


def _kinds(policy: DepositPolicy, on: date) -> tuple[str, ...]:
    """All that a building has to be on that day; where the rules are not in force, they say so themselves."""
    try:
        return policy.scope.on(on).value
    except MissingValue:
        return ()


def _check_words(policy: DepositPolicy, command: AssessDeposit) -> None:
    """The type of building and the grades are words that the charges have, on any day.

    Raises:
        InvalidValue: one is none of them.
    """
    known: dict[str, list[str]] = {}
    for each in _choices(policy.fees.get(DEPOSIT)):
        known.setdefault(each.word, []).extend(word for word, _ in each.cases)
    grades = [(each.name.replace("-", "_"), "grade", each.grade) for each in command.grounds if each.grade]
    for fact, field, word in (("building_type", "--type", command.building.building_type), *grades):
        if fact in known and word not in known[fact]:
            raise InvalidValue(field, word, f"one of {', '.join(dict.fromkeys(known[fact]))}")


def _choices(rule: object) -> Iterator[Choose]:
    """Every choice by a word in a fee rule, however deep and of whatever day."""
    if isinstance(rule, Choose):
        yield rule
    within: Iterable[object] = ()
    if isinstance(rule, tuple):
        within = rule
    elif is_dataclass(rule) and not isinstance(rule, type):
        within = (getattr(rule, each.name) for each in fields(rule))
    for each in within:
        yield from _choices(each)


def _without_effect(
    policy: DepositPolicy, building_type: str, assessment: Assessment
) -> dict[str, list[str]]:
    """The grounds that even alone take nothing off, and the conditions that were not shown of each."""

    def charged(*grounds: Ground) -> Charge:
        return assessed(
            policy,
            assessment.on,
            building_type,
            cost=assessment.cost,
            average_cost=assessment.average_cost,
            floor_area=assessment.floor_area,
            grounds=grounds,
        ).charge

    found = {}
    for ground in assessment.grounds:
        alone, conditions = charged(ground), condition(ground.name, "")
        inputs = (each for _, step in alone.lines() for each in step.inputs)
        lacking = [name for name, holds in inputs if name.startswith(conditions) and holds is False]
        if lacking and alone.exact == charged().exact:
            found[ground.name] = list(dict.fromkeys(lacking))
    return found


def _approved(command: AssessDeposit, policy: DepositPolicy, on: date) -> AssessDeposit:
    """The same, as if everybody who has to had approved of every ground.

    Before the rules are in force that is nobody.
    """
    try:
        needed = policy.approvals.on(on).value
    except MissingValue:
        needed = ()
    by_all = tuple(Approval(by=by, on=on, reference="taken") for by in needed)
    return replace(command, grounds=tuple(replace(each, approvals=by_all) for each in command.grounds))


def _plain(host: Host, charge: Charge) -> dict[str, Any]:
    return {
        "amount": host.codec.encode(charge.money),
        "exact": str(charge.exact),
        "derivation": host.codec.encode(charge.derivation),
        "explanation": host.texts.charge_lines(charge),
    }


@click.command(
    epilog="For instance: servflow deposits surcharge --ordered-by 2026-03-01 --unpaid 1200000"
    " --paid 2026-03-21=700000 --through 2026-03-25"
)
@click.option("--ordered-by", type=day, required=True, help="The day by which payment was ordered.")
@click.option("--unpaid", required=True, metavar="AMOUNT", help="What was unpaid at the end of that day.")
@click.option("--paid", multiple=True, metavar="DAY=AMOUNT", help="What was paid after it; repeatable.")
@click.option("--through", type=day, help="The last day that is charged (today).")
@_by_rules
@host_options
@pass_host
def surcharge(
    host: Host,
    *,
    ordered_by: date,
    unpaid: str,
    paid: tuple[str, ...],
    through: date | None,
    rules: str | None,
    charges: str | None,
) -> None:
    """What late payment of a deposit costs, up to a day, with its steps; and what a day more would."""
    book = _Book.of(host, rules, charges)
    policy = book.policy
    end = through or policy.day(now())
    if end < ordered_by:
        raise InvalidValue("--through", end.isoformat(), f"{ordered_by.isoformat()} or a later day")
    later = policy.surcharge_on_day_of_payment.on(ordered_by).value * _DAY
    history = {ordered_by: _amount("--unpaid", unpaid, policy.currency)}
    left = history[ordered_by]
    payments = assigned(paid, "--paid", "DAY=AMOUNT")
    for on, amount in sorted(
        (day(each), _amount("--paid", text, policy.currency)) for each, text in payments.items()
    ):
        if on <= ordered_by or amount > left:
            expected = f"a day after {ordered_by.isoformat()}, and no more than is unpaid: {left}"
            raise InvalidValue("--paid", f"{on.isoformat()}={amount}", expected)
        left -= amount
        history[on + later] = left

    def charged(last: date) -> Charge:
        return late_charge(policy, tuple(history.items()), ordered_by=ordered_by, end=last)

    charge = charged(end)
    more = charged(end + _DAY).money - charge.money
    if host.json:
        as_json(
            {
                **book.plain(),
                "through": end.isoformat(),
                "next_day": host.codec.encode(more),
                **_plain(host, charge),
            }
        )
        return
    say(said(host, "surcharge through", through=end, amount=charge.money, more=more))
    say("\n".join(host.texts.charge_tree_lines(charge)))


def _amount(name: str, text: str, currency: str) -> Money:
    code, _, amount = text.strip().rpartition(" ")
    try:
        found = Money(amount, code or currency)
    except InvalidValue as error:
        raise InvalidValue(name, text, error.expected) from None
    if found.minor < 0:
        raise InvalidValue(name, text, "an amount of 0 or more")
    return found


ASSESSING_COMMANDS: Final = (assess, surcharge)
