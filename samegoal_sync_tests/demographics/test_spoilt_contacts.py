"""A restricted guardian's e-mail or phone in spoilt spelling, clean on the other parent."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samegoal_sync.demographics.guardians.restrictions.contact_values import (
    contact_keys,
    email_keys,
)
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.demographics.household import ACCESS, Household

#: What comes before, between and behind the two halves of an address.
_AROUND = (
    "{}@{}!", "{}@{}#", "{}@{}?subject=x", "_{}@{}_", "-{}@{}-", "*{}@{}*", "mailto:{}@{}",
    "{{{}@{}}}", "\u201c{}@{}\u201d", "\u300c{}@{}\u300d", "={}@{};", "{}@{}-work", "{}@{}...",
    "{}@@{}", "{} @ {}", "{}@ @{}", "{}(at){}", "{} (at) {}", "{}[at]{}", "{} at {}", "{} AT {}",
    "{}_at_{}", "{}{{at}}{}", "{}(@){}", "{}%40{}", "{}&#64;{}", "{}\ufe6b{}", "{}\u200d@\u200d{}",
)  # fmt: skip
_BETWEEN = (
    "\u2022", "\u00b7", "\u2013", "\u2014", "-", "=", "*", "+", ".", "_", "\\", "\u3001", "\u3002",
    "&", "|", "\u00a6", "}{", " \u2022 ", " - ", ",", ", ", "\u2028", "\u3000", "\u2192",
    "~", "%20",
)  # fmt: skip
#: Of a dot.
_DOTS = ("..", ",", " . ", " .", "(dot)", " dot ", " DOT ", "[.]", "\u3002", "\uff0e", "\u2024")

BORN = "1979-09-09"
Spelling = Callable[[str, str], str]
_SPELLINGS: list[Spelling] = [
    *(lambda local, host, way=way: way.format(local, host) for way in _AROUND),
    *(lambda local, host, sign=sign: f"una@x1.org{sign}{local}@{host}" for sign in _BETWEEN),
    *(lambda local, host, sign=sign: f"{local}@{host}{sign}una@x1.org" for sign in _BETWEEN),
    *(lambda local, host, dot=dot: f"{local}@{host.replace('.', dot)}" for dot in _DOTS),
    *(lambda local, host, dot=dot: f"{local.replace('.', dot)}@{host}" for dot in _DOTS),
    lambda local, host: f"none@none.com, {local}@{host}",
    lambda local, host: f"{local}@{host}".replace("i", "\u0131").replace("o", "\u03bf"),
]
_LOCAL = st.from_regex(r"gil[a-z0-9]{0,5}([._-][a-z0-9]{1,6}){0,2}", fullmatch=True)
_HOST = st.from_regex(
    r"h[a-z0-9]{0,7}(-[a-z0-9]{1,4})?(\.[a-z0-9]{1,8}){0,2}\.(com|org|net|edu|us|mx|school)",
    fullmatch=True,
)
_PATIENT = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def published(cases: list[tuple[str, str]], column: str) -> list[tuple[str, str]]:
    """The cases (a restricted father's field, the mother's) in which the mother's is published
    for the student. For a sibling, from whom nobody is restricted, every one must be."""
    district = DistrictBuilder()
    add = district.email if column == "email" else district.phone
    for number, (his, hers) in enumerate(cases):
        student = district.student(f"S{number:03}", FirstName=f"Kid{number}")
        sibling = district.student(f"T{number:03}", FirstName=f"Sib{number}")
        father = district.person(FirstName="Gil", LastName="Vale", BirthDate="1979-09-09")
        mother = district.person(FirstName="Una", LastName="Marsh", BirthDate="1981-02-03")
        add(father, his)
        add(mother, hers)
        for child, parent in ((student, father), (student, mother), (sibling, mother)):
            district.guardian(child, parent)
        district.add(ACCESS, StudentGuardianID=district.pair(student, father))
    frame = district.guardians().frame
    assert frame.height == 2 * len(cases)
    of_siblings = frame.filter(pl.col("student_id").str.starts_with("T"))
    assert of_siblings.get_column(column).null_count() == 0
    shown = frame.filter(pl.col("student_id").str.starts_with("S") & pl.col(column).is_not_null())
    return [cases[int(number[1:])] for number in shown.get_column("student_id")]


@_PATIENT
@given(st.lists(_LOCAL, min_size=len(_SPELLINGS), max_size=len(_SPELLINGS), unique=True), _HOST)
def test_an_address_of_a_restricted_guardian_is_found_in_any_spelling(
    locals_: list[str], host: str
) -> None:
    cases = [
        (spelling(local, host), f"{local}@{host}")
        for spelling, local in zip(_SPELLINGS, locals_, strict=True)
    ]
    assert published(cases, "email") == []


_PHONES: list[Callable[[str, str], str]] = [
    lambda area, line: f"{area}-555-{line}".replace("0", "O"),
    lambda area, line: f"{area}-555-{line}".replace("0", "o").replace("1", "l"),
    lambda area, line: f"({area}) 555-{line} Gil".replace("1", "I"),
    lambda area, line: f"Cell: {area}.555.{line} x1".replace("0", "O"),
    lambda area, line: f"555 {line} ({area})",
    lambda area, line: f"555-{line} / {area}",
    lambda area, line: f"{area}\u2022555\u2022{line}",
]


@_PATIENT
@given(st.sampled_from(["214", "469", "972"]), st.from_regex(r"[01]{2}[0-9]{2}", fullmatch=True))
def test_a_phone_of_a_restricted_guardian_is_found_in_any_spelling(area: str, line: str) -> None:
    cases = [(spelling(area, line), f"{area}-555-{line}") for spelling in _PHONES]
    assert published(cases, "cell_phone") == []


@pytest.mark.parametrize(
    ("mail", "phone", "extension", "column", "hers"),
    [
        (None, "gil@x1.org", None, "email", "gil@x1.org"),
        (None, "214-555-0199", "gil@x1.org", "email", "gil@x1.org"),
        ("214-555-0144", None, None, "cell_phone", "214-555-0144"),
        ("gil@x1.org / (214) 555-0144", None, None, "cell_phone", "214-555-0144"),
        (None, "214", "555-0144", "cell_phone", "214-555-0144"),
        (None, "555-0144", "214", "cell_phone", "214-555-0144"),
        (None, "214-555-0143/0144", None, "cell_phone", "214-555-0144"),
        (None, "214-555-0143 or 0144", None, "cell_phone", "214-555-0144"),
    ],
)
def test_a_value_in_the_field_for_another_one(
    mail: str | None, phone: str | None, extension: str | None, column: str, hers: str
) -> None:
    home = Household()
    father, mother = home.parent("Gil", "Vale", BORN), home.parent("Una", "Marsh", "1981-02-03")
    for text in filter(None, [mail]):
        home.district.email(father, text)
    for text in filter(None, [phone]):
        home.district.phone(father, text, Extension=extension)
    (home.district.email if column == "email" else home.district.phone)(mother, hers)
    other = {"email": "una@x1.org", "cell_phone": "469-555-0101"}[column]
    assert home.district.guardians().frame.filter(guardian_id=mother).item(0, column) == hers
    home.restrict(father)
    assert home.district.guardians().frame.filter(guardian_id=mother).item(0, column) is None
    rows = "Demographics/NameEmail" if column == "email" else "Demographics/NamePhone"
    field = "EmailAddress" if column == "email" else "PhoneNumber"
    next(row for row in home.district.rows[rows] if row["NameID"] == mother)[field] = other
    assert home.district.guardians().frame.filter(guardian_id=mother).item(0, column) == other


def test_digits_of_an_address_are_no_number() -> None:
    district = DistrictBuilder()
    person = district.person()
    district.email(person, "gil2145550144@x1.org")
    assert contact_keys(district.raw(), [person])[person] == {"gil2145550144@x1.org"}


@pytest.mark.parametrize("his", ["una@x1.comgil.vale@h.org", "gil.vale@h.comuna@x1.org"])
def test_two_addresses_with_nothing_between_them(his: str) -> None:
    assert (
        published([(his, f"gil.vale@h.{'org' if his.endswith('h.org') else 'com'}")], "email") == []
    )


@_PATIENT
@given(st.sampled_from(_SPELLINGS), _LOCAL, _HOST)
def test_a_spoilt_address_is_not_another_ones(spelling: Spelling, local: str, host: str) -> None:
    # Whose local part ends alike, or who is at the same host, is somebody else.
    others = [f"ab{local}@{host}", f"{local}.ab@{host}", f"{local}@ab{host}", f"ab@{host}"]
    keys = email_keys(spelling(local, host))
    assert [other for other in others if email_keys(other) & keys] == []


@pytest.mark.parametrize(
    "text",
    ["@", "@@", "(at)", "n/a", "none", "not at this time, thanks", "mom at work. dad at home",
     "+@+.+", "a@", "_@_._", "%40", "none@none.com!", "test(at)test.com", "_none@none.com_",
     "noemail.com", "none.com", "no gmail.com", "gmail.com", "www.x1.org",
     "none@none.com; noemail@x.org", "no email at this time. call", "...", "@x.org", "at x.org"],
)  # fmt: skip
def test_what_many_type_makes_no_two_people_one(text: str) -> None:
    district = DistrictBuilder()
    person = district.person()
    district.email(person, text)
    assert not contact_keys(district.raw(), [person]).get(person)
