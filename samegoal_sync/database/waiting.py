"""Waiting for a Postgres that is gone, where the work at hand is worth it.

A server that is restarted, or moves to another machine, is away for seconds or minutes. A command
or a page says so at once; an import that has read for an hour waits, and goes on where it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from samegoal_sync.database.faults import server_went
from samegoal_sync.errors import DatabaseUnreachable, SyncError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass
class _Patience:
    """How long this process waits, and since when.

    Attributes:
        until: when it is over (monotonic); ``None`` while the server answers. All who ask share
            it: whoever comes after it asks once.
    """

    seconds: float
    is_stopped: Callable[[], bool]
    until: float | None = None

    def lasts(self, error: DatabaseUnreachable) -> bool:
        if self.until is None:
            self.until = time.monotonic() + self.seconds
            if self.seconds:
                _log.warning("%s; it is waited for, up to %.0f s", error.what, self.seconds)
        return time.monotonic() < self.until and not self.is_stopped()


_patience: _Patience | None = None


@contextmanager
def waiting_for_postgres(
    seconds: float, is_stopped: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """While the block runs, connections of this process wait for a server that is gone.

    Args:
        seconds: in all, from when it was first missed until it answers again.
        is_stopped: whether somebody wants this process to end.
    """
    global _patience
    before, _patience = _patience, _Patience(seconds, is_stopped)
    try:
        yield
    finally:
        _patience = before


def once_it_answers(connect: Callable[[], _T], seconds: float = 0.0) -> _T:
    """What ``connect`` gives, called again while it is worth waiting.

    Args:
        seconds: how long this call waits where the process has said nothing.

    Raises:
        DatabaseUnreachable: of the last call.
    """
    pause, patience = _FIRST_PAUSE, _patience or _Patience(seconds, lambda: False)
    while True:
        try:
            made = connect()
        except DatabaseUnreachable as error:
            if not patience.lasts(error):
                raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            patience.until = None
            return made


def again_if_server_went(work: Callable[[], _T]) -> _T:
    """What ``work`` gives; done once more if Postgres went away in its midst.

    Args:
        work: connects anew each time, and may be done twice: of what was committed the answer
            alone may be lost.
    """
    try:
        return work()
    except (psycopg.OperationalError, SyncError) as error:
        if not went_with(error):
            raise
    return work()


def went_with(error: BaseException) -> bool:
    """Whether the error tells that Postgres went away in the middle of a statement."""
    if isinstance(error, psycopg.OperationalError):
        return server_went(error.sqlstate)
    return bool(getattr(error, "server_went", False))
