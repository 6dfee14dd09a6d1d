"""What tonight would change, to the last field, for a person to look at: preview and held night."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.guards import Reason

#: One row a field that changes; ``kind`` is added, changed, removed, missing, returned or closed.
#: ``student_id`` is the key under which the change will be found; ``published_id`` the one under
#: which the student is published now, null for a new one.
CHANGE_COLUMNS = pl.Schema(
    {
        "student_id": pl.String(),
        "guardian_id": pl.Int64(),
        "kind": pl.String(),
        "field": pl.String(),
        "old": pl.String(),
        "new": pl.String(),
        "published_id": pl.String(),
    }
)


@dataclass(frozen=True)
class Difference:
    """What a publication would change.

    Attributes:
        counts: the counts a sync carries, as if it were published.
        reasons: guards that the night is beyond; empty when it would go through.
        changes: ``CHANGE_COLUMNS``, in order of student, guardian, field. Old and new are
            students' data: for a person's eyes, never for a log.
        findings: numbers beside the counts.
    """

    counts: dict[str, int]
    reasons: list[Reason]
    changes: pl.DataFrame
    findings: Findings = field(default_factory=Findings)


def read_changes(comparison: Comparison) -> pl.DataFrame:
    """The changes of a comparison, in a fixed order."""
    rows = comparison.execute(
        """
        select student_id, guardian_id, kind, field, old, new, published_id from tonight_changes
        order by student_id, guardian_id nulls first, kind, field
        """
    ).fetchall()
    return pl.DataFrame(rows, schema=CHANGE_COLUMNS, orient="row")
