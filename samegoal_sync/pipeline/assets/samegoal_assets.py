"""The published assets: what SameGoal shows, written in one transaction a district."""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.demographics.validation.check_findings import require_checks_passed
from samegoal_sync.pipeline.asset_checks import check_specs
from samegoal_sync.pipeline.assets.demographics_assets import (
    GUARDIAN_DEMOGRAPHICS,
    STUDENT_DEMOGRAPHICS,
)
from samegoal_sync.pipeline.column_metadata import published_metadata
from samegoal_sync.pipeline.import_run import ImportRun, import_run
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.pipeline.published_asset import (
    SAMEGOAL_GUARDIANS,
    SAMEGOAL_STUDENTS,
    WITHIN_GUARDS,
    guard_numbers,
    portal_link,
    published_numbers,
)
from samegoal_sync.pipeline.resources import Database, Sftp
from samegoal_sync.samegoal.delivery.deliveries import forget_delivery
from samegoal_sync.samegoal.publication.accounting import published_rows
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.samegoal.publication.syncs import Publication, State

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
            SAMEGOAL_STUDENTS,
            deps=[STUDENT_DEMOGRAPHICS],
            description="Students as each Details tab shows them and new documents copy them. "
            "A held, paused or failed night leaves them as they were.",
            metadata=published_metadata(STUDENT_TABLE),
            **_COMMON,
        ),
        dg.AssetSpec(
            SAMEGOAL_GUARDIANS,
            deps=[GUARDIAN_DEMOGRAPHICS, STUDENT_DEMOGRAPHICS],
            description="Guardians of published students, replaced as a set for each student sent.",
            metadata=published_metadata(GUARDIAN_TABLE),
            **_COMMON,
        ),
    ],
    check_specs=check_specs(SAMEGOAL_STUDENTS, (WITHIN_GUARDS,)),
    partitions_def=DISTRICTS,
)
def publication(
    context: AssetExecutionContext,
    database: Database,
    sftp: Sftp,
    students: Any,
    guardians: Any,
) -> Iterator[Any]:
    """Publish the curated frames, or hold the night; nothing in between."""
    # pandera is slow to import: code servers and daemons load this module, and never check.
    from samegoal_sync.demographics.validation.curated_checks import check_curated

    with import_run(context, database) as run:
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
        if not sftp.is_set:
            forget_delivery(run.database_url, run.district.slug)
        yield _within_guards(run, result)
        if result.state in {State.PUBLISHED, State.UNCHANGED}:
            yield from _materializations(context, run, result.counts)
        else:
            context.log.warning(_nothing_published(run, result))
            if result.counts["changes"]:
                # Guardians who may not see a student went all the same: what is published
                # changed, and files must be delivered without them.
                yield from _materializations(context, run, result.counts)


def _within_guards(run: ImportRun, result: Publication) -> dg.AssetCheckResult:
    held = result.state is State.HELD
    metadata: dict[str, Any] = dict(
        guard_numbers(result.findings.guard_shares, run.district.settings.guards)
    )
    if held:
        portal_url, slug = run.registry.settings.portal_url, run.district.slug
        metadata |= {
            "held because": "; ".join(str(reason) for reason in result.reasons),
            "action by": "district",
            "hint": f"samegoal-sync held {slug}; then samegoal-sync approve {slug} or "
            f"samegoal-sync discard {slug}",
            **portal_link(portal_url, slug, "held"),
        }
    return dg.AssetCheckResult(
        asset_key=SAMEGOAL_STUDENTS,
        check_name=WITHIN_GUARDS.name,
        passed=not held,
        metadata=metadata,
    )


def _nothing_published(run: ImportRun, result: Publication) -> str:
    """Why a run that went well published nothing, and who decides where."""
    slug = run.district.slug
    if result.state is State.HELD:
        reasons = "; ".join(str(reason) for reason in result.reasons)
        return (
            f"The night of {slug} is held: {reasons}. What is published stays. The district's "
            f"administrative user decides on the portal's page of the held night, or the technical "
            f"team by samegoal-sync approve {slug} or samegoal-sync discard {slug}."
        )
    if result.state is State.DISCARDED:
        return f"A later read of {slug} is published or held: nothing of this one is published."
    return (
        f"{slug} is paused until {result.findings.until}: nothing is published. The district's "
        "administrative user can end the pause in the portal, under District Information."
    )


def _materializations(
    context: AssetExecutionContext, run: ImportRun, counts: dict[str, int]
) -> Iterator[dg.MaterializeResult[None]]:
    slug, portal_url = run.district.slug, run.registry.settings.portal_url
    rows = published_rows(run.database_url, slug)
    for key, who in ((SAMEGOAL_STUDENTS, "students"), (SAMEGOAL_GUARDIANS, "guardians")):
        numbers = published_numbers(who, rows[who], counts, portal_url, slug)
        # Metadata of the result itself would be stored twice, in the step's output too.
        context.add_asset_metadata(numbers, key, slug)
        yield dg.MaterializeResult(asset_key=key)
