"""Generated districts: deterministic, whole, lifelike, and dirty within bounds."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.sandbox import SandboxDistrict, generate_district, raw_objects
from samegoal_sync.sandbox.facts import object_fields, primary_key, relationships

TODAY = date(2026, 11, 25)
Tables = dict[str, pl.DataFrame]


def _district(students: int = 4_000, **settings: object) -> SandboxDistrict:
    return SandboxDistrict("fairview-isd", "Fairview ISD", students, today=TODAY, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return generate_district(_district())


def test_the_same_seed_makes_the_same_district(tables: Tables) -> None:
    again = generate_district(_district())
    assert all(frame.equals(again[name]) for name, frame in tables.items())


def test_another_seed_makes_other_people(tables: Tables) -> None:
    other = generate_district(_district(seed=1))
    assert not other["Demographics/Name"].equals(tables["Demographics/Name"])


def test_a_larger_district_keeps_the_people_of_the_smaller(tables: Tables) -> None:
    larger = generate_district(_district(4_100))
    names = larger["Demographics/Name"].filter("IsStudentName").head(4_000)
    assert names.equals(tables["Demographics/Name"].filter("IsStudentName"))


@pytest.mark.parametrize("students", [1, 2, 100, 1_201])
def test_there_are_as_many_students_as_asked(students: int) -> None:
    assert generate_district(_district(students))["Student/Student"].height == students


def test_every_object_has_every_field_and_unique_sorted_keys(tables: Tables) -> None:
    assert set(tables) == set(object_fields())
    for name, frame in tables.items():
        key = frame[primary_key(name)]
        assert frame.columns == list(object_fields()[name])
        assert key.is_sorted()
        assert key.n_unique() == frame.height, name
        assert key.null_count() == 0


def test_every_foreign_key_points_to_a_row(tables: Tables) -> None:
    joins = [join for items in relationships().values() for join in items]
    checked = 0
    for join in joins:
        key = primary_key(join.related) if join.related in tables else ""
        if join.kind != "ManyToOne" or not key or not join.foreign_key.startswith(key):
            continue
        values = tables[join.object][join.foreign_key].drop_nulls()
        assert values.is_in(tables[join.related][key].implode()).all(), (join.object, join.name)
        checked += values.len() > 0
    assert checked > 30


def test_students_stand_where_students_stand(tables: Tables) -> None:
    years = tables["Enrollment/StudentEntityYear"]
    students = tables["Student/Student"]
    assert 0.85 < students["IsCurrentActive"].mean() < 0.95  # type: ignore[operator]
    assert students["IsGraduated"].sum() > 0
    coming = years.filter(pl.col("SchoolYearID") == 28)
    assert set(coming["Grade"]) == {"KG"}
    now = years.filter(pl.col("SchoolYearID") == 27)
    assert now.group_by("StudentID").len()["len"].max() > 1  # type: ignore[operator]
    assert now.filter("IsActive", "IsDefaultEntity")["StudentID"].is_unique().all()


def test_next_years_rows_exist_before_this_years_end() -> None:
    spring = SandboxDistrict("fairview-isd", "Fairview ISD", 500, today=date(2027, 5, 20))
    years = generate_district(spring)["Enrollment/StudentEntityYear"]
    both = years.filter(pl.col("SchoolYearID").is_in([27, 28])).group_by("StudentID").len()
    assert (both["len"] > 1).sum() > 300


def test_families_are_families(tables: Tables) -> None:
    pairs, names = tables["Family/StudentGuardian"], tables["Demographics/Name"]
    shared = pairs.group_by("NameIDGuardian").len()["len"]
    assert (shared > 1).sum() > 500
    households = tables["Family/StudentFamily"].group_by("StudentID").len()["len"]
    assert 0.1 < (households == 2).mean() < 0.3  # type: ignore[operator]
    both_roles = names.filter("IsGuardianName", "IsStaffName")
    assert both_roles.height > 20
    without = tables["Student/Student"].join(pairs, on="StudentID", how="anti")
    assert 0 < without.height < 100


def test_twins_share_birth_date_and_guardians(tables: Tables) -> None:
    births = (
        tables["Student/Student"]
        .join(tables["Demographics/Name"].select("NameID", "BirthDate"), on="NameID")
        .join(tables["Family/StudentFamily"].filter(pl.col("Rank") == 1), on="StudentID")
    )
    twins = births.drop_nulls("BirthDate").group_by("FamilyID", "BirthDate").len()
    assert (twins["len"] == 2).sum() > 10


def test_one_person_can_guard_two_families(tables: Tables) -> None:
    homes = tables["Family/FamilyGuardian"].group_by("NameID").len()
    assert (homes["len"] > 1).sum() > 20


def test_adults_guard_themselves_and_a_few_children_are_entered_as_guardians(
    tables: Tables,
) -> None:
    students = tables["Student/Student"].select("StudentID", "NameID")
    pairs = tables["Family/StudentGuardian"]
    themselves = pairs.join(
        students, left_on=["StudentID", "NameIDGuardian"], right_on=["StudentID", "NameID"]
    )
    children = pairs.join(students, left_on="NameIDGuardian", right_on="NameID")
    assert themselves.height > 0
    assert children.height > themselves.height


def test_restrictions_begin_end_and_hold(tables: Tables) -> None:
    restricted = tables["Family/StudentGuardianRestrictedAccess"]
    today = f"{TODAY}T00:00:00"
    assert restricted.filter(pl.col("StartDate") > today).height > 0
    assert restricted.filter(pl.col("EndDate") < today).height > 0
    holding = tables["Family/StudentGuardian"].filter("HasActiveRestrictedAccess")
    assert 0 < holding.height < restricted.height


def test_addresses_and_phones_come_in_all_kinds(tables: Tables) -> None:
    assert set(tables["Demographics/Address"]["AddressTypeCode"]) == {"S", "P", "R", "F", "I"}
    phones = tables["Demographics/NamePhone"]
    assert phones["IsConfidential"].sum() > 0
    ties = phones.group_by("NameID", "Rank").len().filter(pl.col("Rank") == 1, pl.col("len") > 1)
    assert ties.height > 0


def test_names_hold_accents_apostrophes_other_scripts_and_blanks(tables: Tables) -> None:
    names = tables["Demographics/Name"]["FirstName"].str.join("|").item()
    assert "é" in names or "ë" in names
    assert "e\u0301" in names or "o\u0301" in names or "e\u0308" in names
    assert "D'A" in names
    assert (
        tables["Demographics/Name"]["LastName"]
        .str.contains(r"\p{Cyrillic}|\p{Han}|\p{Arabic}")
        .any()
    )
    assert tables["Demographics/Name"]["LastName"].str.contains(r"^  ").any()
    assert (tables["Demographics/Name"]["MiddleName"] == "").any()


def test_dirt_beyond_repair_is_rare(tables: Tables) -> None:
    names = tables["Demographics/Name"].filter("IsStudentName")
    hopeless = names.filter(
        pl.col("BirthDate").is_null() | (pl.col("FirstName").str.strip_chars() == "")
    )
    assert hopeless.height < 0.01 * names.height


def test_without_dirt_every_student_has_number_name_and_birth_date() -> None:
    clean = generate_district(_district(3_000, noise=False))
    names = clean["Demographics/Name"].filter("IsStudentName")
    assert names["BirthDate"].str.contains(r"^\d{4}-\d\d-\d\dT00:00:00$").all()
    assert names["FirstName"].null_count() == 0
    assert clean["Student/Student"]["StudentNumber"].is_unique().all()


def test_phones_and_e_mails_can_reach_nobody(tables: Tables) -> None:
    digits = tables["Demographics/NamePhone"]["PhoneNumber"].str.replace_all(r"\D", "")
    assert digits.filter(digits.str.len_chars() == 10).str.contains("^...55501|^0+$").all()
    domains = tables["Demographics/NameEmail"]["EmailAddress"].str.to_lowercase()
    assert (
        domains.filter(domains.str.contains("@"))
        .str.contains(r"@(mail\.)?example\.(com|org|net)")
        .all()
    )


def test_a_system_of_two_districts_shares_nothing_but_its_code_tables() -> None:
    second = SandboxDistrict("lakeside", "Lakeside ISD", 80, today=TODAY)
    tables = generate_district(_district(120, members=(second,)))
    assert tables["District/District"]["Name"].to_list() == ["Fairview ISD", "Lakeside ISD"]
    assert tables["Student/Student"].height == 200
    entities = tables["District/Entity"]
    owner = dict(entities.select("EntityID", "DistrictID").iter_rows())
    years = tables["Enrollment/StudentEntityYear"]
    districts = years.with_columns(d=pl.col("EntityID").replace_strict(owner))
    assert districts.group_by("StudentID").agg(pl.col("d").n_unique())["d"].max() == 1


def test_raw_objects_are_what_the_catalog_types(tables: Tables) -> None:
    raw = raw_objects(tables)
    for item in CATALOG:
        assert raw[item.name].schema == item.schema
    assert not raw.absent
    assert raw["Student/Student"].height == 4_000


def test_raw_objects_not_granted_are_absent(tables: Tables) -> None:
    hidden = frozenset({"Family/StudentGuardianRestrictedAccess", "Demographics/Name.IsHispanic"})
    raw = raw_objects(tables, not_granted=hidden)
    assert raw["Family/StudentGuardianRestrictedAccess"].height == 0
    assert not raw.shares("Family/StudentGuardianRestrictedAccess", "StartDate")
    assert raw["Demographics/Name"]["IsHispanic"].null_count() == raw["Demographics/Name"].height
    assert raw.absent["Demographics/Name"] == {"IsHispanic"}
