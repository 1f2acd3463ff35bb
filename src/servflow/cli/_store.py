"""All that is stored: whether it is whole, out of one database into another, and a person out of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Final

import attrs
import click

from servflow.adapters.ids_uuid import UuidIds
from servflow.cli._host import (
    DOMAINS,
    EVERY,
    LOANS,
    Domain,
    Host,
    has_any,
    host_options,
    instant,
    now,
    pass_host,
)
from servflow.cli._show import as_json, complain, progress, say, table
from servflow.core.errors import Problem, UnusableStorage
from servflow.core.lifecycle import Policy
from servflow.core.ports import Storage
from servflow.core.records import Record
from servflow.desk import Difference, Undecided, redecide, restore
from servflow.desk import audit as audit_of
from servflow.desk import erase as erase_from
from servflow.desk import export as export_of
from servflow.rulebooks import load

__all__ = ["audit", "erase", "export", "import_"]

_PIPE: Final = "-"
_LONGEST: Final = 2**28  # bytes of a line; what is longer is none of an archive's


class _Counted:
    """Records as they pass, and how many they were."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = records
        self.number = 0

    def __iter__(self) -> Iterator[Record]:
        for record in progress(self._records, "Reading records"):
            self.number += 1
            yield record


@click.command()
@click.option("--redecide", "again", is_flag=True, help="Decide everything again, and compare.")
@click.option(
    "--also",
    multiple=True,
    metavar="NAME|FILE",
    help="One more rulebook that decisions were made under, for --redecide.",
)
@host_options
@pass_host
def audit(host: Host, also: tuple[str, ...], *, again: bool) -> int:
    """Whether all that is stored is whole.

    Every mistake with its place. What is damaged is not decided again.
    """
    if also and not again:
        raise click.UsageError("--also goes with --redecide")
    policies = _policies(host, also) if again else {}
    storage = host.storage()
    unknown = _unknown(host, storage)
    in_force = host.policies if unknown is None else None
    records = _Counted(storage.records())
    problems = list(audit_of(EVERY, records, policy=in_force))
    found: list[Difference | Undecided] = []
    if again and not problems:
        passing = progress(storage.records(), "Reading journals")
        found = list(redecide(host.lifecycles, passing, policies, facts=host.facts_of))
    differences = [each for each in found if isinstance(each, Difference)]
    undecided = [each for each in found if isinstance(each, Undecided)]
    if unknown is not None:
        complain(f"{unknown.whose}: without --host it is not looked at when each thing is due")
    if host.json:
        as_json(
            {
                "records": records.number,
                "problems": [_plain(problem) for problem in problems],
                "differences": [attrs.asdict(each) for each in differences],
                "undecided": [attrs.asdict(each) for each in undecided],
            }
        )
    else:
        _say(records.number, problems, differences, undecided)
        if again and problems:
            complain("nothing was decided again: what is damaged comes first")
    return 1 if problems or differences else 0


def _unknown(host: Host, storage: Storage) -> Domain | None:
    """The domain of what is stored, where the host's facts would have to say whose it is and do not."""
    if host.domain is not LOANS:
        return None
    return next((each for each in DOMAINS if each is not LOANS and has_any(storage, each.lifecycles)), None)


def _policies(host: Host, also: tuple[str, ...]) -> dict[tuple[str, str], Policy]:
    """Those in force, and those that were; by their digests."""
    _ = host.known  # without which nothing can be decided again
    made: list[Policy] = [
        *host.policies.values(),
        *(host.domain.under(host, book) for book in map(load, also)),
    ]
    return {(policy.rulebook, policy.calendar_digest): policy for policy in made}


def _plain(problem: Problem) -> dict[str, str]:
    return {"where": problem.where, "found": problem.found, "expected": problem.expected}


def _say(
    number: int, problems: list[Problem], differences: list[Difference], undecided: list[Undecided]
) -> None:
    if problems:
        rows = [(problem.where, problem.found, problem.expected) for problem in problems]
        table("problems", ("where", "found", "expected"), rows)
    if differences:
        compared = [(each.where, each.field, each.stored, each.now) for each in differences]
        table("decided otherwise now", ("where", "field", "stored", "now"), compared)
    if undecided:
        table("not decided again", ("where", "why"), [(each.where, each.why) for each in undecided])
    told = f"{number} records: {_count(len(problems), 'problem')}, {_count(len(differences), 'difference')}"
    say(f"{told}, {len(undecided)} not decided again" if undecided else told)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@contextmanager
