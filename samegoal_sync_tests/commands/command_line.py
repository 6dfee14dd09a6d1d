"""The command as a person starts it: a process of its own, in a home of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def new_home() -> Iterator[Path]:
    """A short path (a Unix socket's must be), gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="sg-home-"))
    home.chmod(0o755)
    try:
        yield home / "dagster"
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(
    home: Path, *arguments: str, environment: dict[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``samegoal-sync`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "samegoal_sync.cli", *arguments],
        env=environment_of(home) | (environment or {}),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@contextmanager
def started(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start ``samegoal-sync``; whatever it left running is ended afterwards."""
    output = home.parent / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "samegoal_sync.cli", *arguments],
            env=environment_of(home),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        yield process, output
    finally:
        for child in left_by(home):
            child.kill()
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_for_text(process: subprocess.Popen[str], output: Path, text: str) -> str:
    """What it said, once it has said ``text``."""
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        said = output.read_text()
        if text in said:
            return said
        assert process.poll() is None, said
        time.sleep(0.2)
    raise AssertionError(f"{text!r} was not said: {output.read_text()}")


def interrupt(process: subprocess.Popen[str]) -> int:
    """Press Ctrl-C and wait for the end."""
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=60)


def left_by(home: Path) -> list[psutil.Process]:
    """Processes that belong to this home: by their command line or their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            if str(home) in words or process.environ().get("DAGSTER_HOME") == str(home):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def environment_of(home: Path) -> dict[str, str]:
    return {**os.environ, "DAGSTER_HOME": str(home), "COLUMNS": "160"}
