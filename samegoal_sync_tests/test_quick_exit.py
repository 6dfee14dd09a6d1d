"""A program leaves when its work is done, and Python takes nothing apart first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import os, sys
from samegoal_sync.quick_exit import run_and_leave

class TakenApart:
    def __del__(self):
        os.write(1, b"taken apart\\n")

kept = TakenApart()

def main():
    import atexit, threading, time
    atexit.register(print, "at exit")
    threading.Thread(target=lambda: (time.sleep(0.3), print("thread is through"))).start()
    print("done")
    {ending}

run_and_leave(main)
"""


@pytest.mark.parametrize(
    ("ending", "status", "expected"),
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no such file')", 1, "no such file"),
        ("raise ValueError('wrong')", 1, "ValueError: wrong"),
    ],
)
def test_all_that_waits_for_the_end_is_done_and_nothing_taken_apart(
    ending: str, status: int, expected: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM.replace("{ending}", ending)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["done", "thread is through", "at exit"]
    assert ran.returncode == status
    assert expected in ran.stderr


def test_output_that_nobody_reads_any_more_keeps_no_program() -> None:
    program = (
        "import sys; from samegoal_sync.quick_exit import run_and_leave; "
        "run_and_leave(lambda: (sys.stdin.read(), print('late')))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as left:  # fmt: skip
        assert left.stdout is not None
        left.stdout.close()
        assert left.communicate("", timeout=60)[1] == ""
    assert left.returncode == 0
