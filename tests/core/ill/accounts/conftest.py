"""A centre's desk for the tests of accounts."""

from __future__ import annotations

import pytest
from account_desk import AccountDesk


@pytest.fixture
def desk() -> AccountDesk:
    """A centre's desk that keeps no account yet."""
    return AccountDesk()
