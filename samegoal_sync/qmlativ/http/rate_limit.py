"""How many requests a host gets at once, over all districts of this process.

A server shared by a district's schools deserves a rate limit: the number halves when it says it
is busy or does not answer, shrinks by one when it answers slowly, and grows by one again
after a run of good answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from samegoal_sync.qmlativ.errors import ServerBusy, ServerSilent
from samegoal_sync.qmlativ.http.limits import Limits

_GOOD_ANSWERS_TO_GROW = 20

#: Seconds after which whoever waits for a place looks whether it still needs one.
_LOOK = 0.1


def _never() -> None:
    """Waits as long as it takes."""


class HostGate:
    """The bound on one host."""

    def __init__(self, most: int) -> None:
        self.most = self.allowed = most
        self._busy = self._good = 0
        self._not_before = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def place(self, slow_seconds: float, give_up: Callable[[], None] = _never) -> Iterator[None]:
        """Wait for a place, hold it for one request, and learn from how that went.

        Args:
            slow_seconds: an answer that takes longer makes the host get less at once.
            give_up: asked while waiting; raises when there is nothing left to wait for.
        """
        self._enter(give_up)
        began = time.monotonic()
        try:
            yield
        except ServerBusy as error:
            self._strained(error.retry_after or 0.0)
            raise
        except ServerSilent:
            self._strained(0.0)
            raise
        else:
            self._answered(slow=time.monotonic() - began > slow_seconds)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _enter(self, give_up: Callable[[], None]) -> None:
        with self._changed:
            while True:
                give_up()
                pause = self._not_before - time.monotonic()
                if pause <= 0 and self._busy < self.allowed:
                    break
                self._changed.wait(min(pause, _LOOK) if pause > 0 else _LOOK)
            self._busy += 1

    def _strained(self, pause: float) -> None:
        with self._changed:
            self.allowed, self._good = max(1, self.allowed // 2), 0
            self._not_before = max(self._not_before, time.monotonic() + min(pause, 60.0))

    def _answered(self, *, slow: bool) -> None:
        with self._changed:
            self._good = 0 if slow else self._good + 1
            if slow:
                self.allowed = max(1, self.allowed - 1)
            elif self._good >= _GOOD_ANSWERS_TO_GROW and self.allowed < self.most:
                self.allowed, self._good = self.allowed + 1, 0


_gates: dict[str, HostGate] = {}
_gates_lock = threading.Lock()


def gate_of(host: str, limits: Limits) -> HostGate:
    """The process-wide gate of a host."""
    with _gates_lock:
        return _gates.setdefault(host, HostGate(limits.host_threads))
