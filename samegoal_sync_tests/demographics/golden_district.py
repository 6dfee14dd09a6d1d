"""A district of one street, with one of everything that makes families hard to import.

``python -m samegoal_sync_tests.demographics.golden_district`` writes what it curates to; read
the difference with your own eyes before you keep it.
"""

from __future__ import annotations

import json
from pathlib import Path

from samegoal_sync_tests.demographics.district_builder import (
    LAST_YEAR,
    MIDDLE,
    NEXT_YEAR,
    DistrictBuilder,
)

GOLDEN = Path(__file__).parent / "golden" / "details.json"


def golden_district() -> DistrictBuilder:
    """Twins of two homes, a graduate, a newcomer, a foster child, a child under a court order."""
    district = DistrictBuilder()
    for key, words in ((1, "Mother"), (2, "Father"), (3, "Foster Agency")):
        district.add("Demographics/Relationship", RelationshipID=key, Description=words)
    district.add("Demographics/County", CountyID=1, Name="Collin")
    district.add("Demographics/NameSuffix", NameSuffixID=1, Code="JR", Description="Jr.")
    _twins_of_two_homes(district)
    _graduate(district)
    _newcomer(district)
    _foster_child(district)
    _court_order(district)
    _father_twice(district)
    _family_across_the_border(district)
    return district


def details() -> str:
    """The curated rows as SameGoal's Details tab would show them, blanks left out."""
    district = golden_district()
    guardians = district.guardians().frame.to_dicts()
    students = district.students().frame.to_dicts()
    shown = [
        _filled(student)
        | {"guardians": [_filled(g) for g in guardians if g["student_id"] == student["student_id"]]}
        for student in students
    ]
    return json.dumps(shown, indent=1, ensure_ascii=False, default=str) + "\n"


def _filled(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value not in (None, [])}


def _twins_of_two_homes(district: DistrictBuilder) -> None:
    mother = district.person(FirstName=" Zoë", LastName="O'Brien ", BirthDate="1984-05-01")
    father = district.person(
        FirstName="Luis", LastName="Núñez", NameSuffixID=1, BirthDate="1982-09-09"
    )
    home = district.address(mother, ZipCodeAddOn="0042", CountyID=1, mailing=True)
    other = district.address(father, StreetNumberAndNameIncludeSecondaryUnit="88 Far Rd Unit B")
    district.phone(mother, "(469) 555-0111", kind=2)
    district.phone(mother, "469.555.0112", kind=3, Extension="7")
    district.phone(father, "469-555-0113", kind=2, IsConfidential=True)
    district.email(mother, "zoe.obrien@Example.org")
    district.email(father, "luis@example.org; zoe@example.org")
    for number, first in (("7001", "Maeve"), ("7002", "Aoife")):
        twin = district.student(
            number,
            FirstName=first,
            LastName="Núñez O'Brien",
            BirthDate="05/06/2012",
            Gender="Female",
            IsHispanic=True,
            IsWhite=True,
        )
        district.live(district.name_of(twin), other)
        district.live(district.name_of(twin), home)
        first_home = district.family(twin, rank=1, language=1)
        second_home = district.family(twin, rank=2, language=2)
        flags = {"IsCustodialGuardian": True, "AllowStudentPickup": True}
        district.guardian(twin, father, family=second_home, RelationshipID=2, **flags)
        district.guardian(twin, mother, family=first_home, RelationshipID=1, **flags)


def _graduate(district: DistrictBuilder) -> None:
    graduate = district.student(
        "7003",
        enrolled=False,
        graduated=True,
        FirstName="Bo",
        FirstNameLegal="Robert",
        LastNameLegal="Li",
        NameSuffixIDLegal=1,
        BirthDate="2008-01-31",
        Gender="M",
        EthnicityAndRace="Asian",
    )
    district.enrollment(
        graduate, year=LAST_YEAR, spans=(("2025-08-12", "2026-05-28", None),), grade="12"
    )


