"""The portal's own login: it answers every page, owns nothing, and Postgres refuses it the rest.

That every page works with it, the other tests of this folder show: their portal signs in as it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
import requests

from samegoal_sync.database import connect, migrate
from samegoal_sync.database.portal_login import portal_address, require_owns_nothing
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import DatabaseError, SettingError
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.records.audit_trail import Action, write_line
from samegoal_sync.portal.tenant_connection import PortalDatabase
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.database.own_servers import (
    EMBEDDED,
    INSTALLED,
    as_superuser,
    documented,
    in_database,
    plain_user,
    portal_user,
    running_server,
)
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person, furnish_districts, served

#: What no page needs: structure, others' roles, the log's past, students outside of a district's
#: transaction, what is sealed, accounts and states that commands alone make.
REFUSED = (
    "create table samegoal.x (a int)",
    "create table public.x (a int)",
    "create table dagster.x (a int)",
    "create schema x",
    "create role x",
    "create temp table audit_log (like samegoal.audit_log including all)",
    "create temp table x (a int)",
    "create function pg_temp.x() returns int language sql return 1",
    "create function samegoal.x() returns int language sql return 1",
    "alter table students add column x int",
    "alter table students disable row level security",
    "alter table audit_log disable trigger all",
    "drop table audit_log",
    "drop policy own_district on students",
    "update audit_log set who = 'x'",
    "delete from audit_log",
    "truncate audit_log",
    "select ciphertext from district_secrets",
    "select ciphertext from district_parameters",
    "select unsealed from district_parameters",
    "select students from held_nights",
    "select * from students",
    "select * from guardians",
    "select * from documents",
    "select * from changes",
    "select * from outbox",
    "delete from audit_waiting",
    "update audit_shipping set begun = false",
    "insert into portal_users (login, name, role, password_hash) values ('x', 'x', 'teacher', 'x')",
    "update portal_users set role = 'technical_team'",
    "update portal_users set disabled_at = null",
    "update districts set state = 'active'",
    "delete from districts",
    "insert into district_secrets (district, ciphertext, stored_by) values ('x', 'x', 'x')",
    "set role {owner}",
    "set session authorization {owner}",
    "grant {owner} to samegoal_web",
    "grant select on students to samegoal_web",
    "alter role samegoal_web superuser",
)


@pytest.fixture(params=["the project's own", *(INSTALLED or ["none installed"]), EMBEDDED])
def both(request: pytest.FixtureRequest, password_hash: str) -> Iterator[tuple[str, Settings]]:
    """The owner's address of a furnished database, and its settings: the project's own server, and
    an operator's by the documented statements."""
    settings: Settings = request.getfixturevalue("settings")
    if request.param == "the project's own":
        yield request.getfixturevalue("districts"), settings
        return
    if request.param not in (*INSTALLED, EMBEDDED):
        pytest.skip("Debian's postgresql is not installed")
    with running_server(request.param) as address:
        before, inside = documented()
        as_superuser(address, before)
        as_superuser(in_database(address), inside)
        owner = plain_user(address)
        migrate(owner)
        furnish_districts(owner, password_hash)
        yield owner, Settings(
            settings.home, settings.storage, allow_loopback=True,
            database_url=owner, portal_database_url=portal_user(address),
        )  # fmt: skip


def test_postgres_refuses_the_login_whatever_no_page_needs(both: tuple[str, Settings]) -> None:
    owner_url, settings = both
    with connect(owner_url) as connection:
        owner = connection.info.user
    require_owns_nothing(settings)
    with connect(portal_address(settings, owner_url), autocommit=True) as web:
        users = web.execute("select session_user, current_user").fetchone()
        assert users == ("samegoal_web", "samegoal_web")
        for statement in REFUSED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(statement.format(owner=owner).encode())
        owned = web.execute(
            "select count(*) from pg_shdepend where refobjid = 'samegoal_web'::regrole "
            "and deptype = 'o'"
        ).fetchone()
        assert owned == (0,)
        roles = web.execute(
            "select roleid::regrole::text from pg_auth_members "
            "where member = 'samegoal_web'::regrole"
        ).fetchall()
        assert roles == [("samegoal_portal",)]


def test_the_team_s_log_is_all_that_the_login_sees_of_the_log(districts: str) -> None:
    settings = Settings.from_environment({})
    with connect(portal_address(settings, districts)) as web:
        for district in (FAIRVIEW, None, "gone-isd"):
            web.execute(
                "insert into audit_log (district, who, role, action) values (%s, 'x', 'x', 'x')",
                (district,),
            )
        seen = web.execute("select district from audit_log where who = 'x' order by id").fetchall()
    assert seen == [(None,), ("gone-isd",)]


