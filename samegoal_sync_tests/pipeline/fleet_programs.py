"""The programs of deploy/README.md, as it says to start them: for a test and a benchmark."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from samegoal_sync.commands.child_programs import running_program, wait_until_listening
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.settings import Settings
from samegoal_sync_tests.commands.command_line import free_ports

DEPLOY = CHECKOUT / "deploy"


class Fleet:
    """The programs of deploy/README.md, each of which can be ended and started again."""

    def __init__(self, settings: Settings, database_url: str, folder: Path) -> None:
        self.folder = folder
        self.redis_port, self.code_port = free_ports(2)
        redis = f"redis://127.0.0.1:{self.redis_port}"
        self.environment: Mapping[str, str] = {
            # The worker's command looks for the program celery.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **pipeline_environment(settings, database_url),
            "SAMEGOAL_SYNC_CELERY_BROKER": f"{redis}/0",
            "SAMEGOAL_SYNC_CELERY_BACKEND": f"{redis}/1",
        }
        home = settings.home
        (home / "dagster.yaml").unlink()
        shutil.copy(DEPLOY / "dagster.yaml", home)
        self.workspace = folder / "workspace.yaml"
        text = (DEPLOY / "workspace.yaml").read_text()
        assert "host: code-server" in text
        assert "port: 4000" in text
        self.workspace.write_text(
            text.replace("host: code-server", "host: 127.0.0.1").replace(
                "port: 4000", f"port: {self.code_port}"
            )
        )
        self._started = 0

    @contextmanager
    def _program(
        self, name: str, *arguments: str, **environment: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        self._started += 1
        log = self.folder / f"{self._started}-{name}.log"
        with running_program(arguments, {**self.environment, **environment}, log) as program:
            yield program

    @contextmanager
    def redis(self) -> Iterator[subprocess.Popen[bytes]]:
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        start = (
            "import os, sys; os.execvp('redis-server', ['redis-server', *sys.argv[1:]])", "--port",
            str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(data), "--appendonly", "yes",
        )  # fmt: skip
        with self._program("redis", "-c", *start) as program:
            wait_until_listening(program, self.redis_port, "Redis", self.folder / "redis.log")
            yield program

    @contextmanager
    def code_server(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._program(
            "code-server", "-m", "dagster", "code-server", "start",
            "-m", "samegoal_sync.definitions", "-h", "127.0.0.1", "-p", str(self.code_port),
        ) as program:  # fmt: skip
            wait_until_listening(program, self.code_port, "code server", self.folder / "code.log")
            yield program

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._program(
            "daemon", "-m", "dagster._daemon", "run", "-w", str(self.workspace)
        ) as program:
            yield program

    @contextmanager
    def worker(self, processes: int = 2) -> Iterator[subprocess.Popen[bytes]]:
        with self._program(
            "worker", "-m", "dagster_celery.cli", "worker", "start",
            "-A", "samegoal_sync.pipeline.celery_worker",
            "-y", str(DEPLOY / "celery.yaml"), "--", "--concurrency", str(processes),
            POLARS_MAX_THREADS="1",
        ) as program:  # fmt: skip
            yield program
