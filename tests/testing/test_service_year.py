"""A year of a service desk is whole, the same again by its seed, and its figures can be worked out by hand."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.corrective.model import CorrectiveAction
from servflow.core.aftersales.desk_rules import Deemed, Every, Measure, Numbering
from servflow.core.aftersales.policy import Checklist, ServiceRule
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets.model import Item, Paper, Ticket
from servflow.core.aftersales.tickets.states import Custody, Outcome, PaperState, Stage
from servflow.core.citations import PRACTICE, Dated
from servflow.core.dates import Term
from servflow.core.errors import Refused
from servflow.core.records import AggregateRecord
from servflow.rulebooks import load, service_policy
from servflow.testing.service_at_work import desk_codec
from servflow.testing.service_checks import all_of, export, figures, unsound
from servflow.testing.service_year import ServiceYear, for_a_year, service_year

ROOT = Path(__file__).parents[2]
POLICY = for_a_year(service_policy(load(ROOT / "examples" / "riverside-rules.toml")))
YEAR = Term(date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture(scope="module")
def year() -> ServiceYear:
    """A year of 150 tickets, in memory."""
    return service_year(1, policy=POLICY, tickets=150)


def digest(year: ServiceYear) -> list[Any]:
    """All that is stored of a year."""
    return [tuple(each) for each in year.storage.records()]


# --- the year ---------------------------------------------------------------------------------------


def test_a_year_is_whole(year):
    """Audit, ledger, numbers and shop: nothing is wrong, and nobody was refused anything."""
    assert list(unsound(year.storage, year.policy)) == []


def test_much_happens_in_a_year(year):
    """Every end of a ticket, late promises, rework, complaints, measures, void papers, refunds, people asked."""
    tickets = list(all_of(year.storage, Ticket))
    stages = Counter(it.state for it in tickets)
    visits = [visit for it in tickets for visit in it.visits.values()]

    assert len(tickets) >= 150 == sum(year.ways.values())
    assert stages[Stage.CLOSED] > 120
    assert stages[Stage.CANCELLED]
    assert stages[Stage.REJECTED]
    assert {it.outcome for it in tickets} >= {Outcome.REPAIRED, Outcome.DONE, Outcome.ADVICE_ONLY}
    assert {it.service_class.name for it in tickets if it.service_class} == set("ABCD")
    assert any(visit.moved for visit in visits)
    assert any(visit.inspection for visit in visits)
    assert len({visit.engineer for visit in visits}) == 4
    assert any(it.items for it in tickets)
    assert any(it.quote is not None and it.quote.accepted_at is None for it in tickets)
    assert any(each.run.breach for it in tickets for each in it.commitments.values())
    assert any(it.pauses for it in tickets)
    assert any(it.reworks for it in tickets)
    assert any(it.duties for it in tickets)
    assert any(it.survey is not None for it in tickets)
    assert any(not call.taken for it in tickets for call in it.calls)
    assert any(all_of(year.storage, Complaint))
    assert any(all_of(year.storage, CorrectiveAction))
    assert any(leave for it in all_of(year.storage, Technician) for leave in it.leaves)
    assert year.wakes > 100


def test_the_same_seed_makes_the_same_year_on_any_storage(tmp_path):
    """Every record, in memory and in SQLite; another seed makes another one."""
    sqlite = SqliteStorage(tmp_path / "year.db", desk_codec())
    one = service_year(7, policy=POLICY, tickets=8)
    other = service_year(7, policy=POLICY, tickets=8, storage=sqlite)

    assert digest(one) == digest(other)
    assert digest(service_year(8, policy=POLICY, tickets=8)) != digest(one)
    sqlite.close()


def test_somebody_hears_how_far_it_is():
    """Each day that has begun, the last one being the first of the next year, and how much was done by then."""
    heard: list[tuple[date, int]] = []

    year = service_year(3, policy=POLICY, tickets=3, progress=lambda day, done: heard.append((day, done)))

    assert [day for day, _ in heard] == [date(2026, 1, 2) + timedelta(days=n) for n in range(365)]
    assert heard[-1] == (date(2027, 1, 1), year.commands + year.wakes)


def test_a_refusal_that_no_story_expects_ends_the_year():
    """These rules want a call taken before anybody says what is the matter; no story has one then."""
    early: ServiceRule = Checklist(step="triage", items=("call-back",))
    rules = {**POLICY.rules, "early": Dated.always("early", early, PRACTICE)}
    policy = replace(POLICY, rules=rules)

    with pytest.raises(Refused, match=r"item=call-back"):
        service_year(1, policy=policy, tickets=3)


def test_what_a_rulebook_says_a_year_does_not_say_again():
    """Rules are added only of the kinds of which it has none; repair orders where it keeps none."""
    installer = service_policy(load("system-installer/service"))

    added = for_a_year(installer).rules.keys() - installer.rules.keys()
    again = for_a_year(for_a_year(installer))

    assert added == {"year-deemed", "year-month", "year-quarter"}
    assert again.rules == for_a_year(installer).rules
    assert isinstance(POLICY.rules["year-repair-orders"].on(date(2026, 1, 1)).value, Numbering)
    assert isinstance(POLICY.rules["year-deemed"].on(date(2026, 1, 1)).value, Deemed)


@pytest.mark.parametrize(
    "name",
    [
        "coach-maker",
        "harvest-machine-maker",
        "network-integrator",
        "service-dealer",
        "software-house",
        "system-installer",
    ],
)
def test_a_shipped_firm_has_a_year_too(name):
    """Whatever its lists, posts and promises, some tickets come to their ends, and all is whole."""
    year = service_year(3, policy=for_a_year(service_policy(load(f"{name}/service"))), tickets=8)

    assert list(unsound(year.storage, year.policy)) == []


# --- its figures, by hand ---------------------------------------------------------------------------


def written(lines: Any) -> list[dict[str, str]]:
    """Rows after they were written to a file and read again: texts."""
    found = [dict(each) for each in lines]
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(found[0]))
    writer.writeheader()
    writer.writerows(found)
    file.seek(0)
    return list(csv.DictReader(file))


def said(year: ServiceYear, every: Every) -> dict[tuple[str, str, str], tuple[int, int]]:
    """What the report says: numerator and denominator by measure, kind of promise, and first day."""
    found = figures(year.storage, year.policy, year.ended_at, YEAR, every)
    return {
        (each.measure.value, each.kind, each.period.start.isoformat()): (each.numerator, each.denominator)
        for each in found
    }


@pytest.mark.parametrize("every", [Every.MONTH, Every.YEAR])
def test_the_report_is_what_its_rows_add_up_to(year, every):
    """A loop over the exported texts comes to every figure of the report, and to none besides."""
    rows = {name: written(lines) for name, lines in export(year.storage, year.policy, year.ended_at).items()}
    sums: dict[tuple[str, str, str], list[int]] = {}

    def add(measure: str, kind: str, on: str, numerator: int, denominator: int) -> None:
        if on[:4] == "2026":
            first = on[:7] + "-01" if every is Every.MONTH else "2026-01-01"
            found = sums.setdefault((measure, kind, first), [0, 0])
            found[0] += numerator
            found[1] += denominator

    for row in rows["promises"]:
        if row["judged"] in {"met", "missed", "breached"}:
            for kind in ("", row["kind"]):
                add("on-time", kind, row["on"], row["judged"] == "met", 1)
    for row in rows["counts"]:
        add(row["measure"], "", row["on"], int(row["numerator"]), int(row["denominator"]))

    report = {key: found for key, found in said(year, every).items() if found != (0, 0)}
    assert report == {key: tuple(found) for key, found in sums.items()}
    assert {measure for measure, _, _ in report} == {each.value for each in Measure}


def test_what_was_finished_and_asked_can_be_counted_in_the_stored_documents(year):
    """The year's satisfaction, complaints and repeats, counted in the JSON that the storage holds."""
    documents: dict[str, list[Mapping[str, Any]]] = {}
    for record in year.storage.records():
        if isinstance(record, AggregateRecord):
            documents.setdefault(record.key.kind, []).append(json.loads(record.document))
    tickets, complaints = documents["aftersales.ticket"], documents["aftersales.complaint"]
    answers = [each for it in tickets for each in (*it.get("earlier_surveys", ()), it.get("survey")) if each]
    surveys = [each for each in answers if each["on"] < "2027"]
    done = [
        it
        for it in tickets
        if "finished_at" in it and not it.get("internal") and it["state"] not in {"cancelled", "rejected"}
    ]
    again = [
        it
        for it in done
        if "repeats" in it or it.get("verdict", {}).get("repeat") or it.get("reworks") or it.get("reopened")
    ]
    before = [end for it in tickets if not it.get("internal") for end in it.get("earlier_ends", ())]
    ends, repeats = len(done) + len(before), len(again) + sum(bool(end.get("again")) for end in before)
    faults = {
        it["ticket"] for it in complaints if it.get("attribution") == "service" and it["state"] != "withdrawn"
    }

    found = said(year, Every.YEAR)

    assert found["satisfaction", "", "2026-01-01"] == (
        sum(each["satisfied"] for each in surveys),
        len(surveys),
    )
    assert found["complaints", "", "2026-01-01"] == (len(faults), ends)
    assert found["repeats", "", "2026-01-01"] == (repeats, ends)


