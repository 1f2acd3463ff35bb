"""A warranty verdict on the line: who pays for parts, labour and travel, until when, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NewType, TypeVar

import attrs
import click
from cattrs import BaseValidationError, Converter

from servflow.cli._host import Host, day, host_options, pass_host
from servflow.cli._service_case import (
    answers,
    asking,
    assigned,
    check_events,
    check_given,
    clause_plain,
    distance,
    service_book,
)
from servflow.cli._show import as_json, say, table
from servflow.codec import problems, read, toml
from servflow.core.aftersales.claims import Claim, PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.covers import Cover, CoverState
from servflow.core.aftersales.policy import RepairWarranty, ServiceRules, Warranty
from servflow.core.aftersales.warranty import Ruling, Verdict, verdict
from servflow.core.aftersales.words import ChargeClass, Coverage, Event, Lasting, parse_lasting
from servflow.core.dates import Term
from servflow.core.errors import InvalidFacts, InvalidValue, Problem
from servflow.rulebooks import Rulebook, service_policy

__all__ = ["warranty"]

F = TypeVar("F", bound=Callable[..., Any])

Day = NewType("Day", date)  # as TOML has it, or a text
DayOrNot = NewType("DayOrNot", object)  # a day, or the word for one that has not come

_NOT_YET: Final = "not-yet"
_YES_OR_NO: Final = MappingProxyType({"yes": True, "no": False})
_SILENT: Final = "this rulebook says nothing of a warranty"
_DAY: Final = timedelta(days=1)
_CLASSES: Final = tuple(ChargeClass)


# --- a claim as it is written -----------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _RepairTable:
    """An earlier repair of the unit."""

    finished: Day
    fault_group: str
    ref: str = ""
    parts: tuple[str, ...] = ()
    term: Lasting | None = None
    coverage: Coverage | None = None


@attrs.frozen(kw_only=True)
class _ContractTable:
    """A contract over the unit, from its first day through its last."""

    name: str
    first: Day
    last: Day
    classes: tuple[ChargeClass, ...] = _CLASSES
    gives: Coverage = Coverage.CONTRACT
    governs: bool = False


@attrs.frozen(kw_only=True)
class _ReplacementTable:
    """That the unit took another one's place."""

    on: Day
    term: Lasting
    classes: tuple[ChargeClass, ...] = _CLASSES


@attrs.frozen(kw_only=True)
class _ClaimTable:
    """The claim itself."""

    reported: Day
    answers: Mapping[str, str] = MappingProxyType({})
    dates: Mapping[str, DayOrNot] = MappingProxyType({})
    distance: str = ""
    given: Mapping[str, Lasting] = MappingProxyType({})
    fault_group: str = ""
    part: str = ""
    contracts: tuple[_ContractTable, ...] = ()
    repairs: tuple[_RepairTable, ...] = ()
    replacement: _ReplacementTable | None = None
    transferred: bool = False
    quantity: int = 1
    covered_quantity: int | None = None

    def claim(self) -> Claim:
        """The claim that is meant.

        Raises:
            InvalidValue: what it says does not go together.
        """
        for each in self.contracts:
            if not each.first <= each.last < date.max:
                found = f"{each.first.isoformat()}/{each.last.isoformat()}"
                raise InvalidValue(
                    f"contract {each.name}", found, "a last day from the first on, before 9999-12-31"
                )
        return Claim(
            reported_on=self.reported,
            answers=self.answers,
            distance=distance(self.distance or None),
            dates={Event(name): on for name, on in self.dates.items()},  # type: ignore[misc]  # days, by DayOrNot
            given=self.given,
            fault_group=self.fault_group,
            part=self.part,
            contracts=tuple(
                ServiceContract(
                    name=each.name,
                    term=Term(each.first, each.last + _DAY),
                    classes=each.classes,
                    gives=each.gives,
                    governs=each.governs,
                )
                for each in self.contracts
            ),
            repairs=tuple(
                PastRepair(
                    ref=each.ref or str(number),
                    finished_on=each.finished,
                    fault_group=each.fault_group,
                    parts=each.parts,
                    lasting=each.term,
                    coverage=each.coverage,
                )
                for number, each in enumerate(self.repairs, start=1)
            ),
            replacement=None
            if self.replacement is None
            else Replacement(
                on=self.replacement.on, lasting=self.replacement.term, classes=self.replacement.classes
            ),
            transferred=self.transferred,
            quantity=self.quantity,
            covered_quantity=self.covered_quantity,
        )


