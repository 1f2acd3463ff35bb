"""Every guard of the borrowing desk: what it refuses, by which code and with which facts, and what passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from borrowing_desk import CASE, LENDER, LIBRARY, LINK, PATRON, BorrowingDesk, costs, yuan

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.errors import AlreadyExists, InvalidValue, Refused
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.states import BlockKind, CaseOutcome, CaseState, DelayKind
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    Requested,
    Service,
    WhereLost,
)
from servflow.core.lifecycle import NOT_YOURS
from servflow.core.money import Money

S = CaseState


@pytest.fixture
def desk() -> BorrowingDesk:
    """A borrowing desk without any case yet."""
    return BorrowingDesk()


def in_state(desk: BorrowingDesk, **fields: Any) -> None:
    """The case as it would be found in a storage, in a state that it passes through at once."""
    desk.aggregates[Key("ill.borrowing", CASE)] = replace(desk.case(), **fields)


# --- who speaks -------------------------------------------------------------------------------------


def test_a_request_is_this_librarys(desk: BorrowingDesk) -> None:
    """Neither one for another library, nor one by another library's people, opens a case."""
    other = Actor("somebody", "CN-ZJU", Office.STAFF)

    assert desk.refused(c.DraftRequest, "2026-01-05", library="CN-ZJU") == [
        ("ill.not-our-request", None, {"library": "CN-ZJU"})
    ]
    assert desk.refused(c.DraftRequest, "2026-01-05", by=other)[0][0] == "ill.not-our-request"
    for by in (desk.patron, desk.staff, desk.system):
        assert desk.refused(c.DraftRequest, "2026-01-05", by=by) == []


def test_a_patron_asks_for_himself(desk: BorrowingDesk) -> None:
    """A patron writes no request for another one; staff may."""
    assert desk.refused(c.DraftRequest, "2026-01-05", patron="p-18") == [
        ("ill.not-the-patron", None, {"patron": "p-18"})
    ]
    assert desk.refused(c.DraftRequest, "2026-01-05", patron="p-18", by=desk.staff) == []


def test_a_patron_speaks_to_his_own_cases(desk: BorrowingDesk) -> None:
    """Neither another patron is heard, nor one of another library who is called the same."""
    desk.draft()
    for by in (Actor("p-18", LIBRARY, Office.PERSON), Actor(PATRON, "CN-ZJU", Office.PERSON)):
        assert desk.reasons(c.Withdraw, "2026-01-05", by=by)[0].code == NOT_YOURS
    assert desk.reasons(c.Withdraw, "2026-01-05", by=desk.patron) == ()


def test_only_the_librarys_own_rules_open_a_case_that_sends_back(desk: BorrowingDesk) -> None:
    """A supplier's program cannot make a case of ours; nor one for another library."""
    theirs = Actor("ils", LENDER, Office.SYSTEM)

    assert desk.refused(c.OpenReturn, "2026-01-05", by=theirs) != []
    assert desk.refused(c.OpenReturn, "2026-01-05", library="CN-ZJU") == [
        ("ill.not-our-request", None, {"library": "CN-ZJU"})
    ]
    assert desk.refused(c.OpenReturn, "2026-01-05") == []


@pytest.mark.parametrize("kind", [c.DraftRequest, c.AmendRequest, c.AcceptRetry])
def test_what_it_may_cost_is_in_the_librarys_currency(desk: BorrowingDesk, kind: Any) -> None:
    """Another currency is refused, with the one it should be; none at all passes."""
    if kind is c.AmendRequest:
        desk.draft()
    if kind is c.AcceptRetry:
        desk.retry()
    by = desk.patron if kind is c.DraftRequest else desk.staff

    assert desk.refused(kind, "2026-01-06", max_cost=Money(5, "EUR"), by=by) == [
        ("ill.wrong-currency", None, {"currency": "CNY"})
    ]
    assert desk.refused(kind, "2026-01-06", max_cost=yuan(5), by=by) == []
    assert desk.refused(kind, "2026-01-06", by=by) == []


# --- filing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "refused"),
    [
        (Requested(), ["ill.not-cited"]),
        (Requested(title="  ", author="某人"), ["ill.not-cited"]),
        (Requested(title="书"), []),
        (Requested(record_ids=("ISBN:9787301000000",)), []),
    ],
)
def test_what_is_filed_can_be_looked_for(
    desk: BorrowingDesk, requested: Requested, refused: list[str]
) -> None:
    """It has a title or a record id."""
    desk.draft(requested=requested)

    assert [each[0] for each in desk.refused(c.Submit, "2026-01-05")] == refused


def test_staff_approve_only_what_can_be_looked_for(desk: BorrowingDesk) -> None:
    """A citation that was emptied meanwhile is not ordered."""
    desk.submit()
    desk.do(c.AmendRequest, "2026-01-05", requested=Requested(author="某人"))

    assert desk.refused(c.ApproveRequest, "2026-01-05") == [("ill.not-cited", None, {})]


def test_a_copy_is_filed_with_the_declaration(desk: BorrowingDesk) -> None:
    """Where the rules ask for it, the patron accepts the terms first; a loan needs none."""
    desk.draft(service=Service.COPY)

    assert desk.refused(c.Submit, "2026-01-05") == [("ill.not-declared", "PRACTICE", {"service": "Copy"})]
    assert desk.refused(c.Submit, "2026-01-05", declared=True) == []
    desk.do(c.AmendRequest, "2026-01-05", service=Service.LOAN, by=desk.patron)
    assert desk.refused(c.Submit, "2026-01-05") == []


def test_what_is_of_no_use_any_more_is_not_filed(desk: BorrowingDesk) -> None:
    """The last day of use counts still; the day after is too late."""
    desk.draft(need_before=date(2026, 1, 9))

    assert desk.refused(c.Submit, "2026-01-09T23:59") == []
    assert desk.refused(c.Submit, "2026-01-10T00:00") == [
        ("ill.need-before-passed", None, {"need_before": date(2026, 1, 9)})
    ]


@pytest.mark.parametrize("limit", [None, date(2026, 1, 9)])
def test_what_is_of_use_does_not_expire(desk: BorrowingDesk, limit: date | None) -> None:
    """The clock is refused up to the last day of use; without one for ever."""
    desk.submit(need_before=limit)

    assert desk.refused(c.Expire, "2026-01-09T23:59") == [("ill.still-needed", None, {})]
    assert (desk.refused(c.Expire, "2026-01-10T00:00") == []) is (limit is not None)


# --- the rules a request is checked by ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "code", "clause", "said"),
    [
        ({"expired": True}, "patron-expired", None, {}),
        ({"debarred": True}, "patron-debarred", None, {}),
        ({"category": "visitor"}, "not-eligible", "CQ-1", {"category": "visitor"}),
        ({"active": 2}, "too-many-active", "CQ-5", {"allowed": 2, "there_are": 2}),
        ({"active": 7}, "too-many-active", "CQ-5", {"allowed": 2, "there_are": 7}),
        ({"debt": yuan("0.01")}, "debt", "CQ-1", {"amount": yuan("0.01")}),
        ({"overdue": 1}, "overdue", "CQ-1", {"overdue": 1}),
        ({"requestable": False}, "not-requestable", None, {}),
    ],
)
def test_what_blocks_a_request(
    desk: BorrowingDesk, facts: dict[str, Any], code: str, clause: str | None, said: dict[str, Any]
) -> None:
    """Each fact by itself blocks it at once; the patron hears why."""
    desk.know(**facts)
    desk.submit()

    (reason,) = desk.case().reasons
    assert desk.case().state is S.BLOCKED
    assert (reason.code, reason.clause.id if reason.clause else None, dict(reason.facts)) == (
        f"ill.block.{code}",
        clause,
        said,
    )
    told = desk.messages[-1]
    assert (told.kind, told.to, told.reasons) == ("ill.patron.blocked", PATRON, (reason,))
    assert f"ill.block.{code}" in {f"ill.block.{kind.value}" for kind in BlockKind}


