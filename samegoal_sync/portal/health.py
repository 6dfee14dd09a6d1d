"""``/healthz`` and ``/readyz``: for a load balancer or systemd, without a session.

``/healthz`` says that the process answers; ``/readyz`` that pages would work: Postgres answers, its
tables are of this version, their owner gets in too, and the keys open what is stored. Anybody may
ask, so the answer is one word; why not stands in the log. One look serves all who ask within some
seconds, so that asking often costs neither connections nor places.
"""

from __future__ import annotations

import asyncio
import logging
import time

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from samegoal_sync.database.connect import connect
from samegoal_sync.database.schema_version import HEAD
from samegoal_sync.errors import SyncError
from samegoal_sync.portal.records.client_secret import require_keys
from samegoal_sync.portal.visit import Portal

#: One look is good for so long.
_GOOD_SECONDS = 3.0
_STATEMENT_MS = 3_000
_CONNECT_SECONDS = 3
#: Decisions leave processes free for it; the first look also waits until they have started.
_JOB_SECONDS = 20.0

_log = logging.getLogger(__name__)


def health_routes() -> list[BaseRoute]:
    """The two addresses, for one application."""
    return [Route("/healthz", _alive), Route("/readyz", _Readiness().answer)]


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


class _Readiness:
    """The last look, shared by all who ask."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._until = 0.0
        self._missing: str | None = None

    async def answer(self, request: Request) -> Response:
        """200 or 503."""
        async with self._lock:
            if time.monotonic() >= self._until:
                missing = await run_in_threadpool(what_is_missing, request.app.state.portal)
                if missing != self._missing:
                    _log.warning("not ready: %s", missing) if missing else _log.info("ready")
                self._missing = missing
                self._until = time.monotonic() + _GOOD_SECONDS
            ready = self._missing is None
        return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)


def what_is_missing(portal: Portal) -> str | None:
    """Why pages would not work, in words without a secret; ``None`` if they would."""
    try:
        with connect(
            portal.database.url, autocommit=True, connect_timeout=_CONNECT_SECONDS
        ) as connection:
            connection.execute(f"set statement_timeout = {_STATEMENT_MS}")
            row = connection.execute("select version_num from alembic_version").fetchone()
            if row is None or row[0] != HEAD:
                return "the tables are not of this version"
        portal.owner.run_within(_JOB_SECONDS, require_keys, portal.settings)
    except SyncError as error:
        return error.what
    except TimeoutError:
        if portal.owner.answered:
            return None  # all of them are at work: people wait, and a restart would end it
        return "the processes that do what needs the tables' owner did not answer"
    except psycopg.Error as error:
        return f"Postgres answered with {type(error).__name__}"
    return None
