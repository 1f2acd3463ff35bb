"""The numbered papers of a ticket (单据): issued with the next number of their book, void or filed once.

1. A paper is issued only where the rulebook keeps its series; its number is the next one of the firm's book,
   taken in the same change, so that no number is skipped or used twice (AS-FORM-1).
2. A spoiled paper is void and stays, its number is used up. A receipt whose item went back is void, too, but
   nothing was spoiled: only its ticket says so, its book does not.
3. A receipt, a register line and a tag stay open as long as the item is there that they are about. One that
   is spoiled meanwhile is void, and the next number takes its place in the same change.
4. Nobody shows the customer's signature for a service that is not done, with whatever step (AS-FLOW-3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.showing import listed
from servflow.core.aftersales.tickets.commands import AcceptWork, VoidPaper
from servflow.core.aftersales.tickets.ground import Case, answers_of, entailed, outcome, rules_of
from servflow.core.aftersales.tickets.messages import REPORTED, TAKEN_IN, tell
from servflow.core.aftersales.tickets.model import Item, Paper, Ticket
from servflow.core.aftersales.tickets.states import Custody, PaperState, Stage, TicketRole
from servflow.core.attention import attend
from servflow.core.changes import Command, Message
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome

__all__ = [
    "ADVANCE",
    "FIRMS_WORD",
    "LOST",
    "RETURNED",
    "SIGNATURES",
    "done_first",
    "file",
    "firms_word",
    "issued",
    "issued_each",
    "not_a_live_receipt",
    "not_ahead_of_the_work",
    "paper_open",
    "reissuable",
    "show",
    "void",
]

RETURNED: Final = "receipt-returned"
"""The fact that the customer gave a receipt back, by the receipt's reference: ``receipt/17``."""
LOST: Final = "receipt-lost"
"""The fact that he signed something instead, having lost it, by the receipt's reference, too."""
ADVANCE: Final = "advance-replacement"
"""The fact that the unit is replaced or refunded before the customer surrenders it."""

FIRMS_WORD: Final = frozenset({ADVANCE, LOST, RETURNED, "service-report", "supervisor-approval"})
"""What only the firm can say: of the customer it proves nothing, and is not taken."""

SIGNATURES: Final = frozenset(
    {
        "acceptance-signature",
        "customer-signature",
        "signature of the customer",
        "signature-of-the-customer",
        "voucher-signature",
    }
)
"""Under which names the customer's signature for the service is shown, beside those of the rulebook."""

_SIGNED: Final = re.compile(r"\bsign(ature|ed|s)?\b")

_SPOILED: Final = Clause("AS-FORM-1", "维修单使用规定 6")
_TAKEN_BACK: Final = Clause("AS-FLOW-6", "(十二)")
_ON_THE_SPOT: Final = Clause("AS-FLOW-3", "(九)")
_BEFORE_THE_WORK_IS_DONE: Final = frozenset(
    {
        None,  # there is no ticket yet
        Stage.REPORTED,
        Stage.TRIAGED,
        Stage.COVERED,
        Stage.QUOTED,
        Stage.APPROVED,
        Stage.DISPATCHED,
        Stage.ON_SITE,
        Stage.IN_SHOP,
    }
)
_INSIDE: Final = frozenset({Custody.INBOUND, Custody.SHOP, Custody.VENDOR})
_LIVE: Final = {
    Series.RECEIPT: _INSIDE | {Custody.OUTBOUND},
    Series.IN_OUT: _INSIDE,
    Series.TAG: _INSIDE,
}
"""Where an item is while its papers are open: on its way back it is out of the shop, but not received."""


_OF_THE_SERVICE: Final = frozenset({Series.CALL_REGISTER, Series.VOUCHER})
"""What the ticket has of its report on, whatever becomes of the items."""


def issued(
    s: Case, it: Ticket, series: Series, *, item: str = "", signed_by: tuple[str, ...] = ()
) -> tuple[Ticket, int | None, tuple[Command, ...]]:
    """``it`` with one more paper of ``series``, its number, and what takes that number from the book.

    ``None`` and nothing else where the rulebook does not keep the series for this ticket.
    """
    it, numbers, commands = issued_each(s, it, series, (item,), signed_by=signed_by)
    return it, numbers.get(item), commands


