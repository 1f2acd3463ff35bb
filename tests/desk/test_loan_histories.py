"""Any commands in any order, refused or not: what must hold of a lending desk holds after each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from loan_desk import CITY, LIBRARY, NLC, STAFF, SYSTEM, TOWN, LoanDesk, at, cny, of

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Command
from servflow.core.citations import PRACTICE, Dated
from servflow.core.errors import AlreadyExists, NotFound, Refused
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import InstitutionKind, SecurityKind
from servflow.core.ill.terms import (
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Requested,
    Retry,
    SentVia,
    Service,
    Settlement,
    Unfilled,
)
from servflow.core.ports import Receipt

REQUESTERS: Final = {
    "loan-1": TOWN,
    "loan-2": TOWN,
    "loan-3": CITY,
    "loan-4": TOWN,
    "loan-5": CITY,
    "loan-6": TOWN,
}


@dataclass(frozen=True)
class Saying:
    """What is said: the clock goes on by ``hours``, and it happened ``back`` days before."""

    what: str
    case: str
    hours: int
    back: int
    yuan: int
    choice: int


def _items(saying: Saying) -> tuple[str, ...]:
    return (f"{saying.case}-v1", f"{saying.case}-v2")[: 1 + saying.choice % 2]


def _charge(saying: Saying) -> str:
    return ("loan-fee", "overdue", "compensation", "copy-fee", "delivery-fee")[saying.choice % 5]


def _costs(saying: Saying) -> tuple[CostLine, ...]:
    kinds = (CostKind.COPY, CostKind.DELIVERY, CostKind.COPY)[: saying.choice % 4]
    return tuple(CostLine(kind=kind, amount=cny(saying.yuan % 30)) for kind in kinds)


_Made = tuple[type[Command], Mapping[str, Any]]


def _loan_commands(saying: Saying, now: datetime) -> Mapping[str, _Made]:
    """What may be said to a loan by the library."""
    some = _items(saying)
    return {
        "expect": (c.Expect, {}),
        "promise": (c.Promise, {}),
        "cannot": (c.CannotSupply, {"why": Unfilled.NOT_ON_SHELF}),
        "ship": (c.Ship, {"items": some}),
        "ship dearly": (
            c.Ship,
            {"items": some, "costs": _costs(saying), "refuse_cancel": saying.choice > 3},
        ),
        "ship until": (c.Ship, {"items": some, "due": NLC.day(now + timedelta(days=saying.yuan % 40))}),
        "undo": (c.UndoShipment, {}),
        "copy": (
            c.SupplyCopy,
            {
                "delivery": Delivery(via=SentVia.MAIL),
                "costs": _costs(saying),
                "copyright_checked": True,
            },
        ),
        "copy again": (
            c.SupplyCopy,
            {"delivery": Delivery(via=SentVia.FTP, reference="scan.pdf"), "copyright_checked": True},
        ),
        "offer": (c.MakeOffer, {"conditions": (Condition.SUPERVISED,), "cost": cny(saying.yuan)}),
        "lapse": (c.LapseOffer, {}),
        "retry": (c.AskRetry, {"why": Retry.ON_LOAN}),
        "forward": (c.Forward, {"to": "CN-310000"}),
        "answer cancel": (c.AnswerCancel, {"yes": saying.choice % 2 == 0}),
        "hold": (c.HoldReturn, {"held": saying.choice % 2 == 0}),
        "release": (c.ReleaseItem, {}),
        "seen": (c.ClearSupplyAttention, {"code": "ill.attention.out-of-order"}),
        "grant": (c.GrantRenewal, {}),
        "decline": (c.DeclineRenewal, {}),
        "recall": (c.Recall, {"due": NLC.day(now + timedelta(days=saying.yuan % 20)), "reason": "needed"}),
        "all back": (c.CheckIn, {}),
        "some back": (c.CheckIn, {"items": some[-1:]}),
        "declare lost": (c.DeclareLost, {}),
        "damage": (c.RecordDamage, {"item": some[-1], "note": "torn", "in_post": saying.choice > 2}),
        "compensate": (c.Compensate, {"amount": cny(saying.yuan)}),
        "settle": (c.SettleLoss, {"how": list(Settlement)[saying.choice % 3]}),
        "assess": (c.Assess, {}),
        "close": (c.CloseManually, {"reason": "the last resort"}),
    }


def _borrower_commands(saying: Saying, now: datetime) -> Mapping[str, _Made]:
    """What may be said to a loan by its borrower."""
    requester = REQUESTERS[saying.case]
    request = {
        "requester": requester,
        "supplier": LIBRARY,
        "request_id": saying.case,
        "requested": Requested(title="古城水系考"),
    }
    may = {
        "service": list(Service)[saying.choice % 3],
        "max_cost": cny(saying.yuan) if saying.yuan % 2 else None,
        "need_before": NLC.day(now + timedelta(days=saying.yuan % 30 - 3)) if saying.choice > 2 else None,
        "forwardable": True,
    }
    return {
        "request": (c.ReceiveRequest, request),
        "request a copy": (c.ReceiveRequest, request | may),
        "cancel": (c.RequestCancel, {}),
        "agree": (c.AgreeToOffer, {"revision": 1 + saying.choice % 2}),
        "disagree": (c.DeclineOffer, {"revision": 1 + saying.choice % 2}),
        "how is it": (c.RequestStatus, {}),
        "notify": (c.Notify, {"note": "we wait"}),
        "found": (c.ReportFound, {}),
        "defect": (c.ClaimDefect, {"what": "page 2 is missing"}),
        "confirm": (c.ConfirmReceipt, {}),
        "ask": (c.RequestRenewal, {"reason": "more time"}),
        "on its way": (c.ReportReturn, {}),
        "report lost": (c.ReportLost, {}),
    }


def _account_commands(saying: Saying, _: datetime) -> Mapping[str, _Made]:
    """What may be said to the borrower's account."""
    amount = cny(saying.yuan + 1)
    kind = list(SecurityKind)[saying.choice % 2]
    waived = {"loan": saying.case, "kind": _charge(saying), "amount": amount, "reason": "our mistake"}
    applied = {"lender": LIBRARY, "kind": InstitutionKind.UNIVERSITY_LIBRARY}
    return {
        "apply": (c.Apply, applied),
        "secure": (c.PaySecurity, {"kind": kind, "amount": amount}),
        "pay": (c.Pay, {"amount": amount}),
        "waive": (c.Waive, waived),
        "suspend": (c.Suspend, {"reason": "volumes were cut"}),
        "reinstate": (c.Reinstate, {}),
        "terminate": (c.Terminate, {"reason": "volumes were cut"}),
    }


