"""A blocking check that fails ends its step in our words, wherever the frames came from.

Dagster ends such a step by an error of its own, with a stack trace that tells nobody what to do.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import dagster as dg
import polars as pl
import psycopg
import pytest
from psycopg.types.json import Jsonb

from samegoal_sync.storage.chosen_store import frame_store
from samegoal_sync.storage.frame_store import StoredFrames
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.materializing import CURATED, PUBLISHED, RAW, materialize

FAIRVIEW = SLUGS[0]


def _store_with_a_row_twice(world: World, assets: tuple[str, ...], asset: str, frame: str) -> None:
    """The newest frames of the assets once more, as of another run; one frame has a row twice."""
    store = frame_store(world.settings)
    for each in assets:
        stored = store.read(each, FAIRVIEW)
        frames = dict(stored.frames)
        if each == asset:
            frames[frame] = pl.concat([frames[frame], frames[frame].head(1)])
        store.store(each, FAIRVIEW, StoredFrames(frames, stored.notes), datetime.now(UTC), "other")


def _only_our_words(instance: dg.DagsterInstance, run_id: str) -> tuple[str, str]:
    """Step and words of the one that failed; nothing of Dagster's own stands in the run."""
    (record,) = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    event = record.event_log_entry.dagster_event
    assert event is not None
    failure = event.step_failure_data
    assert failure.error is not None
    assert failure.error.cls_name == "Failure"
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.metadata.keys() == {"what", "action by", "hint"}
    everything = [
        str(entry.dagster_event or entry.user_message) for entry in instance.all_logs(run_id)
    ]
    assert not [one for one in everything if "DagsterAssetCheckFailedError" in one]
    return str(event.step_key), failure.error.message


@pytest.mark.parametrize(
    ("stored", "asset", "frame", "made", "words"),
    [
        (RAW, "qmlativ/students", "Student/Student", CURATED, "raw frames .*: raw_keys"),
        (CURATED, "student_demographics", "frame", PUBLISHED, "curated frames .*: students_valid"),
    ],
    ids=["raw", "curated"],
)
def test_stored_frames_that_are_not_fit_are_reported_in_our_words(
    world: World,
    instance: dg.DagsterInstance,
    stored: tuple[str, ...],
    asset: str,
    frame: str,
    made: tuple[str, ...],
    words: str,
) -> None:
    world.run()
    before = world.published()
    _store_with_a_row_twice(world, stored, asset, frame)
    result = materialize(instance, *made)
    assert not result.success
    _, words_shown = _only_our_words(instance, result.run_id)
    assert re.search(words, words_shown)
    assert world.published() == before


def test_a_blocking_check_of_a_whole_night_is_reported_in_our_words(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    before = world.published()
    with psycopg.connect(world.database_url) as connection:
        connection.execute(
            "update samegoal.syncs set findings = jsonb_set(findings, '{guardians}', "
            "findings -> 'guardians' || %s)",
            (Jsonb({"restriction_sources": ["dates", "elsewhere"], "guardians_restricted": 3}),),
        )
    outcome = world.run()[0]
    assert outcome.state == "failed"
    step, words_shown = _only_our_words(instance, outcome.run_id)
    assert step == "demographics"
    assert "The curated frames are not fit to go on: restrictions_still_shared" in words_shown
    assert world.published() == before
