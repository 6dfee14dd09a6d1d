"""Six weeks of 50 districts on a fake clock: what Dagster keeps stops growing, and says what is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest

from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.pipeline.pruning import KEPT, prune_runs
from samegoal_sync_tests.pipeline.test_pruning import _night, _published

_DISTRICTS = [f"district-{number}" for number in range(50)]
_NIGHTS = KEPT.days + 12
_GROWING = ("runs", "run_tags", "event_logs", "asset_event_tags", "asset_check_executions")


@pytest.fixture
def instance(registry: Registry) -> Iterator[dg.DagsterInstance]:
    with dagster_instance(registry.settings, registry.database_url) as opened:
        opened.add_dynamic_partitions("district", _DISTRICTS)
        yield opened


def _copy(
    connection: psycopg.Connection[tuple[object, ...]], run: str, slugs: list[str], at: datetime
) -> None:
    """A night of these districts, as one real run left it: its rows, renamed and later."""
    moment = at.replace(tzinfo=None)
    named = {"run": run, "slugs": slugs, "at": moment, "night": f"{at:%Y%m%d}"}
    changed = {
        "runs": "'create_timestamp', %(at)s::timestamp, 'update_timestamp', %(at)s::timestamp",
        "run_tags": "'run_id', %(night)s || slug",
        "event_logs": "'timestamp', %(at)s::timestamp",
        "asset_check_executions": "'create_timestamp', %(at)s::timestamp",
    }
    for table, fields in changed.items():
        connection.execute(
            f"""
            insert into dagster.{table} select (jsonb_populate_record(null::dagster.{table},
                to_jsonb(was) || jsonb_build_object('run_id', %(night)s || slug, {fields},
                    'id', nextval(pg_get_serial_sequence('dagster.{table}', 'id')))
                || case when to_jsonb(was)->>'partition' is null then '{{}}'
                    else jsonb_build_object('partition', slug) end)).*
            from dagster.{table} was, unnest(%(slugs)s::text[]) slug where was.run_id = %(run)s
            """,
            named,
        )
    connection.execute(
        """
        insert into dagster.asset_event_tags (event_id, asset_key, key, value, event_timestamp)
        select e.id, t.asset_key, t.key, t.value, e.timestamp
        from dagster.event_logs e, dagster.asset_event_tags t
        where e.run_id like %(night)s || '%%' and e.dagster_event_type = 'ASSET_MATERIALIZATION'
            and t.event_id in (select id from dagster.event_logs where run_id = %(run)s)
        """,
        named,
    )


@pytest.mark.slow
def test_what_is_kept_stops_growing_and_each_district_keeps_its_latest(
    instance: dg.DagsterInstance, registry: Registry
) -> None:
    first = datetime.now(UTC)
    run = _night(instance, _DISTRICTS[0])
    kept: list[tuple[int, ...]] = []
    with psycopg.connect(registry.database_url, autocommit=True) as connection:
        # What is copied must not grow old itself.
        for table, field in (
            ("runs", "update_timestamp"),
            ("asset_check_executions", "create_timestamp"),
        ):
            connection.execute(f"update dagster.{table} set {field} = '2100-01-01'")
        silent, removed = _DISTRICTS[1], _DISTRICTS[2]
        for night in range(1, _NIGHTS + 1):
            imported = [slug for slug in _DISTRICTS if slug != silent or night <= 3]
            _copy(connection, run, imported, first + timedelta(days=night))
            if night == 5:
                instance.delete_dynamic_partition("district", removed)
            prune_runs(instance, first + timedelta(days=night, minutes=1))
            kept.append(
                tuple(
                    connection.execute(f"select count(*) from dagster.{table}").fetchone()[0]  # type: ignore[index, misc]
                    for table in _GROWING
                )
            )
    assert all(counted > 0 for counted in kept[0])
    assert kept[KEPT.days + 2] == kept[-1]  # no row more, a week and more later
    assert instance.get_materialized_partitions(_published.key) >= set(_DISTRICTS) - {removed}
