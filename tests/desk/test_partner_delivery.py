"""What goes to the system of another library, in which order, and what is put off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from servflow.codec import Codec, canonical, read
from servflow.core.changes import Aggregate, Command, Key, Message
from servflow.core.errors import NotFound, PartnerFailed
from servflow.core.ports import Letter, Outgoing, Party, Status, Storage, System
from servflow.core.records import MessageRecord
from servflow.desk import Deliveries, Desk, audit, redecide
from servflow.testing.toys import NOBODY, POLICY, TOYS, Count, Open

C1, C2 = Key("toy.counter", "c1"), Key("toy.counter", "c2")


def at(minute: int) -> datetime:
    """A minute of a morning."""
    return datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=minute)


@dataclass
class World:
    """A host with mail and partners; tests say who has a system and what goes wrong there."""

    systems: set[str] = field(default_factory=lambda: {"north", "south"})
    forgotten: set[str] = field(default_factory=set)
    fails: Callable[[Message], Exception | None] = lambda message: None
    letters: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    taken: list[tuple[str, datetime]] = field(default_factory=list)

    def ask(self, command: Command, it: Aggregate | None) -> None:
        return None

    def party(self, ref: str) -> Party:
        if ref in self.forgotten:
            raise NotFound("party", ref)
        system = System(protocol="toy", url=f"http://{ref}.example/") if ref in self.systems else None
        return Party(ref=ref, name=ref, email=f"{ref}@example.org", language="en", system=system)

    def letter(self, message: Message, to: Party) -> tuple[str, str]:
        return message.kind, to.name

    @property
    def mail(self) -> Any:
        world = self

        class Mail:
            def send(self, letter: Letter) -> None:
                world.letters.append(letter.message_id)

        return Mail()

    def takes(self, message: Message, to: Party) -> bool:
        return to.system is not None and message.kind.startswith("toy.")

    def send(self, message: Message, *, to: Party, at: datetime) -> None:
        self.tried.append(message.key)
        error = self.fails(message)
        if error is not None:
            raise error
        self.taken.append((message.key, at))


@dataclass
class Town:
    storage: Storage
    world: World
    desk: Desk

    def tell(
        self,
        key: str,
        to: str = "north",
        *,
        minute: int = 0,
        about: Key = C1,
        kind: str = "toy.said",
        not_before: datetime | None = None,
    ) -> None:
        """Commit one message."""
        message = Message(key=key, to=to, kind=kind, about=about, not_before=not_before)
        said: Any = {"case": about.id, "by": NOBODY, "happened_at": at(minute), "recorded_at": at(minute)}
        if not any(it.id == about.id for it in self.storage.aggregates("toy.counter")):
            self.desk.do(Open(id=f"open/{about.id}", **said))
        self.desk.do(Count(id=f"count/{key}", note=key, messages=(message,), **said))

    def of(self, key: str) -> Outgoing:
        (found,) = (each for each in self.storage.outbox() if each.message.key == key)
        return found

    def keys(self, result: Deliveries) -> tuple[int, list[str], list[str]]:
        return (
            result.sent,
            [each.message.key for each in result.failed],
            [each.message.key for each in result.postponed],
        )


@pytest.fixture
def town(storage_for: Callable[[Codec], Storage]) -> Town:
    storage, world = storage_for(Codec(TOYS)), World()
    return Town(storage, world, _desk(storage, world, world))


def _desk(storage: Storage, world: World, partner: World | None) -> Desk:
    return Desk(
        TOYS,
        storage=storage,
        facts=world,
        policy=POLICY,
        mail=world.mail,
        wording=world,
        partner=partner,
    )


def _away(*keys: str, reached: bool = False) -> Callable[[Message], Exception | None]:
    def fails(message: Message) -> Exception | None:
        if message.key in keys or message.to in keys:
            return PartnerFailed(message.to, "no answer", reached=reached)
        return None

    return fails


def test_what_a_partner_takes_is_no_letter(town: Town) -> None:
    """A message for a system goes to it, once; every other one, and one of another kind, is a letter."""
    town.tell("m1", "north")
    town.tell("m2", "reader")
    town.tell("m3", "north", kind="other.said")

    assert town.desk.deliver(at(5)) == Deliveries(sent=3, failed=(), postponed=())
    assert town.world.taken == [("m1", at(0))]
    assert town.world.letters == ["m2", "m3"]
    assert town.desk.deliver(at(6)).sent == 0


def test_without_a_partner_everything_is_a_letter(town: Town) -> None:
    """A desk made without a partner writes to libraries that have a system, too."""
    town.tell("m1", "north")

    assert _desk(town.storage, town.world, None).deliver(at(5)).sent == 1
    assert (town.world.letters, town.world.tried) == (["m1"], [])


def test_every_try_is_made_with_the_instant_of_the_commit(town: Town) -> None:
    """However often it was put off, a message is sent with the instant at which it was committed."""
    town.world.fails = _away("north")
    town.tell("m1", minute=3)
    for minute in (5, 20):
        town.desk.deliver(at(minute))
    waiting = town.of("m1")
    town.world.fails = lambda message: None
    town.desk.deliver(at(50))

    assert (waiting.committed_at, waiting.changed_at, waiting.attempts) == (at(3), at(20), 2)
    assert town.world.taken == [("m1", at(3))]
    assert town.of("m1").committed_at == at(3)


def test_a_failure_for_good_is_kept_with_its_reason(town: Town) -> None:
    """What the other system will never take is recorded as failed; what follows it goes on its way."""
    town.world.fails = lambda message: (
        PartnerFailed("north", "ERROR: no such request", permanent=True) if message.key == "m1" else None
    )
    town.tell("m1")
    town.tell("m2")

    assert town.keys(town.desk.deliver(at(5))) == (1, ["m1"], [])
    assert "no such request" in town.of("m1").note
    assert (town.of("m1").status, town.of("m2").status) == (Status.FAILED, Status.SENT)


def test_nothing_goes_before_what_it_follows(town: Town) -> None:
    """While an earlier message about the same thing waits, later ones to the same system are not tried."""
    town.world.fails = _away("m1", reached=True)
    for key, about, to in (
        ("m1", C1, "north"),
        ("m2", C1, "north"),
        ("m3", C2, "north"),
        ("m4", C1, "south"),
        ("m5", C1, "reader"),
    ):
        town.tell(key, to, about=about)

    assert town.keys(town.desk.deliver(at(5))) == (3, [], ["m1", "m2"])
    assert town.world.tried == ["m1", "m3", "m4"]
    assert "waits for m1" in town.of("m2").note
    town.world.fails = lambda message: None
    assert town.keys(town.desk.deliver(at(6))) == (2, [], [])
    assert [key for key, _ in town.world.taken] == ["m3", "m4", "m1", "m2"]


def test_what_another_worker_has_goes_first(town: Town) -> None:
    """What follows a message that another worker has claimed waits until that one says what became of it."""
    town.tell("m1")
    town.storage.claim(at(5), until=at(15))
    town.tell("m2", minute=6)

    assert town.keys(town.desk.deliver(at(7))) == (0, [], ["m2"])
    assert town.world.tried == []
    assert town.keys(town.desk.deliver(at(15))) == (2, [], [])
    assert town.world.tried == ["m1", "m2"]


def test_what_may_not_leave_yet_keeps_nothing(town: Town) -> None:
    """A message whose time has not come does not keep those after it; one at its very instant leaves."""
    town.tell("m1", not_before=at(30))
    town.tell("m2")

    assert town.keys(town.desk.deliver(at(5))) == (1, [], [])
    assert town.keys(town.desk.deliver(at(30))) == (1, [], [])
    assert town.world.tried == ["m2", "m1"]


def test_a_message_at_its_instant_goes_before_what_follows(town: Town) -> None:
    """Once its time has come, a message that waited is one that others follow."""
    town.tell("m1", not_before=at(5))
    town.storage.claim(at(5), until=at(15))
    town.tell("m2", minute=6)

    assert town.keys(town.desk.deliver(at(7))) == (0, [], ["m2"])


def test_a_silent_system_is_asked_once_a_run(town: Town) -> None:
    """Whatever else is for a system that did not answer is put off unasked, and keeps no other waiting."""
    town.world.fails = _away("north")
    for number in range(120):
        about = Key("toy.counter", f"n{number}")
        town.tell(f"n{number}", "north", about=about)
    town.tell("s", "south", about=C2)
    sent, failed, postponed = town.keys(town.desk.deliver(at(5)))

    assert (sent, failed, len(postponed)) == (1, [], 120)
    assert town.world.tried == ["n0", "s"]
    assert {town.of(f"n{number}").note for number in range(120)} == {
        "message to north was not taken: no answer"
    }
    town.world.fails = lambda message: None
    assert town.desk.deliver(at(6)).sent == 120


def test_one_message_that_a_system_chokes_on_keeps_no_other(town: Town) -> None:
    """A system that was there and did not take one message is asked for the others in the same run."""
    town.world.fails = _away("m1", reached=True)
    town.tell("m1", about=C1)
    town.tell("m2", about=C2)

    assert town.keys(town.desk.deliver(at(5))) == (1, [], ["m1"])


def test_whatever_a_partner_raises_stops_nobody(town: Town) -> None:
    """An error of the host's own code puts its message off, with a note; a party it forgot fails for good."""
    town.world.fails = lambda message: ZeroDivisionError("oh") if message.key == "m1" else None
    town.tell("m1", about=C1)
    town.tell("m2", "gone", about=C2)
    town.tell("m3", "south", about=C2)
    town.world.forgotten.add("gone")

    assert town.keys(town.desk.deliver(at(5))) == (1, ["m2"], ["m1"])
    assert town.of("m1").note == "ZeroDivisionError: oh"


