"""Named conditions of accounts and identities: each yields a reason for everything it refuses.

A guard that a rule is behind cites the clause of the rulebook's value; where the source gives a
procedure and no value, the clause of the procedure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, Final

from servflow.core.changes import Key, Office
from servflow.core.citations import Clause, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import Identity, IllAccount
from servflow.core.ill.accounts.states import AccountRole, HolderKind, IdentityKind
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.lifecycle import Situation, chooser
from servflow.core.money import Money

__all__ = [
    "Said",
    "amount_in_currency",
    "cleared_for_card",
    "cleared_to_leave",
    "deposit_there",
    "desk_alone",
    "fields_given",
    "for_itself",
    "holder_corrected_by_desk",
    "identity_free",
    "identity_taken_here",
    "is_institution",
    "lacking",
    "leads_here",
    "mode_offered",
    "next_step",
    "none_of_that_kind",
    "nothing_lacking",
    "nothing_on_loan",
    "nothing_open",
    "nothing_owed",
    "notice_days",
    "of_this_desk",
    "one_is_bound",
    "operator_set_up",
    "overdraft_within",
    "prepayment_there",
    "stays_his_reader",
    "stays_its_own",
    "terms_ahead",
    "terms_in_currency",
    "waivable",
    "without_identity",
]

Said = Situation[IllAccount, Any, NetworkPolicy, Any]

_AT_CENTRE: Final = Clause("CALIS-8", "2.3.1")
_TERMS: Final = Clause("CALIS-10", "2.3.3")
_OF_READERS: Final = Clause("CALIS-24", "2.3.3(二)1")
_CARDS: Final = (IdentityKind.CAMPUS_CARD,)
"""What is handed in, and needs clearance before it is replaced or cancelled (CQ-6)."""


# --- who speaks -------------------------------------------------------------------------------------


def for_itself(s: Situation[None, c.RegisterAccount, NetworkPolicy, Any]) -> Iterator[Reason]:
    """Somebody registers himself, an institution by its own staff; the desk, and operators, for others.

    A person is of the library that he names, or of the desk's. An operator registers readers of his own
    library. An institution is its own home (CALIS-8).
    """
    said = s.command
    if said.holder is HolderKind.INSTITUTION and said.case != said.home:
        yield Reason("ill.account.one-per-institution", _AT_CENTRE, (("institution", said.home),))
    if s.role is AccountRole.HOLDER:
        institution = said.holder is HolderKind.INSTITUTION
        office = Office.STAFF if institution else Office.PERSON
        own = said.by.serves if institution else said.by.party
        at_home = said.by.serves in {said.home, s.policy.library}
        if said.by.office is not office or own != said.case or not at_home:
            yield Reason("ill.account.not-his-own", None, (("account", said.case),))
    elif s.role is AccountRole.OPERATOR:
        own_reader = said.home == said.by.serves and said.holder is HolderKind.PATRON
        if not own_reader:
            yield Reason("ill.account.not-his-own", _OF_READERS, (("account", said.case),))
    elif said.by.serves != s.policy.library:
        yield Reason("ill.account.not-his-own", _OF_READERS, (("account", said.case),))


def operator_set_up(s: Situation[Any, Any, NetworkPolicy, Any]) -> Iterator[Reason]:
    """Who speaks for a home library has an operator's account of it here, and may use it."""
    if s.role is not AccountRole.OPERATOR:
        return
    his = s.others.get(Key(IllAccount.kind, s.command.by.party))
    operates = (
        isinstance(his, IllAccount)
        and his.holder is HolderKind.OPERATOR
        and his.home == s.command.by.serves
        and his.usable_on(today(s))
    )
    if not operates:
        yield Reason("ill.account.no-operator", _AT_CENTRE, (("library", s.command.by.serves),))


def desk_alone(s: Said) -> Iterator[Reason]:
    """An operator sees to his readers' accounts (CALIS-10, CALIS-24), the desk to all others (CALIS-8)."""
    if s.role is AccountRole.OPERATOR and s.it.holder is not HolderKind.PATRON:
        yield Reason("ill.account.desk-only", _AT_CENTRE, (("holder", s.it.holder.value),))


def is_institution(s: Said) -> Iterator[Reason]:
    """Only an institution chooses a mode."""
    if s.it.holder is not HolderKind.INSTITUTION:
        yield Reason("ill.account.no-institution", s.policy.modes.on(today(s)).clause)


def stays_its_own(s: Situation[IllAccount, c.RegisterAgain, NetworkPolicy, Any]) -> Iterator[Reason]:
    """An institution is its own home, also when it registers again (CALIS-8)."""
    home = s.command.home or s.it.home
    if (s.command.holder or s.it.holder) is HolderKind.INSTITUTION and home != s.it.id:
        yield Reason("ill.account.one-per-institution", _AT_CENTRE, (("institution", home),))


