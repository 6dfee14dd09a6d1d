"""What Dagster's Helm chart copies out of deploy/helm-values.yaml, given to Dagster itself.

Without a cluster the chart itself can't be tried; what it writes into its dagster.yaml can.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from dagster._serdes import ConfigurableClassData

from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.run_coordinator import DistrictRunCoordinator


@pytest.fixture(scope="module")
def values() -> Any:
    return yaml.safe_load((CHECKOUT / "deploy" / "helm-values.yaml").read_text())


@pytest.fixture(scope="module")
def celery() -> Any:
    """The instance of the other fleet, which is tried for real."""
    return yaml.safe_load((CHECKOUT / "deploy" / "dagster.yaml").read_text())


def _made(configured: dict[str, Any]) -> object:
    """As Dagster makes what dagster.yaml names; a key that the class does not know is refused."""
    made: object = ConfigurableClassData(
        configured["module"], configured["class"], yaml.safe_dump(configured["config"])
    ).rehydrate(object)
    return made


def test_the_queue_is_ours_with_the_limits_of_the_other_fleet(values: Any, celery: Any) -> None:
    chosen = values["dagsterDaemon"]["runCoordinator"]
    assert chosen["enabled"]
    assert chosen["type"] == "CustomRunCoordinator"
    queue = _made(chosen["config"]["customRunCoordinator"])
    assert isinstance(queue, DistrictRunCoordinator)
    config = queue.get_run_queue_config()
    limits = celery["concurrency"]["runs"]
    assert config.max_concurrent_runs == limits["max_concurrent_runs"]
    assert config.tag_concurrency_limits == limits["tag_concurrency_limits"]
    for name, value in celery["run_coordinator"]["config"].items():
        assert chosen["config"]["customRunCoordinator"]["config"][name] == value


def test_whoever_loads_the_queue_has_this_package_and_its_environment(values: Any) -> None:
    (code,) = values["dagster-user-deployments"]["deployments"]
    for program in ("dagsterDaemon", "dagsterWebserver"):
        assert values[program]["image"] == code["image"]
        assert values[program]["envSecrets"] == code["envSecrets"]


def test_what_a_step_prints_is_kept_by_nobody(values: Any) -> None:
    chosen = values["computeLogManager"]
    assert chosen["type"] == "CustomComputeLogManager"
    made = _made(chosen["config"]["customComputeLogManager"])
    assert type(made).__name__ == "NoOpComputeLogManager"


def test_runs_are_watched_and_tried_again_as_in_the_other_fleet(values: Any, celery: Any) -> None:
    for theirs, ours in (("runMonitoring", "run_monitoring"), ("runRetries", "run_retries")):
        for name, value in values["dagsterDaemon"][theirs].items():
            snake = "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
            assert celery[ours][snake] == value
