"""The desk over a small lifecycle of its own: a club that lends its only projector, and reminds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from loan_desk import TOWN, LoanDesk, of

from servflow.adapters.storage_memory import MemoryStorage
from servflow.codec import Codec
from servflow.core.changes import Actor, Aggregate, Command, Key, Message, Office
from servflow.core.citations import Clause, Reason
from servflow.core.dates import start_of_day
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    InvalidCommand,
    InvalidValue,
    MailFailed,
    MissingValue,
    NotFound,
    Refused,
)
from servflow.core.fees import Charge, Days, Facts, PerUnit, Under, evaluate
from servflow.core.fees.assessment import Obligation, assess
from servflow.core.ill import ILL
from servflow.core.ill.lending.commands import ConfirmReceipt
from servflow.core.ledger import Account, AccountKind
from servflow.core.lifecycle import (
    ALWAYS,
    NOT_IN_STATE,
    NOT_YOURS,
    OPENING,
    SAME,
    Lifecycle,
    Lifecycles,
    Outcome,
    Row,
    Situation,
)
from servflow.core.money import Money
from servflow.core.ports import Letter, Outgoing, Party, Receipt, Status, Storage, Writing
from servflow.desk import Deliveries, Desk, Wakes

# --- the lifecycle --------------------------------------------------------------------------------


class Stage(Enum):
    ASKED = "asked"
    OUT = "out"
    BACK = "back"


class Role(Enum):
    MEMBER = "member"
    KEEPER = "keeper"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent(Aggregate):
    """One time that the projector is lent. ``reminded`` counts the reminders behind."""

    kind: ClassVar[str] = "club.lent"

    state: Stage
    member: str
    due: date | None = None
    reminded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClubFacts:
    """How many members wait for it."""

    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClubPolicy:
    """A day late costs; the club reminds on the first and on the second day, but on no quiet one."""

    rulebook: str = "club rules of 2026"
    calendar_digest: str = "every day"
    late: Money = field(default_factory=lambda: Money("1", "EUR"))
    quiet: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOut(Command):
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(Command):
    days: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack(Command):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sell(Command):
    """Said to nothing in this club."""


RULE_3, RULE_4, RULE_5 = Clause("CLUB-3"), Clause("CLUB-4"), Clause("CLUB-5")
REMINDERS = 2

S = Situation[Any, Any, ClubPolicy, ClubFacts]


def nobody_waits(s: S) -> Iterator[Reason]:
    if s.facts.waiting:
        yield Reason("club.waiting", RULE_3, (("waiting", s.facts.waiting),))


def in_time(s: S) -> Iterator[Reason]:
    if s.command.happened_at.date() > s.it.due:
        yield Reason("club.too-late", RULE_4, (("due", s.it.due),))


def not_quiet(s: S) -> Iterator[Reason]:
    if s.command.happened_at.date() in s.policy.quiet:
        yield Reason("club.quiet")


def told(it: Lent, kind: str) -> tuple[Message, ...]:
    key = f"{it.id}/{kind}/{it.version + 1}"
    return (Message(key=key, to=it.member, kind=kind, about=it.key, supersedes=(kind,)),)


def ask(s: S) -> Outcome:
    it = Lent(id=s.command.case, state=Stage.ASKED, member=s.command.by.party)
    return Outcome(it=it, messages=told(it, "asked"))


def hand_out(s: S) -> Outcome:
    return Outcome(it=replace(s.it, due=s.command.happened_at.date() + timedelta(days=s.command.days)))


def longer(s: S) -> Outcome:
    return Outcome(it=replace(s.it, due=s.it.due + timedelta(days=s.command.days), reminded=0))


def remind(s: S) -> Outcome:
    return Outcome(it=replace(s.it, reminded=s.it.reminded + 1), messages=told(s.it, "late"))


def take_back(s: S) -> Outcome:
    day = s.command.happened_at.date()
    receivable = Account(AccountKind.RECEIVABLE, s.it.member)
    fine = Obligation(
        subject=s.it.id, kind="late", debit=receivable, credit=Account(AccountKind.INCOME, "late")
    )
    postings = [
        assess(fine, charge.money, None, day, charge=charge)[0] for _, charge in owed(s.it, s.policy, day)
    ]
    return Outcome(it=s.it, messages=told(s.it, "back"), postings=tuple(filter(None, postings)))


def owed(it: Lent, policy: ClubPolicy, on: date) -> Iterator[tuple[str, Charge]]:
    if it.due is not None and it.due < on:
        rule = Under(RULE_5, PerUnit(Days(), policy.late))
        yield "late", evaluate(rule, Facts(days={"due": it.due, "end": on}))


def next_reminder(it: Lent, _: ClubPolicy) -> datetime | None:
    if it.state is not Stage.OUT or it.due is None or it.reminded == REMINDERS:
        return None
    return start_of_day(it.due + timedelta(days=it.reminded + 1), UTC)


def said_by_clock(it: Lent, policy: ClubPolicy, recorded_at: datetime) -> Command | None:
    at = next_reminder(it, policy)
    if at is None or at > recorded_at:
        return None
    return Remind(
        id=f"{it.id}/{it.due}/{it.reminded + 1}",
        case=it.id,
        by=CLOCK,
        happened_at=at,
        recorded_at=recorded_at,
    )


def roles_of(it: Lent | None, actor: Actor) -> tuple[Role, ...]:
    if actor.office is Office.PERSON:
        return (Role.MEMBER,) if it is None or it.member == actor.party else ()
    return (Role.CLOCK,) if actor.office is Office.CLOCK else (Role.KEEPER,)


CLUB = Lifecycles(
    Lifecycle(
        model=Lent,
        states=Stage,
        roles=Role,
        final=(Stage.BACK,),
        roles_of=roles_of,
        next_wake=next_reminder,
        wake=said_by_clock,
        owed=owed,
        rows=(
            Row(OPENING, Ask, Stage.ASKED, Role.MEMBER, ALWAYS, (), ask),
            Row(Stage.ASKED, HandOut, Stage.OUT, Role.KEEPER, ALWAYS, (nobody_waits,), hand_out),
            Row(Stage.OUT, Extend, SAME, Role.MEMBER, ALWAYS, (in_time, nobody_waits), longer),
            Row(Stage.OUT, Remind, SAME, Role.CLOCK, ALWAYS, (not_quiet,), remind),
            Row(Stage.OUT, TakeBack, Stage.BACK, Role.KEEPER, ALWAYS, (), take_back),
        ),
    )
)

# --- the host -------------------------------------------------------------------------------------

ANNA = Actor("p-17", "club", Office.PERSON)
BERT = Actor("p-18", "club", Office.PERSON)
KEEPER = Actor("p-1", "club", Office.STAFF)
CLOCK = Actor("clock", "club", Office.CLOCK)
LENT_1, LENT_2 = Key("club.lent", "lent-1"), Key("club.lent", "lent-2")


def at(day: int, hour: int = 18) -> datetime:
    """An hour of a day of March."""
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


class _KilledError(BaseException):
    """The process ends here."""


class Host:
    """Facts, mail and wording of one host; tests say what it knows and what goes wrong."""

    def __init__(self) -> None:
        self.waiting = 0
        self.asked: list[tuple[Command, Aggregate | None]] = []
        self.before_answer: Callable[[Command], object] = lambda command: None
        self.forgotten: set[str] = set()
        self.language = "en"
        self.before_sending: Callable[[Letter], object] = lambda letter: None
        self.after_sending: Callable[[Letter], object] = lambda letter: None
        self.letters: list[Letter] = []

    def ask(self, command: Command, it: Aggregate | None) -> ClubFacts:
        self.asked.append((command, it))
        self.before_answer(command)
        return ClubFacts(waiting=self.waiting)

    def party(self, ref: str) -> Party:
        if ref in self.forgotten:
            raise NotFound("party", ref)
        return Party(ref=ref, name="Anna", email="anna@example.org", language=self.language)

    def letter(self, message: Message, to: Party) -> tuple[str, str]:
        if to.language != "en":
            raise InvalidValue("language", to.language, "en")
        return f"About {message.kind}", f"Dear {to.name}"

    def send(self, letter: Letter) -> None:
        self.before_sending(letter)
        self.letters.append(letter)
        self.after_sending(letter)

    @property
    def sent(self) -> list[str]:
        """The Message-IDs of the letters, in the order in which they were sent."""
        return [letter.message_id for letter in self.letters]


@dataclass
class StoppedClock:
    """A clock that somebody sets."""

    at: datetime

    def now(self) -> datetime:
        return self.at


class Locking(MemoryStorage):
    """Writes down what its writers lock, in their order."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        self.locked: list[Key] = []

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with super().writing() as writing:
            load = writing.load

            def noted(key: Key) -> Aggregate | None:
                self.locked.append(key)
                return load(key)

            writing.load = noted  # type: ignore[method-assign]
            yield writing