def test_no_temporary_table_hides_the_log_and_nothing_outlives_a_visit(
    districts: str, settings: Settings
) -> None:
    with connect(districts, autocommit=True) as owner:
        # As a database of before, where everybody may make temporary tables.
        owner.execute(f"grant temporary on database {owner.info.dbname} to public".encode())
    portal = PortalDatabase(portal_address(settings, districts))
    with portal.web() as connection:
        connection.execute("create temp table audit_log (like samegoal.audit_log including all)")
        write_line(connection, Action.SIGNED_IN, who="ann", role="teacher", district=None)
        pid = connection.info.backend_pid
        for statement in (
            "set search_path = pg_temp, samegoal",
            "prepare _pg3_0 as select 1",
            "select set_config('role', 'samegoal_portal', false)",
            "select set_config('samegoal.district', 'fairview-isd', false)",
            "select pg_advisory_lock(1)",
        ):
            connection.execute(statement.encode())
    with portal.web() as connection:
        assert connection.info.backend_pid == pid
        for number in range(8):
            write_line(connection, Action.LISTED, who=f"{number}", role="teacher", district=None)
        left = connection.execute(
            "select current_user, current_setting('samegoal.district', true) as district, "
            "(select count(*) from pg_locks where locktype = 'advisory' "
            "and pid = pg_backend_pid()) as locks"
        ).fetchone()
    portal.close()
    assert left == {"current_user": "samegoal_web", "district": "", "locks": 0}
    with connect(districts) as owner:
        lines = owner.execute("select count(*) from samegoal.audit_log").fetchone()
    assert lines == (9,)


def test_who_adds_a_line_chooses_neither_its_number_nor_its_time_nor_fills_it(
    districts: str, settings: Settings
) -> None:
    forged = (
        "insert into audit_log (id, who, role, action) overriding system value "
        "values (9223372036854775807, 'x', 'x', 'x')",
        "insert into audit_log (at, who, role, action) values ('infinity', 'x', 'x', 'x')",
    )
    with connect(portal_address(settings, districts), autocommit=True) as web:
        for role in ("samegoal_web", "samegoal_portal"):
            web.execute(f"set role {role}".encode())
            web.execute("select set_config('samegoal.district', %s, false)", (FAIRVIEW,))
            for statement in forged:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    web.execute(statement.encode())
            web.execute(
                "insert into audit_log (district, who, role, action, what) "
                "values (%s, repeat('👩', 9000), 'x', 'x', repeat('x', 300000))",
                (FAIRVIEW,),
            )
    with connect(districts) as owner:
        lengths = owner.execute("select length(who), length(what) from audit_log").fetchall()
    assert lengths == [(200, 1000)] * 2


def test_a_role_taken_on_by_the_address_is_that_of_every_visit(
    districts: str, settings: Settings
) -> None:
    given = Settings(settings.home, settings.storage, database_url=districts)
    portal = PortalDatabase(portal_address(given, districts))
    for _ in range(3):
        with portal.web() as connection:
            row = connection.execute("select current_user").fetchone()
            assert row == {"current_user": "samegoal_web"}
            connection.execute("reset role")
            connection.execute("set role samegoal_portal")
    portal.close()


def test_defaults_that_the_login_sets_for_itself_stop_no_visit(
    districts: str, settings: Settings
) -> None:
    address = portal_address(settings, districts)
    with connect(address, autocommit=True) as web:
        web.execute("alter role samegoal_web set default_transaction_read_only = on")
        web.execute("alter role samegoal_web set row_security = off")
    try:
        with connect(address) as web:
            write_line(web, Action.SIGNED_IN, who="ann", role="teacher", district=None)
            assert web.execute("select slug from districts").fetchall()
    finally:
        with connect(districts) as owner:
            owner.execute("alter role samegoal_web reset all")


def test_the_web_process_has_no_connection_but_the_login_s(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    districts: str,
    settings: Settings,
) -> None:
    Registry(settings, districts).store_secret(FAIRVIEW, Secret("s3cret"), "test")
    team, admin = (
        sign_in(login) for login in ("team@samegoal.example", "administrative@fairview.example")
    )
    information = f"/d/{FAIRVIEW}/district-information"
    for person, path in (
        (team, "/team"),
        (admin, information),
        (admin, student_address(FAIRVIEW)),
        (admin, f"/d/{FAIRVIEW}/held"),
    ):
        assert person.get(path).status_code == 200, path
    assert "s3cret" in admin.post(f"{information}/secret").text
    with connect(districts) as connection:
        users = connection.execute(
            "select distinct usename from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid()"
        ).fetchall()
    assert users == [("samegoal_web",)]


def test_without_a_login_of_its_own_the_portal_still_asks_with_its_rights_alone(
    both: tuple[str, Settings],
) -> None:
    owner_url, settings = both
    given = Settings(
        settings.home, settings.storage, allow_loopback=True, database_url=owner_url
    )  # an installation of before: nobody has named a login
    require_owns_nothing(given)
    address = portal_address(given, owner_url)
    with connect(address) as web:
        assert web.execute("select current_user").fetchone() == ("samegoal_web",)
    with connect(address) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("drop table audit_log")
    with served(create_app(given, owner_url)) as base, requests.Session() as http:
        person = Person(base, http)
        assert person.sign_in("administrative@fairview.example").status_code == 303
        for path in ("students", "district-information", "audit-log", "caseloads"):
            assert person.get(f"/d/{FAIRVIEW}/{path}").status_code == 200


def test_a_login_that_may_more_is_refused(both: tuple[str, Settings]) -> None:
    owner_url, settings = both
    given = Settings(
        settings.home, settings.storage,
        database_url=owner_url, portal_database_url=owner_url,
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="may more than pages need") as refused:
        require_owns_nothing(given)
    assert "create role samegoal_web" in refused.value.hint
    assert "CHANGE-THIS" not in str(refused.value)


def test_a_login_without_a_database_of_one_s_own_is_refused() -> None:
    with pytest.raises(SettingError, match="SAMEGOAL_SYNC_DATABASE_URL is not"):
        Settings.from_environment({"SAMEGOAL_SYNC_PORTAL_DATABASE_URL": "postgresql://a@b/c"})
