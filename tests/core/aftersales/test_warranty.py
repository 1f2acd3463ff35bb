"""Warranty verdicts: the rules of the sources as examples, the days around each boundary, what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from warranty_rules import days, rules, warranty, when

from servflow.core.aftersales.circumstances import Band, Distance, Distances, MeasuredBy, Question
from servflow.core.aftersales.policy import Exclusion, Grant, Handling, RepairWarranty
from servflow.core.aftersales.warranty import (
    Claim,
    Cover,
    CoverKind,
    CoverState,
    PastRepair,
    Replacement,
    ServiceContract,
    TermState,
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
    parse_lasting,
)
from servflow.core.citations import Clause, Reason
from servflow.core.dates import Period
from servflow.core.errors import ConflictingRules, InvalidValue, MissingValue

PARTS, LABOUR, TRAVEL = ChargeClass
FREE, CONTRACT, AT_COST, PAID = Coverage
SOLD = date(2026, 3, 1)
IN_TERM = date(2026, 9, 1)
AFTER_TERM = date(2027, 9, 1)
YEAR = ("basic", warranty("1 year"))
FIXED = {Event.FIXED: SOLD}


def claim(on: Any = IN_TERM, *, sold: Any = SOLD, **said: Any) -> Claim:
    """A claim for a unit that was sold on 1 March 2026; other words than fields are answers."""
    fields = {name: said.pop(name) for name in tuple(said) if name in Claim.__dataclass_fields__}
    return Claim(**{"reported_on": on, "dates": {Event.SOLD: sold}, "answers": said, **fields})


def paid_by(found: Verdict) -> tuple[Coverage, ...]:
    return tuple(ruling.coverage for ruling in found.rulings)


def bearers(found: Verdict) -> tuple[Bearer, ...]:
    return tuple(ruling.bearer for ruling in found.rulings)


def codes(found: Verdict) -> list[str]:
    return [reason.code.removeprefix("warranty.") for reason in found.reasons]


def states(found: Verdict, charge: ChargeClass = LABOUR) -> dict[str, CoverState]:
    return {cover.name: cover.state for cover in found.covers if cover.charge is charge}


def repair(ref: str = "R-1", finished_on: date = date(2027, 6, 1), **said: Any) -> PastRepair:
    return PastRepair(**{"ref": ref, "finished_on": finished_on, "fault_group": "pump", **said})


# --- the days of a term ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sold", "term", "last"),
    [
        (date(2024, 2, 29), "1 year", date(2025, 2, 28)),
        (date(2024, 2, 29), "4 years", date(2028, 2, 29)),
        (date(2023, 2, 28), "1 year", date(2024, 2, 28)),
        (date(2026, 1, 31), "1 month", date(2026, 2, 28)),
        (date(2026, 8, 31), "18 months", date(2028, 2, 29)),
        (date(2026, 3, 1), "1 year", date(2027, 3, 1)),
        (date(2026, 3, 1), "7 days", date(2026, 3, 8)),
        (date(2026, 12, 31), "1 year 6 months", date(2028, 6, 30)),
        (date(2026, 1, 31), "1 month 1 day", date(2026, 3, 1)),
    ],
    ids=str,
)
def test_the_last_day_corresponds_to_the_first_one(sold: date, term: str, last: date) -> None:
    """A term ends with the corresponding day, clamped to the end of the month, and that day is covered."""
    firm = rules(("basic", warranty(term)))
    on_the_last = verdict(firm, claim(last, sold=sold))
    on_the_next = verdict(firm, claim(date.fromordinal(last.toordinal() + 1), sold=sold))

    assert on_the_last.parts.last_day == on_the_next.parts.last_day == last
    assert on_the_last.parts.until == on_the_next.reported_on
    assert (paid_by(on_the_last), paid_by(on_the_next)) == ((FREE,) * 3, (PAID,) * 3)


@pytest.mark.parametrize(
    ("on", "state", "coverage"),
    [
        (date(2026, 2, 28), TermState.BEFORE, PAID),
        (date(2026, 3, 1), TermState.IN, FREE),
        (date(2027, 3, 1), TermState.IN, FREE),
        (date(2027, 3, 2), TermState.AFTER, PAID),
    ],
    ids=["the day before", "the first day", "the last day", "the day after"],
)
@pytest.mark.clause("AS-WARR-1", "AS-WARR-2", "AS-WARR-5", "AS-WARR-7")
def test_within_the_warranty_it_is_free_and_outside_it_is_paid(
    on: date, state: TermState, coverage: Coverage
) -> None:
    """A fault is repaired free from the first day of the warranty to its last one, and for pay outside."""
    found = verdict(rules(("basic", warranty("1 year", since=Event.FIXED))), claim(on, dates=FIXED))

    assert found.term is state
    assert paid_by(found) == (coverage,) * 3
    assert found.coverage is coverage
    assert found.parts.basis == (("basic",) if coverage is FREE else ())
    assert found.parts.clauses == ((Clause("BASIC"),) if coverage is FREE else ())
    assert bearers(found) == ((Bearer.FIRM if coverage is FREE else Bearer.CUSTOMER),) * 3
    assert found.version == "v1"


def test_the_day_of_a_report_is_that_of_the_site() -> None:
    """A report at 16:30 UTC on the last day is one of the next day in China."""
    at = datetime(2027, 3, 1, 16, 30, tzinfo=UTC)

    assert Claim.day(at, UTC) == date(2027, 3, 1)
    assert Claim.day(at, ZoneInfo("Asia/Shanghai")) == date(2027, 3, 2)


def test_a_naive_instant_has_no_day() -> None:
    """A report without an offset lies on no day of the site."""
    with pytest.raises(InvalidValue, match="aware"):
        Claim.day(datetime(2027, 3, 1, 16, 30), UTC)


def test_parts_labour_and_travel_have_terms_of_their_own() -> None:
    """After a year of labour and with two of parts, parts are free, labour paid, and travel never covered."""
    found = verdict(rules(("basic", warranty("2 years", "1 year", "none"))), claim(AFTER_TERM))

    assert found.term is TermState.IN
    assert paid_by(found) == (FREE, PAID, PAID)
    assert [ruling.last_day for ruling in found.rulings] == [date(2028, 3, 1), date(2027, 3, 1), None]
    assert codes(found) == ["runs", "ended", "nothing"]
    assert bearers(found) == (Bearer.FIRM, Bearer.CUSTOMER, Bearer.CUSTOMER)
    assert states(found, TRAVEL) == {"basic": CoverState.NONE}


def test_a_warranty_for_life_has_no_last_day() -> None:
    """A cover for life runs on any day after the first, and has no first uncovered day."""
    found = verdict(rules(("basic", warranty("lifetime"))), claim(date(9999, 12, 31)))

    assert paid_by(found) == (FREE,) * 3
    assert (found.parts.until, found.parts.last_day) == (None, None)
    assert codes(found) == ["for-life"] * 3


def test_no_warranty_at_all_counts_as_one_that_is_over() -> None:
    """Without any warranty everything is paid, and the term is that after it."""
    found = verdict(rules(), claim())

    assert (found.term, paid_by(found)) == (TermState.AFTER, (PAID,) * 3)
    assert (found.parts.cover, found.parts.until, found.parts.last_day) == (None, None, None)
    assert found.reasons[0] == Reason("warranty.nothing", None, (("charge", "parts"),))


def test_a_term_may_begin_some_time_after_its_event() -> None:
    """Three months after it left the works the warranty of a year begins."""
    made = replace(warranty("1 year", since=Event.MANUFACTURED), after=Period(months=3))
    dates = {Event.MANUFACTURED: date(2025, 11, 30)}
    first = verdict(rules(("basic", made)), claim(date(2026, 2, 28), dates=dates))
    before = verdict(rules(("basic", made)), claim(date(2026, 2, 27), dates=dates))

    assert (paid_by(first), first.parts.last_day) == ((FREE,) * 3, date(2027, 2, 28))
    assert (before.term, paid_by(before)) == (TermState.BEFORE, (PAID,) * 3)
    assert ("first", date(2026, 2, 28)) in before.reasons[0].facts


def test_a_term_may_begin_with_the_report() -> None:
    """The day of the report is known without being told."""
    firm = rules(("basic", warranty("1 day", since=Event.REPORTED)))

    assert verdict(firm, claim(dates={})).parts.last_day == date(2026, 9, 2)


def test_what_has_not_happened_yet_starts_no_term() -> None:
    """Before acceptance the warranty that begins with it has not begun, nor one from a later day on."""
    firm = rules(("basic", warranty("2 years", since=Event.ACCEPTED)))
    fixed = rules(("basic", warranty("2 years", since=Event.FIXED)))
    not_yet = verdict(firm, claim(dates={Event.ACCEPTED: None}))
    later = verdict(fixed, claim(dates={Event.FIXED: date(2027, 1, 1)}))

    assert not_yet.term is later.term is TermState.BEFORE
    assert paid_by(not_yet) == paid_by(later) == (PAID,) * 3
    assert dict(not_yet.reasons[0].facts)["first"] == ""
    assert dict(later.reasons[0].facts)["first"] == date(2027, 1, 1)


def test_a_term_that_is_over_is_after_though_another_one_is_to_come() -> None:
    """Between two warranties the first one's end is what counts."""
    firm = rules(YEAR, ("season", warranty("1 year", since=Event.HEATING)))
    found = verdict(firm, claim(AFTER_TERM, dates={Event.SOLD: SOLD, Event.HEATING: date(2027, 11, 1)}))

    assert found.term is TermState.AFTER
    assert found.parts.last_day == date(2027, 3, 1)


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_of_covers_that_are_over_the_last_one_is_named(turned: bool) -> None:
    """Where all covers have ended, the ruling names the one that ended last."""
    named = [("a", warranty("3 months")), ("b", warranty("1 year")), ("c", warranty("1 month"))]
    found = verdict(rules(*(reversed(named) if turned else named)), claim(AFTER_TERM))

    assert found.parts.last_day == date(2027, 3, 1)


