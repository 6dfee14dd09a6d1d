"""What one user of a connection has left in its session, forgotten before the next has it."""

from __future__ import annotations

from typing import Any

from psycopg import Connection


def forget_session(connection: Connection[Any]) -> None:
    """Put a session back to what it was when it was opened.

    Settings, temporary tables, prepared statements, locks and what is listened for are gone.

    Args:
        connection: in autocommit, and in no transaction.

    Raises:
        psycopg.Error: the server did not; the connection is good for nobody.
    """
    connection.execute("discard all")
    connection.execute("reset role")  # to the one of the address, which that put down
