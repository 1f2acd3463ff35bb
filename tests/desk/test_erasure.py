"""Erasure: nothing of a person is left anywhere, and all that is stored stays whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loan_desk import NLC, TOWN
from stored import BESIDE, NAMES, READER, archive_of, edited, loan_story, policies, sayings, tell, toy_story
from test_loan_histories import History
from test_loan_histories import sayings as loan_sayings

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec, read
from servflow.core.changes import Actor, Command, Key, Message, Office
from servflow.core.errors import AlreadyExists, CommandReused, DamagedRecord, InvalidValue
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import LendingFacts
from servflow.core.ledger import Account, AccountKind, Posting, balances
from servflow.core.lifecycle import Lifecycles, decide
from servflow.core.money import Money
from servflow.core.ports import Status, Storage
from servflow.core.records import EntryRecord, MessageRecord, ReceiptRecord, Record
from servflow.desk import ERASED, Difference, Erasure, audit, erase, redecide
from servflow.testing import toys
from servflow.testing.toys import POLICY, TOYS

P: Final = "p-0001"
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
TOY_POLICIES: Final = {(POLICY.rulebook, POLICY.calendar_digest): POLICY}


def _erased(storage: Storage, ref: str = READER, pseudonym: str = P, texts: Any = NAMES) -> Erasure:
    return erase(TOYS, storage, ref, pseudonym=pseudonym, at=NOW, texts=texts)


def _strings(value: Any) -> Iterator[str]:
    """Every text in records, and in the documents in them."""
    if isinstance(value, str):
        yield value
        if value.startswith("{"):
            yield from _strings(read(value))
    elif isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _strings(part)


def _left(storage: Storage, ref: str, texts: Any = ()) -> list[str]:
    """Where the reference or a text still stands; a reference that is part of another one does not count."""
    return [
        text
        for record in storage.records()
        for text in _strings(tuple(record))
        if not text.startswith("{") and (ref in text.split("/") or any(each in text for each in texts))
    ]


# --- what must hold afterwards --------------------------------------------------------------------


@given(st.lists(sayings, min_size=1, max_size=25))
@settings(max_examples=40)
def test_any_history_of_toys(history: list[Any]) -> None:
    """Nothing is left, all is whole, balances are the renamed ones, nothing is decided otherwise."""
    storage = MemoryStorage(Codec(TOYS))
    commands = tell(storage, history)
    before = balances(storage.postings())
    others = [record for record in storage.records() if READER not in str(record).replace(BESIDE, "")]
    messages = [each for each in storage.records() if isinstance(each, MessageRecord)]
    _erased(storage)

    assert _left(storage, READER, NAMES) == []
    assert list(audit(TOYS, storage.records(), policy=POLICY)) == []
    assert list(redecide(TOYS, storage.records(), TOY_POLICIES)) == []
    renamed = {
        (Account(each.kind, P if each.owner == READER else each.owner), of): held
        for (each, of), held in before.items()
    }
    assert balances(storage.postings()) == dict(renamed)
    _check_messages(messages, [each for each in storage.records() if isinstance(each, MessageRecord)])
    kept = [each for each in others if not isinstance(each, ReceiptRecord) and not _named(each)]
    assert set(map(str, kept)) <= set(map(str, storage.records()))
    _check_commands(storage, commands)
    again = archive_of(storage)
    assert _erased(storage) == Erasure()
    assert archive_of(storage) == again


def _named(record: Record) -> bool:
    return any(name in text for name in NAMES for text in _strings(tuple(record)))


def _check_messages(before: list[MessageRecord], after: list[MessageRecord]) -> None:
    """What waited for the person is withdrawn; all other mail is as it was."""
    for was, is_ in zip(before, after, strict=True):
        if was.to == READER and was.status is Status.PENDING:
            assert (is_.to, is_.status, is_.changed_at) == (P, Status.WITHDRAWN, NOW)
            assert (is_.claimed_until, is_.overtaken) == (None, None)
            assert is_.note
        else:
            assert is_[6:11] == was[6:11]


def _check_commands(storage: Storage, commands: list[Command]) -> None:
    """Nothing is done twice: an old command is known as it is, or known to be another one by now, or new.

    What is new is said of what is not there any more.
    """
    for command in commands:
        with storage.writing() as writing:
            known = f"/{READER}/" not in f"/{command.id}/"
            if (
                known
                and READER not in str(command).replace(BESIDE, "")
                and not any(n in str(command) for n in map(str, NAMES))
            ):
                try:
                    receipt = writing.receipt(command)
                except CommandReused:  # a text of the person in it that is written in another way
                    continue
                assert receipt is not None
                assert receipt.repeated
            elif known:
                with pytest.raises(CommandReused):
                    writing.receipt(command)
            else:
                assert writing.receipt(command) is None
                assert writing.load(Key(TOYS.of(type(command)).name, command.case)) is None


@given(st.lists(loan_sayings, min_size=3, max_size=15))
@settings(max_examples=8)
def test_any_history_of_loans(history: list[Any]) -> None:
    """The same of the lending desk, where the id of a relation is the institution's reference."""
    said = History()
    for saying in history:
        said.say(saying)
    storage = said.desk.storage
    before = balances(storage.postings())
    erase(ILL, storage, TOWN, pseudonym=P, at=NOW, texts=("古城",), facts=LendingFacts)

    assert _left(storage, TOWN, ("古城",)) == []
    assert list(audit(ILL, storage.records(), policy=NLC)) == []
    found = redecide(ILL, storage.records(), policies(), facts=LendingFacts)
    assert [each for each in found if isinstance(each, Difference)] == []
    said.desk.prove()
    renamed = {(str(each).replace(TOWN, P), of): held for (each, of), held in before.items()}
    assert {(str(each), of): held for (each, of), held in balances(storage.postings()).items()} == renamed


