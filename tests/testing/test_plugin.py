"""The pytest plugin, in projects of its own: what it collects, and what a failure shows."""

from __future__ import annotations

from pathlib import Path

import pytest

import servflow

pytest_plugins = ["pytester"]

HEAD = """
format = 1
authority = "us"
subject = "fines"
policy = "fees"
title = "fines"
currency = "CNY"
zone = "UTC"
verified-on = 2026-11-24
"""
FINE = """
[rules.overdue]
label = "overdue"
[[rules.overdue.values]]
from = "unknown"
is = "cap(per_unit(days(due, end), CNY 0.50), CNY 15.00)"
clause = "NLC-12"
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a test, and with its rulebooks elsewhere than its tests; it has the plugin tested here."""
    monkeypatch.setenv("PYTHONPATH", str(Path(servflow.__file__).parents[1]))
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        testpaths = ["tests"]
        servflow_rulebooks = ["rules/*.toml"]
        servflow_examples = "5"
        """
    )
    pytester.mkdir("tests").joinpath("test_one.py").write_text("def test_one():\n    pass\n", "utf-8")
    pytester.mkdir("rules").joinpath("fines.toml").write_text(HEAD + FINE, "utf-8")
    return pytester


def test_every_rule_is_tested_against_every_law_that_applies(project):
    """A run without arguments has the project's tests, and a test for each rule and law."""
    found = project.runpytest_subprocess("--collect-only", "-q").stdout.str()
    assert "tests/test_one.py::test_one" in found
    assert "rules/fines.toml::overdue::law 3 monotone" in found
    assert "rules/fines.toml::overdue::law 22 text" in found
    assert "law 9 rounding" not in found

    outcome = project.runpytest_subprocess("-q").parseoutcomes()
    assert set(outcome) == {"passed"}
    assert outcome["passed"] > 10


def test_whoever_names_tests_gets_those(project):
    """Named tests run alone; a named rulebook runs with all its rules."""
    assert project.runpytest_subprocess("-q", "tests").parseoutcomes() == {"passed": 1}

    found = project.runpytest_subprocess("--collect-only", "-q", "rules/fines.toml").stdout.str()
    assert "overdue::law 1 determinism" in found
    assert "test_one" not in found


def test_a_rulebook_below_the_tests_is_collected_once(project):
    """A rulebook that the run comes across anyway is not looked at twice."""
    project.path.joinpath("rules").rename(project.path / "tests/rules")
    project.makepyprojecttoml(
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\nservflow_rulebooks = ["tests/rules/*.toml"]\n'
    )
    found = project.runpytest_subprocess("--collect-only", "-q").stdout.str()
    assert found.count("overdue::law 1 determinism") == 1


def test_a_project_that_names_no_rulebooks_is_left_alone(project):
    """Without the setting nothing is collected and nothing of ours but the plugin is loaded."""
    project.makepyprojecttoml('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    project.path.joinpath("tests/test_one.py").write_text(
        "import sys\n\ndef test_one():\n"
        "    ours = {name for name in sys.modules if name.startswith('servflow')}\n"
        "    assert ours <= {'servflow', 'servflow.testing', 'servflow.testing.plugin'}\n",
        "utf-8",
    )
    assert project.runpytest_subprocess("-q").parseoutcomes() == {"passed": 1}


def test_a_pattern_without_files_is_an_error(project):
    """A pattern that matches nothing is a wrong setting, not an empty run."""
    project.path.joinpath("rules/fines.toml").unlink()
    result = project.runpytest_subprocess("-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*servflow_rulebooks: rules/?.toml matches no file*"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('servflow_rulebooks = ["rules"]', "servflow_rulebooks: rules matches no file"),
        ('servflow_rulebooks = ["/rules/*.toml"]', "servflow_rulebooks: /rules/"),
        ('servflow_rulebooks = ["rules/*.toml"]\nservflow_examples = "many"', "found 'many'"),
        ('servflow_rulebooks = ["rules/*.toml"]\nservflow_examples = "0"', "found '0'"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(project, settings, said):
    """A folder, a path from the root, no number of examples: never a run that tested nothing."""
    project.makepyprojecttoml(f'[tool.pytest.ini_options]\ntestpaths = ["tests"]\n{settings}\n')
    result = project.runpytest_subprocess("-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_a_pattern_without_files_is_nothing_to_whoever_names_tests(project):
    """A single test can be run while the rulebooks are somewhere else."""
    project.path.joinpath("rules/fines.toml").unlink()
    assert project.runpytest_subprocess("-q", "tests").parseoutcomes() == {"passed": 1}


def test_a_rulebook_without_fees_is_an_error(project):
    """A file that would test nothing is not passed over."""
    text = HEAD + FINE.replace('is = "cap(per_unit(days(due, end), CNY 0.50), CNY 15.00)"', "is = 5")
    project.path.joinpath("rules/fines.toml").write_text(text, "utf-8")
    result = project.runpytest_subprocess("-q")
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines(["*no fee rule; its policy is fees*"])


def test_a_rulebook_with_mistakes_is_one_failure_that_names_them_all(project):
    """Every mistake is shown with its place; there is no traceback."""
    wrong = FINE.replace("CNY 15.00", "EUR 15.00").replace('"unknown"', '"ever"')
    project.path.joinpath("rules/fines.toml").write_text(HEAD + wrong, "utf-8")
    result = project.runpytest_subprocess("-q")
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines(
        ["*rules.overdue.values?0?.from: found 'ever'*", "*is, column 1: found an amount in EUR*"]
    )
    assert "Traceback" not in result.stdout.str()


def test_a_gap_is_skipped(project):
    """A fee that its source leaves open has no amount to try a law on: that is said, and fails no run."""
    gap = FINE.replace("overdue", "open").replace('is = "cap(', 'is = "gap(CNY)"  # ')
    project.path.joinpath("rules/fines.toml").write_text(HEAD + gap, "utf-8")
    result = project.runpytest_subprocess("-q", "-rs", "rules/fines.toml")
    assert result.ret == pytest.ExitCode.OK
    outcome = result.parseoutcomes()
    assert set(outcome) == {"passed", "skipped"}  # its text and its compiled form are tried
    assert outcome["skipped"] > 5
    result.stdout.fnmatch_lines(["SKIPPED*no amount for any facts: a gap"])
    assert "Traceback" not in result.stdout.str()


def test_a_failure_shows_the_law_the_rule_its_clause_and_the_facts(project):
    """What breaks a law is shown by the smallest example, with the rule and its clause, and no traceback."""
    settings = project.path / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace('"5"', '"200"'), "utf-8")
    project.makeconftest(
        """
        from servflow.core.fees import rules

        def derive(self, facts, clause=None, honest=rules.Cap.derive):
            step = honest(self, facts, clause)
            below = step.parts[0]  # a cap that caps nothing
            return below if below.exact > step.exact else step

        rules.Cap.derive = derive
        """
    )
    result = project.runpytest_subprocess("-q", "rules/fines.toml")
    shown = result.stdout.str()
    assert result.parseoutcomes()["failed"] >= 1
    assert "law 4" in shown
    assert "cap(per_unit(days(due, end), CNY 0.50), CNY 15.00)" in shown
    assert "NLC-12" in shown
    assert "Traceback" not in shown
    assert "facts:   days due=2026-03-15, end=2026-04-15" in shown  # the first day above the cap
