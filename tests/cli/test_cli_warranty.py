"""``servflow warranty verdict``: who pays, until when, and why; claims on the line and in files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import RULE, Cli, Said

BOOK = """
format = 1
authority = "maker"
subject = "service"
policy = "aftersales"
title = "Service of a maker"
currency = "CNY"
zone = "Asia/Shanghai"
verified-on = 2026-11-29
"""

RULES = {
    "terms": (
        "AS-WARR-3",
        '{ warranty = "sold", parts = "1 year", labour = "2 years", travel = "given travel-term" }',
    ),
    "misuse": (
        "AS-WARR-4",
        '{ exclusion = "paid", classes = ["parts"], discount = true, when = { cause = "misuse" } }',
    ),
    "phone": (
        "AS-WARR-11",
        '{ grant = "free", classes = ["labour", "travel"], when = { service = "phone" } }',
    ),
    "repairs": ("AS-WARR-16", '{ repair-warranty = "3 months" }'),
    "dealer": (
        "AS-WARR-10",
        '{ handling = "dealer", notify = ["dealer"], contract-governs = true, when = { seller = "dealer" } }',
    ),
}
BOUGHT = ("--date", "sold=2024-02-29", "--given", "travel-term=none", "--answer", "seller=own")
SAID = (*BOUGHT, "--answer", "cause=manufacture", "--answer", "service=visit")
CLAIM = """
reported = 2025-03-10
fault-group = "gearbox"
part = "bearing"
dates = { sold = 2024-02-29 }
given = { travel-term = "none" }
answers = { cause = "manufacture", service = "visit", seller = "own" }

[[repairs]]
finished = 2025-01-10
fault-group = "gearbox"
parts = ["bearing"]
ref = "W-17"

