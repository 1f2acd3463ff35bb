"""A filing as a table. This file is the specification: read it first.

A filing is one request as it is filed at a gateway (读者网关): by a reader, or by a librarian for him.
How it may be filed, and who takes it in, follows from the mode that the reader's home library has chosen
(``servflow.core.ill.network.modes``). When it is taken in, a case at this desk or at the home library's says
what becomes of it from then on. Where there is no case here it can be answered still, and one that went to a
librarian by mail waits for that. The home library's own answer stands over one that the gateway's staff gave.
What another desk says is refused nowhere, but for what would open a filing and comes from no gateway of ours.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from servflow.core.changes import Actor, Command, Key, Office
from servflow.core.dates import start_of_day
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing import effects as e
from servflow.core.ill.filing import guards as g
from servflow.core.ill.filing.model import Filing
from servflow.core.ill.filing.states import FilingRole, FilingState
from servflow.core.ill.network.modes import Intake
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.lifecycle import ALWAYS, OPENING, SAME, Lifecycle, Row
from servflow.core.waking import Wake, said_by

__all__ = ["FILING"]

S = FilingState
ANY = tuple(FilingState)
PATRON = FilingRole.PATRON
LIBRARIAN = FilingRole.LIBRARIAN
STAFF = FilingRole.STAFF
GATEWAY = FilingRole.GATEWAY
CLOCK = FilingRole.CLOCK

_OPENS: Final = {Office.PERSON: (PATRON,), Office.STAFF: (LIBRARIAN,), Office.SYSTEM: (GATEWAY,)}


def _roles(it: Filing | None, actor: Actor) -> tuple[FilingRole, ...]:
    """The reader; the home library's librarian or desk; the gateway's own staff and clock; other programs."""
    if it is None:
        return _OPENS.get(actor.office, ())
    if actor.office is Office.CLOCK:
        return (CLOCK,) if actor.serves == it.gateway else ()
    if actor.office is Office.PERSON:
        at_home = actor.serves in {it.gateway, it.library}
        return (PATRON,) if actor.party == it.patron and at_home else ()
    home = (LIBRARIAN,) if actor.serves == it.library else ()
    known = home + ((STAFF,) if actor.serves == it.gateway else ())
    return known or ((GATEWAY,) if actor.office is Office.SYSTEM else ())


def _reads(it: Filing | None, command: Command) -> tuple[Key, ...]:
    """The accounts of who files, of the reader and of the home library; the case that is opened for it."""
    case = Key(BorrowingCase.kind, command.case)
    if isinstance(command, c.FileRequest):
        refs = dict.fromkeys((command.home, command.by.party, command.patron))
        return (*(Key(IllAccount.kind, ref) for ref in refs), case)
    if isinstance(command, c.HearFiling):
        return (Key(IllAccount.kind, command.patron), case)
    looking = (c.AskHowItStands, c.NoteUnanswered, c.RecordAnswer, c.HandOn)
    return (case,) if it is not None and isinstance(command, looking) else ()


def next_wake(it: Filing, policy: NetworkPolicy) -> datetime | None:
    """When the time for an answer is over; None where nobody here waits for one, or it has been looked at."""
    elsewhere = it.state is S.TAKEN_IN and it.gateway != it.library and it.intake is Intake.HOME_LIBRARY
    if it.late is not None or it.state is S.ANSWERED or elsewhere or it.answer_by == date.max:
        return None
    return start_of_day(it.answer_by + timedelta(days=1), policy.zone)


def wake(it: Filing, policy: NetworkPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says to a filing now; None while it is too early."""
    at = next_wake(it, policy)
    coming = None if at is None else Wake(at, c.NoteUnanswered, "unanswered")
    return said_by(coming, it, it.gateway, recorded_at)


WAYS: Final = (
    *(g.at_the_gateway, g.id_free, g.known_mode, g.that_way, g.filed_by_whom),
    *(g.service_chosen, g.holds_account),
)
FORM: Final = (g.addressed_to_its_librarian, g.details_given, g.reference_only)
LOOKED_FOR: Final = (g.cited, g.still_needed)  # elsewhere; here, submitting the case asks for it

