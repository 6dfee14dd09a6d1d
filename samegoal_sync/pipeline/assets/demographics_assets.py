"""The curated assets: SameGoal's columns, cleaned and checked, with every reject explained."""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.demographics.curate_district import ROWS_OF, curate
from samegoal_sync.demographics.validation.check_findings import require_checks_passed
from samegoal_sync.pipeline.asset_checks import (
    GUARDIAN_CHECKS,
    STUDENT_CHECKS,
    check_results,
    check_specs,
)
from samegoal_sync.pipeline.column_metadata import curated_metadata
from samegoal_sync.pipeline.import_run import import_run
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.pipeline.resources import Database

STUDENT_DEMOGRAPHICS = dg.AssetKey(["student_demographics"])
GUARDIAN_DEMOGRAPHICS = dg.AssetKey(["guardian_demographics"])
_RAW = ("entities", "students", "guardians")
#: Findings that a check shows: the shares of those without a value.
_SHARE = "share_without_"


def _out(table: str, description: str) -> dg.AssetOut:
    return dg.AssetOut(
        key=dg.AssetKey([table]),
        io_manager_key="curated",
        description=description,
        group_name="demographics",
        kinds={"polars", "pandera", "parquet"},
        owners=OWNERS,
        metadata=curated_metadata(TABLES[table]),
    )


#: The frame's own number of rows; what the published assets account for; the district's settings.
_SHOWN_ELSEWHERE = {
    "students_curated", "guardians_curated",
    "students_rejected", "students_out_of_scope", "students_without_guardian",
    "guardians_rejected", "guardians_out_of_scope", "guardians_withheld",
    "publish_restricted", "restrictions_lost_allowed",
}  # fmt: skip
_YES_OR_NO = {"legal_names_shared", "restrictions_shared"}


@dg.multi_asset(
    name="demographics",
    ins={name: dg.AssetIn(dg.AssetKey(["qmlativ", name])) for name in _RAW},
    outs={
        "student_demographics": _out(
            "student_demographics",
            "One row a student in the columns of SameGoal's students.csv: which enrollment counts, "
            "legal names, address, race. Rows and values that can't be right are rejected.",
        ),
        "guardian_demographics": _out(
            "guardian_demographics",
            "One row a student and guardian, in order, with phones and e-mail; restricted "
            "guardians are withheld.",
        ),
    },
    partitions_def=DISTRICTS,
    check_specs=[
        *check_specs(STUDENT_DEMOGRAPHICS, STUDENT_CHECKS),
        *check_specs(GUARDIAN_DEMOGRAPHICS, GUARDIAN_CHECKS),
    ],
)
def demographics(
    context: AssetExecutionContext,
    database: Database,
    entities: Any,
    students: Any,
    guardians: Any,
) -> Iterator[Any]:
    """Curate students and guardians from the stored raw frames; Qmlativ is not asked."""
    # pandera is slow to import: code servers and daemons load this module, and never check.
    from samegoal_sync.demographics.validation.curated_checks import check_curated
    from samegoal_sync.demographics.validation.raw_checks import check_raw

    with import_run(context, database) as run:
        raw = entities.merged_with(students, guardians)
        before = run.last_good_findings()
        # A blocking check of the raw assets does not stop a later run of these alone.
        require_checks_passed("raw", check_raw(raw, before.rows_read))
        of_students, of_guardians = curate(raw, run.district, run.today)
        for key, frames in (
            (STUDENT_DEMOGRAPHICS, of_students),
            (GUARDIAN_DEMOGRAPHICS, of_guardians),
        ):
            context.add_asset_metadata(_metadata(frames), key, run.district.slug)
        yield dg.Output(of_students, "student_demographics")
        yield dg.Output(of_guardians, "guardian_demographics")
        findings = check_curated(of_students, of_guardians, before.of_transforms)
        yield from check_results(STUDENT_DEMOGRAPHICS, STUDENT_CHECKS, findings)
        yield from check_results(GUARDIAN_DEMOGRAPHICS, GUARDIAN_CHECKS, findings)
        require_checks_passed("curated", findings)


def _metadata(curated: Any) -> dict[str, Any]:
    """Numbers that no other asset and no check shows already."""
    rejects = dict(curated.rejects["rule"].value_counts(sort=True).iter_rows())
    noted = {name: value for name, value in curated.findings.items() if _is_shown(name, value)}
    return {
        "dagster/partition_row_count": curated.frame.height,
        **{name.replace("_", " "): _shown(name, value) for name, value in noted.items()},
        **{f"rejected by {rule}": count for rule, count in rejects.items()},
        "columns not shared": ", ".join(sorted(curated.absent)) or "none",
    }


def _is_shown(name: str, value: Any) -> bool:
    return value != {} and name not in _SHOWN_ELSEWHERE and not name.startswith((ROWS_OF, _SHARE))


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return bool(value) if name in _YES_OR_NO else value
