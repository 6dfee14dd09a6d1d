"""A restricted guardian under a second record, in the many ways in which offices write a person.

All cases stand in one district, each with a student of its own, and go through the whole transform.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.demographics.household import ACCESS

BORN, PHONE = "1979-09-09", "469-555-0123"


class Record(NamedTuple):
    """A guardian's Name and one e-mail or phone of theirs."""

    first: str | None
    last: str | None
    born: str | None = None
    contact: str | None = None
    middle: str | None = None
    gender: str | None = None


WITHHELD = [
    # Short forms, with a phone in common and a birth date on one record only.
    (Record("Robert", "Vale", BORN, PHONE), Record("Bob", "Vale", None, PHONE)),
    (Record("William", "Vale", BORN, PHONE), Record("Bill", "Vale", None, PHONE)),
    (Record("Elizabeth", "Vale", None, PHONE), Record("Betsy", "Vale", None, PHONE)),
    (Record("José", "Vale", BORN, PHONE), Record("Pepe", "Vale", None, "(469) 555 0123 x2")),
    (Record("Robert (Bob)", "Vale", None, PHONE), Record("Bob", "Vale", None, PHONE)),
    (Record("Steven", "Vale", None, PHONE), Record("Stephen", "Vale", None, PHONE)),
    (Record("Francisco Javier", "Vale", BORN, PHONE), Record("Paco", "Vale", None, PHONE)),
    (Record("Gil", "Vale", None, PHONE, "Tom"), Record("Tom", "Vale", None, PHONE)),
    (Record("Micheal", "Vale", None, PHONE), Record("Michael", "Vale", None, PHONE)),
    # Letters, alphabets and signs.
    (Record("Łukasz", "Müller", BORN), Record("Lukasz", "Mueller")),
    (Record("Søren", "Kjær", BORN), Record("SOREN", "KJAER")),
    (Record("Иван", "Петров", BORN), Record("Ivan", "Petrov")),
    (Record("Trần", "Đặng", BORN), Record("Tran", "Dang")),
    (Record("Gil", "O'Brien", BORN), Record("Gil", "O Brien")),
    (Record("Gil", "O\u02bcBrien", BORN), Record("gil", "OBRIEN")),
    (Record("Jean-Luc", "Vale", BORN), Record("Jean Luc", "Vale")),
    (Record("Mary Ann", "Vale-Marsh", BORN), Record("Maryann", "Vale")),
    # Fields and order.
    (Record("Gil", "Vale-Marsh", BORN), Record("Marsh", "Gil")),
    (Record("Gil", "Vale Marsh", BORN), Record("Gil", "Marsh-Vale")),
    (Record("Gil Vale", "-", BORN), Record("Gil", "Vale")),
    (Record(None, "Vale, Gil", BORN), Record("Gil", "Vale")),
    (Record("Gil", "van der Berg", BORN), Record("Gil", "Vandenberg")),
    (Record("Ana", "De La Cruz", BORN), Record("Ana", "Delacruz")),
    (Record("Mr. Gil", "Vale III", BORN), Record("Gil", "Vale 3rd")),
    (Record("Gil", "Gonzalez", BORN), Record("Gil", "Gonzales")),
    # Another last name: a marriage, a divorce.
    (Record("Una", "Vale", None, PHONE), Record("Una", "Marsh", None, "1 469 555 0123")),
    (Record("Una", "Vale", BORN), Record("Una", "Marsh", BORN)),
    # A last name's initial, a record out of use, a title of the family, no first name.
    (Record("Gil", "Vale"), Record("Gil", "V.")),
    (Record("Gil", "Vale"), Record("zzGil", "ZZVale")),
    (Record("Gil", "Vale"), Record("Dad Gil", "Vale - DUPLICATE")),
    # Birth dates a slip apart.
    (Record("Gil", "Vale", "1979-03-04"), Record("Gil", "Vale", "1979-04-03")),
    (Record("Gil", "Vale", "1979-03-04"), Record("Gil", "Vale", "1979-03-14")),
    (Record("Gil", "Vale", "1979-03-04"), Record("Gil", "Vale", "1989-03-04")),
    (Record("Gil", "Vale", "1970-01-01", PHONE), Record("Gil", "Vale", "1979-03-04", PHONE)),
]
SHOWN = [
    (Record("Papa", "Vale", None, PHONE), Record("Una", "Vale", None, PHONE)),
    (Record("Xxochitl", "Vale"), Record("Ochitl", "Reed")),
    (Record("Una", "Vale", None, PHONE), Record("Gil", "Vale", None, PHONE)),
    (Record("Mario", "Vale", None, PHONE), Record("Maria", "Vale", None, PHONE)),
    (
        Record("Daniel", "Vale", None, PHONE, None, "Male"),
        Record("Daniela", "Vale", None, PHONE, None, "Female"),
    ),
    (Record("Una", "Vale", "1970-01-01"), Record("Gil", "Vale", "1970-01-01")),
    (Record("Ana", "De La Cruz", BORN), Record("Ana", "De La Vega")),
    (Record("Gil", "Vale", BORN), Record("Gil", "Vale", "1951-03-04")),
    (Record("Robert", "Vale", BORN), Record("Bob", "Vale", "1983-01-05")),
]


