"""Every guard of the lending desk: what it refuses, by which code and with which facts, and what passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest

from servflow.core.changes import Actor, Command, Office
from servflow.core.citations import Plain, Reason
from servflow.core.errors import Refused
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import Relation
from servflow.core.ill.lending.states import InstitutionKind, Material, Place, SecurityKind, SupplyState
from servflow.core.ill.terms import Requested, Settlement
from servflow.core.money import Money

EURO = Money(1, "EUR")
STRANGER = Actor("somebody", "CN-999999", Office.STAFF)
LIBRARIAN = Actor("a librarian", "CN-NLC", Office.STAFF)
REQUEST = {
    "requester": "CN-320500",
    "supplier": "CN-NLC",
    "request_id": "1",
    "requested": Requested(title="古城水系考"),
}


def yuan(amount: int) -> Money:
    """An amount in CNY."""
    return Money(amount, "CNY")


def told(reasons: tuple[Reason, ...]) -> list[tuple[str, str | None, dict[str, Plain]]]:
    """Code, clause and facts of each reason."""
    return [
        (reason.code, reason.clause.id if reason.clause else None, dict(reason.facts)) for reason in reasons
    ]


def without_relation(desk):
    """The desk is not given the relation, as if there were none."""
    desk.aggregates = {key: it for key, it in desk.aggregates.items() if key.kind != Relation.kind}


# --- a request coming in --------------------------------------------------------------------------


def test_a_request_names_this_library_as_its_supplier(lending_desk):
    """One for another library is refused, and says for whom it was."""
    request = REQUEST | {"supplier": "CN-320100"}

    assert told(lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **request)) == [
        ("ill.not-addressed-to-us", None, {"supplier": "CN-320100"})
    ]
    assert lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **REQUEST) == ()


def test_nobody_files_for_another_institution_but_the_librarys_staff(lending_desk):
    """The requester itself may, and the library's staff for it; a third institution may not."""
    refused = lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **REQUEST, by=STRANGER)

    assert told(refused) == [("ill.not-the-requester", None, {"requester": "CN-320500"})]
    assert lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **REQUEST, by=LIBRARIAN) == ()


def test_both_mistakes_of_a_request_are_named(lending_desk):
    """Filed by a stranger, for another library: two reasons, and nothing is opened."""
    request = REQUEST | {"supplier": "CN-320100"}
    refused = lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **request, by=STRANGER)

    assert [reason.code for reason in refused] == ["ill.not-addressed-to-us", "ill.not-the-requester"]
    assert lending_desk.aggregates == {}


def test_cards_matter_only_where_the_rules_ask_for_them(lending_desk):
    """Without the rule a request with another card is taken in; so is one of who has no card."""
    lending_desk.relate()
    assert lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **REQUEST, card="HJ-1") == ()
    lending_desk.do(c.IssueCard, "2026-01-05", card="HJ-42")
    assert lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **REQUEST, card="HJ-1") != ()

    lending_desk.rule(own_requests_by_card=False)

    assert lending_desk.reasons(c.ReceiveRequest, "2026-01-31", **REQUEST, card="HJ-1") == ()


# --- the rules a request is answered by -----------------------------------------------------------


def test_a_suspended_borrower_is_not_answered_no(lending_desk):
    """Its request waits until the suspension ends; shipping is refused meanwhile, with the state."""
    lending_desk.relate()
    lending_desk.do(c.Suspend, "2026-01-10", reason="涂改索书单")
    lending_desk.ask()

    assert lending_desk.loan().state is SupplyState.NEW
    assert told(lending_desk.reasons(c.Ship, "2026-01-31", items=("a",))) == [
        ("ill.relation-not-in-force", "NLC-2", {"state": "suspended"})
    ]
    lending_desk.do(c.Reinstate, "2026-01-31")
    assert lending_desk.reasons(c.Ship, "2026-01-31", items=("a",)) == ()


