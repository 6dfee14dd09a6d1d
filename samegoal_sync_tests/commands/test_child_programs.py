"""Programs that a command starts: their logs stay short, and their end is an error."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from samegoal_sync.commands.child_programs import keep_short, running_program, wait_for_end
from samegoal_sync.commands.orphan_watch import group_lives
from samegoal_sync.errors import SyncError

_TALKER = "import time, sys\nwhile True:\n    print('x' * 99, flush=True); time.sleep(0.001)"


def test_a_log_is_cut_while_its_program_goes_on_writing(tmp_path: Path) -> None:
    log = tmp_path / "output" / "dagster.log"
    longest = 0
    with running_program(("-c", _TALKER), {}, log):
        for _ in range(30):
            time.sleep(0.1)
            keep_short(log, most=20_000)
            longest = max(longest, log.stat().st_size)
    before = log.with_suffix(".1.log")
    assert longest < 60_000
    assert before.stat().st_size > 20_000
    assert set(log.read_text().splitlines()) <= {"x" * 99}  # no hole where it was emptied
    for written in (log, before):
        assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_program_that_ends_by_itself_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "portal.log"
    with (
        running_program(("-c", "raise SystemExit(3)"), {}, log) as program,
        pytest.raises(SyncError, match="Portal ended with status 3") as caught,
    ):
        wait_for_end({"Portal": (program, log)})
    assert str(log) in caught.value.hint


def test_a_log_keeps_what_was_written_before_a_start(tmp_path: Path) -> None:
    log = tmp_path / "portal.log"
    for word in ("first", "second"):
        with running_program(("-c", f"print('{word}', flush=True)"), {}, log) as program:
            program.wait(timeout=30)
    assert log.read_text().splitlines() == ["first", "second"]


_COMMAND = """
import sys
from pathlib import Path
from samegoal_sync.commands.child_programs import running_program
child = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
grandchild = "import os, time; print(os.getppid(), os.getpid(), flush=True); time.sleep(300)"
with running_program(("-c", child, grandchild), {}, Path(sys.argv[1])) as program:
    program.wait()
"""


def test_what_a_killed_command_had_started_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    with subprocess.Popen([sys.executable, "-c", _COMMAND, str(log)]) as command:
        started = [psutil.Process(int(pid)) for pid in _words_of(log, 2)]
        watchers = [one for one in psutil.Process(command.pid).children() if one not in started]
        command.kill()
        command.wait(timeout=10)
        _, left = psutil.wait_procs([*started, *watchers], timeout=30)
    for one in left:
        one.kill()
    assert left == []


def test_nothing_watches_after_a_program_has_ended(tmp_path: Path) -> None:
    before = psutil.Process().children(recursive=True)
    with running_program(("-c", "import time; time.sleep(300)"), {}, tmp_path / "child.log"):
        assert len(psutil.Process().children(recursive=True)) == len(before) + 2
    assert psutil.Process().children(recursive=True) == before


def test_a_program_that_has_ended_is_gone_though_nobody_has_reaped_it() -> None:
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as program:
        assert group_lives(program.pid)
        program.kill()
        # Waits for the end and leaves the ended process as it is.
        os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
        assert not group_lives(program.pid)


def _words_of(file: Path, count: int) -> list[str]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if file.exists() and len(words := file.read_text().split()) >= count:
            return words
        time.sleep(0.05)
    raise AssertionError(f"{file} holds no {count} words")
