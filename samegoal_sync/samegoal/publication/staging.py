"""Frames on their way into Postgres: cleaned of what it can't store, hashed, copied.

Every night sends key and hash of every row, and whole only the rows whose hash differs from the
one that is stored. A row's hash covers its values *and* its keep list, so equal hashes mean that
publishing the row again would change nothing.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from psycopg import Connection, sql

from samegoal_sync.demographics.columns.curated_frames import KEEP, KEEP_TYPE
from samegoal_sync.samegoal.publication.published_tables import Published, definitions, names

_SEED = 5_407_002
_NUL = "\x00"
HASH = "row_hash"


def storable(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without NUL characters, which Postgres can't store in text.

    Lone surrogates can't reach this point: a polars string is valid UTF-8.
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    if (
        not texts
        or not frame.select(
            pl.any_horizontal(pl.col(texts).str.contains(_NUL, literal=True).any())
        ).item()
    ):
        return frame
    return frame.with_columns(pl.col(texts).str.replace_all(_NUL, "", literal=True))


def prepared(frame: pl.DataFrame, published: Published, absent: frozenset[str]) -> pl.DataFrame:
    """The frame's columns with ``keep`` as a Postgres array's text, and ``row_hash``.

    Columns that Qmlativ did not share are null and kept in every row.
    """
    columns = list(published.schema)
    everywhere = sorted(absent & set(published.values))
    keep = pl.col(KEEP).fill_null([]) if KEEP in frame.columns else pl.lit([], dtype=KEEP_TYPE)
    ready = storable(frame).select(
        *(pl.lit(None, published.schema[c]).alias(c) if c in everywhere else c for c in columns),
        ("{" + keep.list.concat(pl.lit(everywhere, dtype=KEEP_TYPE)).list.unique().list.sort()
         .list.join(",") + "}").alias(KEEP),
    )  # fmt: skip
    return ready.with_columns(ready.hash_rows(seed=_SEED).reinterpret(signed=True).alias(HASH))


def stage(connection: Connection[Any], table: str, frame: pl.DataFrame) -> None:
    """Copy a frame into a new temporary table that ends with the transaction."""
    schema: list[tuple[str, object]] = [(c, t) for c, t in frame.schema.items() if c != KEEP]
    body = definitions(schema)
    if KEEP in frame.columns:
        body += sql.SQL(", keep text[] not null")
    target = sql.Identifier(table)
    connection.execute(sql.SQL("create temp table {} ({}) on commit drop").format(target, body))
    columns = [*(c for c, _ in schema), *([KEEP] if KEEP in frame.columns else [])]
    copy_rows(connection, sql.SQL("{} ({})").format(target, names(columns)), frame.select(columns))


def copy_rows(connection: Connection[Any], target: sql.Composable, frame: pl.DataFrame) -> None:
    """``COPY`` a frame into a table; a null is an empty field, an empty text is quoted."""
    if frame.is_empty():
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(target)) as copy,
    ):
        for part in frame.iter_slices(20_000):
            copy.write(part.write_csv(include_header=False))
