"""What is filed at a gateway: who may, by which way, who takes it in, and what becomes of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from filing_desk import BOOK, CENTRE, FILING, HOME, LIBRARIAN, MAILBOX, READER, Gateway, facts_of

from servflow.core.changes import Actor, Key, Message, Office
from servflow.core.citations import PRACTICE, Clause, Dated, Reason
from servflow.core.errors import InvalidMessage, InvalidValue, Refused
from servflow.core.ill.accounts.states import AccountState, HolderKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.borrowing.states import CaseOutcome, CaseState, CitedPart
from servflow.core.ill.exchange import for_a_desk, heard
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing.guards import NEEDS
from servflow.core.ill.filing.model import Filing, Onward
from servflow.core.ill.filing.states import Channel, Entry, FilingState
from servflow.core.ill.network.modes import MODES, Filer, Intake, ModeName, Need, Route
from servflow.core.ill.terms import Delivery, Level, Requested, SentVia, Service
from servflow.core.money import Money

STAFF = Actor(LIBRARIAN, HOME, Office.STAFF)
INSTITUTION = HolderKind.INSTITUTION
OPERATOR = HolderKind.OPERATOR
SUPPLIER = Actor("ils", "CN-ZJU", Office.SYSTEM)
OTHERS: dict[str, Any] = {
    "case": FILING,
    "by": Actor("ils", CENTRE, Office.SYSTEM),
    "patron": "p-99",
    "library": CENTRE,
    "service": Service.LOAN,
    "requested": BOOK,
}


@pytest.fixture
def email() -> Gateway:
    """The thesis system's gateway, for the reader of a library in e-mail mode."""
    return Gateway(mode=ModeName.EMAIL)


@pytest.fixture
def distributed() -> Gateway:
    """The thesis system's gateway, for the reader of a library in distributed mode."""
    return Gateway(mode=ModeName.DISTRIBUTED)


@pytest.fixture
def group() -> Gateway:
    """The centre's gateway, for a library of group users with its account confirmed."""
    gateway = Gateway()
    gateway.know(accounts_at=(), mode=None)
    gateway.account(HOME, INSTITUTION, mode=ModeName.CENTRE_GROUP)
    return gateway


@pytest.fixture
def individual() -> Gateway:
    """The centre's gateway, for a library of individual users, one of them with an account."""
    gateway = Gateway(mode=ModeName.CENTRE_INDIVIDUAL)
    gateway.know(accounts_at=())
    gateway.account(READER)
    return gateway


# --- by mail ----------------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-1", "CALIS-5", "CALIS-15", "CALIS-16", "CALIS-17")
def test_a_form_goes_by_mail_to_the_chosen_librarys_librarian(email: Gateway) -> None:
    """E-mail mode: the librarian is written to at once, with all that was asked for; no case is opened."""
    delivery = Delivery(via=SentVia.EMAIL)
    change = email.by_mail(
        delivery=delivery, note="急用", max_cost=Money(30, "CNY"), need_before=date(2026, 4, 1)
    )

    (message,) = change.messages
    assert (message.kind, message.to) == ("ill.gateway.request-by-mail", MAILBOX)
    assert facts_of(message) == {
        "reader": READER,
        "requester": HOME,
        "service": "Loan",
        "level": "Normal",
        "need_before": date(2026, 4, 1),
        "max_cost": Money(30, "CNY"),
        "via": "Email",
        "declared": True,
        "note": "急用",
    }
    assert [it.kind for it in change.becomes] == ["ill.filing"]
    assert (email.filing().state, email.filing().intake) == (FilingState.WITH_LIBRARY, Intake.LIBRARIAN)
    assert email.filing().details == ("name", "email")


@pytest.mark.clause("CALIS-2")
def test_the_proposed_library_is_taken_unless_another_is_chosen(email: Gateway) -> None:
    """Both are on record: what was proposed and what was chosen."""
    email.by_mail(proposed=HOME)
    email.by_mail(proposed="CN-440104", library=HOME, case="F-2")

    assert (email.filing().library, email.filing().proposed) == (HOME, HOME)
    assert (email.filing("F-2").library, email.filing("F-2").proposed) == (HOME, "CN-440104")


@pytest.mark.clause("CALIS-2")
def test_mail_to_another_librarys_librarian_is_blocked(email: Gateway) -> None:
    """The form is addressed to the chosen library's librarian or to nobody."""
    assert email.by_mail(librarian=MAILBOX).messages[0].to == MAILBOX
    said: dict[str, Any] = {"route": Route.MAIL_FORM, "details": ("name", "email"), "case": "F-2"}
    assert email.cited(c.FileRequest, **said, librarian="CN-440104_ILL") == [
        ("ill.gateway.not-its-librarian", "CALIS-2")
    ]


@pytest.mark.clause("CALIS-15")
def test_a_form_without_personal_details_is_refused_detail_by_detail(email: Gateway) -> None:
    """Each detail that the rules ask for is named, and nothing was written."""
    with pytest.raises(Refused) as refused:
        email.by_mail(details=())

    reasons = refused.value.reasons
    assert [(r.code, r.facts, r.clause and r.clause.id) for r in reasons] == [
        ("ill.gateway.detail-missing", (("detail", "name"),), "CALIS-15"),
        ("ill.gateway.detail-missing", (("detail", "email"),), "CALIS-15"),
    ]
    assert email.aggregates == {}


@pytest.mark.clause("CALIS-15")
@pytest.mark.parametrize("detail", ["name=林晓", "lin@example.org", "tel 138", "tel\t138", ""])
def test_a_detail_itself_is_refused_and_not_repeated(email: Gateway, detail: str) -> None:
    """The form's details stay with the host; only the names of its fields are said."""
    said: dict[str, Any] = {"route": Route.MAIL_FORM, "details": ("name", "email", detail)}
    (reason,) = email.reasons(c.FileRequest, **said)
    assert (reason.code, reason.facts) == ("ill.gateway.detail-not-a-name", (("number", 3),))
    assert email.cited(c.FileRequest, route=Route.MAIL_FORM, details=("name", "email", "姓名")) == []


@pytest.mark.clause("CALIS-15")
def test_by_mail_a_library_must_serve_the_reader_and_no_account_is_asked_for(email: Gateway) -> None:
    """The condition is a library that can give this reader the service, not an account there."""
    email.know(accounts_at=())
    assert email.by_mail(case="F-2").messages
    email.know(serves_patron=False)
    said: dict[str, Any] = {"route": Route.MAIL_FORM, "details": ("name", "email")}
    assert email.cited(c.FileRequest, **said) == [("ill.gateway.not-served", "CALIS-15")]


