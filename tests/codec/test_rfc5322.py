from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servflow.codec.rfc5322 import answered, mail_message, message_id
from servflow.core.errors import InvalidValue, MailFailed
from servflow.core.ports import Letter, Party

SENDER = Party(ref="CN-NLC", name="馆际互借中心", email="ill@library.example.cn", language="zh_CN")
READER = Party(ref="CN-110108", name="京西师范学院图书馆", email="huji@jingxi.example.cn", language="zh_CN")
AT = datetime(2026, 2, 26, 9, 0, tzinfo=timezone(timedelta(hours=8)))


def letter(
    *,
    message_id: str = "ill.supply CN-110108/2026-0117:due:1",
    to: Party = READER,
    subject: str = "图书即将到期",
    body: str = "您好：\n\n《古城水系考》将于2月28日到期。\n",
    at: datetime = AT,
) -> Letter:
    return Letter(message_id=message_id, to=to, subject=subject, body=body, at=at)


def party(*, name: str = READER.name, email: str = READER.email) -> Party:
    return Party(ref=READER.ref, name=name, email=email, language="en")


def sent(it: Letter, *, encoding: str = "base64") -> EmailMessage:
    """The letter as whoever receives it reads it."""
    message = mail_message(it, SENDER, encoding=encoding)  # type: ignore[arg-type]
    return message_from_bytes(message.as_bytes(), policy=policy.default)


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_a_letter_arrives_as_it_was_written(encoding: str):
    """names, subject, body, date and id come out as they went in"""
    message = sent(letter(), encoding=encoding)
    assert message["From"].addresses[0].display_name == "馆际互借中心"
    assert message["From"].addresses[0].addr_spec == "ill@library.example.cn"
    assert message["To"].addresses[0].display_name == "京西师范学院图书馆"
    assert message["To"].addresses[0].addr_spec == "huji@jingxi.example.cn"
    assert message["Subject"] == "图书即将到期"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == message_id(letter(), SENDER)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Transfer-Encoding"] == encoding
    assert message.get_content() == letter().body


def test_base64_is_ascii_and_8bit_can_be_read():
    """the form for servers is plain ASCII, the form for files shows the text"""
    assert mail_message(letter(), SENDER, encoding="base64").as_bytes().isascii()
    assert "《古城水系考》".encode() in mail_message(letter(), SENDER, encoding="8bit").as_bytes()


def test_lines_too_long_for_mail():
    """a line of 998 bytes is carried as it is, one of 999 is not"""
    fits = sent(letter(body="x" * 998 + "\n"), encoding="8bit")
    over = sent(letter(body="x" * 999 + "\n"), encoding="8bit")
    assert fits["Content-Transfer-Encoding"] == "8bit"
    assert over["Content-Transfer-Encoding"] == "base64"
    assert over.get_content() == "x" * 999 + "\n"


def test_an_empty_letter():
    """a letter without a body or a name is a letter"""
    message = sent(letter(to=party(name=""), body=""))
    assert message.get_content().strip() == ""
    assert message["To"].addresses[0].addr_spec == READER.email


def test_a_naive_date():
    """the date of a letter is an aware instant"""
    with pytest.raises(InvalidValue, match=r"letter\.at"):
        sent(letter(at=datetime(2026, 2, 26)))


def test_the_message_id_is_stable():
    """the same letter has the same Message-ID, another one another; one in the right form is kept"""
    assert message_id(letter(), SENDER) == message_id(letter(subject="x", at=datetime.now(UTC)), SENDER)
    assert message_id(letter(message_id="a"), SENDER) != message_id(letter(message_id="b"), SENDER)
    assert re.fullmatch(r"<[0-9a-f]{64}@library\.example\.cn>", message_id(letter(), SENDER))
    assert message_id(letter(message_id="<a.1@example.org>"), SENDER) == "<a.1@example.org>"
    assert message_id(letter(message_id="<a@b>\nBcc: <b@c>"), SENDER).endswith("@library.example.cn>")


