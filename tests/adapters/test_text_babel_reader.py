"""A letter to a reader's library says who he is; no message and no journal does."""

from __future__ import annotations

import pytest

from servflow.adapters.text_babel import BabelWording
from servflow.core.changes import Key, Message
from servflow.core.errors import NotFound
from servflow.core.ports import Party

LIBRARIAN = Party(ref="CN-330106_ILL", name="馆际互借员", email="huji@example.cn", language="zh_CN")
FORM = Message(
    key="k",
    to=LIBRARIAN.ref,
    kind="ill.gateway.request-by-mail",
    about=Key("ill.filing", "F-1"),
    facts=(
        *(("request", "F-1"), ("title", "江南书院史料选"), ("reader", "p-17"), ("requester", "CN-330106")),
        *(("service", "Loan"), ("level", "Normal"), ("declared", True)),
    ),
)


def known(ref: str) -> Party:
    """The host knows one reader, who has no address."""
    if ref != "p-17":
        raise NotFound("party", ref)
    return Party(ref=ref, name="林晓", email="", language="zh_CN")


@pytest.mark.clause("CALIS-5", "CALIS-15")
def test_the_readers_name_is_in_the_letter() -> None:
    """Name and address as the host knows them now; a line without its fact is left out."""
    _, body = BabelWording(parties=known).letter(FORM, LIBRARIAN)
    assert "读者：p-17" in body
    assert "读者信息：林晓" in body
    assert "邮箱" not in body


def test_whom_the_host_does_not_know_any_more_is_his_reference() -> None:
    """A reader who was forgotten, or a host that resolves nobody, stops no letter."""

    def nobody(ref: str) -> Party:
        raise NotFound("party", ref)

    for wording in (BabelWording(), BabelWording(parties=nobody)):
        _, body = wording.letter(FORM, LIBRARIAN)
        assert "读者：p-17" in body
        assert "读者信息" not in body


def test_a_letter_about_no_reader_asks_for_none() -> None:
    """Only a message that names a reader has him looked up."""
    taken_in = Message(
        key="k", to="CN-CALIS", kind="ill.gateway.taken-in", about=FORM.about, facts=FORM.facts[:2]
    )
    _, body = BabelWording(parties=lambda ref: 1 / 0).letter(taken_in, LIBRARIAN)  # type: ignore[arg-type,return-value]
    assert "读者信息" not in body
