"""What a centre passes on: for what is said on one side, what is told on the other, and how both stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from centre_network import (
    CENTRE_ASKS,
    DAY,
    HERE,
    MONDAY,
    NLC,
    REQUEST,
    SUPPLIERS,
    THERE,
    TITLE,
    ZJU,
    Network,
    under,
)

from servflow.core.changes import Actor, Key, Office
from servflow.core.errors import Refused
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import AttemptState, CaseOutcome, CaseState
from servflow.core.ill.centre.commands import FlagCase, FlagTransaction, PassOn, PassOnCosts
from servflow.core.ill.centre.effects import via
from servflow.core.ill.centre.passing import standing
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import messages
from servflow.core.ill.lending.states import Closing, SupplyState
from servflow.core.ill.network.modes import ModeName
from servflow.core.ill.terms import (
    CancelIntent,
    Condition,
    CostKind,
    CostLine,
    Delivery,
    Requested,
    Retry,
    SentVia,
    Service,
    Settlement,
    Unfilled,
    WhereLost,
)
from servflow.core.ledger import Account, AccountKind, balance
from servflow.core.money import Money

S, K, CO, E = SupplyState, CaseState, CaseOutcome, Closing
NOTE: Final = f"on loan here; ask {ZJU}"
LINK: Final = Delivery(via=SentVia.URL, reference="https://example.org/a.pdf")
POST: Final = Delivery(via=SentVia.MAIL)
Make = type[Network]


def cny(amount: int) -> Money:
    return Money(amount, "CNY")


def both(network: Network) -> tuple[Any, Any, Any]:
    """Where the library that asks stands, the centre towards it, and the centre towards its suppliers."""
    here = network.here
    return (
        here.state if here.outcome is None else here.outcome,
        standing(network.taken),
        standing(network.asked),
    )


def lent(network: Network) -> None:
    """A loan that the requester has and its reader has taken."""
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    network.at_home(b.Receive)
    network.at_home(b.CheckOut)


# --- a request, and how it is answered --------------------------------------------------------------


@pytest.mark.clause("CALIS-7")
def test_a_request_goes_to_the_first_supplier_under_the_centres_name(network: Network) -> None:
    """The supplier's requester is the centre; the title and the service are the reader's."""
    network.order()

    asked = network.asked
    assert (asked.library, asked.fills, asked.state) == (THERE, network.taken.id, K.SENT)
    theirs = network.transactions(NLC)[0]
    assert (theirs.requester, theirs.requested.title) == (THERE, TITLE)
    assert network.taken.via == asked.id == via(network.taken.id)


def test_nobody_is_told_as_a_patron_of_the_centres_case(network: Network) -> None:
    """The requester hears of its request by the transaction alone."""
    network.order()
    lent(network)

    assert [
        each
        for each in network.told
        if each.sender == THERE and each.message.about.kind == BorrowingCase.kind
    ] == []


def test_while_somebody_is_left_the_requester_hears_that_it_is_likely(network: Network) -> None:
    """One supplier's no is no answer to the requester; the last one's is, with its reason."""
    network.order()
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD, note=NOTE)

    assert both(network) == (K.EXPECTED, S.CHECKING, K.SENT)
    assert messages.UNFILLED not in network.kinds()

    network.supplier(c.CannotSupply, why=Unfilled.POOR_CONDITION)

    assert messages.UNFILLED not in network.kinds()

    network.supplier(c.CannotSupply, why=Unfilled.NOT_ON_SHELF)

    assert both(network) == (K.ROTA_EXHAUSTED, E.UNFILLED, CO.UNFILLED)
    assert network.taken.why_unfilled is Unfilled.NOT_ON_SHELF
    assert network.kinds().count(messages.UNFILLED) == 1


ANSWERS: Final[tuple[tuple[Any, ...], ...]] = (
    # what was said before, what the supplier says, and where both halves are then
    ((), c.Expect, {}, S.CHECKING, K.EXPECTED),
    ((), c.Promise, {}, S.PROMISED, K.PROMISED),
    ((), c.MakeOffer, {"cost": cny(30), "note": NOTE}, S.OFFERED, K.OFFERED),
    ((), c.CannotSupply, {"why": Unfilled.NOT_HELD}, S.CHECKING, K.SENT),
    ((), c.AskRetry, {"why": Retry.ON_LOAN}, S.CHECKING, K.SENT),
    ((), c.Ship, {"items": ("v1",)}, S.SHIPPED, K.SHIPPED),
    ((c.Promise,), c.Expect, {}, S.CHECKING, K.EXPECTED),
    ((c.Promise,), c.CannotSupply, {"why": Unfilled.NOT_HELD}, S.CHECKING, K.SENT),
    ((c.Promise,), c.MakeOffer, {"conditions": (Condition.SUPERVISED,)}, S.OFFERED, K.OFFERED),
    ((c.Promise,), c.Ship, {"items": ("v1",)}, S.SHIPPED, K.SHIPPED),
    ((c.Expect,), c.Promise, {}, S.PROMISED, K.PROMISED),
    ((c.Expect,), c.MakeOffer, {"cost": cny(30)}, S.OFFERED, K.OFFERED),
    ((c.Expect,), c.CannotSupply, {"why": Unfilled.NOT_HELD}, S.CHECKING, K.SENT),
    ((c.MakeOffer,), c.MakeOffer, {"cost": cny(90)}, S.OFFERED, K.OFFERED),
    ((c.MakeOffer,), c.CannotSupply, {"why": Unfilled.NOT_HELD}, S.CHECKING, K.SENT),
    ((c.MakeOffer,), c.AskRetry, {"why": Retry.ON_LOAN}, S.CHECKING, K.SENT),
)
USUAL: Final[dict[type, dict[str, Any]]] = {c.MakeOffer: {"cost": cny(30)}}


@pytest.mark.parametrize(
    ("before", "command", "said", "there", "asked"),
    ANSWERS,
    ids=[f"{'-'.join(k.__name__ for k in row[0])}-{row[1].__name__}" for row in ANSWERS],
)
def test_what_a_supplier_answers_is_told_for_what_it_is(
    network: Network, before: tuple[type, ...], command: type, said: dict[str, Any], there: Any, asked: Any
) -> None:
    """Whatever was said before: the requester is told how it stands, never by whom."""
    network.order()
    for kind in before:
        network.supplier(kind, **USUAL.get(kind, {}))
    network.supplier(command, **said)

    assert (network.taken.state, network.asked.state) == (there, asked)
    assert network.bounced == []


def test_only_the_last_supplier_may_ask_the_requester_to_try_again(make: Make) -> None:
    """When to ask again, and at what cost, is passed on; from whom is not."""
    network = make(suppliers=(NLC,))
    network.order()
    day = network.now.date()
    network.supplier(
        c.AskRetry,
        why=Retry.COST_EXCEEDS_MAX_COST,
        cost=cny(40),
        after=day + DAY,
        before=day + 9 * DAY,
        note=NOTE,
    )

    assert both(network) == (K.RETRY_OFFERED, E.RETRY_ANSWERED, CO.CANCELLED)
    attempt = network.here.attempt
    assert attempt is not None
    assert (attempt.retry, attempt.after, attempt.before) == (
        Retry.COST_EXCEEDS_MAX_COST,
        day + DAY,
        day + 9 * DAY,
    )


def test_a_supplier_that_says_nothing_is_left_for_the_next(network: Network) -> None:
    """The clock asks the next one; the requester is told that it is likely."""
    network.order()
    network.pass_time(20 * DAY)
    network.drain()

    assert len([each for each in network.asked.attempts if each.state is AttemptState.TIMED_OUT]) >= 1
    assert messages.UNFILLED not in network.kinds() or network.asked.outcome is CO.UNFILLED


def test_several_may_be_asked_at_the_same_time(make: Make) -> None:
    """Of several that are asked at once, the first promise is passed on; nobody's no is."""
    network = make(asks=under(CENTRE_ASKS, ask_at_once=2))
    network.order()
    network.supplier(c.CannotSupply, ref=NLC, why=Unfilled.NOT_HELD)

    assert network.taken.state in {S.NEW, S.CHECKING}

    network.supplier(c.Promise, ref=ZJU)

    assert both(network) == (K.PROMISED, S.PROMISED, K.PROMISED)


