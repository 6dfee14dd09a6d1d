"""Order where ranks tie, where a guardian belongs to two families, where a pair comes twice."""

from __future__ import annotations

from samegoal_sync.district import DistrictSettings, GuardianChoice
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.demographics.test_curate_guardians import Household

_TWO = DistrictSettings(guardians=GuardianChoice.FIRST_TWO)
_CUSTODIAL = DistrictSettings(guardians=GuardianChoice.FIRST_TWO_CUSTODIAL)


def _member(district: DistrictBuilder, family: int, person: int, rank: int | None) -> None:
    district.add("Family/FamilyGuardian", FamilyID=family, NameID=person, Rank=rank)


def test_a_guardian_of_both_families_counts_in_the_first_of_them() -> None:
    home = Household()
    aunt = home.guardian(home.second, family_rank=1)
    father = home.guardian(family_rank=1)
    _member(home.district, home.first, aunt, 2)
    _member(home.district, home.second, father, 2)
    frame = home.district.guardians().frame
    assert dict(frame.select("guardian_id", "priority").iter_rows()) == {father: 1, aunt: 2}
    assert frame.get_column("lives_with").to_list() == [True, True]


def test_a_guardian_twice_in_one_family_counts_by_the_better_rank_a_missing_one_last() -> None:
    home = Household()
    twice = home.guardian(family_rank=None)
    second = home.guardian(family_rank=2)
    _member(home.district, home.first, twice, 3)
    _member(home.district, home.first, twice, 1)
    assert home.order() == [(twice, 1), (second, 2)]


def test_each_students_own_families_order_a_guardian_of_siblings() -> None:
    home = Household()
    father = home.guardian(family_rank=1)
    mother = home.guardian(home.second, family_rank=1)
    sibling = home.district.student("S2", FirstName="Ben")
    # The sibling's first family is this student's second.
    home.district.add("Family/StudentFamily", StudentID=sibling, FamilyID=home.second, Rank=1)
    home.district.add("Family/StudentFamily", StudentID=sibling, FamilyID=home.first, Rank=2)
    for person in (father, mother):
        home.district.guardian(sibling, person)
    frame = home.district.guardians().frame.sort("student_id", "priority")
    assert frame.select("student_id", "guardian_id").rows() == [
        ("S1", father), ("S1", mother), ("S2", mother), ("S2", father),
    ]  # fmt: skip


def test_of_a_pair_that_comes_twice_the_best_row_counts() -> None:
    home = Household()
    aunt = home.guardian(family_rank=2, Rank=5, IsEmergencyContact=False)
    mother = home.guardian(family_rank=1, Rank=2)
    home.district.guardian(home.student, aunt, Rank=1, IsEmergencyContact=True)
    frame = home.district.guardians().frame
    assert dict(frame.select("guardian_id", "priority").iter_rows()) == {aunt: 1, mother: 2}
    assert frame.sort("priority").get_column("emergency_contact").to_list()[0] is True


def test_a_relationship_without_words_shows_its_code() -> None:
    home = Household()
    worded = home.district.add("Demographics/Relationship", Code="MO", Description="Mother")
    coded = home.district.add("Demographics/Relationship", Code="GU", Description="  ")
    home.guardian(family_rank=1, RelationshipID=worded)
    home.guardian(family_rank=2, RelationshipID=coded)
    assert home.district.guardians().frame.get_column("relationship").to_list() == ["Mother", "GU"]


def test_the_first_two_of_each_student_and_all_where_nothing_is_chosen() -> None:
    home = Household()
    mother, father, aunt = (home.guardian(family_rank=rank) for rank in (2, 1, 3))
    sibling = home.district.student("S2", FirstName="Ben")
    home.district.guardian(sibling, aunt)
    pairs = home.district.guardians(_TWO).frame.select("student_id", "guardian_id").rows()
    assert sorted(pairs) == sorted([("S1", father), ("S1", mother), ("S2", aunt)])
    assert home.district.guardians().frame.height == 4


def test_custodial_ones_come_family_one_first_whatever_their_own_rank() -> None:
    home = Household()
    second = [
        home.guardian(home.second, family_rank=1, IsCustodialGuardian=True, Rank=rank)
        for rank in (1, 2)
    ]
    first = home.guardian(family_rank=1, IsCustodialGuardian=True, Rank=3)
    chosen = home.district.guardians(_CUSTODIAL).frame.get_column("guardian_id").to_list()
    assert sorted(chosen) == sorted([first, second[0]])


def test_a_guardian_of_no_family_stands_in_where_none_is_custodial() -> None:
    home = Household()
    alone = home.district.guardian(home.student)
    home.guardian(home.second, family_rank=1)
    chosen = home.district.guardians(_CUSTODIAL).frame.get_column("guardian_id").to_list()
    assert chosen == [alone]
