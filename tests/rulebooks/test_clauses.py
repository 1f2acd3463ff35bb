"""The register of clauses, where each is carried, and that its tables say what the source says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from servflow.rulebooks import load, shipped
from servflow.rulebooks._register import DATA
from servflow.rulebooks.clauses import carried, clause_ids, further, register, report, standing

ROOT = Path(__file__).parents[2]
NLC = [f"NLC-{number}" for number in range(1, 18)]
FEES = ["CQ-4", "FARM-1", "FARM-2", "FARM-6", "GOLF-4"]
SERVICE = [entry.id for entry in register() if entry.id.startswith("AS-")]
DEPOSITS = [entry.id for entry in register() if entry.id.startswith("SD-")]


def tool(name: str):
    """A script of the folder ``tools``, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_register_has_every_clause_once():
    """309 clauses, each of tier A or B, of one of the four domains, with its place and its fact."""
    entries = register()

    assert len(entries) == len(clause_ids()) == 309
    assert {entry.tier for entry in entries} == {"A", "B"}
    assert {entry.domain for entry in entries} == {"ill", "aftersales", "deposits", "membership"}
    assert all(entry.source and entry.fact and entry.kind and entry.seed for entry in entries)
    assert [entry.id for entry in entries if entry.id.startswith("NLC-")] == NLC


@pytest.mark.parametrize("clause", [*NLC, *FEES, *SERVICE, *DEPOSITS])
def test_every_clause_of_lending_of_fees_of_service_and_of_deposits_is_carried_and_tested(clause):
    """A rulebook value or code carries it, and at least one test stands for it."""
    assert carried()[clause]
    assert standing()[clause]


def test_clauses_of_other_sources_are_cited_and_not_counted():
    """Each of them has its source, says something, and is cited by what ships; the register has none of them."""
    entries = further()
    cited = {id for name in shipped() for id in load(name).citations}

    assert {entry.id for entry in entries} == cited - clause_ids() - {"PRACTICE"}
    assert len({entry.id for entry in entries}) == len(entries)
    assert all(entry.source and entry.fact for entry in entries)
    assert not clause_ids() & {entry.id for entry in entries}
    assert not carried().keys() - clause_ids()
    assert len(report()) == 309


def test_the_text_of_another_source_was_seen_where_it_is_said():
    """Of each the public page stands there on which it was compared; none was cited unseen."""
    seen = {entry.id: entry.seen for entry in further()}

    assert [id for id, place in seen.items() if not place.startswith("http")] == []


def test_what_carries_a_clause_is_named():
    """The rulebook with its rules, and the code that cites it."""
    assert carried()["NLC-4"] == ("nlc/interlibrary-loan: fee-same-city, fee-elsewhere",)
    assert carried()["NLC-14"] == (
        "nlc/interlibrary-loan: own-requests-by-card",
        "core/ill/lending/commands.py: ReceiveRequest",
    )
    assert "PRACTICE" not in carried()


def test_the_report_has_every_clause_of_the_register():
    """Id, tier, carried and tests, as plain data; empty lists where there is nothing yet."""
    lines = {line["id"]: line for line in json.loads(json.dumps(report()))}

    assert list(lines) == [entry.id for entry in register()]
    assert all(set(line) == {"id", "tier", "carried", "tests"} for line in lines.values())
    assert lines["NLC-15"]["tier"] == "B"
    assert lines["NLC-10"]["carried"] == list(carried()["NLC-10"])
    assert lines["NLC-10"]["tests"] == list(standing()["NLC-10"])
    assert {id for id, line in lines.items() if line["carried"]} == set(carried())


def test_the_tables_are_up_to_date():
    """They say what the markers of the tests and the docstrings of the core say; else: make clauses."""
    for name, text in tool("clause_tests").written(ROOT).items():
        assert DATA.joinpath(name).read_text("utf-8") == text, f"{name} is out of date; run make clauses"


