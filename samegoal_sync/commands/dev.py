"""``samegoal-sync dev``, ``env`` and ``stop``: serve what is registered on this machine."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from samegoal_sync.commands.app import App, pass_app
from samegoal_sync.commands.child_programs import (
    ended_by_signals,
    require_free_port,
    running_program,
    wait_for_end,
    wait_until_listening,
)
from samegoal_sync.commands.serving_lock import serving_alone, serving_in
from samegoal_sync.errors import UsageError
from samegoal_sync.settings import PORTAL_VARIABLE

_PORT = click.IntRange(1, 65535)
port_option = click.option(
    "--port", type=_PORT, default=3000, show_default=True, help="Port of the Dagster UI."
)
portal_port_option = click.option(
    "--portal-port", type=_PORT, default=8000, show_default=True, help="Port of the portal."
)

read_only_option = click.option(
    "--read-only", is_flag=True, help="Let the Dagster UI show everything and change nothing."
)


@click.command()
@port_option
@portal_port_option
@read_only_option
@pass_app
def dev(app: App, port: int, portal_port: int, read_only: bool) -> None:
    """Serve the Dagster UI, the daemon (schedules and sensors on) and the portal.

    They listen on this machine only, and the UI takes no commands from other web pages. Ctrl-C
    stops everything that was started.

    Example: samegoal-sync dev --port 3001
    """
    with serving_alone(app.settings.home, "dev", portal_address(app, portal_port)):
        require_ports(port, portal_port)
        with ended_by_signals():
            serve(app, port, portal_port, read_only=read_only)


@click.command()
@pass_app
def env(app: App) -> None:
    """Print the environment for plain dagster commands, and leave the Postgres running.

    Example: eval "$(samegoal-sync env)" && dagster dev
    """
    from samegoal_sync.database import running_database
    from samegoal_sync.pipeline.instance import pipeline_environment

    with running_database(app.settings, leave_running=True) as database_url:
        for name, value in pipeline_environment(app.settings, database_url).items():
            click.echo(f"export {name}={shlex.quote(value)}")
    if app.settings.database_url is None:
        app.console.print("Postgres goes on running; samegoal-sync stop ends it.")


@click.command()
@pass_app
def stop(app: App) -> None:
    """Stop the project's own Postgres, unless a demo or dev runs on it.

    Either stops it when it ends, by Ctrl-C in its terminal.

    Example: samegoal-sync stop
    """
    from samegoal_sync.database.embedded_postgres import stop_embedded

    serving = serving_in(app.settings.home)
    if serving is not None:
        raise UsageError(
            f"a {serving.command} runs on this Postgres ({serving.where})",
            hint="press Ctrl-C in its terminal, or: "
            f"kill {serving.pid}. It stops Postgres when it ends",
        )
    stopped = stop_embedded(app.settings)
    app.console.print("Postgres is stopped." if stopped else "Postgres was not running.")


def portal_address(app: App, port: int) -> str:
    """Where the portal of this home is found."""
    return app.settings.portal_url or f"http://127.0.0.1:{port}"


def require_ports(port: int, portal_port: int) -> None:
    """Refuse ports that can't be used, before anything is started."""
    if port == portal_port:
        raise click.UsageError("--port and --portal-port must differ")
    require_free_port(port, "--port")
    require_free_port(portal_port, "--portal-port")


@dataclass(frozen=True)
class _Program:
    name: str
    port: int
    log: Path
    arguments: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def serve(app: App, port: int, portal_port: int, *, read_only: bool = False) -> None:
    """Run the Dagster UI, the daemon and the portal until Ctrl-C.

    Raises:
        SyncError: one of them did not start, or ended by itself.
    """
    from samegoal_sync.pipeline.home_files import WORKSPACE_YAML, shipped
    from samegoal_sync.pipeline.instance import pipeline_environment  # slow to import

    # Not "logs": that folder of DAGSTER_HOME is telemetry's, which Dagster empties.
    logs = app.settings.home / "output"
    workspace = str(shipped(WORKSPACE_YAML))
    programs = (
        _Program("Dagster UI", port, logs / "dagster.log",
                 ("-m", "samegoal_sync.pipeline.dagster_program", "dagster", "dev",
                  "-w", workspace, "-h", "127.0.0.1", "-p", str(port))),
        _Program("Portal", portal_port, logs / "portal.log",
                 ("-m", "samegoal_sync.cli", "portal", "--port", str(portal_port))),
    )  # fmt: skip
    environment = {
        **pipeline_environment(app.settings, app.database_url),
        "SAMEGOAL_SYNC_DAGSTER_UI_URL": programs[0].address,
        # Dagster's web server reads each of its options from a variable, too.
        **({"DAGSTER_WEBSERVER_READ_ONLY": "1"} if read_only else {}),
        PORTAL_VARIABLE: portal_address(app, portal_port),
    }
    with ExitStack() as stack:
        app.console.print("starting the Dagster UI and the portal, half a minute or so ...")
        running = {
            one.name: stack.enter_context(running_program(one.arguments, environment, one.log))
            for one in programs
        }
        try:
            for one in programs:
                wait_until_listening(running[one.name], one.port, one.name, one.log)
                app.console.print(f"{one.name:<11} {one.address}")
            app.console.print(f"Logs        {logs}\nCtrl-C stops everything.")
            wait_for_end(
                {one.name: (running[one.name], one.log) for one in programs},
                lambda: _look_after_postgres(app),
            )
        except KeyboardInterrupt:  # how it is meant to end
            app.console.print("stopping ...")


def _look_after_postgres(app: App) -> None:
    from samegoal_sync.database.embedded_postgres import start_again_if_lost

    if start_again_if_lost(app.settings):
        app.console.print("Postgres had ended and is started again.")