def _day(value: object, _: object) -> date:
    if type(value) is date:
        return value
    try:
        return day(value)  # type: ignore[arg-type]  # what is no text has no such form
    except (click.BadParameter, TypeError):
        raise InvalidValue("", value, "a day such as 2026-01-31") from None


def _day_or_not(value: object, _: object) -> date | None:
    try:
        return None if value == _NOT_YET else _day(value, None)
    except InvalidValue:
        raise InvalidValue("", value, f"a day such as 2026-01-31, or {_NOT_YET}") from None


def _lasting(value: object, _: object) -> Lasting:
    try:
        return parse_lasting(value)  # type: ignore[arg-type]  # it refuses what is no text
    except InvalidValue as error:
        raise InvalidValue("", value, error.expected) from None


@cache
def _converter() -> Converter:
    made = toml.converter()
    made.register_structure_hook(Day, _day)
    made.register_structure_hook(DayOrNot, _day_or_not)
    made.register_structure_hook(Lasting, _lasting)
    return made


def _claim(written: Mapping[str, Any], where: str) -> Claim:
    """The claim that the tables say.

    Raises:
        InvalidFacts: they have mistakes, all of which are named.
        InvalidValue: what they say does not go together.
    """
    wrong = [
        Problem(f"dates.{name}", "an unknown event", f"one of {', '.join(each.value for each in Event)}")
        for name in _keys(written.get("dates"))
        if name not in {each.value for each in Event}
    ]
    made: _ClaimTable | None = None
    try:
        made = _converter().structure(written, _ClaimTable)
    except BaseValidationError as error:
        wrong += problems(error, key=toml.key)
    if made is None or wrong:
        raise InvalidFacts(
            where, [Problem(f"{where}: {each.where}", each.found, each.expected) for each in wrong]
        )
    return made.claim()


def _keys(found: object) -> Iterable[str]:
    return found if isinstance(found, dict) else ()


def _file(file: Path | None) -> dict[str, Any]:
    """What the file says, TOML or JSON.

    Raises:
        InvalidFacts: it cannot be read.
    """
    if file is None:
        return {}
    where = str(file)
    found: Any
    if file.suffix == ".toml":
        found = toml.document(file, where)
    else:
        try:
            found = read(file.read_bytes())
        except OSError as error:
            found = Problem(where, error.strerror or type(error).__name__, "a file that can be read")
        except InvalidValue as error:
            found = Problem(where, str(error.found), error.expected)
    if isinstance(found, Problem):
        raise InvalidFacts(where, [found])
    if not isinstance(found, dict):
        raise InvalidFacts(where, [Problem(where, type(found).__name__, "an object: the claim")])
    return found


# --- what is typed ----------------------------------------------------------------------------------


def _parts(written: str, option: str) -> tuple[str, dict[str, str]]:
    """What stands before the first semicolon, and what is said behind it."""
    head, *rest = written.split(";")
    return " ".join(head.split()), assigned(rest, option)


def _listed(said: dict[str, str], *names: str) -> dict[str, Any]:
    """The same, with lists where several values are meant."""
    split = {name: [each.strip() for each in said[name].split(",")] for name in names if name in said}
    return {**said, **split}


def _repair(written: str) -> dict[str, Any]:
    head, said = _parts(written, "--repair")
    finished, _, group = head.partition(" ")
    if not group:
        expected = "a day and a fault group such as '2025-01-10 gearbox; parts=bearing,seal; term=6 months'"
        raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--repair")
    return {"finished": finished, "fault-group": group, **_listed(said, "parts")}


def _contract(written: str) -> dict[str, Any]:
    head, said = _parts(written, "--contract")
    name, _, term = head.rpartition(" ")
    first, sign, last = term.partition("/")
    if not (name and sign):
        expected = "a name and its first and last day such as 'care 2025-01-01/2025-12-31; classes=labour'"
        raise click.BadParameter(f"found {written!r}, expected {expected}", param_hint="--contract")
    more = _listed(said, "classes")
    if "governs" in more:
        if more["governs"] not in _YES_OR_NO:
            expected = " or ".join(_YES_OR_NO)
            raise click.BadParameter(
                f"found {more['governs']!r}, expected {expected}", param_hint="--contract"
            )
        more["governs"] = _YES_OR_NO[more["governs"]]
    return {"name": name, "first": first, "last": last, **more}


