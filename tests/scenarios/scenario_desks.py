"""The two desks of a scenario, how a situation is reached, and what is seen of a case afterwards.

Every step is said to a real desk over a storage in memory, under the shipped rulebooks with a few values
of a desk of our own (``HOUSE``). Situations are reached by such steps too (``PATHS``), never put
together by hand. Ten minutes lie between two steps, unless a step says otherwise.

There is one translator for each kind of thing (a command, a rule, a fact, what is seen), none for a
single scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NoReturn, get_args, get_type_hints

from scenario_format import CODEC, COMMANDS, ENVELOPE, typed

from servflow.adapters.storage_memory import MemoryStorage
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.citations import PRACTICE, Dated
from servflow.core.errors import InvalidFacts, InvalidValue, Problem, Refused, ServflowError
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import InstitutionKind, Material, Place
from servflow.core.ports import Outgoing, Party
from servflow.desk import Desk
from servflow.rulebooks import borrowing_policy, lending_policy, load

__all__ = ["BORROWER", "CASE", "FACETS", "LENDERS", "PATHS", "SEEN", "End", "Said", "reach", "seen", "told"]

BORROWER: Final = "CN-CQ"
LENDERS: Final = ("CN-NLC", "CN-LIB-2", "CN-LIB-3", "CN-LIB-4")
PATRON: Final = "p-1"
CASE: Final = MappingProxyType({"borrowing": "B1", "supplying": f"{BORROWER}/B1~1"})
FIRST_DAY: Final = date(2026, 1, 5)  # a Monday
DUE: Final = date(2026, 2, 27)
APART: Final = timedelta(minutes=10)

NLC: Final = lending_policy(load("nlc/interlibrary-loan"), library=LENDERS[0])
CQUE: Final = borrowing_policy(load("cque/interlibrary-loan"), library=BORROWER, lenders={LENDERS[0]: NLC})

FIRST_HOUR: Final = datetime.combine(FIRST_DAY, time(10), CQUE.zone)

HOUSE: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "borrowing": {"sends_itself": False, "renewals": 2, "undo_minutes": 0},
        "supplying": {"promises_by_itself": False, "renewals": 2},
    }
)
"""Rules of the scenarios' desks that differ from the shipped ones; a scenario may set others."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a step, where it did not simply count: the codes for which it was refused; which field
    does not let it be said at all; where a message cannot be read; whether it had counted before."""

    refused: tuple[str, ...] = ()
    unsayable: str = ""
    unreadable: tuple[str, ...] = ()
    repeated: bool = False


# --- one desk -------------------------------------------------------------------------------------


@dataclass
class _Host:
    """What the host knows; the same for every command."""

    borrowing: BorrowingFacts
    supplying: LendingFacts

    def ask(self, command: Command, it: Aggregate | None) -> BorrowingFacts | LendingFacts:
        return self.borrowing if ILL.of(type(command)).name == BorrowingCase.kind else self.supplying

    def party(self, ref: str) -> Party:
        return Party(ref=ref, name=ref, email="desk@example.org", language="en")


class End:
    """One library's desk and the case that a scenario is about."""

    def __init__(self, side: str, *, where: str, rules: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        self.side = side
        self.where = where
        self.storage = MemoryStorage(CODEC)
        self.host = _Host(
            borrowing=BorrowingFacts(category="teacher"),
            supplying=LendingFacts(
                kind=InstitutionKind.UNIVERSITY_LIBRARY,
                place=Place.ELSEWHERE,
                material=Material.CHINESE_BOOK,
            ),
        )
        self.policy: BorrowingPolicy | LendingPolicy = CQUE if side == "borrowing" else NLC
        self.rule({**HOUSE[side], **rules})
        self.know(facts)
        self.last: Command | None = None
        self._numbers = 0

    @property
    def library(self) -> str:
        return BORROWER if self.side == "borrowing" else LENDERS[0]

    @property
    def partner(self) -> str:
        """The library at the other end."""
        return LENDERS[0] if self.side == "borrowing" else BORROWER

    @property
    def key(self) -> Key:
        kind = BorrowingCase.kind if self.side == "borrowing" else SupplyTransaction.kind
        return Key(kind, CASE[self.side])

    @property
    def desk(self) -> Desk:
        kinds = {"borrowing": (BorrowingCase.kind,), "supplying": (SupplyTransaction.kind, Relation.kind)}
        names = kinds[self.side]
        return Desk(ILL, storage=self.storage, facts=self.host, policy=dict.fromkeys(names, self.policy))

    def rule(self, values: Mapping[str, Any]) -> None:
        """Other values of these rules from now on, on every day."""
        hints = get_type_hints(type(self.policy))
        given: dict[str, Any] = {}
        for name, value in values.items():
            known = sorted(each for each, hint in hints.items() if getattr(hint, "__origin__", None) is Dated)
            if name not in known:
                _wrong(self.where, f"the rule {name!r}", ", ".join(known))
            decoded = typed(value, get_args(hints[name])[0], f"{self.where}, rule {name}")
            given[name] = Dated.always(name, decoded, PRACTICE)
        self.policy = replace(self.policy, **given)

    def know(self, facts: Mapping[str, Any]) -> None:
        """Other facts from now on."""
        before = getattr(self.host, self.side)
        hints = get_type_hints(type(before))
        given: dict[str, Any] = {}
        for name, value in facts.items():
            if name not in hints:
                _wrong(self.where, f"the fact {name!r}", ", ".join(hints))
            given[name] = typed(value, hints[name], f"{self.where}, fact {name}")
        setattr(self.host, self.side, replace(before, **given))

    def it(self, case: str | None = None) -> Any:
        """The case, or the other one named; None where there is none."""
        key = self.key if case is None else Key(self.key.kind, case)
        found = [each for each in self.storage.aggregates(key.kind, after="", limit=100) if each.key == key]
        return found[0] if found else None

    # --- what is said ---

    def say(self, step: Mapping[str, Any], now: datetime) -> Said:
        """One command said to the desk."""
        fields_ = {name: value for name, value in step.items() if name not in STEP_KEYS}
        kind = COMMANDS.get(step["say"])
        if kind is None:
            _wrong(self.where, f"the command {step['say']!r}", "a command of the lifecycles")
        case = step.get("case", BORROWER if ILL.of(kind).name == Relation.kind else self.key.id)
        hints = get_type_hints(kind)
        given = dict(self._usual(kind, case))
        for name, value in fields_.items():
            if name not in hints or name in ENVELOPE:
                own = ", ".join(each for each in hints if each not in ENVELOPE) or "none"
                _wrong(f"{self.where}, {step['say']}", f"the field {name!r}", own)
            given[name] = typed(value, hints[name], f"{self.where}, {step['say']}.{name}")
        self._numbers += 1
        envelope = {
            "id": step.get("id", f"said-{self._numbers}"),
            "case": case,
            "by": self._actor(step.get("by") or _speaker(kind), given),
            "happened_at": now,
            "recorded_at": now,
        }
        try:
            command = kind(**(envelope | given))
        except InvalidValue as error:
            return Said(unsayable=error.field)
        except TypeError as error:
            raise InvalidFacts(
                self.where, [Problem(f"{self.where}, {step['say']}", str(error), "all its fields")]
            ) from None
        return self.take(command)

    def take(self, command: Command) -> Said:
        """A command as it is; a refusal must leave no trace."""
        self.last = command
        before = tuple(self.storage.records())
        try:
            receipt = self.desk.do(command)
        except Refused as refused:
            said = Said(refused=tuple(reason.code for reason in refused.reasons))
        except ServflowError as error:
            said = Said(refused=(error.code,))
        else:
            return Said(repeated=receipt.repeated)
        assert tuple(self.storage.records()) == before, f"{self.where}: a refusal left a trace"
        return said

    def clock(self, until: datetime) -> None:
        """All that the clock has to say by then; nothing of it may be refused."""
        wakes = self.desk.wake(until)
        assert not wakes.refused, f"{self.where}: the clock was refused: {wakes.refused}"

    def _usual(self, kind: type[Command], case: str) -> Iterator[tuple[str, Any]]:
        """What a step need not say: which attempt is meant, which revision of the offer."""
        names = {each.name for each in fields(kind)}
        it = self.it(case)
        if "attempt" in names:
            yield "attempt", getattr(it, "current", None) or 1
        if "revision" in names and _speaker(kind) != "supplier":
            attempt = getattr(it, "attempt", None)
            offer = attempt.offer if attempt is not None else getattr(it, "offer", None)
            yield "revision", offer.revision if offer is not None else 1

    def _actor(self, word: str, given: Mapping[str, Any]) -> Actor:
        speakers: dict[str, Callable[[], Actor]] = {
            "staff": lambda: Actor("a librarian", self.library, Office.STAFF),
            "system": lambda: Actor("policy", self.library, Office.SYSTEM),
            "clock": lambda: Actor("clock", self.library, Office.CLOCK),
            "patron": lambda: Actor(PATRON, self.library, Office.PERSON),
            "another patron": lambda: Actor("p-2", self.library, Office.PERSON),
            "supplier": lambda: Actor("ils", self._supplier(given), Office.SYSTEM),
            "requester": lambda: Actor("ils", BORROWER, Office.SYSTEM),
            "institution": lambda: Actor("an institution", BORROWER, Office.STAFF),
            "stranger": lambda: Actor("ils", "CN-STRANGER", Office.SYSTEM),
            "another library": lambda: Actor("a librarian", "CN-STRANGER", Office.STAFF),
        }
        if word not in speakers:
            _wrong(self.where, f"the speaker {word!r}", ", ".join(speakers))
        return speakers[word]()

    def _supplier(self, given: Mapping[str, Any]) -> str:
        it = self.it()
        attempt = it.numbered(given.get("attempt")) if it is not None else None
        return attempt.supplier if attempt is not None else LENDERS[0]


STEP_KEYS: Final = frozenset(
    (
        "say",
        "by",
        "at",
        "case",
        "id",
        "on",
        "minutes",
        "refused",
        "unsayable",
        "unreadable",
        "repeated",
        "crosses",
    )
)
_FIRST: Final = ("supplier", "requester", "institution", "staff", "system", "clock", "patron")


def _speaker(kind: type[Command]) -> str:
    """Who says a command, where a step does not say it: the other library what is heard, else our staff."""
    roles = {role.value for row in ILL.of(kind).rows if row.command is kind for role in row.roles()}
    return next(word for word in _FIRST if word in roles)


def _wrong(where: str, found: str, expected: str) -> NoReturn:
    raise InvalidFacts(where, [Problem(where, found, expected)])


# --- situations -----------------------------------------------------------------------------------

Steps = tuple[Mapping[str, Any], ...]

_FORMED: Final = {"requested": {"title": "古城水系考"}, "patron": PATRON, "library": BORROWER}
_LINK: Final = {"via": "URL", "reference": "https://example.org/copy"}

_RELATED: Final[Steps] = (
    {"say": "Apply", "lender": LENDERS[0], "kind": "university_library"},
    {"say": "Approve"},
    {"say": "Sign", "agreements": ["borrowing", "copyright"]},
    {"say": "PaySecurity", "kind": "deposit", "amount": "500.00 CNY"},
)

PATHS: Final[Mapping[str, Mapping[str, tuple[str | None, Steps]]]] = MappingProxyType(
    {
        "borrowing": {
            # situation        from               by
            "nothing":         (None,             ()),
            "draft":           ("nothing",        ({"say": "DraftRequest", "by": "patron"},)),
            "in_review":       ("draft",          ({"say": "Submit", "by": "patron", "declared": True},)),
            "blocked":         ("draft",          ({"say": "Submit", "by": "patron", "declared": True},)),
            "routable":        ("in_review",      ({"say": "ApproveRequest", "copyright_basis": "own study"},)),
            "sent":            ("routable",       ({"say": "Send"},)),
            "expected":        ("sent",           ({"say": "HearExpect"},)),
            "promised":        ("sent",           ({"say": "HearPromise"},)),
            "offered":         ("sent",           ({"say": "HearOffer"},)),
            "retry_offered":   ("sent",           ({"say": "HearRetry", "why": "OnLoan"},)),
            "shipped":         ("promised",       ({"say": "HearShipped"},)),
            "received":        ("shipped",        ({"say": "Receive"},)),
            "on_loan":         ("received",       ({"say": "CheckOut"},)),
            "awaiting_return": ("on_loan",        ({"say": "TakeBack"},)),
            "returned":        ("awaiting_return", ({"say": "ShipBack"},)),
            "delivered":       ("promised",       ({"say": "HearShipped", "service": "Copy", "delivery": _LINK},)),
            "lost":            ("on_loan",        ({"say": "RecordLoss", "where": "patron"},)),
            "routable again":  ("sent",           ({"say": "HearUnfilled", "why": "NotOnShelf"},)),
            "rota_exhausted":  ("sent",           ({"say": "HearUnfilled", "why": "NotOnShelf"},)),
            "closed returned": ("returned",       ({"say": "HearCheckedIn"},)),
            "closed cancelled": ("sent",          ({"say": "CancelRequest"}, {"say": "HearCancelAnswer", "yes": True})),
            "closed unfilled": ("rota_exhausted", ({"say": "GiveUp"},)),
            "closed copy_delivered": ("delivered", ({"say": "HandOver"},)),
        },
        "supplying": {
            "unrelated":       (None,             ()),
            "nothing":         ("unrelated",      _RELATED),
            "new":             ("nothing",        ({"say": "ReceiveRequest"},)),
            "checking":        ("new",            ({"say": "Expect"},)),
            "promised":        ("new",            ({"say": "Promise"},)),
            "offered":         ("new",            ({"say": "MakeOffer"},)),
            "shipped":         ("promised",       ({"say": "Ship"},)),
            "at_requester":    ("shipped",        ({"say": "ConfirmReceipt"},)),
            "return_in_transit": ("at_requester", ({"say": "ReportReturn"},)),
            "lost":            ("at_requester",   ({"say": "ReportLost"},)),
            "closed completed": ("return_in_transit", ({"say": "CheckIn"},)),
            "closed copy_supplied": ("promised",  ({"say": "SupplyCopy", "delivery": _LINK, "copyright_checked": True},)),
            "closed unfilled": ("new",            ({"say": "CannotSupply", "why": "NotOnShelf"},)),
            "closed cancelled": ("promised",      ({"say": "RequestCancel"}, {"say": "AnswerCancel", "yes": True})),
            "closed retry_answered": ("new",      ({"say": "AskRetry", "why": "OnLoan"},)),
        },
        "both": {
            "nothing":         (None,             ()),
            "related":         ("nothing",        _RELATED),
            "draft":           ("related",        ({"say": "DraftRequest", "by": "patron"},)),
            "in_review":       ("draft",          ({"say": "Submit", "by": "patron", "declared": True},)),
            "routable":        ("in_review",      ({"say": "ApproveRequest", "copyright_basis": "own study"},)),
            "sent":            ("routable",       ({"say": "Send"},)),
            "expected":        ("sent",           ({"say": "Expect"},)),
            "promised":        ("sent",           ({"say": "Promise"},)),
            "offered":         ("sent",           ({"say": "MakeOffer"},)),
            "shipped":         ("promised",       ({"say": "Ship"},)),
            "received":        ("shipped",        ({"say": "Receive"},)),
            "on_loan":         ("received",       ({"say": "CheckOut"},)),
            "awaiting_return": ("on_loan",        ({"say": "TakeBack"},)),
            "returned":        ("awaiting_return", ({"say": "ShipBack"},)),
            "delivered":       ("promised",       ({"say": "SupplyCopy", "delivery": _LINK, "copyright_checked": True},)),
        },
    }
)  # fmt: skip
"""How each situation is reached: from which other one, and by what is said there."""

FACETS: Final[Mapping[str, Mapping[str, tuple[tuple[str, ...], Callable[[Any], Steps]]]]] = MappingProxyType(
    {
        "borrowing": {
            # in the last of these situations on the way
            "cancel": (
                ("sent", "expected", "promised", "offered"),
                lambda intent: ({"say": "CancelRequest", "intent": intent},),
            ),
            "cancel_refused": (
                ("sent", "expected", "promised", "offered"),
                lambda intent: (
                    {"say": "CancelRequest", "intent": intent},
                    {"say": "HearCancelAnswer", "yes": False},
                ),
            ),
            "renewal": (("received", "on_loan"), lambda _: ({"say": "RenewLoan"},)),
            "recalled": (
                ("shipped", "received", "on_loan", "awaiting_return"),
                lambda due: ({"say": "HearRecall", "due": due},),
            ),
            "held": (
                ("shipped", "received", "on_loan", "awaiting_return"),
                lambda held: ({"say": "HearHoldReturn", "held": held},),
            ),
            "rejected": (("offered",), lambda intent: ({"say": "RejectOffer", "intent": intent},)),
        },
        "supplying": {
            "cancel": (
                ("new", "checking", "promised", "offered"),
                lambda _: ({"say": "RequestCancel"},),
            ),
            "renewal": (
                ("shipped", "at_requester"),
                lambda reason: ({"say": "RequestRenewal", "reason": reason},),
            ),
            "recalled": (
                ("shipped", "at_requester"),
                lambda due: ({"say": "Recall", "due": due, "reason": "needed here"},),
            ),
            "held": (("shipped", "at_requester"), lambda held: ({"say": "HoldReturn", "held": held},)),
        },
        "both": {
            "cancel": (
                ("sent", "expected", "promised", "offered"),
                lambda intent: ({"say": "CancelRequest", "intent": intent},),
            ),
            "rejected": (("offered",), lambda intent: ({"say": "RejectOffer", "intent": intent},)),
            "renewal": (
                ("received", "on_loan"),
                lambda reason: ({"say": "RenewLoan", "reason": reason},),
            ),
            "recalled": (
                ("shipped", "received", "on_loan"),
                lambda due: ({"say": "Recall", "due": due, "reason": "needed here"},),
            ),
        },
    }
)
"""What may stand beside a state: what is said for it, in the last of these situations on the way."""

_SAID_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "DraftRequest": "request",
        "ReceiveRequest": "request",
        "HearOffer": "offer",
        "MakeOffer": "offer",
        "HearShipped": "shipped",
        "Ship": "shipped",
    }
)
"""Which part of ``given`` says how something on the way was said."""


