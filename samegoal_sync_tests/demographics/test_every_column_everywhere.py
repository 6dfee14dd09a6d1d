"""Every declared column, walked through everything that has columns: none forgets one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from samegoal_sync.database import connect
from samegoal_sync.definitions import defs
from samegoal_sync.demographics.columns.column import Code, Column, Contact, Presence, Table
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.demographics.validation.schemas import curated_schema
from samegoal_sync.district import DistrictSettings
from samegoal_sync.generated_docs.rule_pages import data_dictionary, qmlativ_permissions
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.portal.records.value_sources import sources_of
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.rendering.jinja_environment import worded
from samegoal_sync.samegoal.delivery.csv_files import render
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.demographics.golden_district import golden_district
from samegoal_sync_tests.portal.caseloads import assign_all_buildings
from samegoal_sync_tests.portal.conftest import PASSWORD, Person, served
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_EVERY = [(table, column) for table in TABLES.values() for column in table.columns]
_IDS = [f"{table.published}.{column.name}" for table, column in _EVERY]
_POSTGRES = {"String": "text", "Date": "date", "Int64": "bigint", "Boolean": "boolean"}
#: Two values each of what is no free text.
_OF_CODE = {Code.LANGUAGE: ("es", "fr"), Code.COUNTRY: ("MX", "CA")}
_OF_CONTACT = {
    Contact.EMAIL: ("one@example.org", "two@example.org"),
    Contact.PHONE: ("469-555-0101", "469-555-0102"),
}
_OF_TYPE: dict[str, tuple[Any, Any]] = {
    "Date": (date(2012, 1, 2), date(2013, 3, 4)),
    "Int64": (1, 2),
    "Boolean": (False, True),
}
_every_column = pytest.mark.parametrize(("table", "column"), _EVERY, ids=_IDS)


@cache
def _golden_frames() -> dict[str, pl.DataFrame]:
    district = golden_district()
    return {
        STUDENT_TABLE.name: district.students().frame,
        GUARDIAN_TABLE.name: district.guardians().frame,
    }


@cache
def _metadata_of_assets() -> dict[str, Any]:
    return {one.key.to_user_string(): one.metadata for one in defs.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def columns_of_postgres(_server: str) -> dict[tuple[str, str], str]:
    """Table and column -> type, after all migrations."""
    with connect(_server) as connection:
        found = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_schema = 'samegoal'"
        ).fetchall()
    return {(table, column): kind for table, column, kind in found}


@_every_column
def test_frame_schema_and_postgres_have_it(
    table: Table, column: Column, columns_of_postgres: dict[tuple[str, str], str]
) -> None:
    assert _golden_frames()[table.name].schema[column.name] == column.type
    checked = curated_schema(table).columns[column.name]
    assert checked.nullable is (column.presence < Presence.ALWAYS)
    kind = columns_of_postgres[table.published, column.name]
    assert kind == _POSTGRES[str(column.type)]


@_every_column
def test_dictionary_permissions_and_details_say_where_it_comes_from(
    table: Table, column: Column
) -> None:
    part = data_dictionary().split(f"## {table.name}\n")[1].split("\n## ")[0]
    entry = part.split(f"### {column.name}\n")[1].split("\n### ")[0]
    assert column.about in entry
    permissions = qmlativ_permissions()
    for name, field in column.fields:
        assert field in entry
        asked = permissions.split(f"## {name}")[1].split("\n## ")[0]
        (row,) = [line for line in asked.splitlines() if line.startswith(f"| {field} |")]
        assert f"{table.published}.{column.name}" in row
    assert (column.name in sources_of(table.name)) is bool(column.sources)


@_every_column
def test_dagster_describes_it_on_the_curated_and_the_published_asset(
    table: Table, column: Column
) -> None:
    for key in (table.name, f"samegoal/{table.published}"):
        metadata = _metadata_of_assets()[key]
        schema = metadata["dagster/column_schema"].columns
        (described,) = [one for one in schema if one.name == column.name]
        text = described.description
        assert text[0].isupper()
        assert text.endswith(".")
        assert len(text.split()) >= 8
        assert all(name in text and field in text for name, field in column.fields)
        if not column.sources:
            assert "not read" in text.lower()
        lineage = metadata["dagster/column_lineage"].deps_by_column[column.name]
        assert bool(lineage) is (bool(column.sources) or key != table.name)


def test_a_change_of_each_is_published_recorded_delivered_shown_and_copied(
    database_url: str, tmp_path: Path
) -> None:
    first, second = _night(0), _night(1)
    house = House(database_url, DistrictSettings(publish_restricted=True))
    slug = house.district.slug
    house.publish(*_frames(first), night=date(2026, 11, 24))
    assert house.publish(*_frames(second), night=date(2026, 11, 25)).state == "published"
    recorded = {
        (of_guardian, name): (old, new)
        for of_guardian, name, old, new in house.rows(
            "select guardian_id is not null, field, old, new from changes where kind = 'changed'"
        )
    }
    files = render(database_url, slug)
    with _teacher(database_url, slug, tmp_path) as (teacher, details):
        document = teacher.post(f"{details}/documents", kind="iep").headers["location"]
        pages = {"Details": teacher.get(details).text, "document": teacher.get(document).text}
    in_files = ((STUDENT_TABLE, files.students), (GUARDIAN_TABLE, files.guardians))
    for number, (table, file) in enumerate(in_files):
        rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
        assert list(rows[0]) == list(table.file_layout)
        for column in _changing(table):
            old, new = first[number][column.name], second[number][column.name]
            assert recorded[table is GUARDIAN_TABLE, column.name] == (_text(old), _text(new)), (
                column
            )
            if column.filed:
                assert rows[0][column.filed.name] != "", column
            assert house.value(f"select {column.name} from {table.published}") == new
            before, after = (worded(_text(value), column.name) for value in (old, new))
            assert _history(before, after) in pages["Details"], column
            words = re.escape(worded(new, column.name))
            shown = rf"<dt>{label(column.name)}</dt>\n?<dd>(?:<a [^>]*>)?{words}\s*<"
            if column.shown:
                assert re.search(shown, pages["Details"]), column
            assert bool(re.search(shown, pages["document"])) is column.copied, column


def _changing(table: Table) -> list[Column]:
    """Columns of which a change leaves the row the same person's."""
    return [c for c in table.columns if c.name not in {*table.key, *table.unique}]


