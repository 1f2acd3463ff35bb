"""What the command line is told about its host: options, and the desk made of them."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import attrs
import click

from servflow.adapters.clock_system import SystemClock
from servflow.adapters.facts_file import FactsFile
from servflow.adapters.service_file import ServiceFile
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import LANGUAGES, BabelWording, Texts
from servflow.codec import Codec, toml
from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.changes import Actor, Aggregate, Command, Key, Office
from servflow.core.errors import AlreadyExists, NotFound, Refused, ServflowError, UnusableStorage
from servflow.core.ill import ILL
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.policy import BorrowingPolicy
from servflow.core.ill.centre.model import CentreFacts
from servflow.core.ill.centre.routing import Routing, RoutingFacts
from servflow.core.ill.centre.settled import SettledTerms
from servflow.core.ill.centre.settlement import SettlementFacts
from servflow.core.ill.centre.settling import Settlement
from servflow.core.ill.centre.table import CENTRE
from servflow.core.ill.filing.model import Filing, FilingFacts
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.policy import LendingPolicy
from servflow.core.ill.network.policy import NetworkPolicy
from servflow.core.lifecycle import Lifecycles, Policy
from servflow.core.ports import Mail, Partner, Party, Storage
from servflow.desk import Desk
from servflow.rulebooks import (
    Rulebook,
    borrowing_policy,
    lending_policy,
    load,
    network_policy,
    service_policy,
)

__all__ = [
    "DEFAULT_BORROWING_RULEBOOK",
    "DEFAULT_NETWORK_RULEBOOK",
    "DEFAULT_RULEBOOK",
    "EVERY",
    "FACTS",
    "ROLES",
    "Host",
    "Kept",
    "day",
    "find",
    "host_options",
    "instant",
    "now",
    "other",
    "pass_host",
]

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_RULEBOOK: Final = "nlc/interlibrary-loan"
DEFAULT_BORROWING_RULEBOOK: Final = "cque/interlibrary-loan"
DEFAULT_NETWORK_RULEBOOK: Final = "calis/thesis-centre"
ROLES: Final = click.Choice(["staff", "requester", "patron", "supplier", "system", "clock"])
FACTS: Final[dict[str, type]] = {
    SupplyTransaction.kind: LendingFacts,
    Relation.kind: LendingFacts,
    BorrowingCase.kind: BorrowingFacts,
    IllAccount.kind: BorrowingFacts,
    Filing.kind: FilingFacts,
    Routing.kind: RoutingFacts,
    Settlement.kind: SettlementFacts,
    SettledTerms.kind: SettlementFacts,
    Ticket.kind: TicketFacts,
}
"""On what the commands of each lifecycle are decided."""

EVERY: Final = Lifecycles(*CENTRE, *AFTERSALES)
"""The lifecycles of any desk: a centre's know all that any loan desk's do."""

Kept = SupplyTransaction | Relation | BorrowingCase
WAIT_SECONDS: Final = 5
"""How long to wait for another writer of the database."""

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NO_FILE: Final = re.compile(r"[a-z][a-z0-9+.-]+:/|.*\bpassword\s*=", re.IGNORECASE)
_PASSWORD: Final = re.compile(
    r"[a-z0-9+.-]+://(?:[^:/@]*:(.*)@)?(?:[^?]*\?(?:.*&)?password=([^&]*))?", re.IGNORECASE
)

_SERVICE: Final = frozenset(lifecycle.name for lifecycle in AFTERSALES)

_YEARS: Final = range(1900, 3000)  # outside of it is a slip of the finger, and calendars end


def instant(text: str) -> datetime:
    """The aware datetime that is written as ``2026-03-20T09:00:00+08:00``."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no instant such as 2026-03-20T09:00:00+08:00") from None
    if at.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no offset from UTC; write 2026-03-20T09:00:00+08:00")
    return at.replace(year=_year(at.year))


