"""Two desks and a wire between them: what a borrowing library and its lenders make of each other's words.

``TwoEnds`` runs real desks over storages in memory, each under its own policy. What one tells the other is
taken from its outbox, carried by a ``Wire`` that may lose, repeat and delay it, and said at the other
desk as ``servflow.core.ill.exchange`` hears it. A host tries its own rules and facts so:

1. Nothing is silent: what a desk refuses or does not know is kept in ``bounced`` with its error, what the
   wire lost in ``wire.lost``, what was for people in ``told``.
2. Time stands still until it is passed on (``pass_time``), and then stops at every instant at which a desk
   has something to do or a message may leave.
3. Chance comes from outside (``choose``), so a run can be repeated: ``random.Random(7).randrange``, or
   draws of hypothesis.
4. ``compatible`` says by a table, ``AGREEMENTS``, where the two ends may stand at the same time.

It needs neither pytest nor hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.dates import aware, lies_after
from servflow.core.errors import InvalidValue, NotFound, ServflowError
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.model import Attempt, BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.states import AttemptState, CaseOutcome, CaseState
from servflow.core.ill.exchange import case_at_lender, for_a_desk, heard
from servflow.core.ill.lending import commands as lending
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    Material,
    Place,
    SecurityKind,
    SupplyState,
)
from servflow.core.ledger import Account, AccountKind, balance, settlement
from servflow.core.money import Money
from servflow.core.ports import Facts, Party, Receipt, Status
from servflow.desk import Desk

__all__ = [
    "AGREEMENTS",
    "Agreement",
    "Bounced",
    "Carried",
    "Known",
    "Standing",
    "TwoEnds",
    "Wire",
    "compatible",
    "raises_attention",
    "stands_here",
    "stands_there",
]

A = TypeVar("A", bound=Aggregate)

_LEASE: Final = timedelta(minutes=1)
_PAGE: Final = 1000


class Carried(NamedTuple):
    """A message on its way from the library ``sender`` to the one it is for."""

    message: Message
    sender: str


class Bounced(NamedTuple):
    """A message that a desk did not take, when it came, and why not."""

    carried: Carried
    at: datetime
    error: ServflowError


class Wire:
    """What carries messages between libraries: in their order and each once, if nothing is chosen.

    ``choose`` gives a whole number from 0 up to below the number it is called with. A message is carried
    whole where it gives 0, so that hypothesis comes to a wire without faults when it makes an example
    smaller; otherwise it is lost, comes twice, or comes some rounds later than what was put on the wire
    after it. At most ``most_lost`` are lost so (None: any). ``lose`` loses the next messages of one kind,
    whatever is chosen.
    """

    def __init__(
        self,
        choose: Callable[[int], int] | None = None,
        *,
        most_lost: int | None = None,
        repeats: bool = True,
        delays: bool = True,
    ) -> None:
        self.lost: list[Carried] = []
        self._choose = choose
        self._most_lost = most_lost
        self._faults = [self._twice] * repeats + [self._later] * delays
        self._to_lose: list[str] = []
        self._on_it: list[tuple[int, Carried]] = []

    def __len__(self) -> int:
        """How many messages are on it."""
        return len(self._on_it)

    def lose(self, kind: str, times: int = 1) -> None:
        """The next ``times`` messages of this kind are lost."""
        self._to_lose += [kind] * times

    def put(self, carried: Carried) -> None:
        """The message is sent."""
        if carried.message.kind in self._to_lose:
            self._to_lose.remove(carried.message.kind)
            self._lost(carried)
            return
        if self._choose is None:
            self._on_it.append((0, carried))
            return
        loses = self._most_lost is None or len(self.lost) < self._most_lost
        faults = [*self._faults, self._lost] if loses else self._faults
        # faults are the rarer half: a run in which nothing arrives shows little
        fault = self._choose(4 + len(faults)) - 4
        if fault < 0:
            self._on_it.append((0, carried))
        else:
            faults[fault](carried)

    def take(self) -> tuple[Carried, ...]:
        """What arrives now, in its order; every call is a round."""
        arrived = tuple(carried for rounds, carried in self._on_it if rounds == 0)
        self._on_it = [(rounds - 1, carried) for rounds, carried in self._on_it if rounds]
        return arrived

    def _lost(self, carried: Carried) -> None:
        self.lost.append(carried)

    def _twice(self, carried: Carried) -> None:
        self._on_it += [(0, carried), (self._rounds() - 1, carried)]

    def _later(self, carried: Carried) -> None:
        self._on_it.append((self._rounds(), carried))

    def _rounds(self) -> int:
        assert self._choose is not None  # only what is chosen goes wrong
        return 1 + self._choose(4)


class Known:
    """A host that always knows the same ``facts``; a test may change them. Nobody is written to."""

    def __init__(self, facts: Any) -> None:
        self.facts = facts

    def ask(self, command: Command, it: Aggregate | None) -> Any:  # noqa: ARG002 -- the port's
        """See the port."""
        return self.facts

    def party(self, ref: str) -> Party:
        """See the port."""
        raise NotFound("party", ref)


class TwoEnds:
    """One borrowing library and one or more lenders, each with its desk, and the wire between them.

    ``now`` is the instant at which everything happens until ``pass_time``. Where no facts are given,
    patrons may order, and lenders know a Chinese book wanted by a university library of another place.
    ``arrived`` is all that came over the wire, ``bounced`` what of it a desk did not take, ``repeated`` how
    many messages came once more and counted no more. ``told`` is what was told to people, ``stuck`` the last
    thing that the clock could not say to each aggregate.

    Raises:
        InvalidValue: ``starts`` is naive, or two libraries have one reference.
    """

    def __init__(
        self,
        borrowing: BorrowingPolicy,
        *lenders: LendingPolicy,
        starts: datetime,
        wire: Wire | None = None,
        borrowing_facts: Facts | None = None,
        lending_facts: Facts | None = None,
    ) -> None:
        self.now = aware("starts", starts)
        self.wire = Wire() if wire is None else wire
        self.borrower = borrowing.library
        self.lenders = tuple(policy.library for policy in lenders)
        self.policies: Mapping[str, BorrowingPolicy | LendingPolicy] = MappingProxyType(
            {borrowing.library: borrowing} | {policy.library: policy for policy in lenders}
        )
        if len(self.policies) < 1 + len(lenders):
            raise InvalidValue("libraries", ", ".join((self.borrower, *self.lenders)), "a reference each")
        here = borrowing_facts or Known(BorrowingFacts())
        there = lending_facts or Known(_USUAL)
        desks = {self.borrower: _desk({BorrowingCase.kind: borrowing}, here)}
        for policy in lenders:
            desks[policy.library] = _desk({SupplyTransaction.kind: policy, Relation.kind: policy}, there)
        self.desks: Mapping[str, Desk] = MappingProxyType(desks)
        self.arrived: list[Carried] = []
        self.bounced: list[Bounced] = []
        self.told: list[Carried] = []
        self.stuck: dict[Key, ServflowError] = {}
        self.repeated = 0
        self._said = 0
        self._first: dict[tuple[str, str], datetime] = {}

    # --- what is said, and what becomes of it -------------------------------------------------------

    def say(
        self, at: str, command: type[Command], case: str, /, *, by: Actor | None = None, **said: Any
    ) -> Receipt:
        """A command at the desk of the library ``at``, by its staff if nobody else is named, now.

        Raises:
            Refused, NotFound, AlreadyExists: as ``Desk.do``; nothing has changed.
        """
        self._said += 1
        return self.desks[at].do(
            command(
                id=f"said/{self._said}",
                case=case,
                by=by or Actor("librarian", at, Office.STAFF),
                happened_at=self.now,
                recorded_at=self.now,
                **said,
            )
        )

    def relate(self, lender: str, security: Money) -> None:
        """The borrower's relation with ``lender`` is in force: applied for, approved, signed, paid for."""
        policy = self.policies[lender]
        assert isinstance(policy, LendingPolicy)
        agreements = policy.agreements.on(policy.day(self.now)).value
        by = Actor("ils", self.borrower, Office.SYSTEM)
        kind = InstitutionKind.UNIVERSITY_LIBRARY
        self.say(lender, lending.Apply, self.borrower, by=by, lender=lender, kind=kind)
        self.say(lender, lending.Approve, self.borrower)
        self.say(lender, lending.Sign, self.borrower, agreements=agreements)
        self.say(lender, lending.PaySecurity, self.borrower, kind=SecurityKind.DEPOSIT, amount=security)

    def exchange(self) -> int:
        """One round: what may leave is put on the wire, and what arrives is said. How many arrived."""
        for library, desk in self.desks.items():
            while claimed := desk.storage.claim(self.now, until=self.now + _LEASE, limit=_PAGE):
                for outgoing in claimed:
                    carried = Carried(outgoing.message, library)
                    if for_a_desk(outgoing.message):
                        self.wire.put(carried)
                    else:
                        self.told.append(carried)
                    desk.storage.settle(outgoing.message.key, at=self.now, status=Status.SENT)
        arrived = self.wire.take()
        self.arrived += arrived
        for carried in arrived:
            self._hear(carried)
        return len(arrived)

    def drain(self) -> None:
        """Rounds until nothing is on the wire, and nothing may leave now."""
        while self.exchange() or len(self.wire):
            pass

    def pass_time(self, time: timedelta) -> None:
        """Time goes on: every desk is woken when it is due, and messages go out as soon as they may.

        What is due already comes first, and one round; then one at every such instant, and one at the end.
        ``drain`` has the rest of them.

        Raises:
            InvalidValue: ``time`` is below nothing.
        """
        if time < timedelta(0):
            raise InvalidValue("time", str(time), "no time, or more")
        end = self.now + time
        self._wake()
        self.exchange()
        while (at := self._next(end)) is not None:
            self.now = at
            self._wake()
            self.exchange()
        self.now = end
        self.exchange()

    def _hear(self, carried: Carried) -> None:
        message, sender = carried
        first = self._first.setdefault((sender, message.key), self.now)
        try:
            if message.to not in self.desks:
                raise NotFound("library", message.to)
            command = heard(message, sender=sender, at=message.to, received_at=first)
            assert command is not None  # it is for a desk
            receipt = self.desks[message.to].do(command)
        except ServflowError as error:
            self.bounced.append(Bounced(carried, self.now, error))
        else:
            self.repeated += receipt.repeated

    def _wake(self) -> None:
        for desk in self.desks.values():
            self.stuck.update(desk.wake(self.now).refused)

    def _next(self, end: datetime) -> datetime | None:
        """The next instant, not after ``end``, at which a desk is due or a message may leave."""
        instants = [end + _LEASE]
        for desk in self.desks.values():
            instants += [at for _, at in desk.storage.due(end, limit=_PAGE)]
            waiting = desk.storage.outbox(status=Status.PENDING)
            instants += [each.message.not_before for each in waiting if each.message.not_before is not None]
        ahead = [at for at in instants if lies_after(at, self.now)]
        first = min(ahead)
        return None if lies_after(first, end) else first

    # --- how it stands ------------------------------------------------------------------------------

    def case(self, id: str) -> BorrowingCase:
        """A case of the borrower's.

        Raises:
            NotFound: there is none of that id.
        """
        return _loaded(self.desks[self.borrower], BorrowingCase, id)

    def transaction(self, lender: str, request_id: str) -> SupplyTransaction:
        """The transaction of a lender for a request of the borrower's.

        Raises:
            NotFound: the lender has heard of no such request.
        """
        return _loaded(self.desks[lender], SupplyTransaction, case_at_lender(self.borrower, request_id))

    def cases(self) -> tuple[BorrowingCase, ...]:
        """All cases of the borrower's, those that only send something back included."""
        return _all(self.desks[self.borrower], BorrowingCase)

    def transactions(self, lender: str) -> tuple[SupplyTransaction, ...]:
        """All transactions of a lender."""
        return _all(self.desks[lender], SupplyTransaction)

    def requests(self) -> Iterator[tuple[str, BorrowingCase, SupplyTransaction | None]]:
        """Every request that was made, by its id, as the two ends have it; None where the lender has not.

        What came of an attempt after it had ended is with the case that sends it back.
        """
        cases = self.cases()
        returning = {case.attempts[0].request_id: case for case in cases if case.origin is not None}
        known = {it.id: it for lender in self.lenders for it in self.transactions(lender)}
        for case in cases:
            for attempt in case.attempts:
                if case.origin is None and attempt.request_id:
                    request = attempt.request_id
                    there = known.get(case_at_lender(self.borrower, request))
                    yield request, returning.get(request, case), there

    def disagreements(self) -> tuple[tuple[str, BorrowingCase, SupplyTransaction | None], ...]:
        """The requests about which the two ends do not agree, and neither raises attention."""
        return tuple(
            (request, case, there)
            for request, case, there in self.requests()
            if not compatible(case, there, request=request) and not raises_attention(case, there)
        )

    def receivable(self, lender: str) -> Money:
        """What the lender has charged the borrower in all, less what it reversed."""
        currency, postings = self.policies[lender].currency, self.desks[lender].storage.postings()
        account = Account(AccountKind.RECEIVABLE, self.borrower)
        return settlement(postings, account, currency).charged

    def payable(self, lender: str) -> Money:
        """What the borrower has on record that it owes the lender, in the lender's currency."""
        currency, postings = self.policies[lender].currency, self.desks[self.borrower].storage.postings()
        return balance(postings, Account(AccountKind.PAYABLE, lender), currency)


