"""What of the catalog is shared, object by object and field by field, without reading it.

A few rows of each object tell which keys come; where there are none, the object's own metadata
does. Where a search is refused without naming why, each field is asked for alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from samegoal_sync.qmlativ.catalog import QmlativObject
from samegoal_sync.qmlativ.errors import AnswerBroken, RequestRefused
from samegoal_sync.qmlativ.http.retry_policy import RetryPolicy
from samegoal_sync.qmlativ.http.transport import Transport
from samegoal_sync.qmlativ.http.urls import Addresses
from samegoal_sync.qmlativ.reading.field_grants import essential_fields
from samegoal_sync.qmlativ.reading.field_query import FieldQuery
from samegoal_sync.qmlativ.reading.object_metadata import described_fields
from samegoal_sync.qmlativ.reading.search_conditions import search_body

#: Rows looked at: a field that is granted stands in each of them, null or not.
_ROWS = 20


@dataclass(frozen=True)
class Grant:
    """What of one object is shared.

    Attributes:
        name: ``Module/Object``.
        missing: fields that are not shared; all of them where the object itself is not.
        stops: whether no district can be read without what is missing.
        whole: whether the whole object is missing.
    """

    name: str
    missing: frozenset[str]
    stops: bool
    whole: bool


class Probe:
    """Asks one entity's objects for a few rows each."""

    def __init__(
        self,
        transport: Transport,
        query: FieldQuery,
        addresses: Addresses,
        retry_policy: RetryPolicy,
    ) -> None:
        self._transport, self._query, self._addresses = transport, query, addresses
        self._retry_policy = retry_policy

    def grant(self, entity_id: int, item: QmlativObject) -> Grant:
        """What is shared of an object.

        Raises:
            QmlativError: the server failed, or refuses more than this object.
        """
        missing = self._missing(entity_id, item)
        whole = item.primary_key in missing
        if whole:
            missing = frozenset(item.schema)
        essential = item.essential if whole else bool(missing & essential_fields(item))
        return Grant(item.name, missing, essential, whole)

    def _missing(self, entity_id: int, item: QmlativObject) -> frozenset[str]:
        fields, refused = frozenset(item.schema), frozenset[str]()
        while item.primary_key not in refused:
            try:
                return refused | self._not_sent(entity_id, item, fields - refused)
            except RequestRefused as refusal:
                named = refusal.words & (fields - refused)
                refused |= named or self._one_by_one(entity_id, item, fields - refused)
        return fields

    def _not_sent(
        self, entity_id: int, item: QmlativObject, fields: frozenset[str]
    ) -> frozenset[str]:
        """Of these fields, those that don't come."""
        sent = self._keys(entity_id, item, fields)
        if sent >= fields:
            return frozenset()
        address = self._addresses.object_metadata(entity_id, item.name)
        described = described_fields(self._transport, self._retry_policy, address, item.name)
        if sent:
            return fields - sent - described
        return fields - described if described else frozenset()

    def _one_by_one(
        self, entity_id: int, item: QmlativObject, fields: frozenset[str]
    ) -> frozenset[str]:
        """The fields that are refused also when nothing but the key is asked for beside them."""
        refused = set()
        for field in sorted(fields, key=lambda name: name != item.primary_key):
            try:
                self._keys(entity_id, item, {item.primary_key, field})
            except RequestRefused:
                refused.add(field)
                if field == item.primary_key:
                    return fields  # the object itself
        # Each alone is fine, all together are not: the key can't be told from the rest.
        return frozenset(refused) or fields

    def _keys(self, entity_id: int, item: QmlativObject, fields: Iterable[str]) -> frozenset[str]:
        """The keys in a few rows; none where there are no rows."""
        address = self._addresses.page(entity_id, item.name, 1, _ROWS)
        body = search_body(None, item.primary_key)

        asked = sorted(fields, key=lambda name: (name != item.primary_key, name))

        def ask() -> frozenset[str]:
            return self._query.read_page(
                address,
                item.name,
                asked,
                body,
                lambda answer: _keys_in(answer.getvalue(), item.name),
                lambda keys: keys or None,
            )

        return self._retry_policy.call(ask)


def _keys_in(body: bytes, asked: str) -> frozenset[str]:
    try:
        rows = json.loads(body).get("Objects") or []
        return frozenset(key for row in rows for key in row)
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise AnswerBroken(asked, "holds neither rows nor paging") from None
