"""``samegoal-sync sandbox``: what it prints and how it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from samegoal_sync.cli import cli
from samegoal_sync.commands.sandbox import district_name, parse_districts
from samegoal_sync.errors import SyncError, UsageError
from samegoal_sync.sandbox import Sandbox
from samegoal_sync_tests.sandbox.conftest import SLUG


def _run(sandbox: Sandbox, *arguments: str) -> Result:
    url = f"http://127.0.0.1:{sandbox.port}"
    return CliRunner().invoke(cli, ["sandbox", *arguments, "--url", url])


def test_the_steps_by_command(own_sandbox: Sandbox) -> None:
    created = _run(own_sandbox, "access", "create", SLUG, "SG-CMD")
    assert created.output == "SG-CMD\tSameGoal\tactive\t2026-11-25 to 2027-11-25\tno secret yet\n"
    assert len(_run(own_sandbox, "access", "generate-secret", SLUG, "SG-CMD").output) > 40
    assert "no end" in _run(own_sandbox, "access", "extend", SLUG, "SG-CMD").output
    assert "inactive" in _run(own_sandbox, "access", "deactivate", SLUG, "SG-CMD").output
    assert "\tactive" in _run(own_sandbox, "access", "activate", SLUG, "SG-CMD").output
    listed = json.loads(_run(own_sandbox, "access", "list", SLUG, "--json").output)
    assert listed[0]["key"] == "SG-CMD"


def test_a_key_may_hold_any_character(own_sandbox: Sandbox) -> None:
    key = "SG/1?x=&%20 y"
    assert _run(own_sandbox, "access", "create", SLUG, key).exit_code == 0
    assert "no end" in _run(own_sandbox, "access", "extend", SLUG, key).output
    assert _run(own_sandbox, "access", "generate-secret", SLUG, key).exit_code == 0


def test_days_and_faults_by_command(own_sandbox: Sandbox) -> None:
    changes = json.loads(_run(own_sandbox, "advance", SLUG, "--days", "2").output)
    assert changes["today"] == "2026-11-27"
    set_faults = json.loads(_run(own_sandbox, "fault", SLUG, "unavailable", "--count", "0").output)
    assert set_faults[0]["count"] is None
    assert json.loads(_run(own_sandbox, "fault", SLUG).output) == []


def test_refusals_say_what_to_do(own_sandbox: Sandbox) -> None:
    missing = _run(own_sandbox, "access", "extend", SLUG, "NOBODY")
    assert isinstance(missing.exception, UsageError)
    nowhere = CliRunner().invoke(cli, ["sandbox", "advance", SLUG, "--url", "http://127.0.0.1:9"])
    assert isinstance(nowhere.exception, SyncError)
    assert "sandbox serve" in nowhere.exception.hint


@pytest.mark.parametrize("text", ["fairview", "Fair View=10", "fairview=0", "fairview=many", "=5"])
def test_a_district_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--district"):
        parse_districts((text,))


def test_districts_are_named_after_their_slug() -> None:
    assert parse_districts(("fairview-isd=1200", "lake=5")) == [("fairview-isd", 1200), ("lake", 5)]
    assert district_name("fairview-isd") == "Fairview ISD"
