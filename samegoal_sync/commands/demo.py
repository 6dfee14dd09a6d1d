"""``samegoal-sync demo``: the whole thing on this machine, against a sandbox Qmlativ."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from samegoal_sync.commands.app import App, pass_app
from samegoal_sync.commands.child_programs import ended_by_signals, require_free_port
from samegoal_sync.commands.dev import (
    port_option,
    portal_address,
    portal_port_option,
    require_ports,
    serve,
)
from samegoal_sync.commands.published import student
from samegoal_sync.commands.serving_lock import serving_alone
from samegoal_sync.commands.sync import import_shown, print_summary
from samegoal_sync.districts.errors import UnknownDistrict
from samegoal_sync.errors import UsageError
from samegoal_sync.loopback import SANDBOX_FOLDER, sandbox_marked_in
from samegoal_sync.qmlativ.http.connection import is_loopback
from samegoal_sync.secret import Secret
from samegoal_sync.settings import DATABASE_VARIABLE, HOME_VARIABLE

if TYPE_CHECKING:
    from samegoal_sync.districts.registry.registry import Registry
    from samegoal_sync.sandbox import Sandbox, SandboxDistrict

_WHO = "demo"
_KEY = "samegoal-demographics"
#: Restrictions that Skyward has not granted, as for a vendor whose product lacks them.
_RESTRICTIONS = frozenset(
    {"Family/StudentGuardianRestrictedAccess", "Family/StudentGuardian.HasActiveRestrictedAccess"}
)


@click.command()
@port_option
@portal_port_option
@click.option(
    "--sandbox-port", type=click.IntRange(1, 65535), default=8900, show_default=True,
    help="Port of the sandbox Qmlativ.",
)  # fmt: skip
@click.option("--once", is_flag=True, help="End after the summary, without serving anything.")
@pass_app
def demo(app: App, port: int, portal_port: int, sandbox_port: int, once: bool) -> int | None:
    """Run the whole thing on this machine, against a sandbox with three invented districts.

    Onboards the districts, imports them through Dagster, shows what was imported and one
    student's Details, then serves the Dagster UI and the portal. Run again, nothing changes.

    Example: samegoal-sync demo --once
    """
    from samegoal_sync.sandbox import running_sandbox

    # The portal's address goes into the events of the very first imports.
    portal_url = portal_address(app, portal_port)
    with serving_alone(app.settings.home, "demo", None if once else portal_url):
        require_free_port(sandbox_port, "--sandbox-port")
        if not once:
            require_ports(port, portal_port)
        with ended_by_signals():
            _refuse_districts_of_others(app)
            # As long as the sandbox runs, http on the loopback is allowed for this home.
            app.settings = replace(app.settings, allow_loopback=True, portal_url=portal_url)
            folder = app.settings.home / SANDBOX_FOLDER
            with (
                running_sandbox(
                    (*demo_districts(), practice_district()), sandbox_port, state_folder=folder
                ) as sandbox,
                sandbox_marked_in(app.settings.home, sandbox.port),
            ):
                failed = _night(app, sandbox)
                if once or failed:
                    return 1 if failed else 0
                _print_accounts(app)
                _print_practice(app, sandbox)
                app.console.print(f"Sandbox     http://127.0.0.1:{sandbox.port}/")
                serve(app, port, portal_port)
    return None


def demo_districts() -> tuple[SandboxDistrict, ...]:
    """Three districts that differ in size, state and in what Skyward has granted."""
    from samegoal_sync.sandbox import SandboxDistrict

    return (
        SandboxDistrict("fairview-isd", "Fairview ISD", students=1_800, seed=1),
        SandboxDistrict("maple-grove", "Maple Grove Public Schools", students=3_200, seed=2),
        SandboxDistrict(
            "cedar-hollow", "Cedar Hollow Schools", students=350, seed=3, not_granted=_RESTRICTIONS
        ),
    )


def practice_district() -> SandboxDistrict:
    """A small one that the sandbox serves and nobody has registered, to onboard by hand."""
    from samegoal_sync.sandbox import SandboxDistrict

    return SandboxDistrict("oak-hollow", "Oak Hollow ISD", students=120, seed=4)


_ZONES = {
    "fairview-isd": "America/Chicago",
    "maple-grove": "America/Denver",
    "cedar-hollow": "America/New_York",
}


def _refuse_districts_of_others(app: App) -> None:
    """The demo adds districts, accounts and nights: not where real ones are.

    Raises:
        UsageError: the database holds a district that is not the demo's.
    """
    from samegoal_sync.districts.registry.registry import Registry

    registered = Registry(app.settings, app.database_url).list()
    # One of a sandbox of this machine is practice, whoever has added it.
    others = [one.slug for one in registered if not _is_sandbox(one.base_url)]
    if others:
        raise UsageError(
            f"this database holds districts that are not the demo's ({others[0]}"
            f"{' and more' if len(others) > 1 else ''})",
            hint="serve them with samegoal-sync dev; or give the demo a home of its own: "
            f"{HOME_VARIABLE}=$PWD/.local/demo samegoal-sync demo, with {DATABASE_VARIABLE} unset",
        )


def _is_sandbox(base_url: str) -> bool:
    parts = urlsplit(base_url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def _night(app: App, sandbox: Sandbox) -> bool:
    """Onboard the districts and import them; whether something needs a person."""
    from samegoal_sync.districts.registry.registry import Registry

    registry = Registry(app.settings, app.database_url)
    slugs = list(_ZONES)
    for slug in slugs:
        _onboard(app, registry, sandbox, slug)
    outcomes = import_shown(app, slugs)
    _show_student(app, slugs[0])
    app.console.print()
    print_summary(outcomes)
    return any(outcome.needs_a_person for outcome in outcomes)


def _onboard(app: App, registry: Registry, sandbox: Sandbox, slug: str) -> None:
    """The mission's steps, as the district, Skyward and the technical team would take them."""
    from samegoal_sync.districts.onboarding.onboarding_steps import activate, complete, verify

    base_url = sandbox.base_url(slug)
    try:
        if registry.get(slug).base_url != base_url:
            registry.update(slug, who=_WHO, base_url=base_url)
        if registry.has_secret(slug):
            return
    except UnknownDistrict:
        registry.add(
            who=_WHO, slug=slug, name=sandbox.system(slug).district.name, base_url=base_url,
            client_key=_KEY, mail_domain=f"{slug}.example", time_zone=_ZONES[slug],
        )  # fmt: skip
    # A demo that was cut off may have left the record without its secret.
    access = sandbox.system(slug).access.find(_KEY) or sandbox.create_access(slug, _KEY)
    verify(registry, slug, _WHO)
    secret = Secret(sandbox.generate_secret(slug, _KEY))
    complete(registry, slug, secret, _WHO, access.expires)
    activate(registry, slug, _WHO)
    app.console.print(f"{slug}: onboarded, its access expires on {access.expires}")


