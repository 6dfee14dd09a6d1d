"""What is not well with a district: the same words on every page, with a way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from samegoal_sync.cli import main
from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.district_status import overall_status
from samegoal_sync.districts.monitoring.due_nights import PAUSES
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.portal.rendering.jinja_environment import clock
from samegoal_sync.settings import Settings
from samegoal_sync_tests.districts.sync_rows import ask, begin, write_night
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

SignIn = Callable[[str], Person]
ADMIN, TEACHER, TEAM = (
    "administrative@fairview.example",
    "teacher@fairview.example",
    "team@samegoal.example",
)
STUDENTS, INFORMATION, PROBLEMS = (
    f"/d/{FAIRVIEW}/{page}" for page in ("students", "district-information", "problems")
)


@pytest.fixture
def registry(settings: Settings, districts: str) -> Registry:
    return Registry(settings, districts)


def test_a_district_that_stands_well_shows_nothing(sign_in: SignIn) -> None:
    admin = sign_in(ADMIN)
    page = admin.get(INFORMATION).text
    assert '<span class="badge good">Fine</span>' in page
    assert "Nothing to do" in page
    assert 'class="notice bad' not in page
    assert 'class="count"' not in page


def test_a_failed_night_is_on_every_page_with_when_it_is_tried_again(
    sign_in: SignIn, registry: Registry
) -> None:
    url, now = registry.database_url, datetime.now(UTC)
    # Tonight's night was due within the last hour, in a zone without daylight saving.
    hour = (now - timedelta(hours=1)).hour
    registry.update(FAIRVIEW, who="test", hour=hour, time_zone="Etc/UTC")
    with connect(url) as connection:  # the night before went well
        connection.execute("update syncs set started_at = now() - interval '1 day'")
    (request,) = ask(url, [registry.get(FAIRVIEW)], now)
    run_id = begin(url, request)
    write_night(
        url, FAIRVIEW, now, "failed", run_id=run_id, actor="district",
        message="the server answers 503", findings={"transient": True},
    )  # fmt: skip
    again = clock(now + PAUSES[0], "Etc/UTC")
    admin = sign_in(ADMIN)
    for page in (STUDENTS, INFORMATION, PROBLEMS, f"/d/{FAIRVIEW}/audit-log"):
        text = admin.get(page).text
        assert "The server answers 503." in text, page
        assert f"Tried again automatically at {again}." in text, page
    text = admin.get(INFORMATION).text
    assert '<span class="badge bad">Failing</span>' in text
    assert "Nothing to do" not in text
    assert "503" not in sign_in(TEACHER).get(STUDENTS).text


def test_an_access_that_is_not_active_is_not_called_expired(
    sign_in: SignIn, registry: Registry
) -> None:
    registry.update(FAIRVIEW, who="test", expires_on=date.today() + timedelta(days=300))
    write_night(
        registry.database_url, FAIRVIEW, datetime.now(UTC), "failed", actor="district",
        message="Qmlativ refuses the Integration Access", findings={"error": "AccessExpired"},
    )  # fmt: skip
    registry.set_state(FAIRVIEW, DistrictState.EXPIRED, "test")
    for page in (INFORMATION, PROBLEMS, STUDENTS):
        text = sign_in(ADMIN).get(page).text
        assert "it is not active" in text, page
        assert "has expired" not in text, page
        assert "expired on" not in text, page


def test_one_word_for_it_everywhere(
    sign_in: SignIn,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = registry.database_url
    write_night(url, FAIRVIEW, datetime.now(UTC), "failed", message="no answer", actor="Skyward")
    (word,) = (one.word for one in overall_status(url, datetime.now(UTC)) if one.slug == FAIRVIEW)
    assert word == "failing"
    assert ">Failing</span>" in sign_in(ADMIN).get(INFORMATION).text
    assert ">Failing</span>" in sign_in(TEAM).get("/team").text
    monkeypatch.setenv("DAGSTER_HOME", str(registry.settings.home))
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", url)
    with pytest.raises(SystemExit):
        main(["districts", "show", FAIRVIEW])
    shown = capsys.readouterr().out
    assert re.search(r"Stands +failing: no answer", shown)


def test_problems_are_counted_as_they_are_listed(sign_in: SignIn, registry: Registry) -> None:
    url = registry.database_url
    registry.update(FAIRVIEW, who="test", expires_on=date.today() + timedelta(days=5))
    write_night(url, FAIRVIEW, datetime.now(UTC), "failed", message="no answer", actor="Skyward")
    text = sign_in(ADMIN).get(PROBLEMS).text
    assert text.count('<section class="card"><h3>') == 2
    assert '<span class="count">2<span class="sr"> open</span></span>' in text


def test_a_command_is_shown_to_the_technical_team_alone(
    sign_in: SignIn, registry: Registry
) -> None:
    registry.set_state(FAIRVIEW, DistrictState.FAILING, "test", "the nights fail")
    command = f"samegoal-sync districts verify {FAIRVIEW}"
    for page in (INFORMATION, PROBLEMS, STUDENTS):
        text = sign_in(ADMIN).get(page).text
        assert "samegoal-sync" not in text, page
        assert "nothing that you have to do" in text, page
    assert command in sign_in(TEAM).get(INFORMATION).text


def test_an_expiring_access_has_one_remedy_and_the_command_alone(
    sign_in: SignIn, registry: Registry
) -> None:
    write_night(registry.database_url, FAIRVIEW, datetime.now(UTC), "published")
    registry.update(FAIRVIEW, who="test", expires_on=date.today() + timedelta(days=5))
    row = sign_in(TEAM).get("/team").text.partition('data-label="Action by"')[2]
    assert "set a later Expiration Date" in row
    assert f'<span class="quiet">samegoal-sync districts change {FAIRVIEW} --expires' in row
    assert row.count("Expiration Date") == 1
