"""In which roles somebody acts for a firm (岗位): the host names posts, the tables know posts, not people."""

from __future__ import annotations

from enum import Enum
from typing import Protocol, TypeVar

from servflow.core.changes import Actor, Office

__all__ = ["OfAFirm", "roles_in_firm"]

R = TypeVar("R", bound=Enum)


class OfAFirm(Protocol):
    """An aggregate that a firm keeps."""

    @property
    def firm(self) -> str:
        """The firm."""
        ...


def roles_in_firm(
    it: OfAFirm | None, actor: Actor, strongest_first: tuple[R, ...], *, system: R, clock: R | None = None
) -> tuple[R, ...]:
    """The firm's staff in those of their posts that are roles here, in this order; its programs; the clock.

    None of another firm's, once ``it`` is there, and nobody who acts for himself. Without ``clock`` the clock
    has nothing to say.
    """
    if it is not None and actor.serves != it.firm:
        return ()
    match actor.office:
        case Office.STAFF:
            return tuple(role for role in strongest_first if role.value in actor.posts)
        case Office.SYSTEM:
            return (system,)
        case Office.CLOCK if clock is not None:
            return (clock,)
        case _:
            return ()