# fmt: off
FILING: Final = Lifecycle(
    model=Filing,
    states=FilingState,
    roles=FilingRole,
    final=(S.ANSWERED,),
    roles_of=_roles,
    reads=_reads,
    next_wake=next_wake,
    wake=wake,
    rows=(
        #   in state        on command        to state        given by                    when                                needs                                     does
        Row(OPENING,        c.FileRequest,    S.WITH_LIBRARY, (PATRON, LIBRARIAN),        g.to_librarian,                     (*WAYS, *FORM, g.in_place, *LOOKED_FOR),  e.by_mail),
        Row(OPENING,        c.FileRequest,    S.WITH_LIBRARY, (PATRON, LIBRARIAN),        ~g.to_librarian & ~g.handled_here,  (*WAYS, *FORM, g.in_place, *LOOKED_FOR),  e.onward_to_home),
        Row(OPENING,        c.FileRequest,    S.TAKEN_IN,     (PATRON, LIBRARIAN),        ~g.to_librarian & g.handled_here,   (*WAYS, *FORM, g.in_place),               e.here),
        Row(OPENING,        c.HearFiling,     S.TAKEN_IN,     GATEWAY,                    ~g.id_taken,                        (g.from_known_gateway,),                    e.heard),
        Row(OPENING,        c.HearFiling,     S.WITH_LIBRARY, GATEWAY,                    g.id_taken,                         (g.from_known_gateway,),                    e.heard_by_hand),
        Row(S.WITH_LIBRARY, c.HearTakenIn,    S.TAKEN_IN,     LIBRARIAN,                  ALWAYS,                             ()),
        Row((S.TAKEN_IN, S.ANSWERED), c.HearTakenIn, SAME,    LIBRARIAN,                  ALWAYS,                             ()),
        Row(ANY,            c.HearTakenIn,    SAME,           (STAFF, GATEWAY),           ALWAYS,                             (),                                       e.not_expected),
        Row(ANY,            c.HearFiling,     SAME,           (LIBRARIAN, STAFF, GATEWAY), ALWAYS,                            (),                                       e.not_expected),
        Row(ANY,            c.ClearFilingAttention, SAME,     STAFF,                      ALWAYS,                             (),                                       e.clear),
        Row((S.WITH_LIBRARY, S.TAKEN_IN), c.NoteOnward, SAME, LIBRARIAN,                  ALWAYS,                             (g.came_by_mail, g.business_relation, g.after_filing), e.note_onward),
        Row((S.WITH_LIBRARY, S.TAKEN_IN), c.RecordAnswer, S.ANSWERED, (LIBRARIAN, STAFF), ALWAYS,                             (g.no_case_here, g.after_filing),    e.answer),
        Row(S.ANSWERED,     c.RecordAnswer,   SAME,           LIBRARIAN,                  g.says_the_same,                    (g.after_filing,)),
        Row(S.ANSWERED,     c.RecordAnswer,   SAME,           LIBRARIAN,                  ~g.says_the_same,                   (g.after_filing,),                        e.answer_otherwise),
        Row(ANY,            c.AskHowItStands, SAME,           (PATRON, LIBRARIAN, STAFF), ALWAYS,                             (),                                       e.status),
        Row((S.TAKEN_IN, S.ANSWERED), c.HandOn, SAME,         LIBRARIAN,                  ALWAYS,                             (g.filed_for_a_reader, g.by_hand, g.not_handed_on, g.has_come, g.after_filing), e.hand_on),
        Row(S.WITH_LIBRARY, c.NoteUnanswered, SAME,           CLOCK,                      ALWAYS,                             (g.answer_overdue,),                      e.unanswered),
        Row(S.TAKEN_IN,     c.NoteUnanswered, SAME,           CLOCK,                      ~g.case_answers,                    (g.answer_overdue,),                      e.unanswered),
        Row(S.TAKEN_IN,     c.NoteUnanswered, SAME,           CLOCK,                      g.case_answers,                     (g.answer_overdue,),                      e.in_time),
    ),
)
# fmt: on
