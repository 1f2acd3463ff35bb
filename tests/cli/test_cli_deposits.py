"""``servflow deposits``: what an authority's desk is told, and what it answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli

SOON = "2026-05-23T09:00:00+08:00"
AT = ("--at", SOON)


def _refused(cli: Cli, *arguments: str) -> list[tuple[str, str | None]]:
    said = cli("--json", "deposits", "do", *arguments)
    assert said.code == 3, said
    return [(each["code"], each.get("clause", {}).get("id")) for each in said.document["reasons"]]


# --- commands -------------------------------------------------------------------------------------------


def test_a_command_is_answered(deposited: Cli) -> None:
    """A command says what became of what it was said to; for machines with its receipt."""
    said = deposited("deposits", "do", "C-1", "PayOut", "amount=19000", "payee=repairer", *AT)
    assert (said.code, said.err) == (0, "")
    assert said.out == "C-1: Pay the repair from the deposit -> paid\n"

    again = deposited("--json", "deposits", "do", "C-1", "NotifyUse", *AT)
    assert again.document["state"] == "notified"
    assert again.document["receipt"]["versions"][0][0]["id"] == "C-1"


@pytest.mark.clause("SD-7")
def test_a_rule_refuses(deposited: Cli) -> None:
    """What a guard refuses is exit code 3 with every reason and its clause, and nothing changed."""
    before = deposited("deposits", "show", "NG-A", "--json", *AT).document
    said = ("NG-A", "HandOverBuilding", "--as", "developer", "design-life=50 years", *AT)

    assert _refused(deposited, *said) == [("deposits.handover-unpaid", "SD-7")]
    told = deposited("deposits", "do", *said)
    assert told.err.startswith("servflow: HandOverBuilding refused for deposit account NG-A\n  - ")
    assert told.err.rstrip().endswith("[SD-7]")
    assert deposited("deposits", "show", "NG-A", "--json", *AT).document == before


@pytest.mark.clause("SD-34", "SD-14")
def test_more_than_was_budgeted_is_refused(deposited: Cli) -> None:
    """No more is paid out than the cost list says, and it says no more than was approved."""
    paid = ("C-1", "PayOut", "amount=19000.01", "payee=repairer", *AT)
    assert _refused(deposited, *paid) == [("deposits.above-cost-list", "SD-14")]
    assert deposited("deposits", "do", "C-1", "ReturnCostList", "reason=add it up", *AT).code == 0
    listed = ("C-1", "HandInCostList", "--as", "repairer", "lines=membrane 20000.01", *AT)
    assert _refused(deposited, *listed) == [("deposits.above-budget", "SD-34")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("JW-1", "Fly"), "expected one of AnswerReview"),
        (("JW-1", "OrderPayment", "day=2026-01-01"), "an unknown field"),
        (("JW-1", "OrderPayment", "by-day=soon"), "by_day"),
        (("JW-2", "NotifyAssessment"), "no deposit account with the id 'JW-2'"),
        (("C-9", "ApproveClaim"), "no claim to the use of a deposit with the id 'C-9'"),
        (("X-1", "AssessDeposit", "cost=1"), "an id of the host's facts: JW-1, JW-2, NG-A"),
        (("X-1", "AssessDeposit", "cost=1", "building=project=p"), "name=value of project, building"),
        (("X-1", "AssessDeposit", "cost=1", "building=project=p; roof=flat"), "name=value of project"),
        (("JW-2", "AssessDeposit", "cost=much"), "cost"),
        (("JW-2", "AssessDeposit", "cost=1", "floor-area=2"), "the cost, or the average cost"),
        (("JW-2", "AssessDeposit", "cost=1", "shares=decoration=much"), "a whole number for each part"),
        (("JW-2", "AssessDeposit", "cost=1", "shares=decoration"), "name=value"),
        (("JW-2", "AssessDeposit", "cost=1", "grounds=name=award; approvals=me"), "who approved, the day"),
        (("JW-2", "AssessDeposit", "cost=1", "grounds=name=award; by=me"), "name=value of name, grade"),
        (("NG-A", "HandOverBuilding", "design-life=2 heating seasons"), "a period such as '50 years'"),
        (("NG-A", "HandOverBuilding", "design-life=long"), "a length such as"),
        (("C-1", "HandInCostList", "lines=membrane"), "for what and how much"),
        (("C-1", "HandInCostList", "lines=12000"), "for what and how much"),
        (
            ("JW-1", "CreditInterest", "--as", "nobody"),
            "found 'nobody', expected one of authority, developer",
        ),
        (("JW-1", "CreditInterest", "--as", "repairer"), "only a claim has one"),
        (("JW-1", "CreditInterest", "--as", "presale-supervisor"), "JW-1 names none"),
        (("C-1", "SignCostList", "--as", "inspection-body"), "C-1 names none"),
        (("C-9", "FileClaim", "--as", "property-manager"), "there is no account yet that names one"),
        (("C-9", "FileClaim", "--as", "bank", "account=X-1"), "there is no account yet that names one"),
    ],
)
def test_wrong_usage(deposited: Cli, arguments: tuple[str, ...], told: str) -> None:
    """A mistake on the line is exit code 2, and says what was expected."""
    said = deposited("deposits", "do", *arguments)

    assert said.code == 2, said
    assert told in " ".join(said.err.split())


def test_a_building_that_the_host_does_not_have(deposited: Cli) -> None:
    """It is described with the assessment; shares and a committee are as they were said."""
    building = "project=p; building=3; building-type=low_rise; kinds=new,for-sale; developer=d; bank=b"
    shares = "shares=roof-waterproofing=3; decoration=1"
    said = deposited(
        "deposits", "do", "X-1", "AssessDeposit", "cost=100", f"building={building}", shares, *AT
    )

    assert said.code == 0, said
    shown = deposited("--json", "deposits", "show", "X-1", *AT).document
    assert shown["building"]["building_type"] == "low_rise"
    assert {part: each["weight"] for part, each in shown["parts"].items()} == {
        "decoration": 1,
        "roof-waterproofing": 3,
    }


def test_who_speaks(deposited: Cli) -> None:
    """A role is whom the building or the claim names; a house speaks through its staff, in its post."""
    journal = deposited("deposits", "show", "JW-1", "--json", *AT).document["journal"]
    spoke = {entry["command"]["command"]: entry["command"]["by"] for entry in journal}
    assert spoke["ConfirmLetter"] == {"party": "jiangwan", "serves": "jiangwan", "office": "staff"}
    assert spoke["AssessDeposit"]["posts"] == ["collection"]
    assert spoke["NoteDefault"]["office"] == "clock"
    assert spoke["BookDepositClaim"]["office"] == "system"

    claim = deposited("deposits", "show", "C-1", "--json", *AT).document
    assert claim["applicants"][0] == {"role": "property-manager", "party": "anju"}
    roles = {entry["command"]["command"]: entry["role"] for entry in claim["journal"]}
    assert (roles["FileClaim"], roles["FinishRepair"]) == ("property-manager", "repairer")
    pay = ("C-1", "PayOut", "amount=1", "payee=repairer", *AT)
    for who in ("bank", "developer", "o-1201", "department", "applicant", "system"):
        assert _refused(deposited, *pay, "--as", who), who


def test_an_owner_and_a_representative(deposited: Cli) -> None:
    """An owner asks for what is his; the same person asks as the owners' representative where he says so."""
    said = (
        *("FileClaim", "account=JW-1", "part=leakage", "what=the bathroom leaks"),
        *("ground=not-performed", "reported-on=2026-05-20", *AT),
    )
    private = ("parts=private", "unit=1201")
    assert deposited("deposits", "do", "C-2", *said, *private, "--as", "o-1201").code == 0
    assert deposited("--json", "deposits", "show", "C-2", *AT).document["applicants"][0]["role"] == "owner"
    assert deposited("deposits", "do", "C-2", "WithdrawClaim", "reason=x", "--as", "applicant", *AT).code == 0

    assert _refused(deposited, "C-3", *said, "parts=common", "--as", "o-1201") == [
        ("deposits.may-not-ask", "SD-12")
    ]
    told = deposited("deposits", "do", "C-3", *said, "parts=common", "--as", "o-1201").err
    assert "Who may: the property manager or the owners' committee." in " ".join(told.split())
    other = ("account=NG-A", *said[2:], "parts=common", "--as", "o-1201")  # there is no committee
    told = deposited("deposits", "do", "C-3", "FileClaim", *other).err
    together = "Who may, but only together: the property manager; the representative chosen by the owners."
    assert (together in " ".join(told.split()), "Who may:" in told) == (True, False), told
    told = deposited("--lang", "zh_CN", "deposits", "do", "C-3", "FileClaim", *other).err
    assert "应当会同提出的：物业" in told
    for who in (("--as", "owners-representative"), ("--as", "o-1201", "role=owners-representative")):
        told = deposited("--json", "deposits", "do", "C-3", *said, "parts=common", *who).document
        (reason,) = told["reasons"]
        assert (reason["code"], dict(reason["facts"])["role"]) == (
            "deposits.may-not-ask",
            "owners-representative",
        )
    assert _refused(deposited, "C-3", *said, "parts=common", "--as", "authority") == [
        ("deposits.may-not-ask", "SD-12")
    ]


