"""A pytest plugin: every fee rule of a project's rulebooks, tested against every law that applies.

In the project's pytest settings, with the extra ``testing`` installed::

    servflow_rulebooks = ["rules/*.toml"]

Every file that matches (from the folder of the settings) is a part of every run that does not name
its tests: each fee rule is a test case, with a test for each law. A file with mistakes is one failing
test that names them all. ``servflow_examples`` is how many examples are tried for each law. A law for
which there are no facts that the rule has an amount for is skipped: a gap fails no run.

pytest loads this module in every project that has servflow installed: it imports nothing before a
setting asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from servflow.core.fees import Rule
    from servflow.testing.laws import Law

__all__ = [
    "BookFile",
    "LawItem",
    "RuleCase",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
]

_EXAMPLES = "50"
_UNTRIED = "no amount for any facts: a gap"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings."""
    parser.addini(
        "servflow_rulebooks", "Rulebooks whose fee rules are tested against the laws of fees.", "linelist"
    )
    parser.addini("servflow_examples", "How many examples are tried for each law.", default=_EXAMPLES)


def pytest_configure(config: pytest.Config) -> None:
    """Rulebooks that lie elsewhere than the tests are looked at, too, unless somebody names tests.

    Raises:
        pytest.UsageError: a setting is wrong; a pattern matches no file in a run that names no tests.
    """
    if not config.getini("servflow_rulebooks"):
        return
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    books, unmatched = _books(config)
    if unmatched and not named:
        patterns = ", ".join(unmatched)
        raise pytest.UsageError(f"servflow_rulebooks: {patterns} matches no file in {config.rootpath}")
    examples = config.getini("servflow_examples")
    if not (examples.isdecimal() and int(examples)):
        raise pytest.UsageError(f"servflow_examples: found {examples!r}, expected a whole number, 1 or more")
    config.stash[_BOOKS] = books
    if not named:
        places = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
        config.args += [
            str(file)
            for file in sorted(books)
            if not any(place == file or place in file.parents for place in places)
        ]


def _books(config: pytest.Config) -> tuple[frozenset[Path], list[str]]:
    """The files that the setting names, and the patterns that match none.

    Raises:
        pytest.UsageError: a pattern is none, or does not lie below the folder of the settings.
    """
    found: set[Path] = set()
    unmatched = []
    for pattern in config.getini("servflow_rulebooks"):
        try:
            files = [file.resolve() for file in config.rootpath.glob(pattern) if file.is_file()]
        except (NotImplementedError, ValueError) as error:
            raise pytest.UsageError(f"servflow_rulebooks: {pattern}: {error}") from None
        if not files:
            unmatched.append(pattern)
        found.update(files)
    return frozenset(found), unmatched


_BOOKS: pytest.StashKey[frozenset[Path]] = pytest.StashKey()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> BookFile | None:
    """A rulebook, if the setting names it."""
    if file_path.resolve() in parent.config.stash.get(_BOOKS, frozenset()):
        return BookFile.from_parent(parent, path=file_path)
    return None


class BookFile(pytest.File):
    """A rulebook: its fee rules are its cases."""

    def collect(self) -> Iterator[pytest.Collector]:
        """A case for each fee rule.

        Raises:
            pytest.Collector.CollectError: the file has mistakes, which are all named, or no fee rule.
        """
        from servflow.core.errors import InvalidRulebook
        from servflow.rulebooks import load

        try:
            book = load(self.path)
        except InvalidRulebook as error:
            raise self.CollectError(str(error)) from None
        if not book.fees:
            raise self.CollectError(f"{self.path}: no fee rule; its policy is {book.policy}")
        for key, rule in book.fees.items():
            yield RuleCase.from_parent(self, name=key, rule=rule)


class RuleCase(pytest.Collector):
    """A fee rule: the laws that apply to it are its tests."""

    def __init__(self, *, rule: Rule, **more: Any) -> None:
        super().__init__(**more)
        self.rule = rule

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each law."""
        from servflow.testing.laws import laws_for

        for law in laws_for(self.rule):
            yield LawItem.from_parent(self, name=f"law {law.number} {law.name}", law=law, rule=self.rule)


class LawItem(pytest.Item):
    """One law, tried on one rule."""

    def __init__(self, *, law: Law, rule: Rule, **more: Any) -> None:
        super().__init__(**more)
        self.law = law
        self.rule = rule

    def runtest(self) -> None:
        """Look for facts on which the rule breaks the law; skipped if it has no amount for any."""
        from servflow.testing.laws import Untried, check_law

        try:
            check_law(self.law, self.rule, max_examples=int(self.config.getini("servflow_examples")))
        except Untried:
            pytest.skip(_UNTRIED)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The broken law with the smallest counter-example, the rule and its clauses; no traceback."""
        from servflow.testing.laws import LawBroken

        if isinstance(excinfo.value, LawBroken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the rule stands."""
        assert self.parent is not None
        return self.path, None, f"{self.parent.name}: {self.name}"
