"""Raw frames made safe to join: each key once, rows without a key left out."""

from __future__ import annotations

import polars as pl

from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.qmlativ.raw import RawObjects

_OBJECTS = {item.name: item for item in CATALOG}


def lookup(raw: RawObjects, name: str) -> pl.DataFrame:
    """The object's frame with its primary key once and never null; empty if it wasn't read.

    A key that comes twice is a fault that ``fitness.check_raw`` stops; here it must only not
    multiply the rows of a join.
    """
    item = _OBJECTS[name]
    frame = raw.frames.get(name)
    if frame is None:
        return pl.DataFrame(schema=item.schema)
    key = frame.get_column(item.primary_key)
    if key.null_count() == 0 and not key.is_duplicated().any():
        return frame
    return frame.filter(key.is_not_null()).unique(
        subset=item.primary_key, keep="first", maintain_order=True
    )
