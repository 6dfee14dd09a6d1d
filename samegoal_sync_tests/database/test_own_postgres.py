"""A Postgres of the operator's own: a plain user with exactly the documented rights, no more.

On Debian's Postgres 15 where it is installed, and on the embedded 18.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from samegoal_sync.database import connect, migrate
from samegoal_sync.errors import DatabaseError
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.settings import DATABASE_VARIABLE, PORTAL_DATABASE_VARIABLE, Settings
from samegoal_sync_tests.commands.command_line import run
from samegoal_sync_tests.database.own_servers import (
    PASSWORD,
    as_superuser,
    documented,
    in_database,
    plain_user,
    portal_user,
    without_the_portals_roles,
)


def test_a_plain_user_with_the_documented_rights_runs_everything(own: str, tmp_path: Path) -> None:
    before, inside = documented()
    as_superuser(own, before)
    as_superuser(in_database(own), inside)
    plain = plain_user(own)
    migrate(plain)
    migrate(plain)
    with connect(plain) as connection:
        rights = connection.execute(
            "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, "
            "has_database_privilege(current_database(), 'create') "
            "from pg_roles where rolname = current_user"
        ).fetchone()
        assert rights == (False,) * 5
        connection.execute("set role samegoal_portal")
        assert connection.execute("select count(*) from students").fetchone() == (0,)
    settings = Settings(home=tmp_path / "home", storage=tmp_path / "s", database_url=plain)
    with dagster_instance(settings, plain) as instance:
        assert instance.get_runs_count() == 0
    if "sslmode" in plain:
        with connect(plain) as connection:
            assert connection.execute(
                "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
            ).fetchone() == (True,)
        open_text = plain.split("?", 1)[0] + "?sslmode=disable"
        with pytest.raises(DatabaseError, match="could not be reached"):
            connect(open_text)


@pytest.mark.parametrize(
    "address",
    ["postgresql://u:p%zzhunter2@h/db", "postgresql://u:hunter2@[::1/db", "hunter2"],
)
def test_an_address_that_can_not_be_read_is_reported_without_its_password(address: str) -> None:
    with pytest.raises(DatabaseError, match="can't be read") as refused:
        connect(address)
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


def test_each_missing_right_is_reported_and_what_the_hint_says_helps(own: str) -> None:
    before, _ = documented()
    as_superuser(own, without_the_portals_roles(before))
    plain = plain_user(own)
    with pytest.raises(DatabaseError) as refused:
        migrate(plain)
    statements = [one.strip() for one in refused.value.hint.splitlines()[1:]]
    assert statements == [
        'create schema samegoal authorization "samegoal_sync";',
        'create schema dagster authorization "samegoal_sync";',
        "create role samegoal_portal nologin;",
        "create role samegoal_web login noinherit;",
        'grant samegoal_portal to "samegoal_sync";',
        "grant samegoal_portal to samegoal_web;",
        'grant samegoal_web to "samegoal_sync";',
    ]
    assert PASSWORD not in str(refused.value)
    for statement, left in zip(statements, (6, 5, 4, 3, 2, 1), strict=False):
        as_superuser(in_database(own), [statement])
        with pytest.raises(DatabaseError, match=f"lacks {left} "):
            migrate(plain)
    as_superuser(in_database(own), [statements[-1]])
    migrate(plain)


def test_a_schema_of_someone_else_is_reported(own: str) -> None:
    before, _ = documented()
    as_superuser(own, before)
    as_superuser(in_database(own), ["create schema samegoal", "create schema dagster"])
    with pytest.raises(DatabaseError) as refused:
        migrate(plain_user(own))
    assert refused.value.hint.splitlines()[1].strip() == (
        'grant usage, create on schema samegoal to "samegoal_sync";'
    )


def test_a_user_who_may_create_roles_needs_no_superuser(own: str) -> None:
    before, inside = documented()
    as_superuser(own, without_the_portals_roles(before))
    as_superuser(own, ["alter role samegoal_sync createrole"])
    as_superuser(in_database(own), inside)
    migrate(plain_user(own))


def test_status_says_that_the_portal_may_make_temporary_tables_until_it_may_not(
    own: str, tmp_path: Path
) -> None:
    before, inside = documented()
    as_superuser(own, [one for one in before if " temporary " not in one])
    as_superuser(in_database(own), inside)
    plain = plain_user(own)
    migrate(plain)

    def status() -> str:
        environment = {DATABASE_VARIABLE: plain, PORTAL_DATABASE_VARIABLE: portal_user(own)}
        ended = run(tmp_path / "home", "status", environment=environment)
        assert ended.returncode in (0, 1), ended.stderr
        return " ".join((ended.stdout + ended.stderr).split())

    remedy = (
        "revoke temporary on database samegoal from public, samegoal_portal, samegoal_web; "
        "grant temporary on database samegoal to samegoal_sync;"
    )
    assert f"may make temporary tables, which could hide ours hint: as a superuser: {remedy}" in (
        status()
    )
    as_superuser(own, ["grant temporary on database samegoal to samegoal_portal"])
    as_superuser(own, remedy.split("; "))
    assert "temporary tables" not in status()


def test_status_says_that_the_servers_log_shows_rows_until_a_superuser_ends_it(
    own: str, tmp_path: Path
) -> None:
    before, inside = documented()
    as_superuser(own, before)
    as_superuser(in_database(own), inside)
    plain = plain_user(own)
    migrate(plain)

    def status() -> str:
        ended = run(tmp_path / "home", "status", environment={DATABASE_VARIABLE: plain})
        assert ended.returncode in (0, 1), ended.stderr
        return " ".join((ended.stdout + ended.stderr).split())

    shown = status()
    assert "Postgres writes a student's row into its own log" in shown
    remedy = "alter system set log_error_verbosity = terse; select pg_reload_conf();"
    assert f"hint: as a superuser: {remedy}" in shown
    as_superuser(own, remedy.split("; "))
    assert "its own log" not in status()
