"""The catalogues against the code that uses them, and the texts as a person reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import example, given
from hypothesis import strategies as st

import servflow
from servflow.adapters.text_babel import LANGUAGES, BabelWording, Texts
from servflow.adapters.text_babel._catalogue import catalogue
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue
from servflow.core.fees import (
    Cap,
    Charge,
    Choose,
    Count,
    DayCountConvention,
    Days,
    Expression,
    FactKind,
    Facts,
    Fixed,
    Flat,
    Given,
    Measure,
    OpenDays,
    PerUnit,
    Rounded,
    Sum,
    Under,
    When,
    Zero,
    evaluate,
    facts_read,
)
from servflow.core.ill import ILL
from servflow.core.ill.lending import charges
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.messages import RELATION_MESSAGES, SUPPLY_MESSAGES
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.states import (
    Closing,
    InstitutionKind,
    Material,
    Place,
    RelationRole,
    RelationState,
    Role,
    SecurityKind,
    SupplyState,
)
from servflow.core.ill.lending.table import LENDING, RELATION
from servflow.core.ill.terms import Requested, Settlement, Unfilled
from servflow.core.ledger import Account, AccountKind, Posting, settlement
from servflow.core.ledger import Settlement as Settled
from servflow.core.lifecycle import decide
from servflow.core.money import Money, Rounding
from servflow.core.ports import Party
from servflow.rulebooks import lending_policy, load, shipped

SOURCE = Path(servflow.__file__).parent
POLICY = lending_policy(load("nlc/interlibrary-loan"), library="CN-NLC")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BORROWER = "CN-320500"
LOAN = Key(SupplyTransaction.kind, "loan-1")
RELATED = Key(Relation.kind, BORROWER)
STAFF = Actor("staff-1", "CN-NLC", Office.STAFF)
THEM = Actor("librarian-7", BORROWER, Office.SYSTEM)


def cny(amount: int | str) -> Money:
    return Money(amount, "CNY")


# --- the desk at work, so that texts are made of what it really says -----------------------------------


class Walk:
    """Commands decided one after the other on the National Library's rules, and all that was told."""

    def __init__(self, **facts: Any) -> None:
        self.it: dict[Key, Aggregate] = {}
        self.told: list[Message] = []
        self.postings: list[Posting] = []
        self.facts = LendingFacts(
            kind=InstitutionKind.UNIVERSITY_LIBRARY,
            place=Place.ELSEWHERE,
            material=Material.CHINESE_BOOK,
        )
        self.facts = replace(self.facts, **facts)

    def do(self, command: type[Command], key: Key, day: str, by: Actor = STAFF, **own: Any) -> None:
        at = datetime.combine(date.fromisoformat(day), datetime.min.time(), SHANGHAI)
        number = len(self.told) + len(self.it) + sum(it.version for it in self.it.values())
        said = command(id=f"c{number}", case=key.id, by=by, happened_at=at, recorded_at=at, **own)
        change = decide(ILL, said, self.it, policy=POLICY, facts=self.facts)
        self.it.update({after.key: after for after in change.becomes})
        self.told += change.messages
        self.postings += change.postings

    def related(self, *, day: str = "2026-01-05") -> Walk:
        self.do(c.Apply, RELATED, day, lender="CN-NLC", kind=self.facts.kind)
        self.do(c.Approve, RELATED, day)
        self.do(c.Sign, RELATED, day, agreements=("borrowing", "copyright"))
        self.do(c.PaySecurity, RELATED, day, kind=SecurityKind.DEPOSIT, amount=cny(500))
        return self

    def asked(self, title: str = "江南书院史料选") -> Walk:
        self.do(
            c.ReceiveRequest,
            LOAN,
            "2026-01-30",
            requester=BORROWER,
            supplier="CN-NLC",
            request_id="2026-0117",
            requested=Requested(title=title),
        )
        return self

    def shipped(self, *items: str) -> Walk:
        self.related().asked()
        self.do(c.Ship, LOAN, "2026-01-31", items=items)
        return self

    def returned_late(self, *items: str) -> Walk:
        """Shipped 31 January, renewed until 15 March, returned 20 March."""
        self.shipped(*items)
        self.do(c.RequestRenewal, LOAN, "2026-02-20", THEM, reason="论文尚未完成")
        self.do(c.GrantRenewal, LOAN, "2026-02-21")
        self.do(c.CheckIn, LOAN, "2026-03-20")
        return self

    @property
    def loan(self) -> SupplyTransaction:
        loan = self.it[LOAN]
        assert isinstance(loan, SupplyTransaction)
        return loan

    def owed(self, day: str) -> list[tuple[str, Charge]]:
        return list(charges.owed(self.loan, POLICY, date.fromisoformat(day)))

    def settled(self) -> Settled:
        ours = [posting for posting in self.postings if posting.subject == LOAN.id]
        return settlement(ours, Account(AccountKind.RECEIVABLE, BORROWER), "CNY")


