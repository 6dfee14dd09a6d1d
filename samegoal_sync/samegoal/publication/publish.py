"""Publish a district's night: one transaction, one lock, changed rows only.

    lock -> compare -> guards -> (apply | hold) -> account -> commit

Whatever stops it on the way, the kill of this process and the loss of the server included,
leaves what was published as it was. Publishing the same night twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from psycopg import Connection

from samegoal_sync.demographics.columns.curated_frames import CURATED_AT, Curated
from samegoal_sync.district import District, Guards
from samegoal_sync.samegoal.publication.accounting import count, nothing_published
from samegoal_sync.samegoal.publication.apply import apply
from samegoal_sync.samegoal.publication.difference import compare, keep_only_withheld
from samegoal_sync.samegoal.publication.guards import Reason, judge
from samegoal_sync.samegoal.publication.held_night_storage import clear_held, hold
from samegoal_sync.samegoal.publication.newer_reads import refreshed_after, without_refreshed
from samegoal_sync.samegoal.publication.syncs import (
    Kind,
    Publication,
    State,
    Sync,
    close_sync,
    open_sync,
    record_failure,
    store_rejects,
)
from samegoal_sync.samegoal.publication.transaction import district_transaction

__all__ = ["Mode", "Publication", "State", "publish", "record_failure"]


class Mode(StrEnum):
    """Whose frames these are: the whole district's night, or one student's."""

    NIGHT = "night"
    STUDENT = "student"


@dataclass(frozen=True)
class Rules:
    """How a comparison is taken.

    Attributes:
        guards: when the night is held; ``None`` when a person asked for it.
        whole_district: the frames hold the whole district, so that others are missing.
        additions_only: only new students with their guardians.
    """

    guards: Guards | None
    whole_district: bool
    additions_only: bool


def publish(
    database_url: str,
    district: District,
    students: Curated,
    guardians: Curated,
    *,
    run_id: str,
    night: date,
    started_at: datetime,
    mode: Mode = Mode.NIGHT,
) -> Publication:
    """Publish what the transforms gave, or hold it.

    Args:
        students / guardians: tonight's frames with rejects and accounts.
        run_id: the Dagster run; a second publication of the same run that changes nothing
            returns what the first recorded.
        night: the district's local date.
        mode: ``STUDENT`` refreshes only the students of the frame: nobody is missing and no
            guard counts it; the lock and every other rule hold.

    Raises:
        InconsistentFrames / SumsDiffer: the frames contradict themselves, or somebody is
            unaccounted for.
        DistrictNotRegistered: the slug is unknown.
        DatabaseFault / DatabaseError: Postgres refused or can't be reached. In every case what
            was published stays as it was.
    """
    settings, whole = district.settings, mode is Mode.NIGHT
    sync = Sync(district.slug, run_id, night, started_at, Kind(mode.value))
    rules = Rules(
        guards=settings.guards if whole else None,
        whole_district=whole,
        additions_only=bool(settings.additions_only and settings.additions_only.covers(night)),
    )
    with district_transaction(database_url, district.slug) as connection:
        if whole:  # read before these students were, or no one knows in which order
            moment = min(started_at, _made(students) or started_at)
            newer = refreshed_after(connection, district.slug, moment=moment)
            students, guardians = without_refreshed(students, guardians, newer)
        if settings.paused and settings.paused.covers(night):
            return _pause(connection, sync, students, guardians, rules, settings.paused.last)
        return publish_in(connection, students, guardians, sync, rules)


def publish_in(
    connection: Connection[Any],
    students: Curated,
    guardians: Curated,
    sync: Sync,
    rules: Rules,
) -> Publication:
    """Compare, judge, apply or hold; the caller holds the transaction and the lock."""
    slug = sync.slug
    compare(
        connection,
        slug,
        students,
        guardians,
        whole_district=rules.whole_district,
        additions_only=rules.additions_only,
    )
    counts, findings = count(connection, slug, students, guardians)
    findings |= _about(students, guardians, additions_only=rules.additions_only)
    reasons = (
        judge(connection, slug, rules.guards, sync.night)
        if rules.guards and counts["changes"]
        else []
    )
    sync_id, before = open_sync(connection, sync)
    if reasons:
        return _hold(connection, sync, sync_id, students, guardians, rules, reasons, findings)
    if not counts["changes"] and before in {State.PUBLISHED, State.UNCHANGED}:
        return _recorded(connection, sync_id)
    apply(connection, slug, night=sync.night, sync_id=sync_id)
    state = State.PUBLISHED if counts["changes"] else State.UNCHANGED
    if sync.kind is Kind.STUDENT:
        findings["student_ids"] = students.account["student_id"].drop_nulls().to_list()
    if sync.kind is Kind.NIGHT:
        clear_held(connection, slug, f"superseded by the night of {sync.night}")
    publication = Publication(state, counts, [], sync_id, findings)
    store_rejects(connection, slug, sync_id, (students, guardians))
    close_sync(connection, publication, absent=_absent(students, guardians))
    return publication


def _hold(
    connection: Connection[Any],
    sync: Sync,
    sync_id: int,
    students: Curated,
    guardians: Curated,
    rules: Rules,
    reasons: list[Reason],
    findings: dict[str, Any],
) -> Publication:
    """Keep the night for a person; the newest held night takes the place of an older one.

    Guardians who may not see the student go all the same.
    """
    clear_held(connection, sync.slug, f"superseded by the night of {sync.night}", but=sync_id)
    hold(connection, sync, sync_id, students, guardians, reasons)
    findings["reasons"] = [reason.as_json() for reason in reasons]
    counts = nothing_published(students, guardians)
    findings |= _remove_withheld(connection, sync, sync_id, rules.guards, counts)
    publication = Publication(State.HELD, counts, reasons, sync_id, findings)
    store_rejects(connection, sync.slug, sync_id, (students, guardians))
    close_sync(
        connection,
        publication,
        absent=_absent(students, guardians),
        message="the night is held: " + "; ".join(map(str, reasons)) + _told(findings),
        hint=f"look at it: samegoal-sync held {sync.slug}; then samegoal-sync approve "
        f"{sync.slug} or samegoal-sync discard {sync.slug}",
        actor="district",
    )
    return publication


def _pause(
    connection: Connection[Any],
    sync: Sync,
    students: Curated,
    guardians: Curated,
    rules: Rules,
    until: date,
) -> Publication:
    """Publish nothing; guardians who may not see the student go all the same."""
    sync_id, before = open_sync(connection, sync)
    if before in {State.PUBLISHED, State.UNCHANGED}:
        return _recorded(connection, sync_id)
    compare(connection, sync.slug, students, guardians, whole_district=rules.whole_district)
    counts = nothing_published(students, guardians)
    findings = _remove_withheld(connection, sync, sync_id, rules.guards, counts)
    publication = Publication(State.PAUSED, counts, [], sync_id, {"until": str(until)} | findings)
    store_rejects(connection, sync.slug, sync_id, (students, guardians))
    close_sync(
        connection,
        publication,
        absent=_absent(students, guardians),
        message=f"the district is paused until {until}; nothing was published" + _told(findings),
        hint="end the pause in the district's settings, or wait",
        actor="district",
    )
    return publication


def _recorded(connection: Connection[Any], sync_id: int) -> Publication:
    """What this run recorded before; this time it changed nothing."""
    row = connection.execute(
        "select state, counts, findings from syncs where id = %s", (sync_id,)
    ).fetchone()
    assert row is not None
    return Publication(State(row[0]), row[1], [], sync_id, row[2])


def _made(students: Curated) -> datetime | None:
    """When the frames were made; stored ones may be published by a later run."""
    told = students.findings.get(CURATED_AT)
    return datetime.fromisoformat(told) if isinstance(told, str) else None


def _about(students: Curated, guardians: Curated, *, additions_only: bool) -> dict[str, Any]:
    about = {"students": students.findings, "guardians": guardians.findings}
    return about | {"guardians_complete": guardians.complete, "additions_only": additions_only}


def _absent(students: Curated, guardians: Curated) -> Iterable[str]:
    """Columns not shared tonight, a guardian's with their table in front."""
    return [*students.absent, *(f"guardian.{column}" for column in guardians.absent)]


def _remove_withheld(
    connection: Connection[Any],
    sync: Sync,
    sync_id: int,
    guards: Guards | None,
    counts: dict[str, int],
) -> dict[str, Any]:
    """Of a night that is not published, remove guardians who may not see the student.

    A wrong guardian is a disclosure, which can't wait for a person. Removals so many that a
    guard would hold them by themselves do wait: they look like a fault of the read.
    """
    removed = keep_only_withheld(connection, sync.slug)
    beyond = bool(guards and removed and judge(connection, sync.slug, guards, sync.night))
    if beyond:
        return {"restrictions_waiting": removed, "restrictions_applied": 0}
    apply(connection, sync.slug, night=sync.night, sync_id=sync_id)
    counts |= {"guardians_removed": removed, "changes": removed}
    return {"restrictions_waiting": 0, "restrictions_applied": removed}


def _told(findings: dict[str, Any]) -> str:
    removed = findings["restrictions_applied"]
    if not removed:
        return ""
    who, were = ("guardian", "was") if removed == 1 else ("guardians", "were")
    return f"; {removed} {who} who may not see the student {were} removed"