def test_of_covers_to_come_the_first_one_is_named() -> None:
    """Where nothing runs and nothing has ended, the ruling names what begins first."""
    firm = rules(
        ("late", warranty("9 years", since=Event.HEATING)),
        ("basic", warranty("1 year", since=Event.FIXED)),
        ("never", warranty("1 year", since=Event.ACCEPTED)),
    )
    dates = {**FIXED, Event.HEATING: date(2026, 11, 1), Event.ACCEPTED: None}
    found = verdict(firm, claim(date(2026, 1, 1), dates=dates))

    assert found.parts.cover is not None
    assert found.parts.cover.name == "basic"


# --- which cover --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("1 year", "2 years"), ("2 years", "lifetime")])
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_of_several_covers_the_one_that_lasts_longest_wins(first: str, second: str, turned: bool) -> None:
    """All covers are listed; the ruling stands on the one that lasts longest, wherever it is written."""
    named = [("a", warranty(first)), ("b", warranty(second))]
    found = verdict(rules(*(reversed(named) if turned else named)), claim())

    assert found.parts.basis == ("b",)
    assert [cover.name for cover in found.covers] == ["a", "b"] * 3


@pytest.mark.parametrize("model", ["old", "new"])
def test_a_warranty_is_given_under_its_conditions(model: str) -> None:
    """A warranty whose conditions do not hold is none of the unit's covers."""
    firm = rules(
        ("model", Question("model", ("old", "new"))),
        ("basic", warranty("1 year", model="old")),
        ("better", warranty("3 years", model="new")),
    )
    found = verdict(firm, claim(AFTER_TERM, model=model))

    assert len(found.covers) == 3
    assert found.parts.coverage is (FREE if model == "new" else PAID)


@pytest.mark.parametrize(("part", "coverage"), [("compressor", FREE), ("other", PAID)])
def test_a_part_may_be_warranted_for_longer(part: str, coverage: Coverage) -> None:
    """The part in question answers a rulebook that asks for it."""
    firm = rules(
        ("part", Question("part", ("compressor", "other"))),
        YEAR,
        ("compressor", warranty("5 years", "none", part="compressor")),
    )

    assert paid_by(verdict(firm, claim(AFTER_TERM, part=part))) == (coverage, PAID, PAID)


def test_the_part_is_no_answer_where_nobody_asks() -> None:
    """A firm without part warranties is told which part it is, and does not mind."""
    assert verdict(rules(YEAR), claim(part="screw")).coverage is FREE


def test_a_part_that_the_firm_does_not_know_is_refused() -> None:
    """A rulebook that asks for the part says which there are."""
    firm = rules(("part", Question("part", ("compressor", "other"))))
    with pytest.raises(InvalidValue, match="part: found 'screw', expected one of compressor, other"):
        verdict(firm, claim(part="screw"))


@pytest.mark.parametrize(
    ("transferable", "coverage"), [(True, FREE), (False, PAID)], ids=["goes with it", "does not"]
)
def test_a_warranty_goes_with_the_unit_if_it_says_so(transferable: bool, coverage: Coverage) -> None:
    """A unit that changed hands keeps its term if the term says so."""
    firm = rules(("basic", warranty("1 year", transferable=transferable)))
    found = verdict(firm, claim(transferred=True))

    assert paid_by(found) == (coverage,) * 3
    assert states(found) == {"basic": CoverState.RUNNING if transferable else CoverState.LOST}
    assert codes(found).count("lost") == (not transferable)
    assert found.term is (TermState.IN if transferable else TermState.AFTER)
    assert verdict(firm, claim()).coverage is FREE


@pytest.mark.clause("AS-WARR-21")
def test_after_the_warranty_only_a_contract_covers() -> None:
    """After the warranty a contract covers what it names, in its days; everything else is paid."""
    care = ServiceContract(
        name="care", term=days("2027-01-01", "2028-01-01"), classes=(PARTS,), clause=Clause("C-1")
    )
    found = verdict(rules(YEAR), claim(AFTER_TERM, contracts=(care,)))

    assert paid_by(found) == (CONTRACT, PAID, PAID)
    assert (found.parts.basis, found.parts.clauses) == (("care",), (Clause("C-1"),))
    assert found.parts.last_day == date(2027, 12, 31)
    assert (found.term, found.coverage) == (TermState.AFTER, PAID)
    assert bearers(found) == (Bearer.FIRM, Bearer.CUSTOMER, Bearer.CUSTOMER)
    assert verdict(rules(YEAR), claim(date(2027, 2, 1), contracts=(care,))).parts.basis == ("basic",)
    assert verdict(rules(YEAR), claim(date(2028, 1, 1), contracts=(care,))).parts.coverage is PAID
    assert states(verdict(rules(), claim(contracts=(care,))), PARTS) == {"care": CoverState.BEFORE}


def test_a_contract_may_grant_what_a_warranty_grants() -> None:
    """A contract that gives free service is as good as a warranty, and no warranty of the firm's."""
    free = ServiceContract(name="project", term=days("2026-01-01", "2030-01-01"), gives=FREE)
    found = verdict(rules(YEAR), claim(AFTER_TERM, contracts=(free,)))

    assert (found.term, paid_by(found)) == (TermState.AFTER, (FREE,) * 3)


def dealers(term: str = "2026-01-01 2026-12-01", **said: Any) -> ServiceContract:
    return ServiceContract(
        **{"name": "dealer", "term": days(*term.split()), "gives": FREE, "governs": True, **said}
    )


GOVERNED = rules(
    YEAR, ("dealer-contract", Handling(contract_governs=True, when=when(seller="dealer partner")))
)


@pytest.mark.clause("AS-WARR-12", "AS-WARR-13")
def test_a_dealer_contract_governs_what_that_dealer_sold() -> None:
    """Where the rule says so, the dealer's contract stands in the place of the firm's warranty, and is cited."""
    found = verdict(GOVERNED, claim(seller="dealer", contracts=(dealers(classes=(LABOUR,)),)))

    assert paid_by(found) == (PAID, FREE, PAID)
    assert found.term is TermState.IN
    assert states(found) == {"basic": CoverState.REPLACED, "dealer": CoverState.RUNNING}
    assert [cover.kind for cover in found.covers if cover.name == "dealer"] == [CoverKind.GOVERNING]
    assert (found.labour.basis, found.labour.clauses) == (("dealer",), (Clause("DEALER-CONTRACT"),))
    assert codes(found) == ["runs", "replaced"]
    assert [reason.clause for reason in found.reasons] == [Clause("DEALER-CONTRACT")] * 2


def test_a_governing_contract_is_cited_as_it_says() -> None:
    """Where the contract says itself where it stands, that is cited, and the rule with what it replaced."""
    told = dealers(clause=Clause("D-1"))
    found = verdict(GOVERNED, claim(seller="dealer", contracts=(told,)))

    assert found.parts.clauses == (Clause("D-1"),)
    assert found.reasons[-1].clause == Clause("DEALER-CONTRACT")


@pytest.mark.parametrize("term", ["2026-01-01 2026-09-01", "2026-09-02 2027-01-01"], ids=["over", "to come"])
@pytest.mark.clause("AS-WARR-12")
def test_a_contract_that_is_not_in_force_does_not_govern(term: str) -> None:
    """Outside its days the dealer's contract leaves the firm's warranty as it is, and nobody is asked."""
    found = verdict(GOVERNED, claim(contracts=(dealers(term),)))

    assert (paid_by(found), found.parts.basis) == ((FREE,) * 3, ("basic",))
    both = verdict(GOVERNED, claim(seller="dealer", contracts=(dealers(term), dealers(name="other"))))
    kinds = {cover.name: cover.kind for cover in both.covers}
    assert (kinds["dealer"], kinds["other"]) == (CoverKind.CONTRACT, CoverKind.GOVERNING)


@pytest.mark.clause("AS-WARR-12")
def test_a_governing_contract_that_runs_is_the_warranty() -> None:
    """Within the dealer's contract the service is free, and the warranty counts as running."""
    found = verdict(GOVERNED, claim(seller="dealer", contracts=(dealers("2026-01-01 2030-01-01"),)))

    assert (found.term, paid_by(found)) == (TermState.IN, (FREE,) * 3)


@pytest.mark.clause("AS-WARR-4", "AS-WARR-12")
def test_without_a_dealer_contract_the_warranty_is_the_same() -> None:
    """What a dealer sold has the firm's warranty, unless a dealer-service contract was signed."""
    ordinary = dealers("2026-01-01 2030-01-01", governs=False, gives=CONTRACT)

    assert paid_by(verdict(GOVERNED, claim(seller="dealer"))) == (FREE,) * 3
    assert verdict(GOVERNED, claim(seller="dealer", contracts=(ordinary,))).parts.basis == ("basic",)
    assert verdict(GOVERNED, claim(seller="own", contracts=(dealers(),))).parts.basis == ("basic",)


def test_a_contract_does_not_govern_by_itself() -> None:
    """A dealer's contract is one cover more where no rule of the firm lets it govern."""
    told = ("dealer", Handling(notify=("dealer",), when=when(seller="dealer")))
    found = verdict(rules(YEAR, told), claim(seller="dealer", contracts=(dealers(),)))

    assert paid_by(found) == (FREE,) * 3
    assert states(found) == {"basic": CoverState.RUNNING, "dealer": CoverState.RUNNING}


def test_whether_a_contract_governs_is_asked_where_that_decides() -> None:
    """Who sold the unit decides which terms count, and is asked for, unless it all comes to the same."""
    labour = claim(contracts=(dealers(classes=(LABOUR,)),))
    with pytest.raises(MissingValue, match="seller has no value which dealer-contract asks about"):
        verdict(GOVERNED, labour)

    free = verdict(GOVERNED, claim(contracts=(dealers(),)))
    assert (paid_by(free), free.term) == ((FREE,) * 3, TermState.IN)
    assert states(free) == {"basic": CoverState.UNKNOWN, "dealer": CoverState.RUNNING}
    over = verdict(GOVERNED, replace(labour, dates={Event.SOLD: date(2020, 1, 1)}))
    assert (paid_by(over), over.term) == ((PAID, FREE, PAID), None)
    assert states(over) == {"basic": CoverState.ENDED, "dealer": CoverState.RUNNING}


