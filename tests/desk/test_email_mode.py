"""Libraries without a system, served by mail from end to end: real SMTP, real SQLite, and their librarians.

The librarian of the other library knows nothing but the mail that came, and answers by mail. Staff of our
own read the answer and enter it; the mail's Message-ID stays with it as the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import pytest
from post_office import PostOffice

from servflow.adapters.facts_file import FactsFile
from servflow.adapters.mail_reading import answers, read_reply
from servflow.adapters.mail_smtp import SmtpMail
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import BabelWording
from servflow.codec import Codec
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.citations import PRACTICE, Dated
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState
from servflow.core.ill.exchange import case_at_lender
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.lending.states import Closing, InstitutionKind, SecurityKind, SupplyState
from servflow.core.ill.terms import CostKind, CostLine, Delivery, Requested, SentVia, Service, Unfilled
from servflow.core.ledger import AccountKind, balance
from servflow.core.money import Money
from servflow.core.ports import Outgoing, Receipt, Status
from servflow.desk import Deliveries, Desk
from servflow.rulebooks import borrowing_policy, lending_policy, load

BEIJING: Final = timezone(timedelta(hours=8))
US: Final = "CN-CQUE"
STAFF: Final = Actor("librarian-3", US, Office.STAFF)
HOST: Final = """
[library]
id = "CN-CQUE"
name = "渝州第二师范学院图书馆"
email = "ill@yuzhou.example.cn"
language = "zh_CN"
city = "重庆"
address = "重庆市学府路1号"

[institutions."CN-3"]
name = "Valley College Library"
kind = "university_library"
place = "elsewhere"
email = "desk@valley.example.org"
language = "en"

[[items]]
ids = ["ISBN:9787999000018"]
title = "巴渝碑刻辑存"
material = "chinese_book"

[[suppliers]]
ref = "CN-1"
name = "江海大学图书馆"
email = "ill@jianghai.example.cn"
language = "zh_CN"

[[suppliers]]
ref = "CN-2"
name = "Harbour Library"
email = "supply@harbour.example.org"
language = "en"

