"""A technician's record: appointments, books of repair orders, leave, attendance, leaving."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from desk_at_work import FIRM, staff
from people_at_work import FINANCE, HEAD, HIMSELF, LI, SYSTEM, People, at, by_code, policy
from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales.books.model import Book, book_key
from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.desk_rules import Ahead, Chain, Numbering, Series
from servflow.core.aftersales.policy import Checklist, ServiceRule
from servflow.core.aftersales.technicians import commands as c
from servflow.core.aftersales.technicians.messages import TECHNICIAN_MESSAGES
from servflow.core.aftersales.technicians.model import (
    Booking,
    Leave,
    LeaveState,
    OrderBook,
    Technician,
    TechnicianRole,
    TechnicianState,
    technician_key,
)
from servflow.core.aftersales.technicians.table import TECHNICIAN
from servflow.core.changes import Actor, Change, Office
from servflow.core.clocks import parse_allowance
from servflow.core.errors import InvalidValue, NotFound

FORM = {"leave-form": ("form-1",)}
GRID = """
                          -          ACTIVE      LEAVING      LEFT
RegisterTechnician        SY>ACTIVE  .           .            SY>ACTIVE
Qualify                   .          SY>=        SY>=         .
ClearTechnicianAttention  .          S>=         S>=          S>=
BookVisit                 .          Y>=         Y>=          .
BeginVisit                .          Y>=         Y>=          Y>=
FreeVisit                 .          Y>=         Y>=          Y>=
IssueOrders               .          F>=         F>=          .
UseOrder                  .          HY>=        HY>=         .
VoidOrder                 .          HS>=        HS>=         .
HandInOrders              .          F>=         F>=          .
AskLeave                  .          HS>=        HS>=         .
GrantLeave                .          S>=         S>=          .
RefuseLeave               .          S>=         S>=          .
ExtendLeave               .          S>=         S>=          .
EndLeave                  .          HS>=        HS>=         .
ShowLeavePapers           .          HS>=        HS>=         HS>=
NoteAttendance            .          SY>=        SY>=         .
AnnounceLeaving           .          S>LEAVING   S>LEAVING    .
HandInChangePaper         .          .           S>=          .
LeaveService              .          S>LEFT      S>LEFT       .
"""


def serving(**changed: ServiceRule | None) -> People:
    """The firm with Li on its list, under these rules."""
    firm = People(policy(**changed))
    firm.do(c.RegisterTechnician, firm=FIRM, qualified=("pump",))
    return firm


def li(firm: People) -> Technician:
    """Li's record as it has become."""
    found = firm.aggregates[technician_key(LI)]
    assert isinstance(found, Technician)
    return found


def told(change: Change) -> list[tuple[str, str]]:
    """Who was told what."""
    return [(each.kind, each.to) for each in change.messages]


# --- the table, and who speaks ----------------------------------------------------------------------------


def test_every_cell_is_as_expected() -> None:
    """Every state, the opening, every command, every role: where it leads, blank cells included."""
    roles = {
        "H": TechnicianRole.HIMSELF,
        "S": TechnicianRole.SUPERVISOR,
        "F": TechnicianRole.FINANCE,
        "Y": TechnicianRole.SYSTEM,
    }
    states = {state.name: state for state in TechnicianState}
    assert differences(read_grid(GRID, states=states, roles=roles), grid_of(TECHNICIAN)) == []


@pytest.mark.parametrize(
    ("by", "roles"),
    [
        (HIMSELF, (TechnicianRole.HIMSELF,)),
        (staff(LI, "supervisor", "finance"), (TechnicianRole.HIMSELF,)),
        (staff("head", "finance", "supervisor"), (TechnicianRole.SUPERVISOR, TechnicianRole.FINANCE)),
        (staff("clerk", "desk"), ()),
        (staff("head", "supervisor", serves="another"), ()),
        (Actor(LI, FIRM, Office.PERSON), (TechnicianRole.HIMSELF,)),
        (Actor("wang", FIRM, Office.PERSON), ()),
        (SYSTEM, (TechnicianRole.SYSTEM,)),
        (Actor(LI, FIRM, Office.CLOCK), ()),
    ],
)
def test_nobody_decides_about_himself(by: Actor, roles: tuple[TechnicianRole, ...]) -> None:
    """A supervisor is only himself on his own record; another firm's staff are nobody here."""
    assert TECHNICIAN.roles_of(li(serving()), by) == roles


def test_somebody_is_registered_at_his_own_firm() -> None:
    """Of another firm, or by another firm's head, nobody is; before that there is no record."""
    firm = People()
    assert firm.codes(c.RegisterTechnician, firm="another") == ["aftersales.another-firm"]
    other = staff("head", "supervisor", serves="another")
    assert firm.codes(c.RegisterTechnician, firm=FIRM, by=other) == ["aftersales.another-firm"]
    with pytest.raises(NotFound):
        firm.do(c.Qualify, qualified=())


@pytest.mark.clause("AS-STAFF-12")
def test_what_he_is_qualified_for_is_on_record() -> None:
    """And is so no more where he is not."""
    firm = serving()
    assert li(firm).qualified == ("pump",)
    firm.do(c.Qualify, qualified=("pump", "valve"))
    assert li(firm).qualified == ("pump", "valve")