@pytest.mark.parametrize(
    "facts",
    [
        {"active": 1},
        {"this_year": 400},
        {"debt": Money(0, "CNY")},
        {"copies_this_year": 9, "copy_limit": 1},
        {"category": "full-time-student"},
    ],
)
def test_what_does_not_block_a_loan(desk: BorrowingDesk, facts: dict[str, Any]) -> None:
    """One below the limit, no limit, a debt of nothing, a quota of copies, the other category."""
    desk.know(**facts)
    desk.submit()

    assert desk.case().state is S.IN_REVIEW


def test_every_block_is_named_at_once(desk: BorrowingDesk) -> None:
    """Nobody has to come again for the second reason."""
    desk.know(expired=True, debt=yuan(5), overdue=2, active=2)
    desk.submit()

    assert [each.code.removeprefix("ill.block.") for each in desk.case().reasons] == [
        "patron-expired",
        "too-many-active",
        "debt",
        "overdue",
    ]


def test_a_limit_per_year_blocks_where_there_is_one(desk: BorrowingDesk) -> None:
    """At the limit, not below it."""
    desk.rule(most_per_year=20)
    desk.know(this_year=19)
    desk.submit()
    assert desk.case().state is S.IN_REVIEW

    desk.know(this_year=20)
    desk.submit(case="B-2")
    assert [each.code for each in desk.case("B-2").reasons] == ["ill.block.too-many-this-year"]


def test_the_quota_of_copies_counts_for_copies(desk: BorrowingDesk) -> None:
    """So many copies of one source as may be made: the next one is blocked; without a quota none is."""
    desk.know(copies_this_year=1, copy_limit=2)
    desk.submit(service=Service.COPY)
    assert desk.case().state is S.IN_REVIEW

    desk.know(copies_this_year=2)
    desk.submit(service=Service.COPY, case="B-2")
    (reason,) = desk.case("B-2").reasons
    assert (reason.code, dict(reason.facts)) == ("ill.block.copyright-quota", {"allowed": 2})

    desk.know(copy_limit=None)
    desk.submit(service=Service.COPY, case="B-3")
    assert desk.case("B-3").state is S.IN_REVIEW


@pytest.mark.parametrize(
    ("offered", "asked", "blocked"),
    [
        ((Service.LOAN,), Service.COPY, True),
        ((Service.LOAN,), Service.COPY_OR_LOAN, False),
        ((Service.COPY,), Service.COPY_OR_LOAN, False),
        ((Service.COPY,), Service.LOAN, True),
        ((), Service.COPY_OR_LOAN, True),
    ],
)
def test_what_the_library_does_not_order_is_blocked(
    desk: BorrowingDesk, offered: tuple[Service, ...], asked: Service, blocked: bool
) -> None:
    """A copy or loan passes where either is ordered."""
    desk.rule(services=offered)
    desk.submit(service=asked)

    assert (desk.case().state is S.BLOCKED) is blocked
    if blocked:
        assert dict(desk.case().reasons[0].facts) == {"service": asked.value}


@pytest.mark.parametrize("served", [(), ("visitor",)])
def test_whom_the_rules_serve(desk: BorrowingDesk, served: tuple[str, ...]) -> None:
    """Without a list everybody is served."""
    desk.rule(served=served)
    desk.know(category="visitor")
    desk.submit()

    assert desk.case().state is S.IN_REVIEW


def test_debts_and_overdue_things_block_only_where_the_rules_say_so(desk: BorrowingDesk) -> None:
    """Another library lends to debtors."""
    desk.rule(refused_for_debt=False, refused_while_overdue=False)
    desk.know(debt=yuan(5), overdue=2)
    desk.submit()

    assert desk.case().state is S.IN_REVIEW


@pytest.mark.parametrize(
    ("facts", "said", "codes"),
    [
        ({}, {}, []),
        ({"held_locally": True}, {}, ["held-locally"]),
        ({"duplicate_of": "B-0"}, {}, ["possible-duplicate"]),
        ({"duplicate_of": "B-0"}, {"preceded_by": "B-0"}, []),
        ({}, {"requested": Requested(record_ids=("OCLC:1",))}, ["citation-incomplete"]),
        ({}, {"service": Service.COPY}, ["copyright"]),
        ({"held_locally": True, "duplicate_of": "B-0"}, {}, ["held-locally", "possible-duplicate"]),
    ],
)
def test_what_staff_look_at_first(
    desk: BorrowingDesk, facts: dict[str, Any], said: dict[str, Any], codes: list[str]
) -> None:
    """Without mediation a clean request is approved by itself, and everything else is shown to staff."""
    desk.rule(mediated=False)
    desk.know(**facts)
    desk.submit(**said)

    assert [each.code.removeprefix("ill.refer.") for each in desk.case().reasons] == codes
    assert desk.case().state is (S.IN_REVIEW if codes else S.SENT)
    for each in desk.case().reasons:
        duplicate = each.code == "ill.refer.possible-duplicate"
        assert each.facts == ((("other", "B-0"),) if duplicate else ())
        ruled = each.code in {"ill.refer.held-locally", "ill.refer.copyright"}
        assert (each.clause is not None) is ruled


def test_without_these_rules_nothing_is_referred(desk: BorrowingDesk) -> None:
    """What the library has itself, and a copy without a ground, are ordered where the rules let them."""
    desk.rule(mediated=False, held_locally_first=False, copyright_basis=False)
    desk.know(held_locally=True)
    desk.submit(service=Service.COPY)

    assert desk.case().state is S.SENT


def test_programs_approve_only_what_is_clean_and_staff_what_nothing_blocks(desk: BorrowingDesk) -> None:
    """In a case that was left while it was checked, a program meets referrals too, staff only blocks."""
    desk.submit()
    in_state(desk, state=S.SUBMITTED)
    assert [each[:2] for each in desk.refused(c.ApproveRequest, "2026-01-05", by=desk.system)] == [
        ("ill.refer.mediated", "PRACTICE")
    ]
    assert desk.refused(c.ApproveRequest, "2026-01-05") == []

    desk.know(debt=yuan(5))
    assert [each[0] for each in desk.refused(c.ApproveRequest, "2026-01-05")] == ["ill.block.debt"]
    assert len(desk.refused(c.ApproveRequest, "2026-01-05", by=desk.system)) == 2


def test_a_copy_is_approved_on_a_recorded_ground(desk: BorrowingDesk) -> None:
    """Without one it is not; a loan needs none, nor does a copy where the rules ask for none."""
    desk.submit(service=Service.COPY)
    assert desk.refused(c.ApproveRequest, "2026-01-05", copyright_basis=" ") == [
        ("ill.copyright-basis-missing", "PRACTICE", {})
    ]
    assert desk.refused(c.ApproveRequest, "2026-01-05", copyright_basis="合理使用") == []
    desk.rule(copyright_basis=False)
    assert desk.refused(c.ApproveRequest, "2026-01-05") == []


@pytest.mark.parametrize("service", Service)
def test_what_may_be_a_copy_is_treated_as_one(desk: BorrowingDesk, service: Service) -> None:
    """The declaration, the look of the staff, and the ground: where either would do as for a copy."""
    copy = service is not Service.LOAN
    desk.rule(mediated=False)
    desk.draft(service=service)
    undeclared = [("ill.not-declared", "PRACTICE", {"service": service.value})]
    assert desk.refused(c.Submit, "2026-01-05") == (undeclared if copy else [])
    desk.do(c.Submit, "2026-01-05", declared=True)
    assert [each.code for each in desk.case().reasons] == (["ill.refer.copyright"] if copy else [])
    if copy:
        refused = desk.refused(c.ApproveRequest, "2026-01-05")
        assert refused == [("ill.copyright-basis-missing", "PRACTICE", {})]


@pytest.mark.parametrize("service", Service)
def test_nothing_that_may_be_a_copy_is_sent_without_its_ground(desk: BorrowingDesk, service: Service) -> None:
    """Neither by hand, nor by the clock, nor by itself; a loan needs none."""
    copy = service is not Service.LOAN
    desk.rule(sends_itself=False)
    desk.send(service=service)
    in_state(desk, copyright_basis=None)
    none: list[tuple[str, str | None, dict[str, Any]]] = []
    missing = [("ill.copyright-basis-missing", "PRACTICE", {})] if copy else none
    for by in (desk.staff, desk.system, desk.time):
        assert desk.refused(c.Send, "2026-01-05", by=by) == missing
    desk.know(not_taking=(LENDER,))
    assert desk.refused(c.Send, "2026-01-05", by=desk.time) == missing
    desk.know(not_taking=())
    desk.rule(sends_itself=True)
    desk.do(c.SetRota, "2026-01-05")
    assert desk.case().state is (S.ROUTABLE if copy else S.SENT)


