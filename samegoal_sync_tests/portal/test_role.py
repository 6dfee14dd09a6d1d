"""A database user who may not create the portal's role is told what to do."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from samegoal_sync.database import connect, migrate
from samegoal_sync.errors import DatabaseError


def test_a_user_who_may_not_create_roles_is_told_the_statement_to_run(database_url: str) -> None:
    # In a cluster where the role exists already, as here, it is the grant that is missing.
    user, name = f"u{uuid.uuid4().hex[:8]}", f"t{uuid.uuid4().hex[:8]}"
    with connect(database_url, autocommit=True) as owner:
        owner.execute(f"create role {user} login".encode())
        owner.execute(f"create database {name} owner {user}".encode())
        owner.execute(f"alter database {name} set role = {user}".encode())
        here = owner.info.dbname
        url = database_url.replace(f"/{here}?", f"/{name}?")
        try:
            with pytest.raises(DatabaseError, match="of the rights that are needed") as raised:
                migrate(url)
            assert "grant samegoal_portal to" in raised.value.hint
        finally:
            owner.execute(f"drop database {name} with (force)".encode())
            owner.execute(f"drop role {user}".encode())


def test_the_role_can_not_sign_in_nor_own_anything(database_url: str) -> None:
    with connect(database_url) as connection:
        role = connection.execute(
            "select rolcanlogin, rolsuper, rolbypassrls from pg_roles "
            "where rolname = 'samegoal_portal'"
        ).fetchone()
        assert role == (False, False, False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("set local role samegoal_portal; create table samegoal.x (a int)")
