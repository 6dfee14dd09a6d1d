"""Which version the tables have, and whether it is the one that this code was written for.

A database of the operator's own is upgraded when they say so: the version before may still be
running, and somebody may want a backup first. One that is newer than the code is never touched.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from samegoal_sync.database.connect import connect
from samegoal_sync.errors import DatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"
#: This code's revisions, oldest first: files are numbered in the order of their chain.
REVISIONS = tuple(
    sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))
)  # fmt: skip
HEAD = REVISIONS[-1]

#: Asked of the catalog: a schema that is closed to the user is reported with all that is missing.
_READABLE = """
    select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = 'samegoal' and relname = 'alembic_version'
    and has_schema_privilege(relnamespace, 'usage') and has_table_privilege(pg_class.oid, 'select')
"""


def schema_version(connection: psycopg.Connection[TupleRow]) -> str | None:
    """The revision of the tables; ``None`` where there are none yet, or the user sees none."""
    if connection.execute(_READABLE).fetchone() is None:
        return None
    row = connection.execute("select version_num from samegoal.alembic_version").fetchone()
    return None if row is None else str(row[0])


def require_not_newer(connection: psycopg.Connection[TupleRow]) -> str | None:
    """The revision of the tables, one that this code knows.

    Raises:
        DatabaseError: a later version of this project has upgraded them.
    """
    found = schema_version(connection)
    if found is not None and found not in REVISIONS:
        raise DatabaseError(
            f"the database is of a newer version of samegoal-sync (tables {found}, this one "
            f"knows {HEAD} at most)",
            hint="install the version that upgraded it, or go back to the backup from before "
            "the upgrade: samegoal-sync restore --replace FILE",
        )
    return found


def require_current(database_url: str) -> None:
    """Look whether the tables are of this version; one without tables is not.

    Raises:
        DatabaseError: they are older or newer.
    """
    with connect(database_url) as connection:
        found = require_not_newer(connection)
    if found != HEAD:
        raise DatabaseError(
            f"the database is of an older version (tables {found or 'not made yet'}, this one "
            f"needs {HEAD})",
            hint="stop what runs of the older version, then: samegoal-sync backup FILE, and "
            "samegoal-sync upgrade",
        )
