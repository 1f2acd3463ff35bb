"""Loans under the rules of the National Library of China, from the request to the paid fine.

Each runs over every storage. After every example the journals fold, the books balance, and the
accounts agree with the books (``LoanDesk.prove``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loan_desk import CITY, CLOCK, NLC, PERSON, STAFF, TOWN, LoanDesk, at, cny, codes, of

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Key
from servflow.core.citations import PRACTICE, Dated
from servflow.core.errors import CommandReused, InvalidValue, MissingValue, Refused
from servflow.core.ill import ILL
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.states import Closing, Material, RelationState, SecurityKind, SupplyState
from servflow.core.ill.terms import Settlement, Unfilled
from servflow.core.ledger import AccountKind
from servflow.core.money import Money
from servflow.core.ports import Status, Storage


@pytest.fixture
def desk(storage_for: Callable[[Codec], Storage]) -> Iterator[LoanDesk]:
    """A desk with one relation in the same city and one out of town; proved when the test is over."""
    codec = Codec(ILL)
    made = LoanDesk(storage_for(codec), codec)
    made.relate(CITY)
    made.relate(TOWN)
    yield made
    made.prove()


# --- the worked loan ------------------------------------------------------------------------------


@pytest.mark.clause("NLC-4", "NLC-10", "NLC-12")
@pytest.mark.parametrize(
    ("requester", "volumes", "fee", "fine"),
    [(TOWN, 1, 20, 25), (TOWN, 2, 40, 50), (CITY, 1, 10, 25), (CITY, 2, 20, 50)],
)
def test_a_loan_renewed_once_and_back_five_days_late(
    desk: LoanDesk, requester: str, volumes: int, fee: int, fine: int
) -> None:
    """Shipped on 31 January, renewed, back on 20 March: owed 45, for two volumes 90; same city 35 and 70."""
    desk.lend("loan-1", requester, items=volumes)
    assert desk.supply().due == date(2026, 2, 28)
    assert desk.posted("loan-1") == {"loan-fee": cny(fee)}
    desk.renew("loan-1", "2026-02-20", requester=requester)
    assert desk.supply().due == date(2026, 3, 15)

    assert desk.owed("loan-1", "2026-03-15") == {"loan-fee": cny(fee)}
    assert desk.owed("loan-1", "2026-03-20") == {"loan-fee": cny(fee), "overdue": cny(fine)}
    desk.say(c.CheckIn, "loan-1", "2026-03-20")
    assert desk.owed("loan-1", "2026-04-30") == {"loan-fee": cny(fee), "overdue": cny(fine)}
    assert desk.open(requester) == {"loan-1/loan-fee": cny(fee), "loan-1/overdue": cny(fine)}

    explained = desk.desk.explain(Key("ill.supply", "loan-1"), date(2026, 3, 31))
    assert [
        (kind, charge.derivation.clause.id) for kind, charge in explained.owed if charge.derivation.clause
    ] == [
        ("loan-fee", "NLC-4"),
        ("overdue", "NLC-12"),
    ]
    assert [(posting.kind, posting.amount, posting.value_date) for posting in explained.postings] == [
        ("loan-fee", cny(fee), date(2026, 1, 31)),
        ("overdue", cny(fine), date(2026, 3, 20)),
    ]
    (settled,) = explained.settlements.values()
    assert settled.charged == settled.outstanding == cny(fee + fine)
    assert (desk.supply().state, desk.supply().closing) == (SupplyState.CLOSED, Closing.COMPLETED)


@pytest.mark.clause("NLC-12")
def test_a_loan_back_on_its_last_day_owes_no_fine(desk: LoanDesk) -> None:
    """The last day of the term is still in time; the day after costs five yuan."""
    desk.lend("loan-1")
    desk.lend("loan-2")
    desk.say(c.CheckIn, "loan-1", at("2026-02-28", 23))
    desk.say(c.CheckIn, "loan-2", at("2026-03-01", 0))

    assert desk.posted("loan-1") == {"loan-fee": cny(20)}
    assert desk.posted("loan-2") == {"loan-fee": cny(20), "overdue": cny(5)}


# --- renewal --------------------------------------------------------------------------------------

USED_UP, TOO_LATE, RESERVED, WITHOUT_REASON = (
    (f"ill.{code}", "NLC-10")
    for code in ("renewals-used-up", "asked-after-expiry", "reserved", "renewal-without-reason")
)


@pytest.mark.clause("NLC-10")
@pytest.mark.parametrize(
    ("renewed", "day", "reserved", "reason", "expected"),
    [
        (True, "2026-03-01", 0, "more time", [USED_UP]),
        (False, "2026-03-01", 0, "more time", [TOO_LATE]),
        (False, "2026-02-20", 1, "more time", [RESERVED]),
        (False, "2026-02-20", 0, " ", [WITHOUT_REASON]),
        (True, "2026-03-16", 2, "", [USED_UP, TOO_LATE, RESERVED, WITHOUT_REASON]),
    ],
)
def test_a_renewal_that_may_not_be_is_answered_no(
    desk: LoanDesk, renewed: bool, day: str, reserved: int, reason: str, expected: list[tuple[str, str]]
) -> None:
    """A second one, one after expiry, one with a reservation waiting: each reason with NLC-10, all at once."""
    desk.lend("loan-1")
    if renewed:
        desk.renew("loan-1", "2026-02-20")
    desk.host.reserved = reserved
    due, renewals = desk.supply().due, desk.supply().renewals
    desk.say(c.RequestRenewal, "loan-1", day, by=of(TOWN), reason=reason)

    (told,) = (
        each
        for each in desk.storage.outbox(about=desk.supply().key)
        if each.message.kind == "ill.supply.renewal-declined"
    )
    assert codes(told.message.reasons) == expected
    assert told.status is Status.PENDING
    assert (desk.supply().due, desk.supply().renewals) == (due, renewals)
    assert desk.supply().renewal_asked_on is None


@pytest.mark.clause("NLC-10")
def test_a_renewal_is_asked_for_on_the_last_day_at_the_latest(desk: LoanDesk) -> None:
    """On the last day of the term it is still before expiry; half a month is counted from that day."""
    desk.lend("loan-1")
    desk.renew("loan-1", "2026-02-28")

    assert desk.supply().due == date(2026, 3, 15)


@pytest.mark.clause("NLC-10")
def test_a_reservation_that_comes_in_between_stops_a_renewal(desk: LoanDesk) -> None:
    """Nobody may wait when it is granted either; declined, the old due date stays."""
    desk.lend("loan-1")
    desk.say(c.RequestRenewal, "loan-1", "2026-02-20", by=of(TOWN), reason="more time")
    desk.host.reserved = 1
    with pytest.raises(Refused) as caught:
        desk.say(c.GrantRenewal, "loan-1", "2026-02-21")
    assert codes(caught.value.reasons) == [RESERVED]
    desk.say(c.DeclineRenewal, "loan-1", "2026-02-21", reason="a reader waits")

    assert (desk.supply().due, desk.supply().renewals) == (date(2026, 2, 28), 0)


# --- requests that the rules answer ---------------------------------------------------------------


@pytest.mark.clause("NLC-8", "NLC-9")
@pytest.mark.parametrize(
    ("material", "offer"),
    [
        (Material.RARE_BOOK, ("ill.delivery-offered-within-limits", "NLC-9")),
        (Material.ANCIENT_BOOK, ("ill.delivery-offered", "NLC-8")),
    ],
)
def test_a_rare_book_is_answered_unfilled(desk: LoanDesk, material: Material, offer: tuple[str, str]) -> None:
    """Not lent by NLC-8: recorded as an answer, not refused; the borrower is told, with the other offer."""
    desk.host.material = material
    desk.request("loan-1")
    it = desk.supply()

    assert (it.state, it.closing, it.why_unfilled) == (
        SupplyState.CLOSED,
        Closing.UNFILLED,
        Unfilled.NON_CIRCULATING,
    )
    not_lent = ("ill.material-not-lent", "NLC-8")
    assert codes(it.reasons) == [not_lent]
    commands = [entry.document["command"] for entry in desk.storage.journal(it.key)]
    assert [command["command"] for command in commands] == ["ReceiveRequest", "CannotSupply"]
    assert desk.statuses() == {
        "1/ill.supply.received": Status.SUPERSEDED,
        "2/ill.supply.unfilled": Status.PENDING,
    }
    told = desk.outbox()["2/ill.supply.unfilled"].message
    assert told.to == TOWN
    assert codes(told.reasons) == [not_lent, offer]


@pytest.mark.clause("NLC-6", "NLC-2")
@pytest.mark.parametrize(
    ("requester", "expected"),
    [
        (PERSON, ("ill.individual", "NLC-6")),
        ("CN-530100", ("ill.no-relation-elsewhere", "NLC-6")),
    ],
)
def test_who_has_no_relation_is_answered_with_the_advice(
    desk: LoanDesk, requester: str, expected: tuple[str, str]
) -> None:
    """An individual, and an institution of another place, hear that they ask through a related one."""
    desk.request("loan-1", requester)
    it = desk.supply()
    told = desk.outbox()["2/ill.supply.unfilled"].message

    assert (it.closing, it.why_unfilled) == (Closing.UNFILLED, Unfilled.POLICY_PROBLEM)
    assert told.to == requester
    assert codes(told.reasons) == [expected]


# --- once counts ----------------------------------------------------------------------------------


def test_a_command_delivered_twice_counts_once(desk: LoanDesk) -> None:
    """Shipped twice under one command id: one journal entry, one mail, one charge."""
    desk.request("loan-1")
    ship = c.Ship(
        id="ship-1",
        case="loan-1",
        by=STAFF,
        happened_at=at("2026-01-31"),
        recorded_at=at("2026-01-31"),
        items=("v1",),
    )
    first = desk.desk.do(ship)
    before = desk.contents()
    again = desk.desk.do(replace(ship, recorded_at=at("2026-02-03")))

    assert again == replace(first, repeated=True)
    assert desk.contents() == before
    assert len(list(desk.storage.journal(Key("ill.supply", "loan-1")))) == 2
    assert [posting.kind for posting in desk.storage.postings(subject="loan-1")] == ["loan-fee"]
    desk.desk.deliver(at("2026-02-04"))
    assert [key for key in desk.host.sent if key.endswith("ill.supply.shipped")] == [
        "ill.supply/loan-1/2/ill.supply.shipped"
    ]
    with pytest.raises(CommandReused):
        desk.desk.do(replace(ship, items=("v1", "v2")))


# --- wakes ----------------------------------------------------------------------------------------

NOTICES = [f"term-1/{step}" for step in (1, 2, 3, 4)]
"""Three days before the due date, and one, eight and 22 days after it."""


def _nights(*, hours: int) -> list[datetime]:
    start, end = at("2026-02-01", 0), at("2026-04-01", 0)
    return [
        start + timedelta(hours=n)
        for n in range(hours, int((end - start).total_seconds() // 3600) + 1, hours)
    ]


@pytest.mark.parametrize(
    ("instants", "sent"),
    [(_nights(hours=24), NOTICES), (_nights(hours=12), NOTICES), ([at("2026-04-01", 0)], NOTICES[-1:])],
    ids=["daily", "twice a day", "once"],
)
def test_reminders_do_not_depend_on_when_the_clock_speaks(
    desk: LoanDesk, instants: list[datetime], sent: list[str]
) -> None:
    """Daily, twice a day or once: the same notices by their keys, the same sums; overtaken ones are not mailed."""
    desk.lend("loan-1", items=2)
    for instant in instants:
        desk.desk.wake(instant)
        desk.desk.deliver(instant)

    statuses = {key: status for key, status in desk.statuses().items() if key.startswith("term-")}
    assert statuses == {key: Status.SENT if key in sent else Status.SUPERSEDED for key in NOTICES}
    assert [key for key in desk.host.sent if "/term-" in key] == [f"ill.supply/loan-1/{key}" for key in sent]
    amounts = [dict(desk.outbox()[key].message.facts).get("amount") for key in NOTICES]
    assert amounts == [None, cny(10), cny(80), cny(220)]
    assert desk.owed("loan-1", "2026-03-31") == {"loan-fee": cny(40), "overdue": cny(310)}
    assert desk.posted("loan-1") == {"loan-fee": cny(40)}
    desk.say(c.CheckIn, "loan-1", "2026-04-01")
    assert desk.posted("loan-1") == {"loan-fee": cny(40), "overdue": cny(320)}


def _remembered(hours: list[tuple[int, bool]]) -> LoanDesk:
    """A loan that is out from 31 January on, woken after these hours (and its mail sent, or not)."""
    codec = Codec(ILL)
    desk = LoanDesk(MemoryStorage(codec), codec)
    desk.relate(TOWN)
    desk.lend("loan-1")
    for hour, delivers in [*sorted(hours), (24 * 60, True)]:
        instant = at("2026-02-01", 0) + timedelta(hours=hour)
        desk.desk.wake(instant)
        if delivers:
            desk.desk.deliver(instant)
    return desk


@cache
def _daily() -> LoanDesk:
    return _remembered([(24 * day, True) for day in range(60)])


@given(st.lists(st.tuples(st.integers(0, 24 * 60), st.booleans()), max_size=12))
def test_no_schedule_of_wakes_changes_what_is_owed_or_noticed(hours: list[tuple[int, bool]]) -> None:
    """Whenever the clock speaks and the mail leaves: the same messages, the same sums; each sent or overtaken."""
    desk, daily = _remembered(hours), _daily()

    assert [each.message for each in desk.outbox().values()] == [
        each.message for each in daily.outbox().values()
    ]
    for on in ("2026-02-28", "2026-03-01", "2026-03-31"):
        assert desk.owed("loan-1", on) == daily.owed("loan-1", on)
    assert list(desk.storage.postings()) == list(daily.storage.postings())
    assert {daily.statuses()[key] for key in NOTICES} == {Status.SENT}
    assert {desk.statuses()[key] for key in NOTICES} <= {Status.SENT, Status.SUPERSEDED}
    assert desk.storage.due(at("2027-01-01")) == ()
    desk.prove()


def test_reminders_end_with_the_loan(desk: LoanDesk) -> None:
    """What is back is not reminded of, and a reminder that was not sent yet is withdrawn."""
    desk.lend("loan-1")
    desk.desk.wake(at("2026-03-02"))
    desk.say(c.CheckIn, "loan-1", "2026-03-02")
    desk.night("2026-04-30")

    assert {key: status for key, status in desk.statuses().items() if key.startswith("term-")} == {
        "term-1/1": Status.SUPERSEDED,
        "term-1/2": Status.WITHDRAWN,
    }


def test_a_library_without_fines_reminds_all_the_same(desk: LoanDesk) -> None:
    """Where a day late costs nothing, the borrower is reminded, of nothing owed."""
    desk.under(overdue_rate=Dated.always("overdue-rate", cny(0), PRACTICE))
    desk.lend("loan-1")
    assert desk.desk.wake(at("2026-04-01")).done == 4

    assert dict(desk.outbox()["term-1/4"].message.facts)["amount"] == cny(0)


# --- return ---------------------------------------------------------------------------------------


@pytest.mark.clause("NLC-12")
def test_a_return_from_the_book_drop_is_charged_to_its_day(desk: LoanDesk) -> None:
    """Found on Monday the 9th, back since Saturday the 7th: seven days, not nine."""
    desk.lend("loan-1")
    desk.say(c.CheckIn, "loan-1", at("2026-03-07", 20), recorded=at("2026-03-09", 9))

    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(35)}
    (posting,) = (each for each in desk.storage.postings(subject="loan-1") if each.kind == "overdue")
    assert posting.value_date == date(2026, 3, 7)


@pytest.mark.clause("NLC-12")
def test_volumes_come_back_one_by_one(desk: LoanDesk) -> None:
    """Each volume is charged up to its own day; the loan goes on until the last one is back."""
    desk.lend("loan-1", items=3)
    desk.say(c.CheckIn, "loan-1", "2026-02-20", items=("loan-1-v1",))
    assert desk.account().out["loan-1"].volumes == 2
    desk.say(c.CheckIn, "loan-1", "2026-03-02", items=("loan-1-v3",))
    assert desk.supply().state is SupplyState.SHIPPED
    assert desk.posted("loan-1")["overdue"] == cny(20)  # two volumes, two days
    desk.say(c.CheckIn, "loan-1", "2026-03-05", items=("loan-1-v2",))

    assert desk.supply().closing is Closing.COMPLETED
    assert desk.posted("loan-1")["overdue"] == cny(10 + 25)
    assert desk.account().out == {}


@pytest.mark.clause("NLC-12")
def test_a_volume_recorded_late_does_not_make_the_other_one_cheaper(desk: LoanDesk) -> None:
    """One volume back and recorded on the 5th, the other found later, back since the 3rd: five and three days."""
    desk.lend("loan-1", items=2)
    desk.say(c.CheckIn, "loan-1", "2026-03-05", items=("loan-1-v1",))
    desk.say(c.CheckIn, "loan-1", "2026-03-03", recorded="2026-03-06", items=("loan-1-v2",))

    assert desk.posted("loan-1")["overdue"] == cny(25 + 15)
    told = dict(desk.outbox()["4/ill.supply.checked-in"].message.facts)
    assert told["charges"] == cny(40 + 25 + 15)


def test_what_is_not_out_cannot_come_back(desk: LoanDesk) -> None:
    """A volume of another loan, one that is back already, a return before the shipment: refused."""
    desk.lend("loan-1", items=2)
    desk.say(c.CheckIn, "loan-1", "2026-02-10", items=("loan-1-v1",))
    before = desk.contents()
    with pytest.raises(Refused) as caught:
        desk.say(c.CheckIn, "loan-1", "2026-01-30", recorded="2026-02-11", items=("loan-1-v1", "other"))

    assert codes(caught.value.reasons) == [("ill.item-not-out", None)] * 2 + [("ill.before-shipping", None)]
    assert desk.contents() == before


# --- recall ---------------------------------------------------------------------------------------


@pytest.mark.clause("NLC-11", "NLC-12")
def test_a_recall_shortens_the_term(desk: LoanDesk) -> None:
    """Recalled before it is due: the fine counts from the new day, and no renewal is asked for any more."""
    desk.lend("loan-1")
    desk.say(c.Recall, "loan-1", "2026-02-10", due=date(2026, 2, 15), reason="needed for an edition")
    assert desk.supply().due == desk.account().out["loan-1"].due == date(2026, 2, 15)
    desk.say(c.RequestRenewal, "loan-1", "2026-02-11", by=of(TOWN), reason="more time")
    told = desk.outbox()["5/ill.supply.renewal-declined"].message
    assert codes(told.reasons) == [("ill.recalled", "NLC-11")]
    desk.say(c.CheckIn, "loan-1", "2026-02-18")

    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(15)}


@pytest.mark.clause("NLC-11", "NLC-12")
def test_a_recall_of_what_is_overdue_forgives_nothing(desk: LoanDesk) -> None:
    """Recalled when it is overdue: the borrower hears the day, but the term does not begin anew."""
    desk.lend("loan-1")
    desk.say(c.Recall, "loan-1", "2026-03-05", due=date(2026, 3, 10), reason="needed for an edition")

    assert desk.supply().due == date(2026, 2, 28)
    assert dict(desk.outbox()["3/ill.supply.recalled"].message.facts)["due"] == date(2026, 3, 10)
    desk.say(c.CheckIn, "loan-1", "2026-03-08")
    assert desk.posted("loan-1")["overdue"] == cny(40)


@pytest.mark.clause("NLC-11")
@pytest.mark.parametrize("due", [date(2026, 2, 9), date(2026, 3, 1)])
def test_a_recall_neither_lies_back_nor_lengthens(desk: LoanDesk, due: date) -> None:
    """A recall to a day that is past, or to one after the term, is refused."""
    desk.lend("loan-1")
    with pytest.raises(Refused) as caught:
        desk.say(c.Recall, "loan-1", "2026-02-10", due=due, reason="needed")

    assert codes(caught.value.reasons) == [("ill.recall-day", "NLC-11")]


def test_a_recall_entered_late_reminds_for_the_day_it_told(desk: LoanDesk) -> None:
    """A due date told anew has reminders of its own, also if it was told before; none gets in the way."""
    desk.lend("loan-1")
    desk.night("2026-02-25")
    desk.renew("loan-1", "2026-02-26")
    desk.say(
        c.Recall, "loan-1", "2026-02-26", recorded="2026-02-27", due=date(2026, 2, 28), reason="by telephone"
    )
    desk.night("2026-04-30")

    reminders = [key for key in desk.statuses() if key.startswith("term-")]
    assert reminders == ["term-1/1", "term-3/2", "term-3/3", "term-3/4"]
    assert desk.storage.due(at("2027-01-01")) == ()


# --- loss and damage ------------------------------------------------------------------------------


def _lost(desk: LoanDesk, *, compensation: int = 200) -> None:
    """One volume, ten days overdue, declared lost, its compensation set."""
    desk.lend("loan-1")
    desk.say(c.DeclareLost, "loan-1", "2026-03-10")
    desk.say(c.Compensate, "loan-1", "2026-03-12", amount=cny(compensation))


@pytest.mark.clause("NLC-7")
def test_nothing_is_lent_until_the_compensation_is_paid(desk: LoanDesk) -> None:
    """Lost and not paid: overdue and owing, each with NLC-7; paid and settled, lending goes on."""
    _lost(desk)
    desk.request("loan-2", day="2026-03-15")
    with pytest.raises(Refused) as caught:
        desk.say(c.Ship, "loan-2", "2026-03-16", items=("v2",))
    assert codes(caught.value.reasons) == [("ill.overdue-loan", "NLC-7"), ("ill.charge-unpaid", "NLC-7")]
    with pytest.raises(Refused) as caught:
        desk.say(c.SettleLoss, "loan-1", "2026-03-16", how=Settlement.PAID)
    assert codes(caught.value.reasons) == [("ill.charge-unpaid", "NLC-7")]
    desk.say(c.Pay, TOWN, "2026-03-17", amount=cny(20 + 50 + 200))
    desk.say(c.SettleLoss, "loan-1", "2026-03-18", how=Settlement.PAID)
    desk.say(c.Ship, "loan-2", "2026-03-18", items=("v2",))

    assert desk.supply().closing is Closing.LOST_SETTLED
    assert desk.open() == {"loan-2/loan-fee": cny(20)}
    assert list(desk.account().out) == ["loan-2"]


@pytest.mark.clause("NLC-7")
def test_a_volume_found_again_needs_no_compensation(desk: LoanDesk) -> None:
    """Found after the loss: the compensation is reversed, the fine runs to the day it came back."""
    _lost(desk)
    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(50), "compensation": cny(200)}
    desk.say(c.CheckIn, "loan-1", "2026-03-20")

    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(100), "compensation": cny(0)}
    assert desk.open() == {"loan-1/loan-fee": cny(20), "loan-1/overdue": cny(100)}
    assert desk.supply().closing is Closing.COMPLETED


@pytest.mark.clause("NLC-7")
def test_a_compensation_paid_for_nothing_becomes_a_credit(desk: LoanDesk) -> None:
    """Paid, then found: what was paid is a prepayment, and pays at once what is open."""
    _lost(desk)
    desk.say(c.Pay, TOWN, "2026-03-15", amount=cny(270))
    assert desk.open() == {}
    desk.say(c.CheckIn, "loan-1", "2026-03-20")

    assert desk.open() == {}
    assert desk.held(SecurityKind.PREPAYMENT) == cny(200 - 50)  # ten more days overdue


@pytest.mark.clause("NLC-7")
def test_a_compensation_waived_is_no_credit_when_it_is_reversed(desk: LoanDesk) -> None:
    """Waived, then found: the waiver is taken back with the charge, and nobody gets what he never paid."""
    _lost(desk)
    waived: dict[str, Any] = {"loan": "loan-1", "kind": "compensation", "reason": "long known"}
    desk.say(c.Waive, TOWN, "2026-03-15", amount=cny(150), **waived)
    desk.say(c.Pay, TOWN, "2026-03-16", amount=cny(120))
    assert desk.open() == {}
    desk.say(c.CheckIn, "loan-1", "2026-03-20")

    assert desk.open() == {}
    assert desk.held(SecurityKind.PREPAYMENT) == cny(0)  # the 50 paid for it have paid the fine
    (settled,) = desk.desk.explain(Key("ill.supply", "loan-1"), date(2026, 3, 20)).settlements.values()
    assert (settled.charged, settled.paid, settled.waived) == (cny(120), cny(120), cny(0))


@pytest.mark.clause("NLC-7", "NLC-13")
@pytest.mark.parametrize(
    ("in_post", "expected"),
    [
        (True, ("ill.damaged-in-return-post", "NLC-13")),
        (False, ("ill.damage-compensated", "NLC-7")),
    ],
)
def test_a_damage_is_compensated_after_the_return(
    desk: LoanDesk, in_post: bool, expected: tuple[str, str]
) -> None:
    """Damaged in the return post: the liability of who sent it back; charged though the loan is closed."""
    desk.lend("loan-1")
    desk.say(c.CheckIn, "loan-1", "2026-02-20")
    desk.say(c.RecordDamage, "loan-1", "2026-02-21", item="loan-1-v1", note="wet through", in_post=in_post)
    told = desk.outbox()["4/ill.supply.damaged"].message
    desk.say(c.Compensate, "loan-1", "2026-02-22", amount=cny(60))

    assert codes(told.reasons) == [expected]
    assert desk.open() == {"loan-1/loan-fee": cny(20), "loan-1/compensation": cny(60)}
    desk.say(c.Compensate, "loan-1", "2026-02-23", amount=cny(45))  # set anew: the difference is posted
    assert desk.open() == {"loan-1/loan-fee": cny(20), "loan-1/compensation": cny(45)}
    assert desk.account().out == {}


def test_a_damage_of_a_lost_volume_does_not_send_it_out_again(desk: LoanDesk) -> None:
    """Compensated after the loss was settled: the loan stays closed on the account too."""
    _lost(desk)
    desk.say(c.SettleLoss, "loan-1", "2026-03-18", how=Settlement.REPLACED)
    desk.say(c.RecordDamage, "loan-1", "2026-03-19", item="loan-1-v1", note="the replacement lacks a map")
    desk.say(c.Compensate, "loan-1", "2026-03-19", amount=cny(30))

    assert desk.account().out == {}


def test_a_compensation_entered_late_does_not_undo_the_fine(desk: LoanDesk) -> None:
    """A command that happened before the return does not charge less than the return did."""
    desk.lend("loan-1")
    desk.say(c.CheckIn, "loan-1", "2026-03-05")
    desk.say(c.RecordDamage, "loan-1", "2026-03-05", item="loan-1-v1", note="torn")
    desk.say(c.Compensate, "loan-1", "2026-03-02", recorded="2026-03-06", amount=cny(60))

    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(25), "compensation": cny(60)}


def test_a_loan_closed_by_hand_owes_what_it_owed(desk: LoanDesk) -> None:
    """Closed five days overdue: the fine up to that day is charged, and then it grows no more."""
    desk.lend("loan-1")
    desk.say(c.CloseManually, "loan-1", "2026-03-05", reason="the institution is no more")

    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(25)}
    assert desk.owed("loan-1", "2026-12-31") == {"loan-fee": cny(20), "overdue": cny(25)}
    assert desk.account().out == {}


def test_a_request_closed_by_hand_owes_nothing(desk: LoanDesk) -> None:
    """Closed before anything was shipped: nothing is charged and nothing is out."""
    desk.request("loan-1")
    desk.say(c.CloseManually, "loan-1", "2026-02-05", reason="asked for by mistake")

    assert (desk.posted("loan-1"), desk.open(), dict(desk.account().out)) == ({}, {}, {})


# --- a shipping undone, an offer, a cancellation ---------------------------------------------------


def _undoable(desk: LoanDesk) -> None:
    """Promised at ten, shipped at noon; a shipping may be undone for half an hour."""
    desk.under(undo_minutes=Dated.always("undo-minutes", 30, PRACTICE))
    desk.request("loan-1")
    desk.say(c.Promise, "loan-1", "2026-01-31")
    desk.say(c.Ship, "loan-1", at("2026-01-31", 12), items=("v1",))


def test_nothing_leaves_while_a_shipping_may_be_undone(desk: LoanDesk) -> None:
    """The promise leaves at once; that it was shipped not before half past twelve, and then it is too late."""
    _undoable(desk)
    noon = at("2026-01-31", 12)
    desk.desk.deliver(noon + timedelta(minutes=29))
    assert desk.statuses() == {
        "1/ill.supply.received": Status.SUPERSEDED,
        "2/ill.supply.promised": Status.SENT,
        "3/ill.supply.shipped": Status.PENDING,
    }
    desk.desk.deliver(noon + timedelta(minutes=30))
    assert desk.statuses()["3/ill.supply.shipped"] is Status.SENT
    with pytest.raises(Refused) as caught:
        desk.say(c.UndoShipment, "loan-1", noon + timedelta(minutes=30))

    assert codes(caught.value.reasons) == [("ill.undo-too-late", "PRACTICE")]


def test_a_shipping_undone_was_never_told_and_costs_nothing(desk: LoanDesk) -> None:
    """Its message is withdrawn, its fee reversed; shipped anew, that is told and charged once."""
    _undoable(desk)
    desk.say(c.UndoShipment, "loan-1", at("2026-01-31", 12) + timedelta(minutes=5))
    assert desk.supply().state is SupplyState.PROMISED
    assert (desk.open(), dict(desk.account().out), desk.posted("loan-1")) == ({}, {}, {"loan-fee": cny(0)})
    desk.say(c.Ship, "loan-1", "2026-02-01", items=("v2",))
    desk.night("2026-02-01")

    assert desk.statuses() == {
        "1/ill.supply.received": Status.SUPERSEDED,
        "2/ill.supply.promised": Status.SENT,
        "3/ill.supply.shipped": Status.WITHDRAWN,
        "5/ill.supply.shipped": Status.SENT,
    }
    assert desk.open() == {"loan-1/loan-fee": cny(20)}


def test_an_offer_that_nobody_accepts_ends_by_the_clock(desk: LoanDesk) -> None:
    """Two weeks and a day after it was made, whenever the clock speaks; an acceptance after that is for staff."""
    desk.request("loan-1")
    desk.say(c.MakeOffer, "loan-1", "2026-02-01", cost=cny(60))
    desk.night("2026-02-15")
    assert desk.supply().state is SupplyState.OFFERED
    desk.night("2026-04-01")
    assert (desk.supply().closing, desk.desk.wake(at("2026-04-02")).done) == (Closing.UNFILLED, 0)
    desk.say(c.AgreeToOffer, "loan-1", "2026-04-02", by=of(TOWN), revision=1)

    assert [reason.code for reason in desk.supply().attention] == ["ill.attention.out-of-order"]


def test_a_cancellation_that_crosses_the_shipping_is_answered_no(desk: LoanDesk) -> None:
    """Sent the day before the shipping, it comes after it: taken, answered at once, and the loan goes on."""
    desk.lend("loan-1", day="2026-01-31")
    desk.say(c.RequestCancel, "loan-1", "2026-01-30", recorded="2026-02-02", by=of(TOWN))
    told = desk.outbox()["4/ill.supply.cancel-answered"].message

    assert (dict(told.facts)["yes"], dict(told.facts)["status"]) == (False, "Loaned")
    assert (desk.supply().state, desk.supply().cancel_asked_on) == (SupplyState.SHIPPED, None)


# --- suspension -----------------------------------------------------------------------------------


@pytest.mark.clause("NLC-7")
def test_nothing_is_lent_while_something_is_overdue(desk: LoanDesk) -> None:
    """On the due date nothing stands in the way yet; from the day after on, the overdue loan is named."""
    desk.lend("loan-1")
    desk.request("loan-2", day="2026-02-20")
    with pytest.raises(Refused) as caught:
        desk.say(c.Promise, "loan-2", "2026-03-01")
    (reason,) = caught.value.reasons
    assert codes([reason]) == [("ill.overdue-loan", "NLC-7")]
    assert dict(reason.facts) == {"loan": "loan-1", "due": date(2026, 2, 28)}
    desk.say(c.Promise, "loan-2", "2026-02-28")


@pytest.mark.clause("NLC-3", "NLC-2")
def test_nothing_is_lent_before_a_security_is_paid(desk: LoanDesk) -> None:
    """Used up, a prepayment has to be paid in again; a relation ended lends nothing either."""
    desk.relate("CN-510100", security=SecurityKind.PREPAYMENT, amount=20)
    desk.lend("loan-1", "CN-510100")
    assert desk.open("CN-510100") == {}
    desk.request("loan-2", "CN-510100")
    with pytest.raises(Refused) as caught:
        desk.say(c.Ship, "loan-2", "2026-02-01", items=("v2",))
    assert codes(caught.value.reasons) == [("ill.security-unpaid", "NLC-3")]
    desk.say(c.Terminate, "CN-510100", "2026-02-02", reason="volumes were cut")
    with pytest.raises(Refused) as caught:
        desk.say(c.Ship, "loan-2", "2026-02-03", items=("v2",))

    assert codes(caught.value.reasons) == [
        ("ill.relation-not-in-force", "NLC-2"),
        ("ill.security-unpaid", "NLC-3"),
    ]
    desk.say(c.CheckIn, "loan-1", "2026-03-05")
    assert desk.account("CN-510100").state is RelationState.TERMINATED
    assert desk.open("CN-510100") == {"loan-1/overdue": cny(25)}


# --- payment --------------------------------------------------------------------------------------


def _two_loans_owing(desk: LoanDesk) -> None:
    """Open: two fees of 20, two fines of 5 (the first loan's) and 10, and a compensation of 100."""
    desk.lend("loan-1", day="2026-01-31")
    desk.lend("loan-2", day="2026-02-10")
    desk.say(c.CheckIn, "loan-1", "2026-03-01")
    desk.say(c.RecordDamage, "loan-1", "2026-03-01", item="loan-1-v1", note="torn")
    desk.say(c.Compensate, "loan-1", "2026-03-01", amount=cny(100))
    desk.say(c.CheckIn, "loan-2", "2026-03-12")


def test_a_payment_pays_kind_by_kind_and_the_oldest_first(desk: LoanDesk) -> None:
    """Fees, then fines, then compensation, each from the oldest loan on, to the last yuan."""
    _two_loans_owing(desk)
    desk.say(c.Pay, TOWN, "2026-03-13", amount=cny(30))
    assert desk.open() == {
        "loan-2/loan-fee": cny(10),
        "loan-1/overdue": cny(5),
        "loan-2/overdue": cny(10),
        "loan-1/compensation": cny(100),
    }
    desk.say(c.Pay, TOWN, "2026-03-14", amount=cny(35))

    assert desk.open() == {"loan-1/compensation": cny(90)}


def test_what_is_paid_too_much_is_kept_as_a_prepayment(desk: LoanDesk) -> None:
    """The rest of a payment is held for the institution, and pays the next charges by itself."""
    _two_loans_owing(desk)
    desk.say(c.Pay, TOWN, "2026-03-13", amount=cny(155 + 30))
    assert (desk.open(), desk.held(SecurityKind.PREPAYMENT)) == ({}, cny(30))
    desk.lend("loan-3", day="2026-03-15")
    assert (desk.open(), desk.held(SecurityKind.PREPAYMENT)) == ({}, cny(10))
    desk.lend("loan-4", day="2026-03-16")

    assert (desk.open(), desk.held(SecurityKind.PREPAYMENT)) == ({"loan-4/loan-fee": cny(10)}, cny(0))
    assert desk.held(SecurityKind.DEPOSIT) == cny(500)


def test_a_prepayment_paid_in_later_pays_what_is_open(desk: LoanDesk) -> None:
    """A prepayment is used for what is open when it comes in; a deposit is not."""
    desk.lend("loan-1")
    desk.say(c.PaySecurity, TOWN, "2026-02-01", kind=SecurityKind.DEPOSIT, amount=cny(100))
    assert desk.open() == {"loan-1/loan-fee": cny(20)}
    desk.say(c.PaySecurity, TOWN, "2026-02-02", kind=SecurityKind.PREPAYMENT, amount=cny(50))

    assert desk.open() == {}
    assert (desk.held(SecurityKind.PREPAYMENT), desk.held(SecurityKind.DEPOSIT)) == (cny(30), cny(600))


def test_a_waiver_takes_no_more_than_is_open(desk: LoanDesk) -> None:
    """A part of a charge may be waived; more than is open, or what is not open at all, may not."""
    desk.lend("loan-1")
    waiver: dict[str, Any] = {"loan": "loan-1", "reason": "our mistake"}
    desk.say(c.Waive, TOWN, "2026-02-01", kind="loan-fee", amount=cny(5), **waiver)
    assert desk.open() == {"loan-1/loan-fee": cny(15)}
    for kind, code in (("loan-fee", "ill.waiver-above-charge"), ("overdue", "ill.no-such-charge")):
        with pytest.raises(Refused) as caught:
            desk.say(c.Waive, TOWN, "2026-02-01", kind=kind, amount=cny(16), **waiver)
        assert codes(caught.value.reasons) == [(code, None)]
    (settled,) = desk.desk.explain(Key("ill.supply", "loan-1"), date(2026, 2, 1)).settlements.values()

    assert (settled.charged, settled.waived, settled.outstanding) == (cny(20), cny(5), cny(15))


def test_a_charge_reversed_after_its_payment_becomes_a_credit(desk: LoanDesk) -> None:
    """Assessed and paid on the 10th, but back since the 3rd: what was paid too much is a prepayment."""
    desk.lend("loan-1")
    desk.say(c.Assess, "loan-1", "2026-03-10")
    desk.say(c.Pay, TOWN, "2026-03-10", amount=cny(70))
    desk.say(c.CheckIn, "loan-1", "2026-03-03", recorded="2026-03-11")

    assert desk.posted("loan-1") == {"loan-fee": cny(20), "overdue": cny(15)}
    assert (desk.open(), desk.held(SecurityKind.PREPAYMENT)) == ({}, cny(35))


def test_an_assessment_twice_charges_once(desk: LoanDesk) -> None:
    """What is owed is posted as the difference: as often as one likes, or only at the return."""
    desk.lend("loan-1")
    for day in ("2026-03-02", "2026-03-02", "2026-03-04"):
        desk.say(c.Assess, "loan-1", day)
    desk.say(c.CheckIn, "loan-1", "2026-03-05")

    amounts = [each.amount for each in desk.storage.postings(subject="loan-1") if each.kind == "overdue"]
    assert amounts == [cny(10), cny(10), cny(5)]


def test_a_charge_of_a_closed_period_counts_on_the_first_open_day(desk: LoanDesk) -> None:
    """Books that are closed stay closed: the posting counts later and keeps the day it happened on."""
    desk.under(closed_through=date(2026, 2, 28))
    desk.lend("loan-1")
    (posting,) = desk.storage.postings(subject="loan-1")

    assert (posting.value_date, posting.happened_on) == (date(2026, 3, 1), date(2026, 1, 31))


# --- who may say what, and bad input --------------------------------------------------------------


def test_what_may_be_said_next(desk: LoanDesk) -> None:
    """A screen is told what each of the two sides may say, and why not."""
    desk.lend("loan-1")
    key = Key("ill.supply", "loan-1")
    library = desk.desk.allowed(key, STAFF, at("2026-02-20"))
    borrower = desk.desk.allowed(key, of(TOWN), at("2026-02-20"))

    assert library[c.CheckIn] == library[c.Assess] == library[c.DeclareLost] == ()
    assert library[c.Recall] is None  # to which day?
    assert codes(library[c.GrantRenewal]) == [("ill.no-renewal-pending", None)]
    assert borrower.keys() == {
        c.AgreeToOffer,
        c.ClaimDefect,
        c.ConfirmReceipt,
        c.DeclineOffer,
        c.Notify,
        c.ReportFound,
        c.ReportLost,
        c.ReportReturn,
        c.RequestCancel,
        c.RequestRenewal,
        c.RequestStatus,
    }
    assert desk.desk.allowed(key, of(CITY), at("2026-02-20")) == {}
    clock = desk.desk.allowed(key, CLOCK, at("2026-02-20"))
    assert clock.keys() == {c.NoticeDue, c.DeclareLost, c.DeclineRenewal}
    assert clock[c.NoticeDue] is None  # which one?
    assert codes(clock[c.DeclareLost]) == [("ill.not-taken-for-lost", "PRACTICE")]


def test_the_account_may_be_explained_too(desk: LoanDesk) -> None:
    """A relation owes nothing by itself; its own postings are those of what was paid in."""
    found = desk.desk.explain(Key("ill.relation", TOWN), date(2026, 2, 1))

    assert (found.owed, found.settlements) == ((), {})
    assert [posting.credit.kind for posting in found.postings] == [AccountKind.DEPOSIT]


def test_amounts_of_another_currency_or_below_nothing_are_errors(desk: LoanDesk) -> None:
    """A negative payment does not even become a command; a foreign one is refused, and nothing changes."""
    before = desk.contents()
    with pytest.raises(InvalidValue, match="above zero"):
        desk.say(c.Pay, TOWN, "2026-02-01", amount=cny(-5))
    with pytest.raises(Refused) as caught:
        desk.say(c.Pay, TOWN, "2026-02-01", amount=Money("5", "USD"))

    assert codes(caught.value.reasons) == [("ill.wrong-currency", None)]
    assert desk.contents() == before


def test_a_rule_without_a_value_stops_the_command(desk: LoanDesk) -> None:
    """A fee that has no value on the day of shipping is an error, never nothing; nothing is written."""
    values = [replace(NLC.fee_elsewhere.values[0], start=date(2027, 1, 1))]
    desk.request("loan-1")
    desk.under(fee_elsewhere=Dated("fee-elsewhere", values))
    before = desk.contents()
    with pytest.raises(MissingValue):
        desk.say(c.Ship, "loan-1", "2026-01-31", items=("v1",))

    assert desk.contents() == before


# --- two at once ----------------------------------------------------------------------------------


def test_two_at_once_do_not_pass_a_limit(desk: LoanDesk) -> None:
    """With at most two volumes out, of many shipping at the same time for one borrower two succeed."""
    desk.under(most_volumes=Dated.always("most-volumes", 2, PRACTICE))
    cases = [f"loan-{number}" for number in range(8)]
    for case in cases:
        desk.request(case)
    start, refused = Barrier(2, timeout=30), []

    def ship(mine: list[str]) -> None:
        start.wait()
        for case in mine:
            try:
                desk.say(c.Ship, case, "2026-01-31", items=(f"{case}-v1",))
            except Refused as error:
                refused.append(codes(error.reasons))

    threads = [Thread(target=ship, args=(cases[n::2],)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert desk.account().volumes_out == 2
    assert refused == [[("ill.too-many-volumes", "PRACTICE")]] * 6
