"""``servflow aftersales``: what firms promise for a fault report, compared, and what they have to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from command_line import RULE, Cli, Said

HEAD = """
format = 1
authority = "{firm}"
subject = "service"
policy = "aftersales"
title = "Service of {firm}"
currency = "CNY"
zone = "{zone}"
verified-on = 2026-11-29

[calendar]
name = "{firm}"
clause = "PRACTICE"
note = "our hours"
[calendar.weekly]
monday = ["08:00-12:00", "14:00-18:00"]
tuesday = ["08:00-12:00", "14:00-18:00"]
wednesday = ["08:00-12:00", "14:00-18:00"]
thursday = ["08:00-12:00", "14:00-18:00"]
friday = ["08:00-12:00", "14:00-18:00"]
"""

NEAR = {
    "far-away": ("AS-SLA-6", '{ distance = "radius", bands = ["near to 100 km", "far"] }'),
    "level": ("AS-SLA-8", '{ question = "level", answers = ["1", "2"] }'),
    "visit": (
        "AS-SLA-6",
        (
            '{ promise = "on-site", within = "24 hours", pauses = ["waiting-access"], excuses = ["festival"],'
            ' extended-by = "director", when = { distance = "near" } }'
        ),
    ),
    "answer": ("AS-SLA-6", '{ promise = "answer", within = "4 working hours", when = { distance = "far" } }'),
    "fix": (
        "AS-SLA-8",
        '{ promise = "resolve", within = "{fix-hours} working hours", when = { level = "1" } }',
    ),
    "carry": ("AS-SLA-1", '{ promise = "carry-out", within = "3 working days", since = "planned" }'),
    "ladder": (
        "AS-SLA-8",
        (
            '{ ladder = [{ level = 1, at = "50 %", action = "supervisor" }, '
            '{ level = 2, at = "1 hour before", action = "quality" }], kinds = ["on-site"] }'
        ),
    ),
}
ROAD = {
    "far-away": ("AS-SLA-7", '{ distance = "road", bands = ["near to 300 km", "far"] }'),
    "level": ("AS-SLA-8", '{ question = "level", answers = ["red", "green"] }'),
    "visit": (
        "AS-SLA-7",
        '{ promise = "on-site", within = "48 hours", when = { distance = "near", level = "red" } }',
    ),
    "date": ("AS-SLA-13", '{ promise = "repair", within = "agreed repair-date", round-the-clock = true }'),
    "midnight": (
        "AS-SLA-14",
        '{ promise = "quote", within = "1 month to midnight", round-the-clock = true }',
    ),
}
DUTIES = {
    "customer": (
        "AS-QA-10",
        '{ question = "customer", answers = ["important", "other"], default = "other" }',
    ),
    "call": (
        "AS-QA-2",
        '{ duty = "call-back", since = "installed", on-the-day = true, offsets = ["1 month"], within = "3 days" }',
    ),
    "visit": (
        "AS-QA-10",
        '{ duty = "visit", since = "installed", offsets = ["6 months"], when = { customer = "important" } }',
    ),
    "care": (
        "AS-MNT-1",
        (
            '{ duty = "maintenance", since = "ordered", every = "3 months", signed-by-both = true, '
            'checks = ["wiring", "cabinet"] }'
        ),
    ),
    "season": (
        "AS-MNT-7",
        '{ duty = "inspection", since = "harvest", offsets = ["10 days"], before = true }',
    ),
}
REPORTED = ("--at", "2026-05-05T16:30")


@pytest.fixture
def books(tmp_path: Path) -> list[str]:
    """The rulebooks of three firms: one measures radius, one road, and one has duties only."""
    names = []
    for firm, rules in (("near", NEAR), ("road", ROAD), ("care", DUTIES)):
        text = HEAD.format(firm=firm, zone="Asia/Shanghai")
        for name, (clause, value) in rules.items():
            text += RULE.format(name=name, value=value, clause=clause)
        (tmp_path / f"{firm}.toml").write_text(text, encoding="utf-8")
        names.append(f"{firm}.toml")
    return names


def cells(said: Said) -> list[list[str]]:
    """The rows of the first table."""
    lines = said.out.partition("\n\n")[0].splitlines()
    columns = [found.start() for found in re.finditer(r"\S+(?: \S+)*", lines[1])]
    return [
        [line[start:end].strip() for start, end in zip(columns, [*columns[1:], None], strict=True)]
        for line in lines[3:]
    ]


def by_promise(document: dict[str, Any]) -> dict[str, Any]:
    return {each["promise"]: each for each in document["promises"]}


# --- compare ----------------------------------------------------------------------------------------


def test_firms_side_by_side(cli: Cli, books: list[str]) -> None:
    """Each firm has a row for each promise that may apply: when it is due, on what it hangs, by which clause."""
    said = cli("aftersales", "compare", *books, *REPORTED, "--distance", "80 km radius")

    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == "reported 5 May 2026, 16:30 (GMT+08:00)"
    assert cells(said) == [
        ["near", "arrival on site: 24 hours", "6 May 2026, 16:30 (GMT+08:00)", "", "AS-SLA-6"],
        ["near", "solution: {fix-hours} working hours", "", "level: 1, {fix-hours}", "AS-SLA-8"],
        ["near", "carrying out the plan: 3 working days", "", "the plan (planned)", "AS-SLA-1"],
        [
            "road",
            "arrival on site: 48 hours",
            "7 May 2026, 16:30 (GMT+08:00)",
            "distance: near, level: red",
            "AS-SLA-7",
        ],
        ["road", "repair at the works: agreed repair-date", "", "{repair-date}", "AS-SLA-13"],
        ["road", "quote: 1 month to midnight", "6 June 2026, 00:00 (GMT+08:00)", "", "AS-SLA-14"],
        ["care", "nothing", "", "", ""],
    ]


def test_what_was_said_leaves_less_open(cli: Cli, books: list[str]) -> None:
    """Answers, blanks, agreed instants and events close what hangs on them; instants may be local."""
    said = cli(
        *("aftersales", "compare", *books[:2], *REPORTED, "--json", "--distance", "100.001 km radius"),
        *("--given", "fix-hours=8", "--given", "repair-date=2026-05-20T12:00", "--answer", "level=1"),
        *("--event", "planned=2026-05-06T09:00"),
    )
    near, road = said.document

    assert near["firm"] == "near"
    assert near["rulebook"] == "near/service"
    assert near["title"] == "Service of near"
    assert near["version"].endswith(" 2026-05-05")
    found = by_promise(near)
    assert set(found) == {"answer", "resolve", "carry-out"}  # 1 m beyond 100 km is not near
    assert found["answer"]["due"] == "2026-05-06T10:30:00+08:00"
    assert found["resolve"] == {
        "rule": "fix",
        "promise": "resolve",
        "since": "reported",
        "within": "{fix-hours} working hours",
        "due": "2026-05-06T16:30:00+08:00",
        "open": {},
        "asks": None,
        "clause": {"id": "AS-SLA-8", "at": "1"},
    }
    assert found["carry-out"]["due"] == "2026-05-11T09:00:00+08:00"
    assert road["error"] == "invalid-value"
    assert road["promises"] == []
    assert road["texts"] == ["level: found '1', expected one of red, green"]


def test_a_firm_that_has_other_answers_says_so(cli: Cli, books: list[str]) -> None:
    """Where a question has other answers with one firm, its row says which; the others are told all the same."""
    said = cli("aftersales", "compare", *books[:2], *REPORTED, "--answer", "level=green")

    assert said.code == 0
    assert cells(said)[0][3] == "level: found 'green', expected one of 1, 2"
    assert [row[1] for row in cells(said)[1:]] == [
        "repair at the works: agreed repair-date",
        "quote: 1 month to midnight",
    ]


def test_exactly_the_limit_lies_inside(cli: Cli, books: list[str]) -> None:
    """Exactly 100 km is near; the same number by road is an unknown distance to a firm that asks the radius."""
    for far, kinds in (
        ("100 km radius", {"on-site", "resolve", "carry-out"}),
        ("100000 m radius", {"on-site", "resolve", "carry-out"}),
        ("100001 m radius", {"answer", "resolve", "carry-out"}),
        ("100 km road", {"on-site", "answer", "resolve", "carry-out"}),
    ):
        document = cli("aftersales", "compare", books[0], *REPORTED, "--distance", far, "--json").document
        assert set(by_promise(document[0])) == kinds
        hangs = by_promise(document[0]).get("on-site", {}).get("open")
        assert hangs == ({"distance": ["near"]} if "road" in far else {} if "on-site" in kinds else None)


def test_in_chinese(cli: Cli, books: list[str]) -> None:
    """With ``--lang``, promises and dates are in that language."""
    said = cli("aftersales", "compare", books[0], *REPORTED, "--distance", "1 km radius", "--lang", "zh_CN")

    assert cells(said)[0][0] == "near"
    assert "到达现场: 24 hours" in said.out
    assert "2026年5月6日 16:30" in said.out


def test_every_firm_that_ships(cli: Cli) -> None:
    """Without a rulebook, all shipped firms are compared, and each cites a clause for what it promises."""
    document = cli("aftersales", "compare", *REPORTED, "--json").document

    assert len(document) > 10
    assert {"coach-maker", "construction-supplier"} <= {each["firm"] for each in document}
    assert all("error" not in each for each in document)
    assert all(promise["clause"]["id"] for each in document for promise in each["promises"])


def test_the_coach_maker_within_its_radius(cli: Cli) -> None:
    """By its document the coach maker is on site within 24 hours, 100 km away and not a metre farther."""
    line = ("aftersales", "compare", "coach-maker", *REPORTED, "--json", "--distance")
    near, far = (cli(*line, distance).document[0] for distance in ("100 km radius", "100001 m radius"))

    assert by_promise(near)["on-site"]["due"] == "2026-05-06T16:30:00+08:00"
    assert by_promise(near)["on-site"]["clause"]["id"] == "AS-SLA-6"
    assert "on-site" not in by_promise(far)


def test_firms_in_several_zones(cli: Cli, books: list[str], tmp_path: Path) -> None:
    """Firms of several zones have no local time in common: an instant has its offset, each sees its own."""
    text = (tmp_path / "near.toml").read_text("utf-8")
    (tmp_path / "east.toml").write_text(text.replace("Asia/Shanghai", "Asia/Tokyo"), encoding="utf-8")
    line = ("aftersales", "compare", "near.toml", "east.toml", "--distance", "1 km radius")
    refused = cli(*line, *REPORTED)
    said = cli(*line, "--at", "2026-05-05T16:30+08:00")

    assert refused.code == 2
    assert "has no offset from UTC" in refused.err
    assert said.out.startswith("reported 5 May 2026, 08:30 (GMT+00:00)")
    assert [row[2] for row in cells(said) if row[1] == "arrival on site: 24 hours"] == [
        "6 May 2026, 16:30 (GMT+08:00)",
        "6 May 2026, 17:30 (GMT+09:00)",
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--answer", "colour=red"), "found the question 'colour', expected one of"),
        (("--answer", "level=7"), "found level=7, expected one of 1, 2"),
        (("--answer", "cause=ghosts"), "found cause=ghosts, expected one of"),
        (("--answer", "level"), "found 'level', expected QUESTION=ANSWER"),
        (("--answer", "level="), "found 'level=', expected QUESTION=ANSWER"),
        (("--answer", "level=1", "--answer", "level=2"), "found level twice, expected each once"),
        (("--distance", "80 km"), "expected whole metres and how they were measured"),
        (("--distance", "0.5 m road"), "expected whole metres and how they were measured"),
        (("--distance", "-1 km road"), "expected whole metres and how they were measured"),
        (("--given", "hours=8"), "found 'hours', expected one of fix-hours"),
        (("--given", "fix-hours=soon"), "found 'soon', expected a whole number from 1 on"),
        (("--given", "fix-hours=1.5"), "found '1.5', expected a whole number from 1 on"),
        (("--given", "fix-hours=-3"), "found '-3', expected a whole number from 1 on"),
        (("--event", "eclipse=2026-05-06T09:00"), "found 'eclipse', expected one of reported"),
        (("--event", "planned=2026-05-06"), "expected an instant with its time"),
        (("--event", "reported=2026-05-06T09:00"), "found 'reported', expected another event: when it was"),
        (("--event", "harvest=2026-05-06T09:00"), "found 'harvest', which nothing begins or ends with"),
        (("--at", "2026-05-05"), "expected an instant with its time"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_refused(cli: Cli, books: list[str], arguments: tuple[str, ...], why: str) -> None:
    """What no firm asks, no distance, no event and no instant is refused, and nothing is compared."""
    said = cli("aftersales", "compare", books[0], *REPORTED, *arguments)

    assert (said.code, said.out) == (2, "")
    assert why in said.err


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("repair-date=3", "repair-date: found 3, expected an instant such as 2026-01-31T09:00"),
        (
            "repair-date=2026-05-01T09:00",
            "repair-date: found '2026-05-01T09:00:00+08:00', expected an instant after 2026-05-05T16:30:00+08:00",
        ),
        ("fix-hours=0", "fix-hours: found 0, expected a whole number"),
        (
            "fix-hours=2026-05-09T09:00",
            "fix-hours: found '2026-05-09T09:00:00+08:00', expected a whole number",
        ),
    ],
    ids=["no-instant", "before-the-report", "zero", "no-number"],
)
def test_what_does_not_fill_a_blank(cli: Cli, books: list[str], given: str, why: str) -> None:
    """It is an error in that promise's row, named by its blank; the other promises are told all the same."""
    by_road = given.startswith("repair")
    line = (books[by_road], *REPORTED, "--given", given)
    said = cli("aftersales", "compare", *line)
    document = cli("aftersales", "compare", *line, "--json").document

    assert said.code == 0, said.err
    assert why in said.out
    wrong = [each for each in document[0]["promises"] if "error" in each]
    assert [(each["error"], each["due"]) for each in wrong] == [("invalid-value", None)]
    assert wrong[0]["texts"][0] in said.out
    assert any(each["due"] for each in document[0]["promises"])
    known = (
        ("--distance", "400 km road") if by_road else ("--distance", "80 km radius", "--answer", "level=1")
    )
    one = cli("aftersales", "promises", *line, *known)
    assert (one.code, one.out) == (2, "")
    assert why in one.err


