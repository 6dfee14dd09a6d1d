"""Cells of the CSV files that people open in a spreadsheet."""

from __future__ import annotations

from typing import Any


def spreadsheet_safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    # Blanks before it and the wide forms of the four signs are read the same by some.
    formula = text.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    return f"'{text}" if formula or text.startswith(("\t", "\r", "\n")) else text
