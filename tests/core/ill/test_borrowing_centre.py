"""A case that a centre routes: who may say which suppliers are asked, and how the centre is asked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from borrowing_desk import CASE, LENDER, LIBRARY, BorrowingDesk, facts_of

from servflow.core.changes import Actor, Change, Office
from servflow.core.errors import InvalidValue
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import messages as m
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.terms import Service

S = CaseState
CENTRE = "CN-CALIS"
TODAY, NEXT = "2026-01-05", "2026-01-06"
IS_THE_CENTRES = [("ill.rota-is-the-centres", "PRACTICE", {"centre": CENTRE})]


@pytest.fixture
def desk() -> BorrowingDesk:
    """A desk whose case a centre routes, approved; the centre has been asked, and has not answered."""
    desk = BorrowingDesk()
    desk.send(routed_by=CENTRE, suppliers=())
    return desk


def centre(desk: BorrowingDesk, office: Office = Office.SYSTEM) -> Actor:
    """Somebody at the centre."""
    return desk.by(office, CENTRE)


def routed(desk: BorrowingDesk, *suppliers: str, **said: Any) -> Change:
    """The centre's answer comes."""
    return desk.do(c.HearRota, NEXT, suppliers=suppliers, **{"by": centre(desk), **said})


def asks(change: Change) -> list[dict[str, Any]]:
    """What the centre is asked by a change."""
    return [facts_of(each) for each in change.messages if each.kind == m.ROUTE]


def test_the_centre_is_asked_first() -> None:
    """With what is wanted, once; what the host proposes is not taken, and nobody is asked yet."""
    desk = BorrowingDesk()
    desk.know(suppliers=(LENDER,))
    desk.submit(routed_by=CENTRE, suppliers=(), need_before=date(2026, 3, 1), service=Service.COPY)
    change = desk.do(c.ApproveRequest, TODAY, copyright_basis="私人学习")

    assert desk.names(change) == ["ApproveRequest", "AskCentre"]
    (message,) = (each for each in change.messages if each.kind == m.ROUTE)
    assert message.to == CENTRE
    assert dict(message.facts)["request"] == CASE
    assert dict(message.facts)["requester"] == LIBRARY
    assert facts_of(message) == {
        "service": "Copy",
        "level": "Normal",
        "need_before": date(2026, 3, 1),
        "forwardable": False,
        "declared": True,
    }
    assert (desk.case().state, desk.case().attempts) == (S.ROUTABLE, ())
    later = desk.do(c.AmendRequest, NEXT)
    assert desk.names(later) == ["AmendRequest"]  # it waits for the answer


def test_its_answer_is_asked(desk: BorrowingDesk) -> None:
    """In its order, in the centre's name."""
    change = routed(desk, "CN-ZJU", LENDER)
    assert desk.names(change) == ["HearRota", "Send"]
    assert [entry.role for entry in change.entries] == ["centre", "centre"]
    assert desk.case().state is S.SENT
    assert [each.supplier for each in desk.case().attempts] == ["CN-ZJU", LENDER]
    assert desk.case().centre_asked is None


def test_when_all_have_said_no_it_is_asked_again(desk: BorrowingDesk) -> None:
    """It hears who was asked or passed over, each once, so that it names none of them again."""
    desk.know(not_taking=("CN-SZU",))
    routed(desk, "CN-ZJU", "CN-SZU", LENDER)
    first = desk.do(c.HearUnfilled, NEXT, attempt=1)
    assert desk.names(first) == ["HearUnfilled", "SkipSupplier", "Send"]
    assert [entry.role for entry in first.entries] == ["supplier", "centre", "centre"]
    assert not asks(first)
    last = desk.do(c.HearUnfilled, NEXT, attempt=3)
    assert [facts["asked"] for facts in asks(last)] == [f"CN-ZJU\nCN-SZU\n{LENDER}"]
    assert desk.case().state is S.ROUTABLE