def _night(which: int) -> tuple[dict[str, Any], dict[str, Any]]:
    of_student = {c.name: _values(c, "student")[which] for c in _changing(STUDENT_TABLE)}
    of_guardian = {c.name: _values(c, "guardian")[which] for c in _changing(GUARDIAN_TABLE)}
    return student(1, **of_student), guardian(1, 1, **of_guardian)


def _frames(rows: tuple[dict[str, Any], dict[str, Any]]) -> tuple[Any, Any]:
    return curated_students([rows[0]]), curated_guardians([rows[1]])


def _values(column: Column, whose: str) -> tuple[Any, Any]:
    if column.accepted:
        return column.accepted[0], column.accepted[1]
    if column.contact:
        return _OF_CONTACT[column.contact]
    if column.code in _OF_CODE:
        return _OF_CODE[column.code]
    made = (f"{column.name} {whose} a"[-20:].strip(), f"{column.name} {whose} b"[-20:].strip())
    return _OF_TYPE.get(str(column.type), made)


def _history(before: str, after: str) -> str:
    """The cells of a change in the history on Details."""
    return f'<td data-label="Old">{before}</td><td data-label="New">{after}</td></tr>'


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def _teacher(database_url: str, slug: str, home: Path) -> Iterator[tuple[Person, str]]:
    """A teacher who signed in, and the address of the only student's Details."""
    add_user(database_url, "ann", Secret(PASSWORD), name="Ann", role=Role.TEACHER, district=slug)
    assign_all_buildings(database_url, "ann")
    with connect(database_url) as connection:
        ((portal_id,),) = connection.execute("select portal_id from students").fetchall()
    app = create_app(Settings(home=home, storage=home), database_url)
    with served(app) as address, requests.Session() as session:
        teacher = Person(address, session)
        teacher.sign_in("ann")
        yield teacher, f"/d/{slug}/students/{portal_id}"
