"""The country of an address, where it is not the United States."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for table in ("students", "guardians"):
        op.execute(f"alter table {table} add column country text")
