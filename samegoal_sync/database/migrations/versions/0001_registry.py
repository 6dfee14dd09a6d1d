"""The registry: districts, their encrypted secrets, and what happened to them."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create districts, district_secrets, district_events, settled_syncs."""
    op.execute(
        """
        create table districts (
            slug text primary key check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
            name text not null check (name <> ''),
            state text not null check (state in ('requested', 'verified', 'connected', 'active',
                'suspended', 'expired', 'failing')),
            base_url text not null,
            client_key text not null,
            mail_domain text,
            contacts text[] not null default '{}',
            time_zone text not null default 'America/Chicago',
            hour smallint not null default 2 check (hour between 0 and 23),
            expires_on date,
            token_url text,
            api_prefix text not null default 'Custom',
            token_fields jsonb not null default '{}',
            headers jsonb not null default '{}',
            district_id bigint,
            settings jsonb not null default '{}',
            created_at timestamptz not null default now(),
            message text,
            unique (base_url, client_key)
        )
        """
    )
    op.execute(
        """
        create table district_secrets (
            district text primary key
                references districts on update cascade on delete cascade,
            ciphertext bytea not null,
            stored_at timestamptz not null default now(),
            stored_by text not null
        )
        """
    )
    # Each step of onboarding and each reveal of a secret, with its time, who and what.
    op.execute(
        """
        create table district_events (
            id bigint generated always as identity primary key,
            district text not null
                references districts on update cascade on delete cascade,
            at timestamptz not null default now(),
            kind text not null,
            who text not null,
            what text not null default ''
        )
        """
    )
    op.execute("create index on district_events (district, id)")
    # Syncs whose aftermath (state, mail) is done. sync_id names a row of syncs, a later table.
    op.execute(
        """
        create table settled_syncs (
            sync_id bigint primary key,
            district text not null
                references districts on update cascade on delete cascade,
            at timestamptz not null default now()
        )
        """
    )
