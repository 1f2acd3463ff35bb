"""Registration, confirmation and standing of accounts: who may, on what terms, and what the holder hears."""

from __future__ import annotations

from datetime import date

import pytest
from account_desk import (
    CENTRE,
    CLOCK,
    FIELDS,
    HIMSELF,
    HOME,
    OPERATOR,
    PROGRAM,
    READER,
    STAFF,
    AccountDesk,
    cny,
)

from servflow.core.changes import Actor, Key, Office
from servflow.core.errors import AlreadyExists, InvalidValue, Refused
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.effects import next_wake, wake
from servflow.core.ill.accounts.model import IllAccount, account_of
from servflow.core.ill.accounts.states import AccountState, HolderKind, IdentityKind
from servflow.core.ill.accounts.table import ACCOUNT
from servflow.core.money import Money

S = AccountState
ELSEWHERE = Actor("operator-9", "CN-OTHER", Office.STAFF)
THEIR_STAFF = Actor("a librarian", HOME, Office.STAFF)


def kinds(change) -> list[str]:
    """What was told, by kind."""
    return [message.kind for message in change.messages]


# --- registration -----------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-4")
def test_only_what_is_confirmed_may_sign_in_and_file(desk: AccountDesk) -> None:
    """Registration, a mail that it came in, a check, a confirmation mail; only then it can be used."""
    desk.rule(bound_first=())
    received = desk.do(c.RegisterAccount, by=HIMSELF)

    assert kinds(received) == ["ill.account.registered"]
    assert desk.account().state is S.REGISTERED
    assert not desk.account().usable_on(date(2026, 3, 2))

    confirmed = desk.do(c.ConfirmAccount)

    assert kinds(confirmed) == ["ill.account.active"]
    assert [message.to for message in confirmed.messages] == [READER]
    assert desk.account().usable_on(date(2026, 3, 2))


@pytest.mark.clause("CALIS-4")
def test_every_required_field_that_is_missing_is_named(desk: AccountDesk) -> None:
    """A registration lacks two of the fields that must be filled in: both are named, by the clause."""
    found = desk.reasons(c.RegisterAccount, given=("name", "telephone"))

    assert [(each.code, dict(each.facts)["field"]) for each in found] == [
        ("ill.account.field-missing", "email"),
        ("ill.account.field-missing", "institution"),
    ]
    assert {each.clause.id for each in found if each.clause} == {"CALIS-4"}
    assert desk.codes(c.RegisterAccount, given=FIELDS) == []


def test_somebody_registers_himself_only(desk: AccountDesk) -> None:
    """A reader opens no account for another one."""
    assert desk.codes(c.RegisterAccount, by=HIMSELF, case="reader-2") == [("ill.account.not-his-own", None)]


def test_a_reader_opens_no_account_for_his_institution(desk: AccountDesk) -> None:
    """An institution speaks through its staff."""
    said = {
        "holder": HolderKind.INSTITUTION,
        "home": HOME,
        "case": HOME,
        "by": Actor(HOME, HOME, Office.PERSON),
    }

    assert desk.codes(c.RegisterAccount, **said) == [("ill.account.not-his-own", None)]


@pytest.mark.clause("CALIS-8")
def test_an_institution_registers_itself_once(desk: AccountDesk) -> None:
    """Its account is known by its own reference, so that a library has one; its staff may open it."""
    said = {"holder": HolderKind.INSTITUTION, "home": HOME, "by": THEIR_STAFF}
    change = desk.command(c.RegisterAccount, case=HOME, **said)

    assert desk.take(change).entries[0].role == "holder"
    assert desk.account(HOME).home == HOME
    with pytest.raises(AlreadyExists):
        desk.do(c.RegisterAccount, case=HOME, **said)
    assert ("ill.account.one-per-institution", "CALIS-8") in desk.codes(
        c.RegisterAccount, case="another", holder=HolderKind.INSTITUTION, home=HOME
    )


def test_staff_of_the_desk_register_anybody(desk: AccountDesk) -> None:
    """What came on paper is entered by the desk that keeps the account."""
    assert desk.do(c.RegisterAccount).entries[0].role == "staff"
    assert desk.account().keeper == CENTRE


