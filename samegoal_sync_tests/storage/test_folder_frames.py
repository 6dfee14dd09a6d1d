"""Frames on disk: complete or absent, private, kept for thirty nights, whole again when read."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import (
    DENIED_COLUMNS,
    REJECT_COLUMNS,
    STUDENT_ACCOUNT,
    STUDENT_COLUMNS,
    Curated,
)
from samegoal_sync.errors import StorageError
from samegoal_sync.pipeline.io_managers import CuratedIOManager, RawObjectsIOManager
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.storage.folder_frames import FolderFrameStore
from samegoal_sync.storage.frame_store import KEPT, StoredFrames

NIGHT = datetime(2026, 3, 3, 8, tzinfo=UTC)
ASSET, DISTRICT = "qmlativ/students", "fairview-isd"


@pytest.fixture
def store(tmp_path: Path) -> FolderFrameStore:
    return FolderFrameStore(tmp_path / "storage")


def _frames(value: int) -> StoredFrames:
    return StoredFrames({"Student/Student": pl.DataFrame({"StudentID": [value]})}, {"n": value})


def _value(store: FolderFrameStore) -> int:
    return int(store.read(ASSET, DISTRICT).frames["Student/Student"].item())


def test_the_newest_night_is_read(store: FolderFrameStore) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    store.write(ASSET, DISTRICT, _frames(2), NIGHT + timedelta(days=1))
    assert _value(store) == 2


def test_a_night_that_brought_the_same_bytes_is_known(store: FolderFrameStore) -> None:
    found = []
    for day, value in enumerate((1, 1, 2)):
        store.write(ASSET, DISTRICT, _frames(value), NIGHT + timedelta(days=day))
        found.append(store.is_repeated(ASSET, DISTRICT))
    assert found == [None, True, False]


def test_a_night_of_a_version_without_digests_is_not_compared(store: FolderFrameStore) -> None:
    older = store.write(ASSET, DISTRICT, _frames(1), NIGHT) / "notes.json"
    notes = json.loads(older.read_text())
    assert notes.pop("digests")
    older.write_text(json.dumps(notes))
    store.write(ASSET, DISTRICT, _frames(1), NIGHT + timedelta(days=1))
    assert store.is_repeated(ASSET, DISTRICT) is None
    older.write_text("damaged")
    assert store.is_repeated(ASSET, DISTRICT) is None


def test_nothing_stored_says_what_to_do(store: FolderFrameStore) -> None:
    with pytest.raises(StorageError) as raised:
        store.read(ASSET, DISTRICT)
    assert "samegoal-sync sync fairview-isd" in raised.value.hint


def test_a_draft_that_a_killed_process_left_is_never_read(store: FolderFrameStore) -> None:
    folder = store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    draft = folder.parent / ".20260304T080000.000000Z-dead"
    draft.mkdir()
    (draft / "Student.Student.parquet").write_bytes(b"half")
    assert _value(store) == 1


def test_a_damaged_frame_is_reported_without_its_content(store: FolderFrameStore) -> None:
    folder = store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    (folder / "Student.Student.parquet").write_bytes(b"damaged")
    with pytest.raises(StorageError, match="can't be read"):
        store.read(ASSET, DISTRICT)


def test_a_frame_that_is_gone_is_never_taken_for_one_without_rows(store: FolderFrameStore) -> None:
    two = {name: pl.DataFrame({"ID": [1]}) for name in ("Student/Student", "Student/Enrollment")}
    folder = store.write(ASSET, DISTRICT, StoredFrames(two, {}), NIGHT)
    (folder / "Student.Enrollment.parquet").unlink()
    with pytest.raises(StorageError, match="not complete: Student/Enrollment is missing") as raised:
        store.read(ASSET, DISTRICT)
    assert f"samegoal-sync sync {DISTRICT}" in raised.value.hint


def test_a_manifest_that_is_gone_is_reported_as_missing(store: FolderFrameStore) -> None:
    (store.write(ASSET, DISTRICT, _frames(1), NIGHT) / "notes.json").unlink()
    with pytest.raises(StorageError, match=r"not complete: notes\.json is missing"):
        store.read(ASSET, DISTRICT)


def test_a_frame_that_another_night_wrote_is_refused(store: FolderFrameStore) -> None:
    folder = store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    pl.DataFrame({"StudentID": [1, 2]}).write_parquet(folder / "Student.Student.parquet")
    with pytest.raises(StorageError, match="not as they were stored: Student/Student"):
        store.read(ASSET, DISTRICT)


def test_a_file_that_is_no_frame_of_the_night_is_named(store: FolderFrameStore) -> None:
    folder = store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    shutil.copy(folder / "Student.Student.parquet", folder / "Copy of Student.parquet")
    with pytest.raises(StorageError, match=r"not one of them: Copy of Student\.parquet"):
        store.read(ASSET, DISTRICT)
    (folder / "Copy of Student.parquet").rename(folder / "Copy of Student.bak")
    assert _value(store) == 1


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ('{"absent": {}}', r"another version \(form 1, not 2\)"),
        ('{"form": 3}', r"another version \(form 3, not 2\)"),
        ("[]", r"another version"),
        ('{"form": 2}', r"can't be read \(KeyError\)"),
        ('{"form": 2, "rows"', r"can't be read \(JSONDecodeError\)"),
    ],
)
def test_notes_of_another_version_are_reported_as_that(
    store: FolderFrameStore, notes: str, said: str
) -> None:
    (store.write(ASSET, DISTRICT, _frames(1), NIGHT) / "notes.json").write_text(notes)
    with pytest.raises(StorageError, match=said):
        store.read(ASSET, DISTRICT)


@pytest.fixture
def file_limit() -> Iterator[None]:
    """No file of this process may grow beyond 64 kB: a full disk, as far as one can be made."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("file_limit")
