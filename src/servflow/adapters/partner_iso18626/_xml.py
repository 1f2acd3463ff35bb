"""Bytes of a stranger to a small tree of elements, and nothing else.

1. A document type declaration ends the reading where it begins, so there are no entities to
   expand, no external files and no defaults to fetch. XInclude is never run.
2. Nothing is parsed beyond ``MOST_BYTES``; depth and length of names are bounded by libxml2,
   whose ``huge_tree`` stays off.
3. Only local names, texts and children are kept, and of the attributes the ``version`` of the root.
   Namespaces, prefixes, comments and processing instructions are not looked at: senders differ in all
   of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from servflow.adapters.partner_iso18626._values import tidy
from servflow.core.errors import InvalidMessage, MissingExtra, Problem

__all__ = ["MOST_BYTES", "Element", "parsed"]

MOST_BYTES = 1024 * 1024
"""The size of the largest message that is read: 1 MiB, this size included.

A real request has a few kilobytes; a larger message is refused before it is parsed.
"""

_SUBJECT = "ISO 18626 message"


@final
class Element:
    """One element: its local name, its path from the root, its child elements, its own text.

    ``version`` is what the root's attribute of that name says, whatever its namespace; otherwise empty.
    """

    __slots__ = ("_pieces", "children", "name", "path", "version")

    def __init__(self, name: str, parent: Element | None, version: str = "") -> None:
        self.name = name
        self.version = version
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

    def named(self, name: str) -> list[Element]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def at(self, *names: str) -> list[Element]:
        """All elements at that path below this one."""
        found = [self]
        for name in names:
            found = [element for place in found for element in place.named(name)]
        return found

    def texts(self, *names: str) -> list[str]:
        """What stands at that path, each tidy; an empty element is as good as absent."""
        return [text for text in (tidy(element.text) for element in self.at(*names)) if text]

    def said(self, *names: str) -> str:
        """What stands at that path, tidy; several joined by ``"; "``, empty if there is nothing."""
        return "; ".join(self.texts(*names))


class _DoctypeFoundError(Exception):
    """A document type declaration was met."""


class _Tree:
    """Takes the parser's events and keeps the tree."""

    def __init__(self) -> None:
        self._open: list[Element] = []
        self._root: Element | None = None

    def doctype(self, name: str, public: str | None, system: str | None) -> None:  # noqa: ARG002
        raise _DoctypeFoundError

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._open:
            element = Element(_local(tag), self._open[-1])
        else:
            version = next((text for name, text in attributes.items() if _local(name) == "version"), "")
            element = Element(_local(tag), None, tidy(version))
        self._root = self._root or element
        self._open.append(element)

    def data(self, text: str) -> None:
        self._open[-1].add(text)

    def end(self, tag: str) -> None:  # noqa: ARG002
        self._open.pop()

    def close(self) -> Element | None:
        return self._root


def _local(name: str) -> str:
    """The name without its namespace; a prefix that nobody declared stays before a colon."""
    return name.rpartition("}")[2].rpartition(":")[2]


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
