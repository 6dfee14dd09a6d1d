"""The programs that fit the server, and none that would send students' data in the open."""

from __future__ import annotations

import pytest

from samegoal_sync.backup import postgres_tools
from samegoal_sync.backup.errors import BackupError
from samegoal_sync.backup.postgres_tools import connection_of, tools_for

_HERE = "postgresql:///samegoal?host=/tmp/here"


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_tools, "_FOLDERS", ())
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(("server", "taken"), [(15, 16), (16, 16), (17, 18), (18, 18)])
def test_a_server_without_programs_of_its_own_takes_the_next_newer_ones(
    server: int, taken: int
) -> None:
    assert tools_for(server, _HERE).major == taken
    assert tools_for(server).major == taken


@pytest.mark.usefixtures("nothing_installed")
def test_a_newer_server_is_told_what_to_install() -> None:
    with pytest.raises(BackupError, match=r"PostgreSQL 19 or newer .* \(newest: 18\)") as refused:
        tools_for(19, _HERE)
    assert "postgresql-client-19" in refused.value.hint


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:p@db.example/samegoal",
        "postgresql://localhost/s?sslmode=verify-full",
        "service=prod",
    ],
)
def test_the_embedded_programs_speak_no_tls_and_go_nowhere(address: str) -> None:
    with pytest.raises(BackupError, match="no pg_dump"):
        tools_for(18, address)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("variable", "value"),
    [("PGHOST", "db.example"), ("PGHOSTADDR", "192.0.2.7"), ("PGSERVICE", "prod"),
     ("PGSSLMODE", "require")],
)  # fmt: skip
def test_a_server_that_only_the_environment_names_is_elsewhere_too(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    for address in ("postgresql:///samegoal", "dbname=samegoal"):
        with pytest.raises(BackupError, match="no pg_dump"):
            tools_for(18, address)


def test_a_password_is_no_argument() -> None:
    address, environment = connection_of("postgresql://u:hunter2%40@h:5/d?sslmode=require")
    assert "hunter2" not in address
    assert environment["PGPASSWORD"] == "hunter2@"
    assert "sslmode=require" in address