def test_what_was_approved_stays_what_it_is(desk: BorrowingDesk) -> None:
    """A loan is not turned into a copy behind the approval; anything else of it may be amended."""
    desk.exhaust()
    desk.rule(sends_itself=False)
    for state in (S.ROTA_EXHAUSTED, S.ROUTABLE):
        in_state(desk, state=state)
        assert desk.refused(c.AmendRequest, "2026-01-07", service=Service.COPY) == [
            ("ill.service-approved", None, {"service": "Loan"})
        ]
        assert desk.refused(c.AmendRequest, "2026-01-07", service=Service.LOAN) == []
        assert desk.refused(c.AmendRequest, "2026-01-07", max_cost=yuan(9)) == []
    in_state(desk, state=S.IN_REVIEW)
    assert desk.refused(c.AmendRequest, "2026-01-07", service=Service.COPY) == []


def test_some_blocks_staff_cannot_let_pass(desk: BorrowingDesk) -> None:
    """Who is not served at all is not served by an exception; a debt may be let pass."""
    desk.know(category="visitor", debt=yuan(5))
    desk.submit()
    assert desk.refused(c.OverrideBlock, "2026-01-05") == [
        ("ill.block-not-overridable", "PRACTICE", {"block": "not-eligible"})
    ]

    desk.know(category="teacher")
    desk.do(c.Recheck, "2026-01-05")
    assert desk.refused(c.OverrideBlock, "2026-01-05") == []


def test_nothing_is_a_duplicate_of_itself(desk: BorrowingDesk) -> None:
    """The other case is another one of the same patron, and it goes on."""
    desk.submit()
    assert desk.refused(c.CloseAsDuplicate, "2026-01-05", other=CASE) == [
        ("ill.duplicate-of-itself", None, {})
    ]
    none = [("ill.no-such-case", None, {"case": "B-0"})]
    assert desk.refused(c.CloseAsDuplicate, "2026-01-05", other="B-0") == none
    desk.draft(case="B-0", patron="p-18", by=desk.staff)
    assert desk.refused(c.CloseAsDuplicate, "2026-01-05", other="B-0") == none
    desk.draft(case="B-7")
    assert desk.refused(c.CloseAsDuplicate, "2026-01-05", other="B-7") == []
    desk.do(c.Withdraw, "2026-01-05", case="B-7")
    assert desk.refused(c.CloseAsDuplicate, "2026-01-05", other="B-7") == [
        ("ill.other-case-closed", None, {"case": "B-7"})
    ]


def test_what_is_looked_at_is_read(desk: BorrowingDesk) -> None:
    """The patron's account; another case that goes on, one that is to begin, one that sends back; no more."""
    desk.send()
    desk.clock("2026-01-12")
    stray = desk.command(c.HearShipped, "2026-01-13", attempt=1)
    for command, others in (
        (desk.command(c.CloseAsDuplicate, "2026-01-13", other="B-0"), ["B-0"]),
        (desk.command(c.Resubmit, "2026-01-13", successor="B-2"), ["B-2"]),
        (stray, ["B-1/return-1"]),
        (desk.command(c.HearShipped, "2026-01-13"), []),
        (desk.command(c.Withdraw, "2026-01-13"), []),
    ):
        read = BORROWING.reads(desk.case(), command)
        account = Key("ill.account", desk.case().patron)
        assert read == (account, *(Key("ill.borrowing", each) for each in others))


# --- suppliers ------------------------------------------------------------------------------------------


def test_no_library_asks_itself(desk: BorrowingDesk) -> None:
    """It is not put into the rota, and passed over where the draft names it."""
    desk.submit()
    assert desk.refused(c.SetRota, "2026-01-05", suppliers=("CN-ZJU", LIBRARY)) == [
        ("ill.supplier-is-ourselves", None, {})
    ]

    desk.rule(sends_itself=False)
    desk.send(case="B-2", suppliers=(LIBRARY,))
    assert desk.refused(c.Send, "2026-01-05", case="B-2", override=True) == [
        ("ill.supplier-is-ourselves", None, {})
    ]


def test_a_rota_that_is_at_its_end_goes_on_with_somebody(desk: BorrowingDesk) -> None:
    """An empty one is refused there; elsewhere it says that nobody else is to be asked."""
    desk.exhaust()
    assert desk.refused(c.SetRota, "2026-01-07", suppliers=()) == [("ill.nobody-to-ask", None, {})]
    assert desk.refused(c.SetRota, "2026-01-07") == []

    desk.send(case="B-2")
    assert desk.refused(c.SetRota, "2026-01-07", case="B-2", suppliers=()) == []


def test_sending_and_passing_over_need_somebody_who_is_next(desk: BorrowingDesk) -> None:
    """With an empty rota, which only a storage can hold; and the end of the rota only with one."""
    desk.rule(sends_itself=False)
    desk.send()
    assert desk.refused(c.Exhaust, "2026-01-05") == [("ill.suppliers-left", None, {"supplier": LENDER})]
    in_state(desk, attempts=())
    for kind, by in ((c.Send, desk.staff), (c.Send, desk.time), (c.SkipSupplier, desk.staff)):
        assert desk.refused(kind, "2026-01-05", by=by) == [("ill.nobody-to-ask", None, {})]
    assert desk.refused(c.Exhaust, "2026-01-05") == []


def test_a_supplier_is_asked_that_takes_requests_and_gives_the_service(desk: BorrowingDesk) -> None:
    """Staff may override that it takes none now, not that it does not give the service."""
    desk.rule(sends_itself=False)
    desk.send()
    desk.know(not_taking=(LENDER,), not_serving=(LENDER,))

    assert desk.refused(c.Send, "2026-01-05") == [
        ("ill.supplier-not-taking", None, {"supplier": LENDER}),
        ("ill.supplier-not-serving", None, {"supplier": LENDER, "service": "Loan"}),
    ]
    assert [each[0] for each in desk.refused(c.Send, "2026-01-05", override=True)] == [
        "ill.supplier-not-serving"
    ]
    desk.know(not_serving=())
    assert desk.refused(c.Send, "2026-01-05", override=True) == []


def test_nobody_is_asked_again_too_early_or_too_late(desk: BorrowingDesk) -> None:
    """From the day on that the supplier named, and while it is of use."""
    desk.retry(after=date(2026, 1, 20))
    desk.do(c.AcceptRetry, "2026-01-07")

    assert desk.refused(c.Send, "2026-01-19T23:59") == [
        ("ill.retry-too-early", None, {"after": date(2026, 1, 20)})
    ]
    assert desk.refused(c.Send, "2026-01-20T00:00") == []
    desk.do(c.AmendRequest, "2026-01-08", need_before=date(2026, 1, 20))
    assert [each[0] for each in desk.refused(c.Send, "2026-01-21")] == ["ill.need-before-passed"]


def test_a_program_gives_up_only_by_the_rules(desk: BorrowingDesk) -> None:
    """Staff give a case up; a program where the rules say that it does so."""
    desk.exhaust()
    assert desk.refused(c.GiveUp, "2026-01-07", by=desk.system) == [("ill.staff-give-up", "PRACTICE", {})]
    assert desk.refused(c.GiveUp, "2026-01-07") == []

    desk.rule(gives_up_itself=True)
    assert desk.refused(c.GiveUp, "2026-01-07", by=desk.system) == []


def test_the_case_that_goes_on_has_an_id_of_its_own(desk: BorrowingDesk) -> None:
    """Neither this case's, nor one that is taken."""
    desk.draft(case="B-9")
    desk.exhaust()
    for taken in (CASE, "B-9"):
        assert desk.refused(c.Resubmit, "2026-01-07", successor=taken) == [
            ("ill.case-exists", None, {"case": taken})
        ]
    assert desk.refused(c.Resubmit, "2026-01-07") == []


