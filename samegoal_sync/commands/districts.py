"""``samegoal-sync districts``: bring districts aboard and keep them connected."""

from __future__ import annotations

import getpass
import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from samegoal_sync.commands.app import App, json_option, pass_app, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from samegoal_sync.districts.district import District, DistrictSettings
    from samegoal_sync.districts.onboarding import Verification
    from samegoal_sync.districts.registry import Registry
    from samegoal_sync.secret import Secret

slug_argument = click.argument("district", metavar="DISTRICT")
who_option = click.option(
    "--who", default=None, help="Who acts, for the record [default: your account's name]."
)


class _Date(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail("write a date as YYYY-MM-DD", param, ctx)


class _Pairs(click.ParamType[tuple[str, str]]):
    name = "name=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        left, sign, right = value.partition("=")
        if not sign or not left:
            self.fail("write it as NAME=VALUE", param, ctx)
        return left, right


def _value_options(command: Any) -> Any:
    """The options that say what a district is; the same for adding and changing."""
    for option in reversed(
        (
            click.option("--name", help="The district's name."),
            click.option("--base-url", help="API Base URL; the web address ending in STS will do."),
            click.option("--client-key", help="Key of the Integration Access."),
            click.option("--mail-domain", help="Domain from which the district's mail comes."),
            click.option("--contact", "contacts", multiple=True, help="Address for morning mail."),
            click.option("--time-zone", help="IANA time zone of its night."),
            click.option("--hour", type=click.IntRange(0, 23), help="Local hour of its night."),
            click.option("--expires", "expires_on", type=_Date(), help="When its access ends."),
            click.option("--token-url", help="Token address of a vendor's own gateway."),
            click.option("--token-field", "token_fields", multiple=True, type=_Pairs(),
                         help="One more field of the token request."),
            click.option("--header", "headers", multiple=True, type=_Pairs(),
                         help="One more header of every request."),
            click.option("--api-prefix", help="Custom or Generic."),
            click.option("--district-id", type=int, help="DistrictID in a system of several."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Options that were given; pairs as a mapping."""
    given = {name: value for name, value in values.items() if value not in (None, ())}
    for name in ("token_fields", "headers"):
        if name in given:
            given[name] = dict(given[name])
    return given


def _registry(app: App) -> Registry:
    from samegoal_sync.districts.registry import Registry

    return Registry(app.settings, app.database_url)


def _user(who: str | None) -> str:
    try:
        return who or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"


@click.group()
def districts() -> None:
    """Bring districts aboard and keep them connected.

    Example: samegoal-sync districts add fairview-isd --name "Fairview ISD"
    --base-url https://skyward.iscorp.com/FairviewTXStuAPI --client-key KEY
    """


@districts.command()
@slug_argument
@_value_options
@who_option
@json_option
@pass_app
def add(app: App, /, district: str, who: str | None, as_json: bool, **values: Any) -> None:
    """Register a district.

    Example: samegoal-sync districts add fairview-isd --name "Fairview ISD"
    --base-url https://skyward.iscorp.com/FairviewTXStuAPI --client-key KEY
    --mail-domain fairview.example --contact office@fairview.example
    """
    given = _given(values)
    missing = [name for name in ("name", "base_url", "client_key") if name not in given]
    if missing:
        options = ", ".join("--" + name.replace("_", "-") for name in missing)
        raise click.UsageError(f"a district needs {options}")
    added = _registry(app).add(slug=district, who=_user(who), **given)
    if as_json:
        print_json(_plain(added))
    else:
        app.console.print(
            f"{added.slug} is registered. Next: samegoal-sync districts verify {added.slug}"
        )


@districts.command()
@slug_argument
@_value_options
@click.option(
    "--setting",
    "settings",
    multiple=True,
    type=_Pairs(),
    help="One of the district's own settings, as JSON: notify='[\"failed\"]'.",
)
@who_option
@json_option
@pass_app
def change(
    app: App,
    /,
    district: str,
    settings: tuple[tuple[str, str], ...],
    who: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Change what is registered of a district; what is not named stays.

    Settings: guardians, publish_restricted, buildings, guards, paused, additions_only, notify.

    Example: samegoal-sync districts change fairview-isd --hour 3
    --setting paused='{"first": "2027-07-01", "last": "2027-08-01"}'
    """
    given = _given(values)
    if settings:
        given["settings"] = _changed_settings(_registry(app).get(district), settings)
    if not given:
        raise click.UsageError("nothing to change: name an option (see --help)")
    changed = _registry(app).update(district, who=_user(who), **given)
    if as_json:
        print_json(_plain(changed))
    else:
        app.console.print(f"{district}: {', '.join(sorted(given))} changed.")


def _changed_settings(district: District, changes: tuple[tuple[str, str], ...]) -> DistrictSettings:
    """The district's settings with some of them read anew."""
    from samegoal_sync.districts.settings_json import settings_from_json, settings_to_json

    values = settings_to_json(district.settings)
    for name, text in changes:
        try:
            values[name] = json.loads(text)
        except ValueError:
            raise click.UsageError(f"--setting {name}: the value is not JSON") from None
    return settings_from_json(values)


@districts.command(name="list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List districts with their states.

    Example: samegoal-sync districts list --json
    """
    found = _registry(app).list()
    if as_json:
        print_json([_plain(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.slug:<28} {one.state:<10} {one.name}")
    if not found:
        app.console.print("no district is registered; samegoal-sync districts add")


@districts.command()
@slug_argument
@click.option("--reveal", is_flag=True, help="Show the Client Secret; this is recorded.")
@who_option
@json_option
@pass_app
def show(app: App, district: str, reveal: bool, who: str | None, as_json: bool) -> None:
    """Show the three values of "add Nightly Demographics", and the district's history.

    Example: samegoal-sync districts show fairview-isd
    """
    from samegoal_sync.districts.events import events

    registry = _registry(app)
    found = registry.get(district)
    stored = registry.has_secret(district)
    secret = "********" if stored else None
    if reveal:
        secret = registry.reveal_secret(district, _user(who)).reveal()
    history = events(app.database_url, district, limit=20)
    if as_json:
        told = [asdict(event) for event in history]
        print_json({**_plain(found), "client_secret": secret, "history": told})
        return
    for name, value in (
        ("District", f"{found.name} ({found.slug})"),
        ("State", found.state + (f": {found.message}" if found.message else "")),
        ("API Base URL", found.base_url),
        ("Client Key", found.client_key),
        ("Client Secret", secret or "not stored yet"),
        ("Access expires", _day(found.expires_on)),
        ("Night", f"{found.hour:02}:00 {found.time_zone}"),
        ("Contacts", ", ".join(found.contacts) or "none"),
    ):
        click.echo(f"{name:<15} {value}")
    click.echo("\nHistory, newest first")
    for event in history:
        what = f" ({event.what})" if event.what else ""
        click.echo(f"  {_minute(event.at)}  {event.kind} by {event.who}{what}")


@districts.command()
@slug_argument
@who_option
@json_option
@pass_app
def verify(app: App, district: str, who: str | None, as_json: bool) -> None:
    """Try the district's Qmlativ, and say what is missing and who must do it.

    Example: samegoal-sync districts verify fairview-isd
    """
    from samegoal_sync.districts.onboarding import verify as verify_district

    _print_verification(app, verify_district(_registry(app), district, _user(who)), as_json=as_json)


def _secret(district: District, from_sandbox: str | None) -> Secret:
    """From the sandbox, a prompt without echo, or the first line of standard input."""
    from samegoal_sync.districts.sandbox_secret import secret_from_sandbox
    from samegoal_sync.errors import UsageError
    from samegoal_sync.secret import Secret

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
    click.option("--from-sandbox", metavar="URL", help="Have the sandbox there generate it."),
    click.option("--expires", type=_Date(), help="When the Integration Access ends."),
)


def _secret_options(command: Any) -> Any:
    for option in reversed(secret_options):
        command = option(command)
    return command


@districts.command()
@slug_argument
@_secret_options
@click.option("--no-import", is_flag=True, help="Stop before the first import.")
@who_option
@json_option
@pass_app
def complete(
    app: App,
    district: str,
    from_sandbox: str | None,
    expires: date | None,
    no_import: bool,
    who: str | None,
    as_json: bool,
) -> int:
    """Take the secret from standard input, try it, import for the first time, confirm by mail.

    Example: samegoal-sync districts complete fairview-isd < secret.txt
    """
    from samegoal_sync.districts.first_import import import_and_confirm
    from samegoal_sync.districts.onboarding import complete as complete_district

    registry = _registry(app)
    secret = _secret(registry.get(district), from_sandbox)
    done = complete_district(registry, district, secret, _user(who), expires)
    if no_import:
        _print_verification(app, done, as_json=as_json)
        return 0
    app.console.print(f"{district}: connected; the first import runs ...")
    first = import_and_confirm(registry, district, _user(who))
    if as_json:
        print_json(asdict(first))
    else:
        app.console.print(first.told)
    return 0 if first.active else 1


@districts.command()
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
    from samegoal_sync.districts.onboarding import complete as complete_district

    registry = _registry(app)
    secret = _secret(registry.get(district), from_sandbox)
    done = complete_district(registry, district, secret, _user(who), expires)
    _print_verification(app, done, as_json=as_json)


@districts.command()
@pass_app
def reencrypt(app: App) -> None:
    """Encrypt every stored secret anew with the newest key of SAMEGOAL_SYNC_SECRET_KEY.

    Example: SAMEGOAL_SYNC_SECRET_KEY=NEW,OLD samegoal-sync districts reencrypt
    """
    count = _registry(app).reencrypt_secrets()
    app.console.print(f"{count} secrets are encrypted with the newest key; older keys can go.")


@districts.command()
@slug_argument
@click.option("--reason", required=True, help="Why, for the record.")
@who_option
@json_option
@pass_app
def suspend(app: App, district: str, reason: str, who: str | None, as_json: bool) -> None:
    """Stop a district's nights; what is published stays.

    Example: samegoal-sync districts suspend fairview-isd --reason "contract ended"
    """
    from samegoal_sync.districts.onboarding import suspend as suspend_district

    _print_state(
        app, suspend_district(_registry(app), district, _user(who), reason), as_json=as_json
    )


@districts.command()
@slug_argument
@who_option
@json_option
@pass_app
def resume(app: App, district: str, who: str | None, as_json: bool) -> None:
    """Take a suspended district back to where it was.

    Example: samegoal-sync districts resume fairview-isd
    """
    from samegoal_sync.districts.onboarding import resume as resume_district

    _print_state(app, resume_district(_registry(app), district, _user(who)), as_json=as_json)


@districts.command()
@slug_argument
@click.option("--export-to", type=click.Path(path_type=Path), help="Folder for its CSV files.")
@click.option("--keep-data", is_flag=True, help="Only end its nights and forget its secret.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@who_option
@pass_app
def remove(
    app: App, district: str, export_to: Path | None, keep_data: bool, yes: bool, who: str | None
) -> None:
    """Part with a district: exports its data, then deletes them.

    Example: samegoal-sync districts remove fairview-isd --export-to fairview-last
    """
    from samegoal_sync.districts.removal import (
        published_students,
        remove_district,
        retire_district,
    )
    from samegoal_sync.instance import dagster_instance

    registry = _registry(app)
    students = published_students(registry, district)
    if students and not keep_data and export_to is None:
        raise click.UsageError(
            f"{district} has {students} published students: name a folder by --export-to, or "
            "keep them by --keep-data"
        )
    if not yes:
        what = "end its nights" if keep_data else f"delete it with {students} students"
        click.confirm(f"{district}: {what}?", abort=True, err=True)
    with dagster_instance(app.settings, app.database_url) as instance:
        if keep_data:
            retire_district(registry, instance, district, _user(who))
        else:
            remove_district(registry, instance, district, export_to)
    app.console.print(f"{district} is {'retired; its data stay' if keep_data else 'removed'}.")


@districts.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@who_option
@json_option
@pass_app
def import_(app: App, file: Path, who: str | None, as_json: bool) -> None:
    """Register every district of a CSV file, or none.

    Columns: slug, name, base_url, client_key; if wanted mail_domain, contacts (separated by
    semicolons), time_zone, hour, expires_on, district_id.

    Example: samegoal-sync districts import districts.csv
    """
    from samegoal_sync.districts.csv_import import import_districts_file

    added = import_districts_file(_registry(app), file, who=_user(who))
    if as_json:
        print_json([one.slug for one in added])
    else:
        app.console.print(f"{len(added)} districts are registered.")


def _plain(district: District) -> dict[str, Any]:
    """A district for JSON; further headers and token fields may hold secrets: names only."""
    from samegoal_sync.districts.settings_json import settings_to_json

    return {
        **asdict(district),
        "token_fields": sorted(district.token_fields),
        "headers": sorted(district.headers),
        "settings": settings_to_json(district.settings),
    }


def _print_state(app: App, district: District, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(district))
    else:
        app.console.print(f"{district.slug} is {district.state}.")


def _print_verification(app: App, found: Verification, *, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(found), "district": _plain(found.district)})
        return
    said = "was read" if found.read else "answers"
    app.console.print(
        f"{found.district.slug} is {found.district.state}: its Qmlativ {said}.", highlight=False
    )
    for entity in found.entities:
        app.console.print(f"  entity {entity}", highlight=False)
    for name in found.not_shared:
        app.console.print(f"  not shared: {name}", highlight=False)
    app.console.print(f"Next: {found.next_step}", highlight=False)


def _day(day: date | None) -> str:
    return day.isoformat() if day else "not known"


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
