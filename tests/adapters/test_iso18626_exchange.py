"""One desk's end of the wire: whatever comes in is answered, and what it says counts once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from partner_library import BORROWER, LENDER, MONDAY, Library, codec, order, relate

from servflow.adapters.partner_iso18626 import (
    Confirmation,
    Dialect,
    Edition,
    ErrorType,
    Exchange,
    command_of,
    read,
    read_confirmation,
    read_request,
    write,
)
from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import Clause, Reason
from servflow.core.errors import (
    DamagedRecord,
    InvalidValue,
    MissingValue,
    Refused,
    ServflowError,
    StaleVersion,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.commands import AgreeToOffer, ReceiveRequest
from servflow.core.ill.lending.states import SupplyState
from servflow.core.ill.terms import Condition, Level, OfferState, Service
from servflow.core.money import Money
from servflow.core.ports import Receipt, System

FIRST = f"{BORROWER}/B1~1"
AT = MONDAY + timedelta(hours=1)
MINUTE = timedelta(minutes=1)
OURS = System(protocol="iso18626", url="http://127.0.0.1:1/", dialect="servflow")


class Pair:
    """A borrower and a lender; what one tells is carried by the test."""

    def __init__(self) -> None:
        self.here, self.there = (Library(ref, MemoryStorage(codec())) for ref in (BORROWER, LENDER))
        self.there.clock = self.here.clock
        self.here.systems[LENDER] = self.there.systems[BORROWER] = OURS
        relate(self.there)

    def told(self, by: Library, kind: str, *, dialect: Dialect = Dialect.SERVFLOW) -> bytes:
        """The last message of that kind, as it would leave."""
        *_, last = (each for each in by.storage.outbox() if each.message.kind.endswith(kind))
        return written(last.message, by.ref, at=last.committed_at, dialect=dialect)

    def ordered(self, service: Service = Service.LOAN) -> None:
        """The lender has the request."""
        order(self.here, service=service)
        assert self.says(self.there, self.told(self.here, "request")).ok

    def says(self, to: Library, data: bytes, *, peer: str | None = None) -> Confirmation:
        """What is answered now, when that much time has passed."""
        return answered(to, data, at=self.here.clock.at, peer=peer)


def written(
    message: Message, sender: str, *, at: datetime = AT, dialect: Dialect = Dialect.SERVFLOW
) -> bytes:
    return write(message, sender=sender, edition=Edition.V2021_2, dialect=dialect, sent_at=at)


def answered(library: Library, data: bytes, *, at: datetime = AT, peer: str | None = None) -> Confirmation:
    return read_confirmation(library.exchange.answer(data, received_at=at, peer=peer))


def said(answer: Confirmation) -> tuple[ErrorType, str]:
    """The one thing that is wrong."""
    assert not answer.ok
    (error,) = answer.errors
    return error.type, error.value


@pytest.fixture
def pair() -> Pair:
    return Pair()


def a_message(kind: str, to: str, **facts: Any) -> Message:
    about = Key("ill.borrowing", "B1")
    return Message(key=f"m/{kind}", to=to, kind=kind, about=about, facts=tuple(facts.items()))


# --- what is taken in -----------------------------------------------------------------------------


def test_a_request_opens_a_transaction(pair: Pair) -> None:
    """A request is answered with OK once the lender has it, with the id and the timestamp that it had."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    answer = pair.says(pair.there, data, peer=BORROWER)

    assert (answer.ok, answer.errors, answer.kind) == (True, (), "requestConfirmation")
    assert (answer.request_id, answer.supplier, answer.requester) == ("B1~1", LENDER, BORROWER)
    assert answer.sent_at == read(data, received_at=pair.here.clock.at).sent_at
    assert pair.there.it(FIRST).requested.title == "古城水系考"


