"""Secrets in files: every one of them, read once, and never shown when a file is wrong."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from samegoal_sync.errors import SettingError
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.settings import SECRET_VARIABLES, Settings

_PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
_VALUES = {
    "SAMEGOAL_SYNC_DATABASE_URL": "postgresql://u:hunter2@db/samegoal",
    "SAMEGOAL_SYNC_PORTAL_DATABASE_URL": "postgresql://web:hunter2@db/samegoal",
    "SAMEGOAL_SYNC_SECRET_KEY": "newest,older",
    "SAMEGOAL_SYNC_SMTP_URL": "smtps://u:hunter2@mail",
    "SAMEGOAL_SYNC_IMAP_URL": "imaps://u:hunter2@mail",
    "SAMEGOAL_SYNC_WEBHOOK_URL": "https://hooks.example/hunter2",
    "SAMEGOAL_SYNC_METRICS_TOKEN": "hunter2-of-sixteen",
}


def _in_files(folder: Path) -> dict[str, str]:
    environment = {}
    for name, value in _VALUES.items():
        (folder / name).write_text(value + "\n")
        environment[f"{name}_FILE"] = str(folder / name)
    return environment


def test_every_secret_may_be_in_a_file_and_the_page_says_so(tmp_path: Path) -> None:
    assert set(_VALUES) == set(SECRET_VARIABLES)
    home = {"DAGSTER_HOME": str(tmp_path)}
    given = Settings.from_environment(home | _VALUES)
    assert Settings.from_environment(home | _in_files(tmp_path)) == given
    assert given.secret_keys == ("newest", "older")
    page = _PAGE.read_text()
    assert all(f"`{name}_FILE`" in page for name in SECRET_VARIABLES)


@pytest.mark.parametrize("wrong", ["missing", "empty", "two lines", "not text", "a folder"])
def test_a_wrong_file_is_reported_by_its_variable_alone(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if wrong == "a folder":
        path.mkdir()
    elif wrong != "missing":
        content = {"empty": b"\n", "two lines": b"hunter2\nhunter3\n", "not text": b"hunter2\xff"}
        path.write_bytes(content[wrong])
    with pytest.raises(SettingError, match="SAMEGOAL_SYNC_SMTP_URL_FILE") as refused:
        Settings.from_environment({"SAMEGOAL_SYNC_SMTP_URL_FILE": str(path)})
    assert "hunter" not in str(refused.value)


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="both set"):
        Settings.from_environment(_in_files(tmp_path) | _VALUES)


def test_dagsters_processes_get_the_address_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _in_files(tmp_path).items():
        monkeypatch.setenv(name, value)
    settings = replace(Settings.from_environment(), home=tmp_path / "home")
    environment = pipeline_environment(settings, _VALUES["SAMEGOAL_SYNC_DATABASE_URL"])
    again = Settings.from_environment(dict(os.environ) | environment)
    assert again.database_url == _VALUES["SAMEGOAL_SYNC_DATABASE_URL"]
    assert again.smtp_url == settings.smtp_url
