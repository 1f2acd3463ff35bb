"""Named conditions of a filing: choosers, guards, and what each need of a mode asks for.

A guard yields a reason for everything it refuses; none means that it passes. What a mode needs is read
from ``MODES``: ``NEEDS`` says what each need comes to, and nothing asks which mode it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from servflow.core.changes import Key, Office
from servflow.core.citations import PRACTICE, Clause, Reason
from servflow.core.desk_rules import today
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.accounts.states import AccountState, HolderKind
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing.model import Filing, FilingFacts
from servflow.core.ill.filing.states import Channel, Entry, FilingRole
from servflow.core.ill.network.modes import MODES, Filer, Intake, Mode, ModeName, Need, Recipient, Route
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.lifecycle import Situation, chooser

__all__ = [
    "NEEDS",
    "Filed",
    "Member",
    "account_for",
    "addressed_to_its_librarian",
    "after_filing",
    "answer_overdue",
    "at_the_gateway",
    "business_relation",
    "by_hand",
    "came_by_mail",
    "case_answers",
    "case_of",
    "cited",
    "details_given",
    "filed_by_whom",
    "filed_for_a_reader",
    "from_known_gateway",
    "handled_here",
    "has_come",
    "holds_account",
    "id_free",
    "id_taken",
    "in_place",
    "known_mode",
    "member",
    "no_case_here",
    "not_handed_on",
    "reference_only",
    "says_the_same",
    "service_chosen",
    "still_needed",
    "that_way",
    "to_librarian",
]

_VOUCHED: Final = frozenset({AccountState.CONFIRMED, AccountState.ACTIVE})
"""Accounts that somebody has checked; anybody may register one."""
_ENDED: Final = frozenset({AccountState.SUSPENDED, AccountState.CLOSED})
"""Accounts by which nobody files any more, whatever the host knows of him."""
_CAME: Final = frozenset(
    {
        CaseState.RECEIVED,
        CaseState.ON_LOAN,
        CaseState.AWAITING_RETURN,
        CaseState.RETURNED,
        CaseState.DELIVERED,
    }
)
_CAME_BEFORE: Final = frozenset({CaseOutcome.RETURNED, CaseOutcome.KEPT, CaseOutcome.COPY_DELIVERED})

Filed = Situation[Filing, Any, NetworkPolicy, FilingFacts]
_Opening = Situation[None, c.FileRequest, NetworkPolicy, FilingFacts]


# --- the home library, and the account under which the request runs ----------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member library as the gateway knows it: what it has chosen, and what stands at the centre."""

    mode: ModeName | None
    librarian: str | None
    runs_system: bool
    service_library: bool
    registered: bool
    confirmed: bool


def member(s: _Opening) -> Member:
    """The home library that was chosen: by its account at this gateway, otherwise by the host's facts.

    Only an account that was confirmed is believed: whoever registers a library does not say by that who
    gets its mail. One that was suspended or closed is registered no more; one that was only registered,
    or declined, says nothing either way.
    """
    facts, account = s.facts, _institution(s)
    if account is None or account.state not in _VOUCHED:
        return Member(
            mode=facts.mode,
            librarian=facts.librarian,
            runs_system=facts.runs_system,
            service_library=facts.service_library,
            registered=facts.registered and (account is None or account.state not in _ENDED),
            confirmed=False,
        )
    runs, serves = account.runs_system, account.service_library
    return Member(
        mode=account.mode or facts.mode,
        librarian=account.librarian or facts.librarian,
        runs_system=facts.runs_system if runs is None else runs,
        service_library=facts.service_library if serves is None else serves,
        registered=True,
        confirmed=account.usable_on(today(s)),
    )


def _account(s: _Opening, ref: str) -> IllAccount | None:
    found = s.others.get(Key(IllAccount.kind, ref))
    return found if isinstance(found, IllAccount) else None


def _institution(s: _Opening) -> IllAccount | None:
    """The account of the library that was chosen; somebody else's under its reference is none."""
    account = _account(s, s.command.home)
    return account if account is not None and account.holder is HolderKind.INSTITUTION else None


def _mode(s: _Opening) -> Mode | None:
    name = member(s).mode
    return MODES[name] if name is not None and name in s.policy.modes.on(today(s)).value else None


def account_for(s: _Opening) -> str:
    """The reference under which the request runs, and to which its document goes (CALIS-7, 11, 22)."""
    mode = _mode(s)
    if mode is None or mode.delivered_to.value is Recipient.HOME_LIBRARY:
        return s.command.patron
    return s.command.home if mode.delivered_to.value is Recipient.FILER else s.command.by.party


