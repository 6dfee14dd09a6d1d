"""Runs the refreshes of the queue outside of web requests, each in a process that can be ended.

A thread can't be stopped: a name server that does not answer, a lock that is held or an answer that
takes long to parse would keep one for ever. A process can, and it neither shares the portal's
memory nor its interpreter. Publication is one transaction, so being ended at any point is safe.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, TimeoutError
from functools import partial
from typing import TYPE_CHECKING, Any

from samegoal_sync.database import connect
from samegoal_sync.errors import Actor, SyncError
from samegoal_sync.refresh.process_pool import Processes, process_pool
from samegoal_sync.refresh.refresh_queue import AT_ONCE, SECONDS, end, take_next

if TYPE_CHECKING:
    from uuid import UUID

    from samegoal_sync.settings import Settings

_log = logging.getLogger(__name__)

Failure = tuple[str, str, str]

TIMED_OUT: Failure = (
    f"Reading this student took longer than {SECONDS} seconds and was stopped",
    "What was published stays. Try again in some minutes; if it comes again, ask whether Qmlativ "
    "is slow or down.",
    Actor.DISTRICT.value,
)
_DIED: Failure = (
    "Reading this student ended in a fault of SameGoal's",
    "What was published stays. Try again; if it comes again, tell SameGoal the time and the page.",
    Actor.TECHNICAL_TEAM.value,
)


class RefreshJobs:
    """The processes, made by ``start`` or the first refresh; ``wake`` lets them take what waits.

    Args:
        database_url: the owner's address, for the processes alone.
        portal_url: the portal's own, for the queue.
    """

    def __init__(self, settings: Settings, database_url: str, portal_url: str) -> None:
        self._settings, self._owner, self._url = settings, database_url, portal_url
        #: Taken again by the same thread where a refresh has ended before its end is listened for.
        self._lock = threading.RLock()
        self._processes = Processes(partial(process_pool, AT_ONCE))
        self._closed = False

    def wake(self) -> None:
        """Begin as many refreshes as may run now."""
        with self._lock:
            if self._closed:
                return
            while (asked := take_next(self._url)) is not None:
                job = self._processes.schedule(
                    _refresh, self._settings, self._owner, asked.district, asked.portal_id,
                    timeout=SECONDS,
                )  # fmt: skip
                job.add_done_callback(partial(self._ended, asked.id))

    def start(self) -> None:
        """Start the processes, so that the first person to click does not wait for them."""
        self._processes.schedule(_nothing)

    def close(self) -> None:
        """End all processes; a refresh that runs leaves what is published as it was."""
        with self._lock:
            self._closed = True
        self._processes.stop()  # not under the lock: a refresh that ends just now wants it

    def _ended(self, id_: int, job: Future[Any]) -> None:
        if self._closed:
            return
        try:
            end(self._url, id_, _failure(job))
            self.wake()
        except SyncError as error:  # Postgres is away: the row is out of the way by its age
            _log.error("a refresh's end could not be kept: %s", error.what)


def _failure(job: Future[Any]) -> Failure | None:
    """Why a job failed; of an unforeseen error only its type reaches the log."""
    try:
        failure: Failure | None = job.result()
    except TimeoutError:
        return TIMED_OUT
    except Exception as error:
        _log.error("a refresh ended by %s", type(error).__name__)
        return _DIED
    return failure


def _nothing() -> None:
    """What a process does that is only to be there."""


def _refresh(settings: Settings, database_url: str, slug: str, portal_id: UUID) -> Failure | None:
    """In the process: errors come back as words, since not every exception can be sent."""
    from samegoal_sync.refresh.refresh_student import refresh_student  # slow to import

    try:
        with connect(database_url) as connection:
            student = connection.execute(
                "select student_id from students where portal_id = %s", (portal_id,)
            ).fetchone()
        if student is not None:  # else it was erased since it was asked for
            refresh_student(settings, database_url, slug, student[0])
    except SyncError as error:
        return error.what, error.hint, error.actor.value
    return None
