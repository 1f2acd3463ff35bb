"""``servflow aftersales report``, ``kpi``, ``complaints``, ``recurring``, ``export`` over a small story."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli

MAY = "2026-05-04"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("daily", "eng-2"),
        ("supervisor", "in all"),
        ("weekly", "telephone"),
        ("monthly", "service voucher 1"),
        ("calls", "冰柜不制冷"),
        ("dispatches", "eng-2"),
        ("costs", "CNY 300.00"),
        ("compiled", "the rulebook asks for no report each month"),
    ],
)
def test_reports(served: Cli, name: str, told: str) -> None:
    """Each report shows what happened in its period, as tables and as JSON."""
    said = served("aftersales", "report", name, "--on", MAY)

    assert (said.code, told in said.out) == (0, True)
    assert served("--json", "aftersales", "report", name, "--on", MAY).document is not None


def test_of_somebody(served: Cli) -> None:
    """A report of one engineer has nothing of anybody else's."""
    mine = served("--json", "aftersales", "report", "daily", "--on", MAY, "--of", "eng-2").document
    assert {each["technician"] for each in mine["work"]} == {"eng-2"}
    assert sum(each["services"] for each in mine["totals"]) == 1
    for name in ("daily", "supervisor", "weekly", "dispatches", "costs", "calls"):
        theirs = served("--json", "aftersales", "report", name, "--on", MAY, "--of", "eng-1").document
        assert "eng-2" not in json.dumps(theirs)


def test_an_empty_period(served: Cli) -> None:
    """A day on which nothing happened says so in one line."""
    assert served("aftersales", "report", "daily", "--on", "2026-01-01").out == "daily, 2026-01-01: nothing\n"


def test_of_nobody(served: Cli) -> None:
    """Somebody whom neither the host knows nor the report has is a slip; a debtor of the report is none."""
    nobody = served("aftersales", "report", "costs", "--on", MAY, "--of", "eng-9")
    assert (nobody.code, "expected a customer, or one of" in nobody.err) == (2, True)
    assert served("aftersales", "report", "costs", "--on", MAY, "--of", "c-3").code == 0


def test_compiled_reports(served: Cli) -> None:
    """The reports that the rulebook wants daily name whom they go to, and what there is none of."""
    told = served("--json", "aftersales", "report", "compiled", "--every", "day", "--on", MAY).document

    assert [(each["rule"], each["to"]) for each in told] == [
        ("daily-report", "supervisor"),
        ("supervisor-report", "service-department"),
    ]
    assert (
        "none of: class of work, hours"
        in served("aftersales", "report", "compiled", "--every", "day", "--on", MAY).out
    )


def test_what_has_to_be_kept(served: Cli) -> None:
    """Closed services are records; where no rule says how long, they are kept."""
    told = served("--json", "aftersales", "report", "retention", "--on", "2026-06-01").document

    assert [(each["ref"], each["keeping"]) for each in told["records"]] == [("T-1", "keep")]


def test_pictures(served: Cli, tmp_path: Path) -> None:
    """The on-time service of a week, or an indicator of a year, is drawn into a file."""
    week, year = tmp_path / "week.svg", tmp_path / "year.svg"

    assert served("aftersales", "report", "weekly", "--on", MAY, "--svg", str(week)).code == 0
    measure = ("--measure", "repeats", "--svg", str(year))
    assert served("aftersales", "kpi", "--year", MAY, *measure).code == 0
    costs = served("aftersales", "report", "costs", "--on", MAY, "--svg", str(tmp_path / "costs.svg"))
    assert (costs.code, "there is no picture of costs" in costs.err) == (2, True)
    assert not (tmp_path / "costs.svg").exists()
    assert "goes with --svg" in served("aftersales", "kpi", "--measure", "repeats").err
    for picture in (week, year):
        assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert served("aftersales", "report", "daily", "--svg", str(week)).code == 2
    assert served("aftersales", "kpi", "--svg", str(tmp_path / "none" / "x.svg")).code == 2
    assert served("aftersales", "report", "daily", "--every", "week").code == 2


def test_indicators_say_what_they_are_made_of(served: Cli, tmp_path: Path) -> None:
    """Each indicator has its numerator and denominator, and what the rulebook wants reached by its clause."""
    plain = served("--json", "aftersales", "kpi", "--month", MAY).document
    repeats = next(each for each in plain if each["measure"] == "repeats")
    assert (repeats["numerator"], repeats["denominator"], repeats["threshold"]) == (0, 1, None)

    facts = (EXAMPLES / "service.toml").read_text(encoding="utf-8")
    coach = tmp_path / "coach.toml"
    coach.write_text(facts.replace("service-dealer/service", "coach-maker/service"), encoding="utf-8")
    told = served("--host", str(coach), "aftersales", "kpi", "--quarter", MAY).out
    assert "at least 90.0 %" in told
    assert "below 3.0 %" in told
    assert "AS-QA-1" in told
    assert served("aftersales", "kpi", "--month", MAY, "--year", MAY).code == 2


