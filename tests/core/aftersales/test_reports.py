"""Reports: periods, rows, samples and indicators, and that these can be worked out again from the rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servflow.core.aftersales.claims import PastRepair
from servflow.core.aftersales.complaints.model import Attribution, Complaint, ComplaintState
from servflow.core.aftersales.desk_rules import Every, Indicator, Measure
from servflow.core.aftersales.duties import DutyDue, DutyItem, DutyState
from servflow.core.aftersales.policy import Named, ServicePolicy, ServiceRules
from servflow.core.aftersales.reports.export import row, rows
from servflow.core.aftersales.reports.indicators import (
    Count,
    Figure,
    called_back,
    complained,
    indicators,
    kept_in_time,
    merged,
    served,
    surveyed,
)
from servflow.core.aftersales.reports.periods import label, period, periods
from servflow.core.aftersales.reports.samples import Judged, Sample, complaint_samples, samples
from servflow.core.aftersales.tickets.model import Commitment, SurveyAnswer, Ticket
from servflow.core.aftersales.tickets.states import Channel, ServiceKind, Stage
from servflow.core.aftersales.warranty import Ruling, Verdict
from servflow.core.aftersales.words import (
    Bearer,
    ChargeClass,
    Coverage,
    DutyKind,
    Event,
    PauseReason,
    TargetKind,
)
from servflow.core.citations import Clause
from servflow.core.clocks import Breach, ClockState, Cycle, Excuse, Extension, Pause, Run, parse_allowance
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue
from servflow.core.money import Money
from servflow.core.worktime import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLAUSE = Clause("AS-QA-1", "3.2.1")
DESK = Calendar.always(SHANGHAI)
POLICY = ServicePolicy(rulebook="r", calendar=DESK, currency="CNY", firm="firm", rules={})
MAY = Term(date(2026, 5, 1), date(2026, 6, 1))
JUNE = Term(date(2026, 6, 1), date(2026, 7, 1))
NOW = datetime(2026, 6, 1, tzinfo=SHANGHAI)


def at(day: int, hour: int = 9, minute: int = 0, *, month: int = 5) -> datetime:
    """An instant of May 2026, in Shanghai."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def ticket(id: str = "T1", **said) -> Ticket:
    """A ticket that was reported on 4 May at nine."""
    usual: dict[str, Any] = {
        "state": Stage.TRIAGED,
        "firm": "firm",
        "customer": "customer",
        "reported_at": at(4),
        "channel": Channel.HOTLINE,
        "service": ServiceKind.REPAIR,
        "symptom": "no light",
    }
    return Ticket(id=id, **{**usual, **said})


def complaint(id: str = "C1", **said) -> Complaint:
    """A complaint that was filed on 6 May."""
    usual: dict[str, Any] = {
        "state": ComplaintState.FILED,
        "firm": "firm",
        "customer": "customer",
        "filed_at": at(6),
        "channel": Channel.LETTER,
        "what": "nobody came",
    }
    return Complaint(id=id, **{**usual, **said})


def promise(within: str = "24 hours", run: Run | None = None, **said) -> Commitment:
    """A promise with a clock of that run; else it began on 4 May at nine."""
    usual: dict[str, Any] = {
        "kind": TargetKind.ON_SITE,
        "since": Event.REPORTED,
        "clause": CLAUSE,
        "version": "v",
    }
    return Commitment(within=parse_allowance(within), run=run or ran(), **{**usual, **said})


def ran(stopped_at: datetime | None = None, **said) -> Run:
    """What happened to a clock that began on 4 May at nine."""
    return Run(**{"anchored_at": at(4), "stopped_at": stopped_at, **said})


def judged(*promises: Commitment, now: datetime = NOW, **said) -> list[tuple[str, str]]:
    """Of each sample the verdict and the day."""
    it = ticket(commitments={f"p{number}": each for number, each in enumerate(promises)}, **said)
    return [(each.judged.value, each.on.isoformat()) for each in samples([it], POLICY, now)]


