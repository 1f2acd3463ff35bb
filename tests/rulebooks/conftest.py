"""Rulebooks made of the shipped one, with a change, in a file of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from servflow.rulebooks import check
from servflow.rulebooks._load import document


class Draft:
    """A rulebook as plain tables, to be changed and written; ``rules.NAME.values[0].is`` is a place in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "draft.toml"
        self.afresh()

    def afresh(self, name: str = "nlc/interlibrary-loan") -> Draft:
        """As that rulebook was shipped."""
        tables = document(name)
        assert isinstance(tables, dict)
        self.tables: dict[str, Any] = tables
        return self

    def put(self, where: str, value: Any) -> Draft:
        """Write ``value`` there."""
        table, key = self._place(where)
        table[key] = value
        return self

    def drop(self, where: str) -> Draft:
        """Leave out what is there."""
        table, key = self._place(where)
        del table[key]
        return self

    def _place(self, where: str) -> tuple[Any, Any]:
        *path, last = [
            int(part) if part.isdigit() else part
            for part in where.replace("[", ".").replace("]", "").split(".")
        ]
        table: Any = self.tables
        for part in path:
            table = table[part]
        return table, last

    def write(self, layout: Callable[[dict[str, Any]], str] | None = None) -> Path:
        """The file, in the given layout or one key a line."""
        self.path.write_text((layout or lines)(self.tables), "utf-8")
        return self.path

    def problems(self) -> list[tuple[str, str, str]]:
        """Where, found and expected of every mistake; the places without the name of the file."""
        path = self.write()
        found = check(path)
        assert all(each.where.startswith(f"{path}: ") for each in found)
        return [(each.where.removeprefix(f"{path}: "), each.found, each.expected) for each in found]


def lines(tables: dict[str, Any]) -> str:
    """TOML, one key of the file a line."""
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in tables.items())


def toml(value: Any) -> str:
    """A value as TOML writes it in one line."""
    match value:
        case dict():
            return (
                "{"
                + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {toml(v)}" for k, v in value.items())
                + "}"
            )
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case int() if abs(value) >= 2**64:  # too long for decimal digits
            return hex(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return str(value).lower()
        case date() | time():
            return value.isoformat()
        case Decimal() if value.is_nan():
            return "nan"
        case _:
            return str(value).replace("Infinity", "inf")


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """The shipped lending rules of the National Library of China, as a draft."""
    return Draft(tmp_path)


class Layer(Draft):
    """A rulebook of a city or a county of the tests, invented, over another one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self.path = path

    def over(self, lower: str, subject: str = "warranty-deposits", **rules: Any) -> Layer:
        """A file that lies over ``lower`` and has these rules; its other keys are as the shipped one's are.

        Over a file it is for deposits.
        """
        self.afresh("shandong/warranty-deposits" if lower.endswith(".toml") else lower)
        named = {name.replace("_", "-"): each for name, each in rules.items()}
        said = {"authority": f"{self.path.stem}-of-the-tests", "subject": subject, "title": "invented"}
        self.tables |= {**said, "over": lower, "rules": named}
        self.tables.pop("calendar", None)
        return self


@pytest.fixture
def city(tmp_path: Path) -> Layer:
    """A city of the tests: nothing of it is real."""
    return Layer(tmp_path / "city.toml")


@pytest.fixture
def county(tmp_path: Path) -> Layer:
    """A county of the tests: nothing of it is real."""
    return Layer(tmp_path / "county.toml")