def test_a_key_is_not_shown() -> None:
    """A system shown in an error or a log does not tell its key."""
    assert "s3cret" not in repr(System(protocol="toy", url="http://a.example/", key="s3cret"))


# --- when it was committed ------------------------------------------------------------------------


def _undated(record: Any) -> Any:
    """A message as an earlier release stored it."""
    if not isinstance(record, MessageRecord):
        return record
    document = {name: value for name, value in read(record.document).items() if name != "committed_at"}
    return record._replace(document=canonical(document))


def test_a_message_of_an_earlier_release(town: Town) -> None:
    """A message that does not say when it was committed has the instant of its last change instead."""
    town.tell("m1", minute=3)
    town.storage.rewrite(["m1"], _undated)

    assert town.of("m1").committed_at == at(3)
    town.world.fails = _away("north")
    town.desk.deliver(at(5))
    assert town.of("m1").committed_at == at(5)


@pytest.mark.parametrize("older", [False, True])
def test_an_audit_of_both(town: Town, *, older: bool) -> None:
    """Messages of this release and of earlier ones are whole, and are decided again as they are."""
    town.tell("m1", minute=3)
    if older:
        town.storage.rewrite(["m1"], _undated)
    policies = {(POLICY.rulebook, POLICY.calendar_digest): POLICY}

    assert list(audit(TOYS, town.storage.records(), policy=POLICY)) == []
    assert list(redecide(TOYS, town.storage.records(), policies)) == []


