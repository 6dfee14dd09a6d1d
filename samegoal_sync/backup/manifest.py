"""What a backup says of itself: which version it is of, and how much must be there again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from samegoal_sync.backup.errors import BackupError
from samegoal_sync.database.grants import SCHEMAS

#: Of the file: counted up when its parts change.
FORM = 1

_TABLES: LiteralString = """
    select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = any(%s) and relkind in ('r', 'p') order by 1, 2
"""


@dataclass(frozen=True)
class Manifest:
    """Written last into a backup, read first out of it.

    Attributes:
        version: of samegoal-sync.
        tables: the revision of its tables.
        postgres: major version of pg_dump, which is at least the server's.
        made_at: the moment of which everything in the database is.
        rows: table -> how many rows.
        secrets: how many stored secrets; their key is not in the backup.
        frames: how many files of stored frames; ``None``: left out.
    """

    version: str
    tables: str
    postgres: int
    made_at: str
    rows: dict[str, int]
    secrets: int
    frames: int | None
    form: int = FORM

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=2).encode()


def manifest_from_json(text: bytes) -> Manifest:
    """Read it back.

    Raises:
        BackupError: it is of a form that this version doesn't know.
    """
    try:
        values = json.loads(text)
        form = values["form"]
        if form == FORM:
            return Manifest(**{field.name: values[field.name] for field in fields(Manifest)})
    except (ValueError, KeyError, TypeError):
        form = "none"
    raise BackupError(
        f"the file is a backup of another form ({form}, not {FORM})",
        hint="restore it with the version of samegoal-sync that made it",
    )


def count_rows(connection: psycopg.Connection[TupleRow]) -> dict[str, int]:
    """How many rows each of our tables and of Dagster's has."""
    counts = {}
    for schema, table in connection.execute(_TABLES, (list(SCHEMAS),)).fetchall():
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        row = connection.execute(query).fetchone()
        assert row is not None
        counts[f"{schema}.{table}"] = int(row[0])
    return counts
