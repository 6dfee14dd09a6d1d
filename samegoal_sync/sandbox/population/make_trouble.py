"""Give a district one kind of trouble: whom it befalls follows from the tables alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from samegoal_sync.errors import UsageError
from samegoal_sync.sandbox.population.generate_district import Tables
from samegoal_sync.sandbox.population.trouble_kinds import Trouble, TroubleKind
from samegoal_sync.sandbox.population.trouble_with_guardians import GUARDIAN_TROUBLES
from samegoal_sync.sandbox.population.trouble_with_students import STUDENT_TROUBLES
from samegoal_sync.sandbox.population.trouble_with_values import VALUE_TROUBLES
from samegoal_sync.sandbox.population.troubled_homes import Home, Make, TroubledTables

_TROUBLES: Mapping[TroubleKind, tuple[int, Make]] = (
    GUARDIAN_TROUBLES | STUDENT_TROUBLES | VALUE_TROUBLES
)


def make_trouble(
    tables: Mapping[str, pl.DataFrame], kind: TroubleKind, today: date, taken: frozenset[int]
) -> tuple[Tables, Trouble]:
    """The tables with the trouble in them.

    Args:
        today: the day that the district shows.
        taken: StudentIDs whom other trouble befell: it leaves them alone.

    Raises:
        UsageError: the district has too few students for it.
    """
    needed, make = _TROUBLES[kind]
    homes = _homes(tables, taken)[:needed]
    if len(homes) < needed:
        raise UsageError(
            f"The district has too few students for the trouble {kind}",
            hint="serve a larger one; a few hundred students have room for every kind",
        )
    changed = TroubledTables(tables, today)
    guardians = make(changed, homes)
    return changed.tables, Trouble(
        kind,
        tuple(home.student for home in homes),
        tuple(home.number for home in homes),
        guardians,
    )


def _homes(tables: Mapping[str, pl.DataFrame], taken: frozenset[int]) -> list[Home]:
    """Present students with two guardians whom no other student has, nobody of them restricted."""
    pairs = tables["Family/StudentGuardian"]
    restricted = pairs.join(
        tables["Family/StudentGuardianRestrictedAccess"], on="StudentGuardianID", how="semi"
    )
    shared = pairs.filter(pl.col("NameIDGuardian").is_duplicated())
    free = (
        pairs.join(restricted, on="StudentID", how="anti")
        .join(shared, on="StudentID", how="anti")
        .sort("StudentGuardianID")
        .group_by("StudentID", maintain_order=True)
        .agg("NameIDGuardian", "StudentGuardianID")
        .filter(pl.col("NameIDGuardian").list.len() == 2)
    )
    number = pl.col("StudentNumber").str.strip_chars()
    students = tables["Student/Student"].filter(
        pl.col("IsCurrentActive")
        & number.str.contains(r"^[A-Za-z0-9]{1,20}$")
        & ~pl.col("StudentID").is_in(list(taken))
    )
    named = tables["Demographics/Name"].select(
        "NameID",
        born=pl.col("BirthDate").str.slice(0, 4),
        first=pl.col("FirstName").str.strip_chars(),
    )
    rows = (
        students.select("StudentID", "NameID", number=number)
        .join(free, on="StudentID")
        .join(named, on="NameID")
        .filter((pl.col("first") != "") & pl.col("born").str.contains("^20"))
        .sort("StudentID")
    )
    return [
        Home(row["StudentID"], row["NameID"], row["number"], tuple(row["NameIDGuardian"]),
             tuple(row["StudentGuardianID"]))
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
