"""Who moved since a document was started: an address is taken over whole, for all who moved there.

A street without its new city, or a guardian left at the old address, is a letter gone astray.
"""

from __future__ import annotations

from dataclasses import dataclass

from samegoal_sync.portal.documents.document_store import Document, Field
from samegoal_sync.portal.records.shared_addresses import ADDRESS


@dataclass(frozen=True)
class Move:
    """One new address.

    Attributes:
        who: the guardians that moved, by their place in the document; 0 is the student.
        address: its parts that are not blank.
        fields: every difference that the move makes.
    """

    who: tuple[int, ...]
    address: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def keys(self) -> str:
        """Names its fields in a form."""
        return " ".join(field.key for field in self.fields)


def moves_of(document: Document) -> list[Move]:
    """The moves among a document's differences; one field of an address alone is none."""
    found: dict[tuple[str | None, ...], list[tuple[int, list[Field]]]] = {}
    for place, fields in enumerate([document.student, *document.guardians.values()]):
        parts = [field for field in fields if field.name in ADDRESS]
        differing = [field for field in parts if field in document.differences]
        if differing:
            found.setdefault(tuple(part.details for part in parts), []).append((place, differing))
    moves = [
        Move(
            tuple(place for place, _ in people),
            tuple(part for part in address if part),
            tuple(field for _, fields in people for field in fields),
        )
        for address, people in found.items()
    ]
    return [move for move in moves if len(move.fields) > 1]
