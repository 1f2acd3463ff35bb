"""The tables and diagrams of the docs, generated from the lifecycles.

`--write` writes them; without it, what is out of date is named and the exit code is 1.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from servflow.adapters.machine_transitions import diagram, table
from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.tickets.states import Stage as T
from servflow.core.deposits import DEPOSITS
from servflow.core.deposits.accounts.states import AccountState as A
from servflow.core.deposits.claims.states import ClaimState as L
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.states import CaseState as C
from servflow.core.ill.lending.states import SupplyState as S
from servflow.core.ill.network.modes import MODES, Mode
from servflow.core.lifecycle import Lifecycle

sys.path.insert(0, str(Path(__file__).parent))
from mode_drawings import drawing, facets

DOCS = Path(__file__).parent.parent / "docs"
FOLDER = DOCS / "lifecycles"
MODES_FOLDER = DOCS / "modes"
BEGINS, ENDS = "<!-- made by `make docs` from here -->", "<!-- to here -->"

PHASES: Mapping[str, Mapping[str, tuple[Enum, ...]]] = {
    "ill.borrowing": {
        "From the draft to the first supplier": (C.DRAFT, C.SUBMITTED, C.BLOCKED, C.IN_REVIEW, C.ROUTABLE),
        "With a supplier": (C.SENT, C.EXPECTED, C.PROMISED, C.OFFERED),
        "Between two suppliers": (C.ROUTABLE, C.RETRY_OFFERED, C.ROTA_EXHAUSTED),
        "A loan in hand": (C.SHIPPED, C.RECEIVED, C.ON_LOAN, C.AWAITING_RETURN, C.RETURNED, C.LOST),
        "A copy in hand": (C.DELIVERED,),
    },
    "ill.supply": {
        "Before it is sent": (S.NEW, S.CHECKING, S.PROMISED, S.OFFERED),
        "After it was sent": (S.SHIPPED, S.AT_REQUESTER, S.RETURN_IN_TRANSIT, S.LOST),
    },
    "aftersales.ticket": {
        "The report, and what is the matter": (T.REPORTED, T.TRIAGED),
        "Who pays, and what it will cost": (T.COVERED, T.QUOTED),
        "Planned": (T.APPROVED, T.DISPATCHED),
        "On the spot": (T.ON_SITE,),
        "In the shop": (T.IN_SHOP,),
        "Done, accepted, closed": (T.REPAIRED, T.ACCEPTED, T.FOLLOWED_UP, T.CLOSED, T.DECLINED),
    },
    "deposits.account": {
        "Assessed, and reviewed": (A.ASSESSED, A.EXEMPT, A.UNDER_REVIEW),
        "Paid": (A.DUE, A.PAID),
        "Kept, and given back": (A.HELD, A.PARTLY_RELEASED, A.RELEASED),
    },
    "deposits.claim": {
        "Whose business it is": (L.FILED, L.CHECKED, L.DISPUTED, L.TESTED),
        "The repair": (L.APPROVED, L.ASSIGNED, L.BUDGETED),
        "The money": (L.REPAIRED, L.COST_LISTED, L.PAID),
    },
}
"""A long lifecycle is shown part by part: the states of each, and what leads out of them."""


def page(lifecycle: Lifecycle) -> str:
    """One lifecycle: its diagrams, part by part where it is long, and its rows."""
    phases = PHASES.get(lifecycle.name)
    if phases is None:
        drawn = _drawing(diagram(lifecycle))
    else:
        parts = (
            f"## {title}\n\n{_drawing(diagram(lifecycle, phase=part))}" for title, part in phases.items()
        )
        drawn = "\n\n".join(parts) + "\n\n## The rows"
    return (
        f"# {lifecycle.name}\n\n"
        "Generated from the table by `make docs`; do not edit. What leaves a state as it is is in the table"
        f" only.\n\n{drawn}\n\n{table(lifecycle).rstrip()}\n"
    )


def _drawing(text: str) -> str:
    return f"```mermaid\n{text.rstrip()}\n```"


def mode_page(mode: Mode, text: str) -> str:
    """A mode's page: what somebody wrote, with the drawing and the table of its facets in their place."""
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n\n{_drawing(drawing(mode))}\n\n{facets(mode)}\n\n{ENDS}{after}"


def pages() -> dict[Path, str]:
    """What each generated file, or file with a generated part, is to hold."""
    made = {FOLDER / f"{lifecycle.name}.md": page(lifecycle) for lifecycle in (*ILL, *AFTERSALES, *DEPOSITS)}
    for mode in MODES.values():
        path = MODES_FOLDER / f"{mode.name.value.replace('_', '-')}.md"
        made[path] = mode_page(mode, path.read_text(encoding="utf-8"))
    return made


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
