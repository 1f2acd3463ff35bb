"""The tables and diagrams of the docs, generated from the lifecycles.

`--write` writes them; without it, what is out of date is named and the exit code is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from servflow.adapters.machine_transitions import diagram, table
from servflow.core.ill import ILL
from servflow.core.lifecycle import Lifecycle

FOLDER = Path(__file__).parent.parent / "docs" / "lifecycles"


def page(lifecycle: Lifecycle) -> str:
    """One lifecycle: its diagram, and its rows."""
    return (
        f"# {lifecycle.name}\n\n"
        "Generated from the table by `make docs`; do not edit.\n\n"
        f"```mermaid\n{diagram(lifecycle).rstrip()}\n```\n\n{table(lifecycle).rstrip()}\n"
    )


def pages() -> dict[Path, str]:
    """What each generated file is to hold."""
    return {FOLDER / f"{lifecycle.name}.md": page(lifecycle) for lifecycle in ILL}


def main(arguments: list[str]) -> int:
    """Write the pages, or name those that are out of date."""
    stale = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--write" in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path, text in pages().items():
            path.write_text(text, encoding="utf-8")
        return 0
    for path in stale:
        print(f"{path.name} is out of date; run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
