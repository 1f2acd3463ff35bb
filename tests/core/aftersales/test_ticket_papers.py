"""The papers of a ticket: numbered by the firm's books, void or filed once, no signature ahead of the work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from desk_at_work import FIRM, MONDAY, POLICY, SUPERVISOR, Desk, case, command, policy, ticket

from servflow.core.aftersales.books.commands import TakeNumbers, VoidNumber
from servflow.core.aftersales.books.model import Book, BookState, book_key
from servflow.core.aftersales.circumstances import When
from servflow.core.aftersales.desk_rules import Numbering, Series
from servflow.core.aftersales.policy import Checklist, ServicePolicy
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets import papers
from servflow.core.aftersales.tickets.messages import TAKEN_IN
from servflow.core.aftersales.tickets.model import Item, Paper, Ticket
from servflow.core.aftersales.tickets.reading import reads
from servflow.core.aftersales.tickets.states import Custody, PaperState, Stage
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.changes import Aggregate, Office
from servflow.core.citations import Reason
from servflow.core.lifecycle import OPENING

TODAY = date(2026, 5, 4)
URGENT = When((("urgent", ("yes",)),))


def book(next: int, series: Series = Series.RECEIPT) -> Book:
    """The firm's book of a series, of which some numbers are used."""
    return Book(
        id=book_key(FIRM, series).id, state=BookState.KEPT, version=1, firm=FIRM, series=series, next=next
    )


def paper(number: int = 17, series: Series = Series.RECEIPT, **said: Any) -> Paper:
    """A paper that was issued today."""
    return Paper(series=series, number=number, issued_on=TODAY, **said)


def with_papers(*them: Paper, **said: Any) -> Ticket:
    """A ticket that has these papers."""
    it: Ticket = ticket(papers={each.ref: each for each in them}, **said)
    return it


def item(custody: Custody, serial: str = "U-1", **said: Any) -> Item:
    """An item, and who has it."""
    return Item(serial=serial, custody=custody, **said)


# --- issued ---------------------------------------------------------------------------------------


def issue(*others: Aggregate, it: Ticket | None = None, rules: ServicePolicy = POLICY, **said: Any) -> Any:
    """A receipt is issued by a step of the ticket."""
    it = ticket() if it is None else it
    step = command(c.TakeIn, items=("U-1",), id="step")
    series = said.pop("series", Series.RECEIPT)
    return papers.issued(case(it, step, others=others, rules=rules), it, series, **said)


def test_a_paper_has_the_next_number_of_its_book() -> None:
    """With the copies that the rulebook gives it, and the number is taken in the same change."""
    it, number, (take,) = issue(book(17), item="U-1", signed_by=("clerk",))

    assert number == 17
    assert dict(it.papers) == {
        "receipt/17": paper(17, copies=("customer", "firm"), item="U-1", signed_by=("clerk",))
    }
    assert take == TakeNumbers(
        id="step/receipt/17",
        case=f"{FIRM}/receipt",
        by=take.by,
        happened_at=MONDAY,
        recorded_at=MONDAY,
        firm=FIRM,
        series=Series.RECEIPT,
        first=17,
        about="T-1",
        count=1,
    )
    assert (take.by.office, take.by.serves) == (Office.SYSTEM, FIRM)


def test_the_first_paper_of_a_series_has_the_number_1() -> None:
    """The book is opened with it, whatever the numbers of other series are."""
    it, number, (take,) = issue(book(5, Series.TAG), it=with_papers(paper(9, Series.TAG)))

    assert (number, take.first) == (1, 1)
    assert set(it.papers) == {"repair-tag/9", "receipt/1"}


def test_a_second_paper_of_a_step_follows_the_first() -> None:
    """The book as it was read does not know yet of what the step itself has taken."""
    it, first, (one,) = issue(book(17), item="U-1")
    it, second, (other,) = issue(book(17), it=it, item="U-2")

    assert (first, second) == (17, 18)
    assert (one.first, other.first) == (17, 18)
    assert one.id != other.id
    assert [each.item for each in it.papers.values()] == ["U-1", "U-2"]


