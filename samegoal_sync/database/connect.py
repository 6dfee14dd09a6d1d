"""One way to a Postgres connection."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from samegoal_sync.database.kept_connection import KeptConnection, keeper_of
from samegoal_sync.errors import DatabaseError

_C = TypeVar("_C", bound=psycopg.Connection[TupleRow])


def connect(database_url: str, **options: Any) -> psycopg.Connection[TupleRow]:
    """Open a connection whose unqualified names are found in the ``samegoal`` schema.

    Within ``keeping_connection``, one without options is taken up again rather than opened.

    Raises:
        DatabaseError: Postgres did not answer; the address (which may hold a password) and
            the server's own words are not repeated.
    """
    keeper = None if options else keeper_of(database_url)
    if keeper is None:
        return _opened(psycopg.Connection, database_url, options)
    kept = keeper.take()
    if kept is None:
        kept = _opened(KeptConnection, database_url, options)
        kept.keeper = keeper
    return kept


def _opened(kind: type[_C], database_url: str, options: dict[str, Any]) -> _C:
    try:
        given = conninfo_to_dict(database_url).get("options") or ""
        return kind.connect(
            database_url,
            application_name="samegoal-sync",
            options=f"{given} -c search_path=samegoal -c timezone=UTC".strip(),
            **{"connect_timeout": 10, **options},
        )
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"Postgres could not be reached ({type(error).__name__})",
            hint="check that the server of SAMEGOAL_SYNC_DATABASE_URL is up and its password "
            "is right; unset the variable to use the project's own Postgres",
        ) from None
    except psycopg.ProgrammingError:  # its words repeat the address, password and all
        raise DatabaseError(
            "the address of Postgres can't be read",
            hint="write SAMEGOAL_SYNC_DATABASE_URL as postgresql://user:password@host:5432/database"
            ", with signs such as % @ : / in its parts percent-encoded",
        ) from None
