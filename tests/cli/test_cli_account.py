"""Accounts on the command line: a reader registers, an operator confirms, money comes and goes, he leaves."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import Cli, Said

HOME = "CN-ZJU"
AT = "2026-03-02T10:00:00+08:00"
FIELDS = "given=name,email,institution,telephone"
HIMSELF = ("--as", "holder", "--of", HOME)
OPERATOR = ("--as", "operator", "--of", HOME, "--by", "operator-1")
CARD = ("kind=campus_card", "token=t-17")


@pytest.fixture
def say(cli: Cli) -> Any:
    """One thing said to an account on the 2nd of March; refused or wrong only where the test says so."""

    def said(name: str, id: str, *words: str, code: int = 0, at: str = AT) -> Said:
        answer = cli("account", name, id, *words, "--recorded-at", at)
        assert answer.code == code, answer
        return answer

    return said


@pytest.fixture
def registered(say: Any) -> Any:
    """A reader has registered, and the centre has set up an operator of his library."""
    say("register", "operator-1", "holder=operator", f"home={HOME}", FIELDS)
    say("bind", "operator-1", "kind=off_campus", "token=t-1")
    say("confirm", "operator-1")
    say("register", "p-17", "holder=patron", f"home={HOME}", FIELDS, *HIMSELF)
    return say


@pytest.fixture
def active(registered: Any) -> Any:
    """The reader's account may be used."""
    registered("bind", "p-17", *CARD, *HIMSELF)
    registered("confirm", "p-17", "overdraft=50", "deposit=100", "valid-through=2026-06-30", *OPERATOR)
    registered("deposit", "p-17", "amount=100")
    return registered


@pytest.mark.clause("CALIS-4", "CALIS-10", "CALIS-24")
def test_a_reader_registers_and_his_librarys_operator_confirms(cli: Cli, registered: Any) -> None:
    """Each answer says what has become of the account; what follows of itself is named."""
    assert "registered, to be checked" in cli("account", "list").out
    registered("bind", "p-17", *CARD, *HIMSELF)
    confirmed = registered("confirm", "p-17", "overdraft=50", *OPERATOR)

    assert confirmed.out == "p-17: Confirm the account and set its terms; Activate the account -> active\n"
    shown = cli("account", "show", "p-17", "--at", AT, "--json").document
    assert (shown["state"], shown["usable"], shown["available"]) == (
        "active",
        True,
        {"amount": "50.00", "currency": "CNY"},
    )
    assert [entry["command"]["command"] for entry in shown["journal"]] == [
        "RegisterAccount",
        "BindIdentity",
        "ConfirmAccount",
        "Activate",
    ]


@pytest.mark.clause("CALIS-24")
def test_an_operator_of_another_library_is_refused(cli: Cli, registered: Any) -> None:
    """With the exit code of a rule; so is one whom the centre has not set up, and nothing is written."""
    registered("confirm", "p-17", "--as", "operator", "--of", "CN-440100", "--by", "operator-1", code=3)
    refused = registered("confirm", "p-17", "--as", "operator", "--of", HOME, "--by", "somebody", code=3)

    assert refused.err.startswith(
        "servflow: ConfirmAccount refused for ill.account p-17\n  - The centre has set up"
    )
    assert "CALIS-8" in refused.err
    assert cli("account", "show", "p-17", "--json").document["version"] == 1


def test_an_operator_says_who_he_is(registered: Any) -> None:
    """Of which library, and who; anything else is wrong usage."""
    registered("confirm", "p-17", "--as", "operator", code=2)
    registered("confirm", "p-17", "--as", "operator", "--of", HOME, code=2)


@pytest.mark.clause("CALIS-4")
def test_a_registration_that_lacks_something_is_refused(say: Any) -> None:
    """Every field that is missing is named."""
    said = say("register", "p-17", "holder=patron", f"home={HOME}", "given=name,email", *HIMSELF, code=3)

    assert said.err.count("The registration needs") == 2


def test_a_declined_reader_registers_again(registered: Any) -> None:
    """He may; the same command with the same id counts once."""
    registered("decline", "p-17", "reason=not known here", *OPERATOR)
    said = ("p-17", FIELDS, *HIMSELF, "--at", AT, "--id", "once")
    first, again = registered("register-again", *said), registered("register-again", *said)

    assert (first.out, again.out) == (
        "p-17: Register again -> registered, to be checked\n",
        "p-17: Register again -> registered, to be checked (given before; nothing changed)\n",
    )