@pytest.mark.clause("CALIS-8", "CALIS-24")
def test_an_operator_registers_readers_of_his_library(desk: AccountDesk) -> None:
    """The centre has set him up; he registers nobody of another library, no institution and no operator."""
    assert desk.codes(c.RegisterAccount, by=OPERATOR)[0][0] == "ill.account.not-his-own"
    desk.set_up_operator()

    assert desk.do(c.RegisterAccount, by=OPERATOR).entries[0].role == "operator"
    for said in ({"home": "CN-OTHER"}, {"holder": HolderKind.OPERATOR}):
        assert desk.codes(c.RegisterAccount, by=OPERATOR, case="x", **said) != []


def test_a_home_must_be_named() -> None:
    """A registration without a library is none."""
    with pytest.raises(InvalidValue, match="home"):
        AccountDesk().command(c.RegisterAccount, home=" ")


def test_only_people_register(desk: AccountDesk) -> None:
    """A program or the clock opens no account."""
    for by in (PROGRAM, CLOCK):
        assert desk.codes(c.RegisterAccount, by=by) == [("lifecycle.not-yours", None)]


def test_who_was_declined_registers_again(desk: AccountDesk) -> None:
    """He hears why not, registers anew with every field, and may say that he is of another library now."""
    desk.do(c.RegisterAccount, by=HIMSELF)
    declined = desk.do(c.DeclineAccount, reason="unknown at the university")

    assert kinds(declined) == ["ill.account.declined"]
    assert dict(declined.messages[0].facts)["reason"] == "unknown at the university"
    assert (desk.account().state, desk.account().why) == (S.DECLINED, "unknown at the university")
    assert [code for code, _ in desk.codes(c.RegisterAgain, by=HIMSELF, given=())] == 4 * [
        "ill.account.field-missing"
    ]

    assert kinds(desk.do(c.RegisterAgain, by=HIMSELF, home="CN-OTHER")) == ["ill.account.registered"]
    assert (desk.account().state, desk.account().why, desk.account().home) == (S.REGISTERED, None, "CN-OTHER")


@pytest.mark.clause("CALIS-8")
def test_an_institution_stays_its_own_home(desk: AccountDesk) -> None:
    """Also when it registers again."""
    desk.do(c.RegisterAccount, case=HOME, holder=HolderKind.INSTITUTION)
    desk.do(c.DeclineAccount, case=HOME, reason="no reply")

    assert desk.codes(c.RegisterAgain, case=HOME, home="CN-OTHER") == [
        ("ill.account.one-per-institution", "CALIS-8")
    ]
    desk.do(c.RegisterAgain, case=HOME, home=HOME)
    assert desk.account(HOME).state is S.REGISTERED


@pytest.mark.clause("CALIS-24")
def test_an_operator_moves_nobody_to_another_library(desk: AccountDesk) -> None:
    """He registers a reader of his own again, for his library only; the desk does it for any."""
    desk.set_up_operator()
    desk.do(c.RegisterAccount, by=OPERATOR)
    desk.do(c.DeclineAccount, by=OPERATOR, reason="no reply")

    assert desk.codes(c.RegisterAgain, by=OPERATOR, home="CN-OTHER") == [
        ("ill.account.not-his-own", "CALIS-24")
    ]
    assert desk.codes(c.RegisterAgain, home="CN-OTHER") == []
    assert desk.codes(c.RegisterAgain, by=OPERATOR, home=HOME) == []


@pytest.mark.clause("CALIS-8")
def test_an_operator_registers_no_operator_again(desk: AccountDesk) -> None:
    """Operators are the desk's to see to, also the second time."""
    desk.set_up_operator()
    desk.do(c.RegisterAccount, case="operator-2", holder=HolderKind.OPERATOR)
    desk.do(c.DeclineAccount, case="operator-2", reason="no reply")

    assert desk.codes(c.RegisterAgain, case="operator-2", by=OPERATOR) == [
        ("ill.account.desk-only", "CALIS-8")
    ]