@dataclass
class Club:
    """A desk and what stands around it."""

    storage: Storage
    host: Host
    desk: Desk

    def under(self, policy: ClubPolicy) -> Desk:
        """A desk over the same storage under another policy."""
        return Desk(
            CLUB, storage=self.storage, facts=self.host, policy=policy, mail=self.host, wording=self.host
        )

    def lend(self, key: Key, *, days: int = 7) -> None:
        """Asked for and handed out on the first day: due on day ``1 + days``."""
        self.desk.do(asks(f"ask/{key.id}", key))
        self.desk.do(hands_out(f"hand-out/{key.id}", key, days=days))

    def lent(self, key: Key = LENT_1) -> Lent:
        it = self.storage.load(key)
        assert isinstance(it, Lent)
        return it

    def statuses(self) -> dict[str, Status]:
        return {outgoing.message.key: outgoing.status for outgoing in self.storage.outbox()}

    def outgoing(self, message: str) -> Outgoing:
        (found,) = (outgoing for outgoing in self.storage.outbox() if outgoing.message.key == message)
        return found

    def contents(self) -> tuple[object, ...]:
        """All that can be read out of the storage, to be compared."""
        found = self.storage.aggregates("club.lent", limit=10_000)
        return (
            found,
            [[dict(entry.document) for entry in self.storage.journal(it.key)] for it in found],
            self.storage.due(at(1000)),
            list(self.storage.postings()),
            list(self.storage.outbox()),
        )


