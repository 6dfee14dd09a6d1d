"""The sensor that tells Dagster of a person's decision about a held night.

Decided in the portal or by a command, outside any run: without this the district's check would stay
red, and the published assets show the row count of the night before.
"""

# Without postponed annotations: Dagster looks at the resource's type itself.

import json

import dagster as dg

from samegoal_sync.pipeline.heartbeat import beating
from samegoal_sync.pipeline.published_asset import (
    SAMEGOAL_GUARDIANS,
    SAMEGOAL_STUDENTS,
    WITHIN_GUARDS,
    make_room,
    published_numbers,
)
from samegoal_sync.pipeline.resources import Database
from samegoal_sync.samegoal.publication.accounting import published_rows
from samegoal_sync.samegoal.publication.decided_nights import DecidedNight, decided_nights

#: Districts told in one tick; the rest come with the next.
_REPORTED_AT_ONCE = 200

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.AssetObservation


@dg.sensor(
    name="decisions_on_held_nights",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="When a held night is approved or discarded, turns within_guards of its district "
    "green, and reports what an approved night published.",
)
@beating("decisions_on_held_nights")
def decisions_on_held_nights(
    context: dg.SensorEvaluationContext, database: Database
) -> dg.SensorResult | dg.SkipReason:
    """Each decision is told once; the cursor holds those told of which no night has come since."""
    registry = database.registry()
    reported: dict[str, int] = json.loads(context.cursor or "{}")
    decided = decided_nights(registry.database_url)
    new = [one for one in decided if reported.get(one.slug) != one.sync_id][:_REPORTED_AT_ONCE]
    if not new:
        return dg.SkipReason("no held night was approved or discarded")
    make_room(context.instance, WITHIN_GUARDS.name, [one.slug for one in new])
    portal_url = registry.settings.portal_url
    events: list[Event] = []
    for one in new:
        if one.approved:
            rows = published_rows(registry.database_url, one.slug)
            events += _materializations(one, rows, portal_url)
        events.append(_check(one))
    still = {one.slug: one.sync_id for one in decided if one in new or one.slug in reported}
    return dg.SensorResult(asset_events=events, cursor=json.dumps(still))


def _materializations(
    one: DecidedNight, rows: dict[str, int], portal_url: str | None
) -> list[dg.AssetMaterialization]:
    return [
        dg.AssetMaterialization(
            key,
            description=f"The held night of {one.night} was approved.",
            partition=one.slug,
            metadata=published_numbers(who, rows[who], one.counts, portal_url, one.slug),
        )
        for key, who in ((SAMEGOAL_STUDENTS, "students"), (SAMEGOAL_GUARDIANS, "guardians"))
    ]


def _check(one: DecidedNight) -> dg.AssetCheckEvaluation:
    what = "approved" if one.approved else "discarded; what was published before stays"
    return dg.AssetCheckEvaluation(
        asset_key=SAMEGOAL_STUDENTS,
        check_name=WITHIN_GUARDS.name,
        passed=True,
        metadata={"decided": f"The held night of {one.night} was {what}."},
        partition=one.slug,
        blocking=WITHIN_GUARDS.blocking,
    )
