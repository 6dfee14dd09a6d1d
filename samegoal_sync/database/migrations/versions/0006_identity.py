"""Who a student is: records that are closed, merged, or known to be two students."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_ROLE = "samegoal_portal"


def upgrade() -> None:
    """Add what a closed record says of itself, and ``kept_apart``."""
    # A closed record has given its Student Id to another student. It keeps guardians, changes,
    # documents and what was entered by hand, under a key that no Student Id can be.
    op.execute(
        """
        alter table students
            add column closed_since date,
            add column closed_student_id text,
            add column merged_into uuid references students (portal_id) on delete set null,
            add check ((closed_since is null) = (closed_student_id is null)),
            add check ((closed_since is not null) = starts_with(student_id, '~'))
        """
    )
    op.execute(
        "create index on students (district, closed_student_id) where closed_since is not null"
    )
    # A change that a person made (two records merged) belongs to no import run.
    op.execute("alter table changes alter column sync_id drop not null")
    # Pairs of records of which a person said that they are two students; one < other.
    op.execute(
        """
        create table kept_apart (
            district text not null references districts on update cascade on delete cascade,
            one uuid not null references students (portal_id) on delete cascade,
            other uuid not null references students (portal_id) on delete cascade,
            decided_by text not null,
            decided_at timestamptz not null default now(),
            primary key (one, other),
            check (one < other)
        )
        """
    )
    op.execute(f"grant select on kept_apart to {_ROLE}")
    op.execute("alter table kept_apart enable row level security")
    op.execute(
        f"create policy own_district on kept_apart to {_ROLE} "
        "using (district = current_setting('samegoal.district', true))"
    )
