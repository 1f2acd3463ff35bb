"""What an adapter promises, as tests that its author runs on it.

from servflow.testing.contracts import StorageContract

class TestMyStorage(StorageContract):
    @pytest.fixture
    def storage(self):
        return MyStorage(Codec(TOYS))
"""

from __future__ import annotations

from servflow.core.errors import MissingExtra

try:
    import pytest
except ImportError as error:
    raise MissingExtra("pytest", "testing") from error

pytest.register_assert_rewrite("servflow.testing.contracts.storage")

from servflow.testing.contracts.storage import StorageContract  # noqa: E402 -- rewritten, then imported

__all__ = ["StorageContract"]