def rules(*said) -> ServiceRules:
    """Rules of a firm, named by their numbers."""
    named = tuple(Named(f"r{number}", each, CLAUSE) for number, each in enumerate(said))
    return ServiceRules(firm="firm", version="v", day=MAY.start, calendar=DESK, currency="CNY", rules=named)


PAST = PastRepair(ref="T0", finished_on=date(2026, 4, 1), fault_group="power")


def verdict(repeat: PastRepair | None = None) -> Verdict:
    """A verdict: free, by no cover; what it says of a repeat."""
    parts, labour, travel = (
        Ruling(charge=each, coverage=Coverage.FREE, bearer=Bearer.FIRM, basis=(), clauses=())
        for each in ChargeClass
    )
    return Verdict(
        reported_on=MAY.start, term=None, parts=parts, labour=labour, travel=travel, covers=(), repeat=repeat
    )


# --- periods ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "day", "expected"),
    [
        (Every.DAY, date(2026, 5, 4), "2026-05-04"),
        (Every.WEEK, date(2026, 5, 4), "2026-W19"),
        (Every.WEEK, date(2026, 5, 10), "2026-W19"),
        (Every.WEEK, date(2027, 1, 3), "2026-W53"),
        (Every.WEEK, date(2024, 12, 30), "2025-W01"),
        (Every.MONTH, date(2026, 12, 31), "2026-12"),
        (Every.QUARTER, date(2026, 3, 31), "2026-Q1"),
        (Every.QUARTER, date(2026, 4, 1), "2026-Q2"),
        (Every.QUARTER, date(2026, 12, 1), "2026-Q4"),
        (Every.YEAR, date(2026, 7, 1), "2026"),
    ],
)
def test_a_day_lies_in_its_period(every, day, expected):
    """Weeks are those of ISO 8601, and belong to the year that has their Thursday."""
    found = period(every, day)
    assert day in found
    assert label(found) == expected


def test_a_trip_is_no_period():
    """Nor does a period end after the calendar."""
    with pytest.raises(InvalidValue, match="every"):
        period(Every.TRIP, date(2026, 5, 4))
    for every in (Every.DAY, Every.WEEK, Every.MONTH, Every.YEAR):
        with pytest.raises(InvalidValue, match="9999"):
            period(every, date(9999, 12, 31))


def test_periods_follow_one_another():
    """They cover the term, the first and the last one whole, and have no gap."""
    term = Term(date(2025, 12, 31), date(2026, 2, 1))
    assert [label(each) for each in periods(Every.MONTH, term)] == ["2025-12", "2026-01"]
    weeks = list(periods(Every.WEEK, term))
    assert [each.start for each in weeks[1:]] == [each.until for each in weeks[:-1]]
    assert (label(weeks[0]), label(weeks[-1])) == ("2026-W01", "2026-W05")


def test_any_other_term_is_called_by_its_ends():
    """Also at the end of the calendar, where no period fits."""
    assert label(Term(date(2026, 5, 4), date(2026, 5, 7))) == "2026-05-04/2026-05-06"
    assert label(Term(date(9999, 12, 1), date(9999, 12, 31))) == "9999-12-01/9999-12-30"


# --- samples ------------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-1")
def test_a_promise_counts_on_the_day_on_which_it_was_due():
    """Not on that on which it was kept; in the zone of the firm, not in UTC."""
    kept, night = promise(run=ran(at(4, 10))), promise(run=ran(at(4, 3), anchored_at=at(4, 2)))
    assert judged(kept, night) == [("met", "2026-05-05"), ("met", "2026-05-05")]
    (sample,) = samples([ticket(commitments={"on-site": kept})], POLICY, NOW)
    assert (sample.promise, sample.kind, sample.cycle) == ("on-site", "on-site", 1)
    assert (sample.due_at, sample.stopped_at, sample.rework) == (at(5), at(4, 10), False)


