"""Deposits at a desk over real storages: whole lives, archives, erasure, the clock, the mail, what is owed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from claims_at_work import MANAGER, OWNER, lines
from deposit_desk import ACCOUNT, AUTHORITY, BANK, DEVELOPER, ZONE, approved, cny
from deposit_desk_stored import STORAGES, THE_OWNER, StoredDeposits, deposit_codec, moment, storage_of
from stored import archive_of
from test_erasure import _left

from servflow.adapters.storage_memory import MemoryStorage
from servflow.core.changes import Key
from servflow.core.dates import Term
from servflow.core.deposits import DEPOSITS
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.model import account_key
from servflow.core.deposits.accounts.states import AccountState, MovementKind
from servflow.core.deposits.claims import commands as k
from servflow.core.deposits.claims.model import claim_key
from servflow.core.deposits.claims.states import ClaimState
from servflow.core.deposits.statements import calendar_year, statement
from servflow.core.deposits.words import Payee
from servflow.core.errors import Refused
from servflow.core.ledger import Account, AccountKind
from servflow.core.ports import Status, Storage
from servflow.desk import erase, restore

AWARD: Final = approved("award", grade="city", shown=("won",))
FLAT: Final[dict[str, Any]] = {
    "case": "claim-2",
    "by": THE_OWNER,
    "what": "the ceiling of 王小明 came down",
    "reported_on": date(2026, 8, 1),
    "repaired_on": date(2026, 8, 2),
}


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Each storage, with nothing in it."""
    with storage_of(request, tmp_path) as each:
        yield each


# --- a whole life ---------------------------------------------------------------------------------


def deposited(desk: StoredDeposits) -> None:
    """Assessed, reviewed, paid in two parts, the second of them late, with the surcharge; handed over."""
    desk.say(c.AssessDeposit, "2026-01-05")
    desk.say(c.NotifyAssessment, "2026-01-06")
    desk.say(c.ConfirmLetter, "2026-01-07")
    desk.say(c.AskReview, "2026-01-08", by=DEVELOPER, objection="the cost is another")
    desk.say(c.AnswerReview, "2026-01-12", answer="it is that of the contract")
    desk.say(c.OrderPayment, "2026-01-20", by_day=date(2026, 2, 10))
    desk.say(c.LodgeDeposit, "2026-02-02", amount=cny(5_000_000))
    desk.wake("2026-02-11")
    desk.say(c.LodgeDeposit, "2026-02-20", amount=cny(1_000_000))
    desk.say(c.PaySurcharge, "2026-02-21", by=BANK, amount=cny(30_000))
    desk.say(c.HandOverBuilding, "2026-03-02", by=DEVELOPER)


def used(desk: StoredDeposits) -> None:
    """The roof, disputed and tested, is repaired by a contractor; an owner paid first for his ceiling."""
    desk.say(k.FileClaim, "2026-06-10")
    desk.say(k.DisputeLiability, "2026-06-12", reason="we did not build it so", body="inspection-body")
    desk.say(k.RecordTest, "2026-06-20")
    desk.say(k.ApproveClaim, "2026-06-22")
    desk.say(k.AssignRepairer, "2026-06-23")
    desk.say(k.HandInBudget, "2026-06-25")
    desk.say(k.ApproveBudget, "2026-06-26")
    desk.say(k.FinishRepair, "2026-07-20")
    desk.say(k.HandInCostList, "2026-07-22")
    desk.say(k.SignCostList, "2026-07-24")
    desk.say(k.PayOut, "2026-08-03")
    desk.say(k.NotifyUse, "2026-08-20")
    desk.say(k.FileEmergencyClaim, "2026-08-21", **FLAT)
    desk.say(k.CheckWithDeveloper, "2026-08-22", case="claim-2")
    desk.say(k.ApproveClaim, "2026-08-23", case="claim-2")
    desk.say(k.SignCostList, "2026-08-24", case="claim-2", by=THE_OWNER)


