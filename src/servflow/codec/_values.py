"""How each kind of core value is written in format 1, and read again; on cattrs.

1. An object is written field by field. A field that holds its default is left out, where that
   says nothing (``None``, empty, zero, false): so a field added later does not change what is
   written of older values. The first field is always written: no object is taken for nothing.
2. Reading is strict: an unknown field, a missing one and another type are refused, each with its
   path. Nothing is converted silently.
3. A value that may be of several kinds says which it is: texts, whole numbers and booleans as they
   are, all others as an object with the name of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from reprlib import repr as shortened
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Never, Union, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter
from cattrs.errors import (
    BaseValidationError,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from servflow.core.changes import Key
from servflow.core.clocks import Allowance, parse_allowance
from servflow.core.dates import aware
from servflow.core.errors import InvalidValue, Problem
from servflow.core.ledger import Account
from servflow.core.money import Money

__all__ = ["converter", "in_utc", "is_mapping", "may_change", "problems", "shown", "unstorable"]

_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FRACTION: Final = re.compile(r"-?[0-9]+(/0*[1-9][0-9]*)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION: Final = re.compile(r"(-?)PT([0-9]{1,15})(?:\.([0-9]{1,6}))?S")
_SECOND: Final = timedelta(seconds=1)
_LONGEST: Final = 1000  # characters of an exact number; the parsers' cost grows with the square


# --- leaves: to plain data ------------------------------------------------------------------------


def in_utc(name: str, at: datetime) -> datetime:
    """The instant ``at`` with the offset of UTC, as it is written.

    Raises:
        InvalidValue: it is naive, or lies outside the years 1 to 9999 of UTC.
    """
    try:
        return aware(name, at).astimezone(UTC)
    except OverflowError:
        raise InvalidValue(name, at.isoformat(), "an instant in the years 1 to 9999, in UTC") from None


def _instant_text(at: datetime) -> str:
    return in_utc("instant", at).replace(tzinfo=None).isoformat() + "Z"


def _date_text(day: date) -> str:
    if type(day) is not date:
        raise InvalidValue("date", day, "a date without a time")
    return day.isoformat()


def _decimal_text(number: Decimal) -> str:
    """One text for equal numbers: a field that changes from 1.0 to 1.00 has no entry in a journal."""
    if number.is_finite() and not number:
        return "0"
    if number.is_finite() and abs(number.adjusted()) <= _LONGEST:
        text = format(number, "f")  # exact: no context's precision has a say in it
        text = text.rstrip("0").rstrip(".") if "." in text else text
        if len(text) <= _LONGEST:
            return text
    raise InvalidValue("decimal", number, f"a finite number of at most {_LONGEST} characters, written out")


def _duration_text(length: timedelta) -> str:
    """Seconds, exact, in the form of ISO 8601: ``PT5400S``, ``-PT0.5S``."""
    seconds, rest = divmod(abs(length), _SECOND)
    part = f".{rest.microseconds:06}".rstrip("0") if rest else ""
    return f"{'-' if length < timedelta() else ''}PT{seconds}{part}S"


def _money_object(money: Money) -> dict[str, str]:
    return {"amount": str(money.amount), "currency": money.currency}


def _no_float(number: object) -> Never:
    raise InvalidValue("number", number, "an exact number: int, Decimal, Fraction; never a float")


# --- leaves: from plain data ----------------------------------------------------------------------
# The field of these errors is empty: whoever asked knows the place.


def _text(value: object) -> str:
    if type(value) is not str:
        raise InvalidValue("", value, "a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidValue("", value, "a text in Unicode") from None
    return value


def _integer(value: object) -> int:
    if type(value) is not int:
        raise InvalidValue("", value, "a whole number")
    return value


def _boolean(value: object) -> bool:
    if type(value) is not bool:
        raise InvalidValue("", value, "true or false")
    return value


def _instant(value: object) -> datetime:
    expected = "an instant with its offset from UTC, as in 2026-01-31T08:00:00Z"
    try:
        at = datetime.fromisoformat(_text(value))
        if at.utcoffset() is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidValue("", value, expected)


def _date(value: object) -> date:
    try:
        if type(value) is str and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidValue("", value, "a date, as in 2026-01-31")


def _exact(value: object, pattern: re.Pattern[str], expected: str) -> str:
    if type(value) is not str or len(value) > _LONGEST or not pattern.fullmatch(value):
        raise InvalidValue("", value, expected)
    return value


def _decimal(value: object) -> Decimal:
    return Decimal(_exact(value, _DECIMAL, 'a decimal number as text, as in "22.50"'))


def _fraction(value: object) -> Fraction:
    return Fraction(_exact(value, _FRACTION, 'an exact number as text, as in "27/2"'))


def _money(value: object) -> Money:
    if not isinstance(value, Mapping) or value.keys() != {"amount", "currency"}:
        raise InvalidValue("", value, 'an amount, as in {"amount": "22.50", "currency": "CNY"}')
    amount = _exact(value["amount"], _DECIMAL, 'an amount with a decimal number as text, as in "22.50"')
    return Money(amount, value["currency"])


def _duration(value: object) -> timedelta:
    found = _DURATION.fullmatch(value) if type(value) is str else None
    if found is None:
        raise InvalidValue("", value, "a length in seconds, as in PT5400S")
    sign, seconds, part = found.groups()
    try:
        length = timedelta(seconds=int(seconds), microseconds=int((part or "").ljust(6, "0")))
    except OverflowError:
        raise InvalidValue("", value, f"at most {_duration_text(timedelta.max)}") from None
    return -length if sign else length


def _allowance(value: object) -> Allowance:
    try:
        return parse_allowance(value)  # type: ignore[arg-type]  # it refuses what is no text
    except InvalidValue as error:
        raise InvalidValue("", value, error.expected) from None


def _account(value: object) -> Account:
    try:
        return Account.parse(_text(value))
    except InvalidValue as error:
        raise InvalidValue("", value, error.expected) from None


def _key_object(key: Key) -> dict[str, str]:
    return {"kind": key.kind, "id": key.id}


def _key(value: object) -> Key:
    if not isinstance(value, Mapping) or value.keys() != {"kind", "id"}:
        raise InvalidValue("", value, 'a key, as in {"kind": "ill.supply", "id": "17"}')
    return Key(_text(value["kind"]), _text(value["id"]))


def _enum(value: object, kind: type[Enum]) -> Enum:
    try:
        if type(value) in (str, int):
            return kind(value)
    except ValueError:
        pass
    raise InvalidValue("", value, "one of " + ", ".join(str(member.value) for member in kind))


_READ: Final[Mapping[type, Callable[[object], Any]]] = {
    str: _text,
    int: _integer,
    bool: _boolean,
    datetime: _instant,
    date: _date,
    timedelta: _duration,
    Decimal: _decimal,
    Fraction: _fraction,
    Money: _money,
    Account: _account,
    Allowance: _allowance,
    Key: _key,
}
_WRITE: Final[Mapping[type, Callable[[Any], Any]]] = {
    datetime: _instant_text,
    date: _date_text,
    timedelta: _duration_text,
    Decimal: _decimal_text,
    Fraction: str,
    Money: _money_object,
    Account: str,
    Allowance: str,
    Key: _key_object,
}


# --- values of several kinds ----------------------------------------------------------------------

_TAGS: Final[Mapping[type, str]] = {
    datetime: "instant",
    date: "date",
    Decimal: "decimal",
    Fraction: "fraction",
    Money: "money",
    Account: "account",
}
_KINDS: Final = {tag: kind for kind, tag in _TAGS.items()}
_LEAVES: Final = frozenset({str, int, bool, *_TAGS})


def _is_choice(annotation: Any) -> bool:
    if get_origin(annotation) not in (Union, UnionType):
        return False
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return len(kinds) > 1 and all(kind in _LEAVES for kind in kinds)


def _write_choice(value: Any) -> Any:
    kind = type(value)
    return {_TAGS[kind]: _WRITE[kind](value)} if kind in _TAGS else value


def _choice_reader(annotation: Any) -> Callable[[object, Any], Any]:
    # What holds a date may be given an instant: Python's datetime is one.
    kinds = {*get_args(annotation), *((datetime,) if date in get_args(annotation) else ())}
    expected = "one of " + ", ".join(sorted(_TAGS.get(kind, kind.__name__) for kind in kinds))

    def read(value: object, _: Any) -> Any:
        kind: Any = type(value)
        if isinstance(value, Mapping) and len(value) == 1:
            ((tag, value),) = value.items()
            kind = _KINDS.get(tag)
        if kind not in kinds:
            raise InvalidValue("", value, expected)
        return value if kind is NoneType else _READ[kind](value)

    return read


# --- sequences, mappings, classes -----------------------------------------------------------------


def _is_sequence(annotation: Any) -> bool:
    return annotation in (tuple, list) or get_origin(annotation) is tuple


def is_mapping(annotation: Any) -> bool:
    kinds = (dict, Mapping, MappingProxyType)
    return annotation in kinds or get_origin(annotation) in kinds


def _is_class(annotation: Any) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _part_of_mapping(annotation: Any) -> Any:
    key, part = get_args(annotation) or (str, Any)
    if key is not str:
        raise TypeError(f"{annotation}: the keys of a mapping that is stored are texts")
    return part


def _left_out(field: Field[Any]) -> bool:
    """Whether a field is left out where it holds its default: one that says nothing."""
    if field.default is not MISSING:
        return not field.default
    return field.default_factory is not MISSING and not field.default_factory()


def _write_sequence(annotation: Any, made: Converter) -> Callable[[Any], list[Any]]:
    kinds = get_args(annotation)
    if kinds and kinds[-1] is not Ellipsis:
        writers = [made.get_unstructure_hook(kind) for kind in kinds]
        return lambda value: [write(part) for write, part in zip(writers, value, strict=True)]
    write_part = made.get_unstructure_hook(kinds[0]) if kinds else made.unstructure
    return lambda value: [write_part(part) for part in value]


def _sequence_reader(annotation: Any, made: Converter) -> Callable[[object, Any], tuple[Any, ...]]:
    kinds = get_args(annotation)
    size = None if kinds[-1] is Ellipsis else len(kinds)
    expected = "a list" if size is None else f"a list of {size}"

    def read(value: object, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or size not in (None, len(value)):
            raise InvalidValue("", value, expected)
        each = kinds if size is not None else kinds[:1] * len(value)
        return tuple(_parts(made, annotation, enumerate(value), each))

    return read


def _write_mapping(annotation: Any, made: Converter) -> Callable[[Any], dict[str, Any]]:
    write_part = made.get_unstructure_hook(_part_of_mapping(annotation))
    return lambda value: {name: write_part(part) for name, part in value.items()}


def _mapping_reader(annotation: Any, made: Converter, table: str) -> Callable[[object, Any], dict[str, Any]]:
    kind = _part_of_mapping(annotation)

    def read(value: object, _: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise InvalidValue("", value, table)
        names = [_text(name) for name in value]
        parts = _parts(made, annotation, value.items(), (kind,) * len(names))
        return dict(zip(names, parts, strict=True))

    return read


def _write_class(kind: Any, made: Converter) -> Callable[[Any], dict[str, Any]]:
    hooks: dict[str, Any] = {
        field.name: override(omit_if_default=True) for field in fields(kind)[1:] if _left_out(field)
    }
    return make_dict_unstructure_fn(kind, made, **hooks)


def _names(kind: Any) -> list[str]:
    return [field.name for field in (attrs.fields(kind) if attrs.has(kind) else fields(kind))]


def _class_reader(
    kind: Any, made: Converter, table: str, key: Callable[[str], str]
) -> Callable[[object, Any], Any]:
    keys: dict[str, Any] = {name: override(rename=key(name)) for name in _names(kind)}
    structure = make_dict_structure_fn(kind, made, _cattrs_forbid_extra_keys=True, **keys)
    expected = f"{table} with " + ", ".join(map(key, keys))

    def read(value: object, annotation: Any) -> Any:
        if not isinstance(value, Mapping):
            raise InvalidValue("", value, expected)
        return structure(value, annotation)

    return read


def _leaf_reader(read: Callable[[object], Any]) -> Callable[[object, Any], Any]:
    return lambda value, _: read(value)


def converter(*, table: str = "an object", key: Callable[[str], str] = str) -> Converter:
    """A converter for format 1. What it does with a class is worked out when the class is first met.

    Another notation has another word for a value with keys, ``table``, and writes a field under
    another key: ``key`` gives the one that is read for its name.
    """
    made = Converter(forbid_extra_keys=True, detailed_validation=True)
    made.register_unstructure_hook_factory(_is_sequence, _write_sequence)
    made.register_structure_hook_factory(_is_sequence, _sequence_reader)
    made.register_unstructure_hook_factory(is_mapping, _write_mapping)
    made.register_structure_hook_factory(is_mapping, partial(_mapping_reader, table=table))
    made.register_unstructure_hook_factory(_is_class, _write_class)
    made.register_structure_hook_factory(
        lambda kind: _is_class(kind) or attrs.has(kind), partial(_class_reader, table=table, key=key)
    )
    made.register_unstructure_hook_func(_is_choice, _write_choice)
    made.register_structure_hook_factory(_is_choice, _choice_reader)
    made.register_unstructure_hook(float, _no_float)
    made.register_structure_hook(float, _leaf_reader(_no_float))
    made.register_structure_hook(Enum, _enum)
    for kind, write in _WRITE.items():
        made.register_unstructure_hook(kind, write)
    for kind, read in _READ.items():
        made.register_structure_hook(kind, _leaf_reader(read))
    return made


def _parts(
    made: Converter, annotation: Any, parts: Iterable[tuple[int | str, Any]], kinds: tuple[Any, ...]
) -> list[Any]:
    """Every part read as its kind; all that cannot be, in one error."""
    result: list[Any] = []
    wrong: list[Exception] = []
    for (place, part), kind in zip(parts, kinds, strict=True):
        try:
            result.append(made.structure(part, kind))
        except (InvalidValue, BaseValidationError) as error:
            error.add_note(IterableValidationNote("", place, kind))
            wrong.append(error)
    if wrong:
        raise IterableValidationError("", wrong, annotation)
    return result


# --- what can be stored ---------------------------------------------------------------------------


def unstorable(kind: type, seen: set[type], *, reserved: str = "") -> Iterator[Problem]:
    """Every field of a class, and of the classes in it, that could be written and never read again.

    ``seen`` are the classes that were looked at before, and are not again; those of this one join them.
    ``reserved`` is a name that no field of ``kind`` itself may have.
    """
    seen.add(kind)
    waiting: list[type] = [kind]
    while waiting:
        owner = waiting.pop()
        try:
            hints = get_type_hints(owner)
        except NameError as error:
            expected = "types that are known in its module when the program runs"
            yield Problem(owner.__qualname__, str(error), expected)
            continue
        for name in _names(owner):
            where = f"{owner.__qualname__}.{name}"
            if owner is kind and name == reserved:
                yield Problem(where, "a field of this name", f"another name; {reserved!r} is taken")
            for part in _parts_of(hints[name]):
                if not _is_class(part):
                    yield Problem(where, _name_of(part), _STORABLE)
                elif part not in seen:
                    seen.add(part)
                    waiting.append(part)


_STORABLE: Final = (
    "text, int, bool, date, datetime, timedelta, Decimal, Fraction, Money, Account, Allowance, Key, an enum"
    " of texts or whole numbers, a dataclass, tuple[X, ...], Mapping[str, X], or one of these or None"
)


def _parts_of(annotation: Any) -> Iterator[Any]:
    """The types in an annotation that no rule of format 1 takes as they are: dataclasses, and mistakes."""
    kinds = get_args(annotation)
    if annotation in _READ or _is_choice(annotation) or _is_enum(annotation):
        return
    some = [kind for kind in kinds if kind is not NoneType]
    if get_origin(annotation) in (Union, UnionType) and len(some) == 1:
        yield from _parts_of(some[0])
    elif get_origin(annotation) is tuple and kinds:
        for kind in kinds:
            yield from _parts_of(kind) if kind is not Ellipsis else ()
    elif is_mapping(annotation) and kinds and kinds[0] is str:
        yield from _parts_of(kinds[1])
    else:
        yield annotation


def may_change(annotation: Any) -> bool:
    """Whether a value of such a type, once read, could be changed: there is a mapping in it, however deep."""
    seen: set[Any] = set()
    waiting = [annotation]
    while waiting:
        kind = waiting.pop()
        if is_mapping(kind):
            return True
        if kind in seen:
            continue
        seen.add(kind)
        waiting += get_args(kind)
        if _is_class(kind):
            waiting += get_type_hints(kind).values()
    return False


def _is_enum(annotation: Any) -> bool:
    if not (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return False
    return bool(len(annotation)) and all(type(member.value) in (str, int) for member in annotation)


def _name_of(annotation: Any) -> str:
    return annotation.__qualname__ if type(annotation) is type else str(annotation)


# --- what is wrong, and where ---------------------------------------------------------------------


def problems(  # noqa: C901 -- a case a kind of error
    error: Exception, where: str = "", *, key: Callable[[str], str] = str
) -> Iterator[Problem]:
    """Every mistake that ``error``, raised while reading, stands for, with its path.

    ``key`` gives the key under which a field is written, where that is not its name.
    """
    match error:
        case ClassValidationError():
            placed, others = error.group_exceptions()
            for part, note in placed:
                yield from problems(part, _within(where, key(note.name)), key=key)
            for part in others:
                yield from problems(part, where, key=key)
        case IterableValidationError():
            for item, place in error.group_exceptions()[0]:
                inner = f"{where}[{place.index}]" if isinstance(place.index, int) else None
                yield from problems(item, inner or _within(where, str(place.index)), key=key)
        case ForbiddenExtraKeysError():
            known = ", ".join(map(key, _names(error.cl)))
            for name in sorted(map(str, error.extra_fields)):
                yield Problem(_within(where, name), "an unknown field", f"one of {known}")
        case KeyError():
            yield Problem(where, "nothing", "a value; the field is missing")
        case InvalidValue():
            yield Problem(_within(where, error.field), shown(error.found), error.expected)
        case ValueError():
            yield Problem(where, str(error), "values that go together")
        case _:
            raise error


def shown(found: object) -> str:
    """What was found, as a message says it: not too long, and days and numbers as they are written."""
    return str(found) if isinstance(found, (date, Decimal)) else shortened(found)


def _within(where: str, name: str) -> str:
    return ".".join(part for part in (where, name) if part)
