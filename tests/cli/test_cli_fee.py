"""``servflow fee``: one amount and why, tables of amounts, the laws that rules keep."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli, Said

from servflow.cli import _fee

BOOK = """
format = 1
authority = "desk"
subject = "fees"
policy = "fees"
title = "Fees of a desk"
currency = "CNY"
zone = "Asia/Shanghai"
verified-on = 2026-11-24

[calendar]
name = "desk"
clause = "PRACTICE"
note = "our hours"
weekly = { monday = ["09:00-17:00"], tuesday = ["09:00-17:00"] }
"""

RULE = """
[rules.{name}]
label = "a rule"
{head}
[[rules.{name}.values]]
from = {start}
is = {value}
clause = "NLC-12"
at = "八"
"""

RULES = {
    "overdue": "cap(per_unit(days(due, end), CNY 5.00), CNY 40.00)",
    "open": 'per_unit(open_days("desk", due, end), CNY 0.50)',
    "two": "sum(per_unit(days(due, end), CNY 5.00), per_unit(days(noticed, paid_on), CNY 1.00))",
    "room": "per_unit(periods(minutes(due_at, end_at), 30, start), CNY 2.00)",
    "part": "percent(given(price, CNY), 0.3%)",
    "whole": "rounded(rule(part), half_up)",
    "card": "choose(kind, [vip: CNY 1.00, gold: when(member, CNY 0.50, CNY 2.00)])",
    "items": "rounded(sum(per_unit(count(volumes, volume), CNY 1.00), "
    "per_unit(quantity(weight, kilogram), CNY 3.00)), up)",
    "balance": "rounded(over_balance(unpaid, scale(percent(given(unpaid, CNY), 1%), days(due, end)), "
    "due, end), half_up)",
    "flat": "CNY 10.00",
}


def _rule(name: str, value: object, *, head: str = "", start: str = '"unknown"') -> str:
    return RULE.format(name=name, value=json.dumps(value), head=head, start=start)


@pytest.fixture
def book(tmp_path: Path) -> str:
    """A rulebook of a desk with fees of every kind, a list of words, and a rule that begins in March."""
    rules = [_rule(name, text) for name, text in RULES.items()]
    rules += [
        _rule("ladder", ["talk", "fine"]),
        _rule("dated", "per_unit(days(due, end), CNY 5.00)", head='in-force-on = "due"', start="2026-03-01"),
    ]
    (tmp_path / "book.toml").write_text("".join((BOOK, *rules)), encoding="utf-8")
    return "book.toml"


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., str]:
    """A file with these facts."""

    def written(**said: Any) -> str:
        (tmp_path / "facts.json").write_text(json.dumps(said), encoding="utf-8")
        return "facts.json"

    return written


LATE = {"due": "2026-03-01", "end": "2026-03-04"}


def _cells(said: Said) -> list[list[str]]:
    """The rows of the table that was written, without its title, its head and the line below."""
    return [re.split(" {2,}", line) for line in said.out.splitlines()[3:] if line]


# --- fee eval -------------------------------------------------------------------------------------


def test_an_amount(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """The amount is written with its currency, and nothing else."""
    assert cli("fee", "eval", book, "overdue", "--facts", facts(**LATE)) == (0, "CNY 15.00\n", "")
    assert cli("fee", "eval", book, "overdue", "--facts", facts(**LATE), "--lang", "zh_CN").out == "¥15.00\n"


def test_why(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """With ``--explain``, every step stands below what it is for, with its clause."""
    said = cli("fee", "eval", book, "overdue", "--facts", facts(**LATE), "--explain")

    assert said.out.splitlines() == [
        "CNY 15.00",
        "the smaller of CNY 15.00 and CNY 40.00: CNY 15.00 [NLC-12]",
        "├─ 3 days × CNY 5.00 = CNY 15.00 [NLC-12]",
        "│  └─ 3 days: after 1 March 2026, up to and including 4 March 2026 [NLC-12]",
        "└─ fixed amount: CNY 40.00 [NLC-12]",
    ]


def test_why_in_chinese(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """With ``--lang``, the steps are in that language."""
    said = cli("fee", "eval", book, "overdue", "--facts", facts(**LATE), "--explain", "--lang", "zh_CN")

    assert said.out.splitlines()[1:3] == [
        "¥15.00与¥40.00取较小者：¥15.00 [NLC-12]",
        "├─ 3天 × ¥5.00 = ¥15.00 [NLC-12]",
    ]


def test_an_amount_for_machines(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """With ``--json``, the amount, what it was before it was rounded, each step, and by which rulebook."""
    line = ("fee", "eval", book, "whole", "--facts", facts(price="10.50"), "--json")
    said = cli(*line).document

    assert set(said) == {"rulebook", "digest", "rule", "amount", "exact", "derivation"}
    assert (said["rulebook"], said["rule"], len(said["digest"])) == ("desk/fees", "whole", 64)
    assert said["amount"] == {"amount": "0.03", "currency": "CNY"}
    assert said["exact"] == "63/20"
    assert said["derivation"]["operation"] == "rounded"

    why = cli(*line, "--explain").document["explanation"]
    assert why[0].endswith("CNY 0.03 [NLC-12]")
    assert why[1].startswith("  CNY 10.50 × 0.3 % = CNY 0.0315")


def test_facts_in_toml(cli: Cli, book: str, tmp_path: Path) -> None:
    """A file .toml has TOML's own days, exact fractions, and balances by day."""
    (tmp_path / "facts.toml").write_text(
        "due = 2026-03-01\nend = 2026-03-03\nunpaid = { 2026-03-01 = 100, 2026-03-03 = 0.50 }\n", "utf-8"
    )

    assert cli("fee", "eval", book, "overdue", "--facts", "facts.toml").out == "CNY 10.00\n"
    assert cli("fee", "eval", book, "balance", "--facts", "facts.toml").out == "CNY 1.01\n"


