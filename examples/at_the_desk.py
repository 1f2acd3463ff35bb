"""How the examples speak to a desk: who says what, to which case, when it happened and was recorded."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from servflow.adapters.mail_maildir import MaildirMail
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import BabelWording
from servflow.codec import Codec
from servflow.core.changes import Actor, Command
from servflow.core.lifecycle import Lifecycles, Policies
from servflow.core.ports import Facts, Party
from servflow.desk import Desk

BEIJING = timezone(timedelta(hours=8))


def at(day: str, hour: int = 10, minute: int = 0) -> datetime:
    """An hour of a day in Beijing."""
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), BEIJING)
    return midnight + timedelta(hours=hour, minutes=minute)


class DeskAtWork:
    """A desk over a SQLite file and a maildir in a folder.

    ``staff`` speaks where nobody else is named; letters are ``sender``'s, with ``address`` below them.
    """

    def __init__(
        self,
        folder: Path,
        lifecycles: Lifecycles,
        *,
        facts: Facts,
        sender: Party,
        policy: Policies,
        db: str,
        mail: str,
        staff: Actor,
        address: str = "",
    ) -> None:
        self.codec = Codec(lifecycles)
        self.storage = SqliteStorage(folder / db, self.codec)
        self.staff = staff
        self.desk = Desk(
            lifecycles,
            storage=self.storage,
            facts=facts,
            policy=policy,
            mail=MaildirMail(folder / mail, sender),
            wording=BabelWording(sender.name, address=address),
        )
        self._number = 0

    def say(self, command: type[Command], case: str, happened: datetime, **fields: object) -> None:
        """One command, by the staff unless ``by`` says otherwise, recorded when it happened."""
        self._number += 1
        by = fields.pop("by", self.staff)
        recorded = fields.pop("recorded", happened)
        self.desk.do(
            command(
                id=f"demo-{self._number}",
                case=case,
                by=by,  # type: ignore[arg-type]
                happened_at=happened,
                recorded_at=recorded,  # type: ignore[arg-type]
                **fields,
            )
        )

    def nights(self, first: str, last: str) -> None:
        """Every night the clock speaks and the mail leaves."""
        night, end = at(first, 23), at(last, 23)
        while night <= end:
            self.desk.wake(night)
            self.desk.deliver(night)
            night += timedelta(days=1)
