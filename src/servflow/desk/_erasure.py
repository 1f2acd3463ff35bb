"""One person taken out of all that is stored: his reference becomes a pseudonym, his texts a mark.

1. His reference is replaced wherever it stands as a whole text, as a whole part of one composed with
   ``/``, or, if it is no number, as a word of several: as actor, recipient, owner of an account, field and
   id of an aggregate, name in a mapping, part of the key of a command, a posting or a message, in a note.
   ``7`` does not touch ``17``, but it does touch a key with a number 7 in it: references look like
   nothing else.
2. The texts that the host knows of him are replaced wherever they stand within a text, in ids, too; but
   not in the ids of commands. Where one stands there, all is left as it is: a command goes by its id.
3. Only texts are changed. A state, an amount, a date, a kind, a role and a digest stay what they are: by
   the class of its values a document is gone through, and as plain data where its class is not known
   any more.
4. Journals go on folding to their documents, since the same is done to both. A receipt knows its command
   by what is stored now: who says the old one again is told ``CommandReused``, and nothing is done twice.
   Only a command whose id had the reference in it is not recognised any more: ids name nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from servflow.codec import canonical, fingerprint, in_utc, read
from servflow.core.changes import Command, Key, Message, Withdrawal
from servflow.core.citations import Clause, Plain, Reason
from servflow.core.errors import AlreadyExists, DamagedRecord, InvalidValue
from servflow.core.fees.charges import Charge
from servflow.core.ledger import Account, Posting
from servflow.core.lifecycle import Lifecycles
from servflow.core.money import Money
from servflow.core.ports import Storage
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
    Status,
)
from servflow.desk._audit import name_of

__all__ = ["ERASED", "Erasure", "erase"]

ERASED: Final = "[erased]"
"""What stands where a text of an erased person stood."""

_NOTE: Final = "withdrawn: its recipient was erased"


@attrs.frozen(kw_only=True)
class Erasure:
    """How many records of each kind were rewritten, and how many messages are not sent any more for it."""

    aggregates: int = 0
    entries: int = 0
    receipts: int = 0
    postings: int = 0
    messages: int = 0
    withdrawn: int = 0


def erase(
    lifecycles: Lifecycles,
    storage: Storage,
    ref: str,
    *,
    pseudonym: str,
    at: datetime,
    texts: Collection[str] = (),
    facts: type | dict[str, type] | None = None,
) -> Erasure:
    """Put ``pseudonym`` in the place of the party ``ref``, and ``ERASED`` in that of its ``texts``.

    ``pseudonym`` is a fresh opaque id without ``/``. ``texts`` are compared sign by sign: another
    spelling is another text. Messages that wait for the party are withdrawn at ``at``; one that is
    being sent at this moment may still arrive. ``facts`` is the class of the facts that commands are
    decided on, or the class for each lifecycle by its name. A reference that stands nowhere as a
    party's is not replaced. A second time there is nothing left to do. The host's own records, and what
    has left by mail, are the host's to erase.

    Raises:
        InvalidValue: a reference or a text is blank, a pseudonym or a text would come back by what
            takes its place, a text is part of what cannot be replaced (an amount, a kind), or two
            names would become one.
        AlreadyExists: the pseudonym is in use, or an id or a key that comes of it is.
        DamagedRecord: a record cannot be read; the audit says what is wrong.
        StorageBusy, StorageFull: as every write.
        In every case nothing was erased.
        UnusableStorage: it cannot be written; or all was erased, but what was there before can still
            be read from the disk, as the text says. Once more wipes it.
    """
    erasing = _Erasing(lifecycles, ref, pseudonym, texts, in_utc("at", at), facts)
    if not any(_is_somebody(record, ref) for record in storage.records()):
        erasing.leave_reference()  # a part of a key, perhaps, but nobody
    storage.rewrite(erasing.containing, erasing.of)
    return erasing.done


# --- by class -------------------------------------------------------------------------------------

_KEPT: Final = (Charge, Clause, Money)
"""Values with nothing of a person in them; a derivation is replayed from the texts in it."""

_WORDS: Final = frozenset(
    {
        (Message, "kind"),
        (Message, "supersedes"),
        (Posting, "kind"),
        (Reason, "code"),
        (Withdrawal, "kinds"),
    }
)
"""Texts of classes that are words of a lifecycle."""

_NAMED: Final = frozenset({(Message, "facts"), (Reason, "facts")})
"""Values by name; the names are words of a lifecycle, too."""


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _some(kind: Any) -> tuple[Any, ...]:
    """The classes of which a value may be, but that of ``None``."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(each for each in get_args(kind) if each is not NoneType)
    return (kind,)