_COMMANDS: Final[tuple[Callable[[Saying, datetime], Mapping[str, _Made]], ...]] = (
    _loan_commands,
    _borrower_commands,
    _account_commands,
)
_SAMPLE: Final = Saying("", "loan-1", 0, 0, 0, 0)
_OFTEN: Final = (
    "ship",
    "some back",
    "all back",
    "assess",
    "pay",
    "waive",
    "compensate",
    "secure",
    "request a copy",
    "copy",
    "undo",
)
_AROUND: Final = ("night", "again", "reserve", "mistake")
_WORDS: Final = tuple(word for commands in _COMMANDS for word in commands(_SAMPLE, at("2026-01-31")))

sayings = st.builds(
    Saying,
    what=st.sampled_from((*_WORDS, *_OFTEN, *_OFTEN, *_AROUND, *_AROUND)),
    case=st.sampled_from(tuple(REQUESTERS)),
    hours=st.integers(0, 24 * 12),
    back=st.one_of(st.just(0), st.integers(0, 20)),
    yuan=st.integers(0, 250),
    choice=st.integers(0, 5),
)


def _strict() -> LendingPolicy:
    values: Mapping[str, Any] = {
        "promises_by_itself": True,
        "undo_minutes": 90,
        "lost_after": 20,
        "return_transit_days": 4,
        "claim_days": 6,
        "offer_days": 3,
    }
    rules: dict[str, Any] = {name: Dated.always(name, value, PRACTICE) for name, value in values.items()}
    return replace(NLC, **rules)


STRICT: Final = _strict()
"""Where the clock and the rules do by themselves what they may."""


