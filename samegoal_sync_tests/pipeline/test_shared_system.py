"""Districts that share one Qmlativ system: each publishes its own students, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from samegoal_sync.district import DistrictState
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.launching import import_districts
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.sandbox.server import list_endpoint
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

SLUGS = ("coop-one", "coop-two")


@pytest.fixture(scope="module")
def coop() -> Iterator[Sandbox]:
    second = SandboxDistrict("two", "Coop Two", 60, seed=2)
    with running_sandbox([SandboxDistrict("coop", "Coop One", 70, members=(second,))]) as sandbox:
        for slug in SLUGS:
            sandbox.create_access("coop", slug)
        yield sandbox


@pytest.mark.parametrize("heeded", [True, False], ids=["conditions heeded", "ignored"])
@pytest.mark.slow
def test_each_district_publishes_its_own_students_only(
    coop: Sandbox,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    heeded: bool,
) -> None:
    if not heeded:
        monkeypatch.setattr(list_endpoint, "condition_expression", lambda *_: pl.lit(True))
    settings = Settings(home=tmp_path / "home", storage=tmp_path / "frames", allow_loopback=True)
    entities = coop.tables("coop")["District/Entity"]
    districts = sorted(entities["DistrictID"].unique().drop_nulls())
    _register(Registry(settings, database_url), coop, dict(zip(SLUGS, districts, strict=True)))
    outcomes = import_districts(settings, database_url, SLUGS)
    assert [outcome.state for outcome in outcomes] == ["published", "published"]
    published = {slug: _published(database_url, slug) for slug in SLUGS}
    for slug, district_id in zip(SLUGS, districts, strict=True):
        assert len(published[slug]) > 40
        assert published[slug] <= _enrolled_in(coop.tables("coop"), district_id)


def _register(registry: Registry, coop: Sandbox, districts: dict[str, int]) -> None:
    for slug, district_id in districts.items():
        registry.add(
            slug=slug,
            name=slug,
            base_url=coop.base_url("coop"),
            client_key=slug,
            district_id=district_id,
            who="test",
        )
        registry.store_secret(slug, Secret(coop.generate_secret("coop", slug)), "test")
        registry.set_state(slug, DistrictState.ACTIVE, "test")


def _enrolled_in(tables: dict[str, pl.DataFrame], district_id: int) -> set[int]:
    entities = tables["District/Entity"].filter(pl.col("DistrictID") == district_id)
    years = tables["Enrollment/StudentEntityYear"]
    ours = years.filter(pl.col("EntityID").is_in(entities["EntityID"].implode()))
    return set(ours["StudentID"])


def _published(database_url: str, slug: str) -> set[Any]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select sis_internal_id from samegoal.students where district = %s", (slug,)
        ).fetchall()
    return {row[0] for row in rows}
