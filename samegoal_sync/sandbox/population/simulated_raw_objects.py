"""The frames that the client would read from a simulated district, without HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from samegoal_sync.qmlativ.catalog import CATALOG, QmlativObject
from samegoal_sync.qmlativ.raw_objects import RawObjects


def raw_objects(
    tables: Mapping[str, pl.DataFrame], *, not_granted: frozenset[str] = frozenset()
) -> RawObjects:
    """What all three raw assets hold together.

    Args:
        tables: a district's true tables.
        not_granted: ``"Module/Object"`` or ``"Module/Object.Field"`` that is not shared.
    """
    frames, absent = {}, {}
    for item in CATALOG:
        hidden = _hidden(item, not_granted)
        frame = tables[item.name].select(list(item.schema)).cast(dict(item.schema))  # type: ignore[arg-type]
        if item.name in not_granted:
            frame = frame.clear()
        frames[item.name] = frame.with_columns(
            pl.lit(None, dtype=item.schema[field]).alias(field) for field in sorted(hidden)
        )
        if hidden:
            absent[item.name] = hidden
    return RawObjects(frames, absent)


def _hidden(item: QmlativObject, not_granted: frozenset[str]) -> frozenset[str]:
    if item.name in not_granted:
        return frozenset(item.schema)
    return frozenset(field for field in item.schema if f"{item.name}.{field}" in not_granted)
