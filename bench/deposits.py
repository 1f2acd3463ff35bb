"""Deposits: time a command and memory of a portfolio, and interest against a loop over days.

The portfolio is that of ``tools/deposit_portfolio.py``, smaller; nothing is stored. Its interest is then
worked out anew for every account, from the first payment to the last day: by the rulebook's rule with its
derivation, and by a plain loop over days with ``decimal``, as a script of an authority would have it (the
same rates, day count and crediting days). Both have to come to the same cents.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.interest import caught_up
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.money import Money, total
from servflow.rulebooks import deposit_policy, load
from servflow.testing.deposit_portfolio import Portfolio, deposit_portfolio

RATES = (
    (date(2010, 9, 15), Decimal("0.0036")),
    (date(2011, 2, 9), Decimal("0.0040")),
    (date(2011, 4, 6), Decimal("0.0050")),
    (date(2012, 6, 8), Decimal("0.0040")),
    (date(2012, 7, 6), Decimal("0.0035")),
)
CREDITED = ((3, 20), (6, 20), (9, 20), (12, 20))
CENT = Decimal("0.01")
KEPT = frozenset({MovementKind.PAID_IN, MovementKind.REVERSED, MovementKind.REFUNDED})


def shandong() -> DepositPolicy:
    """The rules of the shipped rulebooks."""
    books = (load("shandong/warranty-deposits"), load("shandong/warranty-deposit-fees"))
    return deposit_policy(*books, authority="property-authority")


def without_interest(it: DepositAccount) -> DepositAccount:
    """The account as if no interest had been credited yet, and nothing released or used."""
    moved = tuple(each for each in it.movements if each.kind in KEPT)
    return replace(it, movements=moved, credits=())


def by_rule(accounts: Iterable[DepositAccount], policy: DepositPolicy, day: date) -> Money:
    """The interest of all accounts by the rulebook, credit by credit."""
    nothing = Money(0, policy.currency)
    for it in accounts:
        credited = caught_up(it, policy, day)
        nothing += total((credit.amount for credit in credited.credits), policy.currency)
    return nothing


def by_day(accounts: Iterable[DepositAccount], day: date) -> Decimal:
    """The same by a loop over days: balance times rate, summed up, divided by 360 on each crediting day."""
    interest = Decimal(0)
    for it in accounts:
        moved: dict[date, Decimal] = {}
        for each in it.movements:
            moved[each.on] = moved.get(each.on, Decimal(0)) + each.signed.amount
        at, held, products = min(moved), Decimal(0), Decimal(0)
        while at < day:
            held += moved.get(at, Decimal(0))
            rate = next(rate for since, rate in reversed(RATES) if since <= at)
            products += held * rate
            at += timedelta(days=1)
            ended = at - timedelta(days=1)
            if (ended.month, ended.day) in CREDITED:
                credit = (products / 360).quantize(CENT, ROUND_HALF_UP)
                held, interest, products = held + credit, interest + credit, Decimal(0)
    return interest


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> int:
    """Print the figures, and write them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--buildings", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE", help="write the result there, too")
    options = parser.parse_args()
    policy = shandong()
    seen: list[DepositAccount] = []

    def run() -> Portfolio:
        return deposit_portfolio(
            1, policy=policy, buildings=options.buildings, seen=lambda it, _: seen.append(it)
        )

    began = time.perf_counter()
    found = run()
    whole = time.perf_counter() - began
    commands = found.commands + found.wakes + sum(found.refused.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    day = found.last_day + timedelta(days=1)
    accounts = [without_interest(it) for it in seen if it.movements]
    assert by_rule(accounts, policy, day).amount == by_day(accounts, day)
    taken: dict[str, list[float]] = {"rule": [], "days": []}
    for _ in range(options.rounds):
        taken["rule"].append(seconds(lambda: by_rule(accounts, policy, day)))
        taken["days"].append(seconds(lambda: by_day(accounts, day)))
    rule, days = (statistics.median(taken[name]) for name in ("rule", "days"))
    result = {
        "buildings": found.buildings,
        "commands": commands,
        "milliseconds_a_command": round(whole / commands * 1000, 2),
        "milliseconds_a_building": round(whole / found.buildings * 1000, 1),
        "peak_mebibytes": round(peak),
        "wrong": len(found.wrong),
        "peer": "a loop over days with decimal",
        "accounts": len(accounts),
        "ratio": round(days / rule, 2),
    }
    print(f"deposits, {found.buildings} buildings over ten years, checked to the cent, in this run")
    print(f"{commands:,} commands: {result['milliseconds_a_command']} ms each, {peak:.0f} MiB at most")
    print(f"interest of {len(accounts)} accounts, medians of {options.rounds} rounds, the same cents")
    print(f"{'peer':<32}{'times as fast':>14}")
    print(f"{result['peer']:<32}{result['ratio']:>14}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            body = {"benchmark": "deposits", "python": sys.version.split()[0], "results": [result]}
            json.dump(body, file, indent=2)
            file.write("\n")
    return int(bool(found.wrong))


if __name__ == "__main__":
    raise SystemExit(main())
