"""The middle in one call: raw frames of a district in, curated students and guardians out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.memory_bounds import require_room
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import District
from samegoal_sync.qmlativ.catalog import CATALOG, RawAsset, objects_of
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: In the findings, before an object's name: how many rows of it Qmlativ sent.
ROWS_OF = "rows of "

_OBJECTS_OF_GUARDIANS = [item.name for item in objects_of(RawAsset.GUARDIANS)]
_OBJECTS_OF_STUDENTS = [item.name for item in CATALOG if item.asset is not RawAsset.GUARDIANS]


def curate(raw: RawObjects, district: District, today: date) -> tuple[Curated, Curated]:
    """Students and guardians of one district, each as old as the oldest part of its own read.

    The rows that Qmlativ sent are noted as findings. The moment of the guardians is that of who
    guards whom and of restrictions; their names and families are as old as the students.

    Raises:
        DemographicsError: the district can't be curated.
    """
    require_room(raw)
    settings = district.settings
    students = curate_students(raw, settings, today, district_id=district.district_id)
    guardians = curate_guardians(raw, students, settings, today)
    rows = {f"{ROWS_OF}{name}": frame.height for name, frame in raw.frames.items()}
    return (
        replace(
            students, findings=students.findings | rows, read_at=raw.read_at(_OBJECTS_OF_STUDENTS)
        ),
        replace(guardians, read_at=raw.read_at(_OBJECTS_OF_GUARDIANS)),
    )