def test_markers_are_found_on_functions_classes_and_modules(tmp_path):
    """On a test, on its class, on its module, several in one marker; helpers do not count."""
    folder = tmp_path / "tests" / "core"
    folder.mkdir(parents=True)
    (folder / "test_made_up.py").write_text(
        "import pytest\n"
        'pytestmark = [pytest.mark.clause("NLC-1")]\n'
        '@pytest.mark.clause("NLC-2", "NLC-3")\n'
        "@pytest.mark.parametrize('x', [1])\n"
        "def test_one(x): ...\n"
        '@pytest.mark.clause("NLC-4")\n'
        "class TestMore:\n"
        '    @pytest.mark.clause("NLC-5")\n'
        "    def test_two(self): ...\n"
        "    def helper(self): ...\n",
        "utf-8",
    )

    assert set(tool("clause_tests").tests(tmp_path)) == {
        ("NLC-1", "tests/core/test_made_up.py::test_one"),
        ("NLC-2", "tests/core/test_made_up.py::test_one"),
        ("NLC-3", "tests/core/test_made_up.py::test_one"),
        ("NLC-1", "tests/core/test_made_up.py::TestMore::test_two"),
        ("NLC-4", "tests/core/test_made_up.py::TestMore::test_two"),
        ("NLC-5", "tests/core/test_made_up.py::TestMore::test_two"),
    }


def test_citations_are_found_in_docstrings_and_in_clauses_that_are_built(tmp_path):
    """In parentheses, several at once, or as the id of a clause; a name in passing does not count."""
    folder = tmp_path / "src/servflow/core"
    folder.mkdir(parents=True)
    (folder / "made_up.py").write_text(
        '"""Of no clause."""\n'
        'def guard(s):\n    """Refuses (AS-SLA-3, CALIS-20), unlike NLC-1."""\n'
        'ROW = Row(Clause("CALIS-7", "2.3"))\n'
        'RULE: Clause = Clause("CALIS-8")\n',
        "utf-8",
    )

    assert set(tool("clause_tests").code(tmp_path)) == {
        ("AS-SLA-3", "core/made_up.py: guard"),
        ("CALIS-20", "core/made_up.py: guard"),
        ("CALIS-7", "core/made_up.py: ROW"),
        ("CALIS-8", "core/made_up.py: RULE"),
    }


def test_no_test_stands_for_a_clause_that_is_not_there():
    """A marker with an unknown id stops the tool, and says where it is."""
    with pytest.raises(SystemExit, match=r"tests/test_x.py::test_y: found the clause NLC-99"):
        tool("clause_tests").table("test", [("NLC-99", "tests/test_x.py::test_y")], ("NLC-1",))
    assert set(standing()) <= clause_ids()


def test_every_value_that_carries_a_clause_can_be_disturbed():
    """The table of disturbances has another value for each rule that cites a clause, and no more.

    Of the rules of service firms every part is changed by itself.
    """
    bite = tool("bite")
    found = [*bite.bites()]

    firms = {name for name in shipped() if load(name).policy == "aftersales"}
    assert set(bite.DISTURBANCES) == set(shipped()) - firms
    for name, rules in bite.DISTURBANCES.items():
        assert set(rules) == {each.rule for each in found if each.rulebook == name}
    for name in firms:
        carrying = {
            (id, rule) for id, rules in load(name).citations.items() if id != "PRACTICE" for rule in rules
        }
        assert {(each.clause, each.rule) for each in found if each.rulebook == name} == carrying


