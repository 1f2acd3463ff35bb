"""``servflow clock``: when something is due, by which hours, and what is refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from command_line import Cli, Said

DOCS = Path(__file__).parents[2] / "docs"
HOURS = "mon-fri 08:00-12:00 14:00-18:00"
FRIDAY = "2026-05-01T16:30"  # with the Monday after it a holiday


def due(cli: Cli, *more: str, start: str = FRIDAY, within: str = "4 working hours") -> Said:
    """When that is due by the hours of a desk in Shanghai."""
    desk = ("--calendar", HOURS, "--zone", "Asia/Shanghai", "--holiday", "2026-05-04")
    return cli("clock", "due", *desk, "--from", start, "--for", within, *more)


def rows(said: Said) -> dict[str, str]:
    """The first table, by its first column."""
    first = said.out.partition("\n\n")[0]
    cells = (re.split(" {2,}", line, maxsplit=1) for line in first.splitlines()[3:])
    return {name: "".join(value) for name, *value in cells}


def counted(document: Any, key: str = "counted") -> list[str]:
    return [f"{each['from'][8:16]} {each['until'][8:16]}" for each in document[key]]


# --- due --------------------------------------------------------------------------------------------


def test_four_working_hours_from_friday_over_a_holiday(cli: Cli) -> None:
    """From Friday 16:30, with Monday a holiday, four working hours end on Tuesday at 10:30."""
    said = due(cli)

    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == f"4 working hours by {HOURS} (Asia/Shanghai)"
    assert rows(said) == {
        "begins": "1 May 2026, 16:30 (GMT+08:00)",
        "as of": "1 May 2026, 16:30 (GMT+08:00)",
        "state": "running",
        "due": "5 May 2026, 10:30 (GMT+08:00)",
        "elapsed": "0 minutes",
        "remaining": "4 hours",
    }
    assert said.out.splitlines()[-2].split("   ")[-1] == "2 hours 30 minutes"


def test_in_chinese(cli: Cli) -> None:
    """With ``--lang``, names, dates and lengths are in that language."""
    told = rows(due(cli, "--lang", "zh_CN", "--now", "2026-05-05T11:00"))

    assert told["到期"] == "2026年5月5日 10:30（GMT+08:00）"
    assert told["状态"] == "已逾期"
    assert told["剩余"] == "超出30分钟"


def test_for_machines(cli: Cli) -> None:
    """With ``--json``, instants have the offset of the calendar's zone and lengths are seconds."""
    document = due(cli, "--json").document

    assert document["calendar"] == HOURS
    assert len(document.pop("digest")) == 64
    assert document == {
        "calendar": HOURS,
        "zone": "Asia/Shanghai",
        "for": "4 working hours",
        "from": "2026-05-01T16:30:00+08:00",
        "now": "2026-05-01T16:30:00+08:00",
        "state": "running",
        "due": "2026-05-05T10:30:00+08:00",
        "due_if_resumed": None,
        "breach": "2026-05-05T10:30:00+08:00",
        "stopped": None,
        "holidays_known_through": None,
        "beyond_known_holidays": False,
        "late": False,
        "allowed": 14400,
        "elapsed": 0,
        "remaining": 14400,
        "paused": {},
        "rungs": [],
        "counted": [],
        "counted_more": False,
        "to_count": [
            {"from": "2026-05-01T16:30:00+08:00", "until": "2026-05-01T18:00:00+08:00"},
            {"from": "2026-05-05T08:00:00+08:00", "until": "2026-05-05T10:30:00+08:00"},
        ],
        "to_count_more": False,
    }


@pytest.mark.parametrize(
    ("within", "start", "end"),
    [
        ("24 hours", "2026-05-01T16:30", "2026-05-02T16:30"),
        ("3 working days", "2026-05-05T09:00", "2026-05-08T09:00"),
        ("3 working days to closing", "2026-05-05T09:00", "2026-05-08T18:00"),
        ("before 12:00: same day; later: next day 12:00", "2026-05-05T11:59", "2026-05-05T18:00"),
        ("before 12:00: same day; later: next day 12:00", "2026-05-05T12:00", "2026-05-06T12:00"),
        ("1 month", "2026-01-31T09:00", "2026-02-28T09:00"),
        ("90 working minutes", "2026-05-05T00:30:00+00:00", "2026-05-05T10:00"),
    ],
)
def test_each_kind_of_length(cli: Cli, within: str, start: str, end: str) -> None:
    """A length is read as in a rulebook; an instant with another offset is the same instant."""
    assert due(cli, "--json", within=within, start=start).document["due"] == f"{end}:00+08:00"


