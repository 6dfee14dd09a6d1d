"""The optional asset ``samegoal/csv``: the published rows as SameGoal's two files, by SFTP.

It comes after the publication and is alone when it fails: what is published stays published, and
``status`` and the digest say that the files are not there. Where no SFTP is set, ``definitions``
leaves it out: it would be forever missing.
"""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.pipeline.import_run import reported
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.pipeline.published_asset import SAMEGOAL_GUARDIANS, SAMEGOAL_STUDENTS
from samegoal_sync.pipeline.resources import Database, Sftp
from samegoal_sync.samegoal.delivery.csv_files import render
from samegoal_sync.samegoal.delivery.csv_layout import csv_layout

CSV = dg.AssetKey(["samegoal", "csv"])

#: A connection that broke is tried again: a load that broke off is never taken up.
_AGAIN = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


@dg.asset(
    key=CSV,
    deps=[SAMEGOAL_STUDENTS, SAMEGOAL_GUARDIANS],
    partitions_def=DISTRICTS,
    group_name="samegoal",
    kinds={"csv", "sftp"},
    owners=OWNERS,
    description="students.csv and guardians.csv as they are published, handed to SameGoal by SFTP. "
    "Skipped in a night that published nothing and removed no guardian who may not see a student.",
    output_required=False,
    retry_policy=_AGAIN,
)
def csv(context: AssetExecutionContext, database: Database, sftp: Sftp) -> Iterator[Any]:
    """Deliver what is published; a load is complete or is not taken up."""
    with reported(context):
        registry, slug = database.registry(), context.partition_key
        layout = csv_layout(registry.settings.csv_layout)
        files = render(registry.database_url, slug, layout)
        folder = sftp.deliver(registry.database_url, slug, files)
        yield dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count": files.student_rows,
                "rows of students.csv": files.student_rows,
                "rows of guardians.csv": files.guardian_rows,
                "folder": folder,
            }
        )