def _outcomes(cases: list[tuple[Record, Record]]) -> list[str | None]:
    """Why the second record of each case is not shown; ``None`` where it is."""
    district, seconds = DistrictBuilder(), []
    for number, records in enumerate(cases):
        student = district.student(f"S{number}", FirstName=f"Kid{number}")
        people = [_guardian(district, student, record) for record in records]
        pair = district.pair(student, people[0])
        district.add(ACCESS, StudentGuardianID=pair, StartDate="2026-01-01", EndDate=None)
        seconds.append(people[1])
    account = district.guardians().account
    assert set(account.filter(pl.col("guardian_id").is_in(seconds))["outcome"]) <= {
        "curated",
        "withheld",
    }
    reasons = dict(account.select("guardian_id", "reason").iter_rows())
    return [reasons[person] for person in seconds]


def _guardian(district: DistrictBuilder, student: int, record: Record) -> int:
    person = district.person(
        FirstName=record.first,
        LastName=record.last,
        MiddleName=record.middle,
        BirthDate=record.born,
        Gender=record.gender,
    )
    if record.contact:
        district.phone(person, record.contact)
    return district.guardian(student, person)


def test_a_second_record_is_held_back_however_it_is_written_and_whichever_is_restricted() -> None:
    for cases in (WITHHELD, [(other, one) for one, other in WITHHELD]):
        found = zip(cases, _outcomes(cases), strict=True)
        assert [case for case, reason in found if reason != "resembles_restricted"] == []


def test_who_has_only_the_last_name_of_a_restricted_guardian_is_held_back() -> None:
    restricted, only_last = Record("Gil", "Vale", BORN), Record(None, "Vale")
    assert _outcomes([(restricted, only_last)]) == ["resembles_restricted"]
    others = [Record(None, "Vale", "1985-05-05"), Record(None, "Reed"), Record("Una", "Vale")]
    assert _outcomes([(restricted, other) for other in others]) == [None, None, None]
    # Nor does a restricted record without a first name take the family along.
    assert _outcomes([(only_last, Record("Una", "Vale", BORN))]) == [None]


def test_another_person_stays_though_a_part_of_a_name_or_a_phone_is_the_same() -> None:
    for cases in (SHOWN, [(other, one) for one, other in SHOWN]):
        found = zip(cases, _outcomes(cases), strict=True)
        assert [case for case, reason in found if reason is not None] == []


#: A restricted father's field, and the mother's value, which is one of his.
HIS_AND_HERS = [
    ("469-555-0123 or 469-555-0199", "469-555-0123"),
    ("469-555-0123 (Gil's cell 2)", "4695550123"),
    ("tel:+1-469-555-0123;ext=4", "469.555.0123"),
    ("+1 (469) 555\u20110123", "469 555 0123 extn. 9"),
    ("001 469 555 0123", "469-555-0123"),
    ("\uff14\uff16\uff19-555-0123", "469-555-0123"),
    ("555-0123", "469-555-0123"),
    ("home: 469-555-0123", "1-469-555-0123"),
    ("gil\u200b@example.org", "gil@example.org"),
    ('"gil"@example.org', "gil@example.org"),
    ("mailto:GIL@example.org", "gil+school@example.org"),
    ("Gil Vale <g.i.l@example.org>", "gil@example.org"),
    ("gil \uff20 example.org", "gil@example.org"),
    ("gil@me.com", "Gil@icloud.com"),
    ("una@example.org / gil@example.org.", "una@Example.org"),
]


def test_a_restricted_parents_value_is_found_in_all_its_spellings() -> None:
    district = DistrictBuilder()
    for number, (his, hers) in enumerate(HIS_AND_HERS):
        student = district.student(f"S{number:02}", FirstName=f"Kid{number}")
        father = _guardian(district, student, Record("Gil", "Vale", BORN))
        mother = _guardian(district, student, Record("Una", "Marsh", "1981-02-03"))
        add = district.email if "example" in his or "@" in his else district.phone
        add(father, his)
        (district.email if "@" in hers else district.phone)(mother, hers)
        pair = district.pair(student, father)
        district.add(ACCESS, StudentGuardianID=pair, StartDate="2026-01-01", EndDate=None)
    frame = district.guardians().frame
    assert frame.height == len(HIS_AND_HERS)
    shown = frame.filter(pl.any_horizontal(pl.col("email", "cell_phone").is_not_null()))
    assert [HIS_AND_HERS[int(number[1:])] for number in shown["student_id"]] == []


def test_an_end_before_the_student_was_born_is_no_end() -> None:
    district = DistrictBuilder()
    for number, (start, end) in enumerate(
        [("2000-01-01", "2000-01-01"), ("1980-01-01", "1980-01-01"), (None, "2005-05-05"),
         ("2038-01-19", "2038-01-19")]
    ):  # fmt: skip
        student = district.student(f"S{number}", FirstName=f"Kid{number}", BirthDate="2012-03-04")
        pair = district.pair(student, district.guardian(student))
        district.add(ACCESS, StudentGuardianID=pair, StartDate=start, EndDate=end)
    assert district.guardians().frame.is_empty()
