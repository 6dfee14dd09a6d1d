"""What every asset's step needs to know of its run: the district, its night, and how to fail."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import psycopg
from dagster import AssetExecutionContext

from samegoal_sync.database.waiting import went_with
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.errors import SyncError
from samegoal_sync.pipeline.resources import Database
from samegoal_sync.samegoal.errors import TransientDatabaseFault
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.last_good_night import last_good_findings
from samegoal_sync.samegoal.publication.syncs import record_failure

if TYPE_CHECKING:
    from samegoal_sync.district import District
    from samegoal_sync.districts.registry.registry import Registry


class Defect(SyncError):  # noqa: N818 (it names what it is)
    """An error that nobody foresaw: told by its type and place, since its words may hold data."""

    transient = True

    def __init__(self, error: Exception) -> None:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__)
                if "samegoal_sync" in frame.filename]  # fmt: skip
        last = ours[-1] if ours else None
        place = f"{Path(last.filename).name}, line {last.lineno}" if last else "a library"
        super().__init__(
            f"The run broke off by a defect: {type(error).__name__} in {place}.",
            hint="report this line to whoever keeps samegoal_sync; what is published stays",
        )


@dataclass(frozen=True)
class ImportRun:
    """One run of one district.

    Attributes:
        today: the district's local date now; restrictions and ages go by it.
        night: the local date whose night this is; a night caught up late keeps its date.
        started_at: when the run (not this step) started.
    """

    registry: Registry
    district: District
    run_id: str
    today: date
    night: date
    started_at: datetime

    @property
    def database_url(self) -> str:
        """The database of the registry and of what is published."""
        return self.registry.database_url

    def last_good_findings(self) -> Findings:
        """What the district's last good night found, for comparison."""
        return last_good_findings(self.database_url, self.district.slug)

    def last_good_rows(self) -> dict[str, int]:
        """Qmlativ object -> rows that it had in the last good night."""
        return self.last_good_findings().rows_read

    def record_failure(self, error: SyncError) -> None:
        """Write the failed sync, from which status, mail and the next attempt follow."""
        record_failure(
            self.database_url,
            self.district.slug,
            run_id=self.run_id,
            night=self.night,
            started_at=self.started_at,
            error=error,
        )


@contextmanager
def import_run(context: AssetExecutionContext, database: Database) -> Iterator[ImportRun]:
    """The run a step belongs to; an error of ours is recorded and told, without a traceback.

    Raises:
        dagster.Failure: made of the error's own words, which hold no one's data.
        dagster.RetryRequested: as :func:`reported`; nothing is recorded.
    """
    with reported(context):
        run = _run(context, database.registry())
        try:
            yield run
        except Exception as error:
            ours = _as_ours(error)
            if not _is_begun_anew(context, ours):
                with suppress(SyncError):  # the database itself may be what is gone
                    run.record_failure(ours)
            raise


@contextmanager
def reported(context: AssetExecutionContext) -> Iterator[None]:
    """An error becomes Dagster's ``Failure`` in our words; nothing is recorded.

    Raises:
        dagster.Failure: made of the error's own words, which hold no one's data.
        dagster.RetryRequested: Postgres went away in the step's midst: it is done once more, as
            soon as the server answers. What a step does may be done twice.
    """
    try:
        yield
    except Exception as error:
        ours = _as_ours(error)
        failure = failure_of(ours, context.instance, context.run.run_id)
        if _is_begun_anew(context, ours):
            raise dg.RetryRequested(max_retries=1) from failure
        raise failure from None


def _is_begun_anew(context: AssetExecutionContext, error: SyncError) -> bool:
    return went_with(error) and context.retry_number == 0


@contextmanager
def reported_and_recorded(
    instance: dg.DagsterInstance, run: dg.DagsterRun, slug: str
) -> Iterator[None]:
    """The same around what Dagster does between our steps: frames stored and loaded.

    Raises:
        dagster.Failure: as :func:`reported`; the night is recorded as failed.
    """
    try:
        yield
    except Exception as error:
        ours = _as_ours(error)
        with suppress(SyncError):
            record_failure_of(instance, run, slug, ours)
        raise failure_of(ours, instance, run.run_id) from None


def record_failure_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, slug: str, error: SyncError
) -> None:
    """Write the failed sync of a run outside its steps.

    Raises:
        SyncError: the database is gone, or the district.
    """
    _run_of(instance, run, registry_from_environment(), slug).record_failure(error)


def failure_of(error: SyncError, instance: dg.DagsterInstance, run_id: str) -> dg.Failure:
    """The error as Dagster shows it; a run that no retry helps is not retried."""
    if not error.transient:
        # Failure(allow_retries=False) alone does not keep Dagster from retrying the run.
        instance.add_run_tags(run_id, {"dagster/max_retries": "0"})
    return dg.Failure(
        description=str(error),
        metadata={"what": error.what, "action by": str(error.actor), "hint": error.hint},
        allow_retries=error.transient,
    )


def _as_ours(error: Exception) -> SyncError:
    if isinstance(error, SyncError):
        return error
    if isinstance(error, psycopg.OperationalError):
        return TransientDatabaseFault(error)
    return Defect(error)


def _run(context: AssetExecutionContext, registry: Registry) -> ImportRun:
    return _run_of(context.instance, context.run, registry, context.partition_key)


def _run_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, registry: Registry, slug: str
) -> ImportRun:
    district = registry.get(slug)
    now = datetime.now(UTC)
    today = district.today(now)
    tagged_night = run.tags.get("night")
    record = instance.get_run_record_by_id(run.run_id)
    started = record.start_time if record and record.start_time else now.timestamp()
    return ImportRun(
        registry=registry,
        district=district,
        run_id=run.run_id,
        today=today,
        night=date.fromisoformat(tagged_night) if tagged_night else today,
        started_at=datetime.fromtimestamp(started, UTC),
    )
