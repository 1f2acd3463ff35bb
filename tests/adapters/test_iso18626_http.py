"""ISO 18626 over HTTP, on the loopback: peers and senders that do everything wrong; nothing lost, nothing twice."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from partner_library import BORROWER, LENDER, Library, Serving, codec, order, relate

from servflow.adapters.partner_iso18626 import (
    MOST_BYTES,
    Dialect,
    Edition,
    ErrorData,
    ErrorType,
    HttpPartner,
    application,
    confirm,
    read,
    read_confirmation,
    write,
)
from servflow.adapters.storage_memory import MemoryStorage
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.core.changes import Command, Key, Message
from servflow.core.errors import InvalidValue, PartnerFailed, StorageBusy
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.messages import ROUTE
from servflow.core.ill.centre.routing import ROUTED, Holding, Routing
from servflow.core.ill.filing.messages import REQUEST, TAKEN_IN
from servflow.core.ill.terms import Requested, Service
from servflow.core.ports import Party, Receipt, Status, Storage, System

FIRST = f"{BORROWER}/B1~1"
KEY, OTHER_KEY = "k-" + "3" * 20, "k-" + "4" * 20
CERTIFICATE = Path(__file__).with_name("loopback.pem")
PEERS = Path(__file__).parent / "iso18626" / "peers"
HUGE = 100 * 1024 * 1024
AHEAD = datetime.fromisoformat("2026-01-05T12:00:00+08:00")


# --- peers ----------------------------------------------------------------------------------------

Behaviour = Callable[[socket.socket, bytes], None]


class Peer:
    """Takes connections on the loopback, reads a request each, and then does what a test says."""

    def __init__(self) -> None:
        self.behaves: Behaviour = lambda connection, request: None
        self.requests: list[bytes] = []
        self._held: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/iso18626?desk=1"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            connection.settimeout(5)
            with suppress(OSError):
                self.requests.append(_request(connection))
                self.behaves(connection, self.requests[-1])
            if self.behaves is silent:
                self._held.append(connection)
            else:
                connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._held:
            each.close()
        self._thread.join(10)


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    (length,) = (
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if b"content-length" in line.lower()
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answers(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """An answer with that status line and body."""

    def behaves(connection: socket.socket, _request: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)

    return behaves


def confirms(
    change: Callable[[bytes], bytes] | None = None,
    *,
    error: ErrorData | None = None,
    status: str = "200 OK",
) -> Behaviour:
    """The confirmation of what was sent, with something changed in it."""

    def behaves(connection: socket.socket, request: bytes) -> None:
        incoming = read(request.partition(b"\r\n\r\n")[2], received_at=AHEAD)
        confirmation = confirm(incoming, edition=Edition.V1_2, received_at=incoming.sent_at, error=error)
        changed = change(confirmation) if change is not None else confirmation
        assert change is None or changed != confirmation  # the thread ends, and nothing is answered
        answers(status, changed)(connection, request)

    return behaves


def peers_say(how: str) -> list[bytes]:
    """The confirmations of other systems, as if they were of our request."""
    found = [
        each.read_bytes().replace(b"B-17~1", b"B1~1") for each in PEERS.glob(f"*-confirmation-{how}.xml")
    ]
    assert len(found) > 1
    return found


def silent(connection: socket.socket, request: bytes) -> None:
    """Never says anything."""


def raw(*pieces: bytes, pause: float = 0) -> Behaviour:
    def behaves(connection: socket.socket, _request: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return behaves


def endless(head: bytes, piece: bytes, *, pause: float = 0) -> Behaviour:
    """An answer without an end, or one that takes too long."""

    def behaves(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(head)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            connection.sendall(piece)
            time.sleep(pause)

    return behaves


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def here(peer: Peer) -> Library:
    """A borrower whose request waits for a lender with a system."""
    library = Library(BORROWER, MemoryStorage(codec()), timeout_seconds=0.5, longest_seconds=1.5)
    library.systems[LENDER] = _system(peer.url)
    order(library)
    return library


def _system(url: str, **more: str) -> System:
    return System(protocol="iso18626", url=url, edition="2021-2", dialect="servflow", key=KEY, **more)


def _waiting(library: Library) -> tuple[Status, str]:
    (found,) = (each for each in library.storage.outbox() if each.message.kind == "ill.borrowing.request")
    return found.status, found.note


# --- out: what is sent ----------------------------------------------------------------------------


def test_a_message_is_posted_with_its_key(here: Library, peer: Peer) -> None:
    """A message is posted to the address of the system, with the key, and is sent once it is confirmed."""
    peer.behaves = confirms()

    assert here.deliver() == (1, [], [])
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /iso18626?desk=1 HTTP/1.1"
    assert f"Authorization: Bearer {KEY}" in lines
    assert read(body, received_at=here.clock.at).request_id == "B1~1"
    assert [letter.to.ref for letter in here.letters] == ["p-1"]
    assert here.deliver() == (0, [], [])
    assert len(peer.requests) == 1


def test_a_system_that_asks_for_no_key_and_names_no_edition(here: Library, peer: Peer) -> None:
    """Without a key none is shown; without an edition and a dialect 1.2 is spoken, as the standard says."""
    here.systems[LENDER] = System(protocol="iso18626", url=f"http://127.0.0.1:{peer.port}")
    peer.behaves = confirms()

    assert here.deliver() == (1, [], [])
    assert peer.requests[0].startswith(b"POST / HTTP/1.1\r\n")
    assert b"Authorization" not in peer.requests[0]
    assert b'version="1.2"' in peer.requests[0]


@pytest.mark.parametrize(
    "behaviour",
    [
        confirms(status="202 Accepted"),
        confirms(
            lambda data: data.replace(
                b"<ill:requestingAgencyRequestId>B1~1</ill:requestingAgencyRequestId>", b""
            )
        ),
        confirms(lambda data: data.replace(b":timestamp>2026-01-05T02", b":timestamp>2027-09-30T23")),
        confirms(lambda data: data.replace(b">2026-01-05", b">05.01.2026")),
        *(answers("201 Created", each) for each in peers_say("ok")),
    ],
)
def test_a_confirmation_that_is_good_enough(here: Library, peer: Peer, behaviour: Behaviour) -> None:
    """Systems leave out the request's id, or put in the time of their answer; that it says OK is clear."""
    peer.behaves = behaviour

    assert here.deliver() == (1, [], [])


