"""One declaration is enough: what a new column needs beside it is an expression and a migration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from samegoal_sync.demographics.columns.column import Column, Table
from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.pipeline.column_metadata import curated_metadata, published_metadata


def test_a_column_added_to_a_copy_is_seen_everywhere(database_url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "samegoal_sync_tests.demographics.one_more_column", database_url,
         str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


_COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]


@pytest.mark.parametrize(
    ("table", "column"), _COLUMNS, ids=[f"{table.name}.{column.name}" for table, column in _COLUMNS]
)
def test_dagster_says_of_each_column_what_it_holds_and_where_it_comes_from(
    table: Table, column: Column
) -> None:
    for metadata in (curated_metadata(table), published_metadata(table)):
        described = {one.name: one for one in metadata["dagster/column_schema"].columns}
        text = described[column.name].description or ""
        assert text[0].isupper()
        assert text.endswith(".")
        assert len(text.split()) >= 8
        for name, field in column.fields:
            assert name in text
            assert field in text
        if not column.sources:
            assert "not read" in text.lower()
