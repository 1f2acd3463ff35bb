"""What one library tells the other, as the command that the other's desk hears.

1. A message of the outbox that is for another library carries in its facts all that its desk needs. It can
   be written as a letter, and ``heard`` makes of it the command that is said there: nothing is guessed, and
   all that is missing or of another type is named at once.
2. ``Message.key`` is unique at its sender, so the command's id is ``heard/<sender>/<key>``: what comes
   twice counts once.
3. What reaches us happened, to us, when it reached us: the other's clock is not ours.
4. What is for people only is heard as a notification, and so is a kind that is not known here: somebody
   reads it, and it changes nothing.

From the borrower (``ill.borrowing.…``) to the lender, whose case is ``<requester>/<request id>``:

=================  ====================  =============================================================
kind               heard as              facts beside ``request``
=================  ====================  =============================================================
request            ReceiveRequest        service, level, title, author, edition, volume, publisher,
                                         year, article, pages, call_number, barcode,
                                         record_ids, need_before, max_cost,
                                         previous, forwardable, via, reference, note; ``kind_of`` is
                                         new or retry (reminder: heard as RequestStatus)
cancel             RequestCancel         note
offer-accepted     AgreeToOffer          revision, note
offer-rejected     DeclineOffer          revision, note
item-received      ConfirmReceipt
renew              RequestRenewal        reason, desired
returned           ReportReturn          items
lost               ReportLost            items, where, note
found              ReportFound           note
status-request     RequestStatus
defect             ClaimDefect           what and note, or a note alone
damaged            Notify                all that is said
abandoned          Notify                all that is said
notification       Notify                note
=================  ====================  =============================================================

From the lender (``ill.supply.…``) to the borrower, whose request id is ``<case>~<attempt>``. Whatever it is,
it may carry ``cost.<kind>``: what has been charged by now, in all, by kind; ``as_of``, which counts up
with these totals, so that older ones that come later are known as such; and ``their_id``, what the lender
calls the request, where that is not as above. The borrower's messages repeat it since.

=================  ====================  =============================================================
kind               heard as              facts beside ``request``
=================  ====================  =============================================================
received           HearReceived          note
expected           HearExpect            note
promised           HearPromise           note
offered            HearOffer             conditions, cost, reply_by, revision, note
unfilled           HearUnfilled          why, forwarded_to, note
retry              HearRetry             why, after, before, cost, note
shipped            HearShipped (Loan)    items, due, via, reference, note
copy-supplied      HearShipped (Copy)    items, via, reference, note
cancel-answered    HearCancelAnswer      yes, status, note
renewed            HearRenewalAnswer     due, note
renewal-declined   HearRenewalAnswer     reason
recalled           HearRecall            due, reason
overdue            HearOverdue           note
held               HearHoldReturn        held, note
lost               HearLost              note
kept               HearNoReturnNeeded    note
loss-settled       HearNoReturnNeeded    note
checked-in         HearCheckedIn         note
compensation       HearCosts             note
charged            HearCosts             note
status             HearStatus            status, due, note
cancelled          HearWithdrawn         note
renewal-asked      HearNotification      note; without one nobody need look at it
due-soon           HearNotification      note
found              HearNotification      note
partly-back        HearNotification      all that is said
damaged            HearNotification      all that is said
notification       HearNotification      note
=================  ====================  =============================================================

Between a gateway and the desk of the reader's home library (``ill.gateway.…``); ``request`` is the filing's
id at the gateway, and ``<gateway>/<request>`` at the home library's:

=================  ====================  =============================================================
kind               heard as              facts beside ``request``
=================  ====================  =============================================================
request            HearFiling            as for a request above, and reader, declared,
                                         routed_by
taken-in           HearTakenIn
=================  ====================  =============================================================

From a centre that routes the borrower's cases (``ill.centre.…``) to the borrower; ``request`` is the case.
It was asked by ``ill.borrowing.route``, heard as AskRoute, which carries what a request does, and ``asked``:
who was asked before, one a line; the centre's case is ``<requester>/<request>``:

=================  ====================  =============================================================
kind               heard as              facts beside ``request``
=================  ====================  =============================================================
routed             HearRota              suppliers, one a line, in their order; note
=================  ====================  =============================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from servflow.core.changes import Actor, Command, Message, Office
from servflow.core.citations import Plain
from servflow.core.dates import aware
from servflow.core.errors import InvalidMessage, InvalidValue, Problem
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing import messages as borrowing
from servflow.core.ill.centre.routing import AskRoute
from servflow.core.ill.filing import commands as f
from servflow.core.ill.filing import messages as filing
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages as lending
from servflow.core.ill.terms import (
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Level,
    Requested,
    Retry,
    SentVia,
    Service,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

__all__ = ["HEARD", "HeardAs", "case_at_lender", "for_a_desk", "heard"]

E = TypeVar("E", bound=Enum)

_TO_LENDER: Final = "ill.borrowing."
_TO_BORROWER: Final = "ill.supply."
_GATEWAYS: Final = frozenset({filing.REQUEST, filing.TAKEN_IN})
_ROUTED: Final = "ill.centre.routed"
_COST: Final = "cost."
_ABOUT: Final = frozenset(
    {"request", "supplier", "requester", "their_id", "title", "mark", "status", "as_of"}
)
_CASE_AND_ATTEMPT: Final = re.compile(r"(?P<case>.+)~(?P<attempt>[1-9][0-9]{0,8})", re.DOTALL)
_TYPES: Final[Mapping[type, str]] = MappingProxyType(
    {str: "a text", int: "a whole number", bool: "true or false", date: "a day", Money: "an amount"}
)


class _Absent(Enum):
    """That nothing is said of something."""

    ABSENT = "absent"


_ABSENT: Final = _Absent.ABSENT


class _Facts:
    """The facts of one message, being read. What is missing or wrong leaves a problem behind."""

    def __init__(self, message: Message) -> None:
        self.kind = message.kind
        self.said: Mapping[str, Plain] = dict(message.facts)
        self.problems: list[Problem] = []

    def wrong(self, name: str, found: object, expected: str) -> _Absent:
        problem = Problem(f"facts.{name}", str(found), expected)
        if problem not in self.problems:  # two fields may be read from one fact
            self.problems.append(problem)
        return _ABSENT

    def get(self, name: str, kind: type, *, needed: bool = False) -> Any:
        """The fact of that name, of exactly that type; an empty text is as good as none."""
        value = self.said.get(name)
        if value is None or value == "":
            return self.wrong(name, "nothing", _TYPES[kind]) if needed else _ABSENT
        if type(value) is not kind:
            return self.wrong(name, repr(value), _TYPES[kind])
        return value

    def one_of(self, name: str, kind: type[E], text: str) -> E | _Absent:
        """The member whose value is ``text``."""
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(str(each.value) for each in kind)
            return self.wrong(name, repr(text), f"one of {known}")


_Reader = Callable[[_Facts], Any]


def _fact(name: str, kind: type, *, needed: bool = False) -> _Reader:
    return lambda facts: facts.get(name, kind, needed=needed)


def _text(name: str) -> _Reader:
    return _fact(name, str)


def _word(name: str, kind: type[Enum], *, needed: bool = False) -> _Reader:
    def read(facts: _Facts) -> Any:
        text = facts.get(name, str, needed=needed)
        return _ABSENT if text is _ABSENT else facts.one_of(name, kind, text)

    return read


def _words(name: str, kind: type[Enum]) -> _Reader:
    """Values that a comma joins."""

    def read(facts: _Facts) -> Any:
        text = facts.get(name, str)
        if text is _ABSENT:
            return _ABSENT
        return tuple(facts.one_of(name, kind, each.strip()) for each in text.split(","))

    return read


def _list(name: str) -> _Reader:
    """Texts, one a line."""

    def read(facts: _Facts) -> Any:
        text = facts.get(name, str)
        return _ABSENT if text is _ABSENT else tuple(text.split("\n"))

    return read


def _always(value: Any) -> _Reader:
    return lambda _facts: value


def _delivery(facts: _Facts) -> Any:
    via, reference = _word("via", SentVia)(facts), facts.get("reference", str)
    if via is _ABSENT:
        return _ABSENT
    return Delivery(via=via, reference="" if reference is _ABSENT else reference)


def _delivery_to_reader(facts: _Facts) -> Any:
    """How a reader wants it: his e-mail address stays with the hosts, who know it without this."""
    wished = _delivery(facts)
    kept = wished is _ABSENT or "@" not in wished.reference
    return wished if kept else Delivery(via=wished.via)


def _requested(facts: _Facts) -> Requested:
    cited = ("title", "author", "edition", "volume", "publisher", "year", "article", "pages")
    texts = (*cited, "call_number", "barcode")
    read = {name: facts.get(name, str) for name in texts} | {"record_ids": _list("record_ids")(facts)}
    return Requested(**{name: value for name, value in read.items() if value is not _ABSENT})


def _what(facts: _Facts) -> Any:
    """What is wrong with a copy; where only a note says so, the note."""
    what = facts.get("what", str)
    return facts.get("note", str, needed=True) if what is _ABSENT else what


def _costs(facts: _Facts) -> tuple[CostLine, ...]:
    lines = []
    for name in facts.said:
        if name.startswith(_COST):
            kind = facts.one_of(name, CostKind, name.removeprefix(_COST))
            amount = facts.get(name, Money, needed=True)
            if isinstance(amount, Money) and amount.minor < 0:
                facts.wrong(name, amount, "an amount of zero or more")
            elif isinstance(amount, Money) and isinstance(kind, CostKind):
                lines.append(CostLine(kind=kind, amount=amount))
    return tuple(lines)


def _all_that_is_said(facts: _Facts) -> str:
    """The note, where nothing else is said; otherwise the kind and each fact, by its name."""
    said = {k: v for k, v in facts.said.items() if k not in _ABOUT and not k.startswith(_COST) and v != ""}
    if facts.kind in _NOTES and set(said) <= {"note"}:
        return str(said.get("note", ""))
    listed = "; ".join(f"{name}: {value}" for name, value in said.items())
    return f"{facts.kind}: {listed}" if listed else facts.kind


class HeardAs(NamedTuple):
    """As which command a kind is heard, and where each of its own fields is read."""

    command: type[Command]
    fields: Mapping[str, _Reader]


def _as(command: type[Command], **fields: _Reader) -> HeardAs:
    return HeardAs(command, MappingProxyType(fields))


_NOTES: Final = (f"{_TO_LENDER}notification", f"{_TO_BORROWER}notification")
_NOTE: Final = _text("note")
_LENDER_READS: Final = _as(c.Notify, note=_all_that_is_said)
_BORROWER_READS: Final = _as(b.HearNotification, note=_all_that_is_said)
_TAKEN_DOWN: Final = _as(b.HearNotification, note=_NOTE)
_KEPT: Final = _as(b.HearNoReturnNeeded, note=_NOTE)
_COSTS: Final = _as(b.HearCosts, note=_NOTE)

HEARD: Final[Mapping[str, HeardAs]] = MappingProxyType(
    {
        # from the borrower to the lender
        borrowing.REQUEST: _as(
            c.ReceiveRequest,
            request_id=_fact("request", str, needed=True),
            requested=_requested,
            service=_word("service", Service, needed=True),
            level=_word("level", Level),
            need_before=_fact("need_before", date),
            max_cost=_fact("max_cost", Money),
            previous=_text("previous"),
            forwardable=_fact("forwardable", bool),
            delivery=_delivery,
            note=_NOTE,
        ),
        borrowing.CANCEL: _as(c.RequestCancel, note=_NOTE),
        borrowing.OFFER_ACCEPTED: _as(
            c.AgreeToOffer, revision=_fact("revision", int, needed=True), note=_NOTE
        ),
        borrowing.OFFER_REJECTED: _as(
            c.DeclineOffer, revision=_fact("revision", int, needed=True), note=_NOTE
        ),
        borrowing.RECEIVED: _as(c.ConfirmReceipt),
        borrowing.RENEW: _as(c.RequestRenewal, reason=_text("reason"), desired=_fact("desired", date)),
        borrowing.RETURNED: _as(c.ReportReturn, items=_list("items")),
        borrowing.LOST: _as(c.ReportLost, items=_list("items"), where=_word("where", WhereLost), note=_NOTE),
        borrowing.FOUND: _as(c.ReportFound, note=_NOTE),
        borrowing.STATUS_REQUEST: _as(c.RequestStatus),
        borrowing.DEFECT: _as(c.ClaimDefect, what=_what, note=_NOTE),
        # from the borrower to a centre that routes
        borrowing.ROUTE: _as(
            AskRoute,
            request=_fact("request", str, needed=True),
            requested=_requested,
            service=_word("service", Service, needed=True),
            asked=_list("asked"),
            level=_word("level", Level),
            need_before=_fact("need_before", date),
            max_cost=_fact("max_cost", Money),
        ),
        borrowing.DAMAGED: _LENDER_READS,
        borrowing.ABANDONED: _LENDER_READS,
        f"{_TO_LENDER}notification": _LENDER_READS,
        # from the lender to the borrower
        lending.RECEIVED: _as(b.HearReceived, note=_NOTE),
        lending.EXPECTED: _as(b.HearExpect, note=_NOTE),
        lending.PROMISED: _as(b.HearPromise, note=_NOTE),
        lending.OFFERED: _as(
            b.HearOffer,
            conditions=_words("conditions", Condition),
            cost=_fact("cost", Money),
            reply_by=_fact("reply_by", date),
            revision=_fact("revision", int),
            note=_NOTE,
        ),
        lending.UNFILLED: _as(
            b.HearUnfilled, why=_word("why", Unfilled), forwarded_to=_fact("forwarded_to", str), note=_NOTE
        ),
        lending.RETRY: _as(
            b.HearRetry,
            why=_word("why", Retry),
            after=_fact("after", date),
            before=_fact("before", date),
            cost=_fact("cost", Money),
            note=_NOTE,
        ),
        lending.SHIPPED: _as(
            b.HearShipped,
            service=_always(Service.LOAN),
            items=_list("items"),
            due=_fact("due", date),
            delivery=_delivery,
            note=_NOTE,
        ),
        lending.COPY_SUPPLIED: _as(
            b.HearShipped,
            service=_always(Service.COPY),
            items=_list("items"),
            delivery=_delivery,
            note=_NOTE,
        ),
        lending.CANCEL_ANSWERED: _as(
            b.HearCancelAnswer, yes=_fact("yes", bool), status=_word("status", Status), note=_NOTE
        ),
        lending.RENEWED: _as(b.HearRenewalAnswer, yes=_always(True), due=_fact("due", date), note=_NOTE),
        lending.RENEWAL_DECLINED: _as(b.HearRenewalAnswer, yes=_always(False), note=_text("reason")),
        lending.RECALLED: _as(b.HearRecall, due=_fact("due", date), note=_text("reason")),
        lending.OVERDUE: _as(b.HearOverdue, note=_NOTE),
        lending.HELD: _as(b.HearHoldReturn, held=_fact("held", bool, needed=True), note=_NOTE),
        lending.LOST: _as(b.HearLost, note=_NOTE),
        lending.KEPT: _KEPT,
        lending.LOSS_SETTLED: _KEPT,
        lending.CHECKED_IN: _as(b.HearCheckedIn, note=_NOTE),
        lending.COMPENSATION: _COSTS,
        lending.CHARGED: _COSTS,
        lending.STATUS: _as(
            b.HearStatus, status=_word("status", Status, needed=True), due=_fact("due", date), note=_NOTE
        ),
        f"{_TO_BORROWER}cancelled": _as(b.HearWithdrawn, note=_NOTE),
        lending.RENEWAL_ASKED: _TAKEN_DOWN,
        lending.DUE_SOON: _TAKEN_DOWN,
        lending.FOUND: _TAKEN_DOWN,
        lending.PARTLY_BACK: _BORROWER_READS,
        lending.DAMAGED: _BORROWER_READS,
        f"{_TO_BORROWER}notification": _BORROWER_READS,
        # between a gateway and the home library's desk
        filing.REQUEST: _as(
            f.HearFiling,
            filing=_fact("request", str, needed=True),
            patron=_fact("reader", str, needed=True),
            requested=_requested,
            service=_word("service", Service, needed=True),
            level=_word("level", Level),
            need_before=_fact("need_before", date),
            max_cost=_fact("max_cost", Money),
            delivery=_delivery_to_reader,
            declared=_fact("declared", bool),
            note=_NOTE,
            routed_by=_text("routed_by"),
        ),
        filing.TAKEN_IN: _as(f.HearTakenIn),
        # from a centre to the borrower
        _ROUTED: _as(b.HearRota, suppliers=_list("suppliers"), note=_NOTE),
    }
)
"""As what each kind is heard. A kind that is not here and comes from the other desk is a notification."""


def for_a_desk(message: Message) -> bool:
    """Whether a message is for the desk of another library; every other is for people."""
    return message.kind.startswith((_TO_LENDER, _TO_BORROWER)) or message.kind in {*_GATEWAYS, _ROUTED}


def case_at_lender(requester: str, request_id: str) -> str:
    """The id of the lender's transaction for a request: ``<requester>/<request id>``.

    A slash within the requester is written ``%2F`` and a percent sign ``%25``, so that no two are the same.
    """
    return f"{requester.replace('%', '%25').replace('/', '%2F')}/{request_id}"


def heard(message: Message, *, sender: str, at: str, received_at: datetime) -> Command | None:
    """The command that ``message`` of the library ``sender`` says to the desk of the library ``at``.

    None for a message that is for people: a patron, the staff, a partner in a relation. ``received_at`` is
    when it first reached ``at``, the same at every delivery, because it is part of what makes a command
    the same command; it is also when it happened. The sender is heard as a program of its library.

    Raises:
        InvalidMessage: it is addressed to another library, its request is not one of ours, or a fact is
            missing or of another type; every problem is named.
        InvalidValue: ``received_at`` is naive.
    """
    aware("received_at", received_at)
    if not for_a_desk(message):
        return None
    to_lender = message.kind.startswith(_TO_LENDER)
    facts = _Facts(message)
    if message.to != at:
        facts.problems.append(Problem("to", repr(message.to), f"{at!r}, where it is heard"))
    if message.kind in {filing.TAKEN_IN, _ROUTED}:
        where = _at_gateway(facts)
    elif to_lender or message.kind == filing.REQUEST:
        where = _at_lender(facts, sender)
    else:
        where = _at_borrower(facts)
    command, fields = HEARD.get(message.kind, _LENDER_READS if to_lender else _BORROWER_READS)
    if command is c.ReceiveRequest:
        if _asks_again(facts):
            command, fields = c.RequestStatus, {}
        else:
            where |= {"requester": sender, "supplier": at}
    if command is AskRoute:
        where |= {"requester": sender}
    read = {name: reader(facts) for name, reader in fields.items()}
    if facts.problems:
        raise InvalidMessage(message.kind, facts.problems)
    said = {name: value for name, value in read.items() if value is not _ABSENT}
    try:
        return command(
            id=f"heard/{sender}/{message.key}",
            by=Actor("ils", sender, Office.SYSTEM),
            happened_at=received_at,
            recorded_at=received_at,
            **where,
            **said,
        )
    except InvalidValue as error:
        problem = Problem(f"facts.{error.field}", repr(error.found), error.expected)
        raise InvalidMessage(message.kind, [problem]) from None


def _at_lender(facts: _Facts, sender: str) -> dict[str, Any]:
    """Which transaction it is about."""
    request = facts.get("request", str, needed=True)
    return {} if request is _ABSENT else {"case": case_at_lender(sender, request)}


def _at_gateway(facts: _Facts) -> dict[str, Any]:
    """Which filing or case of ours it is about."""
    request = facts.get("request", str, needed=True)
    return {} if request is _ABSENT else {"case": request}


def _at_borrower(facts: _Facts) -> dict[str, Any]:
    """Which attempt of which case it is about, and what has been charged by now."""
    request = facts.get("request", str, needed=True)
    costs = _costs(facts)
    said = facts.get("as_of", int)
    as_of = said if isinstance(said, int) else None
    theirs = facts.get("their_id", str)
    if request is _ABSENT:
        return {}
    parts = _CASE_AND_ATTEMPT.fullmatch(request)
    if parts is None:
        facts.wrong("request", repr(request), "a request id of ours: <case>~<attempt>")
        return {}
    about = {"case": parts["case"], "attempt": int(parts["attempt"]), "costs": costs, "as_of": as_of}
    return about if theirs is _ABSENT else {**about, "their_id": theirs}


def _asks_again(facts: _Facts) -> bool:
    """Whether a request only reminds of one that was made before; a reminder opens nothing."""
    said = facts.get("kind_of", str)
    if said not in ("new", "retry", "reminder", _ABSENT):
        facts.wrong("kind_of", repr(said), "new, retry or reminder")
    return bool(said == "reminder")
