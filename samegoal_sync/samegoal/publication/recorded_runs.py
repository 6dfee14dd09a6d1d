"""What ``syncs`` says of one run; a run that left nothing there is recorded as failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from samegoal_sync.database import connect
from samegoal_sync.errors import SyncError
from samegoal_sync.samegoal.publication.syncs import record_failure


@dataclass(frozen=True)
class RecordedSync:
    """How a run is recorded; ``message``, ``hint`` and ``actor`` say what is wrong, if anything."""

    state: str
    counts: dict[str, int] = field(default_factory=dict)
    message: str | None = None
    hint: str | None = None
    actor: str | None = None


class RunBroken(SyncError):  # noqa: N818 (it names what happened to the run)
    """A run ended without an error of ours: a defect, or a worker that was killed."""

    transient = True


class RunStopped(RunBroken):
    """Somebody stopped the import."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"The import of {slug} was stopped by hand before it published anything.",
            hint=f"what is published is as it was; start again: samegoal-sync sync {slug}",
        )


def recorded_sync(database_url: str, slug: str, run_id: str) -> RecordedSync | None:
    """The row of a run, or ``None`` if it left none."""
    with connect(database_url) as connection:
        row = connection.execute(
            "select state, counts, message, hint, actor from syncs "
            "where district = %s and run_id = %s",
            (slug, run_id),
        ).fetchone()
    return RecordedSync(*row) if row else None


def ensure_recorded(
    database_url: str,
    slug: str,
    *,
    run_id: str,
    night: date,
    started_at: datetime,
    error: SyncError | None = None,
) -> RecordedSync:
    """The row of a run that has ended; one that left none is recorded as failed.

    Args:
        error: why it ended, if that is known.
    """
    found = recorded_sync(database_url, slug, run_id)
    if found is None:
        error = error or RunBroken(
            f"The run {run_id} of {slug} ended before it published anything.",
            hint=f"look at the run in the Dagster UI, then try again: samegoal-sync sync {slug}",
        )
        record_failure(
            database_url, slug, run_id=run_id, night=night, started_at=started_at, error=error
        )
        found = recorded_sync(database_url, slug, run_id)
    assert found is not None
    return found
