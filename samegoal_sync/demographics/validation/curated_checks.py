"""Whether curated frames may be published: their form, their sums, and what went missing."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from samegoal_sync.demographics.columns.curated_frames import Curated, Noted
from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES
from samegoal_sync.demographics.validation.check_findings import Finding
from samegoal_sync.demographics.validation.schema_failures import SAMPLE, schema_failures
from samegoal_sync.demographics.validation.schemas import guardians_schema, students_schema

#: So many restricted guardians don't mostly become unrestricted in one night.
RESTRICTIONS_FLOOR = 5
#: How much a share (of students without an address ...) may grow over last night's.
SHARE_GROWTH = 0.05

#: What findings of a night look like when they come back the night after.
Previous = Mapping[str, Noted]


def check_curated(
    students: Curated,
    guardians: Curated,
    previous: Previous | None = None,
    *,
    whole_district: bool = True,
) -> list[Finding]:
    """Check curated frames and their accounts.

    Args:
        previous: the findings (students' and guardians' together) of the last good night.
        whole_district: false when one student alone was read: then nobody restricted is usual.
    """
    return [
        _fits("students_valid", students_schema(), students.frame, "student_id"),
        _fits("guardians_valid", guardians_schema(), guardians.frame, "student_id"),
        _pairs_once(guardians),
        _guardians_have_students(students, guardians),
        _accounted("students_accounted", students, "sis_internal_id"),
        _accounted("guardians_accounted", guardians, "guardian_id"),
        _rejects_explained(students, guardians),
        Finding("guardians_complete", guardians.complete),
        _restrictions_still_shared(guardians, previous or {}, whole_district=whole_district),
        *_shares(students.findings | guardians.findings, previous or {}),
    ]


def _fits(name: str, schema: pa.DataFrameSchema, frame: pl.DataFrame, key: str) -> Finding:
    failures = schema_failures(schema, frame)
    rows = sorted({row for failure in failures for row in failure.rows})[:SAMPLE]
    counts: dict[str, int | float] = {failure.name: failure.count for failure in failures}
    keys = frame.get_column(key).gather(rows).to_list() if key in frame.columns else []
    return Finding(name, not failures, counts, keys)


def _pairs_once(guardians: Curated) -> Finding:
    pairs = int(guardians.frame.select("student_id", "guardian_id").is_duplicated().sum())
    places = int(guardians.frame.select("student_id", "priority").is_duplicated().sum())
    counts: dict[str, int | float] = {"pairs_twice": pairs, "priorities_twice": places}
    return Finding("guardian_pairs_once", pairs + places == 0, counts=counts)


def _guardians_have_students(students: Curated, guardians: Curated) -> Finding:
    alone = guardians.frame.join(students.frame.select("student_id"), on="student_id", how="anti")
    sample = alone.get_column("guardian_id").head(SAMPLE).to_list()
    counts: dict[str, int | float] = {"guardians_without_student": alone.height}
    return Finding("guardians_have_students", alone.is_empty(), counts, sample)


def _accounted(name: str, curated: Curated, key: str) -> Finding:
    """Every row of the frame stands in the account as curated, and nothing else does."""
    account = curated.account.filter(pl.col("outcome") == "curated")
    keys = ["student_id", key]
    unaccounted = curated.frame.join(account, on=keys, how="anti").height
    vanished = account.join(curated.frame, on=keys, how="anti").height
    without_reason = curated.account.filter(
        (pl.col("outcome") == "curated") != pl.col("reason").is_null()
    ).height
    counts: dict[str, int | float] = {
        "unaccounted": unaccounted,
        "vanished": vanished,
        "twice": account.height - account.select(keys).n_unique() if account.height else 0,
        "without_reason": without_reason,
    }
    return Finding(name, not any(counts.values()), counts=counts)


def _rejects_explained(students: Curated, guardians: Curated) -> Finding:
    """Every student rejected has its reject row, and every rule has its entry in the docs."""
    aside = students.account.filter(pl.col("outcome") == "rejected").height
    rows = students.rejects.filter(pl.col("severity") == "row").height
    rules = pl.concat([students.rejects, guardians.rejects]).get_column("rule").unique().to_list()
    counts: dict[str, int | float] = {
        "students_rejected": aside,
        "student_row_rejects": rows,
        "unknown_rules": sum(rule not in REJECT_RULES for rule in rules),
    }
    return Finding("rejects_explained", aside == rows and not counts["unknown_rules"], counts)


def _restrictions_still_shared(
    guardians: Curated, previous: Previous, *, whole_district: bool
) -> Finding:
    """Restrictions that were there before are there tonight: shared, and not all gone at once.

    Otherwise every guardian withheld until yesterday would be published tonight. Where one of
    two sources is no longer shared, fewer restrictions than before may be that source's. A
    district that publishes the restricted, with the restriction shown, has nothing to lose, and a
    guard of 1 says that a person has looked.
    """
    shared, restricted = (
        int(str(guardians.findings[name]))
        for name in ("restrictions_shared", "guardians_restricted")
    )
    had = int(str(previous.get("guardians_restricted", 0)))
    lost = previous.get("restrictions_shared") == 1 and shared == 0
    allowed = float(str(guardians.findings.get("restrictions_lost_allowed", 0)))
    gone = had - restricted > round(had * allowed, 6)
    emptied = whole_district and had >= RESTRICTIONS_FLOOR and gone
    fewer = restricted < had and not _sources(previous) <= _sources(guardians.findings)
    agreed = allowed >= 1 or guardians.findings.get("publish_restricted") == 1
    fit = agreed or not (lost or emptied or fewer)
    counts: dict[str, int | float] = {
        "restrictions_shared": shared,
        "guardians_restricted": restricted,
        "guardians_restricted_last_night": had,
    }
    return Finding("restrictions_still_shared", fit, counts)


def _sources(findings: Previous) -> set[str]:
    sources = findings.get("restriction_sources", [])
    return set(sources) if isinstance(sources, list) else set()


def _shares(tonight: Previous, previous: Previous) -> list[Finding]:
    """One warning a share that grew well beyond what this district had last night."""
    findings = []
    for name, value in sorted(tonight.items()):
        if not name.startswith("share_") or not isinstance(value, float):
            continue
        before = previous.get(name)
        known = float(before) if isinstance(before, int | float) else value
        counts: dict[str, int | float] = {"tonight": value, "last_night": known}
        findings.append(Finding(name, value <= known + SHARE_GROWTH, counts))
    return findings