def ended(desk: StoredDeposits) -> None:
    """He is paid, an award is won, parts are released as their warranties end, the rest at the limit; closed."""
    desk.say(k.PayOut, "2026-09-01", case="claim-2", amount=cny(8_000), payee=Payee.APPLICANT)
    desk.say(k.NotifyUse, "2026-09-02", case="claim-2")
    desk.say(c.ReassessDeposit, "2026-12-01", grounds=(AWARD,), reason="award won")
    desk.say(
        c.RecordDefect, "2027-05-01", name="D-1", part="decoration", what="it comes down again and again"
    )
    desk.wake("2028-03-20")
    for part in ("installations", "heating", "cooling"):
        desk.say(c.RequestRelease, "2028-03-20", by=DEVELOPER, part=part)
        desk.say(c.ReleasePart, "2028-03-21", part=part)
    desk.say(c.RepairDefect, "2028-06-01", name="D-1")
    desk.say(c.ReleasePart, "2028-06-02", part="decoration")
    desk.wake("2031-03-03")
    desk.say(c.ReleaseRest, "2031-03-05", decision="it performed since")
    desk.say(c.CloseDeposit, "2031-03-06", reason="all went back")
    desk.wake("2033-01-01")


def whole_life(desk: StoredDeposits) -> None:
    """The deposit of a building from its assessment until the account is closed, with two claims."""
    for tell in (deposited, used, ended):
        tell(desk)


@pytest.mark.clause("SD-14", "SD-20", "SD-23")
def test_a_whole_life_of_a_deposit(storage: Storage) -> None:
    """All that came in left again for what it is for; all that is stored is whole and would be decided so again."""
    desk = StoredDeposits(storage)
    deposited(desk)
    desk.prove()
    used(desk)
    desk.prove()
    ended(desk)

    it = desk.account()
    assert (it.state, it.balance, len(it.defaults)) == (AccountState.CLOSED, cny(0), 1)
    assert {desk.claim(each).state for each in ("claim-1", "claim-2")} == {ClaimState.NOTIFIED}
    assert it.published == (2026, 2027, 2028, 2029, 2030, 2031)
    moved = {kind: [each.amount for each in it.movements if each.kind is kind] for kind in MovementKind}
    assert moved[MovementKind.USED] == [cny(28_000), cny(8_000)]
    # 1,200,000 less the 36,000 that were used, of which interest of 13,294.50 pays a part: 4,800,000 stay
    assert moved[MovementKind.REFUNDED] == [cny("1177294.50")]
    assert len(moved[MovementKind.RELEASED]) == len(it.parts)
    desk.prove_whole()


def test_an_archive_of_a_half_lived_life_goes_on_elsewhere(storage: Storage) -> None:
    """Imported it is the same bytes; and what is said to both from then on comes to the same bytes again."""
    desk = StoredDeposits(storage)
    deposited(desk)
    used(desk)
    written = archive_of(storage)
    elsewhere = MemoryStorage(deposit_codec())
    restore(DEPOSITS, elsewhere, BytesIO(written))
    assert archive_of(elsewhere) == written

    other = desk.moved_to(elsewhere)
    for each in (desk, other):
        ended(each)
        each.prove_whole()
    assert archive_of(elsewhere) == archive_of(storage)


@pytest.mark.clause("SD-7")
def test_a_refusal_was_foreseen_and_leaves_no_trace(storage: Storage) -> None:
    """The handover before all is paid: the desk says why before it is tried, and nothing is stored."""
    desk = StoredDeposits(storage)
    desk.say(c.AssessDeposit, "2026-01-05")
    desk.say(c.NotifyAssessment, "2026-01-06")
    desk.say(c.LodgeDeposit, "2026-02-02", amount=cny("5999999.99"))
    before = desk.contents()
    command = desk.command(c.HandOverBuilding, "2026-02-03", by=DEVELOPER)

    with pytest.raises(Refused) as refused:
        desk.desk.do(command)
    assert refused.value.reasons == desk.desk.check(command) != ()
    assert {reason.clause.id for reason in refused.value.reasons if reason.clause} == {"SD-7"}
    assert desk.contents() == before


