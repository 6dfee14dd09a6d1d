"""The access token: how it is asked for and read, when it is taken, when it is renewed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http import access_token
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.rate_limit import gate_of
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.conftest import HurriedClock
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server

Make = Callable[..., QmlativClient]
_HTML = b"<!DOCTYPE html><html><body>Down for maintenance</body></html>"
_RFC_6750 = (
    b'{"error": "invalid_token", "error_description": "The access token provided is expired, '
    b'revoked, malformed, or invalid for other reasons."}'
)


@pytest.fixture(autouse=True)
def _no_way_is_remembered() -> Iterator[None]:
    """Ports of the loopback are used again; what was learnt of one is no other's."""
    access_token._ways.clear()
    yield
    access_token._ways.clear()


def _logins(server: Server) -> list[str]:
    return [method for method, path, _ in server.behaviour.log if "oauth/token" in path]


@pytest.mark.parametrize("life", ["", "1199.0", " 1200 ", 1199.0, None, "soon", -1, 0, True, [1]])
def test_a_life_in_another_writing_is_read(life: object, server: Server, client_of: Make) -> None:
    server.behaviour.expires_in = life
    assert client_of(server).system_metadata().district_id == 1
    assert server.behaviour.tokens == 1


def test_a_life_that_is_left_out_does_not_end_with_the_one_before(
    server: Server, client_of: Make
) -> None:
    server.behaviour.expires_in = 1
    client = client_of(server)
    client.system_metadata()
    server.behaviour.expires_in = ""
    time.sleep(2.1)  # the first token's life passes
    client.read(RawAsset.ENTITIES)
    assert server.behaviour.tokens == 2


def test_a_byte_order_mark_before_the_token_is_skipped(server: Server, client_of: Make) -> None:
    server.behaviour.token_bom = "\ufeff"
    assert client_of(server).system_metadata().district_id == 1


@pytest.mark.parametrize("way", ["basic query", "basic form"])
@pytest.mark.parametrize("refusal", [400, 401, 404, 405])
def test_a_server_that_knows_basic_alone_is_logged_into_and_remembered(
    way: str, refusal: int, server: Server, client_of: Make
) -> None:
    server.behaviour.token_by, server.behaviour.refuses_login = way, refusal
    assert client_of(server).system_metadata().district_name == "Sample ISD"
    tried = len(_logins(server))
    assert tried <= 3
    client_of(server).system_metadata()
    assert len(_logins(server)) == tried + 1


def test_a_remembered_way_that_no_longer_works_gives_way(server: Server, client_of: Make) -> None:
    server.behaviour.token_by = "basic form"
    client_of(server).system_metadata()
    server.behaviour.token_by = "form"
    assert client_of(server).system_metadata().district_id == 1


def test_a_wrong_pair_is_tried_once_each_way(server: Server, client_of: Make) -> None:
    server.behaviour.fault("oauth/token", does.answers(400, b'{"error": "invalid_client"}'), 99)
    with pytest.raises(errors.AccessRefused):
        client_of(server).system_metadata()
    assert sorted(_logins(server)) == ["GET", "POST", "POST"]


def test_an_expired_access_is_asked_once(server: Server, client_of: Make) -> None:
    body = b'{"error_description": "The Integration Access expired on 2026-08-01."}'
    server.behaviour.fault("oauth/token", does.answers(403, body), 99)
    with pytest.raises(errors.AccessExpired, match="2026-08-01"):
        client_of(server).system_metadata()
    assert _logins(server) == ["POST"]


@pytest.mark.parametrize("status", [200, 302])
def test_a_maintenance_page_at_the_token_address_passes(
    status: int, server: Server, client_of: Make, clock: HurriedClock
) -> None:
    server.behaviour.fault("oauth/token", does.answers(status, _HTML, Location="/down"), 3)
    assert client_of(server).system_metadata().district_id == 1
    assert len(clock.pauses) == 3


def test_a_maintenance_page_that_stays_is_transient(server: Server, client_of: Make) -> None:
    server.behaviour.fault("oauth/token", does.answers(200, b"\xef\xbb\xbf" + _HTML), 99)
    with pytest.raises(errors.MaintenancePage) as caught:
        client_of(server).system_metadata()
    assert caught.value.transient


@pytest.mark.parametrize(
    "strike",
    [
        does.answers(401, _RFC_6750),
        does.answers(
            401, b"", WWW_Authenticate='Bearer error="invalid_token", error_description='
            '"The access token expired"',
        ),
        does.answers(403, b'{"errors": ["The access token has expired."]}'),
        does.answers(401, b'{"errors": ["Expired access token; ask the client for another."]}'),
        does.answers(401, b'{"message": "The access token is no longer valid. Client: vendor"}'),
        does.answers(500, b'{"error": "Token has expired"}'),
        does.answers(200, b'{"error": "Token has expired"}'),
        does.answers(200, b'{"Success": false, "Message": "The token is expired or revoked."}'),
    ],
)  # fmt: skip
def test_a_stale_token_is_no_expired_access(
    strike: does.Strike, server: Server, client_of: Make
) -> None:
    client = client_of(server)
    client.system_metadata()
    server.behaviour.fault("District/Entity/1/", strike, 1)
    assert client.read(RawAsset.ENTITIES)["District/Entity"].height == 1
    assert server.behaviour.tokens == 2
    asked = server.behaviour.paths("District/Entity/1/")
    assert asked[0] == asked[1]


def test_rfc_6750_for_ever_is_a_refusal_not_an_expiry(server: Server, client_of: Make) -> None:
    server.behaviour.fault("GetSystemMetadata", does.answers(401, _RFC_6750), 99)
    with pytest.raises(errors.AccessRefused):
        client_of(server).system_metadata()
    assert server.behaviour.tokens == 2


def test_a_token_is_taken_when_a_place_is_held_and_not_before(server: Server) -> None:
    """It grew stale in the queue: asked for before a place was free, used long after."""
    gate = gate_of(server.connection.host, Limits())
    gate.allowed = 1
    freed = threading.Event()

    def occupies() -> None:
        with gate.place(60.0):
            freed.wait(10.0)

    other = threading.Thread(target=occupies)
    other.start()
    with QmlativClient(server.connection) as client:
        reader = threading.Thread(target=client.system_metadata)
        reader.start()
        time.sleep(0.4)
        assert not server.behaviour.log
        freed.set()
        reader.join(10.0)
        other.join(10.0)
    assert [path.rsplit("/", 1)[1] for _, path, _ in server.behaviour.log] == [
        "token",
        "GetSystemMetadata",
    ]


def test_whoever_waits_for_anothers_token_is_let_go_when_the_read_stops(server: Server) -> None:
    asked = threading.Event()

    def silent(handler: Handler) -> None:
        asked.set()
        does.silent(30.0)(handler)

    server.behaviour.fault("oauth/token", silent, 9)
    limits = Limits(deadline_seconds=1.0)
    began = time.monotonic()
    with (
        QmlativClient(server.connection, limits=limits) as client,
        pytest.raises((errors.DeadlinePassed, errors.ServerSilent)),
    ):
        client.system_metadata()
    assert asked.is_set()
    assert time.monotonic() - began < 10.0