@pytest.mark.parametrize("kind", [InstitutionKind.INDIVIDUAL, InstitutionKind.UNIVERSITY_LIBRARY])
def test_without_the_advice_everybody_is_asked_to_sign(lending_desk, kind):
    """Where the rules do not send anybody to a related institution, the answer is that there is none."""
    lending_desk.rule(asks_through_related=False)
    lending_desk.know(kind=kind)
    lending_desk.ask()

    assert told(lending_desk.loan().reasons) == [("ill.no-relation", "NLC-2", {})]


def test_what_the_catalogue_does_not_know_is_left_to_the_staff(lending_desk):
    """An unknown material is no reason to say no: the request waits, and may be promised and shipped."""
    lending_desk.relate()
    lending_desk.know(material=None)
    lending_desk.ask()

    assert lending_desk.loan().state is SupplyState.NEW
    assert lending_desk.reasons(c.Promise, "2026-01-31") == ()
    assert lending_desk.reasons(c.Ship, "2026-01-31", items=("a",)) == ()


def test_what_is_in_neither_list_is_not_lent(lending_desk):
    """A material is lent because the rules say so, not because they forgot it."""
    lending_desk.relate()
    lending_desk.rule(not_lent=())
    lending_desk.know(material=Material.MAP)
    lending_desk.ask()

    assert told(lending_desk.loan().reasons) == [("ill.material-not-lent", "NLC-8", {"material": "map"})]


def test_a_foreign_book_says_since_when_it_would_have_to_be_catalogued(lending_desk):
    """The day it was catalogued and the latest day that would do are both facts of the reason."""
    lending_desk.relate()
    lending_desk.know(material=Material.FOREIGN_BOOK, catalogued_on=date(2025, 6, 12))
    lending_desk.ask()

    ((_, _, facts),) = told(lending_desk.loan().reasons)
    assert facts == {"catalogued_on": date(2025, 6, 12), "latest": date(2023, 1, 31)}


def test_local_holdings_matter_only_where_the_rules_say_so(lending_desk):
    """A library that supplies what the borrower's own place holds takes the request in."""
    lending_desk.relate()
    lending_desk.rule(local_supply_first=False)
    lending_desk.know(held_locally=True)
    lending_desk.ask()

    assert lending_desk.loan().state is SupplyState.NEW


# --- lending --------------------------------------------------------------------------------------


def test_nothing_is_lent_to_whom_there_is_no_relation_with(lending_desk):
    """Whatever was taken in before: without a relation it is neither promised nor shipped."""
    lending_desk.relate()
    lending_desk.rule(most_volumes=1)
    lending_desk.ask()
    without_relation(lending_desk)

    assert told(lending_desk.reasons(c.Promise, "2026-01-31")) == [("ill.no-relation", "NLC-2", {})]
    assert told(lending_desk.reasons(c.Ship, "2026-01-31", items=("a", "b"))) == [
        ("ill.no-relation", "NLC-2", {})
    ]


def test_nothing_is_lent_under_a_relation_that_has_ended(lending_desk):
    """What was asked for before the agreement ended is not shipped after it."""
    lending_desk.relate()
    lending_desk.ask()
    lending_desk.do(c.Terminate, "2026-02-01", reason="借方提出")

    assert told(lending_desk.reasons(c.Ship, "2026-02-01", items=("a",))) == [
        ("ill.relation-not-in-force", "NLC-2", {"state": "terminated"})
    ]


def test_a_library_may_do_without_a_security(lending_desk):
    """Where the rules ask for none, none is missing."""
    lending_desk.relate(secured=False)
    lending_desk.ask()
    assert lending_desk.reasons(c.Promise, "2026-01-31") != ()

    lending_desk.rule(security=())

    assert lending_desk.reasons(c.Promise, "2026-01-31") == ()


