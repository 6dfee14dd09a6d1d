"""A district imported from a simulated Qmlativ by the project's own transforms and publication."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from samegoal_sync.database import connect
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.sandbox import SandboxDistrict, advance_district, generate_district, raw_objects
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings


def register(settings: Settings, url: str, slug: str, name: str) -> Registry:
    """Take a district aboard, without a mail."""
    registry = Registry(settings, url)
    registry.add(
        who="test",
        slug=slug,
        name=name,
        base_url=f"https://{slug}.example/FairviewAPI",
        client_key="c2FtZWdvYWw-demographics",
        mail_domain=f"{slug}.example",
        expires_on=date.today() + timedelta(days=21),
    )
    registry.store_secret(slug, Secret("an invented client secret"), "test")
    registry.set_state(slug, DistrictState.ACTIVE, "test")
    return registry


class Simulated:
    """A simulated district whose nights are published one after the other."""

    def __init__(self, url: str, registry: Registry, slug: str, students: int) -> None:
        self.url, self.registry, self.slug = url, registry, slug
        self.today = date.today() - timedelta(days=5)
        self.tables: Any = generate_district(
            SandboxDistrict(slug, slug, students=students, seed=1, today=self.today)
        )

    def night(self, *, phone_of: int = -1) -> Any:
        """Publish what the simulated Qmlativ holds.

        Args:
            phone_of: a guardian whose cell phone is 214-555-0100 tonight.
        """
        district = self.registry.get(self.slug)
        raw = raw_objects(self.tables)
        students = curate_students(raw, district.settings, self.today)
        guardians = curate_guardians(raw, students, district.settings, self.today)
        phone = pl.when(pl.col("guardian_id") == phone_of).then(pl.lit("214-555-0100"))
        frame = guardians.frame.with_columns(cell_phone=phone.otherwise("cell_phone"))
        return publish(
            self.url,
            district,
            students,
            replace(guardians, frame=frame),
            run_id=f"run-{self.slug}-{self.today}",
            night=self.today,
            started_at=datetime.now(UTC),
        )

    def missing(self) -> int:
        """How many students are published as gone from Qmlativ."""
        with connect(self.url) as connection:
            row = connection.execute(
                "select count(*) from students where missing_since is not null"
            ).fetchone()
        assert row
        return int(row[0])

    def day(self) -> None:
        """A day passes in the district."""
        self.tables, _ = advance_district(self.tables, self.today + timedelta(days=1), seed=1)
        self.today += timedelta(days=1)

    def drop_students(self, share: float) -> None:
        """Qmlativ no longer sends a share of its students."""
        students = self.tables["Student/Student"]
        self.tables = {
            **self.tables,
            "Student/Student": students.head(int(students.height * (1 - share))),
        }
