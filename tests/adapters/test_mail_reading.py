"""What is read of a mail that comes back: from whom, when, what it answers, and its text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from hashlib import sha256

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servflow.adapters import mail_reading
from servflow.adapters.mail_reading import LARGEST, Reply, answers, read_reply
from servflow.codec.rfc5322 import message_id
from servflow.core.changes import Key, Message
from servflow.core.errors import InvalidMessage
from servflow.core.ports import Letter, Outgoing, Party, Status

US = Party(ref="CN-CQUE", name="渝州馆", email="ill@yuzhou.example.cn", language="zh_CN")
THEM = Party(ref="CN-1", name="江海馆", email="ill@jianghai.example.cn", language="zh_CN")
AT = datetime(2026, 1, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
KEY = "ill.borrowing/B-1/4/ill.borrowing.request"
HEAD = b"From: a@b.example\r\nSubject: x\r\n"


def outgoing(key: str) -> Outgoing:
    about = Key("ill.borrowing", "B-1")
    message = Message(key=key, to="CN-1", kind="ill.borrowing.request", about=about)
    return Outgoing(message=message, status=Status.SENT, attempts=0, committed_at=AT, changed_at=AT)


def id_of(key: str, sender: Party = US) -> str:
    return message_id(Letter(message_id=key, to=THEM, subject="", body="", at=AT), sender)


def mail(text: str = "可以提供。\n", *, html: str = "", **headers: str) -> EmailMessage:
    message = EmailMessage()
    given = {
        "From": "王老师 <ill@jianghai.example.cn>",
        "Subject": "回复",
        "Message-ID": "<r1@jianghai>",
        **headers,
    }
    for name, value in given.items():
        message[name.replace("_", "-")] = value
    if html:
        message.set_content(html, subtype="html")
    else:
        message.set_content(text)
    return message


def read(text: str = "可以提供。\n", *, html: str = "", **headers: str) -> Reply:
    return read_reply(mail(text, html=html, **headers).as_bytes())


def refused(data: bytes) -> str:
    with pytest.raises(InvalidMessage) as caught:
        read_reply(data)
    [problem] = caught.value.problems
    return str(problem)


# --- headers ----------------------------------------------------------------------------------------


def test_a_mail_is_read() -> None:
    """From whom, when, what it is known by, and what was written."""
    it = read(Date="Tue, 20 Jan 2026 09:00:00 +0800", Subject="回复：馆际互借申请B-1~2：请提供文献")
    assert it.sender == "ill@jianghai.example.cn"
    assert it.at == AT
    assert it.message_id == "<r1@jianghai>"
    assert (it.subject, it.request) == ("回复：馆际互借申请B-1~2：请提供文献", "B-1~2")
    assert (it.text, it.attachments, it.automatic) == ("可以提供。", (), False)


def test_what_it_answers_comes_first() -> None:
    """In-Reply-To goes before References, of which the last is the nearest; each stands there once."""
    it = read(In_Reply_To="<c@x>", References="<a@x> <b@x>  <c@x>")
    assert it.references == ("<c@x>", "<b@x>", "<a@x>")


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("Re: Interlibrary loan request 2026-0042~3: please supply", "2026-0042~3"),
        ("回复：馆际互借申请2026-0042~3：请提供文献", "2026-0042~3"),
        ("Re: B-1~1 and B-2~1", "B-1~1"),
        ("about ~1", ""),
        ("B-1~0", ""),
        ("B-1~", ""),
        ("no id at all", ""),
    ],
)
def test_the_request_id_in_the_subject(subject: str, found: str) -> None:
    """The first one of the form that our own request ids have, whatever stands around it."""
    assert read(Subject=subject).request == found


def test_a_mail_without_an_id_is_known_by_its_bytes() -> None:
    """The same bytes are the same mail."""
    data = b"From: a@b.example\r\n\r\nyes\r\n"
    assert read_reply(data).message_id == f"sha256:{sha256(data).hexdigest()}"


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 32 Jan 2026 09:00:00 +0800"])
def test_a_date_that_is_none(date: str) -> None:
    """It is left out, and the mail is read all the same."""
    it = read_reply(HEAD + f"Date: {date}\r\n\r\nyes\r\n".encode())
    assert (it.at, it.text) == (None, "yes")


def test_a_date_from_nowhere_is_that_of_greenwich() -> None:
    """-0000 says UTC, and nothing of the place."""
    assert read(Date="Tue, 20 Jan 2026 01:00:00 -0000").at == datetime(2026, 1, 20, 1, tzinfo=UTC)


def test_nobody_wrote_it() -> None:
    """An absence note and a failed delivery are marked as such, a person's mail is not."""
    assert read(Auto_Submitted="auto-replied").automatic
    assert read(Auto_Submitted="auto-generated; x=y").automatic
    assert not read(Auto_Submitted="no").automatic
    report = HEAD + b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nfailed\r\n--x--\r\n"
    assert read_reply(report).automatic


