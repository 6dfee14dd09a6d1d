"""A small installation with something of everything in it, and what of it must come back."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psycopg
from psycopg import sql

from samegoal_sync.backup.postgres_tools import tools_for
from samegoal_sync.database import connect
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync.storage.folder_frames import FolderFrameStore
from samegoal_sync.storage.frame_store import StoredFrames
from samegoal_sync_tests.portal.imported_district import Simulated, register

SECRET = "an invented client secret"


def furnish(settings: Settings, database_url: str) -> None:
    """A district with published nights, sealed secrets, an account, frames and Dagster's tables."""
    registry = register(settings, database_url, "fairview-isd", "Fairview ISD")
    registry.update("fairview-isd", who="test", headers={"X-Vendor": "half of a secret"})
    simulated = Simulated(database_url, registry, "fairview-isd", students=40)
    simulated.night()
    simulated.day()
    simulated.night()
    add_user(
        database_url, "pat@fairview.example", Secret("a long enough Passphrase 7"),
        name="Pat", role=Role.TEACHER, district="fairview-isd",
    )  # fmt: skip
    store = FolderFrameStore(settings.storage)
    for number in (1, 2):
        frames = {"Student/Student": pl.DataFrame({"StudentID": list(range(number * 10))})}
        store.write(
            "qmlativ/students", "fairview-isd", StoredFrames(frames, {"night": number}),
            datetime(2027, 3, number, tzinfo=UTC), run=f"run-{number}",
        )  # fmt: skip
    with dagster_instance(settings, database_url) as instance:
        instance.add_dynamic_partitions("district", ["fairview-isd"])


def rows(database_url: str) -> dict[str, str]:
    """A fingerprint of each table: every row, every column."""
    found = {}
    with connect(database_url) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables "
            "where schemaname in ('samegoal', 'dagster') order by 1, 2"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL(
                "select count(*) || ' ' || coalesce(md5(string_agg(t::text, e'\\n' "
                "order by t::text collate \"C\")), '') from {} t"
            )
            row = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
            found[f"{schema}.{table}"] = row[0] if row else ""
    return found


def structure(database_url: str) -> list[str]:
    """Tables, indexes, policies, triggers, functions and rights, as pg_dump 18 writes them."""
    dumped = subprocess.run(
        [tools_for(18).pg_dump, "--schema-only", "--no-owner", "--schema=samegoal",
         "--schema=dagster", f"--dbname={database_url}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [
        line
        for line in dumped.splitlines()
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    ]


def files(folder: Path) -> dict[str, bytes]:
    """What lies below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def emptied(database_url: str) -> str:
    """The database without our tables."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop schema samegoal cascade")
        connection.execute("drop schema dagster cascade")
    return database_url
