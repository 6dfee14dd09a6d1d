"""Which IP addresses may be a district's server: public ones, whatever way they are written.

An IPv6 address can carry an IPv4 one (mapped, compatible, NAT64, 6to4, Teredo), and a gateway
would lead there; so what is carried is judged too.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

#: Networks whose addresses end in an IPv4 address.
_CARRYING = (
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0/96"),
    IPv6Network("64:ff9b::/96"),
    IPv6Network("64:ff9b:1::/48"),
)


def address_of(text: str) -> IPv4Address | IPv6Address:
    """An address without its zone (``fe80::1%eth0``).

    Raises:
        ValueError: it is none.
    """
    return ip_address(text.partition("%")[0])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address lies in the public internet, and what it carries does too."""
    if not address.is_global or address.is_multicast:
        return False
    return all(one.is_global and not one.is_multicast for one in _carried(address))


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _CARRYING):
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return [one for one in found if one is not None]