def test_what_is_not_due_does_not_count_kept_or_not():
    """A promise kept early would otherwise count before those that are still open."""
    kept, late = promise(run=ran(at(4, 10))), promise()
    assert judged(kept, late, now=at(5, 8)) == [("not-due", "2026-05-05")] * 2
    assert judged(kept, late, now=at(5)) == [("met", "2026-05-05"), ("not-due", "2026-05-05")]
    assert judged(kept, late, now=at(5, 9, 1)) == [("met", "2026-05-05"), ("breached", "2026-05-05")]


def test_late_is_late_whether_done_or_not():
    """What was done too late was missed; what is still not done is a breach."""
    assert judged(promise(run=ran(at(6))), promise()) == [
        ("missed", "2026-05-05"),
        ("breached", "2026-05-05"),
    ]


def test_what_is_open_when_the_ticket_is_closed_was_missed():
    """Closed without an answer is no way to be in time; what stood still is due as it was told."""
    stands = ran(pauses=(Pause("waiting-part", at(4, 10)),))
    still = promise(run=stands, pauses=(PauseReason.WAITING_PART,))
    told = promise(run=stands, pauses=(PauseReason.WAITING_PART,), due=at(7))
    never = promise(run=Run())
    long = promise("20 days")
    found = judged(long, promise(), told, still, never, state=Stage.CLOSED, closed_at=at(8))
    assert found == [
        ("missed", "2026-05-24"),
        ("missed", "2026-05-05"),
        ("missed", "2026-05-07"),
        ("missed", "2026-05-08"),
        ("not-due", "2026-05-04"),
    ]
    assert judged(long, state=Stage.CLOSED, closed_at=at(8), now=at(20)) == [("not-due", "2026-05-24")]


def test_what_stands_still_is_not_due():
    """While it stands still nobody knows when it will be."""
    still = promise(run=ran(pauses=(Pause("waiting-part", at(4, 10)),)), pauses=(PauseReason.WAITING_PART,))
    assert judged(still) == [("not-due", "2026-05-04")]


def test_a_closing_that_has_not_come_yet_changes_nothing():
    """A ticket is judged as it stands at the instant that is asked for, and no later."""
    it = promise("20 days"), promise()
    assert judged(*it, state=Stage.CLOSED, closed_at=at(8), now=at(7)) == [
        ("not-due", "2026-05-24"),
        ("breached", "2026-05-05"),
    ]


@pytest.mark.parametrize(
    "said", [{"state": Stage.CANCELLED}, {"state": Stage.REJECTED}, {"merged_into": "T0"}]
)
def test_what_ended_otherwise_is_void(said):
    """What was still open of it is void; what was judged before keeps its verdict."""
    assert judged(promise(), promise(run=ran(at(6))), **said) == [
        ("void", "2026-05-04"),
        ("missed", "2026-05-05"),
    ]


def test_a_void_clock_is_void():
    """Whatever it was before."""
    assert judged(promise(run=ran(at(6), voided_at=at(7)))) == [("void", "2026-05-04")]


@pytest.mark.clause("AS-SLA-7")
def test_an_excused_delay_counts_neither_way():
    """It is shown apart, while it is open as well as when it is over (AS-SLA-7)."""
    excuses = (Excuse("festival", at(4, 10), at(6)),)
    over = promise(run=ran(at(6), excuses=excuses), excuses=("festival",))
    open_ = promise(run=ran(excuses=excuses), excuses=("festival",))
    assert judged(over, open_, now=at(6)) == [("excused", "2026-05-05")] * 2
    assert judged(over, open_) == [("excused", "2026-05-05"), ("breached", "2026-05-05")]


