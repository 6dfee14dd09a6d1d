"""One way to a Postgres connection."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from samegoal_sync.database.faults import unreachable
from samegoal_sync.database.kept_connection import KeptConnection, keeper_of
from samegoal_sync.database.waiting import once_it_answers
from samegoal_sync.errors import DatabaseError

#: Of every session of ours. What is written where is no choice of whoever may make temporary
#: tables: without its name ``pg_temp`` would come first. And a login may set defaults of its own.
_SESSION = (
    "-c search_path=samegoal,pg_temp -c timezone=UTC "
    "-c default_transaction_read_only=off -c row_security=on"
)

#: For connections over a network, unless the address says otherwise: a peer that is silent for a
#: minute, its system too, is gone.
_ALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

_C = TypeVar("_C", bound=psycopg.Connection[TupleRow])


def connect(
    database_url: str, *, waiting: bool = True, **options: Any
) -> psycopg.Connection[TupleRow]:
    """Open a connection whose unqualified names are found in the ``samegoal`` schema.

    Within ``keeping_connection``, one without options is taken up again rather than opened.

    Args:
        waiting: wait for a server that is gone, where this process does (``waiting.py``).

    Raises:
        DatabaseUnreachable: no connection came; the address (which may hold a password) and
            the server's own words are not repeated.
        DatabaseError: the address is none.
    """
    keeper = None if options else keeper_of(database_url)
    if keeper is None:
        return _opened(psycopg.Connection, database_url, options, waiting)
    kept = keeper.take()
    if kept is None:
        kept = _opened(KeptConnection, database_url, options, waiting)
        kept.keeper = keeper
    return kept


def _opened(kind: type[_C], database_url: str, options: dict[str, Any], waiting: bool) -> _C:
    def once() -> _C:
        try:
            given = conninfo_to_dict(database_url)
            alive = {name: value for name, value in _ALIVE.items() if name not in given}
            return kind.connect(
                database_url,
                application_name="samegoal-sync",
                options=f"{given.get('options') or ''} {_SESSION}".strip(),
                **{"connect_timeout": 10, **alive, **options},
            )
        except psycopg.OperationalError:
            raise unreachable(database_url) from None
        except psycopg.ProgrammingError:  # its words repeat the address, password and all
            raise DatabaseError(
                "the address of Postgres can't be read",
                hint="write SAMEGOAL_SYNC_DATABASE_URL as "
                "postgresql://user:password@host:5432/database"
                ", with signs such as % @ : / in its parts percent-encoded",
            ) from None

    return once_it_answers(once) if waiting else once()
