"""``samegoal-sync sync`` stopped half-way: the run is canceled, recorded, and nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import dagster as dg
import psycopg
import pytest

from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]


def _sync(world: World) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "samegoal_sync.cli", "sync", FAIRVIEW],
        env={**os.environ, **pipeline_environment(world.settings, world.database_url)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _wait_for_a_read(world: World, calls: int) -> None:
    deadline = time.monotonic() + 60
    while len(world.sandbox.log(FAIRVIEW)) <= calls:
        assert time.monotonic() < deadline, "the sync read nothing"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("pressed", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_sync_is_canceled_and_reported(
    world: World, instance: dg.DagsterInstance, pressed: signal.Signals
) -> None:
    world.run()
    before, calls = world.published(), len(world.sandbox.log(FAIRVIEW))
    world.sandbox.fault(FAIRVIEW, "silent", count=None, seconds=20, path="Student/Student")
    command = _sync(world)
    try:
        _wait_for_a_read(world, calls + 2)
        command.send_signal(pressed)
        said, _ = command.communicate(timeout=60)
    finally:
        command.kill()
    assert command.returncode == 130, said
    assert "Traceback" not in said
    assert world.published() == before
    run = instance.get_runs(limit=1)[0]
    assert run.status is dg.DagsterRunStatus.CANCELED
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute(
            "select state, message, hint from samegoal.syncs where run_id = %s", (run.run_id,)
        ).fetchone()
    assert row is not None
    state, message, hint = row
    assert state == "failed"
    assert "stopped by hand" in message
    assert f"samegoal-sync sync {FAIRVIEW}" in hint
