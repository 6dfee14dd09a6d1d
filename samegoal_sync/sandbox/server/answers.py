"""Answers and how they are sent, whole or broken on purpose."""

from __future__ import annotations

import asyncio
import codecs
import gzip
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from samegoal_sync.sandbox.server.fault_kinds import Fault, FaultKind

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_PIECES = 10
_DENSE_LISTS = 48 * 2**20 // 3
_RANK = re.compile(rb'("Rank": ?)\d+(?=[,}])')
_NO_WHOLE_NUMBERS = (b"7.9", b"true", b"18446744073709551616")
#: What writes into a clipboard, breaks lines and turns the direction of a text.
_HOSTILE = json.dumps("\x1b]52;c;aGk=\x07\r\n\u2028\u202e[/oops]")[1:-1].encode()


@dataclass
class Answer:
    """A status, a body and its headers; ``fault`` breaks it on the way out."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None

    @classmethod
    def json(cls, status: int, value: Any) -> Answer:
        return cls(status, json.dumps(value, ensure_ascii=False, default=str).encode())


class Refusal(Exception):  # noqa: N818 (an answer, not a fault of ours)
    """Ends a request with this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(str(answer.status))


def refusal(status: int, message: str) -> Refusal:
    """A refusal in Qmlativ's manner; 401 and 403 say ``errors``, others ``Message``."""
    body = {"errors": [message]} if status in (401, 403) else {"Message": message}
    return Refusal(Answer.json(status, body))


async def send_answer(answer: Answer, send: Send) -> None:
    """Send it, or break it on the way as its fault says."""
    kind = answer.fault.kind if answer.fault else None
    body, headers = answer.body, dict(answer.headers)
    if kind is FaultKind.RESET:
        reset_connection(send)
        return
    if kind is FaultKind.GZIP:
        body = await asyncio.to_thread(gzip.compress, body, 1)
        headers["content-encoding"] = "gzip"
    if kind is FaultKind.BROKEN_JSON:
        body = body[: len(body) // 2] + b',"Objects":[{]'
    if kind is FaultKind.NO_OBJECTS:
        body = b'{"Result":"OK"}'
    if kind is FaultKind.TOKEN_BOM:
        body = codecs.BOM_UTF8 + body
    if kind is FaultKind.TOKEN_LIFE and answer.status == 200:
        body = json.dumps({**json.loads(body), "expires_in": ""}).encode()
    if kind is FaultKind.DENSE_BODY:
        body = b'{"Paging":{"Next":null},"Objects":[' + b"[]," * _DENSE_LISTS + b"[]]}"
    if kind is FaultKind.MISTYPED:
        for wrong in _NO_WHOLE_NUMBERS:
            body = _RANK.sub(rb"\g<1>" + wrong, body, count=1)
    if kind is FaultKind.HOSTILE_NAMES:
        body = body.replace(b'"Name": "', b'"Name": "' + _HOSTILE)
    content_type = "text/html" if kind is FaultKind.CONTENT_TYPE else answer.content_type
    await _send_head(
        answer.status, content_type, headers, None if kind is FaultKind.ENDLESS else len(body), send
    )
    if kind is FaultKind.ENDLESS:
        await _send_endlessly(send)
        return
    if kind is FaultKind.TRUNCATED:
        half = body[: max(1, len(body) // 2)]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.05)
        reset_connection(send)
        return
    if kind is FaultKind.SLOW and answer.fault:
        await _send_slowly(body, answer.fault.seconds or 5.0, send)
    else:
        await send({"type": "http.response.body", "body": body})


async def _send_head(
    status: int, content_type: str, headers: dict[str, str], length: int | None, send: Send
) -> None:
    pairs = {"content-type": content_type, **headers}
    if length is not None:
        pairs["content-length"] = str(length)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _send_slowly(body: bytes, seconds: float, send: Send) -> None:
    step = max(1, len(body) // _PIECES)
    for start in range(0, len(body), step):
        piece = body[start : start + step]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(seconds / _PIECES)
    await send({"type": "http.response.body", "body": b""})


async def _send_endlessly(send: Send) -> None:
    """Rows for ever; ends when the client hangs up."""
    row = b'{"Paging":{"Next":null},"Objects":[' + b'{"NameID":1},' * 80_000
    while not _hung_up(send):
        await send({"type": "http.response.body", "body": row, "more_body": True})
        await asyncio.sleep(0)


async def stay_silent(send: Send, is_over: Callable[[], bool]) -> None:
    """Say nothing until it is over, or the client hangs up."""
    while not is_over() and not _hung_up(send):
        await asyncio.sleep(0.05)


def _transport(send: Send) -> asyncio.Transport | None:
    """uvicorn's connection behind ``send``: ASGI itself has no way to break one."""
    transport: asyncio.Transport | None = getattr(
        getattr(send, "__self__", None), "transport", None
    )
    return transport


def _hung_up(send: Send) -> bool:
    transport = _transport(send)
    return transport is None or transport.is_closing()


def reset_connection(send: Send) -> None:
    """Close the connection with a TCP reset."""
    transport = _transport(send)
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
