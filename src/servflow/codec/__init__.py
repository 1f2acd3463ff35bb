"""Core values to canonical plain data and back: format 1, in which journals and messages are stored.

1. Plain data is what JSON has, less floats: objects, lists, texts, whole numbers, booleans, null.
   Instants are in UTC with ``Z``, other exact numbers are texts, enums are their values, an amount
   is ``{"amount": "22.50", "currency": "CNY"}``, an account is ``"receivable/CN-110108"``.
2. The same value has one text (``canonical``): sorted keys, no spaces.
3. Journals are read back without the classes that wrote them: ``folded`` puts an aggregate's stored
   document together from its entries and nothing else.
4. What is read is checked as strictly as what is typed in: an unknown field is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from hashlib import sha256
from types import NoneType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from cattrs.errors import BaseValidationError

from servflow.codec._text import canonical, read
from servflow.codec._values import converter, in_utc, is_mapping, may_change, problems, unstorable
from servflow.core.changes import (
    Aggregate,
    Alteration,
    Append,
    Command,
    Drop,
    Entry,
    Key,
    Put,
    Set,
    fold,
)
from servflow.core.errors import InvalidCommand, InvalidTable, InvalidValue, Problem
from servflow.core.lifecycle import Lifecycles
from servflow.core.ports import StoredEntry

__all__ = [
    "FORMAT",
    "Codec",
    "canonical",
    "fingerprint",
    "folded",
    "folded_on",
    "in_utc",
    "problems",
    "read",
]

FORMAT: Final = 1
"""The number of the format that is written. Every earlier one is read for ever."""

T = TypeVar("T")

_NOTHING: Final[tuple[Any, ...]] = (
    None,
    [],
    {},
)  # one and the same as absent, see servflow.core.changes.fold


@dataclass(frozen=True, slots=True)
class _Part:
    """One field of an aggregate: how it is written, as what it is read, what its absence means.

    ``apart``: a value of it, once read, could be changed; ``flat``: but nothing that is in it.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any, Any], Any]
    annotation: Any
    absent: Any
    apart: bool
    flat: bool


class Codec:
    """Values of some lifecycles to plain data and back.

    It knows their aggregates and commands by name; every other core value by its class. What has
    to be worked out for a class is worked out once, when it is first met. May be shared by threads.

    Raises:
        InvalidTable: an aggregate or a command has a field, at whatever depth, that could be
            written and never be read again; every such class and field is named.
    """

    __slots__ = ("_commands", "_converter", "_lifecycles", "_models")

    def __init__(self, lifecycles: Lifecycles) -> None:
        self._lifecycles = lifecycles
        self._commands = {
            command.__name__: command for lifecycle in lifecycles for command in lifecycle.commands
        }
        seen: set[type] = set()
        wrong = [problem for lifecycle in lifecycles for problem in unstorable(lifecycle.model, seen)]
        for command in self._commands.values():
            wrong += unstorable(command, seen, reserved="command")
        if wrong:
            raise InvalidTable("what is to be stored", wrong)
        self._converter = converter()
        self._models: dict[str, dict[str, _Part]] = {}

    def encode(self, value: Any) -> Any:
        """Any core value (a posting, a message, a reason, facts) as plain data.

        Raises:
            InvalidValue: there is a float in it, a naive datetime, or a number that is not finite.
        """
        return self._converter.unstructure(value)

    def decode(self, document: Any, kind: type[T]) -> T:
        """The value of class ``kind`` that ``encode`` gave ``document`` for.

        Raises:
            InvalidValue: it is not the document of one; the first mistake is named.
        """
        try:
            return self._converter.structure(document, kind)
        except (InvalidValue, BaseValidationError) as error:
            problem = next(problems(error, getattr(kind, "__name__", str(kind))))
            raise InvalidValue(problem.where, problem.found, problem.expected) from None

    def encode_command(self, command: Command) -> dict[str, Any]:
        """A command as plain data: its name under ``command``, and its fields."""
        return {"command": type(command).__name__, **self._converter.unstructure(command)}

    def decode_command(self, document: Any) -> Command:
        """The command that plain data, from wherever it comes, stands for.

        Raises:
            InvalidCommand: it names no command of the lifecycles, has an unknown field, lacks one,
                has one of another type, or holds what the command itself does not take. All
                problems are named, each with its path.
        """
        if not isinstance(document, Mapping):
            raise InvalidCommand("command", [Problem("command", type(document).__name__, "an object")])
        name = document.get("command")
        kind = self._commands.get(name) if isinstance(name, str) else None
        if kind is None:
            known = "one of " + ", ".join(sorted(self._commands))
            raise InvalidCommand("command", [Problem("command", repr(name), known)])
        try:
            return self._converter.structure(
                {field: value for field, value in document.items() if field != "command"}, kind
            )
        except BaseValidationError as error:
            raise InvalidCommand(f"command {name}", problems(error)) from None

    def fingerprint(self, command: Command) -> str:
        """What tells whether a command that comes again under the same id is the same one.

        ``recorded_at`` is left out: it is when a delivery reached us, so that the same message
        delivered later once more has another one, and is still the same message.
        """
        return fingerprint(self.encode_command(command))

    def encode_aggregate(self, it: Aggregate) -> dict[str, Any]:
        """An aggregate's fields as plain data, without what is ``None`` or empty.

        Its id and its version are not among them: they are the key's, and its last entry's.
        """
        parts = self._model(it.kind)
        written = ((name, part.write(getattr(it, name))) for name, part in parts.items())
        return {name: value for name, value in written if value not in _NOTHING}

    def decode_aggregate(self, key: Key, version: int, document: Mapping[str, Any]) -> Aggregate:
        """The aggregate of ``key`` whose fields ``encode_aggregate`` gave, or ``folded``.

        Raises:
            NotFound: no lifecycle is of that kind.
            InvalidValue: the document is not that of such an aggregate; the first mistake is named.
        """
        parts = self._model(key.kind)
        unknown = document.keys() - parts.keys()
        if unknown:
            raise InvalidValue(f"{key}.{min(unknown)}", "an unknown field", f"one of {', '.join(parts)}")
        values = {}
        for name, part in parts.items():
            if name in document:
                values[name] = self._read_part(key, name, part, document[name])
            elif part.absent is MISSING:
                raise InvalidValue(f"{key}.{name}", "nothing", "a value; the field is missing")
            else:
                values[name] = part.absent
        return self._lifecycles.named(key.kind).model(id=key.id, version=version, **values)

    def apart(self, it: Aggregate, document: Mapping[str, Any]) -> Aggregate:
        """``it``, which was read from ``document``, once more: nothing is shared that could be changed."""
        fresh: dict[str, Any] = {}
        for name, part in self._model(it.kind).items():
            if part.flat:
                fresh[name] = dict(getattr(it, name))
            elif part.apart and name in document:
                fresh[name] = self._read_part(it.key, name, part, document[name])
        return replace(it, **fresh)

    def _read_part(self, key: Key, name: str, part: _Part, value: Any) -> Any:
        try:
            return part.read(value, part.annotation)
        except (InvalidValue, BaseValidationError) as error:
            problem = next(problems(error, f"{key}.{name}"))
            raise InvalidValue(problem.where, problem.found, problem.expected) from None

    def encode_entry(self, entry: Entry) -> dict[str, Any]:
        """A journal entry as plain data, in format ``FORMAT``."""
        parts = self._model(entry.key.kind)
        return {
            "format": FORMAT,
            "key": self.encode(entry.key),
            "seq": entry.seq,
            "command": self.encode_command(entry.command),
            "role": entry.role,
            "facts": self.encode(entry.facts),
            "rulebook": entry.rulebook,
            "calendar": entry.calendar,
            "alterations": [
                _written(alteration, parts[alteration.field].write) for alteration in entry.alterations
            ],
        }

    def _model(self, kind: str) -> dict[str, _Part]:
        """The fields of an aggregate that are stored in its document."""
        if kind not in self._models:
            model = self._lifecycles.named(kind).model
            hints = get_type_hints(model)
            self._models[kind] = {
                field.name: _Part(
                    self._converter.get_unstructure_hook(hints[field.name]),
                    self._converter.get_structure_hook(hints[field.name]),
                    hints[field.name],
                    _absent(hints[field.name], field.default),
                    may_change(hints[field.name]),
                    is_mapping(hints[field.name]) and not any(map(may_change, get_args(hints[field.name]))),
                )
                for field in fields(model)
                if field.name not in ("id", "version")
            }
        return self._models[kind]


