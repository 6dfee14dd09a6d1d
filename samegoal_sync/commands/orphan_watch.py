"""``python -m samegoal_sync.commands.orphan_watch``: ends programs whose command was killed.

A command that is killed outright (``kill -9``, out of memory) can end nothing any more. The system
closes its end of this program's standard input, whichever way it goes: that is the sign. On Linux
alone the kernel would kill a child with its parent, but not the child's own children.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]

GRACE_SECONDS = 15.0


def end_group(group: int, lives: Callable[[], bool]) -> bool:
    """Ask a process group to end, then kill it; whether it is gone.

    Args:
        lives: whether one of the group is left.
    """
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not lives():
                return True
            time.sleep(0.1)
    return False


def group_lives(group: int) -> bool:
    """Whether a process of the group is left.

    One that has ended and waits to be reaped is gone: the first process of a container, which
    inherits it, may take its time for that.
    """
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return any(_runs_in(group, one) for one in psutil.process_iter())


def _runs_in(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.NoSuchProcess):
        return False


@contextmanager
def watched_for_orphans() -> Iterator[Callable[[int], None]]:
    """Yield a function that names the process group to end should this process be killed.

    The watcher is started first, so that there is no moment without it.
    """
    watcher = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends the command's own group must not end it first
    )
    assert watcher.stdin is not None

    def name(group: int) -> None:
        assert watcher.stdin is not None
        watcher.stdin.write(f"{group}\n".encode())
        watcher.stdin.flush()

    try:
        yield name
    finally:
        # Before its input is closed: the group's number may be another's by now.
        watcher.kill()
        watcher.wait()
        watcher.stdin.close()


def main() -> None:
    """Read the group's number, wait for the end of the input, end the group."""
    named = sys.stdin.read().split()
    for group in map(int, named):
        end_group(group, lambda group=group: group_lives(group))  # type: ignore[misc]


if __name__ == "__main__":
    main()