def test_which_date_is_missing_is_said_before_who_governs() -> None:
    """Where neither the sale nor the seller is known, the sale is asked for first."""
    past = ("past", Handling(may_refuse=True, when=when(term="after")))
    governs = ("dealer-contract", Handling(contract_governs=True, when=when(seller="dealer")))
    firm = rules(YEAR, governs, past)
    asked = []
    for dates in ({}, {Event.SOLD: date(2020, 1, 1)}):
        with pytest.raises(MissingValue) as error:
            verdict(firm, claim(dates=dates, contracts=(dealers(),)))
        asked.append(error.value.name)

    assert asked == ["sold", "seller"]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_a_rule_that_holds_lets_govern_whatever_another_asks(turned: bool) -> None:
    """Of several rules by which a contract governs one is enough; what the others ask is not asked."""
    named = [
        YEAR,
        ("a", Handling(contract_governs=True, when=when(proof="yes"))),
        ("b", Handling(contract_governs=True, when=when(seller="dealer"))),
        ("c", Handling(contract_governs=True, when=when(seller="own"))),
    ]
    firm = rules(*(reversed(named) if turned else named))

    assert (
        states(verdict(firm, claim(seller="dealer", contracts=(dealers(),))))["basic"] is CoverState.REPLACED
    )
    with pytest.raises(MissingValue) as error:
        verdict(firm, claim(contracts=(dealers(classes=(LABOUR,)),)))
    assert error.value.name == "proof"


@pytest.mark.parametrize(
    ("own", "last"), [("3 months", date(2027, 3, 1)), ("1 year", date(2027, 7, 1))], ids=str
)
def test_a_replacement_has_the_rest_of_the_term_or_its_own(own: str, last: date) -> None:
    """A unit that took another's place is covered for what was left, or for its own term, if that is longer."""
    swapped = Replacement(on=date(2026, 7, 1), lasting=parse_lasting(own), clause=Clause("SWAP"))
    on_last = verdict(rules(YEAR), claim(last, replacement=swapped))

    assert paid_by(on_last) == (FREE,) * 3
    assert on_last.parts.last_day == last
    assert on_last.parts.basis == (("replacement",) if own == "1 year" else ("basic",))
    after = claim(date.fromordinal(last.toordinal() + 1), replacement=swapped)
    assert paid_by(verdict(rules(YEAR), after)) == (PAID,) * 3


def test_a_governing_contract_replaces_the_term_of_a_replacement_too() -> None:
    """The firm's terms do not count beside the contract that governs."""
    swapped = Replacement(on=SOLD, lasting=LIFETIME, classes=(PARTS,))
    only_labour = dealers(classes=(LABOUR,))
    found = verdict(GOVERNED, claim(seller="dealer", contracts=(only_labour,), replacement=swapped))

    assert paid_by(found) == (PAID, FREE, PAID)
    assert codes(found).count("replaced") == 2


# --- the warranty of a repair -----------------------------------------------------------------------------

REPAIRED = rules(YEAR, ("repaired", RepairWarranty(lasting=parse_lasting("3 months"))))


@pytest.mark.parametrize(
    ("on", "repeats"),
    [
        (date(2027, 6, 1), True),
        (date(2027, 9, 1), True),
        (date(2027, 9, 2), False),
    ],
    ids=["the same day", "the last day", "the day after"],
)
@pytest.mark.clause("AS-QA-5")
def test_a_repeated_repair_is_recognised_and_free(on: date, repeats: bool) -> None:
    """The same fault within the warranty of its repair is a repeat: free, and linked to that repair."""
    found = verdict(REPAIRED, claim(on, fault_group="pump", repairs=(repair(),)))

    assert paid_by(found) == ((FREE if repeats else PAID),) * 3
    assert found.repeat == (repair() if repeats else None)
    assert found.term is TermState.AFTER
    assert [reason for reason in found.reasons if reason.code == "warranty.repeat"] == (
        [
            Reason(
                "warranty.repeat",
                Clause("REPAIRED"),
                (
                    ("repair", "R-1"),
                    ("finished", date(2027, 6, 1)),
                    ("fault", "pump"),
                    ("last", date(2027, 9, 1)),
                ),
            )
        ]
        if repeats
        else []
    )
    if repeats:
        assert found.labour.basis == ("repaired",)
        assert dict(found.reasons[0].facts)["of"] == "R-1"


@pytest.mark.parametrize("labour", [PAID, CONTRACT, FREE], ids=str)
@pytest.mark.clause("AS-QA-5")
def test_a_repeat_that_is_not_free_is_a_repeat_all_the_same(labour: Coverage) -> None:
    """A repeat by misuse is recognised, and no rework: the reason says that its labour is not free."""
    care = ServiceContract(name="care", term=days("2026-01-01", "2030-01-01"), classes=(LABOUR,))
    misuse = ("misuse", Exclusion(outcome=PAID, when=when(cause="misuse")))
    firm = rules(*((each.name, each.rule) for each in REPAIRED.rules), misuse)
    found = verdict(
        firm,
        claim(
            AFTER_TERM,
            fault_group="pump",
            repairs=(repair(),),
            contracts=(care,) if labour is CONTRACT else (),
            cause="wear" if labour is FREE else "misuse",
        ),
    )

    assert (found.labour.coverage, found.repeat) == (labour, repair())
    assert found.rework is (labour is FREE)
    assert ("repeat-not-free" in codes(found), "repeat" in codes(found)) == (
        labour is not FREE,
        labour is FREE,
    )
    assert not verdict(firm, claim(cause="wear")).rework


def test_another_fault_is_no_repeat() -> None:
    """The warranty of a repair covers the fault that was repaired, and no other one."""
    found = verdict(REPAIRED, claim(AFTER_TERM, fault_group="valve", repairs=(repair(),)))

    assert (found.repeat, paid_by(found)) == (None, (PAID,) * 3)
    assert states(found) == {"basic": CoverState.ENDED}


@pytest.mark.parametrize(("part", "parts"), [("seal", FREE), ("shaft", PAID)])
def test_a_repair_covers_the_parts_that_it_replaced(part: str, parts: Coverage) -> None:
    """Of the same fault, labour and travel are free, and parts as far as the repair had replaced them."""
    done = repair(parts=("seal", "ring"))
    found = verdict(REPAIRED, claim(AFTER_TERM, fault_group="pump", part=part, repairs=(done,)))

    assert paid_by(found) == (parts, FREE, FREE)
    assert found.repeat == done


def test_a_repair_may_be_warranted_for_longer_than_the_product() -> None:
    """A repair's own warranty that is longer than what is left of the product's wins."""
    done = repair(finished_on=date(2026, 8, 1), lasting=parse_lasting("1 year"), clause=Clause("OWN"))
    found = verdict(REPAIRED, claim(fault_group="pump", repairs=(done,)))

    assert found.labour.basis == ("R-1",)
    assert found.labour.last_day == date(2027, 8, 1)
    assert states(found) == {
        "basic": CoverState.RUNNING,
        "R-1": CoverState.RUNNING,
        "repaired": CoverState.RUNNING,
    }
    assert [r.clause for r in found.reasons if r.code == "warranty.repeat"] == [Clause("OWN")]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_a_repeat_is_one_of_the_last_repair(turned: bool) -> None:
    """Of several repairs of the fault, the last one is repeated, wherever it stands in the history."""
    done = (repair("R-1", date(2027, 6, 1)), repair("R-2", date(2027, 8, 1)), repair("R-0", date(2027, 7, 1)))
    found = verdict(REPAIRED, claim(AFTER_TERM, fault_group="pump", repairs=done[::-1] if turned else done))

    assert found.repeat == done[1]
    assert found.labour.last_day == date(2027, 11, 1)


def test_only_a_paid_repair_may_be_warranted() -> None:
    """A rule may warrant repairs by who paid them: the question is answered by the repair of then."""
    firm = rules(("repaired", RepairWarranty(lasting=parse_lasting("3 months"), when=when(coverage="paid"))))
    by = {
        coverage: verdict(firm, claim(AFTER_TERM, fault_group="pump", repairs=(repair(coverage=coverage),)))
        for coverage in (FREE, PAID)
    }

    assert (by[FREE].repeat, by[PAID].repeat) == (None, repair(coverage=PAID))
    with pytest.raises(MissingValue, match="coverage of repair R-1 has no value which repaired asks about"):
        verdict(firm, claim(AFTER_TERM, fault_group="pump", repairs=(repair(),)))


@pytest.mark.parametrize(("on", "repeats"), [(date(2027, 3, 1), False), (date(2027, 3, 2), True)], ids=str)
def test_a_repair_may_be_warranted_only_after_the_warranty(on: date, repeats: bool) -> None:
    """A rule for the warranty of a repair may ask whether the product's warranty runs."""
    firm = rules(YEAR, ("repaired", RepairWarranty(lasting=LIFETIME, when=when(term="after"))))
    done = repair(finished_on=date(2027, 2, 1))

    assert bool(verdict(firm, claim(on, fault_group="pump", repairs=(done,))).repeat) is repeats


def test_the_warranty_of_a_repair_may_be_for_life() -> None:
    """A repair that is warranted for life is repeated whenever the fault comes again."""
    done = repair(lasting=LIFETIME)
    found = verdict(rules(), claim(date(2099, 1, 1), fault_group="pump", repairs=(done,)))

    assert (found.repeat, paid_by(found)) == (done, (FREE,) * 3)
    assert [dict(r.facts)["last"] for r in found.reasons if r.code == "warranty.repeat"] == [""]


# --- what makes it dearer -----------------------------------------------------------------------------------

MISUSE = (
    "misuse",
    Exclusion(outcome=PAID, discount=True, when=when(term="in", cause="misuse improper-care")),
)


