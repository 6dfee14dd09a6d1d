"""Programs that leave as soon as their work is done.

Before it leaves, Python takes every module apart: after Dagster's, seconds of a processor in which
nothing happens any more, and a demo waited for five such programs. All that has a meaning comes
before: threads are joined, then the functions of ``atexit`` are called.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
from collections.abc import Callable


def run_and_leave(program: Callable[[], object]) -> None:
    """Run a process's main function; the process leaves when all waits for its end are over.

    To be called before other rooms are imported: what is registered first with ``atexit`` is called
    last. The status is the one that Python would give.
    """
    statuses: list[int] = []
    atexit.register(_leave, statuses)
    try:
        program()
    except SystemExit as leaving:
        statuses.append(_status(leaving.code))
        raise
    except KeyboardInterrupt:
        statuses.append(128 + signal.SIGINT)
        raise
    except BaseException:
        statuses.append(1)
        raise


def _status(code: object) -> int:
    if code is None:
        return 0
    return code if isinstance(code, int) else 1  # a text is printed, and means failure


def _leave(statuses: list[int]) -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # a second one must not cut this short
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads it any more, or it is closed
            continue
    os._exit(statuses[0] if statuses else 0)