def test_an_inspection_body_speaks_of_its_test(deposited: Cli) -> None:
    """Who was asked to test records what it found; an authority that asked signs as the applicant."""
    filed = (
        *("C-2", "FileClaim", "account=JW-1", "part=leakage", "parts=common", "what=a wet wall"),
        *("ground=not-performed", "reported-on=2026-05-20", "--as", "anju", *AT),
        "together-with=role=owners-committee; party=jiangwan-committee; signed=s-2",
    )
    assert deposited("deposits", "do", *filed).code == 0
    disputed = ("C-2", "DisputeLiability", "reason=not ours", "body=test-centre", "--as", "developer", *AT)
    assert deposited("deposits", "do", *disputed).code == 0
    found = ("C-2", "RecordTest", "liable=true", "report=T-7", "--as", "inspection-body", *AT)
    assert deposited("deposits", "do", *found).code == 0

    shown = deposited("deposits", "show", "C-2", *AT).out
    assert re.search(r"test-centre +23 May 2026 +yes +T-7", shown)
    assert "not ours" in shown


def test_what_is_allowed(deposited: Cli) -> None:
    """What somebody may say now is told with its fields, and why the rest is refused."""
    told = {
        each["command"]: each
        for each in deposited("--json", "deposits", "allowed", "NG-A", "--as", "developer", *AT).document
    }
    assert set(told) == {"AskReview", "ConfirmLetter", "HandOverBuilding"}
    assert told["ConfirmLetter"]["reasons"][0]["code"] == "deposits.letter-confirmed"
    assert told["HandOverBuilding"]["fields"] == ["design_life", "agreed"]
    assert deposited("deposits", "allowed", "C-1", *AT).out.startswith("C-1, as the authority")
    chinese = deposited("--lang", "zh_CN", "deposits", "allowed", "NG-A", "--as", "developer", *AT).out
    assert "未足额交存" in chinese or "SD-7" in chinese
    assert deposited("deposits", "allowed", "X-9").err == "servflow: no account, claim with the id 'X-9'\n"


@pytest.mark.clause("SD-7", "SD-31")
def test_gates(deposited: Cli) -> None:
    """Each gate is passed, open, or closed with the reason; a closed one that was asked for is exit code 1."""
    said = deposited("--json", "deposits", "gates", "NG-A", *AT)
    assert said.code == 1
    assert [(each["gate"], each["state"]) for each in said.document] == [
        ("handover", "closed"),
        ("acceptance-filing", "closed"),
        ("title-registration", "closed"),
    ]
    assert [each["reasons"][0]["clause"]["id"] for each in said.document] == ["SD-7", "SD-31", "SD-31"]

    paid = deposited("--json", "deposits", "gates", "JW-1", *AT)
    assert (paid.code, [each["state"] for each in paid.document]) == (0, ["passed", "open", "open"])
    assert paid.document[0]["passed_on"] == "2026-04-01"
    filed = ("JW-1", "PassGate", "gate=acceptance-filing", "--as", "department", *AT)
    assert deposited("deposits", "do", *filed).code == 0
    only = deposited("deposits", "gates", "JW-1", "--gate", "acceptance-filing", *AT)
    assert only.code == 0
    assert re.search(r"acceptance filing +passed +23 May 2026", only.out)
    assert "SD-31" in deposited("deposits", "gates", "NG-A", "--gate", "acceptance-filing", *AT).out