# --- appointments -----------------------------------------------------------------------------------------


def booking(ticket: str, start: str, until: str, **said: Any) -> dict[str, Any]:
    """An appointment on Wednesday the 6th, for a ticket."""
    window = {"window_from": at("06", start), "window_until": at("06", until)}
    return {"by": SYSTEM, "ticket": ticket, "visit": 1, **window, **said}


@pytest.mark.clause("AS-FLOW-16")
@pytest.mark.parametrize(
    ("start", "until", "clashes"),
    [
        ("08:00", "09:00", False),
        ("08:00", "09:01", True),
        ("09:30", "09:45", True),
        ("09:59", "11:00", True),
        ("10:00", "11:00", False),
    ],
)
def test_two_appointments_never_share_a_minute(start: str, until: str, clashes: bool) -> None:
    """Those that only touch do not clash."""
    firm = serving()
    firm.do(c.BookVisit, **booking("T-1", "09:00", "10:00"))
    found = by_code(firm.refusals(c.BookVisit, **booking("T-2", start, until)))
    assert found == ([("aftersales.technician-booked", "AS-FLOW-16")] if clashes else [])


def test_an_appointment_of_the_same_ticket_is_replaced_and_freed() -> None:
    """Without a time it clashes with nothing; to free what he does not have changes nothing."""
    firm = serving()
    firm.do(c.BookVisit, **booking("T-1", "09:00", "10:00"))
    firm.do(c.BookVisit, **booking("T-1", "09:30", "10:30", visit=2))
    firm.do(c.BookVisit, by=SYSTEM, ticket="T-2", visit=1)
    assert [(each.ticket, each.visit) for each in li(firm).agenda.values()] == [("T-1", 2), ("T-2", 1)]
    firm.do(c.FreeVisit, by=SYSTEM, ticket="T-1")
    firm.do(c.FreeVisit, by=SYSTEM, ticket="T-9")
    assert list(li(firm).agenda) == ["T-2"]


@pytest.mark.clause("AS-STAFF-3")
def test_nobody_is_booked_in_his_leave_or_after_he_left() -> None:
    """The days of the leave, and those from the change of personnel on."""
    firm = on_leave("06", "07")
    assert by_code(firm.refusals(c.BookVisit, **booking("T-1", "09:00", "10:00"))) == [
        ("aftersales.technician-on-leave", "AS-STAFF-3")
    ]
    firm = serving(change=None)
    firm.do(c.AnnounceLeaving, on=date(2026, 5, 6))
    assert firm.codes(c.BookVisit, **booking("T-1", "09:00", "10:00")) == ["aftersales.technician-left"]
    earlier = {"window_from": at("05"), "window_until": at("05", "10:00")}
    assert firm.codes(c.BookVisit, **(booking("T-1", "09:00", "10:00") | earlier)) == []


# --- repair orders ----------------------------------------------------------------------------------------


def with_book(**changed: ServiceRule | None) -> People:
    """Li with the orders 1 to 4."""
    firm = serving(**changed)
    firm.do(c.IssueOrders, by=FINANCE, first=1, last=4)
    return firm


def used(firm: People, *orders: int) -> People:
    """These orders are used, each for a ticket of its number."""
    for number in orders:
        firm.do(c.UseOrder, by=SYSTEM, number=number, ticket=f"T-{number}")
    return firm


@pytest.mark.clause("AS-FORM-1")
def test_orders_are_used_in_their_order() -> None:
    """An order that is skipped, used twice or void is refused, with what stands against it."""
    firm = used(with_book(), 1)
    firm.do(c.VoidOrder, by=HIMSELF, number=2, reason="spilt ink")
    for kind, more in ((c.UseOrder, {"ticket": "T-9"}), (c.VoidOrder, {"reason": "torn"})):
        assert firm.codes(kind, by=HIMSELF, number=4, **more) == ["aftersales.orders.skipped"]
        assert firm.codes(kind, by=HIMSELF, number=1, **more) == ["aftersales.orders.used"]
        assert firm.codes(kind, by=HIMSELF, number=2, **more) == ["aftersales.orders.void"]
        assert firm.codes(kind, by=HIMSELF, number=3, **more) == []
    record = li(firm)
    assert record.orders == OrderBook(first=1, last=4, next=3, voided={"2": "spilt ink"})
    assert record.orders_used == {"1": "T-1"}


@pytest.mark.clause("AS-FORM-1")
def test_a_reason_of_an_order_names_its_clause() -> None:
    """Skipped and used by the item on order, void by that on spoiled ones."""
    firm = with_book()
    [skipped] = firm.refusals(c.UseOrder, by=HIMSELF, number=2, ticket="T-1")
    assert (str(skipped.clause), dict(skipped.facts)) == ("AS-FORM-1", {"number": 2, "next": 1})


