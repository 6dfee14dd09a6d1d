"""``samegoal-sync monitor``: metrics, and the alarm that a dead daemon can't give."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import click

from samegoal_sync.commands.app import App, pass_app
from samegoal_sync.commands.child_programs import require_free_port


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=9464, show_default=True)
@pass_app
def monitor(app: App, host: str, port: int) -> None:
    """Serve metrics for Prometheus, and alarm when schedule and sensors fall silent.

    Started beside the Dagster daemon, not by it. Metrics are at /metrics; on another address than
    the loopback they are given to whoever sends SAMEGOAL_SYNC_METRICS_TOKEN only.

    Example: samegoal-sync monitor --port 9464
    """
    from samegoal_sync.monitor.serve import serve, token_for

    token = token_for(app.settings, host)
    require_free_port(port, "--port", host)
    app.console.print(f"Metrics are at http://{host}:{port}/metrics (Ctrl-C ends it)")
    serve(app.settings, app.database_url, host, port, token)