def test_what_ends_beyond_the_calendar(cli: Cli, books: list[str], tmp_path: Path) -> None:
    """A number that leads beyond the calendar is named by its blank, with the length that it makes."""
    text = (tmp_path / books[1]).read_text("utf-8")
    (tmp_path / books[1]).write_text(text.replace("agreed repair-date", "{repair-days} days"), "utf-8")
    line = (books[1], *REPORTED, "--given", "repair-days=9999999")
    why = "repair-days: found '9999999 days', expected what ends by the year 9998"

    assert why in cli("aftersales", "compare", *line).out
    one = cli("aftersales", "promises", *line, "--distance", "400 km road")
    assert (one.code, one.out) == (2, "")
    assert why in one.err


def test_what_is_given_where_no_firm_leaves_a_blank(cli: Cli, books: list[str]) -> None:
    """Where there are no blanks, nothing is to be given."""
    said = cli("aftersales", "compare", books[2], *REPORTED, "--given", "fix-hours=8")

    assert said.code == 2
    assert "found 'fix-hours', expected nothing: no blank is left" in said.err


def test_a_rulebook_of_something_else(cli: Cli) -> None:
    """A rulebook that is not a service firm's is refused with its policy, an unknown one with the known ones."""
    lending = cli("aftersales", "compare", "nlc/interlibrary-loan", *REPORTED)
    unknown = cli("aftersales", "promises", "coach/service", *REPORTED)

    assert lending.code == 2
    assert "no rules of a service firm; its policy is ill.lending" in lending.err
    assert unknown.code == 1
    assert "coach/service: found no file and no rulebook that ships, expected a file" in unknown.err
    assert "coach-maker, " in unknown.err


