"""A service desk at work: three tickets, from the report to the end.

A washing machine is repaired on the spot, free within its warranty. A dishwasher that was used wrongly goes
into the shop: it is looked at first, quoted, repaired, paid for, and given back against its receipt. A coffee
machine whose warranty is over is quoted, and its owner would rather have it back. What may not be done is
tried as well: it is refused with the clause, and nothing has changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from at_the_desk import BEIJING, DeskAtWork, at

from servflow.adapters.service_file import ServiceFile
from servflow.adapters.text_babel import Texts
from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.circumstances import Distance, MeasuredBy
from servflow.core.aftersales.costs import Billing, WorkLine
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.billing import prices
from servflow.core.aftersales.tickets.clockwork import clocks
from servflow.core.aftersales.tickets.model import Ticket, Work
from servflow.core.aftersales.tickets.states import Channel, Route
from servflow.core.aftersales.words import ChargeClass, PauseReason
from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import Refused
from servflow.core.fees import Charge, Facts, Rule, evaluate
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money
from servflow.rulebooks import load, service_policy

FILES = {f"service.db{end}" for end in ("", "-wal", "-shm")}
MADE = {*FILES, "service-mail"}
TICKETS = ("T-1", "T-2", "T-3")
END = at("2026-04-30", 23)
ENGLISH = Texts("en")


def march(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March, as the desk's clock shows it."""
    return at(f"2026-03-{day:02}", hour, minute)


def cny(amount: int) -> Money:
    """So many yuan."""
    return Money(amount, "CNY")


class ServiceDesk(DeskAtWork):
    """The desk of the service firm: its people, its tariff, and what it said to its customers."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.facts = ServiceFile(file)
        rules = service_policy(load(self.facts.rulebook))
        super().__init__(
            folder,
            AFTERSALES,
            facts=self.facts,
            sender=self.facts.firm,
            address=self.facts.address,
            policy=rules,
            db="service.db",
            mail="service-mail",
            staff=self.facts.actor("chief-1"),
        )
        self.rules = rules
        self.firm = self.facts.firm.ref
        self.refused: list[tuple[str, list[str]]] = []
        assert self.facts.charges is not None
        self._tariff: dict[str, Rule] = dict(load(self.facts.charges).fees)

    def person(self, ref: str) -> Actor:
        """Somebody of the host's file, in his posts."""
        return self.facts.actor(ref)

    def try_in_vain(self, command: type[Command], ticket: str, happened: datetime, **said: object) -> None:
        """What is refused is kept with every reason; that it is not refused would be a mistake here."""
        before = self.ticket(ticket)
        try:
            self.say(command, ticket, happened, **said)
        except Refused as refusal:
            name = ENGLISH.name("command", command.__name__)
            self.refused.append((f"{ticket}: {name}", [ENGLISH.reason(each) for each in refusal.reasons]))
        assert self.ticket(ticket) == before

    def ticket(self, id: str) -> Ticket:
        """A ticket as it stands."""
        it = self.storage.load(Key(Ticket.kind, id))
        assert isinstance(it, Ticket)
        return it

    def part(self, item: str, price: int, *, by: str, on: date) -> Work:
        """A part at its list price; who pays it, the verdict says."""
        listed = evaluate(self._tariff["part"], Facts(amounts={"list_price": cny(price)}))
        return _line(item, ChargeClass.PARTS, listed, by, on)

    def labour(self, item: str, hours: str, *, by: str, on: date) -> Work:
        """Work of so many hours, at the price of the tariff; who pays it, the verdict says."""
        listed = evaluate(self._tariff["labour"], Facts(quantities={"hours": Decimal(hours)}))
        return replace(_line(item, ChargeClass.LABOUR, listed, by, on), hours=Fraction(hours))

    def price(self, rule: str) -> Money:
        """What something costs by the tariff, whatever it is for."""
        return evaluate(self._tariff[rule], Facts()).money


