"""What every command shares: settings, the database while the command runs, output."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from datetime import date, datetime
from typing import Any

import click
from click_didyoumean import DYMMixin
from rich.console import Console
from rich.text import Text

from samegoal_sync.outside_text import visible_text
from samegoal_sync.settings import DATABASE_VARIABLE, HOME_VARIABLE, Settings

#: Columns of a table that goes to a file or a pipe: each row stays one line.
_PIPED_WIDTH = 160


class PlainConsole(Console):
    """Shows text as it is: brackets are no markup, and what a terminal would obey is shown.

    The incident: a district named ``[/oops]`` ended ``status`` in a traceback, and an entity's name
    wrote into the reader's clipboard. Colour is given as ``style=`` or as ``rich.text.Text``.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text of ours and of others alike; cells of tables come here too."""
        return super().render_str(visible_text(text), **options)


def data_console() -> PlainConsole:
    """For tables on standard output; colour on a terminal only."""
    console = PlainConsole()
    return console if console.is_terminal else PlainConsole(width=_PIPED_WIDTH)


def say(text: str) -> None:
    """A line of data on standard output."""
    click.echo(visible_text(text))


class CommandGroup(DYMMixin, click.Group):  # type: ignore[misc]  # the package has no types
    """A group that says which command may have been meant."""


class App:
    """Opened by ``cli.main``; parts are made when a command first asks for them."""

    def __init__(self, settings: Settings, closing: ExitStack) -> None:
        self.settings = settings
        self.closing = closing
        self._database_url: str | None = None
        #: Talk goes to standard error; standard output is for data.
        #: A line of it stays one where it is piped into a file or a log.
        self.console = PlainConsole(stderr=True, soft_wrap=True)

    @property
    def database_url(self) -> str:
        """The migrated database; the embedded one is started and stopped with the command."""
        if self._database_url is not None:
            return self._database_url
        from samegoal_sync.database import running_database  # slow to import

        self._database_url = self.closing.enter_context(running_database(self.settings))
        return self._database_url

    @property
    def is_empty_home(self) -> bool:
        """Whether the embedded Postgres was never made: who only looks makes none."""
        try:
            made = (self.settings.home / "postgres").exists()
        except PermissionError:  # another user's home, of which the first query tells
            made = True
        return self.settings.database_url is None and not made

    @property
    def no_district(self) -> str:
        """That there is none, and where it was looked: most often it was the wrong place."""
        where = f"{self.settings.home} ({HOME_VARIABLE})"
        if self.settings.database_url is not None:
            where = f"the database that {DATABASE_VARIABLE} names"
        return f"no district is registered in {where}. To begin: samegoal-sync districts add"


pass_app = click.make_pass_decorator(App)

#: ``--json`` for every reading command.
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


_RAW_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def print_json(value: Any) -> None:
    """Write a value to standard output as JSON; dates as ISO text."""
    text = json.dumps(value, indent=2, default=_plain, ensure_ascii=False)
    # JSON escapes only what is below U+0020; the rest a terminal obeys as well.
    click.echo(_RAW_CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
