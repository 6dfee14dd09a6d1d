"""Languages as two-letter ISO 639-1 codes: by an exact code or a complete name, never by a guess.

The tables of ISO 639-1, 639-2 and 639-3 come from the package ``iso639-lang``. A language of
ISO 639-3 that belongs to a macrolanguage with two letters (Yue and Mandarin to Chinese, Dari to
Persian) is that one. Where a district's code and its description disagree, the description wins:
districts' own codes look like ISO's of other languages. A district's own mapping wins over both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import polars as pl
from iso639 import Lang, iter_langs

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: Names that schools use and the standard's tables lack; ISO 639-1 code -> names.
_ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "ar": ("Arabic Standard", "Modern Standard Arabic"),
    "bn": ("Bangla",),
    "de": ("Deutsch",),
    "el": ("Greek", "Modern Greek"),
    "es": ("Castellano", "Español", "Espanol"),
    "fa": ("Farsi",),
    "fr": ("Français", "Francais"),
    "ht": ("Kreyol", "Kreyòl", "Haitian French Creole"),
    "km": ("Cambodian",),
    "lo": ("Laotian",),
    "my": ("Myanmar",),
    "ne": ("Nepalese",),
    "ny": ("Chewa", "Nyanja"),
    "pa": ("Punjabi",),
    "pt": ("Português", "Portugues", "Brazilian Portuguese", "Portuguese Brazilian"),
    "rw": ("Rwandan",),
    "sw": ("Swahili", "Kiswahili"),
    "to": ("Tongan",),
    "tl": ("Filipino", "Pilipino"),
    "zh": ("Cantonese", "Mandarin"),
}
#: Words by which districts say that they don't know; blank, not invalid.
NOT_A_LANGUAGE = frozenset(
    ["unknown", "undetermined", "und", "zxx", "no linguistic content", "not specified",
     "not available", "none", "n/a", "blank", "other/unknown", "not reported"]
)  # fmt: skip
#: Words by which a description that holds a language's name means another one, or several.
_ANOTHER = re.compile(
    r"\b(?:no[nt]?|other|than|except|and|or|plus|also|with|only|creole|pidgin|sign|old|ancient|middle"
    r"|low|classical|pennsylvania|based|judeo|limited)\b|[/;&+]"
)
#: A description of two letters is read as a code, but not the answer to another question.
_NO = "no"
_PARTS = re.compile(r"\s*[;/]\s*")
_BRACKETED = re.compile(r"^(.+?)\s*\(([^()]+)\)$")


@cache
def _codes() -> Mapping[str, str]:
    """Every ISO 639 code, lower case -> two letters; empty where the language has none."""
    return {
        code: _two_letters(lang)
        for lang in iter_langs()
        for code in (lang.pt1, lang.pt2b, lang.pt2t, lang.pt3)
        if code
    }


@cache
def _names() -> Mapping[str, str]:
    """Every complete English name, lower case -> two letters; empty where there are none.

    A name that two languages share is nobody's.
    """
    owners: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}
    for lang in iter_langs():
        called = {_folded(name) for name in (lang.name, *lang.other_names()) if name}
        for name in called:
            owners.setdefault(name, set()).add(_two_letters(lang))
            short.setdefault(name.partition(" (")[0], set()).add(_two_letters(lang))
    # ``Occitan (post 1500)`` is called Occitan, unless another language is too.
    complete, alone = (
        {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}
        for found in (owners, short)
    )
    return (
        {name: code for name, code in alone.items() if name not in owners}
        | complete
        | {_folded(name): code for code, called in _ALSO_CALLED.items() for name in called}
    )


@cache
def english_names() -> Mapping[str, str]:
    """ISO 639-1 code -> English name, as people choose from."""
    names = {lang.pt1: lang.name.partition(" (")[0] for lang in iter_langs() if lang.pt1}
    return names | {"to": "Tongan", "el": "Greek"}


def _two_letters(lang: Lang) -> str:
    if lang.pt1:
        return str(lang.pt1)
    macro = lang.macro()
    return str(macro.pt1) if macro is not None else ""


def _folded(text: str) -> str:
    return " ".join(text.replace(",", " ").lower().split())


def language_of(code: str | None, description: str | None) -> tuple[str | None, bool]:
    """The two letters of a language, and whether what is said can't be read.

    Neither, where nothing or "unknown" is said.
    """
    if description and description.lower() in NOT_A_LANGUAGE:
        return None, False
    if not description:
        if not code or code.lower() in NOT_A_LANGUAGE:
            return None, False
        found = _codes().get(code.lower())
    else:
        found = _by_name(description)
        if found is None:
            found = _confirmed(code, description)
    return (found, False) if found else (None, True)


def _by_name(description: str) -> str | None:
    """By the complete name, ``Spanish; Castilian`` and ``Persian (Farsi)`` included, or a code."""
    complete = _names().get(_folded(description))
    if complete is None and description.lower() != _NO:
        complete = _codes().get(description.lower())
    if complete is not None:
        return complete
    bracketed = _BRACKETED.match(description)
    parts = bracketed.groups() if bracketed else _PARTS.split(description)
    found = {_names().get(_folded(part)) for part in parts}
    return found.pop() if len(parts) > 1 and len(found) == 1 else None


def _confirmed(code: str | None, description: str) -> str | None:
    """A code that the description bears out: ``spa`` and ``Spanish (Mexico)``."""
    found = _codes().get(code.lower()) if code else None
    if not found or _ANOTHER.search(description.lower()):
        return None
    words = rf"\b{re.escape(_folded(english_names()[found]))}\b"
    return found if re.search(words, _folded(description)) else None


def languages(raw: RawObjects, mapping: Mapping[str, str] | None = None) -> pl.DataFrame:
    """``LanguageID, language, language_invalid, language_label``: the code, that none could be
    found, and how a district's own mapping names the language.

    Args:
        mapping: the district's own: a language's description or code -> two letters.
    """
    texts = lookup(raw, "Demographics/Language").select(
        "LanguageID", cleaned("Code").alias("code"), cleaned("Description").alias("name")
    )
    own = {name.strip().lower(): code for name, code in (mapping or {}).items()}
    rows = [_row(key, code, name, own) for key, code, name in texts.iter_rows()]
    return pl.DataFrame(
        rows,
        schema={
            "LanguageID": pl.Int64,
            "language": pl.String,
            "language_invalid": pl.Boolean,
            "language_label": pl.String,
        },
        orient="row",
    )


def _row(
    key: int, code: str | None, name: str | None, own: Mapping[str, str]
) -> tuple[int, str | None, bool, str | None]:
    mapped = _first(own.get(text.lower()) for text in (name, code) if text)
    language, invalid = (mapped, False) if mapped else language_of(code, name)
    return key, language, invalid, name or code


def _first(found: Iterable[str | None]) -> str | None:
    return next((one for one in found if one), None)