# --- which letter of ours it answers ------------------------------------------------------------------


def test_a_reply_finds_the_letter_that_it_answers() -> None:
    """By the Message-ID made of the message's key, whatever the subject says; the nearest one first."""
    letters = [outgoing("k1"), outgoing(KEY), outgoing("k2")]
    assert answers(read(In_Reply_To=id_of(KEY)), letters) == letters[1]
    assert answers(read(References=f"{id_of('k1')} {id_of('k2')}"), letters) == letters[2]


def test_a_reply_to_nothing_of_ours() -> None:
    """No reference, one to somebody else's mail, or one to a letter that is not among them."""
    assert answers(read(), [outgoing(KEY)]) is None
    assert answers(read(In_Reply_To="<x@jianghai>"), [outgoing(KEY)]) is None
    assert answers(read(In_Reply_To=id_of(KEY)), [outgoing("k1")]) is None
    assert answers(read(In_Reply_To=id_of(KEY)), []) is None


def test_our_address_may_have_changed() -> None:
    """What was sent from the library's earlier domain is still its own."""
    elsewhere = Party(ref="CN-CQUE", name="", email="ill@old.example", language="en")
    assert answers(read(In_Reply_To=id_of(KEY, elsewhere)), [outgoing(KEY)]) is not None


# --- its text -----------------------------------------------------------------------------------------


def test_what_is_quoted_below_is_cut_off() -> None:
    """The original below the answer is ours; with it goes the line that says who wrote it."""
    assert read("Yes.\n\nOn 19 Jan 2026, Yuzhou wrote:\n> Please supply\n> the book\n").text == "Yes."
    broken = "Yes.\n\nOn Mon, 19 Jan 2026 at 10:00, Yuzhou\n<ill@x.example> wrote:\n> Please\n"
    assert read(broken).text == "Yes."
    assert read("可以。\n\n在 2026年1月19日，渝州馆写道：\n> 请提供\n").text == "可以。"
    assert (
        read("可以。\n\n------------------ 原始邮件 ------------------\n发件人: 渝州馆\n请提供\n").text
        == "可以。"
    )
    assert read("Yes.\n-----Original Message-----\nFrom: us\n").text == "Yes."


def test_what_is_quoted_between_the_lines_stays() -> None:
    """An answer below the question that it answers needs the question."""
    assert (
        read("> When is it due?\n15 March\n> The item?\nJH-1\n").text
        == "> When is it due?\n15 March\n> The item?\nJH-1"
    )


def test_where_nothing_else_is_said_nothing_is_cut_off() -> None:
    """A mail of quotations, or an original that was passed on: all of it is its text."""
    assert read("> Please supply\n").text == "> Please supply"
    assert read("-----Original Message-----\nFrom: us\n").text == "-----Original Message-----\nFrom: us"


def test_html_only() -> None:
    """Tags go, blocks are lines, scripts and styles are not text, a blockquote is a quotation."""
    page = (
        "<html><head><title>t</title><style>p {}</style></head><body><!-- no --><p>Yes &amp; it is\n on "
        "its&nbsp;way.</p><script>x()</script>Due:<br>15 March 2 &lt; 3<blockquote>Please supply</blockquote></body></html>"
    )
    assert read(html=page).text == "Yes & it is on its way.\nDue:\n15 March 2 < 3"


