"""Ten years of an authority's deposits under the Shandong rulebooks: `make portfolio`.

Buildings, developers and claims are invented; every figure is checked to the cent. With --store all of it is
stored on SQLite, through a desk, and audited.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path

from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.deposits import DEPOSITS
from servflow.rulebooks import deposit_policy, load
from servflow.testing.deposit_checks import unsound_storage
from servflow.testing.deposit_portfolio import Portfolio, deposit_portfolio


def main() -> int:
    """Run the portfolio, print what came of it; 1 where something is wrong."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--buildings", type=int, default=10_000)
    ask.add_argument("--years", type=int, default=10)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--json", action="store_true", help="all figures as JSON")
    ask.add_argument("--store", type=Path, metavar="FILE", help="a new SQLite file for all of it")
    said = ask.parse_args()
    if said.store is not None and said.store.exists():
        ask.error(f"{said.store} is there already")
    books = (load("shandong/warranty-deposits"), load("shandong/warranty-deposit-fees"))
    policy = deposit_policy(*books, authority="property-authority")
    storage = None if said.store is None else SqliteStorage(said.store, Codec(DEPOSITS))
    began = time.perf_counter()
    found = deposit_portfolio(
        said.seed,
        policy=policy,
        buildings=said.buildings,
        years=said.years,
        storage=storage,
        progress=partial(_told, began, said.buildings),
    )
    seconds = time.perf_counter() - began
    if storage is not None:
        found.wrong += unsound_storage(storage, policy)
        storage.close()
    if said.json:
        print(json.dumps(found.plain() | {"seconds": round(seconds, 1)}, ensure_ascii=False, indent=1))
    else:
        _print(found, seconds)
    return int(bool(found.wrong))


def _told(began: float, buildings: int, number: int, commands: int) -> None:
    """How far it is: every building on a terminal, else every twentieth part."""
    terminal = sys.stderr.isatty()
    if terminal or number % max(buildings // 20, 1) == 0:
        said = f"{number:>7,} buildings  {commands:>9,} commands  {time.perf_counter() - began:6.0f} s"
        print(said, end="\r" if terminal else "\n", file=sys.stderr, flush=True)


def _print(found: Portfolio, seconds: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = sum(found.refused.values())
    commands = found.commands + found.wakes + refused
    days = f"{found.first_day.isoformat()} to {found.last_day.isoformat()}"
    print(f"{found.buildings:,} buildings, {days}, seed {found.seed}")
    print(f"  {found.commands:,} commands, {found.wakes:,} by the clock, {refused:,} refused")
    print(f"  {seconds:.0f} s, {seconds / commands * 1000:.2f} ms a command, {memory / 1024:.0f} MiB at most")
    for name in ("states", "claims", "moved", "refused"):
        counted = getattr(found, name).most_common()
        print(f"  {name}: " + ", ".join(f"{number:,} {word}" for word, number in counted))
    columns = ("opening", "paid_in", "interest", "used", "refunded", "released", "closing")
    print("  year" + "".join(f"{name:>20}" for name in columns))
    for year, sums in sorted(found.by_year.items()):
        print(f"  {year}" + "".join(f"{getattr(sums, name).amount:>20,}" for name in columns))
    print("".join(f"  WRONG: {each}\n" for each in found.wrong), end="")
    print(f"  {found.folded:,} journals folded; {len(found.wrong) or 'nothing'} wrong")


if __name__ == "__main__":
    sys.exit(main())