def test_the_same_message_counts_once(pair: Pair) -> None:
    """However often a message comes, and however late, it is OK and nothing more is done."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    assert pair.says(pair.there, data).ok
    before = list(pair.there.storage.records())
    for later in (0, 1, 100, 10_000):
        assert answered(pair.there, data, at=pair.here.clock.at + later * MINUTE).ok

    assert list(pair.there.storage.records()) == before


def test_an_answer_reaches_the_borrower(pair: Pair) -> None:
    """A supplying agency's message is heard by the case's attempt, at the instant at which it was sent."""
    pair.ordered()
    pair.there.say(c.Promise, FIRST)
    data = pair.told(pair.there, "promised")
    pair.here.clock.at += MINUTE
    answer = pair.says(pair.here, data, peer=LENDER)

    assert (answer.ok, answer.kind) == (True, "supplyingAgencyMessageConfirmation")
    assert pair.here.it("B1").state is CaseState.PROMISED
    *_, entry = pair.here.storage.journal(Key("ill.borrowing", "B1"))
    happened = datetime.fromisoformat(entry.document["command"]["happened_at"])
    recorded = datetime.fromisoformat(entry.document["command"]["recorded_at"])
    assert recorded - happened == MINUTE


def test_a_request_taken_in_as_a_file_is_the_same_one(pair: Pair) -> None:
    """A request that was read from a file before, or is afterwards, counts once."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    at = pair.here.clock.at
    command = read_request(data, received_at=at, lines=True)

    assert command_of(read(data, received_at=at, lines=True), received_at=at) == command
    pair.there.desk.do(command)
    before = pair.there.entries()
    assert pair.says(pair.there, data).ok
    assert pair.there.desk.do(command).repeated
    assert pair.there.entries() == before


def test_a_sender_whose_clock_is_ahead(pair: Pair) -> None:
    """A message that is dated some minutes ahead counts, and is the same one when it comes again."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    early = read(data, received_at=pair.here.clock.at).sent_at - 30 * MINUTE

    assert answered(pair.there, data, at=early).ok
    assert answered(pair.there, data, at=early + MINUTE).ok
    assert answered(pair.there, data, at=early + 60 * MINUTE).ok
    assert pair.there.it(FIRST).version == 1


def test_a_message_that_does_not_say_who_it_is_from(pair: Pair) -> None:
    """Where the host knows who sends and the message does not, it is from whom the host says."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    start, end = data.index(b"<ill:requestingAgencyId>"), data.index(b"<ill:timestamp>")
    nameless = data[:start] + data[end:]

    assert not pair.says(pair.there, nameless).ok
    assert pair.says(pair.there, nameless, peer=BORROWER).ok
    assert pair.there.it(FIRST).requester == BORROWER


# --- what is wrong --------------------------------------------------------------------------------


def test_a_message_for_somebody_else(pair: Pair) -> None:
    """What is for another library is an error, and nothing is stored."""
    data = written(
        a_message("ill.borrowing.request", "CN-ZJU", request="X~1", title="t", service="Loan"), "A"
    )

    assert said(answered(pair.there, data)) == (
        ErrorType.UNKNOWN_VALUE,
        "the message is for CN-ZJU; this is CN-NLC",
    )
    assert pair.there.entries() == 4


def test_nobody_speaks_for_another(pair: Pair) -> None:
    """A message whose sender is not the library that connected is an error, and nothing is stored."""
    order(pair.here)
    answer = pair.says(pair.there, pair.told(pair.here, "request"), peer="CN-ZJU")
    kind, value = said(answer)

    assert kind is ErrorType.UNKNOWN_VALUE
    assert BORROWER in value
    assert pair.there.entries() == 4


def test_another_library_cannot_answer_for_the_supplier(pair: Pair) -> None:
    """What a library says of an attempt that is not with it moves nothing: staff are to look at it."""
    pair.ordered()
    data = written(
        a_message("ill.supply.promised", BORROWER, request="B1~1"), "CN-ZJU", at=pair.here.clock.at
    )

    assert pair.says(pair.here, data).ok
    assert pair.here.it("B1").state is CaseState.SENT
    assert [reason.code for reason in pair.here.it("B1").attention] == ["ill.attention.unknown-sender"]


