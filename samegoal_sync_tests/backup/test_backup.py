"""A backup put back into an empty place loses nothing; one that is not whole changes nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import shutil
import tracemalloc
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from samegoal_sync.backup import make_backup as making
from samegoal_sync.backup import replay_dump as replaying
from samegoal_sync.backup.errors import BackupError
from samegoal_sync.backup.make_backup import make_backup
from samegoal_sync.backup.restore_backup import restore_backup
from samegoal_sync.database import connect, migrate
from samegoal_sync.districts.errors import SecretKeyError
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.backup.installation import (
    SECRET,
    emptied,
    files,
    furnish,
    rows,
    structure,
)


@pytest.fixture(scope="module")
def module_database(_server: str) -> Iterator[str]:
    yield from _new_database(_server)


@pytest.fixture
def other(_server: str) -> Iterator[str]:
    """A database without our tables."""
    for database_url in _new_database(_server):
        yield emptied(database_url)


def _new_database(server: str) -> Iterator[str]:
    name = f"b{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.replace("/samegoal?", "/postgres?"), autocommit=True) as root:
        root.execute(f"create database {name} template samegoal".encode())
        yield server.replace("/samegoal?", f"/{name}?")
        root.execute(f"drop database {name} with (force)".encode())


@pytest.fixture(scope="module")
def installation(
    module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, str]:
    folder = tmp_path_factory.mktemp("installation")
    settings = Settings(home=folder / "home", storage=folder / "storage")
    furnish(settings, module_database)
    return settings, module_database


@pytest.fixture(scope="module")
def backup(installation: tuple[Settings, str]) -> Path:
    settings, database_url = installation
    target = settings.home.parent / "one.backup"
    _, secrets = make_backup(settings, database_url, target)
    assert (secrets.count, secrets.closed) == (2, ())
    return target


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", storage=tmp_path / "storage")


def _with_key(empty: Settings, installation: tuple[Settings, str]) -> Settings:
    empty.home.mkdir()
    shutil.copy(installation[0].home / "secret.key", empty.home)
    return empty


def test_a_restore_into_an_empty_home_loses_nothing(
    installation: tuple[Settings, str], backup: Path, empty: Settings, other: str
) -> None:
    settings, database_url = installation
    _, secrets = restore_backup(_with_key(empty, installation), other, backup)
    assert rows(other) == rows(database_url)
    assert sum(one.startswith("0 ") for one in rows(other).values()) < len(rows(other)) - 10
    assert structure(other) == structure(database_url)
    assert files(empty.storage) == files(settings.storage)
    assert len(files(empty.storage)) == 4
    assert (empty.home / "dagster.yaml").read_bytes() == (
        settings.home / "dagster.yaml"
    ).read_bytes()
    assert (secrets.count, secrets.closed) == (2, ())
    assert Registry(empty, other).connection("fairview-isd").secret == Secret(SECRET)
    made = [path for path in empty.storage.rglob("*") if path.stat().st_mode & 0o077]
    assert made == []
    migrate(other)  # of this version: nothing to do


def test_the_file_is_for_its_owner_alone_and_holds_no_key(
    installation: tuple[Settings, str], backup: Path
) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    content = backup.read_bytes()
    assert (installation[0].home / "secret.key").read_bytes() not in content
    assert SECRET.encode() not in content
    assert [path.name for path in backup.parent.iterdir() if path.name.startswith(".")] == []


def test_a_restore_without_the_key_says_so_and_makes_no_new_one(
    backup: Path, empty: Settings, other: str
) -> None:
    _, secrets = restore_backup(empty, other, backup)
    assert secrets.problem is not None
    assert "2 of 2 stored secrets can't be opened" in secrets.problem
    with pytest.raises(SecretKeyError, match="key of the stored secrets is not here"):
        Registry(empty, other).store_secret("fairview-isd", Secret("s"), "test")
    assert not (empty.home / "secret.key").exists()


def test_what_is_there_is_replaced_only_when_asked_for(
    installation: tuple[Settings, str], backup: Path, empty: Settings, other: str
) -> None:
    migrate(other)
    restore_backup(_with_key(empty, installation), other, backup)  # tables, but no district
    with connect(other) as connection:
        connection.execute("update districts set name = 'Renamed'")
    before = rows(other)
    with pytest.raises(BackupError, match="something here already"):
        restore_backup(empty, other, backup)
    assert rows(other) == before
    restore_backup(empty, other, backup, replace=True)
    assert rows(other) == rows(installation[1])
    aside = [path for path in empty.home.parent.iterdir() if "before-" in path.name]
    assert [files(path) for path in aside] == [files(empty.storage)]


@pytest.mark.parametrize("damage", ["cut off", "a flipped byte", "no backup at all"])
def test_a_file_that_is_not_whole_changes_nothing(
    damage: str, backup: Path, empty: Settings, other: str, tmp_path: Path
) -> None:
    content = bytearray(backup.read_bytes())
    if damage == "cut off":
        content = content[:-1000]
    elif damage == "a flipped byte":
        content[len(content) // 3] ^= 0xFF
    else:
        content = bytearray(b"students.csv")
    (damaged := tmp_path / "damaged").write_bytes(content)
    with pytest.raises(BackupError, match="not a complete backup"):
        restore_backup(empty, other, damaged)
    assert rows(other) == {}
    assert not empty.storage.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["damaged"]


def _altered(backup: Path, target: Path, **values: object) -> Path:
    """The same backup with another manifest."""
    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            content = source.read(name)
            if name == making.MANIFEST:
                content = json.dumps(json.loads(content) | values).encode()
            written.writestr(name, content)
    return target


def test_a_manifest_that_fills_memory_is_none(
    backup: Path, empty: Settings, other: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(making.DATABASE, b"")
        with zipfile.ZipFile(backup) as source:
            written.writestr(making.MANIFEST, source.read(making.MANIFEST) + b" " * 2**30)
    tracemalloc.start()
    try:
        with pytest.raises(BackupError, match="not a complete backup"):
            restore_backup(empty, other, tmp_path / "bomb")
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def test_rows_that_did_not_arrive_let_nothing_in(
    backup: Path, empty: Settings, other: str, tmp_path: Path
) -> None:
    short = _altered(backup, tmp_path / "short", rows={"samegoal.students": 100_000})
    with pytest.raises(BackupError, match="not all of the backup arrived"):
        restore_backup(empty, other, short)
    assert rows(other) == {}
    assert not empty.storage.exists()


@pytest.mark.parametrize(
    ("values", "what"), [({"tables": "9999"}, "newer version"), ({"form": 99}, "another form")]
)
def test_a_backup_of_a_newer_version_is_refused(
    values: dict[str, object], what: str, backup: Path, empty: Settings, other: str, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match=what):
        restore_backup(empty, other, _altered(backup, tmp_path / "newer", **values))
    assert rows(other) == {}


def test_tables_in_use_are_not_waited_for_without_end(
    installation: tuple[Settings, str],
    backup: Path,
    empty: Settings,
    other: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    restore_backup(_with_key(empty, installation), other, backup)
    monkeypatch.setattr(replaying, "_LOCK_TIMEOUT", "1s")
    with connect(other) as reader:
        reader.execute("lock table students in access share mode")
        with pytest.raises(BackupError, match="somebody uses the tables"):
            restore_backup(empty, other, backup, replace=True)
    assert rows(other) == rows(installation[1])


def test_everything_is_of_one_moment_whatever_runs_meanwhile(
    installation: tuple[Settings, str],
    empty: Settings,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, database_url = installation
    dump = making._dump

    def dump_while_a_night_runs(*arguments: object) -> None:
        with connect(database_url) as night:
            night.execute("insert into district_events (district, kind, who) values "
                          "('fairview-isd', 'tested', 'test')")  # fmt: skip
        dump(*arguments)  # type: ignore[arg-type]
        with connect(database_url) as night:
            night.execute("insert into district_events (district, kind, who) values "
                          "('fairview-isd', 'tested', 'test')")  # fmt: skip

    monkeypatch.setattr(making, "_dump", dump_while_a_night_runs)
    before = rows(database_url)
    make_backup(settings, database_url, tmp_path / "b")
    assert rows(database_url) != before
    restore_backup(empty, other, tmp_path / "b")
    assert rows(other) == before


def test_a_disk_that_is_full_leaves_no_file(
    installation: tuple[Settings, str], tmp_path: Path
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(BackupError, match="could not be written"):
            make_backup(*installation, tmp_path / "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_not_overwritten_and_abandoned_drafts_go(
    installation: tuple[Settings, str], tmp_path: Path
) -> None:
    (draft := tmp_path / ".samegoal-sync-backup-killed").touch()
    os.utime(draft, (0, 0))
    (tmp_path / "b").write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        make_backup(*installation, tmp_path / "b")
    assert (tmp_path / "b").read_text() == "mine"
    make_backup(*installation, tmp_path / "c", frames=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]


def test_frames_in_object_storage_are_neither_taken_nor_put_there(
    installation: tuple[Settings, str], backup: Path, empty: Settings, other: str, tmp_path: Path
) -> None:
    in_bucket = {"object_storage": "s3://bucket/frames"}
    settings = dataclasses.replace(installation[0], **in_bucket)
    made, _ = make_backup(settings, installation[1], tmp_path / "b")
    assert made.frames is None
    restore_backup(dataclasses.replace(empty, **in_bucket), other, backup)
    assert rows(other)["samegoal.students"] == rows(installation[1])["samegoal.students"]
    assert not empty.storage.exists()


def test_secrets_under_another_key_are_found_when_the_backup_is_made(
    installation: tuple[Settings, str], tmp_path: Path
) -> None:
    settings = dataclasses.replace(installation[0], home=tmp_path / "another")
    _, secrets = make_backup(settings, installation[1], tmp_path / "b")
    assert len(secrets.closed) == 2
    assert (tmp_path / "b").exists()
