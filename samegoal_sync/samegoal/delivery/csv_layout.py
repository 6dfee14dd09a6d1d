"""SameGoal's CSV layouts: file header -> curated column, in the order of the file.

students.csv is SameGoal's published layout. guardians.csv is assumed, as SameGoal's guide to it
could not be read, and so is the place of a home-language column, which the published layout has in
some version only: a file of one's own names them (``SAMEGOAL_SYNC_CSV_LAYOUT``). The headers that
hold without one, and their order, stand in the columns' declarations.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.errors import SettingError
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
)
from samegoal_sync.settings import CSV_LAYOUT_VARIABLE

STUDENTS_FILE = "students.csv"
GUARDIANS_FILE = "guardians.csv"

#: Columns without which SameGoal can't tell whose row it is.
_NEEDED = {
    STUDENTS_FILE: ("student_id", "sis_internal_id"),
    GUARDIANS_FILE: ("student_id", "last_name"),
}
_COLUMNS = {
    STUDENTS_FILE: list(PUBLISHED_STUDENTS.schema),
    GUARDIANS_FILE: list(PUBLISHED_GUARDIANS.schema),
}


@dataclass(frozen=True)
class CsvLayout:
    """The headers of both files, each with the curated column below it."""

    students: Mapping[str, str]
    guardians: Mapping[str, str]


DEFAULT_LAYOUT = CsvLayout(students=STUDENT_TABLE.file_layout, guardians=GUARDIAN_TABLE.file_layout)


def csv_layout(path: Path | None) -> CsvLayout:
    """The layout that a TOML file names; a file that it leaves out keeps the default headers.

    Args:
        path: tables ``[students]`` and ``[guardians]``, a line a header:
            ``"Home Language" = "home_language"``. None: the default.

    Raises:
        SettingError: it can't be read, names an unknown column, or leaves out a needed one.
    """
    if path is None:
        return DEFAULT_LAYOUT
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _wrong(path, f"can't be read ({type(error).__name__})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"is no TOML: {error}") from None
    if other := sorted(set(tables) - {"students", "guardians"}):
        raise _wrong(path, f"has a table [{other[0]}]; there are [students] and [guardians]")
    return CsvLayout(
        students=_headers(path, STUDENTS_FILE, tables.get("students", DEFAULT_LAYOUT.students)),
        guardians=_headers(path, GUARDIANS_FILE, tables.get("guardians", DEFAULT_LAYOUT.guardians)),
    )


def _headers(path: Path, file: str, headers: Any) -> Mapping[str, str]:
    if not isinstance(headers, Mapping):
        raise _wrong(path, f"names no headers for {file}")
    for header, column in headers.items():
        if column not in _COLUMNS[file]:
            near = get_close_matches(str(column), _COLUMNS[file], n=1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise _wrong(path, f"puts {column!r} below {header!r}, no column of {file}{meant}")
    missing = [column for column in _NEEDED[file] if column not in headers.values()]
    if missing:
        raise _wrong(path, f"has no header for {missing[0]!r}, which {file} needs")
    return headers


def _wrong(path: Path, what: str) -> SettingError:
    return SettingError(
        f"{CSV_LAYOUT_VARIABLE}: {path} {what}",
        hint="docs/publication.md (Files) shows such a file; docs/data-dictionary.md has the "
        "columns; unset the variable to use the default layout",
    )