# --- what is there --------------------------------------------------------------------------------------


def test_lists(deposited: Cli) -> None:
    """The accounts by state, developer, project, and a page at a time; only those with something late."""

    def ids(*options: str) -> list[str]:
        return [each["id"] for each in deposited("--json", "deposits", "list", *options).document]

    assert ids(*AT) == ["JW-1", "NG-A"]
    assert ids("--state", "due") == ["NG-A"]
    assert ids("--developer", "jiangwan") == ["JW-1"]
    assert ids("--project", "northgate-terrace") == ["NG-A"]
    assert ids("--overdue", *AT) == []
    assert ids("--overdue", "--at", "2027-04-01T09:00:00+08:00") == ["JW-1"]
    page = deposited("deposits", "list", "--limit", "1", *AT)
    assert "--after JW-1" in page.err
    assert ids("--after", "JW-1") == ["NG-A"]
    shown = deposited("deposits", "list", "--at", "2027-04-01T09:00:00+08:00").out
    assert re.search(r"JW-1 .*31 March 2027: statement of 2026 to be published +!", shown)
    assert "expected one of" in deposited("deposits", "list", "--state", "flying").err


def test_claims(deposited: Cli) -> None:
    """The claims by account, developer and state, with the next day ahead."""

    def ids(*options: str) -> list[str]:
        return [each["id"] for each in deposited("--json", "deposits", "claims", *options).document]

    assert ids() == ids("--account", "JW-1") == ids("--developer", "jiangwan") == ["C-1"]
    assert ids("--account", "NG-A") == ids("--state", "filed") == ids("--overdue", *AT) == []
    assert ids("--overdue", "--at", "2026-06-11T23:59:00+08:00") == []
    assert ids("--overdue", "--at", "2026-06-12T00:00:00+08:00") == ["C-1"]
    shown = deposited("deposits", "claims", *AT).out
    assert re.search(
        r"C-1 +JW-1 +roof waterproofing +the roof leaks .* 11 June 2026: payment of the repair", shown
    )


def test_a_list_over_nothing(deposited: Cli) -> None:
    """Where there is nothing there is one line, and no headings."""
    said = deposited("deposits", "claims", "--state", "filed", *AT)
    assert said.out == "claims at 23 May 2026, 09:00 (GMT+08:00): nothing\n"


@pytest.mark.clause("SD-14", "SD-20")
def test_what_is_due(deposited: Cli) -> None:
    """The days ahead, the first first, each with its clause; what is late says so, what is over is left out."""
    due = deposited("--json", "deposits", "due", "--within", "1000", *AT).document
    told = [(each["id"], each["what"], each["of"], each["last_day"], each["late"]) for each in due]
    assert told[0] == ("C-1", "pay-out", "", "2026-06-11", False)
    assert told[1] == ("JW-1", "publication", "2026", "2027-03-31", False)
    assert ("JW-1", "warranty-end", "decoration", "2028-04-01", False) in told
    assert ("JW-1", "release", "decoration", "2028-05-01", False) in told
    assert due[0]["clause"]["id"] == "SD-14"
    assert due[0]["wakes_at"] == "2026-06-11T00:00:00+08:00"
    assert [each["last_day"] for each in due] == sorted(each["last_day"] for each in due)

    later = deposited("deposits", "due", "--at", "2026-06-12T09:00:00+08:00").out
    assert re.search(r"11 June 2026 +-1 +C-1 +payment of the repair +! +2026-06-11 00:00 +SD-14", later)
    assert deposited("--json", "deposits", "due", "--developer", "northgate", *AT).document == []
    early = deposited("--json", "deposits", "due", "--at", "2026-02-05T09:00:00+08:00").document
    assert ("NG-A", "review", "2026-02-11") in [
        (each["id"], each["what"], each["last_day"]) for each in early
    ]


def test_an_order_that_was_not_kept_is_late(deposited: Cli) -> None:
    """While something is unpaid after the day that was ordered, that day stays on the list."""
    ordered = ("NG-A", "OrderPayment", "by-day=2026-05-25", *AT)
    assert deposited("deposits", "do", *ordered).code == 0
    due = deposited("--json", "deposits", "due", "--at", "2026-05-26T09:00:00+08:00").document
    assert ("NG-A", "payment", "2026-05-25", True) in [
        (each["id"], each["what"], each["last_day"], each["late"]) for each in due
    ]


@pytest.mark.clause("SD-21")
def test_a_share_that_is_held_back_is_not_late(deposited: Cli) -> None:
    """A serious defect, or an open claim, takes the release of its part off the days ahead."""

    def releases() -> set[str]:
        due = deposited("--json", "deposits", "due", "--within", "3000", *AT).document
        return {each["of"] for each in due if each["what"] == "release"}

    assert {"roof-waterproofing", "decoration"} & releases() == {"decoration"}  # C-1 is open on the roof
    defect = ("name=d-1", "part=decoration", "what=cracks")
    assert deposited("deposits", "do", "JW-1", "RecordDefect", *defect, *AT).code == 0
    assert "decoration" not in releases()
    assert re.search(
        r"d-1 +decoration .* cracks +23 May 2026", deposited("deposits", "show", "JW-1", *AT).out
    )
    assert deposited("deposits", "do", "JW-1", "RepairDefect", "name=d-1", *AT).code == 0
    assert "decoration" in releases()


