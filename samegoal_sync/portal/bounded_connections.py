"""No connection is held for nothing: small headers, whole requests in time, room for others.

uvicorn bounds how long a connection may rest after an answer, but not how long a request may take
to arrive, and its other parser takes headers of any size. 300 connections that sent nothing, or
half of a request, kept everybody out for over a minute. Here each has some seconds for a complete
request; when there is no room, whoever has waited longest without one makes place.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: For a request line and headers together.
HEADER_BYTES = 32 * 1024
#: From the opening, or the first byte of a further request, to the last byte of the request.
RECEIVE_SECONDS = 15.0
#: Between two requests.
KEEP_ALIVE_SECONDS = 5
_MOST_CONNECTIONS = 1_000
#: File descriptors kept for Postgres, files, refreshes and the log.
_KEPT_FREE = 128
#: Taken at once: with more, files run out before the first is closed, and asyncio rests a second.
_BACKLOG = 64


class BoundedProtocol(H11Protocol):
    """uvicorn's own protocol with a deadline for what is received, and a bound on how many."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= most_connections():
            self._make_room()
        super().connection_made(transport)
        self._begin_receiving()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._begin_receiving()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._received()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._begin_receiving()  # a part of the next request came with this one

    def connection_lost(self, exc: Exception | None) -> None:
        self._received()
        super().connection_lost(exc)

    def _begin_receiving(self) -> None:
        self._received()
        self._deadline = self.loop.call_later(RECEIVE_SECONDS, self.transport.abort)

    def _received(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        """Close the connection that has waited longest without a complete request."""
        waiting = [
            one
            for one in self.connections
            if isinstance(one, BoundedProtocol) and one._deadline is not None
        ]
        if waiting:
            oldest = min(waiting, key=lambda one: one._deadline.when())  # type: ignore[union-attr]
            oldest.transport.abort()
            oldest.connections.discard(oldest)


def most_connections() -> int:
    """How many may be open, with the file descriptors that this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(_MOST_CONNECTIONS, soft - _KEPT_FREE))


def uvicorn_bounds() -> dict[str, Any]:
    """The settings of uvicorn that go with it."""
    return {
        "http": BoundedProtocol,
        "ws": "none",
        "h11_max_incomplete_event_size": HEADER_BYTES,
        "backlog": _BACKLOG,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    }
