"""The fault suite as a program; see the package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from random import randrange
from time import monotonic

sys.path[0] = str(Path(__file__).resolve().parents[1])


from faults import scenarios  # noqa: E402
from faults.places import Place, Server, postgresql, served, sqlite  # noqa: E402
from faults.scenarios import Counts  # noqa: E402

Scenario = Callable[[str, Counts], str]


def _scenarios(server: Server, *, kills: int, short: bool) -> Iterator[tuple[str, Scenario]]:
    """Each with its name; ``server`` is the one that crashes, too."""
    databases: dict[str, Callable[[], AbstractContextManager[Place]]] = {
        "sqlite": sqlite,
        "postgresql": partial(postgresql, server),
    }
    for name, new in databases.items():
        yield f"kills/{name}", partial(scenarios.kills, kills // 2, new)
        yield f"mail/{name}", partial(scenarios.mail, 1 if short else 6, new)
        yield f"clocks/{name}", partial(scenarios.clocks, 60 if short else 400, new)
    yield "restarts", partial(scenarios.restarts, 2 if short else 8, server)
    yield "full/sqlite", partial(scenarios.full, 1 if short else 6)
    yield "full/postgresql", partial(scenarios.full_server, 1 if short else 3, server)


def main(arguments: Sequence[str]) -> int:
    """Run the scenarios; 1 if something does not hold."""
    parser = argparse.ArgumentParser(prog="faults", description="faults, real ones, and what must hold")
    parser.add_argument("--kills", type=int, help="workers to be killed, over both databases")
    parser.add_argument("--seed", default=str(randrange(10**6)), help="what workers say comes from it")
    parser.add_argument("--only", action="append", default=[], help="scenarios whose names begin so")
    parser.add_argument("--short", action="store_true", help="every kind of fault, a few times")
    wanted = parser.parse_args(arguments)
    kills = wanted.kills or (16 if wanted.short else 512)
    counts = Counts()
    failed = 0
    print(f"faults: seed {wanted.seed}", flush=True)
    with served() as server:
        for name, run in _scenarios(server, kills=kills, short=wanted.short):
            if wanted.only and not any(name.startswith(only) for only in wanted.only):
                continue
            began = monotonic()
            try:
                said = run(f"{wanted.seed}/{name}", counts)
            except Exception as error:  # noqa: BLE001 -- told, and the others go on
                failed += 1
                kept = ", ".join(getattr(error, "__notes__", ()))
                said = f"VIOLATED, seed {wanted.seed}: {type(error).__name__}: {error}\n  {kept}"
            print(f"{name:<18} {monotonic() - began:6.1f} s  {said}", flush=True)
    print(counts.summary(failed))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
