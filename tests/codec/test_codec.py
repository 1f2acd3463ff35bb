"""Core values to plain data in format 1 and back, for the toys and for the lending desk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, make_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from enum import Enum
from fractions import Fraction
from hashlib import sha256
from types import MappingProxyType, NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from letters_of_deposits import deposit_desks

from servflow.codec import FORMAT, Codec, canonical, folded, read
from servflow.core.changes import (
    Actor,
    Aggregate,
    Append,
    Command,
    Drop,
    Entry,
    Key,
    Message,
    Office,
    Put,
    Set,
    altered,
)
from servflow.core.citations import Clause, Reason
from servflow.core.clocks import Allowance, parse_allowance
from servflow.core.dates import Period
from servflow.core.deposits import DEPOSITS, WarrantyLength, parse_length
from servflow.core.deposits.accounts.commands import (
    AgreedTerm,
    AssessDeposit,
    ReassessDeposit,
)
from servflow.core.deposits.accounts.model import Approval, Building, Ground, Movement
from servflow.core.errors import InvalidCommand, InvalidTable, InvalidValue, NotFound
from servflow.core.fees.charges import Charge, Operation, Step
from servflow.core.ill import ILL
from servflow.core.ill.lending.commands import ReceiveRequest, Ship
from servflow.core.ill.lending.model import LendingFacts
from servflow.core.ill.lending.states import InstitutionKind, Place
from servflow.core.ill.terms import Requested
from servflow.core.ledger import Account, AccountKind, Posting
from servflow.core.lifecycle import OPENING, Lifecycle, Lifecycles, Outcome, Row, decide
from servflow.core.money import Money
from servflow.core.ports import StoredEntry
from servflow.testing.toys import NOBODY, POLICY, TOYS, Close, Count, Counter, CounterState, Open, ToyRole

ILL_CODEC, TOY_CODEC, DEPOSIT_CODEC = Codec(ILL), Codec(TOYS), Codec(DEPOSITS)
CODECS = ((ILL_CODEC, ILL), (TOY_CODEC, TOYS), (DEPOSIT_CODEC, DEPOSITS))
AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
BEIJING = timezone(timedelta(hours=8))

# --- values of any annotation ---------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
instants = st.datetimes(
    min_value=datetime(1, 1, 3),
    max_value=datetime(9999, 12, 29),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
amounts = st.builds(
    Money.of_minor, st.integers(-(10**20), 10**20), st.sampled_from(["CNY", "USD", "JPY", "KWD"])
)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(),
    bool: st.booleans(),
    date: st.dates(),
    datetime: instants,
    Decimal: st.decimals(
        allow_nan=False, allow_infinity=False, places=3, max_value=10**9, min_value=-(10**9)
    ),
    Fraction: st.fractions(),
    Money: amounts,
    NoneType: st.none(),
}


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that a field of this annotation may hold."""
    if annotation in LEAVES:
        return LEAVES[annotation]
    parts = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return st.one_of(*map(values_of, parts))
    if get_origin(annotation) is tuple and parts[-1] is Ellipsis:
        return st.lists(values_of(parts[0]), max_size=3).map(tuple)
    if get_origin(annotation) is tuple:
        return st.tuples(*map(values_of, parts))
    if get_origin(annotation) is Mapping:
        return st.dictionaries(texts, values_of(parts[1]), max_size=3)
    if issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if annotation is Key:
        return st.builds(Key, texts, texts)
    return objects(annotation)


def objects(kind: Any) -> st.SearchStrategy[Any]:
    """Instances of a class; what its own checks refuse is thrown away."""
    hints = get_type_hints(kind)

    @st.composite
    def made(draw: st.DrawFn) -> Any:
        drawn = {each.name: draw(values_of(hints[each.name])) for each in fields(kind)}
        drawn |= draw(FIELDS.get(kind, st.just({})))
        if issubclass(kind, Command):
            drawn["happened_at"], drawn["recorded_at"] = AT, AT
        try:
            return kind(**drawn)
        except ValueError:
            assume(False)

    return made()


@st.composite
def postings(draw: st.DrawFn) -> Posting:
    """Postings with and without a derivation, a clause, a day of their own."""
    return replace(
        _posting(),
        key=draw(texts.filter(bool)),
        kind=draw(texts.filter(bool)),
        amount=Money.of_minor(draw(st.integers(1, 10**20)), "CNY"),
        charge=draw(st.none() | st.just(_charge())),
        clause=draw(st.none() | st.builds(Clause, texts, texts)),
        happened_on=draw(st.none() | st.dates(max_value=date(2026, 1, 30))),
    )


