"""What keeps Postgres from doing its work, in our words: its own may quote rows and statements."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn, Ping

from samegoal_sync.database.embedded_address import is_embedded
from samegoal_sync.errors import DatabaseLost, DatabaseUnreachable
from samegoal_sync.settings import DATABASE_VARIABLE

_PING_SECONDS = 3

#: SQLSTATE -> what it means, and what to do beside trying again.
_MEANINGS = {
    "53100": ("its disk is full", "make room on the disk of Postgres's data"),
    "53200": ("it has no memory left", "give the Postgres server more memory, or less to do"),
    "53300": ("it has no connection left", "raise max_connections of the Postgres server"),
    "53400": ("a limit of its configuration is reached", "see the Postgres server's log for which"),
    "57P01": ("it was stopped", "start the Postgres server, if it was not restarted"),
    "57P02": ("it crashed", "read the Postgres server's log for why"),
    "57P03": ("it is starting or stopping", "wait for it; its log says what it is at"),
    "25006": (
        "it takes no changes: a standby, or set to read only",
        f"name the primary server in {DATABASE_VARIABLE}",
    ),
}

#: SQLSTATEs of a server that went away in the middle; ``None`` is a connection that broke off.
_WENT = (None, "57P01", "57P02", "57P03")


def server_went(sqlstate: str | None) -> bool:
    """Whether the same work may pass as soon as the server answers again."""
    return sqlstate in _WENT


def meaning_of(sqlstate: str | None) -> tuple[str, str] | None:
    """What an SQLSTATE of a server in trouble means, and what to do; ``None`` for any other."""
    if sqlstate is None:
        return "the connection broke off", "see that the Postgres server is up"
    return _MEANINGS.get(sqlstate)


def unreachable(database_url: str) -> DatabaseUnreachable:
    """Why no connection came: asked of the server itself, without a login."""
    where = place(database_url)
    own = f"the server of {DATABASE_VARIABLE}"
    match _ping(database_url):
        case Ping.OK:
            why = "it refuses the connection"
            hint = (
                f"check user, password and database in {DATABASE_VARIABLE}; the server's log says "
                "which of them it refuses, or whether it has no connection left"
            )
        case Ping.REJECT:
            why = "it is starting, stopping or recovering"
            hint = "wait for it; if it stays so, its log says what it is at"
        case _ if where.startswith("/") and is_embedded(_libpq(database_url)):
            return DatabaseUnreachable(
                "the project's own Postgres is down",
                hint="wait some seconds and try again: samegoal-sync demo and dev start it again. "
                "If neither runs, any command starts it, e.g. samegoal-sync status; else its log "
                "says why not",
            )
        case _ if where.startswith("/"):
            why = "it does not run"
            hint = "start the Postgres server; if it does not start, its log says why"
        case _:
            why = "it does not answer"
            hint = (
                f"check that {own} is up, and its host and port are right; a full disk stops it "
                "too: its log says so. Unset the variable to use the project's own Postgres"
            )
    return DatabaseUnreachable(f"Postgres at {where} could not be reached: {why}", hint=hint)


def lost(database_url: str, sqlstate: str | None) -> DatabaseLost | None:
    """A statement that ended because of the server's trouble; ``None`` for any other reason."""
    meaning = meaning_of(sqlstate)
    if meaning is None:
        return None
    what, hint = meaning
    error = DatabaseLost(
        f"Postgres at {place(database_url)} gave up: {what} (SQLSTATE {sqlstate or 'none'})",
        hint=f"{hint}; what is published is as it was, and a night is tried again by itself",
    )
    error.server_went = server_went(sqlstate)
    return error


def place(database_url: str) -> str:
    """Host, port and database, without user and password."""
    try:
        parts = conninfo_to_dict(_libpq(database_url))
    except Exception:  # whatever is wrong with it: it may hold the password
        return "an address that can't be read"
    host, port = str(parts.get("host") or "localhost"), str(parts.get("port") or 5432)
    name = parts.get("dbname") or "samegoal"
    where = host if host.startswith("/") else f"{host}:{port}"
    return f"{where} (database {name})"


def _ping(database_url: str) -> Ping | None:
    try:
        text = make_conninfo(_libpq(database_url), connect_timeout=_PING_SECONDS)
    except Exception:  # as above
        return None
    return Ping(PGconn.ping(text.encode()))


def _libpq(database_url: str) -> str:
    """SQLAlchemy names its driver in the address."""
    scheme, mark, rest = database_url.partition("://")
    return scheme.partition("+")[0] + mark + rest
