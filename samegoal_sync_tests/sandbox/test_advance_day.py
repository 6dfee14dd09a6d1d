"""A day on: what is told is exactly what changed, and nothing else did."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox import DayChanges, SandboxDistrict, advance_district, generate_district
from samegoal_sync.sandbox.facts import object_fields, primary_key, relationships

TODAY = date(2026, 11, 25)
Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def night() -> tuple[Tables, Tables, DayChanges]:
    before = generate_district(SandboxDistrict("f", "Fairview ISD", 3_000, today=TODAY))
    after, changes = advance_district(before, TODAY, 0)
    return before, after, changes


def _changed(night: tuple[Tables, Tables, DayChanges], name: str, field: str) -> pl.DataFrame:
    """Rows of both days whose field differs."""
    before, after, _ = night
    key = primary_key(name)
    both = after[name].join(before[name].select(key, pl.col(field).alias("old")), on=key)
    return both.filter(pl.col(field).ne_missing(pl.col("old")))


def test_every_kind_of_change_happens(night: tuple[Tables, Tables, DayChanges]) -> None:
    counts = night[2].counts()
    assert all(count > 0 for name, count in counts.items() if name != "restrictions_ended"), counts


def test_new_students_are_those_added(night: tuple[Tables, Tables, DayChanges]) -> None:
    before, after, changes = night
    new = after["Student/Student"].join(before["Student/Student"], on="StudentID", how="anti")
    assert set(new["StudentID"]) == set(changes.added)
    years = after["Enrollment/EntryWithdrawal"].filter(pl.col("StudentID").is_in(changes.added))
    assert set(years["StartDate"].str.slice(0, 10)) >= {"2026-11-26"}


def test_no_student_row_is_ever_deleted(night: tuple[Tables, Tables, DayChanges]) -> None:
    before, after, _ = night
    gone = before["Student/Student"].join(after["Student/Student"], on="StudentID", how="anti")
    assert gone.height == 0


def test_leavers_and_movers_are_those_whose_enrollment_ended(
    night: tuple[Tables, Tables, DayChanges],
) -> None:
    ended = _changed(night, "Enrollment/EntryWithdrawal", "EndDate")
    changes = night[2]
    assert set(ended["StudentID"]) == {*changes.left, *changes.changed_school}
    active = night[1]["Enrollment/StudentEntityYear"].filter(
        "IsActive", pl.col("SchoolYearID") == 27
    )
    assert not set(changes.left) & set(active["StudentID"])
    assert set(changes.changed_school) <= set(active["StudentID"])


def test_phones_renames_and_moves_are_exact(night: tuple[Tables, Tables, DayChanges]) -> None:
    before, _, changes = night
    assert set(_changed(night, "Demographics/NamePhone", "PhoneNumber")["NameID"]) == set(
        changes.phones
    )
    students = dict(before["Student/Student"].select("NameID", "StudentID").iter_rows())
    renamed = _changed(night, "Demographics/Name", "LastName")["NameID"]
    assert {students[name] for name in renamed} == set(changes.renamed)
    moved = _changed(night, "Demographics/NameAddress", "AddressID")["NameID"]
    assert {students[name] for name in moved if name in students} == set(changes.moved_house)


def test_guardians_and_restrictions_are_exact(night: tuple[Tables, Tables, DayChanges]) -> None:
    before, after, changes = night
    name = "Family/StudentGuardian"
    gone = before[name].join(after[name], on="StudentGuardianID", how="anti")
    assert set(gone.select("StudentID", "NameIDGuardian").iter_rows()) == set(
        changes.guardians_removed
    )
    flips = _changed(night, name, "HasActiveRestrictedAccess")
    begun = flips.filter("HasActiveRestrictedAccess").select("StudentID", "NameIDGuardian")
    assert set(begun.iter_rows()) == set(changes.restrictions_begun)


def test_nobody_is_touched_twice_in_a_day(night: tuple[Tables, Tables, DayChanges]) -> None:
    changes = night[2]
    touched = [
        *changes.added,
        *changes.left,
        *changes.changed_school,
        *changes.renamed,
        *changes.moved_house,
        *(pair[0] for pair in changes.guardians_removed),
    ]
    assert len(touched) == len(set(touched))


def test_keys_stay_unique_and_joined_over_many_days() -> None:
    tables, today = generate_district(SandboxDistrict("f", "Fairview ISD", 400, today=TODAY)), TODAY
    for _ in range(12):
        tables, changes = advance_district(tables, today, 0)
        today = changes.today
    assert today == TODAY + timedelta(days=12)
    for name, frame in tables.items():
        assert frame[primary_key(name)].is_unique().all(), name
        assert frame.columns == list(object_fields()[name])
    for join in relationships()["Demographics/NameAddress"]:
        known = tables[join.related][join.foreign_key]
        assert tables["Demographics/NameAddress"][join.foreign_key].is_in(known.implode()).all()


def test_the_same_day_passes_the_same_way_twice(night: tuple[Tables, Tables, DayChanges]) -> None:
    before, after, changes = night
    again, named = advance_district(before, TODAY, 0)
    assert named == changes
    assert all(frame.equals(after[name]) for name, frame in again.items())


def test_restrictions_entered_for_later_begin_on_their_day() -> None:
    tables, today = (
        generate_district(SandboxDistrict("f", "Fairview ISD", 3_000, today=TODAY)),
        TODAY,
    )
    due = tables["Family/StudentGuardianRestrictedAccess"].filter(
        pl.col("StartDate") == f"{TODAY + timedelta(days=3)}T00:00:00"
    )
    pairs = tables["Family/StudentGuardian"].join(due, on="StudentGuardianID", how="semi")
    named: set[tuple[int, int]] = set()
    for _ in range(3):
        tables, changes = advance_district(tables, today, 0)
        today = changes.today
        named = set(changes.restrictions_begun)
    kept = tables["Family/StudentGuardian"].join(pairs, on="StudentGuardianID", how="semi")
    assert set(kept.select("StudentID", "NameIDGuardian").iter_rows()) <= named


def test_the_turn_of_the_school_year_is_refused() -> None:
    tables = generate_district(SandboxDistrict("f", "F", 10, today=date(2027, 6, 30)))
    with pytest.raises(UsageError, match="school year"):
        advance_district(tables, date(2027, 6, 30), 0)
