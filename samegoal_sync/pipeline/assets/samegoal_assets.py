"""The published assets: what SameGoal shows, written in one transaction a district."""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.pipeline.asset_checks import Check, check_specs
from samegoal_sync.pipeline.assets.demographics_assets import GUARDIANS as GUARDIAN_DEMOGRAPHICS
from samegoal_sync.pipeline.assets.demographics_assets import STUDENTS as STUDENT_DEMOGRAPHICS
from samegoal_sync.pipeline.column_metadata import published_metadata
from samegoal_sync.pipeline.import_run import ImportRun, import_run
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.samegoal.publication.accounting import published_rows
from samegoal_sync.samegoal.publication.publish import State, publish

STUDENTS = dg.AssetKey(["samegoal", "students"])
GUARDIANS = dg.AssetKey(["samegoal", "guardians"])

WITHIN_GUARDS = Check("within_guards", "No guard holds the night; a held one waits for a person.")
PUBLISHED_COMPLETE = Check(
    "published_complete", "As many rows are published as the night accounts for."
)
_COMMON: dict[str, Any] = {
    "group_name": "samegoal",
    "kinds": {"postgres", "samegoal"},
    "owners": OWNERS,
    "skippable": True,
}


@dg.multi_asset(
    name="publication",
    ins={
        "students": dg.AssetIn(STUDENT_DEMOGRAPHICS),
        "guardians": dg.AssetIn(GUARDIAN_DEMOGRAPHICS),
    },
    specs=[
        dg.AssetSpec(
            STUDENTS,
            deps=[STUDENT_DEMOGRAPHICS],
            description="Students as each Details tab shows them and new documents copy them. "
            "A held, paused or failed night leaves them as they were.",
            metadata=published_metadata("student_demographics"),
            **_COMMON,
        ),
        dg.AssetSpec(
            GUARDIANS,
            deps=[GUARDIAN_DEMOGRAPHICS, STUDENT_DEMOGRAPHICS],
            description="Guardians of published students, replaced as a set for each student sent.",
            metadata=published_metadata("guardian_demographics"),
            **_COMMON,
        ),
    ],
    check_specs=[
        *check_specs(STUDENTS, (WITHIN_GUARDS, PUBLISHED_COMPLETE)),
        *check_specs(GUARDIANS, (PUBLISHED_COMPLETE,)),
    ],
    partitions_def=DISTRICTS,
)
def publication(context: AssetExecutionContext, students: Any, guardians: Any) -> Iterator[Any]:
    """Publish the curated frames, or hold the night; nothing in between."""
    # pandera is slow to import: code servers and daemons load this module, and never check.
    from samegoal_sync.demographics.validation.frame_validation import (
        check_curated,
        require_checks_passed,
    )

    with import_run(context) as run:
        # A blocking check of the curated assets does not stop a later run of these alone.
        require_checks_passed(
            "curated", check_curated(students, guardians, run.last_good_findings().of_transforms)
        )
        result = publish(
            run.database_url,
            run.district,
            students,
            guardians,
            run_id=run.run_id,
            night=run.night,
            started_at=run.started_at,
        )
        held = result.state is State.HELD
        yield dg.AssetCheckResult(
            asset_key=STUDENTS,
            check_name=WITHIN_GUARDS.name,
            passed=not held,
            metadata={"reasons": [str(reason) for reason in result.reasons]} if held else {},
        )
        if result.state in {State.PUBLISHED, State.UNCHANGED}:
            yield from _materializations(run, result.counts)
        else:
            context.log.warning("nothing was published: the night is %s", result.state.value)


def _materializations(run: ImportRun, counts: dict[str, int]) -> Iterator[Any]:

    rows = published_rows(run.database_url, run.district.slug)
    for key, who in ((STUDENTS, "students"), (GUARDIANS, "guardians")):
        told = {name: n for name, n in counts.items() if name.startswith(who)}
        shown = sum(counts[f"{who}_{state}"] for state in ("added", "changed", "unchanged"))
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "dagster/partition_row_count": rows[who],
                **told,
                "changes recorded": counts["changes"],
                **_portal_link(run),
            },
            check_results=[
                dg.AssetCheckResult(
                    asset_key=key,
                    check_name=PUBLISHED_COMPLETE.name,
                    passed=rows[who] >= shown,
                    metadata={"published": rows[who], "accounted for": shown},
                )
            ],
        )


def _portal_link(run: ImportRun) -> dict[str, dg.MetadataValue]:
    """Where people see what was published, if the portal's address is set."""
    portal = run.registry.settings.portal_url
    if portal is None:
        return {}
    address = f"{portal.rstrip('/')}/d/{run.district.slug}/district-information"
    return {"portal": dg.MetadataValue.url(address)}
