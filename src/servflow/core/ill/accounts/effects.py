"""What follows when a command to an account or an identity is taken.

An effect is asked only after every guard has passed; it changes no state (the table does). What a
borrowing case does to its patron's account comes as ``BookCase``, within the change of the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from servflow.core.changes import Actor, Command, Message
from servflow.core.citations import Plain
from servflow.core.dates import start_of_day
from servflow.core.desk_rules import today
from servflow.core.ill import paying
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts import messages
from servflow.core.ill.accounts.guards import Said, lacking, notice_days
from servflow.core.ill.accounts.model import Identity, IllAccount
from servflow.core.ill.accounts.states import AccountState, IdentityKind, IdentityState
from servflow.core.ill.lending.states import SecurityKind
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.ledger import Posting
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money
from servflow.core.waking import Wake, said_by

__all__ = [
    "activate",
    "bind",
    "book_case",
    "choose_mode",
    "claim",
    "clear",
    "close",
    "confirm",
    "decline",
    "follow",
    "free",
    "give_back",
    "next_wake",
    "notice_expiry",
    "open_account",
    "open_identity",
    "pay_deposit",
    "pay_in",
    "refund_deposit",
    "register_again",
    "reinstate",
    "reinstate_incomplete",
    "release",
    "release_needed",
    "set_terms",
    "settle",
    "suspend",
    "waive",
    "wake",
]

_WAKES = (AccountState.CONFIRMED, AccountState.ACTIVE, AccountState.SUSPENDED)


# --- registration and standing ----------------------------------------------------------------------


def open_account(s: Situation[None, c.RegisterAccount, NetworkPolicy, Any]) -> Outcome:
    """The account as it begins; its holder hears that the registration was received (CALIS-4)."""
    said = s.command
    it = IllAccount(
        id=said.case,
        state=AccountState.REGISTERED,
        holder=said.holder,
        keeper=s.policy.library,
        home=said.home,
    )
    return Outcome(it=it, messages=messages.tell(it, messages.REGISTERED))


def register_again(s: Said) -> Outcome:
    """As at the first time; money and what is still open stay, whatever he signed in by is bound anew."""
    it = replace(
        s.it,
        holder=s.command.holder or s.it.holder,
        home=s.command.home or s.it.home,
        identities={},
        overdraft=None,
        deposit_needed=None,
        valid_from=None,
        valid_through=None,
        noticed=None,
        why=None,
        cleared_on=None,
    )
    told = messages.tell(it, messages.REGISTERED)
    return Outcome(it=it, messages=told, commands=_freed(s, s.it.identities))


def confirm(s: Said) -> Outcome:
    """The terms are set; the holder hears what is still lacking. If nothing is, he hears of that alone."""
    it = _on_terms(s)
    return Outcome(it=it, messages=_still_lacking(s, it))


def _still_lacking(s: Said, it: IllAccount) -> tuple[Message, ...]:
    still = tuple(lacking(it, s.policy, today(s)))
    return messages.tell(it, messages.CONFIRMED, _terms(it), still) if still else ()


def set_terms(s: Said) -> Outcome:
    """Other terms; the holder hears them, and what they make lacking."""
    it = _on_terms(s)
    still = tuple(lacking(it, s.policy, today(s)))
    return Outcome(it=it, messages=messages.tell(it, messages.TERMS, _terms(it), still))


def _on_terms(s: Said) -> IllAccount:
    said = s.command
    it = replace(
        s.it,
        overdraft=said.overdraft,
        deposit_needed=said.deposit,
        valid_from=said.valid_from,
        valid_through=said.valid_through,
    )
    behind = sum(day <= today(s) for day in notice_days(it, s.policy))
    return replace(it, noticed=behind or None)


def _terms(it: IllAccount) -> tuple[tuple[str, Plain], ...]:
    said = (
        ("overdraft", it.overdraft),
        ("deposit", it.deposit_needed),
        ("valid_from", it.valid_from),
        ("valid_through", it.valid_through),
    )
    return tuple((name, value) for name, value in said if value is not None)


def activate(s: Said) -> Outcome:
    """The confirmation: from now on the holder may sign in and file (CALIS-4)."""
    return Outcome(it=s.it, messages=messages.tell(s.it, messages.ACTIVE, _terms(s.it)))


def decline(s: Said) -> Outcome:
    """The holder hears why not; his identities are free, for whomever they belong to."""
    it = replace(s.it, why=s.command.reason, identities={})
    told = messages.tell(it, messages.DECLINED, (("reason", s.command.reason),))
    return Outcome(it=it, messages=told, commands=_freed(s, s.it.identities))


def suspend(s: Said) -> Outcome:
    """Nothing is filed until it is reinstated."""
    it = replace(s.it, why=s.command.reason)
    return Outcome(it=it, messages=messages.tell(it, messages.SUSPENDED, (("reason", s.command.reason),)))


def reinstate(s: Said) -> Outcome:
    """The holder may sign in and file again."""
    it = replace(s.it, why=None)
    return Outcome(it=it, messages=messages.tell(it, messages.REINSTATED))


def reinstate_incomplete(s: Said) -> Outcome:
    """The suspension ends; the holder hears what is still lacking before he may sign in and file again."""
    it = replace(s.it, why=None)
    return Outcome(it=it, messages=_still_lacking(s, it))


def follow(s: Said) -> Command | None:
    """A confirmed account becomes active as soon as nothing is lacking."""
    if s.it.state is not AccountState.CONFIRMED or any(lacking(s.it, s.policy, today(s))):
        return None
    return c.Activate(**_by_policy(s, "activate", s.it.id))


def _by_policy(s: Situation[Any, Any, NetworkPolicy, Any], word: str, case: str) -> dict[str, Any]:
    said: Command = s.command
    return said.entailed(word, case=case, by=Actor.policy(s.policy.library))


# --- identities -------------------------------------------------------------------------------------


def bind(s: Said) -> Outcome:
    """The holder signs in by this, too; refused with it where it leads to another account."""
    said: c.BindIdentity = s.command
    it = replace(s.it, identities={**s.it.identities, said.kind.value: said.token})
    key = Identity.key_of(said.kind, said.token)
    claimed = c.ClaimIdentity(**_by_policy(s, "claim", key.id), account=it.id)
    return Outcome(it=it, commands=(claimed,))


def release(s: Said) -> Outcome:
    """It leads nowhere any more."""
    kind = s.command.kind.value
    left = {each: token for each, token in s.it.identities.items() if each != kind}
    return Outcome(it=replace(s.it, identities=left), commands=_freed(s, {kind: s.it.identities[kind]}))


def release_needed(s: Said) -> Outcome:
    """As ``release``; the holder hears that the account waits until he has bound another one."""
    outcome = release(s)
    it: IllAccount = outcome.it  # type: ignore[assignment]  # effects of this desk give accounts
    return outcome._replace(messages=_still_lacking(s, it))


def _freed(s: Said, identities: Mapping[str, str]) -> tuple[Command, ...]:
    return tuple(
        c.FreeIdentity(
            **_by_policy(s, f"free-{kind}", Identity.key_of(IdentityKind(kind), token).id),
            account=s.it.id,
        )
        for kind, token in identities.items()
    )


def open_identity(s: Situation[None, c.ClaimIdentity, NetworkPolicy, Any]) -> Outcome:
    """A token that was never used here leads to the account."""
    said = s.command
    keeper = s.policy.library
    return Outcome(it=Identity(id=said.case, state=IdentityState.BOUND, account=said.account, keeper=keeper))


def claim(s: Situation[Identity, c.ClaimIdentity, NetworkPolicy, Any]) -> Outcome:
    """It leads to the account."""
    return Outcome(it=replace(s.it, account=s.command.account))


def free(s: Situation[Identity, c.FreeIdentity, NetworkPolicy, Any]) -> Outcome:
    """It leads nowhere, or to another account as it did; whose it was last stays on record."""
    return Outcome(it=s.it)


# --- an institution ---------------------------------------------------------------------------------


def choose_mode(s: Said) -> Outcome:
    """It works in this mode from now on."""
    said: c.ChooseMode = s.command
    it = s.it
    return Outcome(
        it=replace(
            it,
            mode=said.mode,
            librarian=it.librarian if said.librarian is None else said.librarian,
            runs_system=it.runs_system if said.runs_system is None else said.runs_system,
            service_library=it.service_library if said.service_library is None else said.service_library,
        )
    )


# --- money, cases, and leaving ----------------------------------------------------------------------


def book_case(s: Said) -> Outcome:
    """What is open and on loan, and what is owed; a prepayment pays it at once.

    As much is reserved as may still come: what the case may cost, less what was charged. A clearance that
    was issued before holds no longer, where something is filed or charged.
    """
    said: c.BookCase = s.command
    it = s.it
    cases = {case: held for case, held in it.cases.items() if case != said.request}
    if said.on_account is not None:
        held = said.on_account
        reserve = held.max_cost if held.max_cost is not None else s.policy.reserve.on(today(s)).value
        left = reserve if held.charged is None else reserve - held.charged
        cases[said.request] = replace(held, reserved=None if held.settled or left.minor <= 0 else left)
    if said.filed:
        year = str(today(s).year)
        it = replace(it, filed={**it.filed, year: it.filed.get(year, 0) + 1})
    grown = any(amount.minor > 0 for _, amount in said.charged)
    if grown or (said.request in cases and said.request not in it.cases):
        it = replace(it, cleared_on=None)
    it, postings = paying.booked(s, replace(it, cases=cases), said.request, said.charged)
    return Outcome(it=it, postings=postings)


def pay_deposit(s: Said) -> Outcome:
    """The deposit is held for the holder."""
    amount: Money = s.command.amount
    it, postings = paying.taken_in(s, s.it, SecurityKind.DEPOSIT, amount)
    told = messages.tell(it, messages.SECURED, (("amount", amount),))
    return Outcome(it=it, postings=postings, messages=told)


def pay_in(s: Said) -> Outcome:
    """The oldest charges of each kind are paid, kind by kind; the rest becomes prepayment."""
    amount: Money = s.command.amount
    it, postings, rest = paying.paid(s, s.it, amount)
    told = messages.tell(it, messages.PAID, (("amount", amount), ("rest", rest)))
    return Outcome(it=it, postings=postings, messages=told)


def settle(s: Said) -> Outcome:
    """What a settlement says is paid; the settlement tells it."""
    said: c.SettleAccountDues = s.command
    it, postings = paying.settled(s, s.it, said.amount, said.set_off, said.settlement)
    return Outcome(it=it, postings=postings)


def refund_deposit(s: Said) -> Outcome:
    """So much of the deposit is the holder's again."""
    return _given_back(s, SecurityKind.DEPOSIT)