# --- erasure --------------------------------------------------------------------------------------


def test_an_erased_owner_leaves_the_books(storage: Storage) -> None:
    """Nobody who was paid, or still asks, stands anywhere any more; the ledger is what it was, and all goes on."""
    desk = StoredDeposits(storage)
    deposited(desk)
    used(desk)
    desk.say(k.PayOut, "2026-09-01", case="claim-2", amount=cny(8_000), payee=Payee.APPLICANT)
    again = {"case": "claim-3", "lines": lines(700)}
    desk.say(k.FileEmergencyClaim, "2026-09-03", **(FLAT | again))
    desk.say(k.CheckWithDeveloper, "2026-09-04", case="claim-3")
    desk.say(k.ApproveClaim, "2026-09-05", case="claim-3")
    assert _left(storage, THE_OWNER.party, ("王小明",)) != []
    postings, held = list(storage.postings()), desk.account().balance
    erase(DEPOSITS, storage, THE_OWNER.party, pseudonym="p-1", at=moment("2026-09-06"), texts=("王小明",))

    assert _left(storage, THE_OWNER.party, ("王小明",)) == []
    assert (list(storage.postings()), desk.account().balance) == (postings, held)
    assert [each.payee for each in desk.account().movements if each.claim == "claim-2"] == ["p-1"]
    paid = desk.claim("claim-2")
    assert paid.paid is not None
    assert (paid.what, paid.paid.to) == ("the ceiling of [erased] came down", "p-1")
    desk.prove_whole()

    desk.say(
        k.ReplaceApplicant, "2026-09-07", case="claim-3", replaced="p-1", party=OWNER.party, reason="sold"
    )
    desk.say(k.SignCostList, "2026-09-08", case="claim-3", by=OWNER)
    desk.say(k.PayOut, "2026-09-09", case="claim-3", amount=cny(700), payee=Payee.APPLICANT)
    assert desk.account().balance == held - cny(700)
    desk.prove_whole()


# --- the mail -------------------------------------------------------------------------------------


def test_every_letter_leaves_in_the_language_of_whom_it_is_for(storage: Storage) -> None:
    """Once, and to everybody with a part in a whole life; nothing of it is a code or a placeholder."""
    desk = StoredDeposits(storage)
    whole_life(desk)
    for _ in range(2):
        run = desk.desk.deliver(moment("2033-01-02"))
        assert (run.failed, run.postponed) == ((), ())

    statuses = [each.status for each in storage.outbox()]
    assert set(statuses) <= {Status.SENT, Status.WITHDRAWN, Status.SUPERSEDED}
    letters = desk.host.letters
    assert statuses.count(Status.SENT) == len(letters) == len({each.message_id for each in letters})
    assert {each.to.ref for each in letters} >= {
        "authority",
        "bank",
        "contractor-1",
        "developer",
        "development-authority",
        "owners/building-1",
        "property-manager",
        THE_OWNER.party,
    }
    for letter in letters:
        written = f"{letter.subject}\n{letter.body}"
        assert "{" not in written
        assert "deposits." not in written
        in_chinese = any("\u4e00" <= sign <= "\u9fff" for sign in letter.subject)
        assert in_chinese == (letter.to.language == "zh_CN"), letter.subject


# --- the clock ------------------------------------------------------------------------------------

LATE: Final = "building-2"
SAID_BY_THE_CLOCK: Final = {
    account_key(LATE): [
        ("NoteDefault", "2026-02-10", date(2026, 2, 11)),
        ("PublishStatement", "2026", date(2027, 3, 31)),
        ("PublishStatement", "2027", date(2028, 3, 31)),
    ],
    account_key(ACCOUNT): [
        ("PublishStatement", "2026", date(2027, 3, 31)),
        ("NoteWarrantyEnd", "cooling", date(2027, 10, 1)),
        ("RemindRelease", "cooling", date(2027, 10, 30)),
        ("NoteWarrantyEnd", "decoration", date(2028, 3, 3)),
        ("NoteWarrantyEnd", "installations", date(2028, 3, 3)),
        ("NoteWarrantyEnd", "heating", date(2028, 3, 16)),
        ("PublishStatement", "2027", date(2028, 3, 31)),
        ("RemindRelease", "decoration", date(2028, 4, 1)),
        ("RemindRelease", "installations", date(2028, 4, 1)),
        ("RemindRelease", "heating", date(2028, 4, 14)),
    ],
    claim_key("listed"): [("RemindDeadline", "pay-out", date(2026, 6, 30))],
    claim_key("paid"): [("RemindDeadline", "notify-use", date(2026, 7, 11))],
}
"""Of each aggregate: what the clock says, of what, at the beginning of which day."""


