"""Parquet folders, written whole or not at all, readable by their owner alone.

    <storage>/<asset>/<district>/<moment>_<run>/<frame>.parquet ... notes.json

A folder is written under a hidden name and renamed when all of it is on the disk, so whoever
reads the newest one never meets half a night. Assets that are read together are read of one run:
two that overlap would give the students of one read with the guardians of another.

``notes.json`` is the folder's manifest too: which frames it holds, and how many rows of each. The
incident: a frame that was lost from a stored folder was taken for an object without rows, and
published values were blanked.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from samegoal_sync.errors import StorageError

#: Nights for which frames are kept; the newest is always kept.
KEPT = timedelta(days=30)

#: Of what is stored: counted up when frames or notes of an asset change their shape.
FORM = 2

#: A draft this old belongs to a process that was killed; writing one takes seconds.
_ABANDONED = timedelta(hours=1)

_NOTES = "notes.json"
_MOMENT = "%Y%m%dT%H%M%S.%fZ"
_EXAMPLE = "20260303T080000.000000Z"
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
        manifest = {
            "form": FORM,
            "rows": {name: frame.height for name, frame in stored.frames.items()},
            "notes": dict(stored.notes),
        }
        try:
            _private_folder(parent, self.root)
            draft.mkdir(mode=0o700)
            for name, frame in stored.frames.items():
                _write_private(draft / f"{_file_name(name)}.parquet", _packed(frame))
            _write_private(draft / _NOTES, json.dumps(manifest, sort_keys=True).encode())
            draft.rename(target)
        except OSError as error:
            raise _not_stored(asset, district, self.root, error) from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)  # gone when it was renamed
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
            StorageError: there are none, one of them is missing or can't be read, or another
                version stored them.
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
        return _read_folder(folders[-1], asset, district)

    def remove(self, district: str) -> None:
        """Forget every frame of a district."""
        for parent in self.root.glob(f"*/**/{district}"):
            # An asset may bear the same name (``qmlativ/students``): it holds districts.
            if all(_is_night(folder) for folder in parent.iterdir()):
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
            with suppress(FileNotFoundError):  # renamed by the run that writes it
                written = datetime.fromtimestamp(draft.stat().st_mtime, UTC)
                if written < now - _ABANDONED:
                    shutil.rmtree(draft, ignore_errors=True)


def _read_folder(folder: Path, asset: str, district: str) -> StoredFrames:
    """What a folder's manifest names: all of it, and nothing else.

    Raises:
        StorageError: as ``FrameStore.read``.
    """

    def refused(what: str) -> StorageError:
        return StorageError(
            f"the frames of {asset} for {district} {what}",
            hint=f"read Qmlativ again: samegoal-sync sync {district} (the frames lie in {folder})",
        )

    try:
        manifest = json.loads((folder / _NOTES).read_bytes())
        form = manifest.get("form") if isinstance(manifest, dict) else None
        if form != FORM:
            raise refused(f"were stored by another version (form {form or 1}, not {FORM})")
        paths = {_frame_name(path): path for path in folder.glob("*.parquet")}
        rows: dict[str, int] = manifest["rows"]
        if missing := sorted(rows.keys() - paths.keys()):
            raise refused(f"are not complete: {', '.join(missing)} is missing")
        if extra := sorted(paths.keys() - rows.keys()):
            files = ", ".join(paths[name].name for name in extra)
            raise refused(f"stand beside a file that is not one of them: {files}")
        frames = {name: pl.read_parquet(paths[name]) for name in sorted(rows)}
        notes = dict(manifest["notes"])
    except FileNotFoundError as error:
        name = Path(error.filename or folder).name
        raise refused(f"are not complete: {name} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise refused(f"can't be read ({type(error).__name__})") from None
    if changed := sorted(name for name, frame in frames.items() if frame.height != rows[name]):
        raise refused(f"are not as they were stored: {', '.join(changed)} has other rows")
    return StoredFrames(frames, notes)


def _not_stored(asset: str, district: str, root: Path, error: OSError) -> StorageError:
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    hint = f"see that {root} has room and belongs to this user; what was stored before is as it was"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full"
        hint = f"make room where {root} lies, then run again; what was stored before is as it was"
    return StorageError(
        f"the frames of {asset} for {district} could not be stored ({reason})", hint=hint
    )


def _is_night(folder: Path) -> bool:
    moment = folder.name.lstrip(".").partition(_RUN)[0][: len(_EXAMPLE)]
    with suppress(ValueError):
        return bool(datetime.strptime(moment, _MOMENT))
    return False


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


def _packed(frame: pl.DataFrame) -> bytes:
    """As Parquet. Polars itself reports a full disk as a fault of computing, not of the system."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
