"""Several sandboxes in one home: the one that is meant is found, and a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from samegoal_sync_tests.commands.command_line import (
    free_ports,
    interrupt,
    new_home,
    run,
    started,
    wait_for_text,
)

pytestmark = pytest.mark.slow
_KEY = "SG-KEY"


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


def _access(home: Path, *arguments: str) -> str:
    ended = run(home, "sandbox", "access", *arguments)
    return ended.stdout if ended.returncode == 0 else ended.stderr


def test_the_sandbox_of_the_district_is_taken_and_several_are_named(home: Path) -> None:
    ports = free_ports(2)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with ExitStack() as closing:
        for port, own in zip(ports, ("oak-hollow", "lake-isd"), strict=True):
            asked = [f"--district={own}=30", "--district=fairview-isd=30", f"--port={port}"]
            serving = closing.enter_context(started(home, "sandbox", "serve", *asked))
            wait_for_text(*serving, f"pages: http://127.0.0.1:{port}/")
        for own in ("oak-hollow", "lake-isd"):
            assert _KEY in _access(home, "create", own, _KEY)
        shown = _access(home, "create", "fairview-isd", _KEY)
        assert "2 have a district fairview-isd" in shown
        assert all(url in shown for url in urls)
        # Once it is registered its address says which.
        added = run(
            home, "districts", "add", "fairview-isd", "--name", "Fairview ISD", "--client-key",
            _KEY, "--base-url", f"{urls[1]}/FairviewIsdAPI",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        assert _KEY in _access(home, "create", "fairview-isd", _KEY)
        assert _access(home, "list", "fairview-isd", "--url", urls[0]) == ""
        assert _KEY in _access(home, "list", "fairview-isd", "--url", urls[1])
        done = run(home, "districts", "complete", "fairview-isd", "--from-sandbox", "--no-import")
        assert done.returncode == 0, done.stderr


def test_a_served_sandbox_keeps_its_records_and_days_by_itself(home: Path) -> None:
    port = str(free_ports(1)[0])
    for start in (1, 2):
        asked = ["--port", port, "--district", "oak-hollow=30", "--changes", "1"]
        with started(home, "sandbox", "serve", *asked) as (process, output):
            wait_for_text(process, output, "pages: http")
            if start == 1:
                assert _KEY in _access(home, "create", "oak-hollow", _KEY)
            else:
                assert _KEY in _access(home, "list", "oak-hollow")
            interrupt(process)
    state = (home / "sandbox" / f"port-{port}" / "oak-hollow.json").read_text()
    assert '"days": 1' in state
