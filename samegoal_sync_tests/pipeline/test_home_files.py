"""dagster.yaml in a home: copied, kept up while nobody changed it, never replaced otherwise."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from samegoal_sync.pipeline.home_files import (
    CHECKOUT,
    changed_default,
    place_dagster_yaml,
    shipped,
)

_DEFAULT = (CHECKOUT / "dagster.yaml").read_text()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "dagster.yaml"


def _of_the_version_before(folder: Path) -> str:
    before = _DEFAULT.replace("max_concurrent_runs: 4", "max_concurrent_runs: 3")
    assert before != _DEFAULT
    (folder / "dagster.yaml.default").write_text(before)
    return before


def test_a_new_home_gets_a_copy(target: Path) -> None:
    place_dagster_yaml(target.parent)
    assert target.read_text() == _DEFAULT
    assert not target.is_symlink()
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("checkout", [CHECKOUT, Path("/gone")])
def test_a_link_of_an_older_version_becomes_a_copy(target: Path, checkout: Path) -> None:
    target.symlink_to(checkout / "dagster.yaml")
    place_dagster_yaml(target.parent)
    assert not target.is_symlink()
    assert target.read_text() == _DEFAULT
    assert (CHECKOUT / "dagster.yaml").read_text() == _DEFAULT


def test_a_copy_that_nobody_changed_follows_the_version(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target.write_text(_of_the_version_before(target.parent))
    place_dagster_yaml(target.parent)
    assert target.read_text() == _DEFAULT
    assert "is renewed" in caplog.text
    caplog.clear()
    place_dagster_yaml(target.parent)
    assert caplog.text == ""


def test_an_operators_own_file_stays_and_the_changed_default_is_reported_until_shown(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = _of_the_version_before(target.parent) + "\n# ours\n"
    target.write_text(own)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            caplog.clear()
            place_dagster_yaml(target.parent)
            assert "the default has changed" in caplog.text
    changes = changed_default(target.parent)
    assert "-    max_concurrent_runs: 3" in changes
    assert "+    max_concurrent_runs: 4" in changes
    caplog.clear()
    place_dagster_yaml(target.parent)
    assert caplog.text == ""
    assert changed_default(target.parent) == ""
    assert target.read_text() == own


def test_a_link_of_the_operators_own_stays(tmp_path: Path) -> None:
    (own := tmp_path / "own.yaml").write_text("telemetry: {enabled: false}")
    (home := tmp_path / "home").mkdir()
    (home / "dagster.yaml").symlink_to(own)
    place_dagster_yaml(home)
    assert (home / "dagster.yaml").resolve() == own


def test_both_files_are_found(tmp_path: Path) -> None:
    for name in ("dagster.yaml", "workspace.yaml"):
        assert shipped(name).read_bytes() == (CHECKOUT / name).read_bytes()
