"""What a command leaves in the audit log: who read or did what, as the portal's pages do."""

# Rooms are imported inside the functions that need them, so that --help stays quick.

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from samegoal_sync.commands.app import App

if TYPE_CHECKING:
    from samegoal_sync.portal.records.audit_trail import Action

#: In the log where the portal says a role.
ROLE = "command"


def write(connection: Any, action: Action, district: str | None, **told: Any) -> None:
    """A line in the caller's transaction; ``who`` is the account's name unless told."""
    from samegoal_sync.portal.records.audit_trail import write_line

    who = told.pop("who", None) or getpass.getuser()
    write_line(connection, action, who=who, role=ROLE, district=district, **told)


def audited(app: App, action: Action, district: str | None, **told: Any) -> None:
    """A line of its own transaction, for what is only read."""
    from samegoal_sync.database import connect

    with connect(app.database_url) as connection:
        write(connection, action, district, **told)
