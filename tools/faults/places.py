"""Where the desk keeps what it does: a new SQLite file, or a new database of a running PostgreSQL server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwnam
from resource import RLIMIT_FSIZE, prlimit
from shutil import rmtree

from postgres import Server, served

from servflow.adapters.storage_sqlalchemy import PostgresStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.errors import ServflowError
from servflow.core.ill import ILL
from servflow.core.ports import Storage

__all__ = ["CODEC", "Place", "Server", "limit_files", "postgresql", "served", "sqlite"]

CODEC = Codec(ILL)


@dataclass(frozen=True)
class Place:
    """A database by its kind and where it stands; whoever forks opens it afterwards."""

    kind: str
    where: str
    busy_seconds: int = 20

    def open(self) -> Storage:
        """A storage over it, to be closed by whoever asked for it."""
        if self.kind == "sqlite":
            return SqliteStorage(self.where, CODEC, busy_seconds=self.busy_seconds)
        return PostgresStorage(self.where, CODEC, busy_seconds=self.busy_seconds)

    @contextmanager
    def opened(self) -> Iterator[Storage]:
        """A storage over it that is closed at the end."""
        storage = self.open()
        try:
            yield storage
        finally:
            storage.close()


@contextmanager
def sqlite() -> Iterator[Place]:
    """A new file, kept where something went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="servflow-faults-"))
    try:
        yield Place("sqlite", str(folder / "desk.db"))
    except Exception as error:
        error.add_note(f"kept as {folder / 'desk.db'}")
        raise
    rmtree(folder)


@contextmanager
def postgresql(server: Server) -> Iterator[Place]:
    """A new database. The server goes at the end, so that what went wrong is kept as an SQLite file."""
    with server.database() as url:
        place = Place("postgresql", url)
        try:
            yield place
        except Exception as error:
            kept = Path(tempfile.mkdtemp(prefix="servflow-faults-")) / "desk.db"
            with (
                suppress(ServflowError),
                place.opened() as storage,
                Place("sqlite", str(kept)).opened() as copy,
            ):
                copy.restore(storage.records())
                error.add_note(f"kept as {kept}")
            raise


def limit_files(server: Server, size: int) -> None:
    """From now on the kernel lets no file of this server's grow beyond ``size`` bytes (-1: any size)."""
    (place,) = server.control[2:3]
    first = int((Path(place) / "postmaster.pid").read_text().split()[0])
    pids = [first, *(pid for pid, parent in _processes() if parent == first)]
    pid = os.fork()
    if not pid:
        try:
            if server.user is not None:  # nobody else may, not even who may do everything in here
                os.setuid(getpwnam(server.user).pw_uid)
            for each in pids:
                with suppress(ProcessLookupError):
                    prlimit(each, RLIMIT_FSIZE, (size, -1))
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("the server's files cannot be limited")


def _processes() -> Iterator[tuple[int, int]]:
    """All processes that there are, each with its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            yield int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])
