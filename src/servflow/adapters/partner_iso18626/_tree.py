"""A message as nested mappings, written as XML in the order of an edition.

The order, and what there is at all, is the edition's table; whoever makes a tree need not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from servflow.adapters.partner_iso18626._editions import NAMESPACE, Edition, children
from servflow.adapters.partner_iso18626._values import clean
from servflow.adapters.partner_iso18626._xml import MOST_BYTES
from servflow.core.errors import InvalidValue, MissingExtra

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["Tree", "serialised"]

Tree = Mapping[str, "str | Tree | Sequence[str | Tree] | None"]
"""Names of elements to a text, a tree, several of them, or None: an element that is left out."""


def serialised(edition: Edition, name: str, tree: Tree) -> bytes:
    """The document of that message. The same tree gives the same bytes.

    What is empty is left out unless the edition demands it.

    Raises:
        InvalidValue: it is larger than what is read.
        MissingExtra: lxml is not installed.
    """
    try:
        from lxml import etree
    except ImportError:
        raise MissingExtra("lxml", "iso18626") from None
    root = etree.Element(f"{{{NAMESPACE}}}ISO18626Message", nsmap={"ill": NAMESPACE})
    root.set(f"{{{NAMESPACE}}}version", edition.value)
    _fill(etree.SubElement(root, f"{{{NAMESPACE}}}{name}"), edition, name, tree)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    if len(data) > MOST_BYTES:
        raise InvalidValue("message", f"{len(data)} bytes", f"at most {MOST_BYTES} bytes")
    return data


def _fill(parent: etree._Element, edition: Edition, kind: str, tree: Tree) -> None:
    from lxml import etree

    rows = children(edition, kind)
    unknown = set(tree) - {row.name for row in rows}
    assert not unknown, unknown  # whoever made the tree asked the edition
    for row in rows:
        value = tree.get(row.name)
        several = [value] if isinstance(value, (str, Mapping)) else value or []
        several = [each for each in several if each] or [""] * row.least
        assert row.most is None or len(several) <= row.most, row.name
        for each in several:
            element = etree.SubElement(parent, f"{{{NAMESPACE}}}{row.name}")
            if isinstance(each, str):
                element.text = clean(each)
            else:
                _fill(element, edition, row.type, each)
