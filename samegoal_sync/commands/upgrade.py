"""``samegoal-sync upgrade``: the tables and Dagster's own brought to this version, when told to."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import click

from samegoal_sync.commands.app import App, pass_app, say


@click.command()
@pass_app
def upgrade(app: App) -> None:
    """Bring the database to this version, and show what changed in the default dagster.yaml.

    Make a backup first: samegoal-sync backup FILE. An embedded database is upgraded at every start.

    Example: samegoal-sync upgrade
    """
    from samegoal_sync.database import migrate, running_database
    from samegoal_sync.pipeline.home_files import changed_default
    from samegoal_sync.pipeline.instance import upgrade_dagster

    with running_database(app.settings, as_it_is=True) as database_url:
        before, after = migrate(database_url)
        upgrade_dagster(app.settings, database_url)
    if before == after:
        app.console.print(f"the database is of this version (tables {after}).")
    else:
        app.console.print(f"the database is upgraded (tables {before or 'none'} to {after}).")
    if changes := changed_default(app.settings.home):
        app.console.print("dagster.yaml in DAGSTER_HOME is your own. What changed in the default:")
        say(changes)
