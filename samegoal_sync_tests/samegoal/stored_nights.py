"""Frames that runs leave behind, and runs that make only what comes after: by the assets' own code.

What *Materialize* of the raw, the curated or the published assets alone does, without Dagster
around it: the IO managers' packing, the store's choice of the run whose frames go together,
``curate``. ``pipeline/test_restrictions_through_dagster.py`` plays the same in Dagster.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.district import District
from samegoal_sync.pipeline.io_managers import CuratedIOManager, RawObjectsIOManager
from samegoal_sync.qmlativ.catalog import RawAsset, objects_of
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.storage.folder_frames import FolderFrameStore

_RAW, _CURATED = RawObjectsIOManager(), CuratedIOManager()


class StoredNights:
    """The stored frames of one district."""

    def __init__(self, root: Path, district: District) -> None:
        self._store, self._district, self._runs = FolderFrameStore(root), district, 0
        #: Runs that hold both curated frames, in order.
        self._curated: list[str] = []

    def read(self, raw: RawObjects) -> None:
        """A run of the three raw assets."""
        run = self._new_run()
        for asset, key in zip(RawAsset, _RAW.together, strict=True):
            names = [item.name for item in objects_of(asset)]
            part = RawObjects(
                {name: raw.frames[name] for name in names},
                moments={name: raw.moments[name] for name in names},
            )
            self._write(key, _RAW.pack(part), run)

    def curate(self, today: date) -> None:
        """A run of the two curated assets, of the newest raw frames that are one run's."""
        run = self._new_run()
        source = self._store.run_of(_RAW.together, self._district.slug, run, datetime.now(UTC))
        if source is None:
            return
        first, *others = (
            _RAW.unpack(self._store.read(key, self._district.slug, source)) for key in _RAW.together
        )
        both = curate(first.merged_with(*others), self._district, today)
        for key, frames in zip(_CURATED.together, both, strict=True):
            self._write(key, _CURATED.pack(frames), run)
        self._curated.append(run)

    def curated(self, back: int) -> tuple[Curated, Curated] | None:
        """What a run of the published assets alone would publish: of the newest run, or of one
        before it that was overtaken and goes on."""
        if not self._curated:
            return None
        if back == 0:
            run, now = self._new_run(), datetime.now(UTC)
            source = self._store.run_of(_CURATED.together, self._district.slug, run, now)
        else:
            source = self._curated[-1 - back % len(self._curated)]
        students, guardians = (
            _CURATED.unpack(self._store.read(key, self._district.slug, source))
            for key in _CURATED.together
        )
        return students, guardians

    def _write(self, key: str, packed: object, run: str) -> None:
        self._store.write(key, self._district.slug, packed, datetime.now(UTC), run)  # type: ignore[arg-type]

    def _new_run(self) -> str:
        self._runs += 1
        return f"run-{self._runs:04}"