def test_a_firms_case_that_cites_a_clause_stands_for_it(tmp_path):
    """Its name and the firm's are its id."""
    folder = tmp_path / "tests/rulebooks/cases/maker"
    folder.mkdir(parents=True)
    (folder / "service.toml").write_text(
        '[[case]]\nname = "One"\ncites = ["AS-SLA-2", "AS-SLA-4"]\n[[case]]\nname = "Two"\n', "utf-8"
    )

    node = "tests/rulebooks/test_service_cases.py::test_a_case_of_a_service_firm[maker: One]"
    assert [*tool("clause_tests").tests(tmp_path)] == [("AS-SLA-2", node), ("AS-SLA-4", node)]


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        (
            {"promise": "plan", "within": "4 working days to closing", "round-the-clock": True},
            {
                "promise = carry-out",
                "within = 5 working days to closing",
                "within = 4 days",
                "within = 4 working days",
                "round-the-clock = False",
            },
        ),
        (
            {"promise": "quote", "within": "before 12:00: same day; later: next day 12:00"},
            {
                "promise = plan",
                "within = before 12:01: same day; later: next day 12:00",
                "within = before 11:59: same day; later: next day 12:00",
                "within = before 12:00: same day; later: next day 12:01",
                "within = before 12:00: same day; later: next day 11:59",
                "within = before 12:00: next day; later: next day 12:00",
                "within = before 12:00: same day; later: next working day 12:00",
            },
        ),
        (
            {"promise": "parts", "within": "agreed parts-date", "when": {"a": ["1", "2"], "b": "x"}},
            {
                "promise = purchase-order",
                "within = agreed parts-date-other",
                "when = {'b': 'x'}",
                "when = {'a': ['2'], 'b': 'x'}",
                "when = {'a': ['1'], 'b': 'x'}",
                "when = {'a': ['1', '2']}",
            },
        ),
        (
            {"distance": "road", "bands": ["near to 1 km", "far"], "unknown": "far"},
            {
                "distance = radius",
                "bands = ['near to 1001 m', 'far']",
                "bands = ['near to 999 m', 'far']",
                "no unknown",
            },
        ),
        (
            {"warranty": "sold", "parts": "2 years", "labour": "lifetime", "travel": "none", "when": {"a": "1"}},
            {
                "warranty = delivered",
                "parts = 2 years 1 day",
                "labour = 100 years",
                "travel = 1 day",
                "no when",
            },
        ),
        (
            {"duty": "visit", "since": "year", "offsets": ["10 days"], "checks": ["a", "b"], "within": "given x"},
            {
                "duty = questionnaire",
                "since = fixed",
                "offsets = ['11 days']",
                "checks = ['b']",
                "checks = ['a-other', 'b']",
                "checks = ['a']",
                "checks = ['a', 'b-other']",
                "within = given x-other",
            },
        ),
        (
            {"ladder": [{"level": 1, "at": "50 %", "action": "head"}], "kinds": ["quote"]},
            {
                "ladder = [{'level': 2, 'at': '50 %', 'action': 'head'}]",
                "ladder = [{'level': 1, 'at': '50 %', 'action': 'head-other'}]",
                "ladder = [{'level': 1, 'at': '51 %', 'action': 'head'}]",
                "no kinds",
            },
        ),
        (
            {"question": "level", "answers": ["1", "2"], "default": "1"},
            {"answers = ['1', '2', 'another']", "no default"},
        ),
        ({"exclusion": "paid"}, {"exclusion = contract"}),
        ({"grant": "free"}, {"grant = contract"}),
        ({"duty": "notice", "since": "year", "recurrence": "FREQ=WEEKLY"},
         {"duty = plan", "since = fixed", "recurrence = FREQ=WEEKLY;COUNT=1"}),
        (
            {"handling": "as-covered", "refer": "brand"},
            {"handling = property-company", "refer = brand-other"},
        ),
        (
            {"list": "channels", "entries": ["letter"], "group": "own", "open": True},
            {"list = channels-other", "entries = ['letter-other']", "group = own-other", "open = False"},
        ),
        (
            {"papers": "receipt", "copies": ["a"], "bound": True, "book": 50, "voided-to": "finance"},
            {
                "papers = in-out-register",
                "copies = ['a-other']",
                "bound = False",
                "book = 51",
                "book = 49",
                "voided-to = finance-other",
            },
        ),
        (
            {"barred": "quote", "posts": ["desk"], "involved": True},
            {"barred = quote-other", "posts = ['desk-other']", "involved = False"},
        ),
        ({"grade": "major", "rank": 2}, {"grade = major-other", "rank = 3", "rank = 1"}),
        (
            {"indicator": "on-time", "at-least": "100 %", "every": "month"},
            {"indicator = satisfaction", "at-least = 99 %", "every = quarter"},
        ),
        (
            {"indicator": "complaints", "below": "3 %"},
            {"indicator = called-back", "below = 4 %", "below = 2 %"},
        ),
        (
            {"recurring": "year", "times": 3},
            {"recurring = trip", "times = 4", "times = 2"},
        ),
        (
            {"report": "daily", "every": "trip", "to": "head", "by": "all"},
            {"report = daily-other", "every = day", "to = head-other", "by = all-other"},
        ),
        (
            {"limit": "late", "most": 15, "unit": "minutes", "then": "late", "per": "month"},
            {
                "limit = late-other",
                "most = 16",
                "most = 14",
                "unit = times",
                "then = late-other",
                "per = quarter",
            },
        ),
        ({"ahead": "leave", "by": "1 day"}, {"ahead = leave-other", "by = 2 day", "by = 1 working day"}),
        ({"reopening": "7 days"}, {"reopening = 8 days"}),
        ({"deemed": "7 days"}, {"deemed = 8 days", "deemed = 7 working days"}),
    ],
)  # fmt: skip
def test_every_part_of_a_firms_rule_is_disturbed_by_itself(said, changes):
    """Lengths, words, bands, terms, conditions, parts of lists: one change each."""
    assert {change for change, _ in tool("service_disturbances").disturbed(said)} == changes
