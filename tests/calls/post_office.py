"""A real SMTP server on the loopback that keeps what it takes, and can be closed and opened again."""

from __future__ import annotations

import asyncio
import socket
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP


class PostOffice:
    """Mail by the address that it is for. ``port`` is the same whenever it is open."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.taken: list[tuple[str, EmailMessage]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread | None = None

    def mail(self, address: str) -> list[EmailMessage]:
        """What came for that address, in its order."""
        return [message for to, message in self.taken if to == address]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken += [(to, message) for to in envelope.rcpt_tos]
        return "250 OK"

    def open(self) -> None:
        """From now on it answers."""
        loop = self._loop = asyncio.new_event_loop()
        made = loop.create_server(
            lambda: SMTP(self, hostname="localhost", loop=loop), "127.0.0.1", self.port, reuse_address=True
        )
        self._server = loop.run_until_complete(made)
        self._thread = threading.Thread(target=loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """From now on nobody is there."""
        loop, server, thread = self._loop, self._server, self._thread
        if loop is None or server is None or thread is None:
            return

        async def stop() -> None:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()
        self._loop = None
