"""One student and everything that belongs to them, by search conditions.

The same objects as a night reads, so that the same code curates and publishes them. Each
answer is also narrowed here: a server that does not heed a condition is slow, never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from samegoal_sync.qmlativ.catalog import CATALOG
from samegoal_sync.qmlativ.errors import StudentNotFound
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.qmlativ.reading.search_conditions import (
    Condition,
    any_of,
    one_of,
    text_equal,
)

#: Reads objects by name, each under a condition.
ReadWhere = Callable[[Sequence[tuple[str, Condition | None]]], RawObjects]

_STUDENT = "Student/Student"
_ENROLLMENTS = ("Enrollment/StudentEntityYear", "Enrollment/EntryWithdrawal")
_OF_STUDENT = (*_ENROLLMENTS, "Family/StudentFamily", "Family/StudentGuardian")
_OF_FAMILY = ("Family/Family", "Family/FamilyGuardian")
_OF_PERSON = (
    "Demographics/Name",
    "Demographics/NameAddress",
    "Demographics/NamePhone",
    "Demographics/NameEmail",
)
#: Bounds of what is read to judge a student's e-mails: addresses, and people who have them too.
_EMAILS, _OTHERS = 20, 200
_RESTRICTIONS = "Family/StudentGuardianRestrictedAccess"


def read_one_student(
    read: ReadWhere,
    student_number: str,
    sis_internal_id: int | None = None,
    pairs: Iterable[int] = (),
) -> RawObjects:
    """All catalog objects, holding one student's rows (and lookups in full).

    Args:
        student_number: the Student Id that people know.
        sis_internal_id: the StudentID of the student who is meant, where it is known. The number
            may be somebody else's by now, who is then read as well.
        pairs: StudentGuardianIDs whose restrictions are read beside those of tonight's pairs.

    Raises:
        StudentNotFound: there is no such student.
    """
    collected = _Collected(read)
    asked = text_equal("StudentNumber", student_number.strip())
    if sis_internal_id is not None:
        asked = any_of([asked, one_of("StudentID", [sis_internal_id])])
    found = read([(_STUDENT, asked)])
    student = found[_STUDENT].filter(is_asked_for(student_number, sis_internal_id))
    if student.is_empty():
        raise StudentNotFound
    collected.keep(found, {_STUDENT: student})
    collected.rows_of(_OF_STUDENT, "StudentID", student["StudentID"])
    collected.rows_of(_OF_FAMILY, "FamilyID", collected.ids("Family/StudentFamily", "FamilyID"))
    guardians = collected.ids("Family/FamilyGuardian", "NameID")
    guardians += collected.ids("Family/StudentGuardian", "NameIDGuardian")
    people = [*student["NameID"].drop_nulls(), *guardians]
    collected.rows_of(_OF_PERSON, "NameID", people)
    links = collected.ids("Family/StudentGuardian", "StudentGuardianID")
    collected.rows_of((_RESTRICTIONS,), "StudentGuardianID", [*links, *pairs])
    _read_others_of_the_emails(collected, set(guardians))
    _read_places(collected)
    _read_guardians_who_study(collected, student, guardians)
    return collected.with_lookups()


def is_asked_for(student_number: str, sis_internal_id: int | None) -> pl.Expr:
    """Whether a row of Student/Student is one of those that ``read_one_student`` is asked for."""
    number = pl.col("StudentNumber").str.strip_chars() == student_number.strip()
    meant = pl.col("StudentID") == pl.lit(sis_internal_id, pl.Int64)
    return number.fill_null(value=False) | meant.fill_null(value=False)


def _read_places(collected: _Collected) -> None:
    addresses = collected.ids("Demographics/NameAddress", "AddressID")
    collected.rows_of(("Demographics/Address",), "AddressID", addresses)
    for name, key in (("Demographics/Street", "StreetID"), ("Demographics/Zip", "ZipID")):
        collected.rows_of((name,), key, collected.ids("Demographics/Address", key))


def _read_others_of_the_emails(collected: _Collected, guardians: set[int]) -> None:
    """Whoever else has a guardian's e-mail, and all students of both: by these rows it is known,
    as at night, whether an address is nobody's own, or of people who are tied by their children.
    Of a filler that hundreds have some are enough.
    """
    for address in collected.texts("Demographics/NameEmail", "EmailAddress")[:_EMAILS]:
        collected.rows_with_text("Demographics/NameEmail", "EmailAddress", address)
    others = sorted(set(collected.ids("Demographics/NameEmail", "NameID")) - guardians)
    if others:
        people = [*guardians, *others[:_OTHERS]]
        collected.rows_of(("Family/StudentGuardian",), "NameIDGuardian", people)


def _read_guardians_who_study(
    collected: _Collected, student: pl.DataFrame, guardians: Iterable[int]
) -> None:
    """A guardian who is a student below 18 is no guardian of a peer; their own rows say so."""
    collected.rows_of((_STUDENT,), "NameID", guardians)
    others = set(collected.ids(_STUDENT, "StudentID")) - set(student["StudentID"])
    collected.rows_of(_ENROLLMENTS, "StudentID", others)


class _Collected:
    """What was read so far, object by object."""

    def __init__(self, read: ReadWhere) -> None:
        self._read = read
        self._raw = RawObjects({})

    def ids(self, name: str, field: str) -> list[int]:
        """The ids in a column of what was read."""
        return self._raw[name][field].drop_nulls().unique().to_list()

    def texts(self, name: str, field: str) -> list[str]:
        """The texts in a column of what was read, blanks aside; in a fixed order."""
        texts = self._raw[name][field].drop_nulls().unique().sort()
        return [text for text in texts if text.strip()]

    def rows_with_text(self, name: str, field: str, text: str) -> None:
        """Add the rows of an object whose text is this one, whatever its capitals and blanks."""
        spellings = sorted({text, text.strip(), text.strip().lower()})
        asked = any_of([text_equal(field, spelling) for spelling in spellings])
        found = self._read([(name, asked)])
        same = pl.col(field).str.strip_chars().str.to_lowercase() == text.strip().lower()
        self.keep(found, {name: found[name].filter(same)})

    def rows_of(self, names: Sequence[str], field: str, ids: Iterable[int]) -> None:
        """Read the rows of objects whose field is one of these ids."""
        wanted = sorted(set(ids))
        if not wanted:
            # That there is none, the rows read so far say: it is known since then.
            known_since = dict.fromkeys(names, min(self._raw.moments.values()))
            self.keep(RawObjects(_empty(names), moments=known_since), _empty(names))
            return
        found = self._read([(name, one_of(field, wanted)) for name in names])
        self.keep(found, {name: found[name].filter(pl.col(field).is_in(wanted)) for name in names})

    def keep(self, found: RawObjects, frames: dict[str, pl.DataFrame]) -> None:
        """Add rows to an object's, each key once."""
        known = dict(self._raw.frames)
        for name, frame in frames.items():
            before = known.get(name)
            joined = frame if before is None else pl.concat([before, frame])
            known[name] = joined.unique(joined.columns[0], keep="last", maintain_order=True)
        merged = self._raw.merged_with(found)
        # An object read in two pieces is as old as the first of them.
        moments = {**merged.moments, **self._raw.moments}
        absent = {
            name: self._raw.absent.get(name, frozenset()) | found.absent.get(name, frozenset())
            for name in merged.absent
        }
        self._raw = RawObjects(known, absent, merged.statistics, moments)

    def with_lookups(self) -> RawObjects:
        """Everything, with the objects not read by id in full: codes, schools, entities."""
        rest = [(item.name, None) for item in CATALOG if item.name not in self._raw.frames]
        return self._raw.merged_with(self._read(rest))


def _empty(names: Iterable[str]) -> dict[str, pl.DataFrame]:
    schemas = {item.name: item.schema for item in CATALOG}
    return {name: pl.DataFrame(schema=schemas[name]) for name in names}
