"""A held night at rest: both curated frames with their rejects, until a person decides.

Kept as Arrow files in a zip inside the row, so that *approve* publishes that very night and
needs neither Qmlativ nor the night's own frames.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

import polars as pl
from psycopg import Connection
from psycopg.types.json import Jsonb

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.columns.stored_curated import (
    FRAMES,
    curated_of,
    frames_of,
    notes_of,
)
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.guards import Reason
from samegoal_sync.samegoal.publication.syncs import Sync

#: In the zip, beside the frames.
_NOTES = "about.json"


def hold(comparison: Comparison, sync: Sync, sync_id: int, reasons: list[Reason]) -> bool:
    """Store the night in place of whatever was held before.

    Returns: whether it was; a night that is held and was read later stays in its place.
    """
    stored = comparison.connection.execute(
        """
        insert into held_nights (district, sync_id, night, reasons, students, guardians)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (district) do update set sync_id = excluded.sync_id,
            night = excluded.night, held_at = now(), reasons = excluded.reasons,
            students = excluded.students, guardians = excluded.guardians
        where not exists (select from syncs s where s.id = held_nights.sync_id
            and s.read_at > %s)
        """,
        (
            sync.slug,
            sync_id,
            sync.night,
            Jsonb([reason.as_json() for reason in reasons]),
            pack(comparison.students),
            pack(comparison.guardians),
            comparison.students.read_at,
        ),
    )
    return stored.rowcount == 1


def clear_held(
    connection: Connection[Any],
    slug: str,
    message: str,
    *,
    but: int | None = None,
    read_by: datetime | None = None,
) -> None:
    """Drop the held night, if there is one; its sync says why.

    Args:
        but: not the one of this sync.
        read_by: not one that was read later.
    """
    connection.execute(
        """
        with gone as (delete from held_nights
            where district = %(slug)s and sync_id is distinct from %(but)s
                and not exists (select from syncs s where s.id = held_nights.sync_id
                    and s.read_at > %(read_by)s)
            returning sync_id)
        update syncs set state = 'discarded', message = %(message)s, hint = null, actor = null
        from gone where syncs.id = gone.sync_id
        """,
        {"slug": slug, "but": but, "message": message, "read_by": read_by},
    )


def pack(curated: Curated) -> bytes:
    """A curated frame with all that belongs to it, as bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, frame in frames_of(curated).items():
            part = io.BytesIO()
            frame.write_ipc(part, compression="zstd")
            archive.writestr(f"{name}.arrow", part.getvalue())
        archive.writestr(_NOTES, json.dumps(notes_of(curated)))
    return target.getvalue()


def unpack(data: bytes) -> Curated:
    """What ``pack`` packed, an earlier version's too.

    Raises:
        zipfile.BadZipFile: it is damaged, or would become more than it is.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
            raise zipfile.BadZipFile("a part is compressed")
        notes = json.loads(archive.read(_NOTES))
        packed = [name for name in FRAMES if f"{name}.arrow" in archive.namelist()]
        frames = {name: pl.read_ipc(io.BytesIO(archive.read(f"{name}.arrow"))) for name in packed}
    return curated_of(frames, notes)
