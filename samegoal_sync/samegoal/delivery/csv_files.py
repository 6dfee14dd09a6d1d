"""students.csv and guardians.csv, byte for byte the same for the same published data.

RFC 4180: comma, CR LF, quotes doubled; UTF-8 without a mark. Dates as YYYY-MM-DD, flags as
Yes and No. Rows in the order of their keys.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from psycopg import Connection, sql

from samegoal_sync.errors import UsageError
from samegoal_sync.samegoal.delivery.csv_layout import (
    DEFAULT_LAYOUT,
    GUARDIANS_FILE,
    STUDENTS_FILE,
    CsvLayout,
)
from samegoal_sync.samegoal.errors import FolderNotOurs
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
    Published,
    names,
)
from samegoal_sync.samegoal.publication.transaction import reading, require_district


@dataclass(frozen=True)
class Files:
    """An export: its two files as bytes, and how many rows each has."""

    students: bytes
    guardians: bytes
    student_rows: int
    guardian_rows: int

    @property
    def by_name(self) -> dict[str, bytes]:
        return {STUDENTS_FILE: self.students, GUARDIANS_FILE: self.guardians}


def render(database_url: str, slug: str, layout: CsvLayout = DEFAULT_LAYOUT) -> Files:
    """What is published of a district, as SameGoal's two files, of one moment.

    Students that Qmlativ no longer sends and those entered by hand in SameGoal are not in the
    files: the Bulk Loader keeps a student that a file doesn't name. Guardians that are known
    to be restricted are in only if the district chose to publish them.

    Raises:
        DistrictNotRegistered: the slug is unknown.
    """
    with reading(database_url) as connection:
        require_district(connection, slug)
        students = _published(connection, slug, PUBLISHED_STUDENTS)
        guardians = _published(connection, slug, PUBLISHED_GUARDIANS)
    return Files(
        students=csv_bytes(students, layout.students),
        guardians=csv_bytes(guardians, layout.guardians),
        student_rows=students.height,
        guardian_rows=guardians.height,
    )


def export(database_url: str, slug: str, folder: Path, layout: CsvLayout = DEFAULT_LAYOUT) -> Files:
    """Write both files into ``folder``: both anew, or as they were.

    The folder is made anew beside its place and moved there, readable by its owner alone.

    Raises:
        FolderNotOurs: the folder holds anything but an earlier export.
        UsageError: it can't be written.
        DistrictNotRegistered: the slug is unknown; nothing is written.
    """
    folder = folder.absolute()
    try:
        _require_ours(folder)
        files = render(database_url, slug, layout)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name, content in files.by_name.items():
                _write(fresh / name, content)
            _swap(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"{folder} can't be written ({type(error).__name__})",
            hint="name a folder in a place that you may write to",
        ) from None
    return files


def csv_bytes(frame: pl.DataFrame, layout: Mapping[str, str]) -> bytes:
    """A frame in a layout. A blank and an empty text are both an empty field."""
    columns = [
        _as_text(frame.schema[column], column).fill_null("").alias(header)
        for header, column in layout.items()
    ]
    # polars writes an empty text as "", but a null as nothing.
    table = frame.select(columns).with_columns(pl.all().replace("", None))
    return table.write_csv(line_terminator="\r\n").encode()


def _as_text(dtype: pl.DataType, column: str) -> pl.Expr:
    if dtype == pl.Boolean:
        yes, no = pl.lit("Yes"), pl.lit("No")
        return pl.when(pl.col(column)).then(yes).when(~pl.col(column)).then(no)
    if dtype == pl.Date:
        return pl.col(column).dt.to_string("%Y-%m-%d")
    return pl.col(column).cast(pl.String)


def _published(connection: Connection[Any], slug: str, published: Published) -> pl.DataFrame:
    rows = connection.execute(
        sql.SQL(
            """
            select {columns} from {table} join (
                select district, student_id from students
                where district = {slug} and origin = 'sis' and missing_since is null
            ) sent using (district, student_id)
            order by {key}
            """
        ).format(
            columns=names(published.schema),
            table=sql.Identifier(published.table),
            slug=sql.Literal(slug),
            # By code point: the order does not hang on the server's language.
            key=sql.SQL(", ").join(
                sql.SQL('{}::text collate "C"').format(sql.Identifier(name))
                for name in published.key
            ),
        )
    ).fetchall()
    return pl.DataFrame(rows, schema=published.schema, orient="row")


def _require_ours(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir() or {p.name for p in folder.iterdir()} - {STUDENTS_FILE, GUARDIANS_FILE}:
        raise FolderNotOurs(str(folder))


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


def _swap(fresh: Path, folder: Path) -> None:
    """Put the fresh folder in its place; an earlier export steps aside and is deleted."""
    if not folder.exists():
        fresh.rename(folder)
        return
    aside = fresh.with_name(fresh.name + ".old")
    folder.rename(aside)
    fresh.rename(folder)
    shutil.rmtree(aside)
