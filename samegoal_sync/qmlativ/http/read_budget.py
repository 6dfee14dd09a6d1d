"""How much one client has taken from its server, and that it is not beyond all bounds.

A broken server may send pages for ever, each of them in good form; so rows, bytes and the memory
that frames fill are counted over all of a client's objects.
"""

from __future__ import annotations

import threading

from samegoal_sync.qmlativ.errors import DistrictTooLarge
from samegoal_sync.qmlativ.http.limits import Limits

_MIB = 2**20


class ReadBudget:
    """What a client may still take; safe to share between threads."""

    def __init__(self, host: str, limits: Limits) -> None:
        self._host, self._limits = host, limits
        self._lock = threading.Lock()
        self._rows = self._held = 0
        self.received = 0

    def receive(self, size: int) -> None:
        """Count the bytes of a body, decompressed.

        Raises:
            DistrictTooLarge: they are more than a client may receive.
        """
        with self._lock:
            self.received += size
            total = self.received
        if total > self._limits.received_bytes:
            most = f"{self._limits.received_bytes // _MIB} MiB"
            raise DistrictTooLarge(self._host, f"more than {most} of answers")

    def hold(self, rows: int, size: int) -> None:
        """Count the rows of a page and the memory of its frame.

        Raises:
            DistrictTooLarge: they are more than a client may hold.
        """
        with self._lock:
            self._rows, self._held = self._rows + rows, self._held + size
            total, held = self._rows, self._held
        if total > self._limits.rows:
            raise DistrictTooLarge(self._host, f"more than {self._limits.rows} rows")
        if held > self._limits.frame_bytes:
            most = f"{self._limits.frame_bytes // _MIB} MiB"
            raise DistrictTooLarge(self._host, f"rows that fill more than {most} of memory")

    def release(self, size: int) -> None:
        """A frame is let go of."""
        with self._lock:
            self._held -= size