def test_overdue_loans_stand_in_the_way_only_where_the_rules_say_so(lending_desk):
    """Every overdue loan is named, in the order of its id; without the rule none is."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", case="b")
    lending_desk.lend("2026-01-30", case="a", items=("NLC-2",))
    lending_desk.ask("2026-02-01", case="next")
    refused = lending_desk.reasons(c.Promise, "2026-03-02", case="next")
    assert [facts for _, _, facts in told(refused)] == [
        {"loan": "a", "due": date(2026, 2, 28)},
        {"loan": "b", "due": date(2026, 2, 28)},
    ]

    lending_desk.rule(suspended_while_overdue=False)

    assert lending_desk.reasons(c.Promise, "2026-03-02", case="next") == ()


def test_the_rules_say_which_unpaid_charges_stand_in_the_way(lending_desk):
    """A library that waits for its fees names loan, kind and amount; paid, it lends again."""
    lending_desk.rule(suspended_while_owing=("loan-fee",))
    lending_desk.relate()
    lending_desk.lend()
    lending_desk.ask(case="next")

    assert told(lending_desk.reasons(c.Promise, "2026-02-01", case="next")) == [
        (
            "ill.charge-unpaid",
            "NLC-7",
            {"loan": "CN-320500/1", "kind": "loan-fee", "amount": yuan(20)},
        )
    ]
    lending_desk.do(c.Pay, "2026-02-01", amount=yuan(20))
    assert lending_desk.reasons(c.Promise, "2026-02-01", case="next") == ()


def test_a_loss_stands_in_the_way_until_its_compensation_is_set_and_paid(lending_desk):
    """First it is unset, then unpaid; paid, or where the rules do not wait for it, lending goes on."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Pay, "2026-01-31", amount=yuan(20))
    lending_desk.ask(case="next")
    lending_desk.do(c.ReportLost, "2026-02-10")
    unset = lending_desk.reasons(c.Promise, "2026-02-10", case="next")
    assert told(unset) == [("ill.compensation-unset", "NLC-7", {"loan": "CN-320500/1"})]

    lending_desk.do(c.Compensate, "2026-02-11", amount=yuan(180))
    unpaid = lending_desk.reasons(c.Promise, "2026-02-11", case="next")
    assert [reason.code for reason in unpaid] == ["ill.charge-unpaid"]

    lending_desk.do(c.Pay, "2026-02-12", amount=yuan(180))
    assert lending_desk.reasons(c.Promise, "2026-02-12", case="next") == ()


def test_a_loss_stands_in_no_way_where_the_rules_do_not_say_so(lending_desk):
    """A library that waits for no compensation lends on at once."""
    lending_desk.rule(suspended_while_owing=())
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.ask(case="next")
    lending_desk.do(c.ReportLost, "2026-02-10")

    assert lending_desk.reasons(c.Promise, "2026-02-10", case="next") == ()


