"""The book of numbers as a table. This file is the specification: read it first.

Columns: in state, on command, to state, given by, when, needs, does. What no row names is refused.

A firm has one book for each series of papers (单据编号). The first paper opens it with the number 1; every
further one takes the number after the last (AS-FORM-1). A case takes numbers and voids them through the firm's
own programs, in the change that issues or spoils its paper. A book has no end.
"""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.books import commands as c
from servflow.core.aftersales.books import effects as e
from servflow.core.aftersales.books import guards as g
from servflow.core.aftersales.books.model import Book, BookRole, BookState
from servflow.core.aftersales.posts import roles_in_firm
from servflow.core.changes import Actor
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row

__all__ = ["BOOK"]

KEPT = BookState.KEPT
ANYBODY = (BookRole.SYSTEM, BookRole.SUPERVISOR)


def _roles(it: Book | None, actor: Actor) -> tuple[BookRole, ...]:
    """The firm's own programs, and its supervisors."""
    return roles_in_firm(it, actor, (BookRole.SUPERVISOR,), system=BookRole.SYSTEM)


BOOK: Final = Lifecycle(
    model=Book,
    states=BookState,
    roles=BookRole,
    final=(KEPT,),
    roles_of=_roles,
    rows=(
        #   in state  on command      to state  given by  when    needs                                     does
        Row(OPENING,  c.TakeNumbers,  KEPT,     ANYBODY,  ALWAYS, (g.of_this_firm, g.by_hand, g.in_order),  e.opened),
        Row(KEPT,     c.TakeNumbers,  SAME,     ANYBODY,  ALWAYS, (g.of_this_firm, g.by_hand, g.in_order),  e.take),
        Row(KEPT,     c.VoidNumber,   SAME,     ANYBODY,  ALWAYS, (g.by_hand, g.used, g.void_once),         e.void),
    ),
)  # fmt: skip
