"""Facts and measures: what is counted, from which day to which, and in which unit."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from servflow.core.dates import EndOfMonth
from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.fees import (
    Count,
    Counting,
    DayCount,
    DayCountConvention,
    Days,
    Facts,
    Fixed,
    Measure,
    Minutes,
    Months,
    OpenDays,
    OpenMinutes,
    Operation,
    PerUnit,
    Quantity,
    Rounded,
    evaluate,
)
from servflow.core.fees.compiled import compiled
from servflow.core.fees.text import parse, text_of
from servflow.core.money import Money, Rounding
from servflow.core.worktime import Calendar

DUE = date(2026, 3, 15)
VOLUMES = Count("volumes", "volume")


def late(end: date, volumes: int = 1) -> Facts:
    return Facts(days={"due": DUE, "end": end}, counts={"volumes": volumes})


class Weekdays:
    """A desk that is closed on Saturdays and Sundays, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[date, date]] = []

    def open_days(self, after: date, through: date) -> int:
        self.asked.append((after, through))
        days = range(after.toordinal() + 1, through.toordinal() + 1)
        return sum(date.fromordinal(day).weekday() < 5 for day in days)


@pytest.mark.parametrize(
    ("end", "days"),
    [
        (date(2026, 3, 14), 0),
        (date(2026, 3, 15), 0),
        (date(2026, 3, 16), 1),
        (date(2026, 3, 20), 5),
        (date(2027, 3, 15), 365),
    ],
)
def test_days_overdue(end, days):
    """The due day never counts, the day of the return does; early and on time are both 0."""
    step = Days().derive(late(end))
    assert (int(step.exact), step.unit) == (days, "day")
    assert step.inputs == (("due", DUE), ("end", end))


def test_days_of_other_facts():
    """The two days may go by other names."""
    facts = Facts(days={"recalled": DUE, "returned": date(2026, 3, 17)})
    assert Days(after="recalled", through="returned").derive(facts).exact == 2


def test_open_days():
    """Only days on which the desk is open count: Sunday to Friday are five, Sunday to Sunday too."""
    for end in (date(2026, 3, 20), date(2026, 3, 22)):
        step = OpenDays(Weekdays()).derive(late(end))
        assert (int(step.exact), step.unit) == (5, "open-day")
        assert step.inputs == (("due", DUE), ("end", end), ("open_days", 5))


def test_open_days_ask_only_about_the_span():
    """A closure outside (due, end] can never matter: the calendar is asked about nothing else."""
    calendar = Weekdays()
    measure = OpenDays(calendar, after="due", through="end")
    assert measure.derive(late(date(2026, 3, 20))).exact == 5
    assert measure.derive(late(DUE)).exact == 0
    assert measure.derive(late(date(2026, 3, 1))).exact == 0
    assert calendar.asked == [(DUE, date(2026, 3, 20))]


def test_volume_days():
    """Two volumes for five days are ten volume-days, whichever comes first."""
    for measure in (VOLUMES * Days(), Days() * VOLUMES):
        step = measure.derive(late(date(2026, 3, 20), 2))
        assert (int(step.exact), step.unit) == (10, "day*volume")
        assert sorted(part.exact for part in step.parts) == [2, 5]


def test_products_of_products_have_one_unit():
    """The unit of a product does not depend on how it is bracketed."""
    hours = Count("hours", "hour")
    assert ((VOLUMES * Days()) * hours).unit == (hours * (Days() * VOLUMES)).unit == "day*hour*volume"


def test_sum_of_measures():
    """Quantities of one unit add."""
    step = (Days() + Fixed(2, "day")).derive(late(date(2026, 3, 20)))
    assert (step.operation, int(step.exact), step.unit) == (Operation.PLUS, 7, "day")


@pytest.mark.parametrize(("end", "deducted", "cliff"), [(17, 0, 0), (18, 0, 0), (19, 1, 4)])
def test_grace(end, deducted, cliff):
    """Both forms of three days' grace forgive three days; on the fourth they part."""
    facts = late(date(2026, 3, end))
    assert Days().deduct(Fixed(3, "day")).derive(facts).exact == deducted
    assert Days().cliff(Fixed(3, "day")).derive(facts).exact == cliff


