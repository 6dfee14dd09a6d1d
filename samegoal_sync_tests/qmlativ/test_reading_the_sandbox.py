"""The client against the true sandbox: what it reads is what the district holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import polars as pl
import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.sandbox import FaultKind, Sandbox, SandboxDistrict, raw_objects, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync_tests.qmlativ.conftest import HurriedClock

_TODAY = date(2026, 11, 24)
_HIDDEN = frozenset({"Student/Student.LanguageIDNative", "Demographics/Name.IsWhite"})
_CLOSED = frozenset({"Family/StudentGuardianRestrictedAccess"})
_DISTRICTS = [
    SandboxDistrict("oak", "Oak ISD", 150, today=_TODAY),
    SandboxDistrict("silent", "Silent ISD", 60, today=_TODAY, not_granted=_HIDDEN | _CLOSED),
    SandboxDistrict(
        "strict", "Strict ISD", 60, today=_TODAY, not_granted=_HIDDEN, refuse_not_granted=True
    ),
    SandboxDistrict(
        "both", "Both One", 80, today=_TODAY, members=(SandboxDistrict("two", "Both Two", 70),)
    ),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(_DISTRICTS) as running:
        for district in _DISTRICTS:
            running.create_access(district.slug, key="samegoal & co")
        yield running


@contextmanager
def _client(sandbox: Sandbox, slug: str, district_id: int | None = None) -> Iterator[QmlativClient]:
    secret = Secret(sandbox.generate_secret(slug, "samegoal & co"))
    connection = Connection(
        sandbox.base_url(slug),
        "samegoal & co",
        secret,
        district_id=district_id,
        allow_loopback=True,
    )
    limits = Limits(page_size=70, read_seconds=2.0)
    with QmlativClient(connection, limits=limits, clock=HurriedClock()) as client:
        yield client


def _all(client: QmlativClient) -> RawObjects:
    return RawObjects({}).merged_with(*(client.read(asset) for asset in RawAsset))


def _assert_true(raw: RawObjects, true: RawObjects) -> None:
    assert raw.frames.keys() == true.frames.keys()
    for name, frame in raw.frames.items():
        assert frame.equals(true[name].sort(frame.columns[0])), name
    assert raw.absent == true.absent


def test_what_is_read_is_what_the_district_holds(sandbox: Sandbox) -> None:
    with _client(sandbox, "oak") as client:
        _assert_true(_all(client), raw_objects(sandbox.tables("oak")))


@pytest.mark.parametrize("slug", ["silent", "strict"])
def test_what_is_not_granted_is_absent(sandbox: Sandbox, slug: str) -> None:
    hidden = next(one.not_granted for one in _DISTRICTS if one.slug == slug)
    with _client(sandbox, slug) as client:
        _assert_true(_all(client), raw_objects(sandbox.tables(slug), not_granted=hidden))


def test_several_districts_and_none_chosen_lists_them(sandbox: Sandbox) -> None:
    with (
        _client(sandbox, "both") as client,
        pytest.raises(errors.DistrictNotChosen, match=r"1 \(Both One\), 2 \(Both Two\)"),
    ):
        client.system_metadata()


def test_each_district_of_a_system_reads_its_own_enrollments(sandbox: Sandbox) -> None:
    seen = []
    for district_id in (1, 2):
        with _client(sandbox, "both", district_id) as client:
            raw = _all(client)
        assert raw["District/Entity"]["DistrictID"].unique().to_list() == [district_id]
        entities = set(raw["District/Entity"]["EntityID"])
        assert set(raw["Enrollment/StudentEntityYear"]["EntityID"]) <= entities
        seen.append(set(raw["Enrollment/StudentEntityYear"]["StudentID"]))
    assert not seen[0] & seen[1]
    assert all(seen)


@pytest.mark.parametrize(
    "kind",
    [
        one
        for one in FaultKind
        if one
        not in (  # asking again changes nothing: each has a test of its own
            FaultKind.REDIRECT,
            FaultKind.ENDLESS,
            FaultKind.NOT_FOUND,
            FaultKind.MORE_ROWS,
            FaultKind.DENSE_BODY,
        )
    ],
)
def test_a_fault_in_mid_read_changes_nothing(sandbox: Sandbox, kind: FaultKind) -> None:
    seconds = 0.1 if kind in (FaultKind.SLOW, FaultKind.SILENT) else None
    with _client(sandbox, "oak") as client:
        client.system_metadata()
        try:
            sandbox.fault("oak", kind, count=1, after=1, path="Demographics/Name/", seconds=seconds)
            raw = client.read(RawAsset.STUDENTS)
        finally:
            sandbox.clear_faults("oak")
    true = raw_objects(sandbox.tables("oak"))["Demographics/Name"].sort("NameID")
    assert raw["Demographics/Name"].equals(true)


def test_nothing_is_ever_written(sandbox: Sandbox) -> None:
    assert sandbox.writes("oak") == 0


def test_expired_access_is_reported_with_its_day(sandbox: Sandbox) -> None:
    with _client(sandbox, "silent") as client:
        sandbox.extend_access("silent", "samegoal & co", _TODAY - timedelta(days=3))
        try:
            with pytest.raises(errors.AccessExpired, match="2026-11-21"):
                client.system_metadata()
        finally:
            sandbox.extend_access("silent", "samegoal & co", None)


def test_one_student_has_what_the_night_has_of_them(sandbox: Sandbox) -> None:
    true = raw_objects(sandbox.tables("oak"))
    student = true["Student/Student"].row(5, named=True)
    with _client(sandbox, "oak") as client:
        raw = client.read_student(f" {student['StudentNumber'].strip()} ")
    ours = pl.col("StudentID") == student["StudentID"]
    assert raw.frames.keys() == true.frames.keys()
    for name in ("Enrollment/StudentEntityYear", "Family/StudentGuardian", "Family/StudentFamily"):
        expected = true[name].filter(ours)
        assert (
            raw[name]
            .filter(ours)
            .sort(expected.columns[0])
            .equals(expected.sort(expected.columns[0]))
        )
    people = {student["NameID"], *raw["Family/StudentGuardian"]["NameIDGuardian"]}
    assert people <= set(raw["Demographics/Name"]["NameID"])
    assert raw["Demographics/Name"].height < 12


def test_no_student_number_travels_in_an_address(sandbox: Sandbox) -> None:
    number = sandbox.tables("oak")["Student/Student"]["StudentNumber"][3].strip()
    before = len(sandbox.log("oak"))
    with _client(sandbox, "oak") as client:
        client.read_student(number)
    assert not [one for one in sandbox.log("oak")[before:] if number in one.url]


def test_an_unknown_student_is_said_without_the_number(sandbox: Sandbox) -> None:
    with (
        _client(sandbox, "oak") as client,
        pytest.raises(errors.StudentNotFound) as caught,
    ):
        client.read_student("nobody-77")
    assert "nobody-77" not in str(caught.value)
