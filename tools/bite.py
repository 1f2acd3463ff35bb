"""Whether the tests bite: every value that carries a clause is disturbed, and its tests must notice.

    python tools/bite.py [CLAUSE...]    a table; 1 if a disturbed value went unnoticed

A disturbance is another value of the same type, or none at all (``gap``), read in the place of the one
in the shipped rulebook by ``tests/conftest.py``. For each of them the tests that stand for the clause
are run, until the first fails. Undisturbed, all of them have to pass. Of a rule of a service firm every
part is disturbed by itself (``service_disturbances.py``), and the firm's cases that cite the clause have
to notice.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from servflow.core.errors import InvalidRulebook
from servflow.rulebooks import Rulebook, _load, load, shipped
from servflow.rulebooks.clauses import clause_ids, register, standing

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/rulebooks"))
import clause_tests
import service_disturbances

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
    "appliance-service/service-charges": {
        "visit": '"given(tariff, CNY)"',
        "taken-along": '["receipt"]',
    },
    "clothing-seller/service-charges": {
        "repair": '"when(in_warranty, zero(CNY), given(repair_fee, CNY))"',
    },
    "construction-supplier/service-charges": {
        "service": '"when(in_warranty, zero(CNY), given(service_fee, CNY))"',
    },
    "device-maker/service-charges": {
        "at-cost": '"given(service_fee, CNY)"',
        "repair": '"when(in_warranty, zero(CNY), given(service_fee, CNY))"',
        "upgrade": '"CNY 1"',
    },
    "equipment-maker/service-charges": {
        "visit": '"zero(CNY)"',
        "after-warranty": '"rule(visit)"',
        "discount-parts": '"given(list_price, CNY)"',
        "misuse": '"rule(discount-parts)"',
        "dealer-bill": '"when(sold_by_dealer, rule(visit), zero(CNY))"',
    },
    "housing-developer/service-charges": {
        "owner-pays": '"when(quality_fault, zero(CNY), given(cost, CNY))"',
        "builder-deduction": '"given(cost, CNY)"',
    },
    "machine-maker/service-charges": {
        "quote": '"sum(given(list_price, CNY), given(travel_costs, CNY))"',
    },
    "manufacturer/service-charges": {
        "accrual": '"given(sales, CNY)"',
        "used-by": '["cash", "payable"]',
        "reversed-when": '["no_longer_made"]',
    },
    "motor-maker/service-charges": {
        "foreign-product": '"zero(CNY)"',
        "freight": '"given(freight, CNY)"',
    },
    "network-integrator/service-charges": {
        "telephone-support": '"CNY 1"',
    },
    "product-seller/service-charges": {
        "training": '"scale(given(training_fee, CNY), count(trainings, training))"',
        "refund": '"given(paid, CNY)"',
        "extra-charge": '"given(taken, CNY)"',
    },
    "service-dealer/service-charges": {
        "by-class": '"given(charge, CNY)"',
        "on-the-spot": '"when(charge_small, given(charge, CNY), zero(CNY))"',
        "invoiced-same-day": '"when(charge_small, zero(CNY), given(charge, CNY))"',
        "invoiced-on-return": '"given(charge, CNY)"',
    },
    "service-model/service-charges": {
        "return-costs": '"given(return_costs, CNY)"',
    },
    "service-template/service-charges": {
        "service": '"zero(CNY)"',
        "published-to": '["staff"]',
    },
    "software-house/service-charges": {
        "repair": '"when(in_warranty, zero(CNY), given(service_fee, CNY))"',
        "upgrade": '"CNY 1"',
    },
    "therapy-devices/service-charges": {
        "repair": '"given(repair_fee, CNY)"',
    },
    "window-maker/service-charges": {
        "repair": '"given(repair_fee, CNY)"',
    },
    "shandong/warranty-deposit-fees": {
        "base": '"given(cost, CNY)"',
        "standard-deposit": '"percent(rule(base), 5%)"',
        "performance-reduction": '"percent(rule(base), 3%)"',
        "award-reduction": '"percent(rule(base), 3%)"',
        "least-standard": '"percent(rule(base), 2%)"',
        "most-standard": '"percent(rule(base), 6%)"',
        "systems-grant": '"scale(percent(rule(base), 1%), quantity(systems_points, point))"',
        "systems-reduction": '"when(systems_sound, rule(systems-grant), zero(CNY))"',
        "reductions": '"sum(rule(performance-reduction), rule(award-reduction), rule(systems-reduction))"',
        "least-deposit": '"percent(rule(base), 0.9%)"',
        "exemption": '"when(insurance_insured, rule(standard-deposit), zero(CNY))"',
        "reduced-deposit": '"less(sum(rule(standard-deposit), rule(least-deposit)), rule(reductions))"',
        "deposit": '"rounded(max(rule(exemption), rule(reduced-deposit)), half_up)"',
        "refund": '"given(deposited, CNY)"',
        "surcharge": '"rounded(percent(rule(daily-surcharge), 99%), half_up)"',
        "daily-surcharge": '"percent(given(unpaid, CNY), 0.3%)"',
        "demand-interest": '"scale(percent(given(balance, CNY), 0.34%), years(act_360, after, through))"',
        "interest": '"rounded(over_balance(balance, rule(demand-interest), after, through), down)"',
    },
    "shandong/warranty-deposits": {
        "scope": "gap",
        "reduction-grounds": '["insurance", "performance", "award"]',
        "approvals": '["property-authority"]',
        "review-days": "8",
        "origins": '["developer"]',
        "retained-money-turned-over": "false",
        "presale-in-one-sum": "false",
        "receipt-numbered": "false",
        "paid-before-handover": "false",
        "paid-before-registration": "false",
        "default-reported": "false",
        "surcharge-on-day-of-payment": "false",
        "warranties": """[
            { part = "foundation-and-structure", least = "design life" },
            { part = "roof-waterproofing", least = "5 years 1 day" },
            { part = "leakage", least = "5 years" },
            { part = "outer-wall-insulation", least = "5 years" },
            { part = "heating", least = "2 heating seasons" },
            { part = "cooling", least = "2 cooling seasons" },
            { part = "installations", least = "2 years" },
            { part = "decoration", least = "2 years" },
        ]""",
        "least-terms-bind": "false",
        "first-day-counts": "true",
        "season-under-way-counts": "true",
        "claimants": '[{ parts = "common", by = ["owner"] }]',
        "common-parts": "[]",
        "grounds-of-use": '["not-performed"]',
        "developer-heard": "false",
        "disputes-tested": "false",
        "exclusions": "[]",
        "emergencies": '["structural-safety"]',
        "emergency-claimants": '["owner"]',
        "repairers": '["contractor"]',
        "qualified-repairers": "[]",
        "cost-list-signed": "false",
        "payees": '["repairer"]',
        "pay-out-days": "21",
        "use-notice-days": "31",
        "use-notice-since": '"cost-listed"',
        "kept-at-most": "{ months = 61 }",
        "kept-since": '"paid-in-full"',
        "at-the-limit": '"carried"',
        "interest-days": '["12-20"]',
        "interest-at-release": "false",
        "published-on": '"04-30"',
        "release-days": "31",
        "release-since": '"requested"',
        "released-if-performed": "false",
        "serious-defect-holds": "false",
    },
    # what these cite is not in the register: no test stands for it, and their cases have no marker
    "national/construction-retention": {},
    "national/construction-retention-fees": {},
}


class Bite(NamedTuple):
    """A clause, the value that is disturbed for it, how, and the tests that are to notice."""

    clause: str
    rulebook: str
    rule: str
    tests: Sequence[str]
    change: str = ""
    """What of a service firm's rule is changed."""
    number: int = 0
    """Which of the rule's values it is."""
    said: Any = None
    """What it says then."""


