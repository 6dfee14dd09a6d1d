"""The middle side by side: ours, pandas and DuckDB curating one simulated district.

    python benchmarks/transform.py [--students 100000] [--rounds 5]

Ours does everything that a night does: every rule, rejects, accounts and, told apart, the
checks. The peers do the joins, the trims, the dates, the order of guardians and the first phone
of each kind only, so their times are a floor for their kind. Rounds are interleaved and the best
counts; frames lie in each one's own memory beforehand. Needs the ``bench`` extra.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.demographics.validation.check_findings import require_checks_passed
from samegoal_sync.demographics.validation.curated_checks import check_curated
from samegoal_sync.demographics.validation.raw_checks import check_raw
from samegoal_sync.district import DistrictSettings
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.sandbox import SandboxDistrict, generate_district, raw_objects

TODAY = date(2026, 11, 25)
_SETTINGS = DistrictSettings()


def curated(raw: RawObjects) -> tuple[Curated, Curated]:
    """Ours: both curated frames."""
    students = curate_students(raw, _SETTINGS, TODAY)
    return students, curate_guardians(raw, students, _SETTINGS, TODAY)


def curated_and_checked(raw: RawObjects) -> None:
    """Ours, with both stages' checks."""
    require_checks_passed("raw", check_raw(raw))
    require_checks_passed("curated", check_curated(*curated(raw)))


def short_name(name: str) -> str:
    """``Enrollment/StudentEntityYear`` as a table's name."""
    return name.partition("/")[2]


def with_pandas(frames: dict[str, Any]) -> Any:
    """pandas: the joins of students and of guardians."""
    import pandas as pd

    names = frames["Name"].copy()
    for column in ("LastName", "FirstName", "MiddleName", "LastNameLegal", "FirstNameLegal"):
        names[column] = names[column].str.strip()
    names["BirthDate"] = pd.to_datetime(names["BirthDate"].str[:10], errors="coerce")
    places = (
        frames["NameAddress"]
        .sort_values("NameAddressID")
        .drop_duplicates("NameID", keep="last")
        .merge(frames["Address"], on="AddressID")
        .merge(frames["Zip"], on="ZipID", how="left")
        .merge(frames["State"], on="StateID", how="left")
    )
    years = (
        frames["StudentEntityYear"]
        .sort_values(["SchoolYearID", "IsDefaultEntity", "IsActive"])
        .drop_duplicates("StudentID", keep="last")
    )
    spans = (
        frames["EntryWithdrawal"]
        .sort_values("StartDate")
        .drop_duplicates(["StudentID", "EntityID", "SchoolYearID"], keep="last")
        .merge(frames["School"][["SchoolID", "Name", "StateAssignedID"]], on="SchoolID", how="left")
    )
    students = (
        frames["Student"]
        .merge(names, on="NameID")
        .merge(years, on="StudentID")
        .merge(spans, on=["StudentID", "EntityID", "SchoolYearID"], how="left")
        .merge(places, on="NameID", how="left")
    )
    phones = frames["NamePhone"][~frames["NamePhone"]["IsConfidential"].astype(bool)].copy()
    phones["digits"] = phones["PhoneNumber"].str.replace(r"\D", "", regex=True)
    phones = phones.sort_values("Rank").drop_duplicates(["NameID", "PhoneTypeID"])
    wide = phones.pivot(index="NameID", columns="PhoneTypeID", values="digits").reset_index()
    emails = frames["NameEmail"].sort_values("Rank").drop_duplicates("NameID")
    households = (
        frames["StudentFamily"]
        .merge(frames["FamilyGuardian"], on="FamilyID", suffixes=("", "_guardian"))
        .sort_values(["Rank", "Rank_guardian"])
        .drop_duplicates(["StudentID", "NameID"])
        .rename(columns={"Rank": "family_rank"})
    )
    pairs = frames["StudentGuardian"].rename(columns={"NameIDGuardian": "NameID"})
    guardians = (
        pairs.merge(households, on=["StudentID", "NameID"], how="left")
        .sort_values(["StudentID", "Rank", "family_rank", "Rank_guardian", "NameID"])
        .merge(names, on="NameID")
        .merge(places, on="NameID", how="left")
        .merge(wide, on="NameID", how="left")
        .merge(emails, on="NameID", how="left")
        .merge(students[["StudentID", "StudentNumber"]], on="StudentID")
    )
    guardians["priority"] = guardians.groupby("StudentID").cumcount() + 1
    return students, guardians