def test_several_of_a_series_are_taken_at_once() -> None:
    """Consecutive numbers, in the order of the items."""
    it, step = ticket(), command(c.TakeIn, items=("b", "a"))
    s = case(it, step, others=(book(17),))
    it, numbers, (take,) = papers.issued_each(s, it, Series.RECEIPT, ("b", "a"))

    assert numbers == {"b": 17, "a": 18}
    assert isinstance(take, TakeNumbers)
    assert (take.first, take.count) == (17, 2)
    assert [(each.number, each.item) for each in it.papers.values()] == [(17, "b"), (18, "a")]


@pytest.mark.parametrize(
    "rules",
    [
        policy(receipt=None),
        policy(receipt=Numbering(series=Series.RECEIPT, when=When((("urgent", ("yes",)),)))),
        policy(receipt=Numbering(series=Series.RECEIPT, when=When((("cause", ("misuse",)),)))),
    ],
)
def test_a_series_that_is_not_kept_has_no_papers(rules: ServicePolicy) -> None:
    """None for any ticket, or none for this one: no number, nothing taken."""
    it = ticket()

    assert issue(it=it, rules=rules) == (it, None, ())


def test_the_first_rule_that_holds_says_the_copies() -> None:
    """A firm may have other copies for other cases."""
    urgent = Numbering(series=Series.RECEIPT, copies=("both",), when=When((("urgent", ("yes",)),)))
    rules = policy(receipt=urgent, receipt_otherwise=Numbering(series=Series.RECEIPT, copies=("one",)))

    assert issue(rules=rules)[0].papers["receipt/1"].copies == ("one",)
    assert issue(it=ticket(answers={"urgent": "yes"}), rules=rules)[0].papers["receipt/1"].copies == ("both",)


# --- void and filed -------------------------------------------------------------------------------


def voids(
    it: Ticket, number: int = 17, series: Series = Series.RECEIPT, *others: Aggregate, **said: Any
) -> Any:
    """The situation in which a paper is to be void."""
    step = command(c.VoidPaper, series=series, number=number, reason="a slip of the pen", id="step")
    return case(it, step, others=others, **said)


def test_an_open_paper_may_end() -> None:
    """The ticket has it, and no item is there that it is the receipt of."""
    s = voids(with_papers(paper(item="U-1")))

    assert list(papers.paper_open(s)) == []
    assert list(papers.not_a_live_receipt(s)) == []


@pytest.mark.clause("AS-FLOW-6")
def test_a_receipt_is_not_void_twice() -> None:
    """It is void from the day on which the customer gave it back."""
    s = voids(with_papers(paper(state=PaperState.VOID, ended_on=TODAY, why="item given back")))
    (reason,) = papers.paper_open(s)

    assert (reason.code, reason.clause and reason.clause.id) == ("aftersales.paper-void", "AS-FLOW-6")
    assert reason.facts == (("series", "receipt"), ("number", 17), ("since", TODAY))


@pytest.mark.clause("AS-FORM-1")
@pytest.mark.parametrize(
    ("there", "code"),
    [
        (paper(series=Series.VOUCHER, state=PaperState.VOID), "aftersales.paper-void"),
        (paper(series=Series.VOUCHER, state=PaperState.FILED), "aftersales.paper-filed"),
        (paper(18, Series.VOUCHER), "aftersales.no-such-paper"),
        (paper(), "aftersales.no-such-paper"),
    ],
)
def test_a_paper_that_is_not_open_does_not_end(there: Paper, code: str) -> None:
    """Void, filed, of another number or of another series: a spoiled paper is one that was issued."""
    s = voids(with_papers(there), series=Series.VOUCHER)
    (reason,) = papers.paper_open(s)

    assert (reason.code, reason.clause and reason.clause.id) == (code, "AS-FORM-1")
    assert reason.facts == (("series", "voucher"), ("number", 17))
    assert list(papers.not_a_live_receipt(s)) == []


INSIDE = {Custody.INBOUND, Custody.SHOP, Custody.VENDOR}


