"""Single values of a message, read: texts, instants, days, amounts, agencies; and written."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from servflow.core.errors import InvalidValue
from servflow.core.money import Money

__all__ = [
    "LONGEST_ID",
    "agency_parts",
    "agency_reference",
    "amount_read",
    "as_id",
    "calculated",
    "clean",
    "date_time",
    "day_read",
    "day_written",
    "decimal_read",
    "echoed",
    "instant_written",
    "lines",
    "shown",
    "tidy",
]

T = TypeVar("T")

LONGEST_ID: Final = 250
"""The most characters of an id: it becomes a key in somebody's database."""

_LONGEST_SHOWN: Final = 60
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")  # line breaks, and what a terminal would obey
_NO_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FARTHEST: Final = timedelta(hours=14)  # from UTC, by XML Schema

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")  # xs:decimal; Python takes more

# xs:dateTime; Python alone would also take week dates, or any letter in place of the T.
_DATE_TIME: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)(?P<part>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?", re.ASCII
)


def tidy(text: str) -> str:
    """``text`` on one line: white space and control characters become single spaces, none outside."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def as_id(text: str) -> str:
    """An id as somebody gave it: only what stands around it is taken away, and controls become spaces."""
    return _CONTROLS.sub(" ", text).strip()


def lines(text: str) -> str:
    """``text`` with each line tidy, the line breaks kept, none outside."""
    return "\n".join(map(tidy, text.splitlines())).strip()


def clean(text: str) -> str:
    """``text`` without what XML cannot carry or a terminal would obey: a space in its place."""
    return _NO_XML.sub(" ", text)


def shown(text: str) -> str:
    """``text`` as an error message may show it: quoted, controls escaped, shortened."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def date_time(text: str) -> datetime | None:
    """An xs:dateTime; naive if it has no offset, None if it is none or Python cannot hold it."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    # 24:00:00 is the midnight at the end of a day (XML Schema part 2, 3.2.7); Python has no such hour.
    next_day = match["time"] == "24:00:00" and not (match["part"] or "").strip(".0")
    time = "00:00:00" if next_day else match["time"] + (match["part"] or "")
    plain = f"{match['day']}T{time}{match['zone'] or ''}"
    return calculated(lambda: datetime.fromisoformat(plain) + timedelta(days=next_day))


def day_read(text: str) -> date | None:
    """The day that it says, in its own offset.

    A bare date, a missing offset, a blank for the T leave the day clear.
    """
    at = date_time(text.replace(" ", "T", 1)) or date_time(f"{text}T00:00:00")
    return at.date() if at else None


def calculated(make: Callable[[], T]) -> T | None:
    """What ``make`` gives, None where the calendar has no such day."""
    try:
        return make()
    except (ValueError, OverflowError):
        return None


def echoed(text: str) -> str | None:
    """``text`` if it is an xs:dateTime by the schema too, so that it can be sent back as it came."""
    at = date_time(text)
    if at is None or abs(at.utcoffset() or timedelta(0)) > _FARTHEST:
        return None
    return text


def instant_written(at: datetime) -> str:
    """An aware instant as xs:dateTime in UTC: ``2026-01-26T01:30:00Z``."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def day_written(day: date, like: datetime) -> str:
    """A day as xs:dateTime: its noon, in the offset of ``like``.

    At noon it is the same day nearly all over the world: who turns it into the own local time keeps it.
    """
    offset = like.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    if offset != timedelta(minutes=minutes) or abs(offset) > _FARTHEST:
        minutes = 0  # local mean time has seconds; XML Schema has none
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    zone = f"{sign}{hours:02}:{rest:02}" if minutes else "Z"
    return f"{day.isoformat()}T12:00:00{zone}"


def decimal_read(text: str) -> Decimal | None:
    """An xs:decimal; None if it is none, as ``1E3`` is not, nor ``1_000``."""
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def amount_read(amount: str, currency: str) -> Money | None:
    """An amount of zero or more; None if it is none."""
    number = decimal_read(amount)
    try:
        money = Money(number, currency.upper()) if number is not None else None
    except InvalidValue:
        return None
    return money if money is not None and money.minor >= 0 else None


def agency_reference(kind: str, value: str) -> str:
    """How an agency is named here: an ISIL as it is, any other id as ``TYPE:value``.

    So is an ISIL that has a colon in it, so that no two are ever the same.
    """
    kind = kind.upper()
    return value if kind == "ISIL" and ":" not in value else f"{kind}:{value}"


def agency_parts(reference: str) -> tuple[str, str]:
    """Type and value of an agency.

    Raises:
        InvalidValue: read back it would be another agency, or none.
    """
    kind, _, value = reference.rpartition(":") if ":" not in reference else reference.partition(":")
    kind = kind or "ISIL"
    fits = all(0 < len(each) <= LONGEST_ID and tidy(each) == each == clean(each) for each in (kind, value))
    if not fits or agency_reference(kind, value) != reference:
        raise InvalidValue("agency", reference, "an ISIL, or a type in capital letters, a colon and an id")
    return kind, value
