"""A dispatch centre on the command line: whom to ask, requests passed on, a month settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import Cli, Said

from servflow.core.ill.centre.effects import via

HOST = """
[library]
id = "CN-CALIS"
name = "高校文献保障中心"
email = "ill@calis.example.cn"
language = "zh_CN"
city = "北京"
centre = true

[institutions."CN-CQ"]
name = "重庆某大学图书馆"
kind = "university_library"
place = "elsewhere"
near = ["成都"]
email = "ill@cq.example.cn"
language = "zh_CN"

[[suppliers]]
ref = "CN-PKU"
name = "北京某大学图书馆"
email = "ill@pku.example.cn"
language = "zh_CN"

[[suppliers]]
ref = "CN-SCU"
name = "成都某大学图书馆"
email = "ill@scu.example.cn"
language = "zh_CN"
load = 4
capacity = 5

[[suppliers]]
ref = "CN-ZJU"
name = "杭州某大学图书馆"
email = "ill@zju.example.cn"
language = "zh_CN"
closed-through = 2099-12-31

[[holdings]]
library = "CN-PKU"
location = "北京"
title = "古城水系考"

[[holdings]]
library = "CN-SCU"
location = "成都"
title = "古城水系考"

[[holdings]]
library = "CN-ZJU"
location = "杭州"
title = "古城水系考"
"""
WHO = ("--recorded-at", "2026-11-02T10:00:00+08:00")
T = "CN-CQ/B1~1"
C = via(T)


@pytest.fixture
def centre(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program at a centre's desk; refused or wrong only where the test says so."""
    (tmp_path / "centre.toml").write_text(HOST, encoding="utf-8")
    monkeypatch.setenv("SERVFLOW_HOST", str(tmp_path / "centre.toml"))
    monkeypatch.setenv("SERVFLOW_RULEBOOK", "calis/centre-lending")
    monkeypatch.setenv("SERVFLOW_BORROWING_RULEBOOK", "calis/centre-borrowing")

    def said(*words: str, code: int = 0) -> Said:
        answer = cli(*words)
        assert answer.code == code, answer
        return answer

    return said


@pytest.fixture
def passed_on(centre: Any) -> Any:
    """A library has a relation with the centre, and has asked it for a book."""
    centre("ill", "do", "CN-CQ", "Apply", "lender=CN-CALIS", "kind=university_library", *WHO)
    centre("ill", "do", "CN-CQ", "Approve", *WHO)
    centre("ill", "do", "CN-CQ", "Sign", "agreements=", *WHO)
    asked = ("requester=CN-CQ", "supplier=CN-CALIS", "request_id=B1~1", 'requested={"title": "古城水系考"}')
    centre("ill", "do", T, "ReceiveRequest", *asked, "--as", "requester", *WHO)
    return centre


@pytest.mark.clause("CALIS-7")
def test_the_nearest_library_that_holds_it_is_named_first(centre: Any) -> None:
    """Whoever is left out stands below with the reason."""
    said = centre("centre", "route", "古城水系考", "--for", "CN-CQ", "--on", "2026-11-02")

    assert [line.split() for line in said.out.splitlines()[3:5]] == [["1", "CN-SCU"], ["2", "CN-PKU"]]
    assert "CN-ZJU takes no requests until" in said.out


def test_where_nobody_is_left_the_exit_code_says_so(centre: Any) -> None:
    """For machines the reasons come with their codes."""
    words = ("--asked", "CN-PKU", "--asked", "CN-SCU", "--on", "2026-11-02", "--json")
    said = centre("centre", "route", "古城水系考", "--for", "CN-CQ", *words, code=1)

    assert said.document["suppliers"] == []
    assert sorted(each["code"] for each in said.document["left_out"]) == [
        "ill.route.asked-before",
        "ill.route.asked-before",
        "ill.route.closed",
    ]


def test_a_request_to_the_centre_is_passed_on_by_holding_location(passed_on: Any) -> None:
    """The centre's desk opens a case of its own for it, and asks the nearest library."""
    shown = passed_on("ill", "show", C, "--json").document

    assert C in str(shown)
    assert "CN-SCU" in str(shown)
    passed_on("ill", "hear", C, "unfilled", *WHO)
    assert "CN-PKU" in str(passed_on("ill", "show", C, "--json").document)
    assert passed_on("audit", "--redecide").code == 0


def test_a_month_is_settled(passed_on: Any) -> None:
    """What the supplier charges the centre and the centre the library is drawn up, paid, and level."""
    passed_on("ill", "hear", C, "shipped", "items=v1", "due=2026-12-01", "costs=loan-fee 20.00", *WHO)
    term = ("--from", "2026-11-01", "--to", "2026-11-30")
    early = passed_on(
        "centre", "settle", "2026-11", *term, "--recorded-at", "2026-11-30T09:00:00+08:00", code=3
    )
    assert "The term is not over" in early.err

    at = ("--recorded-at", "2026-12-01T09:00:00+08:00")
    drawn = passed_on("centre", "settle", "2026-11", *term, *at)
    assert drawn.out == "2026-11: Draw up the settlement -> drawn up\n"
    shown = passed_on("centre", "show", "2026-11")
    assert [line.split()[0] for line in shown.out.splitlines()[3:5]] == ["CN-CQ", "CN-SCU"]
    assert "CNY 20.00" in shown.out

    overlapping = passed_on("centre", "settle", "again", *term, *at, code=3)
    assert "has days of this term already" in overlapping.err

    passed_on("centre", "pay", "2026-11", "CN-CQ", *at)
    twice = passed_on("centre", "pay", "2026-11", "CN-CQ", *at, code=3)
    assert "was paid on" in twice.err
    assert "CN-SCU" in passed_on("centre", "settlements").out
    paid = passed_on("centre", "pay", "2026-11", "CN-SCU", *at, "--json").document
    assert (paid["state"], paid["unpaid"]) == ("settled", [])
    listed = passed_on("centre", "settlements", "--json").document
    assert [each["id"] for each in listed] == ["2026-11"]
    assert passed_on("centre", "show", "2026-11", "--json").document["state"] == "settled"
    assert passed_on("audit").code == 0


