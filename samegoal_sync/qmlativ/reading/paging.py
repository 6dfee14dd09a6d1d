"""All rows of one object: pages in parallel, in order, each row once and none missed.

Qmlativ counts pages by position, so a row deleted while we read moves those behind it one
place up, and the first of the next page is missed; one added makes a row come twice. Sorting
by primary key makes both visible: a row that comes twice has a key that was there, and a
missed one has a key *between* the last of a page and the first of the next. So after the
pages, one search asks for everything in those gaps (and beyond the end). It mostly finds
nothing and costs next to nothing; what it finds is added. See docs/consistency.md.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import polars as pl

from samegoal_sync.qmlativ.errors import (
    AnswerTooLarge,
    RequestRefused,
    RowsMoving,
    ServerFailed,
)
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.read_budget import ReadBudget
from samegoal_sync.qmlativ.reading.page_body import Page
from samegoal_sync.qmlativ.reading.search_conditions import Condition, all_of, any_of, greater, less

#: Reads one page: number, size, a further condition.
Ask = Callable[[int, int, Condition | None], Page]
Gap = tuple[int, int | None]

_GAPS_A_SEARCH = 50
_SETTLING_READS = 4


@dataclass
class Rows:
    """What was read of one object."""

    frame: pl.DataFrame
    pages: int = 0
    duplicates: int = 0
    recovered: int = 0
    absent: frozenset[str] = frozenset()
    mistyped: Counter[str] = field(default_factory=Counter)
    unscoped: bool = False


class PageReader:
    """Reads one object page by page; ``seen`` is told the rows so far."""

    def __init__(
        self, name: str, key: str, ask: Ask, pool: Executor, limits: Limits,
        budget: ReadBudget, seen: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._name, self._key, self._ask_server = name, key, ask
        self._pool, self._limits, self._budget, self._seen = pool, limits, budget, seen

    def read(self) -> Rows:
        """All rows, by primary key, each once.

        Raises:
            RowsMoving: no two reads agree, or pages repeat.
            AnswerTooLarge: more pages than allowed.
        """
        pages = list(self._pages())
        if not self._sorted(pages):
            return self._settled(self._joined(pages))
        rows = self._joined(pages)
        gaps = self._gaps(pages)
        if not gaps:
            return rows
        try:
            missed = self._within(gaps)
        except (RequestRefused, ServerFailed):
            missed = None
        return self._settled(rows) if missed is None else self._recovered(rows, missed)

    def _ask(self, number: int, size: int, further: Condition | None) -> Page:
        """One page, counted.

        Raises:
            AnswerTooLarge: it holds more rows than were asked for.
            DistrictTooLarge: nobody has so many.
        """
        page = self._ask_server(number, size, further)
        if page.rows.height > size:
            raise AnswerTooLarge(
                self._name, f"{page.rows.height} rows came where at most {size} were asked for"
            )
        self._budget.hold(page.rows.height, int(page.rows.estimated_size()))
        return page

    def _pages(self) -> Iterator[Page]:
        """Pages in order; up to ``threads`` are under way ahead of the one that is handed out."""
        first = self._ask(1, self._limits.page_size, None)
        size = self._true_size(first)
        if size != self._limits.page_size:
            first = self._ask(1, size, None)
        yield first
        if _is_last(first, size):
            return
        page, following = first, _Ahead(self._pool, self._ask, size)
        try:
            while not _is_last(page, size):
                if page.number >= self._limits.pages:
                    raise AnswerTooLarge(self._name, f"more than {page.number} pages")
                taken = following.take(self._limits.threads)
                kept = self._not_repeating(page, taken, size)
                if kept is None:
                    return
                page = kept
                yield page
        finally:
            following.cancel()

    def _true_size(self, first: Page) -> int:
        """The page size that the server really uses.

        A server with a maximum of its own sends fewer rows than asked for and goes on; whether
        it then counts pages by its size or by ours can't be seen, so its own is asked for.
        """
        if first.next is None or first.sent == 0:
            return self._limits.page_size
        return min(first.next[1], first.sent, self._limits.page_size)

    def _not_repeating(self, before: Page, page: Page, size: int) -> Page | None:
        """The page, unless it is the one before once more (``None``: that was the end)."""
        if page.rows.is_empty() or not self._same_keys(before, page):
            return page
        if before.next is None:
            return None
        again = self._ask(page.number, size, None)
        if self._same_keys(before, again) and not again.rows.is_empty():
            raise RowsMoving(self._name, f"page {page.number} repeats the page before it")
        return again

    def _same_keys(self, one: Page, other: Page) -> bool:
        return one.rows[self._key].equals(other.rows[self._key])

    def _sorted(self, pages: Sequence[Page]) -> bool:
        return all(
            page.rows[self._key].is_sorted() and page.rows[self._key].null_count() == 0
            for page in pages
        )

    def _joined(self, pages: Sequence[Page]) -> Rows:
        filled = [page for page in pages if not page.rows.is_empty()]
        frames = [page.rows for page in filled] or [pages[0].rows]
        joined = pl.concat(frames, rechunk=False)
        self._seen(joined.height)
        unique = self._unique(joined)
        absent = [page.absent for page in filled] or [frozenset[str]()]
        nowhere = frozenset.intersection(*absent)
        mistyped = sum((page.mistyped for page in pages), Counter[str]())
        return Rows(unique, len(pages), joined.height - unique.height, 0, nowhere, mistyped)

    def _unique(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Each key once, the row read last; the common case (strictly rising) costs one look."""
        keys = frame[self._key]
        if keys.is_sorted() and keys.n_unique() == keys.len():
            return frame
        return frame.unique(self._key, keep="last", maintain_order=True).sort(self._key)

    def _gaps(self, pages: Sequence[Page]) -> list[Gap]:
        """Where a missed row's key would lie: between pages, and beyond the last of several."""
        filled = [page.rows[self._key] for page in pages if not page.rows.is_empty()]
        if len(pages) < 2 or not filled:
            return []
        gaps: list[Gap] = []
        highest = int(filled[0][-1])
        for keys in filled[1:]:
            if int(keys[0]) - highest > 1:
                gaps.append((highest, int(keys[0])))
            highest = max(highest, int(keys[-1]))
        return [*gaps, (highest, None)]

    def _within(self, gaps: Sequence[Gap]) -> list[Page] | None:
        """The rows whose keys lie in gaps; ``None`` if the server does not heed the condition.

        Always a first page, with the gaps narrowed to what lies beyond it: here no position is
        counted, so nothing that others write can move a row out of sight.
        """
        found: list[Page] = []
        left = list(gaps)
        while left:
            some, rest = left[:_GAPS_A_SEARCH], left[_GAPS_A_SEARCH:]
            condition = any_of([self._gap_condition(gap) for gap in some])
            page = self._ask(1, self._limits.page_size, condition)
            keys = page.rows[self._key]
            if not keys.is_sorted() or not all(_in_gaps(int(key), some) for key in keys):
                return None
            found.append(page)
            ended = _is_last(page, self._limits.page_size)
            left = rest if ended else [*_beyond(int(keys[-1]), some), *rest]
            if len(found) > self._limits.pages:
                raise AnswerTooLarge(self._name, f"more than {self._limits.pages} pages")
        return found

    def _gap_condition(self, gap: Gap) -> Condition:
        low, high = gap
        above = greater(self._key, low)
        return above if high is None else all_of([above, less(self._key, high)])

    def _recovered(self, rows: Rows, missed: Sequence[Page]) -> Rows:
        rows.pages += len(missed)
        rows.mistyped = sum((page.mistyped for page in missed), rows.mistyped)
        filled = [page for page in missed if not page.rows.is_empty()]
        if filled:
            before = rows.frame.height
            rows.frame = self._unique(pl.concat([rows.frame, *(page.rows for page in filled)]))
            rows.recovered = rows.frame.height - before
            rows.absent = rows.absent.intersection(*(page.absent for page in filled))
        return rows

    def _settled(self, rows: Rows) -> Rows:
        """For servers that sort or search otherwise: read until two reads hold the same keys."""
        for _ in range(_SETTLING_READS):
            again = self._joined(list(self._pages()))
            again.pages += rows.pages
            if again.frame[self._key].sort().equals(rows.frame[self._key].sort()):
                return again
            self._budget.release(int(rows.frame.estimated_size()))
            rows = again
        raise RowsMoving(self._name, f"{_SETTLING_READS + 1} reads gave different rows each time")


