"""All that is stored, as records: moved to another storage, and rewritten."""

from __future__ import annotations

import pytest

from servflow.codec import Codec, canonical, folded
from servflow.core.changes import Key
from servflow.core.errors import AlreadyExists
from servflow.core.ports import Status, Storage
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
)
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._reference import Reference, few, in_order, live, renamed
from servflow.testing.contracts._steps import (
    EMPTY,
    HOLDER,
    FaultError,
    a_message,
    breaking,
    claim,
    contents,
    do,
    instant,
    to_count,
    to_open,
    together,
)
from servflow.testing.toys import TOYS, Counter, CounterState

__all__ = ["Moving"]


_KINDS = pytest.mark.parametrize(
    ("kind", "name"),
    [
        (AggregateRecord, Counter.kind),
        (EntryRecord, "entry"),
        (ReceiptRecord, "receipt"),
        (PostingRecord, "posting"),
        (MessageRecord, "message"),
    ],
    ids=["aggregate", "entry", "receipt", "posting", "message"],
)


class Moving(StorageHooks):
    """All that is stored, as records: moved to another storage, and rewritten."""

    def test_records_are_all_that_is_stored(self, storage: Storage) -> None:
        """After any history the records are what was committed, to the letter, each once and in order."""
        reference = Reference()
        live(reference, storage)
        assert list(storage.records()) == reference.records()
        assert list(self.reopened(storage).records()) == reference.records()

    def test_records_are_of_one_moment(self, storage: Storage) -> None:
        """What is committed while they are read is not among them, and the writer does not wait."""
        reference = Reference()
        live(reference, storage, steps=30)
        records = storage.records()
        found = [next(records)]
        together(lambda: live(reference, storage, first=100, steps=10))
        before = Reference()
        live(before, steps=30)
        found += records
        assert found == before.records()
        assert list(storage.records()) == reference.records()

    def test_an_empty_storage_has_no_records(self, storage: Storage) -> None:
        """Where nothing is stored there is nothing to move, and moving nothing stores nothing."""
        assert list(storage.records()) == []
        assert storage.restore([]) == 0
        assert contents(storage) == EMPTY

    def test_what_was_restored_is_what_it_was(self, storage: Storage) -> None:
        """Records make an equal storage: values, journals, wakes, postings, claims, attempts, notes."""
        reference = Reference()
        live(reference)
        records = reference.records()
        messages = [record for record in records if isinstance(record, MessageRecord)]
        assert {record.overtaken for record in messages} == {None, Status.SUPERSEDED, Status.WITHDRAWN}
        assert any(record.attempts and record.status is Status.PENDING for record in messages)
        assert storage.restore(iter(records)) == len(records)
        storage = self.reopened(storage)
        assert list(storage.records()) == records
        assert {it.key: it for it in storage.aggregates(Counter.kind)} == {
            key: it for key, it in reference.values.items() if key.kind == Counter.kind
        }
        assert storage.load(HOLDER) == reference.values[HOLDER]
        for key, it in reference.values.items():
            assert folded(storage.journal(key)) == Codec(TOYS).encode_aggregate(it)
        wakes = {record.key: record.wake for record in records if isinstance(record, AggregateRecord)}
        assert dict(storage.due(instant(10**6))) == {key: wake for key, wake in wakes.items() if wake}
        lines = [record for record in records if isinstance(record, PostingRecord)]
        assert [canonical(Codec(TOYS).encode(each)) for each in storage.postings()] == [
            record.document for record in lines
        ]
        open_ones = [it.id for it in storage.aggregates(Counter.kind, state="open")]
        assert open_ones == sorted(
            key.id for key, it in reference.values.items() if it.state is CounterState.OPEN
        )
        assert [each.key for each in storage.postings(subject=lines[0].subject)] == [
            record.key for record in lines if record.subject == lines[0].subject
        ]

    def test_what_was_restored_goes_on(self, storage: Storage) -> None:
        """Commands are still known, claims still hold, what was overtaken ends so; commits come after."""
        reference = Reference()
        live(reference)
        storage.restore(reference.records())
        for command, also in reference.commands:
            assert do(storage, command, *also).repeated
        live(reference, storage, first=60)
        assert list(self.reopened(storage).records()) == reference.records()

    def test_only_an_empty_storage_is_restored(self, storage: Storage) -> None:
        """Where something is stored a restore is refused, and nothing of it is there."""
        do(storage, to_open("1", "c1"))
        before = contents(storage)
        with pytest.raises(AlreadyExists):
            storage.restore(few().records())
        assert contents(storage) == before
        do(storage, to_count("2", "c1"))

    @pytest.mark.parametrize("good", [0, 1, 4, 9, 11])
    def test_a_restore_that_breaks_off_leaves_nothing(self, storage: Storage, good: int) -> None:
        """Its error goes through, nothing is stored, and the whole of it can be restored."""
        records = few().records()
        assert len(records) > good
        with pytest.raises(FaultError):
            storage.restore(breaking(records, good))
        assert contents(storage) == EMPTY
        storage = self.reopened(storage)
        assert contents(storage) == EMPTY
        assert storage.restore(records) == len(records)
        assert list(storage.records()) == records
        do(storage, to_count("5", "one"))

    @_KINDS
    def test_two_records_of_one_key_are_refused(
        self, storage: Storage, kind: type[Record], name: str
    ) -> None:
        """One of them would be lost: which kind it is is said, and nothing is stored."""
        records = few().records()
        at = next(number for number, record in enumerate(records) if isinstance(record, kind))
        with pytest.raises(AlreadyExists) as refused:
            storage.restore([*records[: at + 1], *records[at:]])
        assert refused.value.kind == name
        assert contents(storage) == EMPTY
        assert storage.restore(records) == len(records)

    def test_a_write_that_fails_leaves_nothing_of_a_restore(self, storage: Storage) -> None:
        """Whichever write of a restore the database refuses, the storage stays empty, and can be used."""
        records = few().records()
        self.check_faults(storage, lambda: storage.restore(records))
        assert list(storage.records()) == records

    # --- records rewritten ----------------------------------------------------------------------

    def test_a_rewrite_changes_what_contains_the_text(self, storage: Storage) -> None:
        """Every record with the text is another one, under its new key; no other record is touched."""
        reference = Reference()
        live(reference)
        before = reference.records()
        storage.restore(before)
        after = in_order(renamed(record, "李雷", "x1") for record in before)
        changed = sum("李雷" in repr(record) for record in before)
        assert 0 < changed < len(before)
        assert storage.rewrite({"李雷"}, lambda record: renamed(record, "李雷", "x1")) == changed
        storage = self.reopened(storage)
        assert list(storage.records()) == after
        ids = {it.id for it in storage.aggregates(Counter.kind)}
        assert ids == {renamed(key.id, "李雷", "x1") for key in reference.values if key.kind == Counter.kind}
        wakes = {record.key: record.wake for record in after if isinstance(record, AggregateRecord)}
        assert dict(storage.due(instant(10**6))) == {key: wake for key, wake in wakes.items() if wake}
        for id in ids:
            key = Key(Counter.kind, id)
            assert folded(storage.journal(key)) == Codec(TOYS).encode_aggregate(storage.load(key))
            assert [each.message.key for each in storage.outbox(about=key)] == [
                record.key for record in after if isinstance(record, MessageRecord) and record.about == key
            ]
            if storage.load(key).state is CounterState.OPEN:
                do(storage, to_count(f"on {id}", id, messages=(a_message(f"on {id}", key),)))

    @pytest.mark.parametrize("text", ["a%c", "a_c", "A", "\\", "%", "'", "\U0001f4da"])
    def test_a_rewrite_finds_the_text_as_it_stands(self, storage: Storage, text: str) -> None:
        """No sign in the text means anything but itself, and capitals are not small letters."""
        written = ("a%c", "a_c", "abc", "aBc", "'", "\U0001f4da", "书")
        do(storage, to_open("1", "case"))
        for number, note in enumerate(written):
            do(storage, to_count(f"count {number}", "case", messages=(a_message(f"m{number}"),)))
            storage.settle(f"m{number}", at=instant(1), status=Status.FAILED, note=note)
        before = list(storage.records())
        expected = [renamed(record, text, "other") for record in before]
        count = storage.rewrite({text}, lambda record: renamed(record, text, "other"))
        assert count == sum(one != another for one, another in zip(before, expected, strict=True))
        assert list(storage.records()) == expected

    def test_a_rewrite_finds_each_of_several_texts(self, storage: Storage) -> None:
        """One of the texts is enough, in a document or in any other text of a record."""
        storage.restore(few().records())
        storage.settle("m-one", at=instant(1), status=Status.FAILED, note="a note of its own")
        asked: list[Record] = []

        def ask(record: Record) -> Record:
            asked.append(record)
            return record

        before = contents(storage)
        for texts in ({"open-two", "m-one", "p-two", "no such text"}, {"a note of its own"}, {"income/desk"}):
            asked.clear()
            assert storage.rewrite(texts, ask) == 0
            wanted = [record for record in storage.records() if any(text in repr(record) for text in texts)]
            assert wanted
            assert all(record in asked for record in wanted)
        assert contents(storage) == before

    def test_a_rewrite_looks_for_what_it_finds_on_the_way(self, storage: Storage) -> None:
        """A text that is added while the entries are gone through is looked for in what follows them."""
        before = few().records()
        storage.restore(before)
        prints = {
            record.command_id: record.fingerprint for record in before if isinstance(record, ReceiptRecord)
        }
        texts = ["open-two"]
        asked: list[Record] = []

        def ask(record: Record) -> Record:
            if isinstance(record, EntryRecord) and record.command_id == "open-two":
                texts.extend((prints["open-one"], "p-two", "m-two"))
            asked.append(record)
            return record

        storage.rewrite(texts, ask)
        follow = (ReceiptRecord, PostingRecord, MessageRecord)
        wanted = [it for it in before if isinstance(it, follow) and any(text in repr(it) for text in texts)]
        assert {type(record) for record in wanted} == set(follow)
        assert all(record in asked for record in wanted)

    def test_a_rewrite_that_breaks_off_changes_nothing(self, storage: Storage) -> None:
        """Its error goes through, and every record is as it was."""
        storage.restore(few().records())
        before = contents(storage)
        for good in range(4):
            left = [good]

            def new(record: Record, left: list[int] = left) -> Record:
                if not left[0]:
                    raise FaultError
                left[0] -= 1
                return renamed(record, "one", "three")

            with pytest.raises(FaultError):
                storage.rewrite({"one"}, new)
            assert contents(storage) == before
        do(storage, to_count("5", "one"))

    @pytest.mark.parametrize("kind", [AggregateRecord, ReceiptRecord, PostingRecord, MessageRecord])
    def test_a_rewrite_gives_no_key_that_is_taken(self, storage: Storage, kind: type[Record]) -> None:
        """Two would become one: it is refused, and every record is as it was."""
        storage.restore(few().records())
        before = contents(storage)
        with pytest.raises(AlreadyExists):
            storage.rewrite(
                {"one"},
                lambda record: renamed(record, "one", "two") if isinstance(record, kind) else record,
            )
        assert contents(storage) == before
        do(storage, to_count("5", "one"))

    def test_a_write_that_fails_leaves_nothing_of_a_rewrite(self, storage: Storage) -> None:
        """Whichever write of a rewrite the database refuses, every record is as it was."""
        before = few().records()
        storage.restore(before)
        self.check_faults(
            storage, lambda: storage.rewrite({"one"}, lambda record: renamed(record, "one", "three"))
        )
        assert list(storage.records()) == in_order(renamed(record, "one", "three") for record in before)

    # --- earlier formats ------------------------------------------------------------------------

    def test_what_an_earlier_format_stored_is_read_and_goes_on(self, storage: Storage) -> None:
        """Every earlier format loads, folds to what is stored, is written on, and its messages leave."""
        formats = list(self.earlier(storage))
        if not formats:
            pytest.skip("there is no earlier format, or the hook `earlier` is not given")
        codec, late = Codec(TOYS), 10**6
        for old in formats:
            found = [it for each in TOYS for it in old.aggregates(each.name)]
            for it in found:
                document = folded(old.journal(it.key))
                assert document == codec.encode_aggregate(it)
                assert codec.decode_aggregate(it.key, it.version, document) == it == old.load(it.key)
            counters = [it for it in found if it.state is CounterState.OPEN]
            assert counters
            free = [each.message.key for each in old.outbox(status=Status.PENDING)]
            assert free
            for it in counters:
                messages = (a_message(f"on {it.id}", it.key),)
                do(old, to_count(f"on {it.id}", it.id, recorded=late, messages=messages))
                assert folded(old.journal(it.key)) == codec.encode_aggregate(old.load(it.key))
                assert old.load(it.key).version == it.version + 1
            assert claim(old, late, until=late + 1) == [*free, *(f"on {it.id}" for it in counters)]
            assert {record.key for record in old.records() if isinstance(record, AggregateRecord)} == {
                it.key for it in found
            }
