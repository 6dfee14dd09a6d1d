"""Commands on what is published: student, rejects, held, approve, discard, preview, export."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
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
from samegoal_sync.commands.audited import audited, witness
from samegoal_sync.commands.listing import print_list

if TYPE_CHECKING:
    import polars as pl

    from samegoal_sync.samegoal.publication.difference import Difference
    from samegoal_sync.samegoal.publication.student_record import StudentRecord

_ROWS_SHOWN = 50

district_argument = click.argument("district", metavar="DISTRICT")
rows_option = click.option(
    "--rows",
    type=click.IntRange(min=0),
    help=f"How many rows to list; 0 lists all [default: {_ROWS_SHOWN}; all with --json].",
)
who_option = click.option(
    "--who", default=None, help="Who decides, for the record [default: your account's name]."
)


@click.command()
@district_argument
@click.argument("student_id", metavar="STUDENT_ID")
@json_option
@pass_app
def student(app: App, district: str, student_id: str, as_json: bool) -> None:
    """Show one student's Details.

    Example: samegoal-sync student fairview-isd 100234
    """
    from samegoal_sync.samegoal.publication.student_record import record_by_student_id

    details = record_by_student_id(app.database_url, district, student_id)
    audited(app, "VIEWED", district, student_id=details.student_id, what="Details")
    if as_json:
        print_json(_details_json(details))
        return
    _print_details(details)


@click.command()
@district_argument
@rows_option
@json_option
@pass_app
def rejects(app: App, district: str, rows: int | None, as_json: bool) -> None:
    """List rows and values rejected last night, and who has to act.

    Example: samegoal-sync rejects fairview-isd
    """
    from samegoal_sync.samegoal.publication.last_rejects import last_rejects
    from samegoal_sync.samegoal.publication.refusal_rules import ALL_RULES

    found = last_rejects(app.database_url, district)
    audited(app, "VIEWED_PROBLEMS", district, what=f"{found.rows.height} rejects")
    rules = sorted(found.rows["rule"].unique().to_list())
    # A rule may have left the rule book since that night.
    remedies = {rule: ALL_RULES[rule] for rule in rules if rule in ALL_RULES}
    if as_json:
        print_json(
            {
                "night": found.night,
                "rejects": _first(found.rows, rows or 0).to_dicts(),
                "rules": {rule: asdict(words) for rule, words in remedies.items()},
            }
        )
        return
    if found.night is None:
        app.console.print(f"{district} has had no night yet")
        return
    print_list(
        ("Rule", "Count", "Action by", "Where", "What to do"),
        (
            (rule, str((found.rows["rule"] == rule).sum()), words.actor, words.screen, words.remedy)
            for rule, words in remedies.items()
        ),
        title=f"Rejected in the night of {found.night}",
        numbers=("Count",),
    )
    say("")
    _print_frame(app, found.rows, rows)


@click.command()
@district_argument
@rows_option
@json_option
@pass_app
def held(app: App, district: str, rows: int | None, as_json: bool) -> None:
    """Show a held night: who and what, old and new.

    Example: samegoal-sync held fairview-isd
    """
    from samegoal_sync.samegoal.publication.held_nights import held as held_night

    night = held_night(app.database_url, district)
    if night is not None:
        changes = f"{night.difference.changes.height} changes"
        audited(app, "VIEWED_HELD", district, what=f"night of {night.night}, {changes}")
    if as_json:
        print_json(
            night
            and {
                "run_id": night.run_id,
                "night": night.night,
                "held_at": night.held_at,
                **_difference_json(night.difference, rows),
            }
        )
        return
    if night is None:
        app.console.print(f"no night of {district} is held")
        return
    say(f"The night of {night.night} is held; what is published is as it was before.")
    _print_difference(app, night.difference, rows)
    app.console.print(
        f"publish it: samegoal-sync approve {district}    drop it: samegoal-sync discard {district}"
    )


@click.command()
@district_argument
@who_option
@json_option
@pass_app
def approve(app: App, district: str, who: str | None, as_json: bool) -> None:
    """Publish a held night, that very one.

    Example: samegoal-sync approve fairview-isd
    """
    from samegoal_sync.samegoal.publication.held_nights import approve as approve_night

    publication = approve_night(
        app.database_url, district, who or getpass.getuser(),
        witness=witness("APPROVED", district, who=who),
    )  # fmt: skip
    if as_json:
        print_json({"state": publication.state, "counts": publication.counts})
        return
    _print_counts(publication.counts, f"{district}: {publication.state}")


@click.command()
@district_argument
@who_option
@pass_app
def discard(app: App, district: str, who: str | None) -> None:
    """Drop a held night; what is published stays.

    Example: samegoal-sync discard fairview-isd
    """
    from samegoal_sync.samegoal.publication.held_nights import discard as discard_night

    discard_night(
        app.database_url, district, who or getpass.getuser(),
        witness=witness("DISCARDED", district, who=who),
    )  # fmt: skip
    say(f"{district}: the held night is dropped; what is published stays")


@click.command()
@district_argument
@rows_option
@json_option
@pass_app
def preview(app: App, district: str, rows: int | None, as_json: bool) -> None:
    """Read the district now and show what tonight would change, without publishing.

    Example: samegoal-sync preview fairview-isd
    """
    difference = _previewed(app, district)
    audited(app, "PREVIEWED", district, what=f"{difference.changes.height} changes")
    if as_json:
        print_json(_difference_json(difference, rows))
        return
    say(f"{district}: what tonight would change; nothing is published.")
    _print_difference(app, difference, rows)


@click.command()
@district_argument
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.option("--deliver", is_flag=True, help="Also deliver the files by SFTP (see docs).")
@json_option
@pass_app
def export(app: App, district: str, folder: Path, deliver: bool, as_json: bool) -> None:
    """Write students.csv and guardians.csv in SameGoal's layout.

    Example: samegoal-sync export fairview-isd ./fairview-files
    """
    from samegoal_sync.samegoal.delivery.csv_files import export as export_files
    from samegoal_sync.samegoal.delivery.csv_layout import csv_layout
    from samegoal_sync.samegoal.delivery.deliveries import deliver_and_record
    from samegoal_sync.samegoal.delivery.sftp import Destination

    layout = csv_layout(app.settings.csv_layout)
    if deliver:
        Destination.from_settings(app.settings, district)  # before anything is written
    files = export_files(app.database_url, district, folder, layout)
    rows = f"{files.student_rows} students, {files.guardian_rows} guardians"
    audited(app, "EXPORTED", district, what=f"students.csv and guardians.csv: {rows}")
    delivered = (
        deliver_and_record(app.settings, app.database_url, district, files, datetime.now(UTC))
        if deliver
        else None
    )
    if as_json:
        print_json(
            {
                "folder": folder.absolute(),
                "students": files.student_rows,
                "guardians": files.guardian_rows,
                "delivered": delivered,
            }
        )
        return
    say(
        f"{folder}: students.csv ({files.student_rows} rows), "
        f"guardians.csv ({files.guardian_rows} rows)"
    )
    if delivered:
        say(f"delivered to {delivered}")


def _previewed(app: App, slug: str) -> Difference:
    """Read, curate and compare one district in this process, without storing anything."""
    from samegoal_sync.districts.registry.registry import Registry
    from samegoal_sync.pipeline.launching import curated_tonight
    from samegoal_sync.samegoal.publication.preview import preview as compare

    district = Registry(app.settings, app.database_url).get(slug)
    app.console.print(f"reading {slug} from Qmlativ …")
    students, guardians = curated_tonight(app.settings, app.database_url, slug)
    return compare(
        app.database_url, district, students, guardians, district.today(datetime.now(UTC))
    )


def _details_json(details: StudentRecord) -> dict[str, Any]:
    from samegoal_sync.samegoal.publication.published_tables import (
        PUBLISHED_GUARDIANS,
        PUBLISHED_STUDENTS,
    )

    return {
        "student": {name: details.student[name] for name in PUBLISHED_STUDENTS.schema},
        "guardians": [
            {name: one[name] for name in PUBLISHED_GUARDIANS.schema} for one in details.guardians
        ],
        "by_hand": details.by_hand,
        **{name: details.student[name] for name in _ABOUT},
        "last_imported": details.last_imported,
        "changed_on": {
            field: at for (guardian, field), at in details.came_on.items() if guardian is None
        },
        "changes": details.changes,
    }


#: Columns of a student's row that say how it came to be so.
_ABOUT = ("origin", "first_published_at", "changed_at", "missing_since")


def _print_details(details: StudentRecord) -> None:
    shown = _details_json(details)
    values = shown["student"] | {name: shown[name] for name in (*_ABOUT, "last_imported")}
    values |= {f"{name} (by hand)": value for name, value in details.by_hand.items()}
    print_list(
        ("Details", "Value", "Changed"),
        (
            (_label(name), _text(value), _text(shown["changed_on"].get(name)))
            for name, value in values.items()
            if value not in (None, "")
        ),
        title=f"Student {details.student_id}",
    )
    for guardian in shown["guardians"]:
        say("")
        print_list(
            ("Details", "Value"),
            (
                (_label(name), _text(value))
                for name, value in guardian.items()
                if value is not None and name != "student_id"
            ),
            title=f"Guardian {guardian['priority']}",
        )


def _print_difference(app: App, difference: Difference, rows: int | None) -> None:
    for reason in difference.reasons:
        say(f"beyond a guard: {reason}")
    _print_counts(difference.counts, "What would be published")
    _print_frame(app, difference.changes.drop("published_id"), rows)


def _difference_json(difference: Difference, rows: int | None) -> dict[str, Any]:
    return {
        "reasons": [reason.as_json() for reason in difference.reasons],
        "counts": difference.counts,
        "findings": difference.findings.as_json(),
        "changes": _first(difference.changes, rows or 0).to_dicts(),
    }


def _print_counts(counts: dict[str, int], title: str) -> None:
    print_list(
        ("Count", "Number"),
        ((_label(name), f"{number:,}") for name, number in sorted(counts.items()) if number),
        title=title,
        numbers=("Number",),
    )


def _print_frame(app: App, frame: pl.DataFrame, rows: int | None) -> None:
    shown = _first(frame, _ROWS_SHOWN if rows is None else rows)
    if shown.height:
        print_list(
            [_label(name) for name in shown.columns],
            ([_text(value) for value in row] for row in shown.iter_rows()),
        )
    if shown.height < frame.height:
        app.console.print(f"{frame.height - shown.height} more; --rows 0 lists all")


def _first(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    return frame.head(rows) if rows else frame


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M %Z")
    return str(value)
