"""One test for each mistake that an author of a rulebook can make: where the message points, what it says."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from servflow.core.errors import InvalidRulebook
from servflow.rulebooks import check, load

PERIOD = "rules.loan-period.values[0]"
RATE = "rules.overdue-rate.values[0]"


def value(**changes):
    """One value of a rule, as an author writes it."""
    said = {"from_": date(2026, 1, 1), "is_": 5, "clause": "NLC-12"} | changes
    return {key.rstrip("_"): each for key, each in said.items() if each is not None}


@pytest.mark.parametrize(
    ("where", "said", "found", "expected"),
    [
        ("format", 2, "2", "1"),
        ("format", "1", "'1'", "1"),
        ("authority", "国图", "'国图'", "small letters and digits, with hyphens between words"),
        ("subject", "", "''", "small letters and digits, with hyphens between words"),
        ("policy", "ill.buying", "'ill.buying'", "ill.lending or ill.borrowing or ill.network or deposits or fees or aftersales"),
        ("title", " ", "' '", "a text that is not empty"),
        ("currency", "yuan", "'yuan'", "a code of three capital letters, as in ISO 4217"),
        ("currency", 156, "156", "a code of three capital letters, as in ISO 4217"),
        ("zone", "Asia/Peking", "'Asia/Peking'", "a zone of the tz database, such as 'Asia/Shanghai'"),
        ("zone", "Asia", "'Asia'", "a zone of the tz database, such as 'Asia/Shanghai'"),
        ("zone", 8, "8", "a zone of the tz database, such as 'Asia/Shanghai'"),
        ("verified-on", "2026-11-22", "'2026-11-22'", "a day such as 2026-01-31"),
        ("verified-on", datetime(2026, 11, 22, 9), "2026-11-22 09:00:00", "a day such as 2026-01-31"),
        ("rules", "none", "'none'", "a table"),
        ("rules.loan-period", "a month", "'a month'", "a table with label, in-force-on, in-force-over, frame, final, values"),
        ("rules.loan-period.label", 7, "7", "a text that is not empty"),
        ("rules.loan-period.values", "a month", "'a month'", "a list"),
        ("rules.loan-period.values", [], "no value", "at least one value"),
        (PERIOD, 30, "30", "a table with from, is, gap, clause, at, note"),
        (f"{PERIOD}.from", "2026-01-01", "'2026-01-01'", "a day such as 2026-01-31, or 'unknown'"),
        (f"{PERIOD}.from", datetime(2026, 1, 1), "2026-01-01 00:00:00", "a day such as 2026-01-31, or 'unknown'"),
        (f"{PERIOD}.from", 2026, "2026", "a day such as 2026-01-31, or 'unknown'"),
        (f"{PERIOD}.at", 7, "7", "a text that is not empty"),
        (f"{PERIOD}.note", "", "''", "a text that is not empty"),
        (f"{PERIOD}.is", 30, "30", "a table with months, days"),
        (f"{PERIOD}.is.months", -1, "-1", "a whole number, 0 or more"),
        (f"{PERIOD}.is.months", True, "True", "a whole number"),
        (f"{PERIOD}.is.weeks", 4, "an unknown field", "one of months, days"),
        (f"{RATE}.is", True, "True", "an amount in CNY, such as 20 or 22.50"),
        (f"{RATE}.is", "5", "'5'", "an amount in CNY, such as 20 or 22.50"),
        (f"{RATE}.is", -5, "-5", "an amount of 0 or more"),
        (f"{RATE}.is", Decimal("NaN"), "NaN", "a finite number"),
        (f"{RATE}.is", Decimal("Infinity"), "Infinity", "a finite number"),
        (f"{RATE}.is", Decimal("-Infinity"), "-Infinity", "a finite number"),
        (f"{RATE}.is", Decimal("0.005"), "0.005", "at most 2 decimals for CNY"),
        (f"{RATE}.is", Decimal("1e40"), "1E+40", "at most 30 digits on each side of the point"),
        ("rules.renewals.values[0].is", True, "True", "a whole number, 0 or more"),
        ("rules.renewals.values[0].is", -1, "-1", "a whole number, 0 or more"),
        ("rules.renewals.values[0].is", Decimal("1.5"), "1.5", "a whole number, 0 or more"),
        ("rules.most-volumes.values[0].is", "many", "'many'", "a whole number, 0 or more, or 'unlimited'"),
        ("rules.most-volumes.values[0].is", True, "True", "a whole number, 0 or more, or 'unlimited'"),
        ("rules.packing.values[0].is", "yes", "'yes'", "true or false"),
        ("rules.packing.values[0].is", 1, "1", "true or false"),
        ("rules.letter-mark.values[0].is", "", "''", "a text that is not empty"),
        ("rules.end-of-month.values[0].is", "last", "'last'", "one of clamp, next"),
        ("rules.end-of-month.values[0].is", ["clamp"], "['clamp']", "one of clamp, next"),
        ("rules.lent.values[0].is", "chinese_book", "'chinese_book'", "a list"),
        ("rules.lent.values[0].is", ["disc", "disc"], "['disc', 'disc']", "each value once"),
        ("rules.security.values[0].is[1]", "bail", "'bail'", "one of deposit, prepayment"),
        ("rules.notices.values[0].is", [8, 1, 22], "[8, 1, 22]", "numbers in ascending order"),
        ("rules.notices.values[0].is[0]", "three", "'three'", "a whole number"),
        ("rules.compensation.values[0].is", 50, "50", "'given': the amount is asked for where it is needed"),
        ("rules.loan-period.in-force-on", "shipped_on", "by which day a fee applies", "the policy fees"),
        ("rules.loan-period.in-force-over", ["due", "end"], "by which day a fee applies", "the policy fees"),
        (f"{PERIOD}.gap", False, "False", "true; a value that is no gap does without the key"),
    ],
)  # fmt: skip
def test_what_a_key_does_not_take_is_refused_at_its_place(draft, where, said, found, expected):
    """The message names the key path, what is written there, and what may be."""
    draft.put(where, said)

    assert draft.problems() == [(where, found, expected)]


@pytest.mark.parametrize(
    ("where", "known"),
    [
        (
            "valid",
            "one of format, authority, subject, policy, over, title, currency, zone, verified-on, calendar, rules",
        ),
        ("rules.loan-period.unit", "one of label, in-force-on, in-force-over, frame, final, values"),
        (f"{PERIOD}.since", "one of from, is, gap, clause, at, note"),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_are_known(draft, where, known):
    """A misspelt key is never passed over."""
    draft.put(where, "x")

    assert draft.problems() == [(where, "an unknown field", known)]


@pytest.mark.parametrize(
    "where",
    [
        "format",
        "authority",
        "subject",
        "title",
        "currency",
        "zone",
        "verified-on",
        "rules",
        "rules.loan-period.label",
        "rules.loan-period.values",
        f"{PERIOD}.from",
        f"{PERIOD}.clause",
    ],
)
def test_a_missing_key_is_named(draft, where):
    """What is needed and not there is reported at the place where it should stand."""
    draft.drop(where)

    assert draft.problems() == [(where, "nothing", "a value; the field is missing")]


def test_a_missing_policy_is_named_and_nothing_is_guessed(draft):
    """Without a policy the types of the values are not known; only that is reported."""
    draft.drop("policy").put(f"{PERIOD}.is", 30)

    assert draft.problems() == [("policy", "nothing", "a value; the field is missing")]


def test_a_value_without_a_value_is_named(draft):
    """A value says what it is, or that it is a gap."""
    draft.drop(f"{PERIOD}.is")

    assert draft.problems() == [(f"{PERIOD}.is", "nothing", "a value, or gap = true")]


def test_an_enum_word_that_is_unknown_is_shown_beside_the_known_ones(draft):
    """Every known word is listed, so that the right one is found without a look into the code."""
    draft.put("rules.not-lent.values[0].is[0]", "old_book")

    ((where, found, expected),) = draft.problems()
    assert (where, found) == ("rules.not-lent.values[0].is[0]", "'old_book'")
    assert expected.startswith("one of chinese_book, foreign_book, ancient_book, ")


def test_a_clause_that_is_not_in_the_register_is_refused(draft):
    """A citation leads to a clause of the register, or says that there is none."""
    draft.put(f"{PERIOD}.clause", "NLC-18")

    expected = "a clause of the register, such as NLC-10, or PRACTICE"
    assert draft.problems() == [(f"{PERIOD}.clause", "'NLC-18'", expected)]


def test_a_choice_of_the_desk_says_why(draft):
    """A value that cites PRACTICE needs a note."""
    draft.put(f"{PERIOD}.clause", "PRACTICE")

    assert draft.problems() == [(f"{PERIOD}.note", "nothing", "why the desk chose so; no source says it")]


def test_two_values_that_start_on_one_day_contradict_each_other(draft):
    """The second of them is named, and the first beside it."""
    draft.put("rules.overdue-rate.values", [value(), value(is_=6), value(from_=date(2027, 1, 1), is_=7)])

    assert draft.problems() == [
        ("rules.overdue-rate.values[1].from", "2026-01-01, as in values[0]", "one value a day")
    ]


def test_an_unknown_start_stands_alone(draft):
    """A value that holds on every day leaves no room for another."""
    draft.put("rules.overdue-rate.values", [value(from_="unknown"), value(is_=6)])

    assert draft.problems() == [
        ("rules.overdue-rate.values[0].from", "'unknown' beside other values", "a day, or one value alone")
    ]


def test_a_gap_has_no_value(draft):
    """Either one or the other is written."""
    draft.put(f"{PERIOD}.gap", True)

    assert draft.problems() == [(f"{PERIOD}.is", "a value in a gap", "either gap = true or a value")]


def test_a_gap_that_is_written_as_one_loads(draft):
    """From the first day of the gap on the rule has no value; before, it has."""
    gap = value(from_=date(2027, 1, 1), is_=None, gap=True)
    draft.put("rules.overdue-rate.values", [gap, value()])

    dated = load(draft.write()).rules["overdue-rate"].dated
    assert str(dated.on(date(2026, 12, 31)).value) == "CNY 5.00"
    with pytest.raises(LookupError, match=r"overdue-rate has no value on 2027-01-01"):
        dated.on(date(2027, 1, 1))
    with pytest.raises(LookupError, match=r"overdue-rate has no value on 2025-12-31"):
        dated.on(date(2025, 12, 31))


def test_a_rule_that_the_policy_needs_is_missed(draft):
    """A rule left out is not taken to be none."""
    draft.drop("rules.loan-period")

    needed = "a rule that the policy ill.lending needs"
    assert draft.problems() == [("rules.loan-period", "nothing", needed)]


def test_a_rulebook_without_any_rule_misses_all_of_them(draft):
    """An empty table of rules is not an empty policy."""
    names = set(draft.tables["rules"])
    draft.put("rules", {})

    assert {where for where, _, _ in draft.problems()} == {f"rules.{name}" for name in names}


def test_a_rule_that_the_policy_does_not_know_is_refused(draft):
    """A misspelt rule is named, with those that are known; so is the one that it should have been."""
    draft.put("rules.loan-periods", draft.tables["rules"]["loan-period"]).drop("rules.loan-period")

    unknown, missing = draft.problems()
    assert unknown[:2] == ("rules.loan-periods", "an unknown rule")
    assert unknown[2].startswith("one of notices, undo-minutes, end-of-month, served, ")
    assert missing[0] == "rules.loan-period"


@pytest.mark.parametrize(
    ("where", "said", "found", "expected"),
    [
        ("calendar", "always", "'always'", "a table with name, clause, at, note, weekly, holidays, make-up-as, closures, openings, exceptions"),
        ("calendar.name", "", "''", "a text that is not empty"),
        ("calendar.clause", "NLC-99", "'NLC-99'", "a clause of the register, such as NLC-10, or PRACTICE"),
        ("calendar.weekly", ["monday"], "['monday']", None),
        ("calendar.weekly.montag", [], "an unknown field", None),
        ("calendar.weekly.monday", "09:00-17:00", "'09:00-17:00'", "HOURS"),
        ("calendar.weekly.monday", ["9-17"], "['9-17']", "HOURS"),
        ("calendar.weekly.monday", ["09:00-24:30"], "['09:00-24:30']", "HOURS"),
        ("calendar.weekly.monday", ["17:00-09:00"], "['17:00-09:00']", "HOURS"),
        ("calendar.weekly.monday", ["09:00-12:00", "11:00-13:00"], "['09:00-12:00', '11:00-13:00']", "HOURS"),
        ("calendar.weekly.monday", [time(9)], "[datetime.time(9, 0)]", "HOURS"),
        ("calendar.exceptions", {}, "{}", "a list"),
        ("calendar.exceptions[0]", date(2026, 10, 1), "2026-10-01", "a table with on, hours, note"),
        ("calendar.exceptions[0].on", "2026-10-01", "'2026-10-01'", "a day such as 2026-01-31"),
        ("calendar.exceptions[0].hours", True, "True", "HOURS"),
        ("calendar.exceptions[1].on", date(2026, 10, 1), "2026-10-01, as in exceptions[0]", "each day once"),
    ],
)  # fmt: skip
def test_opening_hours_are_checked_where_they_are_written(draft, where, said, found, expected):
    """Hours, days and the source of a calendar are checked like those of a rule."""
    hours = "hours in order such as ['09:00-12:00', '13:00-24:00'], or [] for closed"
    draft.put("calendar", calendar()).put(where, said)

    (problem,) = draft.problems()
    assert problem[:2] == (where, found)
    assert expected is None or problem[2] == (hours if expected == "HOURS" else expected)


def calendar():
    """Opening hours as an author writes them."""
    return {
        "name": "desk",
        "clause": "PRACTICE",
        "note": "the source does not say",
        "weekly": {"monday": ["09:00-12:00", "13:00-24:00"]},
        "exceptions": [{"on": date(2026, 10, 1), "hours": []}, {"on": date(2026, 10, 11), "hours": ["09:00-12:00"]}],
    }  # fmt: skip


def test_a_desk_that_never_opens_is_refused(draft):
    """A calendar has at least one open day."""
    draft.put("calendar", calendar()).put("calendar.weekly", {"monday": []})
    draft.put("calendar.exceptions", [])

    assert draft.problems() == [("calendar.weekly", "no hours at all", "at least one open day")]


def test_the_source_of_opening_hours_that_are_a_choice_is_noted(draft):
    """PRACTICE needs a note there as well."""
    draft.put("calendar", calendar()).drop("calendar.note")

    assert draft.problems() == [("calendar.note", "nothing", "why the desk chose so; no source says it")]


def test_six_mistakes_are_six_problems(draft):
    """All at once, each with its place; and loading raises them all together."""
    draft.put("format", 7).put("colour", "red")
    draft.put(f"{RATE}.is", Decimal("NaN")).put(f"{PERIOD}.clause", "NLC-99")
    draft.put("rules.renewals.values[0].is", "once").drop("rules.packing")

    assert {where for where, _, _ in draft.problems()} == {
        "format",
        "colour",
        f"{RATE}.is",
        f"{PERIOD}.clause",
        "rules.renewals.values[0].is",
        "rules.packing",
    }
    with pytest.raises(InvalidRulebook) as raised:
        load(draft.path)
    assert len(raised.value.problems) == 6
    assert raised.value.subject == str(draft.path)
    assert all(problem.where.startswith(f"{draft.path}: ") for problem in raised.value.problems)


def test_one_mistake_does_not_hide_another_in_the_same_value(draft):
    """The start, the value, the clause and the key of one value are all wrong, and all reported."""
    draft.put(PERIOD, {"from": "soon", "is": 30, "clause": "NLC-0", "until": "later", "at": 1})

    assert [where for where, _, _ in draft.problems()] == [
        f"{PERIOD}.from",
        f"{PERIOD}.clause",
        f"{PERIOD}.at",
        f"{PERIOD}.until",
        f"{PERIOD}.is",
    ]


@pytest.mark.parametrize(
    "where", ["format", f"{PERIOD}.is.months", "rules.lent.values[0].is[0]", RATE + ".is"]
)
def test_a_number_too_long_to_be_written_out_is_a_mistake(draft, where):
    """TOML's numbers have 64 bits; a hexadecimal one of thousands of digits does no harm."""
    draft.put(where, 16**5000 - 1)

    assert draft.problems() == [(where, "a whole number of 20000 bits", "at most 63 bits")]


