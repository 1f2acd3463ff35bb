"""What follows of itself: what policy makes follow at once, and what the clock says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from servflow.core.changes import Actor, Command, Office
from servflow.core.dates import lies_after, start_of_day
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing import guards as g
from servflow.core.ill.borrowing import in_person as p
from servflow.core.ill.borrowing.centre import named_so_far
from servflow.core.ill.borrowing.guards import Case, is_ours
from servflow.core.ill.borrowing.hearing import SAID, SAYS
from servflow.core.ill.borrowing.model import (
    BorrowingCase,
)
from servflow.core.ill.borrowing.outcomes import present
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.borrowing.several import answers_by, first_in_line, is_settled
from servflow.core.ill.borrowing.states import (
    BorrowingRole,
    CaseState,
    DelayKind,
)
from servflow.core.ill.terms import CancelIntent, Status
from servflow.core.waking import Wake, at_of, next_of, said_by

__all__ = [
    "COMPLETE",
    "WITH_THEM",
    "follow",
    "next_wake",
    "timers",
    "wake",
]

S = CaseState

WITH_THEM: Final = (S.SENT, S.EXPECTED, S.PROMISED, S.OFFERED)
COMPLETE: Final = (g.is_cited, p.fully_cited, g.declared, g.still_needed)
"""What a request needs to be submitted."""
_STAFF_FIRST: Final = ("ill.attention.duplicate-at-supplier", "ill.attention.forwarded")
_COULD_RETRY: Final = "ill.attention.could-retry"
_NEEDS: Final = (
    S.SUBMITTED,
    S.BLOCKED,
    S.IN_REVIEW,
    S.ROUTABLE,
    S.ROTA_EXHAUSTED,
    S.RETRY_OFFERED,
    *WITH_THEM,
)


def follow(s: Case) -> Command | None:
    """What the rules make follow: the verdict on a request, the next supplier, an offer within bounds."""
    if isinstance(s.command, c.HearStatus):
        return _as_said(s)
    step = _FOLLOWS.get(s.it.state)
    if step is None:
        return None
    return step(s._replace(role=BorrowingRole.SYSTEM))


def _by_policy(s: Case, suffix: str) -> dict[str, Any]:
    said: Command = s.command
    return said.entailed(suffix, case=s.it.id, by=Actor.policy(s.it.library))


def _as_said(s: Case) -> Command | None:
    """A status that we did not know counts as if it had been said by itself."""
    said: c.HearStatus = s.command
    attempt = g.attempt_named(s)
    place = attempt.beside if attempt is not None else None
    stands = s.it.state if place is None else place.stands
    if stands in SAYS[said.status] or not (is_ours(s) or g.is_beside(s)):
        return None
    heard = {**said.entailed("status", case=s.it.id, by=said.by), "attempt": said.attempt}
    if said.status is Status.LOANED and said.due is not None:
        return c.HearShipped(**heard, due=said.due)
    kind = SAID.get(said.status)
    return None if kind is None else kind(**heard)


def _filed(s: Case) -> Command | None:
    """What the patron has filed elsewhere, and declared, is submitted for him if nothing is lacking."""
    said = s.command
    if not isinstance(said, c.DraftRequest) or not said.declared or any(any(need(s)) for need in COMPLETE):
        return None
    patron = Actor(s.it.patron, s.it.library, Office.PERSON)
    return c.Submit(**{**_by_policy(s, "submit"), "by": patron}, declared=True)


def _verdict(s: Case) -> Command:
    """A request that was filed, or is checked again: blocked, for staff to see, or approved."""
    in_the_way = tuple(g.blocks(s))
    if in_the_way:
        return c.Block(**_by_policy(s, "block"), reasons=in_the_way)
    to_see = tuple(g.referrals(s))
    if to_see:
        return c.Refer(**_by_policy(s, "refer"), reasons=to_see)
    return c.ApproveRequest(**_by_policy(s, "approve"), copyright_basis=s.it.copyright_basis or "")


def _route(s: Case) -> Command | None:
    """The next supplier is asked, or passed over because it cannot be; at the end of the rota, staff.

    It is asked now, however long ago the clock was to say that the one before has not answered.
    """
    after = first_in_line(s.it)
    if after is not None:  # others have the request still
        return c.GoOnWith(**_by_policy(s, f"go-on-{after.number}"), attempt=after.number)
    if not s.it.ahead:
        return _nobody_ahead(s)
    if _in_hand_of_staff(s.it) or not _sends_itself(s):
        return None
    number = s.it.ahead[0].number
    by = Actor.policy(s.it.routed_by or s.it.library)  # whoever says who is asked
    now = {"happened_at": s.command.recorded_at, "by": by}
    send = c.Send(**{**_by_policy(s, f"send-{number}"), **now})
    then = s._replace(command=send)
    shut = (*g.next_takes(then), *g.next_serves(then), *g.next_partner(then))
    if shut:
        return c.SkipSupplier(**{**_by_policy(s, f"skip-{number}"), "by": by}, reasons=shut)
    needs = (g.not_before_retry, g.still_needed, g.copyright_cleared, g.account_bears)
    if any(True for guard in needs for _ in guard(then)):
        return None
    return send


def _sends_itself(s: Case) -> bool:
    """Whether nobody here is to say so first: by rule, or because whom to ask is the centre's to say."""
    day, policy = today(s), s.policy
    theirs = s.it.routed_by is not None and not policy.rota_delegated.on(day).value
    return theirs or policy.sends_itself.on(day).value


