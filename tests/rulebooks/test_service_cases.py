"""The cases beside the rulebooks of service firms, in plain words: what a firm promises, covers, does, keeps.

``cases/FIRM/service.toml`` has a table ``[[case]]`` for each: its ``name``, exactly one question of those
below, what to ``expect``, and the clauses that it ``cites``: those that it stands for. A case has to fail
when one of their values is changed; ``tools/bite.py CLAUSE`` tries that out.

``[usual]`` is what every case takes that does not say otherwise: ``at``, and ``answers`` one by one.
Times of the day are those of the firm's zone. What is expected is a list of texts in the order of the file,
or one text: ``missing: NAME`` (an answer, the distance, a date or a blank that is asked for),
``conflict: RULE, RULE`` or ``refused: FIELD``. Every clause stands in parentheses behind its text.

promises = { at = 2026-05-04T09:00:00, answers = { urgency = "urgent" }, distance = "100 km radius" }
    also ``given = { NAME = number or time }`` for what is blank or agreed, ``events = { planned = time }``
    for what has happened since; expect "on-site by 2026-05-05 09:00 (AS-SLA-4)", before its event happened
    "carry-out 3 working days from planned (AS-SLA-1)". Before the clause comes what else a promise says:
    ", pausing for waiting-customer", ", excused by no-tickets", ", extended by operations-director",
    ", at 50 % supervisor (2)" for each rung, or ", 2 hours before the end supervisor (2)" and "… after …"
verdict = { on = 2025-02-28, answers = { cause = "material" }, dates = { sold = 2024-02-29 } }
    also ``fault-group``, ``part``, ``distance``, ``given = { NAME = "2 years" }``, ``transferred = true``,
    ``quantity`` and ``covered-quantity``, ``contracts = [{ name, from, through, classes, gives, governs,
    clause }]``, ``repairs = [{ ref, on, fault-group, parts, lasting, coverage }]``, ``replacement = { on,
    lasting, classes }``; a date of ``false`` has not happened yet. Expect one text for each of parts, labour,
    travel: "parts free, borne by firm: whole-machine until 2025-03-01 (AS-WARR-1)", where the first
    names are the rules or contracts that decide, and the day is the first after the best cover, over or not,
    if there is one; or, if the three say the same, one text for "all". Then, as far as they apply, "parts at a discount",
    "referred to NAME", "through NAME", "NAME is told before", "may be refused", "repeats REF".
duties = { dates = { handed-over = 2026-01-31 }, after = 2026-01-31, through = 2026-12-31 }
    what is due after that day and through the other; also ``answers``, and ``repeated = { harvest = [days] }``
    for events that come again. Expect "visit on 2026-04-30 (AS-QA-3)", "visit from 2026-04-30 through
    2026-05-30 (…)", before the clause also ", checking bolts and strips", ", with the customer's opinion",
    ", signed by both", and with ``first-days = true`` ", not done before 2026-04-01"; then "visit waits for moved-in (…)" for each event without a day.
needed = { step = "verdict" }           expect "model, serial-number (AS-WARR-23)" for each list that holds
retention = "service-record"            expect "3 years to 5 years (AS-QA-14)"
collection = { answers = { … } }        expect "on-the-spot (AS-FLOW-4)"
quote = { at = 2026-05-04T09:00:00 }    expect "open to 2026-05-11 09:00 (AS-WARR-2)"
returns = { dates = { sold = 2026-05-04 } }    expect "through 2026-05-11 (AS-RET-1)",
    "for ever" or "never"; also ``given = { NAME = days }``
listed = "channels"                     expect "hotline, website (AS-FLOW-28)", "GROUP: a, b (AS-COMP-1)" with a group;
    "hotline, website and others (…)" where it is open
chain = { of = "escalation" }           expect "engineer, supervisor (AS-FLOW-27)" for each that holds
papers = { series = "receipt" }         expect "copies for customer, store; books of 50; voided to finance (AS-FORM-1)";
    "bound in books" where no size is said, "kept (AS-FLOW-2)" where none of these is said
barred = { step = "quote" }             expect "desk (AS-FLOW-31)", "desk, and who had part in it (…)"
graded = { answers = { … } }            expect "major 1 (AS-COMP-3)" for each that holds
surveyed = { scores = { attitude = 5 } }    expect "satisfied (AS-QA-12)", "dissatisfied", "neither"; a question that
    was not scored is missing, a score off the scale refused; with ``attempts = 3`` instead, "counts as asked"
    or "to be asked again"
reached = { measure = "on-time", of = [9, 10] }    expect "yes, by month (AS-QA-1)", "no", "nothing to judge"
recurs = { every = "month", times = 3 }     expect "a warning (AS-QA-6)" or "no warning"; also ``given = { NAME = 3 }``
reported = "daily-report"               expect "every day from technician to supervisor: hours, class (AS-FLOW-7)"
exceeded = { of = "late", found = 16, unit = "minutes" }    expect "late at more than 15 minutes (AS-STAFF-1)",
    "statement at more than 3 times per month (…)"; nothing of a limit that is kept
ahead = { of = "leave", day = 2026-05-08 }  expect "by 2026-05-07 (AS-STAFF-3)", the last day on which it may be said
reopened = { closed = 2026-05-04 }      expect "through 2026-06-03 (…)"
deemed = { at = 2026-05-04T09:00:00 }   expect "accepted at 2026-05-11 09:00 (…)"
question = "level"                      expect "1 or 2 or 3 or 4 (AS-SLA-8)", and "; usually 4" for a default
distance = "unknown"                    expect "near (AS-SLA-4)", or 'missing: distance'; else "100 km road"
open = 2026-05-04                       expect "08:00-12:00, 14:00-18:00 (AS-SLA-11)", or "closed (AS-SLA-11)"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from servflow.core.aftersales.circumstances import Distance, Distances, MeasuredBy, Question
from servflow.core.aftersales.desk_rules import (
    Barred,
    Chain,
    Deemed,
    Grade,
    Indicator,
    Limit,
    Listing,
    Numbering,
    Recurring,
    Reopening,
    Reporting,
    Survey,
)
from servflow.core.aftersales.duties import DutyDue, Subject, due, waiting
from servflow.core.aftersales.people import too_late
from servflow.core.aftersales.policy import (
    Checklist,
    Collection,
    Named,
    QuoteValidity,
    Retention,
    ReturnRight,
    ServiceRules,
)
from servflow.core.aftersales.promises import FaultReport, Promised, promised
from servflow.core.aftersales.returns import returnable
from servflow.core.aftersales.warranty import (
    Claim,
    PastRepair,
    Replacement,
    Ruling,
    ServiceContract,
    verdict,
)
from servflow.core.aftersales.words import ChargeClass, Coverage, Event, Lasting, parse_lasting
from servflow.core.citations import Clause
from servflow.core.clocks import Rung, evaluate
from servflow.core.dates import EndOfMonth, Period, Term
from servflow.core.errors import ConflictingRules, InvalidValue, MissingValue
from servflow.rulebooks import Rulebook, load, service_policy, shipped

CASES = Path(__file__).parent / "cases"
FIRMS = tuple(
    path.relative_to(CASES).with_suffix("").as_posix() for path in sorted(CASES.glob("*/service.toml"))
)

Told = str | list[str]
Asked = Callable[[Rulebook, Any, Mapping[str, Any]], list[str]]


def of_firm(name: str) -> list[tuple[str, Any, Any]]:
    """The cases of one rulebook, each with what is usual."""
    read = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)
    return [(name, read.get("usual", {}), case) for case in read["case"]]


def cases() -> list[Any]:
    """Every case of every firm; its id is the firm and its name."""
    return [
        pytest.param(
            *each,
            id=f"{name.partition('/')[0]}: {each[2]['name']}",
            marks=pytest.mark.clause(*each[2].get("cites", ())),
        )
        for name in FIRMS
        for each in of_firm(name)
    ]


@pytest.mark.parametrize(("name", "usual", "case"), cases())
def test_a_case_of_a_service_firm(name, usual, case):
    """A firm does what its rulebook's case says, and by the clauses that the case says."""
    book = load(name)
    (asked,) = set(ASKED) & set(case)
    assert set(case) <= {asked, "name", "expect", "cites"}
    assert set(case.get("cites", ())) <= set(book.citations)
    assert told(ASKED[asked], book, case[asked], usual) == case["expect"]


