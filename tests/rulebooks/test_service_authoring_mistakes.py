"""One test for each mistake that an author of a service firm's rules can make: where the message points."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servflow.core.aftersales.circumstances import STANDARD
from servflow.core.aftersales.desk_rules import Every, Measure, Series
from servflow.core.aftersales.policy import ServiceRules
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.aftersales.words import TOO_LONG, DutyKind, Event, TargetKind
from servflow.core.errors import InvalidRulebook
from servflow.rulebooks import _service, check, load, service_policy, shipped
from servflow.rulebooks._service import KINDS

KIND = f"a table with one of the keys {', '.join(KINDS)}"
ONCE = "each value once, none empty"
SOME = f"{ONCE}, and at least one"
LENGTH = (
    "a length such as '4 working hours', '24 hours', '3 working days', '3 working days to closing', '1 month', "
    "'{visit-days} working days', 'agreed delivery-date', or cut-offs such as "
    "'before 12:00: same day; before 17:00: next day 12:00; later: next working day'"
)
TERM = "a term such as '2 years', '18 months' or '90 days', 'lifetime', 'none', or 'given NAME'"
PERIOD = "a length such as '3 months', '1 year' or '10 days'"
BANDS = "bands whose limits ascend, and a last one without a limit"
RUNG = "a share such as '50 %', or a time such as '2 hours before' or '… after'"
WHEN = "a table of questions, each with its answers, such as { level = ['1', '2'], opened = 'no' }"


def words(kind):
    """Every value of an enum, as a message lists them."""
    return f"one of {', '.join(each.value for each in kind)}"


def rule(*values):
    """A rule as an author writes it: one value alone, or values each from a day on."""
    if not isinstance(values[0], tuple):
        values = (("unknown", values[0]),)
    return {
        "label": "x",
        "values": [{"from": start, "is": said, "clause": "AS-SLA-2"} for start, said in values],
    }


PROMISE = {"promise": "on-site", "within": "24 hours"}
LEVEL = {"question": "level", "answers": ["1", "2"]}
DISTANCE = {"distance": "road", "bands": ["near to 100 km", "far"]}
WARRANTY = {"warranty": "sold", "parts": "2 years", "labour": "1 year", "travel": "none"}
DUTY = {"duty": "visit", "since": "handed-over", "offsets": ["3 months"]}
SURVEY = {"survey": ["attitude"], "lowest": 1, "highest": 5, "satisfied-from": 4, "dissatisfied-to": 2}
DAILY = {"report": "daily", "every": "day", "to": "supervisor"}
LATE = {"limit": "late", "most": 15, "unit": "minutes", "then": "late"}
SHARE = "a share such as '90 %', from 0 % to 100 %"
ONE_SHARE = "the share that is reached, or the one that it stays below: one of the two"
LADDER = {"ladder": [{"level": 1, "at": "50 %", "action": "supervisor"}]}


@pytest.fixture
def book(draft):
    """A service rulebook in which rules are put; its file."""

    def with_rules(**rules):
        draft.put("policy", "aftersales")
        named = {name.replace("_", "-"): each for name, each in rules.items()}
        draft.put("rules", {name: each if "values" in each else rule(each) for name, each in named.items()})
        return draft

    return with_rules


@pytest.mark.parametrize(
    ("said", "where", "found", "expected"),
    [
        ({"within": "24 hours"}, "", "none of them", KIND),
        ({**PROMISE, "duty": "visit"}, "", "promise and duty", KIND),
        ("24 hours", "", "'24 hours'", KIND),
        ({**PROMISE, "kind": "quote"}, ".kind", "'quote'", "promise = …, which says it"),
        ({**PROMISE, "promise": "onsite"}, ".promise", "'onsite'", words(TargetKind)),
        ({**PROMISE, "until": "sold"}, ".until", "an unknown field",
         "one of promise, within, since, when, round-the-clock, pauses, excuses, extended-by"),
        ({"promise": "on-site"}, ".within", "nothing", "a value; the field is missing"),
        ({**PROMISE, "within": ""}, ".within", "''", LENGTH),
        ({**PROMISE, "within": 24}, ".within", "24", LENGTH),
        ({**PROMISE, "within": "soon"}, ".within", "'soon'", LENGTH),
        ({**PROMISE, "within": "0 hours"}, ".within", "'0 hours'", "a number above 0, at most 100000000"),
        ({**PROMISE, "within": "-3 hours"}, ".within", "'-3 hours'", LENGTH),
        ({**PROMISE, "since": "yesterday"}, ".since", "'yesterday'", words(Event)),
        ({**PROMISE, "round-the-clock": "yes"}, ".round-the-clock", "'yes'", "true or false"),
        ({**PROMISE, "pauses": ["tea"]}, ".pauses[0]", "'tea'",
         "one of waiting-customer, waiting-access, force-majeure, waiting-part, at-vendor"),
        ({**PROMISE, "excuses": ["festival", "festival"]}, ".excuses", "['festival', 'festival']", ONCE),
        ({**PROMISE, "pauses": ["at-vendor", "at-vendor"]}, ".pauses", "['at-vendor', 'at-vendor']", ONCE),
        ({**PROMISE, "extended-by": ""}, ".extended-by", "''", "a text that is not empty"),
        ({**PROMISE, "when": {}}, ".when", "{}", WHEN),
        ({**PROMISE, "when": "urgent"}, ".when", "'urgent'", WHEN),
        ({**PROMISE, "when": {"opened": []}}, ".when.opened", "[]", "an answer, or a list of answers, each once"),
        ({**PROMISE, "when": {"opened": ["no", "no"]}}, ".when.opened", "['no', 'no']",
         "an answer, or a list of answers, each once"),
        ({**PROMISE, "when": {"opened": "maybe"}}, ".when.opened", "'maybe'", "one of yes, no"),
        ({**PROMISE, "when": {"distance": "near"}}, ".when.distance", "an unknown question",
         f"one of {', '.join(sorted(STANDARD))}"),
        ({"question": "level", "answers": ["1"]}, ".answers", "['1']", "two or more answers, each once, none empty"),
        ({"question": "level", "answers": ["1", "1"]}, ".answers", "['1', '1']",
         "two or more answers, each once, none empty"),
        ({**LEVEL, "default": "3"}, ".default", "'3'", "one of 1, 2"),
        ({"question": "", "answers": ["1", "2"]}, ".question", "''", "a text that is not empty"),
        ({"question": "distance", "answers": ["1", "2"]}, "", "the question distance, which a distance answers",
         "a question of another name"),
        ({"question": "term", "answers": ["before", "in", "after"], "default": "in"}, "",
         "the question term, which the verdict answers", "a question of another name"),
        ({"question": "coverage", "answers": ["x", "y"]}, "", "the question coverage, which the verdict answers",
         "a question of another name"),
        ({"question": "seller", "answers": ["own", "stranger"]}, ".answers", "'stranger'",
         "some of the answers of the field's question seller: own, parent, dealer, partner"),
        ({"distance": "air", "bands": ["all"]}, ".distance", "'air'", "one of radius, road"),
        ({**DISTANCE, "bands": ["near to 100 miles", "far"]}, ".bands[0]", "'near to 100 miles'",
         "a band such as 'near to 100 km', and a last one such as 'far'"),
        ({**DISTANCE, "bands": ["near to 300 km", "middle to 100 km", "far"]}, ".bands",
         "['near to 300000 m', 'middle to 100000 m', 'far']", BANDS),
        ({**DISTANCE, "bands": ["near to 100 km", "far to 300 km"]}, ".bands",
         "['near to 100000 m', 'far to 300000 m']", BANDS),
        ({**DISTANCE, "bands": []}, ".bands", "[]", BANDS),
        ({**DISTANCE, "bands": ["near to 0 m", "far"]}, ".bands[0]", "'near to 0 m'", "whole metres, 1 or more"),
        ({**DISTANCE, "bands": ["near to １ km", "far"]}, ".bands[0]", "'near to １ km'",
         "a band such as 'near to 100 km', and a last one such as 'far'"),
        ({**DISTANCE, "bands": ["near to 100 km", "near"]}, ".bands", "['near to 100000 m', 'near']", "each name once"),
        ({**DISTANCE, "unknown": "nearby"}, ".unknown", "'nearby'", "one of near, far"),
        ({**WARRANTY, "warranty": "bought"}, ".warranty", "'bought'", words(Event)),
        ({**WARRANTY, "parts": ""}, ".parts", "''", TERM),
        ({**WARRANTY, "labour": "two years"}, ".labour", "'two years'", TERM),
        ({**WARRANTY, "travel": "0 days"}, ".travel", "'0 days'", TERM),
        ({**WARRANTY, "travel": "２ years"}, ".travel", "'２ years'", TERM),
        ({**WARRANTY, "travel": "9999 years"}, ".travel", "'9999 years'", TOO_LONG),
        ({**WARRANTY, "after": "lifetime"}, ".after", "'lifetime'", PERIOD),
        ({**WARRANTY, "after": "20000 months"}, ".after", "'20000 months'", TOO_LONG),
        ({**WARRANTY, "when": {"term": "in"}}, ".when.term", "a question that is answered only after this rule",
         "conditions without term"),
        ({"repair-warranty": ""}, ".repair-warranty", "''", TERM),
        ({"exclusion": "dear"}, ".exclusion", "'dear'", "one of contract, at-cost, paid"),
        ({"exclusion": "paid", "when": {"coverage": "free"}}, ".when.coverage",
         "a question that is answered only after this rule", "conditions without coverage"),
        ({"exclusion": "paid", "when": {"cause": [f"c{number}" for number in range(3000)]}}, ".when.cause",
         "'c0', 'c1', 'c2' and 2997 more", None),
        ({"exclusion": "paid", "outcomes": "free"}, ".outcomes", "an unknown field",
         "one of exclusion, classes, discount, when"),
        ({"exclusion": "free"}, ".exclusion", "'free'", "what is dearer than free"),
        ({"exclusion": "paid", "classes": []}, ".classes", "[]", SOME),
        ({"exclusion": "at-cost", "discount": True}, ".discount", "True", "a discount only where parts are paid"),
        ({"grant": "paid"}, ".grant", "'paid'", "what is cheaper than paid"),
        ({"grant": "fre"}, ".grant", "'fre'", "one of free, contract, at-cost"),
        ({"grant": "free", "classes": ["meals"]}, ".classes[0]", "'meals'", "one of parts, labour, travel"),
        ({"handling": "nobody"}, ".handling", "'nobody'",
         "one of firm, customer, causer, dealer, supplier, brand, builder, property-company, as-covered"),
        ({"handling": "as-covered"}, ".handling", "'nothing else'",
         "who bears the cost, or refer, through, notify, may-refuse or contract-governs"),
        ({"handling": "as-covered", "all-of-it": True}, ".all-of-it", "True", "a bearer, of whom it is said"),
        ({"handling": "dealer", "notify": ["dealer", "dealer"]}, ".notify", "['dealer', 'dealer']", ONCE),
        ({"duty": "visit", "since": "sold"}, ".offsets", "'nothing'",
         "one of offsets, every, recurrence, or the day itself"),
        ({**DUTY, "every": "1 month"}, ".every", "'offsets and every'",
         "one of offsets, every, recurrence, or the day itself"),
        ({**DUTY, "duty": "tour"}, ".duty", "'tour'", words(DutyKind)),
        ({**DUTY, "before": True, "on-the-day": True}, ".before", "True",
         "offsets before the event, and not the day itself"),
        ({"duty": "visit", "since": "sold", "every": "1 month", "before": True}, ".before", "True",
         "offsets before the event, and not the day itself"),
        ({**DUTY, "offsets": ["3 months", "3 months"]}, ".offsets", "['3 months', '3 months']", ONCE),
        ({**DUTY, "offsets": ["soon"]}, ".offsets[0]", "'soon'", PERIOD),
        ({**DUTY, "within": ""}, ".within", "''", PERIOD),
        ({**DUTY, "checks": ["bolts", "bolts"]}, ".checks", "['bolts', 'bolts']", ONCE),
        ({"duty": "visit", "since": "sold", "recurrence": "FREQ=NOW"}, ".recurrence", "'FREQ=NOW'", None),
        ({"duty": "visit", "since": "sold", "recurrence": ""}, ".recurrence", "''",
         "a rule such as FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1"),
        ({"needed": "visit", "items": []}, ".items", "[]", SOME),
        ({"needed": "visit", "items": ["slip", "slip"]}, ".items", "['slip', 'slip']", SOME),
        ({"ladder": []}, ".ladder", "[]", SOME),
        ({"ladder": [{"level": 1}]}, ".ladder[0]", "{'level': 1}", "a table with level, at and action"),
        ({"ladder": [{"level": 1, "at": "half", "action": "supervisor"}]}, ".ladder[0].at", "'half'", RUNG),
        ({"ladder": [{"level": 1, "at": "５０ %", "action": "supervisor"}]}, ".ladder[0].at", "'５０ %'", RUNG),
        ({"ladder": [{"level": 1, "at": "3 days before", "action": "supervisor"}]}, ".ladder[0].at",
         "'3 days before'", RUNG),
        ({"ladder": [{"level": 1, "at": "1 working hour after", "action": "supervisor"}]}, ".ladder[0].at",
         "'1 working hour after'", "a time without 'working': it counts in the time in which its promise runs"),
        ({"ladder": [{"level": 1, "at": "soon before", "action": "supervisor"}]}, ".ladder[0].at", "'soon before'",
         RUNG),
        ({"ladder": [{"level": 1, "at": 50, "action": "supervisor"}]}, ".ladder[0].at", "50", RUNG),
        ({"ladder": [{"level": -1, "at": "50 %", "action": "supervisor"}]}, ".ladder[0].level", "-1",
         "a whole number, 0 or more"),
        ({"ladder": [{"level": 1, "at": "50 %", "action": ""}]}, ".ladder[0].action", "''",
         "what the rung does, or who is told"),
        ({**LADDER, "kinds": ["quote", "quote"]}, ".kinds", "['quote', 'quote']", ONCE),
        ({"collection": "cash"}, ".collection", "'cash'", "one of on-the-spot, invoice-same-day, invoice-on-return, nothing"),
        ({"quote-validity": "0 days"}, ".quote-validity", "'0 days'", "a number above 0, at most 100000000"),
        ({"returns": "sold"}, ".lasting", "nothing", "a value; the field is missing"),
        ({"returns": "bought", "lasting": "7 days"}, ".returns", "'bought'", words(Event)),
        ({"retention": ["record"], "at-least": "5 years", "at-most": "3 years"}, ".at-most", "'36 months'",
         "60 months or more"),
        ({"retention": [], "at-least": "5 years"}, ".retention", "[]", SOME),
        ({"retention": ["record"], "at-least": "for long"}, ".at-least", "'for long'", PERIOD),
        ({"list": "channels"}, ".entries", "nothing", "a value; the field is missing"),
        ({"list": "channels", "entries": []}, ".entries", "[]", SOME),
        ({"list": "channels", "entries": ["letter", "letter"]}, ".entries", "['letter', 'letter']", SOME),
        ({"list": "", "entries": ["letter"]}, ".list", "''", "a text that is not empty"),
        ({"list": "channels", "of": "x", "entries": ["letter"]}, ".of", "'x'", "list = …, which says it"),
        ({"list": "channels", "entries": ["letter"], "when": {"opened": "no"}}, ".when", "an unknown field",
         "one of list, entries, group, open"),
        ({"list": "channels", "entries": ["letter", "post"]}, ".entries[1]", "'post'", words(Channel)),
        ({"list": "complaint-channels", "entries": ["call"], "open": True}, ".entries[0]", "'call'", words(Channel)),
        ({"list": "channels", "entries": ["letter"], "open": "yes"}, ".open", "'yes'", "true or false"),
        ({"chain": "escalation", "through": []}, ".through", "[]", SOME),
        ({"chain": "escalation", "through": ["head", "head"]}, ".through", "['head', 'head']", SOME),
        ({"papers": "reciept"}, ".papers", "'reciept'", words(Series)),
        ({"papers": "receipt", "copies": ["customer", "customer"]}, ".copies", "['customer', 'customer']", ONCE),
        ({"papers": "receipt", "book": 0}, ".book", "0", "a whole number of papers, 1 or more"),
        ({"papers": "receipt", "book": True}, ".book", "True", "a whole number"),
        ({"papers": "receipt", "book": 50}, ".book", "50", "no size of a book where they are not bound"),
        ({"papers": "receipt", "lost": "finance"}, ".lost", "an unknown field",
         "one of papers, copies, bound, book, voided-to, when"),
        ({"barred": "quote"}, ".posts", "[]", SOME),
        ({"barred": "quote", "posts": ["desk", "desk"]}, ".posts", "['desk', 'desk']", SOME),
        ({"barred": "complaint", "posts": ["desk", "desk"], "involved": True}, ".posts", "['desk', 'desk']", ONCE),
        ({"barred": "complaint", "involved": "all"}, ".involved", "'all'", "true or false"),
        ({"grade": "major"}, ".rank", "nothing", "a value; the field is missing"),
        ({"grade": "major", "rank": 0}, ".rank", "0", "a whole number, 1 or more"),
        ({"grade": "", "rank": 1}, ".grade", "''", "a text that is not empty"),
        ({**SURVEY, "survey": []}, ".survey", "[]", SOME),
        ({**SURVEY, "survey": ["attitude", "attitude"]}, ".survey", "['attitude', 'attitude']", SOME),
        ({**SURVEY, "questions": ["attitude"]}, ".questions", "['attitude']", "survey = …, which says it"),
        ({**SURVEY, "highest": 1}, ".highest", "1", "more than the lowest, 1"),
        ({**SURVEY, "satisfied-from": 6}, ".satisfied-from", "6", "a score from 1 to 5"),
        ({**SURVEY, "dissatisfied-to": 0}, ".dissatisfied-to", "0", "a score from 1 to 5"),
        ({**SURVEY, "dissatisfied-to": 4}, ".dissatisfied-to", "4", "less than what satisfies, 4"),
        ({**SURVEY, "attempts": 0}, ".attempts", "0", "a whole number, 1 or more"),
        ({"indicator": "speed", "at-least": "90 %"}, ".indicator", "'speed'", words(Measure)),
        ({"indicator": "on-time"}, ".at-least", "'nothing'", ONE_SHARE),
        ({"indicator": "on-time", "at-least": "90 %", "below": "3 %"}, ".at-least", "'both'", ONE_SHARE),
        ({"indicator": "on-time", "at-least": "100.01 %"}, ".at-least", "'100.01 %'", SHARE),
        ({"indicator": "on-time", "at-least": "nine tenths"}, ".at-least", "'nine tenths'", SHARE),
        ({"indicator": "on-time", "at-least": "９０ %"}, ".at-least", "'９０ %'", SHARE),
        ({"indicator": "complaints", "below": 3}, ".below", "3", SHARE),
        ({"indicator": "complaints", "below": "9/10"}, ".below", "'9/10'", SHARE),
        ({"indicator": "complaints", "below": "3 %", "every": "decade"}, ".every", "'decade'", words(Every)),
        ({"recurring": "decade", "times": 3}, ".recurring", "'decade'", "one of week, month, quarter, year"),
        ({"recurring": "day", "times": 3}, ".recurring", "'day'", "week, month, quarter or year"),
        ({"recurring": "month"}, ".times", "'nothing'", "times or given, one of the two"),
        ({"recurring": "month", "times": 3, "given": "x"}, ".times", "'both'", "times or given, one of the two"),
        ({"recurring": "month", "times": 1}, ".times", "1", "a whole number, 2 or more"),
        ({"report": "daily", "every": "day"}, ".to", "nothing", "a value; the field is missing"),
        ({**DAILY, "every": "hour"}, ".every", "'hour'", words(Every)),
        ({**DAILY, "holds": ["hours", "hours"]}, ".holds", "['hours', 'hours']", ONCE),
        ({**LATE, "most": -1}, ".most", "-1", "a whole number, 0 or more"),
        ({**LATE, "unit": "hours"}, ".unit", "'hours'", "times, minutes or days"),
        ({**LATE, "then": ""}, ".then", "''", "a text that is not empty"),
        ({**LATE, "per": "decade"}, ".per", "'decade'", words(Every)),
        ({"ahead": "leave"}, ".by", "nothing", "a value; the field is missing"),
        ({"ahead": "leave", "by": "soon"}, ".by", "'soon'", LENGTH),
        ({"reopening": "soon"}, ".reopening", "'soon'", PERIOD),
        ({"deemed": "soon"}, ".deemed", "'soon'", LENGTH),
    ],
)  # fmt: skip
def test_what_a_rule_does_not_take_is_refused_at_the_key_as_it_is_written(book, said, where, found, expected):
    """The message names the key that the author wrote, what stands there, and what may."""
    ((placed, there, may),) = book(any=rule(said)).problems()

    assert (placed, there) == (f"rules.any.values[0].is{where}", found)
    assert expected in {None, may}


def test_several_mistakes_of_several_rules_come_at_once(book):
    """None of them hides another."""
    found = book(
        visit={**PROMISE, "within": "", "since": "then"},
        call={"duty": "call-back", "since": "sold"},
    ).problems()

    assert [where for where, _, _ in found] == [
        "rules.visit.values[0].is.within",
        "rules.visit.values[0].is.since",
        "rules.call.values[0].is.offsets",
    ]


def test_a_name_that_is_none_is_refused(book):
    """Rules are named in small letters and digits, with hyphens."""
    draft = book(visit=PROMISE)
    draft.tables["rules"]["Visit 2"] = rule(PROMISE)

    expected = "a name in small letters and digits, with hyphens between words"
    assert draft.problems() == [("rules.Visit 2", "'Visit 2'", expected)]


def test_a_name_with_a_dot_has_its_mistakes_told_at_it(book):
    """That of the name, and those of the rule."""
    draft = book(visit=PROMISE)
    draft.tables["rules"]["a.b"] = rule({"exclusion": "paid", "when": {"colour": "red"}})

    assert [(where, found) for where, found, _ in draft.problems()] == [
        ("rules.a.b", "'a.b'"),
        ("rules.a.b.values[0].is.when.colour", "an unknown question"),
    ]


def test_a_question_comes_once(book):
    """Of two rules that ask the same, the second is named."""
    found = book(level=LEVEL, severity=LEVEL).problems()

    assert found == [("rules.severity.values[0].is", "the question level again", "each question once")]


def test_there_is_one_set_of_bands(book):
    """The second one is named."""
    found = book(distance=DISTANCE, radius={**DISTANCE, "distance": "radius"}).problems()

    assert found == [("rules.radius.values[0].is", "bands of distances again", "one set of bands")]


def test_a_question_with_a_mistake_is_not_missed_by_others(book):
    """One mistake has one message, though every rule hangs on it."""
    found = book(
        level={"question": "level", "answers": ["1"]},
        distance={**DISTANCE, "bands": ["far to 1 km"]},
        visit={**PROMISE, "when": {"level": "1", "distance": "far"}},
        quote={**PROMISE, "promise": "quote", "when": {"levels": "1"}},
    ).problems()

    assert [where for where, _, _ in found] == [
        "rules.level.values[0].is.answers",
        "rules.distance.values[0].is.bands",
        "rules.quote.values[0].is.when.levels",
    ]


def test_what_does_not_go_together_is_found_on_each_day_on_which_a_rule_begins(book):
    """An answer that a question loses is missed by the rule that still names it, at the value in force."""
    found = book(
        level=rule((date(2026, 1, 1), LEVEL), (date(2027, 1, 1), {**LEVEL, "answers": ["1", "3"]})),
        visit=rule((date(2025, 1, 1), PROMISE), (date(2026, 2, 1), {**PROMISE, "when": {"level": "2"}})),
    ).problems()

    assert found == [("rules.visit.values[1].is.when.level", "'2'", "one of 1, 3")]


def test_a_mistake_that_stays_is_told_once(book):
    """Though it is there on every day on which the questions change, and what may be asked with them."""
    found = book(
        visit={**PROMISE, "when": {"colour": "red"}},
        quote=rule(*((date(year, 1, 1), {**PROMISE, "promise": "quote"}) for year in (2025, 2026, 2027))),
        level=rule(*((date(year, 1, 1), LEVEL) for year in (2025, 2026))),
    ).problems()

    assert [(where, said) for where, said, _ in found] == [
        ("rules.visit.values[0].is.when.colour", "an unknown question")
    ]


def with_gap(said, *, since, until):
    """A rule that says so from one day until another, and then nothing."""
    made = rule((since, said), (until, said))
    made["values"][1] = {"from": until, "gap": True, "clause": "AS-SLA-2"}
    return made


def test_a_question_may_be_asked_by_another_rule_from_the_day_of_a_gap_on(book):
    """On no day there are two."""
    early = with_gap(LEVEL, since=date(2010, 1, 1), until=date(2020, 1, 1))

    assert book(early=early, late=rule((date(2020, 1, 1), LEVEL))).problems() == []
    assert book(early=early, late=rule((date(2019, 12, 31), LEVEL))).problems() == [
        ("rules.late.values[0].is", "the question level again", "each question once")
    ]


def test_a_question_that_a_gap_takes_away_is_missed_by_what_hangs_on_it(book):
    """It is found at loading, not on the day; a rule that ends with it misses nothing."""
    level = with_gap(LEVEL, since=date(2010, 1, 1), until=date(2020, 1, 1))
    urgent = {**PROMISE, "when": {"level": "1"}}

    assert [
        (where, found)
        for where, found, _ in book(level=level, visit=rule((date(2012, 1, 1), urgent))).problems()
    ] == [("rules.visit.values[0].is.when.level", "an unknown question")]
    visit = with_gap(urgent, since=date(2012, 1, 1), until=date(2020, 1, 1))
    assert book(level=level, visit=visit).problems() == []


DISAGREE = "rules that agree, or conditions that tell them apart"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"handling": "firm"}, {"handling": "supplier"}),
        ({"handling": "firm"}, {"handling": "firm", "all-of-it": True}),
        ({"handling": "as-covered", "refer": "brand"}, {"handling": "firm", "refer": "maker"}),
        ({"handling": "as-covered", "through": ["sales"]}, {"handling": "as-covered", "through": ["purchasing"]}),
        (PROMISE, {**PROMISE, "within": "48 hours"}),
        (PROMISE, {**PROMISE, "since": "received"}),
        ({"collection": "on-the-spot"}, {"collection": "nothing"}),
        ({"quote-validity": "7 days"}, {"quote-validity": "30 days"}),
        ({"returns": "sold", "lasting": "7 days"}, {"returns": "delivered", "lasting": "7 days"}),
        (LADDER, {"ladder": [{"level": 1, "at": "60 %", "action": "supervisor"}], "kinds": ["quote"]}),
        ({"chain": "escalation", "through": ["head"]}, {"chain": "escalation", "through": ["developer"]}),
        ({"papers": "receipt"}, {"papers": "receipt", "copies": ["customer"]}),
        (SURVEY, {**SURVEY, "satisfied-from": 3}),
        ({"grade": "major", "rank": 1}, {"grade": "major", "rank": 2}),
        (LATE, {**LATE, "most": 10}),
        ({"ahead": "leave", "by": "1 day"}, {"ahead": "leave", "by": "2 days"}),
        ({"reopening": "7 days"}, {"reopening": "30 days"}),
        ({"deemed": "7 days"}, {"deemed": "7 working days"}),
    ],
)  # fmt: skip
def test_two_rules_that_always_hold_have_to_agree(book, one, other):
    """If they do not, every case would fail: the second is refused, and a condition makes it fine."""
    found = "something else than rules.one.values[0].is, which always holds, too"

    assert book(one=one, other=other).problems() == [("rules.other.values[0].is", found, DISAGREE)]
    assert book(one=one, other={**other, "when": {"opened": "no"}}).problems() == []
    assert book(one=one, other=one).problems() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"indicator": "on-time", "at-least": "90 %"}, {"indicator": "on-time", "at-least": "85 %"}),
        ({"recurring": "month", "times": 3}, {"recurring": "month", "times": 2}),
    ],
)  # fmt: skip
def test_two_thresholds_of_one_thing_have_to_agree(book, one, other):
    """Neither can have a condition; by another period they are two things."""
    found = "something else than rules.one.values[0].is, which always holds, too"

    assert book(one=one, other=other).problems() == [("rules.other.values[0].is", found, DISAGREE)]
    assert book(one=one, other=one).problems() == []
    yearly = {**other, ("recurring" if "recurring" in other else "every"): "year"}
    assert book(one=one, other=yearly).problems() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PROMISE, {**PROMISE, "promise": "quote", "within": "48 hours"}),
        ({"list": "channels", "entries": ["letter"]}, {"list": "channels", "entries": ["website"]}),
        ({"chain": "escalation", "through": ["head"]}, {"chain": "return", "through": ["developer"]}),
        ({"papers": "receipt"}, {"papers": "voucher", "copies": ["customer"]}),
        ({"barred": "quote", "posts": ["desk"]}, {"barred": "quote", "involved": True}),
        ({"grade": "major", "rank": 1}, {"grade": "minor", "rank": 2}),
        (DAILY, {**DAILY, "to": "manager"}),
        (LATE, {**LATE, "most": 3, "unit": "times"}),
        (LATE, {**LATE, "most": 30, "then": "absent"}),
        (LATE, {**LATE, "per": "month"}),
        ({"ahead": "leave", "by": "1 day"}, {"ahead": "staff-change", "by": "2 days"}),
        ({"handling": "firm"}, {"handling": "as-covered", "refer": "brand", "through": ["sales"]}),
        ({"handling": "firm", "notify": ["dealer"]}, {"handling": "firm", "notify": ["sales"], "may-refuse": True}),
        ({"exclusion": "paid"}, {"exclusion": "at-cost"}),
        ({"grant": "free"}, {"grant": "contract"}),
        (WARRANTY, {**WARRANTY, "parts": "3 years"}),
        ({"repair-warranty": "1 month"}, {"repair-warranty": "3 months"}),
        ({**LADDER, "kinds": ["on-site"]},
         {"ladder": [{"level": 1, "at": "60 %", "action": "supervisor"}], "kinds": ["quote"]}),
    ],
)  # fmt: skip
def test_rules_about_different_things_stand_side_by_side(book, one, other):
    """And so do those of which the dearest, the cheapest or the longest holds."""
    assert book(one=one, other=other).problems() == []


def test_two_rules_that_always_hold_and_never_together_do_not_disagree(book):
    """One ends with a gap on the day on which the other begins; a day earlier, they meet."""
    one = with_gap(PROMISE, since=date(2010, 1, 1), until=date(2020, 1, 1))
    other = {**PROMISE, "within": "48 hours"}

    assert book(one=one, other=rule((date(2020, 1, 1), other))).problems() == []
    assert [where for where, _, _ in book(one=one, other=rule((date(2019, 12, 31), other))).problems()] == [
        "rules.other.values[0].is"
    ]


def test_a_rule_that_begins_to_hold_always_meets_what_does_already(book):
    """The one that changed is named; before, its condition told them apart."""
    other = {**PROMISE, "within": "48 hours"}
    changing = rule((date(2020, 1, 1), {**other, "when": {"opened": "no"}}), (date(2021, 1, 1), other))

    assert [where for where, _, _ in book(one=PROMISE, other=changing).problems()] == [
        "rules.other.values[1].is"
    ]
    ending = rule((date(2020, 1, 1), other), (date(2021, 1, 1), {**other, "when": {"opened": "no"}}))
    assert book(one=rule((date(2021, 1, 1), PROMISE)), other=ending).problems() == []


def test_the_checks_of_a_day_do_not_go_over_all_rules_again(monkeypatch):
    """Of 300 rules from as many days, each is looked at on the day on which it begins."""
    looked_at = []

    class Counted(ServiceRules):
        def __post_init__(self):
            looked_at.append(len(self.rules))

    monkeypatch.setattr(_service, "ServiceRules", Counted)
    said = {"exclusion": "paid", "when": {"cause": "wear"}}
    tables = {f"r{day}": rule((date(2020, 1, 1) + timedelta(day), said)) for day in range(300)}

    assert _service.service({"level": rule(LEVEL), **tables})[1] == []
    assert looked_at == [1] + [2] * 300


def test_a_rule_that_is_no_table_is_told_once(book):
    """Values that are not written as such are the reader's matter, and no other mistake is made of them."""
    found = book(visit=PROMISE).put("rules.visit.values", ["24 hours"]).problems()

    assert found == [
        ("rules.visit.values[0]", "'24 hours'", "a table with from, is, gap, clause, at, note"),
    ]