def test_a_registration_by_somebody_else_keeps_nobody_out(desk: AccountDesk) -> None:
    """The holder, by the desk, and the desk take it over while it waits; what was bound to it is free."""
    desk.set_up_operator("CN-OTHER", ELSEWHERE.party)
    desk.do(c.RegisterAccount, home="CN-OTHER", by=ELSEWHERE)
    desk.do(c.BindIdentity, by=ELSEWHERE, kind=IdentityKind.EMAIL, token="t-evil")

    assert desk.codes(c.RegisterAgain, by=HIMSELF) == [("lifecycle.not-yours", None)]
    assert desk.codes(c.RegisterAgain, by=ELSEWHERE) == [("lifecycle.not-yours", None)]
    desk.do(c.RegisterAgain, by=Actor(READER, CENTRE, Office.PERSON), home=HOME)
    account = desk.account()
    assert (account.state, account.home, account.identities) == (S.REGISTERED, HOME, {})
    assert account_of(desk.identity(IdentityKind.EMAIL, "t-evil")) is None
    assert desk.codes(c.BindIdentity, by=ELSEWHERE, kind=IdentityKind.EMAIL, token="t-evil") == [
        ("lifecycle.not-yours", None)
    ]
    desk.do(c.RegisterAgain, home="CN-OTHER")
    assert desk.account().home == "CN-OTHER"


@pytest.mark.clause("CALIS-8")
def test_the_desk_says_whose_account_a_librarys_reference_is(desk: AccountDesk) -> None:
    """Registered for a reader of another library, it becomes the institution's own; nobody else corrects that."""
    desk.set_up_operator("CN-OTHER", ELSEWHERE.party)
    desk.do(c.RegisterAccount, case=HOME, home="CN-OTHER", by=ELSEWHERE)
    said = {"case": HOME, "holder": HolderKind.INSTITUTION}

    himself = Actor(HOME, CENTRE, Office.PERSON)
    assert ("ill.account.desk-only", "CALIS-8") in desk.codes(c.RegisterAgain, by=himself, **said)
    assert desk.codes(c.RegisterAgain, **said) == [("ill.account.one-per-institution", "CALIS-8")]
    desk.do(c.RegisterAgain, home=HOME, **said)
    assert (desk.account(HOME).holder, desk.account(HOME).home) == (HolderKind.INSTITUTION, HOME)


def test_a_person_registers_by_the_library_that_is_his(desk: AccountDesk) -> None:
    """Or by the desk; not by one house for another, as a reader or an operator."""
    for home, holder in (("CN-OTHER", HolderKind.PATRON), ("CN-OTHER", HolderKind.OPERATOR)):
        assert desk.codes(c.RegisterAccount, by=HIMSELF, home=home, holder=holder) == [
            ("ill.account.not-his-own", None)
        ]
    at_the_desk = Actor(READER, CENTRE, Office.PERSON)
    assert desk.codes(c.RegisterAccount, by=at_the_desk, home="CN-OTHER") == []


# --- confirmation -----------------------------------------------------------------------------------


@pytest.mark.clause("CALIS-10", "CALIS-24")
def test_the_home_librarys_operator_confirms_and_sets_the_terms(desk: AccountDesk) -> None:
    """Overdraft, deposit and validity are what he says; the holder hears them, and what is lacking."""
    desk.set_up_operator()
    desk.do(c.RegisterAccount, by=HIMSELF)
    terms = {"overdraft": cny(50), "deposit": cny(200), "valid_through": date(2026, 6, 30)}
    change = desk.do(c.ConfirmAccount, by=OPERATOR, valid_from=date(2026, 3, 1), **terms)

    account = desk.account()
    assert change.entries[0].role == "operator"
    assert (account.state, account.overdraft, account.deposit_needed) == (S.CONFIRMED, cny(50), cny(200))
    assert (account.valid_from, account.valid_through) == (date(2026, 3, 1), date(2026, 6, 30))
    (told,) = change.messages
    assert told.kind == "ill.account.confirmed"
    assert dict(told.facts) == {"valid_from": date(2026, 3, 1), **terms}
    assert [reason.code for reason in told.reasons] == [
        "ill.account.deposit-unpaid",
        "ill.account.identity-missing",
    ]


@pytest.mark.clause("CALIS-24")
def test_an_operator_of_another_library_is_refused(desk: AccountDesk) -> None:
    """Nobody confirms the readers of a library that is not his, although the centre has set him up."""
    desk.set_up_operator()
    desk.set_up_operator("CN-OTHER", ELSEWHERE.party)
    desk.do(c.RegisterAccount, by=HIMSELF)

    assert desk.codes(c.ConfirmAccount, by=ELSEWHERE) == [("lifecycle.not-yours", None)]
    assert desk.codes(c.ConfirmAccount, by=OPERATOR) == []


