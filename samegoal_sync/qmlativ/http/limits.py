"""How much we ask of a server, how long we wait, and how much we take from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class Limits:
    """Bounds of one district's read; the defaults are measured in docs/performance/extract.md.

    Attributes:
        threads: requests at once to one district.
        host_threads: requests at once to one host, of all districts in this process.
        page_size: rows asked for at once.
        connect_seconds / read_seconds: time-outs of one request (read: between two bytes).
        deadline_seconds: how long one district may take in all, retries and pauses included.
        spent_seconds: how much of that other reads of the same run have used already.
        attempts: how often one request is tried.
        first_pause / longest_pause: exponential backoff between attempts, in seconds.
        slow_seconds: an answer that takes longer makes us ask for less at once.
        body_bytes: the largest answer, decompressed.
        pages: the most pages that an object may have.
        rows / received_bytes: the most that one client takes in all, rows read again included.
        frame_bytes: the most memory that the frames of one client may fill.
    """

    threads: int = 4
    host_threads: int = 8
    page_size: int = 10_000
    connect_seconds: float = 10.0
    read_seconds: float = 300.0
    deadline_seconds: float = 7_200.0
    spent_seconds: float = 0.0
    attempts: int = 6
    first_pause: float = 0.5
    longest_pause: float = 60.0
    slow_seconds: float = 60.0
    body_bytes: int = 64 * 2**20
    pages: int = 20_000
    rows: int = 50_000_000
    received_bytes: int = 16 * 2**30
    frame_bytes: int = 2**30


#: For one student while somebody waits 20 seconds in all: nothing is tried twice.
ONE_STUDENT = Limits(
    deadline_seconds=17.0,
    read_seconds=15.0,
    connect_seconds=5.0,
    attempts=1,
    body_bytes=16 * 2**20,
    rows=500_000,
    received_bytes=256 * 2**20,
    frame_bytes=256 * 2**20,
)

#: For a look whether an expired access works again: the next tick looks once more.
EXPIRED_ACCESS = replace(ONE_STUDENT)

#: For a look at what is shared, by a person who waits for it: some hundred small requests.
VERIFICATION = replace(ONE_STUDENT, deadline_seconds=120.0, attempts=2)


def limits_of_run(deadline_seconds: float, began: datetime, now: datetime) -> Limits:
    """The bounds of one of a run's reads: all of them end before the run's own deadline.

    Args:
        deadline_seconds: for all reads of the run together.
        began / now: aware; when the run started, and the present moment.
    """
    spent = max(0.0, (now - began).total_seconds())
    return Limits(deadline_seconds=deadline_seconds, spent_seconds=spent)