said = st.text("保修 ab", min_size=1, max_size=6).filter(str.strip)
said_once = st.lists(said, max_size=2, unique=True).map(tuple)
periods = st.builds(Period, months=st.integers(1, 2400), days=st.integers(0, 400))
lengths = st.sampled_from(["5 years", "1 year 2 months 3 days", "2 heating seasons", "design life"])
LEAVES |= {
    Posting: postings(),
    Charge: st.deferred(lambda: st.just(_charge())),
    Period: periods,
    WarrantyLength: (lengths | st.just("contract")).map(parse_length),
    AgreedTerm: st.builds(AgreedTerm, part=said, length=lengths.map(parse_length)),
    Approval: st.builds(Approval, by=said, on=st.dates(), reference=said),
    Building: st.builds(
        Building,
        **dict.fromkeys(("project", "building", "building_type", "developer", "bank"), said),
        kinds=said_once,
        supervisor=texts,
    ),
}
LEAVES |= {
    Ground: st.builds(
        Ground,
        name=said,
        grade=texts,
        points=st.none() | st.decimals(0, 100, places=3),
        shown=said_once,
        approvals=st.lists(LEAVES[Approval], max_size=2, unique_by=lambda each: each.by).map(tuple),
    ),
    Movement: objects(Movement),
}
"""Values of deposits whose own checks would throw most of what is drawn away, and their derivations."""
FIELDS: dict[type, st.SearchStrategy[dict[str, Any]]] = dict.fromkeys(
    (AssessDeposit, ReassessDeposit),
    st.fixed_dictionaries({"cost": amounts.map(abs)})
    | st.fixed_dictionaries(
        {"cost": st.none(), "average_cost": amounts.map(abs), "floor_area": st.decimals(1, 10**6, places=2)}
    ),
)
"""Fields of a command that it takes only together."""
several = settings(max_examples=25, suppress_health_check=list(HealthCheck))


# --- round trips ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "command"),
    [(codec, c) for codec, table in CODECS for each in table for c in each.commands],
    ids=lambda value: getattr(value, "__name__", "-"),
)
def test_every_command_comes_back_from_its_text(codec, command):
    """A command of the tables, written as text and read again, is the same command."""

    @several
    @given(objects(command))
    def check(it: Command) -> None:
        text = canonical(codec.encode_command(it))
        again = codec.decode_command(read(text))
        assert again == it
        assert type(again) is type(it)
        assert canonical(codec.encode_command(again)) == text

    check()


@pytest.mark.parametrize(
    ("codec", "model"),
    [(codec, each.model) for codec, table in CODECS for each in table],
    ids=lambda value: getattr(value, "__name__", "-"),
)
def test_every_aggregate_comes_back_from_its_text(codec, model):
    """An aggregate of the tables, written as text and read again, is the same aggregate."""

    @several
    @given(objects(model))
    def check(it: Aggregate) -> None:
        document = codec.encode_aggregate(it)
        assert codec.decode_aggregate(it.key, it.version, read(canonical(document))) == it
        assert None not in document.values()
        assert [] not in document.values()
        assert {} not in document.values()

    check()


@pytest.mark.parametrize(
    ("codec", "model"),
    [(codec, each.model) for codec, table in CODECS for each in table],
    ids=lambda value: getattr(value, "__name__", "-"),
)
def test_folding_any_journal_gives_the_stored_document(codec, model):
    """Whatever an aggregate becomes step by step, its entries fold to its document, as plain data."""

    @several
    @given(st.lists(objects(model), min_size=1, max_size=4))
    def check(steps: list[Aggregate]) -> None:
        key = Key(model.kind, "x")
        befores = [None, *steps[:-1]]
        entries = [
            StoredEntry(
                key=key,
                seq=seq,
                command_id=str(seq),
                document=read(
                    canonical(
                        codec.encode_entry(
                            Entry(
                                key=key,
                                seq=seq,
                                command=Open(id="1", case="x", by=NOBODY, happened_at=AT, recorded_at=AT),
                                role="anybody",
                                facts=None,
                                rulebook="r",
                                calendar="c",
                                alterations=altered(before, after),
                            )
                        )
                    )
                ),
            )
            for seq, (before, after) in enumerate(zip(befores, steps, strict=True), start=1)
        ]
        assert folded(entries) == read(canonical(codec.encode_aggregate(steps[-1])))

    check()


@pytest.mark.parametrize("kind", [Message, Reason, Clause, Actor, Account, Key, Requested, LendingFacts])
def test_every_part_comes_back_from_its_text(kind):
    """So do messages, reasons, clauses, actors, accounts, keys and facts."""

    @several
    @given(values_of(kind))
    def check(it: Any) -> None:
        assert TOY_CODEC.decode(read(canonical(TOY_CODEC.encode(it))), kind) == it

    check()


def _charge() -> Charge:
    rate = Step.taken(Operation.FIXED, "CNY", Clause("NLC-11", "第八条"), inputs=(("rate", Fraction(27, 2)),))
    days = Step.taken(
        Operation.DAYS, "day", None, inputs=(("due", date(2026, 3, 15)), ("returned", date(2026, 3, 20)))
    )
    product = Step.taken(Operation.TIMES, "CNY", None, parts=(rate, days))
    inputs = (("mode", "half_up"), ("step", 1))
    return Charge(Step.taken(Operation.ROUNDED, "CNY", None, inputs=inputs, parts=(product,)))


