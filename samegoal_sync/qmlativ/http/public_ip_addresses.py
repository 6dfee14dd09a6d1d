"""Which IP addresses may be a district's server: public ones, whatever way they are written.

An IPv6 address can carry an IPv4 one (mapped, compatible, NAT64, 6to4, Teredo, ISATAP), and a
gateway would lead there; so what is carried is judged too.
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

#: Addresses in public networks that lead into a cloud's own: Azure answers every machine there.
_OF_CLOUDS = frozenset({IPv4Address("168.63.129.16")})
#: Site-local addresses: withdrawn, and still private where they are in use.
_SITE_LOCAL = IPv6Network("fec0::/10")
#: ISATAP's interface ids, the IPv4 address behind them (RFC 5214).
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


def address_of(text: str) -> IPv4Address | IPv6Address:
    """An address without its zone (``fe80::1%eth0``).

    Raises:
        ValueError: it is none.
    """
    return ip_address(text.partition("%")[0])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address lies in the public internet, and what it carries does too."""
    return all(_is_public(one) for one in (address, *_carried(address)))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address in _OF_CLOUDS or (isinstance(address, IPv6Address) and address in _SITE_LOCAL):
        return False
    return address.is_global and not address.is_multicast


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.sixtofour, *(address.teredo or ())]
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    if any(address in network for network in _CARRYING):
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return [one for one in found if one is not None]
