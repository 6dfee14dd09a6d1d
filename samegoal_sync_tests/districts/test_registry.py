"""The registry: what is entered comes back checked, and nothing half-entered stays."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import (
    RESERVED_SLUGS,
    DateRange,
    DistrictSettings,
    DistrictState,
    GuardianChoice,
    Guards,
)
from samegoal_sync.districts.errors import (
    DuplicateDistrict,
    InvalidDistrict,
    SecretMissing,
    UnknownDistrict,
)
from samegoal_sync.districts.registry.district_validation import DistrictValues
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.secret import Secret


def _values(slug: str, **more: Any) -> DistrictValues:
    return {
        "slug": slug,
        "name": "A District",
        "base_url": "https://skyward.example.com/AAPI",
        "client_key": f"key-{slug}",
        **more,  # type: ignore[typeddict-item]
    }


def test_a_district_is_entered_with_its_values_in_plain_form(registry: Registry) -> None:
    district = registry.add(
        who="test",
        **_values(
            "a-isd",
            base_url=" https://skyward.example.com/AAPI/ ",
            client_key=" key ",
            mail_domain="@A.Example",
            contacts=("office@a.example", " office@a.example "),
        ),
    )
    assert district.base_url == "https://skyward.example.com/AAPI"
    assert district.client_key == "key"
    assert district.mail_domain == "a.example"
    assert district.contacts == ("office@a.example",)
    assert district.state is DistrictState.REQUESTED
    assert registry.list() == [district] == registry.by_mail_domain("A.EXAMPLE")
    assert registry.active() == []


def test_every_wrong_value_is_named_at_once(registry: Registry) -> None:
    with pytest.raises(InvalidDistrict) as caught:
        registry.add(
            who="test",
            **_values(
                "Not A Slug",
                name=" ",
                base_url="http://10.0.0.1/x",
                mail_domain="no domain",
                contacts=("nobody",),
                time_zone="Mars/Olympus",
                hour=24,
            ),
        )
    named = {problem.split(":")[0] for problem in caught.value.problems}
    assert named == {"slug", "name", "base_url", "mail_domain", "contacts", "time_zone", "hour"}
    assert registry.list() == []


def test_a_taken_slug_and_a_taken_access_are_told_apart(registry: Registry, fairview: str) -> None:
    with pytest.raises(DuplicateDistrict, match="registered already"):
        registry.add(who="test", **_values(fairview))
    with pytest.raises(DuplicateDistrict, match="same API Base URL and Key"):
        registry.add(
            who="test",
            **_values(
                "other",
                base_url="https://skyward.example.com/FairviewAPI",
                client_key="samegoal",
            ),
        )


def test_several_are_added_all_or_none(registry: Registry) -> None:
    with pytest.raises(DuplicateDistrict):
        registry.add_all([_values("a"), _values("b"), _values("a")], who="test")
    assert registry.list() == []


def test_settings_come_back_as_they_were(registry: Registry, fairview: str) -> None:
    settings = DistrictSettings(
        guardians=GuardianChoice.FIRST_TWO_CUSTODIAL,
        publish_restricted=True,
        buildings={"FAIRVIEW HS": "Fairview High School"},
        guards=Guards(students_lost=0.2),
        paused=DateRange(date(2026, 7, 1), date(2026, 8, 1)),
        notify=frozenset({"held"}),
    )
    assert registry.update(fairview, who="test", settings=settings, hour=3).settings == settings
    assert registry.get(fairview).hour == 3
    history = events(registry.database_url, fairview)
    assert [(event.kind, event.what) for event in history] == [
        (
            "updated",
            "hour: 2 -> 3; buildings, FAIRVIEW HS: default -> Fairview High School; guardians: "
            "default -> first_two_custodial; guards, students_lost: default -> 0.2; notify: "
            "default -> held; paused: default -> 2026-07-01 to 2026-08-01; publish restricted: "
            "default -> yes",
        ),
        ("added", ""),
    ]


def test_an_unknown_setting_in_the_table_is_reported_by_name(
    registry: Registry, fairview: str
) -> None:
    with connect(registry.database_url) as connection:
        connection.execute("""update districts set settings = '{"guardian": "all"}'""")
    with pytest.raises(InvalidDistrict, match="unknown setting 'guardian'"):
        registry.get(fairview)


@pytest.mark.parametrize(
    "values",
    [
        {"guardians": "some"},
        {"guards": {"students_lost": 7}},
        {"guards": {"students_gone": 0.1}},
        {"paused": {"first": "2026-08-01", "last": "2026-07-01"}},
        {"publish_restricted": "yes"},
        {"notify": "failed"},
        {"buildings": {"A": ""}},
    ],
)
def test_a_setting_that_cant_be_right_is_refused(values: dict[str, object]) -> None:
    from samegoal_sync.districts.registry.settings_json import settings_from_json

    with pytest.raises(InvalidDistrict, match=next(iter(values))):
        settings_from_json(values)


def test_a_state_is_a_step_with_its_time_who_and_what(registry: Registry, fairview: str) -> None:
    district = registry.set_state(fairview, DistrictState.ACTIVE, "ann", "first import done")
    assert district.message == "first import done"
    assert registry.active() == [district]
    newest = events(registry.database_url, fairview)[0]
    assert (newest.kind, newest.who, newest.what) == ("active", "ann", "first import done")


def test_an_unknown_district_is_reported_as_such(registry: Registry) -> None:
    for call in (
        lambda: registry.get("x"),
        lambda: registry.set_state("x", DistrictState.ACTIVE, "ann"),
        lambda: registry.store_secret("x", Secret("s"), "ann"),
        lambda: registry.remove("x"),
    ):
        with pytest.raises(UnknownDistrict):
            call()


def test_a_secret_is_stored_encrypted_and_a_look_at_it_is_recorded(
    registry: Registry, fairview: str
) -> None:
    with pytest.raises(SecretMissing):
        registry.connection(fairview)
    registry.store_secret(fairview, Secret("s3cr3t-value"), "ann")
    assert registry.connection(fairview).secret.reveal() == "s3cr3t-value"
    assert "s3cr3t" not in repr(registry.connection(fairview))
    assert registry.reveal_secret(fairview, "bob").reveal() == "s3cr3t-value"
    assert [event.kind for event in events(registry.database_url, fairview)] == [
        "secret_revealed",
        "secret_stored",
        "added",
    ]
    with connect(registry.database_url) as connection:
        row = connection.execute("select ciphertext, stored_by from district_secrets").fetchone()
    assert row is not None
    assert b"s3cr3t" not in row[0]


def test_removing_takes_everything_along(registry: Registry, fairview: str) -> None:
    registry.store_secret(fairview, Secret("x"), "ann")
    registry.remove(fairview)
    assert registry.list() == []
    with connect(registry.database_url) as connection:
        for table in ("district_secrets", "district_events"):
            row = connection.execute(f"select count(*) from {table}").fetchone()
            assert row == (0,)


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_a_name_of_ours_is_no_districts_slug(registry: Registry, slug: str) -> None:
    with pytest.raises(InvalidDistrict, match="is a name of ours"):
        registry.add(
            who="test", slug=slug, name="X", base_url="https://x.example.com/API", client_key="k"
        )
    assert registry.list() == []