@pytest.mark.clause("CALIS-17")
def test_without_a_registered_librarian_nothing_is_mailed(email: Gateway) -> None:
    """E-mail mode needs the address of the library's ILL librarian."""
    email.know(librarian=None)
    said: dict[str, Any] = {"route": Route.MAIL_FORM, "details": ("name", "email")}
    assert email.cited(c.FileRequest, **said) == [("ill.gateway.no-librarian", "CALIS-17")]


@pytest.mark.clause("CALIS-18")
def test_a_librarian_files_on_by_any_channel(email: Gateway) -> None:
    """Each step is on record: the channel, where, and by what it is known there."""
    email.by_mail()
    email.do(c.NoteOnward, channel=Channel.NETWORK_GATEWAY, to="CN-ZJU", reference="ZJU-88")
    email.do(c.NoteOnward, "2026-03-03", channel=Channel.CENTRE_GATEWAY, to=CENTRE)
    email.do(c.NoteOnward, "2026-03-04", channel=Channel.OTHER, to="a colleague abroad")

    first, second, third = email.filing().onward
    assert first == Onward(
        on=date(2026, 3, 2), channel=Channel.NETWORK_GATEWAY, to="CN-ZJU", reference="ZJU-88"
    )
    assert (second.channel, third.to) == (Channel.CENTRE_GATEWAY, "a colleague abroad")


@pytest.mark.clause("CALIS-18")
def test_in_anothers_gateway_a_business_relation_is_needed(email: Gateway) -> None:
    """Where the rules list the libraries with a relation, no other's gateway is filed in."""
    email.rule(partners=("CN-ZJU",))
    email.by_mail()
    there: dict[str, Any] = {"channel": Channel.NETWORK_GATEWAY}
    assert email.cited(c.NoteOnward, **there, to="CN-440104") == [("ill.gateway.no-relation", "CALIS-18")]
    assert email.cited(c.NoteOnward, **there, to="CN-ZJU") == []
    assert email.cited(c.NoteOnward, channel=Channel.OTHER, to="CN-440104") == []


def test_a_listed_relation_is_cited_as_the_rules_cite_it() -> None:
    """The clause is that of the rulebook where it has one."""
    gateway = Gateway(mode=ModeName.EMAIL)
    listed: Dated[tuple[str, ...]] = Dated.always("partners", ("CN-ZJU",), Clause("CQ-7"))
    gateway.network = replace(gateway.network, partners=listed)
    gateway.by_mail()
    said: dict[str, Any] = {"channel": Channel.NETWORK_GATEWAY, "to": "CN-440104"}
    assert gateway.cited(c.NoteOnward, **said) == [("ill.gateway.no-relation", "CQ-7")]


@pytest.mark.clause("CALIS-18")
def test_what_did_not_come_by_mail_is_not_filed_on_by_hand(distributed: Gateway) -> None:
    """It went to the home library's desk, which asks the supplier itself."""
    distributed.do(c.FileRequest)
    said: dict[str, Any] = {"channel": Channel.OTHER, "to": "CN-ZJU"}
    assert distributed.cited(c.NoteOnward, **said) == [("ill.gateway.not-by-mail", "CALIS-18")]


@pytest.mark.clause("CALIS-3")
def test_an_answer_ends_the_filing_and_who_filed_hears_it(email: Gateway) -> None:
    """Filled or not, with the librarian's note; the evidence stays in the journal."""
    email.by_mail()
    change = email.do(
        c.RecordAnswer, "2026-03-05", filled=False, note="国内无收藏", evidence="<m1@example.org>"
    )

    (message,) = change.messages
    assert (message.kind, message.to) == ("ill.gateway.answered", READER)
    assert facts_of(message) == {"filled": False, "note": "国内无收藏"}
    it = email.filing()
    assert (it.state, it.filled, it.answer, it.answered_on) == (
        FilingState.ANSWERED,
        False,
        "国内无收藏",
        date(2026, 3, 5),
    )


@pytest.mark.clause("CALIS-3", "CALIS-18")
@pytest.mark.parametrize("own", [False, True])
def test_what_came_by_mail_is_answered_also_when_the_librarian_said_that_he_has_it(own: bool) -> None:
    """He files it on and answers; until then the clock goes on, at the library's own gateway, too."""
    gateway = Gateway(HOME if own else CENTRE, mode=ModeName.EMAIL)
    gateway.by_mail()
    gateway.do(c.HearTakenIn)
    assert gateway.filing().state is FilingState.TAKEN_IN
    gateway.do(c.NoteOnward, channel=Channel.OTHER, to="CN-ZJU")
    command = gateway.clock("2026-03-10")
    assert command is not None
    told = gateway.take(command).messages
    assert [message.kind for message in told] == ["ill.gateway.late", "ill.gateway.unanswered"]
    gateway.do(c.RecordAnswer, "2026-03-11", filled=True)
    assert (gateway.filing().state, gateway.filing().filled) == (FilingState.ANSWERED, True)


def test_the_librarys_own_answer_stands_over_that_of_the_gateways_staff(email: Gateway) -> None:
    """The same once more is noted; another is told to who filed it, and staff see that there were two."""
    email.by_mail()
    email.do(c.RecordAnswer, filled=False, note="国内无收藏", by=Actor("staff", CENTRE, Office.STAFF))
    same = email.do(c.RecordAnswer, "2026-03-03", filled=False, note="国内无收藏")
    assert (same.messages, email.filing().attention, email.filing().answered_on) == ((), (), date(2026, 3, 2))
    (message,) = email.do(c.RecordAnswer, "2026-03-04", filled=False, note="已代查").messages
    assert facts_of(message) == {"filled": False, "note": "已代查"}
    email.do(
        c.ClearFilingAttention, code="ill.attention.answered-otherwise", by=Actor("s", CENTRE, Office.STAFF)
    )
    (message,) = email.do(c.RecordAnswer, "2026-03-04", filled=True).messages

    assert (message.kind, message.to, facts_of(message)["filled"]) == ("ill.gateway.answered", READER, True)
    it = email.filing()
    assert (it.state, it.filled, it.answer, it.answered_on) == (
        FilingState.ANSWERED,
        True,
        None,
        date(2026, 3, 4),
    )
    (reason,) = it.attention
    assert (reason.code, dict(reason.facts)) == (
        "ill.attention.answered-otherwise",
        {"sender": HOME, "filled": False},
    )
    assert email.cited(c.RecordAnswer, filled=True, by=Actor("staff", CENTRE, Office.STAFF)) == [
        ("lifecycle.not-yours", None)
    ]


