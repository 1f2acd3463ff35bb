"""examples/demo.py, the main job: it runs, it comes out right, and it does no harm."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from csv import DictReader
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.ill import ILL
from servflow.core.ill.centre.effects import via

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"
DESK = DEMO.parent / "network" / "desk.py"
HOME, CENTRE, FIRST, SECOND = "CN-500107", "CN-CENTRE", "CN-440100", "CN-320500"
BOOKS = ("CN-NLC", "CN-500113", HOME, CENTRE, FIRST, SECOND, "riverside-service", "linjiang")
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1"}


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEMO, folder],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env=ENVIRONMENT,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What the demonstration says; it ends well."""
    run = _run(folder)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def _section(said: str, heading: str) -> list[str]:
    """The lines below a heading that is underlined, up to the next one."""
    lines = said.splitlines()
    begin = lines.index(heading) + 3
    rest = lines[begin:]
    ends = [number - 1 for number, line in enumerate(rest) if line and set(line) == {"="}]
    return rest[: ends[0]] if ends else rest


def test_what_became_of_the_requests(said: str) -> None:
    """Seven requests: three loans that were completed, four that the rules answered "no", with their clauses."""
    lines = _section(said, "The requests, and what became of them")[1:]
    cases = [line for line in lines if line and not line.startswith(" ")]
    outcomes = Counter("completed" if " completed " in case else "not filled" for case in cases)

    assert len(cases) == 7
    assert outcomes == {"completed": 3, "not filled": 4}
    assert all(" not filled " in case or " completed " in case for case in cases)
    clauses = [word.rstrip(".") for line in lines for word in line.split() if word.startswith("[NLC-")]
    assert clauses == ["[NLC-6]", "[NLC-6]", "[NLC-8]", "[NLC-8]"]


def test_what_is_owed(said: str) -> None:
    """35 in the same city, 45 out of town, 110 for two volumes: in the table, and in both languages."""
    lines = _section(said, "The requests, and what became of them")
    statements = "\n".join(_section(said, "What is owed, clause by clause"))

    for amount in ("35.00", "45.00", "110.00"):
        assert sum(f"CNY {amount} " in line for line in lines) == 1
        assert f"Owed in all: CNY {amount}\n" in statements
        assert f"应付合计：¥{amount}\n" in statements


def test_a_second_renewal(said: str) -> None:
    """The second renewal is answered no, with every reason."""
    lines = _section(said, "A second renewal, asked for too late and without a reason, was answered no")

    assert [line[-8:] for line in lines if line] == ["[NLC-10]"] * 3


def test_what_a_college_borrowed(said: str) -> None:
    """One library kept silent, the next one sent it; the reader pays for the days the book was with her.

    By the rate and the clause of the library that lent it; the days in the post are the college's.
    """
    lines = [line.strip() for line in _section(said, "At a college library: two readers' requests")]
    done = [line[17:].strip() for line in lines if line.endswith(")") and line[:1].isdigit()]

    assert done.count("Ask the next library (policy)") == 2
    assert done.index("Wait no longer for an answer (clock)") < done.index("Accept the terms (policy)")
    assert "1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]" in lines
    assert "The library owes CN-NLC by then: CNY 70.00" in lines
    assert "There is an unpaid debt of CNY 12.50. [CQ-1]" in lines


def _heard(said: str) -> list[tuple[str, str, str]]:
    """What was heard in the network: the sender, the recipient, and the words with the request."""
    section = _section(said, "A network: what was done at four libraries, and what they heard over the wire")
    lines = [line.split(maxsplit=3) for line in section if " -> " in line]
    return [(sender, recipient, words) for sender, _, recipient, words in lines]


