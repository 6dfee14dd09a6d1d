"""A small Qmlativ over real HTTP that misbehaves at will.

The sandbox is true to Qmlativ; this server is for everything that no true one should do:
caps, odd ends of lists, rows that move between two pages, bodies that are cut off, and so on.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.secret import Secret

KEY, SECRET = "vendor key&1", "s3cret +/&= for tests"
_PAIR = b64encode(f"{KEY}:{SECRET}".encode()).decode()
Row = dict[str, Any]
Strike = Callable[["Handler"], None]
YEAR = {"SchoolYearID": 27, "NumericYear": 2027, "Description": "2026-27"}


def usual_rows() -> dict[str, list[Row]]:
    """One row of everything, every field filled."""
    filled: dict[str, Any] = {"BigInt": 1, "SmallInt": 1, "TinyInt": 1, "Bool": True}
    rows = {
        item.name: [{one.name: filled.get(one.type.value, "text") for one in item.fields}]
        for item in CATALOG
    }
    rows["District/SchoolYear"] = [
        {"SchoolYearID": year - 2000, "NumericYear": year, "Description": str(year)}
        for year in range(2024, 2029)
    ]
    return rows


@dataclass
class Fault:
    """A strike that hits requests whose path contains ``path``, so many times."""

    path: str
    strike: Strike
    times: int = 1


@dataclass
class Behaviour:
    """What the server does; tests change it as they like."""

    rows: dict[str, list[Row]] = field(default_factory=usual_rows)
    next_style: str = "null"
    cap: int | None = None
    states_cap: bool = True
    sorts: bool = True
    heeds_conditions: bool = True
    token_by: str = "form"
    refuses_login: int = 405
    expires_in: object = 1200
    token_bom: str = ""
    fields_by: str = "any"
    system: dict[str, Any] | None = None
    before_page: Callable[[str, int], None] = lambda _name, _page: None
    faults: list[Fault] = field(default_factory=list)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0
    valid: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fault(self, path: str, strike: Strike, times: int = 1) -> None:
        self.faults.append(Fault(path, strike, times))

    def struck(self, path: str) -> Strike | None:
        with self.lock:
            for one in self.faults:
                if one.times and one.path in path:
                    one.times -= 1
                    return one.strike
        return None

    def paths(self, part: str) -> list[str]:
        return [path for _, path, _ in self.log if part in path]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    # One packet an answer: two of them wait 40 ms for each other.
    wbufsize = 1 << 16
    server: Server
    body = b""

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        behaviour = self.server.behaviour
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with behaviour.lock:
            behaviour.log.append((self.command, self.path, self.body.decode()))
            behaviour.headers.append(dict(self.headers.items()))
        strike = behaviour.struck(self.path)
        if strike is not None:
            strike(self)
        else:
            self.go_on()

    def go_on(self) -> None:
        """The right answer."""
        behaviour, path = self.server.behaviour, urlsplit(self.path).path
        if path.endswith("/oauth/token"):
            return self._token()
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in behaviour.valid:
            return self.answer(401, b"")
        if path.endswith("/GetSystemMetadata"):
            return self.json(200, behaviour.system or one_district())
        return self._page(path.split("/"))

    def _token(self) -> None:
        behaviour = self.server.behaviour
        query = dict(parse_qsl(urlsplit(self.path).query))
        form = dict(parse_qsl(self.body.decode()))
        basic = self.headers.get("Authorization", "") == f"Basic {_PAIR}"
        knows = {"form": not basic, "basic query": basic and self.command == "GET"}
        if not knows.get(behaviour.token_by, basic and self.command == "POST"):
            return self.json(behaviour.refuses_login, {"error": "invalid_client"})
        asked = query if self.command == "GET" else form
        good = asked.get("grant_type") == "client_credentials"
        if behaviour.token_by == "form":
            good &= form.get("client_id") == KEY and form.get("client_secret") == SECRET
        if not good:
            return self.json(400, {"error": "invalid_client"})
        with behaviour.lock:
            behaviour.tokens += 1
            token = f"token-{behaviour.tokens}"
            behaviour.valid.add(token)
        answer = {"access_token": token, "token_type": "bearer", "expires_in": behaviour.expires_in}
        return self.answer(200, (behaviour.token_bom + json.dumps(answer)).encode())

    def _page(self, parts: list[str]) -> None:
        behaviour = self.server.behaviour
        name, page, asked = f"{parts[-4]}/{parts[-3]}", int(parts[-2]), int(parts[-1])
        fields = self._fields()
        if self.server.behaviour.fields_by == "numbered, else refused" and not fields:
            self.json(400, {"Message": "The query can't be understood."})
            return
        with behaviour.lock:
            behaviour.before_page(name, page)
            rows = list(behaviour.rows[name])
        search = json.loads(self.body)
        if behaviour.heeds_conditions and "SearchCondition" in search:
            rows = [row for row in rows if meets(row, search["SearchCondition"])]
        if behaviour.sorts:
            rows.sort(key=lambda row: int(row[search["SearchSort"][0]["FieldName"]]))
        size = min(asked, behaviour.cap or asked)
        shown = rows[(page - 1) * size : page * size]
        paging = self._paging(name, page, size, asked, more=len(rows) > page * size)
        wanted = fields or [search["SearchSort"][0]["FieldName"]]
        objects = [{key: row[key] for key in wanted if key in row} for row in shown]
        self.json(200, {"Paging": paging, "Objects": objects})

    def _fields(self) -> list[str]:
        """The fields asked for, as this server reads the query."""
        query, way = parse_qs(urlsplit(self.path).query), self.server.behaviour.fields_by
        repeated = query.get("searchFields", [])
        numbered = [one for key, found in query.items() if key[12:13] == "[" for one in found]
        if way == "any":
            return repeated or numbered
        if way == "numbered, else the last":
            return numbered or [*repeated[:1], *repeated[-1:]]
        return repeated if way == "repeated" else numbered

    def _paging(self, name: str, page: int, size: int, asked: int, *, more: bool) -> Row:
        behaviour = self.server.behaviour
        stated = size if behaviour.states_cap else asked
        if more and behaviour.next_style != "never":
            return {"Next": f"/Custom/1/{name}/{page + 1}/{stated}"}
        ends: dict[str, Row] = {"null": {"Next": None}, "empty": {"Next": ""}}
        ends["same"] = {"Next": f"/Custom/1/{name}/{page}/{asked}"}
        return ends.get(behaviour.next_style, {})

    def json(self, status: int, value: Any) -> None:
        self.answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    behaviour: Behaviour

    def handle_error(self, *_: Any) -> None:
        """Clients hang up; that is not news."""

    @property
    def connection(self) -> Connection:
        address = f"http://127.0.0.1:{self.server_port}/SampleAPI"
        return Connection(address, KEY, Secret(SECRET), allow_loopback=True)


@contextmanager
def misbehaving_server() -> Iterator[Server]:
    """A running server with usual behaviour."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.behaviour = Behaviour()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def one_district(*further: Row) -> Row:
    """An answer to GetSystemMetadata."""
    first = {"DistrictID": 1, "EntityID": 1, "Name": "Sample ISD", "SchoolYearCurrent": YEAR}
    return {"System": {"EntityID": 1, "Districts": [first, *further]}}


