"""What has happened is kept as long as the operator says, and the audit log a year at least."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring import retention
from samegoal_sync.districts.monitoring.retention import forget_old_records
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SettingError
from samegoal_sync.settings import Retention, Settings

NOW = datetime.now(UTC)


@pytest.fixture
def years(registry: Registry, fairview: str) -> str:
    """Nights, changes and audit lines of 3 years, every 100 days; the last good night is old."""
    with connect(registry.database_url) as connection:
        connection.execute(
            "insert into students (district, student_id, last_name, first_name, date_of_birth, "
            "district_enrollment) values (%s, 'S1', 'A', 'B', '2014-01-01', 'ENROLLED')",
            (fairview,),
        )
        for age in range(1000, 0, -100):
            at = NOW - timedelta(days=age)
            sync = connection.execute(
                "insert into syncs (district, run_id, night, state, started_at, finished_at) "
                "values (%s, %s, %s, %s, %s, %s) returning id",
                (fairview, f"r{age}", at.date(), "published" if age >= 500 else "failed", at, at),
            ).fetchone()
            assert sync
            if age >= 500:
                connection.execute(
                    "insert into changes (district, student_id, kind, field, sync_id, at) "
                    "values (%s, 'S1', 'changed', 'city', %s, %s)",
                    (fairview, sync[0], at),
                )
            connection.execute(
                "insert into audit_log (at, who, role, action) values (%s, 'x', 'teacher', 'x')",
                (at,),
            )
    return registry.database_url


def left(url: str, table: str) -> int:
    with connect(url) as connection:
        row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row
    return int(row[0])


def test_nothing_goes_unless_the_operator_says_so(years: str) -> None:
    assert forget_old_records(years, Retention(), NOW) == {}
    assert (left(years, "changes"), left(years, "syncs"), left(years, "audit_log")) == (6, 10, 10)


def test_old_records_go_in_batches_and_what_is_published_keeps_its_night(
    years: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    # A sync stays as long as its changes do, and the last good night stays however old.
    assert forget_old_records(years, Retention(syncs=60), NOW) == {"syncs": 0}
    gone = forget_old_records(years, Retention(changes=60, syncs=60, audit=365), NOW)
    assert gone == {"changes": 6, "syncs": 5, "audit_log": 7}
    assert left(years, "syncs") == 5
    assert left(years, "audit_log") == 3 + 4  # and a line a batch
    assert forget_old_records(years, Retention(audit=365), NOW) == {"audit_log": 0}


def test_one_call_is_bounded(years: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    assert forget_old_records(years, Retention(changes=60), NOW, most=3) == {"changes": 3}


@pytest.mark.parametrize(("retention_on", "older_than"), [("on", 50), ("off", 500)])
def test_a_line_of_the_last_year_goes_for_nobody(
    years: str, retention_on: str, older_than: int
) -> None:
    with connect(years) as connection:
        connection.execute("select set_config('samegoal.retention', %s, true)", (retention_on,))
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute(
                "delete from audit_log where at < now() - make_interval(days => %s)",
                (older_than,),
            )


@pytest.mark.parametrize("text", ["audit=10", "changes", "everything=1", "audit=x", "changes=1"])
def test_a_wrong_setting_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="SAMEGOAL_SYNC_RETENTION"):
        Settings.from_environment({"SAMEGOAL_SYNC_RETENTION": text})


def test_the_setting_is_read() -> None:
    settings = Settings.from_environment({"SAMEGOAL_SYNC_RETENTION": "changes=1825, audit=2555"})
    assert settings.retention == Retention(changes=1825, audit=2555)
