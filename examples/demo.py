"""Loan desks, a service desk and a desk of deposits at work: what `make demo` runs.

Seven requests in ISO 18626 come in; the rules of the National Library of China answer them; three
loans go out, come back late, and are paid. At a college library a reader asks for a book: one library
keeps silent, the next one sends it, and it comes back late, too. Then a centre, two lending libraries and a
library that asks for its readers, each in a process of its own, exchange ISO 18626 messages over HTTP
(`network/story.py`). Then a service desk: three tickets, on the spot, into the shop, and a quote that is
not taken (`service_story.py`). At last the warranty deposit of a building, from its assessment to its last
release (`deposit_story.py`). Everything is stored in one SQLite file a desk, every mail is a file in a
maildir, and at the end the journals are folded and the books are balanced.

Run it with a folder to write into: `python examples/demo.py [demo-out]`.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import deposit_story
import service_story
from at_the_desk import BEIJING, DeskAtWork, at
from network import story

from servflow.adapters.facts_file import FactsFile
from servflow.adapters.machine_transitions import diagram
from servflow.adapters.partner_iso18626 import read_request
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import Texts
from servflow.codec import Codec, folded
from servflow.core.aftersales import AFTERSALES
from servflow.core.changes import Actor, Key, Office
from servflow.core.citations import Reason
from servflow.core.dates import Term
from servflow.core.deposits import DEPOSITS
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, SecurityKind
from servflow.core.ill.lending.table import LENDING
from servflow.core.ill.terms import CostKind, CostLine, Requested, Service
from servflow.core.ledger import Account, AccountKind, trial_balance
from servflow.core.lifecycle import Lifecycles, Policy
from servflow.core.money import Money, total
from servflow.rulebooks import borrowing_policy, lending_policy, load

HERE = Path(__file__).parent
STAFF = Actor("librarian-1", "CN-NLC", Office.STAFF)
COLLEGE = Actor("librarian-2", "CN-500113", Office.STAFF)
SAME_CITY, OUT_OF_TOWN, COMPANY = "CN-110108", "CN-320500", "CN-310115"
LAST_DAY = date(2026, 3, 31)
FILES = {f"{name}{end}" for name in ("desk.db", "college.db") for end in ("", "-wal", "-shm")}
MADE = {*FILES, *service_story.MADE, *deposit_story.MADE, "mail", "college-mail", "lending.mmd", "network"}


class LoanDesk(DeskAtWork):
    """The desk of a library of the host's file."""

    def __init__(
        self, folder: Path, host: str, *, db: str, mail: str, policies: dict[str, Policy], staff: Actor
    ) -> None:
        self.facts = FactsFile(HERE / host)
        super().__init__(
            folder,
            ILL,
            facts=self.facts,
            sender=self.facts.library,
            policy=policies,
            db=db,
            mail=mail,
            staff=staff,
        )

    def supply(self, case: str) -> SupplyTransaction:
        """A transaction as it stands."""
        it = self.storage.load(Key(SupplyTransaction.kind, case))
        assert isinstance(it, SupplyTransaction)
        return it


def lending_desk(folder: Path) -> LoanDesk:
    """The desk of the library that lends."""
    rules = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
    policies: dict[str, Policy] = {SupplyTransaction.kind: rules, Relation.kind: rules}
    return LoanDesk(folder, "host.toml", db="desk.db", mail="mail", policies=policies, staff=STAFF)