PASSING: Mapping[str, tuple[Behaviour, str]] = {
    "500": (answers("500 Internal Server Error", b"<html>oh</html>"), "500 Internal Server Error"),
    "503": (answers("503 Service Unavailable"), "503"),
    "408": (answers("408 Request Timeout"), "408"),
    "429": (answers("429 Too Many Requests"), "429"),
    "401": (answers("401 Unauthorized"), "401"),
    "403": (answers("403 Forbidden"), "403"),
    "a page": (answers("200 OK", b"<!DOCTYPE html><html><body>Welcome</body></html>"), "no confirmation"),
    "nothing": (answers("200 OK"), "no confirmation"),
    "no status": (answers("200 OK", b"<ISO18626Message/>"), "no confirmation"),
    "half": (confirms(lambda data: data[:200]), "no confirmation"),
    "cut": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<ISO18626"), "no confirmation"),
    "closed": (raw(), "closed connection"),
    "no HTTP": (raw(b"220 ready\r\n"), "220 ready"),
    "silent": (silent, "timed out"),
    "dripping head": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", pause=0.2), "127.0.0.1"),
    "dripping body": (
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"<", pause=0.2),
        "no confirmation",
    ),
    "on and on": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.05), "127.0.0.1"),
    "huge": (
        endless(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\n\r\n".encode(), b"<a>" * 20_000),
        f"more than {MOST_BYTES} bytes",
    ),
    "endless": (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"<a>" * 20_000), f"more than {MOST_BYTES} bytes"),
    "another request": (confirms(lambda data: data.replace(b"B1~1", b"B2~1")), "another request, 'B2~1'"),
    "another kind of status": (confirms(lambda data: data.replace(b">OK<", b">FINE<")), "FINE"),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass(here: Library, peer: Peer, name: str) -> None:
    """Whatever is no confirmation of this message leaves it waiting, with a note; later it is sent just so."""
    peer.behaves, note = PASSING[name]
    started = time.monotonic()
    sent, failed, postponed = here.deliver()

    assert (sent, failed, len(postponed)) == (0, [], 1)
    assert note in postponed[0]
    assert KEY not in postponed[0]
    assert time.monotonic() - started < 8
    peer.behaves = confirms()
    here.clock.at += timedelta(minutes=5)
    assert here.deliver() == (1, [], [])
    first, last = (request.partition(b"\r\n\r\n")[2] for request in (peer.requests[0], peer.requests[-1]))
    assert first == last


