"""What a district sees: students, guardians, changes, and how each night went."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create syncs, students, guardians, entered_by_hand, changes, rejects, held_nights."""
    op.execute(
        """
        create table syncs (
            id bigint generated always as identity primary key,
            district text not null references districts on update cascade on delete cascade,
            run_id text not null,
            night date not null,
            kind text not null default 'night' check (kind in ('night', 'student', 'approved')),
            state text not null check (state in ('published', 'unchanged', 'held', 'discarded',
                'paused', 'failed')),
            started_at timestamptz not null,
            finished_at timestamptz not null default now(),
            counts jsonb not null default '{}',
            findings jsonb not null default '{}',
            absent_columns text[] not null default '{}',
            message text,
            hint text,
            actor text,
            unique (district, run_id)
        )
        """
    )
    op.execute("create index on syncs (district, id desc)")
    op.execute(
        """
        create table students (
            district text not null references districts on update cascade on delete cascade,
            student_id text not null,
            last_name text not null,
            first_name text not null,
            middle_name text,
            name_suffix text,
            date_of_birth date not null,
            gender text,
            district_enrollment text not null check (district_enrollment in ('PRE_ENROLLED',
                'ENROLLED', 'TRANSFERRED', 'WITHDREW', 'DROPPED_OUT', 'GRADUATED', 'INACTIVE',
                'HISTORICAL_IDLE')),
            enrollment_reason text,
            grade text,
            address text,
            city text,
            state text,
            zip text,
            race text,
            home_language text,
            district_of_residence text,
            county_of_residence text,
            district_of_service text,
            student_reporting_id text,
            building text,
            building_reporting_id text,
            sis_internal_id bigint,
            origin text not null default 'sis' check (origin in ('sis', 'hand')),
            row_hash bigint,
            first_published_at timestamptz not null default now(),
            changed_at timestamptz not null default now(),
            missing_since date,
            primary key (district, student_id)
        )
        """
    )
    op.execute(
        "create unique index on students (district, sis_internal_id) "
        "where sis_internal_id is not null"
    )
    op.execute(
        """
        create table guardians (
            district text not null,
            student_id text not null,
            guardian_id bigint not null,
            priority bigint not null,
            last_name text,
            first_name text,
            middle_name text,
            name_suffix text,
            relationship text,
            custodial boolean,
            emergency_contact boolean,
            pickup boolean,
            lives_with boolean,
            restricted boolean,
            address text,
            city text,
            state text,
            zip text,
            home_phone text,
            work_phone text,
            cell_phone text,
            email text,
            language text,
            row_hash bigint,
            changed_at timestamptz not null default now(),
            primary key (district, student_id, guardian_id),
            foreign key (district, student_id) references students
                on update cascade on delete cascade
        )
        """
    )
    # What people enter in SameGoal lies in a table of its own, which publication never writes.
    op.execute(
        """
        create table entered_by_hand (
            district text not null,
            student_id text not null,
            preferred_gender text,
            pronouns text,
            historical_idle boolean not null default false,
            entered_by text not null,
            entered_at timestamptz not null default now(),
            primary key (district, student_id),
            foreign key (district, student_id) references students
                on update cascade on delete cascade
        )
        """
    )
    # guardian_id is null for a student's own field. kind: added, changed, removed, missing,
    # returned. old and new are the published text of the field.
    op.execute(
        """
        create table changes (
            id bigint generated always as identity primary key,
            district text not null,
            student_id text not null,
            guardian_id bigint,
            kind text not null,
            field text,
            old text,
            new text,
            at timestamptz not null default now(),
            sync_id bigint not null references syncs on delete cascade,
            foreign key (district, student_id) references students
                on update cascade on delete cascade
        )
        """
    )
    op.execute("create index on changes (district, student_id, id desc)")
    op.execute("create index on changes (sync_id)")
    op.execute(
        """
        create table rejects (
            sync_id bigint not null references syncs on delete cascade,
            district text not null,
            object text not null,
            key bigint,
            student_id text,
            "column" text,
            rule text not null,
            severity text not null check (severity in ('row', 'value'))
        )
        """
    )
    op.execute("create index on rejects (district, sync_id)")
    # A night beyond a guard, whole, as Arrow IPC bytes, until a person decides.
    op.execute(
        """
        create table held_nights (
            district text primary key references districts on update cascade on delete cascade,
            sync_id bigint not null references syncs on delete cascade,
            night date not null,
            held_at timestamptz not null default now(),
            reasons jsonb not null,
            students bytea not null,
            guardians bytea not null
        )
        """
    )
