"""What our own programs log: lines of JSON for machines, words for a person at a terminal.

JSON goes to standard output where that is not a terminal, or where ``SAMEGOAL_SYNC_LOG_FORMAT``
asks for it. Of an error only its type and where it happened are written: its text may quote a
student's record.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog

from samegoal_sync.errors import SettingError

FORMAT_VARIABLE = "SAMEGOAL_SYNC_LOG_FORMAT"
_FORMATS = ("json", "text")

#: By these Dagster's command line takes an option for a program that another one starts, and Celery
#: leaves its banner out.
_FORMAT_OF_OTHERS = {
    "DAGSTER_CLI_CODE_SERVER_START_LOG_FORMAT": "json",
    "DAGSTER_CLI_API_GRPC_LOG_FORMAT": "json",
    "CELERY_QUIET": "1",
}


def is_json_asked_for() -> bool:
    """Whether the environment says so; it stands for Dagster's and Celery's programs too."""
    return os.environ.get(FORMAT_VARIABLE) == "json"


def log_environment() -> dict[str, str]:
    """What Dagster's and Celery's programs need to log as ours do, where that was asked for."""
    return dict(_FORMAT_OF_OTHERS) if is_json_asked_for() else {}


def configure_logs() -> None:
    """Send this process's log to standard output.

    Raises:
        SettingError: the variable names no format.
    """
    chosen = os.environ.get(FORMAT_VARIABLE) or ("text" if sys.stdout.isatty() else "json")
    if chosen not in _FORMATS:
        raise SettingError(
            f"{FORMAT_VARIABLE} is neither json nor text",
            hint=f"unset {FORMAT_VARIABLE}: JSON is written where no terminal is",
        )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if chosen == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _without_words,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # theirs would print beside it
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _without_words(_logger: Any, _method: str, line: Any) -> Any:
    """An exception as its type and the last places it came through."""
    error = line.pop("exc_info", None)
    record = line.get("_record")
    error = error or getattr(record, "exc_info", None)
    line.pop("stack", None)
    if isinstance(error, tuple) and error[1] is not None:
        line["error"] = type(error[1]).__name__
        line["at"] = _places(error[2])
    return line


def _places(trace: TracebackType | None, most: int = 5) -> list[str]:
    found = traceback.extract_tb(trace)[-most:]
    return [f"{one.filename.rpartition('/')[2]}:{one.lineno} {one.name}" for one in found]
