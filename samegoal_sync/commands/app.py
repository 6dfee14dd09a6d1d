"""What every command shares: settings, the database while the command runs, output."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import date, datetime
from typing import Any

import click
from rich.console import Console

from samegoal_sync.settings import Settings


class App:
    """Opened by ``cli.main``; parts are made when a command first asks for them."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self.closing = closing
        self._database_url: str | None = None
        #: Talk goes to standard error; standard output is for data.
        self.console = Console(stderr=True)

    @property
    def database_url(self) -> str:
        """The migrated database; the embedded one is started and stopped with the command."""
        if self._database_url is not None:
            return self._database_url
        from samegoal_sync.database import running_database  # slow to import

        self._database_url = self.closing.enter_context(running_database(self.settings))
        return self._database_url


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