@pytest.mark.parametrize("cause", ["misuse", "improper-care"])
@pytest.mark.clause("AS-WARR-3", "AS-WARR-10")
def test_misuse_within_the_warranty_is_paid_with_parts_at_a_discount(cause: str) -> None:
    """Misuse or improper care makes the service paid, and spare parts have a discount price."""
    found = verdict(rules(YEAR, MISUSE), claim(cause=cause))

    assert (paid_by(found), found.discount) == ((PAID,) * 3, True)
    assert found.parts.basis == ("misuse",)
    assert found.parts.last_day == date(2027, 3, 1)
    assert found.term is TermState.IN
    assert found.reasons[-2:] == (
        Reason(
            "warranty.excluded",
            Clause("MISUSE"),
            (
                ("charges", "parts, labour, travel"),
                ("outcome", "paid"),
                ("name", "misuse"),
                ("because", f"term.in, cause.{cause}"),
            ),
        ),
        Reason("warranty.discount", Clause("MISUSE"), (("name", "misuse"),)),
    )


@pytest.mark.clause("AS-WARR-3")
def test_there_is_no_discount_on_what_is_paid_anyway() -> None:
    """After the warranty misuse changes nothing: parts have their full price."""
    always = ("misuse", Exclusion(outcome=PAID, discount=True, when=when(cause="misuse")))
    found = verdict(rules(YEAR, always), claim(AFTER_TERM, cause="misuse"))

    assert (paid_by(found), found.discount) == ((PAID,) * 3, False)
    assert found.parts.basis == ()
    assert "excluded" not in codes(found)


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_parts_have_a_discount_only_if_every_exclusion_grants_it(turned: bool) -> None:
    """A unit that was misused and opened is paid in full, though misuse alone has a discount."""
    opened = ("opened", Exclusion(outcome=PAID, when=when(opened="yes")))
    named = [YEAR, opened, MISUSE]
    found = verdict(rules(*(reversed(named) if turned else named)), claim(cause="misuse", opened="yes"))

    assert (paid_by(found), found.discount) == ((PAID,) * 3, False)
    assert found.parts.basis == ("misuse", "opened")
    assert found.parts.clauses == (Clause("MISUSE"), Clause("OPENED"))
    assert codes(found) == ["runs", "runs", "runs", "excluded", "excluded"]


def test_an_exclusion_of_labour_leaves_the_discount_on_parts_alone() -> None:
    """What does not make the parts paid does not take their discount away."""
    labour = ("labour-only", Exclusion(outcome=PAID, classes=(LABOUR,), when=when(opened="yes")))
    at_cost = ("at-cost", Exclusion(outcome=AT_COST, when=when(opened="yes")))
    found = verdict(rules(YEAR, labour, at_cost, MISUSE), claim(cause="misuse", opened="yes"))

    assert (paid_by(found), found.discount) == ((PAID,) * 3, True)


@pytest.mark.clause("AS-WARR-6")
def test_a_part_that_was_opened_before_is_paid() -> None:
    """A unit that somebody else opened has no free service, for the classes that the rule names."""
    opened = Exclusion(outcome=PAID, classes=(PARTS, LABOUR), when=when(opened="yes"))
    firm = rules(YEAR, ("opened", opened))

    assert paid_by(verdict(firm, claim(opened="yes"))) == (PAID, PAID, FREE)
    assert paid_by(verdict(firm, claim(opened="no"))) == (FREE,) * 3


@pytest.mark.clause("AS-WARR-15")
def test_an_excluded_cause_may_be_charged_at_cost_only() -> None:
    """In the free period a breach of the operating rules is charged at cost; afterwards there is a fee."""
    firm = rules(YEAR, ("excluded", Exclusion(outcome=AT_COST, when=when(cause="misuse force-majeure"))))
    found = verdict(firm, claim(cause="misuse"))

    assert (paid_by(found), found.discount) == ((AT_COST,) * 3, False)
    assert bearers(found) == (Bearer.CUSTOMER,) * 3
    assert paid_by(verdict(firm, claim(cause="workmanship"))) == (FREE,) * 3
    assert paid_by(verdict(firm, claim(AFTER_TERM, cause="misuse"))) == (PAID,) * 3


def test_the_dearest_exclusion_decides() -> None:
    """Of two exclusions that hold, the dearer one is the basis and the reason."""
    firm = rules(
        YEAR,
        ("a", Exclusion(outcome=AT_COST, when=when(cause="misuse"))),
        ("b", Exclusion(outcome=PAID, when=when(opened="yes"))),
    )
    found = verdict(firm, claim(cause="misuse", opened="yes"))

    assert found.parts.basis == ("b",)
    assert [dict(r.facts)["name"] for r in found.reasons if r.code == "warranty.excluded"] == ["b"]


def test_a_contract_says_itself_what_it_covers() -> None:
    """An exclusion takes the firm's own warranty away, and not what a contract gives; then that is the cover."""
    care = ServiceContract(name="care", term=days("2026-01-01", "2030-01-01"), classes=(PARTS, LABOUR))
    firm = rules(
        ("basic", warranty("9 years")), ("misuse", Exclusion(outcome=PAID, when=when(cause="misuse")))
    )
    found = verdict(firm, claim(cause="misuse", contracts=(care,)))

    assert paid_by(found) == (CONTRACT, CONTRACT, PAID)
    assert (found.parts.basis, found.parts.clauses) == (("care",), ())
    assert (found.parts.last_day, found.travel.last_day) == (date(2029, 12, 31), date(2035, 3, 1))
    assert codes(found) == ["runs", "runs", "runs", "excluded", "barred"]
    assert [dict(reason.facts).get("charges") for reason in found.reasons[-2:]] == ["travel", "parts, labour"]
    assert found.travel.basis == ("misuse",)
    worn = verdict(firm, claim(cause="wear", contracts=(care,)))
    assert (paid_by(worn), worn.parts.basis) == ((FREE,) * 3, ("basic",))


@pytest.mark.parametrize("gives", [FREE, CONTRACT, AT_COST])
@pytest.mark.parametrize("outcome", [CONTRACT, AT_COST, PAID])
def test_a_class_comes_to_the_cheaper_of_contract_and_excluded_warranty(
    gives: Coverage, outcome: Coverage
) -> None:
    """Of a contract and of a warranty with an exclusion the cheaper one counts; where equal, the exclusion."""
    care = ServiceContract(name="care", term=days("2026-01-01", "2030-01-01"), gives=gives)
    firm = rules(YEAR, ("misuse", Exclusion(outcome=outcome, when=when(cause="misuse"))))
    found = verdict(firm, claim(cause="misuse", contracts=(care,)))
    by_contract = list(Coverage).index(gives) < list(Coverage).index(outcome)

    assert paid_by(found) == ((gives if by_contract else outcome),) * 3
    assert found.parts.basis == (("care",) if by_contract else ("misuse",))


@pytest.mark.parametrize("known", ["repair", "replacement"])
def test_an_exclusion_binds_every_cover_of_the_firm(known: str) -> None:
    """Misuse is paid also while the warranty of a repair runs, or that of a replacement unit."""
    histories: dict[str, dict[str, Any]] = {
        "repair": {"fault_group": "pump", "repairs": (repair(lasting=LIFETIME),)},
        "replacement": {"replacement": Replacement(on=SOLD, lasting=LIFETIME)},
    }
    history = histories[known]
    firm = rules(YEAR, ("misuse", Exclusion(outcome=PAID, when=when(cause="misuse"))))

    assert paid_by(verdict(firm, claim(AFTER_TERM, cause="misuse", **history))) == (PAID,) * 3
    assert paid_by(verdict(firm, claim(AFTER_TERM, cause="wear", **history))) == (FREE,) * 3


def test_an_excluded_claim_is_not_asked_for_its_first_day() -> None:
    """What an exclusion makes paid is paid whether a warranty runs or not, and the exclusion is cited."""
    firm = rules(YEAR, ("foreign", Exclusion(outcome=PAID, when=when(maker="competitor"))))
    found = verdict(firm, claim(maker="competitor", dates={}))

    assert (paid_by(found), found.parts.cover) == ((PAID,) * 3, None)
    assert (found.parts.basis, found.parts.clauses) == (("foreign",), (Clause("FOREIGN"),))
    assert codes(found) == ["unknown", "unknown", "unknown", "excluded"]
    assert dict(found.reasons[0].facts) == {
        "charge": "parts",
        "kind": "warranty",
        "name": "basic",
        "of": "",
        "asks": "sold",
    }
    assert found.reasons[0].clause == Clause("BASIC")


@pytest.mark.clause("AS-WARR-14")
def test_every_fault_of_the_software_is_free_but_for_the_exceptions() -> None:
    """In the free period only a breach of the operating rules and force majeure are paid; upgrades are free."""
    firm = rules(
        YEAR,
        ("exceptions", Exclusion(outcome=PAID, when=when(cause="misuse force-majeure"))),
        ("upgrades", Grant(outcome=FREE, when=when(service="upgrade"))),
    )

    assert paid_by(verdict(firm, claim(cause="software", service="visit"))) == (FREE,) * 3
    assert paid_by(verdict(firm, claim(cause="force-majeure", service="visit"))) == (PAID,) * 3
    assert paid_by(verdict(firm, claim(AFTER_TERM, cause="software", service="visit"))) == (PAID,) * 3
    assert paid_by(verdict(firm, claim(AFTER_TERM, service="upgrade"))) == (FREE,) * 3


@pytest.mark.clause("AS-WARR-19")
def test_a_garment_is_repaired_free_unless_people_damaged_it() -> None:
    """A quality fault in warranty is free, damage by people is paid, and so is everything afterwards."""
    firm = rules(YEAR, ("people", Exclusion(outcome=PAID, when=when(cause="people"))))

    assert verdict(firm, claim(cause="material")).coverage is FREE
    assert verdict(firm, claim(cause="people")).coverage is PAID
    assert verdict(firm, claim(AFTER_TERM, cause="material")).coverage is PAID


@pytest.mark.parametrize(("proof", "coverage"), [("yes", FREE), ("no", PAID)])
@pytest.mark.clause("AS-WARR-20")
def test_warranty_is_claimed_with_slip_and_invoice(proof: str, coverage: Coverage) -> None:
    """Without warranty slip and invoice a medical device has no free service."""
    firm = rules(YEAR, ("no-proof", Exclusion(outcome=PAID, when=when(proof="no"))))

    assert verdict(firm, claim(proof=proof)).coverage is coverage


