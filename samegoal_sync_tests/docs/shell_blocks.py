"""The shell blocks of docs/, each with the page and the line it stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import samegoal_sync

DOCS = Path(samegoal_sync.__file__).parents[1] / "docs"
_BLOCK = re.compile(
    r"^(<!-- not run by the test of the docs: [^\n]+ -->\n)?```(\w*)\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
#: What a line of a shell begins with; a block that has one is to be marked ``sh``.
_COMMAND = re.compile(r"^(samegoal-sync|dagster|dg|make|eval|export) ", re.MULTILINE)


@dataclass(frozen=True)
class ShellBlock:
    """One block, as it stands in a page."""

    page: str
    line: int
    text: str
    #: Whether the page says why the test of the docs leaves it out.
    left_out: bool

    @property
    def serves(self) -> bool:
        """Whether its command goes on until it is interrupted."""
        return re.match(r"samegoal-sync (sandbox serve|portal|dev|demo)\b", self.text) is not None


def shell_blocks(page: Path) -> list[ShellBlock]:
    """The blocks of one page in their order.

    Raises:
        AssertionError: a block of commands is not marked as one.
    """
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match[2] == "sh":
            found.append(ShellBlock(str(page.relative_to(DOCS)), line, match[3], bool(match[1])))
        else:
            assert not _COMMAND.search(match[3]), f"{page.name}:{line} is commands: mark it sh"
    return found
