"""What a curated column is, written down once.

Everything that speaks of a column derives from its declaration: the schema, the limits of its
texts, the data dictionary, the list of fields that Skyward must approve, lineage, staging and
comparison, the CSV files, the portal, and what the Dagster UI says of it. So a new column is
three edits: its declaration, its polars expression, its migration.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import polars as pl

from samegoal_sync.qmlativ.raw_objects import RawObjects

#: ``(object, fields)``: all of them are needed together.
Needs = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Source:
    """One way to a value; every field of ``needs`` must be shared for it to give one."""

    needs: Needs

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [(name, field) for name, fields in self.needs for field in fields]

    def is_shared(self, raw: RawObjects) -> bool:
        return all(raw.shares(name, *fields) for name, fields in self.needs)


class Presence(IntEnum):
    """Whether a row can be without a value of the column."""

    OPTIONAL = 0
    #: SameGoal's import asks for it: a row without it is published, and counted.
    ASKED_FOR = 1
    #: A curated row always has it.
    ALWAYS = 2
    #: No row is published without it, also where Qmlativ did not share it.
    NEEDED = 3


class Contact(StrEnum):
    """By what a person is reached, who may be one that may not see the student."""

    EMAIL = "email"
    PHONE = "phone"


class Code(StrEnum):
    """Codes that pages show in words."""

    ENROLLMENT = "enrollment"
    LANGUAGE = "language"
    COUNTRY = "country"


@dataclass(frozen=True)
class Place:
    """Where a column stands among others: a part of the Details tab, or a column of a file.

    Attributes:
        name: the part's title, or the header in the file.
        position: from 1; the order within the part or the file.
    """

    name: str
    position: int


@dataclass(frozen=True)
class Column:
    """One curated column.

    Attributes:
        name / type: in the curated frame and in SameGoal's table.
        about: what it holds, as a sentence.
        sources: in order of preference; the column is absent when none of them is shared.
        cleaning: how the value is made and cleaned, in words.
        missing: what a blank means.
        invalid: what rejects a value, and what becomes of it.
        also: fields that refine a value and are done without where they are not shared.
        reject_object / reject_key: the object, and the working column with the id of its row, on
            which a reject is reported.
        presence: whether a row can be without it.
        length: most characters of a text.
        form: pattern that every text has; ``None`` is clean text (``column_forms.CLEAN``).
        accepted: the only values there are; empty where any is.
        code: what its values are codes of; pages show words.
        contact: by what it reaches a person. The restrictions look at every contact: a value of
            a guardian who may not see the student is not published for another one.
        label: what pages call it; ``None`` where its own name says it.
        shown: its part of the Details tab; ``None`` where Details does not list it.
        shown_blank: whether it stands there without a value too.
        filed: its header in the CSV file; ``None`` where the file has none.
        copied: whether a new document copies it.
    """

    name: str
    type: pl.DataType
    about: str
    cleaning: str
    sources: tuple[Source, ...] = ()
    missing: str = "published as blank"
    invalid: str = "text with lost characters: the published value stays"
    also: Needs = ()
    reject_object: str = "Student/Student"
    reject_key: str = "StudentID"
    presence: Presence = Presence.OPTIONAL
    length: int | None = None
    form: str | None = None
    accepted: tuple[str, ...] = ()
    code: Code | None = None
    contact: Contact | None = None
    label: str | None = None
    shown: Place | None = None
    shown_blank: bool = True
    filed: Place | None = None
    copied: bool = True

    def __post_init__(self) -> None:
        """Refuse a declaration that a consumer could not follow."""
        if (self.type == pl.String()) != bool(self.length):
            raise ValueError(f"column {self.name}: a text has a length, and nothing else has")
        if not self.about.endswith(".") or not self.cleaning or self.cleaning.endswith("."):
            raise ValueError(f"column {self.name}: about is a sentence, cleaning a part of one")

    @property
    def title(self) -> str:
        """What pages call it."""
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The ``(object, field)`` pairs it is made of, each once, in order of preference."""
        every = (*self.sources, Source(self.also))
        return list(dict.fromkeys(pair for source in every for pair in source.fields))

    @property
    def description(self) -> str:
        """What it holds and where it comes from, in full sentences: for the Dagster UI."""
        cleaning = f"{self.cleaning[0].upper()}{self.cleaning[1:]}."
        if not self.sources:
            return f"{self.about} {cleaning}"
        by_object: dict[str, list[str]] = {}
        for name, field in self.fields:
            by_object.setdefault(name, []).append(field)
        origins = "; ".join(f"{name} ({', '.join(fields)})" for name, fields in by_object.items())
        return f"{self.about} {cleaning} From Qmlativ's {origins}."

    def is_absent(self, raw: RawObjects) -> bool:
        """Whether none of its sources was shared tonight: what is published stays."""
        return not any(source.is_shared(raw) for source in self.sources)

    def is_partly_absent(self, raw: RawObjects) -> bool:
        """Whether a blank may only mean that one of its sources was not shared tonight."""
        return not self.is_absent(raw) and not all(item.is_shared(raw) for item in self.sources)


