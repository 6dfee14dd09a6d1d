"""Whose students are a teacher's: buildings and students assigned, held by row-level security."""

from __future__ import annotations

from alembic import op

from samegoal_sync.database.migrations.roles import PORTAL_ROLE

revision = "0015"
down_revision = "0014"

_OWN_DISTRICT = "district = current_setting('samegoal.district', true)"
#: The person of the transaction; nobody where none was named.
_PERSON = "nullif(current_setting('samegoal.user', true), '')::bigint"

#: Table -> the condition under which a row is of a student whom the person may see.
_OF_STUDENT = {
    table: f"exists (select from samegoal.students s where s.district = {table}.district "
    f"and s.student_id = {table}.student_id)"
    for table in ("guardians", "changes", "rejects", "entered_by_hand", "documents")
}
_OF_DOCUMENT = {
    table: f"exists (select from samegoal.documents d where d.id = {table}.document_id)"
    for table in ("document_fields", "document_changes", "document_drafts")
}


def upgrade() -> None:
    _tables()
    _functions()
    _policies()
    # Who is a teacher already keeps seeing what they see today, until the district narrows it.
    op.execute(
        "insert into caseload_buildings (district, user_id, building, assigned_by) "
        "select distinct u.district, u.id, s.building, 'upgrade' from portal_users u "
        "join students s on s.district = u.district "
        "where u.role = 'teacher' and s.building is not null"
    )


def _tables() -> None:
    for table, column in (
        ("caseload_buildings", "building text not null check (building <> '')"),
        ("caseload_students", "portal_id uuid not null references students (portal_id) "
         "on delete cascade"),
    ):  # fmt: skip
        key = column.split()[0]
        op.execute(
            f"""
            create table {table} (
                district text not null references districts on update cascade on delete cascade,
                user_id bigint not null references portal_users on delete cascade,
                {column},
                assigned_by text not null,
                assigned_at timestamptz not null default now(),
                primary key (user_id, {key})
            )
            """
        )
        op.execute(f"create index on {table} (district)")
        op.execute(f"grant select, insert, delete on {table} to {PORTAL_ROLE}")
        op.execute(f"alter table {table} enable row level security")
        op.execute(
            f"create policy own_district on {table} to {PORTAL_ROLE} using ({_OWN_DISTRICT}) "
            f"with check ({_OWN_DISTRICT})"
        )
    op.execute("create index on caseload_students (portal_id)")


def _functions() -> None:
    # Of the transaction's person. A policy asks once a query, in a subquery of its own.
    op.execute(
        """
        create function sees_all() returns boolean language sql stable
            return coalesce(current_setting('samegoal.sees', true) = 'all', false)
        """
    )
    op.execute(f"grant select (settings) on districts to {PORTAL_ROLE}")
    op.execute(
        f"""
        create function own_buildings() returns text[] language sql stable
            return (select coalesce(array_agg(b.building), '{{}}')
                from samegoal.caseload_buildings b join samegoal.districts d on d.slug = b.district
                where b.{_OWN_DISTRICT} and b.user_id = {_PERSON}
                    and coalesce(d.settings ->> 'teachers_see', 'buildings') = 'buildings')
        """  # noqa: S608 (constants of this file)
    )
    op.execute(
        f"""
        create function own_students() returns uuid[] language sql stable
            return (select coalesce(array_agg(portal_id), '{{}}')
                from samegoal.caseload_students
                where {_OWN_DISTRICT} and user_id = {_PERSON})
        """  # noqa: S608 (constants of this file)
    )
    # As the owner, whom no policy makes read each row: the index alone answers.
    op.execute(
        f"""
        create function count_students() returns bigint language sql stable security definer
            set search_path = pg_catalog
            return (select count(*) from samegoal.students
                where {_OWN_DISTRICT} and samegoal.sees_all())
        """  # noqa: S608 (constants of this file)
    )


def _policies() -> None:
    # Beside the policies of the district: both must hold. Without a person nothing is seen.
    _restrict(
        "students",
        "building = any((select samegoal.own_buildings())::text[]) "
        "or portal_id = any((select samegoal.own_students())::uuid[])",
    )
    for table, condition in {**_OF_STUDENT, **_OF_DOCUMENT}.items():
        _restrict(table, condition)
    _restrict(
        "withheld_guardians",
        "exists (select from samegoal.students s where s.district = withheld_guardians.district "
        "and s.sis_internal_id = withheld_guardians.sis_internal_id)",
    )
    _restrict("kept_apart", "false")
    for table in ("caseload_buildings", "caseload_students"):
        _restrict(table, f"user_id = {_PERSON}", "select")
        for what in ("insert", "delete"):
            _restrict(table, "false", what)
    _restrict("audit_log", "false", "select")


def _restrict(table: str, condition: str, what: str = "all") -> None:
    clause = "with check" if what == "insert" else "using"
    op.execute(
        f"create policy caseload_{what} on {table} as restrictive for {what} to {PORTAL_ROLE} "
        f"{clause} ((select samegoal.sees_all()) or {condition})"
    )
