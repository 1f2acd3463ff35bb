from __future__ import annotations

from uuid import UUID

from servflow.adapters.ids_uuid import UuidIds


def test_ids_are_fresh():
    """no id is given twice, each is a random UUID"""
    ids = UuidIds()
    given = [ids.new() for _ in range(100)]
    assert len(set(given)) == 100
    assert all(str(UUID(id)) == id and UUID(id).version == 4 for id in given)