def test_staff_who_go_on_by_hand_are_passed_on_too(make: Make) -> None:
    """Where the rules do not give up by themselves, staff do; what they decline is refused."""
    network = make(asks=under(CENTRE_ASKS, gives_up_itself=False, mediated=True), suppliers=(NLC,))
    network.order()

    assert (network.taken.state, network.asked.state) == (S.NEW, K.IN_REVIEW)

    network.at_centre(b.ApproveRequest)
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD)

    assert (network.taken.state, network.asked.state) == (S.CHECKING, K.ROTA_EXHAUSTED)

    network.at_centre(b.GiveUp)

    assert standing(network.taken) is E.UNFILLED


def test_a_library_that_asks_the_centre_needs_no_account_there(make: Make) -> None:
    """Its relation with the centre is enough, where readers need an account."""
    network = make(asks=under(CENTRE_ASKS, accounts=True))
    network.order()

    assert network.asked.state is K.SENT


def test_what_staff_decline_is_refused(make: Make) -> None:
    """The centre's own no is a matter of its policy."""
    network = make(asks=under(CENTRE_ASKS, mediated=True))
    network.order()
    network.at_centre(b.DeclineRequest, reason="not for us")

    assert network.taken.why_unfilled is Unfilled.POLICY_PROBLEM


def test_a_retry_at_a_cost_in_other_money_is_told_without_it(make: Make) -> None:
    """What the cost is cannot be said; that it may be tried again can."""
    network = make(suppliers=(NLC,))
    network.order()
    network.at_centre(
        b.HearRetry, attempt=1, why=Retry.COST_EXCEEDS_MAX_COST, cost=Money(4, "USD"), after=None, before=None
    )

    assert network.taken.why_retry is Retry.OTHER


# --- terms ------------------------------------------------------------------------------------------


def test_terms_are_put_to_the_requester_and_its_answer_is_passed_on(network: Network) -> None:
    """The cost and the conditions are the supplier's; both sides agree in one step."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80), conditions=(Condition.SUPERVISED,), note=NOTE)

    assert network.here.state is K.OFFERED
    attempt = network.here.attempt
    assert attempt is not None
    assert attempt.offer is not None
    assert (attempt.offer.cost, attempt.offer.conditions, attempt.offer.note) == (
        cny(80),
        (Condition.SUPERVISED,),
        "",
    )

    network.at_home(b.AcceptOffer, revision=attempt.offer.revision)

    assert both(network) == (K.PROMISED, S.PROMISED, K.PROMISED)
    theirs = network.transactions(NLC)[0]
    assert (theirs.state, theirs.agreed) == (S.PROMISED, cny(80))


def test_terms_within_what_the_centre_takes_itself_are_not_put_to_the_requester(make: Make) -> None:
    """An offer within the cap of the centre's rules needs nobody."""
    network = make(asks=under(CENTRE_ASKS, cap=cny(100)))
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))

    assert both(network) == (K.PROMISED, S.PROMISED, K.PROMISED)
    assert messages.OFFERED not in network.kinds()


def test_terms_that_are_declined_end_it_on_both_sides(network: Network) -> None:
    """Who declines them is answered no; the supplier is asked to cancel."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))
    network.at_home(b.RejectOffer, revision=1, intent=CancelIntent.END_CASE)

    assert standing(network.taken) is E.UNFILLED
    assert standing(network.asked) is CO.CANCELLED
    assert network.transactions(NLC)[0].closing is E.UNFILLED


def test_terms_whose_supplier_says_no_do_not_hold_any_more(network: Network) -> None:
    """An acceptance that crosses is before staff, and the requester hears that it is likely."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD)

    assert (network.taken.state, network.asked.state) == (S.CHECKING, K.SENT)
    offer = network.taken.offer
    assert offer is not None
    assert offer.state.value == "lapsed"

    network.at_home(b.AcceptOffer, revision=1)

    assert network.taken.attention
    assert network.bounced == []


