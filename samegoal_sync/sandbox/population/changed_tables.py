"""A district's tables while changes are made to them; whoever holds the old ones keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from samegoal_sync.sandbox.facts import complete, primary_key

#: Ids of rows that are added later start here, so that they never meet generated ones.
_LATER_IDS = 2_000_000_000


class ChangedTables:
    """``"Module/Object"`` -> its rows, row by row changed."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self.tables = dict(tables)

    def set(self, name: str, rows: pl.Expr, **values: Any) -> None:
        """Give the rows these values: texts, numbers or expressions."""
        frame = self.tables[name]
        self.tables[name] = frame.with_columns(
            pl.when(rows)
            .then(value if isinstance(value, pl.Expr) else pl.lit(value, frame.schema[column]))
            .otherwise(pl.col(column))
            .alias(column)
            for column, value in values.items()
        )

    def add(self, name: str, rows: pl.DataFrame) -> None:
        """Add rows; fields that they lack are null."""
        whole = pl.concat([self.tables[name], complete(name, rows)])
        self.tables[name] = whole.sort(primary_key(name))

    def add_row(self, name: str, **values: Any) -> int:
        """Add one row under a new key, which is returned."""
        (key,) = self.later_ids(name, 1)
        schema = self.tables[name].schema
        self.add(
            name,
            pl.DataFrame(
                {primary_key(name): [key], **{field: [value] for field, value in values.items()}},
                schema={
                    primary_key(name): pl.Int64(),
                    **{field: schema[field] for field in values},
                },
            ),
        )
        return key

    def remove(self, name: str, rows: pl.Expr) -> None:
        """Delete rows; as in Qmlativ, nothing tells of it."""
        self.tables[name] = self.tables[name].filter(~rows.fill_null(value=False))

    def later_ids(self, name: str, count: int) -> list[int]:
        """New keys, above all that are there."""
        key = primary_key(name)
        first = max(_LATER_IDS, int(self.tables[name][key].max() or 0)) + 1  # type: ignore[arg-type]
        return list(range(first, first + count))