def test_the_loans_of_the_erased_go_on(storage_for: Callable[[Codec], Storage]) -> None:
    """What is out comes back and is paid, under the pseudonym."""
    desk = loan_story(storage_for(Codec(ILL)))
    owed = desk.open(TOWN)
    done = erase(ILL, desk.storage, TOWN, pseudonym=P, at=NOW, facts=LendingFacts)
    desk.say(c.CheckIn, "loan-2", "2026-03-20")
    desk.say(c.Pay, P, "2026-03-21", amount=Money(1000, "CNY"))

    assert done.aggregates == 3
    assert owed
    assert desk.open(P) == {}
    assert desk.supply("loan-2").requester == P
    desk.prove()


def test_nothing_is_left_in_the_file(tmp_path: Path) -> None:
    """Nor in any file beside it: neither as it is, nor as JSON writes it."""
    with closing(SqliteStorage(tmp_path / "desk.db", Codec(TOYS))) as storage:
        toy_story(storage)
        before = _bytes(tmp_path)
        _erased(storage)
        after = _bytes(tmp_path)

    for text in (f"/{READER}/", f'"{READER}"', "小", "长安街", "O'Brien", "& sons"):
        assert text.encode() in before
        assert text.encode() not in after
    assert f"/{BESIDE}/".encode() in after
    assert _bytes(tmp_path) == after or READER.encode() not in _bytes(tmp_path).replace(BESIDE.encode(), b"")


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_what_was_done(storage_for: Callable[[Codec], Storage]) -> None:
    """The report counts what was rewritten; a second time there is nothing to do, whatever the pseudonym."""
    storage = storage_for(Codec(TOYS))
    toy_story(storage)
    messages = [each for each in storage.records() if isinstance(each, MessageRecord)]
    done = _erased(storage)

    assert done.withdrawn == sum(each.to == READER and each.status is Status.PENDING for each in messages)
    assert (done.aggregates, done.postings) == (3, 2)  # of the reader two, and a name in a log of another one
    assert min(done.entries, done.receipts, done.messages, done.withdrawn) > 0
    assert _erased(storage, pseudonym="p-0002") == _erased(storage) == Erasure()


# --- whole parts, and texts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("7", P),
        ("7/17", f"{P}/17"),
        ("17/7", f"17/{P}"),
        ("a/7/b", f"a/{P}/b"),
        ("7/7", f"{P}/{P}"),
        ("17", "17"),
        ("77", "77"),
        ("7-1", "7-1"),
        ("x:7", "x:7"),
        ("a 7", "a 7"),
    ],
)
def test_a_reference_is_a_whole_part(text: str, after: str) -> None:
    """The reference 7 is replaced as a text of its own or between slashes, never within another one."""
    storage = MemoryStorage(Codec(TOYS))
    _count(storage, by=_actor("7"), note=text)
    _erased(storage, ref="7", texts=())
    (it,) = storage.aggregates(toys.Counter.kind)

    assert isinstance(it, toys.Counter)
    assert it.log == (after,)