def issued_each(
    s: Case, it: Ticket, series: Series, items: tuple[str, ...], *, signed_by: tuple[str, ...] = ()
) -> tuple[Ticket, dict[str, int], tuple[Command, ...]]:
    """``it`` with one paper of ``series`` for each of ``items``, their numbers by item, and what takes them.

    The numbers are consecutive, in the order of the items, and taken at once. There are none where the
    rulebook does not keep the series for this ticket.
    """
    rule = _kept(s, series)
    if rule is None or not items:
        return it, {}, ()
    book = s.others.get(book_key(it.firm, series))
    used = (paper.number + 1 for paper in it.papers.values() if paper.series is series)
    first = max(book.next if isinstance(book, Book) else 1, *used, 1)  # this step may have taken some already
    numbers = {item: first + place for place, item in enumerate(items)}
    papers = {
        paper.ref: paper
        for item, number in numbers.items()
        for paper in [
            Paper(
                series=series,
                number=number,
                issued_on=today(s),
                copies=rule.copies,
                item=item,
                signed_by=signed_by,
            )
        ]
    }
    take = entailed(
        s,
        TakeNumbers,
        book_key(it.firm, series).id,
        f"{series.value}/{first}",
        firm=it.firm,
        series=series,
        first=first,
        about=it.id,
        count=len(items),
    )
    return replace(it, papers={**it.papers, **papers}), numbers, (take,)


def _kept(s: Case, series: Series) -> Numbering | None:
    """The rule by which the firm keeps ``series`` for this ticket, the first one that holds."""
    rules = rules_of(s)
    kept = [named.rule for named in rules.of(Numbering) if named.rule.series is series]
    if not kept:
        return None
    known = rules.answered(answers_of(s))
    return next((rule for rule in kept if rule.when.open(known) == ()), None)


def _named(s: Case) -> Paper | None:
    """The paper that the command names."""
    return s.it.papers.get(f"{s.command.series.value}/{s.command.number}")


# --- guards ---------------------------------------------------------------------------------------


def paper_open(s: Case) -> Iterator[Reason]:
    """The ticket has the paper, and it is neither void nor filed: nothing is void twice (AS-FORM-1)."""
    paper, said = _named(s), s.command
    about = (("series", said.series.value), ("number", said.number))
    if paper is None:
        yield Reason("aftersales.no-such-paper", _SPOILED, about)
    elif paper.state is not PaperState.OPEN:
        clause = _TAKEN_BACK if paper.series is Series.RECEIPT else _SPOILED
        ended = () if paper.ended_on is None else (("since", paper.ended_on),)
        code = "aftersales.paper-void" if paper.state is PaperState.VOID else "aftersales.paper-filed"
        yield Reason(code, clause, (*about, *ended))


def not_a_live_receipt(s: Case) -> Iterator[Reason]:
    """The item is not there any more of which it is the receipt, the register line or the tag (AS-FLOW-6)."""
    paper = _named(s)
    if paper is None:
        return
    item = _about(s.it, paper)
    anew = isinstance(s.command, VoidPaper) and s.command.reissue
    if item is not None and not anew:
        facts = (("paper", paper.ref), ("item", item.serial), ("custody", item.custody.value))
        yield Reason("aftersales.item-still-there", _TAKEN_BACK, facts)


def _about(it: Ticket, paper: Paper) -> Item | None:
    """The item that is still there, if it is its receipt, its register line or its tag that is open."""
    item = it.items.get(paper.item)
    live = paper.state is PaperState.OPEN and item is not None and item.custody in _LIVE.get(paper.series, ())
    return item if live else None


def reissuable(s: Case) -> Iterator[Reason]:
    """Another one takes its place of what an item that is still there has to have, or of what was spoiled.

    That is the voucher, or the entry in the call register, as long as it is open.
    """
    paper = _named(s)
    if paper is None or not s.command.reissue:
        return
    open_still = paper.state is PaperState.OPEN and paper.series in _OF_THE_SERVICE
    if not (open_still or _about(s.it, paper) is not None) or _kept(s, paper.series) is None:
        facts = (("paper", paper.ref), ("state", paper.state.value))
        yield Reason("aftersales.not-reissued", _SPOILED, facts)


