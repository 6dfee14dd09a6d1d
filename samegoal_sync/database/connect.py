"""One way to a Postgres connection."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import TupleRow

from samegoal_sync.errors import DatabaseError


def connect(database_url: str, **options: Any) -> psycopg.Connection[TupleRow]:
    """Open a connection whose unqualified names are found in the ``samegoal`` schema.

    Raises:
        DatabaseError: Postgres did not answer; the address (which may hold a password) and
            the server's own words are not repeated.
    """
    try:
        return psycopg.connect(
            database_url,
            application_name="samegoal-sync",
            options="-c search_path=samegoal -c timezone=UTC",
            **{"connect_timeout": 10, **options},
        )
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"Postgres could not be reached ({type(error).__name__})",
            hint="check that the server of SAMEGOAL_SYNC_DATABASE_URL is up and its password "
            "is right; unset the variable to use the project's own Postgres",
        ) from None
