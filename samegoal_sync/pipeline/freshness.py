"""Whether a district's last good or paused night is fresh, as a check of the published students.

Dagster's own freshness policies look at any partition: one good district keeps the asset green. So
this check is kept district by district. The sensor ``districts_fresh`` tells it after each good
night and when time runs out. It is no part of the import's run: a failed one would show it as
failed, though the last good night may be an hour ago.
"""

# Without postponed annotations: Dagster looks at the context's type itself.

import warnings
from datetime import UTC, datetime

import dagster as dg

from samegoal_sync.districts.monitoring.worst_problem import FRESH
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.pipeline.published_asset import SAMEGOAL_STUDENTS
from samegoal_sync.pipeline.resources import Database
from samegoal_sync.samegoal.publication.last_good_night import last_nights_as_asked

CHECK = "fresh_within_36_hours"


def is_fresh(last: datetime | None, now: datetime) -> bool:
    """Whether a last night as asked is recent enough."""
    return last is not None and last > now - FRESH


def evaluation(slug: str, last: datetime | None, now: datetime) -> dg.AssetCheckEvaluation:
    """The check's result for one district, outside a run."""
    return dg.AssetCheckEvaluation(
        asset_key=SAMEGOAL_STUDENTS,
        check_name=CHECK,
        passed=is_fresh(last, now),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=_metadata(last),
        partition=slug,
    )


def _metadata(last: datetime | None) -> dict[str, dg.MetadataValue]:
    if last is None:
        return {"last good or paused night": dg.MetadataValue.text("none yet")}
    return {"last good or paused night": dg.MetadataValue.timestamp(last)}


with warnings.catch_warnings():
    # Partitioned checks are in preview; Dagster is pinned exactly for their sake.
    warnings.simplefilter("ignore", category=dg.PreviewWarning)

    @dg.asset_check(
        asset=SAMEGOAL_STUDENTS,
        name=CHECK,
        description="The district had a good or a paused night within the last 36 hours. "
        "Looked at every quarter of an hour, by the sensor districts_fresh.",
        partitions_def=DISTRICTS,
    )
    def fresh_within_36_hours(
        context: dg.AssetCheckExecutionContext, database: Database
    ) -> dg.AssetCheckResult:
        """The same, when somebody executes the check in the UI."""
        last = last_nights_as_asked(database.registry().database_url).get(context.partition_key)
        return dg.AssetCheckResult(
            passed=is_fresh(last, datetime.now(UTC)), metadata=_metadata(last)
        )
