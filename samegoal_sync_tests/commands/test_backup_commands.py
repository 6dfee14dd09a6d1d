"""Backup, restore and upgrade as an operator types them, from one embedded server to another."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from samegoal_sync_tests.commands.command_line import left_by, new_home, run

pytestmark = pytest.mark.slow

_ADD = (
    "districts", "add", "fairview-isd", "--name", "Fairview ISD", "--client-key", "KEY",
    "--base-url", "https://skyward.example.com/FairviewAPI", "--header", "X-Vendor=half a secret",
)  # fmt: skip


def test_a_backup_goes_from_one_home_to_another(tmp_path: Path) -> None:
    file = str(tmp_path / "one.backup")
    with new_home() as home, new_home() as other:
        assert run(home, *_ADD).returncode == 0
        made = run(home, "backup", file)
        assert made.returncode == 0, made.stderr
        assert f"Keep {home}/secret.key apart from it" in made.stderr
        again = run(home, "backup", file)
        assert (again.returncode, "exists already" in again.stderr) == (1, True)

        nothing = run(other, "status")
        assert f"no district is registered in {other}" in nothing.stderr
        assert not (other / "postgres").exists()  # who only looks makes no database
        keyless = run(other, "restore", file)
        assert keyless.returncode == 1
        assert "1 of 1 stored secrets can't be opened here" in keyless.stderr
        shutil.copy(home / "secret.key", other)
        assert run(other, "restore", file).returncode == 1  # it holds a district now
        put = run(other, "restore", "--replace", file)
        assert put.returncode == 0, put.stderr
        assert "1 of 1 secrets open" in put.stderr
        assert "fairview-isd" in run(other, "districts", "list").stdout
        assert left_by(home) + left_by(other) == []
