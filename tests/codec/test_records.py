"""Records of a change: in which order they are written, what they say, and what becomes of messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from servflow.codec import Codec, canonical, read
from servflow.codec.records import (
    Overtaking,
    aggregate_of,
    claimable,
    entry_of,
    lapsed,
    message_record,
    outgoing_of,
    posting_of,
    receipt_of,
    settled,
    writes,
)
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.tickets.model import SurveyAnswer, Ticket
from servflow.core.aftersales.tickets.states import Channel, ServiceKind, Stage
from servflow.core.changes import Key, Message, Withdrawal
from servflow.core.errors import DamagedRecord
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Outgoing, Receipt
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Status,
)
from servflow.testing.toys import NOBODY, POLICY, TOYS, Count, Counter, CounterState

CODEC = Codec(TOYS)
AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
KEY = Key(Counter.kind, "c1")
COUNTER = Counter(id="c1", state=CounterState.OPEN, version=1)
MESSAGES = (
    Message(key="m1", to="party-1", kind="reminder", about=KEY),
    Message(key="m2", to="party-1", kind="reminder", about=KEY, supersedes=("reminder", "notice")),
)
POSTING = Posting(
    key="p1",
    debit=Account(AccountKind.RECEIVABLE, "party-1"),
    credit=Account(AccountKind.INCOME, "desk"),
    amount=Money("5", "CNY"),
    value_date=date(2026, 1, 31),
    subject="c1",
    kind="fee",
)
COMMAND = Count(
    id="2",
    case="c1",
    by=NOBODY,
    happened_at=AT,
    recorded_at=AT,
    note="one more",
    look_at=LATER,
    messages=MESSAGES,
    withdrawals=(Withdrawal(KEY, ("notice",)),),
    postings=(POSTING,),
)
CHANGE = decide(TOYS, COMMAND, {KEY: COUNTER}, policy=POLICY)


def ticket_record() -> AggregateRecord:
    """The record of a service ticket: it has mappings, and one that lies deeper."""
    survey = SurveyAnswer(
        on=date(2026, 1, 31), by="c", scores={"quality": 5}, satisfied=True, dissatisfied=False
    )
    it = Ticket(
        id="T-1",
        version=1,
        state=Stage.FOLLOWED_UP,
        firm="firm",
        customer="c",
        reported_at=AT,
        channel=Channel.HOTLINE,
        service=ServiceKind.REPAIR,
        symptom="it leaks",
        answers={"cause": "wear"},
        survey=survey,
    )
    return AggregateRecord(
        key=it.key,
        version=1,
        state=it.state.value,
        document=canonical(Codec(AFTERSALES).encode_aggregate(it)),
        wake=None,
    )


def test_what_is_read_again_is_the_same_and_nobodys() -> None:
    """A text that was read before is not read twice; what somebody does to one value is not in the next."""
    codec, record = Codec(AFTERSALES), ticket_record()
    first: Any = aggregate_of(codec, record)
    whole = repr(first)
    first.answers.clear()
    first.dates["sold"] = date(2026, 1, 1)
    first.survey.scores.clear()

    second: Any = aggregate_of(codec, record)
    assert repr(second) == whole
    assert second.survey is not first.survey
    assert aggregate_of(codec, record._replace(document=record.document.encode())) == second  # type: ignore[arg-type]


def waiting(**fields: Any) -> MessageRecord:
    return message_record(CODEC, MESSAGES[0], AT)._replace(**fields)


def test_a_change_is_written_in_one_order() -> None:
    """Aggregates, entries, postings, withdrawals, each message after what it supersedes, the receipt."""
    written = list(writes(CODEC, CHANGE))
    assert [type(each) for each in written] == [
        AggregateRecord,
        EntryRecord,
        PostingRecord,
        Overtaking,
        MessageRecord,
        Overtaking,
        MessageRecord,
        ReceiptRecord,
    ]
    withdrawn, superseded = (each for each in written if isinstance(each, Overtaking))
    assert withdrawn == Overtaking(KEY, ("notice",), None, Status.WITHDRAWN, "withdrawn by Count 2", AT)
    assert superseded == Overtaking(
        KEY, ("reminder", "notice"), "party-1", Status.SUPERSEDED, "superseded by m2", AT
    )


def test_each_is_made_when_it_is_asked_for() -> None:
    """What cannot be stored at the end of a change does not keep its beginning from being written."""
    bad = replace(MESSAGES[1], facts=(("half a sign", "\ud800"),))
    written = writes(CODEC, CHANGE._replace(messages=(bad,)))
    assert isinstance(next(written), AggregateRecord)


def test_records_say_what_their_documents_say() -> None:
    """A record read back is the value it was made of."""
    aggregate, entry, posting, _, message, _, _, receipt = writes(CODEC, CHANGE)
    assert isinstance(aggregate, AggregateRecord)
    assert isinstance(entry, EntryRecord)
    assert isinstance(posting, PostingRecord)
    assert isinstance(message, MessageRecord)
    assert isinstance(receipt, ReceiptRecord)
    assert aggregate_of(CODEC, aggregate) == CHANGE.becomes[0]
    assert (aggregate.state, aggregate.wake) == ("open", LATER)
    assert dict(entry_of(entry).document) == read(entry.document)
    assert (entry.key, entry.seq, entry.command_id) == (KEY, 2, "2")
    assert posting_of(CODEC, posting) == POSTING
    assert (posting.debit, posting.minor, posting.currency) == ("receivable/party-1", 500, "CNY")
    assert outgoing_of(CODEC, message) == Outgoing(
        message=MESSAGES[0], status=Status.PENDING, attempts=0, committed_at=AT, changed_at=AT
    )
    assert receipt_of(receipt, repeated=True) == Receipt(command_id="2", versions=((KEY, 2),), repeated=True)
    assert receipt.fingerprint == CODEC.fingerprint(COMMAND)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (waiting(), Status.SUPERSEDED),
        (waiting(claimed_until=AT), Status.SUPERSEDED),
        (waiting(claimed_until=LATER), "when it is settled"),
        (waiting(kind="other"), None),
        (waiting(to="party-2"), None),
        (waiting(about=Key(Counter.kind, "c2")), None),
        (waiting(status=Status.SENT), None),
        (waiting(overtaken=Status.WITHDRAWN, claimed_until=LATER), None),
    ],
)
def test_what_is_overtaken(record: MessageRecord, expected: Status | str | None) -> None:
    """Unsent ones of the kinds, about the same and to the same; one that is being sent, afterwards."""
    after = Overtaking(KEY, ("reminder",), "party-1", Status.SUPERSEDED, "by m2", AT).of(record)
    if expected is None:
        assert after is None
    elif isinstance(expected, Status):
        assert after == record._replace(status=expected, note="by m2", changed_at=AT)
    else:
        assert after == record._replace(overtaken=Status.SUPERSEDED, note="by m2")


@pytest.mark.parametrize(
    ("record", "free", "late"),
    [
        (waiting(), True, False),
        (waiting(not_before=AT), True, False),
        (waiting(not_before=LATER), False, False),
        (waiting(claimed_until=AT), True, False),
        (waiting(claimed_until=LATER), False, False),
        (waiting(status=Status.FAILED), False, False),
        (waiting(overtaken=Status.WITHDRAWN, claimed_until=AT), False, True),
        (waiting(overtaken=Status.WITHDRAWN, claimed_until=LATER), False, False),
    ],
)
def test_what_may_be_claimed(record: MessageRecord, *, free: bool, late: bool) -> None:
    """A claim and a waiting time have run out at their instant; what was overtaken is never claimed again."""
    assert claimable(record, AT) is free
    after = lapsed(record, AT)
    if late:
        assert after == record._replace(status=Status.WITHDRAWN, overtaken=None, changed_at=AT)
    else:
        assert after is None


def test_what_is_settled() -> None:
    """Sent is sent; a failed try counts, and ends one that was overtaken; what is over stays as it is."""
    claimed = waiting(claimed_until=LATER)
    overtaken = claimed._replace(overtaken=Status.WITHDRAWN, note="by 2")
    sent = settled(claimed, at=LATER, status=Status.SENT, note="")
    back = settled(claimed, at=LATER, status=Status.PENDING, note="nobody there")
    ended = settled(overtaken, at=LATER, status=Status.PENDING, note="nobody there")
    gone = settled(overtaken, at=LATER, status=Status.SENT, note="")

    assert sent == waiting(status=Status.SENT, changed_at=LATER)
    assert back == waiting(attempts=1, changed_at=LATER, note="nobody there")
    assert ended == waiting(status=Status.WITHDRAWN, attempts=1, changed_at=LATER, note="by 2")
    assert gone == waiting(status=Status.SENT, changed_at=LATER)
    assert settled(waiting(status=Status.SENT), at=LATER, status=Status.FAILED, note="") is None


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (AggregateRecord(KEY, 1, "open", None, "[]"), "aggregate toy.counter c1"),
        (AggregateRecord(KEY, 0, "open", None, '{"count":0,"state":"open"}'), "aggregate toy.counter c1"),
        (AggregateRecord(KEY, 1, "closed", None, '{"count":0,"state":"open"}'), "aggregate toy.counter c1"),
        (AggregateRecord(Key("no.such", "c1"), 1, "open", None, "{}"), "aggregate no.such c1"),
        (EntryRecord(KEY, 3, "2", '"a text"'), "entry 3 of toy.counter c1"),
        (PostingRecord("p1", "c1", "", "", 5, "CNY", AT.date(), "{"), "posting p1"),
        (waiting(document="{}"), "message m1"),
    ],
)
def test_a_damaged_record_is_named(record: Any, name: str) -> None:
    """What does not read as what it should be is an error that says which record it is."""
    reading: dict[type, Any] = {
        AggregateRecord: lambda: aggregate_of(CODEC, record),
        EntryRecord: lambda: entry_of(record),
        PostingRecord: lambda: posting_of(CODEC, record),
        MessageRecord: lambda: outgoing_of(CODEC, record),
    }
    with pytest.raises(DamagedRecord) as damaged:
        reading[type(record)]()
    assert damaged.value.record == name
