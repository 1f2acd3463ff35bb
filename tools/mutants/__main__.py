"""A sample of small mistakes in the core: each is made by itself, and a test has to fail.

    python tools/mutants [--sample N] [--seed S] [--minutes M] [--only PATH]
                           [--json FILE] [--again FILE] [--control]

1 if fewer than 90 of 100 are noticed; 2 if the tests do not pass as they are, or nothing was tried. The
sample is the first N of all changes, shuffled by the seed: a larger one holds the smaller. ``--control`` runs
the same tests with nothing changed: what then fails shows that some tests alone are not to be trusted.
What cannot be noticed, because it changes nothing that can be seen, stands with its reason in
``equivalent.toml`` and is not drawn.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from math import inf, sqrt
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[1])

from mutants.changes import Change, changed, changes  # noqa: E402
from mutants.trial import Broken, Grounds, Result  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LEAST = 90  # of 100


class Mutant(NamedTuple):
    """One change of one file."""

    file: Path
    change: Change
    code: str
    """The line that it begins in, as it stands in the source."""

    @property
    def room(self) -> str:
        """The folder that the file is in; the modules beside the rooms are shared by all."""
        return self.file.parent.as_posix() if len(self.file.parts) > 1 else "shared modules"

    def __str__(self) -> str:
        return f"{self.file}:{self.change.line}: {self.change.kind}: {self.change.what}"

    def named(self) -> tuple[str, str, str]:
        """What it is known by when lines have moved."""
        return self.file.as_posix(), self.code, self.change.what


def mutants(grounds: Grounds) -> Iterator[Mutant]:
    """All that there are, file by file."""
    for file in grounds.files():
        source = grounds.text(file)
        lines = source.splitlines()
        for change in changes(ast.parse(source), source):
            yield Mutant(file, change, lines[change.line - 1].strip())


def pick(all_of_them: Sequence[Mutant], names: Collection[tuple[str, str, str]]) -> list[Mutant]:
    """Those that are known by these names."""
    files = {(file, code) for file, code, _ in names}
    return [
        each for each in all_of_them if (each.file.as_posix(), each.code) in files and each.named() in names
    ]


def names_in(entries: Sequence[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """The names in a list of survivors or of equivalents."""
    return {(entry["file"], entry["code"], entry["what"]) for entry in entries}


def between(killed: int, of: int) -> tuple[float, float]:
    """The interval, in percent, that holds the share of all mutants in 95 of 100 samples (Wilson's)."""
    z, share = 1.96, killed / of
    middle, width = share + z * z / (2 * of), z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return 100 * (middle - width) / (1 + z * z / of), 100 * (middle + width) / (1 + z * z / of)


def table(results: Sequence[tuple[Mutant, Result]], by: str) -> Iterator[str]:
    """The share killed of each room, or of each kind of change."""
    drawn, killed = Counter[str](), Counter[str]()
    for mutant, result in results:
        group = mutant.room if by == "room" else mutant.change.kind
        drawn[group] += 1
        killed[group] += result.killed
    yield f"{by:<24} {'drawn':>6} {'killed':>6} {'share':>7}"
    for group in sorted(drawn):
        yield f"{group:<24} {drawn[group]:>6} {killed[group]:>6} {100 * killed[group] / drawn[group]:>5.1f} %"


def entry(mutant: Mutant, result: Result) -> dict[str, Any]:
    """As it is written to the JSON file."""
    file, code, what = mutant.named()
    place = {"file": file, "line": mutant.change.line, "code": code, "what": what, "kind": mutant.change.kind}
    return place | {"killed": result.killed, "by": result.by, "tests": result.tests}


def choose(options: argparse.Namespace, found: Sequence[Mutant]) -> list[Mutant]:
    """The sample, or the survivors of an earlier one."""
    if options.again:
        survivors = [
            one for one in json.loads(options.again.read_text("utf-8"))["mutants"] if not one["killed"]
        ]
        return pick(found, names_in(survivors))
    under = options.only.strip("/")
    paths = {file: f"/{(options.source / file).as_posix()}/" for file in {each.file for each in found}}
    wanted = [each for each in found if not under or f"/{under}/" in paths[each.file]]
    Random(options.seed).shuffle(wanted)
    return wanted[: options.sample]


def run(options: argparse.Namespace, grounds: Grounds) -> int:
    """Draw, try, count; the exit code."""
    began = monotonic()
    print(f"which tests reach which line: {grounds.prepare()} ({monotonic() - began:.0f} s)", flush=True)
    grounds.warm_up()
    everything = [*mutants(grounds)]
    listed = tomllib.loads(options.equivalent.read_text("utf-8"))["equivalent"] if options.equivalent else []
    equal = pick(everything, names_in(listed))
    stale = names_in(listed) - {each.named() for each in equal}
    places = {(each.file, each.change.number) for each in equal}
    drawn = choose(options, [each for each in everything if (each.file, each.change.number) not in places])
    print(f"{len(everything)} mutants, {len(equal)} of them equivalent; {len(drawn)} drawn", flush=True)
    if not drawn:
        print("nothing to try")
        return 2
    results: list[tuple[Mutant, Result]] = []
    for number, mutant in enumerate(drawn, 1):
        if monotonic() - began > 60 * options.minutes:
            print(
                f"the time is up: {len(results)} of {len(drawn)} tried, the first of the sample", flush=True
            )
            break
        tree = None if options.control else changed(grounds.text(mutant.file), mutant.change.number)
        result = grounds.try_out(mutant.file, mutant.change, tree)
        results.append((mutant, result))
        if options.json:  # each time: a run that is broken off has told what it found
            tried = [entry(*each) for each in results]
            told = {"seed": options.seed, "of": len(everything), "mutants": tried}
            options.json.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        if not (result.killed or options.control):
            print(f"survived  {mutant}  ({result.tests or 'no'} tests reach it)", flush=True)
        if number % 25 == 0:
            killed = sum(result.killed for _, result in results)
            print(f"{number} of {len(drawn)}: {killed} killed, {monotonic() - began:.0f} s", flush=True)
    if not results:
        return 2
    return report(results, stale, control=options.control)


def report(
    results: Sequence[tuple[Mutant, Result]], stale: Collection[tuple[str, str, str]], *, control: bool
) -> int:
    """Print what came of it; the exit code."""
    killed = [(mutant, result) for mutant, result in results if result.killed]
    if control:
        for mutant, result in killed:
            print(f"failed with nothing changed: {result.by}, among the tests that reach {mutant}")
        print(f"{len(killed)} of {len(results)} runs failed with nothing changed")
        return int(bool(killed))
    for by in ("room", "kind"):
        print("", *table(results, by), sep="\n")
    print("\nsurvivors:" if len(killed) < len(results) else "\nno survivors")
    for mutant, result in sorted(results, key=lambda each: str(each[0])):
        if not result.killed:
            print(f"  {mutant}")
    for file, code, what in stale:
        print(f"equivalent.toml names what is not there any more: {file}: {code}: {what}")
    low, high = between(len(killed), len(results))
    by_time = sum(result.by == "time" for _, result in killed)
    print(
        f"{len(killed)} of {len(results)} killed, {100 * len(killed) / len(results):.1f} %"
        f" (of all, {low:.1f} to {high:.1f} % with a certainty of 95 %); {by_time} by taking too long"
    )
    return int(100 * len(killed) < LEAST * len(results) or bool(stale))


def main(arguments: Sequence[str]) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        prog="mutants", description="Small mistakes in the core, and who notices."
    )
    parser.add_argument("--sample", type=int, default=400, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--minutes", type=float, default=inf, metavar="M", help="then try no more of the sample"
    )
    parser.add_argument("--only", default="", metavar="PATH", help="a file or a folder of the source")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what came of each mutant")
    parser.add_argument("--again", type=Path, metavar="FILE", help="try the survivors in such a file again")
    parser.add_argument("--control", action="store_true", help="the same runs, with nothing changed")
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--source", type=Path, default=Path("src/servflow/core"), help="from the root")
    parser.add_argument("--tests", type=Path, default=Path("tests/core"), help="from the root")
    parser.add_argument("--equivalent", type=Path, help="with another root: its table of equivalent mutants")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "servflow-mutants")
    options = parser.parse_args(arguments)
    if options.root == ROOT and options.equivalent is None:
        options.equivalent = Path(__file__).parent / "equivalent.toml"
    try:
        grounds = Grounds(options.root.resolve(), options.source, options.tests, options.out.resolve())
        return run(options, grounds)
    except Broken as problem:
        print(problem)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