def college_desk(folder: Path) -> LoanDesk:
    """The desk of the college library, which knows the rules of one of the libraries it asks."""
    lenders = {"CN-NLC": lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")}
    rules = borrowing_policy(load("cque/interlibrary-loan"), library="CN-500113", lenders=lenders)
    policies: dict[str, Policy] = {BorrowingCase.kind: rules}
    return LoanDesk(
        folder, "college.toml", db="college.db", mail="college-mail", policies=policies, staff=COLLEGE
    )


def relations(desk: LoanDesk) -> None:
    """Three institutions apply, sign, get their card, and pay a deposit or a prepayment."""
    for institution, kind, card, security, amount in (
        (SAME_CITY, InstitutionKind.UNIVERSITY_LIBRARY, "NLC-ILL-0108", SecurityKind.DEPOSIT, "500"),
        (OUT_OF_TOWN, InstitutionKind.UNIVERSITY_LIBRARY, "NLC-ILL-3205", SecurityKind.DEPOSIT, "500"),
        (COMPANY, InstitutionKind.ENTERPRISE_LIBRARY, "NLC-ILL-3115", SecurityKind.PREPAYMENT, "60"),
    ):
        itself = Actor(institution, institution, Office.STAFF)
        desk.say(c.Apply, institution, at("2026-01-12"), by=itself, lender="CN-NLC", kind=kind)
        desk.say(c.Approve, institution, at("2026-01-14"))
        desk.say(c.Sign, institution, at("2026-01-19"), agreements=("borrowing", "copyright"))
        desk.say(c.IssueCard, institution, at("2026-01-19", 11), card=card)
        paid = Money(amount, "CNY")
        desk.say(c.PaySecurity, institution, at("2026-01-20"), kind=security, amount=paid)


def requests(desk: LoanDesk) -> list[str]:
    """The batch comes in; the rules answer at once what they do not allow. Imported twice: once counts."""
    cases: list[str] = []
    for _ in range(2):
        cases.clear()
        for file in sorted((HERE / "requests").glob("*.xml")):
            command = read_request(file.read_bytes(), received_at=at("2026-01-30", 16))
            desk.desk.do(command)
            cases.append(command.case)
    return cases


def loans(desk: LoanDesk, same_city: str, out_of_town: str, company: str) -> list[str]:
    """Three loans go out and come back late; why a second renewal is answered "no" is returned as text."""
    desk.nights("2026-01-20", "2026-01-30")
    for case in (same_city, out_of_town, company):
        desk.say(c.Promise, case, at("2026-01-30", 17))
    desk.say(c.Ship, same_city, at("2026-01-31"), items=("NLC-0001",))
    desk.say(c.Ship, out_of_town, at("2026-01-31"), items=("NLC-0018",))
    desk.say(c.Ship, company, at("2026-01-31", 11), items=("NLC-0049-1", "NLC-0049-2"))
    desk.nights("2026-01-31", "2026-02-19")
    for case in (same_city, out_of_town):
        borrower = desk.supply(case).requester
        itself = Actor(borrower, borrower, Office.SYSTEM)
        desk.say(c.ConfirmReceipt, case, at("2026-02-05"), recorded=at("2026-02-20"), by=itself)
        desk.say(c.RequestRenewal, case, at("2026-02-20"), by=itself, reason="reading group goes on")
        desk.say(c.GrantRenewal, case, at("2026-02-20", 15))
    desk.nights("2026-02-20", "2026-03-09")
    # found in the book drop on Monday the 9th, back since Saturday the 7th: charged to Saturday
    desk.say(c.CheckIn, company, at("2026-03-07", 20), recorded=at("2026-03-09", 9))
    desk.nights("2026-03-10", "2026-03-17")
    itself = Actor(OUT_OF_TOWN, OUT_OF_TOWN, Office.SYSTEM)
    desk.say(c.RequestRenewal, out_of_town, at("2026-03-18"), by=itself)
    *_, answer = desk.storage.journal(Key(SupplyTransaction.kind, out_of_town))
    reasons = [desk.codec.decode(reason, Reason) for reason in answer.document["command"]["reasons"]]
    declined = [Texts("en").reason(reason) for reason in reasons]
    desk.nights("2026-03-18", "2026-03-19")
    for case in (same_city, out_of_town):
        desk.say(c.CheckIn, case, at("2026-03-20"))
    desk.say(c.Pay, OUT_OF_TOWN, at("2026-03-25"), amount=Money("45", "CNY"))
    desk.say(c.Pay, SAME_CITY, at("2026-03-26"), amount=Money("20", "CNY"))
    desk.nights("2026-03-20", "2026-03-31")
    return declined


def borrowing(desk: LoanDesk) -> None:
    """A reader's request: the first library keeps silent, the second one sends it; it comes back late.

    Another reader, who owes the library something, is answered "no".
    """
    for case, patron, title in (("G-1", "p-9", "陶瓷之路考"), ("G-2", "p-12", "山城水文记")):
        reader = Actor(patron, "CN-500113", Office.PERSON)
        asked = Requested(title=title)
        said = {"patron": patron, "library": "CN-500113", "service": Service.LOAN, "requested": asked}
        desk.say(b.DraftRequest, case, at("2026-01-12"), by=reader, **said)
        desk.say(b.Submit, case, at("2026-01-12", 11), by=reader)
    desk.say(b.ApproveRequest, "G-1", at("2026-01-12", 15))
    desk.nights("2026-01-12", "2026-01-19")
    desk.say(b.HearOffer, "G-1", at("2026-01-20"), attempt=2, cost=Money("20", "CNY"))
    fee = CostLine(kind=CostKind.LOAN, amount=Money("20", "CNY"))
    sent = {"items": ("NLC-0077",), "due": date(2026, 2, 22), "costs": (fee,)}
    desk.say(b.HearShipped, "G-1", at("2026-01-22"), attempt=2, **sent)
    desk.say(b.Receive, "G-1", at("2026-01-26"))
    desk.say(b.CheckOut, "G-1", at("2026-01-27"))
    desk.nights("2026-01-20", "2026-02-26")
    desk.say(b.TakeBack, "G-1", at("2026-02-27"))
    desk.say(b.ShipBack, "G-1", at("2026-02-27", 15))
    desk.nights("2026-02-27", "2026-03-03")
    overdue = CostLine(kind=CostKind.OVERDUE, amount=Money("50", "CNY"))
    desk.say(b.HearCheckedIn, "G-1", at("2026-03-04"), attempt=2, costs=(fee, overdue))
    desk.nights("2026-03-04", "2026-03-31")


def heading(text: str) -> None:
    """What follows, underlined."""
    print(f"\n{text}\n{'=' * len(text)}\n")


def show_cases(desk: LoanDesk, cases: list[str]) -> None:
    """A line for each request: what became of it and what it cost; below it the rules that said no."""
    english = Texts("en")
    heading("The requests, and what became of them")
    print(f"{'request':<25} {'outcome':<20} {'owed in all':>12}  title")
    for case in cases:
        it = desk.supply(case)
        owed = [charge.money for _, charge in desk.desk.explain(it.key, LAST_DAY).owed]
        amount = english.money(total(owed, "CNY")) if owed else "-"
        outcome = (
            english.name("closing", it.closing.value) if it.closing else english.state(it.kind, it.state)
        )
        print(f"{case:<25} {outcome:<20} {amount:>12}  {it.requested.title}")
        for reason in it.reasons:
            print(
                textwrap.fill(
                    english.reason(reason), 100, initial_indent=" " * 26, subsequent_indent=" " * 26
                )
            )


def show_refusal(declined: list[str]) -> None:
    """What the rules do not allow is answered "no" at once, with every reason."""
    heading("A second renewal, asked for too late and without a reason, was answered no")
    for line in declined:
        print(f"- {line}")


def show_statements(desk: LoanDesk, cases: list[str]) -> None:
    """What is owed for each loan and by which clauses, in both languages."""
    heading("What is owed, clause by clause")
    for it in map(desk.supply, cases):
        if it.items:
            explanation = desk.desk.explain(it.key, LAST_DAY)
            settled = next(iter(explanation.settlements.values()), None)
            for texts in (Texts("zh_CN"), Texts("en")):
                print(texts.statement(it, explanation.owed, settled, on=LAST_DAY))


def show_borrowing(desk: LoanDesk) -> None:
    """What happened to the readers' requests, day by day; what the reader and the library owe for it."""
    english = Texts("en")
    heading("At a college library: two readers' requests")
    for case in ("G-1", "G-2"):
        it = desk.storage.load(Key(BorrowingCase.kind, case))
        assert isinstance(it, BorrowingCase)
        print(f"{case}  {it.requested.title}: {english.state(it.kind, it.state)}")
        for entry in desk.storage.journal(it.key):
            command = entry.document["command"]
            day = english.day(datetime.fromisoformat(command["happened_at"]).astimezone(BEIJING).date())
            print(f"  {day:<17} {english.name('command', command['command'])} ({command['by']['party']})")
        for reason in it.reasons:
            print(f"{'':<20}{english.reason(reason)}")
        for kind, charge in desk.desk.explain(it.key, LAST_DAY).owed:
            print(f"  The reader owes: {english.charge_kind(kind)}")
            for line in english.charge_lines(charge):
                print(f"    {line}")
    quarter = Term(date(2026, 1, 1), date(2026, 4, 1))
    lender = Account(AccountKind.PAYABLE, "CN-NLC")
    owed = desk.desk.statement(lender, "CNY", quarter)
    print(f"  The library owes CN-NLC by then: {english.money(owed.closing)}")


def show_files(desk: LoanDesk, folder: Path) -> None:
    """The letters, as many as the outbox has sent, and the lifecycle as a diagram."""
    heading("What was written")
    new = folder / "mail" / "new"
    letters = list(new.iterdir())
    statuses = Counter(outgoing.status.value for outgoing in desk.storage.outbox())
    outbox = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    path = folder / "lending.mmd"
    path.write_text(diagram(LENDING), encoding="utf-8")
    print(
        f"{len(letters)} letters of the lender as files in {folder / 'mail' / 'new'} (the outbox: {outbox})"
    )
    print(f"The lifecycle as a Mermaid diagram: {path}")
    print(f"Everything else: {folder / 'desk.db'}, and of the college {folder / 'college.db'}")


def prove(books: Mapping[str, tuple[Lifecycles, SqliteStorage]]) -> bool:
    """Every journal folds to its snapshot, and the books balance."""
    heading("Two proofs")
    count = wrong = 0
    fine = True
    for lifecycles, storage in books.values():
        codec = Codec(lifecycles)
        for lifecycle in lifecycles:
            for it in storage.aggregates(lifecycle.name, limit=10_000):
                count += 1
                wrong += folded(storage.journal(it.key)) != codec.encode_aggregate(it)
    print(f"Proof 1: {count} journals folded, {wrong} differ from their snapshot.")
    for name, (_, storage) in books.items():
        for currency, (debits, credits_) in trial_balance(storage.postings()).items():
            fine &= debits == credits_
            sides = f"{debits.amount} debit, {credits_.amount} credit"
            print(f"Proof 2: the books of {name} in {currency}: {sides}.")
    return fine and not wrong


def main() -> int:
    """Run the example into a fresh folder; an earlier run's is replaced, anybody else's left alone."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")
    if folder.exists():
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else {"a file"}
        if names and not {"desk.db"} <= names <= MADE:
            print(f"{folder} is not what an earlier run wrote; name another folder", file=sys.stderr)
            return 2
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    desk, college = lending_desk(folder), college_desk(folder)
    relations(desk)
    cases = requests(desk)
    declined = loans(desk, same_city=cases[0], out_of_town=cases[1], company=cases[6])
    show_cases(desk, cases)
    show_refusal(declined)
    show_statements(desk, cases)
    borrowing(college)
    show_borrowing(college)
    show_files(desk, folder)
    heading("A network: what was done at four libraries, and what they heard over the wire")
    story.tell(folder / "network")
    members = story.books(folder / "network")
    heading("The centre's settlement of March")
    settled = story.settlement(members)
    heading("A service desk: on the spot, into the shop, and a quote that is not taken")
    service = service_story.tell(folder)
    heading("Warranty deposits: one building, from its assessment to its last release")
    deposits, adds_up = deposit_story.tell(folder)
    # a centre's lifecycles are those of every library, and more
    libraries = {**{each.facts.library.ref: each.storage for each in (desk, college)}, **members}
    books = {name: (CENTRE, storage) for name, storage in libraries.items()}
    books[service.firm] = AFTERSALES, service.storage
    books[deposits.authority] = DEPOSITS, deposits.storage
    proved = prove(books)
    for _, storage in books.values():
        storage.close()
    return 0 if settled and proved and adds_up else 1


if __name__ == "__main__":
    raise SystemExit(main())