def test_what_became_of_a_case_here_the_case_says(individual: Gateway) -> None:
    """Nobody answers for it; where the case is another desk's, what was heard of it is recorded."""
    individual.do(c.FileRequest)
    staff = Actor("staff", CENTRE, Office.STAFF)
    assert individual.cited(c.RecordAnswer, filled=True, by=staff) == [
        ("ill.gateway.case-answers", "CALIS-12")
    ]
    elsewhere = Gateway(mode=ModeName.DISTRIBUTED)
    elsewhere.do(c.FileRequest)
    elsewhere.do(c.HearTakenIn)
    elsewhere.do(c.RecordAnswer, filled=True, by=staff)
    assert elsewhere.filing().state is FilingState.ANSWERED


def test_nothing_is_done_with_it_before_it_was_filed(email: Gateway) -> None:
    """Neither filed on nor answered, nor answered once more; on that day it may be."""
    email.by_mail("2026-03-02")
    early = [("ill.before-its-start", None)]
    assert email.cited(c.NoteOnward, "2026-03-01", channel=Channel.OTHER, to="CN-ZJU") == early
    assert email.cited(c.RecordAnswer, "2026-03-01", filled=True) == early
    email.do(c.RecordAnswer, "2026-03-02", filled=True)
    assert email.cited(c.RecordAnswer, "2026-03-01", filled=True) == early
    assert email.cited(c.RecordAnswer, "2026-03-01", filled=False) == early


# --- who, and by which way ----------------------------------------------------------------------------


@pytest.mark.clause("CALIS-1", "CALIS-14")
@pytest.mark.parametrize(
    ("mode", "route", "expected"),
    [
        (ModeName.EMAIL, Route.LOGIN, [("ill.gateway.other-way", "CALIS-14")]),
        (ModeName.DISTRIBUTED, Route.MAIL_FORM, [("ill.gateway.other-way", "CALIS-14")]),
        (ModeName.EMAIL, Route.MAIL_FORM, []),
        (ModeName.DISTRIBUTED, Route.LOGIN, []),
    ],
)
def test_the_way_of_filing_follows_from_the_librarys_mode(
    mode: ModeName, route: Route, expected: list[tuple[str, str]]
) -> None:
    """The reader of an e-mail library files by mail, everybody else with a login."""
    assert Gateway(mode=mode).cited(c.FileRequest, route=route, details=("name", "email")) == expected


@pytest.mark.clause("CALIS-2")
def test_with_a_login_one_chooses_among_the_libraries_of_ones_accounts(distributed: Gateway) -> None:
    """An account of the chosen library is needed, here or there; one that has expired is none."""
    distributed.know(accounts_at=("CN-440104",))
    refused = [("ill.gateway.no-account-there", "CALIS-2")]
    assert distributed.cited(c.FileRequest) == refused
    distributed.account(READER, valid_through=date(2026, 3, 1))
    assert distributed.cited(c.FileRequest) == refused
    distributed.account(READER, valid_through=date(2026, 3, 2))
    assert distributed.cited(c.FileRequest) == []


@pytest.mark.clause("CALIS-2", "CALIS-4")
def test_who_was_suspended_here_has_no_account_whatever_the_host_says(distributed: Gateway) -> None:
    """Nor who left, or whose account has expired; one that waits to be confirmed changes nothing."""
    refused = [("ill.gateway.no-account-there", "CALIS-2")]
    for said in (
        {"state": AccountState.SUSPENDED},
        {"state": AccountState.CLOSED},
        {"valid_through": date(2026, 3, 1)},
    ):
        distributed.account(READER, **said)
        assert distributed.cited(c.FileRequest) == refused
    distributed.account(LIBRARIAN, OPERATOR, state=AccountState.SUSPENDED)
    distributed.account(HOME, INSTITUTION, mode=ModeName.DISTRIBUTED)
    assert distributed.cited(c.FileRequest, by=STAFF) == refused
    for state in (AccountState.REGISTERED, AccountState.CONFIRMED, AccountState.DECLINED):
        distributed.account(READER, state=state)
        assert distributed.cited(c.FileRequest) == []
    distributed.account(READER, state=AccountState.SUSPENDED, home="CN-440104")
    assert distributed.cited(c.FileRequest) == []


def test_the_institutions_account_is_its_librarians_login(distributed: Gateway) -> None:
    """Not the reader's, and not where somebody else's account has the library's reference."""
    distributed.know(accounts_at=())
    refused = ("ill.gateway.no-account-there", "CALIS-2")
    distributed.account(HOME, INSTITUTION)
    assert distributed.cited(c.FileRequest, by=STAFF) == []
    assert refused in distributed.cited(c.FileRequest)
    distributed.account(HOME, HolderKind.PATRON)
    assert refused in distributed.cited(c.FileRequest, by=STAFF)


@pytest.mark.clause("CALIS-14")
def test_a_library_takes_part_in_a_mode_of_the_network(distributed: Gateway) -> None:
    """A library that is no member, or has chosen what the network does not have, is named."""
    distributed.know(mode=ModeName.BROADCAST)
    (reason,) = distributed.reasons(c.FileRequest)
    assert (reason.code, reason.facts) == (
        "ill.gateway.no-such-mode",
        (("library", HOME), ("mode", "broadcast")),
    )
    distributed.know(mode=None)
    assert distributed.cited(c.FileRequest) == [("ill.gateway.no-member", "CALIS-14")]


@pytest.mark.clause("ZJU-3")
def test_from_the_portal_the_service_is_chosen_first(distributed: Gateway) -> None:
    """By the gateway's own address one lands there directly; from the portal the ILL service is chosen."""
    assert distributed.cited(c.FileRequest, entry=Entry.GATEWAY) == []
    assert distributed.cited(c.FileRequest, entry=Entry.PORTAL) == [
        ("ill.gateway.service-not-chosen", "ZJU-3")
    ]
    assert distributed.cited(c.FileRequest, entry=Entry.PORTAL, service_chosen=True) == []