def test_a_supplier_has_its_time(desk: BorrowingDesk) -> None:
    """Five days of seven open hours from Monday ten o'clock: until Monday ten o'clock."""
    desk.send()

    assert desk.refused(c.TimeOut, "2026-01-12T09:59:59") == [
        ("ill.too-early", None, {"from": "2026-01-12T10:00:00+08:00"})
    ]
    assert desk.refused(c.TimeOut, "2026-01-12T10:00") == []


def test_only_what_is_waited_for_is_late(desk: BorrowingDesk) -> None:
    """Each kind in its state, once, and not a second before its time."""
    desk.promise()
    late = {"kind": DelayKind.TRANSIT}
    assert desk.refused(c.NoteDelay, "2026-03-01", **late) == [
        ("ill.nothing-late", None, {"kind": "transit"})
    ]
    assert desk.refused(c.NoteDelay, "2026-01-13T23:59:59") == [
        ("ill.too-early", None, {"from": "2026-01-14T00:00:00+08:00"})
    ]
    desk.do(c.NoteDelay, "2026-01-14T00:00")
    assert [each[0] for each in desk.refused(c.NoteDelay, "2026-01-15")] == ["ill.nothing-late"]


def test_an_offer_without_a_day_is_never_late(desk: BorrowingDesk) -> None:
    """Nor is one that was rejected: it has been answered."""
    late = {"kind": DelayKind.REPLY_BY}
    desk.offer()
    assert [each[0] for each in desk.refused(c.NoteDelay, "2026-03-01", **late)] == ["ill.nothing-late"]

    desk.do(c.HearOffer, "2026-01-07", cost=yuan(40), reply_by=date(2026, 1, 9))
    assert desk.refused(c.NoteDelay, "2026-01-10T00:00", **late) == []
    desk.do(c.RejectOffer, "2026-01-08", revision=2)
    assert [each[0] for each in desk.refused(c.NoteDelay, "2026-01-10", **late)] == ["ill.nothing-late"]


# --- offers and cancellations -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [c.AcceptOffer, c.RejectOffer])
def test_a_decision_is_about_the_offer_as_it_stands(desk: BorrowingDesk, kind: Any) -> None:
    """Another revision is refused with the present one; one that is decided is decided."""
    desk.offer()
    desk.do(c.HearOffer, "2026-01-07", cost=yuan(25))
    assert desk.refused(kind, "2026-01-07", revision=1) == [("ill.offer-revised", None, {"revision": 2})]
    assert desk.refused(kind, "2026-01-07", revision=2) == []

    desk.do(c.RejectOffer, "2026-01-07", revision=2)
    assert desk.refused(kind, "2026-01-07", revision=2) == [
        ("ill.offer-not-open", None, {"state": "rejected"}),
        ("ill.cancel-pending", None, {}),
    ]


def test_a_lapsed_offer_is_not_accepted(desk: BorrowingDesk) -> None:
    """Its last day counts still."""
    desk.offer(reply_by=date(2026, 1, 9))

    assert desk.refused(c.AcceptOffer, "2026-01-09T23:59") == []
    assert desk.refused(c.AcceptOffer, "2026-01-10T00:00") == [
        ("ill.offer-lapsed", None, {"reply_by": date(2026, 1, 9)})
    ]


def test_an_offer_is_not_accepted_while_it_is_cancelled(desk: BorrowingDesk) -> None:
    """Nor is a second cancellation sent."""
    desk.offer()
    desk.do(c.CancelRequest, "2026-01-07")
    for kind in (c.AcceptOffer, c.RejectOffer, c.CancelRequest):
        assert desk.refused(kind, "2026-01-07") == [("ill.cancel-pending", None, {})]


@pytest.mark.parametrize(
    ("offer", "most", "codes"),
    [
        ({"cost": yuan(20)}, None, []),
        ({"cost": yuan("20.01")}, None, ["ill.cost-above-cap"]),
        ({"cost": yuan("20.01")}, yuan(50), ["ill.cost-above-cap"]),
        ({"cost": yuan(15)}, yuan(10), ["ill.cost-above-cap"]),
        ({"cost": Money(1, "EUR")}, None, ["ill.cost-above-cap"]),
        ({"conditions": (Condition.NO_REPRODUCTION,)}, None, []),
        ({"conditions": (Condition.SUPERVISED,)}, yuan(50), ["ill.condition-not-preapproved"]),
        (
            {"cost": yuan(30), "conditions": (Condition.SUPERVISED, Condition.LIBRARY_USE_ONLY)},
            yuan(25),
            ["ill.cost-above-cap", "ill.cost-above-cap", "ill.condition-not-preapproved"],
        ),
    ],
)
def test_programs_accept_within_every_limit(
    desk: BorrowingDesk, offer: dict[str, Any], most: Money | None, codes: list[str]
) -> None:
    """Within the library's cap and the patron's limit, in that currency, on conditions known before."""
    desk.send(max_cost=most)
    change = desk.do(c.HearOffer, "2026-01-06", **({"cost": None} | offer))

    assert desk.case().state is (S.OFFERED if codes else S.PROMISED)
    assert ("AcceptOffer" in desk.names(change)) is not bool(codes)
    if codes:
        assert [each[0] for each in desk.refused(c.AcceptOffer, "2026-01-06", by=desk.system)] == codes
        assert desk.refused(c.AcceptOffer, "2026-01-06") == []
        assert desk.refused(c.AcceptOffer, "2026-01-06", by=desk.patron) == []


def test_what_is_above_the_cap_is_said(desk: BorrowingDesk) -> None:
    """The cost, each limit that it exceeds, and the condition."""
    desk.send(max_cost=yuan(25))
    desk.do(c.HearOffer, "2026-01-06", cost=yuan(30), conditions=(Condition.SUPERVISED,))

    assert desk.refused(c.AcceptOffer, "2026-01-06", by=desk.system) == [
        ("ill.cost-above-cap", "PRACTICE", {"cost": yuan(30), "cap": yuan(20)}),
        ("ill.cost-above-cap", None, {"cost": yuan(30), "cap": yuan(25)}),
        ("ill.condition-not-preapproved", "PRACTICE", {"condition": "SpecCollSupervReq"}),
    ]


@pytest.mark.parametrize("kind", [c.CancelRequest, c.RejectOffer])
def test_a_patron_gives_up_and_does_not_route(desk: BorrowingDesk, kind: Any) -> None:
    """Whom to ask instead is the library's to say."""
    desk.offer()
    leave = CancelIntent.LEAVE_SUPPLIER
    assert desk.refused(kind, "2026-01-07", by=desk.patron, intent=leave) == [
        ("ill.routing-is-the-librarys", None, {})
    ]
    assert desk.refused(kind, "2026-01-07", by=desk.patron, intent=CancelIntent.END_CASE) == []
    assert desk.refused(kind, "2026-01-07", intent=leave) == []


def test_a_cancellation_has_its_time_to_be_answered(desk: BorrowingDesk) -> None:
    """Three open days after it was asked for; without one there is nothing to abandon."""
    desk.promise()
    assert desk.refused(c.Abandon, "2026-01-07") == [("ill.no-cancel-pending", None, {})]
    desk.do(c.CancelRequest, "2026-01-07")
    assert desk.refused(c.Abandon, "2026-01-12T23:59:59") == [
        ("ill.too-early", None, {"from": "2026-01-13T00:00:00+08:00"})
    ]
    assert desk.refused(c.Abandon, "2026-01-13T00:00") == []
    desk.do(c.HearCancelAnswer, "2026-01-08", yes=False)
    assert desk.refused(c.Abandon, "2026-01-20") == [("ill.no-cancel-pending", None, {})]


def test_a_retry_is_taken_up_in_its_time(desk: BorrowingDesk) -> None:
    """The last day counts still; then the clock declines, and not before."""
    desk.retry(before=date(2026, 1, 20))
    clock = {"by": desk.time}
    assert desk.refused(c.AcceptRetry, "2026-01-20T23:59") == []
    assert desk.refused(c.DeclineRetry, "2026-01-20T23:59", **clock) == [("ill.retry-still-open", None, {})]
    assert desk.refused(c.AcceptRetry, "2026-01-21T00:00") == [
        ("ill.retry-lapsed", None, {"before": date(2026, 1, 20)})
    ]
    assert desk.refused(c.DeclineRetry, "2026-01-21T00:00", **clock) == []
    assert desk.refused(c.DeclineRetry, "2026-01-07") == []