def test_every_unknown_firm_at_once(cli: Cli, books: list[str]) -> None:
    """Of several wrong names each is told in the one refusal, and the right ones are not."""
    said = cli("aftersales", "compare", "coachmaker", books[0], "no.toml", *REPORTED)
    long = cli("aftersales", "compare", "x" * 5000, *REPORTED)

    assert (said.code, said.out) == (1, "")
    assert "coachmaker, no.toml: found no file and no rulebook that ships" in said.err
    assert (long.code, "found no file and no rulebook that ships" in long.err) == (1, True)


def test_what_fills_no_agreed_deadline(cli: Cli, books: list[str]) -> None:
    """Where the blank is an agreed deadline, an instant is asked for, and no number."""
    said = cli("aftersales", "compare", *books, *REPORTED, "--given", "repair-date=soon")

    assert said.code == 2
    assert "found 'soon', expected an instant such as" in said.err


def test_two_rules_that_say_the_same(cli: Cli, books: list[str]) -> None:
    """Of two rules that promise the same under the same conditions, the first is told, and only that."""
    again = RULE.format(name="again", value=NEAR["answer"][1], clause=NEAR["answer"][0])
    book = Path(books[0])
    once = cli("aftersales", "compare", str(book), *REPORTED, "--json").document
    book.write_text(book.read_text(encoding="utf-8") + again, encoding="utf-8")

    twice = cli("aftersales", "compare", str(book), *REPORTED, "--json").document

    assert by_promise(once[0])["answer"]["rule"] == "answer"
    assert twice[0]["promises"] == once[0]["promises"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), ["urgent-visit", "distance", "coverage"]),
        (("--answer", "urgent-visit=no"), [""]),
    ],
    ids=["open", "said"],
)
def test_the_same_promise_is_told_once(cli: Cli, said: tuple[str, ...], expected: list[str]) -> None:
    """Where one row promises the same under fewer conditions, those that ask for more are left out."""
    document = cli("aftersales", "compare", "construction-supplier", *REPORTED, *said, "--json").document
    rows = [
        row for row in document[0]["promises"] if (row["promise"], row["within"]) == ("answer", "4 hours")
    ]

    assert [set(row["open"]) - {"difficulty"} for row in rows] == [{each} - {""} for each in expected]


