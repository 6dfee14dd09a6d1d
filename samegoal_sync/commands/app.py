"""What every command shares: settings, the database while the command runs, output."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import date, datetime
from functools import cached_property
from typing import Any

import click
from rich.console import Console

from samegoal_sync.settings import Settings


class App:
    """Opened by ``cli.main``; parts are made when a command first asks for them."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self.closing = closing
        #: Talk goes to standard error; standard output is for data.
        self.console = Console(stderr=True)

    @cached_property
    def database_url(self) -> str:
        """The migrated database; the embedded one is started and stopped with the command."""
        from samegoal_sync.database import running_database  # slow to import

        return self.closing.enter_context(running_database(self.settings))


pass_app = click.make_pass_decorator(App)

#: ``--json`` for every reading command.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


def print_json(value: Any) -> None:
    """Write a value to standard output as JSON; dates as ISO text."""
    click.echo(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
