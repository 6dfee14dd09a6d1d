"""What commands print is complete and readable on a terminal of 80 columns, and in a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SLUG = "fairview-isd"
_COLUMNS = 80
_RULES = ("guardian_minor_student", "language_unknown", "student_id_blank")


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "samegoal_sync.cli", *arguments]


def _on_a_terminal(database_url: str, *arguments: str) -> str:
    """What a person sees on a terminal of 80 columns, without its colors."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, _COLUMNS, 0, 0))
    environment = os.environ | {"SAMEGOAL_SYNC_DATABASE_URL": database_url, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        _command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ):
        os.close(theirs)
        said = b""
        while True:
            try:
                said += (piece := os.read(ours, 65536))
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not piece:
                break
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).replace("\r", "")


def _in_a_pipe(database_url: str, *arguments: str) -> str:
    environment = os.environ | {"SAMEGOAL_SYNC_DATABASE_URL": database_url}
    return subprocess.run(
        _command(*arguments), env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def database_url_of_a_night(database_url: str) -> str:
    house = House(database_url)
    rejects = [
        ("Demographics/Name", 1000000 + n, f"S{n:06}", "language", rule, "value")
        for n, rule in enumerate(_RULES)
    ]
    house.publish(
        curated_students([student(n) for n in range(30)], rejects=rejects),
        curated_guardians([guardian(1, of=1)]),
    )
    return database_url


def test_nothing_is_cut_or_wider_than_a_terminal(database_url_of_a_night: str) -> None:
    for arguments in (["rejects", _SLUG], ["student", _SLUG, "S000001"], ["status"]):
        seen = _on_a_terminal(database_url_of_a_night, *arguments)
        assert max(map(len, seen.splitlines())) <= _COLUMNS, seen
        assert "…" not in seen
        assert _SLUG in seen or "S000001" in seen
    seen = _on_a_terminal(database_url_of_a_night, "rejects", _SLUG)
    for rule in _RULES:
        # Once above what to do about it, once with the row.
        assert len(re.findall(rf"\b{rule}\b", seen)) == 2


def test_a_row_of_a_pipe_is_one_line(database_url_of_a_night: str) -> None:
    lines = _in_a_pipe(database_url_of_a_night, "rejects", _SLUG).splitlines()
    for rule in _RULES:
        (about,) = [line for line in lines if line.startswith(rule)]
        assert about.rstrip().endswith(".")
    assert sum("Demographics/Name" in line for line in lines) == len(_RULES)


def test_json_has_all_rows_or_as_many_as_are_asked_for(database_url_of_a_night: str) -> None:
    def rows(*options: str) -> int:
        printed = _in_a_pipe(database_url_of_a_night, "rejects", _SLUG, "--json", *options)
        return len(json.loads(printed)["rejects"])

    assert (rows(), rows("--rows", "2"), rows("--rows", "0")) == (3, 2, 3)


@pytest.mark.parametrize(
    ("typed", "meant"), [(("stats",), "status"), (("districts", "shw"), "show")]
)
def test_a_mistyped_command_is_answered_with_the_one_that_may_be_meant(
    typed: tuple[str, ...], meant: str
) -> None:
    ended = subprocess.run(_command(*typed), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Did you mean" in ended.stderr
    assert meant in ended.stderr.split("Did you mean")[1]
