"""The moment of the read rules, played for real: overlapping runs, and stored frames used later."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import polars as pl
import psycopg

from samegoal_sync.refresh.refresh_student import refresh_student
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.court_order import a_pair, is_published, restrict
from samegoal_sync_tests.pipeline.materializing import CURATED, PUBLISHED, RAW, materialize

FAIRVIEW = SLUGS[0]


def test_curating_and_publishing_stored_frames_does_not_undo_a_later_refresh(
    world: World, instance: dg.DagsterInstance, restrictions: pl.DataFrame
) -> None:
    world.run()
    pair = a_pair(world)
    materialize(instance, *RAW)
    restrict(world, restrictions, pair)
    refresh_student(world.settings, world.database_url, FAIRVIEW, pair[0])
    assert not is_published(world, pair)
    materialize(instance, *CURATED, *PUBLISHED)
    assert not is_published(world, pair)


def test_two_nights_overlap_and_the_one_that_read_first_publishes_last(
    world: World, instance: dg.DagsterInstance, restrictions: pl.DataFrame
) -> None:
    world.run()
    pair = a_pair(world)
    materialize(instance, *RAW, *CURATED)  # the first has read and curated
    restrict(world, restrictions, pair)
    assert world.run()[0].counts["guardians_removed"] == 1
    newest = _frames(world)
    _hide(newest)  # the first goes on with its own frames, as it would in a run of its own
    materialize(instance, *PUBLISHED)
    assert not is_published(world, pair)
    with psycopg.connect(world.database_url) as connection:
        states = connection.execute("select state from samegoal.syncs order by id").fetchall()
    assert [state for (state,) in states] == ["published", "published", "discarded"]


def test_curated_assets_alone_read_one_complete_run(
    world: World, instance: dg.DagsterInstance, restrictions: pl.DataFrame
) -> None:
    world.run()
    pair = a_pair(world)
    restrict(world, restrictions, pair)
    materialize(instance, "qmlativ/guardians")  # a newer read of a part only
    materialize(instance, *CURATED, *PUBLISHED)
    assert is_published(world, pair), "the part of another run was mixed in"
    world.run()
    assert not is_published(world, pair)


def _frames(world: World) -> list[str]:
    """The newest folder of each curated asset."""
    return [str(max((world.settings.storage / asset / FAIRVIEW).iterdir())) for asset in CURATED]


def _hide(folders: list[str]) -> None:
    for folder in map(Path, folders):
        folder.rename(folder.with_name(f".{folder.name}"))
