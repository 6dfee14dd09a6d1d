"""Stored words follow the glossary: rejected (was: set aside), complete (was: whole)."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_RENAMED_COUNTS = {
    "students_set_aside": "students_rejected",
    "guardians_set_aside": "guardians_rejected",
    "values_set_aside": "values_rejected",
}


def upgrade() -> None:
    for old, new in _RENAMED_COUNTS.items():
        op.execute(
            f"update syncs set counts = counts - '{old}' || "  # noqa: S608 (names of ours)
            f"jsonb_build_object('{new}', counts -> '{old}') where counts ? '{old}'"
        )
    op.execute(
        "update syncs set findings = findings - 'guardians_whole' || "
        "jsonb_build_object('guardians_complete', findings -> 'guardians_whole') "
        "where findings ? 'guardians_whole'"
    )
    op.execute("update district_events set kind = 'mail_flagged' where kind = 'mail_set_aside'")
