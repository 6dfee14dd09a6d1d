"""Trouble that real servers gave, met by the client in a sandbox: read, or reported rightly."""

from __future__ import annotations

import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.sandbox import Sandbox
from samegoal_sync.secret import Secret
from samegoal_sync_tests.qmlativ.conftest import HurriedClock
from samegoal_sync_tests.sandbox.conftest import SLUG

#: Each with how often and where it hits; ``None`` is always.
_READ_ALL_THE_SAME = {
    "stale_rfc6750": (1, "District/Entity"),
    "maintenance_page": (2, "District/Entity"),
    "maintenance_redirect": (2, "oauth/token"),
    "basic_only": (None, ""),
    "token_bom": (None, ""),
    "token_life": (None, ""),
    "numbered_fields": (None, ""),
    "hostile_names": (None, "GetSystemMetadata"),
}
_TOLD = {
    "more_rows": errors.AnswerTooLarge,
    "dense_body": errors.AnswerTooLarge,
    "maintenance_page": errors.MaintenancePage,
    "stale_rfc6750": errors.AccessRefused,
}


@pytest.fixture
def client(own_sandbox: Sandbox) -> QmlativClient:
    own_sandbox.create_access(SLUG, "CLIENT")
    secret = Secret(own_sandbox.generate_secret(SLUG, "CLIENT"))
    connection = Connection(own_sandbox.base_url(SLUG), "CLIENT", secret, allow_loopback=True)
    return QmlativClient(connection, limits=Limits(page_size=3), clock=HurriedClock())


@pytest.mark.parametrize("kind", _READ_ALL_THE_SAME)
def test_a_night_reads_all_the_same(kind: str, own_sandbox: Sandbox, client: QmlativClient) -> None:
    count, path = _READ_ALL_THE_SAME[kind]
    own_sandbox.fault(SLUG, kind, count=count, path=path)
    with client:
        metadata = client.system_metadata()
        entities = client.read(RawAsset.ENTITIES)
    assert entities["District/Entity"]["Name"].null_count() == 0
    assert not entities.absent
    assert "\x1b" not in metadata.district_name
    assert not any("\u2028" in one.name or "\x1b" in one.name for one in metadata.entities)


@pytest.mark.parametrize("kind", _TOLD)
def test_what_cant_be_read_is_reported_as_what_it_is(
    kind: str, own_sandbox: Sandbox, client: QmlativClient
) -> None:
    own_sandbox.fault(SLUG, kind, count=None, path="Entity/1/")
    with client, pytest.raises(_TOLD[kind]):
        client.read(RawAsset.ENTITIES)