@pytest.fixture
def club(storage_for: Callable[[Codec], Storage]) -> Club:
    storage, host = storage_for(Codec(CLUB)), Host()
    desk = Desk(CLUB, storage=storage, facts=host, policy=ClubPolicy(), mail=host, wording=host)
    return Club(storage, host, desk)


def asks(id: str, key: Key = LENT_1, *, by: Actor = ANNA, recorded: datetime | None = None) -> Ask:
    happened = at(1, 9)
    return Ask(id=id, case=key.id, by=by, happened_at=happened, recorded_at=recorded or happened)


def hands_out(id: str, key: Key = LENT_1, *, days: int = 7) -> HandOut:
    return HandOut(id=id, case=key.id, by=KEEPER, happened_at=at(1), recorded_at=at(1), days=days)


def extends(id: str, day: int, *, by: Actor = ANNA) -> Extend:
    return Extend(id=id, case="lent-1", by=by, happened_at=at(day), recorded_at=at(day))


def takes_back(id: str, day: int) -> TakeBack:
    return TakeBack(id=id, case="lent-1", by=KEEPER, happened_at=at(day), recorded_at=at(day))


# --- do -------------------------------------------------------------------------------------------


def test_do_commits_what_was_decided(club: Club) -> None:
    """After ``do`` the aggregate is what the table made of it, with its entry, its message and its wake."""
    first = club.desk.do(asks("c-1"))
    second = club.desk.do(hands_out("c-2"))

    assert first == Receipt(command_id="c-1", versions=((LENT_1, 1),))
    assert second == Receipt(command_id="c-2", versions=((LENT_1, 2),))
    assert club.lent() == Lent(id="lent-1", state=Stage.OUT, version=2, member="p-17", due=date(2026, 3, 8))
    assert [entry.command_id for entry in club.storage.journal(LENT_1)] == ["c-1", "c-2"]
    assert club.statuses() == {"lent-1/asked/1": Status.PENDING}
    assert club.storage.due(at(1000)) == ((LENT_1, at(9, 0)),)


def test_do_once_more_gives_the_first_receipt(club: Club) -> None:
    """The same command, delivered again later, gives its first receipt and changes nothing."""
    first = club.desk.do(asks("c-1"))
    club.desk.do(hands_out("c-2"))
    before = club.contents()

    again = club.desk.do(asks("c-1", recorded=at(20)))

    assert again == replace(first, repeated=True)
    assert club.contents() == before


def test_do_refuses_a_reused_id(club: Club) -> None:
    """A command id that was used before with another payload is an error, and nothing is written."""
    club.lend(LENT_1)
    before = club.contents()
    for command in (asks("hand-out/lent-1"), hands_out("hand-out/lent-1", days=8)):
        with pytest.raises(CommandReused) as caught:
            club.desk.do(command)
        assert caught.value.command_id == "hand-out/lent-1"

    assert club.contents() == before


def test_a_refused_command_leaves_no_trace(club: Club) -> None:
    """A refusal names every reason with its clause and writes nothing; its id is free for another try."""
    club.lend(LENT_1)
    club.host.waiting = 2
    before = club.contents()
    with pytest.raises(Refused) as caught:
        club.desk.do(extends("c-3", day=9))

    assert caught.value.reasons == (
        Reason("club.too-late", RULE_4, (("due", date(2026, 3, 8)),)),
        Reason("club.waiting", RULE_3, (("waiting", 2),)),
    )
    assert club.contents() == before
    club.host.waiting = 0
    assert not club.desk.do(extends("c-3", day=8)).repeated


