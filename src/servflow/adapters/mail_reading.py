"""What a mail says that comes back: which of our letters it answers, from whom, when, and its text.

Nothing is decided here. A librarian reads the text and enters what it says; the mail's Message-ID stays
with the command as its evidence. So a supplier or a borrower without a system is served all the same.

1. ``read_reply`` is a pure function of the mail's bytes. A mail that can be read at all is read; what is
   damaged in it (a charset that nobody knows, a date that is none) is replaced or left out.
2. ``answers`` finds the letter of ours: by the Message-IDs that the mail refers to, for these are made of
   the keys of our messages. ``Reply.request`` is the request id in its subject, for a mail program that
   refers to nothing.
3. The text is what the sender wrote. What was quoted of our letter below it is cut off where that is
   certain; what is quoted between the lines stays, for the answers stand on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from hashlib import sha256
from html import unescape
from typing import Any, Final

import attrs

from servflow.codec.rfc5322 import answered
from servflow.core.errors import InvalidMessage, Problem
from servflow.core.ports import Outgoing

__all__ = ["LARGEST", "Reply", "answers", "read_reply"]

LARGEST: Final = 50 * 2**20
"""The most bytes of a mail."""

_MOST_SIGNS: Final = 4_000  # of the text; nobody writes more to say that a book is on its way
_MOST_BYTES: Final = 200_000  # of a part that its text is read from
_MOST_PARTS: Final = 1000
_MOST_BOUNDARIES: Final = 20_000  # lines that may be the boundary between two parts
_LONGEST_HEADER: Final = 998  # as it is kept
_LONGEST_RAW: Final = 20_000  # as it is read
_MOST_REFERENCES: Final = 100
_ENDLESS: Final = re.compile(
    rb"^content-[a-z]+:(?:[^\n]|\n[ \t]){%d}" % (_LONGEST_RAW + 1), re.IGNORECASE | re.MULTILINE
)

_ADDRESS: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_ID: Final = re.compile(r"<[^\s<>]+>")
_REQUEST: Final = re.compile(r"(?<![0-9A-Za-z._/~-])[0-9A-Za-z][0-9A-Za-z._/-]*~[1-9][0-9]{0,8}(?![0-9])")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_TEXT_ENCODINGS: Final = re.compile("escape|idna|punycode|undefined", re.IGNORECASE)
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030"}  # what is called so in mail is often the wider one

_ORIGINAL: Final = re.compile(
    r"\s*-{2,}\s*(original message|原始邮件|原邮件|回复的原邮件|原始信件|邮件原件)\s*-{2,}\s*", re.IGNORECASE
)
_WROTE: Final = re.compile(r"\s*(on\b.{4,300}\bwrote|.{0,300}(写道|寫道))\s*[:：]\s*", re.IGNORECASE)
_QUOTED: Final = re.compile(r"\s{0,3}>")
_UNSEEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|head|title)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG: Final = re.compile("(<[a-zA-Z/!?][^<>]*>)")
_BLOCKS: Final = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "hr", "blockquote", "table"})


@attrs.frozen(kw_only=True)
class Reply:
    """A mail that was read.

    - ``message_id`` is its Message-ID, or ``sha256:`` and the SHA-256 of its bytes where it has none: by
      this it can be found again, and a mail that comes twice is one.
    - ``references`` are the Message-IDs that it refers to: that of In-Reply-To, then those of References,
      the last one first.
    - ``request`` is the first request id of our own form (``<case>~<attempt>``) in the subject; or empty.
      A case whose id has other signs than ASCII letters, digits and ``. _ / -`` is not found by it.
    - ``sender`` is the address it is from, ``at`` its own date; None where it has none that can be read.
    - ``text`` is at most 4,000 signs; ``attachments`` are the names of files; they are not kept.
    - ``automatic``: no person wrote it (an absence note, a report of a failed delivery).
    """

    message_id: str
    references: tuple[str, ...]
    subject: str
    request: str
    sender: str
    at: datetime | None
    text: str
    attachments: tuple[str, ...]
    automatic: bool


def read_reply(data: bytes) -> Reply:
    """Read a mail (RFC 5322, MIME).

    Raises:
        InvalidMessage: it is larger than 50 MB, of countless parts or of headers that do not end, no mail
            at all, or from nobody.
    """
    if len(data) > LARGEST:
        raise InvalidMessage("the mail", [Problem("its size", f"{len(data)} bytes", f"at most {LARGEST}")])
    if _ENDLESS.search(data):
        found = "one that does not end"
        raise InvalidMessage(
            "the mail", [Problem("its Content-Type", found, f"at most {_LONGEST_RAW} bytes")]
        )
    boundaries = data.count(b"\n--")
    if boundaries > _MOST_BOUNDARIES:
        expected = f"at most {_MOST_BOUNDARIES} lines that begin with --"
        raise InvalidMessage("the mail", [Problem("its parts", str(boundaries), expected)])
    try:
        return _read(data)
    except InvalidMessage:
        raise
    except Exception as error:  # noqa: BLE001 -- the parser's own, on what no mail program writes
        found = f"{type(error).__name__}: {error}"
        raise InvalidMessage("the mail", [Problem("the mail", found, "one that can be read")]) from None


def answers(reply: Reply, letters: Iterable[Outgoing]) -> Outgoing | None:
    """The letter among ``letters`` (of the outbox) that the mail answers; None where it is none of them.

    Of several that it refers to, the one it refers to first.
    """
    known = {letter.message.key: letter for letter in letters} if reply.references else {}
    for reference in reply.references if known else ():
        key = answered((reference,), known)
        if key is not None:
            return known[key]
    return None


def _read(data: bytes) -> Reply:
    mail = message_from_bytes(data, policy=default)
    sender = _sender(mail)
    if not sender:
        found = "none" if mail.keys() else "no headers at all"
        raise InvalidMessage("the mail", [Problem("From", found, "the address of whoever wrote it")])
    subject = _header(mail, "Subject")
    named = _REQUEST.search(subject)
    ids = _ID.findall(_header(mail, "Message-ID", longest=None))
    text, attachments = _content(mail)
    own = ids[0] if ids and len(ids[0]) <= _LONGEST_HEADER else f"sha256:{sha256(data).hexdigest()}"
    return Reply(
        message_id=own,
        references=_references(mail),
        subject=subject,
        request=named[0] if named else "",
        sender=sender,
        at=_date(mail),
        text=_written(text),
        attachments=attachments,
        automatic=_automatic(mail),
    )


# --- headers ----------------------------------------------------------------------------------------


def _value(mail: EmailMessage, name: str) -> Any:
    """The header as the library reads it; None where there is none, or none that it can read."""
    raw = next((value for each, value in mail.raw_items() if each.lower() == name.lower()), None)
    if raw is None or len(raw) > _LONGEST_RAW:  # it would take its time
        return None
    try:
        return mail[name]
    except Exception:  # noqa: BLE001 -- one header that is damaged is no reason not to read the others
        return None


def _header(mail: EmailMessage, name: str, *, longest: int | None = _LONGEST_HEADER) -> str:
    """In one line, without control characters."""
    text = _CONTROL.sub("\ufffd", " ".join(str(_value(mail, name) or "").split()))
    return text[:longest]


def _sender(mail: EmailMessage) -> str:
    header = _value(mail, "From")
    for address in getattr(header, "addresses", ()):
        spec = _CONTROL.sub("", str(address.addr_spec))
        if _ADDRESS.fullmatch(spec) and len(spec) <= _LONGEST_HEADER:
            return spec
    return ""


def _references(mail: EmailMessage) -> tuple[str, ...]:
    nearest = _ID.findall(_header(mail, "In-Reply-To", longest=None))
    before = _ID.findall(_header(mail, "References", longest=None))
    return tuple(dict.fromkeys([*nearest, *reversed(before)]))[:_MOST_REFERENCES]


def _date(mail: EmailMessage) -> datetime | None:
    at = getattr(_value(mail, "Date"), "datetime", None)
    if not isinstance(at, datetime):
        return None
    try:
        aware = at.replace(tzinfo=UTC) if at.utcoffset() is None else at  # -0000: UTC, from nowhere
        aware.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return aware


def _automatic(mail: EmailMessage) -> bool:
    """RFC 3834; a report of a failed delivery is a multipart/report."""
    said = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    return said not in ("", "no") or mail.get_content_type() == "multipart/report"


# --- its text ---------------------------------------------------------------------------------------


def _content(mail: EmailMessage) -> tuple[str, tuple[str, ...]]:
    """The text, and the names of what is attached. Plain text goes before HTML."""
    plain, html = "", ""
    attached: list[str] = []
    for part in _parts(mail):
        kind = part.get_content_type()
        name = _file_name(part)
        if name or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            attached.append(name or kind)
        elif kind == "text/plain":
            plain = plain or _decoded(part).strip()
        elif kind == "text/html":
            html = html or _decoded(part)
    return plain or _text_of_html(html), tuple(attached)


def _parts(mail: EmailMessage) -> Iterator[Message[Any, Any]]:
    """The leaves; a mail that is attached is one of them, and what stands in it is not looked at."""
    waiting: list[Message[Any, Any]] = [mail]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner: Any = part.get_payload()
            waiting += [each for each in reversed(inner) if isinstance(each, Message)]
        else:
            yield part


def _file_name(part: Message[Any, Any]) -> str:
    try:
        name = part.get_filename()
    except Exception:  # noqa: BLE001 -- as with any header
        name = None
    return _CONTROL.sub("\ufffd", " ".join(str(name or "").split()))[:255]


def _decoded(part: Message[Any, Any]) -> str:
    payload = part.get_payload(decode=True)
    content = payload[:_MOST_BYTES] if isinstance(payload, bytes) else b""
    charset = str(part.get_content_charset() or "utf-8").lower()
    if _NO_TEXT_ENCODINGS.search(charset):
        charset = "utf-8"
    try:
        return content.decode(_WIDER.get(charset, charset), errors="replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", errors="replace")


def _text_of_html(html: str) -> str:
    """The text between the tags; what stands in a ``blockquote`` is quoted as in plain text.

    The parser of the standard library takes a time that grows with the square of what is no HTML.
    """
    lines: list[list[str]] = [[]]
    quoted = 0
    for number, piece in enumerate(_TAG.split(_UNSEEN.sub("", html))):
        if number % 2 == 0:
            lines[-1].append(re.sub(r"\s+", " ", unescape(piece)))
            continue
        tag = re.split(r"[\s/>]", piece[1:].lstrip("/"), maxsplit=1)[0].lower()
        if tag == "blockquote":
            quoted = max(0, quoted + (-1 if piece.startswith("</") else 1))
        if tag in _BLOCKS:
            lines.append(["> "] if quoted else [])
    return "\n".join("".join(line).strip() for line in lines)


def _written(text: str) -> str:
    """What the sender wrote: without what is quoted below it, and without more than one empty line."""
    lines = [_CONTROL.sub("\ufffd", line).rstrip() for line in text.splitlines()]
    own = _own(lines)
    whole = re.sub(r"\n{3,}", "\n\n", "\n".join(own if any(own) else lines)).strip()
    return whole[:_MOST_SIGNS]


def _own(lines: list[str]) -> list[str]:
    """The lines before a line that says that the original follows, or before quoted lines up to the end."""
    for number, line in enumerate(lines):
        if _ORIGINAL.fullmatch(line):
            lines = lines[:number]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _QUOTED.match(lines[end - 1])):
        end -= 1
    if not any(map(_QUOTED.match, lines[end:])):
        return lines
    if end and _WROTE.fullmatch(lines[end - 1]):
        end -= 1
    elif end > 1 and _WROTE.fullmatch(f"{lines[end - 2]} {lines[end - 1]}"):
        end -= 2  # mail programs break this line
    return lines[:end]