def test_grace_from_the_facts():
    """A grace may be a measure like any other."""
    facts = Facts(days={"due": DUE, "end": date(2026, 3, 20)}, counts={"grace": 2})
    assert Days().deduct(Count("grace", "day")).derive(facts).exact == 3


def test_units_do_not_mix():
    """Days and hours are neither added nor forgiven for one another."""
    hours = Fixed(2, "hour")
    with pytest.raises(TypeError, match="found hour, expected day"):
        Days() + hours
    with pytest.raises(TypeError, match="found hour, expected day"):
        Days().deduct(hours)
    with pytest.raises(TypeError, match="found hour, expected day"):
        Days().cliff(hours)
    with pytest.raises(TypeError, match="found open-day, expected day"):
        Days().deduct(OpenDays(Weekdays()))


def test_measures_combine_with_measures_only():
    """A bare number has no unit, so it is not taken."""
    with pytest.raises(TypeError):
        Days() + 2  # type: ignore[operator]
    with pytest.raises(TypeError):
        Days() * 2  # type: ignore[operator]


@pytest.mark.parametrize("unit", ["", "Day", "day*volume", "CNY", None])
def test_bad_units(unit):
    """A unit is one word in lower case; nothing that could be a currency or a product."""
    with pytest.raises(InvalidValue, match="unit"):
        Count("volumes", unit)
    with pytest.raises(InvalidValue, match="unit"):
        Fixed(1, unit)


@pytest.mark.parametrize("quantity", [-1, Fraction(-1, 2), 1.5, True])
def test_bad_fixed_quantities(quantity):
    """A fixed quantity is exact and not negative."""
    with pytest.raises(InvalidValue, match="quantity"):
        Fixed(quantity, "day")


def test_whole_measures():
    """A measure knows whether it can give parts of a unit."""
    assert Days().whole
    assert Fixed(2, "day").whole
    assert not Fixed(Fraction(1, 2), "day").whole
    assert not (Days() + Fixed(Fraction(1, 2), "day")).whole
    assert not (Fixed(Fraction(1, 2), "day") * VOLUMES).whole


def test_fixed_quantities_are_exact():
    """A third of a day is a third of a day."""
    assert Fixed(Fraction(1, 3), "day").derive(Facts()).exact == Fraction(1, 3)


def test_measures_are_values():
    """Measures written alike are equal, hash alike, and read as they are written."""
    measure = (VOLUMES * Days()).deduct(Fixed(1, "day") * VOLUMES)
    same = (VOLUMES * Days()).deduct(Fixed(1, "day") * VOLUMES)
    assert measure == same
    assert hash(measure) == hash(same)
    assert repr(measure) == repr(same)
    names = {"Count": Count, "Days": Days, "Fixed": Fixed}
    for each in (measure, VOLUMES + VOLUMES, Days().cliff(Fixed(2, "day"))):
        assert eval(repr(each), names) == each


def test_a_measure_without_its_parts_cannot_be_made():
    """The base of all measures is none itself."""
    with pytest.raises(TypeError):
        Measure()  # type: ignore[abstract]


def test_facts_are_read_by_name():
    """Each kind of fact is read from its own place."""
    facts = Facts(
        days={"due": DUE},
        counts={"volumes": 2},
        amounts={"price": Money("80", "CNY")},
        flags={"foreign": False},
    )
    assert facts.day("due") == DUE
    assert facts.count("volumes") == 2
    assert facts.amount("price") == Money("80", "CNY")
    assert facts.flag("foreign") is False


def test_a_missing_fact_is_an_error():
    """A fact that was not given is named, and is never 0 or false."""
    facts = Facts()
    for name, read in (
        ("due", facts.day),
        ("volumes", facts.count),
        ("price", facts.amount),
        ("foreign", facts.flag),
    ):
        with pytest.raises(MissingValue, match=name) as error:
            read(name)
        assert error.value.name == name
    with pytest.raises(MissingValue, match="end has no value among the days given"):
        Days().derive(Facts(days={"due": DUE}))
    with pytest.raises(MissingValue, match="volumes has no value among the counts given"):
        VOLUMES.derive(facts)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("days", datetime(2026, 3, 15, 12, 0)),
        ("days", "2026-03-15"),
        ("counts", -1),
        ("counts", 1.0),
        ("counts", True),
        ("amounts", Money("-0.01", "CNY")),
        ("amounts", 20),
        ("flags", 1),
        ("flags", None),
    ],
)
def test_bad_facts(kind, value):
    """A fact of the wrong type, or a negative one, is refused where it is given, by its name."""
    with pytest.raises(InvalidValue, match="wrong"):
        Facts(**{kind: {"wrong": value}})


