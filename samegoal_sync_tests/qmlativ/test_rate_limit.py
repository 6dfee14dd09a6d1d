"""Rate limit and haste: a strained host is left alone, and a read that failed ends at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http import rate_limit
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.rate_limit import HostGate, gate_of
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server

Make = Callable[..., QmlativClient]

#: Far below any pause or time-out that these tests would otherwise wait for.
_AT_ONCE = 10.0


def _answers(gate: HostGate, times: int = 1) -> None:
    for _ in range(times):
        with gate.place(60.0):
            pass


def _strain(gate: HostGate, error: errors.QmlativError) -> None:
    with pytest.raises(type(error)), gate.place(60.0):
        raise error


def test_a_busy_answer_halves_what_a_host_gets_at_once() -> None:
    gate = HostGate(8)
    _strain(gate, errors.ServerBusy("h", 429, 0.0))
    assert gate.allowed == 4
    _strain(gate, errors.ServerSilent("h", 1.0))
    assert gate.allowed == 2
    for _ in range(5):
        _strain(gate, errors.ServerBusy("h", 503))
    assert gate.allowed == 1


def test_other_faults_are_no_strain() -> None:
    gate = HostGate(8)
    _strain(gate, errors.ServerFailed("h", 500, "x"))
    assert gate.allowed == 8


def test_a_slow_answer_takes_one_away_and_twenty_good_ones_give_one_back() -> None:
    gate = HostGate(3)
    with gate.place(slow_seconds=-1.0):
        pass
    assert gate.allowed == 2
    _answers(gate, 19)
    assert gate.allowed == 2
    _answers(gate)
    assert gate.allowed == 3
    _answers(gate, 40)
    assert gate.allowed == 3


def test_never_more_at_once_than_allowed() -> None:
    gate, most, inside = HostGate(3), 0, 0
    lock = threading.Lock()

    def one() -> None:
        nonlocal most, inside
        with gate.place(60.0):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_a_retry_after_holds_for_every_district_of_the_host(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two clients, one host: the pause asked of the first is kept by the second."""
    began = time.monotonic()
    ahead = 0.0
    monkeypatch.setattr(rate_limit, "time", _Ahead(lambda: time.monotonic() + ahead))
    gate = gate_of(server.connection.host, Limits())
    _strain(gate, errors.ServerBusy("h", 503, 30.0))
    waited = threading.Event()

    def look() -> None:
        nonlocal ahead
        waited.set()
        ahead = 31.0 if time.monotonic() - began > 0.3 else 0.0

    with gate.place(60.0, look):
        assert ahead == 31.0
    assert waited.is_set()


class _Ahead:
    """A clock in the place of the module ``time``."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic


def test_districts_of_one_host_share_one_gate_and_others_do_not() -> None:
    assert gate_of("a.example", Limits()) is gate_of("a.example", Limits())
    assert gate_of("a.example", Limits()) is not gate_of("b.example", Limits())


@pytest.fixture
def patient(server: Server) -> Iterator[QmlativClient]:
    """A client with the real clock: its pauses are real ones."""
    with QmlativClient(server.connection, limits=Limits(read_seconds=60.0)) as client:
        client.system_metadata()
        yield client
        server.behaviour.faults.clear()


_WAITS: dict[str, does.Strike] = {
    "asked to wait": does.answers(503, Retry_After="50"),
    "silent": does.silent(50.0),
}


@pytest.mark.parametrize("how", _WAITS)
def test_a_read_that_failed_for_good_waits_for_nothing(
    how: str, server: Server, patient: QmlativClient
) -> None:
    """The incident: an essential object was refused while others sat out their pauses."""
    waiting = threading.Event()

    def waits(handler: Handler) -> None:
        waiting.set()
        _WAITS[how](handler)

    def refuses(handler: Handler) -> None:
        waiting.wait(5.0)
        handler.answer(403, b'{"errors": ["not granted: StudentNumber"]}')

    server.behaviour.fault("Student/Student", refuses, 99)
    server.behaviour.fault("Demographics/Name/", waits, 99)
    began = time.monotonic()
    with pytest.raises(errors.FieldNotGranted, match="StudentNumber"):
        patient.read(RawAsset.STUDENTS)
    assert time.monotonic() - began < _AT_ONCE
    patient.close()
    assert time.monotonic() - began < _AT_ONCE
    assert not [one for one in threading.enumerate() if one.name.startswith("qmlativ")]


def test_after_a_failed_read_the_client_reads_again(server: Server, client_of: Make) -> None:
    client = client_of(server)
    refusal = does.answers(403, b'{"errors": ["not granted: EntityID"]}')
    server.behaviour.fault("District/Entity", refusal, 1)
    with pytest.raises(errors.ObjectNotGranted):
        client.read(RawAsset.ENTITIES)
    assert client.read(RawAsset.ENTITIES)["District/Entity"].height == 1


def test_a_district_that_answers_for_ever_ends_at_its_deadline(server: Server) -> None:
    template = server.behaviour.rows["District/Entity"][0]
    server.behaviour.rows["District/Entity"] = [
        {**template, "EntityID": number} for number in range(3000)
    ]
    server.behaviour.before_page = lambda _name, _page: time.sleep(0.02)
    limits = Limits(page_size=1, deadline_seconds=1.5)
    began = time.monotonic()
    with (
        QmlativClient(server.connection, limits=limits) as client,
        pytest.raises(errors.DeadlinePassed, match=r"longer than 1\.5 s"),
    ):
        client.read(RawAsset.ENTITIES)
    assert time.monotonic() - began < _AT_ONCE


def test_a_silent_answer_is_not_waited_for_beyond_the_deadline(server: Server) -> None:
    limits = Limits(deadline_seconds=1.0)
    with QmlativClient(server.connection, limits=limits) as client:
        client.system_metadata()
        server.behaviour.fault("District/Entity", does.silent(50.0), 99)
        began = time.monotonic()
        with pytest.raises((errors.DeadlinePassed, errors.ServerSilent)):
            client.read(RawAsset.ENTITIES)
        assert time.monotonic() - began < _AT_ONCE
