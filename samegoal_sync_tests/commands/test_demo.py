"""The first command a newcomer types: it imports, serves, changes nothing twice, and ends."""

from __future__ import annotations

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
    assert "Guardian 1" in ended.stdout
    assert left_by(home) == []


def test_the_demo_again_changes_nothing_then_serves_and_ends_with_ctrl_c(
    home: Path, sandbox_port: str
) -> None:
    port, portal_port = map(str, free_ports(2))
    ports = ("--port", port, "--portal-port", portal_port, "--sandbox-port", sandbox_port)
    with started(home, "demo", *ports) as (process, output):
        said = wait_for_text(process, output, "Ctrl-C stops everything")
        assert said.count("unchanged after") == 3
        for address in (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{portal_port}/"):
            assert address.rstrip("/") in said
            with urllib.request.urlopen(address, timeout=30) as page:
                assert page.status == 200
        assert interrupt(process) == 130
    assert left_by(home) == []


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
        listed = run(home, "districts", "list", "--json").stdout
        assert "fairview-isd" not in listed
        assert not (home / "sandbox").exists()
