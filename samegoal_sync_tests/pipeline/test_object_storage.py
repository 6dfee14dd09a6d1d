"""A district imported through Dagster with its frames in object storage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samegoal_sync.pipeline.launching import import_districts
from samegoal_sync.storage import object_frames
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.storage.object_server import BUCKET, running_object_server


def test_a_run_stores_reads_and_publishes_and_leaves_no_frame_on_the_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(object_frames, "_private", set())
    with running_object_server() as server:
        server.client.create_bucket(Bucket=BUCKET)
        settings = replace(world.settings, object_storage=server.setting)
        (outcome,) = import_districts(settings, world.database_url, SLUGS[:1])
        assert outcome.state == "published", outcome
        assert len(world.published()) > 80
        nights = {name for name in server.names() if name.endswith("/notes.json")}
        assert len(nights) == 5  # three raw assets, two curated
        assert all(f"/{SLUGS[0]}/" in name for name in nights)
    assert not world.settings.storage.exists()
    assert not list(world.settings.home.rglob("*.parquet"))
