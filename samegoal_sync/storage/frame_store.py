"""What a store of frames is, wherever they lie: complete nights, each known by its manifest.

A manifest says which frames a night holds, and how many rows of each. The incident: a frame that
was lost from a stored night was taken for an object without rows, and published values were
blanked. Assets that are read together are read of one run: two that overlap would give the
students of one read with the guardians of another.
"""

from __future__ import annotations

import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from samegoal_sync.errors import StorageError

#: Nights for which frames are kept; the newest is always kept.
KEPT = timedelta(days=30)

#: Of what is stored: counted up when frames or notes of an asset change their shape.
FORM = 2

#: A draft this old belongs to a process that was killed; writing one takes seconds.
ABANDONED = timedelta(hours=1)

#: The manifest's name.
NOTES = "notes.json"

_MOMENT = "%Y%m%dT%H%M%S.%fZ"
_EXAMPLE = "20260303T080000.000000Z"
#: Between the moment and the run in a night's name.
_RUN = "_"


@dataclass(frozen=True)
class StoredFrames:
    """Frames that belong together, by name, with plain notes beside them (no one's values)."""

    frames: Mapping[str, pl.DataFrame]
    notes: Mapping[str, Any]


class FrameStore(ABC):
    """The frames of every asset and district, a night each."""

    @abstractmethod
    def store(
        self, asset: str, district: str, stored: StoredFrames, now: datetime, run: str = ""
    ) -> str:
        """Store one night's frames of an asset and forget nights older than ``KEPT``.

        Args:
            run: the run whose frames they are.

        Returns:
            The address at which they lie.

        Raises:
            StorageError: they could not be stored; what was stored before is as it was.
        """

    @abstractmethod
    def read(self, asset: str, district: str, run: str | None = None) -> StoredFrames:
        """The newest complete frames of an asset, or of a run.

        Raises:
            StorageError: there are none, one of them is missing or can't be read, or another
                version stored them.
        """

    @abstractmethod
    def remove(self, district: str) -> None:
        """Forget every frame of a district."""

    @abstractmethod
    def prune(self, now: datetime) -> None:
        """Forget nights older than ``KEPT`` of every asset and district, but each one's newest.

        Raises:
            StorageError: where they lie can't be reached.
        """

    @abstractmethod
    def _nights(self, asset: str, district: str) -> list[str]:
        """Names of the complete nights, oldest first."""

    @abstractmethod
    def _manifest(self, asset: str, district: str, night: str) -> dict[str, Any]:
        """What was written beside a night's frames."""

    def is_repeated(self, asset: str, district: str) -> bool | None:
        """Whether the newest night's frames are byte for byte those of the night before.

        ``None`` where that is not known: it is the first, or one was stored by a version that kept
        no digest, or can't be read.
        """
        nights = self._nights(asset, district)[-2:]
        if len(nights) < 2:
            return None
        try:
            before, now = (
                self._manifest(asset, district, night).get("digests") for night in nights
            )
        except (OSError, ValueError, AttributeError, StorageError):
            return None
        return None if before is None or now is None else before == now

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
        stored = {
            asset: {run_of_night(name): _moment(name) for name in self._nights(asset, district)}
            for asset in assets
        }
        missing = [asset for asset in assets if run not in stored[asset]]
        if not missing:
            return run
        if len(missing) < len(assets):
            raise StorageError(
                f"this run holds only part of what belongs together of {district}: "
                f"{', '.join(missing)} would be of another run",
                hint=f"materialize {', '.join(assets)} together: samegoal-sync sync {district}",
            )
        limit = moment_name(before)
        complete = {
            other: max(stored[asset][other] for asset in assets)
            for other in set.intersection(*(set(stored[asset]) for asset in assets)) - {""}
        }
        earlier = [other for other, moment in complete.items() if moment < limit]
        return max(earlier, key=complete.__getitem__, default=None)

    def _newest(self, asset: str, district: str, run: str | None) -> str:
        """The name of the night to read.

        Raises:
            StorageError: there is none.
        """
        nights = [
            name
            for name in self._nights(asset, district)
            if run is None or run_of_night(name) == run
        ]
        if not nights:
            raise StorageError(
                f"no frames of {asset} are stored for {district}",
                hint=f"materialize {asset} first: samegoal-sync sync {district}",
            )
        return nights[-1]


def night_name(now: datetime, run: str) -> str:
    """A night's name: names sort as the moments do."""
    return f"{moment_name(now)}{_RUN}{run}" if run else moment_name(now)


def moment_name(moment: datetime) -> str:
    """A moment as it stands in names."""
    return moment.astimezone(UTC).strftime(_MOMENT)


def run_of_night(name: str) -> str:
    """The run that stored a night; empty where none is named."""
    return name.partition(_RUN)[2]


def _moment(name: str) -> str:
    return name.partition(_RUN)[0]


def is_night(name: str) -> bool:
    """Whether a folder's name is one of a night, or of a night's draft."""
    moment = _moment(name.lstrip("."))[: len(_EXAMPLE)]
    with suppress(ValueError):
        return bool(datetime.strptime(moment, _MOMENT))
    return False


def file_name(frame: str) -> str:
    """A frame's name as a file's, without its ending."""
    return frame.replace("/", ".")


def packed(frame: pl.DataFrame) -> bytes:
    """As Parquet. Polars itself reports a full disk as a fault of computing, not of the system."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def digest_of(packed: bytes) -> str:
    """Of a frame as it is stored: equal frames are equal bytes."""
    return hashlib.sha256(packed).hexdigest()


def manifest_of(stored: StoredFrames, digests: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """What is written beside the frames.

    Args:
        digests: of each frame, by its name.
    """
    return {
        "form": FORM,
        "digests": dict(digests),
        "rows": {name: frame.height for name, frame in stored.frames.items()},
        "notes": dict(stored.notes),
        **more,
    }


def refusal(asset: str, district: str, where: object) -> Callable[[str], StorageError]:
    """Makes the error of a night that can't be read, of what is wrong with it."""
    return lambda what: StorageError(
        f"the frames of {asset} for {district} {what}",
        hint=f"read Qmlativ again: samegoal-sync sync {district} (the frames lie in {where})",
    )


def assembled(
    manifest: Any,
    found: Mapping[str, str],
    load: Callable[[str], pl.DataFrame],
    refused: Callable[[str], StorageError],
) -> StoredFrames:
    """What a night's manifest names: all of it, and nothing else.

    Args:
        found: frames that are there, by name, and what each lies in.
        load: reads one of them.

    Raises:
        StorageError: as ``FrameStore.read``; other errors of a damaged manifest or frame are the
            caller's to word.
    """
    form = manifest.get("form") if isinstance(manifest, dict) else None
    if form != FORM:
        raise refused(f"were stored by another version (form {form or 1}, not {FORM})")
    rows: dict[str, int] = manifest["rows"]
    if missing := sorted(rows.keys() - found.keys()):
        raise refused(f"are not complete: {', '.join(missing)} is missing")
    if extra := sorted(found.keys() - rows.keys()):
        files = ", ".join(found[name] for name in extra)
        raise refused(f"stand beside a file that is not one of them: {files}")
    frames = {name: load(name) for name in sorted(rows)}
    notes = dict(manifest["notes"])
    if changed := sorted(name for name, frame in frames.items() if frame.height != rows[name]):
        raise refused(f"are not as they were stored: {', '.join(changed)} has other rows")
    return StoredFrames(frames, notes)