_NAMES = """
select NameID, trim(LastName) LastName, trim(FirstName) FirstName, trim(MiddleName) MiddleName,
    trim(LastNameLegal) LastNameLegal, trim(FirstNameLegal) FirstNameLegal,
    try_cast(BirthDate[:10] as date) BirthDate, Gender, EthnicityAndRace from Name"""
_PLACES = """
select n.NameID, a.*, z.City, z.ZipCode, s.Code from (select NameID, max_by(AddressID,
    NameAddressID) AddressID from NameAddress group by NameID) n join Address a using (AddressID)
    left join Zip z using (ZipID) left join State s using (StateID)"""
_STUDENTS = f"""
create or replace temp table out_students as
with names as ({_NAMES}), places as ({_PLACES}),
years as (select * from StudentEntityYear qualify row_number() over (partition by StudentID
    order by SchoolYearID desc, IsDefaultEntity desc, IsActive desc) = 1),
spans as (select * from EntryWithdrawal qualify row_number() over (partition by StudentID,
    EntityID, SchoolYearID order by StartDate desc) = 1)
select * from Student join names using (NameID) join years using (StudentID)
left join spans using (StudentID, EntityID, SchoolYearID)
left join (select SchoolID, Name, StateAssignedID from School) using (SchoolID)
left join places using (NameID)"""
_GUARDIANS = f"""
create or replace temp table out_guardians as
with names as ({_NAMES}), places as ({_PLACES}),
phones as (select NameID, PhoneTypeID, min_by(regexp_replace(PhoneNumber, '\\D', '', 'g'), Rank)
    digits from NamePhone where not IsConfidential group by all),
wide as (pivot phones on PhoneTypeID using first(digits) group by NameID),
emails as (select NameID, min_by(EmailAddress, Rank) email from NameEmail group by NameID),
households as (select f.StudentID, g.NameID, min(f.Rank) family_rank, min(g.Rank) guardian_rank
    from StudentFamily f join FamilyGuardian g using (FamilyID) group by all),
pairs as (select *, NameIDGuardian as NameID from StudentGuardian)
select p.*, n.* exclude NameID, a.* exclude NameID, w.* exclude NameID, e.email, s.StudentNumber,
    row_number() over (partition by p.StudentID order by p.Rank, h.family_rank,
        h.guardian_rank, p.NameID) as priority
from pairs p left join households h using (StudentID, NameID) join names n using (NameID)
left join places a using (NameID) left join wide w using (NameID)
left join emails e using (NameID) join Student s using (StudentID)"""


def with_duckdb(connection: Any) -> None:
    """DuckDB: the same joins as SQL over tables of its own."""
    connection.execute(_STUDENTS)
    connection.execute(_GUARDIANS)


def contestants(raw: RawObjects) -> dict[str, Callable[[], object]]:
    """Name -> what is timed; each has its frames in its own memory already."""
    import duckdb

    pandas_frames = {short_name(name): frame.to_pandas() for name, frame in raw.frames.items()}
    connection = duckdb.connect()
    for name, frame in raw.frames.items():
        connection.register("arriving", frame.to_arrow())
        connection.execute(f'create table "{short_name(name)}" as select * from arriving')
    return {
        "ours: transform": lambda: curated(raw),
        "ours: transform and checks": lambda: curated_and_checked(raw),
        "pandas: joins only": lambda: with_pandas(pandas_frames),
        "DuckDB: joins only": lambda: with_duckdb(connection),
    }


def main() -> None:
    """Print the table: best wall and CPU seconds, and ours' peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    plan = SandboxDistrict("bench", "Bench ISD", options.students, today=TODAY)
    raw = raw_objects(generate_district(plan))
    held = sum(frame.estimated_size("mb") for frame in raw.frames.values())
    curated_and_checked(raw)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    students, guardians = curated(raw)
    print(f"{students.frame.height:,} students, {guardians.frame.height:,} guardians, ", end="")
    print(f"polars {pl.__version__} on {os.cpu_count()} cores")
    print(f"raw frames {held:,.0f} MB; peak of the process with generator and ours {peak:,.0f} MB")
    best: dict[str, tuple[float, float]] = {}
    entries = contestants(raw)
    for _ in range(options.rounds):
        for name, run in entries.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            took = time.perf_counter() - wall, time.process_time() - cpu
            best[name] = min(best.get(name, took), took)
    for name, (wall, cpu) in best.items():
        print(f"{name:28s} {wall:7.2f} s wall {cpu:7.2f} s CPU")


if __name__ == "__main__":
    main()
