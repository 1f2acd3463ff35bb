"""The audit: what is whole has no problems; whatever somebody changes by hand is named, with its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loan_desk import NLC, TOWN, LoanDesk
from stored import edited, loan_story, policies, sayings, tell, toy_story
from test_loan_histories import History
from test_loan_histories import sayings as loan_sayings

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.codec.records import posting_record
from servflow.core.changes import Key
from servflow.core.citations import PRACTICE, Cited, Dated, Since
from servflow.core.errors import DamagedRecord, Problem
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import LendingFacts
from servflow.core.lifecycle import Lifecycles
from servflow.core.ports import Storage
from servflow.core.records import AggregateRecord, EntryRecord, ReceiptRecord, Record
from servflow.desk import Difference, Undecided, audit, redecide
from servflow.testing.toys import POLICY, TOYS

TOY_POLICIES: Final = {(POLICY.rulebook, POLICY.calendar_digest): POLICY}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story of the loans in a file that was closed."""
    path = tmp_path_factory.mktemp("told") / "desk.db"
    with closing(SqliteStorage(path, Codec(ILL))) as storage:
        loan_story(storage)
    return path


@pytest.fixture
def db(told: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed by hand."""
    return Path(shutil.copy(told, tmp_path / "desk.db"))


def _audited(path: Path, policy: Any = NLC) -> list[Problem]:
    with closing(SqliteStorage(path, Codec(ILL))) as storage:
        return list(audit(ILL, storage.records(), policy=policy))


def _again(storage: Storage, policies_: Any = None) -> list[Difference | Undecided]:
    found = redecide(ILL, storage.records(), policies_ or policies(), facts=LendingFacts)
    return list(found)


# --- what is whole --------------------------------------------------------------------------------


def test_a_story_is_whole(storage_for: Callable[[Codec], Storage]) -> None:
    """What the desk has written has no problems, and is decided again as it was."""
    desk = loan_story(storage_for(Codec(ILL)))

    assert list(audit(ILL, desk.storage.records(), policy=NLC)) == []
    assert _again(desk.storage) == []


@given(st.lists(loan_sayings, min_size=3, max_size=15))
@settings(max_examples=10)
def test_whatever_is_said_to_the_desk_is_whole(history: list[Any]) -> None:
    """Any commands in any order leave what the audit finds nothing in, and nothing is decided otherwise."""
    said = History()
    for saying in history:
        said.say(saying)

    assert list(audit(ILL, said.desk.storage.records(), policy=NLC)) == []
    assert [each for each in _again(said.desk.storage) if isinstance(each, Difference)] == []


@given(st.lists(sayings, max_size=25))
@settings(max_examples=40)
def test_whatever_is_said_to_toys_is_whole(history: list[Any]) -> None:
    """The same of lifecycles that know nothing of loans, with messages claimed, sent, failed, overtaken."""
    storage = MemoryStorage(Codec(TOYS))
    tell(storage, history)

    assert list(audit(TOYS, storage.records(), policy=POLICY)) == []
    assert list(redecide(TOYS, storage.records(), TOY_POLICIES)) == []


def test_nothing_is_whole() -> None:
    """Where nothing is stored, nothing is wrong."""
    assert list(audit(TOYS, ())) == []
    assert list(redecide(TOYS, (), {})) == []


def test_records_are_taken_one_by_one() -> None:
    """A problem is said before the records behind it are taken: nothing waits for the end."""
    codec = Codec(ILL)
    records = list(loan_story(MemoryStorage(codec)).storage.records())
    assert isinstance(records[1], EntryRecord)
    spoilt = [records[0], records[1]._replace(document="{"), *records[2:]]
    taken: list[Record] = []

    def passing() -> Iterator[Record]:
        for record in spoilt:
            taken.append(record)
            yield record

    assert next(audit(ILL, passing())).where == "entry 1 of ill.relation CN-110108, document"
    assert len(taken) == 2


# --- edited by hand -------------------------------------------------------------------------------

_LOAN: Final = "kind = 'ill.supply' AND id = 'loan-1'"
_PAID: Final = "key = 'said-8/0'"
_MAIL: Final = "key = 'ill.supply/loan-1/term-1/2'"


def _in_document(table: str, where: str, old: str, new: str) -> str:
    return (
        f"UPDATE {table} SET document = replace(document, '{old}', '{new}')"
        f" WHERE {where} AND instr(document, '{old}')"
    )


EDITS: Final[dict[str, tuple[tuple[str, ...], list[str]]]] = {
    # aggregates
    "an aggregate's state": (
        (f"UPDATE servflow_aggregate SET state = 'shipped' WHERE {_LOAN}",),
        ["aggregate ill.supply loan-1, state"],
    ),
    "an aggregate's version": (
        (f"UPDATE servflow_aggregate SET version = version + 1 WHERE {_LOAN}",),
        ["aggregate ill.supply loan-1, journal"],
    ),
    "an aggregate's version that is none": (
        (f"UPDATE servflow_aggregate SET version = 'many' WHERE {_LOAN}",),
        ["aggregate ill.supply loan-1, version"],
    ),
    "an aggregate's document": (
        (_in_document("servflow_aggregate", _LOAN, '"terms":1', '"terms":2'),),
        ["aggregate ill.supply loan-1, document, terms"],
    ),
    "an aggregate's document that is no JSON": (
        (f"UPDATE servflow_aggregate SET document = '{{' WHERE {_LOAN}",),
        ["aggregate ill.supply loan-1, document"],
    ),
    "an aggregate's document with spaces": (
        (_in_document("servflow_aggregate", _LOAN, '"terms":1', '"terms": 1'),),
        ["aggregate ill.supply loan-1, document"],
    ),
    "an aggregate's document with a key twice": (
        (_in_document("servflow_aggregate", _LOAN, '"terms":1', '"terms":1,"terms":1'),),
        ["aggregate ill.supply loan-1, document"],
    ),
    "an aggregate's field that is unknown": (
        (_in_document("servflow_aggregate", _LOAN, '"terms":1', '"termz":1'),),
        [
            "aggregate ill.supply loan-1, termz",
            "aggregate ill.supply loan-1, document, terms",
            "aggregate ill.supply loan-1, document, termz",
        ],
    ),
    "an aggregate's document that is a BLOB": (
        (f"UPDATE servflow_aggregate SET document = x'7b7d' WHERE {_LOAN}",),
        ["aggregate ill.supply loan-1, document"],
    ),
    "an aggregate's wake": (
        ("UPDATE servflow_aggregate SET wake = '2026-03-01T00:00:00.000000Z' WHERE id = 'loan-2'",),
        ["aggregate ill.supply loan-2, wake"],
    ),
    "an aggregate's wake that is no instant": (
        ("UPDATE servflow_aggregate SET wake = 'tomorrow' WHERE id = 'loan-2'",),
        ["aggregate ill.supply loan-2, wake"],
    ),
    "an aggregate's wake without an offset": (
        ("UPDATE servflow_aggregate SET wake = '2026-03-01T00:00:00' WHERE id = 'loan-2'",),
        ["aggregate ill.supply loan-2, wake"],
    ),
    "an aggregate's kind": (
        ("UPDATE servflow_aggregate SET kind = 'ill.loan' WHERE id = 'loan-3'",),
        [
            "aggregate ill.loan loan-3",
            "aggregate ill.loan loan-3, journal",
            "entry 1 of ill.supply loan-3",
            "entry 2 of ill.supply loan-3",
            "message ill.supply/loan-3/1/ill.supply.received, about",
            "message ill.supply/loan-3/2/ill.supply.unfilled, about",
        ],
    ),
    "an aggregate deleted": (
        ("DELETE FROM servflow_aggregate WHERE id = 'loan-3'",),
        [
            "entry 1 of ill.supply loan-3",
            "entry 2 of ill.supply loan-3",
            "message ill.supply/loan-3/1/ill.supply.received, about",
            "message ill.supply/loan-3/2/ill.supply.unfilled, about",
        ],
    ),
    # entries
    "an entry deleted in the middle": (
        (f"DELETE FROM servflow_journal WHERE {_LOAN} AND seq = 3",),
        ["aggregate ill.supply loan-1, journal", "receipt clock/loan-1/term-1/1"],
    ),
    "the last entry deleted": (
        (f"DELETE FROM servflow_journal WHERE {_LOAN} AND seq = 6",),
        ["aggregate ill.supply loan-1, journal", "receipt said-14", "receipt said-14"],
    ),
    "an entry's number": (
        (f"UPDATE servflow_journal SET seq = 60 WHERE {_LOAN} AND seq = 6",),
        [
            "entry 60 of ill.supply loan-1, seq",
            "aggregate ill.supply loan-1, journal",
            "aggregate ill.supply loan-1, version",
            "receipt said-14",
            "entry 60 of ill.supply loan-1",
            "receipt said-14",
        ],
    ),
    "two entries in each other's place": (
        (
            f"UPDATE servflow_journal SET seq = 20 WHERE {_LOAN} AND seq = 2",
            f"UPDATE servflow_journal SET seq = 2 WHERE {_LOAN} AND seq = 1",
            f"UPDATE servflow_journal SET seq = 1 WHERE {_LOAN} AND seq = 20",
        ),
        [
            "entry 1 of ill.supply loan-1, seq",
            "entry 2 of ill.supply loan-1, seq",
            "aggregate ill.supply loan-1, document, terms",
            "receipt said-10",
            "receipt said-9",
        ],
    ),
    "an entry twice": (
        (
            f"""
            INSERT INTO servflow_journal SELECT kind, id, 7, command_id, document FROM servflow_journal
                WHERE {_LOAN} AND seq = 6
            """,
        ),
        [
            "entry 7 of ill.supply loan-1, seq",
            "aggregate ill.supply loan-1, version",
            "entry 7 of ill.supply loan-1",
        ],
    ),
    "an entry's command id": (
        (f"UPDATE servflow_journal SET command_id = 'other' WHERE {_LOAN} AND seq = 1",),
        ["entry 1 of ill.supply loan-1, command.id", "receipt said-9"],
    ),
    "an entry's command": (
        (_in_document("servflow_journal", _LOAN, '"items":["loan-1-v1"', '"items":["loan-1-v9"'),),
        ["receipt said-10, fingerprint"],
    ),
    "an entry's command to another aggregate": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '"case":"loan-1"', '"case":"loan-2"'),),
        ["entry 2 of ill.supply loan-1, command.case", "receipt said-10, fingerprint"],
    ),
    "an entailed command that cannot be read": (
        (_in_document("servflow_journal", "id = 'CN-320500' AND seq = 5", '"volumes":2', '"volumes":"2"'),),
        ["entry 5 of ill.relation CN-320500, command.out.volumes"],
    ),
    "a command in another form": (
        (
            _in_document(
                "servflow_journal",
                "id = 'CN-320500' AND seq = 5",
                '"happened_at":"2026-01-31T02:00:00Z"',
                '"happened_at":"2026-01-31T10:00:00+08:00"',
            ),
        ),
        ["entry 5 of ill.relation CN-320500, command.happened_at"],
    ),
    "a command of another lifecycle": (
        (
            _in_document(
                "servflow_journal",
                "id = 'CN-320500' AND seq = 2",
                '"command":"Approve"',
                '"command":"Promise"',
            ),
        ),
        ["entry 2 of ill.relation CN-320500, command", "receipt said-2, fingerprint"],
    ),
    "an entry's format": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '"format":1', '"format":9'),),
        ["entry 2 of ill.supply loan-1, format"],
    ),
    "an entry's format that is no number": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '"format":1', '"format":true'),),
        ["entry 2 of ill.supply loan-1, format"],
    ),
    "an entry's command that is none": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '"command":"Ship"', '"command":[]'),),
        ["entry 2 of ill.supply loan-1, command", "receipt said-10, fingerprint"],
    ),
    "an entry's key": (
        (
            _in_document(
                "servflow_journal", f"{_LOAN} AND seq = 2", '"key":{"id":"loan-1"', '"key":{"id":"loan-9"'
            ),
        ),
        ["entry 2 of ill.supply loan-1, key"],
    ),
    "an entry's role": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '"role":"staff"', '"role":7'),),
        ["entry 2 of ill.supply loan-1, role"],
    ),
    "an entry without a role": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '"role":"staff",', ""),),
        ["entry 2 of ill.supply loan-1, role"],
    ),
    "an entry with something more": (
        (
            _in_document(
                "servflow_journal", f"{_LOAN} AND seq = 2", '"role":"staff"', '"role":"staff","row":1'
            ),
        ),
        ["entry 2 of ill.supply loan-1, row"],
    ),
    "an entry's facts": (
        (
            _in_document(
                "servflow_journal",
                "id = 'CN-320500' AND seq = 5",
                '"place":"elsewhere"',
                '"place":"same_city"',
            ),
        ),
        ["entry 5 of ill.relation CN-320500"],
    ),
    "an alteration": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '["set","terms",1]', '["set","terms",5]'),),
        ["aggregate ill.supply loan-1, document, terms"],
    ),
    "an alteration that does not fit": (
        (
            _in_document(
                "servflow_journal", f"{_LOAN} AND seq = 2", '["set","terms",1]', '["drop","terms","x"]'
            ),
        ),
        ["entry 2 of ill.supply loan-1, alterations"],
    ),
    "alterations that are none": (
        (_in_document("servflow_journal", f"{_LOAN} AND seq = 2", '["set","terms",1]', "1"),),
        ["entry 2 of ill.supply loan-1, alterations"],
    ),
    "an entry's document that is no JSON": (
        (f"UPDATE servflow_journal SET document = 'nonsense' WHERE {_LOAN} AND seq = 2",),
        ["entry 2 of ill.supply loan-1, document"],
    ),
    "an entry's document that is a list": (
        (f"UPDATE servflow_journal SET document = '[]' WHERE {_LOAN} AND seq = 2",),
        ["entry 2 of ill.supply loan-1, document"],
    ),
    # receipts
    "a receipt deleted": (
        ("DELETE FROM servflow_receipt WHERE command_id = 'said-14'",),
        ["entry 7 of ill.relation CN-320500", "entry 6 of ill.supply loan-1"],
    ),
    "a receipt deleted in the middle": (
        ("DELETE FROM servflow_receipt WHERE command_id = 'said-9'",),
        ["receipt said-10"],
    ),
    "a receipt of no command": (
        ("INSERT INTO servflow_receipt VALUES ('said-99', 'f', '[[\"ill.supply\",\"loan-1\",1]]')",),
        ["receipt said-99", "receipt said-99"],
    ),
    "a receipt without versions": (
        ("INSERT INTO servflow_receipt VALUES ('said-99', 'f', '[]')",),
        ["receipt said-99, versions"],
    ),
    "a receipt's version that there is not": (
        ("INSERT INTO servflow_receipt VALUES ('said-99', 'f', '[[\"ill.supply\",\"loan-1\",70]]')",),
        ["receipt said-99"],
    ),
    "a receipt's version that is none": (
        (
            "UPDATE servflow_receipt SET document = '[[\"ill.supply\",\"loan-1\",0]]' WHERE command_id = 'said-9'",
        ),
        ["receipt said-9, versions", "receipt said-10"],
    ),
    "a receipt's versions that cannot be read": (
        ("UPDATE servflow_receipt SET document = '{' WHERE command_id = 'said-9'",),
        ["receipt said-9, versions", "receipt said-10"],
    ),
    "a text that is none": (
        (
            "UPDATE servflow_receipt SET fingerprint = CAST(x'66ff' AS TEXT) WHERE command_id = 'said-9'",
            "UPDATE servflow_outbox SET note = CAST(x'ff' AS TEXT) WHERE n = 1",
        ),
        ["receipt said-9, fingerprint", "message ill.relation/CN-320500/2/ill.relation.approved, note"],
    ),
    "a receipt of one aggregate twice": (
        (
            """
            UPDATE servflow_receipt SET document = '[["ill.supply","loan-2",6],["ill.supply","loan-2",6]]'
                WHERE command_id = 'said-15'
            """,
        ),
        ["receipt said-15, versions"],
    ),
    "a receipt's fingerprint": (
        ("UPDATE servflow_receipt SET fingerprint = 'f' WHERE command_id = 'said-9'",),
        ["receipt said-9, fingerprint"],
    ),
    "a receipt's command id": (
        ("UPDATE servflow_receipt SET command_id = 'said-99' WHERE command_id = 'said-9'",),
        ["receipt said-99"],
    ),
    # postings
    "a posting's account": (
        (f"UPDATE servflow_posting SET debit = 'receivable/CN-1' WHERE {_PAID}",),
        ["posting said-8/0, debit"],
    ),
    "a posting's amount": (
        (f"UPDATE servflow_posting SET minor = minor + 1 WHERE {_PAID}",),
        ["posting said-8/0, minor"],
    ),
    "a posting's currency": (
        (f"UPDATE servflow_posting SET currency = 'EUR' WHERE {_PAID}",),
        ["posting said-8/0, currency"],
    ),
    "a posting's day": (
        (f"UPDATE servflow_posting SET value_date = '2026-01-01' WHERE {_PAID}",),
        ["posting said-8/0, value_date"],
    ),
    "a posting's day that is none": (
        (f"UPDATE servflow_posting SET value_date = 'then' WHERE {_PAID}",),
        ["posting said-8/0, value_date"],
    ),
    "a posting's subject": (
        (f"UPDATE servflow_posting SET subject = 'loan-9' WHERE {_PAID}",),
        ["posting said-8/0, subject"],
    ),
    "a posting's subject that there is not": (
        (
            f"UPDATE servflow_posting SET subject = 'loan-9' WHERE {_PAID}",
            _in_document("servflow_posting", _PAID, '"subject":"CN-110108"', '"subject":"loan-9"'),
        ),
        ["posting said-8/0, subject"],
    ),
    "a posting's key": (
        (f"UPDATE servflow_posting SET key = 'another' WHERE {_PAID}",),
        ["posting another, key"],
    ),
    "a posting's document": (
        (f"UPDATE servflow_posting SET document = '{{}}' WHERE {_PAID}",),
        ["posting said-8/0, key"],
    ),
    "a posting's document that is no JSON": (
        (f"UPDATE servflow_posting SET document = '' WHERE {_PAID}",),
        ["posting said-8/0, document"],
    ),
    "a charge that is not what its parts come to": (
        (_in_document("servflow_posting", "key = 'loan-1/overdue/1'", '"exact":"12000"', '"exact":"13000"'),),
        ["posting loan-1/overdue/1, charge, per_unit"],
    ),
    # messages
    "a message's party": (
        (f"UPDATE servflow_outbox SET party = 'CN-1' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, to"],
    ),
    "a message to nobody": (
        (
            f"UPDATE servflow_outbox SET party = '' WHERE {_MAIL}",
            _in_document("servflow_outbox", _MAIL, '"to":"CN-320500"', '"to":""'),
        ),
        ["message ill.supply/loan-1/term-1/2, to"],
    ),
    "a message's kind": (
        (f"UPDATE servflow_outbox SET kind = 'other' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, kind"],
    ),
    "what a message is about": (
        (f"UPDATE servflow_outbox SET about_id = 'loan-2' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, about"],
    ),
    "a message's status that is none": (
        (f"UPDATE servflow_outbox SET status = 'lost' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, status"],
    ),
    "a message sent and claimed": (
        (
            f"""
            UPDATE servflow_outbox SET status = 'sent', claimed_until = '2026-03-01T00:00:00.000000Z'
                WHERE {_MAIL}
            """,
        ),
        ["message ill.supply/loan-1/term-1/2, claimed_until"],
    ),
    "a message sent and overtaken": (
        (f"UPDATE servflow_outbox SET status = 'sent', overtaken = 'withdrawn' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, overtaken"],
    ),
    "a message overtaken and not claimed": (
        (f"UPDATE servflow_outbox SET status = 'pending', overtaken = 'withdrawn' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, claimed_until"],
    ),
    "a message overtaken by having been sent": (
        (f"UPDATE servflow_outbox SET status = 'pending', overtaken = 'sent' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, overtaken"],
    ),
    "a message failed at no attempt": (
        (f"UPDATE servflow_outbox SET status = 'failed' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, attempts"],
    ),
    "a message's attempts": (
        (f"UPDATE servflow_outbox SET attempts = -1 WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, attempts"],
    ),
    "a message's instant": (
        (f"UPDATE servflow_outbox SET changed_at = '' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, changed_at"],
    ),
    "a message's document": (
        (_in_document("servflow_outbox", _MAIL, '"kind":"ill.supply.overdue"', '"kind":7'),),
        ["message ill.supply/loan-1/term-1/2, kind"],
    ),
    "a message's document that is no JSON": (
        (f"UPDATE servflow_outbox SET document = 'hello' WHERE {_MAIL}",),
        ["message ill.supply/loan-1/term-1/2, document"],
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_was_changed_by_hand_is_named(db: Path, what: str) -> None:
    """Each change of a row in the database is found, and nothing else is."""
    statements, places = EDITS[what]
    edited(db, *statements)

    assert [problem.where for problem in _audited(db)] == places


JUNK: Final[tuple[Any, ...]] = (
    -1,
    2**70,
    1.5,
    "\udc80",
    b"x",
    datetime(2026, 1, 1),
    (),
    ("a",),
    ("toy.counter", 7),
    object,
)


@given(st.data())
@settings(max_examples=60)
def test_whatever_stands_in_a_column(data: st.DataObject) -> None:
    """With anything that is none of its values in any column of any record, the audit says so, and ends."""
    storage = MemoryStorage(Codec(TOYS))
    toy_story(storage)
    records: list[Any] = list(storage.records())
    n = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(records[n]._fields))
    records[n] = records[n]._replace(**{name: data.draw(st.sampled_from(JUNK))})

    assert list(audit(TOYS, records, policy=POLICY))


def test_everything_at_once(db: Path) -> None:
    """A mistake does not hide the ones behind it: of many, each is named."""
    at_once = (
        "an aggregate's state",
        "an entry's role",
        "a receipt's fingerprint",
        "a posting's amount",
        "a message's party",
        "an aggregate's wake",
    )
    edited(db, *(statement for what in at_once for statement in EDITS[what][0]))
    found = {problem.where for problem in _audited(db)}

    assert found == {place for what in at_once for place in EDITS[what][1]}


def test_what_is_found_and_expected(db: Path) -> None:
    """A problem says what stands there and what should."""
    edited(db, *EDITS["a posting's amount"][0], *EDITS["an aggregate's document"][0])
    fold, column = _audited(db)

    assert (fold.found, fold.expected) == ("2", "1, to which its journal folds")
    assert (column.found, column.expected) == ("5001", "5000, as in its document")


def test_a_wake_of_an_older_policy(storage_for: Callable[[Codec], Storage]) -> None:
    """Under another policy the wakes are other ones: each is named with what it should be, until rebuilt."""
    desk = loan_story(storage_for(Codec(ILL)))
    desk.say(c.DeclineRenewal, "loan-2", "2026-03-13")  # answered, so that only reminders are to come
    notices = Dated("notices", (Since(date.min, Cited((-3, 1, 8, 60), PRACTICE)),))
    desk.under(notices=notices)
    (problem,) = audit(ILL, desk.storage.records(), policy=desk.policy)
    due = next(record.wake for record in _aggregates(desk.storage) if record.key.id == "loan-2")
    desk.desk.rebuild_wakes()

    assert problem.where == "aggregate ill.supply loan-2, wake"
    assert problem.found == (due.isoformat() if due else "nothing")
    assert problem.expected.startswith("2026-")
    assert list(audit(ILL, desk.storage.records(), policy=desk.policy)) == []
    assert list(audit(ILL, desk.storage.records())) == []  # without a policy nobody asks


def _aggregates(storage: Storage) -> Iterator[AggregateRecord]:
    for record in storage.records():
        if isinstance(record, AggregateRecord):
            yield record


def test_records_out_of_order() -> None:
    """Records that do not come in the order of the port, or twice, are named."""
    storage = MemoryStorage(Codec(TOYS))
    toy_story(storage)
    records = list(storage.records())
    last = next(n for n, record in enumerate(records) if isinstance(record, ReceiptRecord))
    swapped = [*records[:last], records[last + 1], records[last], *records[last + 2 :]]
    doubled = [*records, records[-1]]

    (found,) = audit(TOYS, swapped)
    (twice,) = audit(TOYS, doubled)
    assert (found.where, found.found) == (f"receipt {records[last][0]}", "it behind what it comes before")
    assert (twice.where, twice.found) == (f"message {records[-1][0]}", "it twice")


def test_a_storage_that_cannot_be_read_on(told: Path) -> None:
    """Where the storage itself gives up, what it says is a problem, and the end of the audit another."""
    with closing(SqliteStorage(told, Codec(ILL))) as storage:
        some = list(storage.records())[:3]

    def broken() -> Iterator[Record]:
        yield from some
        raise DamagedRecord("receipt said-9", "nonsense", "a list")

    assert [problem.where for problem in audit(ILL, broken())] == ["receipt said-9", "the storage"]


def test_a_command_that_no_lifecycle_has_any_more(told: Path) -> None:
    """A journal outlives the classes of its commands: what cannot be decoded is still checked as it stands."""
    relation = next(each for each in ILL if each.name == "ill.relation")
    rows = tuple(row for row in relation.rows if row.command is not c.IssueCard)
    fewer = Lifecycles(replace(relation, rows=rows), *(each for each in ILL if each is not relation))
    desk = LoanDesk(MemoryStorage(Codec(ILL)), Codec(ILL))
    desk.relate(TOWN)
    desk.say(c.IssueCard, TOWN, "2026-01-20", card="C-1")
    records = list(desk.storage.records())
    spoilt = [
        each._replace(fingerprint="f")
        if isinstance(each, ReceiptRecord) and each.command_id == "said-5"
        else each
        for each in records
    ]

    assert list(audit(fewer, records)) == []
    assert [problem.where for problem in audit(fewer, spoilt)] == ["receipt said-5, fingerprint"]
    (undecided,) = redecide(fewer, records, policies(), facts=LendingFacts)
    assert isinstance(undecided, Undecided)
    assert undecided.where == "command said-5"


def test_facts_of_one_change_are_the_same(db: Path) -> None:
    """What entails and what is entailed were decided on the same facts, under the same rulebook."""
    edited(db, *EDITS["an entry's facts"][0])
    (problem,) = _audited(db)

    assert "said-10" in problem.expected


# --- decided again --------------------------------------------------------------------------------


@pytest.fixture
def story() -> LoanDesk:
    """The story in memory."""
    return loan_story(MemoryStorage(Codec(ILL)))


def test_another_rule_makes_another_decision(story: LoanDesk) -> None:
    """Where a rule is another one, whatever comes of it is named: entries, entailed ones, postings, messages."""
    dearer = replace(NLC, overdue_rate=NLC.fee_elsewhere)
    found = _again(story.storage, dict.fromkeys(policies(), dearer))
    places = {(each.where, each.field) for each in found if isinstance(each, Difference)}

    assert ("posting loan-1/overdue/1", "amount.amount") in places
    assert ("entry 6 of ill.supply loan-1", "alterations.charged") in places
    assert ("entry 7 of ill.relation CN-320500", "command.charged") in places
    assert ("message ill.supply/loan-1/term-1/2", "facts") in places
    assert not any("loan-3" in where or "CN-110108" in where for where, _ in places)
    amount = next(each for each in found if isinstance(each, Difference) and each.field == "amount.amount")
    assert (amount.stored, amount.now) == ('"120.00"', '"480.00"')


def test_what_would_be_refused_now(story: LoanDesk) -> None:
    """A command that would be refused now is a difference; what it did then is taken as it was done."""
    another: tuple[str, ...] = ("another",)
    none = Dated("agreements", (Since(date.min, Cited(another, PRACTICE)),))
    found = _again(story.storage, dict.fromkeys(policies(), replace(NLC, agreements=none)))
    refused = [each for each in found if isinstance(each, Difference) and each.field == "decision"]

    assert [each.where for each in refused] == ["command said-3", "command said-7"]
    assert all(each.stored == "taken" and "Refused" in each.now for each in refused)


def test_a_rulebook_that_is_not_at_hand(story: LoanDesk) -> None:
    """Nothing is decided again under another rulebook or calendar than the entry names; it is said, no more."""
    nothing = _again(story.storage, {("x", "y"): NLC})
    calendar = _again(story.storage, {(NLC.rulebook, "y"): NLC})

    told = "no command that was decided again tells them"
    assert len(nothing) == len(calendar) == 22
    assert {each.why for each in nothing if isinstance(each, Undecided)} == {
        f"rulebook {NLC.rulebook} is not at hand",
        told,
    }
    assert {each.why for each in calendar if isinstance(each, Undecided)} == {
        f"calendar {NLC.calendar_digest} is not at hand",
        told,
    }


def test_facts_of_an_unknown_class(story: LoanDesk) -> None:
    """Without the class of the facts only what was decided without any is decided again."""
    *found, left = redecide(ILL, story.storage.records(), policies())

    assert found
    assert "postings and messages" in left.where
    assert all(isinstance(each, Undecided) and "class of the facts" in each.why for each in found)
    assert not {"command said-1", "command said-4"} & {each.where for each in found}


def _spoilt(story: LoanDesk, old: str, new: str) -> list[Record]:
    """The records with one text in their documents replaced by another."""
    return [
        record
        if isinstance(record, ReceiptRecord)
        else record._replace(document=record.document.replace(old, new))
        for record in story.storage.records()
    ]


def test_a_posting_that_nobody_makes(story: LoanDesk) -> None:
    """What no decision gives any more is named, and what one gives that is not stored."""
    records = list(story.storage.records())
    without = [each for each in records if each[0] != "loan-1/overdue/1"]
    codec = Codec(ILL)
    posting = next(each for each in story.storage.postings() if each.key == "loan-1/overdue/1")
    invented = posting_record(codec, replace(posting, key="x"))

    (missing,) = redecide(ILL, without, policies(), facts=LendingFacts)
    (extra,) = redecide(ILL, [*records, invented], policies(), facts=LendingFacts)
    assert isinstance(missing, Difference)
    assert isinstance(extra, Difference)
    assert (missing.where, missing.stored) == ("posting loan-1/overdue/1", "nothing")
    assert (extra.where, extra.now) == ("posting x", "nothing")


def test_one_difference_makes_no_other(story: LoanDesk) -> None:
    """After a command that is decided otherwise, the next one is decided on what is stored."""
    old, new = '"reason":"more time"', '"reason":"any"'
    found = list(redecide(ILL, _spoilt(story, old, new), policies(), facts=LendingFacts))

    assert found == []  # the reason changes nothing that is stored
    clauses = list(
        redecide(
            ILL,
            _spoilt(story, '["set","terms",1]', '["set","terms",1],["set","renewals",1]'),
            policies(),
            facts=LendingFacts,
        )
    )
    assert {each.where for each in clauses} >= {
        "entry 2 of ill.supply loan-1",
        "entry 2 of ill.supply loan-2",
    }


def test_at_the_same_instant() -> None:
    """What only looked at an aggregate that changed at the same instant is not different."""
    desk = LoanDesk(MemoryStorage(Codec(ILL)), Codec(ILL))
    desk.relate(TOWN)
    desk.say(c.Suspend, TOWN, "2026-01-20", reason="volumes were cut")
    desk.say(c.Reinstate, TOWN, "2026-01-21")
    desk.say(c.Suspend, TOWN, "2026-01-22", reason="volumes were cut")
    desk.say(c.Reinstate, TOWN, "2026-01-23")
    desk.request("loan-1", TOWN, day="2026-02-01")  # said-9, and said-10 comes before it by its id
    desk.say(c.Terminate, TOWN, "2026-02-01", reason="volumes were cut")
    desk.request("loan-2", TOWN, day="2026-02-01")

    assert _again(desk.storage) == []


def test_instants_do_not_tell_what_was_read() -> None:
    """A request recorded long before the relation that it was decided on, by its instants, is not different."""
    desk = LoanDesk(MemoryStorage(Codec(ILL)), Codec(ILL))
    desk.relate(TOWN, day="2026-03-05")
    desk.request("loan-1", TOWN, day="2026-01-30")

    assert _again(desk.storage) == []


def test_facts_that_are_none_are_a_difference(story: LoanDesk) -> None:
    """Facts of no known form cannot be what was decided on."""
    found = list(redecide(ILL, _spoilt(story, '"place":', '"plaice":'), policies(), facts=LendingFacts))

    assert {each.field for each in found if isinstance(each, Difference)} == {"facts"}


def test_records_that_do_not_belong_together(story: LoanDesk) -> None:
    """What the audit would complain of is not decided again: it is said that it is damaged."""
    records = list(story.storage.records())
    entries = [each for each in records if each[:2] != (Key("ill.supply", "loan-1"), 2)]
    broken = _spoilt(story, '["set","terms",1]', '["drop","terms","x"]')

    for damaged in (entries, broken):
        with pytest.raises(DamagedRecord):
            list(redecide(ILL, damaged, policies(), facts=LendingFacts))