def test_nothing_is_a_fact():
    """A count of 0 and an amount of 0 are given, and are not missing."""
    facts = Facts(counts={"volumes": 0}, amounts={"price": Money("0", "CNY")})
    assert facts.count("volumes") == 0
    assert not facts.amount("price")


def test_facts_do_not_change():
    """What the caller does to his own mapping later does not reach the facts."""
    counts = {"volumes": 1}
    facts = Facts(counts=counts)
    counts["volumes"] = 2
    assert facts.count("volumes") == 1
    assert facts == Facts(counts={"volumes": 1})
    with pytest.raises(TypeError):
        facts.counts["volumes"] = 3  # type: ignore[index]


# --- instants, months, years, parts of a unit

NOON = datetime(2026, 3, 16, 12, tzinfo=UTC)  # a Monday
DESK = Calendar("desk", UTC, weekly={day: ((time(9), time(17)),) for day in range(5)})


def at(due: datetime, end: datetime) -> Facts:
    return Facts(instants={"due_at": due, "end_at": end})


@pytest.mark.parametrize(
    ("length", "minutes"),
    [
        (timedelta(minutes=-1), 0),
        (timedelta(0), 0),
        (timedelta(microseconds=1), Fraction(1, 60_000_000)),
        (timedelta(seconds=90), Fraction(3, 2)),
        (timedelta(days=1), 1440),
    ],
)
def test_minutes(length, minutes):
    """Minutes are exact, parts of them too; none if the end is not later."""
    step = Minutes().derive(at(NOON, NOON + length))
    assert (step.exact, step.unit) == (minutes, "minute")
    assert step.inputs == (("due_at", NOON), ("end_at", NOON + length))


def test_minutes_between_two_zones():
    """What counts is the time that passed, wherever the clocks hang."""
    shanghai = timezone(timedelta(hours=8))
    assert Minutes().derive(at(NOON, datetime(2026, 3, 16, 20, 30, tzinfo=shanghai))).exact == 30


@pytest.mark.parametrize(
    ("due", "end", "minutes"),
    [
        (NOON, NOON, 0),
        (NOON, NOON - timedelta(1), 0),
        (NOON.replace(hour=16, minute=59), NOON.replace(hour=17), 1),
        (NOON.replace(hour=17), NOON.replace(hour=23), 0),
        (NOON.replace(hour=8), NOON.replace(hour=9, second=30), Fraction(1, 2)),
        (NOON.replace(hour=16), NOON.replace(day=17, hour=10), 120),
        (NOON.replace(day=20, hour=16), NOON.replace(day=23, hour=10), 120),  # over a weekend
    ],
)
def test_open_minutes(due, end, minutes):
    """Only what lies within opening hours counts, and is kept as an input: a replay asks no calendar."""
    step = OpenMinutes(DESK).derive(at(due, end))
    assert (step.exact, step.unit) == (minutes, "open-minute")
    assert step.inputs == (("due_at", due), ("end_at", end), ("open_minutes", Fraction(minutes)))


@pytest.mark.parametrize(
    ("due", "end", "begun", "whole"),
    [
        (date(2026, 3, 15), date(2026, 3, 15), 0, 0),
        (date(2026, 3, 15), date(2026, 3, 1), 0, 0),
        (date(2026, 3, 15), date(2026, 3, 16), 1, 0),
        (date(2026, 3, 15), date(2026, 4, 14), 1, 0),
        (date(2026, 3, 15), date(2026, 4, 15), 1, 1),
        (date(2026, 3, 15), date(2026, 4, 16), 2, 1),
        (date(2026, 1, 31), date(2026, 2, 28), 1, 1),
        (date(2026, 1, 31), date(2026, 3, 1), 2, 1),
    ],
)
def test_months(due, end, begun, whole):
    """A month begun counts or not, as is said; the last day of February ends the month from the 31st."""
    facts = Facts(days={"due": due, "end": end})
    for mode, months in ((Rounding.UP, begun), (Rounding.DOWN, whole)):
        step = Months(mode, EndOfMonth.CLAMP).derive(facts)
        assert (step.exact, step.unit) == (months, "month")
        assert step.inputs[2:] == (("round", mode.value), ("end_of_month", "clamp"))


