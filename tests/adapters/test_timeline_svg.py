"""A service clock as a picture: what is drawn, in which words, and that it stays small."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from xml.etree.ElementTree import Element, fromstring
from zoneinfo import ZoneInfo

import pytest

from servflow.adapters import timeline_svg
from servflow.adapters.text_babel import LANGUAGES, Texts
from servflow.adapters.timeline_svg import closing, counted, timeline
from servflow.core.clocks import Clock, Excuse, Pause, Run, Rung, Target, evaluate, parse_allowance
from servflow.core.errors import InvalidValue
from servflow.core.worktime import Calendar, Hours

SHANGHAI = ZoneInfo("Asia/Shanghai")
SPLIT: Hours = ((time(8), time(12)), (time(14), time(18)))
DESK = Calendar("desk", SHANGHAI, weekly=dict.fromkeys(range(5), SPLIT), exceptions={date(2026, 5, 4): ()})
FRIDAY = datetime(2026, 5, 1, 16, 30, tzinfo=SHANGHAI)
NAME = "{http://www.w3.org/2000/svg}"


def at(text: str) -> datetime:
    """An instant in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def clock(
    within: str = "4 working hours",
    *pauses: Pause,
    now: datetime = FRIDAY,
    run: Run | None = None,
    calendar: Calendar = DESK,
    ladder: tuple[Rung, ...] = (),
) -> Clock:
    """What is allowed from Friday 16:30 on, as it stands at ``now``."""
    target = Target(
        kind="on-site",
        within=parse_allowance(within),
        calendar=calendar,
        pauses=frozenset(pause.reason for pause in pauses),
        ladder=ladder,
    )
    return evaluate(target, run or Run(anchored_at=FRIDAY, pauses=pauses), now)


def drawn(it: Clock, language: str = "en") -> Element:
    """The picture, read as XML."""
    return fromstring(timeline(it, Texts(language)))


def of(picture: Element, kind: str, tag: str = "rect") -> list[tuple[float, float]]:
    """Left and right of the elements of a class, within the track."""
    found = []
    for each in picture.iter(NAME + tag):
        if kind in each.get("class", "").split():
            left = float(each.get("x", each.get("x1", "")))
            found.append((left, left + float(each.get("width", "0"))))
    return found


def words(picture: Element) -> list[str]:
    """Every text, in its order."""
    return ["".join(each.itertext()) for each in picture.iter(NAME + "text")]


def spans(it: Clock, until: datetime, most: int = 100) -> list[str]:
    """What was counted, as local times."""
    return [
        " - ".join(f"{end.astimezone(it.target.calendar.zone):%d %H:%M}" for end in each)
        for each in counted(it, until, most)
    ]


# --- what was counted -------------------------------------------------------------------------------


def test_what_was_counted_leads_to_the_due_date() -> None:
    """The spans before the due date are the opening hours from the anchor on, holidays left out."""
    it = clock()
    assert it.due_at == at("2026-05-05T10:30")
    assert spans(it, it.due_at) == ["01 16:30 - 01 18:00", "05 08:00 - 05 10:30"]
    assert spans(it, it.due_at, 1) == ["01 16:30 - 01 18:00"]
    assert spans(it, FRIDAY) == []


def test_pauses_are_not_counted() -> None:
    """Pauses cut spans; overlapping ones cut once, one that goes on cuts everything after it."""
    standing = (
        Pause("x", at("2026-05-05T09:00"), at("2026-05-05T11:00")),
        Pause("y", at("2026-05-05T10:00"), at("2026-05-05T15:00")),
        Pause("y", at("2026-05-05T16:00")),
    )
    now = at("2026-05-06T12:00")
    assert spans(clock("40 working hours", *standing, now=now), now) == [
        "01 16:30 - 01 18:00",
        "05 08:00 - 05 09:00",
        "05 15:00 - 05 16:00",
    ]


def test_counting_may_begin_later() -> None:
    """From a later instant on, only what runs after it is listed; before the anchor nothing ever is."""
    it = clock()
    assert it.due_at is not None
    for after, first in (("2026-05-05T09:00", "05 09:00"), ("2026-04-30T09:00", "01 16:30")):
        begins, _ = counted(it, it.due_at, 5, after=at(after))[0]
        assert f"{begins.astimezone(SHANGHAI):%d %H:%M}" == first


