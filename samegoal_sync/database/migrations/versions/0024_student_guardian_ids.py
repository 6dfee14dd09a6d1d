"""By which StudentGuardianID a restriction names a published pair that is no longer sent."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """StudentGuardianIDs of published pairs; the pairs that restrictions keep apart."""
    op.execute(
        "alter table guardians add column student_guardian_ids bigint[] not null default '{}'"
    )
    # contacts: keys of e-mails and phones, as contact_values.py makes them, of whoever is kept from
    # the student. The portal has no right on it.
    op.execute(
        """
        create table restricted_pairs (
            district text not null references districts on update cascade on delete cascade,
            student_guardian_id bigint not null,
            sis_internal_id bigint not null,
            guardian_id bigint not null,
            contacts text[] not null,
            primary key (district, student_guardian_id)
        )
        """
    )
