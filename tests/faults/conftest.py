"""The fault suite stands among the tools, as a package; it brings the desk of the tests along."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))

import faults  # noqa: F401
