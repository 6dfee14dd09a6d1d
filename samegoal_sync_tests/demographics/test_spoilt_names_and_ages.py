"""Names spoilt on their way are published and reported once; doubts about an age keep it."""

from __future__ import annotations

from datetime import date

import pytest

from samegoal_sync.district import DistrictSettings
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder

SPOILT = (
    "Smith &amp; Jones", "O&#39;Brien", "Nu&ntilde;ez", "Mu?oz", "Mu??oz", "Nu\u00c3\u00b1ez",
    "Jos&#233", "<b>Ann</b>", "?lvarez", "Ana ?lvarez", "Nu\u00bfez", "MU\u251c\u00e6OZ",
    "Mu\u00b1oz", "\u00d0\u02dc\u00d0\u00b2\u00d0\u00b0\u00d0\u00bd", "Nguy\u00e1\u00bb\u2026n",
    "\u00ed\u2022\u0153",
    "Mu%C3%B1oz", "Jos=C3=A9", "Mu\\u00f1oz", "Smith\\",
    "Garc\u00c3a", "MART\u00c3NEZ", "\u00c3lvarez", "Micha\u00c5", "Rodr\u00c3guez",
    "Zo\u00c3\u00ab", "O\u00e2\u20ac\u2122Neill", "O\\'Brien", "\u0141\u00c5\u203ak",
)  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_name_is_published_as_sent_and_reported_once(name: str) -> None:
    district = DistrictBuilder()
    mother = district.person(LastName=name, BirthDate="1980-01-01")
    for number in ("S1", "S2"):
        district.guardian(district.student(number, FirstName="Ana" + number), mother)
    district.change("Demographics/Name", district.name_of(district.student("S3")), LastName=name)
    for curated in (district.students(), district.guardians()):
        assert name in curated.frame["last_name"].to_list()
        rejects = curated.rejects.filter(curated.rejects["rule"] == "name_spoilt")
        assert rejects.select("object", "column", "severity").rows() == [
            ("Demographics/Name", None, "value")
        ]


@pytest.mark.parametrize(
    "name",
    [
        "PE\u00d1A\u2013JOS\u00c9",
        "Jos\u00e9\u2019s",
        "M\u00aa",
        "O\u00b4Brien",
        "Jean\u00b7Luc",
        "\u00c6gir",
        "\u00d0or\u00f0ur",
        "O'Brien",
        "N\u00fa\u00f1ez",
        "S\u00c3O PAULO",
        "MAGALH\u00c3ES",
        "C\u00c2NDIDA",
        "X ?",
        "\u00c5berg",
        "Smith & Jones",
        "Who?",
        "AT&T",
    ],
)
def test_a_name_as_people_write_it_is_not_reported(name: str) -> None:
    district = DistrictBuilder()
    district.student(LastName=name)
    assert "name_spoilt" not in district.students().rejects["rule"].to_list()


@pytest.mark.parametrize(
    ("born", "kept"),
    [
        ("2000-11-24", True),  # 26 and one day
        ("2000-07-02", True),  # 25 when the year began
        ("1999-07-02", True),  # 26 when the year began: to the end of this year
        ("1999-07-01", False),
        ("1998-01-01", False),
    ],
)
def test_whoever_passes_the_limit_stays_to_the_end_of_the_school_year(
    born: str, kept: bool
) -> None:
    district = DistrictBuilder()
    district.student(BirthDate=born)
    for today in (date(2026, 11, 25), date(2027, 6, 30)):
        frame = district.students(DistrictSettings(age_limit=26), today).frame
        assert frame.height == kept
    assert district.students(today=date(2026, 11, 25)).frame.height == 1
