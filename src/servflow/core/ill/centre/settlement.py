"""Who pays whom: the sheet of a term at a centre, and netting among libraries without one.

1. ``reckoned`` reads the books: what was charged to each member less what it has paid, and what was owed to
   it less what it was paid, from the first day on until a term's last one. Payments of settlements are left
   out. A line of the sheet is that, less what the sheets before have drawn up (``still_due``). So every
   posting is in exactly one sheet, whenever it was posted: what is posted late, with a day of a term that
   was drawn up before, is in the next sheet, and counted there as ``late``. A term drawn up stays as it is.
2. A sheet sums to nothing: what the members owe in all is what the centre gains. That gain is counted a
   second time, from the other side of every posting; ``Sheet.balanced`` compares the two.
3. Nothing is left out in silence: accounts that are nobody's among the members and the readers, and what
   accounts hold in another currency, are named (``SettlementFacts``), and nothing is drawn up until they are
   seen to. Readers pay at the desk, and are in no sheet.
4. ``net`` needs no books: it takes what each library owes each other one.
5. Money is whole minor units: nothing is rounded and no cent is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from servflow.core.dates import Term
from servflow.core.errors import InvalidValue
from servflow.core.ill.paying import SETTLED
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import Money, total

__all__ = [
    "SETTLED",
    "Claim",
    "Due",
    "Netting",
    "Payment",
    "SettlementFacts",
    "Sheet",
    "levelled",
    "net",
    "reckoned",
    "settle",
    "still_due",
]

_Held = dict[tuple[str, AccountKind], Money]
_SIDES: Final = (AccountKind.RECEIVABLE, AccountKind.PAYABLE)
_NOTHING_BEFORE: Final[Mapping[str, Due]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a member owes the centre and what it is owed, in a term; either may be below 0.

    ``late_owes`` and ``late_owed`` are so much of it as lies before the term; None where nothing does.
    """

    member: str
    owes: Money
    owed: Money
    late_owes: Money | None = None
    late_owed: Money | None = None

    @property
    def net(self) -> Money:
        """What it pays; below 0: what it is paid."""
        return self.owes - self.owed

    @property
    def set_off(self) -> Money:
        """So much of what it owes is paid by what it is owed; nothing where either is below 0."""
        return max(min(self.owes, self.owed), self.owes * 0)

    @property
    def level(self) -> bool:
        """Whether neither side owes anything."""
        return not self.owes and not self.owed

    @property
    def late(self) -> Money:
        """So much of ``net`` lies before the term."""
        nothing = self.owes * 0
        return (self.late_owes or nothing) - (self.late_owed or nothing)

    def less(self, before: Due | None) -> Due:
        """What is new since ``before``, which was drawn up; what lies before the term is late by so much."""
        owes, owed = (self.owes * 0,) * 2 if before is None else (before.owes, before.owed)
        late_owes, late_owed = (self.late_owes or owes * 0) - owes, (self.late_owed or owed * 0) - owed
        return Due(
            member=self.member,
            owes=self.owes - owes,
            owed=self.owed - owed,
            late_owes=late_owes or None,
            late_owed=late_owed or None,
        )

    def plus(self, before: Due | None) -> Due:
        """Both together, as what was drawn up by now."""
        if before is None:
            return Due(member=self.member, owes=self.owes, owed=self.owed)
        return Due(member=self.member, owes=before.owes + self.owes, owed=before.owed + self.owed)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementFacts:
    """What the books say before a settlement is drawn up: see ``reckoned``.

    ``dues`` are the members' accounts from the first day on until the term's last one; ``strangers``
    likewise those of whoever is neither a member nor a reader; ``other_money`` what anybody owes and is owed
    in another currency now. In ``dues``, what is late is all that lies before the term, drawn up or not.
    """

    dues: tuple[Due, ...] = ()
    strangers: tuple[Due, ...] = ()
    other_money: tuple[Due, ...] = ()