def _newcomer(district: DistrictBuilder) -> None:
    child = district.student("7004", enrolled=False, FirstName="Amara", BirthDate="2022-02-02")
    district.enrollment(
        child, entity=MIDDLE, year=NEXT_YEAR, spans=(("2027-08-12", None, None),), grade="KG"
    )
    parent = district.person(FirstName="Chidi", LastName="Okafor", BirthDate="1990-01-01")
    district.guardian(child, parent, family=district.family(child, language=3), RelationshipID=2)


def _foster_child(district: DistrictBuilder) -> None:
    child = district.student("7005", FirstName="Sam", LastName="Reed", Gender="X")
    agency = district.person(FirstName=None, LastName="County Child Services", BirthDate=None)
    district.address(
        agency,
        physical=False,
        mailing=True,
        AddressType="PO Box",
        StreetNumberAndNameIncludeSecondaryUnit=None,
        POBox="P.O. Box 300",
    )
    district.guardian(child, agency, RelationshipID=3, IsCustodialGuardian=True)


def _court_order(district: DistrictBuilder) -> None:
    child = district.student("7006", FirstName="Ivy", LastName="Stone", IsBlack=True, IsWhite=True)
    family = district.family(child)
    father = district.guardian(child, family=family, RelationshipID=2, family_rank=1)
    mother = district.person(FirstName="Noor", BirthDate="1980-01-01")
    district.guardian(child, mother, family=family, RelationshipID=1, family_rank=2)
    _restrict(district, child, father, StartDate="2026-11-25")


def _father_twice(district: DistrictBuilder) -> None:
    """A restriction without dates on one of a father's two records; the mother has his e-mail."""
    child = district.student("7007", FirstName="Tess", LastName="Vale", BirthDate="2013-07-07")
    family = district.family(child)
    names = {"FirstName": "Gil", "LastName": "Vale", "BirthDate": "1979-09-09"}
    father, again = district.person(**names), district.person(**names)
    mother = district.person(FirstName="Una", LastName="Vale", BirthDate="1981-02-03")
    for rank, person in enumerate((father, again, mother), 1):
        district.guardian(child, person, family=family, family_rank=rank)
    district.email(father, "g.vale@example.org")
    district.email(mother, "GVale+school@example.org")
    district.phone(mother, "469-555-0131")
    _restrict(district, child, father, StartDate="1900-01-01T00:00:00", EndDate="1900-01-01")


def _family_across_the_border(district: DistrictBuilder) -> None:
    """A child who lives in Mexico, whose mother takes her mail in Canada."""
    district.add(
        "Demographics/Zip",
        ZipID=8,
        ZipCode="88500",
        City="Reynosa",
        FreeFormState="Tamaulipas",
        CountryCode="MX",
    )
    district.add(
        "Demographics/Zip",
        ZipID=9,
        ZipCode="M5V 2T6",
        City="Toronto",
        FreeFormState="ON",
        CountryCode="ca",
    )
    child = district.student("7008", FirstName="Lucía", LastName="Haro", BirthDate="2011-11-11")
    district.address(
        district.name_of(child),
        ZipID=8,
        AddressTypeCode="I",
        StreetNumberAndNameIncludeSecondaryUnit=None,
        InternationalAddress1="Calle Hidalgo 5",
        InternationalAddress2="Col. Centro",
    )
    mother = district.person(FirstName="Inés", LastName="Haro", BirthDate="1985-06-07")
    district.address(
        mother, ZipID=9, StreetNumberAndNameIncludeSecondaryUnit="290 Bremner Blvd", mailing=True
    )
    district.guardian(child, mother, RelationshipID=1)


def _restrict(district: DistrictBuilder, child: int, person: int, **dates: str) -> None:
    district.add(
        "Family/StudentGuardianRestrictedAccess",
        StudentGuardianID=district.pair(child, person),
        **dates,
    )


if __name__ == "__main__":
    GOLDEN.write_text(details(), encoding="utf-8")
