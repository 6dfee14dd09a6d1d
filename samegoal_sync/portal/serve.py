"""Serve the portal until the process is told to end."""

from __future__ import annotations

import uvicorn

from samegoal_sync.database.portal_login import require_owns_nothing
from samegoal_sync.logs import configure_logs
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.bounded_connections import uvicorn_bounds
from samegoal_sync.settings import Settings


def serve(settings: Settings, database_url: str, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve in this process. Its log names no page, so no student's record can be in it.

    Behind a proxy that ends TLS, the proxy's address is told to uvicorn by
    ``FORWARDED_ALLOW_IPS``; cookies are then marked Secure.

    Args:
        database_url: the owner's address.

    Raises:
        DatabaseError: the portal's own login is not as it has to be.
    """
    configure_logs()
    require_owns_nothing(settings)
    app = create_app(settings, database_url)
    app.state.portal.refreshes.start()
    app.state.portal.owner.start()
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        **uvicorn_bounds(),
    )