@pytest.mark.clause("AS-WARR-24")
def test_parts_replaced_at_a_visit_are_free_within_the_warranty() -> None:
    """Parts that a follow-up visit replaces are free within the warranty, and paid after it."""
    firm = rules(YEAR)

    assert verdict(firm, claim(service="visit")).parts.coverage is FREE
    assert verdict(firm, claim(AFTER_TERM, service="visit")).parts.coverage is PAID


# --- what makes it cheaper --------------------------------------------------------------------------------

PHONE = ("phone", Grant(outcome=FREE, when=when(service="phone self-repair")))


@pytest.mark.clause("AS-WARR-11", "AS-WARR-22")
def test_advice_by_telephone_is_free_for_life() -> None:
    """After the warranty guidance by phone stays free, and every visit is paid."""
    found = verdict(rules(YEAR, PHONE), claim(AFTER_TERM, service="phone"))

    assert (paid_by(found), found.parts.basis) == ((FREE,) * 3, ("phone",))
    assert found.parts.last_day == date(2027, 3, 1)
    assert found.reasons[-1] == Reason(
        "warranty.granted",
        Clause("PHONE"),
        (
            ("charges", "parts, labour, travel"),
            ("outcome", "free"),
            ("name", "phone"),
            ("because", "service.phone"),
        ),
    )
    assert paid_by(verdict(rules(YEAR, PHONE), claim(AFTER_TERM, service="self-repair"))) == (FREE,) * 3
    assert paid_by(verdict(rules(YEAR, PHONE), claim(AFTER_TERM, service="visit"))) == (PAID,) * 3


def test_a_grant_holds_whatever_the_exclusions_say() -> None:
    """Grants come last: advice on a misused unit is free all the same, and nothing is left to discount."""
    found = verdict(rules(YEAR, MISUSE, PHONE), claim(cause="misuse", service="phone"))

    assert (paid_by(found), found.discount) == ((FREE,) * 3, False)
    assert codes(found) == ["runs", "runs", "runs", "excluded", "granted"]


def test_a_grant_of_what_is_free_already_is_no_reason() -> None:
    """Within the warranty the cover is the basis, and not the grant."""
    found = verdict(rules(YEAR, PHONE), claim(service="phone"))

    assert (found.parts.basis, codes(found)) == (("basic",), ["runs"] * 3)


def test_a_grant_that_is_dearer_than_a_contract_changes_nothing() -> None:
    """Where a contract covers what a grant gives at cost, the contract is the basis."""
    care = ServiceContract(name="care", term=days("2026-01-01", "2030-01-01"))
    found = verdict(rules(("at-cost", Grant(outcome=AT_COST))), claim(contracts=(care,)))

    assert (paid_by(found), found.parts.basis, codes(found)) == ((CONTRACT,) * 3, ("care",), ["runs"] * 3)


def test_a_grant_may_be_for_some_classes_and_at_cost() -> None:
    """Labour at cost for life leaves parts and travel as they are."""
    firm = rules(YEAR, ("at-cost", Grant(outcome=AT_COST, classes=(LABOUR,))))
    found = verdict(firm, claim(AFTER_TERM))

    assert paid_by(found) == (PAID, AT_COST, PAID)
    assert dict(found.reasons[-1].facts)["because"] == ""


# --- where it goes ------------------------------------------------------------------------------------------


@pytest.mark.clause("AS-WARR-4")
def test_the_dealer_is_told_before_and_billed_for_what_is_free() -> None:
    """What a dealer sold is free to the customer; the dealer is told before, and bears the cost."""
    dealer = Handling(bearer=Bearer.DEALER, notify=("dealer",), when=when(seller="dealer", term="in"))
    firm = rules(YEAR, ("dealer", dealer))
    found = verdict(firm, claim(seller="dealer"))

    assert (paid_by(found), bearers(found)) == ((FREE,) * 3, (Bearer.DEALER,) * 3)
    assert found.notify == ("dealer",)
    assert codes(found)[-2:] == ["borne-by", "notify"]
    after = verdict(firm, claim(AFTER_TERM, seller="dealer"))
    assert (bearers(after), after.notify) == ((Bearer.CUSTOMER,) * 3, ())


@pytest.mark.clause("AS-WARR-4")
@pytest.mark.parametrize("gives", [FREE, CONTRACT], ids=str)
def test_a_dealer_bears_what_the_warranty_makes_free_and_nothing_else(gives: Coverage) -> None:
    """What a grant or a contract gives the firm bears, also where the contract governs; the rest the dealer."""
    dealer = Handling(bearer=Bearer.DEALER, when=when(seller="dealer"))
    advice = Grant(outcome=FREE, classes=(LABOUR,), when=when(service="phone"))
    misuse = Exclusion(outcome=PAID, when=when(cause="misuse"))
    own = (YEAR, ("dealer", dealer), ("advice", advice), ("misuse", misuse))
    firm, governs = rules(*own), rules(*own, ("governs", Handling(contract_governs=True)))
    care = ServiceContract(name="care", term=days("2026-03-01", "2027-09-01"), gives=gives)
    phone = {"seller": "dealer", "service": "phone"}
    visit = {"seller": "dealer", "service": "visit"}

    assert bearers(verdict(firm, claim(cause="wear", **phone))) == (Bearer.DEALER,) * 3
    granted = verdict(firm, claim(cause="misuse", **phone))
    assert bearers(granted) == (Bearer.CUSTOMER, Bearer.FIRM, Bearer.CUSTOMER)
    assert granted.labour.borne_by == ()
    assert "borne-by" not in codes(granted)
    assert bearers(verdict(firm, claim(cause="misuse", contracts=(care,), **visit))) == (Bearer.FIRM,) * 3
    assert bearers(verdict(firm, claim(cause="wear", contracts=(care,), **visit))) == (Bearer.DEALER,) * 3
    governing = replace(care, governs=True)
    assert (
        bearers(verdict(governs, claim(cause="wear", contracts=(governing,), **visit))) == (Bearer.FIRM,) * 3
    )


@pytest.mark.clause("AS-WARR-4")
def test_whether_the_warranty_makes_it_free_is_asked_where_a_bearer_hangs_on_it() -> None:
    """The cause and the date are asked for also where a contract makes it free, if a dealer may bear it."""
    dealer = Handling(bearer=Bearer.DEALER, when=when(seller="dealer"))
    misuse = Exclusion(outcome=PAID, when=when(cause="misuse"))
    firm = rules(YEAR, ("dealer", dealer), ("misuse", misuse))
    care = ServiceContract(name="care", term=days("2026-03-01", "2027-09-01"), gives=FREE)

    with pytest.raises(MissingValue, match="cause"):
        verdict(firm, claim(seller="dealer", contracts=(care,)))
    with pytest.raises(MissingValue, match="sold"):
        verdict(firm, claim(dates={}, seller="dealer", cause="wear", contracts=(care,)))
    assert bearers(verdict(firm, claim(seller="own", contracts=(care,)))) == (Bearer.FIRM,) * 3
    misused = verdict(firm, claim(dates={}, seller="dealer", cause="misuse", contracts=(care,)))
    assert bearers(misused) == (Bearer.FIRM,) * 3


def test_a_term_that_the_contract_does_not_grant_needs_no_date() -> None:
    """Where the contract grants no warranty nothing hangs on its first day, but whether it has begun."""
    firm = rules(("basic", warranty("given term")))
    said = {"dates": {}, "given": {"term": NONE}}
    found = verdict(firm, claim(**said))

    assert (paid_by(found), found.term) == ((PAID,) * 3, None)
    before = rules(
        ("basic", warranty("given term")), ("before", Grant(outcome=FREE, when=when(term="before")))
    )
    with pytest.raises(MissingValue, match="sold"):
        verdict(before, claim(**said))


@pytest.mark.clause("AS-WARR-8")
def test_a_suppliers_part_goes_through_purchasing() -> None:
    """For a bought-in part its maker bears the cost, and the matter goes through purchasing."""
    bought = Handling(bearer=Bearer.SUPPLIER, through=("purchasing",), when=when(maker="supplier"))
    found = verdict(rules(YEAR, ("bought-in", bought)), claim(maker="supplier"))

    assert (bearers(found), found.through) == ((Bearer.SUPPLIER,) * 3, ("purchasing",))
    assert codes(found)[-2:] == ["borne-by", "through"]


@pytest.mark.clause("AS-WARR-9")
def test_the_customer_may_be_sent_to_the_brand() -> None:
    """A seller that does not repair refers the customer to the service line of the brand."""
    brand = Handling(refer="brand-service-line", when=when(maker="brand", term="in"))
    found = verdict(rules(YEAR, ("brand", brand)), claim(maker="brand"))

    assert found.refer == "brand-service-line"
    assert found.reasons[-1] == Reason("warranty.refer", Clause("BRAND"), (("to", "brand-service-line"),))


@pytest.mark.clause("AS-WARR-5", "AS-WARR-13")
def test_a_foreign_product_may_be_repaired_for_pay() -> None:
    """The warranty is for the firm's own products: another maker's is repaired for pay."""
    firm = rules(("basic", warranty("1 year", maker="own parent")))

    assert verdict(firm, claim(maker="own")).coverage is FREE
    assert verdict(firm, claim(maker="competitor")).coverage is PAID


@pytest.mark.clause("AS-WARR-16")
def test_service_may_be_refused() -> None:
    """A product past its warranty, or damaged by people, may be refused."""
    firm = rules(
        YEAR,
        ("past", Handling(may_refuse=True, when=when(term="after"))),
        ("people", Handling(may_refuse=True, when=when(cause="people"))),
    )
    found = verdict(firm, claim(AFTER_TERM, cause="people"))

    assert found.may_refuse
    assert codes(found).count("may-refuse") == 1
    assert verdict(firm, claim(AFTER_TERM)).may_refuse
    assert not verdict(firm, claim(cause="wear")).may_refuse


