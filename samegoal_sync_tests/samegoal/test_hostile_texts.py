"""No single value of any text field stops a district: every field, curated and published."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import cycle, islice

import polars as pl
import pytest

from samegoal_sync.demographics.columns.column_forms import LENGTHS
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.demographics.validation.curated_checks import check_curated
from samegoal_sync.demographics.validation.raw_checks import check_raw
from samegoal_sync.district import DistrictSettings, Guards
from samegoal_sync.qmlativ.catalog import CATALOG, QmlativType
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.samegoal.publication.syncs import State
from samegoal_sync.sandbox import SandboxDistrict, generate_district, raw_objects
from samegoal_sync_tests.samegoal.invented_nights import House

_TODAY = date(2026, 11, 25)
#: A change of every value is what this test is about, not what a guard is for.
_OPEN = DistrictSettings(
    guards=Guards(
        students_lost=1,
        students_new=1,
        identities_changed=1,
        column_emptied=1,
        students_without_guardians=1,
        guardians_removed=1,
        restrictions_lost=1,
    )
)
_FIELDS = [
    (item.name, field.name)
    for item in CATALOG
    for field in item.fields
    if field.type in (QmlativType.TEXT, QmlativType.DATE)
]
_SHORT = (
    "", " ", "\u3000", "\x00", "a\x00b", "\x1b[31m", "\u2028", "\u202e", "\ufeff", "\ufffd",
    "\ufdd0", "-", "0", "#", "?", "N/A", "NULL", r"\N", r"\.", "\\", '"', "'", "'; drop table x",
    "=1+1", "{a,b}", "{", "%s", "%(slug)s", "<b>", "&amp;", "a\tb\nc", "P.O. Box", "Box #",
    "P.O. BOX #", "x@y", "a@b.org,c@d.org", "1e999", "9999-99-99", "0000-00-00", "2026-13-45",
    "tel:", "x", "+", "()", "e\u0301", "İ", "ß", "ﬃ", "한국", "\U0001f600", "\U0010ffff",
)  # fmt: skip
_LONG = ("x" * 5_000, "é" * 3_000, "한" * 3_000, "\U0001f600" * 3_000, "e\u0301" * 4_000,
         "1" * 5_000, "a b " * 1_500, "ΐ" * 3_000)  # fmt: skip
#: As long as the longest that is published, in letters that grow most in an index.
_LONGEST = ("한", "\U00010400", "ΐ", "W")


@cache
def _district() -> RawObjects:
    return raw_objects(
        generate_district(SandboxDistrict("fairview-isd", "Fairview ISD", 120, today=_TODAY))
    )


def _with(name: str, field: str, values: list[str]) -> RawObjects:
    frames = dict(_district().frames)
    texts = pl.Series(field, list(islice(cycle(values), frames[name].height)), dtype=pl.String)
    frames[name] = frames[name].with_columns(texts)
    return RawObjects(frames, _district().absent)


def _night(house: House, raw: RawObjects) -> State:
    students = curate_students(raw, _OPEN, _TODAY)
    guardians = curate_guardians(raw, students, _OPEN, _TODAY)
    checks = [*check_raw(raw), *check_curated(students, guardians)]
    assert [one for one in checks if one.blocking and not one.passed] == []
    return house.publish(students, guardians, night=_TODAY, settings=_OPEN).state


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _ in _FIELDS))
def test_no_text_of_any_field_stops_a_district(house: House, name: str) -> None:
    """Each field by itself is filled with one bad value after the other, row by row."""
    for field in (field for owner, field in _FIELDS if owner == name):
        rows = _district()[name].height
        values = [*_SHORT, *_LONG]
        # Where there are few rows, each value comes in the first row of a night of its own.
        nights = [values] if rows >= len(values) else [_LONG[:rows], _SHORT[:rows], _LONG[-rows:]]
        for texts in nights:
            assert _night(house, _with(name, field, list(texts))) in (
                State.PUBLISHED,
                State.UNCHANGED,
            ), f"{name}.{field}"


@pytest.mark.parametrize("letter", _LONGEST)
def test_the_longest_texts_that_are_published_fit_into_every_index(
    house: House, letter: str
) -> None:
    frames = dict(_district().frames)
    for name, field, column in (
        ("Demographics/Name", "LastName", "last_name"),
        ("Demographics/Name", "FirstName", "first_name"),
        ("Demographics/Name", "LastNameLegal", "last_name"),
        ("Demographics/Name", "FirstNameLegal", "first_name"),
        ("Enrollment/School", "Name", "building"),
        ("Enrollment/StudentEntityYear", "Grade", "grade"),
    ):
        # Postgres compresses what repeats, so each letter is another.
        text = "".join(chr(ord(letter) + i % 9) for i in range(LENGTHS[column]))
        frames[name] = frames[name].with_columns(pl.lit(text).alias(field))
    assert _night(house, RawObjects(frames, _district().absent)) is State.PUBLISHED
    longest = house.value("select max(length(last_name) + length(building)) from students")
    assert longest == LENGTHS["last_name"] + LENGTHS["building"]


def test_a_name_of_thousands_of_letters_is_rejected_and_reported(house: House) -> None:
    raw = _with("Demographics/Name", "LastName", ["x" * 5_000, "Rivera"])
    assert _night(house, raw) is State.PUBLISHED
    assert ("name_invalid",) in house.rows("select distinct rule from rejects")
    assert house.value("select max(length(last_name)) from students") <= LENGTHS["last_name"]