@pytest.mark.parametrize(
    ("kind", "to", "error"),
    [
        ("ill.borrowing.request", LENDER, ErrorType.UNKNOWN_VALUE),
        ("ill.borrowing.item-received", LENDER, ErrorType.UNSUPPORTED_ACTION),
        ("ill.supply.promised", BORROWER, ErrorType.UNSUPPORTED_REASON),
    ],
)
def test_what_a_desk_refuses(pair: Pair, monkeypatch: Any, kind: str, to: str, error: ErrorType) -> None:
    """Should a desk refuse what it hears, the sender is told every reason with its clause."""
    reasons = (Reason("ill.one", Clause("NLC-1")), Reason("ill.two"))

    def do(command: Command) -> Receipt:
        raise Refused("ill.supply a", "Hear", reasons)

    library = pair.there if to == LENDER else pair.here
    monkeypatch.setattr(library.desk, "do", do)
    facts = {"request": "B1~1", "title": "t", "service": "Loan"}
    sender = BORROWER if to == LENDER else LENDER

    assert said(answered(library, written(a_message(kind, to, **facts), sender))) == (
        error,
        "ill.one [NLC-1]; ill.two",
    )


@pytest.mark.parametrize("request_id", ["B9~1", "B9"])
def test_an_answer_about_no_request_of_ours(pair: Pair, request_id: str) -> None:
    """A supplying agency's message about an id that we never gave is an error."""
    data = written(a_message("ill.supply.promised", BORROWER, request=request_id), LENDER)
    kind, value = said(answered(pair.here, data))

    assert kind is ErrorType.UNKNOWN_VALUE
    assert request_id in value


def test_an_action_about_no_request_here(pair: Pair) -> None:
    """A requesting agency's message about a request that is not known is an error."""
    data = written(a_message("ill.borrowing.item-received", LENDER, request="B9~1"), BORROWER)

    assert said(answered(pair.there, data)) == (
        ErrorType.UNKNOWN_VALUE,
        "no request B9~1 of CN-CQ is known here",
    )


def test_a_request_id_used_twice(pair: Pair) -> None:
    """Another request under an id that is taken is an error; the first one stays."""
    pair.ordered()
    other = a_message("ill.borrowing.request", LENDER, request="B1~1", title="Another", service="Loan")
    kind, value = said(pair.says(pair.there, written(other, BORROWER, at=pair.here.clock.at)))

    assert kind is ErrorType.UNKNOWN_VALUE
    assert "used before" in value
    assert pair.there.it(FIRST).requested.title == "古城水系考"


def test_a_library_nobody_knows(pair: Pair) -> None:
    """A request of a library that the host does not know is an error that says so, and nothing is stored."""
    order(pair.here)
    pair.there.strangers.add(BORROWER)
    kind, value = said(pair.says(pair.there, pair.told(pair.here, "request")))

    assert (kind, value) == (
        ErrorType.UNKNOWN_VALUE,
        "it cannot be decided here: institution a stranger is not known",
    )
    assert pair.there.entries() == 4


def test_a_fact_that_is_not_known_tells_nothing_of_the_host(pair: Pair, monkeypatch: Any) -> None:
    """Where a fact has no value, the stranger hears which, and not where it was looked for."""

    def ask(command: Command, it: Aggregate | None) -> None:
        raise MissingValue(f"the kind of {BORROWER!r}", "in /etc/host.toml: no such institution")

    order(pair.here)
    monkeypatch.setattr(pair.there, "ask", ask)
    _, value = said(pair.says(pair.there, pair.told(pair.here, "request")))

    assert value == f"it cannot be decided here: the kind of '{BORROWER}' is not known"


