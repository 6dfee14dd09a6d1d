"""``samegoal-sync portal`` and ``samegoal-sync users``."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from samegoal_sync.commands.app import (
    App,
    CommandGroup,
    json_option,
    pass_app,
    print_json,
)
from samegoal_sync.commands.audited import audited
from samegoal_sync.commands.caseloads import assign, unassign
from samegoal_sync.commands.child_programs import require_free_port
from samegoal_sync.commands.listing import print_list
from samegoal_sync.secret import Secret

_ROLES = ("technical_team", "administrative", "teacher")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@pass_app
def portal(app: App, host: str, port: int) -> None:
    """Serve District Information, students' Details and documents.

    Beyond this machine put it behind a proxy with TLS.

    Example: samegoal-sync portal --port 8000
    """
    require_free_port(port, "--port", host)
    from samegoal_sync.portal.serve import serve  # slow to import

    app.console.print(f"The portal is at http://{host}:{port} (Ctrl-C ends it)")
    serve(app.settings, app.database_url, host, port)


@click.group(cls=CommandGroup)
def users() -> None:
    """Manage the portal's accounts.

    Example: samegoal-sync users list
    """


@users.command("add")
@click.argument("login")
@click.option("--name", required=True, help="The person's name, as shown in the portal.")
@click.option("--role", type=click.Choice(_ROLES), required=True)
@click.option("--district", help="Slug; for administrative users and teachers.")
@pass_app
def add(app: App, login: str, name: str, role: str, district: str | None) -> None:
    """Add an account; the password is asked for, or read from standard input.

    A teacher sees nobody before buildings or students are assigned: users assign, or Caseloads in
    the portal.

    Example: samegoal-sync users add pat@fairview.example --name "Pat Lee" --role teacher
    --district fairview-isd
    """
    from samegoal_sync.portal.identity.accounts import Role, add_user

    password = _password()
    user = add_user(
        app.database_url, login, password, name=name, role=Role(role), district=district
    )
    audited(app, "ACCOUNT", district, what=f"added {user.login} as {role}")
    app.console.print(f"Added {user.login} ({role}{f', {district}' if district else ''}).")


@users.command("list")
@json_option
@pass_app
def list_users_(app: App, as_json: bool) -> None:
    """List the accounts.

    Example: samegoal-sync users list --json
    """
    from samegoal_sync.portal.identity.accounts import list_users

    found = list_users(app.database_url)
    if as_json:
        print_json([asdict(user) for user in found])
        return
    print_list(
        ("Login", "Name", "Role", "District", "Last signed in", "State"),
        (
            (
                user.login,
                user.name,
                user.role,
                user.district or "all",
                f"{last:%Y-%m-%d %H:%M}" if (last := user.last_signed_in_at) else "never",
                "disabled" if user.disabled_at else "enabled",
            )
            for user in found
        ),
    )


@users.command("disable")
@click.argument("login")
@pass_app
def disable(app: App, login: str) -> None:
    """Stop an account from signing in, at once.

    Example: samegoal-sync users disable pat@fairview.example
    """
    from samegoal_sync.portal.identity.accounts import disable_user

    audited(app, "ACCOUNT", disable_user(app.database_url, login), what=f"disabled {login}")
    app.console.print(f"{login} can't sign in any more.")


@users.command("reset")
@click.argument("login")
@click.option(
    "--second-factor", is_flag=True, help="Take the second factor off, as for a lost phone."
)
@pass_app
def reset(app: App, login: str, second_factor: bool) -> None:
    """Give an account a new password and enable it.

    Example: samegoal-sync users reset pat@fairview.example
    """
    from samegoal_sync.portal.identity.accounts import drop_second_factor, reset_user

    slug = reset_user(app.database_url, login, _password())
    audited(app, "ACCOUNT", slug, what=f"new password for {login}")
    if second_factor:
        drop_second_factor(app.database_url, login)
        audited(app, "ACCOUNT", slug, what=f"no second factor for {login}")
        app.console.print(f"{login} has no second factor any more.")
    app.console.print(f"{login} has a new password and was signed out everywhere.")


users.add_command(assign)
users.add_command(unassign)


def _password() -> Secret:
    stdin = sys.stdin
    if stdin.isatty():
        return Secret(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return Secret(stdin.readline().rstrip("\n"))
