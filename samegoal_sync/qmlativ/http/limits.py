"""How much we ask of a server, how long we wait, and how much we take from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one district's read; the defaults are measured in docs/performance/extract.md.

    Attributes:
        threads: requests at once to one district.
        host_threads: requests at once to one host, of all districts in this process.
        page_size: rows asked for at once.
        connect_seconds / read_seconds: time-outs of one request (read: between two bytes).
        deadline_seconds: how long one district may take in all, retries and pauses included.
        attempts: how often one request is tried.
        first_pause / longest_pause: exponential backoff between attempts, in seconds.
        slow_seconds: an answer that takes longer makes us ask for less at once.
        body_bytes: the largest answer, decompressed.
        pages: the most pages that an object may have.
    """

    threads: int = 4
    host_threads: int = 8
    page_size: int = 10_000
    connect_seconds: float = 10.0
    read_seconds: float = 300.0
    deadline_seconds: float = 7_200.0
    attempts: int = 6
    first_pause: float = 0.5
    longest_pause: float = 60.0
    slow_seconds: float = 60.0
    body_bytes: int = 256 * 2**20
    pages: int = 20_000