# --- promises ---------------------------------------------------------------------------------------


SAID = ("--distance", "80 km radius", "--answer", "level=2")


def test_one_firm(cli: Cli, books: list[str]) -> None:
    """What one firm promises: within what, from when, until when, by which clause and rule."""
    said = cli("aftersales", "promises", books[0], *REPORTED, *SAID)

    assert said.code == 0, said.err
    assert cells(said)[:2] == [
        ["arrival on site", "24 hours", "the report", "6 May 2026, 16:30 (GMT+08:00)", "AS-SLA-6", "visit"],
        ["carrying out the plan", "3 working days", "the plan", "", "AS-SLA-1", "carry"],
    ]
    more = said.out.partition("whom they reach\n")[2].splitlines()[2:]
    assert [re.split(" {2,}", line) for line in more if line] == [
        ["arrival on site", "stands still", "waiting for access"],
        ["arrival on site", "is excused by", "festival"],
        ["arrival on site", "may be extended by", "director"],
        ["arrival on site", "level 1: supervisor", "50 %"],
        ["arrival on site", "level 2: quality", "1 hour before"],
    ]


def test_one_firm_for_machines(cli: Cli, books: list[str]) -> None:
    """With ``--json``, what stops a clock, excuses it, extends it, and its ladder are there as well."""
    document = cli("aftersales", "promises", books[0], *REPORTED, *SAID, "--json").document

    assert (document["firm"], document["rulebook"]) == ("near", "near/service")
    assert by_promise(document)["on-site"] == {
        "promise": "on-site",
        "since": "reported",
        "within": "24 hours",
        "due": "2026-05-06T16:30:00+08:00",
        "pauses": ["waiting-access"],
        "excuses": ["festival"],
        "extended_by": "director",
        "ladder": [
            {"level": 1, "action": "supervisor", "share": "1/2", "offset": None},
            {"level": 2, "action": "quality", "share": None, "offset": -3600},
        ],
        "rules": ["visit"],
        "clauses": [{"id": "AS-SLA-6", "at": "1"}],
    }
    assert by_promise(document)["carry-out"]["due"] is None