def test_a_pause_that_took_no_time_cuts_nothing() -> None:
    """A pause that ends as it begins is as good as none: in what was counted, and in the picture."""
    empty = Pause("x", at("2026-05-05T09:00"), at("2026-05-05T09:00"))
    it = clock("4 working hours", empty, now=at("2026-05-05T10:00"))
    assert spans(it, it.now) == ["01 16:30 - 01 18:00", "05 08:00 - 05 10:00"]
    assert of(drawn(it), "pause") == []


def test_a_pause_that_the_target_does_not_accept_is_counted_through() -> None:
    """Only the reasons that the target names stop its clock."""
    it = clock()
    run = Run(anchored_at=FRIDAY, pauses=(Pause("lunch", FRIDAY, at("2026-05-05T10:00")),))
    assert spans(evaluate(it.target, run, FRIDAY), at("2026-05-01T18:00")) == ["01 16:30 - 01 18:00"]


@pytest.mark.parametrize(
    "within",
    ["30 minutes", "24 hours", "90 working minutes", "44 working hours", "3 working days", "10 days"],
)
def test_what_was_counted_adds_up(within: str) -> None:
    """The spans up to the due date have the length that is allowed, whatever stood still between."""
    pause = Pause("x", at("2026-05-01T16:45"), at("2026-05-05T15:00"))
    it = clock(within, pause, now=at("2026-05-05T15:00"))
    assert it.due_at is not None
    assert sum((end - start for start, end in counted(it, it.due_at, 1000)), timedelta()) == it.allowed


def test_counting_goes_by_the_clocks_of_the_zone() -> None:
    """A night in which the clocks go forward is an hour shorter."""
    berlin = Calendar.always(ZoneInfo("Europe/Berlin"))
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    target = Target(kind="x", within=parse_allowance("24 working hours"), calendar=berlin)
    it = evaluate(target, Run(anchored_at=start), start)
    assert spans(it, start + timedelta(days=1)) == ["28 13:00 - 29 14:00"]


def test_a_desk_that_does_not_open_again_counts_no_more() -> None:
    """After the last opening hours nothing is counted, and nothing fails."""
    one_day = Calendar("once", SHANGHAI, weekly={}, exceptions={date(2026, 5, 1): SPLIT})
    it = clock("1 working hour", calendar=one_day, now=at("2026-06-01T00:00"))
    assert spans(it, it.now) == ["01 16:30 - 01 18:00"]


def test_a_clock_that_waits_has_counted_nothing() -> None:
    """Without an anchor there are no spans."""
    assert counted(clock(run=Run()), FRIDAY, 10) == ()


def test_a_desk_that_never_closes() -> None:
    """The closing is looked for no further than asked."""
    always = Calendar.always(SHANGHAI)
    assert closing(always, FRIDAY, FRIDAY + timedelta(days=400)) == FRIDAY + timedelta(days=400)
    assert closing(DESK, FRIDAY, FRIDAY + timedelta(days=400)) == at("2026-05-01T18:00")


# --- the picture ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_says_in_words_what_it_shows(language: str) -> None:
    """It is an image with a title and a description, which name each instant; nothing is left untranslated."""
    pause = Pause("waiting-customer", at("2026-05-05T09:00"), at("2026-05-05T11:00"))
    it = clock("4 working hours", pause, now=at("2026-05-06T09:00"))
    picture = drawn(it, language)
    title, described = picture.find(NAME + "title"), picture.find(NAME + "desc")
    assert title is not None
    assert described is not None
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert picture.get("lang") == language.replace("_", "-")
    text = described.text or ""
    assert text.count("2026") == 5  # begins, due, as of, and both ends of the pause
    said = " ".join((title.text or "", text, *words(picture)))
    assert not re.search(r"(clock|clock-state|pause|promise|format)\.[a-z]", said)
    assert ("late, and not done" in said) == (language == "en")
    assert ("已逾期" in said) == (language == "zh_CN")


def test_instants_are_local_and_named() -> None:
    """Each line has its name and its time in the calendar's zone."""
    said = words(drawn(clock(now=at("2026-05-05T09:00"))))
    assert "begins Fri 1 May 2026, 16:30" in said
    assert "as of Tue 5 May 2026, 09:00" in said
    assert "due Tue 5 May 2026, 10:30" in said
    assert "opening hours of desk, local time of Asia/Shanghai" in said


def test_bands_lie_where_the_hours_are() -> None:
    """Four opening segments on the days shown; what is counted lies within them, in the same scale."""
    picture = drawn(clock(now=at("2026-05-05T10:30")))
    *bands, _ = of(picture, "open")  # the last one is the legend's
    *ran, _ = of(picture, "counted")
    assert len(bands) == 4
    assert len(ran) == 2
    assert all(any(left <= x and end <= right + 0.1 for left, right in bands) for x, end in ran)
    hour = (bands[0][1] - bands[0][0]) / 4
    assert [round((end - left) / hour, 1) for left, end in ran] == [1.5, 2.5]
    assert of(picture, "due", "line")[0][0] == pytest.approx(ran[-1][1], abs=0.2)


