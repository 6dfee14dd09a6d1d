"""Dagster IO managers: where a raw or curated asset lies, per district."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.pipeline.import_run import told_and_recorded
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.settings import Settings
from samegoal_sync.storage.frames import FrameStore, StoredFrames


class _FramesIOManager(dg.IOManager):
    """Stores an asset's frames of one district; subclasses know how they are packed."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        asset, slug = context.asset_key.to_user_string(), context.partition_key
        with told_and_recorded(*_instance_and_run(context), slug):
            folder = _store().write(asset, slug, self.pack(obj), datetime.now(UTC))
        context.add_output_metadata({"dagster/uri": folder.as_uri()})

    def load_input(self, context: dg.InputContext) -> Any:
        asset, slug = context.asset_key.to_user_string(), context.partition_key
        with told_and_recorded(*_instance_and_run(context), slug):
            return self.unpack(_store().read(asset, slug))

    @abstractmethod
    def pack(self, value: Any) -> StoredFrames:
        """The value as frames and notes."""

    @abstractmethod
    def unpack(self, stored: StoredFrames) -> Any:
        """The value again."""


class RawObjectsIOManager(_FramesIOManager):
    """For ``RawObjects``: a frame per Qmlativ object; what was not shared lies in the notes."""

    def pack(self, value: Any) -> StoredFrames:
        return StoredFrames(
            value.frames,
            {
                "absent": {name: sorted(fields) for name, fields in value.absent.items()},
                "statistics": dict(value.statistics),
            },
        )

    def unpack(self, stored: StoredFrames) -> Any:

        absent = {name: frozenset(fields) for name, fields in stored.notes["absent"].items()}
        return RawObjects(stored.frames, absent, stored.notes["statistics"])


class CuratedIOManager(_FramesIOManager):
    """For ``Curated``: its frame, rejects and account; findings lie in the notes."""

    def pack(self, value: Any) -> StoredFrames:
        return StoredFrames(
            {"frame": value.frame, "rejects": value.rejects, "account": value.account},
            {
                "absent": sorted(value.absent),
                "whole": value.complete,
                "findings": value.findings,
            },
        )

    def unpack(self, stored: StoredFrames) -> Any:

        notes = stored.notes
        return Curated(
            **stored.frames,
            absent=frozenset(notes["absent"]),
            complete=notes["whole"],
            findings=notes["findings"],
        )


def _store() -> FrameStore:
    return FrameStore(Settings.from_environment().storage)


def _instance_and_run(
    context: dg.InputContext | dg.OutputContext,
) -> tuple[dg.DagsterInstance, dg.DagsterRun]:
    step = context.step_context
    return step.instance, step.dagster_run