def test_what_staff_have_to_see_to(deposited: Cli) -> None:
    """What was called to their attention is on the list until it is taken off by its code."""
    assert deposited("deposits", "attention").out == "to be seen to: nothing\n"
    filed = (
        *("C-2", "FileClaim", "account=JW-1", "part=leakage", "parts=private", "unit=1", "what=all is wet"),
        *("ground=not-performed", "reported-on=2026-05-20", "--as", "o-0302", *AT),
    )
    for said in (
        filed,
        ("C-2", "CheckWithDeveloper", "says=cannot", *AT),
        ("C-2", "ApproveClaim", *AT),
        ("C-2", "AssignRepairer", "repairer=anju", "kind=property-manager", *AT),
        ("C-2", "HandInBudget", "plan=p", "amount=7000000", "--as", "repairer", *AT),
        ("C-2", "ApproveBudget", *AT),
    ):
        assert deposited("deposits", "do", *said).code == 0, said
    seen = deposited("--json", "deposits", "attention").document
    assert {(each["id"], each["title"]) for each in seen} >= {("C-2", "all is wet")}
    (code,) = {reason["code"] for each in seen if each["id"] == "C-2" for reason in each["reasons"]}
    assert code in deposited("deposits", "attention").out
    assert code in deposited("deposits", "show", "C-2", *AT).out
    assert deposited("deposits", "do", "C-2", "SeeToClaim", f"code={code}", *AT).code == 0
    assert "C-2" not in deposited("deposits", "attention").out
    for each in seen:
        if each["id"] == "JW-1":
            assert each["title"] == "jiangwan-garden 1"


@pytest.mark.clause("SD-18", "SD-35")
def test_at_the_end_of_the_keeping(deposited: Cli) -> None:
    """The day stays on the list, late, until all that is left is released; each part and the staff's list say so."""
    settled = ("C-1", "PayOut", "amount=19000", "payee=repairer", *AT)
    assert deposited("deposits", "do", *settled).code == 0
    at = ("--at", "2031-04-02T09:00:00+08:00")
    assert deposited("wake", *at).code == 0

    def rest(*options: str) -> list[tuple[str, bool]]:
        due = deposited("--json", "deposits", "due", "--within", "3000", *options).document
        return [(each["last_day"], each["late"]) for each in due if each["what"] == "rest"]

    assert rest(*AT) == [("2031-04-01", False)]
    assert rest(*at) == rest("--at", "2033-01-01T09:00:00+08:00") == [("2031-04-01", True)]
    shown = deposited("deposits", "show", "JW-1", *at).out
    assert re.search(r"foundation .* in warranty; keeping ended, to be released +1 April 2076", shown)
    assert re.search(r"1 April 2031 +longest keeping ends, all that is left to be released +!", shown)
    early = deposited("deposits", "show", "JW-1", "--at", "2031-04-01T09:00:00+08:00").out
    assert "; keeping ended" not in early
    year = deposited("deposits", "statement", "JW-1", "--from", "2031-01-01", "--through", "2031-04-02").out
    assert "in warranty; keeping ended, to be released" in year
    seen = deposited("deposits", "attention").out
    assert re.search(r"JW-1 .* ended on 1 April 2031: all that is left .* deposits\.limit-reached", seen)

    released = ("JW-1", "ReleaseRest", "decision=no. 4", "--recorded-at", at[1])
    assert deposited("deposits", "do", *released).code == 0
    assert rest(*at) == []
    assert "deposits.limit-reached" not in deposited("deposits", "attention").out
    assert "; keeping ended" not in deposited("deposits", "show", "JW-1", *at).out


# --- one of them ----------------------------------------------------------------------------------------


def test_an_account_is_shown(deposited: Cli) -> None:
    """What is asked and why, what is held for each part and until when, movements, days ahead, and the rest."""
    shown = deposited("deposits", "show", "JW-1", *AT).out
    for line in (
        r"building +jiangwan-garden 1, high-rise",
        r"deposit +CNY 6,000,000.00",
        r"handed over on +1 April 2026",
        r"surcharge owed +CNY 78,000.00",
        r"interest not credited yet +CNY 5,\d\d\d\.\d\d",
        r"kept through +1 April 2031",
        r"CNY 120,000,000.00 × 5 % = CNY 6,000,000.00 \[SD-1\]",
        r"roof waterproofing +1 +in warranty +1 April 2034 +CNY 750,000.00 .* C-1",
        r"foundation and structure +1 +in warranty +1 April 2076",
        r"2 +21 March 2026 +paid in +CNY 700,000.00 +CNY 5,500,000.00 +R-2",
        r"15 February 2026 +1 March 2026 +default noted",
        r"1 March 2026 +CNY 1,200,000.00",
        r"C-1 +roof waterproofing +open +CNY 20,000.00",
        r"10 February 2026 +cash/city-bank +deposit/JW-1 +CNY 4,800,000.00",
    ):
        assert re.search(line, shown), line
    other = deposited("deposits", "show", "NG-A", *AT).out
    assert re.search(r"2 February 2026 +CNY 600,000.00 +performance rating 2A", other)
    assert "not handed over yet" in other


@pytest.mark.clause("SD-8")
def test_an_account_for_machines(deposited: Cli) -> None:
    """By the day that is asked: 72,000 of surcharge up to the day of payment, then 1,500 a day."""

    def shown(day: str) -> dict[str, object]:
        said = deposited("--json", "deposits", "show", "JW-1", "--at", f"{day}T09:00:00+08:00")
        found: dict[str, object] = said.document
        return found

    assert shown("2026-05-23")["surcharge_owed"] == {"amount": "78000.00", "currency": "CNY"}
    told = shown("2026-05-23")
    assert (told["target"], told["unpaid"]) == (
        {"amount": "6000000.00", "currency": "CNY"},
        {"amount": "0.00", "currency": "CNY"},
    )
    parts = told["standing"]
    assert isinstance(parts, list)
    assert {each["part"]: each["until"] for each in parts}["roof-waterproofing"] == "2034-04-02"
    days = told["days"]
    assert isinstance(days, list)
    assert days[0] == {"day": "2027-03-31", "what": "publication", "of": "2026"}
    assert told["outbox"]


