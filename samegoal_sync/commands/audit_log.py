"""``samegoal-sync audit-log``: send the audit log on to whom the operator names."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import click

from samegoal_sync.commands.app import App, CommandGroup, pass_app
from samegoal_sync.errors import SettingError
from samegoal_sync.settings import AUDIT_SHIP_VARIABLE


@click.group("audit-log", cls=CommandGroup)
def audit_log() -> None:
    """Send the audit log to a file or a syslog server.

    Example: samegoal-sync audit-log ship
    """


@audit_log.command("ship")
@pass_app
def ship_now(app: App) -> None:
    """Send every line that waits, now; the daemon does so each minute.

    Example: samegoal-sync audit-log ship
    """
    from samegoal_sync.districts.monitoring.audit_receivers import audit_receiver
    from samegoal_sync.districts.monitoring.audit_shipping import ship

    if app.settings.audit_ship_to is None:
        raise SettingError(
            "no receiver of the audit log is set",
            hint=f"set {AUDIT_SHIP_VARIABLE}, file:///var/log/samegoal/audit.log for example",
        )
    receiver, total = audit_receiver(app.settings.audit_ship_to), 0
    while sent := ship(app.database_url, receiver):
        total += sent
    app.console.print(f"{total:,} lines sent.")


@audit_log.command("stop")
@pass_app
def stop(app: App) -> None:
    """Let the lines that wait go: no receiver will be named any more.

    Without it they wait for one, also while the setting is gone.

    Example: samegoal-sync audit-log stop
    """
    from samegoal_sync.districts.monitoring.audit_shipping import stop_shipping

    app.console.print(f"{stop_shipping(app.database_url):,} lines that waited are not sent.")