def test_the_end_of_a_month_that_lacks_the_day():
    """Where a month from the 31st ends on 1 March, it is not over on 28 February."""
    facts = Facts(days={"due": date(2026, 1, 31), "end": date(2026, 2, 28)})
    assert Months(Rounding.DOWN, EndOfMonth.NEXT).derive(facts).exact == 0


@pytest.mark.parametrize("mode", [Rounding.HALF_UP, Rounding.HALF_EVEN, None])
def test_how_months_count_is_said(mode):
    """There is no half of a month to round by, and no default."""
    with pytest.raises(InvalidValue, match=r"^round: found .*expected Rounding\.UP for begun months, or"):
        Months(mode, EndOfMonth.CLAMP)
    with pytest.raises(TypeError):
        Months()  # type: ignore[call-arg]


def test_years():
    """A day count is an exact part of a year, and tells its convention."""
    facts = Facts(days={"due": DUE, "end": date(2026, 3, 25)})
    for convention, years in (
        (DayCountConvention.ACT_365F, Fraction(10, 365)),
        (DayCountConvention.E30_360, Fraction(1, 36)),
    ):
        step = DayCount(convention).derive(facts)
        assert (step.exact, step.unit) == (years, "year")
        assert step.inputs[2:] == (("convention", convention.value),)


def test_parts_of_a_unit():
    """A quantity comes as it was measured, exactly."""
    step = Quantity("weight", "kilogram").derive(Facts(quantities={"weight": Decimal("1.1")}))
    assert (step.exact, step.unit) == (Fraction(11, 10), "kilogram")
    assert step.inputs == (("weight", Fraction(11, 10)),)
    with pytest.raises(MissingValue, match="weight has no value among the quantities given"):
        Quantity("weight", "kilogram").derive(Facts())


@pytest.mark.parametrize(
    ("days", "begun", "completed"), [(0, 0, 0), (1, 1, 0), (6, 1, 0), (7, 1, 1), (8, 2, 1), (14, 2, 2)]
)
def test_periods(days, begun, completed):
    """Of weeks, those that began or those that were completed; on the last day both are one number."""
    facts = late(DUE + timedelta(days))
    for counting, weeks in ((Counting.START, begun), (Counting.END, completed)):
        step = Days().periods(7, counting).derive(facts)
        assert (step.exact, step.unit) == (weeks, "period")
        assert step.inputs == (("length", Fraction(7)), ("counting", counting.value))


def test_how_periods_count_is_said():
    """A period is counted when it begins or when it ends: anything else is refused."""
    with pytest.raises(InvalidValue) as caught:
        Days().periods(7, "start")  # type: ignore[arg-type]
    assert (caught.value.field, caught.value.found) == ("counting", "start")
    assert caught.value.expected == "a Counting: START, END"


def test_converted():
    """Ninety minutes are an hour and a half; the unit is then that of hours."""
    step = Minutes().converted(Fraction(1, 60), "hour").derive(at(NOON, NOON + timedelta(minutes=90)))
    assert (step.exact, step.unit) == (Fraction(3, 2), "hour")
    with pytest.raises(InvalidValue, match=r"^unit: found 'Hour', expected a word in lower case"):
        Minutes().converted(60, "Hour")


def test_rounded_quantities():
    """Half kilograms, begun ones counted."""
    halves = Quantity("weight", "kilogram").rounded(Rounding.UP, Decimal("0.5"))
    for weight, charged in (
        ("0", 0),
        ("0.1", Fraction(1, 2)),
        ("0.5", Fraction(1, 2)),
        ("1.01", Fraction(3, 2)),
    ):
        step = halves.derive(Facts(quantities={"weight": Decimal(weight)}))
        assert (step.exact, step.unit) == (charged, "kilogram")


