"""``samegoal-sync sandbox``: serve a local Qmlativ and walk through a district's steps."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from samegoal_sync.commands.app import App, CommandGroup, json_option, pass_app, print_json
from samegoal_sync.commands.running_sandboxes import sandbox_of
from samegoal_sync.errors import SyncError, UsageError
from samegoal_sync.loopback import SANDBOX_FOLDER, sandbox_marked_in

_DEFAULT_PORT = 8900


_url_option = click.option(
    "--url",
    help="Where the sandbox is served [default: the running one of this home that has the "
    "district].",
)
_day = click.DateTime(formats=["%Y-%m-%d"])


@click.group(cls=CommandGroup)
def sandbox() -> None:
    """A local Qmlativ: simulated districts over HTTP, Integration Access, faults.

    Example: samegoal-sync sandbox serve --district fairview-isd=1200
    """


def parse_districts(texts: tuple[str, ...]) -> list[tuple[str, int]]:
    """``slug=students`` pairs.

    Raises:
        UsageError: one of them is not of that form, or a slug comes twice.
    """
    pairs: list[tuple[str, int]] = []
    for text in texts:
        slug, _, students = text.partition("=")
        good = slug.replace("-", "").isalnum() and slug == slug.lower() and students.isdigit()
        if not good or int(students) < 1 or slug in dict(pairs):
            raise UsageError(
                f"--district {text} is not a new slug and a number of students",
                hint="write it as --district fairview-isd=1200, each slug once",
            )
        pairs.append((slug, int(students)))
    return pairs


def district_name(slug: str) -> str:
    """``fairview-isd`` as a district's name: ``Fairview ISD``."""
    words = [
        part.upper() if part in ("isd", "cisd") else part.capitalize() for part in slug.split("-")
    ]
    return " ".join(words)


@sandbox.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_DEFAULT_PORT,
    show_default=True,
    help="0 for any free port.",
)
@click.option(
    "--district",
    "districts",
    multiple=True,
    default=("fairview-isd=1200",),
    show_default=True,
    help="slug=students; may be repeated.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed, other people.")
@click.option("--today", type=_day, help="The districts' calendar [default: today].")
@click.option(
    "--changes", default=0, metavar="DAYS", help="Move every district on by so many days first."
)
@click.option(
    "--noise/--no-noise",
    "--dirt/--no-dirt",
    "noise",
    default=True,
    help="With or without faults of typing.",
)
@click.option(
    "--state-folder",
    type=click.Path(path_type=Path),
    help="Where access records and days are kept [default: in the home, a folder a port].",
)
@pass_app
def serve(
    app: App,
    port: int,
    districts: tuple[str, ...],
    seed: int,
    today: datetime | None,
    changes: int,
    noise: bool,
    state_folder: Path | None,
) -> None:
    """Serve simulated districts until interrupted; prints each API Base URL.

    As long as it runs, commands of the same home accept its http addresses.

    Example: samegoal-sync sandbox serve --port 8900 --district fairview-isd=1200
    """
    from samegoal_sync.sandbox import SandboxDistrict, running_sandbox  # slow to import

    day = today.date() if today else date.today()
    asked = [
        SandboxDistrict(slug, district_name(slug), students, seed, day, noise)
        for slug, students in parse_districts(districts)
    ]
    if state_folder is None and port:
        state_folder = app.settings.home / SANDBOX_FOLDER / f"port-{port}"
    with (
        running_sandbox(
            asked, port, state_folder=state_folder, on_this_day=today is not None
        ) as running,
        sandbox_marked_in(app.settings.home, running.port),
    ):
        for district in asked:
            if changes and not running.system(district.slug).days:
                running.advance(district.slug, changes)
            click.echo(f"{district.slug}\t{running.base_url(district.slug)}")
        app.console.print(f"pages: http://127.0.0.1:{running.port}/  (Ctrl+C ends)")
        while True:
            time.sleep(3_600)


@sandbox.group(cls=CommandGroup)
def access() -> None:
    """Integration Access records of a district in a running sandbox.

    Example: samegoal-sync sandbox access create fairview-isd SG-FAIRVIEW
    """


@access.command("list")
@click.argument("slug")
@_url_option
@json_option
def list_access(slug: str, url: str | None, as_json: bool) -> None:
    """List a district's records.

    Example: samegoal-sync sandbox access list fairview-isd
    """
    records = _call("GET", url, f"{slug}/access")
    if as_json:
        print_json(records)
        return
    for record in records:
        _print_record(record)


@access.command()
@click.argument("slug")
@click.argument("key")
@click.option("--name", default="SameGoal", show_default=True)
@click.option("--expires", type=_day, help="Expiration Date [default: a year on].")
@_url_option
def create(slug: str, key: str, name: str, expires: datetime | None, url: str | None) -> None:
    """The district's step: create a record; all entities are ticked.

    Example: samegoal-sync sandbox access create fairview-isd SG-FAIRVIEW
    """
    body = {"key": key, "name": name, "expires": expires.date().isoformat() if expires else None}
    _print_record(_call("POST", url, f"{slug}/access", body))


