"""A capped overdue fine over open days: compiled, and with its derivation, against hand-written code.

The peer is what somebody would write for just this fine: a function with ``Decimal`` over the same
calendar, rounded once. Each is asked for the same loans; the functions take turns, so that noise
hits all. Then 100,000 loans are assessed: the amount, and the difference to what was posted before
as a posting, against the same peer working out only the amounts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from datetime import time as clock
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from servflow.core.citations import Clause
from servflow.core.fees import Facts, OpenDays, PerUnit, evaluate
from servflow.core.fees.assessment import Obligation, Posted, assess
from servflow.core.fees.compiled import compiled
from servflow.core.ledger import Account, AccountKind
from servflow.core.money import Money
from servflow.core.worktime import Calendar

LOANS = 100_000
RATE, CAP, CENT = Decimal("0.50"), Decimal(15), Decimal("0.01")
HOURS = ((clock(8, 30), clock(17)),)
DESK = Calendar(
    "desk",
    ZoneInfo("Asia/Shanghai"),
    weekly=dict.fromkeys(range(5), HOURS),
    exceptions={date(year, 10, day): () for year in range(2020, 2031) for day in range(1, 8)},
)
FINE = (
    PerUnit(OpenDays(DESK), Money("0.50", "CNY"))
    .at_most(Money(15, "CNY"))
    .under(Clause("X-1", "a capped fine"))
)


def by_hand(due: date, end: date) -> Decimal:
    """The peer: the amount, and no word why."""
    days = DESK.open_days(due, end) if end > due else 0
    return min(days * RATE, CAP).quantize(CENT, ROUND_HALF_UP)


def loans(number: int) -> list[tuple[date, date]]:
    """Due days over some years, each with an end from before it to 80 days after."""
    first = date(2024, 1, 1)
    return [
        (due := first + timedelta(days=n % 700), due + timedelta(days=n * 7 % 90 - 9)) for n in range(number)
    ]


def measured(
    ways: dict[str, Callable[[date, date], object]], some: list[tuple[date, date]], rounds: int
) -> dict[str, float]:
    """Microseconds a loan, the median of the rounds."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            for due, end in some:
                way(due, end)
            taken[name].append((time.perf_counter() - start) / len(some) * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def assessor() -> Callable[[date, date], object]:
    """The compiled amount, and the posting that brings what was charged to it."""
    amount = compiled(FINE)
    reader, income = Account(AccountKind.RECEIVABLE, "reader"), Account(AccountKind.INCOME, "desk")
    owed = Obligation(subject="loan", kind="overdue", debit=reader, credit=income)
    posted = Posted(Money("1.00", "CNY"), 1)

    def run(due: date, end: date) -> object:
        return assess(owed, amount(due, end), posted, end)

    return run


def main() -> int:
    """Print the ratios beside their goals, and write them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE", help="write the result there, too")
    options = parser.parse_args()
    amount = compiled(FINE)

    def derived(due: date, end: date) -> object:
        return evaluate(FINE, Facts(days={"due": due, "end": end}))

    some = loans(3_000)
    for due, end in some:
        assert (
            by_hand(due, end)
            == amount(due, end).amount
            == evaluate(FINE, Facts(days={"due": due, "end": end})).money.amount
        )
    facts = {loan: Facts(days={"due": loan[0], "end": loan[1]}) for loan in some}
    micros = measured(
        {
            "by hand": by_hand,
            "amount, compiled": amount,
            "with full derivation": lambda due, end: evaluate(FINE, facts[due, end]),
            "with full derivation, facts made for each": derived,
        },
        some,
        options.rounds,
    )
    many = loans(LOANS)
    whole = measured({"by hand": by_hand, "assessed": assessor()}, many, 3)
    goals = {"amount, compiled": 2.0, "with full derivation": 10.0}
    results = [
        {
            "what": what,
            "peer": "hand-written Decimal function, same calendar",
            "ratio": round(taken / micros["by hand"], 2),
            "goal": goals.get(what),
            "met": what not in goals or taken / micros["by hand"] <= goals[what],
        }
        for what, taken in micros.items()
        if what != "by hand"
    ]
    results.append(
        {
            "what": f"{LOANS:,} loans assessed, each with its posting",
            "peer": "the same, their amounts by hand and no posting",
            "ratio": round(whole["assessed"] / whole["by hand"], 2),
            "goal": None,
            "met": True,
        }
    )
    print(f"a capped overdue fine over open days, medians of {options.rounds} rounds in this run")
    print(f"{'what':<44}{'times the peer':>15}{'goal':>8}")
    for result in results:
        goal = "" if result["goal"] is None else f"<= {result['goal']:g}"
        print(f"{result['what']:<44}{result['ratio']:>15}{goal:>8}{'' if result['met'] else '   not met'}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(
                {"benchmark": "fees", "python": sys.version.split()[0], "results": results}, file, indent=2
            )
            file.write("\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
