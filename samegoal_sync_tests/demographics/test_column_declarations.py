"""Rules as data agree with everything made of them: layout, catalog, docs, lineage."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import samegoal_sync.demographics as package
from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES, RejectRule
from samegoal_sync.generated_docs.rule_pages import DOCUMENTS
from samegoal_sync.qmlativ.catalog import CATALOG

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