@pytest.mark.clause("AS-FORM-4")
def test_who_has_no_book_uses_no_order() -> None:
    """Nor one beyond his book, or of a book before it that nobody gave him."""
    firm = serving(orders=None)
    said = {"by": SYSTEM, "ticket": "T-1"}
    assert by_code(firm.refusals(c.UseOrder, number=1, **said)) == [
        ("aftersales.orders.no-book", "AS-FORM-4")
    ]
    firm.do(c.IssueOrders, by=FINANCE, first=11, last=11)
    assert firm.codes(c.UseOrder, number=3, **said) == ["aftersales.orders.not-his"]
    used(firm, 11)
    assert firm.codes(c.UseOrder, number=11, **said) == ["aftersales.orders.used"]
    assert by_code(firm.refusals(c.UseOrder, number=12, **said)) == [
        ("aftersales.orders.used-up", "AS-FORM-4")
    ]


@pytest.mark.clause("AS-FORM-1")
def test_an_order_that_is_carried_over_keeps_both_numbers() -> None:
    """It is his own of the same ticket, and carried over once."""
    firm = used(with_book(), 1)
    said = {"by": SYSTEM, "number": 2, "carried_over_from": 1}
    assert firm.codes(c.UseOrder, ticket="T-2", **said) == ["aftersales.orders.not-of-this-ticket"]
    firm.do(c.UseOrder, ticket="T-1", **said)
    assert li(firm).carried_over == {"2": 1}
    assert by_code(firm.refusals(c.UseOrder, ticket="T-1", **(said | {"number": 3}))) == [
        ("aftersales.orders.carried-over", "AS-FORM-1")
    ]


@pytest.mark.clause("AS-FORM-4")
def test_the_next_book_is_given_against_the_used_one() -> None:
    """A book issued while one is held with orders left is refused; finance has the used one afterwards."""
    firm = used(with_book(), 1, 2, 3)
    assert by_code(firm.refusals(c.IssueOrders, by=FINANCE, first=5, last=8)) == [
        ("aftersales.orders.book-held", "AS-FORM-4")
    ]
    used(firm, 4)
    firm.do(c.IssueOrders, by=FINANCE, first=5, last=8)
    record = li(firm)
    assert [(book.first, book.last, book.used_up) for book in record.handed_in] == [(1, 4, True)]
    assert record.orders == OrderBook(first=5, last=8, next=5)
    assert firm.codes(c.UseOrder, by=SYSTEM, number=2, ticket="T-9") == ["aftersales.orders.used"]


@pytest.mark.clause("AS-FORM-5", "AS-FORM-1")
def test_spoiled_orders_go_to_finance_with_the_used_book() -> None:
    """All of them and no other; they stay on record as void."""
    firm = used(with_book(), 1, 2, 3)
    firm.do(c.VoidOrder, by=HIMSELF, number=4, reason="torn")
    said = {"by": FINANCE, "first": 5, "last": 8}
    assert by_code(firm.refusals(c.IssueOrders, **said)) == [
        ("aftersales.orders.spoiled-missing", "AS-FORM-5")
    ]
    assert firm.codes(c.IssueOrders, spoiled=(4, 3), **said) == ["aftersales.orders.not-void"]
    firm.do(c.IssueOrders, spoiled=(4,), **said)
    assert li(firm).handed_in[0].voided == {"4": "torn"}
    assert firm.codes(c.UseOrder, by=SYSTEM, number=4, ticket="T-9") == ["aftersales.orders.void"]


@pytest.mark.clause("AS-FORM-4")
def test_a_book_has_the_rulebooks_size_and_numbers_of_its_own() -> None:
    """Neither fewer orders than a book has, nor numbers that he had before."""
    firm = serving()
    assert by_code(firm.refusals(c.IssueOrders, by=FINANCE, first=1, last=3)) == [
        ("aftersales.orders.book-size", "X-orders")
    ]
    firm = used(with_book(), 1, 2, 3, 4)
    assert firm.codes(c.IssueOrders, by=FINANCE, first=4, last=7) == ["aftersales.orders.issued-before"]
    unbound = serving(orders=Numbering(series=Series.REPAIR_ORDER))
    unbound.do(c.IssueOrders, by=FINANCE, first=1, last=9)


@pytest.mark.clause("AS-FORM-1")
def test_the_firms_own_book_knows_every_number_that_is_issued_or_void() -> None:
    """So no two technicians have one number, and none is left out between their books."""
    firm = with_book()
    firm.do(c.VoidOrder, by=HIMSELF, number=1, reason="torn")
    book = firm.aggregates[book_key(FIRM, Series.REPAIR_ORDER)]
    assert isinstance(book, Book)
    assert (book.next, book.voided) == (5, {"1": "torn"})
    firm.do(c.RegisterTechnician, case="wang", firm=FIRM)
    assert firm.codes(c.IssueOrders, case="wang", by=FINANCE, first=3, last=6) == ["aftersales.number-used"]
    assert firm.codes(c.IssueOrders, case="wang", by=FINANCE, first=6, last=9) == [
        "aftersales.number-skipped"
    ]
    firm.do(c.IssueOrders, case="wang", by=FINANCE, first=5, last=8)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        Numbering(series=Series.TAG),
        Numbering(series=Series.REPAIR_ORDER, when=When((("urgent", ("yes",)),))),
    ],
)
def test_a_firm_that_keeps_no_series_of_them_has_no_book(kept: Numbering | None) -> None:
    """The technician's own book is all there is; what is void, is void there."""
    firm = serving(orders=kept)
    change = firm.do(c.IssueOrders, by=FINANCE, first=7, last=8)
    assert len(change.entries) == 1
    assert len(firm.do(c.VoidOrder, by=HIMSELF, number=7, reason="torn").entries) == 1
    assert book_key(FIRM, Series.REPAIR_ORDER) not in firm.aggregates


