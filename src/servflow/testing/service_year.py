"""A year of a service desk, made up from a seed: calls with their seasons, and what becomes of each.

``service_year`` runs it through a real desk over any storage, in the order in which things happen, and wakes
the desk every night. Customers report what is the matter with their units; engineers have agendas and leaves;
quotes are taken, declined, or lapse; items go into the shop, to a vendor, and back; some wait for a part, are
late, are done again, come back; people pay at once, later, or too much; some complain, some never answer.

1. The same seed makes the same year, to the last number: each ticket has chances of its own
   (a ``Random`` seeded with both), and there is no clock.
2. A story waits by saying when it goes on. What the clock said meanwhile it sees in the ticket, as people do.
3. Nothing that is refused is passed over: a refusal that no story expects ends the year with its error.

Whether the year is whole is asked of ``service_checks``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import Any, Final

from servflow.core.aftersales.circumstances import Distance
from servflow.core.aftersales.claims import ServiceContract
from servflow.core.aftersales.complaints import commands as of_complaints
from servflow.core.aftersales.complaints.model import Attribution, Complaint
from servflow.core.aftersales.corrective import commands as of_actions
from servflow.core.aftersales.corrective.model import CauseKind, Source
from servflow.core.aftersales.desk_rules import Deemed, Every, Numbering, Recurring, Series
from servflow.core.aftersales.policy import Duty, ServicePolicy, ServiceRule
from servflow.core.aftersales.technicians import commands as of_technicians
from servflow.core.aftersales.technicians.model import Technician
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.clockwork import current, fitting, is_open
from servflow.core.aftersales.tickets.states import (
    Custody,
    Outcome,
    PaperState,
    Route,
    ServiceKind,
    Stage,
)
from servflow.core.aftersales.units import commands as of_units
from servflow.core.aftersales.units.model import Unit
from servflow.core.aftersales.words import ChargeClass, Coverage, PauseReason, TargetKind
from servflow.core.citations import PRACTICE, Dated
from servflow.core.clocks import parse_allowance
from servflow.core.dates import Term
from servflow.core.money import Money
from servflow.core.ports import Storage
from servflow.testing.service_at_work import ServiceAtWork, customer_pays

__all__ = ["ServiceYear", "for_a_year", "service_year"]

_Story = Generator[datetime, None, None]
_Progress = Callable[[date, int], None]

_SEASONS: Final = (8, 7, 7, 6, 7, 10, 14, 13, 8, 6, 9, 11)
"""How much of the year's work each month brings: most in the heat, some in the cold."""
_WEEK: Final = (12, 11, 11, 10, 6, 2, 1)
_HOURS: Final = (9, 10, 11, 14, 15, 16, 17)
_PRODUCTS: Final = ("boiler", "cooler", "pump", "range")
_FAULTS: Final = ("leaks", "noise", "no-start", "overheats")
_CAUSES: Final = ("manufacture", "material", "assembly", "wear", "misuse", "people")
_KINDS: Final = {
    ServiceKind.REPAIR: 85,
    ServiceKind.MAINTENANCE: 7,
    ServiceKind.INSTALLATION: 5,
    ServiceKind.TRAINING: 3,
}
_WAITS: Final = (0.1, 0.1, 0.1, 0.2, 0.2, 0.5, 1, 30)
_INSPECTION: Final = 50_00  # of the smallest unit of the currency


def for_a_year(policy: ServicePolicy) -> ServicePolicy:
    """The firm's rules, with what a year needs besides, where they say nothing of it.

    A silent customer is taken to have accepted after a week; repair orders are bound in books of fifty;
    problems that come back are warned of. All of it is practice, and under names that begin with ``year-``.
    """
    more: Mapping[str, ServiceRule] = {
        "year-deemed": Deemed(within=parse_allowance("7 days")),
        "year-repair-orders": Numbering(
            series=Series.REPAIR_ORDER, copies=("customer", "office"), bound=True, book=50
        ),
        "year-month": Recurring(every=Every.MONTH, times=5),
        "year-quarter": Recurring(every=Every.QUARTER, times=12),
    }
    dates = (since.cited for dated in policy.rules.values() for since in dated.values)
    rules = [cited.value for cited in dates if cited is not None]
    there: set[type] = {type(rule) for rule in rules if not isinstance(rule, Numbering)}
    there |= {
        Numbering for rule in rules if isinstance(rule, Numbering) and rule.series is Series.REPAIR_ORDER
    }
    added = {
        name: Dated.always(name, rule, PRACTICE) for name, rule in more.items() if type(rule) not in there
    }
    return replace(policy, rules={**policy.rules, **added})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceYear:
    """A year that was run: over which storage, by which rules, from its first instant until ``ended_at``.

    ``ways`` counts the tickets by the way that they were meant to go, ``commands`` what people said,
    ``wakes`` what the clock did.
    """

    seed: int
    storage: Storage
    policy: ServicePolicy
    first_day: date
    ended_at: datetime
    ways: Mapping[str, int]
    commands: int
    wakes: int