def test_each_cycle_is_a_sample_of_its_own():
    """What was reopened keeps its first verdict; what follows is work that is done again."""
    run = ran(pauses=(Pause("closed", at(4, 12), at(6)),), cycles=(Cycle(ClockState.MET, at(4, 12)),))
    it = ticket(commitments={"resolve": promise(run=run, kind=TargetKind.RESOLVE)})
    first, second = samples([it], POLICY, NOW)
    assert (first.cycle, first.judged, first.on, first.rework) == (1, Judged.MET, date(2026, 5, 5), False)
    assert (first.stopped_at, second.stopped_at) == (at(4, 12), None)
    assert (second.cycle, second.judged, second.on) == (2, Judged.BREACHED, date(2026, 5, 7))
    assert second.rework
    assert second.paused == {"closed": timedelta(hours=45)}


def test_a_cycle_that_was_excused_or_missed_stays_so():
    """As it was known when it was reopened; and what had not ended yet is not known."""
    pauses = Pause("closed", at(6), at(7)), Pause("closed", at(8), at(9))
    cycles = Cycle(ClockState.MISSED, at(6), excused=True), Cycle(ClockState.MISSED, at(8))
    run = ran(pauses=pauses, cycles=cycles, breach=Breach(at(6), due=at(5)))
    assert judged(promise(run=run)) == [
        ("excused", "2026-05-05"),
        ("missed", "2026-05-05"),
        ("breached", "2026-05-05"),
    ]
    assert judged(promise(run=run), now=at(7, 12)) == [("excused", "2026-05-05")]


@pytest.mark.clause("AS-QA-5")
def test_a_service_that_repeats_another_is_done_again():
    """All its samples say so, whether somebody named the earlier one or the verdict found it (AS-QA-5)."""
    named = ticket(commitments={"x": promise()}, repeats="T0")
    found = ticket(commitments={"x": promise()}, verdict=verdict(repeat=PAST))
    usual = ticket(commitments={"x": promise()}, verdict=verdict())
    assert [each.rework for each in samples([named, found, usual], POLICY, NOW)] == [True, True, False]


def test_a_breach_counts_when_it_was_due_then():
    """More time that is granted later moves no breach to another period."""
    longer = Extension(at=at(6), until=at(10, month=6), approved_by="director", reason="no parts")
    late = ran(breach=Breach(at(6), due=at(5)), extensions=(longer,))
    it = promise(run=late, extended_by="director")
    for now in (at(6), NOW):
        (sample,) = samples([ticket(commitments={"x": it})], POLICY, now)
        assert (sample.judged, sample.due_at) == (Judged.BREACHED, at(5))


def test_a_breach_that_only_the_record_knows_counts_as_it_was_told():
    """Where a clock stands still under another target than the one that it was late by."""
    stands = (Pause("waiting-part", at(4, 10)),)
    late = ran(breach=Breach(at(6), by_change=True), pauses=stands)
    usual: dict[str, Any] = {"run": late, "pauses": (PauseReason.WAITING_PART,)}
    assert judged(promise(**usual), promise(**usual, due=at(5))) == [
        ("breached", "2026-05-06"),
        ("breached", "2026-05-05"),
    ]
    assert judged(promise(run=Run(breach=Breach(at(6))))) == [("breached", "2026-05-06")]
    assert judged(promise(run=late), now=at(5, 8)) == [("not-due", "2026-05-05")]


def test_a_ticket_without_a_promise_is_a_sample_of_its_own():
    """On the day of its report: nothing of it is due, and it is not lost."""
    late = datetime(2026, 5, 4, 16, 30, tzinfo=UTC)
    (sample,) = samples([ticket(reported_at=late)], POLICY, NOW)
    assert (sample.judged, sample.on, sample.kind) == (Judged.UNPROMISED, date(2026, 5, 5), "")
    (about,) = complaint_samples([complaint(filed_at=late)], POLICY, NOW)
    assert (about.judged, about.on) == (Judged.UNPROMISED, date(2026, 5, 5))


def test_samples_come_one_by_one():
    """Of many tickets no more are looked at than are asked for."""
    it = samples((ticket(str(number)) for number in range(10**9)), POLICY, NOW)
    assert [next(it).case, next(it).case] == ["0", "1"]