@pytest.mark.clause("CALIS-8")
@pytest.mark.parametrize("how", ["none", "a reader", "of another library", "suspended"])
def test_an_operator_is_set_up_by_the_centre(desk: AccountDesk, how: str) -> None:
    """Staff of the home library who have no operator's account of it that can be used are no operators here."""
    if how == "a reader":
        desk.open(OPERATOR.party)
    elif how != "none":
        desk.set_up_operator("CN-OTHER" if how == "of another library" else HOME)
    if how == "suspended":
        desk.do(c.SuspendAccount, case=OPERATOR.party, reason="left the library")
    desk.do(c.RegisterAccount, by=HIMSELF)

    assert desk.codes(c.ConfirmAccount, by=OPERATOR) == [("ill.account.no-operator", "CALIS-8")]


@pytest.mark.clause("CALIS-8", "CALIS-21")
@pytest.mark.parametrize("holder", [HolderKind.INSTITUTION, HolderKind.OPERATOR])
def test_institutions_and_operators_are_confirmed_by_the_centre(
    desk: AccountDesk, holder: HolderKind
) -> None:
    """Their own library's operator does not, nor takes he their money; the centre's staff do."""
    desk.set_up_operator()
    case = HOME if holder is HolderKind.INSTITUTION else "operator-2"
    desk.do(c.RegisterAccount, case=case, holder=holder)

    refused = [("ill.account.desk-only", "CALIS-8")]
    assert desk.codes(c.ConfirmAccount, case=case, by=OPERATOR) == refused
    assert desk.codes(c.DeclineAccount, case=case, by=OPERATOR, reason="no") == refused
    assert refused[0] in desk.codes(c.CloseAccount, case=case, by=OPERATOR, reason="no")
    assert desk.codes(c.PayIn, case=case, by=OPERATOR, amount=cny(1)) == refused
    assert desk.codes(c.Clear, case=case, by=OPERATOR) == refused
    desk.do(c.ConfirmAccount, case=case)
    assert desk.codes(c.PayDeposit, case=case, by=OPERATOR, amount=cny(1)) == refused
    expected = S.ACTIVE if holder is HolderKind.INSTITUTION else S.CONFIRMED
    assert desk.account(case).state is expected


@pytest.mark.clause("CALIS-10")
def test_an_overdraft_has_its_limit(desk: AccountDesk) -> None:
    """No library allows more than the network lets it; the limit itself is allowed."""
    desk.do(c.RegisterAccount)
    most = desk.network.most_overdraft.on(date(2026, 3, 2)).value

    (reason,) = desk.reasons(c.ConfirmAccount, overdraft=most + cny("0.01"))
    assert (reason.code, reason.facts) == ("ill.account.overdraft-above-most", (("most", most),))
    assert desk.codes(c.ConfirmAccount, overdraft=most) == []


@pytest.mark.parametrize("term", ["overdraft", "deposit"])
def test_terms_are_in_the_desks_currency(desk: AccountDesk, term: str) -> None:
    """An amount of another currency is none here."""
    desk.do(c.RegisterAccount)

    assert desk.codes(c.ConfirmAccount, **{term: Money(10, "EUR")}) == [("ill.wrong-currency", None)]


def test_terms_lie_ahead(desk: AccountDesk) -> None:
    """A last day that has passed confirms nothing; today is one on which it still holds."""
    desk.do(c.RegisterAccount)

    assert desk.codes(c.ConfirmAccount, valid_through=date(2026, 3, 1)) == [
        ("ill.account.validity-past", None)
    ]
    assert desk.codes(c.ConfirmAccount, valid_through=date(2026, 3, 2)) == []


@pytest.mark.parametrize(
    "said",
    [
        {"overdraft": cny(-1)},
        {"deposit": cny(-1)},
        {"valid_from": date(2026, 3, 2), "valid_through": date(2026, 3, 1)},
    ],
)
def test_terms_that_make_no_sense_are_no_command(said) -> None:
    """Amounts below nothing; a last day before the first. One day alone is a term."""
    with pytest.raises(InvalidValue):
        AccountDesk().command(c.ConfirmAccount, **said)
    AccountDesk().command(c.ConfirmAccount, valid_from=date(2026, 3, 2), valid_through=date(2026, 3, 2))