def test_a_supplier_that_drops_its_terms_promises(network: Network) -> None:
    """The requester hears a promise, and has nothing to accept any more."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))
    network.at_centre(b.HearPromise, attempt=1)

    assert both(network) == (K.PROMISED, S.PROMISED, K.PROMISED)


def test_terms_in_another_currency_or_past_their_day_are_for_staff(network: Network) -> None:
    """What cannot be put to the requester as it is stays with the centre."""
    network.order()
    network.at_centre(b.HearOffer, attempt=1, cost=Money(9, "USD"))

    assert (network.taken.state, network.asked.state) == (S.NEW, K.OFFERED)

    network.at_centre(b.HearOffer, attempt=1, cost=cny(9), reply_by=network.now.date() - DAY, revision=7)

    assert network.taken.state is S.NEW


def test_terms_that_staff_of_the_centre_reject_are_withdrawn(network: Network) -> None:
    """The requester hears that it is likely, while the supplier is asked to cancel."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))
    network.say(THERE, b.RejectOffer, network.asked.id, revision=1)

    assert (network.taken.state, network.asked.state) == (S.CHECKING, K.OFFERED)

    network.drain()

    assert network.asked.state is K.SENT


def test_terms_agreed_for_the_requester_when_they_are_gone_are_taken_back(network: Network) -> None:
    """An agreement that staff enter finds the offer cancelled: the promise is softened at once."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))
    network.say(THERE, b.CancelRequest, network.asked.id, intent=CancelIntent.LEAVE_SUPPLIER)
    network.at_centre(c.AgreeToOffer, revision=1, note="by telephone")

    assert network.taken.state is S.CHECKING


# --- where both halves stand ---------------------------------------------------------------------------


THEN: Final[tuple[tuple[Any, ...], ...]] = (
    # what has happened to the loan, what its supplier says, where the transaction is then, and the case
    ((), c.CheckIn, {}, E.COMPLETED, CO.RETURNED),
    ((), c.ReleaseItem, {}, E.WITHOUT_RETURN, CO.KEPT),
    ((), c.DeclareLost, {}, S.LOST, K.LOST),
    ((), c.HoldReturn, {"held": True}, S.SHIPPED, K.SHIPPED),
    ((), c.RecordDamage, {"item": "v1", "note": "torn"}, S.SHIPPED, K.SHIPPED),
    ((b.Receive,), c.CheckIn, {}, E.COMPLETED, CO.RETURNED),
    ((b.Receive,), c.ReleaseItem, {}, E.WITHOUT_RETURN, CO.KEPT),
    ((b.Receive,), c.HoldReturn, {"held": True}, S.AT_REQUESTER, K.ON_LOAN),
    ((b.Receive,), c.DeclareLost, {}, S.AT_REQUESTER, K.ON_LOAN),
    ((b.Receive, b.ShipBack), c.CheckIn, {}, E.COMPLETED, CO.RETURNED),
    ((b.Receive, b.ShipBack), c.DeclareLost, {}, S.LOST, K.LOST),
    ((b.Receive, b.RecordLoss), c.SettleLoss, {"how": Settlement.WAIVED}, E.LOST_SETTLED, CO.LOST_SETTLED),
    ((b.Receive, b.RecordLoss), c.CheckIn, {}, E.COMPLETED, CO.RETURNED),
    ((b.Receive, b.RecordLoss, b.RecordFound), c.CheckIn, {}, E.COMPLETED, CO.RETURNED),
    ((b.Receive, b.RecordLoss, b.RecordFound, b.ShipBack), c.CheckIn, {}, E.COMPLETED, CO.RETURNED),
)


@pytest.mark.parametrize(
    ("before", "command", "said", "there", "asked"),
    THEN,
    ids=[f"{'-'.join(k.__name__ for k in row[0])}-{row[1].__name__}" for row in THEN],
)
def test_what_a_supplier_says_of_a_loan_is_told_for_what_it_is(
    network: Network, before: tuple[type, ...], command: type, said: dict[str, Any], there: Any, asked: Any
) -> None:
    """Wherever the loan is by then: what the supplier says leads both halves to the same place.

    What it says of a loss while the borrower has it in its hands changes nothing, and is before staff.
    """
    network.order()
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    for kind in before:
        network.at_home(kind, **({"where": WhereLost.LIBRARY} if kind is b.RecordLoss else {}))
    network.supplier(command, **said)

    assert (standing(network.taken), standing(network.asked)) == (there, asked)
    assert network.bounced == []


# --- a loan -----------------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-9")
def test_a_loan_goes_out_and_comes_back_on_both_sides(network: Network) -> None:
    """Each step of the requester's is one towards the supplier, and the other way round."""
    network.order()
    network.supplier(c.Ship, items=("v1",))

    assert both(network) == (K.SHIPPED, S.SHIPPED, K.SHIPPED)
    assert network.taken.due == network.asked.due == network.here.due

    network.pass_time(DAY)
    network.at_home(b.Receive)

    assert both(network) == (K.RECEIVED, S.AT_REQUESTER, K.ON_LOAN)
    assert network.transactions(NLC)[0].state is S.AT_REQUESTER

    network.pass_time(DAY)
    network.at_home(b.ShipBack)

    assert both(network) == (K.RETURNED, S.RETURN_IN_TRANSIT, K.RETURNED)
    assert network.transactions(NLC)[0].state is S.RETURN_IN_TRANSIT

    network.pass_time(DAY)
    network.supplier(c.CheckIn)

    assert both(network) == (CO.RETURNED, E.COMPLETED, CO.RETURNED)


def test_a_return_is_passed_on_although_its_receipt_never_was(network: Network) -> None:
    """That it came need not be told; what is sent back was there."""
    network.order()
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    network.wire.lose("ill.borrowing.item-received")
    network.at_home(b.Receive)
    network.at_home(b.ShipBack)

    assert (network.taken.state, network.asked.state) == (S.RETURN_IN_TRANSIT, K.RETURNED)


def test_what_is_checked_in_without_a_word_before_is_over(network: Network) -> None:
    """The supplier's check-in ends both halves, wherever they stand."""
    network.order()
    lent(network)
    network.supplier(c.CheckIn)

    assert both(network) == (CO.RETURNED, E.COMPLETED, CO.RETURNED)


