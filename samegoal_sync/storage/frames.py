"""Parquet folders, written whole or not at all, readable by their owner alone.

    <storage>/<asset>/<district>/<moment>_<run>/<frame>.parquet ... notes.json

A folder is written under a hidden name and renamed when all of it is on the disk, so whoever
reads the newest one never meets half a night. Assets that are read together are read of one run:
two that overlap would give the students of one read with the guardians of another.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from samegoal_sync.errors import StorageError

#: Nights for which frames are kept; the newest is always kept.
KEPT = timedelta(days=30)

_NOTES = "notes.json"
_MOMENT = "%Y%m%dT%H%M%S.%fZ"
#: Between the moment and the run in a folder's name.
_RUN = "_"


@dataclass(frozen=True)
class StoredFrames:
    """Frames that belong together, by name, with plain notes beside them (no one's values)."""

    frames: Mapping[str, pl.DataFrame]
    notes: Mapping[str, Any]


class FrameStore:
    """The frames of every asset and district below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(
        self, asset: str, district: str, stored: StoredFrames, now: datetime, run: str = ""
    ) -> Path:
        """Store one night's frames of an asset and forget nights older than ``KEPT``.

        Args:
            run: the run whose frames they are.

        Returns:
            The folder they lie in.

        Raises:
            StorageError: the disk refused; what was stored before is as it was.
        """
        parent = self._parent(asset, district)
        moment = now.astimezone(UTC).strftime(_MOMENT)
        target = parent / (f"{moment}{_RUN}{run}" if run else moment)
        draft = parent / f".{target.name}-{uuid.uuid4().hex[:8]}"
        try:
            _private_folder(parent, self.root)
            draft.mkdir(mode=0o700)
            for name, frame in stored.frames.items():
                _write_private(draft / f"{_file_name(name)}.parquet", frame)
            with _opened(draft / _NOTES) as notes:
                notes.write(json.dumps(dict(stored.notes), sort_keys=True).encode())
            draft.rename(target)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise StorageError(
                f"the frames of {asset} for {district} could not be stored "
                f"({type(error).__name__}, {os.strerror(error.errno or 0)})",
                hint=f"see that {self.root} has room and belongs to this user; "
                "what was stored before is as it was",
            ) from None
        self._prune(parent, now)
        return target

    def run_of(
        self, assets: Sequence[str], district: str, run: str, before: datetime
    ) -> str | None:
        """The run whose frames of these assets go together.

        The given one, if it has stored any of them; else the newest that had all of them stored
        before a moment: the same answer for each of the assets, whatever is stored meanwhile.
        ``None`` where no run has them all.

        Raises:
            StorageError: the run has stored some of them, but not all.
        """
        stored = {asset: self._moments_by_run(asset, district) for asset in assets}
        missing = [asset for asset in assets if run not in stored[asset]]
        if not missing:
            return run
        if len(missing) < len(assets):
            raise StorageError(
                f"this run holds only part of what belongs together of {district}: "
                f"{', '.join(missing)} would be of another run",
                hint=f"materialize {', '.join(assets)} together: samegoal-sync sync {district}",
            )
        limit = before.astimezone(UTC).strftime(_MOMENT)
        complete = {
            other: max(stored[asset][other] for asset in assets)
            for other in set.intersection(*(set(stored[asset]) for asset in assets)) - {""}
        }
        earlier = [other for other, moment in complete.items() if moment < limit]
        return max(earlier, key=complete.__getitem__, default=None)

    def read(self, asset: str, district: str, run: str | None = None) -> StoredFrames:
        """The newest complete frames of an asset, or of a run.

        Raises:
            StorageError: there are none, or they can't be read.
        """
        folders = [
            folder
            for folder in self._folders(self._parent(asset, district))
            if run is None or _run_of(folder) == run
        ]
        if not folders:
            raise StorageError(
                f"no frames of {asset} are stored for {district}",
                hint=f"materialize {asset} first: samegoal-sync sync {district}",
            )
        newest = folders[-1]
        try:
            frames = {_frame_name(path): pl.read_parquet(path) for path in newest.glob("*.parquet")}
            notes = json.loads((newest / _NOTES).read_bytes())
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise StorageError(
                f"the frames of {asset} for {district} can't be read ({type(error).__name__})",
                hint=f"move {newest} away and materialize {asset} again",
            ) from None
        return StoredFrames(frames, notes)

    def remove(self, district: str) -> None:
        """Forget every frame of a district."""
        for parent in self.root.glob(f"*/**/{district}"):
            shutil.rmtree(parent)

    def _moments_by_run(self, asset: str, district: str) -> dict[str, str]:
        """Run -> when it last stored the asset, as folders are named."""
        folders = self._folders(self._parent(asset, district))
        return {_run_of(folder): folder.name.partition(_RUN)[0] for folder in folders}

    def _parent(self, asset: str, district: str) -> Path:
        return self.root / asset / district

    @staticmethod
    def _folders(parent: Path) -> list[Path]:
        if not parent.is_dir():
            return []
        return sorted(path for path in parent.iterdir() if not path.name.startswith("."))

    def _prune(self, parent: Path, now: datetime) -> None:
        oldest = (now - KEPT).astimezone(UTC).strftime(_MOMENT)
        for folder in self._folders(parent)[:-1]:
            if folder.name < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        for draft in parent.glob(".*"):
            # A draft is left behind only by a process that was killed while it wrote.
            if datetime.fromtimestamp(draft.stat().st_mtime, UTC) < now - timedelta(days=1):
                shutil.rmtree(draft, ignore_errors=True)


def _run_of(folder: Path) -> str:
    return folder.name.partition(_RUN)[2]


def _file_name(name: str) -> str:
    return name.replace("/", ".")


def _frame_name(path: Path) -> str:
    return path.stem.replace(".", "/")


def _private_folder(folder: Path, root: Path) -> None:
    for level in (root, *reversed(folder.relative_to(root).parents), folder.relative_to(root)):
        path = root / level
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _opened(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write_private(path: Path, frame: pl.DataFrame) -> None:
    with _opened(path) as file:
        frame.write_parquet(file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
