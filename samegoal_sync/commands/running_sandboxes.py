"""Which of a home's running sandboxes is meant by a command that names a district."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from samegoal_sync.commands.app import App
from samegoal_sync.districts.errors import UnknownDistrict
from samegoal_sync.errors import UsageError
from samegoal_sync.loopback import sandboxes_in
from samegoal_sync.qmlativ.http.connection import is_loopback


def sandbox_of(app: App, slug: str, option: str = "--url") -> str | None:
    """Where the district's sandbox is served; None if none runs for this home.

    Of several it is that of the registered district's API Base URL, else the only one that has a
    district of this slug.

    Args:
        option: by which the user can name one.

    Raises:
        UsageError: more than one may be meant.
    """
    running = sandboxes_in(app.settings.home)
    if len(running) < 2:
        return running[0] if running else None
    registered = _registered(app, slug)
    if registered in running:
        return registered
    serving = [url for url in running if _has(url, slug)]
    if len(serving) == 1:
        return serving[0]
    raise UsageError(
        f"several sandboxes run for {app.settings.home}, and "
        + (f"{len(serving)} have a district {slug}" if serving else f"none has a district {slug}"),
        hint=f"name one with {option}: {', '.join(serving or running)}",
    )


def _registered(app: App, slug: str) -> str | None:
    """The sandbox to which the registered district's API Base URL leads."""
    from samegoal_sync.districts.registry.registry import Registry  # slow to import

    try:
        parts = urlsplit(Registry(app.settings, app.database_url).get(slug).base_url)
    except UnknownDistrict:
        return None
    return f"http://127.0.0.1:{parts.port}" if is_loopback(parts.hostname or "") else None


def _has(url: str, slug: str) -> bool:
    address = f"{url}/sandbox/{quote(slug, safe='')}/access"
    try:
        with urllib.request.urlopen(address, timeout=10):  # noqa: S310 (a sandbox's own mark)
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
