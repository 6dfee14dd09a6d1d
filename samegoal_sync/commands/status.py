"""``samegoal-sync status``: how last night went, every district on one screen."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from samegoal_sync.commands.app import (
    App,
    data_console,
    json_option,
    pass_app,
    print_json,
    say,
)
from samegoal_sync.commands.listing import print_list

if TYPE_CHECKING:
    from samegoal_sync.districts.monitoring.district_status import DistrictStatus


#: Later than this, a line of the audit log has not come where it should have.
_SHIPPED_WITHIN = timedelta(minutes=15)


@click.command()
@click.option("--all", "every", is_flag=True, help="List every district, however many.")
@json_option
@pass_app
def status(app: App, every: bool, as_json: bool) -> int:
    """Show how last night went, worst first, on one screen.

    Exit status 1 if a district needs a person, or if the schedule does not tick. Beyond 25
    districts those that stand alike are shown together; --all lists each.

    Example: samegoal-sync status
    """
    from samegoal_sync.database import connect
    from samegoal_sync.database.grants import temporary_tables_remedy
    from samegoal_sync.database.log_verbosity import REMEDY, log_shows_rows
    from samegoal_sync.database.portal_login import login_of
    from samegoal_sync.districts.monitoring.audit_shipping import waiting_lines
    from samegoal_sync.districts.monitoring.district_status import overall_status, with_trends
    from samegoal_sync.districts.monitoring.heartbeats import silence
    from samegoal_sync.districts.monitoring.overview import LISTED, grouped_lines, in_words
    from samegoal_sync.settings import PORTAL_DATABASE_VARIABLE

    if app.is_empty_home:
        if as_json:
            print_json([])
        else:
            app.console.print(app.no_district)
        return 0
    now = datetime.now(UTC)
    found = overall_status(app.database_url, now)
    with connect(app.database_url) as connection:
        silent = silence(connection, now)
        rows_in_log = log_shows_rows(connection)
        unsent = waiting_lines(connection)
        own_tables = temporary_tables_remedy(connection, login_of(app.settings))
    listed = as_json or every or len(found) <= LISTED
    if listed:
        found = with_trends(app.database_url, found)
    if as_json:
        print_json([_plain(one) for one in found])
    elif not found:
        app.console.print(app.no_district)
    elif listed:
        _print_table(found)
    else:
        say(f"{len(found):,} districts: {in_words(found)}")
        for line in grouped_lines(found):
            say(line)
        say("samegoal-sync status --all lists every district")
    if silent is not None:
        app.console.print(f"\n{silent.problem}\n  hint: {silent.hint}", style="red")
    if rows_in_log:
        app.console.print(
            "\nPostgres writes a student's row into its own log when a constraint is violated"
            f"\n  hint: as a superuser: {REMEDY}",
            style="yellow",
        )
    if own_tables is not None:
        app.console.print(
            "\nthe portal's login may make temporary tables, which could hide ours"
            f"\n  hint: as a superuser: {own_tables}",
            style="yellow",
        )
    if unsent is not None and now - unsent.since > _SHIPPED_WITHIN:
        app.console.print(
            f"\n{unsent.lines:,} lines of the audit log wait for its receiver since "
            f"{unsent.since:%Y-%m-%d %H:%M} UTC\n  hint: samegoal-sync audit-log ship says why",
            style="yellow",
        )
    if app.settings.database_url and not app.settings.portal_database_url:
        app.console.print(
            "\nthe portal signs in to Postgres as the tables' owner"
            f"\n  hint: set {PORTAL_DATABASE_VARIABLE} (docs/settings.md)",
            style="yellow",
        )
    return 1 if silent or any(one.needs_a_person for one in found) else 0


def _plain(one: DistrictStatus) -> dict[str, Any]:
    return {
        **asdict(one),
        "severity": one.word,
        "needs_a_person": one.needs_a_person,
    }


def _print_table(found: list[DistrictStatus]) -> None:
    from samegoal_sync.districts.monitoring.worst_problem import Severity

    colours = {
        Severity.FAILING: "red",
        Severity.HELD: "magenta",
        Severity.STALE: "red",
        Severity.WARNING: "yellow",
        Severity.WAITING: "dim",
        Severity.FINE: "green",
    }
    print_list(
        ("district", "stands", "last good night", "sent", "14 nights", "expires"),
        (
            (
                one.slug,
                Text(one.word, style=colours[one.severity]),
                _ago(one.last_good),
                "" if one.students is None else f"{one.students:,}",
                one.sparkline,
                one.expires_on.isoformat() if one.expires_on else "",
            )
            for one in found
        ),
        numbers=("sent",),
    )
    console = data_console()
    for one in found:
        if one.problem and one.severity is not Severity.FINE:
            who = f" [action by {one.actor}]" if one.actor else ""
            console.print(f"\n{one.slug}: {one.problem}{who}")
            if one.hint:
                console.print(f"  hint: {one.hint}")


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "none yet"
    hours = int((datetime.now(UTC) - moment).total_seconds() // 3600)
    if hours < 48:
        return f"{hours} h ago"
    return f"{hours // 24} days ago"