def test_do_to_nothing_is_an_error(club: Club) -> None:
    """A command to an aggregate that is not there is ``NotFound``, and nothing is written."""
    before = club.contents()
    with pytest.raises(NotFound) as caught:
        club.desk.do(hands_out("c-1"))

    assert (caught.value.kind, caught.value.id) == ("club.lent", "lent-1")
    assert club.contents() == before


def test_do_opens_nothing_twice(club: Club) -> None:
    """A command that opens what is there already is ``AlreadyExists``, and nothing is written."""
    club.desk.do(asks("c-1"))
    before = club.contents()
    with pytest.raises(AlreadyExists):
        club.desk.do(asks("c-2"))

    assert club.contents() == before


def test_do_knows_the_commands_of_its_tables_only(club: Club) -> None:
    """A command of no lifecycle is refused before anybody is asked for facts."""
    with pytest.raises(InvalidCommand):
        club.desk.do(Sell(id="c-1", case="lent-1", by=KEEPER, happened_at=at(1), recorded_at=at(1)))

    assert club.host.asked == []


def test_the_host_is_asked_with_what_is_stored(club: Club) -> None:
    """The host is asked for facts with the command and the aggregate as it stands; None opens it."""
    club.lend(LENT_1)
    asked = [(type(command), it) for command, it in club.host.asked]

    assert asked == [(Ask, None), (HandOut, Lent(id="lent-1", state=Stage.ASKED, version=1, member="p-17"))]


def test_facts_are_asked_before_any_lock_is_held(club: Club) -> None:
    """While the host looks up its facts, other writers go on: it may take its time."""
    others = iter(range(100))

    def write_meanwhile(command: Command) -> None:
        club.host.before_answer = lambda _: None
        club.desk.do(asks(f"other-{next(others)}", LENT_2))

    club.host.before_answer = write_meanwhile
    club.desk.do(asks("c-1"))

    assert club.lent(LENT_1).version == club.lent(LENT_2).version == 1


def test_facts_are_of_the_aggregate_that_is_decided_on(club: Club) -> None:
    """Where somebody changes it between the question and the lock, the host is asked again, once."""
    club.desk.do(asks("c-1"))

    def hand_out_meanwhile(command: Command) -> None:
        club.host.before_answer = lambda _: None
        club.desk.do(hands_out("c-2"))

    club.host.before_answer = hand_out_meanwhile
    club.host.asked.clear()
    club.desk.do(takes_back("c-3", 3))

    seen = [(type(command), it and it.state) for command, it in club.host.asked]
    assert seen == [(TakeBack, Stage.ASKED), (HandOut, Stage.ASKED), (TakeBack, Stage.OUT)]


def test_all_that_is_looked_at_is_locked_in_one_order() -> None:
    """A command on a loan locks the borrower's relation before the loan, as one on the relation does."""
    codec = Codec(ILL)
    storage = Locking(codec)
    desk = LoanDesk(storage, codec)
    desk.relate(TOWN)
    desk.lend("a-loan-whose-id-comes-first")
    storage.locked.clear()
    desk.say(ConfirmReceipt, "a-loan-whose-id-comes-first", "2026-02-01", by=of(TOWN))

    assert storage.locked == [
        Key("ill.relation", TOWN),
        Key("ill.supply", "a-loan-whose-id-comes-first"),
    ]


def test_facts_that_are_missing_change_nothing(club: Club) -> None:
    """Where the host does not know what has to be known, nothing is written."""

    def does_not_know(command: Command) -> None:
        raise MissingValue("waiting", "at this host")

    club.desk.do(asks("c-1"))
    before = club.contents()
    club.host.before_answer = does_not_know
    for call in (club.desk.do, club.desk.check):
        with pytest.raises(MissingValue):
            call(hands_out("c-2"))

    assert club.contents() == before


# --- check and allowed ----------------------------------------------------------------------------


def test_check_says_what_do_would(club: Club) -> None:
    """``check`` gives the reasons of the refusal, or none where ``do`` would take it; it writes nothing."""
    club.lend(LENT_1)
    before = club.contents()

    assert club.desk.check(extends("c-3", day=8)) == ()
    assert [reason.code for reason in club.desk.check(extends("c-3", day=9))] == ["club.too-late"]
    assert [reason.code for reason in club.desk.check(extends("c-3", day=8, by=BERT))] == [NOT_YOURS]
    assert [reason.code for reason in club.desk.check(hands_out("c-3"))] == [NOT_IN_STATE]
    assert club.contents() == before


def test_check_of_what_is_not_there_is_an_error(club: Club) -> None:
    """``check`` raises what ``do`` would raise for an aggregate that is missing, or there already."""
    with pytest.raises(NotFound):
        club.desk.check(hands_out("c-1"))
    club.desk.do(asks("c-1"))
    with pytest.raises(AlreadyExists):
        club.desk.check(asks("c-2"))


