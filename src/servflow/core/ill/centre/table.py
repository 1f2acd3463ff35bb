"""The desk of a centre that stands between two libraries (opaque): this file is its specification.

Its desk is the loan desk of ``lending.table`` and ``borrowing.table``, row by row, and the rows below. They
are what the centre's own program does because the other half of the desk was told so: what our supplier
has done is a fact towards the requester, and what the requester has done is one towards our supplier. So
they ask for no more than that it can be; the ordinary rows for the same command by a program give way.

What is passed on when is said in ``passing``. Staff act on either half as at any desk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from servflow.core.changes import Command, Key
from servflow.core.citations import Reason
from servflow.core.ill import ILL
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing import following as f
from servflow.core.ill.borrowing import guards as bg
from servflow.core.ill.borrowing import holding as k
from servflow.core.ill.borrowing import ordering as o
from servflow.core.ill.borrowing.guards import Case
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import BorrowingRole, CaseState
from servflow.core.ill.borrowing.table import BORROWING
from servflow.core.ill.centre import effects as x
from servflow.core.ill.centre import passing as p
from servflow.core.ill.centre.commands import FlagCase, FlagTransaction, PassOn, PassOnCosts
from servflow.core.ill.filing.model import Filing
from servflow.core.ill.lending import answers as a
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending import effects as e
from servflow.core.ill.lending import guards as g
from servflow.core.ill.lending.model import Relation, SupplyTransaction
from servflow.core.ill.lending.states import Role, SupplyState
from servflow.core.ill.lending.table import LENDING
from servflow.core.lifecycle import ALWAYS, SAME, Lifecycle, Lifecycles, Row, Situation

__all__ = ["CENTRE", "CENTRE_BORROWING", "CENTRE_LENDING"]

S = SupplyState
K = CaseState
PROGRAM = Role.SYSTEM
CLERK = BorrowingRole.SYSTEM


_SHIP: Final = (b.HearShipped, b.HearStatus, b.Receive)
"""What may make what was shipped count as received."""


def _own_request(s: Case) -> Iterator[Reason]:
    """The case is not there to fill a request of another library, which would be left without one."""
    if s.it.fills is not None:
        yield Reason("ill.fills-a-request", None, (("transaction", s.it.fills),))


# fmt: off
TOLD: Final = (
    #   in state            on command              to state             given by        when             needs                                                    does
    Row((S.NEW, S.CHECKING), PassOn,                SAME,                (Role.STAFF, PROGRAM), ALWAYS,   (p.not_yet, g.after_request, g.still_needed, g.in_good_standing), x.pass_on),
    Row(S.OFFERED,          c.Expect,               S.CHECKING,          PROGRAM,        ALWAYS,          (),                                                      x.withdraw_offer),
    Row((S.NEW, S.CHECKING, S.OFFERED), c.Promise,  S.PROMISED,          PROGRAM,        ALWAYS,          (),                                                      x.promise),
    Row(p.UNSUPPLIED,       c.MakeOffer,            S.OFFERED,           PROGRAM,        ALWAYS,          (),                                                      a.offer),
    Row(p.UNSUPPLIED,       c.Ship,                 S.SHIPPED,           PROGRAM,        ALWAYS,          (),                                                      x.pass_shipment),
    Row(p.UNSUPPLIED,       c.SupplyCopy,           S.CLOSED,            PROGRAM,        ALWAYS,          (),                                                      x.pass_copy),
    Row(S.CLOSED,           c.SupplyCopy,           SAME,                PROGRAM,        ALWAYS,          (g.claim_open,),                                         e.replace_copy),
    Row(p.OUT,              c.GrantRenewal,         SAME,                PROGRAM,        ALWAYS,          (),                                                      e.renew),
    Row(p.WITH_THEM,        c.Recall,               SAME,                PROGRAM,        ALWAYS,          (),                                                      e.recall),
    Row(p.WITH_THEM,        c.HoldReturn,           SAME,                PROGRAM,        ALWAYS,          (g.hold_changes,),                                       e.hold),
    Row(p.LENT,             c.CheckIn,              S.CLOSED,            PROGRAM,        ALWAYS,          (),                                                      e.check_in),
    Row(p.OUT,              c.DeclareLost,          S.LOST,              PROGRAM,        ALWAYS,          (),                                                      e.lose),
    Row(p.OUT,              c.ReleaseItem,          S.CLOSED,            PROGRAM,        ALWAYS,          (),                                                      e.release),
    Row(S.LOST,             c.SettleLoss,           S.CLOSED,            PROGRAM,        ALWAYS,          (),                                                      e.settle_loss),
    Row(tuple(S),           PassOnCosts,            SAME,                PROGRAM,        ALWAYS,          (),                                                      x.take_costs),
    Row(tuple(S),           FlagTransaction,        SAME,                PROGRAM,        ALWAYS,          (),                                                      x.flag_transaction),
)
ASKED: Final = (
    #   in state                    on command           to state            given by  when                                 needs                              does
    Row(K.DRAFT,                    b.Submit,            K.SUBMITTED,        CLERK,    ALWAYS,                              (),                                o.submit),
    Row((*p.UNDECIDED, *p.IDLE),    b.Withdraw,          K.CLOSED,           CLERK,    ALWAYS,                              (),                                o.withdraw),
    Row(K.OFFERED,                  b.AcceptOffer,       K.PROMISED,         CLERK,    ALWAYS,                              (bg.of_now, bg.not_cancelling),    o.accept_offer),
    Row(K.SHIPPED,                  b.Receive,           K.DELIVERED,        CLERK,    bg.comes_as_copy,                    (),                                x.receive),
    Row(K.SHIPPED,                  b.Receive,           K.RECEIVED,         CLERK,    ~bg.comes_as_copy,                   (),                                x.receive),
    Row((K.RECEIVED, K.AWAITING_RETURN), b.CheckOut,     K.ON_LOAN,          CLERK,    ALWAYS,                              (bg.something_here,),              k.check_out),
    Row(K.ON_LOAN,                  b.TakeBack,          K.AWAITING_RETURN,  CLERK,    ALWAYS,                              (),                                k.take_back),
    Row((K.RECEIVED, K.AWAITING_RETURN), b.ShipBack,     K.RETURNED,         CLERK,    bg.last_to_go,                       (bg.something_here,),              k.ship_back),
    Row((K.RECEIVED, K.AWAITING_RETURN), b.ShipBack,     SAME,               CLERK,    ~bg.last_to_go,                      (bg.something_here,),              k.ship_back),
    Row(p.HERE,                     b.RenewLoan,         SAME,               CLERK,    ALWAYS,                              (bg.not_recalled,),                k.ask_renewal),
    Row(p.SUPPLIED,                 b.RecordLoss,        K.LOST,             CLERK,    ALWAYS,                              (),                                k.lose),
    Row(K.LOST,                     b.RecordFound,       K.DELIVERED,        CLERK,    bg.comes_as_copy,                    (),                                k.found),
    Row(K.LOST,                     b.RecordFound,       K.AWAITING_RETURN,  CLERK,    ~bg.comes_as_copy,                   (),                                k.found),
    Row(K.DELIVERED,                b.ReportDefect,      SAME,               CLERK,    ALWAYS,                              (),                                k.report_defect),
    Row(tuple(K),                   FlagCase,            SAME,               CLERK,    ALWAYS,                              (),                                x.flag_case),
)
# fmt: on


def _beside(ordinary: tuple[Row, ...], own: tuple[Row, ...]) -> tuple[Row, ...]:
    """The ordinary rows and our own; where ours say what a program does, the ordinary ones do not."""
    taken = {(state, row.command, role) for row in own for state in row.sources() for role in row.roles()}
    return (*(each for row in ordinary for each in _left_of(row, taken)), *own)


def _left_of(row: Row, taken: set[Any]) -> Iterator[Row]:
    """What is left of a row for each role: the states in which nobody else's row says what that role does."""
    for role in row.roles():
        states = tuple(state for state in row.sources() if (state, row.command, role) not in taken)
        if states:
            yield replace(row, states=states, by=role)