[patrons."p-17"]
name = "苏晚晴"
email = "su@yuzhou.example.cn"
language = "zh_CN"
category = "teacher"
"""


def at(day: str, hour: int = 10) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), BEIJING).replace(hour=hour)


def yuan(amount: int) -> Money:
    return Money(amount, "CNY")


class Librarian:
    """Somebody of a library without a system: has a mailbox, and nothing else."""

    def __init__(self, post: PostOffice, address: str) -> None:
        self.post = post
        self.address = address

    @property
    def letter(self) -> EmailMessage:
        """The last one that came."""
        return self.post.mail(self.address)[-1]

    def read(self, label: str, *, of: EmailMessage | None = None) -> str:
        """What stands behind a label in the letter."""
        text = (of or self.letter).get_content()
        found = re.search(rf"^{label}[:：]\s*(.+?)\r?$", text, re.MULTILINE)
        assert found, text
        return found[1]

    def answer(self, text: str, when: datetime, *, to: EmailMessage | None = None, number: int = 1) -> bytes:
        """A mail back, as a mail program writes it: it refers to the letter and quotes it."""
        letter = to or self.letter
        reply = EmailMessage()
        reply["From"] = f"A Librarian <{self.address}>"
        reply["To"] = str(letter["From"])
        reply["Subject"] = f"Re: {letter['Subject']}"
        reply["Date"] = format_datetime(when)
        reply["Message-ID"] = f"<{when:%Y%m%d%H}-{number}@{self.address.partition('@')[2]}>"
        reply["In-Reply-To"] = str(letter["Message-ID"])
        quoted = "".join(f"> {line}\n" for line in letter.get_content().splitlines())
        reply.set_content(
            f"{text}\n\nOn {letter['Date']} {letter['From'].addresses[0].addr_spec} wrote:\n{quoted}"
        )
        return reply.as_bytes()


class MailDesk:
    """Our desk, and its staff, who read the mail and enter what it says."""

    def __init__(self, folder: Path, post: PostOffice) -> None:
        host = folder / "host.toml"
        host.write_text(HOST, encoding="utf-8")
        self.facts = FactsFile(host)
        lending = lending_policy(load("nlc/interlibrary-loan"), library=US)
        borrowing = replace(
            borrowing_policy(load("cque/interlibrary-loan"), library=US, lenders={}),
            renewals=Dated.always("renewals", 1, PRACTICE),
        )
        self.storage = SqliteStorage(folder / "desk.db", Codec(ILL))
        self.desk = Desk(
            ILL,
            storage=self.storage,
            facts=self.facts,
            policy={each.name: borrowing if each.name == BorrowingCase.kind else lending for each in ILL},
            mail=SmtpMail(
                self.facts.library,
                host="127.0.0.1",
                port=post.port,
                local_hostname="localhost",
                timeout_seconds=5,
            ),
            wording=BabelWording(self.facts.library.name, address=self.facts.address),
        )
        self._said = 0

    def say(self, command: type[Command], case: str, when: datetime, /, **said: Any) -> Receipt:
        """Something done here."""
        self._said += 1
        envelope: dict[str, Any] = {"by": STAFF, "happened_at": when, "recorded_at": when}
        return self.desk.do(command(id=f"said-{self._said}", case=case, **{**envelope, **said}))

    def enter(
        self, data: bytes, command: type[Command], when: datetime, /, *, case: str | None = None, **said: Any
    ) -> Receipt:
        """What a mail says, of the request whose letter it answers unless staff say which."""
        reply = read_reply(data)
        letter = answers(reply, self.storage.outbox())
        assert letter is not None or case is not None
        about = case or (letter.message.about.id if letter is not None else "")
        if issubclass(command, b.Hear) and "attempt" not in said:
            assert letter is not None
            said["attempt"] = int(str(dict(letter.message.facts)["request"]).rpartition("~")[2])
        if "note" in command.__dataclass_fields__:
            said.setdefault("note", reply.text)
        envelope: dict[str, Any] = {
            "id": f"mail/{reply.message_id}/{command.__name__}/{about}",
            "case": about,
            "by": STAFF,
            "happened_at": reply.at or when,
            "recorded_at": when,
            "evidence": reply.message_id,
        }
        return self.desk.do(command(**envelope, **said))

    def request(self, case: str, day: str, title: str = "巴蜀方志考", **own: Any) -> None:
        """A reader's request, filed, looked at, and ordered; the mail leaves that evening."""
        self.say(
            b.DraftRequest,
            case,
            at(day),
            patron="p-17",
            library=US,
            requested=Requested(title=title, author="陈望之", volume="3", record_ids=("ISBN:1",)),
            service=own.pop("service", Service.LOAN),
            **own,
        )
        self.say(b.Submit, case, at(day), declared=True)
        self.say(b.ApproveRequest, case, at(day, 11), copyright_basis="个人学习")
        self.mail(day)

    def mail(self, day: str) -> Deliveries:
        """The clock speaks, and the mail leaves."""
        self.desk.wake(at(day, 20))
        return self.desk.deliver(at(day, 20))

    def case(self, id: str = "B-1") -> BorrowingCase:
        it = self.storage.load(Key(BorrowingCase.kind, id))
        assert isinstance(it, BorrowingCase)
        return it

    def loan(self, id: str) -> SupplyTransaction:
        it = self.storage.load(Key(SupplyTransaction.kind, id))
        assert isinstance(it, SupplyTransaction)
        return it

    def evidence(self, key: Key) -> list[tuple[str, str, str]]:
        """Of each thing that was entered from a mail: what it was, who entered it, from which mail."""
        said = [entry.document["command"] for entry in self.storage.journal(key)]
        return [
            (each["command"], each["by"]["party"], each["evidence"]) for each in said if each.get("evidence")
        ]

    def unsent(self) -> list[Outgoing]:
        return list(self.storage.outbox(status=Status.PENDING))


@pytest.fixture
def post() -> Iterator[PostOffice]:
    office = PostOffice()
    office.open()
    yield office
    office.close()