@pytest.mark.clause("ZJU-1")
def test_an_identity_leads_to_the_account(cli: Cli, active: Any) -> None:
    """One that is bound, and to an account that can be used: 0; otherwise 1, and why."""
    active("bind", "p-17", "kind=email", "token=t-2", *HIMSELF)
    for words in (("campus_card", "t-17"), ("email", "t-2")):
        assert cli("account", "sign-in", *words, "--at", AT, "--json").document == {
            "account": "p-17",
            "usable": True,
            "state": "active",
        }
    assert cli("account", "sign-in", "email", "t-2", "--at", AT) == Said(0, "p-17: active\n", "")
    late = cli("account", "sign-in", "email", "t-2", "--at", "2026-07-01T10:00:00+08:00")
    assert late == Said(1, "p-17: active; it cannot be used now\n", "")
    active("release", "p-17", "kind=email", *HIMSELF)
    for words in (("email", "t-2"), ("email", "t-99")):
        unknown = cli("account", "sign-in", *words)
        assert (unknown.code, "leads to no account" in unknown.err) == (1, True)


def test_a_token_is_no_address(registered: Any) -> None:
    """An e-mail address is not taken, and nothing is kept of it."""
    said = registered("bind", "p-17", "kind=email", "token=reader@example.org", *HIMSELF, code=2)

    assert "opaque token" in said.err


def test_money_comes_and_goes(cli: Cli, active: Any) -> None:
    """Paid in, given back, and shown; more than is there is refused."""
    active("pay-in", "p-17", "amount=20")
    active("give-back", "p-17", "amount=15")
    active("give-back", "p-17", "amount=6", code=3)
    active("refund", "p-17", "amount=100")

    shown = cli("account", "show", "p-17", "--at", AT, "--json").document
    assert "CNY 5.00" in cli("account", "show", "p-17").out
    assert shown["security"] == {"prepayment": {"amount": "5.00", "currency": "CNY"}}
    assert shown["usable"] is False
    assert [posting["kind"] for posting in shown["postings"]] == [
        "deposit-paid-in",
        "prepayment-paid-in",
        "prepayment-given-back",
        "deposit-given-back",
    ]


@pytest.mark.clause("CQ-6")
def test_who_leaves_is_cleared_first(cli: Cli, active: Any) -> None:
    """Clearance, then the account is closed; suspended and reinstated before that, its terms set anew."""
    active("suspend", "p-17", "reason=a book is lost", *OPERATOR)
    active("reinstate", "p-17", *OPERATOR)
    active("terms", "p-17", "overdraft=10", *OPERATOR)
    active("clear", "p-17", *OPERATOR)
    closed = active("close", "p-17", "reason=graduated")

    assert closed.out == "p-17: Close the account -> closed\n"
    assert (
        cli("account", "list", "--state", "closed", "--holder", "patron", "--json").document[0]["id"]
        == "p-17"
    )
    assert cli("account", "list", "--state", "lost").code == 2
    assert "--after operator-1" in cli("account", "list", "--limit", "1").err


def test_an_institution_chooses_its_mode(cli: Cli, say: Any) -> None:
    """Its own staff do, under its own reference."""
    theirs = ("--as", "holder", "--of", HOME, "--by", "librarian-1")
    say("register", HOME, "holder=institution", f"home={HOME}", FIELDS, *theirs)
    say("confirm", HOME)
    say("mode", HOME, "mode=email", "librarian=librarian-1", *theirs)

    assert cli("account", "show", HOME, "--json").document["librarian"] == "librarian-1"


def test_a_case_runs_on_the_account(cli: Cli, active: Any) -> None:
    """What is filed for the reader is on it, with what is reserved; a charge that is not there is not waived."""
    filed = cli("ill", "request", "B-1", "--patron", "p-17", "--title", "运河船谱", "--recorded-at", AT)
    assert filed.code == 0, filed
    shown = cli("account", "show", "p-17", "--at", AT).out

    assert "B-1" in shown
    assert "CNY 30.00" in shown
    active("waive", "p-17", "loan=B-1", "kind=overdue", "amount=1", "reason=x", code=3)
    for line in ("do B-1 ApproveRequest", "hear B-1 shipped items=PJ-1 due=2026-04-20 costs=loan-fee:20"):
        words = [word.replace(":", " ") for word in line.split(" ")]
        said = cli("ill", *words, "--recorded-at", AT)
        assert said.code == 0, said
    assert "CNY 20.00" in cli("account", "show", "p-17", "--at", AT).out
    waived = active(
        "waive", "p-17", "loan=B-1", "kind=loan-fee", "amount=20", "reason=late", "--json"
    ).document
    assert (waived["id"], waived["state"], waived["followed"]) == ("p-17", "active", [])
    assert "open" not in cli("account", "show", "p-17", "--json").document


def test_an_account_that_is_not_there_is_named(cli: Cli, active: Any) -> None:
    """Not taken for one that nobody ever opened."""
    assert cli("account", "show", "p-99").code == 2
    active("clear", "p-99", code=2)