def test_a_posting_keeps_its_charge_with_every_step():
    """A posting comes back with its derivation, exact to the fraction, and replays from its text."""
    posting = Posting(
        key="c1/overdue-fee/1",
        debit=Account(AccountKind.RECEIVABLE, "CN-110108"),
        credit=Account(AccountKind.INCOME, "NLC"),
        amount=Money("0.68", "CNY"),
        value_date=date(2026, 3, 20),
        subject="c1",
        kind="overdue-fee",
        charge=_charge(),
        clause=Clause("NLC-11"),
    )
    document = TOY_CODEC.encode(posting)
    assert document["debit"] == "receivable/CN-110108"
    assert document["amount"] == {"amount": "0.68", "currency": "CNY"}
    assert '"27/2"' in canonical(document)
    assert TOY_CODEC.decode(read(canonical(document)), Posting) == posting


# --- the one form of everything -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (datetime(2026, 1, 31, 16, tzinfo=BEIJING), "2026-01-31T08:00:00Z"),
        (datetime(2026, 1, 31, 8, 0, 0, 1200, tzinfo=UTC), "2026-01-31T08:00:00.001200Z"),
        (date(2026, 1, 31), "2026-01-31"),
        (Decimal("2.50"), "2.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("100.00"), "100"),
        (Decimal("0.10"), "0.1"),
        (Decimal("-0.00"), "0"),
        (Decimal("0E+5000"), "0"),
        (Decimal("1." + "0" * 2000), "1"),
        (Decimal("-0." + "1" * 60), "-0." + "1" * 60),
        (Fraction(54, 4), "27/2"),
        (Fraction(3), "3"),
        (Money("22.5", "CNY"), {"amount": "22.50", "currency": "CNY"}),
        (Money("300", "JPY"), {"amount": "300", "currency": "JPY"}),
        (Account(AccountKind.CASH, "a/b"), "cash/a/b"),
        (timedelta(hours=1, minutes=30), "PT5400S"),
        (timedelta(microseconds=-1_500_000), "-PT1.5S"),
        (timedelta(), "PT0S"),
        (timedelta.max, "PT86399999999999.999999S"),
        (parse_allowance("90 working minutes"), "90 working minutes"),
        (
            parse_allowance("before 12:00: same day; later: next working day"),
            "before 12:00: same day; later: next working day",
        ),
        (Key("ill.supply", "17"), {"kind": "ill.supply", "id": "17"}),
        (Place.ABROAD, "abroad"),
        (("a", ("b", 1)), ["a", ["b", 1]]),
        (MappingProxyType({"a": AT}), {"a": "2026-01-31T08:00:00Z"}),
        ([date(2026, 1, 31), None, True], ["2026-01-31", None, True]),
        (Clause("NLC-1"), {"id": "NLC-1"}),
        (Reason("x"), {"code": "x"}),
        (
            Actor("p", "CN-110108", Office.STAFF),
            {"party": "p", "serves": "CN-110108", "office": "staff"},
        ),
    ],
    ids=repr,
)
def test_each_kind_of_value_is_written_in_one_form(value, plain):
    """The forms of format 1, one example each."""
    assert TOY_CODEC.encode(value) == plain


@several
@given(LEAVES[Decimal], st.integers(0, 40), st.integers(1, 40))
def test_equal_decimals_have_one_text(number: Decimal, zeros: int, precision: int):
    """However a number is written, and at whatever precision, its text is the one of its value."""
    digits = "".join(map(str, number.as_tuple().digits))
    longer = Decimal(f"{'-' if number < 0 else ''}{digits}{'0' * zeros}E-{3 + zeros}")
    assert longer == number
    with localcontext() as context:
        context.prec = precision
        text = TOY_CODEC.encode(longer)
    assert text == TOY_CODEC.encode(number)
    assert TOY_CODEC.decode(text, Decimal) == number
    assert TOY_CODEC.encode(TOY_CODEC.decode(text, Decimal)) == text


def test_a_value_of_several_kinds_says_which_it_is():
    """A fact that may be text, number, truth, date or amount is read back as what it was."""
    facts = (
        ("text", "2026-01-31"),
        ("number", 3),
        ("truth", True),
        ("day", date(2026, 1, 31)),
        ("instant", AT),
        ("amount", Money("5", "CNY")),
    )
    document = TOY_CODEC.encode(Reason("x", None, facts))
    assert dict(document["facts"]) == {
        "text": "2026-01-31",
        "number": 3,
        "truth": True,
        "day": {"date": "2026-01-31"},
        "instant": {"instant": "2026-01-31T08:00:00Z"},
        "amount": {"money": {"amount": "5.00", "currency": "CNY"}},
    }
    again = TOY_CODEC.decode(document, Reason)
    assert again.facts == facts
    assert [type(value) for _, value in again.facts] == [type(value) for _, value in facts]


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        ("a", 2.5),
        datetime(2026, 1, 31),
        datetime(1, 1, 1, tzinfo=BEIJING),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+1000000"),
        Decimal("1E+1000"),
        Decimal("0." + "1" * 999),
        Reason("x", None, (("rate", 0.5),)),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_what_is_not_exact_is_not_written(value):
    """A float, a naive or impossible instant, NaN: an error of ours and no document."""
    with pytest.raises(InvalidValue):
        canonical(TOY_CODEC.encode(value))


