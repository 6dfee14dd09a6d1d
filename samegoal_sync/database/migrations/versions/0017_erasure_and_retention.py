"""Students who were erased on request, and lines of the audit log that are old enough to go."""

from __future__ import annotations

from alembic import op

from samegoal_sync.database.migrations.roles import PORTAL_ROLE

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    # All that is left of them: whom the following nights are not to bring back.
    op.execute(
        """
        create table erased_students (
            district text not null references districts on update cascade on delete cascade,
            sis_internal_id bigint not null,
            erased_by text not null,
            erased_at timestamptz not null default now(),
            primary key (district, sis_internal_id)
        )
        """
    )
    op.execute(f"grant select on erased_students to {PORTAL_ROLE}")
    op.execute("alter table erased_students enable row level security")
    op.execute(
        f"create policy own_district on erased_students to {PORTAL_ROLE} "
        "using (district = current_setting('samegoal.district', true) "
        "and (select samegoal.sees_all()))"
    )
    # Whoever prunes says so in their transaction; a line of the last year goes for nobody.
    op.execute(
        """
        create or replace function refuse_change() returns trigger language plpgsql as $$
        begin
            if tg_op = 'DELETE' and tg_level = 'ROW'
                    and coalesce(current_setting('samegoal.retention', true), '') = 'on'
                    and old.at < now() - interval '365 days' then
                return old;
            end if;
            raise exception 'the audit log is append-only';
        end $$
        """
    )
    op.execute("create index on audit_log (at)")
    op.execute("create index on changes (at)")