@pytest.mark.clause("AS-WARR-17")
def test_damage_by_people_is_borne_by_who_caused_it() -> None:
    """Windows are warranted for two years from acceptance; who damages them pays for everything."""
    people = Handling(bearer=Bearer.CAUSER, all_of_it=True, when=when(cause="people"))
    firm = rules(
        ("windows", warranty("2 years", since=Event.ACCEPTED)),
        ("damage", Exclusion(outcome=PAID, when=when(cause="people"))),
        ("people", people),
    )
    dates = {Event.ACCEPTED: date(2026, 1, 1)}

    assert bearers(verdict(firm, claim(cause="people", dates=dates))) == (Bearer.CAUSER,) * 3
    found = verdict(firm, claim(cause="workmanship", dates=dates))
    assert (bearers(found), found.parts.last_day) == ((Bearer.FIRM,) * 3, date(2028, 1, 1))
    assert codes(verdict(firm, claim(cause="people", dates=dates)))[-1] == "all-borne-by"


HOUSE = rules(
    ("structural", Question("structural", ("yes", "no"))),
    ("house", warranty("2 years", since=Event.HANDED_OVER)),
    ("before", Grant(outcome=FREE, when=when(term="before"))),
    ("caused", Exclusion(outcome=PAID, when=when(cause="owner", term="in after"))),
    (
        "crack",
        Handling(refer="property-company", when=when(term="after", structural="yes")),
    ),
)


@pytest.mark.clause("AS-WARR-18")
def test_before_handover_every_repair_is_the_developers_cost() -> None:
    """Before handover all is free, even what the owner did; afterwards he pays for that himself."""
    before = verdict(HOUSE, claim(cause="owner", dates={Event.HANDED_OVER: None}))
    after = verdict(HOUSE, claim(cause="owner", dates={Event.HANDED_OVER: date(2026, 1, 1)}))

    assert (paid_by(before), bearers(before)) == ((FREE,) * 3, (Bearer.FIRM,) * 3)
    assert (paid_by(after), bearers(after)) == ((PAID,) * 3, (Bearer.CUSTOMER,) * 3)


@pytest.mark.clause("AS-WARR-18")
def test_a_structural_crack_after_the_warranty_goes_to_the_property_company() -> None:
    """After the warranty the owner pays for a crack; a structural one is taken to the property company."""
    late = {"dates": {Event.HANDED_OVER: date(2020, 1, 1)}, "cause": "wear"}

    assert verdict(HOUSE, claim(structural="yes", **late)).refer == "property-company"
    assert verdict(HOUSE, claim(structural="no", **late)).refer == ""
    assert verdict(HOUSE, claim(structural="no", **late)).coverage is PAID


def test_what_is_told_twice_is_told_once() -> None:
    """Two rules of handling that say the same go together, and everybody to tell is named in order."""
    firm = rules(
        ("b", Handling(through=("purchasing",), notify=("seller", "dealer"))),
        ("a", Handling(through=("purchasing",), notify=("dealer",))),
    )
    found = verdict(firm, claim())

    assert (found.through, found.notify) == (("purchasing",), ("dealer", "seller"))
    assert [r.clause for r in found.reasons if r.code == "warranty.through"] == [Clause("A")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"bearer": Bearer.DEALER}, {"bearer": Bearer.SUPPLIER}),
        ({"bearer": Bearer.DEALER}, {"bearer": Bearer.DEALER, "all_of_it": True}),
        ({"refer": "brand"}, {"refer": "dealer"}),
        ({"through": ("purchasing",)}, {"through": ("quality",)}),
    ],
    ids=["bearer", "how much", "refer", "through"],
)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned"])
def test_rules_of_handling_that_disagree_are_an_error(
    one: dict[str, Any], other: dict[str, Any], turned: bool
) -> None:
    """Of two rules that disagree neither is taken, and both are named, in whatever order they stand."""
    named = [
        ("b", Handling(**other, when=when(maker="own"))),
        ("a", Handling(**one, when=when(seller="own"))),
    ]
    with pytest.raises(ConflictingRules) as error:
        verdict(rules(YEAR, *(reversed(named) if turned else named)), claim(maker="own", seller="own"))

    assert error.value.names == ("a", "b")


def test_who_bears_nothing_is_not_said() -> None:
    """Where the customer pays for everything, who would bear the rest is neither said nor asked nor disputed."""
    firm = rules(
        YEAR,
        ("bought-in", Handling(bearer=Bearer.SUPPLIER, when=when(maker="supplier"))),
        ("dealer", Handling(bearer=Bearer.DEALER, when=when(seller="dealer"))),
        ("excluded", Exclusion(outcome=AT_COST, when=when(cause="misuse"))),
    )
    both = {"maker": "supplier", "seller": "dealer"}
    over = verdict(firm, claim(AFTER_TERM))

    assert (codes(over), bearers(over)) == (["ended"] * 3, (Bearer.CUSTOMER,) * 3)
    assert bearers(verdict(firm, claim(AFTER_TERM, **both))) == (Bearer.CUSTOMER,) * 3
    assert bearers(verdict(firm, claim(cause="misuse", **both))) == (Bearer.CUSTOMER,) * 3
    with pytest.raises(ConflictingRules):
        verdict(firm, claim(cause="wear", **both))


def test_whoever_bears_everything_is_said_where_all_is_paid() -> None:
    """A rule for everything holds whether the customer would pay or not, and is asked about."""
    people = Handling(bearer=Bearer.CAUSER, all_of_it=True, when=when(cause="people"))
    firm = rules(YEAR, ("people", people))

    assert bearers(verdict(firm, claim(AFTER_TERM, cause="people"))) == (Bearer.CAUSER,) * 3
    with pytest.raises(MissingValue, match="cause"):
        verdict(firm, claim(AFTER_TERM))


def test_the_matter_may_go_through_several() -> None:
    """Through whom the matter goes is a list in the order of the way."""
    firm = rules(("way", Handling(through=("head-office", "purchasing"))))

    assert verdict(firm, claim()).through == ("head-office", "purchasing")


@pytest.mark.parametrize(("coverage", "told"), [("paid", True), ("free", False)])
def test_handling_may_ask_what_the_service_is(coverage: str, told: bool) -> None:
    """The question of the coverage is that of the dearest class: here one of three is paid."""
    firm = rules(
        ("basic", warranty("1 year", "1 year", "none")),
        ("tell", Handling(notify=("accounts",), when=when(coverage=coverage))),
    )

    assert bool(verdict(firm, claim()).notify) is told


# --- what is missing ----------------------------------------------------------------------------------------


def test_a_date_is_asked_for() -> None:
    """A warranty cannot be judged without the day it begins with."""
    with pytest.raises(MissingValue) as error:
        verdict(rules(YEAR), claim(dates={}))

    assert error.value.name == "sold"
    assert str(error.value) == "sold has no value as a date, which basic counts from"


def test_a_term_that_the_contract_says_is_asked_for() -> None:
    """What a rulebook leaves to the contract is asked for by its name from the first day on."""
    firm = rules(("basic", warranty("given project-term")))
    with pytest.raises(MissingValue, match="project-term has no value which basic leaves to the contract"):
        verdict(firm, claim(SOLD))


@pytest.mark.parametrize("first", [SOLD, None], ids=["later", "not yet"])
@pytest.mark.parametrize("given", [None, NONE, LIFETIME], ids=["not told", "none", "lifetime"])
def test_a_term_that_has_not_begun_need_not_be_told(first: date | None, given: Lasting | None) -> None:
    """Before the first day nothing is covered, however long the contract says that the cover will last."""
    firm = rules(
        ("basic", warranty("given project-term", since=Event.FIXED)),
        ("works", Handling(through=("builder",), when=when(term="before"))),
    )
    known = {} if given is None else {"project-term": given}
    found = verdict(firm, claim(date(2026, 2, 28), dates={Event.FIXED: first}, given=known))

    assert (found.term, paid_by(found)) == (TermState.BEFORE, (PAID,) * 3)
    assert found.through == ("builder",)


@pytest.mark.parametrize(
    ("given", "coverage", "last"),
    [
        (Lasting(period=Period(months=6)), FREE, date(2026, 9, 1)),
        (Lasting(period=Period(months=3)), PAID, date(2026, 6, 1)),
        (LIFETIME, FREE, None),
        (NONE, PAID, None),
    ],
    ids=["longer", "shorter", "lifetime", "none"],
)
def test_a_term_that_the_contract_says_fills_the_blank(
    given: Lasting, coverage: Coverage, last: date | None
) -> None:
    """A term left to the contract is a period, for life or none, as the contract says."""
    found = verdict(rules(("basic", warranty("given term"))), claim(given={"term": given}))

    assert (paid_by(found), found.parts.last_day) == ((coverage,) * 3, last)


@pytest.mark.parametrize(
    ("blank", "name"),
    [
        ({"repairs": (repair(finished_on=IN_TERM, lasting=Lasting(given="months")),)}, "months"),
        ({"replacement": Replacement(on=IN_TERM, lasting=Lasting(given="rest"))}, "rest"),
    ],
    ids=["a repair", "a replacement"],
)
def test_a_repair_and_a_replacement_may_have_a_term_of_the_contract(blank: dict[str, Any], name: str) -> None:
    """Their own terms too may be what the contract says, and are asked for."""
    with pytest.raises(MissingValue) as error:
        verdict(rules(), claim(fault_group="pump", **blank))
    assert error.value.name == name

    given = {name: parse_lasting("1 month")}
    assert verdict(rules(), claim(fault_group="pump", given=given, **blank)).coverage is FREE


def test_what_does_not_decide_is_not_asked_for() -> None:
    """A date or an answer of a cover is not needed where another one makes it free already."""
    firm = rules(
        YEAR,
        ("accepted", warranty("1 year", since=Event.ACCEPTED)),
        ("by-contract", warranty("given term")),
        ("own", warranty("1 year", maker="own")),
    )
    found = verdict(firm, claim())

    assert (paid_by(found), found.term) == ((FREE,) * 3, TermState.IN)
    unknown = {c.name: c.missing.name for c in found.covers if c.missing is not None}
    assert unknown == {"accepted": "accepted", "by-contract": "term", "own": "maker"}
    assert states(found)["own"] is CoverState.UNKNOWN


