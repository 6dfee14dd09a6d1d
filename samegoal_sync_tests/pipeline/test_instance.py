"""Dagster's instance: dagster.yaml as Dagster really takes it, touched where it is lazy."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from samegoal_sync.errors import SettingError
from samegoal_sync.pipeline.instance import (
    dagster_database_url,
    dagster_instance,
    pipeline_environment,
)
from samegoal_sync_tests.pipeline.conftest import World


def test_every_lazily_loaded_part_of_dagster_yaml_loads(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    assert isinstance(instance.compute_log_manager, NoOpComputeLogManager)
    assert type(instance.run_launcher).__name__ == "DefaultRunLauncher"
    limits = {
        limit["key"]: limit["limit"]
        for limit in instance.get_concurrency_config().run_queue_config.tag_concurrency_limits
    }
    assert limits["dagster/partition"] == 1
    assert limits["host"] >= 1
    assert not instance.telemetry_enabled
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_runtime_seconds > 0


def test_the_address_names_psycopg2_and_dagsters_own_schema() -> None:
    url = dagster_database_url("postgresql://u:p%40ss@h:5432/d?sslmode=require")
    assert url.startswith("postgresql+psycopg2://u:p%40ss@h:5432/d?sslmode=require&")
    assert "options=-csearch_path%3Ddagster" in url


def test_the_address_keeps_a_unix_socket() -> None:
    url = dagster_database_url("postgresql://postgres:@/samegoal?host=/tmp/x/postgres")
    assert "host=%2Ftmp%2Fx%2Fpostgres" in url or "host=/tmp/x/postgres" in url


def test_the_environment_holds_no_secret_key(world: World) -> None:
    environment = pipeline_environment(world.settings, world.database_url)
    assert "SAMEGOAL_SYNC_SECRET_KEY" not in environment
    assert environment["DAGSTER_HOME"] == str(world.settings.home)
    assert (world.settings.home / "dagster.yaml").exists()


def test_a_broken_dagster_yaml_is_reported_in_one_line(world: World) -> None:
    world.settings.home.mkdir(exist_ok=True)
    (world.settings.home / "dagster.yaml").write_text("storage: [")
    with pytest.raises(SettingError, match=r"dagster\.yaml"), _opened(world):
        pass


def test_a_wrong_key_in_dagster_yaml_is_reported_in_one_line(world: World) -> None:
    world.settings.home.mkdir(exist_ok=True)
    (world.settings.home / "dagster.yaml").write_text("no_such_key: 1")
    with pytest.raises(SettingError, match=r"dagster\.yaml"), _opened(world):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_reported(world: World, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(SettingError, match="can't be used"):
        pipeline_environment(replace(world.settings, home=closed / "home"), world.database_url)


def _opened(world: World):  # type: ignore[no-untyped-def]
    return dagster_instance(world.settings, world.database_url)
