"""Whether a district's last good or paused night is fresh, as a check of the published students.

Dagster's own freshness policies look at any partition: one good district keeps the asset green. So
this check is kept district by district: it runs with each import, and the sensor
``districts_fresh`` turns it red when no run comes at all.
"""

# Without postponed annotations: Dagster looks at the context's type itself.

import warnings
from collections.abc import Collection
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

from samegoal_sync.districts.monitoring.district_status import FRESH
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.samegoal.publication.last_good_night import last_nights_as_asked

PUBLISHED = dg.AssetKey(["samegoal", "students"])
CHECK = "fresh_within_36_hours"


def is_fresh(last: datetime | None, now: datetime) -> bool:
    """Whether a last night as asked is recent enough."""
    return last is not None and last > now - FRESH


def evaluation(slug: str, last: datetime | None, now: datetime) -> dg.AssetCheckEvaluation:
    """The check's result for one district, outside a run."""
    return dg.AssetCheckEvaluation(
        asset_key=PUBLISHED,
        check_name=CHECK,
        passed=is_fresh(last, now),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=_metadata(last),
        partition=slug,
    )


def make_room(instance: dg.DagsterInstance, slugs: Collection[str]) -> None:
    """Take away what was told of these districts outside a run, before it is told anew.

    Dagster 1.13 keeps one result a check, partition and run, and everything told outside a run
    has the same empty run id: a second result of a district is refused, and the check would stay
    green for good. Results of runs, and the events themselves, stay.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    told = AssetCheckExecutionsTable.c
    with storage.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                told.asset_key == PUBLISHED.to_string(),
                told.check_name == CHECK,
                told.run_id == "",
                told.partition.in_(slugs),
            )
        )


def _metadata(last: datetime | None) -> dict[str, dg.MetadataValue]:
    if last is None:
        return {"last good or paused night": dg.MetadataValue.text("none yet")}
    return {"last good or paused night": dg.MetadataValue.timestamp(last)}


with warnings.catch_warnings():
    # Partitioned checks are in preview; Dagster is pinned exactly for their sake.
    warnings.simplefilter("ignore", category=dg.PreviewWarning)

    @dg.asset_check(
        asset=PUBLISHED,
        name=CHECK,
        description="The district had a good or a paused night within the last 36 hours.",
        partitions_def=DISTRICTS,
    )
    def fresh_within_36_hours(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """Checked after each publication; a held or failed night is not a good one."""
        registry = registry_from_environment()
        last = last_nights_as_asked(registry.database_url).get(context.partition_key)
        return dg.AssetCheckResult(
            passed=is_fresh(last, datetime.now(UTC)), metadata=_metadata(last)
        )