def test_a_reader_files_for_himself_and_a_librarian_for_his_own_library(distributed: Gateway) -> None:
    """Nobody files for another reader, or for another library's."""
    (reason,) = distributed.reasons(c.FileRequest, patron="p-18")
    assert reason == Reason("ill.not-the-patron", None, (("patron", "p-18"),))
    stranger = Actor(LIBRARIAN, "CN-440104", Office.STAFF)
    (reason,) = distributed.reasons(c.FileRequest, by=stranger)
    assert reason == Reason("ill.gateway.not-its-staff", None, (("library", HOME),))


def test_a_reader_is_signed_in_at_the_gateway_or_by_the_library_that_he_chose(distributed: Gateway) -> None:
    """Another institution's word for who he is does not file, and is not told how it stands."""
    elsewhere, at_home = (Actor(READER, place, Office.PERSON) for place in ("CN-440104", HOME))
    (reason,) = distributed.reasons(c.FileRequest, by=elsewhere)
    assert reason == Reason("ill.gateway.not-its-reader", None, (("library", HOME),))
    distributed.do(c.FileRequest, by=at_home)
    assert distributed.cited(c.AskHowItStands, by=elsewhere) == [("lifecycle.not-yours", None)]
    assert distributed.cited(c.AskHowItStands, by=at_home) == []
    assert distributed.cited(c.AskHowItStands, by=distributed.reader) == []


@pytest.mark.parametrize("mode", [ModeName.EMAIL, ModeName.DISTRIBUTED, ModeName.CENTRE_INDIVIDUAL])
def test_a_filing_has_an_id_that_no_case_has(mode: ModeName) -> None:
    """Or the case could not be opened, or another reader's would be shown for it; nothing was written."""
    gateway = Gateway(mode=mode)
    gateway.account(READER)
    gateway.do(b.DraftRequest, **OTHERS)
    before = gateway.aggregates
    said: dict[str, Any] = {"route": MODES[mode].filed_through.value, "details": ("name", "email")}
    with pytest.raises(Refused) as refused:
        gateway.do(c.FileRequest, **said)
    assert [reason.code for reason in refused.value.reasons] == ["ill.gateway.id-taken"]
    assert gateway.aggregates == before
    assert gateway.cited(c.FileRequest, **said, case="F-2") == []


@pytest.mark.parametrize("mode", [ModeName.EMAIL, ModeName.DISTRIBUTED])
def test_what_goes_to_another_can_be_looked_for_and_is_still_needed(mode: ModeName) -> None:
    """As a case is checked here; the last day on which it is of use counts."""
    gateway = Gateway(mode=mode)
    said: dict[str, Any] = {"route": MODES[mode].filed_through.value, "details": ("name", "email")}
    assert gateway.cited(c.FileRequest, **said, requested=Requested()) == [("ill.not-cited", None)]
    assert gateway.cited(c.FileRequest, **said, need_before=date(2026, 3, 1)) == [
        ("ill.need-before-passed", None)
    ]
    assert gateway.cited(c.FileRequest, **said, need_before=date(2026, 3, 2)) == []


@pytest.mark.clause("CALIS-23")
@pytest.mark.parametrize("mode", [ModeName.EMAIL, ModeName.DISTRIBUTED, ModeName.CENTRE_INDIVIDUAL])
def test_a_readers_address_is_not_filed(mode: ModeName) -> None:
    """The way it is wanted names a reference; an e-mail address in it is refused, and said to be one."""
    gateway = Gateway(mode=mode)
    gateway.account(READER)
    said: dict[str, Any] = {"route": MODES[mode].filed_through.value, "details": ("name", "email")}
    address = Delivery(via=SentVia.EMAIL, reference="reader@example.org")
    assert gateway.cited(c.FileRequest, **said, delivery=address) == [("ill.gateway.address-given", None)]
    reference = Delivery(via=SentVia.EMAIL, reference="p-17/2")
    assert gateway.cited(c.FileRequest, **said, delivery=reference) == []


# --- the home library's desk ---------------------------------------------------------------------------


@pytest.mark.clause("CALIS-6", "CALIS-19")
def test_in_distributed_mode_it_enters_the_home_librarys_gateway(distributed: Gateway) -> None:
    """Its desk is told; there is no case until it has taken it in."""
    change = distributed.do(c.FileRequest)

    (message,) = change.messages
    assert (message.kind, message.to) == ("ill.gateway.request", HOME)
    assert for_a_desk(message)
    assert distributed.filing().state is FilingState.WITH_LIBRARY


@pytest.mark.clause("CALIS-19")
@pytest.mark.parametrize(
    ("lacking", "code"), [("runs_system", "no-system"), ("service_library", "no-service-library")]
)
def test_distributed_mode_needs_a_service_library_with_a_system(
    distributed: Gateway, lacking: str, code: str
) -> None:
    """Both ends are service libraries that run an ILL system."""
    distributed.know(**{lacking: False})
    assert distributed.cited(c.FileRequest) == [(f"ill.gateway.{code}", "CALIS-19")]


@pytest.mark.clause("CALIS-6", "CALIS-19")
def test_the_home_librarys_desk_hears_it_and_opens_a_case(distributed: Gateway) -> None:
    """One message: the filing and the case at home, the patron's own; the gateway hears that it was taken in."""
    distributed.do(c.FileRequest, level=Level.RUSH, note="急用", delivery=Delivery(via=SentVia.EMAIL))
    home = Gateway(HOME)
    command = heard(
        distributed.told[0], sender=CENTRE, at=HOME, received_at=home.command(c.FileRequest).happened_at
    )
    assert command is not None
    change = home.take(command)

    id = f"{CENTRE}/{FILING}"
    case = home.case(id)
    assert (case.patron, case.library, case.level, case.note) == (READER, HOME, Level.RUSH, "急用")
    assert case.requested == BOOK
    assert case.state is not CaseState.DRAFT
    it = home.filing(id)
    assert (it.state, it.came_from, it.gateway) == (FilingState.TAKEN_IN, CENTRE, HOME)
    told = next(message for message in change.messages if message.kind == "ill.gateway.taken-in")
    assert told.to == CENTRE
    back = heard(told, sender=HOME, at=CENTRE, received_at=command.happened_at)
    assert back is not None
    distributed.take(back)
    assert distributed.filing().state is FilingState.TAKEN_IN
    assert distributed.clock("2027-01-01") is None
    distributed.do(c.HearTakenIn)
    assert distributed.filing().state is FilingState.TAKEN_IN