_USUAL: Final = LendingFacts(
    kind=InstitutionKind.UNIVERSITY_LIBRARY, place=Place.ELSEWHERE, material=Material.CHINESE_BOOK
)


def _desk(policies: dict[str, Any], facts: Facts) -> Desk:
    return Desk(ILL, storage=MemoryStorage(_codec()), facts=facts, policy=policies)


@cache
def _codec() -> Codec:
    return Codec(ILL)  # it works out every class that it meets, once


def _loaded(desk: Desk, model: type[A], id: str) -> A:
    it = desk.storage.load(Key(model.kind, id))
    assert isinstance(it, model)
    return it


def _all(desk: Desk, model: type[A]) -> tuple[A, ...]:
    return desk.storage.aggregates(model.kind, limit=_PAGE)  # type: ignore[return-value]  # of that kind


# --- where the two ends may stand -------------------------------------------------------------------

Standing = CaseState | CaseOutcome | AttemptState | SupplyState | Closing | None
"""Where one end stands with a request: a state, or with what outcome it is over; None: knows of none."""


class Agreement(NamedTuple):
    """Where the two ends may stand at the same time without anything being wrong, and why."""

    here: tuple[Enum, ...]
    there: tuple[Enum | None, ...]
    why: str


_UNSUPPLIED: Final = (SupplyState.NEW, SupplyState.CHECKING, SupplyState.PROMISED, SupplyState.OFFERED)
_WITH_US: Final = (CaseState.SHIPPED, CaseState.RECEIVED, CaseState.ON_LOAN, CaseState.AWAITING_RETURN)
_OUT: Final = (SupplyState.SHIPPED, SupplyState.AT_REQUESTER)
_STANDING: Final = tuple(state for state in SupplyState if state is not SupplyState.CLOSED)
_NOT_SUPPLIED: Final = (
    Closing.UNFILLED,
    Closing.RETRY_ANSWERED,
    Closing.CANCELLED,
    Closing.EXPIRED,
    Closing.FORWARDED,
)
_WITH_THEM: Final = (CaseState.SENT, CaseState.EXPECTED, CaseState.PROMISED, CaseState.OFFERED)
_ELSEWHERE: Final = (CaseState.RETURNED, CaseState.DELIVERED, CaseState.LOST)
_OVER: Final = (
    CaseOutcome.RETURNED,
    CaseOutcome.KEPT,
    CaseOutcome.COPY_DELIVERED,
    CaseOutcome.LOST_SETTLED,
    CaseOutcome.MANUAL,
)  # with any other outcome, what was supplied is not what ended the case
_ENDED: Final = tuple(
    state for state in AttemptState if state.ended and state is not AttemptState.SKIPPED
)  # whoever was skipped was never asked
_GIVEN_UP: Final = (AttemptState.TIMED_OUT, AttemptState.CANCELLED)

