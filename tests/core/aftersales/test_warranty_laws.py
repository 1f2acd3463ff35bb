"""Laws of warranty verdicts, on random rules, contracts and histories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from warranty_rules import rules, when

from servflow.core.aftersales.covers import by_contract
from servflow.core.aftersales.policy import Exclusion, Grant, Handling, RepairWarranty, Warranty
from servflow.core.aftersales.warranty import (
    Claim,
    CoverState,
    PastRepair,
    Replacement,
    ServiceContract,
    Verdict,
    verdict,
)
from servflow.core.aftersales.words import (
    LIFETIME,
    NONE,
    Bearer,
    ChargeClass,
    Coverage,
    Event,
    Lasting,
)
from servflow.core.dates import Period, Term
from servflow.core.errors import MissingValue

FROM_CHEAP_TO_DEAR = [Coverage.FREE, Coverage.CONTRACT, Coverage.AT_COST, Coverage.PAID]
START = date(2026, 1, 1)
PARTS, LABOUR, TRAVEL = ChargeClass

CONDITIONS: tuple[dict[str, str], ...] = (
    *({}, {"cause": "misuse"}, {"cause": "wear", "maker": "own"}, {"maker": "supplier"}),
    *({"term": "in"}, {"term": "after"}, {"term": "before after", "cause": "misuse"}),
)
BLIND = tuple(said for said in CONDITIONS if "term" not in said)
CLASSES = (tuple(ChargeClass), (PARTS,), (LABOUR, TRAVEL))
LASTINGS = (*(Lasting(period=Period(months=n)) for n in (1, 5, 12)), LIFETIME, NONE, Lasting(given="months"))

WARRANTIES = tuple(
    Warranty(
        since=since,
        parts=LASTINGS[n],
        labour=LASTINGS[n - other],
        travel=LASTINGS[other],
        when=when(**said),
        transferable=other > 0,
    )
    for since in (Event.FIXED, Event.ACCEPTED)
    for n in range(6)
    for other in range(2)
    for said in BLIND
)
REPAIR_WARRANTIES = tuple(
    RepairWarranty(lasting=lasting, when=when(**said)) for lasting in LASTINGS for said in CONDITIONS
)
EXCLUSIONS = tuple(
    Exclusion(
        outcome=outcome, classes=classes, discount=discount and outcome is Coverage.PAID, when=when(**said)
    )
    for outcome in (Coverage.AT_COST, Coverage.PAID)
    for classes in CLASSES
    for discount in {False, PARTS in classes}
    for said in CONDITIONS
)
GRANTS = tuple(
    Grant(outcome=outcome, classes=classes, when=when(**said))
    for outcome in (Coverage.FREE, Coverage.AT_COST)
    for classes in CLASSES
    for said in CONDITIONS
)
HANDLINGS = tuple(
    Handling(bearer=Bearer.DEALER, notify=notify, contract_governs=governs, when=when(**said))
    for notify in ((), ("dealer",), ("dealer", "seller"))
    for governs in (False, True)
    for said in BLIND
)

day = st.integers(0, 400).map(lambda n: START + timedelta(days=n))


@st.composite
def firms(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Up to two rules of each kind."""
    return [
        (f"{prefix}-{n}", draw(st.sampled_from(pool)))
        for prefix, pool in (
            ("warranty", WARRANTIES),
            ("repaired", REPAIR_WARRANTIES),
            ("exclusion", EXCLUSIONS),
            ("grant", GRANTS),
            ("handling", HANDLINGS),
        )
        for n in range(draw(st.integers(0, 2)))
    ]


@st.composite
def contracts(draw: st.DrawFn, name: str = "contract", *, governs: bool | None = None) -> ServiceContract:
    start = draw(day)
    return ServiceContract(
        name=name,
        term=Term(start, start + timedelta(days=draw(st.integers(1, 400)))),
        classes=draw(st.sampled_from(CLASSES)),
        gives=draw(st.sampled_from([Coverage.FREE, Coverage.CONTRACT])),
        governs=draw(st.booleans()) if governs is None else governs,
    )


