"""Drafts of what a person typed into a document, and finished documents amended as new versions."""

from __future__ import annotations

from alembic import op

from samegoal_sync.database.migrations.roles import PORTAL_ROLE

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # A draft a person, document and field: what was typed and not saved yet. base: a fingerprint
    # of the value that the person's page showed, so that a later save knows who came between.
    op.execute(
        """
        create table document_drafts (
            document_id uuid not null references documents on delete cascade,
            district text not null references districts on update cascade on delete cascade,
            login text not null,
            part text not null,
            guardian_id bigint not null default 0,
            field text not null,
            value text check (length(value) <= 20000),
            base text not null,
            at timestamptz not null default now(),
            primary key (document_id, login, part, guardian_id, field)
        )
        """
    )
    op.execute(f"grant select, insert, update, delete on document_drafts to {PORTAL_ROLE}")
    op.execute("alter table document_drafts enable row level security")
    op.execute(
        f"create policy own_district on document_drafts to {PORTAL_ROLE} "
        "using (district = current_setting('samegoal.district', true)) "
        "with check (district = current_setting('samegoal.district', true))"
    )
    op.execute(
        "alter table documents add column version int not null default 1, "
        "add column amends uuid unique references documents on delete set null"
    )
