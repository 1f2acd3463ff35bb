"""The storages that the desk is tried over: every test that asks for ``storage_for`` runs over each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.ports import Storage


@pytest.fixture(params=["memory", "sqlite"])
def storage_for(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Codec], Storage]]:
    """An empty storage for a codec; closed when the test is over."""
    made: list[Storage] = []

    def storage(codec: Codec) -> Storage:
        made.append(
            MemoryStorage(codec, busy_seconds=2)
            if request.param == "memory"
            else SqliteStorage(tmp_path / f"desk-{len(made)}.db", codec, busy_seconds=2)
        )
        return made[-1]

    yield storage
    for each in made:
        each.close()