class Payment(NamedTuple):
    """Who pays whom how much."""

    payer: str
    payee: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A centre's settlement of a term: every member's line, and what the centre gained.

    ``gained`` is counted from the accounts that are no member's, ``result`` from the lines.
    """

    centre: str
    term: Term
    dues: tuple[Due, ...]
    gained: Money

    @property
    def result(self) -> Money:
        """What the members pay in all, less what they are paid: the centre's own."""
        return total((due.net for due in self.dues), self.gained.currency)

    @property
    def balanced(self) -> bool:
        """Whether the lines and the other side of the books come to the same."""
        return self.result == self.gained

    @property
    def positions(self) -> Mapping[str, Money]:
        """What each member gets (below 0: pays), and the centre; all of them sum to nothing."""
        return {**{due.member: -due.net for due in self.dues}, self.centre: self.result}

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Who pays the centre, and whom the centre pays; nobody both."""
        nothing = self.gained * 0
        paid = ((due.member, due.net) for due in self.dues if due.net)
        return tuple(
            Payment(member, self.centre, amount)
            if amount > nothing
            else Payment(self.centre, member, -amount)
            for member, amount in paid
        )


def reckoned(
    postings: Iterable[Posting],
    members: Iterable[str],
    term: Term,
    *,
    centre: str,
    currency: str,
    readers: Collection[str] = (),
) -> SettlementFacts:
    """What every account has moved until ``term`` ends, by value date, payments of settlements left out.

    ``readers`` pay at the desk: what they owe is left out; what one of them is owed is a stranger's. What an
    account holds in another currency is counted over all postings: it is nothing once it is paid.

    Raises:
        InvalidValue: the centre is among its members, or a member is named twice.
    """
    names = list(members)
    if centre in names or len(set(names)) < len(names):
        raise InvalidValue("members", ", ".join(names), f"each member once, without {centre}")
    nothing = Money.of_minor(0, currency)
    moved: _Held = {}
    late: _Held = {}
    other: dict[tuple[str, str], _Held] = {}
    left_out = {Account(AccountKind.RECEIVABLE, reader) for reader in readers if reader not in names}
    for posting in postings:
        for account in (posting.debit, posting.credit):
            if account.kind not in _SIDES or account in left_out:
                continue
            added, side = posting.on(account), (account.owner, account.kind)
            if added.currency != currency:
                held = other.setdefault((account.owner, added.currency), {})
                held[side] = added + held.get(side, added * 0)
            elif posting.value_date < term.until and posting.kind != SETTLED:
                moved[side] = added + moved.get(side, nothing)
                if posting.value_date < term.start:
                    late[side] = added + late.get(side, nothing)
    dues = [_due(owner, moved, late, nothing) for owner in sorted({owner for owner, _ in moved})]
    abroad = [
        _due(owner, other[owner, money], {}, Money.of_minor(0, money)) for owner, money in sorted(other)
    ]
    return SettlementFacts(
        dues=tuple(due for due in dues if due.member in names),
        strangers=tuple(due for due in dues if due.member not in names),
        other_money=tuple(due for due in abroad if not due.level),
    )


def _due(owner: str, moved: _Held, late: _Held, nothing: Money) -> Due:
    owes, owed = ((owner, kind) for kind in _SIDES)
    return Due(
        member=owner,
        owes=moved.get(owes, nothing),
        owed=moved.get(owed, nothing),
        late_owes=late.get(owes) or None,
        late_owed=late.get(owed) or None,
    )


def still_due(dues: Iterable[Due], drawn_up: Mapping[str, Due]) -> tuple[Due, ...]:
    """``dues`` less what was drawn up before, by member; who is level then is left out."""
    lines = (due.less(drawn_up.get(due.member)) for due in dues)
    return tuple(line for line in lines if not line.level)


def settle(
    postings: Iterable[Posting],
    members: Iterable[str],
    term: Term,
    *,
    centre: str,
    currency: str,
    drawn_up: Mapping[str, Due] = _NOTHING_BEFORE,
) -> Sheet:
    """The sheet of ``term`` in one currency: ``reckoned``, less what was drawn up before, by member.

    Raises:
        InvalidValue: the centre is among its members, or a member is named twice.
    """
    names, kept = list(members), tuple(postings)
    facts = reckoned(kept, names, term, centre=centre, currency=currency)
    gained = -total((before.net for before in drawn_up.values()), currency)
    accounts = {Account(kind, name) for name in names for kind in _SIDES}
    for posting in kept:
        counts = posting.amount.currency == currency and posting.value_date < term.until
        sides = [side for side in (posting.debit, posting.credit) if side in accounts]
        if counts and posting.kind != SETTLED and len(sides) == 1:  # the other side is the centre's own
            gained += posting.amount if posting.debit in accounts else -posting.amount
    return Sheet(centre=centre, term=term, dues=still_due(facts.dues, drawn_up), gained=gained)


def levelled(due: Due, *, centre: str, subject: str, on: date, kept: bool = False) -> tuple[Posting, ...]:
    """The postings after which neither owes the other anything of this term; ``subject`` is the settlement.

    What both owe each other is set off; only the rest is paid. Where a relation or an account holds what the
    member owes (``kept``), that side is left to it: see ``paying.settled``.
    """
    receivable, payable = (
        Account(AccountKind.RECEIVABLE, due.member),
        Account(AccountKind.PAYABLE, due.member),
    )
    cash = Account(AccountKind.CASH, centre)
    nothing = due.owes * 0
    both = due.set_off
    if not kept and due.owes < nothing and due.owed < nothing:
        both = max(due.owes, due.owed)
    parts = (
        ("set-off", payable, receivable, nothing if kept else both),
        ("received", cash, receivable, nothing if kept else due.owes - both),
        ("paid", payable, cash, due.owed - both),
    )
    return tuple(
        Posting(
            key=f"{SETTLED}/{subject}/{due.member}/{name}",
            debit=debit if amount > nothing else credit,
            credit=credit if amount > nothing else debit,
            amount=abs(amount),
            value_date=on,
            subject=subject,
            kind=SETTLED,
        )
        for name, debit, credit, amount in parts
        if amount
    )


class Claim(NamedTuple):
    """What one library owes another, by a statement of either."""

    debtor: str
    creditor: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Netting:
    """What each library gets in all (below 0: pays), and the payments by which that is done."""

    positions: Mapping[str, Money]
    payments: tuple[Payment, ...]


def net(claims: Iterable[Claim], currency: str) -> Netting:
    """Claims of libraries on each other, set off among all of them (多边轧差).

    The positions sum to nothing. Whoever owes most pays whoever gets most, until nobody owes anything:
    at most one payment fewer than there are libraries. Who is level is left out of the payments.

    Raises:
        InvalidValue: a claim is below 0, or of a library on itself.
        CurrencyMismatch: a claim is in another currency.
    """
    nothing = Money.of_minor(0, currency)
    positions: dict[str, Money] = {}
    for debtor, creditor, amount in claims:
        if amount < nothing:
            raise InvalidValue("amount", str(amount), "an amount of zero or more")
        if debtor == creditor:
            raise InvalidValue("creditor", creditor, "another library than the debtor")
        positions[debtor] = positions.get(debtor, nothing) - amount
        positions[creditor] = positions.get(creditor, nothing) + amount
    left = dict(positions)
    payments: list[Payment] = []
    while any(left.values()):
        payer = min(left, key=lambda name: (left[name], name))
        payee = min(left, key=lambda name: (-left[name], name))
        amount = min(-left[payer], left[payee])
        left[payer] += amount
        left[payee] -= amount
        payments.append(Payment(payer, payee, amount))
    return Netting(positions=dict(sorted(positions.items())), payments=tuple(payments))
