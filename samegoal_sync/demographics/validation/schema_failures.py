"""What pandera finds wrong in a frame, without a value of it."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakValueDictionary

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

#: Keys or rows that one finding shows.
SAMPLE = 10


@dataclass(frozen=True)
class SchemaFailure:
    """A reason and column (``name``), rows that fail by it, and the numbers of some."""

    name: str
    count: int
    rows: list[int]


def schema_failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[SchemaFailure]:
    """What pandera found wrong: reason and column, how many rows, and some of their numbers."""
    if _fit.get((schema.name, id(frame))) is frame:
        return []
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return [_failure(error, errors.failure_cases) for error in errors.schema_errors]
    _fit[schema.name, id(frame)] = frame
    return []


#: Frames that pandera found fit, by schema, as long as they live. A run asks at each door again,
#: and no frame is ever changed in place. A frame that is read anew is another one: it is looked at.
_fit: WeakValueDictionary[tuple[str | None, int], pl.DataFrame] = WeakValueDictionary()


def _failure(error: pa.errors.SchemaError, cases: pl.DataFrame) -> SchemaFailure:
    check = getattr(error.check, "name", None) or str(error.check)
    column = str(error.schema.name)
    frame = error.failure_cases
    count = frame.height if isinstance(frame, pl.DataFrame) else 1
    rows = cases.filter((pl.col("column") == column) & (pl.col("check") == check))
    numbers = rows.get_column("index").drop_nulls().head(SAMPLE).to_list()
    reason = error.reason_code.name.lower() if error.reason_code else "invalid"
    return SchemaFailure(f"{column}: {reason}", count, numbers)
