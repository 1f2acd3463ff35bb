"""Letters handed to a mail server (SMTP, RFC 5321).

What is permanent is decided narrowly: only the server's own 5xx about this recipient or this
letter. A wrong password, an expired certificate, a refused sender concern every letter alike and
are mended by the host; giving up the whole outbox for them would lose mail.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.policy import SMTP

from servflow.codec.rfc5322 import mail_message
from servflow.core.errors import InvalidValue, MailFailed
from servflow.core.ports import Letter, Party

__all__ = ["SmtpMail"]


class SmtpMail:
    """The ``Mail`` port over one SMTP server; a connection for each letter.

    - ``sender`` is who the letters are from, and where failures are reported to.
    - ``timeout_seconds`` bounds every single wait for the server, above zero.
    - ``starttls`` is the context to encrypt with (``ssl.create_default_context()``); a server that
      does not offer it then gets no letter. None: in the clear, for a server on the same machine.
    - ``login`` is name and password; they are never sent in the clear.
    - ``local_hostname`` is how to greet the server; by default this machine's full name.

    Raises:
        InvalidValue: ``timeout_seconds`` is not above zero, or a login without ``starttls``.
    """

    def __init__(
        self,
        sender: Party,
        *,
        host: str = "localhost",
        port: int = 25,
        timeout_seconds: float = 30,
        starttls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        local_hostname: str | None = None,
    ) -> None:
        if not timeout_seconds > 0:
            raise InvalidValue("timeout_seconds", timeout_seconds, "a time above zero")
        if login and not starttls:
            raise InvalidValue("starttls", starttls, "a context; a password is not sent in the clear")
        self._sender = sender
        self._host = host
        self._port = port
        self._timeout = timeout_seconds
        self._starttls = starttls
        self._login = login
        self._local_hostname = local_hostname

    def send(self, letter: Letter) -> None:
        """Hand the letter to the server; on return it has taken responsibility for it.

        Raises:
            MailFailed: permanent where the letter cannot be addressed, or the server refuses its
                recipient or its content for good (5xx); not permanent otherwise (4xx, nobody
                there, too slow, no encryption, login refused). Its text never holds the address.
        """
        # smtplib sends bytes as they are, and a line on the wire ends with CRLF (RFC 5321, 2.3.8)
        content = mail_message(letter, self._sender, encoding="base64").as_bytes(policy=SMTP)
        try:
            server = smtplib.SMTP(self._host, self._port, self._local_hostname, self._timeout)
            try:
                if self._starttls:
                    server.starttls(context=self._starttls)
                if self._login:
                    server.login(*self._login)
                server.sendmail(self._sender.email, [letter.to.email], content)
                with suppress(OSError):  # it has the letter; how it says goodbye does not matter
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            code, reply = error.recipients[letter.to.email]
            raise self._failed(letter, code, reply) from error
        except smtplib.SMTPDataError as error:
            raise self._failed(letter, error.smtp_code, error.smtp_error) from error
        except OSError as error:  # SMTPException is one, and so are those of sockets and of TLS
            raise self._failed(letter, 0, str(error) or type(error).__name__) from error

    def _failed(self, letter: Letter, code: int, reply: bytes | str) -> MailFailed:
        text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
        text = text.replace(letter.to.email, letter.to.ref)  # the outbox keeps it; addresses are the host's
        found = f"{self._host}:{self._port}: {f'{code} ' if code > 0 else ''}{text}"
        return MailFailed(letter.to.ref, found, permanent=500 <= code < 600)  # noqa: PLR2004
