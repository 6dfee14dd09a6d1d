"""What can go wrong with mail.

SyncError
`-- MailError            the mail server refused or could not be reached (transient)
"""

from __future__ import annotations

from samegoal_sync.errors import SyncError


class MailError(SyncError):
    """A mail server refused a message or could not be reached."""

    transient = True
