"""``servflow ill list``, ``ill show`` and ``ill why``: what is stored, and what is owed for it."""

from __future__ import annotations

import pytest
from command_line import LOAN, NEW, RARE, Cli

BACK = ("ill", "do", LOAN, "CheckIn", "--recorded-at", "2026-03-20T10:00:00+08:00")


# --- list -----------------------------------------------------------------------------------------


def test_list(lent: Cli) -> None:
    """The transactions in the order of their ids, each as its fields."""
    said = lent("ill", "list", "--json")

    assert said.code == 0
    ids = [it["id"] for it in said.document]
    assert ids == sorted(ids)
    assert len(ids) == 7
    assert {(it["kind"], it["version"]) for it in said.document} <= {("ill.supply", n) for n in (1, 2, 3)}
    assert {it["id"]: it["state"] for it in said.document}[LOAN] == "shipped"


def test_list_in_a_table(lent: Cli) -> None:
    """A line for each: title, state with its outcome, due date, whether it is overdue, what it costs so far."""
    lines = lent("ill", "list", "--on", "2026-03-01").out.splitlines()
    (loan,) = [line for line in lines if LOAN in line]
    (rare,) = [line for line in lines if RARE in line]

    assert lines[0] == "transactions on 1 March 2026"
    assert all(part in loan for part in ("江南书院史料选", "28 February 2026", " ! ", "CNY 25.00"))
    assert "not filled" in rare
    assert not any(line.endswith(" ") for line in lines)


def test_on_the_due_day_nothing_is_overdue(lent: Cli) -> None:
    """``--on`` says on which day overdue is judged; on the due day nothing is."""
    assert " ! " not in lent("ill", "list", "--on", "2026-02-28").out


def test_list_of_a_state(lent: Cli) -> None:
    """``--state`` leaves out the others; a state that the table does not know is wrong usage."""
    assert [it["id"] for it in lent("ill", "list", "--state", "new", "--json").document] == [NEW]
    assert lent("ill", "list", "--state", "lost", "--json").document == []

    said = lent("ill", "list", "--state", "overdue")
    assert said.code == 2
    assert "at_requester" in said.err
    assert lent("ill", "list", "--relations", "--state", "shipped").code == 2


def test_list_page_by_page(lent: Cli) -> None:
    """``--limit`` and ``--after`` go through them page by page; the last line says how to go on."""
    ids = [it["id"] for it in lent("ill", "list", "--json").document]
    first = lent("ill", "list", "--limit", "3", "--json").document
    second = lent("ill", "list", "--limit", "4", "--after", first[-1]["id"], "--json").document

    assert [it["id"] for it in first + second] == ids
    assert f"--after {ids[2]}" in lent("ill", "list", "--limit", "3").err
    assert lent("ill", "list").err == ""


@pytest.mark.parametrize("limit", ["0", "-1", "10001", "x"])
def test_a_limit_within_limits(lent: Cli, limit: str) -> None:
    """A page has 1 to 10000 lines."""
    assert lent("ill", "list", "--limit", limit).code == 2


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "0001-01-01", "9999-12-31", "2026-03-20T10:00:00"])
def test_a_day(lent: Cli, day: str) -> None:
    """A day that is none, or of no year that a desk has seen, is wrong usage."""
    assert lent("ill", "list", "--on", day).code == 2
    assert lent("ill", "why", LOAN, "--on", day).code == 2


def test_relations(lent: Cli) -> None:
    """The borrowers' relations: state, volumes out, what is open, what is paid in."""
    said = lent("ill", "list", "--relations", "--json")
    table = lent("ill", "list", "--relations").out

    assert [(it["kind"], it["id"], it["state"]) for it in said.document] == [
        ("ill.relation", "CN-110108", "signed"),
        ("ill.relation", "CN-320500", "signed"),
    ]
    assert all(part in table for part in ("in force", "CNY 20.00", "CNY 500.00"))


# --- show -----------------------------------------------------------------------------------------


def test_show(lent: Cli) -> None:
    """A transaction with its fields, its journal, its postings and its mail."""
    said = lent("ill", "show", LOAN, "--json")

    assert said.code == 0
    it = said.document
    assert (it["kind"], it["id"], it["version"]) == ("ill.supply", LOAN, 3)
    commands = [entry["command"]["command"] for entry in it["journal"]]
    assert commands == ["ReceiveRequest", "Promise", "Ship"]
    assert [entry["seq"] for entry in it["journal"]] == [1, 2, 3]
    assert [(p["debit"], p["amount"]["amount"]) for p in it["postings"]] == [
        ("receivable/CN-320500", "20.00")
    ]
    assert [outgoing["status"] for outgoing in it["outbox"]] == ["superseded", "superseded", "pending"]


