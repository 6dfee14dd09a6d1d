"""Whether Postgres writes rows into its own log.

A constraint that is violated is logged with ``DETAIL: Failing row contains (…)``: a student's whole
row, in the very file that a hint sends people to. ``log_error_verbosity = terse`` leaves it out;
only a superuser sets it. The embedded server gets it at each start; for a server of the operator's
own, ``samegoal-sync status`` says that it is missing.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

#: What is said of a server of the operator's own, and what a superuser runs there.
REMEDY = "alter system set log_error_verbosity = terse; select pg_reload_conf();"


def log_shows_rows(connection: Connection[Any]) -> bool:
    """Whether an error's detail, which may be a row, reaches the server's log."""
    with connection.cursor() as cursor:
        row = cursor.execute("select current_setting('log_error_verbosity') as level").fetchone()
    assert row
    level = row["level"] if isinstance(row, dict) else row[0]
    return bool(level != "terse")
