"""A warranty verdict as a person reads it, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from warranty_rules import days, rules, warranty, when

from servflow.adapters.text_babel import LANGUAGES, Texts
from servflow.core.aftersales.policy import Exclusion, Grant, Handling, RepairWarranty
from servflow.core.aftersales.warranty import (
    Claim,
    PastRepair,
    Replacement,
    ServiceContract,
    verdict,
)
from servflow.core.aftersales.words import LIFETIME, Bearer, ChargeClass, Coverage, Event, parse_lasting

PARTS = (ChargeClass.PARTS,)
FIRM = rules(
    ("basic", warranty("1 year", "1 year", "none")),
    ("seasonal", warranty("1 year", since=Event.HEATING, transferable=False)),
    ("repaired", RepairWarranty(lasting=parse_lasting("3 months"))),
    ("misuse", Exclusion(outcome=Coverage.PAID, classes=PARTS, discount=True, when=when(cause="misuse"))),
    ("opened", Exclusion(outcome=Coverage.AT_COST, classes=PARTS, when=when(opened="yes", cause="misuse"))),
    ("labour", Exclusion(outcome=Coverage.PAID, when=when(proof="no", cause="misuse"))),
    ("phone", Grant(outcome=Coverage.FREE, when=when(service="phone"))),
    ("contract", Handling(contract_governs=True, when=when(seller="dealer"))),
    ("bearer", Handling(bearer=Bearer.DEALER, notify=("sales",), when=when(seller="dealer"))),
    ("causer", Handling(bearer=Bearer.CAUSER, all_of_it=True, when=when(seller="own", cause="misuse"))),
    (
        "brand",
        Handling(
            refer="400-800", through=("sales-centre", "purchasing"), may_refuse=True, when=when(maker="brand")
        ),
    ),
)
USUAL = Claim(
    reported_on=date(2026, 9, 1),
    answers={
        "cause": "wear",
        "opened": "no",
        "service": "visit",
        "seller": "own",
        "maker": "own",
        "proof": "yes",
    },
    dates={Event.SOLD: date(2026, 3, 1), Event.HEATING: None},
    fault_group="pump",
)


def said(base: Claim = USUAL, **answers: str) -> Claim:
    return replace(base, answers={**base.answers, **answers})


REPEATED = replace(
    USUAL,
    reported_on=date(2027, 9, 1),
    repairs=(PastRepair(ref="R-7", finished_on=date(2027, 7, 1), fault_group="pump"),),
)
CLAIMS = {
    "usual": USUAL,
    "misused": said(cause="misuse", opened="yes"),
    "phone": said(replace(USUAL, reported_on=date(2027, 9, 1)), service="phone"),
    "repeated": REPEATED,
    "for life": replace(USUAL, replacement=Replacement(on=date(2026, 8, 1), lasting=LIFETIME)),
    "life-long repair": replace(REPEATED, repairs=(replace(REPEATED.repairs[0], lasting=LIFETIME),)),
    "dealer": said(
        replace(
            USUAL,
            contracts=(
                ServiceContract(
                    name="D-1", term=days("2026-01-01", "2026-12-01"), gives=Coverage.FREE, governs=True
                ),
            ),
        ),
        seller="dealer",
    ),
    "dealer without a contract": said(seller="dealer"),
    "brand": said(maker="brand"),
    "sold on": replace(USUAL, transferred=True),
    "planned": replace(USUAL, dates={Event.SOLD: None, Event.HEATING: date(2027, 3, 1)}),
    "by contract": said(
        replace(USUAL, contracts=(ServiceContract(name="care", term=days("2026-01-01", "2027-01-01")),)),
        cause="misuse",
    ),
    "repeated by misuse": said(REPEATED, cause="misuse", proof="no"),
    "not told": said(replace(USUAL, dates={}), service="phone"),
}
EVERY = {"nothing": verdict(rules(), USUAL), **{name: verdict(FIRM, each) for name, each in CLAIMS.items()}}


def test_a_repeated_repair_reads_as_written_by_a_person() -> None:
    """Each class has its line with its clauses; below it stands why."""
    assert Texts("en").verdict_lines(EVERY["repeated"]) == [
        "Parts: free, borne by the firm [REPAIRED]",
        "Labour: free, borne by the firm [REPAIRED]",
        "Travel: free, borne by the firm [REPAIRED]",
        *(
            f"- For {charge}, the repair warranty has run since 1 July 2027; its last day is "
            "1 October 2027. It is called “repaired”. It is that of repair R-7. [REPAIRED]"
            for charge in ("parts", "labour", "travel")
        ),
        (
            "- It repeats a repair of the same fault (pump): R-7, finished on 1 July 2027. The last day of that "
            "repair's warranty is 1 October 2027. [REPAIRED]"
        ),
    ]


def test_misuse_reads_as_written_by_a_person_in_chinese() -> None:
    """What is excluded is said with the answers that it stands on, each by its name."""
    assert Texts("zh_CN").verdict_lines(EVERY["misused"]) == [
        "配件：有偿，由造成损坏的人承担 [MISUSE, CAUSER]",
        "人工：免费，由造成损坏的人承担 [BASIC, CAUSER]",
        "差旅：有偿，由造成损坏的人承担 [CAUSER]",
        "- 配件：保修自2026年3月1日起有效，最后一天为2027年3月1日。名称为“basic”。 [BASIC]",
        "- 人工：保修自2026年3月1日起有效，最后一天为2027年3月1日。名称为“basic”。 [BASIC]",
        "- 差旅：保修尚未开始。名称为“seasonal”。 [SEASONAL]",
        "- 因不保项目“misuse”，以下各项按“有偿”处理：配件。依据：使用不当。 [MISUSE]",
        "- 按“misuse”，配件以优惠价格提供。 [MISUSE]",
        "- 全部费用由造成损坏的人承担。 [CAUSER]",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "phone",
            "By the grant “phone” this is “free”: parts; labour; travel. It stands on: ",
        ),
        (
            "for life",
            "the warranty of the replacement unit has run since 1 August 2026, and never ends.\n",
        ),
        ("life-long repair", "The last day of that repair's warranty is"),
        (
            "dealer",
            "The warranty does not count: a contract governs in its place. It is called “basic”. [CONTRACT]",
        ),
        (
            "dealer",
            "the governing contract has run since 1 January 2026; its last day is 30 November 2026. It is ca",
        ),
        ("dealer without a contract", "What the warranty makes free is borne by the dealer."),
        ("dealer", "Told before the service: sales."),
        ("brand", "The customer is referred to 400-800."),
        ("brand", "The matter is passed on through the sales centre; purchasing."),
        ("brand", "The firm may refuse the service."),
        (
            "sold on",
            "The warranty does not count: the unit changed hands, and it does not go with it.",
        ),
        ("nothing", "For travel there is no cover."),
        (
            "planned",
            "the warranty has not begun yet. It is called “seasonal”. Its first day is 1 March 2027.",
        ),
        (
            "by contract",
            "By the exclusion “misuse” this would be “paid”, but a contract covers it: parts. It stands on: ",
        ),
        (
            "repeated by misuse",
            "It repeats a repair of the same fault (pump), but its labour is not free: R-7, finished on ",
        ),
        (
            "not told",
            "how the warranty stands; nothing hangs on it. It is called “basic”. Not told: the sale.",
        ),
    ],
)
def test_each_reason_reads_as_a_sentence(name: str, line: str) -> None:
    """A line without its fact is left out, so that a warranty for life has no last day."""
    text = "\n".join(Texts("en").verdict_lines(EVERY[name]))

    assert (line in text) is (name != "life-long repair")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CLAIMS)
def test_nothing_of_a_verdict_falls_back_to_codes(name: str, language: str) -> None:
    """Every line has its words in both languages."""
    text = "\n".join(Texts(language).verdict_lines(EVERY[name]))

    assert [sign for sign in ("reason.", "verdict.", "warranty.", "{", "}", "at-cost") if sign in text] == []


def test_every_reason_of_a_verdict_was_read() -> None:
    """The verdicts of these tests give every reason that a verdict can give."""
    given: set[str] = {reason.code for found in EVERY.values() for reason in found.reasons}

    assert given == {
        f"warranty.{code}"
        for code in (
            *("runs", "for-life", "ended", "not-begun", "nothing", "lost", "replaced", "excluded", "granted"),
            *("unknown", "barred", "repeat-not-free"),
            *("discount", "repeat", "borne-by", "all-borne-by", "refer", "through", "notify", "may-refuse"),
        )
    }