def test_allowed_lists_what_the_actor_may_say(club: Club) -> None:
    """A command that would be taken has no reasons; one that has to be filled in first has None."""
    club.desk.do(asks("c-1"))
    assert club.desk.allowed(LENT_1, KEEPER, at(1)) == {HandOut: None}
    club.desk.do(hands_out("c-2"))

    assert club.desk.allowed(LENT_1, KEEPER, at(2)) == {TakeBack: ()}
    assert club.desk.allowed(LENT_1, ANNA, at(2)) == {Extend: ()}
    assert club.desk.allowed(LENT_1, BERT, at(2)) == {}


def test_allowed_gives_every_reason(club: Club) -> None:
    """A command that the table lets somebody give but a guard would refuse comes with all reasons."""
    club.lend(LENT_1)
    club.host.waiting = 1
    before = club.contents()
    found = club.desk.allowed(LENT_1, ANNA, at(9))

    assert [reason.code for reason in found[Extend] or ()] == ["club.too-late", "club.waiting"]
    assert club.contents() == before


def test_allowed_needs_an_aggregate(club: Club) -> None:
    """What may be said to something that is not there is ``NotFound``."""
    with pytest.raises(NotFound):
        club.desk.allowed(LENT_1, KEEPER, at(1))


# --- explain --------------------------------------------------------------------------------------


def test_explain_computes_and_writes_nothing(club: Club) -> None:
    """What is owed on a day that day included, with its clause, though nothing was posted yet."""
    club.lend(LENT_1)
    before = club.contents()
    on_due, later = club.desk.explain(LENT_1, date(2026, 3, 8)), club.desk.explain(LENT_1, date(2026, 3, 10))

    assert (on_due.owed, on_due.postings, on_due.settlements) == ((), (), {})
    ((kind, charge),) = later.owed
    assert (kind, charge.money, charge.derivation.clause) == ("late", Money("2", "EUR"), RULE_5)
    assert (later.it, later.on) == (club.lent(), date(2026, 3, 10))
    assert club.contents() == before


def test_explain_settles_what_was_posted(club: Club) -> None:
    """What was posted comes with it, and what became of it, by debtor and currency."""
    club.lend(LENT_1)
    club.desk.do(takes_back("c-3", day=11))
    found = club.desk.explain(LENT_1, date(2026, 3, 11))

    assert [posting.key for posting in found.postings] == ["lent-1/late/1"]
    (settled,) = found.settlements.values()
    assert settled.charged == settled.outstanding == Money("3", "EUR")
    assert found.owed[0][1].money == settled.charged


def test_explain_needs_an_aggregate(club: Club) -> None:
    """What is owed for something that is not there is ``NotFound``."""
    with pytest.raises(NotFound):
        club.desk.explain(LENT_1, date(2026, 3, 1))


# --- wake -----------------------------------------------------------------------------------------


def test_an_early_wake_does_nothing(club: Club) -> None:
    """Before the instant nothing is due; at the instant it is."""
    club.lend(LENT_1)
    before = club.contents()

    assert club.desk.wake(at(9, 0) - timedelta(microseconds=1)) == Wakes(done=0, refused=())
    assert club.contents() == before
    assert club.desk.wake(at(9, 0)) == Wakes(done=1, refused=())


def test_a_late_wake_acts_at_the_scheduled_instants(club: Club) -> None:
    """One run after a month gives every command that was due, each at its own instant, recorded now."""
    club.lend(LENT_1)

    assert club.desk.wake(at(31)) == Wakes(done=2, refused=())
    reminders = [
        (command["happened_at"], command["recorded_at"])
        for entry in club.storage.journal(LENT_1, after=2)
        for command in [entry.document["command"]]
    ]
    assert reminders == [
        ("2026-03-09T00:00:00Z", "2026-03-31T18:00:00Z"),
        ("2026-03-10T00:00:00Z", "2026-03-31T18:00:00Z"),
    ]
    assert club.desk.wake(at(31)) == Wakes(done=0, refused=())


def test_a_refused_wake_is_reported_and_the_others_go_on(club: Club) -> None:
    """What cannot be done is reported once a run, counts nothing, and is tried again by the next run."""
    club.lend(LENT_1, days=7)
    club.lend(LENT_2, days=20)
    desk = club.under(ClubPolicy(quiet=frozenset({date(2026, 3, 9)})))
    for _ in range(2):
        before = club.lent(LENT_1)
        result = desk.wake(at(31))
        ((key, error),) = result.refused

        assert key == LENT_1
        assert isinstance(error, Refused)
        assert [reason.code for reason in error.reasons] == ["club.quiet"]
        assert club.lent(LENT_1) == before
    assert club.lent(LENT_2).reminded == 2
    assert club.desk.wake(at(31)) == Wakes(done=2, refused=())