def _nobody_ahead(s: Case) -> Command | None:
    """The centre that routes the case is asked whom to ask, once; without one, or a name of it, staff are.

    Nor is it asked again when it has named nobody whom it had not been told of when it was asked last: it
    would say the same for ever. Where our own staff may say who is asked, and say nobody, it is.
    """
    centre, asked = s.it.routed_by, s.it.centre_asked
    said = isinstance(s.command, c.HearRota) or (
        isinstance(s.command, c.SetRota) and s.command.by.serves == centre
    )
    if centre is None or (said and not asked):
        return c.Exhaust(**_by_policy(s, "exhaust"))
    if asked:
        return None
    nobody_new = s.it.named is not None and len(named_so_far(s.it)) <= s.it.named
    if nobody_new and not isinstance(s.command, c.SetRota):
        return c.Exhaust(**_by_policy(s, "exhaust"))
    return c.AskCentre(**_by_policy(s, "ask-centre"))


def _in_hand_of_staff(it: BorrowingCase) -> bool:
    """Whether staff go on with it themselves, or are to look before another supplier is asked."""
    return it.since is not None or any(reason.code in _STAFF_FIRST for reason in it.attention)


def _at_end(s: Case) -> Command | None:
    """Given up by rule; not while staff have not looked at a supplier that could be asked again."""
    if any(reason.code == _COULD_RETRY for reason in s.it.attention):
        return None
    if not s.policy.gives_up_itself.on(today(s)).value:
        return None
    return c.GiveUp(**_by_policy(s, "give-up"))


def _on_offer(s: Case) -> Command | None:
    """An offer within every limit, on conditions approved before, is taken; for one rejected, another one."""
    if isinstance(s.command, c.RejectOffer) and s.command.intent is CancelIntent.LEAVE_SUPPLIER:
        after = first_in_line(s.it)
        if after is None or not g.has_offer(after):
            return None
        return c.GoOnWith(**_by_policy(s, f"go-on-{after.number}"), attempt=after.number)
    if not isinstance(s.command, (c.HearOffer, c.GoOnWith)) or not g.takes_itself(s):
        return None
    offer = present(s.it).offer
    assert offer is not None  # it is taken
    return c.AcceptOffer(**_by_policy(s, "accept"), revision=offer.revision, attempt=s.it.current)


def _supplied(s: Case) -> Command | None:
    """Of several that were asked, the others are left, one after the other."""
    if not s.it.beside or not is_settled(s.it):
        return None
    number = s.it.beside[0].number
    return c.LeaveSupplier(**_by_policy(s, f"leave-{number}"), attempt=number)


def _on_its_way(s: Case) -> Command | None:
    """The others are left; a supplier that is late is asked how it stands."""
    return _supplied(s) or _when_late(s)


def _when_late(s: Case) -> Command | None:
    if not isinstance(s.command, c.NoteDelay):
        return None
    if not s.policy.asks_late_suppliers.on(today(s)).value:
        return None
    return c.QueryStatus(**_by_policy(s, "query"))