def _absent(annotation: Any, default: Any) -> Any:
    """What a field is that the document of an aggregate leaves out."""
    if NoneType in get_args(annotation):
        return None
    if get_origin(annotation) is tuple:
        return ()
    if is_mapping(annotation):
        return {}
    return default


def _written(alteration: Alteration, write: Callable[[Any], Any]) -> list[Any]:
    """An alteration as a list; its value is written as the field is, so that folding fits it."""
    match alteration:
        case Set(field, value):
            return ["set", field, write(value)]
        case Append(field, values):
            return ["append", field, write(values)]
        case Put(field, name, value):
            return ["put", field, name, write({name: value})[name]]
        case Drop(field, name):
            return ["drop", field, name]


def _alteration(document: Any) -> Alteration:
    match document:
        case ["set", str(field), value]:
            return Set(field, value)
        case ["append", str(field), [*values]]:
            return Append(field, tuple(values))
        case ["put", str(field), str(name), value]:
            return Put(field, name, value)
        case ["drop", str(field), str(name)]:
            return Drop(field, name)
        case _:
            expected = "set, append, put or drop with a field and what it takes"
            raise InvalidValue("journal, alteration", document, expected)


def fingerprint(command: Mapping[str, Any]) -> str:
    """What ``Codec.fingerprint`` gives, for a command that is plain data; no class of it is needed."""
    said = {name: value for name, value in command.items() if name != "recorded_at"}
    return sha256(canonical(said).encode()).hexdigest()


def folded(entries: Iterable[StoredEntry]) -> dict[str, Any]:
    """The document of an aggregate, from its whole journal in order; no class of it is needed.

    It equals what ``Codec.encode_aggregate`` gives for the aggregate as stored.

    Raises:
        InvalidValue: an entry is missing or out of order, is of an unknown format, or does not fit
            what was there: the journal is damaged, or was written by a later release.
    """
    document: dict[str, Any] = {}
    for seq, entry in enumerate(entries, start=1):
        if entry.seq != seq:
            raise InvalidValue(f"journal of {entry.key}, seq", entry.seq, f"{seq}")
        document = folded_on(document, entry)
    return document


def folded_on(document: Mapping[str, Any], entry: StoredEntry) -> dict[str, Any]:
    """The document of an aggregate after one more entry.

    Raises:
        InvalidValue: the entry is of an unknown format, or does not fit what was there.
    """
    found = entry.document.get("format")
    if type(found) is not int or found != FORMAT:
        raise InvalidValue(f"journal of {entry.key}, format", found, f"{FORMAT} or an earlier one")
    return fold(document, map(_alteration, entry.document["alterations"]))
