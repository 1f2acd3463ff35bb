"""A centre between a library that asks and three that supply."""

from __future__ import annotations

import pytest
from centre_network import Network


@pytest.fixture
def network() -> Network:
    """All four, and nothing is on the wire."""
    return Network()


@pytest.fixture
def make() -> type[Network]:
    """A network with another wire, or other facts at the centre."""
    return Network
