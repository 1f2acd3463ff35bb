from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from servflow.adapters.mail_smtp import SmtpMail
from servflow.core.errors import InvalidValue, MailFailed
from servflow.core.ports import Letter, Party

CERTIFICATE = Path(__file__).with_name("loopback.pem")

SENDER = Party(ref="CN-NLC", name="馆际互借中心", email="ill@example.cn", language="zh_CN")
READER = Party(ref="CN-110108", name="京西图书馆", email="huji@example.org", language="zh_CN")
LETTER = Letter(
    message_id="ill.supply CN-110108/1:due:1",
    to=READER,
    subject="图书即将到期",
    body="您好。\n.\n..一行只有一个点\n",
    at=datetime(2026, 2, 26, tzinfo=UTC),
)


class Desk:
    """What the server is told to answer, and what it took."""

    def __init__(self, *, sender: str = "250 OK", recipient: str = "250 OK", content: str = "250 OK") -> None:
        self.answers = (sender, recipient, content)
        self.taken: list[Envelope] = []

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self.answers[0]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers[1]

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.answers[2].startswith("2"):
            self.taken.append(envelope)
        return self.answers[2]


@contextmanager
def running(desk: Desk, **options: Any) -> Iterator[int]:
    """A real SMTP server on a free port of the loopback, for as long as the block lasts."""
    loop = asyncio.new_event_loop()

    def session() -> SMTP:
        return SMTP(desk, hostname="localhost", loop=loop, **options)

    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:

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


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A listener that is no real server: it takes one connection and does as told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=5)


def mail(port: int, **options: Any) -> SmtpMail:
    settings = {"host": "127.0.0.1", "timeout_seconds": 5, "local_hostname": "localhost", **options}
    return SmtpMail(SENDER, port=port, **settings)


def failed(port: int, **options: Any) -> MailFailed:
    with pytest.raises(MailFailed) as caught:
        mail(port, **options).send(LETTER)
    assert caught.value.recipient == "CN-110108"
    assert READER.email not in str(caught.value)
    return caught.value


# --- taken ----------------------------------------------------------------------------------------


def test_a_letter_is_taken():
    """the server gets the letter, from whom and to whom, as it was written"""
    desk = Desk()
    with running(desk) as port:
        mail(port).send(LETTER)
    [envelope] = desk.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ill@example.cn", ["huji@example.org"])
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"] == "图书即将到期"
    assert message.get_content().replace("\r\n", "\n") == LETTER.body


def test_every_line_on_the_wire_ends_with_crlf():
    """a letter longer than the longest line is taken: its lines end as the protocol says, not bare"""
    desk = Desk()
    with running(desk) as port:
        mail(port).send(replace(LETTER, body="图书即将到期，请及时归还。\n" * 100))
    [envelope] = desk.taken
    assert isinstance(envelope.content, bytes)
    assert envelope.content.count(b"\r\n") == envelope.content.count(b"\n") > 50


def test_the_message_id_is_the_same_at_every_try():
    """a letter handed over twice can be recognised"""
    desk = Desk()
    with running(desk) as port:
        mail(port).send(LETTER)
        mail(port).send(replace(LETTER, at=datetime(2026, 3, 1, tzinfo=UTC)))
    ids = {message_from_bytes(envelope.content)["Message-ID"] for envelope in desk.taken}  # type: ignore[arg-type]
    assert len(desk.taken) == 2
    assert len(ids) == 1


def test_how_the_server_says_goodbye_does_not_matter():
    """a letter that was taken has been taken, whatever happens on the way out"""
    replies = [b"220 hello", b"250 hello", b"250 sender", b"250 recipient", b"354 go on", b"250 taken"]

    def vanish(connection: socket.socket) -> None:
        with connection.makefile("rwb") as talk:
            for reply in replies:
                talk.write(reply + b"\r\n")
                talk.flush()
                if reply.startswith(b"354"):
                    while talk.readline() != b".\r\n":
                        pass
                elif not reply.endswith(b"taken"):
                    talk.readline()

    with answering(vanish) as port:
        mail(port).send(LETTER)


