"""What is not shared: absent where it is optional, an error with the name where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server

Make = Callable[..., QmlativClient]
_STUDENT = "Student/Student"


def _refuses(field: str, status: int = 403, words: str | None = None) -> does.Strike:
    """Refuse a search that asks for a field."""
    refusal = json.dumps({"errors": [words or f"not granted: {field}"]}).encode()

    def inject(handler: Handler) -> None:
        if f"searchFields={field}&" in handler.path + "&":
            handler.answer(status, refusal)
        else:
            handler.go_on()

    return inject


def _metadata(*fields: str) -> does.Strike:
    shared: dict[str, Any] = {name: {"PrimaryKey": False} for name in fields}
    body = json.dumps({**shared, "Relationships": [], "ValidationRules": []}).encode()
    return does.answers(200, body)


def test_a_key_missing_from_every_row_is_absent(server: Server, client_of: Make) -> None:
    for row in server.behaviour.rows[_STUDENT]:
        del row["LanguageIDNative"]
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert raw.absent == {_STUDENT: frozenset({"LanguageIDNative"})}
    assert raw[_STUDENT]["LanguageIDNative"].to_list() == [None]


def test_a_null_in_every_row_is_not_absent(server: Server, client_of: Make) -> None:
    for row in server.behaviour.rows[_STUDENT]:
        row["LanguageIDNative"] = None
    assert not client_of(server).read(RawAsset.STUDENTS).absent


def test_a_key_on_one_page_only_is_not_absent(server: Server, client_of: Make) -> None:
    row = server.behaviour.rows[_STUDENT][0]
    rows = [{**row, "StudentID": number} for number in range(1, 31)]
    for one in rows[:25]:
        del one["IsGraduated"]
    server.behaviour.rows[_STUDENT] = rows
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert not raw.absent
    assert raw[_STUDENT]["IsGraduated"].null_count() == 25


def test_the_words_of_a_key_inside_a_value_do_not_make_it_present(
    server: Server, client_of: Make
) -> None:
    row = server.behaviour.rows[_STUDENT][0]
    del row["LanguageIDNative"]
    row["CalculatedStudentStateID"] = '"LanguageIDNative": 4, LanguageIDNative'
    assert "LanguageIDNative" in client_of(server).read(RawAsset.STUDENTS).absent[_STUDENT]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refused_field_that_the_error_names_is_left_out(
    status: int, server: Server, client_of: Make
) -> None:
    server.behaviour.fault(_STUDENT, _refuses("IsGraduated", status), 99)
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert raw.absent == {_STUDENT: frozenset({"IsGraduated"})}
    assert raw[_STUDENT]["StudentNumber"].to_list() == ["text"]


def test_a_refused_field_that_nobody_names_is_found_in_the_metadata(
    server: Server, client_of: Make
) -> None:
    shared = [name for name in server.behaviour.rows[_STUDENT][0] if name != "GraduationDate"]
    server.behaviour.fault("Student/Student/1/", _refuses("GraduationDate", 403, "no"), 99)
    server.behaviour.fault("Student/Student", _metadata(*shared), 99)
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert raw.absent == {_STUDENT: frozenset({"GraduationDate"})}


def test_without_names_and_metadata_the_essential_fields_are_read_alone(
    server: Server, client_of: Make
) -> None:
    server.behaviour.fault("Student/Student/1/", _refuses("GraduationDate", 403, "no"), 99)
    server.behaviour.fault("Student/Student", does.answers(404), 1)
    absent = client_of(server).read(RawAsset.STUDENTS).absent[_STUDENT]
    assert "GraduationDate" in absent
    assert not absent & {"StudentID", "NameID", "StudentNumber"}


@pytest.mark.parametrize("refused", [True, False])
def test_an_essential_field_stops_the_district_by_name(
    refused: bool, server: Server, client_of: Make
) -> None:
    if refused:
        server.behaviour.fault(_STUDENT, _refuses("StudentNumber"), 99)
    else:
        del server.behaviour.rows[_STUDENT][0]["StudentNumber"]
    with pytest.raises(errors.FieldNotGranted, match=r"Student/Student\.StudentNumber") as caught:
        client_of(server).read(RawAsset.STUDENTS)
    assert caught.value.actor == "Skyward"


def test_an_optional_object_that_is_refused_is_empty_and_absent(
    server: Server, client_of: Make
) -> None:
    name = "Family/StudentGuardianRestrictedAccess"
    server.behaviour.fault(name, does.answers(403, b'{"errors": ["not granted"]}'), 99)
    raw = client_of(server).read(RawAsset.GUARDIANS)
    assert raw[name].is_empty()
    assert raw.absent == {name: frozenset(raw[name].columns)}


def test_an_essential_object_stops_the_district_by_name(server: Server, client_of: Make) -> None:
    server.behaviour.fault("Family/StudentGuardian/", does.answers(404), 99)
    server.behaviour.fault("Family/StudentGuardian", does.answers(404), 99)
    with pytest.raises(errors.ObjectNotGranted, match="Family/StudentGuardian,"):
        client_of(server).read(RawAsset.GUARDIANS)


def test_an_optional_field_of_another_type_is_absent_not_blank(
    server: Server, client_of: Make
) -> None:
    row = server.behaviour.rows["Family/StudentGuardian"][0]
    server.behaviour.rows["Family/StudentGuardian"] = [
        {**row, "StudentGuardianID": 1, "Rank": "2"},
        {**row, "StudentGuardianID": 2, "Rank": "first"},
    ]
    raw = client_of(server).read(RawAsset.GUARDIANS)
    assert raw.absent == {"Family/StudentGuardian": frozenset({"Rank"})}
    assert raw.statistics["mistyped"] == 1


@pytest.mark.parametrize("flag", ["Y", 2, ["x"], "restricted"])
def test_a_restriction_flag_that_can_not_be_read_counts_as_a_restriction(
    server: Server, client_of: Make, flag: object
) -> None:
    row = server.behaviour.rows["Family/StudentGuardian"][0]
    server.behaviour.rows["Family/StudentGuardian"] = [
        {**row, "StudentGuardianID": key, "HasActiveRestrictedAccess": value}
        for key, value in enumerate((True, flag, False, None), 1)
    ]
    raw = client_of(server).read(RawAsset.GUARDIANS)
    pairs = raw["Family/StudentGuardian"].sort("StudentGuardianID")
    assert pairs["HasActiveRestrictedAccess"].to_list() == [True, True, False, None]
    assert raw.shares("Family/StudentGuardian", "HasActiveRestrictedAccess")
    assert raw.statistics["mistyped"] == 1


def test_an_essential_field_of_another_type_stops_its_row_not_the_district(
    server: Server, client_of: Make
) -> None:
    row = server.behaviour.rows["Family/StudentGuardian"][0]
    server.behaviour.rows["Family/StudentGuardian"] = [
        {**row, "StudentGuardianID": key, "NameIDGuardian": guardian}
        for key, guardian in ((1, 7), (2, 7.9), (3, 8), (4.5, 9))
    ]
    raw = client_of(server).read(RawAsset.GUARDIANS)
    pairs = raw["Family/StudentGuardian"].select("StudentGuardianID", "NameIDGuardian")
    assert pairs.rows() == [(1, 7), (2, None), (3, 8)]
    assert raw.shares("Family/StudentGuardian", "NameIDGuardian")
    assert raw.statistics["mistyped"] == 2


def test_an_essential_field_of_another_type_in_most_rows_stops_the_district(
    server: Server, client_of: Make
) -> None:
    row = server.behaviour.rows["Family/StudentGuardian"][0]
    server.behaviour.rows["Family/StudentGuardian"] = [
        {**row, "StudentGuardianID": key, "NameIDGuardian": guardian}
        for key, guardian in ((1, "Maria Example"), (2, True), (3, 8))
    ]
    with pytest.raises(errors.FieldMistyped, match=r"NameIDGuardian \(2 rows\)") as caught:
        client_of(server).read(RawAsset.GUARDIANS)
    assert "Maria" not in str(caught.value)


def test_a_restriction_that_names_nobody_readable_stops_the_district(
    server: Server, client_of: Make
) -> None:
    server.behaviour.rows["Family/StudentGuardianRestrictedAccess"] = [
        {"StudentGuardianRestrictedAccessID": key, "StudentGuardianID": pair, "StartDate": None}
        for key, pair in ((1, 1), (2, 2), (3, 7.9))
    ]
    with pytest.raises(errors.FieldMistyped, match=r"StudentGuardianID \(1 rows\)"):
        client_of(server).read(RawAsset.GUARDIANS)


def _refuses_condition(field: str, words: str) -> does.Strike:
    """Refuse a search with a condition on a field."""
    refusal = json.dumps({"errors": [words]}).encode()

    def inject(handler: Handler) -> None:
        if json.dumps(field).encode() in handler.body.partition(b'"SearchCondition"')[2]:
            handler.answer(400, refusal)
        else:
            handler.go_on()

    return inject


_YEARS = "Enrollment/StudentEntityYear"


def _of_many_years(server: Server) -> None:
    row = server.behaviour.rows[_YEARS][0]
    server.behaviour.rows[_YEARS] = [
        {**row, "StudentEntityYearID": n, "SchoolYearID": 20 + n % 10} for n in range(1, 41)
    ]


@pytest.mark.parametrize("words", ["not supported", "condition on SchoolYearID not supported"])
def test_a_refused_condition_on_school_years_is_done_without(
    words: str, server: Server, client_of: Make
) -> None:
    _of_many_years(server)
    expected = client_of(server).read(RawAsset.STUDENTS)
    server.behaviour.fault(f"{_YEARS}/", _refuses_condition("SchoolYearID", words), 999)
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert raw[_YEARS].equals(expected[_YEARS])
    assert sorted(raw[_YEARS]["SchoolYearID"].unique()) == [26, 27, 28]
    assert (expected.statistics["unscoped"], raw.statistics["unscoped"]) == (0, 1)
    assert not raw.absent


def test_a_condition_that_is_not_heeded_lets_no_other_years_in(
    server: Server, client_of: Make
) -> None:
    _of_many_years(server)
    server.behaviour.heeds_conditions = False
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert sorted(raw[_YEARS]["SchoolYearID"].unique()) == [26, 27, 28]


def test_a_refused_field_is_still_found_where_there_is_a_condition(
    server: Server, client_of: Make
) -> None:
    server.behaviour.fault(f"{_YEARS}/", _refuses("Grade"), 999)
    raw = client_of(server).read(RawAsset.STUDENTS)
    assert raw.absent == {_YEARS: frozenset({"Grade"})}
    assert raw.statistics["unscoped"] == 0