@pytest.fixture
def desk(tmp_path: Path, post: PostOffice) -> Iterator[MailDesk]:
    made = MailDesk(tmp_path, post)
    yield made
    made.storage.close()


@pytest.fixture
def jianghai(post: PostOffice) -> Librarian:
    return Librarian(post, "ill@jianghai.example.cn")


@pytest.fixture
def harbour(post: PostOffice) -> Librarian:
    return Librarian(post, "supply@harbour.example.org")


# --- we borrow ----------------------------------------------------------------------------------------


def test_a_whole_loan_by_mail(desk: MailDesk, jianghai: Librarian) -> None:
    """Asked, promised, sent, renewed, reminded of, returned and confirmed, with its money, by mail alone."""
    desk.request("B-1", "2026-01-12", need_before=date(2026, 3, 1), max_cost=yuan(50))
    assert [jianghai.read(label) for label in ("题名", "著者", "卷期", "申请号", "编号")] == [
        *("巴蜀方志考", "陈望之", "3", "B-1~1", "ISBN:1")
    ]
    assert "¥50.00" in jianghai.read("无须征询的费用限额")
    assert (
        jianghai.letter.get_content()
        .replace("\r\n", "\n")
        .endswith("渝州第二师范学院图书馆\n重庆市学府路1号\n")
    )
    yes = jianghai.answer(f"可以提供《{jianghai.read('题名')}》。", at("2026-01-13"))
    desk.enter(yes, b.HearPromise, at("2026-01-13", 14))
    assert desk.case().state is CaseState.PROMISED
    cost = (CostLine(kind=CostKind.LOAN, amount=yuan(20)),)
    sent = jianghai.answer("已寄出，JH-1，2月20日到期，借书费用20元。", at("2026-01-14"))
    desk.enter(sent, b.HearShipped, at("2026-01-14", 15), items=("JH-1",), due=date(2026, 2, 20), costs=cost)
    desk.say(b.Receive, "B-1", at("2026-01-17"))
    desk.say(b.CheckOut, "B-1", at("2026-01-17", 11))
    desk.mail("2026-01-18")
    assert "已收到" in str(jianghai.letter["Subject"])
    desk.say(b.RenewLoan, "B-1", at("2026-02-16"), reason="书未读完")
    desk.mail("2026-02-16")
    assert jianghai.read("理由") == "书未读完"
    longer = jianghai.answer("同意续借至2月22日。", at("2026-02-17"))
    desk.enter(longer, b.HearRenewalAnswer, at("2026-02-17", 14), yes=True, due=date(2026, 2, 22))
    assert desk.case().due == date(2026, 2, 22)
    overdue = jianghai.answer("已逾期，请归还。", at("2026-02-24"))
    desk.enter(overdue, b.HearOverdue, at("2026-02-24", 14))
    desk.say(b.TakeBack, "B-1", at("2026-02-25"))
    desk.say(b.ShipBack, "B-1", at("2026-02-25", 11))
    desk.mail("2026-02-26")
    assert jianghai.read("图书") == "JH-1"
    thanks = jianghai.answer("已收到归还图书，谢谢。", at("2026-03-02"))
    desk.enter(thanks, b.HearCheckedIn, at("2026-03-02", 14))

    it = desk.case()
    assert (it.state, it.outcome) == (CaseState.CLOSED, CaseOutcome.RETURNED)
    assert desk.evidence(it.key) == [
        ("HearPromise", "librarian-3", "<2026011310-1@jianghai.example.cn>"),
        ("HearShipped", "librarian-3", "<2026011410-1@jianghai.example.cn>"),
        ("HearRenewalAnswer", "librarian-3", "<2026021710-1@jianghai.example.cn>"),
        ("HearOverdue", "librarian-3", "<2026022410-1@jianghai.example.cn>"),
        ("HearCheckedIn", "librarian-3", "<2026030210-1@jianghai.example.cn>"),
    ]
    postings = list(desk.storage.postings())
    payable = {
        each for line in postings for each in (line.debit, line.credit) if each.kind is AccountKind.PAYABLE
    }
    assert [(each.owner, balance(postings, each, "CNY")) for each in payable] == [("CN-1", yuan(20))]
    notes = [entry.document["command"].get("note") for entry in desk.storage.journal(it.key)]
    assert "可以提供《巴蜀方志考》。" in notes  # without what it quotes of our letter