class _Erasing:
    """What takes the place of records, and what was done so far."""

    def __init__(
        self,
        lifecycles: Lifecycles,
        ref: str,
        pseudonym: str,
        texts: Collection[str],
        at: datetime,
        facts: type | dict[str, type] | None,
    ) -> None:
        _check(ref, pseudonym, texts)
        self._models = {lifecycle.name: lifecycle.model for lifecycle in lifecycles}
        self._commands = {each.__name__: each for lifecycle in lifecycles for each in lifecycle.commands}
        self._ref = ref
        self._pseudonym = pseudonym
        self._texts = tuple(sorted(texts, key=len, reverse=True))  # a longer one before what is part of it
        self._at = at
        self._facts = facts
        self._part = _part(ref)
        self._used = _part(pseudonym)
        self._in_words = re.compile(rf"(?<![\w:.-]){re.escape(ref)}(?![\w:-]|\.\w)")
        self._reads_words = not ref.isdecimal()  # among somebody's words a number may be of anything
        self._prints: dict[str, str] = {}  # of commands, before and after
        # A text with an escape in it may be one of these in other signs. Fingerprints come with the
        # entries: the receipt of a command that named the party need not name it itself.
        self.containing = [ref, pseudonym, *self._texts, "\\"]
        self._named = ""  # a record with the reference in it
        self._taken = ""  # one with the pseudonym
        self._done: Counter[str] = Counter()

    def leave_reference(self) -> None:
        """Replace the texts alone."""
        self._part = self._in_words = re.compile(r"(?!)")

    @property
    def done(self) -> Erasure:
        """How much was done."""
        return Erasure(**self._done)

    def of(self, record: Record) -> Record:
        """What takes the place of a record: itself, where there is nothing of the party in it."""
        if not isinstance(record, ReceiptRecord) and not self._concerns(record):
            return record
        try:
            after = self._rewritten(record)
        except InvalidValue:
            raise
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise DamagedRecord(name_of(record), str(error), "one that can be read; run the audit") from error
        if self._named and self._taken:
            raise AlreadyExists("party", self._pseudonym)
        self._check_gone(after)
        if after != record:
            self._done[_COUNTED[type(record)]] += 1
            if isinstance(after, MessageRecord) and after.note == _NOTE != record[-1]:
                self._done["withdrawn"] += 1
        return after

    def _concerns(self, record: Record) -> bool:
        wanted = (self._ref, self._pseudonym, *self._texts)
        document: str = getattr(record, "document", "")
        return "\\" in document or any(part in text for text in _strings(tuple(record)) for part in wanted)

    def _rewritten(self, record: Record) -> Record:
        match record:
            case AggregateRecord():
                document = self._document(record, self._aggregate)
                return record._replace(key=self._key(record.key), document=document)
            case EntryRecord():
                document = self._document(record, self._entry)
                command_id = self._renamed(record.command_id)
                return record._replace(key=self._key(record.key), command_id=command_id, document=document)
            case ReceiptRecord():
                return ReceiptRecord(
                    self._renamed(record.command_id),
                    self._prints.get(record.fingerprint, record.fingerprint),
                    tuple((self._key(key), version) for key, version in record.versions),
                )
            case PostingRecord():
                return record._replace(
                    key=self._text(record.key),
                    subject=self._text(record.subject),
                    debit=self._account(record.debit),
                    credit=self._account(record.credit),
                    document=self._document(record, lambda _, data: self._of(data, Posting)),
                )
            case MessageRecord():
                return self._message(record)

    def _message(self, record: MessageRecord) -> MessageRecord:
        after = record._replace(
            key=self._text(record.key),
            about=self._key(record.about),
            to=self._text(record.to),
            document=self._document(record, lambda _, data: self._of(data, Message)),
            note=self._in_words.sub(lambda _: self._pseudonym, self._text(record.note)),
        )
        if record.status is not Status.PENDING or not self._part.search(record.to):
            return after
        return after._replace(
            status=Status.WITHDRAWN, claimed_until=None, overtaken=None, changed_at=self._at, note=_NOTE
        )

    def _document(
        self,
        record: AggregateRecord | EntryRecord | PostingRecord | MessageRecord,
        rewritten: Callable[[Any, Any], Any],
    ) -> str:
        try:
            before = read(record.document)
        except InvalidValue as error:
            raise DamagedRecord(name_of(record), str(error), "one that can be read; run the audit") from None
        after = rewritten(record, before)
        return record.document if after == before else canonical(after)

    def _aggregate(self, record: AggregateRecord, document: dict[str, Any]) -> dict[str, Any]:
        kinds = self._fields(record.key)
        return {name: self._of(value, kinds.get(name, Any)) for name, value in document.items()}

    def _fields(self, key: Key) -> Mapping[str, Any]:
        model: Any = self._models.get(key.kind)
        return {} if model is None else _hints(model)

    def _facts_of(self, key: Key) -> Any:
        kind = self._facts.get(key.kind) if isinstance(self._facts, dict) else self._facts
        return Any if kind is None else kind

    def _entry(self, record: EntryRecord, document: dict[str, Any]) -> dict[str, Any]:
        kinds = self._fields(record.key)
        command = self._command(document["command"])
        if command != document["command"]:
            before = fingerprint(document["command"])
            self._prints[before] = fingerprint(command)
            self.containing.append(before)
        return {
            **document,
            "key": self._of(document["key"], Key),
            "command": command,
            "facts": self._of(document["facts"], self._facts_of(record.key)),
            "alterations": [
                self._alteration(alteration, kinds.get(alteration[1], Any))
                for alteration in document["alterations"]
            ],
        }

    def _command(self, document: dict[str, Any]) -> dict[str, Any]:
        kind: Any = self._commands.get(document["command"], Command)
        kinds = _hints(kind)
        after = {name: self._of(value, kinds.get(name, Any)) for name, value in document.items()}
        return {**after, "command": document["command"], "id": self._renamed(document["id"])}

    def _alteration(self, alteration: list[Any], kind: Any) -> list[Any]:
        match alteration:
            case ["put", field, name, value]:
                (mapping,) = _some(kind)
                part = get_args(mapping)[1] if get_args(mapping) else Any
                return ["put", field, self._text(name), self._of(value, part)]
            case ["drop", field, name]:
                return ["drop", field, self._text(name)]
            case [how, field, value]:
                return [how, field, self._of(value, kind)]
        raise TypeError(f"{alteration} is no alteration")

    def _of(self, value: Any, kind: Any) -> Any:
        """Plain data of a value of ``kind``, or of any, with its texts replaced."""
        if kind is Any:
            return self._any(value)
        kinds = _some(kind)
        if len(kinds) > 1:
            return self._choice(value, kinds)
        (kind,) = kinds
        origin, parts = get_origin(kind), get_args(kind)
        if value is None or kind in _KEPT:
            return value
        if kind is str:
            return self._text(value)
        if kind is Account:
            return self._account(value)
        if kind is Key:
            return {"kind": value["kind"], "id": self._text(value["id"])}
        if origin is tuple:
            each = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
            return [self._of(part, of) for part, of in zip(value, each, strict=False)]
        if parts and len(parts) == 2:  # noqa: PLR2004 -- a mapping
            return self._mapping(value, parts[1])
        return self._object(value, kind) if is_dataclass(kind) else value

    def _object(self, document: dict[str, Any], kind: Any) -> dict[str, Any]:
        kinds = _hints(kind)
        result = {}
        for name, value in document.items():
            if (kind, name) in _WORDS:
                result[name] = value
            elif (kind, name) in _NAMED:
                result[name] = [[word, self._of(part, Plain)] for word, part in value]
            else:
                result[name] = self._of(value, kinds.get(name, Any))
        return result

    def _choice(self, value: Any, kinds: Collection[Any]) -> Any:
        if isinstance(value, str) and str in kinds:
            return self._text(value)
        if isinstance(value, dict) and value.keys() == {"account"}:
            return {"account": self._account(value["account"])}
        return value

    def _mapping(self, value: dict[str, Any], kind: Any) -> dict[str, Any]:
        result = {self._text(name): self._of(part, kind) for name, part in value.items()}
        if len(result) < len(value):
            raise InvalidValue("texts", sorted(value), "texts that leave names different that are so")
        return result

    def _any(self, value: Any) -> Any:
        """What is of no class that is known; exact numbers are left as they are."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._any(part) for part in value]
        if isinstance(value, dict) and value.keys() != {"amount", "currency"}:
            return self._mapping(value, Any)
        return value

    # --- texts ------------------------------------------------------------------------------------

    def _renamed(self, text: str) -> str:
        """With the pseudonym in the place of the reference, and nothing else: a command goes by its id."""
        if self._used.search(text):
            self._taken = text
        after = self._part.sub(lambda _: self._pseudonym, text)
        if after != text:
            self._named = text
        return after

    def _text(self, text: str) -> str:
        after = self._renamed(text)
        if self._reads_words and any(map(str.isspace, text)):
            after = self._in_words.sub(lambda _: self._pseudonym, after)
        for each in self._texts:
            after = after.replace(each, ERASED)
        return after

    def _key(self, key: Key) -> Key:
        return Key(key.kind, self._text(key.id))

    def _account(self, text: str) -> str:
        kind, mark, owner = text.partition("/")
        return f"{kind}{mark}{self._text(owner)}"

    def _check_gone(self, record: Record) -> None:
        """Nothing of the texts is left: where one is part of something else, all of it stays as it was."""
        parts: dict[str, Any] = record._asdict()
        parts.pop("fingerprint", None)
        if "document" in parts:
            parts["document"] = read(parts["document"])
            if isinstance(record, EntryRecord):
                for digest in ("rulebook", "calendar"):
                    parts["document"].pop(digest, None)
        for text in _strings(tuple(parts.values())):
            for each in self._texts:
                if each in text:
                    expected = (
                        f"a text that is no part of what cannot be replaced; {name_of(record)} has {text!r}"
                    )
                    raise InvalidValue("texts", each, expected)


_COUNTED: Final = {
    AggregateRecord: "aggregates",
    EntryRecord: "entries",
    ReceiptRecord: "receipts",
    PostingRecord: "postings",
    MessageRecord: "messages",
}


def _is_somebody(record: Record, ref: str) -> bool:
    """Whether the reference stands in a record where a party does: not in a key only."""
    match record:
        case AggregateRecord():
            return record.key.id == ref or (ref in record.document and ref in _whole_texts(record))
        case EntryRecord():
            return ref in record.document and ref in _whole_texts(record)
        case PostingRecord():
            return ref in {account.partition("/")[2] for account in (record.debit, record.credit)}
        case MessageRecord():
            return record.to == ref
        case ReceiptRecord():
            return False


def _whole_texts(record: AggregateRecord | EntryRecord) -> Iterator[str]:
    try:
        document = read(record.document)
    except InvalidValue:
        return
    yield from _strings(document.get("command") if isinstance(record, EntryRecord) else document)


def _part(ref: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^/]){re.escape(ref)}(?![^/])")


def _strings(value: Any) -> Iterator[str]:
    """Every text in plain data or in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _strings(part)


def _check(ref: str, pseudonym: str, texts: Collection[str]) -> None:
    if isinstance(texts, str):
        raise InvalidValue("texts", texts, "a collection of texts")
    for name, text in (("ref", ref), ("pseudonym", pseudonym), *(("texts", each) for each in texts)):
        if not isinstance(text, str) or not text.strip():
            raise InvalidValue(name, text, "a text that is not blank")
    if "/" in pseudonym or pseudonym != pseudonym.strip() or pseudonym == ref:
        raise InvalidValue("pseudonym", pseudonym, "another id, without / and without spaces around it")
    if ref == ERASED:
        raise InvalidValue("ref", ref, f"another one than {ERASED}")
    for text in texts:
        if text == ref:
            raise InvalidValue("texts", text, "texts beside the reference, which is replaced where it is one")
        if text in ERASED or text in pseudonym:
            raise InvalidValue("texts", text, f"one that is no part of {ERASED} and {pseudonym}")
