"""What only the tables' owner may do, done in processes apart from the one that answers the web.

The portal's own login (``database/portal_login.py``) owns nothing. Publishing or discarding a held
night, erasing, merging, and looking at a client secret are done as the owner: each as one function
that is named here in the code, never as a statement that a page puts together.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError
from contextlib import contextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from samegoal_sync.errors import SyncError
from samegoal_sync.portal.errors import ChangeUnderWay, Unexpected
from samegoal_sync.portal.faults import fault_in_words
from samegoal_sync.refresh.process_pool import Processes, process_pool

#: Decisions on held nights at once, and other changes; each may wait for an import of its district.
DECISIONS_AT_ONCE, CHANGES_AT_ONCE = 3, 2
#: So two are left for what waits for nothing.
_PROCESSES = DECISIONS_AT_ONCE + CHANGES_AT_ONCE + 2
#: How long a change waits for others of its district, and for those of all.
TURN_SECONDS = 20.0

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class OwnerJobs:
    """The processes, made by ``start`` or the first job.

    Args:
        database_url: the owner's address; no connection of this process is made with it.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        #: Whether a job has ever ended: the processes are there, and the owner gets in.
        self.answered = False
        self._lock = threading.Lock()
        self._processes = Processes(partial(process_pool, _PROCESSES))
        self._changes = threading.BoundedSemaphore(CHANGES_AT_ONCE)
        self._of_district: dict[str, threading.Lock] = {}

    def run(
        self, job: Callable[Concatenate[str, P], T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """What the job gives; the owner's address is put before its arguments.

        Raises:
            SyncError: what the job says.
            Unexpected: anything else; type and place reach the log.
        """
        return cast(T, self._result(None, job, arguments, named))

    def change(
        self,
        slug: str,
        job: Callable[Concatenate[str, str, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> T:
        """What a job gives that takes the district's lock; one of a district at once.

        An import may keep the lock for minutes: however often somebody clicks meanwhile, processes
        stay free for others.

        Raises:
            ChangeUnderWay: others of the district, or of all, took too long.
            SyncError, Unexpected: as ``run``.
        """
        with self._lock:
            turn = self._of_district.setdefault(slug, threading.Lock())
        with _taken(turn), _taken(self._changes):
            return cast(T, self._result(None, job, (slug, *arguments), named))

    def run_within(
        self, seconds: float, job: Callable[Concatenate[str, P], T],
        *arguments: P.args, **named: P.kwargs,
    ) -> T:  # fmt: skip
        """The same, given up after some seconds.

        Raises:
            TimeoutError: it was.
        """
        return cast(T, self._result(seconds, job, arguments, named))

    def start(self) -> None:
        """Start the processes, so that the first person does not wait for them."""
        self._processes.schedule(_nothing)

    def close(self) -> None:
        """End the processes when their jobs have ended."""
        self._processes.close()

    def _result(self, seconds: float | None, job: Any, arguments: Any, named: Any) -> Any:
        future = self._processes.schedule(partial(_done, job, self._url, *arguments, **named))
        try:
            result = future.result(timeout=seconds)
        except TimeoutError:
            future.cancel()
            raise
        except SyncError:
            raise
        except Exception as error:  # of the job, or its process was ended
            _log.error("%s", error if isinstance(error, _Fault) else fault_in_words(error))
            raise Unexpected from None
        self.answered = True
        return result


@contextmanager
def _taken(turn: threading.Lock | threading.Semaphore) -> Iterator[None]:
    if not turn.acquire(timeout=TURN_SECONDS):
        raise ChangeUnderWay
    try:
        yield
    finally:
        turn.release()


class _Fault(Exception):  # noqa: N818 (it is the fault)
    """An unforeseen error of a job, in words without a value."""


def _done(job: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """In the process: no text of an unforeseen error leaves it."""
    try:
        return job(*arguments, **named)
    except SyncError:
        raise
    except Exception as error:
        raise _Fault(fault_in_words(error)) from None


def _nothing() -> None:
    """What a process does that is only to be there."""