def test_a_clock_that_nothing_moves(cli: Cli, books: list[str]) -> None:
    """Where no promise has a pause, an excuse or a ladder, there is no second table."""
    said = cli("aftersales", "promises", books[0], *REPORTED, "--distance", "200 km radius", *SAID[2:])

    assert said.code == 0, said.err
    assert "stands still" not in said.out
    assert len(said.out.split("\n\n")) == 2


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (
            ("--distance", "80 km radius"),
            "level has no value which fix asks about; say --answer 'level=1|2'",
        ),
        (("--answer", "level=2"), "; say --distance '80 km radius'"),
        (("--distance", "80 km radius", "--answer", "level=1"), "; say --given fix-hours=3"),
    ],
    ids=["level", "distance", "blank"],
)
def test_what_decides_is_asked_for(cli: Cli, books: list[str], said: tuple[str, ...], asked: str) -> None:
    """What is missing is asked for, never guessed: an answer, a distance, a blank, each with its option."""
    found = cli("aftersales", "promises", books[0], *REPORTED, *said)

    assert (found.code, found.out) == (1, "")
    assert asked in found.err


def test_a_date_that_is_agreed_is_asked_for(cli: Cli, books: list[str]) -> None:
    """Where a contract names the deadline, an instant is asked for."""
    found = cli("aftersales", "promises", books[1], *REPORTED, "--distance", "400 km road")

    assert found.code == 1
    assert "; say --given repair-date=2026-01-31T09:00" in found.err


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (("--given", "fix-huors=8"), "found 'fix-huors', expected one of fix-hours"),
        (("--answer", "levl=1"), "found the question 'levl', expected one of"),
        (("--event", "sold=2026-05-01T09:00"), "found 'sold', which nothing begins or ends with"),
        (("--event", "reported=2026-05-01T09:00"), "found 'reported', expected another event"),
    ],
    ids=["given", "answer", "event", "reported"],
)
def test_what_one_firm_does_not_ask(cli: Cli, books: list[str], typed: tuple[str, ...], why: str) -> None:
    """What was mistyped is refused, not passed over."""
    found = cli("aftersales", "promises", books[0], *REPORTED, *SAID, *typed)

    assert (found.code, found.out) == (2, "")
    assert why in found.err