def test_facts_on_standard_input(cli: Cli, book: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``-``, the facts are JSON on standard input, in UTF-8 wherever the program runs."""
    content = json.dumps({"kind": "gold", "member": True, "价格": 3}, ensure_ascii=False).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))

    assert cli("fee", "eval", book, "card", "--facts", "-") == (0, "CNY 0.50\n", "")


def test_a_closed_standard_input(cli: Cli, book: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has given it a standard input, ``-`` is a problem."""
    monkeypatch.setattr("sys.stdin", None)
    said = cli("fee", "eval", book, "flat", "--facts", "-")

    assert (said.code, said.out) == (1, "")
    assert "standard input: found none: it is closed" in said.err


def test_no_facts_are_needed(cli: Cli, book: str) -> None:
    """A rule that reads no facts needs no file."""
    assert cli("fee", "eval", book, "flat") == (0, "CNY 10.00\n", "")


def test_a_mark_before_the_facts(cli: Cli, book: str, tmp_path: Path) -> None:
    """The mark that some editors write before JSON is read over."""
    (tmp_path / "facts.json").write_bytes(b'\xef\xbb\xbf{"price": 1000}')

    assert cli("fee", "eval", book, "whole", "--facts", "facts.json").out == "CNY 3.00\n"


def test_facts_that_decide_what_is_read(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """A fact that is only read in another case need not be given."""
    assert cli("fee", "eval", book, "card", "--facts", facts(kind="vip")).out == "CNY 1.00\n"
    said = cli("fee", "eval", book, "card", "--facts", facts(kind="gold"))
    assert (said.code, said.out) == (1, "")
    assert "facts.member: found nothing, expected true or false" in said.err


def test_every_mistake_of_the_facts(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """Missing facts and wrong ones are told together, each with its place, what is there, what should be."""
    unread = "and notice, which the rule does not read"
    said = cli("fee", "eval", book, "two", "--facts", facts(due="March", end=4, paid_on="-", notice="x"))

    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines() == [
        "servflow: facts.json: facts: 4 problems",
        "  facts.json: facts.due: found 'March', expected a day such as 2026-01-31",
        "  facts.json: facts.end: found 4, expected a day such as 2026-01-31",
        "  facts.json: facts.paid_on: found '-', expected a day such as 2026-01-31",
        f"  facts.json: facts.noticed: found nothing ({unread}), expected a day such as 2026-01-31",
    ]
    machine = cli("fee", "eval", book, "two", "--json")
    assert machine.code == 1
    assert machine.document["error"] == "invalid-facts"
    assert len(machine.document["texts"]) == 4


@pytest.mark.parametrize(
    ("rule", "name", "wrong"),
    [
        ("whole", "price", [-1, 1.005, True, None, "CNY 5", "many", "NaN", "1e999999999", {}, []]),
        ("items", "volumes", [-1, 1.5, True, None, "3"]),
        ("items", "weight", [-1, True, None, "heavy", "1/0"]),
        ("card", "member", [0, 1, "true", None]),
        ("card", "kind", ["", 3, None]),
        ("overdue", "due", ["2026-02-30", "2026-03-01T10:00:00Z", 20260301, None]),
        ("room", "due_at", ["2026-03-01T10:00:00", "2026-03-01", 3]),
        ("balance", "unpaid", [100, "100", {}, {"March": 100}, {"2026-03-01": -1}, {"2026-03-01": None}]),
    ],
)
def test_a_fact_that_is_none(
    cli: Cli, book: str, facts: Callable[..., str], rule: str, name: str, wrong: list[Any]
) -> None:
    """What is not written as its kind of fact is a problem, and nothing is made of it."""
    others = {"volumes": 1, "weight": 1, "kind": "gold", "member": True, **LATE}
    for value in wrong:
        said = cli("fee", "eval", book, rule, "--facts", facts(**{**others, name: value}))
        assert (said.code, said.out) == (1, ""), value
        assert f"  facts.json: facts.{name}: found " in said.err
        assert ", expected " in said.err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "found Expecting value: line 1 column 1 (char 0), expected JSON"),
        (b"{", "expected JSON, or TOML in a file .toml"),
        (b"due = 2026-03-01", "expected JSON, or TOML in a file .toml"),
        (b"\xff{}", "found bytes that are not UTF-8, from byte 0 on, expected UTF-8"),
        (b"[1]", "found a list, expected an object, fact by fact"),
        (b"3.5", "found 3.5, expected an object, fact by fact"),
        (b'"x"', "found x, expected an object, fact by fact"),
        (b"null", "found null, expected an object, fact by fact"),
        (b'{"price": NaN}', "found NaN, which is no number, expected JSON"),
        (b'{"price": -Infinity}', "found -Infinity, which is no number, expected JSON"),
        (b'{"price": 1, "price": 2}', "found 'price' twice in one object, expected JSON"),
        (b'{"price": ' + b"9" * 5000 + b"}", "expected JSON"),
        (b'{"price": ' + b"[" * 100_000, "found lists or objects within others, too often"),
    ],
)
def test_a_file_of_no_facts(cli: Cli, book: str, tmp_path: Path, content: bytes, expected: str) -> None:
    """A file that is no JSON, says something twice, or is no object is a problem that names it."""
    (tmp_path / "facts.json").write_bytes(content)
    said = cli("fee", "eval", book, "whole", "--facts", "facts.json")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("servflow: facts.json: 1 problem\n  facts.json: found ")
    assert expected in said.err


