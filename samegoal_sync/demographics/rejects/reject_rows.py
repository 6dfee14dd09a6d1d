"""Rows and values rejected, as ``REJECT_COLUMNS`` rows: object, key, column and rule, no values.

A *notice* (severity ``value`` without a column) rejects nothing: somebody should look at it.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from samegoal_sync.demographics.columns.curated_frames import KEEP, REJECT_COLUMNS
from samegoal_sync.demographics.values.scatter import scattered

ROW, VALUE = "row", "value"
#: A Student Number longer than this is not shown in accounts and rejects; Qmlativ's id is.
LONGEST_SHOWN = 60


def rejected(
    frame: pl.DataFrame,
    where: pl.Expr | str,
    rule: str,
    *,
    object_name: str,
    key: str,
    column: str | None = None,
    notice: bool = False,
) -> pl.DataFrame:
    """One reject for each row of ``frame`` that ``where`` picks.

    Args:
        key: the column that holds Qmlativ's id of the row of ``object_name``.
        column: the curated column whose value is rejected; ``None`` rejects the row.
        notice: nothing is rejected.
    """
    picked = frame.filter(where)
    return picked.select(
        pl.lit(object_name).alias("object"),
        pl.col(key).alias("key"),
        pl.when(pl.col("student_id").str.len_chars() <= LONGEST_SHOWN)
        .then("student_id")
        .alias("student_id"),
        pl.lit(column, pl.String).alias("column"),
        pl.lit(rule).alias("rule"),
        pl.lit(ROW if column is None and not notice else VALUE).alias("severity"),
    )


def gathered(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All rejects in a stable order, each once."""
    frame = pl.concat([pl.DataFrame(schema=REJECT_COLUMNS), *parts])
    return frame.unique().sort(frame.columns, nulls_last=True)


def with_keep(frame: pl.DataFrame, conditions: dict[str, pl.Expr]) -> pl.DataFrame:
    """The frame with its ``keep`` column: the columns whose condition holds for the row.

    Lists are built only for the few rows that have any.
    """
    names = sorted(conditions)
    flags = frame.select(conditions[name].fill_null(False).alias(name) for name in names)
    any_kept = flags.select(pl.any_horizontal(pl.lit(False), *names)).to_series()
    if not any_kept.any():
        return frame.with_columns(_NOTHING_KEPT)
    words = [pl.when(name).then(pl.lit(name)) for name in names]
    lists = flags.filter(any_kept).select(pl.concat_list(words).list.drop_nulls()).to_series()
    nothing = pl.select(pl.repeat(pl.lit([], dtype=pl.List(pl.String)), frame.height)).to_series()
    return frame.with_columns(scattered(lists, any_kept, nothing).alias(KEEP))


_NOTHING_KEPT = pl.lit([], dtype=pl.List(pl.String)).alias(KEEP)
