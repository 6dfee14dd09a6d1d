"""A dump into a database by pg_restore and psql, as one transaction that counts before it commits.

pg_restore writes the statements and psql runs them, so that ours can stand before and after, and
one that an older server does not know can be left out. psql says error codes alone: its words would
hold values of rows.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from samegoal_sync.backup.errors import BackupError
from samegoal_sync.backup.make_backup import LONGEST_SECONDS
from samegoal_sync.backup.manifest import Manifest
from samegoal_sync.backup.postgres_tools import connection_of, tools_for
from samegoal_sync.database import connect
from samegoal_sync.database.grants import SCHEMAS
from samegoal_sync.database.migrate import prepare_database

OpenDump = Callable[[], IO[bytes]]

#: What is there already, to be dropped: our schemas belong to us alone.
_THERE = """
    select case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end
        || ' if exists ' || pg_class.oid::regclass
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = any(%(schemas)s) and relkind in ('r', 'p', 'v', 'm') and not relispartition
    union all
    select 'function if exists ' || pg_proc.oid::regprocedure
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname = any(%(schemas)s)
"""
#: Of the schemas themselves: they are there, and their owner need not be the one of the dump.
_SCHEMA_ENTRY = re.compile(r"^\d+; \d+ \d+ SCHEMA - ", re.MULTILINE)
#: Settings that a server does not know which is older than the dump.
_NEWER_SETTING = re.compile(rb"^SET (transaction_timeout) = .*;$")
_LOCK_TIMEOUT = "60s"


def replay_dump(database_url: str, manifest: Manifest, open_dump: OpenDump) -> None:
    """Put the dump in place of what the database holds.

    Raises:
        BackupError: it could not be put in, or not all of it arrived; the database is as it was.
    """
    with connect(database_url, autocommit=True) as connection:
        prepare_database(connection)
        server = connection.info.server_version // 10_000
        drops = _drops(connection)
    pg_restore, psql = tools_for(manifest.postgres).pg_restore, tools_for(server, database_url).psql
    with tempfile.TemporaryDirectory() as folder:
        entries = Path(folder) / "entries"
        entries.write_text(_entries(pg_restore, open_dump))
        writing = [pg_restore, "--file=-", "--no-owner", "--exit-on-error", f"--use-list={entries}"]
        _replay(writing, psql, database_url, open_dump, before=drops, after=_counts(manifest))


def _drops(connection: psycopg.Connection[TupleRow]) -> list[str]:
    connection.execute("set search_path to ''")  # so that every name comes with its schema
    found = connection.execute(_THERE, {"schemas": list(SCHEMAS)}).fetchall()
    return [
        f"set lock_timeout = '{_LOCK_TIMEOUT}';",
        *(f"drop {what} cascade;" for (what,) in found),
    ]


def _counts(manifest: Manifest) -> list[str]:
    """Statements that fail unless each table has as many rows as the backup says."""
    statements = []
    for name, rows in manifest.rows.items():
        schema, _, table = name.partition(".")
        if schema not in SCHEMAS:
            raise BackupError(
                "the backup names tables that are not ours",
                hint="it was not made by samegoal-sync backup: restore another one",
            )
        place = sql.Identifier(schema, table).as_string()
        statements.append(
            f"do $_$ begin if (select count(*) from {place}) <> {int(rows)} then "  # noqa: S608
            "raise exception using errcode = 'SG001'; end if; end $_$;"
        )
    return statements


def _entries(pg_restore: str, open_dump: OpenDump) -> str:
    """The dump's table of contents, without the schemas themselves."""
    with _fed([pg_restore, "--list"], open_dump) as listing:
        assert listing.stdout is not None
        text = listing.stdout.read().decode()
    return _SCHEMA_ENTRY.sub(lambda found: ";" + found[0], text)


