"""A sandbox, a registry and a Dagster instance on the test's own database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import polars as pl
import psycopg
import pytest

from samegoal_sync.district import DistrictState
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.pipeline.launching import DistrictOutcome, import_districts
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

KEY = "samegoal-demographics"
SLUGS = ("fairview-isd", "ridgemont")


@dataclass(frozen=True)
class World:
    """Two registered, active districts of a sandbox, with their own home and database."""

    settings: Settings
    database_url: str
    sandbox: Sandbox
    registry: Registry
    secrets: dict[str, str]

    def run(self, *slugs: str) -> list[DistrictOutcome]:
        return import_districts(self.settings, self.database_url, slugs or SLUGS[:1])

    def published(self, slug: str = SLUGS[0]) -> list[tuple[object, ...]]:
        """What SameGoal shows, without the moments at which it was last seen."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(
                "select student_id, last_name, first_name, date_of_birth, building "
                "from samegoal.students where district = %s order by student_id",
                (slug,),
            ).fetchall()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    districts = [
        SandboxDistrict(slug, slug.replace("-", " ").title(), 120, seed=number)
        for number, slug in enumerate(SLUGS)
    ]
    with running_sandbox(districts) as running:
        for slug in SLUGS:
            running.create_access(slug, KEY)
        yield running


@pytest.fixture
def world(database_url: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[World]:
    with made_world(database_url, sandbox, tmp_path) as made:
        yield made


@contextmanager
def made_world(database_url: str, sandbox: Sandbox, folder: Path) -> Iterator[World]:
    """The same while the block runs, for what several tests share.

    What the sandbox holds is put back afterwards: it outlives the world.
    """
    before = {slug: sandbox.tables(slug) for slug in SLUGS}
    settings = Settings(home=folder / "home", storage=folder / "storage", allow_loopback=True)
    registry = Registry(settings, database_url)
    secrets = {}
    for slug in SLUGS:
        sandbox.clear_faults(slug)
        secrets[slug] = sandbox.generate_secret(slug, KEY)
        registry.add(
            slug=slug,
            name=slug.title(),
            base_url=sandbox.base_url(slug),
            client_key=KEY,
            who="test",
        )
        registry.store_secret(slug, Secret(secrets[slug]), "test")
        registry.set_state(slug, DistrictState.ACTIVE, "test")
    try:
        yield World(settings, database_url, sandbox, registry, secrets)
    finally:
        for slug in SLUGS:
            sandbox.clear_faults(slug)
            for name, rows in before[slug].items():
                if sandbox.tables(slug)[name] is not rows:
                    sandbox.replace_table(slug, name, rows)


@pytest.fixture
def instance(world: World) -> Iterator[dg.DagsterInstance]:
    """The persistent instance that the world's runs write to."""
    with dagster_instance(world.settings, world.database_url) as opened:
        yield opened


@pytest.fixture
def restrictions(world: World) -> pl.DataFrame:
    """The sandbox's restrictions."""
    return world.sandbox.tables(SLUGS[0])["Family/StudentGuardianRestrictedAccess"]
