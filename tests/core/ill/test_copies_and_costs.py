"""Copies, claims on them, and money: what may be charged, what is charged, what is reversed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from servflow.core.changes import Command, Withdrawal
from servflow.core.errors import InvalidValue
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.model import Defect
from servflow.core.ill.lending.states import BESIDE_THE_LOAN, Closing, Material, Place, SupplyState
from servflow.core.ill.terms import (
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Level,
    SentVia,
    Service,
)
from servflow.core.money import Money

S = SupplyState
LOAN = "CN-320500/1"
MAIL = Delivery(via=SentVia.MAIL)
LINK = Delivery(via=SentVia.URL, reference="https://ill.example.org/scan/7")
EURO = Money(1, "EUR")


def yuan(amount: int | str) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def cost(kind: CostKind, amount: int | str) -> CostLine:
    """A cost in CNY."""
    return CostLine(kind=kind, amount=yuan(amount))


def facts(change: Any) -> dict[str, Any]:
    """The facts of the last thing that was told, without those that every message has."""
    common = ("request", "title", "mark", "as_of")
    return {name: fact for name, fact in change.messages[-1].facts if name not in common}


def codes(desk: Any, kind: type[Command], on: str, **said: Any) -> list[str]:
    """The codes of the reasons for which it would be refused."""
    return [reason.code for reason in desk.reasons(kind, on, **said)]


def still_open(desk: Any) -> dict[str, Money]:
    """What the account holds as open, by loan and kind."""
    return {about: item.outstanding for about, item in desk.relation().open.items()}


def copy(desk: Any, on: str = "2026-02-06", **said: Any) -> Any:
    """A copy is supplied by mail, its copyright checked."""
    return desk.do(c.SupplyCopy, on, **({"delivery": MAIL, "copyright_checked": True} | said))


# --- what is asked for ----------------------------------------------------------------------------


def test_all_that_is_asked_for_is_on_record(lending_desk: Any) -> None:
    """Service, level, the most that is paid, how it is wished, what it repeats, whether it may go on."""
    said = {
        "service": Service.COPY,
        "level": Level.RUSH,
        "max_cost": yuan(50),
        "previous": "CN-320500/0",
        "forwardable": True,
        "delivery": LINK,
    }
    loan = lending_desk.reach(S.NEW, **said)

    assert (loan.service, loan.level, loan.max_cost) == (Service.COPY, Level.RUSH, yuan(50))
    assert (loan.previous, loan.forwardable, loan.delivery_wished) == ("CN-320500/0", True, LINK)
    assert loan.delivery is None
    with pytest.raises(InvalidValue, match="max_cost"):
        lending_desk.command(
            c.ReceiveRequest,
            "2026-02-06",
            requester="q",
            supplier="s",
            request_id="1",
            requested=None,
            max_cost=-EURO,
        )


def test_a_request_is_for_a_loan_where_it_does_not_say(lending_desk: Any) -> None:
    """As every request was before there were others; one that is stored without a service is a loan too."""
    loan = lending_desk.reach(S.NEW)

    assert (loan.service, loan.level, loan.forwardable) == (Service.LOAN, Level.NORMAL, None)
    assert (loan.may_be_lent, loan.may_be_copied) == (True, False)


@pytest.mark.parametrize(
    ("service", "loan", "copied"),
    [(Service.LOAN, True, False), (Service.COPY, False, True), (Service.COPY_OR_LOAN, True, True)],
)
def test_what_is_supplied_is_what_was_asked_for(
    lending_desk: Any, service: Service, loan: bool, copied: bool
) -> None:
    """A loan, a copy, or whichever is shipped; otherwise refused, with what was asked for."""
    lending_desk.reach(S.NEW, service=service)
    other = [("ill.service-not-asked-for", {"asked": service.value})]
    sent = {"delivery": MAIL, "copyright_checked": True}

    found = lending_desk.reasons(c.Ship, "2026-02-06", items=("a",))
    assert [(each.code, dict(each.facts)) for each in found] == ([] if loan else other)
    found = lending_desk.reasons(c.SupplyCopy, "2026-02-06", **sent)
    assert [(each.code, dict(each.facts)) for each in found] == ([] if copied else other)


@pytest.mark.clause("NLC-8", "NLC-9")
def test_of_what_is_not_lent_a_copy_may_be_supplied(lending_desk: Any) -> None:
    """A map is not answered no where a copy would do; the map itself is not shipped all the same."""
    lending_desk.know(material=Material.MAP)
    lending_desk.reach(S.NEW, service=Service.COPY_OR_LOAN)

    assert codes(lending_desk, c.Promise, "2026-02-06") == []
    assert codes(lending_desk, c.Ship, "2026-02-06", items=("a",)) == ["ill.material-not-lent"]
    copy(lending_desk)
    assert lending_desk.loan().closing is Closing.COPY_SUPPLIED


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.NEW, S.CHECKING, S.PROMISED])
def test_a_copy_is_supplied_and_charged_and_it_is_over(lending_desk: Any, state: SupplyState) -> None:
    """Nothing is out, nothing is due; each kind of cost is a charge of its own, and the requester hears all."""
    lending_desk.reach(state, service=Service.COPY)
    change = copy(
        lending_desk,
        delivery=LINK,
        items=("NLC-7",),
        pages=12,
        costs=(cost(CostKind.COPY, "3.60"), cost(CostKind.SEARCH, 5), cost(CostKind.COPY, "2.40")),
    )

    loan = lending_desk.loan()
    assert (loan.state, loan.closing, loan.shipped_on) == (S.CLOSED, Closing.COPY_SUPPLIED, date(2026, 2, 6))
    assert (loan.due, loan.still_out, loan.items, loan.pages) == (None, (), ("NLC-7",), 12)
    assert loan.delivery == LINK
    assert facts(change) == {
        "status": "CopyCompleted",
        "items": "NLC-7",
        "via": "URL",
        "reference": "https://ill.example.org/scan/7",
        "pages": 12,
        "cost.copy-fee": yuan(6),
        "cost.search-fee": yuan(5),
    }
    assert still_open(lending_desk) == {f"{LOAN}/copy-fee": yuan(6), f"{LOAN}/search-fee": yuan(5)}
    assert lending_desk.owed("2026-12-31") == {"copy-fee": yuan(6), "search-fee": yuan(5)}
    assert lending_desk.relation().out == {}


def test_a_payment_pays_for_copies_too(lending_desk: Any) -> None:
    """Every kind of cost has its place in the order of payment."""
    lending_desk.reach(S.NEW, service=Service.COPY)
    copy(lending_desk, costs=tuple(cost(kind, 1) for kind in BESIDE_THE_LOAN))
    assert len(still_open(lending_desk)) == 5
    lending_desk.do(c.Pay, "2026-02-07", amount=yuan(5))

    assert still_open(lending_desk) == {}


def test_a_copy_may_cost_nothing(lending_desk: Any) -> None:
    """Then nothing is posted, and nothing but how it was sent is told."""
    lending_desk.reach(S.NEW, service=Service.COPY)
    change = copy(lending_desk)

    assert change.postings == ()
    assert facts(change) == {"status": "CopyCompleted", "via": "Mail"}


def test_somebody_checks_the_copyright_where_the_rules_ask_for_it(lending_desk: Any) -> None:
    """Refused without it; not where the rules do not ask."""
    lending_desk.reach(S.NEW, service=Service.COPY)
    (reason,) = lending_desk.reasons(c.SupplyCopy, "2026-02-06", delivery=MAIL)
    assert (reason.code, reason.clause.id) == ("ill.copyright-unchecked", "PRACTICE")

    lending_desk.rule(copyright_check=False)
    assert codes(lending_desk, c.SupplyCopy, "2026-02-06", delivery=MAIL) == []


@pytest.mark.parametrize(
    ("via", "reference", "valid"),
    [
        (SentVia.MAIL, "", True),
        (SentVia.COURIER, "SF 1234", True),
        (SentVia.FAX, "", True),
        (SentVia.URL, "https://ill.example.org", True),
        (SentVia.URL, "http://ill.example.org/a?b=1", True),
        (SentVia.URL, "", False),
        (SentVia.URL, "scan.pdf", False),
        (SentVia.URL, "https://", False),
        (SentVia.URL, "https:///scan", False),
        (SentVia.URL, "https://ill.example.org/a b", False),
        (SentVia.FTP, "in/scan-7.pdf", True),
        (SentVia.FTP, " ", False),
        (SentVia.EMAIL, "", False),
    ],
)
def test_what_is_there_at_once_can_be_found(
    lending_desk: Any, via: SentVia, reference: str, valid: bool
) -> None:
    """A link that is one, a name without spaces; a parcel needs no number."""
    lending_desk.reach(S.NEW, service=Service.COPY)
    sent = {"delivery": Delivery(via=via, reference=reference), "copyright_checked": True}
    found = lending_desk.reasons(c.SupplyCopy, "2026-02-06", **sent)

    assert [(each.code, dict(each.facts)) for each in found] == (
        [] if valid else [("ill.reference-invalid", {"via": via.value, "reference": reference})]
    )


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"items": ("a", "a")}, "items"),
        ({"pages": 0}, "pages"),
        ({"pages": True}, "pages"),
        ({"costs": [cost(CostKind.COPY, 1)]}, "costs"),
        ({"costs": (5,)}, "costs"),
        ({"costs": (cost(CostKind.LOAN, 1),)}, "costs"),
        ({"costs": (cost(CostKind.OVERDUE, 1),)}, "costs"),
        ({"costs": (cost(CostKind.COMPENSATION, 1),)}, "costs"),
    ],
)
def test_a_copy_that_cannot_be_is_refused(lending_desk: Any, said: dict[str, Any], field: str) -> None:
    """An item twice, no page, costs that are none or that follow from the rules; so for what is shipped."""
    with pytest.raises(InvalidValue) as refused:
        lending_desk.command(c.SupplyCopy, "2026-02-06", delivery=MAIL, **said)
    assert refused.value.field == field

    if field == "costs":
        with pytest.raises(InvalidValue, match="costs"):
            lending_desk.command(c.Ship, "2026-02-06", items=("a",), **said)


# --- claims on a copy -----------------------------------------------------------------------------


def test_a_defective_copy_is_sent_again_free_of_charge(lending_desk: Any) -> None:
    """Only while a claim is open, and at no cost; then all claims are settled, and staff have seen to it."""
    lending_desk.reach(S.NEW, service=Service.COPY)
    copy(lending_desk, costs=(cost(CostKind.COPY, 4),), pages=12)
    again = {"delivery": LINK, "copyright_checked": True}
    assert codes(lending_desk, c.SupplyCopy, "2026-02-09", **again) == ["ill.no-open-claim"]

    lending_desk.do(c.ClaimDefect, "2026-02-08", what="缺第二页", note="见附件")
    lending_desk.do(c.ClaimDefect, "2026-02-09", what="模糊")
    assert lending_desk.loan().defects == (
        Defect(on=date(2026, 2, 8), what="缺第二页", note="见附件"),
        Defect(on=date(2026, 2, 9), what="模糊"),
    )
    assert [(each.code, dict(each.facts)) for each in lending_desk.loan().attention] == [
        ("ill.attention.defect", {"what": "缺第二页", "note": "见附件"}),
        ("ill.attention.defect", {"what": "模糊"}),
    ]
    dear = again | {"costs": (cost(CostKind.COPY, 1),)}
    assert codes(lending_desk, c.SupplyCopy, "2026-02-09", **dear) == ["ill.replacement-costs-nothing"]

    change = lending_desk.do(c.SupplyCopy, "2026-02-10", **again, pages=13)
    loan = lending_desk.loan()
    assert (loan.closing, loan.defects, loan.attention) == (Closing.COPY_SUPPLIED, (), ())
    assert (loan.delivery, loan.pages, loan.shipped_on) == (LINK, 13, date(2026, 2, 6))
    assert change.postings == ()
    assert facts(change)["cost.copy-fee"] == yuan(4)
    assert codes(lending_desk, c.SupplyCopy, "2026-02-11", **again) == ["ill.no-open-claim"]


def test_what_was_not_copied_has_no_claim(lending_desk: Any) -> None:
    """A loan that came back is not defective; and what was copied is not damaged by the requester."""
    lending_desk.reach(S.CLOSED)
    lending_desk.do(c.ClaimDefect, "2026-02-10", what="缺页")
    assert lending_desk.loan().defects == ()
    assert [reason.code for reason in lending_desk.loan().attention] == ["ill.attention.out-of-order"]

    lending_desk.ask(case="copy", service=Service.COPY)
    copy(lending_desk, case="copy", items=("x",))
    damage = {"item": "x", "note": "水渍", "case": "copy"}
    assert codes(lending_desk, c.RecordDamage, "2026-02-10", **damage) == ["ill.item-not-of-loan"]
    with pytest.raises(InvalidValue, match="what"):
        lending_desk.command(c.ClaimDefect, "2026-02-10", what=" ")


# --- no more than was agreed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "beside", "refused"), [(1, 0, False), (1, 5, False), (1, 6, True), (2, 0, True)]
)
def test_nothing_costs_more_than_is_paid_unasked(
    lending_desk: Any, items: int, beside: int, refused: bool
) -> None:
    """The fee and all beside it: 25 yuan are, 26 are offered first."""
    lending_desk.reach(S.NEW, max_cost=yuan(25))
    ship = {"items": ("a", "b")[:items], "costs": (cost(CostKind.DELIVERY, beside),)}
    found = lending_desk.reasons(c.Ship, "2026-02-06", **ship)

    whole = yuan(20 * items + beside)
    assert [(each.code, dict(each.facts)) for each in found] == (
        [("ill.cost-above-most", {"cost": whole, "most": yuan(25)})] if refused else []
    )


def test_what_was_agreed_takes_the_place_of_what_is_paid_unasked(lending_desk: Any) -> None:
    """Offered at 30 and accepted: 30 may be charged, 31 may not; conditions alone agree no cost."""
    lending_desk.reach(S.NEW, max_cost=yuan(20))
    ship = {"items": ("a",), "costs": (cost(CostKind.RUSH, 10),)}
    lending_desk.do(c.MakeOffer, "2026-02-05", conditions=(Condition.SUPERVISED,))
    lending_desk.do(c.AgreeToOffer, "2026-02-05", revision=1)
    assert codes(lending_desk, c.Ship, "2026-02-06", **ship) == ["ill.cost-above-most"]
    lending_desk.do(c.MakeOffer, "2026-02-05", cost=yuan(30))
    lending_desk.do(c.AgreeToOffer, "2026-02-05", revision=2)

    assert codes(lending_desk, c.Ship, "2026-02-06", **ship) == []
    ship["costs"] = (cost(CostKind.RUSH, 11),)
    (reason,) = lending_desk.reasons(c.Ship, "2026-02-06", **ship)
    assert (reason.code, dict(reason.facts)) == (
        "ill.cost-above-agreed",
        {"cost": yuan(31), "most": yuan(30)},
    )


def test_a_copy_costs_no_more_than_is_paid_unasked_either(lending_desk: Any) -> None:
    """Four yuan where three are paid: refused; also nothing where nothing is paid."""
    lending_desk.reach(S.NEW, service=Service.COPY, max_cost=yuan(3))
    sent = {"delivery": MAIL, "copyright_checked": True, "costs": (cost(CostKind.COPY, 4),)}

    assert codes(lending_desk, c.SupplyCopy, "2026-02-06", **sent) == ["ill.cost-above-most"]
    lending_desk.ask(case="free", service=Service.COPY, max_cost=yuan(0))
    assert codes(lending_desk, c.SupplyCopy, "2026-02-06", **sent, case="free") == ["ill.cost-above-most"]
    assert codes(lending_desk, c.SupplyCopy, "2026-02-06", **(sent | {"costs": ()}), case="free") == []


def test_what_cannot_be_compared_is_offered_first(lending_desk: Any) -> None:
    """The requester names euros, the library charges yuan: refused, with both amounts."""
    lending_desk.reach(S.NEW, max_cost=EURO)
    (reason,) = lending_desk.reasons(c.Ship, "2026-02-06", items=("a",))

    assert (reason.code, dict(reason.facts)) == ("ill.cost-not-comparable", {"cost": yuan(20), "most": EURO})


def test_costs_are_in_the_librarys_currency(lending_desk: Any) -> None:
    """Named once, however many there are; what it costs in all is not asked then."""
    lending_desk.reach(S.NEW, service=Service.COPY_OR_LOAN, max_cost=yuan(1))
    euros = {"costs": (CostLine(kind=CostKind.COPY, amount=EURO), CostLine(kind=CostKind.RUSH, amount=EURO))}
    sent = {"delivery": MAIL, "copyright_checked": True}

    assert codes(lending_desk, c.Ship, "2026-02-06", items=("a",), **euros) == ["ill.wrong-currency"]
    assert codes(lending_desk, c.SupplyCopy, "2026-02-06", **sent, **euros) == ["ill.wrong-currency"]


def test_without_a_tariff_a_cost_abroad_is_not_compared(lending_desk: Any) -> None:
    """Only the missing tariff is named; once it is given, the whole cost counts."""
    lending_desk.know(place=Place.ABROAD, international_slip="GJ-1")
    lending_desk.reach(S.NEW, max_cost=yuan(100))

    assert codes(lending_desk, c.Ship, "2026-02-06", items=("a",)) == ["ill.tariff-missing"]
    dear = {"items": ("a",), "tariff": yuan(160)}
    assert codes(lending_desk, c.Ship, "2026-02-06", **dear) == ["ill.cost-above-most"]


# --- what is charged, and told --------------------------------------------------------------------


def test_what_is_shipped_says_all_that_was_charged(lending_desk: Any) -> None:
    """The items, the way, the fee, and the totals by kind; each kind is a charge of its own."""
    lending_desk.reach(S.NEW)
    sent = Delivery(via=SentVia.COURIER, reference="SF1234")
    costs = (cost(CostKind.DELIVERY, 12), cost(CostKind.OTHER, 0))
    change = lending_desk.do(c.Ship, "2026-02-06", items=("a", "b"), costs=costs, delivery=sent)

    assert facts(change) == {
        "status": "Loaned",
        "items": "a\nb",
        "volumes": 2,
        "due": date(2026, 3, 6),
        "fee": yuan(40),
        "via": "Courier",
        "reference": "SF1234",
        "cost.loan-fee": yuan(40),
        "cost.delivery-fee": yuan(12),
    }
    assert still_open(lending_desk) == {f"{LOAN}/loan-fee": yuan(40), f"{LOAN}/delivery-fee": yuan(12)}
    assert lending_desk.loan().costs == costs


def test_totals_say_as_of_when_they_are(lending_desk: Any) -> None:
    """The count of the journal's entries goes with them, so that a later one is known from an earlier."""
    lending_desk.reach(S.NEW)
    counted = []
    for kind, on, said in (
        (c.Ship, "2026-01-31", {"items": ("a", "b")}),
        (c.CheckIn, "2026-03-01", {"items": ("a",)}),
        (c.CheckIn, "2026-03-02", {}),
    ):
        change = lending_desk.do(kind, on, **said)
        counted.append(dict(change.messages[-1].facts)["as_of"])
        assert counted[-1] == lending_desk.loan().version
    assert counted == sorted(set(counted))