def comes_out(book: Rulebook, usual: Mapping[str, Any], case: Mapping[str, Any]) -> bool:
    """Whether a case comes out as it says under this rulebook, which may have been disturbed."""
    (asked,) = set(ASKED) & set(case)
    expected: Told = case["expect"]
    return told(ASKED[asked], book, case[asked], usual) == expected


def told(ask: Asked, book: Rulebook, question: Any, usual: Mapping[str, Any]) -> Told:
    """What comes out, or why nothing does."""
    try:
        return ask(book, question, usual)
    except MissingValue as error:
        return f"missing: {error.name}"
    except ConflictingRules as error:
        return f"conflict: {', '.join(error.names)}"
    except InvalidValue as error:
        return f"refused: {error.field}"


@pytest.mark.parametrize("name", FIRMS)
def test_a_case_is_named_so_that_it_can_be_run_alone(name):
    """Each name comes once in its file, in ASCII: it is part of the id under which the case stands for clauses."""
    names = [case["name"] for _, _, case in of_firm(name)]

    assert len(set(names)) == len(names)
    assert all(each.isascii() for each in names)


@pytest.mark.parametrize("change", ["expect", "cites"])
def test_a_case_that_says_otherwise_fails(change):
    """A wrong expectation, and a clause that the rulebook does not cite."""
    name, usual, case = of_firm("coach-maker/service")[0]

    test_a_case_of_a_service_firm(name, usual, case)
    with pytest.raises(AssertionError):
        test_a_case_of_a_service_firm(name, usual, {**case, change: ["AS-FLOW-1"]})