def test_a_retry_without_a_last_day_stays_open(desk: BorrowingDesk) -> None:
    """The clock has nothing to decline."""
    desk.retry()

    assert desk.refused(c.DeclineRetry, "2027-01-01", by=desk.time) == [("ill.retry-still-open", None, {})]


def test_a_program_takes_up_a_retry_within_the_cap(desk: BorrowingDesk) -> None:
    """A dearer one is for staff; one at no cost that was named is not."""
    desk.retry(cost=yuan(30))
    assert desk.refused(c.AcceptRetry, "2026-01-07", by=desk.system) == [
        ("ill.cost-above-cap", "PRACTICE", {"cost": yuan(30), "cap": yuan(20)})
    ]
    assert desk.refused(c.AcceptRetry, "2026-01-07") == []
    desk.send(case="B-2")
    desk.do(c.HearRetry, "2026-01-06", case="B-2")
    assert desk.refused(c.AcceptRetry, "2026-01-07", case="B-2", by=desk.system) == []


# --- what is here -------------------------------------------------------------------------------------------


def test_what_was_not_announced_is_received_expressly(desk: BorrowingDesk) -> None:
    """Without the flag it is refused; a copy or loan needs to be told apart."""
    desk.send()
    assert desk.refused(c.Receive, "2026-01-12") == [("ill.not-shipped-yet", None, {})]
    assert desk.refused(c.Receive, "2026-01-12", unannounced=True) == []

    desk.send(case="B-2", service=Service.COPY_OR_LOAN)
    for service in (None, Service.COPY_OR_LOAN):
        refused = desk.refused(c.Receive, "2026-01-12", case="B-2", unannounced=True, service=service)
        assert refused == [("ill.service-not-said", None, {})]
    both = {"unannounced": True, "service": Service.COPY_OR_LOAN}
    assert desk.refused(c.Receive, "2026-01-12", **both) == [("ill.service-not-said", None, {})]
    for service in (Service.COPY, Service.LOAN):
        assert desk.refused(c.Receive, "2026-01-12", case="B-2", unannounced=True, service=service) == []


def test_only_what_was_sent_is_received_sent_back_or_lost(desk: BorrowingDesk) -> None:
    """Each piece that is named is where it can be, and every one that is not is named."""
    desk.ship(items=("a", "b"))
    gone = [("ill.item-not-out", None, {"item": "x"}), ("ill.item-not-out", None, {"item": "y"})]
    where = {"where": WhereLost.LIBRARY}
    assert desk.refused(c.Receive, "2026-01-12", items=("x", "a", "y")) == gone
    assert desk.refused(c.RecordLoss, "2026-01-12", items=("x", "a", "y"), **where) == gone
    desk.do(c.Receive, "2026-01-12")
    assert desk.refused(c.ShipBack, "2026-01-12", items=("x", "a", "y")) == gone
    desk.do(c.RecordLoss, "2026-01-12", items=("a",), **where)
    assert [each[2] for each in desk.refused(c.RecordLoss, "2026-01-13", items=("a",), **where)] == [
        {"item": "a"}
    ]
    assert [each[2] for each in desk.refused(c.ShipBack, "2026-01-13", items=("a",))] == [{"item": "a"}]


def test_more_is_received_only_while_more_is_on_the_way(desk: BorrowingDesk) -> None:
    """With all of it here or on its way back there is nothing to receive."""
    desk.receive(items=("a",))
    assert desk.refused(c.Receive, "2026-01-13") == [("ill.nothing-on-the-way", None, {})]
    desk.do(c.HearShipped, "2026-01-13", items=("a", "b"))
    assert desk.refused(c.Receive, "2026-01-14") == []
    assert [each[0] for each in desk.refused(c.Receive, "2026-01-14", items=("a",))] == ["ill.item-not-out"]


def test_nothing_is_lent_or_sent_back_where_nothing_is_here(desk: BorrowingDesk) -> None:
    """One piece is lost, the other has been announced and has not come."""
    desk.receive(items=("a",))
    desk.do(c.HearShipped, "2026-01-13", items=("a", "b"))
    desk.do(c.RecordLoss, "2026-01-13", items=("a",), where=WhereLost.LIBRARY)
    for kind in (c.CheckOut, c.ShipBack):
        assert desk.refused(kind, "2026-01-13") == [("ill.nothing-here", None, {})]
    desk.do(c.Receive, "2026-01-14")
    for kind in (c.CheckOut, c.ShipBack):
        assert desk.refused(kind, "2026-01-14") == []


def test_what_only_goes_back_is_for_nobodys_use(desk: BorrowingDesk) -> None:
    """It is neither lent nor renewed."""
    desk.rule(renewals=1)
    desk.do(c.OpenReturn, "2026-01-05", case="R", due=date(2026, 3, 6), items=("a",))
    desk.do(c.Receive, "2026-01-06", case="R")

    only = [("ill.only-to-be-returned", None, {"origin": CASE})]
    assert desk.refused(c.CheckOut, "2026-01-06", case="R") == only
    assert desk.refused(c.RenewLoan, "2026-01-06", case="R", reason="课程未结束") == only
    assert desk.refused(c.ShipBack, "2026-01-06", case="R") == []


def test_nothing_recalled_or_past_its_term_is_lent(desk: BorrowingDesk) -> None:
    """The last day of the term counts still; both reasons are named."""
    desk.receive()
    assert desk.refused(c.CheckOut, "2026-03-06") == []
    assert desk.refused(c.CheckOut, "2026-03-07") == [("ill.due-passed", None, {"due": date(2026, 3, 6)})]
    desk.do(c.HearRecall, "2026-01-14")
    assert desk.refused(c.CheckOut, "2026-03-07") == [
        ("ill.recalled", None, {"recalled_on": date(2026, 1, 14)}),
        ("ill.due-passed", None, {"due": date(2026, 2, 6)}),
    ]


def test_every_condition_is_acknowledged_before_it_is_lent(desk: BorrowingDesk) -> None:
    """Each that was not is named; the patron who takes it again is told again."""
    both = (Condition.LIBRARY_USE_ONLY, Condition.SIGNATURE_REQUIRED)
    desk.offer(conditions=both)
    desk.do(c.AcceptOffer, "2026-01-06")
    desk.do(c.HearShipped, "2026-01-07")
    desk.do(c.Receive, "2026-01-12")

    assert [each[2] for each in desk.refused(c.CheckOut, "2026-01-13")] == [
        {"condition": "LibraryUseOnly"},
        {"condition": "SignatureRequired"},
    ]
    assert [each[0] for each in desk.refused(c.CheckOut, "2026-01-13", acknowledged=both[:1])] == [
        "ill.condition-not-acknowledged"
    ]
    assert desk.refused(c.CheckOut, "2026-01-13", acknowledged=both) == []


def test_nobody_brings_back_what_he_had_not_taken_yet(desk: BorrowingDesk) -> None:
    """A day before the check-out is refused; the same day is not."""
    desk.lend()

    assert desk.refused(c.TakeBack, "2026-01-12") == [
        ("ill.before-check-out", None, {"checked_out_on": date(2026, 1, 13)})
    ]
    assert desk.refused(c.TakeBack, "2026-01-13T08:30") == []


def test_what_the_lender_wants_kept_is_sent_back_only_expressly(desk: BorrowingDesk) -> None:
    """Until the lender lets go of it."""
    desk.take_back()
    desk.do(c.HearHoldReturn, "2026-02-02")
    assert desk.refused(c.ShipBack, "2026-02-03") == [("ill.return-held", None, {})]
    assert desk.refused(c.ShipBack, "2026-02-03", although_held=True) == []
    desk.do(c.HearHoldReturn, "2026-02-03", held=False)
    assert desk.refused(c.ShipBack, "2026-02-03") == []