@pytest.mark.clause("CALIS-10", "ZJU-2")
def test_it_is_active_as_soon_as_nothing_is_lacking(desk: AccountDesk) -> None:
    """Neither the deposit alone nor the campus card alone does it; the holder hears once it is so."""
    desk.do(c.RegisterAccount)
    desk.do(c.ConfirmAccount, deposit=cny(100))
    bound = desk.do(c.BindIdentity, by=HIMSELF, kind=IdentityKind.CAMPUS_CARD, token="t-1")

    assert bound.messages == ()
    assert desk.codes(c.Activate, by=PROGRAM) == [("ill.account.deposit-unpaid", "CALIS-10")]
    assert kinds(desk.do(c.PayDeposit, amount=cny("99.99"))) == ["ill.account.deposit-paid"]
    assert desk.account().state is S.CONFIRMED
    assert kinds(desk.do(c.PayDeposit, amount=cny("0.01"))) == [
        "ill.account.deposit-paid",
        "ill.account.active",
    ]
    assert desk.account().state is S.ACTIVE


@pytest.mark.clause("ZJU-2")
def test_a_portal_account_is_bound_to_the_school_first(desk: AccountDesk) -> None:
    """E-mail alone makes no account active: the campus card is bound, or somebody registers as off campus."""
    desk.do(c.RegisterAccount)
    desk.do(c.ConfirmAccount)
    desk.do(c.BindIdentity, kind=IdentityKind.EMAIL, token="t-1")

    ((code, clause),) = desk.codes(c.Activate, by=PROGRAM)
    assert (code, clause, desk.account().state) == ("ill.account.identity-missing", "ZJU-2", S.CONFIRMED)
    desk.do(c.BindIdentity, kind=IdentityKind.OFF_CAMPUS, token="t-2")
    assert desk.account().state is S.ACTIVE


# --- standing ---------------------------------------------------------------------------------------


def test_terms_are_set_anew(desk: AccountDesk) -> None:
    """All of them: what is left out is none any more. A deposit that is missing makes it useless at once."""
    desk.open()
    change = desk.do(c.SetTerms, deposit=cny(10), valid_through=date(2027, 1, 1))

    account = desk.account()
    assert (account.overdraft, account.deposit_needed, account.valid_through) == (
        None,
        cny(10),
        date(2027, 1, 1),
    )
    assert (account.state, account.usable_on(date(2026, 3, 2))) == (S.ACTIVE, False)
    assert kinds(change) == ["ill.account.terms"]
    assert [reason.code for reason in change.messages[0].reasons] == ["ill.account.deposit-unpaid"]
    desk.do(c.PayDeposit, amount=cny(10))
    assert desk.account().usable_on(date(2026, 3, 2))


@pytest.mark.clause("NLC-7")
def test_staff_suspend_and_reinstate(desk: AccountDesk) -> None:
    """Both are told; meanwhile it cannot be used, and why stays on record as long."""
    desk.set_up_operator()
    desk.open()
    suspended = desk.do(c.SuspendAccount, by=OPERATOR, reason="a book is lost")

    assert (kinds(suspended), desk.account().why) == (["ill.account.suspended"], "a book is lost")
    assert not desk.account().usable_on(date(2026, 3, 2))
    assert kinds(desk.do(c.ReinstateAccount)) == ["ill.account.reinstated"]
    assert (desk.account().why, desk.account().usable_on(date(2026, 3, 2))) == (None, True)


@pytest.mark.clause("CALIS-10")
def test_it_is_valid_on_its_first_and_its_last_day(desk: AccountDesk) -> None:
    """And neither before nor after; without days, always."""
    desk.open(valid_from=date(2026, 3, 10), valid_through=date(2026, 6, 30))

    days = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 6, 30), date(2026, 7, 1)]
    assert [desk.account().usable_on(day) for day in days] == [False, True, True, False]
    desk.hold(valid_from=None, valid_through=None)
    assert desk.account().usable_on(date.min)


