"""Which library a reader probably belongs to, by the address he comes from (CALIS-2).

The address is looked at and forgotten: what is kept is the library that was proposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from servflow.core.errors import InvalidValue

__all__ = ["Network", "home_library"]


@dataclass(frozen=True, slots=True)
class Network:
    """A range of addresses from which a library's readers come."""

    library: str
    addresses: IPv4Network | IPv6Network

    @classmethod
    def parse(cls, library: str, text: str) -> Network:
        """The range that is written as ``202.120.0.0/16`` or ``2001:da8::/32``.

        Raises:
            InvalidValue: it is written otherwise, or names an address within the range instead of the range.
        """
        try:
            return cls(library, ip_network(text))
        except ValueError:
            expected = "a range of addresses such as 202.120.0.0/16 or 2001:da8::/32"
            raise InvalidValue("addresses", text, expected) from None


def home_library(networks: Iterable[Network], address: str) -> str | None:
    """The library that is proposed to whoever comes from ``address``; None where none is known.

    The smallest range that holds the address says which. Where two libraries name the same range, none
    is proposed. An IPv4 address that is written as IPv6 counts as IPv4.

    Raises:
        InvalidValue: it is no address.

    Source: CALIS-2.
    """
    try:
        at: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        raise InvalidValue("address", address, "an IPv4 or IPv6 address") from None
    at = getattr(at, "ipv4_mapped", None) or at
    holding = [each for each in networks if at in each.addresses]
    longest = max((each.addresses.prefixlen for each in holding), default=0)
    nearest = {each.library for each in holding if each.addresses.prefixlen == longest}
    return nearest.pop() if len(nearest) == 1 else None