def test_what_was_done_before_a_refusal_counts(club: Club) -> None:
    """Where the second thing the clock says is refused, the first has been said and is counted."""
    club.lend(LENT_1)
    desk = club.under(ClubPolicy(quiet=frozenset({date(2026, 3, 10)})))
    result = desk.wake(at(31))

    assert (result.done, [key for key, _ in result.refused]) == (1, [LENT_1])
    assert club.lent().reminded == 1


def test_a_wake_without_its_facts_is_reported(club: Club) -> None:
    """An aggregate of which the host does not know what it must does not keep the others from waking."""
    club.lend(LENT_1, days=6)
    club.lend(LENT_2, days=7)

    def does_not_know(command: Command) -> None:
        if command.case == "lent-1":
            raise MissingValue("waiting", "at this host")

    club.host.before_answer = does_not_know
    result = club.desk.wake(at(31))

    assert result.done == 2
    assert [(key, type(error)) for key, error in result.refused] == [(LENT_1, MissingValue)]


def test_a_wake_leaves_to_another_run_what_that_one_does(club: Club) -> None:
    """Two runs at once give each command once, and count it once."""
    club.lend(LENT_1)
    meanwhile: list[Wakes] = []

    def another_run(command: Command) -> None:
        club.host.before_answer = lambda _: None
        meanwhile.append(club.desk.wake(at(31)))

    club.host.before_answer = another_run

    assert club.desk.wake(at(31)) == Wakes(done=0, refused=())
    assert meanwhile == [Wakes(done=2, refused=())]
    assert club.lent().version == 4