def test_a_message_that_lacks_what_its_command_needs(pair: Pair) -> None:
    """What is well formed and does not make sense is an error that names what is missing."""
    pair.ordered()
    data = pair.told(pair.here, "request").replace(b"Loan</", b"Film</")
    kind, value = said(pair.says(pair.there, data))

    assert kind is ErrorType.UNKNOWN_VALUE
    assert "serviceType" in value


def test_the_same_id_with_another_payload(pair: Pair) -> None:
    """A message that was taken in as something else is an error, and changes nothing."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    command = read_request(data, received_at=pair.here.clock.at, lines=True)
    pair.there.desk.do(replace(command, note="otherwise"))
    kind, value = said(pair.says(pair.there, data))

    assert kind is ErrorType.UNKNOWN_VALUE
    assert "taken in before" in value
    assert pair.there.it(FIRST).version == 1


def test_a_value_that_a_command_does_not_take(pair: Pair, monkeypatch: Any) -> None:
    """A value that the desk does not take is an error, with what was expected."""

    def do(command: Command) -> Receipt:
        raise InvalidValue("items", "A", "two of them")

    order(pair.here)
    monkeypatch.setattr(pair.there.desk, "do", do)
    _, value = said(pair.says(pair.there, pair.told(pair.here, "request")))

    assert value == "items: found 'A', expected two of them"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_comes_is_answered(data: st.DataObject) -> None:
    """Bytes of any kind, and messages with anything changed in them, get a confirmation; no error escapes."""
    pair = Pair()
    order(pair.here)
    message = bytearray(pair.told(pair.here, "request"))
    if data.draw(st.booleans()):
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(message)))
            end = start + data.draw(st.integers(0, 20))
            message[start:end] = data.draw(st.binary(max_size=20))
    else:
        message = bytearray(data.draw(st.binary(max_size=300)))
    answer = pair.says(pair.there, bytes(message))

    assert answer.ok == bool(pair.there.entries() > 4)
    assert answer.ok or answer.errors


def test_a_naive_instant(pair: Pair) -> None:
    """When a message came in is an instant with its offset."""
    naive = datetime(2026, 1, 5)
    data = written(a_message("ill.supply.promised", BORROWER, request="B1~1"), LENDER)
    incoming = read(data, received_at=AT)
    with pytest.raises(InvalidValue, match="received_at"):
        pair.there.exchange.answer(b"", received_at=naive)
    with pytest.raises(InvalidValue, match="received_at"):
        command_of(incoming, received_at=naive)


# --- what is ours to mend -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        StorageBusy("desk.db", 5),
        StorageFull("desk.db"),
        UnusableStorage("desk.db", "a newer format", "this one"),
        DamagedRecord("entry 1", "nothing", "a document"),
        StaleVersion("ill.supply", "a", 1, 2),
    ],
)
def test_an_error_of_ours_is_no_answer(pair: Pair, error: ServflowError, monkeypatch: Any) -> None:
    """Where the desk cannot take anything down, that is raised; the sender is not told that it is wrong."""

    def do(command: Command) -> Receipt:
        raise error

    order(pair.here)
    data = pair.told(pair.here, "request")
    with monkeypatch.context() as broken:
        broken.setattr(pair.there.desk, "do", do)
        with pytest.raises(type(error)):
            pair.says(pair.there, data)

    assert pair.says(pair.there, data).ok


def test_a_storage_that_somebody_holds(tmp_path: Path) -> None:
    """While another writer holds the database nothing is answered; afterwards the same message counts."""
    here = Library(BORROWER, MemoryStorage(codec()))
    storage = SqliteStorage(tmp_path / "desk.db", codec(), busy_seconds=1)
    there = Library(LENDER, storage, clock=here.clock)
    relate(there)
    order(here)
    (outgoing,) = (each for each in here.storage.outbox() if each.message.kind == "ill.borrowing.request")
    data = written(outgoing.message, BORROWER, at=outgoing.committed_at)
    other = SqliteStorage(tmp_path / "desk.db", codec(), busy_seconds=1)
    with other.writing(), pytest.raises(StorageBusy):
        answered(there, data, at=here.clock.at)

    assert answered(there, data, at=here.clock.at).ok
    assert there.it(FIRST).version == 1
    other.close()
    storage.close()


# --- what the wire does not say -------------------------------------------------------------------


@pytest.fixture
def offered(pair: Pair) -> Pair:
    """The lender would supply on terms, and the borrower has agreed to them: its message waits."""
    pair.ordered()
    conditions = (Condition.SUPERVISED,)
    pair.there.say(c.MakeOffer, FIRST, conditions=conditions, cost=Money(80, "CNY"))
    assert pair.says(pair.here, pair.told(pair.there, "offered")).ok
    assert pair.here.it("B1").state is CaseState.OFFERED
    pair.here.say(b.AcceptOffer, "B1", revision=1)
    return pair


def agreements(pair: Pair) -> list[int]:
    """The revisions of the agreements in the lender's journal."""
    return [
        entry.document["command"]["revision"]
        for entry in pair.there.storage.journal(Key("ill.supply", FIRST))
        if entry.document["command"]["command"] == "AgreeToOffer"
    ]


