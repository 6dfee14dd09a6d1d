"""docs/settings.md and the code name the same variables."""

from __future__ import annotations

import re
from pathlib import Path

import samegoal_sync
from samegoal_sync.settings import FILE_SUFFIX, SECRET_VARIABLES

_NAME = re.compile(r"\b(?:SAMEGOAL_SYNC_[A-Z_]+|DAGSTER_HOME)\b")
_PACKAGE = Path(samegoal_sync.__file__).parent
_PAGE = _PACKAGE.parent / "docs" / "settings.md"


def test_every_variable_that_is_read_is_on_the_page_and_none_else() -> None:
    read = {
        name
        for path in _PACKAGE.rglob("*.py")
        for line in path.read_text().splitlines()
        if "_VARIABLE =" in line
        for name in _NAME.findall(line)
    }
    assert len(read) > 8
    in_files = {name + FILE_SUFFIX for name in SECRET_VARIABLES}
    assert set(_NAME.findall(_PAGE.read_text())) == read | in_files


def test_every_parameter_of_an_address_is_on_the_page() -> None:
    page = _PAGE.read_text()
    for module in ("mail/mailer.py", "mail/mailbox.py"):
        asked = re.findall(r'\.get\("(\w+)", \[', (_PACKAGE / module).read_text())
        assert asked
        assert all(f"`{name}`" in page for name in asked)
    for scheme in ("smtps", "smtp+starttls", "smtp", "imaps", "sftp"):
        assert f"`{scheme}://" in page
