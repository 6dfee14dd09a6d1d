"""What can go wrong with mail.

SyncError
`-- MailError            a mail server refused a message (transient)
    `-- MailServerDown   it could not be reached, or takes nothing from us at all
"""

# ruff: noqa: N818 (named for what is wrong)

from __future__ import annotations

from samegoal_sync.errors import SyncError


class MailError(SyncError):
    """A mail server refused a message or could not be reached."""

    transient = True


class MailServerDown(MailError):
    """The mail server can't be reached or refuses us: no other message would go out either."""