def test_nobody_there(here: Library, peer: Peer) -> None:
    """A connection that is refused leaves the message waiting."""
    peer.close()
    sent, failed, postponed = here.deliver()

    assert (sent, failed) == (0, [])
    assert "refused" in postponed[0]


@pytest.mark.parametrize(
    ("behaviour", "note"),
    [
        (
            confirms(error=ErrorData(type=ErrorType.UNKNOWN_VALUE, value="no such library")),
            "ERROR, UnrecognisedDataValue: no such library",
        ),
        (confirms(lambda data: data.replace(b">OK<", b">ERROR<")), "ERROR, without a reason"),
        *((answers("200 OK", each), "ERROR, ") for each in peers_say("refused")),
        (answers("400 Bad Request"), "400 Bad Request"),
        (confirms(error=ErrorData(type=ErrorType.UNKNOWN_VALUE, value="no"), status="400 No"), "Value: no"),
        (confirms(status="400 No"), "400 Bad Request"),
        (answers("404 Not Found"), "404 Not Found"),
        (answers("413 Too Large"), "413"),
        (answers("499 Own"), "499"),
    ],
)
def test_what_is_for_good(here: Library, peer: Peer, behaviour: Behaviour, note: str) -> None:
    """What a system says is wrong is given up, with a note that staff can read, and is not sent again."""
    peer.behaves = behaviour
    sent, failed, postponed = here.deliver()

    assert (sent, postponed) == (0, [])
    assert note in failed[0]
    assert _waiting(here)[0] is Status.FAILED
    assert here.deliver() == (0, [], [])
    assert len(peer.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_no_redirection_is_followed(here: Library, peer: Peer, status: str) -> None:
    """Whoever points elsewhere is not followed: neither the message nor the key goes there."""
    other = Peer()
    other.behaves = confirms()
    peer.behaves = answers(status, b"", f"Location: {other.url}")
    sent, failed, postponed = here.deliver()

    assert (sent, failed, other.requests) == (0, [], [])
    assert status.partition(" ")[0] in postponed[0]
    other.close()


def test_a_system_that_is_not_there_keeps_no_other(here: Library, peer: Peer) -> None:
    """One silent system costs one time-out in a run, however much there is for it, and holds up nobody."""
    for number in range(2, 8):
        order(here, f"B{number}")
    peer.behaves = silent
    started = time.monotonic()
    sent, failed, postponed = here.deliver()

    assert (sent, failed, len(postponed)) == (0, [], 7)
    assert time.monotonic() - started < 4
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("system", "note"),
    [
        ({"url": "ftp://127.0.0.1/"}, "begins with http"),
        ({"url": "http://"}, "begins with http"),
        ({"url": "http://name:secret-word@127.0.0.1/"}, "without a name or a password"),
        ({"url": "http://127.0.0.1:0/"}, "begins with http"),
        ({"url": "http://127.0.0.1:99999/"}, "begins with http"),
        ({"edition": "3"}, "'3'"),
        ({"dialect": "latin"}, "'latin'"),
        ({"key": "secret-word\r\nX-Admin: yes"}, "key"),
        ({"key": "secret-wörd"}, "key"),
    ],
)
def test_a_system_that_cannot_be_spoken_with(here: Library, system: dict[str, str], note: str) -> None:
    """An address, an edition or a key that is none is the host's to mend: the message waits, nothing leaves."""
    said = {"protocol": "iso18626", "url": "http://127.0.0.1:1/", "edition": "1.2", "dialect": "standard"}
    here.systems[LENDER] = System(**{**said, **system})
    sent, failed, postponed = here.deliver()

    assert (sent, failed) == (0, [])
    assert note in postponed[0]
    assert "secret-w" not in postponed[0]