def test_a_number_that_the_firms_book_does_not_know_is_void_in_his_own() -> None:
    """It was issued before the firm kept the series: the firm's own book has not come so far."""
    firm = with_book()
    old = OrderBook(first=21, last=24, next=21)
    state = TechnicianState.ACTIVE
    firm.aggregates = {
        **firm.aggregates,
        technician_key(LI): Technician(id=LI, state=state, firm=FIRM, orders=old),
    }
    assert len(firm.do(c.VoidOrder, by=HIMSELF, number=21, reason="torn").entries) == 1


@pytest.mark.clause("AS-FORM-4")
def test_a_book_is_handed_in_once_with_its_void_ones() -> None:
    """Who has none has nothing to hand in."""
    firm = with_book()
    firm.do(c.VoidOrder, by=HIMSELF, number=1, reason="torn")
    assert firm.codes(c.HandInOrders, by=FINANCE) == ["aftersales.orders.spoiled-missing"]
    firm.do(c.HandInOrders, by=FINANCE, spoiled=(1,))
    assert li(firm).orders is None
    assert firm.codes(c.HandInOrders, by=FINANCE) == ["aftersales.orders.no-book"]
    assert firm.codes(c.HandInOrders, by=HIMSELF) == ["lifecycle.not-yours"]


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (c.IssueOrders, {"first": 0, "last": 4}, "first"),
        (c.IssueOrders, {"first": 5, "last": 4}, "first"),
        (c.IssueOrders, {"first": 1, "last": 4, "spoiled": (1, 1)}, "spoiled"),
        (c.HandInOrders, {"spoiled": (1, 1)}, "spoiled"),
        (c.VoidOrder, {"number": 1, "reason": " "}, "reason"),
        (c.AskLeave, {"first": date(2026, 5, 6), "last": date(2026, 5, 5), "reason": "x"}, "last"),
        (c.AskLeave, {"first": date(2026, 5, 6), "last": date(2026, 5, 6), "reason": ""}, "reason"),
        (c.HandInChangePaper, {"ref": ""}, "ref"),
        (
            c.NoteAttendance,
            {"on": date(2026, 5, 4), "should_come": at("04"), "should_go": at("04")},
            "should_go",
        ),
        (
            c.NoteAttendance,
            {
                "on": date(2026, 5, 4),
                "should_come": at("04"),
                "should_go": at("04", "18:00"),
                "came": at("04", "10:00"),
                "went": at("04"),
            },
            "went",
        ),
        (
            c.NoteAttendance,
            {"on": date(2026, 5, 4), "should_come": datetime(2026, 5, 4), "should_go": at("04")},
            "should_come",
        ),
    ],
)
def test_what_no_command_may_say(kind: Any, said: dict[str, Any], field: str) -> None:
    """It is refused when it is made, with the field."""
    with pytest.raises(InvalidValue) as refused:
        People().command(kind, "04", **said)
    assert refused.value.field == field


# --- leave ------------------------------------------------------------------------------------------------


def asking(first: str, last: str, **said: Any) -> dict[str, Any]:
    """Leave from one day of May to another, with all that the rulebook wants."""
    days = {"first": at(first).date(), "last": at(last).date()}
    usual = {
        "by": HIMSELF,
        "reason": "a wedding",
        "substitute": "wang",
        "reachable": "phone-1",
        "shown": FORM,
    }
    return {**usual, **days, **said}


def on_leave(first: str, last: str, **changed: ServiceRule | None) -> People:
    """Li with a leave that was granted."""
    firm = serving(**changed)
    firm.do(c.AskLeave, **asking(first, last))
    firm.do(c.GrantLeave, first=at(first).date())
    return firm


@pytest.mark.clause("AS-STAFF-3")
@pytest.mark.parametrize(
    ("first", "last", "in_time"),
    [("05", "06", True), ("04", "04", False), ("05", "07", False), ("06", "08", True)],
)
def test_leave_is_asked_for_ahead_by_its_length(first: str, last: str, in_time: bool) -> None:
    """On Monday: two days from Tuesday on are in time, three days from Tuesday on are not."""
    found = [code for code, _ in by_code(serving().refusals(c.AskLeave, **asking(first, last)))]
    assert found == ([] if in_time else ["aftersales.staff.told-too-late"])


def test_what_a_time_of_notice_hangs_on_is_asked_for() -> None:
    """An answer that nobody gave refuses the request, with its question, and raises nothing."""
    far = Question("place", ("here", "far"))
    notice = Ahead(of="leave", by=parse_allowance("7 days"), when=When((("place", ("far",)),)))
    firm = serving(early=far, long_notice=notice)
    [reason] = firm.refusals(c.AskLeave, **asking("06", "06"))
    assert (reason.code, dict(reason.facts)["asked"]) == ("aftersales.asked", "place")
    assert firm.codes(c.AskLeave, **asking("06", "06", answers={"place": "here"})) == []
    assert firm.codes(c.AskLeave, **asking("06", "06", answers={"place": "far"})) == [
        "aftersales.staff.told-too-late"
    ]


