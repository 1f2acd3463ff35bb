"""Whatever is said to tickets, at random: what is stored folds and is what was decided, and the laws hold.

Every command of a ticket is said, most of them where they have a place, by somebody who may say it, with
fields that are plausible there; some where they have none, by somebody who may not. Beside the tickets there
are the books of numbers, two engineers, a unit, and complaints. The clock speaks in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from enum import Enum
from functools import cache
from random import Random
from typing import Any, Final

from desk_at_work import CLOCK, ENGINEER, FIRM, SOLD, SYSTEM, staff
from hypothesis import given, settings
from hypothesis import strategies as st
from service_desk import BUYER, THE_BUYER, ServiceDesk
from test_service_desk import WHOLE
from work_at_desk import cny, work

from servflow.adapters.storage_memory import MemoryStorage
from servflow.core.aftersales.circumstances import Distance, MeasuredBy
from servflow.core.aftersales.complaints.commands import FileComplaint, WithdrawComplaint
from servflow.core.aftersales.costs import Billing
from servflow.core.aftersales.desk_rules import Series
from servflow.core.aftersales.lifecycles import AFTERSALES
from servflow.core.aftersales.technicians.commands import AskLeave
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.model import DutyDone, Purchase, Ticket, Work
from servflow.core.aftersales.tickets.states import Channel, Outcome, Route, ServiceKind, TicketRole
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.aftersales.words import ChargeClass, PauseReason, TargetKind
from servflow.core.changes import Actor, Aggregate, Command, Key
from servflow.core.errors import AlreadyExists, NotFound, Refused
from servflow.core.lifecycle import OPENING, decide
from servflow.core.ports import Receipt
from servflow.testing.service_at_work import desk_codec

CASES: Final = ("T-1", "T-2")
ITEMS: Final = ("U-1", "hose", "key")
ENGINEERS: Final = (ENGINEER, "other")

Fields = dict[str, Any]


@cache
def _stories() -> tuple[tuple[Command, ...], ...]:
    """What is said to the whole tickets, in its order."""
    told = []
    for tell in WHOLE:
        desk = ServiceDesk(MemoryStorage(desk_codec()))
        known = len(desk.taken)
        tell(desk, "T-1")
        told.append(tuple(desk.taken[known:]))
    return tuple(told)


class History:
    """A desk, and what is said to it; each number is one saying."""

    def __init__(self) -> None:
        self.desk = ServiceDesk(MemoryStorage(desk_codec()))
        self.taken: list[Command] = []

    def begin(self, chance: Random) -> None:
        """Ticket T-1 has come some way already: one of the whole tickets, as far as it goes."""
        story = chance.choice(_stories())
        for command in story[: chance.randrange(3, len(story) + 1)]:
            self.desk.take(replace(command, id=f"before/{command.id}"))

    def tell(self, numbers: list[int]) -> None:
        """All that the numbers say, and what must hold on the way and at the end."""
        self.begin(Random(numbers[0]))
        for place, number in enumerate(numbers):
            self.say(Random(number))
            if place % 8 == 7:
                self.desk.prove()
        self.desk.prove()

    def say(self, chance: Random) -> None:
        """One saying: a night, a repeat, or a command."""
        self.desk.wait(minutes=chance.choice((0, 1, 30, 240, 1440)))
        what = chance.random()
        if what < 0.06:
            self.desk.wait(days=chance.randrange(12))
            assert self.desk.desk.wake(self.desk.now).refused == ()
            self.desk.desk.deliver(self.desk.now)
        elif what < 0.1 and self.taken:
            before = self.desk.contents()
            assert self.desk.desk.do(chance.choice(self.taken)).repeated
            assert self.desk.contents() == before
        else:
            self.attempt(self._command(chance))

    def attempt(self, command: Command) -> None:
        """What is decided is what is stored; a refusal was foreseen, and leaves no trace."""
        desk = self.desk
        before = desk.contents()
        foreseen = _attempt(desk.desk.check, command)
        decided = _attempt(self._decide, command)
        found = _attempt(desk.desk.do, command)
        if isinstance(found, Receipt):
            assert foreseen == ()
            assert {it.key: desk.storage.load(it.key) for it in decided} == {it.key: it for it in decided}
            self.taken.append(command)
        else:
            assert found == foreseen == decided
            assert desk.contents() == before

    def _decide(self, command: Command) -> tuple[Aggregate, ...]:
        """What the core makes of it, without a desk."""
        lifecycle = AFTERSALES.of(type(command))
        it = self._stored(Key(lifecycle.name, command.case))
        keys = {Key(lifecycle.name, command.case), *lifecycle.reads(it, command)}
        read = {key: found for key in keys if (found := self._stored(key)) is not None}
        facts = self.desk.host.ask(command, it)
        return decide(AFTERSALES, command, read, policy=self.desk.policy, facts=facts).becomes

    def _stored(self, key: Key) -> Aggregate | None:
        try:
            return self.desk.storage.load(key)
        except NotFound:
            return None

    # --- what is said -----------------------------------------------------------------------------

    def _command(self, chance: Random) -> Command:
        case = chance.choice(CASES)
        it = self._stored(Key(Ticket.kind, case))
        assert it is None or isinstance(it, Ticket)
        if it is not None and chance.random() < 0.06:
            return self._beside(chance, it)
        kind, role = self._fitting(chance, it)
        by = _ACTORS[role]
        if role is TicketRole.ENGINEER and it is not None and it.visit is not None and chance.random() < 0.9:
            by = staff(it.visit.engineer, "engineer")
        return self._made(chance, kind, it, case=case, by=by)

    def _fitting(self, chance: Random, it: Ticket | None) -> tuple[type[Command], Enum]:
        """Mostly what has a place here, by somebody who may say it."""
        state = OPENING if it is None else it.state
        if chance.random() < 0.06:
            return chance.choice(TICKET.commands), chance.choice(tuple(TicketRole))
        kinds = [kind for kind in TICKET.commands if TICKET.cell(state, kind)]
        weights = [_WEIGHTS.get(kind, 2) for kind in kinds]
        (kind,) = chance.choices(kinds, weights)
        roles = tuple(TICKET.cell(state, kind))
        often = TicketRole.SUPERVISOR in roles and chance.random() < 0.5
        return kind, TicketRole.SUPERVISOR if often else chance.choice(roles)

    def _made(self, chance: Random, kind: type[Command], it: Ticket | None, **said: Any) -> Command:
        if issubclass(kind, c.CustomersWord) and said["by"] is not THE_BUYER and chance.random() < 0.9:
            said["evidence"] = "a note of a call"
        if chance.random() < 0.1:
            said["happened_at"] = self.desk.now - timedelta(hours=chance.randrange(30))
        fields = _FIELDS[kind](self, chance, it) if kind in _FIELDS else {}
        made: Command = self.desk.command(kind, **(fields | said))
        return made

    def _beside(self, chance: Random, it: Ticket) -> Command:
        """Something that is said to another aggregate than a ticket."""
        day = self.desk.policy.day(self.desk.now)
        open_ = [complaint for complaint, is_open in it.complaints.items() if is_open]
        if open_ and chance.random() < 0.7:
            return self.desk.command(WithdrawComplaint, case=open_[0], by=THE_BUYER)
        if chance.random() < 0.6:
            said = {"firm": FIRM, "customer": BUYER, "channel": Channel.HOTLINE, "what": "nobody comes"}
            case = f"C-{chance.randrange(100)}"
            return self.desk.command(FileComplaint, case=case, by=THE_BUYER, ticket=it.id, **said)
        leave = {"first": day, "last": day + timedelta(days=1), "reason": "ill", "urgent": True}
        return self.desk.command(AskLeave, case=ENGINEER, by=staff(ENGINEER, "engineer"), **leave)


def _attempt(call: Callable[[Command], Any], command: Command) -> Any:
    """What it gives, or the reasons of the refusal, or the kind of the error that is promised."""
    try:
        return call(command)
    except Refused as error:
        return error.reasons
    except (AlreadyExists, NotFound) as error:
        return type(error)


_ACTORS: Final[Mapping[Enum, Actor]] = {
    **{role: staff(role.value, role.value) for role in TicketRole},
    TicketRole.CUSTOMER: THE_BUYER,
    TicketRole.SYSTEM: SYSTEM,
    TicketRole.CLOCK: CLOCK,
}


# --- plausible fields -------------------------------------------------------------------------------


def _report(_: History, chance: Random, __: Ticket | None) -> Fields:
    said: Fields = {
        "service": chance.choice((*(ServiceKind.REPAIR,) * 4, *ServiceKind)),
        "unit": chance.choice(("U-1", "U-1", None, "U-9")),
        "answers": chance.choice(({"cause": "misuse"}, {"cause": "misuse"}, {"cause": "material"}, {})),
        "dates": chance.choice(({"sold": SOLD}, {"sold": SOLD}, {"sold": date(2020, 1, 1)}, {})),
        "purchase": chance.choice((Purchase(price=cny(1000)), Purchase(price=cny(300), quantity=3), None)),
        "repeats": chance.choice((None, None, *CASES)),
        "internal": chance.random() < 0.1,
    }
    return said if chance.random() < 0.9 else said | {"unit": None, "order_line": "order-1"}


def _triage(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {
        "severity": chance.randint(1, 4),
        "route": chance.choice((None, *Route)),
        "unit": chance.choice((None, None, None, "U-1")),
        "answers": chance.choice(({}, {"urgent": "yes"}, {"cause": "misuse"})),
    }


def _correct(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {
        "reason": "he told us",
        "unit": chance.choice((None, "U-1", "U-9")),
        "symptom": "it leaks",
        "distance": chance.choice((None, Distance(chance.randrange(90_000), MeasuredBy.ROAD))),
    }


def _coverage(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {
        "answers": chance.choice(({}, {"cause": "misuse"}, {"cause": "material"})),
        "dates": chance.choice(({}, {"sold": SOLD})),
        "goodwill": chance.choice(({}, {}, {}, {ChargeClass.LABOUR.value: "supervisor"})),
    }


def _lines(history: History, chance: Random) -> tuple[Work, ...]:
    kinds = (*(Billing.AS_RULED,) * 5, *Billing)
    on = history.desk.policy.day(history.desk.now)
    return tuple(
        work(
            chance.randint(1, 200),
            chance.choice(tuple(ChargeClass)),
            chance.choice(kinds),
            item=f"item-{number}",
            approved_by="customer",
            cost=chance.choice((None, cny(1))),
            on=on,
        )
        for number in range(chance.randint(1, 2))
    )


def _quote(history: History, chance: Random, __: Ticket | None) -> Fields:
    until = chance.choice((None, None, history.desk.now + timedelta(days=2)))
    return {"lines": _lines(history, chance), "valid_until": until}


def _dispatch(history: History, chance: Random, __: Ticket | None) -> Fields:
    at = history.desk.now + timedelta(hours=chance.randrange(48))
    window = {"window_from": at, "window_until": at + timedelta(hours=1), "consent": "a call"}
    engineer, other = chance.sample(ENGINEERS, 2)
    return {
        "engineer": engineer,
        "crew": chance.choice(((), (), ("helper",), (other,))),
        "inspection": chance.random() < 0.6,
        **(window if chance.random() < 0.6 else {}),
    }


def _moved(history: History, chance: Random, __: Ticket | None) -> Fields:
    at = history.desk.now + timedelta(hours=chance.randrange(48))
    return {
        "engineer": chance.choice((None, *ENGINEERS)),
        **chance.choice(({}, {"window_from": at, "window_until": at, "consent": "a call"})),
    }


def _in_shop(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {"engineer": chance.choice(ENGINEERS), "inspection": chance.random() < 0.5}


def _advice(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {"solved": chance.random() < 0.3, "session": chance.random() < 0.3, "authorised": "a mail"}


def _added(history: History, chance: Random, __: Ticket | None) -> Fields:
    return {"lines": _lines(history, chance), "tests": chance.choice(((), ("runs",)))}


def _finish(history: History, chance: Random, it: Ticket | None) -> Fields:
    outcome = chance.choice((Outcome.REPAIRED, Outcome.REPAIRED, Outcome.NO_FAULT_FOUND, Outcome.DONE))
    agreed = () if it is None or it.agreed is None else it.quoted
    return {"outcome": outcome, "lines": chance.choice(((), agreed, _lines(history, chance)))}


def _replacement(_: History, chance: Random, it: Ticket | None) -> Fields:
    advance = chance.choice(({}, {"advance-replacement": ("agreed",)}))
    return {"unit": "U-1", "serial": chance.choice(("U-2", "U-1")), "shown": advance}


def _refund(_: History, chance: Random, __: Ticket | None) -> Fields:
    advance = chance.choice(({}, {"advance-replacement": ("agreed",)}))
    return {"amount": cny(chance.choice((1, 100, 300, 2000))), "quantity": 1, "shown": advance}


def _items(_: History, chance: Random, it: Ticket | None) -> tuple[str, ...]:
    known = ITEMS if it is None or not it.items or chance.random() < 0.2 else tuple(it.items)
    return tuple(chance.sample(known, chance.randint(1, min(2, len(known)))))


def _some_items(history: History, chance: Random, it: Ticket | None) -> Fields:
    return {"items": _items(history, chance, it)}


def _given_back(history: History, chance: Random, it: Ticket | None) -> Fields:
    papers = () if it is None else tuple(ref for ref in it.papers if ref.startswith("receipt/"))
    shown = {"receipt-returned": papers} if papers and chance.random() < 0.8 else {}
    return {**_some_items(history, chance, it), "by_post": chance.random() < 0.4, "shown": shown}


def _vendor(history: History, chance: Random, it: Ticket | None) -> Fields:
    return {"item": _items(history, chance, it)[0], "vendor": "maker"}


def _from_vendor(history: History, chance: Random, it: Ticket | None) -> Fields:
    swapped = chance.choice(("", "", f"swap-{chance.randrange(5)}", "U-1"))
    return {"item": _items(history, chance, it)[0], "swapped_for": swapped, "evidence": "note-1"}


def _disposed(history: History, chance: Random, it: Ticket | None) -> Fields:
    left = chance.choice(({}, {"left-with-the-firm": ("he said so",)}))
    return {"item": _items(history, chance, it)[0], "reason": "he does not want it", "shown": left}


def _shown(_: History, chance: Random, __: Ticket | None) -> Fields:
    name = chance.choice(("photographs", "customer-signature", "repair-agreement", "advance-replacement"))
    return {"shown": {name: (f"evidence-{chance.randrange(9)}",)}}


def _paper(_: History, chance: Random, it: Ticket | None) -> Fields:
    if it is None or not it.papers or chance.random() < 0.1:
        return {"series": chance.choice(tuple(Series)), "number": chance.randint(0, 3)}
    paper = it.papers[chance.choice(tuple(it.papers))]
    return {"series": paper.series, "number": paper.number}


def _voided(history: History, chance: Random, it: Ticket | None) -> Fields:
    return {**_paper(history, chance, it), "reason": "a slip", "reissue": chance.random() < 0.5}


def _bill(_: History, chance: Random, __: Ticket | None) -> Fields:
    parties = chance.choice(({}, {}, {"supplier": "maker"}, {"dealer": "dealer"}))
    return {"parties": parties, "fee": chance.choice((None, None, cny(20)))}


def _amount(_: History, chance: Random, it: Ticket | None) -> Fields:
    posted = () if it is None else it.posted
    amounts = (*(each.amount for each in posted), cny(10), cny(chance.randint(1, 300)))
    return {"amount": chance.choice(amounts), "reason": "too much"}


def _collected(history: History, chance: Random, it: Ticket | None) -> Fields:
    return {"amount": _amount(history, chance, it)["amount"]}


def _scores(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {"scores": {"quality": chance.randint(1, 5), "attitude": chance.randint(1, 6)}}


def _call(_: History, chance: Random, __: Ticket | None) -> Fields:
    about = chance.choice((c.CALL_BACK, c.CALL_BACK, "the appointment"))
    return {"about": about, "taken": chance.random() < 0.3, "messaged": chance.random() < 0.5}


def _hold(history: History, chance: Random, __: Ticket | None) -> Fields:
    until = history.desk.now + timedelta(hours=chance.randint(-2, 90))
    on = history.desk.now.date() + timedelta(days=chance.randint(0, 5))
    return {
        "reason": chance.choice(tuple(PauseReason)),
        **chance.choice(({"until": until}, {"remind_on": on}, {"until": until, "remind_on": on})),
    }


def _held(_: History, chance: Random, it: Ticket | None) -> Fields:
    names = () if it is None else tuple(it.holds)
    return {"reason": PauseReason(chance.choice((*names, *names, "waiting-part")))}


def _promised(_: History, chance: Random, it: Ticket | None) -> TargetKind:
    kinds = () if it is None else tuple(each.kind for each in it.commitments.values())
    return chance.choice((*kinds, *kinds, TargetKind.PLAN))


def _fulfilled(history: History, chance: Random, it: Ticket | None) -> Fields:
    return {"what": _promised(history, chance, it)}


def _extended(history: History, chance: Random, it: Ticket | None) -> Fields:
    until = history.desk.now + timedelta(hours=chance.randint(-20, 200))
    what = _promised(history, chance, it)
    return {"what": what, "until": until, "approved_by": "supervisor", "reason": "snow"}


def _excused(history: History, chance: Random, it: Ticket | None) -> Fields:
    start = history.desk.now - timedelta(hours=chance.randrange(50))
    end = start + timedelta(hours=chance.randrange(60))
    return {"what": _promised(history, chance, it), "reason": "snow", "start": start, "end": end}


def _reanchored(history: History, chance: Random, it: Ticket | None) -> Fields:
    at = history.desk.now - timedelta(hours=chance.randint(-5, 60))
    return {"what": _promised(history, chance, it), "at": at, "reason": "entered late"}


def _repriced(history: History, chance: Random, __: Ticket | None) -> Fields:
    return {"rules_of": history.desk.now.date() - timedelta(days=chance.randrange(90)), "reason": "new rules"}


def _rung(_: History, chance: Random, it: Ticket | None) -> Fields:
    return {"what": _what(chance, it), "rung": "1/0", "level": 1, "action": "supervisor"}


def _breach(_: History, chance: Random, it: Ticket | None) -> Fields:
    return {"what": _what(chance, it)}


def _what(chance: Random, it: Ticket | None) -> str:
    known = () if it is None else tuple(it.commitments)
    return chance.choice((*known, "answer"))


def _due(history: History, chance: Random, it: Ticket | None) -> Fields:
    return {"key": _duty(chance, it), "due_on": history.desk.now.date()}


def _duty(chance: Random, it: Ticket | None) -> str:
    known = () if it is None else it.reminded
    return chance.choice((*known, "called-back/2026-05-04"))


def _done(history: History, chance: Random, it: Ticket | None) -> Fields:
    done = DutyDone(
        key=_duty(chance, it), done_on=history.desk.policy.day(history.desk.now), by="clerk", outcome="well"
    )
    return {"done": done}


def _cleared(_: History, chance: Random, it: Ticket | None) -> Fields:
    codes = () if it is None else tuple(reason.code for reason in it.attention)
    return {"code": chance.choice((*codes, *codes, "nothing"))}


def _noted(_: History, chance: Random, __: Ticket | None) -> Fields:
    return {"complaint": "C-0", "open": chance.random() < 0.3}


def _saying(**said: Any) -> Callable[[History, Random, Ticket | None], Fields]:
    """What is always said alike."""
    return lambda _, __, ___: said


_FIELDS: Final[Mapping[type[Command], Callable[[History, Random, Ticket | None], Fields]]] = {
    c.ReportFault: _report,
    c.Triage: _triage,
    c.CorrectReport: _correct,
    c.ChangeSeverity: lambda _, chance, __: {"severity": chance.randint(1, 4), "reason": "it is worse"},
    c.DecideCoverage: _coverage,
    c.ReviseCoverage: lambda *said: _coverage(*said) | {"reason": "another look"},
    c.GiveQuote: _quote,
    c.DeclineQuote: lambda _, chance, __: {"fee": chance.choice((None, cny(20)))},
    c.AdviseRemotely: _advice,
    c.Dispatch: _dispatch,
    c.MoveAppointment: _moved,
    c.SwitchRoute: lambda _, chance, __: {"route": chance.choice(tuple(Route)), "reason": "no tools"},
    c.BeginInShop: _in_shop,
    c.AddWork: _added,
    c.Finish: _finish,
    c.ReplaceUnit: _replacement,
    c.RefundCustomer: _refund,
    c.AnnounceInbound: _some_items,
    c.TakeIn: _some_items,
    c.SendToVendor: _vendor,
    c.TakeBackFromVendor: _from_vendor,
    c.ReturnUnit: _given_back,
    c.ConfirmDelivery: _some_items,
    c.Dispose: _disposed,
    c.ShowFacts: _shown,
    c.VoidPaper: _voided,
    c.FilePaper: _paper,
    c.BillService: _bill,
    c.CollectPayment: _collected,
    c.ReturnPayment: _amount,
    c.RejectWork: _saying(reason="it leaks again"),
    c.RecordSurvey: _scores,
    c.LogCall: _call,
    c.ReopenTicket: _saying(reason="it leaks again"),
    c.MergeTicket: lambda _, chance, __: {"into": chance.choice((*CASES, "T-9"))},
    c.AnswerCustomer: _saying(note="somebody comes"),
    c.NoteMessage: _saying(note="when?"),
    c.PutOnHold: _hold,
    c.ResumeWork: _held,
    c.RemindHold: _held,
    c.Fulfil: _fulfilled,
    c.ExtendTarget: _extended,
    c.ExcuseDelay: _excused,
    c.ReanchorTarget: _reanchored,
    c.RepriceTicket: _repriced,
    c.FireRung: _rung,
    c.MarkBreach: _breach,
    c.EscalateTicket: _saying(reason="he is angry"),
    c.Deescalate: _saying(reason="he is content"),
    c.PassTicketOn: lambda _, chance, __: {"of": "escalation", "to": chance.choice(("supervisor", "boss"))},
    c.RemindDuty: _due,
    c.RecordDuty: _done,
    c.NoteComplaint: _noted,
    c.ClearTicketAttention: _cleared,
}

_LEADS_ON: Final[tuple[type[Command], ...]] = (
    c.ReportFault,
    c.Triage,
    c.DecideCoverage,
    c.GiveQuote,
    c.AcceptQuote,
    c.ApproveFree,
    c.Dispatch,
    c.Arrive,
    c.TakeIn,
    c.BeginInShop,
    c.Finish,
    c.FindUnrepairable,
    c.ReplaceUnit,
    c.RefundCustomer,
    c.BillService,
    c.CollectPayment,
    c.ReturnUnit,
    c.AcceptWork,
    c.RecordSurvey,
    c.CloseTicket,
    c.ReopenTicket,
)
_ENDS: Final[tuple[type[Command], ...]] = (c.RejectTicket, c.CancelTicket, c.MergeTicket)
_WEIGHTS: Final = {**dict.fromkeys(_LEADS_ON, 14), **dict.fromkeys(_ENDS, 1)}
"""How often something is said, where it has a place; all else twice as often as what ends it at once."""

histories = st.lists(st.integers(0, 2**32), min_size=15, max_size=45)


@given(histories)
@settings(max_examples=10)
def test_whatever_is_said_to_tickets_the_laws_hold(numbers: list[int]) -> None:
    """Stored is what was decided, journals fold, refusals leave no trace, custody, numbers and agendas agree."""
    History().tell(numbers)


@given(histories)
@settings(max_examples=2)
def test_whatever_was_said_would_be_decided_so_again(numbers: list[int]) -> None:
    """All that is stored is whole, and every command would be decided now as it was then."""
    told = History()
    told.tell(numbers)
    told.desk.prove_whole()


def test_every_command_of_a_ticket_is_among_what_is_said() -> None:
    """With fields that make one, before there is a ticket and after."""
    history = History()
    history.begin(Random(1))
    it = history.desk.ticket()
    for kind in TICKET.commands:
        for place, ticket in enumerate((None, it) * 2):
            said = history._made(Random(place), kind, ticket, case="T-1", by=THE_BUYER)
            assert type(said) is kind