@pytest.mark.parametrize("dialect", list(Dialect))
def test_an_agreement_is_to_the_offer_that_is_open(offered: Pair, dialect: Dialect) -> None:
    """Whatever the dialect says of which offer is meant, the one that is open is agreed to, once."""
    data = offered.told(offered.here, "offer-accepted", dialect=dialect)
    for _ in range(3):
        assert offered.says(offered.there, data).ok

    assert agreements(offered) == [1]
    assert offered.there.it(FIRST).state is SupplyState.PROMISED


@pytest.mark.parametrize("dialect", [Dialect.RESHARE, Dialect.STANDARD])
def test_an_agreement_that_comes_again_after_another_offer(offered: Pair, dialect: Dialect) -> None:
    """An agreement to the first offer is none to the next one, although its message names neither."""
    data = offered.told(offered.here, "offer-accepted", dialect=dialect)
    assert offered.says(offered.there, data).ok
    offered.there.say(c.Expect, FIRST)  # the promise is taken back
    offered.there.say(c.MakeOffer, FIRST, cost=Money(90, "CNY"))
    assert offered.says(offered.there, data).ok

    assert agreements(offered) == [1]
    assert offered.there.it(FIRST).offer.state is OfferState.OPEN


def test_an_agreement_to_nothing(pair: Pair) -> None:
    """Where no offer was made, an agreement is taken down for staff to look at, and binds nobody."""
    pair.ordered()
    message = a_message("ill.borrowing.offer-accepted", LENDER, request="B1~1")
    data = written(message, BORROWER, at=pair.here.clock.at, dialect=Dialect.RESHARE)

    assert pair.says(pair.there, data).ok
    assert pair.there.it(FIRST).state is SupplyState.NEW
    assert pair.there.it(FIRST).attention


def test_an_agreement_about_no_request(pair: Pair) -> None:
    """An agreement about a request that is not known is an error."""
    message = a_message("ill.borrowing.offer-accepted", LENDER, request="B9~1")
    data = written(message, BORROWER, dialect=Dialect.RESHARE)

    assert "B9~1" in said(answered(pair.there, data))[1]


def retried(pair: Pair) -> bytes:
    """The borrower's request as one of type Retry, under the same id, sent now."""
    *_, last = (each for each in pair.here.storage.outbox() if each.message.kind.endswith("request"))
    return written(last.message, BORROWER, at=pair.here.clock.at).replace(b"New</", b"Retry</")


def paying(data: bytes, amount: str, currency: str = "CNY") -> bytes:
    """The request, which pays that much."""
    costs = f"<currencyCode>{currency}</currencyCode><monetaryValue>{amount}</monetaryValue>"
    billing = f"<billingInfo><maximumCosts>{costs}</maximumCosts></billingInfo></ill:request>"
    return data.replace(b"</ill:request>", billing.encode())