def reach(side: str, given: Mapping[str, Any], where: str, play: Callable[[Mapping[str, Any]], None]) -> None:
    """Play all that is said on the way to the situation.

    Beside ``state`` it may say how the request is (``request``), what was offered (``offer``) or sent
    (``shipped``), how many suppliers are left (``rota``), and what stands beside the state (``FACETS``).

    Raises:
        InvalidFacts: it names something that is not known.
    """
    paths, facets = PATHS[side], FACETS[side]
    way = _way(paths, given.get("state", "nothing"), where)
    said = {step["say"] for place in way for step in paths[place][1]}
    parts = {_SAID_IN[name] for name in said if name in _SAID_IN}
    known = ("state", *facets, *sorted(parts), *(("rota",) if "DraftRequest" in said else ()))
    for key in given:
        if key not in known:
            _wrong(f"{where}, given", f"the key {key!r}", ", ".join(known))
    beside = dict(_beside(facets, given, way, where))
    for place in way:
        for step in paths[place][1]:
            play({**_defaults(step["say"], given), **step})
        for name in beside.get(place, ()):
            for step in facets[name][1](given[name]):
                play(step)


def _way(paths: Mapping[str, tuple[str | None, Steps]], state: str, where: str) -> list[str]:
    """The situations on the way to that one, from the first."""
    if state not in paths:
        _wrong(f"{where}, given", f"the state {state!r}", ", ".join(paths))
    way = [state]
    while (before := paths[way[0]][0]) is not None:
        way.insert(0, before)
    return way


