"""What the portal needs: accounts, documents, an append-only audit log, districts kept apart."""

from __future__ import annotations

import sqlalchemy
from alembic import op

from samegoal_sync.database.migrations.roles import CREATE_ROLE, TAKE_ON_ROLE
from samegoal_sync.database.migrations.roles import PORTAL_ROLE as ROLE
from samegoal_sync.errors import DatabaseError

revision = "0003"
down_revision = "0002"

#: Tables with a ``district`` column that the portal sees, and what it may do there.
_GRANTS = {
    "syncs": "select",
    "students": "select",
    "guardians": "select",
    "changes": "select",
    "rejects": "select",
    "entered_by_hand": "select, insert, update",
    "documents": "select, insert, update",
    "document_fields": "select, insert, update",
    "document_changes": "select, insert",
    "audit_log": "select, insert",
}


def upgrade() -> None:
    """Create accounts, sessions, documents and the audit log; search keys; policies."""
    _role()
    _search_keys()
    _accounts()
    _documents()
    _audit_log()
    _policies()


def _role() -> None:
    """Create the role and see that our own user can take it on."""
    try:
        with op.get_bind().begin_nested():
            op.execute(CREATE_ROLE)
            op.execute(TAKE_ON_ROLE)
            op.execute(f"set local role {ROLE}")
            op.execute("reset role")
    except sqlalchemy.exc.ProgrammingError:
        raise DatabaseError(
            f"the database user may not create the role {ROLE}, which keeps districts apart",
            hint=f"as a Postgres superuser, once: create role {ROLE} nologin; "
            f"grant {ROLE} to <the user of SAMEGOAL_SYNC_DATABASE_URL>; then start again",
        ) from None


def _search_keys() -> None:
    # Stored columns and plain comparisons, because under row-level security Postgres uses an
    # index only for leakproof operators: LIKE, ILIKE, trigrams and text search are not.
    op.execute(
        r"""
        create function search_key(value text) returns text
            language sql immutable strict parallel safe
            return lower(regexp_replace(normalize(value, NFD),
                '[\u0300-\u036F\s''\u2019.,-]', '', 'g'))
        """
    )
    op.execute(
        """
        alter table students
            add column portal_id uuid not null default gen_random_uuid() unique,
            add column name_key text collate "C" not null generated always as
                (search_key(last_name) || ' ' || search_key(first_name)) stored,
            add column first_name_key text collate "C" not null generated always as
                (search_key(first_name) || ' ' || search_key(last_name)) stored,
            add column id_key text collate "C" not null generated always as
                (lower(student_id)) stored
        """
    )
    op.execute("create index students_by_name on students (district, name_key, id_key)")
    # One a filter: a rare grade or status would otherwise read every student to fill a page.
    for name in ("building", "grade", "district_enrollment"):
        op.execute(
            f"create index students_by_{name} on students (district, {name}, name_key, id_key)"
        )
    op.execute("create index students_by_first_name on students (district, first_name_key)")
    op.execute("create index students_by_id on students (district, id_key)")


def _accounts() -> None:
    op.execute(
        """
        create table portal_users (
            id bigint generated always as identity primary key,
            login text not null unique check (login = lower(login) and login <> ''),
            name text not null,
            role text not null check (role in ('technical_team', 'administrative', 'teacher')),
            district text references districts on update cascade on delete cascade,
            password_hash text not null,
            created_at timestamptz not null default now(),
            disabled_at timestamptz,
            last_signed_in_at timestamptz,
            check ((role = 'technical_team') = (district is null))
        )
        """
    )
    # Only a hash of the cookie's token lies here. state: the list's search, a message to show.
    op.execute(
        """
        create table portal_sessions (
            token_hash bytea primary key,
            user_id bigint not null references portal_users on delete cascade,
            csrf text not null,
            created_at timestamptz not null,
            seen_at timestamptz not null,
            state jsonb not null default '{}'
        )
        """
    )
    op.execute("create index on portal_sessions (user_id)")
    op.execute(
        """
        create table portal_sign_in_tries (
            id bigint generated always as identity primary key,
            login_hash bytea not null,
            address text not null,
            at timestamptz not null
        )
        """
    )
    op.execute("create index on portal_sign_in_tries (login_hash, at)")
    op.execute("create index on portal_sign_in_tries (address, at)")
    op.execute("create index on portal_sign_in_tries (at)")
    op.execute("create table portal_keys (only_row boolean primary key check (only_row), key text)")
    op.execute(
        "insert into portal_keys values "
        "(true, gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text)"
    )


