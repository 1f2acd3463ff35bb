"""A gateway on the command line: filed by mail and with a login, filed on, answered, looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Cli

HOST = """
[library]
id = "CN-CALIS"
name = "CALIS馆际互借中心"
email = "centre@example.cn"
language = "zh_CN"
city = "北京"

[[suppliers]]
ref = "CN-330000"
name = "省图书馆"
email = "ill@example.org"
language = "zh_CN"

[patrons."p-17"]
name = "林晓"
email = "lin@example.cn"
language = "zh_CN"
category = "teacher"
accounts-at = ["CN-440104"]

[contacts."CN-330106-ill"]
name = "馆际互借员"
email = "huji@example.cn"
language = "zh_CN"

[members."CN-330106"]
mode = "email"
librarian = "CN-330106-ill"

[members."CN-440104"]
mode = "distributed"
runs-system = true
service-library = true

[[networks]]
library = "CN-330106"
ranges = ["202.120.0.0/16"]
"""
AT = ("--recorded-at", "2026-03-02T10:00:00+08:00")
FILE = ("filing", "file", "F-1", "--patron", "p-17", "--title", "江南书院史料选", *AT)
FORM = ("--route", "mail_form", "--detail", "name", "--detail", "email")


@pytest.fixture
def gateway(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The program at the gateway of the thesis system."""
    host = tmp_path / "gateway.toml"
    host.write_text(HOST, encoding="utf-8")
    monkeypatch.setenv("SERVFLOW_HOST", str(host))
    return cli


@pytest.mark.clause("CALIS-2", "CALIS-5")
def test_the_address_proposes_the_library_and_is_kept_nowhere(gateway: Cli, tmp_path: Path) -> None:
    """Filed by mail for the library of that network; the address stands in no journal."""
    said = gateway(*FILE, *FORM, "--from-address", "202.120.7.1", "--json")

    assert (said.code, said.document["library"], said.document["state"]) == (0, "CN-330106", "with_library")
    assert said.document["proposed"] == "CN-330106"
    assert b"202.120" not in (tmp_path / "servflow.db").read_bytes()


@pytest.mark.clause("CALIS-15")
def test_the_letter_to_the_librarian_names_the_reader(gateway: Cli, tmp_path: Path) -> None:
    """Name and address are in the mail; the database has the reference only."""
    assert gateway(*FILE, *FORM, "--library", "CN-330106").code == 0
    database = (tmp_path / "servflow.db").read_bytes()
    assert "林晓".encode() not in database
    assert b"lin@example.cn" not in database
    assert gateway("mail", "--maildir", "out").code == 0
    from email import message_from_bytes, policy

    (letter,) = (each for each in (tmp_path / "out" / "new").iterdir())
    body = message_from_bytes(letter.read_bytes(), policy=policy.default).get_content()
    assert "林晓" in body
    assert "lin@example.cn" in body


def test_a_filing_is_refused_for_every_reason(gateway: Cli) -> None:
    """Exit code 3, each reason a line, in words."""
    said = gateway(
        *FILE, "--route", "mail_form", "--library", "CN-330106", "--librarian", "CN-1", "--lang", "en"
    )

    assert said.code == 3
    assert said.err.count("  - ") == 3
    assert "[CALIS-2]" in said.err
    assert "[CALIS-15]" in said.err


@pytest.mark.clause("CALIS-12", "CALIS-18")
def test_the_librarian_files_on_and_answers(gateway: Cli) -> None:
    """What he did is shown; a command that opens nothing needs its filing."""
    gateway(*FILE, *FORM, "--library", "CN-330106")
    onward = gateway(
        *("filing", "do", "F-1", "NoteOnward", "channel=network_gateway", "to=CN-ZJU", "reference=Z-1"),
        *("--as", "librarian", *AT),
    )
    assert (onward.code, "CN-ZJU Z-1" in onward.out) == (0, True)
    assert gateway("filing", "do", "F-1", "AskHowItStands", "--as", "patron", *AT).code == 0
    answered = gateway(
        "filing", "do", "F-1", "RecordAnswer", "filled=true", "note=已寄出", "--as", "librarian", *AT
    )
    assert (answered.code, "已寄出" in answered.out) == (0, True)
    shown = gateway("filing", "show", "F-1", "--json")
    assert (shown.document["state"], shown.document["filled"]) == ("answered", True)
    assert gateway("filing", "show", "F-2").code == 2
    assert gateway("filing", "do", "F-1", "FileRequest").code == 2


@pytest.mark.clause("CALIS-3")
def test_the_clock_sees_what_is_not_answered(gateway: Cli) -> None:
    """A week and a day later a wake tells the reader and the gateway's staff."""
    gateway(*FILE, *FORM, "--library", "CN-330106")
    assert gateway("wake", "--at", "2026-03-09T10:00:00+08:00").code == 0
    assert "late" not in gateway("filing", "show", "F-1", "--json").document
    assert gateway("wake", "--at", "2026-03-10T10:00:00+08:00").code == 0
    assert gateway("filing", "show", "F-1", "--json").document["late"] is True