def test_a_datetime_is_not_written_as_a_date():
    """A field for a day that was given an instant is a mistake that is seen."""
    posting = replace(_posting(), happened_on=AT.replace(year=2025).date())
    document = TOY_CODEC.encode(posting)
    assert document["happened_on"] == "2025-01-31"
    command = ReceiveRequest(
        id="1",
        case="c",
        by=NOBODY,
        happened_at=AT,
        recorded_at=AT,
        requester="a",
        supplier="b",
        request_id="r",
        requested=Requested(title="t"),
        need_before=AT,
    )
    with pytest.raises(InvalidValue, match="without a time"):
        ILL_CODEC.encode_command(command)


def _posting() -> Posting:
    return Posting(
        key="k",
        debit=Account(AccountKind.RECEIVABLE, "a"),
        credit=Account(AccountKind.INCOME, "b"),
        amount=Money("1", "CNY"),
        value_date=date(2026, 1, 31),
        subject="s",
        kind="k",
    )


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (Money, {"amount": 22.5, "currency": "CNY"}),
        (Money, {"amount": 22, "currency": "CNY"}),
        (Money, {"amount": "NaN", "currency": "CNY"}),
        (Money, {"amount": "1e3", "currency": "CNY"}),
        (Money, {"amount": "２２", "currency": "CNY"}),
        (Money, {"amount": "22.505", "currency": "CNY"}),
        (Money, {"amount": "9" * 2000, "currency": "CNY"}),
        (Money, {"amount": "1", "currency": "CNY", "more": 1}),
        (Money, "CNY 22.50"),
        (datetime, "2026-01-31T08:00:00"),
        (datetime, "2026-01-31"),
        (datetime, "0001-01-01T00:00:00+14:00"),
        (datetime, 1769846400),
        (date, "2026-01-32"),
        (date, "20260131"),
        (date, "2026-01-31T00:00:00Z"),
        (Decimal, 1.5),
        (Decimal, "Infinity"),
        (Fraction, "1/0"),
        (Fraction, "1.5"),
        (float, 1.5),
        (int, True),
        (int, "3"),
        (bool, 1),
        (str, None),
        (str, "\ud800"),
        (timedelta, "5400"),
        (timedelta, 5400),
        (timedelta, "PT1H"),
        (timedelta, "PT999999999999999S"),
        (Allowance, "soon"),
        (Allowance, 4),
        (Account, "purse/a"),
        (Account, "cash/"),
        (Key, {"kind": "k"}),
        (Key, ["k", "i"]),
        (Office, "chief"),
        (Office, ["staff"]),
        (Clause, "NLC-1"),
        (Clause, {"at": ""}),
        (Clause, {"id": "NLC-1", "page": 3}),
        (Reason, {"code": "x", "facts": [["a"]]}),
        (Reason, {"code": "x", "facts": [["a", 1.5]]}),
        (Reason, {"code": "x", "facts": [["a", None]]}),
        (Reason, {"code": "x", "facts": [["a", {"fraction": "1/2"}]]}),
        (Reason, {"code": "x", "facts": [["a", {"date": "2026-01-31", "instant": "x"}]]}),
        (Reason, {"code": "x", "facts": "ab"}),
        (Posting, {"key": "k"}),
    ],
    ids=repr,
)
def test_reading_is_strict(kind, document):
    """What has another form than the one that is written is refused, naming the class and the place."""
    with pytest.raises(InvalidValue) as refused:
        TOY_CODEC.decode(document, kind)
    assert refused.value.field.startswith(kind.__name__)


def test_reading_names_the_place_of_the_mistake():
    """The path leads through objects, lists and mappings to what is wrong."""
    document = TOY_CODEC.encode(replace(_posting(), charge=_charge()))
    document["charge"]["derivation"]["parts"][0]["parts"][1]["unit"] = 5
    with pytest.raises(InvalidValue) as refused:
        TOY_CODEC.decode(document, Posting)
    assert refused.value.field == "Posting.charge.derivation.parts[0].parts[1].unit"


def test_a_check_of_the_value_itself_is_reported_at_its_place():
    """What a class refuses when it is made, alone or together, is an error at its path."""
    document = TOY_CODEC.encode(replace(_posting(), charge=_charge()))
    with pytest.raises(InvalidValue) as refused:
        TOY_CODEC.decode({**document, "debit": document["credit"]}, Posting)
    assert refused.value.field == "Posting.credit"
    with pytest.raises(InvalidValue, match="values that go together") as refused:
        TOY_CODEC.decode({**document, "amount": {"amount": "1.00", "currency": "USD"}}, Posting)
    assert refused.value.field == "Posting"


# --- commands from plain data ---------------------------------------------------------------------


