"""OpenSSH's own server on loopback, and a way to cut a connection to it half-way."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from samegoal_sync.samegoal.delivery.sftp import Destination

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
needs_sshd = pytest.mark.skipif(
    SSHD is None, reason="needs OpenSSH's server: apt-get install openssh-server"
)


def key(path: Path) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, timeout=30
    )
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_sshd(tmp_path: Path) -> Iterator[Destination]:
    """A running sshd that takes one key, and its upload folder."""
    host_key, user_key = key(tmp_path / "host"), key(tmp_path / "user")
    upload, port = tmp_path / "upload", free_port()
    upload.mkdir()
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\n"
        f"AuthorizedKeysFile {user_key}.pub\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitTTY no\n"
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n"
    )
    with suppress(OSError):
        Path("/run/sshd").mkdir(mode=0o755)  # sshd run by root asks for it
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=log)
    try:
        _wait(port)
        known = tmp_path / "known_hosts"
        known.write_text(known_host(port, host_key))
        yield Destination(
            "127.0.0.1", getpass.getuser(), user_key, known, port=port, folder=str(upload)
        )
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def known_host(port: int, host_key: Path) -> str:
    return f"[127.0.0.1]:{port} {host_key.with_suffix('.pub').read_text()}"


def _wait(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("sshd did not start")


@contextmanager
def cut_after(port: int, sent: int, *, times: int = 1) -> Iterator[int]:
    """A port in front of another that breaks the first connections after so many bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def forward() -> None:
        with suppress(OSError):
            for limit in (*[sent] * times, None):
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=_pump, args=(far, near, None), daemon=True).start()
                _pump(near, far, limit)
                for end in (near, far):
                    end.close()

    worker = threading.Thread(target=forward, daemon=True)
    worker.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        listener.close()
        worker.join(timeout=10)


def _pump(source: socket.socket, target: socket.socket, limit: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while (limit is None or passed < limit) and (data := source.recv(16_384)):
            target.sendall(data)
            passed += len(data)
        source.shutdown(socket.SHUT_RDWR)