def _show_student(app: App, slug: str) -> None:
    """Print the Details of one enrolled student with guardians: the first by Student Id."""
    from samegoal_sync.database import connect

    with connect(app.database_url) as connection:
        row = connection.execute(
            """
            select student_id from students s
            where district = %s and district_enrollment = 'ENROLLED' and exists (
                select from guardians g
                where g.district = s.district and g.student_id = s.student_id)
            order by student_id limit 1
            """,
            (slug,),
        ).fetchone()
    if row is None:
        return
    app.console.print(f"\nsamegoal-sync student {slug} {row[0]}", style="bold")
    click.get_current_context().invoke(student, district=slug, student_id=row[0])


def _give_buildings(app: App, login: str) -> None:
    """Two buildings of the district, unless somebody has chosen others."""
    from samegoal_sync.database import connect

    with connect(app.database_url) as connection:
        connection.execute(
            """
            insert into caseload_buildings (district, user_id, building, assigned_by)
            select u.district, u.id, s.building, %(who)s from portal_users u,
                lateral (select building from students where district = u.district
                    and building is not null group by building order by count(*) desc limit 2) s
            where u.login = %(login)s
                and not exists (select from caseload_buildings b where b.user_id = u.id)
            """,
            {"login": login, "who": _WHO},
        )


def _print_accounts(app: App) -> None:
    """One account a role, with a password of this run; told here and nowhere else."""
    from samegoal_sync.portal.identity.accounts import Role, add_user, list_users, reset_user

    there = {user.login for user in list_users(app.database_url)}
    app.console.print("\nSign in to the portal as (new passwords at each start)", style="bold")
    for role, slug in (
        (Role.TECHNICAL_TEAM, None),
        (Role.ADMINISTRATIVE, "fairview-isd"),
        (Role.TEACHER, "fairview-isd"),
    ):
        login, password = role.value.replace("_", "-"), secrets.token_urlsafe(12)
        if login in there:
            reset_user(app.database_url, login, Secret(password))
        else:
            name = role.value.replace("_", " ").title()
            add_user(app.database_url, login, Secret(password), name=name, role=role, district=slug)
        if role is Role.TEACHER:
            _give_buildings(app, login)
        where = slug or "all districts"
        app.console.print(f"  {login:<15} {password}   ({where})")
    app.console.print()


def _print_practice(app: App, sandbox: Sandbox) -> None:
    """Where a district waits to be onboarded by hand; one that is registered follows the port."""
    from samegoal_sync.districts.registry.registry import Registry

    district = practice_district()
    base_url = sandbox.base_url(district.slug)
    registry = Registry(app.settings, app.database_url)
    try:
        if registry.get(district.slug).base_url != base_url:
            registry.update(district.slug, who=_WHO, base_url=base_url)
    except UnknownDistrict:
        app.console.print(f"To onboard  {district.slug}: {base_url} (docs/sandbox.md, Practice)")