@dataclass(frozen=True)
class Table:
    """A curated frame and the published table that it becomes.

    Attributes:
        name: the curated asset: ``student_demographics``.
        published: SameGoal's table: ``students``.
        columns: in the order of the frame.
        key: columns of a row's key within a district.
        unique: columns of which no value comes twice in a district.
    """

    name: str
    published: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unique: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns or places that stand there twice."""
        given: dict[str, list[object]] = {
            "column": [column.name for column in self.columns],
            "place on Details": [one.shown.position for one in self.columns if one.shown],
            "place in the file": [one.filed.position for one in self.columns if one.filed],
            "header in the file": [one.filed.name for one in self.columns if one.filed],
        }
        for what, values in given.items():
            if twice := sorted({str(one) for one in values if values.count(one) > 1}):
                raise ValueError(f"{self.name}: {what} {', '.join(twice)} is declared twice")

    @property
    def schema(self) -> pl.Schema:
        """Name -> type, in the order of the frame."""
        return pl.Schema({column.name: column.type for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def with_presence(self, *least: Presence) -> tuple[str, ...]:
        """Columns of these kinds that are no part of the key."""
        return tuple(
            column.name
            for column in self.columns
            if column.presence in least and column.name not in self.key
        )

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """Part of the Details tab -> its columns, in the order of the page."""
        placed = [(column.shown, column.name) for column in self.columns if column.shown]
        parts: dict[str, tuple[str, ...]] = {}
        for place, name in sorted(placed, key=lambda pair: pair[0].position):
            parts[place.name] = (*parts.get(place.name, ()), name)
        return parts

    @property
    def file_layout(self) -> dict[str, str]:
        """Header -> column, in the order of the file."""
        placed = [(column.filed, column.name) for column in self.columns if column.filed]
        return {
            place.name: name for place, name in sorted(placed, key=lambda pair: pair[0].position)
        }

    @property
    def contacts(self) -> dict[str, Contact]:
        """Columns by which a person is reached -> by what."""
        return {column.name: column.contact for column in self.columns if column.contact}

    @property
    def shown_blank(self) -> frozenset[str]:
        """Columns that Details lists without a value too."""
        return frozenset(column.name for column in self.columns if column.shown_blank)

    @property
    def copied(self) -> tuple[str, ...]:
        """Columns that a new document copies."""
        return tuple(column.name for column in self.columns if column.copied)

    def absent(self, raw: RawObjects) -> frozenset[str]:
        """Columns none of whose sources was shared tonight: what is published of them stays."""
        return frozenset(column.name for column in self.columns if column.is_absent(raw))

    def partly_absent(self, raw: RawObjects) -> frozenset[str]:
        """Columns of which a source was not shared: where they come out blank, the published
        value stays."""
        return frozenset(column.name for column in self.columns if column.is_partly_absent(raw))


def source(*needs: tuple[str, str]) -> Source:
    """A source written shortly: ``("Demographics/Name", "NameID BirthDate")``, ..."""
    return Source(needs_of(*needs))


def needs_of(*needs: tuple[str, str]) -> Needs:
    """Objects with their fields, written shortly as for ``source``."""
    return tuple((name, tuple(fields.split())) for name, fields in needs)
