"""What is not shared is told at verification: object, field, the columns that suffer, who acts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.post_run import process_ended_runs
from samegoal_sync.districts.onboarding.not_shared import not_shared
from samegoal_sync.districts.onboarding.onboarding_steps import complete, hold_first_night, verify
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailer import mailer_of
from samegoal_sync.pipeline.first_import import import_and_confirm
from samegoal_sync.qmlativ.access_probe import Grant
from samegoal_sync.samegoal.publication.held_nights import approve, held
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret

_KEY = "samegoal-demographics"
_ACCESS = "Family/StudentGuardianRestrictedAccess"
_DISTRICTS = (
    SandboxDistrict("oak", "Oak ISD", 25, seed=4),
    SandboxDistrict(
        "thin", "Thin ISD", 25, seed=4, not_granted=frozenset({"Demographics/Name.Gender", _ACCESS})
    ),
    SandboxDistrict(
        "bare", "Bare ISD", 25, seed=4, not_granted=frozenset({"Student/Student.StudentNumber"})
    ),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(_DISTRICTS) as running:
        for district in _DISTRICTS:
            running.create_access(district.slug, _KEY)
        yield running


def _registered(registry: Registry, sandbox: Sandbox, slug: str) -> Secret:
    registry.add(
        slug=slug, name=slug, base_url=sandbox.base_url(slug), client_key=_KEY, who="test",
        contacts=("office@oak.example",),
    )  # fmt: skip
    return Secret(sandbox.generate_secret(slug, _KEY))


def test_an_optional_lack_is_reported_with_its_columns_and_stops_nothing(
    registry: Registry, sandbox: Sandbox
) -> None:
    done = complete(registry, "thin", _registered(registry, sandbox, "thin"), "ann")
    assert done.district.state is DistrictState.CONNECTED
    assert not done.stopped
    by_object = {one.name: one for one in done.not_shared}
    assert by_object.keys() == {"Demographics/Name", _ACCESS}
    assert by_object["Demographics/Name"].fields == ("Gender",)
    assert by_object["Demographics/Name"].columns == ("student.gender",)
    assert by_object[_ACCESS].fields == ()
    assert "guardian.restricted" in " ".join(by_object[_ACCESS].columns)
    assert by_object[_ACCESS].actor == "Skyward"
    assert "Demographics/Name.Gender (touches student.gender)" in str(
        by_object["Demographics/Name"]
    )


def test_an_essential_lack_is_reported_and_the_district_stays_where_it_is(
    registry: Registry, sandbox: Sandbox
) -> None:
    done = complete(registry, "bare", _registered(registry, sandbox, "bare"), "ann")
    assert done.stopped
    assert registry.has_secret("bare")  # it holds, and is shown only once
    assert done.district.state is DistrictState.REQUESTED
    assert str(done.not_shared[0]).startswith("Student/Student.StudentNumber: no district can")
    assert "Skyward" in done.next_step
    registry.set_state("bare", DistrictState.EXPIRED, "nightly")
    assert verify(registry, "bare", "ann").district.state is DistrictState.EXPIRED


def test_the_gravest_lack_comes_first() -> None:
    optional = Grant("Demographics/County", frozenset({"Name", "CountyID"}), False, True)
    essential = Grant("Student/Student", frozenset({"StudentNumber"}), True, False)
    first, second = not_shared([optional, Grant("A/B", frozenset(), False, False), essential])
    assert (first.name, second.name) == ("Student/Student", "Demographics/County")
    assert second.columns == ("student.county_of_residence",)


@pytest.mark.slow
def test_a_first_night_that_is_held_shows_nothing_until_it_is_approved(
    registry: Registry, sandbox: Sandbox
) -> None:
    complete(registry, "oak", _registered(registry, sandbox, "oak"), "ann")
    hold_first_night(registry, "oak", "ann")
    first = import_and_confirm(registry, "oak", "ann")
    assert (first.active, first.state) == (True, "held"), first.message
    assert "approve oak" in first.message
    assert registry.get("oak").state is DistrictState.ACTIVE
    night = held(registry.database_url, "oak")
    assert night is not None
    assert [reason.guard for reason in night.reasons] == ["first_night"]
    approved = approve(registry.database_url, "oak", "ann")
    assert approved.counts["students_added"] > 15
    assert mailer_of(registry.settings) is None
    process_ended_runs(registry, datetime.now(UTC))