def test_what_stands_in_the_way_of_a_renewal(desk: BorrowingDesk) -> None:
    """Every reason at once: the lender's word, the library's limit, one that waits, an earlier day.

    A later day that the lender gives of itself counts as a renewal.
    """
    desk.rule(renewals=1)
    desk.lend(renewable=False)
    assert desk.refused(c.RenewLoan, "2026-03-01", desired=date(2026, 3, 6)) == [
        ("ill.not-renewable", None, {}),
        ("ill.renewal-not-later", None, {"due": date(2026, 3, 6), "desired": date(2026, 3, 6)}),
    ]
    desk.do(c.HearShipped, "2026-01-14", due=date(2026, 3, 9))
    assert desk.refused(c.RenewLoan, "2026-03-01") == [("ill.renewals-used-up", "CQ-5", {"allowed": 1})]
    desk.rule(renewals=2)
    assert desk.refused(c.RenewLoan, "2026-03-01", desired=date(2026, 3, 10)) == []
    desk.do(c.RenewLoan, "2026-03-01")
    assert desk.refused(c.RenewLoan, "2026-03-02") == [
        ("ill.renewal-pending", None, {"asked_on": date(2026, 3, 1)})
    ]
    desk.do(c.HearRenewalAnswer, "2026-03-02", yes=True, due=date(2026, 4, 9))
    assert desk.refused(c.RenewLoan, "2026-03-02") == [
        ("ill.renewals-used-up", "CQ-5", {"allowed": 2}),
    ]


def test_what_has_no_term_is_not_renewed(desk: BorrowingDesk) -> None:
    """A parcel that came unannounced and says no day."""
    desk.rule(renewals=1)
    desk.send()
    desk.do(c.Receive, "2026-01-12", unannounced=True)

    assert desk.refused(c.RenewLoan, "2026-01-13") == [("ill.no-term", None, {})]


def test_a_recalled_loan_is_not_renewed(desk: BorrowingDesk) -> None:
    """The lender wants it; it says since when."""
    desk.rule(renewals=1)
    desk.lend()
    desk.do(c.HearRecall, "2026-01-14")

    assert desk.refused(c.RenewLoan, "2026-01-15") == [
        ("ill.recalled", None, {"recalled_on": date(2026, 1, 14)})
    ]


def test_reminders_come_in_their_order(desk: BorrowingDesk) -> None:
    """The next one, for the due date as it is, not before its day, and no more than there are."""
    desk.lend()
    due = date(2026, 3, 6)
    odd = [("ill.notice-out-of-order", None, {"step": 2, "done": 0})]
    assert desk.refused(c.RemindPatron, "2026-03-07", due=due, step=2) == odd
    assert [each[0] for each in desk.refused(c.RemindPatron, "2026-03-07", due=date(2026, 3, 7))] == [
        "ill.notice-out-of-order"
    ]
    assert desk.refused(c.RemindPatron, "2026-03-02") == [("ill.notice-too-early", None, {"step": 1})]
    assert desk.refused(c.RemindPatron, "2026-03-03") == []
    desk.clock("2026-04-30")
    assert [each[0] for each in desk.refused(c.RemindPatron, "2026-05-01", due=due, step=5)] == [
        "ill.notice-out-of-order"
    ]


def test_a_loan_without_a_term_has_no_reminders(desk: BorrowingDesk) -> None:
    """A parcel that came unannounced and says no day."""
    desk.send()
    desk.do(c.Receive, "2026-01-12", unannounced=True)
    desk.do(c.CheckOut, "2026-01-12")

    assert [each[0] for each in desk.refused(c.RemindPatron, "2026-03-07")] == ["ill.notice-out-of-order"]


def test_the_clock_takes_a_copy_for_handed_over_after_the_time_to_complain(desk: BorrowingDesk) -> None:
    """Five open days; not while a better copy is waited for. Staff and programs say it when it is so."""
    desk.deliver()
    clock = {"by": desk.time}
    assert desk.refused(c.HandOver, "2026-01-14T23:59:59", **clock) == [
        ("ill.too-early", None, {"from": "2026-01-15T00:00:00+08:00"})
    ]
    assert desk.refused(c.HandOver, "2026-01-15T00:00", **clock) == []
    desk.do(c.ReportDefect, "2026-01-08")
    assert [each[0] for each in desk.refused(c.HandOver, "2026-01-16", **clock)] == ["ill.defect-open"]
    for by in (desk.staff, desk.system):
        assert desk.refused(c.HandOver, "2026-01-08", by=by) == []


@pytest.mark.parametrize("when", ["ship", "receive", "lend", "take_back", "return_it"])
def test_only_what_was_lost_is_found(desk: BorrowingDesk, when: str) -> None:
    """Nothing, where nothing was lost; else each piece that is named, and every one that is not is named."""
    getattr(desk, when)(items=("a", "b"))
    assert desk.refused(c.RecordFound, "2026-02-10") == [("ill.nothing-lost", None, {})]
    where = WhereLost.TRANSIT_BACK if when == "return_it" else WhereLost.LIBRARY
    desk.do(c.RecordLoss, "2026-02-10", items=("a",), where=where)
    assert desk.refused(c.RecordFound, "2026-02-10", items=("b", "a", "x")) == [
        ("ill.item-not-lost", None, {"item": "b"}),
        ("ill.item-not-lost", None, {"item": "x"}),
    ]
    for items in ((), ("a",)):
        assert desk.refused(c.RecordFound, "2026-02-10", items=items) == []


def test_only_what_is_of_the_case_is_damaged(desk: BorrowingDesk) -> None:
    """An item of another one is refused; without a name it is the whole."""
    desk.receive(items=("a", "b"))
    assert desk.refused(c.ReportDamage, "2026-01-12", item="x") == [
        ("ill.item-not-of-loan", None, {"item": "x"})
    ]
    for item in ("a", ""):
        assert desk.refused(c.ReportDamage, "2026-01-12", item=item) == []


def test_what_the_patron_never_had_he_does_not_lose(desk: BorrowingDesk) -> None:
    """Neither on its way nor at the desk; what he had, he can have lost."""
    desk.ship()
    never: list[tuple[str, None, dict[str, Any]]] = [("ill.never-with-patron", None, {})]
    assert desk.refused(c.RecordLoss, "2026-01-08") == never
    assert desk.refused(c.RecordLoss, "2026-01-08", where=WhereLost.TRANSIT_OUT) == []
    desk.do(c.Receive, "2026-01-12")
    assert desk.refused(c.RecordLoss, "2026-01-13") == never
    desk.do(c.CheckOut, "2026-01-13")
    assert desk.refused(c.RecordLoss, "2026-01-14") == []


def test_a_return_waits_for_the_lenders_word(desk: BorrowingDesk) -> None:
    """Twenty open days after it was sent; the Spring Festival is none, the Saturdays worked for it are."""
    desk.return_it("2026-02-03")

    assert desk.refused(c.CloseUnconfirmed, "2026-03-09T23:59:59") == [
        ("ill.too-early", None, {"from": "2026-03-10T00:00:00+08:00"})
    ]
    assert desk.refused(c.CloseUnconfirmed, "2026-03-10T00:00") == []


def test_only_what_is_there_is_cleared(desk: BorrowingDesk) -> None:
    """A code that calls nobody is refused with the code."""
    desk.send()
    nothing = [("ill.nothing-to-look-at", None, {"code": "ill.attention.late"})]
    assert desk.refused(c.ClearAttention, "2026-01-06") == nothing
    desk.do(c.HearPromise, "2026-01-06")
    desk.clock("2026-01-14")
    assert desk.refused(c.ClearAttention, "2026-01-14") == []


def test_only_the_last_step_is_undone_and_in_its_time(desk: BorrowingDesk) -> None:
    """Five minutes after it was recorded, the instant itself excluded, and only if nothing came since."""
    desk.receive()
    assert desk.refused(c.Undo, "2026-01-12T10:04:59") == []
    assert desk.refused(c.Undo, "2026-01-12T10:05") == [("ill.undo-too-late", None, {"command": "Receive"})]
    desk.do(c.HearNotification, "2026-01-12T10:01")
    assert desk.refused(c.Undo, "2026-01-12T10:02") == [("ill.nothing-to-undo", None, {})]


