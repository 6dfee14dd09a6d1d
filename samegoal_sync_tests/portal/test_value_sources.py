"""Every value that Qmlativ sends says on which screen it is entered."""

from __future__ import annotations

import pytest

from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.portal.records.value_sources import sources_of


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_details_shows_names_its_screen_and_fields(table: str) -> None:
    sources = sources_of(table)
    for column in TABLES[table].columns:
        if not column.fields:
            assert column.name not in sources
        elif column.shown:
            assert sources[column.name].screen.startswith("Skyward > "), column.name
            assert "/" in sources[column.name].fields


def test_a_screen_is_reported_from_the_students_profile_down() -> None:
    guardians = sources_of("guardian_demographics")
    assert guardians["cell_phone"].screen == "Skyward > Family > Guardians > Phone Numbers"
    assert guardians["cell_phone"].fields.startswith("Family/StudentGuardian: NameIDGuardian; ")
    assert sources_of("student_demographics")["zip"].screen == "Skyward > Demographics > Addresses"