def test_every_message_about_money_says_what_was_charged_in_all(lending_desk: Any) -> None:
    """Cumulative totals by kind, so that the other library can keep the same account."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.Ship, "2026-01-31", items=("a", "b"), costs=(cost(CostKind.DELIVERY, 12),))
    base = {"cost.loan-fee": yuan(40), "cost.delivery-fee": yuan(12)}

    def charged(change: Any) -> dict[str, Any]:
        return {name: fact for name, fact in facts(change).items() if name.startswith("cost.")}

    partly = lending_desk.do(c.CheckIn, "2026-03-01", items=("a",))
    assert charged(partly) == base | {"cost.overdue": yuan(10)}
    assessed = lending_desk.do(c.Assess, "2026-03-02")
    assert (lending_desk.told(assessed).kind, charged(assessed)) == (
        messages.CHARGED,
        base | {"cost.overdue": yuan(15)},
    )
    assert lending_desk.do(c.Assess, "2026-03-02").messages == ()
    lost = lending_desk.do(c.ReportLost, "2026-03-03")
    assert charged(lost) == base | {"cost.overdue": yuan(20)}
    compensated = lending_desk.do(c.Compensate, "2026-03-04", amount=yuan(90))
    assert charged(compensated) == base | {"cost.overdue": yuan(20), "cost.compensation": yuan(90)}
    found = lending_desk.do(c.ReportFound, "2026-03-05", note="在书库")
    assert (lending_desk.told(found).kind, facts(found)["note"]) == (messages.FOUND, "在书库")
    assert charged(found) == base | {"cost.overdue": yuan(30), "cost.compensation": yuan(0)}
    back = lending_desk.do(c.CheckIn, "2026-03-06")
    assert charged(back) == base | {"cost.overdue": yuan(35), "cost.compensation": yuan(0)}
    assert facts(back)["charges"] == yuan(40 + 12 + 35)


def test_what_is_charged_when_it_is_closed_by_hand_is_told(lending_desk: Any) -> None:
    """There is no other message; without a charge there is none at all."""
    lending_desk.reach(S.SHIPPED)
    change = lending_desk.do(c.CloseManually, "2026-03-07", reason="协商")

    assert [message.kind for message in change.messages] == [messages.CHARGED]
    assert facts(change)["cost.overdue"] == yuan(20)


def test_what_was_found_is_lent_on_as_before(lending_desk: Any) -> None:
    """At the requester, no loss is on record, the account waits for no compensation, days count on."""
    lending_desk.reach(S.LOST)
    assert lending_desk.relation().unsettled == (LOAN,)
    lending_desk.do(c.ReportFound, "2026-02-10")

    loan = lending_desk.loan()
    assert (loan.state, loan.lost_on, loan.lost_where, loan.stopped_on) == (S.AT_REQUESTER, None, None, None)
    assert loan.found_on == date(2026, 2, 10)
    assert lending_desk.relation().unsettled == ()
    assert lending_desk.owed("2026-03-06")["overdue"] == yuan(10)


def test_a_damage_is_still_compensated_when_the_loss_was_none(lending_desk: Any) -> None:
    """One volume damaged, the other found again: what was set for the damage stays."""
    lending_desk.reach(S.SHIPPED)
    lending_desk.do(c.CheckIn, "2026-02-06", items=("a",))
    lending_desk.do(c.RecordDamage, "2026-02-06", item="a", note="水渍")
    lending_desk.do(c.ReportLost, "2026-02-07")
    lending_desk.do(c.Compensate, "2026-02-08", amount=yuan(60))
    lending_desk.do(c.ReportFound, "2026-02-09")

    assert lending_desk.loan().compensation == yuan(60)


def test_what_may_be_kept_is_charged_up_to_that_day(lending_desk: Any) -> None:
    """The requester hears that it keeps it; no day more is charged, nothing is out, nobody is reminded."""
    lending_desk.reach(S.SHIPPED)
    change = lending_desk.do(c.ReleaseItem, "2026-03-07", note="赠送")

    loan = lending_desk.loan()
    assert (loan.state, loan.closing, loan.stopped_on) == (
        S.CLOSED,
        Closing.WITHOUT_RETURN,
        date(2026, 3, 7),
    )
    assert facts(change) == {
        "status": "CompletedWithoutReturn",
        "volumes": 2,
        "note": "赠送",
        "cost.loan-fee": yuan(40),
        "cost.overdue": yuan(20),
    }
    assert lending_desk.owed("2026-12-31")["overdue"] == yuan(20)
    assert lending_desk.relation().out == {}
    assert change.withdrawals == (Withdrawal(loan.key, (messages.DUE_SOON, messages.OVERDUE)),)


# --- a shipping that is undone --------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.NEW, S.CHECKING, S.PROMISED])
def test_a_shipping_is_undone(lending_desk: Any, state: SupplyState) -> None:
    """Back where it came from: nothing out, nothing owed, nothing told; and it may be shipped anew."""
    lending_desk.rule(undo_minutes=30)
    before = lending_desk.reach(state)
    costs = (cost(CostKind.DELIVERY, 12),)
    shipped = lending_desk.do(c.Ship, "2026-02-06", items=("a",), costs=costs, delivery=MAIL)
    (message,) = shipped.messages
    assert message.not_before == lending_desk.at("2026-02-06") + timedelta(minutes=30)
    assert message.supersedes == ()  # what was said before leaves by itself
    change = lending_desk.do(c.UndoShipment, "2026-02-06")

    loan = lending_desk.loan()
    assert loan.state is state
    assert (loan.items, loan.shipped_on, loan.due, loan.costs) == ((), None, None, ())
    assert (loan.terms, loan.delivery, loan.last_step) == (before.terms, None, None)
    assert still_open(lending_desk) == lending_desk.relation().out == {}
    assert lending_desk.owed("2026-02-06") == {"loan-fee": yuan(0), "delivery-fee": yuan(0)}
    assert [(str(p.debit), p.amount) for p in change.postings] == [
        ("income/loan-fee", yuan(20)),
        ("income/delivery-fee", yuan(12)),
    ]
    assert change.messages == ()
    assert change.withdrawals == (Withdrawal(loan.key, (messages.SHIPPED,)),)

    again = lending_desk.do(c.Ship, "2026-02-07", items=("b",))
    assert facts(again)["cost.loan-fee"] == yuan(20)
    assert still_open(lending_desk) == {f"{LOAN}/loan-fee": yuan(20)}
    keys = [posting.key for posting in lending_desk.postings]
    assert len(set(keys)) == len(keys)


def test_a_fee_that_was_paid_is_given_back_with_the_shipping(lending_desk: Any) -> None:
    """What a prepayment paid at once is a prepayment again."""
    lending_desk.rule(undo_minutes=30)
    lending_desk.reach(S.NEW)
    lending_desk.do(c.Pay, "2026-02-05", amount=yuan(50))
    lending_desk.do(c.Ship, "2026-02-06", items=("a",))
    assert lending_desk.relation().security["prepayment"] == yuan(30)
    lending_desk.do(c.UndoShipment, "2026-02-06")

    assert lending_desk.relation().security["prepayment"] == yuan(50)


def test_a_cancellation_that_was_refused_with_it_waits_again(lending_desk: Any) -> None:
    """Its answer is not told either, and staff have to look at it again."""
    lending_desk.rule(undo_minutes=30)
    lending_desk.reach(S.PROMISED)
    lending_desk.do(c.RequestCancel, "2026-02-06")
    shipped = lending_desk.do(c.Ship, "2026-02-07", items=("a",), refuse_cancel=True)
    assert {message.not_before for message in shipped.messages} == {
        lending_desk.at("2026-02-07") + timedelta(minutes=30)
    }
    change = lending_desk.do(c.UndoShipment, "2026-02-07")

    loan = lending_desk.loan()
    assert (loan.cancel_asked_on, loan.cancel_refused) == (date(2026, 2, 6), None)
    assert [reason.code for reason in loan.attention] == ["ill.attention.cancel-asked"]
    assert change.withdrawals == (Withdrawal(loan.key, (messages.SHIPPED, messages.CANCEL_ANSWERED)),)


def test_a_shipping_is_undone_in_time_and_as_the_last_thing(lending_desk: Any) -> None:
    """Not once the minutes are over, not once anything else was said, and not where messages leave at once."""
    lending_desk.reach(S.NEW)
    lending_desk.do(c.Ship, "2026-02-06", items=("a",))
    (reason,) = lending_desk.reasons(c.UndoShipment, "2026-02-06")
    assert (reason.code, reason.clause.id) == ("ill.nothing-to-undo", "PRACTICE")
    assert lending_desk.loan().last_step is None

    lending_desk.rule(undo_minutes=30)
    lending_desk.ask(case="next")
    shipped = lending_desk.do(c.Ship, "2026-02-06", items=("b",), case="next")
    end = shipped.messages[0].not_before
    late = {"case": "next", "recorded_at": end}
    assert codes(lending_desk, c.UndoShipment, "2026-02-06", **late) == ["ill.undo-too-late"]
    in_time = {"case": "next", "recorded_at": end - timedelta(microseconds=1)}
    assert codes(lending_desk, c.UndoShipment, "2026-02-06", **in_time) == []
    assert codes(lending_desk, c.UndoShipment, "2026-02-05", **in_time) == ["ill.before-shipping"]

    status = lending_desk.do(c.RequestStatus, "2026-02-06", case="next")
    assert status.messages[0].not_before == end  # nothing about it leaves before it does
    assert codes(lending_desk, c.UndoShipment, "2026-02-06", case="next") == ["ill.undo-overtaken"]
    later = lending_desk.do(c.RequestStatus, "2026-02-07", case="next")
    assert later.messages[0].not_before is None