def _received(network: Network) -> None:
    network.at_home(b.Receive)


def _sent_back(network: Network) -> None:
    network.at_home(b.Receive)
    network.at_home(b.ShipBack)


def _lost(network: Network) -> None:
    network.at_home(b.Receive)
    network.at_home(b.CheckOut)
    network.at_home(b.RecordLoss, where=WhereLost.PATRON)


@pytest.mark.parametrize(
    ("first", "stands"),
    [
        (lambda _network: None, K.SHIPPED),
        (_received, K.ON_LOAN),
        (_sent_back, K.RETURNED),
        (_lost, K.LOST),
    ],
)
def test_what_staff_of_the_centre_check_in_is_before_them(
    network: Network, first: Callable[[Network], None], stands: CaseState
) -> None:
    """The requester's half is over, and the supplier still waits for it: they see to that it goes on."""
    network.order()
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    first(network)
    assert (standing(network.asked), network.asked.attention) == (stands, ())
    network.at_centre(c.CheckIn)

    assert (standing(network.taken), standing(network.asked)) == (E.COMPLETED, stands)
    assert [(each.code, dict(each.facts)) for each in network.asked.attention] == [
        ("ill.attention.not-passed-on", {"what": "CheckIn"})
    ]


def test_a_volume_that_staff_of_the_centre_check_in_is_before_them(network: Network) -> None:
    """The other one is still with the requester; the supplier waits for both."""
    network.order()
    network.supplier(c.Ship, items=("v1", "v2"))
    network.pass_time(DAY)
    network.at_home(b.Receive)
    network.at_centre(c.CheckIn, items=("v1",))

    assert standing(network.taken) is S.AT_REQUESTER
    assert [each.code for each in network.asked.attention] == ["ill.attention.not-passed-on"]


def test_what_the_supplier_checks_in_is_before_nobody(network: Network) -> None:
    """The program's own check-in ends the request, and leaves nothing to see to."""
    network.order()
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    _sent_back(network)
    network.supplier(c.CheckIn)

    assert (network.taken.attention, network.asked.attention) == ((), ())


@pytest.mark.clause("CALIS-8")
def test_where_shipping_counts_as_receipt_it_is_received_at_once(make: Make) -> None:
    """In the centre's mode the supplier hears Received as soon as it has said Shipped."""
    network = make(mode=ModeName.CENTRE_GROUP)
    network.order()
    network.supplier(c.Ship, items=("v1",))

    assert (network.taken.state, network.asked.state) == (S.SHIPPED, K.ON_LOAN)
    assert network.transactions(NLC)[0].state is S.AT_REQUESTER


@pytest.mark.clause("CALIS-8")
def test_a_request_filed_at_the_centre_itself_is_received_at_once(make: Make) -> None:
    """The case of a reader's account at the centre has no transaction beside it; the same holds."""
    network = make(mode=ModeName.CENTRE_INDIVIDUAL)
    network.say(
        THERE,
        b.DraftRequest,
        "C1",
        patron="u-1",
        library=THERE,
        service=Service.LOAN,
        requested=Requested(title=TITLE),
    )
    network.say(THERE, b.Submit, "C1", declared=True)
    network.drain()
    network.say(NLC, c.Ship, f"{THERE}/C1~1", items=("v1",))
    network.drain()

    case = network.desks[THERE].storage.load(Key(BorrowingCase.kind, "C1"))
    assert case.state is K.ON_LOAN
    assert network.transactions(NLC)[0].state is S.AT_REQUESTER


@pytest.mark.clause("CALIS-8")
def test_a_copy_in_the_post_is_received_at_once_too(make: Make) -> None:
    """What is shipped counts as delivered, whatever it is."""
    network = make(mode=ModeName.CENTRE_GROUP)
    network.order(service=Service.COPY)
    network.supplier(c.SupplyCopy, delivery=POST)

    assert (standing(network.taken), network.asked.state) == (E.COPY_SUPPLIED, K.DELIVERED)


def test_a_recall_is_passed_on_and_a_second_one_only_if_it_is_earlier(network: Network) -> None:
    """The day is the supplier's, its reason is not passed on."""
    network.order()
    lent(network)
    due = network.now.date() + 10 * DAY
    network.supplier(c.Recall, due=due, reason=NOTE)

    assert network.taken.recalled_on is not None
    assert network.here.due == network.taken.due == network.asked.due == due

    network.supplier(c.Recall, due=due - DAY, reason=NOTE)

    assert network.here.due == network.taken.due == due - DAY
    assert network.kinds().count(messages.RECALLED) == 2


def test_a_renewal_is_asked_for_and_answered_by_the_supplier(network: Network) -> None:
    """A yes brings its due date; a no leaves the old one."""
    network.order()
    lent(network)
    before = network.here.due
    assert before is not None
    network.at_home(b.RenewLoan, reason="needed")

    assert network.taken.renewal_asked_on is not None
    assert network.asked.renewal_asked_on is not None

    network.supplier(c.GrantRenewal)

    assert network.here.due == network.taken.due == network.asked.due
    assert network.here.due is not None
    assert network.here.due > before

    network.at_home(b.RenewLoan, reason="needed")

    assert network.taken.renewal_asked_on is None
    assert network.kinds()[-1] == messages.RENEWAL_DECLINED


def test_a_renewal_before_any_receipt_shows_that_it_came(network: Network) -> None:
    """Who asks for a longer term has it."""
    network.order()
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    network.wire.lose("ill.borrowing.item-received")
    network.at_home(b.Receive)
    network.at_home(b.RenewLoan, reason="needed")

    assert network.asked.state is K.ON_LOAN
    assert network.asked.renewal_asked_on is not None


def test_a_renewal_of_what_is_recalled_is_declined_at_once(network: Network) -> None:
    """The supplier is not asked for what it has refused already."""
    network.order()
    lent(network)
    network.supplier(c.Recall, due=network.now.date() + 20 * DAY, reason=NOTE)
    network.say(
        THERE, c.RequestRenewal, network.taken.id, by=Actor("ils", HERE, Office.SYSTEM), reason="needed"
    )

    assert network.taken.renewal_asked_on is None


