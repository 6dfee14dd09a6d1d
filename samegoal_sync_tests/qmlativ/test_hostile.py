"""A hostile server and a hostile address: nothing but our own errors, and never far inside."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from samegoal_sync.errors import UsageError
from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.connection import checked_base_url, checked_token_url
from samegoal_sync.qmlativ.http.fault_classification import retry_after
from samegoal_sync.qmlativ.http.public_ip_addresses import is_public
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server, one_district

Make = Callable[..., QmlativClient]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "localhost.", "x.localhost", "127.1", "0177.0.0.1", "0x7f.1",
        "2130706433", "0x7f000001", "0.0.0.0", "10.1.2.3", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "168.63.129.16", "[fec0::1]",
        "[2001:4860::5efe:a00:1]",
        "[::1]", "[::]", "[fe80::1%25eth0]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
        "[::127.0.0.1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "user@host.example",
        "host.example@127.0.0.1", "host.example\\@127.0.0.1", "host.example;x", "host.example:0",
        "ⓛocalhost", "①②⑦.0.0.1", "host.example%2f@x", "intranet",
    ],
)  # fmt: skip
def test_an_address_that_leads_inside_is_refused_when_entered(host: str) -> None:
    for check in (checked_base_url, checked_token_url):
        with pytest.raises(UsageError):
            check(f"https://{host}/SampleAPI", allow_loopback=False)


@pytest.mark.parametrize("path", ["/../A", "/A/%2e%2e/B", "/A\x00B", "/A;B", "/A\\B", "/A%0d%0aB"])
def test_a_path_that_can_be_read_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        checked_base_url(f"https://host.example{path}", allow_loopback=False)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("64:ff9b::808:808", True),
        ("64:ff9b::7f00:1", False), ("2002:a00:1::", False), ("::7f00:1", False),
        ("fec0::1", False), ("feff::1", False), ("168.63.129.16", False),
        ("::ffff:168.63.129.16", False), ("64:ff9b::a83f:8110", False),
        ("2001:4860::5efe:a00:1", False), ("2001:4860::200:5efe:7f00:1", False),
        ("2001:4860::5efe:808:808", True), ("2001:4860::200:5efe:a83f:8110", False),
        ("224.0.0.1", False), ("ff02::1", False), ("192.168.0.1", False), ("fd00::1", False),
    ],
)  # fmt: skip
def test_what_an_address_carries_is_judged_too(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


_DEEP = b'{"System": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
_TOKENS = {
    "an endless life": b'{"access_token": "t", "token_type": "bearer", "expires_in": 1e999}',
    "a line break": b'{"access_token": "a\\r\\nX: y", "token_type": "bearer"}',
    "another script": '{"access_token": "Ω", "token_type": "bearer"}'.encode(),
    "a number": b'{"access_token": 7, "token_type": "bearer"}',
    "a list": b'["access_token"]',
    "another kind": b'{"access_token": "t", "token_type": "mac"}',
    "a deep nest": b'{"access_token": ' + b"[" * 200_000,
}


@pytest.mark.parametrize("what", _TOKENS)
def test_a_token_that_is_none_is_reported(what: str, server: Server, client_of: Make) -> None:
    server.behaviour.fault("oauth/token", does.answers(200, _TOKENS[what]), 99)
    with pytest.raises(errors.QmlativError):
        client_of(server, attempts=2).system_metadata()


@pytest.mark.parametrize(
    "body",
    [
        _DEEP,
        json.dumps(one_district({"DistrictID": 1e300})).encode(),
        json.dumps(one_district({"DistrictID": 10**30})).encode(),
        b'{"System": {"Districts": [{"DistrictID": 1e999}]}}',
        b'{"System": {"Districts": {"DistrictID": "a"}}}',
        b"[]",
        b"7",
        b"\xff\xfe",
    ],
)
def test_metadata_beyond_all_bounds_is_a_broken_answer(
    body: bytes, server: Server, client_of: Make
) -> None:
    server.behaviour.fault("GetSystemMetadata", does.answers(200, body), 99)
    with pytest.raises(errors.AnswerBroken):
        client_of(server, attempts=2).system_metadata()


@pytest.mark.parametrize("following", ["9" * 5000, "1000000000", "²", "0"])
def test_a_next_beyond_all_bounds_is_not_followed(
    following: str, server: Server, client_of: Make
) -> None:
    row = server.behaviour.rows["District/Entity"][0]
    paging = {"Next": f"/Custom/1/District/Entity/{following}/{following}"}
    body = json.dumps({"Paging": paging, "Objects": [row]}).encode()
    server.behaviour.fault("District/Entity/1/", does.answers(200, body), 99)
    raw = client_of(server, pages=5).read(RawAsset.ENTITIES)
    assert raw["District/Entity"]["EntityID"].to_list() == [row["EntityID"]]
    assert len(server.behaviour.paths("District/Entity/")) < 8


@pytest.mark.parametrize("rows", [b"[" * 200_000, b'[{"EntityID": ' + b"[" * 200_000])
def test_a_deep_nest_of_rows_is_a_broken_answer(
    rows: bytes, server: Server, client_of: Make
) -> None:
    body = b'{"Paging": {}, "Objects": ' + rows + b"}"
    server.behaviour.fault("District/Entity/", does.answers(200, body), 99)
    with pytest.raises(errors.AnswerBroken):
        client_of(server, attempts=2).read(RawAsset.ENTITIES)


def test_a_bomb_within_a_bomb_is_refused(server: Server, client_of: Make) -> None:
    bomb = gzip.compress(gzip.compress(b" " * 20_000_000))
    strike = does.answers(200, bomb, Content_Encoding="gzip, gzip")
    server.behaviour.fault("District/Entity", strike, 99)
    with pytest.raises(errors.AnswerBroken, match="more than once"):
        client_of(server, attempts=1).read(RawAsset.ENTITIES)


@pytest.mark.parametrize("length", ["999999999999", "67108864", "1"])
def test_an_answer_is_as_long_as_it_is_and_not_as_it_says(
    length: str, server: Server, client_of: Make
) -> None:
    """Room is made for a length that is told, within bounds; what counts is what comes."""

    def lies(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", length)
        handler.end_headers()
        handler.wfile.write(b'{"Paging": {"Next": null}, "Objects": []}')
        handler.close_connection = True

    server.behaviour.fault("District/Entity", lies, 99)
    tracemalloc.start()
    try:
        with pytest.raises(errors.QmlativError):
            client_of(server).read(RawAsset.ENTITIES)
        assert tracemalloc.get_traced_memory()[1] < 256 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0), ("²", None), ("-1", None), ("9" * 400, None), ("soon", None),
        ("Mon, 99 Foo 99999999999 99:99:99 +9999999", None), ("1e9", None),
    ],
)  # fmt: skip
def test_a_retry_after_that_says_nothing_is_none(header: str, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, client_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hide which host is reached, and see every student."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client_of(server).system_metadata().district_id == 1


def test_a_name_in_the_metadata_can_command_no_terminal(server: Server, client_of: Make) -> None:
    osc = "\x1b]52;c;aGk=\x07Oak\u2028\u202eISD"
    server.behaviour.system = one_district()
    server.behaviour.system["System"]["Districts"][0]["Name"] = osc
    assert client_of(server).system_metadata().district_name == "]52;c;aGk= Oak ISD"