[[contracts]]
name = "care"
first = 2025-01-01
last = 2025-12-31
classes = ["travel"]
"""


@pytest.fixture(autouse=True)
def book(tmp_path: Path) -> None:
    """The rulebook of a maker of machines, in the folder of the call."""
    rules = (RULE.format(name=name, value=value, clause=clause) for name, (clause, value) in RULES.items())
    (tmp_path / "maker.toml").write_text("".join((BOOK, *rules)), encoding="utf-8")


def verdict(cli: Cli, *arguments: str, on: str = "2025-02-28") -> Said:
    return cli("warranty", "verdict", "maker.toml", "--reported", on, *arguments)


def cells(said: Said) -> dict[str, list[str]]:
    """The rows of the table, by their first cell."""
    lines = said.out.partition("\n\n")[0].splitlines()
    columns = [found.start() for found in re.finditer(r"\S+(?: \S+)*", lines[1])]
    rows = [
        [line[start:end].strip() for start, end in zip(columns, [*columns[1:], None], strict=True)]
        for line in lines[3:]
    ]
    return {name: more for name, *more in rows}


def outcomes(said: Said) -> list[str]:
    """Who pays for parts, labour and travel."""
    assert said.code == 0, said.err
    return [each["coverage"] for each in said.document["rulings"]]


# --- what is told -----------------------------------------------------------------------------------


def test_the_last_covered_day(cli: Cli) -> None:
    """Bought on 29 February with a year: 28 February is the last covered day, the day after is paid."""
    said = verdict(cli, *SAID)

    assert said.code == 0, said.err
    assert said.out.splitlines()[0] == "maker: reported 28 February 2025"
    assert cells(said) == {
        "parts": ["free", "the firm", "terms", "28 February 2025", "AS-WARR-3"],
        "labour": ["free", "the firm", "terms", "28 February 2026", "AS-WARR-3"],
        "travel": ["paid", "the customer", "", "", ""],
    }
    assert "its last day is 28 February 2025. It is called “terms”. [AS-WARR-3]" in said.out
    assert outcomes(verdict(cli, *SAID, "--json", on="2025-03-01")) == ["paid", "free", "paid"]


def test_in_chinese(cli: Cli) -> None:
    """With ``--lang``, outcomes, days and reasons are in that language."""
    said = verdict(cli, *SAID, "--lang", "zh_CN")

    parts = re.split(" {2,}", said.out.splitlines()[3])
    assert parts == ["配件", "免费", "本公司", "terms", "2025年2月28日", "AS-WARR-3"]
    assert "最后一天为2025年2月28日。" in said.out


def test_for_machines(cli: Cli) -> None:
    """With ``--json``, every cover is there with its days, and each reason as a code and as a sentence."""
    document = verdict(cli, *SAID, "--json").document

    assert (document["firm"], document["rulebook"]) == ("maker", "maker/service")
    assert (document["reported"], document["term"], document["coverage"]) == ("2025-02-28", "in", "paid")
    assert document["rulings"][0] == {
        "class": "parts",
        "coverage": "free",
        "bearer": "firm",
        "basis": ["terms"],
        "last_day": "2025-02-28",
        "until": "2025-03-01",
        "clauses": [{"id": "AS-WARR-3", "at": "1"}],
        "borne_by": [],
    }
    assert document["covers"][0] == {
        "name": "terms",
        "kind": "warranty",
        "class": "parts",
        "gives": "free",
        "state": "running",
        "start": "2024-02-29",
        "until": "2025-03-01",
        "last_day": "2025-02-28",
        "of": "",
        "missing": None,
        "clause": {"id": "AS-WARR-3", "at": "1"},
    }
    assert (document["discount"], document["repeat"], document["may_refuse"]) == (False, None, False)
    assert [each["code"] for each in document["reasons"]][:1] == ["warranty.runs"]
    assert len(document["texts"]) == len(document["reasons"])


def test_misuse_and_advice(cli: Cli) -> None:
    """Misuse makes parts paid at a discount; advice by telephone is free whatever the cover."""
    misuse = (*BOUGHT, "--answer", "cause=misuse", "--answer", "service=visit", "--json")
    assert outcomes(verdict(cli, *misuse)) == ["paid", "free", "paid"]
    assert verdict(cli, *misuse).document["discount"] is True
    phone = (*BOUGHT, "--answer", "cause=wear", "--answer", "service=phone", "--json")
    assert outcomes(verdict(cli, *phone, on="2030-01-01")) == ["paid", "free", "free"]


def test_a_repeat_repair(cli: Cli) -> None:
    """The same fault within the repair's own warranty repeats that repair, for all three classes."""
    again = ("--repair", "2025-01-10 gearbox; ref=W-17", "--fault-group", "gearbox", "--json")
    document = verdict(cli, *SAID, *again, on="2025-04-10").document

    assert (document["repeat"], document["rework"]) == ("W-17", True)
    assert [each["coverage"] for each in document["rulings"]] == ["free", "free", "free"]
    assert verdict(cli, *SAID, *again, on="2025-04-11").document["repeat"] is None
    other = ("--repair", "2025-01-10 gearbox", "--fault-group", "hydraulics", "--json")
    assert verdict(cli, *SAID, *other, on="2025-04-10").document["repeat"] is None


def test_a_repair_with_terms_of_its_own(cli: Cli) -> None:
    """What a repair was promised counts before the rule: its parts, and how long; repairs have numbers."""
    said = "2025-01-10 gearbox; parts=bearing, seal; term=6 months; coverage=paid"
    line = ("--repair", said, "--repair", "2024-06-01 paint", "--fault-group", "gearbox", "--json")
    document = verdict(cli, *SAID, *line, "--part", "seal", on="2025-07-10").document

    assert document["repeat"] == "1"
    assert document["rulings"][0]["coverage"] == "free"
    assert document["rulings"][0]["last_day"] == "2025-07-10"
    housing = verdict(cli, *SAID, *line, "--part", "housing", on="2025-07-10").document
    assert housing["rulings"][0]["coverage"] == "paid"


def test_contracts(cli: Cli) -> None:
    """A contract covers the classes it names through its last day; one that governs replaces the warranty."""
    care = ("--contract", "yearly care 2026-01-01/2026-12-31; classes=parts, travel", "--json")
    assert outcomes(verdict(cli, *SAID, *care, on="2026-12-31")) == ["contract", "paid", "contract"]
    assert outcomes(verdict(cli, *SAID, *care, on="2027-01-01")) == ["paid", "paid", "paid"]
    dealer = ("--date", "sold=2024-02-29", "--answer", "seller=dealer", "--answer", "cause=wear")
    governs = ("--contract", "agency 2024-01-01/2025-06-30; gives=free; governs=yes")
    document = verdict(cli, *dealer, "--answer", "service=visit", *governs, "--json").document
    assert {each["state"] for each in document["covers"] if each["kind"] == "warranty"} == {"replaced"}
    assert document["notify"] == ["dealer"]
    assert outcomes(verdict(cli, *SAID, "--contract", "care 2025-01-01/2025-12-31; governs=no", "--json"))


