"""Saves what stands in a document's form: field by field, and nothing that was typed is lost.

Two people in one document once reverted each other: the second save wrote the whole page,
old texts included. So a form says of each field what the page showed (a fingerprint); a field
that its reader did not touch is left alone, and one that somebody else saved meanwhile is not
overwritten but kept as the reader's draft, to be decided with both texts in view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from samegoal_sync.portal.documents.document_drafts import (
    FINGERPRINT,
    drop_drafts,
    fingerprint,
    keep_draft,
)
from samegoal_sync.portal.documents.document_store import Document, Field, change_field
from samegoal_sync.portal.errors import Invalid
from samegoal_sync.portal.tenant_connection import Rows

LONGEST = {"student": 500, "guardian": 500, "section": 20_000}
#: In a form before a field's key: the fingerprint of what the page showed there.
BASE = "base."


@dataclass(frozen=True)
class Saved:
    """What a save did: fields that were changed, and those that somebody else changed before."""

    changed: tuple[Field, ...]
    crossed: tuple[Field, ...]

    @property
    def message(self) -> str:
        """For the person who saved."""
        if self.crossed:
            which = "one field" if len(self.crossed) == 1 else f"{len(self.crossed)} fields"
            return (
                f"Somebody else saved {which} while you were writing. Yours is kept as your draft "
                "and shown beside it: decide which one stays, then save again."
            )
        return "Saved." if self.changed else "Nothing was changed."


@dataclass(frozen=True)
class _Typed:
    field: Field
    value: str | None
    base: str


def save_form(connection: Rows, read: Document, form: Mapping[str, str], login: str) -> Saved:
    """Write the form's fields into the document, which is locked and open.

    Args:
        form: field key -> text, and ``BASE`` + field key -> fingerprint of what the page showed.

    Raises:
        Invalid: a text is too long; nothing was written, and the errors name the fields.
    """
    typed = list(_typed(read, form))
    _require_short(typed)
    document_id = read.about["id"]
    changed, crossed = [], []
    for one in typed:
        if one.base != fingerprint(one.field.value):
            keep_draft(connection, document_id, login, one.field, one.value, one.base)
            crossed.append(one.field)
            continue
        kind = "written" if one.field.part == "section" else "filled"
        change_field(connection, document_id, one.field, one.value, kind, login)
        changed.append(one.field)
    done = [field for field in fillable(read) if field.key in form and field not in crossed]
    drop_drafts(connection, document_id, login, done)
    return Saved(tuple(changed), tuple(crossed))


def keep_form(connection: Rows, read: Document, form: Mapping[str, str], login: str) -> int:
    """Keep the form's changed fields as the person's drafts; how many there are.

    Raises:
        Invalid: a text is too long.
    """
    typed = list(_typed(read, form))
    _require_short(typed)
    document_id = read.about["id"]
    for one in typed:
        keep_draft(connection, document_id, login, one.field, one.value, one.base)
    kept = {one.field.key for one in typed}
    back = [field for field in fillable(read) if field.key in form and field.key not in kept]
    drop_drafts(connection, document_id, login, back)
    return len(typed)


def fillable(read: Document) -> list[Field]:
    """Fields that staff may write: those that were blank when copied, and the sections."""
    return [field for field in read.fields if field.fillable]


def _typed(read: Document, form: Mapping[str, str]) -> Iterator[_Typed]:
    """Fields that the person changed: other than the page showed, and than the document says."""
    for field in fillable(read):
        if field.key not in form:
            continue
        value = form[field.key].replace("\r\n", "\n").strip() or None
        # As long as one is: what is sent for it is kept with a draft.
        base = form.get(BASE + field.key, "")[:FINGERPRINT] or fingerprint(field.value)
        if fingerprint(value) not in (base, fingerprint(field.value)):
            yield _Typed(field, value, base)


def _require_short(typed: list[_Typed]) -> None:
    errors = {
        one.field.key: f"This text has {len(one.value):,} letters; at most "
        f"{LONGEST[one.field.part]:,} can be saved."
        for one in typed
        if one.value and len(one.value) > LONGEST[one.field.part]
    }
    if errors:
        raise Invalid(errors)
