"""``samegoal-sync sync``: import districts now, or refresh one student."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from samegoal_sync.commands.app import (
    App,
    PlainConsole,
    data_console,
    json_option,
    pass_app,
    print_json,
    say,
)
from samegoal_sync.commands.child_programs import ended_by_signals
from samegoal_sync.commands.listing import print_list

if TYPE_CHECKING:
    from samegoal_sync.pipeline.launching import DistrictOutcome, OnProgress

#: Columns of the summary -> the counts that they show.
_SUMMARY = {
    "students": "students_sent",
    "guardians": "guardians_sent",
    "added": "students_added",
    "changed": "students_changed",
    "unchanged": "students_unchanged",
    "rejected": "students_rejected",
    "out of scope": "students_out_of_scope",
    "missing": "students_missing",
}


@click.command()
@click.argument("districts", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Import every active district.")
@click.option("--student", metavar="STUDENT_ID", help="Refresh one student of the district only.")
@json_option
@pass_app
def sync(
    app: App, districts: tuple[str, ...], every: bool, student: str | None, as_json: bool
) -> int:
    """Import districts now, the same way as the nightly schedule and the Dagster UI do.

    Exit status 1 if a district failed or is held. Ctrl-C ends the run at hand: it is marked as
    canceled, and what is published stays.

    Example: samegoal-sync sync fairview-isd
    """
    _require_choice(districts, every, student)
    if student:
        return _refresh(app, districts[0], student, as_json)
    slugs = _active(app) if every else list(dict.fromkeys(districts))
    if not slugs:
        app.console.print("no district is active (samegoal-sync districts list)")
    outcomes = import_shown(app, slugs)
    if as_json:
        print_json([_as_json(outcome) for outcome in outcomes])
    else:
        print_summary(outcomes)
    return 1 if any(outcome.needs_a_person for outcome in outcomes) else 0


def import_shown(app: App, slugs: list[str]) -> list[DistrictOutcome]:
    """Import districts, with a bar on a terminal and a line a district elsewhere."""
    from samegoal_sync.pipeline.launching import import_districts  # slow to import

    database_url = app.database_url
    with ended_by_signals(), _progress(app.console, slugs) as on_progress:
        return import_districts(
            app.settings,
            database_url,
            slugs,
            on_progress=on_progress,
            on_outcome=lambda outcome: app.console.print(_line(outcome)),
        )


def print_summary(outcomes: list[DistrictOutcome]) -> None:
    """A table of the districts on standard output, then what needs a person."""
    print_list(
        ("district", "state", *_SUMMARY, "seconds"),
        (
            (
                outcome.slug,
                outcome.state,
                *(
                    f"{outcome.counts.get(name, 0):,}" if outcome.counts else ""
                    for name in _SUMMARY.values()
                ),
                f"{outcome.seconds:.1f}",
            )
            for outcome in outcomes
        ),
        numbers=(*_SUMMARY, "seconds"),
    )
    console = data_console()
    for outcome in outcomes:
        if outcome.needs_a_person:
            console.print(f"\n{outcome.slug}: {outcome.message}")
            console.print(f"  action by {outcome.actor}: {outcome.hint}")


def _require_choice(districts: tuple[str, ...], every: bool, student: str | None) -> None:
    if every == bool(districts):
        raise click.UsageError(
            "name the districts, or --all for every active one (samegoal-sync districts list)"
        )
    if student and len(districts) != 1:
        raise click.UsageError("--student refreshes a student of one district: name just that one")


def _active(app: App) -> list[str]:
    from samegoal_sync.districts.registry.registry import Registry

    return [one.slug for one in Registry(app.settings, app.database_url).active()]


def _refresh(app: App, slug: str, student: str, as_json: bool) -> int:
    from samegoal_sync.refresh.refresh_student import refresh_student

    publication = refresh_student(app.settings, app.database_url, slug, student)
    if as_json:
        print_json({"state": publication.state, "counts": publication.counts})
    else:
        say(f"{slug}: {publication.state.value}, {publication.counts['changes']} changes")
    return 0


@contextmanager
def _progress(console: PlainConsole, slugs: list[str]) -> Iterator[OnProgress | None]:
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {
            slug: progress.add_task(slug, start=False, total=None, step="waiting") for slug in slugs
        }

        def show(slug: str, done: int, steps: int, step: str) -> None:
            progress.start_task(tasks[slug])
            progress.update(tasks[slug], completed=done, total=steps, step=step)

        yield show


def _line(outcome: DistrictOutcome) -> str:
    return f"{outcome.slug}: {outcome.state} after {outcome.seconds:.1f} s"


def _as_json(outcome: DistrictOutcome) -> dict[str, Any]:
    return asdict(outcome)