def test_a_reference_of_several_parts() -> None:
    """So is one that is composed itself."""
    storage = MemoryStorage(Codec(TOYS))
    _count(
        storage, by=_actor("CN/7"), note="x/CN/7/y", marks={"CN/7": Money(1, "JPY"), "CN/77": Money(2, "JPY")}
    )
    _erased(storage, ref="CN/7", texts=())
    (it,) = storage.aggregates(toys.Counter.kind)

    assert isinstance(it, toys.Counter)
    assert it.log == (f"x/{P}/y",)
    assert set(it.marks) == {P, "CN/77"}


def test_a_reference_of_nobody_is_left() -> None:
    """What stands in keys only, such as a number in them, is no party: nothing becomes different."""
    storage = MemoryStorage(Codec(TOYS))
    message = Message(key="toy.counter/c/7/told", to="party-1", kind="told", about=Key("toy.counter", "c"))
    _count(storage, note="Anna rang", messages=(message,))

    assert _erased(storage, ref="9", texts=("Anna",)).entries == 1
    before = list(storage.records())
    assert _erased(storage, ref="7", texts=()) == Erasure()
    assert list(storage.records()) == before


def test_a_reference_among_words_is_replaced() -> None:
    """In what somebody wrote, it stands between spaces and signs; what is composed with it otherwise stays."""
    storage = MemoryStorage(Codec(TOYS))
    _count(storage, by=_actor("CN-1"), note='for "CN-1", not CN-11, K-CN-1 or CN-1-i1')
    _erased(storage, ref="CN-1", texts=())
    (it,) = storage.aggregates(toys.Counter.kind)

    assert isinstance(it, toys.Counter)
    assert it.log == (f'for "{P}", not CN-11, K-CN-1 or CN-1-i1',)


def test_a_text_in_the_id_of_a_command_stops_it() -> None:
    """A command goes by its id: were it another one, the command said again would count twice."""
    storage = MemoryStorage(Codec(TOYS))
    _count(storage, id="form-5502", note="n")
    before = list(storage.records())
    with pytest.raises(InvalidValue, match="5502"):
        _erased(storage, texts=("5502",))
    assert list(storage.records()) == before


def _actor(ref: str) -> Actor:
    return Actor(ref, "toys", Office.STAFF)


def _count(storage: Storage, *, by: Actor = toys.NOBODY, id: str = "2", **said: Any) -> None:
    """A counter that was opened, and counts once."""
    common: dict[str, Any] = {"case": "c", "by": by, "happened_at": NOW, "recorded_at": NOW}
    for command in (toys.Open(id="1", **common), toys.Count(id=id, **common, **said)):
        with storage.writing() as writing:
            it = writing.load(Key("toy.counter", "c"))
            writing.commit(decide(TOYS, command, {it.key: it} if it else {}, policy=POLICY))


def test_texts_are_replaced_wherever_they_stand() -> None:
    """Within other words, in whatever signs JSON writes them; the longer one before what is part of it."""
    storage = MemoryStorage(Codec(TOYS))
    _count(storage, note='to "Ann\\B" Lee, Ann Lee\n\u2028é, an Ann', marks={"of Ann Lee": Money(1, "JPY")})
    _erased(storage, texts=('"Ann\\B"', "Ann", "Ann Lee\n\u2028é"))
    (it,) = storage.aggregates(toys.Counter.kind)

    assert isinstance(it, toys.Counter)
    assert it.log == (f"to {ERASED} Lee, {ERASED}, an {ERASED}",)
    assert set(it.marks) == {f"of {ERASED} Lee"}


def test_a_text_that_somebody_wrote_with_other_escapes(tmp_path: Path) -> None:
    """A document that another program wrote with escapes is gone through, too."""
    path = tmp_path / "desk.db"
    with closing(SqliteStorage(path, Codec(TOYS))) as storage:
        _count(storage, note="李")
    edited(path, "UPDATE servflow_aggregate SET document = replace(document, '李', '\\u674e')")
    with closing(SqliteStorage(path, Codec(TOYS))) as storage:
        _erased(storage, texts=("李",))

        assert _left(storage, READER, ("李",)) == []
        assert list(audit(TOYS, storage.records())) == []