def every_message() -> Iterator[Message]:
    """Messages of every kind, each made by a decision."""
    one = Walk().related().asked()
    one.do(c.Expect, LOAN, "2026-01-30")
    one.do(c.Promise, LOAN, "2026-01-30")
    one.do(c.Ship, LOAN, "2026-01-31", items=("V1", "V2"))
    one.do(c.RequestRenewal, LOAN, "2026-02-01", THEM, reason="展览")
    one.do(c.DeclineRenewal, LOAN, "2026-02-02", reason="另有他用")
    one.do(c.RequestRenewal, LOAN, "2026-02-03", THEM, reason="展览")
    one.do(c.GrantRenewal, LOAN, "2026-02-04")
    one.do(c.Recall, LOAN, "2026-02-05", due=date(2026, 2, 20), reason="特藏盘点")
    one.do(c.NoticeDue, LOAN, "2026-02-17", due=date(2026, 2, 20), step=1)
    one.do(c.NoticeDue, LOAN, "2026-02-21", due=date(2026, 2, 20), step=2)
    one.do(c.CheckIn, LOAN, "2026-02-23", items=("V1",))
    one.do(c.RecordDamage, LOAN, "2026-02-24", item="V1", note="封面撕裂", in_post=True)
    one.do(c.CheckIn, LOAN, "2026-02-25")
    one.do(c.Compensate, LOAN, "2026-02-26", amount=cny(60))
    one.do(c.Pay, RELATED, "2026-02-27", amount=cny(1000))
    one.do(c.Suspend, RELATED, "2026-02-28", reason="核对账目")
    one.do(c.Reinstate, RELATED, "2026-03-01")
    one.do(c.Terminate, RELATED, "2026-03-02", reason="合并")
    yield from one.told
    lost = Walk().shipped("V1")
    lost.do(c.ReportLost, LOAN, "2026-02-10", THEM)
    lost.do(c.SettleLoss, LOAN, "2026-02-12", how=Settlement.REPLACED)
    yield from lost.told
    declined = Walk()
    declined.do(c.Apply, RELATED, "2026-01-05", lender="CN-NLC", kind=InstitutionKind.OTHER)
    declined.do(c.Decline, RELATED, "2026-01-06", reason="不属服务对象")
    yield from declined.told
    yield from Walk(material=Material.RARE_BOOK).related().asked("溪山琴谱").told


def party(language: str, name: str = "平江大学图书馆") -> Party:
    return Party(ref=BORROWER, name=name, email="ill@pingjiang.example.cn", language=language)


def letter(walk: Walk, kind: str, language: str) -> str:
    (message,) = (message for message in walk.told if message.kind == kind)
    subject, body = BabelWording().letter(message, party(language))
    return f"{subject}\n\n{body}"


# --- the catalogues as files ----------------------------------------------------------------------------


def catalogue_text(language: str) -> str:
    file = resources.files("servflow.adapters.text_babel").joinpath(
        "locale", language, "LC_MESSAGES", "servflow.po"
    )
    return file.read_text(encoding="utf-8")


def catalogue_file(language: str) -> Catalog:
    return read_po(catalogue_text(language).encode().splitlines(keepends=True), locale=language)


