"""One transaction under one advisory lock a district: publications never mix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from samegoal_sync.database import connect
from samegoal_sync.samegoal.errors import (
    DatabaseFault,
    DistrictNotRegistered,
    TransientDatabaseFault,
)

#: First key of the two-key advisory lock; the second is the district's.
_LOCK_CLASS = 5_407

#: A publication takes seconds: who waits longer for another one fails, and is tried again.
_LOCK_WAIT = "10min"


@contextmanager
def district_transaction(database_url: str, slug: str) -> Iterator[Connection[Any]]:
    """A connection in a transaction that holds the district's lock until it ends.

    Commits on a normal end; whatever else happens, also the end of this process or of the
    server, leaves what was published as it was.

    Raises:
        DistrictNotRegistered: the slug is unknown.
        DatabaseFault: Postgres refused a statement.
        DatabaseError: Postgres can't be reached.
    """
    with _transaction(database_url) as connection:
        # Taken before anything is read: a publication sees all of the one before it.
        connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK_CLASS, slug))
        require_district(connection, slug)
        yield connection


@contextmanager
def reading(database_url: str) -> Iterator[Connection[Any]]:
    """A connection that sees one moment of the database, without waiting for the lock.

    Raises:
        DatabaseFault / DatabaseError: Postgres refused or can't be reached.
    """
    with _transaction(database_url, psycopg.IsolationLevel.REPEATABLE_READ) as connection:
        yield connection


@contextmanager
def _transaction(
    database_url: str, isolation: psycopg.IsolationLevel | None = None
) -> Iterator[Connection[Any]]:
    with connect(database_url) as connection:
        connection.isolation_level = isolation
        try:
            with connection.transaction():
                # A large district's comparison fits in memory: Postgres's defaults spill it.
                connection.execute(
                    "set local work_mem = '64MB'; set local temp_buffers = '64MB';"
                    f"set local lock_timeout = '{_LOCK_WAIT}'"
                )
                yield connection
        except (
            psycopg.OperationalError,
            psycopg.errors.UniqueViolation,
            psycopg.errors.ReadOnlySqlTransaction,
        ) as error:
            # A person may enter by hand the very student that is being published; a server that
            # has become a standby says so in another class of errors.
            raise TransientDatabaseFault(error) from None
        except psycopg.Error as error:
            raise DatabaseFault(error) from None


def require_district(connection: Connection[Any], slug: str) -> None:
    """Raise ``DistrictNotRegistered`` unless the registry has the slug."""
    if not connection.execute("select 1 from districts where slug = %s", (slug,)).fetchone():
        raise DistrictNotRegistered(slug)