def test_a_disk_that_gets_full_within_a_frame_is_reported_and_leaves_no_draft(
    store: FolderFrameStore,
) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    names = pl.DataFrame({"FirstName": [str(hash((1, n))) for n in range(20_000)]})
    large = StoredFrames({"Demographics/Name": names}, {})
    with pytest.raises(StorageError, match=r"could not be stored \(File too large\)"):
        store.write(ASSET, DISTRICT, large, NIGHT + timedelta(days=1))
    assert [path.name for path in (store.root / ASSET / DISTRICT).iterdir()] == [
        "20260303T080000.000000Z"
    ]
    assert _value(store) == 1


def test_a_draft_is_swept_when_its_writer_is_long_gone(store: FolderFrameStore) -> None:
    parent = store.write(ASSET, DISTRICT, _frames(1), datetime.now(UTC)).parent
    old, fresh = parent / ".old", parent / ".fresh"
    for draft in (old, fresh):
        draft.mkdir()
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    os.utime(old, (long_ago, long_ago))
    store.write(ASSET, DISTRICT, _frames(2), datetime.now(UTC))
    assert not old.exists()
    assert fresh.exists()


def test_two_runs_that_write_at_once_never_meet_each_others_drafts(store: FolderFrameStore) -> None:
    def write(run: int) -> None:
        for _ in range(60):
            store.write(ASSET, DISTRICT, _frames(run), datetime.now(UTC), f"run{run}")

    with ThreadPoolExecutor(4) as writers:
        for done in [writers.submit(write, run) for run in range(4)]:
            done.result()
    assert len(list((store.root / ASSET / DISTRICT).iterdir())) == 240


def test_a_disk_that_refuses_keeps_what_was_stored(store: FolderFrameStore) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    # The same moment again: its folder is taken, as the rename finds out at the very end.
    with pytest.raises(StorageError):
        store.write(ASSET, DISTRICT, _frames(2), NIGHT)
    assert _value(store) == 1
    assert len(list((store.root / ASSET / DISTRICT).iterdir())) == 1


def test_frames_are_kept_for_thirty_nights_and_the_newest_always(store: FolderFrameStore) -> None:
    for night in (NIGHT, NIGHT + timedelta(days=1)):
        store.write(ASSET, DISTRICT, _frames(1), night)
    parent = store.root / ASSET / DISTRICT
    assert len(list(parent.iterdir())) == 2
    store.write(ASSET, DISTRICT, _frames(2), NIGHT + KEPT + timedelta(days=2))
    assert len(list(parent.iterdir())) == 1
    assert _value(store) == 2


def test_a_silent_districts_old_frames_go_all_the_same(store: FolderFrameStore) -> None:
    for asset in (ASSET, "student_demographics"):
        for night in (NIGHT, NIGHT + timedelta(days=1)):
            store.write(asset, DISTRICT, _frames(night.day), night)
    store.prune(NIGHT + KEPT + timedelta(days=2))
    for asset in (ASSET, "student_demographics"):
        (night,) = (store.root / asset / DISTRICT).iterdir()
        assert night.name.startswith("20260304")


def test_what_is_no_night_is_neither_read_nor_deleted(store: FolderFrameStore) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    parent = store.root / ASSET / DISTRICT
    for name in ("2025-notes", "zz"):
        (parent / name).mkdir()
    assert _value(store) == 1
    store.write(ASSET, DISTRICT, _frames(2), NIGHT + KEPT + timedelta(days=2))
    assert _value(store) == 2
    assert {path.name for path in parent.iterdir()} >= {"2025-notes", "zz"}
    assert len(list(parent.iterdir())) == 3


