"""Dagster IO managers: where a raw or curated asset lies, per district.

A step takes the frames that an earlier step of its run made as they are, without reading them
again. A run that makes only what comes after reads the newest complete set of *one* other run: of
two that overlapped, the students of one would stand beside the guardians of the other.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from samegoal_sync.demographics.columns.stored_curated import curated_of, frames_of, notes_of
from samegoal_sync.errors import StorageError
from samegoal_sync.pipeline.import_run import reported_and_recorded
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.settings import Settings
from samegoal_sync.storage.chosen_store import frame_store
from samegoal_sync.storage.frame_store import FrameStore, StoredFrames


class _FramesIOManager(dg.IOManager):
    """Stores an asset's frames of one district; subclasses know how they are packed.

    One for each run, so what it holds lasts as long as the run.

    Attributes:
        together: the assets that are only read of one run.
    """

    together: tuple[str, ...]

    def __init__(self) -> None:
        self._stored: set[tuple[str, str, str]] = set()
        self._at_hand: dict[tuple[str, str, str], Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        asset, slug = context.asset_key.to_user_string(), context.partition_key
        with reported_and_recorded(*_instance_and_run(context), slug):
            run, store = _run_id(context), _store()
            address = store.store(asset, slug, self.pack(obj), datetime.now(UTC), run)
            comparison = self.compared(store, asset, slug)
        context.add_output_metadata({"dagster/uri": address, **comparison})
        key = (run, slug, asset)
        self._stored.add(key)
        self._at_hand[key] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        asset, slug = context.asset_key.to_user_string(), context.partition_key
        run = _run_id(context)
        if all((run, slug, one) in self._stored for one in self.together):
            # Given away: one step takes it, and it may be large.
            with suppress(KeyError):
                return self._at_hand.pop((run, slug, asset))
        with reported_and_recorded(*_instance_and_run(context), slug):
            store = _store()
            source = store.run_of(self.together, slug, run, _started(context))
            if source is None:
                raise _none_complete(self.together, slug)
            return self.unpack(store.read(asset, slug, source))

    def compared(self, store: FrameStore, asset: str, slug: str) -> dict[str, bool]:
        """What is recorded of the frames beside those of the night before."""
        return {}

    @abstractmethod
    def pack(self, value: Any) -> StoredFrames:
        """The value as frames and notes."""

    @abstractmethod
    def unpack(self, stored: StoredFrames) -> Any:
        """The value again."""


class RawObjectsIOManager(_FramesIOManager):
    """For ``RawObjects``: a frame per Qmlativ object; what was not shared lies in the notes."""

    together = tuple(f"qmlativ/{asset.value}" for asset in RawAsset)

    def compared(self, store: FrameStore, asset: str, slug: str) -> dict[str, bool]:
        repeated = store.is_repeated(asset, slug)
        return {} if repeated is None else {"same as the last read": repeated}

    def pack(self, value: Any) -> StoredFrames:
        return StoredFrames(
            value.frames,
            {
                "absent": {name: sorted(fields) for name, fields in value.absent.items()},
                "statistics": dict(value.statistics),
                "moments": {name: at.isoformat() for name, at in value.moments.items()},
            },
        )

    def unpack(self, stored: StoredFrames) -> Any:
        absent = {name: frozenset(fields) for name, fields in stored.notes["absent"].items()}
        moments = {name: datetime.fromisoformat(at) for name, at in stored.notes["moments"].items()}
        return RawObjects(stored.frames, absent, stored.notes["statistics"], moments)


class CuratedIOManager(_FramesIOManager):
    """For ``Curated``: its frames, and the rest of it in the notes."""

    together = ("student_demographics", "guardian_demographics")

    def pack(self, value: Any) -> StoredFrames:
        return StoredFrames(frames_of(value), notes_of(value))

    def unpack(self, stored: StoredFrames) -> Any:
        return curated_of(stored.frames, stored.notes)


@dg.io_manager
def raw_objects(_init: dg.InitResourceContext) -> RawObjectsIOManager:
    """Raw assets' frames; made anew for each run."""
    return RawObjectsIOManager()


@dg.io_manager
def curated(_init: dg.InitResourceContext) -> CuratedIOManager:
    """Curated assets' frames; made anew for each run."""
    return CuratedIOManager()


def _store() -> FrameStore:
    return frame_store(Settings.from_environment())


def _instance_and_run(
    context: dg.InputContext | dg.OutputContext,
) -> tuple[dg.DagsterInstance, dg.DagsterRun]:
    step = context.step_context
    return step.instance, step.dagster_run


def _run_id(context: dg.InputContext | dg.OutputContext) -> str:
    """The run, or the one that it executes again from where that failed: their frames are one."""
    _, run = _instance_and_run(context)
    return run.root_run_id or run.run_id


def _started(context: dg.InputContext) -> datetime:
    instance, run = _instance_and_run(context)
    record = instance.get_run_record_by_id(run.run_id)
    known = record.start_time if record else None
    return datetime.fromtimestamp(known, UTC) if known else datetime.now(UTC)


def _none_complete(assets: tuple[str, ...], slug: str) -> StorageError:
    return StorageError(
        f"no frames of {', '.join(assets)} are stored together for {slug}",
        hint=f"materialize {', '.join(assets)} first: samegoal-sync sync {slug}",
    )
