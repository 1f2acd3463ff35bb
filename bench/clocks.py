"""Service clocks: due dates far away beside near ones, and 100,000 open tickets ranked by urgency.

The first question is whether a due date over ten years of closures costs more than one over ten days.
It is asked twice: of a calendar that has been asked before, and of a new one, which has yet to look up
the clock changes of its zone.

The second is what a queue costs: each of 100,000 open tickets is evaluated (state, due date, what has run
off, without the pauses of every fifth) and all are ranked. The peer is businesstimedelta, which adds
working hours to an instant and knows neither pauses nor verdicts: it works out the bare due dates, of a
sample of the tickets without pauses, and has to agree on each. Both are given per ticket.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytz

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the peer's own, at import
    from businesstimedelta import BusinessTimeDelta, HolidayRule, LunchTimeRule, Rules, WorkDayRule

from servflow.core.clocks import Clock, Pause, Run, Target, WorkingTime, by_urgency, evaluate
from servflow.core.worktime import Calendar

TICKETS, SAMPLE = 100_000, 1_000
ZONE = "Asia/Shanghai"
STAFF = ((clock(8), clock(12)), (clock(14), clock(18)))
CLOSED = [date(year, month, day) for year in range(2024, 2042) for month in (2, 5, 10) for day in range(1, 8)]
HOURS = (4, 8, 16, 24)
NOW = datetime(2026, 9, 30, 3, 17, tzinfo=UTC)

Case = tuple[Target, Run]


def desk() -> Calendar:
    """A desk that is closed for three weeks of every year, in a zone with a history of clock changes."""
    return Calendar(
        "desk", ZoneInfo(ZONE), weekly=dict.fromkeys(range(5), STAFF), exceptions=dict.fromkeys(CLOSED, ())
    )


def tickets(calendar: Calendar) -> list[Case]:
    """Tickets of the last three weeks, with four lengths of target; the customer has every fifth waiting."""
    targets = [
        Target(
            kind="resolve",
            within=WorkingTime(timedelta(hours=hours)),
            calendar=calendar,
            pauses=frozenset({"customer"}),
        )
        for hours in HOURS
    ]
    cases = []
    for number in range(TICKETS):
        reported = NOW - timedelta(minutes=number * 37 % (21 * 24 * 60))
        asked = reported + timedelta(hours=1)
        pauses = () if number % 5 or asked > NOW else (Pause("customer", asked, asked + timedelta(hours=5)),)
        cases.append((targets[number % 4], Run(anchored_at=reported, pauses=pauses)))
    return cases


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median of the rounds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def distances(rounds: int) -> dict[str, float]:
    """How many times as long a due date over ten years takes as one over ten days."""
    starts = [datetime(2026, 1, 5, 1, 30, tzinfo=UTC) + timedelta(hours=7 * n) for n in range(500)]
    known = desk()
    near = known.open_time(starts[0], starts[0] + timedelta(days=10))
    far = known.open_time(starts[0], starts[0].replace(year=starts[0].year + 10))

    def dues(length: timedelta) -> Callable[[], object]:
        target = Target(kind="resolve", within=WorkingTime(length), calendar=known)
        return lambda: [evaluate(target, Run(anchored_at=start), start).due_at for start in starts]

    def first(length: timedelta) -> Callable[[], object]:
        return lambda: [desk().add_open_time(start, length) for start in starts[:20]]

    ratios: dict[str, float] = {}
    for name, made in (("a calendar in use", dues), ("a new calendar's first", first)):
        made(far)(), made(near)()
        ratios[name] = seconds(made(far), rounds) / seconds(made(near), rounds)
    return ratios


def ranked(cases: list[Case]) -> list[Clock]:
    """The queue: every ticket's clock, the most urgent first."""
    return by_urgency([evaluate(target, run, NOW) for target, run in cases])


def peer_due(cases: list[Case]) -> Callable[[], list[datetime]]:
    """The due dates of these, by the peer's own rules for the same hours and closures."""
    zone = pytz.timezone(ZONE)
    rules = Rules(
        [
            WorkDayRule(start_time=clock(8), end_time=clock(18), working_days=[0, 1, 2, 3, 4], tz=zone),
            LunchTimeRule(start_time=clock(12), end_time=clock(14), working_days=[0, 1, 2, 3, 4], tz=zone),
            HolidayRule(set(CLOSED), tz=zone),
        ]
    )
    asked = []
    for target, run in cases:
        assert isinstance(target.within, WorkingTime)
        asked.append((run.anchored_at, BusinessTimeDelta(rules, timedelta=target.within.length)))
    return lambda: [begun + length for begun, length in asked]


def main() -> int:
    """Print the ratios beside their goals, and write them as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="write the result there, too")
    options = parser.parse_args()

    far = distances(options.rounds)
    cases = tickets(desk())
    sample = [case for case in cases if not case[1].pauses][:SAMPLE]
    due = peer_due(sample)
    ours = [evaluate(target, run, NOW).due_at for target, run in sample]
    assert due() == ours
    taken = [
        (seconds(lambda: ranked(cases), 1) / len(cases), seconds(due, 1) / len(sample))
        for _ in range(max(1, options.rounds // 2))
    ]
    queue, theirs = (statistics.median(each) for each in zip(*taken, strict=True))

    results = [
        {
            "what": f"due over ten years of closures, {name}",
            "peer": "the same over ten days",
            "ratio": round(ratio, 2),
            "goal": "<= 2" if name == "a calendar in use" else None,
            "met": ratio <= 2 or name != "a calendar in use",  # noqa: PLR2004
        }
        for name, ratio in far.items()
    ]
    results.append(
        {
            "what": f"{TICKETS:,} open tickets evaluated and ranked, each",
            "peer": f"businesstimedelta: the due date alone, each of {len(sample):,}",
            "ratio": round(queue / theirs, 3),
            "goal": None,
            "met": True,
        }
    )
    print(f"service clocks, medians of {options.rounds} rounds in this run")
    print(f"{'what':<58}{'times the peer':>15}{'goal':>8}   peer")
    for result in results:
        missed = "" if result["met"] else "   not met"
        print(
            f"{result['what']:<58}{result['ratio']:>15}{result['goal'] or '':>8}   {result['peer']}{missed}"
        )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(
                {"benchmark": "clocks", "python": sys.version.split()[0], "results": results}, file, indent=2
            )
            file.write("\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