def test_one_says_no_and_the_next_is_asked(desk: MailDesk, jianghai: Librarian, harbour: Librarian) -> None:
    """The second one reads the whole request in its own language, and knows nothing of the first."""
    desk.request("B-1", "2026-01-12")
    no = jianghai.answer("馆藏无此书。", at("2026-01-13"))
    desk.enter(no, b.HearUnfilled, at("2026-01-13", 14), why=Unfilled.NOT_HELD)
    desk.mail("2026-01-13")
    assert [harbour.read(label) for label in ("Title", "Request")] == ["巴蜀方志考", "B-1~2"]
    assert "keep the request number B-1~2 in the subject" in harbour.letter.get_content()
    desk.enter(harbour.answer("Yes.", at("2026-01-14")), b.HearPromise, at("2026-01-14", 14))
    it = desk.case()
    assert (it.state, it.current) == (CaseState.PROMISED, 2)


def test_a_copy_as_a_link(desk: MailDesk, jianghai: Librarian, post: PostOffice) -> None:
    """The link that stands in the mail is the reader's in the same hour."""
    desk.request("B-1", "2026-01-12", service=Service.COPY)
    text = "请下载：https://jianghai.example.cn/f/1"
    link = Delivery(via=SentVia.URL, reference="https://jianghai.example.cn/f/1")
    reply = jianghai.answer(text, at("2026-01-13"))
    desk.enter(reply, b.HearShipped, at("2026-01-13", 14), service=Service.COPY, delivery=link)
    desk.mail("2026-01-13")
    assert desk.case().state is CaseState.DELIVERED
    assert "https://jianghai.example.cn/f/1" in post.mail("su@yuzhou.example.cn")[-1].get_content()


def test_the_same_mail_twice_counts_once(desk: MailDesk, jianghai: Librarian) -> None:
    """Whoever enters it again, at whatever time, gets the first receipt, and nothing is written."""
    desk.request("B-1", "2026-01-12")
    yes = jianghai.answer("可以提供。", at("2026-01-13"))
    first = desk.enter(yes, b.HearPromise, at("2026-01-13", 14))
    again = desk.enter(yes, b.HearPromise, at("2026-01-15", 9))
    assert (first.repeated, again.repeated) == (False, True)
    assert again.versions == first.versions


def test_an_unknown_sender_answers_nothing_of_ours(desk: MailDesk, post: PostOffice) -> None:
    """A mail that refers to no letter of ours, and names no request, is found to be about nothing."""
    desk.request("B-1", "2026-01-12")
    stranger = EmailMessage()
    stranger["From"], stranger["Subject"] = "x@elsewhere.example", "Good news"
    stranger.set_content("Yes")
    reply = read_reply(stranger.as_bytes())
    assert (answers(reply, desk.storage.outbox()), reply.request) == (None, "")
    assert reply.sender not in {to for to, _ in post.taken}


def test_an_answer_to_the_wrong_letter(desk: MailDesk, jianghai: Librarian) -> None:
    """He answers the letter about one request and means the other: staff say which, and it stands in both mails."""
    desk.request("B-1", "2026-01-12")
    desk.request("B-2", "2026-01-12", title="三峡船工号子")
    first, second = jianghai.post.mail(jianghai.address)
    assert "B-2~1" in str(second["Subject"])
    wrong = jianghai.answer("《巴蜀方志考》可以提供。", at("2026-01-13"), to=second)
    found = answers(read_reply(wrong), desk.storage.outbox())
    assert found is not None
    assert found.message.about.id == "B-2"  # what the mail program says
    desk.enter(wrong, b.HearPromise, at("2026-01-13", 14), case="B-1", attempt=1)  # what the librarian says
    assert [desk.case(id).state for id in ("B-1", "B-2")] == [CaseState.PROMISED, CaseState.SENT]
    assert "B-1~1" in str(first["Subject"])