@pytest.mark.clause("SD-8")
def test_the_surcharge_by_hand(cli: Cli) -> None:
    """Ordered by 1 March, 700,000 of 1,200,000 paid on the 21st: 72,000 up to that day, 1,500 a day after it."""
    said = ("surcharge", "--ordered-by", "2026-03-01", "--unpaid", "1200000", "--paid", "2026-03-21=700000")
    told = cli("--json", "deposits", *said, "--through", "2026-03-21").document
    assert (told["amount"]["amount"], told["next_day"]["amount"]) == ("72000.00", "1500.00")
    later = cli("--json", "deposits", *said, "--through", "2026-03-25").document
    assert later["amount"]["amount"] == "78000.00"
    shown = cli("deposits", *said, "--through", "2026-03-25").out
    assert shown.startswith("through 25 March 2026: CNY 78,000.00; a day more: CNY 1,500.00\n")
    assert "20 days: after 1 March 2026" in shown

    for wrong, expected in (
        (("--through", "2026-02-28"), "2026-03-01 or a later day"),
        (("--paid", "2026-03-01=1"), "a day after 2026-03-01"),
        (("--paid", "2026-03-22=600000"), "no more than is unpaid: CNY 500000.00"),
        (("--paid", "2026-03-22=much"), "--paid"),
        (("--paid", "2026-03-22=-5"), "an amount of 0 or more"),
    ):
        found = cli("deposits", *said, *wrong)
        assert (found.code, expected in " ".join(found.err.split())) == (2, True), found
    assert cli("deposits", "surcharge", "--ordered-by", "2026-03-01", "--unpaid", "1").code == 0


def test_the_row_of_a_reversed_payment(deposited: Cli) -> None:
    """It has the receipt of the payment that it reverses, in the account and in the statement."""
    lodged = ("NG-A", "LodgeDeposit", "amount=600000", "receipt=N-7", "--as", "bank", *AT)
    back = ("NG-A", "ReversePayment", "number=1", "reason=returned", "--as", "bank", *AT)
    for said in (lodged, back):
        assert deposited("deposits", "do", *said).code == 0, said
    row = r"payment reversed +-CNY 600,000.00 +CNY 0.00 +N-7"
    assert re.search(row, deposited("deposits", "show", "NG-A", *AT).out)
    assert re.search(row, deposited("deposits", "statement", "NG-A", "--year", "2026").out)


def test_headings_of_its_own(deposited: Cli) -> None:
    """What was paid in for a part is not called what is left of it; postings say what they are for."""
    shown = deposited("deposits", "show", "JW-1", *AT).out
    assert re.search(r"warranty through +paid in for it +held", shown)
    assert re.search(r"debit +credit +amount +for\n", shown)
    chinese = deposited("--lang", "zh_CN", "deposits", "show", "JW-1", *AT).out
    assert re.search(r"保修至 +交存份额 +本息余额", chinese)
    assert re.search(r"借方 +贷方 +金额 +事由\n", chinese)
    assert "等待" not in chinese


@pytest.fixture
def gap(deposited: Cli, tmp_path: Path) -> tuple[str, ...]:
    """The options of the same desk whose charges have no demand deposit rate from 1 April 2026 on."""
    facts = (EXAMPLES / "deposits.toml").read_text(encoding="utf-8")
    (tmp_path / "charges.toml").write_text(NO_RATE, encoding="utf-8")
    (tmp_path / "gap.toml").write_text(
        facts.replace('"shandong/warranty-deposit-fees"', '"charges.toml"'), encoding="utf-8"
    )
    return ("--host", str(tmp_path / "gap.toml"))


@pytest.mark.clause("SD-18")
def test_an_account_without_a_rate(deposited: Cli, gap: tuple[str, ...]) -> None:
    """All else is shown; in the place of the interest stands from which day on there is no rate."""
    at = ("--at", "2026-07-01T09:00:00+08:00")
    said = deposited(*gap, "deposits", "show", "JW-1", *at)
    assert said.code == 0, said
    for line in (
        r"interest not credited yet +no interest rate from 1 April 2026 on",
        r"balance +CNY 6,000,000.00",
        r"surcharge owed +CNY 78,000.00",
        r"roof waterproofing +1 +in warranty +1 April 2034 +CNY 750,000.00 +CNY 750,234.00",
    ):
        assert re.search(line, said.out), line
    chinese = deposited(*gap, "--lang", "zh_CN", "deposits", "show", "JW-1", *at).out
    assert "自2026年4月1日起无利率" in chinese
    told = deposited(*gap, "--json", "deposits", "show", "JW-1", *at).document
    assert (told["interest_accrued"], told["no_interest_rate_from"]) == (None, "2026-04-01")
    assert told["no_surcharge_from"] is None
    before = deposited(
        *gap, "--json", "deposits", "show", "JW-1", "--at", "2026-04-01T09:00:00+08:00"
    ).document
    assert before["no_interest_rate_from"] is None
    assert before["interest_accrued"]["amount"] != "0.00"
    day = deposited(*gap, "--json", "deposits", "show", "JW-1", "--at", "2026-04-02T09:00:00+08:00").document
    assert day["no_interest_rate_from"] == "2026-04-01"


@pytest.mark.clause("SD-19")
def test_a_statement_without_a_rate(deposited: Cli, gap: tuple[str, ...]) -> None:
    """It would not add up: it and the rows say which rate is lacking, and from which day on, and exit 1."""
    lacking = "servflow: interest rate has no value from 2026-04-01 on, for account JW-1\n"
    for call in (("statement", "JW-1"), ("statement",), ("export", "movements")):
        said = deposited(*gap, "deposits", *call, "--year", "2026")
        assert (said.code, said.err.endswith(lacking)) == (1, True), said
    known = ("statement", "JW-1", "--from", "2026-01-01", "--through", "2026-03-31")
    assert deposited(*gap, "deposits", *known).code == 0


@pytest.mark.clause("SD-8")
def test_an_account_without_a_surcharge(deposited: Cli, gap: tuple[str, ...], tmp_path: Path) -> None:
    """Where late payment has no rate, the account says from which day on, and the statement which it is."""
    (tmp_path / "charges.toml").write_text(NO_SURCHARGE, encoding="utf-8")
    said = deposited(*gap, "deposits", "show", "JW-1", *AT)
    assert said.code == 0, said
    assert re.search(r"surcharge owed +no surcharge known from 1 March 2026 on", said.out)
    assert re.search(r"interest not credited yet +CNY \d", said.out)
    told = deposited(*gap, "--json", "deposits", "show", "JW-1", *AT).document
    assert (told["surcharge_owed"], told["no_surcharge_from"]) == (None, "2026-03-01")
    stated = deposited(*gap, "deposits", "statement", "JW-1", "--year", "2026")
    assert (stated.code, "surcharge has no value from 2026-03-01 on" in stated.err) == (1, True), stated