def test_a_loan_by_way_of_the_centre(said: str) -> None:
    """From the request to the return every word reaches the centre first, and goes on from there."""
    told = "supplyingAgencyMessage: "
    done = "requestingAgencyMessage: "
    case = via("CN-500107/W-1~1")
    up, first, second = "(W-1~1)", f"({case}~1)", f"({case}~2)"

    assert [each for each in _heard(said) if "(W-1~1)" in each[2] or case in each[2]] == [
        (HOME, CENTRE, f"request: Loan {up}"),
        (CENTRE, HOME, f"{told}RequestResponse, RequestReceived {up}"),
        (CENTRE, FIRST, f"request: Loan {first}"),
        (FIRST, CENTRE, f"{told}RequestResponse, RequestReceived {first}"),
        (FIRST, CENTRE, f"{told}RequestResponse, Unfilled {first}"),
        (CENTRE, HOME, f"{told}RequestResponse, ExpectToSupply {up}"),
        (CENTRE, SECOND, f"request: Loan {second}"),
        (SECOND, CENTRE, f"{told}RequestResponse, RequestReceived {second}"),
        (SECOND, CENTRE, f"{told}StatusChange, Loaned {second}"),
        (CENTRE, HOME, f"{told}Notification, Loaned {up}"),
        (CENTRE, HOME, f"{told}StatusChange, Loaned {up}"),
        (HOME, CENTRE, f"{done}Received {up}"),
        (CENTRE, SECOND, f"{done}Received {second}"),
        (HOME, CENTRE, f"{done}ShippedReturn {up}"),
        (CENTRE, SECOND, f"{done}ShippedReturn {second}"),
        (SECOND, CENTRE, f"{told}StatusChange, LoanCompleted {second}"),
        (CENTRE, HOME, f"{told}StatusChange, LoanCompleted {up}"),
    ]


def test_readers_file_for_themselves(said: str) -> None:
    """Each of the two files once, at the gateway of her own library, and nobody files at the centre."""
    filed = [line.strip() for line in said.splitlines() if ": File a request (" in line]

    assert filed == [f"{HOME}: File a request (p-9)", f"{HOME}: File a request (p-14)"]


def test_whoever_asks_hears_of_the_centre_alone(said: str) -> None:
    """A library that asks speaks with the centre only, and never hears that somebody could not supply."""
    with_home = [each for each in _heard(said) if HOME in each[:2]]

    assert {CENTRE, HOME} == {ref for each in with_home for ref in each[:2]}
    assert not any(word in each[2] for each in with_home for word in ("Unfilled", "via-", FIRST, SECOND))


def test_the_settlement(said: str) -> None:
    """Each of two loans cost 20: one library pays 40, two get 20, the centre nothing; it sums to nothing."""
    lines = [
        line.replace("CNY ", "").split() for line in _section(said, "The centre's settlement of March")[1:]
    ]

    assert lines[:6] == [
        [SECOND, "0.00", "20.00", "20.00", "20.00"],
        [FIRST, "0.00", "20.00", "20.00", "20.00"],
        [HOME, "40.00", "0.00", "-40.00", "-40.00"],
        [CENTRE, "0.00"],
        ["in", "all", "0.00"],
        ["The", "settlement", "2026-03", "of", CENTRE + ":", "settled"],
    ]


TICKETS = "A service desk: on the spot, into the shop, and a quote that is not taken"


def _ticket(said: str, id: str) -> list[str]:
    """What is said of one of the three tickets, line by line, its heading first."""
    lines = [line for line in _section(said, TICKETS) if line]
    begins = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    begin = next(number for number in begins if lines[number].startswith(id))
    end = next(number for number in begins if number > begin)
    return [line.strip() for line in lines[begin:end]]


def test_on_the_spot(said: str) -> None:
    """Within the warranty nothing is paid; somebody is there within the 24 hours that were promised."""
    lines = _ticket(said, "T-1")

    assert lines[0] == "T-1  the drum does not turn: closed, repaired"
    assert "Promised: arrival on site, due 3 March 2026 09:10: met" in lines
    assert [line.split(": ")[-1][:14] for line in lines if line.startswith("Done: ")] == [
        "free, CNY 0.00"
    ] * 2
    assert lines[-1] == "The customer owes by then: CNY 0.00"


def test_into_the_shop(said: str) -> None:
    """Misuse is paid by the clause; the time for the part does not count; the receipt ends with the item."""
    lines = _ticket(said, "T-2")

    assert lines[0] == "T-2  it leaks: closed, repaired"
    assert "Promised: solution, due 18 March 2026 09:00: met" in lines
    assert "Done: pump: paid, CNY 260.00 [AS-WARR-16]" in lines
    assert "Done: pump changed: paid, CNY 120.00 [AS-WARR-16]" in lines
    assert {"Paper: receipt 1: void", "Paper: repair tag 1: filed", "Paper: invoice 1: filed"} <= set(lines)
    assert lines[-1] == "The customer owes by then: CNY 0.00"