def test_a_damage_stands_in_the_way_until_its_compensation_is_set(lending_desk):
    """Although the volume is back; a compensation of nothing is one, too."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.ask(case="next")
    lending_desk.do(c.CheckIn, "2026-02-10")
    lending_desk.do(c.RecordDamage, "2026-02-10", item="NLC-1", note="水渍")
    refused = lending_desk.reasons(c.Promise, "2026-02-10", case="next")
    assert [reason.code for reason in refused] == ["ill.compensation-unset"]

    lending_desk.do(c.Compensate, "2026-02-11", amount=yuan(0))

    assert lending_desk.reasons(c.Promise, "2026-02-11", case="next") == ()


def test_a_borrower_has_no_more_volumes_out_than_it_may(lending_desk):
    """Three may be out and two are: one more is shipped, two are not; what is back makes room."""
    lending_desk.rule(most_volumes=3)
    lending_desk.relate()
    lending_desk.lend(items=("a", "b"))
    lending_desk.ask(case="next")

    assert lending_desk.reasons(c.Ship, "2026-02-01", items=("c",), case="next") == ()
    assert told(lending_desk.reasons(c.Ship, "2026-02-01", items=("c", "d"), case="next")) == [
        ("ill.too-many-volumes", "PRACTICE", {"allowed": 3, "out": 2, "asked": 2})
    ]
    lending_desk.do(c.CheckIn, "2026-02-01", items=("a",))
    assert lending_desk.reasons(c.Ship, "2026-02-01", items=("c", "d"), case="next") == ()


@pytest.mark.parametrize(("kind", "more"), [(c.Promise, {}), (c.Ship, {"items": ("a",)})])
def test_what_came_too_late_to_be_used_is_not_sent(lending_desk, kind, more):
    """On the last day of use it still is, on the day after it is not."""
    lending_desk.relate()
    lending_desk.ask(need_before=date(2026, 2, 10))

    assert lending_desk.reasons(kind, "2026-02-10", **more) == ()
    assert told(lending_desk.reasons(kind, "2026-02-11", **more)) == [
        ("ill.need-before-passed", None, {"need_before": date(2026, 2, 10)})
    ]


def test_the_tariff_is_in_the_librarys_currency(lending_desk):
    """The reason names the currency that is expected."""
    lending_desk.know(place=Place.ABROAD, international_slip="GJ-1")
    lending_desk.relate()
    lending_desk.ask()

    refused = lending_desk.reasons(c.Ship, "2026-01-31", items=("a",), tariff=EURO)
    assert told(refused) == [("ill.wrong-currency", "NLC-5", {"currency": "CNY"})]


def test_every_reason_against_shipping_is_named_at_once(lending_desk):
    """Eight rules against one shipment: eight reasons, from one question, and nothing has changed."""
    lending_desk.rule(most_volumes=1, suspended_while_owing=("loan-fee",))
    lending_desk.know(place=Place.ABROAD, international_slip="GJ-1")
    lending_desk.relate()
    lending_desk.ask()
    lending_desk.do(c.Ship, "2026-01-31", items=("a",), tariff=yuan(160))
    lending_desk.ask(case="next", need_before=date(2026, 3, 1))
    lending_desk.do(c.Suspend, "2026-03-02", reason="涂改索书单")
    lending_desk.know(international_slip=None, material=Material.DISC)
    before = lending_desk.aggregates

    reasons = lending_desk.reasons(c.Ship, "2026-03-02", items=("b",), case="next")

    assert [reason.code for reason in reasons] == [
        "ill.need-before-passed",
        "ill.relation-not-in-force",
        "ill.overdue-loan",
        "ill.charge-unpaid",
        "ill.too-many-volumes",
        "ill.material-not-lent",
        "ill.international-slip-missing",
        "ill.tariff-missing",
    ]
    with pytest.raises(Refused) as refused:
        lending_desk.do(c.Ship, "2026-03-02", items=("b",), case="next")
    assert refused.value.reasons == reasons
    assert lending_desk.aggregates is before


# --- renewal and recall ---------------------------------------------------------------------------


def test_what_a_renewal_needs_is_a_matter_of_the_rules(lending_desk):
    """Without reason, of what somebody waits for, a second time: allowed where the rules allow it."""
    lending_desk.rule(renewals=2, renewal_needs_reason=False, renewal_only_if_unreserved=False)
    lending_desk.relate()
    lending_desk.lend()
    lending_desk.renew("2026-02-20")
    lending_desk.know(reserved=1)

    assert lending_desk.not_renewed("2026-03-10", reason="") == ()


def test_a_renewal_may_have_to_be_asked_for_some_days_ahead(lending_desk):
    """Due on 28 February and two days ahead: the 26th is in time, the 27th is not."""
    lending_desk.rule(renewal_asked_before=2)
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    assert told(lending_desk.not_renewed("2026-02-27")) == [
        ("ill.asked-after-expiry", "NLC-10", {"latest": date(2026, 2, 26)})
    ]
    assert lending_desk.not_renewed("2026-02-26") == ()


def test_the_facts_of_a_declined_renewal_say_why(lending_desk):
    """How often it may be renewed, and how many wait."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.renew("2026-02-20")
    lending_desk.know(reserved=2)

    reasons = lending_desk.not_renewed("2026-03-10")
    assert [facts for _, _, facts in told(reasons)] == [{"allowed": 1}, {"reserved": 2}]