def _ship(**fields: Any) -> dict[str, Any]:
    by = {"party": "clerk-7", "serves": "NLC", "office": "staff"}
    plain = {
        "command": "Ship",
        "id": "1",
        "case": "c1",
        "by": by,
        "happened_at": "2026-01-31T16:00:00+08:00",
        "recorded_at": "2026-01-31T08:00:00Z",
        "items": ["v1"],
        **fields,
    }
    return {name: value for name, value in plain.items() if value is not ...}


def _wrong(document: object) -> dict[str, str]:
    with pytest.raises(InvalidCommand) as refused:
        ILL_CODEC.decode_command(document)
    assert len({problem.where for problem in refused.value.problems}) == len(refused.value.problems)
    return {problem.where: f"{problem.found}; {problem.expected}" for problem in refused.value.problems}


def test_a_command_is_read_from_plain_data():
    """A command's document names it and holds its fields; instants may have any offset."""
    command = ILL_CODEC.decode_command(_ship())
    assert command == Ship(
        id="1",
        case="c1",
        by=Actor("clerk-7", "NLC", Office.STAFF),
        happened_at=AT,
        recorded_at=AT,
        items=("v1",),
    )


def test_an_unknown_command_names_the_known_ones():
    """Whoever mistypes a command is shown all there are."""
    for document in (_ship(command="Shop"), _ship(command=...), _ship(command=["Ship"])):
        wrong = _wrong(document)
        assert "ConfirmReceipt, DeclareChange" in wrong["command"]
    assert "an object" in _wrong([_ship()])["command"]


def test_all_problems_of_a_command_are_named_at_once():
    """Missing, unknown, ill-typed, naive, inexact: one error with every one of them, each at its path."""
    wrong = _wrong(
        _ship(
            id=3,
            case=...,
            by={"party": "p", "office": "chief", "shoe": 44},
            happened_at="2026-01-31T16:00:00",
            items=["v1", 2, None],
            tariff={"amount": 22.5, "currency": "CNY"},
            colour="red",
        )
    )
    assert sorted(wrong) == [
        "by.office",
        "by.serves",
        "by.shoe",
        "case",
        "colour",
        "happened_at",
        "id",
        "items[1]",
        "items[2]",
        "tariff",
    ]
    assert "missing" in wrong["case"]
    assert "offset" in wrong["happened_at"]
    assert "person, staff, system, clock" in wrong["by.office"]
    assert "one of party, serves, office" in wrong["by.shoe"]
    assert "recorded_at, items, tariff" in wrong["colour"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"items": []}, "items"),
        ({"items": ["v1", "v1"]}, "items"),
        ({"id": " "}, "id"),
        ({"happened_at": "2026-02-01T00:00:00Z"}, "happened_at"),
        ({"tariff": {"amount": "-1", "currency": "CNY"}}, "tariff"),
        ({"tariff": {"amount": "1", "currency": "yuan"}}, "tariff.currency"),
        ({"items": "v1"}, "items"),
        ({"by": "clerk-7"}, "by"),
        ({"case": "\ud800"}, "case"),
    ],
)
def test_what_a_command_itself_refuses_is_a_problem_of_its_field(fields, where):
    """A value of the right type that the command does not take is named like any other problem."""
    assert list(_wrong(_ship(**fields))) == [where]


def test_a_mistake_in_a_command_class_is_not_hidden():
    """An error that is nobody's input passes through as it is."""
    codec = Codec(
        Lifecycles(_lifecycle(Thing, (Row(OPENING, Stumble, ThingState.ON, ToyRole.ANYBODY, does=_made),)))
    )
    document = {**_ship(command="Stumble"), "items": ...}
    with pytest.raises(ZeroDivisionError):
        codec.decode_command({name: value for name, value in document.items() if value is not ...})


# --- the same command -----------------------------------------------------------------------------


def _count(**fields: Any) -> Count:
    made = {"id": "1", "case": "c1", "by": NOBODY, "happened_at": AT, "recorded_at": AT, "note": "n"}
    return Count(**{**made, **fields})


def test_the_fingerprint_does_not_depend_on_when_a_command_was_recorded():
    """The same message delivered later again is the same command; so is one with another offset."""
    fingerprint = TOY_CODEC.fingerprint(_count())
    assert len(fingerprint) == 64
    assert TOY_CODEC.fingerprint(_count(recorded_at=AT + timedelta(days=9))) == fingerprint
    assert TOY_CODEC.fingerprint(_count(happened_at=AT.astimezone(BEIJING))) == fingerprint


@pytest.mark.parametrize(
    "fields",
    [
        {"note": "other"},
        {"case": "c2"},
        {"happened_at": AT - timedelta(seconds=1)},
        {"by": Actor("party-0", "toys", Office.SYSTEM)},
        {"marks": {"a": Money("1", "CNY")}},
    ],
    ids=repr,
)
def test_the_fingerprint_depends_on_everything_else(fields):
    """Another note, case, instant, actor or mark is another command."""
    assert TOY_CODEC.fingerprint(_count(**fields)) != TOY_CODEC.fingerprint(_count())