def test_a_replacement(cli: Cli) -> None:
    """A unit that took another's place has its own term as well, for the classes that are named."""
    line = ("--replacement", "2025-02-01 1 year; classes=parts", "--json")
    assert outcomes(verdict(cli, *SAID, *line, on="2026-02-01")) == ["free", "free", "paid"]
    assert outcomes(verdict(cli, *SAID, *line, on="2026-02-02")) == ["paid", "free", "paid"]


def test_what_has_not_happened_yet(cli: Cli) -> None:
    """A cover that has not begun covers nothing yet, and says so."""
    line = ("--date", "sold=not-yet", "--given", "travel-term=1 year", "--answer", "cause=wear")
    said = verdict(cli, *line, "--answer", "service=visit", "--answer", "seller=own", "--json")

    assert outcomes(said) == ["paid", "paid", "paid"]
    assert said.document["term"] == "before"


def test_a_firm_that_ships(cli: Cli) -> None:
    """A shipped rulebook is named by its firm; what it leaves to the contract is given."""
    line = ("warranty", "verdict", "clothing-seller", "--date", "sold=2024-02-29", "--json")
    given = ("--given", "warranty-term=1 year", "--answer", "cause=manufacture", "--answer", "proof=yes")
    covered = cli(*line, *given, "--reported", "2025-02-28").document
    after = cli(*line, *given, "--reported", "2025-03-01").document

    assert (covered["coverage"], after["coverage"]) == ("free", "paid")
    assert covered["rulings"][0]["clauses"][0]["id"] == "AS-WARR-19"


# --- claims in files --------------------------------------------------------------------------------


def test_a_claim_in_toml(cli: Cli, tmp_path: Path) -> None:
    """All of a claim may stand in a file: its repairs, its contracts, what the contract gives."""
    (tmp_path / "claim.toml").write_text(CLAIM, encoding="utf-8")
    document = cli("warranty", "verdict", "maker.toml", "--file", "claim.toml", "--json").document

    assert document["reported"] == "2025-03-10"
    assert document["repeat"] == "W-17"
    assert {each["kind"] for each in document["covers"]} == {"warranty", "repair", "contract"}


def test_what_is_typed_counts_before_the_file(cli: Cli, tmp_path: Path) -> None:
    """A day, an answer or a date on the line replaces the one in the file; repairs are added to its own."""
    (tmp_path / "claim.toml").write_text(CLAIM, encoding="utf-8")
    line = ("warranty", "verdict", "maker.toml", "--file", "claim.toml", "--json")
    document = cli(
        *(*line, "--reported", "2025-06-01", "--date", "sold=2020-01-01"),
        *("--repair", "2025-05-20 gearbox; ref=W-18", "--answer", "cause=wear"),
    ).document

    assert document["reported"] == "2025-06-01"
    assert document["repeat"] == "W-18"
    assert {each["of"] for each in document["covers"]} == {"", "W-17", "W-18"}
    assert document["covers"][0]["start"] == "2020-01-01"


def test_a_claim_in_json(cli: Cli, tmp_path: Path) -> None:
    """In JSON days are texts, also the word for what has not come."""
    claim = {
        "reported": "2025-02-28",
        "dates": {"sold": "2024-02-29", "installed": "not-yet"},
        "given": {"travel-term": "lifetime"},
        "answers": {"cause": "wear", "service": "visit", "seller": "own"},
        "distance": "80 km road",
        "replacement": {"on": "2025-01-01", "term": "1 month"},
        "quantity": 2,
        "covered-quantity": 2,
        "transferred": False,
    }
    (tmp_path / "claim.json").write_text(json.dumps(claim), encoding="utf-8")
    said = cli("warranty", "verdict", "maker.toml", "--file", "claim.json", "--json")

    assert outcomes(said) == ["free", "free", "free"]
    assert said.document["rulings"][2]["last_day"] is None
    once_more = cli("warranty", "verdict", "maker.toml", "--file", "claim.json", "--transferred", "--json")
    assert once_more.code == 0


