"""Guardians: order, restrictions, choice, phones and e-mail; a wrong guardian is a disclosure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from samegoal_sync.demographics.rejects.reject_rules import RESTRICTION_WITHOUT_PAIR
from samegoal_sync.district import DistrictSettings, GuardianChoice
from samegoal_sync.refresh.refresh_student import only_student
from samegoal_sync_tests.demographics.district_builder import TODAY, DistrictBuilder
from samegoal_sync_tests.demographics.household import ACCESS as _ACCESS
from samegoal_sync_tests.demographics.household import Household


def test_family_rank_then_guardian_rank_never_the_order_of_rows() -> None:
    home = Household()
    stepparent = home.guardian(home.second, family_rank=1)
    father = home.guardian(family_rank=2)
    mother = home.guardian(family_rank=1)
    assert home.order() == [(mother, 1), (father, 2), (stepparent, 3)]


def test_a_rank_of_the_pair_itself_wins() -> None:
    home = Household()
    mother = home.guardian(family_rank=1)
    aunt = home.guardian(home.second, family_rank=2, Rank=1)
    assert home.order() == [(aunt, 1), (mother, 2)]


def test_tied_and_missing_ranks_fall_back_to_ids_and_empty_nobody() -> None:
    home = Household()
    first = home.guardian(family_rank=None)
    second = home.guardian(family_rank=None)
    assert home.order() == [(first, 1), (second, 2)]


def test_an_excluded_guardian_leaves_the_number_empty() -> None:
    home = Household()
    mother, father, aunt = (home.guardian(family_rank=rank) for rank in (1, 2, 3))
    home.restrict(father, "2026-01-01")
    assert home.order() == [(mother, 1), (aunt, 3)]


@pytest.mark.parametrize(
    ("start", "end", "withheld"),
    [
        ("2026-11-25", None, True),
        ("2026-11-26", None, False),
        ("2026-01-01", "2026-11-25", True),
        ("2026-01-01", "2026-11-24", False),
        (None, None, True),
        ("unreadable", None, True),
        ("2026-01-01", "unreadable", True),
        ("2026-01-01", "0001-01-01T00:00:00", True),
        ("2026-06-01", "2026-05-01", True),
        (None, "2026-11-24", False),
        ("11/01/2026", "12/01/2026", True),
    ],
)
def test_restrictions_hold_by_dates_and_a_doubt_counts_as_one(
    start: str | None, end: str | None, withheld: bool
) -> None:
    home = Household()
    mother = home.guardian()
    home.restrict(mother, start, end)
    curated = home.district.guardians()
    assert curated.frame.is_empty() is withheld
    if withheld:
        assert curated.account.select("outcome", "reason").row(0) == ("withheld", "restricted")


def test_a_restriction_that_begins_tonight_removes_the_guardian_tonight() -> None:
    home = Household()
    home.restrict(home.guardian(), "2026-11-25")
    assert home.district.guardians(today=TODAY - timedelta(days=1)).frame.height == 1
    assert home.district.guardians(today=TODAY).frame.height == 0


def test_a_restriction_is_of_one_student_not_of_the_sibling() -> None:
    home = Household()
    father = home.guardian()
    sibling = home.district.student("S2", FirstName="Ben")
    home.district.guardian(sibling, father)
    home.restrict(father, "2026-01-01")
    assert home.district.guardians().frame.get_column("student_id").to_list() == ["S2"]


def test_a_restriction_holds_even_when_the_student_is_rejected_tonight() -> None:
    home = Household()
    home.restrict(home.guardian(), "2026-01-01")
    home.district.change("Demographics/Name", home.district.name_of(home.student), BirthDate="typo")
    curated = home.district.guardians()
    assert curated.account.select("student_id", "outcome", "reason").row(0) == (
        "S1",
        "withheld",
        "restricted",
    )


def test_the_flag_of_the_pair_is_honoured_too() -> None:
    home = Household()
    home.guardian(HasActiveRestrictedAccess=True)
    assert home.district.guardians().findings["guardians_restricted"] == 1


def test_a_restriction_on_one_of_two_rows_of_a_pair_counts() -> None:
    home = Household()
    mother = home.guardian()
    home.district.guardian(home.student, mother, HasActiveRestrictedAccess=True)
    assert home.district.guardians().frame.is_empty()


def test_a_district_may_publish_the_restricted_with_the_restriction_shown() -> None:
    home = Household()
    home.restrict(home.guardian(), "2026-01-01")
    assert home.district.only_guardian(DistrictSettings(publish_restricted=True))["restricted"]


def test_restrictions_not_shared_are_said_never_taken_for_none() -> None:
    home = Household()
    home.guardian()
    home.district.not_shared(_ACCESS)
    home.district.not_shared("Family/StudentGuardian", "HasActiveRestrictedAccess")
    curated = home.district.guardians()
    assert curated.findings["restrictions_shared"] == 0
    assert "restricted" in curated.absent
    assert curated.frame.item(0, "restricted") is None


@pytest.mark.parametrize(
    ("birth", "kept"), [("2010-01-01", 0), ("2008-11-25", 1), ("2008-11-26", 0), (None, 0)]
)
def test_a_fellow_student_below_18_is_no_guardian(birth: str | None, kept: int) -> None:
    home = Household()
    fellow = home.district.student("S2", BirthDate=birth, FirstName="Kit")
    home.district.guardian(home.student, home.district.name_of(fellow))
    curated = home.district.guardians()
    assert curated.frame.height == kept
    if not kept:
        assert curated.account.row(0, named=True)["outcome"] == "withheld"
        assert "guardian_minor_student" in curated.rejects.get_column("rule").to_list()


def test_an_adult_student_may_be_their_own_guardian() -> None:
    district = DistrictBuilder()
    student = district.student(BirthDate="2007-01-01")
    district.guardian(student, district.name_of(student), Rank=1)
    assert district.guardians().frame.height == 1


def test_a_student_without_guardians_is_reported() -> None:
    district = DistrictBuilder()
    district.student()
    district.guardian(district.student("S2"))
    curated = district.guardians()
    assert curated.findings["students_without_guardian"] == 1
    assert curated.rejects.filter(rule="no_guardian").get_column("student_id").to_list() == ["S1"]


def test_a_student_all_of_whose_guardians_are_withheld_is_reported_as_well() -> None:
    home = Household()
    home.restrict(home.guardian(), "2026-01-01")
    assert home.district.guardians().findings["students_without_guardian"] == 1


@pytest.mark.parametrize(
    ("choice", "priorities"),
    [
        (GuardianChoice.ALL, [1, 2, 3, 4]),
        (GuardianChoice.FIRST_TWO, [1, 2]),
        (GuardianChoice.FIRST_TWO_CUSTODIAL, [1, 3]),
    ],
)
def test_the_choice_of_the_district(choice: GuardianChoice, priorities: list[int]) -> None:
    home = Household()
    home.guardian(family_rank=1, IsCustodialGuardian=True)
    home.guardian(family_rank=2, IsCustodialGuardian=False)
    home.guardian(home.second, family_rank=1, IsCustodialGuardian=True)
    home.guardian(home.second, family_rank=2, IsCustodialGuardian=True)
    order = home.order(DistrictSettings(guardians=choice))
    assert [priority for _, priority in order] == priorities


def test_no_custodial_flag_at_all_falls_back_to_family_one_and_never_to_two() -> None:
    home = Household()
    mother = home.guardian()
    home.guardian(home.second)
    custodial = DistrictSettings(guardians=GuardianChoice.FIRST_TWO_CUSTODIAL)
    assert home.order(custodial) == [(mother, 1)]


def test_the_first_two_are_the_first_two_who_may_be_published() -> None:
    home = Household()
    people = [home.guardian(family_rank=rank) for rank in (1, 2, 3)]
    home.restrict(people[0], "2026-01-01")
    chosen = home.order(DistrictSettings(guardians=GuardianChoice.FIRST_TWO))
    assert chosen == [(people[1], 2), (people[2], 3)]


@pytest.mark.parametrize("choice", [GuardianChoice.FIRST_TWO, GuardianChoice.FIRST_TWO_CUSTODIAL])
def test_a_guardian_rejected_holds_their_place_against_a_third(choice: GuardianChoice) -> None:
    home = Household()
    people = [home.guardian(family_rank=rank, IsCustodialGuardian=True) for rank in (1, 2, 3)]
    home.district.change("Demographics/Name", people[0], LastName="?")
    settings = DistrictSettings(guardians=choice)
    assert home.order(settings) == [(people[1], 2)]
    account = home.district.guardians(settings).account.sort("guardian_id")
    assert account.get_column("reason").to_list() == [
        "guardian_name_invalid",
        None,
        "beyond_choice",
    ]


def test_two_custodial_ones_are_not_chosen_where_nobody_says_who_is_custodial() -> None:
    home = Household()
    home.guardian(IsCustodialGuardian=True)
    home.district.not_shared("Family/StudentGuardian", "IsCustodialGuardian")
    custodial = DistrictSettings(guardians=GuardianChoice.FIRST_TWO_CUSTODIAL)
    assert not home.district.guardians(custodial).complete
    assert home.district.guardians().complete


def test_a_restriction_holds_for_a_student_who_left_long_ago() -> None:
    district = DistrictBuilder()
    former = district.student(enrolled=False)
    guardian = district.guardian(former)
    district.add(
        "Family/StudentGuardianRestrictedAccess",
        StudentGuardianID=district.pair(former, guardian),
        StartDate="2026-11-25",
    )
    assert district.guardians().account.row(0) == ("S1", guardian, "withheld", "restricted")


def test_a_pair_without_student_or_guardian_is_accounted_for_and_reported() -> None:
    home = Household()
    home.guardian()
    home.district.add("Family/StudentGuardian", StudentID=home.student)
    home.district.add("Family/StudentGuardian", NameIDGuardian=home.district.person())
    curated = home.district.guardians()
    assert curated.frame.height == 1
    keyless = curated.account.filter(reason="guardian_key_blank")
    assert keyless.get_column("outcome").to_list() == ["rejected", "rejected"]
    assert keyless.get_column("student_id").sort().to_list() == [None, "S1"]
    assert curated.rejects.filter(rule="guardian_key_blank").height == 2


def test_an_active_restriction_of_nobody_is_reported() -> None:
    home = Household()
    home.guardian()
    for end in ("2020-02-01", None):
        home.district.add(_ACCESS, StudentGuardianID=None, StartDate="2020-01-01", EndDate=end)
    curated = home.district.guardians()
    assert curated.frame.height == 1
    found = curated.rejects.filter(rule="restriction_key_blank")
    assert found.select("object", "severity", "column", "student_id").rows() == [
        (_ACCESS, "value", None, None)
    ]


def test_active_restrictions_of_pairs_that_were_not_sent_are_one_notice() -> None:
    home = Household()
    home.guardian()
    for pair, end in ((987654, "2020-02-01"), (987654, None), (987655, None)):
        home.district.add(_ACCESS, StudentGuardianID=pair, StartDate="2020-01-01", EndDate=end)
    raw, curated = home.district.raw(), home.district.guardians()
    assert home.reported(RESTRICTION_WITHOUT_PAIR) == 1
    assert curated.findings[RESTRICTION_WITHOUT_PAIR] == 2
    unpaired = curated.pair_ids.filter(pl.col("guardian_id").is_null())
    assert sorted(unpaired["student_guardian_id"]) == [987654, 987655]
    asked = pl.col("StudentNumber") == "S1"
    # A refresh reads one student's pairs: another's are not missing.
    assert only_student(raw, home.district.students(), curated, asked)[1].rejects.is_empty()


def test_where_no_pair_was_sent_nobody_says_that_a_restriction_has_none() -> None:
    home = Household()
    home.district.add(_ACCESS, StudentGuardianID=987654, StartDate="2020-01-01")
    assert home.reported(RESTRICTION_WITHOUT_PAIR) == 0
    home.guardian()
    home.district.not_shared("Family/StudentGuardian")
    assert home.reported(RESTRICTION_WITHOUT_PAIR) == 0


def test_relationship_in_qmlativs_own_words_and_flags_as_they_are() -> None:
    home = Household()
    home.district.add("Demographics/Relationship", RelationshipID=1, Description="Step Mother ")
    home.guardian(RelationshipID=1, IsCustodialGuardian=True, IsEmergencyContact=False)
    row = home.district.only_guardian()
    flags = (row["relationship"], row["custodial"], row["emergency_contact"], row["pickup"])
    assert flags == ("Step Mother", True, False, None)


def test_lives_with_is_the_first_family_and_nothing_where_that_is_not_clear() -> None:
    home = Household()
    home.guardian()
    home.guardian(home.second)
    assert home.district.guardians().frame.get_column("lives_with").to_list() == [True, False]
    for row in home.district.rows["Family/StudentFamily"]:
        row["Rank"] = 1
    assert home.district.guardians().frame.get_column("lives_with").to_list() == [None, None]


def test_siblings_share_a_guardian_and_guardians_share_phone_and_email() -> None:
    home = Household()
    mother, father = home.guardian(family_rank=1), home.guardian(family_rank=2)
    home.district.guardian(home.district.student("S2", FirstName="Ben"), mother)
    for person in (mother, father):
        home.district.phone(person, "312-555-0100")
        home.district.email(person, "home@example.org")
    frame = home.district.guardians().frame
    assert frame.height == 3
    assert set(frame.get_column("cell_phone")) == {"312-555-0100"}
    assert set(frame.get_column("email")) == {"home@example.org"}


@pytest.mark.parametrize(
    ("fields", "cell"),
    [
        ({"number": "(312) 555-0123"}, "312-555-0123"),
        ({"number": "1.312.555.0123"}, "312-555-0123"),
        ({"number": "+1 312 555 0123"}, "312-555-0123"),
        ({"number": "3125550123", "Extension": "45"}, "312-555-0123 x45"),
        ({"number": "312-555-0123 ext. 9"}, "312-555-0123 x9"),
        ({"number": "+52 899 123 4567"}, "+52 899 123 4567"),
        ({"number": "0049 30 901820", "IsInternational": True}, "0049 30 901820"),
        ({"number": "555-0123"}, None),
        ({"number": "call the office"}, None),
        ({"number": "000-000-0000"}, None),
    ],
)
def test_phones_in_one_form(fields: dict[str, Any], cell: str | None) -> None:
    home = Household()
    home.district.phone(home.guardian(), **fields)
    row = home.district.only_guardian()
    assert row["cell_phone"] == cell
    assert row["keep"] == ([] if cell else ["cell_phone"])


def test_phones_go_by_type_and_the_first_valid_one_by_rank_counts() -> None:
    home = Household()
    mother = home.guardian()
    home.district.phone(mother, "312-555-0101", kind=2, Rank=2)
    home.district.phone(mother, "312-555-0102", kind=2, Rank=1)
    home.district.phone(mother, "12", kind=1, Rank=1)
    home.district.phone(mother, "312-555-0103", kind=1, Rank=None)
    home.district.phone(mother, "312-555-0104", kind=3)
    home.district.phone(mother, "312-555-0105", kind=4)
    curated = home.district.guardians()
    row = curated.frame.row(0, named=True)
    assert (row["cell_phone"], row["home_phone"], row["work_phone"]) == (
        "312-555-0102",
        "312-555-0103",
        "312-555-0104",
    )
    assert row["keep"] == []
    assert curated.findings["phones_of_other_types"] == 1


@pytest.mark.parametrize("flag", [True, None])
def test_confidential_phones_are_never_published_nor_kept(flag: bool | None) -> None:
    home = Household()
    mother = home.guardian()
    home.district.phone(mother, "312-555-0101", IsConfidential=flag)
    home.district.phone(mother, "12", Rank=2)
    curated = home.district.guardians()
    assert curated.frame.item(0, "cell_phone") is None
    assert curated.frame.item(0, "keep").to_list() == []
    assert curated.findings["confidential_phones_withheld"] == 1


def test_a_fax_is_no_phone() -> None:
    home = Household()
    home.district.phone(home.guardian(), "312-555-0101", IsFax=True)
    assert home.district.only_guardian()["cell_phone"] is None


@pytest.mark.parametrize(
    ("sent", "email", "rule"),
    [
        (" Ana.Ruiz@Example.ORG ", "Ana.Ruiz@example.org", None),
        ("a+b@x.example.org", "a+b@x.example.org", None),
        ("a@b@example.org", None, "email_two_addresses"),
        ("a@example.org, b@example.org", None, "email_two_addresses"),
        ("a@example.org b@example.org", None, "email_two_addresses"),
        ("a@example.org;b@example.org", None, "email_two_addresses"),
        ("a@example.org/b@example.org", None, "email_two_addresses"),
        ("none", None, "email_invalid"),
        ("a@example", None, "email_invalid"),
        ("a..b@example.org", None, "email_invalid"),
        ("mailto:a@example.org", None, "email_invalid"),
        ("Ana <a@example.org>", None, "email_invalid"),
        ("a\u200b@example.org", None, "email_invalid"),
        ("a@example.org.", None, "email_invalid"),
        ("x" * 65 + "@example.org", None, "email_invalid"),
    ],
)
def test_emails_are_valid_or_rejected_never_repaired(
    sent: str, email: str | None, rule: str | None
) -> None:
    home = Household()
    home.district.email(home.guardian(), sent)
    curated = home.district.guardians()
    assert curated.frame.item(0, "email") == email
    rules = curated.rejects.filter(column="email").get_column("rule").to_list()
    assert rules == ([rule] if rule else [])
    assert curated.frame.item(0, "keep").to_list() == (["email"] if rule else [])


def test_an_email_comes_from_that_persons_own_record_the_first_by_rank() -> None:
    home = Household()
    mother, father = home.guardian(family_rank=1), home.guardian(family_rank=2)
    home.district.email(mother, "second@example.org", rank=2)
    home.district.email(mother, "first@example.org", rank=1)
    home.district.email(mother, " ", rank=0)
    emails = home.district.guardians().frame.select("guardian_id", "email").rows()
    assert emails == [(mother, "first@example.org"), (father, None)]


def test_a_guardian_without_a_name_is_rejected_and_keeps_what_is_published() -> None:
    home = Household()
    home.guardian(person=home.district.person(LastName=" ", BirthDate="1980-01-01"))
    curated = home.district.guardians()
    assert curated.account.select("outcome", "reason").row(0) == (
        "rejected",
        "guardian_name_invalid",
    )


def test_an_agency_with_one_name_may_be_a_guardian() -> None:
    home = Household()
    agency = home.district.person(LastName="County Child Services", FirstName=None, BirthDate=None)
    home.guardian(person=agency)
    assert home.district.only_guardian()["first_name"] is None


def test_the_mailing_address_counts_for_a_guardian_else_the_physical_one() -> None:
    home = Household()
    mother, father = home.guardian(family_rank=1), home.guardian(family_rank=2)
    for person in (mother, father):
        home.district.address(person, StreetNumberAndNameIncludeSecondaryUnit="1 House Rd")
    home.district.address(
        mother, physical=False, mailing=True, StreetNumberAndNameIncludeSecondaryUnit="PO Box 2"
    )
    addresses = home.district.guardians().frame.get_column("address").to_list()
    assert addresses == ["PO Box 2", "1 House Rd"]


def test_guardians_of_who_is_not_curated_are_out_of_scope() -> None:
    district = DistrictBuilder()
    district.guardian(district.student("S1", BirthDate=None))
    district.guardian(district.student("S2", enrolled=False))
    district.guardian(999_999)
    reasons = set(district.guardians().account.get_column("reason"))
    assert reasons == {"student_rejected", "student_out_of_scope", "student_unknown"}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Family/StudentGuardian", ()),
        ("Family/StudentGuardian", ("NameIDGuardian",)),
        ("Demographics/Name", ("LastName",)),
    ],
)
def test_a_partial_read_of_guardians_is_never_whole(name: str, fields: tuple[str, ...]) -> None:
    home = Household()
    home.guardian()
    home.district.not_shared(name, *fields)
    assert not home.district.guardians().complete


def test_no_pair_at_all_is_not_whole() -> None:
    district = DistrictBuilder()
    district.student()
    assert not district.guardians(today=date(2026, 11, 25)).complete
