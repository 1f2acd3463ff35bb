"""What the command line is told about its host: options, and the desk made of them.

Desks are of a domain, which the host's facts name by a table that no other has. A further domain is a
further ``Domain`` among ``DOMAINS``, with its rulebook at the ``Host`` and its facts in ``FACTS``.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, tzinfo
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import attrs
import click

from servflow.adapters.clock_system import SystemClock
from servflow.adapters.deposits_file import DepositsFile
from servflow.adapters.facts_file import FactsFile
from servflow.adapters.service_file import ServiceFile
from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.adapters.text_babel import LANGUAGES, BabelWording, Texts
from servflow.codec import Codec, toml
from servflow.core.aftersales import AFTERSALES
from servflow.core.aftersales.policy import ServicePolicy
from servflow.core.aftersales.tickets.model import Ticket, TicketFacts
from servflow.core.changes import Aggregate, Command
from servflow.core.deposits import DEPOSITS as DEPOSIT_LIFECYCLES
from servflow.core.deposits import DepositPolicy
from servflow.core.desk_rules import DeskRules
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
from servflow.core.lifecycle import Lifecycle, Lifecycles, Policy
from servflow.core.ports import Mail, Partner, Party, Storage
from servflow.desk import Desk
from servflow.rulebooks import (
    Rulebook,
    borrowing_policy,
    deposit_policy,
    lending_policy,
    load,
    network_policy,
    service_policy,
)

__all__ = [
    "DEFAULT_BORROWING_RULEBOOK",
    "DEFAULT_NETWORK_RULEBOOK",
    "DEFAULT_RULEBOOK",
    "DEPOSITS",
    "DOMAINS",
    "EVERY",
    "FACTS",
    "LOANS",
    "SERVICE",
    "Domain",
    "Host",
    "day",
    "has_any",
    "host_options",
    "instant",
    "now",
    "one_of",
    "pass_host",
]

F = TypeVar("F", bound=Callable[..., Any])
HostFacts = FactsFile | ServiceFile | DepositsFile
H = TypeVar("H", bound=HostFacts)
DEFAULT_RULEBOOK: Final = "nlc/interlibrary-loan"
DEFAULT_BORROWING_RULEBOOK: Final = "cque/interlibrary-loan"
DEFAULT_NETWORK_RULEBOOK: Final = "calis/thesis-centre"
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

WAIT_SECONDS: Final = 5
"""How long to wait for another writer of the database."""

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NO_FILE: Final = re.compile(r"[a-z][a-z0-9+.-]+:/|.*\bpassword\s*=", re.IGNORECASE)
_PASSWORD: Final = re.compile(
    r"[a-z0-9+.-]+://(?:[^:/@]*:(.*)@)?(?:[^?]*\?(?:.*&)?password=([^&]*))?", re.IGNORECASE
)

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


def one_of(kind: type[Enum]) -> click.Choice[str]:
    """The values of an enumeration, for an option."""
    return click.Choice([each.value for each in kind])


def _year(year: int) -> int:
    if year not in _YEARS:
        raise click.BadParameter(f"the year {year} is not one of {_YEARS[0]} to {_YEARS[-1]}")
    return year


@attrs.frozen(kw_only=True, eq=False)
class Domain:
    """What desks of one kind do; how they are known, and what goes by which rules there."""

    table: str
    """Of the host's facts: the one that no other domain's have."""
    whose: str
    """Whose such facts are, as in "is a library's"."""
    desk: str
    """Whose what is stored there is, as in "is a loan desk's"."""
    opens: tuple[str, ...]
    """What is typed behind ``servflow`` to make a database there."""
    facts: type[HostFacts]
    house: Callable[[Any], Party]
    """The house itself, by the host's facts: the sender of its letters."""
    lifecycles: Lifecycles
    policy: Callable[[Host, str], DeskRules]
    """The policy that the lifecycle of that name goes by."""
    under: Callable[[Host, Rulebook], DeskRules]
    """What policy a rulebook makes at the host's desk, whoever wrote it."""


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
        """The codec of all lifecycles: what is stored may be of a desk of any domain."""
        return Codec(EVERY)

    @functools.cached_property
    def known(self) -> HostFacts:
        """The host's facts, as a desk of their domain knows them; without the option, a usage error."""
        if self.facts is None:
            raise click.UsageError(
                "the host's facts are needed: --host FILE (its form: docs/command-line.md)"
            )
        tables = toml.document(self.facts, "the file")
        named = tables if isinstance(tables, dict) else {}
        # a library's come last: where another domain's have its table, that is a mistake in them
        domain = next((each for each in reversed(DOMAINS) if each.table in named), LOANS)
        return domain.facts(self.facts)

    @property
    def domain(self) -> Domain:
        """Of what domain the desk is; without the host's facts it is a loan desk."""
        if self.facts is None:
            return LOANS
        return next(each for each in DOMAINS if isinstance(self.known, each.facts))

    def check(self, domain: Domain) -> None:
        """That the host's facts are of this domain; a loan desk's may be left out.

        Raises:
            UsageError: they are another's, or left out.
        """
        if domain is not LOANS or self.facts is not None:
            self._of(domain.facts)

    def _of(self, kind: type[H]) -> H:
        known = self.known
        if not isinstance(known, kind):
            wanted = next(each.whose for each in DOMAINS if each.facts is kind)
            raise click.UsageError(f"--host: {self.facts} is {self.domain.whose}; {wanted} is needed here")
        return known

    @property
    def facts_file(self) -> FactsFile:
        """The facts of a library; of anybody else, a usage error."""
        return self._of(FactsFile)

    @property
    def service_file(self) -> ServiceFile:
        """The facts of a service firm; of anybody else, a usage error."""
        return self._of(ServiceFile)

    @property
    def deposits_file(self) -> DepositsFile:
        """The facts of an authority that keeps deposits; of anybody else, a usage error."""
        return self._of(DepositsFile)

    @property
    def house(self) -> Party:
        """The house itself, such as the library: the sender of its letters."""
        return self.domain.house(self.known)

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
        return _service_policy(self, load(self.service_file.rulebook))

    @functools.cached_property
    def deposits(self) -> DepositPolicy:
        """The rulebook of the authority of the host's facts, with that of its charges."""
        return _deposit_policy(self, load(self.deposits_file.rulebook))

    @property
    def lifecycles(self) -> Lifecycles:
        """Those of the desk: of its domain; a centre's only where the host's facts say that it is one."""
        if self.domain is not LOANS:
            return self.domain.lifecycles
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
        of_the_desk = ILL if self.domain is LOANS else self.domain.lifecycles
        return {lifecycle.name: self.policy(lifecycle.name) for lifecycle in of_the_desk}

    def policy(self, kind: str) -> DeskRules:
        """The policy that the lifecycle of that name goes by."""
        domain = _domain_of(kind)
        assert domain is not None  # every lifecycle is of one
        return domain.policy(self, kind)

    @property
    def zone(self) -> tzinfo:
        """Where the desk is: the zone of its rulebook, of a loan desk that by which it lends."""
        return self.policy(next(iter(self.lifecycles)).name).zone

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

    def storage_of(self, domain: Domain) -> Storage:
        """The storage of a desk of this domain, which it and the host's facts have to be of.

        Raises:
            UsageError: the facts are another's or left out; or what is stored is another desk's.
        """
        self.check(domain)
        storage = self.storage()
        if not has_any(storage, domain.lifecycles):
            for other in DOMAINS:
                if has_any(storage, other.lifecycles):
                    raise click.UsageError(
                        f"--db: {self.harmless(self.db)} is {other.desk}, and --host {domain.whose}"
                    )
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
            may_be = DOMAINS if self.facts is None else (self.domain,)
            makes = ", ".join(f"`{each}`" for domain in may_be for each in domain.opens)
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

    def desk_of(self, domain: Domain, *, new: bool = False) -> Desk:
        """The desk, which has to be of this domain; see ``desk``.

        Raises:
            UsageError: the host's facts are another's, or left out.
        """
        self.check(domain)
        return self.desk(new=new)

    def named(self, error: ServflowError) -> ServflowError:
        """The same error, with what it says of a kind in words; a loan desk's kinds are words."""
        if isinstance(error, NotFound | AlreadyExists) and _domain_of(error.kind) not in (None, LOANS):
            return type(error)(self.texts.name("aggregate", error.kind), error.id)
        if isinstance(error, Refused):
            kind, _, id = error.subject.partition(" ")
            if _domain_of(kind) not in (None, LOANS):
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