def test_a_renewal_that_waits_is_not_asked_for_again(lending_desk):
    """Asked twice, also without a reason, changes and answers nothing; answered no, it is asked anew."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.RequestRenewal, "2026-02-10", reason="课程未结束")
    waiting = lending_desk.loan()
    again = lending_desk.do(c.RequestRenewal, "2026-02-12")

    assert lending_desk.loan() == replace(waiting, version=waiting.version + 1)
    assert again.messages == ()
    assert len(again.entries) == 1

    lending_desk.do(c.DeclineRenewal, "2026-02-12")

    assert lending_desk.not_renewed("2026-02-12") == ()


@pytest.mark.parametrize("kind", [c.GrantRenewal, c.DeclineRenewal])
def test_only_a_renewal_that_was_asked_for_is_answered(lending_desk, kind):
    """There is nothing to grant or decline before, and nothing left after a recall has answered it."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    assert told(lending_desk.reasons(kind, "2026-02-10")) == [("ill.no-renewal-pending", None, {})]
    lending_desk.do(c.RequestRenewal, "2026-02-10", reason="课程未结束")
    assert lending_desk.reasons(kind, "2026-02-10") == ()

    lending_desk.do(c.Recall, "2026-02-11", due=date(2026, 2, 20), reason="馆内急需")

    assert lending_desk.reasons(kind, "2026-02-11")[0].code == "ill.no-renewal-pending"


def test_what_is_recalled_is_not_renewed(lending_desk):
    """The reason says on which day it was recalled."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Recall, "2026-02-05", due=date(2026, 2, 12), reason="馆内急需")

    assert told(lending_desk.not_renewed("2026-02-06")) == [
        ("ill.recalled", "NLC-11", {"recalled_on": date(2026, 2, 5)})
    ]


def test_a_library_may_have_to_wait_for_the_end_of_the_term(lending_desk):
    """Without the right to recall at any time: not on the due day, but on the day after it."""
    lending_desk.rule(recall_any_time=False)
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    early = ("ill.recall-before-due", "NLC-11", {"due": date(2026, 2, 28)})

    asked = {"due": date(2026, 2, 28), "reason": "馆内急需"}
    assert told(lending_desk.reasons(c.Recall, "2026-02-28", **asked)) == [early]
    asked["due"] = date(2026, 2, 1)
    both = told(lending_desk.reasons(c.Recall, "2026-02-10", **asked))
    assert [code for code, _, _ in both] == ["ill.recall-before-due", "ill.recall-day"]
    asked["due"] = date(2026, 3, 5)
    assert lending_desk.reasons(c.Recall, "2026-03-01", **asked) == ()


@pytest.mark.parametrize(
    ("on", "due", "bounds"),
    [
        ("2026-02-05", date(2026, 2, 4), (date(2026, 2, 5), date(2026, 2, 28))),
        ("2026-02-05", date(2026, 2, 5), None),
        ("2026-02-05", date(2026, 2, 28), None),
        ("2026-02-05", date(2026, 3, 1), (date(2026, 2, 5), date(2026, 2, 28))),
        ("2026-02-28", date(2026, 2, 28), None),
        ("2026-02-28", date(2026, 3, 1), (date(2026, 2, 28), date(2026, 2, 28))),
        ("2026-03-01", date(2026, 2, 28), (date(2026, 3, 1), date(2026, 3, 1))),
        ("2026-03-01", date(2026, 3, 1), None),
        ("2026-03-01", date(2026, 4, 1), None),
    ],
)
def test_a_recall_names_a_day_that_can_be_met_and_gives_no_more_time(lending_desk, on, due, bounds):
    """From today through the due day; once that has passed, any day from today on."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    found = [facts for _, _, facts in told(lending_desk.reasons(c.Recall, on, due=due, reason="馆内急需"))]

    assert found == ([] if bounds is None else [{"asked": due, "from": bounds[0], "through": bounds[1]}])


# --- notices, return, loss, damage ----------------------------------------------------------------


