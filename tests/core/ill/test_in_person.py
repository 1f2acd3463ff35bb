"""The service with partners, in person: what the notice of Chongqing asks for, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from borrowing_at_work import LIBRARY, PATRON, READER, Borrowing

from servflow.core.citations import PRACTICE, Cited, Clause, Dated, Since
from servflow.core.dates import Period
from servflow.core.errors import InvalidValue
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.states import AttemptState, CaseState
from servflow.core.ill.terms import Requested, Service
from servflow.rulebooks import borrowing_policy, load

POLICY = borrowing_policy(load("cque/partnership-borrowing"), library=LIBRARY)
PARTNER = "CN-CQUPT"
NANSHAN, XUEFU = "南山校区图书馆总服务台", "学府大道校区图书馆办公室"
BOOK = Requested(title="古城水系考", call_number="K928.4/7", barcode="3100456")
CARD: dict[str, Any] = {"desk": NANSHAN, "card_shown": True, "signed": "2026-7"}


def applied(requested: Requested = BOOK, *suppliers: str, **own: Any) -> Borrowing:
    """An application that was submitted on Monday 5 January 2026."""
    made = Borrowing(requested, suppliers=suppliers or (PARTNER,), policy=own.pop("policy", POLICY), **own)
    return made.do(c.Submit, PATRON)


def registered(*suppliers: str, **own: Any) -> Borrowing:
    """The reader has registered with card and form."""
    return applied(BOOK, *suppliers, **own).do(c.RegisterAtDesk, desk=NANSHAN, form="2026-7", card_shown=True)


def here(**received: Any) -> Borrowing:
    """The book is here."""
    sent = registered().do(c.ApproveRequest)
    return sent.hear(c.HearShipped, PARTNER, items=("A1",), due=date(2026, 4, 1)).do(c.Receive, **received)


def cited(case: Borrowing, kind: Any, /, *by: Any, **said: Any) -> list[tuple[str, str | None]]:
    """Why a command would be refused: each code with its clause."""
    return [(r.code, r.clause.id if r.clause else None) for r in case.refusal(kind, *by, **said)]


@pytest.mark.clause("CQ-3")
@pytest.mark.parametrize("part", ["title", "call_number", "barcode"])
def test_an_application_names_title_call_number_and_barcode(part: str) -> None:
    """What is missing is named; with all three it is submitted, and the partner is told all three."""
    made = Borrowing(
        replace(BOOK, **{part: " "}, record_ids=("ISBN:1",)), suppliers=(PARTNER,), policy=POLICY
    )
    (reason,) = made.refusal(c.Submit, PATRON)
    assert (reason.code, reason.facts, reason.clause and reason.clause.id) == (
        "ill.citation-lacks",
        (("part", part),),
        "CQ-3",
    )
    asked = registered().do(c.ApproveRequest)
    facts = dict(next(each for each in asked.told if each.kind == "ill.borrowing.request").facts)
    assert (facts["title"], facts["call_number"], facts["barcode"]) == ("古城水系考", "K928.4/7", "3100456")


@pytest.mark.clause("CQ-3", "CQ-8")
def test_nothing_is_ordered_before_the_reader_has_registered_in_person() -> None:
    """Staff see that he has not; approval waits for it."""
    desk = applied()
    assert desk.case.state is CaseState.IN_REVIEW
    assert ("ill.refer.registration", "CQ-8") in [
        (r.code, r.clause and r.clause.id) for r in desk.case.reasons
    ]
    assert cited(desk, c.ApproveRequest) == [("ill.not-registered", "CQ-8")]
    desk.do(c.RegisterAtDesk, desk=XUEFU, form="2026-7", card_shown=True)
    assert (desk.case.desk, desk.case.form) == (XUEFU, "2026-7")
    assert desk.do(c.ApproveRequest).case.state is CaseState.SENT


@pytest.mark.clause("CQ-8")
def test_registration_is_at_one_of_two_desks_with_card_and_form() -> None:
    """Each thing that is missing is named."""
    assert cited(applied(), c.RegisterAtDesk, desk="一号楼") == [
        ("ill.no-such-desk", "CQ-8"),
        ("ill.card-not-shown", "CQ-8"),
        ("ill.form-missing", "CQ-8"),
    ]
    for desk in (NANSHAN, XUEFU):
        there = applied().do(c.RegisterAtDesk, desk=desk, form="2026-7", card_shown=True)
        assert there.case.desk == desk


@pytest.mark.clause("CQ-3", "CQ-8")
def test_the_reader_hears_where_and_until_when_to_pick_it_up() -> None:
    """Staff tell the window when it is here, or later; another one may be told."""
    desk = here(pick_up_by=date(2026, 1, 9))
    ready = [message for message in desk.told if message.kind == "ill.patron.ready"]
    assert dict(ready[-1].facts)["pick_up_by"] == date(2026, 1, 9)
    assert dict(ready[-1].facts)["desk"] == NANSHAN
    assert cited(desk, c.SetPickUp, until=date(2026, 1, 4)) == [("ill.pick-up-over", None)]
    desk.do(c.SetPickUp, until=date(2026, 1, 16))
    ready = [message for message in desk.told if message.kind == "ill.patron.ready"]
    assert (ready[-1].to, dict(ready[-1].facts)["pick_up_by"]) == (READER, date(2026, 1, 16))


@pytest.mark.clause("CQ-3")
def test_it_is_picked_up_within_the_window() -> None:
    """The last day is in it; once he has had it, the window no longer counts."""
    window = here(pick_up_by=date(2026, 1, 9))
    assert cited(window.on("2026-01-12"), c.CheckOut, **CARD) == [("ill.pick-up-over", None)]
    window.on("2026-01-09").do(c.CheckOut, **CARD)
    window.on("2026-01-19").do(c.TakeBack, desk=NANSHAN).do(c.CheckOut, **CARD)
    assert window.case.state is CaseState.ON_LOAN


@pytest.mark.clause("CQ-3", "CQ-8")
def test_pick_up_and_return_are_at_the_desk_of_registration_with_card_and_signature() -> None:
    """Elsewhere, without the card or without a signed form nothing is handed out."""
    desk = here()
    assert cited(desk, c.CheckOut, desk=XUEFU) == [
        ("ill.other-desk", "CQ-8"),
        ("ill.card-not-shown", "CQ-8"),
        ("ill.not-signed", "CQ-8"),
    ]
    desk.do(c.CheckOut, **CARD)
    assert desk.case.signed == "2026-7"
    assert cited(desk, c.TakeBack, desk=XUEFU) == [("ill.other-desk", "CQ-8")]
    assert desk.do(c.TakeBack, desk=NANSHAN).case.state is CaseState.AWAITING_RETURN


@pytest.mark.clause("CQ-5")
def test_the_reader_has_it_for_a_month_however_long_the_lender_lends_it() -> None:
    """From the day he takes it; on the last open day of that month he brings it back."""
    desk = here()
    assert desk.case.due == date(2026, 4, 1)
    desk.on("2026-01-08").do(c.CheckOut, **CARD)
    assert desk.case.patron_due == date(2026, 2, 6)  # the Friday before Sunday 8 February
    desk.on("2026-01-20").do(c.TakeBack, desk=NANSHAN)
    desk.on("2026-01-21").do(c.CheckOut, **CARD)
    assert desk.case.patron_due == date(2026, 2, 6)


@pytest.mark.clause("CQ-5")
def test_the_lenders_term_counts_where_it_ends_sooner() -> None:
    """A lender's day within the month stays the reader's day; no day at all leaves the month."""
    assert POLICY.lent_until(date(2026, 1, 20), date(2026, 1, 8)) == date(2026, 1, 20)
    assert POLICY.lent_until(date(2026, 2, 20), date(2026, 1, 8)) == date(2026, 2, 6)
    assert POLICY.lent_until(None, date(2026, 1, 8)) == date(2026, 2, 6)
    free = replace(POLICY, loan_period=Dated.always("loan-period", None, PRACTICE))
    assert free.lent_until(None, date(2026, 1, 8)) is None
    month = replace(POLICY, loan_period=Dated.always("loan-period", Period(months=1), PRACTICE))
    assert month.lent_until(None, date(2025, 12, 31)) == date(2026, 1, 30)


@pytest.mark.clause("CQ-7")
def test_only_partners_are_asked() -> None:
    """Whoever is no partner is passed over, and cannot be put into the rota."""
    desk = registered("CN-NLC", PARTNER).do(c.ApproveRequest)
    assert [(each.supplier, each.state) for each in desk.case.attempts] == [
        ("CN-NLC", AttemptState.SKIPPED),
        (PARTNER, AttemptState.ACTIVE),
    ]
    (reason,) = desk.refusal(c.SetRota, suppliers=("CN-NLC", PARTNER))
    assert (reason.code, reason.facts, reason.clause and reason.clause.id) == (
        "ill.no-partner",
        (("supplier", "CN-NLC"),),
        "CQ-7",
    )


@pytest.mark.clause("CQ-7")
def test_the_list_of_partners_is_dated() -> None:
    """A partner of tomorrow is none today."""
    lists: tuple[tuple[date, tuple[str, ...]], ...] = (
        (date(2015, 3, 23), (PARTNER,)),
        (date(2026, 1, 6), (PARTNER, "CN-SWU")),
    )
    since = [Since(start, Cited(partners, Clause("CQ-7"))) for start, partners in lists]
    policy = replace(POLICY, partners=Dated("partners", since))
    for day, asked in (("2026-01-05", AttemptState.SKIPPED), ("2026-01-06", AttemptState.ACTIVE)):
        desk = registered("CN-SWU", PARTNER, policy=policy).on(day).do(c.ApproveRequest)
        assert desk.case.attempts[0].state is asked, day


def test_staff_do_not_ask_who_is_no_partner_either() -> None:
    """Where nothing is sent by itself, the same is refused by hand."""
    by_hand = Dated.always("sends-itself", value=False, clause=PRACTICE)
    desk = registered("CN-NLC", policy=replace(POLICY, sends_itself=by_hand)).do(c.ApproveRequest)
    assert cited(desk, c.Send) == [("ill.no-partner", "CQ-7")]


@pytest.mark.clause("CQ-7")
def test_printed_books_only() -> None:
    """A copy is not ordered."""
    desk = Borrowing(BOOK, service=Service.COPY, policy=POLICY)
    desk.do(c.Submit, PATRON, declared=True)
    assert [(r.code, r.clause and r.clause.id) for r in desk.case.reasons] == [
        ("ill.block.service-not-offered", "CQ-7")
    ]


def test_where_the_rules_ask_for_none_of_it_nothing_is_asked_for() -> None:
    """The same library's service with any lender knows no desks, no partners, no full citation."""
    desk = Borrowing().sent().hear(c.HearShipped, due=date(2026, 4, 1)).do(c.Receive)
    desk.do(c.CheckOut).do(c.TakeBack)
    assert (desk.case.desk, desk.case.signed, desk.case.pick_up_by) == (None, None, None)
    plain = Borrowing().do(c.Submit, PATRON)
    assert [r.code for r in plain.refusal(c.RegisterAtDesk, desk=NANSHAN, form="1", card_shown=True)] == [
        "ill.no-such-desk"
    ]


def test_a_desk_has_a_name() -> None:
    """Nobody registers nowhere."""
    with pytest.raises(InvalidValue):
        applied().do(c.RegisterAtDesk, desk=" ")
