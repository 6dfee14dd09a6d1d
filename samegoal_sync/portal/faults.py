"""An unforeseen error as the log may have it: type and place, since its text may quote a record."""

from __future__ import annotations

import traceback


def fault_in_words(error: Exception) -> str:
    """Where what happened, without a value."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    sqlstate = getattr(error, "sqlstate", None) or ""
    return f"{type(error).__name__} {sqlstate} at {place.name}:{place.lineno}"
