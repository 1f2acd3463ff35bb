"""One desk's end of the wire: the bytes of a message in, the bytes of its confirmation out.

1. Whatever comes in is answered: OK once what it says is committed, ERROR with its type and a text where it
   is wrong and always will be. An error of ours (the storage is busy, full, damaged) is raised instead, for
   the sender to try again: an ERROR would make it give up.
2. A message counts once. The command that it says is named by the message's fingerprint, so the same one
   once more, sent because our answer was lost, is OK again with nothing done.
3. It happened when its sender says that it was sent, which is the same at every try. A host that does not
   trust a partner's clock does not use this class.
4. Nobody speaks for another: a message counts as its sender's, and whoever connected, where the host knows,
   must be the sender. A security code within the message is not checked here: whether it is the sender's,
   the host says, which knows it, and gives the sender as the peer.
5. What stands in a note for programs counts only where the host knows the sender's system as one of ours.
   Whoever else writes such lines has written a note.
6. A request that is on record already is OK: its sender has another account by now, or stamps it anew. One
   that asks for anything else under its id is an error.
7. Who answers an offer without saying which answers what it had been told by then. An answer that was sent
   before our latest offer was made, and a repeated request that pays less than it costs, agree to nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from servflow.adapters.partner_iso18626._confirmation import confirm
from servflow.adapters.partner_iso18626._editions import REQUEST, REQUESTING, SUPPLYING, Dialect, Edition
from servflow.adapters.partner_iso18626._message import (
    Asks,
    ErrorData,
    ErrorType,
    Incoming,
    UnreadableMessage,
)
from servflow.adapters.partner_iso18626._reading import read
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.dates import aware
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    InvalidMessage,
    InvalidValue,
    MissingValue,
    NotFound,
    Refused,
    ServflowError,
)
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.exchange import heard
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ill.terms import Offer, OfferState
from servflow.core.ports import Facts, Receipt, Storage, System

__all__ = ["Exchange", "command_of", "is_ours"]

_WRONG: Final = (
    AlreadyExists,
    CommandReused,
    InvalidMessage,
    InvalidValue,
    MissingValue,
    NotFound,
    Refused,
)
_NOT_SUPPORTED: Final = {
    REQUEST: ErrorType.UNKNOWN_VALUE,
    REQUESTING: ErrorType.UNSUPPORTED_ACTION,
    SUPPLYING: ErrorType.UNSUPPORTED_REASON,
}


def command_of(incoming: Incoming, *, received_at: datetime, revision: int | None = None) -> Command:
    """As which command a message is heard where it is addressed to.

    ``revision`` is that of the offer that it is about, where it ``asks`` for it; without one, it is heard
    as about none. A request is the command that ``read_request`` gives.

    Raises:
        InvalidMessage: it lacks something that the command needs; every problem is named.
        InvalidValue: ``received_at`` is naive.
    """
    aware("received_at", received_at)
    message = incoming.message
    if revision is not None or incoming.asks is Asks.REVISION:
        message = incoming.agreed(revision or 0)
    command = heard(message, sender=incoming.sender, at=incoming.recipient, received_at=incoming.sent_at)
    assert command is not None  # whatever is read is for a desk
    command = replace(command, recorded_at=max(incoming.sent_at, received_at))
    if isinstance(command, ReceiveRequest):  # so that one taken in as a file is the same one
        by = Actor(party=incoming.sender, serves=incoming.sender, office=Office.SYSTEM)
        return replace(command, id=message.key, by=by, card=incoming.card)
    return command


def is_ours(facts: Facts, ref: str) -> bool:
    """Whether the host knows the library's system as a desk of ours, whose lines for programs count."""
    system = _system(facts, ref)
    return system is not None and system.dialect == Dialect.SERVFLOW.value


def _system(facts: Facts, ref: str | None) -> System | None:
    """The library's system, where the host knows one."""
    try:
        return facts.party(ref).system if ref else None
    except (NotFound, ValueError):
        return None


class _Desk(Protocol):
    """What is needed of a ``servflow.desk.Desk``."""

    storage: Storage
    facts: Facts

    def do(self, command: Command) -> Receipt: ...


