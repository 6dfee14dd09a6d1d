"""A process of its own in which students and guardians have one more column: seen everywhere.

The columns are declared on copies, before anything that derives from the declarations is loaded;
their expressions are lines of this file, and their migrations others. Run by
``test_a_new_column_is_three_edits.py``:

    python one_more_column.py DATABASE_URL HOME
"""

# ruff: noqa: E402 (what is imported below must see the changed declarations)
from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

import samegoal_sync.demographics.columns.guardian_columns as of_guardians
import samegoal_sync.demographics.columns.student_columns as declared
from samegoal_sync.demographics.columns.column import Column, Contact, Place, source

# 1. Its declaration.
declared.STUDENT_TABLE = replace(
    declared.STUDENT_TABLE,
    columns=(
        *declared.STUDENT_TABLE.columns,
        Column(
            "bus_route",
            pl.String(),
            about="The bus that brings the student to school.",
            sources=(source(("Student/Student", "CalculatedStudentStateID")),),
            cleaning="as it is",
            length=8,
            label="Bus",
            shown=Place("School", 15),
            filed=Place("Bus Route", 21),
        ),
    ),
)

of_guardians.GUARDIAN_TABLE = replace(
    of_guardians.GUARDIAN_TABLE,
    columns=(
        *of_guardians.GUARDIAN_TABLE.columns,
        Column(
            "other_email",
            pl.String(),
            about="A second e-mail of the guardian.",
            sources=(source(("Demographics/NameEmail", "EmailAddress")),),
            cleaning="as it is",
            length=254,
            contact=Contact.EMAIL,
        ),
    ),
)

from samegoal_sync.database import connect
from samegoal_sync.demographics.columns.column_forms import LENGTHS, text_faults
from samegoal_sync.demographics.columns.curated_frames import STUDENT_COLUMNS, Curated
from samegoal_sync.demographics.guardians.restrictions.contact_values import email_keys
from samegoal_sync.demographics.guardians.restrictions.who_may_see import WhoMaySee
from samegoal_sync.demographics.validation.schemas import students_schema
from samegoal_sync.generated_docs.rule_pages import data_dictionary, qmlativ_permissions
from samegoal_sync.pipeline.column_metadata import curated_metadata, published_metadata
from samegoal_sync.portal.documents.document_kinds import STUDENT_COPIED
from samegoal_sync.portal.records.value_sources import sources_of
from samegoal_sync.portal.rendering.column_labels import STUDENT_SECTIONS, label
from samegoal_sync.samegoal.delivery.csv_files import render
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.samegoal.publication.published_tables import PUBLISHED_STUDENTS
from samegoal_sync_tests.samegoal.invented_nights import (
    curated_guardians,
    curated_students,
    district,
    guardian,
    register,
    student,
)


def main(database_url: str) -> None:
    """Assert what each consumer says of the column."""
    assert STUDENT_COLUMNS["bus_route"] == pl.String()
    assert students_schema().columns["bus_route"].nullable
    assert LENGTHS["bus_route"] == 8
    long = pl.DataFrame({"bus_route": ["Route 12345"]}, schema={"bus_route": pl.String()})
    assert [rule for rule, _ in text_faults(long, STUDENT_COLUMNS)["bus_route"]] == [
        "text_too_long"
    ]
    assert "### bus_route" in data_dictionary()
    assert "students.bus_route" in qmlativ_permissions()
    for metadata in (
        curated_metadata(declared.STUDENT_TABLE),
        published_metadata(declared.STUDENT_TABLE),
    ):
        assert "bus_route" in metadata["dagster/column_lineage"].deps_by_column
        (described,) = [column for column in metadata["dagster/column_schema"].columns
                        if column.name == "bus_route"]  # fmt: skip
        assert described.description.startswith("The bus that brings the student to school.")
    assert "bus_route" in PUBLISHED_STUDENTS.values
    assert "bus_route" in STUDENT_SECTIONS["School"]
    assert label("bus_route") == "Bus"
    assert "Student/Student" in sources_of("student_demographics")["bus_route"].fields
    assert "bus_route" in STUDENT_COPIED
    _restrictions_look_at_it()
    _nights(database_url)


