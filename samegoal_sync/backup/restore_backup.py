"""Put a backup back: into an empty database and storage, all of it or nothing.

The database is restored in one transaction, which also counts what is there afterwards: a table
with another number of rows than the backup had lets nothing in. Postgres 15 takes what 18
has dumped.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from samegoal_sync.backup.archived_frames import read_frames
from samegoal_sync.backup.errors import BackupError
from samegoal_sync.backup.make_backup import DAGSTER_YAML, DATABASE, FRAMES, MANIFEST
from samegoal_sync.backup.manifest import Manifest, manifest_from_json
from samegoal_sync.backup.replay_dump import replay_dump
from samegoal_sync.backup.stored_secrets import StoredSecrets, stored_secrets
from samegoal_sync.database import connect
from samegoal_sync.database.schema_version import HEAD, REVISIONS, schema_version
from samegoal_sync.settings import Settings

#: Bytes of the manifest (kilobytes) and of a dagster.yaml.
_SMALL = 2**20
_OCCUPIED = """
    select exists (select from samegoal.districts) or exists (select from samegoal.portal_users)
"""


def restore_backup(
    settings: Settings, database_url: str, source: Path, *, replace: bool = False
) -> tuple[Manifest, StoredSecrets]:
    """Restore, and try the secrets with the key that is here.

    Args:
        replace: give up what the database holds; frames that are there are moved aside.

    Raises:
        BackupError: it is no complete backup or of a newer version, or there is no empty place
            for it; nothing was changed.
    """
    with _opened(source) as archive:
        manifest = manifest_from_json(_small(archive, MANIFEST))
        if manifest.tables not in REVISIONS:
            raise BackupError(
                f"the backup is of a newer version (tables {manifest.tables}, this one knows "
                f"{HEAD} at most)",
                hint=f"install samegoal-sync {manifest.version} or newer, then restore",
            )
        if not replace:
            _require_empty(settings, database_url)
        draft = None
        if settings.object_storage is None:
            draft = _frames_beside(settings.storage, archive)
        try:
            replay_dump(database_url, manifest, lambda: archive.open(DATABASE))
            if draft is not None:
                _move_into_place(draft, settings.storage)
        finally:
            if draft is not None:
                shutil.rmtree(draft, ignore_errors=True)  # gone when it was moved
        _own_dagster_yaml(settings.home, archive)
    with connect(database_url) as connection:
        return manifest, stored_secrets(settings, connection)


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    damaged = BackupError(
        f"{source} is not a complete backup",
        hint="it was cut off or damaged on its way here: copy it again, or take another one",
    )
    try:
        with zipfile.ZipFile(source) as archive:
            if MANIFEST not in archive.namelist() or DATABASE not in archive.namelist():
                raise damaged
            yield archive
    except FileNotFoundError:
        raise BackupError(
            f"there is no file {source}", hint="name one that samegoal-sync backup has made"
        ) from None
    except zipfile.BadZipFile:  # a checksum, too: raised while a part is read
        raise damaged from None
    except OSError as error:
        raise BackupError(
            f"the backup could not be read or put in place ({os.strerror(error.errno or 0)})",
            hint="see that the file can be read, and that DAGSTER_HOME and the folder of the "
            "frames have room and belong to this user",
        ) from None


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part that we wrote small; one that would fill memory is none of ours."""
    with archive.open(name) as part:
        content = part.read(_SMALL + 1)
    if len(content) > _SMALL:
        raise zipfile.BadZipFile(name)
    return content


def _require_empty(settings: Settings, database_url: str) -> None:
    with connect(database_url) as connection:
        made = schema_version(connection) is not None
        occupied = made and connection.execute(_OCCUPIED).fetchone() == (True,)
    if occupied or _files_in(settings.storage):
        what = "the database holds districts" if occupied else f"{settings.storage} holds frames"
        raise BackupError(
            f"there is something here already: {what}",
            hint="restore into an empty DAGSTER_HOME or database; or give --replace, and what "
            "the database holds is gone for good",
        )


def _files_in(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _frames_beside(storage: Path, archive: zipfile.ZipFile) -> Path | None:
    """The frames in a folder beside their place; ``None`` where the backup has none."""
    if FRAMES not in archive.namelist():
        return None
    storage.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(dir=storage.parent, prefix=f".{storage.name}-"))
    try:
        with archive.open(FRAMES) as part:
            read_frames(part, draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return draft


def _move_into_place(draft: Path, storage: Path) -> None:
    if _files_in(storage):
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        storage.rename(storage.with_name(f"{storage.name}.before-{moment}"))
    elif storage.is_dir():
        storage.rmdir()
    draft.rename(storage)


def _own_dagster_yaml(home: Path, archive: zipfile.ZipFile) -> None:
    target = home / DAGSTER_YAML
    if DAGSTER_YAML not in archive.namelist() or target.exists():
        return
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(_small(archive, DAGSTER_YAML))
