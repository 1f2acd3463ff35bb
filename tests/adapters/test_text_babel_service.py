"""The letters and reasons of a service desk as a customer, an engineer and a head of service read them."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from string import Formatter

import pytest
from letters_at_desk import service_messages
from reasons_given import reasons_given
from service_words import SERVICE_MESSAGES

from servflow.adapters.text_babel import LANGUAGES, BabelWording, Texts
from servflow.adapters.text_babel._catalogue import catalogue
from servflow.core.aftersales.tickets import commands as c
from servflow.core.aftersales.tickets.states import Stage
from servflow.core.changes import Key, Message
from servflow.core.citations import Clause, Reason
from servflow.core.money import Money
from servflow.core.ports import Party

TICKET = Key("aftersales.ticket", "T-1")
ABOUT = {
    "ticket": "letter.about-service",
    "complaint": "letter.about-complaint",
    "action": "letter.about-action",
    "finding": "letter.about-finding",
    "unit": "letter.about-unit",
    "technician": "letter.about-technician",
}
OTHERS = re.compile(
    r"\[[^]]*\]|(?<![A-Za-z])[TCAUF]-\d(-A)?(/survey/\d)?|[A-D](?=类)|“misuse”|AS-PEN-1|GMT|followed/[\d-]+/on the day|visits/\S+ \d+|CNY"
)
"""What in a letter is no word of ours: ids, clauses, a key of the firm's rules, the zone's abbreviation."""


@cache
def told() -> tuple[Message, ...]:
    return tuple(service_messages())


def party(language: str) -> Party:
    return Party(ref="customer", name="刘女士", email="liu@example.cn", language=language)


def as_read(message: Message, language: str) -> str:
    return "\n\n".join(BabelWording("长江电器服务有限公司").letter(message, party(language)))


def template(code: str) -> str:
    return catalogue("en")._words[code][0]


def named(*codes: str) -> set[str]:
    """The facts that these texts name, with a ? where they can do without."""
    return {name for code in codes for _, name, _, _ in Formatter().parse(template(code)) if name is not None}


def test_every_kind_of_message_of_a_service_desk_was_decided() -> None:
    """The letters below are made of what a firm at work has said."""
    assert {message.kind for message in told()} == set(SERVICE_MESSAGES)


@pytest.mark.parametrize("kind", SERVICE_MESSAGES)
def test_a_message_of_a_service_desk_says_all_its_facts(kind: str) -> None:
    """In words, as lines of a bill, or as what is due when; and it can do without what does not come each time."""
    said = [set(dict(message.facts)) for message in told() if message.kind == kind]
    first = {next(name for name in ABOUT if name in facts) for facts in said}
    (about,) = {ABOUT[name] for name in first}
    texts = named(f"message.{kind}.subject", f"message.{kind}.body", about)
    names = {name.removesuffix("?") for name in texts}
    carried = {name for facts in said for name in facts if not name.startswith(("line.", "due."))}
    assert names == carried
    lacking = carried - set[str].intersection(*said)
    assert lacking <= {name.removesuffix("?") for name in texts if name.endswith("?")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_a_service_desk_reads_as_written_by_a_person(language: str) -> None:
    """No placeholder and no code is left; in Chinese there is no foreign word at all."""
    for message in told():
        text = as_read(message, language)
        assert not re.findall(r"[{}]|\b(?:message|reason|letter|aftersales)\.", text), text
        words = OTHERS.sub("", text)
        if language == "zh_CN":
            assert re.findall("[A-Za-z]+", words) == [], text
        else:
            assert re.findall(r"\b[a-z]+_[a-z]+\b|\d{4}-\d\d-\d\d|\bNone\b", words) == [], text


def test_the_firm_or_its_desk_signs() -> None:
    """A letter of a service desk is not signed by a library."""
    message = told()[0]
    assert as_read(message, "zh_CN").endswith("\n长江电器服务有限公司\n")
    assert BabelWording().letter(message, party("zh_CN"))[1].endswith("\n售后服务中心\n")
    assert BabelWording().letter(message, party("en"))[1].endswith("\nThe service desk\n")


QUOTE = {
    "en": """\
Service ticket T-1: our quote, CNY 360.50

Dear 刘女士,

Service ticket: T-1
Reported: 不能启动，漏水

Here is our quote for this service. We begin as soon as you have accepted it.

Quote: quote 1
You pay: CNY 360.50
Valid until: 11 May 2026, 09:00 (GMT+08:00)

In detail:
- 检修工时: CNY 100.00
- 水泵，含密封圈: CNY 260.50

Yours sincerely,
长江电器服务有限公司
""",
    "zh_CN": """\
服务单T-1：报价¥360.50

刘女士：
您好！

服务单号：T-1
报修内容：不能启动，漏水

现将本次服务的报价告知如下，经您确认后即安排维修。

报价单号：报价单 1
应付合计：¥360.50
有效期至：2026年5月11日 09:00（GMT+08:00）