@pytest.mark.clause("AS-FLOW-6")
@pytest.mark.parametrize("custody", Custody)
@pytest.mark.parametrize("series", [Series.RECEIPT, Series.IN_OUT, Series.TAG, Series.VOUCHER])
def test_the_papers_of_an_item_that_is_there_stay_open(custody: Custody, series: Series) -> None:
    """A line and a tag while it is inside, a receipt until the customer has it, a voucher is no paper of it."""
    it = with_papers(paper(series=series, item="U-1"), items={"U-1": item(custody)})
    live = {Series.RECEIPT: INSIDE | {Custody.OUTBOUND}, Series.VOUCHER: set()}.get(series, INSIDE)
    reasons = list(papers.not_a_live_receipt(voids(it, series=series)))

    facts = (("paper", f"{series.value}/17"), ("item", "U-1"), ("custody", custody.value))
    expected = [Reason("aftersales.item-still-there", papers._TAKEN_BACK, facts)]
    assert reasons == (expected if custody in live else [])


def test_the_old_receipt_of_an_item_that_came_again_is_not_live() -> None:
    """It was void when the item went back; the new one is open."""
    old = paper(item="U-1", state=PaperState.VOID)
    it = with_papers(old, paper(18, item="U-1"), items={"U-1": item(Custody.SHOP, receipt=18)})

    assert list(papers.not_a_live_receipt(voids(it))) == []
    assert [each.code for each in papers.not_a_live_receipt(voids(it, 18))] == ["aftersales.item-still-there"]


def test_a_spoiled_paper_is_kept_and_its_number_is_void() -> None:
    """The paper says why and since when; its book is told so."""
    done = papers.void(
        voids(with_papers(paper(series=Series.VOUCHER)), 17, Series.VOUCHER, book(18, Series.VOUCHER))
    )

    assert isinstance(done.it, Ticket)
    assert done.it.papers["voucher/17"] == paper(
        series=Series.VOUCHER, state=PaperState.VOID, ended_on=TODAY, why="a slip of the pen"
    )
    (told,) = done.commands
    assert isinstance(told, VoidNumber)
    assert (told.case, told.number, told.reason) == (f"{FIRM}/voucher", 17, "a slip of the pen")
    assert told.id == "step/void/voucher/17"
    assert done.it.attention == ()


def test_a_paper_that_is_in_no_book_of_the_firm_is_void_on_its_ticket() -> None:
    """Its number is somebody else's."""
    done = papers.void(voids(with_papers(paper(series=Series.REPAIR_ORDER)), series=Series.REPAIR_ORDER))

    assert isinstance(done.it, Ticket)
    assert done.it.papers["repair-order/17"].state is PaperState.VOID
    assert done.commands == ()


@pytest.mark.clause("AS-FORM-1")
def test_a_spoiled_paper_goes_where_the_rulebook_says() -> None:
    """Staff have to hand it over."""
    rules = policy(voucher=Numbering(series=Series.VOUCHER, voided_to="finance"))
    done = papers.void(voids(with_papers(paper(series=Series.VOUCHER)), series=Series.VOUCHER, rules=rules))

    assert isinstance(done.it, Ticket)
    facts = (("paper", "voucher/17"), ("to", "finance"))
    assert done.it.attention == (Reason("aftersales.attention.spoiled", None, facts),)


def test_voiding_a_paper_looks_at_its_book() -> None:
    """At that of its series alone; filing one looks at none."""
    it = with_papers(paper())
    filing = command(c.FilePaper, series=Series.RECEIPT, number=17)

    assert reads(it, voids(it).command) == (book_key(FIRM, Series.RECEIPT),)
    assert reads(it, filing) == ()


def test_a_paper_is_filed() -> None:
    """From that day on it is not open; nothing is void."""
    it = with_papers(paper(series=Series.CALL_REGISTER), paper())
    done = papers.file(case(it, command(c.FilePaper, series=Series.CALL_REGISTER, number=17)))

    assert isinstance(done.it, Ticket)
    filed = paper(series=Series.CALL_REGISTER, state=PaperState.FILED, ended_on=TODAY)
    assert dict(done.it.papers) == {"call-register/17": filed, "receipt/17": paper()}
    assert done.commands == ()


