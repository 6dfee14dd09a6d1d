"""How fields are asked for: a server that knows one way alone is read whole, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from samegoal_sync.qmlativ.catalog import CATALOG, RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.errors import FieldNotGranted
from samegoal_sync.qmlativ.reading import field_query
from samegoal_sync.qmlativ.reading.field_query import FieldStyle
from samegoal_sync_tests.qmlativ.misbehaving_server import Server

Make = Callable[..., QmlativClient]
_NUMBERED = ["numbered", "numbered, else refused", "numbered, else the last"]


@pytest.fixture(autouse=True)
def _no_style_is_remembered() -> Iterator[None]:
    """Ports of the loopback are used again; what was learnt of one is no other's."""
    field_query._styles.clear()
    yield
    field_query._styles.clear()


def test_both_ways_of_writing_a_query() -> None:
    assert FieldStyle.REPEATED.params(["A", "B"]) == [("searchFields", "A"), ("searchFields", "B")]
    assert FieldStyle.NUMBERED.params(["A", "B"]) == [
        ("searchFields[0]", "A"),
        ("searchFields[1]", "B"),
    ]


@pytest.mark.parametrize("knows", [*_NUMBERED, "repeated"])
def test_a_server_that_knows_one_way_alone_is_read_whole(
    knows: str, server: Server, client_of: Make
) -> None:
    server.behaviour.fields_by = knows
    client = client_of(server)
    for asset in RawAsset:
        assert not client.read(asset).absent
    assert client.read_student("text")["Student/Student"]["StudentNumber"].to_list() == ["text"]


@pytest.mark.parametrize("knows", _NUMBERED)
def test_what_worked_is_remembered_for_the_server(
    knows: str, server: Server, client_of: Make
) -> None:
    server.behaviour.fields_by = knows
    client_of(server).read(RawAsset.ENTITIES)
    server.behaviour.log.clear()
    client_of(server).read(RawAsset.STUDENTS)
    assert server.behaviour.paths("searchFields%5B0%5D=")
    assert not server.behaviour.paths("searchFields=")


@pytest.mark.parametrize("knows", _NUMBERED)
def test_the_probe_finds_everything_shared(knows: str, server: Server, client_of: Make) -> None:
    server.behaviour.fields_by = knows
    grants = client_of(server).grants()
    assert len(grants) == len(CATALOG)
    assert not [one.name for one in grants if one.missing]


def test_an_object_of_which_the_key_alone_is_shared_is_asked_once_more_and_no_oftener(
    server: Server, client_of: Make
) -> None:
    key = next(iter(server.behaviour.rows["District/Entity"][0]))
    server.behaviour.rows["District/Entity"] = [{key: number} for number in range(1, 31)]
    with pytest.raises(FieldNotGranted):
        client_of(server, page_size=10).read(RawAsset.ENTITIES)
    assert len(server.behaviour.paths("Entity/1/10?searchFields%5B0%5D")) == 1
    assert len(server.behaviour.paths("searchFields%5B0%5D")) == 1
