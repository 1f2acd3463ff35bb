"""The deposit of one building, from its assessment in 2017 to its last release in 2022.

A high-rise is assessed, reviewed, paid in three parts, and late; so it is handed over late, too. It wins an
award, and most of the deposit goes back. A roof is repaired from what is left, a burst pipe is reimbursed.
Shares are released as warranties end, and what is left after five years, once a defect no longer holds it.
What may not be done is tried as well: it is refused with the clause, and nothing has changed.
"""

from __future__ import annotations

from csv import DictWriter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from at_the_desk import DeskAtWork, at

from servflow.adapters.chart_svg import balance_chart
from servflow.adapters.deposits_file import DepositsFile
from servflow.adapters.text_babel import Texts
from servflow.core.changes import Actor, Command
from servflow.core.dates import Period, Term
from servflow.core.deposits import DEPOSITS
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import Approval, DepositAccount, Ground, account_key
from servflow.core.deposits.accounts.states import Gate, MovementKind
from servflow.core.deposits.assessing import surcharge
from servflow.core.deposits.claims import commands as k
from servflow.core.deposits.claims.model import CostLine, claim_key
from servflow.core.deposits.claims.states import DeveloperSays
from servflow.core.deposits.export import rows
from servflow.core.deposits.statements import Statement, balance_points, calendar_year, statement
from servflow.core.deposits.words import PartKind, Payee
from servflow.core.errors import Refused
from servflow.core.money import Money
from servflow.rulebooks import deposit_policy, load

FILES: Final = {f"deposits.db{end}" for end in ("", "-wal", "-shm")}
MADE: Final = {*FILES, "deposits-mail", "deposit-balance.svg", "deposit-statements.csv"}
BUILDING, ROOF, PIPE = "JW-1", "C-1", "C-2"
COST = Money(120_000_000, "CNY")
YEARS = range(2017, 2023)
SUMS = ("opening", "paid_in", "interest", "used", "refunded", "released", "closing")
ENGLISH = Texts("en")


def cny(amount: int) -> Money:
    """So many yuan."""
    return Money(amount, "CNY")


class DepositDesk(DeskAtWork):
    """The desk of the authority: its people, those of the building, and what was refused."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.facts = DepositsFile(file)
        self.authority = self.facts.authority.ref
        assert self.facts.charges is not None
        self.rules = deposit_policy(
            load(self.facts.rulebook), load(self.facts.charges), authority=self.authority
        )
        super().__init__(
            folder,
            DEPOSITS,
            facts=self.facts,
            sender=self.facts.authority,
            address=self.facts.address,
            policy=self.rules,
            db="deposits.db",
            mail="deposits-mail",
            staff=self.facts.actor(self.authority),
        )
        self.building = self.facts.buildings[BUILDING]
        self.refused: list[tuple[str, list[str]]] = []
        self._spoken: datetime | None = None

    def say(self, command: type[Command], case: str, happened: datetime, **fields: object) -> None:
        """One command, once the clock has spoken until then; the mail leaves."""
        self.weeks(happened)
        super().say(command, case, happened, **fields)
        self.desk.deliver(happened)

    def weeks(self, until: datetime) -> None:
        """Once a week the clock says what was due meanwhile, as of its day; the mail leaves."""
        night = self._spoken or until
        while night < until:
            night = min(night + timedelta(days=7), until)
            self.desk.wake(night)
            self.desk.deliver(night)
        self._spoken = until

    def try_in_vain(self, command: type[Command], case: str, happened: datetime, **said: object) -> None:
        """What is refused is kept with every reason; that it is not refused would be a mistake here."""
        self.weeks(happened)
        before = self.journalled(case)
        try:
            super().say(command, case, happened, **said)
        except Refused as refusal:
            name = ENGLISH.name("command", command.__name__)
            told = [ENGLISH.reason(each) for each in refusal.reasons]
            self.refused.append((f"{case}, {ENGLISH.day(happened.date())}: {name}", told))
        assert self.journalled(case) == before

    def journalled(self, case: str) -> int:
        """How much has happened to the account, or to a claim, so far."""
        key = account_key(case) if case == BUILDING else claim_key(case)
        return sum(1 for _ in self.storage.journal(key))

    def account(self) -> DepositAccount:
        """The account of the building."""
        it = self.storage.load(account_key(BUILDING))
        assert isinstance(it, DepositAccount)
        return it

    def person(self, role: str) -> Actor:
        """Who speaks for the building in that role, as the host's file names him."""
        return self.facts.actor(getattr(self.building, role))