@pytest.mark.parametrize(
    ("weekly", "where", "found"),
    [
        ({"monday": ["08:00-25:00"]}, "calendar.weekly.monday", "['08:00-25:00']"),
        ({"monday": ["08:00-12:00", "11:00-18:00"]}, "calendar.weekly.monday", "['08:00-12:00', '11:00-18:00']"),
        ({"monday": ["12:00-08:00"]}, "calendar.weekly.monday", "['12:00-08:00']"),
        ({}, "calendar.weekly", "no hours at all"),
        ({"monday": []}, "calendar.weekly", "no hours at all"),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_are_refused(book, weekly, where, found):
    """A closing at 25:00, segments that overlap, an end before its start, a desk that never opens."""
    draft = book(visit=PROMISE).put("calendar", {"name": "x", "clause": "AS-SLA-11", "weekly": weekly})

    assert [(place, there) for place, there, _ in draft.problems()] == [(where, found)]


def test_every_kind_can_be_written(book):
    """One rule of each kind loads, and stands on every day."""
    every: dict[str, dict[str, Any]] = {
        "level": LEVEL,
        "distance": {**DISTANCE, "unknown": "far"},
        "visit": {
            **PROMISE,
            "when": {"level": "1", "distance": ["near", "far"]},
            "pauses": ["waiting-access"],
            "extended-by": "director",
        },
        "machine": {**WARRANTY, "after": "3 months", "transferable": False},
        "repair": {"repair-warranty": "90 days"},
        "misuse": {"exclusion": "paid", "discount": True, "when": {"cause": "misuse"}},
        "phone": {"grant": "free", "when": {"service": "phone"}},
        "dealers": {"handling": "as-covered", "notify": ["dealer"], "when": {"seller": "dealer"}},
        "visits": DUTY,
        "rains": {
            "duty": "visit",
            "since": "handed-over",
            "recurrence": "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1",
        },
        "record": {"needed": "close", "items": ["report"]},
        "rungs": {"ladder": [*LADDER["ladder"], {"level": 2, "at": "2 hours before", "action": "manager"}]},
        "late": {
            "ladder": [{"level": 3, "at": "1 hour after", "action": "head"}],
            "kinds": ["quote"],
            "when": {"level": "2"},
        },
        "cash": {"collection": "on-the-spot"},
        "quotes": {"quote-validity": "30 days"},
        "returns": {"returns": "sold", "lasting": "7 days"},
        "files": {"retention": ["record"], "at-least": "3 years", "at-most": "5 years"},
        "channels": {"list": "channels", "entries": ["hotline", "website"], "group": "own", "open": True},
        "upwards": {"chain": "escalation", "through": ["head"], "when": {"level": "1"}},
        "receipts": {
            "papers": "receipt",
            "copies": ["customer", "store"],
            "bound": True,
            "book": 50,
            "voided-to": "finance",
        },
        "no-quotes": {"barred": "quote", "posts": ["desk"], "involved": True},
        "major": {"grade": "major", "rank": 1, "when": {"level": "1"}},
        "asked": {**SURVEY, "attempts": 3},
        "on-time": {"indicator": "on-time", "at-least": "90 %"},
        "complained": {"indicator": "complaints", "below": "0.5 %", "every": "year"},
        "again": {"recurring": "month", "given": "recurring-times"},
        "daily": {**DAILY, "by": "technician", "holds": ["hours"]},
        "late-for-work": {**LATE, "per": "month"},
        "leave": {"ahead": "leave", "by": "12 working days"},
        "reopened": {"reopening": "1 month"},
        "silent": {"deemed": "7 days"},
    }
    loaded = load(book(**every).write())

    assert set(KINDS) == {next(iter(each)) for each in every.values()}
    assert len(service_policy(loaded).on(date(2026, 5, 4)).rules) == len(every)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({**PROMISE, "when": {"opened": "no"}}, "promise on-site, within 24 hours, when opened: no"),
        ({**PROMISE, "when": {"opened": "no", "coverage": ["paid", "at-cost"]}, "round-the-clock": True},
         "promise on-site, within 24 hours, when opened: no; coverage: paid or at-cost, round the clock"),
        ({**WARRANTY, "transferable": False},
         "warranty since sold, parts 2 years, labour 1 year, travel none, not transferable"),
        (LEVEL, "question level, answers 1 or 2"),
        (LADDER, "ladder supervisor (level 1) at 50 %"),
        ({**DUTY, "checks": ["bolts", "strips"]},
         "duty visit, since handed-over, offsets 3 months, checks bolts and strips"),
        ({"chain": "escalation", "through": ["engineer", "supervisor"]},
         "chain escalation, through engineer then supervisor"),
        ({"papers": "receipt", "copies": ["customer", "store"], "bound": True, "book": 50},
         "papers receipt, copies customer and store, bound, book 50"),
        ({"list": "channels", "entries": ["hotline", "letter"], "open": True},
         "list channels, entries hotline and letter, open"),
        ({"indicator": "complaints", "below": "3 %"}, "indicator complaints, below 3 %"),
        ({**LATE, "per": "month"}, "limit late, most 15, unit minutes, then late, per month"),
        (SURVEY, "survey attitude, lowest 1, highest 5, satisfied from 4, dissatisfied to 2"),
    ],
)  # fmt: skip
def test_a_rule_is_a_line_that_a_person_can_read(book, said, line):
    """Keys and words in the order of the file, conditions with their answers."""
    assert [each.value for each in load(book(any=rule(said)).write()).lines()] == [line]