def test_a_file_of_no_toml(cli: Cli, book: str, tmp_path: Path) -> None:
    """A file .toml that is none is a problem that names it."""
    (tmp_path / "facts.toml").write_text("due =", encoding="utf-8")
    said = cli("fee", "eval", book, "whole", "--facts", "facts.toml")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("servflow: facts.toml: 1 problem")
    assert "expected TOML 1.0" in said.err


@pytest.mark.parametrize("name", ["no.json", "no.toml", ".", "x" * 300])
def test_no_file_at_all(cli: Cli, book: str, name: str) -> None:
    """A file that is not there, or a folder, is a problem."""
    said = cli("fee", "eval", book, "whole", "--facts", name)

    assert (said.code, said.out) == (1, "")
    assert "expected a file that can be read" in said.err


# --- rulebooks and rules --------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["eval", "table", "laws"])
def test_no_rulebook(cli: Cli, book: str, tmp_path: Path, call: str) -> None:
    """A rulebook that is not there is a problem; one with mistakes tells them all, and is not used."""
    rest = {"eval": ["flat"], "table": ["overdue", "--over", "days=0..3"], "laws": []}[call]
    said = cli("fee", call, "no/fees", *rest)
    assert (said.code, said.out) == (1, "")
    assert "no/fees" in said.err

    text = (tmp_path / book).read_text(encoding="utf-8")
    wrong = text.replace("cap(", "cup(").replace('"Asia/Shanghai"', '"Beijing"')
    (tmp_path / book).write_text(wrong, encoding="utf-8")
    said = cli("fee", call, book, *rest)
    assert (said.code, said.out) == (1, "")
    assert "book.toml: zone: found 'Beijing'" in said.err
    assert "book.toml: rules.overdue.values[0].is, column 1: found " in said.err


