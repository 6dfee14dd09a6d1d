"""What is shared is told for every object of the catalog, from a few rows of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.access_probe import Grant
from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.connection import Connection
from samegoal_sync.sandbox import SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.conftest import HurriedClock
from samegoal_sync_tests.qmlativ.misbehaving_server import Handler, Server
from samegoal_sync_tests.qmlativ.test_field_grants import _metadata, _refuses

Make = Callable[..., QmlativClient]
_STUDENT, _ACCESS = "Student/Student", "Family/StudentGuardianRestrictedAccess"


def _lacking(client: QmlativClient) -> dict[str, Grant]:
    return {one.name: one for one in client.grants() if one.missing}


def test_a_district_that_shares_everything_lacks_nothing(server: Server, client_of: Make) -> None:
    client = client_of(server)
    assert [one.name for one in client.grants()] == [item.name for item in CATALOG]
    assert not _lacking(client)


@pytest.mark.parametrize("words", ["not granted: IsGraduated", "no"])
def test_a_refused_field_is_found_whether_it_is_named_or_not(
    words: str, server: Server, client_of: Make
) -> None:
    server.behaviour.fault("Student/Student/1/", _refuses("IsGraduated", 403, words), 99)
    lacking = _lacking(client_of(server))
    assert lacking == {_STUDENT: Grant(_STUDENT, frozenset({"IsGraduated"}), False, False)}


def test_a_field_left_out_of_every_row_is_found_unless_the_metadata_has_it(
    server: Server, client_of: Make
) -> None:
    row = server.behaviour.rows[_STUDENT][0]
    del row["StudentNumber"]
    server.behaviour.fault("/Student/Student/1/", Handler.go_on, 1)
    server.behaviour.fault("/Student/Student", _metadata(*row), 1)
    found = _lacking(client_of(server))[_STUDENT]
    assert found == Grant(_STUDENT, frozenset({"StudentNumber"}), stops=True, whole=False)
    server.behaviour.fault("/Student/Student/1/", Handler.go_on, 1)
    server.behaviour.fault("/Student/Student", _metadata(*row, "StudentNumber"), 1)
    assert not _lacking(client_of(server))


def test_an_object_without_rows_is_judged_by_its_metadata(server: Server, client_of: Make) -> None:
    shared = [name for name in server.behaviour.rows[_ACCESS][0] if name != "EndDate"]
    server.behaviour.rows[_ACCESS] = []
    server.behaviour.fault(f"{_ACCESS}/1/", Handler.go_on, 1)
    server.behaviour.fault(_ACCESS, _metadata(*shared), 1)
    assert _lacking(client_of(server))[_ACCESS].missing == {"EndDate"}


def test_an_object_that_is_refused_is_missing_whole(server: Server, client_of: Make) -> None:
    for name in (_ACCESS, "Family/Family"):
        server.behaviour.fault(f"/{name}/", does.answers(404), 99)
    lacking = _lacking(client_of(server))
    assert lacking.keys() == {_ACCESS, "Family/Family"}
    assert (lacking[_ACCESS].whole, lacking[_ACCESS].stops) == (True, False)
    assert (lacking["Family/Family"].whole, lacking["Family/Family"].stops) == (True, True)


def test_a_refusal_of_the_whole_district_is_an_error(server: Server, client_of: Make) -> None:
    client = client_of(server)
    client.system_metadata()
    server.behaviour.fault("/Student/", does.answers(401, b'{"errors": ["access expired"]}'), 99)
    with pytest.raises(errors.AccessExpired):
        client.grants()


@pytest.mark.parametrize("refuse", [True, False])
def test_the_sandbox_is_reported_as_it_is(refuse: bool) -> None:
    hidden = frozenset({"Demographics/Name.IsWhite", _ACCESS, "Student/Student.StudentNumber"})
    district = SandboxDistrict("oak", "Oak", 40, not_granted=hidden, refuse_not_granted=refuse)
    with running_sandbox([district]) as sandbox:
        sandbox.create_access("oak", "key")
        secret = Secret(sandbox.generate_secret("oak", "key"))
        connection = Connection(sandbox.base_url("oak"), "key", secret, allow_loopback=True)
        with QmlativClient(connection, clock=HurriedClock()) as client:
            lacking = _lacking(client)
    assert lacking.keys() == {"Demographics/Name", _ACCESS, _STUDENT}
    assert lacking["Demographics/Name"].missing == {"IsWhite"}
    assert lacking[_ACCESS].whole
    assert lacking[_STUDENT] == Grant(_STUDENT, frozenset({"StudentNumber"}), True, False)
