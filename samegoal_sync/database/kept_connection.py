"""One connection for all that a run asks, one question after the other.

A run of a district connected some twenty times, and each connection is a process that Postgres
starts and ends. While ``keeping_connection`` lasts, one that is closed is kept for whoever connects
next in the same thread. Postgres first forgets what the session was left with, as it would at a
real close: a setting, a lock or a table of one is never the next one's.

psycopg's own pool brings three threads for what one thread needs here.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, tuple_row

from samegoal_sync.database.forgotten_session import forget_session

#: Seconds idle after which a connection is not trusted: what lies between here and Postgres may
#: have dropped it without a word, and the next question would wait for ever.
MOST_IDLE = 60.0

_this_thread = threading.local()


class Keeper:
    """Keeps one idle connection to an address."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self._idle: KeptConnection | None = None
        self._since = 0.0

    def take(self) -> KeptConnection | None:
        """The connection that was closed last, unless it ended meanwhile or was idle for long."""
        found, self._idle = self._idle, None
        if found is None or found.closed:
            return None
        if time.monotonic() - self._since <= MOST_IDLE and found.is_quiet():
            return found
        found.end()
        return None

    def keep(self, connection: KeptConnection) -> bool:
        """Whether this thread's next may have it: nothing of this one's use is left in it."""
        if self._idle is connection:  # closed a second time
            return True
        usable = keeper_of(self.database_url) is self and self._idle is None
        if not usable or connection.info.transaction_status is not TransactionStatus.IDLE:
            return False
        connection.row_factory = tuple_row
        connection.isolation_level = connection.read_only = connection.deferrable = None
        try:
            connection.autocommit = True
            forget_session(connection)
            connection.autocommit = False
        except psycopg.Error:
            return False
        self._idle, self._since = connection, time.monotonic()
        return True

    def end(self) -> None:
        """Close what is kept."""
        if self._idle is not None:
            self._idle.end()


class KeptConnection(psycopg.Connection[TupleRow]):
    """A connection that is kept when it is closed, if its keeper has room for it."""

    keeper: Keeper

    def close(self) -> None:
        """Give the connection back, or end it."""
        if self.closed or not self.keeper.keep(self):
            self.end()

    def end(self) -> None:
        """Close it for good."""
        super().close()

    def is_quiet(self) -> bool:
        """Whether the server has said nothing since, not even that it ends."""
        poll = select.poll()  # select itself takes no descriptor beyond 1,023
        poll.register(self.fileno(), select.POLLIN)
        return not poll.poll(0)


def keeper_of(database_url: str) -> Keeper | None:
    """What keeps a connection to this address in this thread, if anything does."""
    keeper: Keeper | None = getattr(_this_thread, "keeper", None)
    return keeper if keeper is not None and keeper.database_url == database_url else None


@contextmanager
def keeping_connection(database_url: str) -> Iterator[None]:
    """While the block runs, ``connect`` opens one connection in this thread instead of many."""
    outer, keeper = getattr(_this_thread, "keeper", None), Keeper(database_url)
    _this_thread.keeper = keeper
    try:
        yield
    finally:
        _this_thread.keeper = outer
        keeper.end()
