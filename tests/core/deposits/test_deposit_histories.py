"""Whatever is said to an account and its claims, in whatever order: the books agree, and a refusal leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from change_laws import decided, fields_of
from claims_at_work import ClaimDesk, lines
from deposit_desk import (
    ASSESSED_ON,
    BANK,
    CLOCK,
    COST,
    DEVELOPER,
    MANAGER,
    PROGRAM,
    SUPERVISOR,
    ZONE,
    DepositDesk,
    approved,
    cny,
    policy,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interest_by_hand import interest_by_hand

from servflow.core.changes import Change, Command, fold
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.states import Gate, MovementKind
from servflow.core.deposits.claims import commands as k
from servflow.core.deposits.claims.model import DepositClaim
from servflow.core.deposits.claims.states import ClaimState, DeveloperSays
from servflow.core.deposits.holdings import held_by_part, reserved, unpaid
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.words import AtTheLimit, Origin, Payee
from servflow.core.errors import ServflowError
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money, total

K = MovementKind
S = ClaimState
NOTHING = cny(0)
Step = tuple[str | int, int, int, int]
"""What is tried, or a number to choose that; another by which it chooses; days since the last; days late."""


class History(ClaimDesk):
    """A desk that begins with nothing, at which steps are tried one after the other, refused or not."""

    def __init__(self, rules: DepositPolicy) -> None:
        DepositDesk.__init__(self, rules)
        self.day = ASSESSED_ON
        self.said_so_far = 0
        self.taken: list[str] = []
        self.overspent = False  # interest was paid out that a late entry shows was never earned

    def attempt(self, kind: type[Command], happened: date, /, **given: Any) -> bool:
        """Try it as of that day, entered today; the laws of every decision hold, and so do the books."""
        self.said_so_far += 1
        noon = datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=ZONE)
        at = datetime(happened.year, happened.month, happened.day, 11, tzinfo=ZONE)
        said = self.said(kind, at, **({"recorded_at": noon, "id": f"step-{self.said_so_far}"} | given))
        before = (dict(self.aggregates), self.postings)
        result = decided(self.lifecycles, said, self.aggregates, policy=self.rules)
        if isinstance(result, ServflowError):
            assert (self.aggregates, self.postings) == before
            return False
        self._remember(result)
        self.taken.append(kind.__name__)
        self.overspent |= kind in {c.ReversePayment, k.PayOut} and not self.account().balance
        return True

    def _remember(self, change: Change) -> None:
        self.aggregates |= {it.key: it for it in change.becomes}
        self.postings += change.postings
        self.messages += change.messages
        self.changes.append(change)

    def claims(self) -> list[DepositClaim]:
        """All claims, as they were filed."""
        return [it for it in self.aggregates.values() if isinstance(it, DepositClaim)]

    def agree(self) -> None:
        """Everything that has to hold at every moment."""
        it = self.account()
        moved = {kind: total((m.amount for m in it.movements if m.kind is kind), "CNY") for kind in K}
        came = moved[K.PAID_IN] + moved[K.INTEREST]
        left = [K.REVERSED, K.INTEREST_TAKEN_BACK, K.USED, K.REFUNDED, K.RELEASED]
        assert came - total((moved[kind] for kind in left), "CNY") == it.balance >= NOTHING
        assert self.ledger() == it.balance == self._at(AccountKind.CASH, "bank")
        parts = held_by_part(it)
        assert total((each.held for each in parts.values()), "CNY") == it.balance
        assert min(each.held for each in parts.values()) >= NOTHING
        self._every_use_names_its_claim()
        self._the_ledger_is_the_book()
        self._surcharge_is_apart()
        for name, part in it.parts.items():
            assert part.released_on is None or parts[name].principal == NOTHING
            assert part.released_on is None or parts[name].held == NOTHING or not self._some_left()

    def _some_left(self) -> bool:
        return any(part.released_on is None for part in self.account().parts.values())

    def _at(self, kind: AccountKind, owner: str) -> Money:
        return balance(self.postings, Account(kind, owner), "CNY")

    def _every_use_names_its_claim(self) -> None:
        """One pay-out for a claim, at most what was listed; and an open claim on both sides."""
        it = self.account()
        used = {m.claim: m for m in it.movements if m.kind is K.USED}
        paid = {claim.id: claim for claim in self.claims() if claim.paid is not None}
        assert len(used) == sum(m.kind is K.USED for m in it.movements)
        assert used.keys() == paid.keys()
        for id, claim in paid.items():
            assert claim.paid is not None
            assert claim.costs is not None
            assert used[id].amount == claim.paid.amount <= claim.costs.total
            assert (used[id].part, used[id].payee) == (claim.part, claim.paid.to)
        over = {S.NOTIFIED, S.REFUSED, S.PERFORMED, S.WITHDRAWN, S.PAID}
        assert {id for id, booked in it.claims.items() if booked.open} == {
            claim.id for claim in self.claims() if claim.state not in over
        }

    def _the_ledger_is_the_book(self) -> None:
        """One posting for each movement, no key twice, each as of its day."""
        it = self.account()
        keys = [posting.key for posting in self.postings]
        assert len(set(keys)) == len(keys)
        posted = {
            posting.key: posting for posting in self.postings if it.deposit in {posting.debit, posting.credit}
        }
        assert len(posted) == len(it.movements)
        for movement in it.movements:
            posting = posted[f"{it.id}/{movement.kind.value}/{movement.number}"]
            assert abs(posting.on(it.deposit)) == movement.amount
            assert posting.value_date == movement.on
            assert posting.subject == (movement.claim or it.id)

    def _surcharge_is_apart(self) -> None:
        """It lies in accounts of its own: charged less paid is what the developer owes."""
        charged = self._at(AccountKind.INCOME, "authority")
        paid = self._at(AccountKind.CASH, "authority/surcharge")
        owed = self._at(AccountKind.RECEIVABLE, "developer")
        assert abs(charged) - abs(paid) == owed
        assert tuple(p for p in self.postings if p.kind == "surcharge") == self.account().surcharged

    def interest_is_right(self) -> None:
        """What was credited is what a count by hand of the movements as they are now comes to."""
        it = self.account()
        moves = [
            (m.on, m.signed.minor) for m in it.movements if m.kind not in {K.INTEREST, K.INTEREST_TAKEN_BACK}
        ]
        credited = [(credit.through, credit.amount.minor) for credit in it.credits]
        assert sum(minor for _, minor in credited) == sum(
            m.signed.minor for m in it.movements if m.kind in {K.INTEREST, K.INTEREST_TAKEN_BACK}
        )
        if credited and not self.overspent:
            until = credited[-1][0] + timedelta(days=1)
            assert credited == interest_by_hand(moves, until, also=[through for through, _ in credited])

    def journal_folds(self) -> None:
        """All that was entered, from nothing on, comes to what there is."""
        for key, it in self.aggregates.items():
            entries = [entry for change in self.changes for entry in change.entries if entry.key == key]
            assert fold({}, [each for entry in entries for each in entry.alterations]) == fields_of(it)
            assert [entry.seq for entry in entries] == list(range(1, it.version + 1))


# --- what may be tried


def _part(h: History, n: int) -> str:
    return sorted(h.account().parts)[n % len(h.account().parts)]


def _share(amount: Money, n: int) -> Money:
    """Some of it: all, most often; else hundredths."""
    return amount if n % 3 == 0 else Money.of_minor(max(1, amount.minor * (n % 100) // 100), "CNY")


def _pay(h: History, n: int, on: date) -> None:
    origin = Origin.PRESALE_FUNDS if n % 7 == 0 else Origin.DEVELOPER
    amount = _share(unpaid(h.account()) or cny(1000), n)
    by = SUPERVISOR if origin is Origin.PRESALE_FUNDS else BANK
    h.attempt(
        c.LodgeDeposit,
        on,
        by=by,
        case="building-1",
        amount=amount,
        origin=origin,
        receipt=f"r-{h.said_so_far}",
    )


_GRADES = ("city", "provincial", "national")


def _reassess(h: History, n: int, on: date) -> None:
    given: dict[str, Any] = {"cost": Money.of_minor(COST.minor * (n % 5 + 3) // 5, "CNY") if n % 2 else COST}
    if n % 4:
        given["grounds"] = (approved("award", grade=_GRADES[n % 3], shown=("won",)),)
    elif n % 20 == 0:
        given["grounds"] = (approved("insurance", shown=("insured",)),)
    h.attempt(c.ReassessDeposit, on, case="building-1", reason="award", **given)


def _reverse(h: History, n: int, on: date) -> None:
    number = n % (len(h.account().movements) + 1) + 1
    h.attempt(c.ReversePayment, on, by=BANK, case="building-1", number=number, reason="bounced")


def _order(h: History, n: int, on: date) -> None:
    h.attempt(c.OrderPayment, on, case="building-1", by_day=h.day + timedelta(days=n % 40))


def _file(h: History, n: int, on: date) -> None:
    part = _part(h, n)
    h.attempt(k.FileClaim, on, case=f"claim-{len(h.claims()) + 1}", part=part, reported_on=on, by=_MANAGER)


_MANAGER: Final = MANAGER.__class__(MANAGER.party, MANAGER.serves, MANAGER.office, ("property-manager",))


def _on_claim(h: History, n: int, on: date, *, aside_too: bool = True) -> None:
    """The next thing that belongs to a claim, or one that need not."""
    open_ = [
        claim for claim in h.claims() if claim.state not in {S.NOTIFIED, S.REFUSED, S.PERFORMED, S.WITHDRAWN}
    ]
    if not open_:
        return
    claim = open_[n % len(open_)]
    sum_ = Money.of_minor(100_000 + n * 777_777, "CNY")
    paid = claim.costs.total if claim.costs else sum_
    next_: Mapping[ClaimState, tuple[type[Command], Mapping[str, Any]]] = {
        S.FILED: (k.CheckWithDeveloper, {"says": DeveloperSays.REFUSES}),
        S.CHECKED: (k.ApproveClaim, {}),
        S.DISPUTED: (k.RecordTest, {"liable": n % 5 > 0}),
        S.TESTED: (k.CheckWithDeveloper, {}) if claim.developer_says is None else (k.ApproveClaim, {}),
        S.APPROVED: (k.AssignRepairer, {}),
        S.ASSIGNED: (k.HandInBudget, {"amount": sum_}) if claim.budget is None else (k.ApproveBudget, {}),
        S.BUDGETED: (k.FinishRepair, {}),
        S.REPAIRED: (
            k.HandInCostList,
            {"lines": lines(min(sum_, claim.budget.amount if claim.budget else sum_))},
        )
        if claim.costs is None
        else (k.SignCostList, {"by": _MANAGER}),
        S.COST_LISTED: (
            k.PayOut,
            {"amount": min(paid, h.account().balance) or paid, "payee": Payee.REPAIRER},
        ),
        S.PAID: (k.NotifyUse, {}),
    }
    kind, given = next_[claim.state]
    aside: Mapping[int, tuple[type[Command], Mapping[str, Any]]] = {
        13: (k.RefuseClaim, {}),
        17: (k.WithdrawClaim, {"by": _MANAGER}),
        19: (k.ConfirmPerformance, {}),
        23: (k.DisputeLiability, {}),
        29: (k.ReturnCostList, {}),
        31: (k.PayOut, {"amount": paid * 2, "payee": Payee.APPLICANT}),
    }
    kind, given = aside.get(n % 41, (kind, given)) if aside_too else (kind, given)
    h.attempt(kind, on, case=claim.id, **given)


def _further(h: History, n: int, on: date) -> None:
    """A claim goes its whole way as far as it can."""
    for _ in range(9):
        _on_claim(h, n, on, aside_too=False)


def _clock(h: History, n: int, on: date) -> None:
    """The clock says what is due by today, as often as something is."""
    noon = datetime(h.day.year, h.day.month, h.day.day, 12, tzinfo=ZONE)
    for _ in range(60):
        due = [
            command
            for lifecycle in h.lifecycles
            for key, it in h.aggregates.items()
            if key.kind == lifecycle.name and (command := lifecycle.wake(it, h.rules, noon)) is not None
        ]
        if not due:
            return
        result = decided(h.lifecycles, due[0], h.aggregates, policy=h.rules)
        assert not isinstance(result, ServflowError), (due[0], result)
        h._remember(result)
        h.taken.append(type(due[0]).__name__)
    raise AssertionError("the clock comes to no end")


def _simple(kind: type[Command], **given: Any) -> Callable[[History, int, date], None]:
    def tried(h: History, n: int, on: date) -> None:
        chosen = {name: value(h, n) if callable(value) else value for name, value in given.items()}
        h.attempt(kind, on, case="building-1", **chosen)

    return tried


TRIES: Final[Mapping[str, Callable[[History, int, date], None]]] = {
    "notify": _simple(c.NotifyAssessment),
    "letter": _simple(c.ConfirmLetter),
    "review": _simple(c.AskReview, by=DEVELOPER, objection="too much"),
    "answer": _simple(c.AnswerReview, answer="so be it"),
    "pay": _pay,
    "reverse": _reverse,
    "reassess": _reassess,
    "order": _order,
    "withdraw-order": _simple(c.WithdrawOrder, reason="too soon"),
    "surcharge": _simple(c.PaySurcharge, by=BANK, amount=lambda h, n: cny(1 + n * 997)),
    "surcharge-back": _simple(c.RefundSurcharge, amount=lambda h, n: cny(1 + n * 97)),
    "hand-over": _simple(c.HandOverBuilding, by=DEVELOPER),
    "gate": _simple(c.PassGate, by=PROGRAM, gate=Gate.ACCEPTANCE_FILING),
    "defect": _simple(c.RecordDefect, name=lambda h, n: f"d-{n % 3}", part=_part, what="it leaks"),
    "repair-defect": _simple(c.RepairDefect, name=lambda h, n: f"d-{n % 3}"),
    "file": _file,
    "claim": _on_claim,
    "claim-on": _further,
    "credit": _simple(c.CreditInterest, by=CLOCK),
    "publish": _simple(c.PublishStatement, year=lambda h, n: h.day.year - n % 3),
    "request": _simple(c.RequestRelease, by=DEVELOPER, part=_part),
    "release": _simple(c.ReleasePart, part=_part, decision=lambda h, n: "so be it" if n % 2 else ""),
    "rest": _simple(c.ReleaseRest, decision="so be it"),
    "clock": _clock,
    "see-to": _simple(c.SeeToDeposit, code="deposits.refund-held-back"),
    "close": _simple(c.CloseDeposit, reason="given up"),
}

_BEFORE: Final = (
    *("pay", "pay", "pay", "pay", "reverse", "reassess", "order", "withdraw-order", "surcharge", "hand-over"),
    *("notify", "letter", "review", "answer", "hand-over", "clock", "credit", "gate", "close", "publish"),
)
"""What is tried before the building is handed over, the likelier the oftener."""
_AFTER: Final = (
    *("file", "file", "claim-on", "claim-on", "claim", "claim", "release", "release", "release", "rest"),
    *("request", "defect", "repair-defect", "reassess", "pay", "reverse", "order", "surcharge", "credit"),
    *("publish", "clock", "withdraw-order", "see-to", "close"),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.integers(0, 200),
        st.sampled_from((0, 0, 1, 2, 7, 20, 30, 60, 91, 180, 365, 700)),
        st.sampled_from((0, 0, 0, 0, 1, 5, 40)),
    ),
    min_size=5,
    max_size=22,
)
BEGINNINGS = st.sampled_from(("assessed", "due", "paid", "held", "in-parts"))
RULES = st.sampled_from(
    (
        policy(),
        policy(surcharge_on_day_of_payment=False, at_the_limit=AtTheLimit.CARRIED, open_claim_holds=False),
        policy(interest_at_release=False, paid_before_handover=False, serious_defect_holds=False),
    )
)


def begun(beginning: str, rules: DepositPolicy) -> History:
    """A desk with an account that has come that far."""
    h = History(rules)
    h.day = date(2026, 1, 6)
    assert h.attempt(c.AssessDeposit, h.day, case="building-1")
    if beginning == "assessed":
        return h
    assert h.attempt(c.NotifyAssessment, h.day, case="building-1")
    h.day = date(2026, 2, 2)
    if beginning == "in-parts":
        for number, amount in enumerate(("1000000.01", "999999.99", "0.07", "3999999.93")):
            h.day += timedelta(days=30)
            assert h.attempt(
                c.LodgeDeposit, h.day, by=BANK, case="building-1", amount=cny(amount), receipt=f"p-{number}"
            )
    elif beginning != "due":
        assert h.attempt(
            c.LodgeDeposit, h.day, by=BANK, case="building-1", amount=cny(6_000_000), receipt="p-0"
        )
    if beginning in {"held", "in-parts"}:
        h.day += timedelta(days=28)
        assert h.attempt(c.HandOverBuilding, h.day, by=DEVELOPER, case="building-1")
    return h


def lived(beginning: str, rules: DepositPolicy, steps: Iterable[Step]) -> History:
    """The desk after all steps were tried; after each of them the books agree."""
    h = begun(beginning, rules)
    h.agree()
    for what, number, days, late in steps:
        h.day += timedelta(days=days)
        menu = _BEFORE if h.account().handed_over_on is None else _AFTER
        name = what if isinstance(what, str) else menu[what % len(menu)]
        TRIES[name](h, number, h.day - timedelta(days=late))
        h.agree()
    return h


@pytest.mark.clause("SD-14", "SD-18", "SD-20", "SD-23")
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(BEGINNINGS, RULES, STEPS)
def test_the_books_agree_whatever_is_said(beginning, rules, steps):
    """Paid in and earned less what left is the balance, the ledger's and the parts'; every use has its claim."""
    h = lived(beginning, rules, steps)
    h.interest_is_right()
    h.journal_folds()


@pytest.mark.clause("SD-14", "SD-20", "SD-23")
def test_a_long_life_comes_to_its_end():
    """Paid in parts, used, refunded, published, released part by part, and closed: the histories can get there."""
    steps: list[Step] = [
        ("file", 5, 30, 0),
        ("claim-on", 0, 10, 0),
        ("reassess", 1, 100, 0),
        ("reverse", 90, 1, 0),
        ("clock", 0, 700, 0),
        ("file", 3, 1, 0),
        ("claim-on", 6, 1, 0),
        *[("release", number, 60, 0) for number in range(1, 16, 2)],
        ("clock", 0, 700, 0),
        *[("release", number, 60, 0) for number in range(1, 16, 2)],
        ("rest", 1, 1500, 0),
        ("clock", 0, 700, 0),
        ("close", 0, 1, 0),
    ]
    h = lived("in-parts", policy(), steps)
    h.interest_is_right()
    h.journal_folds()
    assert {
        "PayOut",
        "ReassessDeposit",
        "PublishStatement",
        "ReleasePart",
        "ReleaseRest",
        "CloseDeposit",
    } <= set(h.taken)
    assert h.account().balance == NOTHING
    assert reserved(h.account()) == NOTHING
