"""Tests over a copy of the tree, in a fork of a process that has pytest loaded and nothing of the house.

1. The working tree is copied once and then only read; a changed module is compiled from its changed syntax
   and takes the place of the file when it is imported. Nothing is written, no cache can be stale.
2. Which tests reach a line is found once, by coverage with a context for each test, and kept beside the copy
   until anything in it changes.
3. A change in the body of a function is first tried in a fork of a process that has all tests collected,
   where the function gets its changed code: that is quick, and most are noticed there. A change that is not,
   and every other one, is tried with everything imported anew, so that what happens at import sees it, too.
4. Every test has a few times its normal time; after that the kernel ends the process.
"""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from math import inf
from pathlib import Path
from types import CodeType, FunctionType

import coverage
import pytest

from mutants.changes import Change, changed

__all__ = ["Broken", "Grounds", "Result"]

NOT_COPIED = (".git", ".venv", "dist", "build", "*-out", "__pycache__", ".*_cache", ".hypothesis")
PATIENCE = 5  # times the normal time of a test
AT_LEAST = 2.0  # seconds for any test
TO_COLLECT = 120.0  # seconds
MEMORY = 4 << 30  # bytes; a change can make something endless
STAGES = ((4, 1.0), (12, 4.0), (None, inf))
"""Anew, a change is first tried on a second of tests, of the files that have most to do with it."""
# asserts as they are written: to write them anew, pytest would read the changed module from its file,
# too, and what it says of one that failed can take longer than all tests
OPTIONS = ("-q", "--assert=plain", "--tb=native", "-p", "no:cacheprovider", "-p", "no:xdist")
_OWN_FAULT = 70


class Broken(Exception):
    """The tests do not pass as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one run of tests."""

    killed: bool
    by: str
    """The test that failed, or what else ended the run; empty if none."""
    tests: int
    """How many reach the change."""


@dataclass(frozen=True, slots=True)
class _Run:
    code: int
    """pytest's exit code; below zero the signal that ended it."""
    failed: Sequence[str]
    seconds: Mapping[str, float]
    loaded: Sequence[str] = ()
    """The modules of libraries that it imported."""


@dataclass(slots=True, eq=False)
class Plugin:
    """Chooses and orders the tests, keeps the time, notes what failed."""

    chosen: Mapping[str, int] | None
    """Node ids to their order; None for all."""
    normal: Mapping[str, float]
    cover: coverage.Coverage | None
    warm: Callable[[pytest.Session], None] | None = None
    """What is done with all tests collected, instead of running them."""
    failed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_collection(self) -> None:
        """The same examples for every change; one that fails need not be the smallest."""
        import hypothesis  # by now pytest has seen to its asserts

        hypothesis.settings.register_profile(
            "mutants",
            hypothesis.settings(),
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=25,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        )
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Those chosen, in their order; a test that the change itself has named anew comes last."""
        if self.chosen is not None:
            chosen = self.chosen
            items[:] = [i for i in items if i.nodeid in chosen or i.nodeid not in self.normal]
            items.sort(key=lambda item: chosen.get(item.nodeid, len(chosen)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """All tests, or what is done instead."""
        if self.warm is None:
            return None
        self.warm(session)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """The clock of the test, and its context."""
        if self.cover is not None:
            self.cover.switch_context(item.nodeid)
        else:
            end_after(max(AT_LEAST, PATIENCE * self.normal.get(item.nodeid, 0)))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, call and tear-down together."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that cannot be imported fails."""
        if report.failed:
            self.failed.append(report.nodeid)


