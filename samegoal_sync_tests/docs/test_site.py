"""The documentation builds into a site, and each of its links leads somewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from samegoal_sync_tests.docs.shell_blocks import DOCS


def _build(folder: Path, configuration: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", configuration, "-d", folder],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_site_builds_without_a_broken_link_and_lists_every_command(tmp_path: Path) -> None:
    built = _build(tmp_path / "site", DOCS.parent / "mkdocs.yml")
    assert built.returncode == 0, built.stderr
    commands = (tmp_path / "site" / "commands" / "index.html").read_text(encoding="utf-8")
    for command in ("samegoal-sync sync", "samegoal-sync districts complete", "--from-sandbox"):
        assert command in commands
    # Nothing of it is fetched from elsewhere when it is read.
    start = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'src="http' not in start
    assert 'rel="stylesheet" href="http' not in start