def test_every_mistake_of_a_file(cli: Cli, tmp_path: Path) -> None:
    """All mistakes of a claim are told at once, each with its place."""
    wrong = CLAIM.replace("2025-03-10", '"soon"').replace('"none"', '""').replace("sold", "eclipse")
    wrong = wrong.replace('ref = "W-17"', "ref = 17").replace('classes = ["travel"]', 'classes = ["fuel"]')
    (tmp_path / "claim.toml").write_text(wrong, encoding="utf-8")
    said = cli("warranty", "verdict", "maker.toml", "--file", "claim.toml")

    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines()[0] == "servflow: claim.toml: 5 problems"
    for place in (
        "claim.toml: reported: found 'soon', expected a day such as 2026-01-31",
        "claim.toml: dates.eclipse: found an unknown event, expected one of reported",
        "claim.toml: given.travel-term: found '', expected a term such as '2 years'",
        "claim.toml: repairs[0].ref: found 17, expected a text",
        "claim.toml: contracts[0].classes[0]: found 'fuel', expected",
    ):
        assert place in said.err


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("claim.json", "[1]", "claim.json: found list, expected an object: the claim"),
        ("claim.json", '{"reported": 1.5}', "claim.json: found 1.5, expected a whole number"),
        ("claim.json", "{", "expected JSON in UTF-8"),
        ("claim.toml", "reported = ", "expected TOML 1.0"),
        ("claim.toml", "", "claim.toml: reported: found nothing, expected a value"),
        ("claim.toml", "reported = 2025-02-28\ndates = 3", "claim.toml: dates: found 3, expected a table"),
        ("claim.toml", "reported = 2025-02-28\ncolour = 3", "claim.toml: colour: found an unknown field"),
    ],
    ids=["list", "fraction", "no-json", "no-toml", "empty", "dates", "unknown"],
)
def test_files_that_are_no_claim(cli: Cli, tmp_path: Path, name: str, text: str, why: str) -> None:
    """What cannot be read as a claim is a problem of the file."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    said = cli("warranty", "verdict", "maker.toml", "--file", name)

    assert (said.code, said.out) == (1, "")
    assert why in said.err


def test_a_contract_without_an_end(cli: Cli, tmp_path: Path) -> None:
    """The last day that a calendar has is no last day of a contract: no day comes after it."""
    (tmp_path / "claim.toml").write_text(CLAIM.replace("2025-12-31", "9999-12-31"), encoding="utf-8")
    said = cli("warranty", "verdict", "maker.toml", "--file", "claim.toml")

    assert (said.code, said.out) == (2, "")
    assert (
        "contract care: found '2025-01-01/9999-12-31', expected a last day from the first on, before"
        in said.err
    )


def test_what_is_typed_beside_a_file_of_nonsense(cli: Cli, tmp_path: Path) -> None:
    """What is typed takes the place of a table or a list that the file writes as something else."""
    text = CLAIM.replace("given = { travel-term = ", "given = 3 #").partition("[[repairs]]")[0]
    (tmp_path / "claim.toml").write_text(f"{text}repairs = 4\n", encoding="utf-8")
    line = ("warranty", "verdict", "maker.toml", "--file", "claim.toml", "--json")
    said = cli(*line, "--given", "travel-term=none", "--repair", "2025-02-01 gearbox")

    assert said.code == 0, said.err


def test_a_file_that_is_not_there(cli: Cli) -> None:
    """A missing file is named."""
    for name in ("nowhere.json", "nowhere.toml"):
        said = cli("warranty", "verdict", "maker.toml", "--file", name)
        assert said.code == 1
        assert f"{name}: found No such file or directory" in said.err


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--date", "eclipse=2024-01-01"), "dates.eclipse: found an unknown event"),
        (("--date", "installed=soon"), "dates.installed: found 'soon', expected a day such as"),
        (("--date", "installed"), "found 'installed', expected EVENT=DAY"),
        (("--given", "other-term="), "found 'other-term=', expected NAME=TERM"),
        (("--given", "other-term=2"), "given.other-term: found '2', expected a term such as"),
        (("--answer", "colour=red"), "question: found 'colour', expected one of"),
        (("--answer", "opened=maybe"), "opened: found 'maybe', expected one of yes, no"),
        (("--answer", "term=in"), "term: found 'in', expected no answer"),
        (("--distance", "80 km"), "expected whole metres and how they were measured"),
        (("--repair", "2025-01-10"), "expected a day and a fault group such as"),
        (("--repair", "soon gearbox"), "repairs[0].finished: found 'soon', expected a day"),
        (("--repair", "2025-01-10 gearbox; colour=red"), "repairs[0].colour: found an unknown field"),
        (("--repair", "2025-01-10 gearbox; term="), "found ' term=', expected NAME=VALUE"),
        (("--repair", "2025-03-01 gearbox"), "expected a day up to that of the report"),
        (("--contract", "care"), "expected a name and its first and last day such as"),
        (("--contract", "care 2025-01-01"), "expected a name and its first and last day such as"),
        (
            ("--contract", "care 2025-12-31/2025-01-01"),
            "contract care: found '2025-12-31/2025-01-01', expected a last day from the first on",
        ),
        (("--given", "travle-term=1 year"), "found 'travle-term', expected one of travel-term"),
        (("--date", "shipped=2024-03-05"), "found 'shipped', which nothing begins or ends with"),
        (("--date", "reported=2024-03-05"), "found '2024-03-05', expected the day of the report"),
        (("--contract", "care 2025-01-01/2025-12-31; governs=maybe"), "found 'maybe', expected yes or no"),
        (("--replacement", "2025-01-01"), "replacement.term: found '', expected a term such as"),
        (("--quantity", "0"), "quantity: found 0, expected a whole number, 1 or more"),
        (("--quantity", "3", "--covered-quantity", "2"), "quantity: found 3, expected at most 2"),
        (("--date", "shipped=2024-03-05", "--date", "delivered=2024-03-01"), "expected a day not before"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_refused(cli: Cli, arguments: tuple[str, ...], why: str) -> None:
    """A mistake on the line is refused with what was found and what was expected."""
    said = verdict(cli, *SAID, *arguments)

    assert (said.code, said.out) == (2, "")
    assert why in said.err


def test_the_day_of_the_report_is_needed(cli: Cli) -> None:
    """Without a day there is no verdict: it is not taken to be today."""
    said = cli("warranty", "verdict", "maker.toml", *SAID)

    assert said.code == 2
    assert "reported: found nothing" in said.err


@pytest.mark.parametrize(
    ("left_out", "asked"),
    [
        ("sold=2024-02-29", "terms counts from; say --date sold=2026-01-31"),
        ("travel-term=none", "terms leaves to the contract; say --given 'travel-term=1 year'"),
        ("cause=manufacture", "misuse asks about; say --answer 'cause=manufacture|assembly|"),
        ("seller=own", "dealer asks about; say --answer 'seller=own|parent|dealer|partner'"),
    ],
)
def test_what_decides_is_asked_for(cli: Cli, left_out: str, asked: str) -> None:
    """What decides and was not said is asked for, with the option that says it, and never guessed."""
    place = SAID.index(left_out)
    said = verdict(cli, *SAID[: place - 1], *SAID[place + 1 :])

    assert (said.code, said.out) == (1, "")
    assert asked in said.err


def test_the_kind_of_fault_is_asked_for(cli: Cli) -> None:
    """Where a repair's warranty decides, its fault group is asked for with its own option."""
    said = verdict(cli, *SAID, "--repair", "2025-01-10 gearbox", on="2025-03-10")

    assert said.code == 1
    assert "; say --fault-group GROUP" in said.err


def test_a_rulebook_without_a_warranty_says_so(cli: Cli) -> None:
    """Where no rule is about a warranty, a note tells silence from a ruling, until a contract covers."""
    coach = ("warranty", "verdict", "coach-maker", "--reported", "2026-05-01")
    care = ("--contract", "care 2026-01-01/2026-12-31")
    note = "this rulebook says nothing of a warranty"

    assert cli(*coach).out.splitlines()[-1] == f"- {note}"
    assert cli(*coach, "--json").document["note"] == note
    assert cli(*coach, *care, "--json").document["note"] is None
    assert note not in cli(*coach, *care).out
    assert verdict(cli, *SAID, "--json").document["note"] is None
    assert verdict(cli, *SAID, "--json", on="2027-01-01").document["note"] is None
