"""One demo or dev a home, and nothing of it left behind: real commands, killed for good."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from samegoal_sync.commands.serving_lock import serving_in
from samegoal_sync_tests.commands.command_line import (
    free_ports,
    interrupt,
    left_by,
    new_home,
    run,
    started,
    wait_for_text,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


def _ports() -> tuple[str, ...]:
    port, portal_port = map(str, free_ports(2))
    return "--port", port, "--portal-port", portal_port


def test_a_second_one_is_refused_and_a_killed_one_leaves_nothing(home: Path) -> None:
    ports = _ports()
    portal = f"http://127.0.0.1:{ports[-1]}"
    with started(home, "dev", *ports) as (process, output):
        wait_for_text(process, output, "Ctrl-C stops everything")
        for command in ("demo", "dev"):
            second = run(home, command, *_ports())
            assert second.returncode == 2
            assert f"a dev already runs on this home (pid {process.pid}, portal {portal})" in (
                second.stderr
            )
            assert "DAGSTER_HOME=" in second.stderr
        process.kill()
        process.wait(timeout=10)
        assert serving_in(home) is None
        deadline = time.monotonic() + 40
        while (left := _programs_of(home)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left == []
        # Postgres alone outlives it: the next command, or this one, ends it.
        assert "Postgres is stopped" in run(home, "stop").stderr
        assert left_by(home) == []


def test_postgres_that_is_lost_is_started_again_and_ctrl_c_ends_well(home: Path) -> None:
    ports = _ports()
    with started(home, "dev", *ports) as (process, output):
        said = wait_for_text(process, output, "Ctrl-C stops everything")
        assert said.index("starting the Dagster UI") < said.index("Dagster UI  http")
        refused = run(home, "stop")
        assert refused.returncode == 2
        assert f"a dev runs on this Postgres (pid {process.pid}" in refused.stderr
        postmaster = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_for_text(process, output, "Postgres had ended and is started again.")
        ready = f"http://127.0.0.1:{ports[-1]}/readyz"
        deadline = time.monotonic() + 20
        while (status := requests.get(ready, timeout=30).status_code) != 200:
            assert time.monotonic() < deadline, status
            time.sleep(0.5)
        assert interrupt(process) == 0
    assert output.read_text().count("started again") == 1
    assert left_by(home) == []


def _programs_of(home: Path) -> list[str]:
    """What runs for the home but its Postgres."""
    words = [" ".join(one.cmdline()) for one in left_by(home)]
    return [one for one in words if "bin/postgres" not in one and not one.startswith("postgres:")]
