"""Onboarding: verify, complete, and later a new secret."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from samegoal_sync.commands.app import App, json_option, pass_app, print_json
from samegoal_sync.commands.districts.shared_options import (
    Date,
    plain,
    registry_of,
    slug_argument,
    user_name,
    who_option,
)
from samegoal_sync.commands.running_sandboxes import sandbox_of
from samegoal_sync.districts.onboarding.sandbox_secret import secret_from_sandbox
from samegoal_sync.errors import UsageError
from samegoal_sync.secret import Secret

if TYPE_CHECKING:
    from samegoal_sync.district import District
    from samegoal_sync.districts.onboarding.onboarding_steps import Verification


@click.command()
@slug_argument
@who_option
@json_option
@pass_app
def verify(app: App, district: str, who: str | None, as_json: bool) -> int:
    """Try the district's Qmlativ, and say what is missing and who must do it.

    With a stored secret a few rows of every object are read. Exit status 1 if something is not
    shared without which no district can be read.

    Example: samegoal-sync districts verify fairview-isd
    """
    from samegoal_sync.districts.onboarding.onboarding_steps import verify as verify_district

    asking = f"{district}: asking for a few rows of every object, 2 minutes at most"
    with app.console.status(asking):
        found = verify_district(registry_of(app), district, user_name(who))
    _print_verification(app, found, as_json=as_json)
    return 1 if found.stopped else 0


#: What ``--from-sandbox`` holds when it is given without an address.
_RUNNING = "running"


def _secret(app: App, district: District, from_sandbox: str | None) -> Secret:
    """From the sandbox, a prompt without echo, or the first line of standard input."""
    if from_sandbox == _RUNNING:
        from_sandbox = sandbox_of(app, district.slug, "--from-sandbox")
        if from_sandbox is None:
            raise UsageError(
                f"no sandbox runs for {app.settings.home}",
                hint="start one with samegoal-sync sandbox serve, or name its address",
            )
    if from_sandbox:
        return secret_from_sandbox(from_sandbox, district)
    if sys.stdin.isatty():
        text = click.prompt(f"Client Secret of {district.slug}", hide_input=True, err=True)
    else:
        text = sys.stdin.readline()
    if not text.strip():
        raise UsageError(
            "no secret was given on standard input", hint="pipe it in, or type it at the prompt"
        )
    return Secret(text.strip())


secret_options = (
    click.option(
        "--from-sandbox",
        is_flag=False,
        flag_value=_RUNNING,
        metavar="[URL]",
        help="Have the sandbox generate it: the running one of this home, or that at URL.",
    ),
    click.option("--expires", type=Date(), help="When the Integration Access ends."),
)


def _secret_options(command: Any) -> Any:
    for option in reversed(secret_options):
        command = option(command)
    return command


@click.command()
@slug_argument
@_secret_options
@click.option("--no-import", is_flag=True, help="Stop before the first import.")
@click.option("--hold-first", is_flag=True, help="Show nothing until the first night is approved.")
@who_option
@json_option
@pass_app
def complete(
    app: App,
    district: str,
    from_sandbox: str | None,
    expires: date | None,
    no_import: bool,
    hold_first: bool,
    who: str | None,
    as_json: bool,
) -> int:
    """Take the secret from standard input, try it, import for the first time, confirm by mail.

    With --hold-first the first night is held. SameGoal shows nothing until it is approved.

    Example: samegoal-sync districts complete fairview-isd < secret.txt
    """
    from samegoal_sync.districts.onboarding.onboarding_steps import complete as complete_district
    from samegoal_sync.districts.onboarding.onboarding_steps import hold_first_night
    from samegoal_sync.pipeline.first_import import import_and_confirm

    registry = registry_of(app)
    secret = _secret(app, registry.get(district), from_sandbox)
    done = complete_district(registry, district, secret, user_name(who), expires)
    if hold_first:
        hold_first_night(registry, district, user_name(who))
    if no_import or done.stopped:
        _print_verification(app, done, as_json=as_json)
        return 1 if done.stopped else 0
    app.console.print(f"{district}: connected; the first import runs ...")
    first = import_and_confirm(registry, district, user_name(who))
    if as_json:
        print_json(asdict(first))
    else:
        app.console.print(first.message)
    return 0 if first.active else 1


@click.command()
@slug_argument
@_secret_options
@who_option
@json_option
@pass_app
def rotate_secret(
    app: App,
    district: str,
    from_sandbox: str | None,
    expires: date | None,
    who: str | None,
    as_json: bool,
) -> None:
    """Replace the stored secret by a new one from standard input, tried first.

    Example: samegoal-sync districts rotate-secret fairview-isd < secret.txt
    """
    from samegoal_sync.districts.onboarding.onboarding_steps import complete as complete_district

    registry = registry_of(app)
    secret = _secret(app, registry.get(district), from_sandbox)
    done = complete_district(registry, district, secret, user_name(who), expires)
    _print_verification(app, done, as_json=as_json)


@click.command()
@pass_app
def reencrypt(app: App) -> None:
    """Encrypt every stored secret anew with the newest key of SAMEGOAL_SYNC_SECRET_KEY.

    Example: SAMEGOAL_SYNC_SECRET_KEY=NEW,OLD samegoal-sync districts reencrypt
    """
    from samegoal_sync.portal.identity.second_factor import reencrypt_second_factors

    count = registry_of(app).reencrypt_secrets()
    count += reencrypt_second_factors(app.settings, app.database_url)
    app.console.print(f"{count} secrets are encrypted with the newest key; older keys can go.")


def _print_verification(app: App, found: Verification, *, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(found), "district": plain(found.district)})
        return
    said = "was read" if found.read else "answers"
    app.console.print(f"{found.district.slug} is {found.district.state}: its Qmlativ {said}.")
    for entity in found.entities:
        app.console.print(f"  entity {entity}")
    for one in found.not_shared:
        app.console.print(f"  not shared: {one}")
        app.console.print(f"    action by {one.actor}: {one.hint}", style="dim")
    app.console.print(f"Next: {found.next_step}")
