"""Reading over HTTP as real connectors read: discovery, paging, fields, refusals."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, raw_objects, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync_tests.sandbox.api_caller import ApiCaller
from samegoal_sync_tests.sandbox.conftest import SLUG, TODAY

STUDENTS = "Custom/1/Student/Student"


def test_system_metadata_names_district_entities_and_school_year(api: ApiCaller) -> None:
    system = api.get("Custom/GetSystemMetadata").json()["System"]
    district = system["Districts"][0]
    assert district["Name"] == "Fairview ISD"
    assert district["EntityID"] == 1
    assert district["SchoolYearCurrent"] == {
        "SchoolYearID": 27,
        "NumericYear": 2027,
        "Description": "2026-2027 School Year",
    }
    assert len(district["Entities"]) == 5


def test_both_prefixes_answer_alike(api: ApiCaller) -> None:
    custom, generic = (
        api.get(f"{prefix}/1/Student/Student/1/5") for prefix in ("Custom", "Generic")
    )
    assert custom.json()["Objects"] == generic.json()["Objects"]
    assert generic.json()["Paging"]["Next"].startswith("/Generic/1/")


def test_modules_objects_and_fields_are_listed(api: ApiCaller) -> None:
    modules = [row["Name"] for row in api.get("Custom/1").json()["Modules"]]
    assert {"Student", "Demographics", "Enrollment", "Family", "District"} <= set(modules)
    objects = [row["Name"] for row in api.get("Custom/1/Family").json()["Objects"]]
    assert "StudentGuardian" in objects
    fields = api.get("Custom/1/Family/StudentGuardian").json()
    assert fields["StudentGuardianID"]["PrimaryKey"] is True
    assert fields["StudentGuardianID"]["ReadOnly"] is True
    assert {join["RelatedObject"] for join in fields["Relationships"]} >= {"Demographics/Name"}
    assert fields["ValidationRules"] == []


def test_without_search_fields_only_keys_come(api: ApiCaller) -> None:
    rows = api.get(f"{STUDENTS}/1/3").json()["Objects"]
    assert all(set(row) == {"StudentID"} for row in rows)


@pytest.mark.parametrize("style", ["searchFields", "searchFields[0]"])
def test_both_ways_to_ask_for_fields_work(api: ApiCaller, style: str) -> None:
    query = [(style, "StudentNumber"), (style.replace("0", "1"), "NameID")]
    rows = api.get(f"{STUDENTS}/1/3", params=query).json()["Objects"]
    assert all(set(row) == {"StudentNumber", "NameID"} for row in rows)


def test_next_is_relative_without_query_and_ends_as_null(api: ApiCaller) -> None:
    paging = api.get(f"{STUDENTS}/1/100?searchFields=NameID").json()["Paging"]
    assert paging == {"Next": "/Custom/1/Student/Student/2/100"}
    assert api.get(f"{STUDENTS}/3/100").json()["Paging"] == {"Next": None}


def test_a_page_past_the_end_is_200_without_objects(api: ApiCaller) -> None:
    answer = api.get(f"{STUDENTS}/4/100")
    assert answer.status_code == 200
    assert answer.json()["Objects"] == []


@pytest.mark.parametrize(
    ("style", "end"),
    [
        ("empty", {"Next": ""}),
        ("missing", {}),
        ("same", {"Next": "/Custom/1/Student/Student/1/500"}),
    ],
)
def test_the_end_of_a_list_shows_in_every_way_met(
    own_sandbox: Sandbox, own_api: ApiCaller, style: str, end: dict[str, str]
) -> None:
    own_sandbox.system(SLUG).pages.end_of_list = style
    assert own_api.get(f"{STUDENTS}/1/500").json()["Paging"] == end


@settings(max_examples=15, deadline=None)
@given(size=st.integers(40, 320))
def test_following_next_reads_every_row_once_whatever_the_size(api: ApiCaller, size: int) -> None:
    seen: list[int] = []
    page, following = 1, True
    while following:
        answer = api.search("Student/Student", ["StudentID"], page, size).json()
        seen += [row["StudentID"] for row in answer["Objects"]]
        following, page = bool(answer["Paging"]["Next"]), page + 1
    assert len(seen) == len(set(seen)) == 300


def test_what_is_served_is_what_the_system_holds(sandbox: Sandbox, api: ApiCaller) -> None:
    fields = ["NameID", "FirstName", "LastName", "BirthDate", "IsHispanic"]
    served = pl.DataFrame(
        api.search("Demographics/Name", fields).json()["Objects"], infer_schema_length=None
    )
    held = sandbox.tables(SLUG)["Demographics/Name"].select(fields)
    assert served.sort("NameID").equals(held)


def test_order_without_a_sort_is_not_that_of_the_key(api: ApiCaller) -> None:
    keys = [row["StudentID"] for row in api.get(f"{STUDENTS}/1/50").json()["Objects"]]
    assert keys != sorted(keys)


def test_a_school_year_in_the_query_filters_objects_that_have_one(api: ApiCaller) -> None:
    name, fields = "Enrollment/StudentEntityYear", [("searchFields", "SchoolYearID")]
    every = api.get(f"Custom/1/{name}/1/100000", params=fields).json()["Objects"]
    year = every[0]["SchoolYearID"]
    asked = [*fields, ("SchoolYearID", str(year))]
    found = api.get(f"Custom/1/{name}/1/100000", params=asked).json()["Objects"]
    assert found == [row for row in every if row["SchoolYearID"] == year]
    assert 0 < len(found) < len(every)
    people = [("searchFields", "StudentID"), ("SchoolYearID", str(year))]
    one, other = (
        api.get("Custom/1/Student/Student/1/100000", params=query).json()["Objects"]
        for query in (people, people[:1])
    )
    assert one == other


def test_one_object_is_read_by_its_key(api: ApiCaller) -> None:
    fields = [("searchFields", "StudentID"), ("searchFields", "StudentNumber")]
    row = api.get("Custom/1/Student/Student/1/1", params=fields).json()["Objects"][0]
    assert api.get(f"Custom/1/Student/Student/{row['StudentID']}", params=fields).json() == row
    assert api.get("Custom/1/Student/Student/999999999", params=fields).status_code == 404
    assert api.get(f"Custom/1/Student/Student/{row['StudentID']}").json() == {
        "StudentID": row["StudentID"]
    }


def test_fields_not_granted_are_absent_from_every_row(api: ApiCaller) -> None:
    rows = api.search("Student/Student", ["StudentID", "MedicaidNumber"]).json()["Objects"]
    assert all(set(row) == {"StudentID"} for row in rows)


def test_paths_across_relationships_are_not_granted(api: ApiCaller) -> None:
    rows = api.search("Student/Student", ["StudentID", "Name.FirstName"]).json()["Objects"]
    assert all(set(row) == {"StudentID"} for row in rows)


def test_a_district_can_refuse_fields_and_objects() -> None:
    strict = SandboxDistrict(
        "strict",
        "Strict ISD",
        20,
        today=TODAY,
        refuse_not_granted=True,
        not_granted=frozenset(
            {"Family/StudentGuardianRestrictedAccess", "Demographics/Name.IsHispanic"}
        ),
    )
    with running_sandbox([strict]) as sandbox:
        caller = ApiCaller(sandbox, "strict", "K")
        name = caller.search("Demographics/Name", ["NameID", "IsHispanic"])
        assert name.status_code == 403
        assert "Demographics/Name.IsHispanic" in name.text
        refused = caller.search("Family/StudentGuardianRestrictedAccess", ["StartDate"])
        assert refused.status_code == 403
        modules = caller.get("Custom/1/Family").json()["Objects"]
        assert "StudentGuardianRestrictedAccess" not in [row["Name"] for row in modules]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Custom/1/Student/Nobody/1/10", 404),
        ("Custom/1/Nowhere", 404),
        ("Nothing/here", 404),
        ("Custom/1/Student/Student/0/10", 400),
        ("Custom/1/Student/Student/1/10?searchFields=NoSuchField", 400),
        ("Custom/999/Student/Student/1/10", 403),
    ],
)
def test_wrong_addresses_are_refused(api: ApiCaller, path: str, status: int) -> None:
    assert api.get(path).status_code == status


def test_an_entity_that_is_not_ticked_is_refused(own_sandbox: Sandbox) -> None:
    caller = ApiCaller(own_sandbox, SLUG, "ONE", entities=frozenset({1}))
    assert caller.get("Custom/1/Student/Student/1/1").ok
    assert caller.get("Custom/101/Student/Student/1/1").status_code == 403


def test_calculated_fields_fail_without_their_parameter(api: ApiCaller) -> None:
    path = "Custom/1/District/Entity/1/10?searchFields=IsCurrentlySelected"
    assert api.get(path).status_code == 500
    assert api.get(f"{path}&SchoolYearID=27").ok


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "Student/Student/10001"),
        ("PUT", "Student/Student"),
        ("DELETE", "Student/Student/10001"),
        ("PUT", "Student/Student/1/10"),
        ("DELETE", "Student/Student/1/10"),
    ],
)
def test_every_write_is_refused_and_counted(
    own_sandbox: Sandbox, own_api: ApiCaller, method: str, path: str
) -> None:
    before = own_sandbox.tables(SLUG)
    answer = requests.request(
        method, f"{own_api.base}/Custom/1/{path}", json={}, headers=own_api.headers, timeout=10
    )
    assert answer.status_code == 403
    assert own_sandbox.writes(SLUG) == 1
    assert own_sandbox.tables(SLUG) is before


def test_the_usage_log_keeps_every_call(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    own_api.get(f"{STUDENTS}/1/5?searchFields=NameID")
    entry = own_sandbox.log(SLUG)[-1]
    assert entry.url.endswith("/Custom/1/Student/Student/1/5?searchFields=NameID")
    assert (entry.method, entry.status, entry.key) == ("GET", 200, own_api.key)
    assert entry.bytes > 50
    assert entry.suppressed_development_permissions


def test_pages_show_the_new_day_after_an_advance(own_sandbox: Sandbox, own_api: ApiCaller) -> None:
    count = len(own_api.get(f"{STUDENTS}/1/500").json()["Objects"])
    changes = own_sandbox.advance(SLUG)
    assert len(own_api.get(f"{STUDENTS}/1/500").json()["Objects"]) == count + len(changes.added)


def test_a_system_of_two_districts_covers_what_the_access_ticks() -> None:
    second = SandboxDistrict("lakeside", "Lakeside ISD", 30, today=date(2026, 11, 25))
    system = SandboxDistrict("coop", "Fairview ISD", 50, today=TODAY, members=(second,))
    with running_sandbox([system]) as sandbox:
        both = ApiCaller(sandbox, "coop", "BOTH")
        one = ApiCaller(sandbox, "coop", "ONE", district_id=2)
        seen = both.get("Custom/GetSystemMetadata").json()["System"]["Districts"]
        assert [item["EntityID"] for item in seen] == [1, 1001]
        assert len(one.get("Custom/GetSystemMetadata").json()["System"]["Districts"]) == 1
        assert one.get("Custom/1/District/Entity/1/9").status_code == 403
        rows = one.search("Enrollment/School", ["DistrictID"], entity=1001).json()["Objects"]
        assert {row["DistrictID"] for row in rows} == {2}
        years = one.search("Enrollment/StudentEntityYear", ["EntityID"], entity=1001).json()[
            "Objects"
        ]
        assert all(row["EntityID"] > 1001 for row in years)


def test_a_mishap_replaces_a_table_and_shows_at_once(
    own_sandbox: Sandbox, own_api: ApiCaller
) -> None:
    rows = own_sandbox.tables(SLUG)["Student/Student"]
    own_sandbox.replace_table(SLUG, "Student/Student", rows.head(10).select("StudentID", "NameID"))
    served = own_api.search("Student/Student", ["StudentID", "StudentNumber"]).json()["Objects"]
    assert len(served) == 10
    assert all(row["StudentNumber"] is None for row in served)


@pytest.mark.parametrize("refuse", [False, True])
def test_our_client_reads_exactly_what_the_system_holds(refuse: bool) -> None:
    hidden = frozenset({"Family/StudentGuardianRestrictedAccess", "Demographics/Name.IsHispanic"})
    district = SandboxDistrict(
        SLUG,
        "Fairview ISD",
        200,
        today=TODAY,
        not_granted=hidden,
        refuse_not_granted=refuse,
    )
    with running_sandbox([district]) as sandbox:
        sandbox.create_access(SLUG, "CLIENT")
        secret = Secret(sandbox.generate_secret(SLUG, "CLIENT"))
        connection = Connection(sandbox.base_url(SLUG), "CLIENT", secret, allow_loopback=True)
        with QmlativClient(connection) as client:
            read = [client.read(asset) for asset in RawAsset]
        raw = read[0].merged_with(*read[1:])
        expected = raw_objects(sandbox.tables(SLUG), not_granted=hidden)
        for name, frame in expected.frames.items():
            key = frame.columns[0]
            assert raw[name].sort(key).equals(frame.sort(key)), name
        assert raw.absent == expected.absent
        assert sandbox.writes(SLUG) == 0
        assert all(
            entry.suppressed_development_permissions or "token" in entry.url
            for entry in sandbox.log(SLUG)
        )
