"""When the clock looks at a deposit account, and what it says then.

Each thing is said once, at the beginning of its day, the earliest first; what was said is on record, so that
the clock may speak daily, or once after a month. A statement for which the rulebook lacks a rate is refused,
and what is due after it waits until the rulebook has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from servflow.core.changes import Command
from servflow.core.dates import start_of_day
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.deadlines import (
    kept_through,
    publication,
    release_by,
    review_through,
    year_to_publish,
)
from servflow.core.deposits.accounts.model import DepositAccount
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.assessing import defaulted
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.waking import Wake, at_of, next_of, said_by

__all__ = ["next_wake", "wake"]

S = AccountState
_DAY: Final = timedelta(days=1)
_KEPT: Final = frozenset({S.HELD, S.PARTLY_RELEASED})
_ORDERED: Final = frozenset({S.DUE, S.UNDER_REVIEW, S.PAID, *_KEPT})
_LETTERED: Final = frozenset({S.DUE, S.PAID, *_KEPT})
_PUBLISHED: Final = _ORDERED | {S.EXEMPT, S.RELEASED, S.CLOSED}


def next_wake(it: DepositAccount, policy: DepositPolicy) -> datetime | None:
    """The instant at which the clock has something to say next; None: never, as it stands."""
    return at_of(next_of(_wakes(it, policy)))


def wake(it: DepositAccount, policy: DepositPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    return said_by(next_of(_wakes(it, policy)), it, it.authority, recorded_at, named=f"{it.kind}/{it.id}")


def _wakes(it: DepositAccount, policy: DepositPolicy) -> Iterator[Wake]:
    if it.state in _ORDERED:
        yield from _default(it, policy)
    if it.state in _LETTERED and not it.review_told and (last := review_through(it, policy)) is not None:
        yield Wake(_at(last, policy), c.RemindReview, f"review/{len(it.assessments)}/{last.isoformat()}")
    if it.state in _KEPT:
        yield from _ends(it, policy)
    if it.state in _PUBLISHED and (year := year_to_publish(it)) is not None:
        at = _at(publication(year, policy), policy)
        yield Wake(at, c.PublishStatement, f"statement/{year}", {"year": year})


def _at(day: date, policy: DepositPolicy) -> datetime:
    return start_of_day(day, policy.zone)


def _default(it: DepositAccount, policy: DepositPolicy) -> Iterator[Wake]:
    for number, order in enumerate(it.orders, 1):
        by_day = order.by_day
        if not (order.noted or order.withdrawn) and defaulted(it, by_day):
            word = f"default/{number}/{by_day.isoformat()}"
            yield Wake(_at(by_day + _DAY, policy), c.NoteDefault, word, {"by_day": by_day})


def _ends(it: DepositAccount, policy: DepositPolicy) -> Iterator[Wake]:
    for name, part in sorted(it.parts.items()):
        if part.released_on is not None:
            continue
        if part.until is not None and not part.told:
            yield Wake(_at(part.until, policy), c.NoteWarrantyEnd, f"warranty-end/{name}", {"part": name})
        last = release_by(part, policy)
        if last is not None and not part.reminded:
            yield Wake(_at(last, policy), c.RemindRelease, f"release/{name}", {"part": name})
    last = kept_through(it, policy)
    if last is not None and not it.limit_told and last < date.max:
        yield Wake(_at(last + _DAY, policy), c.NoteLimit, "limit")
