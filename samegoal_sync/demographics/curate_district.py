"""The middle in one call: raw frames of a district in, curated students and guardians out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from samegoal_sync.demographics.columns.curated_frames import CURATED_AT, Curated
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import District
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: In the findings, before an object's name: how many rows of it Qmlativ sent.
ROWS_OF = "rows of "


def curate(raw: RawObjects, district: District, today: date) -> tuple[Curated, Curated]:
    """Students and guardians of one district; the rows that Qmlativ sent are noted as findings.

    Raises:
        DemographicsError: the district can't be curated.
    """

    settings = district.settings
    students = curate_students(raw, settings, today, district_id=district.district_id)
    guardians = curate_guardians(raw, students, settings, today)
    rows = {f"{ROWS_OF}{name}": frame.height for name, frame in raw.frames.items()}
    made = {CURATED_AT: datetime.now(UTC).isoformat()}
    return replace(students, findings=students.findings | rows | made), guardians
