"""Connections that refuse private addresses, judged by what they really reached.

A district's address is typed in by people and its name may lead anywhere, also inside a
cloud's own network; so the peer is looked at once the socket is open, before a byte is sent.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, cast
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from samegoal_sync.qmlativ.errors import AddressRefused
from samegoal_sync.qmlativ.http.public_ip_addresses import address_of, is_public


class _Connected(HTTPConnection):
    """A connection that keeps its socket in sight, also while an answer has taken it over."""

    reached: socket.socket | None = None

    def connect(self) -> None:
        super().connect()
        self.reached = self.sock

    def abort(self) -> None:
        """Whoever reads from it finds its end at once."""
        opened = self.sock or self.reached
        if opened is not None:
            with suppress(OSError):  # closed already
                opened.shutdown(socket.SHUT_RDWR)


class _Opened(HTTPConnectionPool):
    """A pool that knows the connections it lent out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.opened: WeakSet[_Connected] = WeakSet()
        super().__init__(*args, **kwargs)

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        self.opened.add(cast("_Connected", made))
        return made


class _PublicHTTPSConnection(_Connected, HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host, loopback=False)


class _LoopbackHTTPSConnection(_Connected, HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host, loopback=True)


class _LoopbackHTTPConnection(_Connected):
    def _new_conn(self) -> socket.socket:
        return _only_loopback(super()._new_conn(), self.host)


class _PublicHTTPSPool(_Opened, HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


class _LoopbackHTTPSPool(_Opened, HTTPSConnectionPool):
    ConnectionCls = _LoopbackHTTPSConnection


class _LoopbackHTTPPool(_Opened):
    ConnectionCls = _LoopbackHTTPConnection


class GuardedAdapter(HTTPAdapter):
    """An adapter of requests whose sockets are checked; no retries of its own."""

    def __init__(self, *, connections: int, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        super().__init__(pool_connections=4, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        https = _LoopbackHTTPSPool if self._allow_loopback else _PublicHTTPSPool
        # Plain http is for loopback alone, whatever address was let through before.
        self.poolmanager.pool_classes_by_scheme = {"http": _LoopbackHTTPPool, "https": https}

    def abort(self) -> None:
        """Break off everything under way; what is asked afterwards gets new connections."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118  (no mapping: it can't iterate)
            pool = self.poolmanager.pools.get(key)
            for opened in list(pool.opened) if pool is not None else ():
                opened.abort()


def _checked(opened: socket.socket, host: str, *, loopback: bool) -> socket.socket:
    address = address_of(opened.getpeername()[0])
    if is_public(address) or (loopback and address.is_loopback):
        return opened
    opened.close()
    raise AddressRefused(host, "its name leads into a private network")


def _only_loopback(opened: socket.socket, host: str) -> socket.socket:
    if address_of(opened.getpeername()[0]).is_loopback:
        return opened
    opened.close()
    raise AddressRefused(host, "it is asked without https")
