"""Two doors to Postgres: the login's own for accounts, and one that sees a single district.

The login owns nothing (``database/portal_login.py``), and through its own door sees no student.

``district`` opens a transaction under the role ``samegoal_portal`` with the district's slug set:
row-level security then hides every row of every other district, whatever a page asks for. To a
teacher it also hides whoever is not of their caseload.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg.rows import DictRow, dict_row

from samegoal_sync.database.connect import connect
from samegoal_sync.database.forgotten_session import forget_session

_IDLE_CONNECTIONS = 8

#: A connection whose rows are dicts.
Rows = psycopg.Connection[DictRow]


class PortalDatabase:
    """A few connections, kept open between requests."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self._closed = False
        self._idle: queue.LifoQueue[Rows] = queue.LifoQueue(_IDLE_CONNECTIONS)

    @contextmanager
    def web(self) -> Iterator[Rows]:
        """One transaction as who signed in: accounts, sessions, tries, how districts stand."""
        with self._connection() as connection, connection.transaction():
            yield connection

    @contextmanager
    def district(
        self, slug: str, *, user: int | None, sees_all: bool, snapshot: bool = False
    ) -> Iterator[Rows]:
        """One transaction that sees and writes this district's rows only.

        Args:
            user: id of the account, whose caseload counts.
            sees_all: the whole district; else the students of the account's caseload only.
            snapshot: all reads are of one moment; a night that publishes meanwhile is not mixed in.
        """
        with self._connection() as connection, connection.transaction():
            if snapshot:
                connection.execute("set transaction isolation level repeatable read")
            connection.execute("set local role samegoal_portal")
            connection.execute(
                "select set_config('samegoal.district', %s, true), "
                "set_config('samegoal.user', %s, true), set_config('samegoal.sees', %s, true)",
                (slug, "" if user is None else str(user), "all" if sees_all else "caseload"),
            )
            yield connection

    def close(self) -> None:
        """Close what is idle; what a request still uses is closed when it is given back."""
        self._closed = True
        while not self._idle.empty():
            self._idle.get_nowait().close()

    @contextmanager
    def _connection(self) -> Iterator[Rows]:
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _take(self) -> Rows:
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return self._opened()
            try:
                connection.execute("select 1")  # the server may have been started anew
                return connection
            except psycopg.OperationalError:
                connection.close()

    def _opened(self) -> Rows:
        opened = connect(self.url, autocommit=True, row_factory=dict_row)
        opened.prepare_threshold = None  # no statement outlives a visit
        return cast(Rows, opened)

    def _give_back(self, connection: Rows) -> None:
        if self._closed or connection.closed or connection.info.transaction_status.name != "IDLE":
            connection.close()
            return
        try:
            # Whatever a page was made to leave: tables that hide ours, settings, statements, locks.
            forget_session(connection)
            self._idle.put_nowait(connection)
        except (queue.Full, psycopg.Error):
            connection.close()


def one(connection: Rows, query: str, parameters: dict[str, Any] | tuple[Any, ...] = ()) -> Any:
    """The first row of a query that is written in this package, or ``None``."""
    return connection.execute(cast(Any, query), parameters).fetchone()


def rows(
    connection: Rows, query: str, parameters: dict[str, Any] | tuple[Any, ...] = ()
) -> list[dict[str, Any]]:
    """All rows of a query that is written in this package."""
    return connection.execute(cast(Any, query), parameters).fetchall()