def bites() -> Iterator[Bite]:
    """One for every clause and every value that carries it; for every part of it, if a service firm's."""
    tests = standing()
    for name in shipped():
        book = load(name)
        for clause, rules in book.citations.items():
            if clause in clause_ids():
                for rule in rules:
                    if book.policy == "aftersales":
                        yield from parts_of(Bite(clause, name, rule, firm_cases(name, clause)), book)
                    else:
                        yield Bite(clause, name, rule, tests.get(clause, ()))


def firm_cases(name: str, clause: str) -> Sequence[str]:
    """The node ids of a firm's cases that cite the clause."""
    return [node for id, node in clause_tests.cases(ROOT, name.partition("/")[0]) if id == clause]


def parts_of(bite: Bite, book: Rulebook) -> Iterator[Bite]:
    """The bite for every part of a service firm's value that cites the clause."""
    if bite.rule == "calendar":
        for said in service_disturbances.weeks(book.content["calendar"].get("weekly", {})):
            yield bite._replace(change=f"{said}", said=said)
        return
    for number, value in enumerate(plain(bite.rulebook)["rules"][bite.rule]["values"]):
        if value["clause"] == bite.clause and "is" in value:
            for change, said in service_disturbances.disturbed(value["is"]):
                yield bite._replace(change=change, number=number, said=said)


