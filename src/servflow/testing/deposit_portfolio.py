"""The deposits of an authority over ten years, made up from a seed: buildings, and what becomes of each.

Developers have buildings assessed, with grounds for less or none; object to amounts; pay at once, in parts,
from pre-sale funds, or only when they are ordered to, or never. Buildings are handed over; owners, managers
and committees file claims, which developers perform, dispute or ignore, and which are tested, approved,
refused, withdrawn, repaired and paid; awards are won and money goes back; defects hold shares; warranties
end, shares are released, accounts are closed.

1. The same seed makes the same portfolio, to the last cent: each building has chances of its own (a
   ``Random`` seeded with both), and there is no clock.
2. Nothing binds two buildings to each other, so they are run one after the other, each from its first day to
   the last; what is kept of it are its figures. With a storage, it is all stored, through a desk.
3. What is tried and must be refused is among it: for each it is known by which rule. A refusal that nobody
   expects ends the run, and so does a command that is taken where it should have been refused.
4. Of each building it is checked, to the cent, what ``deposit_checks`` names, and in the end the sums of all
   against the ledger; ``wrong`` has what was found.

It is big because it is one cast of people: what they do to one account depends on what they did before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import Any, Final

from servflow.core.changes import Actor, Aggregate, Command, Entry, Key, Office, fold
from servflow.core.dates import Period
from servflow.core.deposits import DEPOSITS, DepositPolicy, parse_length
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import Approval, Building, DepositAccount, Ground, account_key
from servflow.core.deposits.accounts.states import AccountState, Gate, MovementKind
from servflow.core.deposits.assessing import surcharge
from servflow.core.deposits.claims import commands as cc
from servflow.core.deposits.claims.model import Applicant, CostLine, DepositClaim, claim_key
from servflow.core.deposits.claims.states import DeveloperSays
from servflow.core.deposits.holdings import unpaid
from servflow.core.deposits.statements import Sums, calendar_year, statement, surcharge_paid
from servflow.core.deposits.words import Origin, PartKind, Payee
from servflow.core.errors import Refused
from servflow.core.ledger import AccountKind, Posting
from servflow.core.lifecycle import decide
from servflow.core.money import Money
from servflow.core.ports import Facts, Party, Storage
from servflow.desk import Desk
from servflow.testing.deposit_checks import Books, chained, unsound

__all__ = ["Portfolio", "deposit_portfolio"]

_Story = Generator[datetime, None, None]
_Progress = Callable[[int, int], None]

_TYPES: Final = {"low_rise": 15, "multi_storey": 35, "small_high_rise": 25, "high_rise": 25}
_GRADES: Final = {
    "performance": {"1A": 6, "2A": 3, "3A": 1},
    "award": {"city": 6, "provincial": 3, "national": 1},
}
_SHOWN: Final = {
    "performance": ("finally-reviewed",),
    "award": ("won",),
    "systems": ("sound", "credit-grade-high", "early-quality-control"),
    "insurance": ("insured",),
}
_WAYS_TO_PAY: Final = {"at-once": 58, "in-parts": 16, "presale": 12, "retained": 4, "ordered": 9, "never": 1}
_WAYS_OF_CLAIMS: Final = {
    "performed": 20,
    "refused": 8,
    "withdrawn": 5,
    "disputed-liable": 10,
    "disputed-not-liable": 5,
    "excluded": 5,
    "used": 32,
    "emergency": 15,
}
_CLAIMS: Final = {0: 30, 1: 30, 2: 20, 3: 12, 5: 8}
_HOLDING: Final = ("serious_defect_holds", "open_claim_holds", "released_if_performed")
"""The rules by which the release of a share may be refused, as life goes."""
_COUNTED: Final = ("refused", "said", "states", "claims", "moved")
_DESIGN_LIFE: Final = Period(months=50 * 12)
_OVER: Final = frozenset({AccountState.RELEASED, AccountState.CLOSED, AccountState.EXEMPT})


@dataclass(slots=True, kw_only=True)
class Portfolio:
    """What came of it: how many commands of which outcome, in what states things are, and the sums by year.

    ``wrong`` is empty where all is well. ``by_year`` are the statements of all buildings added up. The
    ledger's balances are in ``books``; in ``ledger`` is what the deposits moved, by year and kind, in the
    smallest unit. ``due`` is the interest that the statements have and the accounts do not yet, by year.
    """

    seed: int
    first_day: date
    last_day: date
    buildings: int = 0
    commands: int = 0
    wakes: int = 0
    postings: int = 0
    messages: int = 0
    folded: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    claims: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    by_year: dict[int, Sums] = field(default_factory=dict)
    balance: Money | None = None
    books: Books = field(default_factory=Books)
    ledger: Counter[tuple[int, str]] = field(default_factory=Counter)
    due: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """All of it as plain data, for JSON; amounts as text."""
        counts = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            **{name: held for name, held in counts.items() if isinstance(held, int)},
            **{name: dict(sorted(counts[name].items())) for name in _COUNTED},
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "by_year": {
                str(year): {each.name: str(getattr(sums, each.name).amount) for each in fields(sums)}
                for year, sums in sorted(self.by_year.items())
            },
            "balance": str(self.balance),
            "wrong": list(self.wrong),
        }


def deposit_portfolio(
    seed: int,
    *,
    policy: DepositPolicy,
    buildings: int = 10_000,
    years: int = 10,
    first_day: date = date(2011, 1, 1),
    storage: Storage | None = None,
    fold_every: int = 10,
    progress: _Progress | None = None,
    seen: Callable[[DepositAccount, list[DepositClaim]], None] | None = None,
) -> Portfolio:
    """The deposits of so many buildings over so many calendar years, by the rules of ``policy``.

    With ``storage`` all is done through a desk and stored; else only values are decided on. Of every
    ``fold_every``-th building the journals are folded and compared (a storage has an audit for it).
    ``progress`` hears after every building how many there were, and how many commands so far; ``seen`` is
    shown its account and its claims as they are at the end.

    Raises:
        ServflowError: something was refused that nobody expected.
        AssertionError: something was taken that should have been refused.
    """
    first = date(first_day.year, 1, 1)
    last = date(first.year + years, 1, 1) - timedelta(days=1)
    found = Portfolio(seed=seed, first_day=first, last_day=last)
    currency = policy.currency
    found.balance = Money(0, currency)
    desk = None if storage is None else Desk(DEPOSITS, storage=storage, facts=_Host(), policy=policy)
    for number in range(1, buildings + 1):
        life = _Life(found, policy, number, desk, keeps=number % fold_every == 0)
        life.run()
        _added_up(found, life)
        if seen is not None:
            seen(life.account, life.claims())
        if progress is not None:
            progress(number, found.commands + found.wakes)
    found.buildings = buildings
    found.wrong += found.books.wrong()
    _compared(found)
    return found


class _Host(Facts):
    """A host that knows nothing but that everybody can be written to."""

    def ask(self, command: Command, it: Aggregate | None) -> Any:  # noqa: ARG002
        return None

    def party(self, ref: str) -> Party:
        return Party(ref=ref, name=ref, email=f"{ref.encode().hex()}@example.org", language="zh_CN")


class _Chance(Random):
    """The chances of one building."""

    def of(self, percent: float) -> bool:
        """Whether something happens that does so often."""
        return self.random() * 100 < percent

    def one(self, weighted: Mapping[Any, int]) -> Any:
        """One of these, by their weights."""
        return self.choices(list(weighted), weights=list(weighted.values()))[0]


# --- what was done, added up and compared ------------------------------------------------------------


def _added_up(found: Portfolio, life: _Life) -> None:
    """The figures of a building that has run to its end, and all that is wrong with it."""
    it, claims = life.account, life.claims()
    postings = life.all_postings()
    found.wrong += unsound(it, claims, postings)
    found.wrong += life.unfolded()
    found.books.take(postings)
    found.postings += len(postings)
    found.states[it.state.value] += 1
    found.claims.update(claim.state.value for claim in claims)
    found.moved.update(movement.kind.value for movement in it.movements)
    years = range(found.first_day.year, found.last_day.year + 1)
    statements = [statement(it, life.policy, calendar_year(year)) for year in years]
    found.wrong += chained(statements)
    for year, each in zip(years, statements, strict=True):
        before = found.by_year.get(year)
        found.by_year[year] = each.sums if before is None else before + each.sums
    for posting in postings:
        if it.deposit in {posting.debit, posting.credit}:
            found.ledger[posting.value_date.year, posting.kind] += posting.amount.minor
    for line in (line for each in statements for line in each.lines if line.number is None):
        found.due[line.on.year] += line.added.minor
    assert found.balance is not None
    found.balance += it.balance


def _compared(found: Portfolio) -> None:
    """The authority's sums against the ledger's."""
    assert found.balance is not None
    deposits = -found.books.of(AccountKind.DEPOSIT)
    if deposits != found.balance.minor:
        found.wrong.append(f"the ledger has deposits of {deposits}, the accounts {found.balance}")
    years = sorted(found.by_year)
    for year in years:
        moved = {kind: found.ledger[year, kind.value] for kind in MovementKind}
        interest = moved[MovementKind.INTEREST] - moved[MovementKind.INTEREST_TAKEN_BACK]
        expected = {
            "paid_in": moved[MovementKind.PAID_IN] - moved[MovementKind.REVERSED],
            "interest": interest + found.due[year],
            "used": moved[MovementKind.USED],
            "refunded": moved[MovementKind.REFUNDED],
            "released": moved[MovementKind.RELEASED],
        }
        sums = found.by_year[year]
        if not sums.adds_up:
            found.wrong.append(f"{year} does not add up")
        for name, minor in expected.items():
            if getattr(sums, name).minor != minor:
                found.wrong.append(f"{year}: {name} is {getattr(sums, name)}, in the ledger {minor}")
    for one, other in pairwise(years):
        if found.by_year[one].closing != found.by_year[other].opening:
            found.wrong.append(f"{other} opens with something else than {one} closed with")


# --- one building -----------------------------------------------------------------------------------


class _Life:
    """A building from its first day to the last, as people and the clock have it."""

    def __init__(
        self, found: Portfolio, policy: DepositPolicy, number: int, desk: Desk | None, *, keeps: bool
    ) -> None:
        self.found, self.policy, self.desk, self.keeps = found, policy, desk, keeps
        self.chance = _Chance(f"{found.seed}/{number}")
        self.id = f"building-{number:06}"
        self.ends = self.at(found.last_day + timedelta(days=1), 0)
        self.now = self.at(found.first_day, 0)
        self.aggregates: dict[Key, Aggregate] = {}
        self.wake_at: dict[Key, datetime | None] = {}
        self.postings: list[Posting] = []
        self.entries: list[Entry] = []
        self.heap: list[tuple[datetime, int, _Story]] = []
        self.stories = 0
        self.numbers = 0
        self.receipts = 0
        chance = self.chance
        developer = chance.randrange(1, 2 + number // 40)
        self.building = Building(
            project=f"project-{developer}-{chance.randrange(1, 5)}",
            building=str(number),
            building_type=chance.one(_TYPES),
            kinds=policy.scope.on(found.last_day).value,
            developer=f"developer-{developer}",
            bank=f"bank-{chance.randrange(1, 4)}",
            development_authority="development-authority",
            supervisor=f"supervisor-{chance.randrange(1, 3)}" if chance.of(60) else "",
            property_manager=f"manager-{chance.randrange(1, 30)}",
            committee=f"committee-{number}" if chance.of(20) else "",
            representative=f"representative-{number}",
        )
        self.cost = self.yuan(round(10 ** chance.uniform(7.0, 8.3)))

    # --- time ------------------------------------------------------------------------------------

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """An instant, by the authority's clocks."""
        return datetime.combine(day, time(hour, minute), self.policy.zone)

    @property
    def today(self) -> date:
        """The day of now."""
        return self.policy.day(self.now)

    def later(self, least: int, most: int) -> datetime:
        """In the hours of a day, so many days from now."""
        days = self.chance.randint(least, most)
        return self.at(
            self.today + timedelta(days=days), self.chance.randrange(8, 18), self.chance.randrange(60)
        )

    def tell(self, story: _Story, at: datetime) -> None:
        """This story begins at that instant."""
        self.stories += 1
        heappush(self.heap, (at, self.stories, story))

    def run(self) -> None:
        """All that people say, and in between what the clock says."""
        span = (self.found.last_day - self.found.first_day).days
        first = self.found.first_day + timedelta(days=self.chance.randrange(span * 6 // 10))
        self.tell(self._from_the_start(), self.at(first, self.chance.randrange(8, 18)))
        late = timedelta(days=self.chance.choice((0, 0, 0, 0, 1, 20)))  # how late the clock is looked at here
        while True:
            due = [(at, key) for key, at in self.wake_at.items() if at is not None]
            wake, key = min(due, default=(self.ends, None))
            story = self.heap[0][0] if self.heap else self.ends
            if min(wake + late, story) >= self.ends:
                return
            if key is not None and wake + late <= story:
                self.now = max(self.now, wake + late)
                self._wake(key)
                continue
            at, number, told = heappop(self.heap)
            self.now = max(at, self.now)
            again = next(told, None)
            if again is not None:
                heappush(self.heap, (max(again, self.now), number, told))

    def _wake(self, key: Key) -> None:
        lifecycle = DEPOSITS.named(key.kind)
        command = lifecycle.wake(self.aggregates[key], self.policy, self.now)
        if command is None:
            raise AssertionError(f"{key} is to be looked at, and the clock has nothing to say")
        self._do(command)
        self.found.wakes += 1

    # --- what is said ----------------------------------------------------------------------------

    def yuan(self, amount: int) -> Money:
        """An amount in the currency of the deposits."""
        return Money(amount, self.policy.currency)

    @property
    def account(self) -> DepositAccount:
        """The building's account as it is."""
        it = self.aggregates[account_key(self.id)]
        assert isinstance(it, DepositAccount)
        return it

    def claim(self, name: str) -> DepositClaim:
        """A claim as it is."""
        it = self.aggregates[claim_key(name)]
        assert isinstance(it, DepositClaim)
        return it

    def claims(self) -> list[DepositClaim]:
        """All claims of the building."""
        return [it for it in self.aggregates.values() if isinstance(it, DepositClaim)]

    def staff(self, house: str, *posts: str) -> Actor:
        """Somebody who works there."""
        return Actor(f"{house}-clerk", house, Office.STAFF, posts)

    def made(self, kind: type[Command], case: str, by: Actor | None, given: Mapping[str, Any]) -> Command:
        """The command as it is said now; by the authority's staff, where nobody is named."""
        self.numbers += 1
        return kind(
            id=f"{self.id}/{self.numbers}",
            case=case,
            by=by or self.staff(self.policy.authority),
            happened_at=self.now,
            recorded_at=self.now,
            **given,
        )

    def say(
        self, kind: type[Command], case: str = "", /, by: Actor | None = None, days_ago: int = 0, **given: Any
    ) -> None:
        """Somebody says it now, and it is taken; it happened so many days ago."""
        command = self.made(kind, case or self.id, by, given)
        self._do(replace(command, happened_at=self.now - timedelta(days=days_ago)))
        self.found.commands += 1

    def refused(
        self, rule: str, kind: type[Command], case: str = "", /, by: Actor | None = None, **given: Any
    ) -> None:
        """Somebody says it now, and it is refused by that rule of the rulebook; nothing has changed."""
        command = self.made(kind, case or self.id, by, given)
        before = self._there()
        try:
            self._do(command)
        except Refused as refused:
            clause = getattr(self.policy, rule).on(self.today).clause
            if clause not in {reason.clause for reason in refused.reasons}:
                raise
            self.found.refused[refused.reasons[0].code] += 1
        else:
            raise AssertionError(f"{kind.__name__} was taken: {rule} should have stood in its way")
        if self._there() != before:
            self.found.wrong.append(f"{self.id}: {kind.__name__} was refused, and left a trace")

    def _there(self) -> tuple[dict[Key, Aggregate], int]:
        """Every aggregate of the building as it is, or is stored, and how many lines of the ledger it has."""
        if self.desk is None:
            return dict(self.aggregates), len(self.postings)
        return {key: self.desk.storage.load(key) for key in self.aggregates}, len(self.all_postings())

    def _do(self, command: Command) -> None:
        lifecycle = DEPOSITS.of(type(command))
        key = Key(lifecycle.name, command.case)
        wanted = (key, *lifecycle.reads(self.aggregates.get(key), command))
        self.found.said[type(command).__name__] += 1
        if self.desk is not None:
            self.desk.do(command)
            for each in wanted:
                self._became(self.desk.storage.load(each))
            return
        read = {each: self.aggregates[each] for each in wanted if each in self.aggregates}
        change = decide(DEPOSITS, command, read, policy=self.policy)
        for it in change.becomes:
            self._became(it)
        self.postings += change.postings
        self.found.messages += len(change.messages)
        if self.keeps:
            self.entries += change.entries

    def _became(self, it: Aggregate) -> None:
        self.aggregates[it.key] = it
        self.wake_at[it.key] = DEPOSITS.named(it.kind).next_wake(it, self.policy)

    def all_postings(self) -> list[Posting]:
        """The building's lines of the ledger."""
        if self.desk is None:
            return self.postings
        subjects = (self.id, *(claim.id for claim in self.claims()))
        return [line for subject in subjects for line in self.desk.storage.postings(subject=subject)]

    def unfolded(self) -> Iterable[str]:
        """Every aggregate that its journal does not fold to, where journals were kept."""
        folded: dict[Key, dict[str, Any]] = {}
        for entry in self.entries:
            folded[entry.key] = fold(folded.get(entry.key, {}), entry.alterations)
        for key, there in folded.items():
            self.found.folded += 1
            it = self.aggregates[key]
            names = (each.name for each in fields(it) if each.name not in {"id", "version"})
            held = {name: getattr(it, name) for name in names}
            if there != {
                name: value for name, value in held.items() if value is not None and value not in ((), {})
            }:
                yield f"{key}: its journal folds to something else"

    # --- assessment ------------------------------------------------------------------------------

    def ground(self, name: str, by: Iterable[str] | None = None) -> Ground:
        """A ground for less, shown and approved by those, or by all who have to."""
        grades = _GRADES.get(name)
        approvers = self.policy.approvals.on(self.today).value if by is None else by
        return Ground(
            name=name,
            grade="" if grades is None else self.chance.one(grades),
            points=Decimal(self.chance.choice(("0.25", "0.5", "1", "1.5"))) if name == "systems" else None,
            shown=_SHOWN[name],
            approvals=tuple(
                Approval(by=each, on=self.today, reference=f"{name}-{self.id}-{each}") for each in approvers
            ),
        )

    def base(self) -> dict[str, Any]:
        """What the deposit is a part of: the building's own cost, or an average."""
        if self.chance.of(10):
            return {
                "average_cost": self.yuan(self.chance.randrange(1200, 3500)),
                "floor_area": Decimal(12345),
            }
        return {"cost": self.cost}

    def _from_the_start(self) -> _Story:
        chance = self.chance
        given = {**self.base(), "building": self.building}
        grounds: tuple[Ground, ...] = ()
        if chance.of(3):
            grounds = (self.ground("insurance"),)
        elif chance.of(30):
            names = chance.sample(("performance", "award", "systems"), k=chance.randint(1, 2))
            grounds = tuple(map(self.ground, names))
        if grounds and chance.of(20):
            alone = (self.ground(grounds[0].name, self.policy.approvals.on(self.today).value[:1]),)
            self.refused("approvals", c.AssessDeposit, grounds=alone, **given)
            yield self.later(5, 30)
        if chance.of(2):
            other = Building(
                **{each.name: getattr(self.building, each.name) for each in fields(Building)}
                | {"kinds": ("old",)}
            )
            self.refused("scope", c.AssessDeposit, **{**given, "building": other})
        self.say(c.AssessDeposit, grounds=grounds, **given)
        if self.account.state is AccountState.EXEMPT:
            yield self.later(30, 200)
            self.say(c.HandOverBuilding, by=self.staff(self.building.developer), design_life=_DESIGN_LIFE)
            return
        yield self.later(0, 5)
        self.say(c.NotifyAssessment)
        yield from self._review(given)
        yield from self._payment()
        if self.account.state is not AccountState.PAID:
            return
        yield from self._handover()

    def _review(self, given: dict[str, Any]) -> _Story:
        chance = self.chance
        yield self.later(0, 6)
        self.say(c.ConfirmLetter, by=self.staff(self.building.developer))
        late = self.policy.review_days.on(self.today).value + 1
        developer = self.staff(self.building.developer)
        if chance.of(12):
            yield self.later(0, late - 1)
            self.say(c.AskReview, by=developer, objection="the cost is that of the whole project")
            yield self.later(1, 15)
            if chance.of(40) and "cost" in given:
                self.cost = Money.of_minor(
                    self.cost.minor * chance.randrange(80, 100) // 100, self.cost.currency
                )
                self.say(c.ReassessDeposit, reason="the cost was corrected", cost=self.cost)
            self.say(c.AnswerReview, answer="as it is assessed now")
        elif chance.of(3):
            yield self.later(late, late + 20)
            self.refused("review_days", c.AskReview, by=developer, objection="too much")

    # --- payment ---------------------------------------------------------------------------------

    def pay(
        self, amount: Money, origin: Origin = Origin.DEVELOPER, *, by: str = "", days_ago: int = 0
    ) -> None:
        """So much arrives at the bank, or did so many days ago."""
        self.receipts += 1
        self.say(
            c.LodgeDeposit,
            by=self.staff(by or self.building.bank),
            amount=amount,
            origin=origin,
            receipt=f"{self.id}-{self.receipts}",
            days_ago=days_ago,
        )

    def left(self) -> Money:
        """What is still unpaid."""
        return unpaid(self.account)

    def _too_early(self) -> None:
        """What is tried before all is paid, and without a receipt."""
        chance = self.chance
        if chance.of(10):
            developer = self.staff(self.building.developer)
            self.refused("paid_before_handover", c.HandOverBuilding, by=developer, design_life=_DESIGN_LIFE)
        if chance.of(10):
            office = self.staff("land-office", "department")
            self.refused("paid_before_registration", c.PassGate, by=office, gate=Gate.TITLE_REGISTRATION)
        if chance.of(3):
            bank = self.staff(self.building.bank)
            self.refused("receipt_numbered", c.LodgeDeposit, by=bank, amount=self.left())

    def _payment(self) -> _Story:
        chance = self.chance
        self._too_early()
        way = chance.one(_WAYS_TO_PAY)
        yield self.later(5, 90)
        match way:
            case "presale" if self.building.supervisor:
                self.pay(self.left(), Origin.PRESALE_FUNDS, by=self.building.supervisor)
            case "retained":
                self.pay(self._part_of(self.left(), 30, 70), Origin.RETAINED_MONEY)
                yield self.later(5, 60)
                self.pay(self.left())
            case "in-parts":
                for _ in range(chance.randint(1, 3)):
                    self.pay(self._part_of(self.left(), 20, 60))
                    yield self.later(10, 60)
                self.pay(self.left())
            case "ordered":
                yield from self._late()
            case "never":
                yield self.later(100, 300)
                self.say(c.CloseDeposit, reason="the project was given up")
            case _:
                self.pay(self.left(), days_ago=chance.choice((0, 0, 0, 3)))
        if way == "at-once" and chance.of(4):
            yield self.later(1, 4)
            number = self.account.movements[-1].number
            bank = self.staff(self.building.bank)
            self.say(c.ReversePayment, by=bank, number=number, reason="the cheque was not honoured")
            yield self.later(2, 20)
            self.pay(self.left())

    def _part_of(self, whole: Money, least: int, most: int) -> Money:
        return Money.of_minor(max(whole.minor * self.chance.randint(least, most) // 100, 1), whole.currency)

    def pay_rest(self, percent: int = 100) -> None:
        """What is unpaid arrives, or so much of it; nothing, where meanwhile less is asked."""
        rest = self.left()
        if rest:
            self.pay(Money.of_minor(max(rest.minor * percent // 100, 1), rest.currency))

    def _late(self) -> _Story:
        """Ordered to pay by a day, in time or not; what is due for being late is paid at the end."""
        chance = self.chance
        self.say(c.OrderPayment, by_day=self.today + timedelta(days=chance.randrange(10, 40)))
        if chance.of(5):
            yield self.later(1, 9)
            self.say(c.WithdrawOrder, reason="sent to the wrong developer")
            self.pay_rest()
            return
        yield self.later(5, 30)
        self.pay_rest(chance.randint(30, 80))
        yield self.later(10, 120)
        if chance.of(30) and self.left():
            self.say(c.OrderPayment, by_day=self.today + timedelta(days=10))
            yield self.later(5, 60)
        self.pay_rest()
        yield self.later(1, 30)
        yield from self._pay_surcharge()

    def _pay_surcharge(self) -> _Story:
        owed = self.surcharge_owed()
        bank = self.staff(self.building.bank)
        if owed and self.chance.of(30):
            self.say(c.PaySurcharge, by=bank, amount=self._part_of(owed, 20, 60))
            yield self.later(5, 40)
        if self.surcharge_owed():
            self.say(c.PaySurcharge, by=bank, amount=self.surcharge_owed())

    def surcharge_owed(self) -> Money:
        """What is owed today for having paid late."""
        charge = surcharge(self.account, self.policy, self.today)
        paid = surcharge_paid(self.account, self.today)
        return self.account.nothing if charge is None else max(charge.money - paid, self.account.nothing)

    # --- handover, and what comes after it ---------------------------------------------------------

    def _handover(self) -> _Story:
        chance = self.chance
        yield self.later(5, 200)
        office = self.staff("land-office", "department")
        self.say(c.PassGate, by=office, gate=Gate.ACCEPTANCE_FILING)
        agreed: tuple[c.AgreedTerm, ...] = ()
        if chance.of(20):
            part = chance.choice(("decoration", "installations"))
            agreed = (c.AgreedTerm(part=part, length=parse_length("3 years")),)
        developer = self.staff(self.building.developer)
        if chance.of(3):
            short = (c.AgreedTerm(part="roof-waterproofing", length=parse_length("4 years")),)
            self.refused(
                "least_terms_bind", c.HandOverBuilding, by=developer, design_life=_DESIGN_LIFE, agreed=short
            )
        self.say(c.HandOverBuilding, by=developer, design_life=_DESIGN_LIFE, agreed=agreed)
        self._to_come()
        yield self.later(10, 60)
        while self.left():  # the cost was corrected meanwhile
            if self.account.state in _OVER:
                return
            self.refused("paid_before_registration", c.PassGate, by=office, gate=Gate.TITLE_REGISTRATION)
            yield self.later(10, 60)
        self.say(c.PassGate, by=office, gate=Gate.TITLE_REGISTRATION)
        if not self.building.committee and chance.of(50):
            yield self.later(200, 900)
            if self.account.state not in _OVER:
                self.building = Building(
                    **{each.name: getattr(self.building, each.name) for each in fields(Building)}
                    | {"committee": f"committee-of-{self.id}"}
                )
                self.say(c.NameParties, committee=self.building.committee)

    def _to_come(self) -> None:
        """What begins with the handover: claims, awards, corrections, defects, and the shares at last."""
        chance = self.chance
        for number in range(chance.one(_CLAIMS)):
            self.tell(self._claim(f"{self.id}/claim-{number + 1}"), self.later(20, 5 * 365 - 30))
        if chance.of(12):
            self.tell(self._award(), self.later(30, 900))
        if chance.of(4):
            self.tell(self._corrected(), self.later(30, 600))
        if chance.of(12):
            self.tell(self._defect(), self.later(200, 5 * 365 - 30))
        self.tell(self._shares(), self.later(300, 500))

    def _award(self) -> _Story:
        """An award is won after the payment: the difference goes back at once."""
        if self.account.state not in _OVER:
            grounds = (
                *(each for each in self.account.assessment.grounds if each.name != "award"),
                self.ground("award"),
            )
            self.say(c.ReassessDeposit, reason="an award was won", grounds=grounds, **self._same_base())
        return
        yield

    def _same_base(self) -> dict[str, Any]:
        it = self.account.assessment
        return {"cost": it.cost, "average_cost": it.average_cost, "floor_area": it.floor_area}

    def _corrected(self) -> _Story:
        """The cost was higher than was thought: the rest is paid, sometimes late."""
        if self.account.state in _OVER or self.account.assessment.cost is None:
            return
        cost = self._part_of(self.account.assessment.cost, 103, 120)
        grounds = self.account.assessment.grounds
        self.say(c.ReassessDeposit, reason="the settled cost is higher", grounds=grounds, cost=cost)
        assessed_on = self.today
        yield self.later(5, 200)
        if self.left() and self.account.state not in _OVER:
            if self.chance.of(30):
                yield from self._late()
            else:  # sometimes the bank tells it late, when the interest of those days was credited already
                days_ago = self.chance.randrange((self.today - assessed_on).days)
                self.pay(self.left(), days_ago=days_ago)

    # --- the shares ------------------------------------------------------------------------------

    def _defect(self) -> _Story:
        running = [
            name
            for name, part in sorted(self.account.parts.items())
            if part.until is not None and part.until > self.today and part.released_on is None and part.weight
        ]
        if self.account.state in _OVER or not running:
            return
        part = self.chance.choice(running)
        name = f"defect-{part}"
        self.say(c.RecordDefect, name=name, part=part, what="comes back after three repairs")
        yield self.later(100, 1500)
        if self.account.state not in _OVER:
            self.say(c.RepairDefect, name=name)

    def _shares(self) -> _Story:
        """Each part's share is released when its warranty is over, at last all that is left."""
        chance = self.chance
        if chance.of(5) and self.account.state not in _OVER:
            parts = self.account.parts
            running = max(sorted(parts), key=lambda name: parts[name].until or date.min)
            self.refused("release_days", c.ReleasePart, part=running, decision="as a favour")
        by_parts = chance.of(70)
        handed = self.account.handed_over_on
        assert handed is not None
        limit = self.at(handed + timedelta(days=5 * 365 + 3), 9)
        while by_parts and self.now < limit and self.account.state not in _OVER:
            for name in sorted(self.account.parts):
                part = self.account.parts[name]
                if part.until is not None and part.until <= self.today and part.released_on is None:
                    self._release(c.ReleasePart, part=name)
            yield self.later(20, 90)
        yield max(self.now, limit) + timedelta(days=chance.randrange(30))
        while self.account.state not in _OVER:
            self._release(c.ReleaseRest)
            yield self.later(20, 60)
        yield self.later(10, 60)
        if self.surcharge_owed():
            yield from self._pay_surcharge()
        yield self.later(380, 400)  # the statement of the last year is published by then
        if self.account.state is AccountState.RELEASED:
            self.say(c.CloseDeposit, reason="all was released")

    def _release(self, kind: type[Command], **given: Any) -> None:
        """It is released, if nothing holds it; where the deposit was used, by a decision."""
        if kind is c.ReleasePart and self.chance.of(50):
            self.say(c.RequestRelease, by=self.staff(self.building.developer), **given)
        holds = {getattr(self.policy, rule).on(self.today).clause for rule in _HOLDING}
        for decision in ("", "the developer has paid for what was repaired"):
            try:
                self.say(kind, decision=decision, **given)
            except Refused as refused:
                codes = [reason.code for reason in refused.reasons]
                if not all(reason.clause in holds or reason.clause is None for reason in refused.reasons):
                    raise
                self.found.refused[codes[0]] += 1
            else:
                return

    # --- claims ----------------------------------------------------------------------------------

    def _claim(self, name: str) -> _Story:
        chance, it = self.chance, self.account
        running = [
            part_name
            for part_name, part in sorted(it.parts.items())
            if part.until is not None and part.until > self.today and part.released_on is None
        ]
        if it.state not in {AccountState.HELD, AccountState.PARTLY_RELEASED} or not running or not it.balance:
            return
        way = chance.one(_WAYS_OF_CLAIMS)
        part = chance.choice(running)
        common = part in self.policy.common_parts.on(self.today).value or chance.of(60)
        given: dict[str, Any] = {
            "account": self.id,
            "part": part,
            "parts": PartKind.COMMON if common else PartKind.PRIVATE,
            "unit": "" if common else f"unit-{chance.randrange(100)}",
            "what": "water comes in",
            "ground": chance.choice(self.policy.grounds_of_use.on(self.today).value),
            "reported_on": self.today,
        }
        manager = self.staff(self.building.property_manager, "property-manager")
        owner = Actor(f"owner-{name}", f"owner-{name}", Office.PERSON)
        applicants = [manager if common else owner]
        given["role"] = "property-manager" if common else "owner"
        if common and not self.building.committee and way != "emergency":
            signed = Applicant(
                role="owners-representative", party=self.building.representative, signed="paper"
            )
            given["together_with"] = (signed,)
            applicants.append(
                Actor(self.building.representative, self.building.representative, Office.PERSON)
            )
        if common and chance.of(8):
            alone = {**given, "role": "owner", "together_with": ()}
            self.refused("claimants", cc.FileClaim, name, owner, **alone)
        if chance.of(4):
            self.refused("exclusions", cc.FileClaim, name, applicants[0], **given, cause="misuse")
        if way == "emergency":
            yield from self._emergency(name, applicants, given)
        else:
            self.say(cc.FileClaim, name, applicants[0], **given)
            yield from self._decided(name, way, applicants)

    def _budget(self) -> Money:
        """What a repair costs: mostly little, sometimes more than the account holds."""
        percent = self.chance.uniform(60, 140) if self.chance.of(4) else self.chance.uniform(0.05, 6)
        return Money.of_minor(max(int(self.account.target.minor * percent / 100), 100), self.policy.currency)

    def _emergency(self, name: str, applicants: list[Actor], given: dict[str, Any]) -> _Story:
        cost = self._budget()
        half = Money.of_minor(cost.minor // 2, cost.currency)
        more: dict[str, Any] = {
            "emergency": self.chance.choice(self.policy.emergencies.on(self.today).value),
            "repaired_on": self.today,
            "lines": (CostLine(what="labour", amount=half), CostLine(what="material", amount=cost - half)),
        }
        if self.chance.of(10):
            self.refused("emergencies", cc.FileEmergencyClaim, name, applicants[0], **given, **more)
        self.say(
            cc.FileEmergencyClaim, name, applicants[0], **given, **more, evidence=("photographs", "bill")
        )
        yield self.later(1, 20)
        says = self.chance.choice((DeveloperSays.REFUSES, DeveloperSays.CANNOT, DeveloperSays.NO_ANSWER))
        self.say(cc.CheckWithDeveloper, name, says=says)
        if says is DeveloperSays.NO_ANSWER:
            self.refused("emergencies", cc.ApproveClaim, name)
            self.say(cc.OrderTest, name, body="inspection-body")
            yield self.later(10, 60)
            self.say(cc.RecordTest, name, self.staff("inspection-body"), liable=True, report=f"report-{name}")
        self.say(cc.ApproveClaim, name)
        yield from self._signed_and_paid(name, applicants)

    def _decided(self, name: str, way: str, applicants: list[Actor]) -> _Story:
        chance = self.chance
        developer = self.staff(self.building.developer)
        yield self.later(1, 10)
        if way == "withdrawn":
            self.say(cc.WithdrawClaim, name, applicants[0], reason="it was something else")
            return
        if way.startswith("disputed") or way == "excluded":
            self.say(cc.DisputeLiability, name, developer, reason="used wrongly", body="inspection-body")
            self.refused("disputes_tested", cc.ApproveClaim, name)
            yield self.later(10, 60)
            cause = "misuse" if way == "excluded" else ""
            liable = way == "disputed-liable"
            by = self.staff("inspection-body")
            self.say(cc.RecordTest, name, by, liable=liable, report=f"report-{name}", cause=cause)
            if not liable:
                self.refused("exclusions" if cause else "disputes_tested", cc.ApproveClaim, name)
                self.say(cc.RefuseClaim, name, reason="the developer is not liable")
                return
        if way == "refused":
            self.say(cc.RefuseClaim, name, reason="nothing was found")
            return
        if way == "performed":
            self.say(cc.CheckWithDeveloper, name, says=DeveloperSays.WILL_REPAIR)
            self.refused("grounds_of_use", cc.ApproveClaim, name)
            yield self.later(5, 60)
            self.say(cc.ConfirmPerformance, name, applicants[0])
            return
        says = (DeveloperSays.REFUSES, DeveloperSays.NO_ANSWER, DeveloperSays.CANNOT)
        self.say(cc.CheckWithDeveloper, name, says=chance.choice(says))
        yield self.later(1, 10)
        self.say(cc.ApproveClaim, name)
        yield from self._repaired(name, applicants)

    def _repaired(self, name: str, applicants: list[Actor]) -> _Story:
        chance = self.chance
        if chance.of(5):
            self.refused(
                "qualified_repairers", cc.AssignRepairer, name, repairer="builder-1", kind="contractor"
            )
        own = chance.of(40)
        repairer = self.building.property_manager if own else f"builder-{chance.randrange(1, 40)}"
        kind = "property-manager" if own else "contractor"
        self.say(cc.AssignRepairer, name, repairer=repairer, kind=kind, qualification="grade 2")
        works = self.staff(repairer)
        yield self.later(2, 10)
        if chance.of(5):
            self.refused("repairers", cc.FinishRepair, name, works)
        budget = self._budget()
        self.say(cc.HandInBudget, name, works, plan="seal it", amount=budget)
        yield self.later(1, 8)
        self.say(cc.ApproveBudget, name)
        yield self.later(5, 60)
        self.say(cc.FinishRepair, name, works)
        yield self.later(1, 10)
        if chance.of(10):
            above = (CostLine(what="all", amount=budget + Money.of_minor(1, budget.currency)),)
            self.refused("repairers", cc.HandInCostList, name, works, lines=above)
        cost = self._part_of(budget, 70, 100)
        self.say(cc.HandInCostList, name, works, lines=(CostLine(what="all", amount=cost),))
        if chance.of(5):
            self.refused("cost_list_signed", cc.PayOut, name, amount=cost, payee=Payee.REPAIRER)
        yield from self._signed_and_paid(name, applicants)

    def _signed_and_paid(self, name: str, applicants: list[Actor]) -> _Story:
        chance = self.chance
        for applicant in applicants:
            yield self.later(0, 6)
            self.say(cc.SignCostList, name, applicant)
        if chance.of(5):
            costs = self.claim(name).costs
            assert costs is not None
            self.say(cc.ReturnCostList, name, reason="a bill is missing")
            self.say(cc.HandInCostList, name, applicants[0], lines=costs.lines)
            for applicant in applicants:
                yield self.later(0, 6)
                self.say(cc.SignCostList, name, applicant)
        yield self.later(1, 30)
        costs = self.claim(name).costs
        assert costs is not None
        payee = Payee.REPAIRER if self.claim(name).repairer and chance.of(70) else Payee.APPLICANT
        if chance.of(5):
            above = costs.total + Money.of_minor(1, costs.total.currency)
            self.refused("payees", cc.PayOut, name, amount=above, payee=payee)
        held = self.account.balance
        if costs.total > held:
            self.refused("payees", cc.PayOut, name, amount=costs.total, payee=payee)
        if not held:
            self.say(cc.RefuseClaim, name, reason="nothing is left")
            return
        self.say(cc.PayOut, name, amount=min(costs.total, held), payee=payee)
        yield self.later(1, 40)
        self.say(cc.NotifyUse, name)