def templates(language: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue_file(language):
        if message.id:
            code = message.id if isinstance(message.id, str) else message.id[0]
            string = message.string
            found[code] = (string,) if isinstance(string, str) else tuple(string or ())
    return found


def placeholders(template: str) -> set[tuple[str, str]]:
    """Names and what stands behind their colon, of those within a colon's part too."""
    found = set()
    for _, name, spec, _ in Formatter().parse(template):
        if name is not None:
            found |= {(name, spec or ""), *placeholders(spec or "")}
    return found


def names(*found: str) -> set[str]:
    return {name for template in found for name, _ in placeholders(template)}


WORDS = {language: templates(language) for language in LANGUAGES}


# --- the code, read ---------------------------------------------------------------------------------------


def modules(*under: str) -> Iterator[ast.Module]:
    for part in under:
        for file in sorted((SOURCE / part).rglob("*.py")):
            yield ast.parse(file.read_text(encoding="utf-8"))


def constants(module: ast.Module) -> Mapping[str, str]:
    """The texts that have a name in the module."""
    return {
        node.target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def fact_names(node: ast.expr, function: ast.AST, module: ast.Module) -> tuple[str, ...]:
    """The names in a tuple of pairs: written out, in a variable, or returned by a function."""
    if isinstance(node, ast.Tuple):
        pairs = [pair.elts[0] for pair in node.elts if isinstance(pair, ast.Tuple)]
        assert len(pairs) == len(node.elts)
        return tuple(str(ast.literal_eval(pair)) for pair in pairs)
    if isinstance(node, ast.Name):
        for each in ast.walk(function):
            targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == node.id for target in targets):
                value = getattr(each, "value", None)
                assert value is not None
                return fact_names(value, function, module)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for each in module.body:
            if isinstance(each, ast.FunctionDef) and each.name == node.func.id:
                (given_back,) = (part for part in ast.walk(each) if isinstance(part, ast.Return))
                assert given_back.value is not None
                return fact_names(given_back.value, each, module)
    raise AssertionError(f"cannot tell the facts of {ast.unparse(node)}")


def reasons_in_core() -> dict[str, tuple[str, ...]]:
    """Every code that the core gives as a reason, with the names of its facts."""
    found: dict[str, tuple[str, ...]] = {}
    for module in modules("core"):
        named = constants(module)
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for call in ast.walk(function):
                if not (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id == "Reason"
                ):
                    continue
                first = call.args[0]
                code = named[first.id] if isinstance(first, ast.Name) else ast.literal_eval(first)
                facts = fact_names(call.args[2], function, module) if len(call.args) > 2 else ()
                assert found.setdefault(code, facts) == facts, f"{code} comes with different facts"
    return found


REASONS = reasons_in_core()
UNITS = ("hour", "week", "page", "copy", "item", "kilogram", "kilometre", "square-metre", "event")
"""What rules of libraries and shops count, besides the units that our own measures have."""

FACTS_NAMED = (
    *("due", "end", "due_at", "end_at", "checkout", "returned", "recalled_on", "assessed_on"),
    *("item_price", "unpaid", "paid", "principal", "cost", "deposit", "tariff", charges.COMPENSATION),
)
"""Facts of our own and of most rules for fees; those of the shipped rulebooks have their names besides."""

STEP_CODE = re.compile(r"(operation|range|rate|ratio)\.[a-z_.]+")


def units_of_measures(kind: type[Measure] = Measure) -> Iterator[str]:
    """The units that our own measures have, whatever the rule."""
    for measure in kind.__subclasses__():
        if isinstance(unit := measure.__dict__.get("unit"), str):
            yield unit
        yield from units_of_measures(measure)


def words_of_rulebooks() -> Iterator[str]:
    """What the fees of the shipped rulebooks read, choose by and count, as far as a line can say it.

    Of a count it says the unit only.
    """
    for rule in (rule for name in shipped() for rule in load(name).fees.values()):
        yield from (f"fact.{name}" for name, kind in facts_read(rule).items() if kind is not FactKind.COUNT)
        for form in forms_in(rule):
            if isinstance(form, Choose):
                yield from (f"word.{form.word}.{word}" for word, _ in form.cases)
            elif isinstance(form, Measure):
                yield f"count.{form.unit}"


def forms_in(expression: Expression) -> Iterator[Expression]:
    yield expression
    for part in expression.parts:
        yield from forms_in(part)


def words_needed() -> set[str]:
    """Every code that something in the code can ask a catalogue for."""
    enums = {
        "state.ill.supply": SupplyState,
        "state.ill.relation": RelationState,
        "closing": Closing,
        "place": Place,
        "institution": InstitutionKind,
        "material": Material,
        "security": SecurityKind,
        "unfilled": Unfilled,
        "settlement": Settlement,
        "rounding": Rounding,
        "end-of-month": EndOfMonth,
        "convention": DayCountConvention,
    }
    day = date(2026, 1, 1)
    spoken = {text for module in modules("adapters/text_babel", "cli") for text in string_literals(module)}
    specs = {spec for forms in WORDS["en"].values() for form in forms for _, spec in placeholders(form)}
    return {
        *(f"{space}.{member.value}" for space, enum in enums.items() for member in enum),
        *(f"role.{role.value}" for roles in (Role, RelationRole) for role in roles),
        *(f"aggregate.{lifecycle.name}" for lifecycle in (LENDING, RELATION)),
        *(
            f"command.{command.__name__}"
            for lifecycle in (LENDING, RELATION)
            for command in lifecycle.commands
        ),
        *(f"charge.{kind}" for kind in POLICY.payment_order.on(day).value),
        *(f"charge.{security.value}-paid-in" for security in SecurityKind),
        *(f"agreement.{agreement}" for agreement in POLICY.agreements.on(day).value),
        *(f"reason.{code}" for code in REASONS),
        *(
            f"message.{kind}.{part}"
            for kind in SUPPLY_MESSAGES + RELATION_MESSAGES
            for part in ("subject", "body")
        ),
        *(text for text in spoken if STEP_CODE.fullmatch(text)),
        *("months.up", "months.down", "flag.true", "flag.false", f"clause.{PRACTICE.id}"),
        *(f"fact.{name}" for name in FACTS_NAMED),
        *(f"count.{unit}" for unit in (*units_of_measures(), *UNITS, "volume", "time")),
        *(spec for spec in specs if spec.startswith("count.")),
        *words_of_rulebooks(),
        *(text for text in spoken if text in WORDS["en"]),
    }


def string_literals(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# --- the catalogues fit the code ------------------------------------------------------------------------


def test_the_core_gives_reasons_and_they_were_all_found() -> None:
    """The reasons are read from the source; a look that finds none would prove nothing."""
    assert len(REASONS) > 50
    assert REASONS["lifecycle.not-in-state"] == ("kind", "state")
    assert REASONS["ill.charge-unpaid"] == ("loan", "kind", "amount")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_word_that_is_needed_and_no_other(language: str) -> None:
    """Every reason, message, state, command, charge and step has its words; nothing lies unused."""
    assert set(WORDS[language]) == words_needed()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_says_each_thing_once_and_leaves_nothing_empty(language: str) -> None:
    """No code stands twice in a file, none is without its text, and each plural has all its forms."""
    file = catalogue_file(language)
    codes = [line for line in catalogue_text(language).splitlines() if line.startswith("msgid ")]
    assert len(codes) == len(set(codes)) == len(WORDS[language]) + 1  # the header has none
    assert all(form.strip() for forms in WORDS[language].values() for form in forms)
    plurals = {
        message.id[0]: tuple(message.string or ()) for message in file if not isinstance(message.id, str)
    }
    assert plurals
    assert all(
        code.startswith("count.") and len(forms) == file.num_plurals for code, forms in plurals.items()
    )


def test_both_languages_say_the_same_facts_in_the_same_way() -> None:
    """Placeholders, and what stands behind their colons, are the same in both catalogues."""
    for code, forms in WORDS["en"].items():
        for form in (*forms, *WORDS["zh_CN"][code]):
            assert placeholders(form) == placeholders(forms[0]), code


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_reason_says_all_its_facts(code: str) -> None:
    """The text of a reason has exactly the facts that the code gives with it."""
    assert names(*WORDS["en"][f"reason.{code}"]) == set(REASONS[code])


def test_a_message_says_all_its_facts() -> None:
    """A letter has exactly the facts that its message carries; every kind of message was decided."""
    told = {message.kind: message for message in every_message()}
    assert set(told) == {*SUPPLY_MESSAGES, *RELATION_MESSAGES}
    for kind, message in told.items():
        about = ("letter.about", "letter.mark") if kind in SUPPLY_MESSAGES else ()
        codes = (f"message.{kind}.subject", f"message.{kind}.body", *about)
        assert names(*(WORDS["en"][code][0] for code in codes)) == set(dict(message.facts)), kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_can_be_written(language: str) -> None:
    """No letter falls back to codes, and none has a placeholder left in it."""
    for message in every_message():
        subject, body = BabelWording().letter(message, party(language))
        assert "\n" not in subject
        assert not {"message.", "reason.", "letter.", "{", "}"} & set(_pieces(subject + body)), message.kind


def _pieces(text: str) -> set[str]:
    return {piece for piece in ("message.", "reason.", "letter.", "{", "}") if piece in text}


def test_what_stands_behind_a_colon_is_in_the_catalogue() -> None:
    """A placeholder looks its value up among words that exist."""
    for code, forms in WORDS["en"].items():
        for name, spec in placeholders(forms[0]):
            if spec and "{" not in spec:
                known = spec in WORDS["en"] or any(word.startswith(f"{spec}.") for word in WORDS["en"])
                assert known, f"{code}: {name}:{spec}"


# --- words, numbers, amounts, dates ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        ("en", 0, "0 volumes"),
        ("en", 1, "1 volume"),
        ("en", 2, "2 volumes"),
        ("en", 21, "21 volumes"),
        ("en", Fraction(1, 2), "0.5 volumes"),
        ("en", Fraction(1, 3), "1/3 volumes"),
        ("en", 12000, "12,000 volumes"),
        ("zh_CN", 0, "0册"),
        ("zh_CN", 1, "1册"),
        ("zh_CN", 2, "2册"),
    ],
)
def test_a_noun_has_the_form_of_its_number(language: str, number: int, text: str) -> None:
    """One volume is singular in English, everything else plural; Chinese has one form."""
    assert catalogue(language).count("count.volume", number) == text


