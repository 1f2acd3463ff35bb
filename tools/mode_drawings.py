"""The diagram and the table of a mode of loan networks, from its facets."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from servflow.core.citations import Cited
from servflow.core.ill.network.modes import Filer, Intake, Mode, Recipient, Requester, Router, Settles

PATRON, HOME, CENTRE, SUPPLIER = "patron", "home", "centre", "supplier"
NODES = {PATRON: "reader", HOME: "home library", CENTRE: "centre", SUPPLIER: "supplying library"}
MONEY = {
    Settles.PATRON_WITH_HOME: (PATRON, HOME),
    Settles.HOME_WITH_SUPPLIER: (HOME, SUPPLIER),
    Settles.HOME_WITH_CENTRE: (HOME, CENTRE),
    Settles.PATRON_WITH_CENTRE: (PATRON, CENTRE),
    Settles.CENTRE_WITH_SUPPLIER: (CENTRE, SUPPLIER),
}


def drawing(mode: Mode) -> str:
    """The way of a request and of the document (numbered), and of the money (dotted), for Mermaid."""
    steps = [*_request(mode), *_document(mode)]
    money = [MONEY[each.value] for each in mode.settled]
    used = {node for one, other, _ in steps for node in (one, other)} | {
        node for pair in money for node in pair
    }
    lines = ["flowchart LR", *(f'    {name}["{NODES[name]}"]' for name in NODES if name in used)]
    for number, (one, other, what) in enumerate(steps, start=1):
        lines.append(f'    {one} -->|"{number} {what}"| {other}')
    lines += [f'    {one} -. "settles" .- {other}' for one, other in money]
    return "\n".join(lines)


def _request(mode: Mode) -> Iterator[tuple[str, str, str]]:
    intake = CENTRE if mode.taken_in_by.value is Intake.CENTRE else HOME
    if mode.filed_by.value == (Filer.LIBRARIAN,):
        yield PATRON, HOME, "asks the librarian"
        yield HOME, intake, "files for the reader"
    else:
        by_mail = mode.taken_in_by.value is Intake.LIBRARIAN
        yield PATRON, intake, "files, by mail" if by_mail else "files"
    asks = CENTRE if mode.requester.value is Requester.CENTRE else HOME
    if mode.routed_by.value is Router.CENTRE and asks is HOME:
        yield HOME, CENTRE, "whom to ask?"
        yield CENTRE, HOME, "the rota"
    elif asks != intake:
        yield intake, asks, "request"
    yield asks, SUPPLIER, "request, to several at once" if mode.asks_several else "request"


def _document(mode: Mode) -> Iterator[tuple[str, str, str]]:
    if mode.delivered_to.value is Recipient.PATRON:
        yield SUPPLIER, PATRON, "document"
        return
    yield SUPPLIER, HOME, "document"
    yield HOME, PATRON, "hands it over"


def facets(mode: Mode) -> str:
    """What the mode says of each facet, by which clause, as a table."""
    rows: list[tuple[str, Cited[Any]]] = [
        ("who files", mode.filed_by),
        ("by what way", mode.filed_through),
        ("who takes it in", mode.taken_in_by),
        ("who chooses the supplier", mode.routed_by),
        ("who is the requester", mode.requester),
        ("where the document goes", mode.delivered_to),
        ("whether shipped counts as received", mode.shipping_is_receipt),
        *(("who settles with whom", each) for each in mode.settled),
        *(("what must be in place first", each) for each in mode.needs),
    ]
    lines = ["| facet | value | clause |", "|---|---|---|"]
    return "\n".join(lines + [f"| {name} | {_word(cited)} | {cited.clause} |" for name, cited in rows])


def _word(cited: Cited[Any]) -> str:
    value = cited.value
    if isinstance(value, tuple):
        return ", ".join(each.value.replace("_", " ") for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value.value).replace("_", " ") if isinstance(value, Enum) else str(value)
