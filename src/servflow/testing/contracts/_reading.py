"""What was stored is read back as it was, in order and in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from servflow.codec import Codec, folded
from servflow.core.changes import Command, Key, Message
from servflow.core.errors import (
    InvalidValue,
    NotFound,
)
from servflow.core.ledger import Account, AccountKind
from servflow.core.money import Money
from servflow.core.ports import Receipt, Status, Storage
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._reference import Reference, live, long_history
from servflow.testing.contracts._steps import (
    C1,
    C2,
    HOLDER,
    FaultError,
    a_message,
    a_posting,
    breaking,
    claim,
    contents,
    counter_of,
    decided,
    do,
    instant,
    outgoing,
    to_close,
    to_count,
    to_open,
    to_open_holder,
)
from servflow.testing.toys import POLICY, TOYS, Counter, Holder, Series

__all__ = ["Reading"]


_IDS = (
    "1",
    "10",
    "2",
    "A",
    "a",
    "a ",
    " a",
    "B",
    "b",
    "%",
    "_",
    "__",
    "a%",
    "'",
    "''",
    '"',
    "\\",
    "\\\\",
    "\\'",
    "?",
    ":id",
    "$1",
    "{}",
    "--",
    ";",
    "x'; DROP TABLE servflow_aggregate; --",
    "1 OR 1=1",
    "line\nbreak",
    "line\r\nbreak",
    "tab\tstop",
    "\x01",
    "\x7f",
    "\u00e9",  # one letter, composed
    "e\u0301",  # the same letter of two marks
    "\u00df",
    "ss",
    "\u0130",
    "i\u0307",
    "\u0634\u0647\u0631",  # from right to left
    "\u202eabc\u202c",  # turned round for the eye
    "\u200d",
    "\ufeff",
    "\u4e66",
    "\uffff",
    "\U00010000",  # beyond it by code point, before it by the units of UTF-16
    "\U0001f4da",
    "\U0010ffff",
)


def _wakes(storage: Storage) -> dict[Key, datetime]:
    return dict(storage.due(instant(10**6), limit=10**6))


class Reading(StorageHooks):
    """What was stored is read back as it was, in order and in pages."""

    def test_an_unknown_key_is_not_found(self, storage: Storage) -> None:
        """What was never stored is not found: by a writer None, by a reader an error, no entries."""
        with storage.writing() as writing:
            assert writing.load(C1) is None
        with pytest.raises(NotFound) as missing:
            storage.load(C1)
        assert (missing.value.kind, missing.value.id) == C1
        assert list(storage.journal(C1)) == []
        assert list(storage.outbox(about=C1)) == []

    def test_a_journal_is_in_order_without_gaps(self, storage: Storage) -> None:
        """Entries come in the order of their commits, counted from 1; one may ask for the later ones."""
        do(storage, to_open("1", "c1"))
        for number in range(2, 13):
            do(storage, to_count(str(number), "c1", note=f"note {number}"))
        entries = list(storage.journal(C1))
        assert [entry.seq for entry in entries] == list(range(1, 13))
        assert [entry.command_id for entry in entries] == [str(number) for number in range(1, 13)]
        assert {entry.key for entry in entries} == {C1}
        assert [entry.seq for entry in storage.journal(C1, after=10)] == [11, 12]
        assert list(storage.journal(C1, after=12)) == []

    def test_an_entry_says_who_said_what_and_on_what_it_was_decided(self, storage: Storage) -> None:
        """An entry's document holds the command, the role, the facts and the digests, as plain data."""
        do(storage, to_open("1", "c1"))
        (entry,) = storage.journal(C1)
        document = dict(entry.document)
        assert sorted(document) == sorted(
            ("format", "key", "seq", "command", "role", "facts", "rulebook", "calendar", "alterations")
        )
        assert document["command"] == Codec(TOYS).encode_command(to_open("1", "c1"))
        assert (document["role"], document["facts"]) == ("anybody", None)
        assert (document["rulebook"], document["calendar"]) == (POLICY.rulebook, POLICY.calendar_digest)

    def test_folding_a_journal_gives_what_is_stored(self, storage: Storage) -> None:
        """The alterations alone, as plain data, put the stored aggregate together again."""
        five, nothing = Money("5", "CNY"), Money("0", "CNY")
        do(storage, to_open_holder("1", "h", 3))
        do(storage, to_open("2", "c1", holder="h"), HOLDER)
        do(storage, to_count("3", "c1", marks={"a": five, "b": five}, look_at=instant(3)))
        do(storage, to_count("4", "c1", marks={"a": nothing, "c": five}, look_at=instant(9)))
        do(storage, to_close("5", "c1"), HOLDER)
        storage, codec = self.reopened(storage), Codec(TOYS)
        for key in (C1, HOLDER):
            it = storage.load(key)
            document = folded(storage.journal(key))
            assert document == codec.encode_aggregate(it)
            assert codec.decode_aggregate(key, it.version, document) == it

    def test_what_was_read_is_not_what_is_stored(self, storage: Storage) -> None:
        """Whoever changes what he was given changes nothing in the storage."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", marks={"a": Money("5", "CNY")}))
        before = repr(contents(storage))
        marks: Any = counter_of(storage, C1).marks
        marks.clear()
        for entry in storage.journal(C1):
            document: Any = entry.document
            document.clear()
        assert repr(contents(storage)) == before

    def test_a_listing_is_in_pages_by_id(self, storage: Storage) -> None:
        """A kind is listed in the order of ids, of one state if asked, on from the last page's end."""
        for number, case in enumerate(("c", "a", "e", "b", "d")):
            do(storage, to_open(str(number), case))
        do(storage, to_open_holder("h", "b2", 1))
        do(storage, to_close("close", "b"))
        kind = Counter.kind
        assert [it.id for it in storage.aggregates(kind)] == ["a", "b", "c", "d", "e"]
        assert [it.id for it in storage.aggregates(kind, limit=2)] == ["a", "b"]
        assert [it.id for it in storage.aggregates(kind, after="b", limit=2)] == ["c", "d"]
        assert [it.id for it in storage.aggregates(kind, after="e")] == []
        assert [it.id for it in storage.aggregates(kind, state="open", after="a", limit=2)] == ["c", "d"]
        assert [it.id for it in storage.aggregates(kind, state="closed")] == ["b"]
        assert [it.id for it in storage.aggregates(Holder.kind)] == ["b2"]

    def test_what_is_due_comes_earliest_first(self, storage: Storage) -> None:
        """Due is what wants to be looked at by then, that instant included, and only its last wish."""
        micro = timedelta(microseconds=1)
        wishes = (("c1", instant(30)), ("c2", instant(10) + micro), ("c3", instant(10)), ("c4", None))
        for case, wish in wishes:
            do(storage, to_open(f"open {case}", case))
            do(storage, to_count(f"count {case}", case, look_at=wish))
        c3 = Key(Counter.kind, "c3")
        assert storage.due(instant(9)) == ()
        assert storage.due(instant(10)) == ((c3, instant(10)),)
        assert storage.due(instant(30)) == ((c3, instant(10)), (C2, instant(10) + micro), (C1, instant(30)))
        assert storage.due(instant(30), limit=1) == ((c3, instant(10)),)
        do(storage, to_count("later", "c3", look_at=instant(50)))
        do(storage, to_count("never", "c2"))
        assert storage.due(instant(60)) == ((C1, instant(30)), (c3, instant(50)))

    def test_postings_come_in_the_order_of_their_commit(self, storage: Storage) -> None:
        """All ledger lines, those of a subject, or those of an account on either side."""
        do(storage, to_open("1", "c1"))
        a, b = a_posting("z", subject="x"), a_posting("y", subject="x", owner="party-2")
        c = a_posting("a", subject="w")
        do(storage, to_count("2", "c1", postings=(a, b)))
        do(storage, to_count("3", "c1", postings=(c,)))
        party, income = Account(AccountKind.RECEIVABLE, "party-1"), Account(AccountKind.INCOME, "desk")
        assert list(storage.postings()) == [a, b, c]
        assert list(storage.postings(subject="x")) == [a, b]
        assert list(storage.postings(account=party)) == [a, c]
        assert list(storage.postings(account=income)) == [a, b, c]
        assert list(storage.postings(subject="x", account=party)) == [a]
        assert list(storage.postings(subject="nothing")) == []

    def test_an_instant_without_an_offset_is_refused(self, storage: Storage) -> None:
        """A naive datetime is never taken for one in UTC."""
        naive = datetime(2026, 1, 31, 8)  # noqa: DTZ001 -- the mistake itself
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"),)))
        with pytest.raises(InvalidValue):
            storage.due(naive)
        with pytest.raises(InvalidValue):
            storage.claim(naive, until=instant(1))
        with pytest.raises(InvalidValue):
            storage.claim(instant(0), until=naive)
        with pytest.raises(InvalidValue):
            storage.settle("m1", at=naive, status=Status.SENT)
        assert claim(storage, 0, until=1) == ["m1"]

    def test_an_instant_beyond_the_calendar_is_refused(self, storage: Storage) -> None:
        """An instant that has no date in UTC is an error of ours, asked or committed; nothing is written."""
        beyond = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8)))
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"),)))
        before = contents(storage)
        with pytest.raises(InvalidValue):
            storage.due(beyond)
        with pytest.raises(InvalidValue):
            storage.claim(beyond, until=beyond)
        with pytest.raises(InvalidValue):
            storage.claim(instant(0), until=beyond)
        with pytest.raises(InvalidValue):
            storage.settle("m1", at=beyond, status=Status.SENT)
        with storage.writing() as writing:
            change = decided(writing, to_count("3", "c1"))
            with pytest.raises(InvalidValue):
                writing.commit(change._replace(wakes=((C1, beyond),)))
        assert contents(storage) == before
        assert claim(storage, 0, until=1) == ["m1"]

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_below_one_is_refused(self, storage: Storage, limit: int) -> None:
        """Asked for nothing, or for less, a storage says so; it gives neither nothing nor everything."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", look_at=instant(0), messages=(a_message("m1"),)))
        with pytest.raises(InvalidValue, match="limit"):
            storage.aggregates(Counter.kind, limit=limit)
        with pytest.raises(InvalidValue, match="limit"):
            storage.due(instant(0), limit=limit)
        with pytest.raises(InvalidValue, match="limit"):
            storage.claim(instant(0), until=instant(1), limit=limit)
        assert claim(storage, 0, until=1, limit=10**30) == ["m1"]

    def test_pages_follow_each_other_without_gaps(self, storage: Storage) -> None:
        """Page after page, of a kind or of one state, gives every aggregate once, in the order of ids."""
        ids = sorted(f"{number * 37 % 101}" for number in range(23))
        do(storage, to_open_holder("h", "5", 1))
        for id in reversed(ids):
            do(storage, to_open(f"open {id}", id))
        closed = set(ids[::3])
        for id in closed:
            do(storage, to_close(f"close {id}", id))
        expected = {None: ids, "closed": sorted(closed), "open": sorted(set(ids) - closed), "gone": []}
        for state, those in expected.items():
            for limit in (1, 4, 22, 23, 24):
                found: list[str] = []
                while page := storage.aggregates(
                    Counter.kind, state=state, after=found[-1] if found else "", limit=limit
                ):
                    assert len(page) <= limit
                    found += [it.id for it in page]
                assert found == those

    def test_ids_are_any_text_in_the_order_of_code_points(self, storage: Storage) -> None:
        """Ids that differ in one code point are two; their order is that of code points, nothing else."""
        for number, id in enumerate(_IDS):
            key = Key(Counter.kind, id)
            do(storage, to_open(f"open {id}", id))
            message, posting = a_message(id, key, to=id, kind=id), a_posting(id, subject=id, owner=f"<{id}>")
            command = to_count(
                f"count {id}",
                id,
                note=f"note {number}",
                look_at=instant(number),
                messages=(message,),
                postings=(posting,),
            )
            do(storage, command)
        storage = self.reopened(storage)
        found: list[str] = []
        while page := storage.aggregates(Counter.kind, after=found[-1] if found else "", limit=3):
            found += [it.id for it in page]
        assert found == sorted(_IDS)
        assert storage.due(instant(len(_IDS))) == tuple(
            (Key(Counter.kind, id), instant(number)) for number, id in enumerate(_IDS)
        )
        for number, id in enumerate(_IDS):
            key = Key(Counter.kind, id)
            assert counter_of(storage, key).log == (f"note {number}",)
            assert [entry.command_id for entry in storage.journal(key)] == [f"open {id}", f"count {id}"]
            assert [each.key for each in storage.postings(subject=id)] == [id]
            assert [each.key for each in storage.postings(account=a_posting(id, owner=f"<{id}>").debit)] == [
                id
            ]
            assert [each.message.key for each in storage.outbox(about=key)] == [id]
            with storage.writing() as writing:
                receipt = writing.receipt(to_open(f"open {id}", id))
            assert receipt == Receipt(command_id=f"open {id}", versions=((key, 1),), repeated=True)

    def test_every_text_comes_back_as_it_was(self, storage: Storage) -> None:
        """Quotes, statements, wildcards, marks and any other text are stored as they are."""

        def about(number: int) -> Key:
            return Key(Counter.kind, f"c{number:02}")

        def message(number: int, text: str) -> Message:
            return replace(a_message(f"m{number}", about(number), to=text), facts=((text, text), ("n", 1)))

        def marks(text: str) -> dict[str, Money]:
            return {text: Money("5", "CNY"), "other": Money("1", "CNY")}

        for number, text in enumerate(_IDS):
            case = about(number).id
            do(storage, to_open(f"open {number}", case))
            told = (message(number, text),)
            do(storage, to_count(f"count {number}", case, note=text, marks=marks(text), messages=told))
            assert claim(storage, 0, until=1) == [f"m{number}"]
            storage.settle(f"m{number}", at=instant(0), status=Status.FAILED, note=text)
        storage = self.reopened(storage)
        for number, text in enumerate(_IDS):
            counter = counter_of(storage, about(number))
            assert (counter.log, counter.marks) == ((text,), marks(text))
            *_, entry = storage.journal(about(number))
            assert entry.document["command"]["note"] == text
            (found,) = storage.outbox(about=about(number))
            assert (found.message, found.note) == (message(number, text), text)

    def test_a_text_with_a_zero_is_stored_or_refused(self, storage: Storage) -> None:
        """U+0000 is stored as any other, or refused as a value, and then nothing was written."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        text = "a\0b"
        about = Key(Counter.kind, text)
        tries: tuple[tuple[Command, Callable[[], bool]], ...] = (
            (to_open("3", text), lambda: storage.load(about).id == text),
            (to_count(text, "c1"), lambda: list(storage.journal(C1))[-1].command_id == text),
            (to_count("4", "c1", note=text), lambda: counter_of(storage, C1).log[-1] == text),
            (
                to_count("5", "c1", messages=(a_message(text, to=text, kind=text),)),
                lambda: list(storage.outbox())[-1].message.key == text,
            ),
            (
                to_count("6", "c1", postings=(a_posting(text, subject=text),)),
                lambda: [each.key for each in storage.postings(subject=text)] == [text],
            ),
        )
        for command, is_there in tries:
            before = contents(storage)
            try:
                do(storage, command)
            except InvalidValue:
                assert contents(storage) == before
            else:
                assert is_there()
        do(storage, to_count("7", "c2", messages=(a_message("m1", C2),)))
        (sent,) = (each for each in storage.outbox(about=C2))
        try:
            storage.settle("m1", at=instant(1), status=Status.FAILED, note=text)
        except InvalidValue:
            assert list(storage.outbox(about=C2)) == [sent]
        else:
            assert outgoing(storage, "m1").note == text

    def test_half_a_surrogate_pair_is_refused(self, storage: Storage) -> None:
        """What is no text in Unicode is an error of ours wherever it stands; nothing is written."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"),)))
        before = contents(storage)
        text = "half \ud800"
        commands: tuple[Command, ...] = (
            to_open("3", text),
            to_count(text, "c1"),
            to_count("4", "c1", note=text),
            to_count("5", "c1", marks={text: Money("5", "CNY")}),
            to_count("6", "c1", messages=(a_message("m2"), a_message(text))),
            to_count("7", "c1", messages=(a_message("m2", to=text),)),
            to_count("8", "c1", postings=(a_posting("p1"), a_posting("p2", subject=text))),
            to_count("9", "c1", postings=(a_posting("p1"), a_posting("p2", owner=text))),
        )
        for command in commands:
            with pytest.raises(InvalidValue):
                do(storage, command)
            assert contents(storage) == before
        with pytest.raises(InvalidValue):
            storage.settle("m1", at=instant(1), status=Status.FAILED, note=text)
        assert contents(storage) == before
        do(storage, to_count("10", "c1"))

    def test_a_long_history_is_read_to_its_end(self, storage: Storage) -> None:
        """More entries, postings and messages than fit in any page come in order, each once."""
        reference = long_history(1234)
        storage.restore(reference.records())
        assert [entry.seq for entry in storage.journal(C1)] == list(range(1, 1235))
        assert [entry.seq for entry in storage.journal(C1, after=7)] == list(range(8, 1235))
        assert [each.key for each in storage.postings(subject="c1")] == [f"p{n}" for n in range(1, 1234)]
        messages = [f"m{number}" for number in range(1, 1234)]
        assert [each.message.key for each in storage.outbox()] == messages
        assert claim(storage, 0, until=1, limit=1000) == messages[:1000]
        assert claim(storage, 0, until=1, limit=1000) == messages[1000:]
        assert list(storage.records())[:1235] == reference.records()[:1235]
        assert folded(storage.journal(C1)) == Codec(TOYS).encode_aggregate(storage.load(C1))

    # --- when to look again ---------------------------------------------------------------------

    def test_what_is_due_at_once_is_worked_through_in_batches(self, storage: Storage) -> None:
        """Of many that are due at one instant each comes once, if each is done with before the next."""
        keys = [Key(Counter.kind, f"c{number}") for number in range(10)]
        for key in keys:
            do(storage, to_open(f"open {key.id}", key.id))
            do(storage, to_count(f"count {key.id}", key.id, look_at=instant(1)))
        seen: list[Key] = []
        while batch := storage.due(instant(1), limit=3):
            assert [at for _, at in batch] == [instant(1)] * len(batch)
            for key, _ in batch:
                do(storage, to_count(f"done {key.id}", key.id))
                seen.append(key)
            assert len(seen) <= len(keys)
        assert sorted(seen) == keys

    def test_wakes_are_those_that_the_lifecycles_say(self, storage: Storage) -> None:
        """After any history each aggregate is due when its lifecycle says it from its value alone."""
        live(Reference(), storage)
        storage = self.reopened(storage)
        expected = {
            it.key: TOYS.named(kind).next_wake(it, POLICY)
            for kind in (Counter.kind, Holder.kind, Series.kind)
            for it in storage.aggregates(kind, limit=10**6)
        }
        found = _wakes(storage)
        assert found == {key: wake for key, wake in expected.items() if wake is not None}
        assert 0 < len(found) < len(expected)

    def test_wrong_wakes_are_put_right(self, storage: Storage) -> None:
        """Wakes are kept as they are given, for aggregates that are at that version; the count is true."""
        reference = Reference()
        live(reference, storage)
        right = _wakes(storage)
        before = contents(storage)
        keys = {it.key: it.version for it in reference.values.values()}
        wrong = [(key, version, None if key in right else instant(3)) for key, version in keys.items()]
        assert storage.reschedule(iter(wrong)) == len(wrong)
        storage = self.reopened(storage)
        assert _wakes(storage) == {key: instant(3) for key in keys if key not in right}
        assert storage.reschedule(iter(wrong)) == 0
        again = [(key, version, right.get(key)) for key, version in keys.items()]
        assert storage.reschedule(iter(again[1:])) == len(keys) - 1
        assert storage.reschedule(iter(again)) == 1
        assert contents(self.reopened(storage)) == before

    def test_a_wake_of_an_outdated_version_is_ignored(self, storage: Storage) -> None:
        """Somebody acted meanwhile: the wake that came of it stays; so does one of what is not there."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        do(storage, to_count("3", "c1", look_at=instant(7)))
        before = contents(storage)
        old = ((C1, 1, instant(1)), (C1, 3, instant(1)), (Key(Counter.kind, "c3"), 1, instant(1)))
        assert storage.reschedule(old) == 0
        assert contents(storage) == before
        assert storage.reschedule(((C1, 1, None), (C2, 1, instant(2)), (C1, 2, instant(9)))) == 2
        assert storage.due(instant(10)) == ((C2, instant(2)), (C1, instant(9)))

    def test_wakes_are_changed_all_or_none(self, storage: Storage) -> None:
        """If what gives the wakes breaks off, or one of them is no instant, none was changed."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        before = contents(storage)
        wakes = ((C1, 1, instant(1)), (C2, 1, instant(2)))
        with pytest.raises(FaultError):
            storage.reschedule(breaking(wakes, 1))
        assert contents(storage) == before
        with pytest.raises(InvalidValue):
            storage.reschedule((wakes[0], (C2, 1, datetime(2026, 1, 31, 8))))  # noqa: DTZ001 -- the mistake
        assert contents(storage) == before
        self.check_faults(storage, lambda: _compare(storage.reschedule(wakes), 2))
        assert storage.due(instant(2)) == ((C1, instant(1)), (C2, instant(2)))


def _compare(found: int, expected: int) -> None:
    assert found == expected
