"""Load, decide, commit; wakes; the outbox relay; what is owed and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs

from servflow.codec import in_utc
from servflow.core.changes import Actor, Aggregate, Command, Key, Message
from servflow.core.citations import Reason
from servflow.core.dates import Term, aware, lies_after
from servflow.core.errors import (
    InvalidValue,
    MailFailed,
    MissingValue,
    NotFound,
    PartnerFailed,
    ServflowError,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)
from servflow.core.fees import Charge
from servflow.core.ledger import Account, AccountKind, Posting, Settlement, Statement, settlement, statement
from servflow.core.lifecycle import Lifecycle, Lifecycles, Policies, check, decide, policy_for
from servflow.core.ports import (
    Clock,
    Facts,
    Letter,
    Mail,
    Outgoing,
    Partner,
    Party,
    Receipt,
    Status,
    Storage,
    Wording,
    Writing,
)

__all__ = ["Deliveries", "Desk", "Explanation", "Wakes"]

_PAGE: Final = 100
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_ENVELOPE: Final = frozenset(field.name for field in fields(Command))


@attrs.frozen(kw_only=True)
class Wakes:
    """What a run of ``wake`` did: how many commands were given, and which could not be, and why."""

    done: int
    refused: tuple[tuple[Key, ServflowError], ...]


@attrs.frozen(kw_only=True)
class Deliveries:
    """What a run of ``deliver`` did: how many messages were sent; which were given up, and put off."""

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
    """One institution's desk over one storage, under one policy or one for each lifecycle.

    ``wording`` and ``mail`` are needed for ``deliver`` only, and so is ``clock``, by which it sees that
    its lease has run out; without one it goes on. Without a ``partner`` every message goes as a letter.
    All methods may be called from several threads, if the ports may.
    """

    def __init__(
        self,
        lifecycles: Lifecycles,
        *,
        storage: Storage,
        facts: Facts,
        policy: Policies,
        mail: Mail | None = None,
        wording: Wording | None = None,
        clock: Clock | None = None,
        partner: Partner | None = None,
    ) -> None:
        self.lifecycles = lifecycles
        self.storage = storage
        self.facts = facts
        self.policy = policy
        self.mail = mail
        self.wording = wording
        self.clock = clock
        self.partner = partner

    def do(self, command: Command) -> Receipt:
        """Decide and commit; the same command once more gives its first receipt and changes nothing.

        Raises:
            Refused: it may not be given; every reason is named.
            NotFound, AlreadyExists: its aggregate is not there, or there already.
            CommandReused: its id was used before for another command.
            MissingValue: a fact or a rule that it needs has no value.
            StorageBusy, StorageFull, UnusableStorage: the storage could not take it.
            In every case nothing was written; only where a connection was lost at the commit it is
            not known, and the same command once more tells.
        """
        try:
            lifecycle, it, facts = self._asked(command)
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
            aggregates = self._locked(writing, lifecycle, command, it)
            now = aggregates.get(Key(lifecycle.name, command.case))
            if (now and now.version) != (it and it.version):
                facts = self.facts.ask(command, now)  # those asked before were of another one
            change = decide(self.lifecycles, command, aggregates, policy=self.policy, facts=facts)
            return writing.commit(change)

    def check(self, command: Command) -> tuple[Reason, ...]:
        """Every reason for which ``do`` would refuse the command now; empty if it would take it.

        Judged as if it were said for the first time: receipts are not looked at.

        Raises:
            NotFound, AlreadyExists, MissingValue: as ``do``.
        """
        lifecycle, it, facts = self._asked(command)
        others = {key: self._stored(key) for key in lifecycle.reads(it, command)}
        aggregates = _existing({Key(lifecycle.name, command.case): it, **others})
        return check(self.lifecycles, command, aggregates, policy=self.policy, facts=facts)

    def _asked(self, command: Command) -> tuple[Lifecycle, Aggregate | None, Any]:
        """The host is asked for its facts before any lock is held: it may take its time.

        Only where the aggregate is another one by the time it is locked, the host is asked once more.
        """
        lifecycle = self.lifecycles.of(type(command))
        it = self._stored(Key(lifecycle.name, command.case))
        return lifecycle, it, self.facts.ask(command, it)

    def allowed(
        self, key: Key, actor: Actor, at: datetime
    ) -> Mapping[type[Command], tuple[Reason, ...] | None]:
        """The commands that the table lets ``actor`` give now, and why each would be refused at ``at``.

        No reasons at all say that the command would be taken as it is with nothing filled in. None
        says that this cannot be told: it has fields that must be filled in, or one of several, or a
        fact or a rule that it needs has no value.

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
            said = command(id="what-if", case=key.id, by=actor, happened_at=at, recorded_at=at)
        except InvalidValue:  # it needs one of the fields that may be left out
            return None
        try:
            return self.check(said)
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
            owed=tuple(lifecycle.owed(it, policy_for(lifecycle, self.policy), on)),
            postings=postings,
            settlements={of: settlement(postings, *of) for of in accounts},
        )

    def statement(self, account: Account, currency: str, term: Term) -> Statement:
        """What moved on ``account`` in ``term``, in one currency: the opening, each line, the closing.

        What has been posted by value date; what has grown since and was not posted yet is not on it.
        An account that nothing was posted to has a statement of zero.
        """
        return statement(self.storage.postings(account=account), account, currency, term)

    def wake(self, at: datetime) -> Wakes:
        """Say to every aggregate that is due by ``at`` what the clock has to say to it.

        Each command happens at its scheduled instant, however late it is given, so that a run a day
        and one run after a month come to the same. One that cannot be done, because it is refused,
        a value is missing, or anything else of ours stands in its way, is reported and left for
        later; the others go on. An index that an older policy left is not found out here: it is as
        of the aggregate's last commit.

        Raises:
            InvalidValue: ``at`` is naive.
            StorageBusy, StorageFull, UnusableStorage: as ``do``; what was done before stays done.
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
                except (StorageBusy, StorageFull, UnusableStorage):
                    raise
                except ServflowError as error:
                    refused.append((key, error))
                stuck.add(key)

    def _wake(self, key: Key, at: datetime) -> Iterator[Receipt]:
        """All that the clock has to say to one aggregate by ``at``, one command after the other."""
        lifecycle = self.lifecycles.named(key.kind)
        policy = policy_for(lifecycle, self.policy)
        while command := lifecycle.wake(self.storage.load(key), policy, at):
            receipt = self.do(command)
            if receipt.repeated:  # another run is at it
                return
            yield receipt

    def rebuild_wakes(self) -> int:
        """Work out anew when to look at every aggregate, under the policy of now; how many were different.

        For a policy that has changed: an aggregate's wake is otherwise as of its last commit. An
        aggregate that somebody commits meanwhile keeps the newer one.

        Raises:
            StorageBusy, StorageFull: as ``do``; pages of aggregates before are done.
        """
        changed = 0
        for lifecycle in self.lifecycles:
            policy = policy_for(lifecycle, self.policy)
            after = ""
            while page := self.storage.aggregates(lifecycle.name, after=after, limit=_PAGE):
                changed += self.storage.reschedule(
                    [(it.key, it.version, lifecycle.next_wake(it, policy)) for it in page]
                )
                after = page[-1].id
        return changed

    def deliver(self, at: datetime, *, lease: timedelta = timedelta(minutes=10)) -> Deliveries:
        """Send what waits in the outbox; called again and again, by as many workers as one likes.

        A message goes to the system of its party, where the desk's partner takes it, otherwise as a
        letter. It is claimed until ``lease`` after ``at``, then sent, then recorded as sent: a worker
        that dies in between leaves it to the next one, with the same Message-ID. When so much time
        has passed by the desk's clock, the run ends, for others may claim now what it has not sent;
        only what was on its way at that moment could be sent twice. What could not be sent
        now, or for which the host's wording failed, stays pending with a note, and does not keep the
        others waiting; what never can be sent (the party or its language is not known, the address
        is refused, the other system says that it is wrong) is recorded as failed.

        To a system nothing goes before what it follows: while an earlier message to it about the same
        aggregate waits, later ones are put off, too. A system that is not there is asked once in a run,
        and all else for it put off. When to try again is the caller's to say: after a minute, and then
        after longer and longer, does for most.

        Raises:
            TypeError: the desk was made without ``mail`` or ``wording``.
            InvalidValue: ``lease`` is not above nothing or ends after the year 9999, or ``at`` is naive.
                Nothing was sent.
            StorageBusy, StorageFull, UnusableStorage: what became of a letter could not be recorded;
                it may be sent once more, and what was claimed waits until the lease has run out.
        """
        if self.mail is None or self.wording is None:
            raise TypeError("a desk that delivers is made with mail and wording")
        if lease <= timedelta(0):  # this run would claim again what it has just put off
            raise InvalidValue("lease", lease, "a time above nothing")
        now = in_utc("at", at)  # a lease is a time, not so many hours of a wall clock
        if lease > _LAST - now:
            raise InvalidValue("lease", lease, f"a time that ends by {_LAST.isoformat()}")
        silent: dict[str, str] = {}
        tried: dict[Status, list[Outgoing]] = {Status.SENT: [], Status.FAILED: [], Status.PENDING: []}
        notes: list[str] = []
        end = None if self.clock is None else in_utc("now", self.clock.now()) + lease
        while not self._is_over(end) and (claimed := self.storage.claim(now, until=now + lease, limit=_PAGE)):
            for outgoing in claimed:
                if self._is_over(end):
                    break
                status, note = self._send(outgoing, self.mail, self.wording, at, silent)
                tried[status].append(outgoing)
                if status is Status.PENDING:  # given back after the run, or the run would claim it again
                    notes.append(note)
                else:
                    self._settle(outgoing, now, status, note)
        for outgoing, note in zip(tried[Status.PENDING], notes, strict=True):
            self._settle(outgoing, now, Status.PENDING, note)
        return Deliveries(
            sent=len(tried[Status.SENT]),
            failed=tuple(tried[Status.FAILED]),
            postponed=tuple(tried[Status.PENDING]),
        )

    def _settle(self, outgoing: Outgoing, at: datetime, status: Status, note: str) -> None:
        with suppress(NotFound):  # its recipient was erased while it was sent, and its key with him
            self.storage.settle(outgoing.message.key, at=at, status=status, note=note)

    def _is_over(self, end: datetime | None) -> bool:
        return end is not None and self.clock is not None and self.clock.now() >= end

    def _send(
        self, outgoing: Outgoing, mail: Mail, wording: Wording, at: datetime, silent: dict[str, str]
    ) -> tuple[Status, str]:
        """What became of one message, and why it did not leave. ``silent`` are systems that are not there."""
        message = outgoing.message
        try:
            party = self.facts.party(message.to)
            if self.partner is None or not self.partner.takes(message, party):
                mail.send(_letter(message, party, wording, at))
            elif party.ref in silent:
                return Status.PENDING, silent[party.ref]
            elif (first := self._before(message, party, self.partner, at)) is not None:
                return Status.PENDING, f"waits for {first}, which comes before it"
            else:
                self.partner.send(message, to=party, at=outgoing.committed_at)
        except (NotFound, InvalidValue) as error:
            return Status.FAILED, str(error)
        except MailFailed as error:
            return Status.FAILED if error.permanent else Status.PENDING, str(error)
        except PartnerFailed as error:
            if not (error.reached or error.permanent):
                silent[message.to] = str(error)
            return Status.FAILED if error.permanent else Status.PENDING, str(error)
        except Exception as error:  # noqa: BLE001 -- the host's own code; one message must not stop all
            return Status.PENDING, f"{type(error).__name__}: {error}"
        return Status.SENT, ""

    def _before(self, message: Message, party: Party, partner: Partner, at: datetime) -> str | None:
        """The first message that waits to go to the same system about the same aggregate, before this one.

        One that may not leave yet keeps nothing waiting: what must follow it may not leave either.
        """
        for each in self.storage.outbox(about=message.about, status=Status.PENDING):
            earlier = each.message
            if earlier.key == message.key:
                break
            may_leave = earlier.not_before is None or not lies_after(earlier.not_before, at)
            if earlier.to == message.to and may_leave and partner.takes(earlier, party):
                return earlier.key
        return None

    def _stored(self, key: Key) -> Aggregate | None:
        try:
            return self.storage.load(key)
        except NotFound:
            return None

    @staticmethod
    def _locked(
        writing: Writing, lifecycle: Lifecycle, command: Command, seen: Aggregate | None
    ) -> dict[Key, Aggregate]:
        """The command's aggregate and those that its decision looks at, as far as they exist.

        Locked in the order of their keys, so that two writers never wait for each other: which
        they are is told by the aggregate as it was ``seen`` before, and asked again once it is locked.
        """
        key = Key(lifecycle.name, command.case)
        read: dict[Key, Aggregate | None] = {}
        for each in sorted({key, *lifecycle.reads(seen, command)}):
            read[each] = writing.load(each)
        for each in lifecycle.reads(read[key], command):
            if each not in read:
                read[each] = writing.load(each)
        return _existing(read)


def _letter(message: Message, party: Party, wording: Wording, at: datetime) -> Letter:
    subject, body = wording.letter(message, party)
    return Letter(message_id=message.key, to=party, subject=subject, body=body, at=at)


def _existing(read: Mapping[Key, Aggregate | None]) -> dict[Key, Aggregate]:
    return {key: it for key, it in read.items() if it is not None}
