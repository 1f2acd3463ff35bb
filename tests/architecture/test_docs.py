"""The docs say what is there: paths exist, generated pages are up to date, versions agree."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "tests" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    """Every path of the project that a page names in code marks is there."""
    named = re.findall(
        r"`((?:src|tests|docs|examples|tools|bench)/[^`\s*]*)`", page.read_text(encoding="utf-8")
    )

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page to a file leads to one."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_generated_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables and diagrams of the docs are those of the code."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "tools"), *sys.path])
    import generated_docs

    assert {
        path: path.read_text(encoding="utf-8") for path in generated_docs.pages()
    } == generated_docs.pages()


def test_every_room_of_the_house_is_described() -> None:
    """docs/architecture.md names every folder of the package and every module of the core."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "servflow"
    rooms = [path for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"]
    rooms += [path for path in (package / "core").iterdir() if path.stem not in ("__init__", "__pycache__")]

    assert [str(path.relative_to(ROOT)) for path in rooms if str(path.relative_to(ROOT)) not in text] == []