def test_plain_text_goes_before_html_and_attachments_are_named() -> None:
    """Files are named and not kept, also those that are text; so is a mail within the mail."""
    message = mail("plain\n")
    message.add_alternative("<p>html</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="扫描.pdf")
    message.add_attachment("a,b\n", filename="list.csv")
    message.add_attachment(mail("inner\n", Subject="other"))
    it = read_reply(message.as_bytes())
    assert it.text == "plain"
    assert it.attachments == ("扫描.pdf", "list.csv", "message/rfc822")


@pytest.mark.parametrize("charset", ["gb2312", "GBK", "gb18030", "big5", "utf-8"])
def test_charsets(charset: str) -> None:
    """Chinese in every charset that is usual; what is called gb2312 may be the wider one."""
    text = "書已寄出" if charset == "big5" else "馆藏镕〇"
    data = (
        HEAD
        + f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    )
    assert (
        read_reply(data + text.encode("gb18030" if charset.lower().startswith("gb") else charset)).text
        == text
    )


@pytest.mark.parametrize("charset", ["none-such", "rot13", "unicode_escape", "idna", '"\x00"'])
def test_a_charset_that_is_none(charset: str) -> None:
    """It is read as UTF-8, and what is none is replaced."""
    head = (
        HEAD
        + f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    )
    assert read_reply(head + "可以\\d".encode() + b"\xff").text == "可以\\d\ufffd"


def test_the_text_is_bounded_and_holds_no_control_characters() -> None:
    """What a terminal or a database would choke on is replaced; no text is longer than 4000 signs."""
    assert read_reply(HEAD + b"\r\na\x00b\x1b[2J\tc\r\n\r\n\r\n\r\nd").text == "a\ufffdb\ufffd[2J\tc\n\nd"
    assert len(read_reply(HEAD + b"\r\n" + b"x" * 100_000).text) == 4000


def test_a_header_that_is_damaged_is_left_out() -> None:
    """The others are read."""
    it = read_reply(
        b"From: a@b.example\r\nSubject: \xff\xfe\r\nReferences: " + b"<a@b> " * 10_000 + b"\r\n\r\nyes"
    )
    assert (it.references, it.text) == ((), "yes")
    assert "\ufffd" in it.subject


# --- what is no mail ------------------------------------------------------------------------------------


def test_what_is_no_mail_is_refused() -> None:
    """It is said what is lacking."""
    expected = "expected the address of whoever wrote it"
    assert refused(b"") == refused(b"hello") == f"From: found no headers at all, {expected}"
    assert refused(b"Subject: x\r\n\r\nyes") == f"From: found none, {expected}"
    assert refused(b"From: nobody\r\n\r\nyes") == f"From: found none, {expected}"


def test_a_mail_may_be_fifty_megabytes_and_no_more() -> None:
    """One byte more is refused unread."""
    head = HEAD + b"\r\n"
    assert read_reply(head + b"x" * (LARGEST - len(head))).text
    assert refused(head + b"x" * (LARGEST - len(head) + 1)).startswith(f"its size: found {LARGEST + 1} bytes")


def test_countless_parts_are_refused() -> None:
    """Each would be looked for to its end; nobody writes such a mail."""
    body = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_001
    assert refused(body) == "its parts: found 20001, expected at most 20000 lines that begin with --"


def test_a_content_type_without_end_is_refused() -> None:
    """So is one that is folded over many lines; a long one that does end is read."""
    for fold in (b" ", b"\r\n "):
        long = b"Content-Type: text/plain;" + (fold + b"a=b;") * 20_000
        assert refused(HEAD + long + b"\r\n\r\nyes").startswith(
            "its Content-Type: found one that does not end"
        )
    assert read_reply(HEAD + b"Content-Type: text/plain; name=" + b"x" * 2000 + b"\r\n\r\nyes").attachments


def test_parts_within_parts_without_end() -> None:
    """What the parser cannot take is refused as a mail that cannot be read."""
    part = "Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n"
    assert "one that can be read" in refused(HEAD + "".join(map(part.format, range(2000))).encode())


def test_a_page_that_is_no_html_takes_no_time() -> None:
    """What opens and never closes is read in one go."""
    for piece in ("<!--", "<a ", "<![CDATA[", "&#", "</", "<script>", "<a b='"):
        read_reply(HEAD + b"Content-Type: text/html\r\n\r\n" + piece.encode() * 40_000)


HEADERS = st.sampled_from(
    [
        "From",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Content-Type",
        "Content-Transfer-Encoding",
    ]
)
VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(
                b"a@b.example",
                b"<a@b>",
                b"=?utf-8?b?/w==?=",
                b"text/html; charset=x",
                b"multipart/mixed; boundary=b",
            ),
            *(
                b"message/rfc822",
                b"base64",
                b"text/plain; name*=utf-8''%FF",
                b"multipart/report; boundary=",
                b"(((",
                b'"',
            ),
            *(b"group: a@b;", b"quoted-printable", b"x-uuencode", b"Tue, 20 Jan 99999 09:00:00 +9999"),
        ]
    ),
)


@settings(max_examples=300)
@given(
    headers=st.lists(st.tuples(HEADERS, VALUES), max_size=8),
    body=st.one_of(
        st.binary(max_size=200), st.just(b"--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\n<b")
    ),
)
@example(headers=[("From", b"a@b.example"), ("Content-Type", b"text/plain; charset=idna")], body=b"\xff.")
def test_whatever_comes_is_read_or_refused(headers: list[tuple[str, bytes]], body: bytes) -> None:
    """No bytes bring out another error than the promised one, and what is read can be stored."""
    data = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers) + b"\r\n" + body
    try:
        it = read_reply(data)
    except InvalidMessage:
        return
    assert it.message_id
    assert "@" in it.sender
    for text in (it.message_id, it.subject, it.sender, it.text, *it.attachments, *it.references):
        text.encode()
        assert "\x00" not in text


def test_every_part_of_a_mail_is_looked_at_in_its_order() -> None:
    """The text is the first one; there may be a thousand parts, and those after them are left."""
    body = b"".join(
        b"--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n" % text for text in (b"", b"first", b"second")
    )
    assert read_reply(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body).text == "first"
    many = b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n" * (mail_reading._MOST_PARTS + 5)
    read_many = read_reply(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + many)
    assert len(read_many.attachments) < mail_reading._MOST_PARTS