def test_what_is_promised_about_a_complaint_is_judged_as_well():
    """Settled without an answer it was missed, withdrawn it is void."""
    answer = {"complaint-answer": promise("4 days", kind=TargetKind.COMPLAINT_ANSWER)}
    states = (ComplaintState.FILED, ComplaintState.SETTLED, ComplaintState.WITHDRAWN)
    found = complaint_samples([complaint(state=each, commitments=answer) for each in states], POLICY, NOW)
    assert [each.judged.value for each in found] == ["breached", "missed", "void"]


# --- indicators ---------------------------------------------------------------------------------------------

ON_TIME = Indicator(measure=Measure.ON_TIME, at_least=Fraction(9, 10))
SATISFIED = Indicator(measure=Measure.SATISFACTION, at_least=Fraction(85, 100))
FAULTS = Indicator(measure=Measure.COMPLAINTS, below=Fraction(3, 100))
CALLS = Indicator(measure=Measure.CALLED_BACK, at_least=Fraction(1))


def figure(counts, *said, measure: Measure, period: Term = MAY) -> Figure:
    """The figure of a measure in a period."""
    found = indicators(counts, rules(*said), [period])
    return next(each for each in found if each.measure is measure and not each.kind)


def tallied(it: Figure) -> tuple[int, int, bool | None]:
    """Numerator, denominator, and whether they are enough."""
    return it.numerator, it.denominator, it.reached


def many(measure: Measure, numerator: int, denominator: int, on: date = MAY.start) -> list[Count]:
    """So many of so many on one day."""
    return [
        Count(measure=measure, of=str(number), on=on, numerator=int(number < numerator), denominator=1)
        for number in range(denominator)
    ]


@pytest.mark.clause("AS-QA-1", "AS-QA-2")
@pytest.mark.parametrize(
    ("rule", "numerator", "denominator", "reached"),
    [
        (ON_TIME, 9, 10, True),
        (ON_TIME, 899, 1000, False),
        (ON_TIME, 0, 0, None),
        (SATISFIED, 17, 20, True),
        (SATISFIED, 849, 1000, False),
        (FAULTS, 3, 100, False),
        (FAULTS, 29, 1000, True),
        (CALLS, 7, 7, True),
        (CALLS, 6, 7, False),
    ],
)
def test_what_is_to_be_reached(rule, numerator, denominator, reached):
    """AS-QA-1: 90 % and 85 % are enough, 3 % of complaints is too much; AS-QA-2: all call-backs."""
    it = figure(many(rule.measure, numerator, denominator), rule, measure=rule.measure)
    assert tallied(it) == (numerator, denominator, reached)
    assert (it.rule, it.threshold, it.clause) == ("r0", rule, CLAUSE)
    assert it.share == (Fraction(numerator, denominator) if denominator else None)


def test_every_measure_has_a_figure_in_every_period():
    """Without a rule too; and where two rules want something, both are asked."""
    least = Indicator(measure=Measure.ON_TIME, at_least=Fraction(1, 2))
    counts = many(Measure.ON_TIME, 3, 5) + many(Measure.ON_TIME, 1, 1, JUNE.start)
    found = indicators(counts, rules(ON_TIME, least), [MAY, JUNE])
    assert [(each.measure.value, each.rule, *tallied(each)) for each in found if each.period is MAY] == [
        ("on-time", "r0", 3, 5, False),
        ("on-time", "r1", 3, 5, True),
        ("satisfaction", "", 0, 0, None),
        ("complaints", "", 0, 0, None),
        ("called-back", "", 0, 0, None),
        ("repeats", "", 0, 0, None),
    ]
    assert tallied(found[6]) == (1, 1, True)