_OVER = """
format = 1
authority = "a-city-of-the-tests"
subject = "warranty-deposit-fees"
policy = "fees"
title = "invented"
currency = "CNY"
zone = "Asia/Shanghai"
verified-on = 2026-11-29
"""
NO_RATE = f"""{_OVER}
over = "shandong/warranty-deposit-fees"
[rules.demand-interest]
label = "demand deposit interest"
in-force-over = ["after", "through"]
[[rules.demand-interest.values]]
from = 2010-09-15
is = "scale(percent(given(balance, CNY), 0.36%), years(act_360, after, through))"
clause = "SD-18"
[[rules.demand-interest.values]]
from = 2026-04-01
gap = true
clause = "SD-18"
note = "invented"
"""
NO_SURCHARGE = f"""{_OVER}
[rules.deposit]
label = "deposit"
in-force-on = "assessed_on"
[[rules.deposit.values]]
from = 2010-09-15
is = "rounded(percent(given(cost, CNY), 5%), half_up)"
clause = "SD-1"
[rules.interest]
label = "interest"
in-force-on = "through"
[[rules.interest.values]]
from = 2010-09-15
is = "rounded(over_balance(balance, scale(percent(given(balance, CNY), 0.36%), years(act_360, after, through)), after, through), half_up)"
clause = "SD-18"
[rules.surcharge]
label = "late"
in-force-on = "ordered_by"
[[rules.surcharge.values]]
from = 2010-09-15
is = "rounded(over_balance(unpaid, scale(percent(given(unpaid, CNY), 0.3%), days(ordered_by, end)), ordered_by, end), half_up)"
clause = "SD-8"
[[rules.surcharge.values]]
from = 2026-02-01
gap = true
clause = "SD-8"
note = "invented"
"""


def test_a_claim_is_shown(deposited: Cli) -> None:
    """What was asked by whom, what was approved, the cost list, and the last day for its payment."""
    shown = deposited("deposits", "show", "C-1", *AT).out
    for line in (
        r"what +the roof leaks",
        r"repairer +shunda \(a qualified contractor\) Q-1",
        r"budget +CNY 20,000.00 \(plan-1\), approved on 9 May 2026",
        r"11 June 2026 +payment of the repair +SD-14",
        r"the owners' committee +jiangwan-committee +s-1",
        r"labour +CNY 7,000.00",
    ):
        assert re.search(line, shown), line
    plain = deposited("--json", "deposits", "show", "C-1", *AT).document
    assert plain["days"] == [{"day": "2026-06-11", "what": "pay-out", "of": ""}]
    assert plain["costs"]["total"] == {"amount": "19000.00", "currency": "CNY"}


def test_a_budget_that_was_not_approved(deposited: Cli) -> None:
    """Of a budget it is said whether it was approved; what was paid, and to whom, when it was."""
    paid = ("C-1", "PayOut", "amount=19000", "payee=repairer", "--at", "2026-05-25T09:00:00+08:00")
    assert deposited("deposits", "do", *paid).code == 0
    shown = deposited("deposits", "show", "C-1", *AT).out
    assert re.search(r"paid out +CNY 19,000.00, 25 May 2026, the repairer shunda", shown)
    emergency = (
        *("C-2", "FileEmergencyClaim", "account=JW-1", "part=leakage", "parts=private", "unit=0302"),
        *("what=a burst pipe", "ground=not-performed", "reported-on=2026-05-20", "emergency=use-impaired"),
        *("repaired-on=2026-05-20", "lines=pipe 800", "evidence=photo-1,bill-1", "--as", "o-0302", *AT),
    )
    assert deposited("deposits", "do", *emergency).code == 0
    shown = deposited("deposits", "show", "C-2", *AT).out
    assert re.search(r"evidence +photo-1, bill-1", shown)
    assert re.search(r"part of the building +leakage .* 0302", shown)
    filed = (
        *("C-3", "FileClaim", "account=JW-1", "part=decoration", "parts=private", "unit=0302", "what=tiles"),
        *("ground=not-performed", "reported-on=2026-05-20", "--as", "o-0302", *AT),
    )
    for said in (
        filed,
        ("C-3", "CheckWithDeveloper", "says=refuses", *AT),
        ("C-3", "ApproveClaim", *AT),
        ("C-3", "AssignRepairer", "repairer=anju", "kind=property-manager", *AT),
        ("C-3", "HandInBudget", "plan=p-3", "amount=900", "--as", "repairer", *AT),
    ):
        assert deposited("deposits", "do", *said).code == 0, said
    assert "(p-3), not approved yet" in deposited("deposits", "show", "C-3", *AT).out


def test_in_chinese(deposited: Cli) -> None:
    """Headings, titles, states, amounts and days are Chinese; references and codes stay as they are."""
    kept = re.compile(
        r"deposits\.[a-z.-]+|GMT|JW|NG|SD|[a-z]+(-[a-z]+)+|jiangwan|northgate|anju|shunda|plan|clerk|clock|cash"
        r"|deposit/|owners/|the roof leaks|membrane|labour|policy|linjiang"
    )
    for call in (
        ("show", "JW-1", *AT),
        ("show", "C-1", *AT),
        ("list", *AT),
        ("claims", *AT),
        ("due", "--within", "3000", *AT),
        ("gates", "NG-A", *AT),
        ("statement", "JW-1", "--year", "2026"),
        ("statement", "--year", "2026"),
        ("statement", "--developer", "jiangwan", "--year", "2026"),
        ("credit", "jiangwan", "--on", "2026-05-23"),
    ):
        said = deposited("--lang", "zh_CN", "deposits", *call).out
        assert re.findall("[A-Za-z]{2,}", kept.sub("", said)) == [], call


# --- what it would be -----------------------------------------------------------------------------------

GROUND = "name=performance; grade=2A; shown=finally-reviewed"


