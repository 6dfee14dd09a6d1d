"""How far a decision about a held night is, and how many steps of an import are done."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create decisions; add the steps of an import."""
    # The newest decision of each district: a row says how it goes, a lock that it still does.
    op.execute(
        """
        create table decisions (
            district text primary key references districts on update cascade on delete cascade,
            sync_id bigint not null,
            decision text not null check (decision in ('approve', 'discard')),
            who text not null,
            began_at timestamptz not null default now(),
            has_turn boolean not null default false,
            ended_at timestamptz,
            what text,
            hint text
        )
        """
    )
    op.execute("alter table running_imports add column steps_done int, add column steps int")
