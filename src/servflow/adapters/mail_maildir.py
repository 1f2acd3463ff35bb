"""Letters as files of a Maildir: the embedded default, and how a demonstration shows its mail.

Any mail program reads it. One letter is one file, named after its Message-ID: a letter handed
over again (after a crash, say) does not become a second one.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from servflow.codec.rfc5322 import mail_message, message_id
from servflow.core.errors import MailFailed
from servflow.core.ports import Letter, Party

__all__ = ["MaildirMail"]


class MaildirMail:
    """The ``Mail`` port over the Maildir ``folder``, made with its parents when first needed.

    A letter is written and synced under ``tmp``, then renamed into ``new``, which is synced too: a
    reader never sees half of one, and one that was taken survives a loss of power. Files and
    folders are for their owner only. ``sender`` is who the letters are from.
    """

    def __init__(self, folder: Path, sender: Party) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, letter: Letter) -> None:
        """Put the letter into the folder, unless it is there already, read or unread.

        Raises:
            MailFailed: permanent where the letter cannot be addressed; not permanent where the
                folder cannot be written to (full, forbidden). No file was left behind.
        """
        content = mail_message(letter, self._sender, encoding="8bit").as_bytes()
        name = sha256(message_id(letter, self._sender).encode()).hexdigest()
        try:
            self._deliver(name, content)
        except OSError as error:
            found = f"{self._folder}: {error.strerror or type(error).__name__}"
            raise MailFailed(letter.to.ref, found) from error

    def _deliver(self, name: str, content: bytes) -> None:
        drafts, unread, read = (self._folder / part for part in ("tmp", "new", "cur"))
        for part in (drafts, unread, read):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A reader moves a file to cur and adds flags to its name: "name:2,S".
        if (unread / name).exists() or any(read.glob(f"{name}*")):
            return
        handle, draft = tempfile.mkstemp(prefix=f"{name}.", dir=drafts)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, unread / name)  # noqa: PTH105  # from a path that mkstemp gave as text
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)  # noqa: PTH108
            raise
        directory = os.open(unread, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