# --- the domains ------------------------------------------------------------------------------------


def _loan_policy(host: Host, kind: str) -> DeskRules:
    if kind == BorrowingCase.kind:
        return host.borrowing
    return host.lending if kind in {SupplyTransaction.kind, Relation.kind} else host.network


def _loan_policy_under(host: Host, book: Rulebook) -> DeskRules:
    library = host.facts_file.library.ref
    if book.policy == "ill.borrowing":
        return borrowing_policy(book, library=library, lenders=host.borrowing.lenders)
    if book.policy == "ill.network":
        return network_policy(book, library=library)
    return lending_policy(book, library=library)


def _service_policy(host: Host, book: Rulebook) -> ServicePolicy:
    return replace(service_policy(book), firm=host.service_file.firm.ref)


def _deposit_policy(host: Host, book: Rulebook) -> DepositPolicy:
    """By ``book``, rules or charges; what it is not is that of the host's facts."""
    known = host.deposits_file
    rules, charges = (load(known.rulebook), book) if book.fees else (book, _charges_of(known))
    return deposit_policy(rules, charges, authority=known.authority.ref)


def _charges_of(known: DepositsFile) -> Rulebook | None:
    return None if known.charges is None else load(known.charges)


LOANS: Final = Domain(
    table="library",
    whose="a library's",
    desk="a loan desk's",
    opens=("ill import", "ill request"),
    facts=FactsFile,
    house=lambda known: known.library,
    lifecycles=CENTRE,  # which know all that any loan desk's do
    policy=_loan_policy,
    under=_loan_policy_under,
)
"""Interlibrary loan."""