def waiting(desk: StoredDeposits) -> None:
    """A building that is not paid by the ordered day; one that was handed over, with a list and a pay-out."""
    desk.say(c.AssessDeposit, "2026-01-05", case=LATE)
    desk.say(c.NotifyAssessment, "2026-01-06", case=LATE)
    desk.say(c.OrderPayment, "2026-01-20", case=LATE, by_day=date(2026, 2, 10))
    desk.say(c.LodgeDeposit, "2026-02-02", case=LATE, amount=cny(1_000_000))
    desk.hold()
    desk.list_costs("2026-06-10", cny(20_000), "listed")
    desk.list_costs("2026-06-10", cny(30_000), "paid")
    desk.say(k.PayOut, "2026-06-11", case="paid", amount=cny(30_000))


def spoken(desk: StoredDeposits) -> dict[Key, list[tuple[str, str, date]]]:
    """What is in the journals by the clock: of each aggregate, what was said, of what, for which day."""
    found: dict[Key, list[tuple[str, str, date]]] = {}
    for it in desk.all():
        for entry in desk.storage.journal(it.key):
            command = deposit_codec().decode_command(entry.document["command"])
            if command.by.office.value == "clock":
                at = command.happened_at.astimezone(ZONE)
                assert at == moment(at.date(), 0)
                what = (getattr(command, name, None) for name in ("part", "year", "by_day", "deadline"))
                word = next(each for each in what if each)
                line = (type(command).__name__, str(getattr(word, "value", word)), at.date())
                found.setdefault(it.key, []).append(line)
    return found


def said(desk: StoredDeposits) -> list[Any]:
    """What is stored beside when it was recorded: all entries, all lines of the ledger, all messages."""
    entries = []
    for it in desk.all():
        for entry in desk.storage.journal(it.key):
            document = entry.document
            command = {name: value for name, value in document["command"].items() if name != "recorded_at"}
            entries.append((it.key, command, document["alterations"]))
    postings = sorted(map(str, desk.storage.postings()))
    return [entries, postings, sorted(map(str, desk.messages()))]


@pytest.mark.clause("SD-8", "SD-14", "SD-17", "SD-19", "SD-20")
def test_the_clock_may_speak_daily_or_once_after_two_years(storage: Storage) -> None:
    """Default, ends of warranty, last days and publications are each said once, at the instant that is theirs."""
    daily, once = StoredDeposits(MemoryStorage(deposit_codec())), StoredDeposits(storage)
    for desk in (daily, once):
        waiting(desk)
    day, last = date(2026, 6, 12), date(2028, 4, 30)
    while day <= last:
        daily.wake(day)
        day += timedelta(days=1)
    assert once.wake(last) == sum(map(len, SAID_BY_THE_CLOCK.values()))

    assert spoken(once) == SAID_BY_THE_CLOCK
    assert said(daily) == said(once)
    assert once.wake(last) == daily.wake(last) == 0
    for desk in (daily, once):
        desk.prove_whole()


# --- what is owed, and what moved -----------------------------------------------------------------