def test_an_instant_of_the_commit_that_was_changed(town: Town) -> None:
    """A message that says another instant than its command was recorded at is found by deciding again."""

    def later(record: Any) -> Any:
        if not isinstance(record, MessageRecord):
            return record
        return record._replace(document=record.document.replace("09:03", "09:04"))

    town.tell("m1", minute=3)
    town.storage.rewrite(["m1"], later)
    policies = {(POLICY.rulebook, POLICY.calendar_digest): POLICY}
    (found,) = redecide(TOYS, town.storage.records(), policies)

    assert (found.where, getattr(found, "field", None)) == ("message m1", "committed_at")
    (record,) = (each for each in town.storage.records() if isinstance(each, MessageRecord))
    assert record.changed_at == at(3)


def test_an_instant_of_the_commit_that_is_none(town: Town) -> None:
    """A message whose instant cannot be read is damaged, and the audit names it."""

    def damaged(record: Any) -> Any:
        if not isinstance(record, MessageRecord):
            return record
        return record._replace(document=record.document.replace("2026-03-02T09:03:00Z", "once"))

    town.tell("m1", minute=3)
    town.storage.rewrite(["m1"], damaged)

    assert [problem.where for problem in audit(TOYS, town.storage.records(), policy=POLICY)] != []
    assert town.desk.deliver(at(5)).sent == 0
