"""``dagster dev`` whose web server stands behind ``UIGuard``; takes the same options.

``dagster dev`` starts the program ``dagster_webserver`` by name and has no option for another.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

from dagster import _cli
from dagster._cli import dev

_start = dev.open_ipc_subprocess  # type: ignore[attr-defined]
_OTHER = {"dagster_webserver": "samegoal_sync.pipeline.guarded_webserver"}


def _guarded(parts: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    started: subprocess.Popen[Any] = _start([_OTHER.get(part, part) for part in parts], **options)
    return started


def main() -> None:
    """Start it; ``dev`` is the first argument, as for ``dagster``."""
    dev.open_ipc_subprocess = _guarded  # type: ignore[attr-defined]
    _cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
