"""How each district's last delivery of files went: published data may be right and still not there.

A failed delivery leaves the night published, so the night's own row says nothing of it. It stands
here until a delivery goes well or no destination is set any more, and shows in ``status`` and the
technical team's digest.
"""

from __future__ import annotations

from datetime import datetime

from samegoal_sync.database import connect
from samegoal_sync.errors import SyncError
from samegoal_sync.samegoal.delivery.csv_files import Files
from samegoal_sync.settings import Settings


def deliver_and_record(
    settings: Settings, database_url: str, slug: str, files: Files, moment: datetime
) -> str:
    """Deliver a district's files to where the settings say; the folder they were put in.

    Raises:
        SettingError, DeliveryError: as ``sftp.deliver``; recorded.
    """
    from samegoal_sync.samegoal.delivery.sftp import (
        Destination,
        deliver,
    )  # paramiko: slow to import

    try:
        folder = deliver(Destination.from_settings(settings, slug), files, moment)
    except SyncError as error:
        _record(database_url, slug, moment, None, error)
        raise
    _record(database_url, slug, moment, folder, None)
    return folder


def forget_delivery(database_url: str, slug: str) -> None:
    """No destination is set any more: nothing is missing there."""
    with connect(database_url) as connection:
        connection.execute("delete from deliveries where district = %s", (slug,))


def _record(
    database_url: str, slug: str, moment: datetime, folder: str | None, error: SyncError | None
) -> None:
    with connect(database_url) as connection:
        connection.execute(
            """
            insert into deliveries (district, tried_at, delivered_at, folder, message, hint, actor)
            values (%(slug)s, %(moment)s, %(delivered)s, %(folder)s, %(what)s, %(hint)s, %(actor)s)
            on conflict (district) do update set tried_at = excluded.tried_at,
                delivered_at = coalesce(excluded.delivered_at, deliveries.delivered_at),
                folder = coalesce(excluded.folder, deliveries.folder),
                message = excluded.message, hint = excluded.hint, actor = excluded.actor
            where deliveries.tried_at <= excluded.tried_at
            """,
            {
                "slug": slug,
                "moment": moment,
                "delivered": moment if error is None else None,
                "folder": folder,
                "what": error and error.what,
                "hint": error and error.hint,
                "actor": error and str(error.actor),
            },
        )
