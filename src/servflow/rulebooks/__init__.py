"""Rulebooks: an authority's rules as TOML files, every value dated and cited, read into core policies.

1. A rulebook says what a source says. A value that no source gives cites ``PRACTICE`` and says why.
2. It is read whole or not at all: all its mistakes are reported at once, each with file, key, what
   was found and what was expected.
3. A rulebook may lie over another one, of which it says only what it changes.
4. Numbers are exact. An amount that the source leaves open is ``given``, never invented.

The form is described in ``docs/rulebook-format.md``; the register of clauses, and where each of them
is carried, in ``servflow.rulebooks.clauses``; closures, public holidays and make-up working days for
hosts that make their own calendar, in ``servflow.rulebooks.closures``.
"""

from __future__ import annotations

from servflow.rulebooks._load import check, load, load_calendar, shipped
from servflow.rulebooks._policies import (
    POLICIES,
    borrowing_policy,
    deposit_policy,
    lending_policy,
    network_policy,
    service_policy,
)
from servflow.rulebooks._rulebook import Line, Rule, Rulebook, Value

__all__ = [
    "POLICIES",
    "Line",
    "Rule",
    "Rulebook",
    "Value",
    "borrowing_policy",
    "check",
    "deposit_policy",
    "lending_policy",
    "load",
    "load_calendar",
    "network_policy",
    "service_policy",
    "shipped",
]
