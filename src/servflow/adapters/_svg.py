"""What the pictures are made of (SVG): the frame of one, its texts, and how wide they are."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final, Protocol
from unicodedata import category, east_asian_width
from xml.sax.saxutils import escape

from servflow.core.citations import Plain
from servflow.core.errors import InvalidValue

__all__ = ["LANE", "MARGIN", "SIGN", "WIDTH", "Words", "checked_id", "cut", "framed", "plain", "rect", "wide"]

WIDTH: Final = 960
MARGIN: Final = 24
LANE: Final = 18  # the height of a line of text
SIGN: Final = 6.6  # how wide a narrow sign is, at most; a Chinese one is twice that

_ID: Final = re.compile("[A-Za-z][A-Za-z0-9-]*")


class Words(Protocol):
    """The words of one language, as ``text_babel.Texts`` has them."""

    @property
    def language(self) -> str:
        """Which language it is, as Babel calls it (``zh_CN``)."""
        ...

    def text(self, code: str, facts: Mapping[str, Plain] = ...) -> str:
        """The text of that code, filled with the facts."""
        ...

    def name(self, space: str, code: str) -> str:
        """The name of a value among its like; itself if it has none."""
        ...


def checked_id(id: str) -> str:
    """``id`` itself, with which the ids of a picture begin.

    Raises:
        InvalidValue: it is none.
    """
    if not _ID.fullmatch(id):
        raise InvalidValue("id", id, "a letter, then letters, digits and hyphens")
    return id


def framed(
    id: str,
    height: int,
    *,
    language: str,
    title: str,
    description: str,
    style: str,
    defs: str,
    parts: Iterable[str],
) -> str:
    """A whole picture; ``title`` and ``description`` as XML, in style and defs ``ID`` is the id."""
    return "\n".join(
        (
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" id="{id}" viewBox="0 0 {WIDTH} {height}" '
                f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="{id}-title {id}-desc" '
                f'lang="{language.replace("_", "-")}">'
            ),
            f'<title id="{id}-title">{title}</title>',
            f'<desc id="{id}-desc">{description}</desc>',
            f"<style>{style.replace('#ID', f'#{id}')}</style>",
            f"<defs>{defs.replace('ID-', id + '-')}</defs>",
            *parts,
            "</svg>\n",
        )
    )


def rect(kind: str, left: float, y: float, right: float, height: float) -> str:
    """A rectangle of a class; one that is too narrow to be seen is half a pixel wide."""
    across = max(round(right - left, 1), 0.5)
    return f'<rect class="{kind}" x="{left}" y="{y}" width="{across}" height="{height}"/>'


def wide(text: str) -> float:
    """About how wide a text is, in pixels."""
    return sum(SIGN * (2 if east_asian_width(sign) in {"W", "F"} else 1) for sign in text)


def cut(name: str, most: int) -> str:
    """The name as far as it fits into ``most`` pixels."""
    if wide(name) <= most:
        return name
    fitting = bisect_left(range(len(name)), True, key=lambda n: wide(name[: n + 1]) > most - 2 * SIGN)
    return name[:fitting].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def plain(text: str) -> str:
    """A text without the signs that XML does not allow, and with those escaped that it reads."""
    return escape("".join("\ufffd" if category(sign) in {"Cc", "Cs", "Cn"} else sign for sign in text))