def test_only_texts_are_changed(storage_for: Callable[[Codec], Storage]) -> None:
    """A reference that is also an amount, an office, a state, a role or a kind leaves those what they are."""
    for ref in (
        "12",
        "person",
        "open",
        "anybody",
        "toy.counter",
        "JPY",
        "income",
        "toy.told",
        "set",
        "count",
    ):
        storage = storage_for(Codec(TOYS))
        posting = Posting(
            key="k",
            debit=Account(AccountKind.RECEIVABLE, ref),
            credit=Account(AccountKind.INCOME, "fee"),
            amount=Money(12, "JPY"),
            value_date=NOW.date(),
            subject="c",
            kind="fee",
        )
        message = Message(key="m", to=ref, kind="toy.told", about=Key("toy.counter", "c"))
        by = Actor(ref, "library", Office.PERSON)
        _count(storage, note=ref, marks={ref: Money(12, "JPY")}, postings=(posting,), messages=(message,))
        _erased(storage, ref=ref, texts=())
        (it,) = storage.aggregates(toys.Counter.kind)
        (posted,) = storage.postings()
        (told,) = storage.outbox()

        assert by.office is Office.PERSON
        assert isinstance(it, toys.Counter)
        assert (it.state, it.log, dict(it.marks)) == (toys.CounterState.OPEN, (P,), {P: Money(12, "JPY")})
        assert (posted.debit.owner, posted.amount) == (P, Money(12, "JPY"))
        assert (told.message.to, told.message.kind) == (P, "toy.told")
        assert list(audit(TOYS, storage.records(), policy=POLICY)) == []


@pytest.mark.parametrize("ref", ["name", "day", "days", "TOY-1", "TOY-2"])
def test_words_of_a_message_and_a_derivation_stay(ref: str) -> None:
    """The names of facts, the steps of a charge and the clauses are no party, whatever it is called."""
    storage = MemoryStorage(Codec(TOYS))
    toy_story(storage)
    postings, outbox = list(storage.postings()), list(storage.outbox())
    _erased(storage, ref=ref, texts=())

    assert list(storage.postings()) == postings
    assert list(storage.outbox()) == outbox


def test_mail_that_is_being_sent_is_nobodys_any_more() -> None:
    """A message that somebody has claimed is withdrawn as well, with its claim and what was to become of it."""
    storage = MemoryStorage(Codec(TOYS))
    message = Message(key="m", to=READER, kind="toy.told", about=Key("toy.counter", "c"))
    _count(storage, note="-", messages=(message,))
    storage.claim(NOW, until=NOW.replace(year=2030))
    assert _erased(storage, texts=()).withdrawn == 1
    (record,) = (each for each in storage.records() if isinstance(each, MessageRecord))

    assert (record.status, record.claimed_until) == (Status.WITHDRAWN, None)


def test_notes_are_words() -> None:
    """What a note says of a message is gone through word by word."""
    storage = MemoryStorage(Codec(TOYS))
    message = Message(key="m", to="7", kind="toy.told", about=Key("toy.counter", "c"))
    _count(storage, note="-", messages=(message,))
    storage.claim(NOW, until=NOW)
    storage.settle("m", at=NOW, status=Status.FAILED, note="no party '7', nor x/7. But 17 and 7-1, 7.5")
    _erased(storage, ref="7", texts=())
    (outgoing,) = storage.outbox()

    assert outgoing.note == f"no party '{P}', nor x/{P}. But 17 and 7-1, 7.5"


# --- what no class is known of --------------------------------------------------------------------


def test_a_command_that_is_no_more() -> None:
    """What no lifecycle has any more is gone through as plain data, and goes on being whole."""
    desk = loan_story(MemoryStorage(Codec(ILL)))
    desk.say(c.IssueCard, TOWN, "2026-03-20", card=f"{TOWN}/card of 李")
    relation = next(each for each in ILL if each.name == "ill.relation")
    rows = tuple(row for row in relation.rows if row.command is not c.IssueCard)
    fewer = Lifecycles(replace(relation, rows=rows), *(each for each in ILL if each is not relation))
    erase(fewer, desk.storage, TOWN, pseudonym=P, at=NOW, texts=("李",))

    assert _left(desk.storage, TOWN, ("李",)) == []
    assert list(audit(ILL, desk.storage.records(), policy=NLC)) == []
    assert desk.account(P).card == f"{P}/card of {ERASED}"


