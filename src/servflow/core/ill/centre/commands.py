"""What a centre's own program says to the two halves of its desk, beside what every desk knows."""

from __future__ import annotations

from dataclasses import dataclass

from servflow.core.changes import Command
from servflow.core.citations import Reason
from servflow.core.errors import InvalidValue
from servflow.core.ill.terms import CostLine

__all__ = ["FlagCase", "FlagTransaction", "PassOn", "PassOnCosts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOn(Command):
    """A request that came in is passed on: a case is opened that is to fill it, at other libraries.

    Said by the centre's program as soon as the rules allow it, otherwise by its staff.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOnCosts(Command):
    """What our own suppliers have charged us in all, by kind, is what the requester is charged.

    ``after`` is the command, by its name, with which they charged it, and which is still to be passed on.

    Raises:
        InvalidValue: a kind comes twice.
    """

    costs: tuple[CostLine, ...]
    after: str = ""

    def __post_init__(self) -> None:
        Command.__post_init__(self)
        kinds = [line.kind for line in self.costs]
        if len(set(kinds)) < len(kinds):
            raise InvalidValue("costs", self.costs, "each kind once")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagTransaction(Command):
    """Something became of the request, or of the case that fills it, and was not passed on: staff look.

    ``what`` is the command by its name, ``reasons`` say why it was not, where a rule does.
    """

    must_say = ("what",)

    what: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagCase(Command):
    """Something was said of the request, and was not passed on: staff look; ``what`` is the command."""

    must_say = ("what",)

    what: str
