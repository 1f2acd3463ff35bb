"""The letters and reasons of a desk of deposits as an authority, a developer and owners read them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from string import Formatter

import pytest
from deposit_desk import DepositDesk, approved, building, cny, fees, policy
from deposit_words import ATTENTION, DEPOSIT_MESSAGES
from letters_of_deposits import deposit_attention, deposit_messages
from reasons_given import reasons_given

from servflow.adapters.text_babel import LANGUAGES, BabelWording, Texts
from servflow.adapters.text_babel._catalogue import catalogue
from servflow.core.changes import Message
from servflow.core.citations import Clause, Reason
from servflow.core.deposits import DepositPolicy
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import Ground
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.assessing import assessed
from servflow.core.errors import NotFound
from servflow.core.fees import Charge
from servflow.core.money import Money
from servflow.core.ports import Party
from servflow.rulebooks import deposit_policy, load

OTHERS = re.compile(
    r"\[[^]]*\]|SD-\d+|project-1|building-1|insured|claim-1|receipt-command-\d+|inspection-body|contractor-1|developer|D-1|CNY"
)
"""What in a letter is no word of ours: ids, references, receipts, clauses, currencies."""


@cache
def told() -> tuple[Message, ...]:
    return tuple(deposit_messages())


def party(language: str, ref: str = "developer", name: str = "泉城置业") -> Party:
    return Party(ref=ref, name=name, email="office@quancheng.example.cn", language=language)


def as_read(message: Message, language: str) -> str:
    return "\n\n".join(BabelWording("济南市物业质量保修金管理中心").letter(message, party(language)))


def one(kind: str) -> Message:
    return next(message for message in told() if message.kind == kind)


def template(code: str) -> str:
    return catalogue("en")._words[code][0]


def named(*codes: str) -> set[str]:
    """The facts that these texts name, with a ? where they can do without."""
    return {name for code in codes for _, name, _, _ in Formatter().parse(template(code)) if name is not None}


def test_every_kind_of_message_about_deposits_was_decided() -> None:
    """The letters below are made of what a desk at work has said."""
    assert {message.kind for message in told()} == set(DEPOSIT_MESSAGES)


def test_everything_that_staff_have_to_see_to_was_seen() -> None:
    """Each reason for attention was given by a desk at work, and has a name of its own."""
    assert {reason.code for reason in deposit_attention()} == set(ATTENTION)
    words = {word for word in catalogue("en")._words if word.startswith("attention.deposits.")}
    assert words == {f"attention.{code}" for code in ATTENTION}


@pytest.mark.parametrize("kind", DEPOSIT_MESSAGES)
def test_a_letter_about_a_deposit_says_all_its_facts(kind: str) -> None:
    """In its heading or in words; and it can do without what does not come each time."""
    said = [set(dict(message.facts)) for message in told() if message.kind == kind]
    about = "letter.about-claim" if kind.startswith("deposits.claim.") else "letter.about-deposit"
    carried = set().union(*said)
    clauses = {"letter.clauses"} if "clauses" in carried else set()
    texts = named(f"message.{kind}.subject", f"message.{kind}.body", about, *clauses)
    assert {name.removesuffix("?") for name in texts} == carried
    lacking = carried - set[str].intersection(*said)
    assert lacking <= {name.removesuffix("?") for name in texts if name.endswith("?")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_about_a_deposit_reads_as_written_by_a_person(language: str) -> None:
    """No placeholder and no code is left; in Chinese there is no foreign word at all."""
    for message in told():
        subject, body = BabelWording().letter(message, party(language))
        assert "\n" not in subject
        text = f"{subject}\n{body}"
        assert not re.findall(r"[{}]|\b(?:message|reason|letter|deposits)\.[a-z]", text), text
        words = OTHERS.sub("", text)
        if language == "zh_CN":
            assert re.findall("[A-Za-z]+", words) == [], text
        else:
            assert re.findall(r"\b[a-z]+_[a-z]+\b|\d{4}-\d\d-\d\d|\bNone\b|\b\d,\d{3}\b(?!\.|,)", words) == []


NOTIFIED = {
    "en": """\
Letter on the warranty deposit, CNY 6,000,000.00 (泉城花园, 3号楼)

