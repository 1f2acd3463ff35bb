"""Which domain a desk is of: by the tables of the host's facts, and by what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import EXAMPLES, Cli

from servflow.cli._host import DOMAINS, EVERY, LOANS, Domain, Host


def test_every_lifecycle_is_of_one_domain() -> None:
    """What is stored shows of which domain it is."""
    of = [lifecycle.name for domain in DOMAINS for lifecycle in domain.lifecycles]

    assert sorted(of) == sorted({lifecycle.name for lifecycle in EVERY})


@pytest.mark.parametrize("name", ["table", "whose", "desk", "opens", "facts"])
def test_no_two_domains_are_known_by_the_same(name: str) -> None:
    """A file of facts is of one domain, and a message says of which."""
    values = [getattr(domain, name) for domain in DOMAINS]

    assert len(set(values)) == len(DOMAINS)


@pytest.mark.parametrize(
    "domain", [each for each in DOMAINS if each is not LOANS], ids=lambda each: each.table
)
def test_a_file_that_has_a_librarys_table_too_is_taken_for_the_other_domains(
    domain: Domain, cli: Cli, tmp_path: Path
) -> None:
    """The library's table is the mistake in it, and is named as one."""
    file = tmp_path / "both.toml"
    file.write_text(f"[{LOANS.table}]\n[{domain.table}]\n", encoding="utf-8")
    said = cli("--host", file, "audit", "--redecide")

    assert said.code == 1
    assert f"{LOANS.table}: found an unknown field" in said.err


@pytest.mark.parametrize(
    "domain", [each for each in DOMAINS if each is not LOANS], ids=lambda each: each.table
)
def test_only_a_loan_desk_goes_without_the_hosts_facts(domain: Domain) -> None:
    """Without them it is a loan desk; of any other domain it has to be said whose it is."""
    host = Host()
    host.check(LOANS)

    assert host.domain is LOANS
    with pytest.raises(Exception, match="the host's facts are needed"):
        host.check(domain)


def test_a_desk_takes_no_other_domains_facts(cli: Cli) -> None:
    """It says whose they are, and whose it takes."""
    loans, service = EXAMPLES / "host.toml", EXAMPLES / "service.toml"

    assert (
        cli("--host", loans, "aftersales", "list")
        .err.strip()
        .endswith("is a library's; a service firm's is needed here")
    )
    assert (
        cli("--host", service, "ill", "list")
        .err.strip()
        .endswith("is a service firm's; a library's is needed here")
    )