def test_a_renewal_when_the_case_is_on_its_way_back_is_declined(network: Network) -> None:
    """Staff of the centre have sent it back themselves: there is nothing to renew."""
    network.order()
    lent(network)
    network.at_centre(b.TakeBack)
    network.at_centre(b.ShipBack)
    network.at_home(b.RenewLoan, reason="needed")

    assert network.taken.renewal_asked_on is None


def test_the_requester_is_told_to_keep_it_and_no_longer(network: Network) -> None:
    """A hold on the return is passed on each time it changes."""
    network.order()
    lent(network)
    network.supplier(c.HoldReturn, held=True)

    assert (network.here.held, network.taken.held_return) == (True, True)

    network.supplier(c.HoldReturn, held=False)

    assert not network.here.held
    assert not network.taken.held_return


def test_what_the_requester_loses_is_lost_to_the_supplier(network: Network) -> None:
    """Where it was lost goes with it; what is found is found on both sides."""
    network.order()
    lent(network)
    network.at_home(b.RecordLoss, where=WhereLost.PATRON)

    assert both(network) == (K.LOST, S.LOST, K.LOST)
    assert network.asked.lost == {"v1": WhereLost.PATRON}
    assert network.transactions(NLC)[0].state is S.LOST

    network.at_home(b.RecordFound)

    assert both(network) == (K.AWAITING_RETURN, S.AT_REQUESTER, K.AWAITING_RETURN)
    assert network.transactions(NLC)[0].state is S.AT_REQUESTER


def test_a_loss_of_some_volumes_is_for_staff(network: Network) -> None:
    """The loan goes on with the rest; what the supplier is told of it is theirs to say."""
    network.order()
    network.supplier(c.Ship, items=("v1", "v2"))
    network.pass_time(DAY)
    network.at_home(b.Receive)
    network.at_home(b.RecordLoss, where=WhereLost.LIBRARY, items=("v1",))

    assert network.taken.state is S.AT_REQUESTER
    assert network.asked.attention


def test_what_never_reached_the_supplier_again_is_lost(network: Network) -> None:
    """The supplier's word on that is passed on."""
    network.order()
    lent(network)
    network.at_home(b.TakeBack)
    network.at_home(b.ShipBack)
    network.pass_time(DAY)
    network.supplier(c.DeclareLost)

    assert (network.taken.state, network.asked.state) == (S.LOST, K.LOST)

    network.supplier(c.Compensate, amount=cny(120))
    network.say(NLC, c.Pay, THERE, amount=cny(500))
    network.supplier(c.SettleLoss, how=Settlement.PAID)

    assert standing(network.taken) is E.LOST_SETTLED
    assert network.taken.passed_on[-1] == CostLine(kind=CostKind.COMPENSATION, amount=cny(120))


def test_a_loss_that_is_waived_is_waived_to_the_requester(network: Network) -> None:
    """Without a compensation nothing was paid for it."""
    network.order()
    lent(network)
    network.at_home(b.RecordLoss, where=WhereLost.PATRON)
    network.supplier(c.SettleLoss, how=Settlement.WAIVED)

    assert standing(network.taken) is E.LOST_SETTLED


def test_what_may_be_kept_is_kept(network: Network) -> None:
    """CompletedWithoutReturn ends both halves."""
    network.order()
    lent(network)
    network.supplier(c.ReleaseItem, note=NOTE)

    assert both(network) == (CO.KEPT, E.WITHOUT_RETURN, CO.KEPT)


def test_a_return_that_nobody_confirms_is_closed_on_both_sides(network: Network) -> None:
    """The clock closes the centre's case; with it the requester is told that it is over."""
    network.order()
    lent(network)
    network.at_home(b.TakeBack)
    network.at_home(b.ShipBack)
    network.pass_time(90 * DAY)
    network.drain()

    assert (standing(network.taken), standing(network.asked)) == (E.COMPLETED, CO.RETURNED)


# --- copies -----------------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-23")
def test_a_copy_is_passed_on_by_the_way_it_was_asked_for(network: Network) -> None:
    """How the reader wants it reaches the supplier; its link reaches the reader."""
    network.order(service=Service.COPY, delivery=Delivery(via=SentVia.URL))

    wished = network.transactions(NLC)[0].delivery_wished
    assert wished == Delivery(via=SentVia.URL)

    network.supplier(c.SupplyCopy, delivery=LINK)

    assert both(network) == (K.DELIVERED, E.COPY_SUPPLIED, K.DELIVERED)
    assert network.here.copy == LINK


def test_a_bad_copy_is_claimed_and_the_better_one_passed_on(network: Network) -> None:
    """What is wrong with it is passed on; the better copy is one to the requester too."""
    network.order(service=Service.COPY)
    network.supplier(c.SupplyCopy, delivery=LINK)
    network.at_home(b.ReportDefect, note="page 2 is missing")

    assert network.asked.defective
    assert network.transactions(NLC)[0].defects[0].what == "page 2 is missing"

    better = Delivery(via=SentVia.URL, reference="https://example.org/b.pdf")
    network.supplier(c.SupplyCopy, delivery=better)

    assert network.here.copy == better
    assert not network.taken.defects


def test_a_claim_on_what_the_centre_counts_as_handed_over_is_for_staff(network: Network) -> None:
    """The centre's own case is over; somebody has to write to the supplier."""
    network.order(service=Service.COPY)
    network.supplier(c.SupplyCopy, delivery=LINK)
    network.at_centre(b.HandOver)
    network.at_home(b.ReportDefect, note="page 2 is missing")

    assert [each.code for each in network.asked.attention] == ["ill.attention.not-passed-on"]


def test_a_copy_in_the_post_is_received_when_the_requester_says_so(network: Network) -> None:
    """Its receipt is passed on although the transaction is over."""
    network.order(service=Service.COPY)
    network.supplier(c.SupplyCopy, delivery=POST)

    assert (standing(network.taken), network.asked.state) == (E.COPY_SUPPLIED, K.SHIPPED)

    network.pass_time(DAY)
    network.at_home(b.Receive)

    assert network.asked.state is K.DELIVERED


# --- cancellations ----------------------------------------------------------------------------------


