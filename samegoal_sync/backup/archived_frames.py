"""Stored frames as one stream: a folder of a night goes in complete or not at all.

Nights may run meanwhile: drafts are left out, and a folder that is pruned while it is being read
is read to its end, for its files are open by then.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO

from samegoal_sync.backup.errors import BackupError


def write_frames(storage: Path, target: IO[bytes]) -> int:
    """Write every stored frame below ``storage``; how many files."""
    count = 0
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for folder in _nights(storage):
            with ExitStack() as opened:
                try:
                    files = [
                        opened.enter_context(path.open("rb")) for path in sorted(folder.iterdir())
                    ]
                except FileNotFoundError:  # pruned at this moment
                    continue
                for file in files:
                    entry = tarfile.TarInfo(str(Path(file.name).relative_to(storage)))
                    entry.size = os.fstat(file.fileno()).st_size
                    entry.mtime = int(os.fstat(file.fileno()).st_mtime)
                    archive.addfile(entry, file)
                    count += 1
            _forget_entries(archive)
    return count


def read_frames(source: IO[bytes], folder: Path) -> int:
    """Write what ``write_frames`` wrote into a new folder; how many files.

    Raises:
        BackupError: an entry is not a file below the folder.
    """
    count = 0
    with tarfile.open(fileobj=source, mode="r|") as archive:
        while (entry := archive.next()) is not None:
            path = _below(folder, entry)
            for parent in reversed(path.relative_to(folder).parents):
                (folder / parent).mkdir(exist_ok=True, mode=0o700)
            read = archive.extractfile(entry)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(read or io.BytesIO(), file)
            count += 1
            _forget_entries(archive)
    # Whatever follows the archive's end is read too, so that the whole stream has been checked.
    while source.read(1 << 20):
        pass
    return count


def _forget_entries(archive: tarfile.TarFile) -> None:
    """The archive keeps what it has seen, which may be millions; a stream needs none of it."""
    archive.members = []  # type: ignore[attr-defined]  # no way of its own before Python 3.13


def _nights(storage: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(storage):
        below[:] = sorted(name for name in below if not name.startswith("."))
        if names:
            yield Path(folder)


def _below(folder: Path, entry: tarfile.TarInfo) -> Path:
    name = PurePosixPath(entry.name)
    if not entry.isreg() or name.is_absolute() or ".." in name.parts or not name.parts:
        raise BackupError(
            "the backup holds an entry that is not a stored frame",
            hint="it was not made by samegoal-sync backup: restore another one",
        )
    return folder.joinpath(*name.parts)
