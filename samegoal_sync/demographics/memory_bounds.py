"""What curating one district may take of memory.

Curating and checking take four times the frames beside them (docs/performance), so frames are
bounded. But rows that belong together many to many multiply: 10,000 students and as many guardians
of one family are few bytes, and a hundred million pairs.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.errors import FramesTooLarge, TooManyPairs
from samegoal_sync.qmlativ.raw_objects import RawObjects

_MIB = 2**20
#: Of all raw frames of a district. A million students fill 750 MiB.
MOST_BYTES = 1024 * _MIB
#: Rows that one join gives. A million students with their guardians are five million.
MOST_PAIRS = 10_000_000


def require_room(raw: RawObjects) -> None:
    """Refuse frames that curating would take too much memory for.

    Raises:
        FramesTooLarge: they are larger than those of any district.
    """
    size = sum(int(frame.estimated_size()) for frame in raw.frames.values())
    if size > MOST_BYTES:
        raise FramesTooLarge(size // _MIB, MOST_BYTES // _MIB)


def many_to_many(
    left: pl.DataFrame, right: pl.DataFrame, keys: list[str], names: tuple[str, str]
) -> pl.DataFrame:
    """The inner join of two frames of which neither has its keys once.

    Args:
        names: the objects of Qmlativ that the frames come from.

    Raises:
        TooManyPairs: so many rows belong together that the join would not fit.
    """
    if left.height * right.height > MOST_PAIRS:
        there = right.group_by(keys).agg(right=pl.len())
        each = left.group_by(keys).agg(left=pl.len()).join(there, on=keys)
        pairs = pl.col("left").cast(pl.Int64) * pl.col("right")
        total = int(each.select(pairs.sum()).item())
        if total > MOST_PAIRS:
            most = each.sort(pairs).row(-1, named=True)
            raise TooManyPairs(names, keys, total, (most["left"], most["right"]))
    return left.join(right, on=keys)