def test_a_gap_is_a_line_too(book):
    """From its day on the rule says nothing, and is left out of the rules."""
    gap = {"from": date(2027, 1, 1), "gap": True, "clause": "AS-SLA-2"}
    draft = book(visit=rule((date(2026, 1, 1), PROMISE), (date(2028, 1, 1), PROMISE)))
    draft.tables["rules"]["visit"]["values"].append(gap)
    loaded = load(draft.write())

    assert [each.value for each in loaded.lines()][1] == "gap"
    assert [len(service_policy(loaded).on(date(year, 5, 1)).rules) for year in (2025, 2026, 2027, 2028)] == [
        0,
        1,
        0,
        1,
    ]


def test_a_rulebook_for_another_policy_fills_no_service_policy():
    """Only a service rulebook does."""
    with pytest.raises(ValueError, match="a rulebook for aftersales"):
        service_policy(load("nlc/interlibrary-loan"))


@pytest.mark.parametrize("name", [each for each in shipped() if each.endswith("/service")])
def test_a_shipped_rulebook_of_a_service_firm_stands_on_every_day(name):
    """It loads without mistakes, and its rules go together."""
    assert check(name) == ()
    assert service_policy(load(name)).on(date(2026, 5, 4)).firm == name.partition("/")[0]


_WRITTEN = st.recursive(
    st.booleans()
    | st.integers(-1, 9)
    | st.sampled_from(
        ["", "24 hours", "1 year", "yes", "sold", "paid", "on-site", "near to 1 km", "given x", "90 %"]
    )
    | st.text("abc {}:;%", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["level", "at", "action", "cause", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_KEYS = [
    *KINDS,
    "within",
    "when",
    "since",
    "answers",
    "bands",
    "parts",
    "labour",
    "travel",
    "offsets",
    "lasting",
    "entries",
    "through",
    "rank",
    "at-least",
    "times",
    "every",
    "to",
    "most",
    "unit",
    "by",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(said=st.dictionaries(st.sampled_from(_KEYS), _WRITTEN, max_size=4))
def test_whatever_is_written_as_a_rule_loads_or_has_problems(book, said):
    """No other exception comes out, and a rulebook without problems fills its policy."""
    path = book(any=rule(said)).write()
    if check(path):
        with pytest.raises(InvalidRulebook):
            load(path)
    else:
        service_policy(load(path)).on(date(2026, 5, 4))