@pytest.mark.parametrize("within", ["4 working hours", "600 working hours"])
def test_what_has_not_run_off_is_not_counted(within: str) -> None:
    """The dark part ends now, however far off the due date lies; at the beginning there is none, nor its word."""
    picture = drawn(clock(within, now=at("2026-05-01T17:00")))
    *ran, _ = of(picture, "counted")
    (now, _), *_ = of(picture, "now", "line")
    assert [right for _, right in ran] == [pytest.approx(now, abs=0.6)]
    assert "counted" in words(picture)

    picture = drawn(clock(within))
    assert of(picture, "counted") == []
    assert "counted" not in words(picture)


def test_lateness_is_drawn_only_where_there_is_any() -> None:
    """What ran off too much is crossed, from the last moment on time until now."""
    assert of(drawn(clock()), "late") == []
    picture = drawn(clock(now=at("2026-05-05T15:00")))
    late, _ = of(picture, "late")
    assert late[0] == of(picture, "due", "line")[0][0]
    assert late[1] == pytest.approx(of(picture, "now", "line")[0][0], abs=0.2)


def test_a_due_date_at_a_closing_shows_until_when_it_is_on_time() -> None:
    """Only where the time runs out at a closing is there a second line, at the next opening."""
    assert of(drawn(clock()), "breach", "line") == []
    said = words(drawn(clock("90 working minutes")))
    assert "due Fri 1 May 2026, 18:00" in said
    assert "late after Tue 5 May 2026, 08:00" in said


def test_pauses_are_hatched() -> None:
    """A pause is drawn as long as it was, one that goes on to the end; the legend names it."""
    assert of(drawn(clock()), "pause") == []
    ended = Pause("x", at("2026-05-05T09:00"), at("2026-05-05T11:00"))
    picture = drawn(clock("4 working hours", ended, now=at("2026-05-05T11:00")))
    hatched, _legend = of(picture, "pause")
    assert hatched[1] - hatched[0] < 30
    going_on = drawn(clock("4 working hours", Pause("x", FRIDAY), now=at("2026-05-05T11:00")))
    assert of(going_on, "pause")[0][1] > 900
    assert of(going_on, "due", "line") == []
    assert "stands still" in words(going_on)


def test_what_was_stopped_or_void_says_so() -> None:
    """The line of the end has its own name, and is not there twice."""
    end = at("2026-05-05T09:00")
    for run, name in (
        (Run(anchored_at=FRIDAY, stopped_at=end), "done"),
        (Run(anchored_at=FRIDAY, voided_at=end), "void"),
    ):
        said = words(drawn(clock(run=run, now=end + timedelta(hours=1))))
        assert f"{name} Tue 5 May 2026, 09:00" in said
    said = words(drawn(clock(run=Run(anchored_at=FRIDAY, stopped_at=end), now=end)))
    assert [line for line in said if line.startswith("as of")] == []


def test_what_had_not_happened_yet_is_not_drawn() -> None:
    """A stop and an end that lie after now have no line."""
    run = Run(anchored_at=FRIDAY, stopped_at=at("2026-05-05T09:00"), voided_at=at("2026-05-05T10:00"))
    said = words(drawn(clock(run=run, now=at("2026-05-01T17:00"))))
    assert [line for line in said if line.startswith(("done", "void"))] == []


def test_rungs_are_named_by_level_and_action() -> None:
    """Each rung has a line; one that nothing can reach has none."""
    ladder = (
        Rung(level=1, action="supervisor", fraction=Fraction(1, 2)),
        Rung(level=2, action="<quality> & \x07", offset=timedelta(hours=-1)),
    )
    said = words(drawn(clock(ladder=ladder)))
    assert "level 1: supervisor Tue 5 May 2026, 08:30" in said
    assert any(line.startswith("level 2: <quality> &") for line in said)
    assert of(drawn(clock("4 working hours", Pause("x", FRIDAY), ladder=ladder)), "rung", "line") == []


def test_a_long_action_is_cut() -> None:
    """Over the track a long name ends with an ellipsis and stays in the picture; the description has it all."""
    for sign in ("a", "长"):
        picture = drawn(clock(ladder=(Rung(level=1, action=sign * 300, fraction=Fraction(1, 2)),)))
        name = next(line for line in words(picture) if line.startswith("level 1"))
        assert "\N{HORIZONTAL ELLIPSIS} Tue 5 May 2026, 08:30" in name
        assert 12 < name.count(sign) < 45
        assert sign * 300 in (picture.findtext(NAME + "desc") or "")