def test_on_time_is_told_for_each_kind_of_target():
    """By name, and without a threshold: what is to be reached is said of all of them."""
    met = Sample(case="T", promise="x", kind="quote", cycle=1, judged=Judged.MET, on=MAY.start)
    late = Sample(case="T", promise="y", kind="answer", cycle=1, judged=Judged.BREACHED, on=MAY.start)
    found = [
        each for each in indicators(kept_in_time([met, late]), rules(ON_TIME), [MAY]) if each.denominator
    ]
    assert [(each.kind, *tallied(each)) for each in found] == [
        ("", 1, 2, False),
        ("answer", 0, 1, None),
        ("quote", 1, 1, None),
    ]


@pytest.mark.clause("AS-QA-1")
def test_what_counts_among_promises():
    """Met, missed and breached count; excused and unpromised are shown apart; the rest is not there."""
    said = [
        Sample(case=each.value, promise="x", kind="k", cycle=1, judged=each, on=MAY.start) for each in Judged
    ]
    it = figure(kept_in_time(said), ON_TIME, measure=Measure.ON_TIME)
    assert (*tallied(it), it.excused, it.unpromised) == (1, 3, False, 1, 1)


@pytest.mark.clause("AS-QA-1")
def test_an_answer_counts_on_its_day():
    """A survey counts in the period in which it was answered; who was not asked is not in it."""
    tickets = [
        ticket("a", survey=answer(date(2026, 5, 31), satisfied=True)),
        ticket("b", survey=answer(date(2026, 5, 31), satisfied=False)),
        ticket("c", survey=answer(date(2026, 6, 1), satisfied=True)),
        ticket("d"),
    ]
    for term, expected in ((MAY, (1, 2, False)), (JUNE, (1, 1, True))):
        it = figure(surveyed(tickets), SATISFIED, measure=Measure.SATISFACTION, period=term)
        assert tallied(it) == expected


def answer(on: date, *, satisfied: bool) -> SurveyAnswer:
    return SurveyAnswer(
        on=on, by="desk", scores={"quality": 3}, satisfied=satisfied, dissatisfied=not satisfied
    )


@pytest.mark.clause("AS-QA-1")
def test_only_complaints_whose_fault_is_the_services_count():
    """Over the services that were finished in the same period, by the day of filing."""
    fault: dict[str, Any] = {"attribution": Attribution.SERVICE}
    complaints = [
        complaint("a", ticket="T1", **fault),
        complaint("b", ticket="T2", attribution=Attribution.MAKER),
        complaint("c", ticket="T3"),
        complaint("d", ticket="T4", state=ComplaintState.WITHDRAWN, **fault),
        complaint("e", filed_at=at(1, 0, month=6), ticket="T5", **fault),
    ]
    finished = [ticket(str(number), finished_at=at(31, 23)) for number in range(50)]
    counts = [*complained(complaints, finished, SHANGHAI), *served(finished, SHANGHAI)]
    assert tallied(figure(counts, FAULTS, measure=Measure.COMPLAINTS)) == (1, 50, True)
    assert tallied(figure(counts, FAULTS, measure=Measure.COMPLAINTS, period=JUNE)) == (1, 0, None)


@pytest.mark.clause("AS-QA-1")
def test_a_service_is_complained_of_once():
    """However often: on the day of the first complaint. One that is about no service counts by itself."""
    fault: dict[str, Any] = {"attribution": Attribution.SERVICE}
    again = [
        complaint("a", ticket="T1", filed_at=at(1, month=6), **fault),
        complaint("b", ticket="T1", filed_at=at(9), **fault),
        complaint("c", filed_at=at(9), **fault),
        complaint("d", filed_at=at(10), **fault),
    ]
    assert [(each.of, each.on) for each in complained(again, [], SHANGHAI)] == [
        ("T1", date(2026, 5, 9)),
        ("c", date(2026, 5, 9)),
        ("d", date(2026, 5, 10)),
    ]


