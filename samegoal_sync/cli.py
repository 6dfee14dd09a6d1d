"""The ``samegoal-sync`` command.

Exit status: 0 done, 1 failed, 2 wrong usage. Data goes to standard output, talk to standard
error. Commands are imported when they are called, so that ``--help`` is quick.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import ExitStack
from typing import Any

import click

from samegoal_sync.commands.app import App, CommandGroup
from samegoal_sync.errors import SyncError
from samegoal_sync.outside_text import visible_text
from samegoal_sync.quick_exit import run_and_leave
from samegoal_sync.settings import Settings

#: Command -> where it is defined, and its line in ``--help``.
_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo:demo", "Run the whole thing on this machine, against a sandbox."),
    "dev": ("dev:dev", "Serve the Dagster UI, the daemon and the portal."),
    "env": ("dev:env", "Print the environment for plain dagster commands."),
    "stop": ("dev:stop", "Stop the project's own Postgres."),
    "backup": ("backup:backup", "Write tables and frames into one file."),
    "restore": ("backup:restore", "Put a backup back."),
    "upgrade": ("upgrade:upgrade", "Bring the database to this version."),
    "sync": ("sync:sync", "Import districts now."),
    "status": ("status:status", "Show how last night went, every district on one screen."),
    "student": ("published:student", "Show one student's Details."),
    "students": ("students:students", "Decide about records that may be one student."),
    "rejects": ("published:rejects", "List rows and values rejected, and who has to act."),
    "held": ("published:held", "Show a held night: who and what, old and new."),
    "approve": ("published:approve", "Publish a held night."),
    "discard": ("published:discard", "Drop a held night; what is published stays."),
    "preview": ("published:preview", "Show what tonight would change, without publishing."),
    "export": ("published:export", "Write students.csv and guardians.csv."),
    "districts": ("districts:districts", "Onboard districts and keep them connected."),
    "sandbox": ("sandbox:sandbox", "A local Qmlativ to work against."),
    "portal": ("portal:portal", "Serve what a district sees."),
    "monitor": ("monitor:monitor", "Serve metrics, and alarm when nothing ticks."),
    "audit-log": ("audit_log:audit_log", "Send the audit log on, to a file or syslog."),
    "users": ("portal:users", "Manage the portal's accounts."),
}


class _LazyGroup(CommandGroup):
    """Imports a command's module when the command is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name][0].partition(":")
        command: click.Command = getattr(
            importlib.import_module(f"samegoal_sync.commands.{module}"), attribute
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="samegoal-sync", message="%(package)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Nightly student and guardian demographics from Skyward Qmlativ into SameGoal.

    Example: samegoal-sync sync fairview-isd
    """
    closing = ExitStack()
    context.call_on_close(closing.close)
    context.obj = App(Settings.from_environment(), closing)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an expected error is one message on standard error, no traceback."""
    try:
        outcome: Any = cli.main(args=arguments, standalone_mode=False)
        sys.exit(outcome if isinstance(outcome, int) else 0)
    except SyncError as error:
        click.echo(visible_text(f"error: {error}"), err=True)
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped", err=True)
        sys.exit(130)


def program() -> None:
    """The command as a process of its own."""
    run_and_leave(main)


if __name__ == "__main__":
    program()
