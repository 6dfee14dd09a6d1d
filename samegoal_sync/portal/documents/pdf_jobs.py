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
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

from pebble import ProcessExpired, ProcessPool

from samegoal_sync.portal.documents.document_pdf import document_pdf
from samegoal_sync.portal.documents.document_store import Document
from samegoal_sync.portal.errors import Busy, Refused
from samegoal_sync.refresh.process_pool import USES, Processes

SECONDS = 15.0
#: Bytes of memory of a process; macOS does not hold it to them.
MEMORY = 2**30
_AT_ONCE = 2
#: People who wait for one; each keeps a thread of the portal's forty.
_MOST_WAITING = 8
_IMPORTED = (document_pdf.__module__, "samegoal_sync.refresh.refresh_student")


class PdfJobs:
    """Two processes, started by the first PDF; ``close`` or the end of ``with`` ends them."""

    def __init__(self) -> None:
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._processes = Processes(_pool)

    def make(self, document: Document, district: str, zone: str) -> bytes:
        """The document as PDF.

        Raises:
            Busy: too many people wait for one, or the processes ended on the way.
            Refused: this one takes too long, or can't be laid out in the memory there is.
        """
        if not self._waiting.acquire(blocking=False):
            raise Busy
        try:
            job = self._processes.schedule(_made, document, district, zone, timeout=SECONDS)
            content: bytes = job.result()
        except BrokenProcessPool:
            raise Busy from None
        except TimeoutError:
            raise _refused("takes too long to be laid out as PDF") from None
        except ProcessExpired:
            raise _refused("can't be laid out as PDF") from None
        finally:
            self._waiting.release()
        return content

    def close(self) -> None:
        """End the processes."""
        self._processes.stop()

    def __enter__(self) -> PdfJobs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _pool() -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    # The server of copies is one for all: whoever starts it has it import for all.
    context.set_forkserver_preload(list(_IMPORTED))
    return ProcessPool(_AT_ONCE, USES, context=context, initializer=_confine, initargs=[MEMORY])


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
