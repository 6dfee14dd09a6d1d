"""Programs that a command starts: their logs stay short, and their end is an error."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from samegoal_sync.commands.child_programs import keep_short, running_program, wait_for_end
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