@pytest.mark.clause("AS-STAFF-3")
def test_a_leave_needs_a_substitute_and_a_way_to_reach_him() -> None:
    """And the form: what is lacking is named, each with its list."""
    said = asking("06", "06", substitute=" ", reachable="", shown={})
    found = serving().refusals(c.AskLeave, **said)
    assert by_code(found) == [("aftersales.lacking", "X-substitute")] * 3
    assert [dict(each.facts)["item"] for each in found] == ["substitute", "reachable", "leave-form"]


@pytest.mark.clause("AS-STAFF-3")
def test_a_leave_is_asked_for_granted_and_ended() -> None:
    """The office head hears of it, he hears that it is granted; back early, the rest is none."""
    firm = serving()
    change = firm.do(c.AskLeave, **asking("06", "08"))
    assert told(change) == [("aftersales.technician.leave-asked", "firm/it-office")]
    assert not li(firm).on_leave(date(2026, 5, 6))
    change = firm.do(c.GrantLeave, first=date(2026, 5, 6), shown={"note": ("n-1",)})
    assert told(change) == [("aftersales.technician.leave-granted", LI)]
    assert [li(firm).on_leave(date(2026, 5, day)) for day in (5, 6, 8, 9)] == [False, True, True, False]
    firm.do(c.EndLeave, "08", by=HIMSELF, first=date(2026, 5, 6))
    leave = li(firm).leave_from(date(2026, 5, 6))
    assert leave is not None
    assert (leave.state, leave.back_on, leave.is_open) == (LeaveState.ENDED, date(2026, 5, 8), False)
    assert leave.shown == {**FORM, "note": ("n-1",)}
    assert not li(firm).on_leave(date(2026, 5, 8))
    assert li(firm).attendance == ()


def test_without_a_chain_the_supervisor_hears_of_a_leave() -> None:
    """So he does where the chain is for other leaves."""
    for chain in (None, Chain(of="leave", through=("boss",), when=When((("urgent", ("yes",)),)))):
        change = serving(told=chain).do(c.AskLeave, **asking("06", "06"))
        assert told(change) == [("aftersales.technician.leave-asked", "firm/supervisor")]


def test_only_a_leave_that_waits_is_granted_or_refused() -> None:
    """Refused with a reason, it may be asked for again; two never share a day."""
    firm = serving()
    wednesday = date(2026, 5, 6)
    assert firm.codes(c.GrantLeave, first=wednesday) == ["aftersales.staff.no-such-leave"]
    firm.do(c.AskLeave, **asking("06", "08"))
    assert firm.codes(c.AskLeave, **asking("08", "08")) == ["aftersales.staff.leave-twice"]
    assert firm.codes(c.AskLeave, **asking("09", "09")) == []
    change = firm.do(c.RefuseLeave, first=wednesday, reason="too much work")
    assert told(change) == [("aftersales.technician.leave-refused", LI)]
    assert firm.codes(c.RefuseLeave, first=wednesday) == ["aftersales.staff.no-such-leave"]
    assert firm.codes(c.EndLeave, first=wednesday) == ["aftersales.staff.no-such-leave"]
    assert not li(firm).on_leave(wednesday)
    firm.do(c.AskLeave, **asking("06", "06"))
    firm.do(c.GrantLeave, first=wednesday)
    assert [leave.state for leave in li(firm).leaves] == [LeaveState.REFUSED, LeaveState.GRANTED]
    assert firm.codes(c.GrantLeave, first=wednesday, by=HIMSELF) == ["lifecycle.not-yours"]


@pytest.mark.clause("AS-STAFF-4")
def test_an_urgent_leave_is_told_at_once_and_its_papers_follow() -> None:
    """It is under way with no paper; on his return they are due, and come once."""
    firm = serving()
    said = asking("04", "05", urgent=True, substitute="", reachable="", shown={})
    change = firm.do(c.AskLeave, **said)
    assert told(change) == [("aftersales.technician.urgent-leave", "firm/it-office")]
    monday = date(2026, 5, 4)
    assert li(firm).on_leave(monday)
    firm.do(c.EndLeave, "06", by=HIMSELF, first=monday)
    assert [each.code for each in li(firm).attention] == ["aftersales.attention.leave-papers"]
    assert firm.codes(c.ShowLeavePapers, "06", by=HIMSELF, first=monday) == ["aftersales.lacking"]
    firm.do(c.ShowLeavePapers, "06", by=HIMSELF, first=monday, shown=FORM)
    assert li(firm).attention == ()
    leave = li(firm).leave_from(monday)
    assert leave is not None
    assert leave.papers_on == date(2026, 5, 6)
    assert by_code(firm.refusals(c.ShowLeavePapers, "06", first=monday, shown=FORM)) == [
        ("aftersales.staff.no-papers-owed", "AS-STAFF-4")
    ]


