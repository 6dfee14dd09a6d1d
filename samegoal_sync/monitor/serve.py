"""``/metrics`` and ``/healthz`` over HTTP, on a port of their own."""

from __future__ import annotations

import hmac
import threading

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from samegoal_sync.districts.monitoring.metrics import FleetCollector
from samegoal_sync.errors import SettingError
from samegoal_sync.logs import configure_logs
from samegoal_sync.monitor.watch import watch
from samegoal_sync.qmlativ.http.connection import is_loopback
from samegoal_sync.secret import Secret
from samegoal_sync.settings import METRICS_TOKEN_VARIABLE, Settings

_SHORTEST_TOKEN = 16
_MOST_AT_ONCE = 16


def token_for(settings: Settings, host: str) -> Secret | None:
    """Who asks must send it; ``None`` where everybody on this machine may ask.

    Raises:
        SettingError: the address is open to other machines, and no fit token is set.
    """
    text = settings.metrics_token or ""
    if not text and is_loopback(host):
        return None
    if len(text) < _SHORTEST_TOKEN:
        raise SettingError(
            f"metrics on {host} need a token of at least {_SHORTEST_TOKEN} characters",
            hint=f"set {METRICS_TOKEN_VARIABLE} to what python -c 'import secrets; "
            "print(secrets.token_urlsafe())' prints and give it to "
            "Prometheus as authorization: credentials; or listen on 127.0.0.1",
        )
    return Secret(text)


def create_app(database_url: str, token: Secret | None) -> Starlette:
    """The metrics of a database, for whoever may see them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FleetCollector(database_url))

    async def metrics(request: Request) -> Response:
        if token is not None:
            sent = request.headers.get("authorization", "")
            if not hmac.compare_digest(sent.encode(), f"Bearer {token.reveal()}".encode()):
                return PlainTextResponse("not for you\n", 401, {"www-authenticate": "Bearer"})
        text = await run_in_threadpool(generate_latest, registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(routes=[Route("/metrics", metrics), Route("/healthz", alive)])


def serve(
    settings: Settings, database_url: str, host: str, port: int, token: Secret | None
) -> None:
    """Serve, and watch, until the process is told to end."""
    configure_logs()
    ended = threading.Event()
    watcher = threading.Thread(
        target=watch, args=(settings, database_url, ended), name="watch", daemon=True
    )
    watcher.start()
    try:
        uvicorn.run(
            create_app(database_url, token),
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=_MOST_AT_ONCE,
        )
    finally:
        ended.set()
