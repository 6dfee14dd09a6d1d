"""The asset checks of each stage: few, each of several rules of ``check_findings``.

An analyst reads the checks; which of its rules failed, with counts, is in the check's metadata.
Every check is partitioned by district. (Partitioned checks are in preview in Dagster 1.13; see
docs/pipeline.md.) A test holds the rules named here against those that there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from samegoal_sync.demographics.validation.check_findings import Finding, blocks
from samegoal_sync.pipeline.partitions import DISTRICTS


@dataclass(frozen=True)
class Check:
    """A check as the Dagster UI shows it.

    Attributes:
        rules: the findings of which it is made; it passes when all of them do.
    """

    name: str
    description: str
    rules: tuple[str, ...] = ()

    @property
    def blocking(self) -> bool:
        """Whether a night that fails it publishes nothing; its rules all say the same."""
        return any(blocks(rule) for rule in self.rules)


READ_COMPLETE = Check(
    "read_complete",
    "Qmlativ sent everything: every essential field in its type, each key once, no object empty "
    "that never is, and a Name row for most students. A night that fails this publishes nothing.",
    ("raw_shape", "raw_keys", "essential_fields_shared", "objects_not_emptied", "names_came"),
)
ALL_FIELDS_SHARED = Check(
    "all_fields_shared",
    "Skyward shares every field that we ask for. What is not shared stays as it is published.",
    ("all_fields_shared",),
)
RAW_CHECKS = (READ_COMPLETE, ALL_FIELDS_SHARED)

STUDENT_CHECKS = (
    Check(
        "students_valid",
        "Every row fits SameGoal's layout, and every student sent is curated, rejected with a "
        "reason, or out of scope, once.",
        ("students_valid", "students_accounted", "rejects_explained"),
    ),
    Check(
        "students_as_usual",
        "Not many more students than last night are without an address, gender, race, home "
        "language, grade or building (shares in percent).",
        (
            "share_without_address",
            "share_without_gender",
            "share_without_race",
            "share_without_home_language",
            "share_without_grade",
            "share_without_building",
        ),
    ),
)

GUARDIAN_CHECKS = (
    Check(
        "guardians_valid",
        "Every row fits SameGoal's layout and has its student, each pair comes once, and every "
        "pair sent is curated, rejected, withheld or out of scope.",
        (
            "guardians_valid",
            "guardian_pairs_once",
            "guardians_have_students",
            "guardians_accounted",
        ),
    ),
    Check(
        "restrictions_still_shared",
        "Custody restrictions that Qmlativ shared before are shared tonight; otherwise guardians "
        "withheld until now would be published.",
        ("restrictions_still_shared",),
    ),
    Check(
        "guardians_as_usual",
        "Guardians were read completely, and not many more than last night are without a phone "
        "or e-mail (shares in percent).",
        ("guardians_complete", "share_without_guardian_phone", "share_without_guardian_email"),
    ),
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

    A rule that tonight's findings don't mention has nothing to say and passes. After a blocking
    check that failed the step must end with an error of ours, or Dagster ends it with its own.
    """
    found = {finding.name: finding for finding in findings}
    for check in checks:
        looked_at = [found[rule] for rule in check.rules if rule in found]
        severity = dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN
        yield dg.AssetCheckResult(
            asset_key=asset,
            check_name=check.name,
            passed=all(finding.passed for finding in looked_at),
            severity=severity,
            metadata=_metadata(looked_at),
        )


def percent(share: float) -> float:
    """A share as the UI plots it: 0.0312 is 3.12."""
    return round(100 * share, 2)


def _metadata(findings: Iterable[Finding]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for finding in findings:
        if "tonight" in finding.counts:  # a share, worth plotting when it passes too
            name = finding.name.removeprefix("share_").replace("_", " ")
            metadata[f"{name} (%)"] = percent(finding.counts["tonight"])
            if not finding.passed:
                metadata[f"{name}, last night (%)"] = percent(finding.counts["last_night"])
        elif not finding.passed:
            metadata |= _failed(finding)
    return metadata


def _failed(finding: Finding) -> dict[str, Any]:
    """What failed: how many in all, where, and a few keys."""
    rule = finding.name.replace("_", " ")
    shown: dict[str, Any] = {rule: "failed"}
    if finding.counts:
        shown |= {
            rule: len(finding.counts),
            f"{rule}: where": ", ".join(f"{name} {n}" for name, n in finding.counts.items()),
        }
    if finding.name == ALL_FIELDS_SHARED.name:
        shown = {"fields not shared": len(finding.counts), "fields": ", ".join(finding.counts)}
    if finding.sample_keys:
        shown[f"{rule}: sample of keys"] = ", ".join(str(key) for key in finding.sample_keys)
    return shown
