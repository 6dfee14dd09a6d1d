"""One student, read now: nobody beside them is published, and no rule is passed by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest
from psycopg.types.json import Jsonb

from samegoal_sync.demographics.errors import ChecksFailed
from samegoal_sync.district import DateRange
from samegoal_sync.qmlativ.errors import StudentNotFound
from samegoal_sync.qmlativ.reading.one_student import is_asked_for
from samegoal_sync.refresh.refresh_student import only_student, refresh_student
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.court_order import ACCESS, a_pair, is_published, restrict

FAIRVIEW = SLUGS[0]
_PAIR = "Family/StudentGuardian"


@pytest.fixture
def tables(world: World) -> dict[str, pl.DataFrame]:
    """The sandbox's tables."""
    return world.sandbox.tables(FAIRVIEW)


def test_a_student_who_is_a_guardian_is_not_published_by_half(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    world.run()
    child, parent = _two_with_guardians(world)
    students = tables["Student/Student"]
    ids = {row["StudentNumber"].strip(): row for row in students.iter_rows(named=True)}
    pairs = tables[_PAIR]
    pair = pairs.sort("StudentGuardianID").tail(1)
    parent_of_child = pair.with_columns(
        StudentGuardianID=pl.col("StudentGuardianID") + 1,
        StudentID=pl.lit(ids[child]["StudentID"]),
        NameIDGuardian=pl.lit(ids[parent]["NameID"]),
    ).cast(pairs.schema)
    world.sandbox.replace_table(FAIRVIEW, _PAIR, pl.concat([pairs, parent_of_child]))
    before = _everything(world)
    publication = refresh_student(world.settings, world.database_url, FAIRVIEW, child)
    assert publication.counts["students_sent"] == 1
    assert len(publication.findings.sis_internal_ids) == 1
    after = _everything(world)
    others = [[row for row in rows if row[1] != child] for rows in (before, after)]
    assert others[0] == others[1]


def test_a_refresh_brings_what_changed_and_leaves_everybody_else(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    world.run()
    child, _ = _two_with_guardians(world)
    world.sandbox.replace_table(
        FAIRVIEW, "Demographics/NamePhone", tables["Demographics/NamePhone"].clear()
    )
    refresh_student(world.settings, world.database_url, FAIRVIEW, child)
    phones = "coalesce(home_phone, work_phone, cell_phone)"
    assert _value(world, f"select count({phones}) from guardians where student_id = %s", child) == 0
    assert _value(world, f"select count({phones}) from guardians") > 50


def test_a_refresh_finds_a_student_whose_number_was_swapped_since_the_night(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    world.run()
    child, other = _two_with_guardians(world)
    students = tables["Student/Student"]
    number = pl.col("StudentNumber").str.strip_chars()
    swapped = number.replace_strict({child: other, other: child}, default=pl.col("StudentNumber"))
    world.sandbox.replace_table(
        FAIRVIEW, "Student/Student", students.with_columns(StudentNumber=swapped)
    )
    sis = "select sis_internal_id from students where student_id = %s"
    before = (_value(world, sis, child), _value(world, sis, other))
    # Both are read: the one who is meant, and the one who has the number now.
    publication = refresh_student(world.settings, world.database_url, FAIRVIEW, child)
    assert publication.counts["students_sent"] == 2
    assert publication.findings.students_renamed == 2
    assert (_value(world, sis, other), _value(world, sis, child)) == before


def test_an_unknown_number_is_reported_and_leaves_no_sync(world: World) -> None:
    world.run()
    before = _everything(world)
    with pytest.raises(StudentNotFound):
        refresh_student(world.settings, world.database_url, FAIRVIEW, "404404404")
    assert _everything(world) == before
    assert _value(world, "select count(*) from syncs") == 1


def test_a_restriction_whose_pair_is_gone_removes_the_guardian_even_while_paused(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    world.run()
    pair, restrictions = a_pair(world), tables[ACCESS]
    restrict(world, restrictions, pair)
    link = world.sandbox.tables(FAIRVIEW)[ACCESS].tail(1)
    gone = tables[_PAIR].join(link, on="StudentGuardianID", how="anti")
    world.sandbox.replace_table(FAIRVIEW, _PAIR, gone)
    district = world.registry.get(FAIRVIEW)
    today = district.today(datetime.now(UTC))
    days = DateRange(today - timedelta(days=1), today + timedelta(days=1))
    settings = replace(district.settings, paused=days)
    world.registry.update(FAIRVIEW, who="test", settings=settings)
    for _ in range(2):
        night = refresh_student(world.settings, world.database_url, FAIRVIEW, pair[0])
        assert night.state == "paused"
        assert not is_published(world, pair)


def test_restrictions_no_longer_shared_stop_a_refresh(world: World) -> None:
    world.run()
    child, _ = _two_with_guardians(world)
    with psycopg.connect(world.database_url) as connection:
        connection.execute(
            "update samegoal.syncs set findings = jsonb_set(findings, '{guardians}', "
            "findings -> 'guardians' || %s)",
            (Jsonb({"restriction_sources": ["dates", "elsewhere"], "guardians_restricted": 3}),),
        )
    before = _everything(world)
    with pytest.raises(ChecksFailed, match="restrictions_still_shared"):
        refresh_student(world.settings, world.database_url, FAIRVIEW, child)
    assert _everything(world) == before


def test_two_students_with_the_number_are_both_reported_and_nobody_else() -> None:
    district = DistrictBuilder()
    first, second = district.student("S1"), district.student("S1", FirstName="Ben")
    district.student("S2", BirthDate=None)
    district.guardian(first)
    district.guardian(second)
    raw = district.raw()
    students, guardians = district.students(), district.guardians()
    mine, theirs = only_student(raw, students, guardians, is_asked_for(" S1 ", None))
    assert mine.frame.is_empty()
    assert sorted(mine.account["sis_internal_id"]) == [first, second]
    assert set(mine.rejects["student_id"]) == {"S1"}
    assert set(theirs.account["outcome"]) == {"out_of_scope"}


def _two_with_guardians(world: World) -> list[str]:
    """Student Ids of two present students with guardians."""
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute(
            "select student_id from samegoal.students s where district = %s "
            "and district_enrollment = 'ENROLLED' and exists (select from samegoal.guardians g "
            "where (g.district, g.student_id) = (s.district, s.student_id)) "
            "order by date_of_birth, student_id limit 2",
            (FAIRVIEW,),
        ).fetchall()
    return [row[0] for row in rows]


def _everything(world: World) -> list[tuple[Any, ...]]:
    with psycopg.connect(world.database_url) as connection:
        return [
            *connection.execute("select * from samegoal.students order by 1, 2").fetchall(),
            *connection.execute("select * from samegoal.guardians order by 1, 2, 3").fetchall(),
        ]


def _value(world: World, query: str, *values: Any) -> Any:
    with psycopg.connect(world.database_url) as connection:
        connection.execute("set search_path = samegoal")
        row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def test_an_address_that_is_nobodys_own_is_so_for_a_refresh_as_for_the_night(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    emails = tables["Demographics/NameEmail"]
    shared = emails.with_columns(
        pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.lit("Front.Office@example.org"))
        .otherwise("EmailAddress")
        .alias("EmailAddress")
    )
    world.sandbox.replace_table(FAIRVIEW, "Demographics/NameEmail", shared)
    world.run()
    assert _value(world, "select count(*) from guardians where email ilike 'front.office%%'") == 0
    assert _value(world, "select count(*) from guardians where email is not null") > 20
    holders = shared.filter(pl.col("EmailAddress").str.starts_with("Front"))["NameID"].to_list()
    child = _value(
        world,
        "select student_id from guardians where guardian_id = any(%s) "
        "order by student_id, guardian_id limit 1",
        holders,
    )
    before = _everything(world)
    publication = refresh_student(world.settings, world.database_url, FAIRVIEW, child)
    assert publication.state == "unchanged"
    assert _everything(world) == before
