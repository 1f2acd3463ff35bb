"""ISO 18626, read: a partner's request in, a command to the lending desk out.

Needs the extra ``iso18626``; importing this package without it is fine, reading is not.
"""

from __future__ import annotations

from servflow.adapters.partner_iso18626._request import read_request
from servflow.adapters.partner_iso18626._xml import MOST_BYTES

__all__ = ["MOST_BYTES", "read_request"]