AGREEMENTS: Final = (
    # before anything is sent
    Agreement((CaseState.SENT,), (SupplyState.NEW, None), "asked, and not answered; it may be on its way"),
    Agreement((CaseState.EXPECTED,), (SupplyState.CHECKING,), "it is being looked for"),
    Agreement((CaseState.PROMISED,), (SupplyState.PROMISED,), "it is promised"),
    Agreement((CaseState.OFFERED,), (SupplyState.OFFERED,), "terms are offered"),
    # over before anything was sent
    Agreement(
        (AttemptState.UNFILLED, AttemptState.OFFER_REJECTED),
        (Closing.UNFILLED, Closing.EXPIRED, Closing.FORWARDED),
        "the lender does not supply it, or not on these terms",
    ),
    Agreement((AttemptState.RETRY,), (Closing.RETRY_ANSWERED,), "not now"),
    Agreement((AttemptState.WITHDREW,), (Closing.CANCELLED,), "the lender has cancelled"),
    Agreement(_GIVEN_UP, _NOT_SUPPLIED, "neither expects anything of the other"),
    Agreement(
        _GIVEN_UP,
        (*_UNSUPPLIED, None),
        "the borrower has turned elsewhere; what the lender still sends has a case that sends it back",
    ),
    # something is out
    Agreement(_WITH_US, _OUT, "it is out; that it has come need not be told"),
    Agreement(
        (CaseState.RETURNED,),
        (*_OUT, SupplyState.RETURN_IN_TRANSIT),
        "it is on its way back, which need not be told",
    ),
    Agreement(
        (CaseState.RETURNED,),
        (Closing.COMPLETED,),
        "it is back; without the lender's word the case closes in time",
    ),
    Agreement((CaseOutcome.RETURNED,), (Closing.COMPLETED,), "it is back"),
    Agreement(
        (CaseOutcome.KEPT,),
        (Closing.WITHOUT_RETURN, Closing.LOST_SETTLED),
        "it need not come back: one word of the lender's for both",
    ),
    Agreement(
        (*_WITH_US, CaseState.RETURNED),
        (Closing.WITHOUT_RETURN,),
        "the lender asks for nothing more; what comes back all the same does no harm",
    ),
    # lost: a state in which staff of that end have something to settle
    Agreement((CaseState.LOST,), (SupplyState.LOST,), "it is lost, and not settled"),
    Agreement(
        (CaseOutcome.LOST_SETTLED,),
        (Closing.LOST_SETTLED, Closing.WITHOUT_RETURN),
        "it is lost and settled, or need not come back",
    ),
    Agreement(
        (CaseState.LOST,),
        (Closing.LOST_SETTLED, Closing.WITHOUT_RETURN),
        "the borrower has not settled it yet",
    ),
    Agreement((CaseOutcome.LOST_SETTLED,), (SupplyState.LOST,), "the lender has not settled it yet"),
    # copies
    Agreement(
        (CaseState.SHIPPED, CaseState.DELIVERED, CaseOutcome.COPY_DELIVERED, CaseState.LOST),
        (Closing.COPY_SUPPLIED,),
        "a copy does not come back: what becomes of it is the borrower's",
    ),
    Agreement(
        (CaseOutcome.LOST_SETTLED,), (Closing.COPY_SUPPLIED,), "a copy was lost, and nobody wants it back"
    ),
    # by hand
    Agreement(
        (CaseOutcome.MANUAL,),
        (*_STANDING, *(closing for closing in Closing if closing is not Closing.MANUAL), None),
        "somebody at the borrower closed it, with a reason, and answers for it",
    ),
    Agreement(
        (*_WITH_THEM, *_WITH_US, *_ELSEWHERE, *_OVER, *_ENDED),
        (Closing.MANUAL,),
        "somebody at the lender closed it, with a reason, and answers for it",
    ),
)
"""Where the two ends of one request may stand. Whatever is not here is for somebody to clear up.

``here`` is the borrower: with a request that it still has out, its case's state; with something that was
supplied and is over, the outcome; otherwise what became of the attempt. ``there`` is the lender: its state
or, where the transaction is closed, the outcome; None where it never heard of the request.
"""

