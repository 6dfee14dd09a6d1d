"""One declaration is enough: what a new column needs beside it is an expression and a migration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_column_added_to_a_copy_is_seen_everywhere(database_url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "samegoal_sync_tests.demographics.one_more_column", database_url,
         str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
