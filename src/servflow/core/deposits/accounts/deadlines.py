"""Days that follow from what is on record: the last of a release, of the keeping, of a year's publication."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from servflow.core.dates import EndOfMonth
from servflow.core.deposits.accounts.model import DepositAccount, Part
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.words import AtTheLimit, KeptSince, ReleaseSince
from servflow.core.errors import InvalidValue

__all__ = [
    "kept_through",
    "publication",
    "release_by",
    "released_at_limit",
    "review_through",
    "year_to_publish",
]

_DAY: Final = timedelta(days=1)
_NOTHING_HELD: Final = frozenset({AccountState.EXEMPT, AccountState.RELEASED, AccountState.CLOSED})


def release_by(part: Part, policy: DepositPolicy) -> date | None:
    """The last day for the release of a part's share, that day included (SD-20).

    ``None``: its warranty has not begun, or the days count from a request that was not made yet. They count
    from the last day of the warranty, or from the day of the request.
    """
    if part.until is None:
        return None
    ended = part.until - _DAY
    from_end = policy.release_since.on(ended).value is ReleaseSince.WARRANTY_ENDED
    since = ended if from_end else part.requested_on
    return None if since is None else _later(since, policy.release_days.on(since).value)


def _later(day: date, days: int) -> date:
    """So many days later, at most the last day of the calendar."""
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def kept_through(it: DepositAccount, policy: DepositPolicy) -> date | None:
    """The last day of the longest keeping, that day included (SD-18); ``None``: it does not end.

    It has not begun before the building is handed over, whatever it counts from; nor, where it counts from
    the payment, before all is paid. The rules are those of the day of handover.
    """
    begun = it.handed_over_on
    if begun is None:
        return None
    longest = policy.kept_at_most.on(begun).value
    since = begun if policy.kept_since.on(begun).value is KeptSince.HANDED_OVER else it.paid_in_full_on
    if longest is None or since is None:
        return None
    try:
        return longest.after(since, EndOfMonth.CLAMP)
    except InvalidValue:  # beyond the calendar
        return None


def review_through(it: DepositAccount, policy: DepositPolicy) -> date | None:
    """The last day on which a review of the assessment may be asked for, that day included (SD-5).

    ``None``: the letter was not received yet, or a review of this assessment was asked for.
    """
    received = it.letter_received_on
    if received is None or it.review_of == len(it.assessments):
        return None
    return _later(received, policy.review_days.on(received).value)


def released_at_limit(it: DepositAccount, policy: DepositPolicy, day: date) -> bool:
    """Whether on ``day`` the longest keeping is over, and all that is left goes back then (SD-35)."""
    last = kept_through(it, policy)
    return last is not None and day > last and policy.at_the_limit.on(last).value is AtTheLimit.RELEASED


def year_to_publish(it: DepositAccount) -> int | None:
    """The calendar year whose statement is to be published next (SD-19); ``None``: of none, ever.

    The first is that of the first movement; once nothing is held any more, the last that of the last one.
    """
    years = [movement.on.year for movement in it.movements]
    if not years:
        return None
    year = min(years)
    while year in it.published:
        year += 1
    over = it.state in _NOTHING_HELD and year > max(years)
    return None if over or year >= date.max.year else year


def publication(year: int, policy: DepositPolicy) -> date:
    """The day on which the statement of ``year`` is published: one of the year after it (SD-19)."""
    return policy.published_on.on(date(year + 1, 1, 1)).value.in_year(year + 1)
