"""Which store the settings name: a folder, or object storage."""

from __future__ import annotations

from samegoal_sync.settings import Settings
from samegoal_sync.storage.folder_frames import FolderFrameStore
from samegoal_sync.storage.frame_store import FrameStore


def frame_store(settings: Settings) -> FrameStore:
    """The store of the frames.

    Raises:
        SettingError: object storage is named in a way that can't be used.
    """
    if settings.object_storage is None:
        return FolderFrameStore(settings.storage)
    from samegoal_sync.storage.object_address import object_address  # its package is an extra
    from samegoal_sync.storage.object_frames import ObjectFrameStore

    return ObjectFrameStore(object_address(settings.object_storage))
