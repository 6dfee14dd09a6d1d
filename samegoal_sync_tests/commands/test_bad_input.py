"""What is wrong is told in one clear message, with what to do, and never as a traceback."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from samegoal_sync_tests.commands.command_line import left_by, new_home, run


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


def _assert_refused(said: str, *words: str) -> None:
    assert "Traceback" not in said
    assert "hint:" in said
    for word in words:
        assert word in said


def test_an_unknown_district_is_named(home: Path) -> None:
    ended = run(home, "sync", "nowhere")
    assert ended.returncode == 2
    _assert_refused(ended.stderr, "'nowhere'", "districts list")
    assert left_by(home) == []


def test_a_taken_port_is_named_before_anything_starts(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments in (
            ("dev", "--port", port),
            ("demo", "--sandbox-port", port),
            ("portal", "--port", port),
        ):
            ended = run(home, *arguments)
            assert ended.returncode == 2
            _assert_refused(ended.stderr, f"port {port}", "choose a free one")
    assert left_by(home) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("sandbox", "serve", "--port", "99999"),
        ("rejects", "fairview-isd", "--rows", "-3"),
    ],
)
def test_a_number_out_of_range_is_refused_by_its_option(
    home: Path, arguments: tuple[str, ...]
) -> None:
    ended = run(home, *arguments)
    assert ended.returncode == 2
    assert arguments[-2] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_does_not_answer_is_reported_without_its_password(home: Path) -> None:
    url = "postgresql://someone:hush-hush@127.0.0.1:1/nothing"
    ended = run(home, "status", environment={"SAMEGOAL_SYNC_DATABASE_URL": url})
    assert ended.returncode == 1
    _assert_refused(ended.stderr, "SAMEGOAL_SYNC_DATABASE_URL")
    assert "hush-hush" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SAMEGOAL_SYNC_DATABASE_URL", "mysql://somewhere"),
        ("SAMEGOAL_SYNC_STORAGE", "ftp://bucket"),
        ("DAGSTER_HOME", "relative/path"),
    ],
)
def test_a_wrong_setting_is_reported_by_its_name(home: Path, variable: str, value: str) -> None:
    ended = run(home, "status", environment={variable: value})
    assert ended.returncode == 2
    _assert_refused(ended.stderr, variable)


def test_a_broken_instance_file_is_reported(tmp_path: Path) -> None:
    with new_home() as home:
        home.mkdir()
        (home / "dagster.yaml").write_text("storage: [unclosed\n")
        ended = run(home, "districts", "list")
        assert ended.returncode == 0, ended.stderr  # needs no Dagster
        added = run(
            home, "districts", "add", "fairview-isd", "--name", "Fairview ISD",
            "--base-url", "https://skyward.example/FairviewAPI", "--client-key", "key",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        ended = run(home, "sync", "fairview-isd")
        assert ended.returncode == 2
        _assert_refused(ended.stderr, "dagster.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_home_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    ended = run(closed / "dagster", "districts", "list")
    assert ended.returncode != 0
    _assert_refused(ended.stderr, "closed")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_home_of_another_user_is_reported(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    ended = run(closed, "status")
    assert ended.returncode == 2
    _assert_refused(ended.stderr, "another one made it", "DAGSTER_HOME")
    closed.chmod(0o700)