Dear 泉城置业,

Project: 泉城花园
Building: 3号楼
Deposit account: building-1

We have assessed the warranty deposit of this building, and notify you of it.

Building type: high-rise
Deposit to be paid: CNY 6,000,000.00
Still unpaid: CNY 6,000,000.00

Please have it paid in full into the special account that we have named. Whoever objects to the amount may ask us \
for a review within 7 days after receiving this letter.

By clause: SD-1, SD-27, SD-4, and SD-5

Yours sincerely,
济南市物业质量保修金管理中心
""",
    "zh_CN": """\
关于交存物业质量保修金¥6,000,000.00的函（泉城花园，3号楼）

泉城置业：
您好！

项目：泉城花园
楼幢：3号楼
保修金账户：building-1

该楼幢物业质量保修金的交存数额已经核定，现函告如下。

建筑类型：高层
应交存保修金：¥6,000,000.00
尚未交存：¥6,000,000.00

请按规定足额交存至指定专户。对交存数额有异议的，可在接到本函后7天内提出复核申请。

依据条款：SD-1、SD-27、SD-4和SD-5

此致
敬礼！

济南市物业质量保修金管理中心
""",
}


@pytest.mark.clause("SD-29")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_with_the_amount_names_building_amount_and_review(language: str) -> None:
    """What is to be deposited, and until when a review may be asked for (SD-5), in the authority's words."""
    assert as_read(one("deposits.account.notified"), language) == NOTIFIED[language]


def test_the_statement_of_a_year_names_the_year_and_adds_up() -> None:
    """A year is no number with a thousand in it; what was held, moved and is held stands line by line."""
    message = next(
        each for each in told() if each.kind == "deposits.account.statement" and dict(each.facts)["refunded"]
    )
    subject, body = Texts("zh_CN").letter(message, party("zh_CN"))
    assert subject == "2026年度物业质量保修金收支公示（泉城花园，3号楼）"
    assert "\n本年交存：¥6,000,000.00\n" in body
    assert "\n本年减免退还：¥2,400,000.00\n" in body
    facts = dict(message.facts)
    amounts = {name: value for name, value in facts.items() if isinstance(value, Money)}
    added = amounts["opening"] + amounts["paid_in"] + amounts["interest"]
    assert added - amounts["used"] - amounts["refunded"] - amounts["released"] == amounts["closing"]
    assert f"\n年末余额：{Texts('zh_CN').money(amounts['closing'])}\n" in body


def test_a_deposit_is_signed_by_who_keeps_it() -> None:
    """Without a house, the letter is not signed by a library."""
    message = told()[0]
    assert BabelWording().letter(message, party("zh_CN"))[1].endswith("\n保修金管理机构\n")
    assert BabelWording().letter(message, party("en"))[1].endswith("\nThe authority that keeps the deposit\n")


def test_the_bank_reads_whom_to_pay_by_name() -> None:
    """Who is paid, tests or repairs is named as the host knows him now; else his reference stands there."""
    names = {
        "developer": party("zh_CN"),
        "inspection-body": party("zh_CN", name="省质检站"),
        "contractor-1": party("zh_CN", name="顺达防水"),
    }

    def known(ref: str) -> Party:
        if ref not in names:
            raise NotFound("party", ref)
        return names[ref]

    wording, bank = BabelWording(parties=known), party("zh_CN", "bank", "专户银行")
    paid = [each for each in told() if each.kind == "deposits.account.pay-out"]
    refund = next(each for each in paid if dict(each.facts)["why"] == "refunded")
    repair = next(each for each in paid if dict(each.facts)["why"] == "used")
    assert "\n收款方：泉城置业\n用途：减免退还\n" in wording.letter(refund, bank)[1]
    assert "\n收款方：developer\n" in BabelWording().letter(refund, bank)[1]
    assert "\n收款方：顺达防水\n用途：使用\n" in wording.letter(repair, bank)[1]
    handed_in = one("deposits.claim.budget-handed-in")
    assert "\n维修单位：顺达防水\n" in wording.letter(handed_in, bank)[1]
    names["developer"] = replace(names["developer"], name="")
    assert "\n收款方：developer\n" in wording.letter(refund, bank)[1]
    del names["contractor-1"]
    assert "\n收款方：contractor-1\n用途：使用\n" in wording.letter(repair, bank)[1]
    assert "\n检测机构：省质检站\n" in wording.letter(one("deposits.claim.test-ordered"), bank)[1]