def test_a_noun_that_the_catalogue_does_not_have_stays_as_it_is() -> None:
    """A rule of somebody's own may count what servflow has no word for."""
    assert catalogue("zh_CN").count("count.box", 2) == "2 box"


@pytest.mark.parametrize(
    ("money", "english", "chinese"),
    [
        (Money("1234.5", "CNY"), "CNY 1,234.50", "¥1,234.50"),
        (Money("-5", "CNY"), "-CNY 5.00", "-¥5.00"),
        (Money(300, "JPY"), "JPY 300", "JP¥300"),
        (Money("0.125", "KWD"), "KWD 0.125", "KWD0.125"),
    ],
)
def test_an_amount_has_its_currency_and_all_its_decimals(money: Money, english: str, chinese: str) -> None:
    """The decimals are those of ISO 4217, and no yen is taken for a yuan."""
    assert Texts("en").money(money) == english
    assert Texts("zh_CN").money(money) == chinese


@given(st.integers(), st.integers(1, 10**6))
@example(-1, 3)
@example(10**60 + 1, 1)
@example(1, 10**6)
@example(1, 2**7)
def test_an_amount_is_written_exactly_or_nearly(minor: int, parts: int) -> None:
    """Whatever its size: exactly with up to eight decimals, otherwise to the nearest of six, and it says so."""
    exact = Fraction(minor, parts)
    about, sign, digits = catalogue("en").amount(exact, "CNY").replace(",", "").rpartition("CNY ")
    written = Fraction(Decimal(about.removeprefix("≈ ") + digits))
    assert sign
    if (exact * 10**6).denominator == 1:
        assert not about.startswith("≈")
        assert written * 100 == exact
    else:
        assert about.startswith("≈")
        assert len(digits.partition(".")[2]) == 6
        assert abs(written - exact / 100) <= Fraction(1, 2 * 10**6)


@given(st.fractions())
def test_a_number_is_written_exactly(exact: Fraction) -> None:
    """A quantity is a decimal where that is exact, and otherwise a fraction."""
    assert Fraction(catalogue("en").number(exact).replace(",", "")) == exact


def test_days_and_instants_read_as_in_the_language() -> None:
    """An instant is told in the zone asked for, with its offset from Greenwich."""
    at = datetime(2026, 3, 15, 17, 5, tzinfo=UTC)
    assert Texts("en").day(date(2026, 3, 5)) == "5 March 2026"
    assert Texts("zh_CN").day(date(2026, 3, 5)) == "2026年3月5日"
    assert Texts("en").instant(at, SHANGHAI) == "16 March 2026, 01:05 (GMT+08:00)"
    assert Texts("zh_CN").instant(at, SHANGHAI) == "2026年3月16日 01:05（GMT+08:00）"


def test_a_naive_instant_is_refused() -> None:
    """What has no offset is no instant."""
    with pytest.raises(InvalidValue, match="at: found"):
        Texts("en").instant(datetime(2026, 3, 15, 17, 5), SHANGHAI)


def test_an_unknown_language_is_refused_with_the_known_ones_named() -> None:
    """There is no silent other language."""
    with pytest.raises(InvalidValue, match="language: found 'fr', expected one of en, zh_CN"):
        Texts("fr")
    message = next(iter(every_message()))
    with pytest.raises(InvalidValue, match="language: found 'fr'"):
        BabelWording().letter(message, party("fr"))


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_letter_is_signed_by_its_house(language: str) -> None:
    """The library signs with its name where it has given one, otherwise the loan desk does."""
    message = next(iter(every_message()))
    _, signed = BabelWording("京华国家图书馆").letter(message, party(language))
    _, plain = BabelWording().letter(message, party(language))

    assert signed.splitlines()[-1] == "京华国家图书馆"
    assert plain.splitlines()[-1] in {"The interlibrary loan desk", "馆际互借中心"}
    assert signed.splitlines()[:-1] == plain.splitlines()[:-1]


