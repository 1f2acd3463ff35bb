"""Which library is proposed, by the address that somebody comes from."""

from __future__ import annotations

import pytest

from servflow.core.errors import InvalidValue
from servflow.core.ill.network import Network, home_library

NETWORKS = (
    Network.parse("CN-ZJU", "202.120.0.0/16"),
    Network.parse("CN-ZJU-MED", "202.120.7.0/24"),
    Network.parse("CN-ZJU", "2001:da8::/32"),
    Network.parse("CN-A", "10.0.0.0/8"),
    Network.parse("CN-B", "10.0.0.0/8"),
    Network.parse("CN-A", "10.1.0.0/16"),
    Network.parse("CN-A", "10.1.0.0/16"),
)


@pytest.mark.clause("CALIS-2")
@pytest.mark.parametrize(
    ("address", "library"),
    [
        ("202.120.0.0", "CN-ZJU"),
        ("202.120.255.255", "CN-ZJU"),
        ("202.121.0.0", None),
        ("202.120.7.1", "CN-ZJU-MED"),
        ("202.120.8.0", "CN-ZJU"),
        ("::ffff:202.120.7.1", "CN-ZJU-MED"),
        ("2001:da8::1", "CN-ZJU"),
        ("2001:da9::1", None),
        ("10.0.0.1", None),
        ("10.1.0.1", "CN-A"),
    ],
)
def test_the_smallest_range_says_which_library_is_proposed(address: str, library: str | None) -> None:
    """IPv4 and IPv6; none where nobody has the address, or two libraries have the same range."""
    assert home_library(NETWORKS, address) == library


@pytest.mark.parametrize("address", ["", "202.120", "reader.example.org", "202.120.0.0/16"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """Nothing is proposed to a text."""
    with pytest.raises(InvalidValue, match="an IPv4 or IPv6 address"):
        home_library(NETWORKS, address)


@pytest.mark.parametrize("text", ["", "202.120.7.1/16", "202.120.0.0/33", "the campus"])
def test_what_is_no_range_is_refused(text: str) -> None:
    """An address within a range is not the range."""
    with pytest.raises(InvalidValue, match="a range of addresses"):
        Network.parse("CN-ZJU", text)