def test_time_to_undo_counts_from_the_recording(desk: BorrowingDesk) -> None:
    """What happened on Friday and is recorded on Monday can be undone on Monday."""
    desk.ship()
    late = desk.at("2026-01-12T09:00")
    desk.do(c.Receive, "2026-01-09", recorded_at=late)

    assert desk.refused(c.Undo, "2026-01-12T09:04") == []


# --- one thing after the other ----------------------------------------------------------------------------------


def blocked(desk: BorrowingDesk) -> None:
    """A patron with a debt has filed it."""
    desk.know(debt=yuan(5))
    desk.submit()


def checked(desk: BorrowingDesk) -> None:
    """It was left while it was checked."""
    desk.submit()
    in_state(desk, state=S.SUBMITTED)


def cheap(desk: BorrowingDesk) -> None:
    """An offer that programs may take by now."""
    desk.offer()
    desk.rule(cap=yuan(50))


def two(desk: BorrowingDesk) -> None:
    """Two volumes are here."""
    desk.receive(items=("a", "b"))


def two_lent(desk: BorrowingDesk) -> None:
    """Two volumes are lent."""
    desk.lend(items=("a", "b"))


def two_on_the_way(desk: BorrowingDesk) -> None:
    """Two volumes have been shipped."""
    desk.ship(items=("a", "b"))


def one_here(desk: BorrowingDesk) -> None:
    """One of them is here."""
    two_on_the_way(desk)
    desk.do(c.Receive, "2026-01-12", items=("b",))


def copy_on_the_way(desk: BorrowingDesk) -> None:
    """A copy of two parts has been sent by post."""
    desk.send(service=Service.COPY)
    desk.do(c.HearShipped, "2026-01-07", service=Service.COPY, items=("a", "b"), due=None)


def lost_copy(desk: BorrowingDesk) -> None:
    """Neither part has come."""
    copy_on_the_way(desk)
    desk.do(c.RecordLoss, "2026-02-09", where=WhereLost.TRANSIT_OUT)


def copy_half_here(desk: BorrowingDesk) -> None:
    """One of two parts of a copy is here."""
    copy_on_the_way(desk)
    desk.do(c.Receive, "2026-01-12", items=("b",))


def more(desk: BorrowingDesk) -> None:
    """One is here, another has been announced."""
    desk.receive(items=("a",))
    desk.do(c.HearShipped, "2026-01-13", items=("a", "b"))


def more_back(desk: BorrowingDesk) -> None:
    """One is on its way back, another has been announced."""
    desk.receive(items=("a",))
    desk.do(c.ShipBack, "2026-01-13")
    desk.do(c.HearShipped, "2026-01-13", items=("a", "b"))


def lost(desk: BorrowingDesk) -> None:
    """The patron has lost it."""
    desk.lend()
    desk.do(c.RecordLoss, "2026-02-09")


def half_lost(desk: BorrowingDesk) -> None:
    """One of two is lost on our own shelf."""
    two(desk)
    desk.do(c.RecordLoss, "2026-02-09", items=("a",), where=WhereLost.LIBRARY)


def lost_back(desk: BorrowingDesk) -> None:
    """One of two is lost on its way back."""
    desk.return_it(items=("a", "b"))
    desk.do(c.RecordLoss, "2026-02-09", items=("a",), where=WhereLost.TRANSIT_BACK)


ONE_ON_ITS_WAY = {"items": ("a",), "where": WhereLost.TRANSIT_OUT}
ORDER: dict[str, tuple[Callable[[BorrowingDesk], None], type[Command], str, dict[str, Any]]] = {
    "approved after filing": (BorrowingDesk.submit, c.ApproveRequest, "2026-01-05", {}),
    "duplicate after filing": (BorrowingDesk.submit, c.CloseAsDuplicate, "2026-01-05", {"other": "B-0"}),
    "here after filing": (BorrowingDesk.submit, c.FillLocally, "2026-01-05", {}),
    "here after filing, with nobody left": (BorrowingDesk.exhaust, c.FillLocally, "2026-01-05", {}),
    "declined after filing": (BorrowingDesk.submit, c.DeclineRequest, "2026-01-05", {}),
    "let pass after filing": (blocked, c.OverrideBlock, "2026-01-05", {}),
    "approved by staff after filing": (checked, c.ApproveRequest, "2026-01-05", {}),
    "accepted after asking": (BorrowingDesk.offer, c.AcceptOffer, "2026-01-05", {}),
    "accepted by a program after asking": (cheap, c.AcceptOffer, "2026-01-05", {}),
    "rejected after asking": (BorrowingDesk.offer, c.RejectOffer, "2026-01-05", {}),
    "cancelled after asking": (BorrowingDesk.promise, c.CancelRequest, "2026-01-05", {}),
    "came after asking": (BorrowingDesk.send, c.Receive, "2026-01-05", {"unannounced": True}),
    "a copy came after asking": (
        BorrowingDesk.send,
        c.Receive,
        "2026-01-05",
        {"unannounced": True, "service": Service.COPY},
    ),
    "received after shipping": (BorrowingDesk.ship, c.Receive, "2026-01-07", {}),
    "lost after shipping": (BorrowingDesk.ship, c.RecordLoss, "2026-01-07", {"where": WhereLost.TRANSIT_OUT}),
    "lost here after shipping": (
        BorrowingDesk.receive,
        c.RecordLoss,
        "2026-01-07",
        {"where": WhereLost.LIBRARY},
    ),
    "lost on our shelf, whenever he had it": (
        BorrowingDesk.take_back,
        c.RecordLoss,
        "2026-01-07",
        {"where": WhereLost.LIBRARY},
    ),
    "a part received after shipping": (two_on_the_way, c.Receive, "2026-01-07", {"items": ("b",)}),
    "a copy received after shipping": (copy_on_the_way, c.Receive, "2026-01-07", {}),
    "a copy found after the loss": (lost_copy, c.RecordFound, "2026-02-09", {}),
    "one of two lost on its way": (two_on_the_way, c.RecordLoss, "2026-01-07", ONE_ON_ITS_WAY),
    "one lost and one here": (one_here, c.RecordLoss, "2026-01-07", ONE_ON_ITS_WAY),
    "one part of a copy lost and one here": (copy_half_here, c.RecordLoss, "2026-01-07", ONE_ON_ITS_WAY),
    "one of two lost here": (two, c.RecordLoss, "2026-01-07", {"items": ("a",), "where": WhereLost.LIBRARY}),
    "one of two lost by him": (two_lent, c.RecordLoss, "2026-01-13", {"items": ("a",)}),
    "lost by him after he took it": (BorrowingDesk.lend, c.RecordLoss, "2026-01-13", {}),
    "more received after shipping": (more, c.Receive, "2026-01-07", {}),
    "more received on its way back": (more_back, c.Receive, "2026-01-07", {}),
    "lent after receipt": (BorrowingDesk.receive, c.CheckOut, "2026-01-12", {}),
    "lent again after he brought it": (BorrowingDesk.take_back, c.CheckOut, "2026-02-02", {}),
    "sent back after receipt": (BorrowingDesk.receive, c.ShipBack, "2026-01-12", {}),
    "sent back after he brought it": (BorrowingDesk.take_back, c.ShipBack, "2026-02-02", {}),
    "a part sent back after receipt": (two, c.ShipBack, "2026-01-12", {"items": ("a",)}),
    "renewed after receipt": (BorrowingDesk.receive, c.RenewLoan, "2026-01-12", {}),
    "damaged after receipt": (BorrowingDesk.receive, c.ReportDamage, "2026-01-12", {}),
    "handed over after it came": (BorrowingDesk.deliver, c.HandOver, "2026-01-07", {}),
    "of no use after it came": (BorrowingDesk.deliver, c.ReportDefect, "2026-01-07", {}),
    "found after the loss": (lost, c.RecordFound, "2026-02-09", {}),
    "a part found after the loss": (half_lost, c.RecordFound, "2026-02-09", {}),
    "found after the loss on its way back": (lost_back, c.RecordFound, "2026-02-09", {}),
    "settled after the loss": (lost, c.CloseLoss, "2026-02-09", {}),
}


