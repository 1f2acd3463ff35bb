"""Messages between two desks with anything in them that the wire can carry, for property tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from servflow.core.changes import Command, Key, Message
from servflow.core.citations import Plain
from servflow.core.ill.exchange import HEARD, heard
from servflow.core.ill.terms import (
    Condition,
    CostKind,
    Level,
    Retry,
    SentVia,
    Service,
    Status,
    Unfilled,
    WhereLost,
)
from servflow.core.money import Money

__all__ = ["AT", "HERE", "THERE", "hear", "messages", "told"]

HERE, THERE = "CN-CQ", "CN-NLC"
AT = datetime(2026, 1, 31, 8, 0, 0, 250000, tzinfo=UTC)

BORROWER, LENDER = "ill.borrowing.", "ill.supply."
KINDS = sorted(kind for kind in HEARD if kind.startswith((BORROWER, LENDER)))
KINDS += [f"{BORROWER}praised", f"{LENDER}praised"]

CODES = ["#servflow:revision=9#", "#seq:1#", "#ReShareLoanConditionAgreeResponse#", "ACCEPT", "REJECT: no"]
texts = st.one_of(
    st.sampled_from(
        [*CODES, "", " a  b ", "古城水系考\n第二行", "x#y\\z", "<&>'\"", "\u2028a\ufeffb", "a\r\nb"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
    st.text("ab \n\t#", max_size=12),
)
days = st.dates(date(1900, 1, 1), date(2200, 1, 1))
amounts = st.builds(
    Money.of_minor, st.integers(0, 10**9) | st.just(0), st.sampled_from(["CNY", "CNY", "JPY", "KWD"])
)
pieces = st.lists(st.text("abc-/1. ,", min_size=1, max_size=5), max_size=3, unique=True).map("\n".join)


def _values(kind: Any) -> Any:
    return st.sampled_from([each.value for each in kind])


FACTS: dict[str, Any] = {
    **dict.fromkeys(("author", "edition", "volume", "publisher", "year", "article", "pages"), texts),
    **dict.fromkeys(("note", "reason", "what", "item", "previous", "reference", "forwarded_to"), texts),
    **dict.fromkeys(("due", "desired", "reply_by", "after", "before", "need_before"), days),
    **{f"cost.{kind.value}": amounts for kind in CostKind},
    **dict.fromkeys(("cost", "max_cost", "amount", "fee"), amounts),
    "as_of": st.integers(1, 10**6),
    "revision": st.integers(0, 10**6),
    "conditions": st.lists(_values(Condition), max_size=3).map(",".join),
    "declared": st.booleans(),
    "forwardable": st.booleans(),
    "held": st.booleans(),
    "in_post": st.booleans(),
    "items": pieces,
    "kind_of": st.sampled_from(["new", "retry"]),
    "level": _values(Level),
    "mark": texts,
    "record_ids": st.lists(
        st.sampled_from(
            ["ISBN:9787112046423", "ISBN:978-7", "OCLC:1", "SUPPLIER:b1", "SUPPLIER:b2", "bare", "x:"]
        ),
        max_size=4,
    ).map("\n".join),
    "service": _values(Service),
    "status": _values(Status),
    "via": _values(SentVia),
    "volumes": st.integers(0, 9),
    "where": _values(WhereLost),
    "yes": st.booleans(),
}
WHY = {f"{LENDER}unfilled": _values(Unfilled), f"{LENDER}retry": _values(Retry)}
NEEDED = {
    **{kind: ("service",) for kind, row in HEARD.items() if "requested" in row.fields},
    f"{BORROWER}offer-accepted": ("revision",),
    f"{BORROWER}offer-rejected": ("revision",),
    f"{LENDER}held": ("held",),
    f"{LENDER}renewed": ("due",),
    f"{LENDER}status": ("status",),
}


@st.composite
def messages(draw: st.DrawFn, kinds: list[str] = KINDS) -> Message:
    """A message of any kind, with any of the facts that there are, in any order."""
    kind = draw(st.sampled_from(kinds))
    known = {**FACTS, "why": WHY.get(kind, texts)}
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=9, unique=True))
    names += [name for name in NEEDED.get(kind, ()) if name not in names]
    facts: dict[str, Plain] = {name: draw(known[name]) for name in names}
    if kind == f"{LENDER}cancel-answered" and not {"yes", "status"} & set(facts):
        facts["status"] = draw(known["status"])
    if facts.get("via") in ("Email", "Ftp", "URL") and not str(facts.get("reference", "")).strip():
        facts["reference"] = "https://example.org/1"
    if kind == f"{LENDER}offered" and not (facts.get("cost") or facts.get("conditions")):
        facts["cost"] = draw(amounts)
    if kind == f"{BORROWER}defect" and not str(facts.get("what") or facts.get("note") or "").strip():
        facts["what"] = "page 12 is missing"
    title = (
        draw(texts)
        if kind != f"{BORROWER}request"
        else draw(st.sampled_from(["古城水系考", " a  b", "x\ny"]))
    )
    return told(kind, title=title, **facts)


def told(kind: str, /, **facts: Plain) -> Message:
    """What a library tells the other of the request B1~2, with these facts besides."""
    to, about = (
        (THERE, Key("ill.borrowing", "B1"))
        if kind.startswith(BORROWER)
        else (HERE, Key("ill.supply", "CN-CQ/B1~2"))
    )
    said = {"request": "B1~2", "supplier": THERE, "requester": HERE, "title": "古城水系考", **facts}
    return Message(key=f"B1/7/{kind}", to=to, kind=kind, about=about, facts=tuple(said.items()))


def hear(message: Message) -> Command:
    """The command that is heard of it, under one id whatever its key."""
    sender, at = (HERE, THERE) if message.to == THERE else (THERE, HERE)
    command = heard(replace(message, key="one"), sender=sender, at=at, received_at=AT)
    assert command is not None
    return command