def test_a_notice_is_not_given_before_its_day(lending_desk):
    """The first step is three days before the due day, and not a day sooner."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    notice = {"due": date(2026, 2, 28), "step": 1}

    assert told(lending_desk.reasons(c.NoticeDue, "2026-02-24", **notice)) == [
        ("ill.notice-too-early", None, {"step": 1})
    ]
    assert lending_desk.reasons(c.NoticeDue, "2026-02-25", **notice) == ()


@pytest.mark.parametrize(
    ("due", "step"),
    [(date(2026, 2, 28), 1), (date(2026, 2, 28), 3), (date(2026, 3, 15), 2), (date(2026, 2, 28), 5)],
)
def test_a_notice_is_the_next_one_for_the_due_day_as_it_is(lending_desk, due, step):
    """Not the one that was given already, not the one after the next, not for another due day."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.NoticeDue, "2026-02-25", due=date(2026, 2, 28), step=1)

    assert told(lending_desk.reasons(c.NoticeDue, "2026-06-01", due=due, step=step)) == [
        ("ill.notice-out-of-order", None, {"step": step, "done": 1})
    ]
    assert lending_desk.reasons(c.NoticeDue, "2026-06-01", due=date(2026, 2, 28), step=2) == ()


def test_after_the_last_step_there_is_no_notice(lending_desk):
    """The schedule has an end, also for the clock."""
    lending_desk.rule(notices=(-3,))
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.NoticeDue, "2026-02-25", due=date(2026, 2, 28), step=1)

    assert told(lending_desk.reasons(c.NoticeDue, "2026-06-01", due=date(2026, 2, 28), step=2)) == [
        ("ill.notice-out-of-order", None, {"step": 2, "done": 1})
    ]


def test_only_what_is_out_comes_back(lending_desk):
    """What is back already and what never went out are refused, each by name."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b", "c"))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("a",))

    assert told(lending_desk.reasons(c.CheckIn, "2026-02-11", items=("a", "b", "x"))) == [
        ("ill.item-not-out", None, {"item": "a"}),
        ("ill.item-not-out", None, {"item": "x"}),
    ]
    assert lending_desk.reasons(c.CheckIn, "2026-02-11", items=("c", "b")) == ()


OF_LOANS: Final[tuple[tuple[type[Command], dict[str, Any]], ...]] = (
    (c.Recall, {"due": date(2026, 2, 1), "reason": "馆内急需"}),
    (c.CheckIn, {}),
    (c.DeclareLost, {}),
    (c.RecordDamage, {"item": "NLC-1", "note": "水渍"}),
    (c.Compensate, {"amount": yuan(50)}),
    (c.Assess, {}),
)


@pytest.mark.parametrize(("kind", "more"), OF_LOANS, ids=lambda it: getattr(it, "__name__", ""))
def test_nothing_happens_to_a_loan_before_it_is_shipped(lending_desk, kind, more):
    """Entered later, but said to have happened the day before: refused; on the day itself it is not."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    entered = lending_desk.at("2026-02-10")
    before = ("ill.before-shipping", None, {"shipped_on": date(2026, 1, 31)})

    assert told(lending_desk.reasons(kind, "2026-01-30", recorded_at=entered, **more))[0] == before
    assert before not in told(lending_desk.reasons(kind, "2026-01-31", recorded_at=entered, **more))


def test_a_loss_is_not_settled_before_the_loan(lending_desk):
    """A settlement dated before the shipping is refused, however the loss is settled."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")
    entered = lending_desk.at("2026-02-11")

    said = {"how": Settlement.REPLACED, "recorded_at": entered}
    assert told(lending_desk.reasons(c.SettleLoss, "2026-01-30", **said)) == [
        ("ill.before-shipping", None, {"shipped_on": date(2026, 1, 31)})
    ]


@pytest.mark.parametrize(("kind", "more"), [(c.Promise, {}), (c.Ship, {"items": ("a",)})])
def test_a_request_is_not_met_before_it_came(lending_desk, kind, more):
    """Promised or shipped the day before it was received: refused; on the same day it may be."""
    lending_desk.relate()
    lending_desk.ask("2026-01-31")
    entered = lending_desk.at("2026-02-10")

    assert told(lending_desk.reasons(kind, "2026-01-30", recorded_at=entered, **more)) == [
        ("ill.before-request", None, {"received_on": date(2026, 1, 31)})
    ]
    assert lending_desk.reasons(kind, "2026-01-31", recorded_at=entered, **more) == ()


@pytest.mark.parametrize("kind", [c.GrantRenewal, c.DeclineRenewal])
def test_a_renewal_is_not_answered_before_it_is_asked_for(lending_desk, kind):
    """An answer dated the day before is refused; one of the same day is not."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.RequestRenewal, "2026-02-10", reason="课程未结束")
    entered = lending_desk.at("2026-02-11")

    assert told(lending_desk.reasons(kind, "2026-02-09", recorded_at=entered)) == [
        ("ill.before-asking", None, {"asked_on": date(2026, 2, 10)})
    ]
    assert lending_desk.reasons(kind, "2026-02-10", recorded_at=entered) == ()


