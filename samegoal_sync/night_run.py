"""What every asset's step needs to know of its run: the district, its night, and how to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.errors import SyncError

if TYPE_CHECKING:
    from samegoal_sync.demographics.fitness import Finding
    from samegoal_sync.districts.district import District
    from samegoal_sync.districts.registry import Registry


@dataclass(frozen=True)
class NightRun:
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

    def record_failure(self, error: SyncError) -> None:
        """Write the failed sync, from which status, mail and the next attempt follow."""
        from samegoal_sync.samegoal.publish import record_failure

        record_failure(
            self.database_url,
            self.district.slug,
            run_id=self.run_id,
            night=self.night,
            started_at=self.started_at,
            error=error,
        )

    def record_unfit(self, stage: str, findings: list[Finding]) -> None:
        """Record the failure of a night whose blocking checks stop it; nothing if none does."""
        from samegoal_sync.demographics.errors import NotFit
        from samegoal_sync.demographics.fitness import require_fit

        try:
            require_fit(stage, findings)
        except NotFit as error:
            self.record_failure(error)


@contextmanager
def night_run(context: AssetExecutionContext) -> Iterator[NightRun]:
    """The run a step belongs to; an error of ours is recorded and told, without a traceback.

    Raises:
        dagster.Failure: made of the error's own words, which hold no one's data.
    """
    from samegoal_sync.districts.environment import registry_from_environment

    run: NightRun | None = None
    try:
        registry = registry_from_environment()
        run = _run(context, registry)
        yield run
    except SyncError as error:
        if run is not None:
            run.record_failure(error)
        if not error.transient:
            # Failure(allow_retries=False) alone does not keep Dagster from retrying the run.
            context.instance.add_run_tags(context.run.run_id, {"dagster/max_retries": "0"})
        raise dg.Failure(
            description=str(error),
            metadata={"what": error.what, "who must act": str(error.actor), "hint": error.hint},
            allow_retries=error.transient,
        ) from None


def _run(context: AssetExecutionContext, registry: Registry) -> NightRun:
    district = registry.get(context.partition_key)
    now = datetime.now(UTC)
    today = district.today(now)
    told = context.run.tags.get("night")
    record = context.instance.get_run_record_by_id(context.run.run_id)
    started = record.start_time if record and record.start_time else now.timestamp()
    return NightRun(
        registry=registry,
        district=district,
        run_id=context.run.run_id,
        today=today,
        night=date.fromisoformat(told) if told else today,
        started_at=datetime.fromtimestamp(started, UTC),
    )
