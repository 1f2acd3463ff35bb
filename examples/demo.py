"""A loan desk at work, from requests to paid fines: what `make demo` runs.

Seven requests in ISO 18626 come in; the rules of the National Library of China answer them; three
loans go out, come back late, and are paid. Everything is stored in one SQLite file, every mail is
a file in a maildir, and at the end the journals are folded and the books are balanced.

Run it with a folder to write into: `python examples/demo.py [demo-out]`.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from servflow.adapters.facts_file import FactsFile
from servflow.adapters.machine_transitions import diagram
from servflow.adapters.mail_maildir import MaildirMail
from servflow.adapters.partner_iso18626 import read_request
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import BabelWording, Texts
from servflow.codec import Codec, folded
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import Refused
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, SecurityKind
from servflow.core.ill.lending.table import LENDING
from servflow.core.ledger import trial_balance
from servflow.core.money import Money, total
from servflow.desk import Desk
from servflow.rulebooks import lending_policy, load

HERE = Path(__file__).parent
BEIJING = timezone(timedelta(hours=8))
STAFF = Actor("librarian-1", "CN-NLC", Office.STAFF)
SAME_CITY, OUT_OF_TOWN, COMPANY = "CN-110108", "CN-320500", "CN-310115"
LAST_DAY = date(2026, 3, 31)
MADE = {"desk.db", "desk.db-wal", "desk.db-shm", "mail", "lending.mmd"}


def at(day: str, hour: int = 10) -> datetime:
    """An hour of a day in Beijing."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), BEIJING) + timedelta(hours=hour)


class LoanDesk:
    """The desk, and how this example speaks to it: who, to what, when it happened and was recorded."""

    def __init__(self, folder: Path) -> None:
        self.facts = FactsFile(HERE / "host.toml")
        self.codec = Codec(ILL)
        self.storage = SqliteStorage(folder / "desk.db", self.codec)
        self.desk = Desk(
            ILL,
            storage=self.storage,
            facts=self.facts,
            policy=lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC"),
            mail=MaildirMail(folder / "mail", self.facts.library),
            wording=BabelWording(self.facts.library.name),
        )
        self._number = 0

    def say(self, command: type[Command], case: str, happened: datetime, **fields: object) -> None:
        """One command, by the librarian unless ``by`` says otherwise, recorded when it happened."""
        self._number += 1
        by = fields.pop("by", STAFF)
        recorded = fields.pop("recorded", happened)
        self.desk.do(
            command(
                id=f"demo-{self._number}",
                case=case,
                by=by,  # type: ignore[arg-type]
                happened_at=happened,
                recorded_at=recorded,  # type: ignore[arg-type]
                **fields,
            )
        )

    def nights(self, first: str, last: str) -> None:
        """Every night the clock speaks and the mail leaves."""
        night, end = at(first, 23), at(last, 23)
        while night <= end:
            self.desk.wake(night)
            self.desk.deliver(night)
            night += timedelta(days=1)

    def supply(self, case: str) -> SupplyTransaction:
        """A transaction as it stands."""
        it = self.storage.load(Key(SupplyTransaction.kind, case))
        assert isinstance(it, SupplyTransaction)
        return it


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
    """Three loans go out and come back late; what is refused on the way is returned as text."""
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
    refused = []
    itself = Actor(OUT_OF_TOWN, OUT_OF_TOWN, Office.SYSTEM)
    try:
        desk.say(c.RequestRenewal, out_of_town, at("2026-03-18"), by=itself)
    except Refused as error:
        refused = [Texts("en").reason(reason) for reason in error.reasons]
    desk.nights("2026-03-18", "2026-03-19")
    for case in (same_city, out_of_town):
        desk.say(c.CheckIn, case, at("2026-03-20"))
    desk.say(c.Pay, OUT_OF_TOWN, at("2026-03-25"), amount=Money("45", "CNY"))
    desk.say(c.Pay, SAME_CITY, at("2026-03-26"), amount=Money("20", "CNY"))
    desk.nights("2026-03-20", "2026-03-31")
    return refused


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


def show_refusal(refused: list[str]) -> None:
    """A command that may not be given changes nothing, and names every reason."""
    heading("A second renewal, asked for too late and without a reason, was refused")
    for line in refused:
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


def show_files(desk: LoanDesk, folder: Path) -> None:
    """The letters, as many as the outbox has sent, and the lifecycle as a diagram."""
    heading("What was written")
    letters = list((folder / "mail" / "new").iterdir())
    statuses = Counter(outgoing.status.value for outgoing in desk.storage.outbox())
    outbox = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    path = folder / "lending.mmd"
    path.write_text(diagram(LENDING), encoding="utf-8")
    print(f"{len(letters)} letters as files in {folder / 'mail' / 'new'} (the outbox: {outbox})")
    print(f"The lifecycle as a Mermaid diagram: {path}")
    print(f"Everything else: {folder / 'desk.db'}")


def prove(desk: LoanDesk) -> bool:
    """Every journal folds to its snapshot, and the books balance."""
    heading("Two proofs")
    count = wrong = 0
    for kind in (SupplyTransaction.kind, Relation.kind):
        for it in desk.storage.aggregates(kind, limit=10_000):
            count += 1
            wrong += folded(desk.storage.journal(it.key)) != desk.codec.encode_aggregate(it)
    print(f"Proof 1: {count} journals folded, {wrong} differ from their snapshot.")
    books = trial_balance(desk.storage.postings())
    for currency, (debits, credits_) in books.items():
        print(f"Proof 2: the books in {currency}: {debits.amount} debit, {credits_.amount} credit.")
    return not wrong and all(debits == credits_ for debits, credits_ in books.values())


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
    desk = LoanDesk(folder)
    relations(desk)
    cases = requests(desk)
    refused = loans(desk, same_city=cases[0], out_of_town=cases[1], company=cases[6])
    show_cases(desk, cases)
    show_refusal(refused)
    show_statements(desk, cases)
    show_files(desk, folder)
    fine = prove(desk)
    desk.storage.close()
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
