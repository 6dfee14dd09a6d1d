"""A language's code as the word that people know."""

from __future__ import annotations

from samegoal_sync.demographics.values.languages import english_names


def language(code: str) -> str:
    """``es`` -> ``Spanish``; what is no code that the import knows stays as it is."""
    return english_names().get(code.lower(), code)
