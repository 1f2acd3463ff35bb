"""Identities: every token leads to one account, and a card is not given up with a book on loan."""

from __future__ import annotations

import pytest
from account_desk import HIMSELF, HOME, OPERATOR, PROGRAM, READER, STAFF, AccountDesk, cny

from servflow.core.changes import Actor, Office
from servflow.core.errors import InvalidValue, Refused
from servflow.core.ill.accounts import commands as c
from servflow.core.ill.accounts.model import CaseOnAccount, account_of
from servflow.core.ill.accounts.states import AccountState, HolderKind, IdentityKind, IdentityState
from servflow.core.ill.accounts.table import IDENTITY
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.network.modes import ModeName

K = IdentityKind


@pytest.mark.clause("ZJU-1")
def test_email_student_and_staff_number_lead_to_the_one_account(desk: AccountDesk) -> None:
    """Each is one load away; what is not known or was released leads nowhere."""
    desk.do(c.RegisterAccount)
    tokens = {K.EMAIL: "t-1", K.STUDENT_NUMBER: "t-2", K.STAFF_NUMBER: "t-3"}
    for kind, token in tokens.items():
        desk.do(c.BindIdentity, by=HIMSELF, kind=kind, token=token)

    assert [account_of(desk.identity(kind, token)) for kind, token in tokens.items()] == [READER] * 3
    assert account_of(desk.identity(K.EMAIL, "t-2")) is None
    desk.do(c.ReleaseIdentity, by=HIMSELF, kind=K.EMAIL)
    assert account_of(desk.identity(K.EMAIL, "t-1")) is None
    assert desk.account().identities == {"student_number": "t-2", "staff_number": "t-3"}


@pytest.mark.clause("ZJU-1")
def test_one_token_leads_to_one_account(desk: AccountDesk) -> None:
    """Whoever has it keeps it; once released, another one may have it. The refusal is of the whole."""
    desk.do(c.RegisterAccount)
    desk.do(c.RegisterAccount, case="reader-2")
    desk.do(c.BindIdentity, kind=K.EMAIL, token="t-1")

    assert desk.codes(c.BindIdentity, case="reader-2", kind=K.EMAIL, token="t-1") == [
        ("ill.account.identity-taken", None)
    ]
    with pytest.raises(Refused):
        desk.do(c.BindIdentity, case="reader-2", kind=K.EMAIL, token="t-1")
    assert desk.account("reader-2").identities == {}
    desk.do(c.ReleaseIdentity, kind=K.EMAIL)
    desk.do(c.BindIdentity, case="reader-2", kind=K.EMAIL, token="t-1")
    identity = desk.identity(K.EMAIL, "t-1")
    assert (account_of(identity), identity and identity.state) == ("reader-2", IdentityState.BOUND)


def test_the_same_token_twice_is_once(desk: AccountDesk) -> None:
    """Another one of the kind is bound only when the first is released."""
    desk.do(c.RegisterAccount)
    desk.do(c.BindIdentity, kind=K.EMAIL, token="t-1")
    desk.do(c.BindIdentity, kind=K.EMAIL, token="t-1")

    assert desk.codes(c.BindIdentity, kind=K.EMAIL, token="t-2") == [("ill.account.identity-bound", None)]
    assert desk.account().identities == {"email": "t-1"}


@pytest.mark.parametrize("token", ["", " ", "reader@example.org"])
def test_a_token_is_opaque(token: str) -> None:
    """The journal takes no e-mail address, and nothing empty."""
    with pytest.raises(InvalidValue, match="token"):
        AccountDesk().command(c.BindIdentity, kind=K.EMAIL, token=token)


def test_by_what_one_signs_in_is_the_networks_rule(desk: AccountDesk) -> None:
    """A kind that is not used here is not bound; what is not bound is not released."""
    desk.rule(identities=(K.EMAIL,))
    desk.do(c.RegisterAccount)

    assert desk.codes(c.BindIdentity, kind=K.CAMPUS_CARD, token="t-1") == [
        ("ill.account.identity-not-used", "ZJU-1")
    ]
    assert desk.codes(c.ReleaseIdentity, kind=K.EMAIL) == [("ill.account.identity-not-bound", None)]


def test_another_accounts_identity_is_not_freed(desk: AccountDesk) -> None:
    """Said in another account's name it stays where it leads, and nobody but the desk's program says it at all."""
    desk.open()
    said = {"case": f"campus_card:card-{READER}", "account": "reader-2"}

    desk.do(c.FreeIdentity, by=PROGRAM, **said)
    assert account_of(desk.identity(K.CAMPUS_CARD, f"card-{READER}")) == READER
    assert desk.codes(c.FreeIdentity, by=STAFF, **said) == [("lifecycle.not-yours", None)]
    assert IDENTITY.roles_of(None, STAFF) == ()


