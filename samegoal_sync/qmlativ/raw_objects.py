"""What one read of Qmlativ gives: a frame per object, and what the district did not share.

The contract between ``qmlativ`` (which fills it) and ``demographics`` (which reads it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class RawObjects:
    """Frames as Qmlativ sent them, typed by the catalog, nothing dropped or repaired.

    Attributes:
        frames: object name (``"Student/Student"``) -> frame with every catalog field as a
            column; a field that was not shared is a column of nulls *and* is in ``absent``.
        absent: object name -> fields that Qmlativ did not share tonight (not granted, or the
            key missing from every row). Absent is not blank: what is published stays.
        statistics: plain numbers about the read (rows, pages, bytes, seconds, retries).
    """

    frames: Mapping[str, pl.DataFrame]
    absent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    statistics: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.frames[name]

    def shares(self, name: str, *fields: str) -> bool:
        """Whether all these fields of an object were shared tonight."""
        return not self.absent.get(name, frozenset()).intersection(fields)

    def merged_with(self, *others: RawObjects) -> RawObjects:
        """One view over several raw assets; an object is read by exactly one of them."""
        frames, absent, statistics = dict(self.frames), dict(self.absent), dict(self.statistics)
        for other in others:
            frames.update(other.frames)
            absent.update(other.absent)
            for name, value in other.statistics.items():
                statistics[name] = statistics.get(name, 0) + value
        return RawObjects(frames, absent, statistics)