# --- which row applies --------------------------------------------------------------------------------


@chooser
def to_librarian(s: _Opening) -> bool:
    """The home library's librarian takes it in, by mail."""
    mode = _mode(s)
    return mode is not None and mode.taken_in_by.value is Intake.LIBRARIAN


@chooser
def handled_here(s: _Opening) -> bool:
    """It is taken in at this very desk: the gateway is the centre's, or the home library's own."""
    mode = _mode(s)
    if mode is None:
        return False
    return mode.taken_in_by.value is Intake.CENTRE or s.command.home == s.policy.library


@chooser
def case_answers(s: Filed) -> bool:
    """The case at this desk has come so far that the reader has his answer: supplied, or closed."""
    case = case_of(s)
    return case is not None and (case.supplied is not None or case.outcome is not None)


def case_of(s: Filed) -> BorrowingCase | None:
    """The case that was opened for it at this desk; another that has its id by chance is not shown."""
    it, case = s.it, s.others.get(Key(BorrowingCase.kind, s.it.id))
    if not isinstance(case, BorrowingCase) or case.patron != it.account or case.fills is not None:
        return None
    return case if it.has_case_here else None


@chooser
def id_taken(s: Situation[None, c.HearFiling, NetworkPolicy, Any]) -> bool:
    """A case of that id is here already, and it is not for this filing."""
    return Key(BorrowingCase.kind, s.command.case) in s.others


@chooser
def says_the_same(s: Filed) -> bool:
    """The answer is the one that is on record."""
    return (s.command.filled, s.command.note or None) == (s.it.filled, s.it.answer)


# --- who files, where, by which way -------------------------------------------------------------------


def at_the_gateway(s: _Opening) -> Iterator[Reason]:
    """A reader files for himself at this gateway; a librarian for readers of his own library.

    The reader was signed in here, or by the library that he chose.
    """
    said = s.command
    if s.role is FilingRole.PATRON and said.patron != said.by.party:
        yield Reason("ill.not-the-patron", None, (("patron", said.patron),))
    if s.role is FilingRole.PATRON and said.by.serves not in {s.policy.library, said.home}:
        yield Reason("ill.gateway.not-its-reader", None, (("library", said.home),))
    if s.role is FilingRole.LIBRARIAN and said.by.serves != said.home:
        yield Reason("ill.gateway.not-its-staff", None, (("library", said.home),))


def id_free(s: _Opening) -> Iterator[Reason]:
    """No case has its id, under which the case would be opened, or another's would be shown for it."""
    if Key(BorrowingCase.kind, s.command.case) in s.others:
        yield Reason("ill.gateway.id-taken", None, (("id", s.command.case),))


def known_mode(s: _Opening) -> Iterator[Reason]:
    """The home library takes part, in a mode that this network has."""
    mode, modes = member(s).mode, s.policy.modes.on(today(s))
    if mode is None:
        yield Reason("ill.gateway.no-member", modes.clause, (("library", s.command.home),))
    elif mode not in modes.value:
        facts = (("library", s.command.home), ("mode", mode.value))
        yield Reason("ill.gateway.no-such-mode", modes.clause, facts)


def that_way(s: _Opening) -> Iterator[Reason]:
    """The way of filing follows from the mode that the home library has chosen."""
    mode = _mode(s)
    if mode is not None and mode.filed_through.value is not s.command.route:
        facts = (("route", mode.filed_through.value.value),)
        yield Reason("ill.gateway.other-way", mode.filed_through.clause, facts)


def filed_by_whom(s: _Opening) -> Iterator[Reason]:
    """The mode says whether readers file, or librarians for them."""
    mode = _mode(s)
    if mode is not None and Filer(s.role.value) not in mode.filed_by.value:
        facts = (("filer", ",".join(each.value for each in mode.filed_by.value)),)
        yield Reason("ill.gateway.not-filed-by", mode.filed_by.clause, facts)


def service_chosen(s: _Opening) -> Iterator[Reason]:
    """Whoever comes by the portal has chosen the ILL service there; by the gateway nobody need."""
    if s.command.entry is Entry.PORTAL and not s.command.service_chosen:
        yield Reason("ill.gateway.service-not-chosen", Clause("ZJU-3", "一"))


def holds_account(s: _Opening) -> Iterator[Reason]:
    """Who files with a login holds an account of the library that was chosen."""
    if s.command.route is Route.LOGIN and s.command.home not in _accounts(s):
        facts = (("library", s.command.home),)
        yield Reason("ill.gateway.no-account-there", Clause("CALIS-2", "1.1"), facts)


