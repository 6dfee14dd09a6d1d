"""PDFs are made in processes that can be ended: what a text costs to lay out has no bound.

Typst is quick with what people write (a million letters took 2 s and 740 MB), and heaps of marks
are cut before it sees them; but the text is others', and what the next one costs is not known.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import threading
from concurrent.futures import TimeoutError
from types import TracebackType

from pebble import ProcessExpired, ProcessPool

from samegoal_sync.portal.documents.document_pdf import document_pdf
from samegoal_sync.portal.documents.document_store import Document
from samegoal_sync.portal.errors import Busy, Refused

SECONDS = 15.0
#: Bytes of memory of a process; macOS does not hold it to them.
MEMORY = 2**30
_AT_ONCE = 2
#: People who wait for one; each keeps a thread of the portal's forty.
_MOST_WAITING = 8
_USES = 200
_IMPORTED = (document_pdf.__module__, "samegoal_sync.refresh.refresh_student")


class PdfJobs:
    """Two processes, started by the first PDF; ``close`` or the end of ``with`` ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._pool: ProcessPool | None = None

    def make(self, document: Document, district: str, zone: str) -> bytes:
        """The document as PDF.

        Raises:
            Busy: too many people wait for one.
            Refused: this one takes too long, or can't be laid out in the memory there is.
        """
        if not self._waiting.acquire(blocking=False):
            raise Busy
        try:
            job = self._processes().schedule(
                _made, args=[document, district, zone], timeout=SECONDS
            )
            content: bytes = job.result()
        except TimeoutError:
            raise _refused("takes too long to be laid out as PDF") from None
        except ProcessExpired:
            raise _refused("can't be laid out as PDF") from None
        finally:
            self._waiting.release()
        return content

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()

    def __enter__(self) -> PdfJobs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _processes(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("forkserver")
                # The server of copies is one for all: whoever starts it has it import for all.
                context.set_forkserver_preload(list(_IMPORTED))
                self._pool = ProcessPool(
                    _AT_ONCE, _USES, context=context, initializer=_confine, initargs=[MEMORY]
                )
            return self._pool


def _confine(memory: int) -> None:
    """Bound this process, and let it say nothing: what a fault of Typst's quotes is a record."""
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    if allowed == resource.RLIM_INFINITY or allowed > memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a file descriptor, no path)
        os.dup2(nowhere.fileno(), 2)


def _made(document: Document, district: str, zone: str) -> bytes:
    """In the process: the PDF. A fault ends it, a panic of Typst's included, which no longer knows
    how its memory stands; the caller is told no word of it.
    """
    try:
        return document_pdf(document, district, zone)
    except BaseException:
        os._exit(1)


def _refused(why: str) -> Refused:
    return Refused(
        f"This document {why}",
        hint="Print it from the browser. If it holds a very long text, shorten that.",
    )
