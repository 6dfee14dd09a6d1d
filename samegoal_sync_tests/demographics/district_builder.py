"""Small districts by hand: raw objects as Qmlativ would send them, every row under control.

A builder starts with one district, two schools and three school years; tests add people and
change what their case is about. No value here belongs to a real person.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import DistrictSettings
from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.qmlativ.raw_objects import RawObjects

TODAY = date(2026, 11, 25)
LAST_YEAR, THIS_YEAR, NEXT_YEAR = 11, 12, 13
DISTRICT_ENTITY, HIGH, MIDDLE, OTHER_DISTRICTS = 1, 2, 3, 9

_GUARDIANS = ("Noor", "Ines", "Omar", "Vera", "Jonas", "Lea", "Tariq")

Row = dict[str, Any]
#: Start, end and withdrawal code of an EntryWithdrawal.
Span = tuple[str | None, str | None, int | None]


class DistrictBuilder:
    """Rows of every object; ``raw()`` makes frames of them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {item.name: [] for item in CATALOG}
        self.absent: dict[str, set[str]] = {}
        self._id = 1000
        self._ground()

    def add(self, name: str, **fields: Any) -> int:
        """Add a row; its primary key is numbered if it isn't given. Returns the key."""
        key = next(item.primary_key for item in CATALOG if item.name == name)
        self._id += 1
        fields.setdefault(key, self._id)
        self.rows[name].append(fields)
        return int(fields[key])

    def change(self, name: str, key: int, **fields: Any) -> None:
        """Change a row by its primary key."""
        column = next(item.primary_key for item in CATALOG if item.name == name)
        next(row for row in self.rows[name] if row[column] == key).update(fields)

    def person(self, **fields: Any) -> int:
        defaults = {"LastName": "Rivera", "FirstName": "Alma", "BirthDate": "2012-03-04"}
        return self.add("Demographics/Name", **{**defaults, **fields})

    def student(
        self,
        number: str | None = "S1",
        *,
        enrolled: bool = True,
        graduated: bool = False,
        **name: Any,
    ) -> int:
        """A student with a name; enrolled in the high school this year unless told otherwise."""
        student = self.add(
            "Student/Student",
            NameID=self.person(**name),
            StudentNumber=number,
            IsGraduated=graduated,
        )
        if enrolled:
            self.enrollment(student)
        return student

    def enrollment(
        self,
        student: int,
        *,
        entity: int = HIGH,
        year: int = THIS_YEAR,
        active: bool | None = True,
        default: bool = True,
        spans: tuple[tuple[str | None, str | None, int | None], ...] = (
            ("2026-08-12", None, None),
        ),
        grade: str | None = "09",
    ) -> None:
        """A StudentEntityYear with its spans: start, end, withdrawal code."""
        self.add(
            "Enrollment/StudentEntityYear",
            StudentID=student,
            EntityID=entity,
            SchoolYearID=year,
            IsActive=active,
            IsDefaultEntity=default,
            Grade=grade,
        )
        for start, end, code in spans:
            self.add(
                "Enrollment/EntryWithdrawal",
                StudentID=student,
                EntityID=entity,
                SchoolYearID=year,
                SchoolID=entity * 100 + year,
                StartDate=start,
                EndDate=end,
                WithdrawalCodeID=code,
                IsDefaultEntity=default,
            )

    def family(self, student: int, rank: int | None = 1, language: int | None = None) -> int:
        family = self.add("Family/Family", LanguageIDHome=language)
        self.add("Family/StudentFamily", StudentID=student, FamilyID=family, Rank=rank)
        return family

    def guardian(
        self,
        student: int,
        person: int | None = None,
        *,
        family: int | None = None,
        family_rank: int | None = 1,
        **pair: Any,
    ) -> int:
        """A guardian of a student, a person of their own. Returns the guardian's NameID."""
        if person is None:
            # Two guardians of a test are two people: neither name nor birth date agrees.
            first = _GUARDIANS[self._id % len(_GUARDIANS)]
            born = date(1980, 1, 1) + timedelta(days=self._id % 3000)
            person = self.person(FirstName=first, BirthDate=born.isoformat())
        if family is not None:
            self.add("Family/FamilyGuardian", FamilyID=family, NameID=person, Rank=family_rank)
        self.add("Family/StudentGuardian", StudentID=student, NameIDGuardian=person, **pair)
        return person

    def pair(self, student: int, person: int) -> int:
        """StudentGuardianID of a student and a guardian."""
        return next(
            int(row["StudentGuardianID"])
            for row in self.rows["Family/StudentGuardian"]
            if row["StudentID"] == student and row["NameIDGuardian"] == person
        )

    def phone(self, person: int, number: str | None, kind: int = 2, **fields: Any) -> int:
        defaults = {"IsConfidential": False, "IsFax": False, "Rank": 1}
        return self.add(
            "Demographics/NamePhone",
            NameID=person,
            PhoneNumber=number,
            PhoneTypeID=kind,
            **{**defaults, **fields},
        )

    def email(self, person: int, address: str | None, rank: int | None = 1) -> int:
        return self.add("Demographics/NameEmail", NameID=person, EmailAddress=address, Rank=rank)

    def address(
        self, person: int, *, physical: bool = True, mailing: bool = False, **fields: Any
    ) -> int:
        """An address of a person. Returns its AddressID."""
        defaults = {"StreetNumberAndNameIncludeSecondaryUnit": "12 Elm St", "ZipID": 1}
        address = self.add("Demographics/Address", **{**defaults, **fields})
        self.live(person, address, physical=physical, mailing=mailing)
        return address

    def live(
        self, person: int, address: int, *, physical: bool = True, mailing: bool = False
    ) -> None:
        self.add(
            "Demographics/NameAddress",
            NameID=person,
            AddressID=address,
            IsPhysical=physical,
            IsMailing=mailing,
        )

    def name_of(self, student: int) -> int:
        """NameID of a student."""
        rows = self.rows["Student/Student"]
        return next(int(row["NameID"]) for row in rows if row["StudentID"] == student)

    def not_shared(self, name: str, *fields: str) -> None:
        """Qmlativ doesn't share these fields tonight (all of the object, if none is named)."""
        item = next(item for item in CATALOG if item.name == name)
        names = fields or tuple(item.schema)
        self.absent.setdefault(name, set()).update(names)
        if not fields:
            self.rows[name] = []
        for row in self.rows[name]:
            row.update(dict.fromkeys(fields))

    def raw(self) -> RawObjects:
        frames = {
            item.name: pl.DataFrame(self.rows[item.name], schema=item.schema, orient="row")
            for item in CATALOG
        }
        return RawObjects(frames, {name: frozenset(item) for name, item in self.absent.items()})

    def students(
        self, settings: DistrictSettings | None = None, today: date = TODAY, **options: Any
    ) -> Curated:
        return curate_students(self.raw(), settings or DistrictSettings(), today, **options)

    def guardians(self, settings: DistrictSettings | None = None, today: date = TODAY) -> Curated:
        chosen = settings or DistrictSettings()
        return curate_guardians(self.raw(), self.students(chosen, today), chosen, today)

    def only_student(self, settings: DistrictSettings | None = None, today: date = TODAY) -> Row:
        """The curated row of a district with one student."""
        return self.students(settings, today).frame.row(0, named=True)

    def only_guardian(self, settings: DistrictSettings | None = None, today: date = TODAY) -> Row:
        return self.guardians(settings, today).frame.row(0, named=True)

    def _ground(self) -> None:
        self.add("District/District", DistrictID=1, Name="Fairview ISD")
        for entity, name in ((1, "Fairview ISD"), (HIGH, "High Entity"), (MIDDLE, "Middle Entity")):
            self.add(
                "District/Entity",
                EntityID=entity,
                DistrictID=1,
                Name=name,
                IsDistrictWide=entity == DISTRICT_ENTITY,
                SchoolYearIDCurrent=THIS_YEAR,
            )
        self.add(
            "District/Entity",
            EntityID=OTHER_DISTRICTS,
            DistrictID=2,
            Name="Elsewhere",
            SchoolYearIDCurrent=THIS_YEAR,
        )
        for year in (LAST_YEAR - 1, LAST_YEAR, THIS_YEAR, NEXT_YEAR):
            self.add("District/SchoolYear", SchoolYearID=year, NumericYear=2015 + year)
        for entity, code, name in (
            (HIGH, "001", "Fairview High"),
            (MIDDLE, "041", "Fairview Middle"),
        ):
            for year in (LAST_YEAR, THIS_YEAR, NEXT_YEAR):
                school = self.add(
                    "Enrollment/School",
                    SchoolID=entity * 100 + year,
                    SchoolYearID=year,
                    DistrictID=1,
                    Code=code,
                    Name=name,
                    StateAssignedID=f"043901{code}",
                )
                self.add("Enrollment/EntitySchool", EntityID=entity, SchoolID=school)
        for key, (kind, words) in WITHDRAWALS.items():
            self.add(
                "Enrollment/WithdrawalCode", WithdrawalCodeID=key, Type=kind, Description=words
            )
        for key, words in ((1, "Home"), (2, "Cell"), (3, "Work"), (4, "Pager")):
            self.add("Demographics/PhoneType", PhoneTypeID=key, Code=words[:1], Description=words)
        self.add("Demographics/Zip", ZipID=1, ZipCode="75069", City="Fairview", StateID=1)
        self.add("SkySys/State", StateID=1, Code="TX")
        self.add("Demographics/Language", LanguageID=1, Code="01", Description="English")
        self.add("Demographics/Language", LanguageID=2, Code="SPA", Description="Spanish")
        self.add("Demographics/Language", LanguageID=3, Code="99", Description="Klingon")


WITHDRAWALS: dict[int, tuple[str, str]] = {
    1: ("Transfer", "Moved out of state"),
    2: ("Drop Out", "Left school"),
    3: ("Graduate", "Regular diploma"),
    4: ("Withdrawal", "Medical"),
    5: ("Other", "Deceased"),
    6: ("Other", "Did not graduate"),
}