def test_staff_answer_for_a_library_and_a_librarian_of_another_is_refused(gateway: Cli) -> None:
    """With a login it goes to the home library's desk; only that one and the gateway's staff answer."""
    assert gateway(*FILE, "--library", "CN-440104", "--declared").code == 0
    assert gateway("filing", "do", "F-1", "NoteUnanswered", "--as", "clock", *AT).code == 3
    assert gateway("filing", "do", "F-1", "HandOn", "--as", "librarian", "--by", "l-3", *AT).code == 3
    assert gateway("filing", "do", "F-1", "RecordAnswer", "filled=false", *AT).code == 0
    assert "FileRequest" not in gateway("ill", "do", "F-1", "NoSuchCommand").err


def test_what_is_taken_in_at_once_is_decided_again_alike(gateway: Cli, tmp_path: Path) -> None:
    """In its own gateway a library opens the case itself; each part goes by its own rulebook, then as now."""
    host = tmp_path / "gateway.toml"
    host.write_text(HOST.replace('"CN-CALIS"', '"CN-440104"'), encoding="utf-8")
    said = gateway(*FILE, "--library", "CN-440104", "--declared", "--json")
    assert (said.code, said.document["state"]) == (0, "taken_in")
    assert gateway("ill", "show", "F-1", "--json").document["state"] == "in_review"

    again = gateway("audit", "--redecide", "--json")
    assert (again.code, again.document["differences"], again.document["undecided"]) == (0, [], [])


@pytest.mark.parametrize(
    ("spoilt", "problem"),
    [
        ('ranges = ["202.120.7.1/16"]', "networks[0].ranges[0]"),
        ('ranges = ["202.120.0.0/16"]\n[[networks]]\nlibrary = "CN-1"\nranges = []', "networks[1].library"),
    ],
)
def test_a_mistake_in_the_networks_is_named(gateway: Cli, tmp_path: Path, spoilt: str, problem: str) -> None:
    """The place, what was found, what was expected."""
    host = tmp_path / "gateway.toml"
    host.write_text(HOST.replace('ranges = ["202.120.0.0/16"]', spoilt), encoding="utf-8")
    said = gateway(*FILE, "--from-address", "202.120.7.1")
    assert (said.code, problem in said.err) == (1, True)


def test_a_librarian_without_an_address_is_named(gateway: Cli, tmp_path: Path) -> None:
    """Who is written to is one of the contacts."""
    host = tmp_path / "gateway.toml"
    host.write_text(HOST.replace('librarian = "CN-330106-ill"', 'librarian = "x"'), encoding="utf-8")
    said = gateway(*FILE, *FORM, "--library", "CN-330106")
    assert (said.code, "members.CN-330106.librarian" in said.err) == (1, True)


def test_a_reader_can_be_forgotten(gateway: Cli, tmp_path: Path) -> None:
    """His reference is replaced in the filing, its journal and its mail; the database stays sound."""
    gateway(*FILE, *FORM, "--library", "CN-330106")
    assert gateway("erase", "p-17", "--yes", "--at", "2026-03-03T10:00:00+08:00").code == 0
    assert gateway("filing", "show", "F-1", "--json").document["patron"] != "p-17"
    assert b'"p-17"' not in (tmp_path / "servflow.db").read_bytes()
    assert gateway("audit").code == 0


@pytest.mark.clause("CALIS-7", "CALIS-20", "CALIS-24")
def test_an_individual_user_files_at_the_centre(
    gateway: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered, confirmed by his library's operator, he files, and the centre asks a supplier at once."""
    text = HOST.replace('city = "北京"', 'city = "北京"\ncentre = true')
    text = text.replace('mode = "distributed"', 'mode = "centre_individual"\nregistered = true')
    (tmp_path / "gateway.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SERVFLOW_BORROWING_RULEBOOK", "calis/centre-borrowing")
    monkeypatch.setenv("SERVFLOW_RULEBOOK", "calis/centre-lending")
    given = "given=name,email,institution,telephone"
    operator = ("--as", "operator", "--of", "CN-440104", "--by", "op-1")
    for line in (
        ("register", "op-1", "holder=operator", "home=CN-440104", given),
        ("bind", "op-1", "kind=off_campus", "token=t2"),
        ("confirm", "op-1"),
        ("register", "p-17", "holder=patron", "home=CN-440104", given, "--as", "holder"),
        ("bind", "p-17", "kind=off_campus", "token=t1", "--as", "holder"),
    ):
        assert gateway("account", *line, *AT).code == 0, line
    assert "[CALIS-24]" in gateway(*FILE, "--library", "CN-440104").err
    assert gateway("account", "confirm", "p-17", "overdraft=100", *operator, *AT).code == 0

    said = gateway(*FILE, "--library", "CN-440104", "--json")
    assert (said.code, said.document["state"], said.document["account"]) == (0, "taken_in", "p-17")
    case = gateway("ill", "show", "F-1", "--json").document
    assert (case["state"], case["patron"], case["library"]) == ("sent", "p-17", "CN-CALIS")
    again = gateway("audit", "--redecide", "--json")
    assert (again.code, again.document["differences"], again.document["undecided"]) == (0, [], [])