@pytest.mark.clause("SD-1", "SD-3", "SD-4")
def test_an_assessment_by_hand(cli: Cli) -> None:
    """5 % of 120,000,000 is 6,000,000, with 2A 3,600,000; never below 1 %, which the derivation shows."""

    def assessed(*options: str) -> str:
        said = cli("--json", "deposits", "assess", "--cost", "120000000", "--on", "2026-01-05", *options)
        amount: str = said.document["amount"]["amount"]
        return amount

    assert assessed("--type", "high_rise") == "6000000.00"
    assert assessed("--type", "high_rise", "--approved", "--ground", GROUND) == "3600000.00"
    award = "name=award; grade=national; shown=won"
    floor = ("--type", "multi_storey", "--approved", "--ground", GROUND, "--ground", award)
    assert assessed(*floor) == "1200000.00"
    shown = cli("deposits", "assess", "--cost", "120000000", "--on", "2026-01-05", *floor).out
    assert shown.startswith("on 5 January 2026: CNY 1,200,000.00, assessed\n")
    assert "the larger of CNY 0.00 and CNY 1,200,000.00" in shown
    assert {"[SD-1]", "[SD-3]", "[SD-4]", "[SD-27]"} <= set(re.findall(r"\[SD-\d+\]", shown))


@pytest.mark.clause("SD-2", "SD-29")
def test_an_assessment_by_average_and_an_exemption(cli: Cli) -> None:
    """The base may be an average for each square metre; an insured building is exempt."""
    average = ("--type", "low_rise", "--average-cost", "CNY 2000", "--floor-area", "1000.5")
    told = cli("--json", "deposits", "assess", *average, "--on", "2026-01-05").document
    assert (told["amount"]["amount"], told["state"]) == ("60030.00", "assessed")
    assert told["rulebook"] == "shandong/warranty-deposits"
    insured = ("--ground", "name=insurance; shown=insured", "--approved")
    assert cli("--json", "deposits", "assess", *average, *insured).document["state"] == "exempt"


@pytest.mark.clause("SD-27")
def test_an_assessment_that_the_desk_would_refuse(cli: Cli) -> None:
    """What was not approved, and what is no ground, is refused with its reasons."""
    said = cli("--json", "deposits", "assess", "--type", "high_rise", "--cost", "1", "--ground", GROUND)
    assert said.code == 3
    assert [each["code"] for each in said.document["reasons"]] == ["deposits.approval-missing"] * 2
    other = cli(
        "deposits", "assess", "--type", "high_rise", "--cost", "1", "--ground", "name=luck", "--approved"
    )
    assert other.code == 3
    assert cli("deposits", "assess", "--type", "high_rise").code == 2
    assert cli("deposits", "assess", "--type", "high_rise", "--cost", "1", "--cost", "x").code == 2


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--type", "castle"), "--type: found 'castle', expected one of low_rise, multi_storey, small_high"),
        (("--type", "high_rise", "--approved", "--ground", GROUND.replace("2A", "5A")), "one of 1A, 2A, 3A"),
        (("--type", "castle", "--on", "2009-01-01"), "expected one of low_rise"),
    ],
)
def test_words_that_the_charges_do_not_have(cli: Cli, said: tuple[str, ...], told: str) -> None:
    """A type of building or a grade that is no word of the rulebook is wrong usage, with those that are."""
    found = cli("deposits", "assess", "--cost", "1", *said)
    assert (found.code, told in found.err) == (2, True), found


@pytest.mark.clause("SD-36")
def test_an_assessment_before_the_rules(cli: Cli) -> None:
    """A day before the rulebook is refused as at the desk; the first day of it is not."""
    asked = ("--type", "high_rise", "--cost", "120000000", "--ground", GROUND, "--approved")
    before = cli("--json", "deposits", "assess", *asked, "--on", "2010-09-14")
    assert before.code == 3
    reason = before.document["reasons"][0]
    assert (reason["code"], reason["clause"]["id"]) == ("deposits.out-of-scope", "SD-36")
    assert cli("deposits", "assess", *asked, "--on", "2010-09-15").code == 0


@pytest.mark.clause("SD-28", "SD-3")
def test_a_ground_that_takes_nothing_off(cli: Cli) -> None:
    """It says in one line what was not shown of it; a ground that takes something off says nothing."""

    def told(*grounds: str) -> tuple[object, list[str]]:
        asked = ["deposits", "assess", "--type", "high_rise", "--cost", "100", "--approved"]
        asked += [word for each in grounds for word in ("--ground", each)]
        lines = cli(*asked).out.splitlines()
        return cli("--json", *asked).document["without_effect"], [each for each in lines if "shown:" in each]

    rating = "nothing is taken off for performance rating; not shown: performance rating finally reviewed"
    assert told("name=performance; grade=2A", "name=award; grade=city; shown=won") == (
        {"performance": ["performance_finally_reviewed"]},
        [rating],
    )
    assert told(GROUND) == ({}, [])
    sound = "name=systems; points=1; shown=sound"
    assert told(sound)[0] == {"systems": ["systems_credit_grade_high", "systems_early_quality_control"]}
    assert told(f"{sound},early-quality-control") == ({}, [])
    national = "name=award; grade=national; shown=won"
    assert told(GROUND, national, f"{sound},early-quality-control") == ({}, [])  # more than down to the least
    assert told("name=systems; points=0; shown=sound,credit-grade-high") == ({}, [])


def test_an_assessment_by_other_rules(deposited: Cli, tmp_path: Path) -> None:
    """The rules are those that are named, or an authority's own; retained money goes by the same command."""
    retained = (
        "--rules",
        "national/construction-retention",
        "--charges",
        "national/construction-retention-fees",
    )
    works = ("--type", "works", "--cost", "1000000", *retained)
    assert deposited("--json", "deposits", "assess", *works).document["amount"]["amount"] == "30000.00"
    bond = ("--ground", "name=performance-bond; shown=paid")
    assert deposited("--json", "deposits", "assess", *works, *bond).document["state"] == "exempt"
    ours = deposited("--json", "deposits", "assess", "--type", "high_rise", "--cost", "100").document
    assert ours["charges"] == "shandong/warranty-deposit-fees"
    facts = (EXAMPLES / "deposits.toml").read_text(encoding="utf-8")
    without = facts.replace('charges = "shandong/warranty-deposit-fees"\n', "")
    (tmp_path / "without.toml").write_text(without, encoding="utf-8")
    said = deposited(
        "--host", tmp_path / "without.toml", "deposits", "assess", "--type", "high_rise", "--cost", "1"
    )
    assert said.code == 3
    assert (
        deposited("deposits", "assess", "--type", "x", "--cost", "1", "--rules", "nlc/interlibrary-loan").code
        == 2
    )