def approvals(day: str, reference: str, *by: str) -> tuple[Approval, ...]:
    """Each of them approved on that day, by one document."""
    return tuple(Approval(by=each, on=date.fromisoformat(day), reference=reference) for each in by)


BOTH: Final = ("property-authority", "development-authority")


def assessed(desk: DepositDesk) -> None:
    """5 % of the cost; in the review the rating counts, once both authorities approve of it: 3 %."""
    developer = desk.person("developer")
    desk.say(c.AssessDeposit, BUILDING, at("2017-01-04"), building=desk.building, cost=COST)
    desk.say(c.NotifyAssessment, BUILDING, at("2017-01-05"))
    desk.say(c.ConfirmLetter, BUILDING, at("2017-01-06"), by=developer)
    objection = "rated 2A, finally reviewed on 20 December 2016"
    desk.say(c.AskReview, BUILDING, at("2017-01-13", 16), by=developer, objection=objection)
    why = {"reason": "final review of the rating", "cost": COST}
    alone = replace(rating(), approvals=approvals("2017-01-17", "no. 7", BOTH[0]))
    desk.try_in_vain(c.ReassessDeposit, BUILDING, at("2017-01-18"), grounds=(alone,), **why)
    desk.say(c.ReassessDeposit, BUILDING, at("2017-01-20"), grounds=(rating(),), **why)
    desk.say(c.AnswerReview, BUILDING, at("2017-01-20", 11), answer="2A counts: 3 % of the cost")


def rating() -> Ground:
    """The housing performance rating 2A, finally reviewed, of which both authorities approved."""
    approved = approvals("2017-01-19", "no. 7", *BOTH)
    return Ground(name="performance", grade="2A", shown=("finally-reviewed",), approvals=approved)


def paid(desk: DepositDesk) -> None:
    """Two thirds in time, the rest only after an order, with a surcharge; then it is handed over."""
    bank, developer = desk.person("bank"), desk.person("developer")
    desk.say(c.LodgeDeposit, BUILDING, at("2017-02-06"), by=bank, amount=cny(2_400_000), receipt="R-0311")
    desk.say(c.OrderPayment, BUILDING, at("2017-02-13"), by_day=date(2017, 3, 1))
    desk.say(c.LodgeDeposit, BUILDING, at("2017-03-21"), by=bank, amount=cny(700_000), receipt="R-0402")
    life = Period(months=600)
    desk.try_in_vain(c.HandOverBuilding, BUILDING, at("2017-03-22"), by=developer, design_life=life)
    desk.say(c.LodgeDeposit, BUILDING, at("2017-04-10"), by=bank, amount=cny(500_000), receipt="R-0467")
    desk.say(c.PaySurcharge, BUILDING, at("2017-04-11"), by=bank, amount=cny(102_000))
    desk.say(c.PassGate, BUILDING, at("2017-04-20"), gate=Gate.ACCEPTANCE_FILING)
    desk.say(c.HandOverBuilding, BUILDING, at("2017-05-02"), by=developer, design_life=life)


def awarded(desk: DepositDesk) -> None:
    """A national award is three points more: by the floor 1 % stays, and the difference goes back."""
    approved = approvals("2017-11-03", "no. 88", *BOTH)
    award = Ground(name="award", grade="national", shown=("won",), approvals=approved)
    said = {"reason": "national award", "cost": COST, "grounds": (rating(), award)}
    desk.say(c.ReassessDeposit, BUILDING, at("2017-11-06"), **said)


