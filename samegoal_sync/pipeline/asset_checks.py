"""The asset checks of each stage: names and words here, rules in ``frame_validation``.

Every check is partitioned by district. (Partitioned checks are in preview in Dagster 1.13; see
docs/pipeline.md.) A test holds these names against what ``frame_validation`` finds.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from samegoal_sync.pipeline.partitions import DISTRICTS

if TYPE_CHECKING:
    from samegoal_sync.demographics.validation.frame_validation import Finding


@dataclass(frozen=True)
class Check:
    """A check as the Dagster UI shows it; ``blocking`` ones stop what comes after."""

    name: str
    description: str
    blocking: bool = True


def _shares(*columns: str) -> tuple[Check, ...]:
    return tuple(
        Check(
            f"share_without_{column}",
            f"Not many more are without {column.replace('_', ' ')} than last night.",
            blocking=False,
        )
        for column in columns
    )


RAW_CHECKS = (
    Check("raw_shape", "Every frame has the catalog's fields, in their types."),
    Check("raw_keys", "Primary keys are there and come once."),
    Check("essential_fields_shared", "No field without which a district can't be read is missing."),
    Check("objects_not_emptied", "No object is empty that never is, or that had rows last night."),
    Check("names_came", "Most students have their Name row: Name was read completely."),
    Check("all_fields_shared", "Skyward shares every field that we ask for.", blocking=False),
)

STUDENT_CHECKS = (
    Check("students_valid", "Every row fits SameGoal's layout: keys, required values, forms."),
    Check("students_accounted", "Every student sent is curated, rejected or out of scope, once."),
    Check("rejects_explained", "Every row rejected has a reason that docs/rejects.md explains."),
    *_shares("address", "gender", "race", "home_language", "grade", "building"),
)

GUARDIAN_CHECKS = (
    Check("guardians_valid", "Every row fits SameGoal's layout: keys, order, phones, e-mails."),
    Check("guardian_pairs_once", "A student and a guardian are tied once; places come once."),
    Check("guardians_have_students", "No guardian without their student in tonight's frame."),
    Check("guardians_accounted", "Every pair sent is curated, rejected, withheld or out of scope."),
    Check("restrictions_still_shared", "Custody restrictions shared before are shared tonight."),
    Check("guardians_complete", "Every object guardians are made of was read completely.", False),
    *_shares("guardian_phone", "guardian_email"),
)


def check_specs(asset: dg.AssetKey, checks: Iterable[Check]) -> list[dg.AssetCheckSpec]:
    """The checks of one asset, one status a district."""
    with warnings.catch_warnings():
        # Known and pinned: without partitions a check shows whichever district ran last.
        warnings.simplefilter("ignore", category=dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name=check.name,
                asset=asset,
                description=check.description,
                blocking=check.blocking,
                partitions_def=DISTRICTS,
            )
            for check in checks
        ]


def check_results(
    asset: dg.AssetKey, checks: Sequence[Check], findings: Iterable[Finding]
) -> Iterator[dg.AssetCheckResult]:
    """Findings as results: failing rows counted, a sample of keys, never a value.

    A check that tonight's findings don't mention has nothing to say and passes.
    """
    found = {finding.name: finding for finding in findings}
    for check in checks:
        finding = found.get(check.name)
        severity = dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN
        yield dg.AssetCheckResult(
            asset_key=asset,
            check_name=check.name,
            passed=finding is None or finding.passed,
            severity=severity,
            metadata=_metadata(finding) if finding else {},
        )


def _metadata(finding: Finding) -> dict[str, Any]:
    metadata: dict[str, Any] = dict(finding.counts)
    if finding.sample_keys:
        metadata["sample of keys"] = ", ".join(str(key) for key in finding.sample_keys)
    return metadata
