"""The core needs the standard library and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import servflow

HOME = Path(servflow.__file__).parents[1]

# Runs in a fresh interpreter, isolated and without site-packages. What is already loaded there (the
# interpreter's own start) is not asked about. It prints every module that the core brought and may not.
PROBE = """
import sys
home, names = sys.argv[1], sys.argv[2:]
before = set(sys.modules)
sys.path.insert(0, home)
from importlib import import_module
for name in names:
    import_module(name)
allowed = sys.stdlib_module_names | {"servflow"}
for name in sorted(set(sys.modules) - before):
    parts = name.split(".")
    if parts[0] not in allowed or (parts[0] == "servflow" and parts[1:2] not in ([], ["core"])):
        print(name)
"""


def submodules(home: Path) -> list[str]:
    """Every module of the core, found by walking its folder."""
    files = sorted((home / "servflow" / "core").rglob("*.py"))
    names = [".".join(file.relative_to(home).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def probe(home: Path) -> subprocess.CompletedProcess[str]:
    """Import every module of the core in a fresh interpreter."""
    command = [sys.executable, "-I", "-S", "-c", PROBE, str(home), *submodules(home)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_core_is_found() -> None:
    """The walk sees packages, modules and the modules of a domain."""
    assert {"servflow.core", "servflow.core.lifecycle", "servflow.core.ill.lending.table"} <= set(
        submodules(HOME)
    )


def test_every_submodule_of_the_core_needs_the_standard_library_only() -> None:
    """A bare interpreter imports all of them and loads nothing else."""
    result = probe(HOME)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import intruder", "intruder\n"),
        ("import servflow.desk", "servflow.desk\n"),
        ("import missing_from_here", None),
    ],
)
def test_a_core_that_needs_more_is_found_out(tmp_path: Path, line: str, found: str | None) -> None:
    """A library beside it, another room of this house, something that is not there at all."""
    shutil.copytree(HOME / "servflow" / "core", tmp_path / "servflow" / "core")
    (tmp_path / "servflow" / "__init__.py").touch()
    (tmp_path / "servflow" / "desk.py").touch()
    (tmp_path / "intruder.py").touch()
    (tmp_path / "servflow" / "core" / "spoilt.py").write_text(f"{line}\n", encoding="utf-8")

    result = probe(tmp_path)

    if found is None:
        assert result.returncode == 1
        assert "ModuleNotFoundError: No module named 'missing_from_here'" in result.stderr
    else:
        assert (result.returncode, result.stdout) == (0, found)