def _written(file: str) -> Iterator[IO[bytes]]:
    """A file that takes its place once it is whole; or what is there to be written to as it is."""
    if file == _PIPE:
        with click.open_file(file, "wb") as stream:
            yield stream
        return
    path = Path(file).resolve()  # where a link leads
    beside = (
        path if path.exists() and not path.is_file() else path.with_name(f".{path.name}.{UuidIds().new()}")
    )
    with _told(file):
        stream = beside.open("wb")
        if beside != path:
            beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o600)
    try:
        with stream:
            yield stream
            stream.flush()
            if beside != path:
                os.fsync(stream.fileno())
        if beside != path:
            beside.replace(path)
    except BaseException:
        if beside != path:
            beside.unlink(missing_ok=True)
        raise


@contextmanager
def _told(file: str) -> Iterator[None]:
    """That a file cannot be opened, as wrong usage."""
    try:
        yield
    except OSError as error:
        raise click.FileError(file, error.strerror or type(error).__name__) from None


@click.command()
@click.argument("file", required=False, default=_PIPE, metavar="[FILE|-]")
@host_options
@pass_host
def export(host: Host, file: str) -> None:
    """Write all that is stored as JSON lines.

    To a file, or to standard output. The same records give the same bytes, whatever database
    they are in.
    """
    storage = host.storage()
    with _written(file) as stream:
        number = export_of(progress(storage.records(), "Writing records"), stream.write)
    if file == _PIPE:
        return  # what stands on standard output is the archive
    if host.json:
        as_json({"file": file, "records": number})
    else:
        say(f"{file}: {number} records")


@click.command("import")
@click.argument("file", metavar="FILE|-")
@host_options
@pass_host
def import_(host: Host, file: str) -> None:
    """Take an archive into a new database.

    What `servflow export` wrote: all of it or nothing. Every mistake is named with its line.
    """
    with _told(file):
        opened = click.open_file(file, "rb")
    made = not host.exists
    with opened as stream:
        storage = host.storage(new=True)
        try:
            lines = iter(partial(stream.readline, _LONGEST), b"")
            number = restore(EVERY, storage, progress(lines, "Reading lines"))
        except BaseException:
            if made:
                storage.close()
                Path(host.db).unlink(missing_ok=True)
            raise
    if host.json:
        as_json({"file": file, "records": number})
    else:
        say(f"{file}: {number} records")


@click.command()
@click.argument("ref")
@click.option(
    "--text", "texts", multiple=True, help="A name, an address, a number of theirs; may be repeated."
)
@click.option("--at", type=instant, help="When mail to them is withdrawn (now).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@host_options
@pass_host
def erase(host: Host, ref: str, texts: tuple[str, ...], at: datetime | None, *, yes: bool) -> None:
    """Take one party out of all that is stored.

    A pseudonym takes the place of the reference REF, and [erased] that of each text. Mail that
    waits for the party is withdrawn. What the host keeps, what has left, and every copy of the
    database are not touched.
    """
    storage = host.storage()
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody can be asked: say --yes")
        complain(f"{ref} will be erased from all that is stored. It cannot be brought back.")
        click.confirm("Erase", abort=True, err=True)
    pseudonym = UuidIds().new()
    try:
        done = erase_from(
            EVERY,
            storage,
            ref,
            pseudonym=pseudonym,
            at=at or now(),
            texts=texts,
            facts=host.facts_of,
        )
    except UnusableStorage:  # which may come when all is erased, but for what lies beside it
        complain(f"{pseudonym} is what would stand for it")
        raise
    counts = attrs.asdict(done)
    if host.json:
        as_json({"pseudonym": pseudonym if any(counts.values()) else None, **counts})
    elif any(counts.values()):
        say(f"{pseudonym} stands for it now")
        table("rewritten", ("records", "number"), [(name, str(number)) for name, number in counts.items()])
    else:
        say("nothing of it is stored")