@pytest.mark.parametrize("name", [each for each in shipped() if load(each).policy == "aftersales"])
def test_every_clause_of_a_service_firm_has_a_case_that_stands_for_it(name):
    """Each clause that the rulebook carries is what at least one of its cases stands for."""
    read = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"))
    assert {id for case in read["case"] for id in case.get("cites", ())} == set(load(name).citations) - {
        "PRACTICE"
    }


# --- what a case is about -----------------------------------------------------------------------------


def answers_in(question: Any, usual: Mapping[str, Any]) -> dict[str, str]:
    """The answers of a case: the usual ones, and its own."""
    return {**usual.get("answers", {}), **question.get("answers", {})}


def local(book: Rulebook, at: datetime) -> datetime:
    """A time of the day in the firm's zone."""
    return at if at.tzinfo else at.replace(tzinfo=book.calendar.zone)


def given_in(book: Rulebook, question: Any) -> dict[str, Any]:
    """What is given by name, its times in the firm's zone."""
    given = question.get("given", {})
    return {name: local(book, each) if isinstance(each, datetime) else each for name, each in given.items()}


def rules_at(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> tuple[ServiceRules, datetime]:
    """The rules in force at a case's time, and that time: 2026-05-04 09:00, a Monday, if it says none."""
    at = local(book, question.get("at") or usual.get("at") or datetime(2026, 5, 4, 9))
    return service_policy(book).on(at.date()), at


def distance_in(text: str) -> Distance:
    """``100 km radius``, ``100001 m road``."""
    found = re.fullmatch(r"(\d+) (k?m) (radius|road)", text)
    assert found is not None, text
    return Distance(int(found[1]) * (1000 if found[2] == "km" else 1), MeasuredBy(found[3]))


def cited(text: str, *clauses: Clause | None) -> str:
    """A text with its clauses behind it."""
    return f"{text} ({', '.join(each.id for each in clauses if each is not None)})"


def minute(book: Rulebook, at: datetime) -> str:
    """An instant as the firm's clocks show it."""
    shown = at.astimezone(book.calendar.zone)
    return shown.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


# --- the questions --------------------------------------------------------------------------------------


def promises(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, at = rules_at(book, question, usual)
    report = FaultReport(
        at=at,
        answers=answers_in(question, usual),
        distance=distance_in(question["distance"]) if "distance" in question else None,
        given=given_in(book, question),
    )
    happened = {Event(name): local(book, each) for name, each in question.get("events", {}).items()}
    happened = {Event.REPORTED: report.at, **happened}
    return [promise(book, each, happened) for each in promised(rules, report)]


def promise(book: Rulebook, said: Promised, happened: Mapping[Event, datetime]) -> str:
    target = said.target
    clock = evaluate(target, said.run(happened), max(happened.values()))
    text = f"{said.kind.value} {target.within} from {said.since.value}"
    if clock.due_at is not None:
        text = f"{said.kind.value} by {minute(book, clock.due_at)}"
    if target.pauses:
        text += f", pausing for {' and '.join(sorted(target.pauses))}"
    if target.excuses:
        text += f", excused by {' and '.join(sorted(target.excuses))}"
    if target.extended_by:
        text += f", extended by {target.extended_by}"
    return cited(text + "".join(f", {rung_text(rung)}" for rung in target.ladder), *said.clauses)


def rung_text(rung: Rung) -> str:
    who = f"{rung.action} ({rung.level})"
    if rung.fraction is not None:
        return f"at {rung.fraction * 100} % {who}"
    assert rung.offset is not None
    side = "before" if rung.offset < timedelta() else "after"
    return f"{abs(rung.offset) / timedelta(hours=1):g} hours {side} the end {who}"


def judged(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules = service_policy(book).on(question["on"])
    found = verdict(
        rules,
        Claim(
            reported_on=question["on"],
            answers=answers_in(question, usual),
            distance=distance_in(question["distance"]) if "distance" in question else None,
            dates={Event(name): day or None for name, day in question.get("dates", {}).items()},
            given={name: parse_lasting(term) for name, term in question.get("given", {}).items()},
            fault_group=question.get("fault-group", ""),
            part=question.get("part", ""),
            contracts=tuple(map(contract, question.get("contracts", ()))),
            repairs=tuple(map(repair, question.get("repairs", ()))),
            replacement=replacement(question["replacement"]) if "replacement" in question else None,
            transferred=question.get("transferred", False),
            quantity=question.get("quantity", 1),
            covered_quantity=question.get("covered-quantity"),
        ),
    )
    texts = [ruling(each) for each in (found.parts, found.labour, found.travel)]
    told = [f"parts {texts[0]}", f"labour {texts[1]}", f"travel {texts[2]}"]
    return (told if len(set(texts)) > 1 else [f"all {texts[0]}"]) + [
        text
        for text, holds in (
            ("parts at a discount", found.discount),
            (f"referred to {found.refer}", found.refer),
            (f"through {', '.join(found.through)}", found.through),
            (f"{' and '.join(found.notify)} is told before", found.notify),
            ("may be refused", found.may_refuse),
            (f"repeats {found.repeat.ref if found.repeat else ''}", found.repeat),
        )
        if holds
    ]


def ruling(said: Ruling) -> str:
    names = f": {' and '.join(said.basis)}" if said.basis else ""
    until = f" until {said.until}" if said.until else ""
    text = f"{said.coverage.value}, borne by {said.bearer.value}{names}{until}"
    return cited(text, *said.clauses) if said.clauses else text


def classes(table: Any) -> tuple[ChargeClass, ...]:
    return tuple(map(ChargeClass, table.get("classes", [each.value for each in ChargeClass])))


def lasting(table: Any) -> Lasting | None:
    return parse_lasting(table["lasting"]) if "lasting" in table else None


def contract(table: Any) -> ServiceContract:
    return ServiceContract(
        name=table["name"],
        term=Term(table["from"], table["through"] + timedelta(days=1)),
        classes=classes(table),
        gives=Coverage(table.get("gives", "contract")),
        governs=table.get("governs", False),
        clause=Clause(table["clause"]) if "clause" in table else None,
    )


def repair(table: Any) -> PastRepair:
    return PastRepair(
        ref=table.get("ref", "1"),
        finished_on=table["on"],
        fault_group=table["fault-group"],
        parts=tuple(table.get("parts", ())),
        lasting=lasting(table),
        coverage=Coverage(table["coverage"]) if "coverage" in table else None,
    )


def replacement(table: Any) -> Replacement:
    return Replacement(on=table["on"], lasting=parse_lasting(table["lasting"]), classes=classes(table))


def duties(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules = service_policy(book).on(question["after"])
    repeated = {Event(name): tuple(days) for name, days in question.get("repeated", {}).items()}
    subject = Subject(
        name="customer",
        answers=answers_in(question, usual),
        dates={Event(name): day for name, day in question.get("dates", {}).items()},
        repeated=repeated,
    )
    return [
        *(
            duty(each, first_day=question.get("first-days", False))
            for each in due(rules, subject, question["after"], question["through"])
        ),
        *(
            cited(f"{each.kind.value} waits for {each.event.value}", each.clause)
            for each in waiting(rules, subject)
        ),
    ]


def duty(said: DutyDue, *, first_day: bool) -> str:
    text = f"{said.kind.value} on {said.day}"
    if said.last_day > said.day:
        text = f"{said.kind.value} from {said.day} through {said.last_day}"
    if said.checks:
        text += f", checking {' and '.join(said.checks)}"
    text += ", with the customer's opinion" * said.opinion + ", signed by both" * said.signed_by_both
    text += f", not done before {said.earliest}" * first_day
    return cited(text, said.clause)


def needed(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, question, usual)
    known = rules.answered(answers_in(question, usual))
    return [
        cited(", ".join(each.rule.items), each.clause)
        for each in rules.of(Checklist)
        if each.rule.step == question["step"] and each.rule.when.holds(each.name, known)
    ]


def retention(book: Rulebook, records: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, {}, usual)
    return [
        cited(period(each.rule.at_least) + (f" to {period(most)}" if most else ""), each.clause)
        for each in rules.of(Retention)
        for most in [each.rule.at_most]
        if records in each.rule.records
    ]


def period(length: Period) -> str:
    """``3 years``, ``1 year 6 months``, ``30 days``."""
    parts = (length.months // 12, "year"), (length.months % 12, "month"), (length.days, "day")
    return " ".join(f"{number} {unit}{'s' * (number > 1)}" for number, unit in parts if number)


def collection(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, question, usual)
    known = rules.answered(answers_in(question, usual))
    return [
        cited(each.rule.way.value, each.clause)
        for each in rules.of(Collection)
        if each.rule.when.holds(each.name, known)
    ]


def quote(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, at = rules_at(book, question, usual)
    known, given = rules.answered(answers_in(question, usual)), given_in(book, question)
    return [
        cited(f"open to {minute(book, due)}", each.clause)
        for each in rules.of(QuoteValidity)
        if each.rule.when.holds(each.name, known)
        for due in [each.rule.within.filled(given).allowed(at, rules.calendar).due]
    ]


def returns(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, question, usual)
    answers = answers_in(question, usual)
    known = rules.answered(answers)
    if not any(each.rule.when.holds(each.name, known) for each in rules.of(ReturnRight)):
        return []
    dates = {Event(name): day for name, day in question.get("dates", {}).items()}
    given = {name: Lasting(period=Period(days=days)) for name, days in question.get("given", {}).items()}
    found = returnable(rules, answers, dates, given)
    text = "never" if found.start is None else f"through {found.last_day}" if found.until else "for ever"
    return [cited(text, found.clause)]


def holding(book: Rulebook, question: Any, usual: Mapping[str, Any], kind: Any) -> list[Named[Any]]:
    """The rules of that kind that hold by the answers of a case."""
    rules, _ = rules_at(book, question, usual)
    known = rules.answered(answers_in(question, usual))
    return [each for each in rules.of(kind) if each.rule.when.holds(each.name, known)]


def listed(book: Rulebook, name: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, {}, usual)
    return [
        cited(
            (f"{each.rule.group}: " if each.rule.group else "")
            + ", ".join(each.rule.entries)
            + (" and others" if each.rule.open else ""),
            each.clause,
        )
        for each in rules.of(Listing)
        if each.rule.of == name
    ]


def chain(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(", ".join(each.rule.through), each.clause)
        for each in holding(book, question, usual, Chain)
        if each.rule.of == question["of"]
    ]


def papers(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(numbering(each.rule), each.clause)
        for each in holding(book, question, usual, Numbering)
        if each.rule.series.value == question["series"]
    ]


def numbering(rule: Numbering) -> str:
    said = [f"copies for {', '.join(rule.copies)}"] if rule.copies else []
    said += [f"books of {rule.book}" if rule.book else "bound in books"] if rule.bound else []
    said += [f"voided to {rule.voided_to}"] if rule.voided_to else []
    return "; ".join(said) or "kept"


def barred(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(", and ".join(filter(None, (", ".join(each.rule.posts), involved))), each.clause)
        for each in holding(book, question, usual, Barred)
        if each.rule.step == question["step"]
        for involved in ["who had part in it" * each.rule.involved]
    ]


def graded(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(f"{each.rule.name} {each.rule.rank}", each.clause)
        for each in holding(book, question, usual, Grade)
    ]


def surveyed(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(survey_attempt(each.rule, question["attempts"]), each.clause)
        if "attempts" in question
        else cited(survey_answer(each.rule, question["scores"]), each.clause)
        for each in holding(book, question, usual, Survey)
    ]


def survey_attempt(rule: Survey, attempts: int) -> str:
    over = rule.attempts is not None and attempts >= rule.attempts
    return "counts as asked" if over else "to be asked again"


def survey_answer(rule: Survey, scores: Mapping[str, int]) -> str:
    for name in rule.questions:
        if name not in scores:
            raise MissingValue(name, "in the answer")
        if not rule.lowest <= scores[name] <= rule.highest:
            raise InvalidValue(name, scores[name], f"a score from {rule.lowest} to {rule.highest}")
    for name in scores:
        if name not in rule.questions:
            raise InvalidValue(name, scores[name], f"one of {', '.join(rule.questions)}")
    if min(scores.values()) >= rule.satisfied_from:
        return "satisfied"
    return "dissatisfied" if min(scores.values()) <= rule.dissatisfied_to else "neither"


def reached(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, question, usual)
    words = {True: "yes", False: "no", None: "nothing to judge"}
    return [
        cited(f"{words[each.rule.reached(*question['of'])]}, by {each.rule.every.value}", each.clause)
        for each in rules.of(Indicator)
        if each.rule.measure.value == question["measure"]
    ]


def recurs(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, question, usual)
    return [
        cited(
            "a warning" if question["times"] >= recurrence(each.rule, question) else "no warning", each.clause
        )
        for each in rules.of(Recurring)
        if each.rule.every.value == question["every"]
    ]


def recurrence(rule: Recurring, question: Any) -> int:
    given = question.get("given", {})
    if rule.times is None and rule.given not in given:
        raise MissingValue(rule.given, "which the firm says")
    return rule.times if rule.times is not None else int(given[rule.given])


def reported(book: Rulebook, name: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, {}, usual)
    return [cited(report(each.rule), each.clause) for each in rules.of(Reporting) if each.rule.name == name]


def report(rule: Reporting) -> str:
    by = f" from {rule.by}" if rule.by else ""
    holds = f": {', '.join(rule.holds)}" if rule.holds else ""
    return f"every {rule.every.value}{by} to {rule.to}{holds}"


def exceeded(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(f"{each.rule.then} at more than {each.rule.most} {each.rule.unit}{per}", each.clause)
        for each in holding(book, question, usual, Limit)
        if (each.rule.of, each.rule.unit) == (question["of"], question["unit"])
        and question["found"] > each.rule.most
        for per in [f" per {each.rule.per.value}" if each.rule.per else ""]
    ]


def ahead(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, question, usual)
    day, answers = question["day"], answers_in(question, usual)
    late = too_late(rules, question["of"], day, day, answers, book.calendar)  # said on the day itself
    return [cited(f"by {dict(each.facts)['last']}", each.clause) for each in late]


def reopened(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    return [
        cited(f"through {each.rule.within.after(question['closed'], EndOfMonth.CLAMP)}", each.clause)
        for each in holding(book, question, usual, Reopening)
    ]


def deemed(book: Rulebook, question: Any, usual: Mapping[str, Any]) -> list[str]:
    _, at = rules_at(book, question, usual)
    return [
        cited(f"accepted at {minute(book, due)}", each.clause)
        for each in holding(book, question, usual, Deemed)
        for due in [each.rule.within.allowed(at, book.calendar).due]
    ]


def question_asked(book: Rulebook, name: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, {}, usual)
    return [
        cited(
            " or ".join(each.rule.answers) + (f"; usually {each.rule.default}" if each.rule.default else ""),
            each.clause,
        )
        for each in rules.of(Question)
        if each.rule.name == name
    ]


def distance(book: Rulebook, text: Any, usual: Mapping[str, Any]) -> list[str]:
    rules, _ = rules_at(book, {}, usual)
    known = None if text == "unknown" else distance_in(text)
    return [cited(each.rule.band(known), each.clause) for each in rules.of(Distances)]


def opened(book: Rulebook, day: Any, usual: Mapping[str, Any]) -> list[str]:
    spans = [
        tuple(at.astimezone(book.calendar.zone).strftime("%H:%M") for at in span)
        for span in (book.calendar.opening(day) if book.calendar.is_open_on(day) else ())
    ]
    hours = ", ".join(f"{start}-{'24:00' if end == '00:00' else end}" for start, end in spans)
    return [cited(hours or "closed", book.calendar_clause)]


ASKED: dict[str, Asked] = {
    "promises": promises,
    "verdict": judged,
    "duties": duties,
    "needed": needed,
    "retention": retention,
    "collection": collection,
    "quote": quote,
    "returns": returns,
    "listed": listed,
    "chain": chain,
    "papers": papers,
    "barred": barred,
    "graded": graded,
    "surveyed": surveyed,
    "reached": reached,
    "recurs": recurs,
    "reported": reported,
    "exceeded": exceeded,
    "ahead": ahead,
    "reopened": reopened,
    "deemed": deemed,
    "question": question_asked,
    "distance": distance,
    "open": opened,
}
