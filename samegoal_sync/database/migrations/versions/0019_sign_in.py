"""Signing in: tries by login and where they come from, known browsers, second factors."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Count tries by source; remember browsers; keep second factors and recovery codes."""
    # source: a known browser's hash, or the network that a try came from. refused: came too early.
    op.execute("delete from portal_sign_in_tries")
    op.execute("alter table portal_sign_in_tries rename column address to source")
    op.execute("alter table portal_sign_in_tries add column refused boolean not null default false")
    op.execute("create index on portal_sign_in_tries (login_hash, source, at)")
    op.execute(
        """
        create table portal_devices (
            token_hash bytea not null,
            user_id bigint not null references portal_users on delete cascade,
            seen_at timestamptz not null,
            primary key (token_hash, user_id)
        )
        """
    )
    op.execute("create index on portal_devices (user_id)")
    # last_step: the time step of the last code, so that none is taken twice.
    op.execute(
        """
        create table portal_second_factors (
            user_id bigint primary key references portal_users on delete cascade,
            sealed bytea not null,
            confirmed_at timestamptz,
            last_step bigint not null default 0,
            recovery_hashes bytea[] not null default '{}'
        )
        """
    )
