"""The command line run within this process, and a desk whose story so far is one file."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli, call


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The program, called from an empty folder; the environment names the host's facts and nothing else."""
    for name in ("DB", "RULEBOOK", "BORROWING_RULEBOOK", "NETWORK_RULEBOOK", "LANG"):
        monkeypatch.delenv(f"SERVFLOW_{name}", raising=False)
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "host.toml"))
    monkeypatch.chdir(tmp_path)
    return call


STORY = (
    "ill do CN-110108 Apply lender=CN-NLC kind=university_library --recorded-at 2026-01-12T10:00:00+08:00",
    "ill do CN-110108 Approve --recorded-at 2026-01-14T10:00:00+08:00",
    "ill do CN-110108 Sign agreements=borrowing,copyright --recorded-at 2026-01-19T10:00:00+08:00",
    "ill do CN-110108 PaySecurity kind=deposit amount=500 --recorded-at 2026-01-20T10:00:00+08:00",
    "ill do CN-320500 Apply lender=CN-NLC kind=university_library --recorded-at 2026-01-12T10:00:00+08:00",
    "ill do CN-320500 Approve --recorded-at 2026-01-14T10:00:00+08:00",
    "ill do CN-320500 Sign agreements=borrowing,copyright --recorded-at 2026-01-19T10:00:00+08:00",
    "ill do CN-320500 PaySecurity kind=deposit amount=500 --recorded-at 2026-01-20T10:00:00+08:00",
    f"ill import --at 2026-01-30T16:00:00+08:00 {' '.join(map(str, sorted(EXAMPLES.glob('requests/*.xml'))))}",
    "ill do CN-320500/PJ-88031 Promise --recorded-at 2026-01-30T17:00:00+08:00",
    "ill do CN-320500/PJ-88031 Ship items=NLC-0018 --recorded-at 2026-01-31T10:00:00+08:00",
)


@pytest.fixture(scope="session")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story in a database: two relations, seven requests, and one loan that went out of town."""
    db = tmp_path_factory.mktemp("story") / "desk.db"
    for line in STORY:
        said = call("--db", db, "--host", EXAMPLES / "host.toml", *line.split(" "))
        assert said.code == 0, said
    return db


@pytest.fixture
def lent(cli: Cli, told_once: Path, tmp_path: Path) -> Cli:
    """The program over a copy of the story, in the file that it takes without being told.

    ``NEW`` waits for its answer, ``LOAN`` is out, ``RARE`` and four others were answered "no".
    """
    shutil.copy(told_once, tmp_path / "servflow.db")
    return cli


SERVICE_STORY = (
    (
        "T-1 ReportFault customer=c-1 channel=hotline symptom=冰柜不制冷 unit=LG-100 dates=sold=2026-03-01"
        " 'terms=guarantee-term=1 year' --show phone=k-1 --show name=k-1 --show address=k-1 --show model=LG-100"
        " --answer seller=own --at 2026-05-04T09:00:00+08:00"
    ),
    "T-1 Triage severity=3 fault-code=F-12 fault-group=cooling --at 2026-05-04T09:10:00+08:00",
    "T-1 DecideCoverage --as quality --at 2026-05-04T09:20:00+08:00",
    "T-1 ApproveFree --as coordinator --at 2026-05-04T09:30:00+08:00",
    (
        "T-1 Dispatch --as supervisor engineer=eng-2 window-from=2026-05-04T13:00 window-until=2026-05-04T15:00"
        " consent=call-7 --at 2026-05-04T09:40:00+08:00"
    ),
    "T-1 Arrive --as engineer --at 2026-05-04T14:00:00+08:00",
    (
        "T-1 Finish --as engineer outcome=repaired 'lines=compressor 300; class=parts; billing=as-ruled; part=P-7"
        " | labour CNY 80; class=labour; billing=as-ruled; hours=1.5' --at 2026-05-04T15:10:00+08:00"
    ),
    "T-1 AcceptWork --as customer --show customer-signature=v-1 --at 2026-05-04T15:15:00+08:00",
    "T-1 CloseTicket --as supervisor --at 2026-05-05T15:15:00+08:00",
    (
        "U-9 RegisterUnit customer=c-2 product=oven dates=sold=2025-01-10 --as supervisor"
        " --at 2026-05-04T08:30:00+08:00"
    ),
    (
        "T-2 ReportFault customer=c-2 channel=outlet symptom=cold unit=U-9 --show name=k-2 --show address=k-2"
        " --show phone=k-2 --show model=m --answer seller=own 'terms=guarantee-term=1 year'"
        " --at 2026-05-04T09:00:00+08:00"
    ),
    "T-2 Triage severity=2 fault-code=F-2 route=shop --answer service=shop --at 2026-05-04T09:05:00+08:00",
    (
        "T-2 TakeIn --as stores items=U-9 condition=U-9=scratched 'accessories=U-9=cable,tray'"
        " --show 'signature for the item=v-2' --at 2026-05-04T09:15:00+08:00"
    ),
    "T-2 DecideCoverage --as quality --at 2026-05-04T09:20:00+08:00",
    (
        "T-2 GiveQuote --as coordinator 'lines=board 400; class=parts; billing=as-ruled"
        " | labour 120; class=labour; billing=as-ruled' valid-until=2026-05-11T18:00"
        " --at 2026-05-04T10:00:00+08:00"
    ),
    "T-2 AcceptQuote --as desk evidence=call-9 --at 2026-05-04T11:00:00+08:00",
    (
        "C-1 FileComplaint --as customer customer=c-2 channel=hotline what='it takes long' ticket=T-2"
        " --at 2026-05-05T16:00:00+08:00"
    ),
    "L-1 RegisterTechnician --as supervisor qualified=repair --at 2026-05-04T08:00:00+08:00",
)
"""A service on the spot that is over, one in the shop with a complaint about it, a technician's record."""


