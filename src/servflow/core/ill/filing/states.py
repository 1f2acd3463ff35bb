"""States, roles and the words of a filing. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = ["Channel", "Entry", "FilingRole", "FilingState"]


class FilingState(Enum):
    """Where a filing stands."""

    WITH_LIBRARY = "with_library"  # with the home library's librarian, or its desk, elsewhere
    TAKEN_IN = "taken_in"  # a case of its own says what becomes of it
    ANSWERED = "answered"  # the librarian has said what came of it


class FilingRole(Enum):
    """In which role somebody speaks to a filing."""

    PATRON = "patron"
    LIBRARIAN = "librarian"  # of the reader's home library, or its desk
    STAFF = "staff"  # of the gateway
    GATEWAY = "gateway"  # another gateway, at which it was filed
    CLOCK = "clock"


class Entry(Enum):
    """By which way somebody came to the gateway."""

    GATEWAY = "gateway"  # by its own address
    PORTAL = "portal"  # by the portal, where the service is chosen first
    SEARCH = "search"  # from a search result of the thesis system


class Channel(Enum):
    """By which way a librarian files on what came by mail (CALIS-18)."""

    NETWORK_GATEWAY = "network_gateway"  # the gateway of a network service library (服务馆)
    CENTRE_GATEWAY = "centre_gateway"
    OTHER = "other"