def stays_his_reader(s: Situation[IllAccount, c.RegisterAgain, NetworkPolicy, Any]) -> Iterator[Reason]:
    """An operator registers nobody again for a library that is not his (CALIS-24)."""
    if s.role is AccountRole.OPERATOR and s.command.home not in {None, s.command.by.serves}:
        yield Reason("ill.account.not-his-own", _OF_READERS, (("account", s.it.id),))


def holder_corrected_by_desk(
    s: Situation[IllAccount, c.RegisterAgain, NetworkPolicy, Any],
) -> Iterator[Reason]:
    """Whose account it is, only the desk says otherwise (CALIS-8)."""
    said = s.command.holder
    if said not in {None, s.it.holder} and s.role is not AccountRole.STAFF:
        yield Reason("ill.account.desk-only", _AT_CENTRE, (("holder", s.it.holder.value),))


# --- registration -----------------------------------------------------------------------------------


def fields_given(s: Situation[Any, Any, NetworkPolicy, Any]) -> Iterator[Reason]:
    """Everything that must be known before an account is opened is known to the host (CALIS-4)."""
    rule = s.policy.registration_fields.on(today(s))
    for name in rule.value:
        if name not in s.command.given:
            yield Reason("ill.account.field-missing", rule.clause, (("field", name),))


def overdraft_within(s: Said) -> Iterator[Reason]:
    """The overdraft is not above the most that a library may allow."""
    rule, overdraft = s.policy.most_overdraft.on(today(s)), s.command.overdraft
    if overdraft is not None and overdraft.currency == rule.value.currency and overdraft > rule.value:
        yield Reason("ill.account.overdraft-above-most", rule.clause, (("most", rule.value),))


def terms_in_currency(s: Said) -> Iterator[Reason]:
    """Overdraft and deposit are in the desk's currency."""
    amounts = (s.command.overdraft, s.command.deposit)
    if any(amount is not None and amount.currency != s.policy.currency for amount in amounts):
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def terms_ahead(s: Said) -> Iterator[Reason]:
    """The last day has not passed."""
    through = s.command.valid_through
    if through is not None and through < today(s):
        yield Reason("ill.account.validity-past", None, (("valid_through", through),))


def lacking(it: IllAccount, policy: NetworkPolicy, day: date) -> Iterator[Reason]:
    """What is lacking before a confirmed account is active: its deposit; an identity, of persons (ZJU-2)."""
    if not it.deposit_paid and it.deposit_needed is not None:
        yield Reason("ill.account.deposit-unpaid", _TERMS, (("amount", it.deposit_needed),))
    yield from _identity_missing(it, policy, day, it.identities)


def _identity_missing(
    it: IllAccount, policy: NetworkPolicy, day: date, bound: Collection[str]
) -> Iterator[Reason]:
    first = policy.bound_first.on(day)
    person = it.holder is not HolderKind.INSTITUTION
    if person and first.value and not any(kind.value in bound for kind in first.value):
        kinds = ", ".join(kind.value for kind in first.value)
        yield Reason("ill.account.identity-missing", first.clause, (("identities", kinds),))


def nothing_lacking(s: Said) -> Iterator[Reason]:
    """The account can be used at once."""
    yield from lacking(s.it, s.policy, today(s))


# --- identities -------------------------------------------------------------------------------------


def identity_taken_here(s: Said) -> Iterator[Reason]:
    """By this kind of identity one signs in at this desk."""
    rule = s.policy.identities.on(today(s))
    if s.command.kind not in rule.value:
        yield Reason("ill.account.identity-not-used", rule.clause, (("identity", s.command.kind.value),))


def none_of_that_kind(s: Said) -> Iterator[Reason]:
    """No other one of this kind is bound to the account; it is released first."""
    bound = s.it.identities.get(s.command.kind.value)
    if bound is not None and bound != s.command.token:
        yield Reason("ill.account.identity-bound", None, (("identity", s.command.kind.value),))


def one_is_bound(s: Said) -> Iterator[Reason]:
    """There is one of this kind to be released."""
    if s.command.kind.value not in s.it.identities:
        yield Reason("ill.account.identity-not-bound", None, (("identity", s.command.kind.value),))


@chooser
def without_identity(s: Said) -> bool:
    """After this, none is bound of those of which one must be: the account can wait, but not be used."""
    gone = s.command.kind.value if isinstance(s.command, c.ReleaseIdentity) else None
    bound = [kind for kind in s.it.identities if kind != gone]
    return any(_identity_missing(s.it, s.policy, today(s), bound))


def of_this_desk(s: Situation[Identity | None, Any, NetworkPolicy, Any]) -> Iterator[Reason]:
    """The desk that keeps the account speaks: no other institution's program claims or frees an identity."""
    keeper = s.policy.library if s.it is None else s.it.keeper
    if s.command.by.serves != keeper:
        yield Reason("ill.account.not-keeper", None, (("keeper", keeper),))