def test_pauses(cli: Cli) -> None:
    """A pause moves the due date by the working time in it, and its reason is named."""
    document = due(cli, "--json", "--pause", "waiting-customer 2026-05-05T09:00/2026-05-05 15:00").document

    assert document["due"] == "2026-05-05T16:30:00+08:00"
    assert document["now"] == "2026-05-05T15:00:00+08:00"
    assert document["paused"] == {"waiting-customer": 4 * 3600}
    assert counted(document) == ["01T16:30 01T18:00", "05T08:00 05T09:00"]
    assert counted(document, "to_count") == ["05T15:00 05T16:30"]
    assert rows(due(cli, "--pause", "at-vendor 2026-05-05T09:00/2026-05-05T15:00"))[
        "stands still: at the vendor's"
    ]


@pytest.mark.parametrize("end", ["", "/", "/ "])
def test_a_pause_without_an_end(cli: Cli, end: str) -> None:
    """Until further notice nothing is due; if it went on now, that is said."""
    written = ("--pause", f"waiting-customer 2026-05-05T09:00{end}", "--now", "2026-05-05T15:00")
    document = due(cli, "--json", *written).document

    assert (document["state"], document["due"], document["breach"]) == ("paused", None, None)
    assert document["due_if_resumed"] == "2026-05-05T16:30:00+08:00"
    told = rows(due(cli, *written))
    assert "due" not in told
    assert told["due if it went on now"] == "5 May 2026, 16:30 (GMT+08:00)"


def test_when_it_is_late(cli: Cli) -> None:
    """As of a later instant it is late, by how much is said in working time, and what ran is all counted."""
    said = due(cli, "--now", "2026-05-05T15:30", "--json").document

    assert (said["state"], said["late"], said["remaining"]) == ("breached", True, -3 * 3600)
    assert counted(said) == ["01T16:30 01T18:00", "05T08:00 05T12:00", "05T14:00 05T15:30"]
    assert (said["elapsed"], said["to_count"]) == (7 * 3600, [])
    assert rows(due(cli, "--now", "2026-05-05T15:30"))["remaining"] == "3 hours too late"


@pytest.mark.parametrize(("stopped", "state"), [("2026-05-05T10:30", "met"), ("2026-05-05T10:31", "missed")])
def test_when_it_was_done(cli: Cli, stopped: str, state: str) -> None:
    """At the due date it is done in time, a minute later it is not."""
    document = due(cli, "--stopped", stopped, "--json").document

    assert (document["state"], document["stopped"]) == (state, f"{stopped}:00+08:00")
    assert rows(due(cli, "--stopped", stopped))["done"].startswith("5 May 2026, 10:3")


def test_what_was_not_done_yet(cli: Cli) -> None:
    """What was done after the instant it is looked at has not happened yet, in either form."""
    line = ("--stopped", "2026-05-05T10:00", "--now", "2026-05-05T09:00")

    assert "done" not in rows(due(cli, *line))
    document = due(cli, *line, "--json").document
    assert (document["state"], document["stopped"]) == ("running", None)
    assert counted(document, "to_count") == ["05T09:00 05T10:30"]


def test_what_is_counted_adds_up(cli: Cli) -> None:
    """What was counted has the length of what ran off; an empty pause takes nothing, and cuts nothing."""
    line = ("--pause", "x 2026-05-05T08:30/2026-05-05T08:30", "--now", "2026-05-05T09:00")
    document = due(cli, *line, "--json").document

    assert document["elapsed"] == 2.5 * 3600
    assert counted(document) == ["01T16:30 01T18:00", "05T08:00 05T09:00"]
    titles = [line for line in due(cli, *line).out.splitlines() if "count" in line]
    assert titles == ["counted", "still to be counted"]


def test_what_is_done_early_counts_no_further(cli: Cli) -> None:
    """What counted ends when it was done."""
    document = due(cli, "--stopped", "2026-05-01T17:00", "--json").document

    assert counted(document) == ["01T16:30 01T17:00"]
    assert document["to_count"] == []


