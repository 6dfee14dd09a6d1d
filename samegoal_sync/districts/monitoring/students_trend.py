"""How many students Qmlativ sent on each of a district's last nights, as numbers and as bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from psycopg import Connection

_NIGHTS_SHOWN = 14
_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[int]) -> str:
    """Numbers as a row of bars, the lowest of them the lowest bar."""
    if not values:
        return ""
    low, span = min(values), max(values) - min(values)
    if span == 0:
        return _BARS[3] * len(values)
    return "".join(_BARS[(value - low) * (len(_BARS) - 1) // span] for value in values)


def student_trends(connection: Connection[Any], slugs: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """District -> students sent on each of its last nights that were read, oldest first."""
    rows = connection.execute(_TRENDS, {"slugs": slugs, "trend": _NIGHTS_SHOWN}).fetchall()
    return {slug: _trend(nights or (), sent or ()) for slug, nights, sent in rows}


_TRENDS = """
    select slug district, nights, sent from unnest(%(slugs)s::text[]) slug
    cross join lateral (select array_agg(night order by id desc) nights,
            array_agg(sent order by id desc) sent
        from (select id, night, (counts->>'students_sent')::int sent from syncs
            where district = slug and kind <> 'student' order by id desc
            limit 2 * %(trend)s) newest
        where sent is not null) t
"""


def _trend(nights: Iterable[date], sent: Iterable[int]) -> tuple[int, ...]:
    """Students sent, one number a night (its newest sync that counted them); newest first comes."""
    newest: dict[date, int] = {}
    for night, students in zip(nights, sent, strict=True):
        newest.setdefault(night, students)
    return tuple(newest[night] for night in sorted(newest)[-_NIGHTS_SHOWN:])