def test_another_institutions_program_claims_and_frees_nothing(desk: AccountDesk) -> None:
    """Neither what is bound nor what is free or was never used: else who signs in would be somebody else."""
    desk.open()
    elsewhere = Actor("ils", "CN-OTHER", Office.SYSTEM)
    bound, unused = {"case": f"campus_card:card-{READER}"}, {"case": "campus_card:t-9"}
    desk.do(c.BindIdentity, kind=K.EMAIL, token="t-1")
    desk.do(c.ReleaseIdentity, kind=K.EMAIL)

    for kind, said in (
        (c.FreeIdentity, bound | {"account": READER}),
        (c.FreeIdentity, bound | {"account": "reader-2"}),
        (c.FreeIdentity, {"case": "email:t-1", "account": READER}),
        (c.ClaimIdentity, bound | {"account": READER}),
        (c.ClaimIdentity, {"case": "email:t-1", "account": "reader-2"}),
        (c.ClaimIdentity, unused | {"account": "reader-2"}),
    ):
        assert desk.codes(kind, by=elsewhere, **said) == [("ill.account.not-keeper", None)]
    identity = desk.identity(K.CAMPUS_CARD, f"card-{READER}")
    assert identity is not None
    assert identity.keeper == PROGRAM.serves


@pytest.mark.parametrize("leads", ["nowhere", "elsewhere"])
def test_who_leaves_leaves_also_what_does_not_lead_to_him(desk: AccountDesk, leads: str) -> None:
    """An identity that is free, or leads to another account, holds up no release and no closing."""
    desk.open()
    card = {"case": f"campus_card:card-{READER}", "by": PROGRAM}
    desk.do(c.FreeIdentity, account=READER, **card)
    if leads == "elsewhere":
        desk.do(c.ClaimIdentity, account="reader-2", **card)

    assert desk.codes(c.ReleaseIdentity, kind=K.CAMPUS_CARD) == []
    desk.do(c.CloseAccount, reason="graduated")
    now = account_of(desk.identity(K.CAMPUS_CARD, f"card-{READER}"))
    assert now == ("reader-2" if leads == "elsewhere" else None)


def test_what_was_bound_to_a_declined_registration_is_free(desk: AccountDesk) -> None:
    """Whose card it is binds it at once; what is left on a declined account can be released."""
    desk.do(c.RegisterAccount)
    desk.do(c.BindIdentity, kind=K.CAMPUS_CARD, token="t-1")
    desk.do(c.DeclineAccount, reason="unknown")
    desk.do(c.RegisterAccount, case="reader-2")

    assert (desk.account().identities, account_of(desk.identity(K.CAMPUS_CARD, "t-1"))) == ({}, None)
    desk.do(c.BindIdentity, case="reader-2", kind=K.CAMPUS_CARD, token="t-1")
    desk.hold(identities={"campus_card": "t-1"})
    desk.do(c.ReleaseIdentity, kind=K.CAMPUS_CARD)
    assert account_of(desk.identity(K.CAMPUS_CARD, "t-1")) == "reader-2"


@pytest.mark.clause("ZJU-2", "CQ-6")
def test_a_lost_card_is_released_and_the_account_waits_for_another(desk: AccountDesk) -> None:
    """It is confirmed only, and its holder hears what is lacking; with the new card it is active."""
    desk.open()
    desk.do(c.BindIdentity, kind=K.EMAIL, token="t-1")
    desk.do(c.ReleaseIdentity, kind=K.EMAIL)
    assert desk.account().state is AccountState.ACTIVE
    change = desk.do(c.ReleaseIdentity, kind=K.CAMPUS_CARD)

    assert (desk.account().state, desk.account().identities) == (AccountState.CONFIRMED, {})
    assert [(told.kind, [each.code for each in told.reasons]) for told in change.messages] == [
        ("ill.account.confirmed", ["ill.account.identity-missing"])
    ]
    assert desk.file().state is CaseState.BLOCKED
    desk.do(c.BindIdentity, kind=K.CAMPUS_CARD, token="t-2")
    assert desk.account().state is AccountState.ACTIVE


@pytest.mark.clause("ZJU-2")
def test_who_is_reinstated_without_an_identity_has_to_bind_one_first(desk: AccountDesk) -> None:
    """What was released during the suspension is lacking after it: he hears that and not that he may sign in."""
    desk.open()
    desk.do(c.SuspendAccount, reason="a book is lost")
    desk.do(c.ReleaseIdentity, kind=K.CAMPUS_CARD)
    change = desk.do(c.ReinstateAccount)

    assert (desk.account().state, desk.account().why) == (AccountState.CONFIRMED, None)
    assert [told.kind for told in change.messages] == ["ill.account.confirmed"]


