"""Options and values that several of the districts' commands share."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import getpass
import os
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from samegoal_sync.commands.app import App
from samegoal_sync.districts.registry.settings_json import settings_to_json
from samegoal_sync.secret import Secret

if TYPE_CHECKING:
    from samegoal_sync.district import District
    from samegoal_sync.districts.registry.registry import Registry

#: What stands in the place of a secret.
MASK = str(Secret(""))

slug_argument = click.argument("district", metavar="DISTRICT")
who_option = click.option(
    "--who", default=None, help="Who acts, for the record [default: your account's name]."
)


class Date(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail("write a date as YYYY-MM-DD", param, ctx)


class Pairs(click.ParamType[tuple[str, str]]):
    name = "name=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        left, sign, right = value.partition("=")
        if not sign or not left:
            self.fail("write it as NAME=VALUE", param, ctx)
        return left, right


def value_options(command: Any) -> Any:
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
            click.option("--expires", "expires_on", type=Date(), help="When its access ends."),
            click.option("--token-url", help="Token address of a vendor's own gateway."),
            click.option("--token-field", "token_fields", multiple=True, type=Pairs(),
                         help="One more field of the token request."),
            click.option("--header", "headers", multiple=True, type=Pairs(),
                         help="One more header of every request."),
            click.option("--api-prefix", help="Custom or Generic."),
            click.option("--district-id", type=int, help="DistrictID in a system of several."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def given_values(values: dict[str, Any]) -> dict[str, Any]:
    """Options that were given; pairs as a mapping."""
    given = {name: value for name, value in values.items() if value not in (None, ())}
    for name in ("token_fields", "headers"):
        if name in given:
            given[name] = dict(given[name])
    return given


def registry_of(app: App) -> Registry:
    from samegoal_sync.districts.registry.registry import Registry

    return Registry(app.settings, app.database_url)


def user_name(who: str | None) -> str:
    try:
        return who or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"


def plain(district: District) -> dict[str, Any]:
    """A district for JSON; values of further headers and token fields are masked."""
    return {
        **asdict(district),
        "token_fields": dict.fromkeys(district.token_fields, MASK),
        "headers": dict.fromkeys(district.headers, MASK),
        "settings": settings_to_json(district.settings),
    }
