"""A gateway at work, so that its texts are made of what it really says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from borrowing_at_work import LIBRARY, PATRON, Borrowing
from filing_desk import CENTRE, HOME, LIBRARIAN, READER, Gateway

from servflow.core.changes import Actor, Message, Office
from servflow.core.citations import Reason
from servflow.core.ill.accounts.states import AccountState, HolderKind
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.filing import commands as c
from servflow.core.ill.filing.states import Channel, Entry
from servflow.core.ill.network.modes import ModeName, Route
from servflow.core.ill.terms import Delivery, Requested, SentVia, Service
from servflow.core.money import Money
from servflow.rulebooks import borrowing_policy, load

CAMPUS: Final = "南山校区图书馆总服务台"
PARTNERS: Final = borrowing_policy(load("cque/partnership-borrowing"), library=LIBRARY)
__all__ = ["every_attention", "every_message", "every_refusal"]

CASE: Final = "2026-0042"
STAFF: Final = Actor(LIBRARIAN, HOME, Office.STAFF)
PARTNER: Final = "CN-CQUPT"
PRINTED: Final = Requested(title="江南书院史料选", call_number="256.1", barcode="3100456")
FORM: Final[dict[str, Any]] = {"route": Route.MAIL_FORM, "details": ("name", "email"), "case": CASE}
FULL: Final[dict[str, Any]] = {
    "requested": Requested(
        title="文献季刊",
        author="陈望之",
        edition="影印本",
        volume="12",
        publisher="江南书局",
        year="1936",
        record_ids=("ISSN:0257-0254", "OCLC:57358293"),
        article="溪山琴谱考",
        pages="112-130",
        call_number="256.1",
        barcode="3100456",
    ),
    "service": Service.COPY,
    "need_before": date(2026, 5, 1),
    "max_cost": Money(30, "CNY"),
    "delivery": Delivery(via=SentVia.MAIL, reference="文渊路2号"),
    "note": "论文急用",
}


def every_message() -> Iterator[Message]:
    """Messages of every kind that a gateway or a home library's desk says about a filing."""
    for said in ({}, FULL):
        mailed = Gateway(mode=ModeName.EMAIL)
        mailed.by_mail("2026-03-02", **FORM, **said)
        mailed.do(c.AskHowItStands, "2026-03-03", case=CASE)
        mailed.do(c.NoteOnward, "2026-03-04", case=CASE, channel=Channel.OTHER, to="CN-ZJU")
        mailed.do(c.NoteUnanswered, "2026-03-10", case=CASE)
        note = "国内无收藏" if said else ""
        mailed.do(c.RecordAnswer, "2026-03-11", case=CASE, filled=not said, note=note)
        mailed.do(c.AskHowItStands, "2026-03-12", case=CASE)
        yield from mailed.told
        onward = Gateway(mode=ModeName.DISTRIBUTED)
        onward.do(c.FileRequest, **{"case": CASE, **said})
        yield from onward.told
        home = Gateway(HOME)
        home.do(c.HearFiling, **{"case": f"{CENTRE}/{CASE}", "filing": CASE, "declared": False, **said})
        yield from (message for message in home.told if message.kind.startswith("ill.gateway."))
    yield from _asked_with_all_of_it()
    in_person = _registered().do(b.ApproveRequest).hear(b.HearShipped, PARTNER, due=date(2026, 3, 6))
    yield from in_person.do(b.Receive, pick_up_by=date(2026, 1, 9)).told


def _asked_with_all_of_it() -> Iterator[Message]:
    """The request to a supplier, and the question to a centre, with all that a citation may have."""
    full = {key: value for key, value in FULL.items() if key != "requested"}
    yield from Borrowing(FULL["requested"], **full).sent().told
    yield from Borrowing(FULL["requested"], **full, suppliers=(), routed_by=CENTRE).sent().told


def _registered() -> Borrowing:
    """A partner's book is applied for, and the reader has registered in person."""
    applied = Borrowing(PRINTED, suppliers=(PARTNER,), policy=PARTNERS).do(b.Submit, PATRON)
    return applied.do(b.RegisterAtDesk, desk=CAMPUS, form="2015-7", card_shown=True)


def every_attention() -> Iterator[Reason]:
    """Whatever staff of a gateway may have to look at."""
    mailed = Gateway(mode=ModeName.EMAIL)
    mailed.by_mail(**FORM)
    mailed.do(c.HearTakenIn, case=CASE, by=Actor("ils", "CN-440104", Office.SYSTEM))
    mailed.do(c.RecordAnswer, case=CASE, filled=False, by=Actor("clerk-1", CENTRE, Office.STAFF))
    mailed.do(c.RecordAnswer, case=CASE, filled=True)
    yield from mailed.filing(CASE).attention
    home, id = Gateway(HOME), f"{CENTRE}/{CASE}"
    home.do(c.HearFiling, case=id, filing=CASE, routed_by=HOME)
    yield from home.filing(id).attention
    taken, own = Gateway(HOME), Actor("ils", HOME, Office.SYSTEM)
    asked: dict[str, Any] = {"service": Service.LOAN, "requested": PRINTED, "patron": "p-18", "by": own}
    taken.do(b.DraftRequest, case=id, library=HOME, **asked)
    taken.do(c.HearFiling, case=id, filing=CASE)
    yield from taken.filing(id).attention


