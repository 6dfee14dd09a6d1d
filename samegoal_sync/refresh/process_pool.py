"""Processes that do what a page asks for, apart from the portal's own."""

from __future__ import annotations

import multiprocessing

from pebble import ProcessPool

#: Jobs after which a process is replaced, so that nothing it holds grows.
_USES = 200


def process_pool(processes: int) -> ProcessPool:
    """A pool of so many, started by its first job.

    They are copies of a server process that has imported everything and done nothing: a copy of
    this process might hold a lock of its threads for ever, and importing in each takes seconds of a
    machine that has other work.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["samegoal_sync.refresh.refresh_student"])
    return ProcessPool(processes, _USES, context=context)