def _replay(
    writing: list[str],
    psql_program: str,
    database_url: str,
    open_dump: OpenDump,
    *,
    before: list[str],
    after: list[str],
) -> None:
    address, environment = connection_of(database_url)
    running = [
        psql_program, "--no-psqlrc", "--quiet", "--no-password", "--single-transaction",
        "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate", "--file=-", f"--dbname={address}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:
        psql = subprocess.Popen(
            running, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        assert psql.stdin is not None
        try:
            with _fed(writing, open_dump, also_ends=psql) as pg_restore:
                assert pg_restore.stdout is not None
                _send(psql.stdin, before)
                for _, line in zip(range(100), pg_restore.stdout, strict=False):
                    if not _NEWER_SETTING.match(line.rstrip()):
                        psql.stdin.write(line)
                shutil.copyfileobj(pg_restore.stdout, psql.stdin, 1 << 20)
            # Only now is it known that the dump was whole; psql commits when its input ends.
            _send(psql.stdin, after)
            psql.stdin.close()
            failed = psql.wait(timeout=LONGEST_SECONDS) != 0
        except BrokenPipeError:
            failed = True
        except subprocess.TimeoutExpired:
            failed = True
        finally:
            psql.kill()
            with suppress(OSError):
                psql.stdin.close()
            psql.wait()
        if failed:
            said.seek(0)
            raise _refused(said.read(4000).decode(errors="replace"))


def _send(target: IO[bytes], statements: list[str]) -> None:
    target.write("".join(f"{one}\n" for one in statements).encode())


def _refused(said: str) -> BackupError:
    codes = sorted(set(re.findall(r"\b([0-9A-Z]{5})\s*$", said, re.MULTILINE)))
    if "SG001" in codes:
        return BackupError(
            "not all of the backup arrived: a table has another number of rows than it had",
            hint="take another backup; the database is as it was",
        )
    if "55P03" in codes:
        return BackupError(
            f"somebody uses the tables: they were not free for {_LOCK_TIMEOUT}",
            hint="stop the daemon, workers, web server and portal, then restore again; the "
            "database is as it was",
        )
    # Before it is connected psql speaks of the connection alone, afterwards in codes.
    unconnected = re.match(r"psql: error: (.*)", said)
    why = f"error {', '.join(codes)}" if codes else "it was cut off"
    if unconnected:
        why = unconnected[1][:200]
    return BackupError(
        f"Postgres did not take the backup ({why})",
        hint="see PostgreSQL's list of error codes, and the server's own log; the "
        "database is as it was",
    )


@contextmanager
def _fed(
    command: list[str], open_dump: OpenDump, also_ends: subprocess.Popen[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that reads the dump; leaving it well means that the dump was whole.

    Args:
        also_ends: is killed with it when it takes too long.

    Raises:
        BackupError: it failed; zipfile.BadZipFile: the dump is damaged.
    """
    wrong: list[Exception] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        stdin = program.stdin
        assert stdin is not None

        def feed() -> None:
            try:
                with open_dump() as dump:
                    with suppress(BrokenPipeError):  # --list reads no further than it must
                        shutil.copyfileobj(dump, stdin, 1 << 20)
                    while dump.read(1 << 20):
                        pass  # to its end, where the checksum is
            except Exception as error:
                wrong.append(error)
            finally:
                with suppress(OSError):
                    stdin.close()

        def give_up() -> None:
            for one in (program, also_ends):
                if one is not None:
                    one.kill()

        feeding = threading.Thread(target=feed, daemon=True)
        limit = threading.Timer(LONGEST_SECONDS, give_up)
        feeding.start()
        limit.start()
        try:
            yield program
            feeding.join()
            failed = program.wait() != 0
        except BaseException:
            program.kill()
            raise
        finally:
            limit.cancel()
    if wrong:
        raise wrong[0]
    if failed:
        raise BackupError(
            "the backup's dump could not be read",
            hint="it is damaged, or of a newer Postgres than the client programs here: take "
            "another one, or install newer ones",
        )
