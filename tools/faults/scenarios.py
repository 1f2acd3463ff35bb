"""What befalls the desk, scenario by scenario; each ends with all checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise, product
from random import Random
from time import monotonic, sleep
from typing import Any, Final
from zoneinfo import ZoneInfo

from loan_desk import LIBRARY, NLC, of
from postgres import Server

from faults.checks import audited, checked, commands_checked, drained, mail_checked
from faults.places import Place, limit_files, postgresql, sqlite
from faults.smtp import MailServer
from faults.work import BEGINNING, Borrowers, Clock
from faults.workers import LEASE, Job, Teller, Told, Worker, mail_to
from servflow.core.changes import Command
from servflow.core.errors import InvalidValue, ServflowError
from servflow.core.ill import ILL
from servflow.core.ill.lending.commands import Apply
from servflow.core.ill.lending.states import InstitutionKind
from servflow.core.ports import Status, Storage
from servflow.desk import Desk

__all__ = ["Counts", "Violated", "clocks", "full", "full_server", "kills", "mail", "restarts"]

_PACE: Final = 400_000.0  # of the desk's clock: some days a second
_TOGETHER: Final = ("inst-1", "inst-2")  # all work for these; each for one of his own as well
_MAIL_BEGINNING: Final = datetime(2027, 1, 1, tzinfo=UTC)
_BATCH: Final = 8
_BATCHES: Final = 2  # on one database
_WORKERS: Final = 3
_ENOUGH: Final = 100  # kills to speak of a share of them


class Violated(Exception):
    """What must hold does not."""


@dataclass
class Counts:
    """What happened in all scenarios."""

    kills: Counter[str] = field(default_factory=Counter)
    within: int = 0
    restarts: int = 0
    letters: int = 0
    twice: int = 0  # letters that came twice, where that may be
    deliverers: int = 0
    full: int = 0
    jumps: int = 0
    commands: int = 0
    lost: int = 0
    doubled: int = 0
    audits: int = 0
    clean: int = 0

    def summary(self, failed: int) -> str:
        """The counts, in one line."""
        return (
            f"faults: {self.kills.total()} kills ({', '.join(f'{k} {n}' for k, n in self.kills.items())};"
            f" {self.within} between begin and acknowledgement), {self.restarts} restarts,"
            f" {self.deliverers} killed while delivering, {self.full} times no room, {self.jumps} steps back"
            f" in time; {self.commands} commands acknowledged, {self.letters} letters sent, {self.twice} of"
            f" them twice where that may be; {self.lost} acknowledged and lost, {self.doubled} charged twice,"
            f" audit clean {self.clean} of {self.audits}; {failed} scenarios violated"
        )

    def hold(self, problems: Sequence[str]) -> None:
        """Go on only where there is nothing wrong."""
        self.audits += 1
        self.clean += not any(problem.startswith("audit") for problem in problems)
        self.lost += sum(problem.startswith("acknowledged and lost") for problem in problems)
        self.doubled += sum("charge or payment too many" in problem for problem in problems)
        if problems:
            raise Violated("\n  ".join(("", *problems)))


@dataclass
class Desks:
    """The desk of one database: who works at it, by which clocks, and what they told."""

    place: Place
    server: MailServer
    seed: str
    clock: Clock
    mail_clock: Clock
    told: Told = field(default_factory=Told)
    hired: int = 0

    @staticmethod
    def at(place: Place, server: MailServer, seed: str) -> Desks:
        """With clocks that start now."""
        now = monotonic()
        return Desks(place, server, seed, Clock(BEGINNING, _PACE, now), Clock(_MAIL_BEGINNING, 1, now))

    def job(self, *, again: tuple[Command, ...] = ()) -> Job:
        """What the next worker is to do."""
        self.hired += 1
        name = f"w{self.hired}"
        own = f"own-{self.hired % _WORKERS}"
        return Job(
            place=self.place,
            name=name,
            seed=f"{self.seed}/{name}",
            clock=self.clock,
            mail_clock=self.mail_clock,
            mail_port=self.server.port,
            institutions=(*_TOGETHER, own),
            again=again,
        )

    def hire(self, job: Job | None = None) -> Worker:
        """A worker at work."""
        return Worker(job or self.job(), self.told)

    @contextmanager
    def opened(self) -> Iterator[tuple[Storage, Desk]]:
        """The storage, and a desk over it to which nothing happens."""
        with self.place.opened() as storage:
            host = Borrowers()
            desk = Desk(
                ILL,
                storage=storage,
                facts=host,
                policy=NLC,
                mail=mail_to(self.server.port),
                wording=host,
            )
            yield storage, desk

    def settle(self, counts: Counts, *, refused: Sequence[str] = (), apart: bool = False) -> None:
        """At the end: all that is due is said, all mail is delivered, and everything is looked at.

        ``apart``: the clocks of those who delivered were, so that none saw the other's claims.
        """
        if apart:
            self.told.unheard.update({key: len(set(names)) - 1 for key, names in self.told.senders.items()})
        with self.opened() as (storage, desk):
            counts.hold([*self.told.broken, *commands_checked(storage, self.told)])
            _woken(self, storage)
            _, end = drained(desk, self.mail_clock.now(), LEASE)
            self.mail_clock.base += end - self.mail_clock.now()
            counts.hold(mail_checked(storage, self.told, self.server.taken(), refused=refused))
            counts.hold(checked(storage, self.told))
            counts.letters += sum(each.status is Status.SENT for each in storage.outbox())
        counts.commands += len(self.told.acknowledged)
        counts.twice += sum(number > 1 for number in Counter(self.server.taken()).values())


def _woken(desks: Desks, storage: Storage) -> None:
    """What the clock has to say by now is said, and nothing stands in its way."""
    host = Borrowers()
    desk = Teller(ILL, storage=storage, facts=host, policy=NLC)
    desk.tell = desks.told.hear
    now = desks.clock.now()
    refused = desk.wake(now).refused
    if refused:
        raise Violated(f"the clock was refused: {refused[:3]}")
    if storage.due(now):
        raise Violated(f"still due: {storage.due(now)[:3]}")


def _until(fleet: Sequence[Worker], seconds: float, done: Callable[[], bool]) -> None:
    """Listen to all until something is so; those who end too soon are waited for."""
    deadline = monotonic() + seconds
    while not done():
        if fleet[0].told.broken:
            raise Violated("\n  ".join(fleet[0].told.broken))
        if monotonic() > deadline:
            raise Violated(f"nothing came of it within {seconds} s: {dict(fleet[0].told.failures)}")
        for worker in Worker.listen(fleet, 0.02):
            worker.ended()


def _for(fleet: Sequence[Worker], seconds: float) -> None:
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        for worker in Worker.listen(fleet, left):
            worker.ended()


def _all_end(fleet: Sequence[Worker], *, asked: bool = True) -> None:
    if asked:
        for worker in fleet:
            if worker.pid:
                worker.stop()
    _until(fleet, 60, lambda: not any(worker.pid for worker in fleet))


@contextmanager
def _fleet(desks: Desks, **job: Any) -> Iterator[list[Worker]]:
    """Workers at work; none of them is left afterwards. ``job`` is what they do otherwise than others."""
    fleet: list[Worker] = []
    try:
        fleet.extend(desks.hire(replace(desks.job(), **job)) for _ in range(_WORKERS))
        yield fleet
    finally:
        for worker in fleet:
            if worker.pid:
                worker.kill()


# --- killed workers -------------------------------------------------------------------------------


def kills(number: int, new: Callable[[], AbstractContextManager[Place]], seed: str, counts: Counts) -> str:
    """Workers are killed, at any instant or after the beginning of a command; others go on.

    After each kill the audit is clean, while the others stand still wherever they were; after each
    batch all checks are made at rest, and after each database all mail is delivered.
    """
    rng = Random(seed)
    done = within = 0
    while done < number:
        with new() as place, MailServer() as server:
            desks = Desks.at(place, server, f"{seed}/{done}")
            for _ in range(_BATCHES):
                batch = min(_BATCH, number - done)
                within += (begun := _batch(desks, batch, rng, counts))
                counts.within += begun
                done += batch
                counts.kills[place.kind] += batch
            desks.settle(counts)
    if done >= _ENOUGH and within * 3 < done:
        raise Violated(f"only {within} of {done} kills fell between begin and acknowledgement")
    return f"{done} kills, {within} between begin and acknowledgement"


def _batch(desks: Desks, number: int, rng: Random, counts: Counts) -> int:
    within = 0
    desks.mail_clock.base += LEASE * 2  # what a dead one had claimed can be claimed again
    with _fleet(desks) as fleet:
        _for(fleet, 0.3)
        for _ in range(number):
            place = rng.randrange(len(fleet))
            victim = fleet[place]
            if rng.random() < 0.4:  # noqa: PLR2004
                _for(fleet, rng.uniform(0, 0.06))
            else:
                before = victim.began
                _until(fleet, 30, lambda v=victim, b=before: v.began > b and v.begun is not None)  # type: ignore[misc]
                sleep(rng.uniform(0, 1.0) * desks.told.typical)
            begun_within = victim.kill()
            within += begun_within
            for worker in fleet:
                if worker.pid:
                    worker.pause()
            with desks.place.opened() as storage:
                counts.hold(audited(storage))
            for worker in fleet:
                if worker.pid:
                    worker.resume()
            # The next one takes up what the dead one had begun, or leaves it to be found out later.
            unsure = (victim.begun,) if victim.begun is not None and rng.random() < 0.5 else ()  # noqa: PLR2004
            fleet[place] = desks.hire(desks.job(again=unsure))
        _for(fleet, 0.05)
        _all_end(fleet)
    with desks.place.opened() as storage:
        counts.hold(checked(storage, desks.told))
    return within


# --- a server that crashes ------------------------------------------------------------------------


def restarts(number: int, server: Server, seed: str, counts: Counts) -> str:
    """The server crashes while workers write; they give their commands again until it is back."""
    rng = Random(seed)
    with postgresql(server) as place, MailServer() as mail_server:
        desks = Desks.at(place, mail_server, seed)
        with _fleet(desks) as fleet:
            for _ in range(number):
                _for(fleet, rng.uniform(0.3, 0.8))
                server.restart(immediate=True)
                acknowledged = len(desks.told.acknowledged)
                _until(fleet, 60, lambda n=acknowledged: len(desks.told.acknowledged) > n + 5)  # type: ignore[misc]
            _all_end(fleet)
        desks.settle(counts)
        counts.restarts += number
        failures = dict(desks.told.failures)
    if not failures:
        raise Violated("the server crashed and no worker noticed")
    return f"{number} restarts, {sum(failures.values())} errors of ours given again ({failures})"


# --- mail -----------------------------------------------------------------------------------------


def mail(rounds: int, new: Callable[[], AbstractContextManager[Place]], seed: str, counts: Counts) -> str:
    """The mail server is down, slow, dies, refuses; those who deliver are killed over it."""
    rng = Random(seed)
    with new() as place, MailServer() as server:
        desks = Desks.at(place, server, seed)
        people = ("refused-1", "later-1", "inst-1", "inst-2")
        _fill(desks, people, rounds)
        server.kill()
        with desks.opened() as (storage, desk):
            waiting = sum(each.status is Status.PENDING for each in storage.outbox())
            down = desk.deliver(desks.mail_clock.now(), lease=LEASE)
            notes = [each.note for each in storage.outbox(status=Status.PENDING)]
            if down.sent or down.failed or len(down.postponed) != waiting or not all(notes):
                raise Violated(f"with the server down: {down.sent} sent, {len(down.failed)} given up")
        died = 0
        for _ in range(rounds):
            for mood in ("slow", "dying 550 451", "dropping", "forgetful", "550 451"):
                server.moods(mood)
                server.revive()
                died += _delivering(desks, server, rng, seconds=0.3 if mood == "slow" else 5)
        server.revive()
        server.moods("550 451")
        with desks.opened() as (storage, desk):
            _, end = drained(desk, desks.mail_clock.now(), LEASE)
            desks.mail_clock.base += end - desks.mail_clock.now()
            late = list(storage.outbox(status=Status.PENDING))
            if not late or any(each.message.to != "later-1" or "451" not in each.note for each in late):
                raise Violated(f"those who were to wait: {[(each.message.key, each.note) for each in late]}")
        server.moods("550")  # who was refused for now is not refused any more
        desks.settle(counts, refused=("refused-1",))
        with desks.opened() as (storage, _):
            failed = list(storage.outbox(status=Status.FAILED))
            if not failed:
                raise Violated("nobody was refused for good")
        lost = desks.told.unheard.total()
        counts.deliverers += died
        came = len(server.taken())
    return (
        f"{came} letters came, {len(failed)} refused for good, {lost} times an answer was lost or"
        f" somebody died over it; {died} of those who deliver were killed"
    )


def _fill(desks: Desks, people: tuple[str, ...], rounds: int) -> None:
    """Messages in the outbox, for each of these."""
    job = replace(desks.job(), institutions=people, commands=60 + 40 * rounds, delivering=0.0)
    fleet = [desks.hire(job)]
    _all_end(fleet, asked=False)


def _delivering(desks: Desks, server: MailServer, rng: Random, seconds: float) -> int:
    """Two deliver what there is; each is killed over a letter."""
    died = 0
    desks.mail_clock.base += LEASE * 2
    work = {"delivering": 1.0, "waking": 0.0, "mail_seconds": seconds, "dawdling": 0.003, "commands": 2}
    fleet = [desks.hire(replace(desks.job(), **work)) for _ in range(2)]  # type: ignore[arg-type]
    try:
        for victim in fleet:
            end = monotonic() + rng.uniform(0.02, 0.5)
            while monotonic() < end:
                _for(fleet, 0.02)
                server.revive()
            if victim.pid:
                victim.kill()
                died += 1
    finally:
        for worker in fleet:
            if worker.pid:
                worker.kill()
    server.revive()
    return died


# --- no room --------------------------------------------------------------------------------------


def full(rounds: int, seed: str, counts: Counts) -> str:
    """The kernel lets no file grow beyond a limit, which falls anywhere; then it does again."""
    times = 0
    for number in range(rounds):
        with sqlite() as place, MailServer() as server:
            desks = Desks.at(place, server, f"{seed}/{number}")
            # Each process has a limit of its own: some have no room while others have.
            with _fleet(desks, room=(-60_000, 60_000), commands=150) as fleet:
                _all_end(fleet, asked=False)
            desks.settle(counts)
            times += desks.told.failures.get("StorageFull", 0)
            others = desks.told.failures.keys() - {"StorageFull"}
            if others:
                raise Violated(f"a full disk was told as {others}")
    if not times:
        raise Violated("the disk was never full")
    counts.full += times
    return f"{times} times no room left"


def full_server(rounds: int, server: Server, seed: str, counts: Counts) -> str:
    """The kernel lets no file of the server's grow beyond a limit; then it does again.

    The server tells this limit as an error of its own, not as a full disk: any error of ours will do.
    """
    rng = Random(seed)
    told: Counter[str] = Counter()
    for number in range(rounds):
        with postgresql(server) as place, MailServer() as mail_server:
            desks = Desks.at(place, mail_server, f"{seed}/{number}")
            try:
                # A segment of the server's log has 16 MiB, and must fit.
                limit_files(server, (16 << 20) + rng.randrange(1, 40) * 8192)
                with _fleet(desks, ballast=1 << 20, delivering=0.02, waking=0.02) as fleet:
                    _until(fleet, 60, lambda d=desks: d.told.failures.total() > _WORKERS)  # type: ignore[misc]
                    limit_files(server, -1)
                    before = len(desks.told.acknowledged)
                    _until(fleet, 60, lambda d=desks, b=before: len(d.told.acknowledged) > b + 20)  # type: ignore[misc]
                    _all_end(fleet)
            finally:
                limit_files(server, -1)
            desks.settle(counts)
            told += desks.told.failures
    counts.full += told.total()
    return f"{told.total()} times no room left ({dict(told)})"


# --- clocks ---------------------------------------------------------------------------------------

_ZONES: Final = (UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"))
_CHANGES: Final = (
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
)  # an hour is left out, or comes twice


def _jump(rng: Random, clock: Clock) -> None:
    """Most of the time it goes on; then it is minutes, days, or a change of daylight time off."""
    now = clock.now()
    what = rng.random()
    if what < 0.75:  # noqa: PLR2004
        return
    if what < 0.85:  # noqa: PLR2004
        now += timedelta(minutes=rng.randrange(-90, 90))
    elif what < 0.95:  # noqa: PLR2004
        now += timedelta(days=rng.randrange(-20, 20), hours=rng.randrange(24))
    else:
        now = rng.choice(_CHANGES) + timedelta(minutes=rng.randrange(-60, 60))
    clock.base = now.astimezone(rng.choice(_ZONES))
    clock.since = monotonic()


def _around_changes(desks: Desks, storage: Storage) -> None:
    """Around changes of daylight time, what happened before it was recorded is taken, and nothing else."""
    desk = Teller(ILL, storage=storage, facts=Borrowers(), policy=NLC)
    desk.tell = desks.told.hear
    half_hour = timedelta(minutes=30)
    for number, (change, zone, step) in enumerate(product(_CHANGES, _ZONES, range(-4, 5))):
        name = f"change-{number}"

        def apply(happened: datetime, recorded: datetime, name: str = name, zone: tzinfo = zone) -> Command:
            return Apply(
                id=name,
                case=name,
                by=of(name),
                happened_at=happened.astimezone(zone),
                recorded_at=recorded.astimezone(zone),
                lender=LIBRARY,
                kind=InstitutionKind.UNIVERSITY_LIBRARY,
            )

        now = change + step * half_hour
        try:
            desk.do(apply(now - half_hour, now))
        except ServflowError as error:
            raise Violated(f"half an hour before {now.astimezone(zone)}: {error}") from error
        with suppress(InvalidValue):
            raise Violated(f"recorded before it happened, and taken: {apply(now + half_hour, now)}")


def clocks(commands: int, new: Callable[[], AbstractContextManager[Place]], seed: str, counts: Counts) -> str:
    """Each worker's clock jumps back and forth; afterwards it is right again, and late."""
    with new() as place, MailServer() as server:
        desks = Desks.at(place, server, seed)
        with place.opened() as storage:
            _around_changes(desks, storage)
        with _fleet(desks, jumps=_jump, commands=commands, delivering=0.15, waking=0.15) as fleet:
            _until(fleet, 60, lambda: not fleet[0].pid or fleet[0].letter is not None)
            if fleet[0].pid:  # what it had claimed is claimed until some other time
                fleet[0].kill()
            _all_end(fleet, asked=False)
        with place.opened() as storage:
            counts.hold(checked(storage, desks.told))
            recorded = {command.recorded_at for command in desks.told.commands.values()}
        desks.clock.base = max(recorded).astimezone(UTC) + timedelta(days=100)
        desks.clock.since = monotonic()
        desks.mail_clock.base = max(desks.clock.base, desks.mail_clock.base)
        desks.settle(counts, apart=True)
        told = [command.recorded_at for command in desks.told.commands.values()]
        backwards = sum(later < earlier for earlier, later in pairwise(told))
        counts.jumps += backwards
    return f"{len(recorded)} instants, {backwards} before the one before"