@pytest.mark.clause("SD-25")
def test_a_citys_own_rules(deposited: Cli, tmp_path: Path) -> None:
    """A rulebook beside the host's facts that lies over the province's is what the desk goes by."""
    facts = (EXAMPLES / "deposits.toml").read_text(encoding="utf-8")
    (tmp_path / "city.toml").write_text(CITY, encoding="utf-8")
    (tmp_path / "ours.toml").write_text(
        facts.replace('"shandong/warranty-deposits"', '"city.toml"'), encoding="utf-8"
    )
    ours = ("--host", tmp_path / "ours.toml", "deposits")

    assert "kept through" in deposited("deposits", "show", "JW-1", *AT).out
    assert "kept through" not in deposited(*ours, "show", "JW-1", *AT).out
    due = deposited("--json", *ours, "due", "--within", "3000", *AT).document
    assert "keeping-end" not in {each["what"] for each in due}
    assert "warranty-end" in {each["what"] for each in due}
    assert deposited(*ours, "assess", "--type", "high_rise", "--cost", "100").code == 0


CITY = """
format = 1
authority = "a-city-of-the-tests"
subject = "warranty-deposits"
policy = "deposits"
over = "shandong/warranty-deposits"
title = "an invented city's rules"
currency = "CNY"
zone = "Asia/Shanghai"
verified-on = 2026-11-29
[rules.kept-at-most]
label = "kept as long as a warranty lasts"
[[rules.kept-at-most.values]]
from = 2010-09-15
is = "unlimited"
clause = "PRACTICE"
note = "invented"
"""


@pytest.mark.clause("SD-20")
def test_a_share_is_released(deposited: Cli) -> None:
    """After its warranty the share of a part goes back with interest, and is ahead of nobody any more."""
    at = ("--at", "2028-04-10T09:00:00+08:00")
    recorded = ("--recorded-at", at[1])
    assert deposited("deposits", "do", "JW-1", "ReleasePart", "part=decoration", *recorded).code == 0
    due = deposited("--json", "deposits", "due", "--within", "3000", *at).document
    assert {each["what"] for each in due if each["of"] == "decoration"} == set()
    shown = deposited("deposits", "show", "JW-1", *at).out
    assert re.search(r"decoration .* released +1 April 2028 .* 10 April 2028", shown)
    assert re.search(r"10 April 2028 +release of a share +-CNY 75\d,\d{3}\.\d\d", shown)


def test_money_retained_for_construction(cli: Cli, tmp_path: Path) -> None:
    """An employer's desk by the national measure: at most 3 % of the price, handed over without being paid."""
    facts = (EXAMPLES / "deposits.toml").read_text(encoding="utf-8")
    for old, new in (
        ("shandong/warranty-deposits", "national/construction-retention"),
        ("shandong/warranty-deposit-fees", "national/construction-retention-fees"),
        ('kinds = ["new", "for-sale"]', 'kinds = ["construction-contract"]'),
    ):
        facts = facts.replace(old, new)
    (tmp_path / "employer.toml").write_text(facts, encoding="utf-8")
    employer = ("--host", tmp_path / "employer.toml", "deposits")

    for said in (
        ("AssessDeposit", "cost=1000000", "--at", "2026-01-05T09:00:00+08:00"),
        ("NotifyAssessment", "--at", "2026-01-06T09:00:00+08:00"),
        ("HandOverBuilding", "--as", "developer", "--at", "2026-01-07T09:00:00+08:00"),
        ("LodgeDeposit", "amount=30000", "origin=retained-money", "--at", "2026-02-05T09:00:00+08:00"),
    ):
        told = cli(*employer, "do", "NG-A", *said)
        assert told.code == 0, told
    (row,) = cli("--json", *employer, "statement", "NG-A", "--year", "2026").document["statements"]
    assert (row["paid_in"], row["interest"], row["closing"]) == ("CNY 30000.00", "CNY 0.00", "CNY 30000.00")


# --- the desk among others ------------------------------------------------------------------------------


def test_no_database_yet(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority is told what makes a database at its own desk."""
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "deposits.toml"))
    said = cli("deposits", "list")
    assert "deposits do ID AssessDeposit" in said.err
    assert "ill request" not in said.err


def test_the_other_desks(deposited: Cli) -> None:
    """Each desk's commands say so at another's facts."""
    assert "is an authority's; a library's is needed here" in deposited("ill", "list").err
    assert "is an authority's; a service firm's is needed here" in deposited("aftersales", "list").err
    other = deposited("--host", EXAMPLES / "service.toml", "deposits", "list")
    assert "is a service firm's; an authority's is needed here" in other.err


def test_the_house_keeps_it(deposited: Cli, tmp_path: Path) -> None:
    """The database is whole and decided so again; the clock speaks, letters leave, and it goes into an archive."""
    assert deposited("audit").code == 0
    assert deposited("audit", "--redecide").out.endswith("0 problems, 0 differences\n")
    assert deposited("audit", "--redecide", "--also", "shandong/warranty-deposits").code == 0
    assert deposited("audit", "--redecide", "--also", "shandong/warranty-deposit-fees").code == 0
    assert deposited("wake", "--at", "2028-05-02T09:00:00+08:00").code == 0
    assert deposited("mail", "--maildir", tmp_path / "mail").code in {0, 1}
    failed = deposited("--json", "deposits", "attention").document
    assert [each["untold"] for each in failed if each["untold"]] == []
    assert deposited("export", tmp_path / "archive").code == 0
    assert deposited("diagram", "deposits.account").code == 0
