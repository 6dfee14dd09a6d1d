"""A student ``S1`` with two families, for tests about who may see a student."""

from __future__ import annotations

from typing import Any

from samegoal_sync.district import DistrictSettings
from samegoal_sync_tests.demographics.district_builder import TODAY, DistrictBuilder

ACCESS = "Family/StudentGuardianRestrictedAccess"


class Household:
    """A student with a first and a second family."""

    def __init__(self) -> None:
        self.district = DistrictBuilder()
        self.student = self.district.student()
        self.first = self.district.family(self.student, rank=1)
        self.second = self.district.family(self.student, rank=2)

    def guardian(self, family: int | None = None, **fields: Any) -> int:
        return self.district.guardian(self.student, family=family or self.first, **fields)

    def parent(self, first: str | None, last: str | None, born: str | None, **name: Any) -> int:
        """A guardian who is this person. Returns the NameID."""
        person = self.district.person(FirstName=first, LastName=last, BirthDate=born, **name)
        return self.guardian(person=person)

    def restrict(
        self, person: int, start: str | None = "2026-01-01", end: str | None = None
    ) -> None:
        pair = self.district.pair(self.student, person)
        self.district.add(ACCESS, StudentGuardianID=pair, StartDate=start, EndDate=end)

    def order(self, settings: DistrictSettings | None = None) -> list[tuple[int, int]]:
        frame = self.district.guardians(settings).frame
        return list(frame.select("guardian_id", "priority").iter_rows())

    def shown(self, settings: DistrictSettings | None = None) -> set[int]:
        """NameIDs of the guardians that would be published."""
        return set(self.district.guardians(settings, TODAY).frame.get_column("guardian_id"))

    def reported(self, rule: str, settings: DistrictSettings | None = None) -> int:
        """How many rejects of a rule there are."""
        return self.district.guardians(settings).rejects.filter(rule=rule).height