def test_what_a_supplier_says_late_comes_into_the_next_settlement(passed_on: Any) -> None:
    """Both halves with one value date, said to be late; what was not paid before stands beside it."""
    passed_on("centre", "settle", "2026-10", "--from", "2026-10-01", "--to", "2026-10-31", *WHO)
    shipped = ("ill", "hear", C, "shipped", "items=v1", "due=2026-12-20", "costs=loan-fee 30.00")
    november = ("--from", "2026-11-01", "--to", "2026-11-30")
    at = ("--recorded-at", "2026-12-01T09:00:00+08:00")
    passed_on("centre", "settle", "2026-11", *november, *at)
    passed_on(*shipped, "--recorded-at", "2026-12-02T10:00:00+08:00", "--at", "2026-11-29T10:00:00+08:00")
    december = ("--from", "2026-12-01", "--to", "2026-12-31")
    new_year = ("--recorded-at", "2027-01-01T09:00:00+08:00")
    drawn = passed_on("centre", "settle", "2026-12", *december, *new_year, "--json").document

    assert drawn["drawn_up"] == "2027-01-01"
    assert [due["member"] for due in drawn["dues"]] == ["CN-CQ", "CN-SCU"]
    shown = passed_on("centre", "show", "2026-12").out
    assert "CNY 30.00" in shown
    assert "-CNY 30.00" in shown
    assert passed_on("centre", "show", "2026-11", "--json").document["dues"] == []
    early = passed_on(
        "centre", "pay", "2026-12", "CN-CQ", *new_year, "--at", "2026-12-31T09:00:00+08:00", code=3
    )
    assert "nothing is paid before that day" in early.err
    again = passed_on("centre", "settle", "2026-11b", *november, *new_year, code=3)
    assert "Terms are drawn up one after the other" in again.err
    spring = ("--from", "2027-01-01", "--to", "2027-01-31", "--recorded-at", "2027-02-01T09:00:00+08:00")
    passed_on("centre", "settle", "2027-01", *spring)
    after = passed_on("centre", "show", "2027-01").out
    assert "CN-SCU" in after
    assert set(passed_on("centre", "show", "2027-01", "--json").document["unpaid_before"]) == {
        "CN-CQ",
        "CN-SCU",
    }
    assert passed_on("audit", "--redecide").code == 0


def test_a_supplier_that_left_is_named_before_its_money_is_left_out(passed_on: Any, tmp_path: Path) -> None:
    """Nothing is drawn up until it is a member again, or level."""
    passed_on("ill", "hear", C, "shipped", "items=v1", "due=2026-12-01", "costs=loan-fee 20.00", *WHO)
    kept = "[[".join(part for part in HOST.split("[[") if '"CN-SCU"' not in part)
    assert kept != HOST
    (tmp_path / "centre.toml").write_text(kept, encoding="utf-8")
    term = ("--from", "2026-11-01", "--to", "2026-11-30", "--recorded-at", "2026-12-01T09:00:00+08:00")

    refused = passed_on("centre", "settle", "2026-11", *term, code=3)
    assert "CN-SCU is no member, and owes CNY 0.00 and is owed CNY 20.00" in refused.err
    (tmp_path / "centre.toml").write_text(HOST, encoding="utf-8")
    passed_on("centre", "settle", "2026-11", *term)


def test_a_dispute_is_shown_with_the_settlement(passed_on: Any) -> None:
    """What staff have to look at stands below the lines."""
    passed_on("ill", "hear", C, "shipped", "items=v1", "due=2026-12-01", "costs=loan-fee 20.00", *WHO)
    term = ("--from", "2026-11-01", "--to", "2026-11-30")
    at = ("--recorded-at", "2026-12-01T09:00:00+08:00")
    passed_on("centre", "settle", "2026-11", *term, *at)
    passed_on("centre", "dispute", "2026-11", "CN-CQ", "paid in cash", *at)
    said = "CN-CALIS does not agree with the line of CN-CQ: paid in cash"
    assert said in passed_on("centre", "show", "2026-11").out

    passed_on("centre", "clear", "2026-11", "ill.attention.settlement-disputed", *at)
    assert said not in passed_on("centre", "show", "2026-11").out


def test_a_settlement_that_is_not_there_is_wrong_usage(passed_on: Any) -> None:
    """The exit code is that of an id that nobody knows."""
    assert "2026-99" in passed_on("centre", "show", "2026-99", code=2).err
