"""One request as ASGI brings it, read whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from samegoal_sync.sandbox.server.fault_kinds import Fault

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_MOST_BODY_BYTES = 1_000_000


@dataclass
class Call:
    """One request, read whole."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    url: str
    key: str | None = None
    write: bool = False
    fault: Fault | None = field(default=None)

    @property
    def segments(self) -> list[str]:
        return [part for part in self.path.split("/") if part]


async def read_call(scope: Scope, receive: Receive, path: str) -> Call:
    """The request of a scope, its body read; ``path`` is what follows the base URL's."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _MOST_BODY_BYTES or not message.get("more_body"):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    text = scope["query_string"].decode("latin-1")
    url = scope["path"] + (f"?{text}" if text else "")
    query = parse_qsl(text, keep_blank_values=True)
    return Call(scope["method"], path, query, headers, body, url)
