"""The page that describes the rules of service firms says what the loader reads."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from servflow.codec.toml import key
from servflow.core.aftersales.circumstances import STANDARD, Distance, MeasuredBy
from servflow.core.aftersales.complaints import commands as complaints
from servflow.core.aftersales.corrective import commands as corrective
from servflow.core.aftersales.desk_rules import Every, Measure, Series
from servflow.core.aftersales.findings import commands as findings
from servflow.core.aftersales.policy import Warranty
from servflow.core.aftersales.promises import FaultReport, promised
from servflow.core.aftersales.technicians import commands as technicians
from servflow.core.aftersales.tickets import commands as tickets
from servflow.core.aftersales.tickets.states import Channel
from servflow.core.aftersales.units import commands as units
from servflow.core.aftersales.words import (
    Bearer,
    ChargeClass,
    CollectionWay,
    Coverage,
    DutyKind,
    Event,
    PauseReason,
    TargetKind,
)
from servflow.rulebooks import load, service_policy
from servflow.rulebooks._service import KINDS, service

ROOT = Path(__file__).parents[2]


def test_the_description_has_every_kind_of_a_service_rule_with_its_keys():
    """In the order of the kinds: the first key, then all others, those that may be left out with a mark."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    table = page.partition("| kind | first key | other keys")[2].partition("\n\n")[0]
    rows = [row.split(" | ") for row in table.splitlines()[2:]]

    assert [re.findall("`([a-z-]+)`", first)[0] for _, first, _ in rows] == list(KINDS)
    for (kind, field), (_, first, others) in zip(KINDS.values(), rows, strict=True):
        known = {key(each.name): each.default is not MISSING for each in fields(kind) if each.name != field}
        written = {name: bool(mark) for name, mark in re.findall(r"`([a-z-]+)(\??)`", others)}
        assert {name: optional for name, optional in written.items() if name in known} == known, first


def test_the_description_has_every_word_of_service_rules():
    """The values of each enum, and the questions of the field with their answers."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")

    def rows(heading):
        table = page.partition(f"{heading}\n|---|---|\n")[2].partition("\n\n")[0]
        cells = [row.strip("| ").split(" | ") for row in table.splitlines()]
        return {name: re.findall("`([a-zA-Z-]+)`", words) for name, words in cells}

    assert rows("| words for | are |") == {
        name: [each.value for each in kind] + ["as-covered"] * (kind is Bearer)
        for name, kind in (
            ("`promise`, `kinds`", TargetKind),
            ("`duty`", DutyKind),
            ("events", Event),
            ("`exclusion`, `grant`", Coverage),
            ("`classes`", ChargeClass),
            ("`handling`", Bearer),
            ("`collection`", CollectionWay),
            ("`pauses`", PauseReason),
            ("`papers`", Series),
            ("`channels`, `complaint-channels`", Channel),
            ("`indicator`", Measure),
            ("`recurring`, `every`, `per`", Every),
        )
    }
    assert rows("| question | answers |") == {
        f"`{name}`": list(question.answers) for name, question in STANDARD.items()
    }


def test_the_description_has_every_step_that_asks_for_a_list():
    """Those of the commands to each kind of aggregate, in their order."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    table = page.partition("| of | steps |\n|---|---|\n")[2].partition("\n\n")[0]
    written = [re.findall("`([a-z-]+)`", row) for row in table.splitlines()]

    def steps(part):
        found = (getattr(each, "step", "") for each in vars(part).values())
        return [*dict.fromkeys(each for each in found if each and isinstance(each, str))]

    assert written == [*map(steps, (tickets, units, complaints, technicians, findings, corrective))]


def test_the_texts_of_service_rules_in_the_description_are_read():
    """Every length, term, period, rung and band that the page writes is one."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    table = page.partition("| text | written as |\n|---|---|\n")[2].partition("\n\n")[0]
    texts = [re.findall("`([^`]+)`", row.rpartition(" | ")[2]) for row in table.splitlines()]
    lengths, terms, periods, rungs, bands, shares = texts

    tables = {
        **{f"length-{n}": {"quote-validity": text} for n, text in enumerate(lengths)},
        **{f"term-{n}": {"repair-warranty": text} for n, text in enumerate(terms)},
        "kept": {"retention": ["record"], "at-least": periods[-1], "at-most": periods[0]},
        "visit": {"duty": "visit", "since": "sold", "offsets": periods},
        "rungs": {"ladder": [{"level": 1, "at": text, "action": "head"} for text in rungs]},
        **{f"share-{n}": {"indicator": "on-time", "at-least": text} for n, text in enumerate(shares)},
        **{
            f"distance-{n}": {"distance": "road", "bands": [text, bands[-1]]}
            for n, text in enumerate(bands[:-1])
        },
    }
    written = {name: {"values": [{"from": "unknown", "is": said}]} for name, said in tables.items()}
    assert len(lengths) > 9
    for name, rule in written.items():
        assert service({name: rule})[1] == [], name


def test_the_example_of_service_rules_in_the_description_loads(tmp_path):
    """Word for word; near means up to 100 km, and what was left blank is asked for."""
    page = (ROOT / "docs/rulebook-format.md").read_text("utf-8")
    path = tmp_path / "example.toml"
    path.write_text(
        page.partition("## The policy `aftersales`")[2].split("```")[1].removeprefix("toml\n"), "utf-8"
    )
    rules = service_policy(load(path)).on(date(2026, 5, 4))
    at = datetime(2026, 5, 4, 17, tzinfo=ZoneInfo("Asia/Shanghai"))

    def kinds(metres, level):
        distance = Distance(metres, MeasuredBy.ROAD)
        found = promised(rules, FaultReport(at=at, answers={"level": level}, distance=distance))
        return [each.kind.value for each in found]

    assert kinds(100_000, "standstill") == ["on-site"]
    assert kinds(100_001, "standstill") == []
    assert kinds(100_001, "other") == ["answer"]
    assert rules.of(Warranty)[0].rule.travel.given == "travel-term"
