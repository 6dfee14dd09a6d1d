"""The two files in SameGoal's layout: the same bytes for the same data, whole or not at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from samegoal_sync.demographics.columns.curated_frames import GUARDIAN_COLUMNS, STUDENT_COLUMNS
from samegoal_sync.errors import SettingError, UsageError
from samegoal_sync.samegoal.delivery.csv_files import export, render
from samegoal_sync.samegoal.delivery.csv_layout import DEFAULT_LAYOUT, csv_layout
from samegoal_sync.samegoal.errors import DistrictNotRegistered, FolderNotOurs
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SLUG = "fairview-isd"


@pytest.fixture
def published(house: House) -> House:
    house.publish(
        curated_students(
            [student(2), student(1, address='1 "Elm",\nUnit 2', middle_name="", city="Peñasco")]
        ),
        curated_guardians([guardian(1, of=1, custodial=None, lives_with=False)]),
    )
    return house


def test_the_layouts_name_curated_columns_once() -> None:
    for layout, schema in (
        (DEFAULT_LAYOUT.students, STUDENT_COLUMNS),
        (DEFAULT_LAYOUT.guardians, GUARDIAN_COLUMNS),
    ):
        assert set(layout.values()) <= set(schema)
        assert len(set(layout.values())) == len(layout)


def test_students_csv_byte_for_byte(published: House) -> None:
    assert render(published.database_url, _SLUG).students.decode() == (
        "Student Id,Last Name,First Name,Middle Name,Date of Birth,Gender,District Enrollment,"
        "Grade,Address,City,State,Zip,Race,District of Residence,County of Residence,"
        "District of Service,Student Reporting Id,Building,Building Reporting Id,"
        "SIS Internal ID\r\n"
        'S000001,Last1,First1,,2012-01-02,Female,ENROLLED,07,"1 ""Elm"",\nUnit 2",Peñasco,TX,'
        "75069,White,,Collin,,9000001,Fairview Middle School,043901041,10001\r\n"
        "S000002,Last2,First2,,2012-01-03,Female,ENROLLED,07,2 Elm St,Fairview,TX,75069,White,,"
        "Collin,,9000002,Fairview Middle School,043901041,10002\r\n"
    )


def test_guardians_csv_reads_back(published: House) -> None:
    text = render(published.database_url, _SLUG).guardians.decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["Student Id"] == "S000001"
    assert row["Email"] == "parent1@example.org"
    assert (row["Custodial"], row["Lives With"]) == ("", "No")


def test_missing_students_and_those_entered_by_hand_are_not_in_the_files(
    published: House,
) -> None:
    published.publish(curated_students([student(2)]))
    files = render(published.database_url, _SLUG)
    assert (files.student_rows, files.guardian_rows) == (1, 0)


def test_export_is_readable_by_its_owner_alone_and_the_same_again(
    published: House, tmp_path: Path
) -> None:
    folder = tmp_path / "files" / "fairview"
    export(published.database_url, _SLUG, folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {"students.csv", "guardians.csv"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    export(published.database_url, _SLUG, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert [path.name for path in folder.parent.iterdir()] == ["fairview"]


def test_a_folder_with_other_files_is_refused(published: House, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(FolderNotOurs, match="not an export"):
        export(published.database_url, _SLUG, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_place_that_is_not_a_folder_is_refused(published: House, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't be written"):
        export(published.database_url, _SLUG, tmp_path / "file" / "inside")


def test_a_place_that_cannot_even_be_looked_at_is_refused(published: House, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be written"):
        export(published.database_url, _SLUG, tmp_path / ("x" * 300))


def test_an_unknown_district_writes_nothing(published: House, tmp_path: Path) -> None:
    with pytest.raises(DistrictNotRegistered):
        export(published.database_url, "elsewhere", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


_OWN_LAYOUT = """
[students]
"SIS Internal ID" = "sis_internal_id"
"Student Id" = "student_id"
"Home Language" = "home_language"

[guardians]
"Student Id" = "student_id"
"Surname" = "last_name"
"E-Mail" = "email"
"""


def test_a_layout_of_ones_own_names_headers_order_and_the_language(
    house: House, tmp_path: Path
) -> None:
    house.publish(
        curated_students([student(1, home_language="es")]),
        curated_guardians([guardian(1, of=1)]),
    )
    own = tmp_path / "layout.toml"
    own.write_text(_OWN_LAYOUT)
    files = render(house.database_url, _SLUG, csv_layout(own))
    assert files.students.decode() == (
        "SIS Internal ID,Student Id,Home Language\r\n10001,S000001,es\r\n"
    )
    assert files.guardians.decode().splitlines()[0] == "Student Id,Surname,E-Mail"
    only_students = _OWN_LAYOUT.split("[guardians]")[0]
    own.write_text(only_students)
    assert csv_layout(own).guardians == DEFAULT_LAYOUT.guardians


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[students]\n'Student Id' = 'student_idd'", "did you mean 'student_id'?"),
        ("[students]\n'Student Id' = 'student_id'", "no header for 'sis_internal_id'"),
        ("[guardians]\n'Surname' = 'last_name'", "no header for 'student_id'"),
        ("[pupils]\n'A' = 'student_id'", "has a table [pupils]"),
        ("students = 3", "names no headers for students.csv"),
        ("[students", "is no TOML"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, text: str, expected: str
) -> None:
    own = tmp_path / "layout.toml"
    with pytest.raises(SettingError, match="can't be read"):
        csv_layout(own)
    own.write_text(text)
    with pytest.raises(SettingError) as refused:
        csv_layout(own)
    assert expected in str(refused.value)
    assert str(own) in str(refused.value)
