"""One library of the network as a process of its own: its loan desk, and its end of the wire.

`python examples/network/desk.py centre FOLDER` opens the desk of `centre.toml` over `FOLDER/centre.db`
and writes the port at which it listens. It is told of the others, and then does what it is told: a JSON
object a line on standard input, answered by one a line. It ends when its input does, or by itself after a
minute. What it says to another library it says over HTTP, in ISO 18626, and in no other way.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from xml.etree import ElementTree as ET

from servflow.adapters.facts_file import FactsFile
from servflow.adapters.mail_maildir import MaildirMail
from servflow.adapters.partner_iso18626 import PROTOCOL, Exchange, HttpPartner, application
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import BabelWording
from servflow.codec import Codec
from servflow.core.changes import Aggregate, Command
from servflow.core.dates import Term
from servflow.core.ill import ILL
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.centre.settlement import reckoned
from servflow.core.ill.centre.settling import DrawUpSettlement
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.lifecycle import Policy
from servflow.core.ports import Party, System
from servflow.desk import Desk
from servflow.rulebooks import borrowing_policy, lending_policy, load, network_policy

HERE = Path(__file__).parent
LONGEST = 60  # seconds, after which a process that nobody has ended ends
LENDS = {True: "calis/centre-lending", False: "nlc/interlibrary-loan"}  # by whether it is a centre
BORROWS = {True: "calis/centre-borrowing", False: "cque/interlibrary-loan"}
TOLD = ("serviceType", "action", "reasonForMessage", "status", "answerYesNo")


class Clock:
    """The clock of the story, which nobody but the story sets."""

    at: datetime

    def now(self) -> datetime:
        return self.at


class Facts:
    """What the host knows: its file, where the others listen, and what its own books say of its members."""

    def __init__(self, file: FactsFile) -> None:
        self.file = file
        self.systems: dict[str, System] = {}
        self.storage: SqliteStorage | None = None

    def party(self, ref: str) -> Party:
        return replace(self.file.party(ref), system=self.systems.get(ref))

    def ask(self, command: Command, it: Aggregate | None) -> object:
        if not isinstance(command, DrawUpSettlement):
            return self.file.ask(command, it)
        assert self.storage is not None
        term = Term(command.first, command.last + timedelta(days=1))
        return reckoned(
            self.storage.postings(), self.systems, term, centre=self.file.library.ref, currency="CNY"
        )


class Listening(Exchange):
    """An end of the wire that notes what it has heard: from whom, and in which words of the standard."""

    heard: list[tuple[str | None, str]]

    def answer(self, data: bytes, *, received_at: datetime, peer: str | None = None) -> bytes:
        confirmation = super().answer(data, received_at=received_at, peer=peer)
        self.heard.append((peer, in_words(data)))
        return confirmation


def in_words(data: bytes) -> str:
    """The name of a message, what it says, and of which request."""
    body = ET.fromstring(data)[0]  # noqa: S314 -- the exchange has read it, which bears strangers
    said = {element.tag.rpartition("}")[2]: element.text or "" for element in body.iter()}
    name = body.tag.rpartition("}")[2]
    words = ", ".join(said[each] for each in TOLD if each in said)
    return f"{name}: {words} ({said['requestingAgencyRequestId']})"


class Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002 -- theirs
        return None


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def desk_of(facts: Facts, folder: Path, name: str, clock: Clock) -> Desk:
    """The desk by its rulebooks, with its letters as files and everything else over the wire."""
    ours, centre = facts.file.library, facts.file.centre
    lends = lending_policy(load(LENDS[centre]), library=ours.ref)
    network = network_policy(load("calis/thesis-centre"), library=ours.ref)
    policies: dict[str, Policy] = {lifecycle.name: network for lifecycle in CENTRE}
    policies |= {SupplyTransaction.kind: lends, Relation.kind: lends}
    policies[BorrowingCase.kind] = borrowing_policy(load(BORROWS[centre]), library=ours.ref, lenders={})
    lifecycles = CENTRE if centre else ILL
    facts.storage = SqliteStorage(folder / f"{name}.db", Codec(lifecycles))
    return Desk(
        lifecycles,
        storage=facts.storage,
        facts=facts,
        policy=policies,
        mail=MaildirMail(folder / f"{name}-mail", ours),
        wording=BabelWording(ours.name),
        partner=HttpPartner(ours.ref, timeout_seconds=10, longest_seconds=20),
        clock=clock,
    )


class Process:
    """Does what it is told, one thing a line."""

    def __init__(self, name: str, folder: Path) -> None:
        self.facts, self.clock = Facts(FactsFile(HERE / f"{name}.toml")), Clock()
        self.desk = desk_of(self.facts, folder, name, self.clock)
        self.codec = Codec(self.desk.lifecycles)
        self.exchange = Listening(self.desk, self.facts.file.library.ref)
        self.exchange.heard = []

    def done(self, told: dict[str, Any]) -> object:
        match told:
            case {"do": document}:
                command = self.codec.decode_command(document)
                self.clock.at = command.recorded_at
                self.desk.do(command)
            case {"at": at}:
                self.clock.at = datetime.fromisoformat(at)
            case {"send": _}:
                self.desk.wake(self.clock.at)
                done = self.desk.deliver(self.clock.at)
                stuck = {each.message.key for each in (*done.failed, *done.postponed)}
                if stuck:
                    outbox = self.desk.storage.outbox()
                    raise RuntimeError("; ".join(each.note for each in outbox if each.message.key in stuck))
                return done.sent
            case {"heard": _}:
                heard, self.exchange.heard = self.exchange.heard, []
                return heard
        return None

    def serve(self) -> None:
        """Until the input ends."""
        server = Server(("127.0.0.1", 0), Quiet)
        write({"port": server.server_port})
        peers: dict[str, tuple[int, str]] = json.loads(sys.stdin.readline() or "{}")
        for ref, (port, key) in peers.items():
            self.facts.systems[ref] = System(
                protocol=PROTOCOL,
                url=f"http://127.0.0.1:{port}/",
                edition="2021-2",
                dialect="servflow",
                key=key,
            )
        keys = {key: ref for ref, (_, key) in peers.items()}
        server.set_app(application(self.exchange, clock=self.clock, keys=keys))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        for line in sys.stdin:
            try:
                write({"done": self.done(json.loads(line))})
            except Exception as error:  # noqa: BLE001 -- told to who asked
                write({"error": f"{type(error).__name__}: {error}"})
        server.shutdown()
        server.server_close()
        self.desk.storage.close()


def write(answer: dict[str, Any]) -> None:
    """One line to whoever has started this process."""
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def main(name: str, folder: str) -> None:
    """Serve, and do what is told on standard input."""
    watchdog = threading.Timer(LONGEST, os._exit, (3,))
    watchdog.daemon = True
    watchdog.start()
    Process(name, Path(folder)).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
