"""Many districts on one screen: those that stand alike for the same reason are one line.

The status command and the digest show each district by itself while there are few, and groups
beyond: three thousand lines are read by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from samegoal_sync.districts.monitoring.district_status import DistrictStatus
from samegoal_sync.districts.monitoring.worst_problem import Cause, Severity

#: So many districts are listed one by one.
LISTED = 25
#: Groups and districts a group that are shown beyond.
_GROUPS = 12
_NAMED = 4


@dataclass(frozen=True)
class Group:
    """Districts that need the same of the same people, worst first.

    Attributes:
        example: the first of them; its problem and hint stand for all.
    """

    severity: Severity
    cause: Cause
    actor: str | None
    example: DistrictStatus
    slugs: tuple[str, ...]

    @property
    def named(self) -> str:
        """The first few by slug, and how many more there are."""
        more = len(self.slugs) - _NAMED
        return ", ".join(self.slugs[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def in_words(statuses: Sequence[DistrictStatus]) -> str:
    """How many stand how: ``12 failing, 3 held, 2,985 fine``."""
    counts = Counter(one.severity for one in statuses)
    return ", ".join(
        f"{counts[severity]:,} {severity.word}" for severity in sorted(counts, reverse=True)
    )


def groups(statuses: Sequence[DistrictStatus]) -> list[Group]:
    """Everyone who is not fine, in at most ``_GROUPS`` groups; worst and largest first."""
    found: dict[tuple[Severity, Cause, str | None], list[DistrictStatus]] = {}
    for one in statuses:
        if one.severity is not Severity.FINE:
            found.setdefault((one.severity, one.cause, one.actor), []).append(one)
    made = [
        Group(*key, example=members[0], slugs=tuple(one.slug for one in members))
        for key, members in found.items()
    ]
    return sorted(made, key=lambda one: (-one.severity, -len(one.slugs)))[:_GROUPS]


def grouped_lines(statuses: Sequence[DistrictStatus]) -> list[str]:
    """The groups as text, a few lines each."""
    lines = []
    for group in groups(statuses):
        who = f" [action by {group.actor}]" if group.actor else ""
        lines.append(
            f"{group.severity.word}: {group.cause.value}, {len(group.slugs):,} districts{who}"
        )
        lines.append(f"    {group.named}")
        if group.example.hint:
            lines.append(f"    for {group.example.slug}: {group.example.hint}")
    return lines