def roof(desk: DepositDesk) -> None:
    """C-1: the roof leaks, the developer refuses, a contractor repairs it within a budget and is paid."""
    desk.say(c.CreditInterest, BUILDING, at("2018-06-21"), by=desk.person("bank"))
    manager, owner = desk.person("property_manager"), desk.facts.actor("o-1201")
    filed = {
        "account": BUILDING,
        "part": "roof-waterproofing",
        "parts": PartKind.COMMON,
        "what": "water comes through the roof of staircase 2",
        "ground": "not-performed",
        "reported_on": date(2018, 7, 12),
    }
    desk.try_in_vain(k.FileClaim, ROOF, at("2018-07-13"), by=owner, role="owner", **filed)
    desk.say(k.FileClaim, ROOF, at("2018-07-16"), by=manager, role="property-manager", **filed)
    desk.say(k.CheckWithDeveloper, ROOF, at("2018-07-18"), says=DeveloperSays.REFUSES)
    desk.say(k.ApproveClaim, ROOF, at("2018-07-20"))
    licensed = {"repairer": "shunda", "kind": "contractor", "qualification": "waterproofing, grade 2"}
    desk.say(k.AssignRepairer, ROOF, at("2018-07-23"), **licensed)
    repairer = desk.facts.actor("shunda")
    plan = "new membrane over 160 square metres"
    desk.say(k.HandInBudget, ROOF, at("2018-07-27"), by=repairer, plan=plan, amount=cny(40_000))
    desk.try_in_vain(k.FinishRepair, ROOF, at("2018-07-28"), by=repairer)
    desk.say(k.ApproveBudget, ROOF, at("2018-07-30"))
    desk.say(k.FinishRepair, ROOF, at("2018-08-20"), by=repairer)
    lines = (
        CostLine(what="membrane, 160 square metres", amount=cny(30_400)),
        CostLine(what="work, 9 days", amount=cny(8_100)),
    )
    desk.say(k.HandInCostList, ROOF, at("2018-08-21"), by=repairer, lines=lines)
    desk.say(k.SignCostList, ROOF, at("2018-08-24"), by=manager)
    desk.try_in_vain(k.PayOut, ROOF, at("2018-09-05"), amount=cny(40_000), payee=Payee.REPAIRER)
    desk.say(k.PayOut, ROOF, at("2018-09-06"), amount=cny(38_500), payee=Payee.REPAIRER)
    desk.say(k.NotifyUse, ROOF, at("2018-09-10"))


def first_share(desk: DepositDesk) -> None:
    """The cooling: two summers are over on the last day of September, and not a day before."""
    desk.try_in_vain(c.ReleasePart, BUILDING, at("2018-09-30"), part="cooling")
    desk.say(c.ReleasePart, BUILDING, at("2018-10-22"), part="cooling")


def pipe(desk: DepositDesk) -> None:
    """C-2: a heating pipe bursts in a flat; its owner has it repaired at once, and is reimbursed."""
    owner = desk.facts.actor("o-1201")
    desk.say(
        k.FileEmergencyClaim,
        PIPE,
        at("2018-12-12"),
        by=owner,
        account=BUILDING,
        part="heating",
        parts=PartKind.PRIVATE,
        unit="1201",
        what="a heating pipe burst",
        ground="not-performed",
        role="owner",
        reported_on=date(2018, 12, 10),
        emergency="use-impaired",
        repaired_on=date(2018, 12, 11),
        lines=(CostLine(what="pipe and pump, at night", amount=cny(6_800)),),
        evidence=("photographs 1 to 4", "invoice 5512"),
    )
    desk.say(k.CheckWithDeveloper, PIPE, at("2018-12-14"), says=DeveloperSays.REFUSES)
    desk.say(k.ApproveClaim, PIPE, at("2018-12-17"))
    desk.say(k.SignCostList, PIPE, at("2018-12-18"), by=owner)
    desk.say(k.PayOut, PIPE, at("2018-12-24"), amount=cny(6_800), payee=Payee.APPLICANT)
    desk.say(k.NotifyUse, PIPE, at("2018-12-24", 11))


