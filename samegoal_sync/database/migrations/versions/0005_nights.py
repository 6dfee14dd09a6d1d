"""What the schedule asked for, one row a night, and which imports are being executed."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create nights and running_imports; an index by which a district's syncs since are found."""
    # attempt: attempts asked for; 0 is none yet. root_run_id: the run that took the newest one up;
    # run_id: the same, or the run by which Dagster tried it again. closed_at: nothing more is
    # asked for.
    op.execute(
        """
        create table nights (
            district text not null references districts on update cascade on delete cascade,
            night date not null,
            due_at timestamptz not null,
            attempt smallint not null default 0,
            asked_at timestamptz,
            root_run_id text,
            run_id text,
            closed_at timestamptz,
            primary key (district, night)
        )
        """
    )
    op.execute("create index on nights (due_at)")
    op.execute("create index on nights (due_at) where closed_at is null")
    op.execute("create index on nights (run_id) where run_id is not null")
    # A row for each import that is being executed; its process holds a lock of the run's id.
    op.execute(
        """
        create table running_imports (
            run_id text primary key,
            district text not null references districts on update cascade on delete cascade,
            started_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index on running_imports (district)")
    op.execute("create index on syncs (district, started_at)")
