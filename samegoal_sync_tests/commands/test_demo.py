"""The first command a newcomer types: it imports, serves, changes nothing twice, and ends."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from samegoal_sync_tests.commands.command_line import (
    free_ports,
    interrupt,
    left_by,
    new_home,
    run,
    started,
    wait_for_text,
)
from samegoal_sync_tests.docs.shell_blocks import DOCS, shell_blocks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


@pytest.fixture(scope="module")
def sandbox_port() -> str:
    return str(free_ports(1)[0])


def test_the_demo_imports_three_districts_and_shows_a_student(
    home: Path, sandbox_port: str
) -> None:
    ended = run(home, "demo", "--once", "--sandbox-port", sandbox_port)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    states = {row[0]: row[1] for row in rows if len(row) == 11}
    assert states == dict.fromkeys(("fairview-isd", "maple-grove", "cedar-hollow"), "published")
    # The summary comes last, or a student's Details would push it off the screen.
    assert 0 < ended.stdout.index("Guardian 1") < ended.stdout.index("fairview-isd  published")
    assert left_by(home) == []


def test_the_demo_again_changes_nothing_then_serves_and_ends_with_ctrl_c(
    home: Path, sandbox_port: str
) -> None:
    port, portal_port = map(str, free_ports(2))
    ports = ("--port", port, "--portal-port", portal_port, "--sandbox-port", sandbox_port)
    with started(home, "demo", *ports) as (process, output):
        said = wait_for_text(process, output, "Ctrl-C stops everything")
        assert said.count("unchanged after") == 3
        assert "new passwords at each start" in said
        practice = f"oak-hollow: http://127.0.0.1:{sandbox_port}/OakHollowAPI"
        assert practice in said
        for address in (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{portal_port}/"):
            assert address.rstrip("/") in said
            with urllib.request.urlopen(address, timeout=30) as page:
                assert page.status == 200
        _onboard_by_hand(home, sandbox_port)
        assert interrupt(process) == 0
    assert left_by(home) == []


def _onboard_by_hand(home: Path, sandbox_port: str) -> None:
    """The block of docs/sandbox.md, as it stands there but for the port."""
    (block,) = (one for one in shell_blocks(DOCS / "sandbox.md") if "SG-OAK-HOLLOW" in one.text)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text.replace("8900", sandbox_port)],
        env={
            **os.environ,
            "DAGSTER_HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "oak-hollow" in ended.stdout


def test_the_demo_takes_a_district_of_practice_for_no_real_one(home: Path) -> None:
    moved = str(free_ports(1)[0])
    ended = run(home, "demo", "--once", "--sandbox-port", moved)
    assert ended.returncode == 0, ended.stderr
    assert "oak-hollow" not in ended.stdout


def test_what_the_demo_leaves_is_readable_by_its_owner_alone(home: Path) -> None:
    folders = [home.parent / "storage", home / "sandbox"]
    for folder in folders:
        assert folder.stat().st_mode & 0o077 == 0
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files.append(home / "secret.key")
    assert len(files) > 20
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_the_demo_keeps_away_from_districts_that_are_not_its_own() -> None:
    with new_home() as home:
        added = run(
            home, "districts", "add", "real-isd", "--name", "Real ISD", "--client-key", "k",
            "--base-url", "https://skyward.example.com/RealAPI",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        refused = run(home, "demo", "--once", "--sandbox-port", str(free_ports(1)[0]))
        assert refused.returncode == 2
        assert "districts that are not the demo's (real-isd)" in refused.stderr
        assert "samegoal-sync dev" in refused.stderr
        listed = run(home, "districts", "list", "--json").stdout
        assert "fairview-isd" not in listed
        assert not (home / "sandbox").exists()