明细：
- 检修工时：¥100.00
- 水泵，含密封圈：¥260.50

此致
敬礼！

长江电器服务有限公司
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_quote_lists_its_lines_each_with_its_amount(language: str) -> None:
    """Amounts and instants are written in the manner of the language, line by line."""
    message = next(each for each in told() if each.kind == "aftersales.ticket.quoted")
    assert as_read(message, language).replace("T-1/", "") == QUOTE[language]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Due now:\n- solution: 7 May 2026, 11:00 (GMT+08:00)"),
        ("zh_CN", "现定期限：\n- 解决：2026年5月7日 11:00"),
    ],
)
def test_a_service_that_goes_on_says_what_is_due_when(language: str, line: str) -> None:
    """The promises whose clock stood still, each with its new day."""
    message = next(each for each in told() if each.kind == "aftersales.ticket.resumed")
    assert line in as_read(message, language)


def test_a_reason_of_the_service_desk_reads_in_both_languages() -> None:
    """A paper that is lacking, a unit that is still there, a refund beyond what was paid."""
    english, chinese = Texts("en"), Texts("zh_CN")
    lacking = Reason(
        "aftersales.lacking",
        Clause("AS-FLOW-3"),
        (("item", "signature of the customer"), ("needed", 1), ("found", 0), ("step", "acceptance")),
    )
    assert chinese.reason(lacking) == "办理此步骤（验收）须备齐：客户签字。应有1项，现有0项。 [AS-FLOW-3]"
    there = Reason("aftersales.item-not-back", None, (("item", "U-1"), ("custody", "vendor")))
    assert english.reason(there) == "U-1 has not gone back to the customer: at the vendor's."
    assert chinese.reason(there) == "U-1尚未送还客户：外修中。"
    refund = (("most", Money(450, "CNY")), ("amount", Money(900, "CNY")))
    assert chinese.reason(Reason("aftersales.refund-above-paid", None, refund)) == (
        "最多可退¥450.00，不能退¥900.00。"
    )
    late = Reason("aftersales.return-right-over", None, (("last_day", date(2026, 5, 7)),))
    assert english.reason(late) == ("The time for returning or exchanging is over. Last day: 7 May 2026.")


SERVICE_REASONS = {code: facts for code, facts in reasons_given().items() if code.startswith("aftersales.")}


@pytest.mark.parametrize("code", sorted(SERVICE_REASONS))
def test_a_reason_of_the_service_desk_leaves_no_code_in_its_sentence(code: str) -> None:
    """Filled with words that its facts may be, in Chinese it is all Chinese, in English it has no code."""
    parsed = Formatter().parse(template(f"reason.{code}"))
    specs = {name.removesuffix("?"): spec for _, name, spec, _ in parsed if name is not None}
    for names in SERVICE_REASONS[code]:
        reason = Reason(code, None, tuple((name, _said(specs[name] or "")) for name in names))
        chinese = Texts("zh_CN").reason(reason).replace("GMT", "").replace("U-1", "")
        assert re.findall("[A-Za-z_{}]+", chinese) == [], chinese
        english = Texts("en").reason(reason)
        assert not re.findall(r"[{}]|aftersales|\b[a-z]+_[a-z]+\b", english), english
        assert "U-1" in english or not any(specs[name] == "" for name in names)


def _said(spec: str) -> str:
    """Something that a fact may be whose placeholder has ``spec`` behind its colon."""
    space = spec.removesuffix("+").partition("|")[0].replace("{question}", "cause")
    plain = {"": "U-1", "instant": "2026-05-04T09:00:00+08:00", "question": "cause"}
    if space in plain:
        return plain[space]
    found = (word for word in catalogue("en")._words if word.startswith(f"{space}."))
    return next(found).removeprefix(f"{space}.")


def test_states_and_commands_of_a_ticket_have_names() -> None:
    """A screen shows words, not codes."""
    assert Texts("en").command(c.TakeIn) == "Take the unit in"
    assert Texts("zh_CN").command(c.Dispatch) == "派工"
    assert Texts("zh_CN").state(TICKET.kind, Stage.IN_SHOP) == "进厂维修"
    assert Texts("zh_CN").charge_kind("service-customer") == "服务费（由客户承担）"


def test_a_word_with_a_number_has_its_name_and_its_number() -> None:
    """The second answer, the receipt 17, a quote of one ticket; what has no name stays as it is."""
    english = catalogue("en")
    assert english.shown("answer/2", "promise") == "answer 2"
    assert english.shown("answer, answer/2", "promise+") == "answer; answer 2"
    assert english.shown("T-1/quote/3", "series") == "quote 3"
    assert english.shown("coupon/3", "series") == "coupon/3"


def test_a_text_with_commas_is_looked_up_as_a_whole_first() -> None:
    """An item of a checklist may have commas in it."""
    item = "spare parts, so that the system keeps running"
    assert catalogue("zh_CN").shown(item, "needed") == "保证系统运行的备件"
