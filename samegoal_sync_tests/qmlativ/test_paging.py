"""Property tests: whatever pages do, each row comes once and none is missed, or it is said."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.conftest import HurriedClock
from samegoal_sync_tests.qmlativ.misbehaving_server import Behaviour, Server

_NAME = "District/Entity"
_STYLES = ("null", "missing", "empty", "same", "never")
_PROPERTY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with does.misbehaving_server() as running:
        yield running


def _entities(server: Server, ids: list[int]) -> Behaviour:
    """A fresh behaviour whose entities have these ids."""
    server.behaviour = behaviour = Behaviour()
    template = behaviour.rows[_NAME][0]
    behaviour.rows[_NAME] = [{**template, "EntityID": one, "Code": f"E{one}"} for one in ids]
    return behaviour


def _read(server: Server, page_size: int, threads: int = 3) -> RawObjects:
    limits = Limits(page_size=page_size, threads=threads, read_seconds=5, attempts=3)
    with QmlativClient(server.connection, limits=limits, clock=HurriedClock()) as client:
        return client.read(RawAsset.ENTITIES)


def _ids(raw: RawObjects) -> list[int]:
    return raw[_NAME]["EntityID"].to_list()


@_PROPERTY
@given(
    rows=st.integers(0, 60),
    page_size=st.integers(1, 25),
    cap=st.none() | st.integers(1, 12),
    states_cap=st.booleans(),
    style=st.sampled_from(_STYLES[:4]),
    threads=st.integers(1, 5),
)
def test_every_row_comes_once_whatever_the_page_size(
    shared: Server, rows: int, page_size: int, cap: int | None, states_cap: bool, style: str,
    threads: int,
) -> None:  # fmt: skip
    behaviour = _entities(shared, list(range(1, 3 * rows + 1, 3)))
    behaviour.cap, behaviour.states_cap, behaviour.next_style = cap, states_cap, style
    assert _ids(_read(shared, page_size, threads)) == list(range(1, 3 * rows + 1, 3))


@pytest.mark.parametrize(("rows", "beyond"), [(10, 0), (15, 1), (25, 3)])
def test_few_pages_are_asked_for_beyond_the_end(shared: Server, rows: int, beyond: int) -> None:
    behaviour = _entities(shared, list(range(1, rows + 1)))
    _read(shared, page_size=6, threads=4)
    pages = {int(path.split("/")[-2]) for path in behaviour.paths(f"{_NAME}/")}
    assert max(pages) <= -(-rows // 6) + beyond


@_PROPERTY
@given(rows=st.integers(0, 40), page_size=st.integers(1, 15))
def test_a_server_that_never_says_what_is_next(shared: Server, rows: int, page_size: int) -> None:
    behaviour = _entities(shared, list(range(1, rows + 1)))
    behaviour.next_style = "never"
    assert _ids(_read(shared, page_size)) == list(range(1, rows + 1))


@_PROPERTY
@given(seed=st.integers(0, 10_000), page_size=st.integers(2, 12), threads=st.integers(1, 4))
def test_rows_that_come_and_go_are_never_doubled_or_missed(
    shared: Server, seed: int, page_size: int, threads: int
) -> None:
    draws = random.Random(seed)
    behaviour = _entities(shared, sorted(draws.sample(range(1, 500), 60)))
    stayed, ever = set(_all(behaviour)), set(_all(behaviour))

    def others_write(name: str, _page: int) -> None:
        if name != _NAME or draws.random() < 0.4:
            return
        rows = behaviour.rows[_NAME]
        if draws.random() < 0.6:
            gone = rows.pop(draws.randrange(len(rows)))
            stayed.discard(gone["EntityID"])
        else:
            added = max(ever) + draws.randrange(1, 4)
            rows.append({**rows[0], "EntityID": added})
            ever.add(added)

    behaviour.before_page = others_write
    found = _ids(_read(shared, page_size, threads))
    assert len(found) == len(set(found))
    assert stayed <= set(found) <= ever


def _all(behaviour: Behaviour) -> list[int]:
    return [row["EntityID"] for row in behaviour.rows[_NAME]]


@_PROPERTY
@given(seed=st.integers(0, 1_000), sorts=st.booleans(), page_size=st.integers(3, 9))
def test_a_server_that_heeds_neither_sorting_nor_conditions_is_read_until_reads_agree(
    shared: Server, seed: int, sorts: bool, page_size: int
) -> None:
    ids = list(range(1, 90, 2))
    random.Random(seed).shuffle(ids)
    behaviour = _entities(shared, ids)
    behaviour.sorts, behaviour.heeds_conditions = sorts, False
    assert sorted(_ids(_read(shared, page_size))) == sorted(ids)


def test_reads_that_never_agree_are_refused(shared: Server) -> None:
    behaviour = _entities(shared, list(range(1, 50)))
    behaviour.sorts = False

    def others_write(name: str, page: int) -> None:
        if name == _NAME and page == 1:
            rows = behaviour.rows[_NAME]
            rows[:] = [{**row, "EntityID": row["EntityID"] + 1} for row in rows[::-1]]

    behaviour.before_page = others_write
    with pytest.raises(errors.RowsMoving, match="5 reads"):
        _read(shared, 7)


def test_a_missed_row_is_mended_and_counted(shared: Server) -> None:
    behaviour = _entities(shared, list(range(10, 410, 10)))

    def delete_first(name: str, page: int) -> None:
        if name == _NAME and page == 3:
            behaviour.rows[_NAME] = [one for one in behaviour.rows[_NAME] if one["EntityID"] != 10]

    behaviour.before_page = delete_first
    raw = _read(shared, 10, threads=1)
    assert set(range(20, 410, 10)) <= set(_ids(raw))
    assert raw.statistics["recovered"] == 1


def test_a_mistyped_value_on_a_page_read_again_is_counted(shared: Server) -> None:
    """The first rows of a page vanish while it is read; the row that was missed is mistyped."""
    behaviour = _entities(shared, list(range(10, 410, 10)))
    missed = next(one for one in behaviour.rows[_NAME] if one["EntityID"] == 210)
    missed["IsDistrictWide"] = "perhaps"

    def delete_first(name: str, page: int) -> None:
        if name == _NAME and page == 3:
            behaviour.rows[_NAME] = [one for one in behaviour.rows[_NAME] if one["EntityID"] != 10]

    behaviour.before_page = delete_first
    raw = _read(shared, 10, threads=1)
    assert 210 in _ids(raw)
    assert (raw.statistics["recovered"], raw.statistics["mistyped"]) == (1, 1)


def test_a_row_that_comes_twice_is_kept_once_and_counted(shared: Server) -> None:
    behaviour = _entities(shared, list(range(10, 410, 10)))

    def add_before(name: str, page: int) -> None:
        if name == _NAME and page == 3:
            behaviour.rows[_NAME].append({**behaviour.rows[_NAME][0], "EntityID": 5})

    behaviour.before_page = add_before
    raw = _read(shared, 10, threads=1)
    assert _ids(raw) == list(range(10, 410, 10))
    assert raw.statistics["duplicates"] == 1


def test_a_page_that_repeats_for_ever_is_refused(shared: Server) -> None:
    behaviour = _entities(shared, list(range(1, 50)))

    def repeats(handler: does.Handler) -> None:
        handler.path = handler.path.replace("/Entity/2/", "/Entity/1/")
        handler.go_on()

    behaviour.fault("District/Entity/2/10", repeats, 99)
    with pytest.raises(errors.RowsMoving, match="page 2 repeats"):
        _read(shared, 10)


def test_a_page_that_repeats_once_is_read_again(shared: Server) -> None:
    behaviour = _entities(shared, list(range(1, 50)))

    def repeats(handler: does.Handler) -> None:
        handler.path = handler.path.replace("/Entity/3/", "/Entity/2/")
        handler.go_on()

    behaviour.fault("District/Entity/3/10", repeats, 1)
    assert _ids(_read(shared, 10)) == list(range(1, 50))


def test_pages_without_end_are_refused(shared: Server) -> None:
    behaviour = _entities(shared, list(range(1, 60)))
    del behaviour
    limits = Limits(page_size=5, pages=3)
    with (
        QmlativClient(shared.connection, limits=limits) as client,
        pytest.raises(errors.AnswerTooLarge, match="3 pages"),
    ):
        client.read(RawAsset.ENTITIES)
