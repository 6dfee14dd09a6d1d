"""Frames in object storage, against a real S3 server: the same guarantees as on a disk."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from samegoal_sync.errors import SettingError, StorageError, StorageUnreachable
from samegoal_sync.settings import Settings
from samegoal_sync.storage import object_address as addresses
from samegoal_sync.storage import object_frames
from samegoal_sync.storage.chosen_store import frame_store
from samegoal_sync.storage.frame_store import KEPT, StoredFrames
from samegoal_sync.storage.object_address import object_address
from samegoal_sync.storage.object_frames import ObjectFrameStore
from samegoal_sync_tests.storage.object_server import BUCKET, ObjectServer, running_object_server

NIGHT = datetime.now(UTC).replace(microsecond=0)
ASSET, DISTRICT = "qmlativ/students", "fairview-isd"
_RAW = ("qmlativ/entities", "qmlativ/students", "qmlativ/guardians")


@pytest.fixture(scope="module")
def _server() -> Iterator[ObjectServer]:
    with running_object_server() as server:
        yield server


@pytest.fixture
def server(_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(object_frames, "_private", set())
    _server.client.create_bucket(Bucket=BUCKET)
    yield _server
    for key in [*_server.names(), "nightly/private.txt"]:
        _server.client.delete_object(Bucket=BUCKET, Key=key)
    _server.client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def store(server: ObjectServer) -> ObjectFrameStore:
    return ObjectFrameStore(object_address(server.setting))


def _frames(value: int) -> StoredFrames:
    two = {name: pl.DataFrame({"ID": [value]}) for name in ("Student/Student", "Student/Other")}
    return StoredFrames(two, {"n": value})


def _value(store: ObjectFrameStore, run: str | None = None) -> int:
    return int(store.read(ASSET, DISTRICT, run).frames["Student/Student"].item())


def test_a_night_that_brought_the_same_bytes_is_known(store: ObjectFrameStore) -> None:
    found = []
    for day, value in enumerate((1, 1, 2)):
        store.store(ASSET, DISTRICT, _frames(value), NIGHT + timedelta(days=day), f"run{day}")
        found.append(store.is_repeated(ASSET, DISTRICT))
    assert found == [None, True, False]


def test_the_setting_chooses_the_store_and_nothing_lies_on_the_disk(
    server: ObjectServer, tmp_path: Path
) -> None:
    settings = Settings.from_environment(
        {"DAGSTER_HOME": str(tmp_path / "home"), "SAMEGOAL_SYNC_STORAGE": server.setting}
    )
    store = frame_store(settings)
    address = store.store(ASSET, DISTRICT, _frames(7), NIGHT, "run1")
    assert address.startswith(f"s3://{BUCKET}/nightly/{ASSET}/{DISTRICT}/")
    again = store.read(ASSET, DISTRICT)
    assert again.notes == {"n": 7}
    assert again.frames["Student/Student"].equals(_frames(7).frames["Student/Student"])
    assert list(tmp_path.rglob("*")) == []


def test_the_newest_night_is_read_and_each_run_reads_its_own(store: ObjectFrameStore) -> None:
    store.store(ASSET, DISTRICT, _frames(1), NIGHT, "first")
    store.store(ASSET, DISTRICT, _frames(2), NIGHT + timedelta(minutes=1), "second")
    assert (_value(store), _value(store, "first")) == (2, 1)
    with pytest.raises(StorageError, match="no frames of"):
        store.read(ASSET, "nobody")


def test_what_is_stored_is_encrypted_by_the_server(
    store: ObjectFrameStore, server: ObjectServer
) -> None:
    store.store(ASSET, DISTRICT, _frames(1), NIGHT)
    keys = server.names()
    assert len(keys) == 3
    for key in keys:
        head = server.client.head_object(Bucket=BUCKET, Key=key)
        assert head["ServerSideEncryption"] == "AES256"
    kms = f"{server.setting}&sse=aws:kms&kms_key=a-key"
    ObjectFrameStore(object_address(kms)).store(ASSET, "other", _frames(1), NIGHT)
    (key, *_) = [key for key in server.names() if "/other/" in key]
    head = server.client.head_object(Bucket=BUCKET, Key=key)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "a-key")


def test_a_night_without_its_manifest_is_absent_and_swept_when_its_writer_is_gone(
    store: ObjectFrameStore, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.store(ASSET, DISTRICT, _frames(1), NIGHT, "good")
    killed: list[str] = []
    put = ObjectFrameStore._put

    def dies_before_the_manifest(self: Any, path: str, content: bytes, **how: Any) -> None:
        if path.endswith("notes.json"):
            killed.append(path)
            raise SystemExit  # as a killed process: nothing is cleaned up
        put(self, path, content, **how)

    with monkeypatch.context() as during:
        during.setattr(ObjectFrameStore, "_put", dies_before_the_manifest)
        during.setattr(ObjectFrameStore, "_delete", lambda _self, _paths: None)
        with pytest.raises(SystemExit):
            store.store(ASSET, DISTRICT, _frames(2), NIGHT + timedelta(hours=1), "killed")
    assert killed
    assert _value(store) == 1
    with pytest.raises(StorageError):
        store.read(ASSET, DISTRICT, "killed")
    assert any("killed" in key for key in server.names())
    store.store(ASSET, DISTRICT, _frames(3), NIGHT + timedelta(hours=2), "next")
    assert any("killed" in key for key in server.names())  # its writer may be at work
    monkeypatch.setattr(object_frames, "ABANDONED", timedelta(0))
    store.store(ASSET, DISTRICT, _frames(4), NIGHT + timedelta(hours=3), "last")
    assert not any("killed" in key for key in server.names())
    assert _value(store) == 4


def test_a_write_that_fails_half_way_leaves_what_was_stored_and_no_draft(
    store: ObjectFrameStore, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.store(ASSET, DISTRICT, _frames(1), NIGHT)
    put = ObjectFrameStore._put

    def fails(self: Any, path: str, content: bytes, **how: Any) -> None:
        if path.endswith("notes.json"):
            raise ConnectionError("secret words of the server")
        put(self, path, content, **how)

    with monkeypatch.context() as during:
        during.setattr(ObjectFrameStore, "_put", fails)
        with pytest.raises(StorageUnreachable, match="could not be stored") as raised:
            store.store(ASSET, DISTRICT, _frames(2), NIGHT + timedelta(hours=1))
    assert "secret words" not in str(raised.value)
    assert raised.value.transient
    assert len(server.names()) == 3
    assert _value(store) == 1


def test_a_frame_that_is_gone_or_damaged_is_reported(
    store: ObjectFrameStore, server: ObjectServer
) -> None:
    store.store(ASSET, DISTRICT, _frames(1), NIGHT)
    (key,) = [key for key in server.names() if "Student.Other" in key]
    server.client.put_object(Bucket=BUCKET, Key=key, Body=b"damaged")
    with pytest.raises(StorageError, match="can't be read"):
        store.read(ASSET, DISTRICT)
    server.client.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(StorageError, match="not complete: Student/Other is missing") as raised:
        store.read(ASSET, DISTRICT)
    assert f"samegoal-sync sync {DISTRICT}" in raised.value.hint


def test_the_same_moment_is_never_written_over(store: ObjectFrameStore) -> None:
    store.store(ASSET, DISTRICT, _frames(1), NIGHT, "run")
    with pytest.raises(StorageError, match="stored already"):
        store.store(ASSET, DISTRICT, _frames(2), NIGHT, "run")
    assert _value(store) == 1


def test_two_runs_that_write_at_once_are_never_mixed(store: ObjectFrameStore) -> None:
    def write(run: int) -> None:
        for _ in range(4):
            for asset in _RAW:
                store.store(asset, DISTRICT, _frames(run), datetime.now(UTC), f"run{run}")

    with ThreadPoolExecutor(3) as writers:
        for done in [writers.submit(write, run) for run in range(3)]:
            done.result()
    later = datetime.now(UTC) + timedelta(minutes=1)
    chosen = store.run_of(_RAW, DISTRICT, "another", later)
    assert chosen is not None
    assert {store.read(asset, DISTRICT, chosen).notes["n"] for asset in _RAW} == {int(chosen[3:])}


def test_frames_are_kept_for_thirty_nights_and_the_newest_always(
    store: ObjectFrameStore, server: ObjectServer
) -> None:
    for night in (0, 1):
        store.store(ASSET, DISTRICT, _frames(night), NIGHT + timedelta(days=night))
    assert len(server.names()) == 6
    store.store(ASSET, DISTRICT, _frames(9), NIGHT + KEPT + timedelta(days=2))
    assert len(server.names()) == 3
    assert _value(store) == 9


def test_a_silent_districts_old_frames_go_all_the_same(
    store: ObjectFrameStore, server: ObjectServer
) -> None:
    for asset in (ASSET, "student_demographics"):
        for night in (0, 1):
            store.store(asset, DISTRICT, _frames(night), NIGHT + timedelta(days=night))
    assert len(server.names()) == 12
    store.prune(NIGHT + KEPT + timedelta(days=2))
    assert len(server.names()) == 6
    assert _value(store) == 1


def test_a_removed_districts_frames_go_and_others_stay(
    store: ObjectFrameStore, server: ObjectServer
) -> None:
    for asset in (*_RAW, "student_demographics"):
        for district in (DISTRICT, "ridgemont", "students"):
            store.store(asset, district, _frames(1), NIGHT)
    store.remove(DISTRICT)
    assert not any(f"/{DISTRICT}/" in key for key in server.names())
    assert sum("/ridgemont/" in key for key in server.names()) == 12
    store.remove("students")  # an asset is named so too: qmlativ/students
    assert sum("/ridgemont/" in key for key in server.names()) == 12
    with pytest.raises(StorageError):
        store.read(ASSET, "students")


def test_a_bucket_that_anybody_can_read_takes_no_student(
    store: ObjectFrameStore, server: ObjectServer
) -> None:
    server.client.put_bucket_acl(Bucket=BUCKET, ACL="public-read")
    policy = (
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", '
        f'"Resource": "arn:aws:s3:::{BUCKET}/*"}}]}}'
    )
    server.client.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    with pytest.raises(StorageError, match="can be read by anybody"):
        store.store(ASSET, DISTRICT, _frames(1), NIGHT)
    assert server.names() == []


def test_a_bucket_that_is_not_there_is_named(server: ObjectServer) -> None:
    missing = ObjectFrameStore(object_address(server.setting.replace(BUCKET, "no-such-bucket")))
    for work in (
        lambda: missing.store(ASSET, DISTRICT, _frames(1), NIGHT),
        lambda: missing.read(ASSET, DISTRICT),
        lambda: missing.remove(DISTRICT),
    ):
        with pytest.raises(StorageError, match="there is no bucket no-such-bucket") as raised:
            work()
        assert "SAMEGOAL_SYNC_STORAGE" in raised.value.hint


@pytest.fixture
def checking_credentials(server: ObjectServer) -> Iterator[None]:
    """From now on the server looks at keys and signatures; before, it takes any."""
    switch = f"{server.endpoint}/moto-api/reset-auth"
    requests.post(switch, data=b"0", timeout=10).raise_for_status()
    yield
    requests.post(switch, data=b"inf", timeout=10).raise_for_status()


@pytest.mark.usefixtures("checking_credentials")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("unknown key", f"the bucket {BUCKET} refuses these credentials"),
        ("none at all", f"no credentials for the bucket {BUCKET} were found"),
    ],
)
def test_wrong_credentials_are_reported_in_a_line_without_them(
    server: ObjectServer, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    if given == "unknown key":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNKEY")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unmistakable-secret")
    else:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")  # a machine without role
        monkeypatch.setattr(addresses, "_TRIES", 1)
    store = ObjectFrameStore(object_address(server.setting))
    for work in (
        lambda: store.store(ASSET, DISTRICT, _frames(1), NIGHT),
        lambda: store.read(ASSET, DISTRICT),
        lambda: store.remove(DISTRICT),
    ):
        with pytest.raises(StorageError, match=said) as raised:
            work()
        assert "AWS_SECRET_ACCESS_KEY" in raised.value.hint
        assert "unmistakable" not in str(raised.value)
        assert "AKIA" not in str(raised.value)
        assert "\n" not in raised.value.what + raised.value.hint


def test_a_server_that_is_down_or_silent_ends_in_bounded_time(
    server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_REQUEST_SECONDS", 1)
    monkeypatch.setattr(addresses, "_CONNECT_SECONDS", 1)
    monkeypatch.setattr(addresses, "_TRIES", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
        port = silent.getsockname()[1]
        for endpoint in ("http://127.0.0.1:1", f"http://127.0.0.1:{port}"):
            store = ObjectFrameStore(object_address(f"s3://b/p?endpoint={endpoint}&region=r"))
            ended = threading.Event()

            def work(store: ObjectFrameStore = store, ended: threading.Event = ended) -> None:
                with pytest.raises(StorageUnreachable, match="did not do it"):
                    store.store(ASSET, DISTRICT, _frames(1), NIGHT)
                ended.set()

            thread = threading.Thread(target=work)
            thread.start()
            thread.join(20)
            assert ended.is_set(), endpoint


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gs://bucket/x", "gs://, which is not supported"),
        ("s3:///x", "names no bucket"),
        ("s3://key:secret@bucket/x", "names no bucket, or holds more"),
        ("s3://bucket/x?sse=rot13", "encryption other than"),
        ("s3://bucket/x?acl=public", "mean nothing: acl"),
        ("s3://bucket/x?kms_key=k", "not sse=aws:kms"),
        ("s3://bucket/x?endpoint=http://minio.example.org", "no https address"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong_and_no_secret(setting: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as raised:
        object_address(setting)
    assert "secret" not in str(raised.value)