def test_a_cancellation_is_the_suppliers_to_answer(network: Network) -> None:
    """Its yes ends both halves."""
    network.order()
    network.at_home(b.CancelRequest)

    assert network.asked.cancelling

    network.supplier(c.AnswerCancel, yes=True)

    assert both(network) == (CO.CANCELLED, E.CANCELLED, CO.CANCELLED)


def test_a_cancellation_that_is_refused_is_refused_to_the_requester(network: Network) -> None:
    """Its no leaves all as it is; asked for again, it is passed on again."""
    network.order()
    network.at_home(b.CancelRequest)
    network.supplier(c.AnswerCancel, yes=False)

    assert both(network) == (K.SENT, S.NEW, K.SENT)
    assert network.taken.cancel_refused

    network.at_home(b.CancelRequest)

    assert network.asked.cancelling


def test_what_is_shipped_beats_a_cancellation(network: Network) -> None:
    """The requester hears no, and that it was sent."""
    network.order()
    network.at_home(b.CancelRequest)
    network.supplier(c.Ship, items=("v1",), refuse_cancel=True)

    assert (network.taken.state, network.asked.state) == (S.SHIPPED, K.SHIPPED)
    assert network.taken.cancel_refused
    kinds = network.kinds()
    assert kinds.index(messages.CANCEL_ANSWERED) < kinds.index(messages.SHIPPED)


def test_a_copy_beats_a_cancellation_too(network: Network) -> None:
    """The supplier has sent it before it heard of the cancellation."""
    network.order(service=Service.COPY)
    network.at_home(b.CancelRequest)
    network.at_centre(b.HearShipped, attempt=1, service=Service.COPY, delivery=LINK)

    assert network.kinds()[-2:] == [messages.CANCEL_ANSWERED, messages.COPY_SUPPLIED]


def test_what_nobody_has_yet_is_cancelled_at_once(make: Make) -> None:
    """While staff look at it, no supplier has to be asked."""
    network = make(asks=under(CENTRE_ASKS, mediated=True))
    network.order()
    network.at_home(b.CancelRequest)

    assert both(network) == (CO.CANCELLED, E.CANCELLED, CO.CANCELLED)


def test_a_request_that_the_centre_ends_is_cancelled_at_the_supplier(network: Network) -> None:
    """Staff answer the requester themselves; the supplier is not left waiting."""
    network.order()
    network.say(THERE, c.CannotSupply, network.taken.id, why=Unfilled.OTHER)

    assert network.asked.cancelling

    network.drain()
    network.supplier(c.AnswerCancel, yes=True)

    assert standing(network.asked) is CO.CANCELLED


def test_a_supplier_that_would_not_cancel_is_asked_again_once_the_request_is_over(network: Network) -> None:
    """It had refused while the request went on; what nobody waits for any more does not wait for it."""
    network.order()
    network.supplier(c.Promise)
    network.at_centre(b.CancelRequest, intent=CancelIntent.LEAVE_SUPPLIER)
    network.supplier(c.AnswerCancel, yes=False)
    network.at_centre(c.CloseManually, reason="no longer needed")

    assert network.asked.cancelling
    assert network.asked.cancel is not None
    assert network.asked.cancel.intent is CancelIntent.END_CASE
    network.supplier(c.AnswerCancel, yes=False)
    assert not network.asked.cancelling, "a second no is left to staff"


def test_an_open_offer_is_rejected_where_the_centre_ends_the_request(network: Network) -> None:
    """Its supplier hears that the terms are not taken."""
    network.order()
    network.supplier(c.MakeOffer, cost=cny(80))
    network.at_centre(c.CannotSupply, why=Unfilled.OTHER)

    assert network.transactions(NLC)[0].closing is E.UNFILLED


def test_what_is_sent_after_the_request_has_ended_is_for_staff(network: Network) -> None:
    """Shipped beats cancel at the supplier; the requester has its answer already."""
    network.order()
    network.say(THERE, c.CloseManually, network.taken.id, reason="the library has closed")
    network.supplier(c.Ship, items=("v1",), refuse_cancel=True)

    assert (standing(network.taken), network.asked.state) == (E.MANUAL, K.SHIPPED)
    assert "ill.attention.not-passed-on" in {each.code for each in network.asked.attention}


def test_a_request_whose_day_has_passed_ends_on_both_sides(network: Network) -> None:
    """The clock ends it towards the requester, and asks the supplier to cancel."""
    network.order(need_before=network.now.date() + 2 * DAY)
    network.pass_time(4 * DAY)
    network.drain()

    assert standing(network.taken) is E.EXPIRED
    assert network.asked.cancelling or network.asked.outcome is not None


# --- what does not go by itself -----------------------------------------------------------------------


def test_a_request_that_the_rules_do_not_let_through_waits_for_staff(network: Network) -> None:
    """Why it was not passed on is before them; they pass it on when it may be."""
    network.order(max_cost=Money(9, "CNY"))
    assert network.taken.via is not None
    network.say(
        THERE,
        c.ReceiveRequest,
        f"{HERE}/9",
        by=Actor("ils", HERE, Office.SYSTEM),
        requester=HERE,
        supplier=THERE,
        request_id="9",
        requested=Requested(title=TITLE),
        max_cost=Money(9, "USD"),
    )

    it = network.transaction(THERE, "9")
    assert (it.state, it.via) == (S.NEW, None)
    assert [each.code for each in it.attention] == ["ill.attention.not-passed-on", "ill.wrong-currency"]
    with pytest.raises(Refused, match=r"ill\.wrong-currency"):
        network.say(THERE, PassOn, it.id)
    with pytest.raises(Refused, match=r"ill\.passed-on-already"):
        network.at_centre(PassOn)


@pytest.mark.clause("CALIS-20")
def test_a_request_that_the_centres_own_rules_refuse_is_not_passed_on(network: Network) -> None:
    """Who has no relation with the centre is answered no by its rules."""
    network.say(THERE, c.Terminate, HERE, reason="left")
    network.order()

    assert standing(network.taken) is E.UNFILLED
    assert network.taken.via is None