@pytest.mark.clause("CQ-6")
def test_a_campus_card_is_given_up_with_clearance_only(desk: AccountDesk) -> None:
    """Nothing on loan and nothing owed; other identities need none, nor does a network without the rule."""
    desk.open()
    desk.do(c.BindIdentity, kind=K.EMAIL, token="t-1")
    desk.file()
    desk.hold(cases={"case-1": CaseOnAccount(volumes=1)})
    desk.do(
        c.BookCase,
        by=PROGRAM,
        request="case-1",
        on_account=CaseOnAccount(volumes=1),
        charged=(("overdue", cny(3)),),
    )

    card = {"kind": K.CAMPUS_CARD}
    assert [code for code, _ in desk.codes(c.ReleaseIdentity, **card)] == [
        "ill.account.on-loan",
        "ill.charge-unpaid",
    ]
    assert desk.codes(c.ReleaseIdentity, kind=K.EMAIL) == []
    desk.rule(clearance=False)
    assert desk.codes(c.ReleaseIdentity, **card) == []
    desk.rule(clearance=True)
    desk.do(c.BookCase, by=PROGRAM, request="case-1", on_account=None)
    desk.do(c.PayIn, amount=cny(3))
    assert desk.codes(c.ReleaseIdentity, **card) == []


@pytest.mark.clause("CQ-6")
def test_clearance_cites_the_partnerships_clause(desk: AccountDesk) -> None:
    """Under the rulebook of the partnership it is the notice that says so."""
    from servflow.rulebooks import load, network_policy

    desk.open()
    desk.network = network_policy(load("cque/partnership"), library="CN-CALIS")
    desk.hold(cases={"case-1": CaseOnAccount(volumes=1)})

    assert desk.codes(c.ReleaseIdentity, kind=K.CAMPUS_CARD) == [("ill.account.on-loan", "CQ-6")]


@pytest.mark.clause("CALIS-14")
def test_an_institution_chooses_its_mode(desk: AccountDesk) -> None:
    """One that the network offers, by its own staff; what it does not say again stays as it was."""
    desk.institution()
    they = Actor("a librarian", HOME, Office.STAFF)
    desk.do(c.ChooseMode, case=HOME, by=they, mode=ModeName.EMAIL, librarian="librarian-1", runs_system=False)
    desk.do(c.ChooseMode, case=HOME, mode=ModeName.DISTRIBUTED, runs_system=True, service_library=True)

    account = desk.account(HOME)
    assert (account.mode, account.librarian) == (ModeName.DISTRIBUTED, "librarian-1")
    assert (account.runs_system, account.service_library) == (True, True)
    desk.do(c.ChooseMode, case=HOME, mode=ModeName.EMAIL, librarian="librarian-2")
    account = desk.account(HOME)
    assert (account.librarian, account.runs_system, account.service_library) == ("librarian-2", True, True)


def test_what_is_not_offered_is_not_chosen(desk: AccountDesk) -> None:
    """A mode that the network does not have; and a reader has none to choose."""
    desk.rule(modes=(ModeName.EMAIL,))
    desk.institution()
    desk.open()

    (found,) = desk.codes(c.ChooseMode, case=HOME, mode=ModeName.BROADCAST)
    assert found[0] == "ill.account.mode-not-offered"
    (found,) = desk.codes(c.ChooseMode, by=HIMSELF, mode=ModeName.EMAIL)
    assert found[0] == "ill.account.no-institution"
    assert desk.codes(c.ChooseMode, by=OPERATOR, mode=ModeName.EMAIL) == [("lifecycle.not-yours", None)]


def test_a_mode_is_chosen_once_the_account_is_confirmed(desk: AccountDesk) -> None:
    """Who is not checked yet has no say; the librarian is an opaque reference, no e-mail address."""
    they = Actor("a librarian", HOME, Office.STAFF)
    desk.do(c.RegisterAccount, case=HOME, holder=HolderKind.INSTITUTION, by=they)
    said = {"case": HOME, "by": they, "mode": ModeName.EMAIL}

    assert desk.codes(c.ChooseMode, librarian="librarian-1", **said) == [("lifecycle.not-in-state", None)]
    with pytest.raises(InvalidValue, match="librarian"):
        desk.command(c.ChooseMode, librarian="reader@example.org", **said)
    desk.do(c.ConfirmAccount, case=HOME)
    assert desk.codes(c.ChooseMode, librarian="librarian-1", **said) == []
