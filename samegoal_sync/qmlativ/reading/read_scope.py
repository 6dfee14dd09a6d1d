"""Which rows of an object matter, as search conditions: this district's, of these school years."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from samegoal_sync.qmlativ.catalog import QmlativObject
from samegoal_sync.qmlativ.reading.search_conditions import Condition, all_of, equal, one_of


@dataclass(frozen=True)
class Scope:
    """What one district's night reads.

    Attributes:
        school_year_ids: of the school year before (who left), the current and the coming one.
        district_id / entity_ids: set where the system holds several districts; else ``None``,
            for then there is nothing to tell apart.
    """

    school_year_ids: Collection[int]
    district_id: int | None = None
    entity_ids: Collection[int] | None = None

    def condition(self, item: QmlativObject) -> Condition | None:
        """The condition for one object; ``None`` reads all of it."""
        parts = []
        if item.by_school_year:
            parts.append(one_of("SchoolYearID", self.school_year_ids))
        if self.district_id is not None and "DistrictID" in item.schema:
            parts.append(equal("DistrictID", self.district_id))
        if self.entity_ids is not None and item.by_school_year:
            parts.append(one_of("EntityID", self.entity_ids))
        return all_of(parts) if parts else None
