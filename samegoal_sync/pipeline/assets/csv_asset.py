"""The optional asset ``samegoal/csv``: the published rows as SameGoal's two files, by SFTP.

It comes after the publication and is alone when it fails: what is published stays published.
Where no SFTP is set it does nothing, and says so.
"""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.pipeline.import_run import told
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.pipeline.published_asset import GUARDIANS, STUDENTS
from samegoal_sync.samegoal.delivery.csv_files import render
from samegoal_sync.settings import SFTP_VARIABLE, Settings

CSV = dg.AssetKey(["samegoal", "csv"])

#: A connection that broke is tried again: a load that broke off is never taken up.
_AGAIN = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


@dg.asset(
    key=CSV,
    deps=[STUDENTS, GUARDIANS],
    partitions_def=DISTRICTS,
    group_name="samegoal",
    kinds={"csv", "sftp"},
    owners=OWNERS,
    description="students.csv and guardians.csv as they are published, handed to SameGoal by SFTP. "
    f"Does nothing where {SFTP_VARIABLE} is not set, nor in a night that published nothing and "
    "removed no guardian who may not see a student.",
    output_required=False,
    retry_policy=_AGAIN,
)
def csv(context: AssetExecutionContext) -> Iterator[Any]:
    """Deliver what is published; a load is complete or is not taken up."""

    with told(context):
        settings, slug = Settings.from_environment(), context.partition_key
        if settings.sftp_url is None:
            context.log.info(f"no files are delivered: {SFTP_VARIABLE} is not set")
            return
        files = render(registry_from_environment().database_url, slug)
        folder = _deliver(settings, slug, files)
        yield dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count": files.student_rows,
                "rows of students.csv": files.student_rows,
                "rows of guardians.csv": files.guardian_rows,
                "folder": folder,
            }
        )


def _deliver(settings: Settings, slug: str, files: Any) -> str:
    from samegoal_sync.samegoal.delivery.sftp import (
        Destination,
        deliver,
    )  # paramiko: slow to import

    return deliver(Destination.from_settings(settings, slug), files, datetime.now(UTC))
