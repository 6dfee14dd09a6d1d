"""A hostile or broken server: what one client takes of rows, bytes, memory and time has an end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server

Make = Callable[..., QmlativClient]


def _endless_pages(server: Server) -> does.Strike:
    """Every page is full, in good form and says that another follows."""
    template = server.behaviour.rows["District/Entity"][0]

    def inject(handler: Handler) -> None:
        page, size = (int(part) for part in handler.path.partition("?")[0].split("/")[-2:])
        rows = [{**template, "EntityID": page * size + n, "Name": "n" * 500} for n in range(size)]
        paging = {"Next": f"/Custom/1/District/Entity/{page + 1}/{size}"}
        handler.json(200, {"Paging": paging, "Objects": rows})

    return inject


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ({"rows": 2_000}, "more than 2000 rows"),
        ({"received_bytes": 2**20}, "more than 1 MiB of answers"),
        ({"frame_bytes": 2**20}, "fill more than 1 MiB of memory"),
    ],
)
def test_pages_without_an_end_end_at_the_budget(
    bound: dict[str, int], words: str, server: Server, client_of: Make
) -> None:
    server.behaviour.fault("District/Entity", _endless_pages(server), 10_000)
    with pytest.raises(errors.DistrictTooLarge, match=words):
        client_of(server, page_size=100, **bound).read(RawAsset.ENTITIES)
    assert len(server.behaviour.paths("District/Entity")) < 50


def test_the_budget_is_for_all_objects_together(server: Server, client_of: Make) -> None:
    one_pass = client_of(server).read(RawAsset.ENTITIES).statistics["rows"]
    client = client_of(server, rows=int(one_pass * 1.5))
    client.read(RawAsset.ENTITIES)
    with pytest.raises(errors.DistrictTooLarge):
        client.read(RawAsset.ENTITIES)


def test_more_rows_than_were_asked_for_are_refused(server: Server, client_of: Make) -> None:
    template = server.behaviour.rows["District/Entity"][0]
    rows = [{**template, "EntityID": number} for number in range(1, 5_000)]
    body = json.dumps({"Paging": {}, "Objects": rows}).encode()
    server.behaviour.fault("District/Entity", does.answers(200, body), 99)
    with pytest.raises(errors.AnswerTooLarge, match="4999 rows came where at most 10"):
        client_of(server).read(RawAsset.ENTITIES)
    assert len(server.behaviour.paths("District/Entity")) == 1


def test_the_body_of_a_redirect_is_not_read_to_its_end(server: Server, client_of: Make) -> None:
    """requests reads all of it to find out where the redirect leads."""

    def endless_redirect(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/elsewhere")
        handler.end_headers()
        handler.close_connection = True
        try:
            for _ in range(200):
                handler.wfile.write(b" " * 2**20)
        except OSError:
            return

    server.behaviour.fault("District/Entity", endless_redirect)
    client = client_of(server)
    with pytest.raises(errors.AddressRefused):
        client.read(RawAsset.ENTITIES)


_READ = """
import json, resource, sys
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.errors import QmlativError
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.secret import Secret

given = json.loads(sys.stdin.read())
resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))  # what goes wrong hurts nobody else
connection = Connection(given["url"], given["key"], Secret(given["secret"]), allow_loopback=True)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with QmlativClient(connection, limits=Limits(attempts=1, **given["limits"])) as client:
    client.system_metadata()
    client._scope.get()
    before = peak()
    try:
        client.read(RawAsset.ENTITIES)
        error = None
    except QmlativError as raised:
        error = type(raised).__name__
print(json.dumps({"error": error, "MiB": peak() - before}))
"""


def _peak_of_a_read(server: Server, **limits: int) -> dict[str, Any]:
    """What a read in a process of its own ends with, and how much memory it took."""
    connection = server.connection
    given = {"url": connection.base_url, "key": does.KEY, "secret": does.SECRET, "limits": limits}
    run = subprocess.run(
        [sys.executable, "-c", _READ],
        input=json.dumps(given), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


_DENSE = {
    "empty lists": b"[],",
    "empty objects": b"{},",
    "numbers": b"1,",
    "keys": b'"a":1,',
}


@pytest.mark.parametrize("what", _DENSE)
def test_a_body_of_tiny_values_does_not_fill_memory(what: str, server: Server) -> None:
    """48 MiB of them, parsed, took fifteen times as much."""
    piece = _DENSE[what]
    many = piece * (48 * 2**20 // len(piece))
    inner = b"{" + many[:-1] + b"}" if what == "keys" else b"[" + many[:-1] + b"]"
    body = b'{"Paging": {}, "Objects": [{"EntityID": 1, "Name": ' + inner + b"}]}"
    server.behaviour.fault("District/Entity", does.answers(200, body), 9)
    read = _peak_of_a_read(server)
    assert read["error"] == "AnswerTooLarge"
    assert read["MiB"] < 200


def test_a_large_body_of_long_texts_is_read(server: Server, client_of: Make) -> None:
    template = server.behaviour.rows["District/Entity"][0]
    rows = [{**template, "EntityID": n, "Name": "x" * 60_000} for n in range(1, 101)]
    server.behaviour.rows["District/Entity"] = rows
    read = client_of(server, page_size=1_000).read(RawAsset.ENTITIES)["District/Entity"]
    assert read.height == 100
    assert read["Name"].str.len_bytes().to_list() == [60_000] * 100


def test_pages_without_an_end_do_not_fill_memory(server: Server) -> None:
    server.behaviour.fault("District/Entity", _endless_pages(server), 10_000)
    read = _peak_of_a_read(server, page_size=5_000, frame_bytes=50 * 2**20)
    assert read["error"] == "DistrictTooLarge"
    assert read["MiB"] < 300


def test_headers_that_only_trickle_end_at_the_deadline(server: Server) -> None:
    """Each byte came in time, so that no time-out ever ended it."""

    def trickles(handler: Handler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    limits = Limits(deadline_seconds=1.0, read_seconds=1.0)
    for path in ("GetSystemMetadata", "oauth/token"):
        server.behaviour.fault(path, trickles, 1)
        began = time.monotonic()
        with (
            QmlativClient(server.connection, limits=limits) as client,
            pytest.raises(errors.TransientError),
        ):
            client.system_metadata()
        assert time.monotonic() - began < 5.0
        server.behaviour.faults.clear()
