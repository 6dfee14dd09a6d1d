"""Every shell block of docs/ does what its page says, word for word, against the sandbox."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import pytest

from samegoal_sync_tests.commands.command_line import (
    free_ports,
    left_by,
    new_home,
    run,
    started,
    wait_for_text,
)
from samegoal_sync_tests.docs.shell_blocks import DOCS, ShellBlock, shell_blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

#: The pages in the order of a district's life; what stands on no list comes after them.
_FIRST = ("sandbox.md", "onboarding.md", "pipeline.md", "portal.md")
_DG = re.compile(r"^dg ", re.MULTILINE)
_SLUG, _KEY = "fairview-isd", "SG-FAIRVIEW"


def _pages() -> list[Path]:
    first = [DOCS / name for name in _FIRST]
    return first + [page for page in sorted(DOCS.rglob("*.md")) if page not in first]


class _Reader:
    """Someone who follows the pages: types each block into a shell, and what is asked for."""

    def __init__(self, home: Path, closing: ExitStack) -> None:
        self.home = home
        self._closing = closing
        self._ports: dict[str, str] = {}

    def follow(self, block: ShellBlock) -> None:
        text = self._own_values(block.text)
        where = f"docs/{block.page}:{block.line}"
        if block.serves:
            arguments = text.split("#")[0].split()[1:]
            process, output = self._closing.enter_context(started(self.home, *arguments))
            wait_for_text(process, output, "http://127.0.0.1")
            return
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            env=self._environment(),
            # dg works in a project's folder alone; whatever else a block writes is no part of ours.
            cwd=DOCS.parent if _DG.search(text) else self.home.parent,
            input=self._typed(text),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert ended.returncode == 0, f"{where}\n{text}\n{ended.stdout}\n{ended.stderr}"

    def _environment(self) -> dict[str, str]:
        folder = str(Path(sys.executable).parent)
        return os.environ | {
            "DAGSTER_HOME": str(self.home),
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        }

    def _own_values(self, text: str) -> str:
        """The page's made-up values as this reader has them: ports, Key, address, a student."""
        for port in re.findall(r"--port (\d+)", text):
            self._ports.setdefault(port, str(free_ports(1)[0]))
        for port, own in self._ports.items():
            text = text.replace(port, own)
        text = text.replace("--client-key KEY", f"--client-key {_KEY}")
        sandbox = f"http://127.0.0.1:{self._ports['8900']}/FairviewIsdAPI"
        text = text.replace("https://skyward.iscorp.com/FairviewTXStuAPI", sandbox)
        text = re.sub(r"\b20\d\d-08-01\b", str(date.today() + timedelta(days=300)), text)
        if "100234" in text:
            text = text.replace("100234", self._a_student())
        return text

    def _typed(self, text: str) -> str:
        if "districts complete" in text or "rotate-secret" in text:
            made = run(self.home, "sandbox", "access", "generate-secret", _SLUG, _KEY)
            assert made.returncode == 0, made.stderr
            return made.stdout
        return "a long enough Passphrase 7\n" * 2

    def _a_student(self) -> str:
        folder = self.home.parent / "a-student"
        ended = run(self.home, "export", _SLUG, str(folder))
        assert ended.returncode == 0, ended.stderr
        with (folder / "students.csv").open(encoding="utf-8-sig", newline="") as file:
            return next(iter(csv.DictReader(file)))["Student Id"]


@pytest.fixture
def reader() -> Iterator[_Reader]:
    with new_home() as home:
        with ExitStack() as closing:
            yield _Reader(home, closing)
        for child in left_by(home):
            child.kill()


def test_every_block_of_the_pages_can_be_followed(reader: _Reader) -> None:
    followed = 0
    for page in _pages():
        for block in shell_blocks(page):
            if not block.left_out:
                reader.follow(block)
                followed += 1
    assert followed > 8
