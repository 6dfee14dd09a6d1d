"""``samegoal-sync backup`` and ``restore``: everything but the key, in one file."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

from pathlib import Path

import click

from samegoal_sync.commands.app import App, pass_app
from samegoal_sync.settings import SECRET_KEY_VARIABLE

file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@file_argument
@click.option("--no-frames", is_flag=True, help="Leave the stored frames out: tables alone.")
@pass_app
def backup(app: App, file: Path, no_frames: bool) -> int:
    """Write tables, stored frames and dagster.yaml into FILE, as of one moment.

    Nights may run meanwhile. The file is readable by you alone, and complete or not there. It holds
    students' data, and not the key that opens districts' secrets: keep that one apart.
    Exit status 1 if a stored secret can't be opened with the key that is here.

    Example: samegoal-sync backup samegoal-2027-03-01.backup
    """
    from samegoal_sync.backup.make_backup import make_backup
    from samegoal_sync.database import running_database

    with running_database(app.settings, as_it_is=True) as database_url:
        made, secrets = make_backup(
            app.settings, database_url, file.absolute(), frames=not no_frames
        )
    frames = _frames(app, made.frames)
    app.console.print(
        f"{file}: {sum(made.rows.values()):,} rows (tables {made.tables}), {frames}, as of "
        f"{made.made_at}"
    )
    if secrets.count:
        app.console.print(
            f"Not in it: the key of {secrets.count} stored secrets. Keep {_where_the_key_is(app)} "
            "apart from it."
        )
    return _report(app, secrets.problem)


@click.command()
@file_argument
@click.option(
    "--replace", is_flag=True,
    help="Give up what the database holds; stored frames are moved aside.",
)  # fmt: skip
@pass_app
def restore(app: App, file: Path, replace: bool) -> int:
    """Put a backup back: all of FILE or nothing, into an empty home or database.

    Put the key back first: secret.key into DAGSTER_HOME, or SAMEGOAL_SYNC_SECRET_KEY. Exit status 1
    if a stored secret can't be opened with it.

    Example: samegoal-sync restore samegoal-2027-03-01.backup
    """
    from samegoal_sync.backup.restore_backup import restore_backup
    from samegoal_sync.database import running_database
    from samegoal_sync.database.schema_version import HEAD

    with running_database(app.settings, as_it_is=True) as database_url:
        put, secrets = restore_backup(app.settings, database_url, file.absolute(), replace=replace)
    frames = _frames(app, put.frames)
    app.console.print(
        f"{sum(put.rows.values()):,} rows and {frames} are back, as of {put.made_at}; "
        f"{secrets.count - len(secrets.closed)} of {secrets.count} secrets open."
    )
    if put.tables != HEAD:
        app.console.print(f"They are of tables {put.tables}. Next: samegoal-sync upgrade")
    return _report(app, secrets.problem)


def _frames(app: App, files: int | None) -> str:
    if app.settings.object_storage is not None:
        return "no frames (they lie in object storage, which is kept by its own means)"
    return "no frames" if files is None else f"{files:,} files of frames"


def _where_the_key_is(app: App) -> str:
    if app.settings.secret_keys:
        return f"the value of {SECRET_KEY_VARIABLE}"
    return str(app.settings.home / "secret.key")


def _report(app: App, problem: str | None) -> int:
    if problem is None:
        return 0
    app.console.print(f"error: {problem}", style="red")
    app.console.print(
        f"  hint: put back the secret.key that they were stored with, or its key into "
        f"{SECRET_KEY_VARIABLE}"
    )
    return 1
