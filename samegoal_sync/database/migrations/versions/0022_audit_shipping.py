"""Which lines of the audit log wait to be sent on to the receiver that an operator names."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    # A row comes with the commit of its line, however late that is: no number of a line can be the
    # cursor, since a transaction may take one and commit after many later ones.
    op.execute("create table audit_waiting (id bigint primary key)")
    # As the owner: whoever may add a line has no right to the table of those that wait.
    op.execute(
        """
        create function wait_for_shipping() returns trigger language plpgsql security definer
            set search_path = pg_catalog, pg_temp as $$
        begin
            insert into samegoal.audit_waiting values (new.id);
            return null;
        end $$
        """
    )
    op.execute("revoke all on function wait_for_shipping() from public")
    op.execute(
        "create trigger wait_for_shipping after insert on audit_log "
        "for each row execute function wait_for_shipping()"
    )
    # begun: lines are sent on. Before that they are let go, up to last_let_go; when it begins, they
    # are sent by their numbers, and sent says how far.
    op.execute(
        """
        create table audit_shipping (
            only_row boolean primary key default true check (only_row),
            begun boolean not null default false,
            last_let_go bigint not null,
            sent bigint not null default 0
        )
        """
    )
    # The trigger's lock has waited for whoever was writing: none of them commits a line later.
    op.execute(
        "insert into audit_shipping (last_let_go) select coalesce(max(id), 0) from audit_log"
    )
