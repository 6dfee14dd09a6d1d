"""One page of rows: the ``Objects`` array cut out of the body, and what ``Paging`` says.

The body is ``{"Paging": {"Next": …}, "Objects": [ … ]}``. The array makes up nearly all of it,
so it is cut out by position and goes to polars untouched; only what surrounds it is parsed
here. If the cut does not leave valid JSON behind, the whole body is parsed instead.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

import polars as pl

from samegoal_sync.qmlativ.errors import AnswerBroken
from samegoal_sync.qmlativ.values import missing_keys, typed_frame

_KEY = b'"Objects"'
_OPENS = re.compile(rb'"Objects"\s*:\s*\[')
_NEXT = re.compile(r"/(\d+)/(\d+)/?$")


@dataclass(frozen=True)
class Page:
    """One page as it was read.

    Attributes:
        number: the number that was asked for.
        rows: the rows, typed.
        next: the page and page size that follow, as the server says; ``None`` at the end.
        absent: fields whose key stands in no row.
        mistyped: values that could not be held, by field.
    """

    number: int
    rows: pl.DataFrame
    next: tuple[int, int] | None
    absent: frozenset[str]
    mistyped: Counter[str]


def parse_page(body: bytes, number: int, size: int, schema: pl.Schema, asked: str) -> Page:
    """Read a page's body.

    Raises:
        AnswerBroken: not JSON, cut off, or neither rows nor paging in it.
    """
    array, rest = _cut(body) or _taken_apart(body, asked)
    try:
        frame, mistyped = typed_frame(array, schema, asked)
    except AnswerBroken:
        # Cut at a bracket that was not the array's, or really broken: the whole body tells.
        array, rest = _taken_apart(body, asked)
        frame, mistyped = typed_frame(array, schema, asked)
    key = schema.names()[0]
    if frame[key].null_count() and not mistyped[key]:
        raise AnswerBroken(asked, "holds rows without their primary key")
    following = _next(rest, number, size)
    return Page(number, frame, following, missing_keys(array, frame), mistyped)


def _cut(body: bytes) -> tuple[bytes, dict[str, object]] | None:
    """The array of rows and the answer without it, by position; ``None`` where that fails."""
    opens, closes = _OPENS.search(body), body.rfind(b"]")
    if opens is None or closes < opens.end():
        return None
    rest = _dict(body[: opens.start()] + _KEY + b":null" + body[closes + 1 :])
    return None if rest is None else (body[opens.end() - 1 : closes + 1], rest)


def _taken_apart(body: bytes, asked: str) -> tuple[bytes, dict[str, object]]:
    """The same by parsing everything: slow and sure."""
    whole = _dict(body)
    if whole is None:
        raise AnswerBroken(asked, _how_broken(body))
    rows = whole.pop("Objects", None) or []
    if not isinstance(rows, list) or ("Paging" not in whole and not rows):
        raise AnswerBroken(asked, "holds neither rows nor paging")
    return json.dumps(rows).encode(), whole


def _dict(text: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _how_broken(body: bytes) -> str:
    start = body.lstrip()[:1]
    if start == b"<":
        return "is a web page, not JSON"
    return "is cut off or not JSON" if start == b"{" else "is not JSON"


def _next(rest: dict[str, object], number: int, size: int) -> tuple[int, int] | None:
    """What follows; null, empty, missing and the page just read all mean the end."""
    paging = rest.get("Paging")
    text = paging.get("Next") if isinstance(paging, dict) else None
    found = _NEXT.search(text.partition("?")[0]) if isinstance(text, str) else None
    if not found:
        return None
    following = (int(found.group(1)), int(found.group(2)))
    return None if following == (number, size) or not all(following) else following