def test_staff_pass_on_what_they_have_looked_at(network: Network) -> None:
    """What stood in the way may be gone."""
    network.say(THERE, c.Suspend, HERE, reason="unpaid")
    network.order()

    assert network.taken.via is None

    network.say(THERE, c.Reinstate, HERE)
    network.at_centre(PassOn)

    assert network.asked.state is K.SENT


def test_a_case_that_staff_end_by_hand_is_before_those_of_the_requester_side(make: Make) -> None:
    """They answer the requester themselves: it is here, or somebody else has asked for it."""
    network = make(asks=under(CENTRE_ASKS, mediated=True))
    network.order()
    network.at_centre(b.FillLocally, item="x")

    assert network.taken.state is S.NEW
    assert [each.code for each in network.taken.attention] == ["ill.attention.not-passed-on"]


def test_a_case_that_fills_a_request_is_not_taken_up_under_another_id(make: Make) -> None:
    """The request would be left without one; a rota may be set instead."""
    network = make(asks=under(CENTRE_ASKS, gives_up_itself=False), suppliers=(NLC,))
    network.order()
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD)
    with pytest.raises(Refused, match=r"ill\.fills-a-request"):
        network.at_centre(b.Resubmit, successor="C2")

    network.at_centre(b.SetRota, suppliers=(ZJU,))

    assert network.asked.state is K.SENT


def test_only_the_centres_program_says_that_a_case_fills_a_request(network: Network) -> None:
    """Nobody writes a request for somebody else that way."""
    with pytest.raises(Refused, match=r"ill\.not-passed-on"):
        network.say(
            THERE,
            b.DraftRequest,
            "C9",
            patron=HERE,
            library=THERE,
            service=Service.LOAN,
            requested=Requested(title=TITLE),
            fills="T9",
        )


def test_a_case_that_says_so_falsely_stands_for_itself(network: Network) -> None:
    """What it fills does not know of it: nothing is passed on."""
    network.order()
    network.say(
        THERE,
        b.DraftRequest,
        "C9",
        by=Actor("ils", THERE, Office.SYSTEM),
        patron=HERE,
        library=THERE,
        service=Service.LOAN,
        requested=Requested(title=TITLE),
        fills=network.taken.id,
    )

    case = network.desks[THERE].storage.load(Key(BorrowingCase.kind, "C9"))
    assert case.state is K.DRAFT


def test_a_case_of_the_centres_own_may_be_taken_up_anew(make: Make) -> None:
    """One that a reader filed at the centre is like any library's."""
    network = make(asks=under(CENTRE_ASKS, gives_up_itself=False), suppliers=())
    network.say(
        THERE,
        b.DraftRequest,
        "C1",
        patron="u-1",
        library=THERE,
        service=Service.LOAN,
        requested=Requested(title=TITLE),
    )
    network.say(THERE, b.Submit, "C1", declared=True)
    network.say(THERE, b.Resubmit, "C1", successor="C2")

    case = network.desks[THERE].storage.load(Key(BorrowingCase.kind, "C1"))
    assert isinstance(case, BorrowingCase)
    assert case.outcome is CO.SUPERSEDED


# --- money ------------------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-9")
def test_the_requester_is_charged_what_the_centre_is_charged_and_nothing_else(network: Network) -> None:
    """Fees, overdue and delivery by kind: the centre's own tariff does not count."""
    network.order()
    network.supplier(
        c.Ship,
        items=("v1",),
        costs=(CostLine(kind=CostKind.DELIVERY, amount=cny(7)),),
        due=network.now.date() + 9 * DAY,
    )
    network.pass_time(DAY)
    network.at_home(b.Receive)
    network.pass_time(20 * DAY)
    network.at_home(b.ShipBack)
    network.pass_time(DAY)
    network.supplier(c.CheckIn)

    theirs = {kind: posted.amount for kind, posted in network.transactions(NLC)[0].charged.items()}
    assert {kind: posted.amount for kind, posted in network.taken.charged.items()} == theirs
    assert theirs["overdue"] > cny(0)
    postings = list(network.desks[THERE].storage.postings())
    receivable = balance(postings, Account(AccountKind.RECEIVABLE, HERE), "CNY")
    assert receivable == balance(postings, Account(AccountKind.PAYABLE, NLC), "CNY")


def test_what_is_charged_before_anything_is_sent_is_passed_on_too(network: Network) -> None:
    """A search costs something although nothing was found."""
    network.order()
    network.at_centre(b.HearCosts, attempt=1, costs=(CostLine(kind=CostKind.SEARCH, amount=cny(3)),))

    assert network.taken.charged["search-fee"].amount == cny(3)

    network.at_centre(b.HearCosts, attempt=1, costs=(CostLine(kind=CostKind.SEARCH, amount=cny(0)),))

    assert network.taken.charged["search-fee"].amount == cny(0)


def test_costs_of_one_kind_come_once() -> None:
    """What is passed on is a sum by kind."""
    with pytest.raises(ValueError, match="each kind once"):
        PassOnCosts(
            id="1",
            case="T",
            by=Actor("centre", THERE, Office.SYSTEM),
            happened_at=MONDAY,
            recorded_at=MONDAY,
            costs=(CostLine(kind=CostKind.COPY, amount=cny(1)), CostLine(kind=CostKind.COPY, amount=cny(2))),
        )


# --- opaque -----------------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-13")
def test_no_word_of_a_supplier_reaches_the_requester(network: Network) -> None:
    """Neither its reference nor an id nor a note: what reaches the requester names the centre alone."""
    network.order()
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD, note=NOTE)
    network.supplier(c.MakeOffer, cost=cny(80), note=NOTE)
    network.at_home(b.AcceptOffer, revision=1)
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    network.at_home(b.Receive)
    network.supplier(c.Recall, due=network.now.date() + 10 * DAY, reason=NOTE)
    network.supplier(c.ReleaseItem, note=NOTE)

    said = [m.message for m in network.arrived if m.message.to == HERE]
    assert {m.sender for m in network.arrived if m.message.to == HERE} == {THERE}
    words = "\n".join(str(value) for each in said for _, value in (*each.facts, *_facts_of(each.reasons)))
    assert not any(ref in words for ref in SUPPLIERS)
    assert network.asked.id not in words


