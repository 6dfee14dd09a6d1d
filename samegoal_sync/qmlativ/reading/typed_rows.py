"""Rows as typed frames: polars parses the bytes; what it will not take is sorted out by hand.

Real servers send an id as text or a flag as 0 and 1 now and then: what means the same thing
becomes it, anything else is counted by field. It is never turned into a null that looks like a
blank. polars makes 7 of 7.9, 1 of true and null of what is beyond 64 bits without a word, so whole
numbers are read as text, which costs the same, and counted where they are none. A page that polars
refuses is read again row by row.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeGuard

import polars as pl

from samegoal_sync.qmlativ.errors import AnswerBroken

#: Only a short array can be empty; a long one is not stripped (copied) to see.
_SHORT = 4_096
_WHOLE = re.compile(r"[+-]?\d{1,19}")
_LARGEST = 2**63 - 1
_FLAGS: Mapping[object, bool] = {"true": True, "false": False, "1": True, "0": False}


#: Half of a character, escaped without its other half. polars refuses a page that holds a low one
#: and makes a NUL of a high one, by which the text would look whole.
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _MistypedError(Exception):
    """A value that its field's type can't hold."""


def typed_frame(
    array: bytes, schema: pl.Schema, asked: str, unreadable: Mapping[str, bool] | None = None
) -> tuple[pl.DataFrame, Counter[str]]:
    """A JSON array of rows as a frame with exactly the schema's columns.

    Args:
        unreadable: field -> what a value counts as that could not be held; null, if not said.

    Returns:
        the frame, and how many values of each field could not be held.

    Raises:
        AnswerBroken: it is no array of objects.
    """
    if len(array) < _SHORT and not array.strip(b"[] \r\n\t"):
        return pl.DataFrame(schema=schema), Counter()
    if _holds_lone_surrogate(array):
        return _by_hand(array, schema, asked, unreadable or {})
    try:
        return _with_whole_numbers(pl.read_json(array, schema=_as_text(schema)), schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return _by_hand(array, schema, asked, unreadable or {})


def _as_text(schema: pl.Schema) -> pl.Schema:
    return pl.Schema(
        {name: pl.String() if kind == pl.Int64() else kind for name, kind in schema.items()}
    )


def _with_whole_numbers(
    frame: pl.DataFrame, schema: pl.Schema
) -> tuple[pl.DataFrame, Counter[str]]:
    """The frame with its whole numbers as such; the few that are none are looked at one by one."""
    names = [name for name, kind in schema.items() if kind == pl.Int64()]
    whole = frame.with_columns(pl.col(names).cast(pl.Int64, strict=False))
    mistyped: Counter[str] = Counter()
    for name in names:
        if whole[name].null_count() == frame[name].null_count():
            continue
        values = [_converted(_whole, value, name, mistyped) for value in frame[name]]
        whole = whole.with_columns(pl.Series(name, values, dtype=pl.Int64))
    return whole, mistyped


def _holds_lone_surrogate(array: bytes) -> bool:
    # Cheapest first: one byte is found sixty times faster than three, and those than the pattern.
    if b"\\" not in array or not (b"\\ud" in array or b"\\uD" in array):
        return False
    return _LONE_SURROGATE.search(array) is not None


def missing_keys(array: bytes, frame: pl.DataFrame) -> frozenset[str]:
    """The fields whose key stands in no row; looked for in the bytes only where all is null."""
    if frame.is_empty():
        return frozenset()
    empty = [name for name in frame.columns if frame[name].null_count() == frame.height]
    return frozenset(name for name in empty if not _has_key(array, name))


def _has_key(array: bytes, name: str) -> bool:
    """Whether a key occurs: no text can hold ``"X":``, for its quotes would be escaped."""
    quoted = json.dumps(name).encode()
    # bytes.find is far faster than a pattern, and mostly there is nothing to find.
    return quoted in array and re.search(re.escape(quoted) + rb"\s*:", array) is not None


def _by_hand(
    array: bytes, schema: pl.Schema, asked: str, unreadable: Mapping[str, bool]
) -> tuple[pl.DataFrame, Counter[str]]:
    try:
        rows = json.loads(array)
    except (ValueError, RecursionError):
        raise AnswerBroken(asked, "is not JSON") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerBroken(asked, "holds something other than rows")
    mistyped: Counter[str] = Counter()
    columns = []
    for name, kind in schema.items():
        convert = _converter(kind)
        instead = unreadable.get(name)
        values = [_converted(convert, row.get(name), name, mistyped, instead) for row in rows]
        columns.append(pl.Series(name, values, dtype=kind))
    return pl.DataFrame(columns), mistyped


def _converted(
    convert: Callable[[object], object],
    value: object,
    name: str,
    mistyped: Counter[str],
    instead: object = None,
) -> object:
    if value is None:
        return None
    try:
        return convert(value)
    except _MistypedError:
        mistyped[name] += 1
        return instead


def _converter(kind: pl.DataType) -> Callable[[object], object]:
    if kind == pl.Int64():
        return _whole
    return _flag if kind == pl.Boolean() else _text


def _whole(value: object) -> int | None:
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if _WHOLE.fullmatch(value) and abs(int(value)) <= _LARGEST:
            return int(value)
    elif _is_number(value) and value == value // 1 and abs(value) <= _LARGEST:
        return int(value)
    raise _MistypedError


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flag(value: object) -> bool | None:
    if isinstance(value, str) and not value.strip():
        return None
    flag = _FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise _MistypedError
    return flag


def _text(value: object) -> str:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict | list):
        raise _MistypedError
    return json.dumps(value)
