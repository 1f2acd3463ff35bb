"""What is said at the loan desk: commands chosen by a seed, fitting what is there, or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any, Final

from loan_desk import LIBRARY, NLC, STAFF, Host, cny, of

from servflow.core.changes import Actor, Aggregate, Command, Key
from servflow.core.errors import NotFound
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, RelationState, SecurityKind, SupplyState
from servflow.core.ill.terms import Requested, Settlement, Unfilled
from servflow.core.ports import Party, Storage

__all__ = ["BEGINNING", "Borrowers", "Clock", "Work", "family_of"]

BEGINNING: Final = datetime(2026, 1, 5, 2, tzinfo=UTC)
_LOANS: Final = 6  # of an institution at one time; a closed one makes room for the next

_Said = tuple[type[Command], dict[str, Any]]


@dataclass
class Clock:
    """Time that goes ``pace`` times as fast as it does, the same for all who are forked from here."""

    base: datetime
    pace: float = 1.0
    since: float = 0.0

    def now(self) -> datetime:
        """The present instant."""
        return self.base + timedelta(seconds=(monotonic() - self.since) * self.pace)


class Borrowers(Host):
    """The host of the tests, who knows an address of each institution."""

    def party(self, ref: str) -> Party:
        """An institution with an address of its own."""
        return Party(ref=ref, name=ref, email=f"{ref}@example.org", language="en")


def family_of(it: Aggregate) -> str:
    """The institution to which a loan or a relation belongs."""
    return it.requester if isinstance(it, SupplyTransaction) else it.id


class Work:
    """One who works at the desk: it looks at what is there and says the next thing.

    ``institutions`` are those he works for; ``name`` makes his command ids his own. Requests come with
    a note of ``ballast`` bytes.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        rng: Random,
        name: str,
        institutions: Sequence[str],
        ballast: int = 0,
    ) -> None:
        self.storage = storage
        self._clock = clock
        self._rng = rng
        self._name = name
        self._institutions = institutions
        self._ballast = ballast
        self._said = 0

    def next(self) -> Command:
        """A command; it may be refused."""
        rng = self._rng
        institution = rng.choice(self._institutions)
        relation = self._load(Key(Relation.kind, institution))
        if not isinstance(relation, Relation) or relation.state is not RelationState.SIGNED:
            if rng.random() < 0.9:  # noqa: PLR2004
                return self._made(institution, institution, self._opening(relation))
        elif rng.random() < (0.4 if relation.open else 0.1):
            return self._made(institution, institution, self._account(relation))
        case, loan = self._loan(institution)
        if rng.random() < 0.1:  # noqa: PLR2004
            return self._made(case, institution, self._anything(case))
        return self._made(case, institution, self._to_loan(institution, case, loan))

    def _load(self, key: Key) -> Aggregate | None:
        try:
            return self.storage.load(key)
        except NotFound:
            return None

    def _loan(self, institution: str) -> tuple[str, SupplyTransaction | None]:
        """One of its loans; of one that is closed, mostly the next that is asked for."""
        number = self._rng.randrange(_LOANS)
        while True:
            case = f"{institution}.{number}"
            loan = self._load(Key(SupplyTransaction.kind, case))
            if not isinstance(loan, SupplyTransaction):
                return case, None
            if loan.state is not SupplyState.CLOSED or self._rng.random() < 0.05:  # noqa: PLR2004
                return case, loan
            number += _LOANS

    def _made(self, case: str, institution: str, said: _Said) -> Command:
        kind, fields = said
        self._said += 1
        now = self._clock.now()
        back = self._rng.choice((0, 0, 0, 0, 1, 30, 80))  # hours
        return kind(
            id=f"{self._name}-{self._said}",
            case=case,
            by=self._speaker(kind, institution),
            happened_at=(now.astimezone(UTC) - timedelta(hours=back)).astimezone(now.tzinfo),
            recorded_at=now,
            **fields,
        )

    @staticmethod
    def _speaker(kind: type[Command], institution: str) -> Actor:
        theirs = (c.Apply, c.ReceiveRequest, c.ConfirmReceipt, c.RequestRenewal, c.ReportReturn, c.ReportLost)
        return of(institution) if kind in theirs else STAFF

    def _opening(self, relation: Aggregate | None) -> _Said:
        match relation.state if relation else None:
            case None:
                return c.Apply, {"lender": LIBRARY, "kind": InstitutionKind.UNIVERSITY_LIBRARY}
            case RelationState.APPLIED:
                return c.Approve, {}
            case RelationState.APPROVED:
                return c.Sign, {"agreements": ("borrowing", "copyright")}
            case RelationState.SUSPENDED:
                return c.Reinstate, {}
            case _:
                return c.Pay, {"amount": cny(5)}

    def _account(self, relation: Relation) -> _Said:
        rng = self._rng
        if not relation.security:
            kind = rng.choice(list(SecurityKind))
            return c.PaySecurity, {"kind": kind, "amount": cny(rng.randrange(1, 200))}
        if relation.open:
            item = rng.choice(list(relation.open.values()))
            if rng.random() < 0.2:  # noqa: PLR2004
                part = cny(rng.randrange(1, 1 + int(item.outstanding.minor / 100) or 2))
                return c.Waive, {
                    "loan": item.subject,
                    "kind": item.kind,
                    "amount": part,
                    "reason": "our mistake",
                }
            return c.Pay, {"amount": item.outstanding if item.outstanding.minor > 0 else cny(1)}
        return rng.choice(
            (
                (c.Pay, {"amount": cny(rng.randrange(1, 60))}),
                (c.DeclareChange, {"contact": f"contact-{rng.randrange(9)}"}),
                (c.IssueCard, {"card": f"card-{rng.randrange(9)}"}),
                (c.Suspend, {"reason": "volumes were cut"}),
                (c.PaySecurity, {"kind": SecurityKind.PREPAYMENT, "amount": cny(20)}),
            )
        )

    def _items(self, case: str) -> tuple[str, ...]:
        return tuple(f"{case}-v{n}" for n in range(1, self._rng.choice((2, 2, 3))))

    def _to_loan(self, institution: str, case: str, loan: SupplyTransaction | None) -> _Said:
        rng = self._rng
        if loan is None:
            asked = Requested(title="古城水系考")
            return c.ReceiveRequest, {
                "requester": institution,
                "supplier": LIBRARY,
                "request_id": f"r-{case}",
                "requested": asked,
                "note": rng.randbytes(self._ballast // 2).hex(),
            }
        ship: _Said = (c.Ship, {"items": self._items(case)})
        match loan.state:
            case SupplyState.NEW | SupplyState.CHECKING | SupplyState.PROMISED:
                others: tuple[_Said, ...] = (
                    (c.Expect, {}),
                    (c.Promise, {}),
                    (c.Promise, {}),
                    (c.Expect, {}),
                    (c.CannotSupply, {"why": Unfilled.NOT_ON_SHELF}),
                )
                return ship if rng.random() < 0.7 else rng.choice(others)  # noqa: PLR2004
            case SupplyState.LOST:
                lost: tuple[_Said, ...] = (
                    (c.Compensate, {"amount": cny(rng.randrange(0, 90))}),
                    (c.SettleLoss, {"how": rng.choice(list(Settlement))}),
                    (c.CheckIn, {}),
                )
                return rng.choice(lost)
            case _:
                return self._to_one_out(case, loan)

    def _to_one_out(self, case: str, loan: SupplyTransaction) -> _Said:
        rng = self._rng
        if loan.renewal_asked_on is not None and rng.random() < 0.6:  # noqa: PLR2004
            return rng.choice(((c.GrantRenewal, {}), (c.DeclineRenewal, {"reason": "asked for by others"})))
        back: _Said = (c.CheckIn, {"items": tuple(sorted(loan.still_out))[:1]} if rng.random() < 0.5 else {})  # noqa: PLR2004
        said: tuple[_Said, ...] = (
            back,
            back,
            (c.ConfirmReceipt, {}),
            (c.RequestRenewal, {"reason": "the reading group goes on"}),
            (c.RequestRenewal, {"reason": "the reading group goes on"}),
            (c.ReportReturn, {}),
            (c.Assess, {}),
            (c.Assess, {}),
            (c.Recall, {"due": NLC.day(self._clock.now()) + timedelta(days=3), "reason": "needed"}),
            (c.ReportLost, {}),
            (c.RecordDamage, {"item": self._items(case)[0], "note": "torn", "in_post": False}),
        )
        return rng.choice(said)

    def _anything(self, case: str) -> _Said:
        """Whatever comes to mind, in whatever state it is."""
        said: tuple[_Said, ...] = (
            (c.Ship, {"items": self._items(case)}),
            (c.DeclareLost, {}),
            (c.CheckIn, {}),
            (c.GrantRenewal, {}),
            (c.CloseManually, {"reason": "the last resort"}),
            (c.Compensate, {"amount": cny(self._rng.randrange(0, 90))}),
            (c.Recall, {"due": date(2026, 3, 1), "reason": "needed"}),
            (c.Assess, {}),
        )
        return self._rng.choice(said)
