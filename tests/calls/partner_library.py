"""A library with both desks and its end of the wire; and the same as a process of its own.

``python partner_library.py REF DATABASE PEER EDITION`` writes its port, and then does what it is told: a JSON
object a line, on standard input, answered by one a line. It ends when its input does, or by itself
after a minute.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from servflow.adapters.partner_iso18626 import Exchange, HttpPartner, application
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import Dated
from servflow.core.errors import NotFound
from servflow.core.ill import ILL
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.centre.routing import Holding, Routing, RoutingFacts
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.lending.states import InstitutionKind, Material, Place, SecurityKind
from servflow.core.ill.terms import Requested, Service
from servflow.core.money import Money
from servflow.core.ports import Letter, Party, Receipt, Storage, System
from servflow.desk import Desk
from servflow.rulebooks import borrowing_policy, lending_policy, load

__all__ = ["BORROWER", "LENDER", "MONDAY", "Library", "Serving", "codec", "order", "relate", "under"]

BORROWER, LENDER = "CN-CQ", "CN-NLC"
LONGEST: Final = 60  # seconds, after which a process that nobody has ended ends


def under(policy: Any, **values: Any) -> Any:
    """The policy with other values for these rules, on every day."""
    rules = {name: getattr(policy, name) for name in values}
    always = {
        name: Dated.always(rule.name, values[name], rule.values[-1].cited.clause)
        for name, rule in rules.items()
    }
    return replace(policy, **always)


@cache
def codec() -> Codec:
    """It works out every class that it meets, once."""
    return Codec(ILL)


@cache
def _policies(ref: str) -> tuple[BorrowingPolicy, LendingPolicy]:
    """By what a library borrows, and by what it lends."""
    lends = lending_policy(load("nlc/interlibrary-loan"), library=ref if ref != BORROWER else LENDER)
    borrows = borrowing_policy(load("cque/interlibrary-loan"), library=ref, lenders={LENDER: lends})
    there = under(lends, undo_minutes=0, promises_by_itself=False, copyright_check=False, renewals=2)
    here = under(
        borrows,
        mediated=False,
        served=(),
        renewals=2,
        copyright_basis=False,
        declaration=(),
        undo_minutes=0,
    )
    return here, there


MONDAY: Final = datetime.fromisoformat("2026-01-05T10:00:00+08:00")


@dataclass
class Clock:
    """A clock that somebody sets."""

    at: datetime = MONDAY

    def now(self) -> datetime:
        return self.at


@dataclass
class Library:
    """One library: both desks over one storage, systems of others by their references, mail that is kept."""

    ref: str
    storage: Storage
    systems: dict[str, System] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    letters: list[Letter] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)
    holdings: tuple[Holding, ...] = ()  # as a centre that is asked whom to ask knows them
    timeout_seconds: float = 10
    longest_seconds: float = 30
    number: int = 0

    def __post_init__(self) -> None:
        here, there = _policies(self.ref)
        self.desk = Desk(
            ILL,
            storage=self.storage,
            facts=self,
            policy={
                **dict.fromkeys((SupplyTransaction.kind, Relation.kind, Routing.kind), there),
                BorrowingCase.kind: here,
            },
            mail=self,
            wording=self,
            partner=HttpPartner(
                self.ref, timeout_seconds=self.timeout_seconds, longest_seconds=self.longest_seconds
            ),
        )
        self.exchange = Exchange(self.desk, self.ref)

    # --- the host ---

    def ask(self, command: Command, it: Aggregate | None) -> Any:
        if ILL.of(type(command)).name == BorrowingCase.kind:
            return BorrowingFacts(category="teacher")
        if ILL.of(type(command)).name == Routing.kind:
            return RoutingFacts(holdings=self.holdings)
        if getattr(command, "requester", "") in self.strangers:
            raise NotFound("institution", "a stranger")
        kind = InstitutionKind.UNIVERSITY_LIBRARY
        return LendingFacts(kind=kind, place=Place.ELSEWHERE, material=Material.CHINESE_BOOK)

    def party(self, ref: str) -> Party:
        email = f"{ref}@example.org"
        return Party(ref=ref, name=ref, email=email, language="en", system=self.systems.get(ref))

    def letter(self, message: Message, to: Party) -> tuple[str, str]:
        return message.kind, to.name

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)

    # --- what is done ---

    def say(self, command: type[Command], case: str, /, *, by: Actor | None = None, **said: Any) -> Receipt:
        """A command, by its staff if nobody else is named, now."""
        self.number += 1
        return self.desk.do(
            command(
                id=f"said/{self.ref}/{self.number}",
                case=case,
                by=by or Actor("librarian", self.ref, Office.STAFF),
                happened_at=self.clock.at,
                recorded_at=self.clock.at,
                **said,
            )
        )

    def deliver(self) -> tuple[int, list[str], list[str]]:
        """How many were sent to systems; the notes of those that failed, and of those that were put off."""
        letters = len(self.letters)
        done = self.desk.deliver(self.clock.at)
        notes = {each.message.key: each.note for each in self.storage.outbox()}
        failed = [notes[each.message.key] for each in done.failed]
        sent = done.sent - (len(self.letters) - letters)
        return sent, failed, [notes[each.message.key] for each in done.postponed]

    def it(self, id: str) -> Any:
        """A case or a transaction."""
        kind = SupplyTransaction.kind if "/" in id else BorrowingCase.kind
        return self.storage.load(Key(kind, id))

    def entries(self) -> int:
        """How many entries stand in all journals."""
        kinds = (SupplyTransaction.kind, Relation.kind, BorrowingCase.kind)
        return sum(it.version for kind in kinds for it in self.storage.aggregates(kind))


def relate(lender: Library, borrower: str = BORROWER) -> None:
    """The borrower's relation with the lender is in force: applied for, approved, signed, paid for."""
    policy = _policies(lender.ref)[1]
    agreements = policy.agreements.on(policy.day(lender.clock.at)).value
    kind = InstitutionKind.UNIVERSITY_LIBRARY
    by = Actor("ils", borrower, Office.SYSTEM)
    lender.say(c.Apply, borrower, by=by, lender=lender.ref, kind=kind)
    lender.say(c.Approve, borrower)
    lender.say(c.Sign, borrower, agreements=agreements)
    lender.say(c.PaySecurity, borrower, kind=SecurityKind.DEPOSIT, amount=Money(500, "CNY"))