def test_facts_of_an_unknown_class() -> None:
    """Facts are gone through, with their class or without it; with it, words in them stay."""
    for facts, kind in ((LendingFacts, "university_library"), (None, P)):
        desk = loan_story(MemoryStorage(Codec(ILL)))
        erase(ILL, desk.storage, "university_library", pseudonym=P, at=NOW, facts=facts)
        entry = next(
            each
            for each in desk.storage.records()
            if isinstance(each, EntryRecord) and each.command_id == "said-10"
        )

        assert read(entry.document)["facts"]["kind"] == kind


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "pseudonym", "texts", "field"),
    [
        ("", P, (), "ref"),
        (" ", P, (), "ref"),
        (None, P, (), "ref"),
        (READER, "", (), "pseudonym"),
        (READER, " p", (), "pseudonym"),
        (READER, "a/b", (), "pseudonym"),
        (READER, READER, (), "pseudonym"),
        (ERASED, P, (), "ref"),
        (READER, P, ("",), "texts"),
        (READER, P, (" ",), "texts"),
        (READER, P, ("Ann", 7), "texts"),
        (READER, P, "Ann", "texts"),
        (READER, P, ("erased",), "texts"),
        (READER, P, ("p-0",), "texts"),
    ],
)
def test_what_cannot_be_meant(ref: Any, pseudonym: str, texts: Any, field: str) -> None:
    """Blank references and texts, and what would come back, are refused; nothing is erased."""
    storage = MemoryStorage(Codec(TOYS))
    toy_story(storage)
    before = archive_of(storage)
    with pytest.raises(InvalidValue) as caught:
        _erased(storage, ref, pseudonym, texts)

    assert caught.value.field == field
    assert archive_of(storage) == before


@pytest.mark.parametrize("text", ["toy", "ope", "JPY", "2026", "office", "fee", "append"])
def test_a_text_that_is_part_of_something_else(storage_for: Callable[[Codec], Storage], text: str) -> None:
    """Where a text is part of what cannot be replaced, nothing is erased, and it is said where."""
    storage = storage_for(Codec(TOYS))
    toy_story(storage)
    before = archive_of(storage)
    with pytest.raises(InvalidValue, match="no part of what cannot be replaced"):
        _erased(storage, texts=(text,))

    assert archive_of(storage) == before


@pytest.mark.parametrize("pseudonym", [BESIDE, "said-0", "1"])
def test_a_pseudonym_in_use(storage_for: Callable[[Codec], Storage], pseudonym: str) -> None:
    """One that stands anywhere already, whatever for, is refused; nothing is erased."""
    storage = storage_for(Codec(TOYS))
    toy_story(storage)
    before = archive_of(storage)
    with pytest.raises(AlreadyExists):
        _erased(storage, pseudonym=pseudonym)

    assert archive_of(storage) == before


def test_names_that_would_become_one(storage_for: Callable[[Codec], Storage]) -> None:
    """Two names, or two ids, that only the texts tell apart are not thrown together."""
    storage = storage_for(Codec(TOYS))
    _count(storage, note="-", marks={"Ann": Money(1, "JPY"), "Bob": Money(2, "JPY")})
    before = archive_of(storage)
    with pytest.raises(InvalidValue):
        _erased(storage, texts=("Ann", "Bob"))
    with storage.writing() as writing:
        said: dict[str, Any] = {"by": toys.NOBODY, "happened_at": NOW, "recorded_at": NOW}
        writing.commit(decide(TOYS, toys.Open(id="3", case="Ann", **said), {}, policy=POLICY))
    with storage.writing() as writing:
        writing.commit(decide(TOYS, toys.Open(id="4", case="Eve", **said), {}, policy=POLICY))
    with pytest.raises(AlreadyExists):
        _erased(storage, texts=("Ann", "Eve"))

    assert archive_of(storage).startswith(before[:34])
    assert _left(storage, "Ann")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE servflow_aggregate SET document = document || '}' WHERE id = '7R/1'",
        "UPDATE servflow_journal SET document = '[\"7R\"]' WHERE id = '7R/1' AND seq = 1",
        "UPDATE servflow_outbox SET document = '{\"about\":\"7R\"}' WHERE key = 'toy.counter/7R/1/4'",
    ],
)
def test_what_is_damaged(tmp_path: Path, edit: str) -> None:
    """Where a record cannot be read nothing is erased: one does not know what would be left."""
    path = tmp_path / "desk.db"
    with closing(SqliteStorage(path, Codec(TOYS))) as storage:
        toy_story(storage)
    edited(path, edit)
    with closing(SqliteStorage(path, Codec(TOYS))) as storage:
        before = list(storage.records())
        with pytest.raises(DamagedRecord, match="audit"):
            _erased(storage)

        assert list(storage.records()) == before
