"""What has to be true of warranty deposits at any time, to the cent.

``unsound`` names all that is wrong with one building: with its account, its claims and its lines of the
ledger; ``unsound_storage`` all that is wrong with everything that an authority has stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, TypeVar

from servflow.core.changes import Aggregate
from servflow.core.deposits import DEPOSITS
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.assessing import SURCHARGED
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.holdings import held_by_part
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.statements import Statement, surcharge_paid
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.money import total
from servflow.core.ports import Storage
from servflow.desk import audit

__all__ = ["Books", "chained", "unsound", "unsound_storage"]

A = TypeVar("A", bound=Aggregate)

_PAGE: Final = 200


class Books:
    """What every account of the ledger holds, in the smallest unit of its currency, by debit less credit."""

    def __init__(self) -> None:
        self.held: Counter[tuple[Account, str]] = Counter()

    def take(self, postings: Iterable[Posting]) -> None:
        """Adds these."""
        for posting in postings:
            currency, minor = posting.amount.currency, posting.amount.minor
            self.held[posting.debit, currency] += minor
            self.held[posting.credit, currency] -= minor

    def of(self, *kinds: AccountKind) -> int:
        """What the accounts of these kinds hold together; more credit than debit is below 0."""
        return sum(minor for (account, _), minor in self.held.items() if account.kind in kinds)

    def wrong(self) -> Iterator[str]:
        """All that does not balance: debits and credits; an account that is overdrawn."""
        if sum(self.held.values()):
            yield f"the trial balance is out by {sum(self.held.values())}"
        for (account, _), minor in self.held.items():
            if (minor if account.kind.grows_by_debit else -minor) < 0:
                yield f"{account} is overdrawn: {minor}"


def unsound(it: DepositAccount, claims: Iterable[DepositClaim], postings: Iterable[Posting]) -> Iterator[str]:
    """All that is wrong with one building; nothing, where all is well.

    1. Paid in + interest - used - refunded - released = balance, never below 0, at the end of every step.
    2. Every movement has one line in the ledger, and the ledger no others; the sum is the balance.
    3. The parts together hold the balance.
    4. What was used was used for one claim, which was paid just that, and no more than its cost list.
    5. The lines of the surcharge are those of the ledger, and no more was paid than was charged.
    """
    held = it.nothing
    for movement in it.movements:
        held += movement.signed
        if held < it.nothing:
            yield f"{it.id}: below nothing after movement {movement.number}"
    yield from _in_ledger(it, tuple(postings))
    parts = total((each.held for each in held_by_part(it).values()), held.currency)
    if parts != held:
        yield f"{it.id}: holds {held}, its parts {parts}"
    yield from _for_claims(it, tuple(claims))


def _in_ledger(it: DepositAccount, postings: tuple[Posting, ...]) -> Iterator[str]:
    on_deposit = {each.key: each for each in postings if it.deposit in {each.debit, each.credit}}
    for movement in it.movements:
        key = f"{it.id}/{movement.kind.value}/{movement.number}"
        posting = on_deposit.pop(key, None)
        if posting is None:
            yield f"{key} is not in the ledger"
            continue
        sides = (it.at_the_bank, it.deposit) if movement.kind.adds else (it.deposit, it.at_the_bank)
        about = movement.claim if movement.kind is MovementKind.USED else it.id
        found = (posting.debit, posting.credit, posting.amount, posting.subject)
        if found != (*sides, movement.amount, about):
            yield f"{key} is another one in the ledger"
    yield from (f"{key} is only in the ledger" for key in on_deposit)
    if len({each.key for each in postings}) < len(postings):
        yield f"{it.id}: a line of the ledger comes twice"
    surcharged = [each for each in postings if (each.subject, each.kind) == (it.id, SURCHARGED)]
    if surcharged != list(it.surcharged):
        yield f"{it.id}: the ledger has other lines of its surcharge"
    owes = Account(AccountKind.RECEIVABLE, it.building.developer)
    if total((each.on(owes) for each in surcharged), it.target.currency) < it.nothing:
        yield f"{it.id}: {surcharge_paid(it, it.movements[-1].on)} of the surcharge is more than was charged"


def _for_claims(it: DepositAccount, claims: tuple[DepositClaim, ...]) -> Iterator[str]:
    paid = {each.id: each.paid for each in claims if each.paid is not None}
    used = [each for each in it.movements if each.kind is MovementKind.USED]
    for movement in used:
        found = paid.pop(movement.claim, None)
        if found is None or found.amount != movement.amount or found.on != movement.on:
            yield f"{it.id}: movement {movement.number} is not what {movement.claim} was paid"
    yield from (f"{claim} was paid, and the account does not know" for claim in paid)
    for claim in claims:
        if claim.paid is not None and (claim.costs is None or claim.paid.amount > claim.costs.total):
            yield f"{claim.id} was paid more than its cost list"


def chained(statements: Iterable[Statement]) -> Iterator[str]:
    """All that is wrong with statements of one building, one term after the other."""
    found = tuple(statements)
    for each in found:
        if not each.sums.adds_up:
            yield f"{each.account}: {each.term} does not add up"
        if each.sums.opening + total((line.added for line in each.lines), each.sums.opening.currency) != (
            each.sums.closing
        ):
            yield f"{each.account}: the lines of {each.term} come to another closing"
        if total((part.held for part in each.parts), each.sums.closing.currency) != each.sums.closing:
            yield f"{each.account}: the parts hold something else than {each.sums.closing} after {each.term}"
    for one, other in pairwise(found):
        if one.sums.closing != other.sums.opening:
            yield f"{one.account}: {one.sums.closing} after {one.term}, {other.sums.opening} before the next"


def unsound_storage(storage: Storage, policy: DepositPolicy) -> Iterator[str]:
    """All that is wrong with what an authority has stored: by the audit, in the books, with each building."""
    for problem in audit(DEPOSITS, storage.records(), policy=policy):
        yield f"audit: {problem}"
    claims: dict[str, list[DepositClaim]] = {}
    for claim in _all_of(storage, DepositClaim):
        claims.setdefault(claim.account, []).append(claim)
    books = Books()
    by_subject: dict[str, list[Posting]] = {}
    for posting in storage.postings():
        books.take((posting,))
        by_subject.setdefault(posting.subject, []).append(posting)
    yield from books.wrong()
    for it in _all_of(storage, DepositAccount):
        own = claims.pop(it.id, [])
        lines = [
            line for subject in (it.id, *(claim.id for claim in own)) for line in by_subject.pop(subject, [])
        ]
        yield from unsound(it, own, lines)
    yield from (f"{account}: claims, and no account" for account in claims)
    yield from (f"{subject}: lines of the ledger, and no building" for subject in by_subject)


def _all_of(storage: Storage, model: type[A]) -> Iterator[A]:
    after = ""
    while page := storage.aggregates(model.kind, after=after, limit=_PAGE):
        yield from page  # type: ignore[misc]  # of that kind
        after = page[-1].id