def _beside(
    facets: Mapping[str, tuple[tuple[str, ...], Callable[[Any], Steps]]],
    given: Mapping[str, Any],
    way: Sequence[str],
    where: str,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """At each place of the way, what comes to stand beside the state there."""
    last: dict[str, str] = {}
    for name, (fits, _) in facets.items():
        if name in given:
            places = [place for place in way if place in fits]
            if not places:
                _wrong(f"{where}, given", f"{name} at {way[-1]}", f"it with one of {', '.join(fits)}")
            last[name] = places[-1]
    for place in way:
        yield place, tuple(name for name, there in last.items() if there == place)


def _defaults(said: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """How something on the way is said where the path leaves it open."""
    copy = given.get("request", {}).get("service") == "Copy"
    usual: dict[str, dict[str, Any]] = {
        "DraftRequest": {
            "service": "Loan",
            "suppliers": list(LENDERS[: 1 + given.get("rota", 1)]),
            **_FORMED,
        },
        "ReceiveRequest": {
            "requester": BORROWER,
            "supplier": LENDERS[0],
            "request_id": "B1~1",
            "requested": _FORMED["requested"],
        },
        "HearShipped": {"service": "Copy"} if copy else {"due": DUE},
        "Ship": {"items": ["N-1"]},
        "HearOffer": {"conditions": ["SignatureRequired"]},
        "MakeOffer": {"conditions": ["SignatureRequired"]},
    }
    return {**usual.get(said, {}), **given.get(_SAID_IN.get(said, ""), {})}


# --- what is seen ---------------------------------------------------------------------------------


def _word(value: Any) -> Any:
    """A value as a scenario writes it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_word(each) for each in value]
    if hasattr(value, "currency"):
        return f"{value.amount} {value.currency}"
    return value


def _of_offer(offer: Any) -> dict[str, Any]:
    return {
        "offer": offer.state if offer is not None else "none",
        "revision": offer.revision if offer is not None else 0,
        "offered": offer.cost if offer is not None else None,
        "conditions": offer.conditions if offer is not None else (),
    }


def _borrowed(it: BorrowingCase, policy: Any, day: date) -> dict[str, Any]:
    attempt = it.attempt
    cancel = it.cancel
    return {
        "state": it.state,
        "outcome": it.outcome or "none",
        "attempts": [each.state for each in it.attempts],
        "suppliers": [each.supplier for each in it.attempts],
        "asked": attempt.supplier if attempt is not None and not attempt.state.ended else "nobody",
        "request_id": attempt.request_id if attempt is not None else "",
        "why": (attempt.why or attempt.retry or "none") if attempt is not None else "none",
        "agreed": attempt.agreed if attempt is not None else None,
        "accepted_conditions": attempt.conditions if attempt is not None else (),
        **_of_offer(attempt.offer if attempt is not None else None),
        "cancel": cancel.state if cancel is not None else "none",
        "intent": cancel.intent if cancel is not None else "none",
        "renewal": "pending" if it.renewal_asked_on is not None else "none",
        "renewals": it.renewals or 0,
        "recalled": it.recalled_on is not None,
        "held": bool(it.held),
        "due": it.due,
        "patron_due": it.patron_due,
        "overdue": it.overdue_on(day),
        "items": it.items,
        "received": list(it.received),
        "sent_back": list(it.sent_back),
        "lost": list(it.lost),
        "supplied": it.supplied or "none",
        "link": it.copy.reference if it.copy is not None else "",
        "defective": it.defective,
        "damages": len(it.damages),
        "reasons": [reason.code for reason in it.reasons],
        "filled_by": it.filled_by or "",
        "follows": it.preceded_by or "",
        "unconfirmed": bool(it.unconfirmed),
        "title": it.requested.title,
        "max_cost": it.max_cost,
        "declared": bool(it.declared),
        "copyright_basis": it.copyright_basis or "",
        "late": it.delayed,
        "charged": {kind: _word(posted.amount) for kind, posted in it.charged.items() if posted.amount},
        "payable": {
            kind.removeprefix("payable-"): _word(posted.amount)
            for kind, posted in it.payable.items()
            if posted.amount
        },
    }


def _supplied(it: SupplyTransaction, policy: Any, day: date) -> dict[str, Any]:
    if it.cancel_asked_on is not None:
        cancel = "refused" if it.cancel_refused else "pending"
    else:
        cancel = "refused" if it.cancel_refused else "none"
    return {
        "state": it.state,
        "outcome": it.closing or "none",
        "why": it.why_unfilled or it.why_retry or "none",
        "reasons": [reason.code for reason in it.reasons],
        **_of_offer(it.offer),
        "agreed": it.agreed,
        "cancel": cancel,
        "renewal": "pending" if it.renewal_asked_on is not None else "none",
        "renewals": it.renewals,
        "recalled": it.recalled_on is not None,
        "held": bool(it.held_return),
        "due": it.due,
        "overdue": it.overdue_on(day),
        "noticed": it.noticed,
        "items": it.items,
        "returned": list(it.returned),
        "link": it.delivery.reference if it.delivery is not None else "",
        "defects": len(it.defects),
        "damages": len(it.damages),
        "service": it.service or "none",
        "level": it.level or "none",
        "max_cost": it.max_cost,
        "need_before": it.need_before,
        "previous": it.previous or "",
        "title": it.requested.title,
        "forwarded_to": it.forwarded_to or "",
        "charged": {kind: _word(posted.amount) for kind, posted in it.charged.items() if posted.amount},
    }


SEEN: Final[Mapping[str, Callable[[Any, Any, date], dict[str, Any]]]] = MappingProxyType(
    {"borrowing": _borrowed, "supplying": _supplied}
)
"""All that can be expected of a case, by name."""


def seen(end: End, now: datetime, case: str | None = None) -> dict[str, Any]:
    """What is seen of the case on that day, each thing in a scenario's own words."""
    it = end.it(case)
    assert it is not None, f"{end.where}: there is no case {case or end.key.id}"
    found = SEEN[end.side](it, end.policy, end.policy.day(now))
    return {name: _word(value) for name, value in found.items()}


def told(end: End) -> tuple[Outgoing, ...]:
    """All that the desk has told so far, withdrawn or not."""
    return tuple(end.storage.outbox())
