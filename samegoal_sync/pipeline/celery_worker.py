"""The Celery application of a fleet's workers: Dagster's own, logging as our programs do.

Named to ``dagster-celery worker start -A``. What it imports belongs to the extra ``fleet``.
"""

from __future__ import annotations

import logging
from typing import Any

from celery.signals import setup_logging
from dagster_celery.app import app

from samegoal_sync.logs import configure_logs

__all__ = ["app"]

configure_logs()  # at once: Celery warns before it asks for its handlers
logging.captureWarnings(capture=True)


@setup_logging.connect  # type: ignore[untyped-decorator]  # the package has no types
def _keep(**_options: Any) -> None:
    """In place of Celery's own handlers, whose lines are text and whose errors quote values."""
