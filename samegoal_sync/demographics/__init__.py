"""The middle: pure polars transforms and pandera checks, from raw frames to curated ones."""

from __future__ import annotations

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students

__all__ = ["Curated", "curate_guardians", "curate_students"]
