"""Every fault: fixed if it can be, else an error that says what happened and what to do."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable

import pytest

from samegoal_sync.errors import Actor
from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.conftest import HurriedClock
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server, Strike

Make = Callable[..., QmlativClient]
_HTML = b"<!DOCTYPE html><html><body>Server Error: Maria Example</body></html>"
_MENDED: dict[str, Strike] = {
    "token expired": does.expires_tokens,
    "bare 403": does.answers(403),
    "said with 500": does.answers(500, b'{"error": "Token has expired"}'),
    "429": does.answers(429),
    "429 with Retry-After": does.answers(429, Retry_After="0"),
    "503": does.answers(503, _HTML),
    "500 with HTML": does.answers(500, _HTML),
    "reset": does.resets,
    "cut off": does.cuts_off,
    "broken JSON": does.answers(200, b'{"Paging": {}, "Objects": [{"EntityID": }]}'),
    "not JSON": does.answers(200, b"hello"),
    "a web page": does.answers(200, _HTML, Content_Type="text/html"),
    "no Objects": does.answers(200, b'{"Message": "An error"}'),
    "no keys": does.answers(200, b'{"Paging": {}, "Objects": [{"Name": "x"}]}'),
    "broken gzip": does.answers(200, b"\x1f\x8b\x08 nonsense", Content_Encoding="gzip"),
}
_FATAL: dict[str, tuple[Strike, type[errors.QmlativError]]] = {
    "401 for ever": (does.answers(401), errors.AccessRefused),
    "expired": (
        does.answers(403, b'{"errors": ["The Integration Access expired on 2026-08-01."]}'),
        errors.AccessExpired,
    ),
    "inactive": (
        does.answers(401, b'{"errors": ["The Integration Access is not active."]}'),
        errors.AccessExpired,
    ),
    "redirect": (
        does.answers(302, Location="https://elsewhere.example/x"),
        errors.AddressRefused,
    ),
    "429": (does.answers(429), errors.ServerBusy),
    "503": (does.answers(503, _HTML), errors.ServerBusy),
    "500": (does.answers(500, _HTML), errors.ServerFailed),
    "reset": (does.resets, errors.ServerUnreachable),
    "cut off": (does.cuts_off, errors.ServerUnreachable),
    "a web page": (does.answers(200, _HTML), errors.MaintenancePage),
    "a redirect with a web page": (
        does.answers(302, _HTML, Location="/maintenance.html"),
        errors.MaintenancePage,
    ),
    "a redirect to a maintenance page": (
        does.answers(302, b"", Location="https://offline.example/maintenance.html"),
        errors.MaintenancePage,
    ),
    "no Objects": (does.answers(200, b"{}"), errors.AnswerBroken),
    "404": (does.answers(404), errors.ObjectNotGranted),
    "no entity": (
        does.answers(403, b'{"errors": ["The access does not include this entity."]}'),
        errors.EntityNotGranted,
    ),
}


@pytest.mark.parametrize("fault", _MENDED)
def test_a_passing_fault_is_mended(fault: str, server: Server, client_of: Make) -> None:
    client = client_of(server)
    client.system_metadata()
    server.behaviour.fault("District/Entity", _MENDED[fault], 1)
    raw = client.read(RawAsset.ENTITIES)
    assert raw["District/Entity"].height == 1
    assert not raw.absent


@pytest.mark.parametrize("fault", _FATAL)
def test_a_lasting_fault_has_its_own_error(fault: str, server: Server, client_of: Make) -> None:
    strike, kind = _FATAL[fault]
    server.behaviour.fault("District/Entity", strike, 1000)
    with pytest.raises(kind) as caught:
        client_of(server).read(RawAsset.ENTITIES)
    shown = str(caught.value)
    assert "hint:" in shown
    assert "Maria" not in shown
    assert does.SECRET not in shown


def test_the_day_of_expiry_is_reported(server: Server, client_of: Make) -> None:
    server.behaviour.fault("Entity", _FATAL["expired"][0], 9)
    with pytest.raises(errors.AccessExpired, match="expired on 2026-08-01"):
        client_of(server).read(RawAsset.ENTITIES)


def test_a_permanent_fault_is_not_tried_again(server: Server, client_of: Make) -> None:
    server.behaviour.fault("GetSystemMetadata", does.answers(418), 9)
    with pytest.raises(errors.EntityNotGranted):
        client_of(server).system_metadata()
    assert len(server.behaviour.paths("GetSystemMetadata")) == 1


def test_pauses_grow_and_heed_retry_after(
    server: Server, client_of: Make, clock: HurriedClock
) -> None:
    server.behaviour.fault("GetSystemMetadata", does.answers(500), 3)
    server.behaviour.fault("GetSystemMetadata", does.answers(503, Retry_After="0"), 1)
    client_of(server).system_metadata()
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0]


def test_a_pause_beyond_the_deadline_is_not_waited_for(
    server: Server, client_of: Make, clock: HurriedClock
) -> None:
    server.behaviour.fault("GetSystemMetadata", does.answers(503, Retry_After="7201"), 1)
    with pytest.raises(errors.ServerBusy, match="7201 s"):
        client_of(server).system_metadata()
    assert clock.pauses == []


def test_a_silent_server_is_left(server: Server, client_of: Make) -> None:
    server.behaviour.fault("GetSystemMetadata", does.silent(1.0), 9)
    with pytest.raises(errors.ServerSilent):
        client_of(server, read_seconds=0.1, attempts=2).system_metadata()


def test_an_endless_body_is_refused(server: Server, client_of: Make) -> None:
    server.behaviour.fault("District/Entity", does.endless)
    with pytest.raises(errors.AnswerTooLarge):
        client_of(server, body_bytes=1_000_000).read(RawAsset.ENTITIES)


def test_a_bomb_of_gzip_is_refused(server: Server, client_of: Make) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    server.behaviour.fault("District/Entity", does.answers(200, bomb, Content_Encoding="gzip"))
    with pytest.raises(errors.AnswerTooLarge):
        client_of(server, body_bytes=1_000_000).read(RawAsset.ENTITIES)


def test_gzip_is_read(server: Server, client_of: Make) -> None:
    row = {**server.behaviour.rows["District/Entity"][0], "Name": "Ünïted"}
    packed = gzip.compress(json.dumps({"Paging": {}, "Objects": [row]}).encode())
    server.behaviour.fault("District/Entity", does.answers(200, packed, Content_Encoding="gzip"))
    raw = client_of(server).read(RawAsset.ENTITIES)
    assert raw["District/Entity"]["Name"].to_list() == ["Ünïted"]


def test_nobody_listens(server: Server, client_of: Make) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(errors.ServerUnreachable) as caught:
        client_of(server, attempts=2).system_metadata()
    assert "start the sandbox" in caught.value.hint  # the district can't mend this machine


def test_a_server_that_is_away_is_the_districts_and_its_hostings_to_mend() -> None:
    error = errors.ServerUnreachable("skyward.example", "can't be reached")
    assert error.actor is Actor.DISTRICT
    assert "Skyward's hosting" in error.hint


def test_one_renewal_serves_all_threads(server: Server, client_of: Make) -> None:
    behaviour = server.behaviour
    template = behaviour.rows["District/Entity"][0]
    behaviour.rows["District/Entity"] = [{**template, "EntityID": n} for n in range(1, 400)]

    def expire_once(name: str, page: int) -> None:
        if name == "District/Entity" and page == 7 and behaviour.tokens == 1:
            behaviour.valid.clear()

    behaviour.before_page = expire_once
    raw = client_of(server, threads=6).read(RawAsset.ENTITIES)
    assert raw["District/Entity"].height == 399
    assert behaviour.tokens == 2
    assert raw.statistics["renewals"] == 1


def test_no_secret_token_or_value_is_logged(
    server: Server, client_of: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.behaviour.fault("District/Entity", does.answers(503), 1)
    client_of(server).read(RawAsset.ENTITIES)
    shown = caplog.text
    assert does.SECRET not in shown
    assert "s3cret" not in shown
    assert "token-1" not in shown


def test_an_untold_handler_fault_is_transient(server: Server, client_of: Make) -> None:
    def hangs_up(handler: Handler) -> None:
        handler.close_connection = True

    server.behaviour.fault("GetSystemMetadata", hangs_up, 2)
    assert client_of(server).system_metadata().district_id == 1