def identity_free(s: Situation[Identity, c.ClaimIdentity, NetworkPolicy, Any]) -> Iterator[Reason]:
    """It is this account's already, or nobody's."""
    if s.it.account != s.command.account:
        yield Reason("ill.account.identity-taken")


@chooser
def leads_here(s: Situation[Identity, c.FreeIdentity, NetworkPolicy, Any]) -> bool:
    """It leads to the account that gives it up."""
    return s.it.account == s.command.account


# --- an institution ---------------------------------------------------------------------------------


def mode_offered(s: Said) -> Iterator[Reason]:
    """The mode is one that a member may choose."""
    rule = s.policy.modes.on(today(s))
    if s.command.mode not in rule.value:
        yield Reason("ill.account.mode-not-offered", rule.clause, (("mode", s.command.mode.value),))


# --- money, and leaving -----------------------------------------------------------------------------


def amount_in_currency(s: Said) -> Iterator[Reason]:
    """The amount is in the desk's currency."""
    if s.command.amount.currency != s.policy.currency:
        yield Reason("ill.wrong-currency", None, (("currency", s.policy.currency),))


def waivable(s: Situation[IllAccount, c.WaiveCharge, NetworkPolicy, Any]) -> Iterator[Reason]:
    """The charge is open, and the waiver is not above it."""
    said = s.command
    item = s.it.open.get(f"{said.loan}/{said.kind}")
    if item is None:
        yield Reason("ill.no-such-charge", None, (("loan", said.loan), ("kind", said.kind)))
    elif said.amount.currency == s.policy.currency and said.amount > item.outstanding:
        facts = (("loan", item.subject), ("kind", item.kind), ("amount", item.outstanding))
        yield Reason("ill.waiver-above-charge", None, facts)


def deposit_there(s: Said) -> Iterator[Reason]:
    """No more is given back than the deposit that is held."""
    yield from _there(s, SecurityKind.DEPOSIT)


def prepayment_there(s: Said) -> Iterator[Reason]:
    """No more is given back than is left of what was prepaid."""
    yield from _there(s, SecurityKind.PREPAYMENT)


def _there(s: Said, kind: SecurityKind) -> Iterator[Reason]:
    amount: Money = s.command.amount
    held = s.it.held(kind, s.policy.currency)
    if amount.currency == s.policy.currency and amount > held:
        yield Reason("ill.security-not-held", None, (("kind", kind.value), ("held", held)))


def nothing_on_loan(s: Said) -> Iterator[Reason]:
    """Nothing is with the holder (CQ-6)."""
    clause = s.policy.clearance.on(today(s)).clause
    for case in s.it.on_loan:
        yield Reason("ill.account.on-loan", clause, (("loan", case),))


def nothing_owed(s: Said) -> Iterator[Reason]:
    """Every charge is paid (CQ-6)."""
    clause = s.policy.clearance.on(today(s)).clause
    for _, item in sorted(s.it.open.items()):
        facts = (("loan", item.subject), ("kind", item.kind), ("amount", item.outstanding))
        yield Reason("ill.charge-unpaid", clause, facts)


def nothing_open(s: Said) -> Iterator[Reason]:
    """No case is open: what is asked for may still come, and cost something."""
    for case in sorted(set(s.it.cases) - set(s.it.on_loan)):
        yield Reason("ill.account.case-open", None, (("request", case),))


def cleared_to_leave(s: Said) -> Iterator[Reason]:
    """Where the rules ask for it, who leaves has nothing on loan, owes nothing, and has no case open."""
    if s.policy.clearance.on(today(s)).value:
        for guard in (nothing_on_loan, nothing_owed, nothing_open):
            yield from guard(s)


def cleared_for_card(s: Said) -> Iterator[Reason]:
    """Where the rules ask for clearance, a card is given up with nothing on loan and nothing owed (CQ-6)."""
    if s.command.kind in _CARDS and s.policy.clearance.on(today(s)).value:
        for guard in (nothing_on_loan, nothing_owed):
            yield from guard(s)


def next_step(s: Situation[IllAccount, c.NoticeExpiry, NetworkPolicy, Any]) -> Iterator[Reason]:
    """It is the next step of telling the holder of this last day, and its day has come."""
    said, days, noticed = s.command, notice_days(s.it, s.policy), s.it.noticed or 0
    if said.through != s.it.valid_through or said.step != noticed + 1 or said.step > len(days):
        yield Reason("ill.notice-out-of-order", None, (("step", said.step), ("done", noticed)))
    elif today(s) < days[noticed]:
        yield Reason("ill.notice-too-early", None, (("step", said.step),))


def notice_days(it: IllAccount, policy: NetworkPolicy) -> tuple[date, ...]:
    """On which days the holder is told: before the end as the rules say, and once when it has passed."""
    through = it.valid_through
    if through is None:
        return ()
    before = tuple(day for day in policy.reminders(through) if day <= through)
    return before if through == date.max else (*before, through + timedelta(days=1))