# --- what is wrong is found ---------------------------------------------------------------------------


class Disturbed:
    """A storage, some of whose aggregates are told otherwise."""

    def __init__(self, year: ServiceYear, *others: Any, postings: Any = None) -> None:
        """As the year's, but for these aggregates and postings."""
        self._year, self._others = year, {it.key: it for it in others}
        self._postings = postings

    def records(self) -> Any:
        """As they are: the audit has tests of its own."""
        return iter(())

    def aggregates(self, kind: str, **asked: Any) -> Any:
        """With the others in their place."""
        return tuple(self._others.get(it.key, it) for it in self._year.storage.aggregates(kind, **asked))

    def postings(self) -> Any:
        """With those that are told otherwise."""
        found = self._year.storage.postings()
        return found if self._postings is None else self._postings(found)


def some(year: ServiceYear, which: Any) -> Ticket:
    """The first ticket of which that is true."""
    return next(it for it in all_of(year.storage, Ticket) if which(it))


def wrong(storage: Any) -> list[str]:
    """All that is wrong with a storage that was disturbed."""
    return list(unsound(storage, POLICY))


def test_an_audit_that_finds_something_is_told(year):
    """Whatever the audit says of the records is among what is wrong."""

    class Shortened(Disturbed):
        def records(self) -> Any:
            return list(self._year.storage.records())[1:]

    assert any(each.startswith("audit: ") for each in wrong(Shortened(year)))