class Exchange:
    """The end of the wire at the desk of ``library``.

    ``otherwise`` is the edition of the answer to a library of which the host knows no system. All that is
    told to other libraries leaves by ``Desk.deliver``, not here.
    """

    def __init__(self, desk: _Desk, library: str, *, otherwise: Edition = Edition.V1_2) -> None:
        self.desk = desk
        self.library = library
        self.otherwise = otherwise

    def answer(self, data: bytes, *, received_at: datetime, peer: str | None = None) -> bytes:
        """Take in a message, and give the confirmation to send back.

        ``peer`` is the library that the host has found to be at the other end, which also stands for a
        sender that the message does not name; None: the host has not looked, and whoever the message
        names as its sender is believed.

        Raises:
            StorageBusy, StorageFull, UnusableStorage, DamagedRecord, StaleVersion: what came in could not
                be taken down, and is not; the sender should try again.
            MissingExtra: lxml is not installed.
            InvalidValue: ``received_at`` is naive.
        """
        aware("received_at", received_at)
        try:
            incoming = read(data, received_at=received_at, sender=peer, at=self.library)
            if is_ours(self.desk.facts, incoming.sender):
                incoming = read(data, received_at=received_at, sender=peer, at=self.library, lines=True)
        except UnreadableMessage as error:
            sender = error.header.supplier if error.header.kind == SUPPLYING else error.header.requester
            return confirm(error, edition=self._edition(sender), received_at=received_at)
        wrong = self._stranger(incoming, peer) or self._taken_in(incoming, received_at)
        edition = self._edition(incoming.sender)
        return confirm(incoming, edition=edition, received_at=received_at, error=wrong)

    def _edition(self, sender: str | None) -> Edition:
        """The edition of the library's system, where the host knows one."""
        system = _system(self.desk.facts, sender)
        try:
            return Edition(system.edition) if system is not None and system.edition else self.otherwise
        except ValueError:
            return self.otherwise

    def _stranger(self, incoming: Incoming, peer: str | None) -> ErrorData | None:
        """What is wrong with whom it is for, or from."""
        if incoming.recipient != self.library:
            value = f"the message is for {incoming.recipient}; this is {self.library}"
            return ErrorData(type=ErrorType.UNKNOWN_VALUE, value=value)
        if peer is not None and incoming.sender != peer:
            value = f"the message is from {incoming.sender}, but it was not that library that sent it"
            return ErrorData(type=ErrorType.UNKNOWN_VALUE, value=value)
        return None

    def _taken_in(self, incoming: Incoming, received_at: datetime) -> ErrorData | None:
        """Say to the desk what the message says; what is wrong with it."""
        try:
            if incoming.asks is None:
                self._done(command_of(incoming, received_at=received_at))
            elif not self._heard_before(incoming, received_at):
                self._looked_up(incoming, received_at)
        except _WRONG as error:
            return _error(incoming, error)
        return None

    def _done(self, command: Command) -> None:
        """Say it to the desk; a request that it has on record is nothing new."""
        try:
            self.desk.do(command)
        except AlreadyExists:
            if not (isinstance(command, ReceiveRequest) and self._on_record(command)):
                raise

    def _on_record(self, said: ReceiveRequest) -> bool:
        """Whether the transaction of its id asks for the same, by whatever account and at whatever time."""
        it = self.desk.storage.load(Key(SupplyTransaction.kind, said.case))
        assert isinstance(it, SupplyTransaction)  # it is of that kind
        pairs: tuple[tuple[object, object], ...] = (
            (said.requester, it.requester),
            (said.supplier, it.supplier),
            (said.request_id, it.request_id),
            (said.requested, it.requested),
            (said.service, it.service),
            (said.level, it.level),
            (said.need_before, it.need_before),
            (said.max_cost, it.max_cost),
            (said.previous, it.previous),
            (said.forwardable, bool(it.forwardable)),
            (said.delivery, it.delivery_wished),
            (said.note, it.note or ""),
        )
        return all(asked == known for asked, known in pairs)

    def _looked_up(self, incoming: Incoming, received_at: datetime) -> None:
        """As above, with what the wire does not say and the desk has on record."""
        command = command_of(
            incoming, received_at=received_at, revision=self._revision(incoming, received_at)
        )
        try:
            self.desk.do(command)
        except (AlreadyExists, CommandReused):
            if not self._heard_before(incoming, received_at):  # by somebody else, since it was looked up
                raise

    def _revision(self, incoming: Incoming, received_at: datetime) -> int | None:
        """The offer that is meant: the latest one, if it had been made; of a request, one that is open.

        0 says that it answers an offer, but none that stands: staff are to look at it. None says that it
        answers none.
        """
        about = command_of(incoming, received_at=received_at, revision=0)
        try:
            it = self.desk.storage.load(Key(SupplyTransaction.kind, about.case))
        except NotFound:
            return None
        offer = it.offer if isinstance(it, SupplyTransaction) else None
        if offer is None:
            return None
        if incoming.asks is Asks.WHETHER_AGREED:
            said = command_of(incoming, received_at=received_at)
            assert isinstance(it, SupplyTransaction)  # it has an offer
            assert isinstance(said, ReceiveRequest)  # a request
            if offer.state is not OfferState.OPEN or said.requested != it.requested:
                return None
            if not _pays(said, offer):
                return 0
        stale = offer.made_at is not None and incoming.sent_at < offer.made_at
        return 0 if stale else offer.revision

    def _heard_before(self, incoming: Incoming, received_at: datetime) -> bool:
        """Whether a message that asks for something was taken in, whatever was on record then."""
        readings = [command_of(incoming, received_at=received_at, revision=each) for each in (None, 0)]
        with self.desk.storage.writing() as writing:
            try:
                return any(writing.receipt(command) is not None for command in readings)
            except CommandReused:  # its name is made of all that was read: it is the same message
                return True


def _pays(said: ReceiveRequest, offer: Offer) -> bool:
    """Whether the request pays what is offered; one that says nothing of costs does."""
    most, cost = said.max_cost, offer.cost
    return most is None or cost is None or (most.currency == cost.currency and most >= cost)


def _error(incoming: Incoming, error: ServflowError) -> ErrorData:
    """What is wrong, in the words of ISO 18626, and in a text for whoever looks at the sender's log."""
    kind = ErrorType.UNKNOWN_VALUE
    match error:
        case AlreadyExists():
            value = f"the request id {incoming.request_id} was used before, for another request"
        case CommandReused():
            value = "another message with the same contents was taken in before"
        case NotFound() if error.kind in (SupplyTransaction.kind, BorrowingCase.kind):
            value = f"no request {incoming.request_id} of {incoming.sender} is known here"
        case NotFound() | MissingValue():
            name = error.name if isinstance(error, MissingValue) else f"{error.kind} {error.id}"
            value = f"it cannot be decided here: {name} is not known"
        case Refused():
            kind = _NOT_SUPPORTED.get(incoming.kind, ErrorType.UNKNOWN_VALUE)
            value = "; ".join(map(str, error.reasons))
        case InvalidMessage():
            value = "; ".join(map(str, error.problems))
        case _:
            value = str(error)
    return ErrorData(type=kind, value=value)
