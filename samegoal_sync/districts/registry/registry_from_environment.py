"""The registry as a process of Dagster's finds it: by the environment alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from samegoal_sync.database.schema_version import require_current
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SettingError
from samegoal_sync.settings import DATABASE_VARIABLE, Settings


def registry_from_environment(environment: Mapping[str, str] | None = None) -> Registry:
    """The registry of the database that the environment names.

    Args:
        environment: another one than this process's.

    Raises:
        SettingError: none is named; Dagster's processes never start a Postgres themselves.
        DatabaseError: its tables are of another version.
    """
    settings = Settings.from_environment(environment)
    if settings.database_url is None:
        raise SettingError(
            f"{DATABASE_VARIABLE} is not set in Dagster's environment",
            hint='start Dagster by samegoal-sync dev, or run eval "$(samegoal-sync env)" first',
        )
    _require_current_once(settings.database_url)
    return Registry(settings, settings.database_url)


@lru_cache(maxsize=4)
def _require_current_once(database_url: str) -> None:
    """Once a process: what it raises is not kept."""
    require_current(database_url)