@pytest.mark.clause("SD-8")
def test_the_surcharge_that_is_owed_grows_until_it_is_paid(storage: Storage) -> None:
    """3,600 a day on 1,200,000, 1,500 on the 500,000 that are left; what is paid stands beside what was posted."""
    desk = StoredDeposits(storage)
    desk.say(c.AssessDeposit, "2026-01-05", cost=cny(24_000_000))
    desk.say(c.NotifyAssessment, "2026-01-06")
    desk.say(c.OrderPayment, "2026-02-01", by_day=date(2026, 3, 1))
    desk.say(c.LodgeDeposit, "2026-03-21", amount=cny(700_000))

    def owed(day: int) -> list[tuple[str, Any]]:
        explained = desk.desk.explain(account_key(ACCOUNT), date(2026, 3, day))
        return [(kind, charge.money) for kind, charge in explained.owed if charge.money]

    assert [owed(day) for day in (1, 2, 21, 22)] == [
        [],
        [("surcharge", cny(3_600))],
        [("surcharge", cny(72_000))],
        [("surcharge", cny(73_500))],
    ]
    desk.say(c.PaySurcharge, "2026-03-22", by=BANK, amount=cny(70_000))
    explained = desk.desk.explain(account_key(ACCOUNT), date(2026, 3, 22))
    (settled,) = explained.settlements.values()
    assert (settled.charged, settled.paid, settled.outstanding) == (cny(73_500), cny(70_000), cny(3_500))
    desk.prove_whole()


@pytest.mark.clause("SD-19", "SD-23")
def test_the_ledger_moves_as_the_published_statements_say(storage: Storage) -> None:
    """Year by year one begins where the last one ended; in the end nothing is left at the bank either."""
    desk = StoredDeposits(storage)
    whole_life(desk)
    it, closing = desk.account(), cny(0)
    for year in range(2026, 2032):
        term = Term(date(year, 1, 1), date(year + 1, 1, 1))
        made = desk.desk.statement(it.deposit, "CNY", term)
        sums = statement(it, desk.policy, calendar_year(year)).sums
        assert (made.opening, made.closing) == (sums.opening, sums.closing)
        assert made.opening == closing
        at_the_bank = desk.desk.statement(it.at_the_bank, "CNY", term)
        assert (at_the_bank.opening, at_the_bank.closing) == (made.opening, made.closing)
        closing = made.closing

    assert closing == cny(0)
    of_claim = desk.desk.explain(claim_key("claim-1"), date(2026, 12, 31))
    assert [(each.debit, each.credit, each.amount) for each in of_claim.postings] == [
        (it.deposit, it.at_the_bank, cny(28_000))
    ]


def test_no_deposit_is_mixed_with_another(storage: Storage) -> None:
    """Two buildings of a developer at one bank: each has its own account, and what is used of one is not the other's."""
    desk = StoredDeposits(storage)
    for case in ("building-a", "building-b"):
        desk.hold(case)
    desk.list_costs("2026-06-10", cny(28_000), account="building-a")
    desk.say(k.PayOut, "2026-06-11")

    held = {case: desk.account(case).balance for case in ("building-a", "building-b")}
    assert held == {"building-a": cny("5974741.67"), "building-b": cny(6_000_000)}
    year = Term(date(2026, 1, 1), date(2027, 1, 1))
    bank = Account(AccountKind.CASH, "bank")
    assert desk.desk.statement(bank, "CNY", year).closing == cny("11974741.67")
    desk.prove_whole()


def test_who_may_do_what_now_and_why_not(storage: Storage) -> None:
    """Nothing stands in the way, or a reason, or it is not known before more is said; no row: it is not there."""
    desk = StoredDeposits(storage)
    desk.hold()
    desk.list_costs("2026-06-10", cny(28_000))
    at = moment("2026-06-11")

    of_account = desk.desk.allowed(account_key(ACCOUNT), AUTHORITY, at)
    assert of_account[c.CreditInterest] == ()
    assert "deposits.limit-not-reached" in {reason.code for reason in of_account[c.ReleaseRest] or ()}
    assert of_account[c.ReleasePart] is None
    assert not {c.CloseDeposit, c.NoteLimit} & of_account.keys()
    assert desk.desk.allowed(claim_key("claim-1"), AUTHORITY, at)[k.PayOut] is None
    assert desk.desk.allowed(claim_key("claim-1"), MANAGER, at) == {k.WithdrawClaim: None}
