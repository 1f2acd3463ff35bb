"""``servflow aftersales``: tickets and what goes with them, as staff and customers speak to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli

SOON = "2026-05-04T16:00:00+08:00"


def _refused(cli: Cli, *arguments: str) -> list[str]:
    said = cli("--json", "aftersales", "do", *arguments)
    assert said.code == 3, said
    return [reason["code"] for reason in said.document["reasons"]]


def test_a_command_is_answered(served: Cli) -> None:
    """A command says what became of what it was said to; for machines with its receipt."""
    said = served("aftersales", "do", "T-2", "AnswerCustomer", "note=tomorrow", "--at", SOON)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("T-2: ")

    again = served("--json", "aftersales", "do", "T-2", "AnswerCustomer", "note=soon", "--at", SOON)
    assert again.document["state"] == "in-shop"
    assert again.document["receipt"]["versions"][0][0]["id"] == "T-2"


def test_a_rule_refuses(served: Cli) -> None:
    """What a guard refuses is exit code 3 with its reasons, and nothing changed."""
    before = served("aftersales", "show", "T-2", "--json").out

    assert "aftersales.not-accepted" in _refused(served, "T-2", "CloseTicket", "--as", "supervisor")
    assert _refused(served, "T-2", "TakeIn", "--as", "stores", "items=U-9")
    assert served("aftersales", "show", "T-2", "--json").out == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("T-2", "Fly"), "expected one of AcceptFinally"),
        (("T-2", "AnswerCustomer", "words=x"), "an unknown field"),
        (("T-2", "AnswerCustomer", "note=x", "--as", "driver"), "found 'driver', expected one of"),
        (("T-9", "ReportFault", "--as", "customer", "channel=hotline"), "say customer=REF"),
        (("B-1", "VoidNumber", "--answer", "a=b"), "--answer: this command has no answers"),
        (("B-1", "VoidNumber", "--show", "a=b"), "--show: this command has no shown"),
        (("T-2", "AnswerCustomer", "note=x", "--show", "a"), "NAME=REF"),
        (("T-2", "PutOnHold", "reason=waiting-part", "until=2026-05-09"), "an instant with its time"),
        (("T-9", "ReportFault", "distance=far"), "80 km road"),
        (("T-9", "ReportFault", "purchase=3 for x"), "purchase"),
        (("T-9", "ReportFault", "dates=sold"), "name=value"),
        (("T-2", "RecordDuty", "done=key=x"), "name=value of key, done-on"),
        (("U-9", "AddContract", "contract=name=c;term=2026"), "the first and the last day"),
    ],
)
def test_wrong_usage(served: Cli, arguments: tuple[str, ...], told: str) -> None:
    """A mistake on the line is exit code 2, and says what was expected."""
    said = served("aftersales", "do", *arguments)

    assert said.code == 2
    assert told in " ".join(said.err.split())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("board; class=parts", "what was done or used and its price"),
        ("board 4; class=parts; billing=whole", "billing=as-ruled|extra|goodwill"),
        ("board 4; class=wheels; billing=extra", "class=parts|labour|travel"),
        ("board 4; colour=red", "of each line approved_by, billing, by, class, cost, hours, on, part"),
        ("board 4; class=parts; billing=extra; on=x", "a day such as"),
        ("board 4; class=parts; billing=extra; hours=x", "hours such as"),
        ("board 4; class=parts; class=parts", "each name once"),
    ],
)
def test_a_line_of_work_that_is_none(served: Cli, line: str, told: str) -> None:
    """A line says what it is, its price, its class and its billing code; each mistake is named."""
    said = served("aftersales", "do", "T-2", "AddWork", "--as", "engineer", f"lines={line}")

    assert said.code == 2
    assert told in " ".join(said.err.split())


def test_lines_priced_by_the_firms_charges(served: Cli, tmp_path: Path) -> None:
    """A line without a price costs what the firm's charges make of a rule of that name and the firm's rates."""
    facts = (EXAMPLES / "service.toml").read_text(encoding="utf-8")
    rulebook = 'rulebook = "service-dealer/service"\n'
    charges = rulebook + 'charges = "charges.toml"\n[rates]\na_visit = 30\n'
    (tmp_path / "service.toml").write_text(facts.replace(rulebook, charges), encoding="utf-8")
    (tmp_path / "charges.toml").write_text(CHARGES, encoding="utf-8")
    do = ("--host", tmp_path / "service.toml", "aftersales", "do", "T-2", "AddWork", "--as", "engineer")

    said = "billing=extra; approved-by=call-3"
    lines = f"labour; class=labour; {said}; hours=1.5 | visit; class=travel; {said}"
    assert served(*do, f"lines={lines}", "--at", SOON).code == 0
    report = served("--json", "aftersales", "report", "costs", "--on", "2026-05-04").document
    assert [each["listed"] for each in report["work"] if each["ticket"] == "T-2"] == [
        "CNY 120.00",
        "CNY 30.00",
    ]

    wrong = served(*do, "lines=labour; class=labour; billing=extra", "--at", SOON)
    assert (wrong.code, "hours" in wrong.err) == (2, True)
    assert "one of the firm's charges: labour, visit" in served(*do, "lines=board; class=parts").err


CHARGES = """
format = 1
authority = "hengtong"
subject = "charges"
policy = "fees"
title = "收费标准"
currency = "CNY"
zone = "Asia/Shanghai"
verified-on = 2026-05-01
[rules.labour]
label = "labour"
[[rules.labour.values]]
from = "unknown"
is = "rounded(per_unit(quantity(hours, hour), CNY 80.00), half_up, 1)"
clause = "PRACTICE"
at = "1"
note = "as agreed"
[rules.visit]
label = "a visit"
[[rules.visit.values]]
from = "unknown"
is = "given(a_visit, CNY)"
clause = "PRACTICE"
at = "2"
note = "the firm says how much"
"""


def test_who_speaks(served: Cli) -> None:
    """A post is the engineer in charge, or who comes first; a party speaks in all his posts."""
    journal = served("aftersales", "show", "T-1", "--json").document["journal"]
    spoke = {entry["command"]["command"]: entry["command"]["by"] for entry in journal}

    assert spoke["Arrive"] == {
        "party": "eng-2",
        "serves": "hengtong",
        "office": "staff",
        "posts": ["engineer"],
    }
    assert spoke["AcceptWork"]["office"] == "person"
    assert (
        served("aftersales", "do", "T-2", "NoteMessage", "note=when?", "--as", "c-2", "--at", SOON).code == 0
    )
    assert _refused(served, "T-2", "NoteMessage", "note=when?", "--as", "c-3", "--at", SOON)
    assert _refused(served, "T-2", "AnswerCustomer", "note=x", "--as", "o-1", "--at", SOON)
    assert _refused(served, "T-2", "AnswerCustomer", "note=x", "--as", "clock", "--at", SOON)
    assert _refused(served, "T-2", "AnswerCustomer", "note=x", "--as", "system", "--at", SOON)


def test_what_is_allowed(served: Cli) -> None:
    """What somebody may say now is told with its fields, and why the rest is refused."""
    told = {
        each["command"]: each
        for each in served("--json", "aftersales", "allowed", "T-2", "--as", "supervisor").document
    }

    assert told["CloseTicket"]["reasons"][0]["code"].startswith("aftersales.")
    assert {"shown", "note"} <= set(told["AnswerCustomer"]["fields"])
    assert "Triage" not in told
    assert served("aftersales", "allowed", "T-2", "--as", "customer").out.startswith("T-2, as the customer")
    chinese = served("--lang", "zh_CN", "aftersales", "allowed", "T-2", "--as", "customer").out
    assert "视填写内容而定" in chinese
    assert "现在可否" in chinese


def test_what_the_rulebook_wants(served: Cli) -> None:
    """What has to be on record before a step, by its clause; and what hangs on an answer."""
    told = served("--json", "aftersales", "needed", "service-finished").document
    assert (told["needed"], told["commands"]) == ([], ["Finish"])
    assert told["open"][0]["hangs_on"] == {"route": ["shop"]}

    shop = served("--json", "aftersales", "needed", "service-finished", "--answer", "route=shop").document
    assert [each["item"] for each in shop["needed"]] == [
        "hours on the tag",
        "parts on the tag",
        "inspection by the supervisor",
    ]
    assert {each["clause"]["id"] for each in shop["needed"]} == {"AS-FLOW-6"}
    assert "AS-FLOW-2" in served("aftersales", "needed", "intake", "--on", "2026-05-04").out
    assert "hangs on" in served("aftersales", "needed", "service-finished").out
    assert "expected one of" in served("aftersales", "needed", "landing").err


def test_lists(served: Cli) -> None:
    """Each kind has a list, by state and a page at a time."""
    assert [each["id"] for each in served("--json", "aftersales", "list").document] == ["T-1", "T-2"]
    in_shop = served("--json", "aftersales", "list", "--state", "in-shop").document
    assert [each["id"] for each in in_shop] == ["T-2"]
    page = served("aftersales", "list", "--limit", "1")
    assert "--after T-1" in page.err
    for kind, id in (("complaint", "C-1"), ("unit", "U-9"), ("technician", "L-1")):
        assert f"\n{id} " in served("aftersales", "list", "--kind", kind).out
    for kind in ("action", "finding"):
        assert served("--json", "aftersales", "list", "--kind", kind).document == []
    assert served("aftersales", "list", "--state", "lost").code == 2
    assert "nothing is promised of a unit" in served("aftersales", "list", "--kind", "unit", "--late").err


def test_a_ticket_is_shown(served: Cli) -> None:
    """How it stands, who pays, visits, items, papers, work, money and the journal are on one page."""
    over = served("aftersales", "show", "T-1").out
    for heading in ("who pays", "visits", "papers", "on record", "work", "journal", "mail"):
        assert f"\n{heading}\n" in over
    assert "CNY 300.00" in over

    shop = served("aftersales", "show", "T-2").out
    assert "C-1 (open)" in shop
    assert "\nitems\n" in shop
    assert "CNY 520.00" in shop
    assert "¥520.00" in served("aftersales", "show", "T-2", "--lang", "zh_CN").out


def test_the_others_are_shown(served: Cli) -> None:
    """A complaint, a unit, a technician and a book of numbers are shown by their ids; an unknown one is none."""
    for id in ("C-1", "U-9", "L-1", "hengtong/voucher"):
        assert id in served("aftersales", "show", id).out
    assert served("--json", "aftersales", "show", "C-1").document["promises"] == []
    assert served("aftersales", "show", "X").code == 2


def test_attention(served: Cli) -> None:
    """What staff have to see to, complaints that wait, and nothing else."""
    quiet = served("--json", "aftersales", "attention").document
    assert [(each["id"], each["waits"]) for each in quiet] == [("C-1", ["to be graded"])]

    unknown = ("customer=c-1", "channel=hotline", "symptom=noise", "--as", "desk", "--at", SOON)
    shown = [part for name in ("name", "address", "phone", "model") for part in ("--show", f"{name}=k")]
    assert served("aftersales", "do", "T-3", "ReportFault", *unknown, *shown).code == 0
    told = served("aftersales", "attention").out
    assert "aftersales.attention.unidentified" in told
    assert "complaints that wait" in told


def test_papers(served: Cli) -> None:
    """The register of a series has every number once, void ones with why, and none is missing."""
    told = served("--json", "aftersales", "papers", "voucher").document
    assert [each["number"] for each in told["numbers"]] == [1, 2]
    assert told["gaps"] == []

    void = ("series=voucher", "number=2", "reason=spoiled", "--at", SOON)
    assert served("aftersales", "do", "T-2", "VoidPaper", *void).code == 0
    said = served("aftersales", "papers", "voucher")
    assert (said.code, "2 used, 1 void, none is missing" in said.out) == (0, True)
    assert "spoiled" in said.out
    for series in ("complaint", "repair-order", "invoice"):
        assert served("aftersales", "papers", series).code == 0


COACH = ("customer=c-1", "channel=hotline", "symptom=noise", "unit=BUS-1", "distance=50 km radius")


@pytest.fixture
def coach(served: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The desk of a firm that promises somebody on site within 24 hours, and a fault that was reported."""
    facts = (EXAMPLES / "service.toml").read_text(encoding="utf-8")
    facts = facts.replace("service-dealer/service", "coach-maker/service")
    (tmp_path / "coach.toml").write_text(facts, encoding="utf-8")
    monkeypatch.setenv("SERVFLOW_HOST", str(tmp_path / "coach.toml"))
    monkeypatch.setenv("SERVFLOW_DB", str(tmp_path / "coach.db"))
    said = served(
        *("aftersales", "do", "T-1", "ReportFault", *COACH, "--answer", "vehicle-fault=body"),
        *("--at", "2026-05-04T09:00:00+08:00"),
    )
    assert said.code == 0, said
    return served


