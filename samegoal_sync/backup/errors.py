"""What can go wrong with a backup or a restore.

SyncError
`-- BackupError     it can't be made, read or put in place; nothing was changed
"""

from __future__ import annotations

from samegoal_sync.errors import SyncError


class BackupError(SyncError):
    """A backup can't be made or read, or there is no empty place for it; nothing was changed."""
