"""What an import run found, beside its counts: names for what ``syncs.findings`` holds as JSON.

Numbers and short notes only, never a student's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the portal reads findings and starts without polars
    from samegoal_sync.demographics.columns.curated_frames import Curated


@dataclass(frozen=True)
class Findings:
    """What a run found. A row of an earlier version may hold fewer of these, or more.

    Attributes:
        students / guardians: what the transforms noted of each frame.
        guardians_complete: whether guardians were read completely; ``None``: not compared.
        additions_only: only new students were to be published.
        students_renamed: students who are published under another Student Id than before.
        required_values_missing: column -> rows without a value that SameGoal asks for.
        rollover_changes: column -> students in whom it changed; see docs/publication.md.
        guard_shares: guard -> its share of the night, in percent and highest first where it
            judges several columns; empty if nothing changed.
        reasons: guards that held the night, as ``Reason.as_json`` gives them.
        restrictions_applied: guardians removed though nothing else was published.
        until: last day (ISO) of the pause because of which nothing was published.
        sis_internal_ids: students who were refreshed.
        transient: the failure may pass if the run is tried again.
        error: the class of the error that stopped the run.
    """

    students: Mapping[str, Any] = field(default_factory=dict)
    guardians: Mapping[str, Any] = field(default_factory=dict)
    guardians_complete: bool | None = None
    additions_only: bool = False
    students_renamed: int = 0
    required_values_missing: Mapping[str, int] = field(default_factory=dict)
    rollover_changes: Mapping[str, int] = field(default_factory=dict)
    guard_shares: Mapping[str, float] = field(default_factory=dict)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    restrictions_applied: int = 0
    until: str | None = None
    sis_internal_ids: list[int] = field(default_factory=list)
    transient: bool = False
    error: str | None = None

    @classmethod
    def of_frames(cls, students: Curated, guardians: Curated) -> Findings:
        """What the transforms noted."""
        return cls(students.findings, guardians.findings, guardians.complete)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Findings:
        """Findings as they were stored; names that this version does not know are left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def as_json(self) -> dict[str, Any]:
        """Everything that was found; what was not is left out."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in found.items() if value not in (None, {}, [])}

    @property
    def of_transforms(self) -> dict[str, Any]:
        """What was noted of both frames, by name."""
        return {**self.students, **self.guardians}

    @property
    def rows_read(self) -> dict[str, int]:
        """Qmlativ object -> rows that it had."""
        from samegoal_sync.demographics.curate_district import ROWS_OF  # slow to import

        return {
            name.removeprefix(ROWS_OF): rows
            for name, rows in self.of_transforms.items()
            if name.startswith(ROWS_OF)
        }

    @property
    def restrictions_shared(self) -> bool | None:
        """Whether Qmlativ shared custody restrictions; ``None``: not known."""
        shared = self.guardians.get("restrictions_shared")
        return None if shared is None else bool(shared)

    @property
    def exit_codes_not_matched(self) -> dict[str, int]:
        """Withdrawal codes of which nobody knows what they mean -> students who left by them."""
        return dict(self.students.get("exit_codes_not_matched", {}))

    @property
    def languages_not_matched(self) -> dict[str, int]:
        """Languages that are none of ISO 639-1 -> students who have them at home."""
        return dict(self.students.get("languages_not_matched", {}))

    @property
    def buildings_not_matched(self) -> list[str]:
        """Schools, as Qmlativ names them, without a building of SameGoal named for them."""
        return list(self.students.get("buildings_not_matched", []))