def day(text: str) -> date:
    """The day that is written as ``2026-03-20``."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day such as 2026-03-20") from None
    return found.replace(year=_year(found.year))


def _year(year: int) -> int:
    if year not in _YEARS:
        raise click.BadParameter(f"the year {year} is not one of {_YEARS[0]} to {_YEARS[-1]}")
    return year


@attrs.define
class Host:
    """The options that hold for a whole call, wherever on the line they stood; what they stand for."""

    db: str = "servflow.db"
    facts: Path | None = None
    rulebook: str = DEFAULT_RULEBOOK
    borrowing_rulebook: str = DEFAULT_BORROWING_RULEBOOK
    network_rulebook: str = DEFAULT_NETWORK_RULEBOOK
    lang: str = "en"
    json: bool = False

    @functools.cached_property
    def texts(self) -> Texts:
        """Everything in the language asked for."""
        return Texts(self.lang)

    @functools.cached_property
    def codec(self) -> Codec:
        """The codec of all lifecycles: what is stored may be of a desk of either kind."""
        return Codec(EVERY)

    @functools.cached_property
    def known(self) -> FactsFile | ServiceFile:
        """The host's facts, a library's or a service firm's; without the option, a usage error."""
        if self.facts is None:
            raise click.UsageError(
                "the host's facts are needed: --host FILE (its form: docs/command-line.md)"
            )
        tables = toml.document(self.facts, "the file")
        of_a_firm = isinstance(tables, dict) and "firm" in tables
        return ServiceFile(self.facts) if of_a_firm else FactsFile(self.facts)

    @property
    def facts_file(self) -> FactsFile:
        """The facts of a library; of a service firm, a usage error."""
        if isinstance(self.known, ServiceFile):
            raise click.UsageError(f"--host: {self.facts} is a service firm's; a library's is needed here")
        return self.known

    @property
    def service_file(self) -> ServiceFile:
        """The facts of a service firm; of a library, a usage error."""
        if isinstance(self.known, FactsFile):
            raise click.UsageError(f"--host: {self.facts} is a library's; a service firm's is needed here")
        return self.known

    def check_serves(self) -> None:
        """That the host's facts are a service firm's; a usage error where they are not."""
        _ = self.service_file

    def check_lends(self) -> None:
        """That the host's facts, if there are any, are a library's; a usage error where they are not."""
        if self.facts is not None:
            _ = self.facts_file

    @property
    def serves(self) -> bool:
        """Whether the host's facts say that the desk is a service firm's."""
        return self.facts is not None and isinstance(self.known, ServiceFile)

    @property
    def house(self) -> Party:
        """The library or the firm itself: the sender of its letters."""
        return self.known.firm if isinstance(self.known, ServiceFile) else self.known.library

    @property
    def library(self) -> str:
        """The reference of the library of the host's facts; without facts, that of any library."""
        return self.facts_file.library.ref if self.facts is not None else "any"

    @functools.cached_property
    def lending(self) -> LendingPolicy:
        """The rulebook to lend by, as the library of the host's facts runs it."""
        return lending_policy(load(self.rulebook), library=self.library)

    @functools.cached_property
    def borrowing(self) -> BorrowingPolicy:
        """The rulebook to borrow by, with the rules of the lenders as far as the host's facts name them."""
        known = self.facts_file.lenders if self.facts is not None else {}
        lenders = {ref: lending_policy(load(name), library=ref) for ref, name in known.items()}
        return borrowing_policy(load(self.borrowing_rulebook), library=self.library, lenders=lenders)

    @functools.cached_property
    def network(self) -> NetworkPolicy:
        """The rulebook of the loan network, as the library of the host's facts runs a desk of it."""
        return network_policy(load(self.network_rulebook), library=self.library)

    @functools.cached_property
    def service(self) -> ServicePolicy:
        """The rulebook of the service firm of the host's facts."""
        return self.of_the_firm(load(self.service_file.rulebook))

    def of_the_firm(self, book: Rulebook) -> ServicePolicy:
        """The policy of the service firm of the host's facts under a rulebook, whoever wrote it."""
        return replace(service_policy(book), firm=self.service_file.firm.ref)

    @property
    def lifecycles(self) -> Lifecycles:
        """Those of the desk: of a service firm or a centre, where the host's facts say that it is one."""
        if self.serves:
            return AFTERSALES
        return CENTRE if self.facts is not None and self.facts_file.centre else ILL

    @property
    def facts_of(self) -> dict[str, type]:
        """On what the commands of each lifecycle of the desk are decided."""
        if self.lifecycles is not CENTRE:
            return FACTS
        return {**FACTS, SupplyTransaction.kind: CentreFacts, BorrowingCase.kind: CentreFacts}

    @property
    def policies(self) -> dict[str, Policy]:
        """The policy of each lifecycle of the desk, by its name."""
        of_the_desk = AFTERSALES if self.serves else ILL
        return {lifecycle.name: self.policy(lifecycle.name) for lifecycle in of_the_desk}

    def policy(self, kind: str) -> LendingPolicy | BorrowingPolicy | NetworkPolicy | ServicePolicy:
        """The policy that the lifecycle of that name goes by."""
        if kind in _SERVICE:
            return self.service
        if kind == BorrowingCase.kind:
            return self.borrowing
        return self.lending if kind in {SupplyTransaction.kind, Relation.kind} else self.network

    def today(self, kind: str = SupplyTransaction.kind) -> date:
        """The present day in the zone of the rulebook that the lifecycle of that name goes by."""
        return self.policy(kind).day(now())

    def storage(self, *, new: bool = False) -> Storage:
        """The SQLite file, which only what opens a case may make anew; or the PostgreSQL database.

        Raises:
            UnusableStorage: there is no such file or database, or it is not ours.
            MissingExtra: a database is named, and what it takes to speak to one is not installed.
        """
        storage = self._database() if _URL.match(self.db) else self._file(new=new)
        click.get_current_context().call_on_close(storage.close)
        return storage

    @property
    def exists(self) -> bool:
        """Whether there is a file of that name; of a database it is taken to be so."""
        return bool(_URL.match(self.db)) or os.path.exists(self.db)  # noqa: PTH110 -- bears a name too long

    def _file(self, *, new: bool) -> Storage:
        if _NO_FILE.match(self.db):  # it is not shown: there may be a password in it
            raise click.UsageError(
                "--db: neither the name of a file nor a URL such as postgresql://host/name"
            )
        if not new and not self.exists:
            makes = "`ill import`, `ill request`"
            if self.facts is None:
                makes += ", `aftersales do ID ReportFault`"
            elif self.serves:
                makes = "`aftersales do ID ReportFault`"
            expected = f"a database; `servflow` {makes} or `import` makes one"
            raise UnusableStorage(self.db, "no file", expected)
        return SqliteStorage(self.db, self.codec, busy_seconds=WAIT_SECONDS)

    def _database(self) -> Storage:
        from servflow.adapters.storage_sqlalchemy import PostgresStorage

        return PostgresStorage(self.db, self.codec, busy_seconds=WAIT_SECONDS)

    def harmless(self, text: str) -> str:
        """A text about an error without the password that the database is named with."""
        found = _PASSWORD.match(self.db)
        secrets = [secret for secret in found.groups() if secret] if found else []
        parts = [part for secret in secrets for part in secret.split("@") if part]  # as it may be cut up
        for secret in sorted({*secrets, *parts, *map(unquote, secrets)}, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def desk(self, *, new: bool = False, mail: Mail | None = None, partner: Partner | None = None) -> Desk:
        """The desk over the file; where it is a new one, the host's facts are there before it is made."""
        return Desk(
            self.lifecycles,
            policy=self.policies,
            facts=self.known if new else _WhenAsked(self),
            storage=self.storage(new=new),
            mail=mail,
            partner=partner,
            clock=SystemClock(),
            wording=BabelWording(
                self.house.name if self.facts is not None else "",
                address=self.known.address if self.facts is not None else "",
                parties=_WhenAsked(self).party,
            ),
        )

    def actor(self, role: str, kind: str, other: str | None) -> Actor:
        """Somebody in that role towards an aggregate of a kind; a usage error where it has no such role.

        The library's staff or system, or the clock; otherwise ``other``: the institution that borrows
        or is asked, or the patron.
        """
        library = self.facts_file.library.ref
        match role:
            case "clock":
                return Actor.clock(library)
            case "system":
                return Actor.policy(library)
            case "staff":
                return Actor("staff", library, Office.STAFF)
        if (role == "requester") == (kind == BorrowingCase.kind):
            raise click.UsageError(f"--as {role}: there is none in {kind}")
        if other is None:
            raise click.UsageError(f"--as {role}: it has none yet")
        if role == "patron":
            return Actor(other, library, Office.PERSON)
        return Actor(other, other, Office.SYSTEM)

    def named(self, error: ServflowError) -> ServflowError:
        """The same error, with what it says of a service desk's kind in words."""
        if isinstance(error, NotFound | AlreadyExists) and error.kind in _SERVICE:
            return type(error)(self.texts.name("aggregate", error.kind), error.id)
        if isinstance(error, Refused):
            kind, _, id = error.subject.partition(" ")
            if kind in _SERVICE:
                subject = f"{self.texts.name('aggregate', kind)} {id}"
                return Refused(subject, error.command, error.reasons)
        return error

    def told(self, error: ServflowError) -> dict[str, Any]:
        """What went wrong as plain data; ``texts`` in the language asked for, where a rule speaks."""
        if not isinstance(error, Refused):
            texts = map(str, getattr(error, "problems", (self.named(error),)))
            return {"error": error.code, "texts": list(map(self.harmless, texts))}
        return {
            "error": error.code,
            "command": error.command,
            "subject": error.subject,
            "reasons": self.codec.encode(list(error.reasons)),
            "texts": [self.texts.reason(reason) for reason in error.reasons],
        }


@attrs.frozen
class _WhenAsked:
    """The ``Facts`` port over the host's facts, which are read at the first question."""

    host: Host

    def ask(self, command: Command, it: Aggregate | None) -> object:
        """See the port."""
        return self.host.known.ask(command, it)

    def party(self, ref: str) -> Party:
        """See the port."""
        return self.host.known.party(ref)


def find(storage: Storage, id: str) -> Kept:
    """The transaction of that id, otherwise the relation, otherwise the case.

    Raises:
        NotFound: there is none of them.
    """
    for kind in (SupplyTransaction, Relation, BorrowingCase):
        try:
            it = storage.load(Key(kind.kind, id))
        except NotFound:
            continue
        assert isinstance(it, Kept)
        return it
    raise NotFound("transaction, relation or case", id)


def other(it: Kept, role: str, attempt: int | None = None) -> str | None:
    """Who speaks in a role that is not the library's own: None where there is nobody yet.

    The institution that a transaction is for; a relation is its institution's own. Of a case, its
    patron, or the supplier of an attempt, by its number, otherwise of the one that was asked last.
    """
    if isinstance(it, SupplyTransaction):
        return it.requester
    if isinstance(it, Relation):
        return it.id
    if role == "patron":
        return it.patron
    asked = it.attempt if attempt is None else it.numbered(attempt)
    return None if asked is None else asked.supplier


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """What was typed counts wherever it stands; the environment only where nothing was typed."""
    typed = ctx.get_parameter_source(str(param.name)) is click.core.ParameterSource.COMMANDLINE
    if value is not None and (typed or ctx.parent is None):
        setattr(ctx.ensure_object(Host), str(param.name), value)


_option = functools.partial(click.option, callback=_keep, expose_value=False, show_envvar=True)
_file = functools.partial(_option, type=click.Path(path_type=Path), metavar="FILE")


def host_options(command: F) -> F:
    """The options of ``Host``, on the program, a group or a command alike."""
    for option in (
        _option("--json", is_flag=True, default=None, help="Output for machines."),
        _option(
            "--lang",
            type=click.Choice(sorted(LANGUAGES)),
            envvar="SERVFLOW_LANG",
            help="Language of texts, amounts and dates (en).",
        ),
        _option(
            "--rulebook",
            metavar="NAME|FILE",
            envvar="SERVFLOW_RULEBOOK",
            help=f"The rulebook to lend by ({DEFAULT_RULEBOOK}).",
        ),
        _option(
            "--borrowing-rulebook",
            metavar="NAME|FILE",
            envvar="SERVFLOW_BORROWING_RULEBOOK",
            help=f"The rulebook to borrow by ({DEFAULT_BORROWING_RULEBOOK}).",
        ),
        _option(
            "--network-rulebook",
            metavar="NAME|FILE",
            envvar="SERVFLOW_NETWORK_RULEBOOK",
            help=f"The rulebook of the loan network ({DEFAULT_NETWORK_RULEBOOK}).",
        ),
        _file("--host", "facts", envvar="SERVFLOW_HOST", help="The host's facts, in TOML."),
        _option(
            "--db",
            metavar="FILE|URL",
            envvar="SERVFLOW_DB",
            help="The SQLite file, or a PostgreSQL database (servflow.db).",
        ),
    ):
        command = option(command)
    return command


pass_host = click.make_pass_decorator(Host, ensure=True)


def now() -> datetime:
    """The present instant, for options that were left out."""
    return SystemClock().now()
