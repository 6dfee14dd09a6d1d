"""What a run says while it runs: lines for a person, or objects where JSON was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.execution import context_creation_job

from samegoal_sync.logs import is_json_asked_for


def log_as_asked() -> None:
    """Let runs of this process log JSON, if that was asked for.

    Loggers of the definitions count only in runs whose config names them, and no run of a schedule,
    a sensor or the UI has any; all others get what this function of Dagster's gives.
    """
    if is_json_asked_for():
        vars(context_creation_job)["default_system_loggers"] = _json_loggers


def _json_loggers(
    instance: dg.DagsterInstance | None,
) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
    level = instance.python_log_level if instance and instance.python_log_level else "DEBUG"
    return [(dg.json_console_logger, {"name": "dagster", "log_level": level})]