# --- reasons --------------------------------------------------------------------------------------------

DEPOSIT_REASONS = {code: facts for code, facts in reasons_given().items() if code.startswith("deposits.")}


@pytest.mark.parametrize("code", sorted(DEPOSIT_REASONS))
def test_a_reason_about_a_deposit_leaves_no_code_in_its_sentence(code: str) -> None:
    """Filled with words that its facts may be, in Chinese it is all Chinese, in English it has no code."""
    parsed = Formatter().parse(template(f"reason.{code}"))
    specs = {name.removesuffix("?"): spec for _, name, spec, _ in parsed if name is not None}
    for names in DEPOSIT_REASONS[code]:
        reason = Reason(code, None, tuple((name, _said(specs[name] or "")) for name in names))
        chinese = Texts("zh_CN").reason(reason).replace("U-1", "")
        assert re.findall("[A-Za-z_{}]+", chinese) == [], chinese
        english = Texts("en").reason(reason)
        assert not re.findall(r"[{}]|deposits\.|\b[a-z]+_[a-z]+\b", english), english
        assert "U-1" in english or not any(specs[name] == "" for name in names)


def _said(spec: str) -> str | int:
    """Something that a fact may be whose placeholder has ``spec`` behind its colon."""
    if spec == "year":
        return 2026
    if not spec:
        return "U-1"
    space = spec.removesuffix("+").partition("|")[0]
    found = (word for word in catalogue("en")._words if word.startswith(f"{space}."))
    return next(found).removeprefix(f"{space}.")


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        (
            Reason("deposits.handover-unpaid", Clause("SD-7"), (("unpaid", cny(700_000)),)),
            "The building may not be handed over before the deposit is paid in full; CNY 700,000.00 is unpaid. [SD-7]",
            "保修金未足额交存，不得将房屋交付业主；尚欠¥700,000.00。 [SD-7]",
        ),
        (
            Reason("deposits.year-published", None, (("year", 2026),)),
            "The statement of 2026 was published before.",
            "2026年的收支情况已经公示。",
        ),
        (
            Reason("deposits.review-late", Clause("SD-5"), (("last", date(2026, 1, 14)),)),
            "The time for asking for a review is over. Its last day was 14 January 2026. [SD-5]",
            "申请复核的期限已过，末日为2026年1月14日。 [SD-5]",
        ),
        (
            Reason(
                "deposits.not-together",
                Clause("SD-12"),
                (
                    ("role", "property-manager"),
                    ("missing", "owners-representative"),
                    ("asked", "property-manager, owners-representative"),
                ),
            ),
            (
                "These ask together: the property manager; the representative chosen by the owners. Asked by: the"
                " property manager. Missing: the representative chosen by the owners. [SD-12]"
            ),
            "须共同申请：物业服务企业；业主推选的业主代表。申请人：物业服务企业。尚缺：业主推选的业主代表。 [SD-12]",
        ),
    ],
)
def test_a_refusal_reads_as_the_measure_says_it(reason: Reason, english: str, chinese: str) -> None:
    """One sentence or two with every figure, and the clause behind it."""
    assert Texts("en").reason(reason) == english
    assert Texts("zh_CN").reason(reason) == chinese


def test_what_an_assessment_lacks_is_named_in_words() -> None:
    """A grade that was not said for a ground is asked for by its name."""
    (lacking,) = DepositDesk().reasons(
        c.AssessDeposit, "2026-01-05", grounds=(approved("performance", shown=("finally-reviewed",)),)
    )
    assert Texts("en").reason(lacking) == "The deposit cannot be worked out. Lacking: performance rating."
    assert Texts("zh_CN").reason(lacking) == "无法核定保修金数额。缺少：住宅性能认定等级。"


