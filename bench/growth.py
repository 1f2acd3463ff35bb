"""What a storage of a million cases does to its queries: load, due, the lists and the rest, at every size.

Each query is asked of another place each time; the figure is the median of its runs. ``--write``
puts the table and the plot into the docs.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pygal
from storage import (
    CODEC,
    START,
    Case,
    Place,
    See,
    case_records,
    desk_over,
    id_of,
    places,
    said,
    seconds,
    wake_of,
)

from servflow.codec.records import message_record, posting_record
from servflow.core.changes import Key, Message
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money
from servflow.core.ports import Storage
from servflow.core.records import Record, Status

CLOSED_EVERY, CASES_OF_ONE, FAILED, WAITING = 10, 10, 10, 100
SIZES = (1_000, 10_000, 100_000, 1_000_000)
DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


# --- what is stored -------------------------------------------------------------------------------


def all_records(cases: int) -> Iterator[Record]:
    """What a storage of so many cases holds: two entries each, a posting each, a message each.

    Every tenth is closed, ten are of one patron, ten messages have failed and a hundred wait; all
    others are sent. The records of one case, decided as any other, are numbered anew for each.
    """
    case, *entries, opened, seen = case_records(0, entries=2)

    def numbered(record: Any, number: int) -> Any:
        id = id_of(number)
        wakes = (f"{wake_of(each).replace(tzinfo=None).isoformat()}Z" for each in (0, number))
        document = record.document.replace(id_of(0), id).replace('-0"', f'-{number}"').replace(*wakes)
        return record._replace(key=Key(Case.kind, id), document=document)

    for number in range(cases):
        it = numbered(case, number)._replace(wake=wake_of(number))
        if number % CLOSED_EVERY == 0:
            it = it._replace(state="closed", document=it.document.replace('"open"', '"closed"'), wake=None)
        yield it
        for entry in entries:
            yield numbered(entry, number)._replace(command_id=entry.command_id.replace("-0", f"-{number}"))  # type: ignore[union-attr]
    for command, receipt in (("open", opened), ("see-2", seen)):
        ((_, version),) = receipt.versions  # type: ignore[union-attr]
        for name in sorted(f"{command}-{number}" for number in range(cases)):
            key = Key(Case.kind, id_of(int(name.rpartition("-")[2])))
            yield receipt._replace(command_id=name, versions=((key, version),))  # type: ignore[call-arg]
    for number in range(cases):
        yield posting_record(CODEC, posting(number))
    for number in range(cases):
        waits = number >= cases - WAITING
        status = Status.FAILED if number < FAILED else Status.PENDING if waits else Status.SENT
        yield message_record(CODEC, message(number), START)._replace(status=status)


def posting(number: int) -> Posting:
    """One fee."""
    return Posting(
        key=f"posting-{number}",
        debit=receivable(number),
        credit=Account(AccountKind.INCOME, "desk"),
        amount=Money("5", "CNY"),
        value_date=date(2026, 1, 31),
        subject=id_of(number),
        kind="fee",
    )


def receivable(number: int) -> Account:
    """What the patron of a case owes."""
    return Account(AccountKind.RECEIVABLE, f"P-{number // CASES_OF_ONE}")


def message(number: int) -> Message:
    """One letter."""
    about = Key(Case.kind, id_of(number))
    return Message(key=f"message-{number}", to=f"P-{number // CASES_OF_ONE}", kind="reminder", about=about)


# --- what is asked of it --------------------------------------------------------------------------


def queries(storage: Storage, cases: int) -> dict[str, Callable[[], object]]:
    """Each of another case every time."""
    random = Random(2026)
    desk = desk_over(storage)
    steps = count(0)

    def any_number() -> int:
        return random.randrange(cases)

    def any_key() -> Key:
        return Key(Case.kind, id_of(any_number()))

    def open_id() -> str:
        return id_of(any_number() // CLOSED_EVERY * CLOSED_EVERY + 1)

    long_after = START + timedelta(days=10_000)
    return {
        "load": lambda: storage.load(any_key()),
        "journal": lambda: list(storage.journal(any_key())),
        "due, the first 100": lambda: storage.due(long_after, limit=100),
        "list, a page of 100": lambda: storage.aggregates(Case.kind, after=any_key().id),
        "list by state, a page of 100": lambda: storage.aggregates(
            Case.kind, state="closed", after=id_of(any_number() // 2)
        ),
        "postings of a case": lambda: list(storage.postings(subject=any_key().id)),
        "postings of an account": lambda: list(storage.postings(account=receivable(any_number()))),
        "outbox of a case": lambda: list(storage.outbox(about=any_key())),
        "failed letters": lambda: list(storage.outbox(status=Status.FAILED)),
        "claim, 10": lambda: storage.claim(START, until=START, limit=10),  # free again at once
        "do": lambda: desk.do(said(See, f"more-{next(steps)}", open_id())),
    }


def measure_growth(place: Place, sizes: Sequence[int], *, times: int) -> dict[str, Any]:
    """Microseconds of every query at every size, medians."""
    found: dict[str, list[float]] = {}
    for cases in sizes:
        with place.storage() as storage:
            start = time.perf_counter()
            number = storage.restore(all_records(cases))
            taken = time.perf_counter() - start
            told = f"{place.name}: {cases:,} cases, {number:,} records, restored in {taken:.0f} s"
            print(told, file=sys.stderr)
            for name, query in queries(storage, cases).items():

                def run(_times: int, query: Callable[[], object] = query) -> None:
                    query()

                run(1)
                median = statistics.median(seconds(run, 1) for _ in range(times))
                found.setdefault(name, []).append(round(median * 1e6, 1))
    return {"measurement": "growth", "storage": place.name, "sizes": list(sizes), "microseconds": found}


# --- for people -----------------------------------------------------------------------------------


def table(result: dict[str, Any]) -> list[str]:
    """The lines of a table in Markdown: microseconds at each size, and the last by the first."""
    sizes = result["sizes"]
    lines = [
        f"| {result['storage']} | " + " | ".join(f"{size:,}" for size in sizes) + " | last / first |",
        "|---" * (len(sizes) + 2) + "|",
    ]
    for name, values in result["microseconds"].items():
        cells = [f"{value:,.0f}" for value in values]
        lines.append(f"| {name} | {' | '.join(cells)} | {values[-1] / values[0]:.1f} |")
    return lines


def plot(result: dict[str, Any]) -> str:
    """The same as a picture, with the axis of times logarithmic."""
    chart = pygal.Line(
        title=f"{result['storage']}: microseconds of a query, by the number of cases",
        logarithmic=True,
        js=[],
        width=900,
        height=560,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        truncate_legend=-1,
    )
    chart.uuid = result["storage"]  # the same for the same figures
    chart.x_labels = [f"{size:,}" for size in result["sizes"]]
    for name, values in result["microseconds"].items():
        chart.add(name, values)
    return re.sub("<!--.*?-->", "", str(chart.render(is_unicode=True)))


def write(results: list[dict[str, Any]]) -> None:
    """Put tables and plots into the docs."""
    page = DOCS / "storage-speed.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = []
    for result in results:
        name = result["storage"]
        (DOCS / f"storage-speed-{name}.svg").write_text(plot(result) + "\n", encoding="utf-8")
        parts += [*table(result), "", f"![{name}](storage-speed-{name}.svg)", ""]
    page.write_text("\n".join([before + BEGIN, "", *parts, END + after]), encoding="utf-8")


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of cases")
    parser.add_argument("--times", type=int, default=101, help="runs of each query")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--write", action="store_true", help="put tables and plots into the docs")
    parser.add_argument("--json", metavar="FILE", help="write the result there, too")
    options = parser.parse_args()
    with places(options.only) as found:
        results = [measure_growth(place, options.sizes, times=options.times) for place in found]
    for result in results:
        print("\n".join([*table(result), ""]))
    if options.write:
        write(results)
    if options.json:
        Path(options.json).write_text(json.dumps({"results": results}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