def test_a_distance_measured_otherwise_is_refused(cli: Cli, books: list[str]) -> None:
    """By one firm's own rules a distance by road is none where the bands are a radius."""
    found = cli(
        "aftersales", "promises", books[0], *REPORTED, "--distance", "80 km road", "--answer", "level=2"
    )

    assert found.code == 2
    assert "found '80000 m by road', expected metres by radius" in found.err


# --- duties -----------------------------------------------------------------------------------------


def test_what_is_due_by_itself(cli: Cli, books: list[str]) -> None:
    """Duties in the order of their days, the first day named among them, and what waits for an event."""
    said = cli("aftersales", "duties", books[2], "--date", "installed=2026-01-31", "--through", "2026-12-31")

    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == "care: through 31 December 2026"
    assert [row[:5] for row in cells(said)] == [
        ["31 January 2026", "3 February 2026", "", "call-back", "call"],
        ["28 February 2026", "3 March 2026", "", "call-back", "call"],
    ]
    assert said.out.splitlines()[-2:] == [
        "care waits for the order or contract (ordered): maintenance [AS-MNT-1]",
        "season waits for the start of the harvest season (harvest): inspection [AS-MNT-7]",
    ]


def test_from_when_on_a_duty_may_be_done(cli: Cli, books: list[str]) -> None:
    """Where something may be done before the day on which it is due, the first such day is told."""
    line = ("aftersales", "duties", books[2], "--date", "ordered=2026-01-15", "--through", "2026-07-15")
    said, document = cli(*line), cli(*line, "--json").document

    assert [row[:3] for row in cells(said)] == [
        ["15 April 2026", "15 April 2026", "15 January 2026"],
        ["15 July 2026", "15 July 2026", "16 April 2026"],
    ]
    assert [each["earliest"] for each in document["duties"]] == ["2026-01-15", "2026-04-16"]


def test_duties_for_machines(cli: Cli, books: list[str]) -> None:
    """With ``--json``, each due has its key, its checks and who signs; answers decide which hold."""
    line = ("aftersales", "duties", books[2], "--json", "--through", "2026-08-15", "--subject", "unit 7")
    said = cli(
        *(*line, "--after", "2026-07-01", "--answer", "customer=important"),
        *("--date", "installed=2026-01-31", "--date", "ordered=2026-01-15"),
        *("--date", "harvest=2026-05-20, 2026-08-20"),
    )
    document = said.document

    assert document["firm"] == "care"
    assert [(each["day"], each["rule"]) for each in document["duties"]] == [
        ("2026-07-15", "care"),
        ("2026-07-31", "visit"),
        ("2026-08-10", "season"),
    ]
    care = document["duties"][0]
    assert (care["duty"], care["checks"], care["signed_by_both"]) == (
        "maintenance",
        ["wiring", "cabinet"],
        True,
    )
    assert care["clause"] == {"id": "AS-MNT-1", "at": "1"}
    assert len({each["key"] for each in document["duties"]}) == 3
    assert document["waiting"] == []
    waits = cli(*line).document["waiting"]
    assert {(each["rule"], each["event"]) for each in waits} >= {("care", "ordered"), ("season", "harvest")}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--date", "installed=soon"), "'soon' is no day"),
        (("--date", "eclipse=2026-01-01"), "found 'eclipse', expected one of reported"),
        (("--date", "year=2026-01-01"), "each first of January is one"),
        (("--date", "sold=2026-01-01"), "found 'sold', which nothing begins or ends with, expected one of"),
        (("--answer", "customer=rich"), "expected one of important, other"),
        (("--after", "2027-01-01"), "expected a day from 2027-01-01 on"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_duties_that_are_refused(cli: Cli, books: list[str], arguments: tuple[str, ...], why: str) -> None:
    """What is no day, no event or no answer is refused, and so are days that end before they begin."""
    said = cli("aftersales", "duties", books[2], "--through", "2026-12-31", *arguments)

    assert (said.code, said.out) == (2, "")
    assert why in said.err
