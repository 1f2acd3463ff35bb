"""Bytes of a stranger to a small tree of elements, and nothing else.

1. A document type declaration ends the reading where it begins, so there are no entities to
   expand, no external files and no defaults to fetch. XInclude is never run.
2. Nothing is parsed beyond ``MOST_BYTES``; depth and length of names are bounded by libxml2,
   whose ``huge_tree`` stays off.
3. Only local names, texts and children are kept. Namespaces, prefixes, attributes, comments and
   processing instructions are not looked at: senders differ in all of them.
"""

from __future__ import annotations

from typing import final

from servflow.core.errors import InvalidMessage, MissingExtra, Problem

__all__ = ["MOST_BYTES", "Element", "parsed"]

MOST_BYTES = 1024 * 1024
"""The size of the largest message that is read: 1 MiB, this size included.

A real request has a few kilobytes; a larger message is refused before it is parsed.
"""

_SUBJECT = "ISO 18626 message"


@final
class Element:
    """One element: its local name, its path from the root, its child elements, its own text."""

    __slots__ = ("_pieces", "children", "name", "path")

    def __init__(self, name: str, parent: Element | None) -> None:
        self.name = name
        self.path: str = f"{parent.path}/{name}" if parent else name
        self.children: list[Element] = []
        self._pieces: list[str] = []
        if parent:
            parent.children.append(self)

    def add(self, text: str) -> None:
        """``text`` stands in the element, after what was there."""
        self._pieces.append(text)

    @property
    def text(self) -> str:
        """The text between its tags, that of its children left out, as it was sent."""
        return "".join(self._pieces)


class _DoctypeFoundError(Exception):
    """A document type declaration was met."""


class _Tree:
    """Takes the parser's events and keeps the tree."""

    def __init__(self) -> None:
        self._open: list[Element] = []
        self._root: Element | None = None

    def doctype(self, name: str, public: str | None, system: str | None) -> None:  # noqa: ARG002
        raise _DoctypeFoundError

    def start(self, tag: str, attributes: object) -> None:  # noqa: ARG002
        local = tag.rpartition("}")[2].rpartition(":")[2]  # a prefix nobody declared stays before a colon
        element = Element(local, self._open[-1] if self._open else None)
        self._root = self._root or element
        self._open.append(element)

    def data(self, text: str) -> None:
        self._open[-1].add(text)

    def end(self, tag: str) -> None:  # noqa: ARG002
        self._open.pop()

    def close(self) -> Element | None:
        return self._root


def parsed(data: bytes) -> Element:
    """The root element of an XML document in any encoding that its first bytes declare.

    Raises:
        InvalidMessage: it is too large, has a DOCTYPE, or is not well-formed XML.
        MissingExtra: lxml is not installed.
    """
    try:
        from lxml import etree
    except ImportError:
        raise MissingExtra("lxml", "iso18626") from None
    if len(data) > MOST_BYTES:
        raise _invalid("the message", f"{len(data)} bytes", f"at most {MOST_BYTES} bytes")
    parser = etree.XMLParser(
        target=_Tree(),  # type: ignore[arg-type]  # the stubs ask for more events than lxml does
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except _DoctypeFoundError:
        raise _invalid("the message", "a DOCTYPE", "XML without a document type declaration") from None
    except etree.XMLSyntaxError as error:
        where = "line {}, column {}".format(*error.position)
        raise _invalid(where, error.msg or "an error without a text", "well-formed XML") from None
    assert isinstance(root, Element)  # lxml gives what the target's close() gave
    return root


def _invalid(where: str, found: str, expected: str) -> InvalidMessage:
    return InvalidMessage(_SUBJECT, [Problem(where, found, expected)])