def test_the_fingerprint_tells_commands_of_one_shape_apart():
    """Two commands with the same fields are still two commands."""
    ids: dict[str, Any] = {"id": "1", "case": "c1", "by": NOBODY, "happened_at": AT, "recorded_at": AT}
    assert TOY_CODEC.fingerprint(Close(**ids)) != TOY_CODEC.fingerprint(Open(**ids))


def test_the_fingerprint_of_format_1_never_changes():
    """Commands of an older release that come again are recognised: the digest is part of the format."""
    text = (
        '{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count",'
        '"happened_at":"2026-01-31T08:00:00Z","id":"1","note":"n"}'
    )
    assert TOY_CODEC.fingerprint(_count()) == sha256(text.encode()).hexdigest()


# --- aggregates and journals ----------------------------------------------------------------------


class ThingState(Enum):
    ON = "on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing(Aggregate):
    kind: ClassVar[str] = "test.thing"
    state: ThingState
    parts: tuple[Part, ...] = ()
    by_name: Mapping[str, Part | None] = field(default_factory=dict)
    one: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterThing(Thing):
    """The same after a release that added fields."""

    due: date | None = None
    tags: tuple[str, ...] = ()
    prices: Mapping[str, Money] = field(default_factory=dict)
    renewals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StricterThing(Thing):
    """The same after a release that broke the rule for new fields."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingThing(Thing):
    """With mappings annotated otherwise, and a number that may be written in several ways."""

    counts: dict[str, int] = field(default_factory=dict)
    shown: MappingProxyType[str, Part] = field(default_factory=lambda: MappingProxyType({}))
    size: Decimal = Decimal("1.0")


@dataclass(frozen=True, slots=True)
class NumberedFacts:
    by_number: Mapping[int, str]


class Hue(Enum):
    RED = (255, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OddPart:
    part: OddPart | None = None
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnresolvedThing(Thing):
    """With a type that only a type checker can find."""

    where: Nowhere | None = None  # type: ignore[name-defined]  # noqa: F821


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Command):
    command: str
    reminders: list[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stumble(Command):
    def __post_init__(self) -> None:
        Command.__post_init__(self)
        1 / 0  # noqa: B018


def _made(situation: Any) -> Outcome:
    return Outcome(it=Thing(id=situation.command.case, state=ThingState.ON))


def _lifecycle(model: type[Aggregate], rows: tuple[Row, ...]) -> Lifecycle:
    return Lifecycle(
        model=model,
        states=ThingState,
        roles=ToyRole,
        final=(ThingState.ON,),
        roles_of=lambda _it, _actor: (ToyRole.ANYBODY,),
        rows=rows,
    )


def _codec(model: type[Aggregate]) -> Codec:
    return Codec(
        Lifecycles(_lifecycle(model, (Row(OPENING, Open, ThingState.ON, ToyRole.ANYBODY, does=_made),)))
    )


THING = Key("test.thing", "1")


def _stored(codec: Codec, *steps: Aggregate) -> Iterator[StoredEntry]:
    before: Aggregate | None = None
    for seq, it in enumerate(steps, start=1):
        command = Open(id=str(seq), case=it.id, by=NOBODY, happened_at=AT, recorded_at=AT)
        entry = Entry(
            key=it.key,
            seq=seq,
            command=command,
            role="anybody",
            facts=LendingFacts(kind=InstitutionKind.OTHER, place=Place.ELSEWHERE),
            rulebook="r",
            calendar="c",
            alterations=altered(before, it),
        )
        document = read(canonical(codec.encode_entry(entry)))
        yield StoredEntry(key=it.key, seq=seq, command_id=str(seq), document=document)
        before = it


def test_objects_that_say_nothing_are_not_taken_for_nothing():
    """A part whose every field is empty is stored as a part, alone, in a list and in a mapping."""
    codec = _codec(Thing)
    empty = Part()
    full = Thing(id="1", state=ThingState.ON, parts=(empty,), by_name={"a": empty, "b": None}, one=empty)
    assert codec.encode_aggregate(full) == {
        "state": "on",
        "parts": [{"name": None}],
        "by_name": {"a": {"name": None}, "b": None},
        "one": {"name": None},
    }
    bare = Thing(id="1", state=ThingState.ON)
    for steps in ((full,), (bare, full), (full, bare), (full, replace(full, by_name={"b": None}))):
        document = folded(_stored(codec, *steps))
        assert document == codec.encode_aggregate(steps[-1])
        assert codec.decode_aggregate(THING, 0, document) == steps[-1]


def test_a_field_added_later_is_empty_in_what_was_stored_before():
    """A document of an earlier release loads in a later one: what it has not is None, empty, default."""
    document = _codec(Thing).encode_aggregate(Thing(id="1", state=ThingState.ON))
    it = _codec(LaterThing).decode_aggregate(THING, 3, document)
    assert it == LaterThing(id="1", state=ThingState.ON, version=3)
    with pytest.raises(InvalidValue, match="owner") as refused:
        _codec(StricterThing).decode_aggregate(THING, 3, document)
    assert "missing" in refused.value.expected


def test_a_field_of_a_later_release_is_not_dropped_silently():
    """A document with a field that this release does not know is refused, before it could be written back."""
    later = LaterThing(id="1", state=ThingState.ON, due=date(2026, 1, 31))
    document = _codec(LaterThing).encode_aggregate(later)
    with pytest.raises(InvalidValue, match="due") as refused:
        _codec(Thing).decode_aggregate(THING, 1, document)
    assert refused.value.field == "test.thing 1.due"


def test_a_damaged_document_is_refused_at_its_place():
    """A stored value of another type is an error that names the aggregate and the path."""
    with pytest.raises(InvalidValue) as refused:
        _codec(Thing).decode_aggregate(THING, 1, {"state": "on", "parts": [{"name": 3}]})
    assert refused.value.field == "test.thing 1.parts[0].name"
    with pytest.raises(InvalidValue) as refused:
        _codec(Thing).decode_aggregate(THING, 1, {"state": "on", "by_name": {"a": {"notes": "x"}}})
    assert refused.value.field == "test.thing 1.by_name.a.notes"
    with pytest.raises(InvalidValue, match="an object"):
        _codec(Thing).decode_aggregate(THING, 1, {"state": "on", "by_name": ["a"]})


def test_an_unknown_kind_has_no_codec():
    """An aggregate of a lifecycle that is not there cannot be read."""
    with pytest.raises(NotFound):
        TOY_CODEC.decode_aggregate(THING, 1, {"state": "on"})


def test_a_mapping_that_is_empty_is_there_when_it_is_read():
    """However its mappings are annotated, an aggregate that is written without them is read with them."""
    codec = _codec(CountingThing)
    bare = CountingThing(id="1", state=ThingState.ON)
    full = replace(bare, counts={"a": 1}, shown=MappingProxyType({"b": Part(name="x")}))
    for it in (bare, full):
        assert codec.decode_aggregate(THING, 0, codec.encode_aggregate(it)) == it


def test_a_number_written_otherwise_folds_to_what_is_stored():
    """A decimal that becomes an equal one has no entry, and is stored as before."""
    codec = _codec(CountingThing)
    first = CountingThing(id="1", state=ThingState.ON, size=Decimal("1.0"))
    second = replace(first, size=Decimal("1.00"))
    assert folded(_stored(codec, first, second)) == codec.encode_aggregate(second)


@pytest.mark.parametrize(
    "annotation",
    [
        Mapping[int, str],
        dict[Place, int],
        tuple[Mapping[int, str], ...],
        Mapping,
        tuple,
        list[str],
        frozenset[str],
        bytes,
        float,
        object,
        Any,
        Enum,
        Hue,
        Part | Requested,
        Part | Requested | None,
        Place | str,
    ],
    ids=str,
)
def test_a_field_that_cannot_be_stored_is_found_before_anything_is(annotation):
    """A model with a field that JSON cannot hold, or that could not be read again, has no codec."""
    model = make_dataclass(
        "Odd",
        [("odd", annotation, field(default=None))],
        bases=(Thing,),
        frozen=True,
        kw_only=True,
        slots=True,
    )
    with pytest.raises(InvalidTable) as refused:
        _codec(model)
    (problem,) = refused.value.problems
    assert problem.where == "Odd.odd"
    assert "Mapping[str, X]" in problem.expected


def test_every_field_that_cannot_be_stored_is_named():
    """Those of commands too, those of classes within, once each, and a type that is not to be found."""

    def refused(*lifecycles: Lifecycle) -> list[tuple[str, str]]:
        with pytest.raises(InvalidTable) as error:
            Codec(Lifecycles(*lifecycles))
        return [(problem.where, problem.found) for problem in error.value.problems]

    part = [("part", OddPart | None, field(default=None))]
    options: dict[str, Any] = {"frozen": True, "kw_only": True, "slots": True}
    model: Any = make_dataclass("Odd", part, bases=(Thing,), **options)
    command: Any = make_dataclass("Say", part, bases=(Order,), **options)
    row = Row(OPENING, command, ThingState.ON, ToyRole.ANYBODY, does=_made)
    assert refused(_lifecycle(model, (row,))) == [
        ("OddPart.weights", "float"),
        ("Say.command", "a field of this name"),
        ("Say.reminders", "list[str]"),
    ]
    row = Row(OPENING, Open, ThingState.ON, ToyRole.ANYBODY, does=_made)
    ((where, found),) = refused(_lifecycle(UnresolvedThing, (row,)))
    assert where == "UnresolvedThing"
    assert "Nowhere" in found


def test_a_mapping_with_other_keys_than_texts_is_not_written():
    """JSON would silently make texts of numbers: facts, which only the host knows, are checked as they come."""
    with pytest.raises(TypeError, match="texts"):
        TOY_CODEC.encode(NumberedFacts({1: "a"}))


def test_an_entry_is_written_in_format_1():
    """An entry's document, to the last character."""
    command = Open(id="7", case="c1", by=NOBODY, happened_at=AT, recorded_at=AT, holder="h")
    entry = Entry(
        key=Key("toy.counter", "c1"),
        seq=4,
        command=command,
        role="anybody",
        facts=LendingFacts(kind=InstitutionKind.OTHER, place=Place.ELSEWHERE),
        rulebook="r",
        calendar="c",
        alterations=(
            Set("look_at", AT),
            Set("holder", None),
            Append("log", ("a", "b")),
            Put("marks", "fee", Money("5", "CNY")),
            Drop("marks", "old"),
        ),
    )
    assert FORMAT == 1
    assert canonical(TOY_CODEC.encode_entry(entry)) == (
        '{"alterations":[["set","look_at","2026-01-31T08:00:00Z"],["set","holder",null],'
        '["append","log",["a","b"]],["put","marks","fee",{"amount":"5.00","currency":"CNY"}],'
        '["drop","marks","old"]],"calendar":"c","command":{"by":{"office":"staff","party":"party-0",'
        '"serves":"toys"},"case":"c1","command":"Open","happened_at":"2026-01-31T08:00:00Z",'
        '"holder":"h","id":"7","recorded_at":"2026-01-31T08:00:00Z"},"facts":{"base_collection":true,'
        '"kind":"other","place":"elsewhere"},"format":1,"key":{"id":"c1","kind":"toy.counter"},'
        '"role":"anybody","rulebook":"r","seq":4}'
    )


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ({"format": 2}, "format"),
        ({"format": None}, "format"),
        ({"alterations": [["set", "state"]]}, "alteration"),
        ({"alterations": [["become", "state", "on"]]}, "alteration"),
        ({"alterations": [["append", "log", "text"]]}, "alteration"),
        ({"alterations": "set"}, "alteration"),
        ({"alterations": [["append", "parts", [{}]]]}, "parts"),
        ({"alterations": [["put", "state", "a", 1]]}, "state"),
        ({"alterations": [["drop", "by_name", "a"]]}, "by_name"),
    ],
    ids=repr,
)
def test_a_damaged_journal_does_not_fold(damage, named):
    """A later format, an unknown alteration, one that does not fit: an error, never a wrong document."""
    first, second = _stored(_codec(Thing), *[Thing(id="1", state=ThingState.ON)] * 2)
    broken = replace(second, document={**second.document, **damage})
    with pytest.raises(InvalidValue, match=named):
        folded([first, broken])