@access.command()
@click.argument("slug")
@click.argument("key")
@click.option("--expires", type=_day, help="The new Expiration Date; left out, it is removed.")
@_url_option
def extend(slug: str, key: str, expires: datetime | None, url: str | None) -> None:
    """Move the Expiration Date, or remove it.

    Example: samegoal-sync sandbox access extend fairview-isd SG-FAIRVIEW --expires 2028-08-01
    """
    body = {"expires": expires.date().isoformat() if expires else None}
    _print_record(_call("POST", url, f"{slug}/access/{quote(key, safe='')}/extend", body))


@access.command()
@click.argument("slug")
@click.argument("key")
@_url_option
def deactivate(slug: str, key: str, url: str | None) -> None:
    """Untick Is Active.

    Example: samegoal-sync sandbox access deactivate fairview-isd SG-FAIRVIEW
    """
    _print_record(_call("POST", url, f"{slug}/access/{quote(key, safe='')}/deactivate"))


@access.command()
@click.argument("slug")
@click.argument("key")
@_url_option
def activate(slug: str, key: str, url: str | None) -> None:
    """Tick Is Active.

    Example: samegoal-sync sandbox access activate fairview-isd SG-FAIRVIEW
    """
    _print_record(_call("POST", url, f"{slug}/access/{quote(key, safe='')}/activate"))


@access.command("generate-secret")
@click.argument("slug")
@click.argument("key")
@_url_option
def generate_secret(slug: str, key: str, url: str | None) -> None:
    """The vendor's step: print a new secret, this once.

    Example: samegoal-sync sandbox access generate-secret fairview-isd SG-FAIRVIEW
    """
    click.echo(_call("POST", url, f"{slug}/access/{quote(key, safe='')}/secret")["secret"])


@sandbox.command()
@click.argument("slug")
@click.option("--days", default=1, show_default=True)
@_url_option
def advance(slug: str, days: int, url: str | None) -> None:
    """Move a district on; prints what changed as JSON, by Qmlativ's ids.

    Example: samegoal-sync sandbox advance fairview-isd --days 1
    """
    print_json(_call("POST", url, f"{slug}/advance", {"days": days}))


@sandbox.command()
@click.argument("slug")
@click.argument("kind")
@_url_option
def trouble(slug: str, kind: str, url: str | None) -> None:
    """Give a district one kind of trouble of docs/sandbox.md; prints whom it befell as JSON.

    Example: samegoal-sync sandbox trouble fairview-isd zero_dates
    """
    print_json(_call("POST", url, f"{slug}/trouble", {"kind": kind}))


@sandbox.command()
@click.argument("slug")
@click.argument("kind", required=False)
@click.option("--count", type=int, default=1, show_default=True, help="0 for every request.")
@click.option("--after", default=0, help="So many requests go well first.")
@click.option("--path", default="", help="Only addresses that contain this.")
@click.option("--seconds", type=float, help="For slow, silent and Retry-After.")
@_url_option
def fault(
    slug: str,
    kind: str | None,
    count: int,
    after: int,
    path: str,
    seconds: float | None,
    url: str | None,
) -> None:
    """Set a fault; without a kind, clear all.

    Example: samegoal-sync sandbox fault fairview-isd unavailable --count 3 --seconds 2
    """
    if kind is None:
        print_json(_call("DELETE", url, f"{slug}/faults"))
        return
    body = {"kind": kind, "count": count or None, "after": after, "path": path, "seconds": seconds}
    print_json(_call("POST", url, f"{slug}/faults", body))


def _call(method: str, url: str | None, path: str, body: dict[str, Any] | None = None) -> Any:
    """One admin call about the district with which ``path`` begins, to a running sandbox.

    Args:
        url: the sandbox, or ``None`` for the one of this home.

    Raises:
        SyncError: nothing is served there.
        UsageError: the sandbox refused.
    """
    import requests  # slow to import

    if url is None:
        app = click.get_current_context().ensure_object(App)
        url = sandbox_of(app, path.partition("/")[0]) or f"http://127.0.0.1:{_DEFAULT_PORT}"
    try:
        answer = requests.request(
            method, f"{url.rstrip('/')}/sandbox/{path}", json=body, timeout=60
        )
    except requests.RequestException:
        raise SyncError(
            f"No sandbox is served at {url}",
            hint="start one with: samegoal-sync sandbox serve, or give its address with --url",
        ) from None
    if answer.ok:
        return answer.json()
    if answer.headers.get("content-type", "").startswith("application/json"):
        said = answer.json()
        raise UsageError(said["error"], hint=said.get("hint", "see samegoal-sync sandbox --help"))
    raise UsageError(f"The sandbox refused: {answer.text}", hint="see samegoal-sync sandbox --help")


def _print_record(record: dict[str, Any]) -> None:
    click.echo(
        f"{record['key']}\t{record['name']}\t{'active' if record['active'] else 'inactive'}"
        f"\t{record['effective']} to {record['expires'] or 'no end'}"
        f"\t{'has a secret' if record['has_secret'] else 'no secret yet'}"
    )
