"""The tables of docs/peers-ill.md, made from the scenarios; run as a program it writes them anew."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from scenario_format import SIDES, Scenario, read_all

__all__ = ["PAGE", "tables", "written"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "peers-ill.md"


def tables(scenarios: Sequence[Scenario]) -> Mapping[str, str]:
    """Each table of the page in Markdown, by the heading that it stands under."""
    return {
        "From which projects": _table(
            ("project", "repository", *SIDES, "scenarios", "we differ"), _by_project(scenarios)
        ),
        "Where we differ": _table(("scenario", "here", "there", "why"), _different(scenarios)),
    }


def _by_project(scenarios: Sequence[Scenario]) -> Iterable[tuple[str, ...]]:
    for peer in dict.fromkeys(each.of for each in scenarios):
        own = [each for each in scenarios if each.of == peer]
        repositories = sorted({each.source.partition(":")[0] for each in own})
        yield (peer, ", ".join(f"`{name}`" for name in repositories), *_counted(own))
    yield ("all", "", *_counted(scenarios))


def _counted(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    sides = Counter(each.side for each in scenarios)
    differ = sum(bool(each.differs) for each in scenarios)
    return (*(str(sides[side]) for side in SIDES), str(len(scenarios)), str(differ))


def _different(scenarios: Sequence[Scenario]) -> Iterable[tuple[str, ...]]:
    for each in scenarios:
        if each.differs:
            yield (f"`{each.id}`", each.name, each.peer_expects, each.differs)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def written(page: str, made: Mapping[str, str]) -> str:
    """The page with each table in the place of the one that stood under its heading.

    Raises:
        KeyError: the page has no such heading with a table under it.
    """
    for heading, table in made.items():
        place = re.compile(
            rf"(?<=^## {re.escape(heading)}\n)(?P<text>(?:(?!^[|#]).*\n)*)(?:^\|.*\n)+", re.MULTILINE
        )
        if not place.search(page):
            raise KeyError(heading)
        page = place.sub(lambda found, table=table: f"{found['text']}{table}\n", page, count=1)  # type: ignore[misc]
    return page


if __name__ == "__main__":
    made = tables(read_all(Path(__file__).parent))
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
