"""Make a backup: one file for its owner alone, complete or absent.

It is a zip: the database as pg_dump writes it, the stored frames as a tar, the home's dagster.yaml,
and what all of it must add up to. The key that opens stored secrets is not in it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import psycopg
from psycopg.rows import TupleRow

from samegoal_sync.backup.archived_frames import write_frames
from samegoal_sync.backup.errors import BackupError
from samegoal_sync.backup.manifest import Manifest, count_rows
from samegoal_sync.backup.postgres_tools import PostgresTools, connection_of, tools_for
from samegoal_sync.backup.stored_secrets import StoredSecrets, stored_secrets
from samegoal_sync.database import connect
from samegoal_sync.database.grants import SCHEMAS
from samegoal_sync.database.schema_version import schema_version
from samegoal_sync.settings import Settings

MANIFEST = "manifest.json"
DATABASE = "database.dump"
FRAMES = "frames.tar"
DAGSTER_YAML = "dagster.yaml"

#: Longer than this neither a backup nor a restore takes: it is given up.
LONGEST_SECONDS = 6 * 3600
_LOCK_WAIT = "60s"
_DRAFT = ".samegoal-sync-backup-"


def make_backup(
    settings: Settings, database_url: str, target: Path, *, frames: bool = True
) -> tuple[Manifest, StoredSecrets]:
    """Write the backup, and try the secrets that are in it.

    Everything of the database is of one moment, whatever runs meanwhile.

    Raises:
        BackupError: there is such a file already, or it can't be made; then there is none.
    """
    if target.exists():
        raise BackupError(
            f"{target} exists already", hint="name a file that does not; none is overwritten"
        )
    _remove_abandoned(target.parent)
    try:
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=_DRAFT)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "wb") as file:
                made = _write(settings, database_url, file, frames=frames)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).rename(target)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(
            f"{target} could not be written ({os.strerror(error.errno or 0)})",
            hint="name a file in a folder that has room and belongs to this user",
        ) from None
    return made


def _write(
    settings: Settings, database_url: str, file: IO[bytes], *, frames: bool
) -> tuple[Manifest, StoredSecrets]:
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
        connect(database_url) as connection,
    ):
        connection.execute("set transaction isolation level repeatable read, read only")
        tables = schema_version(connection)
        if tables is None:
            raise BackupError(
                "there is nothing to back up: the database holds no tables of ours",
                hint="see that DAGSTER_HOME and SAMEGOAL_SYNC_DATABASE_URL are those of the "
                "installation",
            )
        tools = tools_for(connection.info.server_version // 10_000, database_url)
        with archive.open(DATABASE, "w", force_zip64=True) as part:
            _dump(connection, tools, database_url, part)
        rows, secrets = count_rows(connection), stored_secrets(settings, connection)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        files = None
        if frames and settings.object_storage is None:  # a bucket is kept by its own means
            with archive.open(FRAMES, "w", force_zip64=True) as part:
                files = write_frames(settings.storage, part)
        with suppress(FileNotFoundError):
            archive.writestr(DAGSTER_YAML, (settings.home / DAGSTER_YAML).read_bytes())
        manifest = Manifest(
            version("samegoal-sync"), tables, tools.major, made_at, rows, secrets.count, files
        )
        archive.writestr(MANIFEST, manifest.as_json())
    return manifest, secrets


def _dump(
    connection: psycopg.Connection[TupleRow],
    tools: PostgresTools,
    database_url: str,
    part: IO[bytes],
) -> None:
    """Copy what pg_dump writes, as of the connection's moment.

    Raises:
        BackupError: it failed or took too long.
    """
    row = connection.execute("select pg_export_snapshot()").fetchone()
    assert row is not None
    address, environment = connection_of(database_url)
    schemas = [f"--schema={schema}" for schema in SCHEMAS]
    command = [
        tools.pg_dump, "--format=custom", "--no-owner", "--no-password", f"--snapshot={row[0]}",
        f"--lock-wait-timeout={_LOCK_WAIT}", *schemas, f"--dbname={address}",
    ]  # fmt: skip
    deadline = time.monotonic() + LONGEST_SECONDS
    with tempfile.TemporaryFile() as said:
        dumping = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )
        assert dumping.stdout is not None
        try:
            while piece := dumping.stdout.read(1 << 20):
                part.write(piece)
                if time.monotonic() > deadline:
                    raise BackupError(
                        f"pg_dump was given up after {LONGEST_SECONDS // 3600} hours",
                        hint="see what keeps the server busy, then make it again",
                    )
            failed = dumping.wait(timeout=60) != 0
        finally:
            dumping.kill()
            dumping.stdout.close()
            dumping.wait()
        if failed:
            said.seek(0)
            raise BackupError(
                f"pg_dump {tools.major} failed: {_reason(said.read(2000))}",
                hint="the database user must be the one that owns our tables and Dagster's; see "
                "also that no upgrade is under way",
            )


def _reason(said: bytes) -> str:
    """Its first line; pg_dump names objects, never a row."""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("pg_dump: error: ")[:200] if lines else "without a word"


def _remove_abandoned(folder: Path) -> None:
    """Drafts of backups that were killed, once no backup can still be writing them."""
    for draft in folder.glob(f"{_DRAFT}*"):
        with suppress(OSError):
            if draft.stat().st_mtime < time.time() - LONGEST_SECONDS:
                draft.unlink()
