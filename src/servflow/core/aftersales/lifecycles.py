"""The lifecycles of a service desk, together: read ``tickets.table`` first."""

from __future__ import annotations

from typing import Final

from servflow.core.aftersales.books.table import BOOK
from servflow.core.aftersales.complaints.table import COMPLAINT
from servflow.core.aftersales.corrective.table import CORRECTIVE_ACTION
from servflow.core.aftersales.findings.table import FINDING
from servflow.core.aftersales.technicians.table import TECHNICIAN
from servflow.core.aftersales.tickets.table import TICKET
from servflow.core.aftersales.units.table import UNIT
from servflow.core.lifecycle import Lifecycles

__all__ = ["AFTERSALES"]

AFTERSALES: Final = Lifecycles(TICKET, BOOK, TECHNICIAN, UNIT, COMPLAINT, CORRECTIVE_ACTION, FINDING)
"""The lifecycles of a service firm's desk."""
