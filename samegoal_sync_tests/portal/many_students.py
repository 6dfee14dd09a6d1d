"""A district of any size, written straight into the tables: for plans and the benchmark."""

from __future__ import annotations

from samegoal_sync.database import connect

_LAST = (
    "Smith", "Garcia", "Nguyen", "O'Brien", "Lopez", "Kim", "Johnson", "Muñoz", "Begay", "Patel",
    "Schmidt", "Ivanov",
)  # fmt: skip
_FIRST = (
    "Maria", "José", "Ann", "Liam", "Zoë", "Noah", "Ava", "Wei", "Amara", "Luis", "Emma", "Omar",
    "Sam", "Nia", "Ben", "Ivy",
)  # fmt: skip


def add_many(url: str, slug: str, students: int) -> None:
    """Register a district with so many students, two guardians each, and one good night."""
    with connect(url) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key) "
            "values (%s, 'Large ISD', 'active', 'https://large.example/API', %s)",
            (slug, slug),
        )
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, counts) "
            "values (%s, 'run-1', current_date, 'published', now(), %s)",
            (slug, f'{{"students_sent": {students}}}'),
        )
        connection.execute(
            """
            insert into students (district, student_id, last_name, first_name, date_of_birth,
                gender, district_enrollment, grade, building, sis_internal_id)
            select %(slug)s, (100000 + n)::text,
                (%(last)s::text[])[1 + n %% 12] || chr(97 + n / 12 %% 26)
                    || chr(97 + n / 312 %% 26),
                (%(first)s::text[])[1 + n %% 16] || chr(97 + n / 16 %% 26),
                date '2010-01-01' + n %% 3000, 'F',
                case when n %% 997 = 0 then 'GRADUATED' when n %% 20 = 0 then 'WITHDREW'
                    else 'ENROLLED' end,
                lpad((n %% 13)::text, 2, '0'), 'School ' || n %% 150, n
            from generate_series(1, %(students)s) n
            """,
            {"slug": slug, "last": list(_LAST), "first": list(_FIRST), "students": students},
        )
        connection.execute(
            "insert into guardians (district, student_id, guardian_id, priority, last_name, "
            "first_name, relationship, cell_phone) "
            "select district, student_id, sis_internal_id * 2 + p, p + 1, last_name, 'Parent', "
            "'Parent', '(555) 010-0100' from students, generate_series(0, 1) p "
            "where district = %s",
            (slug,),
        )
    with connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze students, guardians, syncs")
