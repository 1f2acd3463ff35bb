"""The registers of numbered papers: every number that was used, and those that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import attrs
import click

from servflow.cli._host import SERVICE, Host, host_options, pass_host
from servflow.cli._sheet import said, sheet
from servflow.cli._show import as_json, progress, say
from servflow.cli._stored import every, stored
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.complaints.model import Complaint
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets.model import Ticket
from servflow.core.ports import Storage

__all__ = ["papers"]

_BOOKS: Final = {series.value: series for series in Series}


@attrs.frozen
class _Numbered:
    """A number of a series: what has it, how it stands, since when."""

    about: str
    state: str
    on: date | None = None
    why: str = ""
    of: str = ""  # whose book it is in, while nothing has it


@click.command()
@click.argument("series", type=click.Choice(sorted(_BOOKS)))
@host_options
@pass_host
def papers(host: Host, series: str) -> int:
    """The register of a series of numbers.

    Every one that was used, void ones with why. Exit code 1 where a number is missing.
    """
    storage = host.storage_of(SERVICE)
    of = _BOOKS[series]
    book = stored(storage, book_key(host.service.firm, of))
    assert book is None or isinstance(book, Book)
    used = dict(_numbered(storage, of))
    last = 0 if book is None else book.next - 1
    for number, why in () if book is None else book.voided.items():
        had = used.get(int(number), _Numbered("", ""))
        used[int(number)] = _Numbered(had.about, "void", had.on, had.why or why)
    gaps = sorted({*range(1, last + 1)} - used.keys())
    if host.json:
        as_json(
            {
                "series": series,
                "next": last + 1,
                "numbers": [
                    {
                        "number": number,
                        "about": each.about,
                        "state": each.state,
                        "on": None if each.on is None else each.on.isoformat(),
                        "why": each.why,
                    }
                    for number, each in sorted(used.items())
                ],
                "gaps": gaps,
            }
        )
        return 1 if gaps else 0
    texts = host.texts
    sheet(
        host,
        texts.name("series", series),
        ("no.", "about", "state", "issued", "why"),
        [
            (
                str(number),
                said(host, "book of", of=each.of) if each.of else each.about,
                texts.name("paper", each.state),
                "" if each.on is None else texts.day(each.on),
                texts.name("why", each.why),
            )
            for number, each in sorted(used.items())
        ],
    )
    void = sum(each.state == "void" for each in used.values())
    counted = {"used": last, "void": void, "gaps": ", ".join(map(str, gaps))}
    say(said(host, "numbers missing" if gaps else "numbers", **counted))
    return 1 if gaps else 0


def _numbered(storage: Storage, series: Series) -> Iterator[tuple[int, _Numbered]]:
    """What has a number of the series."""
    if series is Series.COMPLAINT:
        for filed in every(storage, Complaint):
            if filed.number is not None:
                yield filed.number, _Numbered(filed.id, "open" if filed.is_open else "filed")
        return
    if series is Series.REPAIR_ORDER:
        yield from _orders(storage)
    for it in progress(every(storage, Ticket), "Tickets"):
        for paper in it.papers.values():
            if paper.series is series:
                about = it.id if not paper.item else f"{it.id} {paper.item}"
                yield paper.number, _Numbered(about, paper.state.value, paper.issued_on, paper.why)


def _orders(storage: Storage) -> Iterator[tuple[int, _Numbered]]:
    """The repair orders in the technicians' books: unused, used and void ones."""
    for who in every(storage, Technician):
        for book in (*who.handed_in, *(() if who.orders is None else (who.orders,))):
            for number in range(book.first, book.last + 1):
                why = book.voided.get(str(number))
                ticket = who.orders_used.get(str(number), "")
                state = "void" if why is not None else "open" if ticket else "unused"
                about, of = (ticket, "") if ticket else (f"book of {who.id}", who.id)
                yield number, _Numbered(about, state, why=why or "", of=of)
