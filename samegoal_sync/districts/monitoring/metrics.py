"""The fleet in numbers for Prometheus: asked of Postgres at each scrape, the same in all processes.

No series bears a district's name, let alone a student's: three thousand districts would make three
thousand series of each, and who they are is what ``status`` is for. Whoever scrapes sees how many
stand how, how old the last good nights are, what nights took, and whether anything ticks.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg import Connection

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.audit_shipping import waiting_lines
from samegoal_sync.districts.monitoring.district_status import DistrictStatus, overall_status
from samegoal_sync.districts.monitoring.heartbeats import EVERY, heartbeats, silence
from samegoal_sync.districts.monitoring.worst_problem import Severity
from samegoal_sync.districts.registry.registry import NIGHTLY_STATES
from samegoal_sync.errors import SyncError

#: Nights that ended within this count as tonight's.
_WITHIN = timedelta(hours=24)
#: One look serves all scrapes within this.
_GOOD_SECONDS = 10.0
_STATEMENT_MS = 10_000

_STATES = ("published", "unchanged", "held", "discarded", "paused", "failed")
_OUTCOMES = ("sent", "added", "changed", "unchanged", "rejected", "out_of_scope", "held", "missing")
_HOUR = 3600
_AGES = (12 * _HOUR, 24 * _HOUR, 36 * _HOUR, 72 * _HOUR, 168 * _HOUR)
_SECONDS = (5, 15, 60, 300, 900, 3600, 10_800)


class FleetCollector(Collector):
    """Asks when it is scraped, at most once in some seconds; safe to share between threads."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._lock = threading.Lock()
        self._until = 0.0
        self._found: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        """All metrics; ``samegoal_sync_database_up`` alone where Postgres does not answer."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = _looked(self._database_url, datetime.now(UTC))
                self._until = time.monotonic() + _GOOD_SECONDS
            return self._found


def _looked(database_url: str, now: datetime) -> list[Metric]:
    try:
        statuses = overall_status(database_url, now)
        with connect(database_url, autocommit=True) as connection:
            connection.execute(f"set statement_timeout = {_STATEMENT_MS}")
            found = [
                *_districts(statuses, now),
                *_nights(connection, now),
                *_queue(connection, now),
                *_ticks(connection, now),
                *_audit_log(connection, now),
            ]
        return [_one("database_up", "Whether Postgres answers.", 1), *found]
    except (SyncError, psycopg.Error):
        return [_one("database_up", "Whether Postgres answers.", 0)]


def _districts(statuses: Sequence[DistrictStatus], now: datetime) -> list[Metric]:
    stand = Counter(one.severity for one in statuses)
    nightly = [one for one in statuses if one.state in NIGHTLY_STATES]
    ages = [(now - one.last_good).total_seconds() for one in nightly if one.last_good]
    return [
        _many("districts", "Districts by how they stand.", "stands",
              {severity.word: stand[severity] for severity in Severity}),
        _one("districts_without_good_night", "Nightly districts that never had a good night.",
             len(nightly) - len(ages)),
        _histogram("last_good_night_age_seconds", "Age of nightly districts' last good night.",
                   _AGES, ages),
        _one("oldest_last_good_night_seconds", "Age of the oldest of them.", max(ages, default=0)),
    ]  # fmt: skip


def _nights(connection: Connection[Any], now: datetime) -> list[Metric]:
    states: Counter[str] = Counter()
    took: list[float] = []
    students: Counter[str] = Counter()
    for state, seconds, counts in connection.execute(
        "select state, extract(epoch from finished_at - started_at)::float8, counts from syncs "
        "where finished_at > %s and kind <> 'student'",
        (now - _WITHIN,),
    ):
        states[state] += 1
        took.append(seconds)
        for outcome in _OUTCOMES:
            students[outcome] += counts.get(f"students_{outcome}", 0)
    return [
        _many("nights", "Import runs that ended within 24 hours, by state.", "state",
              {state: states[state] for state in _STATES}),
        _histogram("night_seconds", "What they took, from first read to publication.",
                   _SECONDS, took),
        _many("students", "Students in them, by where they ended.", "outcome",
              {outcome: students[outcome] for outcome in _OUTCOMES}),
    ]  # fmt: skip


def _queue(connection: Connection[Any], now: datetime) -> list[Metric]:
    row = connection.execute(
        """
        select
            (select count(*) from nights where closed_at is null and asked_at is not null
                and run_id is null),
            (select coalesce(extract(epoch from %(now)s - min(asked_at)), 0)::float8 from nights
                where closed_at is null and asked_at is not null and run_id is null),
            (select count(*) from running_imports),
            (select count(*) from outbox where sent_at is null and given_up_at is null),
            (select count(*) from outbox where given_up_at > %(since)s),
            (select count(*) from deliveries where message is not null)
        """,
        {"now": now, "since": now - _WITHIN},
    ).fetchone()
    assert row is not None
    names = (
        ("queue_length", "Nights that were asked for and have not begun."),
        ("queue_oldest_seconds", "For how long the oldest of them waits."),
        ("imports_running", "Imports that are being executed."),
        ("letters_waiting", "Mails and webhook messages that are to go out."),
        ("letters_given_up", "Those that were given up within 24 hours."),
        ("undelivered_districts", "Districts whose files could not be delivered."),
    )
    return [_one(name, what, float(value)) for (name, what), value in zip(names, row, strict=True)]


def _ticks(connection: Connection[Any], now: datetime) -> list[Metric]:
    known = {one.name: one for one in heartbeats(connection)}
    silent = silence(connection, now)
    late = silent.names if silent else ()
    return [
        _many("tick_age_seconds", "Time since the last good tick of a schedule or sensor.", "name",
              {name: (now - one.ended_at).total_seconds() for name, one in known.items()}),
        _many("tick_seconds", "What that tick took.", "name",
              {name: one.seconds for name, one in known.items()}),
        _many("tick_overdue", "1 where nothing was heard for too long.", "name",
              {name: name in late for name in EVERY} if known else {}),
    ]  # fmt: skip


def _audit_log(connection: Connection[Any], now: datetime) -> list[Metric]:
    waiting = waiting_lines(connection)
    age = (now - waiting.since).total_seconds() if waiting else 0
    return [
        _one("audit_lines_waiting", "Lines of the audit log that its receiver has not yet.",
             waiting.lines if waiting else 0),
        _one("audit_oldest_waiting_seconds", "For how long the oldest of them waits.", age),
    ]  # fmt: skip


def _one(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"samegoal_sync_{name}", what, value=value)


def _many(name: str, what: str, label: str, values: dict[str, Any]) -> Metric:
    family = GaugeMetricFamily(f"samegoal_sync_{name}", what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family


def _histogram(
    name: str, what: str, bounds: Sequence[float], values: Sequence[float]
) -> GaugeHistogramMetricFamily:
    buckets = [
        (str(float(bound)), float(sum(value <= bound for value in values))) for bound in bounds
    ]
    return GaugeHistogramMetricFamily(
        f"samegoal_sync_{name}", what, buckets=[*buckets, ("+Inf", float(len(values)))],
        gsum_value=sum(values),
    )  # fmt: skip
