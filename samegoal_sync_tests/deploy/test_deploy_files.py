"""deploy/ as it is shipped: units that systemd takes, and command lines that really start."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from samegoal_sync.commands.child_programs import running_program
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync_tests.commands.command_line import free_ports

DEPLOY = CHECKOUT / "deploy"
UNITS = {
    path.stem.removeprefix("samegoal-"): path for path in (DEPLOY / "systemd").glob("*.service")
}
_SYSTEMD = shutil.which("systemd-analyze")
_needs_systemd = pytest.mark.skipif(_SYSTEMD is None, reason="systemd is not installed here")
_ADDRESSES = ("-h", "--host")


def _start(name: str) -> list[str]:
    (line,) = re.findall(r"^ExecStart=(.*)$", UNITS[name].read_text(), re.MULTILINE)
    return shlex.split(line)


@_needs_systemd
def test_systemd_takes_the_units_and_finds_them_closed(tmp_path: Path) -> None:
    for path in (DEPLOY / "systemd").iterdir():
        if path.suffix in (".service", ".target"):
            text = path.read_text().replace("/opt/samegoal/deploy", str(DEPLOY))
            (tmp_path / path.name).write_text(text)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 7
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    for file in files:
        if file.suffix == ".service":
            judged = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
                 file],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert judged.returncode == 0, judged.stdout[-300:]


def _without_addresses(arguments: list[str]) -> list[str]:
    return ["HOST" if before in _ADDRESSES else one
            for before, one in zip(["", *arguments], arguments, strict=False)]  # fmt: skip


def test_containers_start_what_the_units_start() -> None:
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
    for name in UNITS:
        program, *rest = _start(name)
        assert program == "/opt/samegoal/deploy/run_program"
        assert _without_addresses(rest) == _without_addresses(compose["services"][name]["command"])
    outside = [name for name, one in compose["services"].items() if "ports" in one]
    assert outside == ["proxy"]
    behind = [name for name, one in compose["services"].items() if "front" in one["networks"]]
    assert sorted(behind) == ["portal", "proxy", "sign-in"]  # the Dagster UI is not among them
    for unit in UNITS:
        listens = [one for before, one in zip(_start(unit), _start(unit)[1:], strict=False)
                   if before in _ADDRESSES]  # fmt: skip
        assert set(listens) <= {"127.0.0.1"}


def test_a_workers_processes_bring_no_threads_of_their_own() -> None:
    """A process a core is enough: threads of small queries only wake each other."""
    compose = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())["services"]
    worker = compose["worker"]["environment"]
    assert worker["POLARS_MAX_THREADS"] == "1"
    assert compose["daemon"]["environment"].items() <= worker.items()
    assert "Environment=POLARS_MAX_THREADS=1" in UNITS["worker"].read_text().splitlines()


def test_every_setting_of_the_examples_is_on_the_page_and_none_is_a_secret() -> None:
    page = (CHECKOUT / "docs" / "settings.md").read_text() + (DEPLOY / "README.md").read_text()
    for path in (DEPLOY / "systemd" / "environment", DEPLOY / "container" / "env.example"):
        text = path.read_text()
        names = set(re.findall(r"^#?(SAMEGOAL_SYNC_[A-Z_]+)=", text, re.MULTILINE))
        assert len(names) > 4
        assert [name for name in names if name not in page] == []
        secret = re.compile(r"^([A-Z_]*(?:KEY|SECRET|PASSWORD|TOKEN))=(.*)$", re.MULTILINE)
        for name, value in secret.findall(text):
            assert "CHANGE-THIS" in value, name
    # Read by a shell as well as by systemd: an address with & in it must not end the line.
    shown = subprocess.run(
        ["sh", "-c", f'set -a; . "{DEPLOY}/systemd/environment"; env'], capture_output=True,
        text=True, check=True, env={},
    )  # fmt: skip
    assert shown.stderr == ""
    assert "SAMEGOAL_SYNC_SECRET_KEY=CHANGE-THIS" in shown.stdout


@contextmanager
def _started(folder: Path, environment: dict[str, str], names: dict[str, str]) -> Iterator[None]:
    """The units' own command lines, by hand: ports and paths of this machine in place of theirs."""
    with ExitStack() as stack:
        for name in ("code-server", "web", "portal", "monitor"):
            arguments = [names.get(one, one) for one in _start(name)]
            stack.enter_context(
                running_program(
                    ("-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])", *arguments),
                    environment,
                    folder / f"{name}.log",
                )
            )
        yield


def _answer(url: str, seconds: float = 120) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            answer = requests.get(url, timeout=10)
            if answer.status_code == 200:
                return answer.text
        except requests.RequestException:
            pass
        time.sleep(0.5)
    raise AssertionError(f"{url} did not answer")


@pytest.mark.slow
def test_the_units_programs_start_and_log_lines_of_json(database_url: str, tmp_path: Path) -> None:
    code, web, portal, monitor = free_ports(4)
    workspace = tmp_path / "workspace.yaml"
    text = (DEPLOY / "systemd" / "workspace.yaml").read_text()
    assert "port: 4000" in text
    workspace.write_text(text.replace("port: 4000", f"port: {code}"))
    names = {
        "/opt/samegoal/deploy/run_program": str(DEPLOY / "run_program"),
        "/etc/samegoal/workspace.yaml": str(workspace),
        "4000": str(code), "3000": str(web), "8000": str(portal), "9464": str(monitor),
    }  # fmt: skip
    environment = {
        "SAMEGOAL_BIN": str(Path(sys.executable).parent),
        "PATH": os.defpath,
        "DAGSTER_HOME": str(tmp_path / "home"),
        "SAMEGOAL_SYNC_STORAGE": str(tmp_path / "storage"),
        "SAMEGOAL_SYNC_DATABASE_URL": database_url,
    }
    with _started(tmp_path, environment, names):
        assert _answer(f"http://127.0.0.1:{portal}/readyz") == "ready\n"
        assert "samegoal_sync_database_up 1.0" in _answer(f"http://127.0.0.1:{monitor}/metrics")
        assert "dagster_webserver_version" in _answer(f"http://127.0.0.1:{web}/server_info")
        query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
        deadline = time.monotonic() + 60
        while (
            "__repository__"
            not in requests.post(
                f"http://127.0.0.1:{web}/graphql", json={"query": query}, timeout=30
            ).text
        ):
            assert time.monotonic() < deadline, "the web server did not reach the code server"
            time.sleep(1)
    for name in ("code-server", "web"):
        lines = (tmp_path / f"{name}.log").read_text().splitlines()
        objects = [json.loads(line) for line in lines if line.startswith("{")]
        assert objects, name
        assert all("event" in one for one in objects)
