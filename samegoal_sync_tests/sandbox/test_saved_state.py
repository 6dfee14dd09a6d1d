"""What outlives a restart, and what does not."""

from __future__ import annotations

import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests

from samegoal_sync.errors import SyncError, UsageError
from samegoal_sync.sandbox import SandboxDistrict, running_sandbox
from samegoal_sync_tests.sandbox.conftest import SLUG, TODAY


def _district(today: date = TODAY) -> SandboxDistrict:
    return SandboxDistrict(SLUG, "Fairview ISD", 80, today=today)


def test_records_days_and_people_outlive_a_restart(tmp_path: Path) -> None:
    with running_sandbox([_district()], state_folder=tmp_path / "state") as first:
        first.create_access(SLUG, "SG")
        secret = first.generate_secret(SLUG, "SG")
        first.advance(SLUG, 2)
        before = first.tables(SLUG)
    later = _district(date(2026, 11, 30))
    with running_sandbox([later], state_folder=tmp_path / "state") as second:
        assert all(frame.equals(before[name]) for name, frame in second.tables(SLUG).items())
        assert second.system(SLUG).today == date(2026, 11, 27)
        login = {"grant_type": "client_credentials", "client_id": "SG", "client_secret": secret}
        assert requests.post(f"{second.base_url(SLUG)}/oauth/token", data=login, timeout=10).ok


def test_a_first_day_that_is_asked_for_begins_anew_and_leaves_the_records(tmp_path: Path) -> None:
    for first_day, days in ((TODAY, 0), (TODAY, 2), (date(2026, 11, 30), 0)):
        with running_sandbox(
            [_district(first_day)], state_folder=tmp_path, on_this_day=True
        ) as one:
            assert one.system(SLUG).days == days
            assert one.system(SLUG).today == first_day + timedelta(days=days)
            if not one.system(SLUG).access.find("SG"):
                one.create_access(SLUG, "SG")
                one.advance(SLUG, 2)
            assert one.system(SLUG).access.find("SG")


def test_the_state_is_for_its_owner_and_holds_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with running_sandbox([_district()], state_folder=folder) as sandbox:
        sandbox.create_access(SLUG, "SG")
        secret = sandbox.generate_secret(SLUG, "SG")
    file = folder / f"{SLUG}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert secret not in file.read_text()


def test_a_taken_port_and_an_unknown_district_are_reported() -> None:
    with running_sandbox([_district()]) as sandbox:
        with (
            pytest.raises(SyncError, match=f"port {sandbox.port} of the sandbox is taken"),
            running_sandbox([_district()], sandbox.port),
        ):
            pass
        with pytest.raises(UsageError, match="no district"):
            sandbox.base_url("elsewhere")
