"""Nothing of a student, and no secret, reaches Dagster's storage, its tags or the terminal."""

from __future__ import annotations

import psycopg
import pytest

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


def test_no_secret_and_no_students_value_in_dagster(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.run(FAIRVIEW, RIDGEMONT)
    world.sandbox.fault(FAIRVIEW, "broken_json", count=None, path="Demographics/Name")
    world.sandbox.generate_secret(RIDGEMONT, "samegoal-demographics")
    world.run(FAIRVIEW, RIDGEMONT)
    printed = capfd.readouterr()
    kept = _dagster_rows(world.database_url) + printed.out + printed.err
    assert FAIRVIEW in kept
    for secret in world.secrets.values():
        assert secret not in kept
    found = {value for value in _known_values(world) if value in kept}
    assert not found


def test_stored_frames_are_readable_by_their_owner_alone(world: World) -> None:
    world.run()
    paths = list(world.settings.storage.rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
