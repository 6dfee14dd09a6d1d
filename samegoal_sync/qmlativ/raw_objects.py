"""What one read of Qmlativ gives: a frame per object, and what the district did not share.

The contract between ``qmlativ`` (which fills it) and ``demographics`` (which reads it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
        moments: object name -> when its read began (aware): what Qmlativ said *then*. It, never
            the moment of curating or publishing, says which of two reads is the newer one.
    """

    frames: Mapping[str, pl.DataFrame]
    absent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    statistics: Mapping[str, float] = field(default_factory=dict)
    moments: Mapping[str, datetime] = field(default_factory=dict)

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.frames[name]

    def shares(self, name: str, *fields: str) -> bool:
        """Whether all these fields of an object were shared tonight."""
        return not self.absent.get(name, frozenset()).intersection(fields)

    def read_at(self, names: Iterable[str]) -> datetime | None:
        """The oldest moment of these objects, as far as they were read; ``None``: nobody knows."""
        moments = [self.moments.get(name) for name in names if name in self.frames]
        known = [moment for moment in moments if moment is not None]
        return min(known) if known and len(known) == len(moments) else None

    def merged_with(self, *others: RawObjects) -> RawObjects:
        """One view over several raw assets; of an object that two of them read, the later one's."""
        frames, absent, statistics = dict(self.frames), dict(self.absent), dict(self.statistics)
        moments = dict(self.moments)
        for other in others:
            frames.update(other.frames)
            absent.update(other.absent)
            moments.update(other.moments)
            for name, value in other.statistics.items():
                statistics[name] = statistics.get(name, 0) + value
        return RawObjects(frames, absent, statistics, moments)