def _line(item: str, charge: ChargeClass, listed: Charge, by: str, on: date) -> Work:
    return Work(
        line=WorkLine(item=item, charge=charge, billing=Billing.AS_RULED, listed=listed), by=by, on=on
    )


def on_the_spot(desk: ServiceDesk) -> None:
    """T-1, free: help by telephone does not do, an engineer comes within the 24 hours that were promised."""
    clerk, engineer = desk.person("desk-1"), desk.person("eng-1")
    desk.say(
        c.ReportFault,
        "T-1",
        march(2, 9, 10),
        by=clerk,
        firm=desk.firm,
        customer="c-17",
        channel=Channel.HOTLINE,
        symptom="the drum does not turn",
        unit="WM-4471",
        distance=Distance(metres=18_000, by=MeasuredBy.ROAD, source="the map"),
        dates={"sold": date(2025, 6, 14)},
        shown={"customer data": ("card-17",)},
    )
    desk.say(c.Triage, "T-1", march(2, 9, 25), by=clerk, severity=2, fault_code="W-12", route=Route.ON_SITE)
    desk.say(c.AdviseRemotely, "T-1", march(2, 9, 30), by=clerk, solved=False)
    desk.say(c.DecideCoverage, "T-1", march(2, 9, 50), answers={"cause": "material"})
    desk.say(c.ApproveFree, "T-1", march(2, 9, 51))
    window = {"window_from": march(2, 14), "window_until": march(2, 16)}
    desk.say(c.Dispatch, "T-1", march(2, 10), engineer="eng-1", consent="call of 2 March, 9:55", **window)
    desk.say(c.Depart, "T-1", march(2, 13, 40), by=engineer)
    desk.say(c.Arrive, "T-1", march(2, 14, 20), by=engineer)
    desk.try_in_vain(
        c.AcceptWork,
        "T-1",
        march(2, 14, 25),
        by=engineer,
        evidence="voucher/1",
        shown={"customer-signature": ("voucher/1",)},
    )
    belt = desk.part("drive belt", 85, by="eng-1", on=date(2026, 3, 2))
    hour = desk.labour("belt changed", "1", by="eng-1", on=date(2026, 3, 2))
    desk.say(
        c.Finish,
        "T-1",
        march(2, 15, 30),
        by=engineer,
        lines=(belt, hour),
        tests=("one cycle at 40 °C",),
    )
    desk.say(
        c.AcceptWork,
        "T-1",
        march(2, 15, 40),
        by=engineer,
        evidence="voucher/1",
        shown={"customer-signature": ("voucher/1",)},
    )
    desk.say(c.LogCall, "T-1", march(3, 10), by=clerk, about=c.CALL_BACK, taken=True)
    scores = {"quality": 5, "attitude": 4}
    desk.say(c.RecordSurvey, "T-1", march(3, 10, 5), by=clerk, evidence="call of 3 March", scores=scores)
    desk.say(c.CloseTicket, "T-1", march(3, 10, 10), by=clerk)
    desk.nights("2026-03-02", "2026-03-08")


