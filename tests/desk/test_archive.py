"""Archives: the same bytes from whatever storage; what is not one, is none, and nothing of it is taken in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres import Server
from stored import archive_of, edited, sayings, tell, toy_story
from test_loan_histories import History
from test_loan_histories import sayings as loan_sayings

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec, canonical
from servflow.core.changes import Key
from servflow.core.errors import AlreadyExists, DamagedRecord, InvalidArchive, StorageFull
from servflow.core.ill import ILL
from servflow.core.lifecycle import Lifecycles
from servflow.core.ports import Status, Storage
from servflow.core.records import MessageRecord, Record
from servflow.desk import export, restore
from servflow.testing.toys import TOYS

CODEC: Final = Codec(TOYS)


def _taken_in(archive: bytes, storage: Storage, lifecycles: Lifecycles = TOYS) -> int:
    return restore(lifecycles, storage, BytesIO(archive))


@pytest.fixture(scope="module")
def archive() -> bytes:
    """The story of the toys, with mail in every state."""
    storage = MemoryStorage(CODEC)
    toy_story(storage)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    storage.claim(at, until=at + timedelta(days=9), limit=2)  # two are being sent, and stay so
    return archive_of(storage)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """A storage in which nothing is stored."""
    if request.param == "memory":
        yield MemoryStorage(CODEC)
    elif request.param == "sqlite":
        with closing(SqliteStorage(tmp_path / "desk.db", CODEC)) as storage:
            yield storage
    else:
        from servflow.adapters.storage_sqlalchemy import PostgresStorage

        server: Server = request.getfixturevalue("postgres_server")
        with server.database() as url, closing(PostgresStorage(url, CODEC)) as storage:
            yield storage


# --- out and in -----------------------------------------------------------------------------------


def test_the_same_bytes_again(archive: bytes, empty: Storage) -> None:
    """What is taken into another storage is written from there as the same bytes."""
    count = _taken_in(archive, empty)

    assert count == archive.count(b"\n") - 2
    assert archive_of(empty) == archive


def test_everything_of_a_message_goes_along(archive: bytes) -> None:
    """Claims, what overtakes, attempts and notes are in it: whoever takes over knows what was being sent."""
    storage = MemoryStorage(CODEC)
    _taken_in(archive, storage)
    messages = [each for each in storage.records() if isinstance(each, MessageRecord)]

    assert {each.status for each in messages} >= {
        Status.PENDING,
        Status.SENT,
        Status.FAILED,
        Status.WITHDRAWN,
    }
    assert any(each.claimed_until for each in messages)
    assert any(each.attempts for each in messages)
    assert any(each.note for each in messages)


@given(st.lists(sayings, max_size=20))
@settings(max_examples=30)
def test_any_history_of_toys(tmp_path_factory: pytest.TempPathFactory, history: list[Any]) -> None:
    """Whatever was said, it comes over whole: the same records, in the same order."""
    storage, other = MemoryStorage(CODEC), MemoryStorage(CODEC)
    tell(storage, history)
    written = archive_of(storage)
    _taken_in(written, other)
    with closing(SqliteStorage(tmp_path_factory.mktemp("any") / "desk.db", CODEC)) as third:
        _taken_in(archive_of(other), third)
        assert archive_of(third) == written
        assert list(third.records()) == list(storage.records())


@given(st.lists(loan_sayings, max_size=12))
@settings(max_examples=5)
def test_any_history_of_loans(history: list[Any]) -> None:
    """The same of the lending desk; what is taken in goes on as if nothing had happened."""
    told = History()
    for saying in history:
        told.say(saying)
    other = MemoryStorage(Codec(ILL))
    _taken_in(archive_of(told.desk.storage), other, ILL)
    before = told.desk.contents()
    told.desk.storage = other

    assert told.desk.contents() == before
    told.desk.prove()


def test_how_an_archive_looks(archive: bytes) -> None:
    """A header, a record a line as canonical JSON with its document as JSON, counts and checksum at the end."""
    lines = archive.splitlines(keepends=True)
    documents = [json.loads(line) for line in lines]

    assert documents[0] == {"servflow": "archive", "format": 1}
    assert [canonical(document).encode() + b"\n" for document in documents] == lines
    assert {type(each["document"]) for each in documents[1:-1] if each["record"] != "receipt"} == {dict}
    kinds = [each["record"] for each in documents[1:-1]]
    assert documents[-1] == {
        "servflow": "end",
        "counts": {
            kind: kinds.count(kind) for kind in ("aggregate", "entry", "receipt", "posting", "message")
        },
        "sha256": sha256(b"".join(lines[:-1])).hexdigest(),
    }


def test_nothing_stored_is_an_archive() -> None:
    """Of an empty storage it is two lines, which another empty one takes."""
    written = archive_of(MemoryStorage(CODEC))

    assert written.count(b"\n") == 2
    assert _taken_in(written, MemoryStorage(CODEC)) == 0


def test_records_pass_one_by_one(archive: bytes) -> None:
    """Neither way is everything held at once: each record is written, or stored, before the next is read."""
    storage = MemoryStorage(CODEC)
    _taken_in(archive, storage)
    read, written = [0], [0]

    def records() -> Iterator[Record]:
        for record in storage.records():
            read[0] += 1
            yield record

    def write(_: bytes) -> None:
        written[0] += 1
        assert read[0] in (written[0] - 1, written[0] - 2)

    export(records(), write)
    lines = iter(archive.splitlines(keepends=True))
    taken = [0]

    class Watching(MemoryStorage):
        def restore(self, records: Any) -> int:
            for n, _ in enumerate(records, start=1):
                taken[0] = n
                assert len(list_of_lines) - n == 1
            return taken[0]

    list_of_lines: list[bytes] = []

    def watched() -> Iterator[bytes]:
        for line in lines:
            list_of_lines.append(line)
            yield line

    assert restore(TOYS, Watching(CODEC), watched()) == archive.count(b"\n") - 2


# --- what is none ---------------------------------------------------------------------------------


def _sealed(lines: list[bytes]) -> bytes:
    """Lines with a last one that fits them: what is wrong with them is not found by the checksum."""
    counts = dict.fromkeys(("aggregate", "entry", "receipt", "posting", "message"), 0)
    for line in lines[1:]:
        try:
            counts[json.loads(line)["record"]] += 1
        except (KeyError, TypeError, ValueError):
            continue
    end = {"servflow": "end", "counts": counts, "sha256": sha256(b"".join(lines)).hexdigest()}
    return b"".join(lines) + canonical(end).encode() + b"\n"


def _changed(archive: bytes, record: str, change: Callable[[dict[str, Any]], object]) -> tuple[bytes, int]:
    """An archive of which the first record of a kind was changed, and sealed again; and its line."""
    lines = archive.splitlines(keepends=True)[:-1]
    n = next(n for n, line in enumerate(lines) if json.loads(line).get("record") == record)
    document = json.loads(lines[n])
    change(document)
    lines[n] = canonical(document).encode() + b"\n"
    return _sealed(lines), n + 1


CHANGES: Final[dict[str, tuple[str, Callable[[dict[str, Any]], object], str]]] = {
    "an unknown record": ("entry", lambda it: it.update(record="page"), "record"),
    "a record of no kind": ("entry", lambda it: it.pop("record"), "record"),
    "a wrong type": ("entry", lambda it: it.update(seq="1"), "seq"),
    "a version that is true": ("aggregate", lambda it: it.update(version=True), "version"),
    "a missing field": ("message", lambda it: it.pop("note"), "note"),
    "one field more": ("posting", lambda it: it.update(colour="red"), "colour"),
    "an instant without an offset": (
        "message",
        lambda it: it.update(changed_at="2026-01-01T00:00:00"),
        "changed_at",
    ),
    "a day that is none": ("posting", lambda it: it.update(value_date="2026-02-30"), "value_date"),
    "an unknown status": ("message", lambda it: it.update(status="lost"), "status"),
    "a column that is another one": ("posting", lambda it: it.update(minor=99), "posting 7R/1/fee/6, minor"),
    "a document that is a text": (
        "aggregate",
        lambda it: it.update(document="{}"),
        "aggregate toy.counter 17R/1, document",
    ),
    "a journal that folds to something else": (
        "aggregate",
        lambda it: it["document"].update(count=99),
        "aggregate toy.counter 17R/1, document, count",
    ),
    "a journal that does not fold": (
        "entry",
        lambda it: it["document"].update(alterations=[["drop", "marks", "x"]]),
        "entry 1 of toy.counter 17R/1, alterations",
    ),
    "an aggregate of no lifecycle": (
        "aggregate",
        lambda it: it["key"].update(kind="toy.abacus"),
        "aggregate toy.abacus 17R/1",
    ),
    "another fingerprint": (
        "receipt",
        lambda it: it.update(fingerprint="f"),
        "receipt clock/17R/1, fingerprint",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_record_that_is_not_right(archive: bytes, empty: Storage, what: str) -> None:
    """Each mistake is named with its line, and nothing is taken in."""
    record, change, where = CHANGES[what]
    wrong, line = _changed(archive, record, change)
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(wrong, empty)

    assert f"line {line}, {where}" in [problem.where for problem in caught.value.problems]
    assert list(empty.records()) == []


LINES: Final[dict[str, tuple[Callable[[list[bytes]], object], str]]] = {
    "no JSON": (lambda lines: lines.__setitem__(3, b"{nonsense\n"), "line 4"),
    "no Unicode": (lambda lines: lines.__setitem__(3, b'{"a":"\xff"}\n'), "line 4"),
    "a fraction": (lambda lines: lines.__setitem__(3, b'{"a":1.5}\n'), "line 4"),
    "an empty line": (lambda lines: lines.insert(3, b"\n"), "line 4"),
    "a list": (lambda lines: lines.insert(3, b"[]\n"), "line 4, record"),
    "another form": (lambda lines: lines.__setitem__(3, lines[3].replace(b",", b", ", 1)), "line 4"),
    "carriage returns": (lambda lines: lines.__setitem__(3, lines[3].replace(b"\n", b"\r\n")), "line 4"),
    "two in each other's place": (
        lambda lines: lines.__setitem__(slice(2, 4), [lines[3], lines[2]]),
        "line 4, entry 1 of toy.counter 17R/1",
    ),
    "one twice": (lambda lines: lines.insert(3, lines[2]), "line 4, entry 1 of toy.counter 17R/1"),
    "a message twice": (
        lambda lines: lines.append(lines[-1]),
        "message",
    ),
    "an entry without its aggregate": (lambda lines: lines.pop(1), "line 2, entry 1 of toy.counter 17R/1"),
    "an aggregate without an entry": (
        lambda lines: lines.pop(2),
        "line 3, aggregate toy.counter 17R/1, journal",
    ),
}


@pytest.mark.parametrize("what", LINES)
def test_a_line_that_is_not_right(archive: bytes, what: str) -> None:
    """So is what is no line of an archive, or stands where it does not belong."""
    change, where = LINES[what]
    lines = archive.splitlines(keepends=True)[:-1]
    change(lines)
    storage = MemoryStorage(CODEC)
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(_sealed(lines), storage)

    places = [problem.where for problem in caught.value.problems]
    assert (
        where in places if where != "message" else any(", message toy.counter" in place for place in places)
    )
    assert list(storage.records()) == []


@pytest.mark.parametrize("share", range(1, 10))
def test_one_that_was_cut_short(archive: bytes, share: int) -> None:
    """An archive that ends too early is found out, wherever it ends."""
    storage = MemoryStorage(CODEC)
    with pytest.raises(InvalidArchive, match="expected"):
        _taken_in(archive[: len(archive) * share // 10], storage)
    whole = b"".join(archive.splitlines(keepends=True)[:-share])
    with pytest.raises(InvalidArchive, match="the end of the file"):
        _taken_in(whole, storage)

    assert list(storage.records()) == []


def test_one_that_was_edited(archive: bytes) -> None:
    """A change that leaves everything in its place is found by the checksum alone."""
    wrong = archive.replace(b'"note":""', b'"note":"x"', 1)
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(wrong, MemoryStorage(CODEC))

    (problem,) = caught.value.problems
    assert problem.where == f"line {archive.count(chr(10).encode())}, sha256"


def test_the_end_counts(archive: bytes) -> None:
    """Wrong counts, something more in the last line, and anything behind it are mistakes."""
    *lines, last = archive.splitlines(keepends=True)
    end = json.loads(last)
    end["counts"]["entry"] += 1
    end["by"] = "somebody"
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(b"".join([*lines, canonical(end).encode(), b"\n", b"\n"]), MemoryStorage(CODEC))

    n = len(lines) + 1
    places = [problem.where for problem in caught.value.problems]
    assert places == [f"line {n}, by", f"line {n}, counts", f"line {n + 1}"]


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (b'{"format":2,"servflow":"archive"}\n', "format 2"),
        (b'{"format":"1","servflow":"archive"}\n', "format '1'"),
        (b'{"format":1,"servflow":"ledger"}\n', "b'"),
        (b"PK\x03\x04", "b'PK"),
        (b"", "nothing"),
    ],
)
def test_no_archive_at_all(archive: bytes, first: bytes, found: str) -> None:
    """A newer format, or another file, is said to be so, and not read any further."""
    rest = archive.splitlines(keepends=True)[1:] if first else []
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(first + b"".join(rest), MemoryStorage(CODEC))

    (problem,) = caught.value.problems
    assert problem.where == "line 1"
    assert problem.found.startswith(found)


def test_only_so_many_mistakes(archive: bytes) -> None:
    """A file of nothing but mistakes is not read to its end: it is said that there are more."""
    lines = archive.splitlines(keepends=True)[:-1] + [b"[]\n"] * 1000
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(_sealed(lines), MemoryStorage(CODEC))

    assert len(caught.value.problems) == 101
    assert "was not looked at" in caught.value.problems[-1].expected


def test_all_mistakes_at_once(archive: bytes) -> None:
    """One mistake does not hide another, in whatever part of the file."""
    lines = archive.splitlines(keepends=True)[:-1]
    lines[3] = b"{}\n"
    lines[-1] = lines[-1].replace(b'"attempts":0', b'"attempts":-1')
    with pytest.raises(InvalidArchive) as caught:
        _taken_in(_sealed(lines), MemoryStorage(CODEC))

    places = [problem.where for problem in caught.value.problems]
    assert places[0] == "line 4, record"
    assert any(place.startswith(f"line {len(lines)}, message") for place in places)


JUNK: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    2**70,
    "",
    "x",
    "7R",
    [],
    {},
    [[]],
    {"kind": "toy.counter", "id": "x"},
)


def _put(value: Any, chance: Random) -> Any:
    """The same data with something else somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.7:
        name = chance.choice(sorted(value))
        return {**value, name: _put(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        n = chance.randrange(len(value))
        return [*value[:n], _put(value[n], chance), *value[n + 1 :]]
    return chance.choice(JUNK)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_stands_in_it(archive: bytes, seed: int) -> None:
    """With anything in the place of anything, an archive is taken in as it is, or it is said to be none."""
    chance = Random(seed)
    for _ in range(25):
        lines = archive.splitlines(keepends=True)[:-1]
        n = chance.randrange(1, len(lines))
        lines[n] = canonical(_put(json.loads(lines[n]), chance)).encode() + b"\n"
        storage = MemoryStorage(CODEC)
        with suppress(InvalidArchive):
            _taken_in(_sealed(lines), storage)

            assert archive_of(storage) == _sealed(lines)
            continue
        assert list(storage.records()) == []


@given(st.integers(0, 9_999), st.binary(max_size=4), st.integers(0, 4))
@settings(max_examples=100)
def test_whatever_bytes_are_in_it(archive: bytes, place: int, inserted: bytes, left_out: int) -> None:
    """A file in which some bytes are other ones is never taken in."""
    where = len(archive) * place // 10_000
    wrong = archive[:where] + inserted + archive[where + left_out :]
    storage = MemoryStorage(CODEC)
    if wrong != archive:
        with pytest.raises(InvalidArchive):
            _taken_in(wrong, storage)
    assert archive_of(storage).count(b"\n") == 2


def test_data_within_data() -> None:
    """Data nested deeper than anything can be read is a mistake like others."""
    deep = b'{"format":1,"servflow":"archive"}\n' + b"[" * 5000 + b"]" * 5000 + b"\n"
    some = b'{"format":1,"servflow":"archive"}\n' + b"[" * 900 + b"]" * 900 + b"\n"
    for wrong in (deep, some):
        with pytest.raises(InvalidArchive, match="line 2"):
            _taken_in(wrong, MemoryStorage(CODEC))


# --- where it goes --------------------------------------------------------------------------------


def test_a_storage_that_has_something(archive: bytes, empty: Storage) -> None:
    """What is stored already stays as it is: nothing is mixed."""
    _taken_in(archive, empty)
    with pytest.raises(AlreadyExists):
        _taken_in(archive, empty)

    assert archive_of(empty) == archive


def test_another_lifecycle(archive: bytes) -> None:
    """A desk takes in no archive of another one."""
    storage = MemoryStorage(Codec(ILL))
    with pytest.raises(InvalidArchive, match=r"toy\.counter"):
        _taken_in(archive, storage, ILL)

    assert list(storage.records()) == []


def test_a_file_that_ends_in_an_error(archive: bytes, empty: Storage) -> None:
    """What goes wrong with the file itself goes through, and nothing is taken in."""

    def lines() -> Iterator[bytes]:
        yield from archive.splitlines(keepends=True)[:9]
        raise StorageFull("the disk")

    with pytest.raises(StorageFull):
        restore(TOYS, empty, lines())
    assert list(empty.records()) == []


# --- what cannot be written -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            "UPDATE servflow_aggregate SET document = 'nonsense' WHERE id = '7R/1'",
            "aggregate toy.counter 7R/1",
        ),
        ("UPDATE servflow_journal SET document = document || ' ' WHERE id = '7R/1' AND seq = 1", "document"),
        ("UPDATE servflow_aggregate SET wake = 'never' WHERE id = '7R/1'", "aggregate toy.counter 7R/1"),
        (
            "UPDATE servflow_outbox SET status = 'lost' WHERE key = 'toy.counter/7R/1/4'",
            "message toy.counter/7R/1/4",
        ),
        (
            "UPDATE servflow_outbox SET attempts = 'x' WHERE key = 'toy.counter/7R/1/4'",
            "message toy.counter/7R/1/4",
        ),
        ("UPDATE servflow_posting SET value_date = 1 WHERE key = '7R/1/fee/6'", "posting 7R/1/fee/6"),
        (
            "UPDATE servflow_receipt SET document = '[[1,\"a\",1]]' WHERE command_id = 'said-4'",
            "receipt said-4",
        ),
    ],
)
def test_what_is_damaged_is_not_written(tmp_path: Path, edit: str, expected: str) -> None:
    """An archive is never made of what could not be taken in again: the record is named."""
    path = tmp_path / "desk.db"
    with closing(SqliteStorage(path, CODEC)) as storage:
        toy_story(storage)
    edited(path, edit)
    with closing(SqliteStorage(path, CODEC)) as storage, pytest.raises(DamagedRecord) as caught:
        archive_of(storage)

    assert expected in str(caught.value)
    assert "audit" in str(caught.value)


def test_a_key_of_no_text() -> None:
    """Nor is a record whose key is something else."""
    storage = MemoryStorage(CODEC)
    toy_story(storage)
    first = next(storage.records())
    with pytest.raises(DamagedRecord):
        export([first._replace(key=Key("toy.counter", 7))], BytesIO().write)  # type: ignore[call-arg, arg-type]