def order(borrower: Library, case: str = "B1", *, service: Service = Service.LOAN) -> None:
    """A request is filed and goes to the lender; what was told waits to be sent."""
    said: dict[str, Any] = {
        "patron": "p-1",
        "library": borrower.ref,
        "requested": Requested(title="古城水系考"),
    }
    borrower.say(b.DraftRequest, case, service=service, suppliers=(LENDER,), **said)
    borrower.say(b.Submit, case, declared=True)
    borrower.clock.at += timedelta(minutes=10)  # an undo is over


class _Quiet(WSGIRequestHandler):
    timeout = 2

    def log_message(self, format: str, *args: Any) -> None:
        return None


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        return None


class Serving:
    """An application on a free port of the loopback, in a thread."""

    def __init__(self, app: Callable[..., Iterable[bytes]], *, context: ssl.SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", 0), _Quiet)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.set_app(app)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/iso18626"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Serving:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


# --- a process ------------------------------------------------------------------------------------


class _Mortal(Exchange):
    """Killed once it has taken in the next message, before it answers, if it is told so."""

    dies = False

    def answer(self, data: bytes, *, received_at: datetime, peer: str | None = None) -> bytes:
        answered = super().answer(data, received_at=received_at, peer=peer)
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return answered


class _Process:
    """Does what it is told, one thing a line."""

    def __init__(self, ref: str, database: str, peer: str, edition: str) -> None:
        self.library = Library(ref, SqliteStorage(Path(database), codec(), busy_seconds=5))
        self.exchange = _Mortal(self.library.desk, ref)
        self.peer, self.edition = peer, edition

    def done(self, told: dict[str, Any]) -> Any:
        library = self.library
        match told:
            case {"peer": port}:
                library.systems[self.peer] = System(
                    protocol="iso18626",
                    url=f"http://127.0.0.1:{port}/",
                    edition=self.edition,
                    dialect="servflow",
                    key=f"the-key-of-{library.ref}",
                )
            case {"pass": hours}:
                library.clock.at += timedelta(hours=hours)
                library.desk.wake(library.clock.at)
            case {"dies": dies}:
                self.exchange.dies = dies
            case {"do": command}:
                library.desk.do(codec().decode_command(command))
            case {"deliver": _}:
                return library.deliver()
            case {"show": id}:
                return codec().encode_aggregate(library.it(id))
            case {"entries": _}:
                return library.entries()
        return None

    def serve(self) -> None:
        """Until the input ends."""
        keys = {f"the-key-of-{self.peer}": self.peer}
        app = application(self.exchange, clock=self.library.clock, keys=keys)
        with Serving(app) as serving:
            _write({"port": serving.port})
            for line in sys.stdin:
                try:
                    _write({"done": self.done(json.loads(line))})
                except Exception as error:  # noqa: BLE001 -- told to who asked
                    _write({"error": f"{type(error).__name__}: {error}"})
        self.library.storage.close()


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def main(ref: str, database: str, peer: str, edition: str) -> None:
    """Serve, and do what is told on standard input."""
    watchdog = threading.Timer(LONGEST, os._exit, (3,))
    watchdog.daemon = True
    watchdog.start()
    _Process(ref, database, peer, edition).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