class _Ahead:
    """Pages being read ahead of the one in hand: one at first, then twice as many each time.

    Page 2 is known to exist, what lies beyond it is not: most objects have few pages, and each
    page asked for in vain costs the server as much as one with rows.
    """

    def __init__(self, pool: Executor, ask: Ask, size: int) -> None:
        self._pool, self._ask, self._size = pool, ask, size
        self._under_way: deque[Future[Page]] = deque()
        self._number, self._most = 1, 1

    def take(self, most: int) -> Page:
        """The next page; meanwhile further ones are asked for."""
        while len(self._under_way) < self._most:
            self._number += 1
            self._under_way.append(self._pool.submit(self._ask, self._number, self._size, None))
        self._most = min(most, self._most * 2)
        return self._under_way.popleft().result()

    def cancel(self) -> None:
        """Let go of what was asked for beyond the end."""
        for future in self._under_way:
            future.cancel()


def _is_last(page: Page, size: int) -> bool:
    """Empty, or nothing follows and it is not exactly full (then one more is tried)."""
    return page.sent == 0 or (page.next is None and page.sent != size)


def _beyond(key: int, gaps: Sequence[Gap]) -> list[Gap]:
    """What is left of gaps above a key."""
    return [(max(low, key), high) for low, high in gaps if high is None or high - key > 1]


def _in_gaps(key: int, gaps: Sequence[Gap]) -> bool:
    return any(low < key and (high is None or key < high) for low, high in gaps)
