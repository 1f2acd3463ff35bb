"""Load, decide, commit; wakes; the outbox relay; what is owed and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime, timedelta
from typing import Any, Final

import attrs

from servflow.core.changes import Actor, Aggregate, Command, Key
from servflow.core.citations import Reason
from servflow.core.dates import aware
from servflow.core.errors import (
    InvalidValue,
    MailFailed,
    MissingValue,
    NotFound,
    ServflowError,
    StorageBusy,
    StorageFull,
)
from servflow.core.fees import Charge
from servflow.core.ledger import Account, AccountKind, Posting, Settlement, settlement
from servflow.core.lifecycle import Lifecycle, Lifecycles, Policy, check, decide
from servflow.core.ports import Facts, Letter, Mail, Outgoing, Receipt, Status, Storage, Wording

__all__ = ["Deliveries", "Desk", "Explanation", "Wakes"]

_PAGE: Final = 100
_ENVELOPE: Final = frozenset(field.name for field in fields(Command))


@attrs.frozen(kw_only=True)
class Wakes:
    """What a run of ``wake`` did: how many commands were given, and which could not be, and why."""

    done: int
    refused: tuple[tuple[Key, ServflowError], ...]


@attrs.frozen(kw_only=True)
class Deliveries:
    """What a run of ``deliver`` did: how many letters were sent, given up, and put off."""

    sent: int
    failed: tuple[Outgoing, ...]
    postponed: tuple[Outgoing, ...]


@attrs.frozen(kw_only=True)
class Explanation:
    """What an aggregate owes on a day, and what has become of it so far.

    ``owed`` are the charges by kind, each with its derivation; ``postings`` all ledger lines about
    it; ``settlements`` what was posted, paid and waived, by the debtor's account and currency.
    """

    it: Aggregate
    on: date
    owed: tuple[tuple[str, Charge], ...]
    postings: tuple[Posting, ...]
    settlements: Mapping[tuple[Account, str], Settlement]


class Desk:
    """One institution's desk over one storage, under one policy.

    ``wording`` and ``mail`` are needed for ``deliver`` only. All methods may be called from several
    threads, if the ports may.
    """

    def __init__(
        self,
        lifecycles: Lifecycles,
        *,
        storage: Storage,
        facts: Facts,
        policy: Policy,
        mail: Mail | None = None,
        wording: Wording | None = None,
    ) -> None:
        self.lifecycles = lifecycles
        self.storage = storage
        self.facts = facts
        self.policy = policy
        self.mail = mail
        self.wording = wording

    def do(self, command: Command) -> Receipt:
        """Decide and commit; the same command once more gives its first receipt and changes nothing.

        Raises:
            Refused: it may not be given; every reason is named.
            NotFound, AlreadyExists: its aggregate is not there, or there already.
            CommandReused: its id was used before for another command.
            MissingValue: a fact or a rule that it needs has no value.
            StorageBusy, StorageFull: the storage could not take it.
            In every case nothing was written.
        """
        try:
            lifecycle, facts = self._asked(command)
        except ServflowError:  # the host may have forgotten since what it knew the first time
            with self.storage.writing() as writing:
                first = writing.receipt(command)
            if first is None:
                raise
            return first
        with self.storage.writing() as writing:
            first = writing.receipt(command)
            if first is not None:
                return first
            aggregates = self._read(writing.load, lifecycle, command)
            change = decide(self.lifecycles, command, aggregates, policy=self.policy, facts=facts)
            return writing.commit(change)

    def check(self, command: Command) -> tuple[Reason, ...]:
        """Every reason for which ``do`` would refuse the command now; empty if it would take it.

        Judged as if it were said for the first time: receipts are not looked at.

        Raises:
            NotFound, AlreadyExists, MissingValue: as ``do``.
        """
        lifecycle, facts = self._asked(command)
        aggregates = self._read(self._stored, lifecycle, command)
        return check(self.lifecycles, command, aggregates, policy=self.policy, facts=facts)

    def _asked(self, command: Command) -> tuple[Lifecycle, Any]:
        """The host is asked for its facts before any lock is held: it may take its time."""
        lifecycle = self.lifecycles.of(type(command))
        return lifecycle, self.facts.ask(command, self._stored(Key(lifecycle.name, command.case)))

    def allowed(
        self, key: Key, actor: Actor, at: datetime
    ) -> Mapping[type[Command], tuple[Reason, ...] | None]:
        """The commands that the table lets ``actor`` give now, and why each would be refused at ``at``.

        No reasons at all say that the command would be taken as it is with nothing filled in. None
        says that this cannot be told: it has fields that must be filled in, or a fact or a rule
        that it needs has no value.

        Raises:
            NotFound: there is no such aggregate.
        """
        it = self.storage.load(key)
        lifecycle = self.lifecycles.named(key.kind)
        commands = lifecycle.allowed(it, lifecycle.roles_of(it, actor))
        return {command: self._why_not(command, key, actor, at) for command in commands}

    def _why_not(
        self, command: type[Command], key: Key, actor: Actor, at: datetime
    ) -> tuple[Reason, ...] | None:
        own = [field for field in fields(command) if field.name not in _ENVELOPE]
        if any(field.default is MISSING and field.default_factory is MISSING for field in own):
            return None
        try:
            return self.check(command(id="what-if", case=key.id, by=actor, happened_at=at, recorded_at=at))
        except MissingValue:
            return None

    def explain(self, key: Key, on: date) -> Explanation:
        """What is owed on ``on`` (included), by which clauses, and what has been posted and paid.

        Nothing is written: what has grown since the last posting is in ``owed`` alone.

        Raises:
            NotFound: there is no such aggregate.
        """
        it = self.storage.load(key)
        lifecycle = self.lifecycles.named(key.kind)
        postings = tuple(self.storage.postings(subject=key.id))
        accounts = {
            (account, posting.amount.currency): None
            for posting in postings
            for account in (posting.debit, posting.credit)
            if account.kind is AccountKind.RECEIVABLE
        }
        return Explanation(
            it=it,
            on=on,
            owed=tuple(lifecycle.owed(it, self.policy, on)),
            postings=postings,
            settlements={of: settlement(postings, *of) for of in accounts},
        )

    def wake(self, at: datetime) -> Wakes:
        """Say to every aggregate that is due by ``at`` what the clock has to say to it.

        Each command happens at its scheduled instant, however late it is given, so that a run a day
        and one run after a month come to the same. One that cannot be done, because it is refused,
        a value is missing, or anything else of ours stands in its way, is reported and left for
        later; the others go on. An index that an older policy left is not found out here: it is as
        of the aggregate's last commit.

        Raises:
            InvalidValue: ``at`` is naive.
            StorageBusy, StorageFull: as ``do``; what was done before stays done.
        """
        aware("at", at)
        done = 0
        refused: list[tuple[Key, ServflowError]] = []
        stuck: set[Key] = set()
        while True:
            due = self.storage.due(at, limit=_PAGE + len(stuck))
            fresh = [key for key, _ in due if key not in stuck]
            if not fresh:
                return Wakes(done=done, refused=tuple(refused))
            for key in fresh:
                try:
                    for _ in self._wake(key, at):
                        done += 1
                except (StorageBusy, StorageFull):
                    raise
                except ServflowError as error:
                    refused.append((key, error))
                stuck.add(key)

    def _wake(self, key: Key, at: datetime) -> Iterator[Receipt]:
        """All that the clock has to say to one aggregate by ``at``, one command after the other."""
        lifecycle = self.lifecycles.named(key.kind)
        while command := lifecycle.wake(self.storage.load(key), self.policy, at):
            receipt = self.do(command)
            if receipt.repeated:  # another run is at it
                return
            yield receipt

    def deliver(self, at: datetime, *, lease: timedelta = timedelta(minutes=10)) -> Deliveries:
        """Send what waits in the outbox; called again and again, by as many workers as one likes.

        A letter is claimed until ``lease`` after ``at`` (choose it longer than a run takes), then
        sent, then recorded as sent: a worker that dies in between leaves it to the next one, with
        the same Message-ID. What could not be sent now, or for which the host's wording failed,
        stays pending with a note, and does not keep the others waiting; what never can be sent (the
        party or its language is not known, the address is refused) is recorded as failed.

        Raises:
            TypeError: the desk was made without ``mail`` or ``wording``.
            InvalidValue: ``lease`` is not above nothing, or ``at`` is naive. Nothing was sent.
        """
        if self.mail is None or self.wording is None:
            raise TypeError("a desk that delivers is made with mail and wording")
        if lease <= timedelta(0):  # this run would claim again what it has just put off
            raise InvalidValue("lease", lease, "a time above nothing")
        tried: dict[Status, list[Outgoing]] = {Status.SENT: [], Status.FAILED: [], Status.PENDING: []}
        notes: list[str] = []
        while claimed := self.storage.claim(at, until=at + lease, limit=_PAGE):
            for outgoing in claimed:
                status, note = self._send(outgoing, self.mail, self.wording, at)
                tried[status].append(outgoing)
                if status is Status.PENDING:  # given back after the run, or the run would claim it again
                    notes.append(note)
                else:
                    self.storage.settle(outgoing.message.key, at=at, status=status, note=note)
        for outgoing, note in zip(tried[Status.PENDING], notes, strict=True):
            self.storage.settle(outgoing.message.key, at=at, status=Status.PENDING, note=note)
        return Deliveries(
            sent=len(tried[Status.SENT]),
            failed=tuple(tried[Status.FAILED]),
            postponed=tuple(tried[Status.PENDING]),
        )

    def _send(self, outgoing: Outgoing, mail: Mail, wording: Wording, at: datetime) -> tuple[Status, str]:
        """What became of one letter, and why it did not leave."""
        try:
            mail.send(self._letter(outgoing, wording, at))
        except (NotFound, InvalidValue) as error:
            return Status.FAILED, str(error)
        except MailFailed as error:
            return Status.FAILED if error.permanent else Status.PENDING, str(error)
        except Exception as error:  # noqa: BLE001 -- the host's own code; one letter must not stop all
            return Status.PENDING, f"{type(error).__name__}: {error}"
        return Status.SENT, ""

    def _letter(self, outgoing: Outgoing, wording: Wording, at: datetime) -> Letter:
        message = outgoing.message
        party = self.facts.party(message.to)
        subject, body = wording.letter(message, party)
        return Letter(message_id=message.key, to=party, subject=subject, body=body, at=at)

    def _stored(self, key: Key) -> Aggregate | None:
        try:
            return self.storage.load(key)
        except NotFound:
            return None

    @staticmethod
    def _read(
        load: Callable[[Key], Aggregate | None], lifecycle: Lifecycle, command: Command
    ) -> dict[Key, Aggregate]:
        """The command's aggregate and those that its decision looks at, as far as they exist."""

        def found() -> Iterator[tuple[Key, Aggregate]]:
            key = Key(lifecycle.name, command.case)
            it = load(key)
            if it is not None:
                yield key, it
            for other in lifecycle.reads(it, command):
                read = load(other)
                if read is not None:
                    yield other, read

        return dict(found())
