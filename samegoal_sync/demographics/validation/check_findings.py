"""What a check of frames is called, whether it blocks, and what it found in one district.

Dagster's blocking checks hold only inside one run, so each stage asks here itself, and Dagster's
asset checks are made of the same findings. A finding holds counts and keys, never a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from samegoal_sync.demographics.errors import ChecksFailed

#: Rule -> whether it blocks; what ``check_raw`` gives, in order.
RAW_RULES: dict[str, bool] = {
    "raw_shape": True,
    "raw_keys": True,
    "essential_fields_shared": True,
    "objects_not_emptied": True,
    "names_came": True,
    "all_fields_shared": False,
}
#: The same of ``check_curated``.
CURATED_RULES: dict[str, bool] = {
    "students_valid": True,
    "guardians_valid": True,
    "guardian_pairs_once": True,
    "guardians_have_students": True,
    "students_accounted": True,
    "guardians_accounted": True,
    "rejects_explained": True,
    "guardians_complete": False,
    "restrictions_still_shared": True,
    "share_without_address": False,
    "share_without_building": False,
    "share_without_gender": False,
    "share_without_grade": False,
    "share_without_guardian_email": False,
    "share_without_guardian_phone": False,
    "share_without_home_language": False,
    "share_without_race": False,
}
_RULES = RAW_RULES | CURATED_RULES


@dataclass(frozen=True)
class Finding:
    """One check of one district's frames.

    Attributes:
        name: of ``RAW_RULES`` or ``CURATED_RULES``.
        passed: whether the frames are as they ought to be.
        counts: numbers that say how bad it is.
        sample_keys: up to ten keys (Qmlativ's ids or Student Ids) of failing rows.
    """

    name: str
    passed: bool
    counts: dict[str, int | float] = field(default_factory=dict)
    sample_keys: list[int | str] = field(default_factory=list)

    @property
    def blocking(self) -> bool:
        """Whether nothing may go on when it failed."""
        return blocks(self.name)


def blocks(rule: str) -> bool:
    """Whether nothing is published of a night that is against this rule."""
    return _RULES[rule]


def require_checks_passed(stage: str, findings: Sequence[Finding]) -> None:
    """Stop unless every blocking finding passed.

    Raises:
        ChecksFailed: names the failed checks with their counts.
    """
    failed = [(item.name, item.counts) for item in findings if item.blocking and not item.passed]
    if failed:
        raise ChecksFailed(stage, failed)