def test_a_declined_quote(said: str) -> None:
    """Nothing is done and nothing owed but the inspection; what was promised counts for nothing."""
    lines = _ticket(said, "T-3")

    assert lines[0] == "T-3  no steam: closed"
    assert "Promised: answer, due 24 March 2026 03:00: met" in lines
    assert "Promised: solution, due 30 March 2026 15:00: void" in lines
    assert not any(line.startswith("Done: ") for line in lines)
    assert {"Paper: receipt 2: void", "Paper: invoice 2: filed"} <= set(lines)


def test_what_was_tried_in_vain(said: str) -> None:
    """A signature too early, a price by telephone, an acceptance and a closing too early: with the clauses."""
    lines = [line.strip() for line in _section(said, TICKETS)]
    tried = lines[lines.index("Tried in vain:") + 1 :]
    clauses = [line.rpartition("[")[2].rstrip("]") for line in tried if line.startswith("- ")]

    assert clauses == ["AS-FLOW-3", "AS-FLOW-31", "AS-FLOW-6", "AS-FLOW-6", "AS-FLOW-6", "AS-FLOW-20"]


DEPOSIT = "Warranty deposits: one building, from its assessment to its last release"


def test_a_deposit_is_assessed(said: str) -> None:
    """5 % of the cost, 3 % with the rating, 1 % with the award: as much as the floor leaves."""
    lines = [line.strip() for line in _section(said, DEPOSIT)]

    assert [line.partition(": ")[2] for line in lines if line.startswith("Assessed on ")] == [
        "CNY 6,000,000.00",
        "CNY 3,600,000.00",
        "CNY 1,200,000.00",
    ]
    assert any("the larger of CNY 0.00 and CNY 1,200,000.00" in line for line in lines)
    assert sum("refund after a reduction" in line and "CNY 2,400,000.00" in line for line in lines) == 1


def test_a_surcharge_by_the_day(said: str) -> None:
    """The ordered day is free, the next one counts; the day of a payment on what was unpaid before it."""
    lines = [line.strip() for line in _section(said, DEPOSIT) if line.strip().startswith("Surcharge")]

    assert [line.rpartition(": CNY ")[2] for line in lines] == [
        "0.00",
        "3,600.00",
        "72,000.00",
        "73,500.00",
        "102,000.00",
    ]


def test_what_the_authority_refused(said: str) -> None:
    """One approval of two, a handover unpaid, an owner, work and money too early: with the clauses."""
    lines = [line.strip() for line in _section(said, DEPOSIT)]
    tried = lines[lines.index("Tried in vain:") + 1 :]
    clauses = [line.rpartition("[")[2].rstrip("]") for line in tried if line.startswith("- ")]

    assert clauses == ["SD-27", "SD-7", "SD-12", "SD-34", "SD-14", "SD-20", "SD-20", "SD-21"]


def test_statements_that_add_up(said: str, folder: Path) -> None:
    """Each year: opening, paid in and interest, less used, refunded and released, is closing, the next opening."""
    held = Decimal(0)
    years = [line.replace("CNY", "").replace(",", "").split() for line in _section(said, DEPOSIT)]
    told = [list(map(Decimal, words)) for words in years if words and re.fullmatch("20[0-9]{2}", words[0])]

    assert [int(words[0]) for words in told] == [2017, 2018, 2019, 2020, 2021, 2022]
    for _, opening, paid_in, interest, used, refunded, released, closing in told:
        assert opening == held
        assert opening + paid_in + interest - used - refunded - released == closing
        held = closing
    assert held == 0
    with (folder / "deposit-statements.csv").open(encoding="utf-8", newline="") as file:
        lines = list(DictReader(file))
    assert sum(Decimal(line["added"].removeprefix("CNY ")) for line in lines) == 0
    assert {line["authority"] for line in lines} == {"linjiang"}
    assert "<svg" in (folder / "deposit-balance.svg").read_text(encoding="utf-8")


def test_the_proofs(said: str) -> None:
    """Every journal folds to its snapshot, and the books balance."""
    proofs = _section(said, "Two proofs")

    assert proofs[0] == "Proof 1: 41 journals folded, 0 differ from their snapshot."
    for line, library in zip(proofs[1:], BOOKS, strict=True):
        words = line.replace(",", "").rstrip(".").split()
        assert line.startswith(f"Proof 2: the books of {library} in CNY: ")
        assert words[words.index("debit") - 1] == words[words.index("credit") - 1] != "0.00"