def test_a_number_that_was_skipped_or_used_twice_is_found(year):
    """A voucher whose ticket has none any more, and the same number on another ticket."""
    first, second = [
        it for it in all_of(year.storage, Ticket) if "voucher/2" in it.papers or "voucher/3" in it.papers
    ]
    (two,) = [paper for it in (first, second) for paper in it.papers.values() if paper.ref == "voucher/2"]
    papers = {**second.papers, "again": two}

    gone = {ref: paper for ref, paper in first.papers.items() if ref != "voucher/2"}
    skipped = wrong(Disturbed(year, replace(first, papers=gone)))
    twice = wrong(Disturbed(year, replace(second, papers=papers)))

    assert [each.split(":")[0] for each in skipped + twice] == ["voucher", "voucher"]
    assert "missing [2], twice []" in skipped[0]
    assert "missing [], twice [2]" in twice[0]


def test_a_void_paper_that_its_book_does_not_know_is_found(year):
    """A register line that is void on the ticket alone."""
    it = some(year, lambda each: "call-register/5" in each.papers)
    spoiled = replace(it.papers["call-register/5"], state=PaperState.VOID)
    others = replace(it, papers={**it.papers, "call-register/5": spoiled})

    assert wrong(Disturbed(year, others)) == ["call-register: void, and the book does not know: [5]"]


def test_repair_orders_out_of_turn_are_found(year):
    """An order that stands on two visits, and one that stands on none."""
    it = some(year, lambda each: any(visit.order for visit in each.visits.values()))
    name, visit = next((name, each) for name, each in it.visits.items() if each.order)
    none = replace(it, visits={**it.visits, name: replace(visit, order=None)})
    twice = replace(it, visits={**it.visits, "again": visit})

    assert any("in disorder" in each for each in wrong(Disturbed(year, none)))
    assert f"repair orders: twice [{visit.order}]" in wrong(Disturbed(year, twice))


def test_a_closed_ticket_that_holds_something_is_found(year):
    """An item in the shop, and a receipt that is open."""
    it = some(year, lambda each: each.state is Stage.CLOSED and not each.items)
    held = replace(it, items={"U": Item(serial="U", custody=Custody.SHOP)})
    other = some(
        year, lambda each: each.state is Stage.CLOSED and any("receipt/" in ref for ref in each.papers)
    )
    ref = next(ref for ref in other.papers if "receipt/" in ref)
    paper: Paper = replace(other.papers[ref], state=PaperState.OPEN)
    opened = replace(other, papers={**other.papers, ref: paper})

    assert wrong(Disturbed(year, held)) == [f"{it.id} is closed, and U is with shop"]
    assert wrong(Disturbed(year, opened)) == [f"{other.id} is closed, and {ref} is open"]


def test_a_ledger_that_says_something_else_is_found(year):
    """A line that only the ledger lacks, one that no ticket knows, and what a receivable stands at then."""
    lost = wrong(Disturbed(year, postings=lambda found: list(found)[1:]))
    strange = wrong(
        Disturbed(year, postings=lambda found: [replace(each, subject="X") for each in list(found)[:1]])
    )

    assert any("the ledger has other lines than the ticket" in each for each in lost)
    assert any("its tickets leave" in each for each in lost)
    assert "X: lines of the ledger, and no ticket" in strange