@pytest.mark.parametrize(
    "email",
    [
        *(
            "",
            "huji",
            "@example.org",
            "huji@",
            "a@b@c",
            "a b@example.org",
            "a@example..org",
            ".a@example.org",
        ),
        *("a@example.org\n", "a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org"),
        *("<a@example.org>", "读者@example.org", "a@例子.cn", "a@[127.0.0.1]", "a@example.org "),
    ],
)
def test_what_is_no_address(email: str):
    """an address that is none, is several, or hides a header is refused for good"""
    with pytest.raises(MailFailed) as caught:
        sent(letter(to=party(email=email)))
    assert caught.value.permanent
    assert caught.value.recipient == "CN-110108"
    assert not email or email not in str(caught.value)


@pytest.mark.parametrize(
    "ending", ["\n", "\r", "\r\nBcc: x@example.org", "\x00", "\u0085", "\u2028", "\ud800"]
)
def test_no_header_is_smuggled_in(ending: str):
    """a line break in a name or a subject is refused for good, wherever it stands"""
    for broken in (letter(to=party(name=f"x{ending}y")), letter(subject=f"x{ending}y")):
        with pytest.raises(MailFailed, match="line break or a control character") as caught:
            sent(broken)
        assert caught.value.permanent
    with pytest.raises(MailFailed, match="sender"):
        mail_message(letter(), party(name=f"x{ending}"), encoding="base64")


def test_half_a_character_is_no_text():
    """a body that no encoding can carry is refused for good"""
    with pytest.raises(MailFailed, match="body") as caught:
        sent(letter(body="\ud800"))
    assert caught.value.permanent


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)


@given(texts, texts)
@example(name='Li, Ming "Max" <x@y>', subject="图书")
@example(name="李,明", subject="图书 " * 40)
def test_any_name_and_subject(name: str, subject: str):
    """any name and subject goes out as one header line and adds no other header"""
    message = sent(letter(to=party(name=name), subject=subject))
    assert [key for key in message if key != "MIME-Version"] == [
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding"),
    ]
    assert [address.addr_spec for address in message["To"].addresses] == [READER.email]
    for written, header in ((subject, message["Subject"]), (name, message["To"].addresses[0].display_name)):
        assert "".join(header.split()) == "".join(written.split())


def test_an_encoded_word_is_not_decoded():
    """a text that looks like an encoded word stays a text, and smuggles nothing in"""
    smuggled = "=?utf-8?q?a=0ABcc:_x@example.org?="
    message = sent(letter(to=party(name=smuggled), subject=smuggled))
    assert (
        message["Subject"] == message["To"].addresses[0].display_name == "= ?utf-8?q?a=0ABcc:_x@example.org?="
    )
    assert "Bcc" not in message


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=300))
def test_any_body(body: str):
    """any body comes out as it went in, but for one line break at its end"""
    for encoding in ("8bit", "base64"):
        text = sent(letter(body=body), encoding=encoding).get_content()
        assert text == (body if body.endswith("\n") else body + "\n")


@given(st.lists(st.text(min_size=1), min_size=1, unique=True), st.data())
def test_the_key_of_a_message_id_is_found_again(keys: list[str], data: st.DataObject):
    """whatever the keys of the letters are, the id of one leads to it, from whichever domain it was sent"""
    key = data.draw(st.sampled_from(keys))
    domain = data.draw(st.sampled_from(["library.example.cn", "old.example"]))
    sender = Party(ref="CN-NLC", name="", email=f"ill@{domain}", language="en")
    assert answered(["<x@y>", message_id(letter(message_id=key), sender)], keys) == key


def test_an_id_of_no_letter_of_ours():
    """a key that has the form of a Message-ID is found by all of it, anything else by its hash alone"""
    assert answered([], ["k"]) is None
    assert answered(["<x@y>"], ["k"]) is None
    assert answered([message_id(letter(message_id="k"), SENDER)], ["other"]) is None
    assert answered(["<x@y>"], ["k", "<x@y>"]) == "<x@y>"
    assert answered(["<x@z>"], ["<x@y>"]) is None