def test_a_cover_that_has_ended_anyway_asks_nothing() -> None:
    """Whose product it is does not matter when its warranty would be over."""
    found = verdict(rules(("basic", warranty("1 year", maker="own"))), claim(AFTER_TERM))

    assert (found.term, paid_by(found), found.parts.cover) == (TermState.AFTER, (PAID,) * 3, None)


def test_a_cover_that_the_rule_denies_is_not_listed_as_unknown() -> None:
    """A class without cover has none, whatever the conditions of the rule."""
    found = verdict(rules(("basic", warranty("none", maker="own"))), claim())

    assert (found.covers, found.term) == ((), TermState.AFTER)


@pytest.mark.parametrize("cause", [None, "wear"], ids=["unknown", "known"])
def test_the_cause_is_asked_for_where_an_exclusion_hangs_on_it(cause: str | None) -> None:
    """Within the warranty the cause decides; after it nothing hangs on the cause."""
    firm = rules(YEAR, MISUSE)
    said = {} if cause is None else {"cause": cause}

    assert verdict(firm, claim(AFTER_TERM, **said)).coverage is PAID
    if cause is None:
        with pytest.raises(MissingValue, match="cause has no value which misuse asks about"):
            verdict(firm, claim())
    else:
        assert verdict(firm, claim(**said)).coverage is FREE


def test_an_exclusion_that_adds_nothing_asks_nothing() -> None:
    """Whether the unit was opened does not matter when the proof is missing."""
    firm = rules(
        YEAR,
        ("no-proof", Exclusion(outcome=PAID, when=when(proof="no"))),
        ("opened", Exclusion(outcome=PAID, when=when(opened="yes"))),
    )

    assert verdict(firm, claim(proof="no")).parts.basis == ("no-proof",)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({}, "service"),
        ({"service": "visit"}, "cause"),
        ({"service": "visit", "cause": "wear"}, "sold"),
    ],
    ids=["all of it", "the date and the cause", "the date"],
)
def test_what_is_asked_for_makes_a_difference_by_itself(said: dict[str, Any], name: str) -> None:
    """Of several things that are missing one is named that matters whatever the others are."""
    firm = rules(YEAR, PHONE, ("misuse", Exclusion(outcome=PAID, when=when(cause="misuse"))))
    with pytest.raises(MissingValue) as error:
        verdict(firm, claim(**{"dates": {}, **said}))

    assert error.value.name == name


def test_an_answer_for_a_grant_is_asked_for() -> None:
    """Outside the warranty it decides whether the service is one by phone."""
    with pytest.raises(MissingValue, match="service has no value which phone asks about"):
        verdict(rules(YEAR, PHONE), claim(AFTER_TERM))


def test_a_date_is_asked_for_where_a_rule_asks_for_the_term() -> None:
    """A rule for the time after the warranty hangs on the day that the warranty begins with."""
    firm = rules(
        ("basic", warranty("1 year")),
        ("other", warranty("1 day", maker="own")),
        PHONE,
        ("past", Handling(may_refuse=True, when=when(term="after"))),
    )
    with pytest.raises(MissingValue) as error:
        verdict(firm, claim(service="phone", dates={}))

    assert error.value.name == "sold"


def test_the_term_is_not_asked_for_where_nothing_hangs_on_it() -> None:
    """Advice is free for life, whether the warranty runs or not."""
    found = verdict(rules(YEAR, PHONE), claim(service="phone", dates={}))

    assert (found.term, paid_by(found)) == (None, (FREE,) * 3)
    assert found.parts.cover is None


def test_a_repair_asks_for_the_term_through_its_date() -> None:
    """Where the warranty of a repair hangs on the term, the date of the sale is asked for."""
    firm = rules(YEAR, ("repaired", RepairWarranty(lasting=LIFETIME, when=when(term="after"))))
    with pytest.raises(MissingValue) as error:
        verdict(firm, claim(AFTER_TERM, dates={}, fault_group="pump", repairs=(repair(),)))

    assert error.value.name == "sold"


def test_which_fault_it_is_is_asked_for_while_a_repair_is_warranted() -> None:
    """Without the fault group a repeat cannot be told, and that decides even within the warranty."""
    done = repair(finished_on=date(2026, 8, 1))
    with pytest.raises(MissingValue, match="fault-group has no value which the warranty of repair R-1"):
        verdict(REPAIRED, claim(repairs=(done,)))

    assert verdict(REPAIRED, claim(date(2026, 12, 1), repairs=(done,))).repeat is None


def test_a_later_repair_that_is_known_needs_no_earlier_one() -> None:
    """A repeat of the last repair is one, whatever is not known of an earlier one."""
    done = (repair("R-1", lasting=Lasting(given="months")), repair("R-2", date(2027, 7, 1)))

    assert verdict(REPAIRED, claim(AFTER_TERM, fault_group="pump", repairs=done)).repeat == done[1]


def test_the_part_is_asked_for_where_a_repair_covers_some() -> None:
    """After the warranty it decides whether the part is one that the repair replaced."""
    done = repair(parts=("seal",))
    with pytest.raises(MissingValue, match="part has no value which the warranty of repair R-1 asks about"):
        verdict(REPAIRED, claim(AFTER_TERM, fault_group="pump", repairs=(done,)))

    late = claim(date(2028, 1, 1), fault_group="pump", repairs=(done,))
    assert verdict(REPAIRED, late).coverage is PAID


@pytest.mark.parametrize(
    ("dates", "opened", "missing"),
    [({}, "no", "sold"), ({Event.SOLD: SOLD}, None, "opened")],
    ids=["a cover", "an exclusion"],
)
def test_what_decides_the_discount_is_asked_for(
    dates: dict[Event, date], opened: str | None, missing: str
) -> None:
    """Whether there was a cover to lose, or another exclusion, decides the discount on paid parts."""
    firm = rules(
        YEAR,
        ("misuse", Exclusion(outcome=PAID, discount=True, when=when(cause="misuse"))),
        ("opened", Exclusion(outcome=PAID, when=when(opened="yes"))),
        ("wet", Exclusion(outcome=PAID, discount=True, when=when(proof="no"))),
    )
    said = {} if opened is None else {"opened": opened}
    with pytest.raises(MissingValue) as error:
        verdict(firm, claim(dates=dates, cause="misuse", **said))

    assert error.value.name == missing


def test_the_discount_is_one_on_parts() -> None:
    """Parts that misuse made paid have their discount, though labour stays free."""
    misuse = Exclusion(outcome=PAID, classes=(PARTS,), discount=True, when=when(cause="misuse"))
    found = verdict(rules(YEAR, ("misuse", misuse)), claim(cause="misuse"))

    assert (paid_by(found), found.discount) == ((PAID, FREE, FREE), True)


def test_a_discount_asks_for_no_other_cover() -> None:
    """Parts that misuse made paid have their discount, whether another warranty would have covered them or not."""
    other = ("accepted", warranty("1 year", since=Event.ACCEPTED))

    assert verdict(rules(YEAR, MISUSE, other), claim(cause="misuse")).discount


def test_a_discount_asks_for_no_exclusion_that_leaves_it() -> None:
    """Another exclusion with a discount, or one of labour alone, takes no discount on parts away."""
    wet = ("wet", Exclusion(outcome=PAID, discount=True, when=when(proof="no")))
    labour = ("labour-only", Exclusion(outcome=PAID, classes=(LABOUR,), when=when(opened="yes")))

    assert verdict(rules(YEAR, MISUSE, wet, labour), claim(cause="misuse")).discount


def test_an_exclusion_asks_nothing_of_the_classes_that_it_does_not_name() -> None:
    """Whether the unit was opened does not matter where that is about labour, and labour is paid anyway."""
    labour = ("labour-only", Exclusion(outcome=PAID, classes=(LABOUR,), when=when(opened="yes")))
    at_cost = ("labour-at-cost", Grant(outcome=AT_COST, classes=(TRAVEL,), when=when(opened="yes")))
    firm = rules(("basic", warranty("1 year", "none", "1 year")), labour, at_cost)

    assert paid_by(verdict(firm, claim())) == (FREE, PAID, FREE)


def test_a_warranty_of_nothing_asks_for_no_date() -> None:
    """Where the rule says that there is no cover, nobody has to know since when."""
    found = verdict(rules(("basic", warranty("none"))), claim(dates={}))

    assert (found.term, paid_by(found)) == (TermState.AFTER, (PAID,) * 3)
    assert states(found) == {"basic": CoverState.NONE}


def test_handling_is_asked_for_only_where_it_says_something_new() -> None:
    """Who made the part is asked for, unless the rule would say what another one says already."""
    bought = ("bought-in", Handling(through=("purchasing",), when=when(maker="supplier")))
    with pytest.raises(MissingValue, match="maker has no value which bought-in asks about"):
        verdict(rules(YEAR, bought), claim())

    always = ("always", Handling(through=("purchasing",), bearer=Bearer.SUPPLIER))
    assert verdict(rules(YEAR, bought, always), claim()).through == ("purchasing",)


def test_a_default_answers_what_was_not_told() -> None:
    """A question with a default is not asked for."""
    firm = rules(
        ("opened", Question("opened", ("yes", "no"), default="no")),
        YEAR,
        ("was-opened", Exclusion(outcome=PAID, when=when(opened="yes"))),
        ("past", Handling(may_refuse=True, when=when(term="after"))),
    )
    found = verdict(firm, claim())

    assert (found.coverage, found.may_refuse) == (FREE, False)


# --- distances ----------------------------------------------------------------------------------------------

NEAR = (
    ("bands", Distances(MeasuredBy.ROAD, (Band("near", 100_000), Band("far")))),
    YEAR,
    ("far-travel", Exclusion(outcome=PAID, classes=(TRAVEL,), when=when(distance="far"))),
)


@pytest.mark.parametrize(("metres", "travel"), [(100_000, FREE), (100_001, PAID)], ids=str)
def test_travel_may_hang_on_the_distance(metres: int, travel: Coverage) -> None:
    """Exactly 100 km lie inside the band of 100 km."""
    found = verdict(rules(*NEAR), claim(distance=Distance(metres, MeasuredBy.ROAD)))

    assert paid_by(found) == (FREE, FREE, travel)


