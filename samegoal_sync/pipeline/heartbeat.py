"""A tick that went well is noted, with its seconds, where those look who do not depend on it."""

# Without postponed annotations: Dagster looks at the wrapped function's own.

import functools
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

import psycopg

from samegoal_sync.districts.monitoring.heartbeats import EVERY, beat
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.errors import SyncError

_log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_T = TypeVar("_T")


def beating(name: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Decorate the function of a schedule or sensor of this name; one that raises is not noted."""
    assert name in EVERY, name

    def decorate(tick: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(tick)
        def noted(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            began = time.monotonic()
            done = tick(*args, **kwargs)
            seconds = time.monotonic() - began
            try:
                beat(registry_from_environment().database_url, name, datetime.now(UTC), seconds)
            except (SyncError, psycopg.Error) as error:  # what the tick decided must not be lost
                _log.warning("the tick of %s was not noted (%s)", name, type(error).__name__)
            return done

        return noted

    return decorate