@pytest.mark.clause("AS-STAFF-4")
def test_an_urgent_leave_that_is_told_after_its_first_day_is_too_late() -> None:
    """On the day itself it is told at once; of one that was not urgent no papers are owed."""
    firm = serving()
    said = asking("04", "07", urgent=True)
    assert by_code(firm.refusals(c.AskLeave, "05", **said)) == [
        ("aftersales.staff.told-too-late", "AS-STAFF-4")
    ]
    firm.do(c.AskLeave, **asking("06", "06"))
    codes = firm.codes(c.ShowLeavePapers, first=date(2026, 5, 6), shown=FORM)
    assert codes == ["aftersales.staff.no-papers-owed"]
    assert firm.codes(c.ShowLeavePapers, first=date(2026, 5, 9), shown=FORM) == codes


@pytest.mark.clause("AS-STAFF-4")
def test_papers_that_come_while_he_is_away_are_not_missed() -> None:
    """And an urgent leave may still be refused."""
    firm = serving()
    firm.do(c.AskLeave, **asking("04", "05", urgent=True))
    firm.do(c.ShowLeavePapers, by=HIMSELF, first=date(2026, 5, 4))
    firm.do(c.EndLeave, "06", first=date(2026, 5, 4))
    assert li(firm).attention == ()
    firm.do(c.AskLeave, "07", **asking("07", "07", urgent=True))
    firm.do(c.RefuseLeave, "07", first=date(2026, 5, 7))
    assert not li(firm).on_leave(date(2026, 5, 7))


@pytest.mark.clause("AS-STAFF-4")
def test_an_extension_needs_the_clients_approval() -> None:
    """Without it, it is refused, and staying away is absence; it has to be longer, and lie free."""
    firm = on_leave("06", "06")
    wednesday = date(2026, 5, 6)
    longer = {"first": wednesday, "last": date(2026, 5, 7)}
    assert by_code(firm.refusals(c.ExtendLeave, **longer)) == [("aftersales.lacking", "X-extension")]
    approved = {"approved_by": "letter-7"}
    same = firm.codes(c.ExtendLeave, first=wednesday, last=wednesday, **approved)
    assert same == ["aftersales.staff.no-longer-leave"]
    assert firm.codes(c.ExtendLeave, first=date(2026, 5, 9), last=date(2026, 5, 10), **approved) == [
        "aftersales.staff.no-such-leave"
    ]
    firm.do(c.AskLeave, **asking("08", "08"))
    assert firm.codes(c.ExtendLeave, first=wednesday, last=date(2026, 5, 8), **approved) == [
        "aftersales.staff.leave-twice"
    ]
    assert told(firm.do(c.ExtendLeave, **longer, **approved)) == [
        ("aftersales.technician.leave-extended", LI)
    ]
    assert li(firm).on_leave(date(2026, 5, 7))


@pytest.mark.clause("AS-STAFF-2")
@pytest.mark.parametrize(
    ("back", "why", "absences"),
    [("08", "", 0), ("11", "", 1), ("12", "", 1), ("12", "the flood", 0), ("13", "", 1)],
)
def test_an_overstayed_leave_counts_as_one_absence(back: str, why: str, absences: int) -> None:
    """Back on the first working day after it, on Friday the 8th, he is in time: a weekend is none of it."""
    firm = on_leave("06", "07")
    firm.do(c.EndLeave, back, first=date(2026, 5, 6), why=why)
    assert [(each.on, each.note) for each in li(firm).attendance] == [
        (date(2026, 5, 8), "overstayed-leave")
    ] * absences


@pytest.mark.clause("AS-STAFF-2")
def test_days_that_were_noted_as_absence_are_not_counted_again() -> None:
    """The day after his leave he was missed, and that was noted."""
    firm = on_leave("06", "07")
    note(firm, "08", came=None, went=None)
    assert [each.note for each in li(firm).attendance] == ["overstayed-leave"]
    firm.do(c.EndLeave, "11", first=date(2026, 5, 6))
    assert len(li(firm).attendance) == 1


@pytest.mark.clause("AS-STAFF-8")
def test_a_leave_of_more_than_three_days_is_told_with_its_consequence() -> None:
    """Eligibility for awards lapses: he hears it, and it stays on the list until that is carried out."""
    firm = serving()
    firm.do(c.AskLeave, **asking("06", "09"))
    assert li(firm).attention == ()
    change = firm.do(c.GrantLeave, first=date(2026, 5, 6))
    assert told(change)[0] == ("aftersales.technician.limit-exceeded", LI)
    assert by_code(li(firm).attention) == [("aftersales.staff.limit-exceeded", "X-long-leave")]
    more = firm.do(c.ExtendLeave, first=date(2026, 5, 6), last=date(2026, 5, 10), approved_by="letter-1")
    assert told(more) == [("aftersales.technician.leave-extended", LI)]
    assert [dict(each.facts)["found"] for each in li(firm).attention] == [5]


@pytest.mark.clause("AS-STAFF-8")
def test_in_a_campaign_leave_is_for_grave_family_matters_only() -> None:
    """Whoever asks for another, for himself or for him, is refused with the rule."""
    firm = serving()
    said = asking("06", "06", answers={"grave-family-matter": "no"})
    assert by_code(firm.refusals(c.AskLeave, **said)) == [("aftersales.barred", "X-grave")]
    assert firm.codes(c.AskLeave, **(said | {"by": HEAD})) == ["aftersales.barred"]
    assert firm.codes(c.AskLeave, **(said | {"answers": {"grave-family-matter": "yes"}})) == []