# --- spoiled while the item is there ----------------------------------------------------------------


@pytest.mark.clause("AS-FORM-1", "AS-FLOW-5")
def test_a_spoiled_receipt_of_an_item_that_is_there_is_issued_anew() -> None:
    """The old number is void and kept, the next one is the item's, and the customer is told it."""
    desk = taken_in()
    change = desk.do(c.VoidPaper, series=Series.RECEIPT, number=1, reason="torn", reissue=True)

    it = desk.ticket()
    states = {ref: each.state for ref, each in it.papers.items() if each.series is Series.RECEIPT}
    assert states == {"receipt/1": PaperState.VOID, "receipt/2": PaperState.OPEN}
    assert (it.items["U-1"].receipt, it.papers["receipt/2"].item) == (2, "U-1")
    assert it.papers["receipt/2"].signed_by == (SUPERVISOR.party,)
    kept = desk.aggregates[book_key(FIRM, Series.RECEIPT)]
    assert isinstance(kept, Book)
    assert (kept.next, dict(kept.voided)) == (3, {"1": "torn"})
    (told,) = change.messages
    assert (told.kind, dict(told.facts)["receipts"]) == (TAKEN_IN, "2")
    assert desk.codes(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": ("receipt/1",)}) == [
        "aftersales.receipt-not-back"
    ]
    desk.do(c.ReturnUnit, items=("U-1",), shown={"receipt-returned": ("receipt/2",)})


def taken_in() -> Desk:
    """A desk that has taken an item in."""
    desk = Desk()
    desk.come_to(Stage.TRIAGED)
    desk.do(c.TakeIn, items=("U-1",))
    return desk


@pytest.mark.parametrize(("series", "place"), [(Series.IN_OUT, "entry"), (Series.TAG, "tag")])
def test_a_spoiled_line_or_tag_is_issued_anew(series: Series, place: str) -> None:
    """The customer hears nothing of it; nobody signs a tag."""
    desk = taken_in()
    change = desk.do(c.VoidPaper, series=series, number=1, reason="torn", reissue=True)

    it = desk.ticket()
    assert change.messages == ()
    assert getattr(it.items["U-1"], place) == 2
    assert (it.items["U-1"].receipt, it.papers[f"{series.value}/2"].signed_by) == (1, ())


def test_only_the_papers_of_an_item_that_is_there_are_issued_anew() -> None:
    """Of which the firm still keeps the series; without another one they stay, and none is filed."""
    there = with_papers(paper(item="U-1"), items={"U-1": item(Custody.SHOP)})

    def anew(it: Ticket, number: int = 17, **said: Any) -> list[str]:
        step = command(c.VoidPaper, series=Series.RECEIPT, number=number, reason="torn", reissue=True)
        return [each.code for each in papers.reissuable(case(it, step, **said))]

    assert anew(there) == []
    assert anew(there, 18) == []  # paper_open says that there is none
    assert anew(there, rules=policy(receipt=None)) == ["aftersales.not-reissued"]
    assert anew(with_papers(paper(item="U-1"))) == ["aftersales.not-reissued"]
    back = with_papers(paper(item="U-1"), items={"U-1": item(Custody.CUSTOMER)})
    assert anew(back) == ["aftersales.not-reissued"]
    assert list(papers.reissuable(voids(there))) == []
    filing = command(c.FilePaper, series=Series.RECEIPT, number=17)
    (reason,) = papers.not_a_live_receipt(case(there, filing))
    assert reason.code == "aftersales.item-still-there"


# --- shown ----------------------------------------------------------------------------------------

UNDONE = {
    Stage.REPORTED,
    Stage.TRIAGED,
    Stage.COVERED,
    Stage.QUOTED,
    Stage.APPROVED,
    Stage.DISPATCHED,
    Stage.ON_SITE,
    Stage.IN_SHOP,
}


SIGNATURES = (
    "acceptance-signature",
    "customer-signature",
    "signature of the customer",
    "signature-of-the-customer",
    "voucher-signature",
)