@pytest.mark.clause("CALIS-19")
@pytest.mark.parametrize(
    "said",
    [
        {"declared": False},
        {"requested": Requested()},
        {"need_before": date(2026, 3, 1)},
        {"max_cost": Money(30, "EUR")},
    ],
)
def test_what_cannot_be_submitted_by_itself_is_the_librarians(said: dict[str, Any]) -> None:
    """What is heard is never refused: the case stands as a draft, and the desk's own staff are told."""
    home = Gateway(HOME)
    change = home.do(c.HearFiling, **said)

    assert home.case(f"{CENTRE}/{FILING}").state is CaseState.DRAFT
    kinds = [(message.kind, message.to) for message in change.messages]
    assert kinds == [("ill.gateway.taken-in", CENTRE), ("ill.gateway.arrived", HOME)]


@pytest.mark.clause("CALIS-19")
@pytest.mark.parametrize("known", [(), ("CN-2",)])
def test_only_a_gateway_that_the_host_knows_files_for_its_readers(known: tuple[str, ...]) -> None:
    """Whoever else says that a reader here ordered something opens nothing, and is told why."""
    home = Gateway(HOME)
    home.know(gateways=known)
    (reason,) = home.reasons(c.HearFiling)
    assert (reason.code, reason.clause, reason.facts) == (
        "ill.gateway.unknown",
        PRACTICE,
        (("gateway", CENTRE),),
    )
    home.know(gateways=(*known, CENTRE))
    assert home.reasons(c.HearFiling) == ()


@pytest.mark.clause("CALIS-19")
def test_what_the_desks_own_rules_find_lacking_waits_as_a_draft() -> None:
    """Where they ask for more of a citation than was passed on, nothing is refused, and staff are told."""
    home = Gateway(HOME)
    clause = home.borrowing.required_citation.on(date.max).clause
    author: Dated[tuple[CitedPart, ...]] = Dated.always("required_citation", (CitedPart.AUTHOR,), clause)
    home.borrowing = replace(home.borrowing, required_citation=author)
    change = home.do(c.HearFiling)
    assert home.case(f"{CENTRE}/{FILING}").state is CaseState.DRAFT
    assert [message.kind for message in change.messages] == ["ill.gateway.taken-in", "ill.gateway.arrived"]

    cited = replace(BOOK, author="陈望之")
    home.do(c.HearFiling, case="CN-2/F-1", requested=cited)
    assert home.case("CN-2/F-1").state is not CaseState.DRAFT


def test_what_is_passed_on_under_the_id_of_another_case_is_taken_in_by_hand() -> None:
    """It is not refused: staff see it and answer it, and the other case is neither shown nor changed."""
    home, id = Gateway(HOME), f"{CENTRE}/{FILING}"
    others = {**OTHERS, "case": id, "library": HOME, "by": Actor("ils", HOME, Office.SYSTEM)}
    home.do(b.DraftRequest, **others)
    change = home.do(c.HearFiling)

    assert [message.kind for message in change.messages] == ["ill.gateway.taken-in", "ill.gateway.arrived"]
    assert [it.kind for it in change.becomes] == ["ill.filing"]
    assert home.case(id).patron == "p-99"
    it = home.filing(id)
    assert (it.state, it.intake) == (FilingState.WITH_LIBRARY, Intake.LIBRARIAN)
    assert [reason.code for reason in it.attention] == ["ill.attention.case-id-taken"]
    (status,) = home.do(c.AskHowItStands, case=id, by=home.reader).messages
    assert facts_of(status) == {"status": "with_library"}
    home.do(c.HearTakenIn, case=id)
    home.do(c.RecordAnswer, case=id, filled=True)
    assert home.filing(id).state is FilingState.ANSWERED


def test_a_readers_address_that_a_gateway_passes_on_is_not_taken_over() -> None:
    """The way he asked for is; a reference that is no address is, too."""
    at = Gateway().command(c.FileRequest).happened_at
    for reference, kept in (("reader@example.org", ""), ("room 214", "room 214")):
        facts = (("request", FILING), ("reader", READER), ("service", "Loan"), ("title", "溪山琴谱"))
        wished = (("via", "Email"), ("reference", reference))
        message = Message(
            key="k", to=HOME, kind="ill.gateway.request", about=Key(Filing.kind, FILING), facts=facts + wished
        )
        command = heard(message, sender=CENTRE, at=HOME, received_at=at)
        assert isinstance(command, c.HearFiling)
        assert command.delivery == Delivery(via=SentVia.EMAIL, reference=kept)


def test_a_most_cost_in_a_foreign_currency_stays_on_the_filing() -> None:
    """The case has none, and the librarian can read it."""
    home = Gateway(HOME)
    home.do(c.HearFiling, max_cost=Money(30, "EUR"))

    assert home.filing(f"{CENTRE}/{FILING}").max_cost == Money(30, "EUR")
    assert home.case(f"{CENTRE}/{FILING}").max_cost is None


def test_a_filing_that_lacks_something_is_no_message() -> None:
    """What is missing is named: the reader, the service, the request."""
    empty = Message(key="k", to=HOME, kind="ill.gateway.request", about=Key(Filing.kind, FILING))
    at = Gateway().command(c.FileRequest).happened_at
    with pytest.raises(InvalidMessage) as invalid:
        heard(empty, sender=CENTRE, at=HOME, received_at=at)
    assert {problem.where for problem in invalid.value.problems} == {
        "facts.request",
        "facts.reader",
        "facts.service",
    }
    taken = Message(key="k", to=CENTRE, kind="ill.gateway.taken-in", about=empty.about)
    with pytest.raises(InvalidMessage):
        heard(taken, sender=HOME, at=CENTRE, received_at=at)


def test_in_its_own_gateway_a_library_takes_it_in_at_once() -> None:
    """Where the gateway is the home library's own there is nobody else to be told."""
    home = Gateway(HOME, mode=ModeName.DISTRIBUTED)
    home.do(c.FileRequest)

    assert (home.filing().state, home.case().patron) == (FilingState.TAKEN_IN, READER)


# --- the centre ---------------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-7", "CALIS-23", "CALIS-24")
def test_an_individual_users_request_is_a_case_at_the_centre(individual: Gateway) -> None:
    """The reader's own account asks; the document goes to him, by the way he asked for."""
    wished = Delivery(via=SentVia.COURIER, reference="room 214")
    individual.do(c.FileRequest, delivery=wished)

    case = individual.case()
    assert (case.patron, case.library, case.wished) == (READER, CENTRE, wished)
    assert individual.filing().account == READER
    order = next(message for message in individual.told if message.kind == "ill.borrowing.request")
    assert dict(order.facts)["via"] == "Courier"
    assert dict(order.facts)["requester"] == CENTRE


