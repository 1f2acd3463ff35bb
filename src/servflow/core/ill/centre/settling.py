"""A settlement of a term as a table: drawn up, told to every member, paid member by member.

The id is the term's name ("2026-11"). What the books say is a fact: the host has it from
``settlement.reckoned`` over its postings. A line is that, less what the centre has drawn up before
(``settled.SettledTerms``), which every settlement reads and changes: terms are drawn up one after the other,
none twice, and what is posted later for one of them is in the next. A payment levels the member's line, in
one change: the ledger, and what stands open on the member's relation, or on its account at this desk, are
the same after it as before it. Whose two sides set each other off is levelled by the clock, as soon as it
looks. Any library that other libraries owe may draw up its settlement, whether it passes requests on or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final

from servflow.core.attention import seen_to
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.checks import check_said
from servflow.core.citations import Plain, Reason
from servflow.core.dates import start_of_day
from servflow.core.errors import InvalidValue
from servflow.core.ill.accounts.commands import SettleAccountDues
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.centre.settled import BookSettledTerm, DrawnUp, SettledTerms
from servflow.core.ill.centre.settlement import Due, SettlementFacts, levelled, still_due
from servflow.core.ill.lending.commands import SettleDues
from servflow.core.ill.lending.model import Relation
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.ill.terms import attend
from servflow.core.ledger import Books
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Outcome, Row, Situation, chooser
from servflow.core.money import Money, total
from servflow.core.waking import Wake, at_of, said_by

__all__ = [
    "DRAWN_UP",
    "OVERDUE",
    "PAID",
    "SETTLEMENT",
    "SETTLEMENT_MESSAGES",
    "ClearSettlementAttention",
    "DisputeSettlement",
    "DrawUpSettlement",
    "RemindMembers",
    "SettleMember",
    "Settlement",
    "SettlementRole",
    "SettlementState",
    "brought_forward",
]

DRAWN_UP: Final = "ill.settlement.drawn-up"
OVERDUE: Final = "ill.settlement.overdue"
PAID: Final = "ill.settlement.paid"
SETTLEMENT_MESSAGES: Final = (DRAWN_UP, OVERDUE, PAID)


class SettlementState(Enum):
    """Where a settlement stands; stored data, never renamed."""

    DRAWN_UP = "drawn_up"  # told to the members; not all of them are level
    SETTLED = "settled"


class SettlementRole(Enum):
    """In which role somebody speaks to it."""

    STAFF = "staff"  # of the centre
    MEMBER = "member"  # any other institution
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(Aggregate):
    """What the members of a network and their centre owe each other for a term.

    ``first`` and ``last`` are the term's days, both included; ``pay_by`` is the last day on which a
    payment is in time; ``paid`` says on which day each member's accounts were levelled; ``drawn_up`` is
    the day on which the lines were drawn up, which stay as they are.
    """

    kind: ClassVar[str] = "ill.settlement"

    state: SettlementState
    centre: str
    first: date
    last: date
    pay_by: date
    dues: tuple[Due, ...] = ()
    paid: Mapping[str, date] = field(default_factory=dict)
    reminded: bool | None = None
    attention: tuple[Reason, ...] = ()
    drawn_up: date | None = None

    def due_of(self, member: str) -> Due | None:
        """The line of a member, if it has one."""
        return next((due for due in self.dues if due.member == member), None)

    @property
    def unpaid(self) -> tuple[Due, ...]:
        """The lines of the members whose accounts are not level yet."""
        return tuple(due for due in self.dues if due.member not in self.paid)


def brought_forward(it: Settlement, earlier: Iterable[Settlement]) -> Mapping[str, Money]:
    """What each member had not paid of earlier terms when ``it`` was drawn up; below 0: had not been paid.

    It stands beside the lines of ``it`` and is in none of them: every term is paid by itself. Who is level
    is left out; later terms among ``earlier`` do not count.
    """
    held: dict[str, Money] = {}
    for other in earlier:
        if other.last >= it.first:
            continue
        for due in other.dues:
            on = other.paid.get(due.member)
            if on is None or (it.drawn_up is not None and on > it.drawn_up):
                held[due.member] = due.net + held.get(due.member, due.net * 0)
    return {member: amount for member, amount in sorted(held.items()) if amount}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawUpSettlement(Command):
    """The settlement of the days from ``first`` to ``last`` is drawn up; opens it.

    What was posted for earlier days and is in no sheet yet, is in this one.

    Raises:
        InvalidValue: the last day lies before the first.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        if self.last < self.first:
            raise InvalidValue("last", self.last, f"a day not before {self.first.isoformat()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMember(Command):
    """A member has paid its line, or has been paid it."""

    member: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeSettlement(Command):
    """A member does not agree with its line, and says why; nothing changes but that staff look at it."""

    member: str
    note: str

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        check_said("note", self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSettlementAttention(Command):
    """Staff have looked at what was called to their attention: every reason of that code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindMembers(Command):
    """The clock: the last day for payments has passed; whoever has not paid is reminded, once."""


_Opening = Situation[None, DrawUpSettlement, NetworkPolicy, SettlementFacts]
_Settling = Situation[Settlement, Any, NetworkPolicy, Any]


def _roles(it: Settlement | None, actor: Actor) -> tuple[SettlementRole, ...]:
    """The centre's staff and the clock; any other institution, as a member."""
    own = {Office.STAFF: (SettlementRole.STAFF,), Office.CLOCK: (SettlementRole.CLOCK,)}.get(actor.office, ())
    return own if it is None or actor.serves == it.centre else (SettlementRole.MEMBER,)


# --- choosers and guards ----------------------------------------------------------------------------


def _settled_terms(s: _Opening) -> SettledTerms | None:
    it = s.others.get(Key(SettledTerms.kind, s.command.by.serves))
    return it if isinstance(it, SettledTerms) else None


def _new(s: _Opening, dues: Iterable[Due]) -> tuple[Due, ...]:
    """What is in no sheet yet, in the currency of the rules; what is not in it is refused by a guard."""
    before, currency = _settled_terms(s), s.policy.currency
    drawn_up = {} if before is None else before.dues
    return still_due((due for due in dues if _currencies(due) == {currency}), drawn_up)


def _currencies(due: Due) -> set[str]:
    return {due.owes.currency, due.owed.currency}


@chooser
def _nothing_to_pay(s: _Opening) -> bool:
    """Every member is level."""
    return not _new(s, s.facts.dues)


@chooser
def _last_one(s: _Settling) -> bool:
    """Nobody else's accounts are still to be levelled."""
    return all(due.member == s.command.member for due in s.it.unpaid)


def _ours(s: _Opening) -> Iterator[Reason]:
    """Only the centre's own staff draw up its settlement."""
    if s.command.by.serves != s.policy.library:
        yield Reason("ill.settlement.not-ours", None, (("centre", s.policy.library),))


def _term_over(s: _Opening) -> Iterator[Reason]:
    """The term has ended: its last day has passed."""
    if s.policy.day(s.command.happened_at) <= s.command.last:
        yield Reason("ill.settlement.term-not-over", None, (("last", s.command.last),))


def _apart(s: _Opening) -> Iterator[Reason]:
    """No day of the term has been settled already, and no later day: terms follow each other."""
    before = _settled_terms(s)
    if before is not None and s.command.first <= before.latest.last:
        other = before.latest
        code = "overlaps" if other.first <= s.command.last else "closed"
        facts = (("settlement", other.id), ("first", other.first), ("last", other.last))
        yield Reason(f"ill.settlement.{code}", None, facts)


def _own_currency(s: _Opening) -> Iterator[Reason]:
    """Every line is in the currency of the rules."""
    for due in s.facts.dues:
        if _currencies(due) != {s.policy.currency}:
            facts = (("member", due.member), ("currency", s.policy.currency))
            yield Reason("ill.settlement.wrong-currency", None, facts)


def _all_members(s: _Opening) -> Iterator[Reason]:
    """Whoever has something to pay or to be paid, and is no reader, is a member: nobody is left out."""
    for due in _new(s, s.facts.strangers):
        facts = (("member", due.member), ("owes", due.owes), ("owed", due.owed))
        yield Reason("ill.settlement.not-a-member", None, facts)


def _no_other_money(s: _Opening) -> Iterator[Reason]:
    """Nobody owes or is owed anything in another currency: that is paid, or its costs heard anew in ours."""
    for due in s.facts.other_money:
        facts = (("member", due.member), ("owes", due.owes), ("owed", due.owed))
        yield Reason("ill.settlement.other-currency", None, facts)


def _has_line(s: _Settling) -> Iterator[Reason]:
    """The member has a line."""
    if s.it.due_of(s.command.member) is None:
        yield Reason("ill.settlement.no-line", None, (("member", s.command.member),))


def _not_paid(s: _Settling) -> Iterator[Reason]:
    """Nothing is paid twice."""
    on = s.it.paid.get(s.command.member)
    if on is not None:
        yield Reason("ill.settlement.paid-already", None, (("member", s.command.member), ("on", on)))


def _since_drawn_up(s: _Settling) -> Iterator[Reason]:
    """It is paid on the day on which it was drawn up, or later."""
    on = s.it.drawn_up
    if on is not None and s.policy.day(s.command.happened_at) < on:
        yield Reason("ill.settlement.not-drawn-up-yet", None, (("on", on),))


def _sets_off(s: _Settling) -> Iterator[Reason]:
    """The clock levels a member only where nothing is to be paid."""
    due = s.it.due_of(s.command.member)
    if s.role is SettlementRole.CLOCK and due is not None and due.net:
        yield Reason("ill.settlement.to-be-paid", None, (("member", due.member),))


def _time_over(s: _Settling) -> Iterator[Reason]:
    """The last day for payments has passed, and nobody was reminded yet."""
    if s.it.reminded or s.policy.day(s.command.happened_at) <= s.it.pay_by:
        yield Reason("ill.settlement.still-in-time", None, (("pay_by", s.it.pay_by),))


# --- effects ----------------------------------------------------------------------------------------


def _tell(it: Settlement, kind: str, dues: tuple[Due, ...]) -> tuple[Message, ...]:
    """Each of these members hears its own line, and nobody else's."""
    return tuple(
        Message.of(
            it,
            kind,
            due.member,
            (*_facts(it, due), *((("late", due.late),) if kind == DRAWN_UP else ())),
            word=f"{due.member}/{kind}",
            supersedes=(DRAWN_UP, OVERDUE) if kind == PAID else (),
        )
        for due in dues
    )


def _facts(it: Settlement, due: Due) -> tuple[tuple[str, Plain], ...]:
    pays = ("pays", due.net) if due.net > due.net * 0 else ("gets", -due.net)
    return (
        ("settlement", it.id),
        ("first", it.first),
        ("last", it.last),
        ("owes", due.owes),
        ("owed", due.owed),
        pays,
        ("pay_by", it.pay_by),
    )


def _draw_up(s: _Opening) -> Outcome:
    """Each member hears its line."""
    said, day = s.command, s.policy.day(s.command.happened_at)
    it = Settlement(
        id=said.case,
        state=SettlementState.DRAWN_UP,
        centre=s.policy.library,
        first=said.first,
        last=said.last,
        pay_by=day + min(timedelta(days=s.policy.settlement_days.on(day).value), date.max - day),
        dues=_new(s, s.facts.dues),
        drawn_up=day,
    )
    book = BookSettledTerm(
        **said.entailed(BookSettledTerm.__name__, case=it.centre, by=Actor.policy(it.centre)),
        drawn_up=DrawnUp(it.id, it.first, it.last),
        dues=it.dues,
    )
    return Outcome(it=it, messages=_tell(it, DRAWN_UP, it.dues), commands=(book,))


def _settle_member(s: _Settling) -> Outcome:
    """The member's accounts of the term are level, and it hears so, unless it had nothing to pay.

    What it owes is paid on its relation, and what is left of that on its account; without either, here.
    """
    member, day = s.command.member, s.policy.day(s.command.happened_at)
    due = s.it.due_of(member)
    assert due is not None  # a guard has seen it
    it = replace(s.it, paid={**s.it.paid, member: day})
    relation = s.others.get(Key(Relation.kind, member))
    account = s.others.get(Key(IllAccount.kind, member))
    kept = relation is not None or account is not None
    books = Books(s.policy.closed_through)
    postings = levelled(due, centre=it.centre, subject=it.id, on=day, kept=kept)
    return Outcome(
        it=it,
        messages=_tell(it, PAID, (due,)) if due.net else (),
        postings=tuple(map(books.admit, postings)),
        commands=tuple(_paid_there(s, due, relation, account)) if kept else (),
    )


def _paid_there(s: _Settling, due: Due, relation: Any, account: Any) -> Iterator[Command]:
    """What the member owes, on its relation as far as that is owed there, the rest on its account."""
    there = due.owes if relation is not None else due.owes * 0
    if account is not None and relation is not None and there:
        owed = total((item.outstanding for item in relation.open.values()), due.owes.currency)
        there = min(there, owed)
    for kind, amount, set_off in (
        (SettleDues, there, min(due.set_off, max(there, there * 0))),
        (SettleAccountDues, due.owes - there, due.set_off - min(due.set_off, max(there, there * 0))),
    ):
        if amount:
            yield kind(
                **s.command.entailed(kind.__name__, case=due.member, by=Actor.policy(s.it.centre)),
                amount=amount,
                set_off=set_off,
                settlement=s.it.id,
            )


def _dispute(s: _Settling) -> Outcome:
    """Staff are to look at it. What another library says is taken down, even of a line that there is not."""
    facts = (("member", s.command.member), ("sender", s.command.by.serves), ("note", s.command.note))
    return Outcome(it=attend(s.it, "settlement-disputed", *facts))


def _clear(s: _Settling) -> Outcome:
    """Staff have seen to it."""
    return Outcome(it=seen_to(s.it, s.command.code))


def _remind(s: _Settling) -> Outcome:
    """Whoever has not paid is told so; whom the centre has not paid is for its staff to see."""
    late = s.it.unpaid
    ours = tuple(due for due in late if due.net < due.net * 0)
    theirs = tuple(due for due in late if due.net > due.net * 0)
    it = replace(s.it, reminded=True)
    for due in ours:
        it = attend(it, "settlement-unpaid", ("member", due.member), ("amount", -due.net))
    return Outcome(it=it, messages=_tell(it, OVERDUE, theirs))


# --- the clock --------------------------------------------------------------------------------------


def _set_off(it: Settlement) -> Due | None:
    """The next line that has nothing to pay and is not level."""
    return next((due for due in it.unpaid if not due.net), None)


def _first(it: Settlement, policy: NetworkPolicy) -> Wake | None:
    """The day it was drawn up for who has nothing to pay, otherwise that after the last one for payments.

    None once everybody was reminded, or is level.
    """
    due, version = _set_off(it), it.version + 1
    if due is not None and it.last < date.max:
        at = start_of_day(it.drawn_up or it.last + timedelta(days=1), policy.zone)
        return Wake(at, SettleMember, f"{version}/SettleMember", {"member": due.member})
    if it.state is SettlementState.SETTLED or it.reminded or it.pay_by == date.max:
        return None
    at = start_of_day(it.pay_by + timedelta(days=1), policy.zone)
    return Wake(at, RemindMembers, f"{version}/RemindMembers")


def _next_wake(it: Settlement, policy: NetworkPolicy) -> datetime | None:
    """When the clock has something to say; None: never."""
    return at_of(_first(it, policy))


def _wake(it: Settlement, policy: NetworkPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says; None while it is too early."""
    return said_by(_first(it, policy), it, it.centre, recorded_at)


def _reads(_it: Settlement | None, command: Command) -> tuple[Key, ...]:
    """What the centre has drawn up so far; the relation of a member that pays or is paid, and its account."""
    if isinstance(command, DrawUpSettlement):
        return (Key(SettledTerms.kind, command.by.serves),)
    if not isinstance(command, SettleMember):
        return ()
    return (Key(Relation.kind, command.member), Key(IllAccount.kind, command.member))


_S = SettlementState
_STAFF = SettlementRole.STAFF
_PAYS: Final = (_STAFF, SettlementRole.CLOCK)
_DRAWABLE: Final = (_ours, _term_over, _apart, _own_currency, _all_members, _no_other_money)
_PAYABLE: Final = (_has_line, _not_paid, _since_drawn_up, _sets_off)
_ANY: Final = tuple(SettlementState)

SETTLEMENT: Final = Lifecycle(
    model=Settlement,
    states=SettlementState,
    roles=SettlementRole,
    final=(_S.SETTLED,),
    roles_of=_roles,
    reads=_reads,
    next_wake=_next_wake,
    wake=_wake,
    rows=(
        Row(OPENING, DrawUpSettlement, _S.DRAWN_UP, _STAFF, ~_nothing_to_pay, _DRAWABLE, _draw_up),
        Row(OPENING, DrawUpSettlement, _S.SETTLED, _STAFF, _nothing_to_pay, _DRAWABLE, _draw_up),
        Row(_S.DRAWN_UP, SettleMember, SAME, _PAYS, ~_last_one, _PAYABLE, _settle_member),
        Row(_S.DRAWN_UP, SettleMember, _S.SETTLED, _PAYS, _last_one, _PAYABLE, _settle_member),
        Row(_ANY, DisputeSettlement, SAME, SettlementRole.MEMBER, ALWAYS, (), _dispute),
        Row(_ANY, DisputeSettlement, SAME, _STAFF, ALWAYS, (_has_line,), _dispute),
        Row(_ANY, ClearSettlementAttention, SAME, _STAFF, ALWAYS, (), _clear),
        Row(_S.DRAWN_UP, RemindMembers, SAME, SettlementRole.CLOCK, ALWAYS, (_time_over,), _remind),
    ),
)
