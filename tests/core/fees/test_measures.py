"""Facts and measures: what is counted, from which day to which, and in which unit."""

from datetime import date, datetime
from fractions import Fraction

import pytest

from servflow.core.errors import InvalidValue, MissingValue
from servflow.core.fees import Count, Days, Facts, Fixed, Measure, OpenDays, Operation
from servflow.core.money import Money

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