@pytest.mark.parametrize(
    ("amount", "currency", "agrees"),
    [("80", "CNY", True), ("80.01", "CNY", True), ("79.99", "CNY", False), ("80", "EUR", False)],
)
def test_a_retry_that_pays_less_is_no_agreement(
    offered: Pair, amount: str, currency: str, agrees: bool
) -> None:
    """A repeated request agrees to an offer only where it pays it; otherwise staff are to look at it."""
    assert offered.there.it(FIRST).offer.cost == Money(80, "CNY")
    assert offered.says(offered.there, paying(retried(offered), amount, currency)).ok

    it = offered.there.it(FIRST)
    assert it.state is (SupplyState.PROMISED if agrees else SupplyState.OFFERED)
    assert bool(it.attention) is not agrees


def test_a_retry_for_something_else_is_no_agreement(offered: Pair) -> None:
    """A repeated request under the same id that cites something else is an error, and agrees to nothing."""
    data = retried(offered).replace("古城水系考".encode(), "另一本".encode())

    assert "used before" in said(offered.says(offered.there, data))[1]
    assert offered.there.it(FIRST).offer.state is OfferState.OPEN


@pytest.mark.parametrize("dialect", [Dialect.RESHARE, Dialect.STANDARD])
def test_an_agreement_that_crossed_the_next_offer(offered: Pair, dialect: Dialect) -> None:
    """Who agreed before the offer that stands was made has not seen its terms: staff are to look at it."""
    *_, last = (
        each for each in offered.here.storage.outbox() if each.message.kind.endswith("offer-accepted")
    )
    agreed_at = offered.here.clock.at
    offered.here.clock.at += MINUTE
    offered.there.say(c.MakeOffer, FIRST, cost=Money(500, "CNY"))
    offered.here.clock.at += MINUTE

    assert offered.says(offered.there, written(last.message, BORROWER, at=agreed_at, dialect=dialect)).ok
    assert offered.there.it(FIRST).state is SupplyState.OFFERED
    assert [each.code for each in offered.there.it(FIRST).attention] == ["ill.attention.out-of-order"]
    later = written(last.message, BORROWER, at=offered.here.clock.at, dialect=dialect)
    assert offered.says(offered.there, later).ok
    assert offered.there.it(FIRST).state is SupplyState.PROMISED


def test_lines_count_from_a_system_that_the_host_knows_as_ours(pair: Pair) -> None:
    """What a note says to programs is obeyed from a system of ours, and is a text from any other."""
    order(pair.here)
    line = '#servflow:level="Express"#'
    data = pair.told(pair.here, "request").replace(b"#servflow:declared=true#", line.encode())
    assert line.encode() in data
    pair.there.systems[BORROWER] = replace(OURS, dialect="reshare")
    assert pair.says(pair.there, data).ok
    assert (pair.there.it(FIRST).level, line in pair.there.it(FIRST).note) == (Level.NORMAL, True)
    pair.there.systems[BORROWER] = OURS
    assert pair.says(pair.there, data.replace(b"B1~1", b"B1~2")).ok
    assert (pair.there.it(f"{BORROWER}/B1~2").level, pair.there.it(f"{BORROWER}/B1~2").note) == (
        Level.EXPRESS,
        None,
    )


def test_the_same_request_with_another_account(pair: Pair) -> None:
    """A request that is on record is OK, whatever account it shows by now, and whenever it was stamped."""
    order(pair.here)
    *_, last = (each for each in pair.here.storage.outbox() if each.message.kind.endswith("request"))
    assert pair.says(pair.there, pair.told(pair.here, "request")).ok
    before = pair.there.entries()
    for card, at in (("cq-77", last.committed_at), (None, last.committed_at + MINUTE)):
        data = write(
            last.message,
            sender=BORROWER,
            edition=Edition.V2021_2,
            dialect=Dialect.SERVFLOW,
            sent_at=at,
            card=card,
        )
        assert pair.says(pair.there, data).ok

    assert pair.there.entries() == before