@pytest.mark.parametrize("call", ["eval", "table", "laws"])
def test_a_rulebook_without_fees(cli: Cli, call: str) -> None:
    """A rulebook of another policy is wrong usage."""
    rest = {"eval": ["flat"], "table": ["overdue", "--over", "days=0..3"], "laws": []}[call]
    said = cli("fee", call, "nlc/interlibrary-loan", *rest)

    assert (said.code, said.out) == (2, "")
    assert "nlc/interlibrary-loan has no fee rules; its policy is ill.lending" in said.err


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("fines", "'fines' is no rule of it"),
        ("ladder", "'ladder' is a list or a number, no fee"),
        ("part", "'part' is a part of other rules: it gives amounts between two minor units"),
    ],
)
@pytest.mark.parametrize("rest", [["eval"], ["table", "--over", "price=0..3"]])
def test_no_fee(cli: Cli, book: str, key: str, found: str, rest: list[str]) -> None:
    """A rule that is not there, or that is no fee on its own, is wrong usage; the fees are named."""
    said = cli("fee", rest[0], book, key, *rest[1:])

    assert (said.code, said.out) == (2, "")
    assert f"desk/fees: {found}; its fees are overdue, open, two, room, whole, card, " in said.err


def test_a_rule_that_says_nothing(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """A day before the first value, or a word that no case is for, is a problem, never 0."""
    early = cli("fee", "eval", book, "dated", "--facts", facts(due="2026-02-28", end="2026-03-04"))
    other = cli("fee", "eval", book, "card", "--facts", facts(kind="silver"))

    assert (early.code, early.out) == (other.code, other.out) == (1, "")
    assert "no value on 2026-02-28 (due); its first day is 2026-03-01" in early.err
    assert "silver" in other.err


def test_half_a_call(cli: Cli, book: str) -> None:
    """Without a rule, or without ``--over``, it is wrong usage."""
    assert cli("fee", "eval", book).code == cli("fee", "table", book, "overdue").code == 2
    assert cli("fee", "laws", book, "--examples", "0").code == 2


# --- fee table ------------------------------------------------------------------------------------


def test_a_table_over_days(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """Over days, each row is so many days after the first day of the rule's span, both ends included."""
    said = cli("fee", "table", book, "overdue", "--over", "days=0..10", "--facts", facts(due="2026-03-01"))

    assert said.code == 0
    assert said.out.splitlines()[:2] == ["desk/fees: overdue (due = 2026-03-01)", "days   amount"]
    assert _cells(said) == [[str(day), f"CNY {min(day * 5, 40)}.00"] for day in range(11)]


def test_a_table_over_open_days(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """Days are days of the calendar, also where the rule counts open ones: here Monday and Tuesday."""
    said = cli("fee", "table", book, "open", "--over", "days=0..3", "--facts", facts(due="2026-03-01"))

    assert [amount for _, amount in _cells(said)] == ["CNY 0.00", "CNY 0.50", "CNY 1.00", "CNY 1.00"]


def test_a_table_from_today(cli: Cli, book: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a first day, a table over days begins today in the rulebook's zone, and says so."""
    monkeypatch.setattr(_fee, "now", lambda: datetime(2026, 2, 28, 17, 0, 30, tzinfo=UTC))
    days = cli("fee", "table", book, "dated", "--over", "days=0..60")
    minutes = cli("fee", "table", book, "room", "--over", "minutes=0..60/30")

    assert days.out.splitlines()[0] == "desk/fees: dated (due = 2026-03-01)"
    assert _cells(days)[-1] == ["60", "CNY 300.00"]
    assert minutes.out.splitlines()[0] == "desk/fees: room (due_at = 2026-03-01T01:00:00+08:00)"


def test_a_table_over_minutes(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """Over minutes, each row is so many minutes after the first instant of the rule's span."""
    at = facts(due_at="2026-03-01T10:00:00+08:00")
    said = cli("fee", "table", book, "room", "--over", "minutes=0..61/30", "--facts", at)

    assert _cells(said) == [["0", "CNY 0.00"], ["30", "CNY 2.00"], ["60", "CNY 4.00"]]


@pytest.mark.parametrize(
    ("rule", "over", "given", "rows"),
    [
        ("overdue", "days=7,0,7", LATE, ["7 CNY 35.00", "0 CNY 0.00", "7 CNY 35.00"]),
        ("overdue", "end=2026-03-01..2026-03-09/7", LATE, ["2026-03-01 CNY 0.00", "2026-03-08 CNY 35.00"]),
        ("overdue", "due=2026-03-02..2026-03-03", LATE, ["2026-03-02 CNY 10.00", "2026-03-03 CNY 5.00"]),
        ("overdue", "end=2026-03-02,9999-12-31", LATE, ["2026-03-02 CNY 5.00", "9999-12-31 CNY 40.00"]),
        ("items", "volumes=0..4/2", {"weight": "1/3"}, ["0 CNY 1.00", "2 CNY 3.00", "4 CNY 5.00"]),
        ("items", "weight=0..1/0.5", {"volumes": 0}, ["0 CNY 0.00", "0.5 CNY 1.50", "1 CNY 3.00"]),
        ("items", "weight=1/3..1/1/3", {"volumes": 0}, ["1/3 CNY 1.00", "2/3 CNY 2.00", "1 CNY 3.00"]),
        ("items", "weight=2.50,0.001", {"volumes": 0}, ["2.5 CNY 7.50", "0.001 CNY 0.01"]),
        ("whole", "price=0..2000/999.5", {}, ["0.00 CNY 0.00", "999.50 CNY 3.00", "1999.00 CNY 6.00"]),
        ("whole", "price=1000..1002/2", {}, ["1000.00 CNY 3.00", "1002.00 CNY 3.01"]),
        ("card", "member=true,false", {"kind": "gold"}, ["true CNY 0.50", "false CNY 2.00"]),
        ("card", "kind=vip,gold", {"member": False}, ["vip CNY 1.00", "gold CNY 2.00"]),
        (
            "room",
            "end_at=2026-03-01T11:00:00+08:00",
            {"due_at": "2026-03-01T02:00:00Z"},
            ["2026-03-01T11:00:00+08:00 CNY 4.00"],
        ),
    ],
)
def test_a_table_over_a_fact(
    cli: Cli,
    book: str,
    facts: Callable[..., str],
    rule: str,
    over: str,
    given: dict[str, Any],
    rows: list[str],
) -> None:
    """A range has both its ends and goes by its step, a list has its values; they count before the file's."""
    said = cli("fee", "table", book, rule, "--over", over, "--facts", facts(**given))

    assert said.code == 0, said.err
    assert [" ".join(row) for row in _cells(said)] == rows


def test_the_title_says_the_other_facts(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """Above a table stand the facts that the rule reads and that stay the same, and no others."""
    given = facts(**LATE, unpaid={"2026-03-01": 100}, unheard="of")
    said = cli("fee", "table", book, "balance", "--over", "days=0..1", "--facts", given)

    assert said.out.splitlines()[0].endswith('balance (unpaid = {"2026-03-01": 100}, due = 2026-03-01)')


def test_a_table_in_chinese(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """With ``--lang``, amounts are written as in that language."""
    line = ("fee", "table", book, "overdue", "--over", "days=3", "--facts", facts(**LATE))

    assert _cells(cli(*line, "--lang", "zh_CN")) == [["3", "¥15.00"]]


def test_a_row_without_an_amount(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """A row for which the rule says nothing says why; the others have their amounts; the exit code is 1."""
    over = ("--over", "due=2026-02-28..2026-03-01", "--facts", facts(**LATE))
    said, machine = (cli("fee", "table", book, "dated", *over, *more) for more in ([], ["--json"]))
    why = "rule has no value on 2026-02-28 (due); its first day is 2026-03-01"

    assert said.code == machine.code == 1
    assert _cells(said) == [["2026-02-28", why], ["2026-03-01", "CNY 15.00"]]
    assert machine.document["rows"] == [
        {"value": "2026-02-28", "error": "missing-value", "texts": [why]},
        {"value": "2026-03-01", "amount": {"amount": "15.00", "currency": "CNY"}},
    ]


def test_a_table_for_machines(cli: Cli, book: str, tmp_path: Path) -> None:
    """With ``--json``, what stays the same, what changes, and its rows; numbers that are not whole are texts."""
    (tmp_path / "facts.toml").write_text("weight = 0.5\nunheard = 3", encoding="utf-8")
    said = cli("fee", "table", book, "items", "--over", "volumes=0..1", "--facts", "facts.toml", "--json")
    document = said.document

    assert len(document.pop("digest")) == 64
    assert document == {
        "rulebook": "desk/fees",
        "rule": "items",
        "facts": {"weight": "0.5"},
        "over": "volumes",
        "rows": [
            {"value": 0, "amount": {"amount": "1.50", "currency": "CNY"}},
            {"value": 1, "amount": {"amount": "2.50", "currency": "CNY"}},
        ],
    }


def test_every_kind_of_fact_for_machines(cli: Cli, book: str, tmp_path: Path) -> None:
    """Days and balances of TOML are written as JSON has them."""
    text = "due = 2026-03-01\nunpaid = { 2026-03-01 = 1.50 }\ndue_at = 2026-03-01T10:00:00+08:00"
    (tmp_path / "facts.toml").write_text(text, encoding="utf-8")
    over = ("--json", "--facts", "facts.toml", "--over")

    assert cli("fee", "table", book, "balance", *over, "days=0").document["facts"] == {
        "due": "2026-03-01",
        "unpaid": {"2026-03-01": "1.50"},
    }
    assert cli("fee", "table", book, "room", *over, "minutes=0").document["facts"] == {
        "due_at": "2026-03-01T10:00:00+08:00"
    }

    listed = '{"end": "2026-03-03", "unpaid": [["2026-03-01", 1.50]]}'
    (tmp_path / "facts.json").write_text(listed, encoding="utf-8")
    said = cli("fee", "table", book, "balance", "--json", "--facts", "facts.json", "--over", "due=2026-03-01")
    assert said.document["facts"]["unpaid"] == [["2026-03-01", "1.50"]]


def test_the_facts_of_every_row(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """What is missing or wrong in any row is told once, all of it, and there is no table."""
    said = cli("fee", "table", book, "card", "--over", "kind=vip,gold,gold", "--facts", facts())
    days = cli("fee", "table", book, "balance", "--over", "days=0..9", "--facts", facts(due="x", unpaid=3))

    assert (said.code, said.out) == (days.code, days.out) == (1, "")
    assert said.err.splitlines()[1:] == ["  facts.json: facts.member: found nothing, expected true or false"]
    assert [line.split(", expected")[0] for line in sorted(days.err.splitlines()[1:])] == [
        "  facts.json: facts.due: found 'x'",
        "  facts.json: facts.unpaid: found 3",
    ]


@pytest.mark.parametrize(
    ("rule", "over", "expected"),
    [
        ("overdue", "days", "found 'days', expected NAME=FIRST..LAST, NAME=FIRST..LAST/STEP or NAME=A,B,C"),
        ("overdue", "days=", "found 'days=', expected NAME="),
        ("overdue", "=0..3", "found '=0..3', expected NAME="),
        ("overdue", "volumes=0..3", "the rule reads no 'volumes'; it reads due, end, days"),
        ("overdue", "minutes=0..3", "the rule counts no minutes; it reads due, end, days"),
        ("room", "days=0..3", "the rule counts no days; it reads due_at, end_at, minutes"),
        ("flat", "days=0..3", "it reads no facts: it is the same amount always"),
        (
            "two",
            "days=0..3",
            "the rule counts days from due to end and from noticed to paid_on; name one of these facts",
        ),
        ("balance", "unpaid=1..3", "unpaid is a balance over time, which has no place on the line"),
        ("overdue", "days=5..4", "found '5..4', expected a range that ends no earlier than it begins"),
        ("overdue", "end=2026-03-02..2026-03-01", "expected a range that ends no earlier than it begins"),
        ("overdue", "days=0..10000", "'0..10000' has 10001 rows, expected at most 10000"),
        ("overdue", "days=0..1000000000000000000000", "expected a whole number, 0 or more"),
        ("overdue", "days=0..3/0", "found '0..3/0', expected a step above 0"),
        ("overdue", "days=0..3/-1", "found '-1', expected a whole number, 0 or more"),
        ("overdue", "days=0..3/0.5", "found '0.5', expected a whole number, 0 or more"),
        ("overdue", "days=0..3/", "found '', expected a whole number, 0 or more"),
        ("overdue", "days=-1..x", "found '-1', expected a whole number, 0 or more; found 'x', expected"),
        ("overdue", "days=..", "found '', expected a whole number, 0 or more"),
        ("overdue", "days=0...3", "found '.3', expected a whole number, 0 or more"),
        ("overdue", "days=1,,x", "found '', expected a whole number, 0 or more; found 'x', expected"),
        ("overdue", "days=0..3650000", "'0..3650000' has 3650001 rows"),
        ("overdue", "days=3650000", "'3650000' after 2026-03-01 lies beyond the year 9999"),
        ("overdue", "days=999999999999", "lies beyond the year 9999"),
        ("overdue", "end=1..3", "found '1', expected a day such as 2026-01-31; found '3', expected a day"),
        ("room", "end_at=1..3", "instants have no range; write NAME=A,B,C"),
        ("room", "end_at=2026-03-01T10:00:00", "expected an instant with its offset"),
        ("card", "member=0..1", "flags have no range; write NAME=A,B,C"),
        ("card", "kind=a..c", "words have no range; write NAME=A,B,C"),
        ("card", "member=yes,true,no", "found 'yes', expected true or false; found 'no', expected true or"),
        ("card", "kind=vip,", "found '', expected a word"),
        ("items", "weight=0..1e999999999", "found '1e999999999', expected a number such as 2.5"),
        ("items", "weight=1e999999999", "found '1e999999999', expected a number such as 2.5"),
        ("items", "weight=0..1/1/0", "found '1/0', expected a number such as 2.5"),
        ("items", "weight=0..NaN", "found 'NaN', expected a number such as 2.5"),
        ("items", "volumes=0.5", "found '0.5', expected a whole number, 0 or more"),
        ("whole", "price=0..3/0.001", "found '0.001', expected an amount such as 22.50"),
        ("whole", "price=0..Infinity", "found 'Infinity', expected an amount such as 22.50"),
        ("whole", "price=1/3", "found '1/3', expected an amount such as 22.50"),
    ],
)
def test_no_rows(cli: Cli, book: str, facts: Callable[..., str], rule: str, over: str, expected: str) -> None:
    """What ``--over`` cannot mean is wrong usage: every mistake, what was found, what was expected."""
    given = facts(**LATE, due_at="2026-03-01T10:00:00Z", kind="gold", member=True, volumes=1, weight=1)
    said = cli("fee", "table", book, rule, "--over", over, "--facts", given)

    assert (said.code, said.out) == (2, "")
    assert "Invalid value for --over: " in said.err
    assert expected in said.err


def test_the_most_rows(cli: Cli, book: str, facts: Callable[..., str]) -> None:
    """Ten thousand rows are not too many."""
    line = ("fee", "table", book, "overdue", "--over", "days=0..9999", "--facts", facts(**LATE), "--json")

    assert len(cli(*line).document["rows"]) == 10_000


# --- fee laws -------------------------------------------------------------------------------------

FEW = ("--examples", "3")


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A rulebook with three fees: by the day, always the same, and one that its source leaves open."""
    rules = [_rule("overdue", RULES["overdue"]), _rule("flat", "CNY 10.00"), _rule("open", "gap(CNY)")]
    (tmp_path / "small.toml").write_text("".join((BOOK, *rules)), encoding="utf-8")
    return "small.toml"


def test_laws_kept(cli: Cli, small: str, tmp_path: Path) -> None:
    """A table of the laws that each rule keeps and of those that could not be tried; what each says."""
    said = cli("fee", "laws", small, *FEW)
    lines = said.out.splitlines()

    assert (said.code, said.err) == (0, "")
    assert lines[0] == "desk/fees: laws"
    assert re.split(" {2,}", lines[1]) == ["rule", "kept", "untried", "broken", "rises with"]
    assert re.search(r"^overdue +1, 2, 3, 4, 5, 6, 7, 11, [0-9, ]+ end$", said.out, re.MULTILINE)
    assert re.search(r"^open +22 +1, 2, ", said.out, re.MULTILINE)
    assert re.search(r"^3 +monotone +it moves with a fact", said.out, re.MULTILINE)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["small.toml"]  # nothing is left behind


def test_laws_kept_for_machines(cli: Cli, small: str) -> None:
    """With ``--json``, a list of the rules with the numbers of the laws, and nothing else is written."""
    said = cli("fee", "laws", small, *FEW, "--json")

    assert [set(each) for each in said.document] == [{"rule", "kept", "untried", "broken", "monotone"}] * 3
    assert {each["rule"]: each["broken"] for each in said.document} == {"overdue": [], "flat": [], "open": []}
    assert said.document[2]["kept"] == [22]
    assert [each["monotone"] for each in said.document] == [["end"], [], []]


def test_laws_say_with_which_facts_a_rule_rises(cli: Cli, tmp_path: Path) -> None:
    """A price that falls for all volumes from the tenth on is seen by the fact that is not named."""
    tiers = "tiered(count(volumes, volume), [0..10: CNY 3.00, 10..: CNY 1.00], {})"
    graduated, volume = tiers.format("graduated"), tiers.format("volume")
    rules = [_rule("each", graduated), _rule("all", volume)]
    (tmp_path / "tiers.toml").write_text("".join((BOOK, *rules)), encoding="utf-8")

    each, all_ = cli("fee", "laws", "tiers.toml", *FEW, "--json").document
    assert (each["monotone"], all_["monotone"]) == (["volumes"], [])
    assert 3 not in [*all_["kept"], *all_["untried"]]


def test_laws_on_a_terminal(cli: Cli, small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody looks, they are told how far it is, on standard error."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("fee", "laws", small, *FEW)

    assert "laws" in said.err
    assert max(map(len, said.out.splitlines())) <= 60


def _breaking(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the first law be one that no rule keeps."""
    from servflow.testing import laws

    def test(rule: object, facts: object, draw: object) -> None:
        raise error

    broken = laws.Law(1, "determinism", "it is always the same", lambda _: True, test)
    monkeypatch.setattr(laws, "LAWS", (broken, *laws.LAWS[1:4]))


def test_a_law_broken(cli: Cli, small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A law that is broken is not kept: it is told with its rule and its counter-example; exit code 1."""
    from servflow.core.fees import Facts
    from servflow.testing.laws import LawBroken

    _breaking(monkeypatch, LawBroken(1, "one, then two", rule="CNY 10.00", facts=Facts(counts={"n": 1})))
    said, machine = cli("fee", "laws", small, *FEW), cli("fee", "laws", small, *FEW, "--json")

    assert said.code == machine.code == 1
    assert re.search(r"^flat +2, 4 +1$", said.out, re.MULTILINE)
    assert "flat: law 1, determinism: " in said.err
    assert re.search(r"facts: +counts n=1\n +found: +one, then two", said.err)
    flat = machine.document[1]
    assert (flat["kept"], [each["law"] for each in flat["broken"]]) == ([2, 4], [1])
    assert "one, then two" in flat["broken"][0]["why"]


def test_a_law_under_which_another_one_is_broken(
    cli: Cli, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that reads what it does not declare breaks that law; the one that was asked for is untried."""
    from servflow.testing.laws import LawBroken

    _breaking(monkeypatch, LawBroken(21, "it reads volumes among the counts, which it does not declare"))
    flat = cli("fee", "laws", small, *FEW, "--json").document[1]

    assert (flat["kept"], flat["untried"]) == ([2, 4], [1])
    assert [each["law"] for each in flat["broken"]] == [21]


def test_a_law_that_cannot_be_tried_to_its_end(cli: Cli, small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a rule raises when a law is tried on it is told as that law broken, never as a traceback."""
    _breaking(monkeypatch, ZeroDivisionError("by nothing"))
    said = cli("fee", "laws", small, *FEW)

    assert said.code == 1
    assert re.search(r"^flat: law 1, determinism: ", said.err, re.MULTILINE)
    assert "it raises ZeroDivisionError: by nothing" in said.err


def test_where_a_rule_says_nothing(cli: Cli, tmp_path: Path) -> None:
    """A gap, or a day before the first value: the message names the rulebook, the rule and the reason."""
    facts = tmp_path / "facts.json"
    facts.write_text('{"phase": "second", "class": "vip"}', "utf-8")
    said = cli("fee", "eval", "farm-club/membership-prices", "price", "--facts", facts)
    assert said.code == 1
    assert said.err.startswith(
        "servflow: farm-club/membership-prices: rules.price: amount has no value in the source"
    )
    facts.write_text('{"refused_on": "2001-01-01", "paid": 5, "paid_by_card": false}', "utf-8")
    said = cli("fee", "eval", "golf-club/refunds", "refund", "--facts", facts)
    assert said.code == 1
    assert "rules.refund: rule has no value on 2001-01-01" in said.err


def test_a_name_that_does_not_ship(cli: Cli) -> None:
    """Whoever mistypes the name of a rulebook is told those that ship."""
    said = cli("fee", "eval", "golf-club/refund", "refund")
    assert said.code == 1
    assert "golf-club/refunds" in said.err