def test_nobody_is_left_when_the_centre_says_so(desk: BorrowingDesk) -> None:
    """The case is for staff; a later answer of the centre opens it again, and one without names does not."""
    change = routed(desk)
    assert desk.names(change) == ["HearRota", "Exhaust"]
    assert desk.case().state is S.ROTA_EXHAUSTED
    assert not asks(change)
    routed(desk)
    assert desk.case().state is S.ROTA_EXHAUSTED
    assert desk.names(routed(desk, LENDER)) == ["HearRota", "Send"]
    assert desk.case().state is S.SENT


def test_its_own_staff_and_programs_may_set_it_too(desk: BorrowingDesk) -> None:
    """Without names it says that nobody is left; and it may send and pass over."""
    desk.do(c.SetRota, NEXT, suppliers=("CN-ZJU", LENDER), by=centre(desk))
    desk.do(c.Undo, NEXT)
    desk.do(c.SkipSupplier, NEXT, by=centre(desk))
    desk.do(c.Send, NEXT, by=centre(desk))
    assert [each.state.value for each in desk.case().attempts] == ["cancelled", "skipped", "active"]
    desk.do(c.HearUnfilled, NEXT)
    assert desk.names(desk.do(c.SetRota, NEXT, suppliers=(), by=centre(desk))) == ["SetRota", "Exhaust"]
    for office in (Office.STAFF, Office.SYSTEM):
        desk.do(c.SetRota, NEXT, suppliers=(LENDER,), by=centre(desk, office))
        assert desk.case().state is S.SENT


@pytest.mark.parametrize("office", [Office.STAFF, Office.SYSTEM])
def test_it_is_not_ours_to_say(desk: BorrowingDesk, office: Office) -> None:
    """Whom to ask, whom to pass over, and when: by the rule's clause."""
    by = desk.by(office)
    desk.rule(sends_itself=False)  # it does all the same: nobody here may say when
    assert desk.refused(c.SetRota, NEXT, by=by) == IS_THE_CENTRES
    routed(desk, LENDER)
    assert desk.case().state is S.SENT
    desk.do(c.Undo, NEXT)
    assert desk.refused(c.Send, NEXT, by=by) == IS_THE_CENTRES
    assert desk.refused(c.SkipSupplier, NEXT, by=by) == IS_THE_CENTRES
    assert asks(desk.do(c.AskCentre, NEXT))
    desk.do(c.HearRota, NEXT, suppliers=(), by=centre(desk))
    assert desk.case().state is S.ROTA_EXHAUSTED
    assert desk.refused(c.SetRota, NEXT, by=by) == IS_THE_CENTRES


def test_unless_a_rule_leaves_it_to_us(desk: BorrowingDesk) -> None:
    """Then whoever says it last; without names, the centre is asked again."""
    desk.rule(rota_delegated=True, sends_itself=False)
    desk.do(c.SetRota, NEXT, suppliers=("CN-ZJU", LENDER))
    assert asks(desk.do(c.SetRota, NEXT, suppliers=()))
    desk.do(c.SetRota, NEXT, suppliers=("CN-ZJU", LENDER))
    desk.do(c.SkipSupplier, NEXT)
    desk.do(c.Send, NEXT)
    assert desk.case().state is S.SENT


def test_staff_enter_what_the_centre_said(desk: BorrowingDesk) -> None:
    """With the evidence, kept in the journal; without one it is theirs, and whom to ask is not."""
    change = routed(desk, LENDER, by=desk.staff, evidence="<17@calis.example>")
    said = change.entries[0].command
    assert isinstance(said, c.HearRota)
    assert said.evidence == "<17@calis.example>"
    assert desk.case().state is S.SENT
    for nothing in ("", " "):
        assert desk.refused(c.HearRota, NEXT, by=desk.staff, evidence=nothing) == [
            ("ill.rota-evidence-missing", None, {})
        ]
    routed(desk, "CN-ZJU", evidence="")  # the centre itself needs none
    assert [each.supplier for each in desk.case().ahead] == ["CN-ZJU"]


