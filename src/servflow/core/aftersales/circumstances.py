"""What is asked about a fault or a claim, and what was answered (情况): questions, distances, conditions.

1. A rule holds under conditions: to each question that it names, one of the answers that it names.
2. An answer that a question does not know is refused; one that is missing is asked for, unless the
   rulebook names a default.
3. A distance is a whole number of metres, with how it was measured; a band ends with its last metre.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from servflow.core.errors import InvalidValue, MissingValue

__all__ = [
    "ALWAYS",
    "COVERAGE",
    "DISTANCE",
    "STANDARD",
    "TERM",
    "Band",
    "Distance",
    "Distances",
    "MeasuredBy",
    "Question",
    "When",
]


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its answers, and the one that is taken where none was given.

    Raises:
        InvalidValue: it has no name, there are not two answers, one comes twice or is empty, or the default
            is none of them.
    """

    name: str
    answers: tuple[str, ...]
    default: str | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidValue("name", self.name, "a name that is not empty")
        few = len(self.answers) < 2  # noqa: PLR2004 -- a choice
        if few or len(set(self.answers)) < len(self.answers) or not all(map(str.strip, self.answers)):
            raise InvalidValue("answers", list(self.answers), "two or more answers, each once, none empty")
        if self.default is not None and self.default not in self.answers:
            raise InvalidValue("default", self.default, f"one of {', '.join(self.answers)}")

    def checked(self, answer: str) -> str:
        """``answer`` itself.

        Raises:
            InvalidValue: the question has no such answer.
        """
        if answer not in self.answers:
            raise InvalidValue(self.name, answer, f"one of {', '.join(self.answers)}")
        return answer


DISTANCE: Final = "distance"
"""The question whose answers are the bands of the rulebook; it is answered by a distance."""
TERM: Final = "term"
"""The question whether a warranty runs; it is answered by the verdict."""
COVERAGE: Final = "coverage"
"""The question who pays; it is answered by the verdict."""

STANDARD: Final[Mapping[str, Question]] = MappingProxyType(
    {
        question.name: question
        for question in (
            Question(COVERAGE, ("free", "contract", "at-cost", "paid")),
            Question(TERM, ("before", "in", "after")),  # before it begins, in it, after it
            Question(
                "cause",
                (
                    "manufacture",  # 制造
                    "assembly",  # 装配
                    "material",  # 材料
                    "design",  # 设计
                    "software",  # 软件
                    "workmanship",  # 施工
                    "wear",  # 磨损
                    "misuse",  # 使用不当, 违反操作规程
                    "improper-care",  # 维护保养不当
                    "people",  # 人为损坏
                    "owner",  # 业主原因
                    "force-majeure",  # 不可抗力
                ),
            ),
            Question("maker", ("own", "parent", "partner", "supplier", "brand", "competitor")),
            Question("seller", ("own", "parent", "dealer", "partner")),
            Question("service", ("visit", "shop", "phone", "remote", "self-repair", "upgrade", "training")),
            Question("class", ("A", "B", "C", "D")),  # 服务类别, by the verdict
            Question("route", ("remote", "on-site", "shop")),  # 服务方式
            Question(
                "kind",
                (
                    "repair",
                    "installation",
                    "training",
                    "replacement",  # 换件, on site
                    "maintenance",
                    "inspection",
                    "advice",
                    "return",  # 退换货
                    "internal",
                ),
            ),  # 服务内容
            Question("delayed", ("yes", "no")),  # a promise is late already
            Question("rework", ("yes", "no")),  # 返修
            Question("session", ("yes", "no")),  # 远程连接, somebody is let into the customer's system
            Question(
                "attributed", ("maker", "seller", "user", "service", "carrier", "nobody")
            ),  # 责任归属, of a complaint
            Question("opened", ("yes", "no")),  # 是否拆修过
            Question("proof", ("yes", "no")),  # warranty slip and invoice are there
        )
    }
)
"""The questions of the field that every rulebook may ask without saying their answers."""


class MeasuredBy(Enum):
    """How a distance is measured."""

    RADIUS = "radius"  # 半径, as the crow flies
    ROAD = "road"  # 路程


@dataclass(frozen=True, slots=True)
class Distance:
    """A distance in whole metres, as recorded at the report, and where it was got from.

    Raises:
        InvalidValue: it is not a whole number of metres, 0 or more, or not said how it was measured.
    """

    metres: int
    by: MeasuredBy
    source: str = "declared"

    def __post_init__(self) -> None:
        if isinstance(self.metres, bool) or not isinstance(self.metres, int) or self.metres < 0:
            raise InvalidValue("distance", self.metres, "whole metres, 0 or more")
        if not isinstance(self.by, MeasuredBy):
            raise InvalidValue("distance", self.by, "metres that are measured by MeasuredBy.RADIUS or .ROAD")


