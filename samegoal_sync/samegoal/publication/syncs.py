"""The record of each night: one row a run in ``syncs``, with its rejects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import polars as pl
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from samegoal_sync.demographics.columns.curated_frames import REJECT_COLUMNS, Curated
from samegoal_sync.errors import SyncError
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.guards import Reason
from samegoal_sync.samegoal.publication.published_tables import names
from samegoal_sync.samegoal.publication.staging import copy_rows, storable
from samegoal_sync.samegoal.publication.transaction import district_transaction

#: Days for which rows and values rejected are kept, as the frames are.
_REJECTS_KEPT = 30


class State(StrEnum):
    """How a sync ended."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    HELD = "held"
    DISCARDED = "discarded"
    PAUSED = "paused"
    FAILED = "failed"


class Kind(StrEnum):
    """What was published: a district's night, one student, or a held night with leave."""

    NIGHT = "night"
    STUDENT = "student"
    APPROVED = "approved"


@dataclass(frozen=True)
class Sync:
    """What a sync is known by before it has an outcome.

    Attributes:
        read_at / guardians_read_at: when its students, and its pairs with their restrictions,
            were read; ``None``: nobody knows.
        refreshed: SIS Internal IDs of a refresh.
    """

    slug: str
    run_id: str
    night: date
    started_at: datetime
    kind: Kind = Kind.NIGHT
    read_at: datetime | None = None
    guardians_read_at: datetime | None = None
    refreshed: tuple[int, ...] = ()

    def of_read(self, students: Curated, guardians: Curated) -> Sync:
        """The sync of these frames."""
        refreshed = students.account["sis_internal_id"].drop_nulls().to_list()
        return replace(
            self,
            read_at=students.read_at,
            guardians_read_at=guardians.read_at,
            refreshed=tuple(refreshed) if self.kind is Kind.STUDENT else (),
        )


@dataclass(frozen=True)
class Publication:
    """How a publication ended.

    Attributes:
        state: published, unchanged, held, paused or, of an older read, discarded.
        counts: where everybody went; see docs/publication.md.
        reasons: guards that held the night, else empty.
        sync_id: its row in ``syncs``.
        findings: what the run found beside.
    """

    state: State
    counts: dict[str, int]
    reasons: list[Reason]
    sync_id: int
    findings: Findings = field(default_factory=Findings)


def open_sync(connection: Connection[Any], sync: Sync) -> tuple[int, State | None]:
    """Make or find the run's row; its id and, if the run was recorded before, its state."""
    found = connection.execute(
        "select id, state from syncs where district = %s and run_id = %s",
        (sync.slug, sync.run_id),
    ).fetchone()
    if found:
        return int(found[0]), State(found[1])
    row = connection.execute(
        """
        insert into syncs (district, run_id, night, kind, state, started_at, read_at,
            guardians_read_at, refreshed)
        values (%s, %s, %s, %s, 'unchanged', %s, %s, %s, %s) returning id
        """,
        (
            sync.slug,
            sync.run_id,
            sync.night,
            sync.kind,
            sync.started_at,
            sync.read_at,
            sync.guardians_read_at,
            list(sync.refreshed),
        ),
    ).fetchone()
    assert row is not None
    return int(row[0]), None


def close_sync(
    connection: Connection[Any],
    publication: Publication,
    *,
    absent: Iterable[str] = (),
    message: str | None = None,
    hint: str | None = None,
    actor: str | None = None,
) -> None:
    """Store how the sync ended."""
    connection.execute(
        """
        update syncs set state = %s, finished_at = clock_timestamp(), counts = %s, findings = %s,
            absent_columns = %s, message = %s, hint = %s, actor = %s
        where id = %s
        """,
        (
            publication.state,
            Jsonb(publication.counts),
            Jsonb(publication.findings.as_json()),
            sorted(absent),
            message,
            hint,
            actor,
            publication.sync_id,
        ),
    )


def store_rejects(comparison: Comparison, sync_id: int) -> None:
    """Replace the run's rejects and forget those older than thirty days."""
    comparison.execute(
        """
        delete from rejects where sync_id = %(id)s or district = %(slug)s and sync_id in (
            select id from syncs where district = %(slug)s
                and finished_at < now() - make_interval(days => %(days)s))
        """,
        id=sync_id,
        days=_REJECTS_KEPT,
    )
    refused = comparison.execute(
        """
        select 'Student/Student', sis_internal_id, student_id, null, refused, 'row'
        from matched where refused <> 'erased'
        """
    ).fetchall()
    curated = (comparison.students, comparison.guardians)
    rejects = pl.concat(
        [
            *(storable(c.rejects.select(REJECT_COLUMNS.names())) for c in curated),
            pl.DataFrame(refused, schema=REJECT_COLUMNS, orient="row"),
        ]
    ).select(pl.lit(sync_id).alias("sync_id"), pl.lit(comparison.slug).alias("district"), pl.all())
    target = sql.SQL("rejects (sync_id, district, {})").format(names(REJECT_COLUMNS))
    copy_rows(comparison.connection, target, rejects)


def record_failure(
    database_url: str,
    slug: str,
    *,
    run_id: str,
    night: date,
    started_at: datetime,
    error: SyncError,
) -> None:
    """Record that a run failed; does nothing if the run is already recorded.

    A run that published and failed afterwards stays recorded as published: it did.

    Raises:
        DistrictNotRegistered: the slug is unknown.
    """
    with district_transaction(database_url, slug) as connection:
        connection.execute(
            """
            insert into syncs (district, run_id, night, state, started_at, findings,
                message, hint, actor)
            values (%s, %s, %s, 'failed', %s, %s, %s, %s, %s)
            on conflict (district, run_id) do nothing
            """,
            (
                slug,
                run_id,
                night,
                started_at,
                # Whether the schedule tries again, and which way back the district needs.
                Jsonb(Findings(transient=error.transient, error=type(error).__name__).as_json()),
                error.what,
                error.hint,
                error.actor,
            ),
        )
