"""When each schedule and sensor last did its work; nights are found by the moment they ended."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create heartbeats, and the index by which the last hours' nights are found."""
    op.execute(
        """
        create table heartbeats (
            name text primary key,
            first_at timestamptz not null,
            ended_at timestamptz not null,
            seconds double precision not null
        )
        """
    )
    op.execute("create index on syncs (finished_at)")