def test_what_it_takes(here: Library) -> None:
    """What the standard knows goes to a system that speaks it, all for a desk to one of ours, else nothing."""
    partner = HttpPartner(BORROWER)

    def takes(kind: str, system: System | None) -> bool:
        message = Message(key="m", to=LENDER, kind=kind, about=Key("ill.borrowing", "B1"))
        return partner.takes(message, Party(ref=LENDER, name="", email="", language="en", system=system))

    ours, ncip = _system("http://127.0.0.1:1/"), System(protocol="ncip", url="http://127.0.0.1:1/")
    others = [replace(ours, dialect=each) for each in ("reshare", "standard", "", "latin")]
    for kind in ("ill.borrowing.request", "ill.supply.promised"):
        assert all(takes(kind, each) for each in (ours, *others))
        assert not any(takes(kind, each) for each in (ncip, None))
    for kind in (ROUTE, ROUTED, REQUEST, TAKEN_IN):
        assert takes(kind, ours)
        assert not any(takes(kind, each) for each in (*others, ncip, None))
    for kind in ("ill.patron.ready", "ill.relation.signed", "ill.staff.attention"):
        assert not any(takes(kind, each) for each in (ours, *others, ncip, None))


def test_what_the_system_has_given_us_is_shown_within(here: Library, peer: Peer) -> None:
    """Account and code stand in every message to a system that gave us some, and in no error and no log."""
    here.systems[LENDER] = replace(_system(peer.url), account="cq", code="a secret word")
    peer.behaves = confirms()
    assert here.deliver() == (1, [], [])
    incoming = read(peer.requests[0].partition(b"\r\n\r\n")[2], received_at=AHEAD)
    assert (incoming.card, incoming.security_code) == ("cq", "a secret word")

    peer.behaves = answers("400 No")
    here.say(b.CancelRequest, "B1")
    _, failed, _ = here.deliver()
    incoming = read(peer.requests[1].partition(b"\r\n\r\n")[2], received_at=AHEAD)
    assert (incoming.card, incoming.security_code) == ("cq", "a secret word")
    assert "secret" not in repr(here.systems) + failed[0]
    assert "secret" not in repr(list(here.storage.records()))


def test_koha_is_told_its_own_number(here: Library, peer: Peer) -> None:
    """A supplier that finds a request by its own number alone is told it in all that follows its first word."""
    here.systems[LENDER] = replace(_system(peer.url), edition="2021-2", dialect="standard")
    peer.behaves = answers("201 Created", (PEERS / "koha-confirmation-ok.xml").read_bytes())
    assert here.deliver() == (1, [], [])
    loaned = (PEERS / "koha-loaned.xml").read_bytes().replace(b"B-17~1", b"B1~1")
    here.clock.at = datetime.fromisoformat("2026-03-06T12:00:00+08:00")
    assert read_confirmation(here.exchange.answer(loaned, received_at=here.clock.at, peer=LENDER)).ok

    here.say(b.Receive, "B1")
    here.clock.at += timedelta(minutes=10)
    assert here.deliver() == (1, [], [])
    received = read(peer.requests[-1].partition(b"\r\n\r\n")[2], received_at=here.clock.at)
    assert (received.action, received.supplier_request_id) == ("Received", "88")


def test_a_message_that_cannot_be_said(here: Library, peer: Peer) -> None:
    """A message that ISO 18626 cannot carry is given up, with what is wrong, and nothing is sent."""
    here.desk.partner = HttpPartner(" no agency ")
    sent, failed, postponed = here.deliver()

    assert (sent, postponed, peer.requests) == (0, [], [])
    assert "no agency" in failed[0]


