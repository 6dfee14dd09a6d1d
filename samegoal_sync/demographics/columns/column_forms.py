"""How long a text of each curated column may be, and which form it must have.

The schemas check these lines, and the transforms turn what breaks them into rejects before the
schemas see it: no single value stops a district.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.demographics.values.text import DAMAGED, has_letter

_TEXTS = [column for table in TABLES.values() for column in table.columns if column.length]

#: Most characters of a text, by column. Names and buildings stand together in Postgres's indexes,
#: which take no more than 2,704 bytes a row; a letter takes up to nine of them there.
LENGTHS: dict[str, int] = {column.name: column.length or 0 for column in _TEXTS}

#: What no text may hold on its way to Postgres and to a page: control characters, blanks around
#: it, and the mark of characters lost on the way.
CLEAN = r"^[^\x00-\x1f\x7f\x{fffd}\s](?:[^\x00-\x1f\x7f\x{fffd}]*[^\x00-\x1f\x7f\x{fffd}\s])?$"
#: Columns with a form of their own; all others are ``CLEAN``.
FORMS: dict[str, str] = {column.name: column.form for column in _TEXTS if column.form}

#: Rules by which a text is rejected for its form alone; its cell becomes null.
TEXT_RULES = ("text_damaged", "text_too_long", "text_unexpected")


def form(column: str) -> str:
    """The pattern that every text of a column has."""
    return FORMS.get(column, CLEAN)


def is_too_long(column: str) -> pl.Expr:
    """Whether the text is longer than its column's limit."""
    return (pl.col(column).str.len_chars() > LENGTHS[column]).fill_null(False)


def is_no_name(column: str) -> pl.Expr:
    """Whether the text can't be a name: blank, without a letter, damaged on the way, too long."""
    text = pl.col(column)
    return ~has_letter(text) | is_too_long(column) | ~text.str.contains(CLEAN).fill_null(False)


def text_faults(frame: pl.DataFrame, layout: pl.Schema) -> dict[str, list[tuple[str, pl.Expr]]]:
    """By which rules texts of a frame can't be published as they are; mostly by none.

    Returns:
        column -> each of ``TEXT_RULES`` that a text of it breaks, with the condition of a row; a
        text breaks one at most.
    """
    columns = [name for name, kind in layout.items() if kind == pl.String() and name in frame]
    rules = {column: _rules(column) for column in _faulty(frame, columns)}
    if not rules:
        return {}
    found = frame.select(
        condition.any().alias(f"{column} {rule}")
        for column, conditions in rules.items()
        for rule, condition in conditions
    ).row(0, named=True)
    return {
        column: [(rule, when) for rule, when in conditions if found[f"{column} {rule}"]]
        for column, conditions in rules.items()
    }


def _faulty(frame: pl.DataFrame, columns: list[str]) -> list[str]:
    """Columns of which a text breaks any of the rules: mostly none, which costs one look."""
    if not columns:
        return []
    faulty = frame.select(
        (is_too_long(name) | ~pl.col(name).str.contains(form(name)) | _is_damaged(name))
        .any()
        .alias(name)
        for name in columns
    ).row(0, named=True)
    return [name for name, found in faulty.items() if found]


def _is_damaged(column: str) -> pl.Expr:
    return pl.col(column).str.contains(DAMAGED, literal=True).fill_null(False)


def _rules(column: str) -> list[tuple[str, pl.Expr]]:
    text = pl.col(column)
    damaged = _is_damaged(column)
    long = is_too_long(column)
    unexpected = (~text.str.contains(form(column))).fill_null(False)
    conditions = (damaged, ~damaged & long, ~damaged & ~long & unexpected)
    return list(zip(TEXT_RULES, conditions, strict=True))
