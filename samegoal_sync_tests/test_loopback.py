"""Loopback addresses are accepted while a sandbox runs, and not a moment longer."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from samegoal_sync.loopback import (
    SANDBOX_FOLDER,
    sandbox_marked_in,
    sandbox_runs_in,
    sandboxes_in,
)
from samegoal_sync.settings import Settings

_MARKS = """
import sys, time
from pathlib import Path
from samegoal_sync.loopback import sandbox_marked_in
with sandbox_marked_in(Path(sys.argv[1]), 8900):
    print("marked", flush=True)
    time.sleep(60)
"""


def _allowed(home: Path) -> bool:
    return Settings.from_environment({"DAGSTER_HOME": str(home)}).allow_loopback


def test_a_folder_that_a_sandbox_left_behind_allows_nothing(tmp_path: Path) -> None:
    (tmp_path / SANDBOX_FOLDER).mkdir()
    (tmp_path / SANDBOX_FOLDER / "fairview-isd.json").write_text("{}")
    assert not _allowed(tmp_path)


def test_loopback_is_allowed_as_long_as_one_of_the_homes_sandboxes_runs(tmp_path: Path) -> None:
    with sandbox_marked_in(tmp_path, 8900):
        with sandbox_marked_in(tmp_path, 8901):
            assert _allowed(tmp_path)
        assert _allowed(tmp_path)
        assert not _allowed(tmp_path.parent)
    assert not _allowed(tmp_path)


def test_a_killed_sandbox_allows_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _MARKS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "marked\n"
        assert sandbox_runs_in(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert list((tmp_path / SANDBOX_FOLDER).iterdir())  # the mark itself stays behind
    assert not sandbox_runs_in(tmp_path)


def test_the_running_sandboxes_of_the_home_are_found_by_their_addresses(tmp_path: Path) -> None:
    assert sandboxes_in(tmp_path) == []
    with sandbox_marked_in(tmp_path, 8931), sandbox_marked_in(tmp_path, 8932):
        assert sandboxes_in(tmp_path) == ["http://127.0.0.1:8931", "http://127.0.0.1:8932"]
    assert sandboxes_in(tmp_path) == []
