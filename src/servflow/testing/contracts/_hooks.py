"""What an adapter's author gives the contract, and what is taken where he gives nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final

import pytest

from servflow.core.ports import Storage
from servflow.testing.contracts._steps import contents

__all__ = ["StorageHooks"]

_MOST_WRITES: Final = 1000


class StorageHooks:
    """The fixture to give, and the hooks that may be overridden."""

    @pytest.fixture
    def storage(self) -> Storage:
        """An empty storage for the lifecycles of ``servflow.testing.toys.TOYS``."""
        raise NotImplementedError("override the fixture `storage`")

    def reopened(self, storage: Storage) -> Storage:
        """The storage after its program has ended and was started again.

        One that ends with its program gives back itself, which is what this does.
        """
        return storage

    def failing(self, storage: Storage, n: int) -> AbstractContextManager[object] | None:
        """While it lasts the ``n``-th write (from 0) to what is below ``storage`` fails, with any error.

        Every statement that writes counts, and may count the statement that commits. None, which is
        what this gives, says that nothing can be made to fail there; then what breaks is always the
        change, or the records, that the storage is given, and the tests of such writes are skipped.
        """

    def earlier(self, storage: Storage) -> Iterable[Storage]:  # noqa: ARG002 -- for who overrides it
        """For each earlier format a storage opened on what was stored in it, not empty as ``storage`` is.

        Each holds at least one open counter of the toys and one message that is pending and free to
        be claimed after the instants stored. Nothing, which is what this gives, says that
        there was no earlier format.
        """
        return ()

    def impatient(self, storage: Storage) -> Storage | None:
        """The same storage, or another one on the same place, whose writers wait for at most a second.

        The contract closes it no more than it does ``storage``. None, which is what this gives, says
        that there is none; then it is not tested that a writer who waits too long is told so.
        """

    def check_faults(self, storage: Storage, act: Callable[[], object]) -> None:
        """Try ``act`` with the first write failing, the second, and so on, until it comes through.

        After each failure the storage holds what it held before, and in the end what came through.
        Where no write can be made to fail the test is skipped, after ``act``.
        """
        before = contents(storage)
        for n in range(_MOST_WRITES):
            fault = self.failing(storage, n)
            if fault is None:
                act()
                pytest.skip("no write can be made to fail: the hook `failing` is not given")
            try:
                with fault:
                    act()
            except Exception:  # noqa: BLE001 -- whatever the database says
                assert contents(storage) == before
            else:
                assert n, "the hook `failing` made no write fail"
                assert contents(self.reopened(storage)) == contents(storage)
                return
        pytest.fail(f"it did not come through with {_MOST_WRITES} writes")