def test_what_is_due(coach: Cli) -> None:
    """What was promised is due by its clock; what is late comes first and is listed as late."""
    (told,) = coach("--json", "aftersales", "due", "--at", "2026-05-04T10:00:00+08:00").document
    assert (told["promise"], told["due"], told["left"]) == (
        "on-site",
        "2026-05-05T09:00:00+08:00",
        23 * 3600,
    )
    late = "2026-05-05T10:00:00+08:00"
    assert "-1 hour" in coach("aftersales", "due", "--at", late).out
    assert coach("--json", "aftersales", "due", "--of", "eng-1", "--at", late).document == []
    assert [
        each["id"] for each in coach("--json", "aftersales", "list", "--late", "--at", late).document
    ] == ["T-1"]
    early = coach("--json", "aftersales", "list", "--late", "--at", "2026-05-04T10:00:00+08:00")
    assert early.document == []
    assert "\npromises\n" in coach("aftersales", "show", "T-1", "--at", late).out
    (promise,) = coach("--json", "aftersales", "show", "T-1", "--at", late).document["promises"]
    assert (promise["state"], promise["late"]) == ("breached", True)


def test_the_clock_works(coach: Cli) -> None:
    """``servflow wake`` records a breach at the service desk, too."""
    assert coach("--json", "wake", "--at", "2026-05-06T09:00:00+08:00").document["done"] == 1
    assert coach("--json", "wake", "--at", "2026-05-06T09:00:00+08:00").document["done"] == 0