# --- files that cannot be read ----------------------------------------------------------------------


def test_a_syntax_error_is_reported_with_its_line(tmp_path):
    """What is not TOML has one problem: the place where reading stopped."""
    path = tmp_path / "draft.toml"
    path.write_text('format = 1\nauthority = nlc\ntitle = "x"\n', "utf-8")

    (problem,) = check(path)
    assert problem.where == str(path)
    assert "line 2" in problem.found
    assert problem.expected == "TOML 1.0"


def test_a_key_that_is_written_twice_is_a_syntax_error(tmp_path):
    """TOML itself refuses the second one."""
    path = tmp_path / "draft.toml"
    path.write_text("format = 1\nformat = 1\n", "utf-8")

    assert "line 2" in check(path)[0].found


def test_a_file_that_is_not_there_is_reported(tmp_path):
    """So is a folder in its place."""
    (missing,) = check(tmp_path / "none.toml")
    (folder,) = check(str(tmp_path))

    assert missing.where == str(tmp_path / "none.toml")
    assert missing.found == "No such file or directory"
    assert folder.found == "Is a directory"
    with pytest.raises(InvalidRulebook):
        load(tmp_path / "none.toml")


def test_a_name_that_no_rulebook_has_is_reported_with_the_names_there_are():
    """With a slash or without one; what looks like a file is told nothing of names."""
    for name in ("coachmaker", "coach/service"):
        assert "or the name of one that ships: agency/service, " in check(name)[0].expected
    assert check("none.toml")[0].expected == "a file that can be read"


def test_a_file_that_is_not_utf_8_is_reported(tmp_path):
    """With the byte at which it stops being that."""
    path = tmp_path / "draft.toml"
    path.write_bytes('title = "国家图书馆"\n'.encode("gb18030"))

    (problem,) = check(path)
    assert (problem.found, problem.expected) == ("bytes that are not UTF-8, from byte 9 on", "UTF-8")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_a_file_made_to_harm_is_reported(tmp_path, text):
    """Deep nesting and endless numbers are mistakes like others."""
    path = tmp_path / "draft.toml"
    path.write_text(text, "utf-8")

    assert len(check(path)) == 1
