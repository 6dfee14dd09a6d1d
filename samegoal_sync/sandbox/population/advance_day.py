"""A day passes: arrivals, leavers, moves, new phones, court orders, each one told exactly.

Nights can then be checked against what truly changed, student by student.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox.population import name_pools
from samegoal_sync.sandbox.population.changed_tables import ChangedTables
from samegoal_sync.sandbox.population.code_tables import withdrawal_code_id
from samegoal_sync.sandbox.population.day_changes import DayChanges
from samegoal_sync.sandbox.population.district_plan import (
    LEVELS,
    MEMBER_STRIDE,
    Plan,
    PlannedSchool,
    SandboxDistrict,
    school_id,
    school_year_id,
    school_year_of,
)
from samegoal_sync.sandbox.population.draws import Draws
from samegoal_sync.sandbox.population.generate_district import Tables, make_cohort
from samegoal_sync.sandbox.population.guardianship import with_active_restrictions
from samegoal_sync.sandbox.population.home_addresses import address_fields
from samegoal_sync.sandbox.population.student_body import FIRST_STUDENT_ID

_GUARDIANS = "Family/StudentGuardian"
_RESTRICTIONS = "Family/StudentGuardianRestrictedAccess"
_YEARS = "Enrollment/StudentEntityYear"
_SPANS = "Enrollment/EntryWithdrawal"


def advance_district(
    tables: Mapping[str, pl.DataFrame], today: date, seed: int
) -> tuple[Tables, DayChanges]:
    """One day on from ``today``; no student is touched by two changes of one day.

    Args:
        tables: a district's true tables; they stay as they are.
        today: the day that they show.
        seed: the district's seed.

    Raises:
        UsageError: tomorrow is another school year: generate the district anew for it.
    """
    tomorrow = today + timedelta(days=1)
    if school_year_of(tomorrow) != school_year_of(today):
        raise UsageError(
            "The sandbox can't move a district over the turn of the school year",
            hint="generate it with today on or after the first of July",
        )
    day = _Day(dict(tables), tomorrow, seed)
    changes = DayChanges(
        tomorrow,
        left=day.leavers(),
        changed_school=day.school_changes(),
        renamed=day.new_names(),
        moved_house=day.house_moves(),
        phones=day.new_phones(),
        guardians_removed=day.guardians_removed(),
        added=day.arrivals(),
    )
    begun, ended = day.restrictions()
    return day.tables, replace(changes, restrictions_begun=begun, restrictions_ended=ended)


class _Day(ChangedTables):
    """The tables while a day's changes are made to them."""

    def __init__(self, tables: Tables, today: date, seed: int) -> None:
        super().__init__(tables)
        self.today, self.seed = today, seed
        self._dice = random.Random(f"{seed}/{today}")  # noqa: S311 (lots, not secrets)
        students = tables["Student/Student"]
        active = students.filter(pl.col("IsCurrentActive"))["StudentID"].to_list()
        self._free: list[int] = self._dice.sample(active, len(active))
        self._active = len(active)
        self._text = f"{today}T00:00:00"
        self._year_id = school_year_id(school_year_of(today))

    def _count(self, share: float) -> int:
        return max(1, round(self._active * share))

    def _take(self, count: int, among: set[int] | None = None) -> list[int]:
        """Students that no other change of this day touches."""
        fit = [student for student in self._free if among is None or student in among][:count]
        taken = set(fit)
        self._free = [student for student in self._free if student not in taken]
        return fit

    def _open(self, students: Sequence[int]) -> pl.Expr:
        """This year's rows of these students."""
        return pl.col("StudentID").is_in(list(students)) & (pl.col("SchoolYearID") == self._year_id)

    def leavers(self) -> tuple[int, ...]:
        """Students who left today for another district."""
        students = self._take(self._count(0.0008))
        code = withdrawal_code_id(self._plan(), "T1", school_year_of(self.today))
        self._close(students, code, default=None)
        mine = pl.col("StudentID").is_in(students)
        self.set("Student/Student", mine, IsCurrentActive=False)
        return tuple(sorted(students))

    def _close(self, students: Sequence[int], code: int, *, default: bool | None) -> None:
        """End what is open this year; ``default`` False also takes the default mark away."""
        extra: dict[str, Any] = {} if default is None else {"IsDefaultEntity": default}
        open_year = self._open(students) & pl.col("IsActive")
        self.set(_YEARS, open_year, IsActive=False, WithdrawalDate=self._text, **extra)
        open_span = self._open(students) & pl.col("EndDate").is_null()
        self.set(
            _SPANS,
            open_span,
            EndDate=self._text,
            WithdrawalDate=self._text,
            WithdrawalCodeID=code,
            **extra,
        )

    def school_changes(self) -> tuple[int, ...]:
        """Older students who go on in the alternative program from today."""
        plan = self._plan()
        program = next(school for school in plan.schools if school.level == "Program")
        years = self.tables[_YEARS].filter(
            (pl.col("SchoolYearID") == self._year_id)
            & pl.col("IsActive")
            & pl.col("IsDefaultEntity"),
            pl.col("Grade").is_in(["07", "08", "09", "10", "11"]),
            pl.col("EntityID").is_between(plan.district_entity_id, plan.district_entity_id + 999),
        )
        single = (
            self.tables[_YEARS]
            .filter(pl.col("SchoolYearID") == self._year_id)
            .group_by("StudentID")
            .len()
            .filter(pl.col("len") == 1)["StudentID"]
        )
        students = self._take(self._count(0.0006), set(years["StudentID"]) & set(single))
        before = years.filter(pl.col("StudentID").is_in(students)).sort("StudentID")
        spans = self.tables[_SPANS].filter(self._open(students)).sort("StudentID")
        year = school_year_of(self.today)
        self._close(students, withdrawal_code_id(plan, "I1", year), default=False)
        place = pl.lit(program.entity_id, pl.Int64)
        self.add(
            _YEARS,
            before.with_columns(
                pl.Series("StudentEntityYearID", self.later_ids(_YEARS, before.height), pl.Int64),
                EntityID=place,
            ),
        )
        self.add(
            _SPANS,
            spans.with_columns(
                pl.Series("EntryWithdrawalID", self.later_ids(_SPANS, spans.height), pl.Int64),
                EntityID=place,
                SchoolID=pl.lit(school_id(plan, program.number, year), pl.Int64),
                StartDate=pl.lit(self._text),
                EndDate=pl.lit(None, pl.String),
                WithdrawalDate=pl.lit(None, pl.String),
                WithdrawalCodeID=pl.lit(None, pl.Int64),
            ),
        )
        return tuple(sorted(students))

    def new_names(self) -> tuple[int, ...]:
        """Students who got another last name, legally."""
        students = self._take(self._count(0.0003))
        rows = self.tables["Student/Student"].filter(pl.col("StudentID").is_in(students))
        mine = pl.col("NameID").is_in(rows["NameID"].to_list())
        name = f"Newname-{name_pools.SCHOOL_NAMES[self.today.toordinal() % 8]}"
        self.set("Demographics/Name", mine, LastName=name)
        self.set(
            "Demographics/Name", mine & pl.col("LastNameLegal").is_not_null(), LastNameLegal=name
        )
        self.set("Student/Student", pl.col("StudentID").is_in(students), LastName=name)
        return tuple(sorted(students))

    def house_moves(self) -> tuple[int, ...]:
        """Households that live somewhere else from today."""
        links = self.tables["Demographics/NameAddress"].filter("IsPhysical")
        students = self.tables["Student/Student"].filter(pl.col("StudentID").is_in(self._free))
        homes = students.select("StudentID", "NameID").join(links, on="NameID")
        shared = (
            links.join(self.tables["Student/Student"].select("NameID"), on="NameID")
            .group_by("AddressID")
            .len()
        )
        free = homes.group_by("AddressID").len().join(shared, on=["AddressID", "len"])
        chosen = set(
            self._dice.sample(sorted(free["AddressID"]), min(free.height, self._count(0.001)))
        )
        old = sorted(chosen)
        moved = self._take(
            len(self._free), set(homes.filter(pl.col("AddressID").is_in(old))["StudentID"])
        )
        new = self.later_ids("Demographics/Address", len(old))
        numbered = pl.DataFrame(
            {
                "AddressID": new,
                "town": [1 + item % len(name_pools.TOWNS) for item in old],
                "mail": 0,
            }
        )
        rows = address_fields(Draws(self.seed, "AddressID", f"address {self.today}"), numbered)
        self.add("Demographics/Address", rows.drop("town", "mail"))
        renumbered = pl.col("AddressID").replace(old, new)
        self.set("Demographics/NameAddress", pl.col("AddressID").is_in(old), AddressID=renumbered)
        return tuple(sorted(moved))

    def new_phones(self) -> tuple[int, ...]:
        """Guardians with another number in the place of an old one."""
        plain = ~pl.col("IsConfidential") & ~pl.col("IsFax") & ~pl.col("IsInternational")
        rows = self.tables["Demographics/NamePhone"].filter(plain, pl.col("Rank") == 1)
        one_each = rows.unique("NameID", keep="none").sort("NamePhoneID")
        chosen = self._dice.sample(range(one_each.height), min(one_each.height, self._count(0.002)))
        picked = one_each[sorted(chosen)]
        old, keys = picked["PhoneNumber"].to_list(), picked["NamePhoneID"].to_list()
        numbers = [self._number_unlike(number) for number in old]
        self.set(
            "Demographics/NamePhone",
            pl.col("NamePhoneID").is_in(keys),
            PhoneNumber=pl.col("NamePhoneID").replace_strict(
                keys, numbers, default="", return_dtype=pl.String
            ),
        )
        return tuple(picked["NameID"].to_list())

    def _number_unlike(self, old: str) -> str:
        digits = "".join(letter for letter in old if letter.isdigit())
        while True:
            number = (
                f"{self._dice.choice(name_pools.AREA_CODES)}55501{self._dice.randrange(100):02d}"
            )
            if number[-7:] != digits[-7:]:
                return number

    def guardians_removed(self) -> tuple[tuple[int, int], ...]:
        """Second guardians whose row was deleted from one student."""
        pairs = self.tables[_GUARDIANS]
        second = pairs.filter((pl.col("StudentGuardianID") - 1) % 8 == 1)
        students = self._take(self._count(0.0003), set(second["StudentID"]))
        gone = second.filter(pl.col("StudentID").is_in(students))
        self.tables[_GUARDIANS] = pairs.join(
            gone.select("StudentGuardianID"),
            on="StudentGuardianID",
            how="anti",
            maintain_order="left",
        )
        self.tables[_RESTRICTIONS] = self.tables[_RESTRICTIONS].join(
            gone.select("StudentGuardianID"),
            on="StudentGuardianID",
            how="anti",
            maintain_order="left",
        )
        return _pairs(gone)

    def restrictions(self) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
        """New court orders from today; what began and what ended to hold since yesterday."""
        pairs = self.tables[_GUARDIANS]
        before = pairs.filter("HasActiveRestrictedAccess")
        free = pairs.filter(
            ~pl.col("HasActiveRestrictedAccess"),
            pl.col("StudentID").is_in(self._take(self._count(0.0003))),
        )
        chosen = free.unique("StudentID", keep="last", maintain_order=True)
        keys = self.later_ids(_RESTRICTIONS, chosen.height)
        self.add(
            _RESTRICTIONS,
            chosen.select(
                pl.Series("StudentGuardianRestrictedAccessID", keys, pl.Int64),
                "StudentGuardianID",
                StartDate=pl.lit(self._text),
                Reason=pl.lit("Court order on file"),
            ),
        )
        pairs = with_active_restrictions(pairs, self.tables[_RESTRICTIONS], self.today)
        self.tables[_GUARDIANS] = pairs
        after = pairs.filter("HasActiveRestrictedAccess")
        begun = after.join(before, on="StudentGuardianID", how="anti", maintain_order="left")
        ended = before.join(after, on="StudentGuardianID", how="anti", maintain_order="left")
        return _pairs(begun), _pairs(ended)

    def arrivals(self) -> tuple[int, ...]:
        """Families new to the system's first district, all their children enrolled today."""
        plan, count = self._plan(), self._count(0.001)
        students = self.tables["Student/Student"]["StudentID"]
        last = students.filter(students < FIRST_STUDENT_ID + MEMBER_STRIDE).max()
        households = self.tables["Family/Family"]["FamilyID"]
        family = households.filter(households <= 2 * MEMBER_STRIDE).max()
        first = int(last) - FIRST_STUDENT_ID + 1  # type: ignore[arg-type]
        cohort = make_cohort(plan, (int(family) - 1) // 2 + 1, first, count, arrived=self.today)  # type: ignore[arg-type]
        for name, rows in cohort.items():
            self.add(name, rows)
        return tuple(cohort["Student/Student"]["StudentID"].to_list())

    def _plan(self) -> Plan:
        """The first district's plan, read back from its tables."""
        entities = self.tables["District/Entity"].filter(
            pl.col("DistrictID") == 1, ~pl.col("IsDistrictWide")
        )
        schools = tuple(
            _planned_school(number, row)
            for number, row in enumerate(entities.iter_rows(named=True))
        )
        name = self.tables["District/District"]["Name"][0]
        grown = SandboxDistrict("grown", name, 0, self.seed, self.today, noise=False)
        return Plan(grown, 0, schools)


def _planned_school(number: int, row: Mapping[str, Any]) -> PlannedSchool:
    level = next((level for level, *_ in LEVELS if level in row["Name"]), "Program")
    return PlannedSchool(number, row["EntityID"], row["Code"], row["Name"], level)


def _pairs(rows: pl.DataFrame) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(rows.select("StudentID", "NameIDGuardian").iter_rows()))
