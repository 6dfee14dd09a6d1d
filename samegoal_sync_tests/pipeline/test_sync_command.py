"""``samegoal-sync sync`` as a person and as a script call it."""

from __future__ import annotations

import json

import pytest

from samegoal_sync.cli import main
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW, RIDGEMONT = SLUGS


@pytest.fixture(autouse=True)
def _environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in pipeline_environment(world.settings, world.database_url).items():
        monkeypatch.setenv(name, value)


def _status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["sync", *arguments])
    return int(ended.value.code or 0)


def test_all_active_districts_in_one_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert _status("--all") == 0
    printed = capfd.readouterr()
    assert [line.split()[:2] for line in printed.out.splitlines()[1:3]] == [
        [FAIRVIEW, "published"],
        [RIDGEMONT, "published"],
    ]
    assert f"{FAIRVIEW}: published after" in printed.err


def test_json_goes_to_standard_output_and_a_failure_makes_status_1(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.sandbox.generate_secret(FAIRVIEW, "samegoal-demographics")
    assert _status(FAIRVIEW, "--json") == 1
    (outcome,) = json.loads(capfd.readouterr().out)
    assert outcome["state"] == "failed"
    assert outcome["hint"]
    assert outcome["actor"]


@pytest.mark.parametrize(
    "arguments", [(), ("--all", FAIRVIEW), (FAIRVIEW, RIDGEMONT, "--student", "1"), ("nowhere",)]
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    assert _status(*arguments) == 2