class _InPlace(MetaPathFinder):
    """Imports one module from changed syntax."""

    def __init__(self, name: str, file: Path, tree: ast.Module) -> None:
        self.name, self.file, self.tree = name, file, tree

    def find_spec(
        self,
        name: str,
        path: object = None,  # noqa: ARG002
        target: object = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name != self.name:
            return None
        code = compile(self.tree, str(self.file), "exec", dont_inherit=True)

        class Loader(SourceFileLoader):
            def get_code(self, _: str) -> CodeType:
                return code

        return importlib.util.spec_from_file_location(name, self.file, loader=Loader(name, str(self.file)))


@dataclass
class Grounds:
    """A copy of ``root``, and which of its tests reach which line of its package.

    ``source`` is the folder that is changed, ``tests`` the one whose tests must notice, both from ``root``.
    """

    root: Path
    source: Path
    tests: Path
    out: Path
    warm: Warm | None = None

    @property
    def tree(self) -> Path:
        """The copy."""
        return self.out / "tree"

    @cached_property
    def seconds(self) -> Mapping[str, float]:
        """How long each test takes."""
        told: Mapping[str, float] = json.loads((self.out / "seconds.json").read_text(encoding="utf-8"))
        return told

    @cached_property
    def _data(self) -> coverage.CoverageData:
        data = coverage.CoverageData(str(self.out / "reached"))
        data.read()
        return data

    def module(self, file: Path) -> Path:
        """Where a module is in the copy."""
        return self.tree / self.source / file

    def prepare(self) -> str:
        """Copy the tree and run all tests once, if what is there is not of the same text; what was done.

        Raises:
            Broken: a test fails without any change, or no test reaches the source.
        """
        digest = self._digest()
        mark = self.out / "digest"
        if mark.exists() and mark.read_text(encoding="utf-8") == digest:
            return f"{len(self.seconds)} tests, run before"
        shutil.rmtree(self.out, ignore_errors=True)
        shutil.copytree(self.root, self.tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
        run = self._fork([str(self.tests)], None, {}, reached=True)
        if run.code:
            raise Broken("\n".join(["the tests do not pass as they are:", *run.failed[:20]]))
        (self.out / "seconds.json").write_text(json.dumps(run.seconds), encoding="utf-8")
        if not self._data.measured_files():
            raise Broken(f"no test reaches {self.source}")
        mark.write_text(digest, encoding="utf-8")
        return f"{len(run.seconds)} tests"

    def warm_up(self) -> None:
        """Import the libraries that every test needs here, once for all that are forked."""
        test = min(self.seconds).partition("::")[0]
        for name in self._fork(["--collect-only", test], None, {}).loaded:
            with suppress(ImportError):
                importlib.import_module(name)

    def _digest(self) -> str:
        """Of everything that the tests of the source can depend on in the tree."""
        digest = sha256(f"{self.source} {self.tests} {sys.version}".encode())
        folders = (self.root / self.source.parts[0], self.root / self.tests.parts[0])
        for file in sorted(f for folder in folders for f in folder.rglob("*") if f.is_file()):
            if file.suffix != ".pyc":
                digest.update(str(file).encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def files(self) -> list[Path]:
        """The modules that are changed, from ``source``."""
        folder = self.tree / self.source
        return sorted(file.relative_to(folder) for file in folder.rglob("*.py"))

    def text(self, file: Path) -> str:
        """The text of a module."""
        return self.module(file).read_text(encoding="utf-8")

    def _by_line(self, file: Path) -> Mapping[int, Collection[str]]:
        found = self._data.contexts_by_lineno(str(self.module(file)))
        return {line: frozenset(contexts) for line, contexts in found.items()}

    def reaching(self, file: Path, change: Change) -> list[str]:
        """The tests that reach the change; none if nothing does.

        The first case of every test function comes first, the fastest of these before others, then their
        second cases, and so on: what differs more is more likely to notice.

        What runs only when the module is imported concerns whoever uses it: the tests that reach any line of
        the module, those of its room, and those of no room, which may go through all modules.
        """
        lines = self._by_line(file)
        for first, last in ((change.line, change.last_line), change.statement):
            contexts = {each for line in range(first, last + 1) for each in lines.get(line, ())}
            if contexts:
                break
        tests = contexts - {""}
        if not change.in_function or ("" in contexts and not tests):
            tests = {each for contexts in lines.values() for each in contexts if each}
            room = f"{(self.tests / file.parts[0]).as_posix()}"
            tests |= {
                each
                for each in self.seconds
                if each.startswith((f"{room}/", f"{room}::"))
                or Path(each.partition("::")[0]).parent == self.tests
            }
        cases = Counter[str]()
        order = []
        for each in sorted(tests, key=lambda each: (self.seconds[each], each)):
            function = each.partition("[")[0]
            order.append((cases[function], self.seconds[each], each))
            cases[function] += 1
        return [each for _, _, each in sorted(order)]

    def try_out(self, file: Path, change: Change, tree: ast.Module | None) -> Result:
        """Whether a test notices; with no ``tree`` nothing is changed, and none should."""
        tests = self.reaching(file, change)
        if not tests:
            return Result(killed=False, by="", tests=0)
        number = None if tree is None else change.number
        if change.in_function and (by := self._warm_kill(file, number, tests)):
            return Result(killed=True, by=by, tests=len(tests))
        files = Counter(each.partition("::")[0] for each in {each.partition("[")[0] for each in tests})
        left = tests
        for most_files, most_seconds in STAGES:
            some = self._some(left, {file for file, _ in files.most_common(most_files)}, most_seconds)
            if not some:
                continue
            tried = set(some)
            left = [each for each in left if each not in tried]
            paths = sorted({each.partition("::")[0] for each in some})
            order = {each: place for place, each in enumerate(some)}
            run = self._fork(paths, order, self.seconds, change=None if tree is None else (file, tree))
            if run.code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
                by = run.failed[0] if run.failed else ended(run.code)
                return Result(killed=True, by=by, tests=len(tests))
        return Result(killed=False, by="", tests=len(tests))

    def _warm_kill(self, file: Path, number: int | None, tests: Sequence[str]) -> str:
        """What noticed the change in the process that waits with all tests collected; empty if nothing."""
        self.warm = self.warm or Warm(self)
        return self.warm.killed_by(file, number, tests)

    def _some(self, tests: Iterable[str], files: Collection[str], most: float) -> list[str]:
        """The tests of these files, as many as are done within so many seconds."""
        some, time = [], 0.0
        for each in tests:
            if each.partition("::")[0] in files and time + self.seconds[each] <= most:
                some.append(each)
                time += self.seconds[each]
        return some

    def _fork(
        self,
        paths: Iterable[str],
        chosen: Mapping[str, int] | None,
        normal: Mapping[str, float],
        *,
        reached: bool = False,
        change: tuple[Path, ast.Module] | None = None,
    ) -> _Run:
        """Run tests in a child process and hear what came of it."""
        sys.stdout.flush()
        hear, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(hear)
            with last_of_all(), os.fdopen(tell, "w", encoding="utf-8") as pipe:
                plugin = Plugin(chosen, normal, None)
                json.dump(self.run(list(paths), plugin, reached=reached, change=change), pipe)
        os.close(tell)
        with os.fdopen(hear, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        if said:
            return _Run(*json.loads(said))
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            raise RuntimeError(f"the child that runs the tests failed; {self.out / 'said'} says how")
        return _Run(code, (), {})

    def run(
        self,
        paths: list[str],
        plugin: Plugin,
        *,
        reached: bool = False,
        change: tuple[Path, ast.Module] | None = None,
    ) -> tuple[int, list[str], dict[str, float], list[str]]:
        """In the child: pytest, silent, in the copy."""
        os.chdir(self.tree)
        sys.path[0] = str(self.tree / self.source.parts[0])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        said = os.open(self.out / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        gc.freeze()
        gc.set_threshold(100_000)
        if reached:
            plugin.cover = coverage.Coverage(
                data_file=str(self.out / "reached"), source=[str(self.tree / self.source)], config_file=False
            )
            plugin.cover.start()
        else:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            end_after(TO_COLLECT)
        if change is not None:
            file, tree = change
            parts = (*self.source.parts[1:], *file.with_suffix("").parts)
            name = ".".join(parts).removesuffix(".__init__")
            sys.meta_path.insert(0, _InPlace(name, self.module(file), tree))
        stop = [] if reached else ["-x"]
        try:
            code = pytest.main([*OPTIONS, *stop, *paths], [plugin])
        except Exception:  # noqa: BLE001 - what pytest loads before any test cannot be imported any more
            traceback.print_exc()
            code = pytest.ExitCode.INTERNAL_ERROR
        if plugin.cover is not None:
            plugin.cover.stop()
            plugin.cover.save()
        house = str(self.tree)
        files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        loaded = [name for name, path in files.items() if path and not path.startswith(house)]
        return int(code), plugin.failed, plugin.seconds, loaded


class Warm:
    """A process that waits with all tests collected, and is forked for each change in a function."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        hear, self.ask = os.pipe()
        self.answers, tell = os.pipe()
        if os.fork() == 0:
            os.close(self.ask)
            os.close(self.answers)
            with last_of_all():
                self.plugin = Plugin(None, grounds.seconds, None, warm=partial(self.serve, hear, tell))
                grounds.run([str(grounds.tests)], self.plugin)
        os.close(hear)
        os.close(tell)
        self.asks, self.says = os.fdopen(self.ask, "w"), os.fdopen(self.answers)

    def killed_by(self, file: Path, number: int | None, tests: Sequence[str]) -> str:
        """What noticed the change of that number, or none at all; empty if nothing."""
        print(json.dumps([str(file), number, tests]), file=self.asks, flush=True)
        said = self.says.readline()
        if not said:
            raise RuntimeError(f"the child that waits failed; {self.grounds.out / 'said'} says how")
        answer: str = json.loads(said)
        return answer

    def serve(self, hear: int, tell: int, session: pytest.Session) -> None:
        """In the child: one fork for each question."""
        end_after(0)
        functions: dict[str, list[FunctionType]] = {}
        for each in gc.get_objects():
            if isinstance(each, FunctionType):
                functions.setdefault(each.__code__.co_filename, []).append(each)
        items = {item.nodeid: item for item in session.items}
        gc.freeze()
        with os.fdopen(hear) as asked:
            for line in asked:
                file, number, tests = json.loads(line)
                module = self.grounds.module(Path(file))
                hear_one, tell_one = os.pipe()
                child = os.fork()
                if child == 0:
                    with last_of_all(), os.fdopen(tell_one, "w") as pipe:
                        end_after(TO_COLLECT)
                        swapped = number is None or swap(functions.get(str(module), ()), module, number)
                        wanted = [items[test] for test in tests if test in items] if swapped else []
                        json.dump(self.first_failed(wanted), pipe)
                os.close(tell_one)
                with os.fdopen(hear_one) as pipe:
                    said = pipe.read()
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                answer = json.loads(said) if said else ended(code) if code < 0 else ""
                os.write(tell, f"{json.dumps(answer)}\n".encode())

    def first_failed(self, items: Sequence[pytest.Item]) -> str:
        """The first of the tests that fails; empty if none."""
        for item, next_item in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
            if self.plugin.failed:
                return self.plugin.failed[0]
        return ""


def swap(functions: Iterable[FunctionType], module: Path, number: int) -> bool:
    """Give the functions of a module the code that they have after a change; whether it fits."""
    source = module.read_text(encoding="utf-8")
    before = _by_name(compile(source, str(module), "exec", dont_inherit=True))
    after = _by_name(compile(changed(source, number), str(module), "exec", dont_inherit=True))
    new = {
        old: other
        for name, codes in before.items()
        for old, other in zip(codes, after.get(name, ()), strict=False)
        if old != other
    }
    swapped = False
    for function in functions:
        other = new.get(function.__code__)
        if other is not None:
            if len(other.co_freevars) != len(function.__code__.co_freevars):
                return False
            function.__code__ = other
            swapped = True
    return swapped


def _by_name(code: CodeType) -> dict[tuple[str, int], list[CodeType]]:
    """All code in a module, by qualified name and line."""
    found: dict[tuple[str, int], list[CodeType]] = {}
    left = [code]
    while left:
        each = left.pop(0)
        found.setdefault((each.co_qualname, each.co_firstlineno), []).append(each)
        left += [inner for inner in each.co_consts if isinstance(inner, CodeType)]
    return found


@contextmanager
def last_of_all() -> Iterator[None]:
    """What is done here is the last thing that this process does."""
    code = _OWN_FAULT
    try:
        yield
        code = 0
    except BaseException:  # noqa: BLE001 - a fault of this program itself
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def end_after(seconds: float) -> None:
    """Let the kernel end this process then, whatever it is doing; what others do meanwhile does not count."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of no seconds: never


def ended(code: int) -> str:
    """In words, how a run ended of which no test failed."""
    if code == -signal.SIGPROF:
        return "time"
    return f"signal {-code}" if code < 0 else "import"
