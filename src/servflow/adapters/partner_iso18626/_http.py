"""ISO 18626 over HTTP: a message is posted, its confirmation is the answer. Both ends, standard library only.

1. Nothing of a stranger is read without a bound: a request not beyond ``MOST_BYTES``, and not before its
   length is known; an answer not beyond it, and not beyond its time.
2. A confirmation is the one answer with the status 200, whether it says OK or ERROR. Every other status says
   that nothing was taken in.
3. Who sends shows a key (``Authorization: Bearer …``). Keys are compared by their digests, and stand in no
   text and in no log.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection, responses
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from servflow.adapters.partner_iso18626._confirmation import Confirmation, read_confirmation
from servflow.adapters.partner_iso18626._editions import Dialect, Edition
from servflow.adapters.partner_iso18626._exchange import Exchange
from servflow.adapters.partner_iso18626._values import tidy
from servflow.adapters.partner_iso18626._words import FROM_BORROWER, FROM_LENDER
from servflow.adapters.partner_iso18626._writing import write
from servflow.adapters.partner_iso18626._xml import MOST_BYTES
from servflow.core.changes import Message
from servflow.core.errors import InvalidMessage, InvalidValue, PartnerFailed, ServflowError
from servflow.core.ill.borrowing.messages import ROUTE
from servflow.core.ill.exchange import for_a_desk
from servflow.core.ports import Clock, Party

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

__all__ = ["PROTOCOL", "HttpPartner", "application"]

PROTOCOL: Final = "iso18626"
"""The protocol of a ``System`` that is spoken with here."""

_LET_GO: Final = 32 * MOST_BYTES
_PIECE: Final = 64 * 1024
_LATER: Final = "60"  # seconds after which a sender may try again
_TYPE: Final = "application/xml; charset=utf-8"
_ABOUT_US: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
_PASSING: Final = (*_ABOUT_US, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_OF_ALL: Final = (*_ABOUT_US, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""What a server says of all that we send, not of one message."""


# --- in -------------------------------------------------------------------------------------------


