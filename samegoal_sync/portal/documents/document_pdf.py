"""A document as PDF. DejaVu Sans comes with the portal, so that every name can be printed."""

from __future__ import annotations

import logging
from itertools import chain
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos
from fpdf.fonts import TTFFont

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_store import Document, Field
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.rendering.jinja_environment import moment, worded

_FONTS = Path(__file__).parent / "fonts"
# fpdf logs letters that a font lacks: letters of a name, which no log may hold.
logging.getLogger("fpdf").setLevel(logging.ERROR)

#: Millimeters: a line, the column of labels, a heading with the room around it.
_LINE, _LABELS, _HEADING = 5, 52, 11
_NEXT: Any = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}


def document_pdf(document: Document, district: str, zone: str) -> bytes:
    """The document as it is now, with its student, kind, state and page numbers."""
    about = document.about
    kind = KINDS[about["kind"]]
    pdf = _Paper(f"{kind.short}: {document.student_name}", district)
    pdf.heading(kind.title, 15)
    pdf.heading(document.student_name)
    state = (
        f"Finished {moment(about['finished_at'], zone)} by {about['finished_by']}"
        if about["finished_at"]
        else "Draft: not finished"
    )
    pdf.note(f"{district}. Started {moment(about['created_at'], zone)}. {state}.")
    if pdf.lacks(document):
        pdf.note("A letter that this file's font lacks is shown as a box; print from the browser.")
    pdf.filled("Student", document.student)
    for place, fields in enumerate(document.guardians.values(), start=1):
        pdf.filled(f"Guardian {place}", fields)
    for section in document.sections:
        pdf.keep_together(_HEADING + 2 * _LINE)
        pdf.heading(kind.sections[section.name])
        pdf.text_block(section.value or "")
    pdf.signatures()
    return bytes(pdf.output())


class _Paper(FPDF):
    def __init__(self, title: str, district: str) -> None:
        super().__init__(format="letter")
        self.name, self.district = title, district
        self.add_font("DejaVu", fname=_FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", "B", fname=_FONTS / "DejaVuSans-Bold.ttf")
        self.set_title(title)
        self.set_lang("en-US")
        self.set_margins(18, 16, 18)
        self.set_auto_page_break(True, 20)
        self.add_page()

    def lacks(self, document: Document) -> bool:
        """Whether the document has a letter that the font has not."""
        fields = [*document.student, *document.sections, *chain(*document.guardians.values())]
        letters = {ord(letter) for field in fields for letter in field.value or ""} - {10, 13}
        font = self.fonts["dejavu"]
        assert isinstance(font, TTFFont)
        return not letters <= font.cmap.keys()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("DejaVu", size=8)
        self.cell(0, 5, f"{self.name}. {self.district}, confidential student record")
        self.set_y(-14)
        self.cell(0, 5, f"Page {self.page_no()}", align="R")

    def heading(self, text: str, size: int = 11) -> None:
        self.ln(3)
        self.set_font("DejaVu", "B", size)
        self.multi_cell(0, size * 0.55, text, **_NEXT)
        self.ln(1)

    def note(self, text: str) -> None:
        self.set_font("DejaVu", size=8.5)
        self.multi_cell(0, 4.5, text, **_NEXT)

    def text_block(self, text: str) -> None:
        self.set_font("DejaVu", size=9.5)
        self.multi_cell(0, 5, text or " \n \n", border="B", **_NEXT)

    def filled(self, title: str, fields: list[Field]) -> None:
        """A person: the fields that hold something, a label and a value a line, on one page."""
        fields = [field for field in fields if field.value]
        self.set_font("DejaVu", size=9.5)
        room = self.epw - _LABELS
        self.keep_together(
            _HEADING + sum(_LINE * len(self._lines(room, _words(field))) for field in fields)
        )
        self.heading(title)
        for field in fields:
            self.set_font("DejaVu", size=8.5)
            self.cell(_LABELS, _LINE, label(field.name))
            self.set_font("DejaVu", size=9.5)
            self.multi_cell(0, _LINE, _words(field), **_NEXT)

    def keep_together(self, height: float) -> None:
        """Begin a page if what comes next does not fit on this one."""
        if self.will_page_break(height):
            self.add_page()

    def _lines(self, width: float, text: str) -> list[str]:
        lines: Any = self.multi_cell(
            width, _LINE, text, dry_run=True, output=MethodReturnValue.LINES
        )
        return list(lines)

    def signatures(self) -> None:
        self.keep_together(14 + _LINE)
        self.ln(14)
        self.set_font("DejaVu", size=8.5)
        self.cell(110, 5, "Signature", border="T")
        self.cell(8, 5)
        self.cell(0, 5, "Date", border="T", **_NEXT)


def _words(field: Field) -> str:
    return worded(field.value, field.name)
