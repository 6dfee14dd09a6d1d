"""Before the application: real sockets against the portal's process with 256 file descriptors."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import requests

from samegoal_sync.commands.child_programs import wait_until_listening
from samegoal_sync.portal.bounded_connections import HEADER_BYTES, RECEIVE_SECONDS
from samegoal_sync_tests.commands.command_line import free_ports

pytestmark = pytest.mark.slow

_HALF = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nlogin="


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


@contextmanager
def _portal(database_url: str, home: Path) -> Iterator[tuple[int, psutil.Process]]:
    (port,) = free_ports(1)
    program = subprocess.Popen(
        [sys.executable, "-c",
         "import sys; from pathlib import Path; from samegoal_sync.settings import Settings;"
         "from samegoal_sync.portal.serve import serve;"
         "home = Path(sys.argv[2]); serve(Settings(home=home, storage=home), sys.argv[1],"
         "port=int(sys.argv[3]))", database_url, str(home), str(port)],
        preexec_fn=_few_files,
    )  # fmt: skip
    try:
        wait_until_listening(program, port, "Portal", home / "none")
        yield port, psutil.Process(program.pid)
    finally:
        program.terminate()
        program.wait(30)


def _seconds(port: int) -> float:
    began = time.monotonic()
    assert requests.get(f"http://127.0.0.1:{port}/sign-in", timeout=30).status_code == 200
    return time.monotonic() - began


def _closed_after(held: socket.socket, began: float) -> float:
    held.settimeout(RECEIVE_SECONDS * 3)
    with suppress(ConnectionResetError):
        held.recv(1)
    return time.monotonic() - began


def _send_slowly(to: socket.socket, times: int) -> None:
    for _ in range(times):
        to.sendall(b"x" * HEADER_BYTES)
        time.sleep(0.0005)


def test_held_connections_and_great_headers_take_nothing_from_others(
    districts: str, tmp_path: Path
) -> None:
    with _portal(districts, tmp_path) as (port, process), ExitStack() as stack:
        _seconds(port)
        before = process.memory_info().rss
        great = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        great.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send_slowly(great, 4_000)  # 125 MB, if it were taken
        assert process.memory_info().rss - before < 20 * 2**20
        began, held = time.monotonic(), []
        for number in range(300):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            one.sendall(b"" if number % 2 else _HALF)
            held.append(one)
        # Everybody else is answered, while 300 hold on: over a minute before.
        assert max(_seconds(port) for _ in range(5)) < 3.0
        assert process.num_fds() < 256
        assert _closed_after(held[-1], began) < RECEIVE_SECONDS + 5
        assert _seconds(port) < 3.0
