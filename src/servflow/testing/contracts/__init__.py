'''What an adapter promises, as tests that its author runs on it.

A storage is held to its port by a class of tests::

    from servflow.testing.contracts import StorageContract

    class TestMyStorage(StorageContract):
        @pytest.fixture
        def storage(self):
            """A new, empty one for the toys, every time; closed afterwards."""
            storage = MyStorage(Codec(TOYS))
            yield storage
            storage.close()

Nothing is asked of it but the port. Two hundred threads write at once: have a writer wait 10 s or
longer before it is busy, and no more connections be opened than the database allows. Four hooks
say more, each a method of the class; where one is not given, what it would show is not tested::

        def reopened(self, storage):
            """The same storage, read again from where it lies. Default: the one given."""
            return MyStorage(Codec(TOYS))

        @contextmanager
        def failing(self, storage, n):
            """While it lasts the n-th write to the database (from 0) fails. Default: not offered."""
            with the_database_counting_writes(fail_at=n):
                yield

        def earlier(self, storage):
            """A storage on a database of each earlier format. Default: there was none."""
            yield MyStorage(Codec(TOYS), database=loaded("format-1.sql"))

        def impatient(self, storage):
            """One on the same place whose writers wait for at most a second. Default: not offered."""
            return MyStorage(Codec(TOYS), wait=0)

``failing`` is tried with 0, 1, 2, and so on, until a commit, a restore, a rewrite and a reschedule
come through; after each failure nothing may be there of it. Without it only the change breaks that
the storage is given, in every part, which shows less: a database can fail where no part is asked for.
``earlier`` gives storages that hold an open counter and a free message at the least; each is read,
folded, written on, and its message claimed.
'''

from __future__ import annotations

from servflow.core.errors import MissingExtra

try:
    import pytest
except ImportError as error:
    raise MissingExtra("pytest", "testing") from error

pytest.register_assert_rewrite(
    *(
        f"servflow.testing.contracts.{module}"
        for module in (
            "_commands",
            "_commits",
            "_concurrency",
            "_damage",
            "_hooks",
            "_moving",
            "_outbox",
            "_reading",
            "_reference",
            "_steps",
            "storage",
        )
    )
)

from servflow.testing.contracts.storage import StorageContract  # noqa: E402 -- rewritten, then imported

__all__ = ["StorageContract"]
