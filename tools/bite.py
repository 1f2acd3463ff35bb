"""Whether the tests bite: every value that carries a clause is disturbed, and its tests must notice.

    python tools/bite.py [CLAUSE...]    a table; 1 if a disturbed value went unnoticed

A disturbance is another value of the same type, or none at all (``gap``), read in the place of the one
in the shipped rulebook by ``tests/conftest.py``. For each of them the tests that stand for the clause
are run, until the first fails. Undisturbed, all of them have to pass.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from servflow.rulebooks import load, shipped
from servflow.rulebooks.clauses import clause_ids, register, standing

ROOT = Path(__file__).resolve().parents[1]

DISTURBANCES = {
    "nlc/interlibrary-loan": {
        "served": '["state_organ"]',
        "served-on-approval": "[]",
        "served-through-county-library": "[]",
        "agreements": '["borrowing"]',
        "security": "[]",
        "own-requests-by-card": "false",
        "asks-through-related": "false",
        "local-supply-first": "false",
        "ownership-stays": "false",
        "suspended-while-overdue": "false",
        "suspended-while-owing": "[]",
        "lent": '["chinese_book"]',
        "not-lent": '["ancient_book", "rare_book", "manuscript"]',
        "base-collection-only": "[]",
        "lent-once-catalogued": "[]",
        "catalogued-before": "{ months = 24 }",
        "delivery-limited": "[]",
        "loan-period": "{ days = 30 }",
        "renewals": "2",
        "renewal-period": "{ days = 14 }",
        "renewal-asked-before": "1",
        "renewal-needs-reason": "false",
        "renewal-only-if-unreserved": "false",
        "recall-any-time": "false",
        "fee-same-city": "11",
        "fee-elsewhere": "20.01",
        "fee-abroad": "gap",
        "international-slip": '"a letter"',
        "overdue-rate": "4.99",
        "compensation": "gap",
        "return-post-at-senders-risk": "false",
        "letter-mark": '"NLC"',
        "packing": "false",
    },
}


class Bite(NamedTuple):
    """A clause, the value that is disturbed for it, and the tests that are to notice."""

    clause: str
    rulebook: str
    rule: str
    tests: Sequence[str]


def bites() -> Iterator[Bite]:
    """One for every clause and every value that carries it."""
    tests = standing()
    for rulebook in shipped():
        for clause, rules in load(rulebook).citations.items():
            if clause in clause_ids():
                yield from (Bite(clause, rulebook, rule, tests.get(clause, ())) for rule in rules)


def run_tests(ids: Sequence[str], *options: str) -> tuple[int, str]:
    """The exit code of pytest, and the last line it wrote."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *options, *ids]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return run.returncode, "\n".join((run.stdout + run.stderr).splitlines()[-1:])


def noticed(bite: Bite) -> str:
    """Empty if a test failed; otherwise what is wrong."""
    if not bite.tests:
        return "no test stands for this clause"
    value = DISTURBANCES.get(bite.rulebook, {}).get(bite.rule)
    if value is None:
        return "no disturbance in tools/bite.py"
    code, said = run_tests(bite.tests, "--disturb", f"{bite.rulebook}:{bite.rule}={value}")
    if code == 1:
        return ""
    return "NOT NOTICED" if code == 0 else said


def main(wanted: Sequence[str]) -> int:
    """Print the table; 1 if something went unnoticed."""
    order = {entry.id: place for place, entry in enumerate(register())}
    found = [bite for bite in bites() if not wanted or bite.clause in wanted]
    found.sort(key=lambda bite: order[bite.clause])
    if not found:
        print(f"no rulebook carries {', '.join(wanted) or 'a clause'}")
        return 1
    code, said = run_tests(sorted({test for bite in found for test in bite.tests}))
    if code:
        print(f"the tests do not pass undisturbed: {said}")
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(noticed, found))
    print(f"{'clause':<10} {'disturbed':<52} {'tests':>5}  bitten")
    for bite, wrong in zip(found, results, strict=True):
        print(
            f"{bite.clause:<10} {f'{bite.rulebook}: {bite.rule}':<52} {len(bite.tests):>5}  {wrong or 'yes'}"
        )
    bitten, clauses = sum(not wrong for wrong in results), len({bite.clause for bite in found})
    print(f"{bitten} of {len(results)} disturbed values, for {clauses} clauses, were noticed")
    return int(bitten < len(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
