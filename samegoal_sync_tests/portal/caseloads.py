"""A teacher who sees the whole district, for tests of something else."""

from __future__ import annotations

from samegoal_sync.database import connect


def assign_all_buildings(url: str, login: str) -> None:
    """Put every building that has students on a teacher's caseload."""
    with connect(url) as connection:
        connection.execute(
            "insert into caseload_buildings (district, user_id, building, assigned_by) "
            "select distinct u.district, u.id, s.building, 'test' from portal_users u "
            "join students s on s.district = u.district where u.login = %s "
            "and s.building is not null on conflict do nothing",
            (login,),
        )
