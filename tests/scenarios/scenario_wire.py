"""Messages as they come over the wire: an ISO 18626 request, and what another library's desk tells.

A scenario says only how a message differs from a good one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final
from xml.sax.saxutils import escape

from scenario_desks import BORROWER, LENDERS

from servflow.core.changes import Key, Message
from servflow.core.errors import InvalidFacts, Problem
from servflow.core.ill.lending.model import SupplyTransaction

__all__ = ["message_of", "request_of"]

_GOOD: Final[Mapping[str, str]] = {
    "header/supplyingAgencyId/agencyIdType": "ISIL",
    "header/supplyingAgencyId/agencyIdValue": LENDERS[0],
    "header/requestingAgencyId/agencyIdType": "ISIL",
    "header/requestingAgencyId/agencyIdValue": BORROWER,
    "header/timestamp": "2026-01-05T09:00:00+08:00",
    "header/requestingAgencyRequestId": "B1~1",
    "bibliographicInfo/title": "古城水系考",
    "serviceInfo/requestType": "New",
    "serviceInfo/serviceType": "Loan",
}
_ALSO: Final = (
    "serviceInfo/requestingAgencyPreviousRequestId",
    "serviceInfo/serviceLevel",
    "serviceInfo/needBeforeDate",
    "serviceInfo/note",
    "bibliographicInfo/author",
)


def request_of(table: Mapping[str, Any], where: str) -> bytes:
    """A good request but for what ``table`` says: elements ``without`` which it comes, and others ``instead``.

    Raises:
        InvalidFacts: it names an element that is not known.
    """
    without, instead = tuple(table.get("without", ())), dict(table.get("instead", {}))
    for name in table:
        if name not in ("without", "instead", "content"):
            raise InvalidFacts(
                where, [Problem(f"{where}, request", f"the key {name!r}", "without, instead, content")]
            )
    for name in (*without, *instead):
        if not any(f"{path}/".startswith(f"{name}/") for path in (*_GOOD, *_ALSO)):
            known = ", ".join((*_GOOD, *_ALSO))
            raise InvalidFacts(where, [Problem(f"{where}, request", f"the element {name!r}", known)])
    elements = {path: text for path, text in {**_GOOD, **instead}.items() if not _within(path, without)}
    tree: dict[str, Any] = {}
    for path, text in elements.items():
        *parents, last = path.split("/")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = text
    content = "" if table.get("content") == "none" else f"<request>{''.join(_written(tree))}</request>"
    return f'<ISO18626Message xmlns="http://illtransactions.org/2013/iso18626">{content}</ISO18626Message>'.encode()


def _within(path: str, places: tuple[str, ...]) -> bool:
    return any(f"{path}/".startswith(f"{place}/") for place in places)


def _written(tree: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in tree.items():
        content = escape(inner) if isinstance(inner, str) else "".join(_written(inner))
        yield f"<{name}>{content}</{name}>"


def message_of(table: Mapping[str, Any], to: str, where: str) -> Message:
    """A message of another library: its ``kind`` and ``facts``; ``key`` where it is to come twice.

    An amount is written ``"40.00 CNY"``.

    Raises:
        InvalidFacts: a key or a fact that no message has.
    """
    for name in table:
        if name not in ("kind", "facts", "key", "sender"):
            raise InvalidFacts(
                where, [Problem(f"{where}, message", f"the key {name!r}", "kind, facts, key, sender")]
            )
    facts = []
    for name, value in table.get("facts", {}).items():
        if type(value) not in (str, int, bool, date):
            raise InvalidFacts(
                where, [Problem(f"{where}, fact {name}", repr(value), "a text, a number, a day")]
            )
        facts.append((name, value))
    return Message(
        key=table.get("key", f"wire/{table['kind']}"),
        to=to,
        kind=table["kind"],
        about=Key(SupplyTransaction.kind, "theirs"),
        facts=tuple(facts),
    )