def test_no_more_than_so_many():
    """Overdue days, at most sixty of them."""
    for days, counted in ((59, 59), (60, 60), (61, 60)):
        assert Days().at_most(Fixed(60, "day")).derive(late(DUE + timedelta(days))).exact == counted


@pytest.mark.parametrize("number", [0, -1, 0.5, True, Decimal("NaN"), "7"])
def test_lengths_ratios_and_steps_are_above_nothing(number):
    """A period of no length, a ratio or step of 0, a float: refused by name."""
    for name, make in {
        "length": lambda: Days().periods(number, Counting.END),
        "ratio": lambda: Days().converted(number, "hour"),
        "step": lambda: Days().rounded(Rounding.UP, number),
    }.items():
        with pytest.raises(InvalidValue) as caught:
            make()
        assert (caught.value.field, caught.value.found) == (name, number)
        assert caught.value.expected == "an int, a Fraction or a Decimal above 0"


def test_a_grace_in_days_on_a_count_of_minutes():
    """Days are not forgiven for minutes, nor minutes for open minutes, by whichever way of grace."""
    for one, other in ((Minutes(), Fixed(1, "day")), (OpenMinutes(DESK), Fixed(30, "minute"))):
        for name, join in {"deduct": one.deduct, "cliff": one.cliff, "at_most": one.at_most}.items():
            with pytest.raises(TypeError, match=f"^{name}: found {other.unit}, expected {one.unit}$"):
                join(other)
        with pytest.raises(TypeError, match=f"^plus: found {other.unit}, expected {one.unit}$"):
            one + other


def test_names_of_facts_in_measures():
    """What is counted and between what is named as facts are."""
    for field, make in {
        "name": lambda: Count("number of volumes", "volume"),
        "after": lambda: Days(after="_due"),
        "through": lambda: Minutes(through="end at"),
    }.items():
        with pytest.raises(InvalidValue, match=f"^{field}: found .*expected a name of letters"):
            make()
    with pytest.raises(InvalidValue, match=r"^name: found '', expected a name"):
        Quantity("", "kilogram")
    with pytest.raises(InvalidValue, match=r"^after: found None, expected a name"):
        Months(Rounding.UP, EndOfMonth.CLAMP, after=None)  # type: ignore[arg-type]


def test_numbers_are_kept_as_they_read():
    """A decimal that is a whole number is kept as one, so that equal measures are equal."""
    assert repr(Fixed(Decimal("2.0"), "day")) == "Fixed(quantity=2, unit='day')"
    assert Days().periods(Fraction(14, 2), Counting.END) == Days().periods(7, Counting.END)
    assert Days().converted(Decimal(24), "hour") == Days().converted(24, "hour")


class Backwards:
    """A calendar that counts below nothing."""

    def open_days(self, after, through):
        return -3

    def open_time(self, start, end):
        return timedelta(hours=-1)


def test_a_calendar_that_counts_below_nothing_is_refused():
    """Neither form of the rule takes a negative count for a discount."""
    days = {"due": date(2026, 1, 1), "end": date(2026, 1, 5)}
    instants = {f"{name}_at": datetime(2026, 1, day.day, tzinfo=UTC) for name, day in days.items()}
    for measure, given in ((OpenDays(Backwards()), days), (OpenMinutes(Backwards()), instants)):
        rule = Rounded(PerUnit(measure, Money(1, "CNY")), Rounding.UP)
        for work in (
            lambda rule=rule: evaluate(rule, Facts(days=days, instants=instants)),
            lambda rule=rule, given=given: compiled(rule)(**given),
        ):
            with pytest.raises(InvalidValue, match="from the calendar"):
                work()


@pytest.mark.parametrize("unit", ["日", "册", "square-metre", "a1", "per"])
def test_units_in_any_language(unit):
    """A unit may be a word of any script that has no capitals in it; it reads back from its text."""
    assert parse(text_of(PerUnit(Fixed(2, unit), Money(1, "CNY")))) == PerUnit(
        Fixed(2, unit), Money(1, "CNY")
    )


@pytest.mark.parametrize("unit", ["-day", "day·x", "ﬁ", "Day", "1day", "day-", ""])
def test_what_is_no_unit(unit):
    """What would not read back, or reads as another word, is refused."""
    with pytest.raises(InvalidValue, match=r"^unit"):
        Fixed(2, unit)