def test_at_a_closing(cli: Cli) -> None:
    """What runs out at a closing is on time until the next opening, and both are told."""
    told = rows(due(cli, within="90 working minutes"))

    assert told["due"] == "1 May 2026, 18:00 (GMT+08:00)"
    assert told["late after"] == "5 May 2026, 08:00 (GMT+08:00)"


def test_rungs(cli: Cli) -> None:
    """A rung is a share, or a time before or after the end, in working time."""
    rungs = [
        f"--rung={each}" for each in ("50 %", "37.5%", "1 working hour before", "30 working minutes after")
    ]
    document = due(cli, "--json", *rungs).document

    assert [each["at"][8:16] for each in document["rungs"]] == [
        "05T08:30",
        "05T08:00",
        "05T09:30",
        "05T11:00",
    ]
    told = rows(due(cli, *rungs[:1]))
    assert told["level 1: 50 %"] == "5 May 2026, 08:30 (GMT+08:00)"
    waits = rows(due(cli, *rungs[:1], "--pause", "x 2026-05-01T17:00"))
    assert waits["level 1: 50 %"] == ""


def test_a_long_list_is_cut(cli: Cli) -> None:
    """At most twenty spans are listed, and it is said that there are more."""
    said = due(cli, within="200 working hours")
    document = due(cli, "--json", within="200 working hours").document

    assert len(document["to_count"]) == 20
    assert (document["to_count_more"], document["counted_more"]) == (True, False)
    assert len(said.out.partition("counted\n")[2].partition("\n\n")[0].splitlines()) == 22
    assert said.out.splitlines()[-2] == "and so on, until 8 June 2026, 16:30 (GMT+08:00)"


def test_what_has_not_begun(cli: Cli) -> None:
    """Before its beginning a clock waits: nothing is due yet, and nothing is counted."""
    said = due(cli, "--now", "2026-04-30T09:00")

    assert rows(said) == {
        "begins": "1 May 2026, 16:30 (GMT+08:00)",
        "as of": "30 April 2026, 09:00 (GMT+08:00)",
        "state": "waiting for its beginning",
    }
    assert due(cli, "--now", "2026-04-30T09:00", "--json").document["counted"] == []


def test_seconds(cli: Cli) -> None:
    """Lengths are exact: seconds are told, and parts of one are a text for machines."""
    document = due(cli, "--json", within="0.5 seconds", start="2026-05-05T08:00:00").document

    assert document["allowed"] == "0.5"
    assert document["remaining"] == "0.5"
    late = due(cli, "--json", "--now", "2026-05-05T08:00:02", start="2026-05-05T08:00", within="0.5 seconds")
    assert late.document["remaining"] == "-1.5"
    told = rows(due(cli, within="3661 working seconds"))
    assert told["remaining"] == "1 hour 1 minute 1 second"


# --- calendars --------------------------------------------------------------------------------------


def test_the_calendar_of_a_rulebook(cli: Cli) -> None:
    """A rulebook that ships is named; on a further holiday it is closed as well."""
    line = ("clock", "due", "--calendar", "construction-supplier/service", "--from", "2026-05-07T16:00")
    plain = cli(*line, "--for", "4 working hours", "--json").document
    closed = cli(*line, "--for", "4 working hours", "--json", "--holiday", "2026-05-08").document

    assert plain["zone"] == "Asia/Shanghai"
    assert plain["due"] < closed["due"]
    assert plain["digest"] != closed["digest"]


def test_a_firm_alone_is_its_service(cli: Cli) -> None:
    """A calendar is named by the firm alone, as rulebooks of service are."""
    line = ("--from", "2026-05-07T16:00", "--for", "4 working hours")
    alone, whole = (
        cli("clock", "due", "--calendar", name, *line) for name in ("coach-maker", "coach-maker/service")
    )

    assert alone.code == 0, alone.err
    assert alone == whole


@pytest.mark.parametrize(
    ("within", "beyond"), [("8 working days", False), ("9 working days", True), ("30 days", False)]
)
def test_public_holidays_that_are_not_known_yet(cli: Cli, within: str, beyond: bool) -> None:
    """What is due by the calendar after the last day whose holidays that knows is told with a warning."""
    line = ("clock", "due", "--calendar", "coach-maker", "--from", "2026-12-21T09:00", "--for", within)
    said, document = cli(*line), cli(*line, "--json").document

    assert said.code == 0
    assert document["holidays_known_through"] == "2026-12-31"
    assert document["beyond_known_holidays"] is beyond
    assert ("knows the public holidays through 31 December 2026" in said.err) is beyond


