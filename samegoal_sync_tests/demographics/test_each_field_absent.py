"""Every optional field of the catalog not shared, one by one: nothing published is blanked."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import (
    GUARDIAN_COLUMNS,
    KEEP,
    KEEP_HOW_LEFT,
    STUDENT_COLUMNS,
    Curated,
)
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import DistrictSettings
from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync_tests.demographics.test_any_mess import TODAY, sandbox_district

OPTIONAL = [
    (item.name, field.name)
    for item in CATALOG
    for field in item.fields
    if not field.essential or not item.essential
]
REFUSED = [item.name for item in CATALOG if not item.essential]
_PRESENT = ("ENROLLED", "PRE_ENROLLED")


@pytest.mark.parametrize(("name", "field"), OPTIONAL, ids=[f"{n}.{f}" for n, f in OPTIONAL])
def test_a_field_not_shared_blanks_nothing(name: str, field: str) -> None:
    raw = _raw()
    hidden = pl.lit(None, raw[name].schema[field]).alias(field)
    frames = {**raw.frames, name: raw[name].with_columns(hidden)}
    _assert_nothing_blanked(RawObjects(frames, {name: frozenset({field})}))


@pytest.mark.parametrize("name", REFUSED)
def test_an_object_refused_blanks_nothing(name: str) -> None:
    raw = _raw()
    frames = {**raw.frames, name: raw[name].clear()}
    _assert_nothing_blanked(RawObjects(frames, {name: frozenset(raw[name].columns)}))


def _assert_nothing_blanked(raw: RawObjects) -> None:
    (students, guardians), (before, theirs) = _curated(raw), _last_night()
    _assert_kept(before, students, STUDENT_COLUMNS, ["student_id"])
    _assert_kept(theirs, guardians, GUARDIAN_COLUMNS, ["student_id", "guardian_id"])
    _assert_statuses_kept(before, students)


def _assert_kept(before: Curated, after: Curated, layout: pl.Schema, key: list[str]) -> None:
    """Where a value was and none is now, the column is absent or kept in that row."""
    both = before.frame.join(after.frame, on=key, suffix="_now")
    assert both.height == before.frame.height or not after.complete
    for column in layout.names():
        if column in key or column in after.absent:
            continue
        lost = both.filter(pl.col(column).is_not_null() & pl.col(f"{column}_now").is_null())
        unkept = lost.filter(~pl.col(f"{KEEP}_now").list.contains(column))
        assert unkept.height == 0, column


def _assert_statuses_kept(before: Curated, after: Curated) -> None:
    """Nobody is published as here who left, or as gone who is here; how one left is kept."""
    if "district_enrollment" in after.absent:
        return
    now = pl.col("district_enrollment_now")
    changed = (
        before.frame.join(after.frame, on="student_id", suffix="_now")
        .filter(pl.col("district_enrollment") != now)
        .filter(~pl.col(f"{KEEP}_now").list.contains("district_enrollment"))
    )
    here = pl.col("district_enrollment").is_in(_PRESENT)
    flipped = changed.filter(here != now.is_in(_PRESENT))
    assert flipped.height == 0
    left = changed.filter(~here)
    assert left.filter(~pl.col(f"{KEEP}_now").list.contains(KEEP_HOW_LEFT)).height == 0


@cache
def _raw() -> RawObjects:
    return sandbox_district(300, 7)


@cache
def _last_night() -> tuple[Curated, Curated]:
    return _curated(_raw())


def _curated(raw: RawObjects) -> tuple[Curated, Curated]:
    students = curate_students(raw, DistrictSettings(), TODAY)
    return students, curate_guardians(raw, students, DistrictSettings(), TODAY)
