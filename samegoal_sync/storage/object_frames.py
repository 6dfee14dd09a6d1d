"""Frames in object storage: a night's objects under one name, its manifest the last of them.

    s3://<bucket>/<prefix>/<asset>/<district>/<moment>_<run>/<frame>.<draft>.parquet ... notes.json

Nothing can be renamed there, so a night is complete when its manifest is: it is written last, never
over another, and names the very objects that belong to it. Whatever lies without a manifest is a
draft, and swept when its writer is long gone. Frames go from memory to the server and back: no
student's value is on a local disk.
"""

from __future__ import annotations

import io
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from samegoal_sync.errors import StorageError, StorageUnreachable
from samegoal_sync.settings import STORAGE_VARIABLE
from samegoal_sync.storage.frame_store import (
    ABANDONED,
    KEPT,
    NOTES,
    FrameStore,
    StoredFrames,
    assembled,
    digest_of,
    file_name,
    is_night,
    manifest_of,
    moment_name,
    night_name,
    packed,
    refusal,
)
from samegoal_sync.storage.object_address import ObjectAddress, opened

_THREADS = 4
_PROBE = "private.txt"

#: Asked for where no variable holds credentials.
_ROLE_OF_THE_MACHINE = ("/latest/api/token", "/latest/meta-data/")

#: Addresses that this process has found to be closed to strangers.
_private: set[ObjectAddress] = set()


@dataclass(frozen=True)
class _Object:
    path: str
    written: datetime


