"""Token fields and headers in a table of their own, encrypted like the client secret.

A migration has no key: what stood in the open is marked as unsealed, and sealed when the district
is next read, or at once by ``samegoal-sync districts reencrypt``.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_KINDS = {"token_fields": "token_field", "headers": "header"}


def upgrade() -> None:
    """Create district_parameters, move the values there, drop the columns."""
    op.execute(
        """
        create table district_parameters (
            district text not null references districts on update cascade on delete cascade,
            kind text not null check (kind in ('token_field', 'header')),
            name text not null,
            ciphertext bytea,
            unsealed text,
            primary key (district, kind, name),
            check ((ciphertext is null) <> (unsealed is null))
        )
        """
    )
    for column, kind in _KINDS.items():
        op.execute(
            "insert into district_parameters (district, kind, name, unsealed) "  # noqa: S608
            f"select slug, '{kind}', key, value from districts, jsonb_each_text({column})"
        )
        op.execute(f"alter table districts drop column {column}")
