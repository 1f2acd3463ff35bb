"""``import servflow`` is light: its names are loaded when they are first used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import servflow

_SHOW = """
import sys
before = set(sys.modules)
import servflow
loaded = {name.partition(".")[0] for name in sys.modules.keys() - before}
print(*sorted(loaded - sys.stdlib_module_names))
print(*sorted(name for name in sys.modules if name.startswith("servflow.")))
servflow.Money
print(*sorted(name for name in sys.modules if name.startswith("servflow.core.")))
"""


def _imported_for_type_checkers() -> dict[str, str]:
    """Every name imported under ``if TYPE_CHECKING``, with the module it comes from."""
    tree = ast.parse(Path(servflow.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {
        name.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def test_importing_servflow_loads_the_standard_library_only() -> None:
    """In a fresh interpreter it loads no module of its own and none of others; a name loads its home alone."""
    run = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, check=True)
    others, own, used = run.stdout.splitlines()

    assert others == "servflow"
    assert own == ""
    assert used.split() == ["servflow.core.errors", "servflow.core.money"]


def test_all_is_what_type_checkers_see() -> None:
    """``__all__``, sorted as the linter sorts it, equals the names that type checkers are shown."""
    assert set(servflow.__all__) == _imported_for_type_checkers().keys()
    assert len(set(servflow.__all__)) == len(servflow.__all__)
    assert dir(servflow) == sorted(servflow.__all__)


@pytest.mark.parametrize(("name", "home"), _imported_for_type_checkers().items())
def test_every_name_comes_from_where_type_checkers_think(name: str, home: str) -> None:
    """Every name resolves, and to what its module has under that name."""
    assert getattr(servflow, name) is getattr(sys.modules[home], name)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """A name that servflow does not have is an ``AttributeError`` that names it, as for any module."""
    with pytest.raises(AttributeError, match="module 'servflow' has no attribute 'Mony'"):
        servflow.Mony  # noqa: B018
