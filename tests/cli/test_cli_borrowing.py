"""The borrowing side on the command line: a reader's request, what a supplier said, lists, what is owed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import EXAMPLES, LOAN, NEW, Cli

AT = "2026-01-19T10:00:00+08:00"
NEXT = "2026-01-20T10:00:00+08:00"
LATE = "2026-03-05T10:00:00+08:00"
ASKED = ("ill", "request", "B-1", "--patron", "p-17", "--title", "运河船谱", "--recorded-at", AT)


@pytest.fixture
def ordered(cli: Cli) -> Cli:
    """A reader's request that has been ordered at CN-440100, the first supplier of the file."""
    assert cli(*ASKED).code == 0
    assert cli("ill", "do", "B-1", "ApproveRequest", "--recorded-at", AT).code == 0
    return cli


@pytest.fixture
def on_loan(cli: Cli) -> Cli:
    """A book of CN-320500 with the reader, due on 2026-02-20."""
    assert cli(*ASKED, "--supplier", "CN-320500").code == 0
    for line in (
        "ill do B-1 ApproveRequest",
        "ill hear B-1 shipped items=PJ-1 due=2026-02-20 costs=loan-fee:20",
        "ill do B-1 Receive",
        "ill do B-1 CheckOut",
    ):
        words = [word.replace(":", " ") for word in line.split(" ")]
        said = cli(*words, "--recorded-at", NEXT)
        assert said.code == 0, said
    return cli


def _case(cli: Cli, id: str = "B-1") -> dict[str, Any]:
    found: dict[str, Any] = cli("ill", "show", id, "--json").document
    return found


def _commands(cli: Cli, id: str = "B-1") -> list[str]:
    return [entry["command"]["command"] for entry in _case(cli, id)["journal"]]


# --- request --------------------------------------------------------------------------------------


def test_a_request_is_filed(cli: Cli) -> None:
    """A request opens a case, is filed, and the rules say at once where it goes, and why."""
    said, again = cli(*ASKED, "--json"), cli(*ASKED[:2], "B-2", *ASKED[3:])

    assert (said.code, said.document["id"], said.document["state"]) == (0, "B-1", "in_review")
    assert said.document["followed"] == ["Refer"]
    assert [reason["code"] for reason in said.document["reasons"]] == ["ill.refer.mediated"]
    assert again.out.splitlines()[1:] == [f"  - {text}" for text in said.document["texts"]]
    assert _commands(cli) == ["DraftRequest", "Submit", "Refer"]


def test_everything_about_a_request(cli: Cli) -> None:
    """Every option stands in the case: what is cited, how it is wanted, whom to ask."""
    said = cli(
        *("ill", "request", "B-1", "--patron", "p-23", "--title", "学报", "--author", "李", "--edition", "2"),
        *(
            "--volume",
            "3",
            "--publisher",
            "社",
            "--year",
            "2019",
            "--record-id",
            "ISSN:1",
            "--record-id",
            "X:2",
        ),
        *("--article", "论船", "--pages", "1-9", "--service", "Copy", "--level", "Rush"),
        *(
            "--need-before",
            "2026-03-01",
            "--max-cost",
            "30",
            "--supplier",
            "GB-9001",
            "--supplier",
            "CN-440100",
        ),
        *("--delivery", "Email lund@library.example.cn", "--forwardable", "--note", "please", "--declared"),
        *("--as", "patron", "--recorded-at", AT),
    )

    assert said.code == 0, said.err
    it = _case(cli)
    assert it["requested"] == {
        "title": "学报",
        "author": "李",
        "edition": "2",
        "volume": "3",
        "publisher": "社",
        "year": "2019",
        "record_ids": ["ISSN:1", "X:2"],
        "article": "论船",
        "pages": "1-9",
    }
    assert {name: it[name] for name in ("service", "level", "need_before", "declared")} == {
        "service": "Copy",
        "level": "Rush",
        "need_before": "2026-03-01",
        "declared": True,
    }
    assert it["max_cost"] == {"amount": "30.00", "currency": "CNY"}
    assert it["wished"] == {"via": "Email", "reference": "lund@library.example.cn"}
    assert [each["supplier"] for each in it["attempts"]] == ["GB-9001", "CN-440100"]
    assert it["journal"][0]["command"]["by"] == {"office": "person", "party": "p-23", "serves": "CN-NLC"}
    assert it["journal"][0]["command"]["note"] == "please"


