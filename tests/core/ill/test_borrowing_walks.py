"""Random lives of a borrowing case: whatever is done, heard or not heard, the laws of the desk hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from borrowing_desk import CASE, LENDER, LIBRARY, LINK, BorrowingDesk, yuan
from change_laws import decided
from hypothesis import given, settings
from hypothesis import strategies as st

from servflow.core.changes import Actor, Change, Command, Key, Office
from servflow.core.errors import AlreadyExists, NotFound, Refused
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.following import next_wake, wake
from servflow.core.ill.borrowing.messages import CANCEL, OFFER_REJECTED
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.several import is_settled
from servflow.core.ill.borrowing.states import BorrowingRole, CaseState, DelayKind
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Level,
    Retry,
    SentVia,
    Service,
    Settlement,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.ledger import Account, AccountKind, balance, trial_balance
from servflow.core.money import Money, total

S = CaseState
CENTRE: Final = "CN-CALIS"
THREE: Final = (LENDER, "CN-ZJU", "CN-SZU")
FAR: Final = datetime.fromisoformat("2036-01-01T10:00:00+08:00")
MOST_WAKES: Final = 60  # of one case without a word from anybody
ITEMS: Final = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True).map(tuple)
DAYS: Final = st.one_of(
    st.none(), st.integers(-40, 90).map(lambda n: date(2026, 2, 1) + timedelta(days=n)), st.just(date.max)
)
A_DAY: Final = DAYS.map(lambda day: day or date(2026, 3, 6))
MONEY: Final = st.builds(Money, st.sampled_from([0, 5, 15, 40, 90]), st.sampled_from(["CNY"] * 6 + ["EUR"]))
COSTS: Final = st.lists(
    st.builds(CostLine, kind=st.sampled_from(list(CostKind)), amount=MONEY), max_size=3
).map(tuple)
DELIVERY: Final = st.sampled_from([None, LINK, Delivery(via=SentVia.MAIL)])
SOME: Final = st.sampled_from([True, False])
NOTE: Final = st.sampled_from(["", "注"])

FIELDS: Final[Mapping[type[Command], Mapping[str, st.SearchStrategy[Any]]]] = {
    c.AmendRequest: {
        "need_before": DAYS,
        "max_cost": st.none() | MONEY,
        "service": st.none() | st.sampled_from(list(Service)),
        "level": st.none() | st.sampled_from(list(Level)),
    },
    c.Submit: {"declared": SOME},
    c.ApproveRequest: {"copyright_basis": NOTE},
    c.SetRota: {
        "suppliers": st.sampled_from([(), (LENDER,), ("CN-ZJU", LENDER), ("CN-SZU", "CN-ZJU"), (LIBRARY,)])
    },
    c.SkipSupplier: {"note": NOTE},
    c.Send: {"override": SOME},
    c.Resubmit: {"successor": st.sampled_from(["B-2", "B-3", CASE])},
    c.HearRota: {"suppliers": st.sampled_from([(), (LENDER,), ("CN-SZU", "CN-ZJU"), (LIBRARY,)])},
    c.GoOnWith: {"attempt": st.integers(1, 5)},
    c.LeaveSupplier: {"attempt": st.integers(1, 5)},
    c.NoteDelay: {"kind": st.sampled_from(list(DelayKind))},
    c.AcceptOffer: {"revision": st.integers(1, 3)},
    c.RejectOffer: {"revision": st.integers(1, 3), "intent": st.sampled_from(list(CancelIntent))},
    c.CancelRequest: {"intent": st.sampled_from(list(CancelIntent))},
    c.AcceptRetry: {"max_cost": st.none() | MONEY},
    c.HearOffer: {
        "cost": MONEY,
        "conditions": st.sampled_from([(), (Condition.LIBRARY_USE_ONLY,), (Condition.SUPERVISED,)]),
        "reply_by": DAYS,
        "revision": st.integers(0, 3),
    },
    c.HearUnfilled: {"why": st.sampled_from(list(Unfilled))},
    c.HearRetry: {
        "why": st.sampled_from(list(Retry)),
        "after": DAYS,
        "before": DAYS,
        "cost": st.none() | MONEY,
    },
    c.HearShipped: {
        "service": st.sampled_from([Service.LOAN, Service.LOAN, Service.COPY]),
        "items": ITEMS,
        "due": DAYS,
        "renewable": SOME,
        "delivery": DELIVERY,
    },
    c.HearCancelAnswer: {"yes": SOME, "status": st.none() | st.sampled_from(list(Status))},
    c.HearRenewalAnswer: {"yes": SOME, "due": A_DAY},
    c.HearRecall: {"due": DAYS},
    c.HearHoldReturn: {"held": SOME},
    c.HearStatus: {"status": st.sampled_from(list(Status)), "due": DAYS},
    c.HearNotification: {"note": NOTE},
    c.Receive: {
        "items": st.just(()) | ITEMS,
        "unannounced": SOME,
        "service": st.none() | st.sampled_from(list(Service)),
        "due": DAYS,
        "attempt": st.sampled_from([None, None, 1, 2, 3]),
    },
    c.CheckOut: {"acknowledged": st.sampled_from([(), tuple(Condition)])},
    c.ShipBack: {"items": st.just(()) | ITEMS, "although_held": SOME},
    c.RenewLoan: {"desired": DAYS},
    c.RemindPatron: {"due": A_DAY, "step": st.integers(1, 4)},
    c.ReportDamage: {"on_arrival": SOME},
    c.RecordLoss: {"where": st.sampled_from(list(WhereLost)), "items": st.just(()) | ITEMS},
    c.CloseLoss: {"how": st.sampled_from(list(Settlement))},
    c.ClearAttention: {
        "code": st.sampled_from(["ill.attention.late", "ill.attention.duplicate-at-supplier"])
    },
}
NEVER: Final = {c.DraftRequest, c.OpenReturn, c.CloseCaseManually}  # the first two open a case by themselves
COMMANDS: Final = [each for each in BORROWING.commands if each not in NEVER]
HEARINGS: Final = [each for each in COMMANDS if issubclass(each, c.Hear)]
BEGINNINGS: Final = (
    "submit",
    "send",
    "promise",
    "offer",
    "retry",
    "ship",
    "receive",
    "lend",
    "take_back",
    "return_it",
    "deliver",
    "exhaust",
)
POLICIES: Final = st.fixed_dictionaries(
    {"renewals": st.sampled_from([3, 0]), "ask_at_once": st.sampled_from([1, 2, 3])},
    optional={
        "mediated": st.just(False),
        "sends_itself": st.just(False),
        "gives_up_itself": st.just(True),
        "undo_minutes": st.just(0),
        "cap": st.just(yuan(500)),
        "by_lenders_rules": st.just(()),
        "rota_delegated": st.just(value=True),
    },
)
FACTS: Final = st.builds(
    BorrowingFacts,
    category=st.just("teacher"),
    debt=st.sampled_from([None] * 5 + [yuan(5)]),
    duplicate_of=st.sampled_from([None] * 5 + ["B-0"]),
    suppliers=st.just(("CN-SZU",)),
    not_taking=st.sampled_from([()] * 4 + [(LENDER,), ("CN-ZJU",)]),
)


class Walk:
    """One life of a case, with every law tried on every step."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.desk = BorrowingDesk()
        self.desk.rule(**draw(POLICIES))
        self.desk.take = self.say  # type: ignore[method-assign, assignment]
        self.now = self.desk.at("2026-02-05")
        self.keys: set[str] = set()
        self.heard: dict[tuple[str, str], dict[CostKind, Money]] = {}  # by supplier and request
        self.cancelled: Counter[Any] = Counter()  # how often each request was
        self.steps = 0

    def case(self, case: str = CASE) -> BorrowingCase:
        """The case as it is."""
        return self.desk.case(case)

    def read(self, command: Command) -> dict[Key, Any]:
        """What its decision looks at, as a storage gives it."""
        key = Key(BORROWING.name, command.case)
        keys = (key, *BORROWING.reads(self.desk.aggregates.get(key), command))
        return {each: self.desk.aggregates[each] for each in keys if each in self.desk.aggregates}

    def say(self, command: Command) -> Change | Refused | NotFound | AlreadyExists:
        """Decide it under every law of decisions, and remember what became of it."""
        before = dict(self.desk.aggregates)
        if isinstance(command, c.Hear):
            self.note(command)
        result = decided(ILL, command, self.read(command), policy=self.desk.policy, facts=self.desk.facts)
        assert self.desk.aggregates == before
        assert isinstance(result, (Change, Refused, NotFound, AlreadyExists)), result
        if isinstance(result, Change):
            for message in result.messages:
                if message.kind in {CANCEL, OFFER_REJECTED}:
                    self.cancelled[dict(message.facts)["request"]] += 1
            self.desk.aggregates |= {it.key: it for it in result.becomes}
            self.desk.postings += result.postings
            fresh = [message.key for message in result.messages]
            assert len(fresh) == len(set(fresh))
            assert self.keys.isdisjoint(fresh)
            self.keys.update(fresh)
            ids = [entry.command.id for entry in result.entries]
            assert len(ids) == len(set(ids))
        else:
            assert not isinstance(command, c.Hear), result
        self.hold()
        return result

    def note(self, said: c.Hear) -> None:
        """What a supplier says that it has charged, as it would stand on its statement of the request."""
        attempt = self.case(said.case).numbered(said.attempt)
        mine = attempt is not None and said.by.serves in {attempt.supplier, LIBRARY}
        if attempt is None or attempt.sent_at is None or not mine:
            return
        known = self.heard.setdefault((attempt.supplier, attempt.request_id), {})
        named: dict[CostKind, Money] = {}
        for line in said.costs:
            before = named.get(line.kind, known.get(line.kind, line.amount * 0))
            if before.currency == line.amount.currency:
                named[line.kind] = named.get(line.kind, line.amount * 0) + line.amount
        known |= named

    def hold(self) -> None:
        """The ledger says what was heard and what was charged; a case is whole."""
        postings = self.desk.postings
        assert len({each.key for each in postings}) == len(postings)
        cases = [it for it in self.desk.aggregates.values() if isinstance(it, BorrowingCase)]
        owed: dict[tuple[str, str], Money] = {}
        charged: dict[str, Money] = {}
        for it in cases:
            for posted in it.charged.values():
                assert posted.amount.minor >= 0
            if it.charged:
                sums = total((posted.amount for posted in it.charged.values()), "CNY")
                charged[it.patron] = sums + charged.get(it.patron, sums * 0)
            self.is_whole(it)
        for (supplier, _), kinds in self.heard.items():
            for amount in kinds.values():
                of = supplier, amount.currency
                owed[of] = amount + owed.get(of, amount * 0)
        for (supplier, currency), amount in owed.items():
            assert balance(postings, Account(AccountKind.PAYABLE, supplier), currency) == amount
        for patron, amount in charged.items():
            assert balance(postings, Account(AccountKind.RECEIVABLE, patron), "CNY") == amount
        for debits, credits_ in trial_balance(postings).values():
            assert debits == credits_

    def is_whole(self, it: BorrowingCase) -> None:
        """What must hold of a case in any state."""
        current = it.attempt
        active = [each for each in it.attempts if each.state.value == "active"]
        with_them = it.state in {S.SENT, S.EXPECTED, S.PROMISED, S.OFFERED}
        assert [each for each in active if each.beside is None] == ([current] if with_them else [])
        assert [each for each in active if each.beside is not None] == list(it.beside)
        assert with_them or not it.beside
        assert not it.beside or not is_settled(it)
        assert sum(each.state.value == "supplied" for each in it.attempts) <= 1
        asked = [each.supplier for each in active]
        assert len(asked) == len(set(asked))
        for each in it.attempts:
            assert not each.left or self.cancelled[each.request_id]
        assert (it.outcome is not None) is (it.state is S.CLOSED)
        assert set(it.received) <= set(it.items)
        assert set(it.sent_back) <= set(it.received)
        assert set(it.lost) <= set(it.items)
        numbers = [each.number for each in it.attempts]
        assert len(numbers) == len(set(numbers))
        if it.state is S.CLOSED:
            assert not it.cancelling
            assert next_wake(it, self.desk.policy) is None
        if with_them or it.state in {S.SHIPPED, S.RETURNED, S.DELIVERED}:
            assert it.since is not None

    def step(self) -> None:
        """Somebody says something, or time passes."""
        self.now += self.draw(
            st.sampled_from(
                [timedelta(minutes=1)] * 2 + [timedelta(hours=3), timedelta(days=1), timedelta(days=9)]
            )
        )
        if self.draw(st.integers(0, 5)) == 0:
            self.wake(self.now)
            return
        if self.case().last is not None and self.draw(SOME):  # in time or too late
            self.give(c.Undo, {"by": self.desk.staff})
            return
        mine = set(BorrowingRole) - {BorrowingRole.SUPPLIER}
        here = [each for each in BORROWING.allowed(self.case(), mine) if each in COMMANDS]
        done = [each for each in here if not issubclass(each, c.Hear)]
        kind = self.draw(st.sampled_from(done) | st.sampled_from(done + COMMANDS) | st.sampled_from(HEARINGS))
        said = {name: self.draw(values) for name, values in FIELDS.get(kind, {}).items()}
        if issubclass(kind, c.Hear):
            several = [each.number for each in self.case().beside]
            usual = [self.case().current or 1] * 4 + several * 2
            said["attempt"] = self.draw(st.sampled_from([*usual, 1, 2, 3, 9]))
            said["costs"] = self.draw(COSTS)
            said["by"] = self.speaker(said["attempt"])
        else:
            centre = self.desk.by(Office.SYSTEM, CENTRE)
            actors = [self.desk.staff] * 4 + [self.desk.patron, self.desk.system, self.desk.time, centre]
            said["by"] = self.draw(st.sampled_from(actors))
        attempt = self.case().attempt
        if attempt is not None and attempt.offer is not None and kind in {c.AcceptOffer, c.RejectOffer}:
            said["revision"] = attempt.offer.revision + self.draw(st.sampled_from([0, 0, 0, 1]))
        self.give(kind, said)

    def give(self, kind: type[Command], said: Mapping[str, Any]) -> None:
        """The command, now or recorded two days late."""
        self.steps += 1
        happened = self.now - self.draw(st.sampled_from([timedelta()] * 4 + [timedelta(days=2)]))
        usual = self.desk.command(kind, "2026-01-05", **said)
        self.say(
            replace(usual, id=f"step-{self.steps}", case=CASE, happened_at=happened, recorded_at=self.now)
        )

    def speaker(self, attempt: int) -> Actor:
        """Its supplier, mostly; staff for it; another supplier; somebody unknown."""
        mine = self.desk.supplier(attempt)
        strange = [Actor("ils", name, Office.SYSTEM) for name in ("CN-ZJU", "CN-999")]
        who: Actor = self.draw(st.sampled_from([mine] * 5 + [self.desk.staff] + strange))
        return who

    def wake(self, until: datetime, case: str = CASE) -> None:
        """All that the clock has to say by then; it comes to an end, and nothing of it is refused."""
        for _ in range(MOST_WAKES):
            command = wake(self.case(case), self.desk.policy, until)
            if command is None:
                at = next_wake(self.case(case), self.desk.policy)
                assert at is None or at > until
                return
            assert isinstance(self.say(command), Change), command
        raise AssertionError(f"no end of {command}")

    def close(self, case: str) -> None:
        """The way out that needs nobody but this library and the clock, and no closing by hand."""
        for number in range(80):
            it = self.case(case)
            if it.state is S.CLOSED:
                return
            self.now = max(self.now, FAR + timedelta(days=60 * number))
            self.wake(self.now, case)
            it = self.case(case)
            for kind, said in _ways_out(it):
                command = self.desk.command(kind, "2026-01-05", **said)
                self.say(
                    replace(
                        command,
                        id=f"out-{case}-{number}-{kind.__name__}",
                        case=case,
                        by=self.desk.staff,
                        happened_at=self.now,
                        recorded_at=self.now,
                    )
                )
        raise AssertionError(f"{case} stays {self.case(case).state}")