@pytest.mark.clause("CALIS-24")
def test_an_individual_user_needs_an_active_account_of_his_library(individual: Gateway) -> None:
    """One that was not confirmed, or of another library's reader, is none."""
    for said in ({"state": AccountState.CONFIRMED}, {"home": "CN-440104"}, {"valid_from": date(2026, 3, 3)}):
        individual.account(READER, **said)
        assert ("ill.gateway.account-not-active", "CALIS-24") in individual.cited(c.FileRequest)


@pytest.mark.clause("CALIS-20")
@pytest.mark.parametrize("mode", [ModeName.CENTRE_GROUP, ModeName.CENTRE_INDIVIDUAL])
def test_the_centre_takes_nothing_of_a_library_that_is_not_registered(mode: ModeName) -> None:
    """Neither of its readers, nor filed for them by its librarian."""
    gateway = Gateway(mode=mode)
    gateway.know(registered=False)
    assert ("ill.gateway.not-registered", "CALIS-20") in gateway.cited(c.FileRequest)
    assert ("ill.gateway.not-registered", "CALIS-20") in gateway.cited(c.FileRequest, by=STAFF)
    gateway.know(registered=True)
    assert ("ill.gateway.not-registered", "CALIS-20") not in gateway.cited(c.FileRequest, by=STAFF)


@pytest.mark.clause("CALIS-21")
def test_in_group_mode_the_librarian_files_with_the_institutions_confirmed_account(group: Gateway) -> None:
    """Readers do not; and before the account is confirmed, or once it is closed, nobody does."""
    assert group.cited(c.FileRequest, by=STAFF) == []
    assert ("ill.gateway.not-filed-by", "CALIS-21") in group.cited(c.FileRequest)
    group.know(mode=ModeName.CENTRE_GROUP)
    group.account(HOME, INSTITUTION, mode=ModeName.CENTRE_GROUP, state=AccountState.REGISTERED)
    assert group.cited(c.FileRequest, by=STAFF) == [
        ("ill.gateway.no-account-there", "CALIS-2"),
        ("ill.gateway.institution-unconfirmed", "CALIS-21"),
    ]
    for state in (AccountState.SUSPENDED, AccountState.CLOSED):
        group.account(HOME, INSTITUTION, mode=ModeName.CENTRE_GROUP, state=state)
        assert ("ill.gateway.not-registered", "CALIS-20") in group.cited(c.FileRequest, by=STAFF)
    for state in (AccountState.REGISTERED, AccountState.DECLINED):
        group.account(HOME, INSTITUTION, mode=ModeName.CENTRE_GROUP, state=state)
        assert ("ill.gateway.not-registered", "CALIS-20") not in group.cited(c.FileRequest, by=STAFF)


@pytest.mark.clause("CALIS-13", "CALIS-21")
def test_a_request_from_a_search_result_carries_the_note_by_which_it_is_known(group: Gateway) -> None:
    """Directly in the gateway there is no such note; the supplier reads it beside the requester, the centre."""
    group.do(c.FileRequest, by=STAFF, entry=Entry.SEARCH, note="第三章")
    group.do(c.FileRequest, by=STAFF, case="F-2")

    note = "第三章\n从学位论文中心系统检索到的文献！"
    assert (group.case().note, group.case("F-2").note) == (note, None)
    order = next(message for message in group.told if message.kind == "ill.borrowing.request")
    assert dict(order.facts)["note"] == note
    assert dict(order.facts)["requester"] == CENTRE


@pytest.mark.clause("CALIS-11", "CALIS-22")
def test_in_group_mode_the_case_is_the_institutions_and_the_librarian_hands_it_on(group: Gateway) -> None:
    """The institution's account is who asked; the reader is on the filing only."""
    group.do(c.FileRequest, by=STAFF)

    it = group.filing()
    assert (it.account, it.patron, it.filer, it.filed_by) == (HOME, READER, LIBRARIAN, Filer.LIBRARIAN)
    assert group.case().patron == HOME
    group.do(b.HearShipped, by=SUPPLIER, attempt=1, service=Service.LOAN)
    group.do(c.HandOn, "2026-03-20")
    assert group.filing().handed_on_on == date(2026, 3, 20)
    assert group.cited(c.HandOn, "2026-03-21") == [("ill.gateway.handed-on", None)]


@pytest.mark.clause("CALIS-11")
def test_in_individual_mode_a_librarian_files_for_a_reader_without_an_account(individual: Gateway) -> None:
    """The librarian's own account asks, and the document goes to the librarian."""
    assert ("ill.gateway.account-not-active", "CALIS-24") in individual.cited(
        c.FileRequest, by=STAFF, patron="p-99"
    )
    individual.account(LIBRARIAN, OPERATOR)
    individual.do(c.FileRequest, by=STAFF, patron="p-99")

    assert (individual.case().patron, individual.filing().patron) == (LIBRARIAN, "p-99")
    individual.do(b.HearShipped, by=SUPPLIER, attempt=1, service=Service.LOAN)
    assert individual.cited(c.HandOn) == []


@pytest.mark.clause("CALIS-11", "CALIS-24")
@pytest.mark.parametrize(
    ("holder", "filed_by", "enough"),
    [
        (HolderKind.PATRON, "reader", True),
        (HolderKind.OPERATOR, "reader", False),
        (HolderKind.INSTITUTION, "reader", False),
        (HolderKind.PATRON, "librarian", True),
        (HolderKind.OPERATOR, "librarian", True),
        (HolderKind.INSTITUTION, "librarian", False),
    ],
)
def test_in_individual_mode_the_account_is_ones_own(
    individual: Gateway, holder: HolderKind, filed_by: str, enough: bool
) -> None:
    """A reader files with a reader's account, a librarian with his own; with the institution's, nobody does."""
    by = individual.reader if filed_by == "reader" else STAFF
    individual.account(by.party, holder)
    lacking = ("ill.gateway.account-not-active", "CALIS-24")
    assert (lacking in individual.cited(c.FileRequest, by=by)) is not enough