@pytest.mark.clause("CALIS-7", "CALIS-13")
def test_no_word_of_the_requester_reaches_a_supplier_but_the_note(network: Network) -> None:
    """Neither its reference nor its request's id nor its reader: what reaches a supplier names the centre."""
    network.order(note="来源：学位论文检索")
    network.supplier(c.CannotSupply, why=Unfilled.NOT_HELD)
    network.supplier(c.MakeOffer, cost=cny(80))
    network.at_home(b.AcceptOffer, revision=1)
    network.supplier(c.Ship, items=("v1",))
    network.pass_time(DAY)
    network.at_home(b.Receive)
    network.at_home(b.CheckOut)
    network.at_home(b.RenewLoan)
    network.at_home(b.TakeBack)
    network.at_home(b.ShipBack)

    said = [m.message for m in network.arrived if m.message.to in SUPPLIERS]
    assert {m.sender for m in network.arrived if m.message.to in SUPPLIERS} == {THERE}
    words = "\n".join(str(part) for m in said for part in (m.key, m.about, *(f for _, f in m.facts)))
    assert {each.kind for each in said} >= {"ill.borrowing.request", "ill.borrowing.returned"}
    for ref in (HERE, REQUEST, "B1", "p-1"):
        assert ref not in words
    assert [dict(m.facts)["note"] for m in said if m.kind == "ill.borrowing.request"] == [
        "来源：学位论文检索"
    ] * 2
    (supplied,) = network.transactions(ZJU)
    assert supplied.note == network.taken.note == "来源：学位论文检索"


def test_the_id_of_what_fills_a_request_says_nothing_of_it() -> None:
    """It is the same for the same request and another for another one, and has nothing of either."""
    assert via("CN-CQ/B1~1") == via("CN-CQ/B1~1") == "via-" + via("CN-CQ/B1~1").removeprefix("via-")
    assert via("CN-CQ/B1~1") != via("CN-CQ/B1~2")
    assert set(via("CN-CQ/B1~1").removeprefix("via-")) <= set("0123456789abcdef")


def test_the_centres_own_reminder_names_no_rate_of_its_own(network: Network) -> None:
    """What is overdue costs what the supplier charges: that much is said, and nothing where nothing is known."""
    network.order()
    network.supplier(c.Ship, items=("v1",))
    network.at_home(b.Receive)
    network.pass_time(60 * DAY)
    own = [m.message for m in network.arrived if m.sender == THERE and m.message.kind == "ill.supply.overdue"]

    assert own
    assert {reason.code for m in own for reason in m.reasons} == set()
    assert all("amount" not in dict(m.facts) for m in own)


def _facts_of(reasons: Any) -> Any:
    return [fact for reason in reasons for fact in reason.facts]


def test_what_was_sent_without_a_name_goes_by_the_requesters_own(network: Network) -> None:
    """The centre's id of its request is no name of a volume to anybody else."""
    network.order()
    network.at_centre(b.HearShipped, attempt=1, due=network.now.date() + 9 * DAY)

    assert network.taken.items == (REQUEST,)
    assert network.here.items == (REQUEST,)


def test_a_flag_says_what(network: Network) -> None:
    """Nothing is called to attention without a word."""
    by, at = Actor("centre", THERE, Office.SYSTEM), network.now
    for kind in (FlagCase, FlagTransaction):
        with pytest.raises(ValueError, match="what"):
            kind(id="1", case="x", by=by, happened_at=at, recorded_at=at + timedelta(0), what=" ")


# --- money ----------------------------------------------------------------------------------------------


def value_dates(network: Network) -> list[Any]:
    """The value dates of all that the request has cost, at the centre."""
    about = {network.taken.id, network.asked.id}
    postings = network.desks[THERE].storage.postings()
    return [each.value_date for each in postings if each.subject in about]


def heard_late(network: Network, kind: type, **said: Any) -> None:
    """The supplier's word of yesterday arrives today."""
    attempt = network.asked.attempt
    assert attempt is not None
    network.desks[THERE].do(
        kind(
            id=f"late-{kind.__name__}-{network.asked.version}",
            case=network.asked.id,
            by=Actor("ils", attempt.supplier, Office.SYSTEM),
            happened_at=network.now - DAY,
            recorded_at=network.now,
            attempt=attempt.number,
            **said,
        )
    )
    network.drain()


def test_both_halves_of_what_is_passed_on_count_on_one_day(network: Network) -> None:
    """What the centre owes and what it is owed for it have one value date, however late it was heard."""
    network.order()
    network.pass_time(2 * DAY)
    costs = (CostLine(kind=CostKind.LOAN, amount=cny(20)),)
    heard_late(network, b.HearShipped, service=Service.LOAN, items=("v1",), costs=costs)

    assert network.taken.state is S.SHIPPED
    assert value_dates(network) == [(network.now - DAY).date()] * 2


def test_costs_that_come_with_an_answer_count_on_its_day_and_the_answer_is_passed_on(
    network: Network,
) -> None:
    """They are passed on first, and do not stand between the answer and who waits for it."""
    network.order()
    due = (MONDAY + 9 * DAY).date()
    heard_late(network, b.HearShipped, service=Service.LOAN, items=("v1",), due=due)
    network.pass_time(2 * DAY)
    costs = (CostLine(kind=CostKind.LOAN, amount=cny(20)),)
    later = (MONDAY + 40 * DAY).date()
    heard_late(network, b.HearShipped, service=Service.LOAN, items=("v1",), due=later, costs=costs)

    assert network.taken.due == later
    assert value_dates(network) == [(network.now - DAY).date()] * 2


def test_terms_in_other_money_are_before_staff_on_both_sides(network: Network) -> None:
    """They cannot be put to the requester, and do not wait unseen."""
    network.order()
    network.pass_time(2 * DAY)
    heard_late(network, b.HearOffer, revision=1, cost=Money(50, "USD"))

    flagged = ("ill.attention.not-passed-on", (("what", "HearOffer"),))
    assert [(each.code, each.facts) for each in network.asked.attention] == [flagged]
    assert [(each.code, each.facts) for each in network.taken.attention] == [
        flagged,
        ("ill.wrong-currency", (("currency", "CNY"),)),
    ]
    assert network.taken.state in {S.NEW, S.CHECKING}