def test_facts_of_the_wrong_kind(served: Cli) -> None:
    """A library's facts are no service firm's, and the other way round; both are wrong usage."""
    library = ("--host", str(EXAMPLES / "host.toml"))
    assert "a library's" in served(*library, "aftersales", "list").err
    assert served(*library, "aftersales", "attention").code == 2
    assert "a service firm's" in served("ill", "request", "B-1", "--patron", "p-1").err


def test_the_database_is_a_desks_like_any_other(served: Cli, tmp_path: Path) -> None:
    """Audit, redecision, archive, erasure, mail and diagrams work on what a service desk has stored.

    Names are put into the journal in the order in which they were typed, and decided again in another one.
    """
    names = ("--show", "photographs=p-1", "--show", "invoice-copy=i-1", "--at", SOON)
    assert served("aftersales", "do", "T-2", "ShowFacts", *names).code == 0
    assert served("audit", "--redecide").code == 0
    archive = str(tmp_path / "desk.jsonl")
    assert served("export", archive).code == 0
    other = ("--db", str(tmp_path / "other.db"))
    assert served(*other, "import", archive).code == 0
    assert served(*other, "erase", "c-2", "--yes").code == 0
    assert served(*other, "audit", "--redecide").code == 0
    assert "c-2" not in served(*other, "aftersales", "list").out
    assert served("mail", "--maildir", str(tmp_path / "mail")).code == 0
    assert "stateDiagram" in served("diagram", "aftersales.ticket").out