def test_thousands_may_be_due_at_once(
    club: Club, storage_for: Callable[[Codec], Storage], request: pytest.FixtureRequest
) -> None:
    """However many are due, one run wakes them all, the refused ones once, and comes to an end."""
    many = 2000 if "memory" in request.node.name else 250
    keys = [Key("club.lent", f"lent-{number:04}") for number in range(many)]
    for number, key in enumerate(keys):
        club.lend(key, days=7 if number % 10 else 8)
    desk = club.under(ClubPolicy(quiet=frozenset({date(2026, 3, 9)})))
    result = desk.wake(at(9))
    assert (result.done, [key for key, _ in result.refused]) == (
        0,
        [key for n, key in enumerate(keys) if n % 10],
    )
    result = desk.wake(at(10))

    assert result.done == many // 10
    assert club.desk.wake(at(9)) == Wakes(done=many - many // 10, refused=())
    assert club.desk.wake(at(31)) == Wakes(done=many, refused=())
    assert club.storage.due(at(1000)) == ()


def test_wakes_worked_out_anew_are_those_of_the_commits(club: Club) -> None:
    """However wrong the index has become, from scratch it is what it was; once more changes nothing."""
    keys = [Key("club.lent", f"lent-{number:03}") for number in range(250)]  # more than two pages
    for number, key in enumerate(keys):
        club.lend(key, days=7 + number % 3)
    club.desk.do(TakeBack(id="b", case="lent-000", by=KEEPER, happened_at=at(3), recorded_at=at(3)))
    right = club.storage.due(at(1000), limit=1000)
    club.storage.reschedule(
        [(key, club.lent(key).version, at(1) if n else None) for n, key in enumerate(keys)]
    )
    wrong = club.storage.due(at(1000), limit=1000)

    assert len(wrong) == len(right) == 249
    assert {wake for _, wake in wrong} == {at(1)}
    assert club.desk.rebuild_wakes() == 249
    assert club.storage.due(at(1000), limit=1000) == right
    assert club.desk.rebuild_wakes() == 0


def test_wake_takes_no_naive_instant(club: Club) -> None:
    """A naive instant is an error, and nothing was done."""
    with pytest.raises(InvalidValue):
        club.desk.wake(datetime(2026, 3, 31))


# --- deliver --------------------------------------------------------------------------------------


def test_a_letter_is_written_when_it_is_sent_and_sent_once(club: Club) -> None:
    """A letter goes to the party as the host knows it at that time, once, and is recorded as sent."""
    club.desk.do(asks("c-1"))

    assert club.desk.deliver(at(2)) == Deliveries(sent=1, failed=(), postponed=())
    anna = Party(ref="p-17", name="Anna", email="anna@example.org", language="en")
    assert club.host.letters == [
        Letter(message_id="lent-1/asked/1", to=anna, subject="About asked", body="Dear Anna", at=at(2))
    ]
    assert club.outgoing("lent-1/asked/1").changed_at == at(2)
    assert club.statuses() == {"lent-1/asked/1": Status.SENT}
    assert club.desk.deliver(at(3)) == Deliveries(sent=0, failed=(), postponed=())
    assert club.host.sent == ["lent-1/asked/1"]


def test_more_letters_than_one_claim_holds_all_leave(club: Club) -> None:
    """One run sends everything that waits, in the order in which it was committed."""
    ids = [f"lent-{number}" for number in range(120)]
    for id in ids:
        club.desk.do(asks(f"ask/{id}", Key("club.lent", id)))

    assert club.desk.deliver(at(2)).sent == 120
    assert club.host.sent == [f"{id}/asked/1" for id in ids]


def test_two_workers_send_each_letter_once(club: Club) -> None:
    """What one worker has claimed, another one leaves alone."""
    club.lend(LENT_1)
    club.lend(LENT_2)
    meanwhile: list[Deliveries] = []
    club.host.before_sending = lambda letter: meanwhile.append(club.desk.deliver(at(2)))

    assert club.desk.deliver(at(2)).sent == 2
    assert [each.sent for each in meanwhile] == [0, 0]
    assert len(club.host.sent) == 2


def test_an_overtaken_reminder_is_not_sent(club: Club) -> None:
    """Where a later message has superseded an unsent one, only the later one leaves."""
    club.lend(LENT_1)
    club.desk.wake(at(31))

    assert club.desk.deliver(at(31)).sent == 2
    assert club.host.sent == ["lent-1/asked/1", "lent-1/late/4"]
    assert club.statuses()["lent-1/late/3"] is Status.SUPERSEDED


def test_a_letter_put_off_is_tried_again_by_the_next_run(club: Club) -> None:
    """A temporary failure leaves the letter pending, with its reason, once a run; the others leave."""
    club.desk.do(asks("c-1", LENT_1))
    club.desk.do(asks("c-2", LENT_2))

    def full(letter: Letter) -> None:
        if letter.message_id == "lent-1/asked/1":
            raise MailFailed("anna@example.org", "mailbox full")

    club.host.before_sending = full
    first = club.desk.deliver(at(2))

    assert (first.sent, first.failed) == (1, ())
    assert [outgoing.message.key for outgoing in first.postponed] == ["lent-1/asked/1"]
    waiting = club.outgoing("lent-1/asked/1")
    assert (waiting.status, waiting.attempts, waiting.changed_at) == (Status.PENDING, 1, at(2))
    assert "mailbox full" in waiting.note
    club.host.before_sending = lambda letter: None
    assert club.desk.deliver(at(2)) == Deliveries(sent=1, failed=(), postponed=())
    assert club.host.sent == ["lent-2/asked/1", "lent-1/asked/1"]


def _no_such_mailbox(host: Host) -> None:
    def refuse(letter: Letter) -> None:
        raise MailFailed(letter.to.email, "no such mailbox", permanent=True)

    host.before_sending = refuse


def _forgets(host: Host) -> None:
    host.forgotten.add("p-17")


def _speaks_latin(host: Host) -> None:
    host.language = "la"


@pytest.mark.parametrize(
    ("goes_wrong", "why"),
    [
        (_no_such_mailbox, "no such mailbox"),
        (_forgets, "no party with the id 'p-17'"),
        (_speaks_latin, "'la'"),
    ],
)
def test_a_letter_that_never_can_be_sent_is_given_up(
    club: Club, goes_wrong: Callable[[Host], None], why: str
) -> None:
    """A refused address, a party or a language nobody knows: recorded as failed, with the reason, for good."""
    club.desk.do(asks("c-1"))
    goes_wrong(club.host)
    result = club.desk.deliver(at(2))

    assert (result.sent, result.postponed) == (0, ())
    assert [outgoing.message.key for outgoing in result.failed] == ["lent-1/asked/1"]
    given_up = club.outgoing("lent-1/asked/1")
    assert (given_up.status, given_up.attempts) == (Status.FAILED, 1)
    assert why in given_up.note
    assert club.desk.deliver(at(30)) == Deliveries(sent=0, failed=(), postponed=())


def test_one_letter_that_cannot_be_sent_keeps_no_other(club: Club) -> None:
    """The letters behind one that failed leave in the same run."""
    club.desk.do(asks("c-1", LENT_1, by=BERT))
    club.desk.do(asks("c-2", LENT_2, by=ANNA))
    club.host.forgotten.add("p-18")

    assert club.desk.deliver(at(2)).sent == 1
    assert club.host.sent == ["lent-2/asked/1"]


def test_a_worker_that_dies_leaves_its_letter_to_the_next(club: Club) -> None:
    """Killed between sending and recording: after the lease it is sent again under the same Message-ID."""
    club.desk.do(asks("c-1"))

    def killed(letter: Letter) -> None:
        raise _KilledError

    club.host.after_sending = killed
    with pytest.raises(_KilledError):
        club.desk.deliver(at(2, 10), lease=timedelta(hours=1))
    club.host.after_sending = lambda letter: None

    assert club.desk.deliver(at(2, 10) + timedelta(minutes=59)).sent == 0
    assert club.statuses() == {"lent-1/asked/1": Status.PENDING}
    assert club.desk.deliver(at(2, 11)).sent == 1
    assert club.host.sent == ["lent-1/asked/1", "lent-1/asked/1"]
    assert club.statuses() == {"lent-1/asked/1": Status.SENT}


def test_a_run_ends_with_its_lease(club: Club) -> None:
    """Once its lease has run out by the desk's clock, a run sends nothing more: others may by then."""
    for number in range(4):
        club.desk.do(asks(f"c-{number}", Key("club.lent", f"lent-{number}")))
    clock = StoppedClock(at(2, 10))
    slow = Desk(
        CLUB,
        storage=club.storage,
        facts=club.host,
        policy=ClubPolicy(),
        mail=club.host,
        wording=club.host,
        clock=clock,
    )

    def takes_its_time(letter: Letter) -> None:
        clock.at += timedelta(minutes=5)

    club.host.after_sending = takes_its_time

    assert slow.deliver(at(2, 10), lease=timedelta(minutes=10)).sent == 2
    assert club.desk.deliver(at(2, 10) + timedelta(minutes=10)).sent == 2
    assert len(set(club.host.sent)) == len(club.host.sent) == 4
    clock.at = at(1)  # set back
    club.desk.do(asks("c-5", Key("club.lent", "lent-5")))
    assert slow.deliver(at(2, 12)).sent == 1


def test_a_letter_whose_message_was_erased_meanwhile_is_no_obstacle(club: Club) -> None:
    """Where its key is another one by the time it was sent, the run goes on with the others."""
    for number in range(3):
        club.desk.do(asks(f"c-{number}", Key("club.lent", f"lent-{number}")))

    def erased(letter: Letter) -> None:
        club.host.after_sending = lambda letter: None
        club.storage.rewrite(["lent-0"], lambda record: _moved(record, "lent-0", "lent-x"))

    club.host.after_sending = erased

    assert club.desk.deliver(at(2)).sent == 3
    assert len(club.host.sent) == 3


def _moved(record: Any, old: str, new: str) -> Any:
    """The record with the id of an aggregate replaced wherever it stands."""
    texts = {
        name: value.replace(old, new) for name, value in record._asdict().items() if isinstance(value, str)
    }
    keys = {
        name: Key(value.kind, value.id.replace(old, new))
        for name, value in record._asdict().items()
        if isinstance(value, Key)
    }
    return record._replace(**texts, **keys)


def test_a_desk_without_mail_delivers_nothing(club: Club) -> None:
    """A desk made without mail or without wording says so, and claims nothing."""
    club.desk.do(asks("c-1"))
    for mail, wording in ((None, club.host), (club.host, None)):
        desk = Desk(
            CLUB, storage=club.storage, facts=club.host, policy=ClubPolicy(), mail=mail, wording=wording
        )
        with pytest.raises(TypeError, match="mail and wording"):
            desk.deliver(at(2))

    assert club.desk.deliver(at(2)).sent == 1


def test_a_lease_is_a_time_and_no_reading_of_a_clock(club: Club) -> None:
    """A lease of an hour in the night in which an hour comes twice ends after an hour."""
    club.desk.do(asks("c-1"))
    berlin = ZoneInfo("Europe/Berlin")
    at_night = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)  # 00:30 in UTC, in the first of the two hours

    def killed(letter: Letter) -> None:
        raise _KilledError

    club.host.after_sending = killed
    with pytest.raises(_KilledError):
        club.desk.deliver(at_night, lease=timedelta(hours=1))
    club.host.after_sending = lambda letter: None

    assert club.desk.deliver(datetime(2026, 10, 25, 1, 29, tzinfo=UTC)).sent == 0
    assert club.desk.deliver(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)).sent == 1


@pytest.mark.parametrize("lease", [timedelta(0), timedelta(minutes=-1), timedelta(days=3_000_000)])
def test_a_lease_lasts(club: Club, lease: timedelta) -> None:
    """A lease of no time at all would have a letter put off claimed again for ever; none ends after time."""
    club.desk.do(asks("c-1"))
    with pytest.raises(InvalidValue, match="lease"):
        club.desk.deliver(at(2), lease=lease)

    assert club.host.sent == []