def into_the_shop(desk: ServiceDesk) -> None:
    """T-2, paid: taken in, looked at, quoted, repaired while a part was waited for, and given back."""
    clerk, engineer, stores = desk.person("desk-1"), desk.person("eng-2"), desk.person("stores-1")
    guest = Actor("c-31", "c-31", Office.PERSON)
    desk.say(
        c.ReportFault,
        "T-2",
        march(9, 9),
        by=clerk,
        firm=desk.firm,
        customer="c-31",
        channel=Channel.VISIT,
        symptom="it leaks",
        unit="DW-1208",
        distance=Distance(metres=6_000, by=MeasuredBy.ROAD, source="the map"),
        dates={"sold": date(2025, 11, 3)},
        shown={"customer data": ("card-31",)},
    )
    desk.say(
        c.TakeIn,
        "T-2",
        march(9, 9, 10),
        by=stores,
        items=("DW-1208",),
        what="dishwasher",
        condition={"DW-1208": "scratched on the left side"},
        shown={"signature for the item": ("voucher/2",)},
    )
    desk.say(c.Triage, "T-2", march(9, 9, 20), by=clerk, severity=3, fault_code="D-3", route=Route.SHOP)
    desk.say(c.BeginInShop, "T-2", march(9, 10), engineer="eng-2", inspection=True)
    desk.say(c.DecideCoverage, "T-2", march(9, 11), answers={"cause": "misuse"})
    pump = desk.part("pump", 260, by="eng-2", on=date(2026, 3, 9))
    hours = desk.labour("pump changed", "1.5", by="eng-2", on=date(2026, 3, 9))
    desk.try_in_vain(c.GiveQuote, "T-2", march(9, 11, 5), by=clerk, lines=(pump, hours))
    desk.say(c.GiveQuote, "T-2", march(9, 11, 15), lines=(pump, hours))
    desk.say(c.AcceptQuote, "T-2", march(10, 9), by=guest)
    desk.say(
        c.PutOnHold,
        "T-2",
        march(10, 9, 30),
        by=engineer,
        reason=PauseReason.WAITING_PART,
        until=march(12, 9, 30),
    )
    desk.nights("2026-03-09", "2026-03-11")
    desk.desk.wake(march(12, 9, 30))
    done = {"hours on the tag": ("repair-tag/1",), "inspection by the supervisor": ("repair-tag/1",)}
    lines = {"lines": (pump, hours), "tests": ("no leak after three cycles",)}
    desk.say(c.Finish, "T-2", march(12, 16), by=engineer, shown=done, **lines)
    desk.try_in_vain(
        c.AcceptWork, "T-2", march(12, 17, 0), by=guest, shown={"customer-signature": ("voucher/2",)}
    )
    desk.nights("2026-03-12", "2026-03-12")
    desk.say(c.BillService, "T-2", march(13, 9), by=stores)
    desk.say(c.CollectPayment, "T-2", march(13, 9, 5), by=stores, amount=cny(380))
    desk.say(
        c.ReturnUnit,
        "T-2",
        march(13, 9, 10),
        by=stores,
        items=("DW-1208",),
        shown={"signature for the return": ("voucher/2",), "receipt-returned": ("receipt/1",)},
    )
    desk.say(c.AcceptWork, "T-2", march(13, 9, 15), by=guest, shown={"customer-signature": ("voucher/2",)})
    for hour in (10, 14, 17):
        desk.say(c.LogCall, "T-2", march(16, hour), by=clerk, about=c.CALL_BACK, taken=False, messaged=True)
    desk.say(c.CloseTicket, "T-2", march(17, 10), by=clerk)
    desk.nights("2026-03-13", "2026-03-22")


