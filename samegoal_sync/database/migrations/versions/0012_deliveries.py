"""How each district's last delivery of files went, a district a row."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create deliveries."""
    op.execute(
        """
        create table deliveries (
            district text primary key references districts on update cascade on delete cascade,
            tried_at timestamptz not null,
            delivered_at timestamptz,
            folder text,
            message text,
            hint text,
            actor text
        )
        """
    )
