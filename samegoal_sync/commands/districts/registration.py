"""What is registered of a district: add, change, list, show, and many at once from a file."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from samegoal_sync.commands.app import (
    App,
    json_option,
    pass_app,
    print_json,
    say,
)
from samegoal_sync.commands.districts.shared_options import (
    MASK,
    Pairs,
    given_values,
    plain,
    registry_of,
    slug_argument,
    user_name,
    value_options,
    who_option,
)
from samegoal_sync.districts.registry.settings_json import settings_from_json, settings_to_json

if TYPE_CHECKING:
    from samegoal_sync.district import District, DistrictSettings


@click.command()
@slug_argument
@value_options
@who_option
@json_option
@pass_app
def add(app: App, /, district: str, who: str | None, as_json: bool, **values: Any) -> None:
    """Register a district.

    Example: samegoal-sync districts add fairview-isd --name "Fairview ISD"
    --base-url https://skyward.iscorp.com/FairviewTXStuAPI --client-key KEY
    --mail-domain fairview.example --contact office@fairview.example
    """
    given = given_values(values)
    missing = [name for name in ("name", "base_url", "client_key") if name not in given]
    if missing:
        options = ", ".join("--" + name.replace("_", "-") for name in missing)
        raise click.UsageError(f"a district needs {options}")
    added = registry_of(app).add(slug=district, who=user_name(who), **given)
    if as_json:
        print_json(plain(added))
    else:
        app.console.print(
            f"{added.slug} is registered. Next: samegoal-sync districts verify {added.slug}"
        )


class _ListsSettings(click.Command):
    """Its help lists every setting of a district, as docs/district-settings.md does."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from samegoal_sync.districts.registry.setting_rules import SETTING_RULES

        with formatter.section("Settings, as --setting NAME=JSON"):
            formatter.write_dl(
                [
                    (name, f"{rule.about} Example: {name}='{json.dumps(rule.example)}'")
                    for name, rule in SETTING_RULES.items()
                ]
            )


@click.command(cls=_ListsSettings)
@slug_argument
@value_options
@click.option(
    "--setting",
    "settings",
    multiple=True,
    type=Pairs(),
    help="One of the district's own settings, listed below.",
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

    Defaults and accepted values of the settings below: docs/district-settings.md.

    Example: samegoal-sync districts change fairview-isd --hour 3
    --setting paused='{"first": "2027-07-01", "last": "2027-08-01"}'
    """
    given = given_values(values)
    if settings:
        given["settings"] = _changed_settings(registry_of(app).get(district), settings)
    if not given:
        raise click.UsageError("nothing to change: name an option (see --help)")
    changed = registry_of(app).update(district, who=user_name(who), **given)
    if as_json:
        print_json(plain(changed))
    else:
        app.console.print(f"{district}: {', '.join(sorted(given))} changed.")


def _changed_settings(district: District, changes: tuple[tuple[str, str], ...]) -> DistrictSettings:
    """The district's settings with some of them read anew."""
    values = settings_to_json(district.settings)
    for name, text in changes:
        try:
            values[name] = json.loads(text)
        except ValueError:
            raise click.UsageError(f"--setting {name}: the value is not JSON") from None
    return settings_from_json(values)


@click.command(name="list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List districts with their states.

    Example: samegoal-sync districts list --json
    """
    found = registry_of(app).list()
    if as_json:
        print_json([plain(one) for one in found])
        return
    for one in found:
        say(f"{one.slug:<28} {one.state:<10} {one.name}")
    if not found:
        app.console.print(app.no_district)


@click.command()
@slug_argument
@click.option("--reveal", is_flag=True, help="Show the Client Secret; this is recorded.")
@who_option
@json_option
@pass_app
def show(app: App, district: str, reveal: bool, who: str | None, as_json: bool) -> None:
    """Show the three values of "add Nightly Demographics", and the district's history.

    Example: samegoal-sync districts show fairview-isd
    """
    from samegoal_sync.database import connect
    from samegoal_sync.districts.monitoring.district_status import status_of
    from samegoal_sync.districts.registry.history import events

    registry = registry_of(app)
    found = registry.get(district)
    stored = registry.has_secret(district)
    secret = MASK if stored else None
    if reveal:
        secret = registry.reveal_secret(district, user_name(who)).reveal()
    history = events(app.database_url, district, limit=20)
    with connect(app.database_url) as connection:
        status = status_of(connection, district, datetime.now(UTC))
    assert status is not None
    if as_json:
        shown = [asdict(event) for event in history]
        stands = {"stands": status.word, "problem": status.problem}
        print_json({**plain(found), **stands, "client_secret": secret, "history": shown})
        return
    for name, value in (
        ("District", f"{found.name} ({found.slug})"),
        ("Stands", status.word + (f": {status.problem}" if status.problem else "")),
        ("State", found.state),
        ("API Base URL", found.base_url),
        ("Client Key", found.client_key),
        ("Client Secret", secret or "not stored yet"),
        *[("Token field", f"{name} {MASK}") for name in found.token_fields],
        *[("Header", f"{name} {MASK}") for name in found.headers],
        ("Access expires", _day(found.expires_on)),
        ("Night", f"{found.hour:02}:00 {found.time_zone}"),
        ("Contacts", ", ".join(found.contacts) or "none"),
    ):
        say(f"{name:<15} {value}")
    say("\nHistory, newest first")
    for event in history:
        what = f" ({event.what})" if event.what else ""
        say(f"  {_minute(event.at)}  {event.kind} by {event.who}{what}")


@click.command(name="import")
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
    from samegoal_sync.districts.registry.district_csv_import import import_districts_file

    added = import_districts_file(registry_of(app), file, who=user_name(who))
    if as_json:
        print_json([one.slug for one in added])
    else:
        app.console.print(f"{len(added)} districts are registered.")


def _day(day: date | None) -> str:
    return day.isoformat() if day else "not known"


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