def test_what_never_went_out_is_neither_damaged_nor_compensated(lending_desk):
    """A request that was answered no is refused for what is missing, not for a day it does not have."""
    lending_desk.relate()
    lending_desk.know(material=Material.MAP)
    lending_desk.ask()

    damage = lending_desk.reasons(c.RecordDamage, "2026-02-01", item="a", note="水渍")
    compensation = lending_desk.reasons(c.Compensate, "2026-02-01", amount=yuan(50))
    assert [reason.code for reason in damage] == ["ill.item-not-of-loan"]
    assert [reason.code for reason in compensation] == ["ill.nothing-to-compensate"]


def test_a_damaged_item_is_one_of_the_loan(lending_desk):
    """Another one is refused by its id; one that is back already is not."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31", items=("a", "b"))
    lending_desk.do(c.CheckIn, "2026-02-10", items=("a",))

    assert told(lending_desk.reasons(c.RecordDamage, "2026-02-10", item="x", note="水渍")) == [
        ("ill.item-not-of-loan", None, {"item": "x"})
    ]
    for item in ("a", "b"):
        assert lending_desk.reasons(c.RecordDamage, "2026-02-10", item=item, note="水渍") == ()


def test_a_compensation_is_for_a_loss_or_a_damage_in_the_librarys_currency(lending_desk):
    """Neither lost nor damaged, and in euros: both are named. Once lost, only the currency is."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    currency = ("ill.wrong-currency", None, {"currency": "CNY"})

    assert told(lending_desk.reasons(c.Compensate, "2026-02-10", amount=EURO)) == [
        ("ill.nothing-to-compensate", "NLC-7", {}),
        currency,
    ]
    lending_desk.do(c.DeclareLost, "2026-02-10")
    assert told(lending_desk.reasons(c.Compensate, "2026-02-10", amount=EURO)) == [currency]
    assert lending_desk.reasons(c.Compensate, "2026-02-10", amount=yuan(180)) == ()


def test_a_loss_is_settled_by_payment_once_it_is_set_and_paid(lending_desk):
    """Not before a compensation is set, nor before all of it is paid; then it is."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.Pay, "2026-01-31", amount=yuan(20))
    lending_desk.do(c.ReportLost, "2026-02-10")
    paid = {"how": Settlement.PAID}
    assert told(lending_desk.reasons(c.SettleLoss, "2026-02-11", **paid)) == [
        ("ill.compensation-not-set", "NLC-7", {})
    ]
    lending_desk.do(c.Compensate, "2026-02-12", amount=yuan(180))
    lending_desk.do(c.Pay, "2026-02-13", amount=yuan(100))

    assert told(lending_desk.reasons(c.SettleLoss, "2026-02-14", **paid)) == [
        (
            "ill.charge-unpaid",
            "NLC-7",
            {"loan": "CN-320500/1", "kind": "compensation", "amount": yuan(80)},
        )
    ]
    lending_desk.do(c.Pay, "2026-02-14", amount=yuan(80))
    assert lending_desk.reasons(c.SettleLoss, "2026-02-14", **paid) == ()


@pytest.mark.parametrize("how", [Settlement.REPLACED, Settlement.WAIVED])
def test_a_loss_is_replaced_or_waived_without_a_compensation(lending_desk, how):
    """Only a settlement by payment asks for one."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    lending_desk.do(c.ReportLost, "2026-02-10")

    assert lending_desk.reasons(c.SettleLoss, "2026-02-11", how=how) == ()


# --- relations ------------------------------------------------------------------------------------


