from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from loan_desk import NLC

from faults.checks import checked, commands_checked, drained, mail_checked, replayed
from faults.places import CODEC, sqlite
from faults.smtp import Taken
from faults.work import BEGINNING, Borrowers, Clock, Work
from faults.workers import LEASE, SENDER, Teller, Told
from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec.rfc5322 import message_id
from servflow.core.errors import AlreadyExists, MailFailed, NotFound, Refused
from servflow.core.ill import ILL
from servflow.core.ports import Letter
from servflow.core.records import (
    AggregateRecord,
    EntryRecord,
    MessageRecord,
    PostingRecord,
    ReceiptRecord,
    Record,
)

ROOT = Path(__file__).resolve().parents[2]
LATER = datetime(2027, 1, 1, tzinfo=UTC)

Records = list[Record]


def test_nothing_is_lost_and_nothing_charged_twice_whatever_fails():
    """Killed workers, crashed servers, no mail, no room, wrong clocks: a few of each, all of them real"""
    program = [sys.executable, str(ROOT / "tools" / "faults"), "--short", "--seed", "7"]
    run = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    last = run.stdout.splitlines()[-1]
    assert "0 acknowledged and lost, 0 charged twice" in last
    assert last.endswith("; 0 scenarios violated")
    for some in ("kills (", "restarts", "killed while delivering", "times no room", "steps back in time"):
        assert f" 0 {some}" not in last


# --- the checks bite ------------------------------------------------------------------------------


