"""Dagster's instance: its home prepared, its environment named, opened on our database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import dagster as dg
import yaml

from samegoal_sync.errors import SettingError
from samegoal_sync.logs import log_environment
from samegoal_sync.pipeline.home_files import DAGSTER_YAML, place_dagster_yaml
from samegoal_sync.pipeline.pooled_storage import close_pool
from samegoal_sync.settings import (
    DAGSTER_DATABASE_VARIABLE,
    DATABASE_VARIABLE,
    FILE_SUFFIX,
    HOME_VARIABLE,
    LOOPBACK_VARIABLE,
    PORTAL_VARIABLE,
    STORAGE_VARIABLE,
    Settings,
)

_SCHEMA = "dagster"
_DATABASE_FILE = DATABASE_VARIABLE + FILE_SUFFIX


def dagster_database_url(database_url: str) -> str:
    """The address as Dagster needs it: psycopg2 named, tables in the schema ``dagster``.

    SQLAlchemy 2.1 takes psycopg 3 for a bare ``postgresql://``, with which dagster-postgres fails.
    """
    parts = urlsplit(database_url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "options"]
    query += [("options", f"-csearch_path={_SCHEMA}"), ("application_name", "dagster")]
    return urlunsplit(
        ("postgresql+psycopg2", parts.netloc, parts.path, urlencode(query, quote_via=quote), "")
    )


def pipeline_environment(settings: Settings, database_url: str) -> dict[str, str]:
    """What every Dagster process needs in its environment; prepares ``DAGSTER_HOME``.

    Raises:
        SettingError: the home can't be written.
    """
    _prepare_home(settings.home)
    return {
        HOME_VARIABLE: str(settings.home),
        DATABASE_VARIABLE: database_url,
        # It has been read: given twice it would be refused.
        **({_DATABASE_FILE: ""} if os.environ.get(_DATABASE_FILE) else {}),
        DAGSTER_DATABASE_VARIABLE: dagster_database_url(database_url),
        STORAGE_VARIABLE: settings.object_storage or str(settings.storage),
        LOOPBACK_VARIABLE: "1" if settings.allow_loopback else "",
        **({PORTAL_VARIABLE: settings.portal_url} if settings.portal_url else {}),
        **log_environment(),
    }


@contextmanager
def dagster_instance(settings: Settings, database_url: str) -> Iterator[dg.DagsterInstance]:
    """Open the instance in this process.

    Raises:
        SettingError: ``dagster.yaml`` is not one that Dagster understands.
    """
    environment = pipeline_environment(settings, database_url)
    os.environ.update(environment)
    try:
        instance = dg.DagsterInstance.from_config(str(settings.home))
    except (
        dg.DagsterInvalidConfigError,
        dg.DagsterInvariantViolationError,
        yaml.YAMLError,
        OSError,
    ) as error:
        raise SettingError(
            f"{settings.home / DAGSTER_YAML} is not one that Dagster understands "
            f"({type(error).__name__})",
            hint="run: dagster instance info, fix what it names, or move the file away to get "
            "the default again",
        ) from None
    try:
        with instance:
            yield instance
    finally:
        close_pool(environment[DAGSTER_DATABASE_VARIABLE])


def upgrade_dagster(settings: Settings, database_url: str) -> None:
    """Bring Dagster's own tables to the version of Dagster that is installed."""
    with dagster_instance(settings, database_url) as instance:
        instance.upgrade()


def _prepare_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        place_dagster_yaml(home)
    except OSError as error:
        raise SettingError(
            f"{home} can't be used ({os.strerror(error.errno or 0)})",
            hint=f"give this user the folder, or set {HOME_VARIABLE} to another",
        ) from None