def test_rungs_beyond_the_twelfth_are_a_number() -> None:
    """Of twenty rungs twelve are drawn, and it is said how many are not."""
    ladder = tuple(Rung(level=n, action="x", fraction=Fraction(n, 20)) for n in range(1, 21))
    picture = drawn(clock(ladder=ladder))
    assert sum(1 for line in words(picture) if line.startswith("level")) == 12
    assert "+8" in words(picture)
    assert "; +8; " in (picture.findtext(NAME + "desc") or "")
    assert not any(line.startswith("+") for line in words(drawn(clock(ladder=ladder[:12]))))


def test_names_do_not_run_into_each_other() -> None:
    """Names in one line of text keep apart, and none leaves the picture."""
    ladder = tuple(Rung(level=n, action="a" * 12, fraction=Fraction(n, 10)) for n in range(1, 11))
    picture = drawn(clock("40 working hours", ladder=ladder, now=at("2026-05-06T09:00")))
    lanes: dict[str, list[tuple[float, float]]] = {}
    for each in picture.iter(NAME + "text"):
        if each.find(NAME + "tspan") is not None:
            wide = 6.6 * len("".join(each.itertext()))
            x = float(each.get("x", ""))
            left = x - wide if each.get("text-anchor") == "end" else x
            assert left >= 0
            assert left + wide <= 960
            lanes.setdefault(each.get("y", ""), []).append((left, left + wide))
    assert len(lanes) > 1
    for taken in lanes.values():
        assert all(one[1] <= other[0] for one, other in pairwise(sorted(taken)))


