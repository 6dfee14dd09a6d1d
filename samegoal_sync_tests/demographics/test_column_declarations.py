"""Rules as data agree with everything made of them: layout, catalog, docs, lineage."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl
import pytest

import samegoal_sync.demographics as package
from samegoal_sync.demographics.columns import shared_columns
from samegoal_sync.demographics.columns.column import Column, Place
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.demographics.columns.tables import TABLES, by_name
from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES, RejectRule
from samegoal_sync.generated_docs.rule_pages import DOCUMENTS
from samegoal_sync.qmlativ.catalog import CATALOG

_BUS = Column("bus", pl.String(), about="The bus.", cleaning="as it is", length=8)
_DOCS = Path(__file__).parents[2] / "docs"
_PURE = [
    path
    for path in Path(str(package.__file__)).parent.glob("*.py")
    if path.name not in ("assets.py", "checks.py")
]


def test_nothing_is_asked_of_skyward_that_no_column_uses() -> None:
    used = {pair for table in TABLES.values() for column in table.columns for pair in column.fields}
    keys = {(item.name, item.primary_key) for item in CATALOG}
    asked = {(item.name, field.name) for item in CATALOG for field in item.fields}
    assert used - asked == set()
    assert asked - used - keys == set()


def test_a_text_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="column bus: a text has a length"):
        Column("bus", pl.String(), about="The bus.", cleaning="as it is")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "grade"}, "column grade"),
        ({"shown": STUDENT_TABLE["city"].shown}, "place on Details 21"),
        ({"filed": Place("Bus", 10)}, "place in the file 10"),
        ({"filed": Place("City", 99)}, "header in the file City"),
    ],
)
def test_what_is_declared_twice_is_refused(changed: dict[str, Any], said: str) -> None:
    column = replace(_BUS, **changed)
    with pytest.raises(ValueError, match=f"student_demographics: {said} is declared twice"):
        replace(STUDENT_TABLE, columns=(*STUDENT_TABLE.columns, column))


def test_two_tables_agree_on_a_column_of_one_name() -> None:
    longer = replace(GUARDIAN_TABLE["city"], length=120)
    other = replace(
        GUARDIAN_TABLE, columns=(GUARDIAN_TABLE["student_id"], longer), key=("student_id",)
    )
    with pytest.raises(ValueError, match="column city: two tables declare another length"):
        by_name(STUDENT_TABLE, other)


def test_the_example_for_contributors_is_the_real_declaration() -> None:
    text = (_DOCS / "contributing.md").read_text(encoding="utf-8")
    example = text.split("   ```python\n")[1].split("   ```\n")[0]
    source = Path(str(shared_columns.__file__)).read_text(encoding="utf-8")
    assert dedent(example).strip() in _without_indent(source)


def _without_indent(text: str) -> str:
    """Without the eight blanks before a declaration's lines."""
    return "\n".join(line.removeprefix(" " * 8) for line in text.splitlines())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_docs_say_what_the_code_does(name: str) -> None:
    assert (_DOCS / name).read_text(encoding="utf-8") == DOCUMENTS[name]()


@pytest.mark.parametrize("path", _PURE, ids=lambda path: path.stem)
def test_pure_code_knows_nothing_of_dagster_or_of_what_comes_after(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    imported = [
        node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    ]
    later = ("dagster", "samegoal_sync.samegoal", "samegoal_sync.portal")
    assert not [name for name in imported if name.startswith(later)]
    assert "import dagster" not in text


@pytest.mark.parametrize("rule", REJECT_RULES.values(), ids=list(REJECT_RULES))
def test_every_reject_rule_says_who_where_and_what(rule: RejectRule) -> None:
    assert all((rule.what, rule.why, rule.screen, rule.remedy, rule.actor))
