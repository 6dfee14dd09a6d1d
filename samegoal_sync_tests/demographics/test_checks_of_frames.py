"""Validation: each check fails on its own fault, by counts and keys, never by values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.errors import ChecksFailed
from samegoal_sync.demographics.validation.check_findings import (
    CURATED_RULES,
    RAW_RULES,
    Finding,
    require_checks_passed,
)
from samegoal_sync.demographics.validation.curated_checks import check_curated
from samegoal_sync.demographics.validation.raw_checks import check_raw
from samegoal_sync.district import DistrictSettings, Guards
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder


def school_of(students: int) -> DistrictBuilder:
    """A small whole district: every student with address, family and guardian."""
    district = DistrictBuilder()
    for number in range(students):
        student = district.student(f"S{number}", FirstName=f"Alma {number}x")
        district.address(district.name_of(student))
        district.guardian(student, family=district.family(student))
    return district


def curated(district: DistrictBuilder) -> tuple[Curated, Curated]:
    return district.students(), district.guardians()


def failed(findings: list[Finding]) -> list[str]:
    return [item.name for item in findings if not item.passed]


def test_a_whole_district_passes_every_check_by_its_listed_name() -> None:
    district = school_of(25)
    raw, finished = check_raw(district.raw()), check_curated(*curated(district))
    assert [item.name for item in raw] == list(RAW_RULES)
    assert {item.name for item in finished} == set(CURATED_RULES)
    assert failed(raw) + failed(finished) == []


def test_a_key_that_comes_twice_is_reported_by_object_and_key() -> None:
    district = school_of(25)
    student = int(district.rows["Student/Student"][0]["StudentID"])
    district.add("Student/Student", StudentID=student)
    finding = next(item for item in check_raw(district.raw()) if item.name == "raw_keys")
    assert (finding.passed, set(finding.counts)) == (False, {"Student/Student"})
    assert finding.sample_keys == [student, student]


@pytest.mark.parametrize(
    "name", ["Student/Student", "Demographics/Address", "Family/StudentGuardian"]
)
def test_an_object_empty_that_never_is_blocks(name: str) -> None:
    district = school_of(25)
    district.rows[name].clear()
    assert "objects_not_emptied" in failed(check_raw(district.raw()))


def test_an_object_that_had_rows_last_night_blocks() -> None:
    raw = school_of(25).raw()
    assert failed(check_raw(raw)) == []
    assert failed(check_raw(raw, {"Demographics/NamePhone": 400})) == ["objects_not_emptied"]


def test_one_student_alone_may_have_empty_objects() -> None:
    district = DistrictBuilder()
    district.student()
    assert failed(check_raw(district.raw())) == []


def test_names_that_did_not_come_block() -> None:
    district = school_of(25)
    del district.rows["Demographics/Name"][:8]
    assert "names_came" in failed(check_raw(district.raw()))


def test_an_essential_field_not_shared_blocks_and_an_optional_one_is_reported() -> None:
    district = school_of(25)
    district.not_shared("Demographics/Name", "IsHispanic")
    assert failed(check_raw(district.raw())) == ["all_fields_shared"]
    (found,) = [one for one in check_raw(district.raw()) if not one.passed]
    assert found.counts == {"Demographics/Name.IsHispanic": 1}
    district.not_shared("Student/Student", "StudentNumber")
    assert "essential_fields_shared" in failed(check_raw(district.raw()))


def test_a_frame_of_another_shape_blocks() -> None:
    raw = school_of(25).raw()
    frames = dict(raw.frames)
    frames["Demographics/County"] = frames["Demographics/County"].drop("Name")
    assert "raw_shape" in failed(check_raw(RawObjects(frames)))


def _damage(column: str, value: object) -> Callable[[Curated], Curated]:
    return lambda sound: replace(sound, frame=sound.frame.with_columns(pl.lit(value).alias(column)))


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (_damage("student_id", "S 1"), "students_valid"),
        (_damage("gender", "Q"), "students_valid"),
        (_damage("district_enrollment", "GONE"), "students_valid"),
        (_damage("last_name", " padded"), "students_valid"),
        (lambda sound: replace(sound, frame=sound.frame.head(20)), "students_accounted"),
        (lambda sound: replace(sound, account=sound.account.head(20)), "students_accounted"),
    ],
)
def test_students_that_cannot_be_are_stopped(
    damage: Callable[[Curated], Curated], check: str
) -> None:
    students, guardians = curated(school_of(25))
    assert check in failed(check_curated(damage(students), guardians))


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (_damage("email", "a@b.org,c@d.org"), "guardians_valid"),
        (_damage("priority", 0), "guardians_valid"),
        (_damage("student_id", "S99"), "guardians_have_students"),
        (
            lambda sound: replace(sound, frame=pl.concat([sound.frame, sound.frame.head(1)])),
            "guardian_pairs_once",
        ),
        (lambda sound: replace(sound, complete=False), "guardians_complete"),
    ],
)
def test_guardians_that_cannot_be_are_stopped(
    damage: Callable[[Curated], Curated], check: str
) -> None:
    students, guardians = curated(school_of(25))
    assert check in failed(check_curated(students, damage(guardians)))


def test_a_student_rejected_without_a_reject_is_stopped() -> None:
    district = school_of(25)
    district.student("bad id")
    students, guardians = curated(district)
    assert failed(check_curated(students, guardians)) == []
    silent = replace(students, rejects=students.rejects.clear())
    assert failed(check_curated(silent, guardians)) == ["rejects_explained"]


def test_restrictions_that_are_shared_no_longer_block() -> None:
    district = school_of(25)
    district.not_shared("Family/StudentGuardianRestrictedAccess")
    district.not_shared("Family/StudentGuardian", "HasActiveRestrictedAccess")
    students, guardians = curated(district)
    assert failed(check_curated(students, guardians, {"restrictions_shared": 0})) == []
    before = {"restrictions_shared": 1}
    assert failed(check_curated(students, guardians, before)) == ["restrictions_still_shared"]


def test_fewer_restrictions_where_one_of_two_sources_is_lost_block() -> None:
    district = school_of(25)
    district.not_shared("Family/StudentGuardian", "HasActiveRestrictedAccess")
    students, guardians = curated(district)
    before: dict[str, Any] = {"restrictions_shared": 1, "guardians_restricted": 1}
    known = before | {"restriction_sources": ["dates"]}
    assert failed(check_curated(students, guardians, known)) == []
    lost = before | {"restriction_sources": ["dates", "flag"]}
    assert failed(check_curated(students, guardians, lost)) == ["restrictions_still_shared"]
    assert failed(check_curated(students, guardians, lost | {"guardians_restricted": 0})) == []


def test_most_restrictions_gone_at_once_block_unless_a_person_has_looked() -> None:
    district = school_of(25)
    for pair in district.rows["Family/StudentGuardian"][:4]:
        pair["HasActiveRestrictedAccess"] = True
    students, guardians = curated(district)
    assert failed(check_curated(students, guardians, {"guardians_restricted": 8})) == []
    many: dict[str, Any] = {"guardians_restricted": 9}
    assert failed(check_curated(students, guardians, many)) == ["restrictions_still_shared"]
    for settings in (
        DistrictSettings(guards=Guards(restrictions_lost=1.0)),
        DistrictSettings(publish_restricted=True),
    ):
        assert failed(check_curated(students, district.guardians(settings), many)) == []


def test_every_blocking_check_has_its_way_back_in_the_docs() -> None:
    found = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    for name, blocking in (RAW_RULES | CURATED_RULES).items():
        assert not blocking or f"### {name}\n" in found, name


def test_one_student_without_a_restricted_guardian_is_usual() -> None:
    students, guardians = curated(school_of(25))
    many = {"guardians_restricted": 5, "restrictions_shared": 1}
    assert failed(check_curated(students, guardians, many, whole_district=False)) == []


def test_restrictions_that_are_all_gone_at_once_block() -> None:
    students, guardians = curated(school_of(25))
    few, many = {"guardians_restricted": 4}, {"guardians_restricted": 5}
    assert failed(check_curated(students, guardians, few)) == []
    assert failed(check_curated(students, guardians, many)) == ["restrictions_still_shared"]


def test_a_share_that_grew_beyond_last_nights_warns() -> None:
    students, guardians = curated(school_of(25))
    before = {"share_without_race": 0.9, "share_without_guardian_phone": 0.96}
    assert failed(check_curated(students, guardians, before)) == ["share_without_race"]


def test_not_fit_names_checks_and_counts_and_no_value() -> None:
    students, guardians = curated(school_of(25))
    findings = check_curated(_damage("last_name", " Secretname")(students), guardians)
    with pytest.raises(ChecksFailed) as raised:
        require_checks_passed("curated", findings)
    assert "students_valid" in str(raised.value)
    assert "25" in str(raised.value)
    assert "Secretname" not in str(raised.value) + repr(findings)


def test_warnings_do_not_stop_anything() -> None:
    require_checks_passed("curated", [Finding("guardians_complete", passed=False)])