@pytest.mark.parametrize(
    ("lang", "parts"),
    [
        ("en", ("Ship", "CNY 20.00", "31 January 2026", "loan fee")),
        ("zh_CN", ("寄出", "¥20.00", "2026年1月31日", "借书费用")),
    ],
)
def test_show_in_tables(lent: Cli, lang: str, parts: tuple[str, ...]) -> None:
    """The same in tables, in the language asked for, in the zone of the rulebook."""
    said = lent("ill", "show", LOAN, "--lang", lang)

    assert said.code == 0
    assert [part for part in (*parts, "10:00", "superseded") if part not in said.out] == []


def test_show_a_relation(lent: Cli) -> None:
    """A relation is shown by the id of its institution, with the deposit it paid."""
    assert "deposit paid in" in lent("ill", "show", "CN-110108").out
    assert lent("ill", "show", "CN-110108", "--json").document["kind"] == "ill.relation"


def test_show_what_has_no_postings(lent: Cli) -> None:
    """What cost nothing has no table of postings, and what nobody was told about none of mail."""
    assert "postings" not in lent("ill", "show", NEW).out

    assert lent("ill", "do", "CN-1", "Apply", "lender=CN-NLC", "kind=other").code == 0
    lines = lent("ill", "show", "CN-1").out.splitlines()
    assert "journal" in lines
    assert not {"postings", "mail"} & set(lines)


def test_show_what_is_not_there(lent: Cli) -> None:
    """An id that nothing has is wrong usage, also for machines."""
    said, plain = lent("ill", "show", "NOBODY"), lent("ill", "show", "NOBODY", "--json")

    assert said.code == plain.code == 2
    assert "'NOBODY'" in said.err
    assert plain.document == {
        "error": "not-found",
        "texts": ["no transaction, relation or case with the id 'NOBODY'"],
    }


# --- why ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "parts"),
    [
        (
            "en",
            (
                "on 7 March 2026",
                "CNY 55.00",
                "[NLC-4]",
                "[NLC-12]",
                "1 volume × 7 days × CNY 5.00 = CNY 35.00",
            ),
        ),
        ("zh_CN", ("¥55.00", "[NLC-4]", "[NLC-12]", "江南书院史料选", "1册 × 7天 × ¥5.00 = ¥35.00")),
    ],
)
def test_why(lent: Cli, lang: str, parts: tuple[str, ...]) -> None:
    """What is owed on a day, clause by clause, in the language asked for."""
    said = lent("ill", "why", LOAN, "--on", "2026-03-07", "--lang", lang)

    assert said.code == 0
    assert [part for part in parts if part not in said.out] == []


def test_why_for_machines(lent: Cli) -> None:
    """Each charge with its derivation, and what has become of it, by account."""
    assert lent(*BACK).code == 0
    assert lent("ill", "do", "CN-320500", "Pay", "amount=100").code == 0
    said = lent("ill", "why", LOAN, "--on", "2026-04-01", "--json").document

    assert set(said) == {"id", "on", "owed", "settlements"}
    assert (said["id"], said["on"]) == (LOAN, "2026-04-01")
    assert [(charge["kind"], charge["amount"]["amount"]) for charge in said["owed"]] == [
        ("loan-fee", "20.00"),
        ("overdue", "100.00"),
    ]
    assert all(set(charge) == {"kind", "amount", "derivation"} for charge in said["owed"])
    (settled,) = said["settlements"]
    assert settled.pop("account") == "receivable/CN-320500"
    assert set(settled) == {"charged", "paid", "waived", "outstanding", "credited"}
    assert [settled[name]["amount"] for name in ("charged", "paid", "outstanding")] == [
        "120.00",
        "100.00",
        "20.00",
    ]


def test_why_nothing(lent: Cli) -> None:
    """Nothing is owed for what was never lent."""
    assert "Nothing is owed" in lent("ill", "why", RARE).out
    assert lent("ill", "why", RARE, "--json").document["owed"] == []


def test_why_is_asked_of_a_transaction(lent: Cli) -> None:
    """What a relation holds is shown; asking why is wrong usage, with or without --json."""
    assert "ill show CN-110108" in lent("ill", "why", "CN-110108").err
    assert lent("ill", "why", "CN-110108", "--json").code == 2
    assert lent("ill", "why", "NOBODY").code == 2