@pytest.mark.clause("AS-STAFF-8")
def test_a_leave_may_need_the_managers_approval() -> None:
    """Where the rulebook's list of a grant says so; the answers of the request decide whether it is asked."""
    family = When((("grave-family-matter", ("yes",)),))
    wanted = Checklist(step="leave-grant", items=("approval of the manager",), when=family)
    firm = serving(papers=wanted)
    firm.do(c.AskLeave, **asking("06", "06", answers={"grave-family-matter": "yes"}))
    assert by_code(firm.refusals(c.GrantLeave, first=date(2026, 5, 6))) == [
        ("aftersales.lacking", "X-papers")
    ]
    firm.do(c.GrantLeave, first=date(2026, 5, 6), shown={"approval of the manager": ("memo-1",)})


def test_answers_that_the_rulebook_does_not_ask_are_named() -> None:
    """A question that there is not, and an answer that it does not know."""
    said = asking("06", "06", answers={"weather": "rain", "grave-family-matter": "perhaps"})
    assert serving().codes(c.AskLeave, **said) == ["aftersales.unknown-question", "aftersales.unknown-answer"]


def test_an_appointment_in_a_leave_has_to_be_taken_by_somebody() -> None:
    """It is on the list until staff have seen to it; one on another day, or without a time, is not."""
    firm = serving()
    firm.do(c.BookVisit, **booking("T-1", "09:00", "10:00"))
    firm.do(c.BookVisit, by=SYSTEM, ticket="T-2", visit=1)
    other = {"window_from": at("08"), "window_until": at("08", "10:00")}
    firm.do(c.BookVisit, **(booking("T-3", "09:00", "10:00") | other))
    last = {"window_from": at("07"), "window_until": at("07", "10:00")}
    firm.do(c.BookVisit, **(booking("T-4", "09:00", "10:00") | last))
    firm.do(c.AskLeave, **asking("06", "07"))
    firm.do(c.GrantLeave, first=date(2026, 5, 6))
    code = "aftersales.attention.visit-on-leave"
    assert [(each.code, each.facts) for each in li(firm).attention] == [
        (code, (("ticket", "T-1"),)),
        (code, (("ticket", "T-4"),)),
    ]
    firm.do(c.ClearTechnicianAttention, code=code)
    assert li(firm).attention == ()
    assert li(firm).shown == {}
    assert firm.codes(c.ClearTechnicianAttention, code=code) == ["aftersales.not-on-list"]


# --- attendance -------------------------------------------------------------------------------------------


def note(
    firm: People, day: str, came: str | None = "08:00", went: str | None = "18:00", **said: Any
) -> Change:
    """His attendance of a day of May is noted, a day from eight to six."""
    return firm.do(
        c.NoteAttendance,
        "29",
        on=at(day).date(),
        should_come=at(day, "08:00"),
        should_go=at(day, "18:00"),
        came=None if came is None else at(day, came),
        went=None if went is None else at(day, went),
        **said,
    )


@pytest.mark.clause("AS-STAFF-1")
def test_what_is_noted_last_of_a_day_holds() -> None:
    """Late by more than a quarter of an hour counts; a correction takes its place."""
    firm = serving()
    note(firm, "04", came="08:40")
    note(firm, "05", came="08:15")
    assert [(each.what, each.minutes) for each in li(firm).attendance] == [("late", 40)]
    note(firm, "04", came="08:40", permitted=True)
    assert li(firm).attendance == ()


@pytest.mark.clause("AS-STAFF-2")
def test_a_day_of_leave_is_no_absence() -> None:
    """He is not there, and need not be."""
    firm = on_leave("06", "07")
    note(firm, "06", came=None, went=None)
    assert li(firm).attendance == ()


@pytest.mark.clause("AS-STAFF-2")
def test_a_leave_that_is_to_come_or_was_refused_is_not_overstayed() -> None:
    """Who is missed then is missed without explanation."""
    firm = on_leave("07", "07")
    firm.do(c.AskLeave, **asking("05", "05"))
    firm.do(c.RefuseLeave, first=date(2026, 5, 5))
    note(firm, "06", came=None, went=None)
    assert [each.note for each in li(firm).attendance] == ["unexplained"]


@pytest.mark.clause("AS-STAFF-5")
def test_the_fourth_absence_asks_for_a_statement_once() -> None:
    """He is told at the fourth and not again at the fifth; the statement takes it off the list."""
    firm = serving()
    changes = [note(firm, day, came=None, went=None) for day in ("04", "05", "06", "07", "08")]
    kind = "aftersales.technician.limit-exceeded"
    assert [told(change) for change in changes] == [[], [], [], [(kind, LI)], []]
    assert [dict(each.facts)["found"] for each in li(firm).attention] == [5]
    code = "aftersales.staff.limit-exceeded"
    assert by_code(firm.refusals(c.ClearTechnicianAttention, code=code)) == [
        ("aftersales.staff.follow-up-missing", "X-most-absences")
    ]
    statement = {"written-statement": ("statement-1",)}
    firm.do(c.ClearTechnicianAttention, code=code, shown=statement)
    assert (li(firm).attention, li(firm).shown) == ((), statement)