def _replacement(written: str) -> dict[str, Any]:
    head, said = _parts(written, "--replacement")
    on, _, term = head.partition(" ")
    return {"on": on, "term": term, **_listed(said, "classes")}


@click.group()
@host_options
def warranty() -> None:
    """Warranties of a service firm: the verdict on a claim."""


@warranty.command("verdict")
@click.argument("name", metavar="RULEBOOK")
@click.option("--reported", metavar="DAY", help="The day of the report, at the site.")
@click.option(
    "--date",
    "happened",
    multiple=True,
    metavar="EVENT=DAY",
    help="When something happened (sold=2024-02-29), or not-yet; repeatable.",
)
@click.option(
    "--answer", "said", multiple=True, metavar="QUESTION=ANSWER", help="Such as cause=misuse; repeatable."
)
@click.option("--distance", "far", metavar="DISTANCE", help="How far the site is, such as '80 km road'.")
@click.option(
    "--given",
    multiple=True,
    metavar="NAME=TERM",
    help="A term that the rulebook leaves to the contract; repeatable.",
)
@click.option("--fault-group", metavar="GROUP", help="Which kind of fault it is.")
@click.option("--part", metavar="PART", help="The part in question.")
@click.option(
    "--repair",
    "repairs",
    multiple=True,
    metavar="'DAY GROUP'",
    help="An earlier repair, behind it '; parts=A,B; term=6 months; ref=R; coverage=C'; repeatable.",
)
@click.option(
    "--contract",
    "contracts",
    multiple=True,
    metavar="'NAME FIRST/LAST'",
    help="A contract, behind it '; classes=labour,travel; gives=free; governs=yes'; repeatable.",
)
@click.option(
    "--replacement", metavar="'DAY TERM'", help="The unit took another's place, behind it '; classes=parts'."
)
@click.option("--transferred", is_flag=True, default=None, help="The unit changed hands.")
@click.option("--quantity", type=int, help="How many are claimed (1).")
@click.option("--covered-quantity", type=int, help="How many the cover is for.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="The claim, in TOML (.toml) or JSON; what is typed counts before it.",
)
@host_options
@pass_host
def verdict_(
    host: Host,
    /,
    name: str,
    *,
    reported: str | None,
    happened: tuple[str, ...],
    said: tuple[str, ...],
    far: str | None,
    given: tuple[str, ...],
    repairs: tuple[str, ...],
    contracts: tuple[str, ...],
    replacement: str | None,
    file: Path | None,
    **simple: Any,
) -> None:
    """Who pays for parts, labour and travel, and why.

    RULEBOOK is one that ships, or a file. What decides and was not said is asked for (exit code 1).
    """
    typed = {
        "reported": reported,
        "distance": far,
        "replacement": None if replacement is None else _replacement(replacement),
        **{toml.key(field): value for field, value in simple.items()},
    }
    document = _file(file)
    written: dict[str, Any] = {
        **document,
        **{key: value for key, value in typed.items() if value is not None},
    }
    on_line = {
        "answers": answers(said),
        "dates": assigned(happened, "--date", "EVENT=DAY"),
        "given": assigned(given, "--given", "NAME=TERM"),
    }
    for key, more in on_line.items():
        if more:
            written[key] = {**_table(written.get(key)), **more}
    for key, others in (
        ("repairs", [_repair(each) for each in repairs]),
        ("contracts", [_contract(each) for each in contracts]),
    ):
        if others:
            written[key] = [*_list(written.get(key)), *others]
    book = service_book(name)
    claim = _read(written, file)
    rules = service_policy(book).on(claim.reported_on)
    _check_typed(rules, claim, on_line["dates"], on_line["given"])
    with asking(rules):
        found = verdict(rules, claim)
    if host.json:
        as_json(_plain(host, book, rules, found))
    else:
        _show(host, rules, found)