def _restrictions_look_at_it() -> None:
    """A restricted guardian's address in a contact that is new."""
    rule = WhoMaySee(pl.DataFrame(), {7: frozenset(email_keys("dad@example.org"))}, frozenset())
    contacts = dict.fromkeys(of_guardians.GUARDIAN_TABLE.contacts)
    row = {"StudentGuardianID": 1, "StudentID": 7, **contacts, "other_email": "Dad@example.org"}
    text = dict.fromkeys(contacts, pl.String())
    judged = rule.judged_values(pl.DataFrame([row], schema_overrides=text))
    assert judged.get_column("other_email_of_restricted").to_list() == [True]


def _nights(database_url: str) -> None:
    """Staging, comparison, history and the file, on real tables with the columns."""
    with connect(database_url) as connection:
        connection.execute("alter table students add column bus_route text")  # 2. Its migration.
        connection.execute("alter table guardians add column other_email text")
    one = district()
    register(database_url, one)
    mother = guardian(1, 1, other_email="mom@example.org")
    father = guardian(2, 1, 2, other_email="dad@example.org")
    shared = guardian(1, 1, other_email="dad@example.org")
    # The third night: the father is restricted, and his address stood on the mother.
    removed = [("S000001", father["guardian_id"], "withheld", "restricted")]
    nights: list[tuple[int, str, Curated]] = [
        (24, "7A", curated_guardians([mother, father])),
        (25, "7B", curated_guardians([shared, father])),
        (26, "7B", curated_guardians([shared], others=removed)),
    ]
    for day, bus, guardians in nights:
        night = publish(
            database_url,
            one,
            curated_students([student(1, bus_route=bus)]),  # 3. Its expression.
            guardians,
            run_id=f"run-{day}",
            night=date(2026, 11, day),
            started_at=datetime(2026, 11, day, 8, tzinfo=UTC),
        )
        assert night.state == "published"
    with connect(database_url) as connection:
        assert connection.execute("select bus_route from students").fetchall() == [("7B",)]
        assert connection.execute(
            "select old, new from changes where field = 'bus_route'"
        ).fetchall() == [("7A", "7B")]
        assert connection.execute(
            "select new from changes where field = 'other_email' order by id"
        ).fetchall() == [("dad@example.org",), (None,)]
        assert connection.execute("select other_email from guardians").fetchall() == [(None,)]
    header, row = render(database_url, one.slug).students.decode().splitlines()
    assert header.endswith(",Bus Route")
    assert row.endswith(",7B")
    _page(database_url, one.slug)


def _page(database_url: str, slug: str) -> None:
    """The Details tab of the portal, as a teacher opens it."""
    import requests

    from samegoal_sync.portal.app import create_app
    from samegoal_sync.portal.identity.accounts import Role, add_user
    from samegoal_sync.secret import Secret
    from samegoal_sync.settings import Settings
    from samegoal_sync_tests.portal.caseloads import assign_all_buildings
    from samegoal_sync_tests.portal.conftest import PASSWORD, Person, served

    add_user(database_url, "ann", Secret(PASSWORD), name="Ann", role=Role.TEACHER, district=slug)
    assign_all_buildings(database_url, "ann")
    home = Path(sys.argv[2])
    app = create_app(Settings(home=home, storage=home), database_url)
    with served(app) as address, requests.Session() as session:
        teacher = Person(address, session)
        teacher.sign_in("ann")
        with connect(database_url) as connection:
            row = connection.execute("select portal_id from students").fetchone()
        assert row
        page = teacher.get(f"/d/{slug}/students/{row[0]}").text
    assert "<dt>Bus</dt><dd>7B" in page


if __name__ == "__main__":
    main(sys.argv[1])
