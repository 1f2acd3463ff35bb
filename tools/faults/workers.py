"""Workers: processes that do the desk's work, and say on a pipe what they begin and what they did."""

from __future__ import annotations

import json
import logging
import os
import re
import resource
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from select import select
from time import monotonic, sleep
from typing import Any, Final

from loan_desk import NLC

from faults.places import CODEC, Place
from faults.work import Borrowers, Clock, Work
from servflow.adapters.mail_smtp import SmtpMail
from servflow.core.changes import Command
from servflow.core.errors import (
    AlreadyExists,
    InvalidValue,
    MailFailed,
    NotFound,
    Refused,
    ServflowError,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)
from servflow.core.ill import ILL
from servflow.core.ports import Letter, Party, Receipt, Storage
from servflow.desk import Desk

__all__ = ["LEASE", "OURS", "SENDER", "Job", "Teller", "Told", "Worker", "mail_to"]

SENDER: Final = Party(ref="CN-NLC", name="ILL", email="ill@example.cn", language="en")
LEASE: Final = timedelta(seconds=30)
OURS: Final = (StorageBusy, StorageFull, UnusableStorage)
_LIFE: Final = 240  # seconds after which a worker ends by itself, whatever became of its parent
_PATIENCE: Final = 40  # seconds for which a worker gives one command again and again


def mail_to(port: int, seconds: float = 5) -> SmtpMail:
    """The way to the mail server."""
    return SmtpMail(SENDER, host="127.0.0.1", port=port, timeout_seconds=seconds, local_hostname="localhost")


_NO_ANSWER: Final = re.compile("timed out|closed|reset|pipe", re.IGNORECASE)  # it may have been taken

Tell = Callable[..., None]


class _TellingMail:
    def __init__(self, mail: SmtpMail, tell: Tell, pause: Callable[[], None]) -> None:
        self._mail = mail
        self._tell = tell
        self._pause = pause

    def send(self, letter: Letter) -> None:
        self._tell("taking", letter.message_id)
        try:
            self._mail.send(letter)
        except MailFailed as error:
            self._tell("unsent", letter.message_id, str(error))
            raise
        self._tell("sent", letter.message_id)
        self._pause()


class Teller(Desk):
    """The real desk, which says what it begins, and acknowledges it when ``do`` has returned."""

    tell: Tell

    def do(self, command: Command) -> Receipt:
        """As the desk's; every command is told, those of the clock as well."""
        self.tell("begin", CODEC.encode_command(command))
        try:
            receipt = super().do(command)
        except (Refused, NotFound, AlreadyExists, InvalidValue) as error:
            self.tell("refused", command.id, str(error))
            raise
        except ServflowError as error:
            self.tell("failed", command.id, f"{type(error).__name__}: {error}")
            raise
        versions = [[*key, version] for key, version in receipt.versions]
        self.tell("ack", command.id, versions, receipt.repeated)
        return receipt


@dataclass(frozen=True)
class Job:
    """What a worker is to do, until it is told to stop or has said ``commands`` commands."""

    place: Place
    name: str
    seed: str
    clock: Clock
    mail_clock: Clock
    mail_port: int
    institutions: tuple[str, ...]
    again: tuple[Command, ...] = ()
    commands: int = 1_000_000
    delivering: float = 0.06  # share of the mail runs
    waking: float = 0.06
    room: tuple[int, int] | None = (
        None  # bytes that a file may grow by, from and to; then there is room again
    )
    jumps: Callable[[Random, Clock], None] | None = None
    mail_seconds: float = 5
    ballast: int = 0  # bytes in each request
    dawdling: float = 0.0  # seconds between sending a letter and saying so to the storage


