"""A year of a service desk on SQLite: `make year`. What came of it goes into year-out/.

The rules are those of the service desk of the examples, with what a year needs besides.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import time
from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path

from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.core.aftersales.desk_rules import Every
from servflow.core.aftersales.reports.export import row
from servflow.core.aftersales.reports.recurring import faults, recurring
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.dates import Term
from servflow.rulebooks import load, service_policy
from servflow.testing.service_at_work import desk_codec
from servflow.testing.service_checks import all_of, export, figures, unsound
from servflow.testing.service_year import ServiceYear, for_a_year, service_year

ROOT = Path(__file__).parents[1]
RULES = ROOT / "examples" / "riverside-rules.toml"


def main() -> int:
    """Run the year, check it, print its figures; 1 where something is wrong."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--tickets", type=int, default=10_000)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--rulebook", default=str(RULES), help="a file, or the name of a shipped one")
    ask.add_argument("--out", type=Path, default=ROOT / "year-out")
    said = ask.parse_args()
    said.out.mkdir(parents=True, exist_ok=True)
    for each in said.out.glob("year.db*"):
        each.unlink()
    named = Path(said.rulebook)
    policy = for_a_year(service_policy(load(named if named.suffix == ".toml" else said.rulebook)))
    database = said.out / "year.db"
    storage = SqliteStorage(database, desk_codec())
    began = time.perf_counter()
    year = service_year(
        said.seed, policy=policy, tickets=said.tickets, storage=storage, progress=partial(_told, began)
    )
    _measured(year, said.tickets, time.perf_counter() - began, database)

    began = time.perf_counter()
    wrong = list(unsound(storage, policy))
    print("".join(f"  WRONG: {each}\n" for each in wrong), end="")
    print(f"checked in {time.perf_counter() - began:.0f} s: {len(wrong) or 'nothing'} wrong")
    _figures(year, said.out)
    storage.close()
    return int(bool(wrong))


def _told(began: float, day: date, commands: int) -> None:
    """How far it is: every day on a terminal, else every month."""
    terminal = sys.stderr.isatty()
    if terminal or day.day == 1:
        said = f"{day}  {commands:>8,} commands  {time.perf_counter() - began:7.0f} s"
        print(said, end="\r" if terminal else "\n", file=sys.stderr, flush=True)


def _measured(year: ServiceYear, tickets: int, seconds: float, database: Path) -> None:
    commands = year.commands + year.wakes
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{tickets:,} tickets, {year.commands:,} commands and {year.wakes:,} wakes in {seconds:.0f} s")
    print(f"  {seconds / commands * 1000:.2f} ms a command, {seconds / tickets * 1000:.0f} ms a ticket")
    print(f"  {database.stat().st_size / tickets / 1024:.0f} KiB a ticket on the disk")
    print(f"  {memory / 1024:.0f} MiB at most in memory")
    stages = Counter(it.state.value for it in all_of(year.storage, Ticket))
    print("  " + ", ".join(f"{number:,} {stage}" for stage, number in stages.most_common()))


def _figures(year: ServiceYear, out: Path) -> None:
    """The indicators by month and of the year, and the rows that they are made of."""
    storage, policy = year.storage, year.policy
    term = Term(year.first_day, policy.day(year.ended_at))
    found = {
        every: figures(storage, policy, year.ended_at, term, every) for every in (Every.MONTH, Every.YEAR)
    }
    for every, each in found.items():
        text = json.dumps([row(figure) for figure in each], ensure_ascii=False, indent=1)
        (out / f"figures-{every.value}.json").write_text(text, "utf-8")
    for figure in found[Every.YEAR]:
        if not figure.kind:
            reached = {None: "", True: "reached", False: "not reached"}[figure.reached]
            print(f"  {figure.measure.value:<14}{figure.numerator:>7,} of {figure.denominator:<9,}{reached}")
    for name, lines in export(storage, policy, year.ended_at).items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = None
            for line in lines:
                if writer is None:
                    writer = csv.DictWriter(file, fieldnames=list(line))
                    writer.writeheader()
                writer.writerow(line)
    seen = tuple(faults(all_of(storage, Ticket), policy.zone))
    warned = recurring(seen, policy.on(term.last_day), term.last_day)
    print(f"  {len(warned)} problems came back too often in the last month or quarter")


if __name__ == "__main__":
    sys.exit(main())
