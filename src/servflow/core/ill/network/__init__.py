"""A loan network: its modes as values, whose readers come from where, and what its rulebook says."""

from __future__ import annotations

from servflow.core.ill.network.addresses import Network, home_library
from servflow.core.ill.network.modes import MODES, Mode, ModeName
from servflow.core.ill.network.policy import NetworkPolicy

__all__ = ["MODES", "Mode", "ModeName", "Network", "NetworkPolicy", "home_library"]