@pytest.mark.clause("AS-FLOW-3")
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("name", SIGNATURES)
def test_nobody_signs_before_the_service_is_done(stage: Stage, name: str) -> None:
    """However the customer's signature is called; other facts are shown at any time."""
    said = command(c.ShowFacts, shown={"photographs": ("p-1",), name: ("s-1",)}, by=SUPERVISOR)
    reasons = list(papers.not_ahead_of_the_work(case(ticket(stage), said)))

    assert [each.code for each in reasons] == ["aftersales.signed-before-done"] * (stage in UNDONE)
    for reason in reasons:
        assert reason.clause is not None
        assert reason.clause.id == "AS-FLOW-3"
        assert reason.facts == (("item", name), ("stage", stage.value))


SIGNED = policy(
    signed=Checklist(step="acceptance", items=("2 signed sheets", "voucher", "signal lamp"), when=URGENT),
    item=Checklist(step="take-in", items=("signature for the item", "voucher-signature")),
)


@pytest.mark.clause("AS-FLOW-3")
def test_what_the_rulebook_has_signed_at_the_acceptance_is_not_signed_before() -> None:
    """Whatever it is called, and whatever was answered; a paper or a lamp is no signature."""
    shown = dict.fromkeys(("signed sheets", "voucher", "signal lamp", "assigned engineer"), ("x-1",))
    reasons = list(papers.not_ahead_of_the_work(case(ticket(), command(c.Triage, shown=shown), rules=SIGNED)))

    assert [dict(each.facts)["item"] for each in reasons] == ["signed sheets"]


@pytest.mark.clause("AS-FLOW-5")
def test_what_the_customer_signs_as_an_item_is_taken_in_is_another_signature() -> None:
    """Where the rulebook asks for it there; at another step it is the one for the service."""
    shown = {"signature for the item": ("s-1",), "voucher-signature": ("s-2",)}
    taking = command(c.TakeIn, items=("U-1",), shown=shown)
    telling = command(c.AnswerCustomer, note="soon", shown=shown)

    assert list(papers.not_ahead_of_the_work(case(ticket(), taking, rules=SIGNED))) == []
    (reason,) = papers.not_ahead_of_the_work(case(ticket(), telling, rules=SIGNED))
    assert dict(reason.facts)["item"] == "voucher-signature"


@pytest.mark.clause("AS-FLOW-3")
def test_no_step_of_a_service_that_is_not_done_brings_the_signature_along() -> None:
    """Neither its report nor its finishing, nor a call: every row has the guard."""
    signed = {"customer-signature": ("s-1",)}
    desk = Desk()
    (reason,) = desk.refusals(c.ReportFault, shown=signed)
    assert (reason.code, dict(reason.facts)["stage"]) == ("aftersales.signed-before-done", "none")
    desk.come_to(Stage.ON_SITE)
    for kind, said in (
        (c.Finish, {}),
        (c.AnswerCustomer, {"note": "soon"}),
        (c.LogCall, {"about": "x", "taken": True}),
        (c.ShowFacts, {}),
    ):
        assert desk.codes(kind, shown=signed, **said) == ["aftersales.signed-before-done"]
    desk.do(c.Finish)
    assert desk.codes(c.AcceptWork, shown=signed) == []

    early = [row for row in TICKET.rows if row.does is not None and {OPENING, *UNDONE} & {*row.sources()}]
    assert all(papers.not_ahead_of_the_work in row.needs for row in early)


def test_other_facts_are_shown_at_any_time() -> None:
    """A photograph is no signature."""
    said = command(c.ShowFacts, shown={"photographs": ("p-1",)})

    assert list(papers.not_ahead_of_the_work(case(ticket(), said))) == []


def test_what_is_shown_is_on_record() -> None:
    """With what was there before, each once."""
    it = ticket(shown={"photographs": ("p-1",)})
    done = papers.show(
        case(it, command(c.ShowFacts, shown={"photographs": ("p-1", "p-2"), "plan": ("d-1",)}))
    )

    assert done.it == replace(it, shown={"photographs": ("p-1", "p-2"), "plan": ("d-1",)})
