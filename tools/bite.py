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
    "calis/thesis-centre": {
        "registration-fields": '["name", "email"]',
        "identities": '["email", "campus_card", "off_campus"]',
        "bound-first": "[]",
        "modes": '["email", "distributed", "centre_group"]',
        "details-by-mail": '["name"]',
        "source-note": '"found elsewhere"',
        "answer-days": "8",
    },
    "calis/centre-borrowing": {
        "mediated": "true",
        "accounts": "false",
        "sends-itself": "false",
        "rota-delegated": "true",
        "partners": '["CN-NOBODY"]',
        "patron-pays": '["loan-fee"]',
    },
    "calis/centre-lending": {},
    "cque/partnership": {
        "calendar": '{ friday = ["08:30-12:00"], saturday = ["08:30-12:00"], sunday = ["08:30-12:00"] }',
        "registration-fields": '["name"]',
        "bound-first": "[]",
        "clearance": "false",
        "partners": "[]",
    },
    "cque/partnership-borrowing": {
        "calendar": '{ friday = ["08:30-12:00"], saturday = ["08:30-12:00"], sunday = ["08:30-12:00"] }',
        "served": '["teacher"]',
        "services": '["Loan", "Copy"]',
        "most-active": "3",
        "refused-for-debt": "false",
        "refused-while-overdue": "false",
        "mediated": "false",
        "required-citation": '["title"]',
        "desks": "[]",
        "partners": "[]",
        "loan-period": "{ days = 30 }",
        "renewals": "1",
        "by-lenders-rules": '["compensation"]',
    },
    "cque/interlibrary-loan": {
        "calendar": '{ friday = ["08:30-12:00"], saturday = ["08:30-12:00"], sunday = ["08:30-12:00"] }',
        "served": '["teacher"]',
        "most-active": "3",
        "refused-for-debt": "false",
        "refused-while-overdue": "false",
        "renewals": "1",
        "by-lenders-rules": '["compensation"]',
    },
    "cque/charges-of-the-lender": {
        "overdue": '"CNY 3.50"',
        "loss": '"zero(CNY)"',
        "damage": '"given(own_damage, CNY)"',
    },
    "farm-club/membership-prices": {
        "first-phase": '"choose(class, [vip: CNY 388000, gold: CNY 488000, platinum: CNY 500000])"',
        "later-phases": '"zero(CNY)"',
        "price": '"rule(first-phase)"',
        "to-pay": '"less(rule(price), given(short_term_spending, CNY))"',
        "quota-vip": "101",
        "quota-gold": "100",
        "quota-platinum": "100",
        "quota-diamond": "200",
    },
    "golf-club/refunds": {
        "card-handling": '"percent(given(paid, CNY), 0.6%)"',
        "refund": '"rounded(less(given(paid, CNY), rule(card-handling)), half_up)"',
    },
    "membership-department/staff-penalties": {
        "ladder": '["warning", "minor_demerit", "major_demerit", "dismissal"]',
        "fine": '"choose(sanction, [warning: CNY 10, written_warning: CNY 20, minor_demerit: CNY 50])"',
    },
    "service-campaign/staff-penalties": {
        "handed-in": '["work_log", "forms"]',
        "award": '"given(award, CNY)"',
    },
    "service-company/staff-penalties": {
        "dismissed-for": '["signed_before_service"]',
        "handed-in": '"when(superior_consented, given(taken, CNY), zero(CNY))"',
        "service-cost": '"given(cost, CNY)"',
    },
    "service-model/staff-penalties": {
        "fines": '"scale(given(fine_late_on_site, CNY), count(late_on_site, event))"',
        "proven-complaint": '["demerit"]',
        "complaint-causes": '["quarrelling"]',
        "expenses": '"when(receipts_true, given(receipts, CNY), zero(CNY))"',
        "expense-fraud": '["demerit", "dismissal"]',
        "attitude-complaint": '["reprimand"]',
        "bonus-lost": '"given(bonus, CNY)"',
        "tools": '"given(tools_bought, CNY)"',
    },
    "service-sample/staff-penalties": {
        "ladder": '["warning", "demerit", "dismissal", "suspension"]',
    },
    "shandong/warranty-deposit-fees": {
        "base": '"given(cost, CNY)"',
        "standard-deposit": '"percent(rule(base), 5%)"',
        "performance-reduction": '"percent(rule(base), 3%)"',
        "award-reduction": '"percent(rule(base), 3%)"',
        "systems-grant": '"scale(rule(base), quantity(systems_reduction, part))"',
        "systems-reduction": '"when(systems_sound, rule(systems-grant), zero(CNY))"',
        "reductions": '"sum(rule(performance-reduction), rule(award-reduction), rule(systems-reduction))"',
        "least-deposit": '"percent(rule(base), 0.9%)"',
        "exemption": '"when(insured, rule(standard-deposit), zero(CNY))"',
        "reduced-deposit": '"less(sum(rule(standard-deposit), rule(least-deposit)), rule(reductions))"',
        "deposit": '"rounded(max(rule(exemption), rule(reduced-deposit)), half_up)"',
        "refund": '"given(deposited, CNY)"',
        "surcharge": '"rounded(percent(given(unpaid, CNY), 0.3%), half_up)"',
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
    print(f"{'clause':<10} {'disturbed':<54} {'tests':>5}  bitten")
    for bite, wrong in zip(found, results, strict=True):
        print(
            f"{bite.clause:<10} {f'{bite.rulebook}: {bite.rule}':<54} {len(bite.tests):>5}  {wrong or 'yes'}"
        )
    bitten, clauses = sum(not wrong for wrong in results), len({bite.clause for bite in found})
    print(f"{bitten} of {len(results)} disturbed values, for {clauses} clauses, were noticed")
    return int(bitten < len(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