@st.composite
def claims(draw: st.DrawFn, *, all_known: bool = True) -> Claim:
    """A claim; with everything known, or with some of it left out."""
    on = draw(day)
    ago = st.integers(0, 200).map(lambda n: on - timedelta(days=n))
    facts: dict[str, Any] = {
        "answers": {
            "cause": draw(st.sampled_from(["misuse", "wear"])),
            "maker": draw(st.sampled_from(["own", "supplier"])),
        },
        "dates": {Event.FIXED: draw(day), Event.ACCEPTED: draw(st.none() | ago)},
        "given": {"months": draw(st.sampled_from(LASTINGS[:-1]))},
    }
    if not all_known:
        facts = left_out(draw, facts)
    repairs = tuple(
        PastRepair(
            ref=f"R-{n}",
            finished_on=draw(ago),
            fault_group=draw(st.sampled_from(["pump", "valve"])),
            parts=draw(st.sampled_from([(), ("seal",), ("shaft",)])),
            lasting=draw(st.sampled_from([None, *LASTINGS])),
        )
        for n in range(draw(st.integers(0, 2)))
    )
    swapped = st.builds(
        Replacement, on=ago, lasting=st.sampled_from(LASTINGS), classes=st.sampled_from(CLASSES)
    )
    return Claim(
        reported_on=on,
        fault_group="pump",
        part="seal",
        contracts=tuple(draw(contracts(f"contract-{n}")) for n in range(draw(st.integers(0, 2)))),
        repairs=repairs,
        replacement=draw(st.none() | swapped),
        transferred=draw(st.booleans()),
        **facts,
    )


