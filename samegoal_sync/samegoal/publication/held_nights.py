"""A held night in a person's hands: look at it, approve it, or discard it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zipfile import BadZipFile

from psycopg import Connection

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.stored_curated import with_every_column
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.samegoal.errors import HeldNightDamaged, NothingHeld, OtherNightHeld
from samegoal_sync.samegoal.publication.accounting import count
from samegoal_sync.samegoal.publication.compare import compare, narrow_to_additions
from samegoal_sync.samegoal.publication.difference import Difference, read_changes
from samegoal_sync.samegoal.publication.guards import Reason
from samegoal_sync.samegoal.publication.held_night_storage import clear_held, unpack
from samegoal_sync.samegoal.publication.newer_reads import Read, against_newer_reads
from samegoal_sync.samegoal.publication.publish import Rules, publish_in
from samegoal_sync.samegoal.publication.syncs import Kind, Publication, Sync
from samegoal_sync.samegoal.publication.transaction import (
    district_transaction,
    reading,
    require_district,
)


@dataclass(frozen=True)
class HeldNight:
    """A night that waits for a person.

    Attributes:
        sync_id / run_id: its record and its run.
        night / held_at: the district's date, and when it was held.
        reasons: the guards that it is beyond.
        difference: who and what exactly would change against what is published now.
    """

    sync_id: int
    run_id: str
    night: date
    held_at: datetime
    reasons: list[Reason]
    difference: Difference


@dataclass(frozen=True)
class _Stored:
    sync_id: int
    run_id: str
    night: date
    held_at: datetime
    reasons: list[Reason]
    additions_only: bool
    students: Curated
    guardians: Curated
    read: Read


#: Writes what belongs to a decision (an audit line) in the decision's own transaction.
Witness = Callable[[Connection[Any]], None]


def _nothing() -> None:
    """Nobody watches."""


def held(database_url: str, slug: str) -> HeldNight | None:
    """The district's held night, compared with what is published at this moment.

    Raises:
        HeldNightDamaged: its frames can't be read.
        DistrictNotRegistered: the slug is unknown.
    """
    with reading(database_url) as connection:
        require_district(connection, slug)
        stored = _stored(connection, slug)
        if stored is None:
            return None
        comparison = compare(connection, slug, stored.read.students, stored.read.guardians)
        if stored.additions_only:
            narrow_to_additions(comparison)
        counts, findings = count(comparison)
        difference = Difference(counts, stored.reasons, read_changes(comparison), findings)
        return HeldNight(
            stored.sync_id,
            stored.run_id,
            stored.night,
            stored.held_at,
            stored.reasons,
            difference,
        )


def approve(
    database_url: str,
    slug: str,
    who: str,
    *,
    sync_id: int | None = None,
    witness: Witness | None = None,
    take_turn: Callable[[], None] = _nothing,
) -> Publication:
    """Publish the held night, that very one, and record who approved it.

    Students of whom a later read is published keep the newer data, and guardians whom a later
    read withholds, published or not, stay away. A pause does not stop it: a person has decided.

    Args:
        sync_id: the night that the person saw; another one that is held by now is refused.
        witness: is called before the transaction ends; if it raises, nothing was decided.
        take_turn: is called when no import of the district publishes any more.

    Raises:
        NothingHeld: there is none.
        OtherNightHeld: it is not the one of ``sync_id``.
        HeldNightDamaged: its frames can't be read.
        DistrictNotRegistered: the slug is unknown.
    """
    with district_transaction(database_url, slug) as connection:
        take_turn()
        _require_waiting(connection, slug, sync_id)
        stored = _stored(connection, slug)
        assert stored is not None
        sync = Sync(
            slug, f"{stored.run_id}:approved", stored.night, datetime.now(UTC), Kind.APPROVED
        ).of_read(stored.students, stored.guardians)
        rules = Rules(guards=None, additions_only=stored.additions_only)
        publication = publish_in(connection, stored.read, sync, rules)
        _decided(connection, stored.sync_id, publication.sync_id, who)
        if witness:
            witness(connection)
        return publication


def discard(
    database_url: str,
    slug: str,
    who: str,
    *,
    sync_id: int | None = None,
    witness: Witness | None = None,
    take_turn: Callable[[], None] = _nothing,
) -> None:
    """Drop the held night and record who dropped it; what is published stays.

    Its frames are not read: a night that is damaged can be dropped as well.

    Args:
        sync_id, witness, take_turn: as for ``approve``.

    Raises:
        NothingHeld: there is none.
        OtherNightHeld: it is not the one of ``sync_id``.
        DistrictNotRegistered: the slug is unknown.
    """
    with district_transaction(database_url, slug) as connection:
        take_turn()
        _require_waiting(connection, slug, sync_id)
        clear_held(connection, slug, f"discarded by {who}")
        if witness:
            witness(connection)


def _require_waiting(connection: Connection[Any], slug: str, sync_id: int | None) -> None:
    """A night is held, and it is the one that a decision is about."""
    row = connection.execute(
        "select sync_id, night from held_nights where district = %s", (slug,)
    ).fetchone()
    if row is None:
        raise NothingHeld(slug)
    if sync_id not in (None, row[0]):
        raise OtherNightHeld(slug, row[1])


def _decided(connection: Connection[Any], held_id: int, approved_id: int, who: str) -> None:
    connection.execute("delete from held_nights where sync_id = %s", (held_id,))
    connection.execute(
        "update syncs set message = 'approved by ' || %s, hint = null, actor = null "
        "where id = any(%s)",
        (who, [held_id, approved_id]),
    )


def _stored(connection: Connection[Any], slug: str) -> _Stored | None:
    row = connection.execute(
        """
        select h.sync_id, s.run_id, h.night, h.held_at, h.reasons,
            coalesce((s.findings ->> 'additions_only')::boolean, false),
            h.students, h.guardians
        from held_nights h join syncs s on s.id = h.sync_id where h.district = %s
        """,
        (slug,),
    ).fetchone()
    if row is None:
        return None
    sync_id, run_id, night, held_at, reasons, additions_only, students, guardians = row
    try:
        both = (
            with_every_column(unpack(students), STUDENT_TABLE),
            with_every_column(unpack(guardians), GUARDIAN_TABLE),
        )
    except BadZipFile:
        raise HeldNightDamaged(slug) from None
    return _Stored(
        sync_id,
        run_id,
        night,
        held_at,
        [Reason(**reason) for reason in reasons],
        additions_only,
        *both,
        against_newer_reads(connection, slug, *both),
    )
