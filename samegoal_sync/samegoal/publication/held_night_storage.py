"""A held night at rest: both frames, whole, until a person decides.

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

from samegoal_sync.demographics.columns.curated_frames import FRAMES_OF_CURATED, Curated
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.guards import Reason
from samegoal_sync.samegoal.publication.syncs import Sync


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
        for name in FRAMES_OF_CURATED:
            part = io.BytesIO()
            getattr(curated, name).write_ipc(part, compression="zstd")
            archive.writestr(f"{name}.arrow", part.getvalue())
        about = {
            "absent": sorted(curated.absent),
            "complete": curated.complete,
            "findings": curated.findings,
            "read_at": curated.read_at.isoformat() if curated.read_at else None,
        }
        archive.writestr("about.json", json.dumps(about))
    return target.getvalue()


def unpack(data: bytes) -> Curated:
    """What ``pack`` packed, an earlier version's too.

    Raises:
        zipfile.BadZipFile: it is damaged, or would become more than it is.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
            raise zipfile.BadZipFile("a part is compressed")
        about = json.loads(archive.read("about.json"))
        packed = [name for name in FRAMES_OF_CURATED if f"{name}.arrow" in archive.namelist()]
        frames = {name: pl.read_ipc(io.BytesIO(archive.read(f"{name}.arrow"))) for name in packed}
    read_at = about.get("read_at")
    return Curated(
        **frames,
        absent=frozenset(about["absent"]),
        complete=about["complete"],
        findings=about["findings"],
        read_at=datetime.fromisoformat(read_at) if read_at else None,
    )
