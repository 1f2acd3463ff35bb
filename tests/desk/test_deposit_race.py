"""What is said to one deposit in the same instant never takes more than it holds: real threads and storages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from deposit_desk import cny
from deposit_desk_stored import STORAGES, StoredDeposits, storage_of
from test_numbers_race import at_once

from servflow.core.changes import Command
from servflow.core.deposits.accounts import commands as c
from servflow.core.deposits.accounts.states import MovementKind
from servflow.core.deposits.claims import commands as k
from servflow.core.money import Money
from servflow.core.ports import Receipt

CLAIMS = ("claim-a", "claim-b")
EARNED = cny("2741.67")
"""The interest of the first quarter, which is credited before the first use."""


@pytest.fixture(params=STORAGES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoredDeposits]:
    """A desk over each storage; one building is handed over, and its deposit holds 6,000,000."""
    with storage_of(request, tmp_path) as storage:
        it = StoredDeposits(storage)
        it.hold()
        yield it


def together(desk: StoredDeposits, *commands: Command) -> tuple[list[str], list[Receipt]]:
    """All of them in the same instant: the codes of what was refused, and the receipts of the others.

    Mostly the last is the first to come through, as it is the one that the others wait for.
    """
    receipts: list[Receipt] = []

    def act(command: Command) -> None:
        receipts.append(desk.desk.do(command))

    refused = at_once(*(lambda command=command: act(command) for command in commands))
    return refused, receipts


def moved(desk: StoredDeposits, kind: MovementKind) -> list[Money]:
    """The amounts of the movements of that kind, the greatest first."""
    return sorted((each.amount for each in desk.account().movements if each.kind is kind), reverse=True)


@pytest.mark.clause("SD-14", "SD-23")
def test_two_claims_together_draw_no_more_than_is_there(desk: StoredDeposits) -> None:
    """One is refused; said again with what is left, it is paid that, and the deposit is used up."""
    for claim in CLAIMS:
        desk.list_costs("2026-06-10", cny(4_000_000), claim)
    pays = [desk.command(k.PayOut, "2026-06-11", case=claim, amount=cny(4_000_000)) for claim in CLAIMS]
    refused, receipts = together(desk, *pays)

    assert (refused, len(receipts)) == (["deposits.above-balance"], 1)
    assert desk.account().balance == cny(2_000_000) + EARNED
    desk.prove()
    (unpaid,) = (claim for claim in CLAIMS if desk.claim(claim).paid is None)
    desk.say(k.PayOut, "2026-06-11", case=unpaid, amount=cny(2_000_000) + EARNED)
    assert moved(desk, MovementKind.USED) == [cny(4_000_000), cny(2_000_000) + EARNED]
    assert desk.account().balance == cny(0)
    desk.prove_whole()


@pytest.mark.clause("SD-14")
def test_two_claims_that_the_deposit_covers_are_both_paid(desk: StoredDeposits) -> None:
    """Neither is lost, and neither is refused: the second waits for the first, and sees what it left."""
    for claim in CLAIMS:
        desk.list_costs("2026-06-10", cny(3_000_000), claim)
    pays = [desk.command(k.PayOut, "2026-06-11", case=claim, amount=cny(3_000_000)) for claim in CLAIMS]
    refused, receipts = together(desk, *pays)

    assert (refused, len(receipts)) == ([], 2)
    assert moved(desk, MovementKind.USED) == [cny(3_000_000)] * 2
    assert desk.account().balance == EARNED
    desk.prove_whole()


@pytest.mark.clause("SD-14")
def test_two_clerks_pay_one_claim_once(desk: StoredDeposits) -> None:
    """To the one who comes second the claim is paid already."""
    desk.list_costs("2026-06-10", cny(28_000))
    pays = [desk.command(k.PayOut, "2026-06-11", amount=cny(28_000)) for _ in range(2)]
    refused, receipts = together(desk, *pays)

    assert (refused, len(receipts)) == (["lifecycle.not-in-state"], 1)
    assert moved(desk, MovementKind.USED) == [cny(28_000)]
    desk.prove_whole()


@pytest.mark.clause("SD-14", "SD-23")
@pytest.mark.parametrize("order", [1, -1], ids=["one", "other"])
def test_a_reversal_and_a_pay_out_at_once(desk: StoredDeposits, order: int) -> None:
    """What never arrived is not paid out, and what was paid out did arrive: one of them is refused."""
    desk.list_costs("2026-06-10", cny(4_000_000))
    commands = (
        desk.command(c.ReversePayment, "2026-06-11", number=1, reason="it bounced"),
        desk.command(k.PayOut, "2026-06-11", amount=cny(4_000_000)),
    )
    refused, receipts = together(desk, *commands[::order])

    assert len(receipts) == 1
    left = {"deposits.payment-spent": cny(2_000_000) + EARNED, "deposits.above-balance": cny(0)}
    assert [desk.account().balance] == [left[code] for code in refused]
    desk.prove_whole()


@pytest.mark.clause("SD-14", "SD-20")
@pytest.mark.parametrize("order", [1, -1], ids=["one", "other"])
def test_a_release_and_a_pay_out_at_once(desk: StoredDeposits, order: int) -> None:
    """The release that comes first is refused for the budget; after the pay-out a share is what was left of it."""
    desk.list_costs("2028-03-04", cny(5_500_000), reported_on=date(2028, 3, 1))
    commands = (
        desk.command(c.ReleasePart, "2028-03-05", part="decoration"),
        desk.command(k.PayOut, "2028-03-05", amount=cny(5_500_000)),
    )
    refused, receipts = together(desk, *commands[::order])

    assert refused in ([], ["deposits.budgets-uncovered"])
    assert len(receipts) == 2 - len(refused)
    assert moved(desk, MovementKind.USED) == [cny(5_500_000)]
    desk.prove()
    if refused:
        desk.say(c.ReleasePart, "2028-03-05", id="once more", part="decoration")
    (released,) = moved(desk, MovementKind.RELEASED)
    assert cny(0) < released < cny(750_000)
    desk.prove_whole()


@pytest.mark.clause("SD-14")
def test_a_command_that_comes_twice_at_once_counts_once(desk: StoredDeposits) -> None:
    """A payment, and a pay-out: the second one is given the receipt of the first, and nothing moves twice."""
    desk.list_costs("2026-06-10", cny(28_000))
    desk.say(c.ReassessDeposit, "2026-06-10", cost=cny(130_000_000), reason="a corrected cost")
    before = desk.account().balance
    for command in (
        desk.command(c.LodgeDeposit, "2026-06-11", amount=cny(500_000)),
        desk.command(k.PayOut, "2026-06-12", amount=cny(28_000)),
    ):
        refused, receipts = together(desk, command, command, command)
        assert refused == []
        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True]

    assert moved(desk, MovementKind.PAID_IN) == [cny(6_000_000), cny(500_000)]
    assert moved(desk, MovementKind.USED) == [cny(28_000)]
    assert desk.account().balance == before + cny(472_000)
    desk.prove_whole()


def test_two_clocks_at_once_say_each_thing_once(desk: StoredDeposits) -> None:
    """Whichever of them is first with a thing, the other one is told that it was said."""
    ran: list[int] = []

    def run() -> None:
        ran.append(desk.wake("2028-04-30"))

    assert at_once(run, run) == []
    assert sum(ran) == 10
    it = desk.account()
    assert it.published == (2026, 2027)
    entries = [entry.document["command"] for entry in desk.storage.journal(it.key)]
    by_the_clock = [each["id"] for each in entries if each["by"]["office"] == "clock"]
    assert len(by_the_clock) == len(set(by_the_clock)) == 10
    assert desk.wake("2028-04-30") == 0
    desk.prove_whole()