def test_by_what_staff_know_what_a_supplier_said(ordered: Cli) -> None:
    """The evidence is a field like any other, is kept in the journal, and is shown there."""
    said = ordered("ill", "hear", "B-1", "promise", "evidence=<17@nlc.example.cn>", "--recorded-at", NEXT)

    assert said.code == 0, said.err
    entries = [entry["command"] for entry in _case(ordered)["journal"]]
    assert [entry["evidence"] for entry in entries if "evidence" in entry] == ["<17@nlc.example.cn>"]
    assert "<17@nlc.example.cn>" in ordered("ill", "show", "B-1").out.replace("\n", "")


def test_a_draft(cli: Cli) -> None:
    """A draft is written down only; it is filed by a command, later."""
    assert cli(*ASKED, "--draft").code == 0
    assert _case(cli)["state"] == "draft"
    assert cli("ill", "do", "B-1", "Submit", "--as", "patron", "--recorded-at", NEXT).code == 0
    assert _case(cli)["state"] == "in_review"


def test_what_may_not_be_filed_stays_a_draft(cli: Cli) -> None:
    """A copy without the copyright declaration is refused at its filing, and can be put right."""
    copy = ("--service", "Copy", "--id", "r-1", "--at", AT)
    said = cli(*ASKED, *copy)

    assert said.code == 3
    assert "Submit" in said.err
    assert _commands(cli) == ["DraftRequest"]
    assert cli(*ASKED, *copy, "--declared").code == 0
    assert _commands(cli) == ["DraftRequest", "Submit", "Refer"]


def test_the_same_request_twice_counts_once(cli: Cli) -> None:
    """With its id, a request said again changes nothing."""
    again = (*ASKED, "--id", "r-1", "--at", AT, "--json")
    first, second = cli(*again).document, cli(*again).document

    assert (first["repeated"], second["repeated"]) == (False, True)
    assert (second["followed"], second["reasons"], second["version"]) == ([], [], first["version"])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("--max-cost", "dear"), "max_cost"),
        (("--service", "Film"), "--service"),
        (("--level", "Slow"), "--level"),
        (("--need-before", "soon"), "--need-before"),
        (("--delivery", "Pigeon north"), "delivery"),
        (("--as", "clock"), "--as"),
        (("--id", "r-1"), "--at"),
    ],
)
def test_a_request_that_is_none(cli: Cli, tmp_path: Path, wrong: tuple[str, ...], named: str) -> None:
    """What no request can mean is wrong usage, and says where; nothing is written."""
    said = cli(*ASKED, *wrong)

    assert said.code == 2
    assert named in said.err
    assert not (tmp_path / "servflow.db").exists() or cli("ill", "list", "--cases", "--json").document == []


def test_a_reader_whom_nobody_knows(cli: Cli) -> None:
    """A reader who is not in the host's facts is a problem, not a guess; nothing is written."""
    said = cli("ill", "request", "B-1", "--patron", "p-99", "--title", "x")

    assert said.code == 1
    assert "'p-99'" in said.err
    assert cli("ill", "list", "--cases", "--json").document == []


