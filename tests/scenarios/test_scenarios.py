"""What other systems' own tests expect of interlibrary loans, as our two lifecycles give it."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from scenario_desks import FACETS, PATHS
from scenario_format import SIDES, Scenario, known_codes, known_kinds, read_all, read_file
from scenario_page import PAGE, tables, written
from scenario_runs import differences

from servflow.core.errors import InvalidFacts

_HERE: Final = Path(__file__).parent
_SCENARIOS: Final = read_all(_HERE)


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.id) for each in _SCENARIOS])
def test_scenario(scenario: Scenario) -> None:
    """It comes as the scenario expects."""
    assert differences(scenario) == []


# --- what there is --------------------------------------------------------------------------------


def test_every_side_and_the_wire_are_tried() -> None:
    """There are many scenarios of each side, and at least twenty of messages on the wire."""
    sides = Counter(each.side for each in _SCENARIOS)
    assert len(_SCENARIOS) >= 400
    assert {side: sides[side] >= 20 for side in SIDES} == dict.fromkeys(SIDES, True)


def test_files_are_named_by_peer_and_side() -> None:
    """A scenario's id begins as its file's name does, which ends with its side."""
    for each in _SCENARIOS:
        peer, _, side = each.file.removesuffix(".toml").partition("-")
        assert re.fullmatch(rf"{peer}-\d{{3}}[a-z]?", each.id), each.where
        assert side == each.side, each.where


def test_names_differ() -> None:
    """No two scenarios of a file have one name, and none stands for the same play twice."""
    for fact in ("name", "play"):
        said = [
            (each.file, each.name if fact == "name" else str((each.given, each.steps, each.expect)))
            for each in _SCENARIOS
        ]
        twice = {key for key, count in Counter(said).items() if count > 1}
        assert twice == set()


# --- the page -------------------------------------------------------------------------------------


def test_page_is_up_to_date() -> None:
    """The tables of docs/peers-ill.md are those of the scenarios; tests/scenarios/scenario_page.py writes them."""
    page = PAGE.read_text(encoding="utf-8")
    assert written(page, tables(_SCENARIOS)) == page


def test_page_shows_a_real_scenario() -> None:
    """The scenario that docs/peers-ill.md shows is one of those that are played."""
    page = PAGE.read_text(encoding="utf-8")
    _, _, below = page.partition("## How a scenario reads\n")
    block = re.search(r"(?:^    .*\n)+", below, re.MULTILINE)
    assert block is not None
    (shown,) = tomllib.loads(textwrap.dedent(block[0]))["scenario"]
    (played,) = (each for each in _SCENARIOS if each.id == shown["id"])
    assert shown == {
        "id": played.id,
        "name": played.name,
        "source": played.source,
        "given": played.given,
        "steps": played.steps,
        "expect": played.expect,
        "differs": played.differs,
        "peer": played.peer_expects,
    }


def test_page_has_every_table() -> None:
    """A page without one of the tables is seen."""
    with pytest.raises(KeyError, match="Where we differ"):
        written(
            "## From which projects\n\n| a |\n|---|\n\n## Where we differ\n\nnothing\n", tables(_SCENARIOS)
        )


# --- situations -----------------------------------------------------------------------------------


def _scenario(**other: Any) -> Scenario:
    """A scenario that comes as it expects, but for what is said to be other."""
    good = Scenario(
        file="peer-borrowing.toml",
        of="Peer",
        side="borrowing",
        id="peer-001",
        name="A supplier that expects to supply is heard.",
        source="owner/repository:tests/test_it.py (test_it)",
        given={"state": "sent"},
        steps=[{"say": "HearExpect"}],
        expect={"state": "expected"},
    )
    return replace(good, **other)


_NEEDED: Final[dict[str, dict[str, Any]]] = {
    "blocked": {"facts": {"debarred": True}},
    "delivered": {"request": {"service": "Copy"}},
    "closed copy_delivered": {"request": {"service": "Copy"}},
    "closed copy_supplied": {"request": {"service": "Copy"}},
    "rota_exhausted": {"rota": 0},
    "closed unfilled": {"rota": 0},
}


@pytest.mark.parametrize("side", ["borrowing", "supplying"])
def test_every_situation_is_reached(side: str) -> None:
    """The way to each situation leads there, by what is said at a real desk."""
    for state in PATHS[side]:
        needed = {k: v for k, v in _NEEDED.get(state, {}).items() if k != "rota" or side == "borrowing"}
        given = {"state": state, **needed}
        expected = {"nothing": "none", "unrelated": "none", "routable again": "routable"}.get(state, state)
        scenario = _scenario(
            side=side, given=given, steps=[], expect={"state": expected.split(maxsplit=1)[0]}
        )
        assert differences(scenario) == [], state


_BESIDE: Final[dict[str, dict[str, Any]]] = {
    "borrowing": {
        "cancel": "end_case",
        "cancel_refused": "end_case",
        "renewal": True,
        "recalled": date(2026, 2, 2),
        "held": True,
        "rejected": "end_case",
    },
    "supplying": {"cancel": True, "renewal": "reading", "recalled": date(2026, 2, 2), "held": True},
}


@pytest.mark.parametrize("side", ["borrowing", "supplying"])
def test_everything_beside_a_state_is_reached(side: str) -> None:
    """What may stand beside a state is there when the way is behind us."""
    stands = {
        "cancel": {"cancel": "pending"},
        "cancel_refused": {"cancel": "refused"},
        "renewal": {"renewal": "pending"},
        "recalled": {"recalled": True},
        "held": {"held": True},
        "rejected": {"offer": "rejected", "cancel": "pending"},
    }
    assert set(_BESIDE[side]) == set(FACETS[side])
    for name, value in _BESIDE[side].items():
        state = FACETS[side][name][0][-1]
        given = {"state": state, name: value}
        assert differences(_scenario(side=side, given=given, steps=[], expect=stands[name])) == [], name


# --- what a wrong scenario comes to ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"expect": {"state": "promised"}}, "state: expected 'promised', found 'expected'"),
        (
            {"expect": {"state": "expected", "refused": ["ill.recalled"]}},
            "step 1 refused: expected ['ill.recalled'], found []",
        ),
        (
            {"steps": [{"say": "Receive"}], "expect": {"state": "sent"}},
            "step 1 refused: expected [], found ['ill.not-shipped-yet']",
        ),
        (
            {"steps": [{"say": "HearWithdrawn"}], "expect": {"state": "routable"}},
            "attention: expected [], found ['ill.attention.supplier-cancelled']",
        ),
        (
            {"expect": {"attention": ["ill.attention.late"]}},
            "attention: expected ['ill.attention.late'], found []",
        ),
        ({"expect": {"told": ["ill.patron.ready"]}}, "told: expected 'ill.patron.ready', found []"),
        (
            {"steps": [{"say": "CancelRequest"}], "expect": {"untold": ["ill.borrowing.cancel"]}},
            "told: expected no 'ill.borrowing.cancel', found ['ill.borrowing.cancel']",
        ),
        (
            {"expect": {"withdrawn": ["ill.patron.ready"]}},
            "withdrawn: expected 'ill.patron.ready', found []",
        ),
        (
            {"steps": [{"say": "HearOffer"}], "expect": {"state": "sent"}},
            "step 1 unsayable: expected '', found 'offer'",
        ),
        (
            {"steps": [{"say": "HearExpect"}, {"again": True}], "expect": {"repeated": False}},
            "step 2 repeated",
        ),
        ({"expect": {"recalled": 0}}, "recalled: expected 0, found False"),
        ({"given": {"state": "nothing"}, "steps": [], "expect": {"state": "draft"}}, "found 'none'"),
        (
            {"side": "both", "steps": [{"say": "Expect"}], "expect": {"supplying": {"state": "new"}}},
            "supplying state: expected 'new', found 'checking'",
        ),
        (
            {"side": "both", "steps": [{"say": "Expect"}], "expect": {"bounced": ["nothing"]}},
            "bounced: expected ['nothing'], found []",
        ),
        (
            {
                "side": "wire",
                "given": {"side": "supplying"},
                "steps": [{"request": {"without": ["header/timestamp"]}}],
                "expect": {"state": "none"},
            },
            "step 1 unreadable: expected [], found ['ISO18626Message/request/header/timestamp']",
        ),
    ],
)
def test_a_wrong_expectation_is_seen(other: dict[str, Any], found: str) -> None:
    """What comes otherwise is said: what was expected, and what was found."""
    assert any(found in difference for difference in differences(_scenario(**other)))


def test_a_good_scenario_has_no_differences() -> None:
    """The scenario that the other tests spoil comes as it expects."""
    assert differences(_scenario()) == []


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"expect": {"stat": "expected"}}, "the key 'stat'"),
        ({"expect": {"state": "expect"}}, "the state 'expect'"),
        ({"expect": {"outcome": "done"}}, "the outcome 'done'"),
        ({"expect": {"refused": ["ill.no-such-code"]}}, "the code 'ill.no-such-code'"),
        (
            {"expect": {"attention": ["ill.attention.no-such-thing"]}},
            "the code 'ill.attention.no-such-thing'",
        ),
        ({"expect": {"told": ["ill.patron.shipped"]}}, "the message 'ill.patron.shipped'"),
        ({"expect": {"untold": ["ill.patron.shipped"]}}, "the message 'ill.patron.shipped'"),
        ({"given": {"state": "send"}}, "the state 'send'"),
        ({"given": {"state": "sent", "cancelled": True}}, "the key 'cancelled'"),
        ({"given": {"state": "sent", "offer": {"cost": "5.00 CNY"}}}, "the key 'offer'"),
        ({"given": {"state": "sent", "renewal": True}}, "renewal at sent"),
        ({"given": {"state": "sent", "request": {"tittle": "x"}}}, "the field 'tittle'"),
        ({"given": {"state": "sent", "rules": {"renewal": 2}}}, "the rule 'renewal'"),
        ({"given": {"state": "sent", "rules": {"renewals": "two"}}}, "'two'"),
        ({"given": {"state": "sent", "facts": {"age": 7}}}, "the fact 'age'"),
        ({"steps": [{"say": "HearExpected"}]}, "the command 'HearExpected'"),
        ({"steps": [{"say": "HearExpect", "cost": "5.00 CNY"}]}, "the field 'cost'"),
        ({"steps": [{"say": "HearUnfilled", "why": "NoReason"}]}, "'NoReason'"),
        ({"steps": [{"say": "HearOffer", "cost": "five"}]}, "'five'"),
        ({"steps": [{"say": "HearExpect", "by": "the supplier"}]}, "the speaker 'the supplier'"),
        ({"steps": [{"say": "HearStatus"}]}, "missing"),
        ({"steps": [{"tell": "HearExpect"}]}, "a step with none of them"),
        ({"steps": [{"say": "HearExpect", "clock": date(2026, 2, 2)}]}, "a step with say, clock"),
        ({"steps": [{"clock": date(2026, 2, 2), "until": 1}]}, "the key 'until'"),
        ({"side": "both", "expect": {"state": "sent"}, "steps": []}, "the key 'state'"),
        ({"side": "both", "given": {"state": "sent", "facts": {}}}, "the key 'facts'"),
        ({"side": "wire"}, "the side None"),
        (
            {"side": "wire", "given": {"side": "supplying"}, "steps": [{"request": {"without": ["head"]}}]},
            "the element 'head'",
        ),
        (
            {"side": "wire", "given": {"side": "supplying"}, "steps": [{"request": {"lacking": ["header"]}}]},
            "the key 'lacking'",
        ),
        (
            {"side": "wire", "given": {"side": "borrowing"}, "steps": [{"message": {"about": "x"}}]},
            "the key 'about'",
        ),
    ],
)
def test_what_is_not_known_is_a_mistake(other: dict[str, Any], found: str) -> None:
    """An unknown key, field, word, code or state is named with the file and the scenario."""
    with pytest.raises(InvalidFacts) as caught:
        differences(_scenario(**other))
    assert "peer-borrowing.toml, peer-001" in str(caught.value)
    assert found in str(caught.value)


def test_the_way_to_a_situation_may_not_be_refused() -> None:
    """A situation that cannot be reached fails with what was refused on the way."""
    given = {"state": "sent", "before": [{"say": "Receive"}]}
    with pytest.raises(AssertionError, match=r"ill\.not-shipped-yet"):
        differences(_scenario(given=given))


def test_a_situation_is_where_its_way_leads() -> None:
    """A way that leads elsewhere fails, and says where it led."""
    with pytest.raises(AssertionError, match="given blocked, the way led to in_review"):
        differences(_scenario(given={"state": "blocked"}))


# --- files ----------------------------------------------------------------------------------------

_HEAD: Final = 'format = 1\npeer = "Peer"\nside = "borrowing"\n'
_TABLE: Final = """
[[scenario]]
id = "peer-001"
name = "A supplier that expects to supply is heard."
source = "owner/repository:tests/test_it.py (test_it)"
given = { state = "sent" }
steps = [{ say = "HearExpect" }]
expect = { state = "expected" }
"""


def _mistakes(folder: Path, text: str) -> str:
    path = folder / "peer-borrowing.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFacts) as caught:
        read_file(path)
    return str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file without a mistake gives its scenarios as they stand in it."""
    path = tmp_path / "peer-borrowing.toml"
    path.write_text(_HEAD + _TABLE, encoding="utf-8")
    assert read_file(path) == (_scenario(),)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("format = 1", "format = 2", "the format 2"),
        ('side = "borrowing"', 'side = "lending"', "the side 'lending'"),
        ('peer = "Peer"\n', "", "no peer"),
        ("format = 1", 'format = 1\nauthor = "me"', "the key 'author'"),
        ("format = 1", "format 1", "a TOML document"),
        ('name = "', 'title = "', "peer-001: found the key 'title'"),
        ("heard.", "heard", "a sentence with its full stop"),
        (":tests/", " tests/", "owner/repository:path (test)"),
        ("steps = [", "step = [", "peer-001: found no steps"),
        ("[{ say", "{ say", "a TOML document"),
        ('[{ say = "HearExpect" }]', '"HearExpect"', "a list of tables"),
        ('{ state = "expected" }', "{}", "at least one thing"),
        ('{ state = "expected" }', '{ state = "expected" }\ndiffers = "so"', "both or neither"),
        ('id = "peer-001"', 'id = " "', "a text"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, old: str, new: str, found: str) -> None:
    """A mistake in a file is named with the file, and with the scenario where it is in one."""
    assert old in _HEAD + _TABLE
    mistakes = _mistakes(tmp_path, (_HEAD + _TABLE).replace(old, new))
    assert "peer-borrowing.toml" in mistakes
    assert found in mistakes


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Every mistake of every scenario is named together."""
    other = _TABLE.replace("peer-001", "peer-002").replace("name =", "title =")
    mistakes = _mistakes(tmp_path, _HEAD + _TABLE.replace("heard.", "heard") + other)
    assert "3 problems" in mistakes
    assert all(each in mistakes for each in ("peer-001, name", "the key 'title'", "no name"))


def test_an_id_stands_once(tmp_path: Path) -> None:
    """Two scenarios of one id, be it in two files, are a mistake."""
    (tmp_path / "peer-borrowing.toml").write_text(_HEAD + _TABLE, encoding="utf-8")
    (tmp_path / "peer-both.toml").write_text(_HEAD + _TABLE, encoding="utf-8")
    with pytest.raises(InvalidFacts, match=r"the id that is in peer-borrowing\.toml"):
        read_all(tmp_path)


def test_codes_and_kinds_are_those_of_the_desks() -> None:
    """What counts as a known code or kind is what the desks give, and neither is the other."""
    assert {"ill.recalled", "ill.attention.late", "ill.block.debt", "not-found"} <= known_codes()
    assert {"ill.patron.ready", "ill.supply.shipped", "ill.borrowing.cancel"} <= known_kinds()
    assert known_codes().isdisjoint(known_kinds())
