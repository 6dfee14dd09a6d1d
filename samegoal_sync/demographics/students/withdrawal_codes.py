"""Why a student left, from the words of the district's withdrawal codes.

Codes are each district's own; Type and Description are read as words. What a word does not
tell stays ``WITHDREW``: never a guess at dropping out or graduating.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned, joined
from samegoal_sync.qmlativ.raw_objects import RawObjects

_NEGATED = r"\b(?:not|non|no|never|without|failed to)\b[\s-]*(?:\w+\s+)?(?:graduat|complet|diploma)"
#: District Enrollment, its stated reason and the words that tell it; the first that fits counts.
WITHDRAWAL_WORDS: tuple[tuple[str, str, str], ...] = (
    ("INACTIVE", "withdrawal_deceased", r"\bdeceased\b|\bdeath\b|\bdied\b"),
    ("DROPPED_OUT", "withdrawal_dropped_out", r"\bdrop(?:ped|s)?[\s-]?outs?\b"),
    ("WITHDREW", "withdrawal_without_graduation", _NEGATED),
    ("GRADUATED", "withdrawal_graduated", r"\bgraduat(?:e|es|ed|ion|ing)\b|\bdiploma\b"),
    (
        "TRANSFERRED",
        "withdrawal_transferred",
        r"\btransfer|\bmoved\b|\benrolled (?:in|at) (?:another|other|a private)|"
        r"\b(?:another|other|out of) (?:school|district|state|country)\b|\bprivate school\b",
    ),
)
WITHDREW = ("WITHDREW", "withdrawal_other")


def withdrawal_codes(raw: RawObjects) -> pl.DataFrame:
    """``WithdrawalCodeID, left_as, left_reason`` for every withdrawal code."""
    words = joined(cleaned("Type"), cleaned("Description")).str.to_lowercase()
    status, reason = pl.lit(WITHDREW[0]), pl.lit(WITHDREW[1])
    for enrollment, why, pattern in reversed(WITHDRAWAL_WORDS):
        fits = words.str.contains(pattern).fill_null(False)
        status = pl.when(fits).then(pl.lit(enrollment)).otherwise(status)
        reason = pl.when(fits).then(pl.lit(why)).otherwise(reason)
    return lookup(raw, "Enrollment/WithdrawalCode").select(
        "WithdrawalCodeID", status.alias("left_as"), reason.alias("left_reason")
    )
