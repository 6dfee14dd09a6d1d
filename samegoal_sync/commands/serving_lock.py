"""One ``demo`` or ``dev`` a home: a second one would serve the same districts otherwise.

A lock that the system gives back even from a killed process, so nothing is refused for longer than
the first one lives.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from samegoal_sync.errors import SettingError, UsageError
from samegoal_sync.settings import HOME_VARIABLE

_FILE = "serving.lock"


@dataclass(frozen=True)
class Serving:
    """Who serves a home: the command, its process and the portal's address, if it has one."""

    command: str
    pid: int
    portal: str | None

    @property
    def where(self) -> str:
        """How a person finds it."""
        return f"pid {self.pid}, portal {self.portal}" if self.portal else f"pid {self.pid}"


def serving_in(home: Path) -> Serving | None:
    """Who serves this home now."""
    try:
        descriptor = os.open(home / _FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _serving_of(lock.read())
    return None


@contextmanager
def serving_alone(home: Path, command: str, portal: str | None) -> Iterator[None]:
    """While the block runs, this process serves the home.

    Raises:
        UsageError: another one does.
        SettingError: the home can't be used.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(home / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingError(
            f"{home} can't be used ({os.strerror(error.errno or 0)})",
            hint=f"give this user the folder, or set {HOME_VARIABLE} to another",
        ) from None
    with os.fdopen(descriptor, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            first = _serving_of(lock.read())
            raise UsageError(
                f"a {first.command} already runs on this home ({first.where})",
                hint="press Ctrl-C in its terminal first, or give this one a home of its own: "
                f"{HOME_VARIABLE}=$PWD/.local/second samegoal-sync {command}",
            ) from None
        lock.truncate()
        json.dump(asdict(Serving(command, os.getpid(), portal)), lock)
        lock.flush()
        yield


def _serving_of(text: str) -> Serving:
    try:
        return Serving(**json.loads(text))
    except (ValueError, TypeError):  # looked at between the lock and its words
        return Serving("demo or dev", 0, None)
