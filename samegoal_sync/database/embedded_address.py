"""Whether an address is that of a project's own Postgres: other words help where it is down."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from samegoal_sync.database.unfinished_cluster import PREPARED


def runtime_folder() -> Path:
    """Where the server keeps its lock, and its socket if the home's path is too long for one."""
    return Path(tempfile.gettempdir()) / f"samegoal-sync-{os.geteuid()}"


def is_embedded(database_url: str) -> bool:
    """Whether its socket lies in a data folder that this project made, or beside its lock."""
    host = str(conninfo_to_dict(database_url).get("host") or "")
    if not host.startswith("/"):
        return False
    folder = Path(host)
    return runtime_folder() in folder.parents or (folder / PREPARED).exists()
