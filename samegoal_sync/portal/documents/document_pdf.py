"""A document as PDF. DejaVu Sans comes with the portal, so that every name can be printed."""

from __future__ import annotations

import logging
from itertools import chain
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_store import Document, Field
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.rendering.jinja_environment import moment, worded

_FONTS = Path(__file__).parent / "fonts"
# fpdf logs letters that a font lacks: letters of a name, which no log may hold.
logging.getLogger("fpdf").setLevel(logging.ERROR)

_NEXT: Any = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}


def document_pdf(document: Document, district: str, zone: str) -> bytes:
    """The document as it is now, with its kind, state and page numbers."""
    about = document.about
    pdf = _Paper(KINDS[about["kind"]].title, district)
    pdf.heading(KINDS[about["kind"]].title, 15)
    state = (
        f"Finished {moment(about['finished_at'], zone)} by {about['finished_by']}"
        if about["finished_at"]
        else "Draft: not finished"
    )
    pdf.note(f"{district}. Started {moment(about['created_at'], zone)}. {state}.")
    if pdf.lacks(document):
        pdf.note("A letter that this file's font lacks is shown as a box; print from the browser.")
    pdf.heading("Student")
    pdf.filled(document.student)
    for place, fields in enumerate(document.guardians.values(), start=1):
        pdf.heading(f"Guardian {place}")
        pdf.filled(fields)
    for section in document.sections:
        pdf.heading(KINDS[about["kind"]].sections[section.name])
        pdf.text_block(section.value or "")
    pdf.signatures()
    return bytes(pdf.output())


class _Paper(FPDF):
    def __init__(self, title: str, district: str) -> None:
        super().__init__(format="letter")
        self.district = district
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
        self.cell(0, 5, f"{self.district}, confidential student record")
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

    def filled(self, fields: list[Field]) -> None:
        """Fields that hold something, a label and a value a line."""
        for field in fields:
            if not field.value:
                continue
            self.set_font("DejaVu", size=8.5)
            self.cell(52, 5, label(field.name))
            self.set_font("DejaVu", size=9.5)
            self.multi_cell(0, 5, _words(field), **_NEXT)

    def signatures(self) -> None:
        self.ln(14)
        self.set_font("DejaVu", size=8.5)
        self.cell(110, 5, "Signature", border="T")
        self.cell(8, 5)
        self.cell(0, 5, "Date", border="T", **_NEXT)


def _words(field: Field) -> str:
    return worded(field.value, field.name)