# --- encrypted ------------------------------------------------------------------------------------


def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = data == LoginPassword(b"ill", b"right")
    return AuthResult(success=right, handled=False)


def test_encrypted_and_logged_in():
    """with a context the letter goes encrypted, with a login it goes to a server that demands one"""
    desk = Desk()
    tls = {"tls_context": server_tls(), "require_starttls": True}
    with running(desk, **tls, authenticator=authenticator, auth_required=True) as port:
        mail(port, starttls=client_tls(), login=("ill", "right")).send(LETTER)
        refused = failed(port, starttls=client_tls(), login=("ill", "wrong"))
    assert len(desk.taken) == 1
    assert not refused.permanent
    assert "535" in refused.found


def test_a_certificate_that_nobody_vouches_for():
    """a server whose certificate does not hold gets no letter, for now"""
    desk = Desk()
    with running(desk, tls_context=server_tls()) as port:
        error = failed(port, starttls=ssl.create_default_context())
    assert not error.permanent
    assert "CERTIFICATE_VERIFY_FAILED" in error.found
    assert desk.taken == []


def test_a_server_that_does_not_encrypt():
    """a server without STARTTLS gets no letter where encryption is wanted"""
    desk = Desk()
    with running(desk) as port:
        error = failed(port, starttls=client_tls())
    assert not error.permanent
    assert "STARTTLS" in error.found
    assert desk.taken == []


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desk", "permanent"),
    [
        (Desk(recipient="550 no such user here"), True),
        (Desk(recipient="450 try again later"), False),
        (Desk(recipient="421 going down"), False),
        (Desk(content="554 not wanted"), True),
        (Desk(content="452 no room"), False),
        (Desk(sender="550 we do not know you"), False),
        (Desk(sender="451 not now"), False),
    ],
    ids=lambda value: " ".join(value.answers) if isinstance(value, Desk) else str(value),
)
def test_a_letter_is_refused(desk: Desk, permanent: bool):
    """only a 5xx about the recipient or the content is for good; it is told with the server's words"""
    with running(desk) as port:
        error = failed(port)
    assert error.permanent is permanent
    [answer] = [answer for answer in desk.answers if answer != "250 OK"]
    assert all(word in error.found for word in answer.split())
    assert f"127.0.0.1:{port}" in error.found


def test_the_address_is_not_in_the_error():
    """where the server repeats the address, the error has the reference instead"""
    with running(Desk(recipient="550 <huji@example.org>: no such user")) as port:
        error = failed(port)
    assert error.found.endswith("550 <CN-110108>: no such user")


def test_nobody_there():
    """a refused connection is for now"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failed(port)
    assert not error.permanent
    assert "refused" in error.found


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff\r\n",
        b"554 no mail here\r\n",
        b"x" * 20_000 + b"\r\n",
    ],
    ids=["nothing", "another protocol", "noise", "refusal", "endless"],
)
def test_a_strange_greeting(greeting: bytes):
    """what is no mail server, or one that takes no mail, is for now"""
    with answering(lambda connection: connection.sendall(greeting)) as port:
        error = failed(port)
    assert not error.permanent
    assert error.found


def test_a_slow_server():
    """a server that does not answer in time is for now"""
    with answering(lambda connection: connection.recv(1)) as port:
        error = failed(port, timeout_seconds=0.2)
    assert not error.permanent
    assert "timed out" in error.found


def test_who_cannot_be_written_to():
    """a letter that cannot be addressed is given up without asking any server"""
    for email in ("", "huji@example.org\r\nRCPT TO:<x@example.org>"):
        with pytest.raises(MailFailed) as caught:
            mail(9).send(replace(LETTER, to=replace(READER, email=email)))
        assert caught.value.permanent


def test_mistakes_of_the_host():
    """a time-out that is none, and a password in the clear, are refused when the adapter is made"""
    for seconds in (0, -1, float("nan")):
        with pytest.raises(InvalidValue, match="timeout_seconds"):
            mail(25, timeout_seconds=seconds)
    with pytest.raises(InvalidValue, match="starttls"):
        mail(25, login=("ill", "right"))