def declined(desk: ServiceDesk) -> None:
    """T-3: the warranty is over, the quote not taken; the inspection is paid, and it goes back as it came."""
    clerk, stores = desk.person("desk-1"), desk.person("stores-1")
    owner = Actor("c-23", "c-23", Office.PERSON)
    desk.say(
        c.ReportFault,
        "T-3",
        march(23, 15),
        by=owner,
        firm=desk.firm,
        customer="c-23",
        channel=Channel.WEBSITE,
        symptom="no steam",
        unit="CM-0093",
        distance=Distance(metres=240_000, by=MeasuredBy.ROAD, source="the map"),
        dates={"sold": date(2023, 12, 20)},
        shown={"customer data": ("form of 23 March",)},
    )
    desk.say(c.Triage, "T-3", march(23, 15, 30), by=clerk, severity=4, fault_code="C-7", route=Route.SHOP)
    answer = "it would be best to send it in"
    desk.say(c.AnswerCustomer, "T-3", march(23, 16), by=clerk, note=answer)
    desk.say(c.AnnounceInbound, "T-3", march(24, 9), by=owner, items=("CM-0093",))
    desk.nights("2026-03-23", "2026-03-25")
    desk.say(
        c.TakeIn,
        "T-3",
        march(26, 10),
        by=stores,
        items=("CM-0093",),
        what="coffee machine",
        shown={"signature for the item": ("letter of 24 March",)},
    )
    desk.say(c.DecideCoverage, "T-3", march(26, 11), answers={"cause": "wear"})
    boiler = desk.part("boiler", 900, by="eng-2", on=date(2026, 3, 26))
    hours = desk.labour("boiler changed", "2", by="eng-2", on=date(2026, 3, 26))
    desk.say(c.GiveQuote, "T-3", march(26, 11, 30), lines=(boiler, hours))
    desk.nights("2026-03-26", "2026-03-29")
    desk.say(c.DeclineQuote, "T-3", march(30, 9), by=owner, fee=desk.price("inspection"))
    desk.try_in_vain(c.CloseTicket, "T-3", march(30, 9, 30), by=clerk)
    desk.say(c.BillService, "T-3", march(30, 10), by=stores)
    desk.say(c.CollectPayment, "T-3", march(30, 14), by=stores, amount=desk.price("inspection"))
    desk.say(
        c.ReturnUnit,
        "T-3",
        march(30, 15),
        by=stores,
        items=("CM-0093",),
        by_post=True,
        shown={"signature for the return": ("parcel-6",)},
    )
    desk.say(c.ConfirmDelivery, "T-3", at("2026-04-01", 12), by=owner, items=("CM-0093",))
    desk.say(c.CloseTicket, "T-3", at("2026-04-02", 9), by=clerk)
    desk.nights("2026-03-30", "2026-04-30")


def show_ticket(desk: ServiceDesk, it: Ticket) -> None:
    """What was done when and by whom; the promises, the lines of the bill, the papers, what is owed."""
    ended = "" if it.outcome is None else f", {ENGLISH.name('outcome.service', it.outcome.value)}"
    print(f"{it.id}  {it.symptom}: {ENGLISH.state(it.kind, it.state)}{ended}")
    for entry in desk.storage.journal(it.key):
        command = entry.document["command"]
        when = shown(datetime.fromisoformat(command["happened_at"]))
        print(f"  {when:<22} {ENGLISH.name('command', command['command'])} ({command['by']['party']})")
    for what, clock in clocks(it, desk.rules.calendar, END).items():
        told = it.commitments[what]
        due, state = shown(told.due) if told.due else "never", ENGLISH.name("clock.state", clock.state.value)
        print(f"  Promised: {ENGLISH.name('promise', told.kind.value)}, due {due}: {state}")
    for line in prices(it, "CNY").lines:
        cited = ", ".join(dict.fromkeys(clause.id for clause in line.clauses))
        paid = f"{line.coverage.value}, {ENGLISH.money(line.charge.money)}"
        print(f"  Done: {line.work.item}: {paid} [{cited}]")
    for paper in it.papers.values():
        state = ENGLISH.name("paper", paper.state.value)
        print(f"  Paper: {ENGLISH.name('series', paper.series.value)} {paper.number}: {state}")
    owed = balance(desk.storage.postings(), Account(AccountKind.RECEIVABLE, it.customer), "CNY")
    print(f"  The customer owes by then: {ENGLISH.money(owed)}")


def shown(instant: datetime) -> str:
    """An instant as the desk's clock shows it."""
    here = instant.astimezone(BEIJING)
    return f"{ENGLISH.day(here.date())} {here:%H:%M}"


def tell(folder: Path) -> ServiceDesk:
    """The whole story; the desk is given back with its books open."""
    desk = ServiceDesk(folder, Path(__file__).parent / "riverside.toml")
    on_the_spot(desk)
    into_the_shop(desk)
    declined(desk)
    for ticket in TICKETS:
        show_ticket(desk, desk.ticket(ticket))
    print("Tried in vain:")
    for tried, reasons in desk.refused:
        print("\n".join((f"  {tried}", *(f"    - {reason}" for reason in reasons))))
    letters = folder / "service-mail" / "new"
    print(f"{len(list(letters.iterdir()))} letters of the service desk as files in {letters}")
    return desk
