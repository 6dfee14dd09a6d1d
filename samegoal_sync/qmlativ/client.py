"""The client: one district's Qmlativ, read completely or for one student, and never written.

with QmlativClient(connection) as client:
    students = client.read(RawAsset.STUDENTS)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, CancelledError, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import polars as pl

from samegoal_sync.qmlativ.access_probe import Grant, Probe
from samegoal_sync.qmlativ.catalog import CATALOG, QmlativObject, RawAsset, objects_of
from samegoal_sync.qmlativ.errors import DeadlinePassed, EntityNotGranted, RequestRefused
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.read_budget import ReadBudget
from samegoal_sync.qmlativ.http.retry_policy import Clock, RetryPolicy
from samegoal_sync.qmlativ.http.transport import Transport, parsed
from samegoal_sync.qmlativ.http.urls import Addresses
from samegoal_sync.qmlativ.once import Once
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.qmlativ.reading.field_query import FieldQuery
from samegoal_sync.qmlativ.reading.granted_reader import GrantedReader
from samegoal_sync.qmlativ.reading.one_student import read_one_student
from samegoal_sync.qmlativ.reading.paging import Rows
from samegoal_sync.qmlativ.reading.read_scope import Scope
from samegoal_sync.qmlativ.reading.search_conditions import Condition, equal
from samegoal_sync.qmlativ.reading.system_metadata import SystemMetadata, metadata_of

Progress = Callable[[str, int], None]

#: Objects read side by side; each holds few pages, all share the threads of ``Limits``.
_OBJECTS_AT_ONCE = 4

#: Seconds that a stopped read has to end by itself before its answers are broken off.
_SECONDS_TO_END = 0.1
_BY_NAME = {item.name: item for item in CATALOG}
_DEFAULT_LIMITS = Limits()


class QmlativClient:
    """Reads one district. A context manager; safe to share between threads.

    Args:
        connection: address and credentials.
        limits: bounds on threads, sizes and time; the deadline begins now.
        clock: another one in tests.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        limits: Limits = _DEFAULT_LIMITS,
        clock: Clock | None = None,
    ) -> None:
        self._connection, self._limits = connection, limits
        self._retry_policy = RetryPolicy(connection.host, limits, clock or Clock())
        self._budget = ReadBudget(connection.host, limits)
        self._transport = Transport(connection, limits, self._retry_policy, self._budget)
        self._addresses = Addresses(connection.base_url, connection.api_prefix)
        self._pages = ThreadPoolExecutor(limits.threads, thread_name_prefix="qmlativ-page")
        self._query = FieldQuery(self._transport, connection.base_url)
        self._reader = GrantedReader(
            self._transport, self._query, self._addresses, self._retry_policy, limits,
            self._pages, self._budget,
        )  # fmt: skip
        self._metadata, self._scope = Once(self._read_metadata), Once(self._read_scope)
        self._closed = threading.Event()
        self._deadline = threading.Thread(
            target=self._watch_deadline, name="qmlativ-deadline", daemon=True
        )
        self._deadline.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is under way and give the connections back."""
        self._pages.shutdown(wait=True, cancel_futures=True)
        self._closed.set()
        self._deadline.join()
        self._transport.close()

    def _watch_deadline(self) -> None:
        """Break off, at the deadline, also what no time-out ends: headers that only trickle."""
        if not self._closed.wait(max(0.0, self._retry_policy.remaining())):
            while not self._closed.wait(_SECONDS_TO_END):
                self._transport.abort()

    def system_metadata(self) -> SystemMetadata:
        """The district, its entity and its school year: the cheapest proof of credentials.

        Raises:
            QmlativError: see ``errors.py``; among them ``DistrictNotChosen``.
        """
        return self._metadata.get()

    def read(self, asset: RawAsset, progress: Progress | None = None) -> RawObjects:
        """Everything that one raw asset holds: complete, or an error.

        Args:
            progress: told an object's name and the rows read of it so far.

        Raises:
            QmlativError: an essential object or field is not shared, or the server failed
                beyond all retries.
        """
        items = objects_of(asset)
        return self._read([(item, None) for item in items], progress)

    def read_student(
        self,
        student_number: str,
        sis_internal_id: int | None = None,
        pairs: Iterable[int] = (),
    ) -> RawObjects:
        """One student with all that belongs to them, in the objects of all three raw assets.

        Guardians who are students themselves come with their own Student and enrollment rows,
        so that the rule about them holds: pick the student out of what is curated.

        Args:
            student_number: the Student Id that people know; it only travels in POST bodies.
            sis_internal_id: the StudentID of the student who is meant, where it is known: the
                number may be another's by now.
            pairs: StudentGuardianIDs of theirs that are known, whether Qmlativ has them still:
                their restrictions are read too.

        Raises:
            StudentNotFound: there is none.
        """
        return read_one_student(self._read_where, student_number, sis_internal_id, pairs)

    def grants(self) -> tuple[Grant, ...]:
        """What of every catalog object is shared, told from a few rows of each.

        Raises:
            QmlativError: the server failed, or refuses the district as a whole.
        """
        entity_id = self._metadata.get().entity_id
        probe = Probe(self._transport, self._query, self._addresses, self._retry_policy)
        return tuple(self._pages.map(lambda item: probe.grant(entity_id, item), CATALOG))

    def _read_where(self, conditions: Sequence[tuple[str, Condition | None]]) -> RawObjects:
        """Objects by name, each narrowed by a condition beside its scope."""
        return self._read([(_BY_NAME[name], condition) for name, condition in conditions], None)

    def _read_metadata(self) -> SystemMetadata:
        address, asked = self._addresses.system_metadata(), "the system's metadata"
        try:
            answer = self._retry_policy.call(
                lambda: parsed(self._transport.get(address, asked), asked)
            )
        except RequestRefused:
            raise EntityNotGranted(self._connection.host) from None
        return metadata_of(answer, self._connection.host, self._connection.district_id)

    def _read_scope(self) -> Scope:
        district = self._metadata.get()
        this = district.numeric_year
        near = pl.col("NumericYear").is_between(this - 1, this + 1)
        years = self._read_small("District/SchoolYear", None).filter(near)["SchoolYearID"].to_list()
        school_years = frozenset([*years, district.school_year_id])
        if not district.several_districts:
            return Scope(school_years)
        ours = equal("DistrictID", district.district_id)
        entities = self._read_small("District/Entity", ours).filter(DistrictID=district.district_id)
        return Scope(school_years, district.district_id, frozenset(entities["EntityID"]))

    def _read_small(self, name: str, condition: Condition | None) -> pl.DataFrame:
        entity_id = self._metadata.get().entity_id
        return self._reader.read(entity_id, _BY_NAME[name], condition, threading.Event()).frame

    def _read(
        self,
        wanted: Iterable[tuple[QmlativObject, Condition | None]],
        progress: Progress | None,
    ) -> RawObjects:
        moment, began, before = datetime.now(UTC), time.monotonic(), self._counters()
        rows = self._side_by_side(list(wanted), progress or (lambda _name, _rows: None))
        statistics = {name: value - before[name] for name, value in self._counters().items()}
        statistics["seconds"] = time.monotonic() - began
        return RawObjects(
            {name: one.frame for name, one in rows.items()},
            {name: one.absent for name, one in rows.items() if one.absent},
            statistics | _sums(rows.values()),
            dict.fromkeys(rows, moment),
        )

    def _side_by_side(
        self, wanted: Sequence[tuple[QmlativObject, Condition | None]], progress: Progress
    ) -> dict[str, Rows]:
        """Each object's rows; the first that fails stops the others."""
        stop, entity_id, scope = (
            threading.Event(),
            self._metadata.get().entity_id,
            self._scope.get(),
        )

        def read(item: QmlativObject, condition: Condition | None) -> Rows:
            return self._reader.read(
                entity_id,
                item,
                condition,
                stop,
                lambda rows: progress(item.name, rows),
                scope=scope.condition(item),
            )

        with ThreadPoolExecutor(_OBJECTS_AT_ONCE, thread_name_prefix="qmlativ-object") as objects:
            futures = [objects.submit(read, item, condition) for item, condition in wanted]
            try:
                wait(futures, max(0.0, self._retry_policy.remaining()), FIRST_EXCEPTION)
            finally:
                if not all(future.done() for future in futures):
                    self._stop(futures, stop)
        _raise_first(futures)
        if stop.is_set():
            raise DeadlinePassed(self._connection.host, self._limits.deadline_seconds)
        return {item.name: one.result() for (item, _), one in zip(wanted, futures, strict=True)}

    def _stop(self, futures: Sequence[Future[Rows]], stop: threading.Event) -> None:
        """Let go of what is still being read: pauses end, answers under way are broken off."""
        stop.set()
        running = [future for future in futures if not future.cancel()]
        while wait(running, _SECONDS_TO_END).not_done:
            self._transport.abort()

    def _counters(self) -> dict[str, float]:
        return {
            "bytes": float(self._budget.received),
            "retries": float(self._retry_policy.retries),
            "renewals": float(self._transport.renewals),
        }


def _raise_first(futures: Sequence[Future[Rows]]) -> None:
    """The error that stopped the read, not the stops that it caused in the others."""
    for future in futures:
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, CancelledError):
            raise error


def _sums(rows: Iterable[Rows]) -> dict[str, float]:
    read = list(rows)
    return {
        "rows": float(sum(one.frame.height for one in read)),
        "pages": float(sum(one.pages for one in read)),
        "duplicates": float(sum(one.duplicates for one in read)),
        "recovered": float(sum(one.recovered for one in read)),
        "unscoped": float(sum(one.unscoped for one in read)),
        "mistyped": float(sum(one.mistyped.total() for one in read)),
    }