_FOLLOWS: Final[Mapping[CaseState, Callable[[Case], Command | None]]] = {
    S.DRAFT: _filed,
    S.SUBMITTED: _verdict,
    S.ROUTABLE: _route,
    S.ROTA_EXHAUSTED: _at_end,
    S.OFFERED: _on_offer,
    S.PROMISED: _on_its_way,
    S.SHIPPED: _on_its_way,
    S.RECEIVED: _supplied,
    S.DELIVERED: _supplied,
}


# --- the clock ------------------------------------------------------------------------------------


def timers(it: BorrowingCase, policy: BorrowingPolicy) -> Iterator[Wake]:
    """All that the clock has to say to the case as it stands."""
    yield from _before_supply(it, policy)
    yield from _with_supplier(it, policy)
    yield from _in_hand(it, policy)


def _timer(it: BorrowingCase, at: datetime, kind: type[Command], /, **said: Any) -> Wake:
    return Wake(at, kind, f"{it.version + 1}/{kind.__name__}", said)


def _before_supply(it: BorrowingCase, policy: BorrowingPolicy) -> Iterator[Wake]:
    noted = it.cancelling or DelayKind.NEED_BEFORE in it.delayed
    if it.need_before is not None and it.state in _NEEDS and not noted:
        yield _timer(it, g.end_of(it.need_before, policy), c.Expire)
    attempt = it.attempt
    if it.state is S.RETRY_OFFERED and attempt is not None and attempt.before is not None:
        yield _timer(it, g.end_of(attempt.before, policy), c.DeclineRetry)
    after = it.ahead[0].after if it.state is S.ROUTABLE and it.ahead else None
    if after is not None and policy.sends_itself.on(after).value and not _in_hand_of_staff(it):
        yield _timer(it, start_of_day(after, policy.zone), c.Send)


def _with_supplier(it: BorrowingCase, policy: BorrowingPolicy) -> Iterator[Wake]:
    if it.since is None:
        return
    if it.cancel is not None and it.cancelling and it.state in WITH_THEM:
        last = policy.last_day_of(policy.cancel_answer_days, it.cancel.asked_at)
        yield _timer(it, g.end_of(last, policy), c.Abandon)
    elif it.state in (S.SENT, S.EXPECTED):
        yield _timer(it, policy.answer_by(it.since, it.level), c.TimeOut)
    if it.state in WITH_THEM:
        yield from _silent_beside(it, policy)
    kind = g.LATE_IN.get(it.state)
    late_at = g.deadline(it, policy, kind) if kind is not None and kind not in it.delayed else None
    if late_at is not None:
        yield _timer(it, late_at, c.NoteDelay, kind=kind)


def _silent_beside(it: BorrowingCase, policy: BorrowingPolicy) -> Iterator[Wake]:
    """Who does not answer beside the one in front, whatever is waited for from that one."""
    for attempt in it.beside:
        by = answers_by(it, policy, attempt)
        if by is not None:
            yield _timer(it, by, c.TimeOut, attempt=attempt.number)


def _in_hand(it: BorrowingCase, policy: BorrowingPolicy) -> Iterator[Wake]:
    if it.state is S.ON_LOAN and it.patron_due is not None:
        days, noticed = policy.reminders(it.patron_due), it.noticed or 0
        if noticed < len(days):
            said = {"due": it.patron_due, "step": noticed + 1}
            yield _timer(it, start_of_day(days[noticed], policy.zone), c.RemindPatron, **said)
    if it.state is S.RETURNED and it.since is not None:
        last = policy.last_day_of(policy.unconfirmed_days, it.since)
        yield _timer(it, g.end_of(last, policy), c.CloseUnconfirmed)
    if it.state is S.DELIVERED and it.since is not None and not it.defective:
        last = policy.last_day_of(policy.copy_claim_days, it.since)
        yield _timer(it, g.end_of(last, policy), c.HandOver)


def next_wake(it: BorrowingCase, policy: BorrowingPolicy) -> datetime | None:
    """When to look at the case again; None while only somebody's word can move it."""
    return at_of(next_of(timers(it, policy)))


def wake(it: BorrowingCase, policy: BorrowingPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says to the case now; None while it is too early."""
    due = [timer for timer in timers(it, policy) if not lies_after(timer.at, recorded_at)]
    of_use = next_of(timer for timer in due if timer.kind is not c.Send)  # what is of no use is not asked for
    return said_by(of_use or next_of(due), it, it.library, recorded_at)