def _check_typed(rules: ServiceRules, claim: Claim, dated: Iterable[str], given: Iterable[str]) -> None:
    """Every date and every term on the line is one that the rules ask about; a file may say more.

    Raises:
        BadParameter: one is not.
    """
    warranties = [each.rule for each in rules.of(Warranty)]
    check_events(map(Event, dated), [each.since for each in warranties], "--date")
    terms = [
        *(each.lasting(charge) for each in warranties for charge in ChargeClass),
        *(each.rule.lasting for each in rules.of(RepairWarranty)),
        *(each.lasting for each in claim.repairs if each.lasting is not None),
        *([] if claim.replacement is None else [claim.replacement.lasting]),
    ]
    check_given(given, [each.given for each in terms if each.given])


def _table(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _read(written: Mapping[str, Any], file: Path | None) -> Claim:
    """The claim; its mistakes are those of the file, or of the line where there is none."""
    if file is not None:
        return _claim(written, str(file))
    try:
        return _claim(written, "the claim")
    except InvalidFacts as error:
        raise click.UsageError("\n".join(map(str, error.problems))) from None


# --- what is shown ----------------------------------------------------------------------------------


def _show(host: Host, rules: ServiceRules, found: Verdict) -> None:
    texts = host.texts
    table(
        f"{rules.firm}: reported {texts.day(found.reported_on)}",
        ("class", "outcome", "borne by", "basis", "last day", "clauses"),
        [
            (
                texts.name("charge-class", ruling.charge.value),
                texts.name("coverage", ruling.coverage.value),
                texts.name("bearer", ruling.bearer.value),
                ", ".join(ruling.basis),
                "" if ruling.last_day is None else texts.day(ruling.last_day),
                ", ".join(dict.fromkeys(clause.id for clause in (*ruling.clauses, *ruling.borne_by))),
            )
            for ruling in found.rulings
        ],
    )
    for reason in found.reasons:
        say(f"- {texts.reason(reason)}")
    if _silent(rules, found):
        say(f"- {_SILENT}")


def _silent(rules: ServiceRules, found: Verdict) -> bool:
    """Whether no rule is about a warranty, and nothing else covers: that nothing does is then no ruling."""
    ruled = any((rules.of(Warranty), rules.of(RepairWarranty)))
    return not ruled and all(cover.state is not CoverState.RUNNING for cover in found.covers)


def _plain(host: Host, book: Rulebook, rules: ServiceRules, found: Verdict) -> dict[str, Any]:
    return {
        "firm": rules.firm,
        "rulebook": book.name,
        "version": found.version,
        "reported": found.reported_on.isoformat(),
        "term": None if found.term is None else found.term.value,
        "coverage": found.coverage.value,
        "rulings": [_plain_ruling(each) for each in found.rulings],
        "covers": [_plain_cover(each) for each in found.covers],
        "discount": found.discount,
        "repeat": None if found.repeat is None else found.repeat.ref,
        "rework": found.rework,
        "refer": found.refer,
        "through": list(found.through),
        "notify": list(found.notify),
        "may_refuse": found.may_refuse,
        "note": _SILENT if _silent(rules, found) else None,
        "reasons": host.codec.encode(list(found.reasons)),
        "texts": [host.texts.reason(reason) for reason in found.reasons],
    }


def _plain_ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "class": ruling.charge.value,
        "coverage": ruling.coverage.value,
        "bearer": ruling.bearer.value,
        "basis": list(ruling.basis),
        "last_day": _plain_day(ruling.last_day),
        "until": _plain_day(ruling.until),
        "clauses": [clause_plain(clause) for clause in ruling.clauses],
        "borne_by": [clause_plain(clause) for clause in ruling.borne_by],
    }


def _plain_cover(cover: Cover) -> dict[str, Any]:
    return {
        "name": cover.name,
        "kind": cover.kind.value,
        "class": cover.charge.value,
        "gives": cover.gives.value,
        "state": cover.state.value,
        "start": _plain_day(cover.start),
        "until": _plain_day(cover.until),
        "last_day": _plain_day(cover.last_day),
        "of": cover.of,
        "missing": None if cover.missing is None else cover.missing.name,
        "clause": None if cover.clause is None else clause_plain(cover.clause),
    }


def _plain_day(found: date | None) -> str | None:
    return None if found is None else found.isoformat()