def test_an_application_is_made_to_this_library_by_the_institution_itself(lending_desk):
    """For another library, or by a stranger, it is refused; the library's staff may enter a letter."""
    applying = {"lender": "CN-NLC", "kind": InstitutionKind.UNIVERSITY_LIBRARY}
    elsewhere = applying | {"lender": "CN-320100"}
    addressed = ("ill.not-addressed-to-us", None, {"supplier": "CN-320100"})
    stranger = ("ill.not-the-requester", None, {"requester": "CN-320500"})

    assert told(lending_desk.reasons(c.Apply, "2026-01-02", **elsewhere)) == [addressed]
    assert told(lending_desk.reasons(c.Apply, "2026-01-02", **applying, by=STRANGER)) == [stranger]
    both = lending_desk.reasons(c.Apply, "2026-01-02", **elsewhere, by=STRANGER)
    assert told(both) == [addressed, stranger]
    assert lending_desk.reasons(c.Apply, "2026-01-02", **applying) == ()
    assert lending_desk.reasons(c.Apply, "2026-01-02", **applying, by=LIBRARIAN) == ()


def test_a_kind_that_is_not_served_is_named(lending_desk):
    """The reason says which kind of institution it was."""
    lending_desk.rule(served=(InstitutionKind.PUBLIC_LIBRARY,))
    lending_desk.do(c.Apply, "2026-01-02", lender="CN-NLC", kind=InstitutionKind.ARMY_LIBRARY)

    assert told(lending_desk.reasons(c.Approve, "2026-01-02")) == [
        ("ill.kind-not-served", "NLC-1", {"kind": "army_library"})
    ]


def test_a_security_is_of_a_kind_that_the_library_takes_in_its_currency(lending_desk):
    """A library of prepayments takes no deposit, and no euros."""
    lending_desk.relate(secured=False)
    lending_desk.rule(security=(SecurityKind.PREPAYMENT,))

    paying = {"kind": SecurityKind.DEPOSIT, "amount": EURO}
    assert told(lending_desk.reasons(c.PaySecurity, "2026-01-10", **paying)) == [
        ("ill.security-not-taken", "NLC-3", {"kind": "deposit"}),
        ("ill.wrong-currency", None, {"currency": "CNY"}),
    ]
    paying = {"kind": SecurityKind.PREPAYMENT, "amount": yuan(100)}
    assert lending_desk.reasons(c.PaySecurity, "2026-01-10", **paying) == ()


def test_a_payment_is_in_the_librarys_currency(lending_desk):
    """Euros are not taken for a debt in yuan."""
    lending_desk.relate()

    assert told(lending_desk.reasons(c.Pay, "2026-02-01", amount=EURO)) == [
        ("ill.wrong-currency", None, {"currency": "CNY"})
    ]


def test_only_an_open_charge_is_waived_and_not_beyond_it(lending_desk):
    """No charge of that loan and kind, or less than the waiver: refused; all of it may be waived."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")
    waiving = {"loan": "CN-320500/1", "kind": "loan-fee", "amount": yuan(20), "reason": "我馆之误"}

    for about in ({"loan": "CN-320500/2"}, {"kind": "overdue"}):
        said = waiving | about
        assert told(lending_desk.reasons(c.Waive, "2026-02-01", **said)) == [
            ("ill.no-such-charge", None, {"loan": said["loan"], "kind": said["kind"]})
        ]
    above = waiving | {"amount": Money("20.01", "CNY")}
    assert told(lending_desk.reasons(c.Waive, "2026-02-01", **above)) == [
        (
            "ill.waiver-above-charge",
            None,
            {"loan": "CN-320500/1", "kind": "loan-fee", "amount": yuan(20)},
        )
    ]
    assert lending_desk.reasons(c.Waive, "2026-02-01", **waiving) == ()


def test_a_waiver_in_another_currency_is_refused_not_compared(lending_desk):
    """Whether a euro is above twenty yuan is not asked."""
    lending_desk.relate()
    lending_desk.lend("2026-01-31")

    reasons = lending_desk.reasons(
        c.Waive, "2026-02-01", loan="CN-320500/1", kind="loan-fee", amount=EURO, reason="我馆之误"
    )
    assert told(reasons) == [("ill.wrong-currency", None, {"currency": "CNY"})]