@pytest.mark.parametrize("which", ORDER)
def test_nothing_happens_before_what_had_to_come_first(desk: BorrowingDesk, which: str) -> None:
    """A day before it is refused with that day; the day itself is not, from its first minute on."""
    stand, kind, first, said = ORDER[which]
    desk.rule(renewals=1)
    desk.draft(case="B-0")
    stand(desk)
    day = date.fromisoformat(first)
    if stand is cheap:
        said = {"by": desk.system}
    early = desk.refused(kind, f"{day - timedelta(days=1)}T23:59", **said)

    assert ("ill.before-its-start", None, {"after": day}) in early
    assert {code for code, _, _ in early} == {"ill.before-its-start"}
    assert desk.refused(kind, f"{day}T00:00", **said) == []


# --- impossible commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (c.DraftRequest, {"patron": ""}, "patron"),
        (c.DraftRequest, {"patron": " p-17"}, "patron"),
        (c.DraftRequest, {"library": "CN-CQUE "}, "library"),
        (c.DraftRequest, {"suppliers": ("",)}, "suppliers"),
        (c.DraftRequest, {"suppliers": (" CN-NLC",)}, "suppliers"),
        (c.DraftRequest, {"suppliers": ("CN-NLC", "CN-NLC")}, "suppliers"),
        (c.SetRota, {"suppliers": ["CN-NLC"]}, "suppliers"),
        (c.SetRota, {"suppliers": ("CN-NLC", 1)}, "suppliers"),
        (c.SetRota, {"suppliers": ("CN-ZJU", "CN-NLC", "CN-NLC")}, "suppliers"),
        (c.DraftRequest, {"max_cost": yuan("-0.01")}, "max_cost"),
        (c.AmendRequest, {"max_cost": yuan("-0.01")}, "max_cost"),
        (c.AcceptRetry, {"max_cost": yuan("-0.01")}, "max_cost"),
        (c.HearOffer, {"cost": yuan("-0.01")}, "cost"),
        (c.HearOffer, {"revision": -1}, "revision"),
        (c.SetRota, {"suppliers": 5}, "suppliers"),
        (c.RecordFound, {"items": ("a", "a")}, "items"),
        (c.HearRetry, {"cost": yuan("-0.01")}, "cost"),
        (c.OverrideBlock, {"reason": " "}, "reason"),
        (c.CloseAsDuplicate, {"other": ""}, "other"),
        (c.DeclineRequest, {"reason": ""}, "reason"),
        (c.Resubmit, {"successor": ""}, "successor"),
        (c.HearOffer, {"cost": None}, "offer"),
        (c.HearShipped, {"service": Service.COPY_OR_LOAN}, "service"),
        (c.HearShipped, {"items": ("a", "a")}, "items"),
        (c.HearShipped, {"items": ("",)}, "items"),
        (c.HearShipped, {"items": ["a"]}, "items"),
        (c.HearShipped, {"service": Service.COPY, "delivery": replace(LINK, reference=" ")}, "delivery"),
        (c.HearCancelAnswer, {"yes": None}, "answer"),
        (c.HearRenewalAnswer, {"yes": True}, "due"),
        (c.Receive, {"items": ("a", "a")}, "items"),
        (c.ShipBack, {"items": ("a", "a")}, "items"),
        (c.RecordLoss, {"items": ("a", "a")}, "items"),
        (c.ReportDefect, {"note": ""}, "note"),
        (c.ReportDamage, {"note": ""}, "note"),
        (c.CloseCaseManually, {"reason": ""}, "reason"),
        (c.DraftRequest, {"id": " "}, "id"),
        (c.Receive, {"case": ""}, "case"),
    ],
)
def test_what_cannot_be_said(desk: BorrowingDesk, kind: Any, said: dict[str, Any], field: str) -> None:
    """It is refused where it is made, with the field."""
    with pytest.raises(InvalidValue) as refused:
        desk.command(kind, "2026-01-05", **said)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "id", [" B1", "B1 ", "B  1", "B1\n", "B\t1", "B\x7f1", "B\u30001", "B\u202e1", "x" * 201]
)
def test_an_id_that_suppliers_cannot_be_told(desk: BorrowingDesk, id: str) -> None:
    """A case whose id would not arrive as it is, or would be too long, is refused where it is made."""
    with pytest.raises(InvalidValue) as refused:
        desk.command(c.DraftRequest, "2026-01-05", case=id)

    assert (refused.value.field, refused.value.found) == ("case", id)
    for other in ("x" * 200, "B 1", "书/1", "B1~1"):
        assert desk.command(c.DraftRequest, "2026-01-05", case=other).case == other


def test_the_same_supplier_may_come_again_later_in_the_rota(desk: BorrowingDesk) -> None:
    """Not twice in a row, but after another one."""
    desk.send(suppliers=(LENDER, "CN-ZJU", LENDER))

    assert [each.supplier for each in desk.case().ahead] == ["CN-ZJU", LENDER]


@pytest.mark.parametrize("kind", [c.DraftRequest, c.SetRota])
def test_a_rota_has_an_end(desk: BorrowingDesk, kind: Any) -> None:
    """A hundred suppliers are as many as anybody asks."""
    desk.command(kind, "2026-01-05", suppliers=tuple(f"CN-{number}" for number in range(100)))
    with pytest.raises(InvalidValue, match="100") as refused:
        desk.command(kind, "2026-01-05", suppliers=tuple(f"CN-{number}" for number in range(101)))

    assert refused.value.field == "suppliers"


def test_a_case_is_opened_once(desk: BorrowingDesk) -> None:
    """A second draft of the same id is not another case."""
    desk.draft()
    with pytest.raises(AlreadyExists):
        desk.draft()


def test_a_refusal_leaves_no_trace(desk: BorrowingDesk) -> None:
    """Neither the case nor what was told or posted is another one."""
    desk.ship(costs=costs(loan=40))
    before = (dict(desk.aggregates), desk.messages, desk.postings)
    with pytest.raises(Refused):
        desk.do(c.CheckOut, "2026-01-08")

    assert (dict(desk.aggregates), desk.messages, desk.postings) == before
    assert desk.case().outcome is not CaseOutcome.RETURNED


def test_a_last_day_to_pick_it_up_lies_ahead_and_within_the_term(desk: BorrowingDesk) -> None:
    """When it comes as well as later: not in the past, and not after the lender's due date, both included."""
    desk.ship()
    over = ("ill.pick-up-over", None, {"until": date(2026, 1, 11)})
    due = {"until": date(2026, 3, 7), "due": date(2026, 3, 6)}
    assert desk.refused(c.Receive, "2026-01-12", pick_up_by=date(2026, 1, 11)) == [over]
    assert desk.refused(c.Receive, "2026-01-12", pick_up_by=date(2026, 3, 7)) == [
        ("ill.pick-up-after-due", None, due)
    ]
    for day in (date(2026, 1, 12), date(2026, 3, 6)):
        assert desk.refused(c.Receive, "2026-01-12", pick_up_by=day) == []
    desk.do(c.Receive, "2026-01-12")
    assert desk.refused(c.SetPickUp, "2026-01-12", until=date(2026, 1, 11)) == [over]
    assert desk.refused(c.SetPickUp, "2026-01-12", until=date(2026, 3, 7)) == [
        ("ill.pick-up-after-due", None, due)
    ]
    assert desk.refused(c.SetPickUp, "2026-01-12", until=date(2026, 3, 6)) == []


def test_what_came_unannounced_has_the_term_that_the_parcel_says(desk: BorrowingDesk) -> None:
    """Where it says none, no day is too late."""
    desk.send()
    said = {"unannounced": True, "pick_up_by": date(2026, 3, 7)}
    assert desk.refused(c.Receive, "2026-01-12", **said, due=date(2026, 3, 6)) == [
        ("ill.pick-up-after-due", None, {"until": date(2026, 3, 7), "due": date(2026, 3, 6)})
    ]
    assert desk.refused(c.Receive, "2026-01-12", **said) == []
    assert desk.refused(c.Receive, "2026-01-12", unannounced=True, pick_up_by=date(2026, 1, 1)) == [
        ("ill.pick-up-over", None, {"until": date(2026, 1, 1)})
    ]