def test_an_unknown_distance_is_asked_for_or_has_its_band() -> None:
    """Nobody takes an unknown distance for a near one, unless the rulebook says so."""
    with pytest.raises(MissingValue, match="distance"):
        verdict(rules(*NEAR), claim())

    far = ("bands", replace(NEAR[0][1], unknown="far"))
    assert verdict(rules(far, *NEAR[1:]), claim()).travel.coverage is PAID


def test_a_distance_measured_otherwise_is_refused() -> None:
    """A radius says nothing about a band of the road."""
    with pytest.raises(InvalidValue, match="distance"):
        verdict(rules(*NEAR), claim(distance=Distance(1, MeasuredBy.RADIUS)))


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"quantity": 3, "covered_quantity": 2}, "quantity"),
        ({"quantity": 1, "covered_quantity": 0}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"covered_quantity": -1}, "covered_quantity"),
        ({"reported_on": datetime(2026, 9, 1, tzinfo=UTC)}, "reported_on"),
        ({"reported_on": "2026-09-01"}, "reported_on"),
        ({"dates": {Event.SOLD: "2026-03-01"}}, "sold"),
        ({"dates": {Event.SOLD: datetime(2026, 3, 1, tzinfo=UTC)}}, "sold"),
        ({"dates": {"sold": SOLD}}, "dates"),
        ({"dates": {Event.ACCEPTED: date(2062, 1, 1)}}, "accepted"),
        ({"dates": {Event.REGISTERED: date(2026, 9, 2)}}, "registered"),
        ({"dates": {Event.REPORTED: date(2026, 8, 31)}}, "reported"),
        ({"dates": {Event.REPORTED: None}}, "reported"),
        (
            {"dates": {Event.MANUFACTURED: SOLD}, "repairs": (repair(finished_on=date(2026, 2, 28)),)},
            "repair R-1",
        ),
        ({"dates": {Event.MANUFACTURED: None}, "repairs": (repair(finished_on=SOLD),)}, "repair R-1"),
        ({"replacement": Replacement(on=date(2026, 2, 28), lasting=NONE)}, "replacement"),
        ({"dates": {Event.SOLD: None}, "replacement": Replacement(on=SOLD, lasting=NONE)}, "replacement"),
        ({"distance": Distance(1, MeasuredBy.ROAD), "answers": {"distance": "near"}}, "distance"),
        ({"answers": {"distance": "near"}}, "distance"),
        ({"transferred": "no"}, "transferred"),
        ({"repairs": (repair(finished_on=date(2026, 9, 2)),)}, "repair R-1"),
        ({"replacement": Replacement(on=date(2026, 9, 2), lasting=NONE)}, "replacement"),
        ({"repairs": (repair(finished_on=SOLD), repair(finished_on=IN_TERM))}, "repairs"),
        ({"contracts": (dealers(), dealers("2027-01-01 2028-01-01"))}, "contracts"),
        ({"given": {"term": Lasting(given="term")}}, "term"),
        ({"given": {"term": ""}}, "term"),
        ({"part": "seal", "answers": {"part": "shaft"}}, "part"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_claim_that_cannot_be_is_refused(said: dict[str, Any], field: str) -> None:
    """A claim that contradicts itself is refused where it is made, with the place of the mistake."""
    with pytest.raises(InvalidValue) as error:
        claim(**said)

    assert error.value.field == field


def test_what_happens_on_the_last_possible_day_may_be_claimed() -> None:
    """A unit made, sold, mended, exchanged and reported on one day is none that cannot be."""
    history = {"repairs": (repair(finished_on=SOLD),), "replacement": Replacement(on=SOLD, lasting=NONE)}
    dates = dict.fromkeys((Event.MANUFACTURED, Event.SOLD, Event.ACCEPTED, Event.REPORTED), SOLD)
    ahead = {Event.FIXED: IN_TERM, Event.HEATING: IN_TERM, Event.WARRANTY_END: AFTER_TERM}

    assert claim(SOLD, dates={**dates, **ahead}, **history).dates == {**dates, **ahead}


def test_a_claim_keeps_what_was_claimed() -> None:
    """What is changed afterwards where the answers, dates and terms came from changes no claim."""
    answers, dates, given = {"cause": "wear"}, {Event.SOLD: SOLD}, {"term": LIFETIME}
    kept = Claim(reported_on=IN_TERM, answers=answers, dates=dates, given=given)
    for each in (answers, dates, given):
        each.clear()

    assert (kept.answers, kept.dates, kept.given) == (
        {"cause": "wear"},
        {Event.SOLD: SOLD},
        {"term": LIFETIME},
    )
    with pytest.raises(TypeError):
        kept.answers["cause"] = "misuse"  # type: ignore[index]  # it cannot be set


def test_as_many_as_are_covered_may_be_claimed() -> None:
    """Two of two are no over-claim."""
    assert claim(quantity=2, covered_quantity=2).quantity == 2


M, S, D, INST = Event.MANUFACTURED, Event.SHIPPED, Event.DELIVERED, Event.INSTALLED


@pytest.mark.parametrize(
    ("dates", "field"),
    [
        ({M: 2, S: 1}, S),
        ({S: 2, D: 1}, D),
        ({M: 2, INST: 1}, INST),
        ({D: None, INST: 1}, INST),
        ({M: 2, Event.ACTIVATED: 1}, Event.ACTIVATED),
        ({M: 2, Event.ACCEPTED: 1}, Event.ACCEPTED),
        ({Event.HANDED_OVER: 2, Event.MOVED_IN: 1}, Event.MOVED_IN),
    ],
    ids=lambda value: value.value if isinstance(value, Event) else "",
)
def test_dates_come_in_the_order_of_things(dates: dict[Event, int | None], field: Event) -> None:
    """Nothing is shipped before it was made, or installed before it was delivered."""
    said = {event: None if day is None else date(2026, 1, day) for event, day in dates.items()}
    with pytest.raises(InvalidValue, match="a day not before it was") as error:
        claim(dates=said)

    assert error.value.field == field.value


def test_all_on_one_day_and_the_rest_to_come_is_an_order() -> None:
    """A unit may be made, shipped and sold on one day, sold before it was made, and not yet installed."""
    day = date(2026, 1, 1)
    dates = {Event.SOLD: date(2025, 1, 1), M: day, S: day, D: day, INST: None}

    assert claim(dates=dates).dates == dates


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (lambda: ServiceContract(name="c", term=days("2026-01-01", "2027-01-01"), classes=()), "classes"),
        (lambda: dealers(classes=(PARTS, PARTS)), "classes"),
        (lambda: dealers(gives=PAID), "gives"),
        (lambda: dealers(name=""), "name"),
        (lambda: repair(fault_group=""), "fault_group"),
        (lambda: repair(ref=""), "ref"),
        (lambda: repair(lasting="3 months"), "lasting"),
        (lambda: Replacement(on=SOLD, lasting="1 year"), "lasting"),  # type: ignore[arg-type]  # not a term
        (lambda: repair(finished_on=datetime(2026, 1, 1, tzinfo=UTC)), "finished_on"),
        (lambda: Replacement(on=SOLD, lasting=NONE, classes=()), "classes"),
        (lambda: Replacement(on=datetime(2026, 1, 1, tzinfo=UTC), lasting=NONE), "on"),
        (lambda: parse_lasting(""), "term"),
    ],
    ids=[
        "no class",
        "a class twice",
        "gives paid",
        "no name",
        "no fault",
        "no name of it",
        "a text for a term",
        "a text for its term",
        "no date",
        "no class of it",
        "no day",
        "empty",
    ],
)
def test_a_part_of_a_claim_that_cannot_be_is_refused(made: Any, field: str) -> None:
    """Contracts, repairs, replacements and terms are checked where they are made."""
    with pytest.raises(InvalidValue) as error:
        made()

    assert error.value.field == field


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"cause": "magic"}, "cause"),
        ({"colour": "red"}, "question"),
        ({"term": "in"}, "term"),
        ({"coverage": "free"}, "coverage"),
    ],
    ids=["answer", "question", "term", "coverage"],
)
def test_an_answer_that_is_none_is_refused(answers: dict[str, str], field: str) -> None:
    """Unknown questions and answers are refused, and so are those that only the verdict answers."""
    with pytest.raises(InvalidValue) as error:
        verdict(rules(YEAR), claim(**answers))

    assert error.value.field == field


@pytest.mark.parametrize("term", ["100 years", "1 day"])
def test_a_term_ends_within_the_calendar(term: str) -> None:
    """A last day beyond the year 9999, or on its last day, is refused."""
    firm = rules(("basic", warranty(term, since=Event.FIXED)))
    with pytest.raises(InvalidValue):
        verdict(firm, claim(dates={Event.FIXED: date(9999, 12, 30)}))


def test_a_cover_is_called_by_its_name_where_that_says_more_than_its_kind() -> None:
    """A warranty that is called warranty is named once in a reason."""
    named = rules(("warranty", warranty("1 year")), ("extended", warranty("2 years", transferable=False)))
    found = verdict(named, claim(transferred=True))

    assert [dict(reason.facts)["name"] for reason in found.reasons] == ["", "", "", "extended"]
    assert found.parts.basis == ("warranty",)
    done = repair(lasting=LIFETIME)
    mended = verdict(rules(), claim(AFTER_TERM, fault_group="pump", repairs=(done,)))
    assert (dict(mended.reasons[0].facts)["name"], dict(mended.reasons[0].facts)["of"]) == ("", "R-1")


def test_a_cover_is_said_with_its_days() -> None:
    """A cover carries its first day, its first uncovered day, its state and its clause."""
    (parts, *_) = verdict(rules(YEAR), claim()).covers

    assert parts == Cover(
        name="basic",
        kind=CoverKind.WARRANTY,
        charge=PARTS,
        gives=FREE,
        state=CoverState.RUNNING,
        clause=Clause("BASIC"),
        start=SOLD,
        until=date(2027, 3, 2),
    )