def test_a_service_counts_when_it_is_finished():
    """Work of the firm's own, what was not finished, cancelled or rejected is no service to a customer."""
    tickets = [
        ticket("a", finished_at=at(31, 23, 30)),
        ticket("b"),
        ticket("c", finished_at=at(5), internal=True),
        ticket("d", finished_at=at(5), state=Stage.CANCELLED),
        ticket("e", finished_at=at(5), state=Stage.REJECTED),
    ]
    assert {(each.of, each.on) for each in served(tickets, SHANGHAI)} == {("a", date(2026, 5, 31))}


@pytest.mark.parametrize(
    ("said", "again"),
    [({}, 0), ({"repeats": "T0"}, 1), ({"reworks": 1}, 1), ({"reopened": 1}, 1)],
)
def test_a_service_that_was_done_again_is_a_repeat(said, again):
    """Because it repeats another one, was not accepted, or was reopened for the same fault."""
    it = figure(served([ticket(finished_at=at(5), **said)], SHANGHAI), measure=Measure.REPEATS)
    assert tallied(it) == (again, 1, None)


@pytest.mark.clause("AS-QA-2")
def test_call_backs_count_by_their_last_day():
    """Done in time, late or overdue; other duties, and what is not over, are not among them."""
    items = [
        duty(DutyState.DONE),
        duty(DutyState.DONE_LATE),
        duty(DutyState.OVERDUE),
        duty(DutyState.DUE),
        duty(DutyState.UPCOMING),
        duty(DutyState.DONE, kind=DutyKind.VISIT),
        duty(DutyState.DONE, last_day=JUNE.start),
    ]
    assert tallied(figure(called_back(items), CALLS, measure=Measure.CALLED_BACK)) == (1, 3, False)


def duty(state: DutyState, *, kind: DutyKind = DutyKind.CALL_BACK, last_day: date = MAY.last_day) -> DutyItem:
    due = DutyDue(key="k", subject="s", rule="r", kind=kind, day=MAY.start, last_day=last_day, clause=CLAUSE)
    return DutyItem(due=due, state=state)


def test_branches_add_up_and_are_never_averaged():
    """9 of 10 and 50 of 100 are 59 of 110, not the 70 % between them."""
    one = figure(many(Measure.ON_TIME, 9, 10), ON_TIME, measure=Measure.ON_TIME)
    other = figure(many(Measure.ON_TIME, 50, 100), ON_TIME, measure=Measure.ON_TIME)
    both = merged([one, other])
    assert tallied(both) == (59, 110, False)
    assert (both.period, both.rule, both.threshold) == (MAY, "r0", ON_TIME)
    assert tallied(merged([one])) == (9, 10, True)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"measure": Measure.REPEATS}, "measure"),
        ({"kind": "quote"}, "kind"),
        ({"period": JUNE}, "period"),
        ({"threshold": FAULTS}, "threshold"),
    ],
)
def test_only_figures_of_one_kind_add_up(other, field):
    """Of one measure, kind of target and period, and with the same to be reached; nothing is no figure."""
    usual: dict[str, Any] = {"measure": Measure.ON_TIME, "period": MAY, "numerator": 1, "denominator": 1}
    with pytest.raises(InvalidValue) as caught:
        merged([Figure(**usual), Figure(**{**usual, **other})])
    assert caught.value.field == field
    with pytest.raises(InvalidValue, match="none"):
        merged([])


def test_months_add_up_to_their_year():
    """What counts in one period counts in no other one, and none is lost."""
    days = [date(2026, 1, 1) + timedelta(days=7 * number) for number in range(52)]
    counts = [each for number, on in enumerate(days) for each in many(Measure.ON_TIME, number % 3, 3, on)]
    year = Term(date(2026, 1, 1), date(2027, 1, 1))
    for every in (Every.MONTH, Every.QUARTER):
        parts = indicators(counts, rules(ON_TIME), periods(every, year))
        whole = figure(counts, ON_TIME, measure=Measure.ON_TIME, period=year)
        assert sum(each.numerator for each in parts) == whole.numerator == 51
        assert sum(each.denominator for each in parts) == whole.denominator == 156


