"""Small made-up districts as the transforms would give them, and their nights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import psycopg

from samegoal_sync.database import connect
from samegoal_sync.demographics.columns.curated_frames import (
    DENIED_COLUMNS,
    GUARDIAN_ACCOUNT,
    GUARDIAN_COLUMNS,
    KEEP,
    KEEP_TYPE,
    REJECT_COLUMNS,
    STUDENT_ACCOUNT,
    STUDENT_COLUMNS,
    Curated,
)
from samegoal_sync.district import District, DistrictSettings, DistrictState, Slug
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.samegoal.publication.syncs import Publication

NIGHT = date(2026, 11, 24)
STARTED = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def district(settings: DistrictSettings | None = None, slug: str = "fairview-isd") -> District:
    return District(
        slug=Slug(slug),
        name="Fairview ISD",
        state=DistrictState.ACTIVE,
        base_url=f"https://{slug}.example.org/api",
        client_key="key",
        settings=settings or DistrictSettings(),
    )


def register(database_url: str, one: District) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key) "
            "values (%s, %s, 'active', %s, %s)",
            (one.slug, one.name, one.base_url, one.client_key),
        )


def student(number: int, **values: Any) -> dict[str, Any]:
    """A whole student row; any column can be given otherwise."""
    return (
        dict.fromkeys(STUDENT_COLUMNS)
        | {
            "student_id": f"S{number:06}",
            "last_name": f"Last{number}",
            "first_name": f"First{number}",
            "middle_name": None,
            "name_suffix": None,
            "date_of_birth": date(2012, 1, 1 + number % 28),
            "gender": "Female",
            "district_enrollment": "ENROLLED",
            "enrollment_reason": "active_default_entity",
            "grade": "07",
            "address": f"{number} Elm St",
            "city": "Fairview",
            "state": "TX",
            "zip": "75069",
            "race": "White",
            "home_language": "en",
            "district_of_residence": None,
            "county_of_residence": "Collin",
            "district_of_service": None,
            "student_reporting_id": f"{9_000_000 + number}",
            "building": "Fairview Middle School",
            "building_reporting_id": "043901041",
            "sis_internal_id": 10_000 + number,
            KEEP: [],
        }
        | values
    )


def guardian(number: int, of: int, priority: int = 1, **values: Any) -> dict[str, Any]:
    """A whole guardian row of the student with the number ``of``."""
    return (
        dict.fromkeys(GUARDIAN_COLUMNS)
        | {
            "student_id": f"S{of:06}",
            "guardian_id": 500_000 + number,
            "priority": priority,
            "last_name": f"Last{of}",
            "first_name": f"Parent{number}",
            "middle_name": None,
            "name_suffix": None,
            "relationship": "Mother",
            "custodial": True,
            "emergency_contact": True,
            "pickup": True,
            "lives_with": True,
            "restricted": False,
            "address": f"{of} Elm St",
            "city": "Fairview",
            "state": "TX",
            "zip": "75069",
            "home_phone": None,
            "work_phone": None,
            "cell_phone": f"214-555-{number % 10000:04}",
            "email": f"parent{number}@example.org",
            "language": "English",
            KEEP: [],
        }
        | values
    )


def curated_students(
    rows: Iterable[dict[str, Any]],
    *,
    others: Iterable[tuple[int | None, str | None, str, str]] = (),
    rejects: Iterable[tuple[Any, ...]] = (),
    absent: Iterable[str] = (),
) -> Curated:
    """``others`` are account rows that are not curated."""
    frame = pl.DataFrame(list(rows), schema={**STUDENT_COLUMNS, KEEP: KEEP_TYPE}, orient="row")
    account = pl.concat(
        [
            frame.select(
                "sis_internal_id",
                "student_id",
                outcome=pl.lit("curated"),
                reason=pl.lit(None, dtype=pl.String),
            ),
            pl.DataFrame(list(others), schema=STUDENT_ACCOUNT, orient="row"),
        ]
    )
    return Curated(
        frame,
        pl.DataFrame(list(rejects), schema=REJECT_COLUMNS, orient="row"),
        account,
        absent=frozenset(absent),
    )


def curated_guardians(
    rows: Iterable[dict[str, Any]],
    *,
    others: Iterable[tuple[str | None, int | None, str, str]] = (),
    absent: Iterable[str] = (),
    complete: bool = True,
    denied: Iterable[tuple[str, int, str]] = (),
) -> Curated:
    frame = pl.DataFrame(list(rows), schema={**GUARDIAN_COLUMNS, KEEP: KEEP_TYPE}, orient="row")
    account = pl.concat(
        [
            frame.select(
                "student_id",
                "guardian_id",
                outcome=pl.lit("curated"),
                reason=pl.lit(None, dtype=pl.String),
            ),
            pl.DataFrame(list(others), schema=GUARDIAN_ACCOUNT, orient="row"),
        ]
    )
    return Curated(
        frame,
        pl.DataFrame([], schema=REJECT_COLUMNS),
        account,
        absent=frozenset(absent),
        complete=complete,
        denied=pl.DataFrame(list(denied), schema=DENIED_COLUMNS, orient="row"),
    )


class House:
    """A registered district and its nights, one after the other."""

    def __init__(self, database_url: str, settings: DistrictSettings | None = None) -> None:
        self.database_url = database_url
        self.district = district(settings)
        self.runs = 0
        register(database_url, self.district)

    def read(self, students: Curated, guardians: Curated | None = None) -> tuple[Curated, Curated]:
        """Frames as if Qmlativ were read at this moment; those that were read already stay.

        What is not read before it is published is read right then.
        """
        parts = students, guardians or curated_guardians([])
        first, second = (
            part if part.read_at else replace(part, read_at=datetime.now(UTC)) for part in parts
        )
        return first, second

    def publish(
        self,
        students: Curated,
        guardians: Curated | None = None,
        *,
        night: date = NIGHT,
        coverage: Coverage = Coverage.DISTRICT,
        run_id: str | None = None,
        settings: DistrictSettings | None = None,
        started_at: datetime = STARTED,
    ) -> Publication:
        self.runs += 1
        students, guardians = self.read(students, guardians)
        return publish(
            self.database_url,
            district(settings) if settings else self.district,
            students,
            guardians,
            run_id=run_id or f"run-{self.runs}",
            night=night,
            started_at=started_at,
            coverage=coverage,
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.database_url) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        ((value,),) = self.rows(query, *values)
        return value

    def published(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Everything published, with the moment each row was written."""
        return (
            self.rows("select * from students order by student_id"),
            self.rows("select * from guardians order by student_id, guardian_id"),
        )


def connection_of(database_url: str) -> psycopg.Connection[Any]:
    return connect(database_url, autocommit=True)