def test_states_commands_and_charges_have_names() -> None:
    """A screen shows words, not codes."""
    english, chinese = Texts("en"), Texts("zh_CN")
    assert (english.language, chinese.language) == ("en", "zh_CN")
    assert english.state("ill.supply", SupplyState.AT_REQUESTER) == "with the borrower"
    assert chinese.state("ill.relation", RelationState.SUSPENDED) == "停止办理借书手续"
    assert english.command(c.CheckIn) == "Check in"
    assert chinese.command(c.Recall) == "索回"
    assert english.charge_kind("loan-fee") == "loan fee"
    assert chinese.charge_kind("overdue") == "逾期使用费"
    assert chinese.name("material", "rare_book") == "善本"
    assert chinese.name("material", "scroll") == "scroll"


# --- reasons --------------------------------------------------------------------------------------------


def test_a_reason_ends_with_its_clause() -> None:
    """Who is refused something reads which clause says so, and who may do it instead."""
    used_up = Reason("ill.renewals-used-up", Clause("NLC-10"), (("allowed", 1),))
    assert Texts("en").reason(used_up) == (
        "A loan can be renewed 1 time at most, and no renewal is left. [NLC-10]"
    )
    assert Texts("zh_CN").reason(used_up) == "每次借阅最多可续借1次，续借次数已用完。 [NLC-10]"
    not_yours = Reason("lifecycle.not-yours", None, (("roles", "requester, staff"),))
    assert Texts("en").reason(not_yours) == "Only the borrowing institution or our staff can do this."
    assert Texts("zh_CN").reason(not_yours) == "此项只能由借书单位或我馆工作人员办理。"


def test_a_state_in_a_reason_is_named_as_that_of_its_kind_of_case() -> None:
    """The same word of the code may be a state of several kinds of case."""
    reason = Reason("lifecycle.not-in-state", None, (("kind", "ill.relation"), ("state", "suspended")))
    assert Texts("en").reason(reason) == (
        "This cannot be done now: the interlibrary loan relation is in the state “suspended”."
    )
    assert Texts("zh_CN").reason(reason) == "目前不能办理：馆际互借关系处于“停止办理借书手续”状态。"