def test_a_file_with_a_calendar_alone(cli: Cli, tmp_path: Path) -> None:
    """A file with a zone and hours needs no clause; it is named by its file, or as it says."""
    hours = 'zone = "Asia/Shanghai"\n[calendar]\nweekly = { monday = ["09:00-17:00"] }\n'
    (tmp_path / "shop.toml").write_text(hours, encoding="utf-8")
    said = cli("clock", "open", "--calendar", "shop.toml", "--at", "2026-05-04T09:00")

    assert said.out.startswith("shop: open at 4 May 2026, 09:00")
    (tmp_path / "shop.toml").write_text(hours.replace("weekly", 'name = "the shop"\nweekly'), "utf-8")
    said = cli("clock", "open", "--calendar", "shop.toml", "--at", "2026-05-04T09:00")
    assert said.out.startswith("the shop: open")


@pytest.mark.parametrize(
    ("calendar", "found"),
    [
        ('weekly = { monday = ["08:00-25:00"] }', "calendar.weekly.monday: found ['08:00-25:00']"),
        ('weekly = { monday = ["08:00-12:00", "11:00-13:00"] }', "calendar.weekly.monday: found"),
        ("weekly = {}", "calendar.weekly: found no hours at all"),
        ('weekly = { monday = ["08:00-12:00"] }\nopen = 1', "calendar.open: found an unknown field"),
        ('weekly = { monday = ["08:00-12:00"] }\nholidays = ["nowhere"]', "calendar.holidays[0]"),
    ],
)
def test_a_file_with_mistakes(cli: Cli, tmp_path: Path, calendar: str, found: str) -> None:
    """A calendar that never opens, closes at 25:00 or overlaps is refused, with the place in the file."""
    (tmp_path / "shop.toml").write_text(f'zone = "Asia/Shanghai"\n[calendar]\n{calendar}\n', encoding="utf-8")
    said = cli("clock", "open", "--calendar", "shop.toml", "--at", "2026-05-04T09:00")

    assert (said.code, said.out) == (1, "")
    assert f"shop.toml: {found}" in said.err


@pytest.mark.parametrize("text", ['[calendar]\nname = "x"\n', 'zone = "Mars/Base"\ncalendar = 3\n'])
def test_a_file_without_its_zone(cli: Cli, tmp_path: Path, text: str) -> None:
    """Without a zone that is one, or with a calendar that is no table, a file is refused."""
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    said = cli("clock", "open", "--calendar", "shop.toml", "--at", "2026-05-04T09:00")

    assert said.code == 1
    assert "shop.toml: zone: found" in said.err


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        ("mon,wed 09:00-17:00", "2026-05-05T10:00", "2026-05-06T09:00:00+08:00"),
        ("mon-fri 09:00-17:00; sat 09:00-12:00", "2026-05-08T18:00", "2026-05-09T09:00:00+08:00"),
        ("mon-fri 22:00-24:00; tue-sat 00:00-06:00", "2026-05-05T07:00", "2026-05-05T22:00:00+08:00"),
        ("mon-fri 22:00-24:00; tue-sat 00:00-06:00", "2026-05-08T23:59", None),
        ("sun 20:00-24:00", "2026-05-08T18:00", "2026-05-10T20:00:00+08:00"),
        ("daily 00:00-24:00", "2026-05-08T18:00", None),
    ],
)
def test_hours_on_the_line(cli: Cli, hours: str, at: str, opens: str | None) -> None:
    """Weekdays are spans or lists, several groups have semicolons between them, and a day ends at 24:00."""
    said = cli("clock", "open", "--calendar", hours, "--zone", "Asia/Shanghai", "--at", at, "--json")

    assert said.document["opens"] == opens
    assert said.document["open"] is (opens is None)