def test_audit_without_the_firms_facts(served: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the host's facts a service desk's database is audited all the same, but for its wakes."""
    monkeypatch.delenv("SERVFLOW_HOST")
    said = served("audit")

    assert said.code == 0
    assert "without --host" in said.err


def test_a_second_report_of_the_same_id(served: Cli) -> None:
    """It is there already: that is what is wrong, not what the second report lacks."""
    said = served("aftersales", "do", "T-1", "ReportFault", "customer=c-1", "channel=hotline", "symptom=x")
    assert said.err == "servflow: service ticket 'T-1' exists already\n"
    assert said.code == 2


def test_a_customer_whom_the_host_does_not_know(served: Cli) -> None:
    """Nothing could be told to him: the report is not taken in, and those who are known are named."""
    for opens in ("ReportFault", "FileComplaint"):
        said = served("aftersales", "do", "X-1", opens, "customer=c-99", "channel=hotline")
        assert (said.code, "c-1, c-2, c-3" in said.err) == (2, True)


def test_what_stands_still_has_no_due_date_that_is_over(
    served: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a clock stands still it is told when it would be due if it went on now, also in the list."""
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "riverside.toml"))
    monkeypatch.setenv("SERVFLOW_DB", str(tmp_path / "riverside.db"))
    report = ("customer=c-23", "channel=hotline", "symptom=x", "unit=U", "distance=4 km road")
    known = ("dates=sold=2025-12-20", "--show", "customer data=card", "--at", "2026-03-09T09:00:00+08:00")
    hold = ("reason=waiting-customer", "remind_on=2026-03-12", "--as", "coordinator")
    at = ("--at", "2026-03-09T10:00:00+08:00")
    assert served("aftersales", "do", "T-1", "ReportFault", *report, *known).code == 0
    assert served("aftersales", "do", "T-1", "PutOnHold", *hold, *at).code == 0

    later = ("--at", "2026-03-20T10:00:00+08:00")
    due = served("--json", "aftersales", "due", *later).document
    (told,) = [each for each in due if each["state"] == "paused"]
    assert told["due"] is None
    assert told["due_if_resumed"] > "2026-03-20"
    shown = f"{told['due_if_resumed'][:10]} {told['due_if_resumed'][11:16]} if resumed now"
    assert shown in served("aftersales", "due", *later).out
    assert shown in served("aftersales", "show", "T-1", *later).out
    assert served("aftersales", "due", "--of", "nobody", *later).code == 2