def test_the_indicators_follow_from_the_export(served: Cli) -> None:
    """Numerators and denominators of the rows of a month add up to its indicators, whole ones and by kind."""
    rows = [json.loads(line) for line in served("aftersales", "export").out.splitlines()]
    told = served("--json", "aftersales", "kpi", "--month", MAY).document

    assert rows
    for figure in told:
        of_it = [
            row
            for row in rows
            if row["measure"] == figure["measure"]
            and row["on"].startswith("2026-05")
            and figure["kind"] in ("", row["kind"])
        ]
        for name in ("numerator", "denominator", "excused", "unpromised"):
            assert sum(row[name] for row in of_it) == figure[name]


def test_the_export_as_csv(served: Cli) -> None:
    """CSV has a head and the same rows; the samples have how each promise turned out."""
    lines = served("aftersales", "export", "--csv").out.splitlines()
    rows = list(csv.DictReader(lines))
    assert len(rows) == len(served("aftersales", "export").out.splitlines())
    assert {"measure", "of", "on", "numerator", "denominator"} <= rows[0].keys()

    sample = json.loads(served("aftersales", "export", "--samples").out.splitlines()[0])
    assert (sample["case"], sample["judged"], sample["rework"]) == ("T-1", "unpromised", False)
    samples = list(csv.DictReader(served("aftersales", "export", "--samples", "--csv").out.splitlines()))
    assert {each["rework"] for each in samples} == {"false"}


def test_the_complaint_ledger(served: Cli) -> None:
    """The ledger of a year has every complaint and its summary; one without any says so."""
    told = served("--json", "aftersales", "complaints", "--year", MAY).document
    assert [each["complaint"] for each in told["lines"]] == ["C-1"]
    assert {"by": "state", "value": "filed", "complaints": 1, "open": 1} in told["totals"]
    assert "C-1" in served("aftersales", "complaints", "--open", "--month", MAY).out
    assert served("aftersales", "complaints", "--year", "2020-01-01").out == "no complaint, 2020\n"


def test_what_comes_back(served: Cli, tmp_path: Path) -> None:
    """Problems that come back as often as the firm says are warned of; how often is asked for where it is."""
    assert served("aftersales", "recurring", "--on", MAY).out == "none came back so often\n"

    facts = (EXAMPLES / "service.toml").read_text(encoding="utf-8")
    seller = tmp_path / "seller.toml"
    seller.write_text(facts.replace("service-dealer/service", "product-seller/service"), encoding="utf-8")
    call = ("--host", str(seller), "aftersales", "recurring", "--on", MAY)
    assert "recurring-times" in served(*call).err
    assert served(*call, "--given", "recurring-times=x").code == 2
    assert "expected recurring-times" in served(*call, "--given", "foo=1").err
    assert served("--json", *call, "--given", "recurring-times=2").document == []


@pytest.mark.parametrize(
    "call",
    [
        *(
            ("report", name, "--on", MAY)
            for name in ("daily", "weekly", "monthly", "calls", "dispatches", "costs")
        ),
        ("report", "retention", "--on", "2026-06-01"),
        ("report", "compiled", "--on", MAY),
        ("kpi", "--month", MAY),
        ("complaints", "--year", MAY),
        ("recurring", "--on", MAY),
    ],
)
def test_reports_in_chinese(served: Cli, call: tuple[str, ...]) -> None:
    """Titles, headings and values of a report are Chinese; what staff typed and refer to stays as it is."""
    said = served("--lang", "zh_CN", "aftersales", *call).out
    assert re.findall("[A-Za-z]{2,}", TYPED.sub("", said)) == []


TYPED = re.compile(r"it takes long|compressor|labour|cold|eng-2|LG-100|P-7|AS-\w+-\d+|\(Asia/Shanghai\)")


@pytest.mark.parametrize("call", [("report", "weekly"), ("report", "dispatches"), ("complaints",)])
def test_reports_fit_a_page(served: Cli, call: tuple[str, ...]) -> None:
    """Columns in which nothing stands are left out, and instants are short: no line is over 120 columns."""
    period = ("--on", MAY) if call[0] == "report" else ("--year", MAY)
    said = served("aftersales", *call, *period).out
    assert max(map(len, said.splitlines())) <= 120
    assert "GMT" not in said


def test_a_cost_that_nobody_knows_is_blank(served: Cli) -> None:
    """What no line has a cost of is not said to have cost nothing."""
    assert "CNY 0.00" not in served("aftersales", "report", "costs", "--on", MAY).out
    told = served("--json", "aftersales", "report", "costs", "--on", MAY).document
    assert {each["cost"] for each in told["totals"]} == {None}