class _Life:
    """What a worker does in its process."""

    def __init__(self, job: Job, out: int) -> None:
        self._job = job
        self._out = out
        self._rng = Random(job.seed)
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.alarm(_LIFE)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _tell(self, *said: Any) -> None:
        line = memoryview(json.dumps([*said, monotonic()], ensure_ascii=False).encode() + b"\n")
        while line:
            line = line[os.write(self._out, line) :]

    def _again_and_again(self, attempt: Callable[[], object]) -> None:
        """Until it succeeds or is refused: what the storage could not do, it can do later."""
        deadline = monotonic() + _PATIENCE
        while True:
            try:
                attempt()
            except OURS as error:
                self._tell("waiting", type(error).__name__)
                if monotonic() > deadline:
                    raise
                if self._job.room is not None and isinstance(error, StorageFull):
                    self._make_room()
                sleep(0.01)
            except (Refused, NotFound, AlreadyExists, InvalidValue):
                return
            else:
                return

    def live(self) -> None:
        opened: list[Storage] = []
        self._again_and_again(lambda: opened.append(self._job.place.open()))
        (storage,) = opened
        host = Borrowers()
        mail = _TellingMail(
            mail_to(self._job.mail_port, self._job.mail_seconds),
            self._tell,
            lambda: sleep(self._job.dawdling),
        )
        desk = Teller(
            ILL,
            storage=storage,
            facts=host,
            policy=NLC,
            mail=mail,
            wording=host,
            clock=self._job.mail_clock,
        )
        desk.tell = self._tell
        work = Work(
            storage, self._job.clock, self._rng, self._job.name, self._job.institutions, self._job.ballast
        )
        for command in self._job.again:
            self._again_and_again(partial(desk.do, command))
        for _ in range(self._job.commands):
            if self._stopping:
                break
            self._turn(desk, work)
        storage.close()
        self._tell("end")

    def _turn(self, desk: Teller, work: Work) -> None:
        job, rng = self._job, self._rng
        if job.room is not None and rng.random() < 0.05:  # noqa: PLR2004
            self._less_room()
        if job.jumps is not None:
            job.jumps(rng, job.clock)
            job.mail_clock.base, job.mail_clock.since = job.clock.base, job.clock.since
        what = rng.random()
        if what < job.delivering:
            self._again_and_again(lambda: desk.deliver(job.mail_clock.now(), lease=LEASE))
            self._tell("delivered")
        elif what < job.delivering + job.waking:
            self._again_and_again(lambda: desk.wake(job.clock.now()))
        else:
            chosen: list[Command] = []
            self._again_and_again(lambda: chosen.append(work.next()))
            self._again_and_again(partial(desk.do, chosen[0]))

    def _less_room(self) -> None:
        assert self._job.room is not None
        where = self._job.place.where
        files = [Path(where + end) for end in ("", "-wal")]
        sizes = [file.stat().st_size for file in files if file.exists()]
        limit = max(sizes) + self._rng.randrange(*self._job.room)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def _make_room(self) -> None:
        """Not always at once: some try again where there is none."""
        if self._rng.random() < 0.6:  # noqa: PLR2004
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@dataclass
class Told:
    """What the workers told of what they did; and who died over what."""

    commands: dict[str, Command] = field(default_factory=dict)  # as they were begun first
    acknowledged: dict[str, set[tuple[tuple[str, str, int], ...]]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unheard: Counter[str] = field(default_factory=Counter)  # how often nobody could say that it left
    senders: dict[str, list[str]] = field(default_factory=dict)  # who sent a letter, as far as they know
    failures: Counter[str] = field(default_factory=Counter)  # errors of the storage, by their kind
    broken: list[str] = field(default_factory=list)  # what no worker may say
    durations: deque[float] = field(default_factory=lambda: deque(maxlen=200))

    def hear(self, *said: Any) -> None:
        """What a desk tells of a command."""
        match said:
            case ["begin", document]:
                command = CODEC.decode_command(document)
                self.commands.setdefault(command.id, command)
            case ["ack", name, versions, _]:
                self.acknowledged.setdefault(name, set()).add(tuple(map(tuple, versions)))
            case ["refused", name, _]:
                self.refused.add(name)

    @property
    def open(self) -> list[Command]:
        """Begun, and neither acknowledged nor refused."""
        return [
            command
            for name, command in self.commands.items()
            if name not in self.acknowledged and name not in self.refused
        ]

    @property
    def typical(self) -> float:
        """The typical seconds from the beginning of a command to its acknowledgement."""
        return sorted(self.durations)[len(self.durations) // 2] if self.durations else 0.005


class Worker:
    """A worker as its parent sees it. The process is gone and waited for after ``kill`` or ``ended``."""

    def __init__(self, job: Job, told: Told) -> None:
        self.job = job
        self.told = told
        self.begun: Command | None = None  # and not acknowledged
        self.began = 0.0
        self.over = False
        self.letter: str | None = None  # taken up, and nothing done since
        self._rest = b""
        read, write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _be(job, write)
        os.close(write)
        os.set_blocking(read, False)
        self._read = read

    # --- what it tells ----------------------------------------------------------------------------

    def pump(self) -> bool:
        """Take in what it has told; False once there is nothing more to come."""
        while True:
            try:
                found = os.read(self._read, 1 << 16)
            except BlockingIOError:
                return True
            if not found:
                return False
            *lines, self._rest = (self._rest + found).split(b"\n")
            for line in lines:
                *said, at = json.loads(line)
                self._hear(said, at)

    def _hear(self, said: list[Any], at: float) -> None:
        if said[0] in {"begin", "ack", "refused", "failed"}:
            self._hear_command(said, at)
        if said[0] == "waiting" and self.letter is not None:  # sent, and there was no saying so
            self.told.unheard[self.letter] += 1
        if said[0] not in {"sent", "unsent"}:
            self.letter = None
        match said:
            case ["waiting", kind]:
                self.told.failures[kind] += 1
            case ["taking", key]:
                self.letter = key
            case ["sent", key]:
                self.told.senders.setdefault(key, []).append(self.job.name)
            case ["unsent", key, text]:
                self.told.unheard[key] += _NO_ANSWER.search(text) is not None
            case ["crash", text]:
                self.told.broken.append(f"{self.job.name}: {text}")
            case ["end"]:
                self.over = True

    def _hear_command(self, said: list[Any], at: float) -> None:
        told, self.begun = self.told, None
        match said:
            case ["begin", document]:
                self.begun, self.began = CODEC.decode_command(document), at
            case ["ack", _, _, _]:
                told.durations.append(at - self.began)
        told.hear(*said)

    # --- how it ends ------------------------------------------------------------------------------

    def kill(self) -> bool:
        """End it at once; whether that was between a beginning and its acknowledgement."""
        os.kill(self.pid, signal.SIGKILL)  # ours until it was waited for
        self._reap()
        within = self.begun is not None
        if self.letter is not None:
            self.told.unheard[self.letter] += 1
        return within

    def pause(self) -> None:
        """Time stands still for it."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Time goes on."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end after what it is doing."""
        os.kill(self.pid, signal.SIGTERM)

    def _reap(self) -> int:
        while self.pump():
            select([self._read], [], [], 1)
        os.close(self._read)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return status

    def ended(self) -> None:
        """Nothing more comes from it; it is to have ended by itself."""
        status = self._reap()
        if status or not self.over:
            self.told.broken.append(f"{self.job.name}: ended with status {status}, without saying so")

    @staticmethod
    def listen(workers: Iterable[Worker], seconds: float) -> list[Worker]:
        """Take in what they tell within so many seconds, or less; those that have ended."""
        by_pipe = {worker._read: worker for worker in workers if worker.pid}  # noqa: SLF001
        ready, _, _ = select(list(by_pipe), [], [], max(0.0, seconds))
        return [by_pipe[pipe] for pipe in ready if not by_pipe[pipe].pump()]


def _be(job: Job, out: int) -> None:
    """A worker's whole life; never returns."""
    logging.disable()  # the driver warns of connections that are lost
    try:
        life = _Life(job, out)
        try:
            life.live()
        except BaseException:  # noqa: BLE001 -- told to the parent, who says it was one too many
            life._tell("crash", traceback.format_exc())  # noqa: SLF001
            os._exit(1)
        os._exit(0)
    finally:
        os._exit(1)
