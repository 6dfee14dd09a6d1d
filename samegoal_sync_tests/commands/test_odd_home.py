"""A home whose path holds a blank and a percent sign: every command works in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from samegoal_sync.commands.demo import demo_districts
from samegoal_sync.loopback import SANDBOX_FOLDER, sandbox_marked_in
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.sandbox import running_sandbox
from samegoal_sync_tests.commands.command_line import (
    environment_of,
    free_ports,
    left_by,
    new_home,
    run,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with new_home() as parent:
        home = parent.parent / "the home%20of dagster" / "a%b c"
        home.mkdir(parents=True, mode=0o755)
        home.parent.chmod(0o755)
        yield home


@pytest.fixture(scope="module")
def port() -> str:
    return str(free_ports(1)[0])


def test_the_demo_imports(home: Path, port: str) -> None:
    ended = run(home, "demo", "--once", "--sandbox-port", port)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert [row[1] for row in rows if len(row) == 11] == ["published"] * 3
    assert left_by(home) == []


def test_status_and_backup(home: Path) -> None:
    status = run(home, "status", "--json")
    assert status.returncode == 0, status.stderr
    assert '"fairview-isd"' in status.stdout
    file = home.parent / "a back%20up.zip"
    backup = run(home, "backup", str(file))
    assert backup.returncode == 0, backup.stderr
    assert file.stat().st_size > 10_000
    assert left_by(home) == []


def test_sync_and_dagsters_own_commands(home: Path, port: str) -> None:
    python = sys.executable
    script = f"""
        set -e
        eval "$('{python}' -m samegoal_sync.cli env)"
        '{python}' -m samegoal_sync.cli sync fairview-isd
        '{python}' -m dagster instance info
        '{python}' -m dagster run list --limit 1
        '{python}' -m dagster definitions validate -m samegoal_sync.definitions
        '{python}' -m dagster asset materialize -m samegoal_sync.definitions \\
            --select student_demographics,guardian_demographics --partition fairview-isd
        '{python}' -m samegoal_sync.cli stop
    """
    with (
        running_sandbox(demo_districts(), int(port), state_folder=home / SANDBOX_FOLDER),
        sandbox_marked_in(home, int(port)),
    ):
        ended = subprocess.run(
            ["sh", "-c", script], env=environment_of(home), cwd=CHECKOUT, capture_output=True,
            text=True, check=False, timeout=240,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "fairview-isd: unchanged after" in ended.stderr
    assert f"$DAGSTER_HOME: {home}" in ended.stdout
    assert "import_district" in ended.stdout
    assert "RUN_SUCCESS" in ended.stderr
    assert left_by(home) == []