def _documents() -> None:
    op.execute(
        """
        create table documents (
            id uuid primary key default gen_random_uuid(),
            district text not null references districts on update cascade on delete cascade,
            student_id text not null,
            kind text not null check (kind in ('iep', 'etr', 'plan_504', 'prior_written_notice')),
            created_at timestamptz not null default now(),
            created_by text not null,
            copied_from_night date,
            finished_at timestamptz,
            finished_by text,
            foreign key (district, student_id) references students on update cascade
        )
        """
    )
    op.execute("create index on documents (district, student_id, created_at desc)")
    # One row a field. guardian_id: a guardian's field; part 'section': written by staff.
    # copied: what Details held at the moment of creation. value: what the document says now.
    op.execute(
        """
        create table document_fields (
            document_id uuid not null references documents on delete cascade,
            district text not null,
            part text not null check (part in ('student', 'guardian', 'section')),
            guardian_id bigint not null default 0,
            position int not null,
            field text not null,
            copied text,
            value text,
            primary key (document_id, part, guardian_id, field)
        )
        """
    )
    op.execute(
        """
        create table document_changes (
            id bigint generated always as identity primary key,
            document_id uuid not null references documents on delete cascade,
            district text not null,
            part text not null,
            guardian_id bigint not null default 0,
            field text not null,
            kind text not null check (kind in ('filled', 'taken_over', 'written')),
            old text,
            new text,
            at timestamptz not null default now(),
            who text not null
        )
        """
    )
    op.execute("create index on document_changes (document_id, id)")
    op.execute(
        """
        create function refuse_finished() returns trigger language plpgsql as $$
        begin
            if tg_table_name = 'documents' then
                if old.finished_at is not null then
                    raise exception 'a finished document can not be changed';
                end if;
            elsif exists (select from samegoal.documents
                    where id = new.document_id and finished_at is not null) then
                raise exception 'a finished document can not be changed';
            end if;
            return new;
        end $$
        """
    )
    op.execute(
        "create trigger finished before update of kind, created_at, created_by, "
        "copied_from_night, finished_at, finished_by on documents "
        "for each row execute function refuse_finished()"
    )
    for table in ("document_fields", "document_changes"):
        op.execute(
            f"create trigger finished before insert or update on {table} "
            "for each row execute function refuse_finished()"
        )


def _audit_log() -> None:
    # No foreign key: the log outlives accounts, districts and students.
    op.execute(
        """
        create table audit_log (
            id bigint generated always as identity primary key,
            at timestamptz not null default now(),
            district text,
            who text not null,
            role text not null,
            action text not null,
            student_id text,
            document_id uuid,
            what text not null default '',
            address text not null default ''
        )
        """
    )
    op.execute("create index on audit_log (district, id desc)")
    op.execute(
        """
        create function refuse_change() returns trigger language plpgsql as $$
        begin raise exception 'the audit log is append-only'; end $$
        """
    )
    op.execute(
        "create trigger append_only before update or delete on audit_log "
        "for each row execute function refuse_change()"
    )
    op.execute(
        "create trigger append_only_whole before truncate on audit_log "
        "for each statement execute function refuse_change()"
    )


def _policies() -> None:
    op.execute(f"grant usage on schema samegoal to {ROLE}")
    for table, rights in _GRANTS.items():
        op.execute(f"grant {rights} on {table} to {ROLE}")
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy own_district on {table} to {ROLE} "
            "using (district = current_setting('samegoal.district', true)) "
            "with check (district = current_setting('samegoal.district', true))"
        )
    # Students who are not in Qmlativ (yet) are added by hand; nobody else's row is ever written.
    op.execute(
        "grant insert (district, student_id, last_name, first_name, middle_name, date_of_birth, "
        f"gender, district_enrollment, grade, building, origin) on students to {ROLE}"
    )
    op.execute(
        f"create policy by_hand on students as restrictive for insert to {ROLE} "
        "with check (origin = 'hand')"
    )
    columns = "slug, name, state, time_zone, hour, expires_on, message"
    op.execute(f"grant select ({columns}) on districts to {ROLE}")
    op.execute("alter table districts enable row level security")
    op.execute(
        f"create policy own_district on districts for select to {ROLE} "
        "using (slug = current_setting('samegoal.district', true))"
    )
