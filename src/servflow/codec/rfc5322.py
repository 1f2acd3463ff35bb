"""Letters to mail messages (RFC 5322, MIME), the same for every way of sending them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.headerregistry import Address
from email.message import EmailMessage
from hashlib import sha256
from typing import Final, Literal

from servflow.core.dates import aware
from servflow.core.errors import MailFailed
from servflow.core.ports import Letter, Party

__all__ = ["answered", "mail_message", "message_id"]

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS: Final = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MESSAGE_ID: Final = re.compile(rf"<{_ADDRESS.pattern}>")
_DIGEST: Final = re.compile("<[0-9a-f]{64}")
_LONGEST_LINE: Final = 998  # RFC 5322, 2.1.1; in bytes, without the line break

# Whoever gets a line break into a header writes headers of his own. Half a surrogate pair is no text.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def mail_message(letter: Letter, sender: Party, *, encoding: Literal["8bit", "base64"]) -> EmailMessage:
    """The letter as a message in UTF-8, from ``sender`` to ``letter.to``.

    ``Message-ID`` is that of ``message_id``, ``Date`` is ``letter.at``. ``Auto-Submitted`` says that
    no person wrote it, so that no absence note comes back (RFC 3834). ``encoding`` is how the body
    is carried: ``8bit`` can be read in a file, ``base64`` passes every server; lines too long for
    mail are carried as ``base64`` in any case.

    Raises:
        MailFailed: permanent; the recipient has no address or one that is not plain ASCII
            ``name@domain``, or a header would hold a line break or a control character.
        InvalidValue: ``letter.at`` is naive.
    """
    ref = letter.to.ref
    message = EmailMessage()
    message["From"] = _address(sender, ref, "the sender")
    message["To"] = _address(letter.to, ref, "the recipient")
    message["Subject"] = _fit(letter.subject, ref, "the subject")
    message["Date"] = aware("letter.at", letter.at)
    message["Message-ID"] = message_id(letter, sender)
    message["Auto-Submitted"] = "auto-generated"
    try:
        longest = max(map(len, letter.body.encode().splitlines()), default=0)
    except UnicodeEncodeError:
        raise MailFailed(ref, "the body is not a text", permanent=True) from None
    message.set_content(letter.body, cte=encoding if longest <= _LONGEST_LINE else "base64")
    return message


def message_id(letter: Letter, sender: Party) -> str:
    """The ``Message-ID`` with its angle brackets; the same for the same ``letter.message_id``.

    One that is not in the form of RFC 5322 already is replaced by its SHA-256 at the sender's domain.
    """
    return _id_of(letter.message_id, sender.email.partition("@")[2] or "localhost")


def answered(message_ids: Iterable[str], keys: Iterable[str]) -> str | None:
    """The inverse: the first key among ``keys`` whose letter has one of these Message-IDs; None without one.

    ``keys`` are what ``Letter.message_id`` was made of. They are looked through, since a SHA-256 cannot be
    undone. The domain does not count: the sender's address may be another one since.
    """
    known = {_without_domain(each) for each in message_ids}
    return next((key for key in keys if _without_domain(_id_of(key, "localhost")) in known), None)


def _id_of(key: str, domain: str) -> str:
    if _MESSAGE_ID.fullmatch(key):
        return key
    return f"<{sha256(key.encode(errors='surrogatepass')).hexdigest()}@{domain}>"


def _without_domain(message_id: str) -> str:
    """The part of a Message-ID by which it is ours: a SHA-256; of any other one, all of it."""
    local, found, _ = message_id.rpartition("@")
    return local if found and _DIGEST.fullmatch(local) else message_id


def _address(party: Party, ref: str, who: str) -> Address:
    if not party.email:
        raise MailFailed(ref, f"{who} has no address", permanent=True)
    if not _ADDRESS.fullmatch(party.email):
        raise MailFailed(ref, f"the address of {who} is not of the form name@domain", permanent=True)
    return Address(_fit(party.name, ref, f"the name of {who}"), addr_spec=party.email)


def _fit(text: str, ref: str, what: str) -> str:
    if _UNFIT.search(text):
        raise MailFailed(ref, f"{what} has a line break or a control character in it", permanent=True)
    return text.replace("=?", "= ?")  # so that no text is taken for an encoded word, and decoded
