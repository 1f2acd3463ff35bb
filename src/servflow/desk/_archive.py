"""All that is stored as lines of JSON, and back: the same bytes from whatever storage they come.

1. The first line says that it is an archive and of which format; then comes one record a line, in the
   order of ``Storage.records``; the last line counts them and has the SHA-256 of all lines before it.
2. A line is canonical JSON (``servflow.codec.canonical``) and ends with a line feed. The document of a
   record stands in it as JSON, not as a text.
3. What is taken in has passed the audit. All of it is taken in, or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from reprlib import repr as shown
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from servflow.codec import Codec, canonical, read
from servflow.core.errors import DamagedRecord, InvalidArchive, InvalidValue, Problem
from servflow.core.lifecycle import Lifecycles
from servflow.core.ports import Storage
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
)
from servflow.desk._audit import auditing, name_of

__all__ = ["ARCHIVE_FORMAT", "MOST_PROBLEMS", "export", "restore"]

ARCHIVE_FORMAT: Final = 1
"""The number of the form in which an archive is written. Every earlier one is taken in for ever."""

MOST_PROBLEMS: Final = 100
"""How many mistakes of an archive are named."""

_KINDS: Final[Mapping[str, type[Record]]] = {
    "aggregate": AggregateRecord,
    "entry": EntryRecord,
    "receipt": ReceiptRecord,
    "posting": PostingRecord,
    "message": MessageRecord,
}
_NONE: Final = dict.fromkeys(_KINDS, 0)
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_PLAIN: Final = Codec(Lifecycles())  # columns are core values; no lifecycle is needed for them
_NO_LINE: Final = object()
_HEADER: Final = {"servflow": "archive", "format": ARCHIVE_FORMAT}


_HINTS: Final = {kind: get_type_hints(kind) for kind in _NAMES}


# --- out ------------------------------------------------------------------------------------------


def export(records: Iterable[Record], write: Callable[[bytes], object]) -> int:
    """Write ``records``, which are all that a storage has, as an archive, line by line. Their number.

    Raises:
        DamagedRecord: one of them is not as servflow writes it; the audit says what is wrong. What
            was written until then is no whole archive, and is not taken in.
    """
    digest = sha256()
    counts: Counter[str] = Counter()

    def put(document: dict[str, Any]) -> None:
        line = canonical(document).encode() + b"\n"
        digest.update(line)
        write(line)

    put(_HEADER)
    for record in records:
        put(_line(record))
        counts[_NAMES[type(record)]] += 1
    put({"servflow": "end", "counts": {**_NONE, **counts}, "sha256": digest.hexdigest()})
    return counts.total()


def _line(record: Record) -> dict[str, Any]:
    columns = record._asdict()
    try:
        document = {name: _PLAIN.encode(value) for name, value in columns.items() if name != "document"}
        if "document" in columns:
            document["document"] = read(columns["document"])
        document["record"] = _NAMES[type(record)]
        again = _record(document)
    except (InvalidValue, TypeError, AttributeError) as error:
        raise DamagedRecord(name_of(record), str(error), "one that servflow wrote; run the audit") from None
    if again != record:
        wrong = ", ".join(name for name in columns if getattr(again, name) != columns[name])
        raise DamagedRecord(name_of(record), f"another form of {wrong}", "that of servflow; run the audit")
    return document


# --- in -------------------------------------------------------------------------------------------


def _record(document: Any) -> Record:
    """The record of a line.

    Raises:
        InvalidValue: it is none.
    """
    named = document.get("record") if isinstance(document, dict) else document
    if type(named) is not str or named not in _KINDS:
        raise InvalidValue("record", named, "one of " + ", ".join(_KINDS))
    kind: Any = _KINDS[named]
    hints = _HINTS[kind]
    for name in sorted(document.keys() - hints.keys() - {"record"}):
        raise InvalidValue(name, "an unknown field", "one of " + ", ".join(hints))
    values: dict[str, Any] = {}
    for name, hint in hints.items():
        if name not in document:
            raise InvalidValue(name, "nothing", "a value; the field is missing")
        if name == "document":
            values[name] = canonical(document[name])
            continue
        values[name] = _column(name, document[name], hint)
    made: Record = kind(**values)
    return made


def _column(name: str, value: Any, hint: Any) -> Any:
    if get_origin(hint) is UnionType:  # of something and nothing
        if value is None:
            return None
        hint = get_args(hint)[0]
    try:
        return _PLAIN.decode(value, hint)
    except InvalidValue as error:
        raise InvalidValue(name, error.found, error.expected) from None


def restore(lifecycles: Lifecycles, storage: Storage, lines: Iterable[bytes]) -> int:
    """Take an archive into a storage in which nothing is stored yet. The number of records.

    ``lines`` are read as they come, once. Everything that the audit would find is a mistake of the
    archive, too; the first ``MOST_PROBLEMS`` of all mistakes are named.

    Raises:
        InvalidArchive: it has mistakes; each is named, with its line.
        AlreadyExists: something is stored there already.
        InvalidValue: the storage cannot hold a text or a number of it.
        StorageFull, StorageBusy: as ``Storage.restore``.
        In every case nothing was taken in.
    """
    return storage.restore(_Reading(lines).records(lifecycles))


class _Reading:
    """An archive as it is read: its mistakes so far, and what its last line has to say."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._n = 0
        self._problems: list[Problem] = []
        self._digest = sha256()
        self._counts: Counter[str] | None = Counter()  # None: there were lines that are no records

    def records(self, lifecycles: Lifecycles) -> Iterator[Record]:
        """The records as long as there is no mistake; after the last one, what is wrong.

        Raises:
            InvalidArchive: something is.
        """
        self._header()
        with auditing(lifecycles) as auditor:
            for record in self._read():
                for n, problem in auditor.of(self._n, record):
                    self._add(n, problem.where, problem.found, problem.expected)
                if not self._problems:
                    yield record
            for n, problem in auditor.end():
                self._add(n, problem.where, problem.found, problem.expected)
        if self._problems:
            raise InvalidArchive("archive", self._problems)

    def _add(self, n: int, where: str, found: str, expected: str) -> None:
        self._problems.append(Problem(f"line {n}, {where}" if where else f"line {n}", found, expected))
        if len(self._problems) == MOST_PROBLEMS:
            found = f"{MOST_PROBLEMS} mistakes up to here"
            more = Problem(f"line {self._n}", found, "fewer; what comes after was not looked at")
            raise InvalidArchive("archive", [*self._problems, more])

    def _header(self) -> None:
        line = self._line()
        document = None if line is None else self._document(line)
        if not isinstance(document, dict) or document.get("servflow") != "archive":
            found = "nothing" if line is None else shown(line)
            raise InvalidArchive("archive", [Problem("line 1", found, "the first line of an archive")])
        assert line is not None
        self._digest.update(line)
        if document != _HEADER:
            found = f"format {shown(document.get('format'))}"
            expected = f"format {ARCHIVE_FORMAT}, or an earlier one from 1 on"
            raise InvalidArchive("archive", [Problem("line 1", found, expected)])

    def _line(self) -> bytes | None:
        line = next(self._lines, None)
        self._n += line is not None
        return line

    def _document(self, line: bytes) -> Any:
        """What a line says; ``_NO_LINE``, and a mistake, where it is none of an archive."""
        try:
            document = read(line)
            if canonical(document).encode() + b"\n" == line:
                return document
            found = shown(line[-20:]) if not line.endswith(b"\n") else "another text of the same data"
            self._add(self._n, "", found, "canonical JSON and a line feed")
        except InvalidValue as error:
            self._add(self._n, "", shown(error.found), error.expected)
        except RecursionError:
            self._add(self._n, "", "data within data without end", "a record")
        return _NO_LINE

    def _read(self) -> Iterator[Record]:
        """Every record that is one, up to the last line, which is checked."""
        while (line := self._line()) is not None:
            document = self._document(line)
            if isinstance(document, dict) and document.get("servflow") == "end":
                self._end(document)
                return
            self._digest.update(line)
            try:
                record = _record(document)
            except InvalidValue as error:
                self._counts = None
                if document is not _NO_LINE:
                    self._add(self._n, error.field, shown(error.found), error.expected)
                continue
            if self._counts is not None:
                self._counts[_NAMES[type(record)]] += 1
            yield record
        self._n += 1
        self._add(self._n, "", "the end of the file", "more: the last line of an archive counts the others")

    def _end(self, document: dict[str, Any]) -> None:
        counts = document.get("counts") if self._counts is None else {**_NONE, **self._counts}
        due = {"counts": counts, "servflow": "end", "sha256": self._digest.hexdigest()}
        for name in sorted(document.keys() | due.keys()):
            if document.get(name) != due.get(name):
                expected = f"{due.get(name, 'no such field')}, as of the lines before"
                self._add(self._n, name, shown(document.get(name)), expected)
        if self._line() is not None:
            self._add(self._n, "", "more", "the end of the file")
