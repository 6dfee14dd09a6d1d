"""The two files that Dagster reads: where this version's are, and one of them placed in a home.

``dagster.yaml`` is copied into ``DAGSTER_HOME``. It was a link into the checkout before, which an
installed package does not have. Beside it lies ``dagster.yaml.default``, the one that it was copied
from or last compared with: a copy that nobody changed follows the version, an operator's own file
is left as it is, and a default that has changed since is reported until somebody has looked.
"""

from __future__ import annotations

import difflib
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parents[1]
#: The checkout, where the package is installed editable.
CHECKOUT = _PACKAGE.parent
#: Where setup.py puts them as it builds the package.
_PACKAGED = Path(__file__).parent / "shipped"

DAGSTER_YAML = "dagster.yaml"
WORKSPACE_YAML = "workspace.yaml"
_SEEN = "dagster.yaml.default"


def shipped(name: str) -> Path:
    """This version's file: in the installed package, else at the top of the checkout."""
    packaged = _PACKAGED / name
    return packaged if packaged.exists() else CHECKOUT / name


def place_dagster_yaml(home: Path) -> None:
    """Give a home its ``dagster.yaml``, and say where the home's own no longer matches ours.

    Raises:
        OSError: the home can't be written.
    """
    target, seen = home / DAGSTER_YAML, home / _SEEN
    default = shipped(DAGSTER_YAML)
    if _is_link_of_an_older_version(target):
        target.unlink()
    own, looked_at, now = _bytes(target), _bytes(seen), default.read_bytes()
    if own is None or (own == looked_at and own != now):
        if own is not None:
            _log.warning("%s is renewed: it was the default of an older version", target)
        _write(target, now)
        _write(seen, now)
    elif looked_at is None:
        with suppress(OSError):  # a home that is mounted for reading keeps no note
            _write(seen, now)
    elif looked_at != now and own != now:
        _log.warning(
            "%s is your own and stays; the default has changed since it was last compared: "
            "samegoal-sync upgrade shows how",
            target,
        )


def changed_default(home: Path) -> str:
    """How the default changed since it was last compared with the home's own; then it has been.

    Returns:
        A unified diff, empty where there is nothing to take over.
    """
    seen = home / _SEEN
    own, looked_at, now = (
        _bytes(home / DAGSTER_YAML), _bytes(seen), shipped(DAGSTER_YAML).read_bytes()
    )  # fmt: skip
    if own is None or looked_at is None or looked_at == now:
        return ""
    _write(seen, now)
    if own == now:
        return ""
    before, after = (text.decode().splitlines() for text in (looked_at, now))
    names = ("dagster.yaml of the version before", "dagster.yaml of this version")
    return "\n".join(difflib.unified_diff(before, after, *names, lineterm=""))


def _is_link_of_an_older_version(target: Path) -> bool:
    """A link into a checkout, this one or one that is no longer there."""
    if not target.is_symlink():
        return False
    return not target.exists() or target.resolve() == (CHECKOUT / DAGSTER_YAML).resolve()


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    """Complete or not at all: another process may read it now."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
