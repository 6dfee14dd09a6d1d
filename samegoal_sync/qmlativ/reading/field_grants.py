"""Which fields of an object are shared, found out when the server refuses to read them all.

Whether Qmlativ leaves out a field that was not granted or refuses the search is not public;
both are met. After a refusal, three sources tell what to leave out, the cheapest first: names
in the error, the object's own metadata, and a search for the essential fields alone.
"""

from __future__ import annotations

from collections.abc import Callable

from samegoal_sync.qmlativ.catalog import QmlativObject
from samegoal_sync.qmlativ.errors import (
    FieldNotGranted,
    ObjectNotGranted,
    RequestRefused,
)


def essential_fields(item: QmlativObject) -> frozenset[str]:
    """Key and fields without which the object is of no use."""
    return frozenset(one.name for one in item.fields if one.essential) | {item.primary_key}


def narrower_fields(
    item: QmlativObject,
    asked: tuple[str, ...],
    refusal: RequestRefused,
    described: Callable[[], frozenset[str] | None],
) -> tuple[str, ...]:
    """The fields to ask for after a refusal: fewer than before.

    Args:
        described: field names in the object's own metadata; ``None`` if that is refused too.

    Raises:
        FieldNotGranted: an essential field is among the refused.
        ObjectNotGranted: nothing is left to leave out.
    """
    refused = refusal.words.intersection(asked)
    if not refused:
        shared = described()
        refused = frozenset(asked) - shared if shared else frozenset()
    if not refused:
        refused = frozenset(asked) - essential_fields(item)
    if not refused or item.primary_key in refused:
        raise ObjectNotGranted(item.name)
    if refused & essential_fields(item):
        raise FieldNotGranted(item.name, refused & essential_fields(item))
    return tuple(name for name in asked if name not in refused)
