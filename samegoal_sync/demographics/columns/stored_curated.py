"""What is kept of a ``Curated``, wherever it lies: its frames by name, and notes beside them.

The store of frames has a file a frame, a held night one value in its row; each packs the frames in
its own way. What the notes are called and hold is said here alone, also for what an earlier
version stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from samegoal_sync.demographics.columns.column import Table
from samegoal_sync.demographics.columns.curated_frames import Curated

#: The frames of a ``Curated``, by the names under which they are stored.
FRAMES = ("frame", "rejects", "account", "denied", "kept_away", "pair_ids")


def frames_of(curated: Curated) -> dict[str, pl.DataFrame]:
    """Its frames, by ``FRAMES``."""
    return {name: getattr(curated, name) for name in FRAMES}


def notes_of(curated: Curated) -> dict[str, Any]:
    """All of it that is no frame, as JSON has it: counts and names, no student's value."""
    return {
        "absent": sorted(curated.absent),
        "complete": curated.complete,
        "findings": curated.findings,
        "read_at": curated.read_at.isoformat() if curated.read_at else None,
    }


def curated_of(frames: Mapping[str, pl.DataFrame], notes: Mapping[str, Any]) -> Curated:
    """The same again. Frames that were not known when it was stored are empty.

    Raises:
        KeyError, TypeError, ValueError: these are no notes of a ``Curated``.
    """
    # Frames were first stored with this note under another name.
    complete = notes["whole"] if "whole" in notes else notes["complete"]
    read_at = notes.get("read_at")
    return Curated(
        **frames,
        absent=frozenset(notes["absent"]),
        complete=complete,
        findings=notes["findings"],
        read_at=datetime.fromisoformat(read_at) if read_at else None,
    )


def with_every_column(curated: Curated, table: Table) -> Curated:
    """A stored frame with the columns that are new since it was made: as not shared that night.

    What is published of them stays, so that a night held by an earlier version can be approved.
    """
    new = [column for column in table.columns if column.name not in curated.frame.columns]
    if not new:
        return curated
    frame = curated.frame.with_columns(
        pl.lit(None, column.type).alias(column.name) for column in new
    )
    return replace(
        curated,
        frame=frame.select(*table.schema, *(n for n in frame.columns if n not in table.schema)),
        absent=curated.absent | {column.name for column in new},
    )