@dataclass(frozen=True, slots=True)
class Band:
    """A band of distances: up to ``metres``, that metre included; ``None``: whatever lies beyond.

    Raises:
        InvalidValue: it has no name, or its limit is not a whole number of metres, 1 or more.
    """

    name: str
    metres: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidValue("name", self.name, "a name that is not empty")
        if self.metres is None:
            return
        if isinstance(self.metres, bool) or not isinstance(self.metres, int) or self.metres < 1:
            raise InvalidValue("metres", self.metres, "whole metres, 1 or more")


@dataclass(frozen=True, slots=True)
class Distances:
    """The bands of a rulebook (距离档), what they measure, and the band of an unknown distance, if any.

    Exactly the limit lies inside: "within 100 km" includes 100 000 m, and 100 001 m is beyond.

    Raises:
        InvalidValue: the bands do not ascend, the last one has a limit, the default is none of them, or it is
            not said how they are measured.
    """

    by: MeasuredBy
    bands: tuple[Band, ...]
    unknown: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.by, MeasuredBy):
            raise InvalidValue("by", self.by, "MeasuredBy.RADIUS or .ROAD")
        limits = [band.metres for band in self.bands]
        written = [
            band.name if band.metres is None else f"{band.name} to {band.metres} m" for band in self.bands
        ]
        known = [limit for limit in limits[:-1] if limit is not None]
        ascending = len(known) == len(limits) - 1 and known == sorted(set(known))
        if not limits or limits[-1] is not None or not ascending:
            expected = "bands whose limits ascend, and a last one without a limit"
            raise InvalidValue("bands", written, expected)
        names = [band.name for band in self.bands]
        if len(set(names)) < len(names):
            raise InvalidValue("bands", written, "each name once")
        if self.unknown is not None and self.unknown not in names:
            raise InvalidValue("unknown", self.unknown, f"one of {', '.join(names)}")

    def band(self, distance: Distance | None) -> str:
        """The name of the band in which ``distance`` lies.

        Raises:
            MissingValue: it is unknown, and the rulebook names no band for that.
            InvalidValue: it was measured in another way than the bands.
        """
        if distance is None:
            if self.unknown is None:
                raise MissingValue(DISTANCE, "and its rulebook names no band for an unknown one")
            return self.unknown
        if distance.by is not self.by:
            found = f"{distance.metres} m by {distance.by.value}"
            raise InvalidValue(DISTANCE, found, f"metres by {self.by.value}, as the bands are")
        return next(band.name for band in self.bands if band.metres is None or distance.metres <= band.metres)


@dataclass(frozen=True, slots=True)
class When:
    """Conditions, all of which have to hold: to each question one of these answers. None: always.

    Raises:
        InvalidValue: a question comes twice, or has no answer or one twice.
    """

    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        asked = [question for question, _ in self.conditions]
        for question, accepted in self.conditions:
            if asked.count(question) > 1 or not accepted or len(set(accepted)) < len(accepted):
                raise InvalidValue(question, list(accepted), "each question once, with answers, each once")

    def open(self, answers: Mapping[str, str]) -> tuple[str, ...] | None:
        """The questions that it still hangs on; ``None`` if an answer says that it does not hold."""
        left = []
        for question, accepted in self.conditions:
            answer = answers.get(question)
            if answer is None:
                left.append(question)
            elif answer not in accepted:
                return None
        return tuple(left)

    def holds(self, rule: str, answers: Mapping[str, str]) -> bool:
        """Whether every condition holds; ``rule`` is what asks.

        Raises:
            MissingValue: an answer that decides it is missing.
        """
        left = self.open(answers)
        if left:
            raise MissingValue(left[0], f"which {rule} asks about")
        return left is not None

    def problems(self, known: Mapping[str, Question]) -> Iterator[tuple[str, str, str]]:
        """What the conditions name and ``known`` does not: each question, what was found and expected."""
        for question, accepted in self.conditions:
            if question not in known:
                yield question, "an unknown question", f"one of {', '.join(sorted(known))}"
                continue
            unknown = [repr(answer) for answer in accepted if answer not in known[question].answers]
            if unknown:
                more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
                found = ", ".join(unknown[:_SHOWN]) + more
                yield question, found, f"one of {', '.join(known[question].answers)}"

    def __str__(self) -> str:
        return ", ".join(f"{question}: {' or '.join(accepted)}" for question, accepted in self.conditions)


_SHOWN: Final = 3  # unknown answers, in a message

ALWAYS: Final = When()
"""No condition."""