@pytest.mark.parametrize(
    "said",
    [
        {"service": "Copy"},
        {"level": "Rush"},
        {"need_before": date(2026, 3, 1)},
        {"max_cost": Money(7, "CNY")},
        {"previous": "B0~1"},
        {"forwardable": True},
        {"via": "Mail"},
        {"note": "another"},
    ],
)
def test_the_same_id_for_anything_else_is_an_error(pair: Pair, said: dict[str, Any]) -> None:
    """A request under an id that is taken is another one, whatever of it differs."""
    first: dict[str, Any] = {"request": "B1~1", "title": "t", "service": "Loan"}
    asked = written(a_message("ill.borrowing.request", LENDER, **first), BORROWER)
    assert answered(pair.there, asked).ok
    other = written(a_message("ill.borrowing.request", LENDER, **{**first, **said}), BORROWER, at=AT + MINUTE)

    assert not answered(pair.there, other, at=AT + MINUTE).ok


def test_what_may_be_said_to_a_loan_that_was_asked_for(pair: Pair) -> None:
    """Of a command that wants one of several fields it cannot be told whether it would be taken."""
    pair.ordered()
    librarian = Actor("librarian", LENDER, Office.STAFF)
    found = pair.there.desk.allowed(Key("ill.supply", FIRST), librarian, pair.there.clock.at)

    assert {kind for kind in (c.MakeOffer, c.Ship) if found[kind] is None} == {c.MakeOffer, c.Ship}
    assert found[c.Expect] == ()


def test_ids_are_kept_as_they_came(pair: Pair) -> None:
    """Two ids that differ in their spaces are two requests, and each is answered under its own."""
    order(pair.here)
    data = pair.told(pair.here, "request")
    for id in ("A 1", "A  1"):
        assert pair.says(pair.there, data.replace(b"B1~1", f"\n {id}\t".encode())).ok
        pair.there.say(c.Promise, f"{BORROWER}/{id}")
        answer = read(pair.told(pair.there, "promised"), received_at=pair.here.clock.at)
        assert (answer.request_id, answer.supplier_request_id) == (id, f"{BORROWER}/{id}")


def test_a_retry_under_the_same_id_agrees_to_the_offer(offered: Pair) -> None:
    """By the standard an offer is taken up by another request; where an offer is open, it agrees to it."""
    data = retried(offered)
    for _ in range(3):
        assert offered.says(offered.there, data).ok

    assert agreements(offered) == [1]
    assert offered.there.it(FIRST).state is SupplyState.PROMISED


def test_a_retry_under_another_id_is_a_request(pair: Pair) -> None:
    """A request of type Retry under an id that is not known yet opens a transaction, once."""
    order(pair.here)
    data = retried(pair)
    for _ in range(2):
        assert pair.says(pair.there, data).ok

    assert pair.there.it(FIRST).version == 1
    assert isinstance(command_of(read(data, received_at=AT + MINUTE), received_at=AT), ReceiveRequest)


def test_a_retry_that_comes_again_after_an_offer(pair: Pair) -> None:
    """A request of type Retry that was taken in is no agreement to an offer that is made of it afterwards."""
    order(pair.here)
    data = retried(pair)
    assert pair.says(pair.there, data).ok
    pair.there.say(c.MakeOffer, FIRST, cost=Money(80, "CNY"))
    assert pair.says(pair.there, data).ok

    assert agreements(pair) == []
    assert pair.there.it(FIRST).offer.state is OfferState.OPEN


def test_a_retry_after_the_offer_was_taken_up(offered: Pair) -> None:
    """Another request under the same id, where the offer is accepted already, is an error."""
    assert offered.says(offered.there, offered.told(offered.here, "offer-accepted")).ok

    assert "used before" in said(offered.says(offered.there, retried(offered)))[1]
    assert agreements(offered) == [1]