def give_back(s: Said) -> Outcome:
    """So much of the prepayment is the holder's again."""
    return _given_back(s, SecurityKind.PREPAYMENT)


def _given_back(s: Said, kind: SecurityKind) -> Outcome:
    amount: Money = s.command.amount
    it, postings = paying.given_back(s, s.it, kind, amount)
    facts = (("kind", kind.value), ("amount", amount))
    return Outcome(it=it, postings=postings, messages=messages.tell(it, messages.GIVEN_BACK, facts))


def waive(s: Said) -> Outcome:
    """The charge is smaller by what is waived."""
    said: c.WaiveCharge = s.command
    it, postings = paying.less_waived(s, s.it, said.loan, said.kind, said.amount)
    return Outcome(it=it, postings=postings)


def clear(s: Said) -> Outcome:
    """The clearance is on record until something is filed again; the holder has it in writing."""
    it = replace(s.it, cleared_on=today(s))
    return Outcome(it=it, messages=messages.tell(it, messages.CLEARED, (("cleared_on", today(s)),)))


def close(s: Said) -> Outcome:
    """The account is over: its money is given back, unless something is open; its identities are free.

    Where the rules ask for no clearance, charges and cases that are left stay on it.
    """
    it = replace(s.it, why=s.command.reason, identities={}, noticed=None)
    postings: tuple[Posting, ...] = ()
    returned: tuple[tuple[str, Plain], ...] = ()
    if not it.cases and not it.open:
        for kind in SecurityKind:
            held = it.held(kind, s.policy.currency)
            if held:
                it, given = paying.given_back(s, it, kind, held, len(postings))
                postings += given
                returned += ((kind.value, held),)
    facts: tuple[tuple[str, Plain], ...] = (("reason", s.command.reason), *returned)
    told = messages.tell(it, messages.CLOSED, facts)
    return Outcome(it=it, postings=postings, messages=told, commands=_freed(s, s.it.identities))


