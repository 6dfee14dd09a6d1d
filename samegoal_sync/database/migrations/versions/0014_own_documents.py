"""A person's own documents are found by an index: they stand first on the page of students."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Index open documents by who started them, and drafts by whose they are."""
    op.execute(
        "create index documents_of_person on documents (district, created_by, created_at desc) "
        "where finished_at is null"
    )
    op.execute("create index drafts_of_person on document_drafts (district, login)")
