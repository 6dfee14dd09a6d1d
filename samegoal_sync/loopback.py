"""Whether a sandbox runs for a home, and where: only while it does is http accepted there.

A running sandbox holds a lock on a file of its own in ``{home}/sandbox``, which says its address.
The system gives the lock back even from a killed process, so nothing is allowed for longer than
the sandbox lives; that the folder exists says nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Folder in a home where sandboxes leave their marks and the demo's keeps what outlives it.
SANDBOX_FOLDER = "sandbox"
_MARK = "running-*.lock"


def sandbox_runs_in(home: Path) -> bool:
    """Whether a sandbox of this home runs now.

    Raises:
        PermissionError: the home is closed to this user.
    """
    return bool(sandboxes_in(home))


def sandboxes_in(home: Path) -> list[str]:
    """Where the running sandboxes of this home are served, each ``http://127.0.0.1:PORT``.

    Raises:
        PermissionError: the home is closed to this user.
    """
    folder = home / SANDBOX_FOLDER
    marks = folder.glob(_MARK) if folder.is_dir() else []
    return sorted(mark.read_text() for mark in marks if _is_held(mark))


@contextmanager
def sandbox_marked_in(home: Path, port: int) -> Iterator[None]:
    """While the block runs, a sandbox runs for this home on this port of the loopback."""
    folder = home / SANDBOX_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _MARK.replace("*", f"{os.getpid()}-{os.urandom(4).hex()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"http://127.0.0.1:{port}".encode())
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _is_held(mark: Path) -> bool:
    """Whether whoever made the mark still lives."""
    try:
        descriptor = os.open(mark, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
