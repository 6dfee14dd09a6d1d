"""Refreshes that were asked for: the queue, and what a page says of each while it lasts."""

from __future__ import annotations

from alembic import op

from samegoal_sync.database.migrations.roles import PORTAL_ROLE

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create refreshes, readable by the portal for its own district."""
    op.execute(
        """
        create table refreshes (
            id bigint generated always as identity primary key,
            district text not null references districts on update cascade on delete cascade,
            portal_id uuid not null references students (portal_id) on delete cascade,
            who text not null,
            asked_at timestamptz not null default clock_timestamp(),
            began_at timestamptz,
            ended_at timestamptz,
            what text,
            hint text,
            actor text
        )
        """
    )
    op.execute("create index on refreshes (portal_id, id desc)")
    op.execute("create index on refreshes (district)")
    op.execute(f"grant select on refreshes to {PORTAL_ROLE}")
    op.execute("alter table refreshes enable row level security")
    op.execute(
        f"create policy own_district on refreshes to {PORTAL_ROLE} "
        "using (district = current_setting('samegoal.district', true))"
    )