def _accounts(s: _Opening) -> tuple[str, ...]:
    """The libraries at which who files may sign in: by the accounts kept here, and by the host's facts.

    Of a library for which an account is kept here, and was suspended, closed or has expired, the host's
    facts are not asked. A librarian may file by his institution's account, too.
    """
    day, own = today(s), _account(s, s.command.by.party)
    institution = _institution(s) if s.role is FilingRole.LIBRARIAN else None
    kept = tuple(each for each in (own, institution) if each is not None)
    ended = {each.home for each in kept if each.state in _ENDED or each.expired_on(day)}
    usable = (*s.facts.accounts_at, *(each.home for each in kept if each.usable_on(day)))
    return tuple(home for home in usable if home not in ended)


def addressed_to_its_librarian(s: _Opening) -> Iterator[Reason]:
    """A form goes to the librarian of the chosen library; mail to any other library's is blocked."""
    said = s.command
    if said.librarian and said.librarian != member(s).librarian:
        facts = (("library", said.home), ("librarian", said.librarian))
        yield Reason("ill.gateway.not-its-librarian", Clause("CALIS-2", "1.1"), facts)


def details_given(s: _Opening) -> Iterator[Reason]:
    """A form holds the personal details that the rules ask for; each that is missing is named.

    Only the names of its fields are said here. What looks like a detail itself is refused, and not repeated.
    """
    wanted = s.policy.details_by_mail.on(today(s))
    for number, name in enumerate(s.command.details, start=1):
        if not name or any(each in "=@" or each.isspace() for each in name):
            yield Reason("ill.gateway.detail-not-a-name", None, (("number", number),))
    if s.command.route is Route.MAIL_FORM:
        for name in wanted.value:
            if name not in s.command.details:
                yield Reason("ill.gateway.detail-missing", wanted.clause, (("detail", name),))


def reference_only(s: _Opening) -> Iterator[Reason]:
    """The reader's address stays with the host: how he wants it delivered has a reference only (CALIS-23)."""
    wished = s.command.delivery
    if wished is not None and "@" in wished.reference:
        yield Reason("ill.gateway.address-given")


def cited(s: _Opening) -> Iterator[Reason]:
    """Whoever gets it can look for it; a case at this desk asks for itself."""
    if not s.command.requested.is_cited:
        yield Reason("ill.not-cited")


def still_needed(s: _Opening) -> Iterator[Reason]:
    """The last day on which it is of use has not passed; a case at this desk asks for itself."""
    until = s.command.need_before
    if until is not None and today(s) > until:
        yield Reason("ill.need-before-passed", None, (("need_before", until),))


def from_known_gateway(s: Situation[None, c.HearFiling, NetworkPolicy, FilingFacts]) -> Iterator[Reason]:
    """Only a gateway that the host knows files for this library's readers.

    Nothing has happened yet that would have to be taken down, and whoever is believed here orders in a
    reader's name: so what opens a filing is refused, unlike what is heard of one.
    """
    if s.command.by.serves not in s.facts.gateways:
        yield Reason("ill.gateway.unknown", PRACTICE, (("gateway", s.command.by.serves),))


# --- what a mode needs --------------------------------------------------------------------------------


def _librarian_registered(s: _Opening, clause: Clause) -> Iterator[Reason]:
    if not member(s).librarian:
        yield Reason("ill.gateway.no-librarian", clause, (("library", s.command.home),))


def _serves_patron(s: _Opening, clause: Clause) -> Iterator[Reason]:
    if not s.facts.serves_patron:
        yield Reason("ill.gateway.not-served", clause, (("library", s.command.home),))


def _runs_system(s: _Opening, clause: Clause) -> Iterator[Reason]:
    if not member(s).runs_system:
        yield Reason("ill.gateway.no-system", clause, (("library", s.command.home),))


def _service_library(s: _Opening, clause: Clause) -> Iterator[Reason]:
    if not member(s).service_library:
        yield Reason("ill.gateway.no-service-library", clause, (("library", s.command.home),))


def _registered(s: _Opening, clause: Clause) -> Iterator[Reason]:
    if not member(s).registered:
        yield Reason("ill.gateway.not-registered", clause, (("library", s.command.home),))


def _institution_account(s: _Opening, clause: Clause) -> Iterator[Reason]:
    if not member(s).confirmed:
        yield Reason("ill.gateway.institution-unconfirmed", clause, (("library", s.command.home),))