def test_a_mail_server_that_is_down(desk: MailDesk, jianghai: Librarian, post: PostOffice) -> None:
    """Nothing is lost and nothing comes twice: what could not leave waits, and leaves when there is a server."""
    post.close()
    desk.request("B-1", "2026-01-12")
    assert desk.mail("2026-01-12").sent == 0
    assert {each.message.kind for each in desk.unsent()} >= {"ill.borrowing.request"}
    assert all(each.attempts for each in desk.unsent())
    post.open()
    desk.mail("2026-01-13")
    desk.mail("2026-01-13")
    assert desk.unsent() == []
    assert [jianghai.read("申请号", of=each) for each in post.mail(jianghai.address)] == ["B-1~1"]
    ids = [str(message["Message-ID"]) for _, message in post.taken]
    assert len(ids) == len(set(ids))


# --- we lend ------------------------------------------------------------------------------------------


def test_we_lend_to_a_library_without_a_system(desk: MailDesk, post: PostOffice) -> None:
    """Its request and all it says later come by mail and are entered; our letters carry all it has to know."""
    valley = Librarian(post, "desk@valley.example.org")
    kind = InstitutionKind.UNIVERSITY_LIBRARY
    desk.say(c.Apply, "CN-3", at("2026-01-05"), lender=US, kind=kind)
    desk.say(c.Approve, "CN-3", at("2026-01-05"))
    desk.say(c.Sign, "CN-3", at("2026-01-05"), agreements=("borrowing", "copyright"))
    desk.say(c.PaySecurity, "CN-3", at("2026-01-05"), kind=SecurityKind.DEPOSIT, amount=yuan(500))
    asks = EmailMessage()
    asks["From"], asks["Subject"] = valley.address, "Loan request V-77"
    asks["Date"], asks["Message-ID"] = format_datetime(at("2026-01-12")), "<v77@valley.example.org>"
    asks.set_content("Please lend us 巴渝碑刻辑存. Our number: V-77.")
    id = case_at_lender("CN-3", "V-77")
    desk.enter(
        asks.as_bytes(),
        c.ReceiveRequest,
        at("2026-01-12", 14),
        case=id,
        requester="CN-3",
        supplier=US,
        request_id="V-77",
        requested=Requested(title="巴渝碑刻辑存"),
    )
    desk.say(c.Promise, id, at("2026-01-12", 15))
    desk.say(c.Ship, id, at("2026-01-13"), items=("CQ-9",))
    desk.mail("2026-01-14")
    assert [valley.read(label) for label in ("Request", "Items")] == ["V-77", "CQ-9"]
    due = desk.loan(id).due
    assert due is not None
    assert f"{due.day} {due:%B} {due.year}" in valley.read("Due date")
    assert valley.read("- loan fee").startswith("CNY ")
    renew = valley.answer("May we keep it for our reading group?", at("2026-02-02"))
    desk.enter(renew, c.RequestRenewal, at("2026-02-02", 14), reason="their reading group")
    desk.say(c.GrantRenewal, id, at("2026-02-03"))
    desk.mail("2026-02-03")
    renewed = desk.loan(id).due
    assert renewed is not None
    assert renewed > due
    assert f"{renewed.day} {renewed:%B} {renewed.year}" in valley.read("New due date")
    back = valley.answer("It is on its way back to you.", at("2026-02-10"))
    desk.enter(back, c.ReportReturn, at("2026-02-10", 14))
    assert desk.loan(id).state is SupplyState.RETURN_IN_TRANSIT
    desk.say(c.CheckIn, id, at("2026-02-13"))
    desk.mail("2026-02-13")
    assert desk.loan(id).closing is Closing.COMPLETED
    assert "completed" in str(valley.letter["Subject"])
    assert desk.evidence(Key(SupplyTransaction.kind, id)) == [
        ("ReceiveRequest", "librarian-3", "<v77@valley.example.org>"),
        ("RequestRenewal", "librarian-3", "<2026020210-1@valley.example.org>"),
        ("ReportReturn", "librarian-3", "<2026021010-1@valley.example.org>"),
    ]