@pytest.mark.parametrize(
    ("sender", "suppliers"),
    [("CN-ZJU", (LENDER,)), (CENTRE, (LIBRARY,)), (LIBRARY, (LIBRARY, LENDER))],
)
def test_what_is_not_the_centres_or_cannot_be_done_is_shown(
    desk: BorrowingDesk, sender: str, suppliers: tuple[str, ...]
) -> None:
    """Nobody is asked, nothing is given up, and the centre is still waited for."""
    office = Office.STAFF if sender == LIBRARY else Office.SYSTEM
    change = routed(desk, *suppliers, by=desk.by(office, sender))
    assert desk.names(change) == ["HearRota"]
    facts = {"sender": sender, "suppliers": ", ".join(suppliers)}
    assert desk.attention() == [("rota-not-taken", facts)]
    assert (desk.case().state, desk.case().centre_asked) == (S.ROUTABLE, True)


def test_too_early_or_too_late_it_is_shown() -> None:
    """Before the case may be ordered, when it is on its way, and when it is over."""
    desk = BorrowingDesk()
    desk.submit(routed_by=CENTRE, suppliers=())
    routed(desk, LENDER)
    assert desk.case().state is S.IN_REVIEW  # there it has a place
    desk.do(c.ApproveRequest, NEXT, copyright_basis="私人学习")
    desk.do(c.HearShipped, NEXT)
    routed(desk, "CN-ZJU")
    assert [code for code, _ in desk.attention()] == ["rota-not-taken"]
    desk.do(c.CloseCaseManually, NEXT)
    routed(desk, "CN-SZU")
    assert desk.case().ahead == ()


def test_where_no_centre_routes_nobody_says_it_for_one(desk: BorrowingDesk) -> None:
    """It is shown; and there is no centre to be asked."""
    desk.rule(sends_itself=False)
    desk.send(case="B-9")
    desk.do(c.HearRota, NEXT, case="B-9", by=centre(desk), suppliers=("CN-SZU",))
    desk.do(c.HearRota, NEXT, case="B-9", by=desk.staff, suppliers=("CN-SZU",))
    assert [code for code, _ in desk.attention("B-9")] == ["rota-not-taken"] * 2
    assert desk.refused(c.AskCentre, NEXT, case="B-9") == [("ill.no-centre", None, {})]


def test_it_may_be_asked_once_more(desk: BorrowingDesk) -> None:
    """By staff, when its answer was lost; or the case is taken for exhausted, and goes on with us."""
    assert asks(desk.do(c.AskCentre, NEXT))
    desk.do(c.Exhaust, NEXT)
    desk.do(c.GiveUp, NEXT)
    assert desk.case().state is S.CLOSED


def test_a_centre_may_be_asked_to_supply() -> None:
    """It speaks of its own attempt as any supplier does."""
    desk = BorrowingDesk()
    desk.send(routed_by=CENTRE, suppliers=())
    routed(desk, CENTRE)
    desk.do(c.HearPromise, NEXT, by=centre(desk))
    assert desk.case().state is S.PROMISED
    assert [role.value for role in BORROWING.roles_of(desk.case(), centre(desk))] == ["centre", "supplier"]


def test_another_institution_is_no_centre(desk: BorrowingDesk) -> None:
    """And a person of another one has no part in it."""
    strange = desk.by(Office.SYSTEM, "CN-ZJU")
    assert desk.refused(c.SetRota, NEXT, by=strange)[0][0] == "lifecycle.not-yours"
    assert BORROWING.roles_of(desk.case(), desk.by(Office.PERSON, "CN-ZJU")) == ()


@pytest.mark.parametrize("office", [Office.PERSON, Office.CLOCK])
def test_no_reader_or_clock_of_an_institution_speaks_for_it(desk: BorrowingDesk, office: Office) -> None:
    """Neither for the centre nor for a supplier: its staff and its programs do."""
    routed(desk, CENTRE)
    desk.do(c.HearUnfilled, NEXT)
    for serves in (CENTRE, "CN-ZJU"):
        somebody = desk.by(office, serves)
        assert BORROWING.roles_of(desk.case(), somebody) == ()
        for kind in (c.SetRota, c.HearRota, c.HearShipped):
            assert desk.refused(kind, NEXT, by=somebody)[0][0] == "lifecycle.not-yours"


