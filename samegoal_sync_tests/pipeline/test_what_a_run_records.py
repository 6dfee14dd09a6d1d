"""What one run leaves in Dagster's storage: bounded, for 3,000 districts leave it every night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandera.polars as pa
import psycopg
import pytest
import sqlalchemy as db
from dagster._serdes import deserialize_value
from sqlalchemy import event

from samegoal_sync.pipeline.code_location import job_here
from samegoal_sync.pipeline.event_log import ShortEventLog
from samegoal_sync.pipeline.import_executor import ImportExecutor
from samegoal_sync.pipeline.short_events import as_json, is_kept, shortened
from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.storage.folder_frames import FolderFrameStore
from samegoal_sync.storage.frame_store import StoredFrames
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.materializing import CURATED, PUBLISHED, RAW, materialize

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
    assert sum(number for _, number, _ in kinds) <= 54, kinds
    # The queue and Celery add some 3 kB; 60 is the aim.
    assert sum(size for _, _, size in kinds) <= 57_000, kinds


def test_dagster_reads_each_event_as_it_was_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_entries: list[dg.EventLogEntry] = []
    store = ShortEventLog.store_event

    def seen(self: ShortEventLog, entry: dg.EventLogEntry) -> None:
        all_entries.append(entry)
        store(self, entry)

    monkeypatch.setattr(ShortEventLog, "store_event", seen)
    world.sandbox.fault(FAIRVIEW, "forbidden", count=50)
    world.run()  # failures are events too
    world.sandbox.clear_faults(FAIRVIEW)
    world.run()
    for entry in all_entries:
        again = deserialize_value(as_json(shortened(entry)), dg.EventLogEntry)
        was = entry.dagster_event
        if was is not None:
            assert again.dagster_event == was._replace(logging_tags={})
        assert again.message == entry.message
        for name in set(entry._fields) - {"dagster_event", "user_message"}:
            assert getattr(again, name) == getattr(entry, name)
    kinds = {(entry.dagster_event_type, is_kept(entry)) for entry in all_entries}
    assert (dg.DagsterEventType.STEP_OUTPUT, True) in kinds
    assert (dg.DagsterEventType.STEP_OUTPUT, False) in kinds
    assert (dg.DagsterEventType.STEP_FAILURE, True) in kinds
    # One fault is one red step: not a line, too, for each step that it kept from starting.
    repeated = [one for one in all_entries if one.user_message.startswith("Dependencies for step")]
    assert len(repeated) == 2
    assert not any(map(is_kept, repeated))


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
    assert asked.total() <= 155, asked.most_common(12)


def test_a_run_connects_to_our_tables_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for the lock of a running import, once for all that it asks."""
    world.run()
    opened: list[str] = []
    connect, execute = psycopg.Connection.connect, ImportExecutor.execute

    def seen(cls: type[psycopg.Connection[Any]], address: str, **options: Any) -> Any:
        opened.append(cls.__name__)
        return connect.__func__(cls, address, **options)  # type: ignore[attr-defined]

    def counted(self: ImportExecutor, *arguments: Any) -> Iterator[dg.DagsterEvent]:
        opened.clear()
        yield from execute(self, *arguments)
        assert len(opened) <= 2, opened

    monkeypatch.setattr(psycopg.Connection, "connect", classmethod(seen))
    monkeypatch.setattr(ImportExecutor, "execute", counted)
    assert world.run()[0].state == "unchanged"
    assert opened


def test_steps_of_one_run_hand_frames_on_without_reading_or_checking_them_twice(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run()
    read: list[str] = []
    validated: list[str | None] = []
    load, validate = FolderFrameStore.read, pa.DataFrameSchema.validate

    def seen_read(self: FolderFrameStore, asset: str, *arguments: Any) -> StoredFrames:
        read.append(asset)
        return load(self, asset, *arguments)

    def seen_validate(self: pa.DataFrameSchema, frame: Any, **options: Any) -> Any:
        validated.append(self.name)
        return validate(self, frame, **options)

    monkeypatch.setattr(FolderFrameStore, "read", seen_read)
    monkeypatch.setattr(pa.DataFrameSchema, "validate", seen_validate)
    assert materialize(instance, *RAW, *CURATED, *PUBLISHED).success
    assert read == []
    once = sorted(
        {item.name for item in CATALOG} | {"student_demographics", "guardian_demographics"}
    )
    assert sorted(str(name) for name in validated) == once
    validated.clear()
    # What another run stored is read, and looked at as if for the first time.
    assert materialize(instance, *PUBLISHED).success
    assert sorted(read) == sorted(CURATED)
    assert len(validated) == 2


def test_a_night_without_changes_is_compared_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute = Comparison.execute

    def seen(self: Comparison, query: Any, **values: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string(self.connection)
        asked.append(" ".join(text.split()))
        return execute(self, query, **values)

    monkeypatch.setattr(Comparison, "execute", seen)
    assert world.run()[0].state == "published"
    writes = ("update students", "insert into students", "insert into guardians",
              "delete from guardians", "insert into changes", "insert into blanked")  # fmt: skip
    assert any(one.startswith(writes) for one in asked)
    asked.clear()
    assert world.run()[0].state == "unchanged"
    assert asked
    assert not [one for one in asked if one.startswith(writes)]


def test_a_wiped_asset_has_no_history_at_once(world: World, instance: dg.DagsterInstance) -> None:
    world.run()
    key = dg.AssetKey(["samegoal", "students"])
    assert instance.fetch_materializations(key, limit=1).records
    instance.wipe_assets([key])
    assert not instance.fetch_materializations(key, limit=1).records


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