@pytest.mark.clause("CALIS-11", "CALIS-22")
@pytest.mark.parametrize("service", [Service.LOAN, Service.COPY])
def test_it_is_handed_on_when_something_has_come_and_by_a_librarian(group: Gateway, service: Service) -> None:
    """Not before the supplier sent it, and by no program; what was returned since had come."""
    group.do(c.FileRequest, by=STAFF, service=service)
    nothing = [("ill.gateway.nothing-came", "CALIS-22")]
    assert group.cited(c.HandOn) == nothing
    group.do(b.HearShipped, by=SUPPLIER, attempt=1, service=service)
    assert group.cited(c.HandOn) == []
    assert group.cited(c.HandOn, by=Actor("ils", HOME, Office.SYSTEM)) == [
        ("ill.gateway.by-hand", "CALIS-22")
    ]
    assert group.cited(c.HandOn, "2026-03-01") == [("ill.before-its-start", None)]
    came = (CaseOutcome.RETURNED, CaseOutcome.KEPT, CaseOutcome.COPY_DELIVERED)
    for outcome, reasons in (*((each, []) for each in came), (CaseOutcome.CANCELLED, nothing)):
        group.put(replace(group.case(), state=CaseState.CLOSED, outcome=outcome))
        assert group.cited(c.HandOn) == reasons


def test_without_a_case_here_the_answer_says_whether_something_came() -> None:
    """What a librarian filed at another gateway he hands on when it was answered "filled"."""
    gateway = Gateway(mode=ModeName.DISTRIBUTED)
    gateway.do(c.FileRequest, by=STAFF)
    gateway.do(c.HearTakenIn)
    assert gateway.cited(c.HandOn) == [("ill.gateway.nothing-came", "CALIS-22")]
    gateway.do(c.RecordAnswer, filled=False)
    assert gateway.cited(c.HandOn) == [("ill.gateway.nothing-came", "CALIS-22")]
    gateway.do(c.RecordAnswer, filled=True)
    assert gateway.cited(c.HandOn) == []


def test_what_comes_to_the_library_first_is_handed_on_when_it_is_there() -> None:
    """In its own gateway a library that files for its reader waits until it has received it."""
    home = Gateway(HOME, mode=ModeName.DISTRIBUTED)
    home.account(LIBRARIAN, OPERATOR)
    home.account(READER)
    home.do(c.FileRequest, by=STAFF)
    home.put(replace(home.case(), state=CaseState.SHIPPED))
    assert home.cited(c.HandOn) == [("ill.gateway.nothing-came", "CALIS-22")]
    home.put(replace(home.case(), state=CaseState.RECEIVED))
    assert home.cited(c.HandOn) == []


@pytest.mark.clause("CALIS-11")
def test_what_the_reader_filed_himself_nobody_hands_on(individual: Gateway) -> None:
    """It goes to him directly."""
    individual.do(c.FileRequest)
    individual.do(b.HearShipped, by=SUPPLIER, attempt=1, service=Service.LOAN)
    assert individual.cited(c.HandOn) == [("ill.gateway.not-for-a-reader", "CALIS-11")]


def test_the_institutions_account_is_believed_before_the_hosts_facts() -> None:
    """What it leaves open, the host's facts say; an account that is no institution's says nothing."""
    gateway = Gateway(mode=ModeName.EMAIL)
    said: dict[str, Any] = {"route": Route.MAIL_FORM, "details": ("name", "email")}
    gateway.account(HOME, INSTITUTION, librarian="CN-330106_2")
    assert gateway.do(c.FileRequest, **said).messages[0].to == "CN-330106_2"
    gateway.account(HOME, INSTITUTION, mode=ModeName.DISTRIBUTED, runs_system=False, service_library=False)
    codes = [code for code, _ in gateway.cited(c.FileRequest, case="F-2")]
    assert codes == ["ill.gateway.no-system", "ill.gateway.no-service-library"]
    gateway.account(HOME, HolderKind.PATRON, mode=ModeName.DISTRIBUTED)
    assert gateway.do(c.FileRequest, **said, case="F-3").messages[0].to == MAILBOX


@pytest.mark.parametrize("state", AccountState)
def test_only_a_confirmed_account_says_who_gets_a_librarys_mail(state: AccountState) -> None:
    """Anybody may register a library: its reader's request goes where the host says until that is checked."""
    gateway = Gateway(mode=ModeName.EMAIL)
    gateway.account(HOME, INSTITUTION, mode=ModeName.EMAIL, librarian="somebody", state=state)
    checked = state in {AccountState.CONFIRMED, AccountState.ACTIVE}

    (message,) = gateway.by_mail().messages
    assert message.to == ("somebody" if checked else MAILBOX)
    said: dict[str, Any] = {"route": Route.MAIL_FORM, "details": ("name", "email"), "case": "F-2"}
    blocked = [("ill.gateway.not-its-librarian", "CALIS-2")]
    assert gateway.cited(c.FileRequest, **said, librarian="somebody") == ([] if checked else blocked)


def test_a_request_that_cannot_be_submitted_is_refused_with_all_of_it(individual: Gateway) -> None:
    """What is done here out of place is refused, and no filing and no case was written."""
    before = individual.aggregates
    with pytest.raises(Refused) as refused:
        individual.do(c.FileRequest, requested=Requested())
    assert [reason.code for reason in refused.value.reasons] == ["ill.not-cited"]
    assert individual.aggregates == before


# --- how it stands, and the clock ----------------------------------------------------------------------


@pytest.mark.clause("CALIS-12")
def test_the_librarian_asks_for_the_reader_how_it_stands(group: Gateway) -> None:
    """Where the case stands, and whether it was filled once that is known."""
    group.do(c.FileRequest, by=STAFF)
    (message,) = group.do(c.AskHowItStands).messages
    assert (message.kind, message.to) == ("ill.gateway.status", LIBRARIAN)
    assert facts_of(message) == {"status": "sent"}

    supplier = Actor("ils", "CN-ZJU", Office.SYSTEM)
    group.do(b.HearUnfilled, by=supplier, attempt=1)
    (message,) = group.do(c.AskHowItStands).messages
    assert facts_of(message) == {"status": "closed", "filled": False}


@pytest.mark.parametrize("other", [{"patron": "p-99"}, {"fills": "CN-2/W-1"}])
def test_a_case_that_is_not_the_filings_is_not_shown_for_it(group: Gateway, other: dict[str, Any]) -> None:
    """Another's, or one that fills a request to the centre itself, tells the reader nothing."""
    group.do(c.FileRequest, by=STAFF)
    group.put(replace(group.case(), **other))
    (message,) = group.do(c.AskHowItStands).messages
    assert facts_of(message) == {"status": "taken_in"}


