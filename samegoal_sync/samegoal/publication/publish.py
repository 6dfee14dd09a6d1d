"""Publish a district's night: one transaction, one lock, changed rows only.

    lock -> compare -> account -> guards -> (apply | hold) -> commit

Whatever stops it on the way, the kill of this process and the loss of the server included,
leaves what was published as it was. Publishing the same night twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.district import District, Guards
from samegoal_sync.samegoal.publication.accounting import count, nothing_published
from samegoal_sync.samegoal.publication.apply import apply
from samegoal_sync.samegoal.publication.compare import (
    compare,
    narrow_to_additions,
    narrow_to_withheld,
)
from samegoal_sync.samegoal.publication.comparison import Comparison, Coverage
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.guards import (
    Reason,
    beyond,
    measure,
    shares_in_percent,
)
from samegoal_sync.samegoal.publication.held_night_storage import clear_held, hold
from samegoal_sync.samegoal.publication.newer_reads import (
    Read,
    against_newer_reads,
    remember_withheld,
)
from samegoal_sync.samegoal.publication.syncs import (
    Kind,
    Publication,
    State,
    Sync,
    close_sync,
    open_sync,
    store_rejects,
)
from samegoal_sync.samegoal.publication.transaction import district_transaction


@dataclass(frozen=True)
class Rules:
    """How a comparison is taken.

    Attributes:
        guards: when the night is held; ``None`` when a person asked for it.
        additions_only: only new students with their guardians.
        coverage: whose frames these are.
    """

    guards: Guards | None
    additions_only: bool
    coverage: Coverage = Coverage.DISTRICT


def publish(
    database_url: str,
    district: District,
    students: Curated,
    guardians: Curated,
    *,
    run_id: str,
    night: date,
    started_at: datetime,
    coverage: Coverage = Coverage.DISTRICT,
) -> Publication:
    """Publish what the transforms gave, or hold it.

    Args:
        students / guardians: tonight's frames with rejects and accounts.
        run_id: the Dagster run; a second publication of the same run that changes nothing
            returns what the first recorded.
        night: the district's local date.
        coverage: ``THESE_STUDENTS`` refreshes only the students of the frame: nobody is missing
            and no guard counts it; the lock and every other rule hold.

    Raises:
        InconsistentFrames / SumsDiffer: the frames contradict themselves, or somebody is
            unaccounted for.
        DistrictNotRegistered: the slug is unknown.
        DatabaseFault / DatabaseError: Postgres refused or can't be reached. In every case what
            was published stays as it was.
    """
    settings, of_night = district.settings, coverage is Coverage.DISTRICT
    kind = Kind.NIGHT if of_night else Kind.STUDENT
    sync = Sync(district.slug, run_id, night, started_at, kind).of_read(students, guardians)
    rules = Rules(
        guards=settings.guards if of_night else None,
        additions_only=bool(settings.additions_only and settings.additions_only.covers(night)),
        coverage=coverage,
    )
    with district_transaction(database_url, district.slug) as connection:
        read = against_newer_reads(connection, district.slug, students, guardians, coverage)
        if settings.paused and settings.paused.covers(night):
            return _pause(connection, read, sync, rules, settings.paused.last)
        return publish_in(connection, read, sync, rules)


def publish_in(connection: Connection[Any], read: Read, sync: Sync, rules: Rules) -> Publication:
    """Compare, judge, apply or hold; the caller holds the transaction and the lock."""
    if read.is_older:
        return _older(connection, read, sync, rules)
    comparison = compare(connection, sync.slug, read.students, read.guardians, rules.coverage)
    if rules.additions_only:
        narrow_to_additions(comparison)
    counts, findings = count(comparison)
    measured: list[Reason] = []
    if rules.guards and counts["changes"]:
        measured = measure(comparison, rules.guards, sync.night)
    reasons = beyond(measured, rules.guards) if rules.guards else []
    findings = replace(
        findings, additions_only=rules.additions_only, guard_shares=shares_in_percent(measured)
    )
    sync_id, before = open_sync(connection, sync)
    if reasons:
        held = Publication(State.HELD, counts, reasons, sync_id, findings)
        return _hold(comparison, read, sync, held)
    if not counts["changes"] and before in {State.PUBLISHED, State.UNCHANGED}:
        return _recorded(connection, sync_id)
    apply(comparison, night=sync.night, sync_id=sync_id)
    remember_withheld(connection, sync.slug, read)
    state = State.PUBLISHED if counts["changes"] else State.UNCHANGED
    if sync.kind is Kind.STUDENT:
        refreshed = read.students.account["sis_internal_id"].drop_nulls().to_list()
        findings = replace(findings, sis_internal_ids=refreshed)
    if sync.kind is Kind.NIGHT:
        superseded = f"superseded by the night of {sync.night}"
        clear_held(connection, sync.slug, superseded, read_by=sync.read_at)
    publication = Publication(state, counts, [], sync_id, findings)
    store_rejects(comparison, sync_id)
    close_sync(connection, publication, absent=_absent(comparison))
    return publication


def _hold(comparison: Comparison, read: Read, sync: Sync, publication: Publication) -> Publication:
    """Keep the night for a person; the newest held night takes the place of an older one.

    Guardians who may not see the student go all the same.
    """
    connection, sync_id, reasons = comparison.connection, publication.sync_id, publication.reasons
    superseded = f"superseded by the night of {sync.night}"
    clear_held(connection, sync.slug, superseded, but=sync_id, read_by=sync.read_at)
    if not hold(comparison, sync, sync_id, reasons):
        return _discard_older(comparison, read, sync, sync_id)
    publication = replace(
        publication,
        counts=nothing_published(comparison.students, comparison.guardians),
        findings=replace(publication.findings, reasons=[reason.as_json() for reason in reasons]),
    )
    publication = _remove_withheld(comparison, read, sync, publication)
    close_sync(
        connection,
        publication,
        absent=_absent(comparison),
        message="the night is held: " + "; ".join(map(str, reasons)) + _removed_words(publication),
        hint=f"look at it: samegoal-sync held {sync.slug}; then samegoal-sync approve "
        f"{sync.slug} or samegoal-sync discard {sync.slug}",
        actor="district",
    )
    return publication


def _pause(
    connection: Connection[Any], read: Read, sync: Sync, rules: Rules, until: date
) -> Publication:
    """Publish nothing; guardians who may not see the student go all the same."""
    sync_id, before = open_sync(connection, sync)
    if before in {State.PUBLISHED, State.UNCHANGED}:
        return _recorded(connection, sync_id)
    counts = nothing_published(read.students, read.guardians)
    paused = Publication(State.PAUSED, counts, [], sync_id, Findings(until=str(until)))
    comparison = compare(connection, sync.slug, read.students, read.guardians, rules.coverage)
    publication = _remove_withheld(comparison, read, sync, paused)
    close_sync(
        connection,
        publication,
        absent=_absent(comparison),
        message=f"the district is paused until {until}; nothing was published"
        + _removed_words(publication),
        hint="end the pause in the district's settings, or wait",
        actor="district",
    )
    return publication


def _older(connection: Connection[Any], read: Read, sync: Sync, rules: Rules) -> Publication:
    """Publish nothing of a read that is older than what is published."""
    sync_id, before = open_sync(connection, sync)
    if before in {State.PUBLISHED, State.UNCHANGED}:
        return _recorded(connection, sync_id)
    comparison = compare(connection, sync.slug, read.students, read.guardians, rules.coverage)
    return _discard_older(comparison, read, sync, sync_id)


def _discard_older(comparison: Comparison, read: Read, sync: Sync, sync_id: int) -> Publication:
    """Restrictions of which nothing newer is known (guardians are read last) hold all the same."""
    counts = nothing_published(read.students, read.guardians)
    older = Publication(State.DISCARDED, counts, [], sync_id)
    publication = _remove_withheld(comparison, read, sync, older)
    close_sync(
        comparison.connection,
        publication,
        absent=_absent(comparison),
        message="a later read is published or held; nothing of this one was published"
        + _removed_words(publication),
    )
    return publication


def _recorded(connection: Connection[Any], sync_id: int) -> Publication:
    """What this run recorded before; this time it changed nothing."""
    row = connection.execute(
        "select state, counts, findings from syncs where id = %s", (sync_id,)
    ).fetchone()
    assert row is not None
    return Publication(State(row[0]), row[1], [], sync_id, Findings.from_json(row[2]))


def _absent(comparison: Comparison) -> Iterable[str]:
    """Columns not shared tonight, a guardian's with their table in front."""
    return [
        *comparison.students.absent,
        *(f"guardian.{column}" for column in comparison.guardians.absent),
    ]


def _remove_withheld(
    comparison: Comparison,
    read: Read,
    sync: Sync,
    publication: Publication,
) -> Publication:
    """Of a night that is not published, remove guardians who may not see the student.

    A wrong guardian is a disclosure, which can't wait for a person, however many there are: whom
    a faulty read withholds comes back with the next good night, but nobody takes a mail back.
    """
    removed = narrow_to_withheld(comparison)
    (changes,) = comparison.row("select count(*) from tonight_changes")
    store_rejects(comparison, publication.sync_id)
    apply(comparison, night=sync.night, sync_id=publication.sync_id)
    remember_withheld(comparison.connection, sync.slug, read)
    return replace(
        publication,
        counts=publication.counts | {"guardians_removed": removed, "changes": changes},
        findings=replace(publication.findings, restrictions_applied=removed),
    )


def _removed_words(publication: Publication) -> str:
    removed = publication.findings.restrictions_applied
    if not removed:
        return ""
    who, were = ("guardian", "was") if removed == 1 else ("guardians", "were")
    return f"; {removed} {who} who may not see the student {were} removed"
