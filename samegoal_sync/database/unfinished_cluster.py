"""A data folder whose making was cut off: put aside, so that the next start makes it anew.

``initdb`` was killed, or the machine went down in the very first start. The server then takes the
folder for a complete one and never starts.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from samegoal_sync.errors import DatabaseError

#: The mark of a data folder that is complete, with our database in it.
PREPARED = "samegoal-sync.prepared"
_LONGEST_INITDB = 60.0


def set_aside_unfinished(folder: Path) -> None:
    """Rename a folder that was never completed; in it there can be no data of ours.

    One whose server has started at least once is left: Postgres repairs that itself.

    Raises:
        DatabaseError: somebody else's ``initdb`` is still at work in it.
    """
    _wait_for_initdb(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if (folder / PREPARED).exists() or _has_started(folder):
        return
    aside = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)


def _has_started(folder: Path) -> bool:
    """Whether a server was started in it; initdb's own backends write their number negative."""
    try:
        number = (folder / "postmaster.pid").read_text().partition("\n")[0]
    except FileNotFoundError:
        return False
    return not number.startswith("-")


def _wait_for_initdb(folder: Path) -> None:
    """An ``initdb`` outlives the command that started it and was killed; it ends by itself."""
    until = time.monotonic() + _LONGEST_INITDB
    while _is_made(folder):
        if time.monotonic() > until:
            raise DatabaseError(
                f"initdb is still at work in {folder}",
                hint="wait until it has ended, or end that process; then start again",
            )
        time.sleep(0.2)


def _is_made(folder: Path) -> bool:
    for process in psutil.process_iter(("name", "cmdline")):
        if process.info["name"] == "initdb" and str(folder.resolve()) in (
            process.info["cmdline"] or ()
        ):
            return True
    return False
