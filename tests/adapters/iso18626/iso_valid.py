"""Whether a document is valid by an edition of ISO 18626, as far as the edition's table says.

It states no more than order, number, words and types; in development it was held against the schemas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from servflow.adapters.partner_iso18626._editions import NAMESPACE, Edition, children, words

_PATTERNS = {
    "dateTime": re.compile(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)?", re.ASCII
    ),
    "decimal": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII),
    "integer": re.compile(r"\d+", re.ASCII),
    "boolean": re.compile("true|false|0|1"),
}


def mistakes(data: bytes, edition: Edition) -> list[str]:
    """What is wrong with it, each with its place; nothing for a valid one."""
    root = etree.fromstring(data)
    found = []
    if root.tag != f"{{{NAMESPACE}}}ISO18626Message":
        found.append(f"root: {root.tag}")
    if root.get(f"{{{NAMESPACE}}}version") != edition.value:
        found.append("version")
    return found + list(_of(root, "ISO18626Message", edition, "ISO18626Message"))


def _of(element: Any, kind: str, edition: Edition, place: str) -> Iterator[str]:
    rows = children(edition, kind)
    if not rows:
        yield from _text(element, kind, edition, place)
        return
    if (element.text or "").strip():
        yield f"{place}: has a text"
    types = {row.name: row.type for row in rows}
    names = [etree.QName(child).localname for child in element]
    for child, name in zip(element, names, strict=True):
        if etree.QName(child).namespace != NAMESPACE or name not in types:
            yield f"{place}/{name}: unknown"
        else:
            yield from _of(child, types[name], edition, f"{place}/{name}")
    order = [list(types).index(name) for name in names if name in types]
    if order != sorted(order):
        yield f"{place}: order {names}"
    for row in rows:
        count = names.count(row.name)
        if count < row.least or (row.most is not None and count > row.most):
            yield f"{place}/{row.name}: {count} times"
    if kind in ("address", "ISO18626Message") and len(names) != 1:
        yield f"{place}: {names}"


def _text(element: Any, kind: str, edition: Edition, place: str) -> Iterator[str]:
    text = element.text or ""
    if len(element):
        yield f"{place}: has children"
    allowed = words(edition, kind)
    if (allowed and text not in allowed) or (kind in _PATTERNS and not _PATTERNS[kind].fullmatch(text)):
        yield f"{place}: {text!r}"