def test_files_and_folders_are_their_owners_alone(store: FolderFrameStore) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    for path in (store.root, *store.root.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_removed_districts_frames_go_and_others_stay(store: FolderFrameStore) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    store.write(ASSET, "ridgemont", _frames(2), NIGHT)
    store.remove(DISTRICT)
    assert not (store.root / ASSET / DISTRICT).exists()
    assert (store.root / ASSET / "ridgemont").exists()


def test_a_district_named_like_an_asset_takes_only_its_own_frames_along(
    store: FolderFrameStore,
) -> None:
    store.write(ASSET, DISTRICT, _frames(1), NIGHT)
    store.write("student_demographics", "students", _frames(2), NIGHT)
    store.remove("students")
    assert not (store.root / "student_demographics" / "students").exists()
    assert _value(store) == 1


def test_raw_objects_come_back_with_what_was_absent(store: FolderFrameStore) -> None:
    raw = RawObjects(
        {"Demographics/Name": pl.DataFrame({"NameID": [1], "Gender": [None]},
                                           schema={"NameID": pl.Int64, "Gender": pl.String})},
        {"Demographics/Name": frozenset({"Gender"})},
        {"rows": 1.0},
        {"Demographics/Name": NIGHT},
    )  # fmt: skip
    manager = RawObjectsIOManager()
    store.write(ASSET, DISTRICT, manager.pack(raw), NIGHT)
    again = manager.unpack(store.read(ASSET, DISTRICT))
    assert again.frames["Demographics/Name"].equals(raw["Demographics/Name"])
    assert again.frames["Demographics/Name"].schema == raw["Demographics/Name"].schema
    assert not again.shares("Demographics/Name", "Gender")
    assert again.statistics == raw.statistics
    assert again.moments == raw.moments


def test_curated_comes_back_whole(store: FolderFrameStore) -> None:
    curated = Curated(
        pl.DataFrame(schema={**STUDENT_COLUMNS, "keep": pl.List(pl.String())}),
        pl.DataFrame(schema=REJECT_COLUMNS),
        pl.DataFrame(schema=STUDENT_ACCOUNT),
        absent=frozenset({"race"}),
        complete=False,
        findings={"n": 1, "share": 0.5, "list": ["a"]},
        read_at=NIGHT,
        denied=pl.DataFrame([("S1", 7, "email")], schema=DENIED_COLUMNS, orient="row"),
    )
    manager = CuratedIOManager()
    store.write("student_demographics", DISTRICT, manager.pack(curated), NIGHT)
    again = manager.unpack(store.read("student_demographics", DISTRICT))
    for name in ("frame", "rejects", "account", "denied"):
        assert getattr(again, name).equals(getattr(curated, name))
        assert getattr(again, name).schema == getattr(curated, name).schema
    assert (again.absent, again.complete, again.findings, again.read_at) == (
        curated.absent, curated.complete, curated.findings, curated.read_at,
    )  # fmt: skip


_RAW = ("qmlativ/entities", "qmlativ/students", "qmlativ/guardians")


def _stored(store: FolderFrameStore, run: str, minute: int, assets: tuple[str, ...] = _RAW) -> None:
    for number, asset in enumerate(assets):
        moment = NIGHT + timedelta(minutes=minute, seconds=number)
        store.write(asset, DISTRICT, _frames(minute), moment, run)


def _read_by(store: FolderFrameStore, run: str, minute: int = 60) -> str | None:
    return store.run_of(_RAW, DISTRICT, run, NIGHT + timedelta(minutes=minute))


def test_a_run_reads_its_own_frames_though_another_stored_newer_ones(
    store: FolderFrameStore,
) -> None:
    _stored(store, "first", 1)
    _stored(store, "second", 2)
    assert _read_by(store, "first") == "first"
    assert store.read(_RAW[1], DISTRICT, "first").notes["n"] == 1
    assert store.read(_RAW[1], DISTRICT, "second").notes["n"] == 2


def test_a_run_that_stored_none_reads_the_newest_complete_set_of_one_run(
    store: FolderFrameStore,
) -> None:
    _stored(store, "first", 1)
    _stored(store, "second", 2)
    _stored(store, "half", 3, _RAW[:2])
    assert _read_by(store, "later") == "second"


def test_what_is_stored_while_a_run_reads_is_not_mixed_in(store: FolderFrameStore) -> None:
    _stored(store, "first", 1)
    _stored(store, "overlapping", 30)
    assert _read_by(store, "later", minute=20) == "first"


def test_a_run_that_stored_only_a_part_is_refused_what_is_of_another(
    store: FolderFrameStore,
) -> None:
    _stored(store, "first", 1)
    _stored(store, "half", 2, _RAW[2:])
    with pytest.raises(StorageError, match="only part"):
        _read_by(store, "half")


def test_no_complete_set_is_none(store: FolderFrameStore) -> None:
    _stored(store, "half", 1, _RAW[:2])
    assert _read_by(store, "later") is None