def test_a_journal_with_a_gap_does_not_fold():
    """A missing entry, or one out of order, is an error."""
    first, second, third = _stored(_codec(Thing), *[Thing(id="1", state=ThingState.ON)] * 3)
    for journal in ([first, third], [second], [second, first]):
        with pytest.raises(InvalidValue, match="seq"):
            folded(journal)
    assert folded([]) == {}


def test_what_is_decided_folds_to_what_became():
    """From real decisions: every aggregate's entries fold to what encoding it gives."""
    key = Key("toy.counter", "c1")
    it: Aggregate | None = None
    entries: list[StoredEntry] = []
    ids: dict[str, Any] = {"case": "c1", "by": NOBODY, "happened_at": AT, "recorded_at": AT}
    commands = (
        Open(id="1", **ids),
        Count(id="2", note="a", marks={"x": Money("1", "CNY"), "y": Money("2", "CNY")}, **ids),
        Count(id="3", note="b", marks={"x": Money("0", "CNY")}, look_at=AT, **ids),
        Close(id="4", **ids),
    )
    for command in commands:
        change = decide(TOYS, command, {} if it is None else {key: it}, policy=POLICY)
        it = change.becomes[0]
        entries += [
            StoredEntry(key=key, seq=e.seq, command_id=e.command.id, document=TOY_CODEC.encode_entry(e))
            for e in change.entries
        ]
    assert isinstance(it, Counter)
    assert it.state is CounterState.CLOSED
    assert folded(entries) == TOY_CODEC.encode_aggregate(it)
    assert TOY_CODEC.decode_aggregate(key, 4, folded(entries)) == it


def test_what_a_desk_of_deposits_decides_comes_back_and_folds():
    """Every command, message and posting of desks at work comes back, and every journal folds to its document."""
    for desk in deposit_desks():
        journals: dict[Key, list[StoredEntry]] = {key: [] for key in desk.aggregates}
        for change in desk.changes:
            for entry in change.entries:
                command = entry.command
                again = DEPOSIT_CODEC.decode_command(read(canonical(DEPOSIT_CODEC.encode_command(command))))
                assert again == command
                document = read(canonical(DEPOSIT_CODEC.encode_entry(entry)))
                journals[entry.key].append(
                    StoredEntry(key=entry.key, seq=entry.seq, command_id=command.id, document=document)
                )
            for kind, values in ((Message, change.messages), (Posting, change.postings)):
                for value in values:
                    text = canonical(DEPOSIT_CODEC.encode(value))
                    assert DEPOSIT_CODEC.decode(read(text), kind) == value
        for key, it in desk.aggregates.items():
            written = read(canonical(DEPOSIT_CODEC.encode_aggregate(it)))
            assert DEPOSIT_CODEC.decode_aggregate(key, it.version, written) == it
            if journals[key] and journals[key][0].seq == 1:
                assert folded(journals[key]) == written