def other_shares(desk: DepositDesk) -> None:
    """Where it was used, only by decision; after five years all that is left, once no defect holds it."""
    desk.try_in_vain(c.ReleasePart, BUILDING, at("2019-04-01"), part="heating")
    decision = "decision 2019/4: the pipe was one failure of its kind"
    desk.say(c.ReleasePart, BUILDING, at("2019-04-10"), part="heating", decision=decision)
    for part in ("installations", "decoration"):
        desk.say(c.ReleasePart, BUILDING, at("2019-05-20"), part=part)
    cracks = "cracks in the outer wall, repaired twice"
    defect = {"name": "D-1", "part": "leakage", "what": cracks}
    desk.say(c.RecordDefect, BUILDING, at("2022-04-11"), **defect)
    rest = {"decision": "decision 2022/9: the roof was repaired once, and held"}
    desk.try_in_vain(c.ReleaseRest, BUILDING, at("2022-05-10"), **rest)
    desk.say(c.RepairDefect, BUILDING, at("2022-06-13"), name="D-1")
    desk.say(c.ReleaseRest, BUILDING, at("2022-06-14"), **rest)
    desk.say(c.CloseDeposit, BUILDING, at("2023-04-03"), reason="all is released and published")


def show(desk: DepositDesk) -> None:
    """What was assessed, and why; what moved, but for interest; the surcharge; what was tried in vain."""
    it = desk.account()
    where = f"{it.building.project}, building {it.building.building}"
    print(f"{it.id}  {where}: {ENGLISH.state(it.kind, it.state)}")
    for each in it.assessments:
        print(f"  Assessed on {ENGLISH.day(each.on)}: {ENGLISH.money(each.charge.money)}")
    for line in ENGLISH.charge_tree_lines(it.assessment.charge):
        print(f"    {line}")
    for movement in it.movements:
        if movement.kind is MovementKind.INTEREST:
            continue
        kind = ENGLISH.charge_kind(movement.kind.value)
        what = movement.receipt or ENGLISH.name("building-part", movement.part)
        amount = ENGLISH.money(movement.amount)
        print(f"  {ENGLISH.day(movement.on):<18} {kind:<26} {amount:>16}  {what}".rstrip())
    for day in (date(2017, 3, 1), date(2017, 3, 2), date(2017, 3, 21), date(2017, 3, 22), date(2017, 4, 30)):
        charge = surcharge(it, desk.rules, day)
        assert charge is not None
        print(f"  Surcharge up to {ENGLISH.day(day)}: {ENGLISH.money(charge.money)}")
    print("Tried in vain:")
    for tried, reasons in desk.refused:
        print("\n".join((f"  {tried}", *(f"    - {reason}" for reason in reasons))))


def statements(desk: DepositDesk, it: DepositAccount) -> list[Statement]:
    """The statement of each year, as it was published."""
    return [statement(it, desk.rules, calendar_year(year)) for year in YEARS]


def show_statements(desk: DepositDesk, folder: Path) -> bool:
    """The years as they add up, one after the other; every movement as CSV, the balance as a picture."""
    it = desk.account()
    told = statements(desk, it)
    print(f"{'year':<6}" + "".join(f"{name:>18}" for name in SUMS))
    for year, each in zip(YEARS, told, strict=True):
        amounts = (ENGLISH.money(getattr(each.sums, name)) for name in SUMS)
        print(f"{year:<6}" + "".join(f"{amount:>18}" for amount in amounts))
    lines = [line for each in told for line in rows(each.lines)]
    with (folder / "deposit-statements.csv").open("w", encoding="utf-8", newline="") as file:
        writer = DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    term = Term(it.movements[0].on, date(2022, 7, 1))
    picture = balance_chart(
        balance_points(it, desk.rules, term),
        ENGLISH,
        title=f"Deposit of {it.building.project}, building {it.building.building}",
        through=term.last_day,
    )
    (folder / "deposit-balance.svg").write_text(picture, encoding="utf-8")
    chained = all(one.sums.closing == other.sums.opening for one, other in pairwise(told))
    return chained and all(each.sums.adds_up for each in told)


def tell(folder: Path) -> tuple[DepositDesk, bool]:
    """The whole story; the desk is given back with its books open, and whether its statements add up."""
    desk = DepositDesk(folder, Path(__file__).parent / "deposits.toml")
    for part in (assessed, paid, awarded, roof, first_share, pipe, other_shares):
        part(desk)
    show(desk)
    fine = show_statements(desk, folder)
    letters = folder / "deposits-mail" / "new"
    print(f"{len(list(letters.iterdir()))} letters of the authority as files in {letters}")
    return desk, fine