def test_open_and_closed(cli: Cli) -> None:
    """At the closing it is closed; when it opens, and closes again, is told."""
    line = ("clock", "open", "--calendar", HOURS, "--zone", "Asia/Shanghai", "--at")

    assert cli(*line, "2026-05-04T11:59").out.splitlines() == [
        f"{HOURS}: open at 4 May 2026, 11:59 (GMT+08:00)",
        "  closes 4 May 2026, 12:00 (GMT+08:00)",
    ]
    assert cli(*line, "2026-05-04T12:00").out.splitlines() == [
        f"{HOURS}: closed at 4 May 2026, 12:00 (GMT+08:00)",
        "  opens 4 May 2026, 14:00 (GMT+08:00)",
        "  closes 4 May 2026, 18:00 (GMT+08:00)",
    ]
    always = cli("clock", "open", "--calendar", "daily 00:00-24:00", "--zone", "UTC", "--json").document
    assert (always["open"], always["opens"], always["closes"]) == (True, None, None)
    said = cli("clock", "open", "--calendar", "daily 00:00-24:00", "--zone", "UTC", "--at", FRIDAY)
    assert said.out.splitlines() == ["daily 00:00-24:00: open at 1 May 2026, 16:30 (GMT+00:00)"]


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--calendar", "mon-fri 08:00-25:00"), "found '25:00', expected a time of the day"),
        (("--calendar", "mon 24:00-08:00"), "found '24:00', expected a time of the day"),
        (("--calendar", "mon 08:00-12:00 11:00-13:00"), "in order, no overlap"),
        (("--calendar", "mon 18:00-09:00"), "each end after its begin"),
        (("--calendar", "monday 08:00-09:00"), "found 'monday', expected weekdays such as mon-fri"),
        (("--calendar", "fri-mon 08:00-09:00"), "expected weekdays in their order"),
        (("--calendar", "mon 08:00-12:00; mon 11:00-13:00"), "in order, no overlap"),
        (("--calendar", "mon-fri 8:00-9:00"), "found '8:00-9:00', expected hours such as"),
        (("--calendar", "mon 08:00-09:00; tue"), "found 'tue', expected hours such as"),
        (("--calendar", ""), "expected a rulebook, a file, or hours such as"),
        (("--zone", "Mars/Base"), "'Mars/Base' is no zone of the tz database"),
        (("--zone", ""), "is no zone of the tz database"),
        (("--holiday", "May"), "'May' is no day"),
        (("--for", "0 working hours"), "expected a number above 0"),
        (("--for", "-4 working hours"), "found '-4 working hours', expected a length such as"),
        (("--for", ""), "found '', expected a length such as"),
        (("--for", "{visit-days} working days"), "a number for visit-days, such as '3 working days'"),
        (("--for", "agreed visit"), "the instant that was agreed as visit, such as 'until 2026-"),
        (("--for", "until 2026-05-01T16:30"), "expected what ends after its beginning 2026-05-01T16:30"),
        (("--for", "until soon"), "found 'soon', expected an instant such as"),
        (("--for", "9999 years"), "found '9999 years', expected what ends after"),
        (("--calendar", "mon-fri"), "found 'mon-fri', expected hours such as"),
        (("--calendar", "daily"), "found 'daily', expected hours such as"),
        (("--from", "2026-05-01"), "expected an instant with its time"),
        (("--from", "soon"), "found 'soon', expected an instant such as"),
        (("--from", "1800-01-01T10:00"), "the year 1800 is not one of 1900 to 2999"),
        (("--from", "1800-01-01T10:00+08:00"), "the year 1800 is not one of 1900 to 2999"),
        (("--pause", "waiting-customer"), "expected a reason and a span such as"),
        (
            ("--pause", "x 2026-05-05T11:00/2026-05-05T09:00"),
            "--pause: found the end '2026-05-05T09:00', expected an instant from its start 2026-05-05T11:00",
        ),
        (("--pause", "closed 2026-05-05T09:00"), "--pause: found 'closed', expected another reason"),
        (("--pause", "x 2026-05-05T11:00/soon"), "found 'soon', expected an instant such as"),
        (
            ("--stopped", "2026-04-30T09:00"),
            "--stopped: found '2026-04-30T09:00', expected an instant from the beginning of the clock on",
        ),
        (("--rung", "2 hours before"), "'2 working hours before': the clock runs in working time"),
        (("--svg", "no/such/folder.svg"), "expected a file that can be written: No such file or directory"),
        (("--rung", "half"), "found 'half', expected a share such as '50 %'"),
        (("--rung", "2 days before"), "found '2 days before', expected a share such as '50 %'"),
        (("--rung", "soon before"), "found 'soon', expected a length such as"),
        (("--now", "2026-05-01T"), "found '2026-05-01T', expected an instant such as"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, Sequence) and not isinstance(value, str) else "",
)
def test_what_is_refused(cli: Cli, arguments: tuple[str, str], why: str) -> None:
    """A mistake on the line is refused with what was found and what was expected, and nothing is told."""
    said = due(cli, *arguments)

    assert (said.code, said.out) == (2, "")
    assert why in said.err


