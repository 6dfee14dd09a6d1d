"""What a day (or several) changed in a simulated district, exactly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date


@dataclass(frozen=True)
class DayChanges:
    """What changed up to ``today``, by Qmlativ's ids.

    Attributes:
        added / left / changed_school / renamed: StudentIDs.
        moved_house: StudentIDs whose physical address changed; their guardians moved too.
        phones: NameIDs of guardians with a new number.
        guardians_removed: pairs of StudentID and the guardian's NameID.
        restrictions_begun / restrictions_ended: such pairs; a restriction that was entered
            earlier and starts to hold today is among them.
    """

    today: date
    added: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    changed_school: tuple[int, ...] = ()
    renamed: tuple[int, ...] = ()
    moved_house: tuple[int, ...] = ()
    phones: tuple[int, ...] = ()
    guardians_removed: tuple[tuple[int, int], ...] = ()
    restrictions_begun: tuple[tuple[int, int], ...] = ()
    restrictions_ended: tuple[tuple[int, int], ...] = ()

    def then(self, later: DayChanges) -> DayChanges:
        """Both together."""
        values = {
            item.name: (*getattr(self, item.name), *getattr(later, item.name))
            for item in fields(self)
            if item.name != "today"
        }
        return DayChanges(later.today, **values)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {
            item.name: len(getattr(self, item.name))
            for item in fields(self)
            if item.name != "today"
        }
