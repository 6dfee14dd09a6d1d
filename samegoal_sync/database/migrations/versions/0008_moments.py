"""When what is published was read, and who may not see a student: neither may run back."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

#: The portal's role, see 0003.
_ROLE = "samegoal_portal"


def upgrade() -> None:
    """Moments of a sync's read; the guardians and contacts that the newest read withholds."""
    # read_at: entities and students; guardians_read_at: pairs, restrictions, contacts. Null: a
    # sync of before, of whose moment nobody knows. refreshed: SIS Internal IDs of a refresh.
    op.execute(
        """
        alter table syncs add column read_at timestamptz,
            add column guardians_read_at timestamptz,
            add column refreshed bigint[] not null default '{}'
        """
    )
    # "column" is empty where the guardian is withheld, else a contact that is not theirs.
    op.execute(
        """
        create table withheld_guardians (
            district text not null references districts on update cascade on delete cascade,
            sis_internal_id bigint not null,
            guardian_id bigint not null,
            "column" text not null,
            reason text not null,
            primary key (district, sis_internal_id, guardian_id, "column")
        )
        """
    )
    op.execute(
        f"""
        grant select on withheld_guardians to {_ROLE};
        alter table withheld_guardians enable row level security;
        create policy own_district on withheld_guardians to {_ROLE}
            using (district = current_setting('samegoal.district', true))
        """
    )