class Letters:
    """Mail that is always taken; it refuses one institution, for good."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []

    def send(self, letter: Letter) -> None:
        if letter.to.ref == "refused-1":
            raise MailFailed(letter.to.ref, "550 no such user here", permanent=True)
        self.taken.append(Taken(message_id(letter, SENDER), letter.to.email))


class Worked:
    """A desk that worked for some weeks and delivered all its mail, what it told, and which letters came."""

    def __init__(self) -> None:
        self.told = Told()
        self.letters = Letters()
        self.storage = MemoryStorage(CODEC)
        host = Borrowers()
        desk = Teller(ILL, storage=self.storage, facts=host, policy=NLC, mail=self.letters, wording=host)
        desk.tell = self.told.hear
        clock = Clock(BEGINNING, pace=0)
        work = Work(self.storage, clock, Random("worked"), "w1", ("inst-1", "refused-1"))
        for _ in range(250):
            clock.base += timedelta(hours=9)
            desk.wake(clock.base)
            with suppress(Refused, NotFound, AlreadyExists):
                desk.do(work.next())
        drained(desk, LATER, LEASE)

    def checked(self, disturb: Callable[[Records], Records] = list) -> list[str]:
        """What the checks say of it, with its records disturbed."""
        with sqlite() as place, place.opened() as storage:
            storage.restore(disturb(list(self.storage.records())))
            return checked(storage, self.told) + mail_checked(
                storage, self.told, self.letters.taken, refused=["refused-1"]
            )

    def last(self, kind: type[Record]) -> Any:
        """The last record of a kind."""
        return [record for record in self.storage.records() if type(record) is kind][-1]


@pytest.fixture
def worked() -> Worked:
    return Worked()


def test_there_is_something_to_lose(worked: Worked):
    """The work that the checks are tried on has loans, charges, payments, reminders and mail of all fates"""
    kinds = Counter(type(record) for record in worked.storage.records())
    assert min(kinds[kind] for kind in (AggregateRecord, EntryRecord, ReceiptRecord, PostingRecord)) > 15
    said = {type(worked.told.commands[name]).__name__ for name in worked.told.acknowledged}
    assert said > {"Ship", "CheckIn", "Pay", "NoticeDue", "RequestRenewal", "Assess", "ReceiveRequest"}
    fates = Counter(outgoing.status.value for outgoing in worked.storage.outbox())
    assert fates["sent"] > 5
    assert fates["failed"] > 5


def test_what_is_whole_is_whole(worked: Worked):
    """Nothing is found wrong where nothing failed"""
    assert worked.checked() == []


def without(record: Record) -> Callable[[Records], Records]:
    return lambda records: [each for each in records if each != record]


def one_more(record: Record) -> Callable[[Records], Records]:
    def grown(records: Records) -> Records:
        place = max(place for place, each in enumerate(records) if type(each) is type(record))
        return [*records[: place + 1], record, *records[place + 1 :]]

    return grown


def test_a_command_that_was_lost_is_found(worked: Worked):
    """One that was acknowledged, and of which nothing is there"""
    command = next(iter(worked.told.commands.values()))
    worked.told.acknowledged["w9-1"] = {(("ill.supply", "inst-1.0", 1),)}
    worked.told.commands["w9-1"] = command
    assert "acknowledged and lost: w9-1" in worked.checked()


def test_a_receipt_that_was_forgotten_is_found(worked: Worked):
    """Its command is taken for lost, and given again it is not recognised"""
    receipt = worked.last(ReceiptRecord)
    found = worked.checked(without(receipt))
    assert f"acknowledged and lost: {receipt.command_id}" in found
    assert any(problem.startswith("audit: ") for problem in found)


def test_what_was_never_begun_is_found(worked: Worked):
    """A command that is there and that nobody gave"""
    name = worked.last(ReceiptRecord).command_id
    del worked.told.commands[name]
    assert f"there and never begun: {name}" in worked.checked()


def test_what_was_refused_and_is_there_is_found(worked: Worked):
    """Nothing is written of what is refused"""
    name = worked.last(ReceiptRecord).command_id
    worked.told.refused.add(name)
    assert f"refused and there: {name}" in worked.checked()


def test_other_versions_are_found(worked: Worked):
    """The receipt that is kept is the one that was acknowledged"""
    name = worked.last(ReceiptRecord).command_id
    worked.told.acknowledged[name] = {(("ill.supply", "inst-1.0", 99),)}
    assert any(problem.startswith(f"acknowledged {name} with ") for problem in worked.checked())


def test_half_a_change_is_found(worked: Worked):
    """An entry without the rest of its change, and a change without one of its entries"""
    entry = worked.last(EntryRecord)
    assert any(problem.startswith("audit: ") for problem in worked.checked(without(entry)))


def test_a_charge_made_twice_is_found(worked: Worked):
    """By the accounts, and by what the commands come to"""
    posting = worked.last(PostingRecord)
    again = posting._replace(
        key=f"{posting.key}1", document=posting.document.replace(posting.key, f"{posting.key}1")
    )
    found = worked.checked(one_more(again))
    assert f"oracle: charge or payment too many: ('{posting.key}1',)" in found
    assert any(problem.startswith("books: ") for problem in found)


def test_a_charge_that_was_lost_is_found(worked: Worked):
    """A change that is there without its charge"""
    posting = worked.last(PostingRecord)
    assert f"oracle: charge or payment lost: ('{posting.key}',)" in worked.checked(without(posting))


def test_a_message_that_was_lost_is_found(worked: Worked):
    """A change that is there without its message; its letter is then of none"""
    message = worked.last(MessageRecord)
    assert f"oracle: message lost: ('{message.key}',)" in worked.checked(without(message))


def test_a_message_that_was_invented_is_found(worked: Worked):
    """A message that no command made"""
    message = worked.last(MessageRecord)
    again = message._replace(
        key=f"{message.key}/again", document=message.document.replace(message.key, f"{message.key}/again")
    )
    found = worked.checked(one_more(again))
    assert f"oracle: message too many: ('{message.key}/again',)" in found


def test_a_change_that_is_decided_otherwise_is_found(worked: Worked):
    """What is stored is what the command comes to, to the letter"""
    entry = worked.last(EntryRecord)
    other = entry._replace(document=entry.document.replace('"role":"', '"role":"other-'))
    assert other != entry
    records = [other if each == entry else each for each in worked.storage.records()]
    assert any("came to other entries" in problem for problem in replayed(records))


def test_a_storage_that_does_what_is_given_again_is_found(worked: Worked):
    """What was committed is recognised, and not done once more"""

    class Forgetful(MemoryStorage):
        def writing(self) -> Any:
            self._tables.receipts.clear()
            return super().writing()

    storage = Forgetful(CODEC)
    storage.restore(worked.storage.records())
    found = commands_checked(storage, worked.told)
    assert any("was not recognised" in problem or "was done again" in problem for problem in found)


# --- mail -----------------------------------------------------------------------------------------


def test_a_letter_that_never_came_is_found(worked: Worked):
    """It is recorded as sent"""
    worked.letters.taken.pop()
    assert any(problem.endswith(" was sent and never came") for problem in worked.checked())


def test_a_letter_that_came_twice_is_found(worked: Worked):
    """Unless somebody died over it, or the answer was lost, as often"""
    twice = worked.letters.taken[-1]
    worked.letters.taken.append(twice)
    (problem,) = worked.checked()
    assert " came 2 times, " in problem
    worked.told.unheard.update([problem.split()[1]])
    assert worked.checked() == []


def test_a_letter_of_no_message_is_found(worked: Worked):
    """Nobody gets what no command made"""
    worked.letters.taken.append(Taken("<invented@example.cn>", "inst-1@example.org"))
    assert worked.checked() == ["mail: <invented@example.cn> came to inst-1@example.org and is of no message"]


def test_a_letter_that_still_waits_is_found(worked: Worked):
    """Once all was to be delivered"""
    message = worked.last(MessageRecord)
    waiting = message._replace(status=type(message.status).PENDING, attempts=0, note="")
    assert any(
        problem.startswith(f"mail: {message.key} still waits")
        for problem in worked.checked(
            lambda records: [waiting if each == message else each for each in records]
        )
    )


def test_a_letter_that_was_given_up_is_found(worked: Worked):
    """Of somebody whom no server refuses"""
    found = mail_checked(worked.storage, worked.told, worked.letters.taken)
    assert found
    assert all("was given up: '" in problem for problem in found)
