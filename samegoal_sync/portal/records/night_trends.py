"""Nights as pictures: five measures of each night of a district, and a sparkline a district.

The server draws them; a night is a column, its bars are colored by how it ended. A night that was
held or failed stands there too: one that is left out looks as if there had been none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from samegoal_sync.portal.tenant_connection import Rows, rows
from samegoal_sync.samegoal.publication.last_good_night import GOOD_STATES

#: Nights of a sparkline.
SPARKLINE_NIGHTS = 30

_BAND, _GAP = 36, 8
_SPARK_WIDTH, _SPARK_HEIGHT = 4, 24


def _published(night: Mapping[str, Any]) -> int:
    """Students whom the night left as Qmlativ has them; of one that was not published, none."""
    if night["state"] not in GOOD_STATES:
        return 0
    counts = night["counts"]
    return sum(counts.get(f"students_{state}", 0) for state in ("added", "changed", "unchanged"))


def _counted(name: str) -> Callable[[Mapping[str, Any]], int]:
    return lambda night: int(night["counts"].get(name, 0))


#: What is shown of each night: words -> how many students.
MEASURES: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "Published": _published,
    "Added": _counted("students_added"),
    "Changed": _counted("students_changed"),
    "Removed": _counted("students_missing"),
    "Rejected": _counted("students_rejected"),
}


@dataclass(frozen=True)
class Bar:
    """A rectangle, in the picture's own units of length."""

    x: float
    y: float
    width: float
    height: float
    state: str
    title: str = ""


@dataclass(frozen=True)
class Column:
    """A night of the trends: its bars from top to bottom, and the number of each measure."""

    night: dict[str, Any]
    values: dict[str, int]
    bars: list[Bar]


@dataclass(frozen=True)
class Trends:
    """The columns, oldest left, and the highest value of each measure: its bar is a full one."""

    columns: list[Column]
    highest: dict[str, int]
    height: int = len(MEASURES) * (_BAND + _GAP)


def trends_of(nights: list[dict[str, Any]]) -> Trends:
    """The trends of a district's nights, which come newest first."""
    values = [{name: measure(night) for name, measure in MEASURES.items()} for night in nights]
    highest = {name: max((one[name] for one in values), default=0) for name in MEASURES}
    columns = [
        Column(night, one, _bars(night, one, highest))
        for night, one in zip(nights, values, strict=True)
    ]
    return Trends(columns[::-1], highest)


def _bars(night: dict[str, Any], values: dict[str, int], highest: dict[str, int]) -> list[Bar]:
    bars = [
        _bar(place, values[name], highest[name], night["state"])
        for place, name in enumerate(MEASURES)
        if values[name]
    ]
    # A night that published nothing is seen as such, in its own color.
    return bars or [_bar(0, 1, _BAND // 5, night["state"])]


def _bar(place: int, value: int, highest: int, state: str) -> Bar:
    height = max(2.0, round(value / highest * _BAND, 1))
    foot = place * (_BAND + _GAP) + _GAP + _BAND
    return Bar(1, round(foot - height, 1), 8, height, state)


@dataclass(frozen=True)
class Sparkline:
    """A district's newest nights in small."""

    bars: list[Bar]
    title: str
    width: int = SPARKLINE_NIGHTS * _SPARK_WIDTH
    height: int = _SPARK_HEIGHT

    @property
    def drawn(self) -> str:
        """The bars as SVG; all in it are numbers, dates and states of ours.

        Made here: a template escapes each of a hundred districts' thirty bars six times over.
        """
        return "".join(
            f'<rect class="{bar.state}" x="{bar.x}" y="{bar.y}" width="{bar.width}" '
            f'height="{bar.height}"><title>{bar.title}</title></rect>'
            for bar in self.bars
        )


def sparklines(owner: Rows, slugs: list[str]) -> dict[str, Sparkline]:
    """District -> the students that Qmlativ sent in each of its newest nights.

    Args:
        owner: a connection that sees every district.
        slugs: the districts of a page.
    """
    found = rows(
        owner,
        "select n.* from unnest(%s::text[]) d (slug) cross join lateral ("
        "select district, night, state, (counts->>'students_sent')::int sent from syncs "
        "where district = d.slug and kind <> 'student' order by id desc limit %s) n",
        (slugs, SPARKLINE_NIGHTS),
    )
    nights: dict[str, list[dict[str, Any]]] = {slug: [] for slug in slugs}
    for night in found:
        nights[night["district"]].insert(0, night)
    return {slug: _sparkline(nights[slug]) for slug in slugs}


def _sparkline(nights: list[dict[str, Any]]) -> Sparkline:
    """A bar a night, oldest left; a night that sent nobody is a short one of its own color.

    Heights run from the fewest to the most students, or a trend of 2 in 100,000 could not be seen.
    """
    sent = [night["sent"] for night in nights if night["sent"]]
    low, high = min(sent, default=0), max(sent, default=0)
    bars = []
    for place, night in enumerate(nights):
        share = (night["sent"] - low) / (high - low) if night["sent"] and high > low else 0.5
        height = round(5 + share * (_SPARK_HEIGHT - 5), 1) if night["sent"] else 5.0
        students = f"{night['sent']:,} students" if night["sent"] else "nobody"
        title = f"{_day(night['night'])}: {night['state']}, {students}"
        y = round(_SPARK_HEIGHT - height, 1)
        bars.append(Bar(place * _SPARK_WIDTH, y, _SPARK_WIDTH - 1, height, night["state"], title))
    return Sparkline(bars, _summary(nights, sent))


def _summary(nights: list[dict[str, Any]], sent: list[int]) -> str:
    """The picture in a sentence, for who does not see it."""
    if not nights:
        return "No nights yet"
    words = [f"{len(nights)} nights"]
    if sent:
        words.append(f"from {sent[0]:,} to {sent[-1]:,} students")
    ends = Counter(night["state"] for night in nights)
    words += [f"{ends[state]} {state}" for state in ("held", "failed") if ends[state]]
    return ", ".join(words)


def _day(value: date) -> str:
    return f"{value:%b} {value.day}"
