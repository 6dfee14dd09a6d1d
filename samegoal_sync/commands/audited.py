"""What a command leaves in the audit log: who read or did what, as the portal's pages do."""

# Rooms are imported inside the functions that need them, so that --help stays quick.

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

from samegoal_sync.commands.app import App

#: In the log where the portal says a role.
ROLE = "command"


def write(connection: Any, action: str, district: str | None, **details: Any) -> None:
    """A line in the caller's transaction.

    Args:
        action: the name of an ``Action``.
        details: ``who`` (the account's name unless given), ``student_id``, ``what``.
    """
    from samegoal_sync.portal.records.audit_trail import Action, write_line

    who = details.pop("who", None) or getpass.getuser()
    write_line(connection, Action[action], who=who, role=ROLE, district=district, **details)


def witness(action: str, district: str, **details: Any) -> Callable[[Any], None]:
    """The same for a decision that takes a witness into its own transaction."""
    return lambda connection: write(connection, action, district, **details)


def audited(app: App, action: str, district: str | None, **details: Any) -> None:
    """A line of its own transaction: of what was read, before it is shown."""
    from samegoal_sync.database import connect

    with connect(app.database_url) as connection:
        write(connection, action, district, **details)
