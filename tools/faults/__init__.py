"""The fault suite: a loan desk whose workers, servers, disks and clocks fail while it works.

    python tools/faults [--short] [--kills N] [--seed S] [--only NAME ...]

Everything is real: the desk under the rules of the National Library, SQLite files, a PostgreSQL
server, a mail server on the loopback, processes that are killed. One line for each scenario, the
counts on the last one; 1 if anything was lost, doubled, half done or invented. What a worker says
comes from the seed; when the system lets it run does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path += [str(_TESTS / "desk"), str(_TESTS / "calls")]  # the desk of the tests, and their server