def left_out(draw: Callable[..., Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Some of the facts of each kind."""
    return {
        kind: {name: fact for name, fact in known.items() if draw(st.booleans())}
        for kind, known in facts.items()
    }


def prices(found: Verdict) -> list[int]:
    return [FROM_CHEAP_TO_DEAR.index(ruling.coverage) for ruling in found.rulings]


def asked(firm: list[Any], claimed: Claim) -> Verdict | str:
    """The verdict, or what it asks for."""
    try:
        return verdict(rules(*firm), claimed)
    except MissingValue as error:
        return error.name


@given(firms(), claims(all_known=False), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_of_history_means_nothing(
    firm: list[Any], claimed: Claim, random: Any
) -> None:
    """Rules, contracts and repairs may stand in any order: the verdict is the same, or what it asks for."""
    turned_claim = replace(claimed, contracts=claimed.contracts[::-1], repairs=claimed.repairs[::-1])

    assert asked(random.sample(firm, len(firm)), turned_claim) == asked(firm, claimed)


@given(firms(), claims(), contracts("another", governs=False))
def test_more_cover_never_costs_more(firm: list[Any], claimed: Claim, another: ServiceContract) -> None:
    """A contract more never makes a class of charges dearer."""
    more = replace(claimed, contracts=(*claimed.contracts, another))
    without, with_it = verdict(rules(*firm), claimed), verdict(rules(*firm), more)

    assert all(dear >= cheap for dear, cheap in zip(prices(without), prices(with_it), strict=True))


@given(firms(), claims(), st.sampled_from(WARRANTIES))
def test_more_warranty_never_costs_more(firm: list[Any], claimed: Claim, another: Warranty) -> None:
    """A warranty more never makes a class dearer, as long as no rule is for a certain state of the term."""
    blind = [
        (name, rule) for name, rule in firm if all(question != "term" for question, _ in rule.when.conditions)
    ]
    without, with_it = verdict(rules(*blind), claimed), verdict(rules(*blind, ("more", another)), claimed)

    assert all(dear >= cheap for dear, cheap in zip(prices(without), prices(with_it), strict=True))


@given(firms(), claims(), st.sampled_from(EXCLUSIONS))
def test_an_exclusion_never_makes_anything_cheaper(
    firm: list[Any], claimed: Claim, another: Exclusion
) -> None:
    """An exclusion more makes a class dearer or leaves it, and gives a discount only on what it made paid."""
    without, with_it = verdict(rules(*firm), claimed), verdict(rules(*firm, ("more", another)), claimed)

    assert all(cheap <= dear for cheap, dear in zip(prices(without), prices(with_it), strict=True))
    if with_it.discount and not without.discount:
        assert without.parts.coverage is not Coverage.PAID


@given(firms(), claims(), st.sampled_from(GRANTS))
def test_a_grant_never_makes_anything_dearer(firm: list[Any], claimed: Claim, another: Grant) -> None:
    """A grant more makes a class cheaper or leaves it, and no dearer than it says."""
    without, with_it = verdict(rules(*firm), claimed), verdict(rules(*firm, ("more", another)), claimed)

    assert all(dear >= cheap for dear, cheap in zip(prices(without), prices(with_it), strict=True))
    assert (with_it.repeat, with_it.covers) == (without.repeat, without.covers)


@given(firms(), claims())
def test_the_best_cover_wins(firm: list[Any], claimed: Claim) -> None:
    """Without exclusions the ruling's cover runs if any does, and none that runs gives more, or lasts longer."""
    found = verdict(rules(*(each for each in firm if not isinstance(each[1], Exclusion))), claimed)
    for ruling in found.rulings:
        running = [
            cover
            for cover in found.covers
            if cover.charge is ruling.charge and cover.state is CoverState.RUNNING
        ]
        if running:
            best = ruling.cover
            assert best in running
            assert best is not None
            for cover in running:
                given_by = [FROM_CHEAP_TO_DEAR.index(each.gives) for each in (best, cover)]
                assert given_by[0] <= given_by[1]
                if given_by[0] == given_by[1]:
                    assert (best.until or date.max) >= (cover.until or date.max)
        else:
            assert ruling.cover is None or ruling.cover.state is not CoverState.RUNNING


@given(firms(), claims())
def test_what_a_contract_covers_is_never_dearer_than_it_says(firm: list[Any], claimed: Claim) -> None:
    """Exclusions bind the firm's own covers: a class comes to what a running contract gives, or cheaper."""
    found = verdict(rules(*firm), claimed)
    for ruling, price in zip(found.rulings, prices(found), strict=True):
        for cover in found.covers:
            if cover.charge is ruling.charge and by_contract(cover) and cover.state is CoverState.RUNNING:
                assert price <= FROM_CHEAP_TO_DEAR.index(cover.gives)


@given(firms(), claims(), st.integers(0, 800))
def test_a_class_stays_free_until_its_first_uncovered_day(
    firm: list[Any], claimed: Claim, later: int
) -> None:
    """Without rules that change it, what is free on a day is free on every day up to its last one."""
    covers = [(name, rule) for name, rule in firm if isinstance(rule, Warranty)]
    free_of = {ruling.charge: ruling for ruling in verdict(rules(*covers), claimed).rulings}
    on = claimed.reported_on + timedelta(days=later)
    then = verdict(rules(*covers), replace(claimed, reported_on=on))
    for ruling in then.rulings:
        before = free_of[ruling.charge]
        if before.coverage is Coverage.FREE and (before.until is None or on < before.until):
            assert ruling.coverage is Coverage.FREE


@given(firms(), claims(), st.data())
def test_what_was_not_told_and_not_asked_for_does_not_decide(
    firm: list[Any], claimed: Claim, data: st.DataObject
) -> None:
    """A verdict that was given without some of the facts is the one that is given with all of them."""
    left = left_out(data.draw, {kind: getattr(claimed, kind) for kind in ("answers", "dates", "given")})
    with_all, without = verdict(rules(*firm), claimed), asked(firm, replace(claimed, **left))
    if isinstance(without, Verdict):
        assert prices(without) == prices(with_all)
        assert (without.discount, without.repeat) == (with_all.discount, with_all.repeat)
        assert (without.notify, without.refer) == (with_all.notify, with_all.refer)
        assert without.term in (with_all.term, None)


@given(firms(), claims(all_known=False))
def test_whatever_is_asked_for_can_be_told(firm: list[Any], claimed: Claim) -> None:
    """What a verdict asks for is an answer, a date or a term that was left out, and never told already."""
    found = asked(firm, claimed)
    if not isinstance(found, Verdict):
        told = {*claimed.answers, *claimed.given, *(event.value for event in claimed.dates)}
        assert found in {"cause", "maker", "months", "fixed", "accepted"} - told
