"""When a request is tried again: transient faults only, with growing pauses, until a deadline.

The pause is drawn at random between nothing and the backoff (so that a hundred districts do
not come back at once), and never shorter than the server's own Retry-After.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TypeVar

from samegoal_sync.qmlativ.errors import DeadlinePassed, ServerBusy, TransientError
from samegoal_sync.qmlativ.http.limits import Limits

T = TypeVar("T")


class Clock:
    """Time as the client sees it; tests put another one in its place."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float, stop: threading.Event) -> None:
        """Wait, but not for what is stopped anyway."""
        stop.wait(seconds)

    def draw(self, longest: float) -> float:
        """A pause between nothing and the longest."""
        return random.uniform(0, longest)  # noqa: S311  (jitter, not a secret)


class RetryPolicy:
    """One district's attempts and deadline, shared by its threads."""

    def __init__(self, host: str, limits: Limits, clock: Clock) -> None:
        self._host, self._limits, self._clock = host, limits, clock
        self._end = clock.now() + limits.deadline_seconds - limits.spent_seconds
        self._lock = threading.Lock()
        self.retries = 0

    def remaining(self) -> float:
        """Seconds until the deadline; negative beyond it."""
        return self._end - self._clock.now()

    def check(self, stop: threading.Event | None = None) -> None:
        """Go on, unless the read was stopped or its time is up.

        Raises:
            CancelledError: it was stopped, by the fault of another of its requests.
            DeadlinePassed: the district's deadline is past.
        """
        if stop is not None and stop.is_set():
            raise CancelledError
        if self.remaining() <= 0:
            raise DeadlinePassed(self._host, self._limits.deadline_seconds)

    def call(self, request: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Do a request until it succeeds, fails for good, or time or attempts run out."""
        attempt, stop = 1, stop or threading.Event()
        while True:
            self.check(stop)
            try:
                return request()
            except TransientError as error:
                pause = self._pause(error, attempt)
                if attempt >= self._limits.attempts or pause >= self.remaining():
                    raise
            with self._lock:
                self.retries += 1
            self._clock.sleep(pause, stop)
            attempt += 1

    def _pause(self, error: TransientError, attempt: int) -> float:
        longest = min(self._limits.longest_pause, self._limits.first_pause * 2 ** (attempt - 1))
        pause = self._clock.draw(longest)
        asked = error.retry_after if isinstance(error, ServerBusy) else None
        return pause if asked is None else max(pause, asked)