SERVICE: Final = Domain(
    table="firm",
    whose="a service firm's",
    desk="a service desk's",
    opens=("aftersales do ID ReportFault",),
    facts=ServiceFile,
    house=lambda known: known.firm,
    lifecycles=AFTERSALES,
    policy=lambda host, _: host.service,
    under=_service_policy,
)
"""After-sales service."""

DEPOSITS: Final = Domain(
    table="authority",
    whose="an authority's",
    desk="a deposit desk's",
    opens=("deposits do ID AssessDeposit",),
    facts=DepositsFile,
    house=lambda known: known.authority,
    lifecycles=DEPOSIT_LIFECYCLES,
    policy=lambda host, _: host.deposits,
    under=_deposit_policy,
)
"""Warranty deposits."""

DOMAINS: Final = (LOANS, SERVICE, DEPOSITS)

EVERY: Final = Lifecycles(*(lifecycle for domain in DOMAINS for lifecycle in domain.lifecycles))
"""The lifecycles of any desk."""


def _domain_of(kind: str) -> Domain | None:
    """The domain of the lifecycle of that name, if there is such a lifecycle."""
    return next((each for each in DOMAINS if any(kind == one.name for one in each.lifecycles)), None)


def has_any(storage: Storage, lifecycles: Iterable[Lifecycle]) -> bool:
    """Whether something of these lifecycles is stored."""
    return any(storage.aggregates(lifecycle.name, limit=1) for lifecycle in lifecycles)


# --- the options ------------------------------------------------------------------------------------


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
