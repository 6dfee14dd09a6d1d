"""A world on a Postgres of its own, which a test can stop, start, fill and lose."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from samegoal_sync.database.migrate import make_or_require_current
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.sandbox import Sandbox
from samegoal_sync_tests.database.own_servers import OwnServer, as_superuser, in_database
from samegoal_sync_tests.pipeline.conftest import SLUGS, World, made_world

FAIRVIEW = SLUGS[0]


@contextmanager
def world_on(server: OwnServer, sandbox: Sandbox, folder: Path) -> Iterator[World]:
    """The districts of ``conftest`` in a fresh database of the server."""
    as_superuser(server.address, ["create database samegoal"])
    url = in_database(server.address)
    make_or_require_current(url)
    with made_world(url, sandbox, folder) as world:
        yield world


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of its own, which is soon full."""
    folder = Path(tempfile.mkdtemp(prefix="sg-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(disk: Path, leave: int = 0) -> Path:
    """A file that takes what room there is, but for so many bytes; delete it to make room."""
    ballast = disk / "ballast"
    room = os.statvfs(disk)
    left = room.f_bavail * room.f_frsize - leave
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
    return ballast


@contextmanager
def sync_that_reads(world: World, seconds: int = 6) -> Iterator[subprocess.Popen[str]]:
    """``samegoal-sync sync``, in the middle of a read to which Qmlativ answers so much later."""
    calls = len(world.sandbox.log(FAIRVIEW))
    world.sandbox.fault(FAIRVIEW, "silent", count=1, seconds=seconds, path="Student/Student")
    command = subprocess.Popen(
        [sys.executable, "-m", "samegoal_sync.cli", "sync", FAIRVIEW],
        env={**os.environ, **pipeline_environment(world.settings, world.database_url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 90
        while len(world.sandbox.log(FAIRVIEW)) <= calls + 3:
            assert time.monotonic() < deadline, "the sync read nothing"
            time.sleep(0.1)
        yield command
    finally:
        command.kill()
        command.wait()


def syncs(world: World) -> list[tuple[str, str | None]]:
    """State and message of each recorded import, oldest first."""
    with psycopg.connect(world.database_url) as connection:
        return connection.execute(
            "select state, message from samegoal.syncs order by id"
        ).fetchall()


def statuses(world: World) -> list[str]:
    """The status of each of Dagster's runs of an import, oldest first."""
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute("select status from dagster.runs order by id").fetchall()
    return [status for (status,) in rows]


def what_stands(world: World) -> str:
    """Runs, imports and nights, for whoever reads why a test waited in vain."""
    with psycopg.connect(world.database_url) as connection:
        nights = connection.execute("select * from samegoal.nights").fetchall()
        ends = connection.execute(
            "select timestamp, event::jsonb->>'user_message' from dagster.event_logs "
            "where dagster_event_type in "
            "('ENGINE_EVENT', 'PIPELINE_FAILURE', 'PIPELINE_SUCCESS', 'STEP_FAILURE') order by id"
        ).fetchall()
    lines = [f"runs {statuses(world)}", f"imports {syncs(world)}", f"nights {nights}"]
    return "\n".join((*lines, *(f"{when:%H:%M:%S} {said}" for when, said in ends)))
