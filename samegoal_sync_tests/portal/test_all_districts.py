"""All districts of a fleet: the worst on the first page, each found by name, numbers of all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.heartbeats import beat
from samegoal_sync_tests.portal.conftest import Person

TEAM = "team@samegoal.example"


@pytest.fixture
def team(districts: str, sign_in: Callable[[str], Person]) -> Person:
    with connect(districts) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key) select 'd-' || n, "
            "'District ' || n, 'active', 'https://d.example/' || n, 'KEY' "
            "from generate_series(1, 248) n"
        )
    return sign_in(TEAM)


def test_what_does_not_tick_stands_above_the_districts(team: Person, districts: str) -> None:
    assert "no schedule or sensor has ticked" not in team.get("/team").text
    beat(districts, "nightly", datetime.now(UTC) - timedelta(hours=3), 0.1)
    page = team.get("/team").text
    assert "no schedule or sensor has ticked" in page
    assert page.index("ticked") < page.index("<table")


def _listed(text: str) -> list[str]:
    return re.findall(r'href="/d/([\w-]+)/district-information"', text)


def test_a_page_lists_a_hundred_and_its_numbers_are_of_all(team: Person) -> None:
    first = team.get("/team").text
    assert len(_listed(first)) == 100
    assert "page 1 of 3" in first
    assert "<dt>Districts</dt><dd>250</dd>" in first
    second, third = (team.get(f"/team?page={page}").text for page in (2, 3))
    assert len({*_listed(first), *_listed(second), *_listed(third)}) == 250
    assert 'rel="next"' not in third
    assert 'rel="prev"' in third


def test_a_district_is_found_by_part_of_its_name_or_slug(team: Person) -> None:
    assert _listed(team.get("/team?find=oakdale").text) == ["oakdale-isd"]
    assert _listed(team.get("/team?find=District+24").text)[0].startswith("d-24")
    assert _listed(team.get("/team?find=%22%3E%3Cscript%3E").text) == []


@pytest.mark.parametrize("page", ["0", "-1", "9999999999", "x", "²", ""])
def test_an_odd_page_is_the_nearest_there_is(team: Person, page: str) -> None:
    assert team.get(f"/team?page={page}").status_code == 200
