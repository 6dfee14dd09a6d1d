"""Frames as Parquet files in folders, complete or absent, their owner's alone.

    <storage>/<asset>/<district>/<moment>_<run>/<frame>.parquet ... notes.json

A folder is written under a hidden name and renamed when all of it is on the disk, so whoever
reads the newest one never meets half a night.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from samegoal_sync.errors import StorageError
from samegoal_sync.storage.frame_store import (
    ABANDONED,
    KEPT,
    NOTES,
    FrameStore,
    StoredFrames,
    assembled,
    digest_of,
    file_name,
    is_night,
    manifest_of,
    moment_name,
    night_name,
    packed,
    refusal,
)


class FolderFrameStore(FrameStore):
    """The frames of every asset and district below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def store(
        self, asset: str, district: str, stored: StoredFrames, now: datetime, run: str = ""
    ) -> str:
        return self.write(asset, district, stored, now, run).as_uri()

    def write(
        self, asset: str, district: str, stored: StoredFrames, now: datetime, run: str = ""
    ) -> Path:
        """As ``store``; the folder they lie in."""
        parent = self._parent(asset, district)
        target = parent / night_name(now, run)
        draft = parent / f".{target.name}-{uuid.uuid4().hex[:8]}"
        try:
            _private_folder(parent, self.root)
            draft.mkdir(mode=0o700)
            digests = {}
            for name, frame in stored.frames.items():
                content = packed(frame)
                digests[name] = digest_of(content)
                _write_private(draft / f"{file_name(name)}.parquet", content)
            manifest = json.dumps(manifest_of(stored, digests), sort_keys=True)
            _write_private(draft / NOTES, manifest.encode())
            draft.rename(target)
        except OSError as error:
            raise _not_stored(asset, district, self.root, error) from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)  # gone when it was renamed
        self._prune(parent, now)
        return target

    def read(self, asset: str, district: str, run: str | None = None) -> StoredFrames:
        folder = self._parent(asset, district) / self._newest(asset, district, run)
        return _read_folder(folder, asset, district)

    def remove(self, district: str) -> None:
        for parent in self._assets():
            # An asset may bear the district's name: what it holds are districts, not nights.
            for night in self._folders(parent / district):
                shutil.rmtree(night)
            self._drop_if_empty(parent / district)

    def prune(self, now: datetime) -> None:
        for parent in self._assets():
            for district in parent.glob("*"):
                self._prune(district, now)

    def _assets(self) -> list[Path]:
        """An asset is one folder (``student_demographics``) or two (``qmlativ/students``)."""
        return [path for path in (*self.root.glob("*"), *self.root.glob("*/*")) if path.is_dir()]

    @staticmethod
    def _drop_if_empty(folder: Path) -> None:
        with suppress(OSError):  # it is not there, or it holds what is not the district's
            for draft in folder.glob(".*"):
                shutil.rmtree(draft)
            folder.rmdir()

    def _nights(self, asset: str, district: str) -> list[str]:
        return [folder.name for folder in self._folders(self._parent(asset, district))]

    def _manifest(self, asset: str, district: str, night: str) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(
            (self._parent(asset, district) / night / NOTES).read_bytes()
        )
        return manifest

    def _parent(self, asset: str, district: str) -> Path:
        return self.root / asset / district

    @staticmethod
    def _folders(parent: Path) -> list[Path]:
        """Complete nights, oldest first; what else lies there is not ours to read or delete."""
        if not parent.is_dir():
            return []
        shown = (path for path in parent.iterdir() if not path.name.startswith("."))
        return sorted(path for path in shown if is_night(path.name) and path.is_dir())

    def _prune(self, parent: Path, now: datetime) -> None:
        oldest = moment_name(now - KEPT)
        for folder in self._folders(parent)[:-1]:
            if folder.name < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        for draft in parent.glob(".*"):
            with suppress(FileNotFoundError):  # renamed by the run that writes it
                written = datetime.fromtimestamp(draft.stat().st_mtime, UTC)
                if written < now - ABANDONED:
                    shutil.rmtree(draft, ignore_errors=True)


def _read_folder(folder: Path, asset: str, district: str) -> StoredFrames:
    refused = refusal(asset, district, folder)
    try:
        manifest = json.loads((folder / NOTES).read_bytes())
        paths = {path.stem.replace(".", "/"): path for path in folder.glob("*.parquet")}
        found = {name: path.name for name, path in paths.items()}
        return assembled(manifest, found, lambda name: pl.read_parquet(paths[name]), refused)
    except FileNotFoundError as error:
        name = Path(error.filename or folder).name
        raise refused(f"are not complete: {name} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise refused(f"can't be read ({type(error).__name__})") from None


def _not_stored(asset: str, district: str, root: Path, error: OSError) -> StorageError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    hint = f"see that {root} has room and belongs to this user; what was stored before is as it was"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full"
        hint = f"make room where {root} lies, then run again; what was stored before is as it was"
    return StorageError(
        f"the frames of {asset} for {district} could not be stored ({reason})", hint=hint
    )


def _private_folder(folder: Path, root: Path) -> None:
    for level in (root, *reversed(folder.relative_to(root).parents), folder.relative_to(root)):
        path = root / level
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
