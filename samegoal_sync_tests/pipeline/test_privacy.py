"""Nothing of a student, and no secret, reaches Dagster's storage, its tags or the terminal."""

from __future__ import annotations

import dagster as dg
import psycopg
import pytest

from samegoal_sync.pipeline.decision_sensor import decisions_on_held_nights
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.pipeline.resources import resources
from samegoal_sync.samegoal.publication.held_nights import approve
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW, RIDGEMONT = SLUGS


def _dagster_rows(database_url: str) -> str:
    """Everything in every table of Dagster's schema, as text."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'dagster'"
        ).fetchall()
        assert len(tables) > 10
        return "\n".join(
            str(row[0])
            for (table,) in tables
            for row in connection.execute(f'select t::text from dagster."{table}" t')
        )


def _known_values(world: World) -> set[str]:
    """Names, phones, e-mails and streets long enough to be told from ordinary words."""
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute(
            "select last_name || ', ' || first_name, address, date_of_birth::text "
            "from samegoal.students "
            "union all select last_name || ', ' || first_name, email, cell_phone "
            "from samegoal.guardians"
        ).fetchall()
        last_names = connection.execute(
            "select distinct last_name from samegoal.students where length(last_name) > 6"
        ).fetchall()
    values = {value for row in (*rows, *last_names) for value in row if value and len(value) > 6}
    assert len(values) > 100
    return values


def _decide_on_a_held_night(world: World) -> None:
    """A night is held, approved, and told to Dagster by the sensor, as the daemon does it."""
    whole = world.sandbox.tables(FAIRVIEW)["Student/Student"]
    world.sandbox.clear_faults(FAIRVIEW)
    world.sandbox.replace_table(FAIRVIEW, "Student/Student", whole.head(whole.height // 2))
    try:
        assert world.run()[0].state == "held"
    finally:
        world.sandbox.replace_table(FAIRVIEW, "Student/Student", whole)
    approve(world.database_url, FAIRVIEW, "ann")
    with dagster_instance(world.settings, world.database_url) as instance:
        with dg.build_sensor_context(resources=resources(), instance=instance) as context:
            result = decisions_on_held_nights(context)
        assert isinstance(result, dg.SensorResult)
        # Both published assets, and the check.
        assert {type(event).__name__ for event in result.asset_events} == {
            "AssetMaterialization",
            "AssetCheckEvaluation",
        }
        for event in result.asset_events:
            instance.report_runless_asset_event(event)


def test_no_secret_and_no_students_value_in_dagster(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.run(FAIRVIEW, RIDGEMONT)
    world.sandbox.fault(FAIRVIEW, "broken_json", count=None, path="Demographics/Name")
    world.sandbox.generate_secret(RIDGEMONT, "samegoal-demographics")
    world.run(FAIRVIEW, RIDGEMONT)
    _decide_on_a_held_night(world)
    printed = capfd.readouterr()
    kept = _dagster_rows(world.database_url) + printed.out + printed.err
    assert FAIRVIEW in kept
    assert "was approved" in kept
    for secret in world.secrets.values():
        assert secret not in kept
    found = {value for value in _known_values(world) if value in kept}
    assert not found


def test_stored_frames_are_readable_by_their_owner_alone(world: World) -> None:
    world.run()
    paths = list(world.settings.storage.rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