def meets(row: Row, wrapped: Row) -> bool:
    """Whether a row meets a condition."""
    group, condition = next(iter(wrapped.items()))
    if group == "SearchConditionGroup":
        every = condition["ConditionGroupType"] == "And"
        return (all if every else any)(meets(row, one) for one in condition["Conditions"])
    value = row.get(condition["FieldName"])
    if condition["ConditionType"] == "List":
        return value in condition["List"]
    if value is None:
        return False
    other = condition["Value"]
    compared: dict[str, bool] = {
        "Equal": value == other,
        "Greater": value > other,
        "Less": value < other,
    }
    return compared[condition["ConditionType"]]


def answers(status: int, body: bytes = b"", **headers: str) -> Strike:
    """A fixed answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(status, body, named)


def resets(handler: Handler) -> None:
    """The connection is reset before an answer."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True
    handler.connection.close()


def cuts_off(handler: Handler) -> None:
    """Half of what was announced, then the end."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"Paging": {"Next": null}, "Objects": [{"EntityID": 1')
    handler.close_connection = True


def silent(seconds: float) -> Strike:
    """Nothing for a while."""

    def inject(handler: Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return inject


def endless(handler: Handler) -> None:
    """A body without an end."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b'{"Objects": [' + b" " * 65_536)
    except OSError:
        return


def expires_tokens(handler: Handler) -> None:
    """Every token is void from now on; said with 401 and no words."""
    handler.server.behaviour.valid.clear()
    handler.answer(401, b"")