def test_the_files(said: str, folder: Path) -> None:
    """A letter as a file for every message that was sent, in Chinese and in English, and the diagram."""
    storage = SqliteStorage(folder / "desk.db", Codec(ILL))
    statuses = Counter(outgoing.status.value for outgoing in storage.outbox())
    storage.close()
    letters = [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("mail/new/*")
    ]

    assert f"{len(letters)} letters of the lender as files" in said
    assert len(letters) == statuses["sent"] > 0
    assert statuses["superseded"] > 0
    assert set(statuses) == {"sent", "superseded"}
    assert len({letter["Message-ID"] for letter in letters}) == len(letters)
    assert {letter["Subject"].isascii() for letter in letters} == {True, False}
    assert "stateDiagram-v2" in (folder / "lending.mmd").read_text(encoding="utf-8")


def test_nothing_of_this_machine_is_said(said: str, folder: Path) -> None:
    """What is said differs from folder to folder by the folder's name alone, and no file is left beside."""
    assert str(DEMO.parent) not in said.replace(str(folder), "")
    made = {"desk.db", "lending.mmd", "mail", "college.db", "college-mail", "network"}
    made |= {"service.db", "service-mail"}
    made |= {"deposits.db", "deposits-mail", "deposit-balance.svg", "deposit-statements.csv"}
    names = ("home", "centre", "lender-1", "lender-2")
    network = {path.name for path in (folder / "network").iterdir()}
    assert {path.name for path in folder.iterdir()} == made
    assert {f"{name}.db" for name in names} == {name for name in network if "-mail" not in name}
    assert {f"{name}-mail" for name in names} >= {name for name in network if "-mail" in name}


def test_a_second_run_replaces_the_first(said: str, folder: Path) -> None:
    """Run once more into the same folder, it says the same, and nothing is there twice."""
    again = _run(folder)

    assert (again.returncode, again.stdout) == (0, said)


def _processes(folder: Path) -> list[str]:
    """The command lines of all processes that were given this folder or one below it."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("processes are looked for under /proc")
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_no_process_is_left(said: str, folder: Path) -> None:
    """The four libraries' processes are gone once the demonstration has ended."""
    assert said
    assert _processes(folder) == []


def test_no_process_outlives_a_demonstration_that_is_killed(tmp_path: Path) -> None:
    """A library's process ends when nobody can tell it anything any more."""
    folder = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-u", DEMO, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=ENVIRONMENT,
    ) as demo:
        assert demo.stdout is not None
        assert any(f"{CENTRE}: Apply" in line for line in demo.stdout)
        assert len(_processes(folder)) == 5
        demo.send_signal(signal.SIGKILL)
    end = time.monotonic() + 20
    while _processes(folder) and time.monotonic() < end:
        time.sleep(0.1)

    assert _processes(folder) == []


def test_a_library_ends_with_its_input(tmp_path: Path) -> None:
    """It listens, and ends as it should, with nothing to say, when its input is closed."""
    run = subprocess.run(
        [sys.executable, DESK, "home", tmp_path],
        input="",
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        env=ENVIRONMENT,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith('{"port": ')


def test_a_library_that_nobody_ends_ends_by_itself(tmp_path: Path) -> None:
    """Its input stays open and nothing comes: after its time it is gone all the same."""
    where, folder = str(DESK.parent), str(tmp_path)
    program = f"import sys; sys.path.insert(0, {where!r}); import desk; desk.LONGEST = 1; desk.main('home', {folder!r})"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=ENVIRONMENT,
    ) as library:
        assert library.wait(30) == 3


@pytest.mark.parametrize("names", [("thesis.txt",), ("desk.db", "thesis.txt"), ("mail",)])
def test_a_folder_of_somebody_else(tmp_path: Path, names: tuple[str, ...]) -> None:
    """A folder that holds anything else is refused and left alone."""
    for name in names:
        (tmp_path / name).write_text("years of work", encoding="utf-8")
    run = _run(tmp_path)

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == dict.fromkeys(
        names, "years of work"
    )


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    """A file is no folder: refused, and left alone."""
    file = tmp_path / "out"
    file.write_text("years of work", encoding="utf-8")

    assert _run(file).returncode == 2
    assert file.read_text(encoding="utf-8") == "years of work"
