"""Search conditions and sorts: Qmlativ's JSON becomes polars expressions.

Keys are read without regard to case. Texts compare as its database does: without regard to case
and to blanks at the end. Nulls match no comparison but ``Null``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from samegoal_sync.sandbox.facts import FieldFact

_KINDS = {
    "stringsearchcondition": "Text",
    "longsearchcondition": "Number",
    "boolsearchcondition": "Bool",
    "datetimesearchcondition": "Date",
    "datesearchcondition": "Date",
}
_GROUP = "searchconditiongroup"

_COMPARISONS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "equal": lambda column, value: column == value,
    "notequal": lambda column, value: column != value,
    "less": lambda column, value: column < value,
    "lessequal": lambda column, value: column <= value,
    "greater": lambda column, value: column > value,
    "greaterequal": lambda column, value: column >= value,
}
_TEXT_MATCHES: dict[str, Callable[[pl.Expr, str], pl.Expr]] = {
    "like": lambda column, value: column.str.contains(_like(value)),
    "notlike": lambda column, value: ~column.str.contains(_like(value)),
    "contains": lambda column, value: column.str.contains(value, literal=True),
    "notcontains": lambda column, value: ~column.str.contains(value, literal=True),
    "startswith": lambda column, value: column.str.starts_with(value),
    "endswith": lambda column, value: column.str.ends_with(value),
}


class BadSearchError(ValueError):
    """The body is not a search that Qmlativ understands; answered with 400."""


def lowered(value: Any) -> Any:
    """The same JSON with the keys of all objects in lower case."""
    if isinstance(value, Mapping):
        return {str(key).lower(): lowered(item) for key, item in value.items()}
    return [lowered(item) for item in value] if isinstance(value, list) else value


def fields_of(condition: Mapping[str, Any]) -> set[str]:
    """Names of the fields that a (lowered) condition looks at."""
    names: set[str] = set()
    for kind, content in condition.items():
        if not isinstance(content, Mapping):
            continue
        if kind == _GROUP:
            for inner in content.get("conditions") or []:
                names |= fields_of(inner) if isinstance(inner, Mapping) else set()
        else:
            names.add(str(content.get("fieldname")))
    return names


def condition_expression(condition: Any, facts: Mapping[str, FieldFact]) -> pl.Expr:
    """One wrapped condition (lowered keys) as an expression.

    Raises:
        BadSearchError: an unknown kind, type, field, or a value of the wrong form.
    """
    if not isinstance(condition, Mapping) or len(condition) != 1:
        raise BadSearchError("A search condition is an object with one kind of condition")
    kind, content = next(iter(condition.items()))
    if not isinstance(content, Mapping):
        raise BadSearchError(f"{kind} holds no condition")
    if kind == _GROUP:
        return _group(content, facts)
    if kind not in _KINDS:
        raise BadSearchError(f"Unknown kind of search condition: {kind}")
    return _single(_KINDS[kind], content, facts)


def _group(content: Mapping[str, Any], facts: Mapping[str, FieldFact]) -> pl.Expr:
    inner = content.get("conditions")
    if not isinstance(inner, list) or not inner:
        raise BadSearchError("A search condition group holds no Conditions")
    expressions = [condition_expression(item, facts) for item in inner]
    together = str(content.get("conditiongrouptype", "And")).lower()
    if together == "and":
        return pl.all_horizontal(expressions)
    if together == "or":
        return pl.any_horizontal(expressions)
    raise BadSearchError("ConditionGroupType is And or Or")


def _single(kind: str, content: Mapping[str, Any], facts: Mapping[str, FieldFact]) -> pl.Expr:
    name = str(content.get("fieldname"))
    if name not in facts:
        raise BadSearchError("A search condition names a field that the object does not have")
    how = str(content.get("conditiontype", "Equal")).lower()
    column = pl.col(name)
    if how in ("null", "notnull"):
        return column.is_null() if how == "null" else column.is_not_null()
    text = facts[name].polars == pl.String()
    column, convert = _comparable(column, facts[name], dates=kind == "Date" and text)
    if how in ("list", "notlist"):
        values = content.get("list")
        if not isinstance(values, list):
            raise BadSearchError("A List condition holds no List")
        held = column.is_in([convert(value) for value in values])
        return held if how == "list" else ~held
    if how in _COMPARISONS:
        return _COMPARISONS[how](column, convert(content.get("value")))
    if how in _TEXT_MATCHES and text:
        return _TEXT_MATCHES[how](column, str(content.get("value", "")).lower())
    raise BadSearchError("Unknown ConditionType for this field")


def _comparable(
    column: pl.Expr, fact: FieldFact, *, dates: bool
) -> tuple[pl.Expr, Callable[[Any], Any]]:
    """A field and its values made alike: numbers for ids and flags, cleaned text, ISO days."""
    if fact.polars == pl.Boolean():
        return column.cast(pl.Int64), _flag_number
    if fact.polars != pl.String():
        return column, _number
    if dates or fact.type in ("Date", "DateTime"):
        american = column.str.extract(r"^(\d\d/\d\d)/\d{4}").is_not_null()
        turned = column.str.replace(r"^(\d\d)/(\d\d)/(\d{4}).*$", "$3-$1-$2")
        return pl.when(american).then(turned).otherwise(column.str.slice(0, 10)), _day
    return column.str.to_lowercase().str.strip_chars_end(
        " "
    ), lambda value: str(value).lower().rstrip(" ")


def _number(value: Any) -> int | float:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise BadSearchError("A search condition compares a number with something else") from None


def _flag_number(value: Any) -> int:
    words = {"true": 1, "false": 0}
    return (
        words.get(str(value).lower(), 0) if isinstance(value, str | bool) else int(_number(value))
    )


def _day(value: Any) -> str:
    return str(value)[:10]


def _like(pattern: str) -> str:
    parts = {"%": ".*", "_": "."}
    return "^" + "".join(parts.get(letter, re.escape(letter)) for letter in pattern) + "$"


def sort_orders(body: Any, facts: Mapping[str, FieldFact]) -> list[tuple[str, bool]]:
    """``SearchSort`` (lowered) as pairs of field and descending.

    Raises:
        BadSearchError: a field that the object does not have.
    """
    orders: list[tuple[str, bool]] = []
    for item in body or []:
        name = str(item.get("fieldname")) if isinstance(item, Mapping) else ""
        if name not in facts:
            raise BadSearchError("SearchSort names a field that the object does not have")
        orders.append((name, bool(item.get("descending", False))))
    return orders
