"""deploy/helm-values.yaml against the chart's published values.schema.json.

The chart's files are Dagster's and are not copied here: CI fetches those of the version that is
locked (.github/workflows/ci.yml), and names their folder in SAMEGOAL_TESTS_HELM_CHART.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync_tests.deploy.helm_chart import faults, merged, unknown_keys

_CHART = "SAMEGOAL_TESTS_HELM_CHART"

#: A small schema in the manner of the chart's, which allows further keys.
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "daemon": {"$ref": "#/definitions/Daemon"},
        "deployments": {"type": "array", "items": {"$ref": "#/definitions/Deployment"}},
    },
    "required": ["daemon"],
    "definitions": {
        "Daemon": {
            "type": "object",
            "properties": {
                "enabled": {"type": "boolean"},
                "retries": {"anyOf": [{"$ref": "#/definitions/Retries"}, {"type": "null"}]},
                "config": {"type": "object", "additionalProperties": True},
            },
            "required": ["enabled"],
        },
        "Retries": {"type": "object", "properties": {"maxRetries": {"type": "integer"}}},
        "Deployment": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "env": {"$ref": "https://example.com/kubernetes.json#/definitions/Env"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
    },
}
_GOOD: dict[str, Any] = {
    "daemon": {"enabled": True, "retries": {"maxRetries": 2}, "config": {"any": {"thing": 1}}},
    "deployments": [{"name": "x", "env": [{"name": "A", "value": "b"}], "labels": {"a": "b"}}],
}


@pytest.fixture(scope="module")
def values() -> Any:
    return yaml.safe_load((CHECKOUT / "deploy" / "helm-values.yaml").read_text())


@pytest.fixture(scope="module")
def chart() -> Path:
    if not (folder := os.environ.get(_CHART)):
        pytest.skip(f"{_CHART} names no folder with the chart's values.schema.json and values.yaml")
    return Path(folder)


@pytest.fixture(scope="module")
def schema(chart: Path) -> Any:
    return json.loads((chart / "values.schema.json").read_text())


def test_the_values_fit_the_charts_own_schema(chart: Path, schema: Any, values: Any) -> None:
    defaults = yaml.safe_load((chart / "values.yaml").read_text())
    assert faults(schema, merged(defaults, values)) == []


def test_the_schema_names_every_key(schema: Any, values: Any) -> None:
    assert unknown_keys(schema, values) == []


def test_the_schema_does_not_name_a_misspelled_one(schema: Any, values: Any) -> None:
    for place in (
        ("dagsterDaemon",),
        ("dagsterDaemon", "runCoordinator"),
        ("dagsterWebserver",),
        ("runLauncher", "config", "k8sRunLauncher"),
        ("dagster-user-deployments", "deployments", 0),
        ("dagster-user-deployments", "deployments", 0, "includeConfigInLaunchedRuns"),
    ):
        wrong = copy.deepcopy(values)
        where: Any = wrong
        for part in place:
            where = where[part]
        where["enabledd"] = True
        (found,) = unknown_keys(schema, wrong)
        assert found.endswith(".enabledd")


def test_good_values_are_good() -> None:
    assert faults(_SCHEMA, _GOOD) == []
    assert unknown_keys(_SCHEMA, _GOOD) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"deamon": {}}, "$.deamon"),
        ({"daemon": {"enabled": True, "enabeld": False}}, "$.daemon.enabeld"),
        ({"daemon": {"retries": {"maxRetry": 2}}}, "$.daemon.retries.maxRetry"),
        ({"deployments": [{"nmae": "x"}]}, "$.deployments[0].nmae"),
    ],
)
def test_a_misspelled_key_is_found_where_the_schema_allows_it(
    change: dict[str, Any], place: str
) -> None:
    assert faults(_SCHEMA, merged(_GOOD, change)) == []  # as Helm sees it
    assert unknown_keys(_SCHEMA, change) == [place]


def test_a_value_of_another_type_and_one_that_is_missing_are_refused() -> None:
    assert faults(_SCHEMA, merged(_GOOD, {"daemon": {"enabled": "yes"}})) == [
        "$.daemon.enabled: 'yes' is not of type 'boolean'"
    ]
    assert faults(_SCHEMA, {}) == ["$: 'daemon' is a required property"]
