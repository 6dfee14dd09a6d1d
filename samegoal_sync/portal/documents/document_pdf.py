"""A document as PDF. DejaVu Sans comes with the portal, so that every name can be printed.

Typst sets it (``document.typ``): letters are shaped, Hebrew and Arabic run from right to left, and
the file is tagged, with its title, language and headings, for those who have it read to them.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, Literal

from typst import Compiler, Fonts, TypstError

from samegoal_sync.outside_text import without_heaps, without_invisible
from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_store import Document, Field
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.rendering.jinja_environment import moment, worded

_HERE = Path(__file__).parent
#: How Typst says that no font has a letter. Its whole message quotes a name, which no log may hold.
_NO_FONT_HAS_IT = "could not be displayed"
_RIGHT_TO_LEFT = ("R", "AL")


def document_pdf(document: Document, district: str, zone: str) -> bytes:
    """The document as it is now, with its student, kind, state and page numbers.

    It follows PDF/UA-1 (what a reader for the blind needs), unless it has a letter that the font
    lacks, which that standard refuses.

    Raises:
        TypstError: it can't be laid out. Its words may quote the document.
    """
    about = document.about
    kind = KINDS[about["kind"]]
    name = _printable(document.student_name)
    title = f"{kind.short}: {name}"
    state = (
        f"Finished {moment(about['finished_at'], zone)} by {about['finished_by']}"
        if about["finished_at"]
        else "Draft: not finished"
    )
    notes = [f"{district}. Started {moment(about['created_at'], zone)}. {state}."]
    people = {"Student": document.student}
    for place, fields in enumerate(document.guardians.values(), start=1):
        people[f"Guardian {place}"] = fields
    given = {
        "title": title,
        "district": district,
        "footer": f"{title}. {district}, confidential student record",
        "kind": kind.title,
        "student": name,
        "notes": notes,
        "people": [_person(title, fields) for title, fields in people.items()],
        "sections": [
            {"title": kind.sections[section.name], "lines": _lines(section.value or "")}
            for section in document.sections
        ],
    }
    try:
        return _compiled(given, ["ua-1"])
    except TypstError as refused:
        if _NO_FONT_HAS_IT in refused.message:
            notes.append(
                "A letter that this file's font lacks is shown as a box; print from the browser."
            )
    return _compiled(given, [])


def _person(title: str, fields: list[Field]) -> dict[str, Any]:
    """The fields that hold something, a label and a value each."""
    return {
        "title": title,
        "fields": [
            {"label": label(field.name), "lines": _lines(worded(field.value, field.name))}
            for field in fields
            if field.value
        ],
    }


def _lines(text: str) -> list[dict[str, Any]]:
    return [{"text": line, "rtl": _runs_from_right(line)} for line in _printable(text).splitlines()]


def _printable(text: str) -> str:
    """In NFC, without tabs, heaps of marks, and what can't be seen or turns the letters behind it.

    A shaper's memory grows with the square of a heap: 20,000 marks on one letter took 1 GB. An
    override in a note had the file say another word (``evil`` backwards) than the page.
    """
    seen = without_invisible(text.expandtabs(4))
    return without_heaps(unicodedata.normalize("NFC", seen))


def _runs_from_right(line: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    if line.isascii():
        return False
    ways = (unicodedata.bidirectional(letter) for letter in line)
    return next((way for way in ways if way in ("L", *_RIGHT_TO_LEFT)), "L") in _RIGHT_TO_LEFT


def _compiled(given: dict[str, Any], standards: list[Literal["ua-1"]]) -> bytes:
    content = _compiler().compile(
        format="pdf",
        sys_inputs={"document": json.dumps(given)},
        pdf_standards=[*standards],
    )
    assert isinstance(content, bytes)
    return content


@cache
def _compiler() -> Compiler:
    """One a process: it has read the fonts and the layout."""
    fonts = Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[_HERE / "fonts"]
    )
    return Compiler(_HERE / "document.typ", root=_HERE, font_paths=fonts)
