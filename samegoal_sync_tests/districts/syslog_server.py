"""A real syslog server: Debian's rsyslog, on every way that the audit log may take to it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from samegoal_sync_tests.mail.mail_servers import free_port, make_certificate

_PROGRAM = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
_FORM = "%syslogfacility-text% %syslogseverity-text% %protocol-version% %app-name% %msgid% %msg%"
_CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="16k"
    defaultNetstreamDriverCAFile="{certificate}"
    defaultNetstreamDriverCertFile="{certificate}"
    defaultNetstreamDriverKeyFile="{key}")
module(load="imudp")
module(load="imptcp")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
module(load="imuxsock" sysSock.use="off")
input(type="imudp" address="127.0.0.1" port="{tcp}")
input(type="imptcp" address="127.0.0.1" port="{tcp}")
input(type="imtcp" address="127.0.0.1" port="{tls}")
input(type="imuxsock" socket="{folder}/log" useSpecialParser="off" parseHostname="on")
template(name="line" type="string"
    string="{form}\\n")
action(type="omfile" file="{folder}/received" template="line")
"""


@dataclass(frozen=True)
class Syslog:
    """Where it is, and what it has."""

    folder: Path
    tcp: int
    tls: int

    def address(self, kind: str) -> str:
        return {
            "socket": f"syslog://{self.folder}/log?facility=local3",
            "udp": f"syslog+udp://127.0.0.1:{self.tcp}?facility=local3",
            "tcp": f"syslog+tcp://127.0.0.1:{self.tcp}?facility=local3",
            "tls": f"syslog+tls://127.0.0.1:{self.tls}?facility=local3&ca={self.folder}/cert.pem",
        }[kind]

    def received(self, lines: int) -> list[str]:
        """What it wrote, once it has written so many lines."""
        path, until = self.folder / "received", time.monotonic() + 20
        while True:
            found = path.read_text().splitlines() if path.exists() else []
            if len(found) >= lines or time.monotonic() > until:
                return found
            time.sleep(0.05)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The server, listening."""
        program = subprocess.Popen(
            [_PROGRAM, "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"],
            stderr=subprocess.PIPE,
        )
        try:
            until = time.monotonic() + 30
            while not (self.folder / "log").is_socket() or not _listens(self.tls):
                assert program.poll() is None, program.stderr and program.stderr.read()
                assert time.monotonic() < until
                time.sleep(0.05)
            yield
        finally:
            program.terminate()
            program.communicate(timeout=30)
            (self.folder / "log").unlink(missing_ok=True)


def _listens(port: int) -> bool:
    """Without a connection, which the server would log."""
    return f"{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()


def syslog_in(folder: Path) -> Syslog:
    """A server with a short path, not started yet; skips where rsyslog is not installed."""
    if not Path(_PROGRAM).exists():
        pytest.skip("Debian's rsyslog is not installed")
    certificate, key = make_certificate(folder)
    server = Syslog(folder, free_port(), free_port())
    (folder / "rsyslog.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            certificate=certificate,
            key=key,
            tcp=server.tcp,
            tls=server.tls,
            form=_FORM,
        )
    )
    return server