def test_a_choice_of_the_desk_is_cited_as_one() -> None:
    """Where no source says it, the text does not look as if one did."""
    reason = Reason("ill.too-many-volumes", PRACTICE, (("allowed", 5), ("out", 4), ("asked", 2)))
    assert Texts("en").reason(reason) == (
        "At most 5 volumes may be out at one time; 4 volumes out now, 2 volumes asked for. [our practice]"
    )
    assert Texts("zh_CN").reason(reason).endswith("[我馆惯例]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_said_comes_out_as_its_code(language: str) -> None:
    """A code from elsewhere, or one that lacks a fact, is shown with its facts and does not fail."""
    texts = Texts(language)
    assert texts.reason(Reason("shop.closed", None, (("door", "back"),))) == "reason.shop.closed (door=back)"
    assert texts.reason(Reason("ill.renewals-used-up", Clause("X-1"))) == "reason.ill.renewals-used-up [X-1]"
    assert texts.text("shop.closed") == "shop.closed"
    message = Message(key="k", to="x", kind="shop.sale", about=LOAN, facts=(("price", cny(3)),))
    subject, body = texts.letter(message, party(language))
    assert subject == "message.shop.sale.subject (price=CNY 3.00)"
    assert "message.shop.sale.body (price=CNY 3.00)" in body


@pytest.mark.clause("NLC-6")
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_individual_is_told_to_ask_an_institution_of_his_place(language: str) -> None:
    """The letter says no and what to do instead, with the clause; so it does to institutions elsewhere."""
    advice = {
        "en": "please apply to an institution of your place that has",
        "zh_CN": "需要者请向当地与我馆馆际互借中心建立馆际互借关系的单位申请，并委托办理。",
    }
    individual, unrelated = Walk(kind=InstitutionKind.INDIVIDUAL).asked(), Walk().asked()
    for walk in (individual, unrelated):
        (line,) = (
            line for line in letter(walk, "ill.supply.unfilled", language).splitlines() if "[NLC-6]" in line
        )
        assert advice[language] in line


def test_a_rare_book_is_refused_with_an_offer() -> None:
    """Not lent, by one clause; document delivery within limits, by another."""
    walk = Walk(material=Material.RARE_BOOK).related().asked("溪山琴谱")
    assert "- 善本不外借。 [NLC-8]\n- 可提供文献传递服务，但品种、数量有限。 [NLC-9]\n" in letter(
        walk, "ill.supply.unfilled", "zh_CN"
    )
    assert (
        "- We do not lend rare books. [NLC-8]\n"
        "- We can offer document delivery instead, within limits of kind and number. [NLC-9]\n"
    ) in letter(walk, "ill.supply.unfilled", "en")


# --- letters --------------------------------------------------------------------------------------------


SHIPPED = {
    "en": """\
Interlibrary loan request 2026-0117: shipped, due 28 February 2026

Dear 平江大学图书馆,

Request: 2026-0117
Title: 江南书院史料选

We have shipped 2 volumes to you on loan.

Due date: 28 February 2026, that day included
Loan fee: CNY 40.00

Please note:
- The loan fee is charged per volume, by where the borrowing institution is. [NLC-4]
- Please pack the volumes properly for the way back, so that none is lost or damaged in the post. [NLC-17]
- What is lent remains our property. [NLC-15]

Please mark letters and parcels to us “国家图书馆馆际互借”.

Yours sincerely,
The interlibrary loan desk
""",
    "zh_CN": """\
馆际互借申请2026-0117：已寄出，2026年2月28日到期

平江大学图书馆：
您好！

申请号：2026-0117
题名：江南书院史料选

您申请的图书共2册已寄出，请查收。

到期日：2026年2月28日（含当日）
借书费用：¥40.00

说明：
- 借书费用按册收取，依借书单位所在地而定。 [NLC-4]
- 为避免在邮寄过程中遗失或损坏图书，归还图书请妥为包装。 [NLC-17]
- 所借书刊资料的所有权不变。 [NLC-15]

来函、邮包请注明“国家图书馆馆际互借”字样。

此致
敬礼！

馆际互借中心
""",
}

OVERDUE = {
    "en": """\
Interlibrary loan request 2026-0117: overdue since 28 February 2026

Dear 平江大学图书馆,

Request: 2026-0117
Title: 江南书院史料选

This loan is overdue: 1 volume not back, 8 days after the due date. Please return what is out as soon as you can.

Due date: 28 February 2026
Overdue charge so far: CNY 40.00

Please note:
- A volume that is returned late is charged CNY 5.00 for each day. [NLC-12]

Please mark letters and parcels to us “国家图书馆馆际互借”.

Yours sincerely,
The interlibrary loan desk
""",
    "zh_CN": """\
馆际互借申请2026-0117：已逾期，应于2026年2月28日归还

平江大学图书馆：
您好！

申请号：2026-0117
题名：江南书院史料选

您所借图书尚有1册未归还，已逾期8天，请尽快归还。

到期日：2026年2月28日
逾期使用费累计：¥40.00

说明：
- 逾期归还图书，每册图书须交纳逾期使用费¥5.00/天。 [NLC-12]

来函、邮包请注明“国家图书馆馆际互借”字样。

此致
敬礼！

馆际互借中心
""",
}


@pytest.mark.clause("NLC-17")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_of_a_shipped_loan(language: str) -> None:
    """It says what was sent, until when, for how much, and how to pack and mark what goes back."""
    assert letter(Walk().shipped("V1", "V2"), "ill.supply.shipped", language) == SHIPPED[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_of_an_overdue_loan(language: str) -> None:
    """It says since when, what it costs by now, and by which clause."""
    walk = Walk().shipped("V1")
    due = date(2026, 2, 28)
    for step, day in enumerate(("2026-02-25", "2026-03-01"), start=1):
        walk.do(c.NoticeDue, LOAN, day, due=due, step=step)
    walk.told.clear()
    walk.do(c.NoticeDue, LOAN, "2026-03-08", due=due, step=3)
    assert letter(walk, "ill.supply.overdue", language) == OVERDUE[language]


def test_a_line_without_its_fact_is_left_out() -> None:
    """A request without a title, a renewal declined without a reason: no empty lines are written."""
    walk = Walk().related().asked(title="")
    walk.do(c.Ship, LOAN, "2026-01-31", items=("V1",))
    walk.do(c.RequestRenewal, LOAN, "2026-02-01", THEM, reason="展览")
    walk.do(c.DeclineRenewal, LOAN, "2026-02-02")
    text = letter(walk, "ill.supply.renewal-declined", "en")
    assert "Title:" not in text
    assert "Due date, as before: 28 February 2026, that day included\n\nPlease mark" in text


def test_a_letter_about_a_relation_has_no_request_and_no_mark() -> None:
    """It has what its message carries, and no more."""
    text = letter(Walk().related(), "ill.relation.security-received", "zh_CN")
    assert text == (
        "馆际互借关系：收到押金\n\n平江大学图书馆：\n您好！\n\n"
        "贵单位交纳的馆际互借服务押金已收到，谢谢。\n\n金额：¥500.00\n\n"
        "此致\n敬礼！\n\n馆际互借中心\n"
    )


def test_a_text_from_outside_writes_no_lines_of_its_own() -> None:
    """Line breaks become spaces and control characters are replaced, in facts, names and fallbacks."""
    about = (("request", "R1\r\nBcc: all@example.org"), ("title", "甲\n\n- 乙\x07"), ("mark", ""))
    message = Message(key="k", to=BORROWER, kind="ill.supply.received", about=LOAN, facts=about)
    subject, body = Texts("en").letter(message, party("en", name="图书\u2028馆"))
    assert subject == "Interlibrary loan request R1 Bcc: all@example.org: received"
    assert body.startswith(
        "Dear 图书 馆,\n\nRequest: R1 Bcc: all@example.org\nTitle: 甲 - 乙\ufffd\n\nWe have"
    )
    assert "mark" not in body
    assert "\n" not in Texts("en").reason(Reason("x", None, (("note", "a\nb"),)))


def test_a_party_without_a_name_is_addressed_by_its_reference() -> None:
    """Whose name was forgotten can still be written to."""
    message = Message(key="k", to=BORROWER, kind="ill.relation.reinstated", about=RELATED)
    assert Texts("en").letter(message, party("en", name=""))[1].startswith(f"Dear {BORROWER},\n")


# --- derivations and statements ---------------------------------------------------------------------------


DERIVED = {
    ("en", 1): [
        "1 volume × CNY 20.00 = CNY 20.00 [NLC-4]",
        "1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]",
        "  5 days: after 15 March 2026, up to and including 20 March 2026 [NLC-12]",
    ],
    ("en", 2): [
        "2 volumes × CNY 20.00 = CNY 40.00 [NLC-4]",
        "2 volumes × 5 days × CNY 5.00 = CNY 50.00 [NLC-12]",
        "  5 days: after 15 March 2026, up to and including 20 March 2026 [NLC-12]",
    ],
    ("zh_CN", 1): [
        "1册 × ¥20.00 = ¥20.00 [NLC-4]",
        "1册 × 5天 × ¥5.00 = ¥25.00 [NLC-12]",
        "  5天：2026年3月15日（不含）至2026年3月20日（含） [NLC-12]",
    ],
    ("zh_CN", 2): [
        "2册 × ¥20.00 = ¥40.00 [NLC-4]",
        "2册 × 5天 × ¥5.00 = ¥50.00 [NLC-12]",
        "  5天：2026年3月15日（不含）至2026年3月20日（含） [NLC-12]",
    ],
}


@pytest.mark.parametrize(("language", "volumes"), DERIVED)
def test_what_a_late_loan_costs_line_by_line(language: str, volumes: int) -> None:
    """Volumes times days times rate, which days, and by which clause."""
    walk = Walk().returned_late(*("V1", "V2")[:volumes])
    lines = [line for _, charge in walk.owed("2026-03-20") for line in Texts(language).charge_lines(charge)]
    assert lines == DERIVED[language, volumes]


def test_volumes_that_came_back_on_different_days_have_their_own_lines() -> None:
    """One on time, one five days late: both are there, and the first line is their sum."""
    walk = Walk().shipped("V1", "V2")
    walk.do(c.CheckIn, LOAN, "2026-02-28", items=("V1",))
    walk.do(c.CheckIn, LOAN, "2026-03-05")
    _, overdue = walk.owed("2026-03-05")[1]
    assert Texts("en").charge_lines(overdue) == [
        "CNY 0.00 + CNY 25.00 = CNY 25.00 [NLC-12]",
        "  1 volume × 0 days × CNY 5.00 = CNY 0.00 [NLC-12]",
        "    0 days: 28 February 2026 is not later than 28 February 2026 [NLC-12]",
        "  1 volume × 5 days × CNY 5.00 = CNY 25.00 [NLC-12]",
        "    5 days: after 28 February 2026, up to and including 5 March 2026 [NLC-12]",
    ]


class _Weekdays:
    """A calendar of which every other day is open."""

    def open_days(self, after: date, through: date) -> int:
        return (through - after).days // 2


FACTS = Facts(
    days={"due": date(2026, 3, 1), "same_day": date(2026, 3, 1), "end": date(2026, 3, 11)},
    counts={"volumes": 2},
    amounts={"price": cny(30), "tariff": cny(80)},
    flags={"rush": True, "member": False},
)
_VOLUMES = Count("volumes", "volume")
_RATE = Money("0.10", "CNY")

LINES = [
    (
        Zero("CNY"),
        [
            "none: CNY 0.00",
        ],
        [
            "无：¥0.00",
        ],
    ),
    (Under(Clause("X-1"), Flat(cny(3))), ["fixed amount: CNY 3.00 [X-1]"], ["固定金额：¥3.00 [X-1]"]),
    (
        Given("tariff", "CNY"),
        ["amount by the tariff, as given: CNY 80.00"],
        ["按规定标准收费，金额另定：¥80.00"],
    ),
    (
        When("rush", Flat(cny(3)), otherwise=Zero("CNY")),
        ["rush: yes, so CNY 3.00", "  fixed amount: CNY 3.00"],
        [
            "rush：是，取¥3.00",
            "  固定金额：¥3.00",
        ],
    ),
    (
        When("member", Flat(cny(3)), otherwise=Zero("CNY")),
        [
            "member: no, so CNY 0.00",
            "  none: CNY 0.00",
        ],
        [
            "member：否，取¥0.00",
            "  无：¥0.00",
        ],
    ),
    (
        Cap(PerUnit(_VOLUMES, cny(20)), Given("price", "CNY")),
        [
            "the smaller of CNY 40.00 and CNY 30.00: CNY 30.00",
            "  2 volumes × CNY 20.00 = CNY 40.00",
            "  price: CNY 30.00",
        ],
        [
            "¥40.00与¥30.00取较小者：¥30.00",
            "  2册 × ¥20.00 = ¥40.00",
            "  price：¥30.00",
        ],
    ),
    (
        PerUnit(Days().deduct(Fixed(2, "day")), cny(1)),
        [
            "8 days × CNY 1.00 = CNY 8.00",
            "  8 days: 10 days less 2 days free of charge",
            "    10 days: after 1 March 2026, up to and including 11 March 2026",
        ],
        [
            "8天 × ¥1.00 = ¥8.00",
            "  10天，免计2天，计8天",
            "    10天：2026年3月1日（不含）至2026年3月11日（含）",
        ],
    ),
    (
        PerUnit(Fixed(1, "day").cliff(Fixed(2, "day")) + Fixed(1, "day"), cny(1)),
        [
            "1 day × CNY 1.00 = CNY 1.00",
            "  0 days + 1 day = 1 day",
            "    0 days: 1 day; up to 2 days nothing counts, beyond that everything does",
        ],
        [
            "1天 × ¥1.00 = ¥1.00",
            "  0天 + 1天 = 1天",
            "    1天，不超过2天的不计，超过的全部计算，计0天",
        ],
    ),
    (
        PerUnit(OpenDays(_Weekdays()), cny(1)),
        [
            "5 open days × CNY 1.00 = CNY 5.00",
            "  5 open days: after 1 March 2026, up to and including 11 March 2026, days of closure not counted",
        ],
        [
            "5个开放日 × ¥1.00 = ¥5.00",
            "  5个开放日：2026年3月1日（不含）至2026年3月11日（含），非开放日不计",
        ],
    ),
    (
        PerUnit(OpenDays(_Weekdays(), through="same_day"), cny(1)),
        [
            "0 open days × CNY 1.00 = CNY 0.00",
            "  0 open days: no open day after 1 March 2026, up to and including 1 March 2026",
        ],
        ["0个开放日 × ¥1.00 = ¥0.00", "  0个开放日：2026年3月1日（不含）至2026年3月1日（含）无开放日"],
    ),
    (
        Rounded(PerUnit(Fixed(Fraction(1, 3), "day"), _RATE), Rounding.UP, step=5),
        [
            "≈ CNY 0.033333 rounded up to a multiple of CNY 0.05: CNY 0.05",
            "  1/3 days × CNY 0.10 ≈ CNY 0.033333",
        ],
        [
            "≈ ¥0.033333，以¥0.05为单位向上取整：¥0.05",
            "  1/3天 × ¥0.10 ≈ ¥0.033333",
        ],
    ),
    (
        Rounded(PerUnit(Fixed(Fraction(5, 4), "day"), _RATE), Rounding.HALF_EVEN),
        [
            "CNY 0.125 rounded, halves to even, to a multiple of CNY 0.01: CNY 0.12",
            "  1.25 days × CNY 0.10 = CNY 0.125",
        ],
        [
            "¥0.125，以¥0.01为单位四舍六入五成双：¥0.12",
            "  1.25天 × ¥0.10 = ¥0.125",
        ],
    ),
    (
        Rounded(Sum((PerUnit(_VOLUMES, cny(1)),)), Rounding.DOWN),
        ["2 volumes × CNY 1.00 = CNY 2.00"],
        ["2册 × ¥1.00 = ¥2.00"],
    ),
]


@pytest.mark.parametrize(("rule", "english", "chinese"), LINES)
def test_every_kind_of_step_reads_as_a_line(rule: Any, english: list[str], chinese: list[str]) -> None:
    """What a rule of any form came to can be followed in both languages; trivial steps take no line."""
    charge = evaluate(rule, FACTS)
    assert Texts("en").charge_lines(charge) == english
    assert Texts("zh_CN").charge_lines(charge) == chinese


STATEMENT = {
    "en": """\
What is owed for request 2026-0117
Title: 江南书院史料选
Borrower: CN-320500
Shipped: 2 volumes on 31 January 2026
Due date: 15 March 2026, that day included
Returned: 2 volumes on 20 March 2026
As it is on 20 March 2026, that day included

Loan fee
  2 volumes × CNY 20.00 = CNY 40.00 [NLC-4]

Overdue charge
  2 volumes × 5 days × CNY 5.00 = CNY 50.00 [NLC-12]
    5 days: after 15 March 2026, up to and including 20 March 2026 [NLC-12]

Owed in all: CNY 90.00
Charged to the account: CNY 90.00
Paid: CNY 60.00
Waived: CNY 5.00
Outstanding of what was charged: CNY 25.00
""",
    "zh_CN": """\
借书申请2026-0117应付费用
题名：江南书院史料选
借书单位：CN-320500
寄出：2026年1月31日，2册
到期日：2026年3月15日（含当日）
归还：2026年3月20日，2册
费用计至2026年3月20日（含当日）

借书费用
  2册 × ¥20.00 = ¥40.00 [NLC-4]

逾期使用费
  2册 × 5天 × ¥5.00 = ¥50.00 [NLC-12]
    5天：2026年3月15日（不含）至2026年3月20日（含） [NLC-12]

应付合计：¥90.00
已记账：¥90.00
已付：¥60.00
已减免：¥5.00
已记账未付：¥25.00
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_shows_what_is_owed_why_and_what_became_of_it(language: str) -> None:
    """Charge by charge, clause by clause, then charged, paid, waived and outstanding."""
    walk = Walk().returned_late("V1", "V2")
    walk.do(c.Pay, RELATED, "2026-03-21", amount=cny(60))
    walk.do(c.Waive, RELATED, "2026-03-22", loan=LOAN.id, kind="overdue", amount=cny(5), reason="kind")
    text = Texts(language).statement(walk.loan, walk.owed("2026-03-20"), walk.settled(), on=date(2026, 3, 20))
    assert text == STATEMENT[language]


def test_a_statement_of_a_loan_that_is_out_names_what_is_not_charged_yet() -> None:
    """What grew since the last posting is owed, but not on the account."""
    walk = Walk().shipped("V1")
    text = Texts("en").statement(walk.loan, walk.owed("2026-03-05"), walk.settled())
    assert "\nStill out: 1 volume\n\nLoan fee\n" in text
    assert text.endswith(
        "\nOwed in all: CNY 45.00\nCharged to the account: CNY 20.00\nNot charged yet: CNY 25.00\n"
        "Paid: CNY 0.00\nOutstanding of what was charged: CNY 20.00\n"
    )


def test_a_statement_of_what_was_charged_and_is_no_longer_owed() -> None:
    """What is to be reversed is below nothing; what was paid for it stands in the borrower's favour."""
    walk = Walk().shipped("V1")
    settled = Settled(charged=cny(20), paid=cny(20), waived=cny(0), outstanding=cny(0), credited=cny(0))
    reversed_ = Settled(charged=cny(0), paid=cny(20), waived=cny(0), outstanding=cny(0), credited=cny(20))
    assert "Not charged yet: -CNY 20.00\n" in Texts("en").statement(walk.loan, [], settled)
    assert Texts("en").statement(walk.loan, [], reversed_).endswith("In the borrower's favour: CNY 20.00\n")


def test_a_statement_before_anything_was_charged() -> None:
    """A request that was never shipped owes nothing; a charge without postings has its total."""
    walk = Walk().related().asked()
    assert Texts("zh_CN").statement(walk.loan, [], None) == (
        "借书申请2026-0117应付费用\n题名：江南书院史料选\n借书单位：CN-320500\n\n没有应付费用。\n"
    )
    fee = evaluate(Flat(cny(3)), Facts())
    assert (
        Texts("en")
        .statement(walk.loan, [("storage", fee)], None)
        .endswith("\n\nStorage\n  fixed amount: CNY 3.00\n\nOwed in all: CNY 3.00\n")
    )
