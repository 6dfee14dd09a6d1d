"""Looks once a minute whether schedule and sensors tick, and writes to the team if not."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.heartbeats import Silence, silence
from samegoal_sync.errors import SyncError
from samegoal_sync.mail.outbox import Letter, post
from samegoal_sync.mail.team import deliver_all, team_of
from samegoal_sync.settings import Settings

EVERY_SECONDS = 60.0

_log = logging.getLogger(__name__)


def watch(settings: Settings, database_url: str, ended: threading.Event) -> None:
    """Look until the event is set; what fails is logged, and looked at again a minute later."""
    while not ended.wait(EVERY_SECONDS):
        try:
            look(settings, database_url, datetime.now(UTC))
        except Exception as error:  # whatever it is: nobody watches the watch
            said = error.what if isinstance(error, SyncError) else type(error).__name__
            _log.error("could not look whether anything ticks: %s", said)


def look(settings: Settings, database_url: str, now: datetime) -> Silence | None:
    """Alarm once for each silence, and send it: the daemon, which else does, may be down."""
    with connect(database_url) as connection:
        silent = silence(connection, now)
        if silent is None:
            return None
        _log.error("%s (%s)", silent.problem, silent.hint)
        post(connection, _alarm(silent), team_of(settings), now)
    for done in deliver_all(settings, database_url, now):
        if done.down:
            _log.error("the alarm could not be sent yet: %s", done.down.what)
    return silent


def _alarm(silent: Silence) -> Letter:
    which = "all" if silent.everything else "-".join(silent.names)
    return Letter(
        key=f"silence-{which}-{silent.since:%Y%m%dT%H%M}"[:200],
        subject="SameGoal Demographics: no night is asked for"
        if silent.everything
        else "SameGoal Demographics: a sensor or schedule is silent",
        body=f"{silent.problem}.\n\nWhat to do (SameGoal technical team): {silent.hint}.\n",
    )