# --- the clock --------------------------------------------------------------------------------------


def notice_expiry(s: Said) -> Outcome:
    """The holder is told that the account ends, or that it has ended."""
    said: c.NoticeExpiry = s.command
    it = replace(s.it, noticed=said.step)
    kind = messages.EXPIRED if it.expired_on(today(s)) else messages.EXPIRES_SOON
    facts = (("valid_through", said.through),)
    return Outcome(it=it, messages=messages.tell(it, kind, facts))


def next_wake(it: IllAccount, policy: NetworkPolicy) -> datetime | None:
    """The beginning of the day on which the holder is next told of the end; None: of none."""
    days = notice_days(it, policy)[it.noticed or 0 :] if it.state in _WAKES else ()
    return start_of_day(days[0], policy.zone) if days else None


def wake(it: IllAccount, policy: NetworkPolicy, recorded_at: datetime) -> Command | None:
    """What the clock says next, if its instant has come by ``recorded_at``."""
    at = next_wake(it, policy)
    if at is None:
        return None
    step = (it.noticed or 0) + 1
    said = {"through": it.valid_through, "step": step}
    coming = Wake(at, c.NoticeExpiry, f"{it.version}/{step}", said)
    return said_by(coming, it, it.keeper, recorded_at, named=f"{it.kind}/{it.id}")