def test_an_institution_that_is_the_patron_decides_as_one(desk: BorrowingDesk) -> None:
    """Its staff and programs do what a patron does; its readers and everybody else's staff do not."""
    account = Actor("CN-LIB", LIBRARY, Office.PERSON)
    desk.draft(case="B-9", patron="CN-LIB", by=account)
    desk.do(c.Submit, TODAY, case="B-9", declared=True, by=account)
    desk.do(c.ApproveRequest, TODAY, case="B-9", copyright_basis="私人学习")
    for office in (Office.STAFF, Office.SYSTEM):
        roles = BORROWING.roles_of(desk.case("B-9"), desk.by(office, "CN-LIB"))
        assert [role.value for role in roles] == ["patron", "supplier"]
    assert BORROWING.roles_of(desk.case("B-9"), desk.by(Office.PERSON, "CN-LIB")) == ()
    librarian = desk.by(Office.STAFF, "CN-LIB")
    desk.do(c.HearOffer, NEXT, case="B-9")
    assert desk.refused(c.AcceptOffer, NEXT, case="B-9", by=desk.by(Office.STAFF, "CN-ZJU"))
    leave = desk.refused(c.RejectOffer, NEXT, case="B-9", by=librarian)
    assert leave == [("ill.routing-is-the-librarys", None, {})]
    assert not desk.refused(c.AcceptOffer, NEXT, case="B-9", by=librarian)
    desk.do(c.CancelRequest, NEXT, case="B-9", by=librarian)
    assert desk.case("B-9").cancelling


def test_a_centre_that_names_nobody_new_is_not_asked_again(desk: BorrowingDesk) -> None:
    """It was told who had been passed over, and would say the same for ever: the case is for staff."""
    desk.know(not_taking=("CN-ZJU", "CN-SZU"))
    first = routed(desk, "CN-ZJU")
    assert [facts["asked"] for facts in asks(first)] == ["CN-ZJU"]
    for _ in range(3):
        again = routed(desk, "CN-ZJU")
        assert desk.names(again) == ["HearRota", "SkipSupplier", "Exhaust"]
        assert not asks(again)
        assert desk.case().state is S.ROTA_EXHAUSTED
    new = routed(desk, "CN-ZJU", "CN-SZU")  # a new name is worth another question
    assert [facts["asked"] for facts in asks(new)] == ["CN-ZJU\nCN-SZU"]
    desk.know(not_taking=())
    routed(desk, "CN-ZJU")  # named again, and now it takes requests
    assert desk.case().state is S.SENT
    desk.do(c.HearUnfilled, NEXT)
    assert desk.case().state is S.ROTA_EXHAUSTED


def test_no_partner_is_named_for_ever_either(desk: BorrowingDesk) -> None:
    """Whom the rules do not let be asked was passed over as well."""
    desk.rule(partners=("CN-PKU",))
    questions = [len(asks(routed(desk, "CN-ZJU"))) for _ in range(5)]
    assert questions == [1, 0, 0, 0, 0]


def test_a_case_taken_up_again_is_routed_by_the_same(desk: BorrowingDesk) -> None:
    """By the new case as well."""
    desk.do(c.Exhaust, NEXT)
    desk.do(c.Resubmit, NEXT)
    assert desk.case("B-2").routed_by == CENTRE


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"routed_by": LIBRARY, "suppliers": ()}, "routed_by"),
        ({"routed_by": " ", "suppliers": ()}, "routed_by"),
        ({"routed_by": CENTRE}, "suppliers"),
    ],
)
def test_what_contradicts_itself_is_no_command(said: dict[str, Any], field: str) -> None:
    """A library routes nothing for itself; where a centre says who is asked, the case does not."""
    with pytest.raises(InvalidValue) as caught:
        BorrowingDesk().draft(**said)
    assert caught.value.field == field


def test_a_rota_names_libraries(desk: BorrowingDesk) -> None:
    """None empty, none twice in a row."""
    with pytest.raises(InvalidValue):
        routed(desk, LENDER, LENDER)
