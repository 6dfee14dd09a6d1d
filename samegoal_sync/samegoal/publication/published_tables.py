"""The published columns as SQL: names, types, and which of them a row can't be without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import sql

from samegoal_sync.demographics.columns.column import Presence, Table
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE

_TYPES: dict[Any, sql.SQL] = {
    pl.String: sql.SQL("text"),
    pl.Date: sql.SQL("date"),
    pl.Int64: sql.SQL("bigint"),
    pl.Boolean: sql.SQL("boolean"),
}


@dataclass(frozen=True)
class Published:
    """A published table.

    Attributes:
        table: its name in the ``samegoal`` schema.
        schema: curated columns, which are the table's.
        key: columns of a row's key within the district.
        needed: columns without which Postgres (and SameGoal) can't take a row.
        required: further columns that SameGoal asks for; a row without them is published,
            and counted.
    """

    table: str
    schema: pl.Schema
    key: tuple[str, ...]
    needed: tuple[str, ...]
    required: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """Every column that isn't part of the key."""
        return tuple(name for name in self.schema if name not in self.key)


def published_table(table: Table) -> Published:
    """SameGoal's table of a curated one."""
    return Published(
        table.published,
        table.schema,
        key=table.key,
        needed=table.with_presence(Presence.NEEDED),
        required=table.with_presence(Presence.ASKED_FOR),
    )


PUBLISHED_STUDENTS = published_table(STUDENT_TABLE)
PUBLISHED_GUARDIANS = published_table(GUARDIAN_TABLE)


def definitions(schema: Iterable[tuple[str, Any]]) -> sql.Composed:
    """``name type, ...`` for a ``create table``."""
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), _TYPES[type(dtype)]) for name, dtype in schema
    )


def names(columns: Iterable[str], alias: str | None = None) -> sql.Composed:
    """``alias.name, ...``"""
    return sql.SQL(", ").join(
        sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in columns
    )


def assignments(columns: Iterable[str], alias: str) -> sql.Composed:
    """``name = alias.name, ...`` for an ``update``."""
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(alias, name))
        for name in columns
    )


def kept_or_sent(columns: Iterable[str]) -> sql.Composed:
    """The published value (alias ``p``) where the row says *keep*, else what was sent (``s``)."""
    return sql.SQL(", ").join(
        sql.SQL("case when {} = any(s.keep) then {} else {} end as {}").format(
            sql.Literal(name),
            sql.Identifier("p", name),
            sql.Identifier("s", name),
            sql.Identifier(name),
        )
        for name in columns
    )


def old_and_new(columns: Iterable[str], old: str, new: str) -> sql.Composed:
    """``(name, old text, new text), ...`` to turn a row into one row a column."""
    return sql.SQL(", ").join(
        sql.SQL("({}, {}::text, {}::text)").format(
            sql.Literal(name), sql.Identifier(old, name), sql.Identifier(new, name)
        )
        for name in columns
    )