_AGREE: Final = frozenset((here, there) for row in AGREEMENTS for here in row.here for there in row.there)


def stands_here(case: BorrowingCase, attempt: Attempt) -> Standing:
    """Where the borrower stands with one of its attempts; see ``AGREEMENTS``."""
    if attempt.beside is not None:  # another supplier is in front
        return attempt.beside.stands
    if attempt.state not in {AttemptState.ACTIVE, AttemptState.SUPPLIED}:
        return attempt.state
    return case.state if case.outcome is None else case.outcome


def stands_there(transaction: SupplyTransaction | None) -> Standing:
    """Where the lender stands; see ``AGREEMENTS``."""
    if transaction is None:
        return None
    return transaction.state if transaction.closing is None else transaction.closing


def compatible(
    case: BorrowingCase, transaction: SupplyTransaction | None, *, request: str | None = None
) -> bool:
    """Whether the two ends of one request may stand so at the same time (``AGREEMENTS``).

    ``request`` is its id, needed where the lender knows of none; without both, it is the case's last. What
    came of an attempt after it had ended is with another case: this one agrees with whatever becomes of it.

    Raises:
        NotFound: it is no request of this case's.
    """
    last = case.attempt.request_id if case.attempt is not None else ""
    request = request or (last if transaction is None else transaction.request_id)
    for attempt in case.attempts:
        if request and attempt.request_id == request:
            standing = (stands_here(case, attempt), stands_there(transaction))
            return attempt.returns is not None or standing in _AGREE
    raise NotFound(f"request of {case.id}", request)


def raises_attention(case: BorrowingCase, transaction: SupplyTransaction | None) -> bool:
    """Whether staff of either end have something of it to look at."""
    return bool(case.attention) or (transaction is not None and bool(transaction.attention))