def every_refusal() -> Iterator[Reason]:
    """Why a gateway refuses what is done out of place."""
    mailed = Gateway(mode=ModeName.EMAIL)
    mailed.know(librarian=None, serves_patron=False)
    yield from mailed.reasons(c.FileRequest, patron="p-170", entry=Entry.PORTAL)
    elsewhere = Actor(READER, "CN-440104", Office.PERSON)
    address = Delivery(via=SentVia.EMAIL, reference="lin@example.org")
    yield from mailed.reasons(c.FileRequest, by=elsewhere, details=("lin@example.org",), delivery=address)
    yield from mailed.reasons(c.FileRequest, route=Route.MAIL_FORM, librarian="CN-440104_ILL")
    onward = Gateway(mode=ModeName.DISTRIBUTED)
    onward.know(runs_system=False, service_library=False, accounts_at=())
    yield from onward.reasons(c.FileRequest, by=Actor(LIBRARIAN, "CN-440104", Office.STAFF))
    onward.know(mode=None)
    yield from onward.reasons(c.FileRequest)
    for mode in (ModeName.BROADCAST, ModeName.CENTRE_OPAQUE, ModeName.CENTRE_TRANSPARENT):
        onward.know(mode=mode)
        yield from onward.reasons(c.FileRequest)
    for mode in (ModeName.CENTRE_GROUP, ModeName.CENTRE_INDIVIDUAL):
        centre = Gateway(mode=mode)
        centre.know(registered=False)
        yield from centre.reasons(c.FileRequest, route=Route.MAIL_FORM)
        centre.account(HOME, HolderKind.INSTITUTION, mode=mode, state=AccountState.REGISTERED)
        yield from centre.reasons(c.FileRequest)
    yield from _afterwards()
    yield from _in_person()


def _in_person() -> Iterator[Reason]:
    """What the service in person refuses."""
    bare = Borrowing(suppliers=("CN-NLC",), policy=PARTNERS)
    yield from bare.refusal(b.Submit, PATRON)
    applied = Borrowing(PRINTED, suppliers=("CN-NLC",), policy=PARTNERS).do(b.Submit, PATRON)
    yield from applied.refusal(b.RegisterAtDesk, desk="一号楼")
    yield from applied.refusal(b.ApproveRequest)
    yield from applied.refusal(b.SetRota, suppliers=("CN-NLC",))
    yield from applied.case.reasons
    got = _registered().do(b.ApproveRequest).hear(b.HearShipped, PARTNER, due=date(2026, 3, 6))
    got.do(b.Receive, pick_up_by=date(2026, 1, 9))
    yield from got.on("2026-01-12").refusal(b.CheckOut, desk="学府大道校区图书馆办公室")


def _afterwards() -> Iterator[Reason]:
    centre = Gateway(mode=ModeName.CENTRE_INDIVIDUAL)
    centre.account(READER)
    centre.account(LIBRARIAN, HolderKind.OPERATOR)
    centre.do(c.FileRequest, case=CASE)
    yield from centre.reasons(c.HandOn, case=CASE, by=Actor("ils", HOME, Office.SYSTEM))
    yield from centre.reasons(
        c.RecordAnswer, case=CASE, filled=True, by=Actor("clerk-1", CENTRE, Office.STAFF)
    )
    centre.do(c.FileRequest, case="2026-0043", by=STAFF)
    centre.do(
        b.HearShipped,
        case="2026-0043",
        by=Actor("ils", "CN-ZJU", Office.SYSTEM),
        attempt=1,
        service=Service.LOAN,
    )
    taken = Gateway(mode=ModeName.CENTRE_INDIVIDUAL)
    asked: dict[str, Any] = {"service": Service.LOAN, "requested": PRINTED, "patron": "p-18"}
    taken.do(b.DraftRequest, case=CASE, library=CENTRE, by=Actor("ils", CENTRE, Office.SYSTEM), **asked)
    yield from taken.reasons(c.FileRequest, case=CASE)
    centre.do(c.HandOn, case="2026-0043")
    yield from centre.reasons(c.HandOn, case="2026-0043")
    onward = Gateway(mode=ModeName.DISTRIBUTED)
    onward.do(c.FileRequest, case=CASE)
    yield from onward.reasons(c.NoteOnward, case=CASE, channel=Channel.OTHER, to="CN-ZJU")
    mailed = Gateway(mode=ModeName.EMAIL)
    mailed.rule(partners=("CN-ZJU",))
    mailed.by_mail(**FORM)
    yield from mailed.reasons(c.NoteOnward, case=CASE, channel=Channel.NETWORK_GATEWAY, to="CN-440104")
    yield from mailed.reasons(c.NoteUnanswered, case=CASE)
