"""One page of rows: the ``Objects`` array cut out of the body, and what ``Paging`` says.

The body is ``{"Paging": {"Next": …}, "Objects": [ … ]}``. The array makes up nearly all of it,
so what surrounds it is cut off and parsed here, and overwritten with blanks in the buffer that
the body was read into: the buffer then holds the array alone, and goes to polars without a
copy. If the cut does not leave valid JSON behind, the whole body is parsed instead.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from samegoal_sync.qmlativ.errors import AnswerBroken, AnswerTooLarge
from samegoal_sync.qmlativ.reading.typed_rows import missing_keys, typed_frame

_OPENS = re.compile(rb'"Objects"\s*:\s*\[')
#: What follows the array is short; so many bytes of the end are looked at.
_TAIL = 4_096
#: Bytes up to which a body may hold anything: parsed, it takes 150 MiB. Full pages have some seven
#: MiB, and counting costs a tenth of parsing them.
_ANY_DENSITY = 10 * 2**20
#: Values (commas and opening brackets, those within texts included) that a page may hold.
_VALUES_A_FIELD, _VALUES_A_ROW = 3, 20
_NEXT = re.compile(r"/([0-9]{1,18})/([0-9]{1,18})/?$")


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
    sent: int
    next: tuple[int, int] | None
    absent: frozenset[str]
    mistyped: Counter[str]


def parse_page(
    body: io.BytesIO,
    number: int,
    size: int,
    schema: pl.Schema,
    asked: str,
    unreadable: Mapping[str, bool] | None = None,
) -> Page:
    """Read a page's body; the buffer is used up.

    Args:
        unreadable: field -> what a value counts as that its type can't hold.

    Raises:
        AnswerBroken: not JSON, cut off, or neither rows nor paging in it.
        AnswerTooLarge: it holds many more values than the rows asked for can.
    """
    _check_density(body, size, schema, asked)
    cut = _cut(body)
    array = body.getvalue()
    rest = cut.rest if cut else None
    try:
        if rest is None:
            raise AnswerBroken(asked, "can't be cut")
        frame, mistyped = typed_frame(array, schema, asked, unreadable)
    except AnswerBroken:
        # Cut at a bracket that was not the array's, or really broken: the whole body tells.
        array, rest = _taken_apart(cut.whole(array) if cut else array, asked)
        frame, mistyped = typed_frame(array, schema, asked, unreadable)
    key = schema.names()[0]
    keyless = frame[key].null_count()
    if keyless > mistyped[key]:
        raise AnswerBroken(asked, "holds rows without their primary key")
    sent = frame.height
    if keyless:
        frame = frame.filter(pl.col(key).is_not_null())
    following = _next(rest, number, size)
    return Page(number, frame, sent, following, missing_keys(array, frame), mistyped)


def _check_density(body: io.BytesIO, size: int, schema: pl.Schema, asked: str) -> None:
    """Refuse a large body made of a great many tiny values.

    Whatever parses JSON needs some fifteen times the size of such a body: 48 MiB of empty lists
    took 720 MB. Text alone may be as large as a body may be.
    """
    if body.getbuffer().nbytes <= _ANY_DENSITY:
        return
    text, most = body.getvalue(), size * (_VALUES_A_FIELD * len(schema) + _VALUES_A_ROW)
    if text.count(b",") + text.count(b"[") + text.count(b"{") > most:
        raise AnswerTooLarge(asked, f"a page of {size} rows holds more than {most} values")


@dataclass(frozen=True)
class _Cut:
    """What stood before and after the array, and what they say together."""

    before: bytes
    after: bytes
    rest: dict[str, object]

    def whole(self, array: bytes) -> bytes:
        """The body as it was."""
        return self.before + array[len(self.before) : len(array) - len(self.after)] + self.after


def _cut(body: io.BytesIO) -> _Cut | None:
    """Blank out what surrounds the array of rows, by position; ``None`` where that fails."""
    with body.getbuffer() as view:
        opens = _OPENS.search(view)
        last = max(0, len(view) - _TAIL)
        closes = last + bytes(view[last:]).rfind(b"]")
        if opens is None or closes < max(opens.end(), last):
            return None
        start, end = opens.end() - 1, closes + 1
        before, after = bytes(view[:start]), bytes(view[end:])
        rest = _dict(before + b"null" + after)
        if rest is None:
            return None
        view[:start], view[end:] = b" " * len(before), b" " * len(after)
        return _Cut(before, after, rest)


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
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _how_broken(body: bytes) -> str:
    start = body.lstrip()[:1]
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
