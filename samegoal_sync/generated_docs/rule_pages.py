"""Docs made of the rules: the data dictionary, the fields to have approved, the reject rules.

``python -m samegoal_sync.generated_docs`` writes them; a test compares them with the code.
"""

from __future__ import annotations

from pathlib import Path

from samegoal_sync.demographics.columns.column import Column
from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES, SCOPE_REASONS, RejectKind
from samegoal_sync.demographics.students.enrollment import ENROLLMENT_REASONS
from samegoal_sync.demographics.students.withdrawal_codes import (
    DECEASED,
    EXIT_REASONS,
    NOT_KNOWN,
    WITHOUT_GRADUATION,
)
from samegoal_sync.generated_docs.district_settings_page import district_settings
from samegoal_sync.generated_docs.error_page import errors
from samegoal_sync.qmlativ.catalog import CATALOG, QmlativObject

_MADE = "Made from the code by `python -m samegoal_sync.generated_docs`; change it there."
_KINDS = {
    RejectKind.ROW: "the whole row: what is published of it stays",
    RejectKind.VALUE: "one value: what is published of it stays, the rest of the row goes on",
    RejectKind.NOTICE: "nothing: somebody should look",
}


def data_dictionary() -> str:
    """docs/data-dictionary.md: every curated column, its sources and what happens without them."""
    parts = [
        "# Data dictionary",
        _MADE,
        "Sources stand in order of preference. A column of which no source was shared tonight "
        "(*absent*) stays as published for everyone; where one of several was not shared, it "
        "stays for those for whom the others give nothing. Text is trimmed, blanks folded, "
        "control and invisible characters removed, Unicode NFC; capitals are left as they are.",
    ]
    for name, table in TABLES.items():
        parts += [f"## {name}", *map(_column, table.columns)]
    return "\n\n".join([*parts, *_enrollment()]) + "\n"


def qmlativ_permissions() -> str:
    """docs/qmlativ-permissions.md: what SameGoal must have approved by Skyward, and why."""
    parts = [
        "# Fields of Qmlativ's Custom API that SameGoal reads",
        _MADE,
        "All are read only: no create, update or delete is asked for. Nothing is asked for that "
        "no column uses. Without an *essential* field a district can't be read; without another, "
        "the columns made of it stay as they are published, and the night says so.",
    ]
    return "\n\n".join([*parts, *(_permissions(item) for item in CATALOG)]) + "\n"


def rejects() -> str:
    """docs/rejects.md: every rule by which a row or a value is rejected, under fixed headings."""
    parts = ["# Rows and values rejected", _MADE]
    for name, rule in REJECT_RULES.items():
        parts += [
            f"## {name}",
            f"**What.** {rule.what}",
            f"**Why.** {rule.why}",
            f"**Rejected.** {_KINDS[rule.kind].capitalize()}.",
            f"**Who.** {rule.actor.value}",
            f"**Where in Qmlativ.** {rule.screen}",
            f"**What to do.** {rule.remedy}",
        ]
    scope = [f"| {name} | {why} |" for name, why in SCOPE_REASONS.items()]
    table = "\n".join(["| reason | what it means |", "|---|---|", *scope])
    return "\n\n".join([*parts, "## Not published, and nothing to fix", table]) + "\n"


#: File under docs/ -> what writes it.
DOCUMENTS = {
    "data-dictionary.md": data_dictionary,
    "qmlativ-permissions.md": qmlativ_permissions,
    "rejects.md": rejects,
    "errors.md": errors,
    "district-settings.md": district_settings,
}


def write(folder: Path) -> None:
    """Write every document into ``folder``."""
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text(), encoding="utf-8")


def _column(rule: Column) -> str:
    sources = [
        f"{number}. {_fields(source.needs)}" for number, source in enumerate(rule.sources, start=1)
    ]
    refined = [f"Refined by {_fields(rule.also)}."] if rule.also else []
    return "\n\n".join(
        [
            f"### {rule.name}",
            f"{rule.about} {rule.type}. {rule.cleaning[0].upper()}{rule.cleaning[1:]}.",
            "\n".join(sources) or "No source: always absent.",
            *refined,
            f"Blank: {rule.missing}. Invalid: {rule.invalid}.",
        ]
    )


def _fields(needs: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return "; ".join(f"`{name}`: {', '.join(fields)}" for name, fields in needs)


def _enrollment() -> list[str]:
    rows = [f"| {why} | {status} |" for why, status in ENROLLMENT_REASONS.items()]
    meanings = [*EXIT_REASONS.items(), DECEASED, WITHOUT_GRADUATION, NOT_KNOWN]
    rows += [f"| {why} | {status} |" for status, why in meanings]
    table = "\n".join(["| enrollment_reason | district_enrollment |", "|---|---|", *rows])
    return ["## Reasons of District Enrollment", table]


def _permissions(item: QmlativObject) -> str:
    rows = [
        f"| {field.name} | {field.type.value} | {'yes' if field.essential else ''} "
        f"| {field.reason} | {', '.join(_made_of(item.name, field.name))} |"
        for field in item.fields
    ]
    note = "" if item.essential else " (optional object)"
    return "\n".join(
        [
            f"## {item.name}{note}",
            "",
            "| field | type | essential | why | columns made of it |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _made_of(name: str, field: str) -> list[str]:
    """Published columns that a field of Qmlativ is a source of."""
    return [
        f"{table.published}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if (name, field) in column.fields
    ]
