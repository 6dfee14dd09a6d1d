"""The sandbox as a server: many systems on one port of the loopback."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from samegoal_sync.errors import SyncError
from samegoal_sync.sandbox.population.district_plan import SandboxDistrict
from samegoal_sync.sandbox.server.admin_api import admin_app
from samegoal_sync.sandbox.server.answers import refusal, send_answer
from samegoal_sync.sandbox.server.asgi_request import Receive, Scope, Send
from samegoal_sync.sandbox.server.custom_api import serve_system
from samegoal_sync.sandbox.server.sandbox import HOST, Sandbox

#: An ASGI application.
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]


def application(sandbox: Sandbox) -> ASGI:
    """ASGI: ``/{name}API/...`` is Qmlativ, all else is the sandbox's own."""
    admin = admin_app(sandbox)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        first, _, rest = scope["path"].lstrip("/").partition("/")
        for system in sandbox.systems.values():
            if f"/{first}" == system.path:
                await serve_system(system, scope, receive, send, rest)
                return
        if first.endswith("API"):
            await send_answer(refusal(404, "The resource cannot be found.").answer, send)
            return
        await admin(scope, receive, send)

    return serve


@contextmanager
def running_sandbox(
    districts: Sequence[SandboxDistrict],
    port: int = 0,
    *,
    state_folder: Path | None = None,
    on_this_day: bool = False,
) -> Iterator[Sandbox]:
    """Serve these districts over HTTP on the loopback while the block runs.

    Args:
        districts: one system each.
        port: 0 for any free one.
        state_folder: keeps access records and days advanced across restarts.
        on_this_day: days are begun anew where the kept ones began on another day than these
            districts' ``today``.

    Raises:
        SyncError: the port is taken.
    """
    sandbox = Sandbox(districts, state_folder, on_this_day=on_this_day)
    config = uvicorn.Config(
        application(sandbox),
        host=HOST,
        port=port,
        log_config=None,
        log_level="critical",
        lifespan="off",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=_serve, args=(server,), name="sandbox", daemon=True)
    thread.start()
    try:
        sandbox.port = _port(server, thread, port)
        yield sandbox
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _serve(server: uvicorn.Server) -> None:
    try:
        asyncio.run(server.serve())
    except SystemExit:
        return  # uvicorn's way to say that the port is taken; told by _port


def _port(server: uvicorn.Server, thread: threading.Thread, asked: int) -> int:
    while not server.started:
        if not thread.is_alive():
            raise SyncError(
                f"port {asked} of the sandbox is taken",
                hint="choose another one with --port, or 0 for any",
            )
        time.sleep(0.005)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
