"""What one run leaves in Dagster's storage: bounded, for 3,000 districts leave it every night."""

from __future__ import annotations

from collections import Counter

import dagster as dg
import psycopg
import pytest
import sqlalchemy as db
from dagster._serdes import deserialize_value
from sqlalchemy import event

from samegoal_sync.pipeline.code_location import job_here
from samegoal_sync.pipeline.event_log import ShortEventLog
from samegoal_sync.pipeline.short_events import as_json, is_kept, shortened
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]


def test_an_unchanged_night_leaves_few_events_and_a_dozen_checks(world: World) -> None:
    world.run()
    run_id = world.run()[0].run_id
    with psycopg.connect(world.database_url) as connection:
        kinds = connection.execute(
            "select dagster_event_type, count(*), sum(length(event)) from dagster.event_logs "
            "where run_id = %s group by 1 order by 3 desc",
            (run_id,),
        ).fetchall()
        checks = connection.execute(
            "select count(*) from dagster.asset_check_executions where run_id = %s", (run_id,)
        ).fetchone()
    assert checks is not None
    assert checks[0] <= 12
    assert sum(number for _, number, _ in kinds) <= 60, kinds
    assert sum(size for _, _, size in kinds) <= 60_000, kinds


def test_dagster_reads_each_event_as_it_was_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dg.EventLogEntry] = []
    store = ShortEventLog.store_event

    def seen(self: ShortEventLog, entry: dg.EventLogEntry) -> None:
        told.append(entry)
        store(self, entry)

    monkeypatch.setattr(ShortEventLog, "store_event", seen)
    world.sandbox.fault(FAIRVIEW, "forbidden", count=50)
    world.run()  # failures are events too
    world.sandbox.clear_faults(FAIRVIEW)
    world.run()
    for entry in told:
        again = deserialize_value(as_json(shortened(entry)), dg.EventLogEntry)
        was = entry.dagster_event
        if was is not None:
            assert again.dagster_event == was._replace(logging_tags={})
        assert again.message == entry.message
        for name in set(entry._fields) - {"dagster_event", "user_message"}:
            assert getattr(again, name) == getattr(entry, name)
    kinds = {(entry.dagster_event_type, is_kept(entry)) for entry in told}
    assert (dg.DagsterEventType.STEP_OUTPUT, True) in kinds
    assert (dg.DagsterEventType.STEP_OUTPUT, False) in kinds
    assert (dg.DagsterEventType.STEP_FAILURE, True) in kinds


def test_a_run_asks_dagsters_storage_little(world: World) -> None:
    world.run()
    asked: Counter[str] = Counter()

    def count(_c: object, _k: object, statement: str, *_: object) -> None:
        asked[" ".join(statement.split())[:60]] += 1

    event.listen(db.Engine, "before_cursor_execute", count)
    try:
        world.run()
    finally:
        event.remove(db.Engine, "before_cursor_execute", count)
    assert asked.total() <= 190, asked.most_common(12)


def test_a_run_is_executed_again_from_where_it_failed(
    world: World, instance: dg.DagsterInstance
) -> None:
    """As *Re-execute from failure* in the UI: Dagster looks in the events for what was made."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("alter table samegoal.changes rename to away")
        failed = world.run()[0]
        connection.execute("alter table samegoal.away rename to changes")
    assert failed.state == "failed"
    with dg.execute_job(
        job_here("import_district"),
        instance,
        tags={"dagster/partition": FAIRVIEW},
        reexecution_options=dg.ReexecutionOptions.from_failure(failed.run_id, instance),
    ) as again:
        assert again.success, [e.event_specific_data for e in again.all_events if e.is_failure]
        assert {one.step_key for one in again.get_step_success_events()} == {"publication"}
    assert world.published()