def _patron_account(s: _Opening, clause: Clause) -> Iterator[Reason]:
    """A reader's own account; a librarian's is his as a reader, or as an operator, for CALIS-11."""
    account = _account(s, s.command.by.party)
    kinds = {HolderKind.PATRON} | ({HolderKind.OPERATOR} if s.role is FilingRole.LIBRARIAN else set())
    if (
        account is None
        or account.holder not in kinds
        or account.home != s.command.home
        or not account.usable_on(today(s))
    ):
        yield Reason("ill.gateway.account-not-active", clause, (("library", s.command.home),))


NEEDS: Final[Mapping[Need, Callable[[_Opening, Clause], Iterator[Reason]]]] = MappingProxyType(
    {
        Need.LIBRARIAN_ADDRESS: _librarian_registered,
        Need.SERVES_PATRON: _serves_patron,
        Need.RUNS_SYSTEM: _runs_system,
        Need.SERVICE_LIBRARY: _service_library,
        Need.REGISTERED: _registered,
        Need.INSTITUTION_ACCOUNT: _institution_account,
        Need.PATRON_ACCOUNT: _patron_account,
    }
)
"""What each need comes to; the clause is the one by which the mode needs it."""


def in_place(s: _Opening) -> Iterator[Reason]:
    """All that the home library's mode needs is in place."""
    mode = _mode(s)
    for need in mode.needs if mode is not None else ():
        yield from NEEDS[need.value](s, need.clause)


# --- afterwards ---------------------------------------------------------------------------------------


def came_by_mail(s: Filed) -> Iterator[Reason]:
    """What a librarian got by mail is filed on by hand; everything else goes its own way."""
    if s.it.intake is not Intake.LIBRARIAN:
        yield Reason("ill.gateway.not-by-mail", Clause("CALIS-18", "2.1(3)"))


def no_case_here(s: Filed) -> Iterator[Reason]:
    """What became of a case at this desk the case says, and nobody for it."""
    if case_of(s) is not None:
        yield Reason("ill.gateway.case-answers", Clause("CALIS-12", "2.3.3"))


def after_filing(s: Filed) -> Iterator[Reason]:
    """It happened on the day on which it was filed, or later."""
    filed_on = s.policy.day(s.it.filed_at)
    if today(s) < filed_on:
        yield Reason("ill.before-its-start", None, (("after", filed_on),))


def business_relation(s: Filed) -> Iterator[Reason]:
    """In another service library's gateway one files with whom a business relation exists."""
    said, partners = s.command, s.policy.partners.on(today(s))
    if said.channel is Channel.NETWORK_GATEWAY and partners.value and said.to not in partners.value:
        clause = Clause("CALIS-18", "2.1(3)") if partners.clause == PRACTICE else partners.clause
        yield Reason("ill.gateway.no-relation", clause, (("library", said.to),))


def filed_for_a_reader(s: Filed) -> Iterator[Reason]:
    """Only what a librarian filed is handed on by him."""
    if not s.it.for_a_reader:
        yield Reason("ill.gateway.not-for-a-reader", Clause("CALIS-11", "2.3.3"))


def has_come(s: Filed) -> Iterator[Reason]:
    """There is something to hand on: it has come, by the case; where there is none, by the answer.

    Where the mode takes the shipping for the receipt (CALIS-8), what is on its way will do.
    """
    case = case_of(s)
    if case is None:
        came = s.it.filled is True
    else:
        direct = s.it.mode is not None and MODES[s.it.mode].shipping_is_receipt.value
        came = case.state in _CAME or case.outcome in _CAME_BEFORE
        came = came or (direct and case.state is CaseState.SHIPPED)
    if not came:
        yield Reason("ill.gateway.nothing-came", Clause("CALIS-22", "2.3.3(一)2-3"))


def by_hand(s: Filed) -> Iterator[Reason]:
    """The librarian hands it on; no program does."""
    if s.command.by.office is not Office.STAFF:
        yield Reason("ill.gateway.by-hand", Clause("CALIS-22", "2.3.3(一)2-3"))


def not_handed_on(s: Filed) -> Iterator[Reason]:
    """It is handed on once."""
    if s.it.handed_on_on is not None:
        yield Reason("ill.gateway.handed-on", None, (("on", s.it.handed_on_on),))


def answer_overdue(s: Filed) -> Iterator[Reason]:
    """The last day on which an answer is in time has passed."""
    if today(s) <= s.it.answer_by:
        yield Reason("ill.gateway.still-in-time", None, (("by", s.it.answer_by),))