def test_the_rulebook_to_borrow_by(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The borrowing rulebook is an option, or stands in the environment; one for lending is wrong usage."""
    from importlib.resources import files

    shipped = files("servflow.rulebooks").joinpath("data", "cque", "interlibrary-loan.toml")
    head, mark, rest = shipped.read_text(encoding="utf-8").partition("[rules.mediated]")
    (tmp_path / "own.toml").write_text(
        head + mark + rest.replace("is = true", "is = false", 1), encoding="utf-8"
    )

    assert cli(*ASKED, "--borrowing-rulebook", "own.toml", "--json").document["state"] == "sent"
    monkeypatch.setenv("SERVFLOW_BORROWING_RULEBOOK", "own.toml")
    assert cli(*ASKED[:2], "B-2", *ASKED[3:], "--json").document["state"] == "sent"
    assert cli("ill", "list", "--cases", "--borrowing-rulebook", "nlc/interlibrary-loan").code == 2
    assert cli("ill", "list", "--rulebook", "cque/interlibrary-loan").code == 2


# --- hear -----------------------------------------------------------------------------------------


def test_what_a_supplier_said(ordered: Cli) -> None:
    """Staff enter it for the supplier that has the request; by policy something may follow at once."""
    offer = (
        "ill",
        "hear",
        "B-1",
        "offer",
        "cost=15",
        "conditions=LibraryUseOnly,NoReproduction",
        "reply_by=none",
    )
    said = ordered(*offer, "--recorded-at", NEXT, "--json")

    assert (said.code, said.document["state"], said.document["followed"]) == (0, "promised", ["AcceptOffer"])
    heard = _case(ordered)["journal"][-2]
    assert heard["role"] == "staff"
    assert heard["command"]["attempt"] == 1
    assert heard["command"]["conditions"] == ["LibraryUseOnly", "NoReproduction"]


@pytest.mark.parametrize(
    ("what", "fields", "kept"),
    [
        ("shipped", ["due=2026-02-20", "items=A,B", "costs=loan-fee 20, delivery-fee CNY 5.50"], {
            "items": ["A", "B"],
            "costs": [
                {"kind": "loan-fee", "amount": {"amount": "20.00", "currency": "CNY"}, "payer": "library"},
                {"kind": "delivery-fee", "amount": {"amount": "5.50", "currency": "CNY"}, "payer": "library"},
            ],
        }),
        ("shipped", ["service=Copy", "delivery=URL https://example.org/a b"], {
            "delivery": {"via": "URL", "reference": "https://example.org/a b"},
        }),
        ("shipped", ["due=2026-02-20", 'costs=[{"kind": "loan-fee", "amount": {"amount": "1.00", "currency": "EUR"}}]'],
         {"costs": [{"kind": "loan-fee", "amount": {"amount": "1.00", "currency": "EUR"}, "payer": "library"}]}),
        ("unfilled", ["why=NotOnShelf", "note=sorry, no"], {"why": "NotOnShelf", "note": "sorry, no"}),
        ("retry", ["why=OnLoan", "after=2026-02-01", "cost=9"],
         {"why": "OnLoan", "after": "2026-02-01", "cost": {"amount": "9.00", "currency": "CNY"}}),
        ("cancel-answer", ["yes=true", "status=Cancelled"], {"yes": True, "status": "Cancelled"}),
        ("status", ["status=WillSupply"], {"status": "WillSupply"}),
    ],
)  # fmt: skip
def test_everything_can_be_typed(ordered: Cli, what: str, fields: list[str], kept: dict[str, Any]) -> None:
    """Days, codes, amounts, items, costs, deliveries: each is typed by its kind, and kept so."""
    said = ordered("ill", "hear", "B-1", what, *fields, "--recorded-at", NEXT)

    assert said.code == 0, said.err
    heard = [
        entry["command"]
        for entry in _case(ordered)["journal"]
        if entry["command"]["command"].startswith("Hear")
    ]
    assert {name: heard[0][name] for name in kept} == kept


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (["due=2026-02-20", "costs=loan-fee"], "fields.costs"),
        (["due=2026-02-20", "costs=loan-fee dear"], "fields.costs"),
        (["due=2026-02-20", "costs=bribe 20"], "bribe"),
        (["due=2026-02-20", "costs=loan-fee -1"], "amount"),
        (["service=Copy", "delivery=Pigeon"], "Pigeon"),
        (["service=Copy", "delivery=URL"], "a link"),
        (["due=soon"], "'soon'"),
    ],
)
def test_slips_of_the_fingers(ordered: Cli, fields: list[str], named: str) -> None:
    """What is typed wrongly is wrong usage and says where; nothing changes."""
    said = ordered("ill", "hear", "B-1", "shipped", *fields, "--recorded-at", NEXT)

    assert said.code == 2, said
    assert named in said.err
    assert _commands(ordered)[-1] == "Send"


def test_fields_in_a_file(ordered: Cli, tmp_path: Path) -> None:
    """What was said may come as a JSON object, beside what is typed."""
    (tmp_path / "said.json").write_text('{"due": "2026-02-20", "items": ["A"]}', encoding="utf-8")
    said = ordered(
        "ill", "hear", "B-1", "shipped", "note=by post", "--data", "said.json", "--recorded-at", NEXT
    )

    assert said.code == 0, said.err
    assert (_case(ordered)["items"], _case(ordered)["due"]) == (["A"], "2026-02-20")


def test_of_another_attempt(ordered: Cli) -> None:
    """Of an attempt that is over, what was said is taken down, said so, and shown to staff."""
    assert ordered("ill", "hear", "B-1", "unfilled", "--recorded-at", NEXT).code == 0
    said = ordered("ill", "hear", "B-1", "promise", "--attempt", "1", "--recorded-at", NEXT)

    assert said.code == 0
    assert "CN-440100" in said.out.splitlines()[1]
    assert [reason["code"] for reason in _case(ordered)["attention"]] == ["ill.attention.ended-attempt"]


def test_what_staff_saw_before_is_not_told_again(ordered: Cli) -> None:
    """What a command calls to attention is told with it, once; by then it is on the list."""
    first = ordered("ill", "hear", "B-1", "lost", "--recorded-at", NEXT, "--json").document
    later = ordered("ill", "hear", "B-1", "promise", "--recorded-at", NEXT, "--json").document

    assert [reason["code"] for reason in first["reasons"]] == ["ill.attention.out-of-order"]
    assert len(first["texts"]) == 1
    assert (later["state"], later["reasons"], later["texts"]) == ("promised", [], [])


def test_nothing_to_hear(ordered: Cli, lent: Cli) -> None:
    """Of what is no case, of one that nobody was asked for, or in words that nobody has: wrong usage."""
    assert ordered(*ASKED[:2], "B-2", *ASKED[3:]).code == 0

    assert "no supplier" in ordered("ill", "hear", "B-2", "promise").err
    assert ordered("ill", "hear", "B-2", "promise").code == 2
    assert ordered("ill", "hear", "B-1", "gossip").code == 2
    assert ordered("ill", "hear", "NOBODY", "promise").code == 2
    said = lent("ill", "hear", LOAN, "promise")
    assert (said.code, "ill do" in said.err) == (2, True)


def test_a_case_named_like_a_relation(lent: Cli) -> None:
    """What a supplier said is said of the case of that id, whatever else bears the same one."""
    assert lent(*ASKED[:2], "CN-110108", *ASKED[3:]).code == 0
    assert lent("ill", "do", "CN-110108", "ApproveRequest", "--recorded-at", AT).code == 0
    said = lent("ill", "hear", "CN-110108", "promise", "--recorded-at", NEXT, "--json")

    assert (said.code, said.document["state"]) == (0, "promised")


# --- do, allowed ----------------------------------------------------------------------------------


def test_who_speaks(ordered: Cli) -> None:
    """A supplier speaks for the attempt with it, a patron for himself; there is no requester in a case."""
    promise = ("ill", "do", "B-1", "HearPromise", "attempt=1", "--recorded-at", NEXT)
    assert ordered(*promise, "--as", "supplier").code == 0
    assert ordered("ill", "do", "B-1", "CancelRequest", "--as", "patron", "--recorded-at", NEXT).code == 0
    by = [(entry["role"], entry["command"]["by"]["party"]) for entry in _case(ordered)["journal"][-2:]]
    assert by == [("supplier", "CN-440100"), ("patron", "p-17")]

    assert ordered(*promise, "--as", "requester").code == 2
    assert ordered("ill", "do", "B-1", "TakeBack", "--as", "patron").code == 3


def test_the_supplier_of_an_attempt(ordered: Cli) -> None:
    """Of several suppliers, the one speaks whose attempt the command names."""
    assert ordered("ill", "hear", "B-1", "unfilled", "--recorded-at", NEXT).code == 0
    promise = ("ill", "do", "B-1", "HearPromise", "attempt=1", "--as", "supplier", "--recorded-at", NEXT)

    assert ordered(*promise).code == 0
    assert _case(ordered)["journal"][-1]["command"]["by"]["party"] == "CN-440100"
    assert [reason["code"] for reason in _case(ordered)["attention"]] == ["ill.attention.ended-attempt"]


def test_no_supplier_speaks_yet(cli: Cli) -> None:
    """As long as no supplier has been asked, none can speak."""
    assert cli(*ASKED).code == 0
    assert "none yet" in cli("ill", "allowed", "B-1", "--as", "supplier").err
    assert cli("ill", "allowed", "B-1", "--as", "supplier").code == 2


def test_what_may_be_said_to_a_case(on_loan: Cli) -> None:
    """What staff may do now, and why not the rest; a patron may do less."""
    staff = {row["command"]: row for row in on_loan("ill", "allowed", "B-1", "--at", NEXT, "--json").document}
    patron = {row["command"] for row in on_loan("ill", "allowed", "B-1", "--as", "patron", "--json").document}

    assert staff["TakeBack"]["reasons"] == []
    assert [reason["clause"]["id"] for reason in staff["RenewLoan"]["reasons"]] == ["CQ-5"]
    assert staff["HearRecall"]["reasons"] is None
    assert patron == {"RenewLoan"}


def test_a_case_by_json(cli: Cli) -> None:
    """What is asked for can be typed as JSON: a draft by a command of its own, an amendment."""
    opened = ("library=CN-NLC", "service=Loan", 'requested={"title": "运河"}', "--as", "patron")
    assert cli("ill", "do", "B-1", "DraftRequest", "patron=p-17", *opened, "--recorded-at", AT).code == 0
    amended = cli("ill", "do", "B-1", "AmendRequest", 'requested={"title": "运河船谱"}', "--recorded-at", AT)

    assert amended.code == 0, amended.err
    assert _case(cli)["requested"] == {"title": "运河船谱"}


def test_no_name_is_had_twice() -> None:
    """Each command has a name that no other lifecycle has for one of its own."""
    from servflow.core.ill import ILL

    names = [command.__name__ for lifecycle in ILL for command in lifecycle.commands]
    assert len(set(names)) == len(names)


# --- list, show, why ------------------------------------------------------------------------------


def test_list_of_cases(on_loan: Cli) -> None:
    """A line for each: state, supplier, due date, whether it is overdue, how much staff have to see."""
    assert on_loan("ill", "hear", "B-1", "lost", "--recorded-at", NEXT).code == 0
    before = on_loan("ill", "list", "--cases", "--on", "2026-02-20").out
    after = on_loan("ill", "list", "--cases", "--on", "2026-02-21").out

    assert before.splitlines()[0] == "cases on 20 February 2026"
    (line,) = [line for line in after.splitlines() if line.startswith("B-1")]
    assert line.split("   ")[0] == "B-1"
    assert all(part in line for part in ("运河船谱", "CN-320500", "20 February 2026", " ! "))
    assert line.rstrip().endswith("1")
    assert " ! " not in before


def test_list_of_cases_for_machines(ordered: Cli) -> None:
    """The cases as their fields, by state; a transaction's state is none of a case's."""
    assert [it["id"] for it in ordered("ill", "list", "--cases", "--state", "sent", "--json").document] == [
        "B-1"
    ]
    assert ordered("ill", "list", "--cases", "--state", "draft", "--json").document == []
    assert ordered("ill", "list", "--cases", "--state", "at_requester").code == 2
    assert ordered("ill", "list", "--cases", "--relations").code == 2


def test_a_closed_case(ordered: Cli) -> None:
    """What is over says with what outcome, and has no due date any more."""
    for line in ("ill hear B-1 unfilled", "ill hear B-1 unfilled", "ill do B-1 GiveUp"):
        assert ordered(*line.split(" "), "--recorded-at", NEXT).code == 0
    (line,) = [line for line in ordered("ill", "list", "--cases").out.splitlines() if line.startswith("B-1")]

    assert "(" in line
    assert "2026" not in line


def test_show_a_case(on_loan: Cli) -> None:
    """A case is shown by its id: its fields, its journal, what was posted, its mail."""
    it = _case(on_loan)
    shown = on_loan("ill", "show", "B-1").out

    assert (it["kind"], it["state"]) == ("ill.borrowing", "on_loan")
    assert {posting["credit"] for posting in it["postings"]} == {"income/loan-fee", "payable/CN-320500"}
    assert all(f"\n{part}\n" in shown for part in ("journal", "postings", "mail"))


def test_why_a_case(on_loan: Cli) -> None:
    """What the reader owes on a day, by the rules of the lender; what the library owes."""
    said = on_loan("ill", "why", "B-1", "--on", "2026-02-25")
    plain = on_loan("ill", "why", "B-1", "--on", "2026-02-25", "--json").document

    assert "1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]" in said.out
    assert "what was charged to p-17" in said.out
    assert {charge["kind"]: charge["amount"]["amount"] for charge in plain["owed"]} == {
        "loan-fee": "20.00",
        "overdue": "25.00",
    }
    assert plain["payable"] == [
        {"account": "payable/CN-320500", "amount": {"amount": "20.00", "currency": "CNY"}}
    ]
    assert [settled["account"] for settled in plain["settlements"]] == ["receivable/p-17"]


def test_why_nothing_is_owed(ordered: Cli) -> None:
    """For what has not come, nothing is owed."""
    assert "Nothing is owed" in ordered("ill", "why", "B-1").out
    assert ordered("ill", "why", "B-1", "--json").document["owed"] == []


# --- attention ------------------------------------------------------------------------------------


def test_attention_on_both_sides(lent: Cli) -> None:
    """One table: what waits for a decision and what staff are to see, of what is lent and what is borrowed."""
    assert lent(*ASKED).code == 0
    assert lent("ill", "do", "B-1", "ApproveRequest", "--recorded-at", AT).code == 0
    assert lent("ill", "hear", "B-1", "offer", "cost=35", "--recorded-at", NEXT).code == 0
    assert lent("ill", "hear", "B-1", "lost", "--recorded-at", NEXT).code == 0
    assert (
        lent(
            "ill", "do", LOAN, "Notify", "note=the cover is loose", "--as", "requester", "--recorded-at", LATE
        ).code
        == 0
    )
    found = {it["id"]: it for it in lent("ill", "attention", "--json").document}
    lines = lent("ill", "attention").out.splitlines()

    assert set(found) == {NEW, LOAN, "B-1"}
    assert found[NEW]["waits"] == ["the request waits for an answer"]
    assert found["B-1"]["waits"] == ["an offer waits for an answer: CNY 35.00"]
    assert [reason["code"] for reason in found["B-1"]["reasons"]] == ["ill.attention.out-of-order"]
    assert len(found["B-1"]["texts"]) == 1
    assert sum(line.startswith("borrowing") for line in lines) == 2
    assert sum(line.startswith("lending") for line in lines) == 2
    assert any("the cover is loose" in line and line.endswith("ill.attention.note") for line in lines)


def test_what_was_seen_to(lent: Cli) -> None:
    """What was seen to is off the list; the rest stays."""
    assert lent("ill", "do", LOAN, "Notify", "note=x", "--as", "requester", "--recorded-at", LATE).code == 0
    clear = ("ill", "do", LOAN, "ClearSupplyAttention", "code=ill.attention.note", "--recorded-at", LATE)

    assert lent(*clear).code == 0
    assert [it["id"] for it in lent("ill", "attention", "--json").document] == [NEW]


@pytest.mark.parametrize(
    ("lines", "waits"),
    [
        ((), "before it is ordered"),
        (("do B-1 ApproveRequest", "hear B-1 retry why=OnLoan"), "asked again"),
        (("do B-1 ApproveRequest", "hear B-1 unfilled", "hear B-1 unfilled"), "no supplier is left"),
        (("do B-1 ApproveRequest", "do B-1 Undo"), "waits to be sent"),
        (
            (
                "do B-1 ApproveRequest",
                "hear B-1 shipped due=2026-02-20",
                "do B-1 Receive",
                "do B-1 RecordLoss where=library",
            ),
            "a loss waits to be settled",
        ),
    ],
)
def test_what_waits_for_a_decision(cli: Cli, lines: tuple[str, ...], waits: str) -> None:
    """What nothing but somebody's decision moves on waits for it: from the review to the loss."""
    assert cli(*ASKED).code == 0
    for line in lines:
        assert cli("ill", *line.split(" "), "--recorded-at", NEXT).code == 0
    (it,) = cli("ill", "attention", "--json").document

    assert len(it["waits"]) == 1
    assert waits in it["waits"][0]


def test_a_renewal_and_a_loss_wait(lent: Cli) -> None:
    """A borrower's wish to renew waits for its answer, and a loss for its compensation."""
    at = ("--as", "requester", "--recorded-at", "2026-02-10T10:00:00+08:00")
    assert lent("ill", "do", LOAN, "RequestRenewal", "reason=a reading group", *at).code == 0
    (it,) = [it for it in lent("ill", "attention", "--json").document if it["id"] == LOAN]
    assert it["waits"] == ["a renewal waits for an answer"]

    assert lent("ill", "do", LOAN, "ReportLost", *at).code == 0
    (it,) = [it for it in lent("ill", "attention", "--json").document if it["id"] == LOAN]
    assert any("compensation" in text for text in it["waits"])
    assert lent("ill", "do", LOAN, "Compensate", "amount=80", "--recorded-at", LATE).code == 0
    (it,) = [it for it in lent("ill", "attention", "--json").document if it["id"] == LOAN]
    assert it["waits"] == ["a loss waits to be settled"]


def test_nothing_to_see(ordered: Cli) -> None:
    """Where everything goes on by itself the list is empty."""
    assert ordered("ill", "attention", "--json").document == []
    assert ordered("ill", "attention").code == 0


# --- statement ------------------------------------------------------------------------------------


def _minor(money: dict[str, str]) -> int:
    return int(money["amount"].replace(".", ""))


def test_a_statement_adds_up(lent: Cli) -> None:
    """As a lender and as a borrower: the balance before, the lines, the balance after, and what is left."""
    assert lent(*ASKED, "--supplier", "CN-320500").code == 0
    assert lent("ill", "do", "B-1", "ApproveRequest", "--recorded-at", AT).code == 0
    shipped = ("shipped", "due=2026-02-20", "costs=loan-fee 18")
    assert lent("ill", "hear", "B-1", *shipped, "--recorded-at", NEXT).code == 0
    assert (
        lent("ill", "do", "CN-320500", "Pay", "amount=15", "--recorded-at", "2026-02-03T10:00:00+08:00").code
        == 0
    )
    assert lent("ill", "do", LOAN, "CheckIn", "--recorded-at", LATE).code == 0

    for first, through, lines in (("2026-01-01", "2026-01-31", 2), ("2026-02-01", "2026-03-31", 2)):
        said = lent("ill", "statement", "CN-320500", "--from", first, "--through", through, "--json").document
        assert (said["party"], said["from"], said["through"]) == ("CN-320500", first, through)
        assert [each["account"] for each in said["statements"]] == [
            "receivable/CN-320500",
            "payable/CN-320500",
        ]
        assert sum(len(each["lines"]) for each in said["statements"]) == lines
        for each in said["statements"]:
            added = sum(_minor(line["added"]) for line in each["lines"])
            assert _minor(each["opening"]) + added == _minor(each["closing"])
            assert all(first <= line["posting"]["value_date"] <= through for line in each["lines"])
        owes, owed = (_minor(each["closing"]) for each in said["statements"])
        assert [_minor(net) for net in said["net"]] == [owes - owed]
    shown = lent("ill", "statement", "CN-320500", "--from", "2026-02-01", "--through", "2026-03-31").out
    assert all(f"  {part}  " in shown for part in ("balance before", "paid", "charged", "balance after"))
    assert shown.splitlines()[-1] == "At the end of 31 March 2026, CN-320500 owes CNY 12.00."


def test_who_owes_whom(on_loan: Cli) -> None:
    """The last line says who owes whom, or that nothing is left."""
    period = ("--from", "2026-01-01", "--through", "2026-01-31")

    assert "CN-320500 is owed CNY 20.00." in on_loan("ill", "statement", "CN-320500", *period).out
    assert "p-17 owes CNY 20.00." in on_loan("ill", "statement", "--patron", "p-17", *period).out
    assert "nothing is owed on balance." in on_loan("ill", "statement", "CN-440100", *period).out


def test_a_statement_in_every_currency(ordered: Cli) -> None:
    """What was charged in another currency is a statement of its own, and never added to the rest."""
    shipped = ("shipped", "due=2026-02-20", "costs=loan-fee EUR 4")
    assert ordered("ill", "hear", "B-1", *shipped, "--recorded-at", NEXT).code == 0
    period = ("--from", "2026-01-01", "--through", "2026-01-31")
    said = ordered("ill", "statement", "CN-440100", *period, "--json").document

    assert [each["closing"]["currency"] for each in said["statements"]] == ["CNY", "CNY", "EUR"]
    assert [(net["amount"], net["currency"]) for net in said["net"]] == [("0.00", "CNY"), ("-4.00", "EUR")]


@pytest.mark.parametrize(
    "asked",
    [
        ("--from", "2026-01-01", "--through", "2026-01-31"),
        ("CN-1", "--patron", "p-17", "--from", "2026-01-01", "--through", "2026-01-31"),
        ("CN-1", "--from", "2026-02-01", "--through", "2026-01-31"),
        ("CN-1", "--from", "2026-02-01"),
        ("CN-1", "--from", "January", "--through", "2026-01-31"),
        ("", "--from", "2026-01-01", "--through", "2026-01-31"),
    ],
)
def test_a_statement_of_nothing(ordered: Cli, asked: tuple[str, ...]) -> None:
    """Of nobody, of two at once, or over no days: wrong usage."""
    assert ordered("ill", "statement", *asked).code == 2


def test_one_day_is_a_period(on_loan: Cli) -> None:
    """Both days are in the period, so that one day is one."""
    day = ("ill", "statement", "CN-320500", "--from", "2026-01-20", "--through", "2026-01-20", "--json")

    assert [len(each["lines"]) for each in on_loan(*day).document["statements"]] == [0, 1]


# --- all that is stored ---------------------------------------------------------------------------


def test_the_clock_on_the_borrowing_side(ordered: Cli) -> None:
    """The clock lets a silent supplier go, and asks the next one; reminds a reader; asks the file again."""
    assert ordered("wake", "--at", "2026-01-26T09:59:00+08:00").out == "0 done\n"
    assert ordered("wake", "--at", "2026-01-26T10:00:00+08:00").out == "1 done\n"
    assert _commands(ordered)[-2:] == ["TimeOut", "Send"]
    assert [each["supplier"] for each in _case(ordered)["attempts"]] == ["CN-440100", "CN-320500"]


def test_mail_to_everybody(on_loan: Cli, tmp_path: Path) -> None:
    """Readers, suppliers and the library's own staff are written to, each in his language."""
    said = on_loan("mail", "--at", LATE, "--json").document

    assert (said["failed"], said["postponed"]) == ([], [])
    assert said["sent"] == len(list((tmp_path / "mail" / "new").iterdir())) >= 2


def test_all_three_lifecycles_are_audited(lent: Cli) -> None:
    """The audit looks at cases, too; decided again under both rulebooks they come out the same."""
    assert lent(*ASKED).code == 0
    assert lent("ill", "do", "B-1", "ApproveRequest", "--recorded-at", AT).code == 0
    assert lent("wake", "--at", LATE).code == 0
    said = lent("audit", "--redecide", "--json")

    assert said.code == 0, said.out
    assert said.document["problems"] == said.document["differences"] == said.document["undecided"] == []


def test_what_was_decided_under_another_rulebook(ordered: Cli, tmp_path: Path) -> None:
    """Under a rulebook that is not at hand nothing is decided again; named with --also, it is."""
    text = (EXAMPLES.parent / "src/servflow/rulebooks/data/cque/interlibrary-loan.toml").read_text(
        encoding="utf-8"
    )
    (tmp_path / "old.toml").write_text(text.replace("is = 20.00", "is = 25.00"), encoding="utf-8")
    other = ("audit", "--redecide", "--borrowing-rulebook", "old.toml", "--json")

    assert any("not at hand" in each["why"] for each in ordered(*other).document["undecided"])
    assert ordered(*other, "--also", "cque/interlibrary-loan").document["undecided"] == []


def test_moved_and_erased(on_loan: Cli, tmp_path: Path) -> None:
    """Cases move with everything else; a reader is taken out of them, and out of what was posted."""
    assert on_loan("export", "all.jsonl").code == 0
    assert on_loan("import", "all.jsonl", "--db", "new.db").code == 0
    on_loan("export", "again.jsonl", "--db", "new.db")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "all.jsonl").read_bytes()

    said = on_loan("erase", "p-17", "--text", "运河船谱", "--yes", "--at", NEXT, "--json")
    assert said.code == 0, said.err
    assert on_loan("export", "after.jsonl").code == 0
    left = (tmp_path / "after.jsonl").read_text(encoding="utf-8")
    assert "p-17" not in left
    assert "运河船谱" not in left
    it = _case(on_loan)
    assert it["patron"] == said.document["pseudonym"]
    assert {posting["debit"] for posting in it["postings"]} == {
        f"receivable/{it['patron']}",
        "expense/loan-fee",
    }
    assert on_loan("audit", "--redecide", "--json").code == 0


def test_a_reader_taken_from_the_file(on_loan: Cli, tmp_path: Path) -> None:
    """What a reader has who is no longer in the host's facts can still come back."""
    text = (
        (EXAMPLES / "host.toml").read_text(encoding="utf-8").replace('[patrons."p-17"]', '[patrons."p-71"]')
    )
    (tmp_path / "host.toml").write_text(text, encoding="utf-8")
    said = on_loan("ill", "do", "B-1", "TakeBack", "--recorded-at", LATE, "--host", "host.toml")

    assert said.code == 0, said.err
    shutil.rmtree(tmp_path / "mail", ignore_errors=True)
    assert json.loads(on_loan("ill", "show", "B-1", "--json").out)["state"] == "awaiting_return"
