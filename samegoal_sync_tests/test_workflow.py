"""The workflow of the forge runs what .ci/run runs, over every Python that the package names."""

from __future__ import annotations

import os
import tomllib
from typing import Any

import pytest
import yaml

from samegoal_sync.pipeline.home_files import CHECKOUT


@pytest.fixture
def jobs() -> dict[str, Any]:
    text = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text()
    return yaml.safe_load(text)["jobs"]  # type: ignore[no-any-return]


def _commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_every_python_that_the_package_names_is_run_and_none_else(jobs: dict[str, Any]) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    named = [
        text.rpartition(" ")[2]
        for text in project["classifiers"]
        if text.startswith("Programming Language :: Python :: 3.")
    ]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"


def test_it_runs_what_ci_runs_with_the_oldest_and_the_newest_postgres(
    jobs: dict[str, Any],
) -> None:
    commands = _commands(jobs["tests"])
    assert ".ci/run" in commands
    assert {"postgresql-15", "postgresql-18"} <= set(commands.split())
    assert all(job["timeout-minutes"] for job in jobs.values())


def test_every_script_that_it_runs_is_there(jobs: dict[str, Any]) -> None:
    words = {word for job in jobs.values() for word in _commands(job).split()}
    scripts = {word for word in words if word.startswith((".ci/", "scripts/"))}
    assert len(scripts) == 3
    assert all(os.access(CHECKOUT / script, os.X_OK) for script in scripts)


def test_the_hooks_before_a_commit_are_the_locks_own_tools() -> None:
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())
    assert [one["repo"] for one in config["repos"]] == ["local"]
    entries = [hook["entry"] for hook in config["repos"][0]["hooks"]]
    assert all(entry.startswith(".venv/bin/") for entry in entries)
    check = (CHECKOUT / "Makefile").read_text().split("\ncheck: setup-test\n")[1].split("\n\n")[0]
    for tool in ("ruff check", "ruff format", "lint-imports", "mypy"):
        assert f"/{tool}" in check
        assert any(f"/{tool}" in entry for entry in entries)
