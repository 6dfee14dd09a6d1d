"""One object's rows together with what of it is shared: pages, retries, refusals, absences."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from io import BytesIO

import polars as pl

from samegoal_sync.qmlativ.catalog import QmlativObject
from samegoal_sync.qmlativ.errors import (
    FieldMistyped,
    FieldNotGranted,
    ObjectNotGranted,
    RequestRefused,
)
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.read_budget import ReadBudget
from samegoal_sync.qmlativ.http.retry_policy import RetryPolicy
from samegoal_sync.qmlativ.http.transport import Transport
from samegoal_sync.qmlativ.http.urls import Addresses
from samegoal_sync.qmlativ.reading.field_grants import essential_fields, narrower_fields
from samegoal_sync.qmlativ.reading.field_query import FieldQuery
from samegoal_sync.qmlativ.reading.object_metadata import described_fields
from samegoal_sync.qmlativ.reading.page_body import Page, parse_page
from samegoal_sync.qmlativ.reading.paging import PageReader, Rows
from samegoal_sync.qmlativ.reading.search_conditions import (
    Condition,
    both,
    rows_meeting,
    search_body,
)

Seen = Callable[[int], None]


class GrantedReader:
    """Reads objects of one entity as far as they are shared."""

    def __init__(
        self,
        transport: Transport,
        query: FieldQuery,
        addresses: Addresses,
        retry_policy: RetryPolicy,
        limits: Limits,
        pool: Executor,
        budget: ReadBudget,
    ) -> None:
        self._transport, self._query, self._addresses = transport, query, addresses
        self._retry_policy = retry_policy
        self._limits, self._pool, self._budget = limits, pool, budget

    def read(
        self,
        entity_id: int,
        item: QmlativObject,
        condition: Condition | None,
        stop: threading.Event,
        seen: Seen = lambda _rows: None,
        *,
        scope: Condition | None = None,
    ) -> Rows:
        """An object's rows with every catalog field as a column.

        Args:
            condition: which rows are wanted.
            scope: which of them are of this district and these school years. A server that
                refuses it is read without; one that does not heed it brings no others in.

        Raises:
            ObjectNotGranted, FieldNotGranted: something essential is missing.
            FieldMistyped: an essential field holds another type in most rows, or in any row of
                an object of which every row counts.
        """
        fields = tuple(field.name for field in item.fields)
        asked = scope
        while True:
            narrowed = both(condition, asked)
            try:
                rows = self._pages(entity_id, item, fields, narrowed, stop, seen)
                return _within(scope, _completed(item, fields, rows), unscoped=asked is not scope)
            except RequestRefused as refusal:
                if asked and self._answers(entity_id, item, fields, condition, stop):
                    asked = None
                    continue
                try:
                    fields = narrower_fields(
                        item, fields, refusal, lambda: self._described(entity_id, item)
                    )
                except ObjectNotGranted:
                    if item.essential:
                        raise
                    return _nothing_shared(item)

    def _answers(
        self,
        entity_id: int,
        item: QmlativObject,
        fields: tuple[str, ...],
        condition: Condition | None,
        stop: threading.Event,
    ) -> bool:
        """Whether one row of the same fields comes under this condition alone."""
        address = self._addresses.page(entity_id, item.name, 1, 1)
        body = search_body(condition, item.primary_key)
        try:
            self._retry_policy.call(
                lambda: self._query.read_page(
                    address, item.name, fields, body, lambda _body: True, lambda _: None, stop
                ),
                stop,
            )
        except RequestRefused:
            return False
        return True

    def _pages(
        self,
        entity_id: int,
        item: QmlativObject,
        fields: tuple[str, ...],
        condition: Condition | None,
        stop: threading.Event,
        seen: Seen,
    ) -> Rows:
        schema = pl.Schema({name: item.schema[name] for name in fields})

        def ask(number: int, size: int, further: Condition | None) -> Page:
            address = self._addresses.page(entity_id, item.name, number, size)
            body = search_body(both(condition, further), item.primary_key)

            def read(answer: BytesIO) -> Page:
                return parse_page(answer, number, size, schema, item.name, item.unreadable)

            return self._retry_policy.call(
                lambda: self._query.read_page(
                    address, item.name, fields, body, read, _sent_fields, stop
                ),
                stop,
            )

        reader = PageReader(
            item.name, item.primary_key, ask, self._pool, self._limits, self._budget, seen
        )
        return reader.read()

    def _described(self, entity_id: int, item: QmlativObject) -> frozenset[str] | None:
        """The object's fields by its own metadata; ``None`` where that names not even its key."""
        address = self._addresses.object_metadata(entity_id, item.name)
        names = described_fields(self._transport, self._retry_policy, address, item.name)
        return names if item.primary_key in names else None


def _sent_fields(page: Page) -> frozenset[str] | None:
    """The fields that came in a page's rows; ``None`` where it has none."""
    return None if page.rows.is_empty() else frozenset(page.rows.columns) - page.absent


def _within(scope: Condition | None, rows: Rows, *, unscoped: bool) -> Rows:
    """The rows of the scope, whatever the server made of it."""
    if scope is not None:
        rows.frame = rows.frame.filter(rows_meeting(scope))
    rows.unscoped = unscoped
    return rows


def _completed(item: QmlativObject, fields: tuple[str, ...], rows: Rows) -> Rows:
    """Rows with refused fields as columns of nulls, absences told, essentials made sure of."""
    essential = essential_fields(item)
    if rows.absent & essential:
        raise FieldNotGranted(item.name, rows.absent & essential)
    wrong = {name: n for name, n in rows.mistyped.items() if name in essential}
    if wrong and (item.every_row_counts or max(wrong.values()) * 2 > rows.frame.height):
        raise FieldMistyped(item.name, wrong)
    # An essential value that can't be read stops its row: without its key it is not there, and
    # without another it is rejected for that. A doubt that has its answer in the catalog has been
    # answered. Any other field that could not be read in full counts as not shared: what is
    # published stays.
    mistyped = rows.mistyped.keys() - essential - item.unreadable.keys()
    absent = rows.absent | (item.schema.keys() - set(fields)) | mistyped
    if absent or rows.frame.columns != list(item.schema):
        rows.frame = rows.frame.with_columns(
            pl.lit(None, dtype=item.schema[name]).alias(name) for name in absent
        ).select(list(item.schema))
    rows.absent = frozenset(absent)
    return rows


def _nothing_shared(item: QmlativObject) -> Rows:
    return Rows(pl.DataFrame(schema=item.schema), absent=frozenset(item.schema))
