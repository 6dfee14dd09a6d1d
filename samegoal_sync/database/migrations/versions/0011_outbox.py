"""Letters that are to go out, an address a row; written with what they tell of, sent apart."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(
        """
        create table outbox (
            id bigint generated always as identity primary key,
            key text not null,
            address text not null,
            district text references districts on update cascade on delete cascade,
            subject text not null,
            body text not null,
            answers_id text,
            answers_subject text,
            written_at timestamptz not null,
            next_at timestamptz not null,
            refusals int not null default 0,
            sent_at timestamptz,
            given_up_at timestamptz,
            unique (key, address)
        )
        """
    )
    op.execute("create index on outbox (next_at, id) where sent_at is null and given_up_at is null")
    op.execute("create index on district_events (district, kind, id)")
