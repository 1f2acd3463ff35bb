"""Every exception of servflow, in one tree.

    ServflowError                     never raised itself
    ├── Refused                       a command that may not be given; carries every reason
    ├── InvalidValue (ValueError)     a value outside its range: a naive datetime, a float amount, NaN
    ├── CurrencyMismatch (ValueError) two currencies in one sum
    ├── InvalidTable (ValueError)     a lifecycle table that contradicts itself; carries every problem
    ├── InvalidCommand (ValueError)   an unknown command, an unknown or missing field
    ├── InvalidMessage (ValueError)   a partner's message that cannot be read
    ├── InvalidRule (ValueError)      a fee rule in its text form that cannot be read; carries every mistake
    ├── ConflictingRules (ValueError) two special rules apply to the same facts and disagree
    ├── InvalidRulebook (ValueError)  a rulebook with mistakes; carries every one
    ├── InvalidFacts (ValueError)     a host's file of facts with mistakes; carries every one
    ├── MissingValue (LookupError)    a rule has no value on a day, a fact was not given
    ├── NotFound (LookupError)        no aggregate of that key
    ├── AlreadyExists                 an aggregate of that key is there already
    ├── StaleVersion                  somebody else changed it first; nothing was written
    ├── CommandReused                 the same command id with another payload; nothing was written
    ├── UnusableStorage               another program's file, a newer format, a read-only one
    ├── DamagedRecord                 something stored that nobody of ours has written so
    ├── InvalidArchive (ValueError)   an archive with mistakes; carries every one; nothing was taken in
    ├── StorageFull                   no room left; nothing was written
    ├── StorageBusy                   locked for too long, or out of reach; nothing was written
    ├── MailFailed                    the mail could not be handed over; it stays in the outbox
    ├── PartnerFailed                 a message for another library's system was not taken by it
    └── MissingExtra (ImportError)    an optional dependency is not installed

Rules of this file: ``code`` is public and never changes, the English text may. Attributes come
first and the text is built from them: where, what was found, what was expected. A checker of a
whole file or table collects ``Problem`` values and raises once, with all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from servflow.core.citations import Reason

__all__ = [
    "AlreadyExists",
    "CommandReused",
    "ConflictingRules",
    "CurrencyMismatch",
    "DamagedRecord",
    "InvalidArchive",
    "InvalidCommand",
    "InvalidFacts",
    "InvalidMessage",
    "InvalidRule",
    "InvalidRulebook",
    "InvalidTable",
    "InvalidValue",
    "MailFailed",
    "MissingExtra",
    "MissingValue",
    "NotFound",
    "PartnerFailed",
    "Problem",
    "Refused",
    "ServflowError",
    "StaleVersion",
    "StorageBusy",
    "StorageFull",
    "UnusableStorage",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file, a table or a message: where it stands, what is there, what should be."""

    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}, expected {self.expected}"


class ServflowError(Exception):
    """The root of the tree; catch it to catch everything that servflow raises on purpose."""

    code: ClassVar[str] = "servflow"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are copied by calling the class with the text; ours take what the text is made of.
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[ServflowError], args: tuple[object, ...]) -> ServflowError:
    return kind.__new__(kind, *args)


class Refused(ServflowError):
    """A command that may not be given. Nothing has changed; ``reasons`` names every reason."""

    code = "refused"

    def __init__(self, subject: str, command: str, reasons: tuple[Reason, ...]) -> None:
        self.subject = subject
        self.command = command
        self.reasons = reasons
        super().__init__(f"{command} refused for {subject}: {'; '.join(map(str, reasons))}")


class InvalidValue(ServflowError, ValueError):
    """A value that its place does not take: ``field``, what was ``found``, what was ``expected``."""

    code = "invalid-value"

    def __init__(self, field: str, found: object, expected: str) -> None:
        self.field = field
        self.found = found
        self.expected = expected
        super().__init__(f"{field}: found {found!r}, expected {expected}")


class CurrencyMismatch(ServflowError, ValueError):
    """Two currencies met where only one can stand."""

    code = "currency-mismatch"

    def __init__(self, one: str, other: str) -> None:
        self.one = one
        self.other = other
        super().__init__(f"amounts in {one} and {other} cannot be taken together")


class _Problems(ServflowError, ValueError):
    """The shape of an error that carries every problem of one file, table or message."""

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{subject}: {count} problem{'' if count == 1 else 's'}{lines}")


class InvalidTable(_Problems):
    """A lifecycle table that contradicts itself; it does not load."""

    code = "invalid-table"


class InvalidCommand(_Problems):
    """A command in plain data that names nothing known: its name, or one of its fields."""

    code = "invalid-command"


class InvalidMessage(_Problems):
    """A partner's message that cannot be read. Nothing was taken in."""

    code = "invalid-message"


