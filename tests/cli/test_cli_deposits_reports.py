"""``servflow deposits``: statements that add up, their picture, the credit record, rows for an audit."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from command_line import Cli

PAID_OUT = ("C-1", "PayOut", "amount=19000", "payee=repairer", "--at", "2026-05-25T09:00:00+08:00")


@pytest.fixture
def paid(deposited: Cli) -> Cli:
    """The deposit desk after the claim was paid."""
    assert deposited("deposits", "do", *PAID_OUT).code == 0
    return deposited


def _yuan(text: str) -> int:
    """Cents of ``CNY 12.50``."""
    return int(text.removeprefix("CNY ").replace(".", ""))


def _adds_up(row: dict[str, str]) -> bool:
    come = sum(_yuan(row[name]) for name in ("opening", "paid_in", "interest"))
    return come - sum(_yuan(row[name]) for name in ("used", "refunded", "released")) == _yuan(row["closing"])


@pytest.mark.clause("SD-19")
def test_the_statement_of_a_building(paid: Cli) -> None:
    """It adds up; its lines lead to the closing balance, interest that is due and not credited among them."""
    made = paid("--json", "deposits", "statement", "JW-1", "--year", "2026").document
    (row,) = made["statements"]

    assert (made["from"], made["through"]) == ("2026-01-01", "2026-12-31")
    assert (row["paid_in"], row["used"], row["unpaid"]) == ("CNY 6000000.00", "CNY 19000.00", "CNY 0.00")
    assert _adds_up(row)
    assert made["lines"][-1]["balance"] == row["closing"]
    assert sum(_yuan(each["added"]) for each in made["lines"]) == _yuan(row["closing"])
    assert [each["number"] for each in made["lines"] if each["kind"] == "interest"] == [4, None, None, None]
    assert sum(_yuan(each["held"]) for each in made["parts"]) == _yuan(row["closing"])
    assert made["totals"] == []

    shown = paid("deposits", "statement", "JW-1", "--year", "2026").out
    assert shown.startswith(
        "statement of JW-1 (jiangwan-garden 1), 1 January 2026 through 31 December 2026\n"
    )
    assert re.search(r"surcharge owed +CNY 78,000.00", shown)
    assert re.search(r"25 May 2026 +\d+ +used for a repair +-CNY 19,000.00 .* roof waterproofing +C-1", shown)


@pytest.mark.clause("SD-19")
def test_one_year_goes_on_where_the_last_ended(paid: Cli) -> None:
    """The closing of a year is the opening of the next."""
    years = [
        paid("--json", "deposits", "statement", "JW-1", "--year", year).document["statements"][0]
        for year in ("2026", "2027", "2028")
    ]

    assert years[0]["opening"] == "CNY 0.00"
    assert [each["closing"] for each in years[:2]] == [each["opening"] for each in years[1:]]
    assert all(map(_adds_up, years))


@pytest.mark.clause("SD-23")
def test_statements_of_many(paid: Cli) -> None:
    """Of a project its buildings and their total; of a developer its projects too; of all, each developer."""

    def totals(*options: str) -> list[tuple[str, str, str, int]]:
        made = paid("--json", "deposits", "statement", "--year", "2026", *options).document
        assert all(map(_adds_up, made["totals"]))
        return [
            (each["of"], each["developer"], each["project"], each["buildings"]) for each in made["totals"]
        ]

    assert totals("--project", "jiangwan-garden") == [("project", "jiangwan", "jiangwan-garden", 1)]
    assert totals("--developer", "northgate") == [
        ("project", "northgate", "northgate-terrace", 1),
        ("developer", "northgate", "", 1),
    ]
    assert totals() == [
        ("developer", "jiangwan", "", 1),
        ("developer", "northgate", "", 1),
        ("authority", "", "", 2),
    ]
    everything = paid("deposits", "statement", "--year", "2026").out
    assert everything.startswith("statement of 临江市房产管理局物业科, 1 January 2026")
    assert re.search(r"in all\nbuildings .*\n─+\n2 +CNY 0.00 +CNY 6,000,000.00", everything)
    developers = paid("deposits", "statement", "--developer", "northgate", "--year", "2026").out
    assert re.search(r"by project\n(.*\n){2}northgate +northgate-terrace +1 .* CNY 600,000.00", developers)
    assert "by developer" in developers
    assert re.search(r"NG-A +northgate-terrace +A ", developers)


def test_days_instead_of_a_year(paid: Cli) -> None:
    """A term has its first and last day in it; without any it is this year."""
    term = ("--from", "2026-03-21", "--through", "2026-03-21")
    (row,) = paid("--json", "deposits", "statement", "JW-1", *term).document["statements"]
    assert (row["opening"], row["paid_in"]) == ("CNY 4800000.00", "CNY 700000.00")
    before = paid(
        "--json", "deposits", "statement", "--from", "2025-01-01", "--through", "2025-12-31"
    ).document
    assert (before["statements"], before["totals"]) == ([], [])
    this = paid("--json", "deposits", "statement", "JW-1").document
    assert this["from"].endswith("-01-01")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("JW-1", "--year", "2026", "--from", "2026-01-01"), "--year or --from and --through"),
        (("JW-1", "--from", "2026-01-01"), "--from and --through go together"),
        (("--from", "2026-01-02", "--through", "2026-01-01"), "2026-01-02 or a later day"),
        (("JW-1", "--project", "jiangwan-garden"), "an ID, or --project and --developer"),
        (("--project", "nowhere"), "one of jiangwan-garden, northgate-terrace"),
        (("--developer", "nobody"), "one of jiangwan, northgate"),
        (("JW-9",), "no deposit account with the id 'JW-9'"),
        (("JW-1", "--svg", "no/such/folder.svg"), "a file that can be written"),
    ],
)
def test_wrong_usage(deposited: Cli, arguments: tuple[str, ...], told: str) -> None:
    """A mistake on the line is exit code 2, and says what was expected."""
    said = deposited("deposits", "statement", *arguments)

    assert said.code == 2, said
    assert told in " ".join(said.err.split())


def test_nothing_of_a_developer_in_that_project(deposited: Cli) -> None:
    """Each of them is there, and no building is of both: a statement of nothing."""
    both = ("--developer", "jiangwan", "--project", "northgate-terrace")
    assert deposited("--json", "deposits", "statement", *both).document["statements"] == []
    assert "nothing" in deposited("deposits", "statement", *both).out


def test_the_picture_of_a_balance(paid: Cli, tmp_path: Path) -> None:
    """The line steps on the days on which money moved; of several buildings it is their sum."""

    def points(*options: str) -> list[str]:
        said = paid("deposits", "statement", *options, "--year", "2026", "--svg", "balance.svg")
        assert said.code == 0, said
        drawn = fromstring((tmp_path / "balance.svg").read_text(encoding="utf-8"))
        described = next(each.text for each in drawn.iter() if each.tag.endswith("desc"))
        assert described is not None
        return described.split("; ")

    building = points("JW-1")
    assert building[:3] == [
        "2026-01-01: CNY 0.00",
        "2026-02-10: CNY 4,800,000.00",
        "2026-03-21: CNY 5,501,820.00",
    ]
    assert points() == building
    lodged = ("NG-A", "LodgeDeposit", "amount=600000", "receipt=N-1", "--as", "bank")
    assert paid("deposits", "do", *lodged, "--at", "2026-02-10T15:00:00+08:00").code == 0
    assert points()[1] == "2026-02-10: CNY 5,400,000.00"
    assert points("--project", "northgate-terrace")[1] == "2026-02-10: CNY 600,000.00"
    nobody = ("--developer", "jiangwan", "--project", "northgate-terrace")
    assert points(*nobody) == ["2026-01-01: CNY 0.00"]


@pytest.mark.clause("SD-8", "SD-32")
def test_the_credit_record(paid: Cli) -> None:
    """What a developer had to pay, by when it was ordered to, that it did not, and the surcharge for it."""
    (row,) = paid("--json", "deposits", "credit", "jiangwan", "--on", "2026-05-23").document
    assert (row["assessed"], row["unpaid"]) == ("CNY 6000000.00", "CNY 0.00")
    assert (row["orders"], row["defaults"]) == ("2026-03-01", "2026-03-01")
    assert (row["surcharge"], row["paid_in_full_on"]) == ("CNY 78000.00", "2026-03-25")

    shown = paid("deposits", "credit", "jiangwan", "--on", "2026-05-23").out
    assert shown.startswith("credit record of jiangwan on 23 May 2026\n")
    assert re.search(r"JW-1 .* 25 March 2026 +1 March 2026 +1 March 2026 +CNY 78,000.00", shown)
    early = paid("deposits", "credit", "jiangwan", "--on", "2026-02-09").out
    assert re.search(r"JW-1 .* CNY 0.00 +CNY 6,000,000.00", early)
    assert paid("deposits", "credit", "nobody").code == 2
    assert paid("deposits", "credit", "jiangwan").code == 0


def test_an_order_that_was_withdrawn(deposited: Cli) -> None:
    """It stays in the record, as withdrawn; what was paid of a surcharge is beside what is owed."""
    at = ("--at", "2026-05-23T09:00:00+08:00")
    paid_up = ("JW-1", "PaySurcharge", "amount=78000", "--as", "bank", *at)
    for said in (
        ("NG-A", "OrderPayment", "by-day=2026-06-30", *at),
        ("NG-A", "WithdrawOrder", "reason=a mistake", *at),
        paid_up,
    ):
        assert deposited("deposits", "do", *said).code == 0, said
    assert (
        "30 June 2026 (withdrawn)" in deposited("deposits", "credit", "northgate", "--on", "2026-05-23").out
    )
    assert re.search(
        r"CNY 78,000.00 +CNY 78,000.00", deposited("deposits", "credit", "jiangwan", "--on", "2026-05-23").out
    )
    assert re.search(r"30 June 2026 +withdrawn", deposited("deposits", "show", "NG-A", *at).out)
    assert "surcharge owed" not in deposited("deposits", "show", "JW-1", *at).out
    assert "surcharge owed" not in deposited("deposits", "statement", "JW-1", "--year", "2026").out


@pytest.mark.clause("SD-23")
def test_rows_for_an_audit(paid: Cli) -> None:
    """Every movement with its owner, project and building, as JSON lines or as CSV, which say the same."""
    lines = paid("deposits", "export", "movements", "--year", "2026").out.splitlines()
    rows = [json.loads(each) for each in lines]
    assert {(each["developer"], each["project"], each["building"]) for each in rows} == {
        ("jiangwan", "jiangwan-garden", "1")
    }
    assert sum(_yuan(each["added"]) for each in rows) == _yuan(rows[-1]["balance"])

    table = paid("deposits", "export", "movements", "--year", "2026", "--csv").out
    again = list(csv.DictReader(StringIO(table)))
    assert [
        {name: "" if held is None else str(held) for name, held in each.items()} for each in rows
    ] == again
    parts = paid("deposits", "export", "parts", "--project", "jiangwan-garden", "--csv").out
    assert parts.count("\n") == 1 + 8
    statements = paid("--json", "deposits", "export", "statements", "--developer", "northgate").out
    assert json.loads(statements)["account"] == "NG-A"
