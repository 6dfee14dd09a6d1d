"""What keeps a whole district from being curated.

SyncError
`-- DemographicsError
    |-- SeveralDistricts   the system holds several districts; which one is not told
    |-- FramesTooLarge     the rows fill more memory than any district's
    |-- TooManyPairs       so many rows belong together that they can't be joined
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


class FramesTooLarge(DemographicsError):  # noqa: N818
    """A district's rows fill so much memory that curating them, at four times that, may not fit."""

    def __init__(self, found: int, most: int) -> None:
        super().__init__(
            f"What Qmlativ sent of the district fills {found:,} MiB of memory; at most {most:,} "
            "are curated, which takes four times as much beside them.",
            hint="see which object has too many rows (the asset's numbers in the Dagster UI); if "
            "the district really is that large, raise MOST_BYTES in demographics/memory_bounds.py",
        )


class TooManyPairs(DemographicsError):  # noqa: N818
    """Rows of two objects belong together in more ways than can be joined: a placeholder family."""

    default_actor = Actor.DISTRICT

    def __init__(
        self, names: tuple[str, str], keys: Sequence[str], pairs: int, most: tuple[int, int]
    ) -> None:
        one, other = names
        key = " and ".join(keys)
        super().__init__(
            f"{one} and {other} give {pairs:,} pairs of rows by {key}; a single {key} has "
            f"{most[0]:,} rows of the one and {most[1]:,} of the other.",
            hint="look in Qmlativ for the record that far too many belong to, a placeholder for "
            "what nobody knew, and take out of it who does not belong; what is published stays",
        )


class ChecksFailed(DemographicsError):  # noqa: N818
    """Frames failed blocking checks; ``checks`` names them, with counts and never with values."""

    default_actor = Actor.DISTRICT

    def __init__(self, stage: str, checks: Sequence[tuple[str, dict[str, int | float]]]) -> None:
        self.stage = stage
        self.checks = tuple(checks)
        failed = "; ".join(f"{name} ({_numbers(counts)})" for name, counts in checks)
        super().__init__(
            f"The {stage} frames are not fit to go on: {failed}.",
            hint="docs/checks.md tells each check and its way back; what is published stays",
        )


def _numbers(counts: dict[str, int | float]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
