"""``dagster-webserver`` behind ``UIGuard``; takes the same options.

``python -m samegoal_sync.pipeline.guarded_webserver -w workspace.yaml -h 127.0.0.1 -p 3000``. The
names it answers to are this machine's loopback and the host of ``SAMEGOAL_SYNC_DAGSTER_UI_URL``.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import dagster_webserver.app
import dagster_webserver.cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from samegoal_sync.pipeline.ui_guard import LOOPBACK_NAMES, UIGuard

UI_URL_VARIABLE = "SAMEGOAL_SYNC_DAGSTER_UI_URL"


class GuardedWebserver(DagsterWebserver):  # type: ignore[type-arg]
    """Dagster's web server with the guard before its own middleware."""

    def build_middleware(self) -> list[Middleware]:
        own = urlsplit(os.environ.get(UI_URL_VARIABLE, "")).hostname
        names = [*LOOPBACK_NAMES, *([own] if own else [])]
        return [Middleware(UIGuard, names=names), *super().build_middleware()]


def main() -> None:
    """Start it as the program would: the class is all that differs."""
    dagster_webserver.app.DagsterWebserver = GuardedWebserver  # type: ignore[attr-defined]
    dagster_webserver.cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