def test_a_retry_of_what_waits_for_no_answer(pair: Pair) -> None:
    """A request of type Retry under an id that is known, where no offer is open, is an error."""
    pair.ordered()

    assert "used before" in said(pair.says(pair.there, retried(pair)))[1]
    assert agreements(pair) == []


@pytest.mark.parametrize("dialect", [Dialect.RESHARE, Dialect.STANDARD])
def test_one_message_at_two_doors_at_once(offered: Pair, dialect: Dialect, monkeypatch: Any) -> None:
    """What another worker takes in between looking up and saying counts once, and both answer OK."""
    data = retried(offered) if dialect is Dialect.STANDARD else offered.told(offered.here, "offer-accepted")
    do = offered.there.desk.do
    answers: list[Confirmation] = []

    def slow(command: Command) -> Receipt:
        monkeypatch.setattr(offered.there.desk, "do", do)
        answers.append(offered.says(offered.there, data))
        return do(command)

    monkeypatch.setattr(offered.there.desk, "do", slow)
    answers.append(offered.says(offered.there, data))

    assert [each.ok for each in answers] == [True, True]
    assert agreements(offered) == [1]


def test_an_offer_that_has_gone_meanwhile(offered: Pair, monkeypatch: Any) -> None:
    """Where the other worker's message agreed between the two look-ups, this one is known as the same."""
    data = retried(offered)
    exchange = offered.there.exchange
    looked_up = exchange._revision

    def too_late(*said: Any) -> int | None:
        monkeypatch.setattr(exchange, "_revision", looked_up)
        assert offered.says(offered.there, data).ok
        return looked_up(*said)

    monkeypatch.setattr(exchange, "_revision", too_late)

    assert offered.says(offered.there, data).ok
    assert agreements(offered) == [1]


def test_what_is_asked_for_can_be_told_without_a_desk(offered: Pair) -> None:
    """A message that asks for a revision is the command about none until somebody says which."""
    data = offered.told(offered.here, "offer-accepted", dialect=Dialect.RESHARE)
    incoming = read(data, received_at=offered.here.clock.at)
    commands = [command_of(incoming, received_at=offered.here.clock.at, revision=each) for each in (None, 3)]

    assert [each.revision for each in commands if isinstance(each, AgreeToOffer)] == [0, 3]


# --- in which edition -----------------------------------------------------------------------------


def editions() -> Iterator[tuple[System | None, bytes]]:
    """A system, and the version that its library is answered in."""
    yield None, b'version="1.2"'
    for said, version in (("1.2", b'version="1.2"'), ("2021-2", b'version="2021-2"'), ("", b'version="1.2"')):
        yield System(protocol="iso18626", url="http://127.0.0.1:1/", edition=said), version
    yield System(protocol="other", url="http://127.0.0.1:1/", edition="3"), b'version="1.2"'


@pytest.mark.parametrize(("system", "version"), list(editions()))
def test_the_answer_is_in_the_edition_of_its_reader(
    pair: Pair, system: System | None, version: bytes
) -> None:
    """A library is answered in the edition of its system, any other one in the edition that is agreed on."""
    if system is not None:
        pair.there.systems[BORROWER] = system
    order(pair.here)
    good = pair.told(pair.here, "request")
    bad = good.replace(b"Loan</", b"Film</")
    for data in (good, bad):
        assert version in pair.there.exchange.answer(data, received_at=pair.here.clock.at)


def test_nobody_knows_who_sends_it(pair: Pair) -> None:
    """What names no sender at all is answered in the edition that was agreed on otherwise."""
    exchange = Exchange(pair.there.desk, LENDER, otherwise=Edition.V2021_2)

    assert b'version="2021-2"' in exchange.answer(b"<html/>", received_at=AT)