class ObjectFrameStore(FrameStore):
    """The frames of every asset and district in one bucket."""

    def __init__(self, address: ObjectAddress) -> None:
        self.address = address
        self._opened: Any = None

    def store(
        self, asset: str, district: str, stored: StoredFrames, now: datetime, run: str = ""
    ) -> str:
        night = f"{asset}/{district}/{night_name(now, run)}"
        draft = uuid.uuid4().hex[:8]
        files = {name: f"{file_name(name)}.{draft}.parquet" for name in stored.frames}
        digests: dict[str, str] = {}

        def put(name: str) -> None:
            content = packed(stored.frames[name])
            digests[name] = digest_of(content)
            self._put(f"{night}/{files[name]}", content)

        with self._storage_errors(f"the frames of {asset} for {district} could not be stored"):
            self._require_private()
            try:
                self._at_once(put, files)
                manifest = json.dumps(manifest_of(stored, digests, files=files), sort_keys=True)
                self._put(f"{night}/{NOTES}", manifest.encode(), new=True)
            except BaseException:
                with suppress(Exception):  # else it is swept later
                    self._delete([f"{night}/{file}" for file in files.values()])
                raise
        with suppress(Exception):  # what is too old is forgotten the night after
            self._prune(f"{asset}/{district}", datetime.now(UTC), moment_name(now - KEPT))
        return f"{self.address.url}/{night}"

    def read(self, asset: str, district: str, run: str | None = None) -> StoredFrames:
        night = f"{asset}/{district}/{self._newest(asset, district, run)}"
        refused = refusal(asset, district, f"{self.address.url}/{night}")
        with self._storage_errors(f"the frames of {asset} for {district} could not be read"):
            try:
                manifest = json.loads(self._get(f"{night}/{NOTES}"))
                files: dict[str, str] = manifest.get("files", {})
                contents = dict(
                    zip(files, self._at_once(lambda name: self._found(night, files[name]), files),
                        strict=True)
                )  # fmt: skip
                there = {name: file for name, file in files.items() if contents[name] is not None}
                return assembled(
                    manifest,
                    there,
                    lambda name: pl.read_parquet(io.BytesIO(contents[name] or b"")),
                    refused,
                )
            except FileNotFoundError as error:
                if _says(error, "NoSuchBucket"):
                    raise
                raise refused(f"are not complete: {NOTES} is missing") from None
            except (
                ValueError,
                KeyError,
                TypeError,
                AttributeError,
                pl.exceptions.PolarsError,
            ) as error:
                raise refused(f"can't be read ({type(error).__name__})") from None

    def remove(self, district: str) -> None:
        with self._storage_errors(f"the frames of {district} could not be removed"):
            for asset in self._assets():
                parent = f"{asset}/{district}"
                self._delete(
                    [one.path for one in self._list(parent) if is_night(_night_of(one, parent))]
                )

    def prune(self, now: datetime) -> None:
        with self._storage_errors("old frames could not be removed"):
            for asset in list(self._assets()):
                for parent in self._folders(asset):
                    self._prune(parent, datetime.now(UTC), moment_name(now - KEPT))

    def _nights(self, asset: str, district: str) -> list[str]:
        parent = f"{asset}/{district}"
        with self._storage_errors(f"the frames of {asset} for {district} could not be listed"):
            return sorted(
                _night_of(one, parent)
                for one in self._list(parent)
                if one.path.endswith(f"/{NOTES}")
            )

    def _manifest(self, asset: str, district: str, night: str) -> dict[str, Any]:
        with self._storage_errors(f"the manifest of {asset} for {district} could not be read"):
            manifest: dict[str, Any] = json.loads(self._get(f"{asset}/{district}/{night}/{NOTES}"))
        return manifest

    def _assets(self) -> Iterator[str]:
        """Names of the assets that are stored; a group (``qmlativ``) holds assets."""
        for name in self._folders(""):
            below = self._folders(name)
            if below and any(is_night(one.rpartition("/")[2]) for one in self._folders(below[0])):
                yield name
            else:
                yield from below

    def _prune(self, parent: str, now: datetime, oldest: str) -> None:
        nights: dict[str, list[_Object]] = defaultdict(list)
        for one in self._list(parent):
            nights[_night_of(one, parent)].append(one)
        complete = sorted(
            night
            for night, objects in nights.items()
            if any(one.path.endswith(f"/{NOTES}") for one in objects)
        )
        for night in complete[:-1]:
            if night < oldest:
                # The manifest first: whoever reads meets the night, or none of it.
                self._delete([f"{parent}/{night}/{NOTES}"])
                self._delete([one.path for one in nights[night]])
        for night in nights.keys() - set(complete):
            if all(one.written < now - ABANDONED for one in nights[night]):
                self._delete([one.path for one in nights[night]])

    # -- the server -------------------------------------------------------------------------------

    @property
    def _client(self) -> Any:
        if self._opened is None:
            self._opened = opened(self.address)
        return self._opened

    def _put(self, path: str, content: bytes, *, new: bool = False) -> None:
        import obstore

        # One request an object: a killed writer leaves no half of one that nobody sees.
        obstore.put(
            self._client, path, content, use_multipart=False, mode="create" if new else "overwrite"
        )

    def _get(self, path: str) -> bytes:
        import obstore

        return bytes(obstore.get(self._client, path).bytes())

    def _found(self, night: str, file: str) -> bytes | None:
        try:
            return self._get(f"{night}/{file}")
        except FileNotFoundError as error:
            if _says(error, "NoSuchBucket"):
                raise
            return None

    def _list(self, parent: str) -> list[_Object]:
        import obstore

        found = obstore.list(self._client, parent).collect()
        return [_Object(one["path"], one["last_modified"]) for one in found]

    def _folders(self, parent: str) -> list[str]:
        import obstore

        return list(obstore.list_with_delimiter(self._client, parent or None)["common_prefixes"])

    def _delete(self, paths: list[str]) -> None:
        import obstore

        if paths:
            obstore.delete(self._client, paths)

    @staticmethod
    def _at_once(work: Callable[[str], Any], names: Mapping[str, str]) -> list[Any]:
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(work, names))

    def _require_private(self) -> None:
        """See that a stranger can't read what is stored, before any student is; once a process.

        Raises:
            StorageError: anybody can.
        """
        import obstore

        if self.address in _private:
            return
        self._put(_PROBE, b"What lies here is its owner's alone.\n")
        try:
            obstore.get(opened(self.address, anonymous=True), _PROBE).bytes()
        except Exception:  # refused, in whatever words
            _private.add(self.address)
            return
        raise StorageError(
            f"{self.address.url} can be read by anybody: nothing was stored",
            hint="block public access to the bucket (AWS: Block all public access), and run again",
        )

    @contextmanager
    def _storage_errors(self, what: str) -> Iterator[None]:
        """Word what the server refuses; its own words, which may name objects, are not repeated."""
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            raise self._worded(what, error) from None

    def _worded(self, what: str, error: Exception) -> StorageError:
        bucket = self.address.bucket
        kind = type(error).__name__
        if _says(error, "NoSuchBucket"):
            return StorageError(
                f"{what}: there is no bucket {bucket}",
                hint=f"create it, or correct {STORAGE_VARIABLE}",
            )
        if any(_says(error, part) for part in _ROLE_OF_THE_MACHINE):
            return StorageUnreachable(  # a machine that has a role may get it at the next try
                f"{what}: no credentials for the bucket {bucket} were found",
                hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for this process, or give "
                "its machine a role that may use the bucket",
            )
        if (
            kind in ("PermissionDeniedError", "UnauthenticatedError")
            or _says(error, "credential")
            or _says(error, "403 Forbidden")  # all that a list that is refused says
        ):
            return StorageError(
                f"{what}: the bucket {bucket} refuses these credentials",
                hint="see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the machine's role), and "
                "that they may ListBucket, GetObject, PutObject and DeleteObject there"
                + (", and use the kms_key" if self.address.kms_key else ""),
            )
        if _says(error, "redirect"):
            return StorageError(
                f"{what}: the bucket {bucket} lies in another region",
                hint=f"name its region in {STORAGE_VARIABLE}: {self.address.url}?region=REGION",
            )
        if kind == "AlreadyExistsError":
            return StorageError(
                f"{what}: this moment is stored already",
                hint="run again; what was stored before is as it was",
            )
        return StorageUnreachable(
            f"{what}: the object storage of {bucket} did not do it ({kind})",
            hint=f"see that {self.address.endpoint or 'AWS S3'} is up and reachable from here; "
            "what was stored before is as it was, and the night is tried again by itself",
        )


def _night_of(one: _Object, parent: str) -> str:
    return one.path[len(parent) + 1 :].partition("/")[0]


def _says(error: Exception, word: str) -> bool:
    return word in str(error)