def _kept_for_requesters(row: Row) -> Row:
    """A case that fills a request is not taken up anew under another id."""
    return replace(row, needs=(*row.needs, _own_request)) if row.command is b.Resubmit else row


def _lending_reads(it: SupplyTransaction | None, command: Command) -> tuple[Key, ...]:
    """As at every desk, and the case that fills the request, with what that looks at."""
    case = Key(BorrowingCase.kind, x.via(command.case) if it is None or it.via is None else it.via)
    requester = command.requester if isinstance(command, c.ReceiveRequest) else it.requester if it else None
    account = () if requester is None else (Key(IllAccount.kind, requester),)
    return (*LENDING.reads(it, command), case, *account)


def _borrowing_reads(it: BorrowingCase | None, command: Command) -> tuple[Key, ...]:
    """As at every desk, and the request that the case fills, with what that looks at.

    What was filed here and is shipped goes by how it was filed.
    """
    fills, patron = (it.fills, it.patron) if it is not None else (None, None)
    if isinstance(command, b.DraftRequest):
        fills, patron = command.fills, command.patron
    ordinary = BORROWING.reads(it, command)
    if fills is None or patron is None:
        shipped = it is not None and it.origin is None and isinstance(command, _SHIP)
        return (*ordinary, Key(Filing.kind, command.case)) if shipped else ordinary
    return (*ordinary, Key(SupplyTransaction.kind, fills), Key(Relation.kind, patron))


def _lending_follow(s: Situation[Any, Any, Any, Any]) -> Command | None:
    """What our own rules answer, otherwise what is passed on."""
    return a.follow(s) or p.next_said(s)


def _borrowing_follow(s: Situation[Any, Any, Any, Any]) -> Command | None:
    """What our own rules make follow, otherwise what is passed on."""
    return f.follow(s) or p.next_said(s)


CENTRE_LENDING: Final = replace(
    LENDING, rows=_beside(LENDING.rows, TOLD), reads=_lending_reads, follow=_lending_follow
)
CENTRE_BORROWING: Final = replace(
    BORROWING,
    rows=_beside(tuple(map(_kept_for_requesters, BORROWING.rows)), ASKED),
    reads=_borrowing_reads,
    follow=_borrowing_follow,
)
_OWN: Final[dict[str, Lifecycle]] = {each.name: each for each in (CENTRE_LENDING, CENTRE_BORROWING)}
CENTRE: Final = Lifecycles(*(_OWN.get(each.name, each) for each in ILL))
"""The lifecycles of a centre's desk: those of every loan desk, with both halves bound to each other."""