class InvalidRule(_Problems):
    """A fee rule in its text form that cannot be read; where each mistake stands is its column."""

    code = "invalid-rule"


class ConflictingRules(ServflowError, ValueError):
    """Two special rules apply to the same facts and disagree; neither is taken."""

    code = "conflicting-rules"

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(f"the special rules for {', '.join(names)} all apply, and they disagree")


class InvalidRulebook(_Problems):
    """A rulebook with mistakes, all of them at once. Nothing of it was loaded."""

    code = "invalid-rulebook"


class InvalidFacts(_Problems):
    """A host's file of facts with mistakes, all of them at once. Nothing of it was loaded."""

    code = "invalid-facts"


class MissingValue(ServflowError, LookupError):
    """A rule has no value where one is needed; it is never taken as zero."""

    code = "missing-value"

    def __init__(self, name: str, where: str) -> None:
        self.name = name
        self.where = where
        super().__init__(f"{name} has no value {where}")


class NotFound(ServflowError, LookupError):
    """No aggregate of that kind and id is stored."""

    code = "not-found"

    def __init__(self, kind: str, id: str) -> None:
        self.kind = kind
        self.id = id
        super().__init__(f"no {kind} with the id {id!r}")


class AlreadyExists(ServflowError):
    """An aggregate of that kind and id is stored already. Nothing was written."""

    code = "already-exists"

    def __init__(self, kind: str, id: str) -> None:
        self.kind = kind
        self.id = id
        super().__init__(f"{kind} {id!r} exists already")


class StaleVersion(ServflowError):
    """Somebody else changed the aggregate after it was read. Nothing was written; read it again."""

    code = "stale-version"

    def __init__(self, kind: str, id: str, expected: int, found: int) -> None:
        self.kind = kind
        self.id = id
        self.expected = expected
        self.found = found
        super().__init__(f"{kind} {id!r} is at version {found}, the change expected {expected}")


class CommandReused(ServflowError):
    """The command id was used before, with another payload. Nothing was written."""

    code = "command-reused"

    def __init__(self, command_id: str) -> None:
        self.command_id = command_id
        super().__init__(f"the command id {command_id!r} was used before for another command")


class UnusableStorage(ServflowError):
    """The place named as storage cannot be used as it is; nothing in it was touched."""

    code = "unusable-storage"

    def __init__(self, place: str, found: str, expected: str) -> None:
        self.place = place
        self.found = found
        self.expected = expected
        super().__init__(f"{place}: found {found}, expected {expected}")


class DamagedRecord(ServflowError):
    """Something is stored that servflow has not written so: ``record`` says which, and what is wrong."""

    code = "damaged-record"

    def __init__(self, record: str, found: str, expected: str) -> None:
        self.record = record
        self.found = found
        self.expected = expected
        super().__init__(f"{record} is damaged: found {found}, expected {expected}")


class InvalidArchive(_Problems):
    """An archive with mistakes, all of them at once, each with its line. Nothing was taken in."""

    code = "invalid-archive"


class StorageFull(ServflowError):
    """No room left where the storage lives. Nothing of the change was written."""

    code = "storage-full"

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"{place}: no room left; nothing of the change was written")


class StorageBusy(ServflowError):
    """The storage could not be had for now; ``why``. Nothing was written; trying again may help.

    Another writer held it for longer than the time-out of ``seconds``, if nothing else is said.
    """

    code = "storage-busy"

    def __init__(self, place: str, seconds: int, why: str = "") -> None:
        self.place = place
        self.seconds = seconds
        self.why = why or f"locked by another writer for over {seconds} s"
        super().__init__(f"{place}: {self.why}; nothing was written")


class MailFailed(ServflowError):
    """A mail could not be handed over. ``permanent`` says that trying again is of no use."""

    code = "mail-failed"

    def __init__(self, recipient: str, found: str, *, permanent: bool = False) -> None:
        self.recipient = recipient
        self.found = found
        self.permanent = permanent
        super().__init__(f"mail to {recipient} was not taken: {found}")


class PartnerFailed(ServflowError):
    """A message was not taken by another library's system. ``permanent``: trying again is of no use.

    ``reached`` says that this one message was not taken, and others may fare better. Otherwise the system
    is not there, or takes nothing of ours for now: it is not asked again in the same run.
    """

    code = "partner-failed"

    def __init__(self, recipient: str, found: str, *, permanent: bool = False, reached: bool = True) -> None:
        self.recipient = recipient
        self.found = found
        self.permanent = permanent
        self.reached = reached
        super().__init__(f"message to {recipient} was not taken: {found}")


class MissingExtra(ServflowError, ImportError):
    """An optional dependency is missing; the text names the extra that brings it."""

    code = "missing-extra"

    def __init__(self, module: str, extra: str) -> None:
        self.module = module
        self.extra = extra
        super().__init__(f"{module} is not installed; install servflow[{extra}]")
