"""Processes that are there for the next job, whatever became of those of the last."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import pytest
from pebble import ProcessExpired

from samegoal_sync.refresh.process_pool import Processes, process_pool


@pytest.fixture
def processes() -> Iterator[Processes]:
    processes = Processes(partial(process_pool, 2))
    yield processes
    processes.stop()


#: A death is noticed within this many seconds; a result is here before its process is idle.
NOTICED = 1.0


def _kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def _killed() -> None:
    _kill(os.getpid())


def test_one_that_dies_idle_or_at_work_costs_no_later_job(processes: Processes) -> None:
    for _ in range(2):
        idle = processes.schedule(os.getpid).result(timeout=60)
        time.sleep(NOTICED)
        _kill(idle)
        time.sleep(NOTICED)
        assert processes.schedule(os.getpid).result(timeout=20) != idle
    with pytest.raises((ProcessExpired, BrokenProcessPool)):
        processes.schedule(_killed).result(timeout=20)
    time.sleep(NOTICED)
    assert processes.schedule(os.getpid).result(timeout=20)


def test_who_waits_for_a_job_as_the_pool_breaks_is_told(processes: Processes) -> None:
    idle = processes.schedule(os.getpid).result(timeout=60)
    time.sleep(NOTICED)
    _kill(idle)
    for one in [processes.schedule(os.getpid) for _ in range(20)]:
        error = one.exception(timeout=20)
        assert error is None or isinstance(error, BrokenProcessPool)
    time.sleep(NOTICED)
    assert processes.schedule(os.getpid).result(timeout=20)


def test_ended_they_take_no_job() -> None:
    processes = Processes(partial(process_pool, 1))
    processes.schedule(os.getpid).result(timeout=60)
    processes.close()
    with pytest.raises(RuntimeError, match="ended"):
        processes.schedule(os.getpid)