# --- leaving ----------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-STAFF-6")
def test_a_change_of_personnel_is_announced_a_month_ahead() -> None:
    """On 4 May for 4 June it is in time, for 3 June it is not; both offices are told."""
    firm = serving()
    assert by_code(firm.refusals(c.AnnounceLeaving, on=date(2026, 6, 3))) == [
        ("aftersales.staff.told-too-late", "X-change")
    ]
    change = firm.do(c.AnnounceLeaving, on=date(2026, 6, 4))
    kind = "aftersales.technician.change-announced"
    assert told(change) == [(kind, "firm/it-office"), (kind, "firm/personnel")]
    assert li(firm).state is TechnicianState.LEAVING
    change = serving(told_of_change=None).do(c.AnnounceLeaving, on=date(2026, 6, 4))
    assert told(change) == [(kind, "firm/supervisor")]


@pytest.mark.clause("AS-STAFF-6")
def test_the_further_paper_comes_twelve_working_days_before() -> None:
    """For Thursday 4 June that is Tuesday 19 May; another day of the change needs it anew."""
    firm = serving()
    firm.do(c.AnnounceLeaving, on=date(2026, 6, 4))
    assert by_code(firm.refusals(c.HandInChangePaper, "20", ref="p-1")) == [
        ("aftersales.staff.told-too-late", "X-change-paper")
    ]
    firm.do(c.HandInChangePaper, "19", ref="p-1")
    assert li(firm).change_paper_on == date(2026, 5, 19)
    assert li(firm).shown == {"staff-change-paper": ("p-1",)}
    firm.do(c.AnnounceLeaving, "20", on=date(2026, 7, 1))
    assert li(firm).change_paper_on is None


@pytest.mark.clause("AS-STAFF-6", "AS-FORM-4")
def test_nobody_leaves_with_orders_visits_or_papers_left() -> None:
    """Everything that stands against it is named at once."""
    firm = with_book()
    assert by_code(firm.refusals(c.LeaveService)) == [
        ("aftersales.staff.not-announced", "X-change"),
        ("aftersales.orders.to-hand-in", "AS-FORM-4"),
    ]
    firm.do(c.AnnounceLeaving, on=date(2026, 6, 4))
    firm.do(c.BookVisit, **booking("T-1", "09:00", "10:00"))
    assert by_code(firm.refusals(c.LeaveService, "29")) == [
        ("aftersales.staff.leaves-later", "X-change"),
        ("aftersales.staff.change-paper-missing", "X-change-paper"),
        ("aftersales.orders.to-hand-in", "AS-FORM-4"),
        ("aftersales.staff.visits-left", "PRACTICE"),
    ]
    firm.do(c.FreeVisit, by=SYSTEM, ticket="T-1")
    firm.do(c.HandInOrders, by=FINANCE)
    firm.do(c.HandInChangePaper, "19", ref="p-1")
    assert firm.codes(c.LeaveService, "2026-06-03") == ["aftersales.staff.leaves-later"]
    firm.do(c.LeaveService, "2026-06-04")
    assert li(firm).state is TechnicianState.LEFT


def test_who_left_may_come_back_with_what_is_on_record() -> None:
    """Where the rulebook wants nothing announced, he leaves at once; a visit that is over is freed even then."""
    firm = used(with_book(change=None, change_paper=None), 1)
    firm.do(c.HandInOrders, by=FINANCE)
    firm.do(c.LeaveService)
    firm.do(c.FreeVisit, by=SYSTEM, ticket="T-1")
    assert firm.codes(c.AskLeave, **asking("06", "06")) == ["lifecycle.not-in-state"]
    firm.do(c.RegisterTechnician, "05", firm=FIRM, qualified=("valve",))
    record = li(firm)
    assert (record.state, record.qualified) == (TechnicianState.ACTIVE, ("valve",))
    assert (record.orders_used, record.leaves_on) == ({"1": "T-1"}, None)


def test_a_day_that_was_announced_is_waited_for_where_no_rule_asks_for_notice() -> None:
    """It is a practice then, and says so."""
    firm = serving(change=None, change_paper=None)
    firm.do(c.AnnounceLeaving, on=date(2026, 5, 6))
    assert by_code(firm.refusals(c.LeaveService, "05")) == [("aftersales.staff.leaves-later", "PRACTICE")]
    firm.do(c.LeaveService, "06")


# --- values -----------------------------------------------------------------------------------------------


def test_every_kind_of_message_has_a_name_of_its_own() -> None:
    """Nothing is told under another's name."""
    assert len(set(TECHNICIAN_MESSAGES)) == len(TECHNICIAN_MESSAGES)


def test_the_last_leave_of_a_day_is_the_one_spoken_of() -> None:
    """Of none there is none."""
    record = Technician(
        id=LI, state=TechnicianState.ACTIVE, firm=FIRM, agenda={"T-1": Booking(ticket="T-1", visit=1)}
    )
    assert record.leave_from(date(2026, 5, 4)) is None
    leave = Leave(
        first=date(2026, 5, 4),
        last=date(2026, 5, 4),
        reason="x",
        state=LeaveState.ASKED,
        asked_on=date(2026, 5, 1),
    )
    assert leave.is_open
    assert not leave.covers(date(2026, 5, 4))
