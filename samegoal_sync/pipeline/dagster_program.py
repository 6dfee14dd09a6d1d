"""``python -m samegoal_sync.pipeline.dagster_program MODULE ...``: as ``python -m MODULE ...``.

It and each program of Dagster's that it starts leave at once when their work is done
(``run_and_leave``), and a web server that it starts stands behind ``UIGuard``. Dagster starts its
programs by name and has no option for others.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from dagster_shared import ipc

from samegoal_sync.quick_exit import run_and_leave

_OWN = "samegoal_sync.pipeline.dagster_program"
_INSTEAD = {
    "dagster": (_OWN, "dagster"),
    "dagster._daemon": (_OWN, "dagster._daemon"),
    "dagster_webserver": (_OWN, "samegoal_sync.pipeline.guarded_webserver"),
}

_start = ipc.open_ipc_subprocess


def _started(parts: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    python, *rest = parts
    match rest:
        case ["-m", module, *arguments] if module in _INSTEAD:
            return _start([python, "-m", *_INSTEAD[module], *arguments], **options)
    return _start([*parts], **options)


def main() -> None:
    """Run the module that the first argument names."""
    module = sys.argv.pop(1)
    # Before Dagster is imported: its modules take the function by name.
    ipc.open_ipc_subprocess = _started
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run_and_leave(main)