def test_a_rung_of_other_hours_than_the_clock(cli: Cli) -> None:
    """Where the clock runs by day and night, a rung in working hours is refused."""
    said = due(cli, "--rung", "2 working hours before", within="24 hours")

    assert said.code == 2
    assert "'2 hours before': the clock runs by day and night" in said.err
    assert due(cli, "--rung", "2 hours before", within="1 day", start=FRIDAY).code == 0
    assert due(cli, "--rung", "2 hours before", within="1 working day", start=FRIDAY).code == 2


def test_a_deadline_in_local_time(cli: Cli) -> None:
    """A deadline is an instant like any other: without an offset it is local time of the calendar's zone."""
    document = due(cli, "--json", within="until 2026-05-05T12:00").document

    assert document["due"] == "2026-05-05T12:00:00+08:00"


def test_hours_need_their_zone(cli: Cli) -> None:
    """Hours on the line have no zone of their own, and none is guessed; a rulebook has its own."""
    without = cli("clock", "open", "--calendar", HOURS, "--at", FRIDAY)
    beside = cli("clock", "open", "--calendar", "nlc/interlibrary-loan", "--zone", "UTC", "--at", FRIDAY)

    assert (without.code, beside.code) == (2, 2)
    assert "need their zone, such as --zone Asia/Shanghai" in without.err
    assert "--zone is for hours that are written here; nlc/interlibrary-loan has its own" in beside.err


@pytest.mark.parametrize(
    ("start", "why", "ways"),
    [
        (
            "2026-03-08T02:30",
            "the clocks of America/New_York skip it",
            ("2026-03-08T02:30:00-05:00", "2026-03-08T02:30:00-04:00"),
        ),
        (
            "2026-11-01T01:30",
            "it comes twice in America/New_York",
            ("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"),
        ),
    ],
)
def test_times_that_the_clocks_skip_or_repeat(cli: Cli, start: str, why: str, ways: tuple[str, str]) -> None:
    """A local time that does not exist, or is two instants, is refused; with either offset it is taken."""
    line = ("clock", "due", "--calendar", "daily 00:00-24:00", "--zone", "America/New_York", "--json")
    said = cli(*line, "--from", start, "--for", "1 hour")

    assert said.code == 2
    assert f"found '{start}': {why}; write {ways[0]} or {ways[1]}" in said.err
    first, second = (cli(*line, "--from", way, "--for", "1 hour").document["from"] for way in ways)
    assert first != second


# --- the page ---------------------------------------------------------------------------------------


def test_the_example_on_the_page(cli: Cli, tmp_path: Path) -> None:
    """The answer and the picture on the page of the command line are those of the program."""
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    found = re.search(r"^```text\n\$ servflow (clock due .+)\n((?:.*\n)+?)```$", page, re.MULTILINE)
    assert found is not None
    said = cli(*shlex.split(found[1]), "--svg", "clock.svg")

    assert said.out.strip() == found[2].strip()
    drawn = (tmp_path / "clock.svg").read_text(encoding="utf-8")
    assert drawn == (DOCS / "service-clock.svg").read_text(encoding="utf-8")


# --- the picture ------------------------------------------------------------------------------------


def test_a_picture(cli: Cli, tmp_path: Path) -> None:
    """With ``--svg``, the clock is drawn into a file, in the language asked for; the answer stays the same."""
    said = due(cli, "--svg", "clock.svg", "--lang", "zh_CN")
    text = (tmp_path / "clock.svg").read_bytes().decode()

    assert said == due(cli, "--lang", "zh_CN")
    assert fromstring(text).get("role") == "img"
    assert "\r" not in text
    assert "到期" in text


def test_a_clock_that_waits_has_no_picture(cli: Cli, tmp_path: Path) -> None:
    """Before its beginning there is nothing to draw: that is refused, and no file is made."""
    said = due(cli, "--svg", "clock.svg", "--now", "2026-04-30T09:00")

    assert said.code == 2
    assert (
        "--now: found '2026-04-30T09:00', expected an instant from the beginning 2026-05-01T16:30" in said.err
    )
    assert not (tmp_path / "clock.svg").exists()