def test_promises_in_chinese(coach: Cli) -> None:
    """Lengths, headings and states of promises are Chinese."""
    at = ("--at", "2026-05-04T10:00:00+08:00")
    assert "24小时" in coach("--lang", "zh_CN", "aftersales", "show", "T-1", *at).out
    due = coach("--lang", "zh_CN", "aftersales", "due", *at).out
    assert "待办承诺" in due
    assert re.findall("[A-Za-z]{2,}", re.sub("GMT|noise|T-1", "", due)) == []


def test_others_are_shown_in_words(served: Cli) -> None:
    """A complaint is shown in the firm's own time, its values in words, and nothing that it lacks."""
    said = served("aftersales", "show", "C-1").out
    assert "2026-05-05 16:00" in said
    assert "filed at" in said
    assert not {"filed_at", "+00:00", "None", "08:00:00"} & set(re.findall(r"[\w:+]+", said))
    chinese = served("--lang", "zh_CN", "aftersales", "show", "C-1").out
    assert "受理时间" in chinese
    assert "已登记" in chinese
    assert "在岗" in served("--lang", "zh_CN", "aftersales", "show", "L-1").out


def test_a_list_over_nothing(served: Cli) -> None:
    """Where there is nothing there is one line, and no headings."""
    said = served("aftersales", "list", "--kind", "action", "--at", SOON)
    assert said.out == "actions at 4 May 2026, 16:00 (GMT+08:00): nothing\n"


def test_no_database_yet(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service firm is told what makes a database at its own desk; ids are named by what has them."""
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "service.toml"))
    said = cli("aftersales", "list")
    assert "ReportFault" in said.err
    assert "ill request" not in said.err


def test_a_kind_is_named_in_words(served: Cli) -> None:
    """What is not there, and what is refused, is a service ticket, and no name of our own."""
    missing = served("aftersales", "do", "T-9", "AnswerCustomer", "note=x", "--at", SOON)
    refused = served("aftersales", "do", "T-2", "CloseTicket", "--as", "supervisor", "--at", SOON)
    assert "aftersales.ticket" not in missing.err + refused.err
    assert "refused for service ticket T-2" in refused.err


def test_the_other_desk(served: Cli, lent: Cli) -> None:
    """Each desk's commands say so at the other's facts or database, and do not show an empty page."""
    for call in (("ill", "attention"), ("ill", "list")):
        assert "a library's is needed" in served(*call).err
    for call in (("aftersales", "list"), ("aftersales", "attention"), ("aftersales", "kpi")):
        assert "a loan desk's" in lent(*call).err