class History:
    """A desk with loans that are out, and what is said to it; the time on record never goes back."""

    def __init__(self, policy: LendingPolicy = NLC) -> None:
        codec = Codec(ILL)
        self.desk = LoanDesk(MemoryStorage(codec), codec, policy=policy)
        self.now = at("2026-02-10")
        self.said: list[Command] = []
        self.desk.relate(CITY, security=SecurityKind.PREPAYMENT, amount=50)
        self.desk.relate(TOWN)
        self.desk.lend("loan-1", TOWN, items=2)
        self.desk.request("loan-2", TOWN)
        self.desk.lend("loan-3", CITY)
        self._say("request a copy", "loan-4", choice=2)
        self._say("request a copy", "loan-5", choice=2)
        self._say("offer", "loan-5", yuan=30)

    def _say(self, what: str, case: str, *, yuan: int = 0, choice: int = 0) -> None:
        self._try(Saying(what=what, case=case, hours=0, back=0, yuan=yuan, choice=choice))

    def say(self, saying: Saying) -> None:
        """One saying, and what must hold after it."""
        self.now += timedelta(hours=saying.hours)
        if saying.what == "night":
            refused = self.desk.desk.wake(self.now).refused
            self.desk.desk.deliver(self.now)
            assert refused == ()
            assert self.desk.storage.due(self.now) == ()
        elif saying.what == "reserve":
            self.desk.host.reserved = saying.choice % 2
        elif saying.what == "again":
            self._repeat(saying)
        elif saying.what == "mistake":
            for what in ("ship", "undo"):
                self._try(replace(saying, what=what))
        else:
            self._try(saying)
        self.desk.prove()

    def _try(self, saying: Saying) -> None:
        command = self._command(saying)
        before = self.desk.contents()
        foreseen = _attempt(self.desk.desk.check, command)
        found = _attempt(self.desk.desk.do, command)
        if isinstance(found, Receipt):
            assert foreseen == ()
            self.said.append(command)
        else:
            assert found == foreseen
            assert self.desk.contents() == before

    def _repeat(self, saying: Saying) -> None:
        if self.said:
            before = self.desk.contents()
            command = self.said[saying.yuan % len(self.said)]
            assert self.desk.desk.do(replace(command, recorded_at=self.now)).repeated
            assert self.desk.contents() == before

    def _command(self, saying: Saying) -> Command:
        case, by = self._addressee(saying)
        made = (commands(saying, self.now) for commands in _COMMANDS)
        kind, fields = next(each[saying.what] for each in made if saying.what in each)
        return kind(
            id=f"c-{len(self.said)}-{saying}",
            case=case,
            by=by,
            happened_at=self.now - timedelta(days=saying.back),
            recorded_at=self.now,
            **fields,
        )

    @staticmethod
    def _addressee(saying: Saying) -> tuple[str, Actor]:
        requester = REQUESTERS[saying.case]
        if saying.what in _account_commands(saying, at("2026-01-31")):
            return requester, of(requester) if saying.what == "apply" else STAFF
        if saying.what in _borrower_commands(saying, at("2026-01-31")):
            return saying.case, of(requester)
        return saying.case, SYSTEM if saying.choice == 5 else STAFF


def _attempt(call: Callable[[Command], Any], command: Command) -> object:
    """What it gives, or the reasons of the refusal, or the kind of the error."""
    try:
        return call(command)
    except Refused as error:
        return error.reasons
    except (AlreadyExists, NotFound) as error:
        return type(error)


@given(st.lists(sayings, min_size=8, max_size=30), st.sampled_from((NLC, STRICT)))
@settings(max_examples=40)
def test_whatever_is_said_the_books_and_the_accounts_agree(
    history: list[Saying], policy: LendingPolicy
) -> None:
    """Journals fold, books balance, accounts agree with loans and books; a refusal and a repeat change nothing."""
    told = History(policy)
    for saying in history:
        told.say(saying)


_NOT_BUSY: Final = ("terminate", "suspend", "apply", "close")


def _busy(seed: int) -> Iterator[Saying]:
    """What is said on the busy days of a desk to which nobody says anything that ends it all."""
    chance = Random(seed)
    words = [word for word in (*_WORDS, "night", "mistake") if word not in _NOT_BUSY]
    for _ in range(40):
        yield Saying(
            what=chance.choice(words),
            case=chance.choice(tuple(REQUESTERS)),
            hours=chance.choice((0, 0, 1, 1, 12, 30)),
            back=chance.choice((0, 0, 0, 0, 3)),
            yuan=chance.randrange(250),
            choice=chance.randrange(6),
        )


@given(st.integers(0, 2**32), st.sampled_from((NLC, STRICT)))
@settings(max_examples=20)
def test_on_busy_days_the_books_and_the_accounts_agree_too(seed: int, policy: LendingPolicy) -> None:
    """Of commands that mostly fit where they are said: loans, copies, offers, mistakes, and the clock."""
    told = History(policy)
    for saying in _busy(seed):
        told.say(saying)
