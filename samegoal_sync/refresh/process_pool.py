"""Processes that do what a page asks for, apart from the portal's own."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from pebble import ProcessPool

#: Jobs after which a process is replaced, so that nothing it holds grows.
USES = 200


class Processes:
    """A pool of processes, made by the first job, and made anew when it has broken.

    pebble replaces a process that dies at its work, but gives up the whole pool when an idle one
    does, as the kernel ends one where memory runs out.

    Args:
        make: a pool that has started nothing yet.
    """

    def __init__(self, make: Callable[[], ProcessPool]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._closed = False
        self._given: WeakSet[Future[Any]] = WeakSet()

    def schedule(
        self, job: Callable[..., Any], *arguments: Any, timeout: float | None = None, **named: Any
    ) -> Future[Any]:
        """Have a job done; never twice, since only one that no process was given is tried again.

        Args:
            timeout: seconds of the job after which its process is ended.

        Returns:
            What it gives or raises; ``TimeoutError``, ``ProcessExpired`` when its process died,
            ``BrokenProcessPool`` when the pool did.

        Raises:
            RuntimeError: closed, or no process can be started.
        """
        with self._lock:
            try:
                future = self._working().schedule(job, arguments, named, timeout)
            except RuntimeError:
                if self._closed:
                    raise
                self._replace()
                future = self._working().schedule(job, arguments, named, timeout)
            self._given.add(future)
            return future

    def stop(self) -> None:
        """End all processes, whatever they do."""
        pool = self._close()
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def close(self) -> None:
        """End the processes when their jobs have ended."""
        pool = self._close()
        if pool is not None:
            pool.close()  # type: ignore[no-untyped-call]
            pool.join()

    def _close(self) -> ProcessPool | None:
        with self._lock:
            self._closed = True
            return self._pool

    def _working(self) -> ProcessPool:
        if self._closed:
            raise RuntimeError("the processes were ended")
        if self._pool is not None and not self._pool.active:
            self._replace()
        if self._pool is None:
            self._pool = self._make()
        return self._pool

    def _replace(self) -> None:
        """Let go of a broken pool: in a thread, since its own may be about to schedule a job."""
        broken, given = self._pool, list(self._given)
        self._pool, self._given = None, WeakSet()
        threading.Thread(target=_clear_away, args=[broken, given], daemon=True).start()


def process_pool(processes: int) -> ProcessPool:
    """A pool of so many, started by its first job.

    They are copies of a server process that has imported everything and done nothing: a copy of
    this process might hold a lock of its threads for ever, and importing in each takes seconds of a
    machine that has other work.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["samegoal_sync.refresh.refresh_student"])
    return ProcessPool(processes, USES, context=context)


def _clear_away(broken: ProcessPool | None, given: list[Future[Any]]) -> None:
    if broken is not None:
        broken.stop()  # type: ignore[no-untyped-call]
        broken.join()
    # A job that came as the pool broke is nobody's: whoever waits for it would do so for ever.
    for future in given:
        with suppress(InvalidStateError):
            future.set_exception(BrokenProcessPool("the processes ended"))
