"""Why a student left: a district's own mapping of its withdrawal codes, else the complete entry.

Codes are each district's own. An entry means something only if it is in the public tables of
``exit_codes.csv`` (Ed-Fi's descriptors and states' code lists), or if every word of it belongs to
one meaning: "Death in the family", "enrolled in a diploma program" and "pre-graduation" hold a
word too many, and are not known. What is not known is ``WITHDREW``, and listed for the district to
map: never a guess at dropping out or graduating.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.district import STAYS
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: District Enrollment of an exit code -> its stated reason. ``STAYS``: the code closes the year of
#: a student who has not left.
EXIT_REASONS: Mapping[str, str] = {
    "TRANSFERRED": "withdrawal_transferred",
    "DROPPED_OUT": "withdrawal_dropped_out",
    "GRADUATED": "withdrawal_graduated",
    "INACTIVE": "withdrawal_inactive",
    "WITHDREW": "withdrawal_other",
}
DECEASED = ("INACTIVE", "withdrawal_deceased")
WITHOUT_GRADUATION = ("WITHDREW", "withdrawal_without_graduation")
NOT_KNOWN = ("WITHDREW", "withdrawal_not_known")

_STATES = """alabama alaska arizona arkansas california colorado connecticut delaware florida
georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts
michigan minnesota mississippi missouri montana nebraska nevada hampshire jersey mexico new york
north south carolina dakota ohio oklahoma oregon pennsylvania rhode island tennessee texas utah
vermont virginia washington west wisconsin wyoming"""
_LITTLE = "a an the to in into of from at for with and or by on is was has student students pupil"
_PLACES = f"""{_LITTLE} another other different same this our within outside out public private
parochial religious religiously affiliated non nonpublic charter school schools schooling home
homeschool homeschooled schooled district districts lea state states country county system regular
accredited approved local education agency us usa united setting intrastate interstate
international institution known be continuing high middle elementary {_STATES}"""
#: Meaning -> all words that an entry of it may hold, and those of which it must hold one.
_VOCABULARY: tuple[tuple[tuple[str, str], str, str], ...] = (
    (DECEASED, f"{_LITTLE} deceased death deaths died dead", "deceased death deaths died"),
    (
        ("DROPPED_OUT", EXIT_REASONS["DROPPED_OUT"]),
        f"{_LITTLE} dropout dropouts school high confirmed",
        "dropout dropouts",
    ),
    (
        ("GRADUATED", EXIT_REASONS["GRADUATED"]),
        f"""{_LITTLE} grad grads graduate graduates graduated graduation early regular standard
        advanced honors honours hs high school diploma diplomas received earned awarded completed
        fulfilled met requirements requirement state local all type other international
        baccalaureate mid year midyear senior quarter trimester semester 1st 2nd 3rd 1 2 3 years
        11th 12th 12 grade alternative route""",
        "grad grads graduate graduates graduated graduation diploma diplomas",
    ),
    (
        ("TRANSFERRED", EXIT_REASONS["TRANSFERRED"]),
        f"{_PLACES} transfer transfers transferred transferring move moves moved moving left",
        "transfer transfers transferred transferring move moves moved moving",
    ),
    (
        (STAYS, STAYS),
        f"""{_LITTLE} end ended ending school year years eoy promoted promotion rollover roll
        over rolled continuing returning return next grade summer retained yearend""",
        "eoy yearend promoted promotion rollover rolled continuing returning retained",
    ),
    (
        ("WITHDREW", EXIT_REASONS["WITHDREW"]),
        f"{_LITTLE} withdrawn withdrew withdrawal parent parents guardian guardians expelled "
        "expulsion school no show",
        "withdrawn withdrew withdrawal expelled expulsion show",
    ),
)
#: Words that make nothing of what follows.
_DENIALS = frozenset(
    ["not", "no", "non", "never", "without", "failed", "pre", "nongraduate", "nongraduated"]
)
_LEAVING = re.compile(r"graduat|diploma|complet|certificat|\bged\b")
#: Who comes in, or stays in the building, has not left.
_INWARD = re.compile(
    r"^(?!.*\b(?:to|out|outside)\b).*\b(?:in|into|from)\b"
    r"|\b(?:same|within|within the) school(?! district)"
)
_GRADUATE_SCHOOL = re.compile(r"\bgrad(?:uate)? school")
#: Requirements that nobody says were met.
_REQUIREMENTS = frozenset(["requirements", "requirement"])
_MET = frozenset(["met", "fulfilled", "completed"])
_WORD = re.compile(r"[a-z0-9]+")


def _words(entry: str) -> list[str]:
    text = entry.lower().replace("u.s.", "us").replace("'", "").replace("\u2019", "")
    text = re.sub(r"\bdrop[\s-]*(ped|s)?[\s-]*outs?\b", "dropout", text)
    # An end alone may be anything's; the year's closes everybody's.
    text = re.sub(
        r"\bend(?:ed|ing)?[\s-]+(?:of\s+)?(?:the\s+)?(?:school\s+)?years?\b|\byears?[\s-]+end(?:ed|ing)?\b",
        "yearend", text,
    )  # fmt: skip
    return _WORD.findall(text)


@cache
def public_entries() -> Mapping[str, str]:
    """Entry of a public table, as words -> District Enrollment; empty where it is not known."""
    table = files("samegoal_sync.demographics.students").joinpath("exit_codes.csv")
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {" ".join(_words(row["entry"])): row["district_enrollment"] for row in rows}


@cache
def _vocabulary() -> tuple[tuple[tuple[str, str], frozenset[str], frozenset[str]], ...]:
    return tuple(
        (meaning, frozenset(allowed.split()), frozenset(needed.split()))
        for meaning, allowed, needed in _VOCABULARY
    )


def meaning_of_words(entry: str) -> tuple[str, str]:
    """District Enrollment and reason of an entry by its words alone."""
    words = _words(entry)
    found = frozenset(words)
    for meaning, allowed, needed in _vocabulary():
        if found & needed and found <= allowed and not _is_undone(meaning[0], words):
            return meaning
    if found & _DENIALS and _LEAVING.search(entry.lower()):
        return WITHOUT_GRADUATION
    return NOT_KNOWN


def _is_undone(status: str, words: list[str]) -> bool:
    """Whether the words, each of that meaning, say something else together."""
    found = frozenset(words)
    if status == "GRADUATED":
        # An alternative diploma may be that of a student who keeps the right to be served.
        alternative = "alternative" in found and "route" not in found
        onward = _GRADUATE_SCHOOL.search(" ".join(words)) is not None
        return alternative or onward or (bool(found & _REQUIREMENTS) and not found & _MET)
    return status == "TRANSFERRED" and _INWARD.search(" ".join(words)) is not None


def meaning(kind: str | None, description: str | None) -> tuple[str, str]:
    """District Enrollment and reason of a withdrawal code: its description, else its type."""
    for entry in (description, kind):
        if entry is None:
            continue
        listed = public_entries().get(" ".join(_words(entry)))
        by_words = meaning_of_words(entry)
        if listed and (listed != by_words[0] or by_words == NOT_KNOWN):
            return listed, EXIT_REASONS.get(listed, STAYS)
        if by_words != NOT_KNOWN and listed != "":
            return by_words
    return NOT_KNOWN


def withdrawal_codes(raw: RawObjects, mapping: Mapping[str, str] | None = None) -> pl.DataFrame:
    """``WithdrawalCodeID, left_as, left_reason, left_label`` for every withdrawal code.

    ``left_as`` is null for a code by which nobody leaves; ``left_label`` is the district's own
    name of the code.

    Args:
        mapping: the district's own: a code or its description -> District Enrollment, or
            ``STAYS``.
    """
    codes = lookup(raw, "Enrollment/WithdrawalCode").select(
        "WithdrawalCodeID", *map(cleaned, ("Code", "Description", "Type"))
    )
    own = {name.strip().lower(): status for name, status in (mapping or {}).items()}
    rows = []
    for key, code, description, kind in codes.iter_rows():
        names = [text.lower() for text in (code, description) if text]
        mapped = next((own[name] for name in names if name in own), None)
        status, reason = (
            (mapped, EXIT_REASONS.get(mapped, STAYS)) if mapped else meaning(kind, description)
        )
        stays = status == STAYS
        rows.append(
            (key, None if stays else status, None if stays else reason, description or code or kind)
        )
    schema = {
        "WithdrawalCodeID": pl.Int64,
        "left_as": pl.String,
        "left_reason": pl.String,
        "left_label": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