def application(
    exchange: Exchange, *, clock: Clock, keys: Mapping[str, str] | None = None
) -> WSGIApplication:
    """A WSGI application that answers what is posted to it, under whatever path.

    ``keys`` are the libraries that may send, by their keys: each speaks for itself alone. Without any,
    everybody may send, and is believed to be whom its messages name. What is posted counts as XML whatever
    its content type says.

    It answers 200 with a confirmation; 401 to a key that is not known, 405 to another method, 411 where
    no length is given, 413 to more than ``MOST_BYTES``, 400 to a length that is none or a body that is cut
    short, 408 to one that the server gave up waiting for, 503 while the desk cannot take anything down. How
    long a slow sender may take, and how many there may be at a time, is the server's to say.
    """
    known = {_digest(key): ref for key, ref in (keys or {}).items()}

    def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        peer = known.get(_digest(_shown(environ)))
        length = environ.get("CONTENT_LENGTH") or ""
        if environ["REQUEST_METHOD"] != "POST":
            return _told(start_response, HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "POST"))
        if known and peer is None:
            return _told(start_response, HTTPStatus.UNAUTHORIZED, ("WWW-Authenticate", "Bearer"))
        if not length:
            return _told(start_response, HTTPStatus.LENGTH_REQUIRED)
        if not (length.isascii() and length.isdecimal()):
            return _told(start_response, HTTPStatus.BAD_REQUEST)
        if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            told = _told(start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return _then_let_go(told, environ["wsgi.input"], length)
        try:
            data: bytes = environ["wsgi.input"].read(int(length))
        except OSError:  # the server waits for nobody for ever
            return _told(start_response, HTTPStatus.REQUEST_TIMEOUT)
        if len(data) < int(length):
            return _told(start_response, HTTPStatus.BAD_REQUEST)
        try:
            confirmation = exchange.answer(data, received_at=clock.now(), peer=peer)
        except ServflowError:
            return _told(start_response, HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", _LATER))
        headers = [("Content-Type", _TYPE), ("Content-Length", str(len(confirmation)))]
        start_response("200 OK", headers)
        return [confirmation]

    return answer


def _then_let_go(told: Iterable[bytes], body: Any, length: str) -> Iterator[bytes]:
    """The answer, and after it what is too large is read and not kept, so that its sender reads the answer.

    Up to a bound: who sends more may find the connection closed.
    """
    yield from told
    left = min(int(length), _LET_GO) if len(length) <= len(str(_LET_GO)) else _LET_GO
    with suppress(OSError):  # the server waits for nobody for ever
        while left > 0 and (piece := body.read(min(left, _PIECE))):
            left -= len(piece)


def _shown(environ: Mapping[str, Any]) -> str:
    scheme, _, key = str(environ.get("HTTP_AUTHORIZATION", "")).strip().partition(" ")
    return key.strip() if scheme.casefold() == "bearer" else ""


def _digest(key: str) -> bytes:
    """What a key is looked up by: how long that takes tells nothing of the key."""
    return sha256(key.encode(errors="surrogatepass")).digest()


def _told(start_response: StartResponse, status: HTTPStatus, *headers: tuple[str, str]) -> Iterable[bytes]:
    text = f"{status.phrase}\n".encode()
    plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response(f"{status.value} {status.phrase}", [*plain, *headers])
    return [text]


# --- out ------------------------------------------------------------------------------------------


class HttpPartner:
    """The ``Partner`` port: messages of ``library`` posted to other libraries' systems, one connection each.

    - ``timeout_seconds`` bounds every single wait, and ``longest_seconds`` a whole try, both above zero.
    - ``context`` is by what ``https`` is checked; by default as the machine checks it.

    A system that names no edition is spoken with in 1.2, one without a dialect as the standard says. It goes
    where the system's address says and nowhere else: no redirection is followed, and no proxy used.

    Raises:
        InvalidValue: a time is not above zero.
    """

    def __init__(
        self,
        library: str,
        *,
        timeout_seconds: float = 30,
        longest_seconds: float = 120,
        context: ssl.SSLContext | None = None,
    ) -> None:
        for name, value in (("timeout_seconds", timeout_seconds), ("longest_seconds", longest_seconds)):
            if not value > 0:
                raise InvalidValue(name, value, "a time above zero")
        self.library = library
        self._timeout = timeout_seconds
        self._longest = longest_seconds
        self._context = context

    def takes(self, message: Message, to: Party) -> bool:
        """Whether it is for another library's desk, and can be told to its system in ISO 18626.

        To a desk of ours all of it can. The standard knows no centre that routes requests, and no gateway:
        what these are told by, or tell, goes to every other system as a letter.
        """
        system = to.system
        if system is None or system.protocol != PROTOCOL or not for_a_desk(message):
            return False
        known = message.kind.startswith((FROM_BORROWER, FROM_LENDER)) and message.kind != ROUTE
        return known or system.dialect == Dialect.SERVFLOW.value

    def send(self, message: Message, *, to: Party, at: datetime) -> None:
        """Post it and read the confirmation; OK says that the other system has taken it.

        The same message with the same ``at`` is the same bytes. The account and the code of the system are
        shown within what a borrower says.

        Raises:
            PartnerFailed: permanent where the confirmation says ERROR, or the server answers 4xx (but for
                408 and 429, and for 401, 403 and 407, which are about us and mended by the host); not
                permanent for any other answer, for one that is no confirmation of this request, and for
                none at all.
            InvalidValue: the message cannot be told in ISO 18626.
            MissingExtra: lxml is not installed.
        """
        system = to.system
        assert system is not None  # it takes no other
        try:
            edition = Edition(system.edition) if system.edition else Edition.V1_2
            dialect = Dialect(system.dialect) if system.dialect else Dialect.STANDARD
            url, key = _address(system.url), _key(system.key)
        except ValueError as error:
            raise PartnerFailed(to.ref, f"its system: {error}", reached=False) from None
        data = write(
            message,
            sender=self.library,
            edition=edition,
            dialect=dialect,
            sent_at=at,
            card=system.account or None,
            security_code=system.code or None,
        )
        headers = {"Content-Type": _TYPE, "Accept": "application/xml, text/xml", "Connection": "close"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            status, answer = self._posted(url, data, headers)
        except (OSError, HTTPException, ValueError) as error:  # ValueError: a connection that was cut
            found = f"{url.netloc}: {str(error) or type(error).__name__}"
            raise PartnerFailed(to.ref, found, reached=False) from error
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            found = f"{url.netloc}: {status} {responses.get(status, '')}".rstrip() + _reason(answer)
            refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            permanent = refused and status not in _PASSING
            raise PartnerFailed(to.ref, found, permanent=permanent, reached=status not in _OF_ALL)
        _confirmed(to.ref, url.netloc, answer, dict(message.facts).get("request"))

    def _posted(self, url: SplitResult, data: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer, the body up to one byte more than may be read."""
        connection = self._connection(url)
        held: list[socket] = []

        def cut() -> None:
            for each in held or [connection.sock]:
                with suppress(OSError, AttributeError):  # it is closed, or was not made yet
                    each.shutdown(SHUT_RDWR)

        overdue = Timer(self._longest, cut)
        overdue.daemon = True
        overdue.start()
        try:
            connection.connect()
            held.append(connection.sock)  # the connection lets go of it before the answer is read
            path = url.path or "/"
            connection.request("POST", f"{path}?{url.query}" if url.query else path, data, dict(headers))
            response = connection.getresponse()
            return response.status, response.read(MOST_BYTES + 1)
        finally:
            overdue.cancel()
            connection.close()

    def _connection(self, url: SplitResult) -> HTTPConnection:
        assert url.hostname is not None  # its address was looked at
        if url.scheme == "http":
            return HTTPConnection(url.hostname, url.port, timeout=self._timeout)
        context = self._context or ssl.create_default_context()
        return HTTPSConnection(url.hostname, url.port, timeout=self._timeout, context=context)


def _address(url: str) -> SplitResult:
    """The parts of an address that messages can be posted to."""
    expected = "an address that begins with http:// or https://, of a host, without a name or a password"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidValue("url", url, expected) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or port == 0:
        raise InvalidValue("url", url if "@" not in url else "one with a name", expected)
    return parts


def _key(key: str) -> str:
    """The key, if it can stand in a header; it is not shown."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidValue("key", "something else", "printable ASCII without spaces")
    return key


def _confirmed(ref: str, server: str, answer: bytes, request: object) -> None:
    """Whether the answer is a confirmation, of a message about this request, that says OK.

    Its times are not looked at: in ``timestamp``, where the standard has that of the message, CrossLink,
    ReShare and Koha have that of their answer. It came on the connection on which the message was sent.
    """
    if len(answer) > MOST_BYTES:
        raise PartnerFailed(ref, f"{server}: an answer of more than {MOST_BYTES} bytes")
    try:
        said = read_confirmation(answer)
    except InvalidMessage as error:
        raise PartnerFailed(ref, f"{server}: no confirmation; {error.problems[0]}") from None
    if said.request_id and tidy(said.request_id) != tidy(str(request)):  # many write an id on one line
        raise PartnerFailed(ref, f"{server}: a confirmation for another request, {said.request_id!r}")
    if not said.ok:
        raise PartnerFailed(ref, f"{server}: ERROR{_errors(said)}", permanent=True)


def _errors(said: Confirmation) -> str:
    return ", " + (
        "; ".join(f"{each.type.value}: {each.value}" for each in said.errors) or "without a reason"
    )


def _reason(answer: bytes) -> str:
    """What a confirmation says that came with another status than it should; empty where there is none."""
    try:
        said = read_confirmation(answer)
    except InvalidMessage:
        return ""
    return "" if said.ok else _errors(said)