@pytest.mark.parametrize("name", ["timeout_seconds", "longest_seconds"])
def test_times_above_nothing(name: str) -> None:
    """Whoever never waits, or waits for ever, cannot send."""
    with pytest.raises(InvalidValue, match=name):
        HttpPartner(BORROWER, **{name: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("trusted", [True, False])
def test_https(here: Library, *, trusted: bool) -> None:
    """A system behind https is spoken with where its certificate is trusted, and not otherwise."""
    there = _lender()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    ours = ssl.create_default_context(cafile=str(CERTIFICATE) if trusted else None)
    here.desk.partner = HttpPartner(BORROWER, context=ours if trusted else None, timeout_seconds=5)
    with Serving(application(there.exchange, clock=there.clock), context=context) as serving:
        here.systems[LENDER] = _system(serving.url.replace("http:", "https:"))
        sent, failed, postponed = here.deliver()

    assert (sent, failed) == (int(trusted), [])
    assert trusted or "certificate" in postponed[0].lower()


def test_an_error_says_who_and_not_the_key(peer: Peer) -> None:
    """The error of a failed try names the library and its server, and has the key nowhere in it."""
    peer.behaves = answers("500 Oh")
    message = Message(
        key="m",
        to=LENDER,
        kind="ill.borrowing.item-received",
        about=Key("a", "b"),
        facts=(("request", "B1~1"),),
    )
    to = Party(ref=LENDER, name="", email="", language="en", system=_system(peer.url))
    with pytest.raises(PartnerFailed) as failed:
        HttpPartner(BORROWER).send(message, to=to, at=AHEAD)

    assert (
        str(failed.value)
        == f"message to {LENDER} was not taken: 127.0.0.1:{peer.port}: 500 Internal Server Error"
    )
    assert KEY not in repr(failed.value.__dict__)
    assert KEY not in repr(to)


# --- in -------------------------------------------------------------------------------------------


def _lender(storage: Storage | None = None) -> Library:
    there = Library(LENDER, storage or MemoryStorage(codec()))
    relate(there)
    there.clock.at += timedelta(hours=1)
    return there


@pytest.fixture
def there() -> Library:
    return _lender()


@pytest.fixture
def serving(there: Library) -> Iterator[Serving]:
    app = application(there.exchange, clock=there.clock, keys={KEY: BORROWER, OTHER_KEY: "CN-ZJU"})
    with Serving(app) as made:
        yield made


def _post(
    serving: Serving, data: bytes, *, method: str = "POST", key: str | None = f"Bearer {KEY}", **headers: str
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", serving.port, timeout=5)
    more = {} if key is None else {"Authorization": key}
    connection.request(method, "/any/where", data, {**more, **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


@pytest.fixture
def request_data() -> bytes:
    """What the borrower's request is on the wire."""
    library = Library(BORROWER, MemoryStorage(codec()))
    order(library)
    (outgoing,) = (each for each in library.storage.outbox() if each.message.kind == "ill.borrowing.request")
    return write(
        outgoing.message,
        sender=BORROWER,
        edition=Edition.V1_2,
        dialect=Dialect.STANDARD,
        sent_at=outgoing.committed_at,
    )


@pytest.mark.parametrize("kind", ["application/xml", "text/xml; charset=utf-8", "text/plain", ""])
def test_a_request_is_confirmed(serving: Serving, there: Library, request_data: bytes, kind: str) -> None:
    """What is posted is taken in whatever it is called, and answered with a confirmation in XML."""
    response, content = _post(serving, request_data, **{"Content-Type": kind})

    assert (response.status, response.headers["Content-Type"]) == (200, "application/xml; charset=utf-8")
    assert read_confirmation(content).ok
    assert there.it(FIRST).version == 1


def test_what_is_wrong_is_confirmed_too(serving: Serving, there: Library) -> None:
    """What cannot be read is answered with 200 and ERROR: it is a confirmation, too."""
    for data in (b"", b"<html/>", b"{}", b"\x00" * MOST_BYTES):
        response, content = _post(serving, data)

        assert response.status == 200
        assert not read_confirmation(content).ok
    assert there.entries() == 4


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
def test_messages_are_posted(serving: Serving, method: str) -> None:
    """Another method is answered with the one that there is."""
    response, _ = _post(serving, b"", method=method)

    assert (response.status, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "key", [None, "", KEY, "Bearer", "Bearer nobody's", f"Basic {KEY}", f"Bearer {KEY}x"]
)
def test_a_key_is_needed(serving: Serving, there: Library, request_data: bytes, key: str | None) -> None:
    """Without a key that is known nothing is read."""
    response, content = _post(serving, request_data, key=key)

    assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert KEY.encode() not in content
    assert there.entries() == 4


def test_a_key_is_that_of_one_library(serving: Serving, there: Library, request_data: bytes) -> None:
    """Whoever shows the key of another library speaks for that one alone."""
    response, content = _post(serving, request_data, key=f"bearer  {OTHER_KEY}")

    assert response.status == 200
    assert not read_confirmation(content).ok
    assert there.entries() == 4


def test_without_keys_everybody_may_send(there: Library, request_data: bytes) -> None:
    """Where no keys are named, whoever sends is believed, whatever key he shows."""
    with Serving(application(there.exchange, clock=there.clock)) as serving:
        for key in (None, "Bearer nobody's"):
            response, content = _post(serving, request_data, key=key)
            assert response.status == 200
            assert read_confirmation(content).ok
    assert there.it(FIRST).version == 1


def _raw(serving: Serving, head: str, body: bytes = b"", *, end: bool = False) -> bytes:
    """What is answered to these bytes, as far as it can be read."""
    with socket.create_connection(("127.0.0.1", serving.port), timeout=8) as connection:
        said = f"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n{head}\r\n"
        connection.sendall(said.encode())
        received = b""
        with suppress(OSError):
            connection.sendall(body)
            if end:
                connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while piece := connection.recv(65536):
                received += piece
        return received


def test_more_than_may_be_read_is_not_read(serving: Serving, there: Library) -> None:
    """100 MB that are announced are refused without any of it; one byte too much is too much."""
    for length in (HUGE, MOST_BYTES + 1, 10**30):
        assert b" 413 " in _raw(serving, f"Content-Length: {length}\r\n").splitlines()[0]
    assert there.entries() == 4


def test_who_sends_too_much_reads_that_it_is_too_much(serving: Serving, there: Library) -> None:
    """A sender that writes all of its message before it reads hears that it is too large."""
    connection = HTTPConnection("127.0.0.1", serving.port, timeout=10)
    for size in (MOST_BYTES + 1, 20 * MOST_BYTES):
        connection.request("POST", "/", b"<" * size, {"Authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (413, b"Request Entity Too Large\n")
        connection.close()
    assert there.entries() == 4


def test_what_has_no_length_is_not_read(serving: Serving, there: Library) -> None:
    """A body in chunks, however many, is refused: nobody knows how much it will be."""
    chunk = b"10000\r\n" + b"<" * 65536 + b"\r\n"
    answer = _raw(serving, "Transfer-Encoding: chunked\r\n", chunk * 20)

    assert answer == b"" or b" 411 " in answer.splitlines()[0]  # what was not read may break the connection
    assert b" 411 " in _raw(serving, "").splitlines()[0]
    assert there.entries() == 4


@pytest.mark.parametrize("length", ["-1", "+5", "1_0", "ten", "1.0", "٣"])
def test_a_length_is_a_number(serving: Serving, length: str) -> None:
    """A length that is none is refused."""
    assert b" 400 " in _raw(serving, f"Content-Length: {length}\r\n").splitlines()[0]


def test_a_body_that_is_cut_short(serving: Serving, there: Library, request_data: bytes) -> None:
    """A message whose sender went away in the middle is not taken in."""
    answer = _raw(serving, f"Content-Length: {len(request_data) + 10}\r\n", request_data, end=True)

    assert b" 400 " in answer.splitlines()[0]
    assert there.entries() == 4


def test_a_sender_that_keeps_silent(serving: Serving, there: Library, request_data: bytes) -> None:
    """Nobody waits for ever for the rest of a message; others are answered meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_raw, serving, f"Content-Length: {len(request_data)}\r\n", request_data[:50])
        assert _post(serving, request_data)[0].status == 200
        assert b" 408 " in slow.result(30).splitlines()[0]
    assert there.it(FIRST).version == 1


def test_an_entity_bomb(serving: Serving, there: Library) -> None:
    """Entities that grow without end are an error at once."""
    lines = ['<!ENTITY a "aaaaaaaaaa">']
    lines += [f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(20)]
    bomb = f"<?xml version='1.0'?><!DOCTYPE x [{''.join(lines)}]><x>&u;</x>".encode()
    started = time.monotonic()
    response, content = _post(serving, bomb)

    assert response.status == 200
    assert "DOCTYPE" in read_confirmation(content).errors[0].value
    assert time.monotonic() - started < 2
    assert there.entries() == 4


def test_a_desk_that_cannot_write(
    serving: Serving, there: Library, request_data: bytes, monkeypatch: Any
) -> None:
    """While nothing can be taken down the sender is asked to come again, and then it counts."""

    def do(command: Command) -> Receipt:
        raise StorageBusy("/var/lib/desk.db", 5)

    with monkeypatch.context() as broken:
        broken.setattr(there.desk, "do", do)
        response, content = _post(serving, request_data)

    assert (response.status, response.headers["Retry-After"]) == (503, "60")
    assert b"/var" not in content
    assert there.entries() == 4
    assert read_confirmation(_post(serving, request_data)[1]).ok
    assert there.it(FIRST).version == 1


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_one_message_many_times_at_once(tmp_path: Path, request_data: bytes, kind: str) -> None:
    """The same message on many connections at once is OK each time and counts once."""
    sqlite = SqliteStorage(tmp_path / "desk.db", codec(), busy_seconds=20)
    there = _lender(sqlite if kind == "sqlite" else MemoryStorage(codec()))
    app = application(there.exchange, clock=there.clock, keys={KEY: BORROWER})
    with Serving(app) as serving, ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: _post(serving, request_data), range(24)))

    assert {response.status for response, _ in done} == {200}
    assert all(read_confirmation(content).ok for _, content in done)
    assert there.it(FIRST).version == 1
    sqlite.close()


def test_a_centre_is_asked_whom_to_ask_and_says_so(there: Library) -> None:
    """Between desks of ours a centre's question and its answer go by the wire, and are heard there."""
    here = Library(BORROWER, MemoryStorage(codec()))
    there.holdings = (Holding(library="CN-ZJU"), Holding(library="CN-SZU", load=1))
    asked = Requested(title="古城水系考", record_ids=("ISBN:9787112046423", "SUPPLIER:b1"))
    said: dict[str, Any] = {"patron": "p-1", "library": BORROWER, "requested": asked}
    with (
        Serving(application(here.exchange, clock=here.clock)) as ours,
        Serving(application(there.exchange, clock=there.clock)) as theirs,
    ):
        here.systems[LENDER], there.systems[BORROWER] = _system(theirs.url), _system(ours.url)
        here.say(b.DraftRequest, "B1", service=Service.LOAN, routed_by=LENDER, **said)
        here.say(b.Submit, "B1", declared=True)
        assert here.deliver() == (1, [], [])
        routing = there.storage.load(Key("ill.routing", f"{BORROWER}/B1"))
        assert isinstance(routing, Routing)
        assert (routing.requester, routing.request, routing.requested) == (BORROWER, "B1", asked)

        there.clock.at += timedelta(minutes=10)
        here.clock.at = there.clock.at
        assert there.deliver() == (1, [], [])
    assert [each.supplier for each in here.it("B1").attempts] == ["CN-ZJU", "CN-SZU"]
    assert here.it("B1").attempt.supplier == "CN-ZJU"


def test_both_ends_and_a_proxy_that_loses_answers(there: Library, peer: Peer, here: Library) -> None:
    """A message that was taken in and whose answer was lost is sent again just so, and counts once."""
    with Serving(application(there.exchange, clock=there.clock)) as serving:

        def loses(connection: socket.socket, request: bytes) -> None:
            _post(serving, request.partition(b"\r\n\r\n")[2])

        peer.behaves = loses
        assert here.deliver()[0] == 0
        assert there.it(FIRST).version == 1
        here.clock.at += timedelta(minutes=5)
        here.systems[LENDER] = _system(serving.url)
        assert here.deliver() == (1, [], [])
    assert there.it(FIRST).version == 1
    assert _waiting(here)[0] is Status.SENT
