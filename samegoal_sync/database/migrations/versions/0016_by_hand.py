"""Students and guardians entered by hand may be changed and removed; nobody else's row ever is."""

from __future__ import annotations

from alembic import op

from samegoal_sync.database.migrations.roles import PORTAL_ROLE

revision = "0016"
down_revision = "0015"

_STUDENT = (
    "student_id, last_name, first_name, middle_name, date_of_birth, gender, district_enrollment, "
    "grade, building"
)
_GUARDIAN = (
    "last_name, first_name, middle_name, relationship, cell_phone, home_phone, work_phone, email, "
    "address, city, state, zip"
)
_OF_HAND = (
    "exists (select from samegoal.students s where s.district = guardians.district "
    "and s.student_id = guardians.student_id and s.origin = 'hand')"
)


def upgrade() -> None:
    """Grant the portal's role what its policies then narrow to rows entered by hand."""
    role = PORTAL_ROLE
    op.execute(f"grant update ({_STUDENT}, changed_at), delete on students to {role}")
    op.execute(
        f"grant insert (district, student_id, guardian_id, priority, {_GUARDIAN}), "
        f"update ({_GUARDIAN}, changed_at), delete on guardians to {role}"
    )
    op.execute(
        f"create policy by_hand_update on students as restrictive for update to {role} "
        "using (origin = 'hand') with check (origin = 'hand')"
    )
    op.execute(
        f"create policy by_hand_delete on students as restrictive for delete to {role} "
        "using (origin = 'hand')"
    )
    for what in ("insert", "update", "delete"):
        clauses = {
            "insert": f"with check ({_OF_HAND})",
            "update": f"using ({_OF_HAND}) with check ({_OF_HAND})",
            "delete": f"using ({_OF_HAND})",
        }
        op.execute(
            f"create policy by_hand_{what} on guardians as restrictive for {what} to {role} "
            f"{clauses[what]}"
        )
