"""A message is never lost and never invented."""

from __future__ import annotations

import pytest

from servflow.core.changes import Key, Withdrawal
from servflow.core.errors import NotFound
from servflow.core.ports import Outgoing, Status, Storage
from servflow.core.records import MessageRecord
from servflow.testing.contracts._hooks import StorageHooks
from servflow.testing.contracts._reference import Reference, live
from servflow.testing.contracts._steps import (
    C1,
    C2,
    a_message,
    claim,
    do,
    instant,
    outgoing,
    to_count,
    to_open,
)

__all__ = ["Outbox"]


class Outbox(StorageHooks):
    """A message is never lost and never invented."""

    def test_a_message_waits_in_the_outbox(self, storage: Storage) -> None:
        """A committed message is pending, since its command was recorded; order is that of commits."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        messages = (a_message("z"), a_message("a", to="party-2", not_before=instant(60)))
        do(storage, to_count("3", "c1", recorded=7, messages=messages))
        do(storage, to_count("4", "c2", recorded=8, messages=(a_message("m", C2),)))
        found = list(storage.outbox())
        assert [outgoing.message.key for outgoing in found] == ["z", "a", "m"]
        assert found[1] == Outgoing(
            message=messages[1],
            status=Status.PENDING,
            attempts=0,
            committed_at=instant(7),
            changed_at=instant(7),
        )
        assert list(storage.outbox(about=C2)) == found[2:]

    def test_a_message_is_claimed_by_one(self, storage: Storage) -> None:
        """What is claimed is left to the claimant until then; the oldest are claimed first."""
        do(storage, to_open("1", "c1"))
        later = a_message("m3", not_before=instant(20))
        messages = (a_message("m2"), a_message("m1"), later, a_message("m4"))
        do(storage, to_count("2", "c1", messages=messages))
        assert claim(storage, 0, until=10, limit=2) == ["m2", "m1"]
        assert claim(storage, 5, until=15) == ["m4"]
        assert claim(storage, 9, until=19) == []
        assert claim(storage, 10, until=19, limit=1) == ["m2"]  # the first claim has run out
        assert claim(storage, 20, until=30) == ["m2", "m1", "m3", "m4"]
        assert {outgoing.status for outgoing in storage.outbox()} == {Status.PENDING}

    def test_what_was_sent_is_never_claimed_again(self, storage: Storage) -> None:
        """A settled message stays what it is: sent, or given up."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"), a_message("m2"))))
        assert claim(storage, 0, until=10) == ["m1", "m2"]
        storage.settle("m1", at=instant(1), status=Status.SENT)
        storage.settle("m2", at=instant(2), status=Status.FAILED, note="no such mailbox")
        storage.settle("m1", at=instant(3), status=Status.PENDING, note="too late")
        storage = self.reopened(storage)
        assert claim(storage, 60, until=70) == []
        sent, failed = storage.outbox()
        assert (sent.status, sent.changed_at, sent.attempts, sent.note) == (Status.SENT, instant(1), 0, "")
        assert (failed.status, failed.changed_at) == (Status.FAILED, instant(2))
        assert (failed.attempts, failed.note) == (1, "no such mailbox")

    def test_a_message_given_back_can_be_claimed_at_once(self, storage: Storage) -> None:
        """A failed try is counted and noted, and the message is there for the next one."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"),)))
        for attempt in (1, 2):
            assert claim(storage, attempt, until=60) == ["m1"]
            storage.settle("m1", at=instant(attempt), status=Status.PENDING, note=f"try {attempt}")
            found = outgoing(storage, "m1")
            assert (found.status, found.attempts) == (Status.PENDING, attempt)
            assert (found.changed_at, found.note) == (instant(attempt), f"try {attempt}")

    def test_an_unknown_message_cannot_be_settled(self, storage: Storage) -> None:
        """A message that was never committed has no outcome."""
        with pytest.raises(NotFound):
            storage.settle("m1", at=instant(0), status=Status.SENT)

    def test_a_withdrawal_reaches_the_unsent_ones_it_names(self, storage: Storage) -> None:
        """Withdrawn are messages of these kinds about this aggregate, not sent and not its own."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        messages = (a_message("sent"), a_message("m1"), a_message("m2", to="party-2"))
        do(storage, to_count("3", "c1", messages=(*messages, a_message("other kind", kind="other"))))
        do(storage, to_count("4", "c2", messages=(a_message("other case", C2),)))
        storage.claim(instant(0), until=instant(1), limit=1)
        storage.settle("sent", at=instant(0), status=Status.SENT)
        withdrawals = (Withdrawal(C1, ("reminder", "nothing")),)
        do(storage, to_count("5", "c1", recorded=5, messages=(a_message("new"),), withdrawals=withdrawals))
        states = {outgoing.message.key: outgoing.status for outgoing in storage.outbox()}
        assert states == {
            "sent": Status.SENT,
            "m1": Status.WITHDRAWN,
            "m2": Status.WITHDRAWN,
            "other kind": Status.PENDING,
            "other case": Status.PENDING,
            "new": Status.PENDING,
        }
        withdrawn = outgoing(storage, "m1")
        assert withdrawn.changed_at == instant(5)
        assert "Count" in withdrawn.note
        assert "5" in withdrawn.note
        assert claim(storage, 10, until=20) == ["other kind", "other case", "new"]

    def test_a_later_message_supersedes_an_unsent_one(self, storage: Storage) -> None:
        """Superseded is what is of the kinds, about the same and to the same party, and not sent."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        messages = (a_message("m1"), a_message("other party", to="party-2"), a_message("other", kind="other"))
        do(storage, to_count("3", "c1", messages=messages))
        do(storage, to_count("4", "c2", messages=(a_message("other case", C2),)))
        do(storage, to_count("5", "c1", recorded=5, messages=(a_message("m2", supersedes=("reminder",)),)))
        superseded = outgoing(storage, "m1")
        assert (superseded.status, superseded.changed_at) == (Status.SUPERSEDED, instant(5))
        assert "m2" in superseded.note
        assert claim(storage, 10, until=20) == ["other party", "other", "other case", "m2"]

    def test_a_message_of_the_same_change_can_supersede(self, storage: Storage) -> None:
        """Of two in one change the later supersedes the earlier; both are on record."""
        do(storage, to_open("1", "c1"))
        messages = tuple(a_message(key, supersedes=("reminder",)) for key in ("m1", "m2", "m3"))
        do(storage, to_count("2", "c1", messages=messages))
        assert [(outgoing.message.key, outgoing.status) for outgoing in storage.outbox()] == [
            ("m1", Status.SUPERSEDED),
            ("m2", Status.SUPERSEDED),
            ("m3", Status.PENDING),
        ]
        assert claim(storage, 10, until=20) == ["m3"]

    @pytest.mark.parametrize("outcome", [Status.SENT, Status.PENDING, Status.FAILED, None])
    def test_a_message_overtaken_while_it_is_being_sent_is_not_tried_again(
        self, storage: Storage, outcome: Status | None
    ) -> None:
        """Sent is sent; if the try fails, or its claimant is never heard of again, it is overtaken."""
        do(storage, to_open("1", "c1"))
        messages = (a_message("m1"), a_message("n1", kind="notice"))
        do(storage, to_count("2", "c1", messages=messages))
        assert claim(storage, 0, until=10) == ["m1", "n1"]
        new, withdrawals = a_message("m2", supersedes=("reminder",)), (Withdrawal(C1, ("notice",)),)
        do(storage, to_count("3", "c1", recorded=5, messages=(new,), withdrawals=withdrawals))
        assert outgoing(storage, "m1").status is Status.PENDING
        if outcome is not None:
            storage.settle("m1", at=instant(6), status=outcome, note="an outcome")
            storage.settle("n1", at=instant(6), status=outcome, note="an outcome")
        assert claim(self.reopened(storage), 10, until=20) == ["m2"]
        reminder, notice = outgoing(storage, "m1"), outgoing(storage, "n1")
        assert reminder.changed_at == notice.changed_at == instant(10 if outcome is None else 6)
        if outcome is Status.SENT:
            assert reminder.status is notice.status is Status.SENT
        else:
            assert (reminder.status, notice.status) == (Status.SUPERSEDED, Status.WITHDRAWN)
            assert "m2" in reminder.note
            assert "3" in notice.note

    def test_a_claim_has_run_out_when_it_ends(self, storage: Storage) -> None:
        """What is overtaken at the instant at which its claim ends is nobody's, and overtaken at once."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"), a_message("n1", kind="notice"))))
        assert claim(storage, 0, until=5) == ["m1", "n1"]
        new, withdrawals = a_message("m2", supersedes=("reminder",)), (Withdrawal(C1, ("notice",)),)
        do(storage, to_count("3", "c1", recorded=5, messages=(new,), withdrawals=withdrawals))
        for key in ("m1", "n1"):
            storage.settle(key, at=instant(6), status=Status.SENT)  # too late: it stays what it is
        reminder, notice = outgoing(storage, "m1"), outgoing(storage, "n1")
        assert (reminder.status, notice.status) == (Status.SUPERSEDED, Status.WITHDRAWN)
        assert reminder.changed_at == notice.changed_at == instant(5)

    def test_a_message_given_up_may_turn_out_to_be_sent(self, storage: Storage) -> None:
        """Of two claimants one of whom sent it, it is sent, whoever of them speaks first; nothing else."""
        do(storage, to_open("1", "c1"))
        do(storage, to_count("2", "c1", messages=(a_message("m1"), a_message("m2"))))
        assert claim(storage, 0, until=5) == claim(storage, 5, until=10) == ["m1", "m2"]
        for key, outcomes in (("m1", (Status.FAILED, Status.SENT)), ("m2", (Status.SENT, Status.FAILED))):
            for minute, status in enumerate((*outcomes, Status.PENDING, Status.FAILED), start=6):
                storage.settle(key, at=instant(minute), status=status, note=f"{status.value} at {minute}")
        first, second = self.reopened(storage).outbox()
        assert (first.status, first.changed_at, first.note) == (Status.SENT, instant(7), "sent at 7")
        assert (second.status, second.changed_at, second.note) == (Status.SENT, instant(6), "sent at 6")
        assert (first.attempts, second.attempts) == (1, 0)
        assert claim(storage, 60, until=70) == []

    def test_every_recipient_has_a_message_of_his_own(self, storage: Storage) -> None:
        """What is told to three is three messages: claimed, sent, failed and superseded one by one."""
        do(storage, to_open("1", "c1"))
        parties = ("party-1", "party-2", "party-3")
        do(storage, to_count("2", "c1", messages=tuple(a_message(f"to {to}", to=to) for to in parties)))
        assert [(each.message.key, each.message.to) for each in storage.outbox()] == [
            (f"to {to}", to) for to in parties
        ]
        assert claim(storage, 0, until=10, limit=1) == ["to party-1"]
        assert claim(storage, 0, until=20, limit=1) == ["to party-2"]
        storage.settle("to party-1", at=instant(1), status=Status.SENT)
        storage.settle("to party-2", at=instant(1), status=Status.FAILED, note="no such mailbox")
        new = a_message("new", to="party-3", supersedes=("reminder",))
        do(storage, to_count("3", "c1", recorded=2, messages=(new,)))
        storage = self.reopened(storage)
        assert [each.status for each in storage.outbox()] == [
            Status.SENT,
            Status.FAILED,
            Status.SUPERSEDED,
            Status.PENDING,
        ]
        assert claim(storage, 60, until=70) == ["new"]

    def test_an_outbox_can_be_asked_by_status(self, storage: Storage) -> None:
        """Those of one status, also of one aggregate, in the order of their commit; not a claim's."""
        do(storage, to_open("1", "c1"))
        do(storage, to_open("2", "c2"))
        for number in range(1, 5):
            messages = (a_message(f"z{5 - number}", C1), a_message(f"y{5 - number}", C2))
            do(storage, to_count(f"{number + 2}", "c1", messages=messages))
        claim(storage, 0, until=10)
        for key in ("z1", "y4", "y1"):
            storage.settle(key, at=instant(1), status=Status.FAILED)
        storage.settle("z4", at=instant(1), status=Status.SENT)
        do(storage, to_count("7", "c1", recorded=20, withdrawals=(Withdrawal(C2, ("reminder",)),)))
        storage = self.reopened(storage)

        def keys(status: Status, about: Key | None = None) -> list[str]:
            return [each.message.key for each in storage.outbox(about=about, status=status)]

        assert keys(Status.FAILED) == ["y4", "z1", "y1"]
        assert keys(Status.FAILED, C2) == ["y4", "y1"]
        assert keys(Status.SENT) == ["z4"]
        assert keys(Status.PENDING) == ["z3", "z2"]
        assert keys(Status.PENDING, C2) == []
        assert keys(Status.WITHDRAWN) == ["y3", "y2"]
        assert keys(Status.SUPERSEDED) == []

    def test_no_message_is_lost_and_none_invented(self, storage: Storage) -> None:
        """Over a long history with failures and repeats: each committed message once, no other."""
        reference = Reference()
        live(reference, storage, steps=120)
        expected = [record for record in reference.records() if isinstance(record, MessageRecord)]
        storage = self.reopened(storage)
        assert [record for record in storage.records() if isinstance(record, MessageRecord)] == expected
        found = list(storage.outbox())
        assert [each.message.key for each in found] == [record.key for record in expected]
        assert [(each.status, each.attempts, each.changed_at, each.note) for each in found] == [
            (record.status, record.attempts, record.changed_at, record.note) for record in expected
        ]
        assert {each.status for each in found} == set(Status)
        unsent = [
            record.key for record in expected if record.status is Status.PENDING and record.overtaken is None
        ]
        delivered: list[str] = []
        while batch := claim(storage, 10**5, until=10**5 + 1, limit=7):
            delivered += batch
            for key in batch:
                storage.settle(key, at=instant(10**5), status=Status.SENT)
        assert delivered == unsent
        assert list(storage.outbox(status=Status.PENDING)) == []
