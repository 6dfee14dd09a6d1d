"""Dates in every writing, and those that mean none: for a birth, an enrollment, a restriction."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from samegoal_sync.demographics.values.dates import is_blank, parsed
from samegoal_sync_tests.demographics.district_builder import THIS_YEAR, DistrictBuilder

DAYS = (
    (1, 1, 1),
    (1753, 1, 1),
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 1, 1),
    (1904, 1, 1),
    (2079, 6, 6),
    (2099, 12, 31),
    (2999, 12, 31),
    (9999, 12, 31),
)
WRITINGS = (
    "{y:04}-{m:02}-{d:02}",
    "{y:04}-{m:02}-{d:02}T00:00:00",
    "{y:04}-{m:02}-{d:02}T23:59:59.9999999",
    "{y:04}-{m:02}-{d:02}T06:00:00Z",
    "{y:04}-{m:02}-{d:02}T18:00:00-06:00",
    "{y:04}-{m:02}-{d:02} 00:00:00.000 +00:00",
    "{y:04}-{m:02}-{d:02} 12:00:00 AM",
    "{y:04}-{m:02}-{d:02}Z",
    "{y:04}-{m}-{d}",
    "{y:04}/{m:02}/{d:02}",
    "{y:04}{m:02}{d:02}",
    "{m:02}/{d:02}/{y:04}",
    "{m}/{d}/{y:04} 12:00:00 AM",
    "{m:02}-{d:02}-{y:04}",
    " {m}/{d}/{y:04} 0:00 ",
)
NAMED = (
    "Jan  1 1900 12:00AM", "01-JAN-1900", "Dec 31 9999 11:59PM", "31-Dec-9999", "January 1, 1900",
    "1 Jan 1900", "01 January 1900", "Mon, 01 Jan 1900 00:00:00 GMT", "19000101T000000",
    "19000101000000", "1900.01.01", "01.01.1900", "1900-1-1T0:0:0", "1900-01-01T00:00:00[UTC]",
    "/Date(-2208988800000)/", "/Date(-62135596800000)/", "/Date(253402300799999)/", "31.12.9999",
    "10000-01-01", "+010000-01-01T00:00:00",
)  # fmt: skip
ZEROS = (
    "0000-00-00", "00/00/0000", "0000-00-00T00:00:00", "0000-00-00 00:00:00", "00000000", "0",
    "0/0/0", "1900-01-00", "1/0/1900", "1/1/00", "01-JAN-00", "9999-99-99", "99/99/9999",
    "12/31/99", "-0001-11-30T00:00:00",
)  # fmt: skip
WORDS = (
    "n/a", "N/A", "NULL", "none", "(none)", "NaT", "-", "--", " / / ", "__/__/____", "no end date",
    "Until further notice", "indefinite", "open", "never", "<null>",
)  # fmt: skip
NONE = [w.format(y=y, m=m, d=d) for y, m, d in DAYS for w in WRITINGS]
NONE += [*NAMED, *ZEROS, *WORDS, "", "  "]
#: Somebody may be born on Unix's zero; no enrollment and no restriction ends there.
_ZERO_DAYS = ((1969, 12, 31), (1970, 1, 1), (1980, 1, 1), (2038, 1, 19))
UNIX = [w.format(y=y, m=m, d=d) for y, m, d in _ZERO_DAYS for w in WRITINGS] + ["/Date(0)/"]
NO_BOUND = [*NONE, *UNIX, "Jan 1, 1970"]


def read(text: str | None) -> tuple[date | None, bool]:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    row = frame.select(parsed("text").alias("date"), is_blank("text").alias("blank")).row(0)
    return row[0], row[1]


@pytest.mark.parametrize("text", NONE)
def test_a_date_that_means_none_is_blank_in_every_writing(text: str) -> None:
    assert read(text) == (None, True)


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_real_date_is_read_in_every_writing(writing: str) -> None:
    assert read(writing.format(y=2012, m=3, d=4)) == (date(2012, 3, 4), False)


@pytest.mark.parametrize(
    "text",
    ["TBD", "2012-02-30", "13/40/2012", "3/4/12", "soon", "2012-03-04x", "04.03.2012",
     "/Date(1330839123000)/", "1900", "201203041"],
)  # fmt: skip
def test_what_is_no_date_is_neither_read_nor_blank(text: str) -> None:
    assert read(text) == (None, False)


@pytest.mark.parametrize(
    "text",
    ["March 4, 2012", "4 March 2012", "4 Mar 2012", "Sun, 04 Mar 2012 00:00:00 GMT", "2012.03.04",
     "20120304T000000", "20120304000000", "04-Mar-2012", "/Date(1330819200000)/",
     "/Date(1330840800000-0600)/", "2012-03-04T00:00:00[America/Chicago]", "2012-3-4T0:0:0"],
)  # fmt: skip
def test_a_real_date_is_read_in_the_rarer_writings(text: str) -> None:
    assert read(text) == (date(2012, 3, 4), False)


def test_a_mixed_column_keeps_each_date_in_its_row() -> None:
    texts = ["2012-03-04", None, "3/5/2012", "9999-12-31", "soon", "01-JAN-2013", ""]
    frame = pl.DataFrame({"text": texts}).select(parsed("text"), is_blank("text").alias("blank"))
    days = [date(2012, 3, 4), None, date(2012, 3, 5), None, None, date(2013, 1, 1), None]
    assert frame["text"].to_list() == days
    assert frame["blank"].to_list() == [False, True, False, True, False, False, True]


def test_an_enrollment_that_ends_on_no_date_is_open_and_nothing_is_kept() -> None:
    district = DistrictBuilder()
    for number, end in enumerate(NO_BOUND):
        student = district.student(f"S{number}", enrolled=False)
        district.enrollment(student, year=THIS_YEAR, spans=(("2026-08-12", end, None),))
    rows = district.students().frame.select("district_enrollment", "enrollment_reason", "keep")
    assert rows.height == len(NO_BOUND)
    assert rows.unique().rows() == [("ENROLLED", "enrolled", [])]


@pytest.mark.parametrize("start", ["same", "2026-01-01", None])
def test_a_restriction_that_ends_on_no_date_lasts(start: str | None) -> None:
    district = DistrictBuilder()
    for number, end in enumerate(NO_BOUND):
        student = district.student(f"S{number}")
        father = district.guardian(student)
        district.add(
            "Family/StudentGuardianRestrictedAccess",
            StudentGuardianID=district.pair(student, father),
            StartDate=end if start == "same" else start,
            EndDate=end,
        )
    assert district.guardians().frame.is_empty()


@pytest.mark.parametrize("birth", ["1900-01-01", "1/1/0001 12:00:00 AM", "0000-00-00"])
def test_a_birth_date_that_means_none_is_reported_as_blank(birth: str) -> None:
    district = DistrictBuilder()
    district.student(BirthDate=birth)
    assert district.students().rejects["rule"].to_list() == ["date_of_birth_blank"]
