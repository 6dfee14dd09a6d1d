"""Programs that a command starts and that end with it, whatever ends the command."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from samegoal_sync.commands.orphan_watch import end_group, group_lives, watched_for_orphans
from samegoal_sync.errors import SyncError, UsageError

_LOOPBACK = "127.0.0.1"

#: A log is as long as this at most, and so is the one before it.
_LOG_BYTES = 10_000_000


def require_free_port(port: int, option: str, host: str = _LOOPBACK) -> None:
    """Refuse a taken port before anything is started.

    Raises:
        UsageError: another program listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            raise UsageError(
                f"port {port} on {host} can't be used: another program has it, or it is reserved",
                hint=f"choose a free one with {option}, or stop that program",
            ) from None


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A hang-up or a polite kill ends the command as Ctrl-C does: everything is closed."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(name, interrupt) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


@contextmanager
def running_program(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``python -m ...`` in a group of its own; the whole group is gone when this leaves, or
    this process is killed.

    Args:
        arguments: what follows ``python``.
        environment: added to this process's environment.
        log: where its output goes, readable by the owner alone; what stands there stays.
    """
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(opened, "wb") as output, watched_for_orphans() as watch:
        program = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            watch(program.pid)
            yield program
        finally:
            _end_group(program)


def wait_until_listening(
    program: subprocess.Popen[bytes], port: int, name: str, log: Path, seconds: float = 120.0
) -> None:
    """Return once something answers on the port.

    Raises:
        SyncError: the program ended, or did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if program.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex((_LOOPBACK, port)) == 0:
                return
        time.sleep(0.2)
    raise SyncError(f"{name} did not start", hint=f"read {log} for what it said")


def wait_for_end(
    programs: Mapping[str, tuple[subprocess.Popen[bytes], Path]],
    look_after: Callable[[], None] = lambda: None,
) -> None:
    """Stay until Ctrl-C, keeping the logs short; a program that ends by itself is an error.

    Args:
        programs: by name, the program and its log.
        look_after: called twice a second, for what the programs need.

    Raises:
        SyncError: one of the programs ended.
    """
    while True:
        for name, (program, log) in programs.items():
            if program.poll() is not None:
                raise SyncError(
                    f"{name} ended with status {program.returncode}",
                    hint=f"read {log}, then start again",
                )
            keep_short(log)
        look_after()
        time.sleep(0.5)


def keep_short(log: Path, most: int = _LOG_BYTES) -> None:
    """Move what is logged into the file before it once it is long; the program goes on writing.

    The program holds the file open, so it is copied and emptied rather than renamed.
    """
    if log.stat().st_size <= most:
        return
    before = log.with_suffix(".1.log")
    with log.open("rb") as written:
        opened = os.open(before, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "wb") as kept:
            shutil.copyfileobj(written, kept)
    os.truncate(log, 0)


def _end_group(program: subprocess.Popen[bytes]) -> None:
    def lives() -> bool:
        program.poll()  # reaps the leader, so that an empty group is seen as gone
        return group_lives(program.pid)

    if not end_group(program.pid, lives):
        click.echo(f"a program of group {program.pid} could not be stopped", err=True)
    program.wait()
