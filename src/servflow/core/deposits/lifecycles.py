"""The lifecycles of an authority that keeps warranty deposits, together: read ``accounts.table`` first."""

from __future__ import annotations

from typing import Final

from servflow.core.deposits.accounts.table import DEPOSIT_ACCOUNT
from servflow.core.deposits.claims.table import DEPOSIT_CLAIM
from servflow.core.lifecycle import Lifecycles

__all__ = ["DEPOSITS"]

DEPOSITS: Final = Lifecycles(DEPOSIT_ACCOUNT, DEPOSIT_CLAIM)
"""The lifecycles of an authority's desk."""
