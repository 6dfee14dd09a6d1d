"""PDFs are made in processes that can be ended: what a text costs to lay out has no bound.

fpdf2 takes quadratic time for marks heaped upon a letter. Forms refuse such heaps
(``page_access.py``), but names come from Qmlativ and old documents are as they are.
"""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import TimeoutError

from pebble import ProcessPool

from samegoal_sync.portal.documents.document_pdf import document_pdf
from samegoal_sync.portal.documents.document_store import Document
from samegoal_sync.portal.errors import Busy, Refused

SECONDS = 15.0
_AT_ONCE = 2
#: People who wait for one; each keeps a thread of the portal's forty.
_MOST_WAITING = 8
_USES = 200


class PdfJobs:
    """Two processes, started by the first PDF."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._pool: ProcessPool | None = None

    def make(self, document: Document, district: str, zone: str) -> bytes:
        """The document as PDF.

        Raises:
            Busy: too many people wait for one.
            Refused: this one takes too long.
        """
        if not self._waiting.acquire(blocking=False):
            raise Busy
        try:
            job = self._processes().schedule(
                document_pdf, args=[document, district, zone], timeout=SECONDS
            )
            content: bytes = job.result()
        except TimeoutError:
            raise Refused(
                "This document takes too long to be laid out as PDF",
                hint="Print it from the browser. If it holds a very long text, shorten that.",
            ) from None
        finally:
            self._waiting.release()
        return content

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()

    def _processes(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("forkserver")
                self._pool = ProcessPool(_AT_ONCE, _USES, context=context)
            return self._pool
