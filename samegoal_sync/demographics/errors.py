"""What keeps a whole district from being curated.

SyncError
`-- DemographicsError
    |-- SeveralDistricts   the system holds several districts; which one is not told
    `-- ChecksFailed             a blocking check failed: structure, keys, sums
"""

from __future__ import annotations

from collections.abc import Sequence

from samegoal_sync.errors import Actor, SyncError


class DemographicsError(SyncError):
    """A district's frames can't be curated; nothing is published of them."""


class SeveralDistricts(DemographicsError):  # noqa: N818
    """The access sees several districts, and the registry doesn't say which is meant."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            f"The Skyward system holds {count} districts and the registry names none of them.",
            hint="set the district's DistrictID (`samegoal-sync districts show` lists its values)",
        )


class ChecksFailed(DemographicsError):  # noqa: N818
    """Frames failed blocking checks; ``checks`` names them, with counts and never with values."""

    default_actor = Actor.DISTRICT

    def __init__(self, stage: str, checks: Sequence[tuple[str, dict[str, int | float]]]) -> None:
        self.stage = stage
        self.checks = tuple(checks)
        told = "; ".join(f"{name} ({_numbers(counts)})" for name, counts in checks)
        super().__init__(
            f"The {stage} frames are not fit to go on: {told}.",
            hint="docs/checks.md tells each check and its way back; what is published stays",
        )


def _numbers(counts: dict[str, int | float]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
