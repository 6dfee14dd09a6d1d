"""The kinds of doubt about who may see a student, each by the whole transform."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import KEEP
from samegoal_sync.district import DistrictSettings
from samegoal_sync_tests.demographics.household import Household

_NO_DATES = (
    "1900-01-01T00:00:00", "1900-01-01", "01/01/1900", "1/1/1900", "1900/01/01", "01-01-1900",
    "1970-01-01T00:00:00", "01/01/1970", "1899-12-30", "12/30/1899", "0001-01-01T00:00:00",
    "1753-01-01", "9999-12-31T00:00:00", "12/31/9999", "9999-12-31T23:59:59.9999999",
    "1900-01-01T00:00:00Z", "0000-00-00", "", "  ", None,
)  # fmt: skip


@pytest.mark.parametrize("start", _NO_DATES)
@pytest.mark.parametrize("end", ["1900-01-01T00:00:00", "01/01/1970", "9999-12-31", "", None])
def test_dates_that_mean_no_date_end_no_restriction(start: str | None, end: str | None) -> None:
    home = Household()
    home.restrict(home.guardian(), start, end)
    assert home.shown() == set()


@pytest.mark.parametrize("end", _NO_DATES)
def test_an_end_that_means_no_date_is_no_end(end: str | None) -> None:
    home = Household()
    home.restrict(home.guardian(), "2026-01-01", end)
    assert home.shown() == set()


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-06-01", "2026-05-01"), ("2027-06-01", "2026-05-01"), ("2027-06-01", "2027-01-01")],
)
def test_an_end_before_its_start_is_a_doubt(start: str, end: str) -> None:
    home = Household()
    home.restrict(home.guardian(), start, end)
    assert home.shown() == set()


def test_a_restriction_that_is_over_and_one_to_come_hold_nobody_back() -> None:
    home = Household()
    over, coming = home.guardian(), home.guardian()
    home.restrict(over, "1900-01-01", "2026-11-24")
    home.restrict(coming, "2026-11-26", "1900-01-01")
    assert home.shown() == {over, coming}


_GIL = ("Gil", "Vale", "1979-09-09")


@pytest.mark.parametrize(
    ("other", "contact"),
    [
        (_GIL, None),
        (("GIL", " vale ", "09/09/1979"), None),
        (("Vale", "Gil", "1979-09-09"), None),
        (("Gil", "Vale Jr.", "1979-09-09"), None),
        (("Gil", "Vale-Marsh", "1979-09-09"), None),
        (("Gil T.", "Vale", "1979-09-09"), None),
        (("Gilbert", "Vale", "1979-09-09"), None),
        (("Gil", "Marsh", "1979-09-09"), None),
        (("Gil", "Vale", None), None),
        (("Gil", "Vale", "1900-01-01"), None),
        (("Gil", "Vale", "1980-02-02"), "g.vale@example.org"),
        (("Gil", "Vale", None), "(469) 555-0123"),
        (("Gilbert", "Vale", None), "G.Vale+x@Example.org"),
        (("G", "Vale", None), "1-469-555-0123 ext 4"),
        (("Someone", "Else", "1979-09-09"), "gvale@example.org"),
    ],
)
def test_one_parent_under_two_records_is_held_back_and_reported(
    other: tuple[str, str, str | None], contact: str | None
) -> None:
    home = Household()
    father, again = home.parent(*_GIL), home.parent(*other)
    mother = home.parent("Una", "Vale", "1981-02-03")
    home.district.email(father, "gvale@example.org")
    home.district.phone(father, "469-555-0123", kind=4, IsConfidential=True)
    if contact:
        (home.district.email if "@" in contact else home.district.phone)(again, contact)
    home.restrict(father)
    assert home.shown() == {mother}
    assert home.reported("resembles_restricted") == 1
    reasons = dict(home.district.guardians().account.select("guardian_id", "reason").iter_rows())
    assert reasons == {father: "restricted", again: "resembles_restricted", mother: None}


def test_whichever_of_the_two_records_is_restricted() -> None:
    home = Household()
    first, second = home.parent(*_GIL), home.parent(*_GIL)
    home.restrict(second)
    assert home.shown() == set()
    assert {first, second} & home.shown() == set()


def test_the_flag_and_a_legal_name_count_for_a_second_record() -> None:
    home = Household()
    home.guardian(
        person=home.district.person(FirstName="Gil", LastName="Vale", BirthDate="1979-09-09"),
        HasActiveRestrictedAccess=True,
    )
    home.parent("Bo", "X", "1979-09-09", FirstNameLegal="Gil", LastNameLegal="Vale")
    assert home.shown() == set()


def test_a_third_record_that_is_like_the_second_is_held_back_too() -> None:
    home = Household()
    father, again = home.parent(*_GIL), home.parent("Gil", "Marsh", "1979-09-09")
    third = home.parent("Gil", "Marsh", None)
    home.restrict(father)
    assert home.shown() == set(), (father, again, third)


@pytest.mark.parametrize(
    ("other", "reported"),
    [
        (("Gil", "Vale", "1951-03-03"), 1),  # a grandfather of the same name
        (("Gilda", "Vale", None), 1),
        (("Ada", "Marsh", "1979-09-09"), 1),
        (("Una", "Vale", "1981-02-03"), 0),
        (("Una", "Vale", None), 0),
    ],
)
def test_who_looks_like_a_restricted_guardian_a_little_is_published_and_reported(
    other: tuple[str, str, str | None], reported: int
) -> None:
    home = Household()
    father, someone = home.parent(*_GIL), home.parent(*other)
    home.restrict(father)
    assert home.shown() == {someone}
    assert home.reported("may_be_restricted") == reported


def test_two_records_of_one_parent_without_a_restriction_are_both_published() -> None:
    home = Household()
    both = {home.parent(*_GIL), home.parent(*_GIL)}
    assert home.shown() == both


def test_a_resemblance_counts_for_the_student_who_is_concerned_alone() -> None:
    home = Household()
    home.restrict(home.parent(*_GIL))
    sibling = home.district.student("S2", FirstName="Ben")
    again = home.district.guardian(
        sibling,
        home.district.person(FirstName="Gil", LastName="Vale", BirthDate="1979-09-09"),
    )
    assert home.shown() == {again}


def test_where_the_restricted_are_published_their_second_record_shows_the_restriction() -> None:
    home = Household()
    home.restrict(home.parent(*_GIL))
    home.parent(*_GIL)
    curated = home.district.guardians(DistrictSettings(publish_restricted=True))
    assert curated.frame.get_column("restricted").to_list() == [True, True]
    assert curated.rejects.filter(rule="may_be_restricted").height == 1


@pytest.mark.parametrize(
    ("his", "hers"),
    [
        ("home@example.org", "home@example.org"),
        ("Home@Example.ORG ", "home@example.org"),
        ("gil.vale@gmail.com", "gilvale+school@googlemail.com"),
        ("una@example.org; gil@example.org", "una@example.org"),
        ("Gil <gil@example.org>", "gil@example.org"),
    ],
)
def test_a_restricted_parents_email_on_the_other_parent(his: str, hers: str) -> None:
    home = Household()
    father, mother = home.parent(*_GIL), home.parent("Una", "Vale", "1981-02-03")
    home.district.email(father, "other@example.org", rank=1)
    home.district.email(father, his, rank=2)
    home.district.email(mother, hers)
    assert home.district.guardians().frame.get_column("email").null_count() == 0
    home.restrict(father)
    curated = home.district.guardians()
    row = curated.frame.row(0, named=True)
    assert (row["guardian_id"], row["email"], row[KEEP]) == (mother, None, [])
    assert home.reported("email_of_restricted") == 1
    assert curated.denied.rows() == [("S1", mother, "email")]


def test_where_the_restricted_are_published_their_contacts_are_not() -> None:
    home = Household()
    father = home.parent(*_GIL)
    home.district.email(father, "gil@example.org")
    home.district.phone(father, "469-555-0123")
    shown = DistrictSettings(publish_restricted=True)
    assert home.district.only_guardian(shown)["email"] == "gil@example.org"
    home.restrict(father)
    row = home.district.only_guardian(shown)
    assert (row["restricted"], row["email"], row["cell_phone"]) == (True, None, None)
    rules = home.district.guardians(shown).rejects["rule"].to_list()
    assert rules == ["restricted_without_contacts"]


def test_where_the_restricted_are_published_their_value_on_another_is_reported_as_that() -> None:
    home = Household()
    father, mother = home.parent(*_GIL), home.parent("Una", "Vale", "1981-02-03")
    for person in (father, mother):
        home.district.email(person, "home@example.org")
    home.restrict(father)
    shown = DistrictSettings(publish_restricted=True)
    rejects = home.district.guardians(shown).rejects
    pairs = {home.district.pair(home.student, person): person for person in (father, mother)}
    noticed = {(pairs[key], rule) for key, rule in rejects.select("key", "rule").iter_rows()}
    assert noticed == {(father, "restricted_without_contacts"), (mother, "email_of_restricted")}


@pytest.mark.parametrize(
    ("his", "hers", "column", "kind"),
    [
        ("469-555-0123", "(469) 555 0123", "cell_phone", 2),
        ("+1 469.555.0123", "4695550123 x9", "work_phone", 3),
        ("1-469-555-0123", "469-555-0123", "home_phone", 1),
    ],
)
def test_a_restricted_parents_phone_on_the_other_parent(
    his: str, hers: str, column: str, kind: int
) -> None:
    home = Household()
    father, mother = home.parent(*_GIL), home.parent("Una", "Vale", "1981-02-03")
    home.district.phone(father, his, kind=4, IsConfidential=True)
    home.district.phone(mother, hers, kind=kind)
    home.restrict(father)
    curated = home.district.guardians()
    assert curated.frame.item(0, column) is None
    assert curated.frame.item(0, KEEP).to_list() == []
    assert home.reported("phone_of_restricted") == 1


def test_a_value_of_a_restricted_parents_second_record_is_theirs_too() -> None:
    home = Household()
    father, again = home.parent(*_GIL), home.parent(*_GIL)
    mother = home.parent("Una", "Vale", "1981-02-03")
    home.district.email(again, "gil@example.org")
    home.district.email(mother, "gil@example.org")
    home.restrict(father)
    assert home.shown() == {mother}
    assert home.district.guardians().frame.item(0, "email") is None


def test_no_contact_is_kept_of_a_student_with_a_restricted_guardian() -> None:
    home = Household()
    father, mother = home.parent(*_GIL), home.parent("Una", "Vale", "1981-02-03")
    home.district.email(mother, "no address")
    home.district.phone(mother, "12")
    assert sorted(home.district.guardians().frame.filter(guardian_id=mother).item(0, KEEP)) == [
        "cell_phone",
        "email",
    ]
    home.restrict(father)
    assert home.district.guardians().frame.item(0, KEEP).to_list() == []


@pytest.mark.parametrize(
    "address",
    [
        "none@none.com", "NONE@None.com", "noemail@example.org", "no-email@example.org",
        "no.email2@example.org", "test@example.org", "test1@test.com", "na@na.com",
        "unknown@example.org", "xxx@xxx.com", "nobody@nowhere.com", "a@a.com",
        "someone@noemail.com", "declined@example.org", "parent@mail.invalid",
        "no.tiene@example.org", "sin.correo@example.org", "ninguno@example.org",
        "nohay2@example.org",
        "momnoemail@example.org", "no.name@example.org", "nointernet@example.org", "you@you.com",
        "test.test@example.org", "noemaill@example.org", "firstname.lastname@example.org",
        "n.a@example.org", "none2@example.org", "noone@example.org", "123456789@example.org",
    ],
)  # fmt: skip
def test_a_filler_for_an_email(address: str) -> None:
    home = Household()
    home.district.email(home.guardian(), address)
    curated = home.district.guardians()
    assert curated.frame.item(0, "email") is None
    assert curated.frame.item(0, KEEP).to_list() == []
    assert home.reported("email_not_own") == 1
    assert curated.findings["emails_not_own"] == 1


@pytest.mark.parametrize(
    "address",
    ["nona.testa@example.org", "noel@example.org", "nathan@example.org", "contest@example.org",
     "nobu@nonesuch.org", "xavier@example.org", "lee@lee.org", "naomi@naomi.com",
     "sinclair@example.org", "nohara@example.org", "bruno.email@example.org",
     "noe.tiene@example.org",
     "nonie@example.org", "removedor@example.org", "asd@example.org",
     "nil1984@example.org", "na12@example.org", "no1mom@example.org", "123456789@qq.com"],
)  # fmt: skip
def test_an_address_that_only_looks_like_a_filler_is_published(address: str) -> None:
    home = Household()
    home.district.email(home.guardian(), address)
    assert home.district.only_guardian()["email"] == address


def _strangers(home: Household, count: int, address: str) -> None:
    for number in range(count):
        child = home.district.student(f"T{number}", FirstName=f"Kid{number}")
        home.district.email(home.district.guardian(child), address.upper())


@pytest.mark.parametrize(
    ("settings", "others", "published"),
    [
        ({}, 30, 0),
        ({}, 3, 0),
        ({}, 2, 3),
        ({"shared_email_limit": 20}, 18, 19),
        ({"shared_email_limit": 20}, 19, 0),
    ],
)
def test_one_address_on_many_guardians_without_a_common_student(
    settings: dict[str, Any], others: int, published: int
) -> None:
    home = Household()
    home.district.email(home.guardian(), "front.office@example.org")
    _strangers(home, others, "front.office@example.org")
    frame = home.district.guardians(DistrictSettings(**settings)).frame
    assert frame.height == others + 1
    assert frame.get_column("email").count() == published


def test_guardians_tied_by_their_children_may_share_an_address() -> None:
    home = Household()
    first = home.guardian()
    home.district.email(first, "family@example.org")
    for number in range(8):
        child = home.district.student(f"T{number}", FirstName=f"Kid{number}")
        home.district.guardian(child, first)
        first = home.district.guardian(child)
        home.district.email(first, "family@example.org")
    assert home.district.guardians().frame.get_column("email").null_count() == 0


_CHILD_OF_THREE, _TEEN = "2023-05-01", "2011-01-01"


@pytest.mark.parametrize(
    ("mother_born", "child_born", "years", "shown"),
    [
        ("2009-06-01", _CHILD_OF_THREE, 12, True),
        ("2009-06-01", _TEEN, 12, False),
        ("2009-06-01", "2021-06-01", 12, True),
        ("2009-06-01", "2021-05-31", 12, False),
        ("2009-06-01", _CHILD_OF_THREE, 15, False),
        (None, _CHILD_OF_THREE, 12, False),
        ("2009-06-01", None, 12, False),
        ("2009-06-01", "1900-01-01", 12, False),
    ],
)
def test_an_enrolled_minor_is_withheld_from_peers_and_a_parent_of_a_child_is_published(
    mother_born: str | None, child_born: str | None, years: int, shown: bool
) -> None:
    home = Household()
    home.district.change(
        "Demographics/Name", home.district.name_of(home.student), BirthDate=child_born
    )
    mother = home.district.student("S2", FirstName="Kit", BirthDate=mother_born)
    home.district.guardian(home.student, home.district.name_of(mother))
    curated = home.district.guardians(DistrictSettings(parent_years=years))
    assert (home.district.name_of(mother) in curated.frame.get_column("guardian_id")) is shown
    if not shown:
        assert curated.rejects.filter(rule="guardian_minor_student").height == 1


@pytest.mark.parametrize("others", [0, 1])
def test_a_guardian_of_16_who_is_no_student_is_published_however_many_were_read(
    others: int,
) -> None:
    home = Household()
    young = home.parent("Kit", "Vale", "2010-01-01")
    for number in range(others):
        home.district.student(f"T{number}", FirstName="Ben")
    assert home.shown() == {young}


def test_the_order_of_rows_decides_nothing() -> None:
    home = Household()
    people = [home.parent(*_GIL), home.parent("Gil", "Marsh", "1979-09-09"), home.parent(*_GIL)]
    home.restrict(people[1])
    for rows in home.district.rows.values():
        rows.reverse()
    assert home.shown() == set()
    assert home.district.guardians().account.filter(pl.col("outcome") == "withheld").height == 3