# --- rows ---------------------------------------------------------------------------------------------------


def test_everything_can_be_worked_out_again_from_the_rows():
    """From the samples, written as CSV and read again, a plain loop finds the same figures."""
    tickets = [
        ticket(
            str(number),
            reported_at=at(1 + number % 28),
            commitments={
                "on-site": promise(
                    run=Run(
                        anchored_at=at(1 + number % 28),
                        stopped_at=None if number % 5 == 0 else at(1 + number % 28) + timedelta(hours=number),
                    )
                ),
                **({"answer": promise("12 hours", kind=TargetKind.ANSWER)} if number % 3 else {}),
            }
            if number % 11
            else {},
        )
        for number in range(60)
    ]
    written = io.StringIO()
    table = [dict(each) for each in rows(samples(tickets, POLICY, at(1, month=6)))]
    writer = csv.DictWriter(written, fieldnames=list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    found: Counter[str] = Counter()
    for each in csv.DictReader(io.StringIO(written.getvalue())):
        if each["on"].startswith("2026-05"):
            found[each["judged"]] += 1
    it = figure(kept_in_time(samples(tickets, POLICY, at(1, month=6))), ON_TIME, measure=Measure.ON_TIME)
    assert it.numerator == found["met"] > 10
    assert it.denominator == found["met"] + found["missed"] + found["breached"] > it.numerator
    assert it.unpromised == found["unpromised"] == 6
    assert it.reached is (it.numerator * 100 >= 90 * it.denominator)


def test_a_row_has_plain_columns():
    """Texts, whole numbers, truth, or nothing: what a table, CSV and JSON can hold."""
    (sample,) = samples([ticket(commitments={"x": promise(run=ran(at(4, 10)))})], POLICY, NOW)
    assert row(sample) == {
        "case": "T1",
        "promise": "x",
        "kind": "on-site",
        "cycle": 1,
        "judged": "met",
        "on": "2026-05-05",
        "due_at": "2026-05-05T01:00:00+00:00",
        "stopped_at": "2026-05-04T02:00:00+00:00",
        "paused": "",
        "rework": False,
    }


def test_a_figure_is_a_row_with_its_threshold():
    """And with the clause that says so."""
    it = figure(many(Measure.ON_TIME, 1, 2), ON_TIME, measure=Measure.ON_TIME)
    cells = row(it)
    assert cells["period"] == "2026-05-01/2026-05-31"
    assert (cells["threshold"], cells["clause"], cells["reached"]) == ("at least 9/10", "AS-QA-1", False)
    below = row(figure([], FAULTS, measure=Measure.COMPLAINTS))
    assert (below["threshold"], below["reached"]) == ("below 3/100", None)


@pytest.mark.parametrize(
    ("held", "cell"),
    [
        (Money("12.5", "CNY"), "CNY 12.50"),
        (Fraction(3, 2), "3/2"),
        (timedelta(hours=1), "3600"),
        (-timedelta(microseconds=100), "-0.0001"),
        (timedelta(milliseconds=1500), "1.5"),
        ({"waiting-part": timedelta(seconds=5), "closed": timedelta()}, "waiting-part=5; closed=0"),
        (("a", "b"), "a; b"),
        ((CLAUSE, CLAUSE), "AS-QA-1; AS-QA-1"),
        ((), ""),
        (None, None),
        (True, True),
    ],
)
def test_nothing_is_rounded_in_a_row(held, cell):
    """Amounts, fractions and lengths of time are exact."""
    assert row(Anything(held)) == {"held": cell}


def test_what_has_rows_of_its_own_is_no_column():
    """A report's lines are written by themselves."""
    with pytest.raises(TypeError, match="Anything is a row of its own"):
        row(Anything((Anything(1),)))


@dataclass(frozen=True)
class Anything:
    """A value with one field."""

    held: object