def service_year(
    seed: int,
    *,
    policy: ServicePolicy,
    tickets: int = 10_000,
    storage: Storage | None = None,
    first_day: date = date(2026, 1, 1),
    progress: _Progress | None = None,
) -> ServiceYear:
    """A year of ``tickets`` calls at the desk of the firm whose rules ``policy`` are.

    It begins on ``first_day``; ``storage`` is in memory, if none is given. ``progress`` hears after every
    night which day has begun, and how many commands were given so far.

    Raises:
        ServflowError: something was refused that no story expects.
    """
    return _Year(seed, policy, tickets, storage, first_day).run(progress)


class _Chance(Random):
    """The chances of one story."""

    def of(self, percent: int) -> bool:
        """Whether something happens that does so often."""
        return self.random() * 100 < percent


class _Year:
    def __init__(
        self, seed: int, policy: ServicePolicy, tickets: int, storage: Storage | None, first_day: date
    ) -> None:
        self.seed, self.policy, self.tickets, self.first_day = seed, policy, tickets, first_day
        self.begins = self._at(first_day, 0)
        self.ends = self._at(first_day.replace(year=first_day.year + 1), 0)
        self.engineers = tuple(f"engineer-{n}" for n in range(1, 5 + tickets // 500))
        self.w = ServiceAtWork(policy, at=self.begins, storage=storage, engineers=self.engineers)
        self.taken: set[tuple[str, datetime]] = set()
        self.away: dict[str, Term] = {}
        self.ways: Counter[str] = Counter()
        self.wakes = 0
        self.heap: list[tuple[datetime, int, _Story]] = []
        self.stories = 0

    # --- time ------------------------------------------------------------------------------------

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self.policy.zone)

    def later(self, hours: float) -> datetime:
        """So many hours after now, or the next opening after that."""
        return self.policy.calendar.next_opening(self.w.now + timedelta(minutes=round(hours * 60)))

    def tell(self, story: _Story, at: datetime) -> None:
        """This story begins at that instant."""
        self.stories += 1
        heappush(self.heap, (at, self.stories, story))

    def run(self, progress: _Progress | None) -> ServiceYear:
        """The year, from its first day to its last night."""
        for who in self.engineers:
            self._plan_leave(who)
        for number, at in enumerate(self._calls(), 1):
            self.tell(self._ticket(number), at)
        night = self.begins + timedelta(days=1)
        while self.heap or night <= self.ends:
            if self.heap and self.heap[0][0] < min(night, self.ends):
                at, number, story = heappop(self.heap)
                self.w.now = at
                again = next(story, None)
                if again is not None:
                    heappush(self.heap, (max(again, at), number, story))
                continue
            if night > self.ends:
                break
            self._wake(night)
            if progress is not None:
                progress(self.policy.day(night), self.w.commands + self.wakes)
            night = self._at(self.policy.day(night) + timedelta(days=1), 0)
        return ServiceYear(
            seed=self.seed,
            storage=self.w.storage,
            policy=self.policy,
            first_day=self.first_day,
            ended_at=self.ends,
            ways=dict(sorted(self.ways.items())),
            commands=self.w.commands,
            wakes=self.wakes,
        )

    def _wake(self, at: datetime) -> None:
        woken = self.w.desk.wake(at)
        self.wakes += woken.done
        for _, error in woken.refused:
            raise error

    def _calls(self) -> list[datetime]:
        """When people call: by season and day of the week, in the hours of the day."""
        chance = _Chance(f"{self.seed}/calls")
        days = [self.first_day + timedelta(days=n) for n in range((self.ends - self.begins).days)]
        weights = list(accumulate(_SEASONS[day.month - 1] * _WEEK[day.weekday()] for day in days))
        found = chance.choices(days, cum_weights=weights, k=self.tickets)
        return sorted(self._at(day, chance.randrange(8, 19), chance.randrange(60)) for day in found)

    def _plan_leave(self, who: str) -> None:
        """Everybody goes on leave for a week, some time from February on."""
        chance = _Chance(f"{self.seed}/leave/{who}")
        first = self.first_day + timedelta(days=chance.randrange(40, 350))
        self.away[who] = Term(first, first + timedelta(days=7))
        self.tell(self._leave(who), self._at(first - timedelta(days=20), 9))

    def _leave(self, who: str) -> _Story:
        term = self.away[who]
        self.w.say(
            of_technicians.AskLeave,
            who,
            first=term.start,
            last=term.last_day,
            reason="a week at home",
            substitute=next(each for each in self.engineers if each != who),
            reachable="by telephone",
            answers=fitting(self.w.rules(), {"campaign": "no"}),
            by=self.w.engineer(who),
        )
        self.w.say(of_technicians.GrantLeave, who, first=term.start)
        yield self._at(term.until, 9)
        self.w.say(of_technicians.EndLeave, who, first=term.start)

    def _slot(self, chance: _Chance, hours: float) -> tuple[str, datetime]:
        """An hour that some engineer has free, so many hours from now or later; it is his from now on."""
        earliest = self.later(hours)
        day = self.policy.day(earliest)
        engineers = list(self.engineers)
        while True:
            chance.shuffle(engineers)
            if self.policy.calendar.is_open_on(day):
                for hour in _HOURS:
                    start = self._at(day, hour)
                    for who in engineers:
                        free = (who, start) not in self.taken and day not in self.away[who]
                        if start >= earliest and free:
                            self.taken.add((who, start))
                            return who, start
            day += timedelta(days=1)

    def _at_hand(self, who: str) -> bool:
        """Whether he is neither on leave today nor out on a visit."""
        it = self.w.find(Technician, who)
        return it is None or not (it.out_on or it.on_leave(self.policy.day(self.w.now)))

    def _somebody(self, chance: _Chance, first: str = "") -> Generator[datetime, None, str]:
        """Who begins in the shop: ``first`` if he is at hand, or one of those who are, as soon as one is."""
        while True:
            found = [who for who in self.engineers if self._at_hand(who)]
            if found:
                return first if first in found else chance.choice(found)
            yield self.later(0.5)

    # --- units -----------------------------------------------------------------------------------

    def _unit(self, number: int) -> tuple[str, str, str]:
        """A unit of that number, its customer and its product; its record is made with its first call."""
        chance = _Chance(f"{self.seed}/unit/{number}")
        unit, customer, product = f"U-{number:05}", f"C-{number * 2 // 3:05}", chance.choice(_PRODUCTS)
        if self.w.find(Unit, unit) is None:
            sold = self.first_day - timedelta(days=chance.randrange(1, 1000))
            self.w.say(
                of_units.RegisterUnit,
                unit,
                firm=self.policy.firm,
                customer=customer,
                product=product,
                dates={"sold": sold},
            )
            if chance.of(12):
                term = Term(self.first_day - timedelta(days=60), self.first_day + timedelta(days=420))
                contract = ServiceContract(name=f"{unit}/contract", term=term, gives=Coverage.CONTRACT)
                self.w.say(of_units.AddContract, unit, contract=contract)
        return unit, customer, product

    # --- a ticket --------------------------------------------------------------------------------

    def _ticket(self, number: int) -> _Story:
        """One call, and what becomes of it."""
        chance = _Chance(f"{self.seed}/{number}")
        case = f"T-{number:05}"
        way = chance.choices(
            ("visit", "shop", "remote", "internal", "cancelled", "rejected", "twice", "advice"),
            weights=(52, 24, 12, 3, 4, 1, 1, 3),
        )[0]
        self.ways[way] += 1
        self.w.of[case] = {
            "cause": chance.choices(_CAUSES, weights=(25, 20, 10, 20, 15, 10))[0],
            "opened": "no",
            "proof": "yes",
        }
        customer = yield from self._reported(case, way, chance)
        it = self.w.ticket(case)
        if chance.of(90):
            yield self.later(chance.choice((0.1, 0.1, 0.2, 0.5, 4)))
            self.w.say(c.AnswerCustomer, case, note="we have your call")
        yield self.later(chance.choice((0.1, 0.1, 0.1, 0.2, 0.2, 0.5, 1, 6)))
        if way == "rejected":
            self.w.say(c.RejectTicket, case, reason="not our product")
            return
        self._triaged(case, chance)
        if way == "cancelled":
            yield self.later(chance.choice((1, 5, 20)))
            self.w.say(c.CancelTicket, case, reason="it works again")
            return
        if way == "twice":
            yield from self._merged(case, it.unit, customer)
            return
        if chance.of(4):
            at = self.later(chance.choice((4, 30, 80)))
            self.tell(self._complaint(f"K-{number:05}", case), at)
        yield from self._served(case, way, chance)
        self.w.of.pop(case, None)

    def _reported(self, case: str, way: str, chance: _Chance) -> Generator[datetime, None, str]:
        """The call is taken down; some units nobody can name."""
        product = chance.choice(_PRODUCTS)
        unit, customer = None, f"C-{chance.randrange(self.tickets):05}"
        if chance.of(95) and way != "internal":
            unit, customer, product = self._unit(chance.randrange(1, 1 + max(1, self.tickets * 3 // 5)))
        fault = chance.choice(_FAULTS)
        self.w.of[case] = {**self.w.of[case], "product": product, "fault": f"{product}-{fault}"}
        service = {"internal": ServiceKind.INTERNAL, "advice": ServiceKind.ADVICE}.get(way)
        if service is None:
            weights = tuple(_KINDS.values()) if way == "visit" else (1, 0, 0, 0)
            service = chance.choices(tuple(_KINDS), weights=weights)[0]
        said: dict[str, Any] = {
            "customer": customer,
            "symptom": f"the {product} {fault}",
            "unit": unit,
            "service": service,
            "internal": way == "internal",
        }
        if unit is None and chance.of(50):
            said["order_line"] = f"O-{chance.randrange(10_000)}"
        rules = self.w.rules()
        if rules.distances is not None:
            metres = chance.choices((8_000, 60_000, 140_000), weights=(6, 3, 1))[0]
            said["distance"] = Distance(metres, rules.distances.by)
        self.w.report(case, **said)
        if chance.of(5):
            yield self.later(0.1)
            self.w.say(c.NoteMessage, case, note="when does somebody come?")
        return customer

    def _triaged(self, case: str, chance: _Chance) -> None:
        fault = self.w.of[case]["fault"]
        severity = chance.choices((1, 2, 3, 4), weights=(2, 10, 70, 18))[0]
        self.w.triage(case, severity=severity, fault_code=fault, fault_group=fault)
        if chance.of(3):
            other = severity % 4 + 1
            self.w.say(c.ChangeSeverity, case, severity=other, reason="he called once more")
        if chance.of(2):
            self.w.say(c.EscalateTicket, case, reason="an important customer")
            self.w.say(c.Deescalate, case, reason="it is seen to")
        if chance.of(2):
            self._spoil(case)

    def _spoil(self, case: str) -> None:
        """The voucher was spoiled."""
        for paper in self.w.ticket(case).papers.values():
            if paper.series is Series.CALL_REGISTER and paper.state is PaperState.OPEN:
                self.w.say(
                    c.VoidPaper, case, series=paper.series, number=paper.number, reason="written twice"
                )

    def _merged(self, case: str, unit: str | None, customer: str) -> _Story:
        """He called twice: the second call goes into the first one, which goes on."""
        again = f"{case}-again"
        self.w.of[again] = self.w.of[case]
        self.w.report(again, customer=customer, unit=unit, symptom="still the same")
        yield self.later(1)
        self.w.say(c.MergeTicket, again, into=case)
        yield from self._served(case, "visit", _Chance(again))
        del self.w.of[again], self.w.of[case]

    # --- the service -----------------------------------------------------------------------------

    def _served(self, case: str, way: str, chance: _Chance) -> _Story:
        """Who pays, the work, and the end; or another end."""
        inspected = way in {"visit", "shop"} and chance.of(10)
        if way == "shop":
            yield from self._brought(case, chance)
            self.w.help_first(case, Route.SHOP)
        if inspected:
            yield from self._inspected(case, way, chance)
        else:
            yield self.later(chance.choice((0, 0.1, 0.5, 2)))
            self.w.cover(case)
        if way in {"remote", "advice"} and chance.of(85):
            yield self.later(chance.choice((0.5, 2, 5)))
            session = chance.of(30)
            self.w.say(
                c.AdviseRemotely,
                case,
                solved=True,
                session=session,
                authorised="code of the customer" if session else "",
            )
            yield from self._after(case, chance)
            return
        agreed = yield from self._agreed(case, chance)
        if not agreed:
            yield from self._turned_down(case, chance)
            return
        if chance.of(6) and self.w.ticket(case).state is not Stage.ON_SITE:
            yield from self._held(case, chance)
        visit = self.w.ticket(case).visit
        if self._inside(case) and (visit is None or visit.arrived_at is None) and not inspected:
            yield self.later(chance.choice((1, 8, 24)))
            who = yield from self._somebody(chance)
            self.w.begin_in_shop(case, who)
        elif self.w.ticket(case).state is Stage.APPROVED:
            yield from self._visited(case, chance)
        yield from self._worked(case, chance)
        yield from self._after(case, chance)

    def _inside(self, case: str) -> tuple[str, ...]:
        items = self.w.ticket(case).items.values()
        return tuple(item.serial for item in items if item.custody is Custody.SHOP)

    def _item(self, case: str) -> str:
        """The unit of the ticket, or what it is called where nobody knows its number."""
        return self.w.ticket(case).unit or f"{case}/item"

    def _brought(self, case: str, chance: _Chance) -> _Story:
        """The customer brings it, or sends it."""
        item = self._item(case)
        if chance.of(40):
            yield self.later(chance.choice((4, 20)))
            self.w.say(c.AnnounceInbound, case, items=(item,))
            yield self.later(chance.choice((24, 48, 72)))
        else:
            yield self.later(chance.choice((2, 10, 30)))
        self.w.say(c.TakeIn, case, items=(item,), condition={item: "scratched"})

    def _inspected(self, case: str, way: str, chance: _Chance) -> _Story:
        """Somebody looks at it first, so that it is known who pays."""
        who, start = self._slot(chance, 3)
        self.w.help_first(case, Route.SHOP if way == "shop" else Route.ON_SITE)
        if way == "shop":
            yield start
            who = yield from self._somebody(chance, who)
            self.w.say(c.BeginInShop, case, engineer=who, inspection=True)
        else:
            window: dict[str, Any] = {"window_from": start, "window_until": start + timedelta(minutes=50)}
            self.w.say(c.Dispatch, case, engineer=who, inspection=True, consent="call", **window)
            yield start
            yield from self._sets_out(case, chance)
            self.w.say(c.Arrive, case)
        yield self.w.now + timedelta(minutes=30)
        self.w.cover(case)

    def _agreed(self, case: str, chance: _Chance) -> Generator[datetime, None, bool]:
        """Whether the work may be done: it costs the customer nothing, or he took the quote."""
        yield self.later(chance.choice((0, 0.1, 0.2, 1)))
        it = self.w.ticket(case)
        at_work = it.state in {Stage.ON_SITE, Stage.IN_SHOP}
        if not customer_pays(it):
            if not at_work:
                self.w.say(c.ApproveFree, case)
            return True
        self.w.quote(case)
        said = chance.choices(("taken", "declined", "nothing"), weights=(82, 10, 8))[0]
        if said == "nothing":
            if it.state is Stage.ON_SITE:  # nobody waits there for an answer
                self.w.say(c.SwitchRoute, case, route=Route.ON_SITE, reason="he thinks it over")
            while self.w.ticket(case).quote is not None and self._is_quoted(case):
                yield self.later(24)
            return False
        yield self.w.now + timedelta(minutes=10) if at_work else self.later(chance.choice(_WAITS))
        if not self._is_quoted(case):
            return False
        if said == "declined":
            fee = Money.of_minor(_INSPECTION, self.policy.currency) if self._inside(case) else None
            self.w.say(c.DeclineQuote, case, fee=fee)
            return False
        self.w.say(c.AcceptQuote, case)
        return True

    def _is_quoted(self, case: str) -> bool:
        """Whether a quote is open that the customer may still answer."""
        it = self.w.ticket(case)
        if it.state is Stage.DECLINED or it.quote is None:
            return False
        return it.quote.valid_until > self.w.now

    def _turned_down(self, case: str, chance: _Chance) -> _Story:
        """No quote was taken: what is inside goes back, the inspection is paid, and it is closed."""
        while self.w.ticket(case).state is not Stage.DECLINED:  # the clock says so in the night
            yield self.later(12)
        yield self.later(chance.choice((2, 20, 60)))
        if self._inside(case):
            self.w.bill(case)
            self.w.pay(case)
            self.w.give_back(case)
        yield from self._complaints_over(case)
        self.w.close(case)

    def _held(self, case: str, chance: _Chance) -> _Story:
        """A part is missing."""
        reason = chance.choice((PauseReason.WAITING_PART, PauseReason.WAITING_CUSTOMER))
        if chance.of(50):
            until = self.later(chance.choice((30, 70)))
            self.w.say(c.PutOnHold, case, reason=reason, until=until)
            while reason.value in self.w.ticket(case).holds:
                yield self.later(12)
            return
        on = self.policy.day(self.w.now) + timedelta(days=2)
        self.w.say(c.PutOnHold, case, reason=reason, remind_on=on)
        yield self.later(chance.choice((20, 90)))
        if reason.value in self.w.ticket(case).holds:
            self.w.say(c.ResumeWork, case, reason=reason)

    def _visited(self, case: str, chance: _Chance) -> _Story:
        """An appointment, sometimes moved, sometimes kept late."""
        who, start = self._slot(chance, chance.choice((0.2, 0.5, 0.5, 1, 1, 2, 20)))
        self.w.help_first(case, Route.ON_SITE)
        window: dict[str, Any] = {"window_from": start, "window_until": start + timedelta(minutes=50)}
        self.w.say(c.Dispatch, case, engineer=who, consent="call", **window)
        if chance.of(8):
            yield self.later(0.5)
            who, start = self._slot(chance, 24)
            window = {"window_from": start, "window_until": start + timedelta(minutes=50)}
            self.w.say(
                c.MoveAppointment, case, reason="nobody at home", consent="call", engineer=who, **window
            )
        yield max(start - timedelta(minutes=20), self.w.now)
        yield from self._sets_out(case, chance)
        yield start + timedelta(minutes=chance.choice((0, 5, 20, 90)))
        self.w.say(c.Arrive, case)

    def _sets_out(self, case: str, chance: _Chance) -> _Story:
        """He leaves when his visit before is over; if that is too late, somebody else comes later."""
        while True:
            visit = self.w.ticket(case).visit
            assert visit is not None
            assert visit.window_until is not None
            if self._at_hand(visit.engineer):
                break
            if self.w.now < visit.window_until:
                yield self.w.now + timedelta(minutes=10)
                continue
            who, start = self._slot(chance, 0.5)
            window: dict[str, Any] = {"window_from": start, "window_until": start + timedelta(minutes=50)}
            reason = "the visit before takes long"
            self.w.say(c.MoveAppointment, case, reason=reason, consent="call", engineer=who, **window)
            yield start
        self.w.say(c.Depart, case)

    def _worked(self, case: str, chance: _Chance) -> _Story:
        """The work on the spot or in the shop, until it is done."""
        if self.w.ticket(case).state is Stage.ON_SITE and chance.of(12):
            by = self.w.ticket(case).visit
            assert by is not None
            item = self._item(case)
            self.w.say(c.TakeIn, case, items=(item,), by=self.w.engineer(by.engineer))
        inside = self._inside(case)
        if inside and chance.of(8):
            yield self.later(4)
            self.w.say(c.SendToVendor, case, item=inside[0], vendor="vendor-1")
            yield self.later(chance.choice((60, 150)))
            swapped = f"{inside[0]}/x" if chance.of(20) else ""
            self.w.say(
                c.TakeBackFromVendor,
                case,
                item=inside[0],
                swapped_for=swapped,
                evidence="paper of the vendor" if swapped else "",
            )
        if inside:
            yield self.later(chance.choice((2, 6, 20, 60)))
        else:
            yield self.w.now + timedelta(minutes=chance.choice((20, 45, 90)))
        if chance.of(2):
            self._extended(case)
        if inside and chance.of(6):
            yield from self._unrepairable(case, inside[0], chance)
            return
        nothing = chance.of(4)
        outcome = Outcome.NO_FAULT_FOUND if nothing else None
        by = self.w.ticket(case).visit
        assert by is not None
        lines = self.w.lines(by.engineer, chance.choice((1, 2)))[: 1 if nothing else 3]
        self.w.finish(case, outcome, lines=lines)

    def _extended(self, case: str) -> None:
        found = current(self.w.ticket(case), TargetKind.RESOLVE)
        if found is None or not is_open(found[1]) or found[1].due is None:
            return
        if found[1].extended_by and found[1].due > self.w.now:
            until = found[1].due + timedelta(days=2)
            post = found[1].extended_by
            self.w.say(
                c.ExtendTarget,
                case,
                what=TargetKind.RESOLVE,
                until=until,
                approved_by=post,
                reason="the part comes late",
            )

    def _unrepairable(self, case: str, item: str, chance: _Chance) -> _Story:
        """It cannot be repaired: another one, or it goes back as it is."""
        by = self.w.ticket(case).visit
        assert by is not None
        self.w.say(c.FindUnrepairable, case, evidence="photograph", by=self.w.engineer(by.engineer))
        yield self.later(8)
        it = self.w.ticket(case)
        swapped = any(each.swapped_for for each in it.items.values())
        if it.unit == item and not swapped and chance.of(60):
            self.w.say(c.ReplaceUnit, case, unit=item, serial=f"{item}/new")
            self.w.say(c.Dispose, case, item=item, reason="replaced")
        else:
            self.w.say(c.ReturnUnrepaired, case)

    # --- the end -----------------------------------------------------------------------------------

    def _after(self, case: str, chance: _Chance, *, again: bool = True) -> _Story:
        """Billed, paid, given back, accepted, asked, closed; sometimes opened again."""
        yield from self._settled(case, chance)
        if again and chance.of(3) and self.w.ticket(case).state is Stage.REPAIRED:
            done = self.w.ticket(case).outcome in {Outcome.REPAIRED, Outcome.DONE}
            if done:
                self.w.say(c.RejectWork, case, reason="it still leaks")
                yield from self._visited(case, chance)
                yield self.w.now + timedelta(minutes=40)
                self.w.finish(case)
                yield from self._settled(case, chance)
        yield from self._accepted(case, chance)
        yield from self._asked(case, chance)
        yield from self._complaints_over(case)
        if self.w.ticket(case).state in {Stage.ACCEPTED, Stage.FOLLOWED_UP}:
            yield from self._bills_rest(case)
            self.w.close(case)
        yield from self._called_back(case, chance)
        if self.w.owed(case) and chance.of(95):
            yield self.later(chance.choice((24, 200)))
            self.w.pay(case)
        if again and chance.of(2):
            yield from self._opened_again(case, chance)

    def _bills_rest(self, case: str) -> _Story:
        yield self.w.now
        self.w.bill(case)

    def _settled(self, case: str, chance: _Chance) -> _Story:
        """What is paid is billed and mostly paid at once; what is inside goes back."""
        yield self.later(chance.choice((0, 0, 1))) if self._inside(case) else self.w.now
        self.w.bill(case)
        on_the_spot = chance.of(70) or not self._on_account(case)
        if on_the_spot:
            self.w.pay(case)
            it = self.w.ticket(case)
            if it.posted and customer_pays(it) and chance.of(4):
                self._let_go(case)
        if self._inside(case):
            by_post = chance.of(30)
            self.w.give_back(case, by_post=by_post)
            if by_post:
                yield self.later(chance.choice((30, 60)))
                out = tuple(
                    item.serial
                    for item in self.w.ticket(case).items.values()
                    if item.custody is Custody.OUTBOUND
                )
                self.w.say(c.ConfirmDelivery, case, items=out)

    def _on_account(self, case: str) -> bool:
        """Whether the customer may pay later: only what is inside waits for the money."""
        return not self._inside(case)

    def _let_go(self, case: str) -> None:
        """After all that, the labour costs nothing: what was paid for it goes back."""
        it = self.w.ticket(case)
        labour = ChargeClass.LABOUR.value
        assert it.verdict is not None
        if it.state is not Stage.REPAIRED or it.verdict.labour.coverage is not Coverage.PAID:
            return
        self.w.say(c.ReviseCoverage, case, reason="an old customer", goodwill={labour: "supervisor"})
        self.w.bill(case)
        paid = self.w.owed_in_all(case)
        if paid.minor < 0:
            self.w.say(c.ReturnPayment, case, amount=-paid, reason="labour is let go")

    def _accepted(self, case: str, chance: _Chance) -> _Story:
        """He signs, or says nothing for so long that he is taken to have accepted."""
        silent = chance.of(15) and bool(self.w.rules().of(Deemed))
        yield self.later(0) if self.w.ticket(case).visit else self.later(1)
        while silent and self.w.ticket(case).state is Stage.REPAIRED:
            if any(self.w.ticket(case).complaints.values()):
                break
            yield self.later(24)
        if self.w.ticket(case).state is Stage.REPAIRED:
            evidence = f"{case}/voucher"
            self.w.accept(case, evidence=evidence)

    def _asked(self, case: str, chance: _Chance) -> _Story:
        """How it was: most answer, some are not content, some never take the call."""
        yield self.later(chance.choice((20, 60, 120)))
        it = self.w.ticket(case)
        if it.state is not Stage.ACCEPTED:
            return
        survey = self.w.survey_of(it)
        if survey is None:
            self.w.follow_up(case)
            return
        if chance.of(25) and survey.attempts is not None:
            while self.w.ticket(case).state is Stage.ACCEPTED:
                self.w.say(c.LogCall, case, about=c.CALL_BACK, taken=False, messaged=chance.of(90))
                yield self.later(24)
            return
        score = chance.choices(
            (survey.highest, survey.satisfied_from, survey.satisfied_from - 1, survey.dissatisfied_to),
            weights=(60, 28, 9, 3),
        )[0]
        before = set(it.complaints)
        self.w.follow_up(case, score)
        for complaint in self.w.ticket(case).complaints.keys() - before:
            self.tell(self._seen_to(complaint), self.later(4))

    def _called_back(self, case: str, chance: _Chance) -> _Story:
        """What is due by itself after a while is done, where the clock reminds somebody of it."""
        it = self.w.ticket(case)
        if it.finished_at is None or it.state is not Stage.CLOSED:
            return
        if not self.w.rules(it).of(Duty):
            return
        after = it.finished_at + timedelta(days=chance.choice((31, 32, 34, 36, 45)))
        yield max(self.policy.calendar.next_opening(after), self.w.now)
        while (left := self.w.duties(self.w.ticket(case))) and not chance.of(12):
            self.w.see_to(case, left[0])
            yield self.later(chance.choice((0.5, 4)))

    def _opened_again(self, case: str, chance: _Chance) -> _Story:
        """The same fault is there again, soon enough for the ticket to go on."""
        it = self.w.ticket(case)
        yield self.later(chance.choice((24, 100)))
        if it.state is not Stage.CLOSED or not self.w.reopens(case):
            return
        self.w.say(c.ReopenTicket, case, reason="it leaks again")
        yield self.later(2)
        self.w.cover(case)
        agreed = yield from self._agreed(case, chance)
        if not agreed:
            yield from self._turned_down(case, chance)
            return
        yield from self._visited(case, chance)
        yield self.w.now + timedelta(minutes=30)
        self.w.finish(case)
        yield from self._after(case, chance, again=False)

    # --- complaints ------------------------------------------------------------------------------

    def _complaints_over(self, case: str) -> _Story:
        while any(self.w.ticket(case).complaints.values()):
            yield self.later(24)

    def _complaint(self, complaint: str, case: str) -> _Story:
        """The customer complains of the service, while it is still going on."""
        it = self.w.ticket(case)
        if it.state in {Stage.CLOSED, Stage.CANCELLED, Stage.REJECTED}:
            return
        self.w.complain(complaint, case, customer=it.customer, what="it takes too long")
        yield self.later(2)
        yield from self._seen_to(complaint)

    def _seen_to(self, complaint: str) -> _Story:
        """Graded, looked into, answered, settled; the worst lead to measures."""
        chance = _Chance(f"{self.seed}/{complaint}")
        self.w.say(of_complaints.GradeComplaint, complaint, handler="complaints")
        yield self.later(chance.choice((4, 20, 50)))
        if chance.of(8):
            it = self.w.find(Complaint, complaint)
            assert it is not None
            self.w.say(of_complaints.WithdrawComplaint, complaint, by=self.w.customer(it.customer))
            return
        whose = chance.choices(tuple(Attribution), weights=(20, 5, 20, 45, 5, 5))[0]
        self.w.say(
            of_complaints.InvestigateComplaint,
            complaint,
            found="late, and no call",
            plan="call before",
            attribution=whose,
        )
        yield self.later(chance.choice((2, 20)))
        self.w.say(of_complaints.AnswerComplaint, complaint, answer="we are sorry, and this is why")
        yield self.later(24)
        if chance.of(8):
            it = self.w.find(Complaint, complaint)
            assert it is not None
            self.w.say(
                of_complaints.RefuseAnswer, complaint, reason="not enough", by=self.w.customer(it.customer)
            )
            yield self.later(8)
            self.w.say(of_complaints.AnswerComplaint, complaint, answer="and this is what we do")
        self.w.say(of_complaints.SettleComplaint, complaint, result="he is content")
        if chance.of(50):
            yield from self._corrected(f"A/{complaint}", complaint, chance)

    def _corrected(self, action: str, complaint: str, chance: _Chance) -> _Story:
        """Measures: planned, carried out (some late), verified by somebody else (some in vain at first)."""
        self.w.say(
            of_actions.OpenAction,
            action,
            firm=self.policy.firm,
            fault="calls are forgotten",
            source=Source.COMPLAINT,
            reference=complaint,
        )
        yield self.later(30)
        kind = chance.choice(tuple(CauseKind))
        self.w.say(
            of_actions.AnalyseFault,
            action,
            cause="no list",
            cause_kind=kind,
            department="service",
        )
        for effective in (chance.of(80), True):
            due = self.policy.day(self.w.now) + timedelta(days=14)
            self.w.say(
                of_actions.PlanMeasures,
                action,
                corrective="a list",
                preventive="it is looked at each day",
                whom="desk",
                due=due,
            )
            yield self.later(24 * chance.choice((5, 9, 20)))
            self.w.say(of_actions.CarryOut, action, done="the list is there")
            yield self.later(24 * 5)
            later = None if effective else self.policy.day(self.w.now) + timedelta(days=10)
            self.w.say(
                of_actions.VerifyAction, action, effective=effective, found="calls of a week", due=later
            )
            if effective:
                return