def test_a_picture_needs_nothing_from_outside() -> None:
    """No script, no link, no picture in it, and no reference but to itself."""
    text = timeline(clock(), Texts("en"), id="ticket-7")
    assert not re.search(r"<(script|image|use|a|foreignObject)\b|href|@import|\son\w+=", text)
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#ticket-7-pause", "#ticket-7-late"}
    assert re.findall(r"https?:[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    ids = re.findall(r' id="([^"]*)"', text)
    assert all(id == "ticket-7" or id.startswith("ticket-7-") for id in ids)
    styles = text.partition("<style>")[2].partition("</style>")[0]
    assert all(rule.startswith("#ticket-7 ") for rule in styles.rstrip("}").split("}"))
    assert max(Counter(ids).values()) == 1


class Plain:
    """Words as they are, whatever stands in them."""

    language = "en"

    def text(self, code: str, facts: Mapping[str, object] = MappingProxyType({})) -> str:
        """The code and its facts; of dates a pattern."""
        return "y-MM-dd" if code.startswith("format.") else " ".join((code, *map(str, facts.values())))

    def name(self, space: str, code: str) -> str:
        """The code itself."""
        return code


def test_words_from_elsewhere_do_no_harm() -> None:
    """Signs that XML does not allow come out as the sign for what cannot be shown, marks as themselves."""
    odd = Calendar("\x00<desk>\ud800&", SHANGHAI, weekly=dict.fromkeys(range(5), SPLIT))
    said = words(fromstring(timeline(clock(calendar=odd), Plain())))
    assert "clock.calendar \ufffd<desk>\ufffd& Asia/Shanghai" in said


def test_a_void_clock_is_not_late_after_it() -> None:
    """What was void in time is not drawn as late, however long ago that was."""
    run = Run(anchored_at=FRIDAY, voided_at=at("2026-05-05T09:00"))
    picture = drawn(clock(run=run, now=at("2026-05-08T09:00")))
    assert of(picture, "late") == []
    *ran, _ = of(picture, "counted")
    assert max(right for _, right in ran) == pytest.approx(of(picture, "stopped", "line")[0][0], abs=0.2)


def test_the_same_clock_gives_the_same_text() -> None:
    """Nothing in a picture depends on when it is drawn."""
    assert timeline(clock(), Texts("en")) == timeline(clock(), Texts("en"))


def _luminance(colour: str) -> float:
    """The relative luminance of a colour, by WCAG 2."""
    full = colour if len(colour) == 6 else "".join(2 * sign for sign in colour)
    parts = [int(full[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_it_reads_in_grey() -> None:
    """Texts have a contrast of 4.5 and more on white; closed, open and counted differ without colour."""
    style = dict(each.rstrip("}").split("{") for each in timeline_svg._STYLE)

    def grey(kind: str) -> float:
        found = re.search(r"fill:#(\w+)", style[kind])
        assert found is not None
        return _luminance(found[1])

    for kind in ("text", ".axis"):
        assert (1.05) / (grey(kind) + 0.05) >= 4.5
    closed, opened, ran = (grey(kind) + 0.05 for kind in (".closed", ".open", ".counted"))
    assert closed / opened > 1.2
    assert opened / ran > 3


@pytest.mark.parametrize(
    ("within", "columns"),
    [
        ("200 working hours", "open"),
        ("600 working hours", "share of the time that is open"),
        ("2500 working hours", "share of the time that is open"),
        ("15000 working hours", "share of the time that is open"),
        ("200000 working hours", "share of the time that is open"),
    ],
)
def test_a_long_span_stays_small(within: str, columns: str) -> None:
    """Over weeks, months, years and a century there are no more elements than a person can see."""
    due_at = clock(within).due_at
    assert due_at is not None
    it = clock(within, now=due_at)
    picture = drawn(it)
    assert columns in words(picture)
    assert sum(1 for _ in picture.iter()) < 420
    assert len(timeline(it, Texts("en"))) < 60_000
    *bands, _ = of(picture, "open")
    assert all(0 <= left < right <= 960 for left, right in bands)
    (due, _), *_ = of(picture, "due", "line")
    assert max(right for _, right in of(picture, "counted")) == pytest.approx(due, abs=1)


def test_a_thousand_pauses_stay_small() -> None:
    """Pauses between which nobody sees a gap are drawn as one, and the description names a dozen."""
    day = timedelta(days=1)
    pauses = tuple(Pause("x", FRIDAY + n * day, FRIDAY + n * day + day / 2) for n in range(1000))
    it = clock("6000 working hours", *pauses, now=FRIDAY + 1000 * day)
    assert sum(1 for _ in drawn(it).iter()) < 800
    assert len(timeline(it, Texts("en"))) < 80_000


def test_a_calendar_of_many_short_openings_is_drawn_by_its_share() -> None:
    """Where there are too many opening hours to be seen one by one, each day has one column."""
    minutes: Hours = tuple(
        (time(hour, minute), time(hour, minute + 5)) for hour in range(8, 18) for minute in (0, 30)
    )
    busy = Calendar("busy", SHANGHAI, weekly=dict.fromkeys(range(7), minutes))
    picture = drawn(clock("30 working hours", calendar=busy))
    assert "share of the time that is open" in words(picture)
    assert len(of(picture, "open")) < 40


def test_the_end_of_the_calendar() -> None:
    """A clock in its last years is drawn like any other."""
    late = datetime(9990, 1, 1, tzinfo=UTC)
    target = Target(kind="x", within=parse_allowance("8 years"), calendar=Calendar.always(UTC))
    picture = drawn(evaluate(target, Run(anchored_at=late), late))
    assert "due Thu 1 Jan 9998, 00:00" in words(picture)


def test_hours_stand_at_the_axis_where_there_is_room() -> None:
    """One day has hours below it, a month only days, and thirty years only months."""
    assert "17" in words(drawn(clock("1 working hour")))
    assert "17" not in words(drawn(clock("200 working hours")))
    assert any(re.fullmatch("Jan 20..", line) for line in words(drawn(clock("60000 working hours"))))


def test_excused_time_changes_nothing_in_the_picture() -> None:
    """An excuse moves no due date, and so no line."""
    run = Run(anchored_at=FRIDAY, excuses=(Excuse("festival", FRIDAY, at("2026-05-05T08:00")),))
    assert timeline(clock(run=run), Texts("en")) == timeline(clock(), Texts("en"))


def test_a_clock_that_has_not_begun_has_no_picture() -> None:
    """Without an anchor, or before it, there is nothing to draw."""
    with pytest.raises(InvalidValue, match="found 'waiting', expected a clock that has begun"):
        timeline(clock(run=Run()), Texts("en"))
    with pytest.raises(InvalidValue, match="has begun"):
        timeline(clock(now=FRIDAY - timedelta(hours=1)), Texts("en"))


@pytest.mark.parametrize("id", ["", "7", "a b", 'a"', "a;b"])
def test_an_id_that_is_none_is_refused(id: str) -> None:
    """An id begins with a letter and has letters, digits and hyphens: it stands in attributes and styles."""
    with pytest.raises(InvalidValue, match="a letter, then letters, digits and hyphens"):
        timeline(clock(), Texts("en"), id=id)
