"""What one run leaves in Dagster's storage: bounded, for 3,000 districts leave it every night."""

from __future__ import annotations

import psycopg

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
    assert sum(number for _, number, _ in kinds) <= 90, kinds
    assert sum(size for _, _, size in kinds) <= 135_000, kinds