@pytest.mark.clause("CALIS-10")
def test_the_clock_tells_the_end_before_it_and_once_when_it_has_come(desk: AccountDesk) -> None:
    """On the days of the rules, then on the day after the last, and never again; each at its own instant."""
    desk.rule(notices=(-7, 0, 3))
    desk.open(valid_through=date(2026, 3, 20))
    told = []
    while (command := wake(desk.account(), desk.network, desk.at("2026-12-31"))) is not None:
        told += [
            (message.kind, desk.network.day(command.happened_at)) for message in desk.take(command).messages
        ]

    assert told == [
        ("ill.account.expires-soon", date(2026, 3, 13)),
        ("ill.account.expires-soon", date(2026, 3, 20)),
        ("ill.account.expired", date(2026, 3, 21)),
    ]
    assert next_wake(desk.account(), desk.network) is None


def test_the_clock_does_not_speak_early(desk: AccountDesk) -> None:
    """A wake before its instant says nothing; the table refuses what somebody says in its name all the same."""
    desk.rule(notices=(-7,))
    desk.open(valid_through=date(2026, 3, 20))

    assert wake(desk.account(), desk.network, desk.at("2026-03-12")) is None
    said = {"by": CLOCK, "through": date(2026, 3, 20)}
    assert desk.codes(c.NoticeExpiry, "2026-03-12", step=1, **said) == [("ill.notice-too-early", None)]
    out_of_order = [("ill.notice-out-of-order", None)]
    assert desk.codes(c.NoticeExpiry, "2026-03-13", step=2, **said) == out_of_order
    (reason,) = desk.reasons(c.NoticeExpiry, "2026-03-13", step=2, **said)
    assert dict(reason.facts) == {"step": 2, "done": 0}
    assert (
        desk.codes(c.NoticeExpiry, "2026-03-13", step=1, by=CLOCK, through=date(2026, 3, 21)) == out_of_order
    )
    desk.hold(noticed=2)
    assert desk.codes(c.NoticeExpiry, "2026-03-30", step=3, **said) == out_of_order


def test_an_extension_skips_the_days_that_have_passed(desk: AccountDesk) -> None:
    """Who extends three days before the end is not told of seven; without an end nobody is told anything."""
    desk.rule(notices=(-7, -1))
    desk.open(valid_through=date(2026, 3, 5))

    assert next_wake(desk.account(), desk.network) == desk.at("2026-03-04").replace(hour=0)
    desk.do(c.SetTerms)
    assert next_wake(desk.account(), desk.network) is None
    desk.do(c.SetTerms, valid_through=date.max)
    desk.rule(notices=())
    assert next_wake(desk.account(), desk.network) is None


def test_nobody_is_told_of_the_end_of_what_was_never_confirmed(desk: AccountDesk) -> None:
    """The clock has nothing to say to an account that is closed."""
    desk.open(valid_through=date(2026, 3, 20))
    desk.do(c.CloseAccount, reason="left")

    assert next_wake(desk.account(), desk.network) is None


# --- who is heard -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "case", "roles"),
    [
        (STAFF, READER, ["staff"]),
        (PROGRAM, READER, ["system"]),
        (CLOCK, READER, ["clock"]),
        (HIMSELF, READER, ["holder"]),
        (Actor("somebody", HOME, Office.PERSON), READER, []),
        (Actor(READER, CENTRE, Office.PERSON), READER, ["holder"]),
        (Actor(READER, "CN-OTHER", Office.PERSON), READER, []),
        (OPERATOR, READER, ["operator"]),
        (Actor("policy", HOME, Office.SYSTEM), READER, []),
        (ELSEWHERE, READER, []),
        (THEIR_STAFF, HOME, ["holder", "operator"]),
        (Actor(HOME, HOME, Office.PERSON), HOME, []),
    ],
)
def test_roles_belong_to_the_account(desk: AccountDesk, by: Actor, case: str, roles: list[str]) -> None:
    """The desk's own; the holder; staff of his library, who are an institution's holder themselves."""
    desk.do(c.RegisterAccount)
    desk.do(c.RegisterAccount, case=HOME, holder=HolderKind.INSTITUTION)

    assert [role.value for role in ACCOUNT.roles_of(desk.account(case), by)] == roles


def test_a_refusal_leaves_no_trace(desk: AccountDesk) -> None:
    """Every reason is named, and the account is as it was."""
    desk.do(c.RegisterAccount)
    before = desk.account()
    with pytest.raises(Refused) as refused:
        desk.do(c.ConfirmAccount, overdraft=cny(10_000), valid_through=date(2026, 1, 1))

    assert len(refused.value.reasons) == 2
    assert desk.aggregates[Key(IllAccount.kind, READER)] is before
