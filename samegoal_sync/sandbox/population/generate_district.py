"""A whole simulated district: every object's rows, from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from samegoal_sync.sandbox.facts import complete, object_fields
from samegoal_sync.sandbox.population import people
from samegoal_sync.sandbox.population.code_tables import district_tables, system_tables
from samegoal_sync.sandbox.population.district_plan import Plan, SandboxDistrict, plans
from samegoal_sync.sandbox.population.enrollment_history import enrollment_spans, enrollment_tables
from samegoal_sync.sandbox.population.guardianship import (
    restrictions,
    student_guardians,
    with_active_restrictions,
)
from samegoal_sync.sandbox.population.home_addresses import make_addresses, name_addresses
from samegoal_sync.sandbox.population.households import family_tables, make_families, make_guardians
from samegoal_sync.sandbox.population.noise import soil
from samegoal_sync.sandbox.population.student_body import make_students, student_table

#: ``"Module/Object"`` -> its rows.
Tables = dict[str, pl.DataFrame]


def generate_district(district: SandboxDistrict) -> Tables:
    """Every object of fields.csv with all its fields, as the system truly holds them.

    Rows lie in the order of their primary key. A field that the sandbox makes up nothing for is
    null throughout.
    """
    parts = [system_tables(plans(district)[0])]
    for plan in plans(district):
        parts.append(district_tables(plan))
        parts.append(
            make_cohort(plan, plan.first_student, plan.first_student, plan.district.students)
        )
    return completed(joined(parts))


def make_cohort(
    plan: Plan, first_family: int, first_student: int, students: int, arrived: date | None = None
) -> Tables:
    """Families with so many students, and every row that they bring; only the fields filled."""
    families = make_families(plan, first_family, students)
    children = make_students(plan, families, first_student, students, arrived)
    families = families.filter(pl.col("f") <= children["f"].max())
    guardians = make_guardians(plan, families)
    addresses = make_addresses(plan, families)
    names = people.guardian_names(plan, guardians)
    pairs = student_guardians(plan, children, guardians)
    restricted = restrictions(plan, pairs, guardians)
    tables = {
        "Student/Student": student_table(plan, children),
        "Demographics/Name": pl.concat(
            [people.student_names(children), names], how="diagonal_relaxed"
        ),
        "Demographics/Address": addresses.drop("f", "house", "mail", "town"),
        "Demographics/NameAddress": name_addresses(addresses, guardians, children),
        "Demographics/NamePhone": people.phones(plan, guardians),
        "Demographics/NameEmail": people.emails(plan, guardians, names),
        "Family/StudentGuardian": with_active_restrictions(pairs, restricted, plan.district.today),
        "Family/StudentGuardianRestrictedAccess": restricted,
        **family_tables(families, guardians, children),
        **enrollment_tables(plan, enrollment_spans(plan, children)),
    }
    return soil(plan.seed, tables) if plan.district.noise else tables


def joined(parts: list[Tables]) -> Tables:
    """The rows of several parts, object by object."""
    whole: Tables = {}
    for part in parts:
        for name, frame in part.items():
            whole[name] = (
                pl.concat([whole[name], frame], how="diagonal_relaxed") if name in whole else frame
            )
    return whole


def completed(tables: Mapping[str, pl.DataFrame]) -> Tables:
    """Every object of fields.csv, every field, in the order of the primary key."""
    whole: Tables = {}
    for name, facts in object_fields().items():
        key = next(fact.name for fact in facts.values() if fact.primary_key)
        frame = tables.get(name, pl.DataFrame(schema={key: pl.Int64()}))
        whole[name] = complete(name, frame.sort(key))
    return whole