@cache
def plain(name: str) -> Mapping[str, Any]:
    """A shipped rulebook as plain tables."""
    tables = _load.document(name)
    assert isinstance(tables, dict)
    return tables


def service_noticed(bite: Bite) -> str | None:
    """Empty if a case of the firm that cites the clause fails; ``None`` if the value cannot stand so."""
    tables = deepcopy(dict(plain(bite.rulebook)))
    if bite.rule == "calendar":
        tables["calendar"]["weekly"] = bite.said
    else:
        tables["rules"][bite.rule]["values"][bite.number]["is"] = bite.said
    try:
        with patch.object(_load, "document", return_value=tables):
            book = load(bite.rulebook)
    except InvalidRulebook:
        return None
    cases = importlib.import_module("test_service_cases")
    standing_for = [case for case in cases.of_firm(bite.rulebook) if bite.clause in case[2].get("cites", ())]
    if not standing_for:
        return "no case stands for this clause"
    return "NOT NOTICED" if all(cases.comes_out(book, *case[1:]) for case in standing_for) else ""


def run_tests(ids: Sequence[str], *options: str) -> tuple[int, str]:
    """The exit code of pytest, and the line about the test that failed, or else the last one."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *options, *ids]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = (run.stdout + run.stderr).splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return run.returncode, "\n".join((failed or lines)[-1:])


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


def row(bite: Bite, wrong: str) -> tuple[str, str, int, str]:
    """A line of the table; of a service firm's rule only the changes that went unnoticed have their own."""
    place = f"{bite.rulebook}: {bite.rule}"
    said = f"{place}: {bite.change}" if wrong and bite.change else place
    return bite.clause, said, len(bite.tests), wrong


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
        others = iter([*pool.map(noticed, [bite for bite in found if not bite.change])])
    tried = [(bite, service_noticed(bite) if bite.change else next(others)) for bite in found]
    results = [(bite, wrong) for bite, wrong in tried if wrong is not None]
    print(f"{'clause':<10} {'disturbed':<54} {'tests':>5}  bitten")
    rows = Counter(row(bite, wrong) for bite, wrong in results)
    for (clause, said, tests, wrong), times in rows.items():
        print(f"{clause:<10} {said:<54} {tests:>5}  {wrong or 'yes'}{f', {times} ways' * (times > 1)}")
    bitten, clauses = sum(not wrong for _, wrong in results), len({bite.clause for bite, _ in results})
    print(f"{bitten} of {len(results)} disturbed values, for {clauses} clauses, were noticed")
    for bite in (bite for bite, wrong in tried if wrong is None):
        print(f"left out, as no rulebook may say so: {bite.rulebook}: {bite.rule}: {bite.change}")
    return int(bitten < len(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