def _ways_out(it: BorrowingCase) -> list[tuple[type[Command], dict[str, Any]]]:
    ways: dict[CaseState, list[tuple[type[Command], dict[str, Any]]]] = {
        S.SHIPPED: [(c.Receive, {})],
        S.RECEIVED: [(c.Receive, {}), (c.ShipBack, {"although_held": True})],
        S.ON_LOAN: [(c.TakeBack, {})],
        S.AWAITING_RETURN: [(c.Receive, {}), (c.ShipBack, {"although_held": True})],
        S.RETURNED: [],
        S.DELIVERED: [(c.HandOver, {})],
        S.LOST: [(c.CloseLoss, {})],
        S.CLOSED: [],
    }
    if it.state in {S.SENT, S.EXPECTED, S.PROMISED, S.OFFERED}:
        return [] if it.cancelling else [(c.CancelRequest, {})]
    return ways.get(it.state, [(c.Withdraw, {})])


@settings(max_examples=120)
@given(st.data())
def test_a_random_life(data: st.DataObject) -> None:
    """No step breaks a law; and from wherever it led, the case comes to its end without a supplier's word."""
    walk = Walk(data.draw)
    walk.desk.facts = data.draw(FACTS)
    begin = data.draw(st.sampled_from(BEGINNINGS))
    said: dict[str, Any] = {}
    if begin in {"submit", "send"}:
        service = st.sampled_from(list(Service))
        most = st.none() | MONEY.filter(lambda money: money.currency == "CNY")
        said = {"service": data.draw(service), "need_before": data.draw(DAYS), "max_cost": data.draw(most)}
        whose: list[dict[str, Any]] = [{"suppliers": THREE}, {"suppliers": (), "routed_by": CENTRE}]
        said |= data.draw(st.sampled_from(whose))
    elif begin in {"ship", "receive", "lend", "take_back", "return_it"}:
        said = {"items": data.draw(ITEMS), "due": data.draw(A_DAY), "costs": data.draw(COSTS)}
    getattr(walk.desk, begin)(**said)
    for _ in range(data.draw(st.integers(1, 25))):
        walk.step()
    for key in list(walk.desk.aggregates):
        walk.wake(FAR, key.id)
    for key in list(walk.desk.aggregates):
        walk.close(key.id)
