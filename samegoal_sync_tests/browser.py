"""Debian's Chromium, for the tests that look at pages.

Set ``SAMEGOAL_SYNC_PICTURES`` on the command line to a folder (``docs/pictures``) to have the
pictures of the docs made anew; without it no test writes into the checkout.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_CHROMIUM = shutil.which("chromium")
_ARGUMENTS = [
    "--no-sandbox",  # root may not start it otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Read when the module is loaded, before the environment is emptied for each test.
_PICTURES = os.environ.get("SAMEGOAL_SYNC_PICTURES")

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium (Debian: apt install chromium)"),
]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless browser while the block runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def picture_path(name: str) -> Path | None:
    """Where the picture of the docs goes, or ``None`` when none is asked for."""
    return Path(_PICTURES) / name if _PICTURES else None