def told_at_the_service_desk(db: Path) -> None:
    """The story of the service desk, into this database."""
    for line in SERVICE_STORY:
        said = call("--db", db, "--host", EXAMPLES / "service.toml", "aftersales", "do", *shlex.split(line))
        assert said.code == 0, (line, said)


@pytest.fixture(scope="session")
def served_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story of the service desk in a database."""
    db = tmp_path_factory.mktemp("service") / "desk.db"
    told_at_the_service_desk(db)
    return db


@pytest.fixture
def served(cli: Cli, served_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The program at a service desk, over a copy of its story: ``T-1`` is closed, ``T-2`` is in the shop."""
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "service.toml"))
    shutil.copy(served_once, tmp_path / "servflow.db")
    return cli


DEPOSIT_STORY = (
    "JW-1 AssessDeposit cost=120000000 --at 2026-01-05T09:00:00+08:00",
    "JW-1 NotifyAssessment --at 2026-01-06T09:00:00+08:00",
    "JW-1 ConfirmLetter --as developer --at 2026-01-07T09:00:00+08:00",
    "JW-1 LodgeDeposit amount=4800000 receipt=R-1 --as bank --at 2026-02-10T09:00:00+08:00",
    "JW-1 OrderPayment by-day=2026-03-01 --at 2026-02-15T09:00:00+08:00",
    "JW-1 NoteDefault by-day=2026-03-01 --as clock --at 2026-03-02T00:00:00+08:00",
    "JW-1 LodgeDeposit amount=700000 receipt=R-2 --as bank --at 2026-03-21T09:00:00+08:00",
    "JW-1 LodgeDeposit amount=500000 receipt=R-3 --as bank --at 2026-03-25T09:00:00+08:00",
    (
        "JW-1 HandOverBuilding 'design-life=50 years' 'agreed=part=roof-waterproofing; length=8 years'"
        " --as developer --at 2026-04-01T09:00:00+08:00"
    ),
    (
        "C-1 FileClaim --as property-manager account=JW-1 part=roof-waterproofing parts=common 'what=the roof leaks'"
        " ground=not-performed reported-on=2026-05-01"
        " 'together-with=role=owners-committee; party=jiangwan-committee; signed=s-1'"
        " --at 2026-05-02T09:00:00+08:00"
    ),
    "C-1 CheckWithDeveloper says=refuses --at 2026-05-05T09:00:00+08:00",
    "C-1 ApproveClaim --at 2026-05-06T09:00:00+08:00",
    "C-1 AssignRepairer repairer=shunda kind=contractor qualification=Q-1 --at 2026-05-07T09:00:00+08:00",
    "C-1 HandInBudget plan=plan-1 amount=20000 --as repairer --at 2026-05-08T09:00:00+08:00",
    "C-1 ApproveBudget --at 2026-05-09T09:00:00+08:00",
    "C-1 FinishRepair --as repairer --at 2026-05-20T09:00:00+08:00",
    "C-1 HandInCostList 'lines=membrane 12000 | labour CNY 7000' --as repairer --at 2026-05-21T09:00:00+08:00",
    "C-1 SignCostList --as property-manager --at 2026-05-22T09:00:00+08:00",
    "C-1 SignCostList --as jiangwan-committee --at 2026-05-22T09:00:00+08:00",
    (
        "NG-A AssessDeposit average-cost=3000 floor-area=20000 --at 2026-02-02T09:00:00+08:00"
        " 'grounds=name=performance; grade=2A; shown=finally-reviewed; approvals=property-authority 2026-01-20 no. 7,"
        " development-authority 2026-01-22 no. 12'"
    ),
    "NG-A NotifyAssessment --at 2026-02-03T09:00:00+08:00",
    "NG-A ConfirmLetter --as northgate --at 2026-02-04T09:00:00+08:00",
)
"""A building with a late payment and a claim whose cost list is signed; another whose letter was received."""


@pytest.fixture(scope="session")
def deposited_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story of the deposit desk in a database."""
    db = tmp_path_factory.mktemp("deposits") / "desk.db"
    for line in DEPOSIT_STORY:
        said = call("--db", db, "--host", EXAMPLES / "deposits.toml", "deposits", "do", *shlex.split(line))
        assert said.code == 0, (line, said)
    return db


@pytest.fixture
def deposited(cli: Cli, deposited_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The program at a deposit desk, over a copy of its story: ``JW-1`` is held, ``C-1`` waits for payment."""
    monkeypatch.setenv("SERVFLOW_HOST", str(EXAMPLES / "deposits.toml"))
    shutil.copy(deposited_once, tmp_path / "servflow.db")
    return cli
