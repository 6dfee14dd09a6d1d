"""A language's code as the word that people know."""

from __future__ import annotations

from functools import cache

from samegoal_sync.demographics.values.languages import ISO_639_1


def language(code: str) -> str:
    """``es`` -> ``Spanish``; what is no code that the import knows stays as it is."""
    return _names().get(code.lower(), code)


@cache
def _names() -> dict[str, str]:
    """ISO 639-1 code -> its first English name, from the words by which the import reads them."""

    names: dict[str, str] = {}
    for word, code in ISO_639_1.items():
        if len(word) > 3 or word in _SHORT_NAMES:
            names.setdefault(code, word.title())
    return names


#: Names no longer than a code.
_SHORT_NAMES = frozenset({"lao", "ewe"})
