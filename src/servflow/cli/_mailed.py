"""What a mail of another library is about: which case, which letter of ours, from whom; for ``--mail``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from servflow.adapters.mail_reading import LARGEST, Reply, answers, read_reply
from servflow.cli._fields import own_fields
from servflow.cli._host import Host
from servflow.cli._stored import stored
from servflow.core.changes import Command, Key
from servflow.core.dates import lies_after
from servflow.core.errors import InvalidMessage, NotFound, Problem
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ports import Outgoing, Storage

__all__ = ["FROM_THE_MAIL", "Mailed", "mailed", "with_mail"]

F = TypeVar("F", bound=Callable[..., Any])

FROM_THE_MAIL: Final = "-"
"""Typed instead of an id: the case that the mail answers."""


def with_mail(command: F) -> F:
    """The options ``--mail`` and ``--from-somebody-else``."""
    somebody = click.option(
        "--from-somebody-else", is_flag=True, help="Take it though it is not from the library's address."
    )
    file = click.option(
        "--mail",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The mail that says so: its case (for the ID -), its date, its text, and what it is known by.",
    )
    return file(somebody(command))


@attrs.frozen(kw_only=True)
class Mailed:
    """A mail that was read, the case it is about, and the letter of ours that it answers, if it does."""

    file: Path
    reply: Reply
    key: Key
    letter: Outgoing | None

    def request(self) -> str:
        """The request id that the letter had, or that stands in the subject; empty where there is none."""
        said = dict(self.letter.message.facts).get("request") if self.letter is not None else None
        return str(said or self.reply.request)

    def attempt(self, it: BorrowingCase) -> int | None:
        """The attempt of that request; otherwise the present one."""
        request = self.request()
        found = (each.number for each in it.attempts if request and each.request_id == request)
        return next(found, it.current)

    def check_sender(self, host: Host, library: str, *, somebody_else: bool) -> None:
        """Only the library itself is heard, or who is expressly said to speak for it.

        Raises:
            InvalidMessage: the mail is from another address than the library's.
        """
        try:
            address = host.facts_file.party(library).email
        except NotFound:
            address = ""
        if somebody_else or address.casefold() == self.reply.sender.casefold():
            return
        known = (
            f"{address}, the address of {library}" if address else f"{library}, whose address is not known"
        )
        expected = f"{known}; or --from-somebody-else"
        raise InvalidMessage(str(self.file), [Problem("From", self.reply.sender, expected)])

    def happened_at(self, recorded_at: datetime, after: datetime | None = None) -> datetime:
        """The mail's own date: not later than now, and not before ``after``, what it answers."""
        at = self.reply.at
        if at is None or lies_after(at, recorded_at):
            return recorded_at
        if after is not None and lies_after(after, at) and not lies_after(after, recorded_at):
            return after
        return at

    def command_id(self, kind: type[Command]) -> str:
        """The same for the same command from the same mail, which so counts once."""
        return f"mail/{self.reply.message_id}/{kind.__name__}/{self.key.id}"

    def fields(self, kind: type[Command], said: Mapping[str, Any]) -> dict[str, Any]:
        """What is said, with the mail as its evidence, and its text as the note where none is given.

        Raises:
            click.UsageError: the command is nothing that another library says.
        """
        known = own_fields(kind)
        if "evidence" not in known:
            raise click.UsageError(f"--mail: {kind.__name__} is not said by another library")
        from_mail = {"evidence": self.reply.message_id}
        if "note" in known and self.reply.text:
            from_mail["note"] = self.reply.text
        return {**from_mail, **said}

    def told(self) -> dict[str, Any]:
        """What was found, as plain data."""
        letter = self.letter.message if self.letter is not None else None
        return {
            "file": str(self.file),
            "message_id": self.reply.message_id,
            "from": self.reply.sender,
            "date": None if self.reply.at is None else self.reply.at.isoformat(),
            "automatic": self.reply.automatic,
            "attachments": list(self.reply.attachments),
            "answers": None if letter is None else letter.key,
            "about": None if letter is None or letter.about is None else letter.about.id,
        }

    def lines(self) -> Iterator[str]:
        """What was found, for a person."""
        reply = self.reply
        dated = "without a date" if reply.at is None else f"of {reply.at.isoformat()}"
        yield f"mail {reply.message_id} {dated} from {reply.sender}"
        about = None if self.letter is None else self.letter.message.about
        if self.letter is None:
            yield "  it answers no letter of ours"
        elif about is not None:
            other = "" if about == self.key else f"; it is taken for {self.key.id} all the same"
            yield f"  it answers {self.letter.message.kind}, request {self.request()}{other}"
        if reply.automatic:
            yield "  no person wrote it: it is an automatic reply"
        for name in reply.attachments:
            yield f"  attached, not kept: {name}"


def mailed(file: Path, storage: Storage, kind: str, id: str) -> Mailed:
    """Read the mail, and find what it is about: a case of that kind.

    ``id`` is the case; for ``-`` it is the one whose letter the mail answers, otherwise the one whose
    request id stands in its subject.

    Raises:
        InvalidMessage: the file cannot be read, is no mail, or is about nothing of ours.
    """
    reply = read_reply(_content(file))
    named = id if id != FROM_THE_MAIL else reply.request.rpartition("~")[0]
    letter = answers(reply, storage.outbox(about=Key(kind, named))) if named else None
    letter = letter or answers(reply, storage.outbox())
    if id != FROM_THE_MAIL:
        return Mailed(file=file, reply=reply, key=Key(kind, id), letter=letter)
    if letter is not None and letter.message.about is not None and letter.message.about.kind == kind:
        return Mailed(file=file, reply=reply, key=letter.message.about, letter=letter)
    if named and stored(storage, Key(kind, named)) is not None:
        return Mailed(file=file, reply=reply, key=Key(kind, named), letter=letter)
    expected = "a letter of ours that it answers, or our request id in the subject; otherwise name the case"
    raise InvalidMessage(str(file), [Problem("what it is about", reply.subject or "nothing", expected)])


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        found = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidMessage(str(file), [Problem("the file", found, "one that can be read")]) from None
