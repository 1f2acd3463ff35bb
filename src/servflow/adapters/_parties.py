"""Parties in a host's file of facts: how addresses and languages are written there."""

from __future__ import annotations

from typing import Final, NewType

from cattrs import Converter

from servflow.codec import toml

__all__ = ["LANGUAGES", "Address", "Language", "reads_parties"]

LANGUAGES: Final = ("zh_CN", "en")

Address = NewType("Address", str)
"""An e-mail address, or empty."""

Language = NewType("Language", str)
"""One of ``LANGUAGES``."""


def reads_parties(converter: Converter) -> Converter:
    """The converter, which reads addresses and languages as well."""
    converter.register_structure_hook(
        Address, toml.only(str, "an address such as ill@example.org, or an empty text", _is_address)
    )
    converter.register_structure_hook(
        Language, toml.only(str, " or ".join(LANGUAGES), LANGUAGES.__contains__)
    )
    return converter


def _is_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return not text or bool(local and domain and "@" not in domain and text.isprintable() and " " not in text)