def test_where_no_rule_fits_it_is_said_what_it_was_to_fit() -> None:
    """Building type and grades by their names, in both languages; and what is beyond all measure."""
    desk, award = DepositDesk(), approved("award", grade="national", shown=("won",))
    desk.rules = policy(fees=fees(deposit='choose(building_type, ["low_rise": given(cost, CNY)])'))
    (unfit,) = desk.reasons(c.AssessDeposit, "2026-01-05", grounds=(approved("award", grade="national"),))
    assert Texts("en").reason(unfit) == (
        "The deposit cannot be worked out. Lacking: a rule that fits. Building type: high-rise. Grade: national."
    )
    assert Texts("zh_CN").reason(unfit) == (
        "无法核定保修金数额。缺少：适用的规则。建筑类型：高层。等级：国家级。"
    )
    desk.rules = policy(fees=fees(deposit=None))
    (without,) = desk.reasons(c.AssessDeposit, "2026-01-05")
    assert Texts("zh_CN").reason(without) == ("无法核定保修金数额。缺少：保修金的计算规则。建筑类型：高层。")
    huge = DepositDesk().reasons(c.AssessDeposit, "2026-01-05", cost=cny(1) * 10**45, grounds=(award,))
    assert [Texts("en").reason(each) for each in huge] == [
        "The deposit cannot be worked out. Beyond all measure: cost."
    ]


def test_who_has_no_qualification_is_not_called_qualified() -> None:
    """What he would be assigned as is what he lacks."""
    facts = (("repairer", "顺达防水"), ("kind", "contractor"))
    reason = Reason("deposits.repairer-not-qualified", Clause("SD-34"), facts)
    assert Texts("en").reason(reason) == (
        "No qualification of 顺达防水 was named. It is needed for: a qualified contractor. [SD-34]"
    )
    assert Texts("zh_CN").reason(reason) == (
        "未注明顺达防水的施工资格，不能确定其作为具有相应施工资格的施工单位承担维修。 [SD-34]"
    )


# --- how an amount came about ---------------------------------------------------------------------------

GROUNDS = (
    approved("performance", grade="3A", shown=("finally-reviewed",)),
    approved("systems", points=Decimal("0.5"), shown=("sound", "credit-grade-high")),
)


@pytest.mark.clause("SD-4")
@pytest.mark.parametrize(("language", "least"), [("en", "CNY 1,200,000.00"), ("zh_CN", "¥1,200,000.00")])
@pytest.mark.parametrize("rulebook", ["shandong/warranty-deposits", "the tests'"])
def test_an_assessment_shows_how_its_amount_came_about(rulebook: str, language: str, least: str) -> None:
    """Standard, reductions and least rate stand line by line with their clauses, in words of the language."""
    rules = policy()
    if rulebook.startswith("shandong"):
        rules = deposit_policy(load(rulebook), load("shandong/warranty-deposit-fees"), authority="authority")
    lines = Texts(language).charge_lines(_assessed(rules, (*GROUNDS, _award())))
    assert least in lines[0]
    text = "\n".join(lines)
    assert all(f"[SD-{number}" in text for number in (1, 3, 4, 27, 28))
    if language == "zh_CN":
        assert re.findall("[A-Za-z]+", re.sub(r"\[[^]]*\]|[123]A", "", text)) == [], text
    else:
        assert not re.findall(r"\b[a-z]+_[a-z]+\b|[{}]", text), text


def _award() -> Ground:
    return approved("award", grade="national", shown=("won",))


def _assessed(rules: DepositPolicy, grounds: tuple[Ground, ...]) -> Charge:
    assessment = assessed(
        rules,
        date(2026, 1, 5),
        building().building_type,
        cost=cny(120_000_000),
        average_cost=None,
        floor_area=None,
        grounds=grounds,
    )
    return assessment.charge


def test_states_commands_and_kinds_of_a_deposit_have_names() -> None:
    """A screen shows words, not codes."""
    assert Texts("en").command(c.OrderPayment) == "Order payment by a day"
    assert Texts("zh_CN").command(c.AskReview) == "申请复核"
    assert Texts("zh_CN").state("deposits.account", AccountState.PARTLY_RELEASED) == "部分退还"
    assert Texts("zh_CN").charge_kind("surcharge") == "滞纳金"
    assert Texts("zh_CN").name("building-part", "roof-waterproofing") == "屋面防水工程"
