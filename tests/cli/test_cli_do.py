"""``servflow ill do`` and ``ill allowed``: commands given, typed fields, and everything that is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import LOAN, NEW, RARE, Cli

AT = "2026-02-10T10:00:00+08:00"
LATE = "2026-03-18T10:00:00+08:00"


def _journal(cli: Cli, id: str) -> list[dict[str, Any]]:
    journal: list[dict[str, Any]] = cli("ill", "show", id, "--json").document["journal"]
    return journal


def _last(cli: Cli, id: str) -> dict[str, Any]:
    """The command that was given last, as the journal keeps it."""
    command: dict[str, Any] = _journal(cli, id)[-1]["command"]
    return command


# --- what is typed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "command", "assignment", "kept"),
    [
        (NEW, "Ship", "items=NLC-1, NLC-2", {"items": ["NLC-1", "NLC-2"]}),
        (NEW, "CannotSupply", "why=NotOnShelf", {"why": "NotOnShelf"}),
        ("CN-110108", "Pay", "amount=25", {"amount": {"amount": "25.00", "currency": "CNY"}}),
        ("CN-110108", "Pay", "amount=CNY 25.5", {"amount": {"amount": "25.50", "currency": "CNY"}}),
        ("CN-110108", "Suspend", "reason=two, three=four {", {"reason": "two, three=four {"}),
        (LOAN, "Recall", "due=2026-02-20", {"due": "2026-02-20"}),
    ],
)
def test_a_field_by_its_type(lent: Cli, id: str, command: str, assignment: str, kept: dict[str, Any]) -> None:
    """A field is typed as name=value and kept by its type: items, codes, amounts, texts, days."""
    more = ["reason=wanted back"] if command == "Recall" else []
    said = lent("ill", "do", id, command, assignment, *more, "--recorded-at", AT)

    assert said.code == 0, said.err
    assert kept.items() <= _last(lent, id).items()


def test_truth_and_numbers(lent: Cli) -> None:
    """Flags are typed as true or false, numbers as digits."""
    damaged = ("ill", "do", LOAN, "RecordDamage", "item=NLC-0018", "note=wet", "in_post=true")
    assert lent(*damaged, "--recorded-at", AT).code == 0
    assert _last(lent, LOAN)["in_post"] is True

    reminded = ("ill", "do", LOAN, "NoticeDue", "due=2026-02-28", "step=1")
    assert lent(*reminded, "--recorded-at", "2026-02-26T10:00:00+08:00").code == 0
    assert _last(lent, LOAN)["step"] == 1


@pytest.mark.parametrize("nothing", ["none", ""])
def test_nothing(lent: Cli, nothing: str) -> None:
    """Where nothing may stand, it is typed as none or left empty."""
    said = lent("ill", "do", NEW, "Ship", "items=NLC-1", f"tariff={nothing}", "--recorded-at", AT)

    assert said.code == 0, said.err
    assert "tariff" not in _last(lent, NEW)


def test_what_has_parts_is_typed_as_json(lent: Cli) -> None:
    """What has parts of its own is typed as JSON: a request entered by hand, reasons with their clauses."""
    reasons = '[{"code": "ill.held-locally", "clause": {"id": "NLC-15", "at": "二"}}]'
    assert lent("ill", "do", NEW, "CannotSupply", "why=NotHeld", f"reasons={reasons}").code == 0
    assert lent("ill", "show", NEW, "--json").document["reasons"] == json.loads(reasons)

    by_hand = ["requester=CN-110108", "supplier=CN-NLC", "request_id=7", 'requested={"title": "古城水系考"}']
    assert lent("ill", "do", "CN-110108/7", "ReceiveRequest", *by_hand).code == 0
    assert lent("ill", "show", "CN-110108/7", "--json").document["requested"] == {"title": "古城水系考"}


def test_every_slip_of_the_fingers_is_named(lent: Cli) -> None:
    """All that is wrong with what was typed is said at once, each with its place; nothing changes."""
    slips = ("nonsense", "colour=red", "note=a", "note=b", "in_post=yes", "item=NLC-0018")
    said = lent("ill", "do", LOAN, "RecordDamage", *slips)

    assert said.code == 2
    assert "4 problems" in said.err
    for text in ("'nonsense'", "fields.colour", "fields.note: found the field twice", "true or false"):
        assert text in said.err
    assert len(_journal(lent, LOAN)) == 3


@pytest.mark.parametrize(
    ("id", "command", "assignments"),
    [
        ("CN-110108", "Pay", ["amount=NaN"]),
        ("CN-110108", "Pay", ["amount=-5"]),
        ("CN-110108", "Pay", ["amount=1.234"]),
        ("CN-110108", "Pay", ["amount=元 5"]),
        ("CN-110108", "Pay", ["amount=25 CNY"]),
        ("CN-110108", "Pay", []),
        (LOAN, "NoticeDue", ["due=2026-02-28", "step=1.5"]),
        (LOAN, "NoticeDue", ["due=2026-02-28", f"step={'9' * 5000}"]),
        (LOAN, "Recall", ["due=2026-02-30", "reason=x"]),
        (LOAN, "Recall", ["due=soon", "reason=x"]),
        (NEW, "Ship", ["items=A,A"]),
        (NEW, "Ship", ["items="]),
        (NEW, "CannotSupply", ["why=Because"]),
        (NEW, "CannotSupply", ["why=NotHeld", "reasons=[{]"]),
        ("X", "ReceiveRequest", ["requested={"]),
        ("CN-110108", "Explode", []),
        ("NOBODY", "Pay", ["amount=5"]),
        ("CN-110108", "Apply", ["lender=CN-NLC", "kind=other"]),
        ("", "Apply", ["lender=CN-NLC", "kind=other"]),
    ],
)
def test_wrong_usage(lent: Cli, id: str, command: str, assignments: list[str]) -> None:
    """What no command can mean is wrong usage: exit code 2, one message, nothing written."""
    before = lent("ill", "list", "--json").out, lent("ill", "list", "--relations", "--json").out
    said = lent("ill", "do", id, command, *assignments, "--recorded-at", AT)

    assert said.code == 2
    assert said.err.startswith("servflow: ")
    assert (lent("ill", "list", "--json").out, lent("ill", "list", "--relations", "--json").out) == before


# --- --data ---------------------------------------------------------------------------------------


def test_fields_from_a_file(lent: Cli, tmp_path: Path) -> None:
    """Fields may come as one JSON object in a file, beside others that are typed."""
    (tmp_path / "fields.json").write_text('{"due": "2026-02-20"}', encoding="utf-8")
    said = lent(
        "ill", "do", LOAN, "Recall", "--data", "fields.json", "reason=wanted back", "--recorded-at", AT
    )

    assert said.code == 0, said.err
    assert lent("ill", "show", LOAN, "--json").document["due"] == "2026-02-20"


def test_fields_from_standard_input(lent: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--data -`` reads them from standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO('{"reason": "逾期"}'.encode())))
    said = lent("ill", "do", "CN-110108", "Suspend", "--data", "-")

    assert said.code == 0, said.err
    assert _last(lent, "CN-110108")["reason"] == "逾期"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[]", "a JSON object"),
        (b"{", "JSON in UTF-8"),
        (b"\xff\xfe", "JSON in UTF-8"),
        (b'{"reason": NaN}', "a whole number"),
        (b'{"reason": "a", "by": "b", "happened_at": "c"}', "fields.by"),
        (b'{"reason": "a", "reason": "b"}', "each key once"),
        (b'{"reason": 7}', "a text"),
    ],
)
def test_data_that_is_none(lent: Cli, tmp_path: Path, content: bytes, expected: str) -> None:
    """Data that is no object of fields is wrong usage, and says what was expected."""
    (tmp_path / "fields.json").write_bytes(content)
    said = lent("ill", "do", "CN-110108", "Suspend", "--data", "fields.json")

    assert said.code == 2
    assert expected in said.err
    assert len(_journal(lent, "CN-110108")) == 4


def test_data_that_is_not_there(lent: Cli, tmp_path: Path) -> None:
    """A file of fields that is not there, or is a folder, is wrong usage."""
    assert lent("ill", "do", "CN-110108", "Suspend", "--data", "no.json").code == 2
    assert lent("ill", "do", "CN-110108", "Suspend", "--data", tmp_path).code == 2


def test_a_field_is_given_once(lent: Cli, tmp_path: Path) -> None:
    """A field that is both in the data and typed is a problem, not a guess."""
    (tmp_path / "fields.json").write_text('{"reason": "a"}', encoding="utf-8")
    said = lent("ill", "do", "CN-110108", "Suspend", "reason=b", "--data", "fields.json")

    assert said.code == 2
    assert "fields.reason: found the field twice" in said.err


# --- the same command twice -----------------------------------------------------------------------


def test_the_same_command_twice_counts_once(lent: Cli) -> None:
    """The same command under the same id again: it says so, and nothing changes."""
    pay = ("ill", "do", "CN-320500", "Pay", "amount=20", "--id", "pay-1", "--at", AT)
    first, again = lent(*pay, "--json"), lent(*pay, "--json")
    shown = lent(*pay)

    assert first.code == again.code == shown.code == 0
    assert (first.document["repeated"], again.document["repeated"]) == (False, True)
    assert again.document["receipt"]["versions"] == first.document["receipt"]["versions"]
    assert shown.out == "CN-320500: Pay -> in force (given before; nothing changed)\n"
    assert sum(entry["command"]["command"] == "Pay" for entry in _journal(lent, "CN-320500")) == 1


def test_the_same_id_for_another_command(lent: Cli) -> None:
    """The same id with another payload is wrong usage; nothing changes."""
    pay = ("ill", "do", "CN-320500", "Pay", "--id", "pay-1", "--at", AT)
    assert lent(*pay, "amount=20").code == 0
    said = lent(*pay, "amount=21")

    assert said.code == 2
    assert "pay-1" in said.err
    assert lent(*pay, "amount=21", "--json").document["error"] == "command-reused"
    assert sum(entry["command"]["command"] == "Pay" for entry in _journal(lent, "CN-320500")) == 1


# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--at", "--recorded-at"])
@pytest.mark.parametrize(
    "instant",
    [
        "2026-03-20T09:00:00",
        "2026-03-20",
        "yesterday",
        "",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59-10:00",
    ],
)
def test_an_instant_has_its_offset(lent: Cli, option: str, instant: str) -> None:
    """An instant without an offset, of no year that a desk has seen, or none at all is wrong usage."""
    said = lent("ill", "do", LOAN, "CheckIn", option, instant)

    assert said.code == 2
    assert option in said.err
    assert len(_journal(lent, LOAN)) == 3


def test_it_happened_before_it_was_recorded(lent: Cli) -> None:
    """What is recorded before it happened is wrong usage."""
    said = lent("ill", "do", LOAN, "CheckIn", "--at", LATE, "--recorded-at", AT)

    assert said.code == 2
    assert "recorded_at" in said.err


def test_found_in_the_book_drop(lent: Cli) -> None:
    """A return recorded on Monday that happened on Saturday is charged to Saturday."""
    times = ("--at", "2026-03-07T20:00:00+08:00", "--recorded-at", "2026-03-09T09:00:00+08:00")
    assert lent("ill", "do", LOAN, "CheckIn", *times).code == 0

    owed = lent("ill", "why", LOAN, "--json").document["owed"]
    assert [charge["amount"]["amount"] for charge in owed] == ["20.00", "35.00"]


# --- what a rule refuses --------------------------------------------------------------------------


@pytest.fixture
def renewed(lent: Cli) -> Cli:
    """The loan has been renewed once, until 2026-03-15."""
    ask = ("ill", "do", LOAN, "RequestRenewal", "reason=reading group", "--as", "requester")
    assert lent(*ask, "--recorded-at", AT).code == 0
    assert lent("ill", "do", LOAN, "GrantRenewal", "--recorded-at", AT).code == 0
    return lent


WRONG = ("ill", "do", NEW, "Ship", "items=A", "tariff=3", "costs=search-fee KWD 3", "due=2026-02-01")


def test_a_refusal_names_every_reason(lent: Cli) -> None:
    """Too late, with a tariff of loans abroad, a wrong currency and a day gone by: all four; nothing changes."""
    wrong = (*WRONG, "--recorded-at", "2026-04-18T10:00:00+08:00")
    said, plain = lent(*wrong), lent(*wrong, "--json")

    assert said.code == plain.code == 3
    assert said.out == ""
    assert said.err.count("  - ") == 4
    assert said.err.count("[NLC-5]") == 1
    assert plain.err == ""
    assert set(plain.document) == {"error", "command", "subject", "reasons", "texts"}
    assert plain.document["error"] == "refused"
    assert len({reason["code"] for reason in plain.document["reasons"]}) == 4
    assert len(_journal(lent, NEW)) == 1


def test_a_refusal_in_chinese(lent: Cli) -> None:
    """The reasons are given in the language asked for."""
    said = lent("--lang", "zh_CN", *WRONG, "--recorded-at", "2026-04-18T10:00:00+08:00")

    assert said.code == 3
    assert "2026年3月20日" in said.err
    assert said.err.count("[NLC-5]") == 1


@pytest.mark.parametrize("role", ["requester", "system", "clock"])
def test_who_may_say_it(lent: Cli, role: str) -> None:
    """What staff have to say, nobody else says."""
    said = lent("ill", "do", LOAN, "CheckIn", "--as", role, "--recorded-at", AT)

    assert said.code == 3


def test_another_currency(lent: Cli) -> None:
    """An amount in a currency that the rulebook does not know is refused by a rule."""
    said = lent("ill", "do", "CN-110108", "Pay", "amount=KWD 1.234", "--recorded-at", AT)

    assert said.code == 3
    assert "CNY" in said.err


def test_an_unknown_role(lent: Cli) -> None:
    """A role that nobody has is wrong usage."""
    assert lent("ill", "do", LOAN, "CheckIn", "--as", "king").code == 2


def test_a_requester_opens_its_own(cli: Cli) -> None:
    """An institution may apply for itself; it is the one that the case is named after."""
    apply = ("ill", "do", "CN-110108", "Apply", "lender=CN-NLC", "kind=university_library")
    said = cli(*apply, "--as", "requester", "--json")

    assert said.code == 0, said.err
    assert said.document["id"] == "CN-110108"
    assert said.document["state"] == "applied"
    assert set(said.document) == {
        "id",
        "state",
        "version",
        "followed",
        "reasons",
        "texts",
        "repeated",
        "receipt",
    }


def test_only_what_opens_a_case_makes_a_database(cli: Cli, tmp_path: Path) -> None:
    """A mistyped --db is not taken for a new one, unless the command opens a case."""
    assert cli("ill", "do", LOAN, "CheckIn", "--db", "typo.db").code == 1
    assert not (tmp_path / "typo.db").exists()

    apply = ("ill", "do", "CN-110108", "Apply", "lender=CN-NLC", "kind=university_library")
    assert cli(*apply, "--db", "new.db").code == 0
    assert (tmp_path / "new.db").exists()


# --- allowed --------------------------------------------------------------------------------------


def test_what_is_allowed(renewed: Cli) -> None:
    """Each command the table allows, with its fields, and every reason for which it would be refused."""
    said = renewed("ill", "allowed", LOAN, "--at", LATE, "--json")

    assert said.code == 0
    found = {row["command"]: row for row in said.document}
    assert {"CheckIn", "GrantRenewal", "Recall", "RequestRenewal"} <= set(found)
    assert {"Ship", "ReceiveRequest"}.isdisjoint(found)
    assert all(set(row) == {"command", "fields", "reasons", "texts"} for row in found.values())
    assert found["CheckIn"]["reasons"] == []
    assert found["RequestRenewal"]["fields"] == ["evidence", "reason", "desired"]
    assert found["Recall"]["reasons"] is None
    assert len(found["GrantRenewal"]["reasons"]) == len(found["GrantRenewal"]["texts"]) == 2


def test_what_is_allowed_to_others(renewed: Cli) -> None:
    """The table has other commands for a borrower than for the clock; who has no part in it is wrong usage."""
    requester = renewed("ill", "allowed", LOAN, "--as", "requester", "--at", LATE, "--json").document
    clock = renewed("ill", "allowed", LOAN, "--as", "clock", "--at", LATE, "--json").document

    assert {"ConfirmReceipt", "RequestRenewal"} <= {row["command"] for row in requester}
    assert {"RequestRenewal", "CheckIn"}.isdisjoint(row["command"] for row in clock)
    for role in ("patron", "supplier"):
        said = renewed("ill", "allowed", LOAN, "--as", role)
        assert (said.code, f"--as {role}" in said.err) == (2, True)


def test_what_is_allowed_in_a_table(renewed: Cli) -> None:
    """The table says yes, why not, or that it depends on what has to be filled in."""
    staff = renewed("ill", "allowed", LOAN, "--at", LATE).out

    assert " yes\n" in staff
    assert staff.count("[NLC-10]") == 1
    assert "depends on its fields" in staff


def test_nothing_is_allowed_to_what_is_not_there(lent: Cli) -> None:
    """An id that nothing has is wrong usage; to what is over the clock has nothing more to say."""
    assert lent("ill", "allowed", "NOBODY").code == 2
    assert lent("ill", "allowed", RARE, "--as", "clock", "--json").document == []