def done_first(s: Case) -> Iterator[Reason]:
    """The voucher is filed once the service is done, with what is signed on it (AS-FLOW-3)."""
    paper = _named(s)
    if paper is not None and paper.series is Series.VOUCHER and s.it.state in _BEFORE_THE_WORK_IS_DONE:
        facts = (("paper", paper.ref), ("stage", s.it.state.value))
        yield Reason("aftersales.filed-before-done", _ON_THE_SPOT, facts)


def firms_word(s: Case) -> Iterator[Reason]:
    """The customer shows nothing that only the firm can say, but what is asked of him at this very step."""
    if s.role is TicketRole.CUSTOMER and s.command.shown:
        for name in s.command.shown:
            if name in FIRMS_WORD - listed(rules_of(s), s.command.step):
                yield Reason("aftersales.firms-word", PRACTICE, (("item", name),))


def not_ahead_of_the_work(s: Case) -> Iterator[Reason]:
    """Nobody shows the customer's signature for a service that is not done yet (AS-FLOW-3).

    That is every signature that the rulebook's acceptance asks for, and whatever else is known by the name of
    one; of the latter not what the rulebook asks for at this very step, such as a signature for the item that
    is taken in (AS-FLOW-5).
    """
    state, shown = None if s.it is None else s.it.state, s.command.shown
    if not shown or state not in _BEFORE_THE_WORK_IS_DONE:
        return
    rules = rules_of(s)
    of_the_end = {name for name in listed(rules, AcceptWork.step) if _SIGNED.search(name)}
    ahead = of_the_end | (SIGNATURES - listed(rules, s.command.step))
    for name in shown:
        if name in ahead:
            stage = "none" if state is None else state.value
            facts = (("item", name), ("stage", stage))
            yield Reason("aftersales.signed-before-done", _ON_THE_SPOT, facts)


# --- effects --------------------------------------------------------------------------------------


def show(s: Case) -> Outcome:
    """What is shown goes on record."""
    return outcome(s, s.it)


def void(s: Case) -> Outcome:
    """The paper is void and stays; its book keeps the number as used and says why.

    Where the rulebook says to whom spoiled papers go, somebody is to hand it over. Another one is issued in
    its place where the command says so; the customer is told the number of his new receipt.
    """
    said = s.command
    it, paper = _ended(s, PaperState.VOID, said.reason)
    book = book_key(it.firm, said.series)
    commands: tuple[Command, ...] = ()
    if book in s.others:
        word = f"void/{paper.ref}"
        commands = (entailed(s, VoidNumber, book.id, word, number=said.number, reason=said.reason),)
    rule = _kept(s, said.series)
    if rule is not None and rule.voided_to:
        it = attend(it, "aftersales.attention.spoiled", ("paper", paper.ref), ("to", rule.voided_to))
    told: tuple[Message, ...] = ()
    if said.reissue:
        it, told, taken = _reissued(s, it, paper)
        commands += taken
    return outcome(s, it, messages=told, commands=commands)


def _reissued(s: Case, it: Ticket, spoiled: Paper) -> tuple[Ticket, tuple[Message, ...], tuple[Command, ...]]:
    """``it`` with the next number in the place of the spoiled paper, and who is told."""
    series, serial = spoiled.series, spoiled.item
    signed_by = (s.command.by.party,) if spoiled.signed_by else ()
    it, number, taken = issued(s, it, series, item=serial, signed_by=signed_by)
    if series in _OF_THE_SERVICE:
        word = "register" if series is Series.CALL_REGISTER else "voucher"
        return it, tell(it, REPORTED, ((word, number or 0),)), taken
    item: Item = it.items[serial]
    told: tuple[Message, ...] = ()
    if series is Series.RECEIPT:
        item = replace(item, receipt=number)
        told = tell(it, TAKEN_IN, (("items", serial), ("receipts", str(number))))
    elif series is Series.IN_OUT:
        item = replace(item, entry=number)
    else:
        item = replace(item, tag=number)
    return replace(it, items={**it.items, serial: item}), told, taken


def file(s: Case) -> Outcome:
    """The paper is filed (归档); the line of a register is struck off (注销)."""
    it, _ = _ended(s, PaperState.FILED, "")
    return outcome(s, it)


def _ended(s: Case, state: PaperState, why: str) -> tuple[Ticket, Paper]:
    paper = s.it.papers[f"{s.command.series.value}/{s.command.number}"]
    ended = replace(paper, state=state, ended_on=today(s), why=why)
    return replace(s.it, papers={**s.it.papers, ended.ref: ended}), ended