@pytest.mark.parametrize("patron", ["p-99", READER])
def test_another_case_of_the_id_does_not_speak_for_a_filing_by_mail(email: Gateway, patron: str) -> None:
    """Its state is not shown, and it does not quiet the clock, be it the same reader's."""
    email.by_mail()
    email.do(b.DraftRequest, **{**OTHERS, "patron": patron})
    email.do(b.Withdraw, by=Actor("staff", CENTRE, Office.STAFF))
    (message,) = email.do(c.AskHowItStands, by=email.reader).messages
    assert facts_of(message) == {"status": "with_library"}
    email.do(c.HearTakenIn)
    command = email.clock("2026-03-10")
    assert command is not None
    assert email.take(command).messages[0].kind == "ill.gateway.late"


@pytest.mark.clause("CALIS-12")
def test_a_filing_by_mail_stands_as_its_librarian_says(email: Gateway) -> None:
    """With the library, filed on, then as it was answered; the reader may ask himself."""
    email.by_mail()
    email.do(c.NoteOnward, channel=Channel.OTHER, to="CN-ZJU")
    (message,) = email.do(c.AskHowItStands, by=email.reader).messages
    assert (message.to, facts_of(message)) == (READER, {"status": "with_library", "onward": "CN-ZJU"})
    email.do(c.RecordAnswer, filled=True)
    (message,) = email.do(c.AskHowItStands, by=email.reader).messages
    assert facts_of(message) == {"status": "answered", "filled": True, "onward": "CN-ZJU"}


@pytest.mark.clause("CALIS-3")
def test_without_an_answer_for_a_week_the_reader_hears_so_once(email: Gateway) -> None:
    """The seventh day is in time; on the eighth the clock speaks, once, and the gateway's staff see it."""
    email.by_mail("2026-03-02")
    assert email.filing().answer_by == date(2026, 3, 9)
    assert email.cited(c.NoteUnanswered, "2026-03-09") == [("ill.gateway.still-in-time", None)]
    assert email.clock("2026-03-09") is None
    command = email.clock("2026-03-10")
    assert command is not None
    told = email.take(command).messages

    assert [(message.kind, message.to) for message in told] == [
        ("ill.gateway.late", READER),
        ("ill.gateway.unanswered", CENTRE),
    ]
    (reason,) = told[1].reasons
    assert (reason.code, reason.clause and reason.clause.id) == ("ill.gateway.answer-late", "CALIS-3")
    assert (email.filing().late, email.clock("2026-06-01")) == (True, None)
    email.do(c.RecordAnswer, filled=True)
    assert email.clock("2026-06-01") is None


@pytest.mark.clause("CALIS-3")
@pytest.mark.parametrize("supplied", [True, False])
def test_of_a_case_at_this_desk_the_case_is_looked_at(individual: Gateway, supplied: bool) -> None:
    """Nothing is said where the supplier has sent it or the case is over; otherwise the reader hears so."""
    individual.do(c.FileRequest, requested=BOOK, service=Service.COPY)
    supplier = Actor("ils", "CN-ZJU", Office.SYSTEM)
    if supplied:
        individual.do(b.HearShipped, by=supplier, attempt=1, service=Service.COPY)
    command = individual.clock("2026-03-10")
    assert command is not None
    told = individual.take(command).messages

    assert bool(told) is not supplied
    assert individual.filing().late is not supplied
    assert individual.clock("2026-06-01") is None


def test_at_the_end_of_the_calendar_nobody_is_woken() -> None:
    """An answer is in time for ever where no day comes after it."""
    gateway = Gateway(mode=ModeName.EMAIL)
    gateway.by_mail("9999-12-28")
    assert gateway.filing().answer_by == date.max
    assert gateway.clock("9999-12-31") is None


# --- who is heard --------------------------------------------------------------------------------------


def test_only_those_whom_it_concerns_are_heard(email: Gateway) -> None:
    """Another reader, another library and another clock are not; the gateway's own staff are."""
    email.by_mail()
    for by in (
        Actor("p-18", CENTRE, Office.PERSON),
        Actor("somebody", "CN-440104", Office.STAFF),
    ):
        assert email.cited(c.AskHowItStands, by=by) == [("lifecycle.not-yours", None)]
    clock = Actor("clock", HOME, Office.CLOCK)
    assert email.cited(c.NoteUnanswered, "2026-03-20", by=clock) == [("lifecycle.not-yours", None)]
    assert email.cited(c.FileRequest, case="F-2", by=Actor("clock", CENTRE, Office.CLOCK)) == [
        ("lifecycle.not-yours", None)
    ]
    assert email.cited(c.RecordAnswer, filled=True, by=Actor("staff", CENTRE, Office.STAFF)) == []


def test_nothing_of_the_address_and_no_personal_detail_is_stored() -> None:
    """A filing and its commands have references and names of details only."""
    stored = {field.name for kind in (Filing, c.FileRequest, c.HearFiling) for field in fields(kind)}
    assert not stored & {"address", "ip", "email", "name", "telephone"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (c.FileRequest, {"patron": " "}),
        (c.FileRequest, {"proposed": None}),
        (c.FileRequest, {"proposed": " CN-330106"}),
        (c.FileRequest, {"library": " "}),
        (c.FileRequest, {"patron": "p-17 "}),
        (c.FileRequest, {"case": "F  1"}),
        (c.HearFiling, {"patron": " p-17"}),
        (c.HearFiling, {"routed_by": ""}),
        (c.HearFiling, {"routed_by": " CN-CALIS"}),
        (c.FileRequest, {"max_cost": Money(-1, "CNY")}),
        (c.HearFiling, {"patron": ""}),
        (c.HearFiling, {"filing": ""}),
        (c.HearFiling, {"max_cost": Money(-1, "CNY")}),
        (c.NoteOnward, {"channel": Channel.OTHER, "to": ""}),
    ],
)
def test_what_says_nothing_is_no_command(kind: Any, said: dict[str, Any]) -> None:
    """Without a reader, a library or a place there is nothing to decide."""
    with pytest.raises(InvalidValue):
        Gateway().command(kind, **said)


def test_every_need_of_a_mode_has_its_guard() -> None:
    """No mode needs what nobody looks at, and there is no guard that no mode needs."""
    assert set(NEEDS) == set(Need)
    assert {need.value for mode in MODES.values() for need in mode.needs} == set(Need)
